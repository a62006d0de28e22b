package loan

import (
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

// TenorMatch is the match of tenors (期限匹配) as a number (plan.md): does the money come back when the debt falls due?
type TenorMatch struct {
	// LiquidityGap is, by quarter from the start on, cumulative CFADS and sources less cumulative debt service, where
	// sources are opening cash, capital, grants and draws less the investment that they pay for. Negative: money is
	// missing.
	LiquidityGap []money.Amount
	// FirstNegative is the first quarter in which the gap is negative, 0 where it never is.
	FirstNegative quarter.Quarter
	// Minimum is the smallest gap and MinimumQuarter the first quarter in which it is reached.
	Minimum        money.Amount
	MinimumQuarter quarter.Quarter
	// LifeCFADSYears is the average life of the CFADS available to the debt (first principal to last service) and
	// LifeDebtYears that of the financing, both counted from its earliest t0; LifeGapYears is the difference. A negative
	// gap means that the debt falls due later, on average, than the money comes in.
	LifeCFADSYears Measure
	LifeDebtYears  Measure
	LifeGapYears   Measure
	// GraceSlackQuarters is the first quarter with enough CFADS for a full instalment less the quarter of the first
	// instalment: positive, the instalment comes first by so many quarters. Absent (GraceKnown false) where CFADS never
	// suffices or no principal falls due.
	GraceSlackQuarters int
	GraceKnown         bool
}

// tenorMatch is all but the slack of the grace.
func (d *debtFlows) tenorMatch(input CoverageInput, cash []money.Amount) TenorMatch {
	match := TenorMatch{LiquidityGap: cash}
	for q, gap := range cash {
		if gap < 0 && match.FirstNegative == 0 {
			match.FirstNegative = d.start.Add(q)
		}
		if q == 0 || gap < match.Minimum {
			match.Minimum, match.MinimumQuarter = gap, d.start.Add(q)
		}
	}
	if d.firstPrincipal < 0 {
		return match
	}
	match.LifeCFADSYears, match.LifeDebtYears, match.LifeGapYears = d.lives(input.CFADS)
	return match
}

// lives returns the average lives in years of CFADS from the first principal to the last debt service and of the
// financing's principal, counted from the earliest t0, and their difference, each rounded from its exact value.
func (d *debtFlows) lives(cfads []money.Amount) (ofCFADS, ofDebt, gap Measure) {
	origin := d.financing[0].Start
	for _, schedule := range d.financing {
		origin = min(origin, schedule.Start)
	}
	shift := d.start.Since(origin)
	var flows, principal wide
	for q := d.firstPrincipal; q <= d.lastService && q < len(cfads); q++ {
		flows.addProduct(cfads[q], int64(q+shift+1))
	}
	repaid := sum(d.repaid, d.firstPrincipal, d.lastPrincipal+1)
	for q := d.firstPrincipal; q <= d.lastPrincipal; q++ {
		principal.addProduct(d.repaid[q], int64(q+shift+1))
	}
	available := sum(cfads, d.firstPrincipal, d.lastService+1)
	ofCFADS, ofDebt = flows.over(available, 4), principal.over(repaid, 4)
	if !ofCFADS.Known || !ofDebt.Known {
		return ofCFADS, ofDebt, Measure{}
	}
	first, firstOver := flows.fraction(available, 4)
	second, secondOver := principal.fraction(repaid, 4)
	difference := first.Mul(first, secondOver)
	difference.Sub(difference, second.Mul(second, firstOver))
	return ofCFADS, ofDebt, measureOf(difference, firstOver.Mul(firstOver, secondOver))
}

// graceSlack compares CFADS of a payment interval with the first instalment: everything that the financing pays in the
// interval that ends with its first principal. The interval is that of the loan whose principal comes first.
func (d *debtFlows) graceSlack(cfads []money.Amount) (int, bool) {
	interval, instalment := 1, money.Amount(0)
	first := d.start.Add(d.firstPrincipal)
	for _, schedule := range d.financing {
		if due, ok := schedule.FirstPrincipal(); ok && due == first {
			interval = max(interval, schedule.Interval)
		}
	}
	for _, schedule := range d.financing {
		for i := range schedule.Rows {
			if back := first.Since(schedule.Rows[i].Quarter); back >= 0 && back < interval {
				instalment += schedule.Rows[i].Service()
			}
		}
	}
	for q := range cfads {
		if sum(cfads, max(0, q-interval+1), q+1) >= instalment {
			return q - d.firstPrincipal, true
		}
	}
	return 0, false
}
