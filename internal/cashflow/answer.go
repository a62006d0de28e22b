package cashflow

import (
	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

// Answer is the answer of simulate, as finance.md section "Answers" names it. Amounts are strings with two decimals,
// ratios strings with six; what is absent is null.
type Answer struct {
	Quarters []QuarterAnswer `json:"quarters"`
	Units    []UnitAnswer    `json:"units"`
	Summary  SummaryAnswer   `json:"summary"`
	Notes    []NoteAnswer    `json:"notes,omitempty"`
}

// QuarterAnswer is one quarter of the statement.
type QuarterAnswer struct {
	Quarter             quarter.Quarter `json:"quarter"`
	Inflow              InflowAnswer    `json:"inflow"`
	Cost                money.Amount    `json:"cost"`
	Surtax              money.Amount    `json:"surtax"`
	IncomeTax           money.Amount    `json:"income_tax"`
	CFADS               money.Amount    `json:"cfads"`
	Invest              money.Amount    `json:"invest"`
	Net                 money.Amount    `json:"net"`
	Cumulative          money.Amount    `json:"cumulative"`
	Capital             money.Amount    `json:"capital"`
	Grants              money.Amount    `json:"grants"`
	ExistingDebtService money.Amount    `json:"existing_debt_service"`
	Gap                 money.Amount    `json:"gap"`
	Draw                money.Amount    `json:"draw"`
}

// InflowAnswer is the income of a quarter by source.
type InflowAnswer struct {
	Land       money.Amount `json:"land"`
	Energy     money.Amount `json:"energy"`
	Industry   money.Amount `json:"industry"`
	Commercial money.Amount `json:"commercial"`
	Service    money.Amount `json:"service"`
	Total      money.Amount `json:"total"`
}

// UnitAnswer is what became of a unit; Start is null where it never started.
type UnitAnswer struct {
	Code            string           `json:"code"`
	Start           *quarter.Quarter `json:"start"`
	EndOfInvestment *quarter.Quarter `json:"end_of_investment"`
	Invested        money.Amount     `json:"invested"`
}

// SummaryAnswer is Summary with its texts.
type SummaryAnswer struct {
	TotalInvestment  money.Amount     `json:"total_investment"`
	CapitalTotal     money.Amount     `json:"capital_total"`
	GrantsTotal      money.Amount     `json:"grants_total"`
	CapitalRatio     *string          `json:"capital_ratio"`
	PeakGap          money.Amount     `json:"peak_gap"`
	PeakQuarter      *quarter.Quarter `json:"peak_quarter"`
	AllAtOncePeakGap money.Amount     `json:"all_at_once_peak_gap"`
	RollingSaving    money.Amount     `json:"rolling_saving"`
	FIRR             *string          `json:"firr"`
	FNPV             money.Amount     `json:"fnpv"`
	PaybackYears     *string          `json:"payback_years"`
}

// NoteAnswer is one note.
type NoteAnswer struct {
	Code    string          `json:"code"`
	Unit    string          `json:"unit"`
	Quarter quarter.Quarter `json:"quarter"`
	Text    funding.Text    `json:"text"`
}

// Answer returns the result in the form that is answered.
func (r *Result) Answer() Answer {
	answer := Answer{Quarters: make([]QuarterAnswer, r.Quarters), Units: make([]UnitAnswer, len(r.Units)), Summary: r.summaryAnswer()}
	for q := range answer.Quarters {
		answer.Quarters[q] = r.quarterAnswer(q)
	}
	for i, unit := range r.Units {
		answer.Units[i] = UnitAnswer{Code: unit.Code, Start: given(unit.Start), EndOfInvestment: given(unit.EndOfInvestment), Invested: unit.Invested}
	}
	for _, note := range r.Notes {
		answer.Notes = append(answer.Notes, NoteAnswer(note))
	}
	return answer
}

func (r *Result) quarterAnswer(q int) QuarterAnswer {
	by := &r.InflowBySource
	return QuarterAnswer{
		Quarter: r.Start.Add(q),
		Inflow:  InflowAnswer{Land: by[0][q], Energy: by[1][q], Industry: by[2][q], Commercial: by[3][q], Service: by[4][q], Total: r.Inflow[q]},
		Cost:    r.Cost[q], Surtax: r.Surtax[q], IncomeTax: r.IncomeTax[q], CFADS: r.CFADS[q],
		Invest: r.Invest[q], Net: r.Net[q], Cumulative: r.Cumulative[q],
		Capital: r.Capital[q], Grants: r.Grants[q], ExistingDebtService: r.ExistingDebtService[q],
		Gap: r.Gap[q], Draw: r.Draw[q],
	}
}

func (r *Result) summaryAnswer() SummaryAnswer {
	s := &r.Summary
	answer := SummaryAnswer{
		TotalInvestment: s.TotalInvestment, CapitalTotal: s.CapitalTotal, GrantsTotal: s.GrantsTotal, CapitalRatio: ratioText(s.CapitalRatio),
		PeakGap: s.PeakGap, AllAtOncePeakGap: s.AllAtOncePeakGap, RollingSaving: s.RollingSaving,
		FIRR: ratioText(s.FIRR), FNPV: s.FNPV, PaybackYears: ratioText(s.PaybackYears),
	}
	if s.PeakIndex >= 0 {
		answer.PeakQuarter = given(r.Start.Add(s.PeakIndex))
	}
	return answer
}

func given(q quarter.Quarter) *quarter.Quarter {
	if q == 0 {
		return nil
	}
	return &q
}

func ratioText(ratio *money.Decimal) *string {
	if ratio == nil {
		return nil
	}
	text := ratio.StringFixed(money.RatioDecimals)
	return &text
}
