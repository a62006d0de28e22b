package stress_test

// These tests run the shipped pack on the shipped samples and hold the answers to what must be so whatever the figures:
// the base is the plan, more stress is never better, the reported break points break and hold, the same input gives the
// same bytes.

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/risk"
	"zutuan/internal/stress"
	"zutuan/internal/stress/stresstest"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

func sample(t testing.TB, name string) (*stress.Case, *stress.Pack) {
	t.Helper()
	kase, parameters := stresstest.Sample(t, name)
	return kase, stress.Prepare(stresstest.Library(t).StressPacks[0], parameters)
}

func scenarios(t testing.TB, kase *stress.Case, pack *stress.Pack) *stress.Answer {
	t.Helper()
	answer, err := kase.Scenarios(pack)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func find(t *testing.T, answer *stress.Answer, id string) *stress.ResultLine {
	t.Helper()
	at := slices.IndexFunc(answer.Results, func(r stress.ResultLine) bool { return r.ID == id })
	if at < 0 {
		t.Fatalf("there is no scenario %s", id)
	}
	return &answer.Results[at]
}

func TestTheShippedPackRunsOnEverySample(t *testing.T) {
	for _, name := range stresstest.Names {
		t.Run(name, func(t *testing.T) {
			kase, pack := sample(t, name)
			answer := scenarios(t, kase, pack)
			s := answer.Summary
			if total := s.Passed + s.Failed + s.Undecided + s.NotApplicable; total != len(pack.Scenarios) || s.Undecided != 0 || total < 30 {
				t.Errorf("%d scenarios: %+v", len(pack.Scenarios), s)
			}
			for _, r := range answer.Results {
				if len(r.Labels) == 0 || len(r.Basis) == 0 || r.Name.ZH == "" || r.Name.EN == "" || len(r.Sizes) == 0 {
					t.Errorf("%s does not say who asks for it, or how much", r.ID)
				}
				if r.Verdict == stress.VerdictFail && len(r.Reasons) == 0 {
					t.Errorf("%s fails without a reason", r.ID)
				}
			}
			if worst := find(t, answer, s.Worst); worst.After.MinDSCR != s.WorstDSCR {
				t.Errorf("the worst scenario is %s with %s", s.Worst, s.WorstDSCR)
			}
		})
	}
}

// The pass rule and the sizes, typed again from the regulation's list.
func TestTheShippedSizesAreThoseOfTheList(t *testing.T) {
	_, pack := sample(t, "pingxiang")
	if pack.Pass.Base.Value.String() != "1.3" || pack.Pass.Single.Value.String() != "1.1" || !pack.Pass.Combined.Value.Equal(money.One) {
		t.Errorf("the pass rule is %v, %v, %v", pack.Pass.Base.Value, pack.Pass.Single.Value, pack.Pass.Combined.Value)
	}
	want := map[string]func(*stress.Factors) string{
		"land-10=0.1": land, "land-20=0.2": land, "land-30=0.3": land, "land-50=0.5": land,
		"income-1=0.05": energy, "income-2=0.1": energy, "income-3=0.15": energy, "income-4=0.2": energy,
		"overrun-10=0.1": func(f *stress.Factors) string { return f.Invest.String() }, "overrun-20=0.2": func(f *stress.Factors) string { return f.Invest.String() },
		"rate-100=0.01": rate, "rate-200=0.02": rate, "rate-250=0.025": rate,
		"depreciation=0.3": func(f *stress.Factors) string { return f.Exchange.Depreciation.String() },
		// Half of each: 30 % of land, 20 % of income, 10 % overrun, 200 bp, 4 quarters, 30 % depreciation.
		"combined=0.15": land, "combined=0.1": energy, "combined=0.01": rate,
	}
	for key, read := range want {
		id, value, _ := strings.Cut(key, "=")
		at := slices.IndexFunc(pack.Scenarios, func(s stress.Scenario) bool { return s.ID == id })
		if at < 0 || read(&pack.Scenarios[at].Factors) != value {
			t.Errorf("%s: %v", key, at)
		}
	}
	for id, quarters := range map[string]int{"start-delay-1": 2, "start-delay-2": 4, "start-delay-3": 8, "ramp-delay-3": 8, "refinancing-shut": 4, "port-closure-1": 2, "port-closure-2": 4, "combined": 2} {
		at := slices.IndexFunc(pack.Scenarios, func(s stress.Scenario) bool { return s.ID == id })
		if f := pack.Scenarios[at].Factors; max(f.DelayStart, f.DelayRamp, f.Shut.Quarters, f.Closure.Quarters) != quarters {
			t.Errorf("%s: %+v", id, f)
		}
	}
}

func land(f *stress.Factors) string   { return f.Fall[0].String() }
func energy(f *stress.Factors) string { return f.Fall[1].String() }
func rate(f *stress.Factors) string   { return f.Rate.String() }

func TestASizeWithoutAValueMakesItsScenarioUndecided(t *testing.T) {
	library := stresstest.Library(t)
	kase, _ := sample(t, "pingxiang")
	// In August 2018 the shock of 银保监发〔2018〕25号 was not yet in force.
	parameters := library.Vocabulary.NewFacts()
	library.Parameters.At(time.Date(2018, 8, 1, 0, 0, 0, 0, time.UTC), "GX-PX", nil).SetFacts(parameters)
	answer := scenarios(t, kase, stress.Prepare(library.StressPacks[0], parameters))
	for _, id := range []string{"rate-250", "land-rate-delay"} {
		if r := find(t, answer, id); r.Verdict != stress.VerdictUndecided || r.After != nil || len(r.Reasons) == 0 {
			t.Errorf("%s is %s", id, r.Verdict)
		}
	}
	if answer.Summary.Undecided < 2 {
		t.Errorf("%d undecided", answer.Summary.Undecided)
	}
}

func TestAScenarioWithoutForeignDebtDoesNotConcernThePlan(t *testing.T) {
	kase, pack := sample(t, "pingxiang")
	if r := find(t, scenarios(t, kase, pack), "depreciation"); r.Verdict != stress.VerdictNotApplicable || r.After != nil {
		t.Errorf("the depreciation is %s", r.Verdict)
	}
	kase.Sources[0].Currency = "USD"
	if r := find(t, scenarios(t, kase, pack), "depreciation"); r.After == nil || !r.Change.MinDSCR.Value.IsNegative() {
		t.Errorf("with a loan in dollars the depreciation changes %+v", r.Change)
	}
	kase.Fiscal = nil
	if r := find(t, scenarios(t, kase, pack), "contingent-own"); r.Verdict != stress.VerdictNotApplicable {
		t.Errorf("without a fiscal profile contingent liabilities are %s", r.Verdict)
	}
}

func TestThePlanIsItsOwnBaseWhereItHolds(t *testing.T) {
	kase, pack := sample(t, "pingxiang")
	answer := scenarios(t, kase, pack)
	if planned, base := marshal(t, answer.Planned), marshal(t, answer.Base.Figures); planned != base || len(answer.Base.Shortfalls) > 0 {
		t.Errorf("planned %s\nbase %s", planned, base)
	}
	for i, line := range run(t, kase, stress.Factors{}).Lines {
		if got, want := marshal(t, line.Schedule.Answer()), marshal(t, kase.Sources[i].Line.Schedule.Answer()); got != want {
			t.Errorf("the schedule of %s has changed without any stress", line.ID)
		}
	}
	// G03 and G04 are looked at again under a fall of land: their flags are there and not better.
	for _, flag := range find(t, answer, "land-30").Worse {
		if !risk.Worse(flag.To, flag.From) {
			t.Errorf("%s goes from %s to %s", flag.Rule, flag.From, flag.To)
		}
	}
	if len(find(t, answer, "land-50").Worse) == 0 {
		t.Error("a land fall of half leaves every flag as it was")
	}
}

func marshal(t testing.TB, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheSameCaseGivesTheSameBytes(t *testing.T) {
	first, pack := sample(t, "pingxiang-rolling")
	second, _ := sample(t, "pingxiang-rolling")
	if marshal(t, scenarios(t, first, pack)) != marshal(t, scenarios(t, second, pack)) {
		t.Error("two runs differ")
	}
}

func TestAUnitThatNoLongerStartsIsNamed(t *testing.T) {
	// U3 waits for U2's cumulative net of at least −330 million until 2033Q1; U2 invests 396 million now and at a tenth of
	// its income never comes back.
	kase, _ := sample(t, "pingxiang-rolling")
	var f stress.Factors
	for i := range f.Fall {
		f.Fall[i] = money.MustRate("0.9")
	}
	f.Invest = money.MustRate("0.2")
	pack := &stress.Pack{Pass: stress.Pass{Single: stress.Threshold{Known: true}}, Scenarios: []stress.Scenario{{ID: "deep", Factors: f}}}
	r := scenarios(t, kase, pack).Results[0]
	if r.After.Starts[2].Start != nil {
		t.Fatalf("U3 starts in %s", r.After.Starts[2].Start)
	}
	if last := r.Reasons[len(r.Reasons)-1]; !strings.Contains(last.ZH, "U3") {
		t.Errorf("the reasons are %v", r.Reasons)
	}
}

// More of one stress is never better for a plan whose units do not wait.
func TestMoreStressIsNeverBetter(t *testing.T) {
	kase, _ := sample(t, "pingxiang")
	kase.Assess = nil
	push := map[string]func(n int64) stress.Factors{
		"income": func(n int64) (f stress.Factors) {
			for i := range f.Fall {
				f.Fall[i] = decimal.New(n, -2)
			}
			return f
		},
		"rate": func(n int64) stress.Factors { return stress.Factors{Rate: decimal.New(n, -3)} },
		"cost": func(n int64) stress.Factors { return stress.Factors{Cost: decimal.New(n, -2)} },
	}
	names := []string{"cost", "income", "rate"}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(names).Draw(t, "stress")
		less := rapid.Int64Range(0, 59).Draw(t, "less")
		more := rapid.Int64Range(less+1, 60).Draw(t, "more")
		a, errA := kase.Run(push[name](less))
		b, errB := kase.Run(push[name](more))
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if a.Statement.Summary.PeakGap > b.Statement.Summary.PeakGap {
			t.Fatalf("the peak gap falls from %s to %s", a.Statement.Summary.PeakGap, b.Statement.Summary.PeakGap)
		}
		if b.Evaluation.UnfundedGap < a.Evaluation.UnfundedGap && b.Evaluation.Coverage.MinDSCR.Value.GreaterThan(a.Evaluation.Coverage.MinDSCR.Value) {
			t.Fatalf("less is missing and debt is covered better")
		}
	})
}

func TestTheReportedBreakPointsBreakAndHold(t *testing.T) {
	kase, _ := sample(t, "pingxiang")
	grid := stress.Grid{LandStep: decimal.New(2, -2), LandSteps: 50, DelaySteps: 12, RateStep: decimal.New(25, -4), RateSteps: 40, RateStride: 8}
	answer, err := kase.Reverse(grid)
	if err != nil {
		t.Fatal(err)
	}
	limit, checked := *kase.Requirement.Limits.MinDSCR, 0
	at := func(p *stress.PointAnswer) stress.Factors {
		f := fall(funding.SourceLand, p.LandFall)
		f.DelayRamp, f.Rate = p.DelayQuarters, money.MustRate(p.RateRise)
		return f
	}
	breaks := func(criterion stress.Criterion, f stress.Factors) bool {
		chain := run(t, kase, f)
		switch criterion {
		case stress.BreaksDSCR:
			dscr := chain.Evaluation.Coverage.MinDSCR
			return dscr.Known && dscr.Value.LessThan(limit)
		case stress.BreaksCash:
			return len(chain.Evaluation.Coverage.Shortfalls) > 0
		}
		return redGovernment(chain.Assessment) > redGovernment(run(t, kase, stress.Factors{}).Assessment)
	}
	for _, single := range answer.Singles {
		if single.Status != "breaks" {
			continue
		}
		checked++
		if !breaks(single.Criterion, at(single.Breaks)) || breaks(single.Criterion, at(single.Holds)) {
			t.Errorf("%s by %s: %+v breaks, %+v holds", single.Criterion, single.Axis, single.Breaks, single.Holds)
		}
	}
	if checked < 3 || len(answer.Frontiers) == 0 {
		t.Errorf("%d break points and %d frontiers: %s", checked, len(answer.Frontiers), marshal(t, answer))
	}
	for _, frontier := range answer.Frontiers {
		checkFrontier(t, frontier, grid, breaks)
	}
}

// checkFrontier checks every point of a frontier on both sides.
func checkFrontier(t *testing.T, frontier stress.Frontier, grid stress.Grid, breaks func(stress.Criterion, stress.Factors) bool) {
	t.Helper()
	step := map[stress.Axis]money.Decimal{stress.AxisLand: grid.LandStep, stress.AxisDelay: money.One, stress.AxisRate: grid.RateStep}
	set := func(f *stress.Factors, axis stress.Axis, size money.Decimal) {
		switch axis {
		case stress.AxisLand:
			f.Fall[0] = size
		case stress.AxisDelay:
			f.DelayRamp = int(size.IntPart())
		case stress.AxisRate:
			f.Rate = size
		}
	}
	for _, p := range frontier.Points {
		var f stress.Factors
		set(&f, frontier.X, money.MustRate(p.X))
		set(&f, frontier.Y, money.MustRate(p.Y))
		if !breaks(frontier.Criterion, f) {
			t.Errorf("%s × %s: %s × %s does not break %s", frontier.X, frontier.Y, p.X, p.Y, frontier.Criterion)
		}
		if y := money.MustRate(p.Y); !y.IsZero() {
			set(&f, frontier.Y, y.Sub(step[frontier.Y]))
			if breaks(frontier.Criterion, f) {
				t.Errorf("%s × %s: a step below %s × %s breaks %s too", frontier.X, frontier.Y, p.X, p.Y, frontier.Criterion)
			}
		}
	}
}

func redGovernment(assessment *risk.Assessment) (count int) {
	for _, flag := range assessment.Flags {
		if flag.Scope == "government" && (flag.Level == funding.LevelRed || flag.Level == funding.LevelStop) {
			count++
		}
	}
	return count
}

func TestWithoutAnAssessmentTheFiscalLineIsNotTried(t *testing.T) {
	kase, _ := sample(t, "pingxiang")
	kase.Assess = nil
	answer, err := kase.Reverse(stress.Grid{LandStep: decimal.New(25, -2), LandSteps: 4, DelaySteps: 2, RateStep: decimal.New(1, -2), RateSteps: 4})
	if err != nil {
		t.Fatal(err)
	}
	for _, single := range answer.Singles {
		if (single.Criterion == stress.BreaksFiscal) != (single.Status == "not_tried") {
			t.Errorf("%s of %s is %s", single.Criterion, single.Axis, single.Status)
		}
	}
}

func TestAnErrorOfTheAssessmentEndsTheRun(t *testing.T) {
	kase, pack := sample(t, "pingxiang")
	broken := errors.New("broken")
	kase.Assess = func(stress.Chain) (*risk.Assessment, error) { return nil, broken }
	if _, err := kase.Scenarios(pack); !errors.Is(err, broken) {
		t.Errorf("scenarios: %v", err)
	}
	if _, err := kase.Reverse(stress.DefaultGrid()); !errors.Is(err, broken) {
		t.Errorf("reverse: %v", err)
	}
}

// A run of the reverse search that nobody waits for any longer stops before its next point.
func TestACancelledReverseSearchStopsBeforeTheNextPoint(t *testing.T) {
	kase, _ := sample(t, "pingxiang")
	ctx, cancel := context.WithCancel(context.Background())
	assess, assessed := kase.Assess, 0
	kase.Assess = func(chain stress.Chain) (*risk.Assessment, error) {
		if assessed++; assessed == 3 {
			cancel()
		}
		return assess(chain)
	}
	if answer, err := kase.ReverseContext(ctx, stress.DefaultGrid()); !errors.Is(err, context.Canceled) || answer != nil {
		t.Errorf("answered %v, error %v", answer, err)
	}
	if assessed != 3 {
		t.Errorf("%d points were assessed, %d of them after the cancellation", assessed, assessed-3)
	}
}

func TestASculptedLineKeepsItsShares(t *testing.T) {
	kase, _ := sample(t, "pingxiang")
	open := stresstest.Lines()[:1]
	open[0].Commitment, open[0].Terms.Grace, open[0].Terms.Availability, open[0].Terms.Interval = money.MustAmount("900000000"), 20, 20, 4
	kase.Sources = stresstest.Plan(t, kase, open)
	chain := run(t, kase, stress.Factors{})
	terms := open[0].Terms
	terms.Profile, terms.Commitment = loan.ProfileSculpted, open[0].Commitment
	for _, row := range chain.Lines[0].Schedule.Rows {
		if row.Draw > 0 {
			terms.Draws = append(terms.Draws, loan.Draw{Quarter: row.Quarter, Amount: row.Draw})
		}
	}
	schedule, err := loan.Build(terms, chain.Statement.CFADS)
	if err != nil {
		t.Fatal(err)
	}
	kase.Sources[0].Line.Schedule, kase.Sources[0].Terms.Profile = schedule, loan.ProfileSculpted
	planned := kase.Sources[0].Line.Schedule
	stressed := run(t, kase, stress.Factors{Invest: money.MustRate("0.1")}).Lines[0].Schedule
	for i := range planned.Rows {
		// Principal in proportion to what was borrowed, to a fen of each rounding.
		want := money.MulDiv(planned.Rows[i].Principal, int64(stressed.TotalPrincipal), int64(planned.TotalPrincipal))
		if (stressed.Rows[i].Principal - want).Abs() > 2 {
			t.Fatalf("%s: principal %s, in proportion %s", stressed.Rows[i].Quarter, stressed.Rows[i].Principal, want)
		}
	}
}

func BenchmarkScenarios(b *testing.B) {
	kase, pack := sample(b, "pingxiang-rolling")
	b.Run("one scenario with its risk flags", func(b *testing.B) {
		for b.Loop() {
			if _, err := kase.Run(pack.Scenarios[2].Factors); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("one scenario without risk", func(b *testing.B) {
		plain := *kase
		plain.Assess = nil
		for b.Loop() {
			if _, err := plain.Run(pack.Scenarios[2].Factors); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("reverse", func(b *testing.B) {
		for b.Loop() {
			if _, err := kase.Reverse(stress.DefaultGrid()); err != nil {
				b.Fatal(err)
			}
		}
	})
}
