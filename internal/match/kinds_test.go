package match_test

import (
	"encoding/json"
	"strings"
	"testing"

	"zutuan/internal/funding"
	"zutuan/internal/match"
	"zutuan/internal/money"
	"zutuan/internal/rulepack"
)

// debtTerms is the part of the product's terms that only money to be paid back has.
const debtTerms = `  tenor: {min_quarters: 4, max_quarters: 12}
  grace: {max_quarters: 2}
  availability_quarters: 2
  repayment: {profile: equal_principal, interval: 1}
`

func TestMoneyWithoutASchedule(t *testing.T) {
	h := newHand(t)
	for _, test := range []struct {
		name    string
		changes []string
		results string
		size    string
		cost    string
	}{
		{"a grant costs nothing and is never repaid", []string{"counts_as: debt", "counts_as: grant", "kind: development_loan", "kind: grant", debtTerms, "", "  rate: '0.04'\n", ""}, "dscr undecided, cost passed, size passed", "15000000.00", "0.000000"},
		{"equity without a tenor costs the return it asks for", []string{"counts_as: debt", "counts_as: equity", "kind: development_loan", "kind: fund", debtTerms, ""}, "dscr undecided, cost passed, size passed", "15000000.00", "0.040000"},
		{"equity that asks for no return has no cost", []string{"counts_as: debt", "counts_as: equity", "kind: development_loan", "kind: fund", debtTerms, "", "  rate: '0.04'\n", ""}, "dscr undecided, cost undecided, size passed", "15000000.00", "—"},
		{"equity without a return costs the guarantee's fee where there is one", []string{"counts_as: debt", "counts_as: equity", "kind: development_loan", "kind: guarantee", debtTerms, "", "  rate: '0.04'\n", "  fees: {guarantee: \"0.01\"}\n"}, "dscr undecided, cost passed, size passed", "15000000.00", "0.010000"},
		{"equity with a tenor is scheduled as its terms say", []string{"counts_as: debt", "counts_as: equity", "kind: development_loan", "kind: fund"}, "dscr passed, cost passed, size passed", "15000000.00", "0.040604"},
	} {
		t.Run(test.name, func(t *testing.T) {
			outcome := h.outcome(t, append(test.changes, withRules("dscr must: offer.min_dscr >= 1", "cost must: offer.all_in_cost <= 0.05", "size must: offer.size >= 1")...)...)
			if results(outcome) != test.results || outcome.Offer.Size != money.MustAmount(test.size) || outcome.Offer.AllInCost.String() != test.cost {
				t.Errorf("%s, size %s, cost %s; want %s, %s, %s", results(outcome), outcome.Offer.Size, outcome.Offer.AllInCost, test.results, test.size, test.cost)
			}
		})
	}
}

func TestAProfileWithoutASolutionFailsABuiltInMust(t *testing.T) {
	h := newHand(t)
	// Income that begins in quarter 5 leaves the instalments of quarters 2 to 4 nothing to pay their interest from.
	requirement := requirementOf(t, h)
	requirement.Units[0].Revenue[0].Series.Offset = 5
	records := h.records(t, requirement, nil, nil, nil, sampleDate)
	need := match.NewNeed(h.assembler, h.reference(sampleDate), sampleDate, records)
	product := h.product(t, "profile: equal_principal", "profile: sculpted")
	m := match.NewCatalogue(h.library.Vocabulary, []*rulepack.Product{product}).Match(need, match.Options{})
	outcome := &m.Outcomes[0]
	if outcome.BuiltIn == nil || outcome.BuiltIn.ID != match.BuiltInSchedule || outcome.Offer != nil {
		t.Fatalf("%s, built-in %+v", outcome.Verdict, outcome.BuiltIn)
	}
	if message := outcome.BuiltIn.Message; !strings.Contains(message.ZH, "CFADS") || !strings.Contains(message.EN, "CFADS") {
		t.Errorf("message %+v", message)
	}
}

func TestNothingToDrawMakesNoOffer(t *testing.T) {
	h := newHand(t)
	requirement := requirementOf(t, h)
	requirement.OpeningCash = money.MustAmount("90000000.00")
	records := h.records(t, requirement, nil, nil, nil, sampleDate)
	need := match.NewNeed(h.assembler, h.reference(sampleDate), sampleDate, records)
	for name, changes := range map[string][]string{"a loan": nil, "a grant": {"counts_as: debt", "counts_as: grant", "kind: development_loan", "kind: grant", debtTerms, ""}} {
		m := match.NewCatalogue(h.library.Vocabulary, []*rulepack.Product{h.product(t, changes...)}).Match(need, match.Options{})
		if outcome := m.Outcomes[0]; outcome.Verdict != funding.VerdictIneligible || outcome.BuiltIn == nil || outcome.BuiltIn.ID != match.BuiltInSize {
			t.Errorf("%s: %s %+v, want the built-in size to fail", name, outcome.Verdict, outcome.BuiltIn)
		}
	}
}

// Five offers of the hand-worked need. The cost follows the rate, the tenor fit the tenor (9 of 12, 9 of 11, 9 of 10
// quarters), the cover the limit.
func TestRankAndDominance(t *testing.T) {
	h := newHand(t)
	offer := func(id, rate, tenor, limit string, more ...string) *rulepack.Product {
		return h.product(t, append([]string{"id: hand-loan", "id: " + id, "rate: '0.04'", "rate: '" + rate + "'", "max_quarters: 12}", "max_quarters: " + tenor + "}", "need.investment * 0.75", limit}, more...)...)
	}
	products := []*rulepack.Product{
		offer("b-dear", "0.042", "12", "12000000"),
		offer("a-cheap", "0.036", "12", "12000000"),
		offer("c-same-as-cheap", "0.036", "12", "12000000"),
		offer("d-fits-better", "0.038", "10", "12000000"),
		offer("e-covers-more", "0.040", "12", "14000000"),
		offer("f-grant", "0.030", "12", "20000000", "counts_as: debt", "counts_as: grant", "kind: development_loan", "kind: grant"),
		offer("g-dollars", "0.030", "12", "20000000", "currency: CNY", "currency: USD"),
		offer("h-ineligible", "0.030", "12", "20000000", "冷链物流", "采矿"),
	}
	m := h.match(t, products...)
	var ranked []string
	for _, i := range m.Ranked {
		outcome := &m.Outcomes[i]
		ranked = append(ranked, outcome.Product.ID+" "+outcome.Score.Total.String()+" "+outcome.DominatedBy)
	}
	// Cost pieces: 1.009^4 − 1 = 0.036489 → 0.8511; 0.042666 → 0.2334; 0.038545 → 0.6455; 0.040604 → 0.4396; a grant 1.
	// g-dollars: 0.030339 against SOFR 0.037 and 0.045 → 1. Totals: 0.5 × cost + 0.3 × 9/12 (9/10) + 0.2; the grant lasts as
	// long as the need.
	want := []string{"f-grant 1 ", "g-dollars 0.925 ", "a-cheap 0.85055 ", "c-same-as-cheap 0.85055 ", "d-fits-better 0.79275 ", "e-covers-more 0.6448 ", "b-dear 0.5417 a-cheap"}
	if strings.Join(ranked, "|") != strings.Join(want, "|") {
		t.Errorf("ranked\n%s\nwant\n%s", strings.Join(ranked, "\n"), strings.Join(want, "\n"))
	}
}

func TestAnAnswerIsCompleteAndItsAmountsAreTexts(t *testing.T) {
	h := newHand(t)
	m := h.match(t, h.product(t, append([]string{"id: hand-loan", "id: a-yes", "rate: '0.04'", "rate: '0.04'\n  floating: {reference: lpr_5y, spread_fixed: true, reset_quarters: 4}"}, withRules("rating should: borrower.rating == \"AAA\"")...)...),
		h.product(t, append([]string{"id: hand-loan", "id: b-near"}, withRules("capital must: need.capital_ratio >= 0.3")...)...))
	data, err := json.MarshalIndent(m.Answer(), "", " ")
	must(t, err)
	for _, want := range []string{`"size": "15000000.00"`, `"all_in_cost": "0.040604"`, `"verdict": "conditional"`, `"verdict": "near_miss"`, `"leads_to": "eligible"`, `"total_interest": "885000.00"`,
		`"min_dscr": "1.228879"`, `"illustrative": true`, `"term": "size"`, `"neutral"`, `"rank": 1`, `"value": "0.439600"`, `"weight": "0.500000"`, `"result": "failed"`, `"near_miss": 1`, `"surfaced"`, "lpr_5y 浮动"} {
		absent := want == `"neutral"` || want == `"surfaced"`
		if strings.Contains(string(data), want) == absent {
			t.Errorf("the answer should contain %s: %v\n%s", want, !absent, data)
		}
	}
	var loose map[string]any
	must(t, json.Unmarshal(data, &loose))
	refuseFractions(t, "", loose)
}

// refuseFractions fails for a JSON number that is not whole: amounts and ratios are texts.
func refuseFractions(t *testing.T, path string, value any) {
	switch typed := value.(type) {
	case map[string]any:
		for key, item := range typed {
			refuseFractions(t, path+"."+key, item)
		}
	case []any:
		for _, item := range typed {
			refuseFractions(t, path+"[]", item)
		}
	case float64:
		if typed != float64(int64(typed)) {
			t.Errorf("%s is the number %v", path, typed)
		}
	}
}

func TestAWhatIfNamesWhatItCannotSet(t *testing.T) {
	h := newHand(t)
	catalogue := match.NewCatalogue(h.library.Vocabulary, []*rulepack.Product{h.product(t)})
	for name, test := range map[string]struct {
		whatIf match.WhatIf
		want   string
	}{
		"an unknown fact to set":     {match.WhatIf{Set: map[string]string{"need.capitl": "1"}}, "need.capitl"},
		"an unknown fact to unset":   {match.WhatIf{Unset: []string{"offer.dscr"}}, "offer.dscr"},
		"a text that is no amount":   {match.WhatIf{Set: map[string]string{"offer.size": "much"}}, "offer.size"},
		"too many decimals":          {match.WhatIf{Set: map[string]string{"need.capital_ratio": "0.1234567"}}, "need.capital_ratio"},
		"a size beyond every amount": {match.WhatIf{Set: map[string]string{"offer.size": "90000000000000.00"}}, "offer.size"},
		"a negative size":            {match.WhatIf{Set: map[string]string{"offer.size": "-1"}}, "offer.size"},
		"a tenor of no quarters":     {match.WhatIf{Set: map[string]string{"offer.tenor_quarters": "0"}}, "offer.tenor_quarters"},
		"a tenor beyond every loan":  {match.WhatIf{Set: map[string]string{"offer.tenor_quarters": "161"}}, "offer.tenor_quarters"},
		"a negative grace":           {match.WhatIf{Set: map[string]string{"offer.grace_quarters": "-1"}}, "offer.grace_quarters"},
		"a text that is no flag":     {match.WhatIf{Set: map[string]string{"zone.national": "yes"}}, "zone.national"},
	} {
		if _, err := catalogue.Consider(h.need, test.whatIf, match.Options{}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want it to name %s", name, err, test.want)
		}
	}
}

func TestAWhatIfFixesTheTermsOfTheOffer(t *testing.T) {
	h := newHand(t)
	catalogue := match.NewCatalogue(h.library.Vocabulary, []*rulepack.Product{h.product(t, withRules("dscr must: offer.min_dscr >= 1.5", "rate must: offer.rate >= 0.01")...)})
	for _, test := range []struct {
		name    string
		whatIf  match.WhatIf
		size    string
		results string
	}{
		// 8,000,000 / (0.434 × 12,000,000) = 1.536098
		{"a size below the limit", match.WhatIf{Set: map[string]string{"offer.size": "12000000"}}, "12000000.00", "dscr passed, rate passed"},
		{"a size above the limit and the need", match.WhatIf{Set: map[string]string{"offer.size": "18000000"}}, "18000000.00", "dscr failed, rate passed"},
		{"a fact of the offer", match.WhatIf{Set: map[string]string{"offer.min_dscr": "1.5"}}, "15000000.00", "dscr passed, rate passed"},
		{"a fact of the offer one step below", match.WhatIf{Set: map[string]string{"offer.min_dscr": "1.499999"}}, "15000000.00", "dscr failed, rate passed"},
		{"an unknown fact of the offer", match.WhatIf{Unset: []string{"offer.rate"}}, "15000000.00", "dscr failed, rate undecided"},
	} {
		m, err := catalogue.Consider(h.need, test.whatIf, match.Options{})
		must(t, err)
		outcome := &m.Outcomes[0]
		if outcome.Offer.Size != money.MustAmount(test.size) || results(outcome) != test.results {
			t.Errorf("%s: size %s, %s; want %s, %s", test.name, outcome.Offer.Size, results(outcome), test.size, test.results)
		}
		var drawn money.Amount
		for _, draw := range outcome.Offer.Draws {
			drawn += draw.Amount
		}
		if drawn != outcome.Offer.Size {
			t.Errorf("%s: draws of %s for a size of %s", test.name, drawn, outcome.Offer.Size)
		}
	}
}

func TestAProductTestSaysWhatItExpectedAndWhatCame(t *testing.T) {
	h := newHand(t)
	samples := match.Samples(h.samplesOf(h.need))
	tests := "\ntests:\n" +
		"  - {name: 资本金不足, given: {requirement: pingxiang, set: {need.capital_ratio: \"0.19999\"}}, expect: {verdict: near_miss, failed: [capital]}}\n" +
		"  - {name: 资本金正好, given: {requirement: pingxiang, set: {need.capital_ratio: \"0.20\"}}, expect: {verdict: near_miss, failed: [capital]}}\n" +
		"  - {name: 资本金未知, given: {requirement: pingxiang, unset: [need.capital_ratio]}, expect: {verdict: undecided, undecided: [capital]}}\n" +
		"  - {name: 期望另一条规则, given: {requirement: pingxiang, set: {need.capital_ratio: \"0.19999\"}}, expect: {verdict: near_miss, failed: [industry]}}\n" +
		"  - {name: 期望无法判断, given: {requirement: pingxiang}, expect: {verdict: eligible, undecided: [capital]}}\n"
	changes := append(withRules("capital must: need.capital_ratio >= 0.20"), "structure: \"0.2\"}\n", "structure: \"0.2\"}"+tests)
	results := match.RunTests(samples, h.product(t, changes...))
	want := []string{"", "结论应为 near_miss，实为 eligible；未通过的规则应为 [capital]，实为 []", "", "未通过的规则应为 [industry]，实为 [capital]\n  capital failed: need.capital_ratio >= 0.20 (0.199990 >= 0.20)", "无法判断的规则应为 [capital]，实为 []"}
	for i, result := range results {
		if result.Problem.ZH != want[i] || result.Passed != (want[i] == "") {
			t.Errorf("%s: %q, want %q", result.Name, result.Problem.ZH, want[i])
		}
	}
	if !strings.HasPrefix(results[1].Problem.EN, "verdict: expected near_miss, got eligible; failed rules: expected [capital], got []") {
		t.Errorf("in English: %s", results[1].Problem.EN)
	}
}
