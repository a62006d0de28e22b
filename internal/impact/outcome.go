package impact

import (
	"zutuan/internal/funding"
	"zutuan/internal/match"
)

// StandingOf is what an outcome says, for whoever keeps it to compare with a later one.
func StandingOf(outcome *match.Outcome) Standing {
	f := figuresOf(outcome)
	return f.standing()
}

// Exclusion is a product that one rule alone keeps from a requirement.
type Exclusion struct {
	Product, Institution, Rule string
	// BuiltIn says that the must is one that every product has without writing it.
	BuiltIn bool
	Message funding.Text
}

// Exclusions lists what Add would count of a match, in the order of its outcomes, and counts nothing.
func (d *Demand) Exclusions(m *match.Match) []Exclusion {
	var out []Exclusion
	for i := range m.Outcomes {
		if key, message, alone := d.soleRule(m.Need, &m.Outcomes[i]); alone {
			out = append(out, Exclusion{key.product, m.Outcomes[i].Product.Institution, key.rule, key.builtIn, message})
		}
	}
	return out
}

// BuiltInName names a must that is built in, whatever the figures of one case.
func BuiltInName(id string) funding.Text { return builtInName(id) }
