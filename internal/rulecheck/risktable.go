package rulecheck

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/rulepack"
)

// The columns of a decision table of a risk pack: one row a rule, one column a level. Lists have an item a line.
var riskColumns = []TableColumn{
	{"id", funding.Text{ZH: "规则标识", EN: "rule id"}, funding.Text{ZH: "只用字母、数字、- 和 _，不能重复", EN: "letters, digits, - and _, each once"}},
	{"name.zh", funding.Text{ZH: "名称", EN: "name"}, funding.Text{ZH: "可以不填", EN: "may be empty"}},
	{"name.en", funding.Text{ZH: "名称（英文）", EN: "name (English)"}, funding.Text{ZH: "可以不填", EN: "may be empty"}},
	{"scope", funding.Text{ZH: "对象", EN: "scope"}, funding.Text{ZH: "可写 " + strings.Join(funding.RiskScopes, "、"), EN: "one of " + strings.Join(funding.RiskScopes, ", ")}},
	{"horizon", funding.Text{ZH: "时点", EN: "horizon"}, funding.Text{ZH: "now 现状；each_year 方案各年取最差", EN: "now, or each_year: the worst year of the plan"}},
	{"metric", funding.Text{ZH: "指标", EN: "metric"}, funding.Text{ZH: "规则语言的数；禁止事项不填", EN: "a number in the language of rules; empty for a gate"}},
	{"unit", funding.Text{ZH: "单位", EN: "unit"}, funding.Text{ZH: "有指标时必填", EN: "needed with a metric"}},
	{"numerator", funding.Text{ZH: "分子", EN: "numerator"}, funding.Text{ZH: "供展示，与分母一起填", EN: "for showing, together with the denominator"}},
	{"denominator", funding.Text{ZH: "分母", EN: "denominator"}, funding.Text{ZH: "供展示，与分子一起填", EN: "for showing, together with the numerator"}},
	{"applies_when", funding.Text{ZH: "适用条件", EN: "applies when"}, funding.Text{ZH: "不成立时规则不适用；空着表示总适用", EN: "where false the rule does not apply; empty: always"}},
	{"yellow", funding.Text{ZH: "黄色", EN: "yellow"}, levelNote},
	{"orange", funding.Text{ZH: "橙色", EN: "orange"}, levelNote},
	{"red", funding.Text{ZH: "红色", EN: "red"}, levelNote},
	{"stop", funding.Text{ZH: "禁止", EN: "stop"}, levelNote},
	{"blocks_finalization", funding.Text{ZH: "从哪一级起不得定稿", EN: "blocks from"}, funding.Text{ZH: "级别名；空着为 red", EN: "a level; empty means red"}},
	{"message.zh", funding.Text{ZH: "提示（中文）", EN: "message (Chinese)"}, funding.Text{ZH: "必填", EN: "needed"}},
	{"message.en", funding.Text{ZH: "提示（英文）", EN: "message (English)"}, funding.Text{ZH: "可以不填", EN: "may be empty"}},
	{"basis", funding.Text{ZH: "依据", EN: "basis"}, funding.Text{ZH: "一行一个，登记表里的文件，可加条款", EN: "one a line, documents of the register with their clause"}},
	{"mitigation.zh", funding.Text{ZH: "缓释措施", EN: "mitigation"}, funding.Text{ZH: "一行一条", EN: "one a line"}},
	{"mitigation.en", funding.Text{ZH: "缓释措施（英文）", EN: "mitigation (English)"}, funding.Text{ZH: "与中文逐行对应", EN: "line by line as the Chinese"}},
	{"official_grade", funding.Text{ZH: "官方通报等级", EN: "official grade"}, funding.Text{ZH: "一个文字事实的名称，可以不填", EN: "the name of a text fact, may be empty"}},
	{"status", funding.Text{ZH: "状态", EN: "status"}, funding.Text{ZH: "禁止事项填；可写 " + strings.Join(funding.ParameterStatuses, "、"), EN: "of a gate; one of " + strings.Join(funding.ParameterStatuses, ", ")}},
	{"confidence", funding.Text{ZH: "可信度", EN: "confidence"}, funding.Text{ZH: "禁止事项填；可写 " + strings.Join(funding.Confidences, "、"), EN: "of a gate; one of " + strings.Join(funding.Confidences, ", ")}},
	{"labels", funding.Text{ZH: "标签", EN: "labels"}, funding.Text{ZH: "一行一个", EN: "one a line"}},
	{"note", funding.Text{ZH: "备注", EN: "note"}, funding.Text{ZH: "可以不填", EN: "may be empty"}},
}

var levelNote = funding.Text{ZH: "有指标时写比较，如 >= p.x；没有指标时写整条条件；空着表示没有这一级", EN: "with a metric a comparison such as >= p.x, without one a whole condition; empty: no such level"}

// RiskTable lays the rules of a risk pack out as a decision table.
func RiskTable(pack *rulepack.RiskPack) Table {
	table := Table{Columns: slices.Clone(riskColumns)}
	for i := range pack.RiskPack.Rules {
		cells := riskCells(&pack.RiskPack.Rules[i])
		row := make([]string, len(riskColumns))
		for k, column := range riskColumns {
			row[k] = cells[column.Key]
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}

func riskCells(rule *funding.RiskRule) map[string]string {
	var zh, en []string
	for _, text := range rule.Mitigation {
		zh, en = append(zh, text.ZH), append(en, text.EN)
	}
	cells := map[string]string{"id": rule.ID, "name.zh": rule.Name.ZH, "name.en": rule.Name.EN, "scope": rule.Scope, "horizon": rule.Horizon,
		"metric": rule.Metric.Source, "unit": rule.Unit, "numerator": rule.Numerator.Source, "denominator": rule.Denominator.Source, "applies_when": rule.AppliesWhen.Source,
		"blocks_finalization": string(rule.BlocksFinalization), "message.zh": rule.Message.ZH, "message.en": rule.Message.EN, "basis": strings.Join(rule.Basis, "\n"),
		"mitigation.zh": strings.Join(zh, "\n"), "mitigation.en": strings.TrimRight(strings.Join(en, "\n"), "\n"), "official_grade": rule.OfficialGrade, "status": rule.Status,
		"confidence": rule.Confidence, "labels": strings.Join(rule.Labels, "\n"), "note": rule.Note}
	for _, level := range rule.Levels {
		cells[string(level.Level)] = level.Condition.Source
	}
	return cells
}

// ImportRiskTable reads a decision table of a risk pack from CSV and checks every cell against the library, as ImportTable.
func ImportRiskTable(library *rulepack.Library, file string, data []byte) ([]funding.RiskRule, error) {
	records, err := readCSV(file, data)
	if err != nil {
		return nil, err
	}
	return ReadRiskTable(library, file, records, csvPlace)
}

// ReadRiskTable is ImportRiskTable for records that were read from some other kind of file, the header first. The rules are
// written as a pack and read as one, so that whatever a pack may not be a table may not be either.
func ReadRiskTable(library *rulepack.Library, file string, records [][]string, place Placer) ([]funding.RiskRule, error) {
	t := &table{file: file, library: library, place: place}
	if len(records) < 2 || len(records) > MaxTableRows || len(records[0]) > MaxTableColumns {
		t.problem(0, 0, "size", fmt.Sprintf("表应有一行表头和 1 至 %d 行规则、至多 %d 列", MaxTableRows-1, MaxTableColumns), fmt.Sprintf("a table has a header, 1 to %d rules and at most %d columns", MaxTableRows-1, MaxTableColumns))
		return nil, t.problems
	}
	t.riskHeader(records[0])
	if len(t.problems) > 0 {
		return nil, t.problems.Err()
	}
	var rules []funding.RiskRule
	for i, record := range records[1:] {
		rules = append(rules, t.riskRule(i+1, record))
	}
	if len(t.problems) > 0 {
		return nil, t.problems.Err()
	}
	text := "schema: " + funding.SchemaRisk + "\nid: table\n" + RiskRulesYAML(rules)
	pack, err := library.RiskPack(file, []byte(text))
	var problems document.Problems
	switch {
	case errors.As(err, &problems):
		for _, problem := range problems {
			row, column := t.riskCell(problem.Path)
			t.problem(row, column, problem.Code, problem.ZH, problem.EN)
		}
		return nil, t.problems.Err()
	case err != nil:
		return nil, err
	}
	return pack.RiskPack.Rules, nil
}

func (t *table) riskHeader(header []string) {
	t.header = header
	known := make([]string, len(riskColumns))
	for i := range riskColumns {
		known[i] = riskColumns[i].Key
		if !slices.Contains(header, known[i]) {
			t.problem(0, len(header), "missing", "表头缺少 "+known[i]+" 列", "the header has no column "+known[i])
		}
	}
	for i, name := range header {
		switch {
		case !slices.Contains(known, name):
			zh, en := "", ""
			if near := document.Nearest(name, known); len(near) > 0 {
				zh, en = "，是否想写 "+near[0]+"？", "; did you mean "+near[0]+"?"
			}
			t.problem(0, i, "unknown_key", fmt.Sprintf("不认识的列 %q%s", name, zh), fmt.Sprintf("there is no column %q%s", name, en))
		case slices.Index(header, name) != i:
			t.problem(0, i, "duplicate", "列 "+name+" 重复", "the column "+name+" appears twice")
		}
	}
}

// itemsOf splits a cell that has an item a line.
func itemsOf(cell string) []string {
	if cell == "" {
		return nil
	}
	return strings.Split(cell, "\n")
}

func (t *table) riskRule(row int, record []string) funding.RiskRule {
	if len(record) > len(t.header) {
		t.problem(row, len(t.header), "extra", "这一行比表头多出单元格", "the row has more cells than the header")
	}
	text := func(name string) string { value, _ := t.cell(record, name); return value }
	formula := func(name string) funding.Formula { return funding.Formula{Source: strings.TrimSpace(text(name))} }
	rule := funding.RiskRule{ID: text("id"), Name: funding.Text{ZH: text("name.zh"), EN: text("name.en")}, Scope: text("scope"), Horizon: text("horizon"),
		Metric: formula("metric"), Unit: text("unit"), Numerator: formula("numerator"), Denominator: formula("denominator"), AppliesWhen: formula("applies_when"),
		BlocksFinalization: funding.Level(text("blocks_finalization")), Message: funding.Text{ZH: text("message.zh"), EN: text("message.en")}, Basis: itemsOf(text("basis")),
		OfficialGrade: text("official_grade"), Status: text("status"), Confidence: text("confidence"), Labels: itemsOf(text("labels")), Note: text("note")}
	for _, level := range funding.RiskLevels {
		if condition := formula(string(level)); condition.Given() {
			rule.Levels = append(rule.Levels, funding.RiskLevel{Level: level, Condition: condition})
		}
	}
	zh, en := itemsOf(text("mitigation.zh")), itemsOf(text("mitigation.en"))
	for i, line := range zh {
		mitigation := funding.Text{ZH: line}
		if i < len(en) {
			mitigation.EN = en[i]
		}
		rule.Mitigation = append(rule.Mitigation, mitigation)
	}
	if len(en) > len(zh) {
		_, column := t.cell(record, "mitigation.en")
		t.problem(row, column, "extra", fmt.Sprintf("英文措施 %d 行，中文只有 %d 行", len(en), len(zh)), fmt.Sprintf("%d lines in English, only %d in Chinese", len(en), len(zh)))
	}
	return rule
}

// ruleOfPath finds the rule and the field of a problem's path: rules[3].levels.red.
var ruleOfPath = regexp.MustCompile(`^rules\[(\d+)\](?:\.(.*))?$`)

// riskCell returns the cell that a path of the written pack comes from.
func (t *table) riskCell(path string) (row, column int) {
	match := ruleOfPath.FindStringSubmatch(path)
	if match == nil {
		return 0, 0
	}
	_, _ = fmt.Sscanf(match[1], "%d", &row)
	field := strings.TrimPrefix(match[2], "levels.")
	if at := strings.Index(field, "["); at >= 0 {
		list, rest := field[:at], ""
		if _, after, found := strings.Cut(field[at:], "]."); found {
			rest = "." + after
		}
		field = list + rest
	}
	for _, name := range []string{field, field + ".zh"} {
		if at := slices.Index(t.header, name); at >= 0 {
			return row + 1, at
		}
	}
	return row + 1, max(slices.Index(t.header, "id"), 0)
}

// RiskRulesYAML writes rules as they stand in a risk pack.
func RiskRulesYAML(rules []funding.RiskRule) string {
	var out strings.Builder
	out.WriteString("rules:\n")
	for i := range rules {
		writeRiskRule(&out, &rules[i])
	}
	return out.String()
}

func writeRiskRule(out *strings.Builder, rule *funding.RiskRule) {
	line := func(key, value string) {
		if value != "" {
			fmt.Fprintf(out, "    %s: %s\n", key, value)
		}
	}
	expression := func(formula funding.Formula) string {
		if !formula.Given() {
			return ""
		}
		return expressionYAML(formula.Source)
	}
	fmt.Fprintf(out, "  - id: %s\n", quoted(rule.ID))
	if rule.Name.ZH != "" || rule.Name.EN != "" {
		line("name", textYAML(rule.Name))
	}
	line("metric", expression(rule.Metric))
	line("unit", optional(rule.Unit))
	line("numerator", expression(rule.Numerator))
	line("denominator", expression(rule.Denominator))
	line("applies_when", expression(rule.AppliesWhen))
	if len(rule.Levels) > 0 {
		out.WriteString("    levels:\n")
		for _, level := range rule.Levels {
			fmt.Fprintf(out, "      %s: %s\n", level.Level, expressionYAML(level.Condition.Source))
		}
	}
	line("scope", optional(rule.Scope))
	line("horizon", optional(rule.Horizon))
	line("message", textYAML(rule.Message))
	line("basis", listYAML(rule.Basis))
	if len(rule.Mitigation) > 0 {
		out.WriteString("    mitigation:\n")
		for _, text := range rule.Mitigation {
			fmt.Fprintf(out, "      - %s\n", textYAML(text))
		}
	}
	line("blocks_finalization", optional(string(rule.BlocksFinalization)))
	line("official_grade", optional(rule.OfficialGrade))
	line("status", optional(rule.Status))
	line("confidence", optional(rule.Confidence))
	if len(rule.Labels) > 0 {
		line("labels", listYAML(rule.Labels))
	}
	line("note", optional(rule.Note))
}

// optional quotes a text that is left out where it is empty.
func optional(text string) string {
	if text == "" {
		return ""
	}
	return quoted(text)
}

func textYAML(text funding.Text) string {
	if text.EN == "" {
		return "{zh: " + quoted(text.ZH) + "}"
	}
	return "{zh: " + quoted(text.ZH) + ", en: " + quoted(text.EN) + "}"
}

func listYAML(items []string) string {
	quotes := make([]string, len(items))
	for i, item := range items {
		quotes[i] = quoted(item)
	}
	return "[" + strings.Join(quotes, ", ") + "]"
}
