// Package match says what every product version answers to a requirement: eligible, conditional, undecided, near miss or
// ineligible, with the verdict of every rule, a sized and scheduled offer where there can be one, the smallest changes
// that turn a no into a yes, a rank, and what it takes to explain all of it. It is pure: the same need, products and
// date give the same bytes, on one core or many. README.md says how the open points of rules.md are read.
package match

import (
	"fmt"
	"runtime"
	"slices"
	"sort"
	"sync"
	"sync/atomic"

	"zutuan/internal/funding"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// Result is what one rule of a product says.
type Result uint8

// The results; the first three are those of a condition. A rule on the offer is not reached where a must failed before
// there could be an offer.
const (
	ResultFailed     = Result(ruleexpr.False)
	ResultPassed     = Result(ruleexpr.True)
	ResultUndecided  = Result(ruleexpr.Undecided)
	ResultNotReached = ResultUndecided + 1
)

var resultWords = [...]string{"failed", "passed", "undecided", "not_reached"}

func (r Result) String() string { return resultWords[r] }

// MarshalText writes the word.
func (r Result) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (r *Result) UnmarshalText(text []byte) error {
	for i, word := range resultWords {
		if string(text) == word {
			*r = Result(i)
			return nil
		}
	}
	return fmt.Errorf("%q is no result of a rule", text)
}

// Outcome is what one product version says to a need. It keeps the result of every rule in a byte; explanations are made
// from it on demand.
type Outcome struct {
	Product *rulepack.Product
	Verdict funding.Verdict
	// Results has one result for each rule, in the product's order.
	Results []Result
	// BuiltIn is the built-in must that failed, nil where none did.
	BuiltIn *BuiltIn
	// Doubts are the terms that cannot be computed; the offer is then known only in part.
	Doubts []TermDoubt
	// Offer is nil where a must failed before sizing, or no offer can be made.
	Offer *Offer
	// Failures are the musts that failed with what would help each, worked out where at most two failed.
	Failures []Failure
	// Remedy is the combined change that makes a near miss pass, nil for every other verdict.
	Remedy *Remedy
	// Score ranks eligible and conditional offers and is nil for the others; Rank is 1-based, 0 for the others.
	Score *Score
	Rank  int
	// DominatedBy is the id of an offer that is at least as good on cost, tenor fit and cover and better on one.
	DominatedBy string

	tally tally
	// row is where the product's rules begin in the catalogue's row.
	row int
	// attempt is the offer, or as much of one as there was when a built-in must failed.
	attempt *Offer
}

// tally counts what the verdict follows from.
type tally struct {
	failedMusts, failedShoulds, undecided int32
}

func (t *tally) add(rule *rulepack.CompiledRule, result Result) {
	t.count(rule.Level == "must", result)
}

func (t *tally) count(must bool, result Result) {
	switch {
	case result == ResultUndecided:
		t.undecided++
	case result == ResultFailed && must:
		t.failedMusts++
	case result == ResultFailed:
		t.failedShoulds++
	}
}

// verdict follows rules.md; a near miss is told from ineligible by its remedy, later.
func (t tally) verdict() funding.Verdict {
	switch {
	case t.failedMusts > 0:
		return funding.VerdictIneligible
	case t.undecided > 0:
		return funding.VerdictUndecided
	case t.failedShoulds > 0:
		return funding.VerdictConditional
	}
	return funding.VerdictEligible
}

// Catalogue is the product versions of a match, laid out so that equal conditions of many products are evaluated once.
// What it says does not change, and it is safe for concurrent use.
type Catalogue struct {
	products []*rulepack.Product
	slots    *offerSlots
	// rules are those of all products in one row, and first is where each product's begin; one more place ends the last.
	rules []ruleKind
	first []int
	// asked has the question of each rule on an offer, and prepared what a search needs to know of each product.
	asked    map[*ruleexpr.Rule]question
	prepared map[*rulepack.Product]prepared
	// set holds the conditions that need no offer, in the order of the row; condition says for each rule of the row which
	// distinct one of them it is, −1 for a rule on an offer.
	set       *ruleexpr.Set
	condition []int

	written *written
}

// prepared is what a search for what would help has to know of a product.
type prepared struct {
	// parts is what has to be worked out for all its rules to be decided.
	parts parts
	// moving are the facts that its terms follow from, by formula.
	moving []ruleexpr.Slot
	// bases says how its terms are known, in order.
	bases []TermBasis
}

func formulaFacts(v *ruleexpr.Vocabulary, product *rulepack.Product) []ruleexpr.Slot {
	var slots []ruleexpr.Slot
	for _, formula := range []*ruleexpr.Number{product.Tenor, product.Grace, product.Size, product.Rate} {
		if formula == nil {
			continue
		}
		for _, name := range formula.Facts() {
			if slot := v.Slot(name); !slices.Contains(slots, slot) {
				slots = append(slots, slot)
			}
		}
	}
	return slots
}

// ruleKind is what judging has to know of a rule besides its condition.
type ruleKind uint8

const (
	kindShould ruleKind = iota
	kindMust
	kindOnOffer
)

func kindOf(rule *rulepack.CompiledRule) ruleKind {
	switch {
	case rule.OnOffer:
		return kindOnOffer
	case rule.Level == "must":
		return kindMust
	}
	return kindShould
}

// NewCatalogue orders product versions by id and version and compiles their conditions together. All of them must have
// been compiled against the one vocabulary.
func NewCatalogue(vocabulary *ruleexpr.Vocabulary, products []*rulepack.Product) *Catalogue {
	c := &Catalogue{products: append([]*rulepack.Product(nil), products...), slots: newOfferSlots(vocabulary), written: new(written)}
	sort.SliceStable(c.products, func(i, j int) bool {
		a, b := c.products[i], c.products[j]
		return a.ID < b.ID || a.ID == b.ID && a.Version < b.Version
	})
	var early []*ruleexpr.Rule
	c.asked, c.prepared = map[*ruleexpr.Rule]question{}, make(map[*rulepack.Product]prepared, len(products))
	for _, product := range c.products {
		c.first = append(c.first, len(c.rules))
		ready := prepared{parts: partSchedule, moving: formulaFacts(vocabulary, product), bases: termBases(product)}
		for i := range product.Rules {
			rule := product.Rules[i].Rule
			c.rules = append(c.rules, kindOf(&product.Rules[i]))
			if !product.Rules[i].OnOffer {
				early = append(early, rule)
				continue
			}
			c.asked[rule] = question{rule: rule, parts: c.slots.partsOf(rule), limit: limitOf(rule, c.slots)}
			ready.parts |= c.asked[rule].parts
		}
		c.prepared[product] = ready
	}
	c.first = append(c.first, len(c.rules))
	c.set = ruleexpr.NewSet(early)
	c.condition = make([]int, len(c.rules))
	for i, next := 0, 0; i < len(c.rules); i++ {
		if c.condition[i] = -1; c.rules[i] != kindOnOffer {
			c.condition[i] = c.set.Place(next)
			next++
		}
	}
	return c
}

// Products returns the product versions in the order of their outcomes.
func (c *Catalogue) Products() []*rulepack.Product { return c.products }

// Options change how a match is carried out, never what it says.
type Options struct {
	// Workers is how many cores may be used; 0: all of them.
	Workers int
	// RanksOnly leaves out what would help, which takes most of the time of a match: near misses stay ineligible, and
	// Failures and Remedy empty. Offers, scores, ranks and dominance are as they are.
	RanksOnly bool
	// Detail is how much of the reasons is worked out.
	Detail Detail
}

// Detail is how much of the reasons of a match is worked out. Verdicts, ranks and offers are the same at every detail.
type Detail uint8

const (
	// DetailFull is everything that Answer says.
	DetailFull Detail = iota
	// DetailVerdicts is enough for Summary: a near miss is told from ineligible by the same search, but the offer with its
	// remedy made is left half worked out, and Failures and Remedy are for the summary alone.
	DetailVerdicts
)

// Match is the answer of all products to one need.
type Match struct {
	Need *Need
	// Outcomes are in the order of the catalogue: by product id and version.
	Outcomes []Outcome
	// Ranked holds the places of the eligible and conditional outcomes, best first.
	Ranked []int

	catalogue  *Catalogue
	considered *considered
	// shared holds what is the same for every product with the same condition, by distinct condition.
	shared    []shared
	ranksOnly bool
	detail    Detail
}

// shared is what one condition that needs no offer says of the need as it is, worked out when first asked for. Two workers
// that ask at once both work out the same.
type shared struct {
	changes     atomic.Pointer[[]ruleexpr.Change]
	explanation atomic.Pointer[ruleexpr.Explanation]
	written     atomic.Pointer[string]
}

// Match asks every product. Products that are not in force on the need's date should be left out of the catalogue.
func (c *Catalogue) Match(need *Need, options Options) *Match {
	return c.match(&considered{need: need}, options)
}

func (c *Catalogue) match(considered *considered, options Options) *Match {
	need := considered.need
	m := &Match{Need: need, Outcomes: c.Judge(need.Facts).outcomes(), catalogue: c, considered: considered, shared: make([]shared, c.set.Distinct())}
	workers := options.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	m.ranksOnly, m.detail = options.RanksOnly, options.Detail
	m.each(min(workers, max(len(m.Outcomes), 1)))
	m.rank()
	return m
}

// Judgement is what the rules of a catalogue that need no offer say to one need: a byte a rule and three counts a
// product. It is all that a search over many needs keeps.
type Judgement struct {
	catalogue *Catalogue
	results   []Result
	tallies   []tally
}

// Judge decides every rule that needs no offer, for every product, and counts. It touches nothing of a product but its
// rules' kinds, which lie side by side: with thousands of products the time goes into fetching memory.
func (c *Catalogue) Judge(facts *ruleexpr.Facts) Judgement {
	j := Judgement{catalogue: c, results: make([]Result, len(c.rules)), tallies: make([]tally, len(c.products))}
	verdicts, early := c.set.Evaluate(facts, ruleexpr.Verdicts{}), 0
	for i := range j.tallies {
		var counts [kindOnOffer][ResultNotReached]int32
		first, end := c.first[i], c.first[i+1]
		results := j.results[first:end]
		for k, kind := range c.rules[first:end] {
			if kind >= kindOnOffer {
				results[k] = ResultNotReached
				continue
			}
			result := Result(verdicts.Of(early))
			early++
			results[k] = result
			counts[kind][min(result, ResultUndecided)]++
		}
		j.tallies[i] = tally{failedMusts: counts[kindMust][ResultFailed], failedShoulds: counts[kindShould][ResultFailed],
			undecided: counts[kindMust][ResultUndecided] + counts[kindShould][ResultUndecided]}
	}
	return j
}

// Results returns the results of a product's rules, by its place in the catalogue.
func (j Judgement) Results(product int) []Result {
	first, end := j.catalogue.first[product], j.catalogue.first[product+1]
	return j.results[first:end:end]
}

// Verdict returns the verdict of a product as far as its rules without an offer give it; a near miss is not yet told
// from ineligible.
func (j Judgement) Verdict(product int) funding.Verdict { return j.tallies[product].verdict() }

func (j Judgement) outcomes() []Outcome {
	outcomes := make([]Outcome, len(j.tallies))
	for i := range outcomes {
		outcomes[i] = Outcome{Product: j.catalogue.products[i], Results: j.Results(i), Verdict: j.Verdict(i), tally: j.tallies[i], row: j.catalogue.first[i]}
	}
	return outcomes
}

// each sizes, schedules and finishes every outcome. Each worker has facts of its own and writes only the outcomes it
// has taken, so the order in which they are taken leaves no trace.
func (m *Match) each(workers int) {
	var next atomic.Int64
	work := func() {
		w := m.worker()
		for i := int(next.Add(1)) - 1; i < len(m.Outcomes); i = int(next.Add(1)) - 1 {
			w.finish(&m.Outcomes[i])
		}
	}
	if workers == 1 {
		work()
		return
	}
	var group sync.WaitGroup
	for range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			work()
		}()
	}
	group.Wait()
}

// worker finishes outcomes one after the other; it is not safe for concurrent use.
type worker struct {
	need      *Need
	catalogue *Catalogue
	shared    []shared
	slots     *offerSlots
	// facts is the need's facts with the offer that is being looked at.
	facts *ruleexpr.Facts
	// asked are the terms that are fixed from outside, and fix the offer facts that are, by a test or a what-if.
	asked levers
	fix   []fixed
	// ranksOnly leaves out what would help.
	ranksOnly bool
	detail    Detail
	workshop  workshop
}

func (m *Match) worker() *worker {
	return &worker{need: m.Need, catalogue: m.catalogue, shared: m.shared, slots: m.catalogue.slots, facts: m.Need.Facts.Clone(), asked: m.considered.asked, fix: m.considered.fix, ranksOnly: m.ranksOnly, detail: m.detail}
}

// sizing prepares the work of making an offer into memory of the caller.
func (w *worker) sizing(offer *Offer, product *rulepack.Product, at situation) sizing {
	return sizing{need: w.need, slots: w.slots, product: product, facts: at.facts, levers: at.levers, workshop: &w.workshop, offer: offer}
}

// finish makes the offer where no must failed before it, decides the rules on it, and looks for what would help where
// at most two musts failed.
func (w *worker) finish(outcome *Outcome) {
	if outcome.tally.failedMusts == 0 {
		w.continueWithOffer(outcome, situation{w.facts, w.asked}, true)
		w.slots.clear(w.facts)
	}
	if !w.ranksOnly && outcome.tally.failedMusts > 0 && outcome.tally.failedMusts <= maxNearMisses {
		w.seekRemedy(outcome)
	}
}

// continueWithOffer sizes and schedules the product and decides the rules on its offer, and gives the verdict. The facts
// are left with offer.* set. An offer that is not for keeping has no schedule and no draws, only what they come to.
func (w *worker) continueWithOffer(outcome *Outcome, at situation, keep bool) {
	facts := at.facts
	s := w.sizing(new(Offer), outcome.Product, at)
	wanted := everyPart
	if s.keep = keep; !keep {
		wanted = w.catalogue.prepared[outcome.Product].parts
	}
	s.run(wanted)
	outcome.Offer, outcome.BuiltIn, outcome.Doubts, outcome.attempt = s.offer, s.builtIn, s.doubts, s.offer
	if s.builtIn != nil {
		outcome.Offer = nil
		outcome.tally.failedMusts++
	} else {
		w.set(facts, s.offer, s.doubts)
		for k := range outcome.Results {
			if rule := &outcome.Product.Rules[k]; rule.OnOffer {
				outcome.Results[k] = Result(rule.Rule.Holds(facts))
				outcome.tally.add(rule, outcome.Results[k])
			}
		}
		if len(s.doubts) > 0 {
			outcome.tally.undecided++
		}
	}
	outcome.Verdict = outcome.tally.verdict()
}

// set writes an offer into the facts, and over it what is fixed from outside.
func (w *worker) set(facts *ruleexpr.Facts, offer *Offer, doubts []TermDoubt) {
	w.slots.set(facts, offer, doubts)
	for _, f := range w.fix {
		if f.unset {
			facts.SetMissing(f.slot, unsetOnRequest)
			continue
		}
		if err := facts.SetFromText(f.slot, f.text); err != nil {
			facts.SetMissing(f.slot, err.Error())
		}
	}
}

// unsetOnRequest is why a fact is missing that a what-if unset.
const unsetOnRequest = "按要求视为未知 / taken as unknown, as asked"
