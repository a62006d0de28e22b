package httpapi

import (
	"context"

	"zutuan/api"
	"zutuan/internal/office"
)

// ListMarketData lists additions to the market data.
func (h handlers) ListMarketData(ctx context.Context, request api.ListMarketDataRequestObject) (api.ListMarketDataResponseObject, error) {
	page, err := h.config.Office.ListMarketData(ctx, actorOf(ctx), pagingOf(request.Params.Limit, request.Params.After))
	return api.ListMarketData200JSONResponse(page), err
}

// AddMarketData adds dated market data.
func (h handlers) AddMarketData(ctx context.Context, request api.AddMarketDataRequestObject) (api.AddMarketDataResponseObject, error) {
	added, err := h.config.Office.AddMarketData(ctx, actorOf(ctx), office.MarketBody{Document: request.Body.Document, Source: request.Body.Source})
	return api.AddMarketData201JSONResponse(added), err
}
