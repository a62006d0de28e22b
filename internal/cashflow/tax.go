package cashflow

import (
	"math/big"

	"zutuan/internal/money"
)

// depreciation holds exact straight-line depreciation: numerators by quarter over one common denominator, because
// finance.md does not round it before the tax.
type depreciation struct {
	denominator *big.Int
	numerators  []big.Int
}

// newDepreciation adds up what every started unit writes off, each class of assets over its years × 4 quarters from
// the quarter after its unit's last investment.
func newDepreciation(profiles []*profile, starts []int, length int) depreciation {
	d := depreciation{denominator: commonDenominator(profiles), numerators: make([]big.Int, length)}
	// numerators first holds the change from quarter to quarter, then the running sum.
	var step big.Int
	for i, p := range profiles {
		from := starts[i] + p.lastInvest + 1
		if starts[i] == notStarted || from >= length {
			continue
		}
		for _, asset := range p.assets {
			numerator, denominator := asset.quarterly()
			step.Mul(step.Quo(d.denominator, denominator), numerator)
			d.numerators[from].Add(&d.numerators[from], &step)
			if end := from + asset.years*4; end < length {
				d.numerators[end].Sub(&d.numerators[end], &step)
			}
		}
	}
	for q := 1; q < length; q++ {
		d.numerators[q].Add(&d.numerators[q], &d.numerators[q-1])
	}
	return d
}

// quarterly returns cost × (1 − residual) / (years × 4) as a fraction.
func (a assetClass) quarterly() (numerator, denominator *big.Int) {
	kept := money.One.Sub(a.residual)
	numerator = new(big.Int).Mul(kept.Coefficient(), big.NewInt(int64(a.cost)))
	denominator = big.NewInt(int64(a.years) * 4)
	if exponent := int64(kept.Exponent()); exponent < 0 {
		denominator.Mul(denominator, new(big.Int).Exp(big.NewInt(10), big.NewInt(-exponent), nil))
	} else if exponent > 0 {
		numerator.Mul(numerator, new(big.Int).Exp(big.NewInt(10), big.NewInt(exponent), nil))
	}
	return numerator, denominator
}

func commonDenominator(profiles []*profile) *big.Int {
	common := big.NewInt(1)
	var divisor big.Int
	for _, p := range profiles {
		for _, asset := range p.assets {
			_, denominator := asset.quarterly()
			divisor.GCD(nil, nil, common, denominator)
			common.Mul(common, denominator.Quo(denominator, &divisor))
		}
	}
	return common
}

// between returns the exact depreciation of quarters from ≤ q < to, rounded to the fen once.
func (d depreciation) between(from, to int) money.Amount {
	var sum big.Int
	for q := max(from, 0); q < min(to, len(d.numerators)); q++ {
		sum.Add(&sum, &d.numerators[q])
	}
	amount, _ := roundQuotient(&sum, new(big.Int).Set(d.denominator))
	return money.Amount(amount)
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
	for q := range s.Depreciation {
		s.Depreciation[q] = s.depreciation.between(q, q+1)
	}
	if rate.IsZero() {
		return
	}
	var losses []loss
	for q := 0; q < quarters; q++ {
		taxable := big.NewInt(int64(s.Inflow[q] - s.Cost[q] - s.Surtax[q]))
		taxable.Mul(taxable, s.depreciation.denominator).Sub(taxable, &s.depreciation.numerators[q])
		if taxable.Sign() < 0 {
			losses = append(losses, loss{quarter: q, left: taxable.Neg(taxable)})
			continue
		}
		losses = offset(losses, q, taxable)
		s.IncomeTax[q] = taxOn(taxable, s.depreciation.denominator, rate)
	}
}

// offset uses the losses of the last 20 quarters against a profit, oldest first, and returns the losses that are left.
func offset(losses []loss, q int, profit *big.Int) []loss {
	for len(losses) > 0 && (q-losses[0].quarter > lossQuarters || profit.Sign() > 0) {
		oldest := losses[0]
		if q-oldest.quarter <= lossQuarters {
			if oldest.left.Cmp(profit) > 0 {
				oldest.left.Sub(oldest.left, profit)
				profit.SetInt64(0)
				break
			}
			profit.Sub(profit, oldest.left)
		}
		losses = losses[1:]
	}
	return losses
}

// taxOn returns rate × profit / denominator to the fen.
func taxOn(profit, denominator *big.Int, rate money.Decimal) money.Amount {
	if profit.Sign() <= 0 {
		return 0
	}
	numerator := new(big.Int).Mul(profit, rate.Coefficient())
	scaled := new(big.Int).Set(denominator)
	if exponent := int64(rate.Exponent()); exponent < 0 {
		scaled.Mul(scaled, new(big.Int).Exp(big.NewInt(10), big.NewInt(-exponent), nil))
	} else if exponent > 0 {
		numerator.Mul(numerator, new(big.Int).Exp(big.NewInt(10), big.NewInt(exponent), nil))
	}
	amount, _ := roundQuotient(numerator, scaled)
	return money.Amount(amount)
}
