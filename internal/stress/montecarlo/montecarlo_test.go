package montecarlo

// The float paths are held to the exact chain of package stress: equal with every factor at one, close to it when the
// factors move, and the same bytes whatever the cores, the progress or the order.

import (
	"context"
	"encoding/json"
	"math"
	"testing"

	"zutuan/internal/money"
	"zutuan/internal/stress"
	"zutuan/internal/stress/stresstest"

	"github.com/shopspring/decimal"
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

func BenchmarkMonteCarlo10000(b *testing.B) {
	kase, spread := sample(b, "pingxiang-rolling")
	m, err := NewModel(kase)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("paths on all cores", func(b *testing.B) {
		for b.Loop() {
			answerOf(b, m, Input{Paths: 10_000, Seed: 1, Spread: spread})
		}
	})
	b.Run("one path", func(b *testing.B) {
		w, s := newScratch(m), newSampler(spread, 1)
		for i := 0; b.Loop(); i++ {
			w.run(s.draw(i))
		}
	})
}
