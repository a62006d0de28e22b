package rulecheck

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/match"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// Survivor is a mutant that no test of its product notices.
type Survivor struct {
	Mutant
	// Test is a test that passes with the rule and fails with the mutant, nil where the search found none: then either the
	// mutant changes nothing, or no set of facts on the tests' samples shows it.
	Test *funding.ProductTest
}

// ProductScore is how many of a product's mutants its tests notice.
type ProductScore struct {
	Product string
	Version int
	// Mutants counts those that are not equivalent; Killed those of them that a test notices.
	Mutants    int
	Killed     int
	Equivalent []Mutant
	Survivors  []Survivor
	// Suggestions are the tests of the survivors, each once: with them the product's tests notice those mutants too.
	Suggestions []*funding.ProductTest
	// Broken are tests that do not pass even with the rules as they are; they notice nothing.
	Broken []string
}

// Score is the share of mutants that were noticed, as a percentage with one decimal, rounded down so that 100.0 means all;
// 100.0 where there are no mutants.
func (p ProductScore) Score() string { return percent(p.Killed, p.Mutants) }

func percent(part, whole int) string {
	if whole == 0 {
		return "100.0"
	}
	tenths := 1000 * part / whole
	return fmt.Sprintf("%d.%d", tenths/10, tenths%10)
}

// scorer runs the tests of one product against its mutants.
type scorer struct {
	samples match.Samples
	library *rulepack.Library
	product *rulepack.Product
	tests   []funding.ProductTest
	bases   []base
	// names are those of the product's tests and of the ones suggested so far.
	names map[string]bool
}

// base is the situation of a test: its facts, the offer included.
type base struct {
	test  funding.ProductTest
	facts *ruleexpr.Facts
}

func newScorer(samples match.Samples, library *rulepack.Library, product *rulepack.Product) *scorer {
	s := &scorer{samples: samples, library: library, product: product, names: map[string]bool{}}
	for _, test := range product.Tests {
		s.names[test.Name] = true
	}
	return s
}

// ScoreProduct changes one thing after another in a product's rules and counts which changes its tests notice.
func ScoreProduct(samples match.Samples, library *rulepack.Library, product *rulepack.Product) ProductScore {
	s := newScorer(samples, library, product)
	score := ProductScore{Product: product.ID, Version: product.Version}
	for i, result := range match.RunTests(samples, product) {
		if !result.Passed {
			score.Broken = append(score.Broken, result.Name)
			continue
		}
		s.tests = append(s.tests, product.Tests[i])
	}
	for _, mutant := range Mutants(library, product) {
		if mutant.Equivalent {
			score.Equivalent = append(score.Equivalent, mutant)
			continue
		}
		score.Mutants++
		if s.noticed(&mutant, s.tests) {
			score.Killed++
			continue
		}
		test := s.suggested(&mutant, score.Suggestions)
		if test == nil {
			if test = s.killer(&mutant); test != nil {
				score.Suggestions = append(score.Suggestions, test)
				s.names[test.Name] = true
			}
		}
		score.Survivors = append(score.Survivors, Survivor{mutant, test})
	}
	return score
}

// suggested returns one of the tests suggested so far that also notices a mutant.
func (s *scorer) suggested(mutant *Mutant, suggestions []*funding.ProductTest) *funding.ProductTest {
	for _, test := range suggestions {
		if !s.passes(mutant.product, *test) {
			return test
		}
	}
	return nil
}

// noticed reports whether some test fails with the mutant. Tests that name its rule are asked first.
func (s *scorer) noticed(mutant *Mutant, tests []funding.ProductTest) bool {
	rule, isRule := strings.CutPrefix(mutant.Place, "rules.")
	names := func(test *funding.ProductTest) bool {
		return isRule && (slices.Contains(test.Failed, rule) || slices.Contains(test.Undecided, rule))
	}
	for _, first := range []bool{true, false} {
		for i := range tests {
			if names(&tests[i]) == first && !s.passes(mutant.product, tests[i]) {
				return true
			}
		}
	}
	return false
}

func (s *scorer) passes(product *rulepack.Product, test funding.ProductTest) bool {
	return s.run(product, test).Passed
}

func (s *scorer) run(product *rulepack.Product, test funding.ProductTest) match.TestResult {
	alone := *product
	alone.Tests = []funding.ProductTest{test}
	return match.RunTests(s.samples, &alone)[0]
}

// maxBases is how many situations a killing test is looked for in, maxTrials how many sets of facts of each are tried with
// the whole product.
const (
	maxBases  = 3
	maxTrials = 24
)

// killer looks for a test that the product passes and the mutant does not.
func (s *scorer) killer(mutant *Mutant) *funding.ProductTest {
	if s.bases == nil {
		s.findBases()
	}
	for _, base := range s.bases {
		var found [][]Setting
		if mutant.rule != nil {
			found = Distinguish(mutant.original, mutant.rule, base.facts, maxTrials)
		} else {
			found = s.distinguishTerm(mutant, base)
		}
		for _, settings := range found {
			if test := s.kills(mutant, base, settings); test != nil {
				return test
			}
		}
		// A product's own terms can refuse what its rule refuses, under the same name. With the terms fixed the rule alone
		// decides.
		for _, settings := range found {
			if test := s.kills(mutant, base, base.withTerms(settings)); test != nil {
				return test
			}
		}
	}
	return nil
}

// withTerms fixes the tenor and the size of the base's offer beside some settings that do not set them.
func (b base) withTerms(settings []Setting) []Setting {
	fixed := slices.Clone(settings)
	for _, name := range []string{"offer.size", "offer.tenor_quarters"} {
		value, known := b.facts.ValueText(b.facts.Vocabulary().Slot(name))
		if known && !slices.ContainsFunc(settings, func(s Setting) bool { return s.Fact == name }) {
			fixed = append(fixed, Setting{name, plainValue(b.facts.Vocabulary().Fact(b.facts.Vocabulary().Slot(name)), value)})
		}
	}
	return fixed
}

// findBases takes the tests in which most is reached: eligible ones first, then conditional ones, then any.
func (s *scorer) findBases() {
	for _, verdict := range []funding.Verdict{funding.VerdictEligible, funding.VerdictConditional, ""} {
		for _, test := range s.tests {
			if len(s.bases) >= maxBases || verdict != "" && test.Verdict != string(verdict) {
				continue
			}
			if facts := s.factsOf(test); facts != nil {
				s.bases = append(s.bases, base{test, facts})
			}
		}
	}
}

// factsOf returns the facts of a test with the offer that the product makes in it.
func (s *scorer) factsOf(test funding.ProductTest) *ruleexpr.Facts {
	need, err := s.samples(test.Requirement, test.Date)
	if err != nil {
		return nil
	}
	facts := need.Facts.Clone()
	if outcome := s.run(s.product, test).Outcome; outcome.Offer != nil {
		setOffer(facts, outcome.Offer)
	}
	for _, name := range slices.Sorted(maps.Keys(test.Set)) {
		if facts.SetFromText(facts.Vocabulary().Slot(name), test.Set[name]) != nil {
			return nil
		}
	}
	for _, name := range test.Unset {
		facts.SetMissing(facts.Vocabulary().Slot(name), "")
	}
	return facts
}

// setOffer writes what is known of an offer into the facts that rules on it ask for.
func setOffer(facts *ruleexpr.Facts, offer *match.Offer) {
	v := facts.Vocabulary()
	facts.SetAmount(v.Slot("offer.size"), offer.Size)
	facts.SetAmount(v.Slot("offer.total_interest"), offer.TotalInterest)
	for name, measure := range map[string]loan.Measure{"offer.rate": offer.Rate, "offer.all_in_cost": offer.AllInCost, "offer.average_life": offer.AverageLifeYears,
		"offer.min_dscr": offer.MinDSCR, "offer.avg_dscr": offer.AvgDSCR, "offer.min_icr": offer.MinICR, "offer.llcr": offer.LLCR, "offer.plcr": offer.PLCR,
		"offer.cover": offer.Cover, "offer.share_of_investment": offer.ShareOfInvestment} {
		if measure.Known {
			facts.SetDecimal(v.Slot(name), measure.Value)
		}
	}
	if !offer.Scheduled {
		return
	}
	for name, count := range map[string]int{"offer.tenor_quarters": offer.TenorQuarters, "offer.grace_quarters": offer.GraceQuarters,
		"offer.first_instalment_quarter": offer.FirstInstalment, "offer.last_quarter": offer.LastQuarter} {
		facts.SetCount(v.Slot(name), count)
	}
	if offer.GraceSlackKnown {
		facts.SetCount(v.Slot("offer.grace_slack_quarters"), offer.GraceSlackQuarters)
	}
	var years []money.Decimal
	for _, year := range offer.DSCRByYear {
		if !year.Known {
			return
		}
		years = append(years, year.Value)
	}
	facts.SetDecimals(v.Slot("offer.dscr_by_year"), years)
}

// kills makes a test of a base with some facts set, expecting what the product says, and returns it where the mutant says
// something else.
func (s *scorer) kills(mutant *Mutant, base base, settings []Setting) *funding.ProductTest {
	test := s.expect(base, settings)
	if test == nil || s.passes(mutant.product, *test) {
		return nil
	}
	test.Name = s.nameFor(mutant.Place, settings, test)
	return test
}

// expect makes a test of a base with some facts set, expecting what the product says; nil where it does not pass even so.
func (s *scorer) expect(base base, settings []Setting) *funding.ProductTest {
	test := base.test
	test.Set = maps.Clone(base.test.Set)
	if test.Set == nil {
		test.Set = map[string]string{}
	}
	for _, setting := range settings {
		test.Set[setting.Fact] = setting.Value
		test.Unset = slices.DeleteFunc(slices.Clone(test.Unset), func(name string) bool { return name == setting.Fact })
	}
	outcome := s.run(s.product, test).Outcome
	if outcome.Product == nil {
		return nil
	}
	test.Verdict, test.Failed, test.Undecided = string(outcome.Verdict), nil, nil
	for k, result := range outcome.Results {
		switch result {
		case match.ResultFailed:
			test.Failed = append(test.Failed, outcome.Product.Rules[k].ID)
		case match.ResultUndecided:
			test.Undecided = append(test.Undecided, outcome.Product.Rules[k].ID)
		}
	}
	if outcome.BuiltIn != nil && !slices.Contains(test.Failed, outcome.BuiltIn.ID) {
		test.Failed = append(test.Failed, outcome.BuiltIn.ID)
	}
	if !s.passes(s.product, test) {
		return nil
	}
	return &test
}

// distinguishTerm looks for facts at which a product with an exchanged formula offers something else, and then for a fact
// that some rule compares with the offer and that tells the two offers apart.
func (s *scorer) distinguishTerm(mutant *Mutant, from base) [][]Setting {
	var found [][]Setting
	explore([]ruleexpr.Part{mutant.formula.Tree(), mutant.changedFormula.Tree()}, from.facts, func(facts *ruleexpr.Facts, settings func() []Setting) bool {
		was, doubt := mutant.formula.Decimal(facts, money.RatioDecimals)
		now, alsoDoubt := mutant.changedFormula.Decimal(facts, money.RatioDecimals)
		if doubt != nil || alsoDoubt != nil || was.Equal(now) {
			return false
		}
		moved := settings()
		found = append(found, moved)
		found = append(found, s.offersApart(mutant, from, moved)...)
		return len(found) >= maxTrials
	})
	return found
}

// offersApart looks at the offers of the product and of the mutant and returns settings of one more fact each, at which
// some rule accepts the one and refuses the other.
func (s *scorer) offersApart(mutant *Mutant, from base, moved []Setting) [][]Setting {
	test := s.expect(from, moved)
	if test == nil {
		return nil
	}
	was, now := s.run(s.product, *test).Outcome.Offer, s.run(mutant.product, *test).Outcome.Offer
	if was == nil || now == nil {
		return nil
	}
	before := s.factsOf(*test)
	after := before.Clone()
	setOffer(after, now)
	var found [][]Setting
	for i := range s.product.Rules {
		rule := s.product.Rules[i].Rule
		if !s.product.Rules[i].OnOffer {
			continue
		}
		explore([]ruleexpr.Part{rule.Tree()}, before, func(facts *ruleexpr.Facts, settings func() []Setting) bool {
			other := after.Clone()
			for _, setting := range settings() {
				if strings.HasPrefix(setting.Fact, "offer.") || other.SetFromText(other.Vocabulary().Slot(setting.Fact), setting.Value) != nil {
					return false
				}
			}
			if rule.Holds(facts) != rule.Holds(other) {
				found = append(found, append(append([]Setting{}, moved...), settings()...))
				return true
			}
			return false
		})
	}
	return found
}
