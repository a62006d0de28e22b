// Package plan holds what a financing plan (项目投融资计划) is – lines, each one source of money with its draws and its
// schedule – and judges it: combined service, coverage, cash, capital, concentration, match of tenors. However a plan came
// to be, typed in, started from offers or built, it is judged here by the same exact computation (plan.md). It is pure:
// no I/O, no clock, no binary floats on the way to a figure.
package plan

import (
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

// How a line is booked, the words of funding.CountsAs.
const (
	CountsAsDebt        = "debt"
	CountsAsEquity      = "equity"
	CountsAsQuasiEquity = "quasi_equity"
	CountsAsGrant       = "grant"
)

// Which statutory limit a line takes from, the words of a product's government_debt; empty for none.
const (
	GovernmentGeneral = "general"
	GovernmentSpecial = "special"
)

// KindSpecialBond is the kind of product that bonds of a local government (政府债券) are; see IsSpecialBond.
const KindSpecialBond = "special_bond"

// loanKinds are the kinds of product that are loans of a lender, which the rules on loans look at.
var loanKinds = map[string]bool{"policy_loan": true, "development_loan": true, "dfi_loan": true, "commercial_loan": true}

// Line is one source of a plan.
type Line struct {
	// ID tells lines of one plan apart; the product's id where a product is used once.
	ID             string
	Product        string
	ProductVersion int
	Name           funding.Text
	// Institution is the id of the institution record; InstitutionName and InstitutionType are of that record.
	Institution     string
	InstitutionName funding.Text
	InstitutionType string
	// Kind is one of funding.ProductKinds, CountsAs one of funding.CountsAs.
	Kind     string
	CountsAs string
	// GovernmentDebt says which statutory limit a draw takes from: empty, general or special.
	GovernmentDebt string
	// AsCapital marks a special bond that is used as project capital (专项债用作资本金): it stays debt of the government
	// and counts as capital of the project.
	AsCapital bool
	// WorkingCapital marks a working-capital loan (流动资金贷款).
	WorkingCapital bool
	// Commitment is what the source holds ready, at least the sum of the draws.
	Commitment money.Amount
	// Schedule is the line's life, draws included; nil for money that is not paid back.
	Schedule *loan.Schedule
	// Terms are those that Schedule follows from, draws included; nil where the line was not made from terms of its own.
	Terms *loan.Terms
	// Draws are the payments of a line without schedule.
	Draws         []loan.Draw
	TenorQuarters int
	GraceQuarters int
	Rate          money.Decimal
	// Illustrative marks a line whose product terms are examples.
	Illustrative bool
}

// IsDebt reports whether the line is paid back by contract and booked as debt.
func (l *Line) IsDebt() bool { return l.CountsAs == CountsAsDebt }

// IsLoan reports whether the line is a loan of a lender, as against a bond, a lease or a share.
func (l *Line) IsLoan() bool { return l.IsDebt() && loanKinds[l.Kind] && l.GovernmentDebt == "" }

// IsSpecialBond reports whether the line is a special bond; a general bond is of the same kind and takes from the other
// limit.
func (l *Line) IsSpecialBond() bool {
	return l.Kind == KindSpecialBond && l.GovernmentDebt == GovernmentSpecial
}

// IsCapital reports whether the line counts as project capital.
func (l *Line) IsCapital() bool {
	return l.CountsAs == CountsAsEquity || l.CountsAs == CountsAsQuasiEquity || l.AsCapital
}

// Drawn returns what the line pays out in all.
func (l *Line) Drawn() money.Amount {
	var total money.Amount
	l.eachDraw(func(_ quarter.Quarter, amount money.Amount) { total += amount })
	return total
}

func (l *Line) eachDraw(visit func(q quarter.Quarter, amount money.Amount)) {
	if l.Schedule == nil {
		for _, draw := range l.Draws {
			visit(draw.Quarter, draw.Amount)
		}
		return
	}
	for i := range l.Schedule.Rows {
		if row := &l.Schedule.Rows[i]; row.Draw != 0 {
			visit(row.Quarter, row.Draw)
		}
	}
}

// YearFlow is what one or several debts do in a calendar year. Interest is the interest that falls due, capitalized or
// paid; Closing is the balance at the end of the year.
type YearFlow struct {
	Draw      money.Amount
	Interest  money.Amount
	Principal money.Amount
	Closing   money.Amount
}

// Service returns principal and interest of the year (还本付息).
func (f YearFlow) Service() money.Amount { return f.Principal + f.Interest }

// ScheduleYear returns what a schedule does in a calendar year.
func ScheduleYear(schedule *loan.Schedule, year int) YearFlow {
	var flow YearFlow
	if schedule == nil {
		return flow
	}
	for i := range schedule.Rows {
		row := &schedule.Rows[i]
		if row.Quarter.Year() > year {
			break
		}
		flow.Closing = row.Closing
		if row.Quarter.Year() == year {
			flow.Draw += row.Draw
			flow.Interest += row.Interest
			flow.Principal += row.Principal
		}
	}
	return flow
}

// GovernmentYear adds up a calendar year of the lines that take from a statutory limit: class general, special, or
// empty for both.
func GovernmentYear(lines []Line, class string, year int) YearFlow {
	var total YearFlow
	for i := range lines {
		line := &lines[i]
		if line.GovernmentDebt == "" || class != "" && line.GovernmentDebt != class {
			continue
		}
		flow := ScheduleYear(line.Schedule, year)
		total.Draw += flow.Draw
		total.Interest += flow.Interest
		total.Principal += flow.Principal
		total.Closing += flow.Closing
	}
	return total
}

// Schedules returns the schedules of the lines that have one.
func Schedules(lines []Line) []*loan.Schedule {
	var schedules []*loan.Schedule
	for i := range lines {
		if lines[i].Schedule != nil {
			schedules = append(schedules, lines[i].Schedule)
		}
	}
	return schedules
}

// Years returns the first and last calendar year in which a line draws or pays; zeros where none does.
func Years(lines []Line) (first, last int) {
	take := func(q quarter.Quarter) {
		if first == 0 || q.Year() < first {
			first = q.Year()
		}
		last = max(last, q.Year())
	}
	for i := range lines {
		lines[i].eachDraw(func(q quarter.Quarter, _ money.Amount) { take(q) })
		if schedule := lines[i].Schedule; schedule != nil && len(schedule.Rows) > 0 {
			take(schedule.LastQuarter())
		}
	}
	return first, last
}
