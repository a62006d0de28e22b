package casework

import (
	"slices"
	"time"

	"zutuan/internal/cashflow"
	"zutuan/internal/facts"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/match"
	"zutuan/internal/plan"
	"zutuan/internal/risk"
	"zutuan/internal/rulepack"
)

// Desk is a rules library made ready for cases. Its rules do not change, and it is safe for concurrent use.
type Desk struct {
	Library    *rulepack.Library
	assembler  *facts.Assembler
	catalogues catalogues
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
	// Detail is how much of the reasons of a match is worked out; the zero value is everything.
	Detail match.Detail
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
	m.Match = d.catalogues.of(d.Library.Vocabulary, d.productsOn(asked)).Match(need, match.Options{Detail: asked.Detail})
	return m, nil
}

// need simulates a case and assembles its facts, all that a match needs before it asks a product.
func (d *Desk) need(m *Matching) (*match.Need, error) {
	kase, date := m.Case, m.Asked.Date
	if err := d.checkRegion(kase); err != nil {
		return nil, err
	}
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
	products := d.InForce(asked.Date)
	if len(asked.Products) == 0 {
		return products
	}
	return slices.DeleteFunc(products, func(product *rulepack.Product) bool { return !slices.Contains(asked.Products, product.ID) })
}

// InForce returns the products that can be offered on a day, by id. Of several versions of one product the newest counts,
// so the one before needs no end.
func (d *Desk) InForce(date time.Time) []*rulepack.Product {
	products := newest(d.Library.Products, date, func(product *rulepack.Product) string { return product.ID })
	return slices.DeleteFunc(products, func(product *rulepack.Product) bool { return !product.EffectiveOn(date) })
}

// newest returns one version of each id: the newest that is in force on a day, or where none is, the newest. The versions
// must be sorted by id and version, as a library's are.
func newest[T interface{ EffectiveOn(time.Time) bool }](versions []T, date time.Time, id func(T) string) []T {
	var chosen []T
	for _, version := range versions {
		last := len(chosen) - 1
		switch {
		case last < 0 || id(chosen[last]) != id(version):
			chosen = append(chosen, version)
		case version.EffectiveOn(date) || !chosen[last].EffectiveOn(date):
			chosen[last] = version
		}
	}
	return chosen
}

// Region is the region whose overrides hold for the case.
func (c *Case) Region() string { return regionOf(c) }

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
	if out.Plan, err = d.Indicative(matching); err != nil {
		return nil, err
	}
	out.Risk, err = d.Flags(matching, out.Plan)
	return out, err
}

// Indicative takes the best offers of a matched case as a plan.
func (d *Desk) Indicative(m *Matching) (*plan.Indicative, error) {
	return risk.LinesFromOffers(risk.OffersInput{Match: m.Match, Requirement: m.Case.Requirement, Simulate: m.Case.Simulate, Existing: existingSchedules(m),
		Institutions: d.Library.Institutions, Fiscal: m.Case.Fiscal, Parameters: m.Parameters})
}

// Flags raises every flag on a plan of a matched case. The case may have been matched by a desk whose library differs in risk
// and stress packs alone.
func (d *Desk) Flags(m *Matching, indicative *plan.Indicative) (*risk.Assessment, error) {
	return risk.Assess(d.riskInput(&Assessment{Matching: m, Plan: indicative}, existingSchedules(m)))
}

// packs returns the risk packs of an assessment: those that are on by themselves, and those asked for. One that is not in
// force on the day is among them, because an assessment says so.
func (d *Desk) packs(asked Asked) []*rulepack.RiskPack {
	var packs []*rulepack.RiskPack
	for _, pack := range newest(d.Library.RiskPacks, asked.Date, func(pack *rulepack.RiskPack) string { return pack.ID }) {
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

func (d *Desk) riskInput(a *Assessment, existing []*loan.Schedule) risk.Input {
	in := risk.Input{Date: a.Asked.Date, Packs: d.packs(a.Asked), Assembler: d.assembler, Base: a.Match.Need.Facts, Requirement: a.Case.Requirement,
		Statement: a.Extended, Lines: a.Plan.Lines, PlanLabel: a.Plan.Label, Existing: existing, Fiscal: a.Case.Fiscal, Debt: a.Debt, Parameters: a.Parameters,
		Zone: a.Zone, Memberships: d.Library.Memberships}
	for _, institution := range d.Library.Institutions {
		lender := risk.Lender{Institution: institution}
		if exposure, known := a.Case.Requirement.Borrower.GroupExposures[institution.ID]; known {
			lender.GroupExposure = &exposure
		}
		in.Lenders = append(in.Lenders, lender)
	}
	return in
}
