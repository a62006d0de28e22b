package main

import (
	"fmt"
	"slices"

	"zutuan/internal/casework"
	"zutuan/internal/rulecheck"
	"zutuan/internal/rulepack"
	"zutuan/internal/textview"
)

// coverageAnswer is what the tests of one product see, as JSON.
type coverageAnswer struct {
	Product    string                    `json:"product"`
	Complete   bool                      `json:"complete"`
	Rules      []rulecheck.RuleSight     `json:"rules"`
	Branches   []rulecheck.BranchSight   `json:"branches"`
	Boundaries []rulecheck.BoundarySight `json:"boundaries"`
	Suggested  []string                  `json:"suggested"`
}

// errNotCovered makes a gap in coverage a bad input: the rules directory is what was handed in.
var errNotCovered = usageError{"测试没有覆盖全部必须规则和公式分支", "the tests do not cover every must and every branch of the formulas"}

// coverRules says which rules the tests see pass and fail, which branches of formulas they take, and where beside each
// comparison they stand.
func coverRules(env *environment, library *rulepack.Library, products []string) error {
	desk, err := casework.NewDesk(library)
	if err != nil {
		return err
	}
	if err := checkProducts(library, products); err != nil {
		return err
	}
	samples := desk.Samples(env.rulesFS())
	var answers []coverageAnswer
	for _, product := range library.Products {
		if len(products) > 0 && !slices.Contains(products, product.ID) {
			continue
		}
		coverage := rulecheck.CoverProduct(samples, library, product)
		answer := coverageAnswer{Product: product.ID, Complete: coverage.Complete(), Rules: coverage.Rules, Branches: coverage.Branches, Boundaries: coverage.Boundaries, Suggested: []string{}}
		for _, branch := range coverage.Branches {
			if branch.Suggestion != nil {
				answer.Suggested = append(answer.Suggested, rulecheck.TestYAML(branch.Suggestion))
			}
		}
		for _, boundary := range coverage.Boundaries {
			answer.Suggested = append(answer.Suggested, yamlOf(boundary.Suggestions)...)
		}
		answers = append(answers, answer)
	}
	if env.json {
		err = env.answer(answers)
	} else {
		for i := range answers {
			showCoverage(env, &answers[i])
		}
	}
	if err == nil && slices.ContainsFunc(answers, func(a coverageAnswer) bool { return !a.Complete }) {
		err = errNotCovered
	}
	return err
}

func showCoverage(env *environment, answer *coverageAnswer) {
	mark := env.style.Paint(textview.Good, "✓ ")
	if !answer.Complete {
		mark = env.style.Paint(textview.Warn, "△ ")
	}
	taken, at := 0, 0
	for _, branch := range answer.Branches {
		if branch.Taken {
			taken++
		}
	}
	for _, boundary := range answer.Boundaries {
		if boundary.At {
			at++
		}
	}
	env.line(mark, fmt.Sprintf(env.say("%s：规则 %d 条；公式分支 %d/%d；比较 %d 处，其中 %d 处有恰在分界点上的测试", "%s: %d rules; %d of %d branches taken; %d comparisons, %d with a test exactly on the boundary"),
		answer.Product, len(answer.Rules), taken, len(answer.Branches), len(answer.Boundaries), at))
	for _, rule := range answer.Rules {
		if rule.Level == "must" && !(rule.Passed && rule.Failed) {
			env.line("    ", rule.Rule, env.say("：没有测试同时看到它通过和不通过", ": no tests see it both pass and fail"))
		}
	}
	for _, branch := range answer.Branches {
		if !branch.Taken {
			env.line("    ", branch.Place, env.say("：没有测试走到 ", ": no test takes "), branch.Branch, env.say("（条件 ", " (condition "), branch.Condition, env.say("）", ")"))
		}
	}
	for _, boundary := range answer.Boundaries {
		// A side for which nothing can be suggested is mostly one that no facts reach: a length below zero.
		if len(boundary.Suggestions) > 0 {
			env.line("    ", boundary.Place, "  ", boundary.Comparison, env.say("：缺 ", ": no test "), missingSides(env, boundary))
		}
	}
	for _, test := range answer.Suggested {
		env.print(test)
	}
}

func missingSides(env *environment, boundary rulecheck.BoundarySight) string {
	var text string
	for _, side := range []struct {
		seen   bool
		zh, en string
	}{{boundary.Below, "低于", "below"}, {boundary.At, "等于", "at"}, {boundary.Above, "高于", "above"}} {
		if !side.seen {
			if text != "" {
				text += env.say("、", ", ")
			}
			text += env.say(side.zh, side.en)
		}
	}
	return text
}
