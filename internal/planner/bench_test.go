package planner_test

import (
	"context"
	"fmt"
	"testing"

	"zutuan/internal/casework"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/lp"
	"zutuan/internal/money"
	"zutuan/internal/plan"
	"zutuan/internal/planner"
	"zutuan/internal/quarter"
)

// twentyProducts is a requirement over 40 quarters with twenty offers of different rates, fees, tenors and sizes.
func twentyProducts() planner.Input {
	requirement := &funding.Requirement{
		Name: "二十个产品", Currency: "CNY", Start: quarter.Must("2026Q1"), Horizon: 40, DiscountRate: money.MustRate("0.06"),
		Tax:     funding.Tax{Surtax: money.MustRate("0.006"), Income: money.MustRate("0.25")},
		Capital: []funding.FundingLine{{Source: "zone_equity", Series: funding.Series{Form: funding.SeriesSpread, Total: int64(24_000 * money.Wan), Over: 8, Shape: funding.ShapeEven}}},
		Units: []funding.Unit{{Code: "U1", Start: funding.UnitStart{At: quarter.Must("2026Q1")},
			Invest: []funding.InvestLine{{Category: funding.InvestBuildings, DepreciateYears: 20, Residual: money.MustRate("0.05"),
				Series: funding.Series{Form: funding.SeriesSpread, Total: int64(100_000 * money.Wan), Over: 12, Shape: funding.ShapeSCurve}}},
			Revenue: []funding.RevenueLine{{Source: funding.SourceService, Series: funding.Series{Form: funding.SeriesRecurring, Offset: 8, PerQuarter: int64(3_200 * money.Wan), Ramp: 8,
				Growth: money.MustRate("0.02")}}}}},
	}
	minimum, capital := money.MustRate("1.20"), money.MustRate("0.20")
	in := planner.Input{Solver: solver, SigningEvery: -1, TenorChoices: 1}
	in.Requirement, in.Simulate = requirement, simulate(requirement)
	in.Limits = planner.Limits{MinDSCR: &minimum, CapitalRatioMin: &capital, CapitalProRata: true, TenorMatch: true}
	for i := range 20 {
		line := plan.Line{ID: fmt.Sprintf("P%02d", i), Product: fmt.Sprintf("P%02d", i), Institution: fmt.Sprintf("bank-%d", i%8), Kind: "policy_loan", CountsAs: plan.CountsAsDebt}
		in.Sources = append(in.Sources, planner.Source{Candidate: plan.Candidate{Line: line, Smallest: money.Amount(1_000+200*(i%5)) * money.Wan, Largest: money.Amount(8_000+1_000*(i%6)) * money.Wan, Step: 10 * money.Wan,
			Terms: loan.Terms{Rate: money.MustRate(fmt.Sprintf("0.0%d", 280+(i*37)%170)), Tenor: 40 + 8*(i%5), Grace: []int{8, 12, 12, 16}[i%4], Interval: 2, Profile: []loan.Profile{loan.ProfileEqualPrincipal, loan.ProfileAnnuity}[i%2],
				Fees: funding.ProductFees{Upfront: money.MustRate(fmt.Sprintf("0.00%d", i%4)), Agency: money.Amount(i%3) * 10 * money.Wan}}}})
	}
	return in
}

func BenchmarkBuildTwentyProducts(b *testing.B) {
	in := twentyProducts()
	if built := mustBuild(b, in); !built.Feasible || !built.Gap.IsZero() {
		b.Fatalf("feasible %t, gap %s", built.Feasible, built.Gap)
	}
	for b.Loop() {
		if _, err := planner.Build(context.Background(), in); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkWholeProgram solves the same question as one program, the baseline of the search by parts; make check-optimum
// shows glpsol's time on it.
func BenchmarkWholeProgram(b *testing.B) {
	model, err := planner.Program(twentyProducts())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(model.NumIntegers()), "integers")
	for b.Loop() {
		if _, err := solver.Solve(context.Background(), model, lp.Options{RelativeGap: 1e-7}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBuildPingxiang(b *testing.B) {
	in := sample(b, "pingxiang", casework.PlanRequest{})
	mustBuild(b, in)
	for b.Loop() {
		mustBuild(b, in)
	}
}

func BenchmarkJudge(b *testing.B) {
	in := sample(b, "pingxiang", casework.PlanRequest{})
	lines := mustBuild(b, in).Lines
	for b.Loop() {
		if _, err := planner.Judge(in.Case, lines, plan.FileLimits{}); err != nil {
			b.Fatal(err)
		}
	}
}
