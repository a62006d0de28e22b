package office

import (
	"context"
	"encoding/json"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"zutuan/internal/casework"
	"zutuan/internal/impact"
	"zutuan/internal/jobs"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/rulepack"
	"zutuan/internal/store"
)

// ImpactRequest is a change whose impact is asked for: the text of a product, or market data, on the open requirements; the
// text of a risk or stress pack on the plans.
type ImpactRequest struct {
	// Type and Text are a product as it would be published today, or a pack as it would be on Date.
	Type PackType `json:"type,omitempty"`
	Text string   `json:"text,omitempty"`
	// Market is a document zutuan/market/v1 that would be added.
	Market json.RawMessage `json:"market,omitempty"`
	// Draft is the draft that the text is of; the report is noted there.
	Draft string `json:"draft,omitempty"`
	// Date is the day from which a pack is to hold; empty or past is today. Products and market data are compared today.
	Date string `json:"date,omitempty"`
}

// ImpactReport is what a change would do to the open requirements or, of a risk or stress pack, to the plans, and from what
// it was computed. It is kept as a snapshot.
type ImpactReport struct {
	Type PackType `json:"type,omitempty"`
	Pack string   `json:"pack,omitempty"`
	// Digest is the SHA-256 of the text or document, Edition and Date the rules and the day it was compared with, and
	// RequirementSeq the place in the change feed of requirements from which they were read.
	Digest         string `json:"digest"`
	Edition        string `json:"edition"`
	Date           string `json:"date"`
	RequirementSeq int64  `json:"requirement_seq"`
	// Institution is the bank for whose eyes the report is, empty for those who see everything: it tells only of the bank's
	// own products, counts by province, and names only requirements that they match or matched.
	Institution string `json:"institution,omitempty"`
	// Failed counts requirements that could not be matched, and plans that could not be judged; the totals leave them out.
	Failed int `json:"failed,omitempty"`
	impact.Report
	// Plans is what a risk or stress pack does; no offer changes by it, so that no requirement was asked. PlanSeq is the place
	// in the change feed of plans from which they were read.
	Plans   *impact.PlanReport `json:"plans,omitempty"`
	PlanSeq int64              `json:"plan_seq,omitempty"`
	// IndicativeLeft counts submitted requirements without a plan whose indicative plan was not judged, because there are more
	// than are judged at once; those that ask for most come first.
	IndicativeLeft int `json:"indicative_left,omitempty"`
	// Names are those of the listed requirements and plans.
	Names map[string]string `json:"names"`
	// Snapshot is the id under which the report is kept; it is not part of what it names.
	Snapshot string `json:"snapshot,omitempty"`
}

const (
	// impactListed is how many requirements a report lists; its totals count all of them.
	impactListed = 500
	// impactStaleAfter is how many requirements, or plans, may change before a report is out of date.
	impactStaleAfter = 100
)

// Impact compares the open requirements under the present rules with those under a change, and keeps the report. progress
// may be nil. What is wrong with the text is refused as when it is checked.
func (o *Office) Impact(ctx context.Context, actor permit.Actor, request ImpactRequest, progress func(done, total int)) (ImpactReport, error) {
	if progress == nil {
		progress = func(int, int) {}
	}
	v, err := o.viewpoint(ctx)
	if err != nil {
		return ImpactReport{}, err
	}
	change, err := o.impactChange(ctx, actor, v, request)
	if err != nil {
		return ImpactReport{}, err
	}
	report := ImpactReport{Type: request.Type, Pack: change.pack, Digest: change.digest, Edition: v.edition.ID, Date: day(v.date), Names: map[string]string{}}
	if permit.ScopeOf(actor.Role, permit.OperationDraftRead) == permit.ScopeInstitution {
		report.Institution = actor.Institution
	}
	// The place is read before the requirements are: one that changes between is counted as changed since.
	if report.RequirementSeq, _, err = o.newest(ctx, store.KindRequirement, 0); err != nil {
		return report, err
	}
	if change.packs != nil {
		return o.impactOnPlans(ctx, actor, v, change, report, progress)
	}
	records, failed, err := o.prepareAll(ctx, v, func(done, total int) { progress(done, 2*total) })
	if err != nil {
		return report, err
	}
	report.Failed = failed
	compared, err := o.compareAll(ctx, v, change, records, func(done, total int) { progress(total+done, 2*total) })
	if err != nil {
		return report, err
	}
	if err := o.narrow(ctx, &report, change, compared); err != nil {
		return report, err
	}
	text, err := store.Canonical(report)
	if err != nil {
		return report, err
	}
	report.Snapshot, err = o.keep(ctx, "", text)
	return report, err
}

// impactChange is a change made ready: the products in force with it, and the desk that has it.
type impactChange struct {
	pack, digest string
	products     []*rulepack.Product
	// desk is nil where market data stay as they are.
	desk *casework.Desk
	// packs is a change of a risk or stress pack, nil of anything else.
	packs *packsChange
}

// impactChange checks the actor and reads the change.
func (o *Office) impactChange(ctx context.Context, actor permit.Actor, v *viewpoint, request ImpactRequest) (*impactChange, error) {
	library := v.edition.Desk.Library
	if (request.Text == "") == (request.Market == nil) {
		return nil, refuse.New(refuse.KindInvalid, "impact", "请给出产品文本或市场数据其中之一", "give either the text of a product or market data")
	}
	if request.Market != nil {
		if err := allowed(actor, permit.OperationMarketWrite); err != nil {
			return nil, err
		}
		document, err := store.Canonical(request.Market)
		if err != nil {
			return nil, err
		}
		market, err := rulepack.ReadMarket("market.json", document)
		if err == nil {
			err = library.CheckMarket("market.json", market)
		}
		if err != nil {
			return nil, problems(err, "/market")
		}
		desk, err := casework.NewDesk(library.With(rulepack.Changes{Market: rulepack.MergeMarket(library.Market, market)}))
		return &impactChange{digest: hashOf(document), products: v.edition.Desk.InForce(v.date), desk: desk}, err
	}
	operation := operationsOf(request.Type).write
	if err := allowed(actor, operation); err != nil {
		return nil, err
	}
	made := compileVersion(library, request.Type, "draft.yaml", []byte(request.Text))
	if made.err != nil {
		return nil, problems(made.err, "/text")
	}
	var err error
	change := &impactChange{digest: hashOf([]byte(request.Text)), products: v.edition.Desk.InForce(v.date)}
	switch {
	case made.product != nil:
		change.pack = made.product.ID
		if err := o.check(ctx, actor, operation, permit.OperationProductRead, store.KindProductVersion, change.pack, permit.Subject{Institution: made.product.Institution}); err != nil {
			return nil, err
		}
		change.products = withProduct(change.products, made.product, v)
	case made.risk != nil:
		change.pack = made.risk.ID
	case made.stress != nil:
		change.pack = made.stress.ID
	}
	if request.Type != PackProduct {
		change.packs, err = o.newPacksChange(v.edition, made, request)
	}
	return change, err
}

// withProduct puts a draft in place of the version in force, or beside the others where there is none.
func withProduct(products []*rulepack.Product, draft *rulepack.Product, v *viewpoint) []*rulepack.Product {
	number := 1
	for _, product := range v.edition.Desk.Library.Products {
		if product.ID == draft.ID {
			number = max(number, product.Version+1)
		}
	}
	next := draft.Published(number, v.date, draft.To)
	at, known := slices.BinarySearchFunc(products, draft.ID, func(p *rulepack.Product, id string) int { return strings.Compare(p.ID, id) })
	if known {
		products[at] = next
		return products
	}
	return slices.Insert(products, at, next)
}

// prepareAll reads every open requirement that is not ready yet. Those that cannot be read are left out and counted.
func (o *Office) prepareAll(ctx context.Context, v *viewpoint, progress func(done, total int)) ([]store.Record, int, error) {
	var records []store.Record
	err := o.each(ctx, store.Query{Kind: store.KindRequirement, Where: []store.Filter{openRequirements}, WithoutBody: true}, func(r store.Record) error {
		records = append(records, r)
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	failures := make([]error, len(records))
	err = spread(ctx, len(records), progress, func() func(int) error {
		return func(i int) error {
			_, err := v.prepare(ctx, records[i])
			if failures[i] = err; err != nil && !isRefusal(err) {
				return err
			}
			return nil
		}
	})
	if err != nil {
		return nil, 0, err
	}
	kept := records[:0]
	for i, record := range records {
		if failures[i] == nil {
			kept = append(kept, record)
			continue
		}
		o.logger.Error("an open requirement cannot be matched", "requirement", record.ID, "reason", failures[i])
	}
	return kept, len(failures) - len(kept), nil
}

// spread does work for every place on all cores; worker is called once for each goroutine. It stops with the first fault
// and when ctx ends, and tells progress fifty times or so, never from two goroutines at once.
func spread(ctx context.Context, count int, progress func(done, total int), worker func() func(place int) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var next, finished atomic.Int64
	var group sync.WaitGroup
	var telling sync.Mutex
	every := max(count/50, 1)
	for range min(runtime.GOMAXPROCS(0), max(count, 1)) {
		group.Go(func() {
			work := worker()
			for i := int(next.Add(1)) - 1; i < count && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := work(i); err != nil {
					stop(err)
					return
				}
				if done := int(finished.Add(1)); done%every == 0 || done == count {
					telling.Lock()
					progress(done, count)
					telling.Unlock()
				}
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}

// compareAll compares both sides. Requirements that were ready a moment ago are read again only where there are more than
// the cache holds.
func (o *Office) compareAll(ctx context.Context, v *viewpoint, change *impactChange, records []store.Record, progress func(done, total int)) (*impact.Report, error) {
	var after *casework.Preparer
	if change.desk != nil {
		after = change.desk.Preparer(v.date)
	}
	return impact.Diff(ctx, impact.Input{
		Before: v.edition.Desk.InForce(v.date), After: change.products, Vocabulary: v.edition.Desk.Library.Vocabulary, UsableOnly: true, Count: len(records), Progress: progress,
		Subject: func(place int) (impact.Subject, error) {
			r, err := v.prepare(ctx, records[place])
			if err != nil {
				return impact.Subject{}, err
			}
			subject := impact.Subject{ID: r.id, Region: r.region, Before: r.prepared.Need}
			if after != nil {
				subject.After = after.Again(r.prepared).Need
			} else {
				subject.Field = v.field(r)
			}
			return subject, nil
		},
	})
}

// narrow takes over what the report's reader may see of a comparison.
func (o *Office) narrow(ctx context.Context, report *ImpactReport, change *impactChange, compared *impact.Report) error {
	if report.Institution != "" {
		province, err := o.provinces(ctx)
		if err != nil {
			return err
		}
		own := map[string]bool{}
		for _, product := range change.products {
			own[product.ID] = product.Institution == report.Institution
		}
		compared = compared.Narrowed(func(product string) bool { return own[product] }, province)
		compared.Requirements = slices.DeleteFunc(compared.Requirements, func(d impact.RequirementDiff) bool {
			return !slices.ContainsFunc(d.Products, func(p impact.ProductDiff) bool { return p.Before.Usable() || p.After.Usable() })
		})
	}
	compared.Listed(impactListed)
	report.Report = *compared
	for i := range report.Requirements {
		record, err := o.store.Get(ctx, store.KindRequirement, report.Requirements[i].Requirement)
		if err != nil {
			return err
		}
		report.Names[record.ID] = record.Fields["name"].Text()
	}
	return nil
}

// provinces returns what finds the province of a region; a region above the provinces stands for itself.
func (o *Office) provinces(ctx context.Context) (func(string) string, error) {
	tree, levels, err := o.places(ctx)
	if err != nil {
		return nil, err
	}
	return func(region string) string {
		for place := region; place != ""; place = tree.Parent(place) {
			if levels[place] == "province" {
				return place
			}
		}
		return region
	}, nil
}

// ImpactStale says why an impact report no longer holds for a text: the text, the rules, or too many requirements changed.
// None: it holds.
func (o *Office) ImpactStale(ctx context.Context, report ImpactReport, digest string) ([]refuse.Point, error) {
	edition, err := o.Edition(ctx)
	if err != nil {
		return nil, err
	}
	var points []refuse.Point
	if report.Digest != digest {
		points = append(points, refuse.Point{Code: "impact_stale", ZH: "影响是按修改前的文本测算的；请重新测算", EN: "the impact is of the text before it was changed; compute it again"})
	}
	if report.Edition != edition.ID {
		points = append(points, refuse.Point{Code: "impact_stale", ZH: "影响测算之后其他规则或市场数据已有变化；请重新测算", EN: "other rules or market data changed after the impact was computed; compute it again"})
	}
	changed, err := o.store.Changes(ctx, store.KindRequirement, report.RequirementSeq, impactStaleAfter+1)
	if err != nil {
		return nil, err
	}
	if len(changed) > impactStaleAfter {
		points = append(points, refuse.Point{Code: "impact_stale", ZH: "影响测算之后已有很多需求变化；请重新测算", EN: "many requirements changed after the impact was computed; compute it again"})
	}
	if report.Plans == nil {
		return points, nil
	}
	if changed, err = o.store.Changes(ctx, store.KindPlan, report.PlanSeq, impactStaleAfter+1); err != nil {
		return nil, err
	}
	if len(changed) > impactStaleAfter {
		points = append(points, refuse.Point{Code: "impact_stale", ZH: "影响测算之后已有很多方案变化；请重新测算", EN: "many plans changed after the impact was computed; compute it again"})
	}
	return points, nil
}

// RecallImpact reads a report that was kept. Whether the actor may see it is the question of the record that names it.
func (o *Office) RecallImpact(ctx context.Context, snapshot string) (ImpactReport, error) {
	text, err := o.recall(ctx, snapshot)
	if err != nil {
		return ImpactReport{}, err
	}
	var report ImpactReport
	err = json.Unmarshal(text, &report)
	report.Snapshot = snapshot
	return report, err
}

// ReadDraftImpact reads the newest impact report of a draft that the actor may see.
func (o *Office) ReadDraftImpact(ctx context.Context, actor permit.Actor, draft string) (ImpactReport, error) {
	read, err := o.GetDraft(ctx, actor, draft)
	if err != nil {
		return ImpactReport{}, err
	}
	if read.Impact == nil {
		return ImpactReport{}, refuse.Unknown("impact", draft)
	}
	report, err := o.RecallImpact(ctx, read.Impact.Snapshot)
	if err != nil {
		return ImpactReport{}, err
	}
	return report, o.narrowPlans(ctx, actor, &report)
}

// impactJob computes an impact for whoever submitted the job. A draft's text is read when the job runs.
func (o *Office) impactJob(ctx context.Context, task *jobs.Task) (any, error) {
	var request ImpactRequest
	if err := task.Decode(&request); err != nil {
		return nil, err
	}
	if request.Draft != "" {
		draft, err := o.GetDraft(ctx, task.Actor, request.Draft)
		if err != nil {
			return nil, err
		}
		request.Type, request.Text, request.Date = draft.Type, draft.Text, draft.EffectiveFrom
	}
	report, err := o.Impact(ctx, task.Actor, request, func(done, total int) {
		task.Progress(int64(done), int64(total), "正在测算对存量需求与方案的影响", "computing the impact on requirements and plans")
	})
	if err != nil {
		return nil, err
	}
	if request.Draft != "" {
		noted := DraftImpact{Snapshot: report.Snapshot, Edition: report.Edition, Digest: report.Digest, At: o.clock().UTC()}
		if _, err := o.noteImpact(ctx, request.Draft, noted); err != nil {
			return nil, err
		}
	}
	return report, nil
}
