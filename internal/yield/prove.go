package yield

import (
	"math"
	"math/big"
	"math/bits"
)

// prove turns a guess into an answer: it finds two neighbours of the root between which the exact polynomial changes
// sign and whose rates round alike. The fast way needs a few sums of integers; what it cannot decide, halving does.
func (p *problem) prove(b bracket, guess float64) Root {
	if b.side.ints != nil {
		if low, high, ok := b.neighbours(guess); ok {
			quarterly, ok := b.side.round(low, high, p.periods)
			annual, okToo := b.side.round(low, high, 4*p.periods)
			if ok && okToo {
				return Root{quarterly, annual}
			}
		}
	}
	return p.halve(b)
}

// neighbours improves the guess by one Newton step in integers and returns two numbers around it, in units of 2^-64,
// with opposite exact signs.
func (b bracket) neighbours(guess float64) (low, high uint64, ok bool) {
	const unit = 1 << 64
	if !(guess > 0 && guess < 1-0x1p-40) {
		return 0, 0, false
	}
	_, slope := b.side.value(guess)
	middle := uint64(guess * unit)
	step := horner(b.side.ints, middle).float() / slope * unit
	size := math.Abs(step)
	if !(size < 0x1p40) {
		return 0, 0, false
	}
	middle -= uint64(int64(step))
	// Wide enough for the error of the step (its slope is good to a dozen digits) and for the sums' own error bound.
	margin := 4 + uint64(size*0x1p-30) + uint64(min(0x1p40, 4*float64(len(b.side.ints))/math.Abs(slope)))
	low, high = middle-margin, middle+margin
	n := len(b.side.ints)
	lowSign, lowKnown := horner(b.side.ints, low).sign(n)
	highSign, highKnown := horner(b.side.ints, high).sign(n)
	return low, high, lowKnown && highKnown && lowSign*highSign < 0 && low < middle && middle < high
}

const (
	million  = 1_000_000
	trillion = 1_000_000_000_000
)

// round rounds the rate x^-power − 1 (above zero) or x^power − 1 (below) of a root between low and high, in units of
// 2^-64, and reports false where the two ends do not prove the rounding.
//
// With X the power of an end in units of 2^(−64·power) and K the rounded magnitude in trillionths, K − ½ ≤ rate < K + ½
// means above zero (2K−1+2e12)·X ≤ 2e12·2^(64·power) < (2K+1+2e12)·X, and below zero
// (2e12−2K−1)·2^(64·power) < 2e12·X ≤ (2e12−2K+1)·2^(64·power): the highest word of one product decides each.
// The rate falls with x, so the larger bound is tested at low and the smaller one at high.
func (s *side) round(low, high uint64, power int) (rounded, bool) {
	const twice = 2 * trillion
	raised := math.Pow(float64(low)/(1<<64), float64(power))
	size := 1 - raised
	if !s.negative {
		size = 1/raised - 1
	}
	if !(size < 1e6) {
		return rounded{}, false
	}
	nearest := uint64(size*trillion + 0.5)
	var proven bool
	if s.negative {
		proven = product(low, power, twice).above(twice-2*nearest-1) && !product(high, power, twice).above(twice-2*nearest+1)
	} else {
		proven = product(low, power, twice+2*nearest+1).above(twice) && !product(high, power, twice+2*nearest-1).above(twice)
	}
	// Only a number that ends in half a millionth could round the other way from its exact value.
	if !proven || nearest%million == million/2 {
		return rounded{}, false
	}
	out := rounded{millionths: int64((nearest + million/2) / million), trillionths: int64(nearest)}
	if s.negative {
		out = rounded{-out.millionths, -out.trillionths}
	}
	return out, true
}

// whole is a number of which only the highest word, and whether anything follows it, matters.
type whole struct {
	top  uint64
	rest bool
}

// product returns m^power × factor in units of 2^(64·power).
func product(m uint64, power int, factor uint64) whole {
	var words [9]uint64
	words[0] = factor
	for length := 1; length <= power; length++ {
		carry := uint64(0)
		for i := range length {
			high, low := bits.Mul64(words[i], m)
			sum, over := bits.Add64(low, carry, 0)
			words[i], carry = sum, high+over
		}
		words[length] = carry
	}
	out := whole{top: words[power]}
	for _, word := range words[:power] {
		out.rest = out.rest || word != 0
	}
	return out
}

// above reports whether the number is greater than limit units.
func (w whole) above(limit uint64) bool { return w.top > limit || w.top == limit && w.rest }

// halve halves the bracket with exact signs until both ends round alike. Should they still differ when the bracket is
// narrower than any two different answers of such flows could be, the root lies on the tie itself, and a tie is rounded
// away from zero.
func (p *problem) halve(b bracket) Root {
	const startBits, mostBits = 80, 256 // every x of the search is a whole number of 2^-80
	low, high := wholeBelow(b.low, startBits), wholeBelow(b.high, startBits)
	coefficients := b.side.exact()
	for width := uint(startBits); ; {
		gap := new(big.Int).Sub(high, low)
		if gap.BitLen() <= 8 {
			if root, ok := p.agree(b.side, low, high, width); ok || width >= mostBits {
				return root
			}
			low.Lsh(low, 16)
			high.Lsh(high, 16)
			width += 16
			continue
		}
		middle := gap.Add(low, high).Rsh(gap, 1)
		switch sign := exactSign(coefficients, middle, width); sign {
		case 0:
			root, _ := p.agree(b.side, middle, middle, width)
			return root
		case b.lowSign:
			low = middle
		default:
			high = middle
		}
	}
}

// wholeBelow returns the whole number of 2^-bitCount at or below x.
func wholeBelow(x float64, bitCount int) *big.Int {
	scaled := new(big.Float).SetMantExp(big.NewFloat(x), bitCount)
	number, _ := scaled.Int(nil)
	return number
}

// agree rounds the rates at both ends and reports whether they are the same. Where they are not, it returns those of
// the end that lies farther from zero.
func (p *problem) agree(s *side, low, high *big.Int, bitCount uint) (Root, bool) {
	far, near := p.rates(s, low, bitCount), p.rates(s, high, bitCount)
	return far, far == near
}

func (p *problem) rates(s *side, m *big.Int, bitCount uint) Root {
	return Root{
		quarterly: s.rate(m, bitCount, p.periods),
		annual:    s.rate(m, bitCount, 4*p.periods),
	}
}

// rate returns x^-power − 1 above zero and x^power − 1 below it, for x = m/2^bitCount, rounded half away from zero.
func (s *side) rate(m *big.Int, bitCount uint, power int) rounded {
	raised := new(big.Int).Exp(m, big.NewInt(int64(power)), nil)
	one := new(big.Int).Lsh(big.NewInt(1), bitCount*uint(power))
	over := raised
	if s.negative {
		over = one
	}
	gap := new(big.Int).Sub(one, raised)
	out := rounded{divideHalfUp(gap, million, over), divideHalfUp(gap, trillion, over)}
	if s.negative {
		return rounded{-out.millionths, -out.trillionths}
	}
	return out
}

// divideHalfUp returns value × scale / over, rounded half-up; none of the three is negative.
func divideHalfUp(value *big.Int, scale int64, over *big.Int) int64 {
	scaled := new(big.Int).Mul(value, big.NewInt(2*scale))
	scaled.Add(scaled, over)
	return scaled.Quo(scaled, new(big.Int).Lsh(over, 1)).Int64()
}
