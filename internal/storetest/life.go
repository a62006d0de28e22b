package storetest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zutuan/internal/store"
)

// values lets cmp look into index values.
var values = cmp.Comparer(func(a, b store.Value) bool { return a == b })

func testLife(t *testing.T, db Database) {
	ctx, clock := context.Background(), NewClock()
	s := open(t, db, clock)
	draft := store.Draft{Kind: "note", ID: "GX-PX-01/方案 1", Region: "451481", Body: []byte(`{"b":"<&>\u2028","a":[1,{"x":"甲"}]}`),
		Fields: store.Fields{"name": store.Text("凭祥"), "amount": store.Amount(123_456), "done": store.Bool(true), "count": store.Count(0)}}
	_, err := s.Create(ctx, draft, by)
	want(t, err, store.ErrInvalid) // Keys out of order are not canonical.
	draft.Body = []byte(`{"a":[1,{"x":"甲"}],"b":"<&>\u2028"}`)
	created := create(t, s, draft)

	// The clock stands at 2026-07-01 08:00:00.123456789 in China, which is midnight UTC.
	moment := time.Date(2026, 7, 1, 0, 0, 0, 123_000_000, time.UTC)
	expected := store.Record{Kind: "note", ID: draft.ID, Version: 1, Region: "451481", Created: moment, Updated: moment, Body: draft.Body, Head: created.Head, Seq: created.Seq,
		Fields: store.Fields{"name": store.Text("凭祥"), "amount": store.Amount(123_456), "done": store.Bool(true)}}
	if difference := cmp.Diff(expected, created, values); difference != "" {
		t.Errorf("created (-want +got):\n%s", difference)
	}
	read, err := s.Get(ctx, "note", draft.ID)
	if difference := cmp.Diff(expected, read, values); err != nil || difference != "" {
		t.Errorf("read: %v (-want +got):\n%s", err, difference)
	}

	// Ensure a clock that is set back does not set Updated back.
	clock.Add(-time.Hour)
	updated, err := s.Update(ctx, "note", draft.ID, 1, store.Change{Who: "李四", Action: "submit", Why: "第一\n第二"}, func(r store.Record) (store.Draft, error) {
		next := r.Draft()
		next.Body = []byte(`{"a":[1,{"x":"乙","y":null}]}`)
		next.Region = ""
		next.Fields["amount"] = store.Amount(-1)
		delete(next.Fields, "done")
		return next, nil
	})
	if err != nil || updated.Version != 2 || !updated.Updated.Equal(moment) || updated.Seq <= created.Seq {
		t.Fatalf("updated %+v, %v", updated, err)
	}
	trail, err := s.Trail(ctx, "note", draft.ID)
	if err != nil || len(trail) != 2 {
		t.Fatalf("trail %+v, %v", trail, err)
	}
	changes := []store.FieldChange{
		{Path: "/a/1/x", Old: []byte(`"甲"`), New: []byte(`"乙"`)},
		{Path: "/a/1/y", New: []byte(`null`)},
		{Path: "/b", Old: []byte(`"<&>\u2028"`)},
		{Path: "@region", Old: []byte(`"451481"`), New: []byte(`""`)},
		{Path: "@index/amount", Old: []byte(`123456`), New: []byte(`-1`)},
		{Path: "@index/done", Old: []byte(`1`)},
	}
	if difference := cmp.Diff(changes, trail[1].Changes); difference != "" {
		t.Errorf("changes (-want +got):\n%s", difference)
	}
	// Computed with `printf '%s' '{"a":[1,{"x":"乙","y":null}]}' | sha256sum`.
	if trail[1].Body != "b62393c04198c872ba64f72ca4d00dca3e3d53d06197da690ef3952c5382218a" {
		t.Errorf("body hash %s", trail[1].Body)
	}
	if trail[1].Who != "李四" || trail[1].Why != "第一\n第二" || trail[1].Previous != trail[0].Hash || updated.Head != trail[1].Hash || trail[0].Version != 1 {
		t.Errorf("trail %+v", trail)
	}

	_, err = s.Update(ctx, "note", draft.ID, 1, by, bump(t))
	if told := want(t, err, store.ErrConflict); told.Version != 2 {
		t.Errorf("the conflict names version %d, want 2", told.Version)
	}
	stop := errors.New("the closure's own error")
	if _, err := s.Update(ctx, "note", draft.ID, 0, by, func(store.Record) (store.Draft, error) { return store.Draft{}, stop }); err != stop {
		t.Errorf("got %v, want the closure's error as it is", err)
	}
	if report := verify(t, s); report.Records != 1 || report.Entries != 2 || report.Root == "" {
		t.Errorf("report %+v", report)
	}
	if err := s.Ping(ctx); err != nil {
		t.Error(err)
	}
}

func testRefusals(t *testing.T, db Database) {
	ctx := context.Background()
	s := open(t, db, NewClock())
	create(t, s, note(t, "a", 1))
	good := note(t, "b", 1)
	with := func(change func(*store.Draft)) store.Draft {
		draft := good
		draft.Fields = store.Fields{}
		change(&draft)
		return draft
	}
	for _, test := range []struct {
		name    string
		draft   store.Draft
		change  store.Change
		refusal *store.Error
	}{
		{"an id that exists", note(t, "a", 2), by, store.ErrExists},
		{"a kind that is not declared", with(func(d *store.Draft) { d.Kind = "nothing" }), by, store.ErrInvalid},
		{"no id", with(func(d *store.Draft) { d.ID = "" }), by, store.ErrInvalid},
		{"an id of 201 bytes", with(func(d *store.Draft) { d.ID = strings.Repeat("x", 201) }), by, store.ErrInvalid},
		{"an id with a line break", with(func(d *store.Draft) { d.ID = "a\nb" }), by, store.ErrInvalid},
		{"an id that is not UTF-8", with(func(d *store.Draft) { d.ID = "\xff" }), by, store.ErrInvalid},
		{"a region with a NUL", with(func(d *store.Draft) { d.Region = "a\x00b" }), by, store.ErrInvalid},
		{"a field that is not declared", with(func(d *store.Draft) { d.Fields["other"] = store.Text("x") }), by, store.ErrInvalid},
		{"a field of another type", with(func(d *store.Draft) { d.Fields["amount"] = store.Count(1) }), by, store.ErrInvalid},
		{"an index text of 801 bytes", with(func(d *store.Draft) { d.Fields["status"] = store.Text(strings.Repeat("x", 801)) }), by, store.ErrInvalid},
		{"a body that is not JSON", with(func(d *store.Draft) { d.Body = []byte(`{`) }), by, store.ErrInvalid},
		{"no body", with(func(d *store.Draft) { d.Body = nil }), by, store.ErrInvalid},
		{"a body with a key twice", with(func(d *store.Draft) { d.Body = []byte(`{"a":1,"a":1}`) }), by, store.ErrInvalid},
		{"a body with blanks", with(func(d *store.Draft) { d.Body = []byte(`{"a": 1}`) }), by, store.ErrInvalid},
		{"a body with something behind it", with(func(d *store.Draft) { d.Body = []byte(`{}{}`) }), by, store.ErrInvalid},
		{"nobody who does it", good, store.Change{Action: "x"}, store.ErrInvalid},
		{"nothing that is done", good, store.Change{Who: "x"}, store.ErrInvalid},
		{"a reason that is too long", good, store.Change{Who: "x", Action: "y", Why: strings.Repeat("长", 3000)}, store.ErrInvalid},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := s.Create(ctx, test.draft, test.change)
			want(t, err, test.refusal)
		})
	}
	_, err := s.Get(ctx, "note", "b")
	want(t, err, store.ErrNotFound)
	_, err = s.Trail(ctx, "note", "b")
	want(t, err, store.ErrNotFound)
	_, err = s.Update(ctx, "note", "b", 0, by, bump(t))
	want(t, err, store.ErrNotFound)
	_, err = s.Update(ctx, "note", "a", 0, by, func(r store.Record) (store.Draft, error) { return note(t, "b", 1), nil })
	want(t, err, store.ErrInvalid)
	want(t, s.Delete(ctx, "note", "a", 1), store.ErrImmutable)
	_, err = s.Changes(ctx, "ticket", 0, 1)
	want(t, err, store.ErrInvalid)
	testBadQueries(t, s)
}

func testBadQueries(t *testing.T, s store.Store) {
	ctx := context.Background()
	for _, query := range []store.Query{
		{Kind: "nothing"}, {Kind: "note", Sort: "body"}, {Kind: "note", Limit: 501}, {Kind: "note", Limit: -1},
		{Kind: "note", Where: []store.Filter{store.Equal("other", store.Text("x"))}},
		{Kind: "note", Where: []store.Filter{store.Equal("amount", store.Text("x"))}},
		{Kind: "note", Where: []store.Filter{store.Between("due", store.Count(1), store.Count(2))}},
	} {
		_, err := s.List(ctx, query)
		want(t, err, store.ErrInvalid)
	}
	_, err := s.List(ctx, store.Query{Kind: "note", After: "!"})
	want(t, err, store.ErrCursor)
	create(t, s, note(t, "second", 2))
	page, err := s.List(ctx, store.Query{Kind: "note", Limit: 1, Sort: "amount"})
	if err != nil || page.Next == "" {
		t.Fatalf("page %+v, %v", page, err)
	}
	_, err = s.List(ctx, store.Query{Kind: "note", Limit: 1, Sort: "amount", Descending: true, After: page.Next})
	want(t, err, store.ErrCursor)
	for _, query := range []store.SumQuery{{Kind: "note", Field: "status"}, {Kind: "note", Field: "due"}, {Kind: "note", Field: "count", By: "id"}} {
		_, err := s.Sum(ctx, query)
		want(t, err, store.ErrInvalid)
	}
}

func testImmutable(t *testing.T, db Database) {
	ctx := context.Background()
	s := open(t, db, NewClock())
	fact := store.Draft{Kind: "fact", ID: "f", Body: []byte(`{}`)}
	before := create(t, s, fact)
	_, err := s.Update(ctx, "fact", "f", 1, by, func(r store.Record) (store.Draft, error) { return r.Draft(), nil })
	want(t, err, store.ErrImmutable)
	_, err = s.Create(ctx, fact, by)
	want(t, err, store.ErrExists)
	want(t, s.Delete(ctx, "fact", "f", 1), store.ErrImmutable)
	after, err := s.Get(ctx, "fact", "f")
	if difference := cmp.Diff(before, after, values); err != nil || difference != "" {
		t.Errorf("%v\n%s", err, difference)
	}
}

func testPerishable(t *testing.T, db Database) {
	ctx := context.Background()
	s := open(t, db, NewClock())
	create(t, s, store.Draft{Kind: "ticket", ID: "t", Body: []byte(`{}`)})
	for range 40 {
		if _, err := s.Update(ctx, "ticket", "t", 0, by, func(r store.Record) (store.Draft, error) { return r.Draft(), nil }); err != nil {
			t.Fatal(err)
		}
	}
	trail, err := s.Trail(ctx, "ticket", "t")
	if err != nil || len(trail) != 1 || trail[0].Version != 41 {
		t.Fatalf("a brief trail holds the newest entry only: %+v, %v", trail, err)
	}
	verify(t, s)
	want(t, s.Delete(ctx, "ticket", "t", 40), store.ErrConflict)
	if err := s.Delete(ctx, "ticket", "t", 41); err != nil {
		t.Fatal(err)
	}
	want(t, s.Delete(ctx, "ticket", "t", 0), store.ErrNotFound)

	// Ensure an id and its unique value can be used again, with a trail that begins anew.
	pass := store.Draft{Kind: "pass", ID: "p", Body: []byte(`{}`), Fields: store.Fields{"secret": store.Text("s")}}
	create(t, s, pass)
	for range 20 {
		if _, err := s.Update(ctx, "pass", "p", 0, by, func(r store.Record) (store.Draft, error) { return r.Draft(), nil }); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Delete(ctx, "pass", "p", 0); err != nil {
		t.Fatal(err)
	}
	create(t, s, pass)
	if report := verify(t, s); report.Records != 1 || report.Entries != 1 {
		t.Errorf("report %+v", report)
	}
}

func testUnique(t *testing.T, db Database) {
	ctx := context.Background()
	s := open(t, db, NewClock())
	named := func(id, name string) store.Draft {
		draft := note(t, id, 1)
		draft.Fields["name"] = store.Text(name)
		return draft
	}
	create(t, s, named("a", "王"))
	create(t, s, named("b", ""))
	create(t, s, named("c", "")) // No name is no claim.
	create(t, s, named("d", "=c"))
	_, err := s.Create(ctx, named("e", "王"), by)
	if told := want(t, err, store.ErrDuplicate); told.Field != "name" {
		t.Errorf("the refusal names field %q", told.Field)
	}
	_, err = s.Update(ctx, "note", "b", 0, by, func(store.Record) (store.Draft, error) { return named("b", "王"), nil })
	want(t, err, store.ErrDuplicate)
	// Ensure case and script matter: uniqueness is by bytes.
	create(t, s, named("f", "wang"))
	create(t, s, named("g", "Wang"))
	// Ensure a value that is given up can be taken.
	if _, err := s.Update(ctx, "note", "a", 0, by, func(store.Record) (store.Draft, error) { return named("a", "赵"), nil }); err != nil {
		t.Fatal(err)
	}
	create(t, s, named("e", "王"))
	wins := 0
	errs := make([]error, 16)
	together(t, 16, func(i int) error {
		_, errs[i] = s.Create(ctx, named("race"+name(i), "同名"), by)
		if errors.Is(errs[i], store.ErrDuplicate) {
			return nil
		}
		return errs[i]
	})
	for _, err := range errs {
		if err == nil {
			wins++
		}
	}
	if wins != 1 {
		t.Errorf("%d records carry one unique value", wins)
	}
	verify(t, s)
}
