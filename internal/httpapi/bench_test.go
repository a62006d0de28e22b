package httpapi_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gofiber/fiber/v2"

	"zutuan/internal/httpapi"
	"zutuan/internal/permit"
)

// BenchmarkRequest is what the steps before a handler cost, beside a bare Fiber that answers the same bytes.
func BenchmarkRequest(b *testing.B) {
	f := newFixture(b, func(c *httpapi.Config) {
		c.PerCaller, c.PerAddress = httpapi.Rate{PerSecond: 1e9, Burst: 1e9}, httpapi.Rate{PerSecond: 1e9, Burst: 1e9}
	})
	token := bearer(b, f, permit.RoleBureau)
	text, err := json.Marshal(sampleCase(b, "pingxiang"))
	if err != nil {
		b.Fatal(err)
	}
	bare := fiber.New()
	bare.Get("/healthz", func(c *fiber.Ctx) error { return c.JSON(map[string]string{"status": "ok"}) })
	send := func(b *testing.B, app *fiber.App, method, path string, body []byte) {
		b.ReportAllocs()
		for b.Loop() {
			request := httptest.NewRequest(method, path, bytes.NewReader(body))
			request.Header.Set("Authorization", "Bearer "+token)
			if body != nil {
				request.Header.Set("Content-Type", "application/json")
			}
			response, err := app.Test(request, -1)
			if err != nil || response.StatusCode != http.StatusOK {
				b.Fatalf("%v %v", err, response)
			}
			_, _ = io.Copy(io.Discard, response.Body)
		}
	}
	b.Run("bare fiber", func(b *testing.B) { send(b, bare, "GET", "/healthz", nil) })
	b.Run("public", func(b *testing.B) { send(b, f.server.App(), "GET", "/healthz", nil) })
	b.Run("identified", func(b *testing.B) { send(b, f.server.App(), "GET", "/api/v1/session", nil) })
	b.Run("simulate", func(b *testing.B) {
		var body map[string]json.RawMessage
		if err := json.Unmarshal(text, &body); err != nil {
			b.Fatal(err)
		}
		simulated, err := json.Marshal(map[string]json.RawMessage{"requirement": body["requirement"], "ledger": body["ledger"]})
		if err != nil {
			b.Fatal(err)
		}
		send(b, f.server.App(), "POST", "/api/v1/simulate", simulated)
	})
	b.Run("assess", func(b *testing.B) { send(b, f.server.App(), "POST", "/api/v1/assess", text) })
}
