package rulepack

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
	"zutuan/internal/ruleexpr"
)

// Bounds on lists in rule files, so that no file can ask for an endless computation. Honest files stay far below.
const (
	maxRules  = 200
	maxTests  = 200
	maxValues = 500
	maxTexts  = 50
)

// The shapes of ids: identifier for products, packs and institutions; ruleName for rules, which may keep the number they
// have in a catalogue (R01); word for what expressions name.
var (
	identifier = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	ruleName   = regexp.MustCompile(`^[A-Za-z0-9]+([-_][A-Za-z0-9]+)*$`)
	word       = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
)

// shapeHints say what each shape allows, in Chinese and English.
var shapeHints = map[*regexp.Regexp]funding.Text{
	identifier: {ZH: "只用小写字母和数字，用 - 连接", EN: "use lower-case letters and digits, joined by -"},
	ruleName:   {ZH: "只用字母和数字，用 - 或 _ 连接", EN: "use letters and digits, joined by - or _"},
	word:       {ZH: "以小写字母开头，只用小写字母、数字和 _", EN: "begin with a lower-case letter and use lower-case letters, digits and _"},
}

// readFile parses one file, checks its schema line, lets read take its keys, and returns everything that was wrong.
func readFile(file string, data []byte, schema string, read func(root *document.Object)) error {
	parsed, err := document.Parse(file, data)
	if err != nil {
		return err
	}
	root := parsed.Root().Object()
	value := root.Required("schema")
	if text := value.String(); value.Present() && text != schema {
		value.Problem("schema", "schema 应为 "+schema, "the schema should be "+schema)
	}
	read(root)
	root.Done()
	return parsed.Err()
}

// objects reads a list of objects, each completely, and refuses more than limit of them.
func objects(value document.Value, limit int, read func(in *document.Object)) {
	if value.Len() > limit {
		value.Problem("too_many", fmt.Sprintf("最多 %d 项", limit), fmt.Sprintf("at most %d entries", limit))
		return
	}
	value.List(func(_ int, item document.Value) {
		if !item.Present() {
			item.Problem("missing", "列表里有空项", "the list has an empty item")
			return
		}
		in := item.Object()
		read(in)
		in.Done()
	})
}

// readID reads an id of the given shape and reports one that this file has already used. seen maps ids to true.
func readID(value document.Value, shape *regexp.Regexp, seen map[string]bool) string {
	id := value.Name()
	switch {
	case id == "":
	case !shape.MatchString(id):
		hint := shapeHints[shape]
		value.Problem("id", fmt.Sprintf("%q 不能作标识：%s", id, hint.ZH), fmt.Sprintf("%q cannot be an id: %s", id, hint.EN))
	case seen[id]:
		value.Problem("duplicate_id", fmt.Sprintf("标识 %s 重复", id), fmt.Sprintf("the id %s appears twice", id))
	default:
		seen[id] = true
	}
	return id
}

// readText reads a text in both languages; the Chinese one is required, because Chinese is what everyone is shown
// when a translation is missing.
func readText(value document.Value) funding.Text {
	if !value.Present() {
		return funding.Text{}
	}
	in := value.Object()
	text := funding.Text{ZH: in.Required("zh").Name(), EN: in.Optional("en").Name()}
	in.Done()
	return text
}

// readTexts reads a list of words.
func readTexts(value document.Value) []string {
	if value.Len() > maxTexts {
		value.Problem("too_many", fmt.Sprintf("最多 %d 项", maxTexts), fmt.Sprintf("at most %d entries", maxTexts))
		return nil
	}
	var texts []string
	value.List(func(_ int, item document.Value) {
		if !item.Present() {
			item.Problem("missing", "列表里有空项", "the list has an empty item")
		}
		texts = append(texts, item.Name())
	})
	return texts
}

// readFormula reads an expression with its place; what it means is found out when it is compiled.
func readFormula(value document.Value) funding.Formula {
	if !value.Present() {
		return funding.Formula{}
	}
	source := strings.TrimRight(value.String(), " \t\n")
	formula := funding.Formula{Source: source, Path: value.Path(), Line: value.Line(), Column: value.TextColumn()}
	if source == "" && value.Kind() == document.KindScalar {
		value.Problem("blank", "表达式不能为空", "the expression must not be blank")
	}
	return formula
}

// readPeriod reads a validity. Both days belong to it; no end means that it still holds.
func readPeriod(from, to document.Value) (first, last time.Time) {
	first, last = from.Date(), to.Date()
	if !last.IsZero() && last.Before(first) {
		to.Problem("period", "结束日早于开始日", "the last day is before the first")
	}
	return first, last
}

// errValue says that a text is not a value of its unit; allowedValue says in words what is.
var errValue = errors.New("not a value of the unit")

// parseValue reads the text of a number as its unit allows and refuses one that a fact of that unit would not hold
// exactly.
func parseValue(text string, unit ruleexpr.Unit) (money.Decimal, error) {
	value, err := money.ParseRate(text)
	if unit == ruleexpr.UnitYuan {
		var amount money.Amount
		amount, err = money.ParseAmount(text)
		value = amount.Decimal()
	}
	if err != nil || !value.Equal(value.Round(int32(unit.Decimals()))) {
		return money.Zero, errValue
	}
	return value, nil
}

// checkValue refuses a text that is not a value of the unit, unitText and the calendar units included.
func checkValue(text, unit string) error {
	var err error
	switch ruleexpr.Unit(unit) {
	case unitText:
	case ruleexpr.UnitQuarter:
		_, err = quarter.Parse(text)
	case ruleexpr.UnitDate:
		_, err = document.ParseDate(text)
	default:
		_, err = parseValue(text, ruleexpr.Unit(unit))
	}
	if err != nil {
		return errValue
	}
	return nil
}

// allowedValue says what a value of a unit looks like when it is written as text.
func allowedValue(unit string) funding.Text {
	switch decimals := ruleexpr.Unit(unit).Decimals(); ruleexpr.Unit(unit) {
	case ruleexpr.UnitQuarter:
		return funding.Text{ZH: "季度，如 2026Q1", EN: "a quarter such as 2026Q1"}
	case ruleexpr.UnitDate:
		return funding.Text{ZH: "日期，如 2026-01-31", EN: "a date such as 2026-01-31"}
	case ruleexpr.UnitYuan:
		return funding.Text{ZH: "以元为单位的金额，如 10000000.00", EN: "an amount in yuan such as 10000000.00"}
	case ruleexpr.UnitRatio, ruleexpr.UnitRate:
		return funding.Text{ZH: fmt.Sprintf("小数，如 0.2（不写 20%%），最多 %d 位小数", decimals), EN: fmt.Sprintf("a decimal fraction such as 0.2 (never 20%%), with at most %d decimals", decimals)}
	default:
		return funding.Text{ZH: fmt.Sprintf("普通的数，最多 %d 位小数", decimals), EN: fmt.Sprintf("a plain number with at most %d decimals", decimals)}
	}
}

// isCalendar reports whether values of the unit are written as calendar days or quarters and not as numbers.
func isCalendar(unit ruleexpr.Unit) bool {
	return unit == ruleexpr.UnitDate || unit == ruleexpr.UnitQuarter
}

func unitWords() []string {
	words := make([]string, len(ruleexpr.Units))
	for i, unit := range ruleexpr.Units {
		words[i] = string(unit)
	}
	return words
}

// merge adds what is wrong with one file to what is wrong with the others; an error of another kind is kept as one.
func merge(problems *document.Problems, file string, err error) {
	if err == nil {
		return
	}
	var found document.Problems
	if errors.As(err, &found) {
		*problems = append(*problems, found...)
		return
	}
	*problems = append(*problems, document.Problem{File: file, Code: "file", ZH: "读不了文件：" + err.Error(), EN: "cannot read the file: " + err.Error()})
}
