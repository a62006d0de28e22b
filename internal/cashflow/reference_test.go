package cashflow

import (
	"math/big"

	"github.com/shopspring/decimal"

	"zutuan/internal/funding"
	"zutuan/internal/money"
)

// This file is a second, deliberately naive implementation of finance.md in shopspring decimals. It walks calendar
// quarter by calendar quarter, asks every line for its value by formula whenever it needs it, keeps amounts in yuan,
// and shares nothing with the engine: no profiles, no shifting, no powers in machine words, no fen. Where a quotient is
// not finite (depreciation) it carries the sum times a common multiple, so that it is exact too.

type reference struct {
	requirement *funding.Requirement
	conditions  map[string]StartCondition
	existing    []money.Amount
	length      int
	// starts[i] is the start of unit i, −1 while it has none.
	starts []int
}

type referenceSheet struct {
	source                                                    [5][]decimal.Decimal
	inflow, cost, surtax, tax, cfads, invest, net, cumulative []decimal.Decimal
	capital, grants, existing, gap, draw                      []decimal.Decimal
	depreciationTimes                                         []decimal.Decimal // × multiple
	multiple                                                  decimal.Decimal
}

var (
	refOne  = decimal.NewFromInt(1)
	refFour = decimal.NewFromInt(4)
)

func refInt(n int) decimal.Decimal { return decimal.NewFromInt(int64(n)) }

// raised is base^exponent by repeated multiplication.
func raised(base decimal.Decimal, exponent int) decimal.Decimal {
	result := refOne
	for ; exponent > 0; exponent-- {
		result = result.Mul(base)
	}
	return result
}

// value is quarter k of a series counted from its owner's start, in yuan (or in ones, for an occupancy).
func (reference) value(s funding.Series, k int, places int32) decimal.Decimal {
	unit := func(n int64) decimal.Decimal { return decimal.New(n, -places) }
	k -= s.Offset
	if k < 0 {
		return decimal.Zero
	}
	switch s.Form {
	case funding.SeriesExplicit:
		if k < len(s.Values) {
			return unit(s.Values[k])
		}
	case funding.SeriesSpread:
		return refSpread(s, k, unit(s.Total), places)
	case funding.SeriesRecurring:
		if s.Quarters > 0 && k >= s.Quarters {
			return decimal.Zero
		}
		reached := min(k+1, s.Ramp)
		full := unit(s.PerQuarter).Mul(refInt(reached)).Mul(raised(refOne.Add(s.Growth), k/4))
		return full.DivRound(refInt(s.Ramp), places)
	}
	return decimal.Zero
}

// refSpread works with n³·F(k/n), which is whole: even k·n²; s_curve 3k²n − 2k³; front n³ − n(n−k)²; back n·k².
func refSpread(s funding.Series, k int, total decimal.Decimal, places int32) decimal.Decimal {
	n := s.Over
	if k >= n {
		return decimal.Zero
	}
	cubed := func(k int) int {
		switch s.Shape {
		case funding.ShapeSCurve:
			return 3*k*k*n - 2*k*k*k
		case funding.ShapeFront:
			return n*n*n - n*(n-k)*(n-k)
		case funding.ShapeBack:
			return n * k * k
		default:
			return k * n * n
		}
	}
	part := func(k int) decimal.Decimal {
		return total.Mul(refInt(cubed(k+1)-cubed(k))).DivRound(refInt(n*n*n), places)
	}
	if k < n-1 {
		return part(k)
	}
	rest := total
	for j := 0; j < n-1; j++ {
		rest = rest.Sub(part(j))
	}
	return rest
}

// counted is one revenue line in the k-th quarter of its unit: land loses its set-aside and comes late.
func (r reference) counted(line funding.RevenueLine, k int) decimal.Decimal {
	if line.Source != funding.SourceLand {
		return r.value(line.Series, k, 2)
	}
	return r.value(line.Series, k-line.Lag, 2).Mul(refOne.Sub(line.SetAside)).Round(2)
}

func (r reference) income(unit funding.Unit, source funding.IncomeSource, k int) decimal.Decimal {
	sum := decimal.Zero
	for _, line := range unit.Revenue {
		if k >= 0 && (source == funding.ShareOfAll || line.Source == source) {
			sum = sum.Add(r.counted(line, k))
		}
	}
	return sum
}

func (r reference) costs(unit funding.Unit, k int) decimal.Decimal {
	sum := decimal.Zero
	for _, line := range unit.Cost {
		if line.ShareOf != "" {
			sum = sum.Add(r.income(unit, line.ShareOf, k).Mul(line.Share).Round(2))
		} else {
			sum = sum.Add(r.value(line.Series, k, 2))
		}
	}
	return sum
}

func (r reference) investment(unit funding.Unit, k int, only funding.InvestCategory) decimal.Decimal {
	sum := decimal.Zero
	for _, line := range unit.Invest {
		if only == "" || line.Category == only {
			sum = sum.Add(r.value(line.Series, k, 2))
		}
	}
	return sum
}

// longest is more than any series runs: offset and length are at most 160 each.
const longest = 2*funding.MaxQuarters + 1

func (r reference) lastInvestment(unit funding.Unit) int {
	last := -1
	for k := 0; k < longest; k++ {
		for _, line := range unit.Invest {
			if !r.value(line.Series, k, 2).IsZero() {
				last = k
			}
		}
	}
	return last
}

func (r reference) lineTotal(line funding.InvestLine) decimal.Decimal {
	sum := decimal.Zero
	for k := 0; k < longest; k++ {
		sum = sum.Add(r.value(line.Series, k, 2))
	}
	return sum
}

// state is what a unit shows at the end of quarter q.
func (r reference) state(i, q int) UnitState {
	unit := r.requirement.Units[i]
	if r.starts[i] < 0 || q < r.starts[i] {
		return UnitState{}
	}
	invested, inflow, net, whole := decimal.Zero, decimal.Zero, decimal.Zero, decimal.Zero
	for k := 0; k <= q-r.starts[i]; k++ {
		in := r.income(unit, funding.ShareOfAll, k)
		invested = invested.Add(r.investment(unit, k, ""))
		inflow = inflow.Add(in)
		net = net.Add(in).Sub(r.costs(unit, k)).Sub(in.Mul(r.requirement.Tax.Surtax).Round(2)).Sub(r.investment(unit, k, ""))
	}
	for _, line := range unit.Invest {
		whole = whole.Add(r.lineTotal(line))
	}
	share := decimal.Zero
	if whole.IsPositive() {
		share = invested.DivRound(whole, 6)
	}
	return UnitState{
		Quarters: q - r.starts[i] + 1, Started: true,
		Invested: fen(invested), InvestedShare: share, CumulativeInflow: fen(inflow), CumulativeNet: fen(net),
		Occupancy: r.occupied(unit, q-r.starts[i]),
	}
}

func (r reference) occupied(unit funding.Unit, k int) int64 {
	s := unit.Occupancy
	end := longest
	switch s.Form {
	case funding.SeriesNone:
		return 0
	case funding.SeriesExplicit:
		end = s.Offset + len(s.Values)
	case funding.SeriesSpread:
		end = s.Offset + s.Over
	case funding.SeriesRecurring:
		if s.Quarters > 0 {
			end = s.Offset + s.Quarters
		}
	}
	return r.value(s, min(k, end-1), 6).Shift(6).IntPart()
}

func fen(yuan decimal.Decimal) money.Amount { return money.Amount(yuan.Shift(2).IntPart()) }

// roll finds the starts quarter by quarter.
func (r *reference) roll() {
	units := r.requirement.Units
	for i := range units {
		r.starts[i] = -1
		if units[i].Start.After == "" {
			r.starts[i] = units[i].Start.At.Since(r.requirement.Start)
		}
	}
	for q := 0; q < r.requirement.Horizon; q++ {
		calendar := r.requirement.Start.Add(q)
		for i, unit := range units {
			s := unit.Start
			if s.After == "" || r.starts[i] >= 0 || calendar < s.Earliest || (s.Latest != 0 && calendar > s.Latest) {
				continue
			}
			for j := range units {
				if units[j].Code != s.After {
					continue
				}
				ready, err := r.conditions[unit.Code].Ready(r.state(j, q-1))
				if (err == nil && ready) || (calendar == s.Latest && s.StartAtLatest) {
					r.starts[i] = q
				}
			}
		}
	}
}

// together starts every waiting unit at its earliest.
func (r *reference) together() {
	for i, unit := range r.requirement.Units {
		if unit.Start.After != "" {
			r.starts[i] = max(0, unit.Start.Earliest.Since(r.requirement.Start))
			if unit.Start.Earliest == 0 {
				r.starts[i] = 0
			}
			if r.starts[i] >= r.requirement.Horizon {
				r.starts[i] = -1
			}
		}
	}
}

func (r reference) sheet() referenceSheet {
	n := r.length
	s := referenceSheet{multiple: refOne}
	for _, column := range []*[]decimal.Decimal{&s.source[0], &s.source[1], &s.source[2], &s.source[3], &s.source[4], &s.inflow, &s.cost, &s.surtax, &s.tax, &s.cfads,
		&s.invest, &s.net, &s.cumulative, &s.capital, &s.grants, &s.existing, &s.gap, &s.draw, &s.depreciationTimes} {
		*column = make([]decimal.Decimal, n)
	}
	r.fillOperations(&s)
	r.fillDepreciation(&s)
	r.fillTax(&s)
	r.fillCash(&s)
	return s
}

func (r reference) fillOperations(s *referenceSheet) {
	after := r.requirement.AfterHorizon
	for q := 0; q < r.length; q++ {
		for i, unit := range r.requirement.Units {
			k := q - r.starts[i]
			if r.starts[i] < 0 || k < 0 {
				continue
			}
			s.invest[q] = s.invest[q].Add(r.investment(unit, k, ""))
			if after != nil && q >= r.requirement.Horizon {
				continue
			}
			for j, source := range funding.IncomeSources {
				s.source[j][q] = s.source[j][q].Add(r.income(unit, source, k))
			}
			s.inflow[q] = s.inflow[q].Add(r.income(unit, funding.ShareOfAll, k))
			s.cost[q] = s.cost[q].Add(r.costs(unit, k))
		}
		s.surtax[q] = s.inflow[q].Mul(r.requirement.Tax.Surtax).Round(2)
		if k := q - r.requirement.Horizon; after != nil && k >= 0 && k < after.Years*4 {
			s.inflow[q] = after.NetPerYear.Decimal().Mul(raised(refOne.Add(after.Growth), k/4)).DivRound(refFour, 2)
			if k == after.Years*4-1 {
				s.inflow[q] = s.inflow[q].Add(after.Residual.Decimal())
			}
			s.surtax[q] = decimal.Zero
		}
		for _, line := range r.requirement.Capital {
			s.capital[q] = s.capital[q].Add(r.value(line.Series, q, 2))
		}
		for _, line := range r.requirement.Grants {
			s.grants[q] = s.grants[q].Add(r.value(line.Series, q, 2))
		}
		if q < len(r.existing) {
			s.existing[q] = r.existing[q].Decimal()
		}
	}
}

func (r reference) fillDepreciation(s *referenceSheet) {
	for _, unit := range r.requirement.Units {
		for _, line := range unit.Invest {
			if line.DepreciateYears > 0 && !s.multiple.Mod(refInt(line.DepreciateYears*4)).IsZero() {
				s.multiple = s.multiple.Mul(refInt(line.DepreciateYears * 4))
			}
		}
	}
	for i, unit := range r.requirement.Units {
		if r.starts[i] < 0 {
			continue
		}
		first := r.starts[i] + r.lastInvestment(unit) + 1
		for _, line := range unit.Invest {
			if line.DepreciateYears == 0 || line.Category == funding.InvestLand || line.Category == funding.InvestWorkingCapital {
				continue
			}
			base := r.lineTotal(line).Mul(refOne.Sub(line.Residual))
			for q := first; q < first+line.DepreciateYears*4 && q < r.length; q++ {
				s.depreciationTimes[q] = s.depreciationTimes[q].Add(base.Mul(s.multiple.DivRound(refInt(line.DepreciateYears*4), 0)))
			}
		}
	}
}

func (r reference) fillTax(s *referenceSheet) {
	left := make([]decimal.Decimal, r.length)
	for q := 0; q < r.length; q++ {
		if r.requirement.AfterHorizon != nil && q >= r.requirement.Horizon {
			continue
		}
		result := s.inflow[q].Sub(s.cost[q]).Sub(s.surtax[q]).Mul(s.multiple).Sub(s.depreciationTimes[q])
		if result.IsNegative() {
			left[q] = result.Neg()
			continue
		}
		for j := max(0, q-20); j < q; j++ {
			used := decimal.Min(left[j], result)
			left[j], result = left[j].Sub(used), result.Sub(used)
		}
		s.tax[q] = result.Mul(r.requirement.Tax.Income).DivRound(s.multiple, 2)
	}
}

func (r reference) fillCash(s *referenceSheet) {
	cash := r.requirement.OpeningCash.Decimal()
	total, drawn := cash, decimal.Zero
	for q := 0; q < r.length; q++ {
		s.cfads[q] = s.inflow[q].Sub(s.cost[q]).Sub(s.surtax[q]).Sub(s.tax[q])
		s.net[q] = s.cfads[q].Sub(s.invest[q])
		if q == r.length-1 {
			s.net[q] = s.net[q].Add(r.workingCapital())
		}
		total = total.Add(s.net[q])
		cash = cash.Add(s.net[q]).Add(s.capital[q]).Add(s.grants[q]).Sub(s.existing[q])
		s.cumulative[q] = total
		s.gap[q] = r.requirement.MinimumCash.Decimal().Sub(cash)
		s.draw[q] = decimal.Max(decimal.Zero, s.gap[q].Sub(drawn))
		drawn = drawn.Add(s.draw[q])
	}
}

func (r reference) workingCapital() decimal.Decimal {
	sum := decimal.Zero
	for i, unit := range r.requirement.Units {
		for q := r.starts[i]; r.starts[i] >= 0 && q < r.length; q++ {
			sum = sum.Add(r.investment(unit, q-r.starts[i], funding.InvestWorkingCapital))
		}
	}
	return sum
}

// refPresentValue discounts with binary floats of 400 bits and the fourth root taken as two square roots.
func refPresentValue(net []decimal.Decimal, rate decimal.Decimal) decimal.Decimal {
	float := func(text string) *big.Float {
		value, _, err := big.ParseFloat(text, 10, 400, big.ToNearestEven)
		if err != nil {
			panic(err)
		}
		return value
	}
	root := new(big.Float).Sqrt(new(big.Float).Sqrt(float(refOne.Add(rate).String())))
	factor, sum := float("1"), float("0")
	for _, amount := range net {
		factor.Mul(factor, root)
		sum.Add(sum, new(big.Float).Quo(float(amount.String()), factor))
	}
	exact, err := decimal.NewFromString(sum.Text('f', 40))
	if err != nil {
		panic(err)
	}
	return exact.Round(2)
}

// refPayback scans back from the end for the last quarter whose running sum is below zero.
func refPayback(net []decimal.Decimal) *decimal.Decimal {
	sums := make([]decimal.Decimal, len(net))
	running := decimal.Zero
	for q, amount := range net {
		running = running.Add(amount)
		sums[q] = running
	}
	for q := len(sums) - 1; q >= 0; q-- {
		if !sums[q].IsNegative() {
			continue
		}
		if q == len(sums)-1 {
			return nil
		}
		years := refInt(q+1).Mul(net[q+1]).Sub(sums[q]).DivRound(net[q+1].Mul(refFour), 6)
		return &years
	}
	years := decimal.Zero
	return &years
}
