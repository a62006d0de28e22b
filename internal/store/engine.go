package store

import (
	"bytes"
	"context"
)

// Engine is what a database supplies; Over adds everything that is the same for all of them: checks, versions, times,
// differences, hashes, retries. Kinds are declared when an engine is opened, and drafts are checked before they reach
// it. Every method may be called from many goroutines.
type Engine interface {
	Reader

	// Insert writes a record and the first entry of its trail in one atomic step and returns its Seq. ErrExists,
	// ErrDuplicate.
	Insert(ctx context.Context, kind Kind, record Record, entry []byte) (int64, error)
	// Replace writes the next version of a record and appends the entry to its trail (for a brief kind: puts it in the
	// trail's place) in one atomic step, if the record has the expected version. ErrConflict, ErrNotFound, ErrDuplicate.
	Replace(ctx context.Context, kind Kind, record Record, entry []byte, expected int64) (int64, error)
	// Remove deletes a record and its trail, if it has the expected version. ErrConflict, ErrNotFound.
	Remove(ctx context.Context, kind Kind, id string, expected int64) error
	// Restore writes records with their trails as they are; a record that exists in an older version with the beginning
	// of the same trail is brought up to date, one that is the same is left. ErrExists for any other.
	Restore(ctx context.Context, kind Kind, wholes []Whole) error

	// Lease reads a lease; ok is false where nobody ever took it. SwapLease writes it if its generation is still the
	// expected one (0: it does not exist) and reports whether it did.
	Lease(ctx context.Context, name string) (lease Lease, ok bool, err error)
	SwapLease(ctx context.Context, lease Lease, expected int64) (bool, error)

	// Snapshot returns a reader that sees one moment, or exact = false where the database cannot and the reader follows
	// what is written meanwhile. release must be called.
	Snapshot(ctx context.Context) (reader Reader, exact bool, release func(), err error)
	// Backup copies the database into a new file; handled is false where it has no way of its own, and an export is
	// written instead.
	Backup(ctx context.Context, path string) (handled bool, err error)

	Ping(ctx context.Context) error
	Close() error
}

// Reader is the reading half of an engine.
type Reader interface {
	// Load reads one record. ErrNotFound.
	Load(ctx context.Context, kind Kind, id string) (Record, error)
	// Whole reads a record with its trail, both of one moment. ErrNotFound.
	Whole(ctx context.Context, kind Kind, id string) (Whole, error)
	// Find reads at most search.Limit records.
	Find(ctx context.Context, kind Kind, search Search) ([]Record, error)
	Count(ctx context.Context, kind Kind, where []Filter) (int64, error)
	// Sum groups in any order; by is nil for one group. ErrOverflow.
	Sum(ctx context.Context, kind Kind, where []Filter, field Field, by *Field) ([]Group, error)
	Changes(ctx context.Context, kind Kind, after int64, limit int) ([]Stamp, error)
	// FeedEnd is the largest Seq of a kind; 0 where it has no records.
	FeedEnd(ctx context.Context, kind Kind) (int64, error)
	// Stray returns the id of a trail or a part of one whose record is missing; empty where there is none.
	Stray(ctx context.Context, kind Kind) (string, error)
}

// Whole is a record and its trail as kept: entries are JSON texts, oldest first.
type Whole struct {
	Record Record
	Trail  [][]byte
}

// Follows compares a whole with one that is to be restored over it: same where nothing is to do, follows where the
// next one continues this one's trail.
func (w Whole) Follows(next Whole) (same, follows bool) {
	if len(w.Trail) > len(next.Trail) {
		return false, false
	}
	if w.Record.Version < next.Record.Version && len(w.Trail) == 1 && len(next.Trail) == 1 {
		return false, true // A brief kind: there is nothing but the newest entry.
	}
	for i, entry := range w.Trail {
		if !bytes.Equal(entry, next.Trail[i]) {
			return false, false
		}
	}
	if len(w.Trail) < len(next.Trail) {
		return false, true
	}
	a, b := w.Record, next.Record
	same = a.Region == b.Region && a.Seq == b.Seq && a.Head == b.Head && a.Created.Equal(b.Created) && a.Updated.Equal(b.Updated) &&
		bytes.Equal(a.Body, b.Body) && bytes.Equal(encode(a.Fields), encode(b.Fields))
	return same, false
}

// Steps between which a fault may be injected: the tests end a write there, as a crash would.
const (
	// StepArchived comes after old entries of a trail were copied to its archive, before the record is written.
	StepArchived = "archived"
	// StepBegun comes before the first statement of a write, StepRecord after the record's row and before its trail,
	// StepTrail after both and before the commit.
	StepBegun  = "begun"
	StepRecord = "record"
	StepTrail  = "trail"
	// StepWritten comes after the write stands and before the caller is told.
	StepWritten = "written"
)

// Fault is asked at each step of a write; an error ends the write there. It is nil outside tests.
type Fault func(step string) error

// At asks the fault, if there is one.
func (f Fault) At(step string) error {
	if f == nil {
		return nil
	}
	return f(step)
}
