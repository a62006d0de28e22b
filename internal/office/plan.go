package office

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"zutuan/internal/casework"
	"zutuan/internal/funding"
	"zutuan/internal/gate"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/permit"
	"zutuan/internal/plan"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

// PlanOrigin says how a plan came to be. However it did, its document is judged by the same computation.
type PlanOrigin string

const (
	PlanTyped PlanOrigin = "typed"
	PlanBuilt PlanOrigin = "built"
)

// PlanBody is a financing plan (项目投融资计划) of one requirement, and where it stands.
type PlanBody struct {
	// Requirement is the id of the requirement, Zone its zone; Name is the document's.
	Requirement string      `json:"requirement"`
	Zone        string      `json:"zone"`
	Name        string      `json:"name"`
	Status      gate.Status `json:"status"`
	Origin      PlanOrigin  `json:"origin"`
	// Document is a zutuan/plan/v1 as canonical JSON, DocumentHash its SHA-256.
	Document     json.RawMessage `json:"document,omitempty"`
	DocumentHash string          `json:"document_hash"`
	// Build is how a built plan was proven best. It speaks of the document that was built, and goes when that is edited.
	Build            *BuildSummary          `json:"build,omitempty"`
	Studies          *gate.Studies          `json:"studies,omitempty"`
	Acknowledgements []gate.Acknowledgement `json:"acknowledgements,omitempty"`
	// Assessment is the id of the newest one.
	Assessment string `json:"assessment,omitempty"`
	// Authors are all accounts that wrote any version of the document.
	Authors []string `json:"authors"`
	// SubmittedAssessment is the assessment that the last submission rested on: a reviewer looks at what it read.
	SubmittedBy         string     `json:"submitted_by,omitempty"`
	SubmittedAt         *time.Time `json:"submitted_at,omitempty"`
	SubmittedAssessment string     `json:"submitted_assessment,omitempty"`
	Reviewer            string     `json:"reviewer,omitempty"`
	ApprovedBy          string     `json:"approved_by,omitempty"`
	FinalizedAt         *time.Time `json:"finalized_at,omitempty"`
	SupersededBy        string     `json:"superseded_by,omitempty"`
	// Reason is what was given with the last step that asked for one: a return, a revision. Reopened says why the service
	// itself took the plan back to draft; it is empty once the plan is submitted again.
	Reason   string         `json:"reason,omitempty"`
	Reopened []funding.Text `json:"reopened_because,omitempty"`
	// Financed is Σ draws of the lines; DSCRMin is the newest assessment's.
	Financed money.Amount `json:"financed"`
	DSCRMin  loan.Measure `json:"dscr_min"`
}

// Plan is a plan as people see it.
type Plan struct {
	Meta
	PlanBody
}

var plans = noun[PlanBody]{store.KindPlan, func(b *PlanBody) store.Fields {
	fields := store.Fields{"status": store.Text(string(b.Status)), "requirement": store.Text(b.Requirement), "zone": store.Text(b.Zone), "financed": store.Amount(b.Financed)}
	if len(b.Authors) > 0 {
		fields["author"] = store.Text(b.Authors[0])
	}
	if ratio, err := store.Ratio(b.DSCRMin.Value); b.DSCRMin.Known && err == nil {
		fields["dscr_min"] = ratio
	}
	if b.SubmittedAt != nil {
		fields["submitted_at"] = store.Time(*b.SubmittedAt)
	}
	if b.FinalizedAt != nil {
		fields["finalized_at"] = store.Time(*b.FinalizedAt)
	}
	return fields
}}

// authored are those who wrote or submitted the plan; they cannot review it.
func (b *PlanBody) authored() []string {
	authors := slices.Clone(b.Authors)
	if b.SubmittedBy != "" && !slices.Contains(authors, b.SubmittedBy) {
		authors = append(authors, b.SubmittedBy)
	}
	return authors
}

// toDraft takes back everything that belongs to a submission.
func (b *PlanBody) toDraft() {
	b.Status = gate.StatusDraft
	b.SubmittedBy, b.SubmittedAt, b.SubmittedAssessment, b.Reviewer, b.ApprovedBy, b.FinalizedAt = "", nil, "", "", "", nil
}

// PlanFilter narrows a list of plans.
type PlanFilter struct {
	Region      string
	Status      gate.Status
	Requirement string
	Zone        string
	// ByFinanced orders by amount, else by last change; both descending.
	ByFinanced bool
}

// ListPlans lists what the actor may see, without documents.
func (o *Office) ListPlans(ctx context.Context, actor permit.Actor, filter PlanFilter, paging Paging) (Page[Plan], error) {
	where, err := o.visible(ctx, actor, permit.OperationPlanRead, filter.Region)
	if err != nil {
		return Page[Plan]{}, err
	}
	for _, field := range []struct{ name, value string }{{"status", string(filter.Status)}, {"requirement", filter.Requirement}, {"zone", filter.Zone}} {
		if field.value != "" {
			where = append(where, store.Equal(field.name, store.Text(field.value)))
		}
	}
	sort := store.FieldUpdated
	if filter.ByFinanced {
		sort = "financed"
	}
	page, err := o.store.List(ctx, store.Query{Kind: store.KindPlan, Where: where, Sort: sort, Descending: true, Limit: paging.Limit, After: paging.After})
	return pageOf(page, err, func(r store.Record) (Plan, error) {
		body, err := bodyWithoutDocument[PlanBody](r)
		return Plan{metaOf(r), body}, err
	})
}

// GetPlan reads one plan.
func (o *Office) GetPlan(ctx context.Context, actor permit.Actor, id string) (Plan, error) {
	record, body, err := o.plan(ctx, actor, permit.OperationPlanRead, id)
	return Plan{metaOf(record), body}, err
}

// plan reads a record and checks what the actor may do with it.
func (o *Office) plan(ctx context.Context, actor permit.Actor, operation permit.Operation, id string) (store.Record, PlanBody, error) {
	if err := allowed(actor, operation); err != nil {
		return store.Record{}, PlanBody{}, err
	}
	record, body, err := plans.get(ctx, o, id)
	if err != nil {
		return record, body, err
	}
	if err := o.check(ctx, actor, operation, permit.OperationPlanRead, store.KindPlan, id, permit.Subject{Region: record.Region}); err != nil {
		return store.Record{}, PlanBody{}, err
	}
	return record, body, nil
}

// PlanTrail is the audit trail of a plan.
func (o *Office) PlanTrail(ctx context.Context, actor permit.Actor, id string) ([]TrailEntry, error) {
	if _, _, err := o.plan(ctx, actor, permit.OperationPlanRead, id); err != nil {
		return nil, err
	}
	return o.trail(ctx, store.KindPlan, id)
}

// CreatePlan keeps a plan that somebody typed in as a draft. The document must read without mistakes for the requirement
// as it stands today; whether it keeps the limits is what an assessment says.
func (o *Office) CreatePlan(ctx context.Context, actor permit.Actor, requirement string, text []byte) (Plan, error) {
	if err := allowed(actor, permit.OperationPlanWrite); err != nil {
		return Plan{}, err
	}
	record, kept, err := o.planned(ctx, actor, requirement)
	if err != nil {
		return Plan{}, err
	}
	body, err := o.readPlan(ctx, record, &kept, text)
	if err != nil {
		return Plan{}, err
	}
	body.Origin = PlanTyped
	return o.createPlan(ctx, actor, record, body)
}

// planned is the requirement of a plan that the actor wants to make.
func (o *Office) planned(ctx context.Context, actor permit.Actor, requirement string) (store.Record, RequirementBody, error) {
	record, body, err := o.requirement(ctx, actor, permit.OperationRequirementRead, requirement)
	if err != nil {
		return record, body, err
	}
	err = o.check(ctx, actor, permit.OperationPlanWrite, permit.OperationRequirementRead, store.KindRequirement, requirement, permit.Subject{Region: record.Region})
	return record, body, err
}

func (o *Office) createPlan(ctx context.Context, actor permit.Actor, requirement store.Record, body PlanBody) (Plan, error) {
	id, err := o.NewID("plan")
	if err != nil {
		return Plan{}, err
	}
	body.Requirement, body.Zone, body.Status, body.Authors = requirement.ID, requirement.Region, gate.StatusDraft, []string{who(actor)}
	record, err := plans.create(ctx, o, id, requirement.Region, &body, store.Change{Who: who(actor), Action: "create"})
	return Plan{metaOf(record), body}, err
}

// readPlan reads a document for a requirement as it stands today.
func (o *Office) readPlan(ctx context.Context, requirement store.Record, kept *RequirementBody, text []byte) (PlanBody, error) {
	document, err := store.Canonical(json.RawMessage(text))
	if err != nil {
		return PlanBody{}, err
	}
	date := o.Today()
	work, err := o.workPlan(ctx, requirement, kept, document, date)
	if err != nil {
		return PlanBody{}, err
	}
	return PlanBody{Name: work.typed.Name, Document: document, DocumentHash: hashOf(document), Financed: drawn(work.typed.Lines)}, nil
}

// drawn is what lines pay out in all.
func drawn(lines []plan.Line) (sum money.Amount) {
	for i := range lines {
		sum += lines[i].Drawn()
	}
	return sum
}

// planWork is a plan's document read under a basis.
type planWork struct {
	edition  *Edition
	papers   *papers
	basis    Basis
	matching *casework.Matching
	typed    *plan.File
}

// workPlan gathers the papers of a requirement and reads a plan's document with them under the current rules.
func (o *Office) workPlan(ctx context.Context, requirement store.Record, kept *RequirementBody, document json.RawMessage, date time.Time) (*planWork, error) {
	edition, err := o.Edition(ctx)
	if err != nil {
		return nil, err
	}
	p, err := o.gather(ctx, requirement, kept, date)
	if err != nil {
		return nil, err
	}
	overrides, err := o.overridesOf(ctx, requirement.Region, date)
	if err != nil {
		return nil, err
	}
	basis := Basis{Engine: EngineVersion, Edition: edition.ID, Date: day(date), Papers: p.list(), Products: productsNamed(document), Overrides: overrides}
	return o.reworkPlan(edition, p, basis, document)
}

// reworkPlan reads a plan's document as a basis says, now or years later.
func (o *Office) reworkPlan(edition *Edition, p *papers, basis Basis, document json.RawMessage) (*planWork, error) {
	matching, err := o.rework(edition, p, basis)
	if err != nil {
		return nil, err
	}
	typed, err := edition.Desk.ReadPlan(matching, casework.File{Name: "plan.json", Data: document})
	if err != nil {
		return nil, problems(err, "/document")
	}
	return &planWork{edition, p, basis, matching, typed}, nil
}

// UpdatePlan replaces the document of a draft. A returned plan becomes a draft by it; any other has to be revised first.
func (o *Office) UpdatePlan(ctx context.Context, actor permit.Actor, id string, expected int64, text []byte) (Plan, error) {
	_, body, err := o.plan(ctx, actor, permit.OperationPlanWrite, id)
	if err != nil {
		return Plan{}, err
	}
	if err := conditional(expected); err != nil {
		return Plan{}, err
	}
	requirement, kept, err := requirements.get(ctx, o, body.Requirement)
	if err != nil {
		return Plan{}, err
	}
	read, err := o.readPlan(ctx, requirement, &kept, text)
	if err != nil {
		return Plan{}, err
	}
	record, body, err := plans.update(ctx, o, id, expected, store.Change{Who: who(actor), Action: "update"}, func(_ store.Record, kept *PlanBody) error {
		if err := openForEdit(kept, actor); err != nil {
			return err
		}
		if read.DocumentHash != kept.DocumentHash {
			kept.Build, kept.Origin = nil, PlanTyped
		}
		kept.Name, kept.Document, kept.DocumentHash, kept.Financed = read.Name, read.Document, read.DocumentHash, read.Financed
		if !slices.Contains(kept.Authors, who(actor)) {
			kept.Authors = append(kept.Authors, who(actor))
		}
		return nil
	})
	return Plan{metaOf(record), body}, err
}

// openForEdit makes a returned plan a draft again, and refuses an edit of what somebody is looking at.
func openForEdit(kept *PlanBody, actor permit.Actor) error {
	switch kept.Status {
	case gate.StatusDraft:
		return nil
	case gate.StatusReturned:
		if _, err := gate.PlanLife.Take(gate.StepRevise, gate.Moment{Status: kept.Status, Actor: actor, Authors: kept.authored()}); err != nil {
			return err
		}
		kept.toDraft()
		return nil
	}
	return refuse.New(refuse.KindConflict, "status", "只有草稿或已退回的方案可以修改；其他状态请先办理“修改”（revise），说明理由", "only a draft or a returned plan can be edited; take the step revise first, with a reason").
		With(refuse.Point{Code: "status", ZH: "现在的状态是 " + string(kept.Status), EN: "its status is " + string(kept.Status)})
}

// AcknowledgePlan takes note of every flag of the newest assessment that does not block; finalizing asks for it. Whoever
// writes the plan may do it, and whoever reviews it.
func (o *Office) AcknowledgePlan(ctx context.Context, actor permit.Actor, id string, expected int64, note string) (Plan, error) {
	operation := permit.OperationPlanWrite
	if permit.ScopeOf(actor.Role, permit.OperationPlanReview) != permit.ScopeNone {
		operation = permit.OperationPlanReview
	}
	_, body, err := o.plan(ctx, actor, operation, id)
	if err != nil {
		return Plan{}, err
	}
	if err := conditional(expected); err != nil {
		return Plan{}, err
	}
	if body.Assessment == "" {
		return Plan{}, refuse.New(refuse.KindConflict, "assessment", "方案还没有评估，没有可确认的标记；请先评估", "the plan has no assessment, so there are no flags to acknowledge; assess it first")
	}
	_, assessed, err := assessments.get(ctx, o, body.Assessment)
	if err != nil {
		return Plan{}, err
	}
	today := gate.DayOf(o.Today())
	record, body, err := plans.update(ctx, o, id, expected, store.Change{Who: who(actor), Action: "acknowledge", Why: note}, func(_ store.Record, kept *PlanBody) error {
		if kept.Status == gate.StatusSuperseded {
			return refuse.New(refuse.KindConflict, "status", "方案已被取代，不能再确认", "the plan is superseded and cannot be acknowledged any more")
		}
		kept.Acknowledgements = gate.Acknowledge(&assessed.Assessed, who(actor), today, note)
		return nil
	})
	return Plan{metaOf(record), body}, err
}
