package planner

import (
	"fmt"
	"sort"

	"github.com/shopspring/decimal"

	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/plan"
	"zutuan/internal/quarter"
)

// Constraint is one limit with where a plan stands. Value, Limit and Distance are in Unit: yuan, ratio, years, quarters
// or count. Distance is what is left: positive or zero where the limit is kept, negative by as much as it is broken.
type Constraint struct {
	ID   string
	Name funding.Text
	// Subject is the line, institution or class of debt that the limit is about; Quarter the quarter, or the first of the
	// loan year. Both are empty where the limit is about the whole plan.
	Subject   string
	Quarter   quarter.Quarter
	Unit      string
	Value     money.Decimal
	Limit     money.Decimal
	Distance  money.Decimal
	Satisfied bool
}

// The ids of constraints.
const (
	ConstraintCash         = "cash"
	ConstraintSizeMin      = "size_min"
	ConstraintSizeMax      = "size_max"
	ConstraintDrawn        = "commitment"
	ConstraintAvailability = "availability"
	ConstraintCapital      = "capital_ratio"
	ConstraintQuasiEquity  = "quasi_equity_share"
	ConstraintProRata      = "capital_pro_rata"
	ConstraintDSCR         = "min_dscr"
	ConstraintTenor        = "tenor"
	ConstraintShare        = "institution_share"
	ConstraintLender       = "lender_limit"
	ConstraintHeadroom     = "government_headroom"
	ConstraintExisting     = "existing_debt_paid"
	ConstraintTenorMatch   = "tenor_match"
	ConstraintLenders      = "max_lenders"
)

// The units of constraints.
const (
	unitYuan     = "yuan"
	unitRatio    = "ratio"
	unitQuarters = "quarters"
	unitYears    = "years"
	unitCount    = "count"
)

// Tolerances of plan.md: one fen, and a millionth of a ratio.
var (
	toleranceYuan  = decimal.New(1, -2)
	toleranceRatio = decimal.New(1, -6)
)

var constraintNames = map[string]funding.Text{
	ConstraintCash:         {ZH: "季末现金不低于最低现金", EN: "cash at the end of the quarter at least the minimum"},
	ConstraintSizeMin:      {ZH: "承诺额不小于最小额度", EN: "commitment at least the smallest size"},
	ConstraintSizeMax:      {ZH: "承诺额不大于最大额度", EN: "commitment at most the largest size"},
	ConstraintDrawn:        {ZH: "提款合计不大于承诺额", EN: "draws at most the commitment"},
	ConstraintAvailability: {ZH: "最后一笔提款不晚于提款期末", EN: "last draw within availability"},
	ConstraintCapital:      {ZH: "资本金比例不低于行业最低要求", EN: "capital ratio at least the sector's minimum"},
	ConstraintQuasiEquity:  {ZH: "权益型工具占资本金比例不超过上限", EN: "equity-type instruments' share of capital at most the maximum"},
	ConstraintProRata:      {ZH: "资本金到位进度不慢于债务提款进度", EN: "capital paid in at least pro rata with debt draws"},
	ConstraintDSCR:         {ZH: "年度偿债备付率不低于要求", EN: "DSCR of the loan year at least the minimum"},
	ConstraintTenor:        {ZH: "期限不超过上限", EN: "tenor at most the limit"},
	ConstraintShare:        {ZH: "单一机构占方案债务比例不超过上限", EN: "one institution's share of the plan's debt at most the maximum"},
	ConstraintLender:       {ZH: "单一借款人贷款不超过机构限额", EN: "loans to one borrower within the institution's limit"},
	ConstraintHeadroom:     {ZH: "政府债务不超过限额空间", EN: "government debt within the headroom of the limit"},
	ConstraintExisting:     {ZH: "存量债务按期偿付", EN: "existing debt paid when due"},
	ConstraintTenorMatch:   {ZH: "债务平均期限不长于偿债现金流平均期限", EN: "average life of debt at most that of the CFADS that serves it"},
	ConstraintLenders:      {ZH: "机构数不超过上限", EN: "number of lenders at most the maximum"},
}

// checker collects constraints.
type checker struct {
	in      plan.Input
	e       *plan.Evaluation
	limits  *Limits
	sources map[string]*Source
	list    []Constraint
}

// Check lists every constraint of plan.md with where the plan stands, exactly: cash for every quarter, DSCR for every
// loan year, size, tenor and availability for every line, and so on. Limits that are nil and measures that do not exist
// give no constraint. Sources give the size and availability of lines that name them; a line without one is bound by
// its own terms alone.
func Check(in plan.Input, e *plan.Evaluation, limits *Limits, sources []Source) []Constraint {
	c := &checker{in: in, e: e, limits: limits, sources: map[string]*Source{}}
	for i := range sources {
		c.sources[sources[i].Line.ID] = &sources[i]
	}
	c.cash()
	c.existing()
	c.lines()
	c.capital()
	c.proRata()
	c.coverage()
	c.concentration()
	c.headroom()
	return c.list
}

// Broken returns the constraints that are not kept, the worst first: relative to the limit, amounts before ratios of the
// same size.
func Broken(list []Constraint) []Constraint {
	var broken []Constraint
	for _, constraint := range list {
		if !constraint.Satisfied {
			broken = append(broken, constraint)
		}
	}
	sort.SliceStable(broken, func(i, j int) bool { return broken[i].severity().GreaterThan(broken[j].severity()) })
	return broken
}

func (c *Constraint) severity() money.Decimal {
	if c.Limit.IsZero() {
		return c.Distance.Neg()
	}
	return c.Distance.Neg().DivRound(c.Limit.Abs(), 12)
}

// atLeast adds value ≥ limit, atMost value ≤ limit.
func (c *checker) atLeast(id, subject string, at quarter.Quarter, unit string, value, limit money.Decimal) {
	c.add(id, subject, at, unit, value, limit, value.Sub(limit))
}

func (c *checker) atMost(id, subject string, at quarter.Quarter, unit string, value, limit money.Decimal) {
	c.add(id, subject, at, unit, value, limit, limit.Sub(value))
}

func (c *checker) add(id, subject string, at quarter.Quarter, unit string, value, limit, distance money.Decimal) {
	tolerance := toleranceRatio
	switch unit {
	case unitYuan:
		tolerance = toleranceYuan
	case unitQuarters, unitCount:
		tolerance = money.Zero
	}
	c.list = append(c.list, Constraint{ID: id, Name: constraintNames[id], Subject: subject, Quarter: at, Unit: unit, Value: value, Limit: limit, Distance: distance,
		Satisfied: !distance.LessThan(tolerance.Neg())})
}

func whole(count int) money.Decimal { return decimal.NewFromInt(int64(count)) }

func (c *checker) cash() {
	minimum := c.in.Requirement.MinimumCash.Decimal()
	for q := range c.e.Quarters {
		row := &c.e.Quarters[q]
		c.atLeast(ConstraintCash, "", row.Quarter, unitYuan, row.Closing.Decimal(), minimum)
	}
}

// existing asks, in each quarter in which existing debt falls due, that cash covers it: what is missing below zero is
// what could not be paid, at most the service itself.
func (c *checker) existing() {
	for q := range c.e.Quarters {
		row := &c.e.Quarters[q]
		if row.Existing > 0 {
			unpaid := min(max(-row.Closing, 0), row.Existing)
			c.atLeast(ConstraintExisting, "", row.Quarter, unitYuan, (row.Existing - unpaid).Decimal(), row.Existing.Decimal())
		}
	}
}

func (c *checker) lines() {
	for i := range c.in.Lines {
		line := &c.in.Lines[i]
		c.atLeast(ConstraintDrawn, line.ID, 0, unitYuan, line.Commitment.Decimal(), line.Drawn().Decimal())
		if limit := c.limits.TenorQuarters; limit != nil && line.Schedule != nil {
			c.atMost(ConstraintTenor, line.ID, 0, unitQuarters, whole(line.TenorQuarters), whole(*limit))
		}
		source := c.sources[line.ID]
		if source == nil {
			source = c.sources[line.Product]
		}
		if source != nil {
			c.atLeast(ConstraintSizeMin, line.ID, 0, unitYuan, line.Commitment.Decimal(), source.Smallest.Decimal())
			c.atMost(ConstraintSizeMax, line.ID, 0, unitYuan, line.Commitment.Decimal(), source.Largest.Decimal())
			c.availability(line, source)
		}
	}
}

// availability compares the last draw with the last quarter in which the source can be drawn, as quarters counted from
// the requirement's start.
func (c *checker) availability(line *plan.Line, source *Source) {
	start := c.in.Requirement.Start
	first, last := -1, -1
	draws := line.Draws
	if line.Schedule != nil {
		for k := range line.Schedule.Rows {
			if row := &line.Schedule.Rows[k]; row.Draw > 0 {
				draws = append(draws[:len(draws):len(draws)], loan.Draw{Quarter: row.Quarter, Amount: row.Draw})
			}
		}
	}
	for _, draw := range draws {
		q := draw.Quarter.Since(start)
		if first < 0 || q < first {
			first = q
		}
		last = max(last, q)
	}
	if last < 0 {
		return
	}
	end := source.To
	switch {
	case line.Schedule != nil:
		available := source.Terms.Availability
		if available == 0 {
			available = max(source.Terms.Grace, 1)
		}
		end = line.Schedule.Start.Since(start) + available - 1
	case end == 0:
		end = c.in.Requirement.Horizon - 1
	}
	c.atMost(ConstraintAvailability, line.ID, start.Add(last), unitQuarters, whole(last), whole(end))
}

func (c *checker) capital() {
	if limit := c.limits.CapitalRatioMin; limit != nil && c.e.CapitalRatio.Known {
		c.atLeast(ConstraintCapital, "", 0, unitRatio, c.e.CapitalRatio.Value, *limit)
	}
	if limit := c.limits.QuasiEquityShareMax; limit != nil {
		if share, ok := money.Ratio(c.e.QuasiEquity+c.limits.QuasiEquityInCapital, c.e.Capital); ok {
			c.atMost(ConstraintQuasiEquity, "", 0, unitRatio, share, *limit)
		}
	}
}

// proRata compares, in the quarter in which it is worst, the capital paid in so far with the part of all capital that
// debt drawn so far asks for: all capital × debt drawn / all debt, to the fen upwards.
func (c *checker) proRata() {
	if !c.limits.CapitalProRata {
		return
	}
	start := c.in.Requirement.Start
	length := len(c.e.Quarters)
	capital, debt := make([]money.Amount, length), make([]money.Amount, length)
	for q := range c.e.Quarters {
		capital[q] = c.e.Quarters[q].Capital
	}
	for i := range c.in.Lines {
		line := &c.in.Lines[i]
		if line.Schedule == nil {
			continue
		}
		for k := range line.Schedule.Rows {
			row := &line.Schedule.Rows[k]
			q := row.Quarter.Since(start)
			if q < 0 || q >= length {
				continue
			}
			if line.IsCapital() {
				capital[q] += row.Draw
			}
			if line.IsDebt() {
				debt[q] += row.Draw
			}
		}
	}
	allCapital, allDebt := total(capital), total(debt)
	if allDebt == 0 || allCapital == 0 {
		return
	}
	var paid, drawn, worstPaid, worstAsked money.Amount
	worst := -1
	for q := range capital {
		paid, drawn = paid+capital[q], drawn+debt[q]
		asked := money.MulDiv(allCapital, int64(drawn), int64(allDebt))
		if debt[q] > 0 && (worst < 0 || paid-asked < worstPaid-worstAsked) {
			worst, worstPaid, worstAsked = q, paid, asked
		}
	}
	c.atLeast(ConstraintProRata, "", start.Add(worst), unitYuan, worstPaid.Decimal(), worstAsked.Decimal())
}

func total(series []money.Amount) (sum money.Amount) {
	for _, amount := range series {
		sum += amount
	}
	return sum
}

func (c *checker) coverage() {
	if limit := c.limits.MinDSCR; limit != nil {
		for i := range c.e.Coverage.Years {
			if year := &c.e.Coverage.Years[i]; year.DSCR.Known {
				c.atLeast(ConstraintDSCR, fmt.Sprintf("%d", year.Year), year.First, unitRatio, year.DSCR.Value, *limit)
			}
		}
	}
	if match := &c.e.Coverage.Tenor; c.limits.TenorMatch && match.LifeGapYears.Known {
		c.atMost(ConstraintTenorMatch, "", 0, unitYears, match.LifeDebtYears.Value, match.LifeCFADSYears.Value)
	}
}

func (c *checker) concentration() {
	debt, lent, lenders := map[string]money.Amount{}, map[string]money.Amount{}, map[string]bool{}
	for i := range c.in.Lines {
		line := &c.in.Lines[i]
		if line.IsDebt() {
			debt[line.Institution] += line.Commitment
		}
		if line.IsLoan() {
			lent[line.Institution] += line.Commitment
		}
		if line.Schedule != nil {
			name := line.Institution
			if name == "" {
				name = line.ID
			}
			lenders[name] = true
		}
	}
	for _, name := range names(debt) {
		if limit := c.limits.InstitutionShareMax; limit != nil {
			if share, ok := money.Ratio(debt[name], c.e.Debt); ok {
				c.atMost(ConstraintShare, name, 0, unitRatio, share, *limit)
			}
		}
	}
	for _, name := range names(lent) {
		if room, known := c.limits.LenderRoom[name]; known {
			c.atMost(ConstraintLender, name, 0, unitYuan, lent[name].Decimal(), room.Decimal())
		}
	}
	if limit := c.limits.MaxLenders; limit != nil {
		c.atMost(ConstraintLenders, "", 0, unitCount, whole(len(lenders)), whole(*limit))
	}
}

func names(amounts map[string]money.Amount) []string {
	list := make([]string, 0, len(amounts))
	for name := range amounts {
		list = append(list, name)
	}
	sort.Strings(list)
	return list
}

func (c *checker) headroom() {
	for _, class := range []struct {
		name  string
		used  money.Amount
		limit *money.Amount
	}{{plan.GovernmentGeneral, c.e.GeneralDebt, c.limits.GeneralHeadroom}, {plan.GovernmentSpecial, c.e.SpecialDebt, c.limits.SpecialHeadroom}} {
		if class.limit != nil {
			c.atMost(ConstraintHeadroom, class.name, 0, unitYuan, class.used.Decimal(), class.limit.Decimal())
		}
	}
}
