package yield

import "math"

// Limits of the search for the nearest of several roots. Where floats cannot settle a step (several roots in one place,
// or nearly), the search goes on in steps of narrowest, looking only at the exact signs at their ends: two roots within
// one such step are taken for none, three for one. The steps then lengthen, so that the search always ends.
const (
	narrowest   = 0x1p-24 // a two-hundredth of a basis point a quarter
	lengthening = 1.002
)

// point is what is known of the polynomial at x.
type point struct {
	x           float64
	value, slip float64 // slip bounds the rounding error of value
	gain, loss  float64 // the slopes of the two parts
}

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
	slip := float64(2*len(gains)+2) * 0x1p-52 * (gain + loss)
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

// frontier is how far one side has been searched: every root between 1 and at.x has been found.
type frontier struct {
	side   *side
	at     point
	sign   int
	width  float64
	narrow float64
	closed bool
}

func newFrontier(s *side) *frontier {
	n := len(s.values)
	backing := make([]float64, 2*n)
	s.gains, s.losses = backing[:n], backing[n:]
	for i, value := range s.values {
		if value > 0 {
			s.gains[i] = value
		} else {
			s.losses[i] = -value
		}
	}
	start := s.at(1)
	return &frontier{side: s, at: start, sign: s.signAt(start), width: 0.5 / float64(n), narrow: narrowest}
}

// search looks outwards from zero on the sides given, always widening the nearer frontier. With all it adds every root
// in the range to found; without, it stops once some root found lies nearer than everything not yet searched.
func (p *problem) search(fronts []*frontier, found []candidate, all bool) []candidate {
	nearest := math.Inf(1)
	for _, known := range found {
		if !all {
			nearest = min(nearest, known.distance)
		}
	}
	for {
		var next *frontier
		nextDistance := nearest
		for _, front := range fronts {
			if distance := front.side.distance(front.at.x, p.periods); !front.closed && distance < nextDistance {
				next, nextDistance = front, distance
			}
		}
		if next == nil {
			return found
		}
		hit, ok := next.widen()
		if !ok {
			continue
		}
		guess := hit.polish()
		distance := hit.side.distance(guess, p.periods)
		found = append(found, candidate{hit, guess, distance})
		if !all {
			nearest = min(nearest, distance)
		}
	}
}

// widen takes one step away from zero. It reports a bracket where the step holds exactly one change of sign; it moves
// the frontier where the step is settled, and otherwise shortens the step.
func (f *frontier) widen() (bracket, bool) {
	low := max(f.at.x-f.width, f.side.lowest)
	if low >= f.at.x {
		f.closed = true
		return bracket{}, false
	}
	there := f.side.at(low)
	sign := f.side.signAt(there)
	if sign == 0 {
		f.width *= 0.7 // a root exactly on the grid: look at it from another point
		return bracket{}, false
	}
	steepest, flattest := f.at.gain-there.loss, there.gain-f.at.loss
	settled := steepest < 0 || flattest > 0
	if !settled && f.at.x-low <= f.narrow {
		settled = true
		f.narrow *= lengthening
	}
	switch {
	case sign != f.sign && settled:
		hit := bracket{f.side, low, f.at.x, sign}
		f.at, f.sign = there, sign
		return hit, true
	case sign == f.sign && (settled || f.excludes(there, flattest, steepest)):
		f.at, f.sign = there, sign
		f.width *= 1.7
	default:
		f.width = (f.at.x - low) / 2
	}
	return bracket{}, false
}

// excludes reports whether the polynomial keeps its sign between the frontier and a point of the same sign, given that
// its slope stays between flattest < 0 and steepest > 0: the two straight lines that fall fastest from either end meet
// above zero.
func (f *frontier) excludes(there point, flattest, steepest float64) bool {
	width := f.at.x - there.x
	high, low := f.at.value, there.value
	if f.sign < 0 {
		high, low = -high, -low
		flattest, steepest = -steepest, -flattest
	}
	meeting := (high*-flattest + low*steepest + width*steepest*flattest) / (steepest - flattest)
	return meeting > f.at.slip+there.slip
}
