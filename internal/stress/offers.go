package stress

import (
	"zutuan/internal/loan"
	"zutuan/internal/match"
	"zutuan/internal/plan"
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
				sources[i].Terms = offered(outcome)
				if outcome.Product.Currency != home {
					sources[i].Currency = outcome.Product.Currency
				}
			}
		}
	}
	return sources
}

// offered returns the terms on which any part of an offer is repaid.
func offered(outcome *match.Outcome) loan.Terms {
	terms, offer := &outcome.Product.Terms, outcome.Offer
	if !offer.Scheduled {
		return loan.Terms{}
	}
	return loan.Terms{
		Rate: offer.Rate.Value, Tenor: offer.TenorQuarters, Grace: offer.GraceQuarters, Availability: offer.AvailableQuarters, Interval: terms.Interval,
		Profile: loan.Profile(terms.Profile), Custom: terms.Custom, Timing: loan.Timing(terms.DrawTiming), CapitalizeDuringGrace: terms.CapitalizeDuringGrace, Fees: terms.Fees,
	}
}
