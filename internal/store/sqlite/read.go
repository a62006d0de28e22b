package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"time"

	"zutuan/internal/store"
)

// queryer is the database or a transaction.
type queryer interface {
	QueryContext(ctx context.Context, query string, arguments ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, arguments ...any) *sql.Row
}

// prepared keeps the statements that were asked before: reading the text of a page over twenty regions costs more than
// answering it.
type prepared struct {
	db    *sql.DB
	mutex sync.Mutex
	known map[string]*sql.Stmt
}

// maxPrepared bounds what is kept: questions come in as many shapes as there are kinds, lists and numbers of values.
const maxPrepared = 512

func newPrepared(db *sql.DB) *prepared { return &prepared{db: db, known: map[string]*sql.Stmt{}} }

// statement returns nil where a statement is neither kept nor to be kept. The database closes the statements with
// itself.
func (p *prepared) statement(ctx context.Context, query string) *sql.Stmt {
	p.mutex.Lock()
	found, count := p.known[query], len(p.known)
	p.mutex.Unlock()
	if found != nil || count >= maxPrepared {
		return found
	}
	made, err := p.db.PrepareContext(ctx, query)
	if err != nil {
		return nil // Asking it unprepared tells the error.
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if found := p.known[query]; found != nil {
		_ = made.Close()
		return found
	}
	p.known[query] = made
	return made
}

func (p *prepared) QueryContext(ctx context.Context, query string, arguments ...any) (*sql.Rows, error) {
	if statement := p.statement(ctx, query); statement != nil {
		return statement.QueryContext(ctx, arguments...)
	}
	return p.db.QueryContext(ctx, query, arguments...)
}

func (p *prepared) QueryRowContext(ctx context.Context, query string, arguments ...any) *sql.Row {
	if statement := p.statement(ctx, query); statement != nil {
		return statement.QueryRowContext(ctx, arguments...)
	}
	return p.db.QueryRowContext(ctx, query, arguments...)
}

// reader answers every question; over a transaction all its answers are of one moment.
type reader struct{ q queryer }

const recordColumns = `id, version, region, created, updated, seq, head, fields`

type scanner interface{ Scan(into ...any) error }

// fromRow reads recordColumns, and the body where it was asked for.
func fromRow(kind store.Kind, row scanner, withBody bool) (store.Record, error) {
	r := store.Record{Kind: kind.Name}
	var created, updated int64
	var fields []byte
	into := []any{&r.ID, &r.Version, &r.Region, &created, &updated, &r.Seq, &r.Head, &fields}
	if withBody {
		into = append(into, &r.Body)
	}
	if err := row.Scan(into...); err != nil {
		return store.Record{}, err
	}
	r.Created, r.Updated = time.UnixMilli(created).UTC(), time.UnixMilli(updated).UTC()
	parsed, err := store.ParseFields(kind, fields)
	if err != nil {
		return store.Record{}, store.Broken(kind.Name, r.ID, r.Version, "记录的索引部分无法辨认:"+err.Error(), err.Error())
	}
	r.Fields = parsed
	return r, nil
}

func (r reader) Load(ctx context.Context, kind store.Kind, id string) (store.Record, error) {
	row := r.q.QueryRowContext(ctx, `SELECT `+recordColumns+`, body FROM `+table(kind)+` WHERE id = ?`, id)
	record, err := fromRow(kind, row, true)
	if errors.Is(err, sql.ErrNoRows) {
		return store.Record{}, store.NotFound(kind.Name, id)
	}
	return record, wrap("read", kind, err)
}

// Whole reads record and trail in one transaction, so that both are of one moment.
func (r reader) Whole(ctx context.Context, kind store.Kind, id string) (store.Whole, error) {
	statements, ok := r.q.(*prepared)
	if !ok {
		return r.whole(ctx, kind, id)
	}
	tx, err := statements.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return store.Whole{}, wrap("read", kind, err)
	}
	defer func() { _ = tx.Rollback() }()
	return reader{tx}.whole(ctx, kind, id)
}

func (r reader) whole(ctx context.Context, kind store.Kind, id string) (store.Whole, error) {
	record, err := r.Load(ctx, kind, id)
	if err != nil {
		return store.Whole{}, err
	}
	whole := store.Whole{Record: record}
	rows, err := r.q.QueryContext(ctx, `SELECT entry FROM trail WHERE kind = ? AND id = ? ORDER BY version`, kind.Name, id)
	if err != nil {
		return store.Whole{}, wrap("read trail", kind, err)
	}
	defer rows.Close()
	for rows.Next() {
		var entry []byte
		if err := rows.Scan(&entry); err != nil {
			return store.Whole{}, wrap("read trail", kind, err)
		}
		whole.Trail = append(whole.Trail, entry)
	}
	return whole, wrap("read trail", kind, rows.Err())
}

func (r reader) Find(ctx context.Context, kind store.Kind, search store.Search) ([]store.Record, error) {
	query, arguments := findStatement(kind, search)
	rows, err := r.q.QueryContext(ctx, query, arguments...)
	if err != nil {
		return nil, wrap("list", kind, err)
	}
	defer rows.Close()
	var records []store.Record
	for rows.Next() {
		record, err := fromRow(kind, rows, !search.WithoutBody)
		if err != nil {
			return nil, wrap("list", kind, err)
		}
		records = append(records, record)
	}
	return records, wrap("list", kind, rows.Err())
}

// maxBranches bounds how many values of a list filter are looked up one by one.
const maxBranches = 128

// findStatement asks for one page. A filter with several values (the regions of a province) is asked as one question
// for each value, each of which an index answers in order, and the pages are merged: the cost depends on the number of
// values and the length of the page, not on how many records there are. A single question with IN would sort them all.
func findStatement(kind store.Kind, search store.Search) (string, []any) {
	columns := recordColumns
	if !search.WithoutBody {
		columns += ", body"
	}
	key := column(kind, search.Sort.Name)
	order := fmt.Sprintf("%s%s, id%s", key, direction(search), direction(search))
	split := -1
	for i, filter := range search.Where {
		if len(filter.In) > 1 && len(filter.In) <= maxBranches {
			split = i
			break
		}
	}
	if split < 0 {
		where, arguments := condition(kind, search.Where, search)
		return fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDER BY %s LIMIT ?", columns, table(kind), where, order), append(arguments, search.Limit)
	}
	var branches []string
	var arguments []any
	for _, value := range search.Where[split].In {
		filters := append([]store.Filter(nil), search.Where...)
		filters[split].In = []store.Value{value}
		where, more := condition(kind, filters, search)
		branches = append(branches, fmt.Sprintf("SELECT * FROM (SELECT n, %s AS k, id FROM %s WHERE %s ORDER BY %s LIMIT ?)", key, table(kind), where, order))
		arguments = append(append(arguments, more...), search.Limit)
	}
	merged := fmt.Sprintf("SELECT n FROM (%s) ORDER BY k%s, id%s LIMIT ?", strings.Join(branches, " UNION ALL "), direction(search), direction(search))
	return fmt.Sprintf("SELECT %s FROM %s WHERE n IN (%s) ORDER BY %s", columns, table(kind), merged, order), append(arguments, search.Limit)
}

func direction(search store.Search) string {
	if search.Descending {
		return " DESC"
	}
	return ""
}

// condition is the WHERE clause of filters and of the place after which a page begins.
func condition(kind store.Kind, where []store.Filter, search store.Search) (string, []any) {
	parts := []string{"TRUE"}
	var arguments []any
	for _, filter := range where {
		name := column(kind, filter.Field)
		switch {
		case len(filter.In) == 1:
			parts = append(parts, name+" = ?")
		case len(filter.In) > 1:
			parts = append(parts, fmt.Sprintf("%s IN (?%s)", name, strings.Repeat(", ?", len(filter.In)-1)))
		}
		for _, value := range filter.In {
			arguments = append(arguments, argument(value))
		}
		if filter.From != nil {
			parts, arguments = append(parts, name+" >= ?"), append(arguments, argument(*filter.From))
		}
		if filter.Below != nil {
			parts, arguments = append(parts, name+" < ?"), append(arguments, argument(*filter.Below))
		}
	}
	if search.After != nil {
		comparison := ">"
		if search.Descending {
			comparison = "<"
		}
		parts = append(parts, fmt.Sprintf("(%s, id) %s (?, ?)", column(kind, search.Sort.Name), comparison))
		arguments = append(arguments, argument(search.After.Value), search.After.ID)
	}
	return strings.Join(parts, " AND "), arguments
}

func argument(value store.Value) any {
	if value.IsText() {
		return value.Text()
	}
	return value.Number()
}

func (r reader) Count(ctx context.Context, kind store.Kind, where []store.Filter) (int64, error) {
	clause, arguments := condition(kind, where, store.Search{})
	var count int64
	err := r.q.QueryRowContext(ctx, `SELECT count(*) FROM `+table(kind)+` WHERE `+clause, arguments...).Scan(&count)
	return count, wrap("count", kind, err)
}

// Sum adds the upper and the lower 32 bits apart: neither sum can leave an int64 before there are two thousand million
// records, while sum() over whole values refuses a total that only passed through a larger one.
func (r reader) Sum(ctx context.Context, kind store.Kind, where []store.Filter, field store.Field, by *store.Field) ([]store.Group, error) {
	group, groupType := "''", store.FieldText
	if by != nil {
		group, groupType = column(kind, by.Name), by.Type
	}
	name := column(kind, field.Name)
	clause, arguments := condition(kind, where, store.Search{})
	query := fmt.Sprintf(`SELECT %s, count(*), sum(%s >> 32), sum(%s & 4294967295) FROM %s WHERE %s GROUP BY 1`, group, name, name, table(kind), clause)
	rows, err := r.q.QueryContext(ctx, query, arguments...)
	if err != nil {
		return nil, wrap("sum", kind, err)
	}
	defer rows.Close()
	var groups []store.Group
	for rows.Next() {
		var text string
		var number, count, upper, lower int64
		into := any(&text)
		if groupType != store.FieldText {
			into = &number
		}
		if err := rows.Scan(into, &count, &upper, &lower); err != nil {
			return nil, wrap("sum", kind, err)
		}
		sum := new(big.Int).Lsh(big.NewInt(upper), 32)
		if sum.Add(sum, big.NewInt(lower)); !sum.IsInt64() {
			return nil, store.Overflow(kind.Name, field.Name)
		}
		groups = append(groups, store.Group{By: store.Stored(groupType, text, number), Count: count, Sum: sum.Int64()})
	}
	return groups, wrap("sum", kind, rows.Err())
}

func (r reader) Changes(ctx context.Context, kind store.Kind, after int64, limit int) ([]store.Stamp, error) {
	rows, err := r.q.QueryContext(ctx, `SELECT id, version, seq FROM `+table(kind)+` WHERE seq > ? ORDER BY seq LIMIT ?`, after, limit)
	if err != nil {
		return nil, wrap("read changes", kind, err)
	}
	defer rows.Close()
	var stamps []store.Stamp
	for rows.Next() {
		var stamp store.Stamp
		if err := rows.Scan(&stamp.ID, &stamp.Version, &stamp.Seq); err != nil {
			return nil, wrap("read changes", kind, err)
		}
		stamps = append(stamps, stamp)
	}
	return stamps, wrap("read changes", kind, rows.Err())
}

func (r reader) FeedEnd(ctx context.Context, kind store.Kind) (int64, error) {
	var end int64
	err := r.q.QueryRowContext(ctx, `SELECT coalesce(max(seq), 0) FROM `+table(kind)).Scan(&end)
	return end, wrap("read changes", kind, err)
}

func (r reader) Stray(ctx context.Context, kind store.Kind) (string, error) {
	var id string
	err := r.q.QueryRowContext(ctx, `SELECT coalesce(min(id), '') FROM trail WHERE kind = ? AND id NOT IN (SELECT id FROM `+table(kind)+`)`, kind.Name).Scan(&id)
	return id, wrap("read trails", kind, err)
}

// wrap says what was being done; refusals keep their own words.
func wrap(doing string, kind store.Kind, err error) error {
	var refusal *store.Error
	if err == nil || errors.As(err, &refusal) {
		return err
	}
	return fmt.Errorf("sqlite: %s %s: %w", doing, kind.Name, err)
}
