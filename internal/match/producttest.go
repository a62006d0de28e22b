package match

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"zutuan/internal/funding"
	"zutuan/internal/rulepack"
)

// Samples makes the need of a named sample on a day; the zero day is the sample's own. The caller reads the sample's
// files, because a decider reads none.
type Samples func(name string, date time.Time) (*Need, error)

// TestResult is how one test of a product came out.
type TestResult struct {
	Product string
	Version int
	Name    string
	Path    string
	Line    int
	Passed  bool
	// Problem says what was expected and what came, with the explanation, where the test did not pass.
	Problem funding.Text
	// Outcome is what the product said, for coverage: which rule was seen failed, passed and undecided.
	Outcome Outcome
}

// RunTests runs the tests that a product carries, in the file's order.
func RunTests(samples Samples, product *rulepack.Product) []TestResult {
	results := make([]TestResult, len(product.Tests))
	var catalogue *Catalogue
	for i := range product.Tests {
		results[i] = runTest(samples, &catalogue, product, &product.Tests[i])
	}
	return results
}

// runTest runs one test. The catalogue of the product alone is made with the first sample, whose vocabulary it needs.
func runTest(samples Samples, catalogue **Catalogue, product *rulepack.Product, test *funding.ProductTest) TestResult {
	result := TestResult{Product: product.ID, Version: product.Version, Name: test.Name, Path: test.Path, Line: test.Line}
	need, err := samples(test.Requirement, test.Date)
	if err != nil {
		result.Problem = funding.Text{ZH: "样例 " + test.Requirement + " 读不了：" + err.Error(), EN: "cannot read the sample " + test.Requirement + ": " + err.Error()}
		return result
	}
	if *catalogue == nil {
		*catalogue = NewCatalogue(need.Facts.Vocabulary(), []*rulepack.Product{product})
	}
	m, err := (*catalogue).Consider(need, WhatIf{Set: test.Set, Unset: test.Unset}, Options{Workers: 1})
	if err != nil {
		result.Problem = funding.Text{ZH: "测试的取值不能用：" + err.Error(), EN: "the test's facts cannot be used: " + err.Error()}
		return result
	}
	result.Outcome = m.Outcomes[0]
	result.Problem = mismatch(test, m)
	result.Passed = result.Problem.ZH == ""
	return result
}

// mismatch compares an outcome with what a test expects; empty where they agree. Rules that a test names must have come
// out so; where it names failed rules, no must beyond them may have failed. One unknown fact can leave many rules undecided, so
// those that it does not name may be undecided too.
func mismatch(test *funding.ProductTest, m *Match) funding.Text {
	outcome := &m.Outcomes[0]
	failed, failedMusts, undecided := named(outcome)
	var zh, en []string
	differ := func(what funding.Text, want, got string) {
		zh = append(zh, fmt.Sprintf("%s应为 %s，实为 %s", what.ZH, want, got))
		en = append(en, fmt.Sprintf("%s: expected %s, got %s", what.EN, want, got))
	}
	if string(outcome.Verdict) != test.Verdict {
		differ(funding.Text{ZH: "结论", EN: "verdict"}, test.Verdict, string(outcome.Verdict))
	}
	if len(test.Failed) > 0 && (!within(test.Failed, failed) || !within(failedMusts, test.Failed)) {
		differ(funding.Text{ZH: "未通过的规则", EN: "failed rules"}, listed(test.Failed), listed(failed))
	}
	if !within(test.Undecided, undecided) {
		differ(funding.Text{ZH: "无法判断的规则", EN: "undecided rules"}, listed(test.Undecided), listed(undecided))
	}
	if len(zh) == 0 {
		return funding.Text{}
	}
	because := explained(m.Explain(outcome))
	return funding.Text{ZH: strings.Join(zh, "；") + because, EN: strings.Join(en, "; ") + because}
}

// named returns the ids of the failed rules, of the failed musts among them, and of the undecided rules.
func named(outcome *Outcome) (failed, failedMusts, undecided []string) {
	for k, result := range outcome.Results {
		rule := &outcome.Product.Rules[k]
		switch {
		case result == ResultUndecided:
			undecided = append(undecided, rule.ID)
		case result == ResultFailed:
			failed = append(failed, rule.ID)
			if rule.Level == "must" {
				failedMusts = append(failedMusts, rule.ID)
			}
		}
	}
	if outcome.BuiltIn != nil && !slices.Contains(failed, outcome.BuiltIn.ID) {
		failed, failedMusts = append(failed, outcome.BuiltIn.ID), append(failedMusts, outcome.BuiltIn.ID)
	}
	return failed, failedMusts, undecided
}

func within(some, all []string) bool {
	return !slices.ContainsFunc(some, func(id string) bool { return !slices.Contains(all, id) })
}

func listed(ids []string) string {
	sorted := slices.Clone(ids)
	slices.Sort(sorted)
	return "[" + strings.Join(sorted, ", ") + "]"
}

// explained writes one line for each rule and term that did not pass, as both languages need it: the expression with the
// values of its two sides.
func explained(report Report) string {
	var lines []string
	for _, rule := range report.Rules {
		line := fmt.Sprintf("\n  %s %s: %s", rule.Rule, rule.Result, rule.Explanation.Expression)
		if left, right := rule.Explanation.Left, rule.Explanation.Right; left != nil && right != nil {
			line += fmt.Sprintf(" (%s %s %s)", left.Value, rule.Explanation.Operator, right.Value)
		}
		if doubt := rule.Explanation.Doubt; doubt != nil && len(doubt.Missing) > 0 {
			line += " ← " + strings.Join(doubt.Missing, ", ")
		}
		lines = append(lines, line)
	}
	for _, term := range report.Terms {
		lines = append(lines, fmt.Sprintf("\n  terms.%s ← %s%s", term.Term, strings.Join(term.Doubt.Missing, ", "), term.Doubt.ZH))
	}
	return strings.Join(lines, "")
}
