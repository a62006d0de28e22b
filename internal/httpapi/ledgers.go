package httpapi

import (
	"context"
	"encoding/json"
	"io"

	"zutuan/api"
	"zutuan/internal/office"
)

// GetLedger shows the ledger of a region.
func (h handlers) GetLedger(ctx context.Context, request api.GetLedgerRequestObject) (api.GetLedgerResponseObject, error) {
	made, err := h.config.Office.GetLedger(ctx, actorOf(ctx), request.Id)
	return api.GetLedger200JSONResponse{Body: made, Headers: api.GetLedger200ResponseHeaders{ETag: etagOf(made.Version)}}, err
}

// PutLedger takes a ledger, as the JSON document or as the CSV file.
func (h handlers) PutLedger(ctx context.Context, request api.PutLedgerRequestObject) (api.PutLedgerResponseObject, error) {
	handed := office.LedgerText{CSV: request.Body != nil}
	if request.Params.AsOf != nil {
		asOf, err := h.dateOr(request.Params.AsOf, "as_of")
		if err != nil {
			return nil, err
		}
		handed.AsOf = asOf
	}
	text, err := handedText(request.JSONBody, request.Body)
	if err != nil {
		return nil, err
	}
	handed.Text = text
	made, err := h.config.Office.PutLedger(ctx, actorOf(ctx), request.Id, versionOf(or(request.Params.IfMatch)), handed)
	return api.PutLedger200JSONResponse{Body: made, Headers: api.PutLedger200ResponseHeaders{ETag: etagOf(made.Version)}}, err
}

// handedText is a document as it was sent: JSON that was read already, or a text of another kind.
func handedText(document *json.RawMessage, text io.Reader) ([]byte, error) {
	if document != nil {
		return *document, nil
	}
	if text == nil {
		return nil, nil
	}
	return io.ReadAll(text)
}

// LedgerTrail shows who did what to a ledger.
func (h handlers) LedgerTrail(ctx context.Context, request api.LedgerTrailRequestObject) (api.LedgerTrailResponseObject, error) {
	entries, err := h.config.Office.LedgerTrail(ctx, actorOf(ctx), request.Id)
	return api.LedgerTrail200JSONResponse{Items: entries}, err
}

// ListFiscalProfiles lists the profiles of a region.
func (h handlers) ListFiscalProfiles(ctx context.Context, request api.ListFiscalProfilesRequestObject) (api.ListFiscalProfilesResponseObject, error) {
	page, err := h.config.Office.ListFiscal(ctx, actorOf(ctx), request.Id, pagingOf(request.Params.Limit, request.Params.After))
	return api.ListFiscalProfiles200JSONResponse(page), err
}

// GetFiscalProfile shows the profile of a year.
func (h handlers) GetFiscalProfile(ctx context.Context, request api.GetFiscalProfileRequestObject) (api.GetFiscalProfileResponseObject, error) {
	made, err := h.config.Office.GetFiscal(ctx, actorOf(ctx), request.Id, request.Year)
	return api.GetFiscalProfile200JSONResponse{Body: made, Headers: api.GetFiscalProfile200ResponseHeaders{ETag: etagOf(made.Version)}}, err
}

// PutFiscalProfile takes the profile of a year.
func (h handlers) PutFiscalProfile(ctx context.Context, request api.PutFiscalProfileRequestObject) (api.PutFiscalProfileResponseObject, error) {
	made, err := h.config.Office.PutFiscal(ctx, actorOf(ctx), request.Id, request.Year, versionOf(or(request.Params.IfMatch)), *request.Body)
	return api.PutFiscalProfile200JSONResponse{Body: made, Headers: api.PutFiscalProfile200ResponseHeaders{ETag: etagOf(made.Version)}}, err
}

// FiscalTrail shows who did what to a profile.
func (h handlers) FiscalTrail(ctx context.Context, request api.FiscalTrailRequestObject) (api.FiscalTrailResponseObject, error) {
	entries, err := h.config.Office.FiscalTrail(ctx, actorOf(ctx), request.Id, request.Year)
	return api.FiscalTrail200JSONResponse{Items: entries}, err
}
