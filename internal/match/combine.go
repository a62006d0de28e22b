package match

import (
	"slices"

	"zutuan/internal/funding"
	"zutuan/internal/ruleexpr"
)

// combine looks for changes of every failed must that together leave no must failed, the smallest first. One that makes
// the pair eligible or conditional is taken at once; one that leaves it undecided for want of data only where nothing
// better is found. nil: there is none.
func (w *worker) combine(outcome *Outcome) *Remedy {
	var undecided *Remedy
	for _, changes := range choices(outcome.Failures) {
		remedy := w.try(outcome, changes, nil)
		if remedy == nil {
			remedy = w.extend(outcome, changes)
		}
		if remedy == nil {
			continue
		}
		if remedy.Verdict != funding.VerdictUndecided {
			return remedy
		}
		if undecided == nil {
			undecided = remedy
		}
	}
	return undecided
}

// choices returns one change of each failure in every combination, those of smaller places first.
func choices(failures []Failure) [][]ruleexpr.Change {
	first := failures[0].Changes[:min(len(failures[0].Changes), maxAlternatives)]
	var out [][]ruleexpr.Change
	if len(failures) == 1 {
		for _, change := range first {
			out = append(out, []ruleexpr.Change{change})
		}
		return out
	}
	second := failures[1].Changes[:min(len(failures[1].Changes), maxAlternatives)]
	for sum := 0; sum <= len(first)+len(second)-2; sum++ {
		for i := max(0, sum-len(second)+1); i <= min(sum, len(first)-1); i++ {
			out = append(out, merged([]ruleexpr.Change{first[i]}, second[sum-i]))
		}
	}
	return out
}

// merged adds a change to others. Two changes of one fact go the same way, so the one with more steps does for both.
func merged(changes []ruleexpr.Change, more ruleexpr.Change) []ruleexpr.Change {
	for i, change := range changes {
		if change.Fact == more.Fact {
			out := slices.Clone(changes)
			if more.Steps > change.Steps {
				out[i] = more
			}
			return out
		}
	}
	return append(slices.Clone(changes), more)
}

// try matches the pair again with all changes made; nil where a must still fails.
func (w *worker) try(outcome *Outcome, changes []ruleexpr.Change, surfaced []string) *Remedy {
	at := w.with(changes)
	defer w.workshop.giveBack(at.facts)
	again := w.pair(outcome, changes, at)
	if again.tally.failedMusts > 0 {
		return nil
	}
	if w.detail == DetailFull {
		w.complete(again.Offer, outcome.Product, at)
	}
	return &Remedy{Changes: changes, Surfaced: surfaced, Verdict: again.Verdict, Offer: again.Offer}
}

// extend mends what the changes bring to light: a must on the offer that could not be reached before. All musts that
// failed and surfaced must stay within what a near miss may have.
func (w *worker) extend(outcome *Outcome, changes []ruleexpr.Change) *Remedy {
	at := w.with(changes)
	defer w.workshop.giveBack(at.facts)
	again := w.pair(outcome, changes, at)
	if again.tally.failedMusts == 0 || len(outcome.Failures)+int(again.tally.failedMusts) > maxNearMisses {
		return nil
	}
	var undecided *Remedy
	for _, failure := range w.failures(&again, at) {
		for _, change := range failure.Changes[:min(len(failure.Changes), maxAlternatives)] {
			remedy := w.try(outcome, merged(changes, change), []string{failure.Rule})
			if remedy == nil {
				continue
			}
			if remedy.Verdict != funding.VerdictUndecided {
				return remedy
			}
			if undecided == nil {
				undecided = remedy
			}
		}
	}
	return undecided
}
