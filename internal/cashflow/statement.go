package cashflow

import (
	"math/big"

	"zutuan/internal/funding"
	"zutuan/internal/money"
)

// Statement is the statement before financing, one amount a quarter in each column. In quarters at or after the horizon
// where after_horizon takes over, CFADS is what it says, Inflow equals CFADS, and sources, Cost, Surtax and IncomeTax
// are zero; investment, capital, grants and depreciation go on by their own rule.
type Statement struct {
	InflowBySource [sourceCount][]money.Amount
	Inflow         []money.Amount
	Cost           []money.Amount
	Surtax         []money.Amount
	// Depreciation is each quarter's exact depreciation rounded to the fen, for display; tax and DepreciationBetween
	// use the exact figures.
	Depreciation []money.Amount
	IncomeTax    []money.Amount
	CFADS        []money.Amount
	Invest       []money.Amount
	// Net is CFADS − Invest, with the working capital returned in the statement's last quarter.
	Net        []money.Amount
	Cumulative []money.Amount
	Capital    []money.Amount
	Grants     []money.Amount
	// ExistingDebtService is what was given as input.
	ExistingDebtService []money.Amount
	// Gap is the need before debt: how far cash without any draw stays below the minimum (negative: above it).
	Gap []money.Amount
	// Draw is the smallest draw, as late as possible, that keeps cash at the minimum.
	Draw []money.Amount

	depreciation depreciation
	// workingCapital is what the last quarter's Net returns; replaced says that after_horizon stands in some quarter.
	workingCapital money.Amount
	replaced       bool
}

// statementInput is what both simulations of one requirement share.
type statementInput struct {
	requirement     *funding.Requirement
	profiles        []*profile
	capital, grants []money.Amount
	existing        []money.Amount
	// denominator is common to the depreciation of all units.
	denominator *big.Int
}

// statement draws up length quarters for given starts.
func (b *builder) statement(in statementInput, starts []int, length int) (Statement, error) {
	s := b.newStatement(length)
	copy(s.Capital, in.capital)
	copy(s.Grants, in.grants)
	copy(s.ExistingDebtService, in.existing)
	for i, p := range in.profiles {
		s.addUnit(p, starts[i])
	}
	s.workingCapital = workingCapital(in.profiles, starts, length)
	for q := range s.Inflow {
		s.Surtax[q] = b.surtax.of(s.Inflow[q])
	}
	if err := s.replaceAfterHorizon(in.requirement); err != nil {
		return s, err
	}
	s.depreciation = newDepreciation(in.profiles, starts, in.denominator)
	taxed := length
	if s.replaced {
		taxed = in.requirement.Horizon
	}
	s.tax(in.requirement.Tax.Income, taxed)
	s.finish(in.requirement)
	return s, nil
}

// newStatement cuts all columns of one statement from one piece of memory.
func (b *builder) newStatement(length int) Statement {
	var s Statement
	columns := []*[]money.Amount{&s.Inflow, &s.Cost, &s.Surtax, &s.Depreciation, &s.IncomeTax, &s.CFADS, &s.Invest, &s.Net,
		&s.Cumulative, &s.Capital, &s.Grants, &s.ExistingDebtService, &s.Gap, &s.Draw}
	slab := make([]money.Amount, (len(columns)+sourceCount)*length)
	cut := func() []money.Amount {
		column := slab[:length:length]
		slab = slab[length:]
		return column
	}
	for i := range s.InflowBySource {
		s.InflowBySource[i] = cut()
	}
	for _, column := range columns {
		*column = cut()
	}
	return s
}

// addUnit adds a unit's columns from the quarter in which it starts.
func (s *Statement) addUnit(p *profile, start int) {
	if start == notStarted || start >= len(s.Inflow) {
		return
	}
	for i := range p.inflow {
		addShifted(s.InflowBySource[i], p.inflow[i], start)
	}
	addShifted(s.Inflow, p.total, start)
	addShifted(s.Cost, p.cost, start)
	addShifted(s.Invest, p.invest, start)
}

func addShifted(sum, column []money.Amount, start int) {
	sum = sum[start:]
	for k := range sum {
		sum[k] += column[k]
	}
}

// workingCapital returns what the units have put into working capital within the statement.
func workingCapital(profiles []*profile, starts []int, length int) money.Amount {
	var sum money.Amount
	for i, p := range profiles {
		if p.workingCapital == nil || starts[i] == notStarted {
			continue
		}
		for k := 0; starts[i]+k < length; k++ {
			sum += p.workingCapital[k]
		}
	}
	return sum
}

// replaceAfterHorizon puts after_horizon in the place of the operating lines: net_per_year/4 × (1+growth)^year to the
// fen, the year counted from 0 at the horizon, the residual in the last quarter, and nothing afterwards.
func (s *Statement) replaceAfterHorizon(requirement *funding.Requirement) error {
	after := requirement.AfterHorizon
	if after == nil || len(s.Inflow) <= requirement.Horizon {
		return nil
	}
	s.replaced = true
	growth, total := newPower(after.Growth), uint64(0)
	for q := requirement.Horizon; q < len(s.Inflow); q++ {
		k := q - requirement.Horizon
		var amount int64
		if k > 0 && k%4 == 0 {
			growth.raise()
		}
		if k < after.Years*4 {
			var ok bool
			if amount, ok = growth.times(int64(after.NetPerYear), 1, 4); !ok {
				return ErrTooLarge
			}
		}
		if k == after.Years*4-1 {
			amount += int64(after.Residual)
		}
		if total += magnitude(amount); total > maxTotal {
			return ErrTooLarge
		}
		for i := range s.InflowBySource {
			s.InflowBySource[i][q] = 0
		}
		s.Inflow[q], s.Cost[q], s.Surtax[q] = money.Amount(amount), 0, 0
	}
	return nil
}

// finish fills the columns that follow from inflow, cost, taxes and investment.
func (s *Statement) finish(requirement *funding.Requirement) {
	last := len(s.Inflow) - 1
	cumulative := requirement.OpeningCash
	financing := money.Amount(0)
	for q := range s.Inflow {
		s.CFADS[q] = s.Inflow[q] - s.Cost[q] - s.Surtax[q] - s.IncomeTax[q]
		s.Net[q] = s.CFADS[q] - s.Invest[q]
		if q == last {
			s.Net[q] += s.workingCapital
		}
		cumulative += s.Net[q]
		financing += s.Capital[q] + s.Grants[q] - s.ExistingDebtService[q]
		s.Cumulative[q] = cumulative
		s.Gap[q] = requirement.MinimumCash - (cumulative + financing)
	}
	drawn := money.Amount(0)
	for q, gap := range s.Gap {
		if gap > drawn {
			s.Draw[q] = gap - drawn
			drawn = gap
		}
	}
}

// peak returns max(0, the largest gap) and the first quarter that reaches it, −1 where no gap is positive.
func peak(gaps []money.Amount) (gap money.Amount, index int) {
	index = -1
	for q, amount := range gaps {
		if amount > gap {
			gap, index = amount, q
		}
	}
	return gap, index
}

// ProjectQuarters returns how many quarters the project itself lasts, counted from its start: the horizon, and
// after_horizon where the file gives it. CFADS counts for PLCR so long (finance.md, "Coverage").
func ProjectQuarters(requirement *funding.Requirement) int {
	quarters := requirement.Horizon
	if after := requirement.AfterHorizon; after != nil {
		quarters += 4 * after.Years
	}
	return min(quarters, funding.MaxQuarters)
}
