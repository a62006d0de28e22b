package impact_test

import (
	"fmt"
	"slices"
	"testing"

	"zutuan/internal/funding"
	"zutuan/internal/impact"
	"zutuan/internal/match"
	"zutuan/internal/money"
	"zutuan/internal/rulepack"
)

// TestUnmetFindsTheRuleThatAloneExcludes holds the sums against the definition, asked of every product the long way: leave
// each must out in turn, match in full, and see whether any must still fails.
func TestUnmetFindsTheRuleThatAloneExcludes(t *testing.T) {
	b := newBench(t)
	needs := b.needs(t, b.library, 11, 25)
	products := b.inForce()
	catalogue := match.NewCatalogue(b.library.Vocabulary, products)
	demand := impact.NewDemand(b.library.Vocabulary)
	want := map[string]int{}
	wantMoney := map[string]money.Amount{}
	for i, need := range needs {
		m := catalogue.Match(need, match.Options{RanksOnly: true})
		demand.Add(impact.Asked{ID: fmt.Sprint(i), Region: []string{"GX-PX", "YN-LC"}[i%2], Quarter: "2026Q2", Requested: need.Requested(), Match: m})
		for p := range m.Outcomes {
			for _, rule := range aloneExcluding(b, need, &m.Outcomes[p]) {
				want[rule]++
				wantMoney[rule] += need.Requested()
			}
		}
	}
	unmet := demand.Unmet()
	got := map[string]int{}
	for _, sum := range unmet.Rules {
		if sum.BuiltIn {
			continue
		}
		name := sum.Product + " " + sum.Rule
		got[name] = sum.Requirements
		if sum.Requested != wantMoney[name] || sum.Message.ZH == "" {
			t.Errorf("%s: %s, want %s; message %q", name, sum.Requested, wantMoney[name], sum.Message.ZH)
		}
	}
	for name, count := range want {
		if got[name] != count {
			t.Errorf("%s alone excludes %d, counted %d", name, count, got[name])
		}
	}
	if len(got) != len(want) || len(want) < 5 {
		t.Errorf("%d rules counted, %d expected", len(got), len(want))
	}
	var detail, rules money.Amount
	for _, sum := range unmet.Detail {
		detail += sum.Requested
	}
	for _, sum := range unmet.Rules {
		rules += sum.Requested
	}
	if detail != rules || unmet.Asked != len(needs) {
		t.Errorf("by region and quarter %s, by rule %s; asked %d", detail, rules, unmet.Asked)
	}
	if !slices.IsSortedFunc(unmet.Detail, func(a, b impact.DemandSum) int {
		return slices.Compare([]string{a.Region, a.Quarter}, []string{b.Region, b.Quarter})
	}) {
		t.Error("the detail is not ordered by region and quarter")
	}
}

// aloneExcluding names the musts of an excluded pair without each of which, alone, nothing would be in the way.
func aloneExcluding(b *bench, need *match.Need, outcome *match.Outcome) []string {
	failed := func(m *match.Match) int {
		count := 0
		for k, result := range m.Outcomes[0].Results {
			if result == match.ResultFailed && m.Outcomes[0].Product.Rules[k].Level == "must" {
				count++
			}
		}
		if m.Outcomes[0].BuiltIn != nil {
			count++
		}
		return count
	}
	alone := func(p *rulepack.Product) *match.Match {
		return match.NewCatalogue(b.library.Vocabulary, []*rulepack.Product{p}).Match(need, match.Options{})
	}
	if failed(alone(outcome.Product)) == 0 {
		return nil
	}
	var out []string
	for k := range outcome.Product.Rules {
		rest := *outcome.Product
		rest.Rules = slices.Delete(slices.Clone(rest.Rules), k, k+1)
		if outcome.Product.Rules[k].Level == "must" && failed(alone(&rest)) == 0 {
			out = append(out, outcome.Product.ID+" "+outcome.Product.Rules[k].ID)
		}
	}
	return out
}

func TestUnmetTellsWhomNobodyServes(t *testing.T) {
	b := newBench(t)
	var need *match.Need
	var usable *rulepack.Product
	for _, candidate := range b.needs(t, b.library, 2, 20) {
		if m := match.NewCatalogue(b.library.Vocabulary, b.inForce()).Match(candidate, match.Options{RanksOnly: true}); len(m.Ranked) > 0 {
			need, usable = candidate, m.Outcomes[m.Ranked[0]].Product
		}
	}
	rule, err := b.library.Vocabulary.CompileRule("need.investment < 0")
	must(t, err)
	refused := *usable
	refused.Rules = []rulepack.CompiledRule{{ProductRule: funding.ProductRule{ID: "never", Level: "must", Message: funding.Text{ZH: "从不", EN: "never"}}, Rule: rule}}
	demand := impact.NewDemand(b.library.Vocabulary)
	demand.Add(impact.Asked{ID: "1", Region: "GX-PX", Quarter: "2026Q2", Requested: need.Requested(),
		Match: match.NewCatalogue(b.library.Vocabulary, []*rulepack.Product{&refused}).Match(need, match.Options{})})
	unmet := demand.Unmet()
	if unmet.Unserved != 1 || unmet.UnservedRequested != need.Requested() || len(unmet.Rules) != 1 || unmet.Rules[0].Rule != "never" || unmet.Rules[0].Unserved != 1 {
		t.Errorf("got %+v", unmet)
	}
}
