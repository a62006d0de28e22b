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

// factAnswer is one fact of the dictionary as JSON.
type factAnswer struct {
	Name       string   `json:"name"`
	Type       string   `json:"type"`
	Unit       string   `json:"unit,omitempty"`
	ZH         string   `json:"zh"`
	EN         string   `json:"en"`
	From       string   `json:"from"`
	Low        string   `json:"low,omitempty"`
	High       string   `json:"high,omitempty"`
	Adjustable string   `json:"adjustable,omitempty"`
	Step       string   `json:"step,omitempty"`
	Order      []string `json:"order,omitempty"`
	// Value is a parameter's value on the date asked for.
	Value string `json:"value,omitempty"`
}

type factsAnswer struct {
	Version    int          `json:"version"`
	Functions  []string     `json:"functions"`
	Facts      []factAnswer `json:"facts"`
	StartFacts []factAnswer `json:"start_facts"`
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
	answer := factsAnswer{Version: library.VocabularyVersion, Functions: ruleexpr.FunctionNames()}
	parameters := library.Parameters.At(env.date, "", nil)
	for _, fact := range library.Vocabulary.Facts() {
		if !inGroups(fact.Name, groups) {
			continue
		}
		entry := describeFact(fact)
		if id, isParameter := strings.CutPrefix(fact.Name, rulepack.ParameterPrefix); isParameter {
			if value, ok := parameters.Lookup(id); ok {
				entry.Value = value.Value
			}
		}
		answer.Facts = append(answer.Facts, entry)
	}
	if len(groups) == 0 {
		for _, fact := range casework.StartFacts {
			answer.StartFacts = append(answer.StartFacts, describeFact(fact))
		}
	}
	if len(answer.Facts) == 0 {
		return unknownGroup(library, groups)
	}
	if env.json {
		return env.answer(answer)
	}
	showFacts(env, answer)
	return nil
}

func inGroups(name string, groups []string) bool {
	for _, group := range groups {
		if name == group || strings.HasPrefix(name, group+".") {
			return true
		}
	}
	return len(groups) == 0
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

func describeFact(fact ruleexpr.Fact) factAnswer {
	entry := factAnswer{Name: fact.Name, Type: string(fact.Type), Unit: string(fact.Unit), ZH: fact.ZH, EN: fact.EN, From: fact.From, Adjustable: string(fact.Direction), Order: fact.Order}
	if fact.Low != nil {
		entry.Low = fact.Low.String()
	}
	if fact.High != nil {
		entry.High = fact.High.String()
	}
	if fact.Adjustable() {
		entry.Step = fact.Step.String()
	}
	return entry
}

func showFacts(env *environment, answer factsAnswer) {
	env.title(env.say("事实词典", "Dictionary of facts"))
	env.print(factsTable(env, answer.Facts))
	if len(answer.StartFacts) > 0 {
		env.title(env.say("单元开工条件（start.when）可用的事实：所等单元在上一季度末的状态", "Facts of a unit's start.when: the state of the unit it waits for, one quarter back"))
		env.print(factsTable(env, answer.StartFacts))
	}
	env.line()
	env.line(env.say("函数：", "Functions: "), strings.Join(answer.Functions, ", "))
}

func factsTable(env *environment, facts []factAnswer) string {
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
