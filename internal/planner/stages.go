package planner

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sort"
	"strings"
	"sync"

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

// answered is a program with its solution.
type answered struct {
	program  *program
	model    *lp.Model
	solution *lp.Solution
	// bound is proven for all parts of the search together.
	bound  float64
	proven bool
	// held is the row that holds what an earlier stage has reached, −1 where there is none.
	held lp.RowID
}

// best solves for the objective; nil where nothing keeps the limits.
func (s *search) best(ctx context.Context, m margins) (*answered, error) {
	return s.keepingPace(ctx, func(paid pace) (*answered, error) { return s.keepingLife(ctx, m, paid) })
}

// keepingLife asks for the tenor match only once a plan has been found to break it: where the best plan without those
// rows keeps them, it is the best with them too.
func (s *search) keepingLife(ctx context.Context, m margins, paid pace) (*answered, error) {
	for {
		as := s.shape(m)
		as.pace = paid
		answer, err := s.bestOf(ctx, s.parts(as))
		if err != nil || answer == nil || s.life || !s.in.Limits.TenorMatch || answer.program.keepsLife(answer.solution) {
			return answer, err
		}
		s.life = true
	}
}

// keepingPace solves with the rows of the pace of capital (see pace). Where sources bring further capital it solves
// without them first: that answer is the best if it keeps the limit, and its bound holds in any case. Otherwise both
// linear forms that are sufficient are tried and the cheaper answer is taken.
func (s *search) keepingPace(ctx context.Context, solve func(paid pace) (*answered, error)) (*answered, error) {
	if !s.in.Limits.CapitalProRata {
		return solve(pace{})
	}
	if !s.in.furtherCapital() {
		return solve(pace{kind: paceOwn})
	}
	free, err := solve(pace{})
	if err != nil || free == nil {
		return nil, err
	}
	kept, ratio := free.program.keepsPace(free.solution)
	if kept && !s.paced {
		return free, nil
	}
	var best *answered
	for _, paid := range []pace{{kind: paceOwn}, {kind: paceRatio, ratio: ratio}, {kind: paceRatio, ratio: 0.9 * ratio}, {kind: paceRatio, ratio: 1.1 * ratio}} {
		if best != nil && paid.kind == paceRatio && paid.ratio != ratio {
			break // other ratios only where nothing has been found
		}
		answer, err := solve(paid)
		if err != nil {
			return nil, err
		}
		if answer != nil && (best == nil || answer.solution.Objective < best.solution.Objective) {
			best = answer
		}
	}
	if best != nil {
		best.bound, best.proven = min(best.bound, free.bound), best.proven && free.proven
	}
	return best, nil
}

// shape is what the programs of this search are written for.
func (s *search) shape(m margins) shape {
	return shape{margins: m, peak: s.in.Objective == ObjectiveLowestPeak, lenders: s.in.Objective == ObjectiveFewestLenders, life: s.life, steps: s.steps, tenorChoices: s.in.tenorChoices()}
}

// parts are programs that differ in the quarter in which loan years begin, that of the first principal of any line. Each
// is a smaller program without the yes/no columns of that choice; together they allow what the whole program allows.
func (s *search) parts(as shape) []*program {
	as.first = anyFirst
	firsts := map[int]bool{}
	probe := &program{kase: &s.in.Case, sources: s.in.sorted(), statement: s.statement, elastic: as.elastic, first: anyFirst, tenorChoices: as.tenorChoices}
	probe.findOptions(s.signings)
	order := []int{noDebt}
	for _, o := range probe.options {
		if o.tenor > 0 && !firsts[o.firstDue] {
			firsts[o.firstDue] = true
			order = append(order, o.firstDue)
		}
	}
	sort.Ints(order)
	programs := make([]*program, len(order))
	for i, first := range order {
		as.first = first
		programs[i] = newProgram(&s.in.Case, s.statement, s.signings, as)
	}
	return programs
}

// bestOf reaches what the objective asks for before cost, holds it, and minimises cost.
func (s *search) bestOf(ctx context.Context, parts []*program) (*answered, error) {
	cost := func(p *program) *lp.Model {
		model := p.model.Clone()
		p.breakTies(model)
		return model
	}
	switch s.in.Objective {
	case ObjectiveLowestPeak:
		return s.staged(ctx, parts, func(p *program) lp.Expression {
			if p.hasPeak {
				return lp.Sum(p.peak)
			}
			return lp.Expression{}
		}, func(best float64) float64 { return best * (1 + stageSlack) }, cost)
	case ObjectiveFewestLenders:
		return s.staged(ctx, parts, (*program).lenderCount, math.Round, cost)
	case ObjectiveLongestLife:
		return s.longestLife(ctx, parts, cost)
	}
	return s.minimise(ctx, parts, func(p *program) (*lp.Model, lp.RowID) { return cost(p), -1 })
}

// staged minimises an expression, holds it, and minimises cost.
func (s *search) staged(ctx context.Context, parts []*program, what func(*program) lp.Expression, limit func(best float64) float64, cost func(*program) *lp.Model) (*answered, error) {
	first, err := s.minimise(ctx, parts, func(p *program) (*lp.Model, lp.RowID) {
		stage := p.model.Clone()
		stage.ClearCosts()
		stage.AddCost(what(p), 1)
		return stage, -1
	})
	if err != nil || first == nil {
		return nil, err
	}
	most := limit(first.solution.Objective)
	return s.minimise(ctx, parts, func(p *program) (*lp.Model, lp.RowID) {
		held := cost(p)
		return held, held.AddAtMost("held", what(p), most)
	})
}

// minimise solves the model of every part that could still be the best. A part's relaxation bounds it from below, so
// parts are taken in the order of those bounds, and the rest is left as soon as its bound is no better than the best
// answer. It returns nil where no part has a point.
func (s *search) minimise(ctx context.Context, parts []*program, prepare func(*program) (*lp.Model, lp.RowID)) (*answered, error) {
	candidates, err := s.relax(ctx, parts, prepare)
	if err != nil {
		return nil, err
	}
	sort.SliceStable(candidates, func(i, j int) bool { return candidates[i].relaxed < candidates[j].relaxed })
	var best *answered
	bound, proven := math.Inf(1), true
	for i := range candidates {
		c := &candidates[i]
		if best != nil && c.relaxed >= best.solution.Objective-lp.DefaultAbsoluteGap {
			bound = min(bound, c.relaxed)
			break
		}
		model := c.model
		if best != nil {
			model = withCutoff(model, best.solution.Objective)
		}
		solution, err := s.in.solve(ctx, model)
		if err != nil {
			return nil, err
		}
		if best == nil || solution.HasPoint() {
			bound = min(bound, solution.Bound)
		}
		proven = proven && solution.Proven()
		if solution.HasPoint() && (best == nil || solution.Objective < best.solution.Objective-lp.DefaultAbsoluteGap) {
			c.solution = solution
			best = &c.answered
		}
	}
	if best == nil {
		if !proven {
			return nil, ErrUnsolved
		}
		return nil, nil
	}
	best.bound, best.proven = min(bound, best.solution.Objective), proven
	return best, nil
}

// candidate is a part with the value of its relaxation.
type candidate struct {
	answered
	relaxed float64
}

// relaxers is how many relaxations are solved side by side; the solver makes more wait.
const relaxers = 4

// relax solves the relaxation of every part, several at a time, and returns the parts that have one.
func (s *search) relax(ctx context.Context, parts []*program, prepare func(*program) (*lp.Model, lp.RowID)) ([]candidate, error) {
	all, errs := make([]*candidate, len(parts)), make([]error, len(parts))
	slots := make(chan struct{}, relaxers)
	var group sync.WaitGroup
	for i, p := range parts {
		group.Add(1)
		go func() {
			defer group.Done()
			slots <- struct{}{}
			defer func() { <-slots }()
			model, held := prepare(p)
			relaxed, err := s.in.solve(ctx, model.Relaxed())
			errs[i] = err
			if err == nil && relaxed.HasPoint() {
				all[i] = &candidate{answered{program: p, model: model, held: held}, relaxed.Objective}
			}
		}()
	}
	group.Wait()
	var candidates []candidate
	for _, c := range all {
		if c != nil {
			candidates = append(candidates, *c)
		}
	}
	return candidates, errors.Join(errs...)
}

// withCutoff asks for a better objective than one that is known, which spares a solver most of the proof that there is
// none.
func withCutoff(model *lp.Model, known float64) *lp.Model {
	limited := model.Clone()
	row := lp.Expression{Constant: model.Offset}
	for i := range model.NumColumns() {
		if cost := model.Column(lp.ColumnID(i)).Cost; cost != 0 {
			row.Add(lp.ColumnID(i), cost)
		}
	}
	limited.AddAtMost("cutoff", row, known)
	return limited
}

// longestLife maximises Σ principal × time / Σ principal. The quotient is approached from below by Dinkelbach's method:
// with λ the life reached so far, maximise Σ principal × (time − λ), and stop when nothing above zero is left. To borrow
// more than is needed for the sake of a longer average is no plan, so no more is drawn than the least-cost plan draws.
func (s *search) longestLife(ctx context.Context, parts []*program, cost func(*program) *lp.Model) (*answered, error) {
	cheapest, err := s.minimise(ctx, parts, func(p *program) (*lp.Model, lp.RowID) { return cost(p), -1 })
	if err != nil || cheapest == nil {
		return nil, err
	}
	most := cheapest.program.debtDrawn().Value(cheapest.solution.Values)*(1+stageSlack) + cheapest.program.margins.cash
	reached := cheapest.life()
	for range 8 {
		longer, err := s.minimise(ctx, parts, func(p *program) (*lp.Model, lp.RowID) {
			stage := p.model.Clone()
			stage.ClearCosts()
			life, principal := p.principalLife()
			stage.AddCost(life, -1)
			stage.AddCost(principal, reached)
			stage.AddAtMost("drawn.held", p.debtDrawn(), most)
			return stage, -1
		})
		if err != nil {
			return nil, err
		}
		if longer == nil || longer.life() <= reached*(1+1e-9) {
			break
		}
		reached = longer.life()
	}
	return s.minimise(ctx, parts, func(p *program) (*lp.Model, lp.RowID) {
		held := cost(p)
		held.AddAtMost("drawn.held", p.debtDrawn(), most)
		row, principal := p.principalLife()
		row.AddScaled(principal, -reached*(1-stageSlack))
		negative := lp.Expression{}
		negative.AddScaled(row, -1)
		return held, held.AddAtMost("held", negative, 0)
	})
}

// life is the average life of the debt of an answer, in quarters from the requirement's start; 0 without debt.
func (a *answered) life() float64 {
	life, principal := a.program.principalLife()
	return quotient(life, principal, a.solution.Values)
}

// keepsLife reports whether a solution keeps the tenor match.
func (p *program) keepsLife(solution *lp.Solution) bool {
	first, end := math.MaxInt, -1
	for q, amount := range p.existing {
		if amount != 0 {
			end = q
		}
	}
	for _, o := range p.options {
		if o.tenor > 0 && solution.IsOne(o.columns.use) {
			first, end = min(first, o.firstDue), max(end, o.lastService)
		}
	}
	if first == math.MaxInt {
		return true
	}
	available, ok := p.lifeOfCFADS(first, end)
	life, principal := p.principalLife()
	return !ok || quotient(life, principal, solution.Values) <= available-p.margins.life
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
