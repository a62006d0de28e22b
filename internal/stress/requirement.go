package stress

import (
	"zutuan/internal/cashflow"
	"zutuan/internal/funding"
	"zutuan/internal/money"
)

// stressed returns a copy of a requirement with the factors applied. Amounts are scaled to the fen in the terms in which
// the file gives them (each value, a total, an amount a quarter). starts are the quarter indices in which the units
// start, needed for a closure alone: it hits calendar quarters, while series count from their unit's start.
func (f *Factors) stressed(requirement *funding.Requirement, starts []int) (*funding.Requirement, error) {
	out := *requirement
	out.Units = append([]funding.Unit(nil), requirement.Units...)
	for i := range out.Units {
		unit := &out.Units[i]
		f.delay(unit)
		unit.Invest = append([]funding.InvestLine(nil), unit.Invest...)
		for j := range unit.Invest {
			unit.Invest[j].Series = scaled(unit.Invest[j].Series, money.One.Add(f.Invest))
		}
		unit.Cost = append([]funding.CostLine(nil), unit.Cost...)
		for j := range unit.Cost {
			line := &unit.Cost[j]
			line.Series = scaled(line.Series, money.One.Add(f.Cost))
			line.Share = line.Share.Mul(money.One.Add(f.Cost)).Round(sizeDecimals)
		}
		if err := f.income(unit, starts[i]); err != nil {
			return nil, err
		}
	}
	return &out, nil
}

// delay puts a unit off. What it may wait until moves with it; what it waits for does not, because that is a state.
func (f *Factors) delay(unit *funding.Unit) {
	if unit.Start.At != 0 {
		unit.Start.At = unit.Start.At.Add(f.DelayStart)
	}
	if unit.Start.Earliest != 0 {
		unit.Start.Earliest = unit.Start.Earliest.Add(f.DelayStart)
	}
	if unit.Start.Latest != 0 {
		unit.Start.Latest = unit.Start.Latest.Add(f.DelayStart)
	}
	if unit.Occupancy.Form != funding.SeriesNone {
		unit.Occupancy.Offset += f.DelayRamp
	}
}

func (f *Factors) income(unit *funding.Unit, start int) error {
	unit.Revenue = append([]funding.RevenueLine(nil), unit.Revenue...)
	for j := range unit.Revenue {
		line := &unit.Revenue[j]
		source := sourceIndex(line.Source)
		line.Series = scaled(line.Series, money.One.Sub(f.Fall[source]))
		line.Series.Offset += f.DelayRamp
		if f.Closure.Quarters == 0 || !f.Closure.Sources[source] || start < 0 {
			continue
		}
		values, err := cashflow.Expand(line.Series, funding.MaxQuarters)
		if err != nil {
			return err
		}
		for k := range values {
			if f.Closure.Holds(start + k) {
				values[k] = int64(money.Share(money.Amount(values[k]), f.Closure.Keep))
			}
		}
		line.Series = funding.Series{Form: funding.SeriesExplicit, Values: values}
	}
	return nil
}

func sourceIndex(source funding.IncomeSource) int {
	for i, known := range funding.IncomeSources {
		if known == source {
			return i
		}
	}
	return 0 // the reader lets no other source through
}

// scaled returns a series with its amounts multiplied, to the fen.
func scaled(series funding.Series, factor money.Decimal) funding.Series {
	if factor.Equal(money.One) {
		return series
	}
	times := func(amount int64) int64 { return int64(money.Share(money.Amount(amount), factor)) }
	if len(series.Values) > 0 {
		values := make([]int64, len(series.Values))
		for k, value := range series.Values {
			values[k] = times(value)
		}
		series.Values = values
	}
	series.Total, series.PerQuarter = times(series.Total), times(series.PerQuarter)
	return series
}

// simulate simulates the stressed requirement. With a closure the starts and the amounts depend on one another; because
// a start is decided by the past alone, each round settles at least one unit more, and the rounds end.
func (c *Case) simulate(f *Factors, existing []money.Amount, quarters int) (*funding.Requirement, *cashflow.Result, error) {
	starts := make([]int, len(c.Requirement.Units))
	for i := range starts {
		starts[i] = -1
	}
	for {
		requirement, err := f.stressed(c.Requirement, starts)
		if err != nil {
			return nil, nil, err
		}
		if err := c.afterHorizon(requirement, quarters); err != nil {
			return nil, nil, err
		}
		result, err := c.run(requirement, existing, quarters)
		if err != nil {
			return nil, nil, err
		}
		settled := true
		for i, unit := range result.Units {
			start := -1
			if unit.Started {
				start = unit.StartIndex
			}
			settled = settled && starts[i] == start
			starts[i] = start
		}
		if settled || f.Closure.Quarters == 0 {
			return requirement, result, nil
		}
	}
}

func (c *Case) run(requirement *funding.Requirement, existing []money.Amount, quarters int) (*cashflow.Result, error) {
	return cashflow.Simulate(cashflow.Input{Requirement: requirement, Conditions: c.Conditions, ExistingDebtService: existing, Quarters: quarters})
}

// afterHorizon lowers what after_horizon promises: what the stress takes from CFADS in the last four quarters of the
// horizon it takes in every later year. A shock that has passed by then takes nothing.
func (c *Case) afterHorizon(requirement *funding.Requirement, quarters int) error {
	if requirement.AfterHorizon == nil || quarters <= requirement.Horizon {
		return nil
	}
	before, err := c.run(c.Requirement, nil, 0)
	if err != nil {
		return err
	}
	with, err := c.run(requirement, nil, 0)
	if err != nil {
		return err
	}
	after := *requirement.AfterHorizon
	for q := max(0, requirement.Horizon-4); q < requirement.Horizon; q++ {
		after.NetPerYear += with.CFADS[q] - before.CFADS[q]
	}
	requirement.AfterHorizon = &after
	return nil
}
