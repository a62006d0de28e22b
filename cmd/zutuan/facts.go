package main

import (
	"io/fs"
	"os"
	"strings"

	"zutuan/internal/casework"
	"zutuan/internal/document"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
	"zutuan/internal/textview"
	"zutuan/rules"
)

// library loads the rules directory, the built-in one unless --rules names another.
func (e *environment) library() (*rulepack.Library, error) {
	if e.rulesDir != "" {
		if info, err := os.Stat(e.rulesDir); err != nil || !info.IsDir() {
			return nil, usageError{"规则目录 " + e.rulesDir + " 不存在，或不是目录", "there is no rules directory " + e.rulesDir}
		}
	}
	return rulepack.Load(e.rulesFS())
}

func (e *environment) rulesFS() fs.FS {
	if e.rulesDir == "" {
		return rules.FS
	}
	return os.DirFS(e.rulesDir)
}

// factsCommand prints the dictionary, all of it or the groups named.
func factsCommand(env *environment, args []string) error {
	groups, err := env.parse("facts", args, nil)
	if err != nil {
		return err
	}
	library, err := env.library()
	if err != nil {
		return err
	}
	answer := casework.Facts(library, groups, env.date)
	if len(answer.Facts) == 0 {
		return unknownGroup(library, groups)
	}
	if env.json {
		return env.answer(answer)
	}
	showFacts(env, answer)
	return nil
}

func unknownGroup(library *rulepack.Library, groups []string) error {
	var names []string
	for _, fact := range library.Vocabulary.Facts() {
		group, _, _ := strings.Cut(fact.Name, ".")
		if len(names) == 0 || names[len(names)-1] != group {
			names = append(names, group)
		}
	}
	near := strings.Join(append(document.Nearest(strings.Join(groups, " "), names), names...), ", ")
	return usageError{"没有这一组事实；有 " + near, "there is no such group; there are " + near}
}

func showFacts(env *environment, answer casework.FactsAnswer) {
	env.title(env.say("事实词典", "Dictionary of facts"))
	env.print(factsTable(env, answer.Facts))
	if len(answer.StartFacts) > 0 {
		env.title(env.say("单元开工条件（start.when）可用的事实：所等单元在上一季度末的状态", "Facts of a unit's start.when: the state of the unit it waits for, one quarter back"))
		env.print(factsTable(env, answer.StartFacts))
	}
	env.line()
	env.line(env.say("函数：", "Functions: "), strings.Join(answer.Functions, ", "))
}

func factsTable(env *environment, facts []casework.FactAnswer) string {
	table := textview.Table{Header: []string{env.say("名称", "Name"), env.say("类型", "Type"), env.say("单位", "Unit"), env.say("含义", "Meaning"), env.say("可调整", "Adjustable"), env.say("来源或取值", "From or value")}}
	for _, fact := range facts {
		meaning, from, adjustable := fact.ZH, fact.From, ""
		if env.language == money.English {
			meaning = fact.EN
		}
		if fact.Value != "" {
			from = fact.Value
		}
		if fact.Adjustable != "" {
			adjustable = fact.Adjustable
			if fact.Step != "" && fact.Type == string(ruleexpr.TypeNumber) {
				adjustable += " " + fact.Step
			}
		}
		table.Rows = append(table.Rows, []textview.Cell{{Text: fact.Name, Tone: textview.Strong}, {Text: fact.Type}, {Text: fact.Unit}, {Text: meaning}, {Text: adjustable}, {Text: from, Tone: textview.Faint}})
	}
	return table.Render(env.style)
}
