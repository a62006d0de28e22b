package money

import (
	"errors"
	"strings"

	"github.com/shopspring/decimal"
)

// Decimal is an exact decimal: a rate ("0.0365", never 3.65 %), a ratio, or a number of years.
type Decimal = decimal.Decimal

// Zero and One are the decimals most often compared with.
var (
	Zero = decimal.Zero
	One  = decimal.NewFromInt(1)
)

// RatioDecimals is how many decimals a ratio has when a rule sees it or an answer carries it.
const RatioDecimals = 6

// rateDecimals and maxRateDigits bound what ParseRate reads, so that a rate always has a scaled int64 (see PerTrillion).
const (
	rateDecimals   = 12
	maxRateDigits  = 6
	rateScaleUnits = 1_000_000_000_000
)

// ErrTooManyRateDecimals refuses text that could not be held exactly as a Rate.
var ErrTooManyRateDecimals = errors.New("more than 12 decimals")

// ErrRateOutOfRange refuses a rate or ratio of a million or more.
var ErrRateOutOfRange = errors.New("magnitude of 1,000,000 or more")

// ParseRate reads plain decimal text of at most six digits before and twelve after the point.
func ParseRate(text string) (Decimal, error) {
	digits := strings.TrimPrefix(text, "-")
	whole, fraction, hasPoint := strings.Cut(digits, ".")
	if whole == "" || (hasPoint && fraction == "") || !allDigits(whole) || !allDigits(fraction) {
		return Zero, ErrNotANumber
	}
	if len(strings.TrimRight(fraction, "0")) > rateDecimals {
		return Zero, ErrTooManyRateDecimals
	}
	if len(strings.TrimLeft(whole, "0")) > maxRateDigits {
		return Zero, ErrRateOutOfRange
	}
	return decimal.NewFromString(text)
}

// MustRate is ParseRate for constants and tests.
func MustRate(text string) Decimal {
	rate, err := ParseRate(text)
	if err != nil {
		panic("money.MustRate(" + text + "): " + err.Error())
	}
	return rate
}

// powersOfTen holds 10^0 to 10^18, all that fit an int64.
var powersOfTen = func() (powers [19]int64) {
	powers[0] = 1
	for i := 1; i < len(powers); i++ {
		powers[i] = powers[i-1] * 10
	}
	return powers
}()

// PerTrillion returns the rate as a whole number of 1e-12, the form in which schedules multiply. It reports false
// where the rate has more decimals or is too large; ParseRate never returns such a rate.
func PerTrillion(rate Decimal) (int64, bool) {
	// Nearly every rate has few digits; those are scaled without making a decimal.
	if exponent := rate.Exponent(); exponent <= 0 && exponent >= -rateDecimals && rate.NumDigits() <= 15 {
		coefficient, factor := rate.CoefficientInt64(), powersOfTen[rateDecimals+exponent]
		if limit := powersOfTen[rateDecimals+maxRateDigits] / factor; coefficient > limit || coefficient < -limit {
			return 0, false
		}
		return coefficient * factor, true
	}
	scaled := rate.Shift(rateDecimals)
	if !scaled.IsInteger() || scaled.Abs().GreaterThan(decimal.New(1, rateDecimals+maxRateDigits)) {
		return 0, false
	}
	return scaled.IntPart(), true
}

// Share returns amount × share to the fen. The share must satisfy PerTrillion; a longer one is multiplied exactly too,
// only more slowly.
func Share(amount Amount, share Decimal) Amount {
	if units, ok := PerTrillion(share); ok {
		return MulDiv(amount, units, rateScaleUnits)
	}
	product := share.Mul(decimal.NewFromInt(int64(amount))).Round(0)
	return Amount(product.IntPart())
}

// Ratio returns numerator / denominator rounded half-up to RatioDecimals, and false where the denominator is zero.
func Ratio(numerator, denominator Amount) (Decimal, bool) {
	if denominator == 0 {
		return Zero, false
	}
	if denominator > 0 && numerator.Abs()/denominator < 1<<40 { // in millionths it fits an int64
		return decimal.New(int64(MulDiv(numerator, 1_000_000, int64(denominator))), -RatioDecimals), true
	}
	return decimal.NewFromInt(int64(numerator)).DivRound(decimal.NewFromInt(int64(denominator)), RatioDecimals), true
}
