package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"zutuan/internal/store"
)

const writers = 16

func testConcurrentUpdates(t *testing.T, db Database) {
	const each = 6
	clock := NewClock()
	processes := []store.Store{open(t, db, clock), open(t, db, clock)}
	create(t, processes[0], note(t, "counter", 0))
	together(t, writers, func(i int) error {
		for range each {
			if _, err := processes[i%2].Update(context.Background(), "note", "counter", 0, by, bump(t)); err != nil {
				return err
			}
		}
		return nil
	})
	record, err := processes[1].Get(context.Background(), "note", "counter")
	if err != nil || record.Version != 1+writers*each || record.Fields["count"].Number() != writers*each || string(record.Body) != fmt.Sprintf(`{"n":%d}`, writers*each) {
		t.Errorf("after %d updates: version %d, body %s, %v", writers*each, record.Version, record.Body, err)
	}
	if report := verify(t, processes[0]); report.Entries != 1+writers*each {
		t.Errorf("%d entries, want one for each write", report.Entries)
	}
}

func testExpectedVersion(t *testing.T, db Database) {
	clock := NewClock()
	processes := []store.Store{open(t, db, clock), open(t, db, clock)}
	create(t, processes[0], note(t, "a", 0))
	for round := int64(1); round <= 5; round++ {
		var won atomic.Int64
		together(t, writers, func(i int) error {
			_, err := processes[i%2].Update(context.Background(), "note", "a", round, by, bump(t))
			if err == nil {
				won.Add(1)
			} else if !errors.Is(err, store.ErrConflict) {
				return err
			}
			return nil
		})
		if won.Load() != 1 {
			t.Fatalf("round %d: %d writers won", round, won.Load())
		}
	}
	verify(t, processes[0])
}

func testConcurrentCreates(t *testing.T, db Database) {
	clock := NewClock()
	processes := []store.Store{open(t, db, clock), open(t, db, clock)}
	for round := range 3 {
		var won atomic.Int64
		together(t, writers, func(i int) error {
			_, err := processes[i%2].Create(context.Background(), note(t, name(round), i), by)
			if err == nil {
				won.Add(1)
			} else if !errors.Is(err, store.ErrExists) {
				return err
			}
			return nil
		})
		if won.Load() != 1 {
			t.Fatalf("round %d: %d creators won", round, won.Load())
		}
	}
	verify(t, processes[0])
}

// testFeed follows the feed while eight writers in two processes create and change records, and compares what it
// learned with what stands in the end.
func testFeed(t *testing.T, db Database) {
	const each = 8
	ctx, clock := context.Background(), NewClock()
	processes := []store.Store{open(t, db, clock), open(t, db, clock)}
	learned, last := map[string]int64{}, int64(0)
	follow := func() error {
		for {
			stamps, err := processes[0].Changes(ctx, "note", last, 7)
			if err != nil || len(stamps) == 0 {
				return err
			}
			for _, stamp := range stamps {
				if stamp.Seq <= last {
					return fmt.Errorf("place %d after %d", stamp.Seq, last)
				}
				learned[stamp.ID], last = stamp.Version, stamp.Seq
			}
		}
	}
	done, followed := make(chan struct{}), make(chan error)
	go func() {
		for {
			select {
			case <-done:
				followed <- follow()
				return
			default:
				if err := follow(); err != nil {
					followed <- err
					return
				}
			}
		}
	}()
	together(t, 8, func(i int) error {
		s := processes[i%2]
		for j := range each {
			id := name(i*100 + j)
			if _, err := s.Create(ctx, note(t, id, 0), by); err != nil {
				return err
			}
			if j%2 == 0 {
				if _, err := s.Update(ctx, "note", id, 1, by, bump(t)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	close(done)
	if err := <-followed; err != nil {
		t.Fatal(err)
	}
	for i := range 8 {
		for j := range each {
			expected := int64(2 - j%2)
			if id := name(i*100 + j); learned[id] != expected {
				t.Errorf("the feed told version %d of %s, want %d", learned[id], id, expected)
			}
		}
	}
}

func testLeases(t *testing.T, db Database) {
	ctx, clock := context.Background(), NewClock()
	processes := []store.Store{open(t, db, clock), open(t, db, clock)}
	s := processes[0]
	var won atomic.Int64
	together(t, writers, func(i int) error {
		_, err := processes[i%2].Acquire(ctx, "rematch", fmt.Sprint("process ", i), time.Minute)
		if err == nil {
			won.Add(1)
		} else if !errors.Is(err, store.ErrHeld) {
			return err
		}
		return nil
	})
	if won.Load() != 1 {
		t.Fatalf("%d owners", won.Load())
	}
	clock.Add(time.Minute) // The lease ends at this very millisecond.
	first, err := s.Acquire(ctx, "rematch", "a", time.Minute)
	if err != nil || first.Token != 2 || !first.Expires.Equal(time.Date(2026, 7, 1, 0, 2, 0, 123_000_000, time.UTC)) {
		t.Fatalf("%+v, %v", first, err)
	}
	_, err = s.Acquire(ctx, "rematch", "b", time.Minute)
	if told := want(t, err, store.ErrHeld); !told.Until.Equal(first.Expires) {
		t.Errorf("held until %v, want %v", told.Until, first.Expires)
	}
	again, err := s.Acquire(ctx, "rematch", "a", time.Minute)
	if err != nil || again.Token != 2 {
		t.Errorf("the owner may ask again under its token: %+v, %v", again, err)
	}
	clock.Add(30 * time.Second)
	renewed, err := s.Renew(ctx, first, time.Minute)
	if err != nil || !renewed.Expires.Equal(first.Expires.Add(30*time.Second)) {
		t.Errorf("%+v, %v", renewed, err)
	}
	if err := s.Release(ctx, renewed); err != nil {
		t.Fatal(err)
	}
	_, err = s.Renew(ctx, renewed, time.Minute)
	want(t, err, store.ErrHeld)
	next, err := processes[1].Acquire(ctx, "rematch", "b", time.Minute)
	if err != nil || next.Token != 3 {
		t.Fatalf("%+v, %v", next, err)
	}
	if err := s.Release(ctx, renewed); err != nil { // The old owner's release is without effect.
		t.Fatal(err)
	}
	_, err = s.Renew(ctx, renewed, time.Minute)
	want(t, err, store.ErrHeld)
	if _, err := processes[1].Renew(ctx, next, time.Minute); err != nil {
		t.Error(err)
	}
	clock.Add(2 * time.Minute)
	_, err = processes[1].Renew(ctx, next, time.Minute)
	want(t, err, store.ErrHeld)
	_, err = s.Acquire(ctx, "", "a", time.Minute)
	want(t, err, store.ErrInvalid)
}

func testCancel(t *testing.T, db Database) {
	s := open(t, db, NewClock())
	create(t, s, note(t, "a", 0))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for name, call := range map[string]func() error{
		"Create": func() error { _, err := s.Create(ctx, note(t, "b", 1), by); return err },
		"Get":    func() error { _, err := s.Get(ctx, "note", "a"); return err },
		"Update": func() error { _, err := s.Update(ctx, "note", "a", 0, by, bump(t)); return err },
		"List":   func() error { _, err := s.List(ctx, store.Query{Kind: "note"}); return err },
		"Verify": func() error { _, err := s.Verify(ctx); return err },
	} {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want the context's error", name, err)
		}
	}
	if found := ids(t, s, store.Query{Kind: "note"}); len(found) != 1 {
		t.Errorf("a cancelled write stands: %v", found)
	}
	// Ensure a cancel in the middle leaves the store usable.
	middle, cancel := context.WithCancel(context.Background())
	_, err := s.Update(middle, "note", "a", 0, by, func(r store.Record) (store.Draft, error) { cancel(); return bump(t)(r) })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
	if record := update(t, s, "a"); record.Version != 2 {
		t.Errorf("version %d, want 2", record.Version)
	}
	verify(t, s)
}
