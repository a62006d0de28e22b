package plan

import (
	"errors"

	"zutuan/internal/cashflow"
	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

// IndicativeLabel is shown with every plan that Indicative made.
var IndicativeLabel = funding.Text{ZH: "示意方案（未优化）", EN: "indicative plan (not optimized)"}

// Candidate is an offer that an indicative plan may take a part of: a line without its amounts, and the terms on which
// any part of it would be repaid.
type Candidate struct {
	Line Line
	// Terms are without draws and commitment; Start 0 lets the first draw sign it.
	Terms loan.Terms
	// Smallest, Largest and Step bound the commitment.
	Smallest money.Amount
	Largest  money.Amount
	Step     money.Amount
}

// IndicativeInput is what an indicative plan is made from.
type IndicativeInput struct {
	Requirement *funding.Requirement
	// Simulate draws up the statement over a number of quarters; it must be the same case for every length.
	Simulate func(quarters int) (*cashflow.Result, error)
	Existing []*loan.Schedule
	// Candidates are taken in this order, the best first; where capital is below MinimumCapital, those that count as
	// capital come before all others until it is reached.
	Candidates     []Candidate
	MinimumCapital money.Amount
	// QuasiEquityShareMax is the largest share of equity-type instruments in capital; QuasiEquityInCapital is what the
	// requirement's own capital already holds of them.
	QuasiEquityShareMax  money.Decimal
	QuasiEquityInCapital money.Amount
	// GeneralHeadroom and SpecialHeadroom are what the statutory limits leave; nil is unknown and bounds nothing.
	GeneralHeadroom *money.Amount
	SpecialHeadroom *money.Amount
}

// Indicative is a first plan: the candidates in order, each as much as it may and as the uncovered need asks for.
type Indicative struct {
	Lines []Line
	// Statement reaches as far as the lines need.
	Statement  *cashflow.Result
	Evaluation *Evaluation
	Label      funding.Text
	// Notes say why a candidate was cut or left out.
	Notes []funding.Text
}

// sizingRounds bounds how often one line is enlarged by the interest that its own draws cause; each round adds about a
// quarter's rate of what the round before added, so that far fewer reach the fen.
const sizingRounds = 12

// BuildIndicative covers the need greedily: capital up to its minimum first, then the best candidate. It borrows for what
// is invested, for the interest of that time, and for a shortfall of debt service only where the cash comes back later; money
// that never comes back stays the plan's unfunded gap. The error is that of a simulation.
func BuildIndicative(in IndicativeInput) (*Indicative, error) {
	b := &builder{in: in, out: &Indicative{Label: IndicativeLabel}, taken: make([]bool, len(in.Candidates))}
	if err := b.accept(nil); err != nil {
		return nil, err
	}
	for i := range in.Candidates {
		candidate := &in.Candidates[i]
		missing := in.MinimumCapital - b.out.Evaluation.Capital
		if missing > 0 && candidate.Line.IsCapital() && !b.covered() {
			if err := b.take(i, candidate.roundUp(missing)); err != nil {
				return nil, err
			}
		}
	}
	for i := range in.Candidates {
		if b.covered() {
			break
		}
		if !b.taken[i] {
			if err := b.take(i, money.MaxAmount); err != nil {
				return nil, err
			}
		}
	}
	return b.out, nil
}

type builder struct {
	in    IndicativeInput
	out   *Indicative
	taken []bool
}

// covered reports whether nothing is missing that new money may meet.
func (b *builder) covered() bool {
	at := b.out.Evaluation.UnfundedQuarter
	return at == 0 || at.Since(b.out.Statement.Start) > b.needEnd(b.out.Evaluation)
}

// needEnd returns the index of the last quarter whose shortfall new money may meet: any quarter, where the plan ends with
// its minimum of cash, so that a shortfall passes; else the last one with investment or with a need before debt.
func (b *builder) needEnd(evaluation *Evaluation) int {
	if last := len(evaluation.Quarters) - 1; last >= 0 && evaluation.Quarters[last].Closing >= b.in.Requirement.MinimumCash {
		return last
	}
	statement := b.out.Statement
	for q := statement.Quarters - 1; q > 0; q-- {
		if statement.Invest[q] > 0 || statement.Draw[q] > 0 {
			return q
		}
	}
	return 0
}

// accept adds a line, where one is given, and judges the plan anew.
func (b *builder) accept(line *Line) error {
	statement, evaluation, err := b.judge(line)
	if err != nil {
		return err
	}
	if line != nil {
		b.out.Lines = append(b.out.Lines, *line)
	}
	b.out.Statement, b.out.Evaluation = statement, evaluation
	return nil
}

// judge evaluates the accepted lines together with a trial line.
func (b *builder) judge(trial *Line) (*cashflow.Result, *Evaluation, error) {
	lines := b.out.Lines
	if trial != nil {
		lines = append(append(make([]Line, 0, len(lines)+1), lines...), *trial)
	}
	statement, err := b.in.Simulate(Quarters(b.in.Requirement, lines, b.in.Existing))
	if err != nil {
		return nil, nil, err
	}
	return statement, Evaluate(Input{Requirement: b.in.Requirement, Statement: statement, Lines: lines, Existing: b.in.Existing}), nil
}

func (b *builder) note(candidate *Candidate, zh, en string) {
	name := candidate.Line.Name
	b.out.Notes = append(b.out.Notes, funding.Text{ZH: name.ZH + "：" + zh, EN: name.In(money.English) + ": " + en})
}

// take adds as much of a candidate as the uncovered need asks for, its limits allow and the caller wants.
func (b *builder) take(place int, wanted money.Amount) error {
	candidate := &b.in.Candidates[place]
	b.taken[place] = true
	most := min(b.most(candidate), wanted)
	if most <= 0 || most < candidate.Smallest {
		b.note(candidate, "可用额度（产品上限、债务限额空间或权益工具比例）不足，未采用", "its size limit, the debt limit or the share of equity instruments leaves too little, not taken")
		return nil
	}
	line, err := b.size(candidate, most)
	var refused document.Problems
	if errors.As(err, &refused) {
		b.note(candidate, "无法排出还款计划，未采用（"+refused[0].ZH+"）", "it cannot be scheduled, not taken ("+refused[0].EN+")")
		return nil
	}
	if err != nil || line == nil || line.Drawn() == 0 {
		return err // a line that is open only when nothing is missing brings nothing
	}
	return b.accept(line)
}

// most returns the largest commitment that the candidate, the statutory limits and the share of equity-type instruments
// allow.
func (b *builder) most(candidate *Candidate) money.Amount {
	most, line := candidate.Largest, &candidate.Line
	headroom := b.in.GeneralHeadroom
	if line.GovernmentDebt == GovernmentSpecial {
		headroom = b.in.SpecialHeadroom
	}
	if line.GovernmentDebt != "" && headroom != nil {
		left := *headroom
		for i := range b.out.Lines {
			if b.out.Lines[i].GovernmentDebt == line.GovernmentDebt {
				left -= b.out.Lines[i].Commitment
			}
		}
		most = min(most, left)
	}
	if line.CountsAs == CountsAsQuasiEquity {
		most = min(most, b.quasiEquityLeft())
	}
	if candidate.Step > 0 {
		most = most / candidate.Step * candidate.Step
	}
	return most
}

// quasiEquityLeft returns the largest x with (instruments + x) ≤ share × (capital + x): (share × capital − instruments)
// / (1 − share), cut to the fen.
func (b *builder) quasiEquityLeft() money.Amount {
	share := b.in.QuasiEquityShareMax
	if !share.LessThan(money.One) {
		return money.MaxAmount
	}
	instruments := b.in.QuasiEquityInCapital + b.out.Evaluation.QuasiEquity
	room := share.Mul(b.out.Evaluation.Capital.Decimal()).Sub(instruments.Decimal())
	if !room.IsPositive() {
		return 0
	}
	left, err := money.FromDecimal(room.Div(money.One.Sub(share)).Truncate(2))
	if err != nil {
		return money.MaxAmount
	}
	return left
}

// size finds the line: draws for what is uncovered, as late as the availability allows, then for what the line's own
// interest and fees leave uncovered, until nothing more is or the most is reached.
func (b *builder) size(candidate *Candidate, most money.Amount) (*Line, error) {
	first := b.out.Evaluation.UnfundedQuarter.Since(b.out.Statement.Start)
	last := first + candidate.availability(b.needEnd(b.out.Evaluation)-first+1) - 1
	draws := make([]money.Amount, last+1)
	evaluation, drawn := b.out.Evaluation, money.Amount(0)
	var line *Line
	for range sizingRounds {
		total := b.addNeed(draws, evaluation)
		if total == drawn {
			break
		}
		commitment := candidate.commitment(total, most)
		drawn = cut(draws, commitment)
		trial, err := b.schedule(candidate, draws, commitment)
		if err != nil {
			return nil, err
		}
		line = trial
		if drawn < total {
			break
		}
		if _, evaluation, err = b.judge(line); err != nil {
			return nil, err
		}
	}
	return line, nil
}

// commitment rounds what is to be drawn up to the candidate's step and smallest size, and down to the most.
func (c *Candidate) commitment(total, most money.Amount) money.Amount {
	return min(c.roundUp(total), most)
}

// roundUp returns the smallest size of the candidate that is not below an amount.
func (c *Candidate) roundUp(amount money.Amount) money.Amount {
	amount = max(amount, c.Smallest)
	if c.Step > 0 {
		amount = (amount + c.Step - 1) / c.Step * c.Step
	}
	return amount
}

// repaid reports whether the candidate's money is paid back, so that it has a schedule.
func (c *Candidate) repaid() bool {
	return c.Line.CountsAs != CountsAsEquity && c.Line.CountsAs != CountsAsGrant && c.Terms.Tenor > 0
}

// availability returns in how many quarters the candidate can be drawn. Money that is not paid back is available
// throughout the need, unless its terms say otherwise.
func (c *Candidate) availability(need int) int {
	switch {
	case c.Terms.Availability > 0:
		return c.Terms.Availability
	case c.repaid():
		return max(c.Terms.Grace, 1)
	}
	return need
}

// addNeed raises the draws by every shortfall up to the end of the need: that of quarter q is met in q, or in the last
// quarter of availability where q lies behind it. It returns the sum of the draws.
func (b *builder) addNeed(draws []money.Amount, evaluation *Evaluation) money.Amount {
	minimum, added, last := b.in.Requirement.MinimumCash, money.Amount(0), len(draws)-1
	end := b.needEnd(evaluation)
	for q := 0; q <= end && q < len(evaluation.Quarters); q++ {
		if gap := minimum - evaluation.Quarters[q].Closing - added; gap > 0 {
			draws[min(q, last)] += gap
			added += gap
		}
	}
	total := money.Amount(0)
	for _, draw := range draws {
		total += draw
	}
	return total
}

// cut shortens the draws, the latest first, to what is committed, and returns their sum.
func cut(draws []money.Amount, commitment money.Amount) money.Amount {
	left := commitment
	for q := range draws {
		draws[q] = min(draws[q], left)
		left -= draws[q]
	}
	return commitment - left
}

// schedule makes the line with its draws; document.Problems where the terms cannot be scheduled.
func (b *builder) schedule(candidate *Candidate, draws []money.Amount, commitment money.Amount) (*Line, error) {
	line, start := candidate.Line, b.out.Statement.Start
	line.Commitment = commitment
	var list []loan.Draw
	for q, amount := range draws {
		if amount > 0 {
			list = append(list, loan.Draw{Quarter: start.Add(q), Amount: amount})
		}
	}
	if !candidate.repaid() {
		line.Draws = list
		return &line, nil
	}
	terms := candidate.Terms
	terms.Draws, terms.Commitment = list, commitment
	var cfads []money.Amount
	if terms.Profile == loan.ProfileSculpted {
		var err error
		if cfads, err = b.free(list[0].Quarter, terms.Tenor); err != nil {
			return nil, err
		}
	}
	schedule, err := loan.Build(terms, cfads)
	if err != nil {
		return nil, err
	}
	line.Schedule, line.Rate, line.TenorQuarters, line.GraceQuarters = schedule, terms.Rate, terms.Tenor, terms.Grace
	return &line, nil
}

// free returns the CFADS that the accepted lines and existing debt leave, from a quarter on for a whole tenor.
func (b *builder) free(from quarter.Quarter, tenor int) ([]money.Amount, error) {
	start := b.out.Statement.Start
	statement, err := b.in.Simulate(min(max(from.Since(start)+tenor, b.out.Statement.Quarters), funding.MaxQuarters))
	if err != nil {
		return nil, err
	}
	evaluation := Evaluate(Input{Requirement: b.in.Requirement, Statement: statement, Lines: b.out.Lines, Existing: b.in.Existing})
	column := make([]money.Amount, tenor)
	for k := range column {
		if q := from.Since(start) + k; q < len(evaluation.Quarters) {
			row := evaluation.Quarters[q]
			column[k] = row.CFADS - row.Interest - row.Principal - row.Fees - row.Existing
		}
	}
	return column, nil
}
