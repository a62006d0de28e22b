package oidc

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zutuan/internal/people"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
	"zutuan/internal/store/sqlite"
)

var home = people.Origin{Address: "10.0.0.7", UserAgent: "test"}

const (
	clientID     = "zutuan"
	clientSecret = "the secret of the client"
	callbackURL  = "https://zutuan.example.cn/api/v1/session/oidc/callback"
)

// key is the provider's, foreign somebody else's.
var key, foreign = newKey(), newKey()

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

// issuer is a small OpenID provider. It knows one person, whose claims a test may bend.
type issuer struct {
	t      *testing.T
	server *httptest.Server
	clock  func() time.Time
	// down makes discovery fail, keysDown the fetching of keys.
	down, keysDown atomic.Bool
	discoveries    atomic.Int64

	turn sync.Mutex
	// codes are those not yet redeemed, with what the client sent when it asked for them.
	codes map[string]url.Values
	// claims are beside those that every token has; bend changes the whole, signer signs.
	claims map[string]any
	bend   func(map[string]any)
	signer *rsa.PrivateKey
}

func newIssuer(t *testing.T, clock func() time.Time) *issuer {
	i := &issuer{t: t, clock: clock, codes: map[string]url.Values{}, signer: key,
		claims: map[string]any{"sub": "person-1", "email": "li@gov.example.cn", "email_verified": true, "preferred_username": "li.ming"}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.discovery)
	mux.HandleFunc("GET /keys", i.keys)
	mux.HandleFunc("POST /token", i.token)
	i.server = httptest.NewServer(mux)
	t.Cleanup(i.server.Close)
	return i
}

func (i *issuer) discovery(w http.ResponseWriter, _ *http.Request) {
	i.discoveries.Add(1)
	if i.down.Load() {
		http.Error(w, "down", http.StatusServiceUnavailable)
		return
	}
	answer(w, http.StatusOK, map[string]any{"issuer": i.server.URL, "authorization_endpoint": i.server.URL + "/authorize", "token_endpoint": i.server.URL + "/token",
		"jwks_uri": i.server.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"}})
}

func (i *issuer) keys(w http.ResponseWriter, _ *http.Request) {
	if i.keysDown.Load() {
		http.Error(w, "down", http.StatusServiceUnavailable)
		return
	}
	encode := base64.RawURLEncoding.EncodeToString
	answer(w, http.StatusOK, map[string]any{"keys": []any{map[string]any{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1",
		"n": encode(key.N.Bytes()), "e": encode(big.NewInt(int64(key.E)).Bytes())}}})
}

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

// authorize is the person agreeing at the provider's page: it checks what the client asks and gives the callback.
func (i *issuer) authorize(address string) Callback {
	i.t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		i.t.Fatal(err)
	}
	asked := parsed.Query()
	for name, want := range map[string]string{"client_id": clientID, "redirect_uri": callbackURL, "response_type": "code", "scope": "openid profile email", "code_challenge_method": "S256"} {
		if asked.Get(name) != want {
			i.t.Fatalf("%s is %q, want %q", name, asked.Get(name), want)
		}
	}
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if len(asked.Get(name)) < 43 {
			i.t.Fatalf("%s %q has less than 256 bits", name, asked.Get(name))
		}
	}
	i.turn.Lock()
	defer i.turn.Unlock()
	code := "code for " + asked.Get("state")
	i.codes[code] = asked
	return Callback{State: asked.Get("state"), Code: code, Issuer: i.server.URL}
}

// token redeems a code once, from the client that asked, who knows the secret of PKCE.
func (i *issuer) token(w http.ResponseWriter, r *http.Request) {
	i.turn.Lock()
	defer i.turn.Unlock()
	asked, ok := i.codes[r.FormValue("code")]
	delete(i.codes, r.FormValue("code"))
	id, secret, _ := r.BasicAuth()
	secret, _ = url.QueryUnescape(secret)
	challenge := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if !ok || id != clientID || secret != clientSecret || base64.RawURLEncoding.EncodeToString(challenge[:]) != asked.Get("code_challenge") || r.FormValue("redirect_uri") != callbackURL {
		answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
		return
	}
	now := i.clock()
	said := map[string]any{"iss": i.server.URL, "aud": clientID, "nonce": asked.Get("nonce"), "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
	for name, value := range i.claims {
		said[name] = value
	}
	if i.bend != nil {
		i.bend(said)
	}
	answer(w, http.StatusOK, map[string]any{"access_token": "unused", "token_type": "Bearer", "id_token": sign(i.t, said, i.signer)})
}

func sign(t *testing.T, said map[string]any, key *rsa.PrivateKey) string {
	body, err := json.Marshal(said)
	if err != nil {
		t.Error(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"alg":"RS256","kid":"1","typ":"JWT"}`)) + "." + encode(body)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Error(err)
	}
	return text + "." + encode(signature)
}

// scene is the service, its provider and an admin.
type scene struct {
	t     *testing.T
	ctx   context.Context
	at    atomic.Int64
	store *faulty
	*people.People
	issuer   *issuer
	provider *Provider
	admin    permit.Actor
}

func (s *scene) now() time.Time             { return time.UnixMilli(s.at.Load()).UTC() }
func (s *scene) advance(step time.Duration) { s.at.Add(step.Milliseconds()) }

// faulty is a store whose writes fail when it is told so.
type faulty struct {
	store.Store
	broken atomic.Bool
}

var errDisk = errors.New("the disk is gone")

func (f *faulty) Get(ctx context.Context, kind, id string) (store.Record, error) {
	if f.broken.Load() {
		return store.Record{}, errDisk
	}
	return f.Store.Get(ctx, kind, id)
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{t: t, ctx: context.Background(), admin: permit.SystemActor("test")}
	s.at.Store(time.Date(2026, 6, 30, 1, 0, 0, 0, time.UTC).UnixMilli())
	var kinds []store.Kind
	for _, kind := range store.Kinds() {
		switch kind.Name {
		case store.KindUser, store.KindPassword, store.KindSignIn, store.KindSession, store.KindAudit:
			kinds = append(kinds, kind) // A database of few tables is made quickly.
		}
	}
	kept, err := sqlite.Open(s.ctx, sqlite.Config{Path: filepath.Join(t.TempDir(), "zutuan.db"), Kinds: kinds, Clock: s.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
	s.store = &faulty{Store: kept}
	tree := permit.NewTree(map[string]string{"451481": ""})
	s.People = people.New(s.store, people.Options{Clock: s.now, Tree: func() *permit.Tree { return tree }, HashCost: people.Cost{MemoryKiB: 8, Passes: 1, Lanes: 1}})
	s.issuer = newIssuer(t, s.now)
	s.provider = s.newProvider(nil)
	return s
}

func (s *scene) newProvider(claims []NameClaim) *Provider {
	s.t.Helper()
	provider, err := New(s.People, s.store, Config{Issuer: s.issuer.server.URL, ClientID: clientID, ClientSecret: clientSecret, RedirectURL: callbackURL, NameClaims: claims, Clock: s.now})
	if err != nil {
		s.t.Fatal(err)
	}
	return provider
}

// waiting makes an account that waits for a name of the provider.
func (s *scene) waiting(name, oidcName string) people.User {
	s.t.Helper()
	made, err := s.CreateUser(s.ctx, s.admin, people.NewUser{Name: name, Role: permit.RoleBureau, Region: "451481", OIDCName: oidcName, WithoutPassword: true})
	if err != nil {
		s.t.Fatal(err)
	}
	return made.User
}

// visit goes to the provider and comes back, as one browser.
func (s *scene) visit(returnTo string) Callback {
	s.t.Helper()
	begun, err := s.provider.Begin(s.ctx, returnTo)
	if err != nil {
		s.t.Fatal(err)
	}
	callback := s.issuer.authorize(begun.URL)
	callback.Cookie = begun.Cookie
	return callback
}

func refusal(t *testing.T, err error, kind refuse.Kind, code string) {
	t.Helper()
	var told *refuse.Error
	if !errors.As(err, &told) || told.Kind != kind || told.Code != code {
		t.Fatalf("got %v, want a refusal %s %s", err, kind, code)
	}
}

func TestSomebodySignsInThroughTheProvider(t *testing.T) {
	s := newScene(t)
	user := s.waiting("li", "LI@gov.example.cn")
	in, returnTo, err := s.provider.Finish(s.ctx, s.visit("/plans?region=451481"), home)
	if err != nil || returnTo != "/plans?region=451481" || in.Identity.Actor.User != user.ID || in.Identity.Method != people.MethodOIDC {
		t.Fatalf("%+v, %q, %v", in, returnTo, err)
	}
	if identity, err := s.Identify(s.ctx, people.FromCookie(in.Secret)); err != nil || identity.Actor.Region != "451481" {
		t.Fatalf("%+v, %v", identity, err)
	}
	// From now on the subject counts, whatever the person is called there.
	s.issuer.claims["email"], s.issuer.claims["preferred_username"] = "ming@gov.example.cn", "ming"
	if in, _, err = s.provider.Finish(s.ctx, s.visit("/"), home); err != nil || in.Identity.Actor.User != user.ID {
		t.Fatalf("%+v, %v", in, err)
	}
	// And whoever is called so later is somebody else.
	s.issuer.claims = map[string]any{"sub": "person-2", "email": "li@gov.example.cn", "email_verified": true}
	_, _, err = s.provider.Finish(s.ctx, s.visit("/"), home)
	refusal(t, err, refuse.KindUnauthenticated, "no_account")
}

func TestWhatTheProviderSaysIsChecked(t *testing.T) {
	for _, c := range []struct {
		name string
		bend func(said map[string]any)
		code string
	}{
		{"a nonce of another visit", func(said map[string]any) { said["nonce"] = strings.Repeat("A", 43) }, "oidc_nonce"},
		{"no nonce", func(said map[string]any) { delete(said, "nonce") }, "oidc_nonce"},
		{"a token for another client", func(said map[string]any) { said["aud"] = "another" }, "oidc_token"},
		{"a token for several clients that does not say for whom it was made", func(said map[string]any) { said["aud"] = []string{clientID, "another"} }, "oidc_token"},
		{"a token that was made for another client", func(said map[string]any) { said["azp"] = "another" }, "oidc_token"},
		{"another issuer", func(said map[string]any) { said["iss"] = "https://elsewhere.example.cn" }, "oidc_token"},
		{"an expired token", func(said map[string]any) { said["exp"] = said["iat"].(int64) - 1 }, "oidc_token"},
		{"no subject", func(said map[string]any) { said["sub"] = "" }, "no_account"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t)
			s.waiting("li", "li@gov.example.cn")
			s.issuer.bend = c.bend
			_, _, err := s.provider.Finish(s.ctx, s.visit("/"), home)
			refusal(t, err, refuse.KindUnauthenticated, c.code)
			page, err := s.Events(s.ctx, s.admin, people.EventQuery{})
			if err != nil || len(page.Events) != 1 || page.Events[0].Outcome != people.OutcomeRefused || page.Events[0].Reason != c.code {
				t.Fatalf("%+v, %v", page, err)
			}
		})
	}
}

func TestAForeignSignatureIsRefused(t *testing.T) {
	s := newScene(t)
	s.waiting("li", "li@gov.example.cn")
	s.issuer.signer = foreign
	_, _, err := s.provider.Finish(s.ctx, s.visit("/"), home)
	refusal(t, err, refuse.KindUnauthenticated, "oidc_token")
}

func TestAVisitEndsOnceInTheBrowserThatBeganIt(t *testing.T) {
	s := newScene(t)
	s.waiting("li", "li@gov.example.cn")
	other := s.visit("/")
	for _, c := range []struct {
		name string
		bend func(*Callback)
	}{
		{"another browser", func(c *Callback) { c.Cookie = other.Cookie }},
		{"no cookie", func(c *Callback) { c.Cookie = "" }},
		{"a state that nobody began", func(c *Callback) { c.State += "x" }},
		{"no state", func(c *Callback) { c.State = "" }},
		{"another provider's answer", func(c *Callback) { c.Issuer = "https://elsewhere.example.cn" }},
	} {
		callback := s.visit("/")
		c.bend(&callback)
		_, _, err := s.provider.Finish(s.ctx, callback, home)
		t.Run(c.name, func(t *testing.T) { refusal(t, err, refuse.KindUnauthenticated, "oidc_state") })
	}

	callback := s.visit("/")
	foreignBrowser := callback
	foreignBrowser.Cookie = other.Cookie
	_, _, err := s.provider.Finish(s.ctx, foreignBrowser, home)
	refusal(t, err, refuse.KindUnauthenticated, "oidc_state")
	if _, _, err := s.provider.Finish(s.ctx, callback, home); err != nil {
		t.Fatalf("another browser has ended the visit: %v", err)
	}
	_, _, err = s.provider.Finish(s.ctx, callback, home)
	refusal(t, err, refuse.KindUnauthenticated, "oidc_state")

	late := s.visit("/")
	s.advance(visitLife)
	_, _, err = s.provider.Finish(s.ctx, late, home)
	refusal(t, err, refuse.KindUnauthenticated, "oidc_state")
}

func TestACodeThatIsNotGoodOrARefusalAtTheProviderEndsTheVisit(t *testing.T) {
	s := newScene(t)
	s.waiting("li", "li@gov.example.cn")
	guessed := s.visit("/")
	guessed.Code = "guessed"
	_, _, err := s.provider.Finish(s.ctx, guessed, home)
	refusal(t, err, refuse.KindUnauthenticated, "oidc_code")

	denied := s.visit("/")
	denied.Code, denied.Error = "", "access_denied"
	_, _, err = s.provider.Finish(s.ctx, denied, home)
	refusal(t, err, refuse.KindUnauthenticated, "oidc_refused")
}

// A code that was stolen from another visit cannot be redeemed in one's own: PKCE binds it to the visit it was given in.
func TestACodeBelongsToItsVisit(t *testing.T) {
	s := newScene(t)
	s.waiting("li", "li@gov.example.cn")
	victim, mine := s.visit("/"), s.visit("/")
	mine.Code = victim.Code
	_, _, err := s.provider.Finish(s.ctx, mine, home)
	refusal(t, err, refuse.KindUnauthenticated, "oidc_code")
}

func TestOnlyAnActiveAccountThatWaitsIsClaimed(t *testing.T) {
	disabled := people.StatusDisabled
	for _, c := range []struct {
		name   string
		set    func(s *scene)
		claims map[string]any
		known  []NameClaim
		ok     bool
	}{
		{name: "nobody waits", set: func(*scene) {}},
		{name: "by e-mail address", set: func(s *scene) { s.waiting("li", "li@gov.example.cn") }, ok: true},
		{name: "by user name", set: func(s *scene) { s.waiting("li", "li.ming") }, ok: true},
		{name: "by e-mail address where only that is trusted", set: func(s *scene) { s.waiting("li", "li@gov.example.cn") }, known: []NameClaim{NameClaimEmail}, ok: true},
		{name: "by user name where it is not trusted", set: func(s *scene) { s.waiting("li", "li.ming") }, known: []NameClaim{NameClaimEmail}},
		{name: "by an address that the provider has not verified", set: func(s *scene) { s.waiting("li", "li@gov.example.cn") }, claims: map[string]any{"email_verified": false}},
		{name: "by an address that is verified in a text", set: func(s *scene) { s.waiting("li", "li@gov.example.cn") }, claims: map[string]any{"email_verified": "true"}, ok: true},
		{name: "the account's own name does not count", set: func(s *scene) { s.waiting("li.ming", "") }},
		{name: "two accounts wait for one person", set: func(s *scene) { s.waiting("li", "li@gov.example.cn"); s.waiting("ming", "li.ming") }},
		{name: "a disabled account", set: func(s *scene) {
			user := s.waiting("li", "li@gov.example.cn")
			if _, err := s.UpdateUser(s.ctx, s.admin, user.ID, user.Version, people.UserChange{Status: &disabled}); err != nil {
				s.t.Fatal(err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t)
			s.provider = s.newProvider(c.known)
			c.set(s)
			for name, value := range c.claims {
				s.issuer.claims[name] = value
			}
			_, _, err := s.provider.Finish(s.ctx, s.visit("/"), home)
			if c.ok {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			refusal(t, err, refuse.KindUnauthenticated, "no_account")
		})
	}
}

func TestADisabledAccountThatIsTiedIsRefused(t *testing.T) {
	s := newScene(t)
	s.waiting("li", "li@gov.example.cn")
	in, _, err := s.provider.Finish(s.ctx, s.visit("/"), home)
	if err != nil {
		t.Fatal(err)
	}
	user, err := s.User(s.ctx, s.admin, in.Identity.Actor.User)
	if err != nil || !user.OIDCLinked {
		t.Fatalf("%+v, %v", user, err)
	}
	disabled := people.StatusDisabled
	if _, err := s.UpdateUser(s.ctx, s.admin, user.ID, user.Version, people.UserChange{Status: &disabled}); err != nil {
		t.Fatal(err)
	}
	_, _, err = s.provider.Finish(s.ctx, s.visit("/"), home)
	refusal(t, err, refuse.KindUnauthenticated, "no_account")
	_, err = s.Identify(s.ctx, people.FromCookie(in.Secret))
	refusal(t, err, refuse.KindUnauthenticated, "unauthenticated")
}

func TestAProviderThatIsDownIsTriedAgain(t *testing.T) {
	s := newScene(t)
	s.waiting("li", "li@gov.example.cn")
	s.issuer.down.Store(true)
	for range 3 {
		_, err := s.provider.Begin(s.ctx, "/")
		refusal(t, err, refuse.KindUnready, "oidc_unready")
	}
	if got := s.issuer.discoveries.Load(); got != 1 {
		t.Fatalf("asked %d times in one moment, want once", got)
	}
	s.issuer.down.Store(false)
	s.advance(retryAfter)
	if _, _, err := s.provider.Finish(s.ctx, s.visit("/"), home); err != nil {
		t.Fatal(err)
	}
	if got := s.issuer.discoveries.Load(); got != 2 {
		t.Fatalf("asked %d times, want twice", got)
	}
}

func TestKeysThatCannotBeFetchedAreNotTheFaultOfThePerson(t *testing.T) {
	s := newScene(t)
	s.waiting("li", "li@gov.example.cn")
	s.issuer.keysDown.Store(true)
	_, _, err := s.provider.Finish(s.ctx, s.visit("/"), home)
	refusal(t, err, refuse.KindUnready, "oidc_unready")
	s.issuer.keysDown.Store(false)
	if _, _, err := s.provider.Finish(s.ctx, s.visit("/"), home); err != nil {
		t.Fatal(err)
	}
}

func TestAStoreThatFailsIsAFaultNotARefusal(t *testing.T) {
	s := newScene(t)
	callback := s.visit("/")
	s.store.broken.Store(true)
	_, _, err := s.provider.Finish(s.ctx, callback, home)
	var told *refuse.Error
	if !errors.Is(err, errDisk) || errors.As(err, &told) {
		t.Fatalf("got %v", err)
	}
}

func TestBrowsersAreSentBackToOurselvesOnly(t *testing.T) {
	for path, want := range map[string]string{
		"/": "/", "": "/", "/plans?x=1#y": "/plans?x=1#y", "https://elsewhere.example.cn/": "/", "//elsewhere.example.cn/": "/", `/\elsewhere.example.cn`: "/",
		"plans": "/", "javascript:alert(1)": "/", "/a\r\nSet-Cookie: x": "/", "/" + strings.Repeat("a", maxParameterBytes): "/",
	} {
		if got := local(path); got != want {
			t.Errorf("%q leads to %q, want %q", path, got, want)
		}
	}
}

func TestSettingsAreRefusedAllAtOnce(t *testing.T) {
	_, err := New(nil, nil, Config{Issuer: "http://id.example.cn", RedirectURL: "callback", NameClaims: []NameClaim{"phone"}})
	if err == nil {
		t.Fatal("taken")
	}
	for _, want := range []string{`issuer "http://id.example.cn": want https`, `redirect URL "callback"`, "client id: missing", `name claim "phone"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name %q", err, want)
		}
	}
	if _, err := New(nil, nil, Config{Issuer: "http://127.0.0.1:8080", ClientID: "x", RedirectURL: "http://localhost/callback"}); err != nil {
		t.Error(err)
	}
}
