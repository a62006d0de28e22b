package office

import (
	"context"
	"slices"
	"time"

	"zutuan/internal/cashflow"
	"zutuan/internal/gate"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

// operationOf is the permission that a step of a plan needs, empty for steps that people do not take.
func operationOf(step gate.Step) permit.Operation {
	for _, row := range gate.PlanLife.Transitions {
		if row.Step == step && !row.Automatic {
			return row.Operation
		}
	}
	return ""
}

// StepPlan takes a plan one step on: submit, take_review, return, approve, finalize, revise. A refusal names everything
// that is missing at once.
//
// A step looks at its inputs, writes, and looks again; whoever changes an input writes, and looks at the plans then
// (inputsChanged). Of a step and a change that happen at once, one therefore sees the other: if the change comes after the
// step's second look, its sweep finds the step written. A crash between the step's write and its second look leaves a plan
// that the next sweep, or its next step, finds out of date.
func (o *Office) StepPlan(ctx context.Context, actor permit.Actor, id string, expected int64, step gate.Step, reason string) (Plan, error) {
	operation := operationOf(step)
	if operation == "" {
		return Plan{}, refuse.Newf(refuse.KindInvalid, "step", "方案没有“%s”这一步，或该步只由系统进行", "a plan has no step %q that people take", string(step))
	}
	record, body, err := o.plan(ctx, actor, operation, id)
	if err != nil {
		return Plan{}, err
	}
	if err := conditional(expected); err != nil {
		return Plan{}, err
	}
	if record.Version != expected {
		return Plan{}, refusal(store.Conflict(store.KindPlan, id, record.Version))
	}
	situation, err := o.situation(ctx, record, &body)
	if err != nil {
		return Plan{}, err
	}
	situation.Actor, situation.Reason = actor, reason
	if _, err := gate.TakePlan(step, situation); err != nil {
		return Plan{}, err
	}
	record, body, err = plans.update(ctx, o, id, expected, store.Change{Who: who(actor), Action: string(step), Why: reason}, func(_ store.Record, kept *PlanBody) error {
		row, _ := gate.PlanLife.Find(step, kept.Status)
		kept.take(row, actor, reason, o.clock().UTC().Truncate(time.Millisecond))
		return nil
	})
	if err != nil {
		return Plan{}, err
	}
	return o.afterStep(ctx, record, body)
}

// take writes what a step leaves behind. That it may be taken was decided before.
func (b *PlanBody) take(row gate.Transition, actor permit.Actor, reason string, now time.Time) {
	b.Status = row.To
	if row.Reason {
		b.Reason = reason
	}
	switch row.Step {
	case gate.StepSubmit:
		b.SubmittedBy, b.SubmittedAt, b.SubmittedAssessment = who(actor), &now, b.Assessment
		b.Reopened, b.Reason = nil, ""
	case gate.StepTakeReview:
		b.Reviewer = who(actor)
	case gate.StepApprove:
		b.ApprovedBy = who(actor)
	case gate.StepFinalize:
		b.FinalizedAt = &now
	case gate.StepRevise, gate.StepReopen:
		b.toDraft()
	}
}

// afterStep is the second look of StepPlan. Where an input changed in the moment of the step the person is told so, and
// not that the step was taken.
func (o *Office) afterStep(ctx context.Context, record store.Record, body PlanBody) (Plan, error) {
	// The step stands; that its caller went away must not keep the second look from being taken.
	reopened, err := o.reviewPlan(context.WithoutCancel(ctx), record.ID)
	if err != nil {
		o.logger.Error("a plan could not be looked at after its step; the next sweep does it", "plan", record.ID, "error", err)
		o.wake()
	}
	if reopened {
		return Plan{}, refuse.New(refuse.KindConflict, "inputs_changed", "办理的同时输入发生了变化，方案已退回草稿；请重新评估后再办理", "an input changed in the same moment and the plan went back to draft; assess it again first")
	}
	if body.Status == gate.StatusFinalized {
		// A plan that is final is newest, so the earlier ones are superseded now. A crash before leaves two final plans of
		// one requirement, of which the later counts; the next sweep finishes it (reviewPlan).
		if err := o.supersedeEarlier(context.WithoutCancel(ctx), record.ID, &body); err != nil {
			o.logger.Error("an earlier plan could not be superseded; the next sweep does it", "plan", record.ID, "error", err)
			o.wake()
		}
	}
	return Plan{metaOf(record), body}, nil
}

// PlanGate shows a plan at its gate: every condition of finalizing with what would satisfy it, and which steps are
// possible for the actor.
func (o *Office) PlanGate(ctx context.Context, actor permit.Actor, id string) (gate.View, error) {
	record, body, err := o.plan(ctx, actor, permit.OperationPlanRead, id)
	if err != nil {
		return gate.View{}, err
	}
	situation, err := o.situation(ctx, record, &body)
	if err != nil {
		return gate.View{}, err
	}
	situation.Actor = actor
	return gate.ViewPlan(situation), nil
}

// situation is everything that steps of a plan are decided on, as it stands now.
func (o *Office) situation(ctx context.Context, record store.Record, body *PlanBody) (gate.Situation, error) {
	s := gate.Situation{Moment: gate.Moment{Status: body.Status, Authors: body.authored()}, Today: gate.DayOf(o.Today()), ApprovedBy: body.ApprovedBy,
		Acknowledgements: body.Acknowledgements, Studies: body.Studies}
	if err := o.recallAssessments(ctx, body, &s); err != nil {
		return s, err
	}
	now, err := o.inputsNow(ctx, record.ID, body)
	if err != nil {
		return s, err
	}
	s.Inputs, s.Requirement = now.inputs, now.requirement
	if s.Waivers, err = o.waiversOf(ctx, record.ID); err != nil {
		return s, err
	}
	if body.Studies != nil {
		s.Figures = now.figures(s.Today)
	}
	return s, nil
}

// recallAssessments reads the newest assessment, and the one that was submitted where it is another.
func (o *Office) recallAssessments(ctx context.Context, body *PlanBody, s *gate.Situation) error {
	if body.SubmittedAt != nil {
		s.SubmittedAt = body.SubmittedAt.In(o.location)
	}
	for _, id := range []string{body.Assessment, body.SubmittedAssessment} {
		if id == "" || s.Assessment != nil && s.Assessment.ID == id {
			continue
		}
		_, kept, err := assessments.get(ctx, o, id)
		if err != nil {
			return err
		}
		if id == body.Assessment {
			s.Assessment = &kept.Assessed
		}
		if id == body.SubmittedAssessment {
			s.SubmittedWith = &kept.Inputs
		}
	}
	if s.Assessment != nil && s.Assessment.ID == body.SubmittedAssessment {
		s.SubmittedWith = &s.Assessment.Inputs
	}
	return nil
}

// figures is the requirement's side of what the studies are compared with; nil where it cannot be simulated.
func (n *planInputs) figures(today gate.Day) *gate.Figures {
	kase, err := n.papers.read()
	if err != nil {
		return nil
	}
	var simulated *cashflow.Result
	if simulated, err = kase.Simulate(0); err != nil {
		return nil
	}
	return gate.FiguresOf(kase.Requirement, simulated, today)
}

// supersedeEarlier takes earlier final plans of the same requirement out of force. It may be repeated.
func (o *Office) supersedeEarlier(ctx context.Context, id string, final *PlanBody) error {
	where := []store.Filter{store.Equal("requirement", store.Text(final.Requirement)), store.Equal("status", store.Text(string(gate.StatusFinalized)))}
	return o.each(ctx, store.Query{Kind: store.KindPlan, Where: where}, func(r store.Record) error {
		earlier, err := bodyOf[PlanBody](r)
		if err != nil || r.ID == id || !finalizedBefore(r.ID, &earlier, id, final) {
			return err
		}
		return o.supersede(ctx, r.ID, id)
	})
}

// finalizedBefore orders final plans; of two of one moment the one with the smaller id is the earlier.
func finalizedBefore(id string, body *PlanBody, otherID string, other *PlanBody) bool {
	if body.FinalizedAt == nil || other.FinalizedAt == nil || body.FinalizedAt.Equal(*other.FinalizedAt) {
		return id < otherID
	}
	return body.FinalizedAt.Before(*other.FinalizedAt)
}

func (o *Office) supersede(ctx context.Context, id, by string) error {
	reason := "方案 " + by + " 已定稿 / plan " + by + " is final"
	_, _, err := plans.update(ctx, o, id, 0, store.Change{Who: gateActor.User, Action: string(gate.StepSupersede), Why: reason}, func(_ store.Record, kept *PlanBody) error {
		if kept.Status != gate.StatusFinalized {
			return errUnchanged
		}
		next, err := gate.PlanLife.Take(gate.StepSupersede, gate.Moment{Status: kept.Status, Actor: gateActor, Authors: kept.authored(), Reason: reason})
		kept.Status, kept.SupersededBy = next, by
		return err
	})
	return unlessUnchanged(err)
}

// gateActor is the service where it takes plans a step by itself.
var gateActor = permit.SystemActor("gate")

// laterFinal finds a later final plan of the same requirement, empty where there is none.
func (o *Office) laterFinal(ctx context.Context, id string, body *PlanBody) (later string, err error) {
	where := []store.Filter{store.Equal("requirement", store.Text(body.Requirement)), store.Equal("status", store.Text(string(gate.StatusFinalized)))}
	var found []string
	err = o.each(ctx, store.Query{Kind: store.KindPlan, Where: where}, func(r store.Record) error {
		other, err := bodyOf[PlanBody](r)
		if err == nil && r.ID != id && finalizedBefore(id, body, r.ID, &other) {
			found = append(found, r.ID)
		}
		return err
	})
	if len(found) == 0 {
		return "", err
	}
	return slices.Max(found), err
}
