package highs

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/tetratelabs/wazero/api"

	"zutuan/internal/lp"
)

// Model statuses of HiGHS that mean something here; any other is a failure.
const (
	statusOptimal               = 7
	statusInfeasible            = 8
	statusUnboundedOrInfeasible = 9
	statusUnbounded             = 10
	statusTimeLimit             = 13
	statusSolutionLimit         = 16 // the node limit too
)

// checkTolerance is how far, relatively, a point may break its model before it is called a failure of the solver.
// What plans show is below 1e-9.
const checkTolerance = 1e-7

// roundingTolerance is how far a point may break its model once its decisions are exactly whole; beyond it the rest is
// solved again with the decisions held.
const roundingTolerance = 1e-9

var _ lp.Solver = (*Solver)(nil)

// Solve implements lp.Solver. A context that ends stops the search within milliseconds and gives the context's error;
// Options.TimeLimit ends it with the best point so far.
func (s *Solver) Solve(ctx context.Context, model *lp.Model, options lp.Options) (*lp.Solution, error) {
	if err := model.Validate(); err != nil {
		return nil, err
	}
	if solution := trivial(model); solution != nil {
		return solution, nil
	}
	var solution *lp.Solution
	err := s.use(ctx, func(in *instance) (err error) {
		solution, err = in.search(ctx, model, options)
		return err
	})
	if errors.Is(err, errOverran) {
		return &lp.Solution{Status: lp.StatusTimeLimit, Bound: math.Inf(-1), Gap: math.Inf(1)}, nil
	}
	if err != nil {
		return nil, err
	}
	if solution.HasPoint() && model.NumIntegers() > 0 {
		if err := s.makeWhole(ctx, model, solution, options); err != nil {
			return nil, err
		}
	}
	if check := lp.Verify(model, solution, checkTolerance); !check.OK() {
		return nil, fmt.Errorf("HiGHS returned a point that breaks its model: %s", check.Violations[0])
	}
	return solution, nil
}

// trivial answers models that need no solver: bounds that cross, and models without columns.
func trivial(model *lp.Model) *lp.Solution {
	rows, columns := model.Crossed()
	if len(rows)+len(columns) > 0 {
		return &lp.Solution{Status: lp.StatusInfeasible, Bound: math.Inf(1), Gap: math.Inf(1)}
	}
	if model.NumColumns() > 0 {
		return nil
	}
	return &lp.Solution{
		Status: lp.StatusOptimal, Objective: model.Offset, Bound: model.Offset,
		Values: []float64{}, ReducedCosts: []float64{}, ColumnBasis: []lp.BasisStatus{},
		RowActivity: make([]float64, model.NumRows()), RowDuals: make([]float64, model.NumRows()),
		RowBasis: make([]lp.BasisStatus, model.NumRows()),
	}
}

// makeWhole replaces decisions such as 0.9999999 by whole numbers. Where that alone breaks a limit, what remains is
// solved as an LP with the decisions held.
func (s *Solver) makeWhole(ctx context.Context, model *lp.Model, solution *lp.Solution, options lp.Options) error {
	whole := *solution
	whole.Values = append([]float64(nil), solution.Values...)
	for i := range whole.Values {
		if model.Column(lp.ColumnID(i)).Integer {
			whole.Values[i] = math.RoundToEven(whole.Values[i])
		}
	}
	whole.Objective = model.Objective(whole.Values)
	if lp.Verify(model, &whole, roundingTolerance).OK() {
		solution.Values, solution.Objective = whole.Values, whole.Objective
		for i := range solution.RowActivity {
			solution.RowActivity[i] = model.Activity(lp.RowID(i), whole.Values)
		}
		solution.Gap = lp.RelativeGap(solution.Objective, solution.Bound)
		return nil
	}
	held, err := lp.Shadow(ctx, s, model, solution, lp.Options{TimeLimit: options.TimeLimit})
	if err != nil {
		return fmt.Errorf("hold the decisions: %w", err)
	}
	solution.Values, solution.Objective, solution.RowActivity = held.Values, held.Objective, held.RowActivity
	solution.Gap = lp.RelativeGap(solution.Objective, solution.Bound)
	return nil
}

func (in *instance) solve(ctx context.Context, model *lp.Model, options lp.Options) (*lp.Solution, error) {
	if err := in.setOptions(ctx, options); err != nil {
		return nil, err
	}
	if err := in.pass(ctx, model); err != nil {
		return nil, err
	}
	status, err := in.runWithin(ctx, options.TimeLimit)
	if err != nil {
		return nil, err
	}
	if status == statusUnboundedOrInfeasible {
		return in.tellApart(ctx, model, options)
	}
	solution := &lp.Solution{Bound: math.Inf(-1), Gap: math.Inf(1)}
	switch status {
	case statusOptimal:
		solution.Status = lp.StatusOptimal
	case statusInfeasible:
		solution.Status, solution.Bound = lp.StatusInfeasible, math.Inf(1)
		return solution, nil
	case statusUnbounded:
		solution.Status = lp.StatusUnbounded
		return solution, nil
	case statusTimeLimit:
		solution.Status = lp.StatusTimeLimit
	case statusSolutionLimit:
		solution.Status = lp.StatusNodeLimit
	default:
		return nil, fmt.Errorf("HiGHS ended with model status %d", status)
	}
	return solution, in.read(ctx, model, solution)
}

// tellApart decides between unbounded and infeasible by asking for any point at all.
func (in *instance) tellApart(ctx context.Context, model *lp.Model, options lp.Options) (*lp.Solution, error) {
	anyPoint := model.Clone()
	anyPoint.ClearCosts()
	if err := in.pass(ctx, anyPoint); err != nil {
		return nil, err
	}
	status, err := in.runWithin(ctx, options.TimeLimit)
	if err != nil {
		return nil, err
	}
	switch status {
	case statusOptimal:
		return &lp.Solution{Status: lp.StatusUnbounded, Bound: math.Inf(-1), Gap: math.Inf(1)}, nil
	case statusInfeasible:
		return &lp.Solution{Status: lp.StatusInfeasible, Bound: math.Inf(1), Gap: math.Inf(1)}, nil
	case statusTimeLimit:
		return &lp.Solution{Status: lp.StatusTimeLimit, Bound: math.Inf(-1), Gap: math.Inf(1)}, nil
	default:
		return nil, fmt.Errorf("HiGHS ended with model status %d when asked for any point", status)
	}
}

// errOverran says that HiGHS did not keep its time limit.
var errOverran = errors.New("HiGHS overran its time limit")

// overrunAllowance is how much longer than its limit HiGHS may take: it looks at its limit only between steps, and a
// busy machine stretches them.
const overrunAllowance = 5 * time.Second

// runWithin is run with a guard behind HiGHS's own time limit.
func (in *instance) runWithin(ctx context.Context, limit time.Duration) (status int32, err error) {
	if limit <= 0 {
		return in.run(ctx)
	}
	return in.runGuarded(ctx, limit+overrunAllowance)
}

func (in *instance) runGuarded(ctx context.Context, allowed time.Duration) (status int32, err error) {
	guarded, cancel := context.WithTimeout(ctx, allowed)
	defer cancel()
	status, err = in.run(guarded)
	if errors.Is(err, errStopped) && ctx.Err() == nil {
		err = errOverran
	}
	return status, err
}

func (in *instance) run(ctx context.Context) (status int32, err error) {
	if err := in.must(ctx, "Highs_run"); err != nil {
		return 0, err
	}
	return in.call(ctx, "Highs_getModelStatus", in.handle)
}

// setting is one option of HiGHS.
type setting struct {
	name  string
	value any
}

// baseSettings make every solve silent, single-threaded and repeatable, and as exact as plans need.
func baseSettings() []setting {
	return []setting{
		{"output_flag", false},
		{"log_to_console", false},
		{"threads", 1},
		{"parallel", "off"},
		{"random_seed", 0},
		{"small_matrix_value", lp.MinCoefficient},
		// A hundredth of HiGHS's defaults: a thousandth of a fen where the model is in 万元. It costs no time on
		// plans, and spares the exact computation from finding limits broken.
		{"primal_feasibility_tolerance", 1e-9},
		{"dual_feasibility_tolerance", 1e-9},
		{"mip_feasibility_tolerance", 1e-9},
	}
}

// tunedSettings switch off the heuristics and restarts that cost more than they gain on programs with a few dozen
// decisions.
func tunedSettings() []setting {
	return []setting{
		{"mip_heuristic_run_rins", false},
		{"mip_heuristic_run_rens", false},
		{"mip_heuristic_run_root_reduced_cost", false},
		{"mip_heuristic_run_feasibility_jump", false},
		{"mip_allow_restart", false},
	}
}

func (in *instance) setOptions(ctx context.Context, options lp.Options) error {
	settings := baseSettings()
	if !options.FullHeuristics {
		settings = append(settings, tunedSettings()...)
	}
	absoluteGap := options.AbsoluteGap
	if absoluteGap == 0 {
		absoluteGap = lp.DefaultAbsoluteGap
	}
	settings = append(settings, setting{"mip_rel_gap", options.RelativeGap}, setting{"mip_abs_gap", absoluteGap})
	if options.TimeLimit > 0 {
		settings = append(settings, setting{"time_limit", options.TimeLimit.Seconds()})
	}
	if options.MaxNodes > 0 {
		settings = append(settings, setting{"mip_max_nodes", min(options.MaxNodes, math.MaxInt32)})
	}
	return in.setAll(ctx, settings)
}

func (in *instance) setAll(ctx context.Context, settings []setting) error {
	for _, setting := range settings {
		if err := in.setOption(ctx, setting.name, setting.value); err != nil {
			return err
		}
	}
	return nil
}

// pass hands the model to HiGHS, row by row.
func (in *instance) pass(ctx context.Context, model *lp.Model) error {
	const rowWise, minimise = 2, 1
	columns, rows, terms := model.NumColumns(), model.NumRows(), model.NumTerms()
	cost, lower, upper := make([]float64, columns), make([]float64, columns), make([]float64, columns)
	integrality := make([]int32, columns)
	for i := range columns {
		column := model.Column(lp.ColumnID(i))
		cost[i], lower[i], upper[i] = column.Cost, column.Lower, column.Upper
		if column.Integer {
			integrality[i] = 1
		}
	}
	rowLower, rowUpper := make([]float64, rows), make([]float64, rows)
	start, index, coefficient := make([]int32, 0, rows), make([]int32, 0, terms), make([]float64, 0, terms)
	for i := range rows {
		row := model.Row(lp.RowID(i))
		rowLower[i], rowUpper[i] = row.Lower, row.Upper
		start = append(start, int32(len(index)))
		for _, term := range row.Terms {
			index, coefficient = append(index, int32(term.Column)), append(coefficient, term.Coefficient)
		}
	}
	pointers, err := in.putAll(ctx, cost, lower, upper, rowLower, rowUpper, start, index, coefficient, integrality)
	if err != nil {
		return err
	}
	if model.NumIntegers() == 0 {
		pointers[8] = 0 // an LP has no integrality vector
	}
	return in.must(ctx, "Highs_passModel",
		uint64(columns), uint64(rows), uint64(terms), 0, rowWise, 0, minimise, api.EncodeF64(model.Offset),
		pointers[0], pointers[1], pointers[2], pointers[3], pointers[4], pointers[5], pointers[6], pointers[7],
		0, 0, 0, pointers[8])
}

// putAll copies vectors of float64 or int32 into the instance.
func (in *instance) putAll(ctx context.Context, vectors ...any) (pointers []uint64, err error) {
	for _, vector := range vectors {
		var pointer uint64
		switch vector := vector.(type) {
		case []float64:
			pointer, err = in.putFloats(ctx, vector)
		case []int32:
			pointer, err = in.putInts(ctx, vector)
		}
		if err != nil {
			return nil, err
		}
		pointers = append(pointers, pointer)
	}
	return pointers, nil
}

// read fills in point, bound and prices of a run that ended optimal or at a limit.
func (in *instance) read(ctx context.Context, model *lp.Model, solution *lp.Solution) error {
	const feasible = 2
	primal, err := in.infoInt(ctx, "primal_solution_status")
	if err != nil {
		return err
	}
	integers := model.NumIntegers() > 0
	if integers {
		if solution.Bound, err = in.infoFloat(ctx, "mip_dual_bound"); err != nil {
			return err
		}
		nodes, err := in.info(ctx, "Highs_getInt64InfoValue", "mip_node_count")
		if err != nil {
			return err
		}
		solution.Nodes = int64(nodes)
	} else {
		iterations, err := in.infoInt(ctx, "simplex_iteration_count")
		if err != nil {
			return err
		}
		solution.Iterations = int64(iterations)
	}
	if primal != feasible {
		if solution.Status == lp.StatusOptimal {
			return fmt.Errorf("HiGHS calls the model optimal but has no feasible point")
		}
		return nil
	}
	if err := in.readPoint(ctx, model, solution); err != nil {
		return err
	}
	solution.Objective = model.Objective(solution.Values)
	if !integers && solution.Status == lp.StatusOptimal {
		solution.Bound = solution.Objective
	}
	solution.Bound = min(solution.Bound, solution.Objective)
	solution.Gap = lp.RelativeGap(solution.Objective, solution.Bound)
	if !integers {
		return in.readBasis(ctx, model, solution)
	}
	solution.ReducedCosts, solution.RowDuals = nil, nil
	return nil
}

func (in *instance) readPoint(ctx context.Context, model *lp.Model, solution *lp.Solution) error {
	columns, rows := model.NumColumns(), model.NumRows()
	pointers, err := in.putAll(ctx, make([]float64, columns), make([]float64, columns), make([]float64, rows), make([]float64, rows))
	if err != nil {
		return err
	}
	if err := in.must(ctx, "Highs_getSolution", pointers...); err != nil {
		return err
	}
	if solution.Values, err = in.floats(pointers[0], columns); err != nil {
		return err
	}
	if solution.ReducedCosts, err = in.floats(pointers[1], columns); err != nil {
		return err
	}
	if solution.RowActivity, err = in.floats(pointers[2], rows); err != nil {
		return err
	}
	solution.RowDuals, err = in.floats(pointers[3], rows)
	return err
}

func (in *instance) readBasis(ctx context.Context, model *lp.Model, solution *lp.Solution) error {
	columns, rows := model.NumColumns(), model.NumRows()
	pointers, err := in.putAll(ctx, make([]int32, columns), make([]int32, rows))
	if err != nil {
		return err
	}
	if err := in.must(ctx, "Highs_getBasis", pointers...); err != nil {
		return err
	}
	columnBasis, err := in.ints(pointers[0], columns)
	if err != nil {
		return err
	}
	rowBasis, err := in.ints(pointers[1], rows)
	if err != nil {
		return err
	}
	solution.ColumnBasis, solution.RowBasis = basisStatuses(columnBasis), basisStatuses(rowBasis)
	return nil
}

func basisStatuses(numbers []int32) []lp.BasisStatus {
	statuses := make([]lp.BasisStatus, len(numbers))
	for i, number := range numbers {
		statuses[i] = lp.BasisStatus(number)
	}
	return statuses
}
