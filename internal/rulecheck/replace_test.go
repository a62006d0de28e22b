package rulecheck_test

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/rulecheck"
	"zutuan/rules"
)

// productTexts are the files of all shipped products, by id.
func productTexts(t testing.TB) map[string]string {
	t.Helper()
	texts := map[string]string{}
	err := fs.WalkDir(rules.FS, "products", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".yaml") {
			return err
		}
		data, err := fs.ReadFile(rules.FS, name)
		var head struct{ ID string }
		if err == nil {
			err = yaml.Unmarshal(data, &head)
		}
		texts[head.ID] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

func TestATableBroughtBackUnchangedGivesTheTextItCameFrom(t *testing.T) {
	library := shipped(t)
	texts := productTexts(t)
	for _, product := range library.Products {
		imported, err := rulecheck.ImportTable(library, "t.csv", rulecheck.ExportTable(product))
		if err != nil {
			t.Fatal(err)
		}
		got, err := rulecheck.ReplaceRules(texts[product.ID], imported)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(texts[product.ID], got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", product.ID, diff)
		}
	}
}

func TestATableOfARiskPackBroughtBackUnchangedGivesTheTextItCameFrom(t *testing.T) {
	library := shipped(t)
	for _, pack := range library.RiskPacks {
		data, err := fs.ReadFile(rules.FS, "risk/"+pack.ID+".yaml")
		if err != nil {
			t.Fatal(err)
		}
		table := rulecheck.RiskTable(pack)
		imported, err := rulecheck.ImportRiskTable(library, "t.csv", table.CSV())
		if err != nil {
			t.Fatal(err)
		}
		var before []funding.RiskRule
		for i := range pack.Rules {
			before = append(before, pack.Rules[i].RiskRule)
		}
		got, err := rulecheck.ReplaceRiskRules(string(data), before, imported)
		if diff := cmp.Diff(string(data), got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", pack.ID, err, diff)
		}
		// One that changed is written anew and says what it is to say; so are all where nothing is known of those before.
		imported[0].Message = funding.Text{ZH: "改了", EN: "changed"}
		for name, known := range map[string][]funding.RiskRule{"one changed": before, "nothing known": nil} {
			got, err := rulecheck.ReplaceRiskRules(string(data), known, imported)
			if err != nil {
				t.Fatal(err)
			}
			read, err := library.RiskPack("r.yaml", []byte(got))
			if err != nil {
				t.Fatalf("%s, %s: %v", pack.ID, name, err)
			}
			for i := range read.Rules {
				if want := rulecheck.RiskRulesYAML(imported[i : i+1]); rulecheck.RiskRulesYAML([]funding.RiskRule{read.Rules[i].RiskRule}) != want {
					t.Errorf("%s, %s: the rule is not %s", pack.ID, name, want)
				}
			}
		}
	}
}

// What a product would say with changed rules is compared with what its text says after the change of the text.
func TestOnlyTheRulesThatChangedAreWrittenAnew(t *testing.T) {
	library := shipped(t)
	texts := productTexts(t)
	for _, product := range library.Products {
		text := texts[product.ID]
		var changed []funding.ProductRule
		for i := range product.Rules {
			changed = append(changed, product.Rules[i].ProductRule)
		}
		changed[0].Message = funding.Text{ZH: "说明改了：“引号”、'单引号' # 不是注释", EN: `says "otherwise": it's changed`}
		got, err := rulecheck.ReplaceRules(text, changed)
		if err != nil {
			t.Fatal(err)
		}
		read, err := library.Product("p.yaml", []byte(got))
		if err != nil {
			t.Fatalf("%s: %v", product.ID, err)
		}
		if read.Rules[0].Message != changed[0].Message || len(read.Rules) != len(product.Rules) {
			t.Errorf("%s: the rule says %v", product.ID, read.Rules[0].Message)
		}
		before, after := strings.Split(text, "\n"), strings.Split(got, "\n")
		for _, line := range before {
			if !slices.Contains(after, line) && !strings.Contains(line, product.Rules[0].Message.ZH) && !strings.Contains(line, product.Rules[0].Basis) && !strings.Contains(line, product.Rules[0].ID) && !strings.Contains(line, product.Rules[0].When.Source) {
				t.Errorf("%s: the line %q is gone", product.ID, line)
			}
		}
	}
}

const replaced = `# 产品说明
id: x
# 规则从这里开始
rules: # 规则
  # 甲的说明
  - id: a
    group: tenor
    level: must
    when: 'need.tenor_quarters >= 40'  # 十年
    message: {zh: "甲", en: "A"}
    basis: "依据甲"

  # 乙的说明
  # 第二行
  - id: b
    group: tenor
    level: must
    when: >-
      need.capital_ratio
      # 0.2
    message: {zh: "乙"}
    basis: 依据乙
  - {id: c, group: cost, level: should, when: c, message: {zh: 丙}, basis: 依据丙}
  # 表尾

# 打分
score: {cost: "1"}
`

func rule(id, group, level, when, zh, en, basis string) funding.ProductRule {
	return funding.ProductRule{ID: id, Group: group, Level: level, When: funding.Formula{Source: when}, Message: funding.Text{ZH: zh, EN: en}, Basis: basis}
}

func TestRulesAreReplacedWithinTheirText(t *testing.T) {
	a := rule("a", "tenor", "must", "need.tenor_quarters >= 40", "甲", "A", "依据甲")
	b := rule("b", "tenor", "must", "need.capital_ratio # 0.2", "乙", "", "依据乙")
	c := rule("c", "cost", "should", "c", "丙", "", "依据丙")
	changed := a
	changed.When.Source = `x in ["it's"]`
	const writtenA = "  - id: a\n    group: tenor\n    level: must\n    when: 'x in [\"it''s\"]'\n    message: {zh: \"甲\", en: \"A\"}\n    basis: \"依据甲\"\n"
	const newD = "  - id: d\n    group: cost\n    level: must\n    when: 'd'\n    message: {zh: \"丁\"}\n    basis: \"依据丁\"\n"
	partA := replaced[strings.Index(replaced, "  # 甲"):strings.Index(replaced, "\n  # 乙")]
	partB := replaced[strings.Index(replaced, "\n  # 乙"):strings.Index(replaced, "  - {id: c")]
	partC := replaced[strings.Index(replaced, "  - {id: c"):strings.Index(replaced, "\n# 打分")]
	head, tail := replaced[:strings.Index(replaced, "  # 甲")], replaced[strings.Index(replaced, "\n# 打分"):]
	for name, test := range map[string]struct {
		text  string
		rules []funding.ProductRule
		want  string
	}{
		"all as they were":                              {replaced, []funding.ProductRule{a, b, c}, replaced},
		"without a line's end":                          {strings.TrimSuffix(replaced, "\n"), []funding.ProductRule{a, b, c}, strings.TrimSuffix(replaced, "\n")},
		"in another order, each with its comment":       {replaced, []funding.ProductRule{b, c, a}, head + partB + partC + partA + tail},
		"one changed keeps the comment above it":        {replaced, []funding.ProductRule{changed, b, c}, head + "  # 甲的说明\n" + writtenA + partB + partC + tail},
		"one taken out takes its comment along":         {replaced, []funding.ProductRule{a, c}, head + partA + partC + tail},
		"one added":                                     {replaced, []funding.ProductRule{a, rule("d", "cost", "must", "d", "丁", "", "依据丁"), b, c}, head + partA + newD + partB + partC + tail},
		"none before":                                   {"id: x\n", []funding.ProductRule{rule("d", "cost", "must", "d", "丁", "", "依据丁")}, "id: x\nrules:\n" + newD},
		"an empty list before":                          {"rules: []\nid: x\n", []funding.ProductRule{rule("d", "cost", "must", "d", "丁", "", "依据丁")}, "rules:\n" + newD + "id: x\n"},
		"a list in brackets over several lines":         {"rules: [\n {id: d}\n]\n\nid: x\n", []funding.ProductRule{rule("d", "cost", "must", "d", "丁", "", "依据丁")}, "rules:\n" + newD + "\nid: x\n"},
		"lines of Windows":                              {"rules:\r\n- id: a\r\nid: x\r\n", []funding.ProductRule{rule("d", "cost", "must", "d", "丁", "", "依据丁")}, "rules:\r\n" + strings.NewReplacer("  - ", "- ", "    ", "  ", "\n", "\r\n").Replace(newD) + "id: x\r\n"},
		"a rule with a key that no table has is mended": {"rules:\n- id: d\n  wen: 1\n", []funding.ProductRule{rule("d", "cost", "must", "d", "丁", "", "依据丁")}, "rules:\n" + strings.NewReplacer("  - ", "- ", "    ", "  ").Replace(newD)},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := rulecheck.ReplaceRules(test.text, test.rules)
			if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestRulesOfATextThatIsNotInLinesAreNotReplaced(t *testing.T) {
	for name, text := range map[string]string{"an object in braces": `{id: x, rules: []}`, "no YAML": "id: [", "a list": "- a\n", "nothing": ""} {
		_, err := rulecheck.ReplaceRules(text, nil)
		var problems document.Problems
		if !errors.As(err, &problems) || problems[0].ZH == "" || problems[0].EN == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzReplaceRules holds that whatever a text says besides its rules, it says after they were replaced.
func FuzzReplaceRules(f *testing.F) {
	f.Add(replaced)
	f.Add("rules:\n- id: a\n\n  x: |\n   # b\n# c\nd: e")
	f.Add("rules:\n -\n  id: a\n -   id: b\n---\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := rulecheck.ReplaceRules(text, []funding.ProductRule{rule("a", "tenor", "must", "true", "甲", "A", "依据")})
		if err != nil {
			return
		}
		var before, after map[string]yaml.Node
		if yaml.Unmarshal([]byte(text), &before) != nil {
			return
		}
		if err := yaml.Unmarshal([]byte(got), &after); err != nil {
			t.Fatalf("%v:\n%s", err, got)
		}
		if len(after["rules"].Content) != 1 {
			t.Errorf("%d rules:\n%s", len(after["rules"].Content), got)
		}
		for key, value := range before {
			if key != "rules" {
				was, _ := yaml.Marshal(&value)
				other := after[key]
				is, _ := yaml.Marshal(&other)
				if string(was) != string(is) {
					t.Errorf("%s was %s and is %s", key, was, is)
				}
			}
		}
	})
}
