package httpapi_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"zutuan/internal/permit"
)

// The answers of every stateless operation to every shipped sample are held to the description by the client itself; these
// tests add what each must say beyond its form.

func TestEverySampleIsAnsweredAsDescribed(t *testing.T) {
	f := newFixture(t)
	client := f.as(permit.RoleBureau)
	for _, name := range samples(t) {
		body := sampleCase(t, name)
		simulated := map[string]any{"requirement": body["requirement"], "ledger": body["ledger"], "quarters": 160}
		for _, asked := range []struct {
			path string
			more map[string]any
		}{
			{"/api/v1/simulate", nil},
			{"/api/v1/match", nil},
			{"/api/v1/assess", nil},
			{"/api/v1/stress", map[string]any{"mode": "scenarios"}},
			{"/api/v1/stress", map[string]any{"mode": "monte_carlo", "paths": 50, "seed": 7}},
		} {
			t.Run(name+" "+asked.path, func(t *testing.T) {
				request := map[string]any{}
				for key, value := range body {
					request[key] = value
				}
				for key, value := range asked.more {
					request[key] = value
				}
				if asked.path == "/api/v1/simulate" {
					request = simulated
				}
				client.Post(asked.path, request).Expect(http.StatusOK)
			})
		}
	}
}

func TestSimulationSaysWhatTheCommandSays(t *testing.T) {
	f := newFixture(t)
	body := sampleCase(t, "pingxiang")
	var answer struct {
		Quarters []json.RawMessage
		Summary  struct {
			PeakGap string `json:"peak_gap"`
		}
	}
	f.as(permit.RoleObserver).Post("/api/v1/simulate", map[string]any{"requirement": body["requirement"], "ledger": body["ledger"]}).Expect(http.StatusOK).Into(&answer)
	if len(answer.Quarters) != 40 || answer.Summary.PeakGap == "" {
		t.Errorf("%d quarters, peak gap %q", len(answer.Quarters), answer.Summary.PeakGap)
	}
}
