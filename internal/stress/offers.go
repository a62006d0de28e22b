package stress

import (
	"zutuan/internal/match"
	"zutuan/internal/plan"
	"zutuan/internal/risk"
)

// FromOffers joins the lines of a plan with their terms: those that the line was made from itself, else those of the offer
// that it was taken from, by product. A line that has neither keeps no terms, and Check names it. home is the
// requirement's currency.
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
		if lines[i].Terms != nil {
			sources[i].Terms = *lines[i].Terms
		}
	}
	return sources
}
