package funding

import "zutuan/internal/quarter"

// SchemaRequirement is the schema line of a requirement file.
const SchemaRequirement = "zutuan/requirement/v1"

// IncomeSource is one of the five sources of income (五类收益).
type IncomeSource string

// The five sources of income, in the order in which every table shows them.
const (
	SourceLand       IncomeSource = "land"
	SourceEnergy     IncomeSource = "energy"
	SourceIndustry   IncomeSource = "industry"
	SourceCommercial IncomeSource = "commercial"
	SourceService    IncomeSource = "service"
)

// IncomeSources lists the five in table order.
var IncomeSources = [5]IncomeSource{SourceLand, SourceEnergy, SourceIndustry, SourceCommercial, SourceService}

// ShareOfAll is the base of a cost line that is a share of all income.
const ShareOfAll IncomeSource = "all"

// Requirement is a cluster's funding requirement (资金需求) as submitted. finance.md fixes the format.
type Requirement struct {
	Name     string
	Zone     string // code of a zone record
	Cluster  Cluster
	Borrower Borrower
	Currency string
	Start    quarter.Quarter
	// Horizon is the length of the detailed statement in quarters, 40 unless the file says otherwise.
	Horizon      int
	DiscountRate Decimal // annual, for FNPV
	Tax          Tax
	OpeningCash  Amount
	MinimumCash  Amount
	Capital      []FundingLine // equity, offsets counted from Start
	Grants       []FundingLine
	Units        []Unit
	DebtService  []string // ids of ledger instruments that this cluster pays
	AfterHorizon *AfterHorizon
	Limits       Limits
	Security     []Security
	Studies      Studies
	Project      Project
}

// Cluster identifies the 组团.
type Cluster struct {
	Code       string
	Name       string
	Industries []string
}

// Borrower is who would borrow. Pointers are facts the file may leave out; an absent one is unknown, never zero.
type Borrower struct {
	Name                string
	Type                string // platform|soe|private|spv|joint_venture
	Rating              string
	NetAssets           *Amount
	AssetLiabilityRatio *Decimal
	ImplicitDebt        *bool
	Established         quarter.Quarter // 0: not given
	// Class is the financing-subject class of regulation.md P01: listed_platform | managed_as_platform |
	// implicit_debt_bearer | ordinary_soe | private | spv. Empty: not given.
	Class string
	// Cash is the borrower's cash on its last balance sheet.
	Cash *Amount
	// GroupExposures is what lenders have already at risk with the borrower's group of connected clients, by institution. A
	// lender that is not listed is one of which it is not known; zero has to be written.
	GroupExposures map[string]Amount
}

// BorrowerTypes, SubjectClasses and the like are the words a file may use.
var (
	BorrowerTypes  = []string{"platform", "soe", "private", "spv", "joint_venture"}
	SubjectClasses = []string{"listed_platform", "managed_as_platform", "implicit_debt_bearer", "ordinary_soe", "private", "spv"}
)

// Tax holds the two tax rates: Surtax on inflow, Income on the taxable result.
type Tax struct {
	Surtax Decimal
	Income Decimal
}

// FundingLine is one source of equity or grant.
type FundingLine struct {
	Source string
	Name   string
	Series Series
}

// Unit is one 单元, developed as a whole once it has started.
type Unit struct {
	Code      string
	Name      string
	Plots     []Plot
	Start     UnitStart
	Invest    []InvestLine
	Revenue   []RevenueLine
	Cost      []CostLine
	Occupancy Series // millionths; SeriesNone where not given
	// Line is the line of the file on which the unit begins, for errors found after reading.
	Path string
}

// Plot is one 地块.
type Plot struct {
	Code     string
	AreaHa   Decimal
	Use      string
	FAR      Decimal
	Investor string
	Signed   bool
}

// UnitStart says when a unit starts: At a quarter, or After another unit once When is true.
type UnitStart struct {
	At       quarter.Quarter // 0 where the unit waits
	After    string
	When     string
	Earliest quarter.Quarter // 0: the requirement's start
	Latest   quarter.Quarter // 0: the last quarter of the horizon
	// StartAtLatest says what happens when Latest comes and When has not been true: start anyway, or never.
	StartAtLatest bool
}

// InvestCategory is what an investment line buys.
type InvestCategory string

// The categories of investment.
const (
	InvestLand           InvestCategory = "land"
	InvestInfrastructure InvestCategory = "infrastructure"
	InvestBuildings      InvestCategory = "buildings"
	InvestEquipment      InvestCategory = "equipment"
	InvestPreliminary    InvestCategory = "preliminary"
	InvestContingency    InvestCategory = "contingency"
	InvestWorkingCapital InvestCategory = "working_capital"
)

// InvestLine is one line of investment. DepreciateYears 0 means not depreciated.
type InvestLine struct {
	Category        InvestCategory
	Name            string
	DepreciateYears int
	Residual        Decimal
	Series          Series
}

// RevenueLine is one line of income. Route, SetAside, Lag and Pledged are for land alone.
type RevenueLine struct {
	Source IncomeSource
	Name   string
	Series Series
	// Route is fund_budget (the lawful one) or company (flagged, R16).
	Route    string
	SetAside Decimal
	Lag      int
	Pledged  bool
}

// The routes that land income can take.
const (
	RouteFundBudget = "fund_budget"
	RouteCompany    = "company"
)

// CostLine is one line of cost: a series, or a share of the unit's income from one source or from all.
type CostLine struct {
	Name    string
	Series  Series
	ShareOf IncomeSource // empty where Series is used
	Share   Decimal
}

// AfterHorizon replaces the lines' own continuation after the horizon.
type AfterHorizon struct {
	Years      int
	NetPerYear Amount
	Growth     Decimal
	Residual   Amount
}

// Limits are what the bureau accepts. Pointers: not given.
type Limits struct {
	MaxCost       *Decimal
	MinDSCR       *Decimal
	TenorQuarters *int
	GraceQuarters *int
}

// Security is one item offered as security (增信).
type Security struct {
	Type     string
	Value    *Amount
	Provider string
	Note     string
}

// SecurityTypes are the kinds of security a file may name.
var SecurityTypes = []string{"land_mortgage", "building_mortgage", "equipment_mortgage", "receivables_pledge", "equity_pledge", "guarantee", "deposit", "insurance", "other"}

// Project holds the regulatory facts of the project (regulation.md section 1G). Everything is optional; what is
// absent makes the rules that need it undecided.
type Project struct {
	// Sector is the sector of the minimum-capital table (J01); one of Sectors.
	Sector string
	// GovernmentInvestment: direct or capital-injection government investment (政府投资项目).
	GovernmentInvestment *bool
	// CentralApproval: approved centrally, exempt from the key-province gate (R09).
	CentralApproval *bool
	// ExemptClass names the exempt class under R09, empty where none.
	ExemptClass string
	// CapitalReduction: the reasoned reduction of up to 5 points (国发〔2019〕26号) is claimed.
	CapitalReduction *bool
	// FeasibilityTotal is the total investment of the approved feasibility study (R24).
	FeasibilityTotal *Amount
	// Approvals in place.
	FeasibilityApproved *bool
	EstimateApproved    *bool
	LandApproved        *bool
	EIAApproved         *bool
	// BudgetDocument is the number of the budget or quota document for fiscal or bond money (G11).
	BudgetDocument string
	// NoIncome: the project has no income of its own (negative list of special bonds, R15).
	NegativeList *bool
	// GateItems are the items of the implicit-debt gate (R06): name → present. Absent name: not declared.
	GateItems map[string]bool
	// CapitalIsDebt: some capital line is borrowed or 名股实债 (R12).
	CapitalIsDebt *bool
	// QuasiEquity is the part of capital that is equity-type instruments (R11).
	QuasiEquity *Amount
	// LargestPayment is the largest single payment planned; EntrustedPayment says that 受托支付 is arranged (R18).
	LargestPayment   *Amount
	EntrustedPayment *bool
	// NewPPPFiscalSupport: the project needs new fiscal support under a PPP (R23).
	NewPPPFiscalSupport *bool
	// SMEArrears: unpaid SME contractors (J09).
	SMEArrears *bool
	// AssetLifeYears is the shorter of asset life and remaining land-use term.
	AssetLifeYears *int
	// RefinancingOnly: the money only refinances existing debt (R08).
	RefinancingOnly *bool
}

// Sectors of the minimum-capital table.
var Sectors = []string{"urban_rail", "railway_road", "port_waterway", "airport", "other_infrastructure", "affordable_housing", "other_real_estate", "steel_aluminium", "cement", "coal_chemical", "corn_processing", "fertilizer", "power_other_industry"}

// GateItems of the implicit-debt gate, regulation.md G14 a–j.
var GateItems = []string{"commitment_letter", "public_asset_security", "reserved_land_pledge", "expected_land_income_repayment", "fiscal_repayment_or_buyback", "public_asset_injection", "fund_with_buyback", "government_purchase_packaging", "contractor_prefinancing", "agency_guarantee", "land_reserve_loan"}

// Studies are the five special studies; service.md gives them meaning later, so their content is kept as read.
type Studies struct {
	Industry    string
	Spatial     string
	Feasibility string
	Finance     string
	Promotion   string
}
