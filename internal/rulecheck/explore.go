package rulecheck

import (
	"math/big"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// Setting is a fact with a value, in the text in which tests write it.
type Setting struct {
	Fact  string `json:"fact"`
	Value string `json:"value"`
}

// Limits of the search for facts that tell two conditions apart. They are counted and not timed, so that the same rules
// always give the same answer.
const (
	// maxVisits bounds how many sets of facts are tried for one question.
	maxVisits = 30_000
	// maxMoved is how many facts are moved together; rules that need more are rare and say more than one thing.
	maxMoved = 4
	// strangeWord is a text that no rule names.
	strangeWord = "其他"
)

// explorer looks for facts at which conditions come out as asked, by moving few facts from a base: numbers to where a
// comparison turns and one step either side, texts and lists to the words that the conditions name.
type explorer struct {
	vocabulary *ruleexpr.Vocabulary
	base       *ruleexpr.Facts
	facts      *ruleexpr.Facts
	slots      []ruleexpr.Slot
	leaves     []ruleexpr.Part
	words      []string
	numbers    []*big.Rat
	sizes      []int
	visits     int
	visit      func(*ruleexpr.Facts) bool
	done       bool
	// forced are base facts that were missing and had to be given some value.
	forced []ruleexpr.Slot
}

// explore calls visit with facts that differ from the base in few places, the base itself first, until visit returns true
// or the limits are reached. It reports whether visit did. Parameters and market data keep their values.
func explore(conditions []ruleexpr.Part, base *ruleexpr.Facts, visit func(facts *ruleexpr.Facts, settings func() []Setting) bool) bool {
	x := &explorer{vocabulary: base.Vocabulary(), base: base, facts: base.Clone()}
	for _, condition := range conditions {
		x.collect(condition, false)
	}
	x.force()
	x.order()
	x.visit = func(facts *ruleexpr.Facts) bool { return visit(facts, x.settings) }
	if x.tried() {
		return true
	}
	for moved := 1; moved <= min(maxMoved, len(x.slots)) && !x.done && x.visits < maxVisits; moved++ {
		x.choose(nil, 0, moved)
	}
	return x.done
}

func (x *explorer) tried() bool {
	x.visits++
	if x.visit(x.facts) {
		x.done = true
	}
	return x.done
}

// collect gathers the facts, comparisons, words and numbers of a condition.
func (x *explorer) collect(part ruleexpr.Part, inside bool) {
	switch part.Kind() {
	case ruleexpr.PartFact:
		name := part.Fact().Name
		fixed := strings.HasPrefix(name, rulepack.ParameterPrefix) || strings.HasPrefix(name, rulepack.MarketPrefix)
		if !fixed && !slices.Contains(x.slots, part.Slot()) {
			x.slots = append(x.slots, part.Slot())
		}
	case ruleexpr.PartCompare:
		if !inside && part.Parts()[0].Type() == ruleexpr.TypeNumber {
			x.leaves = append(x.leaves, part)
		}
		if inside {
			for _, side := range part.Parts() {
				if hasElement(side) || side.Type() != ruleexpr.TypeNumber {
					continue
				}
				if value, known := side.Value(x.base); known {
					x.numbers = append(x.numbers, value)
				}
			}
		}
	case ruleexpr.PartText:
		if !slices.Contains(x.words, part.Text()) {
			x.words = append(x.words, part.Text())
		}
	case ruleexpr.PartNumber:
		if part.Literal().IsInt() && part.Literal().Num().IsInt64() && !part.IsCalendar() {
			x.sizes = append(x.sizes, int(min(max(part.Literal().Num().Int64(), 0), maxListLength)))
		}
	}
	within := inside
	for i, kid := range part.Parts() {
		switch part.Kind() {
		case ruleexpr.PartAny, ruleexpr.PartAll, ruleexpr.PartNone, ruleexpr.PartCount:
			within = inside || i == 1
		}
		x.collect(kid, within)
	}
}

// maxListLength is the most items that a list is tried with; statements have at most 160 quarters, and forty are usual.
const maxListLength = 44

// force gives a value to base facts that are missing, because a condition without them decides nothing.
func (x *explorer) force() {
	for _, slot := range x.slots {
		if x.facts.Has(slot) {
			continue
		}
		x.forced = append(x.forced, slot)
		switch fact := x.vocabulary.Fact(slot); fact.Type {
		case ruleexpr.TypeFlag:
			x.facts.SetFlag(slot, false)
		case ruleexpr.TypeText:
			x.facts.SetText(slot, strangeWord)
		case ruleexpr.TypeTexts:
			x.facts.SetTexts(slot, []string{})
		case ruleexpr.TypeNumbers:
			x.facts.SetDecimals(slot, nil)
		default:
			low, high := scaledRange(fact)
			setScaled(x.facts, slot, min(max(low, 1_000_000), high))
		}
	}
}

// order puts facts that stand alone before numbers, so that a number is moved to where a comparison turns given all the
// rest; offer facts come first among numbers, because a test should rather set what a bureau writes.
func (x *explorer) order() {
	rank := func(slot ruleexpr.Slot) int {
		fact := x.vocabulary.Fact(slot)
		switch {
		case fact.Type == ruleexpr.TypeFlag || fact.Type == ruleexpr.TypeText || fact.Type == ruleexpr.TypeTexts:
			return 0
		case strings.HasPrefix(fact.Name, "offer."):
			return 1
		}
		return 2
	}
	slices.SortStableFunc(x.slots, func(a, b ruleexpr.Slot) int { return rank(a) - rank(b) })
}

// choose takes each set of so many facts in turn.
func (x *explorer) choose(chosen []ruleexpr.Slot, from, count int) {
	if count == 0 {
		x.move(chosen)
		return
	}
	for i := from; i+count <= len(x.slots) && !x.done; i++ {
		x.choose(append(chosen, x.slots[i]), i+1, count-1)
	}
}

func (x *explorer) move(slots []ruleexpr.Slot) {
	if x.done || x.visits >= maxVisits {
		return
	}
	if len(slots) == 0 {
		x.tried()
		return
	}
	slot := slots[0]
	before, _ := x.facts.ValueText(slot)
	for _, value := range x.values(slot) {
		if value == before {
			continue
		}
		if x.facts.SetFromText(slot, value) == nil {
			x.move(slots[1:])
		}
		if x.done || x.visits >= maxVisits {
			return
		}
	}
	_ = x.facts.SetFromText(slot, before) // the text came from the facts
}

// settings lists what differs from the base, forced facts included.
func (x *explorer) settings() []Setting {
	var out []Setting
	for _, slot := range x.slots {
		value, _ := x.facts.ValueText(slot)
		if before, had := x.base.ValueText(slot); !had || before != value {
			out = append(out, Setting{x.vocabulary.Fact(slot).Name, plainValue(x.vocabulary.Fact(slot), value)})
		}
	}
	slices.SortFunc(out, func(a, b Setting) int { return strings.Compare(a.Fact, b.Fact) })
	return out
}

// plainValue writes a value as people write it in a test: without zeros at the end of a number or blanks in a list.
func plainValue(fact ruleexpr.Fact, value string) string {
	if fact.Type == ruleexpr.TypeNumber && strings.Contains(value, ".") {
		return strings.TrimRight(strings.TrimRight(value, "0"), ".")
	}
	return strings.ReplaceAll(value, ", ", ",")
}

// values returns the texts that are worth trying for a fact.
func (x *explorer) values(slot ruleexpr.Slot) []string {
	fact := x.vocabulary.Fact(slot)
	switch fact.Type {
	case ruleexpr.TypeFlag:
		return []string{"true", "false"}
	case ruleexpr.TypeText:
		return append(append(append([]string{}, x.words...), fact.Order...), strangeWord)
	case ruleexpr.TypeTexts:
		return x.textLists()
	case ruleexpr.TypeNumbers:
		return x.numberLists(slot, fact)
	}
	var out []string
	for _, scaled := range x.turns(slot, fact) {
		trial := x.vocabulary.NewFacts()
		setScaled(trial, slot, scaled)
		if text, ok := trial.ValueText(slot); ok && !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}

func (x *explorer) textLists() []string {
	out := []string{"", strangeWord}
	for _, word := range x.words {
		out = append(out, word, word+","+strangeWord)
	}
	return append(out, strings.Join(x.words, ","))
}

// turns returns the values of a number at which some comparison turns, and one step either side, then the ends of its
// range.
func (x *explorer) turns(slot ruleexpr.Slot, fact ruleexpr.Fact) []int64 {
	low, high := scaledRange(fact)
	present := scaledValue(x.facts, slot, fact)
	var out []int64
	keep := func(values ...int64) {
		for _, value := range values {
			if value >= low && value <= high && !slices.Contains(out, value) {
				out = append(out, value)
			}
		}
	}
	for _, leaf := range x.leaves {
		if !mentions(leaf, slot) {
			continue
		}
		reaches := func(value int64) ruleexpr.Truth {
			setScaled(x.facts, slot, value)
			return notBelow(leaf, x.facts)
		}
		for _, stretch := range [][2]int64{{low, present}, {present, high}} {
			if at, ok := turn(stretch[0], stretch[1], reaches); ok {
				keep(at, at-1, at+1, at-2)
			}
		}
		setScaled(x.facts, slot, present)
	}
	keep(low, low+1, high-1, high)
	if low < 0 {
		keep(0)
	}
	return out
}

// notBelow says whether the left side of a comparison has reached the right one, whatever the operator: that is where every
// operator turns.
func notBelow(comparison ruleexpr.Part, facts *ruleexpr.Facts) ruleexpr.Truth {
	sign, known := side(comparison, facts)
	switch {
	case !known:
		return ruleexpr.Undecided
	case sign < 0:
		return ruleexpr.False
	}
	return ruleexpr.True
}

// turn returns the first value above from at which a condition no longer says what it said at from, by halving; false
// where it says the same at both ends.
func turn(from, to int64, holds func(int64) ruleexpr.Truth) (int64, bool) {
	start := holds(from)
	if from >= to || holds(to) == start {
		return 0, false
	}
	for to-from > 1 {
		if middle := from + (to-from)/2; holds(middle) == start {
			from = middle
		} else {
			to = middle
		}
	}
	return to, true
}

func mentions(part ruleexpr.Part, slot ruleexpr.Slot) bool {
	found := false
	part.Walk(func(p ruleexpr.Part) { found = found || p.Kind() == ruleexpr.PartFact && p.Slot() == slot })
	return found
}

// numberLists returns lists that turn counts, sums and slices: so many items at, below and above each number that the
// conditions compare items with, and lists whose sum turns a comparison.
func (x *explorer) numberLists(slot ruleexpr.Slot, fact ruleexpr.Fact) []string {
	step := decimal.New(1, -int32(fact.Unit.Decimals()))
	var out []string
	add := func(items []decimal.Decimal) {
		texts := make([]string, len(items))
		for i, item := range items {
			texts[i] = item.String()
		}
		out = append(out, strings.Join(texts, ","))
	}
	add(nil)
	for _, number := range x.numbers {
		at, ok := decimalOf(number, fact.Unit.Decimals())
		if !ok {
			continue
		}
		for _, size := range x.lengths() {
			for _, value := range []decimal.Decimal{at.Sub(step), at, at.Add(step)} {
				add(slices.Repeat([]decimal.Decimal{value}, size))
			}
		}
	}
	for _, pattern := range x.patterns() {
		for _, value := range x.turnsOfPattern(slot, fact, pattern) {
			items := make([]decimal.Decimal, pattern.length)
			for i := range items {
				if i == pattern.place || pattern.place < 0 {
					items[i] = decimal.New(value, -int32(fact.Unit.Decimals()))
				}
			}
			add(items)
		}
	}
	return out
}

// lengths returns how many items are worth trying: around every whole number that the conditions name, small ones always.
func (x *explorer) lengths() []int {
	lengths := []int{1, 2, 3}
	for _, size := range x.sizes {
		for _, length := range []int{size - 1, size, size + 1, size + 2} {
			if length > 0 && length <= maxListLength && !slices.Contains(lengths, length) {
				lengths = append(lengths, length)
			}
		}
	}
	return lengths
}

// pattern is a list of zeros with one value at a place, or of that value throughout (place −1).
type pattern struct{ length, place int }

func (x *explorer) patterns() []pattern {
	out := []pattern{{1, 0}}
	for _, size := range x.sizes {
		if size <= 1 || size >= maxListLength {
			continue
		}
		out = append(out, pattern{maxListLength, size}, pattern{maxListLength, size - 1})
	}
	return append(out, pattern{4, -1})
}

func (x *explorer) turnsOfPattern(slot ruleexpr.Slot, fact ruleexpr.Fact, p pattern) []int64 {
	before, _ := x.facts.ValueText(slot)
	defer func() { _ = x.facts.SetFromText(slot, before) }()
	low, high := scaledRange(fact)
	low = min(low, -high)
	var out []int64
	for _, leaf := range x.leaves {
		if !mentions(leaf, slot) {
			continue
		}
		reaches := func(value int64) ruleexpr.Truth {
			items := make([]decimal.Decimal, p.length)
			for i := range items {
				if i == p.place || p.place < 0 {
					items[i] = decimal.New(value, -int32(fact.Unit.Decimals()))
				}
			}
			x.facts.SetDecimals(slot, items)
			return notBelow(leaf, x.facts)
		}
		if at, ok := turn(low, high, reaches); ok {
			out = append(out, at-1, at, at+1)
		}
	}
	return out
}

// scaledRange returns the declared range of a number in its smallest units; where none is declared, one that no honest
// value leaves.
func scaledRange(fact ruleexpr.Fact) (low, high int64) {
	decimals := int32(fact.Unit.Decimals())
	switch fact.Unit {
	case ruleexpr.UnitYuan:
		low, high = 0, 1_000_000_000_000_00
	case ruleexpr.UnitRatio, ruleexpr.UnitRate, ruleexpr.UnitFX, ruleexpr.UnitYears:
		low, high = -1_000_000_000, 1_000_000_000
	case ruleexpr.UnitQuarter:
		low, high = 1990*4, 2100*4
	case ruleexpr.UnitDate:
		low, high = 0, 50_000
	default:
		low, high = -1_000, 1_000
	}
	if fact.Low != nil {
		low = fact.Low.Shift(decimals).IntPart()
	}
	if fact.High != nil {
		high = fact.High.Shift(decimals).IntPart()
	}
	return low, high
}

func scaledValue(facts *ruleexpr.Facts, slot ruleexpr.Slot, fact ruleexpr.Fact) int64 {
	value, _ := facts.Number(slot)
	return value.Shift(int32(fact.Unit.Decimals())).IntPart()
}

func setScaled(facts *ruleexpr.Facts, slot ruleexpr.Slot, scaled int64) {
	facts.SetDecimal(slot, decimal.New(scaled, -int32(facts.Vocabulary().Fact(slot).Unit.Decimals())))
}

// decimalOf rounds a rational down to some decimals; false where it is out of every range.
func decimalOf(value *big.Rat, decimals int) (decimal.Decimal, bool) {
	scaled := new(big.Int).Mul(value.Num(), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals)), nil))
	scaled.Div(scaled, value.Denom())
	return decimal.NewFromBigInt(scaled, -int32(decimals)), scaled.IsInt64()
}

// Distinguish returns up to limit sets of settings at which two conditions come out differently.
func Distinguish(a, b *ruleexpr.Rule, base *ruleexpr.Facts, limit int) [][]Setting {
	var found [][]Setting
	explore([]ruleexpr.Part{a.Tree(), b.Tree()}, base, func(facts *ruleexpr.Facts, settings func() []Setting) bool {
		if a.Holds(facts) != b.Holds(facts) {
			found = append(found, settings())
		}
		return len(found) >= limit
	})
	return found
}
