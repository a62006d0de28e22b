package risk

import (
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/plan"
	"zutuan/internal/ruleexpr"
)

// ownFacts are the facts that this package sets.
var ownFacts = []string{
	"plan.debt", "plan.government_debt", "plan.general_debt", "plan.special_debt", "plan.general_interest", "plan.special_interest",
	"plan.general_service", "plan.special_service", "plan.special_bonds", "plan.special_bond_service", "plan.debt_service", "plan.net_income",
	"plan.special_bond_capital", "plan.longest_tenor_quarters", "plan.longest_loan_quarters", "plan.last_quarter", "plan.min_dscr", "plan.worst_cfads",
	"plan.worst_service", "plan.min_icr", "plan.worst_profit", "plan.worst_interest", "plan.llcr", "plan.unfunded_gap", "plan.capital", "plan.capital_ratio",
	"plan.quasi_equity", "plan.quasi_equity_share", "plan.largest_lender_share", "plan.working_capital_loan", "plan.commercial_matching",
	"plan.life_gap_years", "plan.liquidity_min", "plan.grace_slack_quarters", "plan.total",
	"lender.net_capital", "lender.tier1", "lender.exposure", "lender.group_exposure",
}

const (
	noService     = "方案没有需要覆盖的还本付息 / the plan has no debt service to cover"
	noInterest    = "方案没有应付利息 / the plan has no interest to cover"
	noPrincipal   = "方案没有到期本金 / no principal of the plan falls due"
	noInvestment  = "计算期内没有投资 / there is no investment within the horizon"
	noQuasiEquity = "需求文件未填写 project.quasi_equity（资本金中权益型工具的金额） / the requirement file does not give project.quasi_equity"
	noCapital     = "方案没有资本金 / the plan has no capital"
	noLineDebt    = "方案没有债务 / the plan has no debt"
	noBankLoan    = "方案没有银行贷款 / the plan has no loan of a bank"
)

// setter writes facts by name.
type setter struct {
	facts      *ruleexpr.Facts
	vocabulary *ruleexpr.Vocabulary
}

func (s setter) amount(name string, amount money.Amount) {
	s.facts.SetAmount(s.vocabulary.Slot(name), amount)
}
func (s setter) count(name string, count int) { s.facts.SetCount(s.vocabulary.Slot(name), count) }
func (s setter) flag(name string, value bool) { s.facts.SetFlag(s.vocabulary.Slot(name), value) }
func (s setter) missing(name, reason string)  { s.facts.SetMissing(s.vocabulary.Slot(name), reason) }

func (s setter) measure(name string, measure loan.Measure, reason string) {
	if !measure.Known {
		s.missing(name, reason)
		return
	}
	s.facts.SetDecimal(s.vocabulary.Slot(name), measure.Value)
}

// setPlan writes every plan.* fact that does not depend on the year.
func setPlan(facts *ruleexpr.Facts, requirement *funding.Requirement, e *plan.Evaluation) {
	s := setter{facts, facts.Vocabulary()}
	s.amount("plan.debt", e.Debt)
	s.amount("plan.special_bonds", e.SpecialBonds)
	s.amount("plan.special_bond_service", e.SpecialBondService)
	s.amount("plan.special_bond_capital", e.SpecialBondCapital)
	s.amount("plan.debt_service", e.DebtService)
	s.amount("plan.net_income", e.NetIncome)
	s.amount("plan.unfunded_gap", e.UnfundedGap)
	s.amount("plan.liquidity_min", e.Coverage.Tenor.Minimum)
	s.amount("plan.capital", e.Capital)
	s.amount("plan.total", e.Total)
	s.count("plan.longest_tenor_quarters", e.LongestTenorQuarters)
	s.count("plan.longest_loan_quarters", e.LongestLoanQuarters)
	s.flag("plan.working_capital_loan", e.WorkingCapitalLoan)
	s.flag("plan.commercial_matching", e.CommercialMatching)
	s.measure("plan.min_dscr", e.Coverage.MinDSCR, noService)
	s.measure("plan.min_icr", e.Coverage.MinICR, noInterest)
	s.measure("plan.llcr", e.Coverage.LLCR, noPrincipal)
	s.measure("plan.life_gap_years", e.Coverage.Tenor.LifeGapYears, noPrincipal)
	s.measure("plan.capital_ratio", e.CapitalRatio, noInvestment)
	s.measure("plan.largest_lender_share", e.LargestLenderShare, noLineDebt)
	s.worst("plan.worst_cfads", "plan.worst_service", e.Worst, noService)
	s.worst("plan.worst_profit", "plan.worst_interest", e.WorstInterest, noInterest)
	s.instalments(e)
	s.quasiEquity(requirement, e)
}

func (s setter) worst(numerator, denominator string, year *plan.WorstYear, reason string) {
	if year == nil {
		s.missing(numerator, reason)
		s.missing(denominator, reason)
		return
	}
	s.amount(numerator, year.Numerator)
	s.amount(denominator, year.Denominator)
}

func (s setter) instalments(e *plan.Evaluation) {
	if e.LastPrincipalIndex < 0 {
		s.missing("plan.last_quarter", noPrincipal)
	} else {
		s.count("plan.last_quarter", e.LastPrincipalIndex)
	}
	switch {
	case e.Coverage.Tenor.GraceKnown:
		// The vocabulary counts slack positive where the money comes before the instalment.
		s.count("plan.grace_slack_quarters", -e.Coverage.Tenor.GraceSlackQuarters)
	case e.LastPrincipalIndex < 0:
		s.missing("plan.grace_slack_quarters", noPrincipal)
	default:
		s.missing("plan.grace_slack_quarters", "可偿债现金流始终不足以支付一期还本付息 / CFADS never suffices for a full instalment")
	}
}

// quasiEquity adds what the project declares inside its capital to what the lines bring; without the declaration the sum is
// unknown, because capital that nobody declared may be anything.
func (s setter) quasiEquity(requirement *funding.Requirement, e *plan.Evaluation) {
	declared := requirement.Project.QuasiEquity
	if declared == nil {
		s.missing("plan.quasi_equity", noQuasiEquity)
		s.missing("plan.quasi_equity_share", noQuasiEquity)
		return
	}
	total := *declared + e.QuasiEquity
	s.amount("plan.quasi_equity", total)
	value, ok := money.Ratio(total, e.Capital)
	s.measure("plan.quasi_equity_share", loan.Measure{Value: value, Known: ok}, noCapital)
}

// setPresentPlan puts the whole plan on top of the present state: every commitment drawn, nothing repaid, and the flows
// of the fiscal year itself.
func setPresentPlan(facts *ruleexpr.Facts, lines []plan.Line, e *plan.Evaluation, year int) {
	s := setter{facts, facts.Vocabulary()}
	s.amount("plan.government_debt", e.GovernmentDebt)
	s.amount("plan.general_debt", e.GeneralDebt)
	s.amount("plan.special_debt", e.SpecialDebt)
	s.flows(lines, year)
}

// setYearPlan writes the plan's government debt as it stands at the end of a year, and the year's flows.
func setYearPlan(facts *ruleexpr.Facts, lines []plan.Line, year int) {
	s := setter{facts, facts.Vocabulary()}
	s.amount("plan.government_debt", plan.GovernmentYear(lines, "", year).Closing)
	s.amount("plan.general_debt", plan.GovernmentYear(lines, plan.GovernmentGeneral, year).Closing)
	s.amount("plan.special_debt", plan.GovernmentYear(lines, plan.GovernmentSpecial, year).Closing)
	s.flows(lines, year)
}

func (s setter) flows(lines []plan.Line, year int) {
	general, special := plan.GovernmentYear(lines, plan.GovernmentGeneral, year), plan.GovernmentYear(lines, plan.GovernmentSpecial, year)
	s.amount("plan.general_interest", general.Interest)
	s.amount("plan.special_interest", special.Interest)
	s.amount("plan.general_service", general.Service())
	s.amount("plan.special_service", special.Service())
}
