package casework

import (
	"sync"
	"time"

	"zutuan/internal/facts"
	"zutuan/internal/funding"
	"zutuan/internal/match"
	"zutuan/internal/quarter"
	"zutuan/internal/ruleexpr"
)

// JoinCase reads a requirement and joins it with a ledger and a fiscal profile that were read already; either may be nil.
// It is ReadCase for whoever reads thousands of requirements and few ledgers.
func JoinCase(requirement File, ledger *funding.Ledger, fiscal *funding.FiscalProfile) (*Case, error) {
	read, conditions, err := ReadRequirement(requirement.Name, requirement.Data)
	if err != nil {
		return nil, err
	}
	kase := &Case{Requirement: read, Conditions: conditions, Ledger: ledger, Fiscal: fiscal}
	if err := kase.joinLedger(requirement.Name); err != nil {
		return nil, err
	}
	return kase, nil
}

// Prepared is a case made ready to be matched without its papers: small enough to hold thousands of them.
type Prepared struct {
	Need *match.Need
	// Start is the quarter in which the requirement begins.
	Start quarter.Quarter

	ledger    *funding.Ledger
	region    string
	overrides []funding.ParameterOverride
}

// Preparer makes cases ready on one day and works out once what they share: parameters and market data of a region, the
// rest of a ledger's debt. It is safe for concurrent use.
type Preparer struct {
	desk *Desk
	date time.Time

	mutex      sync.Mutex
	references map[string]*ruleexpr.Facts
	debts      map[*funding.Ledger]*facts.Debt
}

// Preparer prepares cases under the desk's rules on a day.
func (d *Desk) Preparer(date time.Time) *Preparer {
	return &Preparer{desk: d, date: date, references: map[string]*ruleexpr.Facts{}, debts: map[*funding.Ledger]*facts.Debt{}}
}

// Prepare makes a case ready: what Match does before it asks a product.
func (p *Preparer) Prepare(kase *Case, overrides []funding.ParameterOverride) (*Prepared, error) {
	if err := p.desk.checkRegion(kase); err != nil {
		return nil, err
	}
	simulation, err := kase.Simulate(0)
	if err != nil {
		return nil, err
	}
	extended, err := kase.Simulate(funding.MaxQuarters)
	if err != nil {
		return nil, err
	}
	out := &Prepared{Start: kase.Requirement.Start, ledger: kase.Ledger, region: regionOf(kase), overrides: overrides}
	records := match.Records{Requirement: kase.Requirement, Simulation: simulation, Extended: extended, Debt: p.debt(kase.Ledger), Fiscal: kase.Fiscal, Memberships: p.desk.Library.Memberships}
	if zone, ok := p.desk.Library.Zone(kase.Requirement.Zone); ok {
		records.Zone = &zone
	}
	out.Need = match.NewNeed(p.desk.assembler, p.reference(out.region, overrides), p.date, records)
	return out, nil
}

// Again makes what another preparer of the same day prepared ready under the rules of this one. Their libraries may differ
// in products, packs and market data, not in anything else.
func (p *Preparer) Again(prepared *Prepared) *Prepared {
	out := *prepared
	out.Need = prepared.Need.Under(p.desk.assembler, p.reference(prepared.region, prepared.overrides), p.debt(prepared.ledger))
	return &out
}

func (p *Preparer) debt(ledger *funding.Ledger) *facts.Debt {
	if ledger == nil {
		return nil
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	debt, known := p.debts[ledger]
	if !known {
		debt = facts.NewDebt(ledger, p.desk.Library.Market, p.date)
		p.debts[ledger] = debt
	}
	return debt
}

// reference is everything that holds for all cases of a region. Overrides are of few regions, so those cases get their own.
func (p *Preparer) reference(region string, overrides []funding.ParameterOverride) *ruleexpr.Facts {
	made := func() *ruleexpr.Facts {
		library := p.desk.Library
		return p.desk.assembler.NewReference(facts.Reference{Date: p.date, Market: library.Market, Parameters: library.Parameters.At(p.date, region, overrides)})
	}
	if len(overrides) > 0 {
		return made()
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	reference := p.references[region]
	if reference == nil {
		reference = made()
		p.references[region] = reference
	}
	return reference
}
