package funding

import (
	"fmt"

	"zutuan/internal/document"
)

// Words and bounds of a fiscal profile file.
var (
	// FiscalLevels are the levels of government that a profile can describe.
	FiscalLevels = []string{"county", "city", "prefecture", "province"}
	// DebtGrades are the officially notified grades (红橙黄绿), best first.
	DebtGrades = []string{"green", "yellow", "orange", "red"}
)

const (
	firstFiscalYear = 1990
	lastFiscalYear  = 2199
	// maxLandHistory is more years than any trend looks at (three).
	maxLandHistory = 20
	// maxPPPYears is longer than any PPP contract (thirty to forty years).
	maxPPPYears = 60
)

// ReadFiscalProfile reads a fiscal profile (zutuan/fiscal/v1, YAML or JSON; amounts in yuan). An amount that is left
// out or null stays nil: unknown, never zero. The error, where there is one, is a document.Problems with everything
// that is wrong.
func ReadFiscalProfile(file string, data []byte) (*FiscalProfile, error) {
	parsed, err := document.Parse(file, data)
	if err != nil {
		return nil, err
	}
	root := parsed.Root().Object()
	readSchema(root, SchemaFiscal)
	profile := &FiscalProfile{
		Region:       root.Required("region").Name(),
		Name:         root.Required("name").Name(),
		Province:     root.Optional("province").Name(),
		Level:        root.Required("level").Enum(FiscalLevels...),
		Year:         root.Required("year").Int(firstFiscalYear, lastFiscalYear, 0),
		Source:       root.Required("source").Name(),
		Illustrative: root.Optional("illustrative").Bool(),

		OfficialGrade: root.Optional("official_grade").Enum(DebtGrades...),
		SubsidyPlan:   optional(root.Optional("subsidy_plan"), document.Value.Bool),
	}
	for _, field := range profile.amounts() {
		*field.target = optional(root.Optional(field.key), document.Value.Amount)
	}
	profile.LandSaleRevenueHistory = readYears(root.Optional("land_sale_revenue_history"), maxLandHistory)
	profile.PPPCommitments = readYears(root.Optional("ppp_commitments"), maxPPPYears)
	checkPart(root, "tax_revenue", profile.TaxRevenue, "general_revenue", profile.GeneralRevenue)
	checkPart(root, "province_bond_capital", profile.ProvinceBondCapital, "province_special_bonds", profile.ProvinceSpecialBonds)
	root.Done()
	if err := parsed.Err(); err != nil {
		return nil, err
	}
	return profile, nil
}

// fiscalAmount joins a key of the file with the field it fills.
type fiscalAmount struct {
	key    string
	target **Amount
}

// amounts lists the amounts of a profile in the order in which people read a fiscal report.
func (p *FiscalProfile) amounts() []fiscalAmount {
	return []fiscalAmount{
		{"gdp", &p.GDP},
		{"general_revenue", &p.GeneralRevenue},
		{"tax_revenue", &p.TaxRevenue},
		{"general_expenditure", &p.GeneralExpenditure},
		{"transfers", &p.Transfers},
		{"upward_remittance", &p.UpwardRemittance},
		{"fund_revenue", &p.FundRevenue},
		{"fund_expenditure", &p.FundExpenditure},
		{"land_sale_revenue", &p.LandSaleRevenue},
		{"soe_capital_revenue", &p.SOECapitalRevenue},
		{"general_debt_limit", &p.GeneralDebtLimit},
		{"special_debt_limit", &p.SpecialDebtLimit},
		{"general_debt_balance", &p.GeneralDebtBalance},
		{"special_debt_balance", &p.SpecialDebtBalance},
		{"implicit_debt_balance", &p.ImplicitDebtBalance},
		{"general_debt_interest", &p.GeneralDebtInterest},
		{"special_debt_interest", &p.SpecialDebtInterest},
		{"general_debt_principal", &p.GeneralDebtPrincipal},
		{"special_debt_principal", &p.SpecialDebtPrincipal},
		{"special_project_income", &p.SpecialProjectIncome},
		{"new_quota", &p.NewQuota},
		{"defaulted_principal", &p.DefaultedPrincipal},
		{"due_principal", &p.DuePrincipal},
		{"basic_spending_gap", &p.BasicSpendingGap},
		{"treasury_balance", &p.TreasuryBalance},
		{"reserve_fund", &p.ReserveFund},
		{"province_special_bonds", &p.ProvinceSpecialBonds},
		{"province_bond_capital", &p.ProvinceBondCapital},
	}
}

// readYears reads one amount a year. A gap in the list is a mistake: the years after it would move.
func readYears(value document.Value, limit int) []Amount {
	if value.Len() > limit {
		value.Problem("too_many", fmt.Sprintf("最多 %d 年", limit), fmt.Sprintf("at most %d years", limit))
		return nil
	}
	var amounts []Amount
	value.List(func(_ int, item document.Value) {
		if !item.Present() {
			item.Problem("missing", "列表里有空项；没有发生的年份写 0", "the list has an empty item; write 0 for a year without any")
		}
		amounts = append(amounts, item.Amount())
	})
	return amounts
}

// checkPart reports a part that is larger than the whole it belongs to, which is a figure in the wrong unit or row.
func checkPart(root *document.Object, partKey string, part *Amount, wholeKey string, whole *Amount) {
	if part == nil || whole == nil || *part <= *whole {
		return
	}
	root.Optional(partKey).Problem("part", fmt.Sprintf("%s 不应大于 %s 的 %s；请检查单位和行次", part, wholeKey, whole),
		fmt.Sprintf("%s should not exceed the %s of %s; check the unit and the row", part, whole, wholeKey))
}
