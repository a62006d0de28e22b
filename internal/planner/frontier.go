package planner

import (
	"context"

	"zutuan/internal/loan"
	"zutuan/internal/money"
)

// FrontierPoint is the best plan whose lines all have at most a tenor, judged exactly. Its cost never rises with the
// tenor, since a plan within a shorter limit keeps a longer one too.
type FrontierPoint struct {
	TenorQuarters int
	Feasible      bool
	Cost          money.Amount
	WeightedRate  loan.Measure
	AverageLife   loan.Measure
	MinDSCR       loan.Measure
	// Longest is the longest tenor that the plan of this point really has.
	Longest int
}

// frontierPoints is how many plans a frontier should have at least, frontierTries how many limits are tried for them.
const (
	frontierPoints = 5
	frontierTries  = 12
)

// frontier builds plans for limits of tenor from the longest on offer down to where there is no plan any more, in even
// steps; where that leaves too few plans, the steps are halved above the shortest limit that has one.
func (s *search) frontier(ctx context.Context) ([]FrontierPoint, error) {
	longest, shortest := 0, 0
	for i := range s.in.Sources {
		source := &s.in.Sources[i]
		if !source.repaid() {
			continue
		}
		longest = max(longest, source.Terms.Tenor)
		least := source.Terms.Grace + max(source.Terms.Interval, 1)
		if shortest == 0 || least < shortest {
			shortest = least
		}
	}
	if limit := s.in.Limits.TenorQuarters; limit != nil {
		longest = min(longest, *limit)
	}
	points := map[int]FrontierPoint{}
	feasible := 0
	try := func(tenor int) (bool, error) {
		if point, known := points[tenor]; known || len(points) >= frontierTries {
			return point.Feasible, nil
		}
		point, err := s.frontierPoint(ctx, tenor)
		if point.Feasible {
			feasible++
		}
		points[tenor] = point
		return point.Feasible, err
	}
	for step := max((longest-shortest)/frontierPoints/4*4, 4); ; step /= 2 {
		for tenor := longest; tenor >= shortest && tenor > 0; tenor -= step {
			ok, err := try(tenor)
			if err != nil {
				return nil, err
			}
			if !ok {
				break
			}
		}
		if feasible >= frontierPoints || step <= 1 || len(points) >= frontierTries {
			return envelope(points), nil
		}
	}
}

// frontierPoint builds the plan of one limit.
func (s *search) frontierPoint(ctx context.Context, tenor int) (FrontierPoint, error) {
	in := s.alike(s.in.Case)
	in.Limits.TenorQuarters = &tenor
	in.Sources = shortened(s.in.Sources, tenor)
	point := FrontierPoint{TenorQuarters: tenor}
	built, err := (&search{in: in, statement: s.statement, signings: s.signings}).build(ctx)
	if err != nil || !built.Feasible {
		return point, err
	}
	point.Feasible, point.Cost, point.WeightedRate, point.AverageLife = true, built.Cost.Total, built.Cost.WeightedRate, built.Cost.AverageLifeYears
	point.MinDSCR, point.Longest = built.Evaluation.Coverage.MinDSCR, built.Evaluation.LongestTenorQuarters
	return point, nil
}

// alike is the question about another case: the cheapest plan, and nothing beside it.
func (s *search) alike(kase Case) *Input {
	return &Input{Case: kase, Solver: s.in.Solver, Objective: ObjectiveLeastCost, SigningEvery: s.in.SigningEvery, TenorChoices: s.in.TenorChoices, MaxNodes: s.in.MaxNodes}
}

// shortened cuts the tenors on offer to a limit, down to whole intervals after the grace; an offer whose shortest tenor
// is longer, or whose tenor is fixed, falls out with the limit itself.
func shortened(sources []Source, limit int) []Source {
	list := append([]Source(nil), sources...)
	for i := range list {
		source := &list[i]
		interval := max(source.Terms.Interval, 1)
		if !source.repaid() || source.Terms.Tenor <= limit || source.TenorMin == 0 || source.Terms.Profile == loan.ProfileCustom {
			continue
		}
		tenor := limit - (limit-source.Terms.Grace)%interval
		if tenor >= max(source.TenorMin, source.Terms.Grace+interval) {
			source.Terms.Tenor = tenor
			source.Line.TenorQuarters = tenor
		}
	}
	return list
}

// envelope sorts the points by tenor and lets each have the best plan of the shorter ones.
func envelope(points map[int]FrontierPoint) []FrontierPoint {
	var list []FrontierPoint
	for tenor := 0; len(list) < len(points); tenor++ {
		point, known := points[tenor]
		if !known {
			continue
		}
		if before := len(list) - 1; before >= 0 && list[before].Feasible && (!point.Feasible || list[before].Cost < point.Cost) {
			point = list[before]
			point.TenorQuarters = tenor
		}
		list = append(list, point)
	}
	return list
}
