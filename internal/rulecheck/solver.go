package rulecheck

import (
	"fmt"
	"math/big"
	"slices"
	"sort"
	"strings"

	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// solver proves that conditions cannot hold together. It knows the declared range of every fact, the grid on which a fact's
// values lie, and every value that a parameter has had; numbers are exact rationals. It never says that something can be:
// that is for a witness, which the evaluator confirms.
type solver struct {
	vocabulary *ruleexpr.Vocabulary
	// spans replaces the range of a fact, by name: a parameter's recorded values, a product's own terms.
	spans map[string]interval
	atoms []atom
	place map[string]int
}

func newSolver(library *rulepack.Library) *solver {
	s := &solver{vocabulary: library.Vocabulary, spans: map[string]interval{}, place: map[string]int{}}
	for _, parameter := range library.Parameters.All() {
		var span interval
		for _, value := range parameter.Values {
			facts := s.vocabulary.NewFacts()
			slot := s.vocabulary.Slot(rulepack.ParameterPrefix + parameter.ID)
			if s.vocabulary.Fact(slot).Type != ruleexpr.TypeNumber || facts.SetFromText(slot, value.Value) != nil {
				continue
			}
			number, _ := facts.Number(slot)
			span = span.include(rat(number))
		}
		s.spans[rulepack.ParameterPrefix+parameter.ID] = span
	}
	return s
}

// within returns a solver that also knows narrower ranges of some facts.
func (s *solver) within(spans map[string]interval) *solver {
	narrower := &solver{vocabulary: s.vocabulary, spans: map[string]interval{}, place: map[string]int{}}
	for name, span := range s.spans {
		narrower.spans[name] = span
	}
	for name, span := range spans {
		narrower.spans[name] = span
	}
	return narrower
}

// span returns the range of a fact.
func (s *solver) span(fact ruleexpr.Fact) interval {
	if span, ok := s.spans[fact.Name]; ok {
		return span
	}
	var span interval
	if fact.Low != nil {
		span.low = rat(*fact.Low)
	}
	if fact.High != nil {
		span.high = rat(*fact.High)
	}
	return span
}

func (s *solver) atom(name string, span interval, grid *big.Rat) int {
	place, known := s.place[name]
	if !known {
		place = len(s.atoms)
		s.place[name] = place
		s.atoms = append(s.atoms, atom{name, span, grid})
	}
	return place
}

func (s *solver) spanOf(f form) interval {
	span := point(f.constant)
	for _, t := range f.terms {
		span = span.add(s.atoms[t.atom].span.scale(t.coefficient))
	}
	return span
}

// The kinds of literals of a conjunction.
type literal struct {
	// constraint is a number's; the other kinds are false where it is used.
	constraint *constraint
	// key names a condition that is only true or false; value is which.
	key   string
	value bool
	// words are those that a text may be (value true) or may not be (false); key names the text.
	words []string
	// match and word say how an item of a list of texts is looked at; key names the list.
	match, word string
}

type conjunction []literal

// maxConjunctions bounds how many alternatives a condition is split into; beyond it a condition counts as one unknown.
const maxConjunctions = 96

// Only conditions outside of predicates are split; what stands inside one is an unknown, or read by itemMatches.

// split returns the alternatives under which a condition is true (or, with want false, false): a list of conjunctions of
// which at least one holds. A condition too large to split is a single unknown.
func (s *solver) split(part ruleexpr.Part, want bool) []conjunction {
	out := s.alternatives(part, want)
	if len(out) > maxConjunctions {
		return []conjunction{{{key: canonical(part), value: want}}}
	}
	return out
}

func (s *solver) alternatives(part ruleexpr.Part, want bool) []conjunction {
	kids := part.Parts()
	switch part.Kind() {
	case ruleexpr.PartFlag:
		if part.Flag() == want {
			return []conjunction{{}}
		}
		return nil
	case ruleexpr.PartNot:
		return s.split(kids[0], !want)
	case ruleexpr.PartAnd, ruleexpr.PartOr:
		left, right := s.split(kids[0], want), s.split(kids[1], want)
		if (part.Kind() == ruleexpr.PartAnd) == want {
			return both(left, right)
		}
		return append(append([]conjunction{}, left...), right...)
	case ruleexpr.PartIf:
		yes := both(s.split(kids[0], true), s.split(kids[1], want))
		return append(yes, both(s.split(kids[0], false), s.split(kids[2], want))...)
	case ruleexpr.PartCompare:
		return s.comparison(part, kids, want)
	case ruleexpr.PartIn:
		return s.membership(part, kids, want)
	case ruleexpr.PartNone:
		return s.anyOf(kids[0], kids[1], !want)
	case ruleexpr.PartAny:
		return s.anyOf(kids[0], kids[1], want)
	}
	return []conjunction{{{key: canonical(part), value: want}}}
}

// both joins two lists of alternatives, each of the one with each of the other. It stops once there are too many, which
// split then takes for one unknown.
func both(left, right []conjunction) []conjunction {
	var out []conjunction
	for _, l := range left {
		for _, r := range right {
			out = append(out, append(append(conjunction{}, l...), r...))
			if len(out) > maxConjunctions {
				return out
			}
		}
	}
	return out
}

// negated and flipped are what an operator becomes when the comparison is false, and when its sides are exchanged.
var negated = map[string]string{">=": "<", ">": "<=", "<=": ">", "<": ">=", "==": "!=", "!=": "=="}

func (s *solver) comparison(part ruleexpr.Part, kids []ruleexpr.Part, want bool) []conjunction {
	operator := part.Operator()
	if !want {
		operator = negated[operator]
	}
	switch kids[0].Type() {
	case ruleexpr.TypeText:
		return s.textEquality(part, kids, operator == "==")
	case ruleexpr.TypeFlag:
		same := append(both(s.split(kids[0], true), s.split(kids[1], true)), both(s.split(kids[0], false), s.split(kids[1], false))...)
		if operator == "==" {
			return same
		}
		return append(both(s.split(kids[0], true), s.split(kids[1], false)), both(s.split(kids[0], false), s.split(kids[1], true))...)
	}
	var out []conjunction
	for _, l := range s.quotients(kids[0]) {
		for _, r := range s.quotients(kids[1]) {
			guard := append(append(conjunction{}, l.guard...), r.guard...)
			for _, c := range s.compare(l, r, operator) {
				out = append(out, append(append(conjunction{}, guard...), c...))
			}
		}
	}
	return out
}

// guarded is a number under a condition: numerator over divisor, nil for one. The divisor is not negative, and where it is
// zero nothing is decided.
type guarded struct {
	guard              conjunction
	numerator, divisor *form
}

// quotients returns the cases of a number that is one division at its outermost, with its divisor kept apart.
func (s *solver) quotients(part ruleexpr.Part) []guarded {
	if part.Kind() == ruleexpr.PartDivide {
		kids := part.Parts()
		var out []guarded
		for _, top := range s.numbers(kids[0]) {
			for _, bottom := range s.numbers(kids[1]) {
				if bottom.numerator.isConstant() || !s.spanOf(*bottom.numerator).nonNegative() {
					return s.numbers(part)
				}
				out = append(out, guarded{append(append(conjunction{}, top.guard...), bottom.guard...), top.numerator, bottom.numerator})
			}
		}
		return out
	}
	return s.numbers(part)
}

// compare makes the constraints of one comparison, a divisor multiplied away.
func (s *solver) compare(l, r guarded, operator string) []conjunction {
	left, right := *l.numerator, *r.numerator
	var guard conjunction
	for _, side := range []struct {
		divisor *form
		other   *form
	}{{l.divisor, &right}, {r.divisor, &left}} {
		if side.divisor == nil {
			continue
		}
		guard = append(guard, literal{constraint: &constraint{*side.divisor, true}})
		*side.other = s.product(*side.other, *side.divisor)
	}
	difference := left.minus(right)
	at := func(f form, strict bool) conjunction {
		return append(append(conjunction{}, guard...), literal{constraint: &constraint{f, strict}})
	}
	switch operator {
	case ">=":
		return []conjunction{at(difference, false)}
	case ">":
		return []conjunction{at(difference, true)}
	case "<=":
		return []conjunction{at(difference.negate(), false)}
	case "<":
		return []conjunction{at(difference.negate(), true)}
	case "==":
		return []conjunction{append(at(difference, false), at(difference.negate(), false)...)}
	default:
		return []conjunction{at(difference, true), at(difference.negate(), true)}
	}
}

// numbers returns the cases of a number as linear forms: one for each branch of its conditionals and of min and max.
func (s *solver) numbers(part ruleexpr.Part) []guarded {
	out := s.cases(part)
	if len(out) > maxConjunctions {
		f := atomForm(s.atom(canonical(part), interval{}, nil))
		return []guarded{{numerator: &f}}
	}
	return out
}

func (s *solver) cases(part ruleexpr.Part) []guarded {
	kids := part.Parts()
	switch part.Kind() {
	case ruleexpr.PartNumber:
		return single(constantForm(part.Literal()))
	case ruleexpr.PartFact:
		return single(s.factForm(part.Fact()))
	case ruleexpr.PartNegate:
		return s.combine(kids, func(f []form) form { return f[0].negate() })
	case ruleexpr.PartAdd:
		return s.combine(kids, func(f []form) form { return f[0].plus(f[1], ratOne) })
	case ruleexpr.PartSubtract:
		return s.combine(kids, func(f []form) form { return f[0].minus(f[1]) })
	case ruleexpr.PartMultiply:
		return s.combine(kids, func(f []form) form { return s.product(f[0], f[1]) })
	case ruleexpr.PartDivide:
		return s.combine(kids, func(f []form) form { return s.quotient(f[0], f[1]) })
	case ruleexpr.PartIf:
		return s.conditional(kids)
	case ruleexpr.PartMin, ruleexpr.PartMax:
		if kids[0].Type() == ruleexpr.TypeNumber {
			return s.extreme(kids, part.Kind() == ruleexpr.PartMax)
		}
	}
	return single(atomForm(s.atom(canonical(part), s.opaque(part, kids), gridOf(part))))
}

func single(f form) []guarded { return []guarded{{numerator: &f}} }

func (s *solver) factForm(fact ruleexpr.Fact) form {
	span := s.span(fact)
	if span.isPoint() {
		return constantForm(span.low)
	}
	return atomForm(s.atom(fact.Name, span, unitStep(fact.Unit)))
}

// unitStep is the distance between two neighbouring values of a fact.
func unitStep(unit ruleexpr.Unit) *big.Rat {
	return new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(unit.Decimals())), nil))
}

func gridOf(part ruleexpr.Part) *big.Rat {
	switch part.Kind() {
	case ruleexpr.PartLen, ruleexpr.PartCount, ruleexpr.PartFloor, ruleexpr.PartCeil:
		return ratOne
	}
	return nil
}

// opaque returns what is known of the range of a part that is not linear.
func (s *solver) opaque(part ruleexpr.Part, kids []ruleexpr.Part) interval {
	switch part.Kind() {
	case ruleexpr.PartLen, ruleexpr.PartCount, ruleexpr.PartAbs:
		return interval{low: new(big.Rat)}
	case ruleexpr.PartFloor, ruleexpr.PartCeil:
		span := s.spanOfNumber(kids[0])
		one := point(ratOne)
		return interval{addEnds(span.low, ratMinusOne), addEnds(span.high, one.high)}
	case ruleexpr.PartSum, ruleexpr.PartIndex:
		if kids[0].Kind() == ruleexpr.PartFact && part.Kind() == ruleexpr.PartIndex {
			return s.span(kids[0].Fact())
		}
	}
	return interval{}
}

// spanOfNumber returns the range of a number over all of its cases.
func (s *solver) spanOfNumber(part ruleexpr.Part) interval {
	if kind, kids := part.Kind(), part.Parts(); (kind == ruleexpr.PartMin || kind == ruleexpr.PartMax) && kids[0].Type() == ruleexpr.TypeNumber {
		return s.spanOfExtreme(kids, kind == ruleexpr.PartMax)
	}
	var out interval
	for i, c := range s.numbers(part) {
		if span := s.spanOf(*c.numerator); i == 0 {
			out = span
		} else {
			out = out.hull(span)
		}
	}
	return out
}

// spanOfExtreme returns the range of min or max: min is bounded above by each of its arguments, max below.
func (s *solver) spanOfExtreme(kids []ruleexpr.Part, largest bool) interval {
	out := s.spanOfNumber(kids[0])
	for _, kid := range kids[1:] {
		span := s.spanOfNumber(kid)
		hull := out.hull(span)
		if largest {
			out = interval{tighter(out.low, span.low, 1), hull.high}
		} else {
			out = interval{hull.low, tighter(out.high, span.high, -1)}
		}
	}
	return out
}

// tighter returns the larger (sign 1) or smaller (sign −1) of two ends; an end that is nil bounds nothing.
func tighter(a, b *big.Rat, sign int) *big.Rat {
	if a == nil || b != nil && b.Cmp(a) == sign {
		return b
	}
	return a
}

func (s *solver) combine(kids []ruleexpr.Part, join func([]form) form) []guarded {
	out := []guarded{{}}
	chosen := [][]form{nil}
	for _, kid := range kids {
		var next []guarded
		var forms [][]form
		for i, so := range out {
			for _, c := range s.numbers(kid) {
				next = append(next, guarded{guard: append(append(conjunction{}, so.guard...), c.guard...)})
				forms = append(forms, append(append([]form{}, chosen[i]...), *c.numerator))
			}
		}
		out, chosen = next, forms
	}
	for i := range out {
		f := join(chosen[i])
		out[i].numerator = &f
	}
	return out
}

func (s *solver) product(a, b form) form {
	switch {
	case a.isConstant():
		return b.scale(a.constant)
	case b.isConstant():
		return a.scale(b.constant)
	}
	if s.nameOf(b) < s.nameOf(a) {
		a, b = b, a
	}
	return atomForm(s.atom("("+s.nameOf(a)+")*("+s.nameOf(b)+")", s.spanOf(a).multiply(s.spanOf(b)), nil))
}

func (s *solver) quotient(a, b form) form {
	if b.isConstant() {
		if b.constant.Sign() == 0 {
			return atomForm(s.atom("("+s.nameOf(a)+")/0", interval{}, nil))
		}
		return a.scale(new(big.Rat).Inv(b.constant))
	}
	var span interval
	if divisor := s.spanOf(b); divisor.nonNegative() {
		span = s.spanOf(a).multiply(divisor.inverse())
	}
	return atomForm(s.atom("("+s.nameOf(a)+")/("+s.nameOf(b)+")", span, nil))
}

// nameOf writes a form so that equal forms have equal names.
func (s *solver) nameOf(f form) string {
	var parts []string
	for _, t := range f.terms {
		parts = append(parts, t.coefficient.RatString()+"*"+s.atoms[t.atom].name)
	}
	sort.Strings(parts)
	return strings.Join(append(parts, f.constant.RatString()), "+")
}

func (s *solver) conditional(kids []ruleexpr.Part) []guarded {
	var out []guarded
	for i, want := range []bool{true, false} {
		for _, guard := range s.split(kids[0], want) {
			for _, c := range s.numbers(kids[i+1]) {
				out = append(out, guarded{guard: append(append(conjunction{}, guard...), c.guard...), numerator: c.numerator})
			}
		}
	}
	return out
}

// extreme splits min and max: each argument is the result where it is not beyond any other.
func (s *solver) extreme(kids []ruleexpr.Part, largest bool) []guarded {
	all := s.combine(kids, func(f []form) form { return f[0] })
	var out []guarded
	for chosen := range kids {
		for i, rows := 0, s.rows(kids); i < len(all) && i < len(rows); i++ {
			guard := append(conjunction{}, all[i].guard...)
			for other := range kids {
				if other == chosen {
					continue
				}
				difference := rows[i][other].minus(rows[i][chosen])
				if largest {
					difference = difference.negate()
				}
				guard = append(guard, literal{constraint: &constraint{difference, false}})
			}
			f := rows[i][chosen]
			out = append(out, guarded{guard: guard, numerator: &f})
		}
	}
	return out
}

// rows returns the forms of several numbers in every combination of their cases, in the order of combine.
func (s *solver) rows(kids []ruleexpr.Part) [][]form {
	rows := [][]form{nil}
	for _, kid := range kids {
		var next [][]form
		for _, row := range rows {
			for _, c := range s.numbers(kid) {
				next = append(next, append(append([]form{}, row...), *c.numerator))
			}
		}
		rows = next
	}
	return rows
}

func (s *solver) textEquality(part ruleexpr.Part, kids []ruleexpr.Part, equal bool) []conjunction {
	for i := range kids {
		fact, word := kids[i], kids[1-i]
		if word.Kind() == ruleexpr.PartText {
			return []conjunction{{{key: canonical(fact), value: equal, words: []string{word.Text()}}}}
		}
	}
	return []conjunction{{{key: canonical(kids[0]) + "==" + canonical(kids[1]), value: equal}}}
}

func (s *solver) membership(part ruleexpr.Part, kids []ruleexpr.Part, want bool) []conjunction {
	value, list := kids[0], kids[1]
	switch {
	case value.Kind() == ruleexpr.PartText && list.Kind() == ruleexpr.PartFact:
		return []conjunction{{{key: canonical(list), value: want, match: "==", word: value.Text()}}}
	case value.Type() == ruleexpr.TypeText && list.Kind() == ruleexpr.PartList:
		return []conjunction{{{key: canonical(value), value: want, words: wordsOf(list)}}}
	case list.Kind() == ruleexpr.PartList:
		return s.numberMembership(value, list.Parts(), want)
	}
	return []conjunction{{{key: canonical(part), value: want}}}
}

func wordsOf(list ruleexpr.Part) []string {
	var words []string
	for _, item := range list.Parts() {
		words = append(words, item.Text())
	}
	return words
}

func (s *solver) numberMembership(value ruleexpr.Part, items []ruleexpr.Part, want bool) []conjunction {
	out := []conjunction{{}}
	if want {
		out = nil
	}
	for _, item := range items {
		var equal []conjunction
		for _, l := range s.numbers(value) {
			for _, r := range s.numbers(item) {
				operator := "=="
				if !want {
					operator = "!="
				}
				for _, c := range s.compare(l, r, operator) {
					equal = append(equal, append(append(conjunction{}, l.guard...), c...))
				}
			}
		}
		if want {
			out = append(out, equal...)
		} else {
			out = both(out, equal)
		}
	}
	return out
}

// anyOf splits any(list, a or b) into its items where each looks at one word; everything else is one unknown.
func (s *solver) anyOf(list, condition ruleexpr.Part, want bool) []conjunction {
	unknown := []conjunction{{{key: "any(" + canonical(list) + "," + canonical(condition) + ")", value: want}}}
	matches, ok := itemMatches(condition)
	if !ok || list.Kind() != ruleexpr.PartFact {
		return unknown
	}
	var each []conjunction
	whole := conjunction{}
	for _, m := range matches {
		m.key, m.value = canonical(list), want
		each, whole = append(each, conjunction{m}), append(whole, m)
	}
	if want {
		return each
	}
	return []conjunction{whole}
}

// itemMatches reads a condition on # that is an or of matches with written words.
func itemMatches(condition ruleexpr.Part) ([]literal, bool) {
	kids := condition.Parts()
	isItem := func(i int) bool { return len(kids) == 2 && kids[i].Kind() == ruleexpr.PartElement }
	switch condition.Kind() {
	case ruleexpr.PartOr:
		left, ok := itemMatches(kids[0])
		right, also := itemMatches(kids[1])
		return append(append([]literal{}, left...), right...), ok && also
	case ruleexpr.PartTextMatch:
		if isItem(0) && kids[1].Kind() == ruleexpr.PartText {
			return []literal{{match: condition.Operator(), word: kids[1].Text()}}, true
		}
	case ruleexpr.PartCompare:
		if isItem(0) && kids[1].Kind() == ruleexpr.PartText && condition.Operator() == "==" {
			return []literal{{match: "==", word: kids[1].Text()}}, true
		}
	case ruleexpr.PartIn:
		if isItem(0) && kids[1].Kind() == ruleexpr.PartList && kids[1].Type() == ruleexpr.TypeTexts {
			var out []literal
			for _, word := range wordsOf(kids[1]) {
				out = append(out, literal{match: "==", word: word})
			}
			return out, true
		}
	}
	return nil, false
}

// impossible reports that no facts make all the conditions what they should be. A condition counts as known: whether a fact
// is missing is no part of the question.
func (s *solver) impossible(conditions ...wanted) bool {
	all := []conjunction{{}}
	for _, condition := range conditions {
		var feasible []conjunction
		for _, known := range all {
			for _, alternative := range s.split(condition.part, condition.want) {
				c := append(append(conjunction{}, known...), alternative...)
				if s.contradicts(c) {
					continue
				}
				// Every alternative counts: to leave one out would be to claim that it cannot be.
				if feasible = append(feasible, c); len(feasible) > maxConjunctions {
					return false
				}
			}
		}
		all = feasible
	}
	return len(all) == 0
}

// wanted is a condition and what it should be.
type wanted struct {
	part ruleexpr.Part
	want bool
}

// equivalent reports a proof that two conditions agree on all facts.
func (s *solver) equivalent(a, b ruleexpr.Part) bool {
	return s.impossible(wanted{a, true}, wanted{b, false}) && s.impossible(wanted{a, false}, wanted{b, true})
}

// contradicts reports that the literals of a conjunction cannot all hold.
func (s *solver) contradicts(c conjunction) bool {
	var constraints []constraint
	for i, a := range c {
		if a.constraint != nil {
			constraints = append(constraints, s.tighten(*a.constraint)...)
			continue
		}
		for _, b := range c[:i] {
			if b.constraint == nil && a.key == b.key && conflict(a, b) {
				return true
			}
		}
	}
	return s.emptyText(c) || len(constraints) > 0 && infeasible(append(constraints, s.bounds(constraints)...))
}

// conflict reports that two literals about one key exclude one another.
func conflict(a, b literal) bool {
	switch {
	case a.match != "" && b.match != "":
		if a.value == b.value {
			return false
		}
		if !a.value {
			a, b = b, a
		}
		return implies(a, b)
	case a.words == nil && b.words == nil && a.match == "" && b.match == "":
		return a.value != b.value
	}
	return false
}

// implies reports that an item that matches as a does also matches as b does.
func implies(a, b literal) bool {
	exact := a.match == "=="
	switch b.match {
	case "==":
		return exact && a.word == b.word
	case "contains":
		return strings.Contains(a.word, b.word)
	case "startsWith":
		return (exact || a.match == "startsWith") && strings.HasPrefix(a.word, b.word)
	default:
		return (exact || a.match == "endsWith") && strings.HasSuffix(a.word, b.word)
	}
}

// emptyText reports that no word is left for some text.
func (s *solver) emptyText(c conjunction) bool {
	for _, first := range c {
		if first.words == nil || !first.value {
			continue
		}
		left := slices.DeleteFunc(slices.Clone(first.words), func(word string) bool {
			for _, other := range c {
				if other.words != nil && other.key == first.key && slices.Contains(other.words, word) != other.value {
					return true
				}
			}
			return false
		})
		if len(left) == 0 {
			return true
		}
	}
	return false
}

// tighten moves a bound on one atom to the nearest value that the atom can have.
func (s *solver) tighten(c constraint) []constraint {
	if len(c.form.terms) != 1 {
		return []constraint{c}
	}
	t := c.form.terms[0]
	grid := s.atoms[t.atom].grid
	if grid == nil {
		return []constraint{c}
	}
	// coefficient·x + constant ≥ 0: x is bounded by −constant / coefficient.
	bound := new(big.Rat).Quo(new(big.Rat).Neg(c.form.constant), t.coefficient)
	steps := new(big.Rat).Quo(bound, grid)
	floor := new(big.Int).Div(steps.Num(), steps.Denom())
	if t.coefficient.Sign() > 0 {
		if !steps.IsInt() || c.strict {
			floor.Add(floor, big.NewInt(1))
		}
	} else if steps.IsInt() && c.strict {
		floor.Sub(floor, big.NewInt(1))
	}
	nearest := new(big.Rat).Mul(new(big.Rat).SetInt(floor), grid)
	x := atomForm(t.atom).minus(constantForm(nearest))
	if t.coefficient.Sign() < 0 {
		x = x.negate()
	}
	return []constraint{{x, false}}
}

// bounds returns the ranges of the atoms in some constraints.
func (s *solver) bounds(constraints []constraint) []constraint {
	seen := map[int]bool{}
	var out []constraint
	for _, c := range constraints {
		for _, t := range c.form.terms {
			if seen[t.atom] {
				continue
			}
			seen[t.atom] = true
			span := s.atoms[t.atom].span
			if span.low != nil {
				out = append(out, constraint{atomForm(t.atom).minus(constantForm(span.low)), false})
			}
			if span.high != nil {
				out = append(out, constraint{constantForm(span.high).minus(atomForm(t.atom)), false})
			}
		}
	}
	return out
}

// ranges writes the declared ranges that a proof about a condition rests on.
func (s *solver) ranges(parts ...ruleexpr.Part) string {
	seen := map[string]bool{}
	var lines []string
	for _, part := range parts {
		part.Walk(func(p ruleexpr.Part) {
			if p.Kind() != ruleexpr.PartFact || p.Type() != ruleexpr.TypeNumber || seen[p.Fact().Name] {
				return
			}
			seen[p.Fact().Name] = true
			lines = append(lines, p.Fact().Name+" ∈ "+s.span(p.Fact()).text())
		})
	}
	sort.Strings(lines)
	return strings.Join(lines, ", ")
}

func (i interval) text() string {
	if i.isPoint() {
		return fmt.Sprintf("{%s}", shortRat(i.low))
	}
	low, high := "(−∞", "∞)"
	if i.low != nil {
		low = "[" + shortRat(i.low)
	}
	if i.high != nil {
		high = shortRat(i.high) + "]"
	}
	return low + ", " + high
}

// shortRat writes a rational as a decimal where it is one.
func shortRat(value *big.Rat) string {
	for decimals := 0; decimals <= 12; decimals++ {
		text := value.FloatString(decimals)
		if back, ok := new(big.Rat).SetString(text); ok && back.Cmp(value) == 0 {
			return text
		}
	}
	return value.RatString()
}

// hasElement reports whether a part looks at the item of a list.
func hasElement(part ruleexpr.Part) bool {
	found := false
	part.Walk(func(p ruleexpr.Part) { found = found || p.Kind() == ruleexpr.PartElement })
	return found
}

// canonical writes a part so that two parts with the same meaning as trees read the same, whatever their brackets and
// blanks.
func canonical(part ruleexpr.Part) string {
	switch part.Kind() {
	case ruleexpr.PartFact:
		return part.Fact().Name
	case ruleexpr.PartNumber:
		return part.Literal().RatString()
	case ruleexpr.PartText:
		return fmt.Sprintf("%q", part.Text())
	case ruleexpr.PartFlag:
		return fmt.Sprint(part.Flag())
	case ruleexpr.PartElement:
		return fmt.Sprintf("#%d", part.Depth())
	}
	name := string(part.Kind())
	if operator := part.Operator(); operator != "" {
		name = operator
	}
	var kids []string
	for _, kid := range part.Parts() {
		kids = append(kids, canonical(kid))
	}
	return name + "(" + strings.Join(kids, ",") + ")"
}
