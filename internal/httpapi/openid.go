package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/gofiber/fiber/v2"

	"zutuan/api"
	"zutuan/internal/people"
	"zutuan/internal/people/oidc"
	"zutuan/internal/refuse"
)

// OpenID signs people in through a provider; *oidc.Provider does.
type OpenID interface {
	Begin(ctx context.Context, returnTo string) (oidc.Begun, error)
	Finish(ctx context.Context, callback oidc.Callback, origin people.Origin) (people.SignedIn, string, error)
}

// The cookie that ties a visit to the provider to one browser.
const (
	visitCookieSecure = "__Host-oidc"
	visitCookiePlain  = "oidc"
)

func visitCookie(c *fiber.Ctx, value string, expires time.Time) *fiber.Cookie {
	cookie := sessionCookie(c, value, expires)
	cookie.Name = visitCookiePlain
	if c.Secure() {
		cookie.Name = visitCookieSecure
	}
	return cookie
}

func (s *Server) openID() (OpenID, error) {
	if s.config.OpenID == nil {
		return nil, refuse.New(refuse.KindUnknown, "no_openid", "本服务没有配置统一认证，请用本地账号登录", "no OpenID provider is configured here; sign in with a password")
	}
	return s.config.OpenID, nil
}

// BeginOpenID sends the browser to the provider.
func (h handlers) BeginOpenID(ctx context.Context, request api.BeginOpenIDRequestObject) (api.BeginOpenIDResponseObject, error) {
	provider, err := h.openID()
	if err != nil {
		return nil, err
	}
	begun, err := provider.Begin(ctx, or(request.Params.ReturnTo))
	return beginOpenID(begun), err
}

type beginOpenID oidc.Begun

func (b beginOpenID) VisitBeginOpenIDResponse(c *fiber.Ctx) error {
	c.Cookie(visitCookie(c, b.Cookie, b.ExpiresAt))
	return c.Redirect(b.URL, http.StatusFound)
}

// FinishOpenID takes what the browser brings back and begins a session.
func (h handlers) FinishOpenID(ctx context.Context, request api.FinishOpenIDRequestObject) (api.FinishOpenIDResponseObject, error) {
	provider, err := h.openID()
	p := request.Params
	return finishOpenID{ctx, provider, oidc.Callback{State: or(p.State), Code: or(p.Code), Error: or(p.Error), Issuer: or(p.Iss)}}, err
}

// finishOpenID finishes where the browser's cookies are at hand.
type finishOpenID struct {
	ctx      context.Context
	provider OpenID
	callback oidc.Callback
}

func (f finishOpenID) VisitFinishOpenIDResponse(c *fiber.Ctx) error {
	ended := visitCookie(c, "", time.Time{})
	f.callback.Cookie = c.Cookies(ended.Name)
	c.Cookie(ended)
	begun, returnTo, err := f.provider.Finish(f.ctx, f.callback, requestOf(f.ctx).origin)
	if err != nil {
		return err
	}
	c.Cookie(sessionCookie(c, begun.Secret, time.Time{}))
	return c.Redirect(returnTo, http.StatusFound)
}
