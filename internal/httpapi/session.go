package httpapi

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"

	"zutuan/api"
	"zutuan/internal/people"
	"zutuan/internal/permit"
)

// scopeWords name the scopes of the permission table.
var scopeWords = map[permit.Scope]string{permit.ScopeSelf: "self", permit.ScopeRegion: "region", permit.ScopeInstitution: "institution", permit.ScopeMatched: "matched", permit.ScopeAll: "all"}

func sessionOf(identity people.Identity) api.Session {
	actor := identity.Actor
	view := api.Session{User: actor.User, Name: actor.Name, Role: actor.Role, Region: given(actor.Region), Institution: given(actor.Institution), Method: given(string(identity.Method)),
		CsrfToken: given(identity.CSRF), MustChangePassword: identity.MustChangePassword, ReadOnly: identity.ReadOnly, ExpiresAt: identity.ExpiresAt, Permissions: map[string]string{}}
	for operation := range permit.Table {
		if scope := permit.ScopeOf(actor.Role, operation); scope != permit.ScopeNone {
			view.Permissions[string(operation)] = scopeWords[scope]
		}
	}
	return view
}

// cookieResponse sets or ends the session's cookie, which only the request's own connection can tell how.
type cookieResponse struct {
	status  int
	secret  string
	expires time.Time
	body    *api.Session
}

func (r cookieResponse) send(c *fiber.Ctx) error {
	c.Cookie(sessionCookie(c, r.secret, r.expires))
	c.Status(r.status)
	if r.body == nil {
		return nil
	}
	return c.JSON(r.body)
}

func (r cookieResponse) VisitSignInResponse(c *fiber.Ctx) error  { return r.send(c) }
func (r cookieResponse) VisitSignOutResponse(c *fiber.Ctx) error { return r.send(c) }

// SignIn begins a session.
func (h handlers) SignIn(ctx context.Context, request api.SignInRequestObject) (api.SignInResponseObject, error) {
	begun, err := h.config.People.SignIn(ctx, people.SignInInput{Name: request.Body.Name, Password: request.Body.Password}, requestOf(ctx).origin)
	if err != nil {
		return nil, err
	}
	body := sessionOf(begun.Identity)
	return cookieResponse{status: fiber.StatusCreated, secret: begun.Secret, body: &body}, nil
}

// CurrentSession says who asks.
func (h handlers) CurrentSession(ctx context.Context, _ api.CurrentSessionRequestObject) (api.CurrentSessionResponseObject, error) {
	return api.CurrentSession200JSONResponse(sessionOf(requestOf(ctx).identity)), nil
}

// SignOut ends the session, or all of the person's.
func (h handlers) SignOut(ctx context.Context, request api.SignOutRequestObject) (api.SignOutResponseObject, error) {
	r := requestOf(ctx)
	if request.Params.Everywhere != nil && *request.Params.Everywhere {
		if err := h.config.People.SignOutEverywhere(ctx, r.identity); err != nil {
			return nil, err
		}
		return cookieResponse{status: fiber.StatusNoContent}, nil
	}
	if err := h.config.People.SignOut(ctx, r.identity, r.origin); err != nil {
		return nil, err
	}
	return cookieResponse{status: fiber.StatusNoContent}, nil
}

// ChangePassword sets a new password.
func (h handlers) ChangePassword(ctx context.Context, request api.ChangePasswordRequestObject) (api.ChangePasswordResponseObject, error) {
	r := requestOf(ctx)
	err := h.config.People.ChangePassword(ctx, r.identity, people.PasswordChange{Old: request.Body.Old, New: request.Body.New}, r.origin)
	return api.ChangePassword204Response{}, err
}

// ListTokens lists the caller's access tokens.
func (h handlers) ListTokens(ctx context.Context, _ api.ListTokensRequestObject) (api.ListTokensResponseObject, error) {
	tokens, err := h.config.People.Tokens(ctx, requestOf(ctx).identity)
	return api.ListTokens200JSONResponse{Items: tokens}, err
}

// CreateToken makes an access token.
func (h handlers) CreateToken(ctx context.Context, request api.CreateTokenRequestObject) (api.CreateTokenResponseObject, error) {
	r, body := requestOf(ctx), request.Body
	token, secret, err := h.config.People.CreateToken(ctx, r.identity, people.NewToken{Name: body.Name, ExpiresAt: body.ExpiresAt, ReadOnly: body.ReadOnly != nil && *body.ReadOnly}, r.origin)
	return api.CreateToken201JSONResponse{Token: token, Secret: secret}, err
}

// RevokeToken ends an access token.
func (h handlers) RevokeToken(ctx context.Context, request api.RevokeTokenRequestObject) (api.RevokeTokenResponseObject, error) {
	r := requestOf(ctx)
	err := h.config.People.RevokeToken(ctx, r.identity, request.Id, r.origin)
	return api.RevokeToken204Response{}, err
}
