package office

import (
	"testing"

	"zutuan/internal/funding"
	"zutuan/internal/impact"
	"zutuan/internal/money"
)

// What owners are told is read by people: amounts in 万元 and 亿元, costs in per cent, verdicts in words.
func TestOwnersAreToldInWordsThatPeopleUse(t *testing.T) {
	standing := func(verdict funding.Verdict, size, cost string) impact.Standing {
		amount := money.MustAmount(size)
		return impact.Standing{Verdict: verdict, Size: &amount, AllInCost: &cost, TenorQuarters: 40, GraceQuarters: 8}
	}
	before, after := standing(funding.VerdictEligible, "549677385.00", "0.034950"), standing(funding.VerdictConditional, "20525000.00", "0.031363")
	name := funding.Text{ZH: "冷链贷款", EN: "Cold-chain loan"}
	for _, c := range []struct {
		kinds  []impact.Kind
		zh, en string
	}{
		{[]impact.Kind{impact.KindGained}, "获得“冷链贷款”：额度 2,052.50 万元，综合成本 3.1363%", "Cold-chain loan gained: size CNY 20,525,000.00, all-in cost 3.1363%"},
		{[]impact.Kind{impact.KindLost}, "失去“冷链贷款”（原额度 5.4968 亿元）", "Cold-chain loan lost (size before CNY 549,677,385.00)"},
		{[]impact.Kind{impact.KindVerdict, impact.KindCost, impact.KindSize}, "“冷链贷款”变化，结论 可行 → 有条件可行，综合成本 3.495% → 3.1363%，额度 5.4968 亿元 → 2,052.50 万元",
			"Cold-chain loan changed, verdict eligible → conditional, all-in cost 3.495% → 3.1363%, size CNY 549,677,385.00 → CNY 20,525,000.00"},
	} {
		change := OfferChange{Name: name, Kinds: c.kinds, Before: before, After: after}
		if got := change.words(); got.ZH != c.zh || got.EN != c.en {
			t.Errorf("%v: %s | %s", c.kinds, got.ZH, got.EN)
		}
	}
	unknown := OfferChange{Name: name, Kinds: []impact.Kind{impact.KindLost}}
	if got := unknown.words().ZH; got != "失去“冷链贷款”（原额度 —）" {
		t.Errorf("an unknown size reads %s", got)
	}
}
