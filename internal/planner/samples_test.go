package planner_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"zutuan/internal/casework"
	"zutuan/internal/money"
	"zutuan/internal/planner"
	"zutuan/internal/rulepack"
	"zutuan/rules"
)

// sampleDate is the day on which the samples are matched: market data and products of that day.
var sampleDate = time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC)

// sample matches one of the shipped samples and asks for its plan.
func sample(t testing.TB, name string, request casework.PlanRequest) planner.Input {
	t.Helper()
	library, err := rulepack.Load(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	desk, err := casework.NewDesk(library)
	if err != nil {
		t.Fatal(err)
	}
	read := func(file string) casework.File {
		data, err := os.ReadFile(filepath.Join("../../rules/samples", name, file))
		if err != nil {
			t.Fatal(err)
		}
		return casework.File{Name: file, Data: data}
	}
	kase, err := casework.ReadCase(casework.Papers{Requirement: read("requirement.yaml"), Ledger: read("ledger.csv"), Fiscal: read("fiscal.yaml")})
	if err != nil {
		t.Fatal(err)
	}
	matching, err := desk.Match(kase, casework.Asked{Date: sampleDate})
	if err != nil {
		t.Fatal(err)
	}
	return desk.PlanInput(matching, request, solver)
}

func mustBuild(t testing.TB, in planner.Input) *planner.Built {
	t.Helper()
	built, err := planner.Build(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return built
}

// TestPingxiangIsCheaperThanAnySingleProduct builds the plan of the 凭祥 sample and, for each offer alone, the cheapest
// plan with it and the grant that is free for all; what is built from all of them has to cost less than any.
func TestPingxiangIsCheaperThanAnySingleProduct(t *testing.T) {
	t.Parallel()
	in := sample(t, "pingxiang", casework.PlanRequest{})
	built := mustBuild(t, in)
	if !built.Feasible || !built.Proven || !built.Gap.IsZero() {
		t.Fatalf("feasible %t, proven %t, gap %s", built.Feasible, built.Proven, built.Gap)
	}
	for _, problem := range brokenLimits(&in, built) {
		t.Error(problem)
	}
	covering := 0
	for i := range in.Sources {
		single := in
		single.Sources = nil
		for k := range in.Sources {
			if k == i || in.Sources[k].Line.CountsAs == "grant" {
				single.Sources = append(single.Sources, in.Sources[k])
			}
		}
		if in.Sources[i].Line.CountsAs != "debt" {
			continue
		}
		alone := mustBuild(t, single)
		if !alone.Feasible {
			continue
		}
		covering++
		if alone.Cost.Total <= built.Cost.Total {
			t.Errorf("%s alone costs %s, the plan %s", in.Sources[i].Line.ID, alone.Cost.Total, built.Cost.Total)
		}
	}
	if covering == 0 {
		t.Error("no product covers the need alone, so nothing was compared")
	}
}

// TestEveryObjectiveIsBestAtWhatItAsksFor compares the four plans of one sample with one another.
func TestEveryObjectiveIsBestAtWhatItAsksFor(t *testing.T) {
	t.Parallel()
	plans := map[planner.Objective]*planner.Built{}
	for _, objective := range planner.Objectives {
		in := sample(t, "pingxiang", casework.PlanRequest{Objective: objective})
		in.SigningEvery = -1
		plans[objective] = mustBuild(t, in)
		for _, problem := range brokenLimits(&in, plans[objective]) {
			t.Errorf("%s: %s", objective, problem)
		}
	}
	cheapest := plans[planner.ObjectiveLeastCost]
	for objective, built := range plans {
		if built.Cost.Total < cheapest.Cost.Total-100*money.Yuan {
			t.Errorf("%s costs %s, less than the least-cost plan's %s", objective, built.Cost.Total, cheapest.Cost.Total)
		}
		life, longest := built.Cost.AverageLifeYears.Value, plans[planner.ObjectiveLongestLife].Cost.AverageLifeYears.Value
		if objective != planner.ObjectiveLongestLife && built.Cost.Interest <= plans[planner.ObjectiveLongestLife].Cost.Interest && life.GreaterThan(longest.Add(money.MustRate("0.01"))) {
			t.Errorf("%s has an average life of %s, longer than %s", objective, life, longest)
		}
		if built.Evaluation.Coverage.MinDSCR.Value.GreaterThan(plans[planner.ObjectiveLowestPeak].Evaluation.Coverage.MinDSCR.Value.Add(money.MustRate("0.00001"))) {
			t.Errorf("%s has a better worst year (%s) than the plan built for it", objective, built.Evaluation.Coverage.MinDSCR)
		}
		if count(built) < count(plans[planner.ObjectiveFewestLenders]) {
			t.Errorf("%s has fewer lenders than the plan built for it", objective)
		}
	}
}

func count(built *planner.Built) int {
	lenders := map[string]bool{}
	for i := range built.Lines {
		if built.Lines[i].Schedule != nil {
			lenders[built.Lines[i].Institution] = true
		}
	}
	return len(lenders)
}

// TestManzhouliSaysWhatWouldMakeAPlan: the sample has too little capital for any product, so there is no plan; the answer
// names the capital that would make one, and both sides of it hold when they are built here.
func TestManzhouliSaysWhatWouldMakeAPlan(t *testing.T) {
	t.Parallel()
	in := sample(t, "manzhouli", casework.PlanRequest{Relax: true})
	built := mustBuild(t, in)
	if built.Feasible {
		t.Fatal("the sample has a plan")
	}
	helps := 0
	for i := range built.Relaxations {
		r := &built.Relaxations[i]
		if r.Text.ZH == "" || r.Text.EN == "" {
			t.Errorf("%s says nothing", r.Kind)
		}
		if !r.Helps {
			continue
		}
		helps++
		if r.Kind == planner.RelaxCapital {
			checkCapital(t, in, r)
		}
	}
	if helps == 0 {
		t.Error("no relaxation helps")
	}
}
