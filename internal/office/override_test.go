package office

import (
	"errors"
	"slices"
	"testing"

	"zutuan/internal/gate"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
)

// dscr is a threshold of the house's own, 1.3 as shipped, below which R19 is yellow.
var dscr = OverrideInput{Region: "GX-PX", Parameter: "dscr_yellow", Value: "1.1", Why: "区内项目以政府专项收入为主", Until: "2026-12-31"}

func mustOverride(t testing.TB, o *Office, input OverrideInput) Override {
	t.Helper()
	override, err := o.RequestOverride(t.Context(), riskGX, input)
	if err == nil {
		override, err = o.StepOverride(t.Context(), riskGX2, override.ID, override.Version, gate.StepGrant, "")
	}
	if err != nil {
		t.Fatal(err)
	}
	return override
}

func TestARegionReplacesAThresholdThatNoLawFixes(t *testing.T) {
	o, _ := newOffice(t)
	_, plan := handInPlan(t, o)
	raised := func(a Assessment) bool {
		return slices.ContainsFunc(a.Flags, func(f gate.Flag) bool { return f.Rule == "R19" })
	}
	before := mustAssess(t, o, plan.ID)
	if !raised(before) {
		t.Fatal("a minimum DSCR of 1.15 raises no flag under the shipped threshold of 1.3")
	}
	bring(t, o, plan.ID, gate.StatusSubmitted)
	asked, err := o.RequestOverride(t.Context(), riskGX, dscr)
	if err != nil || asked.Status != gate.StatusRequested || asked.Replaces != "1.30" {
		t.Fatalf("requested: %+v, %v", asked, err)
	}
	step := func(actor permit.Actor, version int64, step gate.Step, reason string) error {
		_, err := o.StepOverride(t.Context(), actor, asked.ID, version, step, reason)
		return err
	}
	wantRefusal(t, step(riskGX2, 0, gate.StepGrant, ""), refuse.KindUnconditional)
	wantRefusal(t, step(riskGX2, 9, gate.StepGrant, ""), refuse.KindStale)
	wantRefusal(t, step(bureauPX, asked.Version, gate.StepGrant, ""), refuse.KindForbidden)
	wantRefusal(t, step(riskNM, asked.Version, gate.StepGrant, ""), refuse.KindUnknown)
	if got := missingCodes(step(riskGX, asked.Version, gate.StepGrant, "")); !slices.Equal(got, []string{"four_eyes"}) {
		t.Errorf("granted by whoever asked: %v", got)
	}
	if still, _ := o.GetPlan(t.Context(), bureauPX, plan.ID); still.Status != gate.StatusSubmitted {
		t.Errorf("a mere request took the plan to %s", still.Status)
	}
	granted, err := o.StepOverride(t.Context(), riskGX2, asked.ID, asked.Version, gate.StepGrant, "")
	if err != nil || granted.GrantedBy != riskGX2.User || granted.GrantedOn != "2026-06-30" {
		t.Fatalf("granted: %+v, %v", granted, err)
	}
	reopened, _ := o.GetPlan(t.Context(), bureauPX, plan.ID)
	if reopened.Status != gate.StatusDraft || len(reopened.Reopened) == 0 {
		t.Errorf("the plan is %s because %v", reopened.Status, reopened.Reopened)
	}
	after := mustAssess(t, o, plan.ID)
	if raised(after) || len(after.Basis.Overrides) != 1 || after.Basis.Overrides[0].Who != "usr_risk_gx / usr_risk_gx2" {
		t.Errorf("the override has no effect: %+v", after.Basis.Overrides)
	}
	revoked, err := o.StepOverride(t.Context(), riskGX2, granted.ID, granted.Version, gate.StepRevoke, "误用")
	if err != nil || revoked.Status != gate.StatusRevoked {
		t.Errorf("revoked: %+v, %v", revoked, err)
	}
	if again := mustAssess(t, o, plan.ID); !raised(again) {
		t.Error("a revoked override still holds")
	}
	for _, made := range []Assessment{before, after} {
		if replay, err := o.ReplayAssessment(t.Context(), observer, made.ID); err != nil || !replay.Identical {
			t.Errorf("the replay is identical %v, %v", replay.Identical, err)
		}
	}
	if trail, err := o.OverrideTrail(t.Context(), observer, asked.ID); err != nil || len(trail) != 3 {
		t.Errorf("the trail is %+v, %v", trail, err)
	}
}

func TestAnOverrideIsRefusedForEverythingThatIsWrong(t *testing.T) {
	o, _ := newOffice(t)
	for name, test := range map[string]struct {
		change func(*OverrideInput)
		points int
	}{
		"a threshold of the law":      {func(in *OverrideInput) { in.Parameter, in.Value = "special_interest_red", "0.2" }, 1},
		"an unknown parameter":        {func(in *OverrideInput) { in.Parameter = "dscr_yelow" }, 1},
		"a value that is no ratio":    {func(in *OverrideInput) { in.Value = "一点一" }, 1},
		"no reason and a day gone by": {func(in *OverrideInput) { in.Why, in.Until = "", "2026-06-30" }, 2},
		"a day that does not exist":   {func(in *OverrideInput) { in.Until = "2026-02-30" }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			input := dscr
			test.change(&input)
			_, err := o.RequestOverride(t.Context(), riskGX, input)
			var refused *refuse.Error
			if !errors.As(err, &refused) || refused.Kind != refuse.KindInvalid || len(refused.Points) != test.points {
				t.Errorf("got %v", err)
			}
		})
	}
	for _, test := range []struct {
		actor permit.Actor
		kind  refuse.Kind
	}{{bureauPX, refuse.KindForbidden}, {riskNM, refuse.KindUnknown}, {admin, refuse.KindForbidden}} {
		_, err := o.RequestOverride(t.Context(), test.actor, dscr)
		wantRefusal(t, err, test.kind)
	}
	_, err := o.RequestOverride(t.Context(), riskGX, OverrideInput{Region: "XX"})
	wantRefusal(t, err, refuse.KindUnknown)
}

func TestTheNearestOverrideHolds(t *testing.T) {
	o, _ := newOffice(t)
	provincial := dscr
	provincial.Region, provincial.Value, provincial.Until = "GX", "1.2", "2027-12-31"
	mustOverride(t, o, provincial)
	holds := func(region, date string) string {
		t.Helper()
		used, err := o.overridesOf(t.Context(), region, parseDay(date))
		if err != nil || len(used) > 1 {
			t.Fatalf("%+v, %v", used, err)
		}
		if len(used) == 0 {
			return ""
		}
		return used[0].Region + " " + used[0].Value
	}
	check := func(region, date, want string) {
		t.Helper()
		if got := holds(region, date); got != want {
			t.Errorf("in %s on %s %q holds, want %q", region, date, got, want)
		}
	}
	check("GX-PX", "2026-06-30", "GX 1.2")
	mustOverride(t, o, dscr)
	check("GX-PX", "2026-06-30", "GX-PX 1.1")
	check("GX-PX", "2026-12-31", "GX-PX 1.1")
	check("GX-PX", "2027-01-01", "GX 1.2")
	check("GX-PX", "2028-01-01", "")
	check("GX-PX", "2026-06-29", "") // it holds from the day on which it was granted
	check("GX-DX", "2026-06-30", "GX 1.2")
	check("NM-MZL", "2026-06-30", "")
	page, err := o.ListOverrides(t.Context(), observer, "", gate.StatusGranted, Paging{})
	if err != nil || len(page.Items) != 2 {
		t.Errorf("the province lists %+v, %v", page.Items, err)
	}
	if page, err := o.ListOverrides(t.Context(), bureauMZL, "", "", Paging{}); err != nil || len(page.Items) != 0 {
		t.Errorf("another bureau lists %+v, %v", page.Items, err)
	}
}
