package planner_test

import (
	"testing"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/planner"
)

// yuan turns an amount that a relaxation states back into fen.
func yuan(t testing.TB, value money.Decimal) money.Amount {
	t.Helper()
	amount, err := money.FromDecimal(value)
	if err != nil {
		t.Fatal(err)
	}
	return amount
}

// withCapital is a requirement with more capital in one quarter, written here again.
func withCapital(requirement *funding.Requirement, amount money.Amount, offset int) *funding.Requirement {
	more := *requirement
	more.Capital = append(append([]funding.FundingLine(nil), requirement.Capital...), funding.FundingLine{Source: "additional", Name: "追加",
		Series: funding.Series{Form: funding.SeriesExplicit, Offset: offset, Values: []int64{int64(amount)}}})
	return &more
}

func feasible(t testing.TB, in planner.Input, kase planner.Case) bool {
	t.Helper()
	in.Case, in.Relax, in.Frontier, in.Objective = kase, false, false, planner.ObjectiveLeastCost
	return mustBuild(t, in).Feasible
}

// checkCapital builds with the amount that was answered, and with one grain less.
func checkCapital(t testing.TB, in planner.Input, r *planner.Relaxation) {
	t.Helper()
	offset := r.By.Since(in.Requirement.Start)
	for _, side := range []struct {
		amount money.Amount
		want   bool
	}{{yuan(t, r.Change), true}, {yuan(t, r.Smaller), false}} {
		kase, err := in.Vary(withCapital(in.Requirement, side.amount, offset))
		if err != nil {
			t.Fatal(err)
		}
		if got := feasible(t, in, kase); got != side.want {
			t.Errorf("with %s more capital a plan exists: %t, want %t", side.amount, got, side.want)
		}
	}
}

// TestEveryRelaxationHoldsOnBothSides takes generated cases without a plan and builds each answered relaxation here: with
// the change there is a plan, with the next smaller change there is none.
func TestEveryRelaxationHoldsOnBothSides(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	wanted := 14
	if testing.Short() {
		wanted = 4
	}
	for seed := uint64(0); seed < 200 && wanted > 0; seed++ {
		in := generated(seed)
		in.Vary = func(requirement *funding.Requirement) (planner.Case, error) {
			kase := in.Case
			kase.Requirement, kase.Simulate = requirement, simulate(requirement)
			return kase, nil
		}
		if mustBuild(t, in).Feasible {
			continue
		}
		in.Relax = true
		wanted--
		for _, r := range mustBuild(t, in).Relaxations {
			if r.Helps {
				seen[r.Kind]++
				checkRelaxation(t, seed, in, &r)
			}
		}
	}
	t.Log(seen)
	for _, kind := range []string{planner.RelaxCapital, planner.RelaxDSCR, planner.RelaxSize} {
		if seen[kind] == 0 && !testing.Short() {
			t.Errorf("no case is helped by %s, so it was not tested", kind)
		}
	}
}

func checkRelaxation(t *testing.T, seed uint64, in planner.Input, r *planner.Relaxation) {
	t.Helper()
	var with func(value money.Decimal) planner.Case
	switch r.Kind {
	case planner.RelaxCapital:
		checkCapital(t, in, r)
		return
	case planner.RelaxDSCR:
		with = func(value money.Decimal) planner.Case {
			kase := in.Case
			kase.Limits.MinDSCR = &value
			return kase
		}
	case planner.RelaxSize:
		with = func(value money.Decimal) planner.Case {
			kase := in.Case
			kase.Sources = append([]planner.Source(nil), kase.Sources...)
			for i := range kase.Sources {
				if kase.Sources[i].Line.ID == r.Subject {
					kase.Sources[i].Largest = yuan(t, value)
				}
			}
			return kase
		}
	case planner.RelaxHeadroom:
		with = func(value money.Decimal) planner.Case {
			kase, amount := in.Case, yuan(t, value)
			kase.Limits.SpecialHeadroom = &amount
			return kase
		}
	default:
		return
	}
	if !feasible(t, in, with(r.To)) {
		t.Errorf("case %d: %s to %s makes no plan", seed, r.Kind, r.To)
	}
	if feasible(t, in, with(r.Smaller)) {
		t.Errorf("case %d: %s is more than needed, %s is enough", seed, r.Kind, r.Smaller)
	}
}

// TestNothingToBorrowNeedsNoLender: capital that covers everything makes a plan without lines, at no cost.
func TestNothingToBorrowNeedsNoLender(t *testing.T) {
	in := generated(3)
	rich := withCapital(in.Requirement, 100_000*money.Wan, 0)
	in.Requirement, in.Simulate = rich, simulate(rich)
	built := mustBuild(t, in)
	if !built.Feasible || built.Cost.Total != 0 {
		t.Errorf("feasible %t, cost %s, %d lines", built.Feasible, built.Cost.Total, len(built.Lines))
	}
}
