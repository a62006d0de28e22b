package ruleexpr

import (
	"math/big"
	"strings"
)

// PartKind says what a part of an expression is.
type PartKind string

// The kinds of parts.
const (
	PartFact      PartKind = "fact"
	PartNumber    PartKind = "number"
	PartText      PartKind = "text"
	PartFlag      PartKind = "flag" // true or false, written out
	PartList      PartKind = "list"
	PartElement   PartKind = "element" // # inside a predicate
	PartNot       PartKind = "not"
	PartAnd       PartKind = "and"
	PartOr        PartKind = "or"
	PartCompare   PartKind = "compare"
	PartIn        PartKind = "in"
	PartTextMatch PartKind = "text_match"
	PartAdd       PartKind = "+"
	PartSubtract  PartKind = "-"
	PartMultiply  PartKind = "*"
	PartDivide    PartKind = "/"
	PartNegate    PartKind = "negate"
	PartIf        PartKind = "if"
	PartMin       PartKind = "min"
	PartMax       PartKind = "max"
	PartAbs       PartKind = "abs"
	PartFloor     PartKind = "floor"
	PartCeil      PartKind = "ceil"
	PartLen       PartKind = "len"
	PartSum       PartKind = "sum"
	PartAny       PartKind = "any"
	PartAll       PartKind = "all"
	PartNone      PartKind = "none"
	PartCount     PartKind = "count"
	PartIndex     PartKind = "index"
	PartSlice     PartKind = "slice"
)

var partKinds = [...]PartKind{opFact: PartFact, opNumber: PartNumber, opText: PartText, opBool: PartFlag, opList: PartList, opElement: PartElement,
	opNot: PartNot, opAnd: PartAnd, opOr: PartOr, opCompare: PartCompare, opIn: PartIn, opTextMatch: PartTextMatch, opAdd: PartAdd,
	opSubtract: PartSubtract, opMultiply: PartMultiply, opDivide: PartDivide, opNegate: PartNegate, opIf: PartIf, opMin: PartMin, opMax: PartMax,
	opAbs: PartAbs, opFloor: PartFloor, opCeil: PartCeil, opLen: PartLen, opSum: PartSum, opAny: PartAny, opAll: PartAll, opNone: PartNone,
	opCount: PartCount, opIndex: PartIndex, opSlice: PartSlice}

// Part is one part of a compiled expression, to be looked at and never altered: what analysis, mutation and reading aloud
// go by, so that none of them parses a rule for itself.
type Part struct {
	node       *node
	source     []rune
	vocabulary *Vocabulary
}

// Tree returns the whole condition as a part.
func (r *Rule) Tree() Part { return Part{r.root, r.source, r.vocabulary} }

// Tree returns the whole formula as a part.
func (n *Number) Tree() Part { return Part{n.root, n.source, n.vocabulary} }

// Kind says what the part is.
func (p Part) Kind() PartKind { return partKinds[p.node.op] }

// Type says what kind of value the part has.
func (p Part) Type() Type { return p.node.kind }

// Unit returns the unit of a number or of the items of a list of numbers: a fact's own, else that of its dimension.
func (p Part) Unit() Unit {
	if p.node.op == opFact {
		return p.vocabulary.facts[p.node.slot].Unit
	}
	return p.node.dim.unit()
}

// Parts returns the operands in the order in which they are written; a slice has its list and its two bounds.
func (p Part) Parts() []Part {
	parts := make([]Part, len(p.node.kids))
	for i, kid := range p.node.kids {
		parts[i] = Part{kid, p.source, p.vocabulary}
	}
	return parts
}

// Span returns the characters [from, to) of the expression's source that the part was read from; brackets around the part
// as a whole are not in it. Both are 0 for a bound of a slice that was left out.
func (p Part) Span() (from, to int) { return p.node.from, p.node.to }

// Source returns the part as written, without brackets around it.
func (p Part) Source() string { return strings.TrimSpace(string(p.source[p.node.from:p.node.to])) }

// Operator returns the sign of a comparison, or the word of a text match.
func (p Part) Operator() string {
	if p.node.op == opCompare {
		return comparisonText[p.node.cmp]
	}
	return p.node.text
}

// Slot returns the place of a PartFact in the vocabulary.
func (p Part) Slot() Slot { return p.node.slot }

// Fact returns the entry of a PartFact.
func (p Part) Fact() Fact { return p.vocabulary.facts[p.node.slot] }

// Literal returns the exact value of a PartNumber. It must not be altered.
func (p Part) Literal() *big.Rat { return p.node.literal }

// IsCalendar reports whether a PartNumber was written as a quarter or a date.
func (p Part) IsCalendar() bool { return p.node.dim.quarter != 0 || p.node.dim.date != 0 }

// Text returns the text of a PartText.
func (p Part) Text() string { return p.node.text }

// Flag returns the value of a PartFlag.
func (p Part) Flag() bool { return p.node.flag }

// Depth counts, for a PartElement, how many lists its own is nested in.
func (p Part) Depth() int { return p.node.depth }

// Walk visits the part and everything below it.
func (p Part) Walk(visit func(Part)) {
	p.node.walk(func(n *node) { visit(Part{n, p.source, p.vocabulary}) })
}

// Truth evaluates a condition that stands outside of predicates.
func (p Part) Truth(facts *Facts) Truth {
	e := evaluation{facts: facts}
	return e.truth(p.node)
}

// Value evaluates a number that stands outside of predicates, exactly; false where it is not known.
func (p Part) Value(facts *Facts) (*big.Rat, bool) {
	e := evaluation{facts: facts}
	return e.number(p.node)
}
