package planner

import (
	"context"
	"fmt"
	"math"

	"zutuan/internal/lp"
)

// relativeGap ends a search: a plan within a ten-millionth of the best possible is called the best.
const relativeGap = 1e-7

// leastViolation is the violation, added up over all rows, that makes a program impossible: a fen. Programs are written
// with margins a thousand times as wide.
const leastViolation = 1e-6

// solve runs the solver with the limits of the input. A program that the solver gives up on is asked, with every row
// made soft, by how much it has to be broken: solvers cannot always prove that nothing is possible, but they can find
// the least violation, which is a program that always has an answer.
func (in *Input) solve(ctx context.Context, model *lp.Model) (*lp.Solution, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	nodes := in.MaxNodes
	if nodes == 0 {
		nodes = DefaultMaxNodes
	}
	solution, err := in.Solver.Solve(ctx, model, lp.Options{MaxNodes: nodes, RelativeGap: relativeGap})
	if err == nil || ctx.Err() != nil {
		return solution, err
	}
	violation, softErr := in.Solver.Solve(ctx, softened(model), lp.Options{})
	if softErr == nil && violation.HasPoint() && violation.Objective > leastViolation {
		return &lp.Solution{Status: lp.StatusInfeasible, Bound: math.Inf(1), Gap: math.Inf(1)}, nil
	}
	return nil, fmt.Errorf("solve the program of the plan: %w", err)
}

// softened is the program's relaxation with each row allowed to be broken, minimising by how much in all.
func softened(model *lp.Model) *lp.Model {
	soft := lp.NewModel(model.Name)
	for i := range model.NumColumns() {
		column := model.Column(lp.ColumnID(i))
		soft.AddColumn(column.Name, column.Lower, column.Upper, 0)
	}
	for i := range model.NumRows() {
		row := model.Row(lp.RowID(i))
		expression := lp.Of(row.Terms...)
		if !math.IsInf(row.Lower, -1) {
			expression.Add(soft.AddColumn("below."+row.Name, 0, lp.Inf(), 1), 1)
		}
		if !math.IsInf(row.Upper, 1) {
			expression.Add(soft.AddColumn("above."+row.Name, 0, lp.Inf(), 1), -1)
		}
		soft.AddRow(row.Name, row.Lower, expression, row.Upper)
	}
	return soft
}
