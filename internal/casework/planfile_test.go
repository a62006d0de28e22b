package casework_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zutuan/internal/casework"
	"zutuan/internal/lp/highs"
	"zutuan/internal/plan"
	"zutuan/internal/planner"
)

// A built plan that is written as a document, read again and judged gets the same figures: schedules, cost, measures,
// every limit with its distance, every flag and treatment. What only the search knows – proof, prices – is left out.
func TestABuiltPlanThatIsWrittenAndReadIsJudgedTheSame(t *testing.T) {
	solver := highs.New(highs.Config{})
	defer solver.Close(context.Background())
	desk, err := casework.NewDesk(shipped(t))
	noError(t, err)
	m, err := desk.Match(sampleCase(t, "pingxiang"), casework.Asked{Date: casework.SampleDate})
	noError(t, err)
	built, err := planner.Build(context.Background(), desk.PlanInput(m, casework.PlanRequest{}, solver))
	noError(t, err)
	want, err := desk.Review(m, built)
	noError(t, err)

	document, err := (&plan.File{Name: "方案", Requirement: m.Case.Requirement.Name, Lines: built.Lines}).JSON()
	noError(t, err)
	typed, err := desk.ReadPlan(m, casework.File{Name: "plan.json", Data: document})
	noError(t, err)
	got, err := desk.JudgePlan(m, typed, casework.PlanRequest{})
	noError(t, err)

	if len(built.Lines) < 2 {
		t.Fatalf("the plan has %d lines, too few to say much", len(built.Lines))
	}
	if difference := cmp.Diff(figures(t, want), figures(t, got)); difference != "" {
		t.Errorf("the plan that was read is judged otherwise (-built +read):\n%s", difference)
	}
}

// figures returns a review's answer as a tree without what only a search knows.
func figures(t *testing.T, review *casework.Review) map[string]any {
	t.Helper()
	text, err := json.Marshal(review.Answer())
	noError(t, err)
	var tree map[string]any
	noError(t, json.Unmarshal(text, &tree))
	answer := tree["plan"].(map[string]any)
	for _, key := range []string{"proof", "prices", "objective", "frontier", "relaxations"} {
		delete(answer, key)
	}
	return tree
}
