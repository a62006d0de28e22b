package rulecheck

import (
	"errors"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"zutuan/internal/document"
	"zutuan/internal/funding"
)

// rulesKey is the section of a product file that a decision table replaces.
const rulesKey = "rules"

// ReplaceRules puts rules in the place of those of a product's text. Whatever else the text says stays as it is, byte for
// byte, comments included; so does a rule that says the same as before, with the comment above it. A table that was
// exported and brought back unchanged therefore gives the very text that it was exported from. The error is a
// document.Problems where the text is no YAML object written in lines.
func ReplaceRules(text string, rules []funding.ProductRule) (string, error) {
	var list []newRule
	for _, rule := range rules {
		list = append(list, newRule{id: rule.ID, yaml: RulesYAML([]funding.ProductRule{rule}), same: func(item *yaml.Node) bool {
			old, whole := ruleOf(item)
			return whole && old == said(rule)
		}})
	}
	return replaceRules(text, list)
}

// ReplaceRiskRules is ReplaceRules for a risk pack. before are the rules that the text says now, as they were read from it;
// where the text cannot be read there are none, and every rule is written anew.
func ReplaceRiskRules(text string, before, rules []funding.RiskRule) (string, error) {
	written := map[string]string{}
	for _, rule := range before {
		written[rule.ID] = RiskRulesYAML([]funding.RiskRule{rule})
	}
	var list []newRule
	for _, rule := range rules {
		now := RiskRulesYAML([]funding.RiskRule{rule})
		list = append(list, newRule{id: rule.ID, yaml: now, same: func(*yaml.Node) bool { return written[rule.ID] == now }})
	}
	return replaceRules(text, list)
}

// newRule is a rule to be put into a text: as it would be written, and whether it says the same as the one that is there.
type newRule struct {
	id, yaml string
	same     func(*yaml.Node) bool
}

func replaceRules(text string, rules []newRule) (string, error) {
	whole, ended := text, text == "" || strings.HasSuffix(text, "\n")
	if !ended {
		whole += "\n"
	}
	file, err := splitRules(whole)
	if err != nil {
		return "", err
	}
	written := rulesText{newline: "\n", item: file.item}
	if strings.Contains(text, "\r\n") {
		written.newline = "\r\n"
	}
	for _, rule := range rules {
		written.add(rule, file.kept)
	}
	replaced := file.before + written.String() + file.after
	if !ended {
		replaced = strings.TrimSuffix(strings.TrimSuffix(replaced, "\n"), "\r")
	}
	// Text can be laid out in more ways than are foreseen here; what does not come out right is refused.
	if !onlyRulesDiffer(text, replaced, len(rules)) {
		return "", notInLines(0)
	}
	return replaced, nil
}

// onlyRulesDiffer reports whether two texts say the same besides their rules, of which the second has a number.
func onlyRulesDiffer(before, after string, count int) bool {
	var a, b yaml.Node
	if yaml.Unmarshal([]byte(before), &a) != nil || yaml.Unmarshal([]byte(after), &b) != nil {
		return false
	}
	var rules *yaml.Node
	besides := func(root *yaml.Node) []*yaml.Node {
		var list []*yaml.Node
		for i, top := 0, root.Content[0].Content; i+1 < len(top); i += 2 {
			if top[i].Value == rulesKey {
				rules = top[i+1]
			} else {
				list = append(list, top[i], top[i+1])
			}
		}
		return list
	}
	return slices.EqualFunc(besides(&a), besides(&b), sameNode) && rules != nil && len(rules.Content) == count
}

func sameNode(a, b *yaml.Node) bool {
	return a.Kind == b.Kind && a.Tag == b.Tag && a.Value == b.Value && a.Anchor == b.Anchor && slices.EqualFunc(a.Content, b.Content, sameNode)
}

// rulesFile is a product's text taken apart at its rules.
type rulesFile struct {
	// before ends with the line "rules:" and what follows it up to the first rule; after begins behind the last rule.
	before, after string
	// item leads the first line of every rule, "  - ".
	item string
	kept map[string]keptRule
}

// keptRule is a rule as it stands in a file, with the comments above it and its lines.
type keptRule struct {
	item        *yaml.Node
	above, text string
}

// rulesText writes the rules of a file.
type rulesText struct {
	strings.Builder
	newline, item string
}

func (w *rulesText) add(rule newRule, kept map[string]keptRule) {
	old, known := kept[rule.id]
	w.WriteString(old.above)
	if known && rule.same(old.item) {
		w.WriteString(old.text)
		return
	}
	lines := strings.TrimPrefix(rule.yaml, rulesKey+":\n")
	for i, line := range strings.Split(strings.TrimSuffix(lines, "\n"), "\n") {
		lead := w.item
		if i > 0 {
			lead = strings.Repeat(" ", len(w.item))
		}
		w.WriteString(lead + line[len(plainItem):] + w.newline)
	}
}

// plainItem is how RulesYAML begins a rule.
const plainItem = "  - "

// said is a rule without the place where it stands.
func said(rule funding.ProductRule) funding.ProductRule {
	rule.When = funding.Formula{Source: rule.When.Source}
	return rule
}

// splitRules takes a text apart. A text without rules gets the section at its end.
func splitRules(text string) (*rulesFile, error) {
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(text), &root); err != nil {
		_, problems := document.Parse("draft.yaml", []byte(text))
		var found document.Problems
		if errors.As(problems, &found) {
			return nil, found
		}
		return nil, notInLines(0)
	}
	if len(root.Content) != 1 || root.Content[0].Kind != yaml.MappingNode || root.Content[0].Style&yaml.FlowStyle != 0 || root.Content[0].Column != 1 {
		return nil, notInLines(1)
	}
	lines := strings.SplitAfter(text, "\n")
	top := root.Content[0]
	for i := 0; i < len(top.Content); i += 2 {
		if top.Content[i].Value != rulesKey {
			continue
		}
		end := len(lines)
		if i+2 < len(top.Content) {
			end = top.Content[i+2].Line - 1
		}
		return cutRules(lines, top.Content[i], top.Content[i+1], end), nil
	}
	return &rulesFile{before: text + rulesKey + ":\n", item: plainItem}, nil
}

func notInLines(line int) document.Problems {
	return document.Problems{{File: "draft.yaml", Line: line, Code: "form", ZH: "文本应是逐行书写的 YAML（每个键一行），才能替换其中的规则", EN: "the text should be YAML in lines, a key on each, so that its rules can be replaced"}}
}

// cutRules takes the section apart; end is the number of lines before the next section. Comments at the end of the section
// that are not indented belong to what follows.
func cutRules(lines []string, key, rules *yaml.Node, end int) *rulesFile {
	join := func(from, to int) string { return strings.Join(lines[from:to], "") }
	for end > key.Line && (strings.TrimSpace(lines[end-1]) == "" || lines[end-1][0] == '#') {
		end--
	}
	file := &rulesFile{item: plainItem, kept: map[string]keptRule{}, after: join(end, len(lines))}
	// Rules that are not a list in lines are replaced as a whole, with the key's own line.
	if rules.Kind != yaml.SequenceNode || rules.Style&yaml.FlowStyle != 0 || len(rules.Content) == 0 || rules.Content[0].Line == key.Line {
		file.before = join(0, key.Line-1) + rulesKey + ":\n"
		return file
	}
	starts := make([]int, len(rules.Content))
	for i, item := range rules.Content {
		starts[i] = dashLine(lines, key.Line, item)
	}
	// New rules are indented like those that are there, however these go on behind their dash.
	dash := lines[starts[0]]
	file.item = dash[:max(strings.IndexByte(dash, '-'), 0)] + "- "
	above := make([]int, len(starts))
	for i, start := range starts {
		above[i] = start
		for above[i]-1 >= key.Line && isComment(lines[above[i]-1], lines[start]) {
			above[i]--
		}
	}
	file.before = join(0, above[0])
	for i, start := range starts {
		stop := end
		if i+1 < len(starts) {
			stop = above[i+1]
		}
		file.keep(rules.Content[i], join(above[i], start), join(start, stop))
	}
	return file
}

// keep remembers a rule as it stands. Of two rules of one id, which no product has, the first counts.
func (f *rulesFile) keep(item *yaml.Node, above, text string) {
	id := ""
	for i := 0; item.Kind == yaml.MappingNode && i+1 < len(item.Content); i += 2 {
		if item.Content[i].Value == "id" {
			id = item.Content[i+1].Value
		}
	}
	if _, twice := f.kept[id]; !twice && id != "" {
		f.kept[id] = keptRule{item: item, above: above, text: text}
	}
}

// dashLine is the place, among the lines, of the dash of a list's item, which may stand above the item itself.
func dashLine(lines []string, from int, item *yaml.Node) int {
	for at := item.Line - 1; at >= from; at-- {
		if strings.HasPrefix(strings.TrimLeft(lines[at], " "), "-") {
			return at
		}
	}
	return item.Line - 1
}

// isComment reports whether a line is blank, or a comment no further in than a dash: what stands further in may be part of a
// text that is written over several lines.
func isComment(line, dash string) bool {
	rest := strings.TrimLeft(line, " ")
	return strings.TrimSpace(rest) == "" || rest[0] == '#' && len(line)-len(rest) <= strings.IndexByte(dash, '-')
}

// ruleKeys are what a table says of a rule.
var ruleKeys = []string{"id", "group", "level", "when", "message", "basis"}

// ruleOf reads what a rule says; false where it says something that a table does not know, so that it is written anew.
func ruleOf(item *yaml.Node) (funding.ProductRule, bool) {
	var rule funding.ProductRule
	if item.Kind != yaml.MappingNode {
		return rule, false
	}
	ok := true
	for i := 0; i < len(item.Content); i += 2 {
		key, value := item.Content[i].Value, item.Content[i+1]
		ok = ok && slices.Contains(ruleKeys, key)
		switch key {
		case "id":
			rule.ID = value.Value
		case "group":
			rule.Group = value.Value
		case "level":
			rule.Level = value.Value
		case "when":
			rule.When.Source = value.Value
		case "basis":
			rule.Basis = value.Value
		case "message":
			for k := 0; k+1 < len(value.Content); k += 2 {
				switch value.Content[k].Value {
				case "zh":
					rule.Message.ZH = value.Content[k+1].Value
				case "en":
					rule.Message.EN = value.Content[k+1].Value
				}
			}
		}
	}
	return rule, ok
}
