package montecarlo

// The float paths are held to the exact chain of package stress: equal with every factor at one, close to it when the
// factors move, and the same bytes whatever the cores, the progress or the order.

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"syscall"
	"testing"

	"zutuan/internal/document"
	"zutuan/internal/money"
	"zutuan/internal/stress"
	"zutuan/internal/stress/stresstest"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

func sample(t testing.TB, name string) (*stress.Case, Spread) {
	t.Helper()
	kase, parameters := stresstest.Sample(t, name)
	spread, err := FromPack(stresstest.Library(t).StressPacks[0].MonteCarlo, parameters)
	if err != nil {
		t.Fatal(err)
	}
	return kase, spread
}

// near compares to a relative difference, of at least one fen.
func near(a, b, relative float64) bool { return math.Abs(a-b) <= math.Max(relative*math.Abs(b), 0.5) }

// compare holds a path to a run of the exact chain.
func compare(t *testing.T, m *Model, f factors, chain *stress.Chain, relative float64) {
	t.Helper()
	w := newScratch(m)
	got := w.run(f)
	if !near(got.peakGap, float64(chain.Statement.Summary.PeakGap), relative) {
		t.Errorf("peak gap %.0f, exactly %d", got.peakGap, chain.Statement.Summary.PeakGap)
	}
	if !near(got.shortfall, float64(chain.Evaluation.UnfundedGap), relative) {
		t.Errorf("shortfall %.0f, exactly %d", got.shortfall, chain.Evaluation.UnfundedGap)
	}
	if worst := chain.Evaluation.Worst; worst != nil {
		exactly := float64(worst.Numerator) / float64(worst.Denominator)
		if math.Abs(got.minDSCR-exactly) > relative*exactly {
			t.Errorf("lowest DSCR %.12f, exactly %.12f", got.minDSCR, exactly)
		}
	} else if !math.IsNaN(got.minDSCR) {
		t.Errorf("lowest DSCR %v, exactly none", got.minDSCR)
	}
	// The last quarter's working capital falls where the statement ends, which a path does not move.
	for q := 0; q < m.length-1; q++ {
		if !near(w.closing[q], float64(chain.Evaluation.Coverage.Cash[q]), relative) || !near(w.cumulative[q], float64(chain.Statement.Cumulative[q]), relative) {
			t.Errorf("quarter %d: closing %.0f and cumulative %.0f, exactly %d and %d", q, w.closing[q], w.cumulative[q], chain.Evaluation.Coverage.Cash[q], chain.Statement.Cumulative[q])
			return
		}
	}
}

func TestAPathWithEveryFactorAtOneIsTheExactResult(t *testing.T) {
	for _, name := range stresstest.Names {
		t.Run(name, func(t *testing.T) {
			kase, _ := sample(t, name)
			m, err := NewModel(kase)
			if err != nil {
				t.Fatal(err)
			}
			chain, err := kase.Run(stress.Factors{})
			if err != nil {
				t.Fatal(err)
			}
			compare(t, m, ones(), chain, 1e-9)
		})
	}
}

// The exact chain knows falls of income and rises of cost and investment; a path with the same factors comes to the same
// up to the roundings of single lines.
func TestAPathWithMovedFactorsFollowsTheExactChain(t *testing.T) {
	for _, name := range stresstest.Names {
		kase, _ := sample(t, name)
		m, err := NewModel(kase)
		if err != nil {
			t.Fatal(err)
		}
		for _, moved := range []factors{
			{0.7, 1, 1, 1, 1, 1, 1, 1}, {1, 0.8, 0.8, 0.8, 0.8, 1, 1, 1}, {1, 1, 1, 1, 1, 1.1, 1, 1}, {1, 1, 1, 1, 1, 1, 1.2, 1},
			{0.5, 0.9, 0.95, 0.85, 0.9, 1.05, 1.1, 1},
		} {
			var f stress.Factors
			for i := range f.Fall {
				f.Fall[i] = money.One.Sub(decimal.NewFromFloat(moved[i]))
			}
			f.Cost, f.Invest = decimal.NewFromFloat(moved[atCost]).Sub(money.One), decimal.NewFromFloat(moved[atInvest]).Sub(money.One)
			chain, err := kase.Run(f)
			if err != nil {
				t.Fatal(err)
			}
			t.Log(name, moved)
			compare(t, m, moved, chain, 1e-6)
		}
	}
}

func answerOf(t testing.TB, m *Model, in Input) string {
	t.Helper()
	outcome, err := m.Run(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(outcome)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func prepared(t testing.TB, name string) (*Model, *stress.Case, Spread) {
	t.Helper()
	kase, spread := sample(t, name)
	m, err := NewModel(kase)
	if err != nil {
		t.Fatal(err)
	}
	return m, kase, spread
}

func TestTheSeedDecidesAndTheCoresDoNot(t *testing.T) {
	m, _, spread := prepared(t, "pingxiang-rolling")
	in := Input{Paths: 700, Seed: 7, Spread: spread, Workers: 1, Thresholds: []float64{1, 1.1, 1.3}}
	one := answerOf(t, m, in)
	in.Workers = 2
	if two := answerOf(t, m, in); two != one {
		t.Error("two cores answer otherwise than one")
	}
	in.Workers = 5
	if five := answerOf(t, m, in); five != one {
		t.Error("five workers answer otherwise than one")
	}
	in.Seed = 8
	if other := answerOf(t, m, in); other == one {
		t.Error("another seed answers the same")
	}
}

func TestWithoutASpreadEveryPathIsTheBase(t *testing.T) {
	m, kase, _ := prepared(t, "pingxiang")
	kase.Assess = nil
	chain, err := kase.Run(stress.Factors{})
	if err != nil {
		t.Fatal(err)
	}
	outcome, err := m.Run(context.Background(), Input{Paths: 130, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	want := chain.Evaluation.Coverage.MinDSCR.String()
	if outcome.MinDSCR.P5 != want || outcome.MinDSCR.P95 != want || outcome.MinDSCR.Std != "0.000000" {
		t.Errorf("lowest DSCR %+v, exactly %s", outcome.MinDSCR, want)
	}
	if outcome.PeakGap.Min != chain.Statement.Summary.PeakGap || outcome.PeakGap.Max != chain.Statement.Summary.PeakGap || outcome.ShortfallProbability != "0.000000" {
		t.Errorf("peak gap %+v, exactly %s; shortfall %s", outcome.PeakGap, chain.Statement.Summary.PeakGap, outcome.ShortfallProbability)
	}
	for q, fan := range outcome.Quarters[:m.length-1] {
		if fan.Closing.P5 != chain.Evaluation.Coverage.Cash[q] || fan.Closing.P95 != chain.Evaluation.Coverage.Cash[q] {
			t.Fatalf("%s: closing %+v, exactly %s", fan.Quarter, fan.Closing, chain.Evaluation.Coverage.Cash[q])
		}
	}
}

func TestProgressRisesToTheEnd(t *testing.T) {
	m, _, spread := prepared(t, "pingxiang")
	last, calls := 0, 0
	_, err := m.Run(context.Background(), Input{Paths: 300, Seed: 1, Spread: spread, Workers: 2, Progress: func(done, total int) {
		if done <= last || total != 300 {
			t.Errorf("%d of %d after %d", done, total, last)
		}
		last = done
		calls++
	}})
	if err != nil || last != 300 || calls < 3 {
		t.Errorf("%d calls to %d: %v", calls, last, err)
	}
}

func TestACancelledRunAnswersNothing(t *testing.T) {
	m, _, spread := prepared(t, "pingxiang")
	ctx, cancel := context.WithCancel(context.Background())
	outcome, err := m.Run(ctx, Input{Paths: MaxPaths, Seed: 1, Spread: spread, Progress: func(int, int) { cancel() }})
	if !errors.Is(err, context.Canceled) || outcome != nil {
		t.Errorf("%v, %v", outcome, err)
	}
}

func TestWhatCannotBeSimulatedIsRefusedWithItsPlace(t *testing.T) {
	m, _, _ := prepared(t, "pingxiang")
	two := []Distribution{{Factor: "land", Kind: "lognormal", Sigma: 0.2}, {Factor: "cost", Kind: "normal", Sigma: 0.1}, {Factor: "rate", Kind: "normal", Sigma: 0.1}}
	cases := []struct {
		name, path string
		in         Input
	}{
		{"no paths", "paths", Input{}},
		{"too many paths", "paths", Input{Paths: MaxPaths + 1}},
		{"an unknown factor", "monte_carlo.factors[0].factor", Input{Paths: 1, Spread: Spread{Distributions: []Distribution{{Factor: "weather", Kind: "normal"}}}}},
		{"a factor twice", "monte_carlo.factors[1].factor", Input{Paths: 1, Spread: Spread{Distributions: []Distribution{two[0], two[0]}}}},
		{"an unknown distribution", "monte_carlo.factors[0].distribution", Input{Paths: 1, Spread: Spread{Distributions: []Distribution{{Factor: "land", Kind: "cauchy"}}}}},
		{"a spread that is no number", "monte_carlo.factors[0].sigma", Input{Paths: 1, Spread: Spread{Distributions: []Distribution{{Factor: "land", Kind: "normal", Sigma: math.NaN()}}}}},
		{"a triangle whose mean cannot be one", "monte_carlo.factors[0]", Input{Paths: 1, Spread: Spread{Distributions: []Distribution{{Factor: "land", Kind: "triangular", Low: 0.9, High: 2}}}}},
		{"a correlation above one", "monte_carlo.correlations[0].value", Input{Paths: 1, Spread: Spread{two, []Correlation{{"land", "cost", 1.2}}}}},
		{"a correlation with itself", "monte_carlo.correlations[0].between", Input{Paths: 1, Spread: Spread{two, []Correlation{{"land", "land", 0.2}}}}},
		// If land goes with cost and cost with rates, land cannot go against rates.
		{"correlations that contradict one another", "monte_carlo.correlations", Input{Paths: 1, Spread: Spread{two, []Correlation{{"land", "cost", 0.9}, {"cost", "rate", 0.9}, {"land", "rate", -0.9}}}}},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			_, err := m.Run(context.Background(), test.in)
			var problems document.Problems
			if !errors.As(err, &problems) || problems[0].Path != test.path || problems[0].ZH == "" || problems[0].EN == "" {
				t.Errorf("%#v", err)
			}
		})
	}
}

func TestACorrelationMatrixIsFactoredAsByHand(t *testing.T) {
	// 0.6 between the first two: the second row is (0.6, √(1 − 0.36)) = (0.6, 0.8).
	l, bad := Spread{Correlations: []Correlation{{"land", "energy", 0.6}}}.cholesky()
	if bad >= 0 || l[0][0] != 1 || l[1][0] != 0.6 || math.Abs(l[1][1]-0.8) > 1e-15 || l[2][2] != 1 {
		t.Errorf("%v, %d", l, bad)
	}
	// Wholly dependent factors are allowed: the last has nothing of its own.
	l, bad = Spread{Correlations: []Correlation{{"land", "energy", -1}}}.cholesky()
	if bad >= 0 || l[1][0] != -1 || l[1][1] != 0 {
		t.Errorf("%v, %d", l, bad)
	}
}

// The drawn factors have mean one, the stated spread and the stated correlation, within what 40,000 draws leave open: the
// standard error of a mean is sigma/200, that of a correlation below 1/200; four of them are allowed.
func TestTheDrawnFactorsHaveTheirMomentsOnTheWhole(t *testing.T) {
	const paths = 40_000
	s := newSampler(Spread{
		Distributions: []Distribution{{Factor: "land", Kind: "lognormal", Sigma: 0.25}, {Factor: "cost", Kind: "normal", Sigma: 0.06}, {Factor: "invest", Kind: "triangular", Low: 0.95, High: 1.10}},
		Correlations:  []Correlation{{"land", "cost", 0.6}},
	}, 3)
	var sum, squares [factorCount]float64
	cross := 0.0
	for path := range paths {
		f := s.draw(path)
		for i, value := range f {
			sum[i] += value
			squares[i] += (value - 1) * (value - 1)
		}
		// The logarithm of a lognormal factor is normal again, with mean −σ²/2.
		cross += (math.Log(f[0]) + 0.25*0.25/2) / 0.25 * (f[atCost] - 1) / 0.06
		if f[1] != 1 || f[atRate] != 1 {
			t.Fatal("a factor without a spread has moved")
		}
		if f[atInvest] < 0.95 || f[atInvest] > 1.10 {
			t.Fatalf("investment at %v lies outside its triangle", f[atInvest])
		}
	}
	// The standard deviations: √(exp(σ²) − 1) = 0.253960; 0.06; of the triangle (0.95, 0.95, 1.10) √(0.15²/18) = 0.035355.
	for i, deviation := range map[int]float64{0: 0.253960, atCost: 0.06, atInvest: 0.035355} {
		if mean := sum[i] / paths; math.Abs(mean-1) > 4*deviation/200 {
			t.Errorf("factor %d has mean %v", i, mean)
		}
		if got := math.Sqrt(squares[i] / paths); math.Abs(got/deviation-1) > 0.03 {
			t.Errorf("factor %d deviates by %v, not %v", i, got, deviation)
		}
	}
	if correlation := cross / paths; math.Abs(correlation-0.6) > 4.0/200 {
		t.Errorf("the correlation is %v", correlation)
	}
}

func TestAPercentileIsANearestRank(t *testing.T) {
	five := []float64{15, 20, 35, 40, 50} // the usual textbook example
	for p, want := range map[float64]float64{0.05: 15, 0.30: 20, 0.40: 20, 0.50: 35, 1.00: 50} {
		if got := percentile(five, p); got != want {
			t.Errorf("the share %v stands at %v, not %v", p, got, want)
		}
	}
}

func TestMoreIncomeIsNeverWorse(t *testing.T) {
	m, _, _ := prepared(t, "pingxiang")
	rapid.Check(t, func(t *rapid.T) {
		less := rapid.Float64Range(0.3, 1.4).Draw(t, "less")
		more := rapid.Float64Range(less, 1.5).Draw(t, "more")
		f, g := ones(), ones()
		for i := range sourceCount {
			f[i], g[i] = less, more
		}
		w := newScratch(m)
		a := w.run(f)
		if b := w.run(g); b.peakGap > a.peakGap+1 || b.minDSCR < a.minDSCR-1e-9 && b.shortfall > a.shortfall+1 {
			t.Fatalf("%+v with income at %v, %+v at %v", a, less, b, more)
		}
	})
}

// BenchmarkMonteCarlo10000 runs 10,000 paths of a plan of three units over ten years and three lines over more than
// twenty, and beside it what the same paths cost in a plain loop over the exact chain. cpu-µs/path counts the time of
// all cores, which a busy machine does not stretch.
func BenchmarkMonteCarlo10000(b *testing.B) {
	m, kase, spread := prepared(b, "pingxiang-rolling")
	kase.Assess = nil
	b.Run("floats on all cores", func(b *testing.B) {
		before := processorTime()
		for b.Loop() {
			if _, err := m.Run(context.Background(), Input{Paths: 10_000, Seed: 1, Spread: spread}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric((processorTime()-before)/float64(b.N)/10_000, "cpu-µs/path")
	})
	b.Run("one path in floats", func(b *testing.B) {
		w, s := newScratch(m), newSampler(spread, 1)
		before := processorTime()
		for i := 0; b.Loop(); i++ {
			w.run(s.draw(i))
		}
		b.ReportMetric((processorTime()-before)/float64(b.N), "cpu-µs/path")
	})
	b.Run("one path of the exact chain", func(b *testing.B) {
		s := newSampler(spread, 1)
		before := processorTime()
		for i := 0; b.Loop(); i++ {
			drawn := s.draw(i)
			var f stress.Factors
			for at := range f.Fall {
				f.Fall[at] = decimal.NewFromFloat(math.Max(0, 1-drawn[at])).Round(6)
			}
			f.Invest = decimal.NewFromFloat(math.Max(0, drawn[atInvest]-1)).Round(6)
			if _, err := kase.Run(f); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric((processorTime()-before)/float64(b.N), "cpu-µs/path")
	})
}

// processorTime returns the processor time of the test in microseconds.
func processorTime() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return float64(usage.Utime.Sec+usage.Stime.Sec)*1e6 + float64(usage.Utime.Usec+usage.Stime.Usec)
}
