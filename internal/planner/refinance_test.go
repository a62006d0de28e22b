package planner_test

import (
	"testing"

	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/plan"
	"zutuan/internal/planner"
	"zutuan/internal/quarter"
)

// The case of these tests: existing debt of 400 万元 at 8 % that falls due at the end of 2026Q4, and an offer at 4 %, two
// years, bullet. Nothing is discounted, so that savings can be counted by hand: the old debt costs 4 × 8 = 32 万元 of
// interest, the new one 8 × 4 = 32 万元 over its two years with a draw at the start of 2026Q1.
func treatmentInput() planner.TreatmentInput {
	kase := typedCase()
	kase.Requirement.DiscountRate = money.Zero
	kase.Requirement.DebtService = []string{"L1"}
	ledger := &funding.Ledger{AsOf: quarter.Must("2025Q4").LastDay(), Instruments: []funding.Instrument{
		{ID: "L1", Kind: "bank_loan", Creditor: "某银行", Principal: 400 * money.Wan, Outstanding: 400 * money.Wan, Rate: money.MustRate("0.08"), Maturity: quarter.Must("2026Q4").LastDay(), Repayment: "bullet", Interval: 1},
		{ID: "B1", Kind: "special_bond", Creditor: "债券", Principal: 900 * money.Wan, Outstanding: 900 * money.Wan, Rate: money.MustRate("0.05"), Maturity: quarter.Must("2029Q4").LastDay(), Repayment: "bullet", Interval: 1},
		{ID: "L2", Kind: "lease", Creditor: "租赁", Principal: 300 * money.Wan, Outstanding: 300 * money.Wan, Rate: money.MustRate("0.09"), Maturity: quarter.Must("2027Q4").LastDay(), Repayment: "bullet", Interval: 1},
	}}
	kase.Existing = loan.LedgerSchedules(ledger, kase.Requirement.DebtService)
	kase.Sources = []planner.Source{{Candidate: plan.Candidate{
		Line:     plan.Line{ID: "cheap", Product: "cheap", Institution: "cdb", Kind: "policy_loan", CountsAs: plan.CountsAsDebt, Name: funding.Text{ZH: "低息贷款"}},
		Terms:    loan.Terms{Rate: money.MustRate("0.04"), Tenor: 8, Grace: 4, Profile: loan.ProfileBullet},
		Smallest: 100 * money.Wan, Largest: 1_000 * money.Wan, Step: money.Wan}}}
	return planner.TreatmentInput{Case: kase, Ledger: ledger, Lines: []plan.Line{}}
}

func TestEveryTreatmentOfAnInstrumentIsComputedAnew(t *testing.T) {
	in := treatmentInput()
	list, err := planner.Treatments(in)
	if err != nil {
		t.Fatal(err)
	}
	got := map[planner.Treatment]planner.Treated{}
	for _, treated := range list {
		if treated.Instrument != "L1" {
			t.Errorf("%s is not paid by the cluster", treated.Instrument)
		}
		got[treated.Treatment] = treated
	}
	for treatment, want := range map[planner.Treatment]string{
		planner.TreatReplace: "0.00",        // 32 − 32
		planner.TreatRepay:   "320000.00",   // four quarters of interest
		planner.TreatDispose: "320000.00",   // the same
		planner.TreatExtend:  "-1280000.00", // sixteen more quarters at 8 万元
	} {
		if saving := got[treatment].Saving.String(); saving != want {
			t.Errorf("%s saves %s, want %s", treatment, saving, want)
		}
		if got[treatment].Text.ZH == "" || got[treatment].Text.EN == "" {
			t.Errorf("%s says nothing", treatment)
		}
	}
	// Nothing is discounted, so to pay 400 now or later is the same: cash saves the interest alone.
	if saving := got[planner.TreatRepay].CashSaving; saving != 32*money.Wan {
		t.Errorf("cash saving of repayment %s", saving)
	}
	// Without lines 500 of capital meet 2,000 of investment and the debt service: cash is lowest after 2026Q2, at
	// 500 − 2,000 − 2 × 8 = −1,516; with the balance paid off first, −1,900; and with an asset sold for it, −1,500.
	for treatment, want := range map[planner.Treatment]money.Amount{planner.TreatRepay: -1_900 * money.Wan, planner.TreatDispose: -1_500 * money.Wan, planner.TreatExtend: -1_516 * money.Wan} {
		if lowest := got[treatment].After.LiquidityMin; lowest != want {
			t.Errorf("after %s cash falls to %s, want %s", treatment, lowest, want)
		}
		if before := got[treatment].Before.LiquidityMin; before != -1_516*money.Wan {
			t.Errorf("before, cash falls to %s", before)
		}
	}
}

func TestOnlyWhatSavesIsOfferedAsARefinancing(t *testing.T) {
	list := planner.Replacements(treatmentInput())
	// The lease of 300 at 9 % for eight quarters costs 54, the loan 24; L1 breaks even; a bond cannot be replaced by a loan.
	if len(list) != 1 || list[0].Instrument != "L2" || list[0].Saving != 30*money.Wan {
		t.Fatalf("got %+v", list)
	}
	line := list[0].Line
	if line == nil || line.Commitment != 300*money.Wan || line.Schedule.TotalInterest != 24*money.Wan {
		t.Errorf("the line is %+v", line)
	}
}

func TestAnOfferThatIsTooSmallReplacesNothing(t *testing.T) {
	in := treatmentInput()
	in.Sources[0].Largest = 200 * money.Wan
	if list := planner.Replacements(in); len(list) != 0 {
		t.Errorf("got %+v", list)
	}
}
