package stress

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"

	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/risk"
)

// Axis is one of the three directions in which a reverse stress pushes.
type Axis string

// The axes: the fall of land revenue, the delay of income and occupancy while the money is spent as planned, and the
// rise of rates.
const (
	AxisLand  Axis = "land_fall"
	AxisDelay Axis = "delay_quarters"
	AxisRate  Axis = "rate_rise"
)

var axes = []Axis{AxisLand, AxisDelay, AxisRate}

// Criterion is a way in which a plan breaks.
type Criterion string

// The criteria: the lowest DSCR falls below the limit; cash falls below the minimum in a quarter; a government rule turns
// red or stop that is not so without the stress.
const (
	BreaksDSCR   Criterion = "min_dscr"
	BreaksCash   Criterion = "cash"
	BreaksFiscal Criterion = "fiscal_red_line"
)

var criteria = []Criterion{BreaksDSCR, BreaksCash, BreaksFiscal}

// Grid is what a reverse stress tries: whole steps of each axis from 0 to its last.
type Grid struct {
	LandStep  money.Decimal
	LandSteps int
	// DelaySteps is the longest delay in quarters; its step is one quarter.
	DelaySteps int
	RateStep   money.Decimal
	RateSteps  int
	// RateStride is the number of rate steps between two points of a frontier.
	RateStride int
}

// DefaultGrid tries land in steps of 1 % to its whole loss, delays of up to five years, and rates in steps of ten basis
// points up to ten percentage points, of which a frontier shows each half point.
func DefaultGrid() Grid {
	return Grid{LandStep: decimal.New(1, -2), LandSteps: 100, DelaySteps: 20, RateStep: decimal.New(1, -3), RateSteps: 100, RateStride: 5}
}

func (g *Grid) steps(axis Axis) int {
	switch axis {
	case AxisLand:
		return g.LandSteps
	case AxisDelay:
		return g.DelaySteps
	}
	return g.RateSteps
}

func (g *Grid) size(axis Axis, steps int) string {
	switch axis {
	case AxisLand:
		return g.LandStep.Mul(decimal.NewFromInt(int64(steps))).String()
	case AxisDelay:
		return fmt.Sprint(steps)
	}
	return g.RateStep.Mul(decimal.NewFromInt(int64(steps))).String()
}

// point is a stress on the grid, in steps of each axis.
type point [3]int

func (g *Grid) factors(at point) Factors {
	var f Factors
	f.Fall[sourceIndex(funding.SourceLand)] = g.LandStep.Mul(decimal.NewFromInt(int64(at[0])))
	f.DelayRamp = at[1]
	f.Rate = g.RateStep.Mul(decimal.NewFromInt(int64(at[2])))
	return f
}

// ReverseAnswer is the smallest stress that breaks the plan. A break point breaks and one step less holds; both were
// computed.
type ReverseAnswer struct {
	Grid      GridAnswer     `json:"grid"`
	MinDSCR   loan.Measure   `json:"min_dscr_limit"`
	Base      PointAnswer    `json:"base"`
	Singles   []SingleAnswer `json:"singles"`
	Frontiers []Frontier     `json:"frontiers"`
	// Runs is how many stressed cases were computed.
	Runs  int            `json:"runs"`
	Notes []funding.Text `json:"notes"`
}

// GridAnswer states the grid.
type GridAnswer struct {
	LandStep   string `json:"land_step"`
	LandMax    string `json:"land_max"`
	DelayStep  int    `json:"delay_step_quarters"`
	DelayMax   int    `json:"delay_max_quarters"`
	RateStep   string `json:"rate_step"`
	RateMax    string `json:"rate_max"`
	RateStride string `json:"frontier_rate_step"`
}

// SingleAnswer is one axis against one criterion.
type SingleAnswer struct {
	Axis      Axis      `json:"axis"`
	Criterion Criterion `json:"criterion"`
	// Status is breaks, holds (nothing on the grid breaks it), already_broken (without any stress) or not_tried (no risk
	// assessment).
	Status string `json:"status"`
	// Breaks is the first size that breaks; Holds is one step less. Both are null unless Status is breaks.
	Breaks *PointAnswer `json:"breaks"`
	Holds  *PointAnswer `json:"holds"`
}

// PointAnswer is one stress and what it comes to.
type PointAnswer struct {
	LandFall         string       `json:"land_fall"`
	DelayQuarters    int          `json:"delay_quarters"`
	RateRise         string       `json:"rate_rise"`
	MinDSCR          loan.Measure `json:"min_dscr"`
	LargestShortfall money.Amount `json:"largest_shortfall"`
	// Flags are the government rules that are red or stop here and not without stress; null where nobody looked.
	Flags []string `json:"fiscal_flags"`
}

// Frontier is, for each size of one axis, the smallest size of the other with which a criterion breaks. Criteria that
// are broken without any stress have none. Points are in rising order of X; a missing X means that no size of Y on the
// grid breaks the plan there.
type Frontier struct {
	X         Axis            `json:"x"`
	Y         Axis            `json:"y"`
	Criterion Criterion       `json:"criterion"`
	Points    []FrontierPoint `json:"points"`
}

// FrontierPoint breaks the plan; with one step less of Y it holds (Y of 0: X alone breaks it).
type FrontierPoint struct {
	X string `json:"x"`
	Y string `json:"y"`
}

var reverseNotes = []funding.Text{
	{ZH: "在给定网格上用精确计算查找：延迟逐季试算，土地和利率二分查找并在其下均匀抽查，前沿逐点二分；所报的点会击穿，小一步则守住，两侧都已验算",
		EN: "found on the stated grid with the exact computation: delays quarter by quarter, land and rates by bisection with evenly spaced probes below, frontiers by bisection from one point to the next; the reported point breaks and one step less holds, both computed"},
	{ZH: "方案不一定随压力单调变差：单元推迟或不再启动时，更大的压力可能反而守住", EN: "a plan does not always get worse with more stress: where a unit starts later or no longer starts, a larger stress may hold again"},
	{ZH: "延迟指收入和入驻推迟而投资照常；土地下降同时作用于项目土地收入和区域土地出让收入", EN: "a delay puts off income and occupancy while investment goes on; a fall of land hits the project's land income and the region's land sales"},
}

// Reverse finds the smallest fall of land revenue, delay and rise of rates that breaks the plan, each alone and in
// pairs. The limit of DSCR is the requirement's own, or one where it has none. The error is that of Check or of a run.
func (c *Case) Reverse(grid Grid) (*ReverseAnswer, error) {
	return c.ReverseContext(context.Background(), grid)
}

// ReverseContext is Reverse until the context is done: it stops before the next point and returns the context's error.
func (c *Case) ReverseContext(ctx context.Context, grid Grid) (*ReverseAnswer, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	s := &search{ctx: ctx, kase: c, grid: grid, limit: money.One, seen: map[point]*outcome{}}
	if limit := c.Requirement.Limits.MinDSCR; limit != nil {
		s.limit = *limit
	}
	s.fiscal(point{}) // the base, first of all: later points are compared with it
	out := &ReverseAnswer{Grid: grid.answer(), MinDSCR: loan.Measure{Value: s.limit, Known: true}, Notes: reverseNotes, Singles: []SingleAnswer{}, Frontiers: []Frontier{}}
	for i := range axes {
		for _, criterion := range criteria {
			out.Singles = append(out.Singles, s.single(i, criterion))
		}
	}
	for _, pair := range [][2]int{{1, 0}, {2, 0}, {2, 1}} {
		for _, criterion := range criteria {
			if s.canBreak(criterion) {
				out.Frontiers = append(out.Frontiers, s.frontier(pair[0], pair[1], criterion))
			}
		}
	}
	if s.err != nil {
		return nil, s.err
	}
	out.Base, out.Runs = *s.answer(point{}), len(s.seen)
	return out, nil
}

func (g *Grid) answer() GridAnswer {
	return GridAnswer{LandStep: g.LandStep.String(), LandMax: g.size(AxisLand, g.LandSteps), DelayStep: 1, DelayMax: g.DelaySteps,
		RateStep: g.RateStep.String(), RateMax: g.size(AxisRate, g.RateSteps), RateStride: g.size(AxisRate, max(g.RateStride, 1))}
}

// search keeps what came of every point that was computed. The first error stops it.
type search struct {
	ctx   context.Context
	kase  *Case
	grid  Grid
	limit money.Decimal
	seen  map[point]*outcome
	err   error
	// base is the assessment without stress, nil where nobody assesses.
	base *risk.Assessment
}

// outcome is one computed point. The fiscal side, which costs more than all the rest, is worked out only when it is
// asked for; the chain is run again for it, because to keep them all would take too much memory.
type outcome struct {
	dscr       loan.Measure
	unfunded   money.Amount
	shortfalls int
	assessed   bool
	flags      []string
}

func (s *search) at(p point) *outcome {
	if found := s.seen[p]; found != nil || s.stopped() {
		return found
	}
	chain, err := s.kase.runPlan(s.grid.factors(p))
	if err != nil {
		s.fail(p, err)
		return nil
	}
	e := chain.Evaluation
	s.seen[p] = &outcome{dscr: e.Coverage.MinDSCR, unfunded: e.UnfundedGap, shortfalls: len(e.Coverage.Shortfalls)}
	return s.seen[p]
}

// stopped reports whether nothing more is to be computed, after an error or because nobody waits any longer.
func (s *search) stopped() bool {
	if s.err == nil {
		s.err = s.ctx.Err()
	}
	return s.err != nil
}

func (s *search) fail(p point, err error) {
	s.err = fmt.Errorf("land fall %s, delay %d, rate rise %s: %w", s.grid.size(AxisLand, p[0]), p[1], s.grid.size(AxisRate, p[2]), err)
}

// fiscal assesses a point, where the case can be assessed at all.
func (s *search) fiscal(p point) []string {
	o := s.at(p)
	if o == nil || o.assessed || s.kase.Assess == nil || s.stopped() {
		if o == nil {
			return nil
		}
		return o.flags
	}
	chain, err := s.kase.Run(s.grid.factors(p))
	if err != nil {
		s.fail(p, err)
		return nil
	}
	if s.base == nil {
		s.base = chain.Assessment
	}
	o.assessed, o.flags = true, newRedFlags(s.base, chain.Assessment)
	return o.flags
}

// newRedFlags names the government rules that are red or stop, and worse than before.
func newRedFlags(before, after *risk.Assessment) []string {
	flags, scope := []string{}, map[string]string{}
	for i := range after.Flags {
		scope[after.Flags[i].Pack+" "+after.Flags[i].Rule] = after.Flags[i].Scope
	}
	for _, flag := range worseFlags(before, after) {
		if scope[flag.Pack+" "+flag.Rule] == "government" && (flag.To == funding.LevelRed || flag.To == funding.LevelStop) && flag.From != funding.LevelRed {
			flags = append(flags, flag.Pack+"/"+flag.Rule)
		}
	}
	return flags
}

// breaks reports whether a point breaks a criterion; false, with the error kept, where it cannot be computed.
func (s *search) breaks(p point, criterion Criterion) bool {
	o := s.at(p)
	if o == nil {
		return false
	}
	switch criterion {
	case BreaksDSCR:
		return o.dscr.Known && o.dscr.Value.LessThan(s.limit)
	case BreaksCash:
		return o.shortfalls > 0
	}
	return len(s.fiscal(p)) > 0
}

// probes is how many points below a found one, and on an axis whose end holds, are tried besides the bisection;
// scanned is the longest axis that is tried step by step instead.
const (
	probes  = 8
	scanned = 24
)

// smallest returns the first step of an axis that breaks, 0 where none was found to; step 0 holds. A short axis is tried
// step by step. A long one is bisected, and again below any evenly spaced probe that breaks although a larger step holds.
func smallest(end int, breaks func(steps int) bool) int {
	if end <= scanned {
		for steps := 1; steps <= end; steps++ {
			if breaks(steps) {
				return steps
			}
		}
		return 0
	}
	broken := end
	if !breaks(end) {
		broken = probe(end, breaks)
	}
	for broken > 0 {
		holds := 0
		for broken-holds > 1 {
			if middle := (holds + broken) / 2; breaks(middle) {
				broken = middle
			} else {
				holds = middle
			}
		}
		lower := probe(broken, breaks)
		if lower == 0 {
			return broken
		}
		broken = lower
	}
	return 0
}

// probe returns the lowest of evenly spaced steps below one that breaks, 0 where none does.
func probe(below int, breaks func(steps int) bool) int {
	stride := max(below/(probes+1), 1)
	for steps := stride; steps < below; steps += stride {
		if breaks(steps) {
			return steps
		}
	}
	return 0
}

func (s *search) single(axis int, criterion Criterion) SingleAnswer {
	answer := SingleAnswer{Axis: axes[axis], Criterion: criterion, Status: "holds"}
	switch {
	case criterion == BreaksFiscal && s.kase.Assess == nil:
		answer.Status = "not_tried"
		return answer
	case s.breaks(point{}, criterion):
		answer.Status = "already_broken"
		return answer
	}
	at := func(steps int) (p point) {
		p[axis] = steps
		return p
	}
	if first := smallest(s.grid.steps(axes[axis]), func(steps int) bool { return s.breaks(at(steps), criterion) }); first > 0 {
		answer.Status, answer.Breaks, answer.Holds = "breaks", s.answer(at(first)), s.answer(at(first-1))
	}
	return answer
}

// frontier walks along x and finds the smallest y with which a criterion breaks. It ends with the first x that breaks
// alone.
func (s *search) frontier(x, y int, criterion Criterion) Frontier {
	out := Frontier{X: axes[x], Y: axes[y], Criterion: criterion, Points: []FrontierPoint{}}
	stride := 1
	if axes[x] == AxisRate {
		stride = max(s.grid.RateStride, 1)
	}
	before, end := 0, s.grid.steps(axes[y])
	for steps := 0; steps <= s.grid.steps(axes[x]) && s.err == nil; steps += stride {
		breaks := func(other int) bool {
			var p point
			p[x], p[y] = steps, other
			return s.breaks(p, criterion)
		}
		if breaks(0) {
			out.Points = append(out.Points, FrontierPoint{X: s.grid.size(axes[x], steps), Y: s.grid.size(axes[y], 0)})
			break
		}
		if before = nextOn(before, end, breaks); before > 0 {
			out.Points = append(out.Points, FrontierPoint{X: s.grid.size(axes[x], steps), Y: s.grid.size(axes[y], before)})
		}
	}
	return out
}

// nextOn returns a step that breaks while the one before it holds, searched from where the frontier was for the x before:
// the frontier moves little from one x to the next. 0 where the end holds. Step 0 holds.
func nextOn(before, end int, breaks func(steps int) bool) int {
	holds, broken := 0, end
	switch {
	case before > 0 && breaks(before):
		broken = before
		if !breaks(before - 1) {
			return before
		}
	case !breaks(end):
		return 0
	default:
		holds = before
	}
	for broken-holds > 1 {
		if middle := (holds + broken) / 2; breaks(middle) {
			broken = middle
		} else {
			holds = middle
		}
	}
	return broken
}

// canBreak reports whether a criterion holds without stress and can be looked at.
func (s *search) canBreak(criterion Criterion) bool {
	return (criterion != BreaksFiscal || s.kase.Assess != nil) && !s.breaks(point{}, criterion)
}

func (s *search) answer(p point) *PointAnswer {
	o := s.at(p)
	if o == nil {
		return nil
	}
	answer := &PointAnswer{LandFall: s.grid.size(AxisLand, p[0]), DelayQuarters: p[1], RateRise: s.grid.size(AxisRate, p[2]), MinDSCR: o.dscr, LargestShortfall: o.unfunded}
	if o.assessed {
		answer.Flags = o.flags
	}
	return answer
}
