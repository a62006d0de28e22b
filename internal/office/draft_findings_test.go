package office

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"zutuan/internal/money"
	"zutuan/internal/permit"
	"zutuan/internal/rulecheck"
	"zutuan/internal/rulepack"
)

// flawed are rules with a defect each, put before the first rule of the park loan: one that cannot fail, one that excludes
// the rule "capital" (at least 0.20, because none of the requirements claims the reduction), one that the rule "dscr" (at
// least 1.15 of the offer) makes needless, and one that refuses the smallest size of 20 million.
const flawed = `rules:
  - {id: any-share, group: structure, level: must, when: 'need.infrastructure_share >= 0', message: {zh: 说明, en: why}, basis: "产品条款 样例"}
  - {id: little-capital, group: structure, level: must, when: 'need.capital_ratio <= 0.16', message: {zh: 说明, en: why}, basis: "产品条款 样例"}
  - {id: some-dscr, group: cost, level: should, when: 'offer.min_dscr >= 1.10', message: {zh: 说明, en: why}, basis: "产品条款 样例"}
  - {id: not-the-smallest, group: cost, level: must, when: 'offer.size > 20000000', message: {zh: 说明, en: why}, basis: "产品条款 样例"}
`

// TestAFindingNamesTheStoredRequirementsThatFallThere works out for each requirement by itself where it falls: from its share
// of capital, and from what the loan offers to anybody.
func TestAFindingNamesTheStoredRequirementsThatFallThere(t *testing.T) {
	o, _ := newOffice(t)
	handIn(t, o)
	ids := submitMany(t, o, 11, 12)
	catchUp(t, o)
	draft := beginDraft(t, o, "need.capital_ratio >= p.capital_min_other_infrastructure - (project.capital_reduction ? p.capital_reduction_max : 0)", "need.capital_ratio >= 0.20")
	draft, err := o.UpdateDraft(t.Context(), liaison, draft.ID, draft.Version, strings.Replace(draft.Text, "rules:\n", flawed, 1))
	if err != nil {
		t.Fatal(err)
	}
	edition, err := o.Edition(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(textOfProduct(t, o, parkLoan), "rules:\n")
	open := head + `rules:
  - {id: dscr, group: structure, level: should, when: 'need.investment >= 0', message: {zh: 说明, en: why}, basis: "产品条款 样例"}
  - {id: security, group: structure, level: should, when: 'need.investment >= 0', message: {zh: 说明, en: why}, basis: "产品条款 样例"}
score: {cost: "0.5", tenor: "0.3", structure: "0.2"}
`
	anybody, err := edition.Desk.Library.Product("open.yaml", []byte(open))
	if err != nil {
		t.Fatal(err)
	}
	falls := map[string]map[string]bool{"any-share": {}, "contradiction": {}, "some-dscr": {}, "not-the-smallest": {}}
	for _, id := range ids {
		m := matched(t, o, edition.Desk, id, []*rulepack.Product{anybody})
		ratio, known := m.Need.Facts.Number(m.Need.Facts.Vocabulary().Slot("need.capital_ratio"))
		offer := m.Outcomes[0].Offer
		if !known || offer == nil {
			t.Fatalf("%s has a share of capital %v and an offer %v", id, known, offer)
		}
		falls["any-share"][id] = true
		falls["contradiction"][id] = ratio.GreaterThanOrEqual(decimal.RequireFromString("0.20")) != ratio.LessThanOrEqual(decimal.RequireFromString("0.16"))
		falls["some-dscr"][id] = offer.MinDSCR.Known && offer.MinDSCR.Value.GreaterThanOrEqual(decimal.RequireFromString("1.15"))
		falls["not-the-smallest"][id] = offer.Size == money.MustAmount("20000000.00")
	}
	visible := func(actor permit.Actor, id string) bool {
		_, err := o.GetRequirement(t.Context(), actor, id)
		return err == nil
	}
	found, err := o.AnalyseDraft(t.Context(), liaison, draft.ID)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{"any-share": "any-share", "little-capital": "contradiction", "capital": "contradiction", "some-dscr": "some-dscr", "not-the-smallest": "not-the-smallest"}
	seen, mixed, hidden := map[string]bool{}, 0, 0
	for _, finding := range found {
		name := names[finding.Rule]
		if name == "" {
			t.Errorf("an unexpected finding: %s %s %s", finding.Kind, finding.Rule, finding.Other)
			continue
		}
		seen[name] = true
		count, shown := 0, 0
		for id, is := range falls[name] {
			if !is {
				continue
			}
			count++
			if visible(liaison, id) {
				shown++
			} else {
				hidden++
			}
		}
		if finding.StoredCount != count || len(finding.Stored) != min(shown, storedShown) {
			t.Errorf("%s: %d fall there and %d are shown, want %d and %d", name, finding.StoredCount, len(finding.Stored), count, min(shown, storedShown))
		}
		for _, stored := range finding.Stored {
			if !falls[name][stored.Requirement] || !visible(liaison, stored.Requirement) || stored.Name == "" || stored.Region != "GX-PX" {
				t.Errorf("%s shows %+v", name, stored)
			}
		}
		if count > 0 && count < len(ids) {
			mixed++
		}
	}
	if len(seen) != len(falls) || mixed < 2 || hidden == 0 {
		t.Errorf("seen %v, %d findings that some fall under and some do not, %d hidden; the test says little", seen, mixed, hidden)
	}
}

func TestWhatFallsUnderARuleOfAPackIsSeenInOnesRegion(t *testing.T) {
	o, _ := newOffice(t)
	handIn(t, o)
	ids := submitMany(t, o, 12, 2)
	nowhere := permit.Actor{User: "usr_risk_nm", Role: permit.RoleRisk, Region: "NM"}
	for _, test := range []struct {
		actor permit.Actor
		shown int
	}{{riskGX, 2}, {nowhere, 0}, {permit.SystemActor("test"), 2}} {
		draft := beginRisk(t, o, "> p.debt_limit_use_yellow", "")
		text := strings.Replace(draft.Text, "rules:\n", "rules:\n  - {id: X1, metric: 'need.infrastructure_share', unit: ratio, levels: {yellow: '>= 0'}, scope: project, message: {zh: 说明, en: why}, basis: [\"本系统约定\"]}\n", 1)
		draft, err := o.UpdateDraft(t.Context(), riskGX, draft.ID, draft.Version, text)
		if err != nil {
			t.Fatal(err)
		}
		found, err := o.AnalyseDraft(t.Context(), test.actor, draft.ID)
		if err != nil {
			t.Fatal(err)
		}
		at := -1
		for i := range found {
			if found[i].Kind == rulecheck.FindingAlwaysTrue && strings.HasPrefix(found[i].Rule, "X1.") {
				at = i
			}
		}
		if at < 0 || found[at].StoredCount != len(ids) || len(found[at].Stored) != test.shown {
			t.Errorf("%s is told %+v", test.actor.User, found)
		}
	}
}

// beginRisk begins a draft of the Chinese risk pack in which a text is replaced; nothing where it is replaced by nothing.
func beginRisk(t testing.TB, o *Office, old, new string) Draft {
	t.Helper()
	return beginPack(t, o, PackRisk, "cn-local-government", old, new)
}

func beginPack(t testing.TB, o *Office, kind PackType, pack, old, new string) Draft {
	t.Helper()
	draft, err := o.CreateDraft(t.Context(), riskGX, NewDraft{Type: kind, From: pack + "@1"})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(draft.Text, old) {
		t.Fatalf("the pack has no %q", old)
	}
	if new == "" {
		return draft
	}
	draft, err = o.UpdateDraft(t.Context(), riskGX, draft.ID, draft.Version, strings.Replace(draft.Text, old, new, 1))
	if err != nil {
		t.Fatal(err)
	}
	return draft
}
