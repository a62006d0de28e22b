package quarter

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestQuartersRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := New(rapid.IntRange(1950, 2199).Draw(t, "year"), rapid.IntRange(1, 4).Draw(t, "number"))
		back, err := Parse(q.String())
		if err != nil || back != q {
			t.Fatalf("%s reads back as %s (%v)", q, back, err)
		}
		count := rapid.IntRange(-400, 400).Draw(t, "count")
		if q.Add(count).Since(q) != count {
			t.Fatalf("%s plus %d is %d later", q, count, q.Add(count).Since(q))
		}
		for _, day := range []time.Time{q.FirstDay(), q.LastDay()} {
			if Of(day) != q {
				t.Fatalf("%s is in %s, not in %s", day, Of(day), q)
			}
		}
		if Of(q.FirstDay().AddDate(0, 0, -1)) != q.Add(-1) || Of(q.LastDay().AddDate(0, 0, 1)) != q.Add(1) {
			t.Fatalf("%s does not run from %s to %s", q, q.FirstDay(), q.LastDay())
		}
	})
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{"", "2026", "2026Q", "2026Q0", "2026Q5", "2026q1", "2026-Q1", "26Q1", "1949Q4", "2200Q1", "20 6Q1", "2026Q1 ", "２０２６Q1", "2026Q11", "+026Q1"} {
		if q, err := Parse(text); err != ErrFormat {
			t.Errorf("%q reads as %s (%v)", text, q, err)
		}
	}
}

func TestDaysOfAQuarter(t *testing.T) {
	for text, want := range map[string][2]string{
		"2024Q1": {"2024-01-01", "2024-03-31"}, "2026Q2": {"2026-04-01", "2026-06-30"}, "2026Q3": {"2026-07-01", "2026-09-30"}, "2026Q4": {"2026-10-01", "2026-12-31"},
	} {
		q := Must(text)
		if first, last := q.FirstDay().Format(time.DateOnly), q.LastDay().Format(time.DateOnly); first != want[0] || last != want[1] {
			t.Errorf("%s runs from %s to %s", text, first, last)
		}
		if q.FirstDay().Location() != time.UTC {
			t.Errorf("%s is not in UTC", text)
		}
	}
}

func TestParts(t *testing.T) {
	q := Must("2026Q3")
	if q.Year() != 2026 || q.Number() != 3 || q.Add(2).String() != "2027Q1" || q.Add(-3).String() != "2025Q4" {
		t.Errorf("%d %d %s %s", q.Year(), q.Number(), q.Add(2), q.Add(-3))
	}
}

// A quarter that is not given is written as nothing and read back as not given, so that optional quarters survive a store.
func TestNotGiven(t *testing.T) {
	type record struct{ A, B Quarter }
	text, err := json.Marshal(record{A: Must("2026Q1")})
	if err != nil || string(text) != `{"A":"2026Q1","B":""}` {
		t.Fatalf("%s (%v)", text, err)
	}
	back := record{B: Must("1999Q1")}
	if err := json.Unmarshal(text, &back); err != nil || back.A != Must("2026Q1") || back.B != 0 {
		t.Errorf("%+v (%v)", back, err)
	}
	if err := json.Unmarshal([]byte(`{"A":"2026Q9"}`), &back); err == nil || back.A != Must("2026Q1") {
		t.Errorf("a bad quarter gives %v and leaves %s", err, back.A)
	}
}

func TestMustPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("Must accepts 2026Q9")
		}
	}()
	Must("2026Q9")
}
