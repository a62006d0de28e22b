package yield

import (
	"math"
	"math/big"
	"sort"
)

// problem is one polynomial to be solved, with a first and a last coefficient and a sum that are not zero; periods is
// how many of its steps make a quarter. The coefficients are ints where they fit, bigs otherwise.
type problem struct {
	periods int
	ints    []int64
	bigs    []*big.Int
}

// side is one half of the search: yields above zero or below it. Either is a polynomial in a discount factor x
// between 0 and 1: above zero x = 1/(1+y) a step with the flows in their order, below zero x = 1+y a step with the
// flows reversed (the sum multiplied by (1+y)^n, which moves no root). x = 1 is a yield of zero in both.
type side struct {
	negative bool
	// most bounds how many roots the side has; where it is one, it has exactly one.
	most   int
	lowest float64    // the x of the widest yield looked for
	ints   []int64    // nil where a coefficient or their sum is too large
	bigs   []*big.Int // made when first needed
	values []float64
	// gains and losses are the magnitudes of the positive and negative coefficients, made where several roots are
	// possible. Each of the two sums grows with x, which is what bounds a slope over an interval.
	gains, losses []float64
}

// bracket is an interval of x in which the polynomial changes sign once; lowSign is its sign at low.
type bracket struct {
	side      *side
	low, high float64
	lowSign   int
}

// candidate is a bracketed root, its float guess and how far from zero it is.
type candidate struct {
	bracket
	guess, distance float64
}

// roots returns the root nearest zero, or with all every root in the range, nearest first.
func (p *problem) roots(all bool) []Root {
	var found []candidate
	var fronts []*frontier
	for _, negative := range [2]bool{false, true} {
		most := p.mostRoots(negative)
		if most == 0 {
			continue
		}
		s := p.side(negative, most)
		if most > 1 {
			fronts = append(fronts, newFrontier(s))
		} else if only, ok := s.only(); ok {
			guess := only.polish()
			found = append(found, candidate{only, guess, s.distance(guess, p.periods)})
		}
	}
	if len(fronts) > 0 {
		found = p.search(fronts, found, all)
	}
	sort.SliceStable(found, func(i, j int) bool { return found[i].distance < found[j].distance })
	if !all && len(found) > 1 {
		found = found[:1]
	}
	roots := make([]Root, len(found))
	for i, candidate := range found {
		roots[i] = p.prove(candidate.bracket, candidate.guess)
	}
	return roots
}

// mostRoots counts how often the running sums of the coefficients change sign, from the front for yields above zero,
// from the back for those below. Divided by 1−x the polynomial is the power series of its running sums (the last one
// repeated for ever), so by Descartes' rule it has at most so many roots between 0 and 1, and with one change exactly
// one. A loan has one: however fees and draws alternate, its balance of payments turns once.
func (p *problem) mostRoots(negative bool) int {
	changes, last := 0, 0
	count := func(sign int) {
		if sign != 0 && sign != last {
			if last != 0 {
				changes++
			}
			last = sign
		}
	}
	if p.ints != nil {
		sum, n := int64(0), len(p.ints)
		for i := range p.ints {
			if negative {
				sum += p.ints[n-1-i]
			} else {
				sum += p.ints[i]
			}
			count(signOf(sum))
		}
		return changes
	}
	sum, n := new(big.Int), len(p.bigs)
	for i := range p.bigs {
		if negative {
			sum.Add(sum, p.bigs[n-1-i])
		} else {
			sum.Add(sum, p.bigs[i])
		}
		count(sum.Sign())
	}
	return changes
}

func signOf(value int64) int {
	switch {
	case value > 0:
		return 1
	case value < 0:
		return -1
	}
	return 0
}

func (p *problem) side(negative bool, most int) *side {
	s := &side{negative: negative, most: most, ints: p.ints, bigs: p.bigs}
	widest := 1 / (1.0 + highestQuarterly)
	if negative {
		s.ints, s.bigs = reversed(p.ints), reversed(p.bigs)
		widest = 1 + lowestQuarterly
	}
	s.lowest = widest
	if p.periods == 2 {
		s.lowest = math.Sqrt(widest)
	}
	s.values = floats(s.ints, s.bigs)
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

// floats returns the coefficients for guessing; large ones are scaled to at most 1, so that none overflows.
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
		values[i], _ = scaled.SetMantExp(scaled, -longest).Float64()
	}
	return values
}

// distance returns |y| a quarter for a discount factor x.
func (s *side) distance(x float64, periods int) float64 {
	if periods == 2 {
		x *= x
	}
	if s.negative {
		return 1 - x
	}
	return 1/x - 1
}

// value returns the polynomial and its slope at x. The even and the odd powers are summed in two lanes, which the
// processor works on side by side.
func (s *side) value(x float64) (value, slope float64) {
	var even, odd, evenSlope, oddSlope float64
	square, values := x*x, s.values
	last := len(values) - 1
	if last%2 == 0 {
		even = values[last]
		last--
	}
	for i := last; i >= 1; i -= 2 {
		oddSlope = oddSlope*square + odd
		odd = odd*square + values[i]
		evenSlope = evenSlope*square + even
		even = even*square + values[i-1]
	}
	return even + x*odd, odd + 2*x*(evenSlope+x*oddSlope)
}

// only brackets the root of a side that has exactly one, and reports false where it lies outside the range.
func (s *side) only() (bracket, bool) {
	first := s.exactSignAt(1)
	low := first
	if value, _ := s.value(s.lowest); math.Abs(value) > s.slip() {
		low = signOf(int64(math.Copysign(1, value)))
	} else {
		low = s.exactSignAt(s.lowest)
	}
	return bracket{s, s.lowest, 1, low}, low*first < 0
}

// slip bounds the rounding error of value anywhere between 0 and 1.
func (s *side) slip() float64 {
	magnitude := 0.0
	for _, value := range s.values {
		magnitude += math.Abs(value)
	}
	return float64(2*len(s.values)+4) * 0x1p-52 * magnitude
}

// exactSignAt returns the sign of the polynomial at a float, which is a whole number of 2^-120 in the range.
func (s *side) exactSignAt(x float64) int {
	const bitCount = 120
	if x == 1 {
		if s.ints == nil {
			return sumOf(s.bigs).Sign()
		}
		sum := int64(0)
		for _, c := range s.ints {
			sum += c
		}
		return signOf(sum)
	}
	return exactSign(s.exact(), wholeBelow(x, bitCount), bitCount)
}

func (s *side) exact() []*big.Int {
	if s.bigs == nil {
		s.bigs = toBigs(s.ints)
	}
	return s.bigs
}

// polish narrows a bracket by Newton's steps, halving it where a step would leave it.
func (b bracket) polish() float64 {
	low, high := b.low, b.high
	x := high
	if high >= 1 {
		x = 1 - 0x1p-20 // most yields are near zero; at 1 itself the bracket would not shrink
	}
	for range 200 {
		value, slope := b.side.value(x)
		if value == 0 {
			return x
		}
		if (value > 0) == (b.lowSign > 0) {
			low = x
		} else {
			high = x
		}
		next := x - value/slope
		if !(next > low && next < high) {
			next = (low + high) / 2
		}
		if math.Abs(next-x) <= 0x1p-40*x || next == low || next == high {
			return next // the next step would be below the last digit: Newton doubles them
		}
		x = next
	}
	return x
}
