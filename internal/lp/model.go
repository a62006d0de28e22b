package lp

import "math"

// Column is one unknown of a model.
type Column struct {
	// Name is unique among the model's columns. Any text will do, "提款[GK-01,2026Q3]" too.
	Name string
	// Lower and Upper bound the value; -Inf() and Inf() where there is no bound.
	Lower, Upper float64
	// Cost is what one unit adds to the objective.
	Cost float64
	// Integer asks for a whole number. A yes/no decision is an Integer between 0 and 1.
	Integer bool
}

// Row is one limit of a model: Lower ≤ Σ coefficient × column ≤ Upper.
type Row struct {
	// Name is unique among the model's rows.
	Name         string
	Lower, Upper float64
	// Terms are in column order, one for each column that occurs.
	Terms []Term
}

// Model is a linear or mixed-integer program: minimise Offset + Σ cost × column within every row and bound. Columns
// and rows keep the order in which they were added, and everything derived from a model follows that order, so the
// same calls give the same bytes. A Model is not safe for concurrent changes; solving does not change it.
type Model struct {
	// Name appears in exports only.
	Name string
	// Offset is the part of the objective that no column changes.
	Offset float64

	columns      []Column
	rows         []Row
	columnByName map[string]ColumnID
	rowByName    map[string]RowID
	duplicates   []string
}

// NewModel returns an empty model.
func NewModel(name string) *Model {
	return &Model{Name: name, columnByName: map[string]ColumnID{}, rowByName: map[string]RowID{}}
}

// AddColumn adds a continuous unknown with lower ≤ value ≤ upper. A name that is already taken is reported by
// Validate, as every mistake is: building needs no error handling.
func (m *Model) AddColumn(name string, lower, upper, cost float64) ColumnID {
	return m.add(Column{Name: name, Lower: lower, Upper: upper, Cost: cost})
}

// AddInteger adds a whole-number unknown.
func (m *Model) AddInteger(name string, lower, upper, cost float64) ColumnID {
	return m.add(Column{Name: name, Lower: lower, Upper: upper, Cost: cost, Integer: true})
}

// AddBinary adds a yes/no decision: 1 is yes.
func (m *Model) AddBinary(name string, cost float64) ColumnID { return m.AddInteger(name, 0, 1, cost) }

func (m *Model) add(column Column) ColumnID {
	id := ColumnID(len(m.columns))
	if _, taken := m.columnByName[column.Name]; taken {
		m.duplicates = append(m.duplicates, "column "+column.Name)
	} else {
		m.columnByName[column.Name] = id
	}
	m.columns = append(m.columns, column)
	return id
}

// AddRow adds lower ≤ expression ≤ upper. The expression's constant moves to the bounds.
func (m *Model) AddRow(name string, lower float64, expression Expression, upper float64) RowID {
	id := RowID(len(m.rows))
	if _, taken := m.rowByName[name]; taken {
		m.duplicates = append(m.duplicates, "row "+name)
	} else {
		m.rowByName[name] = id
	}
	m.rows = append(m.rows, Row{
		Name: name, Lower: lower - expression.Constant, Upper: upper - expression.Constant, Terms: expression.Terms(),
	})
	return id
}

// AddAtMost adds expression ≤ upper.
func (m *Model) AddAtMost(name string, expression Expression, upper float64) RowID {
	return m.AddRow(name, math.Inf(-1), expression, upper)
}

// AddAtLeast adds expression ≥ lower.
func (m *Model) AddAtLeast(name string, expression Expression, lower float64) RowID {
	return m.AddRow(name, lower, expression, math.Inf(1))
}

// AddEqual adds expression = value.
func (m *Model) AddEqual(name string, expression Expression, value float64) RowID {
	return m.AddRow(name, value, expression, value)
}

// AddSwitched adds "when use is 1, minimum ≤ expression ≤ maximum; when use is 0, expression is 0" as the two rows
// name+".min" and name+".max". The expression must not be able to be negative; maximum should be as small as is
// known, because the solver's bound is only as tight as it.
func (m *Model) AddSwitched(name string, expression Expression, use ColumnID, minimum, maximum float64) (atLeast, atMost RowID) {
	above, below := expression.Clone(), expression.Clone()
	above.Add(use, -minimum)
	below.Add(use, -maximum)
	return m.AddAtLeast(name+".min", above, 0), m.AddAtMost(name+".max", below, 0)
}

// AddCost adds factor × expression to the objective, its constant included.
func (m *Model) AddCost(expression Expression, factor float64) {
	m.Offset += factor * expression.Constant
	for _, term := range expression.Terms() {
		m.columns[term.Column].Cost += factor * term.Coefficient
	}
}

// ClearCosts makes the objective zero; what remains asks only whether any point is allowed.
func (m *Model) ClearCosts() {
	m.Offset = 0
	for i := range m.columns {
		m.columns[i].Cost = 0
	}
}

// SetCost replaces a column's cost.
func (m *Model) SetCost(id ColumnID, cost float64) { m.columns[id].Cost = cost }

// SetColumnBounds replaces a column's bounds.
func (m *Model) SetColumnBounds(id ColumnID, lower, upper float64) {
	m.columns[id].Lower, m.columns[id].Upper = lower, upper
}

// Fix gives a column one allowed value.
func (m *Model) Fix(id ColumnID, value float64) { m.SetColumnBounds(id, value, value) }

// SetRowBounds replaces a row's bounds as they stand in the row (AddRow has moved the constant into them).
func (m *Model) SetRowBounds(id RowID, lower, upper float64) {
	m.rows[id].Lower, m.rows[id].Upper = lower, upper
}

// SetInteger switches a column's whole-number condition on or off.
func (m *Model) SetInteger(id ColumnID, integer bool) { m.columns[id].Integer = integer }

// NumColumns returns the number of columns; their ids are 0 … NumColumns-1.
func (m *Model) NumColumns() int { return len(m.columns) }

// NumRows returns the number of rows; their ids are 0 … NumRows-1.
func (m *Model) NumRows() int { return len(m.rows) }

// NumTerms returns the number of coefficients in all rows.
func (m *Model) NumTerms() int {
	count := 0
	for i := range m.rows {
		count += len(m.rows[i].Terms)
	}
	return count
}

// NumIntegers returns the number of whole-number columns; 0 means the model is an LP.
func (m *Model) NumIntegers() int {
	count := 0
	for i := range m.columns {
		if m.columns[i].Integer {
			count++
		}
	}
	return count
}

// Column returns a copy of the column.
func (m *Model) Column(id ColumnID) Column { return m.columns[id] }

// Row returns the row; its Terms are the model's own and must not be changed.
func (m *Model) Row(id RowID) Row { return m.rows[id] }

// FindColumn returns the column of that name.
func (m *Model) FindColumn(name string) (ColumnID, bool) {
	id, found := m.columnByName[name]
	return id, found
}

// FindRow returns the row of that name.
func (m *Model) FindRow(name string) (RowID, bool) {
	id, found := m.rowByName[name]
	return id, found
}

// Objective returns the objective at the values, one for each column.
func (m *Model) Objective(values []float64) float64 {
	sum := total{}
	sum.add(m.Offset)
	for i := range m.columns {
		sum.add(m.columns[i].Cost * values[i])
	}
	return sum.value()
}

// Activity returns Σ coefficient × column of one row at the values.
func (m *Model) Activity(id RowID, values []float64) float64 {
	return Expression{terms: m.rows[id].Terms}.Value(values)
}

// Clone returns a copy whose bounds, costs, columns and rows can be changed without changing m.
func (m *Model) Clone() *Model {
	clone := NewModel(m.Name)
	clone.Offset = m.Offset
	clone.columns = append([]Column(nil), m.columns...)
	clone.rows = append([]Row(nil), m.rows...)
	clone.duplicates = append([]string(nil), m.duplicates...)
	for name, id := range m.columnByName {
		clone.columnByName[name] = id
	}
	for name, id := range m.rowByName {
		clone.rowByName[name] = id
	}
	return clone
}

// Relaxed returns a copy without whole-number conditions.
func (m *Model) Relaxed() *Model {
	relaxed := m.Clone()
	for i := range relaxed.columns {
		relaxed.columns[i].Integer = false
	}
	return relaxed
}

// FixIntegers returns a copy in which every whole-number column is an ordinary column held at the whole number
// nearest to its value: the program that remains once the yes/no decisions are taken.
func (m *Model) FixIntegers(values []float64) *Model {
	fixed := m.Clone()
	for i := range fixed.columns {
		if column := &fixed.columns[i]; column.Integer {
			whole := math.RoundToEven(values[i])
			column.Integer, column.Lower, column.Upper = false, whole, whole
		}
	}
	return fixed
}

// Restrict returns a copy that keeps only the bounds of the named rows and columns; every other row and column is
// free, and the objective is zero. What remains of a conflict must still be impossible.
func (m *Model) Restrict(rows, columns []string) *Model {
	keepRow, keepColumn := map[string]bool{}, map[string]bool{}
	for _, name := range rows {
		keepRow[name] = true
	}
	for _, name := range columns {
		keepColumn[name] = true
	}
	restricted := m.Clone()
	restricted.ClearCosts()
	for i := range restricted.columns {
		if !keepColumn[restricted.columns[i].Name] {
			restricted.columns[i].Lower, restricted.columns[i].Upper = math.Inf(-1), math.Inf(1)
		}
	}
	for i := range restricted.rows {
		if !keepRow[restricted.rows[i].Name] {
			restricted.rows[i].Lower, restricted.rows[i].Upper = math.Inf(-1), math.Inf(1)
		}
	}
	return restricted
}
