package montecarlo

import (
	"errors"
	"math"

	"zutuan/internal/cashflow"
	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
	"zutuan/internal/stress"

	"github.com/shopspring/decimal"
)

// Model is a case made ready for many paths: columns in fen, by quarter, with the factors taken out. It does not change
// and is safe for concurrent use.
type Model struct {
	start   quarter.Quarter
	horizon int
	// length is that of the statement that the plan needs; reach is up to three quarters more, so that a last loan year
	// that a path moves is still covered.
	length, reach    int
	opening, minimum float64
	surtax, tax      float64
	units            []unit
	// financing is capital and grants, given what the lines bring that are not repaid.
	financing, given []float64
	// existing is the service of existing debt, floating the part of it that moves with rates.
	existing, floating []float64
	lines              []line
	after              *afterHorizon
	baseCFADS          float64 // Σ CFADS of the last four quarters of the horizon, unstressed
	// baseCash is the cash before the lines that are repaid, as planned; plan the closing cash as planned.
	baseCash, plan []float64
	target         []float64
	lastPlanned    int
}

// unit is one unit counted from its own start.
type unit struct {
	fixed   int // start index, −1 where it waits or is not part of the statement
	waits   bool
	wait    wait
	sources []source
	// cost is what does not follow income, rounding included; the share of income is in its source.
	cost, invest, workingCapital []float64
	circulates                   bool // there is working capital
	// depreciation is by quarter after the last investment.
	depreciation []float64
	lastInvest   int
	// Sums at the end of each quarter, and what a waiting unit sees besides.
	cumulativeInvest, cumulativeCost []float64
	cumulativeSurtaxRounding         []float64
	share                            []money.Decimal
	occupancy                        []int64
}

// source is the income of a unit from one source, and the cost that is a share of it.
type source struct {
	of                               int
	income, cost                     []float64
	cumulativeIncome, cumulativeCost []float64
}

type wait struct {
	on               int
	condition        cashflow.StartCondition
	earliest, latest int
	startAtLatest    bool
	idleReady        bool
}

// afterHorizon is what stands in the place of the lines after the horizon.
type afterHorizon struct {
	amount, growth []float64
}

// ErrUnits says that a unit waits for one that does not exist; funding.ReadRequirement lets no such case through.
var ErrUnits = errors.New("a unit waits for a unit that does not exist, or has no compiled condition")

// NewModel prepares a case. The error is that of the case's Check or of its unstressed run.
func NewModel(c *stress.Case) (*Model, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	assess := *c
	assess.Assess = nil
	base, err := assess.Run(stress.Factors{})
	if err != nil {
		return nil, err
	}
	requirement := c.Requirement
	m := &Model{start: requirement.Start, horizon: requirement.Horizon, length: base.Statement.Quarters, opening: float64(requirement.OpeningCash), minimum: float64(requirement.MinimumCash),
		surtax: requirement.Tax.Surtax.InexactFloat64(), tax: requirement.Tax.Income.InexactFloat64()}
	m.reach = min(m.length+3, funding.MaxQuarters)
	if err := m.addUnits(c); err != nil {
		return nil, err
	}
	m.addFinancing(c, base)
	if err := m.addAfterHorizon(c); err != nil {
		return nil, err
	}
	closing, err := assess.PlannedCash(m.length)
	if err != nil {
		return nil, err
	}
	m.addLines(c, closing)
	// One path with nothing moved leaves the cash before the lines, against which later paths see whether anything moved.
	w := newScratch(m)
	w.statement(ones())
	m.baseCash = append([]float64(nil), w.cash...)
	return m, nil
}

// addUnits takes the counted columns of every unit from the exact simulation itself: of a copy in which all units start
// at once and nothing comes after the horizon, so that quarter q is also the q-th of each unit.
func (m *Model) addUnits(c *stress.Case) error {
	copied := *c.Requirement
	copied.AfterHorizon = nil
	copied.Units = append([]funding.Unit(nil), copied.Units...)
	for i := range copied.Units {
		copied.Units[i].Start = funding.UnitStart{At: copied.Start}
	}
	together, err := cashflow.Simulate(cashflow.Input{Requirement: &copied, Quarters: m.reach})
	if err != nil {
		return err
	}
	m.units = make([]unit, len(copied.Units))
	for i := range m.units {
		u := &m.units[i]
		*u = unit{cost: m.column(), invest: m.column(), workingCapital: m.column(), fixed: -1, lastInvest: -1}
		if end := together.Units[i].EndOfInvestment; end != 0 {
			u.lastInvest = end.Since(copied.Start)
		}
		m.addColumns(u, &copied.Units[i], together)
		if err := m.addAssets(u, &copied.Units[i]); err != nil {
			return err
		}
		m.accumulate(u)
		if err := m.addStart(c, i); err != nil {
			return err
		}
	}
	return m.settleIdle()
}

func (m *Model) column() []float64 { return make([]float64, m.reach) }

func (m *Model) addColumns(u *unit, from *funding.Unit, together *cashflow.Result) {
	var income [sourceCount][]float64
	exact := m.column()
	for _, line := range together.Lines {
		if line.Unit != from.Code {
			continue
		}
		switch line.Kind {
		case cashflow.LineInvest:
			addLine(u.invest, line)
			if line.Category == funding.InvestWorkingCapital {
				addLine(u.workingCapital, line)
				u.circulates = true
			}
		case cashflow.LineRevenue:
			at := sourceIndex(line.Source)
			if income[at] == nil {
				income[at] = m.column()
			}
			addLine(income[at], line)
		case cashflow.LineCost:
			addLine(exact, line)
		}
	}
	copy(u.cost, exact)
	for at, column := range income {
		if column == nil {
			continue
		}
		s := source{of: at, income: column, cost: m.column()}
		share := 0.0
		for i := range from.Cost {
			if of := from.Cost[i].ShareOf; of == funding.ShareOfAll || of == funding.IncomeSources[at] {
				share += from.Cost[i].Share.InexactFloat64()
			}
		}
		for k := range column {
			// What the shares do not explain, a few fen of rounding, stays with the fixed cost.
			s.cost[k] = math.Floor(share*column[k] + 0.5)
			u.cost[k] -= s.cost[k]
		}
		u.sources = append(u.sources, s)
	}
}

func addLine(column []float64, line cashflow.Line) {
	for q := range column {
		column[q] += float64(line.At(q))
	}
}

func sourceIndex(of funding.IncomeSource) int {
	for i, known := range funding.IncomeSources {
		if known == of {
			return i
		}
	}
	return 0
}

// addAssets works out depreciation by quarter after the unit's last investment, unrounded as the tax sees it.
func (m *Model) addAssets(u *unit, from *funding.Unit) error {
	u.depreciation = m.column()
	for i := range from.Invest {
		line := &from.Invest[i]
		if line.DepreciateYears == 0 || line.Category == funding.InvestLand || line.Category == funding.InvestWorkingCapital {
			continue
		}
		total, err := cashflow.Total(line.Series)
		if err != nil {
			return err
		}
		quarters := line.DepreciateYears * 4
		each := float64(total) * money.One.Sub(line.Residual).InexactFloat64() / float64(quarters)
		for k := 0; k < quarters && k < len(u.depreciation); k++ {
			u.depreciation[k] += each
		}
	}
	u.share = make([]money.Decimal, m.reach)
	return m.addOccupancy(u, from)
}

func (m *Model) addOccupancy(u *unit, from *funding.Unit) error {
	u.occupancy = make([]int64, m.reach)
	series := from.Occupancy
	if series.Form == funding.SeriesNone {
		return nil
	}
	values, err := cashflow.Expand(series, m.reach)
	if err != nil {
		return err
	}
	end := series.Offset
	switch {
	case series.Form == funding.SeriesExplicit:
		end += len(series.Values)
	case series.Form == funding.SeriesSpread:
		end += series.Over
	case series.Quarters > 0:
		end += series.Quarters
	default:
		end = m.reach
	}
	for k := max(end, 1); k < m.reach; k++ {
		values[k] = values[end-1]
	}
	u.occupancy = values
	return nil
}

// accumulate adds the columns up to what a waiting unit may look at.
func (m *Model) accumulate(u *unit) {
	u.cumulativeInvest, u.cumulativeCost = sums(u.invest), sums(u.cost)
	total := m.column()
	for i := range u.sources {
		s := &u.sources[i]
		s.cumulativeIncome, s.cumulativeCost = sums(s.income), sums(s.cost)
		for k := range total {
			total[k] += s.income[k]
		}
	}
	u.cumulativeSurtaxRounding = m.column()
	rounding := 0.0
	for k := range total {
		rounding += math.Floor(total[k]*m.surtax+0.5) - total[k]*m.surtax
		u.cumulativeSurtaxRounding[k] = rounding
	}
	for k := range u.share {
		// invested_share does not depend on the size of the investment, only on how far it has come.
		if whole := u.cumulativeInvest[m.reach-1]; whole > 0 {
			u.share[k] = decimal.New(int64(money.MulDiv(money.Amount(u.cumulativeInvest[k]), 1_000_000, int64(whole))), -money.RatioDecimals)
		}
	}
}

func sums(column []float64) []float64 {
	out, sum := make([]float64, len(column)), 0.0
	for k, value := range column {
		sum += value
		out[k] = sum
	}
	return out
}

func (m *Model) addStart(c *stress.Case, at int) error {
	start, u := c.Requirement.Units[at].Start, &m.units[at]
	if start.After == "" {
		u.fixed = start.At.Since(m.start)
		return nil
	}
	u.waits = true
	u.wait = wait{on: -1, condition: c.Conditions[c.Requirement.Units[at].Code], latest: m.horizon - 1, startAtLatest: start.StartAtLatest}
	for i := range c.Requirement.Units {
		if c.Requirement.Units[i].Code == start.After {
			u.wait.on = i
		}
	}
	if u.wait.on < 0 || u.wait.condition == nil {
		return ErrUnits
	}
	if start.Earliest != 0 {
		u.wait.earliest = max(0, start.Earliest.Since(m.start))
	}
	if start.Latest != 0 {
		u.wait.latest = start.Latest.Since(m.start)
	}
	return nil
}

// settleIdle asks every condition once about a unit that has not started: that state is the same in all paths.
func (m *Model) settleIdle() error {
	for i := range m.units {
		if u := &m.units[i]; u.waits {
			ready, err := u.wait.condition.Ready(cashflow.UnitState{})
			u.wait.idleReady = ready && err == nil
		}
	}
	return nil
}

func (m *Model) addFinancing(c *stress.Case, base *stress.Chain) {
	m.financing, m.given, m.existing, m.floating = m.column(), m.column(), m.column(), m.column()
	for q := range base.Statement.Capital {
		m.financing[q] = float64(base.Statement.Capital[q] + base.Statement.Grants[q])
	}
	for i := range c.Sources {
		if source := &c.Sources[i]; source.Line.Schedule == nil {
			for _, draw := range source.Line.Draws {
				if q := draw.Quarter.Since(m.start); q >= 0 && q < m.reach {
					m.given[q] += float64(draw.Amount)
				}
			}
		}
	}
	for _, schedule := range base.Existing {
		for i := range schedule.Rows {
			if q := schedule.Rows[i].Quarter.Since(m.start); q >= 0 && q < m.reach {
				m.existing[q] += float64(schedule.Rows[i].Service())
			}
		}
	}
	m.addFloating(c)
}

// addFloating finds the interest of existing debt that moves with rates. A moved rate changes the interest alone: the
// principal of an annuity is left as it is, which the exact scenarios do not leave out.
func (m *Model) addFloating(c *stress.Case) {
	if c.Ledger == nil {
		return
	}
	only := *c
	ledger := *c.Ledger
	ledger.Instruments = nil
	for _, instrument := range c.Ledger.Instruments {
		if instrument.RateType == "floating" {
			ledger.Instruments = append(ledger.Instruments, instrument)
		}
	}
	only.Ledger = &ledger
	for _, schedule := range only.Existing(stress.Factors{}) {
		for i := range schedule.Rows {
			if q := schedule.Rows[i].Quarter.Since(m.start); q >= 0 && q < m.reach {
				m.floating[q] += float64(schedule.Rows[i].InterestPaid())
			}
		}
	}
}

// addAfterHorizon takes the amounts after the horizon from a simulation of the exact code, and the growth by which a
// difference in the last year goes on.
func (m *Model) addAfterHorizon(c *stress.Case) error {
	after := c.Requirement.AfterHorizon
	short, err := cashflow.Simulate(cashflow.Input{Requirement: c.Requirement, Conditions: c.Conditions})
	if err != nil {
		return err
	}
	for q := max(0, m.horizon-4); q < m.horizon; q++ {
		m.baseCFADS += float64(short.CFADS[q])
	}
	if after == nil || m.reach <= m.horizon {
		return nil
	}
	long, err := cashflow.Simulate(cashflow.Input{Requirement: c.Requirement, Conditions: c.Conditions, Quarters: m.reach})
	if err != nil {
		return err
	}
	m.after = &afterHorizon{amount: m.column(), growth: m.column()}
	growth := 1 + after.Growth.InexactFloat64()
	for q := m.horizon; q < m.reach; q++ {
		m.after.amount[q] = float64(long.CFADS[q])
		if k := q - m.horizon; k < after.Years*4 {
			m.after.growth[q] = math.Pow(growth, float64(k/4)) / 4
		}
	}
	return nil
}

func (m *Model) addLines(c *stress.Case, closing []money.Amount) {
	m.plan, m.target = make([]float64, m.length), make([]float64, m.length)
	for q := range m.plan {
		m.plan[q], m.target[q] = float64(closing[q]), m.minimum
	}
	for i := range c.Sources {
		if c.Sources[i].Line.Schedule == nil {
			continue
		}
		m.lines = append(m.lines, newLine(&c.Sources[i], m))
	}
	for i := range m.lines {
		for q, draw := range m.lines[i].planned {
			if draw > 0 {
				m.lastPlanned = max(m.lastPlanned, q)
				m.target[q] = math.Max(m.minimum, m.plan[q])
			}
		}
	}
}

// Quarters returns how many quarters a path has, and the first.
func (m *Model) Quarters() (quarter.Quarter, int) { return m.start, m.length }
