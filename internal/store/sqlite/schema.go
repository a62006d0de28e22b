package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"zutuan/internal/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// prepare runs the migrations that the file has not seen, and makes the tables, columns and indexes that the kinds
// declare. All of it is one transaction: a start that fails midway changes nothing, and two processes that start at
// once do it one after the other.
func prepare(ctx context.Context, db *sql.DB, kinds []store.Kind) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("sqlite: prepare: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := migrate(ctx, tx); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	for _, kind := range kinds {
		if err := declare(ctx, tx, kind); err != nil {
			return fmt.Errorf("sqlite: declare %s: %w", kind.Name, err)
		}
	}
	return tx.Commit()
}

// migrate runs the embedded files in the order of their names, each once.
func migrate(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS migration (name TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID`); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	done, err := texts(ctx, tx, `SELECT name FROM migration`)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	known := map[string]bool{}
	for _, name := range names {
		known[name] = true
		if done[name] {
			continue
		}
		text, err := migrations.ReadFile(name)
		if err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		if _, err := tx.ExecContext(ctx, string(text)); err != nil {
			return fmt.Errorf("migrate %s: %w", name, err)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO migration (name) VALUES (?)`, name); err != nil {
			return fmt.Errorf("migrate %s: %w", name, err)
		}
	}
	for name := range done {
		if !known[name] {
			return fmt.Errorf("the file was written by a newer release (%s); run that release or a later one", name)
		}
	}
	return nil
}

// declare makes a kind's table, one generated column for each index field, and the indexes of its lists. A field that
// is added later is a new column, which reads as its zero in older rows.
func declare(ctx context.Context, tx *sql.Tx, kind store.Kind) error {
	name := table(kind)
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(recordTable, name)); err != nil {
		return err
	}
	present, err := texts(ctx, tx, `SELECT name FROM pragma_table_xinfo(?)`, name)
	if err != nil {
		return err
	}
	for _, statement := range append(columns(kind, present), indexes(kind)...) {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

const recordTable = `CREATE TABLE IF NOT EXISTS %s (
    n       INTEGER PRIMARY KEY,
    id      TEXT    NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    region  TEXT    NOT NULL,
    created INTEGER NOT NULL, -- milliseconds since 1970, UTC
    updated INTEGER NOT NULL,
    seq     INTEGER NOT NULL, -- place in the change feed
    head    TEXT    NOT NULL, -- hash of the newest entry of the trail
    fields  TEXT    NOT NULL, -- index part: one JSON object without zero values
    body    TEXT    NOT NULL  -- canonical JSON
) STRICT`

// columns adds those that are not present.
func columns(kind store.Kind, present map[string]bool) []string {
	var statements []string
	for _, field := range kind.Fields {
		added := column(kind, field.Name)
		if present[added] {
			continue
		}
		kept, zero := "INTEGER", "0"
		if field.Type == store.FieldText {
			kept, zero = "TEXT", "''"
		}
		statements = append(statements, fmt.Sprintf(`ALTER TABLE %s ADD COLUMN %s %s GENERATED ALWAYS AS (coalesce(fields->>'$.%s', %s)) VIRTUAL`, table(kind), added, kept, field.Name, zero))
	}
	return statements
}

// indexes are those of the change feed, the unique fields and the lists. A name is made of what it indexes.
func indexes(kind store.Kind) []string {
	name := table(kind)
	var statements []string
	if !kind.Perishable {
		statements = append(statements, fmt.Sprintf(`CREATE UNIQUE INDEX IF NOT EXISTS %s_seq ON %s (seq)`, name, name))
	}
	for _, field := range kind.Uniques() {
		// An empty text is not claimed: NULL is unlike NULL. A partial index would say the same, but SQLite then compiles
		// every statement on the table anew each time its parameters change.
		statements = append(statements, fmt.Sprintf(`CREATE UNIQUE INDEX IF NOT EXISTS %s_unique_%s ON %s (nullif(%s, ''))`, name, field.Name, name, column(kind, field.Name)))
	}
	for _, fields := range kind.Lists {
		var keys []string
		for _, field := range fields {
			keys = append(keys, column(kind, field))
		}
		if keys[len(keys)-1] != store.FieldID {
			keys = append(keys, store.FieldID)
		}
		statements = append(statements, fmt.Sprintf(`CREATE INDEX IF NOT EXISTS %s_by_%s ON %s (%s)`, name, strings.Join(fields, "_and_"), name, strings.Join(keys, ", ")))
	}
	return statements
}

// texts reads a column of texts as a set.
func texts(ctx context.Context, q queryer, query string, arguments ...any) (map[string]bool, error) {
	rows, err := q.QueryContext(ctx, query, arguments...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := map[string]bool{}
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		found[text] = true
	}
	return found, rows.Err()
}
