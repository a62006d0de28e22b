package httpapi

import (
	"context"

	"zutuan/api"
	"zutuan/internal/office"
)

// ListOffers lists what institutions' products say to requirements.
func (h handlers) ListOffers(ctx context.Context, request api.ListOffersRequestObject) (api.ListOffersResponseObject, error) {
	p := request.Params
	page, err := h.config.Office.ListOffers(ctx, actorOf(ctx), or(p.Requirement), office.OfferStatus(or(p.Status)), pagingOf(p.Limit, p.After))
	return api.ListOffers200JSONResponse(page), err
}

// GetOffer shows one.
func (h handlers) GetOffer(ctx context.Context, request api.GetOfferRequestObject) (api.GetOfferResponseObject, error) {
	made, err := h.config.Office.GetOffer(ctx, actorOf(ctx), request.Id)
	return api.GetOffer200JSONResponse{Body: made, Headers: api.GetOffer200ResponseHeaders{ETag: etagOf(made.Version)}}, err
}

// NoteOffer notes a liaison's interest.
func (h handlers) NoteOffer(ctx context.Context, request api.NoteOfferRequestObject) (api.NoteOfferResponseObject, error) {
	note := office.OfferNote{Interested: request.Body.Interested, Terms: or(request.Body.Terms)}
	made, err := h.config.Office.NoteOffer(ctx, actorOf(ctx), request.Id, versionOf(request.Params.IfMatch), note)
	return api.NoteOffer200JSONResponse{Body: made, Headers: api.NoteOffer200ResponseHeaders{ETag: etagOf(made.Version)}}, err
}

// ListNotifications lists the caller's notifications.
func (h handlers) ListNotifications(ctx context.Context, request api.ListNotificationsRequestObject) (api.ListNotificationsResponseObject, error) {
	page, err := h.config.Office.ListNotifications(ctx, actorOf(ctx), or(request.Params.Unread), pagingOf(request.Params.Limit, request.Params.After))
	return api.ListNotifications200JSONResponse(page), err
}

// ReadNotification marks one as read.
func (h handlers) ReadNotification(ctx context.Context, request api.ReadNotificationRequestObject) (api.ReadNotificationResponseObject, error) {
	found, err := h.config.Office.ReadNotification(ctx, actorOf(ctx), request.Id)
	return api.ReadNotification200JSONResponse(found), err
}

// UnmetDemand says how much money one rule alone keeps out.
func (h handlers) UnmetDemand(ctx context.Context, request api.UnmetDemandRequestObject) (api.UnmetDemandResponseObject, error) {
	p := request.Params
	filter := office.DemandFilter{Institution: or(p.Institution), Product: or(p.Product), Region: or(p.Region), ByProvince: or(p.ByProvince)}
	report, err := h.config.Office.UnmetDemand(ctx, actorOf(ctx), filter)
	return api.UnmetDemand200JSONResponse(report), err
}
