package ruleexpr_test

import (
	"testing"

	"pgregory.net/rapid"

	"zutuan/internal/ruleexpr"
)

// For a test that passes from some step on, a search from any guess finds the step that a search from the first finds, and
// from the right guess it asks twice.
func TestASearchFromAGuessFindsTheSameStep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.Int64Range(0, 1_000_000).Draw(t, "limit")
		first := rapid.Int64Range(1, 1_100_000).Draw(t, "first step that passes")
		guess := rapid.Int64Range(-10, 2_000_000).Draw(t, "guess")
		asked := 0
		passes := func(steps int64) bool {
			if asked++; steps < 1 || steps > limit {
				t.Fatalf("step %d of %d is asked", steps, limit)
			}
			return steps >= first
		}
		want, found := ruleexpr.FewestSteps(limit, passes)
		if got, ok := ruleexpr.FewestStepsNear(guess, limit, passes); got != want || ok != found {
			t.Fatalf("from %d: step %d (%t), from the first: %d (%t)", guess, got, ok, want, found)
		}
		if asked = 0; found {
			if got, _ := ruleexpr.FewestStepsNear(want, limit, passes); got != want || asked > 2 {
				t.Fatalf("from the right guess: step %d after %d tests", got, asked)
			}
		}
	})
}

// Counts and sums over lists are compiled; what they cannot hold is walked exactly and says the same.
func TestCountsAndSumsOverLists(t *testing.T) {
	v, err := ruleexpr.NewVocabulary([]ruleexpr.Fact{
		{Name: "list", Type: ruleexpr.TypeNumbers, Unit: ruleexpr.UnitRatio}, {Name: "limit", Type: ruleexpr.TypeNumber, Unit: ruleexpr.UnitRatio},
	})
	if err != nil {
		t.Fatal(err)
	}
	const wide = "9000000000000" // times a million, two of them leave an int64
	for _, c := range []struct {
		rule, list, limit string
		want              ruleexpr.Truth
	}{
		{"count(list, # < 1.2) <= 1", "1.1,1.2,1.3", "", ruleexpr.True},
		{"count(list, # < 1.2) <= 1", "1.1,1.199999,1.3", "", ruleexpr.False},
		{"count(list, # < 1.2) == 0", "", "", ruleexpr.True},
		{"count(list, # < 1.2) <= 1", "missing", "", ruleexpr.Undecided},
		{"count(list, # <= limit) <= 1", "1,2", "missing", ruleexpr.Undecided},
		{"count(list, # <= limit) == 2", "1,2", "2", ruleexpr.True},
		{"any(list, # >= limit)", "1,2", "2", ruleexpr.True},
		{"all(list, # >= limit)", "1,2", "2", ruleexpr.False},
		{"none(list, # > limit)", "1,2", "2", ruleexpr.True},
		{"sum(list) >= 3", "1,1.999999", "", ruleexpr.False},
		{"sum(list) >= 3", "1,2", "", ruleexpr.True},
		{"sum(list[1:3]) == 5", "1,2,3,4", "", ruleexpr.True},
		{"sum(list[2:9]) == 7", "1,2,3,4", "", ruleexpr.True},
		{"sum(list) >= 3", "missing", "", ruleexpr.Undecided},
		{"sum(list) > " + wide, wide + "," + wide, "", ruleexpr.True},
		{"sum(list) * 1000000 > sum(list)", wide, "", ruleexpr.True},
	} {
		rule, err := v.CompileRule(c.rule)
		if err != nil {
			t.Fatal(err)
		}
		facts := v.NewFacts()
		for name, text := range map[string]string{"list": c.list, "limit": c.limit} {
			if text == "missing" || name == "limit" && text == "" {
				continue
			}
			if err := facts.SetFromText(v.Slot(name), text); err != nil {
				t.Fatal(err)
			}
		}
		if got := rule.Holds(facts); got != c.want || rule.Explain(facts).Result != c.want {
			t.Errorf("%s with %s and %s: %s, explained %s, want %s", c.rule, c.list, c.limit, got, rule.Explain(facts).Result, c.want)
		}
	}
}
