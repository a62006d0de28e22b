package loan

import (
	"fmt"

	"zutuan/internal/document"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

const (
	// trillion is the unit in which rates are whole numbers.
	trillion = 1_000_000_000_000
	// quarterUnits divides an annual rate in trillionths into a quarter's; halfUnits does it for sums counted twice.
	quarterUnits = 4 * trillion
	halfUnits    = 8 * trillion
)

// Row is one quarter of a schedule. Closing = Opening + Draw + Capitalized − Principal.
type Row struct {
	Quarter quarter.Quarter
	Opening money.Amount
	Draw    money.Amount
	// Interest is the interest that falls due at the end of the quarter; Capitalized is the part of it that is added to
	// the balance instead of being paid.
	Interest    money.Amount
	Capitalized money.Amount
	Principal   money.Amount
	// Fees are all fees of the quarter; Upfront is the part of them that is due with the first draw.
	Fees    money.Amount
	Upfront money.Amount
	Closing money.Amount
	// rate is the annual nominal rate of the quarter, in trillionths.
	rate int64
}

// InterestPaid returns the interest that is paid in cash.
func (r Row) InterestPaid() money.Amount { return r.Interest - r.Capitalized }

// Service returns what the borrower pays in the quarter for debt already drawn: interest, principal and periodic fees.
// The upfront fee is a cost of drawing and not part of it (finance.md, Coverage: "periodic fees").
func (r Row) Service() money.Amount { return r.InterestPaid() + r.Principal + r.Fees - r.Upfront }

// Schedule is the life of one debt.
type Schedule struct {
	// Start is t0; Rows[k] is the quarter Start+k.
	Start      quarter.Quarter
	Rows       []Row
	Interval   int
	Timing     Timing
	Commitment money.Amount
	// TotalInterest counts capitalized interest too; TotalFees the upfront fee too.
	TotalInterest  money.Amount
	TotalFees      money.Amount
	TotalPrincipal money.Amount
	// DSCR is the constant ratio that a sculpted profile was built on, before rounding to the fen.
	DSCR Measure
	// Overdue marks an existing instrument whose maturity had passed with a balance left.
	Overdue bool
}

// Build returns the schedule of the terms. cfads, needed for a sculpted profile alone, is CFADS by quarter from t0 on,
// to the end of the tenor at least. The error is document.Problems: everything wrong with the terms, or the reason why
// no sculpted profile exists.
func Build(terms Terms, cfads []money.Amount) (*Schedule, error) {
	return new(course).build(new(Schedule), terms, cfads)
}

// build makes a schedule in memory that may have been used before.
func (c *course) build(schedule *Schedule, terms Terms, cfads []money.Amount) (*Schedule, error) {
	if problems := terms.Check(); len(problems) > 0 {
		return nil, problems
	}
	c.take(terms)
	if terms.Profile == ProfileSculpted {
		if len(cfads) < terms.Tenor {
			return nil, refusal("cfads", "missing", fmt.Sprintf("按现金流还本需要自 %s 起 %d 个季度的 CFADS，只给了 %d 个", c.start, terms.Tenor, len(cfads)),
				fmt.Sprintf("a sculpted profile needs CFADS for %d quarters from %s on; %d are given", terms.Tenor, c.start, len(cfads)))
		}
		c.cfads = cfads
	}
	if err := c.walk(schedule); err != nil {
		return nil, err
	}
	schedule.Timing, schedule.Commitment = terms.Timing, c.commitment
	return schedule, nil
}

func refusal(path, code, zh, en string) error {
	return document.Problems{{Path: path, Code: code, ZH: zh, EN: en}}
}

// course is a debt made ready for the walk through its quarters: everything by quarter index, in whole numbers.
type course struct {
	start   quarter.Quarter
	count   int          // quarters to the last instalment
	opening money.Amount // what was drawn before the first quarter
	draws   []money.Amount
	rates   []int64 // annual, in trillionths
	// drawHalves is 2·w.
	drawHalves  int64
	capitalized int // quarters whose interest is added to the balance
	// grace is the first quarter of the first interval; firstDue the quarter of its instalment, interval−1 later unless
	// the interval had begun before the first quarter.
	grace       int
	firstDue    int
	interval    int
	instalments int
	profile     Profile
	custom      []int64
	cfads       []money.Amount

	commitment, agency                            money.Amount
	upfrontShare, commitmentShare, guaranteeShare int64
	available                                     int
}

// cleared returns a slice of so many zeros, in the memory of an earlier one where that is long enough.
func cleared[T any](reuse []T, count int) []T {
	if cap(reuse) < count {
		return make([]T, count)
	}
	reuse = reuse[:count]
	clear(reuse)
	return reuse
}

// take reads the terms; only the memory of what the course held before is used again.
func (c *course) take(terms Terms) {
	draws, rates, custom := c.draws, c.rates, c.custom
	*c = course{
		start: terms.start(), count: terms.Tenor, drawHalves: terms.Timing.halves(),
		grace: terms.Grace, interval: terms.interval(), instalments: terms.Instalments(), profile: terms.Profile,
		commitment: terms.Commitment, agency: terms.Fees.Agency, available: terms.availability(),
	}
	c.firstDue = c.grace + c.interval - 1
	c.draws = cleared(draws, c.available)
	drawn := money.Amount(0)
	for _, draw := range terms.Draws {
		c.draws[draw.Quarter.Since(c.start)] += draw.Amount
		drawn += draw.Amount
	}
	c.commitment = max(c.commitment, drawn)
	if terms.CapitalizeDuringGrace {
		c.capitalized = terms.Grace
	}
	c.rates = ratesByQuarter(rates, terms, c.start)
	c.upfrontShare, c.commitmentShare, c.guaranteeShare = units(terms.Fees.Upfront), units(terms.Fees.Commitment), units(terms.Fees.Guarantee)
	c.custom = cleared(custom, len(terms.Custom))
	for i, share := range terms.Custom {
		c.custom[i] = units(share)
	}
}

// units returns a checked rate in trillionths.
func units(rate money.Decimal) int64 {
	scaled, ok := money.PerTrillion(rate)
	if !ok {
		panic("loan: an unchecked rate: " + rate.String())
	}
	return scaled
}

func ratesByQuarter(reuse []int64, terms Terms, start quarter.Quarter) []int64 {
	rates := cleared(reuse, terms.Tenor)
	rate, next := units(terms.Rate), 0
	for t := range rates {
		for next < len(terms.Changes) && terms.Changes[next].From <= start.Add(t) {
			rate = units(terms.Changes[next].Rate)
			next++
		}
		rates[t] = rate
	}
	return rates
}

// walk goes through the quarters once. All that differs between profiles is behind repayment.
func (c *course) walk(schedule *Schedule) error {
	*schedule = Schedule{Start: c.start, Interval: c.interval, Rows: cleared(schedule.Rows, c.count)}
	repayment := repayment{course: c}
	balance, drawn := c.opening, money.Amount(0)
	upfrontDue := c.upfrontShare != 0
	for t := range schedule.Rows {
		row := &schedule.Rows[t]
		row.Quarter, row.Opening, row.rate = c.start.Add(t), balance, c.rates[t]
		if t < len(c.draws) {
			row.Draw = c.draws[t]
		}
		row.Interest = repayment.interestDue(t, balance, row.Draw)
		if upfrontDue && row.Draw > 0 {
			row.Upfront, upfrontDue = money.MulDiv(c.commitment, c.upfrontShare, trillion), false
		}
		row.Fees = row.Upfront + c.periodicFees(t, balance, row.Draw, drawn)
		drawn += row.Draw
		balance += row.Draw
		if t < c.capitalized {
			row.Capitalized = row.Interest
			balance += row.Capitalized
		}
		principal, err := repayment.principalDue(t, balance, row.Interest)
		if err != nil {
			return err
		}
		row.Principal = principal
		balance -= principal
		row.Closing = balance
		schedule.add(row)
		if balance > money.MaxFileTotal {
			return refusal("capitalize_during_grace", "amount", fmt.Sprintf("%s 的余额超出可计算的范围", row.Quarter), fmt.Sprintf("the balance of %s leaves the range of amounts", row.Quarter))
		}
	}
	schedule.DSCR = repayment.dscr
	return nil
}

func (s *Schedule) add(row *Row) {
	s.TotalInterest += row.Interest
	s.TotalFees += row.Fees
	s.TotalPrincipal += row.Principal
}

// periodicFees returns the commitment fee on what is undrawn (the quarter's draw counting for the part w of it), the
// guarantee fee on the opening balance, both an annual share a quarter and each to the fen, and in the first quarter of
// each loan year the agency fee (finance.md, fees).
func (c *course) periodicFees(t int, opening, draw, drawn money.Amount) money.Amount {
	fees := money.Amount(0)
	if t < c.available && c.commitmentShare != 0 {
		undrawnTwice := 2*(c.commitment-drawn) - money.Amount(c.drawHalves)*draw
		fees += money.MulDiv(undrawnTwice, c.commitmentShare, halfUnits)
	}
	if c.guaranteeShare != 0 {
		fees += money.MulDiv(opening, c.guaranteeShare, quarterUnits)
	}
	if t%4 == 0 {
		fees += c.agency
	}
	return fees
}

// LastQuarter returns the quarter of the last row.
func (s *Schedule) LastQuarter() quarter.Quarter { return s.Start.Add(len(s.Rows) - 1) }

// FirstPrincipal returns the first quarter in which principal falls due, and false where none does.
func (s *Schedule) FirstPrincipal() (quarter.Quarter, bool) {
	for i := range s.Rows {
		if s.Rows[i].Principal > 0 {
			return s.Rows[i].Quarter, true
		}
	}
	return 0, false
}
