package main

import (
	"fmt"
	"slices"
	"time"

	"zutuan/internal/casework"
	"zutuan/internal/funding"
	"zutuan/internal/rulecheck"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
	"zutuan/internal/textview"
)

// mutantAnswer is one mutant as JSON.
type mutantAnswer struct {
	Place string `json:"place"`
	Kind  string `json:"kind"`
	Was   string `json:"was"`
	Now   string `json:"now"`
	// Expression is the whole expression with the change.
	Expression string `json:"expression"`
	Proof      string `json:"proof,omitempty"`
	// Test is the YAML of a test that notices the mutant; Facts are what shows the mutant of a risk pack.
	Test  string              `json:"test,omitempty"`
	Facts []rulecheck.Setting `json:"facts,omitempty"`
}

// scoreAnswer is the mutation score of one product or pack as JSON.
type mutationAnswer struct {
	Product    string         `json:"product,omitempty"`
	RiskPack   string         `json:"risk_pack,omitempty"`
	Version    int            `json:"version"`
	Mutants    int            `json:"mutants"`
	Killed     int            `json:"killed"`
	Score      string         `json:"score_percent"`
	Equivalent []mutantAnswer `json:"equivalent"`
	Survivors  []mutantAnswer `json:"survivors"`
	// Suggested is the YAML of the tests that would notice survivors, each once.
	Suggested []string `json:"suggested,omitempty"`
	Broken    []string `json:"broken_tests,omitempty"`
}

func toMutantAnswer(m *rulecheck.Mutant) mutantAnswer {
	return mutantAnswer{Place: m.Place, Kind: string(m.Kind), Was: m.Was, Now: m.Now, Expression: m.Source, Proof: m.Proof}
}

func toMutantAnswers(mutants []rulecheck.Mutant) []mutantAnswer {
	out := make([]mutantAnswer, len(mutants))
	for i := range mutants {
		out[i] = toMutantAnswer(&mutants[i])
	}
	return out
}

// mutateRules changes one thing after another in every rule and says which changes the tests do not notice. Risk packs,
// which carry no tests, are evaluated at the boundaries of their rules; naming products leaves the packs out.
func mutateRules(env *environment, library *rulepack.Library, products []string) error {
	desk, err := casework.NewDesk(library)
	if err != nil {
		return err
	}
	if err := checkProducts(library, products); err != nil {
		return err
	}
	samples := desk.Samples(env.rulesFS())
	var answers []mutationAnswer
	for _, product := range library.Products {
		if len(products) == 0 || slices.Contains(products, product.ID) {
			score := rulecheck.ScoreProduct(samples, library, product)
			answers = append(answers, productMutation(&score))
		}
	}
	if len(products) == 0 && len(library.Samples) > 0 {
		need, err := samples(library.Samples[0], time.Time{})
		if err != nil {
			return err
		}
		for _, pack := range library.RiskPacks {
			answers = append(answers, riskMutation(library, pack, need.Facts))
		}
	}
	mutants, killed := 0, 0
	for i := range answers {
		mutants, killed = mutants+answers[i].Mutants, killed+answers[i].Killed
	}
	total := rulecheck.ProductScore{Mutants: mutants, Killed: killed}.Score()
	if env.json {
		return env.answer(struct {
			Scores  []mutationAnswer `json:"scores"`
			Mutants int              `json:"mutants"`
			Killed  int              `json:"killed"`
			Score   string           `json:"score_percent"`
		}{answers, mutants, killed, total})
	}
	for i := range answers {
		showMutation(env, &answers[i])
	}
	env.line(fmt.Sprintf(env.say("变异 %d 处，测试发现 %d 处，得分 %s%%", "%d mutants, %d noticed, score %s%%"), mutants, killed, total))
	return nil
}

func productMutation(score *rulecheck.ProductScore) mutationAnswer {
	answer := mutationAnswer{Product: score.Product, Version: score.Version, Mutants: score.Mutants, Killed: score.Killed, Score: score.Score(),
		Equivalent: toMutantAnswers(score.Equivalent), Survivors: []mutantAnswer{}, Broken: score.Broken}
	for i := range score.Survivors {
		survivor := toMutantAnswer(&score.Survivors[i].Mutant)
		if test := score.Survivors[i].Test; test != nil {
			survivor.Test = rulecheck.TestYAML(test)
		}
		answer.Survivors = append(answer.Survivors, survivor)
	}
	answer.Suggested = yamlOf(score.Suggestions)
	return answer
}

func yamlOf(tests []*funding.ProductTest) []string {
	var out []string
	for _, test := range tests {
		out = append(out, rulecheck.TestYAML(test))
	}
	return out
}

func riskMutation(library *rulepack.Library, pack *rulepack.RiskPack, reference *ruleexpr.Facts) mutationAnswer {
	score := rulecheck.ScoreRiskPack(library, pack, reference)
	answer := mutationAnswer{RiskPack: score.Pack, Version: score.Version, Mutants: score.Mutants, Killed: score.Killed, Score: score.Score(),
		Equivalent: toMutantAnswers(score.Equivalent), Survivors: []mutantAnswer{}}
	for i := range score.Survivors {
		survivor := toMutantAnswer(&score.Survivors[i].Mutant)
		survivor.Facts = score.Survivors[i].Facts
		answer.Survivors = append(answer.Survivors, survivor)
	}
	return answer
}

func showMutation(env *environment, answer *mutationAnswer) {
	name := answer.Product
	if name == "" {
		name = env.say("风险包 ", "risk pack ") + answer.RiskPack
	}
	mark := env.style.Paint(textview.Good, "✓ ")
	if len(answer.Survivors) > 0 {
		mark = env.style.Paint(textview.Warn, "△ ")
	}
	line := fmt.Sprintf(env.say("%s：%s%%（%d/%d）", "%s: %s%% (%d of %d)"), name, answer.Score, answer.Killed, answer.Mutants)
	if count := len(answer.Equivalent); count > 0 {
		line += fmt.Sprintf(env.say("，另有 %d 处改动不改变含义", ", besides %d changes without a difference"), count)
	}
	env.line(mark, line)
	for _, broken := range answer.Broken {
		env.line("    ", env.say("测试未通过，不计：", "this test does not pass and counts for nothing: "), broken)
	}
	for i := range answer.Survivors {
		showSurvivor(env, &answer.Survivors[i])
	}
	if len(answer.Suggested) > 0 {
		env.line("    ", env.say("把下面的测试加到 tests 末尾即可发现：", "these tests, added to the end of tests, notice them:"))
		for _, test := range answer.Suggested {
			env.print(test)
		}
	}
}

func showSurvivor(env *environment, m *mutantAnswer) {
	now := m.Now
	if now == "" {
		now = env.say("（去掉）", "(left out)")
	}
	line := m.Place + env.say("：", ": ") + m.Was + " → " + now
	if m.Test == "" && len(m.Facts) == 0 {
		line += env.say("（有限次搜索没有找到能区分的取值）", " (no facts that show it were found in a bounded search)")
	}
	env.line("    ", line)
}
