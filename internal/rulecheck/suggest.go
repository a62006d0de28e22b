package rulecheck

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"zutuan/internal/funding"
)

var verdictZH = map[string]string{string(funding.VerdictEligible): "可以申请", string(funding.VerdictConditional): "有条件可申请", string(funding.VerdictUndecided): "不能判断",
	string(funding.VerdictNearMiss): "差一点", string(funding.VerdictIneligible): "不可申请"}

var termZH = map[string]string{"terms.tenor": "期限公式", "terms.grace": "宽限期公式", "terms.size": "额度公式", "terms.rate": "利率公式"}

// nameFor names a suggested test after what it sets and what comes out, unlike every test that the product has.
func (s *scorer) nameFor(place string, settings []Setting, test *funding.ProductTest) string {
	var set []string
	for _, setting := range settings {
		set = append(set, s.factName(setting.Fact)+"为"+shownValue(setting.Value))
	}
	subject := strings.TrimPrefix(place, "rules.")
	if zh, isTerm := termZH[place]; isTerm {
		subject = zh
	}
	name := subject + "：" + strings.Join(set, "、") + "，" + verdictZH[test.Verdict]
	for i, plain := 2, name; s.names[name]; i++ {
		name = fmt.Sprintf("%s（%d）", plain, i)
	}
	return name
}

func (s *scorer) factName(name string) string {
	if slot, known := s.library.Vocabulary.Lookup(name); known {
		return s.library.Vocabulary.Fact(slot).ZH
	}
	return name
}

// shownValue shortens a value for a name.
func shownValue(value string) string {
	const longest = 24
	switch runes := []rune(value); {
	case value == "true":
		return "是"
	case value == "false":
		return "否"
	case value == "":
		return "空"
	case len(runes) > longest:
		return string(runes[:longest]) + "…"
	}
	return value
}

// TestYAML writes a test as it stands in the tests of a product file, two blanks in.
func TestYAML(test *funding.ProductTest) string {
	var given []string
	given = append(given, "requirement: "+test.Requirement)
	if !test.Date.IsZero() {
		given = append(given, "date: "+test.Date.Format("2006-01-02"))
	}
	if len(test.Set) > 0 {
		var set []string
		for _, name := range slices.Sorted(maps.Keys(test.Set)) {
			set = append(set, name+": "+scalarYAML(test.Set[name]))
		}
		given = append(given, "set: {"+strings.Join(set, ", ")+"}")
	}
	if len(test.Unset) > 0 {
		given = append(given, "unset: ["+strings.Join(test.Unset, ", ")+"]")
	}
	expect := []string{"verdict: " + test.Verdict}
	if len(test.Failed) > 0 {
		expect = append(expect, "failed: ["+strings.Join(test.Failed, ", ")+"]")
	}
	if len(test.Undecided) > 0 {
		expect = append(expect, "undecided: ["+strings.Join(test.Undecided, ", ")+"]")
	}
	return fmt.Sprintf("  - name: %s\n    given: {%s}\n    expect: {%s}\n", quoted(test.Name), strings.Join(given, ", "), strings.Join(expect, ", "))
}

func scalarYAML(value string) string {
	if value == "true" || value == "false" {
		return value
	}
	return quoted(value)
}

// quoted writes a text in double quotes as YAML reads it.
func quoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(text) + `"`
}
