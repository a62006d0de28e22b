package httpapi

import (
	"context"

	"zutuan/api"
	"zutuan/internal/gate"
)

// ListOverrides lists what regions replaced.
func (h handlers) ListOverrides(ctx context.Context, request api.ListOverridesRequestObject) (api.ListOverridesResponseObject, error) {
	p := request.Params
	page, err := h.config.Office.ListOverrides(ctx, actorOf(ctx), or(p.Region), gate.Status(or(p.Status)), pagingOf(p.Limit, p.After))
	return api.ListOverrides200JSONResponse(page), err
}

// RequestOverride asks for a value of a region's own.
func (h handlers) RequestOverride(ctx context.Context, request api.RequestOverrideRequestObject) (api.RequestOverrideResponseObject, error) {
	made, err := h.config.Office.RequestOverride(ctx, actorOf(ctx), *request.Body)
	return api.RequestOverride201JSONResponse{Body: made, Headers: api.RequestOverride201ResponseHeaders{ETag: etagOf(made.Version), Location: located("overrides", made.ID)}}, err
}

// GetOverride shows one.
func (h handlers) GetOverride(ctx context.Context, request api.GetOverrideRequestObject) (api.GetOverrideResponseObject, error) {
	found, err := h.config.Office.GetOverride(ctx, actorOf(ctx), request.Id)
	return api.GetOverride200JSONResponse{Body: found, Headers: api.GetOverride200ResponseHeaders{ETag: etagOf(found.Version)}}, err
}

// OverrideTrail shows who did what to it.
func (h handlers) OverrideTrail(ctx context.Context, request api.OverrideTrailRequestObject) (api.OverrideTrailResponseObject, error) {
	entries, err := h.config.Office.OverrideTrail(ctx, actorOf(ctx), request.Id)
	return api.OverrideTrail200JSONResponse{Items: entries}, err
}

// GrantOverride grants what was asked for.
func (h handlers) GrantOverride(ctx context.Context, request api.GrantOverrideRequestObject) (api.GrantOverrideResponseObject, error) {
	made, err := h.config.Office.StepOverride(ctx, actorOf(ctx), request.Id, versionOf(request.Params.IfMatch), gate.StepGrant, reasonOf(request.Body))
	return api.GrantOverride200JSONResponse{Body: made, Headers: api.GrantOverride200ResponseHeaders{ETag: etagOf(made.Version)}}, err
}

// RejectOverride turns down what was asked for.
func (h handlers) RejectOverride(ctx context.Context, request api.RejectOverrideRequestObject) (api.RejectOverrideResponseObject, error) {
	made, err := h.config.Office.StepOverride(ctx, actorOf(ctx), request.Id, versionOf(request.Params.IfMatch), gate.StepReject, reasonOf(request.Body))
	return api.RejectOverride200JSONResponse{Body: made, Headers: api.RejectOverride200ResponseHeaders{ETag: etagOf(made.Version)}}, err
}

// RevokeOverride takes back what was asked for.
func (h handlers) RevokeOverride(ctx context.Context, request api.RevokeOverrideRequestObject) (api.RevokeOverrideResponseObject, error) {
	made, err := h.config.Office.StepOverride(ctx, actorOf(ctx), request.Id, versionOf(request.Params.IfMatch), gate.StepRevoke, reasonOf(request.Body))
	return api.RevokeOverride200JSONResponse{Body: made, Headers: api.RevokeOverride200ResponseHeaders{ETag: etagOf(made.Version)}}, err
}
