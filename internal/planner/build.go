package planner

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sort"
	"strings"

	"zutuan/internal/cashflow"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/lp"
	"zutuan/internal/money"
	"zutuan/internal/plan"
)

// Built is a plan with its proof, or the proof that there is none with what would make one.
type Built struct {
	Objective Objective
	// Feasible false: no plan keeps every limit; Relaxations say what would have to change.
	Feasible bool
	Lines    []plan.Line
	// Statement reaches as far as the lines need.
	Statement  *cashflow.Result
	Evaluation *plan.Evaluation
	// Constraints are judged exactly, every one of them.
	Constraints []Constraint
	Cost        Cost
	// Bound is proven: no plan within the limits costs less (in yuan, rounded to the fen). It belongs to the cost of the
	// objective's last stage, so other objectives compare with plans that are as good in what they ask for first. Gap is
	// the program's, (optimum found − bound) / optimum found to 6 decimals: 0 when it is proven optimal. Rounding is what
	// whole steps, whole fen and the margins for them add to the program's optimum. Proven says that the search was not
	// cut short.
	Optimum  money.Amount
	Bound    money.Amount
	Gap      money.Decimal
	Rounding money.Amount
	Proven   bool
	// Prices are the limits that bind and what one more unit of each would save.
	Prices      []Price
	Frontier    []FrontierPoint
	Relaxations []Relaxation
	// Conflict names the limits that exclude one another, where there is no plan.
	Conflict []string
	// Signings are the quarters considered for signing, counted from the requirement's start.
	Signings []int
	// Repairs counts how often the exact judgement sent the program back with wider margins.
	Repairs int
	Program ProgramSize
}

// ProgramSize says how large the program was.
type ProgramSize struct {
	Columns  int `json:"columns"`
	Rows     int `json:"rows"`
	Integers int `json:"integers"`
	Nonzeros int `json:"nonzeros"`
}

// Errors of Build. Bad input is a document.Problems.
var (
	// ErrNotReproduced: the exact judgement kept finding a limit broken although the program was sent back with margins.
	ErrNotReproduced = errors.New("the exact computation breaks a limit that the program keeps")
	// ErrUnsolved: the search ended at its limit without any plan.
	ErrUnsolved = errors.New("the search ended without a plan; raise the number of nodes")
)

// errNoSteps: no commitments of whole steps keep the limits in this part of the program.
var errNoSteps = errors.New("no commitments of whole steps keep the limits")

// maxRepairs bounds how often a program is sent back; each time margins are four times as wide, so the last are a
// thousand times those that rounding can need.
const maxRepairs = 6

// search is one question on its way to an answer.
type search struct {
	in        *Input
	statement *cashflow.Result
	signings  []int
	// life is set once a plan has been found to break the tenor match, which few come near; paced once whole steps have
	// been found to break the pace of capital.
	life, paced bool
	// steps is set once the decisions of the best plan have been found to have no commitments of whole steps: the number
	// of steps is then part of the program.
	steps bool
}

func newSearch(in *Input) (*search, error) {
	statement, err := in.Simulate(funding.MaxQuarters)
	if err != nil {
		return nil, err
	}
	s := &search{in: in, statement: statement}
	s.signings = signingQuarters(statement, in.SigningEvery)
	return s, nil
}

// signingQuarters are the quarters in which an offer may be signed: the first of each stretch of need, since what starts
// later is financed when it starts, and every few quarters within a long stretch. One quarter without need does not end
// a stretch.
func signingQuarters(statement *cashflow.Result, every int) []int {
	if every == 0 {
		every = DefaultSigningEvery
	}
	var list []int
	needed, signed := -1, -1
	for q := 0; q < statement.Horizon; q++ {
		if statement.Draw[q] <= 0 {
			continue
		}
		if signed < 0 || every > 0 && (q-needed > 2 || q-signed >= every) {
			list, signed = append(list, q), q
		}
		needed = q
	}
	if len(list) == 0 {
		return []int{0}
	}
	return list
}

// Build answers with the best plan, or with what would have to change. Errors: document.Problems for bad input,
// ErrUnsolved, ErrNotReproduced, those of the solver and of the simulation.
func Build(ctx context.Context, in Input) (*Built, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	s, err := newSearch(&in)
	if err != nil {
		return nil, err
	}
	built, err := s.build(ctx)
	if err != nil {
		return nil, err
	}
	if !built.Feasible && in.Relax {
		if built.Relaxations, err = s.relaxations(ctx); err != nil {
			return nil, err
		}
	}
	if built.Feasible && in.Frontier {
		if built.Frontier, err = s.frontier(ctx); err != nil {
			return nil, err
		}
	}
	return built, nil
}

// build solves, rounds, judges, and goes back with wider margins while the judgement finds something broken.
func (s *search) build(ctx context.Context) (*Built, error) {
	built := &Built{Objective: s.in.Objective, Signings: s.signings}
	m, worst := firstMargins(), Constraint{}
	for ; built.Repairs <= maxRepairs; built.Repairs++ {
		answer, err := s.best(ctx, m)
		if err != nil {
			return nil, err
		}
		if answer == nil {
			if worst.ID != "" {
				return nil, fmt.Errorf("%w: %s", ErrNotReproduced, worst.Name.EN)
			}
			return built, s.conflict(ctx, built, m)
		}
		lines, err := s.lines(ctx, answer)
		if errors.Is(err, errNoSteps) && !s.steps {
			s.steps = true
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := s.judge(built, lines); err != nil {
			return nil, err
		}
		broken := Broken(built.Constraints)
		if len(broken) == 0 {
			built.Feasible = true
			return built, s.prove(ctx, built, answer)
		}
		worst, m = broken[0], m.times(4)
		for i := range broken {
			s.life = s.life || broken[i].ID == ConstraintTenorMatch
			s.paced = s.paced || broken[i].ID == ConstraintProRata
		}
	}
	return nil, fmt.Errorf("%w: %s", ErrNotReproduced, worst.Name.EN)
}

// judge evaluates lines exactly and lists every constraint.
func (s *search) judge(built *Built, lines []plan.Line) error {
	statement, err := s.in.Simulate(plan.Quarters(s.in.Requirement, lines, s.in.Existing))
	if err != nil {
		return err
	}
	built.Lines, built.Statement = lines, statement
	input := plan.Input{Requirement: s.in.Requirement, Statement: statement, Lines: lines, Existing: s.in.Existing}
	built.Evaluation = plan.Evaluate(input)
	built.Constraints = Check(input, built.Evaluation, &s.in.Limits, s.in.Sources)
	built.Cost = CostOf(s.in.Requirement, lines)
	return nil
}

// prove states the bound, the gap and the prices.
func (s *search) prove(ctx context.Context, built *Built, a *answered) error {
	built.Bound, built.Proven = fen(a.bound), a.proven
	built.Gap = decimalOf(lp.RelativeGap(a.solution.Objective, a.bound), money.RatioDecimals)
	built.Optimum = fen(a.solution.Objective)
	built.Rounding = built.Cost.Total - built.Optimum
	built.Program = sizeOf(a.model)
	var err error
	built.Prices, err = s.prices(ctx, a)
	return err
}

// lines rounds a solution: commitments up to whole steps and what is left solved again, draws to the fen.
func (s *search) lines(ctx context.Context, a *answered) ([]plan.Line, error) {
	rounded, err := s.wholeSteps(ctx, a)
	if err != nil {
		return nil, err
	}
	var lines []plan.Line
	for _, o := range a.program.options {
		if rounded.Value(o.columns.use) < 0.5 {
			continue
		}
		line, err := s.line(o, rounded)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.source.Line.ID, err)
		}
		if line != nil {
			lines = append(lines, *line)
		}
	}
	return lines, nil
}

// wholeSteps holds the decisions, rounds every commitment up to whole steps and solves what is left. Where that breaks a
// limit, the steps are left to the solver. What an earlier stage of the objective has reached gives way by as little as
// the steps ask for.
func (s *search) wholeSteps(ctx context.Context, a *answered) (*lp.Solution, error) {
	var rounded *lp.Solution
	var err error
	for _, slack := range []float64{0, 1e-5, 1e-4, 1e-3, 1e-2} {
		held := a.model.FixIntegers(a.solution.Values)
		if a.held >= 0 {
			row := held.Row(a.held)
			held.SetRowBounds(a.held, row.Lower, row.Upper+slack*math.Abs(row.Upper)+slack)
		}
		if rounded, err = s.roundedHolding(ctx, a, held); err == nil || !errors.Is(err, errNoSteps) || a.held < 0 {
			break
		}
	}
	return rounded, err
}

// roundedHolding is wholeSteps for one model with its decisions held.
func (s *search) roundedHolding(ctx context.Context, a *answered, held *lp.Model) (*lp.Solution, error) {
	used := []*option{}
	for _, o := range a.program.options {
		if a.solution.IsOne(o.columns.use) {
			used = append(used, o)
		}
	}
	all := held.Clone()
	for _, o := range used {
		all.Fix(o.columns.commitment, o.rounded(o.drawn(a.solution)))
	}
	solution, err := s.in.solve(ctx, all)
	if err != nil || solution.HasPoint() {
		return solution, err
	}
	return s.integerSteps(ctx, a, held, used)
}

// integerSteps leaves the number of steps of each commitment to the solver, the decisions held.
func (s *search) integerSteps(ctx context.Context, a *answered, held *lp.Model, used []*option) (*lp.Solution, error) {
	stepped := held.Clone()
	for _, o := range used {
		o.addSteps(stepped)
	}
	solution, err := s.in.solve(ctx, stepped)
	if err != nil {
		return nil, err
	}
	if !solution.HasPoint() {
		return nil, fmt.Errorf("%w: %s", errNoSteps, solution.Status)
	}
	return solution, nil
}

// addSteps makes the commitment a whole number of steps.
func (o *option) addSteps(model *lp.Model) {
	if _, known := model.FindColumn(o.name("steps", -1)); known || o.step < leastStep {
		return
	}
	count := model.AddInteger(o.name("steps", -1), 0, math.Floor(o.largest/o.step+0.5), 0)
	row := lp.Sum(o.columns.commitment)
	row.Add(count, -o.step)
	model.AddEqual(o.name("steps", -1), row, 0)
}

// leastStep is the smallest step, in 万元, that is worth a whole number: smaller ones are rounded like draws.
const leastStep = 0.01

// drawn is Σ draws of an option in a solution, 万元.
func (o *option) drawn(solution *lp.Solution) float64 {
	sum := 0.0
	for _, column := range o.columns.draws {
		sum += solution.Value(column)
	}
	return sum
}

// rounded returns a commitment of whole steps within the bounds, upwards. What is within a hundredth of a fen of a whole
// step counts as that step.
func (o *option) rounded(drawn float64) float64 {
	const noise = 1e-8
	steps := math.Ceil((drawn - noise) / o.step)
	return min(max(steps*o.step, o.smallest), max(o.largest, o.smallest))
}

// line turns one option of a solution into a line of fen; nil where it draws nothing.
func (s *search) line(o *option, solution *lp.Solution) (*plan.Line, error) {
	line := o.source.Line
	line.Commitment = fenUp(solution.Value(o.columns.commitment))
	line.Draws = o.roundedDraws(solution, s.statement, line.Commitment)
	if len(line.Draws) == 0 {
		return nil, nil
	}
	if o.tenor == 0 {
		return &line, nil
	}
	terms := o.terms
	terms.Draws, terms.Commitment, terms.Availability = line.Draws, line.Commitment, o.available
	if o.free {
		terms.Profile, terms.Custom = loan.ProfileCustom, o.shares(solution)
	}
	schedule, err := loan.Build(terms, nil)
	if err != nil {
		return nil, err
	}
	line.Terms, line.Schedule, line.Draws = &terms, schedule, nil
	line.Rate, line.TenorQuarters, line.GraceQuarters = terms.Rate, terms.Tenor, terms.Grace
	return &line, nil
}

// roundedDraws rounds the running sum of the draws, so that no part of it is off by a fen and the whole never exceeds the
// commitment: down on the way and up at the end for what is paid back, the other way round for capital, so that capital
// stays ahead of debt.
func (o *option) roundedDraws(solution *lp.Solution, statement *cashflow.Result, commitment money.Amount) []loan.Draw {
	last := -1
	for i, column := range o.columns.draws {
		if solution.Value(column) > leastDraw {
			last = i
		}
	}
	var draws []loan.Draw
	sum, before := 0.0, money.Amount(0)
	for i := 0; i <= last; i++ {
		sum += max(solution.Value(o.columns.draws[i]), 0)
		upTo := fenDown(sum)
		if i == last || o.source.Line.IsCapital() && !o.source.Line.IsDebt() {
			upTo = fenUp(sum)
		}
		upTo = min(upTo, commitment)
		if upTo > before {
			draws = append(draws, loan.Draw{Quarter: statement.Start.Add(o.columns.firstDraw + i), Amount: upTo - before})
			before = upTo
		}
	}
	return draws
}

// leastDraw is what counts as a draw: half a fen, in 万元. Less is what a solver leaves over.
const leastDraw = 5e-7

// shares states free repayments as shares of the balance, twelve decimals, adding to exactly one.
func (o *option) shares(solution *lp.Solution) []money.Decimal {
	total := 0.0
	for _, column := range o.columns.repayments {
		total += max(solution.Value(column), 0)
	}
	shares, left := make([]money.Decimal, len(o.columns.repayments)), money.One
	for k, column := range o.columns.repayments {
		share := money.Zero
		if total > 0 {
			share = decimalOf(max(solution.Value(column), 0)/total, 12)
		}
		if k == len(shares)-1 || share.GreaterThan(left) {
			share = left
		}
		shares[k] = share
		left = left.Sub(share)
	}
	return shares
}

// conflict names limits that exclude one another in the program: the rows of an irreducible conflict in its relaxation,
// by constraint. Where only whole-number decisions conflict there is nothing to name.
func (s *search) conflict(ctx context.Context, built *Built, m margins) error {
	p := s.whole(m)
	built.Program = sizeOf(p.model)
	rows, columns, err := s.in.Solver.IIS(ctx, p.model.Relaxed())
	if err != nil {
		// The conflict is a help to the reader; that there is no plan is known without it.
		return ctx.Err()
	}
	built.Conflict = conflictNames(append(rows, columns...))
	return nil
}

// conflictNames turns the names of rows and columns into the ids of constraints, each once.
func conflictNames(names []string) []string {
	byPrefix := []struct{ prefix, id string }{
		{"cash", ConstraintCash}, {"size.max", ConstraintSizeMax}, {"size.min", ConstraintSizeMin}, {"dscr", ConstraintDSCR}, {"capital.ratio", ConstraintCapital},
		{"capital.quasi", ConstraintQuasiEquity}, {"pace", ConstraintProRata}, {"share", ConstraintShare}, {"lender.room", ConstraintLender},
		{"headroom", ConstraintHeadroom}, {"life", ConstraintTenorMatch}, {"lenders", ConstraintLenders},
	}
	seen := map[string]bool{}
	for _, name := range names {
		for _, known := range byPrefix {
			if strings.HasPrefix(name, known.prefix) {
				seen[known.id] = true
			}
		}
	}
	list := make([]string, 0, len(seen))
	for id := range seen {
		list = append(list, id)
	}
	sort.Strings(list)
	return list
}

func sizeOf(model *lp.Model) ProgramSize {
	return ProgramSize{model.NumColumns(), model.NumRows(), model.NumIntegers(), model.NumTerms()}
}

// Program returns the whole program of a case as one model, the quarter in which loan years begin and the tenor match
// included, for a solver outside to check: its least cost is what Build finds part by part. Sources that bring further
// capital leave the pace of capital out of it (see pace).
func Program(in Input) (*lp.Model, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	s, err := newSearch(&in)
	if err != nil {
		return nil, err
	}
	return s.whole(firstMargins()).model, nil
}

func (s *search) whole(m margins) *program {
	as := s.shape(m)
	as.first, as.life = anyFirst, true
	if s.in.Limits.CapitalProRata && !s.in.furtherCapital() {
		as.pace.kind = paceOwn
	}
	return newProgram(&s.in.Case, s.statement, s.signings, as)
}
