package stress

import (
	"zutuan/internal/match"
	"zutuan/internal/plan"
	"zutuan/internal/risk"
)

// FromOffers joins the lines of a plan with the terms of the offers that they were taken from, by product. A line whose
// product is not among the outcomes keeps no terms, and Check names it. home is the requirement's currency.
func FromOffers(lines []plan.Line, m *match.Match, home string) []Source {
	sources := make([]Source, len(lines))
	for i := range lines {
		sources[i].Line = lines[i]
		for j := range m.Outcomes {
			outcome := &m.Outcomes[j]
			if outcome.Product.ID == lines[i].Product && outcome.Product.Version == lines[i].ProductVersion && outcome.Offer != nil {
				sources[i].Terms = risk.TermsOf(outcome.Product, outcome.Offer)
				if outcome.Product.Currency != home {
					sources[i].Currency = outcome.Product.Currency
				}
			}
		}
	}
	return sources
}
