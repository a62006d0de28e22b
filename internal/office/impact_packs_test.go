package office

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"zutuan/internal/casework"
	"zutuan/internal/funding"
	"zutuan/internal/gate"
	"zutuan/internal/impact"
	"zutuan/internal/money"
	"zutuan/internal/permit"
	"zutuan/internal/plan"
	"zutuan/internal/refuse"
	"zutuan/internal/risk"
	"zutuan/internal/rulepack"
	"zutuan/internal/store"
	"zutuan/rules"
)

var system = permit.SystemActor("test")

// judgement is a plan as a full assessment says of it.
type judgement struct {
	plan, requirement string
	matching          *casework.Matching
	lines             []plan.Line
	before, after     *risk.Assessment
}

// judgements assesses every plan and every open requirement without one fully, under the rules as they are and under others:
// a stored plan as AssessPlan does, an indicative one as casework.Desk.Assess does.
func judgements(t testing.TB, o *Office, after *casework.Desk) []judgement {
	t.Helper()
	edition, err := o.Edition(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	other := *edition
	other.Desk = after
	var all []judgement
	planned := map[string]bool{}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(o.each(t.Context(), store.Query{Kind: store.KindPlan}, func(r store.Record) error {
		body, err := bodyOf[PlanBody](r)
		must(err)
		if body.Status == gate.StatusSuperseded {
			return nil
		}
		planned[body.Requirement] = true
		requirement, kept, err := requirements.get(t.Context(), o, body.Requirement)
		must(err)
		work, err := o.workPlan(t.Context(), requirement, &kept, body.Document, o.Today())
		must(err)
		under, err := o.reworkPlan(&other, work.papers, work.basis, body.Document)
		must(err)
		was, err := work.judge()
		must(err)
		is, err := under.judge()
		must(err)
		all = append(all, judgement{r.ID, body.Requirement, work.matching, work.typed.Lines, was.review.Risk, is.review.Risk})
		return nil
	}))
	must(o.each(t.Context(), store.Query{Kind: store.KindRequirement, Where: []store.Filter{openRequirements}}, func(r store.Record) error {
		if planned[r.ID] {
			return nil
		}
		body, err := bodyOf[RequirementBody](r)
		must(err)
		p, err := o.gather(t.Context(), r, &body, o.Today())
		must(err)
		kase, err := p.read()
		must(err)
		was, err := edition.Desk.Assess(kase, casework.Asked{Date: o.Today()})
		must(err)
		is, err := after.Assess(kase, casework.Asked{Date: o.Today()})
		must(err)
		all = append(all, judgement{"", r.ID, was.Matching, was.Plan.Lines, was.Risk, is.Risk})
		return nil
	}))
	return all
}

// flagTexts write each flag of an assessment, by rule.
func flagTexts(a *risk.Assessment) map[string]string {
	out := map[string]string{}
	for i := range a.Flags {
		flag := &a.Flags[i]
		out[flag.Rule] = flagText(flag.Level, flag.Value, flag.Blocks)
	}
	return out
}

func flagText(level funding.Level, value *string, blocks bool) string {
	text := "—"
	if value != nil {
		text = *value
	}
	return fmt.Sprint(level, " ", text, " ", blocks)
}

// severeOrNone reports whether a rule that only one side has matters: whether it says more than green.
func severe(text string) bool {
	return text != "" && !strings.HasPrefix(text, string(funding.LevelGreen)) && !strings.HasPrefix(text, string(funding.LevelNotApplicable))
}

// levelOf is the level and whether it blocks, of a flag's text.
func levelOf(text string) string {
	words := strings.Fields(text)
	if len(words) == 0 {
		return ""
	}
	return words[0] + words[len(words)-1]
}

// movedFlags are the rules whose flag differs in level, or in whether it blocks, "before → after".
func movedFlags(before, after *risk.Assessment) map[string]string {
	was, is := flagTexts(before), flagTexts(after)
	moved := map[string]string{}
	for rule := range was {
		if now, both := is[rule]; both && levelOf(was[rule]) != levelOf(now) || !both && severe(was[rule]) {
			moved[rule] = was[rule] + " → " + now
		}
	}
	for rule := range is {
		if _, both := was[rule]; !both && severe(is[rule]) {
			moved[rule] = " → " + is[rule]
		}
	}
	return moved
}

// withDraft is the desk of the present rules with a pack's text as its next version from today on.
func withDraft(t testing.TB, o *Office, kind PackType, text string) *casework.Desk {
	t.Helper()
	edition, err := o.Edition(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	made := compileVersion(edition.Desk.Library, kind, "draft.yaml", []byte(text))
	if made.err != nil {
		t.Fatal(made.err)
	}
	library, changes := edition.Desk.Library, rulepack.Changes{}
	if kind == PackRisk {
		changes.RiskPacks = append(slices.Clone(library.RiskPacks), made.risk.Published(99, o.Today(), time.Time{}))
	} else {
		changes.StressPacks = append(slices.Clone(library.StressPacks), made.stress.Published(99, o.Today(), time.Time{}))
	}
	desk, err := casework.NewDesk(library.With(changes))
	if err != nil {
		t.Fatal(err)
	}
	return desk
}

// cutText leaves out of a text what stands from one mark up to another.
func cutText(t testing.TB, text, from, to string) string {
	t.Helper()
	a := strings.Index(text, from)
	b := strings.Index(text[max(a, 0):], to)
	if a < 0 || b < 0 {
		t.Fatalf("the text has no %q … %q", from, to)
	}
	return text[:a] + text[a+b:]
}

// burdenedOffice holds the sample's plan where R02I is red and blocks, and open requirements without a plan.
func burdenedOffice(t testing.TB, requirements int) (*Office, Plan) {
	t.Helper()
	o, _ := newOffice(t)
	_, made := handInPlan(t, o)
	burden(t, o)
	submitMany(t, o, 21, requirements)
	return o, made
}

// addedRule is a risk rule beside the others.
func addedRule(text, rule string) string {
	return strings.Replace(text, "rules:\n", "rules:\n  - {id: X1, scope: project, message: {zh: 说明, en: why}, basis: [\"本系统约定\"], status: house, confidence: low, "+rule+"}\n", 1)
}

// The consistency of it: what an impact of a risk pack says of a plan is what two full assessments say.
func TestAnImpactOfARiskPackIsWhatFullAssessmentsSay(t *testing.T) {
	o, made := burdenedOffice(t, 3)
	text := textOfPack(t, o, "cn-local-government")
	for _, test := range []struct {
		name, text string
		// kinds are those of the stored plan, as they follow from the change: the plan is blocked by R02I alone.
		kinds []impact.PlanKind
		// reason is in the reason of every difference.
		reason string
	}{
		{"a threshold that everybody exceeds", strings.Replace(text, "{yellow: '> p.debt_limit_use_yellow'", "{yellow: '> 0'", 1), []impact.PlanKind{impact.PlanWorse}, "规则 R01 改写"},
		{"a red line moved to the orange one", strings.Replace(text, "red: '>= p.debt_ratio_red'", "red: '>= p.debt_ratio_yellow'", 1), []impact.PlanKind{impact.PlanWorse}, "规则 R02 改写"},
		{"the rule that blocks the plan goes", cutText(t, text, "  - id: R02I\n", "  - id: R03\n"), []impact.PlanKind{impact.PlanUnblocked, impact.PlanBetter}, "取消风险规则 R02I"},
		{"a prohibition comes", addedRule(text, "when: 'fiscal.debt_balance > 0', level: stop"), []impact.PlanKind{impact.PlanNotWaivable, impact.PlanWorse}, "增加风险规则 X1"},
		{"a rule comes that nothing fails", addedRule(text, "when: 'fiscal.debt_balance < 0', level: stop"), nil, ""},
		{"words alone", strings.Replace(text, "message: {zh: 政府债务余额加本方案", "message: {zh: 注意：政府债务余额加本方案", 1), nil, ""},
		{"nothing", text, nil, ""},
		{"the pack is off by itself", strings.Replace(text, "enabled: true", "enabled: false", 1), []impact.PlanKind{impact.PlanUndecided, impact.PlanUnblocked, impact.PlanBetter}, "默认启用"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var steps []int
			report, err := o.Impact(t.Context(), system, ImpactRequest{Type: PackRisk, Text: test.text}, func(done, _ int) { steps = append(steps, done) })
			if err != nil {
				t.Fatal(err)
			}
			all := judgements(t, o, withDraft(t, o, PackRisk, test.text))
			compareFlags(t, report, all, test.reason)
			var kinds []impact.PlanKind
			for i := range report.Plans.Plans {
				if report.Plans.Plans[i].Plan == made.ID {
					kinds = report.Plans.Plans[i].Kinds
				}
			}
			if !slices.Equal(kinds, test.kinds) {
				t.Errorf("the plan is %v, want %v", kinds, test.kinds)
			}
			totals := report.Plans.Totals
			if totals.Asked != len(all) || totals.Indicative != len(all)-1 || report.Failed != 0 || len(steps) == 0 || steps[len(steps)-1] != len(all) {
				t.Errorf("%d asked, %d of them indicative, progress %v", totals.Asked, totals.Indicative, steps)
			}
		})
	}
}

// compareFlags holds a report against full assessments.
func compareFlags(t *testing.T, report ImpactReport, all []judgement, reason string) {
	t.Helper()
	affected, financed := 0, money.Amount(0)
	for _, j := range all {
		moved := movedFlags(j.before, j.after)
		at := slices.IndexFunc(report.Plans.Plans, func(d impact.PlanDiff) bool { return d.Plan == j.plan && d.Requirement == j.requirement })
		was, is := j.before.Summary, j.after.Summary
		if len(moved) == 0 && len(was.Blocking) == len(is.Blocking) && len(was.Unresolved) == len(is.Unresolved) {
			if at >= 0 {
				t.Errorf("%s%s is told to differ: %+v", j.plan, j.requirement, report.Plans.Plans[at])
			}
			continue
		}
		affected, financed = affected+1, financed+drawn(j.lines)
		if at < 0 {
			t.Errorf("%s%s is not told, but %v", j.plan, j.requirement, moved)
			continue
		}
		diff := &report.Plans.Plans[at]
		told := map[string]string{}
		for _, flag := range diff.Flags {
			before, after := "", ""
			if flag.Before.Level != "" {
				before = flagText(flag.Before.Level, flag.Before.Value, flag.Before.Blocks)
			}
			if flag.After.Level != "" {
				after = flagText(flag.After.Level, flag.After.Value, flag.After.Blocks)
			}
			told[flag.Rule] = before + " → " + after
			if len(flag.Reasons) == 0 || !strings.Contains(flag.Reasons[0].Text.ZH, reason) || flag.Reasons[0].Text.EN == "" {
				t.Errorf("%s: the reason is %+v, want %s", flag.Rule, flag.Reasons, reason)
			}
		}
		if fmt.Sprint(told) != fmt.Sprint(moved) {
			t.Errorf("%s%s is told as %v, want %v", j.plan, j.requirement, told, moved)
		}
		if diff.Financed != drawn(j.lines) || diff.Before.Blocking != len(was.Blocking) || diff.After.Blocking != len(is.Blocking) || diff.After.CanBeWaived != is.CanBeWaived || diff.After.Undecided != len(is.Unresolved) || diff.After.Worst != is.Worst {
			t.Errorf("%s%s stands as %+v and %+v, draws %s", j.plan, j.requirement, diff.Before, diff.After, diff.Financed)
		}
		if diff.Plan != "" && report.Names[diff.Plan] == "" || report.Names[diff.Requirement] == "" {
			t.Errorf("%s%s has no name", diff.Plan, diff.Requirement)
		}
	}
	if report.Plans.Totals.Affected != affected || report.Plans.Totals.Financed != financed {
		t.Errorf("%d plans that draw %s are affected, want %d and %s", report.Plans.Totals.Affected, report.Plans.Totals.Financed, affected, financed)
	}
}

// The same of scenarios, which are run with their flags on both sides and in full.
func TestAnImpactOfAStressPackIsWhatEveryScenarioSays(t *testing.T) {
	o, _ := burdenedOffice(t, 1)
	text := textOfPack(t, o, "china-project")
	edition, err := o.Edition(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, text string
		differs    bool
		reason     string
	}{
		{"a stricter pass rule", strings.Replace(text, "single: p.stress_single_dscr_min", "single: p.stress_base_dscr_min", 1), true, "单项情景最低偿债备付率"},
		{"a milder pass rule", strings.NewReplacer("single: p.stress_single_dscr_min", "single: 0", "base: p.stress_base_dscr_min", "base: 0", "combined: p.stress_combined_dscr_min", "combined: 0").Replace(text), true, "最低偿债备付率"},
		{"a harder scenario", strings.Replace(text, "contingent: {own: true}", "contingent: {own: true}\n    fall: {land: p.stress_land_extreme, energy: p.stress_land_extreme, industry: p.stress_land_extreme, commercial: p.stress_land_extreme, service: p.stress_land_extreme}", 1), true, ""},
		{"words alone", strings.Replace(text, "zh: 土地收入下降（轻度）", "zh: 土地收入少量下降", 1), false, ""},
		{"the pack is off by itself", strings.Replace(text, "pass:\n", "enabled: false\npass:\n", 1), true, "不再适用"},
	} {
		t.Run(test.name, func(t *testing.T) {
			report, err := o.Impact(t.Context(), system, ImpactRequest{Type: PackStress, Text: test.text}, nil)
			if err != nil {
				t.Fatal(err)
			}
			desk := withDraft(t, o, PackStress, test.text)
			differences := 0
			for _, j := range judgements(t, o, desk) {
				was, is := verdictsOf(t, edition.Desk, j), verdictsOf(t, desk, j)
				want := map[string]string{}
				for id := range was {
					if _, both := is[id]; (both || failing(was[id])) && was[id] != is[id] && strings.Fields(was[id])[0] != strings.Fields(is[id] + " none")[0] {
						want[id] = was[id] + " → " + is[id]
					}
				}
				told := map[string]string{}
				for i := range report.Plans.Plans {
					if diff := &report.Plans.Plans[i]; diff.Plan == j.plan && diff.Requirement == j.requirement {
						for _, scenario := range diff.Scenarios {
							told[scenario.Scenario] = scenarioText(scenario.Before) + " → " + scenarioText(scenario.After)
							if len(scenario.Reasons) == 0 || !strings.Contains(scenario.Reasons[0].Text.ZH, test.reason) {
								t.Errorf("%s: the reason is %+v", scenario.Scenario, scenario.Reasons)
							}
						}
					}
				}
				differences += len(want)
				if fmt.Sprint(told) != fmt.Sprint(want) {
					t.Errorf("%s%s is told as %v, want %v", j.plan, j.requirement, told, want)
				}
			}
			if (differences > 0) != test.differs {
				t.Errorf("%d differences; the test says little", differences)
			}
		})
	}
}

func failing(text string) bool {
	return strings.HasPrefix(text, "fail") || strings.HasPrefix(text, "undecided")
}

func scenarioText(s impact.ScenarioStanding) string {
	if s.Verdict == "" {
		return ""
	}
	shortfall := "—"
	if s.LargestShortfall != nil {
		shortfall = s.LargestShortfall.String()
	}
	return fmt.Sprint(s.Verdict, " ", s.MinDSCR, " ", shortfall)
}

// verdictsOf runs every scenario of the pack in force as a stress test of the plan does.
func verdictsOf(t *testing.T, desk *casework.Desk, j judgement) map[string]string {
	t.Helper()
	assessed := casework.StressedPlan(j.matching, j.lines)
	_, pack := desk.StressPack(assessed)
	out := map[string]string{}
	if pack == nil {
		return out
	}
	answer, err := desk.StressCase(assessed).Scenarios(pack)
	if err != nil {
		t.Fatal(err)
	}
	shortfall := answer.Base.LargestShortfall
	out[impact.BaseScenario] = scenarioText(impact.ScenarioStanding{Verdict: answer.Base.Verdict, MinDSCR: answer.Base.MinDSCR, LargestShortfall: &shortfall})
	for _, result := range answer.Results {
		standing := impact.ScenarioStanding{Verdict: result.Verdict}
		if result.After != nil {
			standing.MinDSCR, standing.LargestShortfall = result.After.MinDSCR, &result.After.LargestShortfall
		}
		out[result.ID] = scenarioText(standing)
	}
	return out
}

// textOfPack is the text of a pack's first version.
func textOfPack(t testing.TB, o *Office, pack string) string {
	t.Helper()
	_, body, err := versionsOf(PackRisk).get(t.Context(), o, pack+"@1")
	if err != nil {
		t.Fatal(err)
	}
	return body.Text
}

// handInMZL hands in and submits the 满洲里 sample, whose region is in another province.
func handInMZL(t testing.TB, o *Office) Requirement {
	t.Helper()
	if _, err := o.PutFiscal(t.Context(), bureauMZL, "NM-MZL", 2025, 0, sampleText(t, "manzhouli", "fiscal.yaml")); err != nil {
		t.Fatal(err)
	}
	ledger, err := fs.ReadFile(rules.FS, "samples/manzhouli/ledger.csv")
	if err == nil {
		_, err = o.PutLedger(t.Context(), bureauMZL, "NM-MZL", 0, LedgerText{CSV: true, Text: ledger, AsOf: time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC)})
	}
	if err != nil {
		t.Fatal(err)
	}
	made, err := o.CreateRequirement(t.Context(), bureauMZL, sampleText(t, "manzhouli", "requirement.yaml"))
	if err == nil {
		made, err = o.StepRequirement(t.Context(), bureauMZL, made.ID, made.Version, gate.StepSubmit, "")
	}
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// Whoever writes the draft, whoever reviews it and whoever reads the answer of the job sees the plans of the own region by
// name and the others as counts.
func TestPlansOfOtherRegionsAreCountedAndNotNamed(t *testing.T) {
	o, made := burdenedOffice(t, 1)
	elsewhere := handInMZL(t, o)
	draft := beginRisk(t, o, "rules:\n", addedRule("rules:\n", "when: 'fiscal.debt_balance > 0', level: stop"))
	own, err := o.Impact(t.Context(), riskGX, ImpactRequest{Type: PackRisk, Text: draft.Text}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.noteImpact(t.Context(), draft.ID, DraftImpact{Snapshot: own.Snapshot, Edition: own.Edition, Digest: own.Digest, At: noon}); err != nil {
		t.Fatal(err)
	}
	theirs, err := o.ReadDraftImpact(t.Context(), riskNM, draft.ID)
	if err != nil {
		t.Fatal(err)
	}
	for name, look := range map[string]struct {
		report        ImpactReport
		names, silent string
		listed, other int
		region        string
	}{
		"the author": {own, made.ID, elsewhere.ID, 2, 1, "NM"}, "a reviewer in another province": {theirs, elsewhere.ID, made.ID, 1, 2, "GX"},
	} {
		written, err := json.Marshal(look.report)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(written), look.names) || strings.Contains(string(written), look.silent) || strings.Contains(string(written), made.Name) != (look.names == made.ID) {
			t.Errorf("%s reads %s", name, written)
		}
		plans := look.report.Plans
		if len(plans.Plans) != look.listed || plans.Elsewhere != look.other || plans.Totals.Affected != 3 || !slices.ContainsFunc(plans.Totals.Regions, func(r impact.PlanRegionTotal) bool { return r.Region == look.region && r.Affected == look.other }) {
			t.Errorf("%s sees %d plans and %d elsewhere; totals %+v", name, len(plans.Plans), plans.Elsewhere, plans.Totals)
		}
	}
	_, err = o.Impact(t.Context(), liaison, ImpactRequest{Type: PackRisk, Text: draft.Text}, nil)
	wantRefusal(t, err, refuse.KindForbidden)
	_, err = o.Impact(t.Context(), bureauPX, ImpactRequest{Type: PackStress, Text: draft.Text}, nil)
	wantRefusal(t, err, refuse.KindForbidden)
	_, err = o.Impact(t.Context(), riskGX, ImpactRequest{Type: PackRisk, Text: draft.Text + "\nnonsense: 1\n"}, nil)
	wantRefusal(t, err, refuse.KindInvalid)
}

func TestAnImpactOnPlansGrowsOldWithThem(t *testing.T) {
	o, made := burdenedOffice(t, 0)
	text := strings.Replace(textOfPack(t, o, "cn-local-government"), "{yellow: '> p.debt_limit_use_yellow'", "{yellow: '>= 0'", 1)
	report, err := o.Impact(t.Context(), riskGX, ImpactRequest{Type: PackRisk, Text: text}, nil)
	if err != nil {
		t.Fatal(err)
	}
	stale := func() (codes []string) {
		points, err := o.ImpactStale(t.Context(), report, hashOf([]byte(text)))
		if err != nil {
			t.Fatal(err)
		}
		for _, point := range points {
			codes = append(codes, point.EN)
		}
		return codes
	}
	_, body, err := plans.get(t.Context(), o, made.ID)
	if err != nil {
		t.Fatal(err)
	}
	for i := range impactStaleAfter {
		if _, err := plans.create(t.Context(), o, fmt.Sprintf("plan_%03d", i), "GX-PX", &body, store.Change{Who: "test", Action: "create"}); err != nil {
			t.Fatal(err)
		}
	}
	if old := stale(); len(old) != 0 {
		t.Errorf("a hundred changed plans make it old already: %v", old)
	}
	if _, err := plans.create(t.Context(), o, "plan_more", "GX-PX", &body, store.Change{Who: "test", Action: "create"}); err != nil {
		t.Fatal(err)
	}
	if old := stale(); len(old) != 1 || !strings.Contains(old[0], "plans") {
		t.Errorf("a hundred and one changed plans leave it fresh: %v", old)
	}
	// A plan that cannot be judged is counted, and the others are told.
	body.Document = json.RawMessage(`{"schema":"zutuan/plan/v1"}`)
	if _, err := plans.create(t.Context(), o, "plan_torn", "GX-PX", &body, store.Change{Who: "test", Action: "create"}); err != nil {
		t.Fatal(err)
	}
	again, err := o.Impact(t.Context(), riskGX, ImpactRequest{Type: PackRisk, Text: text}, nil)
	if err != nil || again.Failed != 1 || again.Plans.Totals.Asked != impactStaleAfter+2 {
		t.Errorf("%d failed of %d, %v", again.Failed, again.Plans.Totals.Asked, err)
	}
}

// A draft that is to hold from a later day is compared as of that day on both sides, so that one which changes nothing changes
// nothing then either.
func TestAPackIsComparedOnTheDayFromWhichItIsToHold(t *testing.T) {
	o, _ := burdenedOffice(t, 0)
	text := textOfPack(t, o, "cn-local-government")
	for _, test := range []struct{ date, want string }{{"", "2026-06-30"}, {"2026-01-01", "2026-06-30"}, {"2027-03-01", "2027-03-01"}} {
		report, err := o.Impact(t.Context(), riskGX, ImpactRequest{Type: PackRisk, Text: text, Date: test.date}, nil)
		if err != nil || report.Date != test.want || report.Plans.Totals.Affected != 0 || report.Plans.Totals.Asked != 1 {
			t.Errorf("from %q: on %s, %+v, %v", test.date, report.Date, report.Plans, err)
		}
	}
}

func TestAnImpactOnPlansStopsWhenItIsCancelled(t *testing.T) {
	o, _ := burdenedOffice(t, 3)
	count := func() int {
		all, err := o.store.Count(t.Context(), store.KindSnapshot, nil)
		if err != nil {
			t.Fatal(err)
		}
		return int(all)
	}
	before := count()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := o.Impact(ctx, riskGX, ImpactRequest{Type: PackStress, Text: textOfPack(t, o, "china-project")}, func(int, int) { cancel() })
	if !errors.Is(err, context.Canceled) || count() != before {
		t.Errorf("got %v, and %d snapshots became %d", err, before, count())
	}
}

// The whole way: a draft with its impact, handed in, published by another officer; the approved plan is a draft again and
// says which version of the pack it was for.
func TestAPublishedRiskPackTakesApprovedPlansBack(t *testing.T) {
	o, _ := newOffice(t)
	_, made := handInPlan(t, o)
	mustAssess(t, o, made.ID)
	bring(t, o, made.ID, gate.StatusApproved)
	draft := noteImpactOf(t, o, riskGX, beginRisk(t, o, "{yellow: '> p.debt_limit_use_yellow'", "{yellow: '> 0'"))
	draft, err := o.StepDraft(t.Context(), riskGX, draft.ID, draft.Version, DraftStep{Step: gate.StepSubmit, EffectiveFrom: o.Today()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.PublishDraft(t.Context(), riskGX2, draft.ID, draft.Version, "收紧"); err != nil {
		t.Fatal(err)
	}
	if reopened, err := o.ReviewOpenPlans(t.Context(), ""); err != nil || reopened != 1 {
		t.Fatalf("%d plans were taken back, %v", reopened, err)
	}
	now, err := o.GetPlan(t.Context(), bureauPX, made.ID)
	if err != nil || now.Status != gate.StatusDraft || len(now.Reopened) == 0 {
		t.Fatalf("the plan is %s, %v", now.Status, err)
	}
	if why := now.Reopened[0]; !strings.Contains(why.ZH, "规则包 cn-local-government：@1 → @2") || !strings.Contains(why.EN, "cn-local-government: @1 → @2") {
		t.Errorf("it does not name the version of the pack: %+v", why)
	}
}
