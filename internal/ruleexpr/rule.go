package ruleexpr

import (
	"math/big"
	"slices"
	"sort"
	"strings"

	"zutuan/internal/money"
)

// Rule is a compiled condition. It is immutable and safe for concurrent use.
type Rule struct {
	vocabulary *Vocabulary
	source     []rune
	root       *node
	holds      condition
	facts      []Slot
}

// CompileRule compiles a condition; the error is Errors.
func (v *Vocabulary) CompileRule(source string) (*Rule, error) {
	root, err := v.compile(source, TypeFlag)
	if err != nil {
		return nil, err
	}
	return &Rule{vocabulary: v, source: []rune(source), root: root, holds: compileCondition(root, v), facts: factsOf(root)}, nil
}

// Holds evaluates the rule. It allocates nothing unless a value is so wide, or a construct so rare, that it is walked
// exactly.
func (r *Rule) Holds(facts *Facts) Truth { return r.holds(facts) }

// Source returns the text the rule was compiled from.
func (r *Rule) Source() string { return string(r.source) }

// Facts returns the names the rule uses, sorted.
func (r *Rule) Facts() []string { return namesOf(r.vocabulary, r.facts) }

// EachFact hands on the names of the facts the rule uses, each once.
func (r *Rule) EachFact(yield func(name string) bool) {
	for _, slot := range r.facts {
		if !yield(r.vocabulary.facts[slot].Name) {
			return
		}
	}
}

// UsesSlot reports whether the rule uses the fact at a place of its vocabulary.
func (r *Rule) UsesSlot(slot Slot) bool { return slices.Contains(r.facts, slot) }

// Slots returns the places of the facts the rule uses, each once. The list must not be changed.
func (r *Rule) Slots() []Slot { return r.facts }

// Uses reports whether the rule uses any fact of a group ("offer").
func (r *Rule) Uses(group string) bool { return usesGroup(r.vocabulary, r.facts, group) }

// Number is a compiled formula for a number: a price, a size, a grace, a metric.
type Number struct {
	vocabulary *Vocabulary
	source     []rune
	root       *node
	value      fraction
	compiled   bool
	facts      []Slot
}

// CompileNumber compiles a formula; the error is Errors.
func (v *Vocabulary) CompileNumber(source string) (*Number, error) {
	root, err := v.compile(source, TypeNumber)
	if err != nil {
		return nil, err
	}
	formula := &Number{vocabulary: v, source: []rune(source), root: root, facts: factsOf(root)}
	formula.value, formula.compiled = compileFraction(root, v)
	// A quotient is rounded by the exact walk alone, so that there is one place that rounds it.
	formula.compiled = formula.compiled && formula.value.denominator == nil
	return formula, nil
}

// Source returns the text the formula was compiled from.
func (n *Number) Source() string { return string(n.source) }

// Facts returns the names the formula uses, sorted.
func (n *Number) Facts() []string { return namesOf(n.vocabulary, n.facts) }

// Uses reports whether the formula uses any fact of a group.
func (n *Number) Uses(group string) bool { return usesGroup(n.vocabulary, n.facts, group) }

// Quotient returns the two sides of a formula that is one division at its outermost, each a formula of its own, so that a
// ratio can be shown with what it divides; false where the formula is anything else.
func (n *Number) Quotient() (numerator, denominator *Number, ok bool) {
	if n.root.op != opDivide {
		return nil, nil, false
	}
	return n.part(n.root.kids[0]), n.part(n.root.kids[1]), true
}

// part makes a formula of one side of this one.
func (n *Number) part(root *node) *Number {
	text := []rune(strings.TrimSpace(string(n.source[root.from:root.to])))
	formula := &Number{vocabulary: n.vocabulary, source: text, root: root, facts: factsOf(root)}
	formula.value, formula.compiled = compileFraction(root, n.vocabulary)
	formula.compiled = formula.compiled && formula.value.denominator == nil
	return formula
}

// Unit returns the unit in which the result is shown.
func (n *Number) Unit() Unit { return n.root.dim.unit() }

// IsPlain reports whether the result has no unit, so that it may stand for any.
func (n *Number) IsPlain() bool { return n.root.dim.literal || n.Unit() == UnitRatio }

// Decimal evaluates the formula, rounded half-up; the doubt is nil where the value is known.
func (n *Number) Decimal(facts *Facts, decimals int) (money.Decimal, *Doubt) {
	if n.compiled {
		if value, ok := n.value.numerator(facts); ok {
			return roundScaled(value, n.value.numeratorDecimals, decimals), nil
		}
	}
	value, doubt := n.exactly(facts)
	if doubt != nil {
		return money.Zero, doubt
	}
	return toDecimal(value, decimals), nil
}

// Floor evaluates the formula and rounds it down to whole units of 10^−decimals; it reports how many.
func (n *Number) Floor(facts *Facts, decimals int) (int64, *Doubt) {
	if n.compiled {
		if value, ok := n.value.numerator(facts); ok {
			if units, ok := floorScaled(value, n.value.numeratorDecimals, decimals); ok {
				return units, nil
			}
		}
	}
	value, doubt := n.exactly(facts)
	if doubt != nil {
		return 0, doubt
	}
	units := new(big.Int).Mul(value.Num(), pow10(decimals))
	units.Div(units, value.Denom())
	if !units.IsInt64() {
		return 0, &Doubt{ZH: "数值超出可表示范围", EN: "the value is out of range"}
	}
	return units.Int64(), nil
}

// floorScaled brings value × 10^−from to units of 10^−to, rounded down; false where the result leaves an int64.
func floorScaled(value int64, from, to int) (int64, bool) {
	switch shift := to - from; {
	case shift > maxScale || shift < -maxScale:
		return 0, false
	case shift >= 0:
		return multiply(value, powersOfTen[shift])
	default:
		return floorDivide(value, powersOfTen[-shift]), true
	}
}

func (n *Number) exactly(facts *Facts) (*big.Rat, *Doubt) {
	e := evaluation{facts: facts}
	value, ok := e.number(n.root)
	if !ok {
		return nil, &e.doubt
	}
	return value, nil
}

func factsOf(root *node) []Slot {
	seen := map[Slot]bool{}
	var slots []Slot
	root.walk(func(n *node) {
		if n.op == opFact && !seen[n.slot] {
			seen[n.slot] = true
			slots = append(slots, n.slot)
		}
	})
	return slots
}

func namesOf(v *Vocabulary, slots []Slot) []string {
	names := make([]string, len(slots))
	for i, slot := range slots {
		names[i] = v.facts[slot].Name
	}
	sort.Strings(names)
	return names
}

func usesGroup(v *Vocabulary, slots []Slot, group string) bool {
	for _, slot := range slots {
		if strings.HasPrefix(v.facts[slot].Name, group+".") {
			return true
		}
	}
	return false
}
