package cashflow

import (
	"math"
	"math/big"
	"sort"

	"zutuan/internal/money"
)

// depreciation is exact straight-line depreciation: levels a quarter, as numerators over one common denominator,
// because finance.md does not round it before the tax.
type depreciation struct {
	denominator *big.Int
	// levels are in order of quarter; each holds from its quarter until the next level's.
	levels []level
}

type level struct {
	from      int
	numerator *big.Int
}

// newDepreciation adds up what every started unit writes off, each class of assets over its years × 4 quarters from
// the quarter after its unit's last investment.
func newDepreciation(profiles []*profile, starts []int, denominator *big.Int) depreciation {
	var changes []level
	for i, p := range profiles {
		if starts[i] == notStarted {
			continue
		}
		from := starts[i] + p.lastInvest + 1
		for _, asset := range p.assets {
			step := new(big.Int).Quo(denominator, asset.denominator)
			step.Mul(step, asset.numerator)
			changes = append(changes, level{from, step}, level{from + asset.years*4, new(big.Int).Neg(step)})
		}
	}
	sort.SliceStable(changes, func(i, j int) bool { return changes[i].from < changes[j].from })
	d := depreciation{denominator: denominator, levels: make([]level, 0, len(changes)+1)}
	sum := new(big.Int)
	for _, change := range changes {
		if last := len(d.levels) - 1; last >= 0 && d.levels[last].from == change.from {
			d.levels[last].numerator.Add(d.levels[last].numerator, change.numerator)
			continue
		}
		if last := len(d.levels) - 1; last >= 0 {
			sum = d.levels[last].numerator
		}
		d.levels = append(d.levels, level{change.from, new(big.Int).Add(sum, change.numerator)})
	}
	return d
}

// setQuarterly works out cost × (1 − residual) / (years × 4) as a fraction.
func (a *assetClass) setQuarterly() {
	if units, fits := money.PerTrillion(a.residual); fits {
		// The quick way for every residual that a file can hold.
		kept := rateUnits - units
		divisor := gcd(kept, rateUnits)
		a.numerator = new(big.Int).Mul(big.NewInt(int64(a.cost)), big.NewInt(kept/divisor))
		a.denominator = new(big.Int).Mul(big.NewInt(rateUnits/divisor), big.NewInt(int64(a.years)*4))
		return
	}
	kept := money.One.Sub(a.residual)
	a.numerator = new(big.Int).Mul(kept.Coefficient(), big.NewInt(int64(a.cost)))
	a.denominator = big.NewInt(int64(a.years) * 4)
	scale(kept.Exponent(), a.numerator, a.denominator)
}

// scale multiplies a fraction by 10^exponent.
func scale(exponent int32, numerator, denominator *big.Int) {
	if exponent < 0 {
		denominator.Mul(denominator, new(big.Int).Exp(big.NewInt(10), big.NewInt(-int64(exponent)), nil))
	} else if exponent > 0 {
		numerator.Mul(numerator, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(exponent)), nil))
	}
}

// commonDenominator returns the least number that every class of assets divides into whole numerators.
func commonDenominator(profiles []*profile) *big.Int {
	common := big.NewInt(1)
	var divisor, rest big.Int
	for _, p := range profiles {
		for _, asset := range p.assets {
			if rest.Rem(common, asset.denominator).Sign() == 0 {
				continue
			}
			divisor.GCD(nil, nil, common, asset.denominator)
			common.Mul(common, rest.Quo(asset.denominator, &divisor))
		}
	}
	return common
}

// at returns the numerator of one quarter's depreciation and the quarter until which it stays the same.
func (d depreciation) at(q int) (numerator *big.Int, until int) {
	next := sort.Search(len(d.levels), func(i int) bool { return d.levels[i].from > q })
	numerator, until = zero, math.MaxInt
	if next > 0 {
		numerator = d.levels[next-1].numerator
	}
	if next < len(d.levels) {
		until = d.levels[next].from
	}
	return numerator, until
}

// zero is never written to.
var zero = new(big.Int)

// between returns the exact depreciation of quarters from ≤ q < to, rounded to the fen once.
func (d depreciation) between(from, to int) money.Amount {
	var sum, part big.Int
	for q := max(from, 0); q < to; {
		numerator, until := d.at(q)
		count := min(until, to) - q
		sum.Add(&sum, part.Mul(numerator, part.SetInt64(int64(count))))
		q += count
	}
	amount, _ := roundQuotient(&sum, part.Set(d.denominator))
	return money.Amount(amount)
}

// column returns each quarter's depreciation to the fen.
func (d depreciation) column(out []money.Amount) {
	for q := 0; q < len(out); {
		_, until := d.at(q)
		amount := d.between(q, q+1)
		for ; q < until && q < len(out); q++ {
			out[q] = amount
		}
	}
}

// DepreciationBetween returns the depreciation of quarters from ≤ q < to, summed exactly and rounded to the fen once:
// what the interest cover of a loan year needs.
func (s *Statement) DepreciationBetween(from, to int) money.Amount {
	return s.depreciation.between(from, to)
}

// lossQuarters is how long a loss may be carried forward: five years, oldest first.
const lossQuarters = 20

// loss is what is left of the loss of one quarter, times the common denominator.
type loss struct {
	quarter int
	left    *big.Int
}

// tax fills Depreciation and, for the first quarters, IncomeTax: income × max(0, taxable result after losses), where
// the taxable result is inflow − cost − surtax − depreciation, before interest ("adjusted income tax" of EMP-3).
func (s *Statement) tax(rate money.Decimal, quarters int) {
	s.depreciation.column(s.Depreciation)
	if rate.IsZero() {
		return
	}
	// The tax is rate × taxable / denominator; over holds the denominator times the rate's power of ten.
	coefficient, over := rate.Coefficient(), new(big.Int).Set(s.depreciation.denominator)
	scale(rate.Exponent(), coefficient, over)
	var losses []loss
	var taxable, divisor big.Int
	for q := 0; q < quarters; q++ {
		writtenOff, _ := s.depreciation.at(q)
		taxable.Mul(taxable.SetInt64(int64(s.Inflow[q]-s.Cost[q]-s.Surtax[q])), s.depreciation.denominator)
		taxable.Sub(&taxable, writtenOff)
		if taxable.Sign() < 0 {
			losses = append(losses, loss{quarter: q, left: new(big.Int).Neg(&taxable)})
			continue
		}
		losses = useLosses(losses, q, &taxable)
		if taxable.Sign() > 0 {
			amount, _ := roundQuotient(taxable.Mul(&taxable, coefficient), divisor.Set(over))
			s.IncomeTax[q] = money.Amount(amount)
		}
	}
}

// useLosses sets the losses of the last 20 quarters against a profit, oldest first, and returns the losses that are left.
func useLosses(losses []loss, q int, profit *big.Int) []loss {
	for len(losses) > 0 && q-losses[0].quarter > lossQuarters {
		losses = losses[1:]
	}
	for len(losses) > 0 && profit.Sign() > 0 {
		oldest := losses[0]
		if oldest.left.Cmp(profit) > 0 {
			oldest.left.Sub(oldest.left, profit)
			profit.SetInt64(0)
			break
		}
		profit.Sub(profit, oldest.left)
		losses = losses[1:]
	}
	return losses
}
