package yield

import (
	"math/big"

	"github.com/shopspring/decimal"

	"zutuan/internal/money"
)

// WorthOver returns the present value of flows over an amount, rounded half-up to 6 decimals: Σ flows[k] / (1+rate)^(k+1)
// / over, the first flow one quarter away. It reports false where over is not positive or the rate is not above −1.
//
// The sum is taken in numbers with 64 bits after the point and with a bound on its error (see enclose). Only where the
// two ends of what it may be round differently is the sum taken in exact fractions.
func WorthOver(flows []money.Amount, rate *big.Rat, over money.Amount) (money.Decimal, bool) {
	growth := new(big.Rat).Add(rate, big.NewRat(1, 1))
	if over <= 0 || growth.Sign() <= 0 {
		return money.Zero, false
	}
	if middle, slack, ok := enclose(flows, growth); ok {
		unit := new(big.Int).Lsh(big.NewInt(int64(over)), 64)
		least := millionths(new(big.Int).Sub(middle, slack), unit)
		if most := millionths(middle.Add(middle, slack), unit); least.Cmp(most) == 0 {
			return decimal.NewFromBigInt(least, -6), true
		}
	}
	exact := exactWorth(flows, growth)
	return decimal.NewFromBigInt(millionths(exact.Num(), new(big.Int).Mul(exact.Denom(), big.NewInt(int64(over)))), -6), true
}

// enclose returns the present value in units of 2^-64 fen and how far it may be off. With x the factor 1/(1+rate)
// rounded down to 2^-64, the true factor is less than 2^-64 above it, and the value changes with the factor by at most
// Σ (k+1)·|flow|; horner itself loses less than 2^-64 a step. It reports false where the numbers are too large or the
// rate is not above zero.
func enclose(flows []money.Amount, growth *big.Rat) (middle, slack *big.Int, ok bool) {
	factor := new(big.Int).Lsh(growth.Denom(), 64)
	factor.Quo(factor, growth.Num())
	if !factor.IsUint64() {
		return nil, nil, false
	}
	coefficients := make([]int64, len(flows)+1)
	var magnitude, steep int64
	for k, flow := range flows {
		size := int64(flow.Abs())
		if size > maxMagnitude-magnitude || size > (maxMagnitude-steep)/int64(k+1) {
			return nil, nil, false
		}
		magnitude += size
		steep += size * int64(k+1)
		coefficients[k+1] = int64(flow)
	}
	value := horner(coefficients, factor.Uint64())
	middle = new(big.Int).Lsh(big.NewInt(value.high), 64)
	middle.Add(middle, new(big.Int).SetUint64(value.low))
	return middle, big.NewInt(steep + int64(len(coefficients))), true
}

func exactWorth(flows []money.Amount, growth *big.Rat) *big.Rat {
	sum := new(big.Rat)
	for k := len(flows) - 1; k >= 0; k-- {
		sum.Add(sum, new(big.Rat).SetInt64(int64(flows[k])))
		sum.Quo(sum, growth)
	}
	return sum
}

// millionths returns numerator / denominator in millionths, rounded half away from zero.
func millionths(numerator, denominator *big.Int) *big.Int {
	top := new(big.Int).Mul(numerator, big.NewInt(2*million))
	if numerator.Sign() < 0 {
		top.Sub(top, denominator)
	} else {
		top.Add(top, denominator)
	}
	return top.Quo(top, new(big.Int).Lsh(denominator, 1))
}
