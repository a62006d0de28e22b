package lp

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"zutuan/internal/document"
)

func TestExpressionMergesColumnsInOrderAndDropsWhatCancels(t *testing.T) {
	var e Expression
	e.Add(3, 2)
	e.Add(1, 0.1)
	e.Add(3, -0.5)
	e.Add(2, 7)
	e.Add(2, -7)
	// 0.1+0.2-0.3 is 5.6e-17 in float64: a residue, not a coefficient.
	e.Add(0, 0.1)
	e.Add(0, 0.2)
	e.Add(0, -0.3)
	want := []Term{{Column: 1, Coefficient: 0.1}, {Column: 3, Coefficient: 1.5}}
	if diff := cmp.Diff(want, e.Terms()); diff != "" {
		t.Error(diff)
	}
}

func TestExpressionKeepsSmallCoefficientsBesideLargeOnesOfOtherColumns(t *testing.T) {
	terms := Of(Term{0, 1e6}, Term{1, 1e-10}).Terms()
	if diff := cmp.Diff([]Term{{0, 1e6}, {1, 1e-10}}, terms); diff != "" {
		t.Error(diff)
	}
}

func TestScaledSumsAddConstantsAndTerms(t *testing.T) {
	a := Sum(0, 1)
	a.AddConstant(5)
	var b Expression
	b.AddScaled(a, -2)
	b.Add(0, 3)
	if diff := cmp.Diff([]Term{{0, 1}, {1, -2}}, b.Terms()); diff != "" || b.Constant != -10 {
		t.Errorf("constant %g, terms differ: %s", b.Constant, diff)
	}
	// 1×7 - 2×11 - 10 = -25
	if got := b.Value([]float64{7, 11}); got != -25 {
		t.Errorf("value = %g", got)
	}
}

func TestRowTakesTheConstantIntoItsBounds(t *testing.T) {
	m := NewModel("m")
	x := m.AddColumn("x", 0, Inf(), 0)
	e := Sum(x)
	e.AddConstant(100)
	row := m.Row(m.AddRow("r", 120, e, 150))
	if row.Lower != 20 || row.Upper != 50 {
		t.Errorf("bounds %g to %g, want 20 to 50", row.Lower, row.Upper)
	}
	if open := m.Row(m.AddAtMost("open", e, 150)); !math.IsInf(open.Lower, -1) || open.Upper != 50 {
		t.Errorf("bounds %g to %g, want -Inf to 50", open.Lower, open.Upper)
	}
}

func TestSwitchedExpressionIsZeroOrWithinItsRange(t *testing.T) {
	m := NewModel("m")
	x, use := m.AddColumn("x", 0, Inf(), 0), m.AddBinary("use", 0)
	atLeast, atMost := m.AddSwitched("size", Sum(x), use, 30, 80)
	allowed := func(values ...float64) bool {
		low, high := m.Row(atLeast), m.Row(atMost)
		return m.Activity(atLeast, values) >= low.Lower && m.Activity(atMost, values) <= high.Upper
	}
	for _, c := range []struct {
		name   string
		values []float64
		want   bool
	}{
		{"nothing when not used", []float64{0, 0}, true},
		{"something when not used", []float64{1, 0}, false},
		{"below the minimum", []float64{29, 1}, false},
		{"at the minimum", []float64{30, 1}, true},
		{"at the maximum", []float64{80, 1}, true},
		{"above the maximum", []float64{81, 1}, false},
	} {
		if got := allowed(c.values...); got != c.want {
			t.Errorf("%s: allowed = %v", c.name, got)
		}
	}
}

func TestCloneAndItsDerivativesLeaveTheModelAlone(t *testing.T) {
	m := NewModel("m")
	x, n := m.AddColumn("x", 0, 10, 2), m.AddInteger("n", 0, 5, 3)
	r := m.AddAtMost("r", Sum(x, n), 8)
	var before strings.Builder
	if err := m.WriteMPS(&before); err != nil {
		t.Fatal(err)
	}
	clone := m.Clone()
	clone.Fix(x, 1)
	clone.SetRowBounds(r, 0, 1)
	clone.ClearCosts()
	clone.AddColumn("y", 0, 1, 1)
	m.Relaxed().SetCost(n, 9)
	m.Restrict([]string{"r"}, nil).AddCost(Sum(x), 1)
	fixed := m.FixIntegers([]float64{1, 2.9999999})
	if column := fixed.Column(n); column.Integer || column.Lower != 3 || column.Upper != 3 {
		t.Errorf("decision is not held at 3: %+v", column)
	}
	if column := fixed.Column(x); column.Upper != 10 {
		t.Errorf("an ordinary column was held: %+v", column)
	}
	var after strings.Builder
	if err := m.WriteMPS(&after); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before.String(), after.String()); diff != "" {
		t.Error(diff)
	}
}

func TestNamesFindTheirColumnsAndRows(t *testing.T) {
	m := NewModel("m")
	m.AddColumn("提款[GK-01,2026Q3]", 0, 1, 0)
	second := m.AddColumn("提款[GK-01,2026Q4]", 0, 1, 0)
	row := m.AddEqual("现金[2026Q4]", Sum(second), 1)
	if id, found := m.FindColumn("提款[GK-01,2026Q4]"); !found || id != second {
		t.Errorf("found %v, %v", id, found)
	}
	if id, found := m.FindRow("现金[2026Q4]"); !found || id != row {
		t.Errorf("found %v, %v", id, found)
	}
	if _, found := m.FindColumn("现金[2026Q4]"); found {
		t.Error("a row was found among the columns")
	}
}

func TestValidateReportsEveryMistakeWithItsPlace(t *testing.T) {
	m := NewModel("m")
	x := m.AddColumn("x", 0, math.NaN(), 1)
	m.AddColumn("x", 0, 1, math.Inf(1))
	m.AddColumn("low", Inf(), Inf(), 0)
	m.AddAtMost("r", Of(Term{x, 1e14}), 1)
	m.AddAtMost("r", Of(Term{99, 1}), 1)
	m.AddRow("", 0, Sum(x), math.Inf(-1))
	problems, ok := m.Validate().(document.Problems)
	if !ok {
		t.Fatalf("got %v", m.Validate())
	}
	var got []string
	for _, problem := range problems {
		got = append(got, problem.Path+" "+problem.Code)
		if problem.ZH == "" || problem.EN == "" {
			t.Errorf("%s is not said in both languages", problem.Path)
		}
	}
	want := []string{
		"column x duplicate_name", "row r duplicate_name", "column x number", "column x number", "column low number",
		"row r number", "row r unknown_column", "row  missing_name", "row  number",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestValidateAcceptsOpenAndCrossedBounds(t *testing.T) {
	m := NewModel("m")
	x := m.AddColumn("x", math.Inf(-1), Inf(), -1)
	m.AddRow("free", math.Inf(-1), Sum(x), Inf())
	m.AddRow("crossed", 2, Sum(x), 1)
	if err := m.Validate(); err != nil {
		t.Error(err)
	}
}

func TestCrossedNamesLimitsThatAreImpossibleAlone(t *testing.T) {
	m := NewModel("m")
	x := m.AddColumn("x", 0, 1, 0)
	m.AddColumn("crossed column", 3, 2, 0)
	m.AddInteger("no whole number between", 1.2, 1.8, 0)
	m.AddInteger("whole number", 1.2, 2, 0)
	m.AddRow("crossed row", 5, Sum(x), 4)
	m.AddAtLeast("empty and positive", Expression{}, 1)
	m.AddAtLeast("empty and harmless", Expression{}, 0)
	rows, columns := m.Crossed()
	if diff := cmp.Diff([]string{"crossed row", "empty and positive"}, rows); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"crossed column", "no whole number between"}, columns); diff != "" {
		t.Error(diff)
	}
}

// The value of an expression must not depend on whether and how its terms were merged.
func TestMergingTermsKeepsTheValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-1e4, 1e4), 5, 5).Draw(t, "values")
		var e Expression
		for range rapid.IntRange(0, 20).Draw(t, "terms") {
			e.Add(ColumnID(rapid.IntRange(0, 4).Draw(t, "column")), rapid.Float64Range(-1e4, 1e4).Draw(t, "coefficient"))
		}
		merged := e.Terms()
		for i := 1; i < len(merged); i++ {
			if merged[i].Column <= merged[i-1].Column {
				t.Fatalf("terms out of order: %v", merged)
			}
		}
		if got, want := Of(merged...).Value(values), e.Value(values); math.Abs(got-want) > 1e-6 {
			t.Fatalf("merged %g, unmerged %g", got, want)
		}
	})
}
