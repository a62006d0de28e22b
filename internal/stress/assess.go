package stress

import (
	"zutuan/internal/facts"
	"zutuan/internal/risk"
	"zutuan/internal/ruleexpr"
)

// Assessor returns a function for Case.Assess that judges each stressed case as the given input judges the plan: same
// date, packs, parameters, ledger and lenders. reference holds the facts of the day (facts.Assembler.NewReference), on
// which the facts of each stressed requirement and fiscal profile are assembled anew.
func Assessor(template risk.Input, reference *ruleexpr.Facts) func(Chain) (*risk.Assessment, error) {
	return func(chain Chain) (*risk.Assessment, error) {
		in := template
		in.Requirement, in.Statement, in.Lines, in.Existing, in.Fiscal = chain.Requirement, chain.Statement, chain.Lines, chain.Existing, chain.Fiscal
		in.Base = in.Assembler.Assemble(reference, in.Date, facts.Case{
			Requirement: chain.Requirement, Simulation: chain.Horizon, Ledger: in.Debt, Fiscal: chain.Fiscal, Zone: in.Zone, Memberships: in.Memberships,
		})
		return risk.Assess(in)
	}
}
