package rulecheck

import (
	"strings"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
)

// Aloud reads an expression out in both languages: facts and parameters by their names, operators as signs and words.
func Aloud(part ruleexpr.Part) funding.Text {
	return funding.Text{ZH: aloud(part, money.Chinese), EN: aloud(part, money.English)}
}

func pick(language money.Language, zh, en string) string {
	if language == money.English {
		return en
	}
	return zh
}

var signs = map[string]string{">=": "≥", "<=": "≤", "==": "=", "!=": "≠", ">": ">", "<": "<"}

// binding says how tightly a part holds together when it is read; a looser part inside a tighter one gets brackets.
func binding(part ruleexpr.Part) int {
	switch part.Kind() {
	case ruleexpr.PartIf:
		return 0
	case ruleexpr.PartOr:
		return 1
	case ruleexpr.PartAnd:
		return 2
	case ruleexpr.PartNot, ruleexpr.PartCompare, ruleexpr.PartIn, ruleexpr.PartTextMatch, ruleexpr.PartAny, ruleexpr.PartAll, ruleexpr.PartNone:
		return 3
	case ruleexpr.PartAdd, ruleexpr.PartSubtract:
		return 4
	case ruleexpr.PartMultiply, ruleexpr.PartDivide:
		return 5
	}
	return 6
}

// inside reads an operand, in brackets where it binds more loosely than what stands around it.
func inside(part ruleexpr.Part, around int, language money.Language) string {
	text := aloud(part, language)
	if binding(part) < around {
		return pick(language, "（"+text+"）", "("+text+")")
	}
	return text
}

func aloud(part ruleexpr.Part, language money.Language) string {
	kids := part.Parts()
	two := func(sign string) string {
		return inside(kids[0], binding(part), language) + " " + sign + " " + inside(kids[1], binding(part)+1, language)
	}
	switch part.Kind() {
	case ruleexpr.PartFact:
		return pick(language, part.Fact().ZH, part.Fact().EN)
	case ruleexpr.PartText:
		return pick(language, "“"+part.Text()+"”", `"`+part.Text()+`"`)
	case ruleexpr.PartFlag:
		if part.Flag() {
			return pick(language, "是", "true")
		}
		return pick(language, "否", "false")
	case ruleexpr.PartElement:
		return pick(language, "该项", "the item")
	case ruleexpr.PartList:
		return listAloud(kids, language)
	case ruleexpr.PartNot:
		return pick(language, "不满足（"+aloud(kids[0], language)+"）", "not ("+aloud(kids[0], language)+")")
	case ruleexpr.PartAnd:
		return two(pick(language, "且", "and"))
	case ruleexpr.PartOr:
		return two(pick(language, "或", "or"))
	case ruleexpr.PartCompare:
		return two(signs[part.Operator()])
	case ruleexpr.PartIn:
		return two(pick(language, "属于", "is one of"))
	case ruleexpr.PartTextMatch:
		return two(map[string]string{"contains": pick(language, "包含", "contains"), "startsWith": pick(language, "开头是", "starts with"), "endsWith": pick(language, "结尾是", "ends with")}[part.Operator()])
	case ruleexpr.PartAdd, ruleexpr.PartSubtract, ruleexpr.PartMultiply, ruleexpr.PartDivide:
		return two(map[ruleexpr.PartKind]string{ruleexpr.PartAdd: "+", ruleexpr.PartSubtract: "−", ruleexpr.PartMultiply: "×", ruleexpr.PartDivide: "÷"}[part.Kind()])
	case ruleexpr.PartNegate:
		return "−" + inside(kids[0], binding(part), language)
	case ruleexpr.PartIf:
		return pick(language, "若 "+aloud(kids[0], language)+" 则 "+aloud(kids[1], language)+"，否则 "+aloud(kids[2], language),
			"if "+aloud(kids[0], language)+" then "+aloud(kids[1], language)+", else "+aloud(kids[2], language))
	case ruleexpr.PartNumber:
		return part.Source()
	}
	return functionAloud(part, kids, language)
}

func listAloud(items []ruleexpr.Part, language money.Language) string {
	var words []string
	for _, item := range items {
		words = append(words, aloud(item, language))
	}
	return pick(language, strings.Join(words, "、"), strings.Join(words, ", "))
}

// functionAloud reads what is written as a call or with brackets after a list.
func functionAloud(part ruleexpr.Part, kids []ruleexpr.Part, language money.Language) string {
	list := aloud(kids[0], language)
	condition := ""
	if len(kids) > 1 {
		condition = aloud(kids[1], language)
	}
	switch part.Kind() {
	case ruleexpr.PartAny:
		return pick(language, list+"中有一项满足（"+condition+"）", "some item of "+list+" has ("+condition+")")
	case ruleexpr.PartAll:
		return pick(language, list+"中每一项都满足（"+condition+"）", "every item of "+list+" has ("+condition+")")
	case ruleexpr.PartNone:
		return pick(language, list+"中没有一项满足（"+condition+"）", "no item of "+list+" has ("+condition+")")
	case ruleexpr.PartCount:
		return pick(language, list+"中满足（"+condition+"）的项数", "the number of items of "+list+" with ("+condition+")")
	case ruleexpr.PartLen:
		return pick(language, list+"的项数", "the number of items of "+list)
	case ruleexpr.PartSum:
		return pick(language, list+"之和", "the sum of "+list)
	case ruleexpr.PartMin:
		return pick(language, "最小值（"+listAloud(kids, language)+"）", "the smallest of ("+listAloud(kids, language)+")")
	case ruleexpr.PartMax:
		return pick(language, "最大值（"+listAloud(kids, language)+"）", "the largest of ("+listAloud(kids, language)+")")
	case ruleexpr.PartAbs:
		return pick(language, list+"的绝对值", "the absolute value of "+list)
	case ruleexpr.PartFloor:
		return pick(language, list+"向下取整", list+" rounded down")
	case ruleexpr.PartCeil:
		return pick(language, list+"向上取整", list+" rounded up")
	}
	// Items and slices keep the places as they are written, counted from 0.
	_, end := kids[0].Span()
	from, to := part.Span()
	brackets := string([]rune(part.Source())[min(end-from, to-from):])
	return list + strings.TrimSpace(brackets)
}
