package facts

import (
	"strings"

	"zutuan/internal/cashflow"
	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
)

// projectRecord is the project's papers and its appraisal before financing.
type projectRecord struct {
	*funding.Project
	summary *cashflow.Summary
	inflow  money.Amount
}

// SetProject sets project.* from the requirement's project block and the simulation's appraisal.
func (a *Assembler) SetProject(f *ruleexpr.Facts, requirement *funding.Requirement, simulation *cashflow.Result) {
	record := projectRecord{Project: &requirement.Project, summary: &simulation.Summary}
	for _, amount := range simulation.Inflow[:simulation.Horizon] {
		record.inflow += amount
	}
	apply(f, a.project, record)
}

const (
	noIRR     = "净现金流没有内部收益率（正负不变号） / the net cash flow has no internal rate of return (its sign does not change)"
	noPayback = "计算期内没有收回投资 / the investment is not paid back within the horizon"
)

func projectFlag(name string, value func(projectRecord) *bool) entry[projectRecord] {
	reason := inRequirement(name)
	return entry[projectRecord]{name, func(t target, p projectRecord) { given(t, value(p), target.flag, reason) }}
}

func projectAmount(name string, value func(projectRecord) *money.Amount) entry[projectRecord] {
	reason := inRequirement(name)
	return entry[projectRecord]{name, func(t target, p projectRecord) { given(t, value(p), target.amount, reason) }}
}

var projectFacts = []entry[projectRecord]{
	{"project.sector", func(t target, p projectRecord) { t.word(p.Sector, inRequirement("project.sector")) }},
	{"project.firr", func(t target, p projectRecord) { given(t, p.summary.FIRR, target.decimal, noIRR) }},
	{"project.fnpv", func(t target, p projectRecord) { t.amount(p.summary.FNPV) }},
	{"project.payback_years", func(t target, p projectRecord) { given(t, p.summary.PaybackYears, target.decimal, noPayback) }},
	{"project.no_income", func(t target, p projectRecord) { t.flag(p.inflow == 0) }},
	projectFlag("project.government_investment", func(p projectRecord) *bool { return p.GovernmentInvestment }),
	projectFlag("project.central_approval", func(p projectRecord) *bool { return p.CentralApproval }),
	{"project.exempt", func(t target, p projectRecord) { t.flag(p.ExemptClass != "") }},
	projectFlag("project.feasibility_approved", func(p projectRecord) *bool { return p.FeasibilityApproved }),
	projectFlag("project.estimate_approved", func(p projectRecord) *bool { return p.EstimateApproved }),
	projectFlag("project.land_approved", func(p projectRecord) *bool { return p.LandApproved }),
	projectFlag("project.eia_approved", func(p projectRecord) *bool { return p.EIAApproved }),
	projectAmount("project.feasibility_total", func(p projectRecord) *money.Amount { return p.FeasibilityTotal }),
	{"project.budget_document", func(t target, p projectRecord) { t.flag(p.BudgetDocument != "") }},
	projectFlag("project.negative_list", func(p projectRecord) *bool { return p.NegativeList }),
	{"project.gate_items", setGateItems},
	projectFlag("project.capital_is_debt", func(p projectRecord) *bool { return p.CapitalIsDebt }),
	projectAmount("project.quasi_equity", func(p projectRecord) *money.Amount { return p.QuasiEquity }),
	projectFlag("project.capital_reduction", func(p projectRecord) *bool { return p.CapitalReduction }),
	projectAmount("project.largest_payment", func(p projectRecord) *money.Amount { return p.LargestPayment }),
	projectFlag("project.entrusted_payment", func(p projectRecord) *bool { return p.EntrustedPayment }),
	projectFlag("project.new_ppp_fiscal_support", func(p projectRecord) *bool { return p.NewPPPFiscalSupport }),
	projectFlag("project.sme_arrears", func(p projectRecord) *bool { return p.SMEArrears }),
	{"project.asset_life_quarters", func(t target, p projectRecord) {
		given(t, p.AssetLifeYears, func(t target, years int) { t.count(4 * years) }, inRequirement("project.asset_life_years"))
	}},
	projectFlag("project.refinancing_only", func(p projectRecord) *bool { return p.RefinancingOnly }),
}

// setGateItems lists the items that are declared present. One present item is enough to know that the gate is closed;
// that it is open is known only when every item has been declared.
func setGateItems(t target, p projectRecord) {
	present, undeclared := []string{}, []string{}
	for _, item := range funding.GateItems {
		switch declared, known := p.GateItems[item]; {
		case !known:
			undeclared = append(undeclared, "project.gate_items."+item)
		case declared:
			present = append(present, item)
		}
	}
	if len(present) == 0 && len(undeclared) > 0 {
		t.missing(inRequirement(strings.Join(undeclared, ", ")))
		return
	}
	t.texts(present)
}
