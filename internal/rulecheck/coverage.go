package rulecheck

import (
	"slices"

	"zutuan/internal/funding"
	"zutuan/internal/match"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// RuleSight says how the tests of a product saw one rule.
type RuleSight struct {
	Rule  string `json:"rule"`
	Level string `json:"level"`
	// Passed and Failed say whether some test saw it so.
	Passed bool `json:"passed"`
	Failed bool `json:"failed"`
}

// BranchSight says whether some test took one branch of a conditional in a formula or rule.
type BranchSight struct {
	// Place is terms.rate or rules.<id>; Condition and Branch are as written; Yes tells the branch before the colon.
	Place     string `json:"place"`
	Condition string `json:"condition"`
	Branch    string `json:"branch"`
	Yes       bool   `json:"yes"`
	Taken     bool   `json:"taken"`
	// Suggestion is a test that takes the branch, nil where it is taken or none was found.
	Suggestion *funding.ProductTest `json:"-"`
}

// BoundarySight says on which sides of a comparison some test stands: below where it turns, exactly there, above.
type BoundarySight struct {
	Place      string `json:"place"`
	Comparison string `json:"comparison"`
	// Below, At and Above compare the left side with the right one.
	Below bool `json:"below"`
	At    bool `json:"at"`
	Above bool `json:"above"`
	// Suggestions are tests that the product passes, for the sides that no test stands on and that can be reached.
	Suggestions []*funding.ProductTest `json:"-"`
}

// Coverage is what the tests of a product see of its rules.
type Coverage struct {
	Product    string
	Rules      []RuleSight
	Branches   []BranchSight
	Boundaries []BoundarySight
}

// Complete reports whether every must was seen both ways and every branch taken; boundaries are advice.
func (c *Coverage) Complete() bool {
	for _, rule := range c.Rules {
		if rule.Level == "must" && (!rule.Passed || !rule.Failed) {
			return false
		}
	}
	return !slices.ContainsFunc(c.Branches, func(b BranchSight) bool { return !b.Taken })
}

// CoverProduct runs a product's tests and says which rules they see pass and fail, which branches they take, and where
// beside each comparison they stand.
func CoverProduct(samples match.Samples, library *rulepack.Library, product *rulepack.Product) Coverage {
	s := newScorer(samples, library, product)
	s.tests = product.Tests
	out := Coverage{Product: product.ID}
	for i := range product.Rules {
		out.Rules = append(out.Rules, RuleSight{Rule: product.Rules[i].ID, Level: product.Rules[i].Level})
	}
	watch := watchOf(product)
	for _, test := range product.Tests {
		for k, result := range s.run(product, test).Outcome.Results {
			out.Rules[k].Passed = out.Rules[k].Passed || result == match.ResultPassed
			out.Rules[k].Failed = out.Rules[k].Failed || result == match.ResultFailed
		}
		if facts := s.factsOf(test); facts != nil {
			watch.see(facts)
		}
	}
	for _, branch := range watch.branches {
		sight := branch.sight
		if !sight.Taken {
			sight.Suggestion = s.branchTest(branch)
		}
		out.Branches = append(out.Branches, sight)
	}
	for _, comparison := range watch.comparisons {
		sight := comparison.sight
		if !sight.Below || !sight.At || !sight.Above {
			sight.Suggestions = s.boundaryTests(comparison)
		}
		out.Boundaries = append(out.Boundaries, sight)
	}
	return out
}

// watcher keeps the branches and comparisons of a product and what was seen of them.
type watcher struct {
	branches    []*watchedBranch
	comparisons []*watchedComparison
}

type watchedBranch struct {
	condition ruleexpr.Part
	sight     BranchSight
}

type watchedComparison struct {
	part  ruleexpr.Part
	sight BoundarySight
}

func watchOf(product *rulepack.Product) *watcher {
	w := &watcher{}
	for i := range product.Rules {
		w.add("rules."+product.Rules[i].ID, product.Rules[i].Rule.Tree())
	}
	for _, term := range termsOf(product) {
		if term.formula != nil {
			w.add(term.name, term.formula.Tree())
		}
	}
	return w
}

// add looks at everything outside of predicates: inside one there is no single value to compare.
func (w *watcher) add(place string, part ruleexpr.Part) {
	kids := part.Parts()
	switch part.Kind() {
	case ruleexpr.PartIf:
		for i, yes := range []bool{true, false} {
			w.branches = append(w.branches, &watchedBranch{kids[0], BranchSight{Place: place, Condition: kids[0].Source(), Branch: kids[i+1].Source(), Yes: yes}})
		}
	case ruleexpr.PartCompare:
		if kids[0].Type() == ruleexpr.TypeNumber {
			w.comparisons = append(w.comparisons, &watchedComparison{part, BoundarySight{Place: place, Comparison: part.Source()}})
		}
	case ruleexpr.PartAny, ruleexpr.PartAll, ruleexpr.PartNone, ruleexpr.PartCount:
		return
	}
	for _, kid := range kids {
		w.add(place, kid)
	}
}

func (w *watcher) see(facts *ruleexpr.Facts) {
	for _, branch := range w.branches {
		truth := branch.condition.Truth(facts)
		branch.sight.Taken = branch.sight.Taken || truth == ruleexpr.True && branch.sight.Yes || truth == ruleexpr.False && !branch.sight.Yes
	}
	for _, comparison := range w.comparisons {
		switch sign, known := side(comparison.part, facts); {
		case !known:
		case sign < 0:
			comparison.sight.Below = true
		case sign == 0:
			comparison.sight.At = true
		default:
			comparison.sight.Above = true
		}
	}
}

// side returns the sign of left − right.
func side(comparison ruleexpr.Part, facts *ruleexpr.Facts) (int, bool) {
	kids := comparison.Parts()
	left, leftOK := kids[0].Value(facts)
	right, rightOK := kids[1].Value(facts)
	if !leftOK || !rightOK {
		return 0, false
	}
	return left.Cmp(right), true
}

// branchTest makes a test that takes a branch.
func (s *scorer) branchTest(branch *watchedBranch) *funding.ProductTest {
	if s.bases == nil {
		s.findBases()
	}
	for _, from := range s.bases {
		var test *funding.ProductTest
		explore([]ruleexpr.Part{branch.condition}, from.facts, func(facts *ruleexpr.Facts, settings func() []Setting) bool {
			if truth := branch.condition.Truth(facts); truth == ruleexpr.Undecided || (truth == ruleexpr.True) != branch.sight.Yes {
				return false
			}
			moved := settings()
			if test = s.expect(from, moved); test != nil {
				test.Name = s.nameFor(branch.sight.Place, moved, test)
				s.names[test.Name] = true
			}
			return test != nil
		})
		if test != nil {
			return test
		}
	}
	return nil
}

// boundaryTests makes tests for the sides of a comparison that no test stands on, near to where it turns, each with what
// the product says there.
func (s *scorer) boundaryTests(comparison *watchedComparison) []*funding.ProductTest {
	if s.bases == nil {
		s.findBases()
	}
	if len(s.bases) == 0 {
		return nil
	}
	seen := map[int]bool{-1: comparison.sight.Below, 0: comparison.sight.At, 1: comparison.sight.Above}
	from := s.bases[0]
	var found [][]Setting
	explore([]ruleexpr.Part{comparison.part}, from.facts, func(facts *ruleexpr.Facts, settings func() []Setting) bool {
		moved := settings()
		if sign, known := side(comparison.part, facts); known && !seen[sign] && len(moved) > 0 {
			seen[sign] = true
			found = append(found, moved)
		}
		return seen[-1] && seen[0] && seen[1]
	})
	var tests []*funding.ProductTest
	for _, settings := range found {
		if test := s.expect(from, settings); test != nil {
			test.Name = s.nameFor(comparison.sight.Place, settings, test)
			s.names[test.Name] = true
			tests = append(tests, test)
		}
	}
	return tests
}
