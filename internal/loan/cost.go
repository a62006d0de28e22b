package loan

import (
	"math"
	"math/big"

	"zutuan/internal/money"
	"zutuan/internal/yield"
)

// AllInCost returns the annual effective yield of the lender's flows: −draw at time t+1−w, everything else at the end of
// its quarter, the upfront fee at the time of the first draw (finance.md). It is absent for an existing instrument,
// whose draws are past, and where the flows have no yield.
func (s *Schedule) AllInCost() Measure {
	var workspace Workspace
	return workspace.AllInCost(s)
}

// AllInCost is that of a schedule, worked out in the workspace.
func (w *Workspace) AllInCost(s *Schedule) Measure {
	if len(s.Rows) == 0 || s.Rows[0].Opening != 0 {
		return Measure{}
	}
	w.flows = cleared(w.flows, 2*len(s.Rows)+1)
	early := 2 - int(s.Timing.halves())
	for t := range s.Rows {
		row := &s.Rows[t]
		if row.Draw != 0 {
			w.flows[2*t+early] += int64(row.Upfront - row.Draw)
		}
		w.flows[2*t+2] += int64(row.Service())
	}
	root, ok := yield.HalfQuarters(w.flows)
	return Measure{root.Annual(), ok}
}

// AverageLifeYears returns Σ principal_t × (t − t0 + 1)/4 / Σ principal, absent where no principal falls due.
func (s *Schedule) AverageLifeYears() Measure {
	var weighted wide
	for t := range s.Rows {
		weighted.addProduct(s.Rows[t].Principal, int64(t+1))
	}
	return weighted.over(s.TotalPrincipal, 4)
}

// wide adds products of amounts that may leave an int64; the zero value is 0.
type wide struct {
	// small holds the sum while it fits; large what has been moved out of it.
	small int64
	large *big.Int
}

func (w *wide) addProduct(amount money.Amount, factor int64) {
	if amount.Abs() < 1<<40 && factor < 1<<12 && w.small < 1<<62 && w.small > -1<<62 {
		w.small += int64(amount) * factor
		return
	}
	if w.large == nil {
		w.large = new(big.Int)
	}
	product := big.NewInt(int64(amount))
	w.large.Add(w.large, product.Mul(product, big.NewInt(factor)))
}

// over returns the sum / (amount × factor), absent where the amount is not positive.
func (w *wide) over(amount money.Amount, factor int64) Measure {
	if amount > 0 && w.large == nil && int64(amount) < math.MaxInt64/factor {
		return ratio(money.Amount(w.small), amount*money.Amount(factor))
	}
	if amount <= 0 {
		return Measure{}
	}
	return measureOf(w.fraction(amount, factor))
}

// fraction is over before rounding, as numerator and denominator; the amount must be positive.
func (w *wide) fraction(amount money.Amount, factor int64) (numerator, denominator *big.Int) {
	numerator, denominator = big.NewInt(w.small), big.NewInt(int64(amount))
	if w.large != nil {
		numerator.Add(numerator, w.large)
	}
	return numerator, denominator.Mul(denominator, big.NewInt(factor))
}
