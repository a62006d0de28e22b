package risk

import (
	"slices"

	"zutuan/internal/cashflow"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/match"
	"zutuan/internal/money"
	"zutuan/internal/plan"
	"zutuan/internal/rulepack"
)

// OffersInput is what an indicative plan is made from where nobody has made a plan yet.
type OffersInput struct {
	Match       *match.Match
	Requirement *funding.Requirement
	// Simulate draws up the statement over a number of quarters.
	Simulate     func(quarters int) (*cashflow.Result, error)
	Existing     []*loan.Schedule
	Institutions []funding.Institution
	Fiscal       *funding.FiscalProfile
	Parameters   *rulepack.ParameterSet
}

// LinesFromOffers makes an indicative plan (示意方案，未优化) from the eligible and conditional offers of a match until the
// need is covered: capital up to the sector's minimum first, then the best ranked, within the headroom of the statutory limits
// and the share of equity-type instruments in capital. It returns the first plan that holds, trying each offer in the lead:
// an offer that ranks first by itself may fall due before the project earns. Where none holds, the one that misses least. The
// error is that of a simulation.
func LinesFromOffers(in OffersInput) (*plan.Indicative, error) {
	build := plan.IndicativeInput{Requirement: in.Requirement, Simulate: in.Simulate, Existing: in.Existing, MinimumCapital: in.minimumCapital()}
	if declared := in.Requirement.Project.QuasiEquity; declared != nil {
		build.QuasiEquityInCapital = *declared
	}
	build.QuasiEquityShareMax, _ = in.parameter("quasi_equity_share_max")
	build.GeneralHeadroom, build.SpecialHeadroom = DebtHeadroom(in.Fiscal)
	ranked := in.candidates()
	build.Candidates = ranked
	best, err := plan.BuildIndicative(build)
	for lead := 1; lead < len(ranked) && err == nil && !in.holds(best.Evaluation); lead++ {
		build.Candidates = slices.Concat(ranked[lead:lead+1], ranked[:lead], ranked[lead+1:])
		var other *plan.Indicative
		if other, err = plan.BuildIndicative(build); err == nil && missesLess(other.Evaluation, best.Evaluation) {
			best = other
		}
	}
	return best, err
}

// holds reports whether no money is missing and debt service is covered as the bureau asks, at least once over.
func (in *OffersInput) holds(e *plan.Evaluation) bool {
	return e.UnfundedGap == 0 && in.covers(e.Coverage.MinDSCR)
}

func (in *OffersInput) covers(dscr loan.Measure) bool {
	least := money.One
	if asked := in.Requirement.Limits.MinDSCR; asked != nil {
		least = *asked
	}
	return !dscr.Known || dscr.Value.GreaterThanOrEqual(least)
}

// missesLess prefers the plan with less money missing, then the one whose debt service is covered better.
func missesLess(a, b *plan.Evaluation) bool {
	if a.UnfundedGap != b.UnfundedGap {
		return a.UnfundedGap < b.UnfundedGap
	}
	return a.Coverage.MinDSCR.Known && b.Coverage.MinDSCR.Known && a.Coverage.MinDSCR.Value.GreaterThan(b.Coverage.MinDSCR.Value)
}

func (in *OffersInput) parameter(id string) (money.Decimal, bool) {
	if in.Parameters == nil {
		return money.Zero, false
	}
	at, ok := in.Parameters.Lookup(id)
	if !ok {
		return money.Zero, false
	}
	return at.Number()
}

// minimumCapital returns the minimum capital of the project's sector; zero where it is not known.
func (in *OffersInput) minimumCapital() money.Amount {
	share, ok := in.parameter("capital_min_" + in.Requirement.Project.Sector)
	facts := in.Match.Need.Facts
	investment, known := facts.Amount(facts.Vocabulary().Slot("need.investment"))
	if !ok || !known {
		return 0
	}
	return money.Share(investment, share)
}

// DebtHeadroom returns what each statutory limit leaves, new quota included in either, and never more than both leave
// together; nil where the profile does not say.
func DebtHeadroom(profile *funding.FiscalProfile) (general, special *money.Amount) {
	if profile == nil || profile.GeneralDebtLimit == nil || profile.SpecialDebtLimit == nil || profile.GeneralDebtBalance == nil || profile.SpecialDebtBalance == nil || profile.NewQuota == nil {
		return nil, nil
	}
	quota := *profile.NewQuota
	generalLeft, specialLeft := *profile.GeneralDebtLimit-*profile.GeneralDebtBalance, *profile.SpecialDebtLimit-*profile.SpecialDebtBalance
	total := max(generalLeft+specialLeft+quota, 0)
	first, second := min(max(generalLeft+quota, 0), total), min(max(specialLeft+quota, 0), total)
	return &first, &second
}

// candidates are the offers that can stand in a plan, the best first; those that the project could not serve even by
// themselves come last. A guarantee brings no money, what is sold to investors later (equity, a REIT) cannot pay for building,
// and a working-capital loan should not (短贷长用).
func (in *OffersInput) candidates() []plan.Candidate {
	shortest := 0
	if quarters, ok := in.parameter("working_capital_tenor_quarters"); ok {
		shortest = int(quarters.IntPart())
	}
	var list, last []plan.Candidate
	for _, place := range in.Match.Ranked {
		outcome := &in.Match.Outcomes[place]
		offer, product := outcome.Offer, outcome.Product
		if offer == nil || product.Kind == "guarantee" || product.CountsAs == plan.CountsAsEquity {
			continue
		}
		candidate := CandidateOf(product, offer, in.Institutions)
		if candidate.Line.IsLoan() && product.Terms.TenorMaxQuarters <= shortest {
			continue
		}
		if in.covers(offer.MinDSCR) {
			list = append(list, candidate)
		} else {
			last = append(last, candidate)
		}
	}
	return append(list, last...)
}

// CandidateOf is an offer as a line that a plan may take any part of: up to the product's own limit, on the offer's terms.
func CandidateOf(product *rulepack.Product, offer *match.Offer, institutions []funding.Institution) plan.Candidate {
	line := lineOf(product, institutions)
	line.TenorQuarters, line.GraceQuarters, line.Rate = offer.TenorQuarters, offer.GraceQuarters, offer.Rate.Value
	return plan.Candidate{
		Line: line, Terms: TermsOf(product, offer), Smallest: max(product.Terms.SizeMin, product.Terms.SizeStep), Largest: offer.Limit, Step: product.Terms.SizeStep,
	}
}

func lineOf(product *rulepack.Product, institutions []funding.Institution) plan.Line {
	line := plan.Line{
		ID: product.ID, Product: product.ID, ProductVersion: product.Version, Name: product.Name, Institution: product.Institution, Kind: product.Kind,
		CountsAs: product.CountsAs, GovernmentDebt: product.GovernmentDebt, Illustrative: product.Source.Illustrative,
	}
	at := slices.IndexFunc(institutions, func(record funding.Institution) bool { return record.ID == product.Institution })
	if at >= 0 {
		line.InstitutionName, line.InstitutionType = institutions[at].Name, institutions[at].Type
	}
	return line
}

// TermsOf returns the terms on which any part of an offer would be repaid; without a schedule, no tenor.
func TermsOf(product *rulepack.Product, offer *match.Offer) loan.Terms {
	if !offer.Scheduled {
		return loan.Terms{Availability: product.Terms.AvailabilityQuarters}
	}
	terms := &product.Terms
	return loan.Terms{
		Rate: offer.Rate.Value, Tenor: offer.TenorQuarters, Grace: offer.GraceQuarters, Availability: offer.AvailableQuarters, Interval: terms.Interval,
		Profile: loan.Profile(terms.Profile), Custom: terms.Custom, Timing: loan.Timing(terms.DrawTiming), CapitalizeDuringGrace: terms.CapitalizeDuringGrace, Fees: terms.Fees,
	}
}
