package httpapi

import (
	"context"

	"zutuan/api"
	"zutuan/internal/gate"
	"zutuan/internal/office"
)

// ListPlanWaivers lists the waivers of a plan.
func (h handlers) ListPlanWaivers(ctx context.Context, request api.ListPlanWaiversRequestObject) (api.ListPlanWaiversResponseObject, error) {
	if _, err := h.config.Office.GetPlan(ctx, actorOf(ctx), request.Id); err != nil {
		return nil, err
	}
	page, err := h.config.Office.ListWaivers(ctx, actorOf(ctx), office.WaiverFilter{Plan: request.Id}, pagingOf(request.Params.Limit, request.Params.After))
	return api.ListPlanWaivers200JSONResponse(page), err
}

// RequestWaiver asks for a waiver of one flag.
func (h handlers) RequestWaiver(ctx context.Context, request api.RequestWaiverRequestObject) (api.RequestWaiverResponseObject, error) {
	made, err := h.config.Office.RequestWaiver(ctx, actorOf(ctx), request.Id, *request.Body)
	return api.RequestWaiver201JSONResponse{Body: made, Headers: api.RequestWaiver201ResponseHeaders{ETag: etagOf(made.Version), Location: located("waivers", made.ID)}}, err
}

// ListWaivers lists waivers.
func (h handlers) ListWaivers(ctx context.Context, request api.ListWaiversRequestObject) (api.ListWaiversResponseObject, error) {
	p := request.Params
	filter := office.WaiverFilter{Region: or(p.Region), Status: gate.Status(or(p.Status))}
	if p.ExpiresBefore != nil {
		before, err := h.dateOr(p.ExpiresBefore, "expires_before")
		if err != nil {
			return nil, err
		}
		filter.ExpiresBefore = before
	}
	page, err := h.config.Office.ListWaivers(ctx, actorOf(ctx), filter, pagingOf(p.Limit, p.After))
	return api.ListWaivers200JSONResponse(page), err
}

// GetWaiver shows a waiver.
func (h handlers) GetWaiver(ctx context.Context, request api.GetWaiverRequestObject) (api.GetWaiverResponseObject, error) {
	found, err := h.config.Office.GetWaiver(ctx, actorOf(ctx), request.Id)
	return api.GetWaiver200JSONResponse{Body: found, Headers: api.GetWaiver200ResponseHeaders{ETag: etagOf(found.Version)}}, err
}

// WaiverTrail shows who did what to a waiver.
func (h handlers) WaiverTrail(ctx context.Context, request api.WaiverTrailRequestObject) (api.WaiverTrailResponseObject, error) {
	entries, err := h.config.Office.WaiverTrail(ctx, actorOf(ctx), request.Id)
	return api.WaiverTrail200JSONResponse{Items: entries}, err
}

// GrantWaiver grants what was asked for.
func (h handlers) GrantWaiver(ctx context.Context, request api.GrantWaiverRequestObject) (api.GrantWaiverResponseObject, error) {
	made, err := h.config.Office.StepWaiver(ctx, actorOf(ctx), request.Id, versionOf(request.Params.IfMatch), gate.StepGrant, reasonOf(request.Body))
	return api.GrantWaiver200JSONResponse{Body: made, Headers: api.GrantWaiver200ResponseHeaders{ETag: etagOf(made.Version)}}, err
}

// RejectWaiver turns down what was asked for.
func (h handlers) RejectWaiver(ctx context.Context, request api.RejectWaiverRequestObject) (api.RejectWaiverResponseObject, error) {
	made, err := h.config.Office.StepWaiver(ctx, actorOf(ctx), request.Id, versionOf(request.Params.IfMatch), gate.StepReject, reasonOf(request.Body))
	return api.RejectWaiver200JSONResponse{Body: made, Headers: api.RejectWaiver200ResponseHeaders{ETag: etagOf(made.Version)}}, err
}

// RevokeWaiver takes back what was asked for.
func (h handlers) RevokeWaiver(ctx context.Context, request api.RevokeWaiverRequestObject) (api.RevokeWaiverResponseObject, error) {
	made, err := h.config.Office.StepWaiver(ctx, actorOf(ctx), request.Id, versionOf(request.Params.IfMatch), gate.StepRevoke, reasonOf(request.Body))
	return api.RevokeWaiver200JSONResponse{Body: made, Headers: api.RevokeWaiver200ResponseHeaders{ETag: etagOf(made.Version)}}, err
}
