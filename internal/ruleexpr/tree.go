package ruleexpr

import (
	"math/big"
)

// op is what a node of the typed tree does.
type op uint8

const (
	opFact op = iota
	opNumber
	opText
	opBool
	opList // literal list of texts or numbers
	opElement
	opNot
	opAnd
	opOr
	opCompare
	opIn
	opTextMatch // contains, startsWith, endsWith
	opAdd
	opSubtract
	opMultiply
	opDivide
	opNegate
	opIf
	opMin
	opMax
	opAbs
	opFloor
	opCeil
	opLen
	opSum
	opAny
	opAll
	opNone
	opCount
	opIndex
	opSlice
)

// comparison is the operator of an opCompare node.
type comparison uint8

const (
	equal comparison = iota
	notEqual
	less
	lessOrEqual
	greater
	greaterOrEqual
)

var comparisonText = [...]string{equal: "==", notEqual: "!=", less: "<", lessOrEqual: "<=", greater: ">", greaterOrEqual: ">="}

// holds applies the operator to the sign of (left − right).
func (c comparison) holds(sign int) bool {
	switch c {
	case equal:
		return sign == 0
	case notEqual:
		return sign != 0
	case less:
		return sign < 0
	case lessOrEqual:
		return sign <= 0
	case greater:
		return sign > 0
	default:
		return sign >= 0
	}
}

// dimension counts the powers of the base units in a number; literal numbers fit any dimension.
type dimension struct {
	yuan, quarters, years, quarter, date int8
	literal                              bool
}

func dimensionOf(unit Unit) dimension {
	switch unit {
	case UnitYuan:
		return dimension{yuan: 1}
	case UnitQuarters:
		return dimension{quarters: 1}
	case UnitYears:
		return dimension{years: 1}
	case UnitQuarter:
		return dimension{quarter: 1}
	case UnitDate:
		return dimension{date: 1}
	default:
		return dimension{}
	}
}

// merge returns the dimension of two numbers that are compared or added, and false where they do not fit.
func (d dimension) merge(other dimension) (dimension, bool) {
	switch {
	case d.literal:
		return other, true
	case other.literal:
		return d, true
	default:
		return d, d == other
	}
}

func (d dimension) times(other dimension, sign int8) dimension {
	return dimension{yuan: d.yuan + sign*other.yuan, quarters: d.quarters + sign*other.quarters, years: d.years + sign*other.years,
		quarter: d.quarter + sign*other.quarter, date: d.date + sign*other.date, literal: d.literal && other.literal}
}

// unit returns the unit in which a number of this dimension is shown.
func (d dimension) unit() Unit {
	switch (dimension{d.yuan, d.quarters, d.years, d.quarter, d.date, false}) {
	case dimension{yuan: 1}:
		return UnitYuan
	case dimension{quarters: 1}:
		return UnitQuarters
	case dimension{years: 1}:
		return UnitYears
	case dimension{quarter: 1}:
		return UnitQuarter
	case dimension{date: 1}:
		return UnitDate
	default:
		return UnitRatio
	}
}

func (d dimension) name(english bool) string {
	zh := map[Unit]string{UnitYuan: "元", UnitQuarters: "季度数", UnitYears: "年数", UnitQuarter: "日历季度", UnitDate: "日期", UnitRatio: "无单位的数"}
	en := map[Unit]string{UnitYuan: "yuan", UnitQuarters: "quarters", UnitYears: "years", UnitQuarter: "a calendar quarter", UnitDate: "a date", UnitRatio: "a plain number"}
	unit := d.unit()
	if unit == UnitRatio && (d != dimension{literal: d.literal}) {
		if english {
			return "a product of units"
		}
		return "复合单位"
	}
	if english {
		return en[unit]
	}
	return zh[unit]
}

// node is one part of a checked expression. kids are its operands in the order in which they are written.
type node struct {
	op   op
	kind Type
	kids []*node
	// dim is the unit of a number or of the items of a list of numbers.
	dim dimension
	// slot is the fact of an opFact.
	slot Slot
	// literal holds an opNumber exactly; decimals is its number of decimals as written, scaled its int64 where it fits.
	literal  *big.Rat
	scaled   int64
	decimals int
	narrow   bool
	// text is an opText, or the operator word of an opTextMatch; texts the items of a literal list of texts.
	text  string
	texts []string
	flag  bool
	cmp   comparison
	// depth counts how many lists an opElement's list is nested in, 0 for the outermost.
	depth int
	// from and to are the character span in the source.
	from, to int
}

// walk visits the node and everything below it.
func (n *node) walk(visit func(*node)) {
	visit(n)
	for _, kid := range n.kids {
		kid.walk(visit)
	}
}

// constant reports whether the node's value does not depend on facts or elements.
func (n *node) constant() bool {
	fixed := true
	n.walk(func(part *node) {
		if part.op == opFact || part.op == opElement {
			fixed = false
		}
	})
	return fixed
}
