package loan

// Goal: the rest of an existing debt's life follows from its balance by the same rules as a new loan's, counted back from
// its maturity; and the views of a ledger add those lives up.

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

func day(text string) time.Time {
	date, err := document.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return date
}

func instrument(outstanding, rate, maturity, repayment string, interval int) funding.Instrument {
	return funding.Instrument{
		ID: "D1", Creditor: "某银行", Kind: "bank_loan", Currency: "CNY", Principal: 2 * money.MustAmount(outstanding), Outstanding: money.MustAmount(outstanding),
		Rate: money.MustRate(rate), Start: day("2020-06-30"), Maturity: day(maturity), Repayment: repayment, Interval: interval, RepaySource: "project",
	}
}

func TestTheRestOfAnInstrumentByHand(t *testing.T) {
	for _, c := range []struct {
		name       string
		instrument funding.Instrument
		asOf       string
		first      string
		want       []string // opening, interest, principal
	}{
		{"equal principal to the quarter of maturity", instrument("300", "0.04", "2026-09-20", "equal_principal", 1), "2025-12-31", "2026Q1",
			[]string{"300.00 3.00 100.00", "200.00 2.00 100.00", "100.00 1.00 100.00"}},
		{"a balance taken within a quarter: that quarter's interest is still to pay", instrument("200", "0.04", "2026-06-30", "equal_principal", 1), "2026-02-10", "2026Q1",
			[]string{"200.00 2.00 100.00", "100.00 1.00 100.00"}},
		{"counted back from the maturity, the first interval is broken", instrument("300", "0.04", "2027-03-31", "equal_principal", 2), "2025-12-31", "2026Q1",
			[]string{"300.00 3.00 100.00", "200.00 2.00 0.00", "200.00 2.00 100.00", "100.00 1.00 0.00", "100.00 1.00 100.00"}},
		{"bullet: interest each quarter, principal at the end", instrument("300", "0.04", "2026-06-30", "bullet", 2), "2025-12-31", "2026Q1",
			[]string{"300.00 3.00 0.00", "300.00 3.00 300.00"}},
		// 300 × 0.02/(1 − 1.02^−2) = 154.5149: the instalment pays the interest of the whole interval, also of the quarter
		// before the balance was taken: 154.51 − 6.00 = 148.51, and 2 % of 151.49 = 3.0298.
		{"annuity in a broken interval", instrument("300", "0.04", "2026-09-30", "annuity", 2), "2025-12-31", "2026Q1",
			[]string{"300.00 6.00 148.51", "151.49 0.00 0.00", "151.49 3.03 151.49"}},
		{"past its maturity everything is due at once", instrument("300", "0.04", "2025-06-30", "equal_principal", 4), "2025-12-31", "2026Q1",
			[]string{"300.00 3.00 300.00"}},
		{"maturing on the day itself", instrument("300", "0.04", "2025-12-31", "bullet", 1), "2025-12-31", "2026Q1",
			[]string{"300.00 3.00 300.00"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			schedule := InstrumentSchedule(c.instrument, day(c.asOf))
			expect(t, table(schedule, opening, interest, principal), c.want...)
			if schedule.Start.String() != c.first {
				t.Errorf("begins in %s, want %s", schedule.Start, c.first)
			}
			if overdue := c.instrument.Maturity.Before(day(c.asOf)); schedule.Overdue != overdue {
				t.Errorf("overdue: %v, want %v", schedule.Overdue, overdue)
			}
			if schedule.AllInCost().Known {
				t.Error("an instrument whose draws are past has an all-in cost")
			}
		})
	}
}

func TestGraceOfAnInstrument(t *testing.T) {
	// Grace until the middle of 2026Q2: principal from 2026Q3, two instalments of 150.
	item := instrument("300", "0.04", "2026-12-31", "equal_principal", 1)
	item.GraceUntil = day("2026-05-20")
	expect(t, table(InstrumentSchedule(item, day("2025-12-31")), interest, principal), "3.00 0.00", "3.00 0.00", "3.00 150.00", "1.50 150.00")
	// A grace that has passed is no grace, and one in the quarter of maturity leaves that quarter.
	item.GraceUntil = day("2024-05-20")
	expect(t, table(InstrumentSchedule(item, day("2025-12-31")), principal), "75.00", "75.00", "75.00", "75.00")
	item.GraceUntil = day("2026-12-15")
	expect(t, table(InstrumentSchedule(item, day("2025-12-31")), principal), "0.00", "0.00", "0.00", "300.00")
}

func TestCustomRestKeepsTheProportionOfTheLastShares(t *testing.T) {
	// Five shares, two are still to come: 0.1 and 0.3 of the whole are a quarter and three quarters of the rest.
	item := instrument("400", "0", "2026-06-30", "custom", 1)
	for _, share := range []string{"0.2", "0.2", "0.2", "0.1", "0.3"} {
		item.Custom = append(item.Custom, money.MustRate(share))
	}
	expect(t, table(InstrumentSchedule(item, day("2025-12-31")), principal), "100.00", "300.00")
	// With fewer shares than instalments, or none left, the rest is even.
	item.Custom = item.Custom[:1]
	expect(t, table(InstrumentSchedule(item, day("2025-12-31")), principal), "200.00", "200.00")
}

func TestAnInstrumentWithoutBalanceHasNothingToCome(t *testing.T) {
	item := instrument("0", "0.04", "2030-12-31", "bullet", 1)
	schedule := InstrumentSchedule(item, day("2025-12-31"))
	if len(schedule.Rows) != 0 || schedule.Overdue {
		t.Errorf("schedule %+v", schedule)
	}
	ledger := &funding.Ledger{AsOf: day("2025-12-31"), Instruments: []funding.Instrument{item}}
	if wall := MaturityWall(ledger); len(wall.Quarters) != 0 || len(wall.Creditors) != 1 {
		t.Errorf("wall %+v", wall)
	}
	if summary := SummarizeLedger(ledger); summary.WeightedRate.Known || summary.AverageLifeYears.Known || len(summary.ByKind) != 0 {
		t.Errorf("summary %+v", summary)
	}
	// It may stand among the existing debt of a case.
	Coverage(CoverageInput{Start: quarter.Must("2026Q1"), CFADS: yuans(1), Existing: []*Schedule{schedule}})
}

// Whatever the instrument, its principal adds to its balance and the balance ends at nothing, within its maturity.
func TestEveryInstrumentRepaysItsBalance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		asOf := day("2025-01-01").AddDate(0, 0, rapid.IntRange(0, 900).Draw(t, "as of"))
		item := funding.Instrument{
			Outstanding: money.Amount(rapid.Int64Range(1, 1e13).Draw(t, "outstanding")),
			Rate:        money.MustRate("0.0435"),
			Maturity:    day("2025-01-01").AddDate(0, 0, rapid.IntRange(-500, 12_000).Draw(t, "maturity")),
			Repayment:   rapid.SampledFrom(funding.Repayments).Draw(t, "repayment"),
			Interval:    rapid.SampledFrom([]int{0, 1, 2, 4}).Draw(t, "interval"),
		}
		if rapid.Bool().Draw(t, "grace") {
			item.GraceUntil = asOf.AddDate(0, 0, rapid.IntRange(-100, 3000).Draw(t, "grace until"))
		}
		if item.Repayment == "custom" {
			item.Custom = []money.Decimal{money.MustRate("0.5"), money.MustRate("0.3"), money.MustRate("0.2")}
		}
		schedule := InstrumentSchedule(item, asOf)
		balance := item.Outstanding
		for _, row := range schedule.Rows {
			if row.Opening != balance || row.Principal < 0 || row.Closing != balance-row.Principal {
				t.Fatalf("row %+v after a balance of %s", row, balance)
			}
			balance = row.Closing
		}
		if balance != 0 || schedule.TotalPrincipal != item.Outstanding {
			t.Fatalf("%s is left of %s", balance, item.Outstanding)
		}
		if last := schedule.LastQuarter(); last != max(quarter.Of(item.Maturity), schedule.Start) {
			t.Fatalf("ends in %s, matures on %s", last, item.Maturity)
		}
	})
}

func sampleLedger() *funding.Ledger {
	a := instrument("300", "0.04", "2026-09-20", "equal_principal", 1)
	b := instrument("600", "0.03", "2026-06-30", "bullet", 1)
	b.ID, b.Kind, b.Creditor, b.RepaySource = "D2", "special_bond", "债券持有人", "fund_budget"
	c := instrument("100", "0.07", "2025-03-31", "bullet", 1)
	c.ID, c.Kind, c.RepaySource = "D3", "other", "refinancing"
	d := instrument("5000", "0", "2030-06-30", "bullet", 1)
	d.ID, d.Kind, d.RepaySource = "D4", "guarantee", "none"
	e := instrument("70", "0.05", "2030-06-30", "bullet", 1)
	e.ID, e.Currency = "D5", "USD"
	return &funding.Ledger{AsOf: day("2025-12-31"), Instruments: []funding.Instrument{a, b, c, d, e}}
}

func TestLedgerServiceCountsFromItsStart(t *testing.T) {
	ledger := sampleLedger()
	// D1: 103, 102, 101; D2: 4.50, 604.50. Counted from 2026Q2, five quarters.
	service := LedgerService(ledger, []string{"D1", "D2", "unknown", "D1"}, quarter.Must("2026Q2"), 3)
	want := []string{"706.50", "101.00", "0.00"}
	for q, amount := range service {
		if amount.String() != want[q] {
			t.Errorf("quarter %d: %s, want %s", q, amount, want[q])
		}
	}
	if schedules := LedgerSchedules(ledger, []string{"D2", "D1"}); len(schedules) != 2 || schedules[0].TotalPrincipal != money.MustAmount("300") {
		t.Errorf("schedules %v, want D1 and D2 in the ledger's order", schedules)
	}
}

func TestMaturityWall(t *testing.T) {
	wall := MaturityWall(sampleLedger())
	// Principal: 2026Q1 100 of D1 and the overdue 100; 2026Q2 100 + 600; 2026Q3 100. Interest: 3 + 4.50 + 1.75, 2 + 4.50, 1.
	want := []WallQuarter{
		{quarter.Must("2026Q1"), money.MustAmount("200"), money.MustAmount("9.25"), money.MustAmount("100")},
		{quarter.Must("2026Q2"), money.MustAmount("700"), money.MustAmount("6.50"), 0},
		{quarter.Must("2026Q3"), money.MustAmount("100"), money.MustAmount("1.00"), 0},
	}
	if len(wall.Quarters) != len(want) {
		t.Fatalf("wall %+v", wall.Quarters)
	}
	for i := range want {
		if wall.Quarters[i] != want[i] {
			t.Errorf("quarter %+v, want %+v", wall.Quarters[i], want[i])
		}
	}
	if len(wall.Creditors) != 2 || wall.Creditors[0].Creditor != "债券持有人" || wall.Creditors[1].Outstanding != money.MustAmount("400") || wall.Creditors[1].Principal[0] != money.MustAmount("200") {
		t.Errorf("creditors %+v", wall.Creditors)
	}
	if len(wall.LeftOut) != 1 || wall.LeftOut[0] != "D5" {
		t.Errorf("left out %v, want the foreign D5; a guarantee is no debt to be named", wall.LeftOut)
	}
}

func TestLedgerSummary(t *testing.T) {
	summary := SummarizeLedger(sampleLedger())
	// Rate: (300·4 % + 600·3 % + 100·7 %)/1000 = 37/1000. Life: (100·1 + 100·2 + 100·3 + 600·2 + 100·1)/4/1000 = 0.475.
	if summary.Outstanding != money.MustAmount("1000") || summary.Guarantees != money.MustAmount("5000") || summary.Overdue != money.MustAmount("100") ||
		summary.WeightedRate.String() != "0.037000" || summary.AverageLifeYears.String() != "0.475000" {
		t.Errorf("summary %+v", summary)
	}
	kinds := []LedgerShare{{"special_bond", money.MustAmount("600"), ratio(1, 10)}, {"bank_loan", money.MustAmount("300"), ratio(1, 20)}, {"guarantee", money.MustAmount("5000"), ratio(5, 6)}, {"other", money.MustAmount("100"), ratio(1, 60)}}
	if len(summary.ByKind) != len(kinds) {
		t.Fatalf("kinds %+v", summary.ByKind)
	}
	for i, want := range kinds {
		if got := summary.ByKind[i]; got.Name != want.Name || got.Outstanding != want.Outstanding || got.Share.String() != want.Share.String() {
			t.Errorf("kind %+v, want %+v", got, want)
		}
	}
	if len(summary.ByRepaySource) != 3 || summary.ByRepaySource[0].Name != "fund_budget" || summary.ByRepaySource[0].Share.String() != "0.600000" {
		t.Errorf("repayment sources %+v", summary.ByRepaySource)
	}
}
