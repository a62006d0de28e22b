package ruleexpr

import "sort"

// Change is a change of one fact that a bureau could make.
type Change struct {
	Fact string `json:"fact"`
	From string `json:"from"`
	To   string `json:"to"`
	Unit Unit   `json:"unit,omitempty"`
	// Steps is how many steps of the vocabulary the change takes, the measure by which the smallest is chosen.
	Steps int64 `json:"steps"`
}

// maxDoublings bounds the search outwards: 2^62 steps leave every range.
const maxDoublings = 62

// SmallestChanges returns, for each adjustable fact that the rule uses, the smallest change in the allowed direction
// after which the rule holds, the fact with the fewest steps first. Each was checked by evaluating the rule with the
// change made, and one step less was checked not to do. Facts for which no such change exists within their range are
// left out. The facts are not altered.
func (r *Rule) SmallestChanges(facts *Facts) []Change {
	return r.SmallestChangesIn(facts.Clone(), facts)
}

// SmallestChangesIn is SmallestChanges with facts to try in: they must be equal to the facts, and are left so.
func (r *Rule) SmallestChangesIn(trial, facts *Facts) []Change {
	if r.holds(facts) == True {
		return nil
	}
	var changes []Change
	for _, slot := range r.facts {
		fact := r.vocabulary.facts[slot]
		if !fact.Adjustable() || !facts.present[slot] {
			continue
		}
		if change, ok := r.smallestChange(trial, facts, slot, fact); ok {
			changes = append(changes, change)
		}
		trial.copySlot(facts, slot)
	}
	sort.SliceStable(changes, func(i, j int) bool {
		if changes[i].Steps != changes[j].Steps {
			return changes[i].Steps < changes[j].Steps
		}
		return changes[i].Fact < changes[j].Fact
	})
	return changes
}

// smallestChange moves one fact of trial, which must be facts as they are and is left with the fact moved.
func (r *Rule) smallestChange(trial, facts *Facts, slot Slot, fact Fact) (Change, bool) {
	before, _ := facts.ValueText(slot)
	change := Change{Fact: fact.Name, From: before, Unit: fact.Unit}
	apply, limit := stepper(trial, facts, slot, fact)
	steps, ok := FewestSteps(limit, func(steps int64) bool {
		return apply(steps) && r.holds(trial) == True
	})
	if !ok || !apply(steps) || r.holds(trial) != True {
		return change, false
	}
	change.Steps = steps
	change.To, _ = trial.ValueText(slot)
	return change, true
}

// stepper returns a function that moves the fact by a number of steps from its present value, and the largest number
// of steps within the fact's range. Values land on the step grid: the first step goes to the next grid value.
func stepper(trial, facts *Facts, slot Slot, fact Fact) (apply func(int64) bool, limit int64) {
	switch fact.Type {
	case TypeFlag:
		return func(int64) bool { trial.SetFlag(slot, true); return true }, 1
	case TypeText:
		at := -1
		for i, word := range fact.Order {
			if word == facts.texts[facts.vocabulary.place[slot]] {
				at = i
			}
		}
		if at < 0 || fact.Direction != DirectionUp {
			return func(int64) bool { return false }, 0
		}
		return func(steps int64) bool { trial.SetText(slot, fact.Order[at+int(steps)]); return true }, int64(len(fact.Order) - 1 - at)
	case TypeNumber:
		return numberStepper(trial, facts, slot, fact)
	}
	return func(int64) bool { return false }, 0
}

func numberStepper(trial, facts *Facts, slot Slot, fact Fact) (func(int64) bool, int64) {
	step, ok := scaleDecimal(fact.Step, fact.Unit.Decimals())
	bound := fact.High
	if fact.Direction == DirectionDown {
		bound = fact.Low
	}
	if !ok || step <= 0 || bound == nil {
		return func(int64) bool { return false }, 0
	}
	end, ok := scaleDecimal(*bound, fact.Unit.Decimals())
	if !ok {
		return func(int64) bool { return false }, 0
	}
	present := facts.numbers[slot]
	grid := floorDivide(present, step)
	if fact.Direction == DirectionUp {
		limit := floorDivide(end, step) - grid
		return func(steps int64) bool { trial.numbers[slot] = (grid + steps) * step; return true }, max(limit, 0)
	}
	grid = -floorDivide(-present, step) // the grid value at or above, so that one step down is the next one below
	limit := grid + floorDivide(-end, step)
	return func(steps int64) bool { trial.numbers[slot] = (grid - steps) * step; return true }, max(limit, 0)
}

func floorDivide(a, b int64) int64 {
	quotient := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		quotient--
	}
	return quotient
}

// FewestSteps returns the smallest number of steps, from one to limit, at which a test passes, by doubling outwards
// and halving back. The answer is a boundary – it passes and one step less does not; where a test passes, fails and
// passes again, the boundary nearest to where it first passed while doubling is found.
func FewestSteps(limit int64, passes func(int64) bool) (int64, bool) {
	failed, passed := int64(0), int64(0)
	for step, doublings := int64(1), 0; failed < limit && doublings < maxDoublings; step, doublings = step*2, doublings+1 {
		at := min(step, limit)
		if passes(at) {
			passed = at
			break
		}
		failed = at
	}
	if passed == 0 {
		return 0, false
	}
	return halve(failed, passed, passes), true
}

// FewestStepsNear is FewestSteps for a test that, once it passes, passes with every larger number of steps: it begins at a
// guess and goes outwards from there, so that a good guess is confirmed by two tests.
func FewestStepsNear(guess, limit int64, passes func(int64) bool) (int64, bool) {
	if limit < 1 {
		return 0, false
	}
	at := min(max(guess, 1), limit)
	failed, passed := int64(0), int64(0)
	if passes(at) {
		passed = at
		for step := int64(1); passed-failed > 1; step *= 2 {
			if at = max(passed-step, failed+1); !passes(at) {
				failed = at
				break
			}
			passed = at
		}
		return halve(failed, passed, passes), true
	}
	failed = at
	for step := int64(1); failed < limit; step *= 2 {
		if at = failed + min(step, limit-failed); passes(at) {
			return halve(failed, at, passes), true
		}
		failed = at
	}
	return 0, false
}

// halve finds the boundary between a number of steps at which a test fails and a larger one at which it passes.
func halve(failed, passed int64, passes func(int64) bool) int64 {
	for passed-failed > 1 {
		middle := failed + (passed-failed)/2
		if passes(middle) {
			passed = middle
		} else {
			failed = middle
		}
	}
	return passed
}
