package office

import (
	"context"

	"zutuan/internal/gate"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

// PutStudies replaces the five studies (五项研究) of a plan by a document zutuan/studies/v1. They are no input of an
// assessment, so they may be brought up to date at any time; a final plan whose studies then disagree goes back to draft.
func (o *Office) PutStudies(ctx context.Context, actor permit.Actor, id string, expected int64, text []byte) (Plan, error) {
	if _, _, err := o.plan(ctx, actor, permit.OperationPlanWrite, id); err != nil {
		return Plan{}, err
	}
	if err := conditional(expected); err != nil {
		return Plan{}, err
	}
	studies, err := gate.ReadStudies("studies.json", text)
	if err != nil {
		return Plan{}, problems(err, "")
	}
	record, body, err := plans.update(ctx, o, id, expected, store.Change{Who: who(actor), Action: "studies"}, func(_ store.Record, kept *PlanBody) error {
		if kept.Status == gate.StatusSuperseded {
			return refuse.New(refuse.KindConflict, "status", "方案已被取代，不能再修改研究", "the plan is superseded; its studies cannot be changed any more")
		}
		kept.Studies = studies
		return nil
	})
	if err != nil {
		return Plan{}, err
	}
	reopened, err := o.reviewPlan(context.WithoutCancel(ctx), id)
	if err != nil {
		o.logger.Error("a plan could not be looked at after its studies changed; the next sweep does it", "plan", id, "error", err)
		o.wake()
	}
	if reopened {
		record, body, err = plans.get(ctx, o, id)
		return Plan{metaOf(record), body}, err
	}
	return Plan{metaOf(record), body}, nil
}

// GetStudies shows the five studies of a plan with everything in which they were compared with the requirement.
func (o *Office) GetStudies(ctx context.Context, actor permit.Actor, id string) (gate.StudiesView, error) {
	record, body, err := o.plan(ctx, actor, permit.OperationPlanRead, id)
	if err != nil {
		return gate.StudiesView{}, err
	}
	situation, err := o.situation(ctx, record, &body)
	if err != nil {
		return gate.StudiesView{}, err
	}
	if body.Studies == nil {
		// Steps need no figures while there are no studies; whoever is about to write them wants to see what to agree with.
		now, err := o.inputsNow(ctx, record.ID, &body)
		if err != nil {
			return gate.StudiesView{}, err
		}
		situation.Figures = now.figures(situation.Today)
	}
	return gate.ViewStudies(situation), nil
}
