// Package oidc signs people in through an OpenID Connect provider: authorization code with PKCE, state, nonce, and a
// cookie that ties the visit to one browser. It proves who somebody is there; which account that is, is package
// people's to say. The provider is looked up when it is first needed, so the service starts without it.
package oidc

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	openid "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"zutuan/internal/people"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

const (
	// visitLife is how long somebody may take at the provider.
	visitLife = 10 * time.Minute
	// providerTimeout bounds one request to the provider.
	providerTimeout = 10 * time.Second
	// retryAfter is the pause between two attempts to find a provider that was not there.
	retryAfter = 5 * time.Second
	// secretBytes is the chance in a state, a nonce and a cookie.
	secretBytes = 32
	// maxParameterBytes bounds what a callback may carry in one parameter.
	maxParameterBytes = 4096
)

// NameClaim is a claim of the provider by which an account may be claimed at the first sign-in.
type NameClaim string

const (
	// NameClaimEmail is an e-mail address that the provider has verified.
	NameClaimEmail NameClaim = "email"
	// NameClaimUser is the user name; only for providers that let nobody take another's.
	NameClaimUser NameClaim = "preferred_username"
)

// Config is what the provider's administrator hands out.
type Config struct {
	// Issuer is the provider's address exactly as it names itself; https, or http on this machine.
	Issuer                 string
	ClientID, ClientSecret string
	// RedirectURL is the address of our callback as browsers reach it.
	RedirectURL string
	// Scopes are asked for beside "openid"; profile and email where nil.
	Scopes []string
	// NameClaims are trusted to name an account at the first sign-in; both where nil.
	NameClaims []NameClaim
	// Client makes the requests to the provider; one with a time limit where nil.
	Client *http.Client
	// Clock and Random are time.Now and crypto/rand where nil.
	Clock  func() time.Time
	Random io.Reader
}

// Provider signs people in through one OpenID provider. Its methods may be called from many goroutines; visits are
// kept in the store, so a visit may begin in one process and end in another.
type Provider struct {
	people *people.People
	store  store.Store
	config Config

	randomTurn sync.Mutex
	// finding is held by whoever looks the provider up; found and failedAt change under it.
	finding  chan struct{}
	found    *openid.Provider
	failedAt time.Time
}

// New checks the configuration without asking the provider. An error names every setting that is wrong.
func New(known *people.People, keeper store.Store, config Config) (*Provider, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	if config.Scopes == nil {
		config.Scopes = []string{openid.ScopeProfile, openid.ScopeEmail}
	}
	if config.NameClaims == nil {
		config.NameClaims = []NameClaim{NameClaimEmail, NameClaimUser}
	}
	if config.Client == nil {
		config.Client = &http.Client{Timeout: providerTimeout}
	}
	if config.Clock == nil {
		config.Clock = time.Now
	}
	if config.Random == nil {
		config.Random = rand.Reader
	}
	return &Provider{people: known, store: keeper, config: config, finding: make(chan struct{}, 1)}, nil
}

func (c Config) check() error {
	var wrong []error
	for _, setting := range []struct{ name, value string }{{"issuer", c.Issuer}, {"redirect URL", c.RedirectURL}} {
		parsed, err := url.Parse(setting.value)
		switch {
		case err != nil || parsed.Host == "" || parsed.RawQuery != "" || parsed.Fragment != "":
			wrong = append(wrong, fmt.Errorf("OpenID %s %q: want an address such as https://id.example.cn without query", setting.name, setting.value))
		case parsed.Scheme != "https" && !(parsed.Scheme == "http" && loopback(parsed.Hostname())):
			wrong = append(wrong, fmt.Errorf("OpenID %s %q: want https (http only on this machine)", setting.name, setting.value))
		}
	}
	if c.ClientID == "" {
		wrong = append(wrong, errors.New("OpenID client id: missing; the provider's administrator hands it out"))
	}
	for _, claim := range c.NameClaims {
		if claim != NameClaimEmail && claim != NameClaimUser {
			wrong = append(wrong, fmt.Errorf("OpenID name claim %q: want %s or %s", claim, NameClaimEmail, NameClaimUser))
		}
	}
	return errors.Join(wrong...)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// provider looks the provider up, once; after a failure again, but not more often than every retryAfter.
func (p *Provider) provider(ctx context.Context) (*openid.Provider, error) {
	select {
	case p.finding <- struct{}{}:
		defer func() { <-p.finding }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	now := p.config.Clock()
	if p.found != nil {
		return p.found, nil
	}
	if !p.failedAt.IsZero() && now.Sub(p.failedAt) < retryAfter {
		return nil, unready(nil)
	}
	asking, cancel := context.WithTimeout(openid.ClientContext(ctx, p.config.Client), providerTimeout)
	defer cancel()
	found, err := openid.NewProvider(asking, p.config.Issuer)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		p.failedAt = now
		return nil, unready(err)
	}
	p.found, p.failedAt = found, time.Time{}
	return found, nil
}

// unready tells that the provider cannot be reached, and keeps the cause for the log.
func unready(cause error) error {
	e := refuse.New(refuse.KindUnready, "oidc_unready", "统一认证服务暂时无法访问，请稍后再试，或使用本地账号登录", "the OpenID provider cannot be reached; try again later, or sign in with a password")
	e.RetryAfterSeconds = int(retryAfter / time.Second)
	if cause == nil {
		return e
	}
	return fmt.Errorf("openid provider: %w: %w", e, cause)
}

func (p *Provider) oauth(found *openid.Provider) *oauth2.Config {
	return &oauth2.Config{ClientID: p.config.ClientID, ClientSecret: p.config.ClientSecret, Endpoint: found.Endpoint(), RedirectURL: p.config.RedirectURL,
		Scopes: append([]string{openid.ScopeOpenID}, p.config.Scopes...)}
}

// visit is what is kept while somebody is at the provider; its id is the hash of the state.
type visit struct {
	Nonce string `json:"nonce"`
	// Verifier is the secret of PKCE.
	Verifier string `json:"verifier"`
	// Browser is the hash of the cookie of the browser that began.
	Browser   string    `json:"browser"`
	ReturnTo  string    `json:"return_to"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Begun is where to send the browser, and the cookie to give it. The cookie is HttpOnly, Secure and SameSite=Lax (the
// provider's answer is a navigation from another site) and is of no use after ExpiresAt.
type Begun struct {
	URL       string
	Cookie    string
	ExpiresAt time.Time
}

// Begin starts a visit. returnTo is a path of ours to come back to; anything else becomes "/". KindUnready where the
// provider cannot be reached.
func (p *Provider) Begin(ctx context.Context, returnTo string) (Begun, error) {
	found, err := p.provider(ctx)
	if err != nil {
		return Begun{}, err
	}
	var drawn [4]string
	for i := range drawn {
		if drawn[i], err = p.draw(); err != nil {
			return Begun{}, err
		}
	}
	state, cookie := drawn[0], drawn[1]
	v := visit{Nonce: drawn[2], Verifier: drawn[3], Browser: hashOf(cookie), ReturnTo: local(returnTo), ExpiresAt: time.UnixMilli(p.config.Clock().Add(visitLife).UnixMilli()).UTC()}
	body, err := store.Canonical(v)
	if err != nil {
		return Begun{}, err
	}
	draft := store.Draft{Kind: store.KindSignIn, ID: visitID(state), Body: body, Fields: store.Fields{"expires_at": store.Time(v.ExpiresAt)}}
	if _, err := p.store.Create(ctx, draft, store.Change{Who: "system:oidc", Action: "oidc.begin"}); err != nil {
		return Begun{}, err
	}
	address := p.oauth(found).AuthCodeURL(state, openid.Nonce(v.Nonce), oauth2.S256ChallengeOption(v.Verifier))
	return Begun{URL: address, Cookie: cookie, ExpiresAt: v.ExpiresAt}, nil
}

func visitID(state string) string { return "oidc_" + hashOf(state) }

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func (p *Provider) draw() (string, error) {
	p.randomTurn.Lock()
	defer p.randomTurn.Unlock()
	drawn := make([]byte, secretBytes)
	if _, err := io.ReadFull(p.config.Random, drawn); err != nil {
		return "", fmt.Errorf("oidc: no chance to draw from: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(drawn), nil
}

// local keeps a path of ours; browsers read "//host" and "/\host" as another site.
func local(path string) string {
	parsed, err := url.Parse(path)
	if err != nil || parsed.Scheme != "" || parsed.Host != "" || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") || len(path) > maxParameterBytes {
		return "/"
	}
	return path
}

// Callback is what the browser brings back from the provider, as parameters of the address.
type Callback struct {
	State, Code string
	// Error is the provider's refusal, Issuer who says so (RFC 9207); both may be missing.
	Error, Issuer string
	// Cookie is the cookie of Begin.
	Cookie string
}

// Finish ends a visit and begins a session, and says where to send the browser. Every refusal is kept as an event:
// KindUnauthenticated, or KindUnready where the provider cannot be reached.
func (p *Provider) Finish(ctx context.Context, callback Callback, origin people.Origin) (people.SignedIn, string, error) {
	external, returnTo, err := p.prove(ctx, callback)
	if err != nil {
		var told *refuse.Error
		if errors.As(err, &told) {
			event := people.Event{Action: people.ActionSignIn, Outcome: people.OutcomeRefused, Reason: told.Code}
			if lost := p.people.Audit(ctx, event, origin); lost != nil {
				return people.SignedIn{}, "", lost
			}
		}
		return people.SignedIn{}, "", err
	}
	in, err := p.people.SignInExternal(ctx, external, origin)
	return in, returnTo, err
}

func unproved(code, zh, en string) *refuse.Error {
	return refuse.New(refuse.KindUnauthenticated, code, zh+"，请重新登录", en+"; sign in again")
}

// prove redeems the code and checks everything that the provider says.
func (p *Provider) prove(ctx context.Context, callback Callback) (people.External, string, error) {
	v, err := p.leave(ctx, callback)
	if err != nil {
		return people.External{}, "", err
	}
	if callback.Error != "" || callback.Code == "" {
		return people.External{}, "", unproved("oidc_refused", "统一认证未予通过", "the OpenID provider did not agree")
	}
	found, err := p.provider(ctx)
	if err != nil {
		return people.External{}, "", err
	}
	ctx = openid.ClientContext(ctx, p.config.Client)
	tokens, err := p.oauth(found).Exchange(ctx, callback.Code, oauth2.VerifierOption(v.Verifier))
	if err != nil {
		return people.External{}, "", exchangeError(ctx, err)
	}
	raw, ok := tokens.Extra("id_token").(string)
	if !ok {
		return people.External{}, "", unproved("oidc_token", "统一认证未返回身份令牌", "the OpenID provider sent no ID token")
	}
	token, err := found.Verifier(&openid.Config{ClientID: p.config.ClientID, Now: p.config.Clock}).Verify(ctx, raw)
	if err != nil {
		return people.External{}, "", verifyError(ctx, err)
	}
	external, err := p.externalOf(token, v.Nonce)
	return external, v.ReturnTo, err
}

// leave takes the visit of a state out of the store, so that it ends once whoever brings the state.
func (p *Provider) leave(ctx context.Context, callback Callback) (visit, error) {
	refusal := unproved("oidc_state", "登录请求无效、已过期或已使用", "this sign-in is not known, has expired or was used already")
	if callback.State == "" || len(callback.State) > maxParameterBytes || len(callback.Code) > maxParameterBytes {
		return visit{}, refusal
	}
	record, err := p.store.Get(ctx, store.KindSignIn, visitID(callback.State))
	if errors.Is(err, store.ErrNotFound) {
		return visit{}, refusal
	}
	if err != nil {
		return visit{}, err
	}
	var v visit
	if err := json.Unmarshal(record.Body, &v); err != nil {
		return visit{}, fmt.Errorf("oidc: visit %s cannot be read: %w", record.ID, err)
	}
	// Somebody else's browser must not be signed in with this visit, nor end it.
	if subtle.ConstantTimeCompare([]byte(hashOf(callback.Cookie)), []byte(v.Browser)) != 1 {
		return visit{}, refusal
	}
	err = p.store.Delete(ctx, store.KindSignIn, record.ID, record.Version)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrConflict) {
		return visit{}, refusal
	}
	if err != nil {
		return visit{}, err
	}
	if !p.config.Clock().Before(v.ExpiresAt) || callback.Issuer != "" && callback.Issuer != p.config.Issuer {
		return visit{}, refusal
	}
	return v, nil
}

// exchangeError tells a code that is not good from a provider that is not there.
func exchangeError(ctx context.Context, err error) error {
	var answer *oauth2.RetrieveError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &answer) && answer.Response != nil && answer.Response.StatusCode < 500:
		return unproved("oidc_code", "统一认证授权码无效", "the OpenID provider does not take the code")
	}
	return unready(err)
}

// verifyError tells a token that is not good from keys that could not be fetched; the library says so in words only.
func verifyError(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case strings.Contains(err.Error(), "fetching keys"):
		return unready(err)
	}
	return fmt.Errorf("openid token: %w: %w", unproved("oidc_token", "统一认证返回的身份令牌无效", "the ID token of the OpenID provider is not valid"), err)
}

// claims are those of an ID token that the library does not check.
type claims struct {
	AuthorizedParty string `json:"azp"`
	Email           string `json:"email"`
	// EmailVerified is a truth value; some providers write it as text.
	EmailVerified any    `json:"email_verified"`
	Username      string `json:"preferred_username"`
}

// externalOf checks what the library leaves to its caller, the nonce and the authorized party, and takes the names.
func (p *Provider) externalOf(token *openid.IDToken, nonce string) (people.External, error) {
	refusal := unproved("oidc_token", "统一认证返回的身份令牌无效", "the ID token of the OpenID provider is not valid")
	var said claims
	if err := token.Claims(&said); err != nil {
		return people.External{}, refusal
	}
	if subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(nonce)) != 1 {
		return people.External{}, unproved("oidc_nonce", "身份令牌与本次登录不符", "the ID token belongs to another sign-in")
	}
	if said.AuthorizedParty != "" && said.AuthorizedParty != p.config.ClientID || said.AuthorizedParty == "" && len(token.Audience) > 1 {
		return people.External{}, refusal
	}
	external := people.External{Issuer: token.Issuer, Subject: token.Subject}
	for _, claim := range p.config.NameClaims {
		switch {
		case claim == NameClaimEmail && said.Email != "" && (said.EmailVerified == true || said.EmailVerified == "true"):
			external.Names = append(external.Names, said.Email)
		case claim == NameClaimUser && said.Username != "":
			external.Names = append(external.Names, said.Username)
		}
	}
	return external, nil
}
