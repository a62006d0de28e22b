package impact_test

// What a plan's flags and verdicts come to is given here; which differences and totals follow is worked out by hand beside
// each case. That the flags are those of two full assessments is held in internal/office.

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zutuan/internal/funding"
	"zutuan/internal/impact"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/risk"
	"zutuan/internal/stress"
)

// assessed is an assessment with the flags "rule level", a star where it stands against finalizing, a question mark where it
// is undecided and could.
func assessed(flags ...string) *risk.Assessment {
	out := &risk.Assessment{Summary: risk.Summary{Worst: funding.LevelNotApplicable, CanBeWaived: true}}
	for _, written := range flags {
		rule, level, _ := strings.Cut(written, " ")
		word := funding.Level(strings.TrimRight(level, "*?"))
		flag := risk.Flag{Pack: "house", Rule: rule, Level: word, Blocks: strings.HasSuffix(level, "*"), When: "now"}
		reference := risk.FlagReference{Pack: "house", Rule: rule, Level: word}
		if flag.Blocks {
			out.Summary.Blocking = append(out.Summary.Blocking, reference)
			out.Summary.CanBeWaived = out.Summary.CanBeWaived && word != funding.LevelStop
		}
		if strings.HasSuffix(level, "?") {
			out.Summary.Unresolved = append(out.Summary.Unresolved, reference)
		}
		if risk.Worse(word, out.Summary.Worst) {
			out.Summary.Worst = word
		}
		out.Flags = append(out.Flags, flag)
	}
	return out
}

// unknownChange is a change of a pack whose text does not matter.
func unknownChange() *impact.PackChange { return impact.RiskPackChange(nil, nil) }

func TestWhatBecomesOfAPlan(t *testing.T) {
	for _, test := range []struct {
		name          string
		before, after []string
		kinds, flags  string
	}{
		{"nothing changes", []string{"a yellow", "b green"}, []string{"a yellow", "b green"}, "none", ""},
		{"a mild flag gets worse", []string{"a green"}, []string{"a yellow"}, "worse", "a green→yellow"},
		{"a flag that can be waived comes to block it", []string{"a orange"}, []string{"a red*"}, "newly_blocked worse", "a orange→red"},
		{"a prohibition comes to block it", []string{"a orange"}, []string{"a stop*"}, "newly_blocked not_waivable worse", "a orange→stop"},
		{"a prohibition comes beside what blocks it", []string{"a red*", "b green"}, []string{"a red*", "b stop*"}, "not_waivable worse", "b green→stop"},
		{"a prohibition becomes a flag that can be waived", []string{"a stop*"}, []string{"a red*"}, "newly_waivable better", "a stop→red"},
		{"a prohibition goes and nothing else blocks it", []string{"a stop*"}, []string{"a orange"}, "unblocked better", "a stop→orange"},
		{"the same level blocks from now on", []string{"a orange"}, []string{"a orange*"}, "newly_blocked worse", "a orange→orange"},
		{"the same level blocks no longer", []string{"a red*"}, []string{"a red"}, "unblocked better", "a red→red"},
		{"a rule that could block cannot be decided any more", []string{"a green"}, []string{"a undecided?"}, "newly_undecided worse", "a green→undecided"},
		{"a rule that could block is decided", []string{"a undecided?"}, []string{"a green"}, "newly_decided better", "a undecided→green"},
		{"a rule that cannot be decided could block from now on", []string{"a undecided"}, []string{"a undecided?"}, "newly_undecided worse", "a undecided→undecided"},
		{"one blocks instead of another", []string{"a red*", "b green"}, []string{"a green", "b red*"}, "worse better", "a red→green, b green→red"},
		{"a new rule is green", nil, []string{"a green"}, "none", ""},
		{"a new rule does not apply", nil, []string{"a not_applicable"}, "none", ""},
		{"a new rule is undecided", nil, []string{"a undecided?"}, "newly_undecided worse", "a →undecided"},
		{"a new rule blocks", []string{"b yellow"}, []string{"a red*", "b yellow"}, "newly_blocked worse", "a →red"},
		{"a rule goes that blocked", []string{"a red*"}, nil, "unblocked better", "a red→"},
		{"the worst differences come first", []string{"a green", "b green", "c yellow"}, []string{"a yellow", "b red", "c green"}, "worse better", "b green→red, a green→yellow, c yellow→green"},
	} {
		t.Run(test.name, func(t *testing.T) {
			diff := impact.ComparePlan(unknownChange(), &impact.PlanSubject{Plan: "p", Before: assessed(test.before...), After: assessed(test.after...)})
			kinds, flags := "none", ""
			if diff != nil {
				var words, told []string
				for _, kind := range diff.Kinds {
					words = append(words, string(kind))
				}
				for _, flag := range diff.Flags {
					told = append(told, flag.Rule+" "+string(flag.Before.Level)+"→"+string(flag.After.Level))
					if len(flag.Reasons) == 0 || flag.Reasons[0].Text.ZH == "" || flag.Reasons[0].Text.EN == "" {
						t.Errorf("%s has no reason", flag.Rule)
					}
				}
				kinds, flags = strings.Join(words, " "), strings.Join(told, ", ")
			}
			if kinds != test.kinds || flags != test.flags {
				t.Errorf("got %q, %q; want %q, %q", kinds, flags, test.kinds, test.flags)
			}
		})
	}
}

// A plan that no pack judges any more says nothing, and that is told: nobody may call it safe.
func TestAPlanThatNothingJudgesAnyMoreIsTold(t *testing.T) {
	after := assessed()
	after.Summary.Worst, after.Summary.Unresolved = funding.LevelUndecided, []risk.FlagReference{{Level: funding.LevelUndecided}}
	diff := impact.ComparePlan(unknownChange(), &impact.PlanSubject{Plan: "p", Before: assessed("a green"), After: after})
	if diff == nil || !slices.Equal(diff.Kinds, []impact.PlanKind{impact.PlanUndecided}) || len(diff.Flags) != 0 {
		t.Errorf("got %+v", diff)
	}
}

func stressed(base string, scenarios ...string) *stress.Answer {
	out := &stress.Answer{Base: stress.BaseAnswer{Verdict: stress.Verdict(base)}}
	for _, written := range scenarios {
		id, verdict, _ := strings.Cut(written, " ")
		line := stress.ResultLine{ID: id, Verdict: stress.Verdict(verdict)}
		if verdict != "undecided" && verdict != "not_applicable" {
			line.After = &stress.Figures{MinDSCR: loan.Measure{Value: money.One, Known: true}, LargestShortfall: 7}
		}
		out.Results = append(out.Results, line)
	}
	return out
}

func TestWhatBecomesOfAPlanUnderStress(t *testing.T) {
	for _, test := range []struct {
		name            string
		before, after   *stress.Answer
		kinds, verdicts string
	}{
		{"nothing changes", stressed("pass", "a pass", "b fail"), stressed("pass", "a pass", "b fail"), "none", ""},
		{"a scenario fails", stressed("pass", "a pass"), stressed("pass", "a fail"), "newly_failing worse", "a pass→fail"},
		{"the plan without stress fails", stressed("pass", "a fail"), stressed("fail", "a fail"), "newly_failing worse", "pass.base pass→fail"},
		{"a scenario passes", stressed("pass", "a fail"), stressed("pass", "a pass"), "no_longer_failing better", "a fail→pass"},
		{"a scenario cannot be decided", stressed("pass", "a pass"), stressed("pass", "a undecided"), "newly_undecided worse", "a pass→undecided"},
		{"a scenario is decided, and fails", stressed("pass", "a undecided"), stressed("pass", "a fail"), "newly_failing newly_decided worse", "a undecided→fail"},
		{"a new scenario passes", stressed("pass"), stressed("pass", "a pass"), "none", ""},
		{"a new scenario fails", stressed("pass"), stressed("pass", "a fail"), "newly_failing worse", "a →fail"},
		{"a scenario goes that failed", stressed("pass", "a fail"), stressed("pass"), "no_longer_failing better", "a fail→"},
		{"the pack goes", stressed("pass", "a fail", "b pass"), nil, "no_longer_failing better", "a fail→"},
		{"the pack comes", nil, stressed("pass", "a undecided"), "newly_undecided worse", "a →undecided"},
	} {
		t.Run(test.name, func(t *testing.T) {
			diff := impact.ComparePlan(impact.StressPackChange(nil, nil), &impact.PlanSubject{Plan: "p", StressBefore: test.before, StressAfter: test.after})
			kinds, verdicts := "none", ""
			if diff != nil {
				var words, told []string
				for _, kind := range diff.Kinds {
					words = append(words, string(kind))
				}
				for _, scenario := range diff.Scenarios {
					told = append(told, scenario.Scenario+" "+string(scenario.Before.Verdict)+"→"+string(scenario.After.Verdict))
					if scenario.After.Verdict == stress.VerdictFail && scenario.Scenario != impact.BaseScenario && (*scenario.After.LargestShortfall != 7 || scenario.After.MinDSCR.String() != "1.000000") {
						t.Errorf("%s is told as %+v", scenario.Scenario, scenario.After)
					}
				}
				kinds, verdicts = strings.Join(words, " "), strings.Join(told, ", ")
			}
			if kinds != test.kinds || verdicts != test.verdicts {
				t.Errorf("got %q, %q; want %q, %q", kinds, verdicts, test.kinds, test.verdicts)
			}
		})
	}
}

// planDiffs are five plans in three regions: p1 is newly blocked, p2 gets worse, p3 gets better, p4 is newly blocked, p5 does
// not change.
func planDiffs() []*impact.PlanDiff {
	var diffs []*impact.PlanDiff
	for _, plan := range []struct {
		id, region    string
		financed      string
		before, after []string
	}{
		{"p1", "GX-PX", "100.00", []string{"a orange"}, []string{"a red*"}},
		{"p2", "GX-PX", "900.00", []string{"a green", "b green"}, []string{"a yellow", "b yellow"}},
		{"p3", "GX-DX", "30.00", []string{"b yellow"}, []string{"b green"}},
		{"p4", "NM-MZL", "500.00", []string{"a orange"}, []string{"a red*"}},
		{"p5", "NM-MZL", "7.00", []string{"a green"}, []string{"a green"}},
	} {
		diffs = append(diffs, impact.ComparePlan(unknownChange(), &impact.PlanSubject{Plan: plan.id, Region: plan.region, Financed: money.MustAmount(plan.financed), Before: assessed(plan.before...), After: assessed(plan.after...)}))
	}
	return diffs
}

func ids(report *impact.PlanReport) (list []string) {
	for _, plan := range report.Plans {
		list = append(list, plan.Plan)
	}
	return list
}

func TestTheTotalsOfPlansAreThoseAddedUpByHand(t *testing.T) {
	report := impact.ReportPlans(planDiffs(), 2, 0)
	// 100 + 900 + 30 + 500; the newly blocked first, by money, then what gets worse, then what gets better.
	totals := &report.Totals
	if totals.Asked != 5 || totals.Indicative != 2 || totals.Affected != 4 || totals.Financed.String() != "1530.00" {
		t.Errorf("totals are %+v", totals)
	}
	if got := ids(report); !slices.Equal(got, []string{"p4", "p1", "p2", "p3"}) {
		t.Errorf("listed %v", got)
	}
	want := []impact.PlanKindTotal{{Kind: "newly_blocked", Plans: 2, Financed: money.MustAmount("600.00")}, {Kind: "worse", Plans: 3, Financed: money.MustAmount("1500.00")}, {Kind: "better", Plans: 1, Financed: money.MustAmount("30.00")}}
	if diff := cmp.Diff(want, totals.Kinds); diff != "" {
		t.Error(diff)
	}
	var rules, levels, regions []string
	for _, r := range totals.Rules {
		rules = append(rules, strings.Join([]string{r.Rule, r.Financed.String(), string(rune('0' + r.Worse)), string(rune('0' + r.Better))}, " "))
	}
	for _, l := range totals.Levels {
		levels = append(levels, strings.Join([]string{l.From, l.To, l.Financed.String(), string(rune('0' + l.Flags)), string(rune('0' + l.Plans))}, " "))
	}
	for _, r := range totals.Regions {
		regions = append(regions, strings.Join([]string{r.Region, r.Financed.String(), string(rune('0' + r.Affected))}, " "))
	}
	for name, pair := range map[string][2][]string{
		"rules": {rules, {"a 1500.00 3 0", "b 930.00 1 1"}}, "levels": {levels, {"orange red 600.00 2 2", "green yellow 900.00 2 1", "yellow green 30.00 1 1"}},
		"regions": {regions, {"GX-DX 30.00 1", "GX-PX 1000.00 2", "NM-MZL 500.00 1"}},
	} {
		if !slices.Equal(pair[0], pair[1]) {
			t.Errorf("%s are %q, want %q", name, pair[0], pair[1])
		}
	}
}

func TestWhoSeesFewerRegionsSeesTheOthersAsCounts(t *testing.T) {
	full := impact.ReportPlans(planDiffs(), 2, 0)
	province := func(region string) string { return strings.SplitN(region, "-", 2)[0] }
	for _, test := range []struct {
		name                string
		see                 string
		keep                int
		listed              string
		unlisted, elsewhere int
		regions             string
	}{
		{"everything", "", 0, "p4 p1 p2 p3", 0, 0, "GX-DX GX-PX NM-MZL"},
		{"one province", "GX", 0, "p1 p2 p3", 0, 1, "GX-DX GX-PX NM"},
		{"one province, two plans", "GX", 2, "p1 p2", 1, 1, "GX-DX GX-PX NM"},
		{"one zone", "GX-PX", 0, "p1 p2", 0, 2, "GX GX-PX NM"},
		{"nothing", "YN", 0, "", 0, 4, "GX NM"},
	} {
		t.Run(test.name, func(t *testing.T) {
			narrowed := full.Narrowed(func(region string) bool { return strings.HasPrefix(region, test.see) }, province, test.keep)
			var regions []string
			affected, financed := 0, money.Amount(0)
			for _, region := range narrowed.Totals.Regions {
				regions = append(regions, region.Region)
				affected, financed = affected+region.Affected, financed+region.Financed
			}
			if got := strings.Join(ids(narrowed), " "); got != test.listed || narrowed.Unlisted != test.unlisted || narrowed.Elsewhere != test.elsewhere || strings.Join(regions, " ") != test.regions {
				t.Errorf("got %q, %d beyond, %d elsewhere, regions %q", got, narrowed.Unlisted, narrowed.Elsewhere, regions)
			}
			if affected != full.Totals.Affected || financed != full.Totals.Financed || narrowed.Totals.Affected != full.Totals.Affected {
				t.Errorf("regions add up to %d and %s", affected, financed)
			}
		})
	}
	if cut := impact.ReportPlans(planDiffs(), 2, 1); len(cut.Plans) != 1 || cut.Unlisted != 3 || cut.Totals.Affected != 4 {
		t.Errorf("cut to one: %+v", cut)
	} else if narrowed := cut.Narrowed(func(region string) bool { return strings.HasPrefix(region, "GX") }, province, 0); len(narrowed.Plans) != 0 || narrowed.Unlisted != 3 || narrowed.Elsewhere != 1 {
		t.Errorf("cut to one, which lies elsewhere: %+v", narrowed)
	}
}
