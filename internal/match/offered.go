package match

import "zutuan/internal/ruleexpr"

// Offered returns the facts of the need with those of what one product offers to it, as the product's rules on the offer see
// them; place is that of the outcome. The offer is worked out as far as it goes even where a must failed before it.
func (m *Match) Offered(place int) *ruleexpr.Facts {
	w := m.worker()
	s := w.sizing(new(Offer), m.Outcomes[place].Product, situation{w.facts, w.asked})
	s.run(everyPart)
	w.set(w.facts, s.offer, s.doubts)
	return w.facts
}
