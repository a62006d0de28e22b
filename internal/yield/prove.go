package yield

import (
	"math/big"
)

// prove turns a guess into an answer: it finds two neighbours of the root between which the exact polynomial changes
// sign and whose rates round alike. The fast way needs four sums of integers; what it cannot decide, halving does.
func (p *problem) prove(b bracket, guess float64) Root {
	if b.side.ints != nil {
		if low, high, ok := b.neighbours(guess); ok {
			if root, ok := p.agree(b.side, new(big.Int).SetUint64(low), new(big.Int).SetUint64(high), 64); ok {
				return root
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
	slope := b.side.at(guess).slope()
	middle := uint64(guess * unit)
	step := horner(b.side.ints, middle).float() / slope * unit
	size := max(step, -step)
	if !(size < 0x1p40) {
		return 0, 0, false
	}
	middle = uint64(int64(middle) - int64(step))
	// Wide enough for the error of the step (its slope is good to a dozen digits) and for the sums' own error bound.
	margin := 4 + uint64(size*0x1p-30) + uint64(min(0x1p40, 4*float64(len(b.side.ints))/max(slope, -slope)))
	low, high = middle-margin, middle+margin
	n := len(b.side.ints)
	lowSign, lowKnown := horner(b.side.ints, low).sign(n)
	highSign, highKnown := horner(b.side.ints, high).sign(n)
	return low, high, lowKnown && highKnown && lowSign*highSign < 0 && low < middle && middle < high
}

// halve halves the bracket with exact signs until both ends round alike. Should they still differ when the bracket is
// narrower than any two different answers of such flows could be, the root lies on the tie itself, and a tie is rounded
// away from zero.
func (p *problem) halve(b bracket) Root {
	const startBits, mostBits = 80, 256 // every x of the search is a whole number of 2^-80
	low, high := wholeBelow(b.low, startBits), wholeBelow(b.high, startBits)
	coefficients := b.side.exact()
	lowSign := b.lowSign
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
		case lowSign:
			low = middle
		default:
			high = middle
		}
	}
}

// wholeBelow returns the whole number of 2^-bitCount at or below x.
func wholeBelow(x float64, bitCount int) *big.Int {
	scaled := new(big.Float).SetMantExp(big.NewFloat(x), bitCount)
	whole, _ := scaled.Int(nil)
	return whole
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

var (
	million  = big.NewInt(1_000_000)
	trillion = big.NewInt(1_000_000_000_000)
)

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
func divideHalfUp(value, scale, over *big.Int) int64 {
	scaled := new(big.Int).Mul(value, scale)
	scaled.Lsh(scaled, 1).Add(scaled, over)
	return scaled.Quo(scaled, new(big.Int).Lsh(over, 1)).Int64()
}
