package rulepack

import (
	"errors"
	"strings"

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
	return c.comparison(formula, formula.Source)
}

// comparison compiles source on behalf of a formula, which may hold only a part of it.
func (c *compiler) comparison(formula funding.Formula, source string) *ruleexpr.Rule {
	if !formula.Given() {
		return nil
	}
	rule, err := c.vocabulary.CompileRule(source)
	if err != nil {
		c.expressionErrors(formula, source, err)
		return nil
	}
	c.refuseForeign(formula, rule.Facts())
	return rule
}

// number compiles a formula for a number in one of the units; a result without a unit fits any.
func (c *compiler) number(formula funding.Formula, units ...ruleexpr.Unit) *ruleexpr.Number {
	if !formula.Given() {
		return nil
	}
	number, err := c.vocabulary.CompileNumber(formula.Source)
	if err != nil {
		c.expressionErrors(formula, formula.Source, err)
		return nil
	}
	c.refuseForeign(formula, number.Facts())
	fits := number.IsPlain() || len(units) == 0
	words := make([]string, len(units))
	for i, unit := range units {
		fits, words[i] = fits || number.Unit() == unit, string(unit)
	}
	if !fits {
		list := strings.Join(words, ", ")
		c.problem(formula, "unit", "结果的单位是 "+string(number.Unit())+"，这里应是 "+list, "the result is in "+string(number.Unit())+"; here it should be in "+list)
	}
	return number
}

// expressionErrors places each error of an expression in the file. A column is known only where the file shows the
// expression on one line exactly as it was compiled; elsewhere the caret text alone shows the place.
func (c *compiler) expressionErrors(formula funding.Formula, source string, err error) {
	var list ruleexpr.Errors
	if !errors.As(err, &list) {
		c.problem(formula, "expression", "表达式有误："+err.Error(), err.Error())
		return
	}
	for _, found := range list {
		problem := document.Problem{File: c.file, Path: formula.Path, Line: formula.Line, Code: "expression." + found.Code,
			ZH: found.Message(money.Chinese) + "\n" + found.Snippet, EN: found.Message(money.English) + "\n" + found.Snippet}
		if formula.Column > 0 && found.Line == 1 && source == formula.Source {
			problem.Column = formula.Column + found.Column - 1
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
