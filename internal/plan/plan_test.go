package plan

import (
	"testing"

	"pgregory.net/rapid"

	"zutuan/internal/cashflow"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

// The requirement of these tests: twelve quarters from 2026Q1; 1,000,000 invested in each of the first two; income of
// 300,000 a quarter from the third on; 500,000 of capital in the first; no taxes, no cost. Before debt 500,000 are
// missing in the first quarter and 1,500,000 from the second on.
func requirement() *funding.Requirement {
	wan := func(values ...int64) funding.Series {
		series := funding.Series{Form: funding.SeriesExplicit}
		for _, value := range values {
			series.Values = append(series.Values, value*int64(money.Wan))
		}
		return series
	}
	return &funding.Requirement{
		Name: "plan", Currency: "CNY", Start: quarter.Must("2026Q1"), Horizon: 12, DiscountRate: money.MustRate("0.06"),
		Capital: []funding.FundingLine{{Source: "zone_equity", Name: "自有资金", Series: wan(50)}},
		Units: []funding.Unit{{
			Code: "U1", Start: funding.UnitStart{At: quarter.Must("2026Q1")},
			Invest:  []funding.InvestLine{{Category: funding.InvestInfrastructure, Name: "道路", Series: wan(100, 100)}},
			Revenue: []funding.RevenueLine{{Source: funding.SourceService, Name: "服务", Series: wan(0, 0, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30)}},
		}},
	}
}

func simulator(t testing.TB, r *funding.Requirement) func(int) (*cashflow.Result, error) {
	t.Helper()
	return func(quarters int) (*cashflow.Result, error) {
		return cashflow.Simulate(cashflow.Input{Requirement: r, Quarters: quarters})
	}
}

// bankLoan draws 500,000 and 1,000,000 at the ends of the first two quarters, at 4 % a year, 1 % a quarter, and repays in
// eight equal parts from the third quarter on.
func bankLoan(t testing.TB) Line {
	t.Helper()
	terms := loan.Terms{
		Draws: []loan.Draw{{Quarter: quarter.Must("2026Q1"), Amount: 50 * money.Wan}, {Quarter: quarter.Must("2026Q2"), Amount: 100 * money.Wan}},
		Rate:  money.MustRate("0.04"), Tenor: 10, Grace: 2, Profile: loan.ProfileEqualPrincipal, Timing: loan.TimingEnd,
	}
	schedule, err := loan.Build(terms, nil)
	if err != nil {
		t.Fatal(err)
	}
	return Line{ID: "loan", Institution: "cdb", Kind: "policy_loan", CountsAs: CountsAsDebt, Commitment: 150 * money.Wan, Schedule: schedule, TenorQuarters: 10, GraceQuarters: 2, Rate: terms.Rate}
}

func evaluated(t testing.TB, lines ...Line) *Evaluation {
	t.Helper()
	r := requirement()
	statement, err := simulator(t, r)(Quarters(r, lines, nil))
	if err != nil {
		t.Fatal(err)
	}
	return Evaluate(Input{Requirement: r, Statement: statement, Lines: lines})
}

func TestAPlanIsJudgedByItsQuarters(t *testing.T) {
	e := evaluated(t, bankLoan(t))
	amounts := []struct {
		name string
		got  money.Amount
		want string
	}{
		{"debt", e.Debt, "1500000.00"},
		{"capital", e.Capital, "500000.00"},
		// The second quarter pays 1 % on the 500,000 of the first; nothing else covers it.
		{"unfunded gap", e.UnfundedGap, "5000.00"},
		{"interest during construction", e.InterestDuringConstruction, "5000.00"},
		{"total", e.Total, "2005000.00"},
		// 1,500,000 + 5,000 + 1 % of 1,500,000, 1,312,500, … 187,500: 15,000 × (8+7+…+1)/8 = 67,500.
		{"debt service", e.DebtService, "1572500.00"},
		// Eight quarters of 300,000 up to the last payment.
		{"net income", e.NetIncome, "2400000.00"},
		// The first loan year: 4 × 300,000 over 4 × 187,500 + 15,000 + 13,125 + 11,250 + 9,375.
		{"CFADS of the worst year", e.Worst.Numerator, "1200000.00"},
		{"service of the worst year", e.Worst.Denominator, "798750.00"},
		{"profit of the worst year", e.WorstInterest.Numerator, "1200000.00"},
		{"interest of the worst year", e.WorstInterest.Denominator, "48750.00"},
		// −5,000, then 300,000 − 187,500 − 15,000 = 97,500 more.
		{"cash at the end of the third quarter", e.Quarters[2].Closing, "92500.00"},
	}
	for _, a := range amounts {
		if a.got.String() != a.want {
			t.Errorf("%s: got %s, want %s", a.name, a.got, a.want)
		}
	}
	measures := []struct {
		name string
		got  loan.Measure
		want string
	}{
		{"capital ratio", e.CapitalRatio, "0.250000"},
		{"share of the largest lender", e.LargestLenderShare, "1.000000"},
		{"minimum DSCR", e.Coverage.MinDSCR, "1.502347"}, // 1,200,000 / 798,750
	}
	for _, m := range measures {
		if m.got.String() != m.want {
			t.Errorf("%s: got %s, want %s", m.name, m.got, m.want)
		}
	}
	if e.UnfundedQuarter.String() != "2026Q2" || e.LastPrincipalIndex != 9 || e.LongestLoanQuarters != 10 || e.Worst.First.String() != "2026Q3" {
		t.Errorf("got %s, %d, %d, %s", e.UnfundedQuarter, e.LastPrincipalIndex, e.LongestLoanQuarters, e.Worst.First)
	}
}

func TestLinesAreBookedAsTheyCount(t *testing.T) {
	bond := bankLoan(t)
	bond.ID, bond.Institution, bond.Kind, bond.GovernmentDebt = "bond", "local-government", KindSpecialBond, GovernmentSpecial
	general := bond
	general.ID, general.GovernmentDebt = "general", GovernmentGeneral
	share := Line{ID: "share", Institution: "fund", Kind: "fund", CountsAs: CountsAsEquity, Commitment: 20 * money.Wan, Draws: []loan.Draw{{Quarter: quarter.Must("2026Q2"), Amount: 20 * money.Wan}}}
	tool := bankLoan(t)
	tool.ID, tool.Kind, tool.CountsAs = "tool", "policy_tool", CountsAsQuasiEquity
	grant := Line{ID: "grant", Kind: "grant", CountsAs: CountsAsGrant, Draws: []loan.Draw{{Quarter: quarter.Must("2026Q1"), Amount: money.Wan}}}
	asCapital := bond
	asCapital.AsCapital = true
	cases := []struct {
		name                                                                                    string
		line                                                                                    Line
		debt, government, general, special, bonds, bondCapital, capital, quasiEquity, grantsWan money.Amount
		loanTenor                                                                               int
	}{
		{"a loan is debt of the borrower", bankLoan(t), 150, 0, 0, 0, 0, 0, 50, 0, 0, 10},
		{"a special bond is government debt and no loan", bond, 150, 150, 0, 150, 150, 0, 50, 0, 0, 0},
		{"a general bond takes from the general limit and is no special bond", general, 150, 150, 150, 0, 0, 0, 50, 0, 0, 0},
		{"a special bond used as capital counts as both", asCapital, 150, 150, 0, 150, 150, 150, 200, 0, 0, 0},
		{"equity is capital and no debt", share, 0, 0, 0, 0, 0, 0, 70, 0, 0, 0},
		{"an equity-type instrument is capital that is paid back", tool, 0, 0, 0, 0, 0, 0, 200, 150, 0, 0},
		{"a grant is neither", grant, 0, 0, 0, 0, 0, 0, 50, 0, 1, 0},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			e := evaluated(t, test.line)
			got := []money.Amount{e.Debt, e.GovernmentDebt, e.GeneralDebt, e.SpecialDebt, e.SpecialBonds, e.SpecialBondCapital, e.Capital, e.QuasiEquity, e.Grants}
			want := []money.Amount{test.debt, test.government, test.general, test.special, test.bonds, test.bondCapital, test.capital, test.quasiEquity, test.grantsWan}
			for i := range want {
				if got[i] != want[i]*money.Wan {
					t.Errorf("figure %d: got %s, want %s", i, got[i], want[i]*money.Wan)
				}
			}
			if e.LongestLoanQuarters != test.loanTenor {
				t.Errorf("longest loan: got %d", e.LongestLoanQuarters)
			}
		})
	}
	t.Run("loans beside special bonds are matching finance", func(t *testing.T) {
		if e := evaluated(t, bond, bankLoan(t)); !e.CommercialMatching || e.LargestLenderShare.String() != "0.500000" {
			t.Errorf("got %v, %s", e.CommercialMatching, e.LargestLenderShare)
		}
		if e := evaluated(t, general, bankLoan(t)); e.CommercialMatching {
			t.Error("a general bond has no matching finance")
		}
	})
	t.Run("shares and grants come in as cash", func(t *testing.T) {
		// Before debt the first quarter lacks 500,000; the grant brings 10,000.
		if e := evaluated(t, grant); e.Quarters[0].Closing != -49*money.Wan {
			t.Errorf("got %s", e.Quarters[0].Closing)
		}
		if e := evaluated(t, share); e.Quarters[1].Closing != -130*money.Wan {
			t.Errorf("got %s", e.Quarters[1].Closing)
		}
	})
}

func TestAYearAddsItsQuarters(t *testing.T) {
	line := bankLoan(t)
	line.GovernmentDebt = GovernmentSpecial
	// 2026: interest 0, 5,000, 15,000, 13,125; principal twice 187,500.
	got := GovernmentYear([]Line{line, bankLoan(t)}, GovernmentSpecial, 2026)
	want := YearFlow{Draw: 150 * money.Wan, Interest: money.MustAmount("33125.00"), Principal: money.MustAmount("375000.00"), Closing: money.MustAmount("1125000.00")}
	if got != want || got.Service() != money.MustAmount("408125.00") {
		t.Errorf("got %+v", got)
	}
	if after := GovernmentYear([]Line{line}, "", 2040); after != (YearFlow{}) {
		t.Errorf("after its end: got %+v", after)
	}
	if other := GovernmentYear([]Line{line}, GovernmentGeneral, 2026); other != (YearFlow{}) {
		t.Errorf("of the other limit: got %+v", other)
	}
}

func TestNothingBorrowedLeavesTheWholeGap(t *testing.T) {
	e := evaluated(t)
	if e.UnfundedGap != 150*money.Wan || e.Worst != nil || e.LastPrincipalIndex != -1 || e.LargestLenderShare.Known {
		t.Errorf("got %+v", e)
	}
}

// candidate is a loan of ten quarters with a grace of two at 4 % a year, drawn at the ends of quarters.
func candidate(id string, most string) Candidate {
	return Candidate{
		Line:  Line{ID: id, Product: id, Name: funding.Text{ZH: id, EN: id}, Institution: id, Kind: "policy_loan", CountsAs: CountsAsDebt},
		Terms: loan.Terms{Rate: money.MustRate("0.04"), Tenor: 10, Grace: 2, Profile: loan.ProfileEqualPrincipal, Timing: loan.TimingEnd},
		Step:  money.Yuan, Largest: money.MustAmount(most), Smallest: money.Yuan,
	}
}

func built(t testing.TB, in IndicativeInput) *Indicative {
	t.Helper()
	if in.Requirement == nil {
		in.Requirement = requirement()
	}
	in.Simulate = simulator(t, in.Requirement)
	out, err := BuildIndicative(in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAnIndicativePlanCoversTheNeedAndTheInterestOfConstruction(t *testing.T) {
	out := built(t, IndicativeInput{Candidates: []Candidate{candidate("a", "9000000.00"), candidate("b", "9000000.00")}})
	// 500,000 and 1,005,000: the second draw carries the 5,000 of interest that the first has cost by then.
	if len(out.Lines) != 1 || out.Lines[0].Commitment.String() != "1505000.00" || out.Evaluation.UnfundedGap != 0 {
		t.Fatalf("got %d lines, %+v", len(out.Lines), out.Lines)
	}
	rows := out.Lines[0].Schedule.Rows
	if rows[0].Draw.String() != "500000.00" || rows[1].Draw.String() != "1005000.00" {
		t.Errorf("got %s and %s", rows[0].Draw, rows[1].Draw)
	}
	if out.Label != IndicativeLabel {
		t.Error("an indicative plan is labelled")
	}
}

func TestAnIndicativePlanGoesDownTheRanking(t *testing.T) {
	t.Run("what the first cannot give the second gives", func(t *testing.T) {
		out := built(t, IndicativeInput{Candidates: []Candidate{candidate("a", "600000.00"), candidate("b", "9000000.00")}})
		if len(out.Lines) != 2 || out.Lines[0].Commitment.String() != "600000.00" || out.Evaluation.UnfundedGap != 0 {
			t.Errorf("got %+v", out.Lines)
		}
	})
	t.Run("what nobody gives stays unfunded", func(t *testing.T) {
		out := built(t, IndicativeInput{Candidates: []Candidate{candidate("a", "600000.00")}})
		if out.Evaluation.UnfundedGap < 90*money.Wan {
			t.Errorf("got %s", out.Evaluation.UnfundedGap)
		}
	})
	t.Run("a limit without headroom is left alone and noted", func(t *testing.T) {
		bond := candidate("bond", "9000000.00")
		bond.Line.Kind, bond.Line.GovernmentDebt = KindSpecialBond, GovernmentSpecial
		none := money.Amount(0)
		out := built(t, IndicativeInput{Candidates: []Candidate{bond, candidate("b", "9000000.00")}, SpecialHeadroom: &none})
		if len(out.Lines) != 1 || out.Lines[0].ID != "b" || len(out.Notes) != 1 {
			t.Errorf("got %+v, %+v", out.Lines, out.Notes)
		}
	})
	t.Run("equity-type instruments stay within their share of capital", func(t *testing.T) {
		tool := candidate("tool", "9000000.00")
		tool.Line.Kind, tool.Line.CountsAs = "policy_tool", CountsAsQuasiEquity
		out := built(t, IndicativeInput{Candidates: []Candidate{tool, candidate("b", "9000000.00")}, QuasiEquityShareMax: money.MustRate("0.5")})
		// Of 500,000 + x at most half may be x.
		if out.Evaluation.QuasiEquity.String() != "500000.00" {
			t.Errorf("got %s", out.Evaluation.QuasiEquity)
		}
		with := built(t, IndicativeInput{Candidates: []Candidate{tool}, QuasiEquityShareMax: money.MustRate("0.5"), QuasiEquityInCapital: 20 * money.Wan})
		// 200,000 of the 500,000 are such instruments already: (200,000 + x) ≤ ½ (500,000 + x) gives x = 100,000.
		if with.Evaluation.QuasiEquity.String() != "100000.00" {
			t.Errorf("got %s", with.Evaluation.QuasiEquity)
		}
	})
	t.Run("capital comes first up to its minimum", func(t *testing.T) {
		tool := candidate("tool", "9000000.00")
		tool.Line.Kind, tool.Line.CountsAs = "policy_tool", CountsAsQuasiEquity
		out := built(t, IndicativeInput{Candidates: []Candidate{candidate("a", "9000000.00"), tool}, QuasiEquityShareMax: money.MustRate("0.5"), MinimumCapital: 60 * money.Wan})
		if len(out.Lines) != 2 || out.Lines[0].ID != "tool" || out.Evaluation.Capital != 60*money.Wan {
			t.Errorf("got %+v with capital %s", out.Lines, out.Evaluation.Capital)
		}
	})
	t.Run("a candidate that cannot be scheduled is noted and passed over", func(t *testing.T) {
		bad := candidate("bad", "9000000.00")
		bad.Terms.Interval = 3
		out := built(t, IndicativeInput{Candidates: []Candidate{bad, candidate("b", "9000000.00")}})
		if len(out.Lines) != 1 || out.Lines[0].ID != "b" || len(out.Notes) != 1 {
			t.Errorf("got %+v, %+v", out.Lines, out.Notes)
		}
	})
}

func TestAnIndicativePlanDoesNotBorrowForMoneyThatNeverComesBack(t *testing.T) {
	r := requirement()
	r.Units[0].Revenue[0].Series.Values = r.Units[0].Revenue[0].Series.Values[:4] // two quarters of income, then none
	out := built(t, IndicativeInput{Requirement: r, Candidates: []Candidate{candidate("a", "90000000.00")}})
	// What is invested, and the interest of that time; not the debt service that nothing pays.
	if len(out.Lines) != 1 || out.Lines[0].Commitment.String() != "1505000.00" || out.Evaluation.UnfundedGap == 0 {
		t.Errorf("got %+v, unfunded %s", out.Lines, out.Evaluation.UnfundedGap)
	}
}

// Whatever the limits are, an indicative plan keeps them, draws no more than it commits, and comes out the same again.
func TestAnIndicativePlanKeepsItsLimits(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		headroom := money.Amount(rapid.Int64Range(0, 300).Draw(rt, "headroom")) * money.Wan
		in := IndicativeInput{SpecialHeadroom: &headroom, QuasiEquityShareMax: money.MustRate("0.5"), MinimumCapital: money.Amount(rapid.Int64Range(0, 120).Draw(rt, "minimum")) * money.Wan}
		for i := range rapid.IntRange(0, 4).Draw(rt, "candidates") {
			c := candidate(string(rune('a'+i)), money.Amount(rapid.Int64Range(0, 30_000_000).Draw(rt, "largest")).String())
			c.Step = money.Amount(rapid.SampledFrom([]int64{1, 100, 1_000_000}).Draw(rt, "step"))
			c.Terms.Tenor = 10 + rapid.IntRange(0, 8).Draw(rt, "tenor")
			switch rapid.IntRange(0, 2).Draw(rt, "kind") {
			case 1:
				c.Line.Kind, c.Line.GovernmentDebt = KindSpecialBond, GovernmentSpecial
			case 2:
				c.Line.Kind, c.Line.CountsAs = "policy_tool", CountsAsQuasiEquity
			}
			in.Candidates = append(in.Candidates, c)
		}
		first, again := built(t, in), built(t, in)
		if first.Evaluation.SpecialDebt > headroom {
			rt.Fatalf("%s of special debt in a headroom of %s", first.Evaluation.SpecialDebt, headroom)
		}
		if 2*first.Evaluation.QuasiEquity > first.Evaluation.Capital {
			rt.Fatalf("%s of instruments in a capital of %s", first.Evaluation.QuasiEquity, first.Evaluation.Capital)
		}
		for i, line := range first.Lines {
			for _, c := range in.Candidates {
				if c.Line.ID == line.ID && (line.Commitment > c.Largest || line.Commitment%c.Step != 0) {
					rt.Fatalf("%s commits %s of %s", line.ID, line.Commitment, c.Largest)
				}
			}
			if line.Drawn() > line.Commitment || line.Commitment != again.Lines[i].Commitment {
				rt.Fatalf("%s draws %s of %s, again %s", line.ID, line.Drawn(), line.Commitment, again.Lines[i].Commitment)
			}
		}
	})
}

func BenchmarkEvaluate(b *testing.B) {
	r := requirement()
	lines := []Line{bankLoan(b)}
	statement, err := simulator(b, r)(Quarters(r, lines, nil))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		Evaluate(Input{Requirement: r, Statement: statement, Lines: lines})
	}
}
