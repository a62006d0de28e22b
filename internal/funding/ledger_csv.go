package funding

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"zutuan/internal/document"
)

// ReadLedgerCSV reads a ledger from comma-separated UTF-8 text, with or without the mark that spreadsheets put in
// front. The first row names the columns, by their keys or their Chinese names, in any order.
func ReadLedgerCSV(file string, data []byte, asOf time.Time) (*Ledger, error) {
	rows, places, err := ledgerCSV(file, data)
	if err != nil {
		return nil, err
	}
	return readLedgerRows(file, rows, places, asOf)
}

// LedgerJSON rewrites a ledger from CSV as the JSON document {as_of, instruments}, every cell as it stands in the file,
// after reading it without a mistake. The error is a document.Problems that names rows and columns of the CSV.
func LedgerJSON(file string, data []byte, asOf time.Time) ([]byte, error) {
	rows, places, err := ledgerCSV(file, data)
	if err != nil {
		return nil, err
	}
	ledger, err := readLedgerRows(file, rows, places, asOf)
	if err != nil {
		return nil, err
	}
	document := struct {
		AsOf        string              `json:"as_of"`
		Instruments []map[string]string `json:"instruments"`
	}{ledger.AsOf.Format(time.DateOnly), []map[string]string{}}
	for _, row := range rows[1:] {
		if blankRow(row) {
			continue
		}
		instrument := map[string]string{}
		for i, cell := range row[:min(len(row), len(rows[0]))] {
			column, _ := ledgerColumnOf(strings.TrimSpace(rows[0][i]))
			if cell = strings.TrimSpace(cell); cell != "" && column.key != "as_of" && column.key != "" {
				instrument[column.key] = cell
			}
		}
		document.Instruments = append(document.Instruments, instrument)
	}
	return json.Marshal(document)
}

// ledgerCSV cuts a CSV file into rows with their lines.
func ledgerCSV(file string, data []byte) ([][]string, []cellPlace, error) {
	if problems := checkLedgerEncoding(file, data, MaxLedgerBytes); problems != nil {
		return nil, nil, problems
	}
	reader := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte(utf8BOM))))
	reader.FieldsPerRecord = -1 // told below, with the row
	var rows [][]string
	var places []cellPlace
	for {
		row, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, csvProblem(file, err)
		}
		if len(rows) > MaxLedgerRows {
			return nil, nil, document.Problems{{File: file, Code: "too_many", ZH: fmt.Sprintf("台账超过 %d 行；请按债务人拆分", MaxLedgerRows), EN: fmt.Sprintf("the ledger has more than %d rows; split it by debtor", MaxLedgerRows)}}
		}
		line, _ := reader.FieldPos(0)
		rows, places = append(rows, row), append(places, cellPlace{line})
	}
	return rows, places, nil
}

// cellPlace is where a row stands in its file; its line is 0 where the file has no lines.
type cellPlace struct{ line int }

// ReadLedgerRows reads a ledger from the cells of a sheet, the first row naming the columns. A cell holds what the
// person sees: amounts and rates as decimals, dates as 2026-01-31.
func ReadLedgerRows(file string, rows [][]string, asOf time.Time) (*Ledger, error) {
	if len(rows) > MaxLedgerRows+1 {
		return nil, document.Problems{{File: file, Code: "too_many", ZH: fmt.Sprintf("台账超过 %d 行；请按债务人拆分", MaxLedgerRows), EN: fmt.Sprintf("the ledger has more than %d rows; split it by debtor", MaxLedgerRows)}}
	}
	return readLedgerRows(file, rows, make([]cellPlace, len(rows)), asOf)
}

func csvProblem(file string, err error) error {
	problem := document.Problem{File: file, Code: "syntax", ZH: "CSV 语法错误：" + err.Error(), EN: "CSV syntax error: " + err.Error()}
	var syntax *csv.ParseError
	if errors.As(err, &syntax) {
		problem.Line, problem.Column = syntax.Line, syntax.Column
		problem.ZH, problem.EN = fmt.Sprintf("CSV 语法错误：%v（引号须成对，引号内的引号写两次）", syntax.Err), fmt.Sprintf("CSV syntax error: %v (quotes come in pairs, a quote inside quotes is doubled)", syntax.Err)
	}
	return document.Problems{problem}
}

func readLedgerRows(file string, rows [][]string, places []cellPlace, asOf time.Time) (*Ledger, error) {
	table := newLedgerTable(file, asOf)
	if len(rows) == 0 {
		return nil, document.Problems{{File: file, Code: "empty", ZH: "文件是空的；第一行应是列名：" + strings.Join(LedgerKeys(), ","), EN: "the file is empty; the first row should name the columns: " + strings.Join(LedgerKeys(), ",")}}
	}
	columns := table.header(rows[0], places[0].line)
	if len(table.problems) > 0 {
		return nil, table.problems.Err() // without its columns no row can be judged
	}
	for i, cells := range rows[1:] {
		if blankRow(cells) {
			continue
		}
		if len(table.problems) > maxLedgerProblems {
			break
		}
		row := &csvRow{table: table, number: i + 2, line: places[i+1].line, columns: columns, cells: cells}
		for c := len(columns); c < len(cells); c++ {
			if strings.TrimSpace(cells[c]) != "" {
				table.problem(fmt.Sprintf("row %d", row.number), row.line, 0, "cells", fmt.Sprintf("第 %d 行有 %d 格，列名只有 %d 个（金额里不要写千分位逗号）", row.number, len(cells), len(columns)),
					fmt.Sprintf("row %d has %d cells, there are %d columns (write amounts without thousands separators)", row.number, len(cells), len(columns)))
				break
			}
		}
		table.add(row, row.number)
	}
	return table.finish()
}

// header reads the names of the columns; the result gives each column's key.
func (t *ledgerTable) header(cells []string, line int) []string {
	for len(cells) > 0 && strings.TrimSpace(cells[len(cells)-1]) == "" {
		cells = cells[:len(cells)-1] // spreadsheets export empty columns
	}
	columns := make([]string, len(cells))
	seen := map[string]bool{}
	for i, cell := range cells {
		heading := strings.TrimSpace(cell)
		column, known := ledgerColumnOf(heading)
		switch {
		case !known:
			t.unknownColumn(heading, i, line, len(cells))
		case seen[column.key]:
			t.problem(fmt.Sprintf("row 1, column %d", i+1), line, 0, "duplicate_column", fmt.Sprintf("列 %q 重复", heading), fmt.Sprintf("the column %q appears twice", heading))
		}
		seen[column.key] = true
		columns[i] = column.key
	}
	for _, column := range ledgerColumns {
		if column.required && !seen[column.key] {
			t.problem("row 1", line, 0, "missing_column", fmt.Sprintf("缺少列 %s（%s）", column.key, column.names[0]), fmt.Sprintf("the column %s (%s) is missing", column.key, column.names[0]))
		}
	}
	return columns
}

func (t *ledgerTable) unknownColumn(heading string, index, line, count int) {
	path := fmt.Sprintf("row 1, column %d", index+1)
	if count == 1 && strings.ContainsAny(heading, ";\t") {
		t.problem(path, line, 0, "separator", "列之间应以英文逗号分隔", "columns are separated by commas")
		return
	}
	var known []string
	for _, column := range ledgerColumns {
		known = append(append(known, column.key), column.names...)
	}
	near := document.Nearest(strings.ToLower(heading), known)
	if len(near) == 0 {
		near = LedgerKeys()
	}
	list := strings.Join(near, ", ")
	t.problem(path, line, 0, "unknown_column", fmt.Sprintf("不认识的列 %q；可用的有 %s", clipText(heading), list), fmt.Sprintf("unknown column %q; allowed: %s", clipText(heading), list))
}

func blankRow(cells []string) bool {
	for _, cell := range cells {
		if strings.TrimSpace(cell) != "" {
			return false
		}
	}
	return true
}

// csvRow is one row of a sheet.
type csvRow struct {
	table   *ledgerTable
	number  int
	line    int
	columns []string
	cells   []string
}

func (r *csvRow) text(key string) string {
	for i, column := range r.columns {
		if column == key && i < len(r.cells) {
			return strings.TrimSpace(r.cells[i])
		}
	}
	return ""
}

func (r *csvRow) problem(key, code, zh, en string) {
	path := fmt.Sprintf("row %d", r.number)
	if key != "" {
		path += ", column " + key
	}
	r.table.problem(path, r.line, 0, code, zh, en)
}

// clipText shortens what a person wrote for a message.
func clipText(text string) string {
	runes := []rune(text)
	if len(runes) > 60 {
		return string(runes[:60]) + "…"
	}
	return text
}
