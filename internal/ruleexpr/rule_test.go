package ruleexpr

import (
	"errors"
	"strings"
	"testing"

	"zutuan/internal/money"
)

// testVocabulary is a small dictionary with every type and unit.
func testVocabulary(t testing.TB) *Vocabulary {
	t.Helper()
	bound := func(text string) *money.Decimal { value := money.MustRate(text); return &value }
	amount := func(text string) *money.Decimal { value := money.MustAmount(text).Decimal(); return &value }
	v, err := NewVocabulary([]Fact{
		{Name: "need.a", Type: TypeNumber, Unit: UnitRatio, Low: bound("0"), High: bound("10"), Direction: DirectionUp, Step: money.MustRate("0.0001")},
		{Name: "need.b", Type: TypeNumber, Unit: UnitRatio, Low: bound("0"), High: bound("10")},
		{Name: "need.c", Type: TypeNumber, Unit: UnitRatio, Low: bound("0"), High: bound("10"), Direction: DirectionDown, Step: money.MustRate("0.01")},
		{Name: "need.investment", Type: TypeNumber, Unit: UnitYuan, Low: amount("0"), High: amount("1000000000000"), Direction: DirectionUp, Step: money.MustAmount("10000").Decimal()},
		{Name: "need.debt", Type: TypeNumber, Unit: UnitYuan},
		{Name: "need.tenor_quarters", Type: TypeNumber, Unit: UnitQuarters, Low: bound("0"), High: bound("160"), Direction: DirectionUp, Step: money.One},
		{Name: "need.life_years", Type: TypeNumber, Unit: UnitYears},
		{Name: "need.start", Type: TypeNumber, Unit: UnitQuarter},
		{Name: "need.cfads", Type: TypeNumbers, Unit: UnitYuan},
		{Name: "need.dscr", Type: TypeNumbers, Unit: UnitRatio},
		{Name: "cluster.industries", Type: TypeTexts},
		{Name: "borrower.rating", Type: TypeText, Order: []string{"A", "AA-", "AA", "AA+", "AAA"}, Direction: DirectionUp, Step: money.One},
		{Name: "borrower.type", Type: TypeText},
		{Name: "borrower.clean", Type: TypeFlag, Direction: DirectionSet, Step: money.One},
		{Name: "p.capital_ratio_min", Type: TypeNumber, Unit: UnitRatio},
		{Name: "today", Type: TypeNumber, Unit: UnitDate},
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// factsFrom sets facts from "name=value" words.
func factsFrom(t testing.TB, v *Vocabulary, settings ...string) *Facts {
	t.Helper()
	facts := v.NewFacts()
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		if err := facts.SetFromText(v.Slot(name), value); err != nil {
			t.Fatal(err)
		}
	}
	return facts
}

func mustRule(t testing.TB, v *Vocabulary, source string) *Rule {
	t.Helper()
	rule, err := v.CompileRule(source)
	if err != nil {
		t.Fatalf("%s:\n%v", source, err)
	}
	return rule
}

func TestConditionsAreExactAndThreeValued(t *testing.T) {
	v := testVocabulary(t)
	for _, test := range []struct {
		name, source string
		facts        []string
		want         Truth
	}{
		{"0.1 + 0.2 reaches 0.3", "need.a + need.b >= 0.3", []string{"need.a=0.1", "need.b=0.2"}, True},
		{"0.1 + 0.2 does not exceed 0.3", "need.a + need.b > 0.3", []string{"need.a=0.1", "need.b=0.2"}, False},
		{"literals add up exactly", "need.a >= 0.1 + 0.2", []string{"need.a=0.3"}, True},
		{"0.3 equals 0.30", "need.a == 0.30", []string{"need.a=0.3"}, True},
		{"0.3 is in a list with 0.30", "need.a in [0.1, 0.30]", []string{"need.a=0.3"}, True},
		{"1.1 times 1.1 is 1.21", "need.a * need.a == 1.21", []string{"need.a=1.1"}, True},
		{"a third times three is one", "need.a / 3 * 3 == need.a", []string{"need.a=1"}, True},
		{"a quotient meets its limit exactly", "need.debt / need.investment >= 0.2", []string{"need.debt=20", "need.investment=100"}, True},
		{"a quotient one fen short fails", "need.debt / need.investment >= 0.2", []string{"need.debt=19.99", "need.investment=100"}, False},
		{"a negative divisor turns the comparison", "need.debt / need.investment < 0", []string{"need.debt=20", "need.investment=-100"}, True},
		{"division by zero is undecided", "need.debt / need.investment >= 0.2", []string{"need.debt=20", "need.investment=0"}, Undecided},
		{"a zero hidden in a divisor's divisor is undecided", "need.a / (need.b / need.c) >= 0", []string{"need.a=1", "need.b=1", "need.c=0"}, Undecided},
		{"amounts of ten trillion multiply without overflow", "need.investment * need.debt > need.debt * need.debt - need.debt * need.investment", []string{"need.investment=9999999999999.99", "need.debt=9999999999999.99"}, True},
		{"subtraction keeps its sign", "need.a - need.b < 0", []string{"need.a=0.1", "need.b=0.2"}, True},
		{"unary minus", "-need.a == 0 - need.a", []string{"need.a=0.25"}, True},
		{"minimum and maximum", "min(need.a, need.b) == 0.1 and max(need.a, need.b, 5) == 5", []string{"need.a=0.1", "need.b=0.2"}, True},
		{"floor and ceiling and absolute value", "floor(need.a) == 1 and ceil(need.a) == 2 and abs(0 - need.a) == 1.5", []string{"need.a=1.5"}, True},
		{"a choice by rating", `need.a >= (borrower.rating in ["AAA", "AA+"] ? 0.2 : 0.25)`, []string{"need.a=0.22", "borrower.rating=AA+"}, True},
		{"a choice by rating, the other way", `need.a >= (borrower.rating in ["AAA", "AA+"] ? 0.2 : 0.25)`, []string{"need.a=0.22", "borrower.rating=AA"}, False},
		{"a chained comparison", "0.1 < need.a < 0.3", []string{"need.a=0.2"}, True},
		{"any industry in a list", `any(cluster.industries, # in ["冷链物流"])`, []string{"cluster.industries=木材,冷链物流"}, True},
		{"no industry in a list", `none(cluster.industries, # in ["房地产"])`, []string{"cluster.industries=木材"}, True},
		{"all of an empty list", `all(cluster.industries, # == "x")`, []string{"cluster.industries="}, True},
		{"a count over quarters", "count(need.cfads, # < 0) <= 2", []string{"need.cfads=-1,-2,3"}, True},
		{"a slice of quarters", "min(need.dscr[1:3]) >= 1.15", []string{"need.dscr=0.9,1.15,1.2,0.8"}, True},
		{"a sum over quarters", "sum(need.cfads) == 0.01", []string{"need.cfads=0.10,-0.09"}, True},
		{"an item of a list", "need.cfads[1] == 5", []string{"need.cfads=1,5"}, True},
		{"an item that is not there is undecided", "need.cfads[7] == 5", []string{"need.cfads=1,5"}, Undecided},
		{"a quarter is compared with a calendar quarter", `need.start >= quarter("2026Q1")`, []string{"need.start=2025Q4"}, False},
		{"a date is compared with a date", `today >= date("2024-02-29")`, []string{"today=2024-02-29"}, True},
		{"a missing fact is undecided", "need.a >= 0.2", nil, Undecided},
		{"a missing fact is undecided when negated", "not (need.a >= 0.2)", nil, Undecided},
		{"false and missing is false", "need.b > 1 and need.a >= 0.2", []string{"need.b=0.5"}, False},
		{"missing and false is false", "need.a >= 0.2 and need.b > 1", []string{"need.b=0.5"}, False},
		{"true or missing is true", "need.a >= 0.2 or need.b < 1", []string{"need.b=0.5"}, True},
		{"a missing flag is undecided", "borrower.clean", nil, Undecided},
		{"a flag equals true", "borrower.clean == true", []string{"borrower.clean=true"}, True},
		{"a parameter is a fact", "need.a >= p.capital_ratio_min", []string{"need.a=0.2", "p.capital_ratio_min=0.2"}, True},
		{"a limit between two representable values", "need.tenor_quarters >= 7.5", []string{"need.tenor_quarters=7"}, False},
		{"an equality between two representable values", "need.tenor_quarters != 7.5", []string{"need.tenor_quarters=7"}, True},
		{"a limit beyond every value", "need.a < 99999999999999999.5", []string{"need.a=10"}, True},
		{"a quotient of amounts with a decimal limit at full width", "need.debt / need.investment >= p.capital_ratio_min", []string{"need.debt=9000000000000", "need.investment=9000000000000", "p.capital_ratio_min=1"}, True},
	} {
		t.Run(test.name, func(t *testing.T) {
			rule, facts := mustRule(t, v, test.source), factsFrom(t, v, test.facts...)
			if got := rule.Holds(facts); got != test.want {
				t.Errorf("%s = %v, want %v", test.source, got, test.want)
			}
			walk := evaluation{facts: facts}
			if got := walk.truth(rule.root); got != test.want {
				t.Errorf("%s walked exactly = %v, want %v", test.source, got, test.want)
			}
			if got := rule.Explain(facts).Result; got != test.want {
				t.Errorf("%s explained = %v, want %v", test.source, got, test.want)
			}
		})
	}
}

func TestMistakesAreRefusedWithPlaceAndHint(t *testing.T) {
	v := testVocabulary(t)
	for _, test := range []struct {
		name, source, code, zh string
		column                 int
	}{
		{"a mistyped fact", "need.investmnt >= 0.2", "unknown_fact", "need.investment", 1},
		{"a mistyped parameter never reads as zero", "need.a >= p.capital_ratio_mni", "unknown_fact", "p.capital_ratio_min", 11},
		{"an unknown group", "ned.a >= 0.2", "unknown_fact", "need.a", 1},
		{"a text compared with a number", "borrower.type >= 0.2", "type", "一个词", 1},
		{"a number compared with a text", `need.a == "x"`, "type", "一个数", 1},
		{"different units", "need.investment >= need.a", "unit", "元", 1},
		{"quarters against years", "need.tenor_quarters >= need.life_years", "unit", "季度数", 1},
		{"a number instead of a condition", "need.a + 1", "result_type", "是或否", 1},
		{"an unfinished expression", "need.a >=", "syntax", "没有写完", 9},
		{"a call to the clock", "now() > today", "unknown_function", "now", 1},
		{"a call into the environment", `env("HOME") == ""`, "unknown_function", "env", 1},
		{"an endless range", "count(1..1000000, # > 1) > 0", "unsupported", "不支持", 7},
		{"a map literal", "{a: 1}.a == 1", "unsupported", "只能写", 1},
		{"a let declaration", "let x = 1; x == 1", "unsupported", "不支持", 5},
		{"a scientific literal", "need.a >= 1e3", "literal", "普通小数", 11},
		{"a scientific literal beyond every float", "need.a >= 1e400", "syntax", "普通小数", 15},
		{"a single equals sign", "need.a = 0.2", "syntax", "==", 8},
		{"a hexadecimal literal", "need.a >= 0x10", "literal", "普通小数", 11},
		{"a literal of too many digits", "need.a >= 0.1234567890123456789012345678901", "literal", "30", 11},
		{"division by a written zero", "need.a / 0 >= 1", "division", "零", 10},
		{"an empty expression", "  ", "empty", "空", 1},
		{"three lists deep", "any(need.cfads, any(need.cfads, any(need.cfads, # > 0)))", "too_deep", "2", 33},
		{"the element outside a predicate", "# > 1", "syntax", "#", 1},
		{"a condition joined with a number", "borrower.clean and need.a", "type", "and", 20},
		{"nil", "need.a == nil", "unsupported", "不支持", 11},
		{"a regular expression", `borrower.type matches "a+"`, "unsupported", "matches", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := v.CompileRule(test.source)
			var found Errors
			if !errors.As(err, &found) || len(found) == 0 {
				t.Fatalf("%s was accepted (%v)", test.source, err)
			}
			first := found[0]
			if test.code != "" && first.Code != test.code {
				t.Errorf("code %q, want %q (%v)", first.Code, test.code, first)
			}
			if !strings.Contains(first.Message(money.Chinese), test.zh) {
				t.Errorf("message %q does not contain %q", first.Message(money.Chinese), test.zh)
			}
			if first.Column != test.column {
				t.Errorf("column %d, want %d\n%v", first.Column, test.column, first)
			}
		})
	}
}

func TestTooLongAndTooLargeExpressionsAreRefused(t *testing.T) {
	v := testVocabulary(t)
	if _, err := v.CompileRule("need.a >= " + strings.Repeat("0", MaxSource)); err == nil || !strings.Contains(err.Error(), "characters") {
		t.Errorf("a long expression: %v", err)
	}
	if _, err := v.CompileRule(strings.Repeat("!", 1500) + "borrower.clean"); err == nil {
		t.Error("an expression of more than MaxNodes nodes was accepted")
	}
	if _, err := v.CompileRule(strings.Repeat("(", 900) + "borrower.clean" + strings.Repeat(")", 900)); err != nil {
		t.Errorf("deep but small brackets: %v", err)
	}
}
