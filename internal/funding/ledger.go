package funding

import "time"

// Ledger is the list of existing debt (存量债务台账) at one day.
type Ledger struct {
	AsOf        time.Time
	Instruments []Instrument
	// Findings are what the reader noticed and kept: overdue rows, rates that look like percentages, duplicates.
	Findings []LedgerFinding
}

// Instrument is one debt. Rates are annual decimal fractions.
type Instrument struct {
	Row         int // 1-based row of the file, header included; for JSON the 1-based position
	ID          string
	Debtor      string
	DebtorType  string
	Kind        string
	Creditor    string
	Currency    string
	Principal   Amount
	Outstanding Amount
	Rate        Decimal
	RateType    string // fixed|floating
	Reference   string
	Spread      Decimal
	Start       time.Time
	Maturity    time.Time
	Repayment   string // equal_principal|annuity|bullet|custom
	// Custom holds the shares of all instalments of a custom repayment, the paid ones included.
	Custom      []Decimal
	Interval    int // quarters between payments: 1, 2 or 4
	GraceUntil  time.Time
	RepaySource string
	Implicit    bool
	Registered  bool
	Collateral  string
	Guarantor   string
	Note        string
}

// The words of a ledger.
var (
	DebtorTypes     = []string{"government", "platform", "soe", "cluster"}
	InstrumentKinds = []string{"general_bond", "special_bond", "bank_loan", "policy_loan", "corporate_bond", "lease", "trust", "payable", "guarantee", "other"}
	RepaySources    = []string{"general_budget", "fund_budget", "project", "refinancing", "none"}
)

// LedgerFinding is something a person must look at although the row was kept.
type LedgerFinding struct {
	Row  int    `json:"row"`
	ID   string `json:"id"`
	Code string `json:"code"` // overdue | percent_rate | duplicate | …
	Text Text   `json:"text"`
}
