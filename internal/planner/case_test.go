package planner_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"zutuan/internal/cashflow"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/lp/highs"
	"zutuan/internal/money"
	"zutuan/internal/plan"
	"zutuan/internal/planner"
	"zutuan/internal/quarter"
)

// solver is shared by all tests of the package: compiling the module takes seconds, once.
var solver = highs.New(highs.Config{})

func TestMain(m *testing.M) {
	code := m.Run()
	_ = solver.Close(context.Background())
	os.Exit(code)
}

// dice draws whole numbers from a seed, so that every generated case can be made again from its number.
type dice struct{ *rand.Rand }

func (d dice) between(low, high int) int { return low + d.IntN(high-low+1) }

func (d dice) rate(lowBP, highBP int) money.Decimal {
	return money.MustRate(fmt.Sprintf("0.%04d", d.between(lowBP, highBP)))
}

func (d dice) wan(low, high int) money.Amount { return money.Amount(d.between(low, high)) * money.Wan }

// generated makes a small case: one unit that is built in one to two years and then earns; some capital; three to six
// offers of every profile, interval and kind of fee; and limits that bind now and then.
func generated(seed uint64) planner.Input {
	d := dice{rand.New(rand.NewPCG(seed, 20260630))}
	requirement := d.requirement()
	in := planner.Input{Solver: solver, SigningEvery: -1, TenorChoices: d.between(1, 2)}
	in.Requirement = requirement
	in.Simulate = simulate(requirement)
	count := d.between(3, 6)
	for i := range count {
		in.Sources = append(in.Sources, d.source(i))
	}
	in.Limits = d.limits()
	if d.IntN(4) == 0 {
		in.SigningEvery = 4
	}
	if d.IntN(3) == 0 {
		in.Existing = []*loan.Schedule{loan.InstrumentSchedule(d.instrument(), quarter.Must("2025Q4").LastDay())}
	}
	return in
}

func simulate(requirement *funding.Requirement) func(int) (*cashflow.Result, error) {
	return func(quarters int) (*cashflow.Result, error) {
		return cashflow.Simulate(cashflow.Input{Requirement: requirement, Quarters: quarters})
	}
}

func (d dice) requirement() *funding.Requirement {
	invest, building := d.wan(5_000, 60_000), d.between(3, 8)
	share := d.between(18, 55)
	capital := invest / 100 * money.Amount(share)
	earned := invest / 1000 * money.Amount(d.between(22, 70))
	return &funding.Requirement{
		Name: "生成的资金需求", Currency: "CNY", Start: quarter.Must("2026Q1"), Horizon: 20, DiscountRate: d.rate(300, 900), MinimumCash: d.wan(0, 300),
		OpeningCash: d.wan(300, 600),
		Tax:         funding.Tax{Surtax: money.MustRate("0.006"), Income: money.MustRate("0.25")},
		Capital: []funding.FundingLine{{Source: "zone_equity", Name: "自有资金", Series: funding.Series{Form: funding.SeriesSpread, Total: int64(capital),
			Over: d.between(1, building), Shape: funding.ShapeEven}}},
		Units: []funding.Unit{{
			Code: "U1", Start: funding.UnitStart{At: quarter.Must("2026Q1").Add(d.between(0, 2))},
			Invest: []funding.InvestLine{{Category: funding.InvestBuildings, Name: "厂房", DepreciateYears: 20, Residual: money.MustRate("0.05"),
				Series: funding.Series{Form: funding.SeriesSpread, Total: int64(invest), Over: building, Shape: funding.ShapeSCurve}}},
			Revenue: []funding.RevenueLine{{Source: funding.SourceService, Name: "服务", Series: funding.Series{Form: funding.SeriesRecurring, Offset: building - 1,
				PerQuarter: int64(earned), Ramp: d.between(1, 6), Growth: d.rate(0, 300)}}},
		}},
	}
}

var profiles = []loan.Profile{loan.ProfileEqualPrincipal, loan.ProfileAnnuity, loan.ProfileBullet, loan.ProfileCustom, loan.ProfileSculpted}

func (d dice) source(i int) planner.Source {
	var s planner.Source
	s.Line = plan.Line{ID: fmt.Sprintf("S%d", i), Product: fmt.Sprintf("S%d", i), Institution: fmt.Sprintf("bank-%d", d.between(1, 4)), Kind: "policy_loan", CountsAs: plan.CountsAsDebt,
		Name: funding.Text{ZH: fmt.Sprintf("产品 %d", i)}}
	s.Smallest, s.Largest = d.wan(0, 800), d.wan(2_000, 60_000)
	s.Step = []money.Amount{money.Wan, 10 * money.Wan, 100 * money.Wan, money.Fen}[d.IntN(4)]
	switch kind := d.IntN(12); {
	case kind == 0:
		s.Line.Kind, s.Line.CountsAs, s.Largest = "grant", plan.CountsAsGrant, d.wan(100, 1_500)
		s.Smallest = 0
		return s
	case kind == 1:
		s.Line.Kind, s.Line.CountsAs, s.Largest = "fund", plan.CountsAsQuasiEquity, d.wan(500, 5_000)
	case kind <= 3:
		s.Line.Kind, s.Line.GovernmentDebt = plan.KindSpecialBond, plan.GovernmentSpecial
	}
	s.Terms = d.terms()
	if s.Terms.Profile == loan.ProfileCustom {
		s.Terms.Custom = d.shares(s.Terms.Instalments())
	} else {
		s.TenorMin, s.TenorMax = s.Terms.Grace+4, s.Terms.Tenor
	}
	return s
}

func (d dice) terms() loan.Terms {
	interval := []int{1, 2, 4}[d.IntN(3)]
	grace := d.between(0, 10)
	t := loan.Terms{
		Rate: d.rate(180, 600), Grace: grace, Tenor: grace + interval*d.between(8/interval, 48/interval), Interval: interval, Profile: profiles[d.IntN(len(profiles))],
		Timing: []loan.Timing{"", loan.TimingStart, loan.TimingEnd}[d.IntN(3)], CapitalizeDuringGrace: d.IntN(4) == 0,
	}
	if d.IntN(3) == 0 {
		t.Fees = funding.ProductFees{Upfront: d.rate(0, 100), Commitment: d.rate(0, 50), Agency: d.wan(0, 20), Guarantee: d.rate(0, 100)}
	}
	if d.IntN(4) == 0 {
		t.Availability = d.between(1, max(grace, 1))
	}
	if d.IntN(5) == 0 {
		t.Changes = []loan.RateChange{{From: quarter.Must("2028Q1"), Rate: d.rate(180, 600)}}
	}
	return t
}

// shares are hundredths that add to one.
func (d dice) shares(n int) []money.Decimal {
	parts := make([]int, n)
	for range 100 {
		parts[d.IntN(n)]++
	}
	shares := make([]money.Decimal, n)
	for i, part := range parts {
		shares[i] = money.MustRate(fmt.Sprintf("%d.%02d", part/100, part%100))
	}
	return shares
}

func (d dice) limits() planner.Limits {
	ratio := func(low, high int) *money.Decimal {
		value := money.MustRate(fmt.Sprintf("%d.%02d", low/100, low%100)).Add(money.MustRate(fmt.Sprintf("0.%04d", d.IntN(max(high-low, 1))*100)))
		return &value
	}
	l := planner.Limits{CapitalProRata: d.IntN(2) == 0, TenorMatch: d.IntN(2) == 0, CapitalRatioMin: ratio(20, 21), QuasiEquityShareMax: ratio(50, 51)}
	if d.IntN(5) > 0 {
		l.MinDSCR = ratio(100, 130)
	}
	if d.IntN(4) == 0 {
		l.InstitutionShareMax = ratio(60, 90)
	}
	if d.IntN(4) == 0 {
		l.LenderRoom = map[string]money.Amount{"bank-1": d.wan(1_000, 20_000), "bank-2": d.wan(1_000, 20_000)}
	}
	if d.IntN(3) == 0 {
		headroom := d.wan(0, 20_000)
		l.SpecialHeadroom = &headroom
	}
	if d.IntN(4) == 0 {
		most := d.between(1, 3)
		l.MaxLenders = &most
	}
	return l
}

func (d dice) instrument() funding.Instrument {
	return funding.Instrument{ID: "L1", Kind: "bank_loan", Debtor: "园区公司", DebtorType: "cluster", Principal: d.wan(500, 800), Outstanding: d.wan(100, 400), Rate: d.rate(300, 700),
		RateType: "fixed", Start: quarter.Must("2023Q1").FirstDay(), Maturity: quarter.Must("2028Q4").LastDay(), Repayment: "equal_principal", Interval: 4}
}
