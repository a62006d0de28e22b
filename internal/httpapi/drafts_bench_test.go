package httpapi_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"zutuan/internal/permit"
)

// BenchmarkTyping asks what an editor asks with every pause in typing, over HTTP and with everything that stands before a
// handler, about the park loan of 24 rules and 84 tests. Asked for is less than 50 ms each.
//
// Baseline, two cores with others at work on them: check/sound 16 ms, check/broken 13 ms, complete 1 ms, hover 4 ms,
// verdict/one 18 ms, verdict/four 20 ms.
func BenchmarkTyping(b *testing.B) {
	d := newDesk(b)
	liaison := d.person(b, "liaison", permit.RoleLiaison, "cdb")
	var token struct{ Secret string }
	liaison.Post("/api/v1/me/tokens", map[string]any{"name": "bench", "expires_at": d.clock.Now().Add(24 * time.Hour)}).Expect(201).Into(&token)
	text := begin(liaison, parkLoan+"@1").Text
	typed := map[string]any{"type": "product", "text": text, "line": 130, "column": 20}
	for name, ask := range map[string]struct {
		path string
		body map[string]any
	}{
		"check/sound":  {"check", map[string]any{"type": "product", "text": text}},
		"check/broken": {"check", map[string]any{"type": "product", "text": strings.Replace(text, "need.capital_ratio >=", "need.capital_ratoi >=", 1)}},
		"complete":     {"complete", typed},
		"hover":        {"hover", typed},
		"verdict/one":  {"verdict", map[string]any{"text": text, "samples": []string{"pingxiang"}}},
		"verdict/four": {"verdict", map[string]any{"text": text, "samples": []string{"pingxiang", "lincang", "manzhouli", "pingxiang-rolling"}}},
	} {
		body, err := json.Marshal(ask.body)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				request, err := http.NewRequest(http.MethodPost, "/api/v1/drafts/"+ask.path, bytes.NewReader(body))
				if err != nil {
					b.Fatal(err)
				}
				request.Header.Set("Authorization", "Bearer "+token.Secret)
				request.Header.Set("Content-Type", "application/json")
				response, err := d.server.App().Test(request, -1)
				if err != nil {
					b.Fatal(err)
				}
				answer, err := io.ReadAll(response.Body)
				if err != nil || response.StatusCode != http.StatusOK {
					b.Fatalf("%d, %v: %.300s", response.StatusCode, err, answer)
				}
			}
		})
	}
}
