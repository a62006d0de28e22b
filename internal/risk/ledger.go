package risk

import (
	"fmt"

	"zutuan/internal/facts"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
)

// LedgerReview is the ledger of existing debt (存量债务台账) held against what the region reports, with its views.
type LedgerReview struct {
	AsOf string `json:"as_of"`
	// Reconciliation compares Σ ledger with the reported balance, by kind.
	Reconciliation []Reconciled            `json:"reconciliation"`
	Findings       []funding.LedgerFinding `json:"findings"`
	Summary        loan.LedgerSummary      `json:"summary"`
	Wall           loan.Wall               `json:"wall"`
}

// Reconciled is one kind of debt in the ledger and in the report. Difference is ledger less report; null where nothing
// was reported.
type Reconciled struct {
	Kind       string        `json:"kind"`
	Name       funding.Text  `json:"name"`
	Ledger     money.Amount  `json:"ledger"`
	Reported   *money.Amount `json:"reported"`
	Difference *money.Amount `json:"difference"`
	Agrees     bool          `json:"agrees"`
}

// Codes of findings that a review adds to those of the reader.
const (
	FindingBalanceDiffers  = "balance_differs"
	FindingNotReported     = "not_reported"
	FindingScheduleDiffers = "schedule_differs"
	FindingNoRate          = "no_exchange_rate"
)

// reviewLedger reconciles a ledger; profile may be nil.
func reviewLedger(debt *facts.Debt, profile *funding.FiscalProfile) *LedgerReview {
	ledger := debt.Ledger()
	review := &LedgerReview{
		AsOf: day(ledger.AsOf), Reconciliation: []Reconciled{}, Findings: append([]funding.LedgerFinding{}, ledger.Findings...),
		Summary: loan.SummarizeLedger(ledger), Wall: loan.MaturityWall(ledger),
	}
	review.schedules(debt)
	review.reconcile(debt, profile)
	return review
}

func (r *LedgerReview) find(row int, id, code, zh, en string) {
	r.Findings = append(r.Findings, funding.LedgerFinding{Row: row, ID: id, Code: code, Text: funding.Text{ZH: zh, EN: en}})
}

// schedules checks that each instrument's schedule adds up to its balance.
func (r *LedgerReview) schedules(debt *facts.Debt) {
	for i, schedule := range debt.Schedules() {
		instrument := &debt.Ledger().Instruments[i]
		if schedule.TotalPrincipal != instrument.Outstanding {
			r.find(instrument.Row, instrument.ID, FindingScheduleDiffers,
				fmt.Sprintf("第 %d 行 %s 的还本安排合计 %s，余额 %s", instrument.Row, instrument.ID, schedule.TotalPrincipal, instrument.Outstanding),
				fmt.Sprintf("row %d: the principal of %s adds to %s, the balance is %s", instrument.Row, instrument.ID, schedule.TotalPrincipal, instrument.Outstanding))
		}
		if _, ok := debt.InCNY(i, 0); !ok && instrument.Currency != "CNY" && instrument.Currency != "" {
			r.find(instrument.Row, instrument.ID, FindingNoRate,
				fmt.Sprintf("第 %d 行 %s 的币种 %s 没有汇率，合计数无法计算", instrument.Row, instrument.ID, instrument.Currency),
				fmt.Sprintf("row %d: no exchange rate for %s of %s, so that no sums can be made", instrument.Row, instrument.Currency, instrument.ID))
		}
	}
}

// reconcile compares the three balances that a region reports.
func (r *LedgerReview) reconcile(debt *facts.Debt, profile *funding.FiscalProfile) {
	if profile == nil {
		profile = &funding.FiscalProfile{}
	}
	for _, kind := range []struct {
		class    debtClass
		kind     string
		name     funding.Text
		reported *money.Amount
	}{
		{classGeneral, "general", funding.Text{ZH: "政府一般债务", EN: "general government debt"}, profile.GeneralDebtBalance},
		{classSpecial, "special", funding.Text{ZH: "政府专项债务", EN: "special government debt"}, profile.SpecialDebtBalance},
		{classImplicit, "implicit", funding.Text{ZH: "隐性债务", EN: "implicit debt"}, profile.ImplicitDebtBalance},
	} {
		entry := Reconciled{Kind: kind.kind, Name: kind.name, Ledger: newCourse(debt, kind.class, reported{}).outstanding, Reported: kind.reported}
		if kind.reported == nil {
			if entry.Ledger != 0 {
				r.find(0, "", FindingNotReported, fmt.Sprintf("台账中%s合计 %s，财政概况未报告该余额", kind.name.ZH, entry.Ledger),
					fmt.Sprintf("the ledger's %s adds to %s; the fiscal profile does not report it", kind.name.EN, entry.Ledger))
			}
			r.Reconciliation = append(r.Reconciliation, entry)
			continue
		}
		difference := entry.Ledger - *kind.reported
		entry.Difference, entry.Agrees = &difference, difference == 0
		if difference != 0 {
			r.find(0, "", FindingBalanceDiffers, fmt.Sprintf("台账中%s合计 %s，财政概况报告 %s，相差 %s：请核对缺漏或重复", kind.name.ZH, entry.Ledger, *kind.reported, difference),
				fmt.Sprintf("the ledger's %s adds to %s, the fiscal profile reports %s, a difference of %s: look for what is missing or counted twice", kind.name.EN, entry.Ledger, *kind.reported, difference))
		}
		r.Reconciliation = append(r.Reconciliation, entry)
	}
}
