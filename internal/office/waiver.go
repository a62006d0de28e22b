package office

import (
	"context"
	"time"

	"zutuan/internal/gate"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

// WaiverBody is a waiver (豁免) of one flag of one plan.
type WaiverBody struct {
	Plan     string `json:"plan"`
	PlanName string `json:"plan_name"`
	// Flag is "pack/rule"; Assessment is the one that raised it when the waiver was asked for.
	Flag       string `json:"flag"`
	Assessment string `json:"assessment"`
	gate.Waiver
	// Decision is the reason that was given when it was granted, rejected or revoked, DecidedBy who gave it.
	Decision  string `json:"decision,omitempty"`
	DecidedBy string `json:"decided_by,omitempty"`
}

// Waiver is a waiver as people see it: a granted one is shown expired after its last day.
type Waiver struct {
	Meta
	WaiverBody
}

var waivers = noun[WaiverBody]{store.KindWaiver, func(b *WaiverBody) store.Fields {
	return store.Fields{"plan": store.Text(b.Plan), "flag": store.Text(clip(b.Flag)), "status": store.Text(string(b.Status)), "author": store.Text(b.RequestedBy), "expires_on": store.Time(parseDay(string(b.ExpiresOn)))}
}}

func (o *Office) waiverView(r store.Record, body WaiverBody) Waiver {
	body.Status = body.StatusOn(gate.DayOf(o.Today()))
	return Waiver{metaOf(r), body}
}

// waiversOf lists the waivers of a plan as the gate takes them, the oldest first.
func (o *Office) waiversOf(ctx context.Context, plan string) ([]gate.Waiver, error) {
	var list []gate.Waiver
	query := store.Query{Kind: store.KindWaiver, Where: []store.Filter{store.Equal("plan", store.Text(plan))}, Sort: store.FieldUpdated}
	err := o.each(ctx, query, func(r store.Record) error {
		body, err := bodyOf[WaiverBody](r)
		list = append(list, body.Waiver)
		return err
	})
	return list, err
}

// WaiverFilter narrows a list of waivers. Status is the shown one. ExpiresBefore leaves out those that hold on that day
// or later.
type WaiverFilter struct {
	Region        string
	Plan          string
	Status        gate.Status
	ExpiresBefore time.Time
}

// ListWaivers lists what the actor may see: by the last day where a status or a day is asked for, else by last change.
func (o *Office) ListWaivers(ctx context.Context, actor permit.Actor, filter WaiverFilter, paging Paging) (Page[Waiver], error) {
	where, err := o.visible(ctx, actor, permit.OperationWaiverRead, filter.Region)
	if err != nil {
		return Page[Waiver]{}, err
	}
	if filter.Plan != "" {
		if _, _, err := o.plan(ctx, actor, permit.OperationWaiverRead, filter.Plan); err != nil {
			return Page[Waiver]{}, err
		}
		where = append(where, store.Equal("plan", store.Text(filter.Plan)))
	}
	query := store.Query{Kind: store.KindWaiver, Sort: store.FieldUpdated, Descending: true, Limit: paging.Limit, After: paging.After}
	from, below := time.Time{}, filter.ExpiresBefore
	if filter.Status != "" {
		kept := filter.Status
		// That a waiver expired is not written; it follows from its last day.
		switch filter.Status {
		case gate.StatusExpired:
			kept = gate.StatusGranted
			if today := o.Today(); below.IsZero() || today.Before(below) {
				below = today
			}
		case gate.StatusGranted:
			from = o.Today()
		}
		where = append(where, store.Equal("status", store.Text(string(kept))))
	}
	if filter.Status != "" || !below.IsZero() {
		query.Sort, query.Descending = "expires_on", false
	}
	query.Where = append(where, expiring(from, below)...)
	page, err := o.store.List(ctx, query)
	return pageOf(page, err, func(r store.Record) (Waiver, error) {
		body, err := bodyOf[WaiverBody](r)
		return o.waiverView(r, body), err
	})
}

// expiring wants a last day from one day on and below another; a zero day bounds nothing.
func expiring(from, below time.Time) []store.Filter {
	switch {
	case from.IsZero() && below.IsZero():
		return nil
	case below.IsZero():
		return []store.Filter{store.AtLeast("expires_on", store.Time(from))}
	case from.IsZero():
		return []store.Filter{store.Less("expires_on", store.Time(below))}
	}
	return []store.Filter{store.Between("expires_on", store.Time(from), store.Time(below))}
}

// GetWaiver reads one waiver.
func (o *Office) GetWaiver(ctx context.Context, actor permit.Actor, id string) (Waiver, error) {
	record, body, err := o.waiver(ctx, actor, permit.OperationWaiverRead, id)
	if err != nil {
		return Waiver{}, err
	}
	return o.waiverView(record, body), nil
}

func (o *Office) waiver(ctx context.Context, actor permit.Actor, operation permit.Operation, id string) (store.Record, WaiverBody, error) {
	if err := allowed(actor, operation); err != nil {
		return store.Record{}, WaiverBody{}, err
	}
	record, body, err := waivers.get(ctx, o, id)
	if err != nil {
		return record, body, err
	}
	if err := o.check(ctx, actor, operation, permit.OperationWaiverRead, store.KindWaiver, id, permit.Subject{Region: record.Region}); err != nil {
		return store.Record{}, WaiverBody{}, err
	}
	return record, body, nil
}

// WaiverTrail is the audit trail of a waiver.
func (o *Office) WaiverTrail(ctx context.Context, actor permit.Actor, id string) ([]TrailEntry, error) {
	if _, _, err := o.waiver(ctx, actor, permit.OperationWaiverRead, id); err != nil {
		return nil, err
	}
	return o.trail(ctx, store.KindWaiver, id)
}

// WaiverInput asks for a waiver of one flag of the plan's newest assessment, as it stands there.
type WaiverInput struct {
	Pack string `json:"pack"`
	Rule string `json:"rule"`
	// Lender is needed where the rule is raised for several lenders.
	Lender    string   `json:"lender,omitempty"`
	Reason    string   `json:"reason"`
	Evidence  string   `json:"evidence"`
	ExpiresOn gate.Day `json:"expires_on"`
}

// RequestWaiver asks for a waiver; another risk officer grants or rejects it.
func (o *Office) RequestWaiver(ctx context.Context, actor permit.Actor, plan string, input WaiverInput) (Waiver, error) {
	record, body, err := o.plan(ctx, actor, permit.OperationWaiverRequest, plan)
	if err != nil {
		return Waiver{}, err
	}
	if body.Status == gate.StatusSuperseded {
		return Waiver{}, refuse.New(refuse.KindConflict, "status", "方案已被取代，无需豁免", "the plan is superseded and needs no waiver")
	}
	assessed, err := o.newestAssessed(ctx, plan)
	if err != nil {
		return Waiver{}, err
	}
	id, err := o.NewID("waiv")
	if err != nil {
		return Waiver{}, err
	}
	today := gate.DayOf(o.Today())
	asked := gate.Waiver{ID: id, Status: gate.StatusRequested, Cover: coverOf(assessed, input), Reason: input.Reason, Evidence: input.Evidence, RequestedBy: who(actor), RequestedOn: today, ExpiresOn: input.ExpiresOn}
	if err := gate.RequestWaiver(asked, assessed, today); err != nil {
		return Waiver{}, err
	}
	kept := WaiverBody{Plan: plan, PlanName: body.Name, Flag: input.Pack + "/" + input.Rule, Assessment: assessed.ID, Waiver: asked}
	made, err := waivers.create(ctx, o, id, record.Region, &kept, store.Change{Who: who(actor), Action: "request", Why: cut(input.Reason, store.MaxReasonBytes)})
	return o.waiverView(made, kept), err
}

// coverOf is the cover that reaches the flag as it stands; where there is no such flag the gate says so.
func coverOf(assessed *gate.Assessed, input WaiverInput) gate.Cover {
	if assessed != nil {
		for _, flag := range assessed.Flags {
			if flag.Pack == input.Pack && flag.Rule == input.Rule && (input.Lender == "" || flag.Lender == input.Lender) {
				return gate.CoverOf(flag)
			}
		}
	}
	return gate.Cover{Pack: input.Pack, Rule: input.Rule, Lender: input.Lender}
}

// newestAssessed is what the gate knows of a plan's newest assessment, nil where there is none.
func (o *Office) newestAssessed(ctx context.Context, plan string) (*gate.Assessed, error) {
	_, body, err := plans.get(ctx, o, plan)
	if err != nil || body.Assessment == "" {
		return nil, err
	}
	_, kept, err := assessments.get(ctx, o, body.Assessment)
	return &kept.Assessed, err
}

// StepWaiver grants, rejects or revokes a waiver. Who asked for it cannot decide on it, nor who worked on the plan. A
// plan that rested on a waiver which is revoked goes back to draft.
func (o *Office) StepWaiver(ctx context.Context, actor permit.Actor, id string, expected int64, step gate.Step, reason string) (Waiver, error) {
	operation := permit.OperationWaiverConfirm
	if step == gate.StepRevoke {
		operation = permit.OperationWaiverRevoke
	}
	_, body, err := o.waiver(ctx, actor, operation, id)
	if err != nil {
		return Waiver{}, err
	}
	if err := conditional(expected); err != nil {
		return Waiver{}, err
	}
	_, plan, err := plans.get(ctx, o, body.Plan)
	if err != nil {
		return Waiver{}, err
	}
	assessed, err := o.newestAssessed(ctx, body.Plan)
	if err != nil {
		return Waiver{}, err
	}
	today, now := gate.DayOf(o.Today()), o.clock().UTC().Truncate(time.Millisecond)
	record, body, err := waivers.update(ctx, o, id, expected, store.Change{Who: who(actor), Action: string(step), Why: reason}, func(_ store.Record, kept *WaiverBody) error {
		next, err := gate.TakeWaiver(step, gate.WaiverSituation{Moment: gate.Moment{Actor: actor, Authors: plan.authored(), Reason: reason}, Waiver: kept.Waiver, Assessment: assessed, Today: today})
		if err != nil {
			return err
		}
		kept.Status, kept.Decision, kept.DecidedBy = next, reason, who(actor)
		switch step {
		case gate.StepGrant:
			kept.GrantedBy, kept.GrantedOn = who(actor), today
		case gate.StepRevoke:
			kept.RevokedAt = now
		}
		return nil
	})
	if err != nil {
		return Waiver{}, err
	}
	if step == gate.StepRevoke {
		if _, err := o.reviewPlan(context.WithoutCancel(ctx), body.Plan); err != nil {
			o.logger.Error("a plan could not be looked at after its waiver was revoked; the next sweep does it", "plan", body.Plan, "error", err)
			o.wake()
		}
	}
	return o.waiverView(record, body), nil
}
