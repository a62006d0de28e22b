package storetest

import (
	"bytes"
	"context"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"zutuan/internal/money"
	"zutuan/internal/store"
)

func testTextOrder(t *testing.T, db Database) {
	s := open(t, db, NewClock())
	// In order of code points: U+0020, 0030, 005A, 0061, 00C4, 0101, 4E00, 4E2D, 7532, FF1A, 20000. By UTF-16 units the
	// last two would change places, by pinyin or without case many.
	ordered := []string{" ", "0", "Z", "Zz", "a", "Ä", "ā", "一", "中", "中心", "甲", "\uff1a", "𠀀"}
	for i, text := range ordered {
		draft := note(t, text, i)
		draft.Fields["status"] = store.Text(text)
		draft.Region = text
		create(t, s, draft)
	}
	for _, sort := range []string{"id", "status", "region"} {
		if difference := cmp.Diff(ordered, ids(t, s, store.Query{Kind: "note", Sort: sort, Limit: 3})); difference != "" {
			t.Errorf("by %s (-want +got):\n%s", sort, difference)
		}
		reverse := slices.Clone(ordered)
		slices.Reverse(reverse)
		if difference := cmp.Diff(reverse, ids(t, s, store.Query{Kind: "note", Sort: sort, Descending: true, Limit: 4})); difference != "" {
			t.Errorf("by %s, descending (-want +got):\n%s", sort, difference)
		}
	}
	found := ids(t, s, store.Query{Kind: "note", Sort: "status", Where: []store.Filter{store.Between("status", store.Text("Z"), store.Text("中心"))}})
	if difference := cmp.Diff([]string{"Z", "Zz", "a", "Ä", "ā", "一", "中"}, found); difference != "" {
		t.Errorf("a range (-want +got):\n%s", difference)
	}
	if found := ids(t, s, store.Query{Kind: "note", Where: []store.Filter{store.Equal("status", store.Text("z"))}}); len(found) != 0 {
		t.Errorf("case is ignored: %v", found)
	}
}

func testNumbers(t *testing.T, db Database) {
	ctx := context.Background()
	s := open(t, db, NewClock())
	// 2^53 + 1 is the first whole number that a binary float does not have.
	numbers := []int64{math.MinInt64, -1, 0, 1, 9007199254740992, 9007199254740993, math.MaxInt64 - 1, math.MaxInt64}
	for i, number := range numbers {
		draft := note(t, name(i), i)
		draft.Fields = store.Fields{"amount": store.Amount(money.Amount(number)), "status": store.Text([]string{"甲", "乙"}[i%2])}
		create(t, s, draft)
	}
	page, err := s.List(ctx, store.Query{Kind: "note", Sort: "amount"})
	if err != nil {
		t.Fatal(err)
	}
	var back []int64
	for _, record := range page.Records {
		back = append(back, record.Fields["amount"].Number())
	}
	if difference := cmp.Diff(numbers, back); difference != "" {
		t.Errorf("in order (-want +got):\n%s", difference)
	}
	for i, number := range numbers {
		if found := ids(t, s, store.Query{Kind: "note", Where: []store.Filter{store.Equal("amount", store.Amount(money.Amount(number)))}}); !slices.Equal(found, []string{name(i)}) {
			t.Errorf("%d finds %v", number, found)
		}
	}
	from := store.AtLeast("amount", store.Amount(9007199254740993))
	if count, err := s.Count(ctx, "note", []store.Filter{from}); err != nil || count != 3 {
		t.Errorf("counted %d, %v", count, err)
	}
	testSums(t, s, from)
}

// testSums adds up what testNumbers wrote: 甲 has -2^63, 0, 2^53 and 2^63-2, 乙 has -1, 1, 2^53+1 and 2^63-1.
func testSums(t *testing.T, s store.Store, large store.Filter) {
	ctx := context.Background()
	// -2^63 + 2^53 + 2^63 - 2 = 2^53 - 2, though -2^63 alone or 2^53 + 2^63 - 2 in between leave what is allowed.
	groups, err := s.Sum(ctx, store.SumQuery{Kind: "note", Field: "amount", Where: []store.Filter{store.Equal("status", store.Text("甲"))}})
	if difference := cmp.Diff([]store.Group{{By: store.Text(""), Count: 4, Sum: 9007199254740990}}, groups, values); err != nil || difference != "" {
		t.Errorf("%v (-want +got):\n%s", err, difference)
	}
	_, err = s.Sum(ctx, store.SumQuery{Kind: "note", Field: "amount", Where: []store.Filter{large}})
	want(t, err, store.ErrOverflow)
	_, err = s.Sum(ctx, store.SumQuery{Kind: "note", Field: "amount", By: "status"})
	want(t, err, store.ErrOverflow)
	small := store.Less("amount", store.Amount(9007199254740993))
	groups, err = s.Sum(ctx, store.SumQuery{Kind: "note", Field: "amount", By: "status", Where: []store.Filter{small, store.AtLeast("amount", store.Amount(-1))}})
	// 乙 (U+4E59) stands before 甲 (U+7532): -1 + 1 = 0 and 0 + 2^53.
	expected := []store.Group{{By: store.Text("乙"), Count: 2, Sum: 0}, {By: store.Text("甲"), Count: 2, Sum: 9007199254740992}}
	if difference := cmp.Diff(expected, groups, values); err != nil || difference != "" {
		t.Errorf("%v (-want +got):\n%s", err, difference)
	}
	if groups, err := s.Sum(ctx, store.SumQuery{Kind: "note", Field: "amount", Where: []store.Filter{store.Regions(nil)}}); err != nil || len(groups) != 0 {
		t.Errorf("nothing to add: %v, %v", groups, err)
	}
}

func testDecimals(t *testing.T, db Database) {
	ctx := context.Background()
	s := open(t, db, NewClock())
	text := []byte(`{"a":"0.10","b":"0.1","c":"100000000000000000000000000.000000000000000000001","d":1.50,"e":1e3,"f":-0.0,"g":9007199254740993}`)
	draft := store.Draft{Kind: "note", ID: "d", Body: text}
	ratio, err := store.Ratio(decimal.RequireFromString("1.2345675"))
	if err != nil || ratio.Number() != 1_234_568 {
		t.Fatalf("half away from zero: %d, %v", ratio.Number(), err)
	}
	draft.Fields = store.Fields{"ratio": ratio}
	create(t, s, draft)
	record, err := s.Get(ctx, "note", "d")
	if err != nil || !bytes.Equal(record.Body, text) {
		t.Errorf("came back as %s, %v", record.Body, err)
	}
	if found := ids(t, s, store.Query{Kind: "note", Where: []store.Filter{store.Equal("ratio", ratio)}}); len(found) != 1 {
		t.Errorf("found %v", found)
	}
	if _, err := store.Ratio(decimal.RequireFromString("9223372036855")); err == nil {
		t.Error("a ratio of more than 2^63 millionths was taken")
	}
}

func testTimes(t *testing.T, db Database) {
	s := open(t, db, NewClock())
	china := time.FixedZone("CST", 8*3600)
	moments := []time.Time{
		time.Date(1949, 10, 1, 15, 0, 0, 0, china), // before 1970
		{}, // not given, which sorts where 1970 begins
		time.Date(2026, 6, 30, 23, 59, 59, 999_999_999, time.UTC),
		time.Date(2026, 7, 1, 8, 0, 0, 0, china),
		time.Date(2026, 7, 1, 0, 0, 0, 1_000_000, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	}
	for i, moment := range moments {
		draft := note(t, name(len(moments)-i), i)
		draft.Fields = store.Fields{"due": store.Time(moment)}
		create(t, s, draft)
	}
	page, err := s.List(context.Background(), store.Query{Kind: "note", Sort: "due"})
	if err != nil || len(page.Records) != len(moments) {
		t.Fatalf("%d records, %v", len(page.Records), err)
	}
	for i, record := range page.Records {
		expected := moments[i]
		if !expected.IsZero() {
			expected = expected.Truncate(time.Millisecond)
		}
		if got := record.Fields["due"].Time(); !got.Equal(expected) || got.Location() != time.UTC {
			t.Errorf("moment %d came back as %v, want %v", i, got, expected.UTC())
		}
	}
	midnight := store.Between("due", store.Time(moments[3]), store.Time(moments[4]))
	if found := ids(t, s, store.Query{Kind: "note", Where: []store.Filter{midnight}}); !slices.Equal(found, []string{name(3)}) {
		t.Errorf("from midnight, less a millisecond later: %v", found)
	}
}

func testLargeBody(t *testing.T, db Database) {
	ctx := context.Background()
	s := open(t, db, NewClock())
	large := func(size int) []byte { return []byte(`"` + strings.Repeat("x", size-2) + `"`) }
	_, err := s.Create(ctx, store.Draft{Kind: "note", ID: "large", Body: large(store.MaxBodyBytes + 1)}, by)
	want(t, err, store.ErrTooLarge)
	create(t, s, store.Draft{Kind: "note", ID: "large", Body: large(store.MaxBodyBytes)})
	for range 3 {
		if _, err := s.Update(ctx, "note", "large", 0, by, func(r store.Record) (store.Draft, error) {
			next := r.Draft()
			next.Body = bytes.Clone(next.Body)
			next.Body[1]++
			return next, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	record, err := s.Get(ctx, "note", "large")
	if err != nil || len(record.Body) != store.MaxBodyBytes || record.Body[1] != 'x'+3 {
		t.Errorf("%d bytes came back, %v", len(record.Body), err)
	}
	page, err := s.List(ctx, store.Query{Kind: "note", WithoutBody: true})
	if err != nil || len(page.Records) != 1 || page.Records[0].Body != nil {
		t.Errorf("a list without bodies holds them: %v", err)
	}
	verify(t, s)
}
