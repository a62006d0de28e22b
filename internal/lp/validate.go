package lp

import (
	"fmt"
	"math"

	"zutuan/internal/document"
)

// MaxMagnitude bounds every finite number in a model. A solver takes 1e20 for infinite and loses all accuracy long
// before; in 万元 this is a hundred thousand trillion yuan.
const MaxMagnitude = 1e13

// Validate reports everything that keeps the model from being solved, or nil. Bounds that cross (lower > upper) are
// not a mistake of the model but an answer about it: the model is infeasible, and IIS names the place.
func (m *Model) Validate() error {
	var problems document.Problems
	for _, duplicate := range m.duplicates {
		problems = append(problems, document.Problem{
			Path: duplicate, Code: "duplicate_name",
			ZH: "名称重复：同一模型内列名、行名各须唯一", EN: "the name is taken: names of columns and of rows must be unique",
		})
	}
	if bad(m.Offset) {
		problems = append(problems, notFinite("objective", "offset", m.Offset))
	}
	for _, column := range m.columns {
		place := "column " + column.Name
		if bad(column.Cost) {
			problems = append(problems, notFinite(place, "cost", column.Cost))
		}
		problems = append(problems, checkBounds(place, column.Name, column.Lower, column.Upper)...)
	}
	for _, row := range m.rows {
		place := "row " + row.Name
		problems = append(problems, checkBounds(place, row.Name, row.Lower, row.Upper)...)
		problems = append(problems, m.checkTerms(place, row.Terms)...)
	}
	return problems.Err()
}

func (m *Model) checkTerms(place string, terms []Term) (problems document.Problems) {
	for _, term := range terms {
		if term.Column < 0 || int(term.Column) >= len(m.columns) {
			problems = append(problems, document.Problem{
				Path: place, Code: "unknown_column",
				ZH: fmt.Sprintf("引用了第 %d 列，模型只有 %d 列", term.Column, len(m.columns)),
				EN: fmt.Sprintf("uses column %d, but the model has %d columns", term.Column, len(m.columns)),
			})
			continue
		}
		if bad(term.Coefficient) {
			problems = append(problems, notFinite(place, "coefficient of "+m.columns[term.Column].Name, term.Coefficient))
		}
	}
	return problems
}

func checkBounds(place, name string, lower, upper float64) (problems document.Problems) {
	if name == "" {
		problems = append(problems, document.Problem{
			Path: place, Code: "missing_name", ZH: "缺少名称", EN: "has no name",
		})
	}
	if math.IsInf(lower, 1) || !math.IsInf(lower, -1) && bad(lower) {
		problems = append(problems, notFinite(place, "lower bound", lower))
	}
	if math.IsInf(upper, -1) || !math.IsInf(upper, 1) && bad(upper) {
		problems = append(problems, notFinite(place, "upper bound", upper))
	}
	return problems
}

// bad is true for NaN, for infinities and for magnitudes no solver can work with.
func bad(x float64) bool { return !(math.Abs(x) <= MaxMagnitude) }

func notFinite(place, what string, value float64) document.Problem {
	return document.Problem{
		Path: place, Code: "number",
		ZH: fmt.Sprintf("%s 为 %g：须是绝对值不超过 %g 的数（上、下限可以分别为正、负无穷）", what, value, MaxMagnitude),
		EN: fmt.Sprintf("%s is %g: it must be a number of magnitude at most %g (an upper bound may be +Inf, a lower bound -Inf)",
			what, value, MaxMagnitude),
	}
}

// Crossed returns the names of the rows and columns whose lower bound is above their upper bound, and of rows
// without any term whose bounds exclude 0. Each of them alone makes the model infeasible.
func (m *Model) Crossed() (rows, columns []string) {
	for _, row := range m.rows {
		if row.Lower > row.Upper || len(row.Terms) == 0 && (row.Lower > 0 || row.Upper < 0) {
			rows = append(rows, row.Name)
		}
	}
	for _, column := range m.columns {
		if column.Lower > column.Upper || column.Integer && math.Ceil(column.Lower) > math.Floor(column.Upper) {
			columns = append(columns, column.Name)
		}
	}
	return rows, columns
}
