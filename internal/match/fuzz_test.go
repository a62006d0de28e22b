package match_test

import (
	"testing"

	"zutuan/internal/match"
	"zutuan/internal/rulepack"
)

// FuzzConsider hands every product a what-if on any fact with any text: it is refused with an error or matched, never a
// panic or an endless search, and the verdict is one of the five.
func FuzzConsider(f *testing.F) {
	for _, seed := range []struct{ fact, text string }{
		{"offer.size", "123456789.01"}, {"offer.tenor_quarters", "160"}, {"offer.grace_quarters", "79"}, {"need.tenor_quarters", "1"}, {"need.investment", "0.01"},
		{"need.peak_gap", "0"}, {"offer.dscr_by_year", "-1,0,1"}, {"borrower.rating", "CCC"}, {"need.max_cost", "-0.5"}, {"market.lpr_5y", "9999"}, {"market.lpr_5y", "-1"},
		{"fiscal.debt_headroom", "-99999999999999.99"}, {"cluster.industries", ",,"}, {"today", "2099-12-31"}, {"need.construction_quarters", "-160"},
	} {
		f.Add(seed.fact, seed.text)
	}
	h := newHand(f)
	catalogue := match.NewCatalogue(h.library.Vocabulary, append(append([]*rulepack.Product(nil), h.library.Products...), h.product(f)))
	need := h.desk.need(f, "pingxiang", "2026-03-01")
	f.Fuzz(func(t *testing.T, fact, text string) {
		m, err := catalogue.Consider(need, match.WhatIf{Set: map[string]string{fact: text}}, match.Options{Workers: 1})
		if err != nil {
			return
		}
		for i := range m.Outcomes {
			switch m.Outcomes[i].Verdict {
			case "eligible", "conditional", "undecided", "near_miss", "ineligible":
			default:
				t.Errorf("%s says %q", m.Outcomes[i].Product.ID, m.Outcomes[i].Verdict)
			}
		}
		m.Answer()
	})
}
