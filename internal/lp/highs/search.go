package highs

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"zutuan/internal/lp"
)

// The search of this file is for programs of the plan's size. What outgrows it is left to HiGHS's own search, whose cuts
// and heuristics then pay; until there, at most about five times the work of the relaxation has been lost.
const (
	searchIntegers        = 60   // whole-number columns
	searchNodes           = 100  // nodes
	searchIterations      = 1000 // simplex iterations, and
	searchIterationsTimes = 5    // so many times those of the relaxation
)

// wholeTolerance is how far from a whole number a decision counts as whole: the tolerance of the relaxations.
const wholeTolerance = 1e-9

// statusObjectiveBound says that the dual simplex passed the option objective_bound: no better point is in this node.
const statusObjectiveBound = 11

// errGiveUp ends the search of this file in favour of HiGHS's own.
var errGiveUp = errors.New("the search was given up")

// search solves a program with few decisions by branch and bound over relaxations that HiGHS solves one after the
// other, each starting from the basis of the one before. Whatever is not clear-cut is left to HiGHS's own search.
func (in *instance) search(ctx context.Context, model *lp.Model, options lp.Options) (*lp.Solution, error) {
	if integers := model.NumIntegers(); integers == 0 || integers > searchIntegers || options.FullHeuristics {
		return in.solve(ctx, model, options)
	}
	started := time.Now()
	solution, err := in.branchAndBound(ctx, model, options)
	if !errors.Is(err, errGiveUp) && !errors.Is(err, errCallFailed) {
		return solution, err
	}
	if options.TimeLimit > 0 {
		options.TimeLimit = max(options.TimeLimit-time.Since(started), time.Millisecond)
	}
	// HiGHS's search must not depend on what was tried before it.
	if err := in.end(ctx); err != nil {
		return nil, err
	}
	if err := in.begin(ctx); err != nil {
		return nil, err
	}
	return in.solve(ctx, model, options)
}

func (in *instance) branchAndBound(ctx context.Context, model *lp.Model, options lp.Options) (*lp.Solution, error) {
	t := &tree{in: in, model: model, options: options, bound: math.Inf(1), started: time.Now()}
	root, err := t.plant(ctx)
	if err != nil {
		return nil, err
	}
	for next := root; next != nil; {
		if next, err = t.visit(ctx, next); err != nil {
			return nil, err
		}
		if next == nil {
			next = t.take()
		}
	}
	if t.best == nil {
		return &lp.Solution{Status: lp.StatusInfeasible, Bound: math.Inf(1), Gap: math.Inf(1)}, nil
	}
	t.best.Status, t.best.Nodes = lp.StatusOptimal, t.nodes
	t.best.Bound = min(t.bound, t.best.Objective)
	t.best.Gap = lp.RelativeGap(t.best.Objective, t.best.Bound)
	if !lp.Verify(model, t.best, checkTolerance).OK() {
		return nil, errGiveUp
	}
	return t.best, nil
}

// node is a part of the program that is yet to be searched: bounds of the whole-number columns, in the tree's order.
type node struct {
	lower, upper []float64
	bound        float64 // proven: nothing in the node has a smaller objective
	depth        int
}

// tree is one branch and bound. Nodes that are left unsearched go into bound.
type tree struct {
	in      *instance
	model   *lp.Model
	options lp.Options
	started time.Time

	columns    []int32 // the whole-number columns
	open       []*node // in the order in which they were put aside
	best       *lp.Solution
	bound      float64 // the least bound of what was searched or left out
	nodes      int64
	iterations int64 // spent so far, and by the relaxation
	relaxation int64
	room       room
}

// room is the tree's memory inside the instance.
type room struct {
	columns, lower, upper         uint64
	values, reducedCosts, duals   uint64
	columnBasis, rowBasis, basics uint64
	inverseRow                    uint64
}

// plant hands HiGHS the relaxation and returns the root.
func (t *tree) plant(ctx context.Context) (*node, error) {
	root := &node{bound: math.Inf(-1)}
	for i := range t.model.NumColumns() {
		column := t.model.Column(lp.ColumnID(i))
		if !column.Integer {
			continue
		}
		lower, upper := math.Ceil(column.Lower), math.Floor(column.Upper)
		if math.IsInf(lower, 0) || math.IsInf(upper, 0) || lower > upper {
			return nil, errGiveUp
		}
		t.columns = append(t.columns, int32(i))
		root.lower, root.upper = append(root.lower, lower), append(root.upper, upper)
	}
	if err := t.in.setOptions(ctx, t.options); err != nil {
		return nil, err
	}
	if err := t.in.pass(ctx, t.model.Relaxed()); err != nil {
		return nil, err
	}
	columns, rows := t.model.NumColumns(), t.model.NumRows()
	at, err := t.in.putAll(ctx, t.columns, root.lower, root.upper,
		make([]float64, columns), make([]float64, columns), make([]float64, rows),
		make([]int32, columns), make([]int32, rows), make([]int32, rows), make([]float64, rows))
	if err != nil {
		return nil, err
	}
	t.room = room{at[0], at[1], at[2], at[3], at[4], at[5], at[6], at[7], at[8], at[9]}
	return root, nil
}

// hopeless reports whether a node of that bound holds nothing better than the best point by more than the gaps, and
// takes note of the bound if so.
func (t *tree) hopeless(bound float64) bool {
	if t.best == nil {
		return false
	}
	absolute := t.options.AbsoluteGap
	if absolute == 0 {
		absolute = lp.DefaultAbsoluteGap
	}
	if bound < t.best.Objective-max(absolute, t.options.RelativeGap*math.Abs(t.best.Objective)) {
		return false
	}
	t.bound = min(t.bound, bound)
	return true
}

// take removes the open node of the least bound, the deepest of several; nil when nothing is left to search.
func (t *tree) take() *node {
	t.open = slices.DeleteFunc(t.open, func(n *node) bool { return t.hopeless(n.bound) })
	if len(t.open) == 0 {
		return nil
	}
	at := 0
	for i, n := range t.open {
		if least := t.open[at]; n.bound < least.bound || n.bound == least.bound && n.depth > least.depth {
			at = i
		}
	}
	taken := t.open[at]
	t.open = slices.Delete(t.open, at, at+1)
	return taken
}

// visit solves the node's relaxation. What it leaves to search are two children: the more promising one is returned,
// the other joins the open nodes. nil means that the node is done with.
func (t *tree) visit(ctx context.Context, n *node) (*node, error) {
	if t.hopeless(n.bound) {
		return nil, nil
	}
	if t.exhausted() {
		return nil, errGiveUp
	}
	status, err := t.relax(ctx, n)
	if err != nil {
		return nil, err
	}
	switch status {
	case statusInfeasible:
		return nil, nil
	case statusObjectiveBound:
		if t.best == nil {
			return nil, errGiveUp
		}
		t.bound = min(t.bound, t.best.Objective)
		return nil, nil
	case statusOptimal:
	default:
		return nil, errGiveUp
	}
	objective, err := t.in.infoFloat(ctx, "objective_function_value")
	if err != nil {
		return nil, err
	}
	// A child below its parent's bound shows that the numbers are not to be trusted.
	if objective < n.bound-checkTolerance*max(1, math.Abs(objective)) {
		return nil, errGiveUp
	}
	if t.hopeless(objective) {
		return nil, nil
	}
	v, err := t.vertex(ctx)
	if err != nil {
		return nil, err
	}
	if v.whole(t.columns) {
		return nil, t.accept(ctx, objective)
	}
	return t.branch(ctx, n, v, objective)
}

// exhausted reports whether the search has outgrown what it is for. Only the clock makes it depend on anything but the
// model and the options.
func (t *tree) exhausted() bool {
	limit := int64(searchNodes)
	if t.options.MaxNodes > 0 {
		limit = min(limit, int64(t.options.MaxNodes))
	}
	return t.nodes >= limit ||
		t.nodes > 0 && t.iterations > searchIterations+searchIterationsTimes*t.relaxation ||
		t.options.TimeLimit > 0 && time.Since(t.started) > t.options.TimeLimit/2
}

// relax solves the program with the node's bounds and no whole-number conditions, from the basis that is there.
func (t *tree) relax(ctx context.Context, n *node) (status int32, err error) {
	if err := t.in.writeFloats(t.room.lower, n.lower); err != nil {
		return 0, err
	}
	if err := t.in.writeFloats(t.room.upper, n.upper); err != nil {
		return 0, err
	}
	err = t.in.must(ctx, "Highs_changeColsBoundsBySet", uint64(len(t.columns)), t.room.columns, t.room.lower, t.room.upper)
	if err != nil {
		return 0, err
	}
	if status, err = t.in.runWithin(ctx, t.options.TimeLimit); err != nil {
		return 0, err
	}
	iterations, err := t.in.infoInt(ctx, "simplex_iteration_count")
	if t.nodes == 0 {
		t.relaxation = int64(iterations)
	}
	t.nodes, t.iterations = t.nodes+1, t.iterations+int64(iterations)
	return status, err
}

// accept takes the vertex that HiGHS stands on as the best point, and lets HiGHS give up nodes that are no better.
func (t *tree) accept(ctx context.Context, objective float64) error {
	solution := &lp.Solution{}
	if err := t.in.readPoint(ctx, t.model, solution); err != nil {
		return err
	}
	solution.ReducedCosts, solution.RowDuals = nil, nil
	solution.Objective = t.model.Objective(solution.Values)
	t.bound = min(t.bound, objective)
	if t.best != nil && t.best.Objective <= solution.Objective {
		return nil
	}
	t.best = solution
	return t.in.setOption(ctx, "objective_bound", solution.Objective)
}

// branch divides the node at a column that is not whole.
func (t *tree) branch(ctx context.Context, n *node, v *vertex, objective float64) (*node, error) {
	at, penalties, err := t.choose(ctx, n, v)
	if err != nil {
		return nil, err
	}
	t.hold(n, v, objective)
	child := func(penalty float64) *node {
		return &node{lower: slices.Clone(n.lower), upper: slices.Clone(n.upper), bound: objective + penalty, depth: n.depth + 1}
	}
	value := v.values[t.columns[at]]
	down, up := child(penalties.down), child(penalties.up)
	down.upper[at], up.lower[at] = math.Floor(value), math.Ceil(value)
	if down.bound < up.bound {
		t.open = append(t.open, up)
		return down, nil
	}
	t.open = append(t.open, down)
	return up, nil
}

// hold gives columns their only value where the reduced cost of leaving it exceeds what can still be gained.
func (t *tree) hold(n *node, v *vertex, objective float64) {
	if t.best == nil {
		return
	}
	gain := t.best.Objective - objective
	for i, column := range t.columns {
		switch value, cost := v.values[column], v.reducedCosts[column]; {
		case value == n.lower[i] && cost > gain+checkTolerance:
			n.upper[i] = n.lower[i]
		case value == n.upper[i] && -cost > gain+checkTolerance:
			n.lower[i] = n.upper[i]
		}
	}
}

// vertex is the optimum of a relaxation.
type vertex struct {
	values, reducedCosts, duals []float64
	columnBasis, rowBasis       []lp.BasisStatus
	place                       []int // of each column in the basis, -1 where it is not basic
}

func (v *vertex) whole(columns []int32) bool {
	for _, column := range columns {
		if math.Abs(v.values[column]-math.Round(v.values[column])) > wholeTolerance {
			return false
		}
	}
	return true
}

// vertex reads where HiGHS stands.
func (t *tree) vertex(ctx context.Context) (*vertex, error) {
	in, columns, rows := t.in, t.model.NumColumns(), t.model.NumRows()
	v := &vertex{place: make([]int, columns)}
	if err := in.must(ctx, "Highs_getSolution", t.room.values, t.room.reducedCosts, 0, t.room.duals); err != nil {
		return nil, err
	}
	if err := in.must(ctx, "Highs_getBasis", t.room.columnBasis, t.room.rowBasis); err != nil {
		return nil, err
	}
	if err := in.must(ctx, "Highs_getBasicVariables", t.room.basics); err != nil {
		return nil, err
	}
	for _, vector := range []struct {
		to    *[]float64
		at    uint64
		count int
	}{{&v.values, t.room.values, columns}, {&v.reducedCosts, t.room.reducedCosts, columns}, {&v.duals, t.room.duals, rows}} {
		var err error
		if *vector.to, err = in.floats(vector.at, vector.count); err != nil {
			return nil, err
		}
	}
	columnBasis, err := in.ints(t.room.columnBasis, columns)
	if err != nil {
		return nil, err
	}
	rowBasis, err := in.ints(t.room.rowBasis, rows)
	if err != nil {
		return nil, err
	}
	basics, err := in.ints(t.room.basics, rows)
	if err != nil {
		return nil, err
	}
	v.columnBasis, v.rowBasis = basisStatuses(columnBasis), basisStatuses(rowBasis)
	for i := range v.place {
		v.place[i] = -1
	}
	for place, variable := range basics {
		if int(variable) >= columns {
			return nil, fmt.Errorf("Highs_getBasicVariables gave column %d of %d", variable, columns)
		}
		if variable >= 0 { // rows are negative
			v.place[variable] = place
		}
	}
	return v, nil
}
