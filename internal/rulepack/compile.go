package rulepack

import (
	"errors"
	"strings"
	"unicode/utf8"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
)

// compiler compiles the expressions of one file and collects what is wrong with them.
type compiler struct {
	file       string
	vocabulary *ruleexpr.Vocabulary
	// foreign are the groups of facts that do not exist where the file's rules are evaluated, each with the reason.
	foreign  map[string]funding.Text
	problems document.Problems
}

func (c *compiler) problem(formula funding.Formula, code, zh, en string) {
	c.problems = append(c.problems, document.Problem{File: c.file, Path: formula.Path, Line: formula.Line, Column: formula.Column, Code: code, ZH: zh, EN: en})
}

// condition compiles a formula that is true or false; nil where it is not given or wrong.
func (c *compiler) condition(formula funding.Formula) *ruleexpr.Rule {
	return c.comparison("", formula)
}

// comparison compiles a formula that begins with a comparison and whose left side, lead, the file has elsewhere.
func (c *compiler) comparison(lead string, formula funding.Formula) *ruleexpr.Rule {
	if !formula.Given() {
		return nil
	}
	rule, err := c.vocabulary.CompileRule(lead + formula.Source)
	if err != nil {
		c.expressionErrors(lead, formula, err)
		return nil
	}
	c.refuseForeign(formula, rule.Facts())
	return rule
}

// number compiles a formula for a number in a unit, empty for any; a result without a unit fits every one.
func (c *compiler) number(formula funding.Formula, unit ruleexpr.Unit) *ruleexpr.Number {
	if !formula.Given() {
		return nil
	}
	number, err := c.vocabulary.CompileNumber(formula.Source)
	if err != nil {
		c.expressionErrors("", formula, err)
		return nil
	}
	c.refuseForeign(formula, number.Facts())
	if unit != "" && !number.IsPlain() && number.Unit() != unit {
		has, want := unitName(number.Unit()), unitName(unit)
		c.problem(formula, "unit", "结果是"+has.ZH+"，这里应是"+want.ZH, "the result is "+has.EN+"; here it should be "+want.EN)
	}
	return number
}

// unitName says a unit in words.
func unitName(unit ruleexpr.Unit) funding.Text {
	switch unit {
	case ruleexpr.UnitYuan:
		return funding.Text{ZH: "金额（元）", EN: "an amount in yuan"}
	case ruleexpr.UnitQuarters:
		return funding.Text{ZH: "季度数", EN: "a number of quarters"}
	case ruleexpr.UnitYears:
		return funding.Text{ZH: "年数", EN: "a number of years"}
	case ruleexpr.UnitQuarter:
		return funding.Text{ZH: "日历季度", EN: "a calendar quarter"}
	case ruleexpr.UnitDate:
		return funding.Text{ZH: "日期", EN: "a date"}
	default:
		return funding.Text{ZH: "没有单位的数（" + string(unit) + "）", EN: "a plain number (" + string(unit) + ")"}
	}
}

// expressionErrors places each error of an expression in the file. A column is known only where the file shows the
// expression on one line; elsewhere the caret text alone shows the place. lead was put before the formula.
func (c *compiler) expressionErrors(lead string, formula funding.Formula, err error) {
	var list ruleexpr.Errors
	if !errors.As(err, &list) {
		c.problem(formula, "expression", "表达式有误："+err.Error(), err.Error())
		return
	}
	for _, found := range list {
		problem := document.Problem{File: c.file, Path: formula.Path, Line: formula.Line, Code: "expression." + found.Code,
			ZH: found.Message(money.Chinese) + "\n" + found.Snippet, EN: found.Message(money.English) + "\n" + found.Snippet}
		if before := utf8.RuneCountInString(lead); formula.Column > 0 && found.Line == 1 && found.From >= before {
			problem.Column = formula.Column + found.From - before
		}
		c.problems = append(c.problems, problem)
	}
}

func (c *compiler) refuseForeign(formula funding.Formula, names []string) {
	for _, name := range names {
		group, _, _ := strings.Cut(name, ".")
		if reason, refused := c.foreign[group]; refused {
			c.problem(formula, "foreign_fact", "这里不能用 "+name+"："+reason.ZH, name+" cannot be used here: "+reason.EN)
		}
	}
}
