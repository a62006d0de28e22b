package rulepack

import (
	"slices"
	"strings"
	"time"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/ruleexpr"
)

// RiskPack is one version of a risk pack with its expressions compiled. It does not change after it was made.
type RiskPack struct {
	funding.RiskPack
	File   string
	Digest string
	// Rules shadows the rules of the file with their compiled form, in file order.
	Rules []CompiledRiskRule
}

// EffectiveOn reports whether the version is in force on a day.
func (p *RiskPack) EffectiveOn(date time.Time) bool { return funding.InForce(p.From, p.To, date) }

// CompiledRiskRule is one rule of a risk pack. Metric, Numerator, Denominator and AppliesWhen are nil where the file
// has none.
type CompiledRiskRule struct {
	funding.RiskRule
	Metric      *ruleexpr.Number
	Numerator   *ruleexpr.Number
	Denominator *ruleexpr.Number
	AppliesWhen *ruleexpr.Rule
	// Levels shadows the levels of the file, mildest first.
	Levels []CompiledRiskLevel
}

// CompiledRiskLevel is one level. Rule is the whole condition: the metric and its comparison, or the condition alone.
type CompiledRiskLevel struct {
	Level funding.Level
	// Written is the condition as the file has it, ">= p.debt_ratio_red".
	Written string
	Rule    *ruleexpr.Rule
	// Threshold is the right side of a plain comparison of the metric ("p.debt_ratio_red"), nil where the condition is
	// anything else.
	Threshold *ruleexpr.Number
}

// comparisonOperators begin a condition that the metric completes, longer ones first.
var comparisonOperators = []string{">=", "<=", "==", "!=", ">", "<"}

// ReadRiskPack reads a risk pack (zutuan/risk/v1) on its own; its expressions are kept as text. documents is the
// register that every basis must be in; nil leaves that unchecked. Library.RiskPack compiles too. The error is a
// document.Problems.
func ReadRiskPack(file string, data []byte, documents *Documents) (*funding.RiskPack, error) {
	pack, err := readRiskPack(file, data, documents)
	if err != nil {
		return nil, err
	}
	return pack, nil
}

// readRiskPack returns what could be read even where it is wrong, so that the expressions can be checked too.
func readRiskPack(file string, data []byte, documents *Documents) (*funding.RiskPack, error) {
	pack := &funding.RiskPack{}
	seen := map[string]bool{}
	err := readFile(file, data, funding.SchemaRisk, func(root *document.Object) {
		pack.ID = readID(root.Required("id"), identifier, map[string]bool{})
		pack.Version = root.Optional("version").Int(1, 1_000_000, 1)
		pack.Name = readText(root.Optional("name"))
		if effective := root.Optional("effective"); effective.Present() {
			in := effective.Object()
			pack.From, pack.To = readPeriod(in.Required("from"), in.Optional("to"))
			in.Done()
		}
		pack.Labels = readTexts(root.Optional("labels"))
		enabled := root.Optional("enabled")
		pack.Enabled = !enabled.Present() || enabled.Bool()
		pack.Note = root.Optional("note").String()
		objects(root.Required("rules"), maxRules, func(in *document.Object) {
			pack.Rules = append(pack.Rules, readRiskRule(in, documents, seen))
		})
	})
	return pack, err
}

func readRiskRule(in *document.Object, documents *Documents, seen map[string]bool) funding.RiskRule {
	rule := funding.RiskRule{
		ID: readID(in.Required("id"), ruleName, seen), Name: readText(in.Optional("name")),
		Metric: readRiskFormula(in.Optional("metric")), Numerator: readRiskFormula(in.Optional("numerator")), Denominator: readRiskFormula(in.Optional("denominator")),
		AppliesWhen: readRiskFormula(in.Optional("applies_when")), Unit: in.Optional("unit").Enum(unitWords()...),
		Scope: in.Required("scope").Enum(funding.RiskScopes...), Horizon: in.Optional("horizon").Enum(funding.RiskHorizons...),
		Message: readText(in.Required("message")), Basis: readBasis(in.Required("basis"), documents), Labels: readTexts(in.Optional("labels")), Note: in.Optional("note").String(),
		OfficialGrade: in.Optional("official_grade").Name(), Status: in.Optional("status").Enum(funding.ParameterStatuses...),
		Confidence: in.Optional("confidence").Enum(funding.Confidences...),
	}
	if rule.Horizon == "" {
		rule.Horizon = "now"
	}
	if rule.Metric.Given() && rule.Unit == "" {
		in.Problem("unit", "有 metric 的规则要写 unit", "a rule with a metric needs a unit")
	}
	if rule.Numerator.Given() != rule.Denominator.Given() {
		in.Problem("fraction", "numerator 和 denominator 应一起写", "numerator and denominator belong together")
	}
	rule.Levels = readRiskLevels(in, rule.Metric.Given())
	objects(in.Optional("mitigation"), maxTexts, func(text *document.Object) {
		rule.Mitigation = append(rule.Mitigation, funding.Text{ZH: text.Required("zh").Name(), EN: text.Optional("en").Name()})
	})
	rule.BlocksFinalization = funding.Level(in.Optional("blocks_finalization").Enum(riskLevelWords()...))
	if rule.BlocksFinalization == "" {
		rule.BlocksFinalization = funding.LevelRed
	}
	return rule
}

// readRiskLevels reads `levels`, or `when` and `level` of a gate that knows one level only.
func readRiskLevels(in *document.Object, hasMetric bool) []funding.RiskLevel {
	levels, when, level := in.Optional("levels"), in.Optional("when"), in.Optional("level")
	if levels.Present() == when.Present() || when.Present() != level.Present() {
		in.Problem("levels", "请写 levels（级别: 条件），或 when 加 level（单一级别的禁止事项），只写一种",
			"write levels (level: condition), or when with level (a gate of one level), one of the two")
		return nil
	}
	if when.Present() {
		if hasMetric {
			in.Problem("levels", "有 metric 的规则用 levels 写条件", "a rule with a metric writes its conditions in levels")
		}
		return []funding.RiskLevel{{Level: funding.Level(level.Enum(riskLevelWords()...)), Condition: readRiskFormula(when)}}
	}
	object := levels.Object()
	var out []funding.RiskLevel
	for _, level := range funding.RiskLevels {
		value := object.Optional(string(level))
		if !value.Present() {
			continue
		}
		condition := readRiskFormula(value)
		if !hasMetric && operatorOf(condition.Source) != "" {
			value.Problem("metric", "条件以比较符开头，但规则没有 metric", "the condition begins with a comparison, but the rule has no metric")
		}
		out = append(out, funding.RiskLevel{Level: level, Condition: condition})
	}
	if object.Present() && len(out) == 0 {
		levels.Problem("levels", "至少写一个级别："+strings.Join(riskLevelWords(), ", "), "write at least one level: "+strings.Join(riskLevelWords(), ", "))
	}
	object.Done()
	return out
}

func riskLevelWords() []string {
	words := make([]string, len(funding.RiskLevels))
	for i, level := range funding.RiskLevels {
		words[i] = string(level)
	}
	return words
}

// readRiskFormula reads an expression and refuses thresholds that are written into it: in a risk pack they are dated
// parameters with a basis, so that nobody has to guess where a number came from.
func readRiskFormula(value document.Value) funding.Formula {
	formula := readFormula(value)
	if found := literalNumbers(formula.Source); len(found) > 0 {
		list := strings.Join(found, ", ")
		value.Problem("literal", "风险规则不直接写数字 "+list+"：请用参数 p.…（0 和 1 除外）", "a risk rule does not write the number "+list+" out: use a parameter p.… (0 and 1 are fine)")
	}
	return formula
}

func operatorOf(source string) string {
	at := slices.IndexFunc(comparisonOperators, func(operator string) bool { return strings.HasPrefix(source, operator) })
	if at < 0 {
		return ""
	}
	return comparisonOperators[at]
}

// noOfferHere is why a risk pack cannot look at an offer.
var noOfferHere = funding.Text{ZH: "风险规则评估整个方案，报价事实只在产品规则里有", EN: "a risk rule looks at the whole plan; facts of an offer exist in products only"}

// compileRiskPack compiles a pack against a vocabulary. The error is a document.Problems.
func compileRiskPack(file string, pack *funding.RiskPack, vocabulary *ruleexpr.Vocabulary) (*RiskPack, error) {
	c := &compiler{file: file, vocabulary: vocabulary, foreign: map[string]funding.Text{"offer": noOfferHere}}
	out := &RiskPack{RiskPack: *pack, File: file}
	for _, rule := range pack.Rules {
		out.Rules = append(out.Rules, c.riskRule(rule))
	}
	if err := c.problems.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

func (c *compiler) riskRule(rule funding.RiskRule) CompiledRiskRule {
	compiled := CompiledRiskRule{RiskRule: rule, AppliesWhen: c.condition(rule.AppliesWhen)}
	c.officialGrade(rule)
	before := len(c.problems)
	compiled.Metric = c.number(rule.Metric, ruleexpr.Unit(rule.Unit))
	compiled.Numerator, compiled.Denominator = c.number(rule.Numerator, ""), c.number(rule.Denominator, "")
	if len(c.problems) > before {
		// The levels repeat the metric; its own mistakes are enough.
		return compiled
	}
	for _, level := range rule.Levels {
		compiled.Levels = append(compiled.Levels, c.riskLevel(rule.Metric, level))
	}
	return compiled
}

// officialGrade makes sure that the grade that overrides a computed one is a text fact.
func (c *compiler) officialGrade(rule funding.RiskRule) {
	if rule.OfficialGrade == "" {
		return
	}
	slot, known := c.vocabulary.Lookup(rule.OfficialGrade)
	if known && c.vocabulary.Fact(slot).Type == ruleexpr.TypeText {
		return
	}
	var zh, en string
	if !known {
		zh, en = hint(c.vocabulary.Nearest(rule.OfficialGrade))
	}
	c.problem(rule.Metric, "official_grade", "规则 "+rule.ID+" 的 official_grade 应是一个文字事实的名称，如 fiscal.official_grade"+zh,
		"the official_grade of rule "+rule.ID+" should name a text fact, such as fiscal.official_grade"+en)
}

func (c *compiler) riskLevel(metric funding.Formula, level funding.RiskLevel) CompiledRiskLevel {
	written := level.Condition.Source
	compiled := CompiledRiskLevel{Level: level.Level, Written: written}
	operator := operatorOf(written)
	if operator == "" {
		compiled.Rule = c.condition(level.Condition)
		return compiled
	}
	if !metric.Given() {
		// The reader has said so already.
		return compiled
	}
	compiled.Rule = c.comparison("("+metric.Source+") ", level.Condition)
	if compiled.Rule == nil {
		return compiled
	}
	// The threshold is shown beside the metric; a condition with more to it than one comparison has none.
	threshold := strings.TrimSpace(strings.TrimPrefix(written, operator))
	if number, err := c.vocabulary.CompileNumber(threshold); err == nil {
		compiled.Threshold = number
	}
	return compiled
}
