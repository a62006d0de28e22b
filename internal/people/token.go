package people

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
	"time"

	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

const (
	// maxTokenLife bounds a token, maxTokens those that a person has at a time.
	maxTokenLife = 366 * 24 * time.Hour
	maxTokens    = 50
	// tokenKept is how long a token is still listed after its end.
	tokenKept = 30 * 24 * time.Hour
	// maxTokenNameChars bounds what a token is called.
	maxTokenNameChars = 100
)

// tokenBody is what a record of kind token holds.
type tokenBody struct {
	User       string    `json:"user"`
	Name       string    `json:"name"`
	SecretHash string    `json:"secret_hash"`
	ReadOnly   bool      `json:"read_only,omitempty"`
	Epoch      int64     `json:"epoch"`
	ExpiresAt  time.Time `json:"expires_at"`
	// UsedOn is the day of the last use, in UTC: a day is fine enough to find forgotten tokens, and costs one write.
	UsedOn    string    `json:"used_on,omitempty"`
	RevokedAt time.Time `json:"revoked_at,omitzero"`
}

func (b tokenBody) draft(id string) (store.Draft, error) {
	body, err := store.Canonical(b)
	return store.Draft{Kind: store.KindToken, ID: id, Body: body, Fields: store.Fields{
		"secret_hash": store.Text(b.SecretHash), "user": store.Text(b.User), "expires_at": store.Time(b.ExpiresAt), "revoked": store.Bool(!b.RevokedAt.IsZero()),
	}}, err
}

// Token is a personal access token as its owner sees it, without the secret.
type Token struct {
	ID        string    `json:"id"`
	Version   int64     `json:"version"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	Name      string    `json:"name"`
	ReadOnly  bool      `json:"read_only"`
	ExpiresAt time.Time `json:"expires_at"`
	// LastUsedOn is a day in UTC, "2026-06-30"; empty before the first use.
	LastUsedOn string `json:"last_used_on,omitempty"`
	// RevokedAt is given once the token was revoked. Ended says that it is of no use any more, whatever the cause.
	RevokedAt *time.Time `json:"revoked_at,omitempty"`
	Ended     bool       `json:"ended"`
}

func tokenView(record store.Record, b tokenBody, a account, now time.Time) Token {
	t := Token{ID: record.ID, Version: record.Version, CreatedAt: record.Created, UpdatedAt: record.Updated, Name: b.Name, ReadOnly: b.ReadOnly,
		ExpiresAt: b.ExpiresAt, LastUsedOn: b.UsedOn, Ended: !b.valid(a, now)}
	if !b.RevokedAt.IsZero() {
		t.RevokedAt = &b.RevokedAt
	}
	return t
}

func (b tokenBody) valid(a account, now time.Time) bool {
	return b.RevokedAt.IsZero() && now.Before(b.ExpiresAt) && a.Status == StatusActive && a.TokenEpoch == b.Epoch
}

// NewToken asks for a token.
type NewToken struct {
	Name      string
	ExpiresAt time.Time
	ReadOnly  bool
}

// CreateToken makes a token and returns its secret, which is kept nowhere. Refusals: KindForbidden for a request that
// carries a token itself, KindInvalid with every point, KindConflict where the person has too many.
func (p *People) CreateToken(ctx context.Context, identity Identity, input NewToken, origin Origin) (Token, string, error) {
	if err := needsSession(identity); err != nil {
		return Token{}, "", err
	}
	if err := identity.Ready(); err != nil {
		return Token{}, "", err
	}
	a, err := p.load(ctx, identity.Actor.User)
	if err != nil {
		return Token{}, "", err
	}
	input.Name, input.ExpiresAt = strings.TrimSpace(input.Name), time.UnixMilli(input.ExpiresAt.UnixMilli()).UTC()
	if err := p.checkToken(ctx, a, input); err != nil {
		return Token{}, "", err
	}
	secret, err := p.newSecret()
	if err != nil {
		return Token{}, "", err
	}
	id, err := p.newID("tok_")
	if err != nil {
		return Token{}, "", err
	}
	secret = tokenPrefix + strings.TrimPrefix(id, "tok_") + secret
	body := tokenBody{User: a.id(), Name: input.Name, SecretHash: hashOf(secret), ReadOnly: input.ReadOnly, Epoch: a.TokenEpoch, ExpiresAt: input.ExpiresAt}
	draft, err := body.draft(id)
	if err != nil {
		return Token{}, "", err
	}
	event := eventOf(a, ActionTokenCreate, OutcomeDone, "")
	event.SubjectKind, event.Subject = store.KindToken, id
	if err := p.Audit(ctx, event, origin); err != nil {
		return Token{}, "", err
	}
	record, err := p.store.Create(ctx, draft, store.Change{Who: a.id(), Action: ActionTokenCreate})
	if err != nil {
		return Token{}, "", err
	}
	return tokenView(record, body, a, p.now()), secret, nil
}

func (p *People) checkToken(ctx context.Context, a account, input NewToken) error {
	var points []refuse.Point
	if input.Name == "" || !goodLine(input.Name, maxTokenNameChars) {
		points = append(points, refuse.Point{Code: "token_name", Pointer: "/name", ZH: fmt.Sprintf("令牌名称为 1 至 %d 个字符，不含控制字符", maxTokenNameChars),
			EN: fmt.Sprintf("a token is called something of 1 to %d characters without control characters", maxTokenNameChars)})
	}
	now := p.now()
	if !input.ExpiresAt.After(now) || input.ExpiresAt.After(now.Add(maxTokenLife)) {
		points = append(points, refuse.Point{Code: "token_expiry", Pointer: "/expires_at", ZH: "有效期须晚于现在，且至多一年", EN: "a token expires after now and within one year"})
	}
	if points != nil {
		return refuse.New(refuse.KindInvalid, "token", "令牌信息有误，请逐条更正", "the token has mistakes; mend each").With(points...)
	}
	count, err := p.store.Count(ctx, store.KindToken, []store.Filter{store.Equal("user", store.Text(a.id())), store.Equal("revoked", store.Bool(false)), store.AtLeast("expires_at", store.Time(now))})
	if err != nil {
		return err
	}
	if count >= maxTokens {
		return refuse.Newf(refuse.KindConflict, "too_many_tokens", "有效令牌已达 %d 个，请先撤销不用的", "there are %d tokens in force; revoke one first", maxTokens)
	}
	return nil
}

// Tokens lists the tokens of whoever sends the request, newest first, ended ones for a while too.
func (p *People) Tokens(ctx context.Context, identity Identity) ([]Token, error) {
	a, err := p.load(ctx, identity.Actor.User)
	if err != nil {
		return nil, err
	}
	tokens := []Token{}
	query := store.Query{Kind: store.KindToken, Where: []store.Filter{store.Equal("user", store.Text(a.id()))}, Sort: store.FieldCreated, Descending: true}
	err = p.each(ctx, query, func(record store.Record) error {
		var body tokenBody
		if err := readBody(record, &body); err != nil {
			return err
		}
		tokens = append(tokens, tokenView(record, body, a, p.now()))
		return nil
	})
	return tokens, err
}

// RevokeToken ends a token of whoever sends the request; a second time it is without effect. KindUnknown for tokens of
// others, KindForbidden for a request that carries a token itself.
func (p *People) RevokeToken(ctx context.Context, identity Identity, id string, origin Origin) error {
	if err := needsSession(identity); err != nil {
		return err
	}
	a, err := p.load(ctx, identity.Actor.User)
	if err != nil {
		return err
	}
	now, already := p.now(), false
	_, err = p.store.Update(ctx, store.KindToken, id, 0, store.Change{Who: a.id(), Action: ActionTokenRevoke}, func(record store.Record) (store.Draft, error) {
		var body tokenBody
		if err := readBody(record, &body); err != nil {
			return store.Draft{}, err
		}
		if body.User != a.id() {
			return store.Draft{}, refuse.Unknown(store.KindToken, id)
		}
		already = !body.RevokedAt.IsZero()
		if !already {
			body.RevokedAt = now
		}
		return body.draft(id)
	})
	if err != nil {
		return refused(err, store.KindToken, id)
	}
	if already {
		return nil
	}
	event := eventOf(a, ActionTokenRevoke, OutcomeDone, "")
	event.SubjectKind, event.Subject = store.KindToken, id
	return p.Audit(ctx, event, origin)
}

// identifyToken is Identify for a personal access token.
func (p *People) identifyToken(ctx context.Context, credential Credential) (Identity, error) {
	id, ok := credential.parts("tok_")
	if !ok {
		return Identity{}, errToken()
	}
	record, err := p.store.Get(ctx, store.KindToken, id)
	if errors.Is(err, store.ErrNotFound) {
		return Identity{}, errToken()
	}
	if err != nil {
		return Identity{}, err
	}
	var body tokenBody
	if err := readBody(record, &body); err != nil {
		return Identity{}, err
	}
	if subtle.ConstantTimeCompare([]byte(hashOf(credential.text)), []byte(body.SecretHash)) != 1 {
		return Identity{}, errToken()
	}
	a, err := p.load(ctx, body.User)
	if err != nil {
		return Identity{}, err
	}
	now := p.now()
	if !body.valid(a, now) {
		return Identity{}, errToken()
	}
	if today := now.Format(time.DateOnly); body.UsedOn != today {
		body.UsedOn = today
		_, err := p.store.Update(ctx, store.KindToken, id, record.Version, store.Change{Who: a.id(), Action: "token.use"}, func(store.Record) (store.Draft, error) { return body.draft(id) })
		switch {
		// Another request was quicker and has written the day, or the token was revoked this moment: read again.
		case errors.Is(err, store.ErrConflict), errors.Is(err, store.ErrNotFound):
			return p.identifyToken(ctx, credential)
		case err != nil:
			return Identity{}, err
		}
	}
	return Identity{Actor: a.actor(), Token: id, ReadOnly: body.ReadOnly, MustChangePassword: a.MustChangePassword, ExpiresAt: body.ExpiresAt}, nil
}

// errToken refuses a token without saying what is wrong with it.
func errToken() *refuse.Error {
	return refuse.New(refuse.KindUnauthenticated, "token", "访问令牌无效、已过期或已撤销", "the access token is not valid, has expired or was revoked")
}
