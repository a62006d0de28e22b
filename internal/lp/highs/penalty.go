package highs

import (
	"context"
	"math"

	"zutuan/internal/lp"
)

// penalties say by how much at least the objective rises when a column is forced down, or up, to a whole number.
type penalties struct{ down, up float64 }

// choose returns the position in t.columns of the column to branch on: that with the greatest penalty of either side
// (Driebeck 1966, Tomlin 1971). Going one way then often costs so much that it need not be searched. A program of
// twenty products takes 14 nodes, with pseudo-costs 53; on others the two are alike.
func (t *tree) choose(ctx context.Context, n *node, v *vertex) (best int, of penalties, err error) {
	best = -1
	for i, column := range t.columns {
		value := v.values[column]
		if math.Abs(value-math.Round(value)) <= wholeTolerance {
			continue
		}
		if v.place[column] < 0 {
			return 0, of, errGiveUp // a vertex has no such column
		}
		found, err := t.penalties(ctx, n, v, column)
		if err != nil {
			return 0, of, err
		}
		if best < 0 || max(found.down, found.up) > max(of.down, of.up) {
			best, of = i, found
		}
	}
	return best, of, nil
}

// penalties are what the first step of the dual simplex costs. Forcing the basic column x down (up) moves the prices
// along ρ, the column's row of the basis inverse: row prices become y + sρ, reduced costs d - sα with α = Aᵀρ, and the
// objective rises by s for each unit that x still has to go. The prices stay feasible, so by weak duality the rise is
// proven, until the first price changes sign; s is how far that is.
func (t *tree) penalties(ctx context.Context, n *node, v *vertex, column int32) (penalties, error) {
	err := t.in.must(ctx, "Highs_getBasisInverseRow", uint64(v.place[column]), t.room.inverseRow, 0, 0)
	if err != nil {
		return penalties{}, err
	}
	inverse, err := t.in.floats(t.room.inverseRow, t.model.NumRows())
	if err != nil {
		return penalties{}, err
	}
	alpha := make([]float64, t.model.NumColumns())
	for i, weight := range inverse {
		if weight == 0 {
			continue
		}
		for _, term := range t.model.Row(lp.RowID(i)).Terms {
			alpha[term.Column] += weight * term.Coefficient
		}
	}
	if math.Abs(alpha[column]-1) > checkTolerance {
		return penalties{}, errGiveUp // not the column's row: the numbers are not to be trusted
	}
	step := penalties{down: math.Inf(1), up: math.Inf(1)}
	for i, weight := range inverse {
		if row := t.model.Row(lp.RowID(i)); row.Lower != row.Upper {
			step.limit(v.rowBasis[i], v.duals[i], -weight)
		}
	}
	for i, rate := range alpha {
		if c := t.model.Column(lp.ColumnID(i)); !c.Integer && c.Lower != c.Upper {
			step.limit(v.columnBasis[i], v.reducedCosts[i], rate)
		}
	}
	for i, whole := range t.columns {
		if n.lower[i] != n.upper[i] {
			step.limit(v.columnBasis[whole], v.reducedCosts[whole], alpha[whole])
		}
	}
	above := v.values[column] - math.Floor(v.values[column])
	return penalties{down: step.down * above, up: step.up * (1 - above)}, nil
}

// limit shortens the steps to where a price that falls by rate per unit of step changes sign: at a lower bound it must
// not be negative, at an upper bound not positive.
func (p *penalties) limit(status lp.BasisStatus, price, rate float64) {
	const noise = 1e-12
	if status == lp.BasisBasic || math.Abs(rate) <= noise {
		return
	}
	reach := math.Abs(price / rate)
	switch {
	case status == lp.BasisLower && rate > 0, status == lp.BasisUpper && rate < 0:
		p.down = min(p.down, reach)
	case status == lp.BasisLower, status == lp.BasisUpper:
		p.up = min(p.up, reach)
	default: // free: its price must stay zero
		p.down, p.up = 0, 0
	}
}
