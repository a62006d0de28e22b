// Package sqlite keeps records in one SQLite file, without any set-up. A kind is a table; its index fields are
// generated columns over the small JSON object beside the body; the trail is a table that is appended to in the
// transaction that writes the record. One connection writes, several read the last committed state (WAL).
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	sqlitedriver "modernc.org/sqlite"

	"zutuan/internal/store"
)

// readers is how many connections read at the same time. A long export holds one of them.
const readers = 5

// Config says where the file is and what is kept in it.
type Config struct {
	// Path is the database file; it is made where it does not exist, its directory must.
	Path string
	// Kinds are the declared kinds of records.
	Kinds []store.Kind
	// Clock gives the time of each write; time.Now in the service.
	Clock func() time.Time
	// Fault ends writes between two steps; nil outside tests.
	Fault store.Fault
}

// engine is the store.Engine over one file.
type engine struct {
	reader
	write *sql.DB
	read  *sql.DB
	path  string
	fault store.Fault
}

// Open opens or makes the file, brings its tables up to date and returns the store. It fails where the directory does
// not exist, the file is not a database, or a newer release has written it.
func Open(ctx context.Context, config Config) (store.Store, error) {
	if err := store.CheckKinds(config.Kinds); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	if _, err := os.Stat(filepath.Dir(config.Path)); err != nil {
		return nil, fmt.Errorf("sqlite: the directory of %s is missing; make it first: %w", config.Path, err)
	}
	write, err := open(config.Path, "immediate", 1)
	if err != nil {
		return nil, err
	}
	if err := prepare(ctx, write, config.Kinds); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read, err := open(config.Path, "deferred", readers)
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	e := &engine{reader: reader{newPrepared(read)}, write: write, read: read, path: config.Path, fault: config.Fault}
	return store.Over(e, config.Kinds, config.Clock), nil
}

// open connects with every setting that the promises of the store rest on.
func open(path, lock string, connections int) (*sql.DB, error) {
	settings := url.Values{
		// A write takes the write lock when it begins, so that what it reads cannot be overtaken before it commits.
		"_txlock": {lock},
		"_pragma": {
			// Readers see the last commit while a write is under way, and a commit is one append to the log.
			"journal_mode(wal)",
			// Every commit is flushed to the disk before it is acknowledged; NORMAL would lose the newest ones with the power.
			"synchronous(full)",
			// Another process of the service may be writing; wait for it for ten seconds rather than fail.
			"busy_timeout(10000)",
			// Sorting that no index spares happens in memory.
			"temp_store(memory)",
			// 32 MiB of pages for each connection: the inner pages of all indexes stay there.
			"cache_size(-32768)",
			// Give a log that grew in an import back to the disk.
			"journal_size_limit(67108864)",
			// A changed page is noticed when its cell lengths do not fit, instead of being read as nonsense.
			"cell_size_check(on)",
		},
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+settings.Encode())
	if err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", path, err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// Snapshot is a read transaction: in WAL mode it sees the database as of its first statement.
func (e *engine) Snapshot(ctx context.Context) (store.Reader, bool, func(), error) {
	tx, err := e.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, false, nil, fmt.Errorf("sqlite: snapshot: %w", err)
	}
	var tables int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema`).Scan(&tables); err != nil {
		return nil, false, nil, errors.Join(fmt.Errorf("sqlite: snapshot: %w", err), tx.Rollback())
	}
	return reader{tx}, true, func() { _ = tx.Rollback() }, nil
}

// Backup writes a compact copy of one moment while others read and write.
func (e *engine) Backup(ctx context.Context, path string) (bool, error) {
	_, err := e.read.ExecContext(ctx, `VACUUM INTO ?`, path)
	return true, err
}

func (e *engine) Ping(ctx context.Context) error { return e.read.PingContext(ctx) }

func (e *engine) Close() error { return errors.Join(e.read.Close(), e.write.Close()) }

// isUnique reports whether a statement was refused by a unique index or a primary key.
func isUnique(err error) bool {
	const constraintUnique, constraintPrimaryKey = 2067, 1555
	var refused *sqlitedriver.Error
	return errors.As(err, &refused) && (refused.Code() == constraintUnique || refused.Code() == constraintPrimaryKey)
}

// table and column are the names of a kind's table and of a field's column; both are declared words, so that they need
// no escapes.
func table(kind store.Kind) string { return "record_" + kind.Name }

func column(kind store.Kind, name string) string {
	if _, system, _ := kind.Column(name); system {
		return name
	}
	return "f_" + name
}
