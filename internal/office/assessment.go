package office

import (
	"context"
	"encoding/json"
	"time"

	"zutuan/internal/casework"
	"zutuan/internal/funding"
	"zutuan/internal/gate"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/permit"
	"zutuan/internal/planner"
	"zutuan/internal/refuse"
	"zutuan/internal/risk"
	"zutuan/internal/store"
)

// AssessmentBody is one assessment of a plan: what it came to, and by what. It never changes.
type AssessmentBody struct {
	Plan string `json:"plan"`
	// PlanVersion is the version of the plan's record that was assessed.
	PlanVersion int64  `json:"plan_version"`
	Requirement string `json:"requirement"`
	Basis       Basis  `json:"basis"`
	// InputHash is the hash of the inputs under Assessed; the assessment is current as long as a plan's are the same.
	InputHash string `json:"input_hash"`
	// Assessed is what the gate goes by: the day, the inputs, shortfall and broken limits, and the flags in short.
	gate.Assessed
	Worst  funding.Level `json:"worst"`
	Counts risk.Counts   `json:"counts"`
	// Blocking counts flags that stand against finalizing, Undecided rules that could; CanBeWaived is false where one of
	// the former is a legal prohibition.
	Blocking    int          `json:"blocking"`
	Undecided   int          `json:"undecided"`
	CanBeWaived bool         `json:"can_be_waived"`
	Financed    money.Amount `json:"financed"`
	DSCRMin     loan.Measure `json:"dscr_min"`
	// AnswerHash is the SHA-256 of the whole answer, which is computed again and compared when somebody asks for it.
	AnswerHash string `json:"answer_hash"`
	Author     string `json:"author"`
}

// Assessment is an assessment as people see it.
type Assessment struct {
	Meta
	AssessmentBody
}

var assessments = noun[AssessmentBody]{store.KindAssessment, func(b *AssessmentBody) store.Fields {
	fields := store.Fields{"plan": store.Text(b.Plan), "requirement": store.Text(b.Requirement), "input_hash": store.Text(b.InputHash), "blocking": store.Count(int64(b.Blocking))}
	if ratio, err := store.Ratio(b.DSCRMin.Value); b.DSCRMin.Known && err == nil {
		fields["dscr_min"] = ratio
	}
	return fields
}}

// AssessPlan judges a plan exactly, raises every flag on it, and keeps what came out as the plan's newest assessment. The
// zero day is today. It may be asked for at any time, and asking the same again gives the same record.
//
// Snapshots are written first, then the assessment that names them, then the plan that names the assessment: after a crash
// in between nothing points to what is not there, and asking again finishes it.
func (o *Office) AssessPlan(ctx context.Context, actor permit.Actor, id string, date time.Time) (Assessment, error) {
	record, body, err := o.plan(ctx, actor, permit.OperationAssessmentCreate, id)
	if err != nil {
		return Assessment{}, err
	}
	if date.IsZero() {
		date = o.Today()
	}
	requirement, kept, err := requirements.get(ctx, o, body.Requirement)
	if err != nil {
		return Assessment{}, err
	}
	work, err := o.workPlan(ctx, requirement, &kept, body.Document, date)
	if err != nil {
		return Assessment{}, err
	}
	work.basis.Papers = append(work.basis.Papers, Paper{Kind: store.KindPlan, ID: id, Version: record.Version, Hash: body.DocumentHash})
	assessed, err := work.judge()
	if err != nil {
		return Assessment{}, err
	}
	inputs, err := readInputs(work.edition, date, work.papers, kept.Zone, work.basis.Overrides, gate.Input{ID: id, Digest: body.DocumentHash}, body.Document)
	if err != nil {
		return Assessment{}, err
	}
	made := assessed.body(id, inputs)
	made.Plan, made.PlanVersion, made.Requirement, made.Basis, made.Author = id, record.Version, body.Requirement, work.basis, who(actor)
	out, err := o.keepAssessment(ctx, work, record, &body, &made)
	if err != nil {
		return Assessment{}, err
	}
	return out, o.pointToAssessment(ctx, id, &out)
}

// judged is a plan's document judged, with the answer as it is hashed.
type judged struct {
	review   *casework.Review
	limits   []gate.Constraint
	answer   json.RawMessage
	answered planner.Answer
}

// judge evaluates the lines against every limit and raises the flags.
func (w *planWork) judge() (*judged, error) {
	review, err := w.edition.Desk.JudgePlan(w.matching, w.typed, casework.PlanRequest{})
	if err != nil {
		return nil, problems(err, "/document")
	}
	answer := review.Answer()
	text, err := store.Canonical(answer)
	if err != nil {
		return nil, err
	}
	limits := w.offered()
	for _, constraint := range answer.Plan.Constraints {
		limits = append(limits, gate.Constraint(constraint))
	}
	return &judged{review: review, limits: limits, answer: text, answered: answer.Plan}, nil
}

// limitOffered is the limit that a line's product is offered to the requirement, in the version that the line names.
const limitOffered = "offered"

// offered judges that limit for every line that names a product. The exact computation takes a line as it is written; that
// a product was retired, or no longer takes this borrower, only its match can tell.
func (w *planWork) offered() []gate.Constraint {
	var limits []gate.Constraint
	for i := range w.typed.Lines {
		line := &w.typed.Lines[i]
		if line.Product == "" {
			continue
		}
		limit := gate.Constraint{ID: limitOffered, Name: funding.Text{ZH: "产品现有条款适用于本需求", EN: "the product is offered to this requirement"}, Subject: versionID(line.Product, line.ProductVersion),
			Unit: "count", Value: "0", Limit: "1", Distance: "-1"}
		for j := range w.matching.Match.Outcomes {
			outcome := &w.matching.Match.Outcomes[j]
			fits := outcome.Verdict == funding.VerdictEligible || outcome.Verdict == funding.VerdictConditional
			if fits && outcome.Product.ID == line.Product && outcome.Product.Version == line.ProductVersion {
				limit.Value, limit.Distance, limit.Satisfied = "1", "0", true
			}
		}
		limits = append(limits, limit)
	}
	return limits
}

// body is what is kept of a judged plan. The id follows from plan, inputs and day, so the same question twice is one
// record; the author of the second is not kept.
func (j *judged) body(plan string, inputs gate.Inputs) AssessmentBody {
	hash := inputs.Hash()
	id := "a_" + hashOf([]byte(plan + hash + j.review.Risk.Date))[:40]
	out := AssessmentBody{InputHash: hash, Assessed: *gate.NewAssessed(id, inputs, j.review.Risk, j.limits), Worst: j.review.Risk.Summary.Worst, Counts: j.review.Risk.Summary.Counts,
		CanBeWaived: j.review.Risk.Summary.CanBeWaived, AnswerHash: hashOf(j.answer)}
	for _, flag := range out.Flags {
		if flag.Blocks {
			out.Blocking++
		}
		if flag.MayBe != "" {
			out.Undecided++
		}
	}
	if measures := j.answered.Measures; measures != nil {
		out.DSCRMin = measures.MinDSCR
	}
	out.Financed = drawn(j.review.Built.Lines)
	return out
}

func (o *Office) keepAssessment(ctx context.Context, work *planWork, record store.Record, body *PlanBody, made *AssessmentBody) (Assessment, error) {
	if err := o.keepPapers(ctx, work.papers); err != nil {
		return Assessment{}, err
	}
	if _, err := o.keep(ctx, record.Region, body.Document); err != nil {
		return Assessment{}, err
	}
	kept, err := assessments.create(ctx, o, made.ID, record.Region, made, store.Change{Who: made.Author, Action: "assess"})
	if unlessExists(err) != nil {
		return Assessment{}, err
	}
	if err != nil {
		if kept, *made, err = assessments.get(ctx, o, made.ID); err != nil {
			return Assessment{}, err
		}
	}
	return Assessment{metaOf(kept), *made}, nil
}

// pointToAssessment makes an assessment the plan's newest, unless the plan was edited while it was assessed.
func (o *Office) pointToAssessment(ctx context.Context, id string, made *Assessment) error {
	_, _, err := plans.update(ctx, o, id, 0, store.Change{Who: made.Author, Action: "assess"}, func(_ store.Record, kept *PlanBody) error {
		switch {
		case kept.Status == gate.StatusSuperseded || kept.Assessment == made.ID:
			return errUnchanged
		case kept.DocumentHash != made.Inputs.Plan.Digest:
			return refuse.New(refuse.KindConflict, "stale_assessment", "评估期间方案被修改，请重新评估", "the plan was edited while it was assessed; assess it again")
		}
		kept.Assessment, kept.DSCRMin = made.ID, made.DSCRMin
		return nil
	})
	return unlessUnchanged(err)
}

// GetAssessment reads an assessment.
func (o *Office) GetAssessment(ctx context.Context, actor permit.Actor, id string) (Assessment, error) {
	record, body, err := o.assessment(ctx, actor, id)
	return Assessment{metaOf(record), body}, err
}

func (o *Office) assessment(ctx context.Context, actor permit.Actor, id string) (store.Record, AssessmentBody, error) {
	return readResult(ctx, o, actor, assessments, permit.OperationAssessmentRead, id)
}

// ListAssessments lists the assessments of a plan, newest first.
func (o *Office) ListAssessments(ctx context.Context, actor permit.Actor, plan string, paging Paging) (Page[Assessment], error) {
	if _, _, err := o.plan(ctx, actor, permit.OperationAssessmentRead, plan); err != nil {
		return Page[Assessment]{}, err
	}
	page, err := o.store.List(ctx, store.Query{Kind: store.KindAssessment, Where: []store.Filter{store.Equal("plan", store.Text(plan))}, Sort: store.FieldCreated, Descending: true, Limit: paging.Limit, After: paging.After})
	return pageOf(page, err, func(r store.Record) (Assessment, error) {
		body, err := bodyOf[AssessmentBody](r)
		return Assessment{metaOf(r), body}, err
	})
}

// ReplayAssessment computes the whole answer of an assessment (a casework.PlanAnswer) again from its rules, its day and its
// papers as they were, and compares it with the first time's.
func (o *Office) ReplayAssessment(ctx context.Context, actor permit.Actor, id string) (Replay, error) {
	record, body, err := o.assessment(ctx, actor, id)
	if err != nil {
		return Replay{}, err
	}
	return o.replay(ctx, record.Region, body.Basis, body.AnswerHash, func(edition *Edition, p *papers) ([]byte, error) {
		work, err := o.reworkPlan(edition, p, body.Basis, p.texts[store.KindPlan])
		if err != nil {
			return nil, err
		}
		again, err := work.judge()
		if err != nil {
			return nil, err
		}
		return again.answer, nil
	})
}
