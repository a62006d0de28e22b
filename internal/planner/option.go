package planner

import (
	"math"

	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
)

// wan returns an amount in 万元, the unit of the program.
func wan(amount money.Amount) float64 { return float64(amount) / float64(money.Wan) }

// fen returns 万元 to the nearest fen.
func fen(value float64) money.Amount { return money.Amount(math.Round(value * float64(money.Wan))) }

// fenDown and fenUp round 万元 to whole fen; what is within a thousandth of a fen of a whole one is that one.
func fenDown(value float64) money.Amount {
	return money.Amount(math.Floor(value*float64(money.Wan) + 1e-3))
}

func fenUp(value float64) money.Amount {
	return money.Amount(math.Ceil(value*float64(money.Wan) - 1e-3))
}

// real returns a decimal as a float; the planner alone may.
func real(value money.Decimal) float64 { return value.InexactFloat64() }

// option is one way to use a source: signed in one quarter, for one tenor.
type option struct {
	source *Source
	// index is the place of the source, start the quarter of signing (t0).
	index, start int
	terms        loan.Terms
	// tenor, grace, available and interval are quarters from start; tenor 0 is money that is not paid back.
	tenor, grace, available, interval int
	// rates are quarterly, weight is the part of a quarter's interest that a draw bears.
	rates  []float64
	weight float64
	// principal and interest are what one unit of the balance at the end of grace pays in each quarter of the tenor;
	// nil where the repayment is free (a sculpted profile).
	principal, interest []float64
	free                bool
	// due are the quarters of instalments. firstDue and lastDue are counted from the requirement's start.
	due               []int
	firstDue, lastDue int
	// lastService is the last quarter in which anything is paid, counted from the requirement's start.
	lastService int
	// smallest, largest and step are the bounds of the commitment in 万元, whole steps.
	smallest, largest, step float64
	columns                 optionColumns
}

// newOption prepares the arithmetic of one option, as loan.Build does it but without rounding. It returns nil where the
// option ends after the longest statement.
func newOption(source *Source, index, start, tenor int, at quarterOf) *option {
	o := &option{source: source, index: index, start: start, terms: source.Terms}
	o.bounds()
	if !source.repaid() {
		return o
	}
	t := &o.terms
	t.Start, t.Tenor = at(start), tenor
	o.tenor, o.grace, o.interval = t.Tenor, t.Grace, max(t.Interval, 1)
	o.available = t.Availability
	if o.available == 0 {
		o.available = max(t.Grace, 1)
	}
	if start+o.tenor > funding.MaxQuarters || len(placeholder(*t).Check()) > 0 {
		return nil
	}
	o.setRates()
	switch t.Timing {
	case loan.TimingStart:
		o.weight = 1
	case loan.TimingEnd:
		o.weight = 0
	default:
		o.weight = 0.5
	}
	for k := o.grace + o.interval - 1; k < o.tenor; k += o.interval {
		o.due = append(o.due, k)
	}
	if o.free = t.Profile == loan.ProfileSculpted; !o.free {
		o.repayment()
	}
	o.span()
	return o
}

// placeholder is the terms with a draw, so that everything but the draws can be checked.
func placeholder(terms loan.Terms) loan.Terms {
	terms.Draws = []loan.Draw{{Quarter: terms.Start, Amount: money.Wan}}
	terms.Commitment = 0
	return terms
}

// bounds rounds the size bounds inwards to whole steps.
func (o *option) bounds() {
	step := max(o.source.Step, money.Fen)
	smallest := max((o.source.Smallest+step-1)/step*step, step)
	largest := o.source.Largest / step * step
	o.smallest, o.largest, o.step = wan(smallest), wan(largest), wan(step)
}

func (o *option) setRates() {
	o.rates = make([]float64, o.tenor)
	rate, next := real(o.terms.Rate)/4, 0
	for t := range o.rates {
		for next < len(o.terms.Changes) && o.terms.Changes[next].From <= o.terms.Start.Add(t) {
			rate = real(o.terms.Changes[next].Rate) / 4
			next++
		}
		o.rates[t] = rate
	}
}

// repayment walks through the tenor with a balance of one at the end of grace (loan.Build, repayment).
func (o *option) repayment() {
	o.principal, o.interest = make([]float64, o.tenor), make([]float64, o.tenor)
	balance, made, full, weighted := 1.0, 0, 0.0, 0.0
	levelled, level := math.NaN(), 0.0
	for t := o.grace; t < o.tenor; t++ {
		part := 1.0
		if o.grace == 0 && t == 0 {
			part = o.weight // the only draw bears interest for a part of its quarter
		}
		full, weighted = full+o.rates[t], weighted+part*o.rates[t]
		perInterval := o.terms.Profile == loan.ProfileAnnuity && o.interval > 1
		if !perInterval {
			o.interest[t] = balance * part * o.rates[t]
		}
		if (t-o.grace+1)%o.interval != 0 {
			continue
		}
		if perInterval {
			o.interest[t] = balance * weighted
		}
		made++
		repaid := balance
		if left := len(o.due) - made + 1; left > 1 {
			switch o.terms.Profile {
			case loan.ProfileEqualPrincipal:
				repaid = 1 / float64(len(o.due))
			case loan.ProfileCustom:
				repaid = real(o.terms.Custom[made-1])
			case loan.ProfileAnnuity:
				if made == 1 || full != levelled {
					level, levelled = annuity(balance, full, left), full
				}
				repaid = level - balance*weighted
			default: // bullet
				repaid = 0
			}
		}
		o.principal[t] = repaid
		balance -= repaid
		full, weighted = 0, 0
	}
}

// annuity returns the level payment of a balance over n intervals at the interval's rate.
func annuity(balance, rate float64, n int) float64 {
	if rate == 0 {
		return balance / float64(n)
	}
	return balance * rate / -math.Expm1(-float64(n)*math.Log1p(rate))
}

// span finds the first and last quarter in which principal falls due.
func (o *option) span() {
	o.firstDue, o.lastDue = o.start+o.due[0], o.start+o.tenor-1
	for t := len(o.principal) - 1; t >= 0; t-- {
		if o.principal[t] > 0 {
			o.firstDue = o.start + t
		}
	}
	if !o.free {
		last := o.tenor - 1
		for o.principal[last] <= 0 {
			last-- // a custom profile may end with shares of nothing
		}
		o.lastDue = o.start + last
	}
	o.lastService = o.lastDue
	if o.terms.Fees.Agency > 0 {
		o.lastService = max(o.lastService, o.start+(o.tenor-1)/4*4)
	}
}

// lifeQuarters is Σ principal × (quarter + 1) of one unit of the balance at the end of grace.
func (o *option) lifeQuarters() float64 {
	life := 0.0
	for t, repaid := range o.principal {
		life += repaid * float64(o.start+t+1)
	}
	return life
}
