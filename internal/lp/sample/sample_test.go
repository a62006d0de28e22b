package sample

import (
	"strings"
	"testing"
)

func text(t *testing.T, shape Shape) string {
	t.Helper()
	var mps strings.Builder
	if err := shape.Model().WriteMPS(&mps); err != nil {
		t.Fatal(err)
	}
	return mps.String()
}

func TestTheSameShapeGivesTheSameModel(t *testing.T) {
	for _, shape := range []Shape{FMIP(), GMIP(), {Form: Fixed, Seed: 5, Products: 3, DrawQuarters: 4, Quarters: 9}} {
		if first, second := text(t, shape), text(t, shape); first != second {
			t.Errorf("%s differs from itself", shape.Name())
		}
		other := shape
		other.Seed++
		if text(t, shape) == text(t, other) {
			t.Errorf("%s does not depend on its seed", shape.Name())
		}
	}
}

// The sizes are those of the largest plans: 20 products over 20 quarters of draws, repaid over 120 or 40 quarters.
func TestTheLargestPlansHaveTheirSize(t *testing.T) {
	for _, c := range []struct {
		shape                         Shape
		columns, rows, terms, integer int
	}{
		// 400 draws, 20 of equity, 120 of service, 120 of cash, 30 decisions.
		{FMIP(), 690, 407, 32859, 30},
		// 400 draws, 20 of equity, 2×800 of balance and repayment, 40 of cash, 30 decisions.
		{GMIP(), 2090, 927, 8219, 30},
	} {
		m := c.shape.Model()
		if m.NumColumns() != c.columns || m.NumRows() != c.rows || m.NumTerms() != c.terms || m.NumIntegers() != c.integer {
			t.Errorf("%s: %d columns, %d rows, %d terms, %d integers", c.shape.Name(), m.NumColumns(), m.NumRows(), m.NumTerms(), m.NumIntegers())
		}
		if err := m.Validate(); err != nil {
			t.Error(err)
		}
	}
}
