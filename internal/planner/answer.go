package planner

import (
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/plan"
	"zutuan/internal/quarter"
)

// Schema is the schema line of an answer about a plan.
const Schema = "zutuan/plan-answer/v1"

// Answer is a plan as it is answered: amounts and ratios are strings, what is absent is null or left out.
type Answer struct {
	Schema      string             `json:"schema"`
	Objective   Objective          `json:"objective,omitempty"`
	Feasible    bool               `json:"feasible"`
	Lines       []LineAnswer       `json:"lines"`
	Cost        *CostAnswer        `json:"cost,omitempty"`
	Measures    *MeasuresAnswer    `json:"measures,omitempty"`
	Proof       *ProofAnswer       `json:"proof,omitempty"`
	Quarters    []QuarterAnswer    `json:"quarters,omitempty"`
	Constraints []ConstraintAnswer `json:"constraints"`
	Broken      []ConstraintAnswer `json:"broken"`
	Prices      []PriceAnswer      `json:"prices"`
	Frontier    []FrontierAnswer   `json:"frontier,omitempty"`
	Relaxations []RelaxationAnswer `json:"relaxations,omitempty"`
	Conflict    []funding.Text     `json:"conflict,omitempty"`
}

// LineAnswer is one line with its schedule, or with its draws where nothing is paid back.
type LineAnswer struct {
	ID             string       `json:"id"`
	Product        string       `json:"product,omitempty"`
	ProductVersion int          `json:"product_version,omitempty"`
	Name           funding.Text `json:"name"`
	Institution    string       `json:"institution,omitempty"`
	Kind           string       `json:"kind"`
	CountsAs       string       `json:"counts_as"`
	GovernmentDebt string       `json:"government_debt,omitempty"`
	Illustrative   bool         `json:"illustrative,omitempty"`
	Commitment     money.Amount `json:"commitment"`
	Drawn          money.Amount `json:"drawn"`
	Rate           *string      `json:"rate"`
	TenorQuarters  int          `json:"tenor_quarters,omitempty"`
	GraceQuarters  int          `json:"grace_quarters,omitempty"`
	Signed         string       `json:"signed,omitempty"`
	Draws          []DrawAnswer `json:"draws"`
	Schedule       *loan.Answer `json:"schedule,omitempty"`
}

// DrawAnswer is one draw.
type DrawAnswer struct {
	Quarter quarter.Quarter `json:"quarter"`
	Amount  money.Amount    `json:"amount"`
}

// CostAnswer is what the plan costs.
type CostAnswer struct {
	PresentValue     money.Amount `json:"present_value"`
	Interest         money.Amount `json:"interest"`
	Fees             money.Amount `json:"fees"`
	WeightedRate     loan.Measure `json:"weighted_rate"`
	AllInCost        loan.Measure `json:"all_in_cost"`
	AverageLifeYears loan.Measure `json:"average_life_years"`
}

// MeasuresAnswer is how the money covers the debt. Cover is what is drawn over the peak gap.
type MeasuresAnswer struct {
	Debt               money.Amount `json:"debt"`
	Capital            money.Amount `json:"capital"`
	CapitalRatio       loan.Measure `json:"capital_ratio"`
	Cover              loan.Measure `json:"cover"`
	MinDSCR            loan.Measure `json:"min_dscr"`
	AvgDSCR            loan.Measure `json:"avg_dscr"`
	MinICR             loan.Measure `json:"min_icr"`
	LLCR               loan.Measure `json:"llcr"`
	PLCR               loan.Measure `json:"plcr"`
	UnfundedGap        money.Amount `json:"unfunded_gap"`
	LiquidityMinimum   money.Amount `json:"liquidity_minimum"`
	LifeGapYears       loan.Measure `json:"life_gap_years"`
	LargestLender      string       `json:"largest_lender,omitempty"`
	LargestLenderShare loan.Measure `json:"largest_lender_share"`
}

// ProofAnswer is the bound and how it was reached.
type ProofAnswer struct {
	Bound    money.Amount      `json:"bound"`
	Optimum  money.Amount      `json:"optimum"`
	Gap      string            `json:"gap"`
	Rounding money.Amount      `json:"rounding"`
	Proven   bool              `json:"proven"`
	Signings []quarter.Quarter `json:"signings"`
	Program  ProgramSize       `json:"program"`
}

// QuarterAnswer is the plan in one quarter.
type QuarterAnswer struct {
	Quarter   quarter.Quarter `json:"quarter"`
	CFADS     money.Amount    `json:"cfads"`
	Invest    money.Amount    `json:"invest"`
	Capital   money.Amount    `json:"capital"`
	Grants    money.Amount    `json:"grants"`
	Draws     money.Amount    `json:"draws"`
	Interest  money.Amount    `json:"interest"`
	Principal money.Amount    `json:"principal"`
	Fees      money.Amount    `json:"fees"`
	Existing  money.Amount    `json:"existing_debt_service"`
	Closing   money.Amount    `json:"closing"`
}

// ConstraintAnswer is one limit.
type ConstraintAnswer struct {
	ID        string       `json:"id"`
	Name      funding.Text `json:"name"`
	Subject   string       `json:"subject,omitempty"`
	Quarter   string       `json:"quarter,omitempty"`
	Unit      string       `json:"unit"`
	Value     string       `json:"value"`
	Limit     string       `json:"limit"`
	Distance  string       `json:"distance"`
	Satisfied bool         `json:"satisfied"`
}

// PriceAnswer is one shadow price.
type PriceAnswer struct {
	Limit   string       `json:"limit"`
	Subject string       `json:"subject,omitempty"`
	Step    string       `json:"step"`
	Unit    string       `json:"unit"`
	Saving  money.Amount `json:"saving"`
	Text    funding.Text `json:"text"`
}

// FrontierAnswer is one point of cost against tenor.
type FrontierAnswer struct {
	TenorQuarters        int           `json:"tenor_quarters"`
	Feasible             bool          `json:"feasible"`
	PresentValue         *money.Amount `json:"present_value"`
	WeightedRate         loan.Measure  `json:"weighted_rate"`
	AverageLifeYears     loan.Measure  `json:"average_life_years"`
	MinDSCR              loan.Measure  `json:"min_dscr"`
	LongestTenorQuarters int           `json:"longest_tenor_quarters,omitempty"`
}

// RelaxationAnswer is one change that would make a plan, or one that would not.
type RelaxationAnswer struct {
	Kind       string        `json:"kind"`
	Subject    string        `json:"subject,omitempty"`
	Helps      bool          `json:"helps"`
	Unit       string        `json:"unit,omitempty"`
	From       string        `json:"from,omitempty"`
	To         string        `json:"to,omitempty"`
	Change     string        `json:"change,omitempty"`
	By         string        `json:"by,omitempty"`
	NotEnough  string        `json:"not_enough,omitempty"`
	CostOfPlan *money.Amount `json:"present_value,omitempty"`
	Text       funding.Text  `json:"text"`
}

// Answer returns the plan as it is answered.
func (b *Built) Answer() Answer {
	answer := Answer{Schema: Schema, Objective: b.Objective, Feasible: b.Feasible, Lines: []LineAnswer{}, Constraints: constraintAnswers(b.Constraints),
		Broken: constraintAnswers(Broken(b.Constraints)), Prices: []PriceAnswer{}}
	for _, id := range b.Conflict {
		answer.Conflict = append(answer.Conflict, constraintNames[id])
	}
	for i := range b.Relaxations {
		answer.Relaxations = append(answer.Relaxations, b.Relaxations[i].answer())
	}
	if b.Evaluation == nil {
		return answer
	}
	for i := range b.Lines {
		answer.Lines = append(answer.Lines, lineAnswer(&b.Lines[i]))
	}
	answer.Cost = &CostAnswer{b.Cost.Total, b.Cost.Interest, b.Cost.Fees, b.Cost.WeightedRate, b.Cost.AllInCost, b.Cost.AverageLifeYears}
	answer.Measures = b.measures()
	answer.Quarters = quarterAnswers(b.Evaluation)
	if b.Program.Columns > 0 {
		answer.Proof = &ProofAnswer{Bound: b.Bound, Optimum: b.Optimum, Gap: b.Gap.StringFixed(money.RatioDecimals), Rounding: b.Rounding, Proven: b.Proven, Program: b.Program}
		for _, signing := range b.Signings {
			answer.Proof.Signings = append(answer.Proof.Signings, b.Statement.Start.Add(signing))
		}
	}
	for i := range b.Prices {
		p := &b.Prices[i]
		answer.Prices = append(answer.Prices, PriceAnswer{p.Kind, p.Subject, inUnit(p.Step, p.Unit), p.Unit, p.Saving, p.Text})
	}
	for i := range b.Frontier {
		answer.Frontier = append(answer.Frontier, b.Frontier[i].answer())
	}
	return answer
}

func (b *Built) measures() *MeasuresAnswer {
	e := b.Evaluation
	drawn := money.Amount(0)
	for i := range b.Lines {
		drawn += b.Lines[i].Drawn()
	}
	cover, known := money.Ratio(drawn, b.Statement.Summary.PeakGap)
	return &MeasuresAnswer{Debt: e.Debt, Capital: e.Capital, CapitalRatio: e.CapitalRatio, Cover: loan.Measure{Value: cover, Known: known},
		MinDSCR: e.Coverage.MinDSCR, AvgDSCR: e.Coverage.AvgDSCR, MinICR: e.Coverage.MinICR, LLCR: e.Coverage.LLCR, PLCR: e.Coverage.PLCR, UnfundedGap: e.UnfundedGap,
		LiquidityMinimum: e.Coverage.Tenor.Minimum, LifeGapYears: e.Coverage.Tenor.LifeGapYears, LargestLender: e.LargestLender, LargestLenderShare: e.LargestLenderShare}
}

func lineAnswer(line *plan.Line) LineAnswer {
	answer := LineAnswer{ID: line.ID, Product: line.Product, ProductVersion: line.ProductVersion, Name: line.Name, Institution: line.Institution, Kind: line.Kind,
		CountsAs: line.CountsAs, GovernmentDebt: line.GovernmentDebt, Illustrative: line.Illustrative, Commitment: line.Commitment, Drawn: line.Drawn(), Draws: []DrawAnswer{}}
	if line.Schedule == nil {
		for _, draw := range line.Draws {
			answer.Draws = append(answer.Draws, DrawAnswer(draw))
		}
		return answer
	}
	rate := line.Rate.String()
	schedule := line.Schedule.Answer()
	answer.Rate, answer.Schedule = &rate, &schedule
	answer.TenorQuarters, answer.GraceQuarters, answer.Signed = line.TenorQuarters, line.GraceQuarters, line.Schedule.Start.String()
	for i := range line.Schedule.Rows {
		if row := &line.Schedule.Rows[i]; row.Draw > 0 {
			answer.Draws = append(answer.Draws, DrawAnswer{row.Quarter, row.Draw})
		}
	}
	return answer
}

func quarterAnswers(e *plan.Evaluation) []QuarterAnswer {
	list := make([]QuarterAnswer, len(e.Quarters))
	for i := range e.Quarters {
		row := &e.Quarters[i]
		list[i] = QuarterAnswer{row.Quarter, row.CFADS, row.Invest, row.Capital, row.Grants, row.Draws, row.Interest, row.Principal, row.Fees, row.Existing, row.Closing}
	}
	return list
}

func constraintAnswers(list []Constraint) []ConstraintAnswer {
	answers := make([]ConstraintAnswer, len(list))
	for i := range list {
		c := &list[i]
		answers[i] = ConstraintAnswer{ID: c.ID, Name: c.Name, Subject: c.Subject, Unit: c.Unit, Value: inUnit(c.Value, c.Unit), Limit: inUnit(c.Limit, c.Unit),
			Distance: inUnit(c.Distance, c.Unit), Satisfied: c.Satisfied}
		if c.Quarter != 0 {
			answers[i].Quarter = c.Quarter.String()
		}
	}
	return answers
}

// inUnit prints amounts with two decimals, ratios and years with six, counts with none.
func inUnit(value money.Decimal, unit string) string {
	switch unit {
	case unitYuan:
		return value.StringFixed(2)
	case unitQuarters, unitCount:
		return value.StringFixed(0)
	}
	return value.StringFixed(money.RatioDecimals)
}

func (p *FrontierPoint) answer() FrontierAnswer {
	answer := FrontierAnswer{TenorQuarters: p.TenorQuarters, Feasible: p.Feasible, WeightedRate: p.WeightedRate, AverageLifeYears: p.AverageLife, MinDSCR: p.MinDSCR, LongestTenorQuarters: p.Longest}
	if p.Feasible {
		answer.PresentValue = &p.Cost
	}
	return answer
}

func (r *Relaxation) answer() RelaxationAnswer {
	answer := RelaxationAnswer{Kind: r.Kind, Subject: r.Subject, Helps: r.Helps, Text: r.Text}
	if !r.Helps {
		return answer
	}
	answer.Unit, answer.From, answer.To, answer.Change, answer.NotEnough = r.Unit, inUnit(r.From, r.Unit), inUnit(r.To, r.Unit), inUnit(r.Change, r.Unit), inUnit(r.Smaller, r.Unit)
	answer.CostOfPlan = &r.Cost
	if r.By != 0 {
		answer.By = r.By.String()
	}
	return answer
}
