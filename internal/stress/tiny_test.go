package stress_test

// The tiny case is small enough to be followed by hand, to the fen. One unit starts in 2026Q1: it invests 400 in each of
// the first two quarters, then earns 200 and costs 20 a quarter; 200 of capital come in the first quarter; there is no
// tax and no minimum cash. One loan of at most 1,000 at 4 % a year (1 % a quarter) pays draws out at the end of their
// quarter, has four quarters of grace and repays in four equal parts, 2027Q1 to 2027Q4.
//
//	Q0: −400 + 200 → draw 200. Q1: −400 − 2.00 interest → draw 402.00; balance 602.00.
//	Q4–Q7: principal 150.50 each; interest 6.02 + 4.515 (4.52) + 3.01 + 1.505 (1.51) = 15.06; service 617.06.
//	CFADS of the loan year 4 × 180 = 720; DSCR 720 / 617.06 = 1.166823.

import (
	"errors"
	"strings"
	"testing"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/plan"
	"zutuan/internal/quarter"
	"zutuan/internal/stress"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

var start = quarter.Must("2026Q1")

func yuan(amounts ...string) []int64 {
	values := make([]int64, len(amounts))
	for i, amount := range amounts {
		values[i] = int64(money.MustAmount(amount))
	}
	return values
}

func explicit(amounts ...string) funding.Series {
	return funding.Series{Form: funding.SeriesExplicit, Values: yuan(amounts...)}
}

func perQuarter(amount string, offset int) funding.Series {
	return funding.Series{Form: funding.SeriesRecurring, PerQuarter: int64(money.MustAmount(amount)), Offset: offset, Ramp: 1}
}

// tiny returns the case; change may alter it before the loan is scheduled as planned.
func tiny(t *testing.T, change func(*stress.Case)) *stress.Case {
	t.Helper()
	requirement := &funding.Requirement{Name: "tiny", Currency: "CNY", Start: start, Horizon: 12,
		Capital: []funding.FundingLine{{Source: "zone_equity", Series: explicit("200")}},
		Units: []funding.Unit{{Code: "U1", Start: funding.UnitStart{At: start},
			Invest:  []funding.InvestLine{{Category: funding.InvestBuildings, Series: explicit("400", "400")}},
			Revenue: []funding.RevenueLine{{Source: funding.SourceIndustry, Series: perQuarter("200", 2)}},
			Cost:    []funding.CostLine{{Name: "staff", Series: perQuarter("20", 2)}}}}}
	terms := loan.Terms{Rate: money.MustRate("0.04"), Tenor: 8, Grace: 4, Availability: 4, Interval: 1, Profile: loan.ProfileEqualPrincipal, Timing: loan.TimingEnd}
	c := &stress.Case{Requirement: requirement, Sources: []stress.Source{{Terms: terms, Line: plan.Line{
		ID: "loan", Kind: "commercial_loan", CountsAs: plan.CountsAsDebt, Commitment: money.MustAmount("1000")}}}}
	if change != nil {
		change(c)
	}
	terms = c.Sources[0].Terms
	terms.Commitment = c.Sources[0].Line.Commitment
	terms.Draws = []loan.Draw{{Quarter: start, Amount: money.MustAmount("200")}, {Quarter: start.Add(1), Amount: money.MustAmount("402")}}
	schedule, err := loan.Build(terms, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Sources[0].Line.Schedule = schedule
	return c
}

func run(t *testing.T, c *stress.Case, f stress.Factors) *stress.Chain {
	t.Helper()
	chain, err := c.Run(f)
	if err != nil {
		t.Fatal(err)
	}
	return chain
}

// drawsOf returns the draws of a line as text, "2026Q1 200.00".
func drawsOf(line plan.Line) string {
	var out []string
	for i := range line.Schedule.Rows {
		if row := &line.Schedule.Rows[i]; row.Draw != 0 {
			out = append(out, row.Quarter.String()+" "+row.Draw.String())
		}
	}
	return strings.Join(out, ", ")
}

func fall(source funding.IncomeSource, share string) (f stress.Factors) {
	for i, known := range funding.IncomeSources {
		if known == source {
			f.Fall[i] = money.MustRate(share)
		}
	}
	return f
}

func TestTheTinyCaseUnderEachStress(t *testing.T) {
	cases := []struct {
		name    string
		factors stress.Factors
		change  func(*stress.Case)
		dscr    string
		draws   string
		short   string
	}{
		{name: "nothing", dscr: "1.166823", draws: "2026Q1 200.00, 2026Q2 402.00"},
		// Income 180 a quarter: 640 / 617.06.
		{name: "industry income falls by a tenth", factors: fall(funding.SourceIndustry, "0.1"), dscr: "1.037176", draws: "2026Q1 200.00, 2026Q2 402.00"},
		// 440 twice: draws 240 and 442.40, balance 682.40, interest 6.82 + 5.12 + 3.41 + 1.71; 720 / 699.46.
		{name: "investment overruns by a tenth", factors: stress.Factors{Invest: money.MustRate("0.1")}, dscr: "1.029366", draws: "2026Q1 240.00, 2026Q2 442.40"},
		// 1.25 % a quarter: draws 200 and 402.50; principal 3 × 150.63 and 150.61; interest 7.53 + 5.65 + 3.77 + 1.88; 720 / 621.33.
		{name: "the rate rises by a point", factors: stress.Factors{Rate: money.MustRate("0.01")}, dscr: "1.158805", draws: "2026Q1 200.00, 2026Q2 402.50"},
		{name: "the rate rises by a point, but the line's is fixed", factors: stress.Factors{Rate: money.MustRate("0.01")}, dscr: "1.166823", draws: "2026Q1 200.00, 2026Q2 402.00",
			change: func(c *stress.Case) { c.Sources[0].RateFixed = true }},
		// Income from Q4 on while cost runs: draws 26.02 and 26.28 more, balance 654.30, interest 6.54 + 4.91 + 3.27 + 1.64; 720 / 670.66.
		{name: "income comes two quarters late", factors: stress.Factors{DelayRamp: 2}, dscr: "1.073569", draws: "2026Q1 200.00, 2026Q2 402.00, 2026Q3 26.02, 2026Q4 26.28"},
		// Everything a quarter later, the calendar of the loan as planned.
		{name: "the unit starts a quarter late", factors: stress.Factors{DelayStart: 1}, dscr: "1.166823", draws: "2026Q2 200.00, 2026Q3 402.00"},
		// Two quarters at half income: 720 − 200 = 520; 520 / 617.06.
		{name: "the port closes for two quarters", dscr: "0.842706", draws: "2026Q1 200.00, 2026Q2 402.00", factors: closure(4, 2)},
		// Q1 stays 402.00 short; Q2 earns 180 and pays 2.00, and draws the 224.00 that are still missing. Balance 424.00,
		// principal 106.00, interest 4.24 + 3.18 + 2.12 + 1.06 = 10.60; 720 / 434.60.
		{name: "the market is shut in the second quarter", dscr: "1.656696", draws: "2026Q1 200.00, 2026Q3 224.00", short: "2026Q2 402.00",
			factors: stress.Factors{Shut: stress.Window{From: 1, Quarters: 1}}},
		// Everything from Q4 on costs 1/(1 − 0.2) = 1.25: principal 4 × 188.13, interest 7.53 + 5.65 + 3.76 + 1.89; 720 / 771.35.
		{name: "the home currency falls, and the loan is in dollars", dscr: "0.933428", draws: "2026Q1 200.00, 2026Q2 402.00", factors: exchange("0.2", 4),
			change: func(c *stress.Case) { c.Sources[0].Currency = "USD" }},
		// Right after the last draw, from Q2 on: interest of Q2 and Q3 too, which the loan year does not see.
		{name: "the home currency falls after the draws", dscr: "0.933428", draws: "2026Q1 200.00, 2026Q2 402.00", factors: afterDraws("0.2"),
			change: func(c *stress.Case) { c.Sources[0].Currency = "USD" }},
		{name: "the home currency falls, and the loan is in it", dscr: "1.166823", draws: "2026Q1 200.00, 2026Q2 402.00", factors: exchange("0.2", 4)},
		// 760 twice, 1,000 committed: 560 + 440. Q1 lacks 760 + 5.60 − 440 = 325.60; 180 a quarter less interest 10.00 in Q2
		// and Q3, less services 260, 257.50, 255 and 252.50 from Q4 on; 720 / 1,025.
		{name: "the commitment is exhausted", factors: stress.Factors{Invest: money.MustRate("0.9")}, dscr: "0.702439", draws: "2026Q1 560.00, 2026Q2 440.00", short: "2026Q2 325.60, 2026Q3 155.60, 2027Q1 65.60, 2027Q2 143.10, 2027Q3 218.10, 2027Q4 290.60, 2028Q1 110.60"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			chain := run(t, tiny(t, test.change), test.factors)
			var short []string
			for _, missing := range chain.Evaluation.Coverage.Shortfalls {
				short = append(short, missing.Quarter.String()+" "+missing.Amount.String())
			}
			if got := chain.Evaluation.Coverage.MinDSCR.String(); got != test.dscr {
				t.Errorf("lowest DSCR %s, by hand %s", got, test.dscr)
			}
			if got := drawsOf(chain.Lines[0]); got != test.draws {
				t.Errorf("draws %s, by hand %s", got, test.draws)
			}
			if got := strings.Join(short, ", "); got != test.short {
				t.Errorf("shortfalls %s, by hand %s", got, test.short)
			}
		})
	}
}

func closure(from, quarters int) (f stress.Factors) {
	f.Closure.Window = stress.Window{From: from, Quarters: quarters}
	f.Closure.Keep = money.MustRate("0.5")
	f.Closure.Sources[2] = true // industry
	return f
}

func exchange(depreciation string, from int) (f stress.Factors) {
	f.Exchange.Depreciation, f.Exchange.From = money.MustRate(depreciation), from
	return f
}

func afterDraws(depreciation string) (f stress.Factors) {
	f.Exchange.Depreciation, f.Exchange.AfterDraws = money.MustRate(depreciation), true
	return f
}

func TestALineWithoutTermsCannotBeStressed(t *testing.T) {
	c := tiny(t, nil)
	c.Sources[0].Terms = loan.Terms{}
	var problems document.Problems
	if err := c.Check(); !errors.As(err, &problems) || problems[0].Path != "lines[0].terms" || problems[0].ZH == "" {
		t.Errorf("the missing terms should be named with their place, got %v", err)
	}
}

func TestALineThatIsOpenedEarlierKeepsItsInstalments(t *testing.T) {
	// The first line gives 300 only, the second is planned from 2026Q2 on. With investment up by half the need of Q0 is
	// 600 − 200 = 400: 300 from the first and 100 from the second, a quarter before its time.
	c := tiny(t, nil)
	second := c.Sources[0]
	second.Line.ID, c.Sources[0].Line.Commitment = "second", money.MustAmount("300")
	first := c.Sources[0].Terms
	first.Draws = []loan.Draw{{Quarter: start, Amount: money.MustAmount("200")}, {Quarter: start.Add(1), Amount: money.MustAmount("100")}}
	second.Terms.Draws = nil
	terms := second.Terms
	terms.Draws = []loan.Draw{{Quarter: start.Add(1), Amount: money.MustAmount("302")}}
	c.Sources[0].Line.Schedule, _ = loan.Build(first, nil)
	second.Line.Schedule, _ = loan.Build(terms, nil)
	c.Sources = append(c.Sources, second)
	chain := run(t, c, stress.Factors{Invest: money.MustRate("0.5")})
	if got := drawsOf(chain.Lines[1]); !strings.HasPrefix(got, "2026Q1 100.00, 2026Q2 ") {
		t.Errorf("the second line draws %s", got)
	}
	if got, want := chain.Lines[1].Schedule.LastQuarter(), second.Line.Schedule.LastQuarter(); got != want {
		t.Errorf("the second line ends in %s instead of %s", got, want)
	}
	if due, _ := chain.Lines[1].Schedule.FirstPrincipal(); due != start.Add(5) {
		t.Errorf("its first instalment moves to %s", due)
	}
}

func TestAShareOfAStressIsAShareOfItsSizesAndQuarters(t *testing.T) {
	full := fall(funding.SourceLand, "0.3")
	full.Rate, full.DelayStart, full.Closure.Quarters = money.MustRate("0.025"), 3, 4
	half := full.Times(money.MustRate("0.5"))
	if half.Fall[0].String() != "0.15" || half.Rate.String() != "0.0125" || half.DelayStart != 2 || half.Closure.Quarters != 2 {
		t.Errorf("half of the stress is %+v", half)
	}
	// Two falls of 0.15 leave 0.85 × 0.85 = 0.7225.
	if both := half.And(half); both.Fall[0].String() != "0.2775" || both.Rate.String() != "0.025" || both.DelayStart != 4 {
		t.Errorf("both halves are %+v", both)
	}
}

func TestContingentLiabilitiesBecomeGeneralDebt(t *testing.T) {
	// 30 implicit + 7 % of 1,000 GDP + 35 % of 20 PPP commitments = 107 on 100 of general debt, at its average interest of
	// 4 %: 4 + 4 × 107/100 = 8.28.
	amount := func(text string) *money.Amount { value := money.MustAmount(text); return &value }
	c := tiny(t, nil)
	c.Fiscal = &funding.FiscalProfile{GDP: amount("1000"), GeneralDebtBalance: amount("100"), GeneralDebtInterest: amount("4"), ImplicitDebtBalance: amount("30"),
		PPPCommitments: []money.Amount{*amount("10"), *amount("10")}}
	var f stress.Factors
	f.Contingent = stress.Contingent{Own: money.One, FinancialGDP: money.MustRate("0.05"), SOEGDP: money.MustRate("0.02"), PPP: money.MustRate("0.35")}
	after := run(t, c, f).Fiscal
	if after.GeneralDebtBalance.String() != "207.00" || after.GeneralDebtInterest.String() != "8.28" || after.ImplicitDebtBalance.String() != "0.00" {
		t.Errorf("general debt %s, interest %s, implicit %s", after.GeneralDebtBalance, after.GeneralDebtInterest, after.ImplicitDebtBalance)
	}
	if c.Fiscal.GeneralDebtBalance.String() != "100.00" {
		t.Error("the case itself was changed")
	}
}

func TestAFallOfLandTakesItsShareFromTheFundBudget(t *testing.T) {
	amount := func(text string) *money.Amount { value := money.MustAmount(text); return &value }
	c := tiny(t, nil)
	c.Fiscal = &funding.FiscalProfile{LandSaleRevenue: amount("500"), FundRevenue: amount("600")}
	after := run(t, c, fall(funding.SourceLand, "0.3")).Fiscal
	if after.LandSaleRevenue.String() != "350.00" || after.FundRevenue.String() != "450.00" || after.FundExpenditure != nil {
		t.Errorf("land %s, fund %s, spending %v", after.LandSaleRevenue, after.FundRevenue, after.FundExpenditure)
	}
}

func TestSizesOutsideTheirRangeAreRefused(t *testing.T) {
	for name, f := range map[string]stress.Factors{
		"a fall above one":         fall(funding.SourceLand, "1.01"),
		"a rate above one":         {Rate: money.MustRate("1.5")},
		"a negative delay":         {DelayRamp: -1},
		"the currency worth nil":   exchange("0.91", 0),
		"investment twelve times":  {Invest: money.MustRate("11")},
		"a closure after the file": closure(200, 1),
	} {
		var problems document.Problems
		if _, err := tiny(t, nil).Run(f); !errors.As(err, &problems) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever the stress, the chain obeys its own rules: no line gives more than it has committed or draws while the market
// is shut, and cash follows from its parts.
func TestAnyStressKeepsTheRulesOfDrawing(t *testing.T) {
	c := tiny(t, nil)
	rapid.Check(t, func(t *rapid.T) {
		share := func(name string, most int64) money.Decimal {
			return decimal.New(rapid.Int64Range(0, most).Draw(t, name), -3)
		}
		quarters := func(name string) int { return rapid.IntRange(0, 14).Draw(t, name) }
		var f stress.Factors
		for i := range f.Fall {
			f.Fall[i] = share("fall", 1000)
		}
		f.Cost, f.Invest, f.Rate = share("cost", 3000), share("invest", 3000), share("rate", 300)
		f.DelayStart, f.DelayRamp = quarters("start"), quarters("ramp")
		f.Shut = stress.Window{From: quarters("from"), Quarters: quarters("shut")}
		f.Closure.Window, f.Closure.Keep = stress.Window{From: quarters("close"), Quarters: quarters("closed")}, share("keep", 1000)
		f.Closure.Sources[2] = true
		chain, err := c.Run(f)
		if err != nil {
			t.Fatal(err)
		}
		cash := money.Amount(0)
		for q, row := range chain.Evaluation.Quarters {
			if row.Draws > 0 && f.Shut.Holds(q) {
				t.Fatalf("%s is drawn in %s, while the market is shut", row.Draws, row.Quarter)
			}
			cash += row.Capital + row.Draws - row.Interest - row.Principal - row.Fees
			if q < chain.Statement.Quarters {
				cash += chain.Statement.Net[q]
			}
			if cash != row.Closing {
				t.Fatalf("%s closes with %s, its parts make %s", row.Quarter, row.Closing, cash)
			}
		}
		for i := range chain.Lines {
			if drawn := chain.Lines[i].Drawn(); drawn > chain.Lines[i].Commitment {
				t.Fatalf("%s of %s are drawn", drawn, chain.Lines[i].Commitment)
			}
		}
	})
}
