package yield

import "math"

// Limits of the search for the nearest of several roots.
const (
	// narrowest is the width below which two roots are not told apart: a pair closer than this changes no sign that a
	// rate with 12 decimals could show.
	narrowest = 0x1p-44
	// mostSteps ends a search that shrinks its steps for ever; honest flows need fewer than two hundred.
	mostSteps = 20_000
)

// frontier is how far one side has been searched: no root lies between 1 and at.x.
type frontier struct {
	side   *side
	at     point
	sign   int
	width  float64
	closed bool
}

// distance returns |y| a quarter for a discount factor x.
func (s *side) distance(x float64, periods int) float64 {
	if s.negative {
		return 1 - math.Pow(x, float64(periods))
	}
	return math.Pow(x, -float64(periods)) - 1
}

// candidate is a bracketed root and its float guess.
type candidate struct {
	bracket
	guess, distance float64
}

// search looks outwards from zero on both sides at once, always widening the nearer frontier. With all it collects
// every root in the range; without, it stops once the nearest root found lies nearer than everything not yet searched,
// and that root is the last of the result.
func (p *problem) search(all bool) []candidate {
	fronts := [2]*frontier{newFrontier(p.above), newFrontier(p.below)}
	var found []candidate
	nearest := math.Inf(1)
	for range mostSteps {
		var next *frontier
		nextDistance := nearest
		for _, front := range fronts {
			if distance := front.side.distance(front.at.x, p.periods); !front.closed && distance < nextDistance {
				next, nextDistance = front, distance
			}
		}
		if next == nil {
			break
		}
		hit, ok := next.widen()
		if !ok {
			continue
		}
		guess := hit.polish()
		distance := hit.side.distance(guess, p.periods)
		if all {
			found = append(found, candidate{hit, guess, distance})
		} else if distance < nearest {
			found, nearest = []candidate{{hit, guess, distance}}, distance
		}
	}
	return found
}

func newFrontier(s *side) *frontier {
	start := s.at(1)
	return &frontier{side: s, at: start, sign: s.signAt(start), width: 0.5 / float64(len(s.gains))}
}

// widen takes one step away from zero. It reports a bracket where the step holds exactly one change of sign; it moves
// the frontier where the step provably holds none, and otherwise shortens the step.
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
	narrow := f.at.x-low <= narrowest
	monotone := steepest < 0 || flattest > 0
	switch {
	case sign != f.sign && (monotone || narrow):
		hit := bracket{f.side, low, f.at.x, sign}
		f.at, f.sign = there, sign
		return hit, true
	case sign == f.sign && (monotone || narrow || f.excludes(there, flattest, steepest)):
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
