package httpapi

import (
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"zutuan/internal/people"
	"zutuan/internal/refuse"
)

// The cookie of a session. The prefix makes browsers keep it to this host, to https and to the whole of it; over plain
// http, on somebody's own machine, no browser would take that.
const (
	cookieSecure = "__Host-sid"
	cookiePlain  = "sid"
	headerCSRF   = "X-CSRF-Token"
)

func cookieName(c *fiber.Ctx) string {
	if c.Secure() {
		return cookieSecure
	}
	return cookiePlain
}

// sessionCookie is the Set-Cookie header that begins a session, or ends it where the secret is empty.
func sessionCookie(c *fiber.Ctx, secret string, expires time.Time) *fiber.Cookie {
	if secret == "" {
		expires = time.Unix(1, 0).UTC()
	}
	return &fiber.Cookie{Name: cookieName(c), Value: secret, Path: "/", Expires: expires, HTTPOnly: true, Secure: c.Secure(), SameSite: fiber.CookieSameSiteLaxMode}
}

// errSignIn says that there is nothing that says who asks.
func errSignIn() error {
	return refuse.New(refuse.KindUnauthenticated, "unauthenticated", "请登录，或带上访问令牌（Authorization: Bearer …）", "sign in, or send an access token (Authorization: Bearer …)")
}

// withIdentity finds out who sends the request: by an access token where there is one, else by the session's cookie.
func (s *Server) withIdentity(o *operation, next fiber.Handler) fiber.Handler {
	if o.public {
		return next
	}
	return func(c *fiber.Ctx) error {
		credential, err := credentialOf(c)
		if err != nil {
			return err
		}
		r := requestOf(c.UserContext())
		if r.identity, err = s.config.People.Identify(c.UserContext(), credential); err != nil {
			return err
		}
		r.signedIn = true
		return next(c)
	}
}

func credentialOf(c *fiber.Ctx) (people.Credential, error) {
	if header := c.Get(fiber.HeaderAuthorization); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return people.Credential{}, errSignIn()
		}
		return people.FromBearer(strings.TrimSpace(token)), nil
	}
	if value := c.Cookies(cookieName(c)); value != "" {
		return people.FromCookie(value), nil
	}
	return people.Credential{}, errSignIn()
}

// withPermission is the first line of the permission table: whether the role may do this at all. Which records it may do it
// to, the use case decides.
func (s *Server) withPermission(o *operation, next fiber.Handler) fiber.Handler {
	if o.public {
		return next
	}
	return func(c *fiber.Ctx) error {
		identity := requestOf(c.UserContext()).identity
		if !o.passwordDue {
			if err := identity.Ready(); err != nil {
				return err
			}
		}
		if !o.allows(identity.Actor.Role) {
			return refuse.Newf(refuse.KindForbidden, "forbidden", "您的角色无权进行此操作（%s）；如有需要请联系管理员", "your role may not do this (%s); ask an administrator if you need it", string(o.permission))
		}
		if identity.ReadOnly && o.unsafe() && o.permission != permissionCompute {
			return refuse.New(refuse.KindForbidden, "read_only_token", "此访问令牌只能读取", "this access token may only read")
		}
		return next(c)
	}
}

// withCSRF asks every changing request of a session for the session's token, which no other site can know. A request with
// an access token needs none: no browser sends that by itself.
func (s *Server) withCSRF(o *operation, next fiber.Handler) fiber.Handler {
	if o.public || !o.unsafe() {
		return next
	}
	return func(c *fiber.Ctx) error {
		identity := requestOf(c.UserContext()).identity
		if identity.Session != "" && !identity.CSRFMatches(c.Get(headerCSRF)) {
			return refuse.New(refuse.KindForbidden, "csrf", "缺少或不符的 X-CSRF-Token；请使用登录答复中的 csrf_token", "X-CSRF-Token is missing or does not belong to this session; use the csrf_token of the sign-in's answer")
		}
		return next(c)
	}
}

// retryLater is a refusal that goes away by itself.
func retryLater(code, zh, en string, seconds int) error {
	told := refuse.New(refuse.KindUnready, code, zh, en)
	told.RetryAfterSeconds = seconds
	return told
}

// isRefusal reports whether an error is known to have changed nothing.
func isRefusal(err error) bool {
	told, refused := refusalOf(err)
	return refused && told.Kind != kindTimedOut && told.Kind != kindGone
}
