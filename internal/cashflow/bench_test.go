package cashflow

import (
	"fmt"
	"testing"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

// threeUnits is a rolling requirement of the size that the service simulates all day: three units, twenty lines each,
// forty quarters, U2 after U1 and U3 after U2.
func threeUnits() Input {
	requirement := &funding.Requirement{
		Start: quarter.Must("2026Q1"), Horizon: 40, DiscountRate: money.MustRate("0.06"),
		Tax:     funding.Tax{Surtax: money.MustRate("0.006"), Income: money.MustRate("0.25")},
		Capital: []funding.FundingLine{{Source: "zone_equity", Series: spread("160000000", 8, funding.ShapeEven)}},
	}
	conditions := map[string]StartCondition{}
	for i := 0; i < 3; i++ {
		unit := funding.Unit{Code: fmt.Sprintf("U%d", i+1), Start: funding.UnitStart{At: requirement.Start}}
		if i > 0 {
			unit.Start = funding.UnitStart{After: fmt.Sprintf("U%d", i), When: "x", Earliest: requirement.Start.Add(2 * i), StartAtLatest: true}
			conditions[unit.Code] = conditionFunc(func(state UnitState) (bool, error) {
				return state.Started && state.Occupancy >= 600_000, nil
			})
		}
		for j, category := range []funding.InvestCategory{funding.InvestLand, funding.InvestInfrastructure, funding.InvestBuildings, funding.InvestEquipment, funding.InvestPreliminary, funding.InvestContingency, funding.InvestWorkingCapital} {
			unit.Invest = append(unit.Invest, funding.InvestLine{Category: category, DepreciateYears: 10 + 10*(j%2), Residual: money.MustRate("0.05"), Series: spread("40000000", 6+j, funding.ShapeSCurve)})
		}
		for j := 0; j < 8; j++ {
			unit.Revenue = append(unit.Revenue, funding.RevenueLine{Source: funding.IncomeSources[j%5], Series: recurring("1200000", 6, "0.03", 4)})
		}
		unit.Revenue[0].SetAside, unit.Revenue[0].Lag = money.MustRate("0.2"), 2
		for j := 0; j < 4; j++ {
			unit.Cost = append(unit.Cost, funding.CostLine{Name: "维护", Series: recurring("250000", 2, "0.02", 2)})
		}
		unit.Cost = append(unit.Cost, funding.CostLine{Name: "物业", ShareOf: funding.ShareOfAll, Share: money.MustRate("0.12")})
		unit.Occupancy = funding.Series{Form: funding.SeriesRecurring, PerQuarter: 900_000, Ramp: 9, Offset: 2}
		requirement.Units = append(requirement.Units, unit)
	}
	return Input{Requirement: requirement, Conditions: conditions}
}

func spread(total string, over int, shape funding.SpreadShape) funding.Series {
	return funding.Series{Form: funding.SeriesSpread, Total: int64(money.MustAmount(total)), Over: over, Shape: shape}
}

func recurring(perQuarter string, ramp int, growth string, offset int) funding.Series {
	return funding.Series{Form: funding.SeriesRecurring, PerQuarter: int64(money.MustAmount(perQuarter)), Ramp: ramp, Growth: money.MustRate(growth), Offset: offset}
}

func BenchmarkSimulateThreeUnits(b *testing.B) {
	input := threeUnits()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Simulate(input); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSimulateThreeUnitsShopspring is the baseline: the naive reference of this package, which keeps amounts in
// shopspring decimals and asks each line for its value whenever it needs it. It computes the rolling and the
// all-at-once statement, and no rate of return.
func BenchmarkSimulateThreeUnitsShopspring(b *testing.B) {
	input := threeUnits()
	b.ReportAllocs()
	for b.Loop() {
		naive := newReference(input, input.Requirement.Horizon)
		naive.roll()
		naive.sheet()
		naive.together()
		naive.sheet()
	}
}

// BenchmarkSimulateSample is the rolling sample that ships with the program, three units of about twenty lines.
func BenchmarkSimulateSample(b *testing.B) {
	input := rollingSample(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Simulate(input); err != nil {
			b.Fatal(err)
		}
	}
}
