package highs

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"zutuan/internal/lp"
	"zutuan/internal/lp/sample"
)

// optimumFile holds programs of the plan's shape and their optimum as glpsol (GLPK) found it: another program by other
// people, reading the exported MPS. `make check-optimum` repeats the comparison with glpsol itself, and
// `go test -tags glpsol -run ^TestGlpsol -write ./internal/lp/highs` writes the file anew, without any use of HiGHS.
const optimumFile = "testdata/optimum.txt"

// optimumTolerance is relative to max(1, |optimum|).
const optimumTolerance = 1e-6

// plan is one line of the file.
type plan struct {
	shape                         sample.Shape
	columns, rows, terms, integer int
	status                        lp.Status
	optimum                       float64
}

func readPlans(t testing.TB) (plans []plan) {
	t.Helper()
	file, err := os.Open(optimumFile)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if text := lines.Text(); text != "" && !strings.HasPrefix(text, "#") {
			plans = append(plans, parsePlan(t, text))
		}
	}
	return plans
}

func parsePlan(t testing.TB, text string) (p plan) {
	t.Helper()
	s := &p.shape
	_, err := fmt.Sscan(text, &s.Form, &s.Seed, &s.Products, &s.DrawQuarters, &s.Quarters, &s.Decisions, &s.FeeTimes, &s.Capital,
		&p.columns, &p.rows, &p.terms, &p.integer, &p.status, &p.optimum)
	if err != nil {
		t.Fatalf("%s: %q: %v", optimumFile, text, err)
	}
	return p
}

func (p plan) String() string {
	s := p.shape
	return fmt.Sprintf("%-6s %4d %8d %5d %8d %-9v %4g %7g %7d %5d %6d %7d %-10s %.15g", s.Form, s.Seed, s.Products, s.DrawQuarters,
		s.Quarters, s.Decisions, s.FeeTimes, s.Capital, p.columns, p.rows, p.terms, p.integer, p.status, p.optimum)
}

func (p plan) agrees(t testing.TB, model *lp.Model, got *lp.Solution) {
	t.Helper()
	if got.Status != p.status {
		t.Fatalf("status %s, glpsol says %s", got.Status, p.status)
	}
	if p.status != lp.StatusOptimal {
		return
	}
	if difference := math.Abs(got.Objective-p.optimum) / max(1, math.Abs(p.optimum)); difference > optimumTolerance {
		t.Errorf("objective %.12g, glpsol's %.12g: %.2g apart", got.Objective, p.optimum, difference)
	}
	if got.Gap != 0 {
		t.Errorf("gap %g (bound %.12g)", got.Gap, got.Bound)
	}
	if check := lp.Verify(model, got, 1e-9); !check.OK() {
		t.Errorf("%v", check.Violations)
	}
}

func TestPlansHaveTheOptimumThatGlpsolFound(t *testing.T) {
	plans := readPlans(t)
	if len(plans) < 30 {
		t.Fatalf("only %d plans in %s", len(plans), optimumFile)
	}
	for _, p := range plans {
		t.Run(p.shape.Name(), func(t *testing.T) {
			model := p.shape.Model()
			if model.NumColumns() != p.columns || model.NumRows() != p.rows || model.NumTerms() != p.terms || model.NumIntegers() != p.integer {
				t.Fatalf("the model is %d×%d with %d terms and %d integers, not the one that glpsol solved (%d×%d, %d, %d)", model.NumRows(),
					model.NumColumns(), model.NumTerms(), model.NumIntegers(), p.rows, p.columns, p.terms, p.integer)
			}
			p.agrees(t, model, solve(t, model, lp.Options{}))
		})
	}
}

// The prices of an LP prove its optimum without trust in the solver: the bound that follows from them alone, by weak
// duality, is the objective.
func TestPricesOfPlansProveTheirOptimum(t *testing.T) {
	for _, p := range readPlans(t) {
		if p.status != lp.StatusOptimal || p.columns > 1000 {
			continue
		}
		t.Run(p.shape.Name(), func(t *testing.T) {
			relaxed := p.shape.Model().Relaxed()
			got := solve(t, relaxed, lp.Options{})
			bound := lp.DualBound(relaxed, got.RowDuals, 1e-8)
			if difference := math.Abs(bound-got.Objective) / max(1, math.Abs(got.Objective)); !(difference < 1e-7) {
				t.Errorf("the prices prove %.12g, the objective is %.12g", bound, got.Objective)
			}
			if p.integer == 0 {
				return
			}
			if got.Objective > p.optimum+1e-6*math.Abs(p.optimum) {
				t.Errorf("the relaxation's %.12g is above the optimum %.12g", got.Objective, p.optimum)
			}
		})
	}
}

// Whole-number programs small enough to try every point.
func TestSmallWholeNumberProgramsAgreeWithTryingEveryPoint(t *testing.T) {
	optimal, infeasible := 0, 0
	for seed := range uint64(150) {
		model, best := smallIntegerProgram(seed)
		got := solve(t, model, lp.Options{FullHeuristics: seed%2 == 0})
		switch {
		case math.IsInf(best, 1):
			infeasible++
			if got.Status != lp.StatusInfeasible {
				t.Errorf("seed %d: %s, but no point is allowed", seed, got.Status)
			}
		default:
			optimal++
			if got.Status != lp.StatusOptimal || math.Abs(got.Objective-best) > 1e-9 {
				t.Errorf("seed %d: %s %g, the best of all points has %g", seed, got.Status, got.Objective, best)
			}
		}
	}
	if optimal < 30 || infeasible < 30 {
		t.Errorf("%d optimal and %d infeasible programs: too few of one kind to show anything", optimal, infeasible)
	}
}

// smallIntegerProgram has four unknowns from 0 to 4 and whole coefficients, and the least objective of its 625 points.
func smallIntegerProgram(seed uint64) (model *lp.Model, best float64) {
	const unknowns, largest = 4, 4
	random := newRandom(seed)
	model = lp.NewModel("small")
	for i := range unknowns {
		model.AddInteger(fmt.Sprint("x", i), 0, largest, float64(random.IntN(19)-9))
	}
	for i := range 3 {
		var e lp.Expression
		for column := range unknowns {
			e.Add(lp.ColumnID(column), float64(random.IntN(15)-7))
		}
		lower := float64(random.IntN(40) - 20)
		model.AddRow(fmt.Sprint("r", i), lower, e, lower+float64(random.IntN(30)))
	}
	best = math.Inf(1)
	point := make([]float64, unknowns)
	for number := range 625 {
		for i, rest := 0, number; i < unknowns; i, rest = i+1, rest/(largest+1) {
			point[i] = float64(rest % (largest + 1))
		}
		objective := model.Objective(point)
		if objective < best && lp.Verify(model, &lp.Solution{Values: point, Objective: objective}, 0).OK() {
			best = objective
		}
	}
	return model, best
}
