package yield

import (
	"math/big"
	"math/bits"
)

// maxMagnitude bounds Σ|coefficient| on the fast path, so that no intermediate sum leaves the signed 64.64 number.
const maxMagnitude = 1 << 62

// fixed is a signed number with 64 bits before and 64 bits after the point, in two's complement.
type fixed struct {
	high int64
	low  uint64
}

// horner returns Σ coefficients[k]·x^k for x = m/2^64 < 1, rounded down at each step. Each step loses less than 2^-64
// and later steps only shrink the loss, so the exact value lies in [result, result + len(coefficients)·2^-64).
func horner(coefficients []int64, m uint64) fixed {
	var high, low uint64
	for i := len(coefficients) - 1; i >= 0; i-- {
		productHigh, productLow := bits.Mul64(high, m)
		if int64(high) < 0 {
			productHigh -= m // the product of the two's complement, made signed
		}
		carryIn, _ := bits.Mul64(low, m)
		sum, carry := bits.Add64(productLow, carryIn, 0)
		high, low = productHigh+carry+uint64(coefficients[i]), sum
	}
	return fixed{int64(high), low}
}

// sign returns the sign of the exact value that a horner of n coefficients stands for, and false where the error
// bound does not decide it.
func (f fixed) sign(n int) (int, bool) {
	if f.high >= 0 {
		return 1, f.high > 0 || f.low > 0
	}
	_, carry := bits.Add64(f.low, uint64(n), 0)
	return -1, f.high < -1 || carry == 0
}

// float returns the value for guessing; a small negative number keeps its digits.
func (f fixed) float() float64 {
	if f.high < 0 {
		low, borrow := bits.Sub64(0, f.low, 0)
		return -fixed{-f.high - int64(borrow), low}.float()
	}
	return float64(f.high) + float64(f.low)/(1<<64)
}

// exactSign returns the sign of Σ coefficients[k]·x^k for x = m/2^bits, computed without any rounding: the sum is
// multiplied through by 2^(bits·degree).
func exactSign(coefficients []*big.Int, m *big.Int, bitCount uint) int {
	sum, term := new(big.Int), new(big.Int)
	degree := len(coefficients) - 1
	for i := degree; i >= 0; i-- {
		sum.Mul(sum, m)
		sum.Add(sum, term.Lsh(coefficients[i], bitCount*uint(degree-i)))
	}
	return sum.Sign()
}
