package httpapi

import (
	"context"

	"zutuan/api"
)

// AssessPlan assesses a plan and keeps the result.
func (h handlers) AssessPlan(ctx context.Context, request api.AssessPlanRequestObject) (api.AssessPlanResponseObject, error) {
	var asked *string
	if request.Body != nil {
		asked = request.Body.Date
	}
	date, err := h.dateOr(asked, "/date")
	if err != nil {
		return nil, err
	}
	made, err := h.config.Office.AssessPlan(ctx, actorOf(ctx), request.Id, date)
	return api.AssessPlan201JSONResponse{Body: made, Headers: api.AssessPlan201ResponseHeaders{Location: located("assessments", made.ID)}}, err
}

// ListAssessments lists the assessments of a plan.
func (h handlers) ListAssessments(ctx context.Context, request api.ListAssessmentsRequestObject) (api.ListAssessmentsResponseObject, error) {
	page, err := h.config.Office.ListAssessments(ctx, actorOf(ctx), request.Id, pagingOf(request.Params.Limit, request.Params.After))
	return api.ListAssessments200JSONResponse(page), err
}

// GetAssessment shows an assessment.
func (h handlers) GetAssessment(ctx context.Context, request api.GetAssessmentRequestObject) (api.GetAssessmentResponseObject, error) {
	found, err := h.config.Office.GetAssessment(ctx, actorOf(ctx), request.Id)
	return api.GetAssessment200JSONResponse(found), err
}

// ReplayAssessment computes an assessment again from what it read.
func (h handlers) ReplayAssessment(ctx context.Context, request api.ReplayAssessmentRequestObject) (api.ReplayAssessmentResponseObject, error) {
	replay, err := h.config.Office.ReplayAssessment(ctx, actorOf(ctx), request.Id)
	return api.ReplayAssessment200JSONResponse(replay), err
}
