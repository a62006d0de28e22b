package cashflow

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

// Each table here is one rule of finance.md on numbers small enough to check in the head.

// plain is a requirement without taxes whose single unit starts at once.
func plain(horizon int, unit funding.Unit) *funding.Requirement {
	unit.Code, unit.Start.At = "U1", quarter.Must("2026Q1")
	return &funding.Requirement{Start: quarter.Must("2026Q1"), Horizon: horizon, Units: []funding.Unit{unit}}
}

func income(source funding.IncomeSource, series funding.Series) funding.RevenueLine {
	return funding.RevenueLine{Source: source, Series: series}
}

func simulate(t *testing.T, input Input) *Result {
	t.Helper()
	result, err := Simulate(input)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func column(t *testing.T, name string, got []money.Amount, want ...string) {
	t.Helper()
	if diff := cmp.Diff(amounts(want...), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestLandIsCountedAfterSetAsideAndLag(t *testing.T) {
	land := income(funding.SourceLand, explicit("100.03", "10"))
	land.SetAside, land.Lag = money.MustRate("0.2"), 2
	unit := funding.Unit{Revenue: []funding.RevenueLine{land, income(funding.SourceEnergy, explicit("0", "0", "7"))},
		Cost: []funding.CostLine{{Name: "a", ShareOf: funding.SourceLand, Share: money.MustRate("0.5")}, {Name: "b", ShareOf: funding.ShareOfAll, Share: money.MustRate("0.1")}}}
	result := simulate(t, Input{Requirement: plain(4, unit)})
	// 100.03 × 0.8 = 80.024 → 80.02; shares are of what is counted: 40.01 + 8.702 → 8.70.
	column(t, "land", result.InflowBySource[0], "0", "0", "80.02", "8")
	column(t, "inflow", result.Inflow, "0", "0", "87.02", "8")
	column(t, "cost", result.Cost, "0", "0", "48.71", "4.80")
}

func TestLandThatIsPaidOutAfterTheHorizonIsNotCounted(t *testing.T) {
	land := income(funding.SourceLand, explicit("100"))
	land.Lag = 9
	result := simulate(t, Input{Requirement: plain(4, funding.Unit{Revenue: []funding.RevenueLine{land}})})
	column(t, "land", result.InflowBySource[0], "0", "0", "0", "0")
}

// taxed simulates income and cost with an income tax of 25 % and nothing else.
func taxed(t *testing.T, unit funding.Unit, horizon int) *Result {
	requirement := plain(horizon, unit)
	requirement.Tax.Income = money.MustRate("0.25")
	return simulate(t, Input{Requirement: requirement})
}

func at(index int, value string) funding.Series {
	series := explicit(value)
	series.Offset = index
	return series
}

func TestLossesAreCarriedForTwentyQuarters(t *testing.T) {
	for name, c := range map[string]struct {
		profitAt int
		want     string
	}{
		"a profit in the twentieth quarter after uses the loss": {20, "0.00"},
		"one quarter later the loss has expired":                {21, "25.00"},
	} {
		t.Run(name, func(t *testing.T) {
			result := taxed(t, funding.Unit{Cost: []funding.CostLine{{Name: "a", Series: at(0, "100")}}, Revenue: []funding.RevenueLine{income(funding.SourceService, at(c.profitAt, "100"))}}, 24)
			if got := result.IncomeTax[c.profitAt].String(); got != c.want {
				t.Errorf("tax is %s, want %s", got, c.want)
			}
		})
	}
}

// Losses of 40 in quarter 0 and 60 in quarter 1. The profit of 50 in quarter 20 uses the 40 and 10 of the 60; the
// profit of 100 in quarter 21 uses the last 50, leaving 50 to tax. Newest first would leave 90.
func TestLossesAreUsedOldestFirst(t *testing.T) {
	result := taxed(t, funding.Unit{
		Cost:    []funding.CostLine{{Name: "a", Series: at(0, "40")}, {Name: "b", Series: at(1, "60")}},
		Revenue: []funding.RevenueLine{income(funding.SourceService, at(20, "50")), income(funding.SourceService, at(21, "100"))},
	}, 24)
	column(t, "tax", result.IncomeTax[20:23], "0", "12.50", "0")
}

func TestDepreciationStartsAfterTheUnitsLastInvestment(t *testing.T) {
	unit := funding.Unit{Invest: []funding.InvestLine{
		{Category: funding.InvestInfrastructure, DepreciateYears: 1, Residual: money.MustRate("0.05"), Series: explicit("120", "80")},
		{Category: funding.InvestLand, DepreciateYears: 1, Series: explicit("0", "0", "500")}, // land is the last to be paid, and is not depreciated
		{Category: funding.InvestWorkingCapital, DepreciateYears: 1, Series: explicit("30")},
		{Category: funding.InvestEquipment, Series: explicit("30")}, // no depreciate_years
	}}
	result := simulate(t, Input{Requirement: plain(9, unit)})
	// 200 × 0.95 / 4 = 47.50 from quarter 3, for four quarters.
	column(t, "depreciation", result.Depreciation, "0", "0", "0", "47.50", "47.50", "47.50", "47.50", "0", "0")
	if got := result.DepreciationBetween(4, 9).String(); got != "142.50" {
		t.Errorf("depreciation of quarters 4 to 8 is %s, want 142.50", got)
	}
}

// 100 over twelve quarters is 8.333… a quarter. Income of 8.33 in quarters 1 to 3 leaves losses of 1/300 each, 0.01
// together; income of 8.34 in quarter 4 is a profit of 0.00666…, which those losses cover. Depreciation rounded to
// 8.33 a quarter would have made a taxable fen of it.
func TestTaxSeesExactDepreciation(t *testing.T) {
	unit := funding.Unit{
		Invest:  []funding.InvestLine{{Category: funding.InvestBuildings, DepreciateYears: 3, Series: explicit("100")}},
		Revenue: []funding.RevenueLine{income(funding.SourceService, explicit("0", "8.33", "8.33", "8.33", "8.34"))},
	}
	requirement := plain(6, unit)
	requirement.Tax.Income = money.One
	result := simulate(t, Input{Requirement: requirement})
	column(t, "tax", result.IncomeTax, "0", "0", "0", "0", "0", "0")
	column(t, "depreciation", result.Depreciation, "0", "8.33", "8.33", "8.33", "8.33", "8.33")
	if got := result.DepreciationBetween(1, 5).String(); got != "33.33" {
		t.Errorf("four quarters depreciate %s, want 33.33", got)
	}
}

func extended(t *testing.T) *Result {
	unit := funding.Unit{
		Invest:  []funding.InvestLine{{Category: funding.InvestWorkingCapital, Series: explicit("40")}, {Category: funding.InvestBuildings, Series: at(5, "11")}},
		Revenue: []funding.RevenueLine{income(funding.SourceService, recurring("100", 1, "0", 0))},
	}
	requirement := plain(4, unit)
	requirement.AfterHorizon = &funding.AfterHorizon{Years: 2, NetPerYear: money.MustAmount("100"), Growth: money.MustRate("0.1"), Residual: money.MustAmount("7")}
	return simulate(t, Input{Requirement: requirement, Quarters: 14})
}

func TestAfterHorizonTakesTheLinesPlace(t *testing.T) {
	result := extended(t)
	// 100/4 = 25 in its first year, 27.50 in its second, the residual with the last quarter, then nothing.
	column(t, "cfads", result.CFADS, "100", "100", "100", "100", "25", "25", "25", "25", "27.50", "27.50", "27.50", "34.50", "0", "0")
	column(t, "net", result.Net, "60", "100", "100", "100", "25", "14", "25", "25", "27.50", "27.50", "27.50", "34.50", "0", "40")
	for _, line := range result.Lines {
		if line.Kind == LineRevenue && (line.At(3) != money.MustAmount("100") || line.At(4) != 0) {
			t.Errorf("the income line shows %s in quarter 3 and %s in quarter 4", line.At(3), line.At(4))
		}
	}
}

func TestWithoutAfterHorizonLinesGoOn(t *testing.T) {
	result := simulate(t, Input{Requirement: plain(4, funding.Unit{Revenue: []funding.RevenueLine{income(funding.SourceService, recurring("100", 1, "0.1", 0))}}), Quarters: 6})
	column(t, "cfads", result.CFADS, "100", "100", "100", "100", "110", "110")
}

func TestWorkingCapitalComesBackInTheLastQuarter(t *testing.T) {
	unit := funding.Unit{Invest: []funding.InvestLine{{Category: funding.InvestWorkingCapital, Series: explicit("40", "10")}}}
	short := simulate(t, Input{Requirement: plain(4, unit)})
	column(t, "net", short.Net, "-40", "-10", "0", "50")
	column(t, "cfads", short.CFADS, "0", "0", "0", "0")
	long := simulate(t, Input{Requirement: plain(4, unit), Quarters: 6})
	column(t, "net of the extension", long.Net, "-40", "-10", "0", "0", "0", "50")
	if diff := cmp.Diff(short.Summary, long.Summary); diff != "" {
		t.Errorf("the summary depends on the extension (-horizon +extended):\n%s", diff)
	}
}

// rolling is a cluster of two units: U1 pays 100 and earns 50 a quarter, U2 waits for it.
func rolling(start funding.UnitStart) *funding.Requirement {
	unit := func(code string, start funding.UnitStart) funding.Unit {
		return funding.Unit{Code: code, Start: start,
			Invest:    []funding.InvestLine{{Category: funding.InvestBuildings, Series: explicit("100")}},
			Revenue:   []funding.RevenueLine{income(funding.SourceIndustry, recurring("50", 1, "0", 1))},
			Occupancy: funding.Series{Form: funding.SeriesExplicit, Values: []int64{300_000, 600_000, 590_000}}}
	}
	start.After = "U1"
	return &funding.Requirement{Start: quarter.Must("2026Q1"), Horizon: 8, Units: []funding.Unit{unit("U1", funding.UnitStart{At: quarter.Must("2026Q1")}), unit("U2", start)}}
}

func TestWhenAWaitingUnitStarts(t *testing.T) {
	is := func(ready func(UnitState) bool) StartCondition {
		return conditionFunc(func(state UnitState) (bool, error) { return ready(state), nil })
	}
	never := is(func(UnitState) bool { return false })
	q := func(index int) quarter.Quarter { return quarter.Must("2026Q1").Add(index) }
	for name, c := range map[string]struct {
		start     funding.UnitStart
		condition StartCondition
		want      int
	}{
		// Occupancy is 0.6 at the end of quarter 1, so the unit starts in quarter 2; then it falls to 0.59 and stays.
		"a threshold that is met exactly is met":      {funding.UnitStart{}, is(func(s UnitState) bool { return s.Occupancy >= 600_000 }), 2},
		"the last occupancy holds":                    {funding.UnitStart{}, is(func(s UnitState) bool { return s.Occupancy == 590_000 && s.Quarters >= 6 }), 6},
		"one millionth above is not met":              {funding.UnitStart{}, is(func(s UnitState) bool { return s.Occupancy >= 600_001 }), -1},
		"four quarters have passed in quarter 4":      {funding.UnitStart{}, is(func(s UnitState) bool { return s.Quarters >= 4 }), 4},
		"net of −50 after one quarter of income":      {funding.UnitStart{}, is(func(s UnitState) bool { return s.Started && s.CumulativeNet >= -money.MustAmount("50") }), 2},
		"all invested after the first quarter":        {funding.UnitStart{}, is(func(s UnitState) bool { return s.InvestedShare.Equal(money.One) }), 1},
		"zeros of a unit not yet started count":       {funding.UnitStart{}, is(func(s UnitState) bool { return s.CumulativeNet >= 0 }), 0},
		"not before earliest":                         {funding.UnitStart{Earliest: q(5)}, is(func(s UnitState) bool { return s.Started }), 5},
		"a condition true only before earliest is no": {funding.UnitStart{Earliest: q(3)}, is(func(s UnitState) bool { return s.Quarters == 2 }), -1},
		"latest still asks the condition":             {funding.UnitStart{Latest: q(4)}, is(func(s UnitState) bool { return s.Quarters >= 4 }), 4},
		"after latest it is too late":                 {funding.UnitStart{Latest: q(3)}, is(func(s UnitState) bool { return s.Quarters >= 4 }), -1},
		"at latest it may start anyway":               {funding.UnitStart{Latest: q(3), StartAtLatest: true}, never, 3},
		"at latest it may stay out":                   {funding.UnitStart{Latest: q(3)}, never, -1},
		"a latest beyond the horizon never comes":     {funding.UnitStart{Latest: q(8), StartAtLatest: true}, never, -1},
	} {
		t.Run(name, func(t *testing.T) {
			result := simulate(t, Input{Requirement: rolling(c.start), Conditions: map[string]StartCondition{"U2": c.condition}})
			if got := unitStart(result.Units[1]); got != c.want {
				t.Errorf("U2 starts at %d, want %d", got, c.want)
			}
		})
	}
}

// Rolling: 100 paid in quarter 0, 50 back in 1 and 2, 100 paid in 2: the gap is 100, 50, 100, … All at once: 200.
func TestRollingSavesPeakGap(t *testing.T) {
	condition := conditionFunc(func(s UnitState) (bool, error) { return s.Quarters >= 2, nil })
	result := simulate(t, Input{Requirement: rolling(funding.UnitStart{}), Conditions: map[string]StartCondition{"U2": condition}})
	column(t, "gap", result.Gap, "100", "50", "100", "0", "-100", "-200", "-300", "-400")
	s := result.Summary
	if s.PeakGap.String() != "100.00" || s.PeakIndex != 0 || s.AllAtOncePeakGap.String() != "200.00" || s.RollingSaving.String() != "100.00" {
		t.Errorf("peak %s in %d, all at once %s, saving %s", s.PeakGap, s.PeakIndex, s.AllAtOncePeakGap, s.RollingSaving)
	}
}

func TestUnitsInARingNeverStart(t *testing.T) {
	requirement := rolling(funding.UnitStart{})
	requirement.Units[0].Start = funding.UnitStart{After: "U2"}
	started := conditionFunc(func(s UnitState) (bool, error) { return s.Started, nil })
	result := simulate(t, Input{Requirement: requirement, Conditions: map[string]StartCondition{"U1": started, "U2": started}})
	for _, unit := range result.Units {
		if unit.Started {
			t.Errorf("unit %s starts", unit.Code)
		}
	}
	if result.Summary.TotalInvestment != 0 || result.Summary.CapitalRatio != nil || result.Summary.PeakIndex != -1 || result.Summary.FIRR != nil {
		t.Errorf("nothing happens, yet the summary is %+v", result.Summary)
	}
}

func TestNotes(t *testing.T) {
	failing := conditionFunc(func(s UnitState) (bool, error) {
		if s.Quarters >= 2 {
			return true, errors.New("division by zero")
		}
		return false, nil
	})
	requirement := rolling(funding.UnitStart{})
	requirement.Units[0].Invest = append(requirement.Units[0].Invest, funding.InvestLine{Category: funding.InvestBuildings, Series: at(8, "5")})
	result := simulate(t, Input{Requirement: requirement, Conditions: map[string]StartCondition{"U2": failing}})
	type short struct{ Code, Unit, Quarter string }
	var got []short
	for _, note := range result.Notes {
		got = append(got, short{note.Code, note.Unit, note.Quarter.String()})
		if note.Text.ZH == "" || note.Text.EN == "" {
			t.Errorf("note %s lacks a language", note.Code)
		}
	}
	// The condition fails in every quarter from 2 on, and is reported once.
	want := []short{{NoteConditionFailed, "U2", "2026Q3"}, {NoteInvestPastHorizon, "U1", "2028Q1"}, {NoteNeverStarted, "U2", "2026Q1"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if result.Summary.TotalInvestment.String() != "100.00" {
		t.Errorf("investment past the horizon is counted: %s", result.Summary.TotalInvestment)
	}
}

func TestGapCountsEveryKindOfCash(t *testing.T) {
	requirement := plain(4, funding.Unit{Invest: []funding.InvestLine{{Category: funding.InvestBuildings, Series: explicit("100", "100")}}})
	requirement.OpeningCash, requirement.MinimumCash = money.MustAmount("10"), money.MustAmount("3")
	requirement.Capital = []funding.FundingLine{{Source: "zone_equity", Series: explicit("40")}}
	requirement.Grants = []funding.FundingLine{{Source: "foreign_trade_fund", Series: at(1, "20")}}
	result := simulate(t, Input{Requirement: requirement, ExistingDebtService: amounts("5", "5", "5")})
	// 3 − (10 − 100 + 40 − 5) = 58; + 100 − 20 + 5 = 143; + 5 = 148; then nothing more is due.
	column(t, "gap", result.Gap, "58", "143", "148", "148")
	column(t, "draw", result.Draw, "58", "85", "5", "0")
	if result.Summary.PeakIndex != 2 {
		t.Errorf("the peak is reached in quarter %d, want the first of the two, 2", result.Summary.PeakIndex)
	}
	if got := result.Summary.CapitalRatio.String(); got != "0.2" { // 40 / 200
		t.Errorf("capital ratio %s", got)
	}
}

func TestPayback(t *testing.T) {
	for name, c := range map[string]struct {
		net  []money.Amount
		want string
	}{
		// −100, +40, +60, +100: zero exactly at the end of quarter 2, i.e. after 3 quarters.
		"reached exactly at a quarter's end": {amounts("-100", "40", "60", "100"), "0.75"},
		// −30 after two quarters, +40 in the third: 2.75 quarters.
		"inside a quarter, linearly": {amounts("-100", "70", "40"), "0.6875"},
		// The sum is +10, then −20, then +20: only the second turn is for good: (3 + 20/40)/4.
		"a later dip undoes an earlier turn": {amounts("-10", "20", "-30", "40"), "0.875"},
		"thirds are rounded to six decimals": {amounts("-1", "3"), "0.333333"}, // (1 + 1/3)/4
		"never negative pays back at once":   {amounts("0", "5"), "0"},
		"never":                              {amounts("-100", "99.99"), "absent"},
		"negative again at the very end":     {amounts("-1", "2", "-2"), "absent"},
	} {
		t.Run(name, func(t *testing.T) {
			got := "absent"
			if years := payback(c.net); years != nil {
				got = years.String()
			}
			if got != c.want {
				t.Errorf("payback %s, want %s", got, c.want)
			}
		})
	}
}

func TestPresentValue(t *testing.T) {
	for name, c := range map[string]struct {
		net  []money.Amount
		rate string
		want string
	}{
		"without a rate it is the sum":                  {amounts("-100", "40"), "0", "-60.00"},
		"a year at 25 % divides by 1.25":                {amounts("0", "0", "0", "100"), "0.25", "80.00"},
		"1.1⁴ − 1 a year is 10 % a quarter":             {amounts("11", "121"), "0.4641", "110.00"},
		"half a fen goes up: 0.01 / 2":                  {amounts("0", "0", "0", "0.01"), "1", "0.01"},
		"half a fen owed goes up too":                   {amounts("0", "0", "0", "-0.01"), "1", "-0.01"},
		"a quarter of a fen is nothing: 0.01 / 4":       {amounts("0", "0", "0", "0", "0", "0", "0", "0.01"), "1", "0.00"},
		"half a year at 21 % divides by 1.1, not 1.105": {amounts("0", "110"), "0.21", "100.00"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := presentValue(c.net, money.MustRate(c.rate)).String(); got != c.want {
				t.Errorf("value %s, want %s", got, c.want)
			}
		})
	}
}

func TestFIRRIsAnnualEffective(t *testing.T) {
	// −100 now and 110 a quarter later: 10 % a quarter, 1.1⁴ − 1 = 0.4641 a year.
	unit := funding.Unit{Invest: []funding.InvestLine{{Category: funding.InvestBuildings, Series: explicit("100")}}, Revenue: []funding.RevenueLine{income(funding.SourceService, at(1, "110"))}}
	if got := simulate(t, Input{Requirement: plain(4, unit)}).Summary.FIRR; got == nil || !got.Equal(money.MustRate("0.4641")) {
		t.Errorf("FIRR %v, want 0.4641", got)
	}
	unit.Revenue = nil
	if got := simulate(t, Input{Requirement: plain(4, unit)}).Summary.FIRR; got != nil {
		t.Errorf("without income there is no rate of return, got %s", got)
	}
}

func TestSimulateRefusesInputsThatCannotBe(t *testing.T) {
	ready := conditionFunc(func(UnitState) (bool, error) { return true, nil })
	waiting := rolling(funding.UnitStart{})
	lost := rolling(funding.UnitStart{})
	lost.Units[1].Start.After = "U9"
	huge := plain(8, funding.Unit{Revenue: []funding.RevenueLine{income(funding.SourceService, funding.Series{Form: funding.SeriesRecurring, PerQuarter: int64(money.MaxFileTotal), Ramp: 1})}})
	long := plain(8, funding.Unit{Invest: []funding.InvestLine{{Category: funding.InvestBuildings, Series: funding.Series{Form: funding.SeriesSpread, Total: int64(money.MaxFileTotal)*2 + 1, Over: 160}}}})
	odd := plain(4, funding.Unit{Revenue: []funding.RevenueLine{income("wind", explicit("1"))}})
	oddShare := plain(4, funding.Unit{Cost: []funding.CostLine{{Name: "a", ShareOf: "wind"}}})
	for name, c := range map[string]struct {
		input Input
		want  string
	}{
		"a statement shorter than the horizon":   {Input{Requirement: plain(8, funding.Unit{}), Quarters: 7}, ErrLength.Error()},
		"a statement beyond forty years":         {Input{Requirement: plain(8, funding.Unit{}), Quarters: 161}, ErrLength.Error()},
		"a negative length":                      {Input{Requirement: plain(8, funding.Unit{}), Quarters: -1}, ErrLength.Error()},
		"a waiting unit without a condition":     {Input{Requirement: waiting}, "unit U2: " + ErrCondition.Error()},
		"a wait for a unit that is not there":    {Input{Requirement: lost, Conditions: map[string]StartCondition{"U2": ready}}, `unit U2 after "U9"`},
		"amounts whose sum leaves the range":     {Input{Requirement: huge}, "unit U1: " + ErrTooLarge.Error()},
		"investment whose total is out of range": {Input{Requirement: long}, "unit U1: " + ErrTooLarge.Error()},
		"debt service out of range":              {Input{Requirement: plain(8, funding.Unit{}), ExistingDebtService: []money.Amount{money.MaxFileTotal, money.MaxFileTotal, 1}}, ErrTooLarge.Error()},
		"income of an unknown source":            {Input{Requirement: odd}, `"wind"`},
		"a share of an unknown source":           {Input{Requirement: oddShare}, `"wind"`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Simulate(c.input); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// The names and forms are those of finance.md, section "Answers".
func TestAnswerIsWrittenAsPublished(t *testing.T) {
	unit := funding.Unit{Invest: []funding.InvestLine{{Category: funding.InvestBuildings, Series: explicit("3")}}, Revenue: []funding.RevenueLine{income(funding.SourceLand, explicit("0", "1"))}}
	requirement := plain(1, unit)
	requirement.Capital = []funding.FundingLine{{Source: "zone_equity", Series: explicit("1")}}
	requirement.Units = append(requirement.Units, funding.Unit{Code: "U2", Start: funding.UnitStart{After: "U1", Earliest: quarter.Must("2026Q1"), Latest: quarter.Must("2026Q1")}})
	no := conditionFunc(func(UnitState) (bool, error) { return false, nil })
	result := simulate(t, Input{Requirement: requirement, Conditions: map[string]StartCondition{"U2": no}})
	result.Notes = nil
	got, err := json.Marshal(result.Answer())
	if err != nil {
		t.Fatal(err)
	}
	want := `{"quarters":[{"quarter":"2026Q1","inflow":{"land":"0.00","energy":"0.00","industry":"0.00","commercial":"0.00","service":"0.00","total":"0.00"},` +
		`"cost":"0.00","surtax":"0.00","income_tax":"0.00","cfads":"0.00","invest":"3.00","net":"-3.00","cumulative":"-3.00","capital":"1.00","grants":"0.00",` +
		`"existing_debt_service":"0.00","gap":"2.00","draw":"2.00"}],` +
		`"units":[{"code":"U1","start":"2026Q1","end_of_investment":"2026Q1","invested":"3.00"},{"code":"U2","start":null,"end_of_investment":null,"invested":"0.00"}],` +
		`"summary":{"total_investment":"3.00","capital_total":"1.00","grants_total":"0.00","capital_ratio":"0.333333","peak_gap":"2.00","peak_quarter":"2026Q1",` +
		`"all_at_once_peak_gap":"2.00","rolling_saving":"0.00","firr":null,"fnpv":"-3.00","payback_years":null}}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Files hold at most twelve decimals, but a stress factor may leave more; they still count.
// 10,000,000,000,000 × 0.6666666666667 / 4 = 1,666,666,666,666.75 a quarter; 0.3333333333333 of it is set aside.
func TestRatesOfMoreThanTwelveDecimalsStayExact(t *testing.T) {
	long := money.Decimal(decimal.RequireFromString("0.3333333333333"))
	land := income(funding.SourceLand, explicit("10000000000000"))
	land.SetAside = long
	unit := funding.Unit{
		Invest:  []funding.InvestLine{{Category: funding.InvestBuildings, DepreciateYears: 1, Residual: long, Series: explicit("10000000000000")}},
		Revenue: []funding.RevenueLine{land},
		Cost:    []funding.CostLine{{Name: "a", ShareOf: funding.SourceLand, Share: long}},
	}
	result := simulate(t, Input{Requirement: plain(4, unit)})
	column(t, "depreciation", result.Depreciation, "0", "1666666666666.75", "1666666666666.75", "1666666666666.75")
	column(t, "land", result.Inflow, "6666666666667", "0", "0", "0")
	column(t, "cost", result.Cost, "2222222222222.11", "0", "0", "0") // 6666666666667 × 0.3333333333333 = 2222222222222.1111…
}
