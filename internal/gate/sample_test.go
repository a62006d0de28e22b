package gate

import (
	"encoding/json"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"zutuan/internal/casework"
	"zutuan/internal/funding"
	"zutuan/internal/risk"
	"zutuan/internal/rulepack"
	"zutuan/rules"
)

// The samples go through the real rules, so that what the gate takes out of an assessment is held to what the rules put
// into it.
func TestTheGateSeesWhatTheRulesRaise(t *testing.T) {
	library, err := rulepack.Load(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	desk, err := casework.NewDesk(library)
	if err != nil {
		t.Fatal(err)
	}
	file := func(sample, name string) casework.File {
		data, err := fs.ReadFile(rules.FS, "samples/"+sample+"/"+name)
		if err != nil {
			t.Fatal(err)
		}
		return casework.File{Name: name, Data: data}
	}
	directed := 0
	for _, sample := range []string{"pingxiang", "manzhouli", "lincang"} {
		kase, err := casework.ReadCase(casework.Papers{Requirement: file(sample, "requirement.yaml"), Ledger: file(sample, "ledger.csv"), Fiscal: file(sample, "fiscal.yaml")})
		if err != nil {
			t.Fatal(err)
		}
		assessment, err := desk.Assess(kase, casework.Asked{Date: time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC), Packs: []string{"lic-dsf-analogue"}})
		if err != nil {
			t.Fatal(err)
		}
		a := NewAssessed("a_1", someInputs(), assessment.Risk, nil)
		directed += checkFlags(t, sample, assessment.Risk, a)
		checkCondition(t, sample, a)
		// It is kept with its record, so nothing may be lost on the way through JSON.
		text, _ := json.Marshal(a)
		var again Assessed
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatal(err)
		}
		if second, _ := json.Marshal(again); string(second) != string(text) {
			t.Errorf("%s: %s\n%s", sample, text, second)
		}
	}
	if directed == 0 {
		t.Error("no flag of any sample says which way it gets worse")
	}
}

// checkFlags compares the gate's flags with the summary, and returns how many say which way they get worse.
func checkFlags(t *testing.T, sample string, from *risk.Assessment, a *Assessed) int {
	t.Helper()
	named := func(list []risk.FlagReference) (names []string) {
		for _, reference := range list {
			names = append(names, reference.Pack+"/"+reference.Rule)
		}
		return names
	}
	var blocking, doubtful []string
	directed := 0
	for _, flag := range a.Flags {
		if flag.Blocks {
			blocking = append(blocking, flag.subject())
		}
		if flag.MayBe != "" {
			doubtful = append(doubtful, flag.subject())
		}
		if strings.Contains(flag.Pack, "analogue") || flag.Level == funding.LevelGreen || flag.Level == funding.LevelNotApplicable {
			t.Errorf("%s: %s %s decides nothing", sample, flag.subject(), flag.Level)
		}
		if flag.Worse != "" {
			directed++
		}
		if covered, why := CoverOf(flag).Reaches(flag); !covered {
			t.Errorf("%s: %s as it stands is not covered by itself: %s", sample, flag.subject(), why.EN)
		}
	}
	if want := named(from.Summary.Blocking); !slices.Equal(blocking, want) {
		t.Errorf("%s: blocking %v, the assessment says %v", sample, blocking, want)
	}
	for _, name := range named(from.Summary.Unresolved) {
		if !slices.Contains(doubtful, name) {
			t.Errorf("%s: %s is unresolved, the gate does not say so", sample, name)
		}
	}
	return directed
}

func checkCondition(t *testing.T, sample string, a *Assessed) {
	t.Helper()
	s := finalizable()
	s.Assessment, s.Waivers = a, nil
	for _, condition := range CheckPlan(StepFinalize, s) {
		for _, item := range condition.Items {
			if item.ZH == "" || item.EN == "" || strings.Contains(item.EN+item.ZH, "%!") || item.Subject == "" {
				t.Errorf("%s %s: %+v", sample, condition.Code, item)
			}
		}
	}
}

func TestNoPackInForceIsADoubt(t *testing.T) {
	a := NewAssessed("a", someInputs(), &risk.Assessment{Date: "2026-06-01", Summary: risk.Summary{Unresolved: []risk.FlagReference{{Level: funding.LevelUndecided, Name: funding.Text{ZH: "没有规则包", EN: "no pack"}}}}},
		[]Constraint{{ID: "cash", Unit: "yuan", Satisfied: true}})
	s := finalizable()
	s.Assessment, s.Acknowledgements = a, nil
	if _, err := TakePlan(StepFinalize, s); codes(t, err) != "flags_decided" {
		t.Errorf("got %v", err)
	}
}

func TestTheWorstBrokenLimitComesFirst(t *testing.T) {
	limit := func(id, limit, distance string, satisfied bool) Constraint {
		return Constraint{ID: id, Limit: limit, Distance: distance, Satisfied: satisfied}
	}
	a := NewAssessed("a", Inputs{}, &risk.Assessment{}, []Constraint{limit("small", "100.00", "-1.00", false), limit("kept", "1.00", "1.00", true), limit("large", "1.300000", "-0.650000", false)})
	if a.Checked != 3 || len(a.Broken) != 2 || a.Broken[0].ID != "large" || a.Broken[1].ID != "small" {
		t.Errorf("%+v", a)
	}
}

// A decided flag with missing facts may be worse than its level only where a worse level would block, and not where the
// grade was notified officially.
func TestDoubtAboutADecidedFlag(t *testing.T) {
	thresholds := []risk.Threshold{{Level: funding.LevelYellow, Operator: ">", Value: ptr("1")}, {Level: funding.LevelRed, Operator: ">=", Value: ptr("2")}, {Level: funding.LevelStop, Condition: "x"}}
	missing := []risk.MissingFact{{Fact: "x", Name: funding.Text{ZH: "某事", EN: "x"}}}
	cases := []struct {
		name string
		flag risk.Flag
		want funding.Level
	}{
		{"yellow with a fact missing may be a stop", risk.Flag{Level: funding.LevelYellow, Thresholds: thresholds, Missing: missing}, funding.LevelStop},
		{"yellow with everything known is yellow", risk.Flag{Level: funding.LevelYellow, Thresholds: thresholds}, ""},
		{"an official grade leaves no doubt", risk.Flag{Level: funding.LevelYellow, OfficialGrade: "yellow", Thresholds: thresholds, Missing: missing}, ""},
		{"undecided without a level that blocks", risk.Flag{Level: funding.LevelUndecided, Thresholds: thresholds[:2], Missing: missing}, ""},
		{"undecided with red that blocks", risk.Flag{Level: funding.LevelUndecided, BlocksFrom: funding.LevelOrange, Thresholds: thresholds[:2], Missing: missing}, funding.LevelRed},
		{"red can get no worse but stop", risk.Flag{Level: funding.LevelRed, BlocksFrom: funding.LevelRed, Thresholds: thresholds[:2], Missing: missing}, ""},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			flag := newFlag(&test.flag)
			if flag.MayBe != test.want || flag.Worse != WorseHigher || (test.want != "") != (len(flag.Missing) > 0) {
				t.Errorf("%+v", flag)
			}
		})
	}
}

// Who reads that a fact is missing has to know who enters it where.
func TestAMissingFactSaysWhereItIsEntered(t *testing.T) {
	for _, c := range []struct{ fact, lender, zh string }{
		{"lender.net_capital", "adbc", "名（由系统管理员登记在机构 adbc 的资料中）"},
		{"lender.group_exposure", "exim", "名（资金需求的 borrower.group_exposures，机构 exim）"},
		{"fiscal.gdp", "", "名（财政概况）"},
		{"plan.debt", "", "名"},
	} {
		if got := asked(risk.MissingFact{Fact: c.fact, Lender: c.lender, Name: funding.Text{ZH: "名", EN: "name"}}); got.ZH != c.zh || got.EN == "" {
			t.Errorf("%s: %+v, want %s", c.fact, got, c.zh)
		}
	}
}
