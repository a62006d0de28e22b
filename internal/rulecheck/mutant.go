package rulecheck

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/shopspring/decimal"

	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// MutantKind says what was done to a rule.
type MutantKind string

// The kinds of mutants.
const (
	MutantThreshold  MutantKind = "threshold"  // a number or parameter of a comparison, one step up or down
	MutantOperator   MutantKind = "operator"   // a comparison turned
	MutantJunct      MutantKind = "junct"      // one side of and/or left out
	MutantItem       MutantKind = "item"       // one item of a list left out
	MutantNegation   MutantKind = "negation"   // a negation dropped, or put before a bare flag
	MutantBranch     MutantKind = "branch"     // the two results of a conditional exchanged
	MutantQuantifier MutantKind = "quantifier" // any, all, none exchanged
)

// edit replaces the characters [from, to) of a source text.
type edit struct {
	kind     MutantKind
	from, to int
	with     string
	was, now string
}

func (e edit) apply(source []rune) string {
	return string(source[:e.from]) + e.with + string(source[e.to:])
}

// editor collects the edits of one expression.
type editor struct {
	source []rune
	edits  []edit
}

// conditionEdits returns every edit of a condition, in the order in which it is written.
func conditionEdits(rule *ruleexpr.Rule) []edit {
	e := &editor{source: []rune(rule.Source())}
	e.condition(rule.Tree(), false)
	return e.edits
}

// formulaEdits returns the edits of the conditionals in a formula: its numbers are terms of the product and no thresholds.
func formulaEdits(formula *ruleexpr.Number) []edit {
	e := &editor{source: []rune(formula.Source())}
	e.number(formula.Tree(), false)
	return e.edits
}

func (e *editor) add(kind MutantKind, from, to int, with, now string) {
	e.edits = append(e.edits, edit{kind: kind, from: from, to: to, with: with, was: strings.TrimSpace(string(e.source[from:to])), now: now})
}

// replace puts a text in brackets in the place of a part, so that it keeps its meaning whatever stands around it.
func (e *editor) replace(kind MutantKind, part ruleexpr.Part, text string) {
	from, to := part.Span()
	e.add(kind, from, to, "("+text+")", text)
}

func (e *editor) condition(part ruleexpr.Part, negated bool) {
	kids := part.Parts()
	switch part.Kind() {
	case ruleexpr.PartAnd, ruleexpr.PartOr:
		for i, kid := range kids {
			if kid.Kind() != part.Kind() {
				e.dropJunct(part, kid, kids[1-i])
			}
		}
		e.condition(kids[0], false)
		e.condition(kids[1], false)
	case ruleexpr.PartNot:
		e.dropNegation(part, kids[0])
		e.condition(kids[0], true)
	case ruleexpr.PartCompare:
		e.compare(part, kids)
	case ruleexpr.PartIn:
		e.membership(part, kids, negated)
	case ruleexpr.PartIf:
		e.branches(part, kids)
		e.condition(kids[1], false)
		e.condition(kids[2], false)
	case ruleexpr.PartAny, ruleexpr.PartAll, ruleexpr.PartNone:
		e.quantifier(part)
		e.condition(kids[1], false)
	case ruleexpr.PartFact:
		if !negated {
			e.replace(MutantNegation, part, "not "+part.Source())
		}
	}
}

func (e *editor) dropJunct(whole, dropped, kept ruleexpr.Part) {
	from, to := whole.Span()
	e.edits = append(e.edits, edit{kind: MutantJunct, from: from, to: to, with: "(" + kept.Source() + ")", was: dropped.Source()})
}

// dropNegation takes a not away; "x not in list" carries it in its middle.
func (e *editor) dropNegation(whole, inner ruleexpr.Part) {
	from, to := whole.Span()
	if start, _ := inner.Span(); start == from {
		sides := inner.Parts()
		if len(sides) != 2 {
			return
		}
		_, left := sides[0].Span()
		right, _ := sides[1].Span()
		if at := strings.Index(string(e.source[left:right]), "not"); at >= 0 {
			place := left + len([]rune(string(e.source[left:right])[:at]))
			e.add(MutantNegation, place, place+len("not"), "", "")
		}
		return
	}
	e.add(MutantNegation, from, to, "("+inner.Source()+")", inner.Source())
}

// turned lists what each operator is exchanged for: the strictness and the direction for an order, the opposite and both
// directions for an equality of numbers.
var turned = map[string][]string{">=": {">", "<="}, ">": {">=", "<"}, "<=": {"<", ">="}, "<": {"<=", ">"}, "==": {"!=", ">=", "<="}, "!=": {"=="}}

func (e *editor) compare(part ruleexpr.Part, kids []ruleexpr.Part) {
	operators := turned[part.Operator()]
	if kids[0].Type() != ruleexpr.TypeNumber {
		operators = operators[:1]
	}
	_, left := kids[0].Span()
	right, _ := kids[1].Span()
	if at := strings.Index(string(e.source[left:right]), part.Operator()); at >= 0 {
		place := left + at // what stands between two operands is plain ASCII: brackets, blanks and the operator
		for _, operator := range operators {
			e.add(MutantOperator, place, place+len(part.Operator()), operator, operator)
		}
	}
	if kids[0].Type() == ruleexpr.TypeFlag {
		e.condition(kids[0], false)
		e.condition(kids[1], false)
		return
	}
	e.number(kids[0], true)
	e.number(kids[1], true)
}

// number looks for thresholds, where the number is a side of a comparison, and for conditions inside of it.
func (e *editor) number(part ruleexpr.Part, threshold bool) {
	kids := part.Parts()
	switch part.Kind() {
	case ruleexpr.PartNumber:
		if threshold {
			e.literal(part)
		}
	case ruleexpr.PartFact:
		if threshold && part.Type() == ruleexpr.TypeNumber && strings.HasPrefix(part.Fact().Name, rulepack.ParameterPrefix) {
			e.parameter(part)
		}
	case ruleexpr.PartIf:
		e.branches(part, kids)
		e.number(kids[1], threshold)
		e.number(kids[2], threshold)
	case ruleexpr.PartCount:
		e.condition(kids[1], false)
	case ruleexpr.PartIndex, ruleexpr.PartSlice, ruleexpr.PartList:
	default:
		for _, kid := range kids {
			e.number(kid, threshold)
		}
	}
}

// literal moves a number by the last digit that is written: 1.20 to 1.19 and 1.21, 20000000 to one yuan either side.
func (e *editor) literal(part ruleexpr.Part) {
	from, to := part.Span()
	text := strings.ReplaceAll(part.Source(), "_", "")
	if part.IsCalendar() {
		for _, sign := range []string{"+", "-"} {
			now := text + " " + sign + " 1"
			e.add(MutantThreshold, from, to, "("+now+")", now)
		}
		return
	}
	value, err := decimal.NewFromString(text)
	if err != nil {
		return
	}
	_, fraction, _ := strings.Cut(text, ".")
	step := decimal.New(1, -int32(len(fraction)))
	for _, moved := range []decimal.Decimal{value.Add(step), value.Sub(step)} {
		now := moved.StringFixed(int32(len(fraction)))
		e.add(MutantThreshold, from, to, "("+now+")", now)
	}
}

// parameter moves a parameter by the smallest step that its unit holds.
func (e *editor) parameter(part ruleexpr.Part) {
	from, to := part.Span()
	step := decimal.New(1, -int32(part.Fact().Unit.Decimals()))
	for _, sign := range []string{"+", "-"} {
		now := part.Source() + " " + sign + " " + step.String()
		e.add(MutantThreshold, from, to, "("+now+")", now)
	}
}

// membership leaves out one item of a written list; of a list with a single item nothing is left, so nothing is in it.
func (e *editor) membership(part ruleexpr.Part, kids []ruleexpr.Part, negated bool) {
	list := kids[1]
	if list.Kind() != ruleexpr.PartList {
		if !negated {
			e.replace(MutantNegation, part, "not ("+part.Source()+")")
		}
		return
	}
	items := list.Parts()
	if len(items) == 1 {
		from, to := part.Span()
		e.edits = append(e.edits, edit{kind: MutantItem, from: from, to: to, with: "(false)", was: items[0].Source()})
		return
	}
	from, to := list.Span()
	for dropped := range items {
		var kept []string
		for i, item := range items {
			if i != dropped {
				kept = append(kept, item.Source())
			}
		}
		e.edits = append(e.edits, edit{kind: MutantItem, from: from, to: to, with: "[" + strings.Join(kept, ", ") + "]", was: items[dropped].Source()})
	}
}

func (e *editor) branches(part ruleexpr.Part, kids []ruleexpr.Part) {
	swapped := fmt.Sprintf("(%s) ? (%s) : (%s)", kids[0].Source(), kids[2].Source(), kids[1].Source())
	e.replace(MutantBranch, part, swapped)
	e.condition(kids[0], false)
}

func (e *editor) quantifier(part ruleexpr.Part) {
	from, _ := part.Span()
	word := string(part.Kind())
	if !strings.HasPrefix(string(e.source[from:]), word) {
		return
	}
	for _, other := range map[string][]string{"any": {"all"}, "all": {"any"}, "none": {"any"}}[word] {
		e.add(MutantQuantifier, from, from+len(word), other, other)
	}
}

// Mutant is one small change to a product or risk pack that compiles.
type Mutant struct {
	// Place is rules.<id>, or terms.rate, terms.size, terms.grace, terms.tenor; for a risk pack rules.<id>.<level>.
	Place string
	Kind  MutantKind
	// Was is the part as written and Now what stands there instead, empty where it was left out.
	Was, Now string
	// Source is the whole expression with the change.
	Source string
	// Equivalent says that no facts within the declared ranges tell the mutant from the rule: Proof says why.
	Equivalent bool
	Proof      string

	// rule and formula are the two compiled forms of the changed expression; one of them is nil.
	original, rule          *ruleexpr.Rule
	formula, changedFormula *ruleexpr.Number
	product                 *rulepack.Product
	ruleIndex               int
}

// term is one formula of a product and how to exchange it.
type term struct {
	name    string
	formula *ruleexpr.Number
	set     func(*rulepack.Product, *ruleexpr.Number)
}

func termsOf(p *rulepack.Product) []term {
	return []term{
		{"terms.tenor", p.Tenor, func(p *rulepack.Product, n *ruleexpr.Number) { p.Tenor = n }},
		{"terms.grace", p.Grace, func(p *rulepack.Product, n *ruleexpr.Number) { p.Grace = n }},
		{"terms.size", p.Size, func(p *rulepack.Product, n *ruleexpr.Number) { p.Size = n }},
		{"terms.rate", p.Rate, func(p *rulepack.Product, n *ruleexpr.Number) { p.Rate = n }},
	}
}

// Mutants returns every mutant of a product's rules, and of the conditionals in its terms, in the order of the file. Those
// that no facts can tell from the rule are marked.
func Mutants(library *rulepack.Library, product *rulepack.Product) []Mutant {
	solver := newSolver(library)
	var mutants []Mutant
	for i := range product.Rules {
		rule := product.Rules[i].Rule
		for _, mutant := range mutantsOf(library.Vocabulary, solver, rule, 0) {
			mutant.Place, mutant.ruleIndex = "rules."+product.Rules[i].ID, i
			changed := *product
			changed.Rules = append([]rulepack.CompiledRule(nil), product.Rules...)
			changed.Rules[i].Rule, changed.Rules[i].OnOffer = mutant.rule, mutant.rule.Uses("offer")
			mutant.product = &changed
			mutants = append(mutants, mutant)
		}
	}
	for _, term := range termsOf(product) {
		if term.formula == nil {
			continue
		}
		for _, e := range formulaEdits(term.formula) {
			source := e.apply([]rune(term.formula.Source()))
			formula, err := library.Vocabulary.CompileNumber(source)
			if err != nil {
				continue
			}
			changed := *product
			term.set(&changed, formula)
			mutants = append(mutants, Mutant{Place: term.name, Kind: e.kind, Was: e.was, Now: e.now, Source: source, ruleIndex: -1,
				formula: term.formula, changedFormula: formula, product: &changed})
		}
	}
	return mutants
}

// mutantsOf returns the mutants of one condition. A change that does not compile – it can only be too long – is no mutant.
// Edits that begin before a character are left out.
func mutantsOf(vocabulary *ruleexpr.Vocabulary, solver *solver, rule *ruleexpr.Rule, before int) []Mutant {
	var mutants []Mutant
	for _, e := range conditionEdits(rule) {
		if e.from < before {
			continue
		}
		source := e.apply([]rune(rule.Source()))
		changed, err := vocabulary.CompileRule(source)
		if err != nil {
			continue
		}
		mutant := Mutant{Kind: e.kind, Was: e.was, Now: e.now, Source: source, original: rule, rule: changed}
		mutant.Equivalent = solver.equivalent(rule.Tree(), changed.Tree())
		if mutant.Equivalent {
			mutant.Proof = solver.ranges(rule.Tree())
		}
		mutants = append(mutants, mutant)
	}
	return mutants
}

// rat returns a decimal exactly.
func rat(value decimal.Decimal) *big.Rat { return value.Rat() }
