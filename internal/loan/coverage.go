package loan

import (
	"math/big"

	"zutuan/internal/money"
	"zutuan/internal/quarter"
	"zutuan/internal/yield"
)

// CoverageInput is the money that comes in and the debt that it has to serve. Every series starts in the quarter Start
// and may be shorter than the others; what is missing is zero. CFADS and Operating should reach to the end of the last
// loan year (LastLoanQuarter), which may lie up to three quarters after the last debt service; CFADS further on, to the
// end of the horizon with its after_horizon part, counts for PLCR alone.
type CoverageInput struct {
	Start quarter.Quarter
	CFADS []money.Amount
	// Operating is inflow − cost − surtax − depreciation, the numerator of ICR.
	Operating []money.Amount
	// Net is CFADS − invest (and the working capital given back), as the statement has it.
	Net         []money.Amount
	Capital     []money.Amount
	Grants      []money.Amount
	OpeningCash money.Amount
	MinimumCash money.Amount
	// ProjectQuarters is how many quarters of CFADS count for PLCR, the horizon with its after_horizon part; the last debt
	// service counts in any case. 0: all that are given.
	ProjectQuarters int
	// Financing is the new debt; Existing what the cluster pays besides.
	Financing []*Schedule
	Existing  []*Schedule
}

// LoanYear is four quarters, counted from the first quarter in which any financing principal falls due.
type LoanYear struct {
	Year     int // 1-based
	First    quarter.Quarter
	CFADS    money.Amount
	Service  money.Amount
	Interest money.Amount
	DSCR     Measure
	ICR      Measure
}

// Shortfall is a quarter that closes below the minimum cash.
type Shortfall struct {
	Quarter quarter.Quarter `json:"quarter"`
	Amount  money.Amount    `json:"amount"`
}

// CoverageResult is what finance.md, Coverage, defines. Measures are absent where nothing falls due.
type CoverageResult struct {
	Years []LoanYear
	// DSCRs are those of the years that have debt service; only Cover works them out.
	DSCRs   []Measure
	MinDSCR Measure
	AvgDSCR Measure
	MinICR  Measure
	AvgICR  Measure
	LLCR    Measure
	PLCR    Measure
	// Cash is what is left after financing at the end of each quarter from Start on.
	Cash       []money.Amount
	Shortfalls []Shortfall
	Tenor      TenorMatch
}

// CoverParts says which measures of a Coverage are wanted.
type CoverParts uint8

const (
	// CoverYears is the loan years; CoverLeast the least and the average DSCR and ICR of them.
	CoverYears CoverParts = 1 << iota
	CoverLeast
	// CoverDSCRs is the DSCR of each loan year alone.
	CoverDSCRs
	// CoverLife is LLCR and PLCR.
	CoverLife
	// CoverSlack is GraceSlackQuarters of the tenor match.
	CoverSlack
	// CoverCash is the cash, its shortfalls and the rest of the tenor match.
	CoverCash
	coverAll = CoverYears | CoverLeast | CoverLife | CoverSlack | CoverCash
)

// Coverage says how the money covers the debt. Loan years without debt service are left out of DSCR, without interest
// out of ICR.
func Coverage(input CoverageInput) CoverageResult {
	return new(debtFlows).coverage(input, coverAll)
}

// coverage works out the wanted parts in memory that may have been used before; nothing of that is in the result.
func (d *debtFlows) coverage(input CoverageInput, wanted CoverParts) CoverageResult {
	d.gather(input)
	result := CoverageResult{}
	if wanted&CoverCash != 0 {
		result.Cash, result.Shortfalls = d.cash(input)
		result.Tenor = d.tenorMatch(input, result.Cash)
	}
	if d.firstPrincipal < 0 {
		return result
	}
	if wanted&CoverYears != 0 {
		result.Years = d.loanYears(input)
	}
	if wanted&CoverDSCRs != 0 {
		result.DSCRs = d.ratios(input.CFADS, d.service)
	}
	if wanted&CoverLeast != 0 {
		result.MinDSCR, result.AvgDSCR = d.leastAndAverage(input.CFADS, d.service)
		result.MinICR, result.AvgICR = d.leastAndAverage(input.Operating, d.interest)
	}
	if wanted&CoverLife != 0 {
		outstanding, rate := d.outstanding()
		result.LLCR = d.lifeCover(input.CFADS, d.lastService+1, outstanding, rate)
		projectEnd := len(input.CFADS)
		if input.ProjectQuarters > 0 {
			projectEnd = max(input.ProjectQuarters, d.lastService+1)
		}
		result.PLCR = d.lifeCover(input.CFADS, projectEnd, outstanding, rate)
	}
	if wanted&CoverSlack != 0 {
		result.Tenor.GraceSlackQuarters, result.Tenor.GraceKnown = d.graceSlack(input.CFADS)
	}
	return result
}

// LastLoanQuarter returns the last quarter of the last loan year, and false where no principal falls due: how far a
// statement should reach for Coverage.
func LastLoanQuarter(financing []*Schedule) (quarter.Quarter, bool) {
	first, last := principalSpan(financing)
	if first == 0 {
		return 0, false
	}
	return last.Add(3 - last.Since(first)%4), true
}

// principalSpan returns the first and last quarter in which principal falls due, 0 where none does.
func principalSpan(schedules []*Schedule) (first, last quarter.Quarter) {
	for _, schedule := range schedules {
		for i := range schedule.Rows {
			row := &schedule.Rows[i]
			if row.Principal == 0 {
				continue
			}
			if first == 0 || row.Quarter < first {
				first = row.Quarter
			}
			last = max(last, row.Quarter)
		}
	}
	return first, last
}

// debtFlows is all debt added up by quarter index.
type debtFlows struct {
	start quarter.Quarter
	count int
	// interest (paid), service (interest, principal and periodic fees) and outflow (service and upfront fees) are of all
	// debt; draws and repaid are of the financing.
	interest, service, outflow, draws, repaid []money.Amount
	// firstPrincipal and lastPrincipal are indices of the financing's principal, −1 where none falls due.
	firstPrincipal, lastPrincipal, lastService int
	schedules                                  []*Schedule
	financing                                  []*Schedule
	// backing holds the five series, terms the ratios of the loan years.
	backing []money.Amount
	terms   []fraction
}

// gather adds all debt up; only the memory of what was gathered before is used again.
func (d *debtFlows) gather(input CoverageInput) {
	schedules, backing, terms := d.schedules[:0], d.backing, d.terms
	*d = debtFlows{start: input.Start, firstPrincipal: -1, lastPrincipal: -1, lastService: -1, financing: input.Financing, terms: terms}
	d.schedules = append(append(schedules, input.Financing...), input.Existing...)
	count := max(len(input.CFADS), len(input.Net), len(input.Capital), len(input.Grants), len(input.Operating))
	for _, schedule := range d.schedules {
		count = max(count, schedule.LastQuarter().Since(input.Start)+1)
	}
	d.count = count
	d.backing = cleared(backing, 5*count)
	for i, list := range [...]*[]money.Amount{&d.interest, &d.service, &d.outflow, &d.draws, &d.repaid} {
		*list = d.backing[i*count : (i+1)*count : (i+1)*count]
	}
	for i, schedule := range d.schedules {
		d.add(schedule, i < len(input.Financing))
	}
	if first, last := principalSpan(input.Financing); first >= input.Start && first != 0 {
		d.firstPrincipal, d.lastPrincipal = first.Since(input.Start), last.Since(input.Start)
	}
}

// add counts the quarters of a schedule that lie at or after the start; what was before is not this statement's.
func (d *debtFlows) add(schedule *Schedule, financing bool) {
	for i := range schedule.Rows {
		row := &schedule.Rows[i]
		at := row.Quarter.Since(d.start)
		if at < 0 {
			continue
		}
		service := row.Service()
		d.interest[at] += row.InterestPaid()
		d.service[at] += service
		d.outflow[at] += service + row.Upfront
		if financing {
			d.draws[at] += row.Draw
			d.repaid[at] += row.Principal
		}
		if service != 0 {
			d.lastService = max(d.lastService, at)
		}
	}
}

// at returns the value of a series that may be too short.
func at(series []money.Amount, index int) money.Amount {
	if index < len(series) {
		return series[index]
	}
	return 0
}

// sum adds the part [from, to) of a series, as far as it reaches.
func sum(series []money.Amount, from, to int) money.Amount {
	total := money.Amount(0)
	for _, value := range series[min(from, len(series)):min(to, len(series))] {
		total += value
	}
	return total
}

func (d *debtFlows) loanYears(input CoverageInput) []LoanYear {
	years := make([]LoanYear, 0, (d.lastPrincipal-d.firstPrincipal)/4+1)
	for from := d.firstPrincipal; from <= d.lastPrincipal; from += 4 {
		year := LoanYear{
			Year: len(years) + 1, First: d.start.Add(from), CFADS: sum(input.CFADS, from, from+4),
			Service: sum(d.service, from, from+4), Interest: sum(d.interest, from, from+4),
		}
		year.DSCR = ratio(year.CFADS, year.Service)
		year.ICR = ratio(sum(input.Operating, from, from+4), year.Interest)
		years = append(years, year)
	}
	return years
}

// cash carries the cash after financing forward: closing = previous + net + capital + grants + draws − what all debt
// costs (finance.md, Coverage).
func (d *debtFlows) cash(input CoverageInput) ([]money.Amount, []Shortfall) {
	closing := make([]money.Amount, d.count)
	var shortfalls []Shortfall
	balance := input.OpeningCash
	for q := range closing {
		balance += at(input.Net, q) + at(input.Capital, q) + at(input.Grants, q) + d.draws[q] - d.outflow[q]
		closing[q] = balance
		if balance < input.MinimumCash {
			shortfalls = append(shortfalls, Shortfall{d.start.Add(q), input.MinimumCash - balance})
		}
	}
	return closing, shortfalls
}

// lifeCover returns the present value of CFADS[firstPrincipal:to] at a quarterly rate over the debt outstanding.
func (d *debtFlows) lifeCover(cfads []money.Amount, to int, outstanding money.Amount, rate *big.Rat) Measure {
	from := min(d.firstPrincipal, len(cfads))
	value, ok := yield.WorthOver(cfads[from:max(from, min(to, len(cfads)))], rate, outstanding)
	return Measure{value, ok}
}

// outstanding returns the debt at the start of the first principal quarter and its quarterly rate, weighted with it: the
// rate in force in that quarter. A loan that is drawn and begins to repay in that very quarter (G = 0) counts with its
// draw, which is on the books when repayment starts.
func (d *debtFlows) outstanding() (money.Amount, *big.Rat) {
	total, first := money.Amount(0), d.start.Add(d.firstPrincipal)
	weighted, single, mixed := new(big.Int), int64(-1), false
	for _, schedule := range d.schedules {
		index := first.Since(schedule.Start)
		if index < 0 || index >= len(schedule.Rows) {
			continue
		}
		row := &schedule.Rows[index]
		balance := row.Opening
		if balance == 0 && row.Principal > 0 {
			balance = row.Draw
		}
		if balance <= 0 {
			continue
		}
		total += balance
		mixed = mixed || single >= 0 && single != row.rate
		single = row.rate
		product := big.NewInt(int64(balance))
		weighted.Add(weighted, product.Mul(product, big.NewInt(row.rate)))
	}
	if !mixed {
		return total, big.NewRat(max(single, 0), quarterUnits)
	}
	over := big.NewInt(int64(total))
	return total, new(big.Rat).SetFrac(weighted, over.Mul(over, big.NewInt(quarterUnits)))
}

// ratios returns the ratio of each loan year in which something is to be covered.
func (d *debtFlows) ratios(cover, covered []money.Amount) []Measure {
	ratios := make([]Measure, 0, (d.lastPrincipal-d.firstPrincipal)/4+1)
	for from := d.firstPrincipal; from <= d.lastPrincipal; from += 4 {
		if year := ratio(sum(cover, from, from+4), sum(covered, from, from+4)); year.Known {
			ratios = append(ratios, year)
		}
	}
	return ratios
}

// leastAndAverage returns the smallest ratio of a loan year and the average of the exact ratios; years in which nothing is
// to be covered do not count.
func (d *debtFlows) leastAndAverage(cover, covered []money.Amount) (least, average Measure) {
	d.terms = d.terms[:0]
	smallest, all := int64(0), true
	for from := d.firstPrincipal; from <= d.lastPrincipal; from += 4 {
		term := fraction{sum(cover, from, from+4), sum(covered, from, from+4)}
		if term.denominator <= 0 {
			continue
		}
		value, ok := term.millionths()
		if all = all && ok; len(d.terms) == 0 || value < smallest {
			smallest = value
		}
		d.terms = append(d.terms, term)
	}
	switch {
	case len(d.terms) == 0:
		return Measure{}, Measure{}
	case all:
		return millionths(smallest), averageOf(d.terms)
	}
	for i, term := range d.terms { // a year whose service is a few fen
		if measure := ratio(term.numerator, term.denominator); i == 0 || measure.Value.LessThan(least.Value) {
			least = measure
		}
	}
	return least, averageOf(d.terms)
}

type fraction struct{ numerator, denominator money.Amount }

// millionths returns the fraction rounded half-up to 6 decimals, in millionths, and false where that leaves an int64.
func (f fraction) millionths() (int64, bool) {
	if f.numerator.Abs()/f.denominator >= 1<<40 {
		return 0, false
	}
	return int64(money.MulDiv(f.numerator, million, int64(f.denominator))), true
}

// averageOf averages exact fractions. The part of each after the point is cut to 1e-15 towards zero, which leaves the
// sum less than len(terms) units of 1e-15 from the exact one on either side; where both bounds round alike, that is the
// answer.
func averageOf(terms []fraction) Measure {
	if len(terms) == 0 {
		return Measure{}
	}
	const scale = 1_000_000_000_000_000
	wholes, parts, n := int64(0), int64(0), int64(len(terms))
	for _, term := range terms {
		whole := term.numerator / term.denominator
		if whole > 1<<40 || whole < -1<<40 { // a year whose service is a few fen
			return exactAverage(terms)
		}
		wholes += int64(whole)
		parts += int64(money.MulDiv(term.numerator-whole*term.denominator, scale, int64(term.denominator)))
	}
	parts += wholes % n * scale
	over := n * (scale / million)
	low, high := money.MulDiv(money.Amount(parts-n), 1, over), money.MulDiv(money.Amount(parts+n), 1, over)
	if low != high {
		return exactAverage(terms)
	}
	return millionths(wholes/n*million + int64(low))
}

func exactAverage(terms []fraction) Measure {
	sum := new(big.Rat)
	for _, term := range terms {
		sum.Add(sum, big.NewRat(int64(term.numerator), int64(term.denominator)))
	}
	sum.Quo(sum, big.NewRat(int64(len(terms)), 1))
	return measureOf(sum.Num(), sum.Denom())
}
