package lp

import (
	"math"
	"sort"
)

// ColumnID is the 0-based position of a column in its model.
type ColumnID int

// RowID is the 0-based position of a row in its model.
type RowID int

// MinCoefficient is the smallest magnitude a coefficient can have. Anything smaller is what is left over when two
// equal numbers cancel, and the solver would drop it too; Terms leaves it out so that model and solver agree.
const MinCoefficient = 1e-12

// Inf is an absent bound: a column or row with lower bound -Inf() has none below.
func Inf() float64 { return math.Inf(1) }

// Term is coefficient × column.
type Term struct {
	Column      ColumnID
	Coefficient float64
}

// Expression is Σ coefficient × column + constant. The zero value is 0, ready for use. A column may be added more
// than once; the coefficients are summed when the expression becomes a row.
type Expression struct {
	Constant float64
	terms    []Term
}

// Of returns the sum of the terms.
func Of(terms ...Term) Expression {
	return Expression{terms: append([]Term(nil), terms...)}
}

// Sum returns the plain sum of the columns.
func Sum(columns ...ColumnID) Expression {
	var sum Expression
	for _, column := range columns {
		sum.Add(column, 1)
	}
	return sum
}

// Add adds coefficient × column.
func (e *Expression) Add(column ColumnID, coefficient float64) {
	e.terms = append(e.terms, Term{Column: column, Coefficient: coefficient})
}

// AddConstant adds a number that no column changes.
func (e *Expression) AddConstant(constant float64) { e.Constant += constant }

// AddScaled adds factor × other.
func (e *Expression) AddScaled(other Expression, factor float64) {
	e.Constant += factor * other.Constant
	for _, term := range other.terms {
		e.terms = append(e.terms, Term{Column: term.Column, Coefficient: factor * term.Coefficient})
	}
}

// Clone returns a copy that shares nothing with e.
func (e Expression) Clone() Expression {
	return Expression{Constant: e.Constant, terms: append([]Term(nil), e.terms...)}
}

// Terms returns one term for each column that remains, in column order.
func (e Expression) Terms() []Term {
	sorted := append([]Term(nil), e.terms...)
	sort.SliceStable(sorted, func(i, j int) bool { return sorted[i].Column < sorted[j].Column })
	merged := sorted[:0]
	for i := 0; i < len(sorted); {
		column, sum, magnitude := sorted[i].Column, 0.0, 0.0
		for ; i < len(sorted) && sorted[i].Column == column; i++ {
			sum += sorted[i].Coefficient
			magnitude += math.Abs(sorted[i].Coefficient)
		}
		if !negligible(sum, magnitude) {
			merged = append(merged, Term{Column: column, Coefficient: sum})
		}
	}
	return merged
}

// negligible reports whether sum is only the rounding error of parts whose magnitudes add up to magnitude. A NaN is
// not negligible: validation must see it.
func negligible(sum, magnitude float64) bool {
	const roundingUnits = 8 * 0x1p-52
	return math.Abs(sum) < MinCoefficient || math.Abs(sum) <= roundingUnits*magnitude && !math.IsInf(magnitude, 0)
}

// Value evaluates the expression; values holds one number for each column of the model.
func (e Expression) Value(values []float64) float64 {
	sum := total{}
	sum.add(e.Constant)
	for _, term := range e.terms {
		sum.add(term.Coefficient * values[term.Column])
	}
	return sum.value()
}

// total adds numbers with Neumaier's compensation, so that the check of a solution is more accurate than the solver
// it checks.
type total struct{ sum, lost float64 }

func (t *total) add(x float64) {
	next := t.sum + x
	if math.Abs(t.sum) >= math.Abs(x) {
		t.lost += (t.sum - next) + x
	} else {
		t.lost += (x - next) + t.sum
	}
	t.sum = next
}

func (t *total) value() float64 { return t.sum + t.lost }
