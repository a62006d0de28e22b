// Package storetest holds every database behind the service to the promises of store.Store. An adapter's test gives
// Run a way to make an empty database, to open it several times, and to damage it behind the store's back.
//
// The suite's invariants: no acknowledged write is lost and none is done by halves; what comes back is what was
// written, to the byte; every database orders, filters, adds and pages alike; and nothing can be changed behind the
// store without Verify naming the record and the entry.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"zutuan/internal/store"
)

// Database is one empty database that an adapter made for one test.
type Database interface {
	// Open opens a handle; several handles stand for several processes. It is closed with the test.
	Open(t testing.TB, kinds []store.Kind, clock func() time.Time, fault store.Fault) store.Store
	// BackDoor changes what is kept without the store.
	BackDoor(t testing.TB) BackDoor
}

// BackDoor changes single bytes of what a database holds. Each method finishes before it returns and fails the test
// where there is nothing to change.
type BackDoor interface {
	Body(kind, id string, change func(string) string)
	Region(kind, id, region string)
	Number(kind, id, field string, value int64)
	Head(kind, id, head string)
	// Entry changes the entry of a version wherever it lies; an empty text removes it.
	Entry(kind, id string, version int64, change func(string) string)
	// Record removes a record and leaves what belongs to its trail elsewhere.
	Record(kind, id string)
}

// Run holds the databases that fresh makes to the contract.
func Run(t *testing.T, fresh func(t testing.TB) Database) {
	tests := []struct {
		name string
		test func(t *testing.T, db Database)
	}{
		{"a record is created, read and updated", testLife},
		{"what cannot be kept is refused with a reason", testRefusals},
		{"an immutable record never changes", testImmutable},
		{"perishable and brief records go without a trace", testPerishable},
		{"a unique value is carried by one record", testUnique},
		{"sixteen writers in two processes lose no update", testConcurrentUpdates},
		{"of sixteen writers against one version one wins", testExpectedVersion},
		{"of sixteen creators of one id one wins", testConcurrentCreates},
		{"texts are ordered by code point", testTextOrder},
		{"numbers keep all 64 bits and sums are exact", testNumbers},
		{"decimals come back to the digit", testDecimals},
		{"moments are UTC milliseconds", testTimes},
		{"a body of eight MiB fits and one byte more does not", testLargeBody},
		{"filters, orders and pages agree with a list in memory", testQueries},
		{"pages are stable under inserts", testPaging},
		{"the change feed misses nothing", testFeed},
		{"a lease has one owner", testLeases},
		{"a field declared later reads as zero", testNewField},
		{"a long trail stays whole", testLongTrail},
		{"damage is named", testDamage},
		{"a write that ends between two steps is old or new", testFaults},
		{"a cancelled call ends", testCancel},
		{"an export comes back byte for byte", testExport},
		{"a damaged export is refused", testDamagedExport},
		{"a backup is taken while the store is written", testBackup},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { test.test(t, fresh(t)) })
	}
}

// Kinds are those of the suite: one of each sort.
func Kinds() []store.Kind {
	return []store.Kind{
		{Name: "note", Fields: []store.Field{
			{Name: "name", Type: store.FieldText, Unique: true}, {Name: "status", Type: store.FieldText}, {Name: "count", Type: store.FieldCount},
			{Name: "amount", Type: store.FieldAmount}, {Name: "due", Type: store.FieldTime}, {Name: "done", Type: store.FieldBool}, {Name: "ratio", Type: store.FieldRatio}},
			Lists: [][]string{{"updated"}, {"region", "updated"}, {"status", "updated"}, {"region", "status", "updated"}, {"amount"}, {"status", "amount"}, {"region", "amount"}}},
		{Name: "fact", Immutable: true, Fields: []store.Field{{Name: "subject", Type: store.FieldText}}, Lists: [][]string{{"subject", "created"}}},
		{Name: "ticket", Perishable: true, Brief: true, Fields: []store.Field{{Name: "expires", Type: store.FieldTime}}, Lists: [][]string{{"expires"}}},
		{Name: "pass", Perishable: true, Fields: []store.Field{{Name: "secret", Type: store.FieldText, Unique: true}}},
	}
}

// Clock is a clock that tests set; it is safe for many goroutines.
type Clock struct {
	mutex sync.Mutex
	now   time.Time
}

// NewClock starts at the first morning of July 2026, with nanoseconds that no database keeps.
func NewClock() *Clock {
	return &Clock{now: time.Date(2026, 7, 1, 8, 0, 0, 123456789, time.FixedZone("CST", 8*3600))}
}

// Now is the clock's time; it stands still.
func (c *Clock) Now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.now
}

// Add moves the clock.
func (c *Clock) Add(by time.Duration) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.now = c.now.Add(by)
}

var by = store.Change{Who: "张三", Action: "edit", Why: "测试"}

// open opens a handle with the suite's kinds.
func open(t testing.TB, db Database, clock *Clock) store.Store {
	return db.Open(t, Kinds(), clock.Now, nil)
}

func body(t testing.TB, value any) []byte {
	t.Helper()
	text, err := store.Canonical(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// note is a draft with a body of its number.
func note(t testing.TB, id string, number int) store.Draft {
	t.Helper()
	return store.Draft{Kind: "note", ID: id, Body: body(t, map[string]any{"n": number}), Fields: store.Fields{"count": store.Count(int64(number))}}
}

func create(t testing.TB, s store.Store, draft store.Draft) store.Record {
	t.Helper()
	record, err := s.Create(context.Background(), draft, by)
	if err != nil {
		t.Fatalf("create %s %q: %v", draft.Kind, draft.ID, err)
	}
	return record
}

// bump raises the number in a note's body and field by one.
func bump(t testing.TB) func(store.Record) (store.Draft, error) {
	return func(r store.Record) (store.Draft, error) {
		return note(t, r.ID, int(r.Fields["count"].Number())+1), nil
	}
}

func update(t testing.TB, s store.Store, id string) store.Record {
	t.Helper()
	record, err := s.Update(context.Background(), "note", id, 0, by, bump(t))
	if err != nil {
		t.Fatalf("update %q: %v", id, err)
	}
	return record
}

// want fails unless err is the refusal.
func want(t testing.TB, err error, refusal *store.Error) *store.Error {
	t.Helper()
	if !errors.Is(err, refusal) {
		t.Fatalf("got %v, want %s", err, refusal.Code)
	}
	var told *store.Error
	if errors.As(err, &told) && (told.ZH == "" || told.EN == "") {
		t.Errorf("%s is not told in both languages: %+v", told.Code, told)
	}
	return told
}

func verify(t testing.TB, s store.Store) store.Report {
	t.Helper()
	report, err := s.Verify(context.Background())
	if err != nil {
		t.Fatalf("verify: %v", err)
	}
	return report
}

// together runs work in many goroutines and fails the test with the first error.
func together(t testing.TB, goroutines int, work func(i int) error) {
	t.Helper()
	errs := make(chan error, goroutines)
	for i := range goroutines {
		go func() { errs <- work(i) }()
	}
	for range goroutines {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
}

// ids lists the ids of all pages of a query.
func ids(t testing.TB, s store.Store, query store.Query) []string {
	t.Helper()
	var found []string
	for {
		page, err := s.List(context.Background(), query)
		if err != nil {
			t.Fatalf("list %+v: %v", query, err)
		}
		for _, record := range page.Records {
			found = append(found, record.ID)
		}
		if page.Next == "" {
			return found
		}
		query.After = page.Next
		if len(found) > 100_000 {
			t.Fatal("the pages do not end")
		}
	}
}

func name(i int) string { return fmt.Sprintf("n%04d", i) }
