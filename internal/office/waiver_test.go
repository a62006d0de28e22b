package office

import (
	"slices"
	"strings"
	"testing"
	"time"

	"zutuan/internal/gate"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
)

// waiveR02I is the request for the flag that a burdened fiscal profile raises.
var waiveR02I = WaiverInput{Pack: "cn-local-government", Rule: "R02I", Reason: "化债方案已批复，隐性债务逐年下降", Evidence: "桂财债（示例）〔2026〕7号", ExpiresOn: "2026-12-31"}

func handInBurdened(t testing.TB, o *Office) Plan {
	t.Helper()
	_, plan := handInPlan(t, o)
	burden(t, o)
	mustAssess(t, o, plan.ID)
	plan, err := o.GetPlan(t.Context(), bureauPX, plan.ID)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func mustWaive(t testing.TB, o *Office, plan string) Waiver {
	t.Helper()
	waiver, err := o.RequestWaiver(t.Context(), riskGX, plan, waiveR02I)
	if err == nil {
		waiver, err = o.StepWaiver(t.Context(), riskGX2, waiver.ID, waiver.Version, gate.StepGrant, "")
	}
	if err != nil {
		t.Fatal(err)
	}
	return waiver
}

func TestAWaiverIsRefusedForEverythingThatItLacks(t *testing.T) {
	o, _ := newOffice(t)
	plan := handInBurdened(t, o)
	for name, test := range map[string]struct {
		change func(*WaiverInput)
		want   []string
	}{
		"nothing is stated":         {func(w *WaiverInput) { *w = WaiverInput{Pack: w.Pack, Rule: w.Rule} }, []string{"waiver_evidence", "waiver_expiry", "waiver_reason"}},
		"a flag that is not raised": {func(w *WaiverInput) { w.Rule = "R99" }, []string{"waiver_cover"}},
		"a flag that blocks nobody": {func(w *WaiverInput) { w.Rule = "R01S" }, []string{"waiver_cover"}},
		"a day that has passed":     {func(w *WaiverInput) { w.ExpiresOn = "2026-06-30" }, []string{"waiver_expiry"}},
		"a term of many years":      {func(w *WaiverInput) { w.ExpiresOn = "2036-06-30" }, []string{"waiver_expiry"}},
		"another lender":            {func(w *WaiverInput) { w.Lender = "cdb" }, []string{"waiver_cover"}},
	} {
		t.Run(name, func(t *testing.T) {
			input := waiveR02I
			test.change(&input)
			_, err := o.RequestWaiver(t.Context(), riskGX, plan.ID, input)
			wantRefusal(t, err, refuse.KindConflict)
			if got := missingCodes(err); !slices.Equal(got, test.want) {
				t.Errorf("missing %v, want %v\n%v", got, test.want, err)
			}
		})
	}
	for _, test := range []struct {
		actor permit.Actor
		kind  refuse.Kind
	}{{bureauPX, refuse.KindForbidden}, {observer, refuse.KindForbidden}, {riskNM, refuse.KindUnknown}, {liaison, refuse.KindForbidden}} {
		_, err := o.RequestWaiver(t.Context(), test.actor, plan.ID, waiveR02I)
		wantRefusal(t, err, test.kind)
	}
}

// A plan without money for everything raises R21, a legal prohibition.
func TestAProhibitionIsNeverWaived(t *testing.T) {
	o, _ := newOffice(t)
	_, plan := handInPlan(t, o)
	text := changed(t, testdata(t, "pingxiang-plan.json"), func(d map[string]any) { d["lines"] = d["lines"].([]any)[:2] })
	plan, err := o.UpdatePlan(t.Context(), bureauPX, plan.ID, plan.Version, text)
	if err != nil {
		t.Fatal(err)
	}
	if made := mustAssess(t, o, plan.ID); made.CanBeWaived || made.Counts.Stop == 0 || made.UnfundedGap == 0 {
		t.Fatalf("the assessment is %+v", made.AssessmentBody)
	}
	_, err = o.RequestWaiver(t.Context(), riskGX, plan.ID, WaiverInput{Pack: "cn-local-government", Rule: "R21", Reason: "急", Evidence: "无", ExpiresOn: "2026-12-31"})
	if got := missingCodes(err); !slices.Equal(got, []string{"waiver_cover"}) || !strings.Contains(err.Error(), "prohibition") {
		t.Errorf("got %v", err)
	}
}

func TestAnotherOfficerDecidesOnAWaiver(t *testing.T) {
	o, _ := newOffice(t)
	plan := handInBurdened(t, o)
	waiver, err := o.RequestWaiver(t.Context(), riskGX, plan.ID, waiveR02I)
	if err != nil || waiver.Status != gate.StatusRequested || waiver.Cover.Level != "red" || *waiver.Cover.WorstValue != "3.383272" || waiver.Flag != "cn-local-government/R02I" {
		t.Fatalf("requested: %+v, %v", waiver, err)
	}
	step := func(actor permit.Actor, version int64, step gate.Step, reason string) error {
		_, err := o.StepWaiver(t.Context(), actor, waiver.ID, version, step, reason)
		return err
	}
	wantRefusal(t, step(riskGX2, 0, gate.StepGrant, ""), refuse.KindUnconditional)
	wantRefusal(t, step(riskGX2, waiver.Version+1, gate.StepGrant, ""), refuse.KindStale)
	wantRefusal(t, step(bureauPX, waiver.Version, gate.StepGrant, ""), refuse.KindForbidden)
	wantRefusal(t, step(riskNM, waiver.Version, gate.StepGrant, ""), refuse.KindUnknown)
	for _, self := range []permit.Actor{riskGX, turncoat} {
		if got := missingCodes(step(self, waiver.Version, gate.StepGrant, "")); !slices.Equal(got, []string{"four_eyes"}) {
			t.Errorf("%s grants it: %v", self.Name, got)
		}
	}
	if got := missingCodes(step(riskGX2, waiver.Version, gate.StepReject, "")); !slices.Equal(got, []string{"reason"}) {
		t.Errorf("rejected without a reason: %v", got)
	}
	if got := missingCodes(step(riskGX2, waiver.Version, gate.StepRevoke, "误")); !slices.Equal(got, []string{"status"}) {
		t.Errorf("revoked before it was granted: %v", got)
	}
	granted, err := o.StepWaiver(t.Context(), riskGX2, waiver.ID, waiver.Version, gate.StepGrant, "同意")
	if err != nil || granted.Status != gate.StatusGranted || granted.GrantedBy != riskGX2.User || granted.GrantedOn != "2026-06-30" || granted.Decision != "同意" {
		t.Fatalf("granted: %+v, %v", granted, err)
	}
	rejected, err := o.RequestWaiver(t.Context(), riskGX, plan.ID, waiveR02I)
	if err == nil {
		rejected, err = o.StepWaiver(t.Context(), riskGX2, rejected.ID, rejected.Version, gate.StepReject, "依据不足")
	}
	if err != nil || rejected.Status != gate.StatusRejected || rejected.Decision != "依据不足" {
		t.Errorf("rejected: %+v, %v", rejected, err)
	}
	trail, err := o.WaiverTrail(t.Context(), observer, waiver.ID)
	if err != nil || len(trail) != 2 || trail[0].Who != riskGX.User || trail[1].Who != riskGX2.User {
		t.Errorf("the trail is %+v, %v", trail, err)
	}
	_, err = o.GetWaiver(t.Context(), bureauMZL, waiver.ID)
	wantRefusal(t, err, refuse.KindUnknown)
}

func TestWaiversAreListedByPlanStatusAndLastDay(t *testing.T) {
	o, clock := newOffice(t)
	plan := handInBurdened(t, o)
	granted := mustWaive(t, o, plan.ID)
	asked, err := o.RequestWaiver(t.Context(), riskGX, plan.ID, waiveR02I)
	if err != nil {
		t.Fatal(err)
	}
	list := func(filter WaiverFilter) (ids []string) {
		t.Helper()
		page, err := o.ListWaivers(t.Context(), observer, filter, Paging{})
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			ids = append(ids, item.ID)
		}
		slices.Sort(ids)
		return ids
	}
	both := []string{granted.ID, asked.ID}
	slices.Sort(both)
	date := func(text string) time.Time { return parseDay(text) }
	for name, test := range map[string]struct {
		filter WaiverFilter
		want   []string
	}{
		"all": {WaiverFilter{}, both}, "of the plan": {WaiverFilter{Plan: plan.ID}, both},
		"granted": {WaiverFilter{Status: gate.StatusGranted}, []string{granted.ID}}, "requested": {WaiverFilter{Status: gate.StatusRequested}, []string{asked.ID}}, "expired": {WaiverFilter{Status: gate.StatusExpired}, nil},
		"that end this year": {WaiverFilter{ExpiresBefore: date("2027-01-01")}, both}, "that end by December": {WaiverFilter{ExpiresBefore: date("2026-12-31")}, nil},
	} {
		if got := list(test.filter); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
	clock.advance(200 * 24 * time.Hour)
	if got := list(WaiverFilter{Status: gate.StatusExpired}); !slices.Equal(got, []string{granted.ID}) {
		t.Errorf("in 2027 expired: %v", got)
	}
	if got := list(WaiverFilter{Status: gate.StatusGranted}); got != nil {
		t.Errorf("in 2027 granted: %v", got)
	}
	if shown, err := o.GetWaiver(t.Context(), observer, granted.ID); err != nil || shown.Status != gate.StatusExpired {
		t.Errorf("in 2027 it is shown %s, %v", shown.Status, err)
	}
	if page, err := o.ListWaivers(t.Context(), bureauMZL, WaiverFilter{}, Paging{}); err != nil || len(page.Items) != 0 {
		t.Errorf("another bureau lists %v, %v", page.Items, err)
	}
	_, err = o.ListWaivers(t.Context(), bureauMZL, WaiverFilter{Plan: plan.ID}, Paging{})
	wantRefusal(t, err, refuse.KindUnknown)
}

// A waiver that ends, by its day or by a person, shuts the gate again, whatever the plan's status says.
func TestAnEndedWaiverShutsTheGate(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *Office, *testClock, Waiver){
		"expired": func(_ *testing.T, _ *Office, clock *testClock, _ Waiver) { clock.advance(185 * 24 * time.Hour) },
		"revoked": func(t *testing.T, o *Office, _ *testClock, w Waiver) {
			if _, err := o.StepWaiver(t.Context(), riskGX2, w.ID, w.Version, gate.StepRevoke, "化债方案撤回"); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			o, clock := newOffice(t)
			plan := handInBurdened(t, o)
			waiver := mustWaive(t, o, plan.ID)
			bring(t, o, plan.ID, gate.StatusApproved)
			mustAcknowledge(t, o, plan.ID)
			if view, err := o.PlanGate(t.Context(), riskGX, plan.ID); err != nil || !view.Ready {
				t.Fatalf("before: %+v, %v", view, err)
			}
			clock.advance(time.Minute)
			end(t, o, clock, waiver)
			view, err := o.PlanGate(t.Context(), riskGX, plan.ID)
			at := slices.IndexFunc(view.Conditions, func(c gate.Condition) bool { return c.Code == gate.CodeFlags })
			if err != nil || view.Ready || view.Conditions[at].Satisfied || !strings.Contains(view.Conditions[at].EN, waiver.ID) {
				t.Errorf("the gate does not say that the waiver ended: %+v, %v", view.Conditions[at], err)
			}
			now, _ := o.GetPlan(t.Context(), bureauPX, plan.ID)
			_, err = o.StepPlan(t.Context(), bureauPX, plan.ID, now.Version, gate.StepFinalize, "")
			if codes := missingCodes(err); !slices.Contains(codes, "flags_resolved") {
				t.Errorf("finalizing was refused for %v", codes)
			}
			if _, err := o.ReviewOpenPlans(t.Context(), ""); err != nil {
				t.Fatal(err)
			}
			if now, _ := o.GetPlan(t.Context(), bureauPX, plan.ID); now.Status != gate.StatusDraft || len(now.Reopened) == 0 {
				t.Errorf("the plan is %s, because %v", now.Status, now.Reopened)
			}
		})
	}
}
