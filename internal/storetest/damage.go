package storetest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"zutuan/internal/store"
)

// longTrail is far enough for several parts of a trail to be moved away from its record.
const longTrail = 53

func testLongTrail(t *testing.T, db Database) {
	ctx := context.Background()
	s := open(t, db, NewClock())
	create(t, s, note(t, "a", 0))
	for range longTrail - 1 {
		update(t, s, "a")
	}
	trail, err := s.Trail(ctx, "note", "a")
	if err != nil || len(trail) != longTrail {
		t.Fatalf("%d entries, want %d, %v", len(trail), longTrail, err)
	}
	for i, entry := range trail {
		if entry.Version != int64(i+1) || (i > 0 && entry.Previous != trail[i-1].Hash) {
			t.Fatalf("entry %d is %+v", i, entry)
		}
	}
	if report := verify(t, s); report.Entries != longTrail {
		t.Errorf("report %+v", report)
	}
}

// testDamage changes one thing at a time behind the store and asks what Verify says.
func testDamage(t *testing.T, db Database) {
	s := open(t, db, NewClock())
	for _, id := range []string{"a", "b", "c"} {
		draft := note(t, id, 0)
		draft.Region = "451481"
		create(t, s, draft)
	}
	for range longTrail - 1 {
		update(t, s, "b")
	}
	flip := func(text string) string { return text[:len(text)-2] + string(text[len(text)-2]^1) + text[len(text)-1:] }
	reason := func(text string) string { return strings.Replace(text, "测试", "测验", 1) }
	remove := func(string) string { return "" }
	door := db.BackDoor(t)
	before := verify(t, s)
	original := ""
	keep := func(text string) string { original = text; return text }
	for _, test := range []struct {
		name    string
		damage  func()
		mend    func()
		id      string
		version int64
	}{
		{"a digit in a body", func() { door.Body("note", "b", flip) }, func() { door.Body("note", "b", flip) }, "b", longTrail},
		{"another region", func() { door.Region("note", "a", "451400") }, func() { door.Region("note", "a", "451481") }, "a", 1},
		{"another index value", func() { door.Number("note", "b", "count", 7) }, func() { door.Number("note", "b", "count", longTrail-1) }, "b", longTrail},
		{"a changed reason in the newest entry", func() { door.Entry("note", "a", 1, keep); door.Entry("note", "a", 1, reason) }, func() { door.Entry("note", "a", 1, func(string) string { return original }) }, "a", 1},
		{"a changed reason in an old entry", func() { door.Entry("note", "b", 3, keep); door.Entry("note", "b", 3, reason) }, func() { door.Entry("note", "b", 3, func(string) string { return original }) }, "b", 3},
		{"a blank in an entry", func() {
			door.Entry("note", "b", 20, keep)
			door.Entry("note", "b", 20, func(text string) string { return text + " " })
		}, func() { door.Entry("note", "b", 20, func(string) string { return original }) }, "b", 20},
		{"an entry of another record", func() {
			var other string
			door.Entry("note", "c", 1, func(text string) string { other = text; return text })
			door.Entry("note", "b", 1, keep)
			door.Entry("note", "b", 1, func(string) string { return other })
		}, func() { door.Entry("note", "b", 1, func(string) string { return original }) }, "b", 1},
		{"a head that is not the newest entry's", func() { door.Head("note", "c", strings.Repeat("0", 64)) }, nil, "c", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.damage()
			_, err := s.Verify(context.Background())
			told := want(t, err, store.ErrBroken)
			if told.Kind != "note" || told.ID != test.id || told.Version != test.version {
				t.Errorf("verify names %s %q, entry %d; want %q, entry %d: %v", told.Kind, told.ID, told.Version, test.id, test.version, err)
			}
			if test.mend != nil {
				test.mend()
				if after := verify(t, s); after.Root != before.Root {
					t.Error("the mended store has another root")
				}
			}
		})
	}
	for _, test := range []struct {
		name    string
		damage  func()
		id      string
		version int64
	}{
		// Damage of ids in order backwards: Verify names the first, so each is found although the later ones stay.
		{"a trail that is cut at its end", func() { door.Entry("note", "b", longTrail, remove) }, "b", longTrail},
		{"an entry missing in the middle", func() { door.Entry("note", "b", 10, remove) }, "b", 10},
		{"a trail that is gone", func() { door.Entry("note", "a", 1, remove) }, "a", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.damage()
			_, err := s.Verify(context.Background())
			if told := want(t, err, store.ErrBroken); told.ID != test.id || told.Version != test.version {
				t.Errorf("verify names %q, entry %d; want %q, entry %d: %v", told.ID, told.Version, test.id, test.version, err)
			}
		})
	}
	testGone(t, db)
}

// testGone removes a record behind the store: what lies elsewhere of its trail tells, and the root always does.
func testGone(t *testing.T, db Database) {
	t.Run("a record that is gone", func(t *testing.T) {
		s := db.Open(t, Kinds(), NewClock().Now, nil)
		door := db.BackDoor(t)
		for _, id := range []string{"a", "c"} {
			door.Record("note", id)
		}
		door.Record("note", "b")
		_, err := s.Verify(context.Background())
		if told := want(t, err, store.ErrBroken); told.ID == "" {
			t.Errorf("verify names nothing: %v", err)
		}
	})
}

var errFault = errors.New("the process ends here")

// testFaults ends each sort of write at each of its steps and looks through another handle at what stands.
func testFaults(t *testing.T, db Database) {
	ctx, clock := context.Background(), NewClock()
	calm := open(t, db, clock)
	fired := map[string]int{}
	for i, step := range []string{store.StepBegun, store.StepArchived, store.StepRecord, store.StepTrail, store.StepWritten} {
		broken := db.Open(t, Kinds(), clock.Now, func(at string) error {
			if at == step {
				fired[step]++
				return errFault
			}
			return nil
		})
		id := name(i)
		create(t, calm, note(t, id, 0))
		create(t, calm, store.Draft{Kind: "pass", ID: id, Body: []byte(`{}`)})
		check := func(doing string, err error) {
			t.Helper()
			if err != nil && !errors.Is(err, errFault) {
				t.Fatalf("%s, ended at %s: %v", doing, step, err)
			}
		}

		_, err := broken.Create(ctx, note(t, "new"+id, 5), by)
		check("create", err)
		_, got := calm.Get(ctx, "note", "new"+id)
		if stands := got == nil; stands != (err == nil || step == store.StepWritten) {
			t.Errorf("create ended at %s (%v); the record stands: %v", step, err, stands)
		}
		// These versions pass the first and the second place at which a part of a trail is moved.
		for version := int64(1); version <= 34; version++ {
			_, err := broken.Update(ctx, "note", id, 0, by, bump(t))
			check("update", err)
			if version%16 <= 1 {
				verify(t, calm)
			}
			record, readErr := calm.Get(ctx, "note", id)
			expected := version
			if err == nil || step == store.StepWritten {
				expected++
			}
			if readErr != nil || record.Version != expected || record.Fields["count"].Number() != expected-1 {
				t.Fatalf("update of version %d ended at %s (%v): version %d stands, %v", version, step, err, record.Version, readErr)
			}
			if expected == version {
				update(t, calm, id) // The same change, by a process that does not end.
			}
		}
		check("delete", broken.Delete(ctx, "pass", id, 1))
		if err := calm.Delete(ctx, "pass", id, 1); err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Errorf("delete again: %v", err)
		}
		verify(t, calm)
	}
	if fired[store.StepBegun] == 0 || fired[store.StepWritten] == 0 || fired[store.StepArchived]+fired[store.StepTrail] == 0 {
		t.Errorf("some steps never came: %v", fired)
	}
}
