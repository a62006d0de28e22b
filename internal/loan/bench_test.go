package loan

import (
	"testing"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

// twentyYears is a loan of 3 亿元 over 80 quarters, drawn in the middle of eight quarters, with three years of grace.
func twentyYears(profile Profile) Terms {
	terms := Terms{
		Rate: money.MustRate("0.0385"), Tenor: 80, Grace: 12, Interval: 1, Profile: profile, Timing: TimingMid,
		Fees: funding.ProductFees{Upfront: money.MustRate("0.005"), Commitment: money.MustRate("0.002"), Guarantee: money.MustRate("0.003"), Agency: 10 * money.Wan},
	}
	for k := range 8 {
		terms.Draws = append(terms.Draws, Draw{quarter.Must("2026Q1").Add(k), money.Amount(3_750_000_011 + 1_003*k)})
	}
	return terms
}

func benchmarkBuild(b *testing.B, terms Terms, cfads []money.Amount) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Build(terms, cfads); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBuildEqualPrincipal80(b *testing.B) {
	benchmarkBuild(b, twentyYears(ProfileEqualPrincipal), nil)
}
func BenchmarkBuildAnnuity80(b *testing.B) { benchmarkBuild(b, twentyYears(ProfileAnnuity), nil) }
func BenchmarkBuildSculpted80(b *testing.B) {
	benchmarkBuild(b, twentyYears(ProfileSculpted), sampleCFADS(80))
}

func BenchmarkBuildFloatingAnnuity80(b *testing.B) {
	terms := twentyYears(ProfileAnnuity)
	for year := range 19 {
		rate := []string{"0.0385", "0.0365", "0.0395"}[year%3]
		terms.Changes = append(terms.Changes, RateChange{quarter.Must("2027Q1").Add(4 * year), money.MustRate(rate)})
	}
	benchmarkBuild(b, terms, nil)
}

func sampleCFADS(count int) []money.Amount {
	flows := make([]money.Amount, count)
	for q := range flows {
		flows[q] = money.Amount(900_000_000 + 5_000_003*q)
	}
	return flows
}

// BenchmarkOffer80 is what matching does for each product: schedule, all-in cost, average life and coverage.
func BenchmarkOffer80(b *testing.B) {
	terms, cfads := twentyYears(ProfileEqualPrincipal), sampleCFADS(100)
	b.ReportAllocs()
	for b.Loop() {
		schedule, err := Build(terms, nil)
		if err != nil {
			b.Fatal(err)
		}
		if !schedule.AllInCost().Known || !schedule.AverageLifeYears().Known {
			b.Fatal("no cost")
		}
		result := Coverage(CoverageInput{Start: quarter.Must("2026Q1"), CFADS: cfads, Operating: cfads, Net: cfads, Financing: []*Schedule{schedule}})
		if !result.LLCR.Known {
			b.Fatal("no cover")
		}
	}
}

func BenchmarkAllInCost80(b *testing.B) {
	schedule, _ := Build(twentyYears(ProfileEqualPrincipal), nil)
	b.ReportAllocs()
	for b.Loop() {
		schedule.AllInCost()
	}
}

func BenchmarkCoverage80(b *testing.B) {
	schedule, _ := Build(twentyYears(ProfileEqualPrincipal), nil)
	cfads := sampleCFADS(100)
	b.ReportAllocs()
	for b.Loop() {
		Coverage(CoverageInput{Start: quarter.Must("2026Q1"), CFADS: cfads, Operating: cfads, Net: cfads, Financing: []*Schedule{schedule}})
	}
}
