package httpapi

import (
	"context"

	"zutuan/api"
)

// ListZones lists zones.
func (h handlers) ListZones(ctx context.Context, request api.ListZonesRequestObject) (api.ListZonesResponseObject, error) {
	p := request.Params
	page, err := h.config.Office.ListZones(ctx, actorOf(ctx), or(p.Region), pagingOf(p.Limit, p.After))
	return api.ListZones200JSONResponse(page), err
}

// CreateZone adds a zone.
func (h handlers) CreateZone(ctx context.Context, request api.CreateZoneRequestObject) (api.CreateZoneResponseObject, error) {
	made, err := h.config.Office.CreateZone(ctx, actorOf(ctx), request.Body.Region, request.Body.Content)
	return api.CreateZone201JSONResponse{Body: made, Headers: api.CreateZone201ResponseHeaders{ETag: etagOf(made.Version), Location: located("zones", made.ID)}}, err
}

// GetZone shows a zone.
func (h handlers) GetZone(ctx context.Context, request api.GetZoneRequestObject) (api.GetZoneResponseObject, error) {
	found, err := h.config.Office.GetZone(ctx, actorOf(ctx), request.Id)
	return api.GetZone200JSONResponse{Body: found, Headers: api.GetZone200ResponseHeaders{ETag: etagOf(found.Version)}}, err
}

// UpdateZone changes a zone.
func (h handlers) UpdateZone(ctx context.Context, request api.UpdateZoneRequestObject) (api.UpdateZoneResponseObject, error) {
	made, err := h.config.Office.UpdateZone(ctx, actorOf(ctx), request.Id, versionOf(request.Params.IfMatch), *request.Body)
	return api.UpdateZone200JSONResponse{Body: made, Headers: api.UpdateZone200ResponseHeaders{ETag: etagOf(made.Version)}}, err
}

// ZoneTrail shows who did what to a zone.
func (h handlers) ZoneTrail(ctx context.Context, request api.ZoneTrailRequestObject) (api.ZoneTrailResponseObject, error) {
	entries, err := h.config.Office.ZoneTrail(ctx, actorOf(ctx), request.Id)
	return api.ZoneTrail200JSONResponse{Items: entries}, err
}
