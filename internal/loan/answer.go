package loan

import (
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

// Answer is what `schedule` answers (finance.md, Answers). interest is what falls due in the quarter, the capitalized
// part of it included; fees include the upfront fee.
type Answer struct {
	Quarters         []AnswerRow  `json:"quarters"`
	AllInCost        Measure      `json:"all_in_cost"`
	AverageLifeYears Measure      `json:"average_life_years"`
	TotalInterest    money.Amount `json:"total_interest"`
	TotalFees        money.Amount `json:"total_fees"`
}

// AnswerRow is one quarter of the answer.
type AnswerRow struct {
	Quarter     quarter.Quarter `json:"quarter"`
	Opening     money.Amount    `json:"opening"`
	Draw        money.Amount    `json:"draw"`
	Interest    money.Amount    `json:"interest"`
	Capitalized money.Amount    `json:"capitalized"`
	Principal   money.Amount    `json:"principal"`
	Fees        money.Amount    `json:"fees"`
	Closing     money.Amount    `json:"closing"`
}

// Answer returns the schedule as it is answered.
func (s *Schedule) Answer() Answer {
	answer := Answer{
		Quarters: make([]AnswerRow, len(s.Rows)), AllInCost: s.AllInCost(), AverageLifeYears: s.AverageLifeYears(),
		TotalInterest: s.TotalInterest, TotalFees: s.TotalFees,
	}
	for i, row := range s.Rows {
		answer.Quarters[i] = AnswerRow{row.Quarter, row.Opening, row.Draw, row.Interest, row.Capitalized, row.Principal, row.Fees, row.Closing}
	}
	return answer
}
