package cashflow

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

// The goal of this file: whatever requirement a bureau could write, the engine and the naive reference agree on every
// amount to the fen, and the identities that a statement must have hold.

// drawnCondition is a start condition that compares one part of the state with a threshold; odd ones fail.
type drawnCondition struct {
	Part  int
	Least int64
	Fails bool
}

func (c drawnCondition) Ready(state UnitState) (bool, error) {
	if c.Fails && state.Quarters > 2 {
		return false, errors.New("division by zero")
	}
	parts := []int64{int64(state.Quarters), int64(state.Invested), state.InvestedShare.Shift(6).IntPart(), int64(state.CumulativeInflow), int64(state.CumulativeNet), state.Occupancy}
	return state.Started && parts[c.Part] >= c.Least, nil
}

func drawSeries(t *rapid.T, name string, endless bool) funding.Series {
	s := funding.Series{Offset: rapid.IntRange(0, 6).Draw(t, name+".offset")}
	amount := rapid.Int64Range(0, 5_000_000_00)
	switch rapid.IntRange(0, 2).Draw(t, name+".form") {
	case 0:
		s.Form, s.Values = funding.SeriesExplicit, rapid.SliceOfN(amount, 1, 12).Draw(t, name+".values")
	case 1:
		s.Form, s.Total, s.Over = funding.SeriesSpread, amount.Draw(t, name+".total"), rapid.IntRange(1, 14).Draw(t, name+".over")
		s.Shape = rapid.SampledFrom([]funding.SpreadShape{funding.ShapeEven, funding.ShapeSCurve, funding.ShapeFront, funding.ShapeBack}).Draw(t, name+".shape")
	default:
		s.Form, s.PerQuarter = funding.SeriesRecurring, amount.Draw(t, name+".per_quarter")
		s.Ramp = rapid.IntRange(1, 9).Draw(t, name+".ramp")
		s.Growth = rapid.SampledFrom(rates("0", "0.03", "-0.02", "0.025", "0.123456789012", "1", "-1")).Draw(t, name+".growth")
		s.Quarters = rapid.IntRange(0, 12).Draw(t, name+".quarters")
		if !endless {
			s.Quarters++
		}
	}
	return s
}

func rates(texts ...string) []money.Decimal {
	out := make([]money.Decimal, len(texts))
	for i, text := range texts {
		out[i] = money.MustRate(text)
	}
	return out
}

func drawUnit(t *rapid.T, i, horizon int, start quarter.Quarter) funding.Unit {
	name := fmt.Sprintf("U%d", i+1)
	unit := funding.Unit{Code: name, Start: funding.UnitStart{At: start.Add(rapid.IntRange(0, horizon-1).Draw(t, name+".at"))}}
	categories := []funding.InvestCategory{funding.InvestLand, funding.InvestInfrastructure, funding.InvestBuildings, funding.InvestWorkingCapital}
	for j := range rapid.IntRange(0, 4).Draw(t, name+".invests") {
		label := fmt.Sprintf("%s.invest%d", name, j)
		unit.Invest = append(unit.Invest, funding.InvestLine{
			Category:        rapid.SampledFrom(categories).Draw(t, label+".category"),
			DepreciateYears: rapid.SampledFrom([]int{0, 1, 2, 3, 7, 20}).Draw(t, label+".years"),
			Residual:        rapid.SampledFrom(rates("0", "0.05", "0.333333333333", "1")).Draw(t, label+".residual"),
			Series:          drawSeries(t, label, false),
		})
	}
	for j := range rapid.IntRange(0, 4).Draw(t, name+".revenues") {
		label := fmt.Sprintf("%s.revenue%d", name, j)
		line := funding.RevenueLine{Source: rapid.SampledFrom(funding.IncomeSources[:]).Draw(t, label+".source"), Series: drawSeries(t, label, true)}
		if line.Source == funding.SourceLand {
			line.SetAside = rapid.SampledFrom(rates("0", "0.2", "0.333333333333", "1")).Draw(t, label+".set_aside")
			line.Lag = rapid.IntRange(0, 5).Draw(t, label+".lag")
		}
		unit.Revenue = append(unit.Revenue, line)
	}
	for j := range rapid.IntRange(0, 3).Draw(t, name+".costs") {
		label := fmt.Sprintf("%s.cost%d", name, j)
		line := funding.CostLine{Name: label}
		if rapid.Bool().Draw(t, label+".shared") {
			line.ShareOf = rapid.SampledFrom([]funding.IncomeSource{funding.SourceLand, funding.SourceService, funding.ShareOfAll}).Draw(t, label+".share_of")
			line.Share = rapid.SampledFrom(rates("0.1", "0.333333333333", "1")).Draw(t, label+".share")
		} else {
			line.Series = drawSeries(t, label, true)
		}
		unit.Cost = append(unit.Cost, line)
	}
	if rapid.Bool().Draw(t, name+".occupied") {
		unit.Occupancy = funding.Series{Form: funding.SeriesExplicit, Offset: rapid.IntRange(0, 4).Draw(t, name+".occupancy.offset"),
			Values: rapid.SliceOfN(rapid.Int64Range(0, 1_000_000), 1, 6).Draw(t, name+".occupancy")}
	}
	return unit
}

// drawInput makes a requirement that ReadRequirement would accept, with conditions for its waiting units.
func drawInput(t *rapid.T) Input {
	start := quarter.Must("2026Q1")
	horizon := rapid.IntRange(4, 44).Draw(t, "horizon")
	requirement := &funding.Requirement{
		Start: start, Horizon: horizon,
		DiscountRate: rapid.SampledFrom(rates("0", "0.06", "0.080000000001", "1")).Draw(t, "discount"),
		Tax:          funding.Tax{Surtax: rapid.SampledFrom(rates("0", "0.006", "0.05")).Draw(t, "surtax"), Income: rapid.SampledFrom(rates("0", "0.15", "0.25", "0.333333333333")).Draw(t, "income")},
		OpeningCash:  money.Amount(rapid.Int64Range(0, 1_000_000_00).Draw(t, "opening")),
		MinimumCash:  money.Amount(rapid.Int64Range(0, 1_000_000_00).Draw(t, "minimum")),
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "capitals") {
		requirement.Capital = append(requirement.Capital, funding.FundingLine{Source: "zone_equity", Series: drawSeries(t, fmt.Sprint("capital", i), true)})
	}
	for i := range rapid.IntRange(0, 1).Draw(t, "grants") {
		requirement.Grants = append(requirement.Grants, funding.FundingLine{Source: "foreign_trade_fund", Series: drawSeries(t, fmt.Sprint("grant", i), true)})
	}
	conditions := map[string]StartCondition{}
	for i := range rapid.IntRange(1, 4).Draw(t, "units") {
		unit := drawUnit(t, i, horizon, start)
		if i > 0 && rapid.Bool().Draw(t, unit.Code+".waits") {
			unit.Start = drawWait(t, unit.Code, i, start, horizon)
			conditions[unit.Code] = drawnCondition{
				Part: rapid.IntRange(0, 5).Draw(t, unit.Code+".part"), Least: rapid.Int64Range(-1_000_000_00, 1_000_000_00).Draw(t, unit.Code+".least"),
				Fails: rapid.Bool().Draw(t, unit.Code+".fails"),
			}
		}
		requirement.Units = append(requirement.Units, unit)
	}
	input := Input{Requirement: requirement, Conditions: conditions, Quarters: horizon}
	if rapid.Bool().Draw(t, "extended") {
		input.Quarters = horizon + rapid.IntRange(0, 24).Draw(t, "extension")
	}
	if rapid.Bool().Draw(t, "has after_horizon") {
		requirement.AfterHorizon = &funding.AfterHorizon{Years: rapid.IntRange(1, 7).Draw(t, "after.years"), NetPerYear: money.Amount(rapid.Int64Range(-1_000_000_00, 9_000_000_01).Draw(t, "after.net")),
			Growth: rapid.SampledFrom(rates("0", "0.02", "-0.05")).Draw(t, "after.growth"), Residual: money.Amount(rapid.Int64Range(0, 5_000_000_00).Draw(t, "after.residual"))}
	}
	for range rapid.IntRange(0, input.Quarters).Draw(t, "existing") {
		input.ExistingDebtService = append(input.ExistingDebtService, money.Amount(rapid.Int64Range(0, 300_000_00).Draw(t, "service")))
	}
	return input
}

func drawWait(t *rapid.T, code string, i int, start quarter.Quarter, horizon int) funding.UnitStart {
	wait := funding.UnitStart{After: fmt.Sprintf("U%d", rapid.IntRange(1, i).Draw(t, code+".after")), When: "drawn"}
	if rapid.Bool().Draw(t, code+".has_earliest") {
		wait.Earliest = start.Add(rapid.IntRange(0, horizon-1).Draw(t, code+".earliest"))
	}
	if rapid.Bool().Draw(t, code+".has_latest") {
		wait.Latest = max(wait.Earliest, start).Add(rapid.IntRange(0, horizon).Draw(t, code+".latest"))
		wait.StartAtLatest = rapid.Bool().Draw(t, code+".at_latest")
	}
	return wait
}

func newReference(input Input, length int) *reference {
	return &reference{requirement: input.Requirement, conditions: input.Conditions, existing: input.ExistingDebtService, length: length, starts: make([]int, len(input.Requirement.Units))}
}

func TestEngineAgreesWithReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		input := drawInput(t)
		result, err := Simulate(input)
		if err != nil {
			t.Fatal(err)
		}
		naive := newReference(input, input.Quarters)
		naive.roll()
		for i, unit := range result.Units {
			if got := unitStart(unit); got != naive.starts[i] {
				t.Fatalf("unit %s starts at %d, the reference at %d", unit.Code, got, naive.starts[i])
			}
		}
		compareColumns(t, &result.Statement, naive.sheet())
		compareSummary(t, input, result)
	})
}

func unitStart(unit UnitOutcome) int {
	if !unit.Started {
		return -1
	}
	return unit.StartIndex
}

func compareColumns(t *rapid.T, s *Statement, sheet referenceSheet) {
	type pair struct {
		name string
		got  []money.Amount
		want []decimal.Decimal
	}
	pairs := []pair{{"inflow", s.Inflow, sheet.inflow}, {"cost", s.Cost, sheet.cost}, {"surtax", s.Surtax, sheet.surtax}, {"income tax", s.IncomeTax, sheet.tax},
		{"cfads", s.CFADS, sheet.cfads}, {"invest", s.Invest, sheet.invest}, {"net", s.Net, sheet.net}, {"cumulative", s.Cumulative, sheet.cumulative},
		{"capital", s.Capital, sheet.capital}, {"grants", s.Grants, sheet.grants}, {"existing", s.ExistingDebtService, sheet.existing}, {"gap", s.Gap, sheet.gap}, {"draw", s.Draw, sheet.draw}}
	for i, source := range funding.IncomeSources {
		pairs = append(pairs, pair{string(source), s.InflowBySource[i], sheet.source[i]})
	}
	for _, p := range pairs {
		for q := range p.want {
			if !p.got[q].Decimal().Equal(p.want[q]) {
				t.Fatalf("%s in quarter %d is %s, the reference says %s", p.name, q, p.got[q], p.want[q])
			}
		}
	}
	total := decimal.Zero
	for q, times := range sheet.depreciationTimes {
		total = total.Add(times)
		if want := times.DivRound(sheet.multiple, 2); !s.Depreciation[q].Decimal().Equal(want) {
			t.Fatalf("depreciation in quarter %d is %s, the reference says %s", q, s.Depreciation[q], want)
		}
	}
	if want := total.DivRound(sheet.multiple, 2); !s.DepreciationBetween(0, len(s.Depreciation)).Decimal().Equal(want) {
		t.Fatalf("depreciation in all is %s, the reference says %s", s.DepreciationBetween(0, len(s.Depreciation)), want)
	}
}

// compareSummary works the summary out from statements of exactly the horizon.
func compareSummary(t *rapid.T, input Input, result *Result) {
	requirement := input.Requirement
	rolling := newReference(input, requirement.Horizon)
	rolling.roll()
	sheet := rolling.sheet()
	at := newReference(input, requirement.Horizon)
	copy(at.starts, rolling.starts)
	at.together()
	peakOf := func(gaps []decimal.Decimal) (decimal.Decimal, int) {
		top, index := decimal.Zero, -1
		for q, gap := range gaps {
			if gap.GreaterThan(top) {
				top, index = gap, q
			}
		}
		return top, index
	}
	total := func(column []decimal.Decimal) decimal.Decimal { return decimal.Sum(decimal.Zero, column...) }
	gap, index := peakOf(sheet.gap)
	together, _ := peakOf(at.sheet().gap)
	s := result.Summary
	for name, pair := range map[string][2]decimal.Decimal{
		"total investment": {s.TotalInvestment.Decimal(), total(sheet.invest)}, "capital": {s.CapitalTotal.Decimal(), total(sheet.capital)},
		"grants": {s.GrantsTotal.Decimal(), total(sheet.grants)}, "peak gap": {s.PeakGap.Decimal(), gap}, "peak quarter": {refInt(s.PeakIndex), refInt(index)},
		"all at once": {s.AllAtOncePeakGap.Decimal(), together}, "saving": {s.RollingSaving.Decimal(), together.Sub(gap)},
		"fnpv": {s.FNPV.Decimal(), refPresentValue(sheet.net, requirement.DiscountRate)},
	} {
		if !pair[0].Equal(pair[1]) {
			t.Fatalf("%s is %s, the reference says %s", name, pair[0], pair[1])
		}
	}
	want := refPayback(sheet.net)
	if (want == nil) != (s.PaybackYears == nil) || want != nil && !want.Equal(*s.PaybackYears) {
		t.Fatalf("payback is %v, the reference says %v", s.PaybackYears, want)
	}
}

func TestSameInputGivesSameBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		input := drawInput(t)
		var texts [2]string
		for i := range texts {
			result, err := Simulate(input)
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(result.Answer())
			if err != nil {
				t.Fatal(err)
			}
			texts[i] = string(text)
		}
		if texts[0] != texts[1] {
			t.Fatal(cmp.Diff(texts[0], texts[1]))
		}
	})
}

// The identities hold whatever the formulas are: what comes in less what goes out is what is left, the draws are the
// peak gap, and after them no quarter is short of the minimum.
func TestStatementBalances(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		input := drawInput(t)
		result, err := Simulate(input)
		if err != nil {
			t.Fatal(err)
		}
		cash, net, drawn := input.Requirement.OpeningCash, input.Requirement.OpeningCash, money.Amount(0)
		for q := range result.Inflow {
			var bySource, lines money.Amount
			for i := range result.InflowBySource {
				bySource += result.InflowBySource[i][q]
			}
			for _, line := range result.Lines {
				switch line.Kind {
				case LineRevenue:
					lines += line.At(q)
				case LineCost:
					lines -= line.At(q)
				case LineInvest:
					lines -= line.At(q)
				}
			}
			replaced := input.Requirement.AfterHorizon != nil && q >= result.Horizon
			if !replaced && (bySource != result.Inflow[q] || lines != result.Inflow[q]-result.Cost[q]-result.Invest[q]) {
				t.Fatalf("quarter %d: sources %s, lines %s, inflow %s", q, bySource, lines, result.Inflow[q])
			}
			drawn += result.Draw[q]
			net += result.Net[q]
			cash += result.Net[q] + result.Capital[q] + result.Grants[q] - result.ExistingDebtService[q] + result.Draw[q]
			if net != result.Cumulative[q] {
				t.Fatalf("quarter %d: cumulative %s, the nets add to %s", q, result.Cumulative[q], net)
			}
			if cash < input.Requirement.MinimumCash {
				t.Fatalf("quarter %d: cash after draws %s is below the minimum", q, cash)
			}
			if result.Draw[q] > 0 && cash != input.Requirement.MinimumCash {
				t.Fatalf("quarter %d: a draw leaves more than the minimum, so it is not the smallest", q)
			}
		}
		if peakGap, _ := peak(result.Gap); drawn != peakGap {
			t.Fatalf("draws add to %s, the peak gap is %s", drawn, peakGap)
		}
		if result.Quarters == result.Horizon && drawn != result.Summary.PeakGap {
			t.Fatalf("draws add to %s, the summary's peak gap is %s", drawn, result.Summary.PeakGap)
		}
	})
}

func TestSpreadsAddToTheirTotal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		series := funding.Series{Form: funding.SeriesSpread, Total: rapid.Int64Range(0, int64(money.MaxAmount)).Draw(t, "total"), Over: rapid.IntRange(1, 160).Draw(t, "over"), Offset: rapid.IntRange(0, 160).Draw(t, "offset"),
			Shape: rapid.SampledFrom([]funding.SpreadShape{funding.ShapeEven, funding.ShapeSCurve, funding.ShapeFront, funding.ShapeBack}).Draw(t, "shape")}
		values, err := Expand(series, series.Offset+series.Over)
		if err != nil {
			t.Fatal(err)
		}
		if sum, err := sumChecked(values); err != nil || sum != series.Total {
			t.Fatalf("the parts of %d add to %d (%v)", series.Total, sum, err)
		}
	})
}

// A unit that is moved as a whole keeps its own figures: only the calendar changes.
func TestDelayingEverythingMovesTheStatementAlong(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		unit := drawUnit(t, 0, 1, quarter.Must("2026Q1"))
		requirement := funding.Requirement{Start: quarter.Must("2026Q1"), Horizon: 30, Tax: funding.Tax{Surtax: money.MustRate("0.006"), Income: money.MustRate("0.25")}, Units: []funding.Unit{unit}}
		delay := rapid.IntRange(0, 20).Draw(t, "delay")
		moved := requirement
		moved.Units = []funding.Unit{unit}
		moved.Units[0].Start.At = unit.Start.At.Add(delay)
		first, err := Simulate(Input{Requirement: &requirement})
		if err != nil {
			t.Fatal(err)
		}
		second, err := Simulate(Input{Requirement: &moved})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first.CFADS[:30-delay], second.CFADS[delay:]); diff != "" {
			t.Fatalf("CFADS (-at the start +delayed by %d):\n%s", delay, diff)
		}
	})
}

// What a waiting unit sees is compared directly: a condition would notice only a difference across its threshold.
func TestStateAgreesWithReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		input := drawInput(t)
		work := newBuilder(input.Requirement, input.Quarters)
		naive := newReference(input, input.Quarters)
		for i := range input.Requirement.Units {
			p, err := work.profile(&input.Requirement.Units[i])
			if err != nil {
				t.Fatal(err)
			}
			naive.starts[i] = rapid.IntRange(-1, 9).Draw(t, "start")
			q := rapid.IntRange(0, input.Requirement.Horizon-1).Draw(t, "q")
			got, want := p.stateAfter(q, naive.starts[i]), naive.state(i, q-1)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("state of unit %d before quarter %d (-reference +engine):\n%s", i, q, diff)
			}
		}
	})
}

// FuzzSimulateWhatIsRead: whatever file the reader accepts can be simulated, over the longest statement too, and gives
// the same bytes twice. Conditions are stood in for by one that is sometimes true.
func FuzzSimulateWhatIsRead(f *testing.F) {
	for _, pattern := range []string{"../../rules/samples/*/requirement.yaml", "../../testdata/requirements/original/*.json"} {
		files, _ := filepath.Glob(pattern)
		if len(files) < 3 {
			f.Fatalf("%s matches %d files", pattern, len(files))
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Add([]byte(`{"schema": "zutuan/requirement/v1", "name": "n", "zone": "z", "cluster": {"code": "c", "name": "n"}, "borrower": {"name": "b", "type": "spv"}, "currency": "CNY", "start": "2026Q1", "horizon": 4,
 "discount_rate": "1", "tax": {"surtax": "1", "income": "1"}, "after_horizon": {"years": 6, "net_per_year": "10000000000000", "growth": "1"}, "units": [{"code": "U1", "start": {"at": "2026Q1"},
 "invest": [{"category": "equipment", "depreciate_years": 7, "total": "0.02", "over": 4}], "revenue": [{"source": "land", "set_aside": "1", "per_quarter": "9999999999999.99"}], "occupancy": {"values": [1]}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		requirement, err := funding.ReadRequirement("fuzz.yaml", data, nil)
		if err != nil {
			return
		}
		input := Input{Requirement: requirement, Conditions: map[string]StartCondition{}, Quarters: funding.MaxQuarters}
		for _, unit := range requirement.Units {
			input.Conditions[unit.Code] = conditionFunc(func(s UnitState) (bool, error) { return s.Quarters%3 == 2, nil })
		}
		first, err := Simulate(input)
		if err != nil {
			t.Fatal(err)
		}
		second, _ := Simulate(input)
		a, _ := json.Marshal(first.Answer())
		b, _ := json.Marshal(second.Answer())
		if string(a) != string(b) {
			t.Fatal("the same input gives different bytes")
		}
	})
}
