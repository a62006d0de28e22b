package main

import (
	"flag"
	"fmt"

	"zutuan/internal/casework"
	"zutuan/internal/funding"
	"zutuan/internal/match"
	"zutuan/internal/rulepack"
	"zutuan/internal/textview"
)

// rulesOptions are the flags of the rules command.
type rulesOptions struct {
	products productList
	mutate   bool
	analyse  bool
	coverage bool
	// papers name the requirement on which a draft's verdict is shown.
	papers paperFlags
}

// rulesCommand checks rule packs, runs the tests that products carry, and answers questions about rules: what differs
// between two versions, what rests on a document, a product as a table.
func rulesCommand(env *environment, args []string) error {
	var options rulesOptions
	words, err := env.parse("rules", args, func(flags *flag.FlagSet) {
		flags.Var(&options.products, "product", "")
		flags.BoolVar(&options.mutate, "mutate", false, "")
		flags.BoolVar(&options.analyse, "analyse", false, "")
		flags.BoolVar(&options.coverage, "coverage", false, "")
		options.papers.register(flags)
	})
	if err != nil {
		return err
	}
	if len(words) > 0 && words[0] == "draft" {
		return draftRules(env, words[1:], options.papers)
	}
	if len(words) > 0 {
		if other := rulesSubcommands[words[0]]; other != nil {
			return other(env, words[1:])
		}
	}
	if len(words) == 2 && env.rulesDir == "" {
		env.rulesDir = words[1]
		words = words[:1]
	}
	if len(words) != 1 || words[0] != "check" && words[0] != "test" {
		return usageError{"应写成 zutuan rules check [目录] [--analyse]、rules test [目录] [--mutate|--coverage]、rules diff 甲.yaml 乙.yaml、rules basis [文号]、rules table export|import、rules draft check 草稿.yaml",
			"write zutuan rules check [DIR] [--analyse], rules test [DIR] [--mutate|--coverage], rules diff A.yaml B.yaml, rules basis [DOCUMENT], rules table export|import or rules draft check DRAFT.yaml"}
	}
	library, err := env.library()
	if err != nil {
		return err
	}
	switch {
	case words[0] == "test" && options.mutate:
		return mutateRules(env, library, options.products)
	case words[0] == "test" && options.coverage:
		return coverRules(env, library, options.products)
	case words[0] == "test":
		return runRuleTests(env, library, options.products)
	}
	desk, err := casework.NewDesk(library)
	if err != nil {
		return err
	}
	if err := env.testRules(desk); err != nil {
		return err
	}
	if options.analyse {
		return analyseRules(env, library)
	}
	return countRules(env, library)
}

// countRules says how much a clean library holds.
func countRules(env *environment, library *rulepack.Library) error {
	answer := struct {
		Products   int `json:"products"`
		Rules      int `json:"rules"`
		RiskPacks  int `json:"risk_packs"`
		RiskRules  int `json:"risk_rules"`
		Parameters int `json:"parameters"`
		Facts      int `json:"facts"`
	}{Products: len(library.Products), RiskPacks: len(library.RiskPacks), Parameters: len(library.Parameters.All()), Facts: len(library.Vocabulary.Facts())}
	for _, product := range library.Products {
		answer.Rules += len(product.Rules)
	}
	for _, pack := range library.RiskPacks {
		answer.RiskRules += len(pack.Rules)
	}
	if env.json {
		return env.answer(answer)
	}
	env.line(fmt.Sprintf(env.say("检查通过：%d 个产品、%d 条产品规则；%d 个风险包、%d 条风险规则；%d 个参数；%d 个事实",
		"clean: %d products with %d rules; %d risk packs with %d rules; %d parameters; %d facts"),
		answer.Products, answer.Rules, answer.RiskPacks, answer.RiskRules, answer.Parameters, answer.Facts))
	return nil
}

// testAnswer is one test of a product as JSON.
type testAnswer struct {
	Product string       `json:"product"`
	Name    string       `json:"name"`
	Passed  bool         `json:"passed"`
	File    string       `json:"file,omitempty"`
	Line    int          `json:"line,omitempty"`
	Problem funding.Text `json:"problem,omitzero"`
}

// errTestsFailed makes a failed test a bad input: the rules directory is what was handed in.
var errTestsFailed = usageError{"有测试未通过", "some tests failed"}

// runRuleTests runs the tests that the products of a library carry. A product without a test, or a must rule that no
// test sees both passed and failed, is reported too: a test that cannot fail proves nothing.
func runRuleTests(env *environment, library *rulepack.Library, products []string) error {
	desk, err := casework.NewDesk(library)
	if err != nil {
		return err
	}
	if err := checkProducts(library, products); err != nil {
		return err
	}
	results := desk.TestProducts(env.rulesFS(), products)
	failed := 0
	var answers []testAnswer
	for _, result := range results {
		if !result.Passed {
			failed++
		}
		answers = append(answers, testAnswer{result.Product, result.Name, result.Passed, result.Path, result.Line, result.Problem})
	}
	unseen := desk.UnseenMusts(results, products)
	if env.json {
		err = env.answer(struct {
			Tests  []testAnswer      `json:"tests"`
			Failed int               `json:"failed"`
			Unseen []casework.Unseen `json:"unseen"`
		}{answers, failed, unseen})
	} else {
		showRuleTests(env, answers, failed, unseen)
	}
	if err == nil && failed > 0 {
		err = errTestsFailed
	}
	return err
}

func showRuleTests(env *environment, answers []testAnswer, failed int, unseen []casework.Unseen) {
	for _, answer := range answers {
		if !answer.Passed {
			env.line(env.style.Paint(textview.Bad, "✗ "), fmt.Sprintf("%s:%d %s · %s", answer.File, answer.Line, answer.Product, answer.Name))
			env.line("    ", answer.Problem.In(env.language))
		}
	}
	for _, miss := range unseen {
		never := env.say("没有测试看到它通过", "no test sees it pass")
		if miss.Never == match.ResultFailed {
			never = env.say("没有测试看到它不通过", "no test sees it fail")
		}
		env.line(env.style.Paint(textview.Warn, "△ "), miss.Product, " · ", miss.Rule, env.say("：", ": "), never)
	}
	env.line(fmt.Sprintf(env.say("测试 %d 个，未通过 %d 个；必须规则未双向覆盖 %d 处", "%d tests, %d failed; %d musts not seen both ways"), len(answers), failed, len(unseen)))
}
