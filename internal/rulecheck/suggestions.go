package rulecheck

import (
	"fmt"
	"slices"
	"strings"

	"zutuan/internal/funding"
	"zutuan/internal/match"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// SuggestedFor says what a suggested test is good for.
type SuggestedFor string

// What tests are suggested for.
const (
	// ForStart: a case in which the product can be used, which most other tests begin from.
	ForStart SuggestedFor = "start"
	// ForRule: a must that no test saw pass, or fail. ForBranch: a branch that none took.
	ForRule   SuggestedFor = "rule"
	ForBranch SuggestedFor = "branch"
	// ForSurvivor: a change of a rule or formula that no test noticed.
	ForSurvivor SuggestedFor = "survivor"
	// ForBoundary: a side of a comparison on which no test stands; advice, which full coverage does not need.
	ForBoundary SuggestedFor = "boundary"
)

// Suggestion is a test that a product passes and that its tests lack.
type Suggestion struct {
	For   SuggestedFor `json:"for"`
	Place string       `json:"place"`
	Text  funding.Text `json:"text"`
	// YAML is the test as it stands under tests: of a product file.
	YAML string               `json:"yaml"`
	Test *funding.ProductTest `json:"-"`
}

// maxRounds bounds how often suggestions are looked for on top of those found so far; the third round finds hardly any.
const maxRounds = 4

// Suggestions returns every test that would make the tests of a product better: with all but the boundaries added, every must
// is seen pass and fail, every branch is taken, and what can be noticed of its mutants is. A product without a test in which
// it can be used gets one first, made from a sample by setting facts. Tests that do not pass are left aside.
func Suggestions(samples match.Samples, library *rulepack.Library, product *rulepack.Product) []Suggestion {
	g := &suggester{samples: samples, library: library, product: *product}
	g.product.Tests = nil
	for i, result := range match.RunTests(samples, product) {
		if result.Passed {
			g.product.Tests = append(g.product.Tests, product.Tests[i])
		}
	}
	g.start()
	for range maxRounds {
		before := len(g.found)
		g.survivors()
		g.coverage()
		if len(g.found) == before {
			break
		}
	}
	g.boundaries()
	return g.found
}

// SuggestionsYAML writes suggestions as they are pasted under tests: of a product file.
func SuggestionsYAML(suggestions []Suggestion) string {
	var out strings.Builder
	for i := range suggestions {
		out.WriteString(suggestions[i].YAML)
	}
	return out.String()
}

// suggester collects suggestions; its product carries the tests that were found so far.
type suggester struct {
	samples match.Samples
	library *rulepack.Library
	product rulepack.Product
	found   []Suggestion
}

func (g *suggester) add(reason SuggestedFor, place string, text funding.Text, test *funding.ProductTest) {
	if test == nil {
		return
	}
	g.product.Tests = append(g.product.Tests, *test)
	g.found = append(g.found, Suggestion{For: reason, Place: place, Text: text, YAML: TestYAML(test), Test: test})
}

// start adds a test in which the product can be used without reserve where there is none, on the first sample for which one
// is found; else the best that can be had.
func (g *suggester) start() {
	best := -1
	better := func(verdict string) bool { return slices.Index(startVerdicts, verdict) > best }
	for i := range g.product.Tests {
		best = max(best, slices.Index(startVerdicts, g.product.Tests[i].Verdict))
	}
	s := newScorer(g.samples, g.library, &g.product)
	var found *funding.ProductTest
	for _, sample := range g.library.Samples {
		if !better(string(funding.VerdictEligible)) {
			break
		}
		if test := s.mended(sample); test != nil && better(test.Verdict) {
			found, best = test, slices.Index(startVerdicts, test.Verdict)
		}
	}
	if found != nil {
		g.addStart(found)
	}
}

// startVerdicts are the verdicts that other tests can begin from, the best last: where something fails already, one more
// failure of a should is no news.
var startVerdicts = []string{string(funding.VerdictIneligible), string(funding.VerdictNearMiss), string(funding.VerdictUndecided), string(funding.VerdictConditional), string(funding.VerdictEligible)}

func (g *suggester) addStart(test *funding.ProductTest) {
	test.Name = "基准：样例 " + test.Requirement + "，" + verdictZH[test.Verdict]
	g.add(ForStart, "tests", funding.Text{ZH: "其他测试由此出发的案例", EN: "the case that other tests begin from"}, test)
}

// maxMends bounds how many rules are made to pass one after the other.
const maxMends = 60

// mended sets facts of a sample, rule by rule, until the product can be used; nil where not even the sample can be had. Where
// some rule cannot be made to pass, the test says what the product says of what was reached.
func (s *scorer) mended(sample string) *funding.ProductTest {
	test := funding.ProductTest{Requirement: sample}
	for range maxMends {
		facts := s.factsOf(test)
		if facts == nil {
			return nil
		}
		outcome := s.run(s.product, test).Outcome
		settings := s.mend(&outcome, facts)
		if len(settings) == 0 {
			break
		}
		if test.Set == nil {
			test.Set = map[string]string{}
		}
		for _, setting := range settings {
			test.Set[setting.Fact] = setting.Value
		}
	}
	return s.expect(base{test: test}, nil)
}

// mend returns settings with which one more rule or term of a product is as it should be, empty where nothing is amiss or
// nothing helps.
func (s *scorer) mend(outcome *match.Outcome, facts *ruleexpr.Facts) []Setting {
	for k, result := range outcome.Results {
		if result == match.ResultUndecided || result == match.ResultFailed {
			if settings := s.makeTrue(k, facts); len(settings) > 0 {
				return settings
			}
		}
	}
	for _, doubt := range outcome.Doubts {
		if settings := s.makeKnown(doubt.Term, facts); len(settings) > 0 {
			return settings
		}
	}
	if outcome.BuiltIn == nil {
		return nil
	}
	t := &s.product.Terms
	switch outcome.BuiltIn.ID {
	case match.BuiltInTenor:
		return []Setting{{"offer.tenor_quarters", fmt.Sprint(max(t.TenorMaxQuarters, t.TenorMinQuarters, 1))}}
	case match.BuiltInSize:
		return []Setting{{"offer.size", max(t.SizeMin, t.SizeStep).String()}}
	}
	return nil
}

// makeTrue looks for settings with which a rule passes and none that passes now ceases to.
func (s *scorer) makeTrue(rule int, facts *ruleexpr.Facts) []Setting {
	var found []Setting
	passes := make([]bool, len(s.product.Rules))
	for k := range s.product.Rules {
		passes[k] = s.product.Rules[k].Rule.Holds(facts) == ruleexpr.True
	}
	condition := s.product.Rules[rule].Rule
	explore([]ruleexpr.Part{condition.Tree()}, facts, func(at *ruleexpr.Facts, settings func() []Setting) bool {
		if condition.Holds(at) != ruleexpr.True {
			return false
		}
		for k, passed := range passes {
			if passed && s.product.Rules[k].Rule.Holds(at) == ruleexpr.False {
				return false
			}
		}
		found = settings()
		return len(found) > 0
	})
	return found
}

// makeKnown sets the facts that a term of the product lacks.
func (s *scorer) makeKnown(name string, facts *ruleexpr.Facts) []Setting {
	var found []Setting
	for _, term := range termsOf(s.product) {
		if term.formula == nil || term.name != "terms."+name {
			continue
		}
		explore([]ruleexpr.Part{term.formula.Tree()}, facts, func(at *ruleexpr.Facts, settings func() []Setting) bool {
			if _, doubt := term.formula.Decimal(at, money.RatioDecimals); doubt != nil {
				return false
			}
			found = settings()
			return len(found) > 0
		})
	}
	return found
}

// survivors adds the tests that notice mutants which none noticed.
func (g *suggester) survivors() {
	score := ScoreProduct(g.samples, g.library, &g.product)
	places := map[*funding.ProductTest]*Mutant{}
	for i := range score.Survivors {
		if survivor := &score.Survivors[i]; survivor.Test != nil && places[survivor.Test] == nil {
			places[survivor.Test] = &survivor.Mutant
		}
	}
	for _, test := range score.Suggestions {
		mutant := places[test]
		if mutant == nil {
			continue
		}
		g.add(ForSurvivor, mutant.Place, funding.Text{ZH: "发现改动：" + mutant.Was + " → " + mutant.Now, EN: "notices the change " + mutant.Was + " → " + mutant.Now}, test)
	}
}

// coverage adds tests for musts that none saw both ways and branches that none took. Each is looked for again after the ones
// before it were added, because one test often covers several.
func (g *suggester) coverage() {
	for k := range g.product.Rules {
		if g.product.Rules[k].Level != "must" {
			continue
		}
		for _, wanted := range []match.Result{match.ResultPassed, match.ResultFailed} {
			s := newScorer(g.samples, g.library, &g.product)
			s.tests = g.product.Tests
			if s.sees(k, wanted) {
				continue
			}
			way := map[match.Result]funding.Text{match.ResultPassed: {ZH: "通过", EN: "pass"}, match.ResultFailed: {ZH: "不通过", EN: "fail"}}[wanted]
			g.add(ForRule, "rules."+g.product.Rules[k].ID, funding.Text{ZH: "看到这条规则" + way.ZH, EN: "sees the rule " + way.EN}, s.ruleTest(k, wanted))
		}
	}
	for {
		coverage := CoverProduct(g.samples, g.library, &g.product)
		at := slices.IndexFunc(coverage.Branches, func(b BranchSight) bool { return !b.Taken && b.Suggestion != nil })
		if at < 0 {
			return
		}
		branch := &coverage.Branches[at]
		g.add(ForBranch, branch.Place, funding.Text{ZH: "走到 " + branch.Branch, EN: "takes " + branch.Branch}, branch.Suggestion)
	}
}

// sees reports whether some test saw a rule come out so.
func (s *scorer) sees(rule int, wanted match.Result) bool {
	return slices.ContainsFunc(s.tests, func(test funding.ProductTest) bool {
		results := s.run(s.product, test).Outcome.Results
		return rule < len(results) && results[rule] == wanted
	})
}

// ruleTest makes a test that sees a rule come out as wanted.
func (s *scorer) ruleTest(rule int, wanted match.Result) *funding.ProductTest {
	if s.bases == nil {
		s.findBases()
	}
	condition, place := s.product.Rules[rule].Rule, "rules."+s.product.Rules[rule].ID
	for _, from := range s.bases {
		var test *funding.ProductTest
		explore([]ruleexpr.Part{condition.Tree()}, from.facts, func(facts *ruleexpr.Facts, settings func() []Setting) bool {
			if match.Result(condition.Holds(facts)) != wanted {
				return false
			}
			moved := settings()
			if test = s.expect(from, moved); test == nil || s.run(s.product, *test).Outcome.Results[rule] != wanted {
				test = nil
				return false
			}
			test.Name = s.nameFor(place, moved, test)
			s.names[test.Name] = true
			return true
		})
		if test != nil {
			return test
		}
	}
	return nil
}

// boundaries adds tests for the sides of comparisons that no test stands on.
func (g *suggester) boundaries() {
	coverage := CoverProduct(g.samples, g.library, &g.product)
	for i := range coverage.Boundaries {
		boundary := &coverage.Boundaries[i]
		for _, test := range boundary.Suggestions {
			g.add(ForBoundary, boundary.Place, funding.Text{ZH: "站在 " + boundary.Comparison + " 的分界处", EN: "stands where " + boundary.Comparison + " turns"}, test)
		}
	}
}
