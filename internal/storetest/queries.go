package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"zutuan/internal/money"
	"zutuan/internal/store"
)

// fill writes records whose index values repeat often, so that ties are common.
func fill(t testing.TB, s store.Store, clock *Clock, count int) []store.Record {
	regions, statuses := []string{"", "451481", "451400", "530000"}, []string{"", "draft", "草稿", "Draft"}
	records := make([]store.Record, count)
	for i := range records {
		draft := note(t, name(i*7919%count), i%3)
		draft.Region = regions[i*5%4]
		draft.Fields["status"] = store.Text(statuses[i*3/2%4])
		draft.Fields["amount"] = store.Amount(money.Amount(i*i%11 - 5))
		draft.Fields["due"] = store.Time(time.UnixMilli(int64(i % 5)))
		draft.Fields["done"] = store.Bool(i%3 == 0)
		records[i] = create(t, s, draft)
		if i%4 == 0 {
			clock.Add(time.Millisecond)
		}
	}
	return records
}

// drawn is a value that some record may have.
func drawn(t *rapid.T, kind store.Kind, name string) store.Value {
	field, _, _ := kind.Column(name)
	switch field.Type {
	case store.FieldText:
		return store.Text(rapid.SampledFrom([]string{"", "451481", "451400", "530000", "draft", "草稿", "Draft", "n0010", "n0025"}).Draw(t, "text"))
	case store.FieldBool:
		return store.Bool(rapid.Bool().Draw(t, "bool"))
	case store.FieldTime:
		if name == "due" {
			return store.Time(time.UnixMilli(rapid.Int64Range(0, 5).Draw(t, "due")))
		}
		return store.Time(NewClock().Now().Add(time.Duration(rapid.IntRange(0, 12).Draw(t, "ms")) * time.Millisecond))
	}
	return store.Stored(field.Type, "", rapid.Int64Range(-6, 6).Draw(t, "number"))
}

func drawnFilter(t *rapid.T, kind store.Kind) store.Filter {
	field := rapid.SampledFrom([]string{"id", "region", "status", "amount", "due", "done", "count", "updated", "version"}).Draw(t, "field")
	switch rapid.IntRange(0, 3).Draw(t, "sort of filter") {
	case 0:
		return store.Equal(field, drawn(t, kind, field))
	case 1:
		var list []store.Value
		for range rapid.IntRange(0, 4).Draw(t, "values") {
			list = append(list, drawn(t, kind, field))
		}
		return store.OneOf(field, list)
	case 2:
		return store.AtLeast(field, drawn(t, kind, field))
	}
	return store.Less(field, drawn(t, kind, field))
}

// matches is what a filter means, said once more and as plainly as possible.
func matches(kind store.Kind, record store.Record, filter store.Filter) bool {
	field, _, _ := kind.Column(filter.Field)
	value := record.Value(field)
	in := filter.In == nil
	for _, one := range filter.In {
		in = in || value.Compare(one) == 0
	}
	return in && (filter.From == nil || value.Compare(*filter.From) >= 0) && (filter.Below == nil || value.Compare(*filter.Below) < 0)
}

// testQueries asks random questions and answers them from memory as well.
func testQueries(t *testing.T, db Database) {
	clock := NewClock()
	s := open(t, db, clock)
	records := fill(t, s, clock, 45)
	kind := Kinds()[0]
	rapid.Check(t, func(rt *rapid.T) {
		query := store.Query{Kind: "note", Descending: rapid.Bool().Draw(rt, "descending"), Limit: rapid.IntRange(1, 20).Draw(rt, "limit"),
			Sort: rapid.SampledFrom([]string{"", "region", "status", "amount", "due", "done", "updated", "created", "version"}).Draw(rt, "sort")}
		for range rapid.IntRange(0, 3).Draw(rt, "filters") {
			query.Where = append(query.Where, drawnFilter(rt, kind))
		}
		expected := answer(kind, records, query)
		if difference := cmp.Diff(expected, ids(t, s, query)); difference != "" {
			rt.Fatalf("%+v (-want +got):\n%s", query, difference)
		}
		count, err := s.Count(context.Background(), "note", query.Where)
		if err != nil || int(count) != len(expected) {
			rt.Fatalf("counted %d of %d, %v", count, len(expected), err)
		}
		checkSum(rt, s, kind, records, query.Where)
	})
}

func answer(kind store.Kind, records []store.Record, query store.Query) []string {
	sort := query.Sort
	if sort == "" {
		sort = "id"
	}
	field, _, _ := kind.Column(sort)
	var kept []store.Record
	for _, record := range records {
		if !slices.ContainsFunc(query.Where, func(f store.Filter) bool { return !matches(kind, record, f) }) {
			kept = append(kept, record)
		}
	}
	slices.SortFunc(kept, func(a, b store.Record) int {
		order := a.Value(field).Compare(b.Value(field))
		if order == 0 {
			order = store.Text(a.ID).Compare(store.Text(b.ID))
		}
		if query.Descending {
			return -order
		}
		return order
	})
	var found []string
	for _, record := range kept {
		found = append(found, record.ID)
	}
	return found
}

func checkSum(rt *rapid.T, s store.Store, kind store.Kind, records []store.Record, where []store.Filter) {
	by := rapid.SampledFrom([]string{"region", "status", "done", "due"}).Draw(rt, "by")
	field, _, _ := kind.Column(by)
	var expected []store.Group
	for _, record := range records {
		if slices.ContainsFunc(where, func(f store.Filter) bool { return !matches(kind, record, f) }) {
			continue
		}
		value := record.Value(field)
		place := slices.IndexFunc(expected, func(g store.Group) bool { return g.By.Compare(value) == 0 })
		if place < 0 {
			place = len(expected)
			expected = append(expected, store.Group{By: value})
		}
		expected[place].Count++
		expected[place].Sum += record.Fields["amount"].Number()
	}
	slices.SortFunc(expected, func(a, b store.Group) int { return a.By.Compare(b.By) })
	groups, err := s.Sum(context.Background(), store.SumQuery{Kind: "note", Field: "amount", By: by, Where: where})
	if difference := cmp.Diff(expected, groups, values, cmp.Transformer("empty", func(g []store.Group) []store.Group { return append([]store.Group{}, g...) })); err != nil || difference != "" {
		rt.Fatalf("sum by %s: %v (-want +got):\n%s", by, err, difference)
	}
}

// testPaging writes in front of and behind every page that was read: what was there from the start is seen once.
func testPaging(t *testing.T, db Database) {
	for _, descending := range []bool{false, true} {
		clock := NewClock()
		s := open(t, db, clock)
		prefix := fmt.Sprint(descending)
		var expected []string
		for i := range 12 {
			draft := note(t, prefix+name(i), 0)
			draft.Region = prefix
			draft.Fields["amount"] = store.Amount(money.Amount(i / 4 * 10))
			expected = append(expected, create(t, s, draft).ID)
		}
		query := store.Query{Kind: "note", Sort: "amount", Descending: descending, Limit: 3, Where: []store.Filter{store.Equal("region", store.Text(prefix))}}
		seen := map[string]int{}
		for page := 0; ; page++ {
			got, err := s.List(context.Background(), query)
			if err != nil {
				t.Fatal(err)
			}
			for _, record := range got.Records {
				seen[record.ID]++
			}
			if got.Next == "" {
				break
			}
			query.After = got.Next
			for i, amount := range []money.Amount{-5, 0, 5, 25} {
				draft := note(t, fmt.Sprintf("%sx%d-%d", prefix, page, i), 0)
				draft.Region = prefix
				draft.Fields["amount"] = store.Amount(amount)
				create(t, s, draft)
			}
			if page > 100 {
				t.Fatal("the pages do not end")
			}
		}
		for _, id := range expected {
			if seen[id] != 1 {
				t.Errorf("descending %v: %s was seen %d times", descending, id, seen[id])
			}
		}
	}
}

// testNewField opens the database with a later release's kinds.
func testNewField(t *testing.T, db Database) {
	clock := NewClock()
	earlier := open(t, db, clock)
	create(t, earlier, note(t, "old", 1))
	kinds := Kinds()
	kinds[0].Fields = append(kinds[0].Fields, store.Field{Name: "pinyin", Type: store.FieldText}, store.Field{Name: "rank", Type: store.FieldCount},
		store.Field{Name: "code", Type: store.FieldText, Unique: true})
	kinds[0].Lists = append(kinds[0].Lists, []string{"rank"}, []string{"pinyin", "rank"})
	later := db.Open(t, kinds, clock.Now, nil)
	create(t, later, note(t, "older", 1))
	draft := note(t, "new", 1)
	draft.Fields["rank"], draft.Fields["pinyin"], draft.Fields["code"] = store.Count(-1), store.Text("xin"), store.Text("c")
	create(t, later, draft)
	if found := ids(t, later, store.Query{Kind: "note", Sort: "rank"}); !slices.Equal(found, []string{"new", "old", "older"}) {
		t.Errorf("by a field that older records do not have: %v", found)
	}
	if found := ids(t, later, store.Query{Kind: "note", Where: []store.Filter{store.Equal("pinyin", store.Text(""))}}); !slices.Equal(found, []string{"old", "older"}) {
		t.Errorf("without the field: %v", found)
	}
	draft.ID = "other"
	_, err := later.Create(context.Background(), draft, by)
	want(t, err, store.ErrDuplicate)
	update(t, later, "old")
	verify(t, later)
	for _, bad := range [][]store.Kind{
		{{Name: "Note"}}, {{Name: "a"}, {Name: "a"}}, {{Name: "a", Fields: []store.Field{{Name: "id", Type: store.FieldText}}}},
		{{Name: "a", Fields: []store.Field{{Name: "x", Type: "float"}}}}, {{Name: "a", Fields: []store.Field{{Name: "x", Type: store.FieldCount, Unique: true}}}},
		{{Name: "a", Lists: [][]string{{"x"}}}}, {{Name: "a", Lists: [][]string{{}}}},
	} {
		if err := store.CheckKinds(bad); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}
