package ruleexpr_test

// The goal of this file: the compiled closures mean what expr's own virtual machine means, computed with decimals.
//
// The reference compiles the same source with expr itself, operators overloaded for shopspring decimals and every
// number literal replaced by the decimal that is written, and runs it. Invariant: on complete facts, Holds, Explain and
// the reference agree, for generated expressions and for every shipped rule. Two limits of the reference are kept out of
// the generator: a quotient is never multiplied again (the reference rounds it after sixty digits), and no fact is
// missing (the machine has no third truth value).

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"zutuan/internal/document"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
	"zutuan/rules"
)

// decimalPatcher turns every number literal into the decimal that is written, and every operator on numbers into a call
// of the function that does it on decimals; the machine, its jumps, predicates and builtins stay expr's own.
type decimalPatcher struct{ source []rune }

var calls = map[string]string{"+": "add", "-": "sub", "*": "mul", "/": "div", "==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "in": "isin"}

func (p decimalPatcher) Visit(n *ast.Node) {
	switch typed := (*n).(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		location := (*n).Location()
		if value, err := decimal.NewFromString(string(p.source[location.From:location.To])); err == nil {
			ast.Patch(n, &ast.ConstantNode{Value: value})
		}
	case *ast.UnaryNode:
		if typed.Operator == "-" {
			ast.Patch(n, &ast.CallNode{Callee: &ast.IdentifierNode{Value: "sub"}, Arguments: []ast.Node{&ast.ConstantNode{Value: decimal.Zero}, typed.Node}})
		}
	case *ast.BinaryNode:
		if name, ok := calls[typed.Operator]; ok {
			ast.Patch(n, &ast.CallNode{Callee: &ast.IdentifierNode{Value: name}, Arguments: []ast.Node{typed.Left, typed.Right}})
		}
	}
}

// runReference evaluates a source with expr's machine on decimals.
func runReference(source string, environment map[string]any) (bool, error) {
	program, err := compileReference(source, environment)
	if err != nil {
		return false, err
	}
	return runProgram(program, environment)
}

func runProgram(program *vm.Program, environment map[string]any) (result bool, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("%v", fault)
		}
	}()
	out, err := expr.Run(program, environment)
	if err != nil {
		return false, err
	}
	return out.(bool), nil
}

func compileReference(source string, environment map[string]any) (*vm.Program, error) {
	number := func(name string, apply func(a, b decimal.Decimal) decimal.Decimal) expr.Option {
		return expr.Function(name, func(args ...any) (any, error) {
			return apply(asDecimal(args[0]), asDecimal(args[1])), nil
		}, new(func(any, any) decimal.Decimal))
	}
	truth := func(name string, apply func(a, b any) bool) expr.Option {
		return expr.Function(name, func(args ...any) (any, error) { return apply(args[0], args[1]), nil }, new(func(any, any) bool))
	}
	order := func(name string, holds func(sign int) bool) expr.Option {
		return truth(name, func(a, b any) bool { return holds(asDecimal(a).Cmp(asDecimal(b))) })
	}
	options := []expr.Option{
		expr.Env(environment), expr.Optimize(false), expr.Patch(decimalPatcher{[]rune(source)}),
		number("add", decimal.Decimal.Add), number("sub", decimal.Decimal.Sub), number("mul", decimal.Decimal.Mul),
		number("div", func(a, b decimal.Decimal) decimal.Decimal { return a.DivRound(b, 60) }),
		truth("eq", same), truth("ne", func(a, b any) bool { return !same(a, b) }), truth("isin", isIn),
		order("lt", func(sign int) bool { return sign < 0 }), order("le", func(sign int) bool { return sign <= 0 }),
		order("gt", func(sign int) bool { return sign > 0 }), order("ge", func(sign int) bool { return sign >= 0 }),
		expr.DisableBuiltin("min"), expr.DisableBuiltin("max"),
		expr.Function("min", func(args ...any) (any, error) { return fold(args, decimal.Min), nil }),
		expr.Function("max", func(args ...any) (any, error) { return fold(args, decimal.Max), nil }),
		expr.Function("sum", func(args ...any) (any, error) {
			return fold(args, func(first decimal.Decimal, rest ...decimal.Decimal) decimal.Decimal {
				return decimal.Sum(first, rest...)
			}), nil
		}), expr.DisableBuiltin("sum"),
		expr.Function("date", func(args ...any) (any, error) {
			parsed, err := document.ParseDate(args[0].(string))
			return decimal.NewFromInt(parsed.Unix() / 86_400), err
		}), expr.DisableBuiltin("date"),
		expr.Function("abs", func(args ...any) (any, error) { return args[0].(decimal.Decimal).Abs(), nil }), expr.DisableBuiltin("abs"),
		expr.Function("quarter", func(args ...any) (any, error) {
			parsed, err := quarter.Parse(args[0].(string))
			return decimal.NewFromInt(int64(parsed)), err
		}),
	}
	return expr.Compile(source, options...)
}

func same(a, b any) bool {
	switch a.(type) {
	case string, bool:
		return a == b
	}
	return asDecimal(a).Equal(asDecimal(b))
}

// asDecimal takes the whole numbers that expr's own count and len return, too.
func asDecimal(value any) decimal.Decimal {
	if whole, ok := value.(int); ok {
		return decimal.NewFromInt(int64(whole))
	}
	return value.(decimal.Decimal)
}

func isIn(item, list any) bool {
	switch items := list.(type) {
	case []string:
		return slices.Contains(items, item.(string))
	case []decimal.Decimal:
		return slices.ContainsFunc(items, func(candidate decimal.Decimal) bool { return candidate.Equal(item.(decimal.Decimal)) })
	default:
		return slices.ContainsFunc(list.([]any), func(candidate any) bool { return same(candidate, item) })
	}
}

func fold(args []any, pick func(decimal.Decimal, ...decimal.Decimal) decimal.Decimal) decimal.Decimal {
	if list, ok := args[0].([]decimal.Decimal); ok {
		return pick(list[0], list[1:]...)
	}
	best := args[0].(decimal.Decimal)
	for _, arg := range args[1:] {
		best = pick(best, arg.(decimal.Decimal))
	}
	return best
}

// generatedFacts are the facts that generated expressions use; x facts are ratios, y facts amounts.
var generatedFacts = []ruleexpr.Fact{
	{Name: "x.a", Type: ruleexpr.TypeNumber, Unit: ruleexpr.UnitRatio}, {Name: "x.b", Type: ruleexpr.TypeNumber, Unit: ruleexpr.UnitRatio},
	{Name: "x.c", Type: ruleexpr.TypeNumber, Unit: ruleexpr.UnitCount}, {Name: "y.a", Type: ruleexpr.TypeNumber, Unit: ruleexpr.UnitYuan},
	{Name: "y.b", Type: ruleexpr.TypeNumber, Unit: ruleexpr.UnitYuan}, {Name: "t.word", Type: ruleexpr.TypeText},
	{Name: "t.words", Type: ruleexpr.TypeTexts}, {Name: "f.yes", Type: ruleexpr.TypeFlag},
}

// drawNumber writes a number of one unit group; depth bounds nesting.
func drawNumber(t *rapid.T, group string, depth int) string {
	facts := map[string][]string{"x": {"x.a", "x.b", "x.c"}, "y": {"y.a", "y.b"}}[group]
	if depth == 0 {
		if rapid.IntRange(0, 3).Draw(t, "leaf") == 0 {
			return rapid.SampledFrom([]string{"0.1", "0.2", "0.30", "1", "0.15", "100", "12345678.90", "0.000001"}).Draw(t, "literal")
		}
		return rapid.SampledFrom(facts).Draw(t, "fact")
	}
	left, right := drawNumber(t, group, depth-1), drawNumber(t, group, depth-1)
	switch rapid.IntRange(0, 6).Draw(t, "form") {
	case 0:
		return "(" + left + " + " + right + ")"
	case 1:
		return "(" + left + " - " + right + ")"
	case 2:
		return "(" + left + " * " + drawNumber(t, "x", depth-1) + ")"
	case 3:
		return "min(" + left + ", " + right + ")"
	case 4:
		return "max(" + left + ", " + right + ")"
	case 5:
		return "(" + drawCondition(t, 0) + " ? " + left + " : " + right + ")"
	default:
		return left
	}
}

func drawCondition(t *rapid.T, depth int) string {
	if depth > 0 {
		left, right := drawCondition(t, depth-1), drawCondition(t, depth-1)
		switch rapid.IntRange(0, 3).Draw(t, "join") {
		case 0:
			return "(" + left + " and " + right + ")"
		case 1:
			return "(" + left + " or " + right + ")"
		case 2:
			return "not (" + left + ")"
		}
	}
	operator := rapid.SampledFrom([]string{"==", "!=", "<", "<=", ">", ">="}).Draw(t, "operator")
	switch rapid.IntRange(0, 6).Draw(t, "condition") {
	case 0:
		return rapid.SampledFrom([]string{`t.word in ["甲", "乙"]`, `t.word == "甲"`, `t.word != "乙"`, "f.yes", `any(t.words, # in ["甲"])`, `none(t.words, # == "丙")`, `all(t.words, # in ["甲", "乙"])`}).Draw(t, "word")
	case 1:
		return drawNumber(t, "y", 1) + " / " + drawNumber(t, "y", 1) + " " + operator + " " + drawNumber(t, "x", 1)
	case 2, 3:
		return drawNumber(t, "y", 2) + " " + operator + " " + drawNumber(t, "y", 1)
	default:
		return drawNumber(t, "x", 2) + " " + operator + " " + drawNumber(t, "x", 1)
	}
}

func TestGeneratedRulesMeanWhatTheReferenceMeans(t *testing.T) {
	v, err := ruleexpr.NewVocabulary(generatedFacts)
	if err != nil {
		t.Fatal(err)
	}
	ratio := rapid.SampledFrom([]string{"0", "0.1", "0.2", "0.3", "-0.1", "1", "0.000001", "9999999.999999"})
	amount := rapid.SampledFrom([]string{"0.00", "0.01", "100.00", "12345678.90", "-5.00", "9999999999999.99"})
	word := rapid.SampledFrom([]string{"甲", "乙", "丙"})
	decided := 0
	rapid.Check(t, func(t *rapid.T) {
		source := drawCondition(t, 2)
		values := map[string]string{"x.a": ratio.Draw(t, "x.a"), "x.b": ratio.Draw(t, "x.b"), "x.c": rapid.SampledFrom([]string{"0", "1", "40"}).Draw(t, "x.c"),
			"y.a": amount.Draw(t, "y.a"), "y.b": amount.Draw(t, "y.b"), "t.word": word.Draw(t, "word"), "t.words": word.Draw(t, "w1") + "," + word.Draw(t, "w2"),
			"f.yes": fmt.Sprint(rapid.Bool().Draw(t, "yes"))}
		facts := v.NewFacts()
		for name, value := range values {
			if err := facts.SetFromText(v.Slot(name), value); err != nil {
				t.Fatal(err)
			}
		}
		rule, err := v.CompileRule(source)
		if err != nil {
			// The generator may write an amount beside a bare product of literals that has no unit; what our units refuse is
			// not the reference's business, but nothing else may be refused.
			if !strings.Contains(err.Error(), "units differ") && !strings.Contains(err.Error(), "division by zero") && !strings.Contains(err.Error(), "exceeds maximum allowed nodes") &&
				!strings.Contains(err.Error(), "above the limit") {
				t.Fatalf("%s: %v", source, err)
			}
			return
		}
		got := rule.Holds(facts)
		if explained := rule.Explain(facts).Result; explained != got {
			t.Fatalf("%s: holds %v, explained %v", source, got, explained)
		}
		want, err := runReference(source, environmentOf(v, facts))
		if err != nil {
			if got != ruleexpr.Undecided && !strings.Contains(err.Error(), "division by 0") {
				t.Fatalf("%s: reference failed: %v", source, err)
			}
			return
		}
		if got == ruleexpr.Undecided || (got == ruleexpr.True) != want {
			t.Fatalf("%s on %v: holds %v, reference %v", source, values, got, want)
		}
		decided++
	})
	if decided == 0 {
		t.Fatal("no generated rule was compared")
	}
}

// environmentOf turns facts into the nested maps that expr's machine reads.
func environmentOf(v *ruleexpr.Vocabulary, facts *ruleexpr.Facts) map[string]any {
	environment := map[string]any{}
	for i, fact := range v.Facts() {
		slot := ruleexpr.Slot(i)
		if !facts.Has(slot) {
			continue
		}
		var value any
		switch fact.Type {
		case ruleexpr.TypeText:
			value, _ = facts.Text(slot)
		case ruleexpr.TypeTexts:
			value, _ = facts.Texts(slot)
		case ruleexpr.TypeFlag:
			value, _ = facts.Flag(slot)
		case ruleexpr.TypeNumbers:
			text, _ := facts.ValueText(slot)
			var series []decimal.Decimal
			for _, item := range strings.Split(text, ", ") {
				series = append(series, decimal.RequireFromString(item))
			}
			value = series
		case ruleexpr.TypeNumber:
			var number money.Decimal
			number, _ = facts.Number(slot)
			value = number
		default:
			continue
		}
		group, name, dotted := strings.Cut(fact.Name, ".")
		if !dotted {
			environment[fact.Name] = value
			continue
		}
		if environment[group] == nil {
			environment[group] = map[string]any{}
		}
		environment[group].(map[string]any)[name] = value
	}
	return environment
}

func FuzzCompileNeverPanics(f *testing.F) {
	for _, seed := range []string{"x.a >= 0.2", `any(t.words, # in ["甲"])`, "x.a / (x.b - x.b) > 1", "((((", "x.a[1:2] > 0", "min()", "#", "\"", "x.a ?? 1", "1..2", "{}", "x . a", "x.a >= 1_000", "if f.yes {1} else {2} > 1"} {
		f.Add(seed)
	}
	v, err := ruleexpr.NewVocabulary(generatedFacts)
	if err != nil {
		f.Fatal(err)
	}
	facts := v.NewFacts()
	for name, value := range map[string]string{"x.a": "0.1", "y.a": "100.00", "t.word": "甲", "t.words": "甲,乙", "f.yes": "true"} {
		if err := facts.SetFromText(v.Slot(name), value); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, source string) {
		if rule, err := v.CompileRule(source); err == nil {
			if held, explained := rule.Holds(facts), rule.Explain(facts).Result; held != explained {
				t.Fatalf("%q: holds %v, explained %v", source, held, explained)
			}
		}
		if formula, err := v.CompileNumber(source); err == nil {
			formula.Decimal(facts, 6)
			formula.Floor(facts, 2)
		}
	})
}

// TestShippedRulesMeanWhatTheReferenceMeans runs every condition of every shipped product and risk pack on drawn facts,
// near and on its limits: each number is drawn from the literals of the rule, the values of the parameters and their
// neighbours, so that equality is met often.
func TestShippedRulesMeanWhatTheReferenceMeans(t *testing.T) {
	library, err := rulepack.Load(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]bool{}
	for _, product := range library.Products {
		for _, rule := range product.Rules {
			sources[rule.Rule.Source()] = true
		}
	}
	for _, pack := range library.RiskPacks {
		for _, rule := range pack.Rules {
			for _, level := range rule.Levels {
				if level.Rule != nil {
					sources[level.Rule.Source()] = true
				}
			}
		}
	}
	if len(sources) < 100 {
		t.Fatalf("only %d conditions found", len(sources))
	}
	random := rand.New(rand.NewPCG(1, 2))
	compared := 0
	for _, source := range slices.Sorted(maps.Keys(sources)) {
		compared += compareShipped(t, library.Vocabulary, source, random)
	}
	if compared < len(sources)*10 {
		t.Errorf("%d comparisons over %d conditions", compared, len(sources))
	}
}

func compareShipped(t *testing.T, v *ruleexpr.Vocabulary, source string, random *rand.Rand) int {
	t.Helper()
	rule, err := v.CompileRule(source)
	if err != nil {
		t.Fatal(err)
	}
	candidates := append(regexp.MustCompile(`[0-9]+(\.[0-9]+)?`).FindAllString(source, -1), "0", "1", "0.2", "100000000", "39", "41")
	words := append(regexp.MustCompile(`"[^"]*"`).FindAllString(source, -1), `"另一个"`)
	compared := 0
	var program *vm.Program
	for range 40 {
		facts := drawFacts(v, rule, candidates, words, random)
		environment := environmentOf(v, facts)
		if program == nil {
			if program, err = compileReference(source, environment); err != nil {
				t.Fatalf("%s: %v", source, err)
			}
		}
		want, err := runProgram(program, environment)
		got := rule.Holds(facts)
		if explained := rule.Explain(facts).Result; explained != got {
			t.Errorf("%s: holds %v, explained %v", source, got, explained)
		}
		if err != nil || got == ruleexpr.Undecided {
			continue // a division by zero, or an item that the list does not have
		}
		if (got == ruleexpr.True) != want {
			t.Errorf("%s on %v: holds %v, reference %v", source, environment, got, want)
		}
		compared++
	}
	return compared
}

// drawFacts sets every fact that a rule uses.
func drawFacts(v *ruleexpr.Vocabulary, rule *ruleexpr.Rule, candidates, words []string, random *rand.Rand) *ruleexpr.Facts {
	facts := v.NewFacts()
	word := func() string { return strings.Trim(words[random.IntN(len(words))], `"`) }
	for _, name := range rule.Facts() {
		slot := v.Slot(name)
		fact := v.Fact(slot)
		number := func() decimal.Decimal {
			value := decimal.RequireFromString(candidates[random.IntN(len(candidates))])
			return value.Add(decimal.New(int64(random.IntN(3)-1), -int32(fact.Unit.Decimals())))
		}
		switch fact.Type {
		case ruleexpr.TypeFlag:
			facts.SetFlag(slot, random.IntN(2) == 0)
		case ruleexpr.TypeText:
			facts.SetText(slot, word())
		case ruleexpr.TypeTexts:
			facts.SetTexts(slot, []string{word(), word()})
		case ruleexpr.TypeNumbers:
			series := make([]decimal.Decimal, 40)
			for i := range series {
				series[i] = number()
			}
			facts.SetDecimals(slot, series)
		default:
			facts.SetDecimal(slot, number())
		}
	}
	return facts
}
