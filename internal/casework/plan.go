package casework

import (
	"zutuan/internal/funding"
	"zutuan/internal/lp"
	"zutuan/internal/match"
	"zutuan/internal/money"
	"zutuan/internal/plan"
	"zutuan/internal/planner"
	"zutuan/internal/risk"
	"zutuan/internal/rulepack"
)

// PlanRequest is what a bureau may say about the plan it wants; the zero value asks for the cheapest.
type PlanRequest struct {
	Objective planner.Objective
	// InstitutionShareMax and MaxLenders are the bureau's own limits; nil: none.
	InstitutionShareMax *money.Decimal
	MaxLenders          *int
	// Others are named sources beside the products: uncalled equity, a grant, quota, an investor's fund.
	Others []planner.Source
	// Frontier and Relax ask for the frontier of cost against tenor, and for relaxations where there is no plan.
	Frontier, Relax bool
}

// PlanInput makes the question for the planner out of a matched case.
func (d *Desk) PlanInput(m *Matching, request PlanRequest, solver lp.Solver) planner.Input {
	in := planner.Input{Case: d.planCase(m, request), Solver: solver, Objective: request.Objective, Frontier: request.Frontier, Relax: request.Relax}
	in.Vary = func(requirement *funding.Requirement) (planner.Case, error) {
		varied := *m.Case
		varied.Requirement = requirement
		matched, err := d.Match(&varied, m.Asked)
		if err != nil {
			return planner.Case{}, err
		}
		return d.planCase(matched, request), nil
	}
	return in
}

func (d *Desk) planCase(m *Matching, request PlanRequest) planner.Case {
	return planner.Case{Requirement: m.Case.Requirement, Simulate: m.Case.Simulate, Existing: existingSchedules(m),
		Sources: append(d.sources(m), request.Others...), Limits: d.planLimits(m, request)}
}

// sources are the eligible and conditional offers that bring money to the project. A guarantee brings none, and what is
// sold to investors later (equity, a REIT) cannot pay for building.
func (d *Desk) sources(m *Matching) []planner.Source {
	var sources []planner.Source
	for _, place := range m.Match.Ranked {
		outcome := &m.Match.Outcomes[place]
		product, offer := outcome.Product, outcome.Offer
		if offer == nil || product.Kind == "guarantee" || product.CountsAs == plan.CountsAsEquity {
			continue
		}
		sources = append(sources, d.source(product, offer))
	}
	return sources
}

// source is an offer that the planner may size anew, up to the product's own limit.
func (d *Desk) source(product *rulepack.Product, offer *match.Offer) planner.Source {
	return planner.Source{Candidate: risk.CandidateOf(product, offer, d.Library.Institutions), TenorMin: product.Terms.TenorMinQuarters, TenorMax: product.Terms.TenorMaxQuarters}
}

func (d *Desk) planLimits(m *Matching, request PlanRequest) planner.Limits {
	requirement := m.Case.Requirement
	limits := planner.Limits{MinDSCR: requirement.Limits.MinDSCR, TenorQuarters: requirement.Limits.TenorQuarters, CapitalProRata: true, TenorMatch: true,
		InstitutionShareMax: request.InstitutionShareMax, MaxLenders: request.MaxLenders, LenderRoom: d.lenderRoom(m)}
	limits.CapitalRatioMin = capitalMinimum(m)
	limits.QuasiEquityShareMax = parameter(m, "quasi_equity_share_max")
	if quasi := requirement.Project.QuasiEquity; quasi != nil {
		limits.QuasiEquityInCapital = *quasi
	}
	limits.GeneralHeadroom, limits.SpecialHeadroom = risk.DebtHeadroom(m.Case.Fiscal)
	return limits
}

// capitalMinimum is the sector's minimum, less the reasoned reduction where the project claims it; nil where the sector is
// not given.
func capitalMinimum(m *Matching) *money.Decimal {
	project := &m.Case.Requirement.Project
	if project.Sector == "" {
		return nil
	}
	minimum := parameter(m, "capital_min_"+project.Sector)
	reduction := parameter(m, "capital_reduction_max")
	if minimum != nil && reduction != nil && project.CapitalReduction != nil && *project.CapitalReduction {
		reduced := minimum.Sub(*reduction)
		return &reduced
	}
	return minimum
}

func parameter(m *Matching, id string) *money.Decimal {
	if found, ok := m.Parameters.Lookup(id); ok {
		if value, known := found.Number(); known {
			return &value
		}
	}
	return nil
}

// lenderRoom is, for each institution whose net capital is on record, what its limit on loans to one borrower leaves.
func (d *Desk) lenderRoom(m *Matching) map[string]money.Amount {
	share := parameter(m, "single_borrower_loan_max")
	room := map[string]money.Amount{}
	if share == nil {
		return room
	}
	for _, institution := range d.Library.Institutions {
		if institution.NetCapital != nil && (institution.Type == "policy_bank" || institution.Type == "commercial_bank") {
			room[institution.ID] = money.Share(*institution.NetCapital, *share) - d.owed(m, &institution)
		}
	}
	return room
}

// owed is what the case's borrower owes an institution that the ledger calls by its name.
func (d *Desk) owed(m *Matching, institution *funding.Institution) money.Amount {
	var total money.Amount
	if m.Case.Ledger == nil {
		return 0
	}
	for i := range m.Case.Ledger.Instruments {
		instrument := &m.Case.Ledger.Instruments[i]
		if instrument.Debtor == m.Case.Requirement.Borrower.Name && (instrument.Creditor == institution.Name.ZH || instrument.Creditor == institution.Name.EN) {
			total += instrument.Outstanding
		}
	}
	return total
}
