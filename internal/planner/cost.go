package planner

import (
	"sort"

	"zutuan/internal/cashflow"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/plan"
	"zutuan/internal/quarter"
	"zutuan/internal/yield"
)

// Cost is what a plan costs, computed exactly from its schedules.
type Cost struct {
	// Total is the present value at the requirement's discount_rate of all interest and fees, each at the end of the
	// quarter in which it falls due, the requirement's start being time 0; capitalized interest counts when it accrues.
	Total money.Amount
	// Interest and Fees are plain sums.
	Interest money.Amount
	Fees     money.Amount
	// WeightedRate is Σ drawn × rate / Σ drawn of what is paid back.
	WeightedRate loan.Measure
	// AllInCost is the yield of all lenders' flows taken together (finance.md, all-in cost).
	AllInCost loan.Measure
	// AverageLifeYears is that of all principal, from the earliest signing.
	AverageLifeYears loan.Measure
}

// CostOf computes the cost of lines. Money that is not paid back has none.
func CostOf(requirement *funding.Requirement, lines []plan.Line) Cost {
	var cost Cost
	flows := make([]money.Amount, funding.MaxQuarters)
	drawn, weighted := money.Zero, money.Zero
	for i := range lines {
		line := &lines[i]
		if line.Schedule == nil {
			continue
		}
		cost.Interest += line.Schedule.TotalInterest
		cost.Fees += line.Schedule.TotalFees
		amount := line.Drawn().Decimal()
		drawn = drawn.Add(amount)
		weighted = weighted.Add(amount.Mul(line.Rate))
		for k := range line.Schedule.Rows {
			row := &line.Schedule.Rows[k]
			if q := row.Quarter.Since(requirement.Start); q >= 0 && q < len(flows) {
				flows[q] += row.Interest + row.Fees
			}
		}
	}
	cost.Total = cashflow.PresentValue(flows, requirement.DiscountRate)
	if drawn.IsPositive() {
		cost.WeightedRate = loan.Measure{Value: weighted.DivRound(drawn, money.RatioDecimals), Known: true}
	}
	schedules := plan.Schedules(lines)
	cost.AllInCost = combinedYield(schedules)
	cost.AverageLifeYears = combinedLife(schedules)
	return cost
}

// combinedYield is the all-in cost of several loans as if one lender had made them all.
func combinedYield(schedules []*loan.Schedule) loan.Measure {
	if len(schedules) == 0 {
		return loan.Measure{}
	}
	origin := earliest(schedules)
	byTime := map[int]money.Amount{}
	for _, schedule := range schedules {
		early := 1
		switch schedule.Timing {
		case loan.TimingStart:
			early = 0
		case loan.TimingEnd:
			early = 2
		}
		for i := range schedule.Rows {
			row := &schedule.Rows[i]
			at := 2 * row.Quarter.Since(origin)
			if row.Draw != 0 {
				byTime[at+early] += row.Upfront - row.Draw
			}
			byTime[at+2] += row.Service()
		}
	}
	flows := make([]yield.Flow, 0, len(byTime))
	for at, amount := range byTime {
		if amount != 0 {
			flows = append(flows, yield.Flow{HalfQuarter: at, Amount: amount})
		}
	}
	sort.Slice(flows, func(i, j int) bool { return flows[i].HalfQuarter < flows[j].HalfQuarter })
	root, ok := yield.Timed(flows)
	if !ok {
		return loan.Measure{}
	}
	return loan.Measure{Value: root.Annual(), Known: true}
}

func earliest(schedules []*loan.Schedule) quarter.Quarter {
	origin := schedules[0].Start
	for _, schedule := range schedules {
		origin = min(origin, schedule.Start)
	}
	return origin
}

func combinedLife(schedules []*loan.Schedule) loan.Measure {
	if len(schedules) == 0 {
		return loan.Measure{}
	}
	origin, principal, weighted := earliest(schedules), money.Zero, money.Zero
	for _, schedule := range schedules {
		for i := range schedule.Rows {
			row := &schedule.Rows[i]
			principal = principal.Add(row.Principal.Decimal())
			weighted = weighted.Add(row.Principal.Decimal().Mul(whole(row.Quarter.Since(origin) + 1)))
		}
	}
	if !principal.IsPositive() {
		return loan.Measure{}
	}
	return loan.Measure{Value: weighted.DivRound(principal.Mul(whole(4)), money.RatioDecimals), Known: true}
}
