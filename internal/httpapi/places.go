package httpapi

import (
	"context"

	"zutuan/api"
)

// ListRegions lists them.
func (h handlers) ListRegions(ctx context.Context, request api.ListRegionsRequestObject) (api.ListRegionsResponseObject, error) {
	page, err := h.config.Office.ListRegions(ctx, actorOf(ctx), pagingOf(request.Params.Limit, request.Params.After))
	return api.ListRegions200JSONResponse(page), err
}

// CreateRegion adds one.
func (h handlers) CreateRegion(ctx context.Context, request api.CreateRegionRequestObject) (api.CreateRegionResponseObject, error) {
	made, err := h.config.Office.CreateRegion(ctx, actorOf(ctx), request.Body.Id, request.Body.Content)
	return api.CreateRegion201JSONResponse{Body: made, Headers: api.CreateRegion201ResponseHeaders{ETag: etagOf(made.Version), Location: located("regions", made.ID)}}, err
}

// GetRegion shows one.
func (h handlers) GetRegion(ctx context.Context, request api.GetRegionRequestObject) (api.GetRegionResponseObject, error) {
	made, err := h.config.Office.GetRegion(ctx, actorOf(ctx), request.Id)
	return api.GetRegion200JSONResponse{Body: made, Headers: api.GetRegion200ResponseHeaders{ETag: etagOf(made.Version)}}, err
}

// UpdateRegion changes one.
func (h handlers) UpdateRegion(ctx context.Context, request api.UpdateRegionRequestObject) (api.UpdateRegionResponseObject, error) {
	made, err := h.config.Office.UpdateRegion(ctx, actorOf(ctx), request.Id, versionOf(request.Params.IfMatch), *request.Body)
	return api.UpdateRegion200JSONResponse{Body: made, Headers: api.UpdateRegion200ResponseHeaders{ETag: etagOf(made.Version)}}, err
}

// ListInstitutions lists them.
func (h handlers) ListInstitutions(ctx context.Context, request api.ListInstitutionsRequestObject) (api.ListInstitutionsResponseObject, error) {
	page, err := h.config.Office.ListInstitutions(ctx, actorOf(ctx), pagingOf(request.Params.Limit, request.Params.After))
	return api.ListInstitutions200JSONResponse(page), err
}

// CreateInstitution adds one.
func (h handlers) CreateInstitution(ctx context.Context, request api.CreateInstitutionRequestObject) (api.CreateInstitutionResponseObject, error) {
	made, err := h.config.Office.CreateInstitution(ctx, actorOf(ctx), request.Body.Id, request.Body.Content)
	return api.CreateInstitution201JSONResponse{Body: made, Headers: api.CreateInstitution201ResponseHeaders{ETag: etagOf(made.Version), Location: located("institutions", made.ID)}}, err
}

// GetInstitution shows one.
func (h handlers) GetInstitution(ctx context.Context, request api.GetInstitutionRequestObject) (api.GetInstitutionResponseObject, error) {
	made, err := h.config.Office.GetInstitution(ctx, actorOf(ctx), request.Id)
	return api.GetInstitution200JSONResponse{Body: made, Headers: api.GetInstitution200ResponseHeaders{ETag: etagOf(made.Version)}}, err
}

// UpdateInstitution changes one.
func (h handlers) UpdateInstitution(ctx context.Context, request api.UpdateInstitutionRequestObject) (api.UpdateInstitutionResponseObject, error) {
	made, err := h.config.Office.UpdateInstitution(ctx, actorOf(ctx), request.Id, versionOf(request.Params.IfMatch), *request.Body)
	return api.UpdateInstitution200JSONResponse{Body: made, Headers: api.UpdateInstitution200ResponseHeaders{ETag: etagOf(made.Version)}}, err
}

// RegionTrail shows who did what to it.
func (h handlers) RegionTrail(ctx context.Context, request api.RegionTrailRequestObject) (api.RegionTrailResponseObject, error) {
	entries, err := h.config.Office.RegionTrail(ctx, actorOf(ctx), request.Id)
	return api.RegionTrail200JSONResponse{Items: entries}, err
}

// InstitutionTrail shows who did what to it.
func (h handlers) InstitutionTrail(ctx context.Context, request api.InstitutionTrailRequestObject) (api.InstitutionTrailResponseObject, error) {
	entries, err := h.config.Office.InstitutionTrail(ctx, actorOf(ctx), request.Id)
	return api.InstitutionTrail200JSONResponse{Items: entries}, err
}
