package funding

// SchemaFiscal is the schema line of a fiscal profile file.
const SchemaFiscal = "zutuan/fiscal/v1"

// FiscalProfile is one region's fiscal year (财政概况). Amounts in fen; a nil amount is unknown, never zero.
type FiscalProfile struct {
	Region   string
	Name     string
	Province string // code as in the zone list: GX, YN, NM …
	Level    string // city | county | prefecture | province
	Year     int
	Source   string // where the figures come from, shown with every flag
	// Illustrative marks figures that are made up for tests and samples.
	Illustrative bool

	GDP                    *Amount
	GeneralRevenue         *Amount // 一般公共预算收入
	TaxRevenue             *Amount
	GeneralExpenditure     *Amount // 一般公共预算支出
	Transfers              *Amount // 转移支付收入
	UpwardRemittance       *Amount // 上解支出
	FundRevenue            *Amount // 政府性基金收入
	FundExpenditure        *Amount
	LandSaleRevenue        *Amount  // 国有土地使用权出让收入, gross
	LandSaleRevenueHistory []Amount // the years before Year, oldest first
	SOECapitalRevenue      *Amount

	GeneralDebtLimit     *Amount
	SpecialDebtLimit     *Amount
	GeneralDebtBalance   *Amount
	SpecialDebtBalance   *Amount
	ImplicitDebtBalance  *Amount
	GeneralDebtInterest  *Amount
	SpecialDebtInterest  *Amount
	GeneralDebtPrincipal *Amount
	SpecialDebtPrincipal *Amount
	SpecialProjectIncome *Amount // 专项收入 of special-bond projects
	NewQuota             *Amount // 已下达新增限额

	// OfficialGrade is the notified debt grade, green|yellow|orange|red, empty where not notified; it overrides.
	OfficialGrade string

	DefaultedPrincipal   *Amount
	DuePrincipal         *Amount
	BasicSpendingGap     *Amount  // 三保支出缺口
	TreasuryBalance      *Amount  // 库款余额
	PPPCommitments       []Amount // by year from Year on
	ReserveFund          *Amount  // 预备费
	ProvinceSpecialBonds *Amount  // the province's project special bonds
	ProvinceBondCapital  *Amount  // of which used as project capital
	SubsidyPlan          *bool    // an approved subsidy plan under 国办发〔2024〕52号
}
