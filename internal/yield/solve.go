package yield

import (
	"math"
	"math/big"
	"sort"
)

// side is one half of the search: yields above zero or below it. Either is a polynomial in a discount factor x
// between 0 and 1: above zero x = 1/(1+y) a step with the flows in their order, below zero x = 1+y a step with the
// flows reversed (the sum multiplied by (1+y)^n, which moves no root). x = 1 is a yield of zero in both.
type side struct {
	negative bool
	ints     []int64    // nil where a coefficient or their sum is too large
	bigs     []*big.Int // made when first needed
	// gains and losses are the magnitudes of the positive and negative coefficients, scaled alike. Each of the two sums
	// grows with x, which is what bounds a slope over an interval.
	gains, losses []float64
	lowest        float64 // the x of the widest yield looked for
}

// problem is one polynomial to be solved; periods is how many steps make a quarter.
type problem struct {
	periods      int
	variations   int
	above, below *side
}

func newProblem(ints []int64, bigs []*big.Int, periods int) *problem {
	p := &problem{periods: periods}
	if len(ints)+len(bigs) == 0 {
		return p
	}
	values := floats(ints, bigs)
	for i, last := 1, values[0]; i < len(values); i++ {
		if values[i] != 0 {
			if values[i] > 0 != (last > 0) {
				p.variations++
			}
			last = values[i]
		}
	}
	step := 1 / float64(periods)
	p.above = newSide(ints, bigs, values, false, math.Pow(1/(1+highestQuarterly), step))
	p.below = newSide(ints, bigs, values, true, math.Pow(1+lowestQuarterly, step))
	return p
}

// floats returns the coefficients scaled to at most 1, so that none overflows. A coefficient that vanishes beside the
// largest keeps its sign, which is all that counting variations needs.
func floats(ints []int64, bigs []*big.Int) []float64 {
	if ints != nil {
		values := make([]float64, len(ints))
		for i, c := range ints {
			values[i] = float64(c)
		}
		return values
	}
	longest := 0
	for _, c := range bigs {
		longest = max(longest, c.BitLen())
	}
	values := make([]float64, len(bigs))
	for i, c := range bigs {
		scaled := new(big.Float).SetInt(c)
		scaled.SetMantExp(scaled, -longest)
		values[i], _ = scaled.Float64()
		if values[i] == 0 && c.Sign() != 0 {
			values[i] = float64(c.Sign()) * math.SmallestNonzeroFloat64
		}
	}
	return values
}

func newSide(ints []int64, bigs []*big.Int, values []float64, negative bool, lowest float64) *side {
	n := len(values)
	s := &side{negative: negative, lowest: lowest}
	backing := make([]float64, 2*n)
	s.gains, s.losses = backing[:n], backing[n:]
	s.ints, s.bigs = ints, bigs
	if negative {
		s.ints, s.bigs = reversed(ints), reversed(bigs)
	}
	for i, value := range values {
		at := i
		if negative {
			at = n - 1 - i
		}
		if value > 0 {
			s.gains[at] = value
		} else {
			s.losses[at] = -value
		}
	}
	return s
}

func reversed[T any](list []T) []T {
	if list == nil {
		return nil
	}
	out := make([]T, len(list))
	for i, item := range list {
		out[len(list)-1-i] = item
	}
	return out
}

// point is what is known of the polynomial at x.
type point struct {
	x           float64
	value, slip float64 // slip bounds the rounding error of value
	gain, loss  float64 // the slopes of the two parts
}

func (p point) slope() float64 { return p.gain - p.loss }

// at evaluates both parts and their slopes in one pass.
func (s *side) at(x float64) point {
	var gain, loss, gainSlope, lossSlope float64
	gains, losses := s.gains, s.losses[:len(s.gains)]
	for i := len(gains) - 1; i >= 0; i-- {
		gainSlope = gainSlope*x + gain
		lossSlope = lossSlope*x + loss
		gain = gain*x + gains[i]
		loss = loss*x + losses[i]
	}
	slip := float64(2*len(gains)+2) * 0x1p-53 * (gain + loss)
	return point{x: x, value: gain - loss, slip: slip, gain: gainSlope, loss: lossSlope}
}

// signAt returns the exact sign at a point: the float's where its error bound allows, the integers' where not.
func (s *side) signAt(p point) int {
	if p.value > p.slip {
		return 1
	}
	if p.value < -p.slip {
		return -1
	}
	return s.exactSignAt(p.x)
}

func (s *side) exactSignAt(x float64) int {
	const bitCount = 120 // every x above 2^-67 is a whole number of 2^-120
	scaled := new(big.Float).SetMantExp(big.NewFloat(x), bitCount)
	m, _ := scaled.Int(nil)
	return exactSign(s.exact(), m, bitCount)
}

func (s *side) exact() []*big.Int {
	if s.bigs == nil {
		s.bigs = toBigs(s.ints)
	}
	return s.bigs
}

// bracket is an interval of x in which the polynomial changes sign once; lowSign is its sign at low.
type bracket struct {
	side      *side
	low, high float64
	lowSign   int
}

// roots returns the root nearest zero, or with all every root in the range, nearest first.
func (p *problem) roots(all bool) []Root {
	var found []candidate
	switch p.variations {
	case 0:
	case 1:
		if only, ok := p.only(); ok {
			found = []candidate{{bracket: only, guess: only.polish()}}
		}
	default:
		found = p.search(all)
		sort.SliceStable(found, func(i, j int) bool { return found[i].distance < found[j].distance })
	}
	roots := make([]Root, len(found))
	for i, candidate := range found {
		roots[i] = p.prove(candidate.bracket, candidate.guess)
	}
	return roots
}

// only brackets the one root that a polynomial with one variation of sign has (Descartes).
func (p *problem) only() (bracket, bool) {
	for _, s := range [2]*side{p.above, p.below} {
		low, high := s.signAt(s.at(s.lowest)), s.signAt(s.at(1))
		if low*high < 0 {
			return bracket{s, s.lowest, 1, low}, true
		}
	}
	return bracket{}, false
}

// polish narrows a bracket by Newton's steps, halving it where a step would leave it.
func (b bracket) polish() float64 {
	low, high := b.low, b.high
	x := high
	if high >= 1 {
		x = 1 - 0x1p-20 // most yields are near zero; at 1 itself the bracket would not shrink
	}
	for range 200 {
		here := b.side.at(x)
		if here.value == 0 {
			return x
		}
		if (here.value > 0) == (b.lowSign > 0) {
			low = x
		} else {
			high = x
		}
		next := x - here.value/here.slope()
		if !(next > low && next < high) {
			next = (low + high) / 2
		}
		if math.Abs(next-x) <= 0x1p-51*x || next == low || next == high {
			return next
		}
		x = next
	}
	return x
}
