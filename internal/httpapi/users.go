package httpapi

import (
	"context"

	"zutuan/api"
	"zutuan/internal/people"
)

// ListUsers lists accounts.
func (h handlers) ListUsers(ctx context.Context, request api.ListUsersRequestObject) (api.ListUsersResponseObject, error) {
	p := request.Params
	query := people.UserQuery{Region: or(p.Region), Role: or(p.Role), Status: people.Status(or(p.Status)), After: or(p.After), Limit: or(p.Limit)}
	page, err := h.config.People.Users(ctx, actorOf(ctx), query)
	return api.ListUsers200JSONResponse(page), err
}

// CreateUser makes an account.
func (h handlers) CreateUser(ctx context.Context, request api.CreateUserRequestObject) (api.CreateUserResponseObject, error) {
	b := request.Body
	made, err := h.config.People.CreateUser(ctx, actorOf(ctx), people.NewUser{Name: b.Name, DisplayName: or(b.DisplayName), Role: b.Role, Region: or(b.Region), Institution: or(b.Institution),
		OIDCName: or(b.OidcName), WithoutPassword: or(b.WithoutPassword), Reason: or(b.Reason)})
	return api.CreateUser201JSONResponse{Body: made, Headers: api.CreateUser201ResponseHeaders{ETag: etagOf(made.User.Version), Location: located("users", made.User.ID)}}, err
}

// GetUser shows an account.
func (h handlers) GetUser(ctx context.Context, request api.GetUserRequestObject) (api.GetUserResponseObject, error) {
	found, err := h.config.People.User(ctx, actorOf(ctx), request.Id)
	return api.GetUser200JSONResponse{Body: found, Headers: api.GetUser200ResponseHeaders{ETag: etagOf(found.Version)}}, err
}

// UpdateUser changes an account.
func (h handlers) UpdateUser(ctx context.Context, request api.UpdateUserRequestObject) (api.UpdateUserResponseObject, error) {
	b := request.Body
	change := people.UserChange{DisplayName: b.DisplayName, Role: b.Role, Region: b.Region, Institution: b.Institution, Status: (*people.Status)(b.Status), OIDCName: b.OidcName,
		Unlock: or(b.Unlock), Unlink: or(b.Unlink), Reason: or(b.Reason)}
	made, err := h.config.People.UpdateUser(ctx, actorOf(ctx), request.Id, versionOf(request.Params.IfMatch), change)
	return api.UpdateUser200JSONResponse{Body: made, Headers: api.UpdateUser200ResponseHeaders{ETag: etagOf(made.Version)}}, err
}

// ResetPassword gives an account a new password, which is shown once.
func (h handlers) ResetPassword(ctx context.Context, request api.ResetPasswordRequestObject) (api.ResetPasswordResponseObject, error) {
	made, err := h.config.People.ResetPassword(ctx, actorOf(ctx), request.Id, versionOf(request.Params.IfMatch))
	return api.ResetPassword200JSONResponse{Body: made, Headers: api.ResetPassword200ResponseHeaders{ETag: etagOf(made.User.Version)}}, err
}

// UserTrail shows who did what to an account.
func (h handlers) UserTrail(ctx context.Context, request api.UserTrailRequestObject) (api.UserTrailResponseObject, error) {
	entries, err := h.config.People.UserTrail(ctx, actorOf(ctx), request.Id)
	return api.UserTrail200JSONResponse{Items: h.config.Office.NamedTrail(ctx, entries)}, err
}

// ListAuditEvents lists events that changed no record: sign-ins, refusals.
func (h handlers) ListAuditEvents(ctx context.Context, request api.ListAuditEventsRequestObject) (api.ListAuditEventsResponseObject, error) {
	p := request.Params
	page, err := h.config.People.Events(ctx, actorOf(ctx), people.EventQuery{Who: or(p.Who), Action: or(p.Action), After: or(p.After), Limit: or(p.Limit)})
	return api.ListAuditEvents200JSONResponse(page), err
}
