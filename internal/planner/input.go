package planner

import (
	"fmt"
	"sort"

	"zutuan/internal/cashflow"
	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/lp"
	"zutuan/internal/money"
	"zutuan/internal/plan"
)

// Objective is what a built plan is best at.
type Objective string

// The objectives of plan.md. Every one of them breaks ties by least cost, and equal terms by product id.
const (
	// ObjectiveLeastCost: the present value at discount_rate of interest and fees.
	ObjectiveLeastCost Objective = "least_cost"
	// ObjectiveLongestLife: the largest average life of the debt, borrowing no more than the least-cost plan.
	ObjectiveLongestLife Objective = "longest_life"
	// ObjectiveLowestPeak: the smallest share of a loan year's CFADS that debt service takes in the worst loan year.
	ObjectiveLowestPeak Objective = "lowest_peak"
	// ObjectiveFewestLenders: the fewest institutions that have to be paid back.
	ObjectiveFewestLenders Objective = "fewest_lenders"
)

// Objectives lists the words.
var Objectives = []Objective{ObjectiveLeastCost, ObjectiveLongestLife, ObjectiveLowestPeak, ObjectiveFewestLenders}

// Source is money that a plan may use: an offer of a product, or a named other source (uncalled equity, a grant, quota
// for special bonds, an investor's fund).
type Source struct {
	// Candidate holds the line without amounts, the terms, and the bounds of the commitment. Terms.Start 0 leaves the
	// signing to the planner; Terms.Tenor 0 is money that is not paid back.
	plan.Candidate
	// From and To are the first and last quarter, counted from the requirement's start, in which money that is not paid
	// back can be drawn. To 0: throughout the horizon.
	From, To int
	// TenorMin and TenorMax are what the product itself allows, in quarters; 0: the terms' tenor alone. A tenor between
	// them is used only by the frontier and by relaxations, which ask what another limit would do.
	TenorMin, TenorMax int
}

// repaid reports whether the money is paid back on a schedule.
func (s *Source) repaid() bool {
	return s.Terms.Tenor > 0 && s.Line.CountsAs != plan.CountsAsGrant
}

// Limits are what a plan must keep besides cash. A nil limit bounds nothing.
type Limits struct {
	// MinDSCR is asked of every loan year.
	MinDSCR *money.Decimal
	// TenorQuarters is the longest tenor of any line.
	TenorQuarters *int
	// CapitalRatioMin is the sector's minimum of capital / investment.
	CapitalRatioMin *money.Decimal
	// QuasiEquityShareMax is the largest share of equity-type instruments in capital; QuasiEquityInCapital is what the
	// requirement's own capital holds of them.
	QuasiEquityShareMax  *money.Decimal
	QuasiEquityInCapital money.Amount
	// CapitalProRata asks that capital is paid in at least pro rata with draws of debt.
	CapitalProRata bool
	// TenorMatch asks that debt does not outlive, on average, the CFADS that serves it.
	TenorMatch bool
	// InstitutionShareMax is the largest share of one institution in the plan's debt.
	InstitutionShareMax *money.Decimal
	// LenderRoom is, by institution id, what its limit on loans to one borrower still allows.
	LenderRoom map[string]money.Amount
	// GeneralHeadroom and SpecialHeadroom are what the statutory limits leave.
	GeneralHeadroom *money.Amount
	SpecialHeadroom *money.Amount
	// MaxLenders is the largest number of institutions that have to be paid back.
	MaxLenders *int
}

// Case is a requirement with everything that follows from it; a relaxation that changes the requirement makes another.
type Case struct {
	Requirement *funding.Requirement
	// Simulate draws up the statement over a number of quarters.
	Simulate func(quarters int) (*cashflow.Result, error)
	Existing []*loan.Schedule
	Sources  []Source
	Limits   Limits
}

// Input is what a plan is built from.
type Input struct {
	Case
	Solver    lp.Solver
	Objective Objective
	// SigningEvery is the distance in quarters of the quarters in which an offer may be signed, within a stretch of
	// quarters with need; the first of each stretch is always one. 0: DefaultSigningEvery; negative: only the first quarter
	// of all need.
	SigningEvery int
	// TenorChoices is how many tenors of an offer are considered, from the longest down to half of it. 0:
	// DefaultTenorChoices; 1: the longest alone.
	TenorChoices int
	// Frontier asks for the frontier of cost against tenor.
	Frontier bool
	// Relax asks for relaxations where there is no plan.
	Relax bool
	// Vary makes the case of a changed requirement, offers matched anew; nil keeps the sources as they are, which leaves
	// out relaxations that only another match could use.
	Vary func(requirement *funding.Requirement) (Case, error)
	// MaxNodes ends a search; 0: DefaultMaxNodes. The plan then comes with its bound and a gap.
	MaxNodes int
}

// Defaults of Input.
const (
	// DefaultSigningEvery: the more quarters, the better the plan and the longer the search; every second year is where
	// plans of seventeen offers still take seconds.
	DefaultSigningEvery = 8
	DefaultTenorChoices = 3
	// DefaultMaxNodes is far above what plans of twenty products have needed; it keeps a hostile case from running for
	// ever and, unlike a time limit, gives the same answer on every machine.
	DefaultMaxNodes = 20_000
)

func (in *Input) tenorChoices() int {
	if in.TenorChoices == 0 {
		return DefaultTenorChoices
	}
	return in.TenorChoices
}

// check reports everything that keeps an input from being a question.
func (in *Input) check() error {
	var problems document.Problems
	add := func(path, zh, en string) {
		problems = append(problems, document.Problem{Path: path, Code: "plan_input", ZH: zh, EN: en})
	}
	if in.Objective == "" {
		in.Objective = ObjectiveLeastCost
	}
	known := false
	for _, objective := range Objectives {
		known = known || objective == in.Objective
	}
	if !known {
		add("objective", fmt.Sprintf("目标 %q 应为 %v 之一", in.Objective, Objectives), fmt.Sprintf("the objective %q is not one of %v", in.Objective, Objectives))
	}
	seen := map[string]bool{}
	for i := range in.Sources {
		source := &in.Sources[i]
		path := "sources." + source.Line.ID
		if source.Line.ID == "" || seen[source.Line.ID] {
			add(path, "资金来源的编号缺失或重复", "the id of a source is missing or used twice")
		}
		seen[source.Line.ID] = true
		if source.Smallest < 0 || source.Largest < 0 || source.Step < 0 {
			add(path, fmt.Sprintf("额度不能为负：最小 %s，最大 %s，步长 %s", source.Smallest, source.Largest, source.Step),
				fmt.Sprintf("sizes must not be negative: smallest %s, largest %s, step %s", source.Smallest, source.Largest, source.Step))
		}
	}
	problems = append(problems, in.Limits.problems()...)
	return problems.Err()
}

// problems reports limits that no plan could mean.
func (l *Limits) problems() document.Problems {
	var problems document.Problems
	add := func(path, zh, en string) {
		problems = append(problems, document.Problem{Path: "limits." + path, Code: "limit", ZH: zh, EN: en})
	}
	ratio := func(path string, value *money.Decimal, most money.Decimal) {
		if value != nil && (value.IsNegative() || value.GreaterThan(most)) {
			add(path, fmt.Sprintf("%s 应在 0 到 %s 之间", value, most), fmt.Sprintf("%s should be from 0 to %s", value, most))
		}
	}
	ratio("min_dscr", l.MinDSCR, money.MustRate("100"))
	ratio("capital_ratio_min", l.CapitalRatioMin, money.One)
	ratio("quasi_equity_share_max", l.QuasiEquityShareMax, money.One)
	ratio("institution_share_max", l.InstitutionShareMax, money.One)
	amount := func(path string, value *money.Amount) {
		if value != nil && *value < 0 {
			add(path, fmt.Sprintf("额度空间 %s 不能为负", value), fmt.Sprintf("the headroom of %s must not be negative", value))
		}
	}
	amount("general_headroom", l.GeneralHeadroom)
	amount("special_headroom", l.SpecialHeadroom)
	if l.TenorQuarters != nil && (*l.TenorQuarters < 1 || *l.TenorQuarters > funding.MaxQuarters) {
		add("tenor_quarters", fmt.Sprintf("期限上限 %d 季应在 1 到 %d 之间", *l.TenorQuarters, funding.MaxQuarters), fmt.Sprintf("the tenor limit of %d quarters should be from 1 to %d", *l.TenorQuarters, funding.MaxQuarters))
	}
	if l.MaxLenders != nil && *l.MaxLenders < 0 {
		add("max_lenders", fmt.Sprintf("机构数上限 %d 不能为负", *l.MaxLenders), fmt.Sprintf("the number of lenders, %d, must not be negative", *l.MaxLenders))
	}
	return problems
}

// sorted returns the sources by id, so that the order in which they were found leaves no trace.
func (c *Case) sorted() []Source {
	sources := append([]Source(nil), c.Sources...)
	sort.SliceStable(sources, func(i, j int) bool { return sources[i].Line.ID < sources[j].Line.ID })
	return sources
}
