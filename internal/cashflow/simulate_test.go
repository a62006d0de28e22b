package cashflow

import (
	"testing"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/quarter"

	"github.com/google/go-cmp/cmp"
)

// conditionFunc stands for a compiled start condition.
type conditionFunc func(UnitState) (bool, error)

func (f conditionFunc) Ready(state UnitState) (bool, error) { return f(state) }

func explicit(values ...string) funding.Series {
	series := funding.Series{Form: funding.SeriesExplicit}
	for _, value := range values {
		series.Values = append(series.Values, int64(money.MustAmount(value)))
	}
	return series
}

// oneUnit is a requirement of four quarters: 100 invested at once, 30, 60, 90 coming in, a tenth of it as cost.
func oneUnit() *funding.Requirement {
	return &funding.Requirement{
		Start: quarter.Must("2026Q1"), Horizon: 4, DiscountRate: money.MustRate("0"),
		Tax: funding.Tax{Surtax: money.MustRate("0.01"), Income: money.MustRate("0.25")},
		Units: []funding.Unit{{
			Code: "U1", Start: funding.UnitStart{At: quarter.Must("2026Q1")},
			Invest:  []funding.InvestLine{{Category: funding.InvestLand, Series: explicit("100.00")}},
			Revenue: []funding.RevenueLine{{Source: funding.SourceIndustry, Series: explicit("0", "30.00", "60.00", "90.00")}},
			Cost:    []funding.CostLine{{Name: "运营", ShareOf: funding.ShareOfAll, Share: money.MustRate("0.1")}},
		}},
	}
}

// The statement by hand: cost 10 %, surtax 1 % of income; tax 25 % of what is left (26.70 → 6.675 → 6.68;
// 53.40 → 13.35; 80.10 → 20.025 → 20.03); nothing is depreciated because land is not.
func TestStatementOfOneUnitByHand(t *testing.T) {
	result, err := Simulate(Input{Requirement: oneUnit()})
	if err != nil {
		t.Fatal(err)
	}
	for name, column := range map[string]struct{ got, want []money.Amount }{
		"inflow":     {result.Inflow, amounts("0", "30", "60", "90")},
		"cost":       {result.Cost, amounts("0", "3", "6", "9")},
		"surtax":     {result.Surtax, amounts("0", "0.30", "0.60", "0.90")},
		"income tax": {result.IncomeTax, amounts("0", "6.68", "13.35", "20.03")},
		"cfads":      {result.CFADS, amounts("0", "20.02", "40.05", "60.07")},
		"net":        {result.Net, amounts("-100", "20.02", "40.05", "60.07")},
		"cumulative": {result.Cumulative, amounts("-100", "-79.98", "-39.93", "20.14")},
		"gap":        {result.Gap, amounts("100", "79.98", "39.93", "-20.14")},
		"draw":       {result.Draw, amounts("100", "0", "0", "0")},
	} {
		if diff := cmp.Diff(column.want, column.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func amounts(texts ...string) []money.Amount {
	out := make([]money.Amount, len(texts))
	for i, text := range texts {
		out[i] = money.MustAmount(text)
	}
	return out
}
