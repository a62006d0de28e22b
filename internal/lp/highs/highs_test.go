package highs

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"zutuan/internal/document"
	"zutuan/internal/lp"
	"zutuan/internal/lp/sample"
	"zutuan/internal/money"
)

// shared serves all tests: compiling takes seconds where there is no cache yet.
var shared = New(Config{})

// solver fails the test, with the sentence that says what to do, where the module is missing.
func solver(t testing.TB) *Solver {
	t.Helper()
	if err := shared.Warm(context.Background()); err != nil {
		t.Fatal(err)
	}
	return shared
}

func solve(t testing.TB, model *lp.Model, options lp.Options) *lp.Solution {
	t.Helper()
	solution, err := solver(t).Solve(context.Background(), model, options)
	if err != nil {
		t.Fatal(err)
	}
	return solution
}

// hardMIP has 60 yes/no decisions under six limits that fit badly together; proving its optimum takes minutes.
func hardMIP() *lp.Model {
	random, m := rand.New(rand.NewPCG(7, 7)), lp.NewModel("hard")
	limits := make([]lp.Expression, 6)
	totals := make([]float64, len(limits))
	for i := range 60 {
		worth := 0.0
		weights := make([]float64, len(limits))
		for r := range limits {
			weights[r] = float64(100 + random.IntN(900))
			worth += weights[r] / 6
		}
		item := m.AddBinary(string(rune('가'+i)), -math.Round(worth+float64(random.IntN(60))))
		for r := range limits {
			limits[r].Add(item, weights[r])
			totals[r] += weights[r]
		}
	}
	for r := range limits {
		m.AddAtMost("limit "+string(rune('a'+r)), limits[r], math.Floor(totals[r]/2))
	}
	return m
}

func near(a, b float64) bool { return a == b || math.Abs(a-b) <= 1e-9*max(1, math.Abs(b)) }

func allNear(a, b []float64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !near(a[i], b[i]) {
			return false
		}
	}
	return true
}

// term shortens models written out by hand.
func term(column lp.ColumnID, coefficient float64) lp.Term {
	return lp.Term{Column: column, Coefficient: coefficient}
}

func TestProgramsSolvedByHand(t *testing.T) {
	inf := lp.Inf()
	for _, c := range []struct {
		name      string
		build     func(m *lp.Model)
		objective float64
		values    []float64
		rowDuals  []float64 // nil where there are none, or where several are right
		reduced   []float64
	}{
		{
			// 600 at 5 % and 400 at 8 %: 30 + 32. A further unit of need costs 0.08; a further unit of limit replaces
			// a unit at 8 % by one at 5 %.
			name: "the cheap loan to its limit, the rest from the dear one",
			build: func(m *lp.Model) {
				cheap, dear := m.AddColumn("cheap", 0, inf, 0.05), m.AddColumn("dear", 0, inf, 0.08)
				m.AddAtLeast("need", lp.Sum(cheap, dear), 1000)
				m.AddAtMost("limit", lp.Sum(cheap), 600)
			},
			objective: 62, values: []float64{600, 400}, rowDuals: []float64{0.08, -0.03}, reduced: []float64{0, 0},
		},
		{
			// The same limit as a bound of the column: its price is the reduced cost.
			name: "a bound's price is the reduced cost",
			build: func(m *lp.Model) {
				cheap, dear := m.AddColumn("cheap", 0, 600, 0.05), m.AddColumn("dear", 0, inf, 0.08)
				m.AddEqual("need", lp.Sum(cheap, dear), 1000)
			},
			objective: 62, values: []float64{600, 400}, rowDuals: []float64{0.08}, reduced: []float64{-0.03, 0},
		},
		{
			// Both limits bind: chairs + 2 tables = 40, 2 chairs + tables = 50, so 20 and 10, worth 600 + 500.
			// Prices: y1 + 2 y2 = -30 and 2 y1 + y2 = -50, so y1 = -70/3 and y2 = -10/3.
			name: "chairs and tables",
			build: func(m *lp.Model) {
				chairs, tables := m.AddColumn("chairs", 0, inf, -30), m.AddColumn("tables", 0, inf, -50)
				m.AddAtMost("carpentry", lp.Of(term(chairs, 1), term(tables, 2)), 40)
				m.AddAtMost("finishing", lp.Of(term(chairs, 2), term(tables, 1)), 50)
			},
			objective: -1100, values: []float64{20, 10}, rowDuals: []float64{-70.0 / 3, -10.0 / 3}, reduced: []float64{0, 0},
		},
		{
			// Draw 100 now, carry at 1 % a quarter, repay 60 then the rest: 100×1.01 - 60 = 41; 41×1.01 = 41.41.
			// One unit more now costs 1.01² at the end.
			name: "a balance carried over two quarters",
			build: func(m *lp.Model) {
				drawn, b1 := m.AddColumn("drawn", 0, inf, 0), m.AddColumn("balance 1", 0, inf, 0)
				last := m.AddColumn("last repayment", 0, inf, 1)
				m.AddEqual("need", lp.Sum(drawn), 100)
				m.AddEqual("quarter 1", lp.Of(term(b1, 1), term(drawn, -1.01)), -60)
				m.AddEqual("quarter 2", lp.Of(term(last, 1), term(b1, -1.01)), 0)
			},
			objective: 41.41, values: []float64{100, 41, 41.41}, rowDuals: []float64{1.0201, 1.01, 1}, reduced: []float64{0, 0, 0},
		},
		{
			// x ≤ -2 from a column without lower bound, y = 3 by a range row, and the offset: -(-2)... cost 2×(-5)+3+10.
			name: "free and negative columns, a range and an offset",
			build: func(m *lp.Model) {
				m.Offset = 10
				x, y := m.AddColumn("x", math.Inf(-1), -2, 2), m.AddColumn("y", math.Inf(-1), inf, 1)
				m.AddRow("range", -2, lp.Sum(x, y), 6)
				m.AddAtLeast("floor", lp.Sum(x), -5)
				m.AddAtMost("no bound of y matters", lp.Sum(y), 100)
			},
			// x + y ≥ -2 costs at least y's 1 each; x costs 2 and y 1, so x goes to -5 and y to 3: -10 + 3 + 10 = 3.
			objective: 3, values: []float64{-5, 3}, rowDuals: []float64{1, 1, 0}, reduced: []float64{0, 0},
		},
		{
			// A costs 10 + 100×1.0 = 110, B 100×1.2 = 120.
			name: "a fixed fee that is worth paying",
			build: func(m *lp.Model) {
				a, b, use := m.AddColumn("a", 0, inf, 1), m.AddColumn("b", 0, inf, 1.2), m.AddBinary("use a", 10)
				m.AddAtLeast("need", lp.Sum(a, b), 100)
				m.AddSwitched("a", lp.Sum(a), use, 0, 100)
			},
			objective: 110, values: []float64{100, 0, 1},
		},
		{
			// With a fee of 30, A costs 130 and B 120.
			name: "a fixed fee that is not",
			build: func(m *lp.Model) {
				a, b, use := m.AddColumn("a", 0, inf, 1), m.AddColumn("b", 0, inf, 1.2), m.AddBinary("use a", 30)
				m.AddAtLeast("need", lp.Sum(a, b), 100)
				m.AddSwitched("a", lp.Sum(a), use, 0, 100)
			},
			objective: 120, values: []float64{0, 100, 0},
		},
		{
			// Without whole numbers 10/3 of x; with them 3, and the rest by y: 3×2 + 1×5 = 11 (4 of x cost 8: better).
			name: "rounding up is better than the dear filler",
			build: func(m *lp.Model) {
				x, y := m.AddInteger("x", 0, 10, 2), m.AddColumn("y", 0, inf, 5)
				m.AddAtLeast("need", lp.Of(term(x, 3), term(y, 1)), 10)
			},
			objective: 8, values: []float64{4, 0},
		},
		{
			// Two rows say the same and a third follows from them; the optimum is a corner of three lines in a plane.
			name: "a degenerate corner",
			build: func(m *lp.Model) {
				x, y := m.AddColumn("x", 0, inf, 1), m.AddColumn("y", 0, inf, 1)
				m.AddAtLeast("once", lp.Sum(x, y), 2)
				m.AddAtLeast("twice", lp.Of(term(x, 2), term(y, 2)), 4)
				m.AddEqual("x", lp.Sum(x), 2)
				m.AddAtLeast("follows", lp.Of(term(x, 2), term(y, 1)), 4)
			},
			objective: 2, values: []float64{2, 0},
		},
		{
			name: "rows without terms and a column without rows",
			build: func(m *lp.Model) {
				m.AddColumn("x", 1, 4, 3)
				m.AddAtMost("empty", lp.Expression{}, 5)
				m.AddRow("unbounded", math.Inf(-1), lp.Expression{}, inf)
			},
			objective: 3, values: []float64{1}, rowDuals: []float64{0, 0}, reduced: []float64{3},
		},
		{
			name:      "no row at all",
			build:     func(m *lp.Model) { m.AddColumn("x", -7, 4, -2) },
			objective: -8, values: []float64{4}, rowDuals: []float64{}, reduced: []float64{-2},
		},
		{
			name:      "no column at all",
			build:     func(m *lp.Model) { m.Offset = 4; m.AddAtMost("empty", lp.Expression{}, 5) },
			objective: 4, values: []float64{}, rowDuals: []float64{0}, reduced: []float64{},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := lp.NewModel(c.name)
			c.build(m)
			got := solve(t, m, lp.Options{})
			if got.Status != lp.StatusOptimal || !near(got.Objective, c.objective) || !near(got.Bound, c.objective) || got.Gap != 0 {
				t.Errorf("%s %.12g bound %.12g gap %g, want optimal %.12g", got.Status, got.Objective, got.Bound, got.Gap, c.objective)
			}
			if !allNear(got.Values, c.values) {
				t.Errorf("values %v, want %v", got.Values, c.values)
			}
			if c.rowDuals != nil && (!allNear(got.RowDuals, c.rowDuals) || !allNear(got.ReducedCosts, c.reduced)) {
				t.Errorf("prices %v and %v, want %v and %v", got.RowDuals, got.ReducedCosts, c.rowDuals, c.reduced)
			}
			if len(got.RowActivity) != m.NumRows() {
				t.Errorf("%d activities for %d rows", len(got.RowActivity), m.NumRows())
			}
		})
	}
}

func TestModelsWithoutAnOptimum(t *testing.T) {
	for _, c := range []struct {
		name  string
		build func(m *lp.Model)
		want  lp.Status
	}{
		{"the need is above the only limit", func(m *lp.Model) {
			x := m.AddColumn("x", 0, 600, 1)
			m.AddAtLeast("need", lp.Sum(x), 1000)
		}, lp.StatusInfeasible},
		{"a column's bounds cross", func(m *lp.Model) { m.AddColumn("x", 2, 1, 0) }, lp.StatusInfeasible},
		{"an empty row asks for something", func(m *lp.Model) {
			m.AddColumn("x", 0, 1, 0)
			m.AddAtLeast("r", lp.Expression{}, 1)
		}, lp.StatusInfeasible},
		{"only halves would do", func(m *lp.Model) {
			a, b := m.AddBinary("a", 1), m.AddBinary("b", 1)
			m.AddEqual("r", lp.Of(term(a, 2), term(b, 2)), 1)
		}, lp.StatusInfeasible},
		{"nothing stops the objective", func(m *lp.Model) {
			x := m.AddColumn("x", 0, lp.Inf(), -1)
			m.AddAtLeast("r", lp.Sum(x), 1)
		}, lp.StatusUnbounded},
		{"nothing stops a whole number", func(m *lp.Model) {
			x, use := m.AddInteger("x", 0, lp.Inf(), -1), m.AddBinary("use", 1)
			m.AddAtLeast("r", lp.Sum(x, use), 1)
		}, lp.StatusUnbounded},
		{"it would fall for ever, but no point is allowed", func(m *lp.Model) {
			x, y := m.AddColumn("x", 0, lp.Inf(), -1), m.AddColumn("y", 0, lp.Inf(), 0)
			m.AddAtLeast("above", lp.Of(term(x, 1), term(y, -1)), 1)
			m.AddAtMost("below", lp.Of(term(x, 1), term(y, -1)), 0)
		}, lp.StatusInfeasible},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := lp.NewModel(c.name)
			c.build(m)
			got := solve(t, m, lp.Options{})
			if got.Status != c.want || got.HasPoint() || !got.Proven() {
				t.Errorf("%+v, want %s without a point", got, c.want)
			}
		})
	}
}

func TestTimeLimitReturnsTheBestPointSoFarAndAValidBound(t *testing.T) {
	m := hardMIP()
	solver(t)
	started := time.Now()
	got := solve(t, m, lp.Options{TimeLimit: time.Second})
	if elapsed := time.Since(started); elapsed > time.Minute {
		t.Errorf("one second took %s", elapsed)
	}
	if got.Status != lp.StatusTimeLimit || !got.HasPoint() || got.Proven() {
		t.Fatalf("status %s, point %v", got.Status, got.HasPoint())
	}
	if check := lp.Verify(m, got, 1e-9); !check.OK() {
		t.Error(check.Violations)
	}
	if !(got.Bound < got.Objective) || got.Gap <= 0 || math.IsInf(got.Gap, 0) {
		t.Errorf("objective %g, bound %g, gap %g", got.Objective, got.Bound, got.Gap)
	}
}

func TestNodeLimitReturnsTheSamePointEachTime(t *testing.T) {
	m := hardMIP()
	first := solve(t, m, lp.Options{MaxNodes: 30})
	if first.Status != lp.StatusNodeLimit || !first.HasPoint() || first.Gap <= 0 {
		t.Fatalf("%+v", first)
	}
	if diff := cmp.Diff(first, solve(t, m, lp.Options{MaxNodes: 30})); diff != "" {
		t.Error(diff)
	}
}

func TestGapEndsTheSearchEarly(t *testing.T) {
	m := hardMIP()
	got := solve(t, m, lp.Options{RelativeGap: 0.05})
	if got.Status != lp.StatusOptimal || got.Gap <= 0 || got.Gap > 0.05 {
		t.Errorf("status %s, gap %g: want optimal within 5 %%, and the gap that is left", got.Status, got.Gap)
	}
	if rough := solve(t, m, lp.Options{AbsoluteGap: 1e6}); rough.Status != lp.StatusOptimal || rough.Nodes > got.Nodes {
		t.Errorf("an absolute gap of 1e6 was not enough: %+v", rough)
	}
}

func TestAnEndedContextStopsTheSearchAndLeavesTheSolverUsable(t *testing.T) {
	s, m := solver(t), hardMIP()
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	started := time.Now()
	solution, err := s.Solve(ctx, m, lp.Options{})
	if !errors.Is(err, context.DeadlineExceeded) || solution != nil {
		t.Errorf("got %v, %v", solution, err)
	}
	if elapsed := time.Since(started); elapsed > time.Minute {
		t.Errorf("stopped only after %s", elapsed)
	}
	if _, err := s.Solve(ctx, m, lp.Options{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a context that has ended before the start: %v", err)
	}
	if again := solve(t, sample.Shape{Form: sample.Sculpt, Seed: 1, Products: 4, DrawQuarters: 8, Quarters: 20}.Model(), lp.Options{}); again.Status != lp.StatusOptimal {
		t.Errorf("after that: %s", again.Status)
	}
}

func TestASearchThatDoesNotKeepItsTimeLimitIsStopped(t *testing.T) {
	// HiGHS is not told of any limit here, so only the guard can end the search.
	ctx := context.Background()
	err := solver(t).use(ctx, func(in *instance) error {
		if err := in.setAll(ctx, baseSettings()); err != nil {
			return err
		}
		if err := in.pass(ctx, hardMIP()); err != nil {
			return err
		}
		_, err := in.runGuarded(ctx, 100*time.Millisecond)
		return err
	})
	if !errors.Is(err, errOverran) {
		t.Errorf("got %v", err)
	}
}

func TestAModelThatDoesNotValidateIsRefused(t *testing.T) {
	m := lp.NewModel("m")
	m.AddColumn("x", 0, math.NaN(), 0)
	_, err := solver(t).Solve(context.Background(), m, lp.Options{})
	var problems document.Problems
	if !errors.As(err, &problems) {
		t.Errorf("Solve: %v", err)
	}
	if _, _, err := solver(t).IIS(context.Background(), m); !errors.As(err, &problems) {
		t.Errorf("IIS: %v", err)
	}
	if _, err := solver(t).Ranging(context.Background(), m, lp.Options{}); !errors.As(err, &problems) {
		t.Errorf("Ranging: %v", err)
	}
}

// A solve must not see what its instance did before, nor what others do meanwhile: values, prices and basis are
// compared to the last bit.
func TestSolvesAreRepeatableBitForBit(t *testing.T) {
	shape := sample.Shape{Form: sample.Sculpt, Seed: 3, Products: 6, DrawQuarters: 8, Quarters: 24, Decisions: true, FeeTimes: 4}
	mip := shape.Model()
	relaxed := mip.Relaxed()
	s := New(Config{Instances: 1})
	defer s.Close(context.Background())
	var first [2]*lp.Solution
	for round := range 3 {
		for i, m := range []*lp.Model{mip, relaxed} {
			got, err := s.Solve(context.Background(), m, lp.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if round == 0 {
				first[i] = got
			} else if diff := cmp.Diff(first[i], got); diff != "" {
				t.Errorf("round %d: %s", round, diff)
			}
		}
	}
	if fresh := solve(t, mip, lp.Options{}); cmp.Diff(first[0], fresh) != "" {
		t.Error("another instance answers otherwise")
	}
}

func TestEightGoroutinesGetTheSameAnswersAsOne(t *testing.T) {
	var models []*lp.Model
	var want []*lp.Solution
	for seed := range uint64(4) {
		shape := sample.Shape{Form: sample.Sculpt, Seed: seed, Products: 5, DrawQuarters: 8, Quarters: 20, Decisions: seed%2 == 0, FeeTimes: 3}
		models = append(models, shape.Model())
		want = append(want, solve(t, models[seed], lp.Options{}))
	}
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := range models {
				at := (i + worker) % len(models)
				got, err := shared.Solve(context.Background(), models[at], lp.Options{})
				if err != nil {
					t.Error(err)
				} else if diff := cmp.Diff(want[at], got); diff != "" {
					t.Errorf("worker %d, model %d: %s", worker, at, diff)
				}
			}
		})
	}
	group.Wait()
	if kept := len(shared.idle); kept > cap(shared.slots) {
		t.Errorf("%d instances are kept for %d slots", kept, cap(shared.slots))
	}
}

func TestShadowPricesOfADecisionAlreadyTaken(t *testing.T) {
	// A: fee 10, 1.0 each, at most 80. B: 1.2 each. 100 needed: A gives 80, B 20: 10 + 80 + 24 = 114 (B alone: 120).
	// With A chosen, one more of need costs 1.2, one more of A's size saves 0.2.
	m := lp.NewModel("m")
	a, b, use := m.AddColumn("a", 0, lp.Inf(), 1), m.AddColumn("b", 0, lp.Inf(), 1.2), m.AddBinary("use a", 10)
	need := m.AddAtLeast("need", lp.Sum(a, b), 100)
	_, size := m.AddSwitched("a", lp.Sum(a), use, 30, 80)
	solution := solve(t, m, lp.Options{})
	if !near(solution.Objective, 114) || solution.RowDuals != nil {
		t.Fatalf("%+v", solution)
	}
	priced, err := lp.Shadow(context.Background(), solver(t), m, solution, lp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !near(priced.RowDuals[need], 1.2) || !near(priced.RowDuals[size], -0.2) || !near(priced.Objective, 114) || priced.Gap != 0 {
		t.Errorf("%+v", priced)
	}
}

func TestRangingSaysHowFarAPriceHolds(t *testing.T) {
	// The two loans again: the cheap loan's limit is worth 0.03 a unit from 0 (all dear: 80) to 1000 (all cheap: 50);
	// the need costs 0.08 a unit from 600 (all cheap: 30) without end.
	m := lp.NewModel("m")
	cheap, dear := m.AddColumn("cheap", 0, lp.Inf(), 0.05), m.AddColumn("dear", 0, lp.Inf(), 0.08)
	need := m.AddAtLeast("need", lp.Sum(cheap, dear), 1000)
	limit := m.AddAtMost("limit", lp.Sum(cheap), 600)
	ranging, err := solver(t).Ranging(context.Background(), m, lp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := ranging.Rows[limit]; !near(got.Down.Bound, 0) || !near(got.Down.Objective, 80) || !near(got.Up.Bound, 1000) || !near(got.Up.Objective, 50) {
		t.Errorf("limit: %+v", got)
	}
	if got := ranging.Rows[need]; !near(got.Down.Bound, 600) || !near(got.Down.Objective, 30) || !math.IsInf(got.Up.Bound, 1) {
		t.Errorf("need: %+v", got)
	}
	m.SetColumnBounds(dear, 0, 300)
	if _, err := solver(t).Ranging(context.Background(), m, lp.Options{}); err == nil {
		t.Error("an infeasible model has no ranges")
	}
	m.SetColumnBounds(dear, 2, 1)
	if _, err := solver(t).Ranging(context.Background(), m, lp.Options{}); err == nil {
		t.Error("a model with crossed bounds has no ranges")
	}
}

func TestAbortedSolveCostsOneInstanceAndNothingElse(t *testing.T) {
	s := New(Config{Instances: 1})
	defer s.Close(context.Background())
	ctx := context.Background()
	small := sample.Shape{Form: sample.Fixed, Seed: 1, Products: 3, DrawQuarters: 4, Quarters: 12}.Model()
	if _, err := s.Solve(ctx, small, lp.Options{}); err != nil {
		t.Fatal(err)
	}
	for name, work := range map[string]func(in *instance) error{
		// Two thousand million columns ask for a vector longer than C++ allows: std::length_error is thrown.
		"C++ exception": func(in *instance) error {
			return in.must(ctx, "Highs_passModel", 1<<31-1, 0, 0, 0, 2, 0, 1, 0, 8, 8, 8, 8, 8, 8, 8, 8, 0, 0, 0, 0)
		},
		// A pointer far outside the memory: the module traps.
		"wild pointer": func(in *instance) error {
			return in.must(ctx, "Highs_getSolution", 0xfffffff0, 0xfffffff0, 0xfffffff0, 0xfffffff0)
		},
	} {
		err := s.use(ctx, func(in *instance) error {
			if err := in.pass(ctx, small); err != nil {
				return err
			}
			if _, err := in.run(ctx); err != nil {
				return err
			}
			return work(in)
		})
		if err == nil || name == "C++ exception" && !errors.Is(err, ErrAborted) {
			t.Errorf("%s: %v", name, err)
		}
		if len(s.idle) != 0 {
			t.Errorf("%s: the broken instance was kept", name)
		}
		if _, err := s.Solve(ctx, small, lp.Options{}); err != nil {
			t.Errorf("%s: the next solve failed: %v", name, err)
		}
	}
}

func TestMissingAndForeignModulesSayWhatToRun(t *testing.T) {
	for name, folder := range map[string]fstest.MapFS{
		"missing": {"wasm/README.md": {}},
		"foreign": {"wasm/highs.wasm": {Data: []byte("\x00asm")}},
	} {
		s := New(Config{NoCache: true})
		s.load = func() ([]byte, error) { return readModule(folder) }
		_, err := s.Solve(context.Background(), hardMIP(), lp.Options{})
		if !errors.Is(err, ErrModule) || s.Ready() {
			t.Fatalf("%s: %v, ready %v", name, err, s.Ready())
		}
		var said interface {
			In(money.Language) string
		}
		if !errors.As(err, &said) {
			t.Fatalf("%s: no text in both languages: %v", name, err)
		}
		for _, text := range []string{err.Error(), said.In(money.Chinese)} {
			if !strings.Contains(text, "make deps") {
				t.Errorf("%s: %q does not say to run make deps", name, text)
			}
		}
		if err := s.Close(context.Background()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// oneFunction is the smallest module with code: one function that does nothing. It stands in for the solver where
// compiling alone matters.
const oneFunction = "\x00asm\x01\x00\x00\x00" + "\x01\x04\x01\x60\x00\x00" + "\x03\x02\x01\x00" + "\x0a\x04\x01\x02\x00\x0b"

// cacheFiles returns the files of machine code below a cache directory.
func cacheFiles(t *testing.T, directory string) (paths []string) {
	t.Helper()
	err := eachCacheFile(filepath.Join(directory, cacheFolder), func(path string) error {
		paths = append(paths, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// startWith compiles oneFunction with that cache directory and closes the solver again.
func startWith(t *testing.T, directory string) {
	t.Helper()
	s := New(Config{CacheDir: directory})
	s.load = func() ([]byte, error) { return []byte(oneFunction), nil }
	if err := s.Warm(context.Background()); err != nil {
		t.Fatal(err)
	}
	if s.cache == nil {
		t.Error("the cache is not used")
	}
	if err := s.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func TestCacheKeepsWhatItWroteAndTouchesNothingElse(t *testing.T) {
	directory := t.TempDir()
	foreign := filepath.Join(directory, "of somebody else")
	if err := os.WriteFile(foreign, []byte("keep"), 0o600); err != nil {
		t.Fatal(err)
	}
	startWith(t, directory)
	written := cacheFiles(t, directory)
	if len(written) != 1 {
		t.Fatalf("files %v, want one", written)
	}
	before, err := os.Stat(written[0])
	if err != nil {
		t.Fatal(err)
	}
	startWith(t, directory)
	after, err := os.Stat(written[0])
	if err != nil || !os.SameFile(before, after) || !before.ModTime().Equal(after.ModTime()) {
		t.Errorf("the second start wrote the cache anew: %v", err)
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Error(err)
	}
}

func TestCacheFolderNamesTheWazeroInGoMod(t *testing.T) {
	module, err := os.ReadFile(filepath.Join("..", "..", "..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(module), "github.com/tetratelabs/wazero "+wazeroVersion+"\n") &&
		!strings.Contains(string(module), "github.com/tetratelabs/wazero "+wazeroVersion+" ") {
		t.Errorf("go.mod has another release of wazero than %s: change wazeroVersion", wazeroVersion)
	}
}

// Each byte of a cached file in turn is damaged, and the file cut there: wazero alone ends the process on some of them.
func TestADamagedCacheIsReplaced(t *testing.T) {
	directory := t.TempDir()
	startWith(t, directory)
	path := cacheFiles(t, directory)[0]
	intact, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := range intact {
		damaged := append([]byte(nil), intact...)
		damaged[at] ^= 0x40
		for _, content := range [][]byte{damaged, intact[:at]} {
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			startWith(t, directory)
			if again, err := os.ReadFile(path); err != nil || string(again) != string(intact) {
				t.Fatalf("byte %d of %d: the damaged file is still there (%v)", at, len(intact), err)
			}
		}
	}
}

func TestAConfiguredCacheThatCannotBeMadeIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := New(Config{CacheDir: filepath.Join(file, "below a file")})
	if err := s.Warm(context.Background()); err == nil || !strings.Contains(err.Error(), "cache directory") {
		t.Errorf("got %v", err)
	}
}

func TestClosedSolverRefuses(t *testing.T) {
	unused := New(Config{})
	if err := unused.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	used := New(Config{})
	if err := used.Warm(context.Background()); err != nil {
		t.Fatal(err)
	}
	if !used.Ready() {
		t.Error("warm but not ready")
	}
	if err := used.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*Solver{unused, used} {
		if _, err := s.Solve(context.Background(), hardMIP(), lp.Options{}); !errors.Is(err, ErrClosed) {
			t.Errorf("got %v", err)
		}
	}
}

func TestWaitingForASlotEndsWithTheContext(t *testing.T) {
	solver(t)
	s := New(Config{Instances: 1})
	defer s.Close(context.Background())
	if err := s.Warm(context.Background()); err != nil {
		t.Fatal(err)
	}
	s.slots <- struct{}{} // somebody else is solving
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.Solve(ctx, hardMIP(), lp.Options{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	<-s.slots
}
