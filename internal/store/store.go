package store

import (
	"context"
	"io"
	"time"
)

// Store keeps records. Both databases behind it, an embedded SQLite file and MongoDB, keep every promise below;
// package storetest holds them to it.
//
// Atomicity. One call writes one record and the entry of its audit trail in one step: after a crash at any moment the
// record and its trail are as before the call or as after it, never between. A call that returned without error is on
// disk (MongoDB: acknowledged by the majority) and survives the loss of power. There is no transaction over two records;
// a step that touches several is ordered by its caller so that each prefix of it is a state that may stand.
//
// Concurrency. Calls may come from many goroutines and, on one database, from many processes. Nobody's write is lost:
// a write names the version it was made against, or is repeated against the newest one. Reads see records that were
// written completely.
//
// Order. Texts are ordered by code point (the order of their UTF-8 bytes), whatever the language: "Z" before "a" before
// "中". Whoever wants another order, by pinyin or without case, keeps a key for it in a field. Numbers are ordered as
// numbers, false before true, moments by time. Records equal in the sorted field are ordered by id in the same
// direction, so every order is total and the same in every database.
//
// Exactness. Bodies come back byte for byte; decimals stand in them as text and are never touched. Index fields are
// text or int64 over its whole range (amounts in fen, ratios in millionths), never a binary float, and sums of them are
// exact or refused with ErrOverflow. Moments are UTC, cut to the millisecond. A field that is not given equals the zero
// of its type in filters, orders and sums.
//
// Bounds. A body has at most MaxBodyBytes, an id MaxIDBytes, an index text MaxTextBytes; beyond them ErrTooLarge or
// ErrInvalid. Ids and index texts are UTF-8 without control characters.
//
// Errors. A refusal is an *Error with a Code; errors.Is with ErrNotFound and so on asks for it. Each method lists its
// own; every method may refuse an undeclared kind with ErrInvalid. A cancelled context ends a call with the context's
// error; what the call would have written may then stand completely or not at all. Any other error is the database's.
type Store interface {
	// Create writes a new record as version 1. ErrExists where the kind has the id already, ErrDuplicate where another
	// record carries the value of a unique field, ErrInvalid or ErrTooLarge for a draft that cannot be kept.
	Create(ctx context.Context, draft Draft, change Change) (Record, error)

	// Get reads one record. ErrNotFound.
	Get(ctx context.Context, kind, id string) (Record, error)

	// Update replaces a record by what next makes of it. With expected above 0 the record must have that version, else
	// ErrConflict, which names the present one; with 0 a write that was overtaken is made again. next may therefore run
	// several times, must have no effect of its own, and must not call the store; its error ends the call and comes back
	// as it is. ErrNotFound, ErrImmutable, and the refusals of Create. A change that changes nothing is a change.
	Update(ctx context.Context, kind, id string, expected int64, change Change, next func(Record) (Draft, error)) (Record, error)

	// Delete removes a record of a perishable kind with its trail; expected as for Update. ErrNotFound, ErrConflict, and
	// ErrImmutable for kinds that are kept for ever.
	Delete(ctx context.Context, kind, id string, expected int64) error

	// List reads one page. A page costs the same however many records there are, when the kind declares a list for its
	// filters and order. Paging is stable: a record that is not changed while somebody pages is seen exactly once,
	// whatever is written meanwhile. ErrInvalid for fields that are not declared, ErrCursor for a foreign cursor.
	List(ctx context.Context, query Query) (Page, error)

	// Count counts the records that match. ErrInvalid.
	Count(ctx context.Context, kind string, where []Filter) (int64, error)

	// Sum adds a numeric field up in the database, grouped by another, ordered by that. Count and Sum of a group may
	// differ by a write that is made meanwhile. ErrInvalid, ErrOverflow.
	Sum(ctx context.Context, query SumQuery) ([]Group, error)

	// Changes lists the newest state of the records of a kind that were written after a place of the kind's change feed,
	// in the order of writing: keep the last Seq and ask again. A change can not appear later in front of one that was
	// listed, so none is missed; a record that changed twice is listed once. ErrInvalid for perishable kinds.
	Changes(ctx context.Context, kind string, after int64, limit int) ([]Stamp, error)

	// Trail reads a record's audit trail, oldest entry first. ErrNotFound.
	Trail(ctx context.Context, kind, id string) ([]Entry, error)

	// Acquire takes a lease that is free, has run out, or is the owner's already, for ttl from now. ErrHeld, which names
	// when it ends. The lease's Token grows each time it goes to an owner anew.
	Acquire(ctx context.Context, name, owner string, ttl time.Duration) (Lease, error)
	// Renew prolongs a lease that is still held under its token. ErrHeld where it was lost.
	Renew(ctx context.Context, lease Lease, ttl time.Duration) (Lease, error)
	// Release ends a lease; one that was lost meanwhile is left alone.
	Release(ctx context.Context, lease Lease) error

	// Export writes everything but leases as JSON lines, in one order whatever the database: equal content gives equal
	// bytes. It sees one moment of a store that is written meanwhile.
	Export(ctx context.Context, w io.Writer) error
	// Import fills an empty store with an export, checking every trail before its record is written. Importing the same
	// file again is without effect, so an interrupted import is repeated. ErrBroken for a damaged or cut file, ErrExists
	// where a record of another content is in the way.
	Import(ctx context.Context, r io.Reader) error
	// Backup writes a copy to a new file while the store is in use: a database file (SQLite) or an export (MongoDB).
	Backup(ctx context.Context, path string) error

	// Verify recomputes every trail and every hash. ErrBroken names the first record, in order of kinds and ids, and the
	// entry that is not what was written: a changed byte, a missing, moved or cut entry. Records that were put back to an
	// earlier complete state, or removed with their trail, change Report.Root only: keep it elsewhere to notice.
	Verify(ctx context.Context) (Report, error)

	// Ping asks the database for a sign of life.
	Ping(ctx context.Context) error
	// Close ends the connection; calls under way are finished first or fail.
	Close() error
}

// Report says what Verify read.
type Report struct {
	Records, Entries int64
	// Root is the SHA-256 over the heads of all trails in order of kinds and ids.
	Root string
}

// Lease is the right to do a background job, until it expires.
type Lease struct {
	Name, Owner string
	// Token is larger each time the lease goes to an owner anew: work done under an older one is refused by comparing it.
	Token int64
	// Expires is UTC, to the millisecond, by the clock of the process that took it; clocks of processes that share a
	// database may differ by less than the ttl.
	Expires time.Time
	// Generation counts every change of the lease; engines compare it.
	Generation int64
}
