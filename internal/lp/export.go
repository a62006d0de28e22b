package lp

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode"

	"zutuan/internal/document"
)

// Exports name columns c1, c2, … and rows r1, r2, … in the model's order, because no format carries names such as
// "提款[GK-01,2026Q3]" to every solver; comment lines say which is which. The offset is written as the cost of a column
// "one" that is fixed at 1, because glpsol and highs read an objective's constant with opposite signs.

// WriteMPS writes the model in free MPS, which glpsol (--freemps), highs and cbc read. Every bound is written out, so
// no reader's own defaults matter, and numbers are the shortest text that reads back as the same float64.
// Errors: those of Validate and of w, and rows whose bounds cross, which the format cannot say.
func (m *Model) WriteMPS(w io.Writer) error {
	if err := m.Validate(); err != nil {
		return err
	}
	if err := m.checkCrossedRows(); err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	m.comment(out, "* ")
	fmt.Fprintln(out, "NAME model")
	fmt.Fprintln(out, "ROWS\n N cost")
	for i, row := range m.rows {
		fmt.Fprintf(out, " %s r%d\n", rowType(row), i+1)
	}
	m.mpsColumns(out)
	fmt.Fprintln(out, "RHS")
	for i, row := range m.rows {
		if side := rightHandSide(row); side != 0 {
			fmt.Fprintf(out, " rhs r%d %s\n", i+1, number(side))
		}
	}
	m.mpsRanges(out)
	m.mpsBounds(out)
	fmt.Fprintln(out, "ENDATA")
	return out.Flush()
}

func (m *Model) checkCrossedRows() error {
	var problems document.Problems
	for _, row := range m.rows {
		if row.Lower > row.Upper {
			problems = append(problems, document.Problem{
				Path: "row " + row.Name, Code: "crossed_bounds",
				ZH: fmt.Sprintf("下限 %g 高于上限 %g，MPS 格式无法表达", row.Lower, row.Upper),
				EN: fmt.Sprintf("the lower bound %g is above the upper bound %g, which MPS cannot express", row.Lower, row.Upper),
			})
		}
	}
	return problems.Err()
}

// rowType is E, G or L, and N for a row without bounds. A row with two bounds is an L row with a range.
func rowType(row Row) string {
	switch {
	case row.Lower == row.Upper:
		return "E"
	case !math.IsInf(row.Upper, 1):
		return "L"
	case !math.IsInf(row.Lower, -1):
		return "G"
	default:
		return "N"
	}
}

func rightHandSide(row Row) float64 {
	switch rowType(row) {
	case "E", "L":
		return row.Upper
	case "G":
		return row.Lower
	default:
		return 0
	}
}

func isRange(row Row) bool {
	return row.Lower != row.Upper && !math.IsInf(row.Lower, 0) && !math.IsInf(row.Upper, 0)
}

func (m *Model) mpsColumns(out io.Writer) {
	entries := make([][]string, len(m.columns))
	for i, row := range m.rows {
		for _, term := range row.Terms {
			entries[term.Column] = append(entries[term.Column], fmt.Sprintf(" c%d r%d %s\n", term.Column+1, i+1, number(term.Coefficient)))
		}
	}
	fmt.Fprintln(out, "COLUMNS")
	integer := false
	marker := func() {
		fmt.Fprintf(out, " M 'MARKER' '%s'\n", map[bool]string{true: "INTORG", false: "INTEND"}[integer])
	}
	for i, column := range m.columns {
		if column.Integer != integer {
			integer = column.Integer
			marker()
		}
		if column.Cost != 0 || len(entries[i]) == 0 {
			fmt.Fprintf(out, " c%d cost %s\n", i+1, number(column.Cost))
		}
		for _, entry := range entries[i] {
			fmt.Fprint(out, entry)
		}
	}
	if integer {
		integer = false
		marker()
	}
	if m.Offset != 0 {
		fmt.Fprintf(out, " one cost %s\n", number(m.Offset))
	}
}

func (m *Model) mpsRanges(out io.Writer) {
	fmt.Fprintln(out, "RANGES")
	for i, row := range m.rows {
		if isRange(row) {
			fmt.Fprintf(out, " range r%d %s\n", i+1, number(row.Upper-row.Lower))
		}
	}
}

func (m *Model) mpsBounds(out io.Writer) {
	fmt.Fprintln(out, "BOUNDS")
	for i, column := range m.columns {
		name := fmt.Sprintf("bnd c%d", i+1)
		lower, upper := math.IsInf(column.Lower, -1), math.IsInf(column.Upper, 1)
		switch {
		case lower && upper:
			fmt.Fprintf(out, " FR %s\n", name)
			continue
		case lower:
			fmt.Fprintf(out, " MI %s\n", name)
		default:
			fmt.Fprintf(out, " LO %s %s\n", name, number(column.Lower))
		}
		if upper {
			fmt.Fprintf(out, " PL %s\n", name)
		} else {
			fmt.Fprintf(out, " UP %s %s\n", name, number(column.Upper))
		}
	}
	if m.Offset != 0 {
		fmt.Fprintln(out, " FX bnd one 1")
	}
}

// WriteLP writes the model in CPLEX LP format, for a person to read and for the same solvers (glpsol --lp). A row with
// two bounds becomes two rows, because not every reader knows rows with two. Errors: those of Validate and of w.
func (m *Model) WriteLP(w io.Writer) error {
	if err := m.Validate(); err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	m.comment(out, "\\ ")
	costs := make([]string, 0, len(m.columns)+1)
	for i, column := range m.columns {
		if column.Cost != 0 {
			costs = append(costs, signed(column.Cost, fmt.Sprintf("c%d", i+1)))
		}
	}
	if m.Offset != 0 || len(costs) == 0 {
		costs = append(costs, signed(m.Offset, "one"))
	}
	fmt.Fprintf(out, "Minimize\n cost:%s\nSubject To\n", wrap(costs))
	for i, row := range m.rows {
		m.lpRow(out, fmt.Sprintf("r%d", i+1), row)
	}
	fmt.Fprintln(out, " offset: + 1 one = 1")
	fmt.Fprintln(out, "Bounds")
	for i, column := range m.columns {
		fmt.Fprintln(out, lpBounds(fmt.Sprintf("c%d", i+1), column))
	}
	fmt.Fprintln(out, "Generals")
	for i, column := range m.columns {
		if column.Integer {
			fmt.Fprintf(out, " c%d\n", i+1)
		}
	}
	fmt.Fprintln(out, "End")
	return out.Flush()
}

func (m *Model) lpRow(out io.Writer, name string, row Row) {
	terms := make([]string, 0, len(row.Terms)+1)
	for _, term := range row.Terms {
		terms = append(terms, signed(term.Coefficient, fmt.Sprintf("c%d", term.Column+1)))
	}
	if len(terms) == 0 {
		terms = append(terms, " + 0 one")
	}
	left := wrap(terms)
	if row.Lower == row.Upper {
		fmt.Fprintf(out, " %s:%s = %s\n", name, left, number(row.Upper))
		return
	}
	if !math.IsInf(row.Lower, -1) {
		fmt.Fprintf(out, " %s_lo:%s >= %s\n", name, left, number(row.Lower))
	}
	if !math.IsInf(row.Upper, 1) {
		fmt.Fprintf(out, " %s_up:%s <= %s\n", name, left, number(row.Upper))
	}
}

func lpBounds(name string, column Column) string {
	switch {
	case math.IsInf(column.Lower, -1) && math.IsInf(column.Upper, 1):
		return " " + name + " free"
	case math.IsInf(column.Lower, -1):
		return fmt.Sprintf(" -inf <= %s <= %s", name, number(column.Upper))
	case math.IsInf(column.Upper, 1):
		return fmt.Sprintf(" %s >= %s", name, number(column.Lower))
	default:
		return fmt.Sprintf(" %s <= %s <= %s", number(column.Lower), name, number(column.Upper))
	}
}

func signed(coefficient float64, name string) string {
	sign := "+"
	if math.Signbit(coefficient) {
		sign, coefficient = "-", -coefficient
	}
	return fmt.Sprintf(" %s %s %s", sign, number(coefficient), name)
}

// wrap breaks a long sum into lines, since readers of the format limit a line to 255 characters.
func wrap(terms []string) string {
	const termsPerLine = 5
	var text strings.Builder
	for i, term := range terms {
		if i > 0 && i%termsPerLine == 0 {
			text.WriteString("\n ")
		}
		text.WriteString(term)
	}
	return text.String()
}

func (m *Model) comment(out io.Writer, mark string) {
	fmt.Fprintf(out, "%s%s: %d columns, %d rows\n", mark, oneLine(m.Name), len(m.columns), len(m.rows))
	for i, column := range m.columns {
		fmt.Fprintf(out, "%sc%d = %s\n", mark, i+1, oneLine(column.Name))
	}
	for i, row := range m.rows {
		fmt.Fprintf(out, "%sr%d = %s\n", mark, i+1, oneLine(row.Name))
	}
}

// oneLine keeps a name from ending its comment line.
func oneLine(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, name)
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
