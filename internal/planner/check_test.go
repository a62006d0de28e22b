package planner_test

import (
	"testing"

	"github.com/shopspring/decimal"

	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/plan"
	"zutuan/internal/planner"
	"zutuan/internal/quarter"
)

// The case of these tests: 1,000 万元 invested in each of the first two quarters of 2026; 300 万元 of income a quarter from
// the third on, no taxes, no cost; 500 万元 of capital in the first quarter. The plan is one loan of 1,600 万元, drawn 550
// and 1,050 at the ends of the first two quarters, at 4 % a year, repaid in ten equal instalments of 160 from 2026Q3 on:
// interest 16 万元 in 2026Q3 (1 % of 1,600), 14.4 in 2026Q4, 12.8, 11.2, … and 5.5 in 2026Q2 (1 % of 550).
// Cash: 50 after 2026Q1; 50 − 1,000 + 1,050 − 5.5 = 94.5 after 2026Q2.
// First loan year: CFADS 1,200; service 640 + 16 + 14.4 + 12.8 + 11.2 = 694.4; DSCR 1.728111.
func typedCase() planner.Case {
	wan := func(values ...int64) funding.Series {
		series := funding.Series{Form: funding.SeriesExplicit}
		for _, value := range values {
			series.Values = append(series.Values, value*int64(money.Wan))
		}
		return series
	}
	income := make([]int64, 16)
	for q := 2; q < len(income); q++ {
		income[q] = 300
	}
	requirement := &funding.Requirement{
		Name: "typed", Currency: "CNY", Start: quarter.Must("2026Q1"), Horizon: 16, DiscountRate: money.MustRate("0.06"),
		Capital: []funding.FundingLine{{Source: "zone_equity", Name: "自有资金", Series: wan(500)}},
		Units: []funding.Unit{{Code: "U1", Start: funding.UnitStart{At: quarter.Must("2026Q1")},
			Invest:  []funding.InvestLine{{Category: funding.InvestInfrastructure, Name: "道路", Series: wan(1000, 1000)}},
			Revenue: []funding.RevenueLine{{Source: funding.SourceService, Name: "服务", Series: wan(income...)}}}},
	}
	return planner.Case{Requirement: requirement, Simulate: simulate(requirement), Sources: []planner.Source{{Candidate: plan.Candidate{
		Line: plan.Line{ID: "loan"}, Terms: loan.Terms{Tenor: 12, Grace: 2}, Smallest: 100 * money.Wan, Largest: 2_000 * money.Wan, Step: money.Wan}}}}
}

func typedLoan(t testing.TB, first, second money.Amount) plan.Line {
	t.Helper()
	schedule, err := loan.Build(loan.Terms{Draws: []loan.Draw{{Quarter: quarter.Must("2026Q1"), Amount: first}, {Quarter: quarter.Must("2026Q2"), Amount: second}},
		Rate: money.MustRate("0.04"), Tenor: 12, Grace: 2, Profile: loan.ProfileEqualPrincipal, Timing: loan.TimingEnd}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return plan.Line{ID: "loan", Product: "loan", Institution: "cdb", Kind: "policy_loan", CountsAs: plan.CountsAsDebt, Commitment: first + second, Schedule: schedule, TenorQuarters: 12, GraceQuarters: 2,
		Rate: money.MustRate("0.04")}
}

func ratioLimit(text string) *money.Decimal { value := money.MustRate(text); return &value }

func amountLimit(amount money.Amount) *money.Amount { return &amount }

func countLimit(count int) *int { return &count }

// TestATypedInPlanIsToldWhatItBreaksAndByHowMuch changes one thing at a time.
func TestATypedInPlanIsToldWhatItBreaksAndByHowMuch(t *testing.T) {
	for _, test := range []struct {
		name     string
		change   func(kase *planner.Case, lines *[]plan.Line)
		id       string
		distance string
	}{
		{"draws that leave 2026Q2 without 5.5 万元", func(_ *planner.Case, lines *[]plan.Line) {
			(*lines)[0] = typedLoan(t, 550*money.Wan, 950*money.Wan) // 94.5 − 100
		}, planner.ConstraintCash, "-55000"},
		{"a minimum cash above the first quarter's 50", func(kase *planner.Case, _ *[]plan.Line) {
			kase.Requirement.MinimumCash = 60 * money.Wan
		}, planner.ConstraintCash, "-100000"},
		{"a commitment below the smallest size", func(kase *planner.Case, _ *[]plan.Line) { kase.Sources[0].Smallest = 1_700 * money.Wan }, planner.ConstraintSizeMin, "-1000000"},
		{"a commitment above the largest size", func(kase *planner.Case, _ *[]plan.Line) { kase.Sources[0].Largest = 1_500 * money.Wan }, planner.ConstraintSizeMax, "-1000000"},
		{"a draw after availability", func(kase *planner.Case, _ *[]plan.Line) { kase.Sources[0].Terms.Availability = 1 }, planner.ConstraintAvailability, "-1"},
		{"capital of 500 in 2,000 where 0.30 is asked", func(kase *planner.Case, _ *[]plan.Line) { kase.Limits.CapitalRatioMin = ratioLimit("0.30") }, planner.ConstraintCapital, "-0.05"},
		{"a fund of 600 beside own capital of 500: 0.545455 of it", func(kase *planner.Case, lines *[]plan.Line) {
			kase.Limits.QuasiEquityShareMax = ratioLimit("0.5")
			*lines = append(*lines, plan.Line{ID: "fund", CountsAs: plan.CountsAsQuasiEquity, Commitment: 600 * money.Wan, Draws: []loan.Draw{{Quarter: quarter.Must("2026Q1"), Amount: 600 * money.Wan}}})
		}, planner.ConstraintQuasiEquity, "-0.045455"},
		// All capital 1,000; debt drawn 550 of 1,600 by 2026Q1 asks for 343.75 and 500 are paid; by 2026Q2 all of it is asked.
		{"capital that comes a quarter after the debt", func(kase *planner.Case, lines *[]plan.Line) {
			kase.Limits.CapitalProRata = true
			*lines = append(*lines, plan.Line{ID: "equity", CountsAs: plan.CountsAsEquity, Commitment: 500 * money.Wan, Draws: []loan.Draw{{Quarter: quarter.Must("2026Q3"), Amount: 500 * money.Wan}}})
		}, planner.ConstraintProRata, "-5000000"},
		{"a DSCR of 1.728111 where 1.75 is asked", func(kase *planner.Case, _ *[]plan.Line) { kase.Limits.MinDSCR = ratioLimit("1.75") }, planner.ConstraintDSCR, "-0.021889"},
		{"a tenor of 12 quarters where 8 are allowed", func(kase *planner.Case, _ *[]plan.Line) { kase.Limits.TenorQuarters = countLimit(8) }, planner.ConstraintTenor, "-4"},
		{"one institution with all debt", func(kase *planner.Case, _ *[]plan.Line) { kase.Limits.InstitutionShareMax = ratioLimit("0.6") }, planner.ConstraintShare, "-0.4"},
		{"a loan above what the lender may lend", func(kase *planner.Case, _ *[]plan.Line) {
			kase.Limits.LenderRoom = map[string]money.Amount{"cdb": 1_000 * money.Wan}
		}, planner.ConstraintLender, "-6000000"},
		{"government debt above the headroom", func(kase *planner.Case, lines *[]plan.Line) {
			kase.Limits.SpecialHeadroom = amountLimit(1_200 * money.Wan)
			(*lines)[0].GovernmentDebt = plan.GovernmentSpecial
		}, planner.ConstraintHeadroom, "-4000000"},
		{"a lender where none is allowed", func(kase *planner.Case, _ *[]plan.Line) { kase.Limits.MaxLenders = countLimit(0) }, planner.ConstraintLenders, "-1"},
		// Existing debt of 2,000 due in 2026Q2: cash would be 94.5 − 2,000.
		{"existing debt that cash cannot pay", func(kase *planner.Case, _ *[]plan.Line) {
			kase.Existing = []*loan.Schedule{loan.InstrumentSchedule(funding.Instrument{ID: "L1", Principal: 2_000 * money.Wan, Outstanding: 2_000 * money.Wan, Rate: money.Zero,
				Maturity: quarter.Must("2026Q2").LastDay(), Repayment: "bullet", Interval: 1}, quarter.Must("2025Q4").LastDay())}
		}, planner.ConstraintExisting, "-19055000"},
		// CFADS is 300 in every quarter from the first principal (quarter 3) to the last (quarter 12): its life is 7.5
		// quarters, 1.875 years, and so is that of ten equal instalments. A bullet is due in quarter 12: 3 years.
		{"a bullet that outlives the cash flow", func(kase *planner.Case, lines *[]plan.Line) {
			kase.Limits.TenorMatch = true
			schedule, err := loan.Build(loan.Terms{Draws: []loan.Draw{{Quarter: quarter.Must("2026Q1"), Amount: 550 * money.Wan}, {Quarter: quarter.Must("2026Q2"), Amount: 1_050 * money.Wan}},
				Rate: money.MustRate("0.04"), Tenor: 12, Grace: 2, Profile: loan.ProfileCustom, Timing: loan.TimingEnd,
				Custom: []money.Decimal{money.MustRate("0.1"), money.Zero, money.Zero, money.Zero, money.Zero, money.Zero, money.Zero, money.Zero, money.Zero, money.MustRate("0.9")}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			(*lines)[0].Schedule = schedule // life 0.1 × 3 + 0.9 × 12 = 11.1 quarters, 2.775 years
		}, planner.ConstraintTenorMatch, "-0.9"},
	} {
		t.Run(test.name, func(t *testing.T) {
			kase, lines := typedCase(), []plan.Line{typedLoan(t, 550*money.Wan, 1_050*money.Wan)}
			test.change(&kase, &lines)
			judged, err := planner.Judge(kase, lines, plan.FileLimits{})
			if err != nil {
				t.Fatal(err)
			}
			for _, broken := range planner.Broken(judged.Constraints) {
				if broken.ID == test.id {
					if !broken.Distance.Equal(decimal.RequireFromString(test.distance)) {
						t.Errorf("the distance is %s, want %s", broken.Distance, test.distance)
					}
					return
				}
			}
			t.Errorf("%s is not reported; broken: %v", test.id, planner.Broken(judged.Constraints))
		})
	}
}

func TestAPlanThatKeepsEverythingIsSaidToKeepIt(t *testing.T) {
	kase := typedCase()
	kase.Limits = planner.Limits{MinDSCR: ratioLimit("1.2"), CapitalRatioMin: ratioLimit("0.2"), TenorQuarters: countLimit(12), CapitalProRata: true, TenorMatch: true,
		InstitutionShareMax: ratioLimit("1"), MaxLenders: countLimit(1), SpecialHeadroom: amountLimit(0)}
	judged, err := planner.Judge(kase, []plan.Line{typedLoan(t, 550*money.Wan, 1_050*money.Wan)}, plan.FileLimits{})
	if err != nil {
		t.Fatal(err)
	}
	if broken := planner.Broken(judged.Constraints); len(broken) > 0 || !judged.Feasible {
		t.Errorf("broken: %v", broken)
	}
	seen := map[string]bool{}
	for _, constraint := range judged.Constraints {
		seen[constraint.ID] = true
		if constraint.Name.ZH == "" || constraint.Name.EN == "" {
			t.Errorf("%s has no name", constraint.ID)
		}
	}
	for _, id := range []string{planner.ConstraintCash, planner.ConstraintSizeMax, planner.ConstraintDSCR, planner.ConstraintTenor, planner.ConstraintCapital, planner.ConstraintProRata, planner.ConstraintTenorMatch} {
		if !seen[id] {
			t.Errorf("%s is not listed", id)
		}
	}
}

func TestLimitsOfThePlansFileReplaceTheCases(t *testing.T) {
	kase := typedCase()
	kase.Limits.MinDSCR = ratioLimit("1.2")
	judged, err := planner.Judge(kase, []plan.Line{typedLoan(t, 550*money.Wan, 1_050*money.Wan)}, plan.FileLimits{MinDSCR: ratioLimit("2.5")})
	if err != nil {
		t.Fatal(err)
	}
	if judged.Feasible {
		t.Error("a minimum DSCR of 2.5 from the plan's file was not asked for")
	}
}

// TestTheCostOfAPlanIsThatOfItsFlows: interest of the loan by hand (see above): 5.5 in quarter 2, then 16, 14.4, …, 1.6 in
// quarters 3 to 12, in 万元. At a discount rate of 6 % the present value is 5.5 v^2 + Σ_{k=0..9} (16 − 1.6 k) v^(3+k) with
// v = 1.06^(−1/4); python3: v=1.06**-.25; 5.5*v**2+sum((16-1.6*k)*v**(3+k) for k in range(10)) = 86.028122.
func TestTheCostOfAPlanIsThatOfItsFlows(t *testing.T) {
	cost := planner.CostOf(typedCase().Requirement, []plan.Line{typedLoan(t, 550*money.Wan, 1_050*money.Wan)})
	if cost.Interest != money.MustAmount("935000.00") { // 5.5 + 88
		t.Errorf("interest %s", cost.Interest)
	}
	if want := money.MustAmount("860281.22"); cost.Total != want {
		t.Errorf("present value %s, want %s", cost.Total, want)
	}
	if cost.WeightedRate.String() != "0.040000" || cost.AllInCost.String() != "0.040604" { // 1.01^4 − 1: draws at the ends of quarters
		t.Errorf("weighted rate %s, all-in cost %s", cost.WeightedRate, cost.AllInCost)
	}
	if cost.AverageLifeYears.String() != "1.875000" { // (3 + 12) / 2 quarters
		t.Errorf("average life %s", cost.AverageLifeYears)
	}
}
