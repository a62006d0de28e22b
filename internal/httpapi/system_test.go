package httpapi_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"zutuan/api"
	"zutuan/internal/casework"
	"zutuan/internal/httpapi"
	"zutuan/internal/httpapi/apitest"
	"zutuan/internal/permit"
)

func TestProbesSayWhatIsReady(t *testing.T) {
	f := newFixture(t, func(c *httpapi.Config) { c.Solver = slow{} })
	f.client.Get("/healthz").Expect(200)
	var answer struct {
		Ready bool
		Parts []struct {
			Name  string
			Ready bool
		}
	}
	f.client.Get("/readyz").Expect(200).Into(&answer)
	if !answer.Ready || len(answer.Parts) != 4 || answer.Parts[3].Name != "solver" || answer.Parts[3].Ready {
		t.Errorf("%+v", answer)
	}
	if err := f.store.Close(); err != nil {
		t.Fatal(err)
	}
	f.client.Get("/readyz").Expect(503).Into(&answer)
	broken := newFixture(t, func(c *httpapi.Config) {
		c.Rules = func(context.Context) (*casework.Desk, error) { return nil, context.DeadlineExceeded }
	})
	broken.client.Get("/readyz").Expect(503)
}

func TestTheDescriptionIsServedAsItIs(t *testing.T) {
	f := newFixture(t)
	answer := f.client.Get("/api/openapi.yaml").Expect(200)
	if !bytes.Equal(answer.Body, api.OpenAPI) {
		t.Error("what is served differs from the file")
	}
	again := apitest.Request{Method: "GET", Path: "/api/openapi.yaml", Header: map[string]string{"If-None-Match": answer.ETag()}}
	f.client.Do(again).Expect(304)
	document, err := api.Document()
	if err != nil {
		t.Fatal(err)
	}
	text := string(f.client.Get("/api").Expect(200).Body)
	for _, item := range document.Paths.Map() {
		for _, operation := range item.Operations() {
			if !strings.Contains(text, `id="`+operation.OperationID+`"`) {
				t.Errorf("the page lacks %s", operation.OperationID)
			}
		}
	}
	for _, foreign := range []string{"http://", "https://", "<script", "ZgotmplZ"} {
		if strings.Contains(text, foreign) {
			t.Errorf("the page has %q", foreign)
		}
	}
}

func TestMetricsCountRequestsAndStoreCalls(t *testing.T) {
	metrics := httpapi.NewMetrics()
	f := newFixture(t, func(c *httpapi.Config) { c.Metrics, c.Store = metrics, metrics.CountStore(c.Store) })
	f.as(permit.RoleBureau).Get("/api/v1/session").Expect(200)
	f.client.Get("/readyz").Expect(200)
	text := string(f.client.Get("/metrics").Expect(200).Body)
	for _, line := range []string{`zutuan_http_request_seconds_count{method="GET",operation="currentSession",status="200"} 1`, `zutuan_http_in_flight 1`, `operation="signIn",status="201"`} {
		if !strings.Contains(text, line) {
			t.Errorf("metrics lack %s", line)
		}
	}
}

func TestRulesAreRead(t *testing.T) {
	f := newFixture(t)
	client := f.as(permit.RoleObserver)
	var facts struct{ Facts []struct{ Name string } }
	client.Get("/api/v1/facts?group=fiscal&date=2026-06-30").Expect(200).Into(&facts)
	if len(facts.Facts) == 0 || !strings.HasPrefix(facts.Facts[0].Name, "fiscal.") {
		t.Errorf("%+v", facts)
	}
	client.Get("/api/v1/facts").Expect(200)
	client.Get("/api/v1/facts?group=nothing").Refused(422, "group")
	client.Get("/api/v1/parameters").Expect(200)
	client.Get("/api/v1/documents").Expect(200)
}
