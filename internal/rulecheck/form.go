package rulecheck

import (
	"math/big"
	"sort"
)

// atom is a number that the solver knows only by its range: a fact, or a part of an expression that is not linear in facts.
type atom struct {
	name string
	span interval
	// grid is the step on which all values of the atom lie, nil where they may lie anywhere.
	grid *big.Rat
}

// interval is a closed range of numbers; a nil end is unbounded. All ends are exact.
type interval struct{ low, high *big.Rat }

func point(value *big.Rat) interval { return interval{value, value} }

func (i interval) isPoint() bool { return i.low != nil && i.high != nil && i.low.Cmp(i.high) == 0 }

func (i interval) nonNegative() bool { return i.low != nil && i.low.Sign() >= 0 }

func (i interval) add(other interval) interval {
	return interval{addEnds(i.low, other.low), addEnds(i.high, other.high)}
}

func addEnds(a, b *big.Rat) *big.Rat {
	if a == nil || b == nil {
		return nil
	}
	return new(big.Rat).Add(a, b)
}

func (i interval) scale(factor *big.Rat) interval {
	scaled := interval{mulEnd(i.low, factor), mulEnd(i.high, factor)}
	if factor.Sign() < 0 {
		scaled.low, scaled.high = scaled.high, scaled.low
	}
	return scaled
}

func mulEnd(end, factor *big.Rat) *big.Rat {
	if end == nil {
		return nil
	}
	return new(big.Rat).Mul(end, factor)
}

// multiply returns the range of a product of two numbers; unbounded factors make it unbounded, but for the sign of two
// numbers that are not negative.
func (i interval) multiply(other interval) interval {
	if i.low == nil || i.high == nil || other.low == nil || other.high == nil {
		if i.nonNegative() && other.nonNegative() {
			return interval{low: new(big.Rat).Mul(i.low, other.low)}
		}
		return interval{}
	}
	var out interval
	for _, a := range []*big.Rat{i.low, i.high} {
		for _, b := range []*big.Rat{other.low, other.high} {
			out = out.include(new(big.Rat).Mul(a, b))
		}
	}
	return out
}

func (i interval) include(value *big.Rat) interval {
	if i.low == nil || value.Cmp(i.low) < 0 {
		i.low = value
	}
	if i.high == nil || value.Cmp(i.high) > 0 {
		i.high = value
	}
	return i
}

// hull returns the range that holds both.
func (i interval) hull(other interval) interval {
	var out interval
	if i.low != nil && other.low != nil {
		out.low = i.low
		if other.low.Cmp(i.low) < 0 {
			out.low = other.low
		}
	}
	if i.high != nil && other.high != nil {
		out.high = i.high
		if other.high.Cmp(i.high) > 0 {
			out.high = other.high
		}
	}
	return out
}

// inverse returns the range of 1/x, x being strictly on one side of zero or touching it at the lower end; a nil end where
// it has none. It is only asked for divisors that are not negative.
func (i interval) inverse() interval {
	var out interval
	one := big.NewRat(1, 1)
	if i.high != nil && i.high.Sign() > 0 {
		out.low = new(big.Rat).Quo(one, i.high)
	} else {
		out.low = new(big.Rat)
	}
	if i.low.Sign() > 0 {
		out.high = new(big.Rat).Quo(one, i.low)
	}
	return out
}

// form is a linear combination of atoms and a constant, exact.
type form struct {
	terms    []formTerm // by atom, without zero coefficients
	constant *big.Rat
}

type formTerm struct {
	atom        int
	coefficient *big.Rat
}

func constantForm(value *big.Rat) form { return form{constant: value} }

func atomForm(place int) form {
	return form{terms: []formTerm{{place, big.NewRat(1, 1)}}, constant: new(big.Rat)}
}

func (f form) isConstant() bool { return len(f.terms) == 0 }

// plus returns f + factor × other.
func (f form) plus(other form, factor *big.Rat) form {
	sums := map[int]*big.Rat{}
	for _, t := range f.terms {
		sums[t.atom] = new(big.Rat).Set(t.coefficient)
	}
	for _, t := range other.terms {
		if sums[t.atom] == nil {
			sums[t.atom] = new(big.Rat)
		}
		sums[t.atom].Add(sums[t.atom], new(big.Rat).Mul(t.coefficient, factor))
	}
	out := form{constant: new(big.Rat).Add(f.constant, new(big.Rat).Mul(other.constant, factor))}
	for place, sum := range sums {
		if sum.Sign() != 0 {
			out.terms = append(out.terms, formTerm{place, sum})
		}
	}
	sort.Slice(out.terms, func(i, j int) bool { return out.terms[i].atom < out.terms[j].atom })
	return out
}

func (f form) scale(factor *big.Rat) form { return constantForm(new(big.Rat)).plus(f, factor) }

var (
	ratOne      = big.NewRat(1, 1)
	ratMinusOne = big.NewRat(-1, 1)
)

func (f form) minus(other form) form { return f.plus(other, ratMinusOne) }

func (f form) negate() form { return f.scale(ratMinusOne) }

// coefficient returns what an atom is multiplied with, nil where it does not occur.
func (f form) coefficient(place int) *big.Rat {
	for _, t := range f.terms {
		if t.atom == place {
			return t.coefficient
		}
	}
	return nil
}

// constraint says form ≥ 0, or > 0 where strict.
type constraint struct {
	form   form
	strict bool
}

// constant reports whether the constraint has no atoms, and then whether it holds.
func (c constraint) constant() (is, holds bool) {
	if !c.form.isConstant() {
		return false, false
	}
	sign := c.form.constant.Sign()
	return true, sign > 0 || sign == 0 && !c.strict
}

// maxConstraints bounds the elimination of one system; beyond it the answer is that nothing is known.
const maxConstraints = 400

// infeasible reports that no rational values of the atoms satisfy all constraints, by Fourier–Motzkin elimination: each
// atom is removed by adding every upper bound on it to every lower one. false may also mean that nothing is known.
func infeasible(constraints []constraint) bool {
	for {
		var rest []constraint
		at := -1
		for _, c := range constraints {
			if is, holds := c.constant(); is {
				if !holds {
					return true
				}
				continue
			}
			rest = append(rest, c)
			if place := c.form.terms[0].atom; at < 0 || place < at {
				at = place
			}
		}
		if at < 0 {
			return false
		}
		if constraints = eliminate(rest, at); len(constraints) > maxConstraints {
			return false
		}
	}
}

func eliminate(constraints []constraint, at int) []constraint {
	var lower, upper, out []constraint
	for _, c := range constraints {
		k := c.form.coefficient(at)
		switch {
		case k == nil:
			out = append(out, c)
		case k.Sign() > 0:
			lower = append(lower, constraint{c.form.scale(new(big.Rat).Inv(k)), c.strict})
		default:
			upper = append(upper, constraint{c.form.scale(new(big.Rat).Inv(new(big.Rat).Neg(k))), c.strict})
		}
	}
	for _, l := range lower {
		for _, u := range upper {
			out = append(out, constraint{l.form.plus(u.form, ratOne), l.strict || u.strict})
		}
	}
	return out
}
