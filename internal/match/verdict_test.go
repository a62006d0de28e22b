package match_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zutuan/internal/funding"
	"zutuan/internal/match"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// results writes the outcome's rules as "id result" words, without the first rule that every test product has.
func results(outcome *match.Outcome) string {
	var words []string
	for k, result := range outcome.Results[1:] {
		words = append(words, outcome.Product.Rules[k+1].ID+" "+result.String())
	}
	if outcome.BuiltIn != nil {
		words = append(words, "built-in "+outcome.BuiltIn.ID)
	}
	return strings.Join(words, ", ")
}

// changesText writes changes as "fact from → to".
func changesText(changes []ruleexpr.Change) string {
	var words []string
	for _, change := range changes {
		words = append(words, fmt.Sprintf("%s %s → %s", change.Fact, change.From, change.To))
	}
	return strings.Join(words, ", ")
}

// The need of the hand-worked sample: capital ratio 4/20 = 0.2, rating AA, tenor 12 quarters, DSCR of the offer 1.228879.
func TestVerdictsFollowFromTheRules(t *testing.T) {
	h := newHand(t)
	for _, test := range []struct {
		name    string
		rules   []string
		verdict funding.Verdict
		results string
	}{
		{"every rule passes", []string{"capital must: need.capital_ratio >= 0.2", "dscr must: offer.min_dscr >= 1.228879"}, "eligible", "capital passed, dscr passed"},
		{"only a should fails", []string{"rating should: borrower.rating == \"AAA\""}, "conditional", "rating failed"},
		{"a should on the offer fails", []string{"dscr should: offer.min_dscr >= 1.22888"}, "conditional", "dscr failed"},
		{"a must is undecided", []string{"cash must: borrower.cash >= 1"}, "undecided", "cash undecided"},
		{"a should is undecided", []string{"cash should: borrower.cash >= 1"}, "undecided", "cash undecided"},
		{"undecided outweighs a failed should", []string{"cash must: borrower.cash >= 1", "rating should: borrower.rating == \"AAA\""}, "undecided", "cash undecided, rating failed"},
		{"false and unknown is false, and stays unknown when mended", []string{"both must: borrower.cash >= 1 and need.capital_ratio > 1"}, "ineligible", "both failed"},
		{"a must that can be mended", []string{"capital must: need.capital_ratio >= 0.200001"}, "near_miss", "capital failed"},
		{"a must that cannot be mended", []string{"type must: borrower.type == \"private\""}, "ineligible", "type failed"},
		{"one of two cannot be mended", []string{"capital must: need.capital_ratio >= 0.3", "type must: borrower.type == \"private\""}, "ineligible", "capital failed, type failed"},
		{"two that can be mended", []string{"capital must: need.capital_ratio >= 0.3", "assets must: borrower.net_assets >= 100000000"}, "near_miss", "capital failed, assets failed"},
		{"three are not a near miss", []string{"capital must: need.capital_ratio >= 0.3", "assets must: borrower.net_assets >= 100000000", "papers must: project.feasibility_approved"}, "ineligible", "capital failed, assets failed, papers failed"},
		{"rules on the offer wait for the others", []string{"type must: borrower.type == \"private\"", "dscr must: offer.min_dscr >= 9"}, "ineligible", "type failed, dscr not_reached"},
		{"a failed should does not keep the offer away", []string{"rating should: borrower.rating == \"AAA\"", "dscr must: offer.min_dscr >= 1"}, "conditional", "rating failed, dscr passed"},
		{"an undecided must does not keep the offer away", []string{"cash must: borrower.cash >= 1", "dscr must: offer.min_dscr >= 1"}, "undecided", "cash undecided, dscr passed"},
		{"division by zero leaves that rule alone undecided", []string{"share must: need.capital / need.land_investment >= 0.1", "dscr must: offer.min_dscr >= 1"}, "undecided", "share undecided, dscr passed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			outcome := h.outcome(t, withRules(test.rules...)...)
			if outcome.Verdict != test.verdict || results(outcome) != test.results {
				t.Errorf("%s (%s), want %s (%s)", outcome.Verdict, results(outcome), test.verdict, test.results)
			}
		})
	}
}

func TestATermBelowAtAndAboveItsLimit(t *testing.T) {
	h := newHand(t)
	for _, test := range []struct {
		name    string
		changes []string
		verdict funding.Verdict
		results string
		figure  string // size tenor grace
	}{
		{"the smallest size is one step above what there is", []string{`min: "1000000.00"`, `min: "15010000.00"`}, "ineligible", "built-in size", ""},
		{"the smallest size is exactly what there is", []string{`min: "1000000.00"`, `min: "15000000.00"`}, "eligible", "", "15000000.00 12 2"},
		{"the smallest size is one step below", []string{`min: "1000000.00"`, `min: "14990000.00"`}, "eligible", "", "15000000.00 12 2"},
		{"the limit falls between two steps", []string{"need.investment * 0.75", "14999999.99"}, "eligible", "", "14990000.00 12 2"},
		{"the limit is a step", []string{"need.investment * 0.75", "14990000"}, "eligible", "", "14990000.00 12 2"},
		{"the need is less than the limit", []string{"need.investment * 0.75", "90000000"}, "eligible", "", "16000000.00 12 2"},
		{"a negative limit is none", []string{"need.investment * 0.75", "0 - need.investment"}, "ineligible", "built-in size", ""},
		{"only the draws within the availability can be used", []string{"availability_quarters: 2", "availability_quarters: 1"}, "eligible", "", "6000000.00 12 2"},
		{"the availability is never longer than the grace", []string{"max_quarters: 2}", "max_quarters: 1}"}, "eligible", "", "6000000.00 12 1"},
		{"the availability is as long as the grace where it is not given", []string{"  availability_quarters: 2\n", ""}, "eligible", "", "15000000.00 12 2"},
		{"without grace the first quarter is available", []string{"max_quarters: 2}", "max_quarters: 0}"}, "eligible", "", "6000000.00 12 0"},
		{"the shortest tenor is one quarter above what the bureau accepts", []string{"min_quarters: 4, max_quarters: 12", "min_quarters: 13, max_quarters: 20"}, "near_miss", "built-in tenor", ""},
		{"the shortest tenor is what the bureau accepts", []string{"min_quarters: 4, max_quarters: 12", "min_quarters: 12, max_quarters: 20"}, "eligible", "", "15000000.00 12 2"},
		{"the longest tenor is below what the bureau accepts", []string{"max_quarters: 12", "max_quarters: 11"}, "eligible", "", "15000000.00 11 2"},
		{"a tenor formula shortens", []string{"max_quarters: 12}", "max_quarters: 12, rule: 'need.construction_quarters * 3'}"}, "eligible", "", "15000000.00 6 2"},
		{"a grace formula shortens", []string{"grace: {max_quarters: 2}", "grace: {max_quarters: 2, rule: 'need.construction_quarters - 1'}"}, "eligible", "", "6000000.00 12 1"},
		{"a grace formula does not lengthen", []string{"grace: {max_quarters: 2}", "grace: {max_quarters: 2, rule: 'need.construction_quarters + 9'}"}, "eligible", "", "15000000.00 12 2"},
		{"a negative grace is none", []string{"grace: {max_quarters: 2}", "grace: {max_quarters: 2, rule: 'need.construction_quarters - 9'}"}, "eligible", "", "6000000.00 12 0"},
		{"tenor and grace are whole intervals", []string{"interval: 1", "interval: 4", "max_quarters: 12}", "max_quarters: 11}", "grace: {max_quarters: 2}", "grace: {max_quarters: 7}"}, "eligible", "", "15000000.00 8 4"},
		{"grace leaves one interval", []string{"max_quarters: 12}", "max_quarters: 4}", "grace: {max_quarters: 2}", "grace: {max_quarters: 3}"}, "eligible", "", "15000000.00 4 3"},
		{"a custom profile has as many instalments as shares", []string{"profile: equal_principal, interval: 1", "profile: custom, interval: 2, shares: [\"0.25\", \"0.75\"]"}, "eligible", "", "15000000.00 6 2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			outcome := h.outcome(t, test.changes...)
			figure := ""
			if offer := outcome.Offer; offer != nil {
				figure = fmt.Sprintf("%s %d %d", offer.Size, offer.TenorQuarters, offer.GraceQuarters)
			}
			if outcome.Verdict != test.verdict || results(outcome) != test.results || figure != test.figure {
				t.Errorf("%s (%s) %s, want %s (%s) %s", outcome.Verdict, results(outcome), figure, test.verdict, test.results, test.figure)
			}
		})
	}
}

func TestWhatHelpsAFailedMustIsTheSmallestChange(t *testing.T) {
	h := newHand(t)
	for _, test := range []struct {
		name    string
		changes []string
		want    string // the changes of the only failure
	}{
		{"a fact of the need", withRules("capital must: need.capital_ratio >= 0.25005"), "need.capital_ratio 0.200000 → 0.250100"},
		{"an ordered word", withRules(`rating must: borrower.rating in ["AAA"]`), "borrower.rating AA → AAA"},
		{"a flag", withRules("papers must: project.feasibility_approved"), "project.feasibility_approved false → true"},
		// Each year's service is in proportion to the size: 8,000,000 / (0.434 × size) ≥ 1.3 needs 14,179,369 or less.
		{"a smaller size", withRules("dscr must: offer.min_dscr >= 1.30"), "offer.size 15000000.00 → 14170000.00"},
		{"the bureau's own limit", withRules("dscr must: offer.min_dscr >= need.min_dscr + 0.10"), "need.min_dscr 1.200000 → 1.120000, offer.size 15000000.00 → 14170000.00"},
		// Thirteen quarters make eleven instalments: 8,000,000 / (4/11 + 1 % × (1 + 10/11 + 9/11 + 8/11)) of 15,000,000 = 1.339.
		{"a longer tenor that the bureau accepts", append([]string{"max_quarters: 12}", "max_quarters: 20}"}, withRules("dscr must: offer.min_dscr >= 1.30")...), "offer.size 15000000.00 → 14170000.00, need.tenor_quarters 12 → 13"},
		{"a size that the rule names", withRules("limit must: offer.size <= 12345678.90"), "offer.size 15000000.00 → 12340000.00"},
		{"a longer tenor than the formula gives", append([]string{"max_quarters: 12}", "max_quarters: 12, rule: '8'}"}, withRules("life must: offer.average_life >= 1.5")...), "offer.tenor_quarters 8 → 9"},
		{"a longer grace than the formula gives", append([]string{"grace: {max_quarters: 2}", "grace: {max_quarters: 2, rule: '1'}"}, withRules("first must: offer.first_instalment_quarter >= 2")...), "offer.grace_quarters 1 → 2"},
		{"a better rating lowers the rate", append([]string{"rate: '0.04'", `rate: 'borrower.rating == "AAA" ? 0.03 : 0.04'`}, withRules("cost must: offer.all_in_cost <= 0.031")...), "borrower.rating AA → AAA"},
		{"a longer tenor for the built-in one", []string{"min_quarters: 4, max_quarters: 12", "min_quarters: 15, max_quarters: 20"}, "need.tenor_quarters 12 → 15"},
		{"nothing helps", withRules("cover must: offer.cover >= 0.95"), ""},
		{"a fact that nobody can change does not", withRules("type must: borrower.type == \"private\""), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			outcome := h.outcome(t, test.changes...)
			if len(outcome.Failures) != 1 {
				t.Fatalf("%s, failures %v", outcome.Verdict, outcome.Failures)
			}
			if got := changesText(sortedByFact(outcome.Failures[0].Changes)); got != changesText(sortedByFact(parseChanges(test.want))) {
				t.Errorf("got %s, want %s", changesText(outcome.Failures[0].Changes), test.want)
			}
			if want := funding.VerdictNearMiss; (outcome.Verdict == want) != (test.want != "") {
				t.Errorf("verdict %s", outcome.Verdict)
			}
		})
	}
}

func parseChanges(text string) []ruleexpr.Change {
	var changes []ruleexpr.Change
	for _, word := range strings.Split(text, ", ") {
		if fields := strings.Fields(word); len(fields) == 4 {
			changes = append(changes, ruleexpr.Change{Fact: fields[0], From: fields[1], To: fields[3]})
		}
	}
	return changes
}

func sortedByFact(changes []ruleexpr.Change) []ruleexpr.Change {
	sorted := append([]ruleexpr.Change(nil), changes...)
	for i := range sorted {
		for j := i + 1; j < len(sorted); j++ {
			if sorted[j].Fact < sorted[i].Fact {
				sorted[i], sorted[j] = sorted[j], sorted[i]
			}
		}
	}
	return sorted
}

func TestANearMissIsMendedByItsRemedy(t *testing.T) {
	h := newHand(t)
	for _, test := range []struct {
		name     string
		changes  []string
		want     string
		surfaced string
		leadsTo  funding.Verdict
	}{
		{"two musts, two changes", withRules("capital must: need.capital_ratio >= 0.3", "assets must: borrower.net_assets >= 100000000"),
			"need.capital_ratio 0.200000 → 0.300000, borrower.net_assets 90000000.00 → 100000000.00", "", "eligible"},
		{"two musts of one fact take the larger change", withRules("low must: need.capital_ratio >= 0.25", "high must: need.capital_ratio >= 0.3"),
			"need.capital_ratio 0.200000 → 0.300000", "", "eligible"},
		{"a must on the offer comes to light", withRules("capital must: need.capital_ratio >= 0.3", "limit must: offer.size <= 12345678.90"),
			"need.capital_ratio 0.200000 → 0.300000, offer.size 15000000.00 → 12340000.00", "limit", "eligible"},
		{"a failed should stays a condition", withRules("capital must: need.capital_ratio >= 0.3", "rating should: borrower.rating == \"AAA\""),
			"need.capital_ratio 0.200000 → 0.300000", "", "conditional"},
		{"what is unknown stays unknown", withRules("capital must: need.capital_ratio >= 0.3", "cash must: borrower.cash >= 1"),
			"need.capital_ratio 0.200000 → 0.300000", "", "undecided"},
	} {
		t.Run(test.name, func(t *testing.T) {
			outcome := h.outcome(t, test.changes...)
			if outcome.Verdict != funding.VerdictNearMiss || outcome.Remedy == nil {
				t.Fatalf("%s, failures %v", outcome.Verdict, outcome.Failures)
			}
			if got := changesText(outcome.Remedy.Changes); got != test.want || strings.Join(outcome.Remedy.Surfaced, ",") != test.surfaced || outcome.Remedy.Verdict != test.leadsTo {
				t.Errorf("%s, surfaced %v, leads to %s; want %s, %s, %s", got, outcome.Remedy.Surfaced, outcome.Remedy.Verdict, test.want, test.surfaced, test.leadsTo)
			}
		})
	}
}

func TestMustsThatPullApartAreNoNearMiss(t *testing.T) {
	h := newHand(t)
	// The first needs 14,170,000 or less, the second 14,500,000 or more.
	outcome := h.outcome(t, withRules("dscr must: offer.min_dscr >= 1.30", "size must: offer.size >= 14500000")...)
	if outcome.Verdict != funding.VerdictIneligible || outcome.Remedy != nil || len(outcome.Failures) != 1 || len(outcome.Failures[0].Changes) == 0 {
		t.Errorf("%s, remedy %v, failures %v; want a change for the must alone and none for the pair", outcome.Verdict, outcome.Remedy, outcome.Failures)
	}
	// Beyond the surfaced one there may be no third: capital fails, then two on the offer.
	outcome = h.outcome(t, withRules("capital must: need.capital_ratio >= 0.3", "dscr must: offer.min_dscr >= 1.30", "limit must: offer.size <= 10000000")...)
	if outcome.Verdict != funding.VerdictIneligible {
		t.Errorf("three musts in all are %s, want ineligible", outcome.Verdict)
	}
}

func TestATermThatCannotBeComputedLeavesTheOfferUndecided(t *testing.T) {
	h := newHand(t)
	for _, test := range []struct {
		name    string
		changes []string
		term    string
		missing string
		results string
	}{
		{"the size", append([]string{"need.investment * 0.75", "fiscal.debt_headroom"}, withRules("dscr must: offer.min_dscr >= 1", "tenor must: offer.tenor_quarters <= 12")...), "size", "fiscal.debt_headroom", "dscr undecided, tenor passed"},
		{"the rate", append([]string{"rate: '0.04'", "rate: 'borrower.cash > 0 ? 0.03 : 0.04'"}, withRules("dscr must: offer.min_dscr >= 1", "size must: offer.size <= 15000000")...), "rate", "borrower.cash", "dscr undecided, size passed"},
		{"the grace", append([]string{"grace: {max_quarters: 2}", "grace: {max_quarters: 2, rule: 'project.asset_life_quarters'}"}, withRules("size must: offer.size <= 1")...), "grace", "project.asset_life_quarters", "size undecided"},
		{"the tenor", append([]string{"max_quarters: 12}", "max_quarters: 12, rule: 'project.asset_life_quarters'}"}, withRules("size must: offer.size <= 1")...), "tenor", "project.asset_life_quarters", "size undecided"},
		{"a division by zero", append([]string{"rate: '0.04'", "rate: '0.01 * (need.capital / need.land_investment)'"}, withRules("size must: offer.size <= 15000000")...), "rate", "", "size passed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := h.match(t, h.product(t, test.changes...))
			outcome := &m.Outcomes[0]
			report := m.Explain(outcome)
			if outcome.Verdict != funding.VerdictUndecided || results(outcome) != test.results || len(report.Terms) != 1 || report.Terms[0].Term != test.term {
				t.Fatalf("%s (%s), terms %v; want undecided (%s) for %s", outcome.Verdict, results(outcome), report.Terms, test.results, test.term)
			}
			var missing []string
			for _, fact := range report.Missing {
				missing = append(missing, fact.Fact)
				if fact.Why == "" || fact.Name.ZH == "" {
					t.Errorf("%s is missing without a reason or a name", fact.Fact)
				}
			}
			if strings.Join(missing, ",") != test.missing {
				t.Errorf("to supply: %v, want %s", missing, test.missing)
			}
		})
	}
}

func TestACoverThatLeavesOutAnExistingDebtIsUnknown(t *testing.T) {
	h := newHand(t)
	requirement := *requirementOf(t, h)
	requirement.DebtService = []string{"L1"}
	records := h.records(t, &requirement, nil, nil, nil, sampleDate)
	need := match.NewNeed(h.assembler, h.reference(sampleDate), sampleDate, records)
	product := h.product(t, withRules("dscr must: offer.min_dscr >= 1", "size must: offer.size >= 1")...)
	m := match.NewCatalogue(h.library.Vocabulary, []*rulepack.Product{product}).Match(need, match.Options{})
	if got := results(&m.Outcomes[0]); got != "dscr undecided, size passed" {
		t.Errorf("rules %s; a ledger is missing, so cover is unknown and the size is not", got)
	}
	if why := m.Explain(&m.Outcomes[0]).Rules[0].Explanation.Doubt.Why["offer.min_dscr"]; !strings.Contains(why, "L1") {
		t.Errorf("the reason %q does not name the debt", why)
	}
}

func TestAnExplanationHoldsBothSidesTheDistanceAndTheSource(t *testing.T) {
	h := newHand(t)
	m := h.match(t, h.product(t, withRules("capital must: need.capital_ratio >= 0.25", "cash should: borrower.cash >= 1")...))
	report := m.Explain(&m.Outcomes[0])
	got, err := json.Marshal(report.Rules[0])
	must(t, err)
	want := `{"rule":"capital","group":"structure","level":"must","result":"failed","message":{"zh":"capital不满足","en":"capital fails"},"basis":"产品条款 二","product":"hand-loan","version":1,` +
		`"explanation":{"expression":"need.capital_ratio \u003e= 0.25","result":"false","kind":"comparison","left":{"expression":"need.capital_ratio","value":"0.200000","unit":"ratio"},"operator":"\u003e=",` +
		`"right":{"expression":"0.25","value":"0.25","unit":"ratio"},"distance":{"value":"0.050000","unit":"ratio"}},` +
		`"changes":[{"fact":"need.capital_ratio","from":"0.200000","to":"0.250000","unit":"ratio","steps":500}]}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(report.Rules) != 2 || report.Rules[1].Rule != "cash" || len(report.Missing) != 1 || report.Missing[0].Fact != "borrower.cash" || !strings.Contains(report.Missing[0].Why, "borrower.cash") {
		t.Errorf("report %+v", report)
	}
}

func TestTheBuiltInSizeIsExplainedByItsTwoLimits(t *testing.T) {
	h := newHand(t)
	m := h.match(t, h.product(t, `min: "1000000.00"`, `min: "15500000.00"`))
	report := m.Explain(&m.Outcomes[0])
	if len(report.Rules) != 1 || !report.Rules[0].BuiltIn || report.Rules[0].Rule != match.BuiltInSize {
		t.Fatalf("report %+v", report)
	}
	parts := report.Rules[0].Explanation.Parts
	// The product's limit of 15,000,000 is 500,000 short; the 16,000,000 of the need would do.
	if len(parts) != 2 || parts[0].Result != ruleexpr.False || parts[0].Distance.Value != "500000.00" || parts[1].Result != ruleexpr.True || parts[1].Left.Value != "16000000.00" {
		t.Errorf("parts %+v", parts)
	}
}
