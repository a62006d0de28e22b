package match

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"zutuan/internal/rulepack"
)

// WhatIf is a need with facts replaced: what a test of a product sets, or a person asks. It is fact by fact: nothing is
// simulated again, and a fact that follows from another one keeps its value.
type WhatIf struct {
	// Set replaces facts by name, in the text of the fact's type. offer.size, offer.tenor_quarters and offer.grace_quarters
	// fix the terms, and the offer is made anew with them; any other fact of the offer replaces what would be computed.
	Set map[string]string
	// Unset names facts to take as unknown.
	Unset []string
}

// apply returns a worker on the changed need. The error names what cannot be set.
func (w WhatIf) apply(need *Need, slots *offerSlots) (*worker, error) {
	changed := *need
	changed.Facts = need.Facts.Clone()
	out := &worker{need: &changed, slots: slots}
	for _, name := range slices.Sorted(maps.Keys(w.Set)) {
		slot, known := changed.Facts.Vocabulary().Lookup(name)
		if !known {
			return nil, fmt.Errorf("there is no fact %s", name)
		}
		text := w.Set[name]
		// The text must be one of the fact's values even where it becomes a term of the offer.
		trial := changed.Facts.Vocabulary().NewFacts()
		if err := trial.SetFromText(slot, text); err != nil {
			return nil, err
		}
		switch canonical, _ := trial.ValueText(slot); {
		case out.asked.take(slots, slot, canonical):
			out.asked.exactSize = out.asked.hasSize
		case strings.HasPrefix(name, "offer."):
			out.fix = append(out.fix, fixed{slot: slot, text: text})
		default:
			_ = changed.Facts.SetFromText(slot, text)
		}
	}
	for _, name := range w.Unset {
		slot, known := changed.Facts.Vocabulary().Lookup(name)
		switch {
		case !known:
			return nil, fmt.Errorf("there is no fact %s", name)
		case strings.HasPrefix(name, "offer."):
			out.fix = append(out.fix, fixed{slot: slot, unset: true})
		default:
			changed.Facts.SetMissing(slot, unsetByTest)
		}
	}
	changed.cost = newCostScale(changed.Facts)
	out.facts = changed.Facts.Clone()
	return out, nil
}

// Ask matches one product with a need in which facts are replaced. The error names a fact that does not exist or a text
// that is not one of its values.
func Ask(need *Need, product *rulepack.Product, whatIf WhatIf) (Outcome, Report, error) {
	w, err := whatIf.apply(need, newOfferSlots(need.Facts.Vocabulary()))
	if err != nil {
		return Outcome{}, Report{}, err
	}
	outcome := w.outcome(product)
	return outcome, w.explain(&outcome), nil
}

// outcome matches one product from the beginning, remedy included.
func (w *worker) outcome(product *rulepack.Product) Outcome {
	outcome := w.pair(product, situation{facts: w.facts, levers: w.asked})
	w.slots.clear(w.facts)
	if outcome.tally.failedMusts > 0 && outcome.tally.failedMusts <= maxNearMisses {
		w.seekRemedy(&outcome)
	}
	return outcome
}
