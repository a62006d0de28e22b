package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zutuan/internal/httpapi"
	"zutuan/internal/httpapi/apitest"
	"zutuan/internal/lp/highs"
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
			{"/api/v1/match", map[string]any{"detail": "verdicts"}},
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

// TestVerdictsAreThoseOfTheFullAnswer holds what a summary says against the answer with its reasons, product by product.
func TestVerdictsAreThoseOfTheFullAnswer(t *testing.T) {
	type answer struct {
		Date     string
		Products []struct {
			ID, Verdict string
			Version     int
			Rank        int
			DominatedBy string `json:"dominated_by"`
			Score       json.RawMessage
			Offer       *struct {
				Size, Rate *string
				AllInCost  *string `json:"all_in_cost"`
			}
			Rules  []json.RawMessage
			Remedy json.RawMessage
		}
		Counts map[string]int
	}
	client := newFixture(t).as(permit.RoleBureau)
	body := sampleCase(t, "pingxiang")
	var byDefault, full, verdicts answer
	client.Post("/api/v1/match", body).Expect(http.StatusOK).Into(&byDefault)
	body["detail"] = "full"
	client.Post("/api/v1/match", body).Expect(http.StatusOK).Into(&full)
	body["detail"] = "verdicts"
	client.Post("/api/v1/match", body).Expect(http.StatusOK).Into(&verdicts)
	if diff := cmp.Diff(byDefault, full); diff != "" || len(full.Products) == 0 {
		t.Errorf("full is not what is answered by default: %s", diff)
	}
	for i := range full.Products {
		p := &full.Products[i]
		if len(p.Rules) == 0 {
			t.Errorf("%s has no rules", p.ID)
		}
		if p.Score != nil {
			var score struct{ Total json.RawMessage }
			if err := json.Unmarshal(p.Score, &score); err != nil {
				t.Fatal(err)
			}
			p.Score = score.Total
		}
		p.Rules, p.Remedy = nil, nil
	}
	if diff := cmp.Diff(full, verdicts); diff != "" {
		t.Errorf("the summary says otherwise: %s", diff)
	}
	body["detail"] = "everything"
	client.Do(apitest.Request{Method: http.MethodPost, Path: "/api/v1/match", Body: body, Wrong: true}).Refused(http.StatusBadRequest, "malformed")
}

// testSolver is compiled once, which takes a second or two.
var testSolver = sync.OnceValue(func() *highs.Solver { return highs.New(highs.Config{NoCache: true}) })

func TestPlansAreBuiltAndJudgedAsDescribed(t *testing.T) {
	f := newFixture(t, func(c *httpapi.Config) { c.Solver = testSolver() })
	client := f.as(permit.RoleBureau)
	for _, name := range samples(t) {
		t.Run(name, func(t *testing.T) {
			client.Post("/api/v1/plan", sampleCase(t, name)).Expect(http.StatusOK)
		})
	}
	body := sampleCase(t, "pingxiang")
	var answer struct {
		Plan struct {
			Feasible    bool
			Frontier    []json.RawMessage
			Relaxations []json.RawMessage
		}
	}
	body["frontier"], body["objective"], body["max_lenders"], body["institution_share_max"] = true, "fewest_lenders", 3, "0.9"
	client.Post("/api/v1/plan", body).Expect(http.StatusOK).Into(&answer)
	if !answer.Plan.Feasible || len(answer.Plan.Frontier) == 0 {
		t.Errorf("feasible %v with %d points of the frontier", answer.Plan.Feasible, len(answer.Plan.Frontier))
	}
	body = sampleCase(t, "pingxiang")
	// One product alone, so that the search for relaxations is short.
	body["relax"], body["institution_share_max"], body["products"] = true, "0.01", []string{"adbc-rural-park"}
	answer.Plan.Feasible = true
	client.Post("/api/v1/plan", body).Expect(http.StatusOK).Into(&answer)
	if answer.Plan.Feasible || len(answer.Plan.Relaxations) == 0 {
		t.Errorf("with at most a hundredth from one institution: feasible %v, %d relaxations", answer.Plan.Feasible, len(answer.Plan.Relaxations))
	}
	body = sampleCase(t, "pingxiang")
	body["institution_share_max"] = "0.00"
	client.Post("/api/v1/plan", body).Refused(http.StatusUnprocessableEntity, "institution_share_max")
}

func TestATypedInPlanIsJudged(t *testing.T) {
	f := newFixture(t)
	client := f.as(permit.RoleRisk)
	body := sampleCase(t, "pingxiang")
	draws := []any{map[string]any{"quarter": "2026Q3", "amount": "38684500.00"}, map[string]any{"quarter": "2027Q1", "amount": "133464800.00"}}
	body["plan"] = map[string]any{"schema": "zutuan/plan/v1", "name": "手工方案", "requirement": "凭祥边境经济合作区 跨境果蔬坚果加工与冷链组团",
		"lines": []any{map[string]any{"product": map[string]any{"id": "adbc-rural-park"}, "commitment": "563890000.00", "draws": draws}}}
	client.Post("/api/v1/plan/evaluate", body).Expect(http.StatusOK)
	body["plan"] = map[string]any{"schema": "zutuan/plan/v1", "lines": []any{map[string]any{"prodct": "x"}}}
	points := client.Post("/api/v1/plan/evaluate", body).Refused(http.StatusUnprocessableEntity, "document").Points()
	if !slices.Contains(points, "/plan/lines/0/prodct unknown_key") {
		t.Errorf("told were %q", points)
	}
	client.Post("/api/v1/plan", sampleCase(t, "pingxiang")).Refused(http.StatusServiceUnavailable, "no_solver")
}

// TestAPlanThatNobodyWaitsForIsStopped: the time limit reaches the solver.
func TestAPlanThatNobodyWaitsForIsStopped(t *testing.T) {
	begun, stopped := make(chan struct{}, 8), make(chan struct{}, 8)
	f := newFixture(t, func(c *httpapi.Config) { c.Solver = slow{begun: begun, stopped: stopped} })
	address := listening(t, f)
	token := bearer(t, f, permit.RoleBureau)
	text, err := json.Marshal(sampleCase(t, "pingxiang"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		<-begun
		cancel()
	}()
	request, _ := http.NewRequestWithContext(ctx, "POST", "http://"+address+"/api/v1/plan", bytes.NewReader(text))
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	if _, err := http.DefaultClient.Do(request); err == nil {
		t.Fatal("answered")
	}
	select {
	case <-stopped:
	case <-time.After(10 * time.Second):
		t.Error("the solver went on after its client had gone")
	}
}

func TestReverseStressIsAnswered(t *testing.T) {
	f := newFixture(t)
	body := sampleCase(t, "pingxiang")
	body["mode"] = "reverse"
	f.as(permit.RoleRisk).Post("/api/v1/stress", body).Expect(http.StatusOK)
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
