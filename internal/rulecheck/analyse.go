package rulecheck

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"zutuan/internal/funding"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// FindingKind says what is wrong with a rule, a pair of rules, or a product's terms.
type FindingKind string

// The kinds of findings.
const (
	// FindingAlwaysTrue and FindingAlwaysFalse: a rule that no facts within their declared ranges can fail, or pass.
	FindingAlwaysTrue  FindingKind = "always_true"
	FindingAlwaysFalse FindingKind = "always_false"
	// FindingContradiction: two musts that cannot both pass, so that the product is never eligible.
	FindingContradiction FindingKind = "contradiction"
	// FindingNeverFails and FindingNeverPasses: a should that says nothing once the musts have passed.
	FindingNeverFails  FindingKind = "should_never_fails"
	FindingNeverPasses FindingKind = "should_never_passes"
	// FindingGap: a term that a must, or another term, leaves no room for.
	FindingGap FindingKind = "gap"
	// FindingDominated: another product of the institution asks no more and gives no less, in every case.
	FindingDominated FindingKind = "dominated"
)

// FindingKinds lists the kinds.
var FindingKinds = []FindingKind{FindingAlwaysTrue, FindingAlwaysFalse, FindingContradiction, FindingNeverFails, FindingNeverPasses, FindingGap, FindingDominated}

// Finding is one thing that analysis found, with what shows it.
type Finding struct {
	Kind FindingKind `json:"kind"`
	// Pack is the id of the product or risk pack, Rule the id of the rule or the path of the term (terms.size), Other the
	// second rule of a contradiction or the product that dominates.
	Pack    string       `json:"pack"`
	Rule    string       `json:"rule"`
	Other   string       `json:"other,omitempty"`
	File    string       `json:"file"`
	Path    string       `json:"path,omitempty"`
	Line    int          `json:"line,omitempty"`
	Message funding.Text `json:"message"`
	// Proof names the ranges from which the finding follows for all facts; empty where Sampled.
	Proof string `json:"proof,omitempty"`
	// Sampled says that the finding rests on a bounded search alone: the cases tried came out so, others may not.
	Sampled bool `json:"sampled,omitempty"`
	// Witness is a case that shows the finding, as the evaluator confirmed; Shows says what it said there.
	Witness []Setting `json:"witness"`
	Shows   string    `json:"shows"`

	// where holds what is so at the witness; of several lists each shows the finding by itself.
	where [][]wanted
}

// Analyse looks at all products and risk packs of a library. reference holds what does not depend on a case: parameters and
// market data of a day, and it may hold more, from which witnesses are then made. The findings are in the order of the
// packs.
func Analyse(library *rulepack.Library, reference *ruleexpr.Facts) []Finding {
	var findings []Finding
	for _, product := range library.Products {
		findings = append(findings, AnalyseProduct(library, product, reference)...)
	}
	for _, pack := range library.RiskPacks {
		findings = append(findings, AnalyseRiskPack(library, pack, reference)...)
	}
	return append(findings, dominated(library, library.Products, reference)...)
}

// AnalyseProduct looks at one product, which may be a draft that the library does not hold.
func AnalyseProduct(library *rulepack.Library, product *rulepack.Product, reference *ruleexpr.Facts) []Finding {
	a := &analysis{library: library, product: product, reference: reference, plain: newSolver(library), dead: map[int]bool{}}
	a.narrow()
	a.eachRule()
	a.pairs()
	a.shoulds()
	a.gaps()
	return a.findings
}

// analysis is the work on one product.
type analysis struct {
	library   *rulepack.Library
	product   *rulepack.Product
	reference *ruleexpr.Facts
	// plain knows the declared ranges, inTerms also what the product's own terms allow of its offer.
	plain, inTerms *solver
	// dead are the rules that were found always true or always false; what else could be said of them follows from that.
	dead     map[int]bool
	findings []Finding
}

// narrow works out what an offer of the product can be.
func (a *analysis) narrow() {
	t := &a.product.Terms
	spans := map[string]interval{}
	whole := func(low, high int) interval { return interval{ratOf(low), ratOf(high)} }
	if t.TenorMaxQuarters > 0 {
		shortest := max(t.TenorMinQuarters, t.Interval, 1)
		spans["offer.tenor_quarters"] = whole(shortest, max(t.TenorMaxQuarters, shortest))
		spans["offer.grace_quarters"] = whole(0, t.GraceMaxQuarters)
		need := a.plain.span(a.vocabulary().Fact(a.vocabulary().Slot("need.tenor_quarters")))
		need.low = ratOf(shortest)
		spans["need.tenor_quarters"] = need
	}
	size := interval{low: rat(max(t.SizeMin, t.SizeStep).Decimal())}
	if highest := a.plain.spanOfNumber(a.product.Size.Tree()).high; highest != nil && highest.Cmp(size.low) >= 0 {
		size.high = highest
	}
	spans["offer.size"] = size
	a.inTerms = a.plain.within(spans)
}

func (a *analysis) vocabulary() *ruleexpr.Vocabulary { return a.library.Vocabulary }

func (a *analysis) tree(rule int) ruleexpr.Part { return a.product.Rules[rule].Rule.Tree() }

// report adds a finding about a rule.
func (a *analysis) report(rule int, f Finding) {
	written := &a.product.Rules[rule]
	f.Pack, f.Rule, f.File, f.Path, f.Line = a.product.ID, written.ID, a.product.File, written.When.Path, written.When.Line
	a.findings = append(a.findings, f)
}

// eachRule looks for rules that are always true or always false.
func (a *analysis) eachRule() {
	for i := range a.product.Rules {
		if finding, found := constant(a.plain, a.product.Rules[i].Rule, a.reference); found {
			a.dead[i] = true
			a.report(i, finding)
		}
	}
}

// A condition without a proof is suspect where every case searched came out the same: after constantTries cases the search
// ends – a text is analysed while it is typed – and fewer than leastTries are no ground for suspicion, because what moves
// the condition may lie where the search does not go.
const (
	constantTries = 2_000
	leastTries    = 20
)

// constant looks for a proof that a condition has one outcome; where there is none, and a bounded search sees only one, it
// says that.
func constant(s *solver, rule *ruleexpr.Rule, reference *ruleexpr.Facts) (Finding, bool) {
	tree := rule.Tree()
	for _, want := range []bool{true, false} {
		if s.impossible(wanted{tree, !want}) {
			finding := constantFinding(want, rule.Source())
			finding.Proof = s.ranges(tree)
			finding.Witness, finding.Shows, _ = witness(reference, wanted{tree, want})
			finding.at(wanted{tree, want})
			return finding, true
		}
	}
	seen := map[ruleexpr.Truth]int{}
	explore([]ruleexpr.Part{tree}, reference, func(facts *ruleexpr.Facts, _ func() []Setting) bool {
		seen[rule.Holds(facts)]++
		return seen[ruleexpr.True] > 0 && seen[ruleexpr.False] > 0 || seen[ruleexpr.True]+seen[ruleexpr.False] >= constantTries
	})
	if tries := seen[ruleexpr.True] + seen[ruleexpr.False]; tries < leastTries || seen[ruleexpr.True] > 0 && seen[ruleexpr.False] > 0 {
		return Finding{}, false
	}
	want := seen[ruleexpr.True] > 0
	finding := constantFinding(want, rule.Source())
	finding.Sampled = true
	tries := seen[ruleexpr.True] + seen[ruleexpr.False]
	finding.Message.ZH += fmt.Sprintf("（搜索了 %d 组取值，未得证明）", tries)
	finding.Message.EN += fmt.Sprintf(" (in %d cases searched; not proven)", tries)
	finding.Witness, finding.Shows, _ = witness(reference, wanted{tree, want})
	finding.at(wanted{tree, want})
	return finding, true
}

func constantFinding(always bool, source string) Finding {
	if always {
		return Finding{Kind: FindingAlwaysTrue, Message: funding.Text{
			ZH: "在事实的取值范围内总是通过，没有作用：" + source + "；请检查阈值的单位和方向，或删去",
			EN: "always passes within the ranges of the facts and does nothing: " + source + "; check the threshold's unit and direction, or leave it out"}}
	}
	return Finding{Kind: FindingAlwaysFalse, Message: funding.Text{
		ZH: "在事实的取值范围内永远不会通过：" + source + "；请检查阈值的单位和方向",
		EN: "can never pass within the ranges of the facts: " + source + "; check the threshold's unit and direction"}}
}

// witness looks for facts at which every condition is what it should be, and writes what the evaluator said.
func witness(reference *ruleexpr.Facts, conditions ...wanted) (settings []Setting, shows string, found bool) {
	var parts []ruleexpr.Part
	for _, condition := range conditions {
		parts = append(parts, condition.part)
	}
	found = explore(parts, reference, func(facts *ruleexpr.Facts, _ func() []Setting) bool {
		var lines []string
		for _, condition := range conditions {
			truth := condition.part.Truth(facts)
			if truth == ruleexpr.Undecided || (truth == ruleexpr.True) != condition.want {
				return false
			}
			lines = append(lines, condition.part.Source()+" → "+truth.String())
		}
		settings, shows = situation(facts, parts), strings.Join(lines, "; ")
		return true
	})
	return settings, shows, found
}

// situation lists every fact that some conditions use, with its value: a case that can be evaluated again on its own.
func situation(facts *ruleexpr.Facts, parts []ruleexpr.Part) []Setting {
	var out []Setting
	for _, part := range parts {
		part.Walk(func(p ruleexpr.Part) {
			if p.Kind() != ruleexpr.PartFact || slices.ContainsFunc(out, func(s Setting) bool { return s.Fact == p.Fact().Name }) {
				return
			}
			if value, known := facts.ValueText(p.Slot()); known {
				out = append(out, Setting{p.Fact().Name, plainValue(p.Fact(), value)})
			}
		})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Fact < out[j].Fact })
	return out
}

// musts returns the places of the musts that say anything.
func (a *analysis) musts() []int {
	var out []int
	for i := range a.product.Rules {
		if a.product.Rules[i].Level == "must" && !a.dead[i] {
			out = append(out, i)
		}
	}
	return out
}

// pairs looks for two musts that exclude one another.
func (a *analysis) pairs() {
	musts := a.musts()
	for x, i := range musts {
		for _, j := range musts[x+1:] {
			if !shareFact(a.product.Rules[i].Rule, a.product.Rules[j].Rule) || !a.inTerms.impossible(wanted{a.tree(i), true}, wanted{a.tree(j), true}) {
				continue
			}
			if a.inTerms.impossible(wanted{a.tree(i), true}) || a.inTerms.impossible(wanted{a.tree(j), true}) {
				continue // one of them leaves no room by itself; that is a gap
			}
			first, second := &a.product.Rules[i], &a.product.Rules[j]
			finding := Finding{Kind: FindingContradiction, Other: second.ID, Proof: a.inTerms.ranges(a.tree(i), a.tree(j)), Message: funding.Text{
				ZH: fmt.Sprintf("必须规则 %s（%s）与 %s（%s）不可能同时通过，产品永远不可申请", first.ID, first.When.Source, second.ID, second.When.Source),
				EN: fmt.Sprintf("the musts %s (%s) and %s (%s) can never pass together, so the product is never eligible", first.ID, first.When.Source, second.ID, second.When.Source)}}
			finding.Witness, finding.Shows, _ = witness(a.reference, wanted{a.tree(i), true}, wanted{a.tree(j), false})
			if _, other, ok := witness(a.reference, wanted{a.tree(i), false}, wanted{a.tree(j), true}); ok {
				finding.Shows += " | " + other
			}
			finding.at(wanted{a.tree(i), true}, wanted{a.tree(j), false})
			finding.at(wanted{a.tree(i), false}, wanted{a.tree(j), true})
			a.report(i, finding)
		}
	}
}

func shareFact(a, b *ruleexpr.Rule) bool {
	names := b.Facts()
	return slices.ContainsFunc(a.Facts(), func(name string) bool {
		return !strings.HasPrefix(name, rulepack.ParameterPrefix) && slices.Contains(names, name)
	})
}

// shoulds looks for shoulds that are decided once the musts have passed.
func (a *analysis) shoulds() {
	for i := range a.product.Rules {
		if a.product.Rules[i].Level != "should" || a.dead[i] {
			continue
		}
		for _, passes := range []bool{true, false} {
			because, found := a.decidedBy(i, passes)
			if !found {
				continue
			}
			a.reportShould(i, passes, because)
			break
		}
	}
}

// decidedBy looks for musts after which a should cannot but pass, or fail: none (the terms are enough), one, or all that
// share a fact with it.
func (a *analysis) decidedBy(should int, passes bool) (musts []int, found bool) {
	opposite := wanted{a.tree(should), !passes}
	if a.inTerms.impossible(opposite) {
		return nil, true
	}
	conditions := []wanted{opposite}
	var related []int
	for _, must := range a.musts() {
		if !shareFact(a.product.Rules[must].Rule, a.product.Rules[should].Rule) || a.inTerms.impossible(wanted{a.tree(must), true}) {
			continue
		}
		if a.inTerms.impossible(wanted{a.tree(must), true}, opposite) {
			return []int{must}, true
		}
		related, conditions = append(related, must), append(conditions, wanted{a.tree(must), true})
	}
	if len(related) > 1 && a.inTerms.impossible(conditions...) {
		return related, !a.inTerms.impossible(conditions[1:]...)
	}
	return nil, false
}

func (a *analysis) reportShould(should int, passes bool, because []int) {
	rule := &a.product.Rules[should]
	var names []string
	parts, wants := []ruleexpr.Part{a.tree(should)}, []wanted{{a.tree(should), passes}}
	for _, must := range because {
		names = append(names, a.product.Rules[must].ID)
		parts, wants = append(parts, a.tree(must)), append(wants, wanted{a.tree(must), true})
	}
	list, zh, en := strings.Join(names, ", "), "产品条款", "the product's terms"
	if len(names) > 0 {
		zh, en = "必须规则 "+list, "the musts "+list
	}
	finding := Finding{Kind: FindingNeverFails, Other: list, Proof: a.inTerms.ranges(parts...), Message: funding.Text{
		ZH: fmt.Sprintf("%s已经保证建议规则 %s（%s）总会通过，它不起作用", zh, rule.ID, rule.When.Source),
		EN: fmt.Sprintf("%s already make the should %s (%s) pass, so it says nothing", en, rule.ID, rule.When.Source)}}
	if !passes {
		finding.Kind = FindingNeverPasses
		finding.Message = funding.Text{
			ZH: fmt.Sprintf("%s成立时建议规则 %s（%s）永远不会通过，得分总被扣减", zh, rule.ID, rule.When.Source),
			EN: fmt.Sprintf("with %s the should %s (%s) can never pass and always costs score", en, rule.ID, rule.When.Source)}
	}
	finding.Witness, finding.Shows, _ = witness(a.reference, wants...)
	finding.at(wants...)
	a.report(should, finding)
}

// AnalyseRiskPack looks for levels of a risk pack, which may be a draft, that are always or never raised.
func AnalyseRiskPack(library *rulepack.Library, pack *rulepack.RiskPack, reference *ruleexpr.Facts) []Finding {
	s := newSolver(library)
	var findings []Finding
	for i := range pack.Rules {
		rule := &pack.Rules[i]
		for k := range rule.Levels {
			finding, found := constant(s, rule.Levels[k].Rule, reference)
			if !found {
				continue
			}
			written := rule.RiskRule.Levels[k].Condition
			finding.Pack, finding.Rule, finding.File, finding.Path, finding.Line = pack.ID, rule.ID+"."+string(rule.Levels[k].Level), pack.File, written.Path, written.Line
			findings = append(findings, finding)
		}
	}
	return findings
}
