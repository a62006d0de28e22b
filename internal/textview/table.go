// Package textview lays out answers for a person at a terminal: tables aligned by the width that characters really
// take (a Chinese character takes two columns), and colour where the terminal has it. It decides nothing and knows no
// domain type.
package textview

import (
	"strings"

	"github.com/rivo/uniseg"
)

// Align is on which side of a cell the padding goes.
type Align uint8

// The alignments of a column.
const (
	Left Align = iota
	Right
)

// Tone is what a text means; a terminal with colour shows it in the tone's colour.
type Tone string

// The tones. The strings are the ANSI codes themselves, so that a palette needs no table.
const (
	Plain  Tone = ""
	Strong Tone = "1"
	Faint  Tone = "2"
	Good   Tone = "32"
	Warn   Tone = "33"
	Bad    Tone = "31"
	Stop   Tone = "1;31"
	Head   Tone = "1;36"
)

// Style says whether colour is wanted.
type Style struct{ Color bool }

// Paint wraps a text in its tone.
func (s Style) Paint(tone Tone, text string) string {
	if !s.Color || tone == Plain || text == "" {
		return text
	}
	return "\x1b[" + string(tone) + "m" + text + "\x1b[0m"
}

// Cell is one field of a table.
type Cell struct {
	Text string
	Tone Tone
}

// Table is rows of cells under a header.
type Table struct {
	Header []string
	Align  []Align
	Rows   [][]Cell
}

// Add appends a row of plain cells.
func (t *Table) Add(texts ...string) {
	row := make([]Cell, len(texts))
	for i, text := range texts {
		row[i] = Cell{Text: text}
	}
	t.Rows = append(t.Rows, row)
}

// Width returns the number of terminal columns a text takes.
func Width(text string) int { return uniseg.StringWidth(text) }

// Render lays the table out, two blanks between columns, no trailing blanks.
func (t *Table) Render(style Style) string {
	widths := make([]int, len(t.Header))
	for i, title := range t.Header {
		widths[i] = Width(title)
	}
	for _, row := range t.Rows {
		for i, cell := range row {
			widths[i] = max(widths[i], Width(cell.Text))
		}
	}
	var out strings.Builder
	header := make([]Cell, len(t.Header))
	for i, title := range t.Header {
		header[i] = Cell{Text: title, Tone: Strong}
	}
	t.line(&out, style, header, widths)
	rule := make([]Cell, len(widths))
	for i, width := range widths {
		rule[i] = Cell{Text: strings.Repeat("─", width), Tone: Faint}
	}
	t.line(&out, style, rule, widths)
	for _, row := range t.Rows {
		t.line(&out, style, row, widths)
	}
	return out.String()
}

func (t *Table) line(out *strings.Builder, style Style, row []Cell, widths []int) {
	var line strings.Builder
	for i, cell := range row {
		if i > 0 {
			line.WriteString("  ")
		}
		pad := strings.Repeat(" ", max(0, widths[i]-Width(cell.Text)))
		if i < len(t.Align) && t.Align[i] == Right {
			line.WriteString(pad + style.Paint(cell.Tone, cell.Text))
		} else if i == len(row)-1 {
			line.WriteString(style.Paint(cell.Tone, cell.Text))
		} else {
			line.WriteString(style.Paint(cell.Tone, cell.Text) + pad)
		}
	}
	out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
}

// Pairs lays out "label: value" lines with the values aligned.
func Pairs(style Style, indent string, pairs ...[2]string) string {
	width := 0
	for _, pair := range pairs {
		width = max(width, Width(pair[0]))
	}
	var out strings.Builder
	for _, pair := range pairs {
		out.WriteString(indent + style.Paint(Faint, pair[0]) + strings.Repeat(" ", width-Width(pair[0])+2) + pair[1] + "\n")
	}
	return out.String()
}
