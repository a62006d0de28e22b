package store

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"sort"
	"time"
)

// Over turns an engine into a store. kinds are those that the engine was opened with; clock is asked once for each
// write.
func Over(engine Engine, kinds []Kind, clock func() time.Time) Store {
	s := &shared{engine: engine, kinds: make(map[string]Kind, len(kinds)), clock: clock}
	for _, kind := range kinds {
		s.kinds[kind.Name] = kind
		s.order = append(s.order, kind.Name)
	}
	sort.Strings(s.order)
	for i := range s.turns {
		s.turns[i] = make(chan struct{}, 1)
	}
	return s
}

// turnCount is how many records of a process can be in an update at once; more would only wait for the database.
const turnCount = 64

// shared is what all databases have in common.
type shared struct {
	engine Engine
	kinds  map[string]Kind
	order  []string
	clock  func() time.Time
	// turns let the updates of one record in one process follow each other instead of overtaking each other. They only
	// save work: other processes are held off by the version.
	turns [turnCount]chan struct{}
}

func (s *shared) kind(name string) (Kind, error) {
	kind, ok := s.kinds[name]
	if !ok {
		return Kind{}, invalid(name, "", "没有 %q 这类记录", "there is no kind of record %q", name)
	}
	return kind, nil
}

func (s *shared) now() time.Time { return stampOf(s.clock()) }

func (s *shared) Create(ctx context.Context, draft Draft, change Change) (Record, error) {
	kind, err := s.kind(draft.Kind)
	if err != nil {
		return Record{}, err
	}
	if err := checkChange(kind, draft.ID, change); err != nil {
		return Record{}, err
	}
	if err := checkDraft(kind, draft); err != nil {
		return Record{}, err
	}
	if _, err := canonicalTree(kind, draft.ID, draft.Body); err != nil {
		return Record{}, err
	}
	now := s.now()
	record := Record{Kind: kind.Name, ID: draft.ID, Version: 1, Region: draft.Region, Created: now, Updated: now, Fields: givenFields(draft.Fields), Body: draft.Body}
	entry := sealed(record, change, difference{}, "")
	record.Head = entry.Hash
	if record.Seq, err = s.engine.Insert(ctx, kind, record, encode(entry)); err != nil {
		return Record{}, err
	}
	return record, nil
}

// givenFields copies the fields that are not zero, as a reader will see them.
func givenFields(fields Fields) Fields {
	given := make(Fields, len(fields))
	for _, name := range fields.Names() {
		given[name] = fields[name]
	}
	return given
}

func (s *shared) Get(ctx context.Context, kindName, id string) (Record, error) {
	kind, err := s.kind(kindName)
	if err != nil {
		return Record{}, err
	}
	return s.engine.Load(ctx, kind, id)
}

func (s *shared) Update(ctx context.Context, kindName, id string, expected int64, change Change, next func(Record) (Draft, error)) (Record, error) {
	kind, err := s.kind(kindName)
	if err != nil {
		return Record{}, err
	}
	if kind.Immutable {
		return Record{}, &Error{Code: CodeImmutable, Kind: kind.Name, ID: id, ZH: ErrImmutable.ZH, EN: ErrImmutable.EN}
	}
	if err := checkChange(kind, id, change); err != nil {
		return Record{}, err
	}
	done, err := s.turn(ctx, kind.Name, id)
	if err != nil {
		return Record{}, err
	}
	defer done()
	for {
		record, err := s.attempt(ctx, kind, id, expected, change, next)
		// Without an expected version an overtaken write is made again; each round somebody's write succeeded, so the
		// rounds end.
		if expected != 0 || !errors.Is(err, ErrConflict) {
			return record, err
		}
		if err := ctx.Err(); err != nil {
			return Record{}, err
		}
	}
}

func (s *shared) attempt(ctx context.Context, kind Kind, id string, expected int64, change Change, next func(Record) (Draft, error)) (Record, error) {
	old, err := s.engine.Load(ctx, kind, id)
	if err != nil {
		return Record{}, err
	}
	if expected != 0 && old.Version != expected {
		return Record{}, Conflict(kind.Name, id, old.Version)
	}
	draft, err := next(old)
	if err != nil {
		return Record{}, err
	}
	if (draft.Kind != "" && draft.Kind != kind.Name) || (draft.ID != "" && draft.ID != id) {
		return Record{}, invalid(kind.Name, id, "修改不能更换记录的类别或编号", "an update cannot change kind or id")
	}
	draft.ID = id
	if err := checkDraft(kind, draft); err != nil {
		return Record{}, err
	}
	tree, err := canonicalTree(kind, id, draft.Body)
	if err != nil {
		return Record{}, err
	}
	// The old body was canonical when it was written; if it cannot be read now, the database was damaged.
	oldTree, err := parseTree(old.Body)
	if err != nil {
		return Record{}, Broken(kind.Name, id, old.Version, "记录内容已损坏，请运行校验", "the stored body is damaged; run verify")
	}
	d := differences(old, oldTree, draft, tree)
	record := Record{Kind: kind.Name, ID: id, Version: old.Version + 1, Region: draft.Region, Created: old.Created, Updated: latest(s.now(), old.Updated),
		Fields: givenFields(draft.Fields), Body: draft.Body}
	entry := sealed(record, change, d, old.Head)
	record.Head = entry.Hash
	if record.Seq, err = s.engine.Replace(ctx, kind, record, encode(entry), old.Version); err != nil {
		return Record{}, err
	}
	return record, nil
}

// latest keeps Updated from running backwards when a clock is set back.
func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func (s *shared) turn(ctx context.Context, kind, id string) (done func(), err error) {
	hash := fnv.New32a()
	hash.Write([]byte(kind + "/" + id))
	turn := s.turns[hash.Sum32()%turnCount]
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *shared) Delete(ctx context.Context, kindName, id string, expected int64) error {
	kind, err := s.kind(kindName)
	if err != nil {
		return err
	}
	if !kind.Perishable {
		return &Error{Code: CodeImmutable, Kind: kind.Name, ID: id, ZH: "此类记录永久保存，不能删除", EN: "records of this kind are kept for ever"}
	}
	for {
		version := expected
		if version == 0 {
			record, err := s.engine.Load(ctx, kind, id)
			if err != nil {
				return err
			}
			version = record.Version
		}
		err := s.engine.Remove(ctx, kind, id, version)
		if expected != 0 || !errors.Is(err, ErrConflict) {
			return err
		}
	}
}

func (s *shared) List(ctx context.Context, query Query) (Page, error) {
	kind, err := s.kind(query.Kind)
	if err != nil {
		return Page{}, err
	}
	search, possible, err := checkQuery(kind, query)
	if err != nil || !possible {
		return Page{}, err
	}
	// One more than asked for tells whether there is a next page.
	limit := search.Limit
	search.Limit++
	records, err := s.engine.Find(ctx, kind, search)
	if err != nil {
		return Page{}, err
	}
	if len(records) <= limit {
		return Page{Records: records}, nil
	}
	records = records[:limit]
	return Page{Records: records, Next: encodeCursor(kind.Name, search, records[limit-1])}, nil
}

func (s *shared) Count(ctx context.Context, kindName string, where []Filter) (int64, error) {
	kind, err := s.kind(kindName)
	if err != nil {
		return 0, err
	}
	checked, possible, err := checkWhere(kind, where)
	if err != nil || !possible {
		return 0, err
	}
	return s.engine.Count(ctx, kind, checked)
}

func (s *shared) Sum(ctx context.Context, query SumQuery) ([]Group, error) {
	kind, err := s.kind(query.Kind)
	if err != nil {
		return nil, err
	}
	field, ok := kind.Field(query.Field)
	if !ok || (field.Type != FieldCount && field.Type != FieldAmount && field.Type != FieldRatio) {
		return nil, invalid(kind.Name, "", "不能对 %q 求和", "field %q cannot be added up", query.Field)
	}
	var by *Field
	if query.By != "" {
		column, system, ok := kind.Column(query.By)
		if !ok || (system && column.Name != FieldRegion) {
			return nil, invalid(kind.Name, "", "不能按 %q 分组", "field %q cannot be grouped by", query.By)
		}
		by = &column
	}
	checked, possible, err := checkWhere(kind, query.Where)
	if err != nil || !possible {
		return nil, err
	}
	groups, err := s.engine.Sum(ctx, kind, checked, field, by)
	if err != nil {
		return nil, err
	}
	sort.Slice(groups, func(i, j int) bool { return groups[i].By.Compare(groups[j].By) < 0 })
	return groups, nil
}

func (s *shared) Changes(ctx context.Context, kindName string, after int64, limit int) ([]Stamp, error) {
	kind, err := s.kind(kindName)
	if err != nil {
		return nil, err
	}
	if kind.Perishable {
		return nil, invalid(kind.Name, "", "此类记录没有变更流", "perishable records have no change feed")
	}
	if limit <= 0 || limit > MaxLimit {
		limit = MaxLimit
	}
	return s.engine.Changes(ctx, kind, after, limit)
}

func (s *shared) Trail(ctx context.Context, kindName, id string) ([]Entry, error) {
	kind, err := s.kind(kindName)
	if err != nil {
		return nil, err
	}
	whole, err := s.engine.Whole(ctx, kind, id)
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, 0, len(whole.Trail))
	for i, text := range whole.Trail {
		entry, ok := parseEntry(text)
		if !ok {
			return nil, Broken(kind.Name, id, int64(i+1), "审计条目无法辨认或被改动", "the entry cannot be read, or bytes of it were changed")
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// Backup writes beside the target first, so that a file of the target's name is always whole.
func (s *shared) Backup(ctx context.Context, path string) error {
	if _, err := os.Stat(path); err == nil {
		return fmt.Errorf("backup: %s exists; name a new file", path)
	}
	partial := path + ".partial"
	if err := os.Remove(partial); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("backup: remove what an earlier backup left: %w", err)
	}
	handled, err := s.engine.Backup(ctx, partial)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if !handled {
		if err := s.exportTo(ctx, partial); err != nil {
			return fmt.Errorf("backup: %w", err)
		}
	}
	if err := syncFile(partial); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := os.Rename(partial, path); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return syncFile(filepath.Dir(path))
}

func (s *shared) exportTo(ctx context.Context, path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := s.Export(ctx, file); err != nil {
		return err
	}
	return file.Close()
}

// syncFile brings a file, or the entries of a directory, to the disk.
func syncFile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return file.Sync()
}

func (s *shared) Ping(ctx context.Context) error { return s.engine.Ping(ctx) }

func (s *shared) Close() error { return s.engine.Close() }
