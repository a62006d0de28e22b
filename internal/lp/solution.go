package lp

import "math"

// Status is what a solver found out about a model.
type Status string

// The statuses. A point is present with StatusOptimal always, and with the limits when one was found in time.
const (
	// StatusOptimal: the point is proven best, within the gaps asked for.
	StatusOptimal Status = "optimal"
	// StatusInfeasible: no point satisfies all rows and bounds; IIS says which of them exclude one another.
	StatusInfeasible Status = "infeasible"
	// StatusUnbounded: the objective falls without end; the model lacks a limit.
	StatusUnbounded Status = "unbounded"
	// StatusTimeLimit: Options.TimeLimit ended the search; Bound still holds.
	StatusTimeLimit Status = "time_limit"
	// StatusNodeLimit: Options.MaxNodes ended the search; Bound still holds, and the same call gives the same answer.
	StatusNodeLimit Status = "node_limit"
)

// BasisStatus says where a column or row of an LP solution stands.
type BasisStatus uint8

// The basis statuses, numbered as the solver numbers them.
const (
	// BasisLower: held at its lower bound (or fixed).
	BasisLower BasisStatus = iota
	// BasisBasic: between its bounds, determined by the others.
	BasisBasic
	// BasisUpper: held at its upper bound.
	BasisUpper
	// BasisZero: free and held at zero.
	BasisZero
	// BasisNonbasic: held at a bound that the solver does not tell.
	BasisNonbasic
)

// Solution answers a model. Slices are in the model's order, one number for each column or row; those that the
// status does not provide are nil.
type Solution struct {
	Status Status
	// Objective is the objective at Values, computed from the model; 0 without a point.
	Objective float64
	// Bound is proven: no allowed point has a smaller objective. -Inf where nothing was proven.
	Bound float64
	// Gap is (Objective - Bound) / max(1, |Objective|), never negative; 0 when the point is proven best, +Inf
	// without a point.
	Gap float64
	// Values are the columns' values; whole-number columns hold whole numbers exactly.
	Values []float64
	// RowActivity is Σ coefficient × column of each row.
	RowActivity []float64
	// ReducedCosts and RowDuals (shadow prices) say by how much the objective rises when the column's or row's
	// binding bound rises by one unit: negative on a limit whose enlargement makes the plan cheaper. A model with
	// whole-number columns has none; Shadow computes those of its final decisions.
	ReducedCosts []float64
	RowDuals     []float64
	// ColumnBasis and RowBasis come with an LP solution.
	ColumnBasis []BasisStatus
	RowBasis    []BasisStatus
	// Nodes counts the branch-and-bound nodes, Iterations the simplex iterations.
	Nodes      int64
	Iterations int64
}

// HasPoint reports whether the solution carries values.
func (s *Solution) HasPoint() bool { return s.Values != nil }

// Proven reports whether the answer is final: optimal, infeasible or unbounded rather than cut short.
func (s *Solution) Proven() bool {
	return s.Status == StatusOptimal || s.Status == StatusInfeasible || s.Status == StatusUnbounded
}

// Value returns the value of one column.
func (s *Solution) Value(id ColumnID) float64 { return s.Values[id] }

// IsOne reports whether a yes/no decision was taken.
func (s *Solution) IsOne(id ColumnID) bool { return s.Values[id] > 0.5 }

// RelativeGap returns (objective - bound) / max(1, |objective|), never negative and exactly 0 when the two differ by
// no more than the noise of adding them up.
func RelativeGap(objective, bound float64) float64 {
	const noise = 1e-9
	gap := (objective - bound) / max(1, math.Abs(objective))
	if gap <= noise {
		return 0
	}
	return gap
}

// Ranging says for each row and column of an LP how far its binding bound can move, the others staying, before its
// shadow price or reduced cost changes.
type Ranging struct {
	Rows, Columns []BoundRange
}

// BoundRange is the interval in which a price holds. Where no bound of the row or column binds, it is the interval of
// its value instead.
type BoundRange struct{ Down, Up RangePoint }

// RangePoint is one end of such an interval: the bound there (infinite where the price holds for ever) and the
// objective that the model has then.
type RangePoint struct{ Bound, Objective float64 }
