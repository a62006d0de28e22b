package httpapi_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"zutuan/internal/httpapi"
	"zutuan/internal/httpapi/apitest"
	"zutuan/internal/people"
	"zutuan/internal/people/oidc"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
)

// visits stands for a provider; what really happens there is tested beside package oidc.
type visits struct {
	people *people.People
	seen   oidc.Callback
}

func (v *visits) Begin(_ context.Context, returnTo string) (oidc.Begun, error) {
	return oidc.Begun{URL: "https://id.example.cn/authorize?return=" + returnTo, Cookie: "of-this-browser", ExpiresAt: time.Now().Add(time.Minute)}, nil
}

func (v *visits) Finish(ctx context.Context, callback oidc.Callback, origin people.Origin) (people.SignedIn, string, error) {
	v.seen = callback
	if callback.Error != "" {
		return people.SignedIn{}, "", refuse.New(refuse.KindUnauthenticated, "oidc_refused", "未予通过", "refused")
	}
	in, err := v.people.SignInExternal(ctx, people.External{Issuer: "https://id.example.cn", Subject: "s", Names: []string{"zhang@example.cn"}}, origin)
	return in, "/plans", err
}

func TestSigningInThroughOpenID(t *testing.T) {
	provider := &visits{}
	f := newFixture(t, func(c *httpapi.Config) { provider.people, c.OpenID = c.People, provider })
	input := people.NewUser{Name: "zhang", Role: permit.RoleBureau, Region: "GX-PX", OIDCName: "zhang@example.cn", WithoutPassword: true, Reason: "t"}
	if _, err := f.people.CreateUser(context.Background(), permit.SystemActor("test"), input); err != nil {
		t.Fatal(err)
	}
	begun := f.client.Get("/api/v1/session/oidc?return_to=/plans").Expect(302)
	if begun.Header("Location") != "https://id.example.cn/authorize?return=/plans" || !strings.HasPrefix(begun.Header("Set-Cookie"), "oidc=of-this-browser;") {
		t.Errorf("sent to %q with %q", begun.Header("Location"), begun.Header("Set-Cookie"))
	}
	back := apitest.Request{Method: "GET", Path: "/api/v1/session/oidc/callback?state=a&code=b&session_state=added-by-the-provider", Header: map[string]string{"Cookie": "oidc=of-this-browser"}, Wrong: true}
	finished := f.client.Do(back).Expect(302)
	if finished.Header("Location") != "/plans" || provider.seen != (oidc.Callback{State: "a", Code: "b", Cookie: "of-this-browser"}) {
		t.Errorf("back to %q after %+v", finished.Header("Location"), provider.seen)
	}
	var secret string
	for _, cookie := range (&http.Response{Header: http.Header{"Set-Cookie": finished.Headers("Set-Cookie")}}).Cookies() {
		switch {
		case cookie.Name == "sid":
			secret = cookie.Value
			if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" {
				t.Errorf("the session's cookie is %v", cookie)
			}
		case cookie.Name == "oidc" && cookie.Value != "":
			t.Errorf("the visit's cookie stays: %v", cookie)
		}
	}
	session := apitest.Request{Method: "GET", Path: "/api/v1/session", Header: map[string]string{"Cookie": "sid=" + secret}}
	f.client.Do(session).Expect(200)
	f.client.Get("/api/v1/session/oidc/callback?state=a&error=access_denied").Refused(401, "oidc_refused")
	newFixture(t).client.Get("/api/v1/session/oidc").Refused(404, "no_openid")
}

func TestCookiesBehindTLSAreBoundToTheHost(t *testing.T) {
	f := newFixture(t, func(c *httpapi.Config) { c.TrustedProxies = []string{"0.0.0.0"} })
	name, given, _, err := f.people.Bootstrap(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	sign := apitest.Request{Method: "POST", Path: "/api/v1/session", Body: map[string]string{"name": name, "password": given}, Header: map[string]string{"X-Forwarded-Proto": "https"}}
	answer := f.client.Do(sign).Expect(201)
	if cookie := answer.Header("Set-Cookie"); !strings.HasPrefix(cookie, "__Host-sid=") || !strings.Contains(strings.ToLower(cookie), "secure") || !strings.Contains(cookie, "path=/") {
		t.Errorf("cookie %q", cookie)
	}
	if answer.Header("Strict-Transport-Security") == "" {
		t.Error("no Strict-Transport-Security over https")
	}
	// From a proxy that is not trusted the header means nothing.
	plain := newFixture(t)
	if got := plain.client.Do(apitest.Request{Method: "GET", Path: "/healthz", Header: map[string]string{"X-Forwarded-Proto": "https"}}); got.Header("Strict-Transport-Security") != "" {
		t.Error("anybody may claim https")
	}
}
