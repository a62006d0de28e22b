package risk

import (
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
	"zutuan/internal/ruleexpr"
)

// Schema is the schema line of an assessment.
const Schema = "zutuan/assessment/v1"

// Assessment is the answer. Amounts and ratios are strings in JSON; what is absent is null or left out. Flags come worst
// first, then by pack and rule.
type Assessment struct {
	Schema string `json:"schema"`
	// Date is the day of the assessment, 2026-01-31.
	Date        string           `json:"date"`
	Region      string           `json:"region,omitempty"`
	Zone        string           `json:"zone,omitempty"`
	KeyProvince *Membership      `json:"key_province,omitempty"`
	Packs       []PackUsed       `json:"packs"`
	Plan        PlanSummary      `json:"plan"`
	Summary     Summary          `json:"summary"`
	Flags       []Flag           `json:"flags"`
	Overrides   []Override       `json:"overrides"`
	Assumptions []funding.Text   `json:"assumptions"`
	Years       []ProjectedYear  `json:"years"`
	LimitUse    []LimitUse       `json:"limit_use"`
	Ledger      *LedgerReview    `json:"ledger,omitempty"`
	Fiscal      *FiscalReference `json:"fiscal,omitempty"`
}

// PackUsed names a version of a pack; one that is not in force on the date was not evaluated.
type PackUsed struct {
	ID      string       `json:"id"`
	Version int          `json:"version"`
	Name    funding.Text `json:"name"`
	Digest  string       `json:"digest"`
	Labels  []string     `json:"labels,omitempty"`
	InForce bool         `json:"in_force"`
}

// Membership is where a province stands in a dated list on the day of the assessment.
type Membership struct {
	Province string `json:"province"`
	Member   bool   `json:"member"`
	// From and To are the days of the membership that holds, or of the last one that held; empty where there was none.
	From       string `json:"from,omitempty"`
	To         string `json:"to,omitempty"`
	Basis      string `json:"basis,omitempty"`
	Status     string `json:"status,omitempty"`
	Confidence string `json:"confidence,omitempty"`
	Note       string `json:"note,omitempty"`
}

// FiscalReference says which profile the fiscal figures come from.
type FiscalReference struct {
	Region        string `json:"region"`
	Name          string `json:"name"`
	Year          int    `json:"year"`
	Source        string `json:"source"`
	Illustrative  bool   `json:"illustrative"`
	OfficialGrade string `json:"official_grade,omitempty"`
}

// Summary is the assessment in a few words. Flags of analogues are not in it.
type Summary struct {
	// Worst is the worst level of any flag; undecided where nothing is worse than green and something is undecided.
	Worst  funding.Level `json:"worst"`
	Counts Counts        `json:"counts"`
	// Blocking are the flags that stand against finalizing the plan; CanBeWaived is false where one of them is a stop.
	Blocking    []FlagReference `json:"blocking"`
	CanBeWaived bool            `json:"can_be_waived"`
	// Unresolved are undecided rules that could block: the records they miss have to be supplied before anybody can say
	// that the plan may go ahead.
	Unresolved []FlagReference `json:"unresolved"`
	// Missing lists the facts that undecided rules miss, each once.
	Missing []MissingFact `json:"missing"`
}

// Counts counts flags by level.
type Counts struct {
	Stop          int `json:"stop"`
	Red           int `json:"red"`
	Orange        int `json:"orange"`
	Yellow        int `json:"yellow"`
	Green         int `json:"green"`
	Undecided     int `json:"undecided"`
	NotApplicable int `json:"not_applicable"`
}

// FlagReference names one flag.
type FlagReference struct {
	Pack  string        `json:"pack"`
	Rule  string        `json:"rule"`
	Name  funding.Text  `json:"name"`
	Level funding.Level `json:"level"`
}

// Flag is what one rule says.
type Flag struct {
	Pack        string        `json:"pack"`
	PackVersion int           `json:"pack_version"`
	Rule        string        `json:"rule"`
	Name        funding.Text  `json:"name"`
	Scope       string        `json:"scope"`
	Horizon     string        `json:"horizon"`
	Level       funding.Level `json:"level"`
	// OfficialGrade is the notified grade where it replaced the computed level; ComputedLevel is what was computed.
	OfficialGrade string        `json:"official_grade,omitempty"`
	ComputedLevel funding.Level `json:"computed_level,omitempty"`
	// When is "now" or the year in which the rule is worst. Period is the quarter in which the worst loan year begins.
	When   string           `json:"when"`
	Period *quarter.Quarter `json:"period,omitempty"`
	// Lender is the institution a lender-side rule is about.
	Lender string `json:"lender,omitempty"`

	Value *string `json:"value"`
	Unit  string  `json:"unit,omitempty"`
	// ValueBefore and LevelBefore are the same rule at the same time without the plan; PlanEffect is value less value
	// before.
	ValueBefore *string       `json:"value_before"`
	LevelBefore funding.Level `json:"level_before"`
	PlanEffect  *string       `json:"plan_effect"`
	Numerator   *Side         `json:"numerator,omitempty"`
	Denominator *Side         `json:"denominator,omitempty"`
	// Records are the facts that the rule reads, with the records they come from.
	Records    []Record    `json:"records"`
	Thresholds []Threshold `json:"thresholds"`

	Message    funding.Text   `json:"message"`
	Basis      []string       `json:"basis"`
	Status     string         `json:"status"`
	Confidence string         `json:"confidence"`
	Labels     []string       `json:"labels"`
	Mitigation []funding.Text `json:"mitigation"`
	// Blocks says that this flag stands against finalizing; BlocksFrom is the level from which the rule does.
	Blocks     bool          `json:"blocks_finalization"`
	BlocksFrom funding.Level `json:"blocks_from"`

	// Explanation is that of the condition that decided, where it is more than the metric against a threshold.
	Explanation *ruleexpr.Explanation `json:"explanation,omitempty"`
	// Missing and Doubt say why a rule is undecided, or why it might be worse than its level.
	Missing []MissingFact `json:"missing,omitempty"`
	Doubt   *funding.Text `json:"doubt,omitempty"`
	// NotApplicable says why the rule does not concern the case.
	NotApplicable *funding.Text `json:"not_applicable,omitempty"`
	// Trajectory is the metric in every year, for rules that look at each.
	Trajectory []YearValue `json:"trajectory,omitempty"`
}

// Side is one side of a ratio.
type Side struct {
	Expression string   `json:"expression"`
	Value      *string  `json:"value"`
	Unit       string   `json:"unit,omitempty"`
	Facts      []string `json:"facts"`
}

// Record is a fact with its value and where it comes from.
type Record struct {
	Fact  string       `json:"fact"`
	Name  funding.Text `json:"name"`
	Value *string      `json:"value"`
	Unit  string       `json:"unit,omitempty"`
	From  string       `json:"from"`
	// Why says why the value is missing.
	Why string `json:"why,omitempty"`
}

// Threshold is one level of a rule with the parameters it rests on.
type Threshold struct {
	Level     funding.Level `json:"level"`
	Condition string        `json:"condition"`
	// Operator and Value are the comparison of the metric and its right side, where the condition is no more than that.
	Operator   string           `json:"operator,omitempty"`
	Value      *string          `json:"value"`
	Parameters []ParameterValue `json:"parameters,omitempty"`
}

// ParameterValue is a parameter with its provenance on the day.
type ParameterValue struct {
	ID           string       `json:"id"`
	Name         funding.Text `json:"name"`
	Value        string       `json:"value"`
	Unit         string       `json:"unit"`
	Basis        []string     `json:"basis,omitempty"`
	Status       string       `json:"status,omitempty"`
	Confidence   string       `json:"confidence,omitempty"`
	Label        string       `json:"label,omitempty"`
	ValidFrom    string       `json:"valid_from,omitempty"`
	ValidTo      string       `json:"valid_to,omitempty"`
	LastVerified string       `json:"last_verified,omitempty"`
	Note         string       `json:"note,omitempty"`
	Override     *Override    `json:"override,omitempty"`
	Missing      string       `json:"missing,omitempty"`
}

// Override is what replaced a parameter in this region; Replaced is the value it replaced, empty where there was none.
type Override struct {
	Parameter string `json:"parameter"`
	Value     string `json:"value"`
	Replaced  string `json:"replaced,omitempty"`
	Who       string `json:"who"`
	Why       string `json:"why"`
	Until     string `json:"until"`
}

// MissingFact is a fact that has to be supplied.
type MissingFact struct {
	Fact string       `json:"fact"`
	Name funding.Text `json:"name"`
	Why  string       `json:"why,omitempty"`
	// Lender is the institution whose record lacks it; it is in Why for people.
	Lender string `json:"-"`
}

// YearValue is a rule in one year.
type YearValue struct {
	When   string        `json:"when"`
	Value  *string       `json:"value"`
	Before *string       `json:"value_before"`
	Level  funding.Level `json:"level"`
}

// PlanSummary is the plan that was assessed.
type PlanSummary struct {
	Label          funding.Text     `json:"label"`
	Lines          []LineSummary    `json:"lines"`
	Debt           money.Amount     `json:"debt"`
	GovernmentDebt money.Amount     `json:"government_debt"`
	Capital        money.Amount     `json:"capital"`
	CapitalRatio   loan.Measure     `json:"capital_ratio"`
	Total          money.Amount     `json:"total"`
	MinDSCR        loan.Measure     `json:"min_dscr"`
	AvgDSCR        loan.Measure     `json:"avg_dscr"`
	MinICR         loan.Measure     `json:"min_icr"`
	LLCR           loan.Measure     `json:"llcr"`
	LifeGapYears   loan.Measure     `json:"life_gap_years"`
	UnfundedGap    money.Amount     `json:"unfunded_gap"`
	UnfundedFrom   *quarter.Quarter `json:"unfunded_from"`
}

// LineSummary is one line of the plan.
type LineSummary struct {
	ID             string       `json:"id"`
	Product        string       `json:"product,omitempty"`
	ProductVersion int          `json:"product_version,omitempty"`
	Name           funding.Text `json:"name"`
	Institution    string       `json:"institution"`
	Kind           string       `json:"kind"`
	CountsAs       string       `json:"counts_as"`
	GovernmentDebt string       `json:"government_debt,omitempty"`
	Commitment     money.Amount `json:"commitment"`
	Drawn          money.Amount `json:"drawn"`
	Rate           string       `json:"rate,omitempty"`
	TenorQuarters  int          `json:"tenor_quarters,omitempty"`
	GraceQuarters  int          `json:"grace_quarters,omitempty"`
	AllInCost      loan.Measure `json:"all_in_cost"`
	Illustrative   bool         `json:"illustrative,omitempty"`
}

// ProjectedYear is the government's debt in one projected year, before and with the plan. Null is unknown.
type ProjectedYear struct {
	Year            int           `json:"year"`
	GeneralBalance  *money.Amount `json:"general_balance"`
	SpecialBalance  *money.Amount `json:"special_balance"`
	ImplicitBalance *money.Amount `json:"implicit_balance"`
	GeneralInterest *money.Amount `json:"general_interest"`
	SpecialInterest *money.Amount `json:"special_interest"`
	// PrincipalDue is what falls due of the government's debt in the ledger; Refinanced the part that the assumption
	// refinances.
	PrincipalDue money.Amount `json:"principal_due"`
	Refinanced   money.Amount `json:"refinanced"`
	PlanBalance  money.Amount `json:"plan_balance"`
	PlanInterest money.Amount `json:"plan_interest"`
	PlanService  money.Amount `json:"plan_service"`
}

// LimitUse is the use of the statutory limit before and after one planned draw of government debt.
type LimitUse struct {
	Quarter quarter.Quarter `json:"quarter"`
	Class   string          `json:"class"`
	Draw    money.Amount    `json:"draw"`
	Limit   money.Amount    `json:"limit"`
	Before  loan.Measure    `json:"before"`
	After   loan.Measure    `json:"after"`
}
