package ruleexpr

// Stepper returns a function that sets a fact of trial to a number of steps of the vocabulary from its value in facts,
// in the direction in which a bureau could move it, and the largest number of steps within the fact's range. It is what
// SmallestChanges searches with, for callers that must do more than evaluate one rule. The limit is 0 where the fact
// cannot be moved.
func Stepper(trial, facts *Facts, slot Slot) (apply func(steps int64) bool, limit int64) {
	fact := facts.vocabulary.facts[slot]
	if !fact.Adjustable() || !facts.present[slot] {
		return func(int64) bool { return false }, 0
	}
	return stepper(trial, facts, slot, fact)
}
