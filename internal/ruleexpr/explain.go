package ruleexpr

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

// Explanation says why a condition came out as it did: every comparison in it, also inside and, or and lists, with the
// values of both sides. Nothing is left out by short-circuiting.
type Explanation struct {
	// Expression is the part of the source that this explains.
	Expression string `json:"expression"`
	Result     Truth  `json:"result"`
	// Kind is and, or, not, if, comparison, membership, text_match, flag, any, all, none, item.
	Kind string `json:"kind"`
	// Left, Operator and Right are the two sides of a comparison or membership.
	Left     *Operand `json:"left,omitempty"`
	Operator string   `json:"operator,omitempty"`
	Right    *Operand `json:"right,omitempty"`
	// Distance is right − left of a numeric comparison: how far the left side is from the limit.
	Distance *Operand `json:"distance,omitempty"`
	// Item is the list item that this part is about.
	Item  *Operand      `json:"item,omitempty"`
	Parts []Explanation `json:"parts,omitempty"`
	Doubt *Doubt        `json:"doubt,omitempty"`
}

// Operand is one side of a comparison with its value.
type Operand struct {
	Expression string `json:"expression,omitempty"`
	// Value is the exact value as text, rounded half-up to the decimals of the unit where it is a quotient; empty where
	// it is not known.
	Value string `json:"value,omitempty"`
	Unit  Unit   `json:"unit,omitempty"`
	// Values is the value of a list.
	Values []string `json:"values,omitempty"`
}

// Explain walks the rule exactly and returns its explanation. It is made for what is shown; Holds costs nothing for it.
func (r *Rule) Explain(facts *Facts) Explanation {
	explainer := &explainer{rule: r, facts: facts}
	return explainer.condition(r.root)
}

type explainer struct {
	rule     *Rule
	facts    *Facts
	elements []element
}

func (x *explainer) evaluation() *evaluation {
	return &evaluation{facts: x.facts, elements: x.elements}
}

func (x *explainer) text(n *node) string {
	return strings.TrimSpace(string(x.rule.source[n.from:n.to]))
}

func (x *explainer) condition(n *node) Explanation {
	e := x.evaluation()
	out := Explanation{Expression: x.text(n), Result: e.truth(n)}
	if out.Result == Undecided {
		out.Doubt = &e.doubt
	}
	switch n.op {
	case opAnd, opOr, opNot, opIf:
		out.Kind = map[op]string{opAnd: "and", opOr: "or", opNot: "not", opIf: "if"}[n.op]
		for _, kid := range x.flatten(n, n.op) {
			out.Parts = append(out.Parts, x.condition(kid))
		}
	case opCompare:
		x.comparison(n, &out)
	case opIn:
		out.Kind, out.Operator = "membership", "in"
		out.Left, out.Right = x.operand(n.kids[0]), x.list(n.kids[1])
	case opTextMatch:
		out.Kind, out.Operator = "text_match", n.text
		out.Left, out.Right = x.operand(n.kids[0]), x.operand(n.kids[1])
	case opAny, opAll, opNone:
		out.Kind = map[op]string{opAny: "any", opAll: "all", opNone: "none"}[n.op]
		out.Left = x.list(n.kids[0])
		out.Parts = x.items(n)
	default:
		out.Kind = "flag"
		out.Left = &Operand{Expression: out.Expression, Value: out.Result.String()}
	}
	return out
}

// flatten joins a and b and c into one list of parts, as it is read.
func (x *explainer) flatten(n *node, operator op) []*node {
	if operator != opAnd && operator != opOr {
		return n.kids
	}
	var parts []*node
	for _, kid := range n.kids {
		if kid.op == operator {
			parts = append(parts, x.flatten(kid, operator)...)
		} else {
			parts = append(parts, kid)
		}
	}
	return parts
}

func (x *explainer) comparison(n *node, out *Explanation) {
	out.Kind, out.Operator = "comparison", comparisonText[n.cmp]
	if n.kids[0].kind == TypeFlag {
		out.Parts = []Explanation{x.condition(n.kids[0]), x.condition(n.kids[1])}
		return
	}
	out.Left, out.Right = x.operand(n.kids[0]), x.operand(n.kids[1])
	if n.kids[0].kind != TypeNumber {
		return
	}
	left, leftOK := x.evaluation().number(n.kids[0])
	right, rightOK := x.evaluation().number(n.kids[1])
	dim, _ := n.kids[0].dim.merge(n.kids[1].dim)
	if out.Left.Unit == "" {
		out.Left.Unit = out.Right.Unit
	} else if out.Right.Unit == "" {
		out.Right.Unit = out.Left.Unit
	}
	if !leftOK || !rightOK || dim.quarter != 0 || dim.date != 0 {
		return
	}
	out.Distance = &Operand{Value: numberText(new(big.Rat).Sub(right, left), dim.unit()), Unit: out.Left.Unit}
}

func (x *explainer) items(n *node) []Explanation {
	items, ok := x.evaluation().items(n.kids[0])
	if !ok {
		return nil
	}
	parts := make([]Explanation, len(items))
	for i, item := range items {
		x.elements = append(x.elements, item)
		parts[i] = x.condition(n.kids[1])
		parts[i].Item = x.itemOperand(n.kids[0], item, i)
		x.elements = x.elements[:len(x.elements)-1]
	}
	return parts
}

func (x *explainer) itemOperand(list *node, item element, place int) *Operand {
	operand := &Operand{Expression: x.text(list) + "[" + strconv.Itoa(place) + "]", Value: item.text}
	if item.number != nil {
		operand.Value, operand.Unit = numberText(item.number, list.dim.unit()), x.unit(list)
	}
	return operand
}

func (x *explainer) operand(n *node) *Operand {
	operand := &Operand{Expression: x.text(n)}
	e := x.evaluation()
	if n.kind == TypeNumber {
		if value, ok := e.number(n); ok {
			operand.Value = numberText(value, n.dim.unit())
			if n.op == opNumber && n.dim.literal {
				operand.Value = operand.Expression
			}
		}
		operand.Unit = x.unit(n)
		return operand
	}
	operand.Value, _ = e.text(n)
	return operand
}

// unit returns a number's unit for display: a fact's own (rate and ratio differ for a reader), else that of its dimension.
func (x *explainer) unit(n *node) Unit {
	if n.op == opFact {
		return x.rule.vocabulary.facts[n.slot].Unit
	}
	if n.dim.literal {
		return ""
	}
	return n.dim.unit()
}

func (x *explainer) list(n *node) *Operand {
	operand := &Operand{Expression: x.text(n)}
	items, ok := x.evaluation().items(n)
	if !ok {
		return operand
	}
	operand.Values = make([]string, len(items))
	for i, item := range items {
		operand.Values[i] = item.text
		if item.number != nil {
			operand.Values[i] = numberText(item.number, n.dim.unit())
		}
	}
	if n.kind == TypeNumbers {
		operand.Unit = x.unit(n)
	}
	return operand
}

// numberText writes a value as a decimal: exactly where it is one of at most twelve decimals, else rounded half-up to
// the decimals of its unit; calendar values as people write them.
func numberText(value *big.Rat, unit Unit) string {
	if value.IsInt() && value.Num().IsInt64() {
		switch unit {
		case UnitQuarter:
			return quarter.Quarter(value.Num().Int64()).String()
		case UnitDate:
			return dateOf(value.Num().Int64()).Format("2006-01-02")
		}
	}
	if text, whole := fixedText(value, unit.Decimals()); whole {
		return text
	}
	const longest = 12
	if exact := toDecimal(value, longest); exact.Rat().Cmp(value) == 0 && exact.Round(int32(unit.Decimals())).Equal(exact) {
		return exact.StringFixed(int32(unit.Decimals()))
	}
	return toDecimal(value, max(unit.Decimals(), money.RatioDecimals)).String()
}

// fixedText writes a value with a fixed number of decimals, and reports false where it has more of them or needs more than an
// int64. Nearly every value is such a one, and no big number is needed for it.
func fixedText(value *big.Rat, decimals int) (string, bool) {
	if !value.Num().IsInt64() || !value.Denom().IsInt64() {
		return "", false
	}
	numerator, denominator, power := value.Num().Int64(), value.Denom().Int64(), powersOfTen[decimals]
	// In lowest terms, the denominator has to be a part of the power of ten.
	if power%denominator != 0 || max(numerator, -numerator) > math.MaxInt64/power || numerator == math.MinInt64 {
		return "", false
	}
	digits := strconv.FormatInt(max(numerator, -numerator)*(power/denominator), 10)
	if decimals > 0 {
		if missing := decimals + 1 - len(digits); missing > 0 {
			digits = strings.Repeat("0", missing) + digits
		}
		digits = digits[:len(digits)-decimals] + "." + digits[len(digits)-decimals:]
	}
	if numerator < 0 {
		digits = "-" + digits
	}
	return digits, true
}

// Text returns a fact's value as an explanation writes it, and false where it is missing.
func (f *Facts) ValueText(slot Slot) (string, bool) {
	if !f.present[slot] {
		return "", false
	}
	fact := f.vocabulary.facts[slot]
	switch fact.Type {
	case TypeText:
		return f.texts[f.vocabulary.place[slot]], true
	case TypeFlag:
		return strconv.FormatBool(f.numbers[slot] != 0), true
	case TypeTexts:
		return strings.Join(f.lists[f.vocabulary.place[slot]], ", "), true
	case TypeNumbers:
		series := f.series[f.vocabulary.place[slot]]
		values := make([]string, len(series))
		for i, scaled := range series {
			values[i] = numberText(rational(scaled, fact.Unit.Decimals()), fact.Unit)
		}
		return strings.Join(values, ", "), true
	}
	return numberText(rational(f.numbers[slot], fact.Unit.Decimals()), fact.Unit), true
}
