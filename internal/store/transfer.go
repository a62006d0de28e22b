package store

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"
)

// An export is UTF-8 text, one JSON object a line: a first line with the format, one line for each record in order of
// kinds and ids, a last line with their number and the SHA-256 of everything before it. Where the database cannot show
// one moment, records that changed while the export was written follow once more before the last line, and stand.

const exportFormat = "zutuan export 1"

const (
	// restoreRecords and restoreBytes bound what an import writes in one step.
	restoreRecords = 200
	restoreBytes   = 8 << 20
	// settleRounds bounds how often an export looks for what changed meanwhile; each round is shorter than the one
	// before, unless the store is written faster than it can be read.
	settleRounds = 20
)

type exportFirst struct {
	Export string `json:"export"`
}

type exportLine struct {
	Kind      string            `json:"kind"`
	ID        string            `json:"id"`
	Version   int64             `json:"version"`
	Region    string            `json:"region"`
	CreatedMs int64             `json:"created_ms"`
	UpdatedMs int64             `json:"updated_ms"`
	Seq       int64             `json:"seq"`
	Fields    json.RawMessage   `json:"fields"`
	Head      string            `json:"head"`
	Trail     []json.RawMessage `json:"trail"`
	Body      json.RawMessage   `json:"body"`
}

type exportLast struct {
	Records int64  `json:"records"`
	SHA256  string `json:"sha256"`
}

// exporter writes lines and hashes them.
type exporter struct {
	w       *bufio.Writer
	hash    hash.Hash
	records int64
}

func (e *exporter) line(value any) error {
	text := append(encode(value), '\n')
	e.hash.Write(text)
	_, err := e.w.Write(text)
	return err
}

func (e *exporter) record(whole Whole) error {
	r := whole.Record
	line := exportLine{Kind: r.Kind, ID: r.ID, Version: r.Version, Region: r.Region, CreatedMs: r.Created.UnixMilli(), UpdatedMs: r.Updated.UnixMilli(),
		Seq: r.Seq, Fields: encode(r.Fields), Head: r.Head, Body: r.Body}
	for _, entry := range whole.Trail {
		line.Trail = append(line.Trail, entry)
	}
	e.records++
	return e.line(line)
}

func (s *shared) Export(ctx context.Context, w io.Writer) error {
	reader, exact, release, err := s.engine.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer release()
	e := &exporter{w: bufio.NewWriterSize(w, 1<<16), hash: sha256.New()}
	if err := e.line(exportFirst{exportFormat}); err != nil {
		return err
	}
	marks, err := s.feedEnds(ctx, reader, exact)
	if err != nil {
		return err
	}
	for _, name := range s.order {
		kind := s.kinds[name]
		if err := walk(ctx, reader, kind, func(id string) error { return s.exportRecord(ctx, reader, kind, id, e) }); err != nil {
			return err
		}
	}
	if !exact {
		if err := s.settle(ctx, reader, marks, e); err != nil {
			return err
		}
	}
	if err := e.line(exportLast{e.records, hex.EncodeToString(e.hash.Sum(nil))}); err != nil {
		return err
	}
	return e.w.Flush()
}

func (s *shared) exportRecord(ctx context.Context, reader Reader, kind Kind, id string, e *exporter) error {
	whole, err := s.verified(ctx, reader, kind, id)
	if errors.Is(err, ErrNotFound) && kind.Perishable {
		return nil
	}
	if err != nil {
		return err
	}
	return e.record(whole)
}

// feedEnds finds where the change feeds stand before an export that does not see one moment.
func (s *shared) feedEnds(ctx context.Context, reader Reader, exact bool) (map[string]int64, error) {
	ends := map[string]int64{}
	if exact {
		return ends, nil
	}
	for _, name := range s.order {
		end, err := reader.FeedEnd(ctx, s.kinds[name])
		if err != nil {
			return nil, err
		}
		ends[name] = end
	}
	return ends, nil
}

// settle writes again what changed since the marks, until a round finds nothing: then the export is the state of that
// round's moment.
func (s *shared) settle(ctx context.Context, reader Reader, marks map[string]int64, e *exporter) error {
	for range settleRounds {
		quiet := true
		for _, name := range s.order {
			kind := s.kinds[name]
			for !kind.Perishable {
				stamps, err := reader.Changes(ctx, kind, marks[name], MaxLimit)
				if err != nil {
					return err
				}
				if len(stamps) == 0 {
					break
				}
				quiet = false
				for _, stamp := range stamps {
					if err := s.exportRecord(ctx, reader, kind, stamp.ID, e); err != nil {
						return err
					}
					marks[name] = stamp.Seq
				}
			}
		}
		if quiet {
			return nil
		}
	}
	return errors.New("export: the store is written faster than it can be read; export at a quieter time")
}

func (s *shared) Import(ctx context.Context, r io.Reader) error {
	i := &importer{store: s, in: bufio.NewReaderSize(r, 1<<16), hash: sha256.New()}
	if err := i.first(); err != nil {
		return err
	}
	for {
		done, err := i.next(ctx)
		if err != nil {
			return fmt.Errorf("import, line %d: %w", i.line, err)
		}
		if done {
			return nil
		}
	}
}

// importer collects records of one kind and writes them together.
type importer struct {
	store   *shared
	in      *bufio.Reader
	hash    hash.Hash
	line    int64
	records int64
	kind    Kind
	batch   []Whole
	size    int
}

func damaged(zh, en string) error { return Broken("", "", 0, zh, en) }

func (i *importer) read() ([]byte, error) {
	text, err := i.in.ReadBytes('\n')
	i.line++
	if err == io.EOF {
		return nil, damaged("导出文件不完整", "the export ends early; it was cut")
	}
	return text, err
}

func (i *importer) first() error {
	text, err := i.read()
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	i.hash.Write(text)
	if !bytes.Equal(text, append(encode(exportFirst{exportFormat}), '\n')) {
		return damaged("不是本系统的导出文件", "not an export of this format: the first line differs")
	}
	return nil
}

func (i *importer) next(ctx context.Context) (done bool, err error) {
	text, err := i.read()
	if err != nil {
		return false, err
	}
	if bytes.HasPrefix(text, []byte(`{"records":`)) {
		return true, i.finish(ctx, text)
	}
	i.hash.Write(text)
	var line exportLine
	if err := json.Unmarshal(text, &line); err != nil {
		return false, damaged("该行无法辨认", "the line cannot be read")
	}
	kind, err := i.store.kind(line.Kind)
	if err != nil {
		return false, err
	}
	whole, err := line.whole(kind)
	if err != nil {
		return false, err
	}
	if err := checkWhole(kind, whole); err != nil {
		return false, err
	}
	if kind.Name != i.kind.Name || len(i.batch) == restoreRecords || i.size > restoreBytes {
		if err := i.flush(ctx); err != nil {
			return false, err
		}
	}
	i.kind, i.batch, i.size, i.records = kind, append(i.batch, whole), i.size+len(text), i.records+1
	return false, nil
}

func (l exportLine) whole(kind Kind) (Whole, error) {
	fields, err := ParseFields(kind, l.Fields)
	if err != nil {
		return Whole{}, err
	}
	whole := Whole{Record: Record{Kind: l.Kind, ID: l.ID, Version: l.Version, Region: l.Region, Created: time.UnixMilli(l.CreatedMs).UTC(), Updated: time.UnixMilli(l.UpdatedMs).UTC(),
		Fields: fields, Body: l.Body, Head: l.Head, Seq: l.Seq}}
	for _, entry := range l.Trail {
		whole.Trail = append(whole.Trail, entry)
	}
	return whole, nil
}

func (i *importer) flush(ctx context.Context) error {
	if len(i.batch) == 0 {
		return nil
	}
	err := i.store.engine.Restore(ctx, i.kind, i.batch)
	i.batch, i.size = nil, 0
	return err
}

func (i *importer) finish(ctx context.Context, text []byte) error {
	expected := append(encode(exportLast{i.records, hex.EncodeToString(i.hash.Sum(nil))}), '\n')
	if !bytes.Equal(text, expected) {
		return damaged("导出文件被改动或不完整：末行不符", "the export was changed or cut: the last line does not fit")
	}
	return i.flush(ctx)
}
