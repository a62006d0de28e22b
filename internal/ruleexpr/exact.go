package ruleexpr

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"zutuan/internal/money"
)

// Truth is the outcome of a condition. It has three values: what cannot be known from the facts at hand is neither
// true nor false.
type Truth uint8

// The three outcomes.
const (
	False Truth = iota
	True
	Undecided
)

var truthWords = [...]string{"false", "true", "undecided"}

func (t Truth) String() string { return truthWords[t] }

// MarshalText writes the word.
func (t Truth) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (t *Truth) UnmarshalText(text []byte) error {
	for i, word := range truthWords {
		if string(text) == word {
			*t = Truth(i)
			return nil
		}
	}
	return fmt.Errorf("%q is no outcome of a condition", text)
}

func truthOf(value bool) Truth {
	if value {
		return True
	}
	return False
}

// Doubt says why something is undecided: which facts to supply, or what cannot be computed.
type Doubt struct {
	// Missing names the facts that are not known, in the order in which the expression needs them.
	Missing []string `json:"missing,omitempty"`
	// Why says, for each missing fact, what is known of the reason.
	Why map[string]string `json:"why,omitempty"`
	ZH  string            `json:"zh,omitempty"`
	EN  string            `json:"en,omitempty"`
}

// element is the item a predicate is looking at.
type element struct {
	number *big.Rat
	text   string
}

// evaluation is the exact walk over a tree: numbers are rationals, so nothing is rounded and nothing overflows. It is
// the reference for the compiled closures and does the work that they hand over.
type evaluation struct {
	facts    *Facts
	elements []element
	doubt    Doubt
}

func (e *evaluation) missing(slot Slot) {
	name := e.facts.vocabulary.facts[slot].Name
	if slices.Contains(e.doubt.Missing, name) {
		return
	}
	e.doubt.Missing = append(e.doubt.Missing, name)
	if reason := e.facts.reasons[slot]; reason != "" {
		if e.doubt.Why == nil {
			e.doubt.Why = map[string]string{}
		}
		e.doubt.Why[name] = reason
	}
}

func (e *evaluation) fault(zh, en string) {
	if e.doubt.ZH == "" {
		e.doubt.ZH, e.doubt.EN = zh, en
	}
}

// truth evaluates a condition in three-valued logic: false and anything is false, true or anything is true.
func (e *evaluation) truth(n *node) Truth {
	switch n.op {
	case opBool:
		return truthOf(n.flag)
	case opFact:
		if !e.facts.present[n.slot] {
			e.missing(n.slot)
			return Undecided
		}
		return truthOf(e.facts.numbers[n.slot] != 0)
	case opNot:
		return negate(e.truth(n.kids[0]))
	case opAnd, opOr:
		return e.junction(n)
	case opCompare:
		return e.compare(n)
	case opIn:
		return e.membership(n)
	case opTextMatch:
		return e.textMatch(n)
	case opIf:
		switch e.truth(n.kids[0]) {
		case True:
			return e.truth(n.kids[1])
		case False:
			return e.truth(n.kids[2])
		}
		return Undecided
	default:
		counts, ok := e.tally(n)
		if !ok {
			return Undecided
		}
		return counts.quantify(n.op)
	}
}

func negate(t Truth) Truth {
	switch t {
	case True:
		return False
	case False:
		return True
	}
	return Undecided
}

func (e *evaluation) junction(n *node) Truth {
	decisive := False
	if n.op == opOr {
		decisive = True
	}
	left := e.truth(n.kids[0])
	if left == decisive {
		return decisive
	}
	right := e.truth(n.kids[1])
	if right == decisive {
		return decisive
	}
	if left == Undecided || right == Undecided {
		return Undecided
	}
	return negate(decisive)
}

func (e *evaluation) compare(n *node) Truth {
	switch n.kids[0].kind {
	case TypeNumber:
		left, leftOK := e.number(n.kids[0])
		right, rightOK := e.number(n.kids[1])
		if !leftOK || !rightOK {
			return Undecided
		}
		return truthOf(n.cmp.holds(left.Cmp(right)))
	case TypeText:
		left, leftOK := e.text(n.kids[0])
		right, rightOK := e.text(n.kids[1])
		if !leftOK || !rightOK {
			return Undecided
		}
		return truthOf((left == right) == (n.cmp == equal))
	default:
		left, right := e.truth(n.kids[0]), e.truth(n.kids[1])
		if left == Undecided || right == Undecided {
			return Undecided
		}
		return truthOf((left == right) == (n.cmp == equal))
	}
}

func (e *evaluation) membership(n *node) Truth {
	items, ok := e.items(n.kids[1])
	if !ok {
		return Undecided
	}
	if n.kids[0].kind == TypeText {
		text, ok := e.text(n.kids[0])
		if !ok {
			return Undecided
		}
		return truthOf(slices.ContainsFunc(items, func(item element) bool { return item.text == text }))
	}
	number, ok := e.number(n.kids[0])
	if !ok {
		return Undecided
	}
	return truthOf(slices.ContainsFunc(items, func(item element) bool { return item.number.Cmp(number) == 0 }))
}

func (e *evaluation) textMatch(n *node) Truth {
	left, leftOK := e.text(n.kids[0])
	right, rightOK := e.text(n.kids[1])
	if !leftOK || !rightOK {
		return Undecided
	}
	switch n.text {
	case "contains":
		return truthOf(strings.Contains(left, right))
	case "startsWith":
		return truthOf(strings.HasPrefix(left, right))
	default:
		return truthOf(strings.HasSuffix(left, right))
	}
}

// tallied counts what a predicate says over a list.
type tallied struct{ yes, no, unknown int }

func (c tallied) quantify(operator op) Truth {
	switch {
	case operator == opAny && c.yes > 0, operator == opAll && c.no == 0 && c.unknown == 0, operator == opNone && c.yes == 0 && c.unknown == 0:
		return True
	case operator == opAny && c.unknown == 0, operator == opAll && c.no > 0, operator == opNone && c.yes > 0:
		return False
	}
	return Undecided
}

// tally runs a predicate over its list; false where the list itself is not known.
func (e *evaluation) tally(n *node) (tallied, bool) {
	items, ok := e.items(n.kids[0])
	if !ok {
		return tallied{}, false
	}
	var counts tallied
	for _, item := range items {
		e.elements = append(e.elements, item)
		switch e.truth(n.kids[1]) {
		case True:
			counts.yes++
		case False:
			counts.no++
		default:
			counts.unknown++
		}
		e.elements = e.elements[:len(e.elements)-1]
	}
	return counts, true
}

func (e *evaluation) items(n *node) ([]element, bool) {
	switch n.op {
	case opFact:
		if !e.facts.present[n.slot] {
			e.missing(n.slot)
			return nil, false
		}
		return e.factItems(n.slot), true
	case opSlice:
		items, ok := e.items(n.kids[0])
		if !ok {
			return nil, false
		}
		from := min(n.kids[1].scaled, int64(len(items)))
		to := max(from, min(n.kids[2].scaled, int64(len(items))))
		return items[from:to], true
	default:
		items := make([]element, len(n.kids))
		for i, kid := range n.kids {
			if kid.kind == TypeText {
				items[i].text = kid.text
				continue
			}
			var ok bool
			if items[i].number, ok = e.number(kid); !ok {
				return nil, false
			}
		}
		return items, true
	}
}

func (e *evaluation) factItems(slot Slot) []element {
	fact, place := e.facts.vocabulary.facts[slot], e.facts.vocabulary.place[slot]
	if fact.Type == TypeTexts {
		items := make([]element, len(e.facts.lists[place]))
		for i, text := range e.facts.lists[place] {
			items[i].text = text
		}
		return items
	}
	items := make([]element, len(e.facts.series[place]))
	for i, scaled := range e.facts.series[place] {
		items[i].number = rational(scaled, fact.Unit.Decimals())
	}
	return items
}

// rational returns scaled × 10^−decimals.
func rational(scaled int64, decimals int) *big.Rat {
	return new(big.Rat).SetFrac(big.NewInt(scaled), pow10(decimals))
}

// smallPowers are the powers of ten of every scale that a fact has; nobody may alter them.
var smallPowers = func() (powers [maxScale + 1]*big.Int) {
	for i := range powers {
		powers[i] = big.NewInt(powersOfTen[i])
	}
	return powers
}()

func pow10(exponent int) *big.Int {
	if exponent >= 0 && exponent <= maxScale {
		return smallPowers[exponent]
	}
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(exponent)), nil)
}

func (e *evaluation) text(n *node) (string, bool) {
	switch n.op {
	case opText:
		return n.text, true
	case opFact:
		if !e.facts.present[n.slot] {
			e.missing(n.slot)
			return "", false
		}
		return e.facts.texts[e.facts.vocabulary.place[n.slot]], true
	case opElement:
		return e.elements[n.depth].text, true
	case opIndex:
		item, ok := e.index(n)
		return item.text, ok
	default: // opIf
		switch e.truth(n.kids[0]) {
		case True:
			return e.text(n.kids[1])
		case False:
			return e.text(n.kids[2])
		}
		return "", false
	}
}

func (e *evaluation) index(n *node) (element, bool) {
	items, ok := e.items(n.kids[0])
	if !ok {
		return element{}, false
	}
	place := n.kids[1].scaled
	if place >= int64(len(items)) {
		e.fault("列表没有那么多项", "the list has fewer items")
		return element{}, false
	}
	return items[place], true
}

// number evaluates a number exactly; false where a fact is missing or a divisor is zero.
func (e *evaluation) number(n *node) (*big.Rat, bool) {
	switch n.op {
	case opNumber:
		return n.literal, true
	case opFact:
		if !e.facts.present[n.slot] {
			e.missing(n.slot)
			return nil, false
		}
		return rational(e.facts.numbers[n.slot], e.facts.vocabulary.facts[n.slot].Unit.Decimals()), true
	case opElement:
		return e.elements[n.depth].number, true
	case opIndex:
		item, ok := e.index(n)
		return item.number, ok
	case opAdd, opSubtract, opMultiply, opDivide:
		return e.arithmetic(n)
	case opIf:
		switch e.truth(n.kids[0]) {
		case True:
			return e.number(n.kids[1])
		case False:
			return e.number(n.kids[2])
		}
		return nil, false
	case opMin, opMax:
		return e.extreme(n)
	case opLen, opSum, opCount:
		return e.aggregate(n)
	default: // opNegate, opAbs, opFloor, opCeil
		value, ok := e.number(n.kids[0])
		if !ok {
			return nil, false
		}
		return unaryRational(n.op, value), true
	}
}

func unaryRational(operator op, value *big.Rat) *big.Rat {
	switch operator {
	case opNegate:
		return new(big.Rat).Neg(value)
	case opAbs:
		return new(big.Rat).Abs(value)
	}
	floor := new(big.Int).Div(value.Num(), value.Denom()) // Euclidean; with a positive divisor that is the floor
	if operator == opCeil && !value.IsInt() {
		floor.Add(floor, big.NewInt(1))
	}
	return new(big.Rat).SetInt(floor)
}

func (e *evaluation) arithmetic(n *node) (*big.Rat, bool) {
	left, leftOK := e.number(n.kids[0])
	right, rightOK := e.number(n.kids[1])
	if !leftOK || !rightOK {
		return nil, false
	}
	switch n.op {
	case opAdd:
		return new(big.Rat).Add(left, right), true
	case opSubtract:
		return new(big.Rat).Sub(left, right), true
	case opMultiply:
		return new(big.Rat).Mul(left, right), true
	}
	if right.Sign() == 0 {
		e.fault("除数为零，无法计算", "division by zero")
		return nil, false
	}
	return new(big.Rat).Quo(left, right), true
}

func (e *evaluation) extreme(n *node) (*big.Rat, bool) {
	var values []*big.Rat
	if n.kids[0].kind == TypeNumbers {
		items, ok := e.items(n.kids[0])
		if !ok {
			return nil, false
		}
		for _, item := range items {
			values = append(values, item.number)
		}
	} else {
		for _, kid := range n.kids {
			value, ok := e.number(kid)
			if !ok {
				return nil, false
			}
			values = append(values, value)
		}
	}
	if len(values) == 0 {
		e.fault("空列表没有最大最小值", "an empty list has no minimum or maximum")
		return nil, false
	}
	best := values[0]
	for _, value := range values[1:] {
		if sign := value.Cmp(best); sign < 0 && n.op == opMin || sign > 0 && n.op == opMax {
			best = value
		}
	}
	return best, true
}

func (e *evaluation) aggregate(n *node) (*big.Rat, bool) {
	if n.op == opCount {
		counts, ok := e.tally(n)
		if !ok || counts.unknown > 0 {
			return nil, false
		}
		return big.NewRat(int64(counts.yes), 1), true
	}
	items, ok := e.items(n.kids[0])
	if !ok {
		return nil, false
	}
	if n.op == opLen {
		return big.NewRat(int64(len(items)), 1), true
	}
	total := new(big.Rat)
	for _, item := range items {
		total.Add(total, item.number)
	}
	return total, true
}

// roundHalfUp returns value × 10^decimals rounded half-up, a tie going away from zero.
func roundHalfUp(value *big.Rat, decimals int) *big.Int {
	scaled := new(big.Int).Mul(value.Num(), pow10(decimals))
	scaled.Mul(scaled, big.NewInt(2))
	negative := scaled.Sign() < 0
	scaled.Abs(scaled)
	scaled.Add(scaled, value.Denom())
	scaled.Quo(scaled, new(big.Int).Mul(value.Denom(), big.NewInt(2)))
	if negative {
		scaled.Neg(scaled)
	}
	return scaled
}

func toDecimal(value *big.Rat, decimals int) money.Decimal {
	return decimal.NewFromBigInt(roundHalfUp(value, decimals), -int32(decimals))
}

// roundScaled returns value × 10^−from as a decimal rounded half-up to the given decimals.
func roundScaled(value int64, from, decimals int) money.Decimal {
	exact := decimal.New(value, -int32(from))
	if from <= decimals {
		return exact
	}
	return exact.Round(int32(decimals))
}
