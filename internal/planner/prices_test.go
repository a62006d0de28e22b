package planner_test

import (
	"testing"

	"zutuan/internal/casework"
	"zutuan/internal/money"
)

// TestAPriceIsWhatMovingTheLimitSaves moves each binding limit of the 凭祥 plan by a hundredth of the step that its price is
// stated for, builds again with the same choices to be made, and compares the saving of the programs. A plan may also
// change its lenders then, so the saving may be larger than the price says, never smaller.
func TestAPriceIsWhatMovingTheLimitSaves(t *testing.T) {
	in := sample(t, "pingxiang", casework.PlanRequest{})
	in.SigningEvery, in.TenorChoices = -1, 1
	built := mustBuild(t, in)
	checked := 0
	for _, price := range built.Prices {
		moved := in
		switch price.Kind {
		case "dscr":
			lower := in.Limits.MinDSCR.Sub(money.MustRate("0.0001"))
			moved.Limits.MinDSCR = &lower
		case "cash":
			requirement := *in.Requirement
			requirement.OpeningCash += 10 * money.Wan // as good as a lower minimum in every quarter
			moved.Requirement = &requirement
		default:
			continue
		}
		checked++
		saved := built.Optimum - mustBuild(t, moved).Optimum
		want := price.Saving / 100
		if slack := want/1000 + 100*money.Yuan; saved < want-slack || saved > want+slack {
			t.Errorf("%s: moving the limit saves %s, its price says %s", price.Kind, saved, want)
		}
		if price.Text.ZH == "" || price.Text.EN == "" {
			t.Errorf("%s says nothing", price.Kind)
		}
	}
	if checked < 2 {
		t.Errorf("only %d prices were checked: %v", checked, built.Prices)
	}
}

func TestTheFrontierNeverRisesWithTheTenor(t *testing.T) {
	built := mustBuild(t, sample(t, "pingxiang", casework.PlanRequest{Frontier: true}))
	plans := 0
	for i, point := range built.Frontier {
		if !point.Feasible {
			continue
		}
		plans++
		if point.Longest > point.TenorQuarters {
			t.Errorf("the plan within %d quarters has a tenor of %d", point.TenorQuarters, point.Longest)
		}
		if i > 0 && built.Frontier[i-1].Feasible && point.Cost > built.Frontier[i-1].Cost {
			t.Errorf("cost rises from %s to %s at %d quarters", built.Frontier[i-1].Cost, point.Cost, point.TenorQuarters)
		}
	}
	if plans < 5 {
		t.Errorf("the frontier has %d plans", plans)
	}
	if last := built.Frontier[len(built.Frontier)-1]; last.Cost != built.Cost.Total {
		t.Errorf("the frontier ends at %s, the plan costs %s", last.Cost, built.Cost.Total)
	}
}
