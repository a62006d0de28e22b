package casework

import (
	"errors"
	"time"

	"zutuan/internal/cashflow"
	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
)

// File is an input as it was handed in. The zero File means that nothing was.
type File struct {
	Name string
	Data []byte
}

func (f File) given() bool { return f.Name != "" }

// Papers are the files of one case. Requirement is needed; without the others the rules that need them are undecided.
type Papers struct {
	Requirement File
	Ledger      File
	Fiscal      File
	// LedgerAsOf is the day of the ledger's balances where the ledger does not say it itself. Zero: the last day before the
	// requirement starts.
	LedgerAsOf time.Time
}

// Case is one requirement with what belongs to it: the ledger of existing debt and the region's fiscal profile, either
// of which may be nil.
type Case struct {
	Requirement *funding.Requirement
	Conditions  map[string]cashflow.StartCondition
	Ledger      *funding.Ledger
	Fiscal      *funding.FiscalProfile
	// existing is what the cluster pays on ledger instruments, by quarter index over funding.MaxQuarters.
	existing []money.Amount
}

// ReadCase reads all papers and joins them. The error is document.Problems with what is wrong in any of them.
func ReadCase(papers Papers) (*Case, error) {
	var problems document.Problems
	requirement, conditions, err := ReadRequirement(papers.Requirement.Name, papers.Requirement.Data)
	problems = collect(problems, err)
	kase := &Case{Requirement: requirement, Conditions: conditions}
	if papers.Ledger.given() {
		asOf := papers.LedgerAsOf
		switch {
		case !asOf.IsZero():
		case requirement != nil:
			asOf = requirement.Start.FirstDay().AddDate(0, 0, -1)
		default:
			// The requirement is refused already; the ledger's own mistakes are looked for all the same, on any day.
			asOf = SampleDate
		}
		kase.Ledger, err = funding.ReadLedger(papers.Ledger.Name, papers.Ledger.Data, asOf)
		problems = collect(problems, err)
	}
	if papers.Fiscal.given() {
		kase.Fiscal, err = funding.ReadFiscalProfile(papers.Fiscal.Name, papers.Fiscal.Data)
		problems = collect(problems, err)
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	if err := kase.joinLedger(papers.Requirement.Name); err != nil {
		return nil, err
	}
	return kase, nil
}

// ReadRequirementAlone reads a requirement without its papers. Existing debt that it names is not looked for, so its cash
// flow before financing is right and its coverage is not.
func ReadRequirementAlone(name string, data []byte) (*Case, error) {
	requirement, conditions, err := ReadRequirement(name, data)
	if err != nil {
		return nil, err
	}
	return &Case{Requirement: requirement, Conditions: conditions}, nil
}

// collect adds an error to the problems found so far; one that is no list of problems becomes one of its own.
func collect(problems document.Problems, err error) document.Problems {
	var found document.Problems
	switch {
	case err == nil:
		return problems
	case errors.As(err, &found):
		return append(problems, found...)
	default:
		return append(problems, document.Problem{Code: "unreadable", ZH: err.Error(), EN: err.Error()})
	}
}

// joinLedger finds the instruments that the cluster pays. One that is named but cannot be found would make every cover
// ratio too good, so it is an error.
func (c *Case) joinLedger(file string) error {
	if len(c.Requirement.DebtService) == 0 {
		return nil
	}
	if err := checkDebtService(file, c.Requirement, c.Ledger); err != nil {
		return err
	}
	c.existing = loan.LedgerService(c.Ledger, c.Requirement.DebtService, c.Requirement.Start, funding.MaxQuarters)
	return nil
}

// Simulate draws up the statement over a number of quarters, 0 for the horizon.
func (c *Case) Simulate(quarters int) (*cashflow.Result, error) {
	return cashflow.Simulate(cashflow.Input{Requirement: c.Requirement, Conditions: c.Conditions, ExistingDebtService: c.existing, Quarters: quarters})
}
