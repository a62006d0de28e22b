package yield

import (
	"math/big"

	"github.com/shopspring/decimal"

	"zutuan/internal/money"
)

// WorthOver returns the present value of flows over an amount, rounded half-up to 6 decimals: Σ flows[k] / (1+rate)^(k+1)
// / over, the first flow one quarter away. It reports false where over is not positive or the rate is not above −1.
//
// The sum is taken twice in numbers with 64 bits after the point, with the discount factor rounded down and up; the
// two enclose the exact value (see enclose). Only where they round differently is the sum taken in exact fractions.
func WorthOver(flows []money.Amount, rate *big.Rat, over money.Amount) (money.Decimal, bool) {
	growth := new(big.Rat).Add(rate, big.NewRat(1, 1))
	if over <= 0 || growth.Sign() <= 0 {
		return money.Zero, false
	}
	if low, high, ok := enclose(flows, growth); ok {
		least, most := millionthsOver(low, over), millionthsOver(high, over)
		if least.Cmp(most) == 0 {
			return decimal.NewFromBigInt(least, -6), true
		}
	}
	return decimal.NewFromBigInt(millionthsOver(exactWorth(flows, growth), over), -6), true
}

// enclose returns bounds of the present value in fen. With x the factor 1/(1+rate) rounded down to 2^-64, the true
// factor is less than 2^-64 above it, and the value changes with the factor by at most Σ (k+1)·|flow|; horner itself
// loses less than 2^-64 a step.
func enclose(flows []money.Amount, growth *big.Rat) (low, high *big.Rat, ok bool) {
	factor := new(big.Int).Lsh(growth.Denom(), 64)
	factor.Quo(factor, growth.Num())
	if !factor.IsUint64() {
		return nil, nil, false // the rate is not above zero
	}
	coefficients := make([]int64, len(flows)+1)
	var magnitude, slack int64
	for k, flow := range flows {
		size := int64(flow.Abs())
		if size > maxMagnitude-magnitude || size > (maxMagnitude-slack)/int64(k+1) {
			return nil, nil, false
		}
		magnitude += size
		slack += size * int64(k+1)
		coefficients[k+1] = int64(flow)
	}
	middle := horner(coefficients, factor.Uint64()).exact()
	unit := big.NewInt(slack + int64(len(coefficients)))
	scale := new(big.Int).Lsh(big.NewInt(1), 64)
	low = new(big.Rat).SetFrac(new(big.Int).Sub(middle, unit), scale)
	high = new(big.Rat).SetFrac(new(big.Int).Add(middle, unit), scale)
	return low, high, true
}

// exact returns the number in units of 2^-64.
func (f fixed) exact() *big.Int {
	whole := new(big.Int).Lsh(big.NewInt(f.high), 64)
	return whole.Add(whole, new(big.Int).SetUint64(f.low))
}

func exactWorth(flows []money.Amount, growth *big.Rat) *big.Rat {
	sum := new(big.Rat)
	for k := len(flows) - 1; k >= 0; k-- {
		sum.Add(sum, new(big.Rat).SetInt64(int64(flows[k])))
		sum.Quo(sum, growth)
	}
	return sum
}

// millionthsOver returns value / over in millionths, rounded half away from zero.
func millionthsOver(value *big.Rat, over money.Amount) *big.Int {
	denominator := new(big.Int).Mul(value.Denom(), big.NewInt(int64(over)))
	top := new(big.Int).Mul(value.Num(), big.NewInt(2_000_000))
	if value.Sign() < 0 {
		top.Sub(top, denominator)
	} else {
		top.Add(top, denominator)
	}
	return top.Quo(top, denominator.Lsh(denominator, 1))
}
