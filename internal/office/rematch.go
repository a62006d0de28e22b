package office

import (
	"context"
	"errors"
	"slices"
	"strings"

	"zutuan/internal/impact"
	"zutuan/internal/match"
	"zutuan/internal/refuse"
	"zutuan/internal/rulepack"
	"zutuan/internal/store"
)

// A re-match asks all products about open requirements and brings what is kept of them in line: standing, offers,
// notifications. What it writes for one requirement stands in this order, so that it may end after any write and be
// repeated by anybody:
//
//  1. notifications, whose ids follow from the standing before and the one after: told twice, they are told once
//  2. the papers as snapshots
//  3. the standing, against the version that was read before anything else, marked unsettled
//  4. the offers, each unless it follows a later standing already
//  5. the standing, settled
//
// Whoever reads the standing first and its inputs after cannot overwrite a newer answer by an older one: step 3 fails
// where somebody else was quicker, and the requirement is looked at anew.

// RematchResult is what a re-match did, as its job keeps it.
type RematchResult struct {
	// Asked counts open requirements, Changed those whose answer differed, Closed those that take no part any more, Failed
	// those that could not be matched, which the log names.
	Asked   int `json:"asked"`
	Changed int `json:"changed"`
	Closed  int `json:"closed"`
	Failed  int `json:"failed"`
	// Parts is how many jobs share the work; each has figures of its own.
	Parts int `json:"parts,omitempty"`
	// Superseded says that the rules or the day changed on the way; the job that follows does the rest.
	Superseded bool `json:"superseded,omitempty"`
}

// keptStanding is a standing as it was read; Version 0: there is none.
type keptStanding struct {
	version int64
	region  string
	body    StandingBody
}

func keptOf(record store.Record) (keptStanding, error) {
	body, err := bodyOf[StandingBody](record)
	return keptStanding{record.Version, record.Region, body}, err
}

func (k *keptStanding) open() bool { return k.version > 0 && k.body.Status == StandingOpen }

// moved is one requirement that has something to be written.
type moved struct {
	id    string
	kept  keptStanding
	fresh StandingBody
	// ready is nil for a requirement that takes no part any more.
	ready *ready
	// diff says why the answer differs, where both sides could be computed.
	diff *impact.RequirementDiff
}

// errOvertaken says that somebody else wrote meanwhile.
var errOvertaken = errors.New("somebody else was quicker")

// overtakenTries is how often a requirement is looked at anew before its job fails and is tried again later.
const overtakenTries = 8

// rematchRequirement brings one requirement in line.
func (o *Office) rematchRequirement(ctx context.Context, id string) (RematchResult, error) {
	var err error
	for range overtakenTries {
		var result RematchResult
		if result, err = o.rematchOnce(ctx, id); !errors.Is(err, errOvertaken) {
			return result, err
		}
	}
	return RematchResult{}, err
}

func (o *Office) rematchOnce(ctx context.Context, id string) (result RematchResult, err error) {
	var kept keptStanding
	record, err := o.store.Get(ctx, store.KindStanding, id)
	if err == nil {
		kept, err = keptOf(record)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return result, err
	}
	v, err := o.viewpoint(ctx)
	if err != nil {
		return result, err
	}
	if record, err = o.store.Get(ctx, store.KindRequirement, id); errors.Is(err, store.ErrNotFound) {
		return result, nil
	}
	if err != nil {
		return result, err
	}
	body, err := bodyOf[RequirementBody](record)
	if err != nil {
		return result, err
	}
	m, err := v.asker().look(ctx, record, kept, body.open())
	if err != nil {
		return result, err
	}
	result.count(m, body.open())
	if m == nil {
		return result, nil
	}
	if err := o.explain(ctx, v, []*moved{m}); err != nil {
		return result, err
	}
	return result, o.settle(ctx, v, m)
}

func (r *RematchResult) count(m *moved, open bool) {
	switch {
	case open:
		r.Asked++
		if m != nil {
			r.Changed++
		}
	case m != nil:
		r.Closed++
	}
}

// asker asks products about one requirement after the other; it is for one goroutine.
type asker struct {
	*viewpoint
	demand *impact.Demand
}

func (v *viewpoint) asker() *asker {
	return &asker{v, impact.NewDemand(v.edition.Desk.Library.Vocabulary)}
}

// look compares what the products say with what is kept; nil where there is nothing to write. A requirement that is not
// open and never was has nothing.
func (a *asker) look(ctx context.Context, record store.Record, kept keptStanding, open bool) (*moved, error) {
	if !open {
		a.office.background.prepared.drop(record.ID)
		if !kept.open() && !kept.body.Unsettled {
			return nil, nil
		}
		return &moved{id: record.ID, kept: kept, fresh: closedStanding(&kept.body)}, nil
	}
	r, err := a.prepare(ctx, record)
	if err != nil {
		return nil, err
	}
	m := a.catalogue.Match(r.prepared.Need, match.Options{Workers: 1, RanksOnly: true})
	a.office.background.prepared.setField(r.entry, impact.FieldOf(m), a.rules)
	fresh := standingOf(m, a.demand, r.prepared.Start, a.basis(r))
	if kept.open() && !kept.body.Unsettled && kept.body.digest() == fresh.digest() {
		return nil, nil
	}
	return &moved{id: record.ID, kept: kept, fresh: fresh, ready: r}, nil
}

// rematchRange brings all requirements of a range of ids in line: from ≤ id < below, to the end where below is empty.
// done is told each id behind which nothing is left to do.
func (o *Office) rematchRange(ctx context.Context, from, below string, progress func(done, total int), done func(id string) error) (RematchResult, error) {
	var result RematchResult
	within := []store.Filter{store.AtLeast(store.FieldID, store.Text(from))}
	if below != "" {
		within = []store.Filter{store.Between(store.FieldID, store.Text(from), store.Text(below))}
	}
	kept := map[string]keptStanding{}
	err := o.each(ctx, store.Query{Kind: store.KindStanding, Where: within}, func(r store.Record) error {
		var err error
		kept[r.ID], err = keptOf(r)
		return err
	})
	if err != nil {
		return result, err
	}
	v, err := o.viewpoint(ctx)
	if err != nil {
		return result, err
	}
	var records []store.Record
	open := map[string]bool{}
	err = o.each(ctx, store.Query{Kind: store.KindRequirement, Where: append(within, openRequirements), WithoutBody: true}, func(r store.Record) error {
		records, open[r.ID] = append(records, r), true
		return nil
	})
	if err != nil {
		return result, err
	}
	for id, standing := range kept {
		if !open[id] && (standing.open() || standing.body.Unsettled) {
			records = append(records, store.Record{Kind: store.KindRequirement, ID: id, Region: standing.region})
		}
	}
	slices.SortFunc(records, func(a, b store.Record) int { return strings.Compare(a.ID, b.ID) })
	found, err := o.lookAtAll(ctx, v, records, kept, open, &result, progress)
	if err != nil {
		return result, err
	}
	return result, o.settleAll(ctx, v, found, &result, done)
}

// openRequirements are those that take part in matching in the background.
var openRequirements = store.Equal("status", store.Text("submitted"))

// lookAtAll compares many requirements on all cores and returns those that have something to be written, by id.
func (o *Office) lookAtAll(ctx context.Context, v *viewpoint, records []store.Record, kept map[string]keptStanding, open map[string]bool, result *RematchResult, progress func(done, total int)) ([]*moved, error) {
	found, failures := make([]*moved, len(records)), make([]error, len(records))
	err := spread(ctx, len(records), progress, func() func(int) error {
		asker := v.asker()
		return func(i int) error {
			found[i], failures[i] = asker.look(ctx, records[i], kept[records[i].ID], open[records[i].ID])
			if failures[i] != nil && !isRefusal(failures[i]) {
				return failures[i]
			}
			return nil
		}
	})
	if err != nil {
		return nil, err
	}
	for i, record := range records {
		if failures[i] != nil {
			// One document that cannot be read, of an older release perhaps, must not keep all others from being matched.
			o.logger.Error("an open requirement cannot be matched", "requirement", record.ID, "reason", failures[i])
			result.Failed++
			continue
		}
		result.count(found[i], open[record.ID])
	}
	return slices.DeleteFunc(found, func(m *moved) bool { return m == nil }), nil
}

func isRefusal(err error) bool {
	var refused *refuse.Error
	return errors.As(err, &refused)
}

// settleBatch is how many requirements are explained and written between two looks at whether the rules moved on.
const settleBatch = 50

func (o *Office) settleAll(ctx context.Context, v *viewpoint, found []*moved, result *RematchResult, done func(id string) error) error {
	for batch := range slices.Chunk(found, settleBatch) {
		edition, err := o.Edition(ctx)
		if err != nil {
			return err
		}
		if edition.rulesKey() != v.edition.rulesKey() || !o.Today().Equal(v.date) {
			result.Superseded = true
			return nil
		}
		if err := o.explain(ctx, v, batch); err != nil {
			return err
		}
		for _, m := range batch {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			err := o.settle(ctx, v, m)
			if errors.Is(err, errOvertaken) {
				_, err = o.rematchRequirement(ctx, m.id)
			}
			if err == nil {
				err = done(m.id)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// explain finds the reasons of differences: the old side is matched again under the rules, on the day and with the papers
// that it names. Where that cannot be done any more the difference stays without reasons, and is told all the same.
func (o *Office) explain(ctx context.Context, v *viewpoint, found []*moved) error {
	groups := map[[2]string][]*moved{}
	var order [][2]string
	for _, m := range found {
		if m.ready == nil || !m.kept.open() {
			continue
		}
		key := [2]string{m.kept.body.Basis.Edition, m.kept.body.Basis.Date}
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], m)
	}
	for _, key := range order {
		edition, err := o.EditionOf(ctx, key[0])
		if err == nil && edition.Manifest.Base != v.edition.Manifest.Base {
			// Facts of two bases cannot be compared: a release may have added or renamed some.
			continue
		}
		if err == nil {
			err = o.explainGroup(ctx, v, o.viewpointOf(edition, parseDay(key[1])), groups[key])
		}
		if err != nil && ctx.Err() != nil {
			return err
		}
		if err != nil {
			o.logger.Warn("why offers changed cannot be told", "edition", key[0], "day", key[1], "reason", err)
		}
	}
	return nil
}

func (o *Office) explainGroup(ctx context.Context, v, old *viewpoint, found []*moved) error {
	after := v.edition.Desk.InForce(v.date)
	report, err := impact.Diff(ctx, impact.Input{
		Before: aligned(old.edition.Desk.InForce(old.date), after), After: after, Vocabulary: v.edition.Desk.Library.Vocabulary, UsableOnly: true, Count: len(found),
		Subject: func(place int) (impact.Subject, error) {
			m := found[place]
			subject := impact.Subject{ID: m.id, Region: m.ready.region}
			var err error
			if subject.Before, err = o.needBefore(ctx, v, old, m); err == nil && subject.Before != m.ready.prepared.Need {
				subject.After = m.ready.prepared.Need
			}
			return subject, err
		},
	})
	if err != nil {
		return err
	}
	byID := map[string]*impact.RequirementDiff{}
	for i := range report.Requirements {
		byID[report.Requirements[i].Requirement] = &report.Requirements[i]
	}
	for _, m := range found {
		m.diff = byID[m.id]
	}
	return nil
}

// aligned replaces products by those of another set that are the same versions of the same texts, so that they are told to
// be the same without being asked.
func aligned(products, as []*rulepack.Product) []*rulepack.Product {
	byID := map[string]*rulepack.Product{}
	for _, product := range as {
		byID[product.ID] = product
	}
	out := slices.Clone(products)
	for i, product := range out {
		if other := byID[product.ID]; other != nil && other.Version == product.Version && other.Digest == product.Digest {
			out[i] = other
		}
	}
	return out
}

// needBefore is the need of a requirement as the kept standing saw it.
func (o *Office) needBefore(ctx context.Context, v, old *viewpoint, m *moved) (*match.Need, error) {
	basis := m.kept.body.Basis
	same := v.basis(m.ready)
	same.Edition = basis.Edition
	for i := range same.Papers {
		// Another version of the record with the same document is the same paper.
		if i < len(basis.Papers) && same.Papers[i].Hash == basis.Papers[i].Hash {
			same.Papers[i].Version = basis.Papers[i].Version
		}
	}
	if same.hash() == basis.hash() {
		if old.market == v.market {
			return m.ready.prepared.Need, nil
		}
		return old.preparer.Again(m.ready.prepared).Need, nil
	}
	papers, err := o.recallPapers(ctx, m.ready.region, basis.Papers)
	if err != nil {
		return nil, err
	}
	kase, err := papers.read()
	if err != nil {
		return nil, err
	}
	prepared, err := old.preparer.Prepare(kase, overridesUsed(basis.Overrides, kase.Region()))
	if err != nil {
		return nil, err
	}
	return prepared.Need, nil
}
