package facts

import (
	"time"

	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// SetMarket sets market.* to the values in force on a day. nil makes all of it missing.
func (a *Assembler) SetMarket(f *ruleexpr.Facts, market *rulepack.Market, date time.Time) {
	if market != nil {
		market.SetFacts(f, date)
	}
	for _, fact := range a.market {
		if !f.Has(fact.slot) && f.Reason(fact.slot) == "" {
			f.SetMissing(fact.slot, "市场数据没有 "+fact.id+" / market data has no series "+fact.id)
		}
	}
}

// SetParameters sets p.* to the values on a day in a region. A parameter without a value is missing, so that the rules
// that need it are undecided and never pass.
func (a *Assembler) SetParameters(f *ruleexpr.Facts, parameters *rulepack.ParameterSet) {
	if parameters != nil {
		parameters.SetFacts(f)
	}
	for _, fact := range a.parameters {
		if !f.Has(fact.slot) && f.Reason(fact.slot) == "" {
			f.SetMissing(fact.slot, "没有参数 "+fact.id+" / there is no parameter "+fact.id)
		}
	}
}

// SetToday sets the date of the assessment.
func (a *Assembler) SetToday(f *ruleexpr.Facts, date time.Time) { f.SetDate(a.today, date) }
