package ruleexpr

import (
	"cmp"
	"math/big"
	"math/bits"
)

// condition is a compiled condition.
type condition func(*Facts) Truth

// scaled is a compiled number: its value times a power of ten that is fixed at compile time. It reports false where
// the value is not to be had in an int64 – a fact is missing, or a product is too wide; the exact walk decides then.
type scaled func(*Facts) (int64, bool)

// fraction is a compiled number as numerator over denominator, each scaled. Nothing is divided to compare: both sides
// are multiplied out, so that a third is exactly a third. A nil denominator is one.
type fraction struct {
	numerator, denominator                scaled
	numeratorDecimals, denominatorDecimal int
}

// maxScale bounds the powers of ten that closures multiply by; a wider one goes to the exact walk.
const maxScale = 18

var powersOfTen = func() (powers [maxScale + 1]int64) {
	powers[0] = 1
	for i := 1; i <= maxScale; i++ {
		powers[i] = powers[i-1] * 10
	}
	return powers
}()

// compileCondition turns a condition into a closure. What has no closure of its own is walked exactly.
func compileCondition(n *node, v *Vocabulary) condition {
	switch n.op {
	case opBool:
		value := truthOf(n.flag)
		return func(*Facts) Truth { return value }
	case opFact:
		slot := n.slot
		return func(f *Facts) Truth {
			if !f.present[slot] {
				return Undecided
			}
			return Truth(f.numbers[slot])
		}
	case opNot:
		inner := compileCondition(n.kids[0], v)
		return func(f *Facts) Truth { return negate(inner(f)) }
	case opAnd, opOr:
		return compileJunction(n, v)
	case opCompare:
		return compileComparison(n, v)
	case opIn:
		return compileMembership(n, v)
	case opAny, opAll, opNone:
		if quick := compileListMembership(n, v); quick != nil {
			return quick
		}
		if counts := compileTally(n, v); counts != nil {
			exact, operator := walkExactly(n), n.op
			return func(f *Facts) Truth {
				if counted, ok := counts(f); ok {
					return counted.quantify(operator)
				}
				return exact(f)
			}
		}
	}
	return walkExactly(n)
}

func walkExactly(n *node) condition {
	return func(f *Facts) Truth {
		e := evaluation{facts: f}
		return e.truth(n)
	}
}

func compileJunction(n *node, v *Vocabulary) condition {
	left, right := compileCondition(n.kids[0], v), compileCondition(n.kids[1], v)
	if n.op == opAnd {
		return func(f *Facts) Truth {
			l := left(f)
			if l == False {
				return False
			}
			r := right(f)
			if r == False {
				return False
			}
			return max(l, r) // True and True is True; anything with Undecided is Undecided
		}
	}
	return func(f *Facts) Truth {
		l := left(f)
		if l == True {
			return True
		}
		r := right(f)
		if r == True {
			return True
		}
		return max(l, r)
	}
}

func compileComparison(n *node, v *Vocabulary) condition {
	left, right := n.kids[0], n.kids[1]
	switch left.kind {
	case TypeText:
		if left.op == opFact && right.op == opText {
			return compileTextEquality(left.slot, v.place[left.slot], right.text, n.cmp == equal)
		}
		return walkExactly(n)
	case TypeFlag:
		return walkExactly(n)
	}
	if left.op == opFact && right.op == opNumber {
		return compileThreshold(left.slot, v.facts[left.slot].Unit.Decimals(), n.cmp, right.literal)
	}
	if left.op == opFact && right.op == opFact && v.facts[left.slot].Unit.Decimals() == v.facts[right.slot].Unit.Decimals() {
		return compilePair(left.slot, right.slot, n.cmp)
	}
	l, leftOK := compileFraction(left, v)
	r, rightOK := compileFraction(right, v)
	if !leftOK || !rightOK {
		return walkExactly(n)
	}
	return compareFractions(l, r, n)
}

func compileTextEquality(slot Slot, place int32, text string, wantEqual bool) condition {
	return func(f *Facts) Truth {
		if !f.present[slot] {
			return Undecided
		}
		return truthOf((f.texts[place] == text) == wantEqual)
	}
}

// compileThreshold compares a fact with a written number. The number is moved to the fact's scale at compile time; one
// that lies between two representable values is rounded in the direction that leaves the answer the same.
func compileThreshold(slot Slot, decimals int, cmp comparison, literal *big.Rat) condition {
	exactly := new(big.Rat).Mul(literal, new(big.Rat).SetInt(pow10(decimals)))
	floor := new(big.Int).Div(exactly.Num(), exactly.Denom())
	if !exactly.IsInt() {
		switch cmp {
		case greaterOrEqual, greater:
			cmp = greater // x >= 0.5 and x > 0.5 are both x > 0 for whole x
		case less, lessOrEqual:
			cmp = lessOrEqual
		case equal, notEqual:
			value := truthOf(cmp == notEqual)
			return func(f *Facts) Truth {
				if !f.present[slot] {
					return Undecided
				}
				return value
			}
		}
	}
	if !floor.IsInt64() {
		above := truthOf(cmp.holds(-floor.Sign()))
		return func(f *Facts) Truth {
			if !f.present[slot] {
				return Undecided
			}
			return above
		}
	}
	return thresholdClosure(slot, cmp, floor.Int64())
}

func thresholdClosure(slot Slot, cmp comparison, limit int64) condition {
	switch cmp {
	case greaterOrEqual:
		return func(f *Facts) Truth {
			if !f.present[slot] {
				return Undecided
			}
			return truthOf(f.numbers[slot] >= limit)
		}
	case lessOrEqual:
		return func(f *Facts) Truth {
			if !f.present[slot] {
				return Undecided
			}
			return truthOf(f.numbers[slot] <= limit)
		}
	case greater:
		return thresholdClosure(slot, greaterOrEqual, limit+1)
	case less:
		return thresholdClosure(slot, lessOrEqual, limit-1)
	default:
		return func(f *Facts) Truth {
			if !f.present[slot] {
				return Undecided
			}
			return truthOf((f.numbers[slot] == limit) == (cmp == equal))
		}
	}
}

func compilePair(left, right Slot, cmp comparison) condition {
	return func(f *Facts) Truth {
		if !f.present[left] || !f.present[right] {
			return Undecided
		}
		l, r := f.numbers[left], f.numbers[right]
		switch cmp {
		case greaterOrEqual:
			return truthOf(l >= r)
		case lessOrEqual:
			return truthOf(l <= r)
		case greater:
			return truthOf(l > r)
		case less:
			return truthOf(l < r)
		default:
			return truthOf((l == r) == (cmp == equal))
		}
	}
}

// compareFractions compares a/b with c/d as a·d with c·b, the powers of ten multiplied in, on 128-bit products.
func compareFractions(l, r fraction, n *node) condition {
	shift := (l.denominatorDecimal - l.numeratorDecimals) - (r.denominatorDecimal - r.numeratorDecimals)
	leftPower, rightPower := max(shift, 0), max(-shift, 0)
	exact := walkExactly(n)
	if leftPower > maxScale || rightPower > maxScale {
		return exact
	}
	leftFactor, rightFactor, cmp := powersOfTen[leftPower], powersOfTen[rightPower], n.cmp
	return func(f *Facts) Truth {
		a, ok1 := l.numerator(f)
		c, ok2 := r.numerator(f)
		if !ok1 || !ok2 {
			return exact(f)
		}
		b, d := int64(1), int64(1)
		if l.denominator != nil {
			b, ok1 = l.denominator(f)
		}
		if r.denominator != nil {
			d, ok2 = r.denominator(f)
		}
		if !ok1 || !ok2 || b <= 0 || d <= 0 {
			return exact(f) // also a zero or negative divisor, which the exact walk names
		}
		sign, ok := compareProducts(a, d, leftFactor, c, b, rightFactor)
		if !ok {
			return exact(f)
		}
		return truthOf(cmp.holds(sign))
	}
}

// compareProducts returns the sign of a·d·p − c·b·q, where p or q is one, and false where a product leaves 128 bits.
func compareProducts(a, d, p, c, b, q int64) (int, bool) {
	var ok bool
	if p != 1 {
		if d, a, ok = multiplyInto(d, a, p); !ok {
			return 0, false
		}
	}
	if q != 1 {
		if b, c, ok = multiplyInto(b, c, q); !ok {
			return 0, false
		}
	}
	leftHigh, leftLow := multiplyWide(a, d)
	rightHigh, rightLow := multiplyWide(c, b)
	switch {
	case leftHigh != rightHigh:
		if leftHigh < rightHigh {
			return -1, true
		}
		return 1, true
	case leftLow != rightLow:
		if leftLow < rightLow {
			return -1, true
		}
		return 1, true
	}
	return 0, true
}

// multiplyInto multiplies one of two factors, whichever has room.
func multiplyInto(first, second, factor int64) (int64, int64, bool) {
	if product, ok := multiply(first, factor); ok {
		return product, second, true
	}
	product, ok := multiply(second, factor)
	return first, product, ok
}

// multiplyWide is the signed 128-bit product.
func multiplyWide(a, b int64) (high int64, low uint64) {
	h, l := bits.Mul64(uint64(a), uint64(b))
	return int64(h) - (a>>63)&b - (b>>63)&a, l
}

// multiply is the checked 64-bit product.
func multiply(a, b int64) (int64, bool) {
	high, low := multiplyWide(a, b)
	return int64(low), high == int64(low)>>63
}

// add is the checked 64-bit sum.
func add(a, b int64) (int64, bool) {
	sum := a + b
	return sum, (a^sum)&(b^sum) >= 0
}

// compileFraction compiles a number; false where it has a part that only the exact walk knows.
func compileFraction(n *node, v *Vocabulary) (fraction, bool) {
	switch n.op {
	case opNumber:
		value := n.scaled
		return fraction{numerator: func(*Facts) (int64, bool) { return value, true }, numeratorDecimals: n.decimals}, n.narrow && n.decimals <= maxScale
	case opFact:
		slot := n.slot
		return fraction{numerator: func(f *Facts) (int64, bool) { return f.numbers[slot], f.present[slot] }, numeratorDecimals: v.facts[slot].Unit.Decimals()}, true
	case opNegate:
		inner, ok := compileFraction(n.kids[0], v)
		numerator := inner.numerator
		inner.numerator = func(f *Facts) (int64, bool) {
			value, ok := numerator(f)
			return -value, ok && value != -value || value == 0 && ok
		}
		return inner, ok
	case opMultiply, opDivide, opAdd, opSubtract, opMin, opMax:
		if len(n.kids) != 2 {
			return fraction{}, false
		}
		left, leftOK := compileFraction(n.kids[0], v)
		right, rightOK := compileFraction(n.kids[1], v)
		if !leftOK || !rightOK {
			return fraction{}, false
		}
		return combine(n.op, left, right)
	case opIf:
		return compileChoice(n, v)
	case opSum:
		return compileSum(n.kids[0], v)
	case opCount:
		if counts := compileTally(n, v); counts != nil {
			return fraction{numerator: func(f *Facts) (int64, bool) {
				counted, ok := counts(f)
				return int64(counted.yes), ok
			}}, true
		}
	}
	return fraction{}, false
}

func combine(operator op, left, right fraction) (fraction, bool) {
	switch operator {
	case opMultiply:
		return fraction{product(left.numerator, right.numerator), product(left.denominator, right.denominator),
			left.numeratorDecimals + right.numeratorDecimals, left.denominatorDecimal + right.denominatorDecimal}, true
	case opDivide:
		// The divisor's sign is checked where the fraction is compared: a zero or negative one is walked exactly. A divisor
		// that is a fraction itself would move its own divisor to the numerator, where a zero would go unseen.
		if right.denominator != nil {
			return fraction{}, false
		}
		return fraction{left.numerator, product(left.denominator, right.numerator), left.numeratorDecimals, left.denominatorDecimal + right.numeratorDecimals}, true
	}
	if left.denominator != nil || right.denominator != nil {
		if operator == opMin || operator == opMax {
			return fraction{}, false
		}
		crossed := fraction{product(left.denominator, right.denominator), nil, left.denominatorDecimal + right.denominatorDecimal, 0}
		first := fraction{product(left.numerator, right.denominator), nil, left.numeratorDecimals + right.denominatorDecimal, 0}
		second := fraction{product(right.numerator, left.denominator), nil, right.numeratorDecimals + left.denominatorDecimal, 0}
		sum, ok := combine(operator, first, second)
		sum.denominator, sum.denominatorDecimal = crossed.numerator, crossed.numeratorDecimals
		return sum, ok
	}
	l, r, decimals, ok := align(left, right)
	return fraction{numerator: joined(operator, l, r), numeratorDecimals: decimals}, ok
}

// product multiplies two compiled numbers; nil is one.
func product(left, right scaled) scaled {
	if left == nil {
		return right
	}
	if right == nil {
		return left
	}
	return func(f *Facts) (int64, bool) {
		l, ok1 := left(f)
		r, ok2 := right(f)
		value, ok3 := multiply(l, r)
		return value, ok1 && ok2 && ok3
	}
}

// align brings two numbers without denominators to one scale.
func align(left, right fraction) (l, r scaled, decimals int, ok bool) {
	decimals = max(left.numeratorDecimals, right.numeratorDecimals)
	l, ok1 := rescaled(left.numerator, decimals-left.numeratorDecimals)
	r, ok2 := rescaled(right.numerator, decimals-right.numeratorDecimals)
	return l, r, decimals, ok1 && ok2
}

func rescaled(inner scaled, power int) (scaled, bool) {
	if power == 0 {
		return inner, true
	}
	if power > maxScale {
		return inner, false
	}
	factor := powersOfTen[power]
	return func(f *Facts) (int64, bool) {
		value, ok1 := inner(f)
		value, ok2 := multiply(value, factor)
		return value, ok1 && ok2
	}, true
}

func joined(operator op, left, right scaled) scaled {
	return func(f *Facts) (int64, bool) {
		l, ok1 := left(f)
		r, ok2 := right(f)
		if !ok1 || !ok2 {
			return 0, false
		}
		switch operator {
		case opAdd:
			return add(l, r)
		case opSubtract:
			if r == -r && r != 0 {
				return 0, false
			}
			return add(l, -r)
		case opMin:
			return min(l, r), true
		default:
			return max(l, r), true
		}
	}
}

func compileChoice(n *node, v *Vocabulary) (fraction, bool) {
	when := compileCondition(n.kids[0], v)
	yes, ok1 := compileFraction(n.kids[1], v)
	no, ok2 := compileFraction(n.kids[2], v)
	if !ok1 || !ok2 || yes.denominator != nil || no.denominator != nil {
		return fraction{}, false
	}
	l, r, decimals, ok := align(yes, no)
	return fraction{numeratorDecimals: decimals, numerator: func(f *Facts) (int64, bool) {
		switch when(f) {
		case True:
			return l(f)
		case False:
			return r(f)
		}
		return 0, false
	}}, ok
}

func compileMembership(n *node, v *Vocabulary) condition {
	subject, list := n.kids[0], n.kids[1]
	if subject.op != opFact || subject.kind != TypeText || list.op != opList {
		return walkExactly(n)
	}
	slot, place, texts := subject.slot, v.place[subject.slot], list.texts
	return func(f *Facts) Truth {
		if !f.present[slot] {
			return Undecided
		}
		return truthOf(contains(texts, f.texts[place]))
	}
}

func contains(texts []string, text string) bool {
	for _, candidate := range texts {
		if candidate == text {
			return true
		}
	}
	return false
}

// compileSum adds the numbers of a list, or of a slice of one; not to be had where the sum leaves an int64.
func compileSum(list *node, v *Vocabulary) (fraction, bool) {
	from, to := int64(0), int64(1)<<62
	if list.op == opSlice {
		from, to, list = list.kids[1].scaled, list.kids[2].scaled, list.kids[0]
	}
	if list.op != opFact || list.kind != TypeNumbers {
		return fraction{}, false
	}
	slot, place := list.slot, v.place[list.slot]
	return fraction{numeratorDecimals: v.facts[slot].Unit.Decimals(), numerator: func(f *Facts) (total int64, ok bool) {
		items := f.series[place]
		begin := min(from, int64(len(items)))
		end := max(begin, min(to, int64(len(items))))
		if ok = f.present[slot]; !ok {
			return 0, false
		}
		for _, item := range items[begin:end] {
			if total, ok = add(total, item); !ok {
				return 0, false
			}
		}
		return total, true
	}}, true
}

// compileTally counts the items of a list of numbers that compare with a limit, count(offer.dscr_by_year, # < 1.20) and its
// relatives: nil for any other predicate. The count is not to be had where a number is missing or too wide.
func compileTally(n *node, v *Vocabulary) func(*Facts) (tallied, bool) {
	list, body := n.kids[0], n.kids[1]
	if list.op != opFact || list.kind != TypeNumbers || body.op != opCompare || body.kids[0].op != opElement {
		return nil
	}
	limit, ok := compileFraction(body.kids[1], v)
	decimals := v.facts[list.slot].Unit.Decimals()
	shift := limit.numeratorDecimals - decimals
	if !ok || limit.denominator != nil || shift > maxScale || shift < -maxScale {
		return nil
	}
	itemFactor, limitFactor := powersOfTen[max(shift, 0)], powersOfTen[max(-shift, 0)]
	slot, place, operator := list.slot, v.place[list.slot], body.cmp
	return func(f *Facts) (counts tallied, ok bool) {
		bound, known := limit.numerator(f)
		bound, narrow := multiply(bound, limitFactor)
		if !f.present[slot] || !known || !narrow {
			return counts, false
		}
		for _, item := range f.series[place] {
			if item, narrow = multiply(item, itemFactor); !narrow {
				return counts, false
			}
			if operator.holds(cmp.Compare(item, bound)) {
				counts.yes++
			} else {
				counts.no++
			}
		}
		return counts, true
	}
}

// compileListMembership is any(list, # in [...]) and its relatives, the commonest predicate of all.
func compileListMembership(n *node, v *Vocabulary) condition {
	list, body := n.kids[0], n.kids[1]
	if list.op != opFact || list.kind != TypeTexts || body.op != opIn || body.kids[0].op != opElement || body.kids[1].op != opList {
		return nil
	}
	slot, place, texts, operator := list.slot, v.place[list.slot], body.kids[1].texts, n.op
	return func(f *Facts) Truth {
		if !f.present[slot] {
			return Undecided
		}
		var counts tallied
		for _, text := range f.lists[place] {
			if contains(texts, text) {
				counts.yes++
			} else {
				counts.no++
			}
		}
		return counts.quantify(operator)
	}
}
