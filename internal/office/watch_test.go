package office

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"zutuan/internal/gate"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
	"zutuan/rules"
)

// inputChanges are the writes that change what a plan's assessment read.
var inputChanges = map[string]func(*testing.T, *Office, Requirement){
	"requirement": func(t *testing.T, o *Office, r Requirement) {
		now, err := o.GetRequirement(t.Context(), bureauPX, r.ID)
		if err == nil {
			_, err = o.UpdateRequirement(t.Context(), bureauPX, r.ID, now.Version, changed(t, plotted(t), func(d map[string]any) { d["minimum_cash"] = "1.00" }))
		}
		if err != nil {
			t.Fatal(err)
		}
	},
	"ledger":   func(t *testing.T, o *Office, _ Requirement) { changeLedger(t, o, "0.0321") },
	"fiscal":   func(t *testing.T, o *Office, _ Requirement) { burden(t, o) },
	"override": func(t *testing.T, o *Office, _ Requirement) { mustOverride(t, o, dscr) },
	"market": func(t *testing.T, o *Office, _ Requirement) {
		addMarket(t, o, "0.0999")
		// The background looks at plans after a change of rules or market data.
		if _, err := o.ReviewOpenPlans(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
	},
}

func TestAChangedInputTakesThePlanBackToDraft(t *testing.T) {
	names := map[string]string{"requirement": "资金需求", "ledger": "存量债务台账", "fiscal": "财政概况", "override": "地方参数", "market": "市场数据 lpr_5y"}
	statuses := map[string]gate.Status{"requirement": gate.StatusSubmitted, "ledger": gate.StatusInReview, "fiscal": gate.StatusApproved, "override": gate.StatusFinalized, "market": gate.StatusFinalized}
	for name, change := range inputChanges {
		t.Run(fmt.Sprintf("%s of a plan that is %s", name, statuses[name]), func(t *testing.T) {
			o, _ := newOffice(t)
			requirement, plan := handInPlan(t, o)
			mustAssess(t, o, plan.ID)
			before := bring(t, o, plan.ID, statuses[name])
			change(t, o, requirement)
			after, err := o.GetPlan(t.Context(), bureauPX, plan.ID)
			if err != nil || after.Status != gate.StatusDraft || after.ApprovedBy != "" || after.SubmittedAt != nil || after.FinalizedAt != nil {
				t.Fatalf("the plan is %s: %+v, %v", after.Status, after.PlanBody, err)
			}
			if len(after.Reopened) == 0 || !strings.Contains(after.Reopened[0].ZH, names[name]) || after.Reopened[0].EN == "" {
				t.Errorf("it does not say why: %v", after.Reopened)
			}
			trail, err := o.PlanTrail(t.Context(), bureauPX, plan.ID)
			if last := trail[len(trail)-1]; err != nil || last.Action != "reopen" || last.Who != "system:gate" || !strings.Contains(last.Why, names[name]) {
				t.Errorf("the trail ends with %+v, %v", last, err)
			}
			told, err := o.ListNotifications(t.Context(), bureauPX, true, Paging{})
			if err != nil || len(told.Items) != 1 || told.Items[0].Type != NotificationPlanReopened || told.Items[0].Subject != plan.ID || !strings.Contains(told.Items[0].Text.ZH, names[name]) {
				t.Errorf("the bureau is told %+v, %v", told.Items, err)
			}
			if again, err := o.ReviewOpenPlans(t.Context(), ""); err != nil || again != 0 {
				t.Errorf("a second look reopened %d, %v", again, err)
			}
			_, err = o.StepPlan(t.Context(), bureauPX, plan.ID, before.Version, gate.StepSubmit, "")
			wantRefusal(t, err, refuse.KindStale)
			_, err = o.StepPlan(t.Context(), bureauPX, plan.ID, after.Version, gate.StepSubmit, "")
			wantRefusal(t, err, refuse.KindConflict)
		})
	}
}

func TestWhatChangesNoFigureLeavesThePlanWhereItIs(t *testing.T) {
	o, clock := newOffice(t)
	requirement, plan := handInPlan(t, o)
	mustAssess(t, o, plan.ID)
	bring(t, o, plan.ID, gate.StatusApproved)
	if _, err := o.StepRequirement(t.Context(), bureauPX, requirement.ID, requirement.Version, gate.StepSubmit, ""); err != nil {
		t.Fatal(err)
	}
	ledger, err := o.GetLedger(t.Context(), bureauPX, "GX-PX")
	if err == nil {
		_, err = o.PutLedger(t.Context(), bureauPX, "GX-PX", ledger.Version, LedgerText{Text: ledger.Document})
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.PutFiscal(t.Context(), bureauMZL, "NM-MZL", 2025, 0, sampleText(t, "manzhouli", "fiscal.yaml")); err != nil {
		t.Fatal(err)
	}
	clock.advance(24 * time.Hour)
	if reopened, err := o.ReviewOpenPlans(t.Context(), ""); err != nil || reopened != 0 {
		t.Errorf("%d plans were reopened, %v", reopened, err)
	}
	if now, _ := o.GetPlan(t.Context(), bureauPX, plan.ID); now.Status != gate.StatusApproved {
		t.Errorf("the plan is %s because %v", now.Status, now.Reopened)
	}
}

// A process that dies after it wrote an input and before it looked at the plans leaves a plan that no step trusts, and that
// the next look takes back.
func TestAPlanIsRightAfterACrashBeforeTheSweep(t *testing.T) {
	o, _ := newOffice(t)
	_, plan := handInPlan(t, o)
	mustAssess(t, o, plan.ID)
	approved := bring(t, o, plan.ID, gate.StatusApproved)
	mustAcknowledge(t, o, plan.ID)
	approved, _ = o.GetPlan(t.Context(), bureauPX, approved.ID)
	if _, _, err := ledgers.update(t.Context(), o, "GX-PX", 0, store.Change{Who: "crash", Action: "replace"}, func(_ store.Record, kept *LedgerBody) error {
		kept.DocumentHash = hashOf([]byte("another"))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	_, err := o.StepPlan(t.Context(), bureauPX, plan.ID, approved.Version, gate.StepFinalize, "")
	if codes := missingCodes(err); len(codes) == 0 || codes[0] != "assessment_current" {
		t.Errorf("finalizing was refused for %v", codes)
	}
	if reopened, err := o.ReviewOpenPlans(t.Context(), "GX"); err != nil || reopened != 1 {
		t.Errorf("%d plans were reopened, %v", reopened, err)
	}
	if reopened, err := o.ReviewOpenPlans(t.Context(), "GX"); err != nil || reopened != 0 {
		t.Errorf("the second time %d plans were reopened, %v", reopened, err)
	}
}

// A step in one process and a change of the ledger in another at once: whichever comes first, no plan stands on inputs that
// it was not assessed on, and nobody has to look again.
func TestAStepAndAChangeAtOnceNeverLeaveAPlanOnOldInputs(t *testing.T) {
	clock := &testClock{noon}
	path := installedPath(t)
	var offices [2]*Office
	for i := range offices {
		var err error
		if offices[i], err = Open(t.Context(), Config{Store: openStore(t, path), Rules: rules.FS, Clock: clock.Now}); err != nil {
			t.Fatal(err)
		}
	}
	o, other := offices[0], offices[1]
	_, plan := handInPlan(t, o)
	reopened, stood := 0, 0
	for round := range 12 {
		mustAssess(t, o, plan.ID)
		step, actor := gate.StepSubmit, bureauPX
		if round%2 == 1 {
			bring(t, o, plan.ID, gate.StatusApproved)
			mustAcknowledge(t, o, plan.ID)
			step = gate.StepFinalize
		}
		before, err := o.GetPlan(t.Context(), actor, plan.ID)
		if err != nil {
			t.Fatal(err)
		}
		var both sync.WaitGroup
		var stepped error
		both.Go(func() { _, stepped = o.StepPlan(t.Context(), actor, plan.ID, before.Version, step, "") })
		both.Go(func() {
			time.Sleep(time.Duration(round) * 300 * time.Microsecond)
			changeLedger(t, other, fmt.Sprintf("0.05%02d", round))
		})
		both.Wait()
		now, err := o.GetPlan(t.Context(), actor, plan.ID)
		if err != nil || now.Status != gate.StatusDraft {
			t.Fatalf("round %d: the plan is %s on a ledger that changed (%v, %v)", round, now.Status, stepped, err)
		}
		var refused *refuse.Error
		if stepped == nil {
			stood++
		} else if reopened++; !errors.As(stepped, &refused) {
			t.Errorf("round %d: %v", round, stepped)
		}
	}
	t.Logf("the step came first %d times, the change %d times", stood, reopened)
}

func TestAReasonFitsTheTrail(t *testing.T) {
	long := strings.Repeat("债", store.MaxReasonBytes)
	for _, most := range []int{0, 4, 10, 100} {
		if got := cut(long, most); len(got) > max(most, 3) || !strings.HasSuffix(got, "…") {
			t.Errorf("cut to %d: %q", most, got)
		}
	}
	if got := cut("短", 10); got != "短" {
		t.Errorf("got %q", got)
	}
}

func TestAFinalPlanWhoseStudiesDisagreeGoesBack(t *testing.T) {
	o, _ := newOffice(t)
	_, plan := handInPlan(t, o)
	mustAssess(t, o, plan.ID)
	final := bring(t, o, plan.ID, gate.StatusFinalized)
	_, err := o.PutStudies(t.Context(), bureauPX, plan.ID, final.Version, []byte(`{"schema":"zutuan/studies/v1","industry":{"status":"done"}}`))
	wantRefusal(t, err, refuse.KindInvalid)
	same, err := o.PutStudies(t.Context(), bureauPX, plan.ID, final.Version, testdata(t, "pingxiang-studies.json"))
	if err != nil || same.Status != gate.StatusFinalized {
		t.Fatalf("the same studies took it to %s, %v", same.Status, err)
	}
	other := changed(t, testdata(t, "pingxiang-studies.json"), func(d map[string]any) { d["feasibility"].(map[string]any)["investment"] = "838999999.99" })
	back, err := o.PutStudies(t.Context(), bureauPX, plan.ID, same.Version, other)
	if err != nil || back.Status != gate.StatusDraft || len(back.Reopened) != 1 || !strings.Contains(back.Reopened[0].ZH, "不一致") {
		t.Errorf("the plan is %s because %v, %v", back.Status, back.Reopened, err)
	}
	view, err := o.GetStudies(t.Context(), observer, plan.ID)
	if err != nil || !view.Complete.Satisfied || view.Consistent.Satisfied {
		t.Errorf("the studies are complete %v, consistent %v, %v", view.Complete.Satisfied, view.Consistent.Satisfied, err)
	}
}

// BenchmarkLookingAtAPlan is what a sweep spends on one approved plan that nothing changed for.
func BenchmarkLookingAtAPlan(b *testing.B) {
	o, _ := newOffice(b)
	_, plan := handInPlan(b, o)
	mustAssess(b, o, plan.ID)
	bring(b, o, plan.ID, gate.StatusApproved)
	for b.Loop() {
		if reopened, err := o.reviewPlan(b.Context(), plan.ID); err != nil || reopened {
			b.Fatal(reopened, err)
		}
	}
}

// BenchmarkAssessingAPlan is an assessment that is not kept yet: match, judgement, flags, and everything that is written.
func BenchmarkAssessingAPlan(b *testing.B) {
	o, _ := newOffice(b)
	_, plan := handInPlan(b, o)
	day := noon
	for b.Loop() {
		day = day.AddDate(0, 0, -1)
		if _, err := o.AssessPlan(b.Context(), bureauPX, plan.ID, day); err != nil {
			b.Fatal(err)
		}
	}
}
