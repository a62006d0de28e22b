package match_test

// Properties over requirements that are made up around the shipped samples, matched with every shipped product:
//
//   - every rule says what it says when it is evaluated by itself, and the verdict follows from the results;
//   - every change that is offered for a failed must makes that rule pass when the pair is matched again with it;
//   - every remedy leaves no must failed and gives the verdict that it promises;
//   - one core and many give the same bytes, and so does doing it again.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"zutuan/internal/cashflow"
	"zutuan/internal/funding"
	"zutuan/internal/match"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// maker makes needs around the shipped samples.
type maker struct {
	*desk
	base []match.Records
	// reference is that of sampleDate.
	reference *ruleexpr.Facts
}

func newMaker(t testing.TB) *maker {
	d := shippedDesk(t)
	m := &maker{desk: d, reference: d.reference(sampleDate)}
	for _, name := range d.library.Samples {
		if records := d.sample(t, name, sampleDate); allStartByDate(records.Requirement) {
			m.base = append(m.base, records)
		}
	}
	return m
}

// allStartByDate keeps to samples that can be simulated again without compiling what their units wait for.
func allStartByDate(requirement *funding.Requirement) bool {
	for i := range requirement.Units {
		if requirement.Units[i].Start.After != "" {
			return false
		}
	}
	return true
}

func (m *maker) need(t *rapid.T) *match.Need {
	records := rapid.SampledFrom(m.base).Draw(t, "sample")
	requirement := *records.Requirement
	vary(t, &requirement)
	records.Requirement = &requirement
	if rapid.Bool().Draw(t, "without a fiscal profile") {
		records.Fiscal = nil
	}
	if len(requirement.DebtService) == 0 && rapid.Bool().Draw(t, "without a ledger") {
		records.Debt = nil
	}
	input := cashflow.Input{Requirement: &requirement, ExistingDebtService: records.Extended.ExistingDebtService}
	var err error
	if records.Simulation, err = cashflow.Simulate(input); err != nil {
		t.Fatal(err)
	}
	input.Quarters = funding.MaxQuarters
	if records.Extended, err = cashflow.Simulate(input); err != nil {
		t.Fatal(err)
	}
	return match.NewNeed(m.assembler, m.reference, sampleDate, records)
}

// vary draws everything that rules look at most.
func vary(t *rapid.T, r *funding.Requirement) {
	scale := rapid.Int64Range(20, 300).Draw(t, "income in percent")
	r.Units = append([]funding.Unit(nil), r.Units...)
	for i := range r.Units {
		r.Units[i].Revenue = append([]funding.RevenueLine(nil), r.Units[i].Revenue...)
		for k := range r.Units[i].Revenue {
			r.Units[i].Revenue[k].Series = scaled(r.Units[i].Revenue[k].Series, scale)
		}
	}
	r.Capital = append([]funding.FundingLine(nil), r.Capital...)
	share := rapid.Int64Range(10, 300).Draw(t, "capital in percent")
	for i := range r.Capital {
		r.Capital[i].Series = scaled(r.Capital[i].Series, share)
	}
	r.Limits = funding.Limits{
		MaxCost: maybe(t, "highest cost", rapid.Custom(func(t *rapid.T) money.Decimal {
			return money.MustRate(fmt.Sprintf("0.0%03d", rapid.IntRange(15, 90).Draw(t, "bp")))
		})),
		MinDSCR:       maybe(t, "lowest DSCR", rapid.SampledFrom([]money.Decimal{money.MustRate("1"), money.MustRate("1.2"), money.MustRate("1.5")})),
		TenorQuarters: maybe(t, "longest tenor", rapid.IntRange(4, 120)), GraceQuarters: maybe(t, "grace", rapid.IntRange(0, 24)),
	}
	r.Borrower.Type = rapid.SampledFrom(funding.BorrowerTypes).Draw(t, "borrower type")
	r.Borrower.Rating = rapid.SampledFrom([]string{"", "BB", "A", "AA-", "AA", "AA+", "AAA"}).Draw(t, "rating")
	r.Borrower.Class = rapid.SampledFrom(append([]string{""}, funding.SubjectClasses...)).Draw(t, "class")
	r.Borrower.NetAssets = maybe(t, "net assets", rapid.Map(rapid.Int64Range(0, 200_000_000_000), func(fen int64) money.Amount { return money.Amount(fen) }))
	r.Security = nil
	for range rapid.IntRange(0, 3).Draw(t, "securities") {
		value := money.Amount(rapid.Int64Range(0, 100_000_000_000).Draw(t, "value"))
		r.Security = append(r.Security, funding.Security{Type: rapid.SampledFrom(funding.SecurityTypes).Draw(t, "security"), Value: &value})
	}
	flag := func(name string) *bool { return maybe(t, name, rapid.Bool()) }
	r.Project.FeasibilityApproved, r.Project.LandApproved, r.Project.EIAApproved = flag("feasibility"), flag("land"), flag("EIA")
	r.Project.EstimateApproved, r.Project.CentralApproval = flag("estimate"), flag("central")
	r.Cluster.Industries = rapid.SliceOfN(rapid.SampledFrom([]string{"食品加工与冷链物流", "进出口加工", "边民互市商贸", "房地产"}), 0, 2).Draw(t, "industries")
}

func maybe[T any](t *rapid.T, name string, of *rapid.Generator[T]) *T {
	if !rapid.Bool().Draw(t, name+" given") {
		return nil
	}
	value := of.Draw(t, name)
	return &value
}

func scaled(series funding.Series, percent int64) funding.Series {
	series.Values = append([]int64(nil), series.Values...)
	for i := range series.Values {
		series.Values[i] = series.Values[i] * percent / 100
	}
	series.Total, series.PerQuarter = series.Total*percent/100, series.PerQuarter*percent/100
	return series
}

func TestMatchingKeepsItsPromises(t *testing.T) {
	m := newMaker(t)
	catalogue := m.catalogue()
	single := map[string]*match.Catalogue{}
	for _, product := range m.library.Products {
		single[product.ID] = match.NewCatalogue(m.library.Vocabulary, []*rulepack.Product{product})
	}
	seen := map[funding.Verdict]int{}
	changes, remedies := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		need := m.need(t)
		found := catalogue.Match(need, match.Options{})
		sameBytes(t, found, catalogue.Match(need, match.Options{Workers: 1}))
		for i := range found.Outcomes {
			outcome := &found.Outcomes[i]
			seen[outcome.Verdict]++
			followsFromItsRules(t, need, outcome)
			changes += flipsItsRule(t, need, single[outcome.Product.ID], outcome)
			remedies += mendsThePair(t, need, single[outcome.Product.ID], outcome)
		}
	})
	t.Logf("%v, %d changes and %d remedies tried again", seen, changes, remedies)
	if changes == 0 || remedies == 0 || len(seen) < 4 { // conditional is rare among them and has tests of its own
		t.Error("the generated needs did not reach the verdicts with changes and remedies to try")
	}
}

func sameBytes(t *rapid.T, a, b *match.Match) {
	first, err := json.Marshal(a.Answer())
	if err != nil {
		t.Fatal(err)
	}
	second, err := json.Marshal(b.Answer())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Fatal("one core and many give different answers")
	}
}

// followsFromItsRules decides every early rule by itself and draws the verdict from the results.
func followsFromItsRules(t *rapid.T, need *match.Need, outcome *match.Outcome) {
	failed, shoulds, undecided := 0, 0, len(outcome.Doubts)
	for k, result := range outcome.Results {
		rule := &outcome.Product.Rules[k]
		if !rule.OnOffer {
			if alone := rule.Rule.Holds(need.Facts); match.Result(alone) != result {
				t.Fatalf("%s %s: %s among others, %s alone", outcome.Product.ID, rule.ID, result, alone)
			}
		}
		switch {
		case result == match.ResultFailed && rule.Level == "must":
			failed++
		case result == match.ResultFailed:
			shoulds++
		case result == match.ResultUndecided:
			undecided++
		}
	}
	if outcome.BuiltIn != nil {
		failed++
	}
	var want []funding.Verdict
	switch {
	case failed > 2:
		want = []funding.Verdict{funding.VerdictIneligible}
	case failed > 0:
		want = []funding.Verdict{funding.VerdictIneligible, funding.VerdictNearMiss}
	case undecided > 0:
		want = []funding.Verdict{funding.VerdictUndecided}
	case shoulds > 0:
		want = []funding.Verdict{funding.VerdictConditional}
	default:
		want = []funding.Verdict{funding.VerdictEligible}
	}
	if !strings.Contains(fmt.Sprint(want), string(outcome.Verdict)) {
		t.Fatalf("%s: %s, want one of %v", outcome.Product.ID, outcome.Verdict, want)
	}
	if (outcome.Verdict == funding.VerdictNearMiss) != (outcome.Remedy != nil) {
		t.Fatalf("%s: %s with the remedy %v", outcome.Product.ID, outcome.Verdict, outcome.Remedy)
	}
}

// flipsItsRule matches again with each offered change alone.
func flipsItsRule(t *rapid.T, need *match.Need, catalogue *match.Catalogue, outcome *match.Outcome) int {
	tried := 0
	for _, failure := range outcome.Failures {
		for _, change := range failure.Changes {
			tried++
			again := consider(t, need, catalogue, []ruleexpr.Change{change})
			if failure.BuiltIn {
				if again.BuiltIn != nil && again.BuiltIn.ID == failure.Rule {
					t.Fatalf("%s: the built-in %s still fails with %v", outcome.Product.ID, failure.Rule, change)
				}
				continue
			}
			for k := range again.Results {
				if again.Product.Rules[k].ID == failure.Rule && again.Results[k] != match.ResultPassed {
					t.Fatalf("%s: %s is %s with %v", outcome.Product.ID, failure.Rule, again.Results[k], change)
				}
			}
		}
	}
	return tried
}

func mendsThePair(t *rapid.T, need *match.Need, catalogue *match.Catalogue, outcome *match.Outcome) int {
	if outcome.Remedy == nil {
		return 0
	}
	again := consider(t, need, catalogue, outcome.Remedy.Changes)
	if again.Verdict != outcome.Remedy.Verdict || again.Verdict == funding.VerdictNearMiss || again.Verdict == funding.VerdictIneligible {
		t.Fatalf("%s: %s with %v, promised %s", outcome.Product.ID, again.Verdict, outcome.Remedy.Changes, outcome.Remedy.Verdict)
	}
	return 1
}

func consider(t *rapid.T, need *match.Need, catalogue *match.Catalogue, changes []ruleexpr.Change) *match.Outcome {
	whatIf := match.WhatIf{Set: map[string]string{}}
	for _, change := range changes {
		whatIf.Set[change.Fact] = change.To
	}
	again, err := catalogue.Consider(need, whatIf, match.Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	return &again.Outcomes[0]
}
