package planner

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/shopspring/decimal"

	"zutuan/internal/lp"
	"zutuan/internal/money"
)

// decimalOf rounds a float to decimals.
func decimalOf(value float64, places int32) money.Decimal {
	return decimal.NewFromFloat(value).Round(places)
}

// stageSlack is how far a later stage may give way on what an earlier one has reached, relatively: what the solver
// itself cannot tell apart.
const stageSlack = 1e-7

// firstStage reaches what the objective asks for before cost and returns the model in which that is held; nil where
// nothing keeps the limits.
func (s *search) firstStage(ctx context.Context, p *program) (*lp.Model, error) {
	switch s.in.Objective {
	case ObjectiveLowestPeak:
		return s.hold(ctx, p.model, lp.Sum(p.peak), "peak", func(best float64) float64 { return best * (1 + stageSlack) })
	case ObjectiveFewestLenders:
		return s.hold(ctx, p.model, p.lenderCount(), "lenders.fewest", math.Round)
	case ObjectiveLongestLife:
		return s.longestLife(ctx, p)
	}
	return p.model, nil
}

// hold minimises an expression and returns the model with it held at its smallest value.
func (s *search) hold(ctx context.Context, model *lp.Model, what lp.Expression, name string, limit func(best float64) float64) (*lp.Model, error) {
	stage := model.Clone()
	stage.ClearCosts()
	stage.AddCost(what, 1)
	solution, err := s.in.solve(ctx, stage)
	if err != nil {
		return nil, err
	}
	if solution.Status == lp.StatusInfeasible {
		return nil, nil
	}
	if !solution.HasPoint() {
		return nil, fmt.Errorf("%w: %s", ErrUnsolved, solution.Status)
	}
	held := model.Clone()
	held.AddAtMost(name+".held", what, limit(solution.Objective))
	return held, nil
}

// longestLife maximises Σ principal × time / Σ principal. The quotient is approached from below by Dinkelbach's method:
// with λ the life reached so far, maximise Σ principal × (time − λ), and stop when nothing above zero is left. To borrow
// more than is needed for the sake of a longer average is no plan, so no more is drawn than the least-cost plan draws.
func (s *search) longestLife(ctx context.Context, p *program) (*lp.Model, error) {
	cheapest, err := s.in.solve(ctx, p.model)
	if err != nil || cheapest.Status == lp.StatusInfeasible {
		return nil, err
	}
	if !cheapest.HasPoint() {
		return nil, fmt.Errorf("%w: %s", ErrUnsolved, cheapest.Status)
	}
	life, principal := p.principalLife()
	drawn := p.debtDrawn()
	held := p.model.Clone()
	held.AddAtMost("drawn.held", drawn, drawn.Value(cheapest.Values)*(1+stageSlack)+p.margins.cash)
	reached := quotient(life, principal, cheapest.Values)
	for range 8 {
		stage := held.Clone()
		stage.ClearCosts()
		stage.AddCost(life, -1)
		stage.AddCost(principal, reached)
		solution, err := s.in.solve(ctx, stage)
		if err != nil {
			return nil, err
		}
		if !solution.HasPoint() {
			return nil, fmt.Errorf("%w: %s", ErrUnsolved, solution.Status)
		}
		better := quotient(life, principal, solution.Values)
		if better <= reached*(1+1e-9) {
			break
		}
		reached = better
	}
	row := life.Clone()
	row.AddScaled(principal, -reached*(1-stageSlack))
	held.AddAtLeast("life.held", row, 0)
	return held, nil
}

func quotient(top, over lp.Expression, values []float64) float64 {
	if below := over.Value(values); below > 0 {
		return top.Value(values) / below
	}
	return 0
}

// principalLife returns Σ principal × (quarter + 1) and Σ principal of everything that is paid back.
func (p *program) principalLife() (life, principal lp.Expression) {
	for _, o := range p.options {
		if o.tenor == 0 {
			continue
		}
		principal.AddScaled(o.columns.base, 1)
		if !o.free {
			life.AddScaled(o.columns.base, o.lifeQuarters())
			continue
		}
		for k, column := range o.columns.repayments {
			life.Add(column, float64(o.start+o.due[k]+1))
		}
	}
	return life, principal
}

// debtDrawn is Σ draws of everything that is paid back.
func (p *program) debtDrawn() lp.Expression {
	var sum lp.Expression
	for _, o := range p.options {
		if o.tenor > 0 {
			for _, column := range o.columns.draws {
				sum.Add(column, 1)
			}
		}
	}
	return sum
}

// tieShare is by how much of its draws an offer is made dearer for each offer of the same terms whose id comes first:
// two fen in a million yuan, yet more than the tolerance of the solver.
const tieShare = 2e-8

// breakTies prefers the smaller id among offers of the same terms, and an earlier signing; the amounts that it adds to
// the objective are not part of any cost that is answered.
func (p *program) breakTies(model *lp.Model) {
	seen := map[string]int{}
	for _, o := range p.options {
		key := o.fingerprint()
		place := seen[key]
		seen[key]++
		if place == 0 {
			continue
		}
		for _, column := range o.columns.draws {
			model.SetCost(column, model.Column(column).Cost+tieShare*float64(place))
		}
	}
}

// fingerprint tells options apart whose money costs and counts differently.
func (o *option) fingerprint() string {
	var text strings.Builder
	t := &o.terms
	fmt.Fprintf(&text, "%d %d %d %d %d %s %s %s %v %s %s %s %s", o.start, o.tenor, o.grace, o.available, o.interval, t.Rate, t.Profile, t.Timing, t.CapitalizeDuringGrace,
		t.Fees.Upfront, t.Fees.Commitment, t.Fees.Agency, t.Fees.Guarantee)
	for _, share := range t.Custom {
		text.WriteString(" " + share.String())
	}
	for _, change := range t.Changes {
		fmt.Fprintf(&text, " %s %s", change.From, change.Rate)
	}
	fmt.Fprintf(&text, " %s %s %d %d", o.source.Line.CountsAs, o.source.Line.GovernmentDebt, o.source.From, o.source.To)
	return text.String()
}
