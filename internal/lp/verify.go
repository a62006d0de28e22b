package lp

import (
	"fmt"
	"math"
	"sort"
)

// Violation is one bound or whole-number condition that a point breaks.
type Violation struct {
	// Place is "column x", "row r" or "objective".
	Place string
	// Value is what was found, Bound what was required.
	Value, Bound float64
	// Amount is |Value - Bound|; Relative is Amount over the largest magnitude that went into Value (at least 1),
	// because a sum of large numbers cannot be more exact than its parts.
	Amount, Relative float64
}

func (v Violation) String() string {
	return fmt.Sprintf("%s is %g where %g is required (off by %.3g, relatively %.3g)", v.Place, v.Value, v.Bound, v.Amount, v.Relative)
}

// Verification is the outcome of checking a point against its model.
type Verification struct {
	// MaxAmount and MaxRelative are the largest of all violations, tolerated ones included.
	MaxAmount, MaxRelative float64
	// Violations lists those whose Relative is above the tolerance, worst first.
	Violations []Violation
}

// OK reports whether nothing is broken beyond the tolerance.
func (v Verification) OK() bool { return len(v.Violations) == 0 }

// Verify checks the solution's point against every bound, row and whole-number condition of the model, and its
// objective, without using anything the solver computed but the values. tolerance is relative (see Violation). A
// solution without a point breaks nothing; one of the wrong length breaks everything and says so.
func Verify(model *Model, solution *Solution, tolerance float64) Verification {
	check := verifier{tolerance: tolerance}
	if solution.Values == nil {
		return check.Verification
	}
	if len(solution.Values) != len(model.columns) {
		check.exactly("number of values", float64(len(solution.Values)), float64(len(model.columns)), 1)
		return check.Verification
	}
	for i, column := range model.columns {
		place, value := "column "+column.Name, solution.Values[i]
		check.within(place, value, column.Lower, column.Upper, math.Abs(value))
		if column.Integer {
			check.exactly(place+" (whole number)", value, math.RoundToEven(value), math.Abs(value))
		}
	}
	for i, row := range model.rows {
		scale := 1.0
		for _, term := range row.Terms {
			scale = max(scale, math.Abs(term.Coefficient*solution.Values[term.Column]))
		}
		check.within("row "+row.Name, model.Activity(RowID(i), solution.Values), row.Lower, row.Upper, scale)
	}
	objective := model.Objective(solution.Values)
	check.exactly("objective", solution.Objective, objective, math.Abs(objective))
	sort.SliceStable(check.Violations, func(i, j int) bool {
		return check.Violations[i].Relative > check.Violations[j].Relative
	})
	return check.Verification
}

type verifier struct {
	Verification
	tolerance float64
}

func (v *verifier) within(place string, value, lower, upper, scale float64) {
	switch {
	case math.IsNaN(value):
		v.exactly(place, value, lower, scale)
	case value < lower:
		v.exactly(place, value, lower, scale)
	case value > upper:
		v.exactly(place, value, upper, scale)
	}
}

func (v *verifier) exactly(place string, value, bound, scale float64) {
	amount := math.Abs(value - bound)
	if math.IsNaN(amount) {
		amount = math.Inf(1)
	}
	relative := amount / max(1, scale, finiteMagnitude(bound))
	if math.IsInf(amount, 1) {
		relative = amount
	}
	v.MaxAmount, v.MaxRelative = max(v.MaxAmount, amount), max(v.MaxRelative, relative)
	if relative > v.tolerance {
		v.Violations = append(v.Violations, Violation{Place: place, Value: value, Bound: bound, Amount: amount, Relative: relative})
	}
}

func finiteMagnitude(x float64) float64 {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return 0
	}
	return math.Abs(x)
}

// DualBound computes from shadow prices alone a number that no allowed point's objective can be below (weak duality
// for programs with two-sided rows and bounds; whole-number conditions are ignored, which keeps it valid). Where it
// equals a point's objective, that point is optimal, whoever found it. Prices that would need a bound which the model
// does not have are taken as 0 when they are within tolerance of it, and make the result -Inf otherwise.
func DualBound(model *Model, rowDuals []float64, tolerance float64) float64 {
	bound := total{}
	bound.add(model.Offset)
	reduced := make([]total, len(model.columns))
	for i, column := range model.columns {
		reduced[i].add(column.Cost)
	}
	for i, row := range model.rows {
		price := supported(rowDuals[i], row.Lower, row.Upper, tolerance)
		if math.IsNaN(price) {
			return math.Inf(-1)
		}
		bound.add(cheapest(price, row.Lower, row.Upper))
		for _, term := range row.Terms {
			reduced[term.Column].add(-price * term.Coefficient)
		}
	}
	for i, column := range model.columns {
		price := supported(reduced[i].value(), column.Lower, column.Upper, tolerance)
		if math.IsNaN(price) {
			return math.Inf(-1)
		}
		bound.add(cheapest(price, column.Lower, column.Upper))
	}
	return bound.value()
}

// supported returns the price if the bound it leans on exists, 0 if it is within tolerance of 0, and NaN otherwise.
func supported(price, lower, upper, tolerance float64) float64 {
	leansOn := lower
	if price < 0 {
		leansOn = upper
	}
	switch {
	case price == 0 || !math.IsInf(leansOn, 0):
		return price
	case math.Abs(price) <= tolerance:
		return 0
	default:
		return math.NaN()
	}
}

// cheapest is the least value of price × x for lower ≤ x ≤ upper.
func cheapest(price, lower, upper float64) float64 {
	switch {
	case price > 0:
		return price * lower
	case price < 0:
		return price * upper
	default:
		return 0
	}
}
