package rulepack

import (
	"io/fs"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
	"zutuan/rules"
)

func TestAParameterHoldsOnBothItsDays(t *testing.T) {
	parameters := testLibrary(t).Parameters
	cases := []struct{ name, date, want string }{
		{"missing the day before", "2015-09-08", ""},
		{"first day", "2015-09-09", "0.25"},
		{"last day", "2019-11-19", "0.25"},
		{"first day of the next value", "2019-11-20", "0.20"},
		{"still", "2199-12-31", "0.20"},
	}
	for _, test := range cases {
		value, _ := parameters.At(day(test.date), "", nil).Lookup("capital_ratio_min")
		if value.Value != test.want || value.Present() != (test.want != "") {
			t.Errorf("%s: got %q, missing because %q", test.name, value.Value, value.Missing.ZH)
		}
	}
	if value, _ := parameters.At(day("2026-01-01"), "", nil).Lookup("capital_ratio_min"); value.Source.Status != "in_force" || value.Source.Basis[0] != "国发〔2019〕26号" {
		t.Errorf("a value comes with its provenance, got %+v", value.Source)
	}
}

func TestAnOverrideHoldsForItsRegionUntilItsDay(t *testing.T) {
	parameters := testLibrary(t).Parameters
	override := func(region, parameter, value, until string) funding.ParameterOverride {
		return funding.ParameterOverride{Region: region, Parameter: parameter, Value: value, Who: "张三", Why: "自治区要求", Until: day(until)}
	}
	capital := override("GX-PX", "capital_ratio_min", "0.30", "2026-06-30")
	cases := []struct {
		name, id, region, date string
		overrides              []funding.ParameterOverride
		want, missing          string
	}{
		{"on its last day", "capital_ratio_min", "GX-PX", "2026-06-30", []funding.ParameterOverride{capital}, "0.30", ""},
		{"no longer the day after", "capital_ratio_min", "GX-PX", "2026-07-01", []funding.ParameterOverride{capital}, "0.20", ""},
		{"not in another region", "capital_ratio_min", "GX-DX", "2026-06-30", []funding.ParameterOverride{capital}, "0.20", ""},
		{"the last of two", "capital_ratio_min", "GX-PX", "2026-06-30", []funding.ParameterOverride{capital, override("GX-PX", "capital_ratio_min", "0.35", "2026-06-30")}, "0.35", ""},
		{"gives a value where there was none", "treasury_cover_min", "GX-PX", "2026-01-01", []funding.ParameterOverride{override("GX-PX", "treasury_cover_min", "0.3", "2026-12-31")}, "0.3", ""},
		{"is never silently dropped when it cannot be read", "capital_ratio_min", "GX-PX", "2026-06-30", []funding.ParameterOverride{override("GX-PX", "capital_ratio_min", "30%", "2026-12-31")}, "", "never 20%"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			value, _ := parameters.At(day(test.date), test.region, test.overrides).Lookup(test.id)
			if value.Value != test.want || !strings.Contains(value.Missing.EN, test.missing) || value.Present() != (test.missing == "") {
				t.Errorf("got %q, missing because %q", value.Value, value.Missing.EN)
			}
			if overridden := test.want != "0.20"; (value.Override != nil) != overridden {
				t.Errorf("the override is part of the answer: got %+v", value.Override)
			}
		})
	}
}

// A rule that needs a parameter without a value must be undecided; with the value it is decided, exactly at it too.
func TestAMissingParameterMakesARuleUndecided(t *testing.T) {
	library := testLibrary(t)
	rule, err := library.Vocabulary.CompileRule("need.capital_ratio >= p.capital_ratio_min")
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name, date, ratio string
		want              ruleexpr.Truth
	}{
		{"no value yet", "2010-01-01", "0.99", ruleexpr.Undecided},
		{"below", "2026-01-01", "0.199999", ruleexpr.False},
		{"at the value", "2026-01-01", "0.2", ruleexpr.True},
		{"at the new value but under the old one", "2019-11-19", "0.2", ruleexpr.False},
	}
	for _, test := range cases {
		facts := library.Vocabulary.NewFacts()
		library.Parameters.At(day(test.date), "", nil).SetFacts(facts)
		facts.SetDecimal(library.Vocabulary.Slot("need.capital_ratio"), money.MustRate(test.ratio))
		if got := rule.Holds(facts); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
	facts := library.Vocabulary.NewFacts()
	library.Parameters.At(day("2010-01-01"), "", nil).SetFacts(facts)
	if reason := facts.Reason(library.Vocabulary.Slot("p.capital_ratio_min")); !strings.Contains(reason, "2010-01-01 没有取值") {
		t.Errorf("the reason is told, got %q", reason)
	}
	if amount, present := facts.Amount(library.Vocabulary.Slot("p.entrusted_payment_min")); present {
		t.Errorf("entrusted payment has no value in 2010, got %s", amount)
	}
	library.Parameters.At(day("2024-07-01"), "", nil).SetFacts(facts)
	if amount, _ := facts.Amount(library.Vocabulary.Slot("p.entrusted_payment_min")); amount != money.MustAmount("10000000.00") {
		t.Errorf("an amount is held in fen, got %s", amount)
	}
}

func TestMarketFactsAreThoseOfTheDay(t *testing.T) {
	library := testLibrary(t)
	slot := library.Vocabulary.Slot("market.lpr_5y")
	facts := library.Vocabulary.NewFacts()
	library.Market.SetFacts(facts, day("2025-05-20"))
	if rate, present := facts.Number(slot); !present || !rate.Equal(money.MustRate("0.035")) {
		t.Errorf("got %s (%v)", rate, present)
	}
	library.Market.SetFacts(facts, day("2024-10-20"))
	if facts.Has(slot) || !strings.Contains(facts.Reason(slot), "lpr_5y") {
		t.Errorf("before the first value the rate is missing, with the reason; got %q", facts.Reason(slot))
	}
	series, _ := library.Market.Series("lpr_5y")
	if series.ValueBasis[0] != "knowledge" || series.ValueBasis[1] != "illustrative" {
		t.Errorf("a value keeps its own basis where it has one: %v", series.ValueBasis)
	}
}

func TestOverridesAreRead(t *testing.T) {
	library := testLibrary(t)
	list, err := ReadOverrides("overrides.yaml", []byte(`schema: zutuan/overrides/v1
overrides:
  - {region: GX-PX, parameter: capital_ratio_min, value: "0.25", who: 张三, why: 自治区要求, until: 2027-12-31}
`), library.Parameters)
	want := funding.ParameterOverride{Region: "GX-PX", Parameter: "capital_ratio_min", Value: "0.25", Who: "张三", Why: "自治区要求", Until: day("2027-12-31")}
	if err != nil || len(list) != 1 || list[0] != want {
		t.Fatalf("got %+v, %v", list, err)
	}
	if problem := CheckOverride(list[0], library.Parameters); problem.ZH != "" {
		t.Errorf("a good override has no problem, got %q", problem.ZH)
	}
	anonymous := list[0]
	anonymous.Who, anonymous.Until = " ", time.Time{}
	if problem := CheckOverride(anonymous, library.Parameters); !strings.Contains(problem.EN, "who, until") {
		t.Errorf("got %q", problem.EN)
	}
}

// Whatever the dates, at most one value of a parameter holds on a day, and it is one that covers that day.
func TestAtMostOneValueHoldsOnADay(t *testing.T) {
	data, err := fs.ReadFile(rules.FS, "parameters/project.yaml")
	if err != nil {
		t.Fatal(err)
	}
	list, err := ReadParameters("project.yaml", data, nil)
	if err != nil {
		t.Fatal(err)
	}
	parameters := NewParameters(list)
	rapid.Check(t, func(t *rapid.T) {
		date := day("1985-01-01").AddDate(0, 0, rapid.IntRange(0, 30_000).Draw(t, "days"))
		set := parameters.At(date, "", nil)
		for i, parameter := range parameters.All() {
			holding := 0
			for _, value := range parameter.Values {
				if !date.Before(value.From) && (value.To.IsZero() || !date.After(value.To)) {
					holding++
				}
			}
			if holding > 1 || set.Values[i].Present() != (holding == 1) {
				t.Fatalf("%s on %s: %d values hold, present %v", parameter.ID, date.Format(time.DateOnly), holding, set.Values[i].Present())
			}
		}
	})
}
