package cashflow

import (
	"fmt"
	"math/big"

	"zutuan/internal/funding"
	"zutuan/internal/money"
)

// sourceCount is the number of income sources; columns by source are indexed as funding.IncomeSources.
const sourceCount = len(funding.IncomeSources)

// LineKind says which column of the statement a line belongs to.
type LineKind string

// The kinds of line.
const (
	LineInvest  LineKind = "invest"
	LineRevenue LineKind = "revenue"
	LineCost    LineKind = "cost"
)

// Line is one line of a unit as it was counted: a land line after its set-aside and lag, a share line worked out.
type Line struct {
	Unit string
	Kind LineKind
	// Index is the line's position in its list in the requirement, 0-based.
	Index int
	Name  string
	// Category is set for investment, Source for revenue; a cost line has neither.
	Category funding.InvestCategory
	Source   funding.IncomeSource
	// start is the index of the quarter in which the unit starts, −1 where it never does; until is the first quarter
	// in which the line no longer counts because after_horizon stands in its place.
	start, until int
	values       []money.Amount
}

// At returns the line's amount in quarter q of the statement, in fen.
func (l Line) At(q int) money.Amount {
	k := q - l.start
	if l.start < 0 || k < 0 || k >= len(l.values) || q >= l.until {
		return 0
	}
	return l.values[k]
}

// profile is one unit counted from its own start: everything about a unit except when it starts. The rolling and the
// all-at-once simulation share it, because shifting a unit in time changes none of these numbers.
type profile struct {
	unit *funding.Unit
	// lines is the unit's part of the builder's lines; the result hands them out once their start is known.
	lines  []Line
	inflow [sourceCount][]money.Amount
	// total, cost and invest are the unit's columns; cumulative ones hold the state at the END of a quarter.
	total, cost, invest                                 []money.Amount
	cumulativeInvested, cumulativeInflow, cumulativeNet []money.Amount
	workingCapital                                      []money.Amount // nil where the unit has none
	occupancy                                           []int64
	investTotal                                         money.Amount
	lastInvest                                          int // 0-based quarter of the last investment, −1 where there is none
	assets                                              []assetClass
}

// assetClass is what a unit depreciates by one rule: lines of equal life and residual are one class.
type assetClass struct {
	years    int
	residual money.Decimal
	cost     money.Amount
	// numerator / denominator is a quarter's depreciation in fen, exactly.
	numerator, denominator *big.Int
}

// maxTotal bounds the sum of all magnitudes in a statement. It is twice what a file may hold, so that the roundings of
// a file at its limit do not make it fail here, and ten times below what an int64 holds.
const maxTotal = 2 * uint64(money.MaxFileTotal)

// builder holds what all units share, so that one slab of memory serves all columns.
type builder struct {
	length int
	slab   []money.Amount
	lines  []Line
	surtax share
	total  uint64 // sum of magnitudes, bounded by maxTotal
}

// newBuilder makes room for the lines of all units, so that the parts that profiles hold stay in one place.
func newBuilder(requirement *funding.Requirement, length int) *builder {
	count := 0
	for i := range requirement.Units {
		unit := &requirement.Units[i]
		count += len(unit.Invest) + len(unit.Revenue) + len(unit.Cost)
	}
	return &builder{length: length, lines: make([]Line, 0, count), surtax: newShare(requirement.Tax.Surtax)}
}

// column cuts one zeroed column of the builder's length from the slab.
func (b *builder) column() []money.Amount {
	if len(b.slab) < b.length {
		b.slab = make([]money.Amount, 32*b.length)
	}
	column := b.slab[:b.length:b.length]
	b.slab = b.slab[b.length:]
	return column
}

// expand returns the first quarters of a series as a column and adds it to the total that bounds all sums.
func (b *builder) expand(series funding.Series) ([]money.Amount, error) {
	column := b.column()
	if err := expandInto(column, series); err != nil {
		return nil, err
	}
	return column, b.count(column)
}

func (b *builder) count(column []money.Amount) error {
	for _, amount := range column {
		if b.total += magnitude(int64(amount)); b.total > maxTotal {
			return ErrTooLarge
		}
	}
	return nil
}

func (b *builder) profile(unit *funding.Unit) (*profile, error) {
	p, first := &profile{unit: unit, lastInvest: -1}, len(b.lines)
	for i := range p.inflow {
		p.inflow[i] = b.column()
	}
	p.total, p.cost, p.invest = b.column(), b.column(), b.column()
	for _, add := range []func(*profile) error{b.addInvest, b.addRevenue, b.addCost, b.addOccupancy} {
		if err := add(p); err != nil {
			return nil, fmt.Errorf("unit %s: %w", unit.Code, err)
		}
	}
	for i := range p.assets {
		p.assets[i].setQuarterly()
	}
	p.lines = b.lines[first:]
	b.accumulate(p)
	return p, nil
}

func (b *builder) addInvest(p *profile) error {
	for i := range p.unit.Invest {
		line := &p.unit.Invest[i]
		column, err := b.expand(line.Series)
		if err != nil {
			return err
		}
		total, last, err := investEnd(line.Series, column)
		if err != nil {
			return err
		}
		if p.investTotal += total; uint64(p.investTotal) > maxTotal {
			return ErrTooLarge
		}
		p.lastInvest = max(p.lastInvest, last)
		addTo(p.invest, column)
		if line.Category == funding.InvestWorkingCapital {
			if p.workingCapital == nil {
				p.workingCapital = b.column()
			}
			addTo(p.workingCapital, column)
		}
		if depreciates(line) {
			p.addAsset(line.DepreciateYears, line.Residual, total)
		}
		b.lines = append(b.lines, Line{Unit: p.unit.Code, Kind: LineInvest, Index: i, Name: line.Name, Category: line.Category, values: column})
	}
	return nil
}

// investEnd returns what a line invests in all and its last quarter with an amount, although the statement may be
// shorter: depreciation and invested_share go by the whole.
func investEnd(series funding.Series, column []money.Amount) (total money.Amount, last int, err error) {
	length, ends := seriesEnd(series)
	values := column
	if !ends {
		// The reader asks for an end; a series without one is taken as far as the statement goes.
		length = len(values)
	}
	if length > len(values) {
		if values, err = expandAmounts(series, length); err != nil {
			return 0, 0, err
		}
	}
	sum, err := sumChecked(values[:min(length, len(values))])
	if err != nil {
		return 0, 0, err
	}
	last = -1
	for k := min(length, len(values)) - 1; k >= 0; k-- {
		if values[k] != 0 {
			last = k
			break
		}
	}
	return sum, last, nil
}

func depreciates(line *funding.InvestLine) bool {
	return line.DepreciateYears > 0 && line.Category != funding.InvestLand && line.Category != funding.InvestWorkingCapital
}

func (p *profile) addAsset(years int, residual money.Decimal, cost money.Amount) {
	for i := range p.assets {
		if p.assets[i].years == years && p.assets[i].residual.Equal(residual) {
			p.assets[i].cost += cost
			return
		}
	}
	p.assets = append(p.assets, assetClass{years: years, residual: residual, cost: cost})
}

// addRevenue counts each line; land is counted as series × (1 − set_aside), to the fen, lag quarters later.
func (b *builder) addRevenue(p *profile) error {
	for i := range p.unit.Revenue {
		line := &p.unit.Revenue[i]
		source := sourceIndex(line.Source)
		if source < 0 {
			return fmt.Errorf("unknown source of income %q", line.Source)
		}
		column, err := b.expand(line.Series)
		if err != nil {
			return err
		}
		if line.Source == funding.SourceLand {
			countLand(column, line)
		}
		addTo(p.inflow[source], column)
		addTo(p.total, column)
		b.lines = append(b.lines, Line{Unit: p.unit.Code, Kind: LineRevenue, Index: i, Name: line.Name, Source: line.Source, values: column})
	}
	return nil
}

func countLand(column []money.Amount, line *funding.RevenueLine) {
	if !line.SetAside.IsZero() {
		kept := newShare(line.SetAside).rest()
		for k, amount := range column {
			column[k] = kept.of(amount)
		}
	}
	if line.Lag > 0 {
		lag := min(line.Lag, len(column))
		copy(column[lag:], column[:len(column)-lag])
		clear(column[:lag])
	}
}

// addCost counts each line; a share line takes its share of the unit's own counted income of the same quarter.
func (b *builder) addCost(p *profile) error {
	for i := range p.unit.Cost {
		line := &p.unit.Cost[i]
		var column []money.Amount
		var err error
		if line.ShareOf == "" {
			column, err = b.expand(line.Series)
		} else {
			column, err = b.shareOf(p, line)
		}
		if err != nil {
			return err
		}
		addTo(p.cost, column)
		b.lines = append(b.lines, Line{Unit: p.unit.Code, Kind: LineCost, Index: i, Name: line.Name, values: column})
	}
	return nil
}

func (b *builder) shareOf(p *profile, line *funding.CostLine) ([]money.Amount, error) {
	base := p.total
	if line.ShareOf != funding.ShareOfAll {
		source := sourceIndex(line.ShareOf)
		if source < 0 {
			return nil, fmt.Errorf("unknown source of income %q", line.ShareOf)
		}
		base = p.inflow[source]
	}
	column, part := b.column(), newShare(line.Share)
	for k, amount := range base {
		if amount != 0 {
			column[k] = part.of(amount)
		}
	}
	return column, b.count(column)
}

// addOccupancy expands the occupancy and lets its last value hold.
func (b *builder) addOccupancy(p *profile) error {
	series := p.unit.Occupancy
	if series.Form == funding.SeriesNone {
		return nil
	}
	values, err := Expand(series, b.length)
	if err != nil {
		return err
	}
	if length, ends := seriesEnd(series); ends && length > 0 && length < len(values) {
		for k := length; k < len(values); k++ {
			values[k] = values[length-1]
		}
	}
	p.occupancy = values
	return nil
}

// accumulate works out what a waiting unit may look at: the unit's own sums, with its own surtax.
func (b *builder) accumulate(p *profile) {
	p.cumulativeInvested, p.cumulativeInflow, p.cumulativeNet = b.column(), b.column(), b.column()
	var invested, inflow, net money.Amount
	for k := range p.total {
		invested += p.invest[k]
		inflow += p.total[k]
		net += p.total[k] - p.cost[k] - b.surtax.of(p.total[k]) - p.invest[k]
		p.cumulativeInvested[k], p.cumulativeInflow[k], p.cumulativeNet[k] = invested, inflow, net
	}
}

// investedBy returns what the unit has invested when it has run for count quarters.
func (p *profile) investedBy(count int) money.Amount {
	if count <= 0 || len(p.cumulativeInvested) == 0 {
		return 0
	}
	return p.cumulativeInvested[min(count, len(p.cumulativeInvested))-1]
}

func sourceIndex(source funding.IncomeSource) int {
	for i, known := range funding.IncomeSources {
		if known == source {
			return i
		}
	}
	return -1
}

func addTo(sum, column []money.Amount) {
	for k, amount := range column {
		sum[k] += amount
	}
}

// share is a share prepared once and applied to many amounts.
type share struct {
	units int64
	exact money.Decimal
	fits  bool
}

func newShare(rate money.Decimal) share {
	units, fits := money.PerTrillion(rate)
	return share{units: units, exact: rate, fits: fits}
}

// rest returns 1 − share.
func (s share) rest() share {
	if s.fits {
		return share{units: rateUnits - s.units, fits: true}
	}
	return newShare(money.One.Sub(s.exact))
}

// of returns amount × share to the fen.
func (s share) of(amount money.Amount) money.Amount {
	if amount == 0 {
		return 0
	}
	if s.fits {
		return money.MulDiv(amount, s.units, rateUnits)
	}
	return money.Share(amount, s.exact)
}
