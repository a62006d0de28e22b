package impact

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"zutuan/internal/match"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// Subject is one requirement that is asked about.
type Subject struct {
	ID     string
	Region string
	// Before is its need as things stand. After is its need under changed market data or parameters (match.Need.Under); nil
	// where products alone change.
	Before *match.Need
	After  *match.Need
	// Field is what Input.Before offers to Before, where somebody keeps it (FieldOf); the products that do not change then
	// need not be asked where others move past them. nil: they are asked.
	Field *Field
}

// Input is what Diff compares.
type Input struct {
	// Before and After are the product versions in force, each product at most once. Versions that stay must be the same
	// pointers on both sides; they are then not asked again.
	Before []*rulepack.Product
	After  []*rulepack.Product
	// Vocabulary is the one that all products and needs were made with.
	Vocabulary *ruleexpr.Vocabulary
	// Count is how many requirements there are, and Subject returns one of them by its place; it is called from several
	// goroutines.
	Count   int
	Subject func(place int) (Subject, error)
	// Workers is how many cores may be used; 0: all of them.
	Workers int
	// Progress is told how many requirements have been compared, a hundred times at most and never from two goroutines at
	// once; nil: nobody is told.
	Progress func(done, total int)
	// UsableOnly leaves out what would help a pair that is out of reach, which takes most of the time: near misses are then
	// told as ineligible. What can be used, and how, comes out the same.
	UsableOnly bool
	// Keep is how many requirements are listed; 0: all that differ. Totals always count everything.
	Keep int
}

// Report is what a change does to a set of requirements.
type Report struct {
	Totals Totals `json:"totals"`
	// Requirements are those with a difference: gained and lost first, then by the money concerned, then as they were asked.
	Requirements []RequirementDiff `json:"requirements"`
	// Unlisted counts requirements with a difference beyond Input.Keep.
	Unlisted int `json:"unlisted,omitempty"`
}

// RequirementDiff is what changes for one requirement.
type RequirementDiff struct {
	Requirement string       `json:"requirement"`
	Region      string       `json:"region,omitempty"`
	Requested   money.Amount `json:"requested"`
	// Products are those whose answer differs, by id.
	Products []ProductDiff `json:"products"`

	place            int
	servedBefore     bool
	servedAfter      bool
	gained, lost     int
	offersMoneyMoved money.Amount
}

// ProductDiff is how one product's answer to one requirement differs.
type ProductDiff struct {
	Product string   `json:"product"`
	Kinds   []Kind   `json:"kinds"`
	Before  Standing `json:"before"`
	After   Standing `json:"after"`
	// Change is the offer's size after less before; an offer that cannot be used counts nothing.
	Change money.Amount `json:"change"`
	// Reasons say which rules and terms made the difference; at least one.
	Reasons []Reason `json:"reasons"`
}

// ErrTwice refuses a set of products that has one product in two versions.
var ErrTwice = errors.New("a product is in force in two versions")

// Diff matches every requirement with both sets of products, as far as they differ, and says what changes. The answer does
// not depend on the number of workers. It stops with the context's error when the context ends, and with the first error
// of Subject.
func Diff(ctx context.Context, in Input) (*Report, error) {
	plan, err := newComparison(in)
	if err != nil {
		return nil, err
	}
	diffs := make([]*RequirementDiff, in.Count)
	if err := each(ctx, in, func(worker *worker, place int) error {
		subject, err := in.Subject(place)
		if err != nil {
			return fmt.Errorf("requirement %d: %w", place, err)
		}
		diffs[place] = worker.compare(plan, &subject)
		if diffs[place] != nil {
			diffs[place].place = place
		}
		return nil
	}); err != nil {
		return nil, err
	}
	return report(in, diffs), nil
}

// each runs work for every place on several goroutines and reports progress.
func each(ctx context.Context, in Input, work func(worker *worker, place int) error) error {
	workers := in.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var next atomic.Int64
	var group sync.WaitGroup
	told := &teller{in: &in}
	for range min(workers, max(in.Count, 1)) {
		group.Add(1)
		go func() {
			defer group.Done()
			w := &worker{reasons: map[reasonKey][]Reason{}}
			for place := int(next.Add(1)) - 1; place < in.Count && ctx.Err() == nil; place = int(next.Add(1)) - 1 {
				if err := work(w, place); err != nil {
					stop(err)
					return
				}
				told.one()
			}
		}()
	}
	group.Wait()
	return context.Cause(ctx)
}

// tellings is how often progress is told at most.
const tellings = 100

// teller counts what is done and tells it, one at a time.
type teller struct {
	in   *Input
	lock sync.Mutex
	done int
}

func (t *teller) one() {
	t.lock.Lock()
	defer t.lock.Unlock()
	t.done++
	if every := max(t.in.Count/tellings, 1); t.in.Progress != nil && (t.done%every == 0 && t.done+every <= t.in.Count || t.done == t.in.Count) {
		t.in.Progress(t.done, t.in.Count)
	}
}

// comparison is two sets of products made ready. It does not change and is shared by all workers.
type comparison struct {
	// changed are the products that differ, by id; before and after hold their versions, and rest what stays.
	changed      []*change
	byID         map[string]*change
	before       *match.Catalogue
	after        *match.Catalogue
	rest         *match.Catalogue
	wholeBefore  *match.Catalogue
	wholeAfter   *match.Catalogue
	wholeChanges []*change
	options      match.Options
}

func newComparison(in Input) (*comparison, error) {
	before, err := byID(in.Before)
	if err != nil {
		return nil, err
	}
	after, err := byID(in.After)
	if err != nil {
		return nil, err
	}
	c := &comparison{byID: map[string]*change{}, options: match.Options{Workers: 1, RanksOnly: in.UsableOnly}}
	var was, is, rest []*rulepack.Product
	for _, id := range idsOf(in.Before, in.After) {
		pair := newChange(id, before[id], after[id])
		c.byID[id] = pair
		c.wholeChanges = append(c.wholeChanges, pair)
		if pair.before == pair.after {
			rest = append(rest, pair.before)
			continue
		}
		c.changed = append(c.changed, pair)
		if pair.before != nil {
			was = append(was, pair.before)
		}
		if pair.after != nil {
			is = append(is, pair.after)
		}
	}
	catalogue := func(products []*rulepack.Product) *match.Catalogue {
		return match.NewCatalogue(in.Vocabulary, products)
	}
	c.before, c.after, c.rest = catalogue(was), catalogue(is), catalogue(rest)
	c.wholeBefore, c.wholeAfter = catalogue(in.Before), catalogue(in.After)
	return c, nil
}

func byID(products []*rulepack.Product) (map[string]*rulepack.Product, error) {
	out := map[string]*rulepack.Product{}
	for _, product := range products {
		if other := out[product.ID]; other != nil {
			return nil, fmt.Errorf("%w: %s@%d and %s@%d", ErrTwice, other.ID, other.Version, product.ID, product.Version)
		}
		out[product.ID] = product
	}
	return out, nil
}

// idsOf returns the ids of two sets of products, each once, sorted.
func idsOf(sets ...[]*rulepack.Product) []string {
	var ids []string
	for _, set := range sets {
		for _, product := range set {
			ids = append(ids, product.ID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// worker compares one requirement after the other; it remembers the words of reasons, which many requirements share.
type worker struct {
	reasons map[reasonKey][]Reason
}

// pair is what one product says on both sides.
type pair struct {
	change                      *change
	beforeOutcome, afterOutcome *match.Outcome
	before, after               figures
}

// compare returns what changes for one requirement, nil where nothing does.
func (w *worker) compare(c *comparison, subject *Subject) *RequirementDiff {
	var pairs []*pair
	if subject.After == nil {
		pairs = c.products(subject)
	} else {
		pairs = c.everything(subject)
	}
	diff := &RequirementDiff{Requirement: subject.ID, Region: subject.Region, Requested: subject.Before.Requested()}
	var moved []string
	for _, p := range pairs {
		if !p.before.competesAs(&p.after) {
			moved = append(moved, p.change.id)
		}
		diff.servedBefore, diff.servedAfter = diff.servedBefore || p.before.usable, diff.servedAfter || p.after.usable
	}
	explain := &explainer{worker: w, subject: subject, moved: moved}
	for _, p := range pairs {
		if kinds := kindsBetween(&p.before, &p.after); len(kinds) > 0 {
			diff.add(ProductDiff{Product: p.change.id, Kinds: kinds, Before: p.before.standing(), After: p.after.standing(), Change: p.after.size - p.before.size,
				Reasons: explain.reasons(p, kinds)})
		}
	}
	if len(diff.Products) == 0 {
		return nil
	}
	return diff
}

func (d *RequirementDiff) add(product ProductDiff) {
	d.Products = append(d.Products, product)
	switch product.Kinds[0] {
	case KindGained:
		d.gained++
	case KindLost:
		d.lost++
	}
	d.offersMoneyMoved += product.Change.Abs()
}

// products asks the changed products alone. Only where one of them would compete otherwise than before are the others asked
// too, without what would help them: of them nothing but ranks can change.
func (c *comparison) products(subject *Subject) []*pair {
	need := subject.Before
	pairs := pairsOf(c.changed, c.before.Match(need, c.options), c.after.Match(need, c.options))
	shifted := slices.ContainsFunc(pairs, func(p *pair) bool {
		return !p.before.competesAs(&p.after) || (p.before.usable || p.after.usable) && len(kindsBetween(&p.before, &p.after)) > 0
	})
	if !shifted {
		return pairs
	}
	field := subject.Field
	if field == nil {
		field = FieldOf(c.rest.Match(need, match.Options{Workers: 1, RanksOnly: true}))
	}
	for i := range field.offers {
		offer := &field.offers[i]
		if change := c.byID[offer.product]; change != nil && change.before == change.after {
			pairs = append(pairs, &pair{change: change, before: offer.figures, after: offer.figures})
		}
	}
	slices.SortFunc(pairs, func(a, b *pair) int { return strings.Compare(a.change.id, b.change.id) })
	rankBoth(pairs)
	return pairs
}

// Field is every offer that a requirement can use of a set of products, as far as ranks go by it: a few hundred bytes an
// offer. It holds for the need and the products of the match that it was taken from.
type Field struct{ offers []fieldOffer }

type fieldOffer struct {
	product string
	figures figures
}

// FieldOf takes the field from a match with all products.
func FieldOf(m *match.Match) *Field {
	field := &Field{}
	for i := range m.Outcomes {
		if f := figuresOf(&m.Outcomes[i]); f.usable {
			field.offers = append(field.offers, fieldOffer{m.Outcomes[i].Product.ID, f})
		}
	}
	return field
}

// everything asks all products on both sides, because the facts themselves differ.
func (c *comparison) everything(subject *Subject) []*pair {
	before := c.wholeBefore.Match(subject.Before, c.options)
	after := c.wholeAfter.Match(subject.After, c.options)
	return pairsOf(c.wholeChanges, before, after)
}

// pairsOf puts the outcomes of two matches side by side, in the order of the changes, which is by id.
func pairsOf(changes []*change, before, after *match.Match) []*pair {
	pairs := make([]*pair, len(changes))
	take := func(outcomes []match.Outcome, id string, next int) (*match.Outcome, int) {
		if next < len(outcomes) && outcomes[next].Product.ID == id {
			return &outcomes[next], next + 1
		}
		return nil, next
	}
	b, a := 0, 0
	for i, change := range changes {
		p := &pair{change: change}
		p.beforeOutcome, b = take(before.Outcomes, change.id, b)
		p.afterOutcome, a = take(after.Outcomes, change.id, a)
		p.before, p.after = figuresOf(p.beforeOutcome), figuresOf(p.afterOutcome)
		pairs[i] = p
	}
	return pairs
}

// rankBoth ranks the usable offers of each side anew, in the order of ids.
func rankBoth(pairs []*pair) {
	for _, side := range []func(*pair) *figures{func(p *pair) *figures { return &p.before }, func(p *pair) *figures { return &p.after }} {
		var contenders []match.Contender
		var owners []*figures
		for _, p := range pairs {
			if f := side(p); f.usable {
				contenders, owners = append(contenders, f.contender), append(owners, f)
			}
		}
		match.Rank(contenders)
		for i, f := range owners {
			f.contender = contenders[i]
		}
	}
}
