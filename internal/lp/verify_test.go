package lp

import (
	"context"
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// twoLoans is the smallest plan: 1,000 are needed; the cheap loan gives at most 600 at 5 %, the dear one any amount at
// 8 %. By hand: 600×0.05 + 400×0.08 = 62. One more unit of need costs 0.08, one more unit of the cheap loan saves 0.03.
func twoLoans() (m *Model, cheap, dear ColumnID) {
	m = NewModel("two loans")
	cheap, dear = m.AddColumn("cheap", 0, Inf(), 0.05), m.AddColumn("dear", 0, Inf(), 0.08)
	m.AddAtLeast("need", Sum(cheap, dear), 1000)
	m.AddAtMost("limit", Sum(cheap), 600)
	return m, cheap, dear
}

func TestVerifyFindsNothingWrongWithTheHandMadeOptimum(t *testing.T) {
	m, _, _ := twoLoans()
	check := Verify(m, &Solution{Values: []float64{600, 400}, Objective: 62}, 1e-12)
	if !check.OK() || check.MaxAmount > 1e-12 {
		t.Errorf("%+v", check)
	}
}

func TestVerifyNamesWhatIsBroken(t *testing.T) {
	for _, c := range []struct {
		name      string
		values    []float64
		objective float64
		place     string
		amount    float64
	}{
		{"too little for the need", []float64{600, 300}, 54, "row need", 100},
		{"more than the limit", []float64{650, 350}, 60.5, "row limit", 50},
		{"negative loan", []float64{-1, 1001}, 80.03, "column cheap", 1},
		{"wrong objective", []float64{600, 400}, 61, "objective", 1},
		{"not a number", []float64{math.NaN(), 400}, 62, "column cheap", math.Inf(1)},
		{"too few values", []float64{600}, 62, "number of values", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, _, _ := twoLoans()
			check := Verify(m, &Solution{Values: c.values, Objective: c.objective}, 1e-9)
			if check.OK() {
				t.Fatal("nothing was found")
			}
			found := false
			for _, violation := range check.Violations {
				// 650×0.05 and the like are not exact in binary, hence the nearness.
				found = found || violation.Place == c.place && (violation.Amount == c.amount || math.Abs(violation.Amount-c.amount) < 1e-9)
			}
			if !found {
				t.Errorf("want %s off by %g, got %v", c.place, c.amount, check.Violations)
			}
		})
	}
}

func TestVerifyDemandsWholeNumbers(t *testing.T) {
	m := NewModel("m")
	m.AddBinary("use", 1)
	check := Verify(m, &Solution{Values: []float64{0.999}, Objective: 0.999}, 1e-6)
	if check.OK() || check.Violations[0].Place != "column use (whole number)" {
		t.Errorf("%+v", check)
	}
	if tolerated := Verify(m, &Solution{Values: []float64{1 - 1e-9}, Objective: 1 - 1e-9}, 1e-6); !tolerated.OK() || tolerated.MaxAmount == 0 {
		t.Errorf("a violation within tolerance must be measured but not listed: %+v", tolerated)
	}
}

func TestVerifyMeasuresAgainstTheLargestPart(t *testing.T) {
	m := NewModel("m")
	a, b := m.AddColumn("a", 0, Inf(), 0), m.AddColumn("b", 0, Inf(), 0)
	m.AddEqual("difference", Of(Term{a, 1}, Term{b, -1}), 0)
	check := Verify(m, &Solution{Values: []float64{1e6, 1e6 + 0.001}}, 1e-8)
	if !check.OK() || math.Abs(check.MaxAmount-0.001) > 1e-9 || math.Abs(check.MaxRelative-1e-9) > 1e-12 {
		t.Errorf("0.001 between two numbers of 1e6 is 1e-9 relatively: %+v", check)
	}
}

func TestDualBoundOfTheHandMadePricesIsTheOptimum(t *testing.T) {
	m, _, _ := twoLoans()
	// need: 0.08 × 1000 = 80; limit: -0.03 × 600 = -18; together 62, and both reduced costs are 0.
	if got := DualBound(m, []float64{0.08, -0.03}, 0); math.Abs(got-62) > 1e-12 {
		t.Errorf("bound = %g, want 62", got)
	}
	// Worse prices prove less: 0.05 × 1000.
	if got := DualBound(m, []float64{0.05, 0}, 0); math.Abs(got-50) > 1e-12 {
		t.Errorf("bound = %g, want 50", got)
	}
	// A price that asks for more than "dear" costs proves nothing, since there is no limit on "dear".
	if got := DualBound(m, []float64{0.09, 0}, 1e-9); !math.IsInf(got, -1) {
		t.Errorf("bound = %g, want -Inf", got)
	}
}

// Weak duality: whatever the prices, the bound is never above the objective of any allowed point.
func TestDualBoundIsNeverAboveAnAllowedPoint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := func(label string) float64 { return rapid.Float64Range(-50, 50).Draw(t, label) }
		m, point := NewModel("m"), []float64{}
		for i := range rapid.IntRange(1, 5).Draw(t, "columns") {
			x := number("x")
			point = append(point, x)
			m.AddColumn(string(rune('a'+i)), x-math.Abs(number("below")), x+math.Abs(number("above")), number("cost"))
		}
		var prices []float64
		for i := range rapid.IntRange(0, 5).Draw(t, "rows") {
			var e Expression
			for column := range point {
				e.Add(ColumnID(column), number("coefficient"))
			}
			activity := e.Value(point)
			m.AddRow(string(rune('A'+i)), activity-math.Abs(number("below")), e, activity+math.Abs(number("above")))
			prices = append(prices, number("price"))
		}
		if check := Verify(m, &Solution{Values: point, Objective: m.Objective(point)}, 1e-9); !check.OK() {
			t.Fatalf("the point is not allowed: %v", check.Violations)
		}
		if bound, objective := DualBound(m, prices, 0), m.Objective(point); bound > objective+1e-6 {
			t.Fatalf("bound %g is above objective %g", bound, objective)
		}
	})
}

func TestRelativeGapIsZeroForNoiseAndNeverNegative(t *testing.T) {
	for _, c := range []struct{ objective, bound, want float64 }{
		{100, 90, 0.1}, {100, 100, 0}, {100, 100.0001, 0}, {1e6, 1e6 - 1e-5, 0}, {0.5, 0.4, 0.1}, {-200, -220, 0.1},
		{1, math.Inf(-1), math.Inf(1)},
	} {
		if got := RelativeGap(c.objective, c.bound); math.Abs(got-c.want) > 1e-12 && got != c.want {
			t.Errorf("gap of %g above %g = %g, want %g", c.objective, c.bound, got, c.want)
		}
	}
}

// answers is a solver that says what it is told to.
type answers struct {
	solution *Solution
	err      error
	asked    *Model
}

func (a *answers) Solve(_ context.Context, m *Model, _ Options) (*Solution, error) {
	a.asked = m
	return a.solution, a.err
}

func (a *answers) IIS(context.Context, *Model) (rows, columns []string, err error) {
	return nil, nil, ErrFeasible
}

func TestShadowHoldsTheDecisionsAndKeepsTheProvenBound(t *testing.T) {
	m := NewModel("m")
	use := m.AddBinary("use", 10)
	m.AddColumn("x", 0, Inf(), 1)
	solver := &answers{solution: &Solution{Status: StatusOptimal, Objective: 30, Bound: 30, RowDuals: []float64{}}}
	priced, err := Shadow(context.Background(), solver, m, &Solution{Values: []float64{0.9999999, 20}, Bound: 27}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if column := solver.asked.Column(use); column.Lower != 1 || column.Upper != 1 || column.Integer {
		t.Errorf("the decision is not held: %+v", column)
	}
	if priced.Bound != 27 || math.Abs(priced.Gap-0.1) > 1e-12 {
		t.Errorf("bound %g gap %g, want the search's bound 27 and (30-27)/30", priced.Bound, priced.Gap)
	}
}

func TestShadowRefusesWhatHasNoPrices(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		name     string
		solver   answers
		solution Solution
	}{
		{"no point", answers{}, Solution{Status: StatusInfeasible}},
		{"a point of another model", answers{}, Solution{Values: []float64{1, 2, 3}}},
		{"decisions that do not fit", answers{solution: &Solution{Status: StatusInfeasible}}, Solution{Values: []float64{1, 2}}},
		{"a solver that fails", answers{err: broken}, Solution{Values: []float64{1, 2}}},
	} {
		m, _, _ := twoLoans()
		if _, err := Shadow(context.Background(), &c.solver, m, &c.solution, Options{}); err == nil {
			t.Errorf("%s: no error", c.name)
		} else if c.solver.err != nil && !errors.Is(err, broken) {
			t.Errorf("%s: the cause is lost: %v", c.name, err)
		}
	}
}
