package match_test

import "testing"

// The figures are those that hand_test.go works out.
func TestTheFactsOfAnOfferAreThoseThatItsRulesSee(t *testing.T) {
	for _, test := range []struct {
		name    string
		changes []string
		want    map[string]string
	}{
		{"an offer", nil, map[string]string{"offer.size": "15000000.00", "offer.tenor_quarters": "12", "offer.min_dscr": "1.228879", "offer.all_in_cost": "0.040604"}},
		{"a must before it fails", withRules("capital must: need.capital_ratio >= 0.99"), map[string]string{"offer.size": "15000000.00", "offer.tenor_quarters": "12", "offer.min_dscr": "1.228879"}},
		{"the shortest tenor is out of reach", []string{"min_quarters: 4, max_quarters: 12}", "min_quarters: 20, max_quarters: 40}"}, map[string]string{"offer.size": "", "offer.min_dscr": ""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHand(t)
			m := h.match(t, h.product(t, test.changes...))
			facts := m.Offered(0)
			for name, want := range test.want {
				if got, known := facts.ValueText(facts.Vocabulary().Slot(name)); got != want || known != (want != "") {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if m.Need.Facts.Has(m.Need.Facts.Vocabulary().Slot("offer.size")) {
				t.Error("the facts of the need have an offer")
			}
		})
	}
}
