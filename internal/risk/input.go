package risk

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"zutuan/internal/cashflow"
	"zutuan/internal/facts"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/plan"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// Input is everything that an assessment depends on. Fiscal, Debt, Zone and Lenders may be missing: the rules that need
// them are then undecided.
type Input struct {
	// Date is the day of the assessment: it decides parameters, memberships and which pack versions are in force.
	Date time.Time
	// Packs are the compiled packs; one that is not in force on the date is named and not evaluated.
	Packs []*rulepack.RiskPack
	// Assembler and Base are the facts of the case on the date; plan.* and lender.* are set here.
	Assembler *facts.Assembler
	Base      *ruleexpr.Facts

	Requirement *funding.Requirement
	// Statement is the requirement's simulation, at least plan.Quarters(...) quarters long.
	Statement *cashflow.Result
	Lines     []plan.Line
	// PlanLabel is shown with the plan ("示意方案（未优化）"); empty for a plan of record.
	PlanLabel funding.Text
	// Existing is what the cluster pays on instruments of the ledger.
	Existing []*loan.Schedule

	Fiscal *funding.FiscalProfile
	// Debt is the region's ledger, worked out on the date.
	Debt *facts.Debt
	// Parameters are those of the date and region that Base was made with; they give the provenance.
	Parameters  *rulepack.ParameterSet
	Zone        *funding.Zone
	Memberships []funding.Membership
	Lenders     []Lender
}

// Lender is the record of an institution for the lender-side limits (R22).
type Lender struct {
	Institution funding.Institution
	// GroupExposure is the lender's exposure to the borrower's group of connected clients without this plan; nil where it
	// is not known.
	GroupExposure *money.Amount
}

// ErrStatementTooShort refuses a statement that ends before the plan's last loan year.
var ErrStatementTooShort = errors.New("the statement is shorter than the plan needs")

func (in *Input) check() error {
	if need := plan.Quarters(in.Requirement, in.Lines, in.Existing); in.Statement.Quarters < need {
		return fmt.Errorf("%w: %d quarters, %d needed", ErrStatementTooShort, in.Statement.Quarters, need)
	}
	vocabulary := in.Base.Vocabulary()
	var absent []string
	for _, name := range ownFacts {
		if _, ok := vocabulary.Lookup(name); !ok {
			absent = append(absent, name)
		}
	}
	if len(absent) > 0 {
		return fmt.Errorf("the vocabulary lacks %s", strings.Join(absent, ", "))
	}
	return nil
}
