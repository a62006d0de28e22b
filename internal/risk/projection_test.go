package risk

import (
	"testing"
	"time"

	"zutuan/internal/facts"
	"zutuan/internal/funding"
	"zutuan/internal/money"
)

func fen(text string) *money.Amount {
	amount := money.MustAmount(text)
	return &amount
}

// instrument is a debt at the end of 2025 that matures on the last day of a year.
func instrument(id, debtor, kind, outstanding, rate, repayment, source string, maturity int) funding.Instrument {
	return funding.Instrument{
		ID: id, Debtor: "某市", DebtorType: debtor, Kind: kind, Creditor: "债权人", Currency: "CNY", Principal: money.MustAmount(outstanding), Outstanding: money.MustAmount(outstanding),
		Rate: money.MustRate(rate), Start: date("2020-01-01"), Maturity: time.Date(maturity, 12, 31, 0, 0, 0, 0, time.UTC), Repayment: repayment, Interval: 4, RepaySource: source,
	}
}

func debtOf(instruments ...funding.Instrument) *facts.Debt {
	return facts.NewDebt(&funding.Ledger{AsOf: date("2025-12-31"), Instruments: instruments}, nil, date("2026-01-31"))
}

// yearWant is what a projection should say of one class in one year; amounts in yuan.
type yearWant struct{ balance, interest, principal string }

func TestTheYearsFollowTheLedger(t *testing.T) {
	bond := instrument("bond", "government", "general_bond", "1000.00", "0.03", "bullet", "general_budget", 2027)
	cases := []struct {
		name        string
		instruments []funding.Instrument
		// balance, interest and principal that the profile of 2025 reports of general debt
		balance, interest, principal string
		want                         []yearWant // from 2026 on
	}{
		{"nothing in the ledger stays as it was reported", nil, "1000.00", "30.00", "50.00", []yearWant{{"1000.00", "30.00", "50.00"}, {"1000.00", "30.00", "50.00"}}},
		// 2027: 1000.00 fall due, the budget repays the 100.00 it repaid in 2025, 900.00 are refinanced at 3 %.
		{"a maturing bond is repaid as far as the budget repays and refinanced for the rest", []funding.Instrument{bond}, "1000.00", "30.00", "100.00",
			[]yearWant{{"1000.00", "30.00", "0.00"}, {"900.00", "30.00", "100.00"}, {"900.00", "27.00", "0.00"}}},
		{"a bond marked for refinancing is refinanced wholly", []funding.Instrument{instrument("bond", "government", "general_bond", "1000.00", "0.03", "bullet", "refinancing", 2027)},
			"1000.00", "30.00", "100.00", []yearWant{{"1000.00", "30.00", "0.00"}, {"1000.00", "30.00", "0.00"}, {"1000.00", "30.00", "0.00"}}},
		{"a budget that can repay it all leaves nothing", []funding.Instrument{bond}, "1000.00", "30.00", "2000.00",
			[]yearWant{{"1000.00", "30.00", "0.00"}, {"0.00", "30.00", "1000.00"}, {"0.00", "0.00", "0.00"}}},
		// Half of the reported balance is in the ledger: the other half keeps half of interest and principal; of the 100.00 the
		// budget repays 50.00 are for the ledger's half.
		{"what the ledger lacks goes on in proportion", []funding.Instrument{bond}, "2000.00", "70.00", "100.00",
			[]yearWant{{"2000.00", "65.00", "50.00"}, {"1950.00", "65.00", "100.00"}, {"1950.00", "63.50", "50.00"}}},
		// A loan of 300.00 in three yearly parts, interest at the end of each quarter on the balance: 9.00, 6.00, 3.00.
		{"a loan runs down by its schedule", []funding.Instrument{instrument("loan", "government", "policy_loan", "300.00", "0.03", "equal_principal", "general_budget", 2028)}, "300.00", "9.00", "0.00",
			[]yearWant{{"200.00", "9.00", "100.00"}, {"100.00", "6.00", "100.00"}, {"0.00", "3.00", "100.00"}}},
		{"debts of platforms and guarantees are not the government's", []funding.Instrument{
			instrument("a", "platform", "bank_loan", "500.00", "0.05", "bullet", "project", 2026), instrument("b", "government", "guarantee", "500.00", "0", "bullet", "none", 2026)},
			"1000.00", "30.00", "50.00", []yearWant{{"1000.00", "30.00", "50.00"}}},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			profile := &funding.FiscalProfile{Year: 2025, GeneralDebtBalance: fen(test.balance), GeneralDebtInterest: fen(test.interest), GeneralDebtPrincipal: fen(test.principal)}
			states := project(profile, debtOf(test.instruments...), 2024+len(test.want)+1)
			for i, want := range test.want {
				got := states[i].profile
				if got.GeneralDebtBalance.String() != want.balance || got.GeneralDebtInterest.String() != want.interest || got.GeneralDebtPrincipal.String() != want.principal {
					t.Errorf("%d: got %s, %s, %s; want %s, %s, %s", got.Year, got.GeneralDebtBalance, got.GeneralDebtInterest, got.GeneralDebtPrincipal, want.balance, want.interest, want.principal)
				}
				if got.SpecialDebtBalance != nil || got.ImplicitDebtBalance != nil {
					t.Errorf("%d: what was not reported became known", got.Year)
				}
			}
		})
	}
}

func TestImplicitDebtRunsDownWhoeverOwesIt(t *testing.T) {
	resolved := instrument("a", "platform", "bank_loan", "300.00", "0.05", "equal_principal", "fund_budget", 2028)
	rolled := instrument("b", "platform", "corporate_bond", "400.00", "0.05", "bullet", "refinancing", 2026)
	resolved.Implicit, rolled.Implicit = true, true
	states := project(&funding.FiscalProfile{Year: 2025, ImplicitDebtBalance: fen("1000.00")}, debtOf(resolved, rolled), 2028)
	// 300.00 are not in the ledger and stay, 400.00 are refinanced and stay, 300.00 fall by 100.00 a year.
	for i, want := range []string{"900.00", "800.00", "700.00"} {
		if got := states[i].profile.ImplicitDebtBalance.String(); got != want {
			t.Errorf("%d: got %s, want %s", states[i].year, got, want)
		}
	}
}

func TestCommitmentsMoveWithTheYears(t *testing.T) {
	states := project(&funding.FiscalProfile{Year: 2025, PPPCommitments: []money.Amount{1, 2, 3}}, nil, 2028)
	for i, want := range []money.Amount{2, 3, 0} {
		if got := states[i].profile.PPPCommitments[0]; got != want {
			t.Errorf("%d: got %s, want %s", states[i].year, got, want)
		}
	}
	if states := project(&funding.FiscalProfile{Year: 2025}, nil, 2026); states[0].profile.PPPCommitments != nil {
		t.Error("commitments that nobody listed became known")
	}
	if project(nil, nil, 2030) != nil {
		t.Error("there are years without a profile")
	}
}

// A ledger of the middle of a year: two quarters of interest lie before its schedule and are of the year all the same.
func TestALedgerOfMidYearGivesTheWholeYearsInterest(t *testing.T) {
	item := instrument("bond", "government", "special_bond", "1000.00", "0.04", "bullet", "fund_budget", 2030)
	debt := facts.NewDebt(&funding.Ledger{AsOf: date("2026-06-30"), Instruments: []funding.Instrument{item}}, nil, date("2026-07-31"))
	states := project(&funding.FiscalProfile{Year: 2025, SpecialDebtBalance: fen("1000.00"), SpecialDebtInterest: fen("40.00"), SpecialDebtPrincipal: fen("0.00")}, debt, 2027)
	for _, state := range states {
		if got := state.profile.SpecialDebtInterest.String(); got != "40.00" {
			t.Errorf("%d: got %s", state.year, got)
		}
	}
}

func TestTheLedgerIsHeldAgainstTheReport(t *testing.T) {
	s := openSample(t, "pingxiang")
	t.Run("the samples agree", func(t *testing.T) {
		for _, name := range []string{"pingxiang", "lincang", "manzhouli"} {
			for _, entry := range openSample(t, name).assess(t).Ledger.Reconciliation {
				if !entry.Agrees || entry.Ledger == 0 {
					t.Errorf("%s %s: ledger %s, reported %s", name, entry.Kind, entry.Ledger, entry.Reported)
				}
			}
		}
	})
	t.Run("a difference is a finding with both figures", func(t *testing.T) {
		s.fiscal.SpecialDebtBalance = fen("2680000000.01")
		review := s.assess(t).Ledger
		if review.Reconciliation[1].Agrees || review.Reconciliation[1].Difference.String() != "-0.01" {
			t.Errorf("got %+v", review.Reconciliation[1])
		}
		if got := codesOf(review); len(got) != 1 || got[0] != FindingBalanceDiffers {
			t.Errorf("got the findings %v", got)
		}
	})
	t.Run("a balance that nobody reported is a finding", func(t *testing.T) {
		s.fiscal.SpecialDebtBalance = nil
		review := s.assess(t).Ledger
		if got := codesOf(review); len(got) != 1 || got[0] != FindingNotReported || review.Reconciliation[1].Difference != nil {
			t.Errorf("got the findings %v", got)
		}
	})
	t.Run("what the reader noticed is kept", func(t *testing.T) {
		review := openSample(t, "manzhouli").assess(t).Ledger
		if got := codesOf(review); len(got) != 1 || got[0] != "overdue" {
			t.Errorf("got the findings %v", got)
		}
	})
	t.Run("a currency without an exchange rate is named and the years stay as reported", func(t *testing.T) {
		s := openSample(t, "pingxiang")
		s.ledger.Instruments[0].Currency = "XXX"
		a := s.assess(t)
		if got := codesOf(a.Ledger); !contains(got, FindingNoRate) {
			t.Errorf("got the findings %v", got)
		}
		if len(a.Assumptions) != len(baseAssumptions)+1 || a.Years[0].GeneralBalance.String() != s.fiscal.GeneralDebtBalance.String() {
			t.Errorf("got %s", a.Years[0].GeneralBalance)
		}
	})
	t.Run("every schedule adds up to its balance", func(t *testing.T) {
		if got := codesOf(openSample(t, "lincang").assess(t).Ledger); contains(got, FindingScheduleDiffers) {
			t.Errorf("got the findings %v", got)
		}
	})
}

func contains(codes []string, code string) bool {
	for _, known := range codes {
		if known == code {
			return true
		}
	}
	return false
}

func codesOf(review *LedgerReview) []string {
	var codes []string
	for _, finding := range review.Findings {
		codes = append(codes, finding.Code)
	}
	return codes
}
