package cashflow

import (
	"errors"
	"math/big"
	"math/bits"

	"zutuan/internal/funding"
	"zutuan/internal/money"
)

// ErrTooLarge says that the amounts of a requirement leave the range in which sums are exact. A requirement that
// funding.ReadRequirement accepted never does; one that was changed afterwards (a stress factor) may.
var ErrTooLarge = errors.New("the amounts exceed what a statement can hold")

// rateUnits is the scale of money.PerTrillion.
const rateUnits = 1_000_000_000_000

// Expand returns the first length quarters of a series, counted from its owner's start (the offset included), in the
// unit of its owner: fen, or millionths for an occupancy. Each quarter is rounded half-up; the last quarter of a
// spread takes the remainder, whatever its sign.
func Expand(series funding.Series, length int) ([]int64, error) {
	values := make([]int64, length)
	if err := expandInto(values, series); err != nil {
		return nil, err
	}
	return values, nil
}

func expandAmounts(series funding.Series, length int) ([]money.Amount, error) {
	values := make([]money.Amount, length)
	return values, expandInto(values, series)
}

// expandInto fills values, which must be zero, with a series from its owner's start on.
func expandInto[T ~int64](values []T, series funding.Series) error {
	if series.Offset >= len(values) {
		return nil
	}
	values = values[series.Offset:]
	switch series.Form {
	case funding.SeriesExplicit:
		for k := 0; k < len(values) && k < len(series.Values); k++ {
			values[k] = T(series.Values[k])
		}
		return nil
	case funding.SeriesSpread:
		return expandSpread(values, series)
	case funding.SeriesRecurring:
		return expandRecurring(values, series)
	default:
		return nil
	}
}

// Total returns the sum of a series that has an end. A recurring series without an end has no total; it is an
// endless series, and asking is the caller's mistake: it reads as ErrTooLarge.
func Total(series funding.Series) (int64, error) {
	length, ends := seriesEnd(series)
	if !ends {
		return 0, ErrTooLarge
	}
	if series.Form == funding.SeriesSpread {
		return series.Total, nil
	}
	values, err := Expand(series, length)
	if err != nil {
		return 0, err
	}
	return sumChecked(values)
}

// seriesEnd returns the number of quarters from the owner's start after which a series is zero for good.
func seriesEnd(series funding.Series) (length int, ends bool) {
	switch series.Form {
	case funding.SeriesExplicit:
		return series.Offset + len(series.Values), true
	case funding.SeriesSpread:
		return series.Offset + series.Over, true
	case funding.SeriesRecurring:
		return series.Offset + series.Quarters, series.Quarters > 0
	default:
		return 0, true
	}
}

// expandSpread applies total × (F((k+1)/over) − F(k/over)). With n = over the difference is a fraction of whole
// numbers: even 1/n; back (2k+1)/n²; front (2(n−k)−1)/n²; s_curve (3n(2k+1) − 2(3k²+3k+1))/n³.
func expandSpread[T ~int64](values []T, series funding.Series) error {
	n := int64(series.Over)
	left := series.Total
	for k := int64(0); k < n && k < int64(len(values)); k++ {
		if k == n-1 {
			values[k] = T(left)
			break
		}
		numerator, denominator := spreadShare(series.Shape, k, n)
		value, ok := mulDiv(series.Total, numerator, denominator)
		if !ok {
			return ErrTooLarge
		}
		values[k] = T(value)
		left -= value
	}
	return nil
}

func spreadShare(shape funding.SpreadShape, k, n int64) (numerator, denominator int64) {
	switch shape {
	case funding.ShapeSCurve:
		return 3*n*(2*k+1) - 2*(3*k*k+3*k+1), n * n * n
	case funding.ShapeFront:
		return 2*(n-k) - 1, n * n
	case funding.ShapeBack:
		return 2*k + 1, n * n
	default:
		return 1, n
	}
}

// expandRecurring applies per_quarter × min(1, (k+1)/ramp) × (1+growth)^⌊k/4⌋ with one rounding a quarter.
func expandRecurring[T ~int64](values []T, series funding.Series) error {
	if series.Quarters > 0 && series.Quarters < len(values) {
		values = values[:series.Quarters]
	}
	ramp := int64(max(series.Ramp, 1))
	growth := newPower(series.Growth)
	for k := range values {
		if k > 0 && k%4 == 0 {
			growth.raise()
		}
		if k%4 != 0 && int64(k) >= ramp {
			// Neither the ramp nor the year has moved since the last quarter.
			values[k] = values[k-1]
			continue
		}
		part, whole := int64(k)+1, ramp
		if part >= whole {
			part, whole = 1, 1
		}
		value, ok := growth.times(series.PerQuarter, part, whole)
		if !ok {
			return ErrTooLarge
		}
		values[k] = T(value)
	}
	return nil
}

// power is (1+growth)^year as an exact fraction. It stays in machine words while it fits (103^9 does) and goes on in
// big integers afterwards, so that no year is ever approximated.
type power struct {
	baseNumerator, baseDenominator int64
	numerator, denominator         int64
	small                          bool
	bigNumerator, bigDenominator   *big.Int
}

func newPower(growth money.Decimal) power {
	p := power{baseNumerator: 1, baseDenominator: 1, numerator: 1, denominator: 1, small: true}
	if growth.IsZero() {
		return p
	}
	units, ok := money.PerTrillion(growth)
	if !ok {
		// Files hold at most twelve decimals; a longer growth can only come from a caller's arithmetic.
		units, _ = money.PerTrillion(growth.Round(12))
	}
	units += rateUnits
	divisor := gcd(units, rateUnits)
	p.baseNumerator, p.baseDenominator = units/divisor, rateUnits/divisor
	return p
}

func gcd(a, b int64) int64 {
	if a < 0 {
		a = -a
	}
	for b != 0 {
		a, b = b, a%b
	}
	return max(a, 1)
}

func (p *power) raise() {
	if p.baseNumerator == p.baseDenominator {
		return
	}
	if p.small {
		numerator, okNumerator := mulFits(p.numerator, p.baseNumerator)
		denominator, okDenominator := mulFits(p.denominator, p.baseDenominator)
		if okNumerator && okDenominator {
			p.numerator, p.denominator = numerator, denominator
			return
		}
		p.small = false
		p.bigNumerator, p.bigDenominator = big.NewInt(p.numerator), big.NewInt(p.denominator)
	}
	p.bigNumerator.Mul(p.bigNumerator, big.NewInt(p.baseNumerator))
	p.bigDenominator.Mul(p.bigDenominator, big.NewInt(p.baseDenominator))
}

// times returns value × part/whole × the power, rounded half-up once.
func (p *power) times(value, part, whole int64) (int64, bool) {
	if p.small {
		numerator, okNumerator := mulFits(p.numerator, part)
		denominator, okDenominator := mulFits(p.denominator, whole)
		if okNumerator && okDenominator {
			return mulDiv(value, numerator, denominator)
		}
	}
	numerator, denominator := big.NewInt(p.numerator), big.NewInt(p.denominator)
	if !p.small {
		numerator.Set(p.bigNumerator)
		denominator.Set(p.bigDenominator)
	}
	numerator.Mul(numerator, big.NewInt(part))
	numerator.Mul(numerator, big.NewInt(value))
	denominator.Mul(denominator, big.NewInt(whole))
	return roundQuotient(numerator, denominator)
}

// roundQuotient returns numerator / denominator rounded half-up (ties away from zero); the denominator is positive.
// It reports false where the result is no int64. Both arguments are used up.
func roundQuotient(numerator, denominator *big.Int) (int64, bool) {
	negative := numerator.Sign() < 0
	numerator.Abs(numerator)
	numerator.Lsh(numerator, 1).Add(numerator, denominator)
	denominator.Lsh(denominator, 1)
	numerator.Quo(numerator, denominator)
	if !numerator.IsInt64() {
		return 0, false
	}
	if negative {
		return -numerator.Int64(), true
	}
	return numerator.Int64(), true
}

func mulFits(a, b int64) (int64, bool) {
	high, low := bits.Mul64(magnitude(a), magnitude(b))
	if high != 0 || low > 1<<62 {
		return 0, false
	}
	return a * b, true
}

// mulDiv is money.MulDiv that reports a result outside int64 instead of treating it as a programming mistake: here
// the factors may come from a stress scenario.
func mulDiv(value, numerator, denominator int64) (int64, bool) {
	if numerator == denominator {
		return value, true
	}
	high, low := bits.Mul64(magnitude(value), magnitude(numerator))
	low, carry := bits.Add64(low, uint64(denominator)/2, 0)
	high += carry
	if high >= uint64(denominator) {
		return 0, false
	}
	quotient, _ := bits.Div64(high, low, uint64(denominator))
	if quotient > 1<<62 {
		return 0, false
	}
	if (value < 0) != (numerator < 0) {
		return -int64(quotient), true
	}
	return int64(quotient), true
}

func magnitude(value int64) uint64 {
	if value < 0 {
		return -uint64(value)
	}
	return uint64(value)
}

// sumChecked adds values and reports sums outside the range that statements may hold.
func sumChecked[T ~int64](values []T) (T, error) {
	var sum T
	for _, value := range values {
		sum += value
		if magnitude(int64(value)) > maxTotal || magnitude(int64(sum)) > maxTotal {
			return 0, ErrTooLarge
		}
	}
	return sum, nil
}
