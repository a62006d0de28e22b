package match

import (
	"fmt"
	"slices"
	"sort"
	"strconv"

	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// maxNearMisses is how many musts may fail in a near miss (rules.md, Verdict of a pair).
const maxNearMisses = 2

// maxAlternatives bounds the changes of one failed must that are tried together with those of the other: beyond the
// fourth smallest nobody would choose.
const maxAlternatives = 4

// Failure is a must that failed and each single change that makes it pass, the fewest steps first. Every change was
// checked by evaluating again with it made, sizing and scheduling included.
type Failure struct {
	Rule    string
	BuiltIn bool
	Changes []ruleexpr.Change
}

// Remedy is the combined change of a near miss: with all of it made, no must fails. It was checked by matching the pair
// again.
type Remedy struct {
	Changes []ruleexpr.Change
	// Surfaced are musts that were not reached before and that the changes also mend.
	Surfaced []string
	// Verdict is what the pair says with the changes made: eligible or conditional, or undecided where data is missing.
	Verdict funding.Verdict
	// Offer is the offer with the changes made. It has no schedule, only what one comes to.
	Offer *Offer
}

// situation is a need with changes made: its facts and the terms that are asked for.
type situation struct {
	facts  *ruleexpr.Facts
	levers levers
}

// asIs is the need without a change.
func (w *worker) asIs() situation { return situation{facts: w.need.Facts, levers: w.asked} }

// with returns the need with changes made, in borrowed facts. Changes of the offer's terms become levers.
func (w *worker) with(changes []ruleexpr.Change) situation {
	out := situation{facts: w.workshop.borrow(w.need.Facts), levers: w.asked}
	for _, change := range changes {
		slot := out.facts.Vocabulary().Slot(change.Fact)
		taken, err := out.levers.take(w.slots, slot, change.To)
		if !taken {
			err = out.facts.SetFromText(slot, change.To)
		}
		if err != nil {
			// The text was written from a value of the fact within its range, so it can be read back.
			panic("match: a change that cannot be made: " + err.Error())
		}
	}
	return out
}

// take fixes a term of the offer from the text of its fact. It reports false where the fact is not one that can be asked
// for; the error says what may be.
func (l *levers) take(slots *offerSlots, slot ruleexpr.Slot, text string) (bool, error) {
	switch slot {
	case slots.size:
		size, err := money.ParseAmount(text)
		if err != nil || size < 0 {
			return true, fmt.Errorf("offer.size is an amount from 0.00 to %s, got %q", money.MaxAmount, text)
		}
		l.size, l.hasSize, l.exactSize = size, true, false
	case slots.tenor:
		quarters, err := wholeBetween("offer.tenor_quarters", text, 1)
		l.tenor, l.hasTenor = quarters, err == nil
		return true, err
	case slots.grace:
		quarters, err := wholeBetween("offer.grace_quarters", text, 0)
		l.grace, l.hasGrace = quarters, err == nil
		return true, err
	default:
		return false, nil
	}
	return true, nil
}

func wholeBetween(name, text string, least int) (int, error) {
	quarters, err := strconv.Atoi(text)
	if err != nil || quarters < least || quarters > funding.MaxQuarters {
		return 0, fmt.Errorf("%s is a whole number from %d to %d, got %q", name, least, funding.MaxQuarters, text)
	}
	return quarters, nil
}

// pair matches the product of an outcome again with changes made. Rules that do not look at what is changed say what they
// said. The offer is not for keeping until complete has completed it.
func (w *worker) pair(before *Outcome, changes []ruleexpr.Change, at situation) Outcome {
	outcome := Outcome{Product: before.Product, Results: make([]Result, len(before.Results)), row: before.row}
	var changed [maxNearMisses + 1]ruleexpr.Slot
	moved := changed[:0]
	for _, change := range changes {
		moved = append(moved, at.facts.Vocabulary().Slot(change.Fact))
	}
	for k := range outcome.Product.Rules {
		rule := &outcome.Product.Rules[k]
		outcome.Results[k] = ResultNotReached
		if !rule.OnOffer {
			outcome.Results[k] = before.Results[k]
			if slices.ContainsFunc(moved, rule.Rule.UsesSlot) {
				outcome.Results[k] = Result(rule.Rule.Holds(at.facts))
			}
			outcome.tally.add(rule, outcome.Results[k])
		}
	}
	outcome.Verdict = outcome.tally.verdict()
	if outcome.tally.failedMusts == 0 {
		w.continueWithOffer(&outcome, at, false)
		w.slots.clear(at.facts)
	}
	return outcome
}

// complete works out the rest of an offer that was tried, all but its schedule, which nobody looks at.
func (w *worker) complete(offer *Offer, product *rulepack.Product, at situation) {
	if offer == nil {
		return
	}
	s := w.sizing(offer, product, at)
	if s.run(everyPart); offer.measured {
		offer.Draws = s.draws(nil)
	}
}

// seekRemedy looks for what would help each failed must, and for a combination that helps all of them; with one, the
// outcome is a near miss.
func (w *worker) seekRemedy(outcome *Outcome) {
	outcome.Failures = w.failures(outcome, w.asIs())
	for _, failure := range outcome.Failures {
		if len(failure.Changes) == 0 {
			return
		}
	}
	if outcome.Remedy = w.combine(outcome); outcome.Remedy != nil {
		outcome.Verdict = funding.VerdictNearMiss
	}
}

// failures returns the failed musts of an outcome in a situation, each with what would help it.
func (w *worker) failures(outcome *Outcome, at situation) []Failure {
	var failures []Failure
	for k, result := range outcome.Results {
		rule := &outcome.Product.Rules[k]
		if result != ResultFailed || rule.Level != "must" {
			continue
		}
		failure := Failure{Rule: rule.ID}
		if rule.OnOffer {
			failure.Changes = w.search(outcome, at, w.catalogue.asked[rule.Rule])
		} else {
			failure.Changes = w.smallestChanges(rule.Rule, outcome.row+k, at.facts)
		}
		failures = append(failures, failure)
	}
	if outcome.BuiltIn != nil {
		asked := question{}
		if outcome.BuiltIn.ID == BuiltInSchedule {
			asked.parts = partSchedule
		}
		failures = append(failures, Failure{Rule: outcome.BuiltIn.ID, BuiltIn: true, Changes: w.search(outcome, at, asked)})
	}
	return failures
}

// smallestChanges returns what would help a rule that needs no offer, by its place in the catalogue's row.
func (w *worker) smallestChanges(rule *ruleexpr.Rule, row int, facts *ruleexpr.Facts) []ruleexpr.Change {
	trial := w.workshop.borrow(facts)
	defer w.workshop.giveBack(trial)
	if facts != w.need.Facts {
		return rule.SmallestChangesIn(trial, facts)
	}
	known := &w.shared[w.catalogue.condition[row]].changes
	if changes := known.Load(); changes != nil {
		return *changes
	}
	changes := rule.SmallestChangesIn(trial, facts)
	known.Store(&changes)
	return changes
}

// question is what a trial has to answer: does the rule hold, or without a rule, is there an offer.
type question struct {
	rule  *ruleexpr.Rule
	parts parts
	// limit is the rule where it is one.
	limit *limit
}

// yes sizes and schedules the product anew and asks the question. The facts are left with offer.* set.
func (w *worker) yes(product *rulepack.Product, facts *ruleexpr.Facts, levers levers, asked question) bool {
	s := w.sizing(&w.workshop.offer, product, situation{facts, levers})
	s.run(asked.parts)
	if s.builtIn != nil {
		return false
	}
	if asked.rule == nil {
		return len(s.doubts) == 0
	}
	w.set(facts, s.offer, s.doubts)
	return asked.rule.Holds(facts) == ruleexpr.True
}

// search tries, one at a time, the terms that could be asked for and the facts that a bureau could change, each with the
// whole sizing and scheduling done again.
func (w *worker) search(outcome *Outcome, at situation, asked question) []ruleexpr.Change {
	if len(w.fix) > 0 {
		asked.limit = nil // facts of the offer that are fixed from outside move in no known way
	}
	trial := w.workshop.borrow(at.facts)
	defer w.workshop.giveBack(trial)
	changes := w.searchTerms(outcome, at, asked, trial)
	for _, slot := range w.adjustable(outcome.Product, asked) {
		w.slots.clear(trial)
		if steps, found := w.searchFact(outcome, at, asked, trial, slot); found {
			fact := trial.Vocabulary().Fact(slot)
			change := ruleexpr.Change{Fact: fact.Name, Unit: fact.Unit, Steps: steps}
			change.From, _ = at.facts.ValueText(slot)
			apply, _ := ruleexpr.Stepper(trial, at.facts, slot)
			apply(steps)
			change.To, _ = trial.ValueText(slot)
			changes = append(changes, change)
		}
		trial.CopyFrom(at.facts)
	}
	sortChanges(changes)
	return changes
}

func (w *worker) searchTerms(outcome *Outcome, at situation, asked question, trial *ruleexpr.Facts) []ruleexpr.Change {
	attempt := outcome.attempt
	if attempt != nil && asked.limit.noTermHelps(w.slots, outcome.Product, attempt, at.facts) {
		return nil
	}
	var changes []ruleexpr.Change
	for _, lever := range w.leversOf(outcome, at) {
		passes := func(steps int64) bool {
			levers := at.levers
			lever.pull(&levers, steps)
			return w.yes(outcome.Product, trial, levers, asked)
		}
		var guess int64
		var guessed bool
		if lever.slot == w.slots.size {
			guess, guessed = asked.limit.sizeGuess(w.slots, lever, attempt, outcome.Product.Terms.SizeStep, at.facts, func(steps int64) loan.Measure {
				passes(steps)
				return w.workshop.offer.MinDSCR
			})
		}
		steps, found := int64(0), false
		if guessed {
			steps, found = ruleexpr.FewestStepsNear(guess, lever.limit, passes)
		} else {
			steps, found = ruleexpr.FewestSteps(lever.limit, passes)
		}
		if found {
			changes = append(changes, lever.change(steps))
		}
	}
	return changes
}

// searchFact returns the fewest steps of a fact after which the question is answered yes.
func (w *worker) searchFact(outcome *Outcome, at situation, asked question, trial *ruleexpr.Facts, slot ruleexpr.Slot) (int64, bool) {
	apply, limit := ruleexpr.Stepper(trial, at.facts, slot)
	passes := func(steps int64) bool {
		return apply(steps) && w.yes(outcome.Product, trial, at.levers, asked)
	}
	if limit > 0 && !slices.Contains(w.catalogue.prepared[outcome.Product].moving, slot) {
		if slot == w.slots.needTenor && w.tenorStays(outcome, asked, passes(limit)) {
			return 0, false
		}
		if l := asked.limit; l != nil && l.bare && l.boundFact == slot && !w.slots.follows(slot) {
			if passes(1) {
				return 1, true
			}
			if guess, ok := l.boundGuess(trial, at.facts); ok {
				return ruleexpr.FewestStepsNear(guess, limit, passes)
			}
		}
	}
	return ruleexpr.FewestSteps(limit, passes)
}

// tenorStays reports whether no longer tenor that the bureau accepts can help, given what the longest says: where the
// product does not offer a longer one even then, and neither the rule nor a formula looks at what the bureau accepts, all
// those between are the same offer.
func (w *worker) tenorStays(outcome *Outcome, asked question, longest bool) bool {
	attempt := outcome.attempt
	return !longest && attempt != nil && attempt.Scheduled && w.workshop.offer.TenorQuarters == attempt.TenorQuarters && !(asked.rule != nil && asked.rule.UsesSlot(w.slots.needTenor))
}

func sortChanges(changes []ruleexpr.Change) {
	sort.SliceStable(changes, func(i, j int) bool {
		if changes[i].Steps != changes[j].Steps {
			return changes[i].Steps < changes[j].Steps
		}
		return changes[i].Fact < changes[j].Fact
	})
}

// adjustable returns the facts of the need that a bureau could change and that the question or the product's terms look
// at, in the order of the vocabulary.
func (w *worker) adjustable(product *rulepack.Product, asked question) []ruleexpr.Slot {
	v := w.need.Facts.Vocabulary()
	var slots []ruleexpr.Slot
	take := func(slot ruleexpr.Slot) {
		if v.Fact(slot).Adjustable() && !w.slots.has(slot) && !slices.Contains(slots, slot) {
			slots = append(slots, slot)
		}
	}
	if asked.rule != nil {
		for _, slot := range asked.rule.Slots() {
			take(slot)
		}
	}
	for _, slot := range w.catalogue.prepared[product].moving {
		take(slot)
	}
	if scheduled(product) {
		take(w.slots.needTenor)
	}
	slices.Sort(slots)
	return slots
}

// lever is a term that could be asked for otherwise than it is offered.
type lever struct {
	slot  ruleexpr.Slot
	fact  ruleexpr.Fact
	limit int64
	pull  func(*levers, int64)
	text  func(int64) string
}

func (l lever) change(steps int64) ruleexpr.Change {
	return ruleexpr.Change{Fact: l.fact.Name, Unit: l.fact.Unit, From: l.text(0), To: l.text(steps), Steps: steps}
}

// leversOf returns the terms that could be asked for otherwise: a smaller size in the product's steps, and a longer
// tenor or grace up to the product's maximum (and, for the tenor, to what the bureau accepts) in payment intervals.
func (w *worker) leversOf(outcome *Outcome, at situation) []lever {
	offer, terms := outcome.attempt, &outcome.Product.Terms
	if offer == nil || offer.Size == 0 {
		return nil
	}
	v := at.facts.Vocabulary()
	step := terms.SizeStep
	list := []lever{{
		slot: w.slots.size, fact: v.Fact(w.slots.size), limit: int64((offer.Size - max(terms.SizeMin, step)) / step),
		pull: func(l *levers, steps int64) {
			l.size, l.hasSize, l.exactSize = offer.Size-money.Amount(steps)*step, true, false
		},
		text: func(steps int64) string { return (offer.Size - money.Amount(steps)*step).String() },
	}}
	if !offer.Scheduled {
		return list
	}
	interval := max(terms.Interval, 1)
	longest := min(terms.TenorMaxQuarters, funding.MaxQuarters-w.need.firstDraw)
	if wanted, known := at.facts.Number(w.slots.needTenor); known {
		longest = min(longest, int(wanted.IntPart()))
	}
	list = append(list,
		quarterLever(v.Fact(w.slots.tenor), offer.TenorQuarters, longest, interval, func(l *levers, quarters int) { l.tenor, l.hasTenor = quarters, true }),
		quarterLever(v.Fact(w.slots.grace), offer.GraceQuarters, min(terms.GraceMaxQuarters, offer.TenorQuarters-interval), interval,
			func(l *levers, quarters int) { l.grace, l.hasGrace = quarters, true }))
	return list
}

func quarterLever(fact ruleexpr.Fact, from, longest, interval int, set func(*levers, int)) lever {
	at := func(steps int64) int { return from + int(steps)*interval }
	return lever{fact: fact, limit: int64(max(longest-from, 0) / interval),
		pull: func(l *levers, steps int64) { set(l, at(steps)) },
		text: func(steps int64) string { return strconv.Itoa(at(steps)) },
	}
}
