package gate

import (
	"zutuan/internal/funding"
	"zutuan/internal/money"
)

// SchemaStudies is the schema line of the document of the five studies.
const SchemaStudies = "zutuan/studies/v1"

// StudyStatus is how far a study is.
type StudyStatus string

// The statuses of a study; one that the document leaves out is missing.
const (
	StudyMissing    StudyStatus = "missing"
	StudyInProgress StudyStatus = "in_progress"
	StudyComplete   StudyStatus = "complete"
)

// Study is what every study has: how far it is, which document it is, and of which day.
type Study struct {
	Status    StudyStatus `json:"status"`
	Reference string      `json:"reference,omitempty"`
	AsOf      Day         `json:"as_of,omitempty"`
}

// Studies are the five studies (五项研究) with the figures in which they have to agree. A figure that is nil is not given.
type Studies struct {
	Schema      string           `json:"schema"`
	Industry    IndustryStudy    `json:"industry"`
	Spatial     SpatialStudy     `json:"spatial"`
	Feasibility FeasibilityStudy `json:"feasibility"`
	Finance     FinanceStudy     `json:"finance"`
	Promotion   PromotionStudy   `json:"promotion"`
}

// IndustryStudy is 产业规划: the industries scored in six dimensions.
type IndustryStudy struct {
	Study
	// Weights are the study's own; nil: the configured ones.
	Weights *Weights        `json:"weights,omitempty"`
	Scores  []IndustryScore `json:"scores,omitempty"`
}

// Dimensions are the six dimensions of an industry: 发展性、带动性、适应性、竞争性、环保性、风险性. Of scores, more is better in each
// of them; a high score for risk is a low risk.
type Dimensions struct {
	Development     money.Decimal `json:"development"`
	Linkage         money.Decimal `json:"linkage"`
	Adaptability    money.Decimal `json:"adaptability"`
	Competitiveness money.Decimal `json:"competitiveness"`
	Environment     money.Decimal `json:"environment"`
	Risk            money.Decimal `json:"risk"`
}

// Weights are the shares of the six dimensions; they add to exactly 1.
type Weights Dimensions

// IndustryScore is one industry with its scores, 0 to 100 each.
type IndustryScore struct {
	Industry string `json:"industry"`
	Dimensions
}

// SpatialStudy is 国土空间专项规划: the areas of the whole and of each unit, in hectares.
type SpatialStudy struct {
	Study
	AreaHa *money.Decimal `json:"area_ha,omitempty"`
	Units  []UnitArea     `json:"units,omitempty"`
}

// UnitArea is the planned area of one unit.
type UnitArea struct {
	Code   string        `json:"code"`
	AreaHa money.Decimal `json:"area_ha"`
}

// FeasibilityStudy is 投资可行性研究报告: Σ invest without interest during construction, and the income by source over the
// horizon, land after set-aside.
type FeasibilityStudy struct {
	Study
	Investment *money.Amount `json:"investment,omitempty"`
	Revenue    Revenue       `json:"revenue,omitzero"`
}

// Revenue is income by source.
type Revenue struct {
	Land       *money.Amount `json:"land,omitempty"`
	Energy     *money.Amount `json:"energy,omitempty"`
	Industry   *money.Amount `json:"industry,omitempty"`
	Commercial *money.Amount `json:"commercial,omitempty"`
	Service    *money.Amount `json:"service,omitempty"`
}

// FinanceStudy is 项目投融资计划: the investment it finances, counted as in the feasibility study.
type FinanceStudy struct {
	Study
	Investment *money.Amount `json:"investment,omitempty"`
}

// PromotionStudy is 招商与运营计划: for each plot whether an investor has signed.
type PromotionStudy struct {
	Study
	Plots []PlotPromotion `json:"plots,omitempty"`
}

// PlotPromotion is one plot.
type PlotPromotion struct {
	Code     string `json:"code"`
	Signed   bool   `json:"signed"`
	Investor string `json:"investor,omitempty"`
}

// CheckStatus is what came of comparing two figures.
type CheckStatus string

// Consistent needs both figures; where one is not given, nobody may say so.
const (
	CheckConsistent CheckStatus = "consistent"
	CheckDifferent  CheckStatus = "different"
	CheckIncomplete CheckStatus = "incomplete"
)

// StudyCheck compares one figure of a study with the one it has to agree with.
type StudyCheck struct {
	// Code is one of the StudyCheck codes; Study is the study's key; Subject is the unit, source, plot or industry.
	Code    string      `json:"code"`
	Study   string      `json:"study"`
	Subject string      `json:"subject,omitempty"`
	Status  CheckStatus `json:"status"`
	// Figure is the study's, Other the one it is compared with, Difference the first less the second; nil: not given.
	Figure     *string `json:"figure"`
	Other      *string `json:"other"`
	Difference *string `json:"difference"`
	Unit       string  `json:"unit,omitempty"`
	ZH         string  `json:"zh"`
	EN         string  `json:"en"`
}

// The codes of study checks.
const (
	StudyCheckUnitArea    = "spatial_unit_area"
	StudyCheckArea        = "spatial_area"
	StudyCheckUnitsArea   = "spatial_units_sum"
	StudyCheckInvestment  = "feasibility_investment"
	StudyCheckRevenue     = "feasibility_revenue"
	StudyCheckFinance     = "finance_investment"
	StudyCheckWeights     = "industry_weights"
	StudyCheckIndustry    = "leading_industry"
	StudyCheckSigned      = "promotion_signed"
	StudyCheckPace        = "promotion_pace"
	StudyCheckRequirement = "requirement"
)

// Figures are the requirement's side of the comparison.
type Figures struct {
	Industries []string      `json:"industries"`
	Investment money.Amount  `json:"investment"`
	Revenue    RevenueTotals `json:"revenue"`
	Units      []UnitFigures `json:"units"`
}

// RevenueTotals is the income of each source over the horizon, in the order of funding.IncomeSources.
type RevenueTotals [len(funding.IncomeSources)]money.Amount

// UnitFigures are those of one unit. Invested is the share of its investment made before the quarter of the day, to six
// decimals: the pace of its development.
type UnitFigures struct {
	Code     string        `json:"code"`
	Plots    []PlotFigures `json:"plots"`
	Invested money.Decimal `json:"invested"`
}

// PlotFigures are those of one plot.
type PlotFigures struct {
	Code   string        `json:"code"`
	AreaHa money.Decimal `json:"area_ha"`
	Signed bool          `json:"signed"`
}

// StudiesView is the five studies with everything that was compared.
type StudiesView struct {
	Studies
	Complete   Condition    `json:"complete"`
	Consistent Condition    `json:"consistent"`
	Checks     []StudyCheck `json:"checks"`
}

var studyNames = []struct {
	key  string
	name funding.Text
}{
	{"industry", funding.Text{ZH: "产业规划", EN: "industry plan"}},
	{"spatial", funding.Text{ZH: "国土空间专项规划", EN: "spatial plan"}},
	{"feasibility", funding.Text{ZH: "投资可行性研究报告", EN: "feasibility study"}},
	{"finance", funding.Text{ZH: "项目投融资计划", EN: "financing plan"}},
	{"promotion", funding.Text{ZH: "招商与运营计划", EN: "promotion and operation plan"}},
}

// each returns the five in the order of studyNames.
func (s *Studies) each() []*Study {
	return []*Study{&s.Industry.Study, &s.Spatial.Study, &s.Feasibility.Study, &s.Finance.Study, &s.Promotion.Study}
}
