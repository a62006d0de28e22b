package httpapi

import (
	"context"

	"zutuan/api"
	"zutuan/internal/gate"
	"zutuan/internal/jobs"
	"zutuan/internal/office"
	"zutuan/internal/planner"
	"zutuan/internal/refuse"
)

// located is the address of a record under the API.
func located(noun, id string) *string { return given("/api/v1/" + noun + "/" + id) }

// accepted submits a job for the caller and answers with it.
func (h handlers) accepted(ctx context.Context, kind string, input any, region string) (api.Job, *string, error) {
	job, _, err := h.config.Jobs.Submit(ctx, actorOf(ctx), kind, input, jobs.SubmitOptions{Region: region})
	return job, located("jobs", job.ID), err
}

// reasonOf is the reason of a step; a body may be left out where no reason is asked.
func reasonOf(body *api.ReasonInput) string {
	if body == nil {
		return ""
	}
	return or(body.Reason)
}

func pagingOf(limit *api.Limit, after *api.After) office.Paging {
	return office.Paging{Limit: or(limit), After: or(after)}
}

// ListPlans lists plans.
func (h handlers) ListPlans(ctx context.Context, request api.ListPlansRequestObject) (api.ListPlansResponseObject, error) {
	p := request.Params
	filter := office.PlanFilter{Region: or(p.Region), Status: gate.Status(or(p.Status)), Requirement: or(p.Requirement), Zone: or(p.Zone), ByFinanced: or(p.ByFinanced)}
	page, err := h.config.Office.ListPlans(ctx, actorOf(ctx), filter, pagingOf(p.Limit, p.After))
	return api.ListPlans200JSONResponse(page), err
}

// CreatePlan keeps a plan that was typed in, or begins a job that builds one.
func (h handlers) CreatePlan(ctx context.Context, request api.CreatePlanRequestObject) (api.CreatePlanResponseObject, error) {
	body := request.Body
	if (body.Document == nil) == (body.Build == nil) {
		return nil, refuse.New(refuse.KindInvalid, "plan", "请给出 document（录入）或 build（编制）之一", "give either document, to type a plan in, or build, to have one built").
			With(pointAt("/document", "either", "document 与 build 须且只须给出一个", "give exactly one of document and build"))
	}
	if body.Build == nil {
		made, err := h.config.Office.CreatePlan(ctx, actorOf(ctx), body.Requirement, *body.Document)
		return api.CreatePlan201JSONResponse{Body: made, Headers: api.CreatePlan201ResponseHeaders{ETag: etagOf(made.Version), Location: located("plans", made.ID)}}, err
	}
	wish := body.Build
	input := office.BuildInput{Requirement: body.Requirement, Name: or(wish.Name), Objective: planner.Objective(or(wish.Objective)), InstitutionShareMax: wish.InstitutionShareMax,
		MaxLenders: wish.MaxLenders, Products: or(wish.Products), Frontier: or(wish.Frontier)}
	if err := h.config.Office.CheckBuild(ctx, actorOf(ctx), input); err != nil {
		return nil, err
	}
	job, at, err := h.accepted(ctx, office.JobPlanBuild, input, "")
	return api.CreatePlan202JSONResponse{Body: job, Headers: api.CreatePlan202ResponseHeaders{Location: at}}, err
}

// GetPlan shows a plan.
func (h handlers) GetPlan(ctx context.Context, request api.GetPlanRequestObject) (api.GetPlanResponseObject, error) {
	found, err := h.config.Office.GetPlan(ctx, actorOf(ctx), request.Id)
	return api.GetPlan200JSONResponse{Body: found, Headers: api.GetPlan200ResponseHeaders{ETag: etagOf(found.Version)}}, err
}

// UpdatePlan replaces the document of a draft.
func (h handlers) UpdatePlan(ctx context.Context, request api.UpdatePlanRequestObject) (api.UpdatePlanResponseObject, error) {
	made, err := h.config.Office.UpdatePlan(ctx, actorOf(ctx), request.Id, versionOf(request.Params.IfMatch), request.Body.Document)
	return api.UpdatePlan200JSONResponse{Body: made, Headers: api.UpdatePlan200ResponseHeaders{ETag: etagOf(made.Version)}}, err
}

// PlanTrail shows who did what to a plan.
func (h handlers) PlanTrail(ctx context.Context, request api.PlanTrailRequestObject) (api.PlanTrailResponseObject, error) {
	entries, err := h.config.Office.PlanTrail(ctx, actorOf(ctx), request.Id)
	return api.PlanTrail200JSONResponse{Items: entries}, err
}

// GetStudies shows the five studies with their checks.
func (h handlers) GetStudies(ctx context.Context, request api.GetStudiesRequestObject) (api.GetStudiesResponseObject, error) {
	view, err := h.config.Office.GetStudies(ctx, actorOf(ctx), request.Id)
	return api.GetStudies200JSONResponse(view), err
}

// PutStudies takes the five studies.
func (h handlers) PutStudies(ctx context.Context, request api.PutStudiesRequestObject) (api.PutStudiesResponseObject, error) {
	made, err := h.config.Office.PutStudies(ctx, actorOf(ctx), request.Id, versionOf(request.Params.IfMatch), *request.Body)
	return api.PutStudies200JSONResponse{Body: made, Headers: api.PutStudies200ResponseHeaders{ETag: etagOf(made.Version)}}, err
}

// AcknowledgePlan notes that the submitter has seen the flags that do not block.
func (h handlers) AcknowledgePlan(ctx context.Context, request api.AcknowledgePlanRequestObject) (api.AcknowledgePlanResponseObject, error) {
	note := ""
	if request.Body != nil {
		note = or(request.Body.Note)
	}
	made, err := h.config.Office.AcknowledgePlan(ctx, actorOf(ctx), request.Id, versionOf(request.Params.IfMatch), note)
	return api.AcknowledgePlan200JSONResponse{Body: made, Headers: api.AcknowledgePlan200ResponseHeaders{ETag: etagOf(made.Version)}}, err
}

// PlanGate shows every condition of every step.
func (h handlers) PlanGate(ctx context.Context, request api.PlanGateRequestObject) (api.PlanGateResponseObject, error) {
	view, err := h.config.Office.PlanGate(ctx, actorOf(ctx), request.Id)
	return api.PlanGate200JSONResponse(view), err
}

// step takes a plan one step on.
func (h handlers) step(ctx context.Context, id, ifMatch string, step gate.Step, body *api.ReasonInput) (office.Plan, *string, error) {
	made, err := h.config.Office.StepPlan(ctx, actorOf(ctx), id, versionOf(ifMatch), step, reasonOf(body))
	return made, etagOf(made.Version), err
}

// SubmitPlan hands a plan in for review.
func (h handlers) SubmitPlan(ctx context.Context, request api.SubmitPlanRequestObject) (api.SubmitPlanResponseObject, error) {
	made, etag, err := h.step(ctx, request.Id, request.Params.IfMatch, gate.StepSubmit, request.Body)
	return api.SubmitPlan200JSONResponse{Body: made, Headers: api.SubmitPlan200ResponseHeaders{ETag: etag}}, err
}

// ReviewPlan takes a plan into review.
func (h handlers) ReviewPlan(ctx context.Context, request api.ReviewPlanRequestObject) (api.ReviewPlanResponseObject, error) {
	made, etag, err := h.step(ctx, request.Id, request.Params.IfMatch, gate.StepTakeReview, request.Body)
	return api.ReviewPlan200JSONResponse{Body: made, Headers: api.ReviewPlan200ResponseHeaders{ETag: etag}}, err
}

// ReturnPlan gives a plan back with a reason.
func (h handlers) ReturnPlan(ctx context.Context, request api.ReturnPlanRequestObject) (api.ReturnPlanResponseObject, error) {
	made, etag, err := h.step(ctx, request.Id, request.Params.IfMatch, gate.StepReturn, request.Body)
	return api.ReturnPlan200JSONResponse{Body: made, Headers: api.ReturnPlan200ResponseHeaders{ETag: etag}}, err
}

// ApprovePlan approves a plan.
func (h handlers) ApprovePlan(ctx context.Context, request api.ApprovePlanRequestObject) (api.ApprovePlanResponseObject, error) {
	made, etag, err := h.step(ctx, request.Id, request.Params.IfMatch, gate.StepApprove, request.Body)
	return api.ApprovePlan200JSONResponse{Body: made, Headers: api.ApprovePlan200ResponseHeaders{ETag: etag}}, err
}

// FinalizePlan makes a plan final.
func (h handlers) FinalizePlan(ctx context.Context, request api.FinalizePlanRequestObject) (api.FinalizePlanResponseObject, error) {
	made, etag, err := h.step(ctx, request.Id, request.Params.IfMatch, gate.StepFinalize, request.Body)
	return api.FinalizePlan200JSONResponse{Body: made, Headers: api.FinalizePlan200ResponseHeaders{ETag: etag}}, err
}

// RevisePlan takes a plan back to draft.
func (h handlers) RevisePlan(ctx context.Context, request api.RevisePlanRequestObject) (api.RevisePlanResponseObject, error) {
	made, etag, err := h.step(ctx, request.Id, request.Params.IfMatch, gate.StepRevise, request.Body)
	return api.RevisePlan200JSONResponse{Body: made, Headers: api.RevisePlan200ResponseHeaders{ETag: etag}}, err
}

// StressPlan begins a job that stresses a plan.
func (h handlers) StressPlan(ctx context.Context, request api.StressPlanRequestObject) (api.StressPlanResponseObject, error) {
	body := request.Body
	input := office.StressInput{Plan: request.Id, Kind: office.StressKind(body.Kind), Paths: or(body.Paths), Seed: uint64(or(body.Seed))}
	if err := h.config.Office.CheckStress(ctx, actorOf(ctx), input); err != nil {
		return nil, err
	}
	job, at, err := h.accepted(ctx, office.JobPlanStress, input, "")
	return api.StressPlan202JSONResponse{Body: job, Headers: api.StressPlan202ResponseHeaders{Location: at}}, err
}
