package rulecheck

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// The columns of a decision table that every rule has; the conditions follow. tableRest holds a condition that does not fit
// into columns, whole.
var tableColumns = []string{"id", "group", "level", "message.zh", "message.en", "basis"}

const tableRest = "when"

// byteOrderMark lets spreadsheets know that a file is UTF-8; without it they garble Chinese.
const byteOrderMark = "\ufeff"

// MaxTableRows and MaxTableColumns bound what is read, the header included; a product has at most 200 rules.
const (
	MaxTableRows    = 201
	MaxTableColumns = 200
)

// cellOf splits a condition without and into a column and a cell: "need.capital_ratio >=" and "0.20"; a flag is its own
// column with true or false. false where the condition has another shape.
func cellOf(part ruleexpr.Part) (column, cell string, ok bool) {
	switch kids := part.Parts(); part.Kind() {
	case ruleexpr.PartCompare:
		return kids[0].Source() + " " + part.Operator(), kids[1].Source(), true
	case ruleexpr.PartIn:
		return kids[0].Source() + " in", kids[1].Source(), true
	case ruleexpr.PartFact:
		return part.Source(), "true", true
	case ruleexpr.PartNot:
		if kids[0].Kind() == ruleexpr.PartFact {
			return kids[0].Source(), "false", true
		}
	}
	return "", "", false
}

// piece writes a column and its cell as a condition again.
func piece(column, cell string) string {
	switch {
	case cell == "true" && !endsInOperator(column):
		return column
	case cell == "false" && !endsInOperator(column):
		return "not " + column
	}
	return column + " " + cell
}

func endsInOperator(column string) bool {
	fields := strings.Fields(column)
	if len(fields) < 2 {
		return false
	}
	last := fields[len(fields)-1]
	return last == "in" || signs[last] != ""
}

func conjuncts(part ruleexpr.Part) []ruleexpr.Part {
	if part.Kind() != ruleexpr.PartAnd {
		return []ruleexpr.Part{part}
	}
	var out []ruleexpr.Part
	for _, kid := range part.Parts() {
		out = append(out, conjuncts(kid)...)
	}
	return out
}

// Table is a decision table before it is laid out in a file: one column a condition, one row a rule.
type Table struct {
	Columns []TableColumn
	// Rows have a cell for every column.
	Rows [][]string
}

// TableColumn is one column. Key is what reading goes by; Heading is for people, and Note says what belongs into it.
type TableColumn struct {
	Key     string
	Heading funding.Text
	Note    funding.Text
}

// Keys returns the keys of the columns.
func (t *Table) Keys() []string {
	keys := make([]string, len(t.Columns))
	for i := range t.Columns {
		keys[i] = t.Columns[i].Key
	}
	return keys
}

// CSV writes a table with its keys as the header.
func (t *Table) CSV() []byte {
	var out bytes.Buffer
	out.WriteString(byteOrderMark)
	writer := csv.NewWriter(&out)
	_ = writer.Write(t.Keys()) // a buffer does not fail
	for _, row := range t.Rows {
		_ = writer.Write(row)
	}
	writer.Flush()
	return out.Bytes()
}

// ExportTable writes the rules of a product as a decision table in CSV.
func ExportTable(product *rulepack.Product) []byte {
	table := ProductTable(product)
	return table.CSV()
}

// ProductTable lays the rules of a product out as a decision table. A rule whose conditions do not read the same again from
// columns stands whole in the last column, so that nothing is lost.
func ProductTable(product *rulepack.Product) Table {
	var columns []string
	rows := make([]map[string]string, len(product.Rules))
	for i := range product.Rules {
		rows[i] = map[string]string{}
		for _, part := range conjuncts(product.Rules[i].Rule.Tree()) {
			column, cell, ok := cellOf(part)
			if _, twice := rows[i][column]; !ok || twice {
				rows[i] = map[string]string{tableRest: product.Rules[i].When.Source}
				break
			}
			rows[i][column] = cell
		}
		for _, column := range columnsOf(product.Rules[i].Rule.Tree(), rows[i]) {
			if !slices.Contains(columns, column) {
				columns = append(columns, column)
			}
		}
	}
	for i := range rows {
		if assembled(columns, rows[i]) != product.Rules[i].When.Source {
			rows[i] = map[string]string{tableRest: product.Rules[i].When.Source}
		}
	}
	columns = slices.DeleteFunc(columns, func(column string) bool {
		return !slices.ContainsFunc(rows, func(row map[string]string) bool { return row[column] != "" })
	})
	return productTable(product, append(columns, tableRest), rows)
}

// columnsOf returns the columns that a rule fills, in the order in which it is written.
func columnsOf(tree ruleexpr.Part, row map[string]string) []string {
	var out []string
	for _, part := range conjuncts(tree) {
		if column, _, ok := cellOf(part); ok && row[column] != "" {
			out = append(out, column)
		}
	}
	return out
}

func assembled(columns []string, row map[string]string) string {
	if row[tableRest] != "" {
		return row[tableRest]
	}
	var pieces []string
	for _, column := range columns {
		if cell := row[column]; cell != "" {
			pieces = append(pieces, piece(column, cell))
		}
	}
	return strings.Join(pieces, " and ")
}

func productTable(product *rulepack.Product, columns []string, rows []map[string]string) Table {
	var out Table
	for _, key := range tableColumns {
		out.Columns = append(out.Columns, columnTexts[key])
	}
	for _, key := range columns {
		out.Columns = append(out.Columns, conditionColumn(product, key, rows))
	}
	for i := range product.Rules {
		rule := &product.Rules[i]
		row := []string{rule.ID, rule.Group, rule.Level, rule.Message.ZH, rule.Message.EN, rule.Basis}
		for _, column := range columns {
			row = append(row, rows[i][column])
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

// columnTexts says what the columns are that every table of a product has.
var columnTexts = map[string]TableColumn{
	"id":         {"id", funding.Text{ZH: "规则标识", EN: "rule id"}, funding.Text{ZH: "只用字母、数字、- 和 _，不能重复", EN: "letters, digits, - and _, each once"}},
	"group":      {"group", funding.Text{ZH: "分组", EN: "group"}, funding.Text{ZH: "可写 " + strings.Join(funding.RuleGroups, "、"), EN: "one of " + strings.Join(funding.RuleGroups, ", ")}},
	"level":      {"level", funding.Text{ZH: "级别", EN: "level"}, funding.Text{ZH: "must 必须满足；should 建议满足", EN: "must or should"}},
	"message.zh": {"message.zh", funding.Text{ZH: "说明（中文）", EN: "message (Chinese)"}, funding.Text{ZH: "不满足时给财政局的话，必填", EN: "what a bureau reads when it fails; needed"}},
	"message.en": {"message.en", funding.Text{ZH: "说明（英文）", EN: "message (English)"}, funding.Text{ZH: "可以不填", EN: "may be empty"}},
	"basis":      {"basis", funding.Text{ZH: "依据", EN: "basis"}, funding.Text{ZH: "登记表里的文件，可加条款；多个用；隔开", EN: "documents of the register with their clause, separated by ；"}},
	tableRest: {tableRest, funding.Text{ZH: "其他条件（整条）", EN: "other conditions, whole"}, funding.Text{
		ZH: "放不进各列的条件，按规则语言整条写在这里；同一行其他列的条件与它同时成立", EN: "a condition that fits no column, written whole; it holds together with those of the row's other columns"}},
}

// conditionColumn names a column of conditions in the words of the dictionary, from any rule that fills it.
func conditionColumn(product *rulepack.Product, key string, rows []map[string]string) TableColumn {
	if key == tableRest {
		return columnTexts[tableRest]
	}
	column := TableColumn{Key: key, Heading: plain(key), Note: funding.Text{
		ZH: "条件 " + key + "：单元格写右边的值；空着表示这条规则没有此条件", EN: "the condition " + key + ": a cell holds its right side; empty means that the rule has no such condition"}}
	for i := range rows {
		if rows[i][key] == "" {
			continue
		}
		for _, part := range conjuncts(product.Rules[i].Rule.Tree()) {
			if found, _, ok := cellOf(part); ok && found == key {
				column.Heading = headingOf(part)
				return column
			}
		}
	}
	return column
}

// headingOf reads the left side and the sign of a condition.
func headingOf(part ruleexpr.Part) funding.Text {
	kids := part.Parts()
	switch part.Kind() {
	case ruleexpr.PartCompare:
		left := Aloud(kids[0])
		return funding.Text{ZH: left.ZH + " " + signs[part.Operator()], EN: left.EN + " " + signs[part.Operator()]}
	case ruleexpr.PartIn:
		left := Aloud(kids[0])
		return funding.Text{ZH: left.ZH + " 属于", EN: left.EN + " is one of"}
	case ruleexpr.PartNot:
		return Aloud(kids[0])
	}
	return Aloud(part)
}

// table reads a decision table and collects what is wrong, cell by cell.
type table struct {
	file    string
	library *rulepack.Library
	header  []string
	// place names a cell of the records as the file shows it, and its line.
	place    Placer
	problems document.Problems
}

// Placer names a cell of a table, by its place among the records with the header as row 0, and its line in the file, 1-based.
type Placer func(row, column int) (path string, line int)

// csvPlace is how a table in CSV names its cells: as the spreadsheet does that shows it.
func csvPlace(row, column int) (string, int) { return CellName(row, column), row + 1 }

// CellName names a cell as spreadsheets do, from 0-based row and column: G5.
func CellName(row, column int) string {
	letters := ""
	for n := column + 1; n > 0; n = (n - 1) / 26 {
		letters = string(rune('A'+(n-1)%26)) + letters
	}
	return letters + strconv.Itoa(row+1)
}

func (t *table) problem(row, column int, code, zh, en string) {
	path, line := t.place(row, column)
	t.problems = append(t.problems, document.Problem{File: t.file, Path: path, Line: line, Code: code, ZH: zh, EN: en})
}

// ImportTable reads a decision table and checks every cell against the library. The rules are in the order of the rows, each
// with its condition put together from the columns; the error is a document.Problems whose paths are cells.
func ImportTable(library *rulepack.Library, file string, data []byte) ([]funding.ProductRule, error) {
	records, err := readCSV(file, data)
	if err != nil {
		return nil, err
	}
	return ReadTable(library, file, records, csvPlace)
}

func readCSV(file string, data []byte) ([][]string, error) {
	reader := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte(byteOrderMark))))
	reader.FieldsPerRecord = -1
	records, err := reader.ReadAll()
	if err != nil {
		return nil, document.Problems{csvProblem(file, err)}
	}
	return records, nil
}

// ReadTable is ImportTable for records that were read from some other kind of file, the header first.
func ReadTable(library *rulepack.Library, file string, records [][]string, place Placer) ([]funding.ProductRule, error) {
	t := &table{file: file, library: library, place: place}
	if len(records) == 0 || len(records) > MaxTableRows || len(records[0]) > MaxTableColumns {
		t.problem(0, 0, "size", fmt.Sprintf("表应有一行表头和至多 %d 行规则、至多 %d 列", MaxTableRows-1, MaxTableColumns), fmt.Sprintf("a table has a header, at most %d rules and at most %d columns", MaxTableRows-1, MaxTableColumns))
		return nil, t.problems
	}
	t.readHeader(records[0])
	if len(t.problems) > 0 {
		return nil, t.problems.Err()
	}
	var rules []funding.ProductRule
	seen := map[string]bool{}
	for i, record := range records[1:] {
		rules = append(rules, t.rule(i+1, record, seen))
	}
	if err := t.problems.Err(); err != nil {
		return nil, err
	}
	return rules, nil
}

func csvProblem(file string, err error) document.Problem {
	problem := document.Problem{File: file, Code: "csv", ZH: "不是完整的 CSV：" + err.Error(), EN: "not well-formed CSV: " + err.Error()}
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		problem.Line, problem.Column = parse.Line, parse.Column
	}
	return problem
}

func (t *table) readHeader(header []string) {
	t.header = header
	for _, name := range tableColumns {
		if !slices.Contains(header, name) {
			t.problem(0, len(header), "missing", "表头缺少 "+name+" 列", "the header has no column "+name)
		}
	}
	for i, name := range header {
		if strings.TrimSpace(name) == "" {
			t.problem(0, i, "missing", "表头是空的", "the header cell is empty")
		} else if slices.Index(header, name) != i {
			t.problem(0, i, "duplicate", "列 "+name+" 重复", "the column "+name+" appears twice")
		}
	}
}

// cell returns the text of a named column; what a short row does not have is empty.
func (t *table) cell(record []string, name string) (text string, column int) {
	column = slices.Index(t.header, name)
	if column < 0 || column >= len(record) {
		return "", max(column, 0)
	}
	return record[column], column
}

func (t *table) rule(row int, record []string, seen map[string]bool) funding.ProductRule {
	if len(record) > len(t.header) {
		t.problem(row, len(t.header), "extra", "这一行比表头多出单元格", "the row has more cells than the header")
	}
	text := func(name string) string { value, _ := t.cell(record, name); return value }
	rule := funding.ProductRule{ID: text("id"), Group: text("group"), Level: text("level"), Message: funding.Text{ZH: text("message.zh"), EN: text("message.en")}, Basis: text("basis")}
	t.word(row, record, "group", funding.RuleGroups)
	t.word(row, record, "level", funding.RuleLevels)
	for _, name := range []string{"id", "message.zh", "basis"} {
		if value, column := t.cell(record, name); strings.TrimSpace(value) == "" {
			t.problem(row, column, "missing", "这里不能为空："+name, name+" must not be empty")
		}
	}
	if _, column := t.cell(record, "id"); rule.ID != "" && seen[rule.ID] {
		t.problem(row, column, "duplicate_id", "规则标识 "+rule.ID+" 重复", "the rule id "+rule.ID+" appears twice")
	}
	seen[rule.ID] = true
	for _, part := range rulepack.SplitBasis(rule.Basis) {
		if _, known := t.library.Documents.Find(part); !known {
			_, column := t.cell(record, "basis")
			t.problem(row, column, "unknown_basis", "文件登记表里没有 "+rulepack.BasisDocument(part), "documents.yaml has no document "+rulepack.BasisDocument(part))
		}
	}
	path, line := t.place(row, 0)
	rule.When = funding.Formula{Source: t.condition(row, record), Path: path, Line: line}
	return rule
}

func (t *table) word(row int, record []string, name string, allowed []string) {
	value, column := t.cell(record, name)
	if slices.Contains(allowed, value) {
		return
	}
	list := strings.Join(allowed, ", ")
	t.problem(row, column, "enum", fmt.Sprintf("%q 不对：%s 可写 %s", value, name, list), fmt.Sprintf("%q is wrong: %s is one of %s", value, name, list))
}

// segment is where a cell stands in the condition that is put together from the columns.
type segment struct{ from, to, column int }

// condition puts a rule's condition together and places what is wrong with it in the cell that it comes from.
func (t *table) condition(row int, record []string) string {
	var source strings.Builder
	var segments []segment
	length := 0
	for column, name := range t.header {
		if slices.Contains(tableColumns, name) || column >= len(record) || strings.TrimSpace(record[column]) == "" {
			continue
		}
		text := piece(name, record[column])
		if name == tableRest {
			text = record[column]
			if len(segments) > 0 {
				text = "(" + text + ")"
			}
		}
		if length > 0 {
			source.WriteString(" and ")
			length += len(" and ")
		}
		source.WriteString(text)
		from := length
		length += len([]rune(text))
		segments = append(segments, segment{from, length, column})
	}
	if length == 0 {
		t.problem(row, len(tableColumns), "missing", "这条规则没有任何条件", "the rule has no condition")
		return ""
	}
	_, err := t.library.Vocabulary.CompileRule(source.String())
	var list ruleexpr.Errors
	if errors.As(err, &list) {
		for _, found := range list {
			t.expressionProblem(row, segments, found)
		}
	}
	return source.String()
}

func (t *table) expressionProblem(row int, segments []segment, found *ruleexpr.Error) {
	column := segments[len(segments)-1].column
	for _, s := range segments {
		if found.From < s.to {
			column = s.column
			break
		}
	}
	t.problem(row, column, "expression."+found.Code, found.Message(money.Chinese)+"\n"+found.Snippet, found.Message(money.English)+"\n"+found.Snippet)
}

// RulesYAML writes rules as they stand in a product file.
func RulesYAML(rules []funding.ProductRule) string {
	var out strings.Builder
	out.WriteString("rules:\n")
	for _, rule := range rules {
		message := "{zh: " + quoted(rule.Message.ZH)
		if rule.Message.EN != "" {
			message += ", en: " + quoted(rule.Message.EN)
		}
		fmt.Fprintf(&out, "  - id: %s\n    group: %s\n    level: %s\n    when: %s\n    message: %s}\n    basis: %s\n", rule.ID, rule.Group, rule.Level, expressionYAML(rule.When.Source), message, quoted(rule.Basis))
	}
	return out.String()
}

// expressionYAML writes an expression in single quotes, where its own double quotes need no escapes.
func expressionYAML(source string) string {
	if strings.ContainsAny(source, "\n\t") {
		return quoted(source)
	}
	return "'" + strings.ReplaceAll(source, "'", "''") + "'"
}
