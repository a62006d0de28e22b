package lp

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// everyKind has one of each kind of bound, row and number.
func everyKind() *Model {
	m := NewModel("融资方案\nsecond line")
	m.Offset = 2.5
	a := m.AddColumn("提款[GK-01,2026Q3]", 0, Inf(), 0.1)
	b := m.AddColumn("free", math.Inf(-1), Inf(), 0)
	c := m.AddColumn("from below", math.Inf(-1), -5, -1)
	use := m.AddBinary("use", 10)
	n := m.AddInteger("n", 2, Inf(), 0)
	m.AddColumn("alone", 1, 3, 0)
	m.AddEqual("e", Of(Term{a, 1}, Term{b, -1.0 / 3}), 7)
	m.AddAtMost("l", Of(Term{a, 1}, Term{use, -80}), 0)
	m.AddAtLeast("g", Sum(c, n), -4)
	m.AddRow("range", -1, Sum(b, c), 6)
	m.AddRow("unbounded", math.Inf(-1), Sum(a), Inf())
	m.AddAtMost("empty", Expression{}, 3)
	return m
}

func TestMPSWritesEveryBoundAndHidesNames(t *testing.T) {
	const want = `* 融资方案 second line: 6 columns, 6 rows
* c1 = 提款[GK-01,2026Q3]
* c2 = free
* c3 = from below
* c4 = use
* c5 = n
* c6 = alone
* r1 = e
* r2 = l
* r3 = g
* r4 = range
* r5 = unbounded
* r6 = empty
NAME model
ROWS
 N cost
 E r1
 L r2
 G r3
 L r4
 N r5
 L r6
COLUMNS
 c1 cost 0.1
 c1 r1 1
 c1 r2 1
 c1 r5 1
 c2 r1 -0.3333333333333333
 c2 r4 1
 c3 cost -1
 c3 r3 1
 c3 r4 1
 M 'MARKER' 'INTORG'
 c4 cost 10
 c4 r2 -80
 c5 r3 1
 M 'MARKER' 'INTEND'
 c6 cost 0
 one cost 2.5
RHS
 rhs r1 7
 rhs r3 -4
 rhs r4 6
 rhs r6 3
RANGES
 range r4 7
BOUNDS
 LO bnd c1 0
 PL bnd c1
 FR bnd c2
 MI bnd c3
 UP bnd c3 -5
 LO bnd c4 0
 UP bnd c4 1
 LO bnd c5 2
 PL bnd c5
 LO bnd c6 1
 UP bnd c6 3
 FX bnd one 1
ENDATA
`
	var text strings.Builder
	if err := everyKind().WriteMPS(&text); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, text.String()); diff != "" {
		t.Error(diff)
	}
}

func TestLPTextWritesRangesAsTwoRows(t *testing.T) {
	const want = `Minimize
 cost: + 0.1 c1 - 1 c3 + 10 c4 + 2.5 one
Subject To
 r1: + 1 c1 - 0.3333333333333333 c2 = 7
 r2_up: + 1 c1 - 80 c4 <= 0
 r3_lo: + 1 c3 + 1 c5 >= -4
 r4_lo: + 1 c2 + 1 c3 >= -1
 r4_up: + 1 c2 + 1 c3 <= 6
 r6_up: + 0 one <= 3
 offset: + 1 one = 1
Bounds
 c1 >= 0
 c2 free
 -inf <= c3 <= -5
 0 <= c4 <= 1
 c5 >= 2
 1 <= c6 <= 3
Generals
 c4
 c5
End
`
	var text strings.Builder
	if err := everyKind().WriteLP(&text); err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(text.String(), "r6 = empty\n")
	if diff := cmp.Diff(want, body); diff != "" {
		t.Error(diff)
	}
}

func TestExportsBreakLongSums(t *testing.T) {
	m := NewModel("m")
	var sum Expression
	for i := range 12 {
		sum.Add(m.AddColumn(strings.Repeat("x", i+1), 0, 1, 1), 1)
	}
	m.AddAtMost("r", sum, 1)
	var text strings.Builder
	if err := m.WriteLP(&text); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(text.String(), "\n") {
		if len(line) > 200 {
			t.Errorf("line of %d characters", len(line))
		}
	}
}

type brokenWriter struct{}

var errDisk = errors.New("disk full")

func (brokenWriter) Write([]byte) (int, error) { return 0, errDisk }

func TestExportsPassOnTheirErrors(t *testing.T) {
	crossed := NewModel("m")
	crossed.AddRow("crossed", 2, Sum(crossed.AddColumn("x", 0, 1, 0)), 1)
	if err := crossed.WriteMPS(new(strings.Builder)); err == nil || !strings.Contains(err.Error(), "crossed") {
		t.Errorf("crossed bounds: %v", err)
	}
	invalid := NewModel("m")
	invalid.AddColumn("x", 0, 1, math.NaN())
	for name, write := range map[string]func() error{
		"invalid MPS": func() error { return invalid.WriteMPS(new(strings.Builder)) },
		"invalid LP":  func() error { return invalid.WriteLP(new(strings.Builder)) },
		"broken MPS":  func() error { return everyKind().WriteMPS(brokenWriter{}) },
		"broken LP":   func() error { return everyKind().WriteLP(brokenWriter{}) },
	} {
		if err := write(); err == nil || strings.HasPrefix(name, "broken") && !errors.Is(err, errDisk) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// No name, whatever it holds, may change what an export says: only comment lines carry names.
func FuzzNamesStayInComments(f *testing.F) {
	f.Add("提款[GK-01,2026Q3]", "现金")
	f.Add("x\nENDATA", "\r\n BOUNDS")
	f.Add("\u2028 UP bnd c1 0", "\\ \x85\x00")
	statements := func(t *testing.T, column, row string) string {
		m := NewModel(column + row)
		m.AddAtMost("r"+row, Sum(m.AddColumn("c"+column, 0, 1, 1)), 1)
		var mps, text strings.Builder
		if err := m.WriteMPS(&mps); err != nil {
			t.Fatal(err)
		}
		if err := m.WriteLP(&text); err != nil {
			t.Fatal(err)
		}
		var kept []string
		for _, line := range strings.FieldsFunc(mps.String()+text.String(), func(r rune) bool { return strings.ContainsRune("\n\r\v\f\u0085\u2028\u2029", r) }) {
			if !strings.HasPrefix(line, "*") && !strings.HasPrefix(line, "\\") {
				kept = append(kept, line)
			}
		}
		return strings.Join(kept, "\n")
	}
	f.Fuzz(func(t *testing.T, column, row string) {
		if diff := cmp.Diff(statements(t, "", ""), statements(t, column, row)); diff != "" {
			t.Error(diff)
		}
	})
}
