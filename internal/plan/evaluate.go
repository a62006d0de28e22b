package plan

import (
	"sort"

	"zutuan/internal/cashflow"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

// Input is a plan with everything that its judgement depends on.
type Input struct {
	Requirement *funding.Requirement
	// Statement is the requirement's simulation, carried on for at least Quarters(...) quarters.
	Statement *cashflow.Result
	Lines     []Line
	// Existing is what the cluster pays besides, on instruments of the ledger.
	Existing []*loan.Schedule
}

// Quarters returns how long a statement has to be to judge the lines: the horizon, or the end of the last loan year
// and the last service of any debt, at most funding.MaxQuarters.
func Quarters(requirement *funding.Requirement, lines []Line, existing []*loan.Schedule) int {
	length := requirement.Horizon
	schedules := Schedules(lines)
	if last, ok := loan.LastLoanQuarter(schedules); ok {
		length = max(length, last.Since(requirement.Start)+1)
	}
	for _, schedule := range append(schedules, existing...) {
		if len(schedule.Rows) > 0 {
			length = max(length, schedule.LastQuarter().Since(requirement.Start)+1)
		}
	}
	return min(length, funding.MaxQuarters)
}

// Evaluation is what a plan comes to. Measures are absent where they do not exist (no debt, no capital, …).
type Evaluation struct {
	Coverage loan.CoverageResult
	// Quarters is the plan by quarter from the requirement's start.
	Quarters []QuarterRow

	// Debt is Σ commitments of debt lines; the others are parts of it.
	Debt               money.Amount
	GovernmentDebt     money.Amount
	GeneralDebt        money.Amount
	SpecialDebt        money.Amount
	SpecialBonds       money.Amount
	SpecialBondCapital money.Amount
	// Capital is the requirement's capital with the lines that count as capital; QuasiEquity the equity-type instruments
	// among the lines (those inside the requirement's capital are a declaration of the project, not of the plan).
	Capital     money.Amount
	QuasiEquity money.Amount
	Grants      money.Amount
	Investment  money.Amount
	// InterestDuringConstruction falls due up to the last quarter with investment; Total is investment and that interest.
	InterestDuringConstruction money.Amount
	Total                      money.Amount

	CapitalRatio       loan.Measure
	LargestLenderShare loan.Measure
	LargestLender      string

	// DebtService and SpecialBondService are principal and interest over the whole life; NetIncome is Σ CFADS from the
	// first draw to the last service of the plan's debt.
	DebtService        money.Amount
	SpecialBondService money.Amount
	NetIncome          money.Amount

	LongestTenorQuarters int
	LongestLoanQuarters  int
	// LastPrincipalIndex is the index of the last principal payment, −1 where none falls due.
	LastPrincipalIndex int

	// UnfundedGap is the largest amount by which cash stays below the minimum; UnfundedQuarter the first quarter in which
	// it does, 0 where it never does.
	UnfundedGap     money.Amount
	UnfundedQuarter quarter.Quarter

	WorkingCapitalLoan bool
	// CommercialMatching: special bonds together with loans for the same project (专项债配套融资).
	CommercialMatching bool

	// Worst is the loan year with the lowest DSCR, WorstInterest the one with the lowest ICR; nil where there is none.
	Worst         *WorstYear
	WorstInterest *WorstYear
}

// WorstYear is the loan year that decides a minimum: the measure is Numerator / Denominator.
type WorstYear struct {
	First       quarter.Quarter
	Numerator   money.Amount
	Denominator money.Amount
}

// QuarterRow is one quarter of a plan. Service is interest paid, principal and fees of the lines; Closing is cash after
// everything.
type QuarterRow struct {
	Quarter  quarter.Quarter
	CFADS    money.Amount
	Invest   money.Amount
	Capital  money.Amount
	Grants   money.Amount
	Draws    money.Amount
	Interest money.Amount
	// Principal and Fees are of the lines, Existing is the service of existing debt.
	Principal money.Amount
	Fees      money.Amount
	Existing  money.Amount
	Closing   money.Amount
}

// Evaluate judges a plan. It reads its input and changes nothing.
func Evaluate(in Input) *Evaluation {
	e := &Evaluation{LastPrincipalIndex: -1, Investment: in.Statement.Summary.TotalInvestment}
	coverage := coverageInput(in)
	e.Coverage = loan.Coverage(coverage)
	e.addLines(in)
	e.rows(in, coverage)
	e.ratios(in)
	e.shortfalls()
	e.worstYears(coverage)
	return e
}

func coverageInput(in Input) loan.CoverageInput {
	statement := in.Statement
	length := statement.Quarters
	capital := append([]money.Amount(nil), statement.Capital...)
	grants := append([]money.Amount(nil), statement.Grants...)
	for i := range in.Lines {
		line := &in.Lines[i]
		if line.Schedule != nil {
			continue
		}
		column := capital
		if line.CountsAs == CountsAsGrant {
			column = grants
		}
		for _, draw := range line.Draws {
			if at := draw.Quarter.Since(statement.Start); at >= 0 && at < length {
				column[at] += draw.Amount
			}
		}
	}
	return loan.CoverageInput{
		Start: statement.Start, CFADS: statement.CFADS, Operating: operating(statement), Net: statement.Net, Capital: capital, Grants: grants,
		OpeningCash: in.Requirement.OpeningCash, MinimumCash: in.Requirement.MinimumCash,
		ProjectQuarters: cashflow.ProjectQuarters(in.Requirement), Financing: Schedules(in.Lines), Existing: in.Existing,
	}
}

// operating returns inflow − cost − surtax − depreciation by quarter. Depreciation is taken as the difference of exact
// running sums, so that a loan year's sum is never off by the rounding of its quarters.
func operating(statement *cashflow.Result) []money.Amount {
	column := make([]money.Amount, statement.Quarters)
	before := money.Amount(0)
	for q := range column {
		upTo := statement.DepreciationBetween(0, q+1)
		column[q] = statement.Inflow[q] - statement.Cost[q] - statement.Surtax[q] - (upTo - before)
		before = upTo
	}
	return column
}

func (e *Evaluation) addLines(in Input) {
	loans := false
	for i := range in.Lines {
		line := &in.Lines[i]
		e.addBooking(line)
		if line.Schedule != nil {
			e.LongestTenorQuarters = max(e.LongestTenorQuarters, line.TenorQuarters)
		}
		if line.IsLoan() {
			loans = true
			e.LongestLoanQuarters = max(e.LongestLoanQuarters, line.TenorQuarters)
			e.WorkingCapitalLoan = e.WorkingCapitalLoan || line.WorkingCapital
		}
	}
	e.CommercialMatching = loans && e.SpecialBonds > 0
	e.Capital += in.Statement.Summary.CapitalTotal
	e.Grants += in.Statement.Summary.GrantsTotal
}

func (e *Evaluation) addBooking(line *Line) {
	service := money.Amount(0)
	if line.Schedule != nil {
		service = line.Schedule.TotalPrincipal + line.Schedule.TotalInterest
		for i := range line.Schedule.Rows {
			// Capitalized interest is in the principal already.
			service -= line.Schedule.Rows[i].Capitalized
		}
	}
	switch line.CountsAs {
	case CountsAsDebt:
		e.Debt += line.Commitment
		e.DebtService += service
	case CountsAsQuasiEquity:
		e.QuasiEquity += line.Drawn()
	case CountsAsGrant:
		e.Grants += line.Drawn()
	}
	if line.IsCapital() {
		e.Capital += line.Drawn()
	}
	switch line.GovernmentDebt {
	case GovernmentGeneral:
		e.GovernmentDebt += line.Commitment
		e.GeneralDebt += line.Commitment
	case GovernmentSpecial:
		e.GovernmentDebt += line.Commitment
		e.SpecialDebt += line.Commitment
	}
	if line.IsSpecialBond() {
		e.SpecialBonds += line.Commitment
		e.SpecialBondService += service
		if line.AsCapital {
			e.SpecialBondCapital += line.Commitment
		}
	}
}

// rows draws up the plan by quarter and what follows from its quarters.
func (e *Evaluation) rows(in Input, coverage loan.CoverageInput) {
	statement := in.Statement
	e.Quarters = make([]QuarterRow, len(e.Coverage.Cash))
	for q := range e.Quarters {
		row := QuarterRow{Quarter: statement.Start.Add(q), Closing: e.Coverage.Cash[q]}
		if q < statement.Quarters {
			row.CFADS, row.Invest, row.Capital, row.Grants = statement.CFADS[q], statement.Invest[q], coverage.Capital[q], coverage.Grants[q]
		}
		e.Quarters[q] = row
	}
	firstDraw, lastService := -1, -1
	for _, schedule := range coverage.Financing {
		e.eachRow(schedule, statement.Start, func(q int, row *loan.Row) {
			out := &e.Quarters[q]
			out.Draws += row.Draw
			out.Interest += row.InterestPaid()
			out.Principal += row.Principal
			out.Fees += row.Fees
			if row.Draw > 0 && (firstDraw < 0 || q < firstDraw) {
				firstDraw = q
			}
			if row.Service() > 0 {
				lastService = max(lastService, q)
			}
			if row.Principal > 0 {
				e.LastPrincipalIndex = max(e.LastPrincipalIndex, q)
			}
		})
	}
	for _, schedule := range coverage.Existing {
		e.eachRow(schedule, statement.Start, func(q int, row *loan.Row) { e.Quarters[q].Existing += row.Service() })
	}
	for q := max(firstDraw, 0); q <= lastService && q < statement.Quarters; q++ {
		e.NetIncome += statement.CFADS[q]
	}
	e.constructionInterest(statement, coverage.Financing)
}

func (e *Evaluation) eachRow(schedule *loan.Schedule, start quarter.Quarter, visit func(q int, row *loan.Row)) {
	for i := range schedule.Rows {
		row := &schedule.Rows[i]
		if q := row.Quarter.Since(start); q >= 0 && q < len(e.Quarters) {
			visit(q, row)
		}
	}
}

// constructionInterest adds the interest that falls due while money is still being invested (建设期利息).
func (e *Evaluation) constructionInterest(statement *cashflow.Result, financing []*loan.Schedule) {
	last := -1
	for q, amount := range statement.Invest {
		if amount > 0 {
			last = q
		}
	}
	for _, schedule := range financing {
		e.eachRow(schedule, statement.Start, func(q int, row *loan.Row) {
			if q <= last {
				e.InterestDuringConstruction += row.Interest
			}
		})
	}
	e.Total = e.Investment + e.InterestDuringConstruction
}

func (e *Evaluation) ratios(in Input) {
	e.CapitalRatio = share(e.Capital, e.Investment)
	byInstitution := map[string]money.Amount{}
	for i := range in.Lines {
		if line := &in.Lines[i]; line.IsDebt() {
			byInstitution[line.Institution] += line.Commitment
		}
	}
	names := make([]string, 0, len(byInstitution))
	for name := range byInstitution {
		names = append(names, name)
	}
	sort.Strings(names)
	largest := money.Amount(0)
	for _, name := range names {
		if byInstitution[name] > largest {
			largest, e.LargestLender = byInstitution[name], name
		}
	}
	e.LargestLenderShare = share(largest, e.Debt)
}

func share(part, whole money.Amount) loan.Measure {
	value, ok := money.Ratio(part, whole)
	return loan.Measure{Value: value, Known: ok}
}

func (e *Evaluation) shortfalls() {
	for _, shortfall := range e.Coverage.Shortfalls {
		if e.UnfundedQuarter == 0 {
			e.UnfundedQuarter = shortfall.Quarter
		}
		e.UnfundedGap = max(e.UnfundedGap, shortfall.Amount)
	}
}

// worstYears finds the loan years that decide the minima; of equals the first.
func (e *Evaluation) worstYears(coverage loan.CoverageInput) {
	var dscr, icr loan.Measure
	for i := range e.Coverage.Years {
		year := &e.Coverage.Years[i]
		if year.DSCR.Known && (!dscr.Known || year.DSCR.Value.LessThan(dscr.Value)) {
			dscr = year.DSCR
			e.Worst = &WorstYear{First: year.First, Numerator: year.CFADS, Denominator: year.Service}
		}
		if year.ICR.Known && (!icr.Known || year.ICR.Value.LessThan(icr.Value)) {
			icr = year.ICR
			from := year.First.Since(coverage.Start)
			profit := money.Amount(0)
			for q := from; q < from+4 && q < len(coverage.Operating); q++ {
				profit += coverage.Operating[q]
			}
			e.WorstInterest = &WorstYear{First: year.First, Numerator: profit, Denominator: year.Interest}
		}
	}
}
