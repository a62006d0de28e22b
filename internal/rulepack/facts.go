package rulepack

import (
	"fmt"
	"regexp"
	"strings"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
)

// FactsFile is the vocabulary as its file writes it. Version counts up whenever names are added.
type FactsFile struct {
	Version int
	Facts   []ruleexpr.Fact
}

// factName is a word, or a group and a word.
var factName = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$`)

// maxFacts is several times the shipped vocabulary.
const maxFacts = 2_000

var (
	factTypes      = []string{string(ruleexpr.TypeNumber), string(ruleexpr.TypeText), string(ruleexpr.TypeFlag), string(ruleexpr.TypeTexts), string(ruleexpr.TypeNumbers)}
	factDirections = []string{string(ruleexpr.DirectionUp), string(ruleexpr.DirectionDown), string(ruleexpr.DirectionSet)}
)

// ReadFacts reads the vocabulary (zutuan/facts/v1). The error is a document.Problems.
func ReadFacts(file string, data []byte) (*FactsFile, error) {
	out := &FactsFile{}
	seen := map[string]bool{}
	err := readFile(file, data, funding.SchemaFacts, func(root *document.Object) {
		out.Version = root.Required("version").Int(1, 1_000_000, 1)
		objects(root.Required("facts"), maxFacts, func(in *document.Object) { out.Facts = append(out.Facts, readFact(in, seen)) })
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func readFact(in *document.Object, seen map[string]bool) ruleexpr.Fact {
	name := in.Required("name")
	fact := ruleexpr.Fact{
		Name: name.Name(), Type: ruleexpr.Type(in.Required("type").Enum(factTypes...)),
		ZH: in.Required("zh").Name(), EN: in.Required("en").Name(), From: in.Required("from").Name(),
	}
	switch {
	case fact.Name == "":
	case !factName.MatchString(fact.Name):
		name.Problem("name", fmt.Sprintf("%q 应写成“组.名”，只用小写字母、数字和 _", fact.Name), fmt.Sprintf("%q should be written group.name, in lower-case letters, digits and _", fact.Name))
	case fact.Name == "p" || strings.HasPrefix(fact.Name, ParameterPrefix):
		name.Problem("name", "p. 留给参数，请换一个组", "p. is kept for parameters; use another group")
	case seen[fact.Name]:
		name.Problem("duplicate_id", "名称 "+fact.Name+" 重复", "the name "+fact.Name+" appears twice")
	}
	seen[fact.Name] = true
	isNumber := fact.Type == ruleexpr.TypeNumber || fact.Type == ruleexpr.TypeNumbers
	unit := in.Optional("unit")
	fact.Unit = ruleexpr.Unit(unit.Enum(unitWords()...))
	if isNumber != unit.Present() {
		unitProblem(in, unit, isNumber)
	}
	fact.Low, fact.High = readRange(in.Optional("range"), fact, isNumber)
	fact.Order = readOrder(in.Optional("order"), fact)
	readAdjust(in.Optional("adjust"), &fact)
	return fact
}

func unitProblem(in *document.Object, unit document.Value, isNumber bool) {
	if isNumber {
		in.Problem("unit", "数值事实缺少 unit", "a number needs a unit")
		return
	}
	unit.Problem("unit", "只有数值事实有 unit", "only numbers have a unit")
}

// readRange reads [low, high]; either may be null for no bound.
func readRange(value document.Value, fact ruleexpr.Fact, isNumber bool) (low, high *money.Decimal) {
	if !value.Present() {
		return nil, nil
	}
	if !isNumber || isCalendar(fact.Unit) || value.Len() != 2 {
		value.Problem("range", "range 应为 [最小, 最大]，只用于数值事实", "range is [lowest, highest], for numbers only")
		return nil, nil
	}
	bounds := [2]*money.Decimal{}
	value.List(func(i int, item document.Value) {
		if !item.Present() {
			return
		}
		text := item.String()
		parsed, err := parseValue(text, fact.Unit)
		if err != nil {
			problem := valueProblem(text, string(fact.Unit))
			item.Problem("range", problem.ZH, problem.EN)
			return
		}
		bounds[i] = &parsed
	})
	if bounds[0] != nil && bounds[1] != nil && bounds[0].GreaterThan(*bounds[1]) {
		value.Problem("range", "最小值大于最大值", "the lowest value is above the highest")
	}
	return bounds[0], bounds[1]
}

// readOrder reads the words of an ordered text, worst first.
func readOrder(value document.Value, fact ruleexpr.Fact) []string {
	if !value.Present() {
		return nil
	}
	words := readTexts(value)
	seen := map[string]bool{}
	distinct := true
	for _, text := range words {
		distinct = distinct && !seen[text]
		seen[text] = true
	}
	if fact.Type != ruleexpr.TypeText || len(words) < 2 || !distinct {
		value.Problem("order", "order 只用于文字事实，至少两个不同的词，最差的在前", "order is for texts: at least two different words, worst first")
	}
	return words
}

// readAdjust reads what a bureau could change. A flag is set; a number or an ordered text goes up or down in steps.
func readAdjust(value document.Value, fact *ruleexpr.Fact) {
	if !value.Present() {
		return
	}
	in := value.Object()
	fact.Direction = ruleexpr.Direction(in.Required("direction").Enum(factDirections...))
	step := in.Required("step")
	unit := fact.Unit
	if fact.Type != ruleexpr.TypeNumber {
		unit = ruleexpr.UnitCount
	}
	if step.Present() {
		parsed, err := parseValue(step.String(), unit)
		if err != nil || !parsed.IsPositive() {
			step.Problem("step", "步长应为正数，小数位数不超过该单位", "the step should be positive, with no more decimals than the unit holds")
		}
		fact.Step = parsed
	}
	in.Done()
	var fits bool
	switch fact.Type {
	case ruleexpr.TypeNumber:
		fits = fact.Direction != ruleexpr.DirectionSet && !isCalendar(fact.Unit)
	case ruleexpr.TypeText:
		fits = fact.Direction != ruleexpr.DirectionSet && len(fact.Order) > 0
	case ruleexpr.TypeFlag:
		fits = fact.Direction == ruleexpr.DirectionSet
	}
	if !fits && fact.Direction != ruleexpr.DirectionNone {
		value.Problem("adjust", "数值和有次序的文字用 up 或 down，是否用 set，其他类型不可调整", "numbers and ordered texts go up or down, flags are set, other types cannot be adjusted")
	}
}
