package match

import (
	"fmt"
	"maps"
	"slices"
	"strings"
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

// considered is a need with a what-if applied: the changed need, the terms that it fixes, and the offer facts over which
// it has the last word.
type considered struct {
	need  *Need
	asked levers
	fix   []fixed
}

func (w WhatIf) apply(need *Need, slots *offerSlots) (*considered, error) {
	changed := *need
	changed.Facts = need.Facts.Clone()
	out := &considered{need: &changed}
	for _, name := range slices.Sorted(maps.Keys(w.Set)) {
		if err := out.set(slots, name, w.Set[name]); err != nil {
			return nil, err
		}
	}
	for _, name := range w.Unset {
		slot, known := changed.Facts.Vocabulary().Lookup(name)
		switch {
		case !known:
			return nil, unknownFact(name)
		case strings.HasPrefix(name, "offer."):
			out.fix = append(out.fix, fixed{slot: slot, unset: true})
		default:
			changed.Facts.SetMissing(slot, unsetOnRequest)
		}
	}
	changed.cost = newCostScale(changed.Facts)
	return out, nil
}

func (c *considered) set(slots *offerSlots, name, text string) error {
	facts := c.need.Facts
	slot, known := facts.Vocabulary().Lookup(name)
	if !known {
		return unknownFact(name)
	}
	// The text must be one of the fact's values even where it becomes a term of the offer; terms are read in the form in
	// which facts are written.
	trial := facts.Vocabulary().NewFacts()
	if err := trial.SetFromText(slot, text); err != nil {
		return err
	}
	canonical, _ := trial.ValueText(slot)
	taken, err := c.asked.take(slots, slot, canonical)
	switch {
	case taken:
		c.asked.exactSize = c.asked.hasSize
		return err
	case strings.HasPrefix(name, "offer."):
		c.fix = append(c.fix, fixed{slot: slot, text: text})
		return nil
	}
	return facts.SetFromText(slot, text)
}

func unknownFact(name string) error { return fmt.Errorf("there is no fact %s", name) }

// Consider is Match with facts replaced. The error names a fact that does not exist or a text that is not one of its
// values.
func (c *Catalogue) Consider(need *Need, whatIf WhatIf, options Options) (*Match, error) {
	changed, err := whatIf.apply(need, c.slots)
	if err != nil {
		return nil, err
	}
	return c.match(changed, options), nil
}
