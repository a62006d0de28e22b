package facts

import (
	"zutuan/internal/cashflow"
	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
)

// needFigures is what the facts of group need are read from: sums over the horizon and the quarters that matter.
type needFigures struct {
	requirement *funding.Requirement
	simulation  *cashflow.Result
	summary     *cashflow.Summary
	// invested is Σ invest by category, earned Σ inflow by source (in the order of funding.IncomeSources).
	invested map[funding.InvestCategory]money.Amount
	earned   [len(funding.IncomeSources)]money.Amount
	inflow   money.Amount
	// Indices of quarters, −1 where there is none.
	firstInvest, lastInvest, firstDraw, lastDraw, firstSurplus int
	landToCompany, landPledged                                 bool
}

// SetNeed sets need.* from a requirement and its simulation. Columns longer than the horizon are cut to it, because the
// figures that the vocabulary promises are those of the horizon.
func (a *Assembler) SetNeed(f *ruleexpr.Facts, requirement *funding.Requirement, simulation *cashflow.Result) {
	apply(f, a.need, newNeedFigures(requirement, simulation))
}

func newNeedFigures(requirement *funding.Requirement, simulation *cashflow.Result) *needFigures {
	n := &needFigures{requirement: requirement, simulation: simulation, summary: &simulation.Summary,
		invested: make(map[funding.InvestCategory]money.Amount, 7)}
	n.sum()
	n.firstInvest, n.lastInvest = spanOf(simulation.Invest[:simulation.Horizon])
	n.firstDraw, n.lastDraw = spanOf(simulation.Draw[:simulation.Horizon])
	n.firstSurplus = -1
	for q := n.lastInvest + 1; q < simulation.Horizon && n.firstSurplus < 0; q++ {
		if simulation.CFADS[q] > 0 {
			n.firstSurplus = q
		}
	}
	for i := range requirement.Units {
		for _, line := range requirement.Units[i].Revenue {
			if line.Source == funding.SourceLand {
				n.landToCompany = n.landToCompany || line.Route == funding.RouteCompany
				n.landPledged = n.landPledged || line.Pledged
			}
		}
	}
	return n
}

func (n *needFigures) sum() {
	horizon := n.simulation.Horizon
	for _, line := range n.simulation.Lines {
		if line.Kind != cashflow.LineInvest {
			continue
		}
		var total money.Amount
		for q := 0; q < horizon; q++ {
			total += line.At(q)
		}
		n.invested[line.Category] += total
	}
	for i := range n.earned {
		for _, amount := range n.simulation.InflowBySource[i][:horizon] {
			n.earned[i] += amount
		}
		n.inflow += n.earned[i]
	}
}

// spanOf returns the first and the last index with an amount, −1 and −1 where there is none.
func spanOf(column []money.Amount) (first, last int) {
	first, last = -1, -1
	for q, amount := range column {
		if amount == 0 {
			continue
		}
		if first < 0 {
			first = q
		}
		last = q
	}
	return first, last
}

// length returns how many quarters a span covers, both ends included.
func length(first, last int) int {
	if first < 0 {
		return 0
	}
	return last - first + 1
}

const (
	noInvestment = "计算期内没有投资 / there is no investment within the horizon"
	noInflow     = "计算期内没有收入 / there is no inflow within the horizon"
	noGap        = "没有资金缺口，无需借款 / there is no funding gap, so nothing is to be drawn"
	noSurplus    = "投资结束后、计算期内没有可偿债现金流为正的季度 / no quarter after construction and within the horizon has positive CFADS"
)

// index sets the index of a quarter, missing where there is no such quarter.
func (t target) index(q int, reason string) {
	if q < 0 {
		t.missing(reason)
		return
	}
	t.count(q)
}

func investedIn(name string, category funding.InvestCategory) entry[*needFigures] {
	return entry[*needFigures]{name, func(t target, n *needFigures) { t.amount(n.invested[category]) }}
}

func earnedFrom(name string, source int) entry[*needFigures] {
	return entry[*needFigures]{name, func(t target, n *needFigures) { t.amount(n.earned[source]) }}
}

var needFacts = []entry[*needFigures]{
	{"need.investment", func(t target, n *needFigures) { t.amount(n.summary.TotalInvestment) }},
	investedIn("need.land_investment", funding.InvestLand),
	investedIn("need.infrastructure_investment", funding.InvestInfrastructure),
	investedIn("need.buildings_investment", funding.InvestBuildings),
	investedIn("need.equipment_investment", funding.InvestEquipment),
	investedIn("need.working_capital", funding.InvestWorkingCapital),
	{"need.infrastructure_share", func(t target, n *needFigures) {
		t.ratio(n.invested[funding.InvestInfrastructure], n.summary.TotalInvestment, noInvestment)
	}},
	{"need.capital", func(t target, n *needFigures) { t.amount(n.summary.CapitalTotal) }},
	{"need.capital_ratio", func(t target, n *needFigures) { given(t, n.summary.CapitalRatio, target.decimal, noInvestment) }},
	{"need.grants", func(t target, n *needFigures) { t.amount(n.summary.GrantsTotal) }},
	{"need.peak_gap", func(t target, n *needFigures) { t.amount(n.summary.PeakGap) }},
	{"need.peak_quarter", func(t target, n *needFigures) { t.index(n.summary.PeakIndex, noGap) }},
	{"need.all_at_once_peak_gap", func(t target, n *needFigures) { t.amount(n.summary.AllAtOncePeakGap) }},
	{"need.rolling_saving", func(t target, n *needFigures) { t.amount(n.summary.RollingSaving) }},
	{"need.construction_quarters", func(t target, n *needFigures) { t.count(length(n.firstInvest, n.lastInvest)) }},
	{"need.draw_quarters", func(t target, n *needFigures) { t.count(length(n.firstDraw, n.lastDraw)) }},
	{"need.first_draw_quarter", func(t target, n *needFigures) { t.index(n.firstDraw, noGap) }},
	{"need.first_surplus_quarter", func(t target, n *needFigures) { t.index(n.firstSurplus, noSurplus) }},
	{"need.start", func(t target, n *needFigures) { t.facts.SetQuarter(t.slot, n.requirement.Start) }},
	{"need.tenor_quarters", func(t target, n *needFigures) {
		given(t, n.requirement.Limits.TenorQuarters, target.count, inRequirement("limits.tenor_years"))
	}},
	{"need.grace_quarters", func(t target, n *needFigures) {
		given(t, n.requirement.Limits.GraceQuarters, target.count, inRequirement("limits.grace_quarters"))
	}},
	{"need.max_cost", func(t target, n *needFigures) {
		given(t, n.requirement.Limits.MaxCost, target.decimal, inRequirement("limits.max_cost"))
	}},
	{"need.min_dscr", func(t target, n *needFigures) {
		given(t, n.requirement.Limits.MinDSCR, target.decimal, inRequirement("limits.min_dscr"))
	}},
	{"need.inflow", func(t target, n *needFigures) { t.amount(n.inflow) }},
	earnedFrom("need.land_inflow", 0),
	earnedFrom("need.energy_inflow", 1),
	earnedFrom("need.industry_inflow", 2),
	earnedFrom("need.commercial_inflow", 3),
	earnedFrom("need.service_inflow", 4),
	{"need.land_share", func(t target, n *needFigures) { t.ratio(n.earned[0], n.inflow, noInflow) }},
	{"need.currency", func(t target, n *needFigures) { t.word(n.requirement.Currency, inRequirement("currency")) }},
	{"need.cfads", func(t target, n *needFigures) { t.amounts(n.simulation.CFADS[:n.simulation.Horizon]) }},
	{"need.net", func(t target, n *needFigures) { t.amounts(n.simulation.Net[:n.simulation.Horizon]) }},
	{"need.land_route_company", func(t target, n *needFigures) { t.flag(n.landToCompany) }},
	{"need.land_pledged", func(t target, n *needFigures) { t.flag(n.landPledged) }},
}
