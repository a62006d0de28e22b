package httpapi_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zutuan/api"
	"zutuan/internal/casework"
	"zutuan/internal/httpapi"
	"zutuan/internal/httpapi/apitest"
	"zutuan/internal/permit"
)

// Each refusal of each step before a handler, by status, code and points.

func TestWhatIsNotAsDescribedIsRefusedPointByPoint(t *testing.T) {
	f := newFixture(t)
	client := f.as(permit.RoleBureau)
	for name, c := range map[string]struct {
		request apitest.Request
		status  int
		code    string
		points  []string
	}{
		"broken JSON":                     {apitest.Request{Method: "POST", Path: "/api/v1/simulate", Body: "{\n \"requirement\": }"}, 400, "malformed", []string{"syntax"}},
		"text after the JSON":             {apitest.Request{Method: "POST", Path: "/api/v1/simulate", Body: `{"requirement":{}} x`}, 400, "malformed", []string{"syntax"}},
		"bytes that are no text":          {apitest.Request{Method: "POST", Path: "/api/v1/simulate", Body: "{\"requirement\":{\"a\xff\":1}}"}, 400, "malformed", []string{"encoding"}},
		"a list for an object":            {apitest.Request{Method: "POST", Path: "/api/v1/simulate", Body: `[]`}, 400, "malformed", []string{"type"}},
		"everything wrong at once":        {apitest.Request{Method: "POST", Path: "/api/v1/match", Body: `{"date":"30.6.2026","products":[""],"overrides":[{"region":"x"}],"requirment":1}`}, 400, "malformed", nil},
		"another letter case":             {apitest.Request{Method: "POST", Path: "/api/v1/simulate", Body: `{"Requirement":{}}`}, 400, "malformed", []string{"/Requirement unknown_key", "/requirement required"}},
		"null for an object":              {apitest.Request{Method: "POST", Path: "/api/v1/simulate", Body: `{"requirement":null}`}, 400, "malformed", []string{"/requirement nullable"}},
		"a number out of bounds":          {apitest.Request{Method: "POST", Path: "/api/v1/simulate", Body: `{"requirement":{},"quarters":161}`}, 400, "malformed", []string{"/quarters maximum"}},
		"a fraction for a count":          {apitest.Request{Method: "POST", Path: "/api/v1/simulate", Body: `{"requirement":{},"quarters":4.5}`}, 400, "malformed", []string{"/quarters type"}},
		"a word that is none of them":     {apitest.Request{Method: "POST", Path: "/api/v1/stress", Body: `{"requirement":{},"mode":"x"}`}, 400, "malformed", []string{"/mode enum"}},
		"no body":                         {apitest.Request{Method: "POST", Path: "/api/v1/simulate"}, 400, "malformed", []string{"required"}},
		"a body where none is taken":      {apitest.Request{Method: "GET", Path: "/api/v1/session", Body: `{}`}, 400, "malformed", []string{"unexpected_body"}},
		"another media type":              {apitest.Request{Method: "POST", Path: "/api/v1/simulate", Body: `a: 1`, Header: map[string]string{"Content-Type": "application/yaml"}}, 415, "media_type", nil},
		"no media type":                   {apitest.Request{Method: "POST", Path: "/api/v1/simulate", Body: `{}`, Header: map[string]string{"Content-Type": ""}}, 415, "media_type", nil},
		"a packed body":                   {apitest.Request{Method: "POST", Path: "/api/v1/simulate", Body: `{}`, Header: map[string]string{"Content-Encoding": "gzip"}}, 415, "content_encoding", nil},
		"a mistyped query parameter":      {apitest.Request{Method: "GET", Path: "/api/v1/jobs?limt=5"}, 400, "malformed", []string{"limt unknown_parameter"}},
		"a limit that is no number":       {apitest.Request{Method: "GET", Path: "/api/v1/jobs?limit=ten"}, 400, "malformed", []string{"limit type"}},
		"a limit beyond the largest":      {apitest.Request{Method: "GET", Path: "/api/v1/jobs?limit=501"}, 400, "malformed", []string{"limit maximum"}},
		"a parameter twice":               {apitest.Request{Method: "GET", Path: "/api/v1/jobs?limit=5&limit=6"}, 400, "malformed", []string{"limit repeated"}},
		"one of a list that is no state":  {apitest.Request{Method: "GET", Path: "/api/v1/jobs?status=done&status=x"}, 400, "malformed", []string{"status enum"}},
		"a broken escape in the query":    {apitest.Request{Method: "GET", Path: "/api/v1/jobs?after=%25zz"}, 422, "cursor", nil},
		"a day that is not in a calendar": {apitest.Request{Method: "GET", Path: "/api/v1/parameters?date=2026-02-30"}, 422, "date", []string{"date date"}},
		"a path that nobody has":          {apitest.Request{Method: "GET", Path: "/api/v2/jobs"}, 404, "no_such_path", nil},
		"a method that it does not take":  {apitest.Request{Method: "PATCH", Path: "/api/v1/jobs"}, 405, "method_not_allowed", nil},
	} {
		t.Run(name, func(t *testing.T) {
			c.request.Wrong = true
			answer := client.Do(c.request).Refused(c.status, c.code)
			if c.points != nil {
				if diff := cmp.Diff(c.points, answer.Points()); diff != "" {
					t.Errorf("points (-want +got):\n%s\n%s", diff, answer.Body)
				}
			}
		})
	}
	all := client.Do(apitest.Request{Method: "POST", Path: "/api/v1/match", Wrong: true, Body: `{"date":"30.6.2026","products":[""],"overrides":[{"region":"x"}],"requirment":1}`}).Points()
	for _, point := range []string{"/date pattern", "/products/0 minLength", "/overrides/0/parameter required", "/overrides/0/until required", "/requirment unknown_key", "/requirement required"} {
		if !slices.Contains(all, point) {
			t.Errorf("of everything wrong at once %q is not told; told were %q", point, all)
		}
	}
}

func TestProblemsOfDocumentsPointIntoTheBody(t *testing.T) {
	f := newFixture(t)
	client := f.as(permit.RoleBureau)
	body := sampleCase(t, "pingxiang")
	body["requirement"] = map[string]any{"schema": "zutuan/requirement/v1", "units": []any{map[string]any{"cod": "A"}}}
	body["ledger"] = map[string]any{"csv": "编号,债务人\n1,x\n"}
	body["fiscal"] = map[string]any{"yaer": 2025}
	points := client.Post("/api/v1/assess", body).Refused(422, "document").Points()
	for _, point := range []string{"/requirement/units/0/cod unknown_key", "/requirement/name missing", "/fiscal/yaer unknown_key"} {
		if !slices.Contains(points, point) {
			t.Errorf("%q is not told; told were %q", point, points)
		}
	}
	if !slices.ContainsFunc(points, func(point string) bool { return strings.HasPrefix(point, "/ledger/csv ") }) {
		t.Errorf("nothing points at the ledger: %q", points)
	}
	body = sampleCase(t, "pingxiang")
	body["products"], body["overrides"] = []string{"cdb-park-infrastructur"}, []any{map[string]any{"region": "GX", "parameter": "nope", "value": "1", "who": "w", "why": "y", "until": "2027-01-01"}}
	points = client.Post("/api/v1/match", body).Refused(422, "reference").Points()
	if diff := cmp.Diff([]string{"/products/0 unknown_name", "/overrides/0 override"}, points); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	client.Post("/api/v1/match", map[string]any{"requirement": body["requirement"], "ledger": map[string]any{}}).Refused(422, "document")
}

func TestWhoIsNobodyOrHasNoRightIsRefused(t *testing.T) {
	f := newFixture(t)
	f.client.Get("/api/v1/session").Refused(401, "unauthenticated")
	f.client.With("ztn_nonsense").Get("/api/v1/session").Refused(401, "token")
	f.client.Do(apitest.Request{Method: "GET", Path: "/api/v1/session", Header: map[string]string{"Authorization": "Basic eDp5"}}).Refused(401, "unauthenticated")
	f.client.Do(apitest.Request{Method: "GET", Path: "/api/v1/session", Header: map[string]string{"Cookie": "sid=zts_x"}}).Refused(401, "unauthenticated")
	f.client.Post("/api/v1/session", map[string]string{"name": "nobody", "password": "whatever-it-is"}).Expect(401)

	client := f.as(permit.RoleBureau)
	csrf := apitest.Request{Method: "DELETE", Path: "/api/v1/session", Header: map[string]string{"X-CSRF-Token": "wrong"}}
	client.Do(csrf).Refused(403, "csrf")
	client.Get("/api/v1/session").Expect(200)

	var made struct{ Secret string }
	client.Post("/api/v1/me/tokens", map[string]any{"name": "reader", "read_only": true, "expires_at": f.clock.Now().Add(24 * time.Hour)}).Expect(201).Into(&made)
	reader := client.With(made.Secret)
	reader.Get("/api/v1/session").Expect(200)
	reader.Delete("/api/v1/session").Refused(403, "read_only_token")
	reader.Post("/api/v1/simulate", map[string]any{"requirement": sampleCase(t, "pingxiang")["requirement"], "ledger": sampleCase(t, "pingxiang")["ledger"]}).Expect(200)
	client.Delete("/api/v1/session").Expect(204)
	client.Get("/api/v1/session").Refused(401, "unauthenticated")
}

func TestANewAccountChangesItsPasswordFirst(t *testing.T) {
	f := newFixture(t)
	name, given, _, err := f.people.Bootstrap(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	client := f.client.SignIn(name, given)
	client.Get("/api/v1/session").Expect(200)
	client.Get("/api/v1/jobs").Refused(403, "must_change_password")
	client.Put("/api/v1/me/password", map[string]string{"old": given, "new": "123"}, "").Refused(422, "password")
	client.Put("/api/v1/me/password", map[string]string{"old": given, "new": password}, "").Expect(204)
	client.Get("/api/v1/jobs").Expect(200)
}

// TestEveryOperationAsksTheTable walks every operation with every role: whom the table gives no scope is stopped at the
// first line, nobody else is.
func TestEveryOperationAsksTheTable(t *testing.T) {
	f := newFixture(t, func(c *httpapi.Config) {
		c.PerCaller, c.PerAddress = httpapi.Rate{PerSecond: 1e6, Burst: 1e6}, httpapi.Rate{PerSecond: 1e6, Burst: 1e6}
	})
	document, err := api.Document()
	if err != nil {
		t.Fatal(err)
	}
	clients := map[permit.Role]*apitest.Client{}
	for _, role := range permit.Roles {
		clients[role] = f.as(role)
	}
	for path, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			permission, _ := operation.Extensions["x-permission"].(string)
			if permission == "none" || operation.OperationID == "signOut" {
				continue
			}
			request := apitest.Request{Method: method, Path: strings.NewReplacer("{", "", "}", "").Replace(path) + "?nobody-knows-this", Wrong: true}
			f.client.Do(request).Expect(http.StatusUnauthorized)
			for role, client := range clients {
				// An allowed request is stopped one step later, by the query parameter that is not described.
				want := http.StatusBadRequest
				packs, _ := operation.Extensions["x-permission-packs"].(string)
				if permit.ScopeOf(role, permit.Operation(permission)) == permit.ScopeNone && permit.ScopeOf(role, permit.Operation(packs)) == permit.ScopeNone {
					want = http.StatusForbidden
				}
				if got := client.Do(request); got.Status() != want && got.Status() != http.StatusUnsupportedMediaType && got.Status() != http.StatusPreconditionRequired {
					t.Errorf("%s as %s: %d, want %d", operation.OperationID, role, got.Status(), want)
				}
			}
		}
	}
}

func TestTooManyRequestsAreToldWhenToComeBack(t *testing.T) {
	f := newFixture(t, func(c *httpapi.Config) { c.PerCaller = httpapi.Rate{PerSecond: 1, Burst: 3} })
	client := f.as(permit.RoleBureau) // the change of the password takes the first
	client.Get("/api/v1/session").Expect(200)
	client.Get("/api/v1/session").Expect(200)
	if after := client.Get("/api/v1/session").Refused(429, "too_many").Header("Retry-After"); after != "1" {
		t.Errorf("Retry-After %q", after)
	}
	f.clock.Move(time.Second)
	client.Get("/api/v1/session").Expect(200)
	client.Get("/api/v1/session").Refused(429, "too_many")

	f = newFixture(t, func(c *httpapi.Config) { c.PerAddress = httpapi.Rate{PerSecond: 1, Burst: 2} })
	f.client.Get("/api/v1/session").Expect(401)
	f.client.Get("/api/v1/session").Expect(401)
	f.client.Get("/api/v1/session").Refused(429, "too_many")
	f.client.Get("/healthz").Expect(200)
}

func TestWhatTakesTooLongIsStopped(t *testing.T) {
	f := newFixture(t, func(c *httpapi.Config) {
		c.TimeLimit = 30 * time.Millisecond
		c.Rules = func(ctx context.Context) (*casework.Desk, error) { <-ctx.Done(); return nil, ctx.Err() }
	})
	f.as(permit.RoleBureau).Get("/api/v1/parameters").Refused(504, "timed_out")
}

func TestFaultsTellNothingButTheirID(t *testing.T) {
	for name, broken := range map[string]func(context.Context) (*casework.Desk, error){
		"an error": func(context.Context) (*casework.Desk, error) { return nil, fmt.Errorf("secret of the database") },
		"a panic":  func(context.Context) (*casework.Desk, error) { panic("secret of the database") },
		"an unknown error": func(context.Context) (*casework.Desk, error) {
			return nil, fmt.Errorf("w: %w", fmt.Errorf("secret of the database"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, func(c *httpapi.Config) { c.Rules = broken })
			client := f.as(permit.RoleBureau)
			request := apitest.Request{Method: "GET", Path: "/api/v1/parameters", Header: map[string]string{"X-Request-Id": "trace-0123456789"}}
			answer := client.Do(request).Refused(500, "fault")
			if strings.Contains(string(answer.Body), "secret") || strings.Contains(string(answer.Body), "goroutine") {
				t.Errorf("told too much: %s", answer.Body)
			}
			if answer.Header("X-Request-Id") != "trace-0123456789" || !strings.Contains(f.log.String(), "secret of the database") || !strings.Contains(f.log.String(), "trace-0123456789") {
				t.Errorf("the log does not lead from the request's id to the cause:\n%s", f.log)
			}
			// The same inside a computation, which runs in a goroutine of its own.
			client.Post("/api/v1/simulate", map[string]any{"requirement": map[string]any{}}).Refused(500, "fault")
		})
	}
}

func TestRequestIDsThatCouldBreakALogAreReplaced(t *testing.T) {
	f := newFixture(t)
	for _, id := range []string{"short", "with blank in it", strings.Repeat("x", 65), "line\\nbreak-here"} {
		answer := f.client.Do(apitest.Request{Method: "GET", Path: "/healthz", Header: map[string]string{"X-Request-Id": id}})
		if got := answer.Header("X-Request-Id"); got == id || len(got) != 24 {
			t.Errorf("%q was answered by %q", id, got)
		}
	}
}

func TestTheDetailSpeaksTheReadersLanguage(t *testing.T) {
	f := newFixture(t)
	for header, want := range map[string]string{"": "请登录，或带上访问令牌（Authorization: Bearer …）", "en-GB": "sign in, or send an access token (Authorization: Bearer …)",
		"zh;q=0.5, en;q=0.9": "sign in, or send an access token (Authorization: Bearer …)", "fr": "请登录，或带上访问令牌（Authorization: Bearer …）",
		"en;q=0, fr": "请登录，或带上访问令牌（Authorization: Bearer …）"} {
		var problem struct{ Detail string }
		f.client.Do(apitest.Request{Method: "GET", Path: "/api/v1/session", Header: map[string]string{"Accept-Language": header}}).Expect(401).Into(&problem)
		if problem.Detail != want {
			t.Errorf("%q: %s", header, problem.Detail)
		}
	}
}

func TestBodiesBeyondTheBoundAreRefused(t *testing.T) {
	f := newFixture(t)
	f.as(permit.RoleBureau).Do(apitest.Request{Method: "PUT", Path: "/api/v1/me/password", Body: `{"old":"` + strings.Repeat("x", 1<<20) + `"}`, Wrong: true}).Refused(413, "too_large")
}

func TestEveryAnswerCarriesItsSecurityHeaders(t *testing.T) {
	f := newFixture(t)
	for _, path := range []string{"/healthz", "/api/v1/session", "/nowhere", "/api"} {
		answer := f.client.Do(apitest.Request{Method: "GET", Path: path, Wrong: true})
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"} {
			if got := answer.Header(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		if policy := answer.Header("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s: policy %q", path, policy)
		}
	}
}
