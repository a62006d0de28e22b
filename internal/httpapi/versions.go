package httpapi

import (
	"bytes"
	"context"

	"zutuan/api"
	"zutuan/internal/office"
	"zutuan/internal/refuse"
)

// versionsInForce lists what counts on a day.
func (h handlers) versionsInForce(ctx context.Context, filter office.VersionFilter, date *string, paging office.Paging) (office.Page[office.Version], error) {
	day, err := h.dateOr(date, "date")
	if err != nil {
		return office.Page[office.Version]{}, err
	}
	return h.config.Office.VersionsInForce(ctx, actorOf(ctx), filter, day, paging)
}

// versionsOf lists every version of one product or pack, without texts.
func (h handlers) versionsOf(ctx context.Context, filter office.VersionFilter, paging office.Paging) (office.Page[office.Version], error) {
	page, err := h.config.Office.ListVersions(ctx, actorOf(ctx), filter, paging)
	for i := range page.Items {
		page.Items[i].Text = ""
	}
	return page, err
}

// retire ends a version for good.
func (h handlers) retire(ctx context.Context, t office.PackType, id, ifMatch string, body *api.RetireInput) (office.Version, error) {
	lastDay, err := h.dateOr(body.LastDay, "/last_day")
	if err != nil {
		return office.Version{}, err
	}
	return h.config.Office.RetireVersion(ctx, actorOf(ctx), t, id, versionOf(ifMatch), lastDay, body.Reason)
}

// ListProducts lists the products in force on a day.
func (h handlers) ListProducts(ctx context.Context, request api.ListProductsRequestObject) (api.ListProductsResponseObject, error) {
	params := request.Params
	filter := office.VersionFilter{Type: office.PackProduct, Institution: or(params.Institution)}
	page, err := h.versionsInForce(ctx, filter, params.Date, pagingOf(params.Limit, params.After))
	return api.ListProducts200JSONResponse(page), err
}

// ListProductVersions lists the versions of a product.
func (h handlers) ListProductVersions(ctx context.Context, request api.ListProductVersionsRequestObject) (api.ListProductVersionsResponseObject, error) {
	page, err := h.versionsOf(ctx, office.VersionFilter{Type: office.PackProduct, Pack: request.Id}, pagingOf(request.Params.Limit, request.Params.After))
	if err == nil && len(page.Items) == 0 && request.Params.After == nil {
		return nil, refuse.Unknown("product", request.Id)
	}
	return api.ListProductVersions200JSONResponse(page), err
}

// GetProductVersion shows a version of a product.
func (h handlers) GetProductVersion(ctx context.Context, request api.GetProductVersionRequestObject) (api.GetProductVersionResponseObject, error) {
	version, err := h.config.Office.GetVersion(ctx, actorOf(ctx), office.PackProduct, request.Id)
	return api.GetProductVersion200JSONResponse{Body: version, Headers: api.GetProductVersion200ResponseHeaders{ETag: etagOf(version.Version)}}, err
}

// ProductVersionTrail shows who did what to a version.
func (h handlers) ProductVersionTrail(ctx context.Context, request api.ProductVersionTrailRequestObject) (api.ProductVersionTrailResponseObject, error) {
	trail, err := h.config.Office.VersionTrail(ctx, actorOf(ctx), office.PackProduct, request.Id)
	return api.ProductVersionTrail200JSONResponse{Items: trail}, err
}

// RetireProductVersion ends a version of a product.
func (h handlers) RetireProductVersion(ctx context.Context, request api.RetireProductVersionRequestObject) (api.RetireProductVersionResponseObject, error) {
	version, err := h.retire(ctx, office.PackProduct, request.Id, request.Params.IfMatch, request.Body)
	return api.RetireProductVersion200JSONResponse{Body: version, Headers: api.RetireProductVersion200ResponseHeaders{ETag: etagOf(version.Version)}}, err
}

// DiffProductVersion says what differs between a version of a product and another one.
func (h handlers) DiffProductVersion(ctx context.Context, request api.DiffProductVersionRequestObject) (api.DiffProductVersionResponseObject, error) {
	diff, err := h.config.Office.DiffVersions(ctx, actorOf(ctx), office.PackProduct, or(request.Params.With), request.Id)
	return api.DiffProductVersion200JSONResponse(diff), err
}

// GetProductVersionTable gives the rules of a product as a decision table.
func (h handlers) GetProductVersionTable(ctx context.Context, request api.GetProductVersionTableRequestObject) (api.GetProductVersionTableResponseObject, error) {
	format := tableFormat(request.Params.Format)
	table, err := compute(ctx, h.Server, func() ([]byte, error) {
		return h.config.Office.VersionTable(ctx, actorOf(ctx), office.PackProduct, request.Id, format)
	})
	if err != nil {
		return nil, err
	}
	if format == office.TableXLSX {
		return api.GetProductVersionTable200ApplicationvndOpenxmlformatsOfficedocumentSpreadsheetmlSheetResponse{Body: bytes.NewReader(table), ContentLength: int64(len(table))}, nil
	}
	return api.GetProductVersionTable200TextcsvResponse{Body: bytes.NewReader(table), ContentLength: int64(len(table))}, nil
}

// tableFormat is csv where nothing was asked for.
func tableFormat(format *api.TableFormat) office.TableFormat {
	if format == nil {
		return office.TableCSV
	}
	return office.TableFormat(*format)
}

// ListPacks lists the packs in force on a day.
func (h handlers) ListPacks(ctx context.Context, request api.ListPacksRequestObject) (api.ListPacksResponseObject, error) {
	params := request.Params
	page, err := h.versionsInForce(ctx, office.VersionFilter{Type: office.PackType(or(params.Type))}, params.Date, pagingOf(params.Limit, params.After))
	return api.ListPacks200JSONResponse(page), err
}

// ListPackVersions lists the versions of a pack.
func (h handlers) ListPackVersions(ctx context.Context, request api.ListPackVersionsRequestObject) (api.ListPackVersionsResponseObject, error) {
	page, err := h.versionsOf(ctx, office.VersionFilter{Pack: request.Id}, pagingOf(request.Params.Limit, request.Params.After))
	if err == nil && len(page.Items) == 0 && request.Params.After == nil {
		return nil, refuse.Unknown("pack", request.Id)
	}
	return api.ListPackVersions200JSONResponse(page), err
}

// GetPackVersion shows a version of a pack.
func (h handlers) GetPackVersion(ctx context.Context, request api.GetPackVersionRequestObject) (api.GetPackVersionResponseObject, error) {
	version, err := h.config.Office.GetVersion(ctx, actorOf(ctx), office.PackRisk, request.Id)
	return api.GetPackVersion200JSONResponse{Body: version, Headers: api.GetPackVersion200ResponseHeaders{ETag: etagOf(version.Version)}}, err
}

// PackVersionTrail shows who did what to a version.
func (h handlers) PackVersionTrail(ctx context.Context, request api.PackVersionTrailRequestObject) (api.PackVersionTrailResponseObject, error) {
	trail, err := h.config.Office.VersionTrail(ctx, actorOf(ctx), office.PackRisk, request.Id)
	return api.PackVersionTrail200JSONResponse{Items: trail}, err
}

// RetirePackVersion ends a version of a pack.
func (h handlers) RetirePackVersion(ctx context.Context, request api.RetirePackVersionRequestObject) (api.RetirePackVersionResponseObject, error) {
	version, err := h.retire(ctx, office.PackRisk, request.Id, request.Params.IfMatch, request.Body)
	return api.RetirePackVersion200JSONResponse{Body: version, Headers: api.RetirePackVersion200ResponseHeaders{ETag: etagOf(version.Version)}}, err
}

// DiffPackVersion says what differs between a version of a pack and another one.
func (h handlers) DiffPackVersion(ctx context.Context, request api.DiffPackVersionRequestObject) (api.DiffPackVersionResponseObject, error) {
	version, err := h.config.Office.GetVersion(ctx, actorOf(ctx), office.PackRisk, request.Id)
	if err != nil {
		return nil, err
	}
	diff, err := h.config.Office.DiffVersions(ctx, actorOf(ctx), version.Type, or(request.Params.With), request.Id)
	return api.DiffPackVersion200JSONResponse(diff), err
}

// GetPackVersionTable gives the rules of a risk pack as a decision table.
func (h handlers) GetPackVersionTable(ctx context.Context, request api.GetPackVersionTableRequestObject) (api.GetPackVersionTableResponseObject, error) {
	version, err := h.config.Office.GetVersion(ctx, actorOf(ctx), office.PackRisk, request.Id)
	if err != nil {
		return nil, err
	}
	format := tableFormat(request.Params.Format)
	table, err := compute(ctx, h.Server, func() ([]byte, error) {
		return h.config.Office.VersionTable(ctx, actorOf(ctx), version.Type, request.Id, format)
	})
	if err != nil {
		return nil, err
	}
	if format == office.TableXLSX {
		return api.GetPackVersionTable200ApplicationvndOpenxmlformatsOfficedocumentSpreadsheetmlSheetResponse{Body: bytes.NewReader(table), ContentLength: int64(len(table))}, nil
	}
	return api.GetPackVersionTable200TextcsvResponse{Body: bytes.NewReader(table), ContentLength: int64(len(table))}, nil
}
