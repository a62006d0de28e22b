package main

import (
	"sort"
	"strings"

	"github.com/shopspring/decimal"

	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/textview"
)

// plainWords are the words of files as a Chinese reader says them.
var plainWords = map[string]string{
	"true": "是", "false": "否",
	"platform": "平台公司", "soe": "国有企业", "private": "民营企业", "spv": "项目公司", "joint_venture": "合资公司",
	"listed_platform": "名单内融资平台", "managed_as_platform": "参照平台管理的国企", "implicit_debt_bearer": "承担隐性债务的主体", "ordinary_soe": "普通国企",
	"land_mortgage": "土地抵押", "building_mortgage": "房产抵押", "equipment_mortgage": "设备抵押", "receivables_pledge": "应收账款质押", "equity_pledge": "股权质押",
	"guarantee": "保证", "deposit": "保证金", "insurance": "保险", "other_infrastructure": "其他基础设施",
}

// reader turns expressions and values into what a clerk reads: fact names in words, amounts in 万元, ratios as ratios.
type reader struct {
	language money.Language
	style    textview.Style
	words    *strings.Replacer
}

func newReader(env *environment, vocabulary *ruleexpr.Vocabulary) *reader {
	facts := append([]ruleexpr.Fact(nil), vocabulary.Facts()...)
	// Longer names first: fiscal.debt must not eat the beginning of fiscal.debt_limit.
	sort.SliceStable(facts, func(i, j int) bool { return len(facts[i].Name) > len(facts[j].Name) })
	pairs := []string{">=", "≥", "<=", "≤", "!=", "≠", "==", "="}
	if env.language == money.Chinese {
		pairs = append(pairs, " and ", " 且 ", " or ", " 或 ", " in ", " 属于 ", "not ", "非 ")
	}
	for _, fact := range facts {
		word := fact.ZH
		if env.language == money.English {
			word = fact.EN
		}
		if word != "" {
			pairs = append(pairs, fact.Name, word)
		}
	}
	return &reader{language: env.language, style: env.style, words: strings.NewReplacer(pairs...)}
}

// aloud is an expression in words.
func (r *reader) aloud(expression string) string {
	return r.words.Replace(strings.Join(strings.Fields(expression), " "))
}

// value shows a value with its unit.
func (r *reader) value(text string, unit ruleexpr.Unit) string {
	if text == "" {
		return r.say("未知", "unknown")
	}
	if word, ok := plainWords[text]; ok && r.language == money.Chinese {
		return word
	}
	number, err := decimal.NewFromString(text)
	if err != nil {
		return text
	}
	switch unit {
	case ruleexpr.UnitYuan:
		if amount, err := money.FromDecimal(number); err == nil {
			return amount.Show(r.language)
		}
	case ruleexpr.UnitRate:
		return money.Percent(number)
	case ruleexpr.UnitQuarters:
		return number.String() + r.say(" 个季度", " quarters")
	case ruleexpr.UnitYears:
		return number.Round(2).String() + r.say(" 年", " years")
	case ruleexpr.UnitRatio:
		return number.Round(4).String()
	}
	return number.String()
}

func (r *reader) say(zh, en string) string {
	if r.language == money.English {
		return en
	}
	return zh
}

// explain writes the comparisons of an explanation that matter: those that did not pass, or could not be decided.
func (r *reader) explain(e ruleexpr.Explanation, indent string) []string {
	var lines []string
	switch e.Kind {
	case "not":
		inner := e.Parts[0]
		line := r.aloud(e.Expression) + r.doubt(e)
		if inner.Kind == "flag" && e.Result != ruleexpr.Undecided {
			line = r.flag(inner, "false")
		} else if inner.Left != nil && inner.Kind != "flag" {
			line = r.say("不得：", "must not: ") + r.comparison(inner)
		}
		return append(lines, indent+r.mark(e.Result)+" "+line)
	case "and", "or", "if":
		if len(e.Parts) > 1 {
			lines = append(lines, indent+r.style.Paint(textview.Faint, r.joint(e)))
		}
		for _, part := range e.Parts {
			lines = append(lines, r.explain(part, indent+"  ")...)
		}
		return lines
	case "any", "all", "none":
		lines = append(lines, indent+r.mark(e.Result)+" "+r.aloud(e.Expression)+r.say("：现有 ", ": present ")+r.list(e.Left.Values))
		return lines
	case "comparison", "membership", "text_match":
		return append(lines, indent+r.mark(e.Result)+" "+r.comparison(e))
	default:
		if e.Result == ruleexpr.Undecided {
			return append(lines, indent+r.mark(e.Result)+" "+r.aloud(e.Expression)+r.doubt(e))
		}
		return append(lines, indent+r.mark(e.Result)+" "+r.flag(e, "true"))
	}
}

// flag says what a yes-or-no fact is and what it should be; the bare name would read as a statement.
func (r *reader) flag(e ruleexpr.Explanation, required string) string {
	return r.aloud(e.Expression) + r.say("：现为", ": now ") + r.value(e.Result.String(), "") + r.say("，要求", ", required ") + r.value(required, "")
}

func (r *reader) joint(e ruleexpr.Explanation) string {
	return map[string]string{"and": r.say("以下各项都要满足：", "all of:"), "or": r.say("以下满足一项即可：", "one of:"), "if": r.say("视情况而定：", "depending on:")}[e.Kind]
}

func (r *reader) comparison(e ruleexpr.Explanation) string {
	if e.Left == nil || e.Right == nil {
		return r.aloud(e.Expression) + r.doubt(e)
	}
	line := r.aloud(e.Left.Expression)
	if e.Left.Value != "" {
		line += " " + r.style.Paint(textview.Strong, r.value(e.Left.Value, e.Left.Unit))
	}
	right := r.value(e.Right.Value, e.Right.Unit)
	if e.Right.Values != nil {
		right = r.list(e.Right.Values)
	}
	line += r.say("，要求 ", ", required ") + r.operator(e.Operator) + " " + right
	if e.Right.Values == nil && e.Right.Value != "" && strings.Trim(e.Right.Expression, `"'`) != e.Right.Value {
		line += r.say("（", " (") + r.aloud(e.Right.Expression) + r.say("）", ")")
	}
	if e.Result == ruleexpr.False && e.Distance != nil {
		line += r.say("，相差 ", ", off by ") + r.value(strings.TrimPrefix(e.Distance.Value, "-"), e.Distance.Unit)
	}
	return line + r.doubt(e)
}

// either takes the reader's half of a reason that is written in both languages, "中文 / English".
func (r *reader) either(text string) string {
	zh, en, both := strings.Cut(text, " / ")
	if !both {
		return text
	}
	return r.say(zh, en)
}

func (r *reader) operator(operator string) string {
	if operator == "in" {
		return r.say("属于", "in")
	}
	return r.words.Replace(operator)
}

func (r *reader) list(values []string) string {
	words := make([]string, len(values))
	for i, value := range values {
		words[i] = r.value(value, "")
	}
	return strings.Join(words, r.say("、", ", "))
}

// doubt names what to supply.
func (r *reader) doubt(e ruleexpr.Explanation) string {
	if e.Doubt == nil {
		return ""
	}
	return r.missing(e.Doubt)
}

func (r *reader) missing(doubt *ruleexpr.Doubt) string {
	var parts []string
	for _, name := range doubt.Missing {
		part := r.words.Replace(name)
		if why := r.either(doubt.Why[name]); why != "" {
			part += r.say("（", " (") + why + r.say("）", ")")
		}
		parts = append(parts, part)
	}
	if len(parts) > 0 {
		return r.say("；请补充：", "; to supply: ") + strings.Join(parts, "、")
	}
	if r.language == money.English {
		return "; " + doubt.EN
	}
	return "；" + doubt.ZH
}

func (r *reader) mark(result ruleexpr.Truth) string {
	switch result {
	case ruleexpr.True:
		return r.style.Paint(textview.Good, "✓")
	case ruleexpr.False:
		return r.style.Paint(textview.Bad, "✗")
	}
	return r.style.Paint(textview.Warn, "?")
}

// change is a counterfactual in words.
func (r *reader) change(c ruleexpr.Change) string {
	return r.words.Replace(c.Fact) + " " + r.value(c.From, c.Unit) + " → " + r.style.Paint(textview.Strong, r.value(c.To, c.Unit))
}
