package highs

import (
	"context"
	"fmt"

	"zutuan/internal/lp"
)

// iisStrategy: solve for a set of rows that exclude one another (2), then take out whatever is not needed (4).
const iisStrategy = 2 | 4

// IIS implements lp.Solver. Where the limits would fit if only parts of a whole were allowed, the rows are still
// irreducible, and the columns are the whole-number columns that occur in them.
func (s *Solver) IIS(ctx context.Context, model *lp.Model) (rows, columns []string, err error) {
	if err := model.Validate(); err != nil {
		return nil, nil, err
	}
	if rows, columns := model.Crossed(); len(rows) > 0 {
		return rows[:1], nil, nil
	} else if len(columns) > 0 {
		return nil, columns[:1], nil
	}
	if model.NumColumns() == 0 {
		return nil, nil, lp.ErrFeasible
	}
	relaxed := model.Relaxed()
	err = s.use(ctx, func(in *instance) (err error) {
		rows, columns, err = in.iis(ctx, relaxed)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if len(rows)+len(columns) > 0 {
		// HiGHS calls its search for conflicts a prototype, so its answer is checked before anybody is told.
		conflict, err := s.infeasible(ctx, relaxed, rows, columns)
		if err != nil || conflict {
			return rows, columns, err
		}
	}
	return s.filterRows(ctx, model)
}

// infeasible reports whether the named rows and columns alone exclude every point.
func (s *Solver) infeasible(ctx context.Context, model *lp.Model, rows, columns []string) (bool, error) {
	solution, err := s.Solve(ctx, model.Restrict(rows, columns), lp.Options{})
	if err != nil {
		return false, err
	}
	return solution.Status == lp.StatusInfeasible, nil
}

// filterRows finds an irreducible set of rows by dividing and solving (QuickXplain, Junker 2004), keeping all bounds
// and whole-number conditions of columns. It needs some ten solves for each row that it finds.
func (s *Solver) filterRows(ctx context.Context, model *lp.Model) (rows, columns []string, err error) {
	var all, bounds []string
	for i := range model.NumRows() {
		all = append(all, model.Row(lp.RowID(i)).Name)
	}
	for i := range model.NumColumns() {
		bounds = append(bounds, model.Column(lp.ColumnID(i)).Name)
	}
	conflict, err := s.infeasible(ctx, model, all, bounds)
	if err != nil {
		return nil, nil, err
	}
	if !conflict {
		return nil, nil, lp.ErrFeasible
	}
	rows, err = s.explain(ctx, model, bounds, nil, false, all)
	return rows, wholeColumns(model, rows), err
}

// explain returns an irreducible part of candidates that conflicts together with background. grown says that
// background has changed since it was last known to be harmless.
func (s *Solver) explain(ctx context.Context, model *lp.Model, bounds, background []string, grown bool, candidates []string) ([]string, error) {
	if grown {
		conflict, err := s.infeasible(ctx, model, background, bounds)
		if err != nil || conflict {
			return nil, err
		}
	}
	if len(candidates) <= 1 {
		return candidates, nil
	}
	first, second := candidates[:len(candidates)/2], candidates[len(candidates)/2:]
	fromSecond, err := s.explain(ctx, model, bounds, join(background, first), true, second)
	if err != nil {
		return nil, err
	}
	fromFirst, err := s.explain(ctx, model, bounds, join(background, fromSecond), len(fromSecond) > 0, first)
	return join(fromFirst, fromSecond), err
}

func join(a, b []string) []string { return append(append([]string(nil), a...), b...) }

func wholeColumns(model *lp.Model, rows []string) (names []string) {
	occurs := make([]bool, model.NumColumns())
	for _, name := range rows {
		if id, found := model.FindRow(name); found {
			for _, term := range model.Row(id).Terms {
				occurs[term.Column] = true
			}
		}
	}
	for i := range occurs {
		if column := model.Column(lp.ColumnID(i)); occurs[i] && column.Integer {
			names = append(names, column.Name)
		}
	}
	return names
}

// iis asks HiGHS for an irreducible infeasible subsystem of an LP; both lists are empty where it finds none.
func (in *instance) iis(ctx context.Context, model *lp.Model) (rows, columns []string, err error) {
	settings := append(baseSettings(), setting{"iis_strategy", iisStrategy})
	if err := in.setAll(ctx, settings); err != nil {
		return nil, nil, err
	}
	if err := in.pass(ctx, model); err != nil {
		return nil, nil, err
	}
	columnCount, rowCount := model.NumColumns(), model.NumRows()
	vectors := make([][]int32, 8)
	lengths := []int{1, 1, columnCount, rowCount, columnCount, rowCount, columnCount, rowCount}
	pointers := make([]uint64, len(vectors))
	for i, length := range lengths {
		if pointers[i], err = in.alloc(ctx, 4*length); err != nil {
			return nil, nil, err
		}
	}
	if err := in.must(ctx, "Highs_getIis", pointers...); err != nil {
		return nil, nil, err
	}
	for i, length := range lengths {
		if vectors[i], err = in.ints(pointers[i], length); err != nil {
			return nil, nil, err
		}
	}
	foundColumns, foundRows := vectors[0][0], vectors[1][0]
	if foundColumns < 0 || int(foundColumns) > columnCount || foundRows < 0 || int(foundRows) > rowCount {
		return nil, nil, fmt.Errorf("Highs_getIis found %d columns of %d and %d rows of %d", foundColumns, columnCount, foundRows, rowCount)
	}
	for i, index := range vectors[3][:foundRows] {
		if boundMatters(vectors[5][i]) {
			rows = append(rows, model.Row(lp.RowID(index)).Name)
		}
	}
	for i, index := range vectors[2][:foundColumns] {
		if boundMatters(vectors[4][i]) {
			columns = append(columns, model.Column(lp.ColumnID(index)).Name)
		}
	}
	return rows, columns, nil
}

// boundMatters tells rows and columns whose bounds are part of the conflict (lower 2, upper 3, both 4) from columns that
// merely occur in it (free 1).
func boundMatters(code int32) bool { return code >= 2 && code <= 4 }
