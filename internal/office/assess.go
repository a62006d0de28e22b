package office

import (
	"slices"
	"time"

	"zutuan/internal/cashflow"
	"zutuan/internal/facts"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/match"
	"zutuan/internal/money"
	"zutuan/internal/plan"
	"zutuan/internal/risk"
	"zutuan/internal/rulepack"
)

// Desk is a rules library made ready for cases. It does not change and is safe for concurrent use.
type Desk struct {
	Library   *rulepack.Library
	assembler *facts.Assembler
}

// NewDesk prepares a library; the error says which fact the program needs and the vocabulary lacks.
func NewDesk(library *rulepack.Library) (*Desk, error) {
	assembler, err := facts.NewAssembler(library.Vocabulary)
	if err != nil {
		return nil, err
	}
	return &Desk{Library: library, assembler: assembler}, nil
}

// Asked is what a case is looked at with.
type Asked struct {
	// Date decides parameters, market data, memberships and which versions are in force.
	Date time.Time
	// Overrides replace parameters for the case's region.
	Overrides []funding.ParameterOverride
	// Products names the products to ask; empty: all that are in force.
	Products []string
	// Packs names further risk packs, besides those that every assessment uses.
	Packs []string
}

// Matching is a case matched with products.
type Matching struct {
	Case       *Case
	Asked      Asked
	Zone       *funding.Zone
	Parameters *rulepack.ParameterSet
	Debt       *facts.Debt
	// Simulation is over the horizon, Extended over funding.MaxQuarters.
	Simulation *cashflow.Result
	Extended   *cashflow.Result
	Match      *match.Match
}

// Match simulates a case and asks the products.
func (d *Desk) Match(kase *Case, asked Asked) (*Matching, error) {
	m := &Matching{Case: kase, Asked: asked}
	need, err := d.need(m)
	if err != nil {
		return nil, err
	}
	m.Match = match.NewCatalogue(d.Library.Vocabulary, d.productsOn(asked)).Match(need, match.Options{})
	return m, nil
}

// need simulates a case and assembles its facts, all that a match needs before it asks a product.
func (d *Desk) need(m *Matching) (*match.Need, error) {
	kase, date := m.Case, m.Asked.Date
	var err error
	if m.Simulation, err = kase.Simulate(0); err != nil {
		return nil, err
	}
	if m.Extended, err = kase.Simulate(funding.MaxQuarters); err != nil {
		return nil, err
	}
	if zone, ok := d.Library.Zone(kase.Requirement.Zone); ok {
		m.Zone = &zone
	}
	m.Parameters = d.Library.Parameters.At(date, regionOf(kase), m.Asked.Overrides)
	if kase.Ledger != nil {
		m.Debt = facts.NewDebt(kase.Ledger, d.Library.Market, date)
	}
	reference := d.assembler.NewReference(facts.Reference{Date: date, Market: d.Library.Market, Parameters: m.Parameters})
	return match.NewNeed(d.assembler, reference, date, match.Records{
		Requirement: kase.Requirement, Simulation: m.Simulation, Extended: m.Extended, Debt: m.Debt, Fiscal: kase.Fiscal,
		Zone: m.Zone, Memberships: d.Library.Memberships,
	}), nil
}

// productsOn returns the products to ask: those in force on the date, and of them the named ones.
func (d *Desk) productsOn(asked Asked) []*rulepack.Product {
	wanted := map[string]bool{}
	for _, id := range asked.Products {
		wanted[id] = true
	}
	var products []*rulepack.Product
	for _, product := range d.Library.Products {
		if product.EffectiveOn(asked.Date) && (len(wanted) == 0 || wanted[product.ID]) {
			products = append(products, product)
		}
	}
	return products
}

// regionOf is the region whose overrides hold: the fiscal profile's, else the zone that the requirement names.
func regionOf(kase *Case) string {
	if kase.Fiscal != nil && kase.Fiscal.Region != "" {
		return kase.Fiscal.Region
	}
	return kase.Requirement.Zone
}

// Assessment is everything there is to say about a case on a day.
type Assessment struct {
	*Matching
	// Plan is the indicative plan that the flags were raised on.
	Plan *plan.Indicative
	Risk *risk.Assessment
}

// Assess matches a case, takes the best offers as an indicative plan, and raises every flag on it.
func (d *Desk) Assess(kase *Case, asked Asked) (*Assessment, error) {
	matching, err := d.Match(kase, asked)
	if err != nil {
		return nil, err
	}
	out := &Assessment{Matching: matching}
	existing := existingSchedules(matching)
	if out.Plan, err = firstThatHolds(d.indicativeInput(matching, existing)); err != nil {
		return nil, err
	}
	out.Risk, err = risk.Assess(d.riskInput(out, existing))
	return out, err
}

// firstThatHolds builds indicative plans led by each candidate in turn, the best first, and returns the first that
// holds: no money is missing and debt service is covered as the bureau asks, at least once over. An offer that ranks
// first by itself may fall due before the project earns. Where no plan holds, the one that misses least is returned.
func firstThatHolds(in plan.IndicativeInput) (*plan.Indicative, error) {
	ranked := in.Candidates
	best, err := plan.BuildIndicative(in)
	for lead := 1; lead < len(ranked) && err == nil && !holds(in.Requirement, best.Evaluation); lead++ {
		in.Candidates = append([]plan.Candidate{ranked[lead]}, append(ranked[:lead:lead], ranked[lead+1:]...)...)
		var other *plan.Indicative
		if other, err = plan.BuildIndicative(in); err == nil && missesLess(other.Evaluation, best.Evaluation) {
			best = other
		}
	}
	return best, err
}

func holds(requirement *funding.Requirement, e *plan.Evaluation) bool {
	return e.UnfundedGap == 0 && covers(requirement, e.Coverage.MinDSCR)
}

// covers compares a lowest DSCR with what the bureau asks for, or with one where it asks for nothing.
func covers(requirement *funding.Requirement, dscr loan.Measure) bool {
	least := money.One
	if asked := requirement.Limits.MinDSCR; asked != nil {
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

// packs returns the risk packs of an assessment: those that are on by themselves, and those asked for.
func (d *Desk) packs(asked Asked) []*rulepack.RiskPack {
	var packs []*rulepack.RiskPack
	for _, pack := range d.Library.RiskPacks {
		if pack.Enabled || slices.Contains(asked.Packs, pack.ID) {
			packs = append(packs, pack)
		}
	}
	return packs
}

func existingSchedules(m *Matching) []*loan.Schedule {
	var schedules []*loan.Schedule
	for _, id := range m.Case.Requirement.DebtService {
		if schedule := m.Debt.Schedule(id); schedule != nil {
			schedules = append(schedules, schedule)
		}
	}
	return schedules
}

func (d *Desk) indicativeInput(m *Matching, existing []*loan.Schedule) plan.IndicativeInput {
	in := plan.IndicativeInput{Requirement: m.Case.Requirement, Simulate: m.Case.Simulate, Existing: existing, Candidates: d.candidates(m)}
	if limit, ok := m.Parameters.Lookup("quasi_equity_share_max"); ok {
		if share, known := limit.Number(); known {
			in.QuasiEquityShareMax = share
		}
	}
	if quasi := m.Case.Requirement.Project.QuasiEquity; quasi != nil {
		in.QuasiEquityInCapital = *quasi
	}
	if fiscal := m.Case.Fiscal; fiscal != nil {
		in.GeneralHeadroom = headroom(fiscal.GeneralDebtLimit, fiscal.GeneralDebtBalance)
		in.SpecialHeadroom = headroom(fiscal.SpecialDebtLimit, fiscal.SpecialDebtBalance)
	}
	return in
}

// headroom is what a limit leaves, never less than nothing; nil where either figure is unknown.
func headroom(limit, balance *money.Amount) *money.Amount {
	if limit == nil || balance == nil {
		return nil
	}
	left := max(*limit-*balance, 0)
	return &left
}

// candidates are the offers that can stand in a plan, the best first; those that the project could not serve even by
// themselves come last. A guarantee brings no money, and what is sold to investors later (equity, a REIT) cannot pay for
// building.
func (d *Desk) candidates(m *Matching) []plan.Candidate {
	var candidates, last []plan.Candidate
	for _, place := range m.Match.Ranked {
		outcome := &m.Match.Outcomes[place]
		product, offer := outcome.Product, outcome.Offer
		if offer == nil || offer.Size <= 0 || product.Kind == "guarantee" || product.CountsAs == plan.CountsAsEquity {
			continue
		}
		if covers(m.Case.Requirement, offer.MinDSCR) {
			candidates = append(candidates, d.candidate(product, offer))
		} else {
			last = append(last, d.candidate(product, offer))
		}
	}
	return append(candidates, last...)
}

func (d *Desk) candidate(product *rulepack.Product, offer *match.Offer) plan.Candidate {
	line := plan.Line{ID: product.ID, Product: product.ID, ProductVersion: product.Version, Name: product.Name, Institution: product.Institution, Kind: product.Kind,
		CountsAs: product.CountsAs, GovernmentDebt: product.GovernmentDebt, TenorQuarters: offer.TenorQuarters, GraceQuarters: offer.GraceQuarters, Rate: offer.Rate.Value,
		Illustrative: product.Source.Illustrative}
	if institution, ok := d.Library.Institution(product.Institution); ok {
		line.InstitutionName, line.InstitutionType = institution.Name, institution.Type
	}
	terms := product.Terms
	candidate := plan.Candidate{Line: line, Smallest: terms.SizeMin, Largest: min(offer.Limit, offer.Size), Step: terms.SizeStep}
	if offer.Scheduled {
		candidate.Terms = loan.Terms{Rate: offer.Rate.Value, Tenor: offer.TenorQuarters, Grace: offer.GraceQuarters, Availability: offer.AvailableQuarters,
			Interval: max(terms.Interval, 1), Profile: loan.Profile(terms.Profile), Custom: terms.Custom, Timing: loan.Timing(terms.DrawTiming),
			CapitalizeDuringGrace: terms.CapitalizeDuringGrace, Fees: terms.Fees}
	}
	return candidate
}

func (d *Desk) riskInput(a *Assessment, existing []*loan.Schedule) risk.Input {
	in := risk.Input{Date: a.Asked.Date, Packs: d.packs(a.Asked), Assembler: d.assembler, Base: a.Match.Need.Facts, Requirement: a.Case.Requirement,
		Statement: a.Extended, Lines: a.Plan.Lines, PlanLabel: a.Plan.Label, Existing: existing, Fiscal: a.Case.Fiscal, Debt: a.Debt, Parameters: a.Parameters,
		Zone: a.Zone, Memberships: d.Library.Memberships}
	for _, institution := range d.Library.Institutions {
		in.Lenders = append(in.Lenders, risk.Lender{Institution: institution})
	}
	return in
}
