package office

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"zutuan/internal/gate"
	"zutuan/internal/lp/highs"
	"zutuan/internal/money"
	"zutuan/internal/planner"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
	"zutuan/rules"
)

var update = flag.Bool("update", false, "write testdata anew")

// newPlanningOffice is an office that can build plans.
func newPlanningOffice(t testing.TB) (*Office, *testClock) {
	t.Helper()
	solver := highs.New(highs.Config{})
	t.Cleanup(func() { solver.Close(t.Context()) })
	clock := &testClock{noon}
	o, err := Open(t.Context(), Config{Store: openStore(t, installedPath(t)), Rules: rules.FS, Clock: clock.Now, Solver: solver})
	if err != nil {
		t.Fatal(err)
	}
	return o, clock
}

// bonds are the products of the plan under testdata: special bonds have no lender whose capital the rules ask for.
var bonds = []string{"park-special-bond-15y", "park-special-bond-20y", "foreign-trade-development-fund"}

func TestABuiltPlanIsKeptWithItsProof(t *testing.T) {
	o, _ := newPlanningOffice(t)
	requirement := handIn(t, o)
	var told []int64
	plan, err := o.BuildPlan(t.Context(), bureauPX, BuildInput{Requirement: requirement.ID, Products: bonds}, func(done, total int64, zh, en string) {
		if total != 3 || zh == "" || en == "" {
			t.Errorf("progress %d of %d: %q, %q", done, total, zh, en)
		}
		told = append(told, done)
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(told) != 4 || told[3] != 3 {
		t.Errorf("progress %v", told)
	}
	// `zutuan plan build --sample pingxiang --date 2026-06-30 --products …` prints the same lines and 7,520.98 万元.
	if plan.Status != gate.StatusDraft || plan.Origin != PlanBuilt || plan.Build == nil || plan.Build.Proof == nil || !plan.Build.Proof.Proven || len(plan.Build.Prices) == 0 {
		t.Fatalf("the plan is %+v", plan.PlanBody)
	}
	if got, want := plan.Build.Cost.PresentValue.InWan(), "7,520.98"; got != want {
		t.Errorf("it costs %s 万元, want %s", got, want)
	}
	// 1,678.00 + 48,260.01 + 12,932.00, each of which the command prints rounded.
	if got, want := plan.Financed.InWan(), "62,870.02"; got != want {
		t.Errorf("it draws %s 万元, want %s", got, want)
	}
	golden := filepath.Join("testdata", "pingxiang-plan.json")
	if *update {
		if err := os.WriteFile(golden, plan.Document, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(golden); err != nil || string(want) != string(plan.Document) {
		t.Errorf("the document is not testdata/pingxiang-plan.json (%v):\n%s", err, plan.Document)
	}
	assessment, err := o.AssessPlan(t.Context(), bureauPX, plan.ID, noon)
	if err != nil {
		t.Fatal(err)
	}
	if assessment.UnfundedGap != 0 || len(assessment.Broken) != 0 || assessment.Checked < 10 || assessment.DSCRMin.String() != plan.Build.Measures.MinDSCR.String() || assessment.Financed != plan.Financed {
		t.Errorf("the document does not say what was built: gap %s, broken %v, DSCR %s for %s", assessment.UnfundedGap, assessment.Broken, assessment.DSCRMin, plan.Build.Measures.MinDSCR)
	}
}

func TestWhereNoPlanKeepsTheLimitsThePersonIsToldWhatWouldHelp(t *testing.T) {
	o, _ := newPlanningOffice(t)
	requirement := handIn(t, o)
	_, err := o.BuildPlan(t.Context(), bureauPX, BuildInput{Requirement: requirement.ID, Products: []string{"foreign-trade-development-fund"}}, nil)
	var refused *refuse.Error
	if !errors.As(err, &refused) || refused.Code != "infeasible" || len(refused.Points) == 0 || refused.Points[0].ZH == "" || refused.Points[0].EN == "" {
		t.Fatalf("got %v", err)
	}
	if count, _ := o.store.Count(t.Context(), store.KindPlan, nil); count != 0 {
		t.Errorf("%d plans were kept", count)
	}
}

func TestAWishForAPlanIsRefusedWithAllThatIsWrong(t *testing.T) {
	o, _ := newPlanningOffice(t)
	requirement := handIn(t, o)
	share, none := money.MustRate("1.2"), 0
	for name, test := range map[string]struct {
		input BuildInput
		kind  refuse.Kind
		count int
	}{
		"an unknown objective, a share above 1 and no lenders": {BuildInput{Requirement: requirement.ID, Objective: "cheapest", InstitutionShareMax: &share, MaxLenders: &none}, refuse.KindInvalid, 3},
		"a product that does not exist":                        {BuildInput{Requirement: requirement.ID, Products: []string{"no-such"}}, refuse.KindInvalid, 1},
		"a requirement that does not exist":                    {BuildInput{Requirement: "req_none", Objective: planner.ObjectiveLeastCost}, refuse.KindUnknown, 0},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := o.BuildPlan(t.Context(), bureauPX, test.input, nil)
			wantRefusal(t, err, test.kind)
			var refused *refuse.Error
			if errors.As(err, &refused) && len(refused.Points) != test.count {
				t.Errorf("%d points: %v", len(refused.Points), refused)
			}
		})
	}
	_, err := o.BuildPlan(t.Context(), riskGX, BuildInput{Requirement: requirement.ID}, nil)
	wantRefusal(t, err, refuse.KindForbidden)
	_, err = o.BuildPlan(t.Context(), bureauMZL, BuildInput{Requirement: requirement.ID}, nil)
	wantRefusal(t, err, refuse.KindUnknown)
	unsolving, _ := newOffice(t)
	_, err = unsolving.BuildPlan(t.Context(), bureauPX, BuildInput{Requirement: handIn(t, unsolving).ID}, nil)
	wantRefusal(t, err, refuse.KindUnready)
}
