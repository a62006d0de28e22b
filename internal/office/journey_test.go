package office

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"zutuan/internal/gate"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/rules"
)

// The whole way of one case, 凭祥: from the papers to a final plan, and back to draft when the ledger changes. The
// sample's own fiscal profile raises no flag that blocks, so the bureau reports more implicit debt (burdened); R02I is
// then red.
func TestTheJourneyOfACase(t *testing.T) {
	o, clock := newPlanningOffice(t)
	later := func() { clock.advance(time.Hour) }

	requirement := handIn(t, o)
	requirement, err := o.StepRequirement(t.Context(), bureauPX, requirement.ID, requirement.Version, gate.StepSubmit, "")
	if err != nil {
		t.Fatal(err)
	}
	match, err := o.MatchRequirement(t.Context(), bureauPX, requirement.ID, time.Time{}, nil)
	if err != nil || len(match.Products) == 0 {
		t.Fatal(err)
	}
	burden(t, o)
	later()

	plan, err := o.BuildPlan(t.Context(), bureauPX, BuildInput{Requirement: requirement.ID, Name: "凭祥投融资计划", Products: bonds}, nil)
	if err != nil {
		t.Fatal(err)
	}
	first := mustAssess(t, o, plan.ID)
	if first.Blocking != 1 || !first.CanBeWaived {
		t.Fatalf("the plan raises %d flags that block: %+v", first.Blocking, first.Flags)
	}
	bring(t, o, plan.ID, gate.StatusReturned)
	later()

	// The bureau mends what the reviewer found missing: the plots of the unit, the studies, and the name of the plan.
	if requirement, err = o.UpdateRequirement(t.Context(), bureauPX, requirement.ID, requirement.Version, plotted(t)); err != nil {
		t.Fatal(err)
	}
	if plan, err = o.GetPlan(t.Context(), bureauPX2, plan.ID); err != nil {
		t.Fatal(err)
	}
	mended := changed(t, plan.Document, func(d map[string]any) { d["name"] = "凭祥投融资计划（修改稿）" })
	if plan, err = o.UpdatePlan(t.Context(), bureauPX2, plan.ID, plan.Version, mended); err != nil || plan.Status != gate.StatusDraft || plan.Build != nil {
		t.Fatalf("mended: %s, %v", plan.Status, err)
	}
	if plan, err = o.PutStudies(t.Context(), bureauPX, plan.ID, plan.Version, testdata(t, "pingxiang-studies.json")); err != nil {
		t.Fatal(err)
	}
	second := mustAssess(t, o, plan.ID)
	bring(t, o, plan.ID, gate.StatusInReview)
	later()

	asked, err := o.RequestWaiver(t.Context(), riskGX, plan.ID, waiveR02I)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.StepWaiver(t.Context(), riskGX, asked.ID, asked.Version, gate.StepGrant, ""); !slices.Equal(missingCodes(err), []string{"four_eyes"}) {
		t.Errorf("granted by whoever asked: %v", err)
	}
	mustStep(t, o, riskGX, plan.ID, gate.StepApprove, "")
	stands, _ := o.GetPlan(t.Context(), bureauPX, plan.ID)
	_, err = o.StepPlan(t.Context(), bureauPX, plan.ID, stands.Version, gate.StepFinalize, "")
	if codes := missingCodes(err); !slices.Equal(codes, []string{"flags_acknowledged", "flags_resolved"}) {
		t.Errorf("before the waiver is granted finalizing lacks %v", codes)
	}
	if _, err := o.StepWaiver(t.Context(), riskGX2, asked.ID, asked.Version, gate.StepGrant, "同意"); err != nil {
		t.Fatal(err)
	}
	mustAcknowledge(t, o, plan.ID)
	final := mustStep(t, o, bureauPX, plan.ID, gate.StepFinalize, "")
	if final.Status != gate.StatusFinalized || final.ApprovedBy != riskGX.User || final.Assessment != second.ID {
		t.Fatalf("final: %+v", final.PlanBody)
	}
	later()

	changeLedger(t, o, "0.0499")
	reopened, err := o.GetPlan(t.Context(), bureauPX, plan.ID)
	if err != nil || reopened.Status != gate.StatusDraft || !strings.Contains(reopened.Reopened[0].ZH, "存量债务台账 GX-PX") {
		t.Errorf("after the ledger changed the plan is %s because %v, %v", reopened.Status, reopened.Reopened, err)
	}

	trail, err := o.PlanTrail(t.Context(), observer, plan.ID)
	if err != nil {
		t.Fatal(err)
	}
	var went []string
	for _, entry := range trail {
		went = append(went, entry.Action)
	}
	want := []string{"create", "assess", "submit", "take_review", "return", "update", "studies", "assess", "submit", "take_review", "approve", "acknowledge", "finalize", "reopen"}
	if !slices.Equal(went, want) {
		t.Errorf("the trail went %v, want %v", went, want)
	}
	for _, id := range []string{first.ID, second.ID} {
		if replay, err := o.ReplayAssessment(t.Context(), observer, id); err != nil || !replay.Identical {
			t.Errorf("assessment %s replays to the same bytes: %v, %v", id, replay.Identical, err)
		}
	}
	report, err := o.store.Verify(t.Context())
	if err != nil || report.Records == 0 {
		t.Errorf("the chains: %+v, %v", report, err)
	}
}

// handInSample hands in the papers of another sample.
func handInSample(t testing.TB, o *Office, sample, region string, bureau permit.Actor) Requirement {
	t.Helper()
	ledger, err := fs.ReadFile(rules.FS, "samples/"+sample+"/ledger.csv")
	if err == nil {
		_, err = o.PutLedger(t.Context(), bureau, region, 0, LedgerText{CSV: true, Text: ledger, AsOf: parseDay("2025-12-31")})
	}
	if err == nil {
		_, err = o.PutFiscal(t.Context(), bureau, region, 2025, 0, sampleText(t, sample, "fiscal.yaml"))
	}
	if err != nil {
		t.Fatal(err)
	}
	requirement, err := o.CreateRequirement(t.Context(), bureau, sampleText(t, sample, "requirement.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return requirement
}

// The other clusters: 临沧 and 满洲里 have no plan that keeps every limit. Their bureaus type in what there is, and the gate
// names the prohibitions that nobody can waive.
func TestAPlanThatCannotStandIsStoppedAtTheGate(t *testing.T) {
	for _, sample := range []string{"lincang", "manzhouli"} {
		t.Run(sample, func(t *testing.T) {
			o, _ := newOffice(t)
			region := map[string]string{"lincang": "YN-LC", "manzhouli": "NM-MZL"}[sample]
			bureau, risk := bureauPX, riskGX
			bureau.Region, risk.Region = region, region[:2]
			requirement := handInSample(t, o, sample, region, bureau)
			document := changed(t, []byte(`{"schema":"zutuan/plan/v1","name":"自有资金","lines":[]}`), func(d map[string]any) { d["requirement"] = requirement.Name })
			plan, err := o.CreatePlan(t.Context(), bureau, requirement.ID, document)
			if err != nil {
				t.Fatal(err)
			}
			made, err := o.AssessPlan(t.Context(), bureau, plan.ID, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			if made.CanBeWaived || made.UnfundedGap == 0 || made.Counts.Stop == 0 {
				t.Errorf("assessed: %+v", made.AssessmentBody)
			}
			view, err := o.PlanGate(t.Context(), risk, plan.ID)
			if err != nil || view.Ready {
				t.Fatalf("the gate stands open: %v", err)
			}
			for _, code := range []gate.Code{gate.CodeShortfall, gate.CodeFlags} {
				at := slices.IndexFunc(view.Conditions, func(c gate.Condition) bool { return c.Code == code })
				if view.Conditions[at].Satisfied || len(view.Conditions[at].Items) == 0 {
					t.Errorf("%s: %+v", code, view.Conditions[at])
				}
			}
			_, err = o.RequestWaiver(t.Context(), risk, plan.ID, WaiverInput{Pack: "cn-local-government", Rule: "R21", Reason: "x", Evidence: "x", ExpiresOn: "2026-12-31"})
			var refused *refuse.Error
			if !errors.As(err, &refused) || refused.Kind != refuse.KindConflict {
				t.Errorf("a prohibition was waived: %v", err)
			}
			if _, err := o.store.Verify(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}
