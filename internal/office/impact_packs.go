package office

import (
	"context"
	"slices"
	"time"

	"zutuan/internal/casework"
	"zutuan/internal/gate"
	"zutuan/internal/impact"
	"zutuan/internal/match"
	"zutuan/internal/permit"
	"zutuan/internal/plan"
	"zutuan/internal/risk"
	"zutuan/internal/rulepack"
	"zutuan/internal/store"
	"zutuan/internal/stress"
)

const (
	// indicativePlans is how many submitted requirements without a plan are judged by an indicative one, for which every product
	// is asked; indicativeStressed how many where scenarios are run, each of which simulates anew.
	indicativePlans    = 2_000
	indicativeStressed = 500
	// impactPlansKept is how many plans a kept report lists, of all regions; a reader is shown impactListed of those that they
	// may see. impactKeptBytes bounds the report further: half as many are kept until it fits.
	impactPlansKept = 1_000
	impactKeptBytes = store.MaxBodyBytes * 3 / 4
)

// packsChange is a risk or stress pack made ready to be compared: the rules as they are and with the draft in the place of
// the version in force, both on one day.
type packsChange struct {
	date          time.Time
	before, after *casework.Desk
	stress        bool
	words         *impact.PackChange
}

func (o *Office) newPacksChange(edition *Edition, made compiled, request ImpactRequest) (*packsChange, error) {
	c := &packsChange{date: o.Today(), before: edition.Desk, stress: request.Type == PackStress}
	if asked := parseDay(request.Date); asked.After(c.date) {
		c.date = asked
	}
	library, changes := edition.Desk.Library, rulepack.Changes{}
	// How long it is to hold does not matter on the day from which it does.
	if c.stress {
		changes.StressPacks = append(slices.Clone(library.StressPacks), made.stress.Published(edition.nextNumber(request.Type, made.stress.ID), c.date, time.Time{}))
	} else {
		changes.RiskPacks = append(slices.Clone(library.RiskPacks), made.risk.Published(edition.nextNumber(request.Type, made.risk.ID), c.date, time.Time{}))
	}
	var err error
	if c.after, err = casework.NewDesk(library.With(changes)); err != nil {
		return nil, err
	}
	if c.stress {
		c.words = impact.StressPackChange(c.before.StressPackOn(c.date), c.after.StressPackOn(c.date))
	} else {
		c.words = impact.RiskPackChange(c.before.RiskPackOn(made.risk.ID, c.date), c.after.RiskPackOn(made.risk.ID, c.date))
	}
	return c, nil
}

func (c *packsChange) indicativeBound() int {
	if c.stress {
		return indicativeStressed
	}
	return indicativePlans
}

// judge compares what both sides say of a plan of a matched case.
func (c *packsChange) judge(matching *casework.Matching, lines *plan.Indicative, subject *impact.PlanSubject) (*impact.PlanDiff, error) {
	var err error
	if c.stress {
		err = c.stressed(matching, lines.Lines, subject)
	} else if subject.Before, err = c.before.Flags(matching, lines); err == nil {
		subject.After, err = c.after.Flags(matching, lines)
	}
	if err != nil {
		return nil, err
	}
	return impact.ComparePlan(c.words, subject), nil
}

// stressed runs the scenarios that the change touches on both sides; a side without a pack in force has none. No verdict goes
// by the flags under stress, so they are not raised; that somebody could is told, because scenarios of the budget alone are
// left out where nobody can.
func (c *packsChange) stressed(matching *casework.Matching, lines []plan.Line, subject *impact.PlanSubject) error {
	assessed := casework.StressedPlan(matching, lines)
	_, before := c.before.StressPack(assessed)
	_, after := c.after.StressPack(assessed)
	before, after = impact.TouchedScenarios(before, after)
	kase := c.before.StressCase(assessed)
	kase.Assess = func(stress.Chain) (*risk.Assessment, error) { return nil, nil }
	kase.Remember()
	var err error
	if before != nil {
		if subject.StressBefore, err = kase.Scenarios(before); err != nil {
			return err
		}
	}
	if after != nil {
		subject.StressAfter, err = kase.Scenarios(after)
	}
	return err
}

// askedPlan is a plan that is judged: a stored one, or the indicative one of a requirement.
type askedPlan struct{ plan, requirement string }

// impactOnPlans judges every plan that is not superseded, and submitted requirements that have none by their indicative
// plans, and keeps the report. What the actor may not see is counted only, in what is returned; what is kept is narrowed
// when somebody reads it.
func (o *Office) impactOnPlans(ctx context.Context, actor permit.Actor, v *viewpoint, change *impactChange, report ImpactReport, progress func(done, total int)) (ImpactReport, error) {
	compared, err := impact.Diff(ctx, impact.Input{Vocabulary: v.edition.Desk.Library.Vocabulary})
	if err != nil {
		return report, err
	}
	report.Report, report.Date = *compared, day(change.packs.date)
	if report.PlanSeq, _, err = o.newest(ctx, store.KindPlan, 0); err != nil {
		return report, err
	}
	asked, left, err := o.plansToJudge(ctx, change.packs.indicativeBound())
	if err != nil {
		return report, err
	}
	report.IndicativeLeft = left
	diffs, names, err := o.judgeAll(ctx, o.viewpointOf(v.edition, change.packs.date), change.packs, asked, &report.Failed, progress)
	if err != nil {
		return report, err
	}
	indicative := 0
	for _, one := range diffs {
		if one.asked.plan == "" {
			indicative++
		}
	}
	text, err := fitReport(&report, diffs, indicative, names)
	if err != nil {
		return report, err
	}
	if report.Snapshot, err = o.keep(ctx, "", text); err != nil {
		return report, err
	}
	return report, o.narrowPlans(ctx, actor, &report)
}

// fitReport lists as many plans as a record holds and returns the report as it is kept.
func fitReport(report *ImpactReport, judged []judgedPlan, indicative int, names map[string]string) ([]byte, error) {
	diffs := make([]*impact.PlanDiff, len(judged))
	for i := range judged {
		diffs[i] = judged[i].diff
	}
	for listed := impactPlansKept; ; listed /= 2 {
		report.Plans = impact.ReportPlans(diffs, indicative, listed)
		report.Names = namesOf(report.Plans, names)
		text, err := store.Canonical(report)
		if err != nil || len(text) <= impactKeptBytes || listed <= 1 {
			return text, err
		}
	}
}

// namesOf are the names of the plans and requirements that a report lists.
func namesOf(report *impact.PlanReport, names map[string]string) map[string]string {
	out := map[string]string{}
	for i := range report.Plans {
		for _, id := range []string{report.Plans[i].Plan, report.Plans[i].Requirement} {
			if id != "" && names[id] != "" {
				out[id] = names[id]
			}
		}
	}
	return out
}

// plansToJudge lists every plan that is not superseded, then the submitted requirements without one, those that ask for most
// first; left counts what is beyond the bound.
func (o *Office) plansToJudge(ctx context.Context, bound int) (asked []askedPlan, left int, err error) {
	planned := map[string]bool{}
	err = o.each(ctx, store.Query{Kind: store.KindPlan, WithoutBody: true}, func(r store.Record) error {
		if r.Fields["status"].Text() != string(gate.StatusSuperseded) {
			requirement := r.Fields["requirement"].Text()
			planned[requirement] = true
			asked = append(asked, askedPlan{r.ID, requirement})
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	indicative := 0
	err = o.each(ctx, store.Query{Kind: store.KindRequirement, Where: []store.Filter{openRequirements}, Sort: "requested", Descending: true, WithoutBody: true}, func(r store.Record) error {
		switch {
		case planned[r.ID]:
		case indicative == bound:
			left++
		default:
			indicative++
			asked = append(asked, askedPlan{requirement: r.ID})
		}
		return nil
	})
	return asked, left, err
}

// judgedPlan is a plan with what changes for it, nil where nothing does.
type judgedPlan struct {
	asked askedPlan
	diff  *impact.PlanDiff
	names [2]string
	err   error
}

// judgeAll judges the plans on all cores. Those that cannot be judged are left out and counted.
func (o *Office) judgeAll(ctx context.Context, v *viewpoint, change *packsChange, asked []askedPlan, failed *int, progress func(done, total int)) ([]judgedPlan, map[string]string, error) {
	all := make([]judgedPlan, len(asked))
	err := spread(ctx, len(asked), progress, func() func(int) error {
		return func(place int) error {
			one := &all[place]
			one.asked = asked[place]
			if one.err = v.judgePlan(ctx, change, one); one.err != nil && !isRefusal(one.err) {
				return one.err
			}
			return nil
		}
	})
	if err != nil {
		return nil, nil, err
	}
	names, kept := map[string]string{}, all[:0]
	for _, one := range all {
		if one.err != nil {
			o.logger.Error("a plan cannot be judged", "plan", one.asked.plan, "requirement", one.asked.requirement, "reason", one.err)
			*failed++
			continue
		}
		if one.diff != nil {
			names[one.asked.plan], names[one.asked.requirement] = one.names[0], one.names[1]
		}
		kept = append(kept, one)
	}
	return kept, names, nil
}

// judgePlan reads a plan with everything that belongs to it as of the viewpoint, and compares both sides.
func (v *viewpoint) judgePlan(ctx context.Context, change *packsChange, one *judgedPlan) error {
	record, kept, err := requirements.get(ctx, v.office, one.asked.requirement)
	if err != nil {
		return err
	}
	papers, err := v.region(ctx, record.Region)
	if err != nil {
		return err
	}
	kase, err := casework.JoinCase(casework.File{Name: "requirement.json", Data: kept.Document}, papers.ledgerRead, papers.fiscalRead)
	if err != nil {
		return problems(err, "")
	}
	asked := casework.Asked{Date: v.date, Overrides: overridesUsed(papers.overrides, kase.Region())}
	subject := &impact.PlanSubject{Plan: one.asked.plan, Requirement: record.ID, Region: record.Region}
	one.names[1] = kept.Name
	var matching *casework.Matching
	var lines *plan.Indicative
	if one.asked.plan == "" {
		matching, lines, err = v.indicative(kase, asked)
	} else {
		matching, lines, err = v.written(ctx, kase, asked, one)
	}
	if err != nil {
		return err
	}
	subject.Financed = drawn(lines.Lines)
	if one.diff, err = change.judge(matching, lines, subject); err != nil {
		return problems(err, "")
	}
	return nil
}

// written reads the document of a stored plan.
func (v *viewpoint) written(ctx context.Context, kase *casework.Case, asked casework.Asked, one *judgedPlan) (*casework.Matching, *plan.Indicative, error) {
	_, body, err := plans.get(ctx, v.office, one.asked.plan)
	if err != nil {
		return nil, nil, err
	}
	one.names[0], asked.Products = body.Name, productsNamed(body.Document)
	matching, err := v.edition.Desk.Match(kase, asked)
	if err != nil {
		return nil, nil, problems(err, "")
	}
	typed, err := v.edition.Desk.ReadPlan(matching, casework.File{Name: "plan.json", Data: body.Document})
	if err != nil {
		return nil, nil, problems(err, "/document")
	}
	return matching, &plan.Indicative{Lines: typed.Lines}, nil
}

// indicative takes the best offers as the plan.
func (v *viewpoint) indicative(kase *casework.Case, asked casework.Asked) (*casework.Matching, *plan.Indicative, error) {
	asked.Detail = match.DetailVerdicts
	matching, err := v.edition.Desk.Match(kase, asked)
	if err != nil {
		return nil, nil, problems(err, "")
	}
	lines, err := v.edition.Desk.Indicative(matching)
	return matching, lines, problems(err, "")
}

// narrowPlans leaves in a report the plans that a reader may see; those of other regions stay as counts by province.
func (o *Office) narrowPlans(ctx context.Context, actor permit.Actor, report *ImpactReport) error {
	if report.Plans == nil {
		return nil
	}
	tree, err := o.Tree(ctx)
	if err != nil {
		return err
	}
	province, err := o.provinces(ctx)
	if err != nil {
		return err
	}
	see := func(region string) bool {
		return permit.May(tree, actor, permit.OperationPlanRead, permit.Subject{Region: region})
	}
	report.Plans = report.Plans.Narrowed(see, province, impactListed)
	report.Names = namesOf(report.Plans, report.Names)
	return nil
}
