package highs

import (
	"context"
	"fmt"

	"zutuan/internal/lp"
)

// Ranging solves an LP and says how far each row's and column's bound can move before its price changes, and what the
// objective is there. Whole-number conditions are not looked at: pass model.FixIntegers(values) to range a decision.
// Errors as Solve; also when the LP has no optimum.
func (s *Solver) Ranging(ctx context.Context, model *lp.Model, options lp.Options) (*lp.Ranging, error) {
	if err := model.Validate(); err != nil {
		return nil, err
	}
	if solution := trivial(model); solution != nil {
		return nil, fmt.Errorf("no ranges: the model is %s and has %d columns", solution.Status, model.NumColumns())
	}
	var ranging *lp.Ranging
	err := s.use(ctx, func(in *instance) (err error) {
		ranging, err = in.ranging(ctx, model.Relaxed(), options)
		return err
	})
	return ranging, err
}

func (in *instance) ranging(ctx context.Context, model *lp.Model, options lp.Options) (*lp.Ranging, error) {
	solution, err := in.solve(ctx, model, options)
	if err != nil {
		return nil, err
	}
	if solution.Status != lp.StatusOptimal {
		return nil, fmt.Errorf("no ranges: the model is %s", solution.Status)
	}
	// Six records (cost up, cost down, column bound up, down, row bound up, down) of four vectors each: value,
	// objective, and the variables that enter and leave, which nobody here asks for.
	const records, floatsInRecord = 6, 2
	columns, rows := model.NumColumns(), model.NumRows()
	var arguments []uint64
	for record := range records {
		count := columns
		if record >= 4 {
			count = rows
		}
		for vector := range 4 {
			bytes := 8 * count
			if vector >= floatsInRecord {
				bytes = 4 * count
			}
			pointer, err := in.alloc(ctx, bytes)
			if err != nil {
				return nil, err
			}
			arguments = append(arguments, pointer)
		}
	}
	if err := in.must(ctx, "Highs_getRanging", arguments...); err != nil {
		return nil, err
	}
	ranging := &lp.Ranging{}
	if ranging.Columns, err = in.boundRanges(arguments[8:16], columns); err != nil {
		return nil, err
	}
	ranging.Rows, err = in.boundRanges(arguments[16:24], rows)
	return ranging, err
}

// boundRanges reads the records "up" and "down", in that order.
func (in *instance) boundRanges(pointers []uint64, count int) ([]lp.BoundRange, error) {
	vectors := make([][]float64, 4)
	for i, pointer := range []uint64{pointers[0], pointers[1], pointers[4], pointers[5]} {
		var err error
		if vectors[i], err = in.floats(pointer, count); err != nil {
			return nil, err
		}
	}
	ranges := make([]lp.BoundRange, count)
	for i := range ranges {
		ranges[i] = lp.BoundRange{
			Up:   lp.RangePoint{Bound: vectors[0][i], Objective: vectors[1][i]},
			Down: lp.RangePoint{Bound: vectors[2][i], Objective: vectors[3][i]},
		}
	}
	return ranges, nil
}
