package stress

import (
	"slices"

	"zutuan/internal/cashflow"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/plan"
	"zutuan/internal/quarter"
)

// Source is a line of the plan with the terms that it was scheduled on, so that it can be drawn and repaid anew.
type Source struct {
	Line plan.Line
	// Terms are those of the line; draws and commitment are taken from the line. Start, where it is given, is a signing
	// before which nothing can be drawn; without it the line is opened earlier where the stressed need comes earlier. Its
	// calendar stays in either case: the last day to draw and the days of its instalments.
	Terms loan.Terms
	// Currency is empty for the home currency.
	Currency string
	// RateFixed keeps a rise of rates away from the line: its rate is agreed already.
	RateFixed bool
}

// Lines returns the lines as planned.
func Lines(sources []Source) []plan.Line {
	lines := make([]plan.Line, len(sources))
	for i := range sources {
		lines[i] = sources[i].Line
	}
	return lines
}

// drawing finds the draws of the committed lines under a stress. README.md, "Draws", says by which rules.
type drawing struct {
	factors   *Factors
	statement *cashflow.Result
	start     quarter.Quarter
	minimum   money.Amount
	// cash is what closes each quarter without any line that is repaid.
	cash []money.Amount
	// target is the cash that the plan itself holds in the quarters in which it draws, and nothing elsewhere.
	target []money.Amount
	// plan is the cash of the plan as it was made, nil where it is not compared.
	plan []money.Amount
	// needEnd is the last quarter with investment or with a need before debt; nothing is borrowed for later ones.
	needEnd int
	lines   []*drawnLine
}

// drawnLine is a line while its draws are being found, by quarter index.
type drawnLine struct {
	source *Source
	terms  loan.Terms
	// opens and ends are the first and the last quarter in which the plan's line can be drawn.
	opens, ends int
	planned     []money.Amount
	draws       []money.Amount
	left        money.Amount
	changed     bool
	schedule    *loan.Schedule
}

// drawRounds bounds how often the draws are enlarged by what they cost themselves. Each round adds about a quarter's rate
// of what the round before added; more where money is drawn years ahead and in part repaid before it is needed.
const drawRounds = 64

// newDrawing prepares the lines. closing is the cash of the plan as it was made, nil to hold none but the minimum.
func newDrawing(f *Factors, requirement *funding.Requirement, statement *cashflow.Result, sources []Source, closing []money.Amount) *drawing {
	d := &drawing{factors: f, statement: statement, start: statement.Start, minimum: requirement.MinimumCash, plan: closing,
		cash: make([]money.Amount, statement.Quarters), target: make([]money.Amount, statement.Quarters)}
	balance := requirement.OpeningCash
	for q := range d.cash {
		balance += statement.Net[q] + statement.Capital[q] + statement.Grants[q] - statement.ExistingDebtService[q]
		d.cash[q], d.target[q] = balance, requirement.MinimumCash
		if statement.Invest[q] > 0 || statement.Draw[q] > 0 {
			d.needEnd = q
		}
	}
	if f.Shut.Holds(d.needEnd) {
		// What could not be drawn while the market was shut is drawn when it opens.
		d.needEnd = min(f.Shut.From+f.Shut.Quarters, len(d.cash)-1)
	}
	for i := range sources {
		line := &sources[i].Line
		if line.Schedule == nil {
			for _, draw := range line.Draws {
				addFrom(d.cash, draw.Quarter.Since(d.start), draw.Amount)
			}
			continue
		}
		d.lines = append(d.lines, d.open(&sources[i]))
	}
	for _, line := range d.lines {
		for q, amount := range line.planned {
			if amount > 0 && q < len(closing) {
				d.target[q] = max(d.minimum, closing[q])
			}
		}
	}
	return d
}

func addFrom(cash []money.Amount, from int, amount money.Amount) {
	for q := max(from, 0); q < len(cash); q++ {
		cash[q] += amount
	}
}

// Fixed returns the terms as the contract fixes them: commitment and availability said, and a sculpted line in the shares
// in which it was to be repaid.
func (s *Source) Fixed() loan.Terms {
	terms := s.Terms
	if terms.Profile == loan.ProfileSculpted {
		terms.Profile, terms.Custom = loan.ProfileCustom, shares(s.Line.Schedule, &terms)
	}
	terms.Commitment = s.Line.Commitment
	if terms.Availability == 0 {
		terms.Availability = max(terms.Grace, 1)
	}
	return terms
}

// open makes a line ready to be drawn.
func (d *drawing) open(source *Source) *drawnLine {
	terms, schedule := source.Fixed(), source.Line.Schedule
	if !source.RateFixed && !d.factors.Rate.IsZero() {
		terms.Rate = raised(terms.Rate, d.factors.Rate)
		terms.Changes = slices.Clone(terms.Changes)
		for i := range terms.Changes {
			terms.Changes[i].Rate = raised(terms.Changes[i].Rate, d.factors.Rate)
		}
	}
	opens := schedule.Start.Since(d.start)
	line := &drawnLine{source: source, terms: terms, opens: opens, ends: min(opens+terms.Availability, len(d.cash)) - 1,
		planned: make([]money.Amount, len(d.cash)), draws: make([]money.Amount, len(d.cash)), left: terms.Commitment}
	for i := range schedule.Rows {
		if q := schedule.Rows[i].Quarter.Since(d.start); q >= 0 && q < len(line.planned) {
			line.planned[q] = schedule.Rows[i].Draw
		}
	}
	return line
}

// find returns the lines of the plan with their new draws, in the order of the plan, without those that are not drawn.
func (d *drawing) find(sources []Source) ([]plan.Line, error) {
	holds, err := d.holdsAsPlanned()
	if err != nil {
		return nil, err
	}
	for range drawRounds {
		if holds {
			break
		}
		if !d.round() {
			break
		}
		for _, line := range d.lines {
			if line.changed {
				if err := d.schedule(line); err != nil {
					return nil, err
				}
			}
		}
	}
	var lines []plan.Line
	next := 0
	for i := range sources {
		line := sources[i].Line
		if line.Schedule != nil {
			drawn := d.lines[next]
			next++
			if drawn.schedule == nil {
				continue
			}
			line.Schedule, line.Rate = drawn.schedule, drawn.terms.Rate
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// holdsAsPlanned tries the draws of the plan and keeps them where cash comes out as planned, and suffices, as long as
// anything is built; otherwise it starts again with nothing drawn.
func (d *drawing) holdsAsPlanned() (bool, error) {
	if d.plan == nil {
		return false, nil
	}
	last := d.needEnd
	for _, line := range d.lines {
		copy(line.draws, line.planned)
		if err := d.schedule(line); err != nil {
			return false, err
		}
		for q, draw := range line.planned {
			if draw > 0 {
				last = max(last, q)
				if d.factors.Shut.Holds(q) {
					last = len(d.plan) // the comparison below cannot hold
				}
			}
		}
	}
	closing := d.closing()
	short := func(cash money.Amount) bool { return cash < d.minimum }
	if last < len(d.plan) && slices.Equal(closing[:last+1], d.plan[:last+1]) && !slices.ContainsFunc(closing[:d.needEnd+1], short) {
		return true, nil
	}
	for _, line := range d.lines {
		clear(line.draws)
		line.schedule = nil
	}
	return false, nil
}

// round raises the draws by what is missing with the present ones, and reports whether anything was.
func (d *drawing) round() bool {
	closing := d.closing()
	moved := make([]money.Amount, len(closing))
	added, any := money.Amount(0), false
	for q := range closing {
		added += moved[q]
		before := added
		if gap := d.target[q] - closing[q] - added; gap > 0 {
			added += d.asPlanned(q, gap)
		}
		if gap := d.minimum - closing[q] - added; gap > 0 && q <= d.needEnd {
			added += d.beyondPlan(q, gap, moved)
		}
		any = any || added != before
	}
	return any
}

// asPlanned draws up to what the plan itself draws in a quarter.
func (d *drawing) asPlanned(q int, gap money.Amount) money.Amount {
	taken := money.Amount(0)
	for _, line := range d.lines {
		if room := line.planned[q] - line.draws[q]; room > 0 && !d.factors.Shut.Holds(q) {
			taken += d.take(line, q, min(room, line.left), gap-taken)
		}
	}
	return taken
}

// beyondPlan draws what the plan does not: from the lines that are open in the quarter; then from those that open later,
// which are opened earlier; then, ahead of the need, in the last quarter of those that have ended; and last by bringing
// later draws of an open line forward, because the earlier need comes first. moved takes note of what is brought forward.
func (d *drawing) beyondPlan(q int, gap money.Amount, moved []money.Amount) money.Amount {
	taken := money.Amount(0)
	for _, line := range d.lines {
		if line.opens <= q && q <= line.ends && !d.factors.Shut.Holds(q) {
			taken += d.take(line, q, line.left, gap-taken)
		}
	}
	for _, line := range d.lines {
		if line.canOpenBy(q) && !d.factors.Shut.Holds(q) {
			taken += d.take(line, q, line.left, gap-taken)
		}
	}
	for _, line := range d.lines {
		at := min(line.ends, q-1)
		for at >= 0 && d.factors.Shut.Holds(at) {
			at--
		}
		if line.ends < q && at >= max(line.opens, 0) {
			taken += d.take(line, at, line.left, gap-taken)
		}
	}
	for _, line := range d.lines {
		if (line.opens <= q && q <= line.ends || line.canOpenBy(q)) && !d.factors.Shut.Holds(q) {
			taken += d.forward(line, q, gap-taken, moved)
		}
	}
	return taken
}

// canOpenBy reports whether a line that the plan opens later can be opened in a quarter: its signing is not fixed.
func (l *drawnLine) canOpenBy(q int) bool {
	return q < l.opens && l.source.Terms.Start == 0 && l.terms.Tenor+l.opens-q <= funding.MaxQuarters
}

// take draws at most room for a gap and returns what that brings in home currency.
func (d *drawing) take(line *drawnLine, q int, room, gap money.Amount) money.Amount {
	if gap <= 0 || room <= 0 {
		return 0
	}
	amount := min(d.homeward(gap, q, line.source.Currency != ""), room)
	line.draws[q] += amount
	line.left -= amount
	line.changed = true
	if line.source.Currency != "" && d.revalued(q) {
		return d.worth(amount)
	}
	return amount
}

// forward brings the latest draws of a line forward to a quarter.
func (d *drawing) forward(line *drawnLine, q int, gap money.Amount, moved []money.Amount) money.Amount {
	taken := money.Amount(0)
	for later := len(line.draws) - 1; later > q && taken < gap; later-- {
		amount := min(line.draws[later], gap-taken)
		if amount <= 0 {
			continue
		}
		line.draws[later] -= amount
		line.draws[q] += amount
		line.changed = true
		taken += amount
		moved[later] -= amount
	}
	return taken
}

// closing returns the cash with the draws of the present round.
func (d *drawing) closing() []money.Amount {
	closing := slices.Clone(d.cash)
	for _, line := range d.lines {
		if line.schedule == nil {
			continue
		}
		effect := money.Amount(0)
		first := line.schedule.Start.Since(d.start)
		for q := range closing {
			if t := q - first; t >= 0 && t < len(line.schedule.Rows) {
				row := &line.schedule.Rows[t]
				effect += row.Draw - row.Service() - row.Upfront
			}
			closing[q] += effect
		}
	}
	return closing
}

// schedule draws up a line's schedule with its present draws. A line that is opened earlier keeps its calendar: tenor,
// grace and availability count from the earlier quarter.
func (d *drawing) schedule(line *drawnLine) error {
	line.changed, line.schedule = false, nil
	terms := line.terms
	terms.Draws = nil
	for q, amount := range line.draws {
		if amount > 0 {
			terms.Draws = append(terms.Draws, loan.Draw{Quarter: d.start.Add(q), Amount: amount})
		}
	}
	if len(terms.Draws) == 0 {
		return nil
	}
	terms.Start = line.source.Line.Schedule.Start
	if earlier := terms.Start.Since(terms.Draws[0].Quarter); earlier > 0 {
		terms.Start = terms.Draws[0].Quarter
		terms.Tenor, terms.Grace, terms.Availability = terms.Tenor+earlier, terms.Grace+earlier, terms.Availability+earlier
	}
	schedule := line.source.Line.Schedule
	if !asPlanned(line.source, &terms) {
		var err error
		if schedule, err = loan.Build(terms, nil); err != nil {
			return err
		}
	}
	if line.source.Currency != "" {
		schedule = revalue(schedule, d.factors, d.start)
	}
	line.schedule = schedule
	return nil
}

// raised bounds a raised rate at 100 %, beyond which no schedule is drawn up.
func raised(rate, by money.Decimal) money.Decimal {
	if rate = rate.Add(by); rate.GreaterThan(money.One) {
		return money.One
	}
	return rate
}

// shares returns the shares of the instalments of a schedule, adding to exactly one.
func shares(schedule *loan.Schedule, terms *loan.Terms) []money.Decimal {
	out, left := make([]money.Decimal, terms.Instalments()), money.One
	interval := max(terms.Interval, 1)
	for k := range out {
		principal := money.Amount(0)
		for t := terms.Grace + k*interval; t < terms.Grace+(k+1)*interval && t < len(schedule.Rows); t++ {
			principal += schedule.Rows[t].Principal
		}
		if schedule.TotalPrincipal > 0 {
			out[k] = principal.Decimal().DivRound(schedule.TotalPrincipal.Decimal(), sizeDecimals)
		}
		if k == len(out)-1 || out[k].GreaterThan(left) {
			out[k] = left
		}
		left = left.Sub(out[k])
	}
	return out
}

// homeward returns what has to be drawn, at the plan's exchange rate, for a gap in home currency.
func (d *drawing) homeward(gap money.Amount, at int, foreign bool) money.Amount {
	if !foreign || !d.revalued(at) {
		return gap
	}
	draw := money.Share(gap, money.One.Sub(d.factors.Exchange.Depreciation))
	if d.worth(draw) < gap {
		draw++
	}
	return draw
}

// asPlanned reports whether the draws and rates are those of the plan, whose schedule then holds to the fen.
func asPlanned(source *Source, terms *loan.Terms) bool {
	planned := source.Line.Schedule
	if terms.Start != planned.Start || !terms.Rate.Equal(source.Terms.Rate) {
		return false
	}
	next := 0
	for i := range planned.Rows {
		row := &planned.Rows[i]
		if row.Draw == 0 {
			continue
		}
		if next >= len(terms.Draws) || terms.Draws[next].Quarter != row.Quarter || terms.Draws[next].Amount != row.Draw {
			return false
		}
		next++
	}
	return next == len(terms.Draws)
}

func (d *drawing) revalued(q int) bool {
	return !d.factors.Exchange.Depreciation.IsZero() && q >= d.factors.Exchange.From
}

// worth returns what a foreign amount costs in home currency after the fall.
func (d *drawing) worth(amount money.Amount) money.Amount {
	return worth(amount, d.factors.Exchange.Depreciation)
}

func worth(amount money.Amount, depreciation money.Decimal) money.Amount {
	kept, _ := money.PerTrillion(money.One.Sub(depreciation))
	return money.MulDiv(amount, trillion, kept)
}

const trillion = 1_000_000_000_000

// revalue returns a schedule in home currency: every amount from the fall on costs 1/(1−depreciation) times as much.
func revalue(schedule *loan.Schedule, f *Factors, start quarter.Quarter) *loan.Schedule {
	if f.Exchange.Depreciation.IsZero() {
		return schedule
	}
	out := *schedule
	out.Rows = slices.Clone(schedule.Rows)
	out.TotalInterest, out.TotalFees, out.TotalPrincipal = 0, 0, 0
	for i := range out.Rows {
		row := &out.Rows[i]
		if row.Quarter.Since(start) >= f.Exchange.From {
			for _, amount := range []*money.Amount{&row.Opening, &row.Draw, &row.Interest, &row.Capitalized, &row.Principal, &row.Fees, &row.Upfront, &row.Closing} {
				*amount = worth(*amount, f.Exchange.Depreciation)
			}
		}
		out.TotalInterest += row.Interest
		out.TotalFees += row.Fees
		out.TotalPrincipal += row.Principal
	}
	return &out
}
