package main

import (
	"fmt"

	"zutuan/internal/match"
	"zutuan/internal/textview"
)

// rulesCommand checks rule packs, or runs the tests that products carry.
func rulesCommand(env *environment, args []string) error {
	words, err := env.parse("rules", args, nil)
	if err != nil {
		return err
	}
	if len(words) == 2 && env.rulesDir == "" {
		env.rulesDir = words[1]
		words = words[:1]
	}
	if len(words) != 1 || words[0] != "check" && words[0] != "test" {
		return usageError{"应写成 zutuan rules check [目录] 或 zutuan rules test [目录]", "write zutuan rules check [DIR] or zutuan rules test [DIR]"}
	}
	library, err := env.library()
	if err != nil {
		return err
	}
	if words[0] == "test" {
		return runRuleTests(env)
	}
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

var _ = match.ResultPassed
var _ textview.Tone
