package sheet

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"zutuan/internal/funding"
	"zutuan/internal/rulecheck"
	"zutuan/internal/rulepack"
)

// The sheets of a workbook. The first one holds the rules: headings in row 1, keys in row 2, a rule a row from row 3 on.
const (
	rulesSheet = "规则"
	notesSheet = "说明"
	headerRows = 2
)

// maxCellCharacters is what a cell of a workbook holds.
const maxCellCharacters = 32_767

// Widths of columns, in characters.
const (
	narrow = 14
	wide   = 36
)

// wideColumns hold sentences.
var wideColumns = map[string]bool{"message.zh": true, "message.en": true, "basis": true, "when": true, "metric": true, "mitigation.zh": true, "mitigation.en": true, "note": true}

// Product writes the rules of a product as a workbook. The same product gives the same bytes.
func Product(product *rulepack.Product) ([]byte, error) {
	about := []note{{"产品", product.ID}, {"名称", product.Name.ZH}, {"版本", fmt.Sprint(product.Version)}, {"指纹", product.Digest}}
	return write(rulecheck.ProductTable(product), about)
}

// RiskPack writes the rules of a risk pack as a workbook.
func RiskPack(pack *rulepack.RiskPack) ([]byte, error) {
	about := []note{{"规则包", pack.ID}, {"名称", pack.Name.ZH}, {"版本", fmt.Sprint(pack.Version)}, {"指纹", pack.Digest}}
	return write(rulecheck.RiskTable(pack), about)
}

// note is one line of the second sheet.
type note struct{ name, text string }

// write lays a table out. The error names a text that no workbook can hold.
func write(table rulecheck.Table, about []note) ([]byte, error) {
	file := excelize.NewFile()
	defer file.Close()
	w := &writer{file: file}
	w.step(file.SetSheetName("Sheet1", rulesSheet))
	w.styles()
	for i, column := range table.Columns {
		w.text(rulesSheet, 1, i, column.Heading.ZH, w.heading)
		w.text(rulesSheet, 2, i, column.Key, w.key)
		width := narrow
		if wideColumns[column.Key] {
			width = wide
		}
		name, err := excelize.ColumnNumberToName(i + 1)
		w.step(err)
		w.step(file.SetColStyle(rulesSheet, name, w.plain))
		w.width(rulesSheet, name, width)
	}
	for i, row := range table.Rows {
		for k, cell := range row {
			w.text(rulesSheet, headerRows+1+i, k, cell, w.plain)
		}
	}
	w.step(file.SetPanes(rulesSheet, &excelize.Panes{Freeze: true, XSplit: 1, YSplit: headerRows, TopLeftCell: "B3", ActivePane: "bottomRight"}))
	w.notes(table, about)
	// The moment of writing would make two workbooks of one product differ.
	written := time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC).Format(time.RFC3339)
	w.step(file.SetDocProps(&excelize.DocProperties{Creator: "zutuan", Created: written, Modified: written}))
	if w.err != nil {
		return nil, w.err
	}
	buffer, err := file.WriteToBuffer()
	if err != nil {
		return nil, fmt.Errorf("write the workbook: %w", err)
	}
	return buffer.Bytes(), nil
}

// writer remembers the first error, so that laying out reads as a list.
type writer struct {
	file                *excelize.File
	heading, key, plain int
	err                 error
}

func (w *writer) step(err error) {
	if w.err == nil && err != nil {
		w.err = fmt.Errorf("lay out the workbook: %w", err)
	}
}

// styles makes every cell a text: what looks like a number, a date or a formula stays as it is written.
func (w *writer) styles() {
	const asText = 49 // the built-in number format "@"
	make := func(style *excelize.Style) int {
		style.NumFmt = asText
		id, err := w.file.NewStyle(style)
		w.step(err)
		return id
	}
	w.heading = make(&excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"DDEBF7"}}, Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}})
	w.key = make(&excelize.Style{Font: &excelize.Font{Color: "808080"}})
	w.plain = make(&excelize.Style{Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}})
}

// text writes a cell; row is 1-based and column 0-based.
func (w *writer) text(sheet string, row, column int, text string, style int) {
	cell, err := excelize.CoordinatesToCellName(column+1, row)
	w.step(err)
	if count := utf8.RuneCountInString(text); count > maxCellCharacters {
		w.step(fmt.Errorf("%s!%s has %d characters; a cell holds %d", sheet, cell, count, maxCellCharacters))
		return
	}
	w.step(w.file.SetCellStyle(sheet, cell, cell, style))
	if text != "" {
		w.step(w.file.SetCellStr(sheet, cell, escaped(text)))
	}
}

// escapeLike begins what a workbook reads as the code of a character, _x000A_.
var escapeLike = regexp.MustCompile(`^_x[0-9A-Za-z]{4}_`)

// escaped writes every underscore that would be read as the beginning of such a code as a code itself.
func escaped(text string) string {
	var out strings.Builder
	for i, r := range text {
		if r == '_' && escapeLike.MatchString(text[i:]) {
			out.WriteString("_x005F_")
			continue
		}
		out.WriteRune(r)
	}
	return out.String()
}

func (w *writer) width(sheet, column string, characters int) {
	switch characters {
	case wide:
		w.step(w.file.SetColWidth(sheet, column, column, wide))
	default:
		w.step(w.file.SetColWidth(sheet, column, column, narrow))
	}
}

// notes writes the second sheet: what the table is of, how to fill it in, and what each column holds.
func (w *writer) notes(table rulecheck.Table, about []note) {
	_, err := w.file.NewSheet(notesSheet)
	w.step(err)
	row := 0
	line := func(style int, cells ...string) {
		row++
		for i, cell := range cells {
			w.text(notesSheet, row, i, cell, style)
		}
	}
	for _, entry := range about {
		line(w.plain, entry.name, entry.text)
	}
	row++
	for _, hint := range hints {
		line(w.plain, hint.ZH)
		line(w.key, hint.EN)
	}
	row++
	line(w.heading, "列", "键", "填什么", "what belongs here")
	for _, column := range table.Columns {
		line(w.plain, column.Heading.ZH, column.Key, column.Note.ZH, column.Note.EN)
	}
	for _, column := range []string{"A", "B", "C", "D"} {
		w.width(notesSheet, column, wide)
	}
}

// hints say how a table is filled in.
var hints = []funding.Text{
	{ZH: "一行一条规则，次序就是规则的次序。第 1 行是中文标题，可以改；第 2 行是键，不要改。", EN: "One rule a row, in the order of the rules. Row 1 holds headings, which may be changed; row 2 holds keys, which may not."},
	{ZH: "同一行各列条件同时成立。单元格一律是文字，不写公式；文字要加双引号，如 \"AA\"。", EN: "The conditions of a row hold together. Every cell is a text and no formula; a text value stands in double quotes, like \"AA\"."},
	{ZH: "可以增加条件列：第 2 行写左边和比较符，如 need.capital_ratio >=，下面写右边。", EN: "A column may be added: row 2 holds the left side and the sign, like need.capital_ratio >=, the cells below the right side."},
}
