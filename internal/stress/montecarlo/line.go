package montecarlo

import (
	"math"

	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/stress"
)

// line is one debt of the plan with its terms in floats; quarters count from the requirement's start.
type line struct {
	opens, ends                int
	tenor, grace, interval     int
	instalments                int
	available                  int
	fixedStart, rateFixed      bool
	profile                    loan.Profile
	custom                     []float64
	drawHalves                 float64
	capitalize                 bool
	commitment, agency         float64
	upfront, undrawn, guaranty float64
	planned                    []float64
	// rates are annual, by quarter; a line that is opened earlier bears its first rate before.
	rates []float64
}

func newLine(from *stress.Source, m *Model) line {
	terms, schedule := from.Fixed(), from.Line.Schedule
	l := line{
		opens: schedule.Start.Since(m.start), tenor: terms.Tenor, grace: terms.Grace, interval: max(terms.Interval, 1), instalments: terms.Instalments(),
		available: terms.Availability, fixedStart: from.Terms.Start != 0, rateFixed: from.RateFixed, profile: terms.Profile, capitalize: terms.CapitalizeDuringGrace,
		commitment: float64(terms.Commitment), agency: float64(terms.Fees.Agency), upfront: terms.Fees.Upfront.InexactFloat64(),
		undrawn: terms.Fees.Commitment.InexactFloat64(), guaranty: terms.Fees.Guarantee.InexactFloat64(), planned: make([]float64, m.length),
	}
	l.ends = min(l.opens+l.available, m.length) - 1
	l.drawHalves = map[loan.Timing]float64{loan.TimingStart: 2, loan.TimingEnd: 0}[terms.Timing]
	if terms.Timing == loan.TimingMid || terms.Timing == "" {
		l.drawHalves = 1
	}
	for _, share := range terms.Custom {
		l.custom = append(l.custom, share.InexactFloat64())
	}
	for i := range schedule.Rows {
		if q := schedule.Rows[i].Quarter.Since(m.start); q >= 0 && q < m.length {
			l.planned[q] = float64(schedule.Rows[i].Draw)
		}
	}
	l.rates = make([]float64, max(l.opens+l.tenor, 0))
	rate, next := terms.Rate, 0
	for q := range l.rates {
		for next < len(terms.Changes) && terms.Changes[next].From <= m.start.Add(q) {
			rate = terms.Changes[next].Rate
			next++
		}
		l.rates[q] = rate.InexactFloat64()
	}
	return l
}

func (l *line) canOpenBy(q int) bool {
	return q < l.opens && !l.fixedStart && l.tenor+l.opens-q <= funding.MaxQuarters
}

// flow is what one line does in a path, by quarter.
type flow struct {
	draws []float64
	// effect is draws less everything that is paid; service leaves the upfront fee out.
	effect, service, principal []float64
	left                       float64
	// drawn says that anything is, changed that the draws are not those of the last walk.
	drawn, changed bool
	// first and last are the quarters of the first and the last draw.
	first, last int
}

// round rounds half-up to the fen, as the exact computation does.
func round(amount float64) float64 { return math.Floor(amount + 0.5) }

// walk draws up the schedule up to a quarter: loan.Build's own steps, in the same order, in floats.
func (l *line) walk(f *flow, rateFactor float64, until int) {
	f.reset(until)
	if !f.drawn {
		return
	}
	if l.rateFixed {
		rateFactor = 1
	}
	opens := min(l.opens, f.first)
	earlier := l.opens - opens
	c := course{line: l, opens: opens, grace: l.grace + earlier, rateFactor: rateFactor, available: l.available + earlier}
	count, balance := l.tenor+earlier, 0.0
	for t := 0; t < count && opens+t < until; t++ {
		q, draw, upfront := opens+t, 0.0, 0.0
		if q <= f.last {
			draw = f.draws[q]
		}
		interest := c.interest(t, balance, draw)
		if q == f.first {
			upfront = round(l.commitment * l.upfront)
		}
		fees := c.fees(t, balance, draw)
		balance += draw
		paid := interest
		if l.capitalize && t < c.grace {
			balance += interest
			paid = 0
		}
		principal := c.due(t, balance)
		balance -= principal
		service := paid + principal + fees
		f.service[q], f.principal[q], f.effect[q] = service, principal, draw-service-upfront
	}
}

// reset clears what the last walk left and finds the first draw.
func (f *flow) reset(until int) {
	f.first, f.changed = -1, false
	for q, draw := range f.draws[:f.last+1] {
		if draw > 0 {
			f.first = q
			break
		}
	}
	clear(f.effect[:until])
	clear(f.service[:until])
	clear(f.principal[:until])
	f.drawn = f.first >= 0
}

// fees returns the periodic fees of a quarter and takes note of its draw.
func (c *course) fees(t int, opening, draw float64) float64 {
	l, fees := c.line, 0.0
	if l.undrawn != 0 && t < c.available {
		fees += round((2*(l.commitment-c.drawn) - l.drawHalves*draw) * l.undrawn / 8)
	}
	c.drawn += draw
	if l.guaranty != 0 {
		fees += round(opening * l.guaranty / 4)
	}
	if t%4 == 0 {
		fees += l.agency
	}
	return fees
}

// course is the state of a walk.
type course struct {
	line        *line
	opens       int
	grace       int
	available   int
	rateFactor  float64
	drawn       float64
	made        int
	base, level float64
	// rate and weight are the running interval's rates in half a year's parts, as loan.repayment has them.
	rate, weight, levelRate, interestOf float64
}

func (c *course) rateOf(t int) float64 {
	q := max(c.opens+t, 0)
	return c.line.rates[min(q, len(c.line.rates)-1)] * c.rateFactor
}

func (c *course) isDue(t int) bool {
	first := c.grace + c.line.interval - 1
	return t >= first && (t-first)%c.line.interval == 0
}

func (c *course) interest(t int, opening, draw float64) float64 {
	l, rate := c.line, c.rateOf(t)
	if t < c.grace {
		return round((2*opening + l.drawHalves*draw) * rate / 8)
	}
	if t == c.grace {
		c.startInterval()
	}
	halves := 2.0
	if opening == 0 {
		halves = l.drawHalves
	}
	c.rate += 2 * rate
	c.weight += halves * rate
	if l.profile != loan.ProfileAnnuity || l.interval == 1 {
		interest := round((2*opening + l.drawHalves*draw) * rate / 8)
		c.interestOf += interest
		return interest
	}
	if !c.isDue(t) {
		return 0
	}
	c.interestOf = round((opening + draw) * c.weight / 8)
	return c.interestOf
}

func (c *course) startInterval() { c.rate, c.weight, c.interestOf = 0, 0, 0 }

func (c *course) due(t int, balance float64) float64 {
	if !c.isDue(t) {
		return 0
	}
	l := c.line
	if c.made == 0 {
		c.base = balance
		c.level = round(balance / float64(l.instalments))
	}
	c.made++
	principal := balance
	if c.made < l.instalments {
		principal = min(max(c.instalment(balance), 0), balance)
	}
	c.startInterval()
	return principal
}

func (c *course) instalment(balance float64) float64 {
	l := c.line
	switch l.profile {
	case loan.ProfileEqualPrincipal:
		return c.level
	case loan.ProfileCustom:
		return round(c.base * l.custom[c.made-1])
	case loan.ProfileAnnuity:
		if c.made == 1 || c.rate != c.levelRate {
			c.levelRate = c.rate
			c.level = levelPayment(balance, c.rate/8, l.instalments-c.made+1)
		}
		return c.level - c.interestOf
	}
	return 0 // bullet
}

// levelPayment returns B·j / (1 − (1+j)^−n), to the fen.
func levelPayment(balance, j float64, n int) float64 {
	if j == 0 {
		return round(balance / float64(n))
	}
	return round(balance * j / -math.Expm1(-float64(n)*math.Log1p(j)))
}
