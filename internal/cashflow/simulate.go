package cashflow

import (
	"errors"
	"fmt"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

// StartCondition is a compiled `when` of a unit that waits. Ready is asked with the state of the unit it waits for
// and must be pure: the same state gives the same answer.
type StartCondition interface {
	Ready(UnitState) (bool, error)
}

// UnitState is what a waiting unit sees of the unit it waits for, at the END of a quarter. All zero, with Started
// false, for a unit that has not started.
type UnitState struct {
	// Quarters is how many quarters the unit has completed since its start: 1 at the end of its first quarter.
	Quarters int
	// Invested is Σ invest so far; InvestedShare is that over the unit's whole investment, rounded half-up to 6
	// decimals, and zero for a unit that invests nothing.
	Invested      money.Amount
	InvestedShare money.Decimal
	// CumulativeInflow is Σ counted income; CumulativeNet is Σ (inflow − cost − the unit's own surtax − invest).
	CumulativeInflow money.Amount
	CumulativeNet    money.Amount
	// Occupancy is in millionths.
	Occupancy int64
	Started   bool
}

// Input is everything a simulation depends on.
type Input struct {
	Requirement *funding.Requirement
	// Conditions holds the compiled `when` of every waiting unit, by the waiting unit's code.
	Conditions map[string]StartCondition
	// ExistingDebtService is what the cluster pays on existing instruments, by quarter index; shorter means zero after.
	ExistingDebtService []money.Amount
	// Quarters is the length of the statement: 0 for the requirement's horizon, at most funding.MaxQuarters. A longer
	// statement than the horizon carries the columns on for debt service; the summary stays that of the horizon.
	Quarters int
}

// Errors of Simulate; all of them mean that the caller put together an input that ReadRequirement would not.
var (
	ErrLength    = errors.New("the length of a statement is from 1 to 160 quarters and at least the horizon")
	ErrCondition = errors.New("a waiting unit has no compiled condition")
	ErrUnit      = errors.New("a unit waits for a unit that does not exist")
)

func (in Input) quarters() (int, error) {
	length := in.Quarters
	if length == 0 {
		length = in.Requirement.Horizon
	}
	if length < 1 || length > funding.MaxQuarters || length < in.Requirement.Horizon || in.Requirement.Horizon < 1 {
		return 0, ErrLength
	}
	return length, nil
}

// Result is a simulated requirement. Columns are indexed by quarter, 0 = Start.
type Result struct {
	Start   quarter.Quarter
	Horizon int
	// Quarters is the length of the columns, Horizon or more.
	Quarters int
	Statement
	Units   []UnitOutcome
	Lines   []Line
	Summary Summary
	// Notes are what a person should know about this simulation although it could be carried out.
	Notes []Note
}

// UnitOutcome is when a unit started and what it invested.
type UnitOutcome struct {
	Code string
	Name string
	// Started false: the unit never started within the horizon, and the other fields are zero.
	Started bool
	// StartIndex is 0-based; Start is the same as a calendar quarter.
	StartIndex int
	Start      quarter.Quarter
	// EndOfInvestment is the quarter of the last investment, which may lie after the horizon; 0 where the unit
	// invests nothing.
	EndOfInvestment quarter.Quarter
	// Invested is Σ invest within the horizon.
	Invested money.Amount
}

// Summary is the requirement in a dozen figures, over the horizon.
type Summary struct {
	TotalInvestment money.Amount
	CapitalTotal    money.Amount
	GrantsTotal     money.Amount
	// CapitalRatio is capital / total investment to 6 decimals; nil without investment.
	CapitalRatio *money.Decimal
	// PeakGap is max(0, the largest gap before debt); PeakIndex is the first quarter that reaches it, −1 where the
	// gap is never positive.
	PeakGap   money.Amount
	PeakIndex int
	// AllAtOncePeakGap is the peak gap with every waiting unit started at its earliest; RollingSaving is the difference.
	AllAtOncePeakGap money.Amount
	RollingSaving    money.Amount
	// FIRR is annual effective, to 6 decimals; nil where net has no root.
	FIRR *money.Decimal
	FNPV money.Amount
	// PaybackYears is to 6 decimals; nil where net is not paid back within the horizon.
	PaybackYears *money.Decimal
}

// Note is a remark on the simulation.
type Note struct {
	Code string
	Unit string
	// Quarter is the first quarter that the note is about.
	Quarter quarter.Quarter
	Text    funding.Text
}

// Codes of notes.
const (
	NoteConditionFailed   = "condition_failed"
	NoteNeverStarted      = "never_started"
	NoteInvestPastHorizon = "invest_past_horizon"
)

// Simulate lets the units start, draws up the statement, and compares it with starting everything at once.
func Simulate(input Input) (*Result, error) {
	length, err := input.quarters()
	if err != nil {
		return nil, err
	}
	requirement := input.Requirement
	work := newBuilder(requirement, length)
	profiles := make([]*profile, len(requirement.Units))
	for i := range requirement.Units {
		if profiles[i], err = work.profile(&requirement.Units[i]); err != nil {
			return nil, err
		}
	}
	capital, grants, err := work.financing(requirement, input.ExistingDebtService)
	if err != nil {
		return nil, err
	}
	result := &Result{Start: requirement.Start, Horizon: requirement.Horizon, Quarters: length}
	starts, err := result.rollingStarts(input, profiles)
	if err != nil {
		return nil, err
	}
	sheet := statementInput{requirement: requirement, profiles: profiles, capital: capital, grants: grants, existing: input.ExistingDebtService, denominator: commonDenominator(profiles)}
	if result.Statement, err = work.statement(sheet, starts, length); err != nil {
		return nil, err
	}
	result.Lines = work.lines
	result.outcomes(profiles, starts)
	result.summarize(sheet, starts)
	if err := result.compareAllAtOnce(work, sheet, starts); err != nil {
		return nil, err
	}
	return result, nil
}

// financing expands capital and grants, whose offsets count from the requirement's start, and bounds what is paid on
// existing debt with them.
func (b *builder) financing(requirement *funding.Requirement, existing []money.Amount) (capital, grants []money.Amount, err error) {
	capital, grants = b.column(), b.column()
	for _, part := range []struct {
		lines []funding.FundingLine
		sum   []money.Amount
	}{{requirement.Capital, capital}, {requirement.Grants, grants}} {
		for _, line := range part.lines {
			column, err := b.expand(line.Series)
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %w", line.Name, err)
			}
			addTo(part.sum, column)
		}
	}
	return capital, grants, b.count(existing)
}

// outcomes records when each unit started and gives its lines their place in time.
func (r *Result) outcomes(profiles []*profile, starts []int) {
	r.Units = make([]UnitOutcome, len(profiles))
	for i, p := range profiles {
		outcome := UnitOutcome{Code: p.unit.Code, Name: p.unit.Name, Started: starts[i] >= 0}
		if outcome.Started {
			outcome.StartIndex = starts[i]
			outcome.Start = r.Start.Add(starts[i])
			outcome.Invested = p.investedBy(r.Horizon - starts[i])
			if p.lastInvest >= 0 {
				outcome.EndOfInvestment = outcome.Start.Add(p.lastInvest)
			}
			if starts[i]+p.lastInvest >= r.Horizon {
				r.note(NoteInvestPastHorizon, p.unit.Code, r.Start.Add(r.Horizon), "单元 "+p.unit.Code+" 的部分投资落在计算期之后，不计入总投资",
					"part of the investment of unit "+p.unit.Code+" falls after the horizon and is not in the total investment")
			}
		} else {
			r.note(NoteNeverStarted, p.unit.Code, r.Start, "单元 "+p.unit.Code+" 在计算期内未能启动", "unit "+p.unit.Code+" does not start within the horizon")
		}
		r.Units[i] = outcome
		for j := range p.lines {
			line := &p.lines[j]
			line.start, line.until = starts[i], r.Quarters
			if line.Kind != LineInvest && r.replaced {
				line.until = r.Horizon
			}
		}
	}
}

func (r *Result) note(code, unit string, at quarter.Quarter, zh, en string) {
	r.Notes = append(r.Notes, Note{Code: code, Unit: unit, Quarter: at, Text: funding.Text{ZH: zh, EN: en}})
}
