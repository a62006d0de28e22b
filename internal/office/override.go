package office

import (
	"cmp"
	"context"
	"slices"
	"time"

	"zutuan/internal/funding"
	"zutuan/internal/gate"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/rulepack"
	"zutuan/internal/store"
)

// OverrideBody is a region's replacement of a parameter whose threshold is not law: unpublished, practice or the house's
// own. It holds in its region and everywhere below, until its last day; where several hold the nearest counts.
type OverrideBody struct {
	Parameter string `json:"parameter"`
	Value     string `json:"value"`
	// Replaces is the value that was in force when it was asked for, empty where there was none.
	Replaces string `json:"replaces,omitempty"`
	Why      string `json:"why"`
	// Until is the last day on which it holds.
	Until       string      `json:"until"`
	Status      gate.Status `json:"status"`
	RequestedBy string      `json:"requested_by"`
	// GrantedOn is the first day on which it holds, GrantedAt the moment; of two of one region the later counts.
	GrantedBy string     `json:"granted_by,omitempty"`
	GrantedOn string     `json:"granted_on,omitempty"`
	GrantedAt *time.Time `json:"granted_at,omitempty"`
	// Decision is the reason that was given with the last step, DecidedBy who took it.
	Decision  string `json:"decision,omitempty"`
	DecidedBy string `json:"decided_by,omitempty"`
}

// Override is an override as people see it.
type Override struct {
	Meta
	OverrideBody
}

var overrides = noun[OverrideBody]{store.KindOverride, func(b *OverrideBody) store.Fields {
	return store.Fields{"parameter": store.Text(b.Parameter), "status": store.Text(string(b.Status)), "author": store.Text(b.RequestedBy), "until": store.Time(parseDay(b.Until))}
}}

func overrideView(r store.Record) (Override, error) {
	body, err := bodyOf[OverrideBody](r)
	return Override{metaOf(r), body}, err
}

// ListOverrides lists what the actor may see, by parameter; status may be empty.
func (o *Office) ListOverrides(ctx context.Context, actor permit.Actor, region string, status gate.Status, paging Paging) (Page[Override], error) {
	where, err := o.visible(ctx, actor, permit.OperationOverrideRead, region)
	if err != nil {
		return Page[Override]{}, err
	}
	query := store.Query{Kind: store.KindOverride, Sort: "parameter", Limit: paging.Limit, After: paging.After}
	if status != "" {
		where = append(where, store.Equal("status", store.Text(string(status))))
		query.Sort, query.Descending = store.FieldUpdated, true
	}
	query.Where = where
	page, err := o.store.List(ctx, query)
	return pageOf(page, err, overrideView)
}

// GetOverride reads one override.
func (o *Office) GetOverride(ctx context.Context, actor permit.Actor, id string) (Override, error) {
	record, body, err := o.override(ctx, actor, permit.OperationOverrideRead, id)
	return Override{metaOf(record), body}, err
}

func (o *Office) override(ctx context.Context, actor permit.Actor, operation permit.Operation, id string) (store.Record, OverrideBody, error) {
	if err := allowed(actor, operation); err != nil {
		return store.Record{}, OverrideBody{}, err
	}
	record, body, err := overrides.get(ctx, o, id)
	if err != nil {
		return record, body, err
	}
	if err := o.check(ctx, actor, operation, permit.OperationOverrideRead, store.KindOverride, id, permit.Subject{Region: record.Region}); err != nil {
		return store.Record{}, OverrideBody{}, err
	}
	return record, body, nil
}

// OverrideInput asks for a replacement of a parameter in a region.
type OverrideInput struct {
	Region    string `json:"region"`
	Parameter string `json:"parameter"`
	Value     string `json:"value"`
	Why       string `json:"why"`
	Until     string `json:"until"`
}

// overridable are the statuses of values that a region may replace: what no published document fixes.
var overridable = []string{"unpublished", "practice", "house"}

// RequestOverride asks for a replacement; another risk officer grants or rejects it.
func (o *Office) RequestOverride(ctx context.Context, actor permit.Actor, input OverrideInput) (Override, error) {
	if err := o.inRegion(ctx, actor, permit.OperationOverrideRequest, permit.OperationOverrideRead, store.KindRegion, input.Region); err != nil {
		return Override{}, err
	}
	replaces, err := o.checkOverride(ctx, input, who(actor))
	if err != nil {
		return Override{}, err
	}
	id, err := o.NewID("ovr")
	if err != nil {
		return Override{}, err
	}
	body := OverrideBody{Parameter: input.Parameter, Value: input.Value, Replaces: replaces, Why: input.Why, Until: input.Until, Status: gate.StatusRequested, RequestedBy: who(actor)}
	record, err := overrides.create(ctx, o, id, input.Region, &body, store.Change{Who: who(actor), Action: "request", Why: cut(input.Why, store.MaxReasonBytes)})
	return Override{metaOf(record), body}, err
}

// checkOverride refuses a replacement that cannot hold, with everything that is wrong, and returns the value it replaces.
func (o *Office) checkOverride(ctx context.Context, input OverrideInput, by string) (string, error) {
	edition, err := o.Edition(ctx)
	if err != nil {
		return "", err
	}
	refused := refuse.New(refuse.KindInvalid, "override", "地方参数有误", "the override has mistakes")
	add := func(pointer string, text funding.Text) {
		refused.With(refuse.Point{Code: "override", Pointer: pointer, ZH: text.ZH, EN: text.EN})
	}
	today, parameters := o.Today(), edition.Desk.Library.Parameters
	until := parseDay(input.Until)
	if until.IsZero() || !until.After(today) {
		add("/until", funding.Text{ZH: "到期日应为今天 " + day(today) + " 之后的日期，如 2026-12-31", EN: "the last day is a day after today " + day(today) + ", such as 2026-12-31"})
		until = today.AddDate(0, 0, 1)
	}
	problem := rulepack.CheckOverride(funding.ParameterOverride{Parameter: input.Parameter, Region: input.Region, Value: input.Value, Who: by, Why: input.Why, Until: until}, parameters)
	if problem.ZH != "" {
		add("/parameter", problem)
	}
	current, known := parameters.At(today, "", nil).Lookup(input.Parameter)
	if status := current.Source.Status; known && current.Present() && !slices.Contains(overridable, status) {
		add("/parameter", funding.Text{ZH: "参数 " + input.Parameter + " 是公布的标准（" + status + "），地方不能替换", EN: "the parameter " + input.Parameter + " is published (" + status + ") and cannot be replaced by a region"})
	}
	if len(refused.Points) > 0 {
		return "", refused
	}
	return current.Value, nil
}

// StepOverride grants, rejects or revokes an override. Who asked for it cannot decide on it. Plans that were assessed
// without it, or with it, go back to draft.
func (o *Office) StepOverride(ctx context.Context, actor permit.Actor, id string, expected int64, step gate.Step, reason string) (Override, error) {
	record, body, err := o.override(ctx, actor, permit.OperationOverrideConfirm, id)
	if err != nil {
		return Override{}, err
	}
	if err := conditional(expected); err != nil {
		return Override{}, err
	}
	if step == gate.StepGrant {
		// The parameter, or what it is worth, may have changed since it was asked for.
		if _, err := o.checkOverride(ctx, OverrideInput{record.Region, body.Parameter, body.Value, body.Why, body.Until}, body.RequestedBy); err != nil {
			return Override{}, err
		}
	}
	now, today := o.clock().UTC().Truncate(time.Millisecond), day(o.Today())
	record, body, err = overrides.update(ctx, o, id, expected, store.Change{Who: who(actor), Action: string(step), Why: reason}, func(_ store.Record, kept *OverrideBody) error {
		next, err := gate.OverrideLife.Take(step, gate.Moment{Status: kept.Status, Actor: actor, Authors: []string{kept.RequestedBy}, Reason: reason})
		if err != nil {
			return err
		}
		kept.Status, kept.Decision, kept.DecidedBy = next, reason, who(actor)
		if step == gate.StepGrant {
			kept.GrantedBy, kept.GrantedOn, kept.GrantedAt = who(actor), today, &now
		}
		return nil
	})
	if err != nil {
		return Override{}, err
	}
	return Override{metaOf(record), body}, o.inputsChanged(ctx, record.Region)
}

// OverrideTrail is the audit trail of an override.
func (o *Office) OverrideTrail(ctx context.Context, actor permit.Actor, id string) ([]TrailEntry, error) {
	if _, _, err := o.override(ctx, actor, permit.OperationOverrideRead, id); err != nil {
		return nil, err
	}
	return o.trail(ctx, store.KindOverride, id)
}

// OverrideUsed is a parameter that a region replaced, as a result read it.
type OverrideUsed struct {
	Parameter string `json:"parameter"`
	// Region is the region that replaced it: the case's own or one above.
	Region string `json:"region"`
	Value  string `json:"value"`
	// Who names both people: who asked for it and who granted it.
	Who   string `json:"who"`
	Why   string `json:"why"`
	Until string `json:"until"`
}

// overridesOf are the overrides that hold in a region on a day, by parameter: those of the region and of every region
// above it, the nearest and then the latest for each parameter.
func (o *Office) overridesOf(ctx context.Context, region string, date time.Time) ([]OverrideUsed, error) {
	tree, err := o.Tree(ctx)
	if err != nil {
		return nil, err
	}
	var lineage []string
	for next := region; next != "" && !slices.Contains(lineage, next); next = tree.Parent(next) {
		lineage = append(lineage, next)
	}
	var holding []Override
	where := []store.Filter{store.Regions(lineage), store.Equal("status", store.Text(string(gate.StatusGranted)))}
	err = o.each(ctx, store.Query{Kind: store.KindOverride, Where: where, Sort: "parameter"}, func(r store.Record) error {
		found, err := overrideView(r)
		if err == nil && funding.InForce(parseDay(found.GrantedOn), parseDay(found.Until), date) {
			holding = append(holding, found)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(holding, func(a, b Override) int {
		return cmp.Or(cmp.Compare(a.Parameter, b.Parameter), cmp.Compare(slices.Index(lineage, a.Region), slices.Index(lineage, b.Region)),
			b.grantedAt().Compare(a.grantedAt()), cmp.Compare(a.ID, b.ID))
	})
	var used []OverrideUsed
	for _, found := range holding {
		if last := len(used) - 1; last >= 0 && used[last].Parameter == found.Parameter {
			continue
		}
		used = append(used, OverrideUsed{Parameter: found.Parameter, Region: found.Region, Value: found.Value, Who: found.RequestedBy + " / " + found.GrantedBy, Why: found.Why, Until: found.Until})
	}
	return used, nil
}

func (b *OverrideBody) grantedAt() time.Time {
	if b.GrantedAt == nil {
		return time.Time{}
	}
	return *b.GrantedAt
}

// overridesUsed are the overrides as a case of a region reads them: whoever above replaced a parameter, it holds here.
func overridesUsed(list []OverrideUsed, region string) []funding.ParameterOverride {
	var out []funding.ParameterOverride
	for _, used := range list {
		out = append(out, funding.ParameterOverride{Parameter: used.Parameter, Region: region, Value: used.Value, Who: used.Who, Why: used.Why, Until: parseDay(used.Until)})
	}
	return out
}
