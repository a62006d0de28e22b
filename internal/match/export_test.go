package match

import "maps"

// Feeling returns the catalogue with a search that feels its way from the first step for every rule: the reference for
// the searches that begin where a limit should be reached.
func (c *Catalogue) Feeling() *Catalogue {
	out := *c
	out.asked = maps.Clone(c.asked)
	for rule, asked := range out.asked {
		asked.limit = nil
		out.asked[rule] = asked
	}
	return &out
}
