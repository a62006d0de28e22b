// Package yield finds the rate at which a series of flows is worth nothing (the IRR), and what a series is worth at a
// given rate. It is the only package on the deciding side that may use binary floats, and it uses them only to guess:
// every answer is then proven with integers. A yield is answered once the exact polynomial of the flows has been shown
// to change sign between two neighbours of the root that round to the same answer; a present value is answered once
// its exact lower and upper bounds round to the same answer. Where a bound is too wide, slower exact arithmetic decides.
package yield

import (
	"math/big"

	"github.com/shopspring/decimal"

	"zutuan/internal/money"
)

// The yields that are looked for, a quarter: above −99 % and below 3000 %, as far as twice the annual rate to twelve decimals fits an int64 with room. What lies outside is not the yield of a
// project or a loan but of a mistyped amount, and is answered as absent.
const (
	lowestQuarterly  = -0.99
	highestQuarterly = 30
)

// Root is a yield whose roundings are proven. The zero value is a yield of exactly zero.
type Root struct {
	quarterly, annual rounded
}

// rounded is one number rounded half-up twice, each time from the exact value.
type rounded struct {
	millionths, trillionths int64
}

// Quarterly returns the yield a quarter, rounded half-up to 6 decimals.
func (r Root) Quarterly() money.Decimal { return decimal.New(r.quarterly.millionths, -6) }

// Annual returns the annual effective yield (1+y)^4 − 1, rounded half-up to 6 decimals.
func (r Root) Annual() money.Decimal { return decimal.New(r.annual.millionths, -6) }

// QuarterlyLong returns the yield a quarter, rounded half-up to 12 decimals.
func (r Root) QuarterlyLong() money.Decimal { return decimal.New(r.quarterly.trillionths, -12) }

// AnnualLong returns the annual effective yield, rounded half-up to 12 decimals.
func (r Root) AnnualLong() money.Decimal { return decimal.New(r.annual.trillionths, -12) }

// Periodic returns the quarterly yield of flows at equal distances of one quarter: the root y nearest zero of
// Σ flows[k] / (1+y)^k at which the sum changes its sign (finance.md, FIRR). Of two roots equally near, the positive
// one. It reports false where there is none: without a change of sign there is no yield, which is not a yield of zero.
func Periodic(flows []money.Amount) (Root, bool) {
	coefficients := make([]int64, len(flows))
	for i, flow := range flows {
		coefficients[i] = int64(flow)
	}
	return nearestOf(fromInts(coefficients, 1, false))
}

// Roots returns every yield of the flows in the range, nearest zero first: where flows change sign more than once there
// may be several, and then the one that Periodic answers is a convention, not a fact.
func Roots(flows []decimal.Decimal) []Root {
	return fromDecimals(flows, true)
}

func nearestOf(roots []Root) (Root, bool) {
	if len(roots) == 0 {
		return Root{}, false
	}
	return roots[0], true
}

// Flow is an amount at a time counted in half quarters, so that a draw in the middle of a quarter has a whole number.
type Flow struct {
	HalfQuarter int
	Amount      money.Amount
}

// MaxHalfQuarters bounds the span of timed flows: four times the longest statement.
const MaxHalfQuarters = 4 * 2 * 160

// Timed is Periodic for flows at half quarters; the yield is still a quarter's: Σ amount / (1+y)^(time/2). Flows at
// the same time are added. It reports false too where the flows span more than MaxHalfQuarters.
func Timed(flows []Flow) (Root, bool) {
	if len(flows) == 0 {
		return Root{}, false
	}
	first, last := flows[0].HalfQuarter, flows[0].HalfQuarter
	for _, flow := range flows {
		first, last = min(first, flow.HalfQuarter), max(last, flow.HalfQuarter)
	}
	if last-first > MaxHalfQuarters {
		return Root{}, false
	}
	coefficients := make([]int64, last-first+1)
	for _, flow := range flows {
		coefficients[flow.HalfQuarter-first] += int64(flow.Amount)
	}
	return nearestOf(fromInts(coefficients, 2, false))
}

// HalfQuarters is Timed for flows in fen in the order of their times, fen[k] at half quarter k. Zeros at the ends count
// for nothing.
func HalfQuarters(fen []int64) (Root, bool) {
	coefficients := trimmed(fen, func(c int64) bool { return c == 0 })
	if len(coefficients) > MaxHalfQuarters+1 {
		return Root{}, false
	}
	return nearestOf(fromInts(coefficients, 2, false))
}

// Decimals is Periodic for exact decimals of any size and scale; the periods are answered as quarters.
func Decimals(flows []decimal.Decimal) (Root, bool) {
	return nearestOf(fromDecimals(flows, false))
}

func fromDecimals(flows []decimal.Decimal, all bool) []Root {
	lowest := int32(0)
	for _, flow := range flows {
		lowest = min(lowest, flow.Exponent())
	}
	coefficients := make([]*big.Int, len(flows))
	for i, flow := range flows {
		coefficients[i] = flow.Shift(-lowest).BigInt()
	}
	return fromBigs(coefficients, 1, all)
}

// fromInts solves Σ coefficients[k] / (1+y)^(k/periods): periods is how many of the steps make a quarter.
func fromInts(coefficients []int64, periods int, all bool) []Root {
	coefficients = trimmed(coefficients, func(c int64) bool { return c == 0 })
	var magnitude, sum int64
	for _, c := range coefficients {
		if c > maxMagnitude-magnitude || c < magnitude-maxMagnitude {
			return fromBigs(toBigs(coefficients), periods, all)
		}
		magnitude += max(c, -c)
		sum += c
	}
	if sum == 0 { // the root zero, or no flows at all
		return fromBigs(toBigs(coefficients), periods, all)
	}
	return (&problem{periods: periods, ints: coefficients}).roots(all)
}

// fromBigs is fromInts for coefficients of any size. It also takes out the root zero, which a sum of nothing has; it
// counts where the sum changes its sign there, that is where it is a root an odd number of times.
func fromBigs(coefficients []*big.Int, periods int, all bool) []Root {
	coefficients = trimmed(coefficients, func(c *big.Int) bool { return c.Sign() == 0 })
	multiplicity := 0
	for len(coefficients) > 0 && sumOf(coefficients).Sign() == 0 {
		coefficients = withoutRootOne(coefficients)
		multiplicity++
	}
	var roots []Root
	if multiplicity%2 == 1 {
		roots = append(roots, Root{})
		if !all {
			return roots
		}
	}
	return append(roots, (&problem{periods: periods, bigs: coefficients}).roots(all)...)
}

// trimmed cuts zeros off both ends: those in front only delay all flows, which moves no root.
func trimmed[T any](coefficients []T, zero func(T) bool) []T {
	for len(coefficients) > 0 && zero(coefficients[0]) {
		coefficients = coefficients[1:]
	}
	for len(coefficients) > 0 && zero(coefficients[len(coefficients)-1]) {
		coefficients = coefficients[:len(coefficients)-1]
	}
	return coefficients
}

func toBigs(coefficients []int64) []*big.Int {
	out := make([]*big.Int, len(coefficients))
	for i, c := range coefficients {
		out[i] = big.NewInt(c)
	}
	return out
}

func sumOf(coefficients []*big.Int) *big.Int {
	sum := new(big.Int)
	for _, c := range coefficients {
		sum.Add(sum, c)
	}
	return sum
}

// withoutRootOne divides a polynomial whose coefficients add to zero by (1 − x): the quotient's coefficients are the
// running sums.
func withoutRootOne(coefficients []*big.Int) []*big.Int {
	quotient := make([]*big.Int, len(coefficients)-1)
	sum := new(big.Int)
	for i := range quotient {
		sum.Add(sum, coefficients[i])
		quotient[i] = new(big.Int).Set(sum)
	}
	return trimmed(quotient, func(c *big.Int) bool { return c.Sign() == 0 })
}
