package people

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

const (
	// sessionLife ends a session whatever happens, sessionIdle one that is not used.
	sessionLife = 12 * time.Hour
	sessionIdle = 2 * time.Hour
	// seenGrain is how stale the last use may be: a session is written at most once in it. An idle session therefore
	// ends between sessionIdle less seenGrain and sessionIdle after its last use.
	seenGrain = 5 * time.Minute

	sessionPrefix = "zts_"
	tokenPrefix   = "ztn_"
)

// Method is how somebody signed in.
type Method string

const (
	MethodPassword Method = "password"
	MethodOIDC     Method = "oidc"
)

// sessionBody is what a record of kind session holds.
type sessionBody struct {
	User       string    `json:"user"`
	SecretHash string    `json:"secret_hash"`
	Method     Method    `json:"method"`
	Epoch      int64     `json:"epoch"`
	SeenAt     time.Time `json:"seen_at"`
	EndsAt     time.Time `json:"ends_at"`
	Address    string    `json:"address,omitempty"`
	UserAgent  string    `json:"user_agent,omitempty"`
}

// expires is when the session ends if it is not used again.
func (b sessionBody) expires() time.Time {
	if idle := b.SeenAt.Add(sessionIdle); idle.Before(b.EndsAt) {
		return idle
	}
	return b.EndsAt
}

func (b sessionBody) draft(id string) (store.Draft, error) {
	body, err := store.Canonical(b)
	return store.Draft{Kind: store.KindSession, ID: id, Body: body, Fields: store.Fields{"user": store.Text(b.User), "expires_at": store.Time(b.expires())}}, err
}

// Credential is what a request carries to say who sends it.
type Credential struct {
	prefix, text string
}

// FromCookie takes the value of the session cookie, FromBearer a personal access token. Neither stands for the other: a
// session cannot be used as a token, which needs no CSRF token.
func FromCookie(value string) Credential { return Credential{sessionPrefix, value} }
func FromBearer(value string) Credential { return Credential{tokenPrefix, value} }

// parts splits a credential into the id of its record and checks its form, so that nonsense costs no read.
func (c Credential) parts(idPrefix string) (id string, ok bool) {
	rest, ok := strings.CutPrefix(c.text, c.prefix)
	if !ok || len(rest) != idChars+secretChars {
		return "", false
	}
	for i := range len(rest) {
		if !strings.ContainsRune("0123456789abcdefghjkmnpqrstvwxyz", rune(rest[i])) {
			return "", false
		}
	}
	return idPrefix + rest[:idChars], true
}

// Identity is who sends a request.
type Identity struct {
	Actor permit.Actor
	// Session or Token is the id of what the request carried; the other is empty.
	Session, Token string
	// Method is how the session began; empty for a token.
	Method Method
	// CSRF is the token that every changing request of the session repeats in a header; empty for a token.
	CSRF string
	// MustChangePassword asks for a new password before anything else; Ready refuses until then.
	MustChangePassword bool
	// ReadOnly is a token that may only look.
	ReadOnly bool
	// ExpiresAt is when the session ends if it is not used again, or the token's last moment.
	ExpiresAt time.Time
}

// CSRFMatches compares the header of a changing request, in constant time. A token has none and never matches.
func (i Identity) CSRFMatches(given string) bool {
	return i.CSRF != "" && subtle.ConstantTimeCompare([]byte(i.CSRF), []byte(given)) == 1
}

// Ready refuses everything but the change of the password (and signing out) while a new password is due.
func (i Identity) Ready() error {
	if !i.MustChangePassword {
		return nil
	}
	return refuse.New(refuse.KindForbidden, "must_change_password", "请先修改初始密码", "change the password that you were given first")
}

// csrfOf binds a CSRF token to a session without keeping it: only the session's secret leads to it.
func csrfOf(secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("zutuan csrf 1"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// errSignedOut asks to sign in; it says the same of whatever is not a valid credential.
func errSignedOut() *refuse.Error {
	return refuse.New(refuse.KindUnauthenticated, "unauthenticated", "请登录", "sign in first")
}

// errEnded tells the holder of a right secret that it is of no more use.
func errEnded() *refuse.Error {
	return refuse.New(refuse.KindUnauthenticated, "ended", "登录已过期或已被终止，请重新登录", "the sign-in has expired or was ended; sign in again")
}

// Identify says who sends a request: two reads, and a write once in seenGrain (session) or once a day (token). There
// is no cache, so what was ended anywhere is ended at once. A refusal is KindUnauthenticated.
func (p *People) Identify(ctx context.Context, credential Credential) (Identity, error) {
	if credential.prefix == tokenPrefix {
		return p.identifyToken(ctx, credential)
	}
	id, ok := credential.parts("ses_")
	if !ok {
		return Identity{}, errSignedOut()
	}
	record, err := p.store.Get(ctx, store.KindSession, id)
	if errors.Is(err, store.ErrNotFound) {
		return Identity{}, errSignedOut()
	}
	if err != nil {
		return Identity{}, err
	}
	var body sessionBody
	if err := readBody(record, &body); err != nil {
		return Identity{}, err
	}
	if subtle.ConstantTimeCompare([]byte(hashOf(credential.text)), []byte(body.SecretHash)) != 1 {
		return Identity{}, errSignedOut()
	}
	now := p.now()
	if !now.Before(body.expires()) {
		return Identity{}, errEnded()
	}
	a, err := p.load(ctx, body.User)
	if err != nil {
		return Identity{}, err
	}
	if a.Status != StatusActive || a.SessionEpoch != body.Epoch {
		return Identity{}, errEnded()
	}
	if now.Sub(body.SeenAt) >= seenGrain {
		body.SeenAt = now
		if err := p.see(ctx, record, body); err != nil {
			return Identity{}, err
		}
	}
	return sessionIdentity(a, id, credential.text, body), nil
}

func sessionIdentity(a account, id, secret string, body sessionBody) Identity {
	return Identity{Actor: a.actor(), Session: id, Method: body.Method, CSRF: csrfOf(secret), ExpiresAt: body.expires(),
		// Whom the OpenID provider vouches for has not used the password that is due.
		MustChangePassword: a.MustChangePassword && body.Method == MethodPassword}
}

// see prolongs a session. When another request was quicker, that has done it; when the session was ended meanwhile,
// the request ends with it.
func (p *People) see(ctx context.Context, record store.Record, body sessionBody) error {
	_, err := p.store.Update(ctx, store.KindSession, record.ID, record.Version, store.Change{Who: body.User, Action: "session.seen"}, func(store.Record) (store.Draft, error) {
		return body.draft(record.ID)
	})
	switch {
	case errors.Is(err, store.ErrConflict):
		return nil
	case errors.Is(err, store.ErrNotFound):
		return errEnded()
	}
	return err
}

// SignInInput is what the sign-in form carries.
type SignInInput struct {
	Name, Password string
}

// SignedIn is a new session. Secret is the value of the cookie and is shown nowhere again.
type SignedIn struct {
	Identity Identity
	Secret   string
}

const maxSignInBytes = 1024

// SignIn begins a session by name and password. Refusals: KindInvalid for a form that is not filled in,
// KindUnauthenticated, KindLocked, KindTooMany, KindUnready.
func (p *People) SignIn(ctx context.Context, input SignInInput, origin Origin) (SignedIn, error) {
	if err := checkForm(input); err != nil {
		return SignedIn{}, err
	}
	key := fold(input.Name)
	a, known, err := p.find(ctx, "name", searchable(key))
	if err != nil {
		return SignedIn{}, err
	}
	if _, err := p.prove(ctx, key, input.Name, a, known, input.Password, ActionSignIn, origin); err != nil {
		return SignedIn{}, err
	}
	return p.begin(ctx, a, MethodPassword, origin)
}

// searchable keeps the store from refusing a name that it could not hold; nobody has such a name.
func searchable(key string) string {
	if goodLine(key, 2*maxNameChars) {
		return key
	}
	return ""
}

func checkForm(input SignInInput) error {
	var points []refuse.Point
	for _, field := range []struct{ pointer, text, zh, en string }{
		{"/name", strings.TrimSpace(input.Name), "用户名", "name"}, {"/password", input.Password, "密码", "password"},
	} {
		if field.text == "" || len(field.text) > maxSignInBytes {
			points = append(points, refuse.Point{Code: "sign_in_form", Pointer: field.pointer, ZH: "请填写" + field.zh + "（至多 1024 字节）", EN: "fill in the " + field.en + " (at most 1024 bytes)"})
		}
	}
	if points == nil {
		return nil
	}
	return refuse.New(refuse.KindInvalid, "sign_in_form", "登录信息不完整", "the sign-in form is not filled in").With(points...)
}

// begin writes a session for somebody who has proved who they are. The event is written first: there may be an event
// without a session, but no session without an event.
func (p *People) begin(ctx context.Context, a account, method Method, origin Origin) (SignedIn, error) {
	secret, err := p.newSecret()
	if err != nil {
		return SignedIn{}, err
	}
	id, err := p.newID("ses_")
	if err != nil {
		return SignedIn{}, err
	}
	secret = sessionPrefix + strings.TrimPrefix(id, "ses_") + secret
	if err := p.Audit(ctx, eventOf(a, ActionSignIn, OutcomeDone, string(method)), origin); err != nil {
		return SignedIn{}, err
	}
	now := p.now()
	body := sessionBody{User: a.id(), SecretHash: hashOf(secret), Method: method, Epoch: a.SessionEpoch, SeenAt: now, EndsAt: now.Add(sessionLife),
		Address: cut(origin.Address, maxAddressChars), UserAgent: cut(origin.UserAgent, maxAgentChars)}
	draft, err := body.draft(id)
	if err != nil {
		return SignedIn{}, err
	}
	if _, err := p.store.Create(ctx, draft, store.Change{Who: a.id(), Action: ActionSignIn}); err != nil {
		return SignedIn{}, err
	}
	return SignedIn{Identity: sessionIdentity(a, id, secret, body), Secret: secret}, nil
}

// SignOut ends the session of the request; a second time it is without effect. KindForbidden for a token.
func (p *People) SignOut(ctx context.Context, identity Identity, origin Origin) error {
	if err := needsSession(identity); err != nil {
		return err
	}
	if err := unlessGone(p.store.Delete(ctx, store.KindSession, identity.Session, 0)); err != nil {
		return err
	}
	a, err := p.load(ctx, identity.Actor.User)
	if err != nil {
		return err
	}
	return p.Audit(ctx, eventOf(a, ActionSignOut, OutcomeDone, ""), origin)
}

// SignOutEverywhere ends all sessions of the person, this one too. Tokens stay. KindForbidden for a token.
func (p *People) SignOutEverywhere(ctx context.Context, identity Identity) error {
	if err := needsSession(identity); err != nil {
		return err
	}
	a, err := p.change(ctx, identity.Actor.User, 0, store.Change{Who: identity.Actor.User, Action: "user.sign_out_everywhere"}, func(body *userBody, _ *string) error {
		body.SessionEpoch++
		return nil
	})
	if err != nil {
		return err
	}
	return p.clearSessions(ctx, a.id(), "")
}

// clearSessions deletes the sessions of an account but one. They have ended before by their epoch; this only tidies up.
func (p *People) clearSessions(ctx context.Context, user, keep string) error {
	return p.each(ctx, store.Query{Kind: store.KindSession, Where: []store.Filter{store.Equal("user", store.Text(user))}, Sort: store.FieldCreated}, func(record store.Record) error {
		if record.ID == keep {
			return nil
		}
		return unlessGone(p.store.Delete(ctx, store.KindSession, record.ID, 0))
	})
}

// each runs over every record of a query.
func (p *People) each(ctx context.Context, query store.Query, do func(store.Record) error) error {
	query.Limit = store.MaxLimit
	for {
		page, err := p.store.List(ctx, query)
		if err != nil {
			return err
		}
		for _, record := range page.Records {
			if err := do(record); err != nil {
				return err
			}
		}
		if query.After = page.Next; query.After == "" {
			return nil
		}
	}
}

// needsSession refuses tokens where the person must be there.
func needsSession(identity Identity) error {
	if identity.Session == "" {
		return forbidden("此操作须在登录后进行，不能使用访问令牌", "this needs a session; a token cannot do it")
	}
	return nil
}

// Me is the account of whoever sends the request.
func (p *People) Me(ctx context.Context, identity Identity) (User, error) {
	a, err := p.load(ctx, identity.Actor.User)
	if err != nil {
		return User{}, refused(err, store.KindUser, identity.Actor.User)
	}
	state, err := p.standing(ctx, fold(a.Name))
	return a.view(state, p.now()), err
}

// PasswordChange is the form for a new password.
type PasswordChange struct {
	Old, New string
}

// ChangePassword sets a new password after the old one was proved, and ends all other sessions of the person. Failures
// count like those of signing in. Refusals: KindForbidden for a token, KindInvalid with every point, KindConflict where
// the account has no password or it was reset meanwhile, and those of SignIn.
func (p *People) ChangePassword(ctx context.Context, identity Identity, input PasswordChange, origin Origin) error {
	if err := needsSession(identity); err != nil {
		return err
	}
	a, err := p.load(ctx, identity.Actor.User)
	if err != nil {
		return err
	}
	if !a.HasPassword {
		return refuse.New(refuse.KindConflict, "no_password", "此账号通过统一认证登录，没有本地密码", "this account signs in through OpenID and has no password here")
	}
	if points := checkNew(input, a); points != nil {
		return refuse.New(refuse.KindInvalid, "password", "新密码不符合要求，请逐条更正", "the new password cannot be taken; mend each point").With(points...)
	}
	proved, err := p.prove(ctx, fold(a.Name), a.Name, a, true, input.Old, ActionProve, origin)
	if err != nil {
		return wrongOld(err)
	}
	change := store.Change{Who: a.id(), Action: "user.change_password"}
	if _, err := p.setPassword(ctx, a.id(), input.New, proved, change); err != nil {
		return err
	}
	epoch := a.SessionEpoch
	changed, err := p.change(ctx, a.id(), 0, change, func(body *userBody, _ *string) error {
		if body.SessionEpoch != epoch {
			return errReset()
		}
		body.SessionEpoch++
		body.MustChangePassword = false
		return nil
	})
	if err != nil {
		return err
	}
	if err := p.keep(ctx, identity.Session, epoch, changed.SessionEpoch); err != nil {
		return err
	}
	return p.clearSessions(ctx, a.id(), identity.Session)
}

func checkNew(input PasswordChange, a account) []refuse.Point {
	points := checkPassword(input.New, "/new", a.Name, a.DisplayName)
	if input.Old == "" || len(input.Old) > maxSignInBytes {
		points = append(points, refuse.Point{Code: "password_old", Pointer: "/old", ZH: "请填写原密码", EN: "give the old password"})
	} else if tidyPassword(input.Old) == tidyPassword(input.New) {
		points = append(points, refuse.Point{Code: "password_same", Pointer: "/new", ZH: "新密码不能与原密码相同", EN: "the new password is the old one"})
	}
	return points
}

// wrongOld says of a wrong old password that it is wrong: the person is signed in, and asking to sign in would mislead.
func wrongOld(err error) error {
	if !errors.Is(err, errWrong()) {
		return err
	}
	return refuse.New(refuse.KindInvalid, "password", "原密码不正确", "the old password is wrong").
		With(refuse.Point{Code: "password_old", Pointer: "/old", ZH: "原密码不正确", EN: "the old password is wrong"})
}

// keep lets one session outlive the growth of its account's epoch by the step that its own person made.
func (p *People) keep(ctx context.Context, session string, from, to int64) error {
	_, err := p.store.Update(ctx, store.KindSession, session, 0, store.Change{Who: "system:sign_in", Action: "session.keep"}, func(record store.Record) (store.Draft, error) {
		var body sessionBody
		if err := readBody(record, &body); err != nil {
			return store.Draft{}, err
		}
		if body.Epoch == from {
			body.Epoch = to
		}
		return body.draft(session)
	})
	return unlessGone(err)
}

// Sweep deletes what has ended: sessions, counted attempts, visits to the OpenID provider, and tokens a while after
// their end. It returns how many records it deleted and may run in several processes.
func (p *People) Sweep(ctx context.Context) (int, error) {
	swept, now := 0, p.now()
	for _, kind := range []struct {
		name string
		keep time.Duration
	}{{store.KindSession, 0}, {store.KindSignIn, 0}, {store.KindToken, tokenKept}} {
		query := store.Query{Kind: kind.name, Where: []store.Filter{store.Less("expires_at", store.Time(now.Add(-kind.keep)))}, Sort: "expires_at"}
		err := p.each(ctx, query, func(record store.Record) error {
			swept++
			// A session that was prolonged meanwhile has another version and stays.
			err := unlessGone(p.store.Delete(ctx, kind.name, record.ID, record.Version))
			if errors.Is(err, store.ErrConflict) {
				swept--
				return nil
			}
			return err
		})
		if err != nil {
			return swept, err
		}
	}
	return swept, nil
}
