package ruleexpr_test

// The speed of rules, beside its two baselines in the same run: the same expressions on plain expr with float64 (which
// is inexact), and hand-written Go closures on float64 (the limit for rules known at run time). One operation is one
// rule with its verdict kept, over 1,000 products × 12 rules for one requirement; products differ in their thresholds.

import (
	"fmt"
	"testing"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"

	"zutuan/internal/ruleexpr"
)

const rulesPerProduct = 12

var benchFacts = []ruleexpr.Fact{
	{Name: "need.investment", Type: ruleexpr.TypeNumber, Unit: ruleexpr.UnitYuan}, {Name: "need.peak_gap", Type: ruleexpr.TypeNumber, Unit: ruleexpr.UnitYuan},
	{Name: "need.capital", Type: ruleexpr.TypeNumber, Unit: ruleexpr.UnitYuan}, {Name: "need.capital_ratio", Type: ruleexpr.TypeNumber, Unit: ruleexpr.UnitRatio},
	{Name: "need.tenor_quarters", Type: ruleexpr.TypeNumber, Unit: ruleexpr.UnitQuarters}, {Name: "need.construction_quarters", Type: ruleexpr.TypeNumber, Unit: ruleexpr.UnitQuarters},
	{Name: "need.land_share", Type: ruleexpr.TypeNumber, Unit: ruleexpr.UnitRatio}, {Name: "borrower.rating", Type: ruleexpr.TypeText}, {Name: "borrower.type", Type: ruleexpr.TypeText},
	{Name: "borrower.asset_liability_ratio", Type: ruleexpr.TypeNumber, Unit: ruleexpr.UnitRatio}, {Name: "cluster.industries", Type: ruleexpr.TypeTexts},
	{Name: "security.value", Type: ruleexpr.TypeNumber, Unit: ruleexpr.UnitYuan}, {Name: "project.land_approved", Type: ruleexpr.TypeFlag}, {Name: "borrower.implicit_debt", Type: ruleexpr.TypeFlag},
	{Name: "p.capital_min", Type: ruleexpr.TypeNumber, Unit: ruleexpr.UnitRatio},
}

// benchRule is one of the twelve rules of product k as text, and by hand.
type benchRule struct {
	source string
	byHand func(*benchNeed) bool
}

type benchNeed struct {
	investment, peakGap, capital, capitalRatio, tenor, construction, landShare, liability, security, capitalMin float64
	rating, kind                                                                                                string
	industries                                                                                                  []string
	landApproved, implicitDebt                                                                                  bool
}

func oneOf(word string, words ...string) bool {
	for _, candidate := range words {
		if candidate == word {
			return true
		}
	}
	return false
}

func benchRules(k int) [rulesPerProduct]benchRule {
	ratio, size, quarters := 0.15+float64(k%20)/100, float64(100_000_000+k*100_000), float64(20+k%60)
	return [rulesPerProduct]benchRule{
		{`any(cluster.industries, # in ["农副产品加工", "冷链物流", "进出口加工"])`, func(n *benchNeed) bool {
			for _, industry := range n.industries {
				if oneOf(industry, "农副产品加工", "冷链物流", "进出口加工") {
					return true
				}
			}
			return false
		}},
		{fmt.Sprintf("need.capital_ratio >= %.2f", ratio), func(n *benchNeed) bool { return n.capitalRatio >= ratio }},
		{fmt.Sprintf("need.investment >= %.0f", size), func(n *benchNeed) bool { return n.investment >= size }},
		{fmt.Sprintf("need.tenor_quarters <= %.0f", quarters), func(n *benchNeed) bool { return n.tenor <= quarters }},
		{fmt.Sprintf("need.construction_quarters + %d <= need.tenor_quarters", k%8), func(n *benchNeed) bool { return n.construction+float64(k%8) <= n.tenor }},
		{`borrower.rating in ["AAA", "AA+", "AA"]`, func(n *benchNeed) bool { return oneOf(n.rating, "AAA", "AA+", "AA") }},
		{`borrower.type == "platform" or borrower.type == "soe"`, func(n *benchNeed) bool { return n.kind == "platform" || n.kind == "soe" }},
		{fmt.Sprintf("borrower.asset_liability_ratio <= 0.70 and need.land_share < %.2f", ratio), func(n *benchNeed) bool { return n.liability <= 0.70 && n.landShare < ratio }},
		{fmt.Sprintf("security.value >= need.peak_gap * %.2f", 1+ratio), func(n *benchNeed) bool { return n.security >= n.peakGap*(1+ratio) }},
		{"project.land_approved and not borrower.implicit_debt", func(n *benchNeed) bool { return n.landApproved && !n.implicitDebt }},
		{"need.capital / need.investment >= p.capital_min", func(n *benchNeed) bool { return n.capital/n.investment >= n.capitalMin }},
		{fmt.Sprintf("need.peak_gap <= min(need.investment * 0.80, %.0f)", size*10), func(n *benchNeed) bool { return n.peakGap <= min(n.investment*0.80, size*10) }},
	}
}

func benchFactsFor(b *testing.B, v *ruleexpr.Vocabulary) *ruleexpr.Facts {
	facts := v.NewFacts()
	for name, value := range map[string]string{"need.investment": "839000000.00", "need.peak_gap": "565000000.00", "need.capital": "160000000.00", "need.capital_ratio": "0.190703",
		"need.tenor_quarters": "80", "need.construction_quarters": "18", "need.land_share": "0.1", "borrower.rating": "AA", "borrower.type": "platform", "borrower.asset_liability_ratio": "0.55",
		"cluster.industries": "食品加工,冷链物流", "security.value": "700000000.00", "project.land_approved": "true", "borrower.implicit_debt": "false", "p.capital_min": "0.20"} {
		if err := facts.SetFromText(v.Slot(name), value); err != nil {
			b.Fatal(err)
		}
	}
	return facts
}

func BenchmarkRules(b *testing.B) {
	for _, products := range []int{10, 100, 1_000, 10_000} {
		b.Run(fmt.Sprintf("set/products=%d", products), func(b *testing.B) { benchSet(b, products) })
		b.Run(fmt.Sprintf("one_by_one/products=%d", products), func(b *testing.B) { benchOneByOne(b, products) })
	}
	b.Run("by_hand_float64/products=1000", func(b *testing.B) { benchByHand(b, 1_000) })
	b.Run("plain_expr_float64/products=1000", func(b *testing.B) { benchPlainExpr(b, 1_000) })
}

func benchCompile(b *testing.B, products int) (*ruleexpr.Facts, []*ruleexpr.Rule) {
	v, err := ruleexpr.NewVocabulary(benchFacts)
	if err != nil {
		b.Fatal(err)
	}
	var rules []*ruleexpr.Rule
	for k := range products {
		for _, rule := range benchRules(k) {
			compiled, err := v.CompileRule(rule.source)
			if err != nil {
				b.Fatal(err)
			}
			rules = append(rules, compiled)
		}
	}
	return benchFactsFor(b, v), rules
}

// benchSet is how a match evaluates: equal texts once, a verdict for every rule read and kept.
func benchSet(b *testing.B, products int) {
	facts, rules := benchCompile(b, products)
	set, kept := ruleexpr.NewSet(rules), make([]ruleexpr.Truth, len(rules))
	var verdicts ruleexpr.Verdicts
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		verdicts = set.Evaluate(facts, verdicts)
		for i := range kept {
			kept[i] = verdicts.Of(i)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(rules)), "ns/rule")
}

// benchOneByOne evaluates every rule by itself, as if no two products shared a text.
func benchOneByOne(b *testing.B, products int) {
	facts, rules := benchCompile(b, products)
	verdicts := make([]ruleexpr.Truth, len(rules))
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		for i, rule := range rules {
			verdicts[i] = rule.Holds(facts)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(rules)), "ns/rule")
}

func benchByHand(b *testing.B, products int) {
	var rules []func(*benchNeed) bool
	for k := range products {
		for _, rule := range benchRules(k) {
			rules = append(rules, rule.byHand)
		}
	}
	need, verdicts := benchFloatNeed(), make([]bool, len(rules))
	b.ResetTimer()
	for range b.N {
		for i, rule := range rules {
			verdicts[i] = rule(need)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(rules)), "ns/rule")
}

func benchFloatNeed() *benchNeed {
	return &benchNeed{investment: 839e6, peakGap: 565e6, capital: 160e6, capitalRatio: 0.190703, tenor: 80, construction: 18, landShare: 0.1, liability: 0.55, security: 700e6,
		capitalMin: 0.20, rating: "AA", kind: "platform", industries: []string{"食品加工", "冷链物流"}, landApproved: true}
}

// exprNeed is the environment of the plain expr baseline, a map of typed structs, its fastest form with one level.
type (
	exprNeed struct {
		Investment   float64 `expr:"investment"`
		PeakGap      float64 `expr:"peak_gap"`
		Capital      float64 `expr:"capital"`
		CapitalRatio float64 `expr:"capital_ratio"`
		Tenor        float64 `expr:"tenor_quarters"`
		Construction float64 `expr:"construction_quarters"`
		LandShare    float64 `expr:"land_share"`
	}
	exprBorrower struct {
		Rating    string  `expr:"rating"`
		Kind      string  `expr:"type"`
		Liability float64 `expr:"asset_liability_ratio"`
		Implicit  bool    `expr:"implicit_debt"`
	}
	exprCluster struct {
		Industries []string `expr:"industries"`
	}
	exprSecurity struct {
		Value float64 `expr:"value"`
	}
	exprProject struct {
		LandApproved bool `expr:"land_approved"`
	}
	exprParameters struct {
		CapitalMin float64 `expr:"capital_min"`
	}
)

func benchPlainExpr(b *testing.B, products int) {
	n := benchFloatNeed()
	environment := map[string]any{
		"need":     exprNeed{n.investment, n.peakGap, n.capital, n.capitalRatio, n.tenor, n.construction, n.landShare},
		"borrower": exprBorrower{n.rating, n.kind, n.liability, n.implicitDebt}, "cluster": exprCluster{n.industries},
		"security": exprSecurity{n.security}, "project": exprProject{n.landApproved}, "p": exprParameters{n.capitalMin},
	}
	var programs []*vm.Program
	for k := range products {
		for _, rule := range benchRules(k) {
			program, err := expr.Compile(rule.source, expr.Env(environment), expr.AsBool())
			if err != nil {
				b.Fatal(err)
			}
			programs = append(programs, program)
		}
	}
	verdicts, machine := make([]bool, len(programs)), vm.VM{}
	b.ResetTimer()
	for range b.N {
		for i, program := range programs {
			out, err := machine.Run(program, environment)
			if err != nil {
				b.Fatal(err)
			}
			verdicts[i] = out.(bool)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(programs)), "ns/rule")
}

// BenchmarkExplain shows what an explanation costs, for the rules that are shown.
func BenchmarkExplain(b *testing.B) {
	v, err := ruleexpr.NewVocabulary(benchFacts)
	if err != nil {
		b.Fatal(err)
	}
	rule, err := v.CompileRule(benchRules(1)[8].source)
	if err != nil {
		b.Fatal(err)
	}
	facts := benchFactsFor(b, v)
	b.ReportAllocs()
	for range b.N {
		rule.Explain(facts)
	}
}
