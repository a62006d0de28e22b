package lp

import (
	"context"
	"fmt"
	"time"
)

// Options say how far a solver should go. The zero value asks for a proven optimum without limit of time.
type Options struct {
	// TimeLimit ends the search and returns the best point so far; 0 means none. Answers that were cut by time are
	// not repeatable: use MaxNodes where they must be.
	TimeLimit time.Duration
	// RelativeGap and AbsoluteGap stop a mixed-integer search once the point is proven to be within
	// RelativeGap × |objective| or AbsoluteGap of the optimum. 0 means no relative gap, and DefaultAbsoluteGap.
	RelativeGap float64
	AbsoluteGap float64
	// MaxNodes ends a mixed-integer search after so many nodes; 0 means no limit.
	MaxNodes int
	// FullHeuristics keeps the solver's own set of search heuristics. Without it those are switched off that cost
	// more than they gain on programs of the plan's size (a few dozen decisions): 3 to 11 times faster.
	FullHeuristics bool
}

// DefaultAbsoluteGap is one fen where the model is in 万元.
const DefaultAbsoluteGap = 1e-6

// Solver solves models. Implementations are safe for concurrent use and repeatable: the same model and options give
// the same bits, unless the time limit or the context ended the search.
type Solver interface {
	// Solve answers the model. An infeasible or unbounded model and a search cut short by a limit are answers, not
	// errors. Errors: the model does not validate (document.Problems), the context ended, or the solver failed.
	Solve(ctx context.Context, model *Model, options Options) (*Solution, error)
	// IIS names rows and columns whose bounds together cannot be satisfied, while without any one of them they can
	// (an irreducible infeasible subsystem). Errors as Solve; ErrFeasible where the model has a solution.
	IIS(ctx context.Context, model *Model) (rows, columns []string, err error)
}

// ErrFeasible is returned by IIS when there is no conflict to explain.
var ErrFeasible = fmt.Errorf("the model has a solution, so no limits contradict each other")

// Shadow returns the solution's point with shadow prices, reduced costs and basis. For a model without whole-number
// columns these are the LP's own; otherwise the decisions are held as they are in solution and what remains is
// solved as an LP, so that a shadow price answers "what if this limit were larger, the decisions staying as they
// are". Errors as Solve; also when solution has no point or its decisions do not fit the model.
func Shadow(ctx context.Context, solver Solver, model *Model, solution *Solution, options Options) (*Solution, error) {
	if !solution.HasPoint() {
		return nil, fmt.Errorf("no shadow prices without a point: the status is %s", solution.Status)
	}
	if len(solution.Values) != model.NumColumns() {
		return nil, fmt.Errorf("the solution has %d values and the model %d columns", len(solution.Values), model.NumColumns())
	}
	priced, err := solver.Solve(ctx, model.FixIntegers(solution.Values), options)
	if err != nil {
		return nil, fmt.Errorf("shadow prices: %w", err)
	}
	if priced.Status != StatusOptimal {
		return nil, fmt.Errorf("shadow prices: with its decisions held the model is %s", priced.Status)
	}
	if model.NumIntegers() > 0 {
		priced.Bound = solution.Bound
		priced.Gap = RelativeGap(priced.Objective, priced.Bound)
	}
	return priced, nil
}
