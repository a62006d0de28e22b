package loan

import (
	"time"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

// FirstQuarter returns the quarter in which the rest of an existing instrument's schedule begins: that of the day after
// the balance was taken.
func FirstQuarter(asOf time.Time) quarter.Quarter { return quarter.Of(asOf.AddDate(0, 0, 1)) }

// InstrumentSchedule returns the rest of an existing instrument's schedule from its outstanding balance at a day, by the
// same code as a new loan's, at the instrument's present rate. Instalments are counted back from the quarter of maturity, so the
// first interval may be broken. Principal falls due from the quarter after the one in which grace ends. An instrument
// that is past its maturity has its whole balance due in the first quarter and is marked Overdue. One without a
// balance has no rows.
//
// The rest of a custom profile keeps the shares of the instalments still to come; only their proportion matters.
func InstrumentSchedule(instrument funding.Instrument, asOf time.Time) *Schedule {
	first := FirstQuarter(asOf)
	schedule := &Schedule{Start: first, Interval: max(instrument.Interval, 1)}
	if instrument.Outstanding <= 0 {
		return schedule
	}
	c := &course{
		start: first, count: max(quarter.Of(instrument.Maturity).Since(first)+1, 1), opening: instrument.Outstanding,
		interval: schedule.Interval, profile: Profile(instrument.Repayment),
	}
	if !instrument.GraceUntil.IsZero() {
		c.grace = min(max(quarter.Of(instrument.GraceUntil).Since(first)+1, 0), c.count-1)
	}
	c.firstDue = c.grace + (c.count-1-c.grace)%c.interval
	c.instalments = (c.count-1-c.firstDue)/c.interval + 1
	c.rates = make([]int64, c.count)
	for t := range c.rates {
		c.rates[t] = units(instrument.Rate)
	}
	c.takeShares(instrument.Custom)
	walked := new(Schedule)
	err := c.walk(walked)
	if err != nil {
		panic("loan: an instrument without fees, draws or capitalized interest cannot fail: " + err.Error())
	}
	walked.Overdue = instrument.Maturity.Before(asOf)
	return walked
}

// takeShares keeps the last shares of a custom profile, brought back to a sum of one; without enough of them the
// instalments are even.
func (c *course) takeShares(shares []money.Decimal) {
	if c.profile != ProfileCustom {
		return
	}
	left := money.Zero
	if len(shares) >= c.instalments {
		shares = shares[len(shares)-c.instalments:]
		for _, share := range shares {
			left = left.Add(share)
		}
	}
	if !left.IsPositive() {
		c.profile = ProfileEqualPrincipal
		return
	}
	for _, share := range shares {
		c.custom = append(c.custom, units(share.DivRound(left, 12)))
	}
}
