// Package casework works one case through: it reads the papers that a person hands in, calls the pure deciders in order,
// and returns what they say. It is pure itself; what stores, permits and audits stands in office, above it.
package casework

import (
	"sync"

	"github.com/shopspring/decimal"

	"zutuan/internal/cashflow"
	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
)

// StartFacts is the vocabulary of a waiting unit's `when`: the state of the unit it waits for, at the end of the quarter
// before (finance.md, "Rolling development").
var StartFacts = []ruleexpr.Fact{
	{Name: "quarters", Type: ruleexpr.TypeNumber, Unit: ruleexpr.UnitQuarters, ZH: "已开工季度数", EN: "quarters since its start", From: "rolling simulation"},
	{Name: "invested", Type: ruleexpr.TypeNumber, Unit: ruleexpr.UnitYuan, ZH: "累计投资", EN: "invested so far", From: "rolling simulation"},
	{Name: "invested_share", Type: ruleexpr.TypeNumber, Unit: ruleexpr.UnitRatio, ZH: "投资完成比例", EN: "share of its investment made", From: "rolling simulation"},
	{Name: "cumulative_inflow", Type: ruleexpr.TypeNumber, Unit: ruleexpr.UnitYuan, ZH: "累计收入", EN: "cumulative inflow", From: "rolling simulation"},
	{Name: "cumulative_net", Type: ruleexpr.TypeNumber, Unit: ruleexpr.UnitYuan, ZH: "累计净现金流", EN: "cumulative inflow − cost − surtax − invest", From: "rolling simulation"},
	{Name: "occupancy", Type: ruleexpr.TypeNumber, Unit: ruleexpr.UnitRatio, ZH: "入驻率", EN: "occupancy", From: "rolling simulation"},
	{Name: "started", Type: ruleexpr.TypeFlag, ZH: "已开工", EN: "started", From: "rolling simulation"},
}

var startVocabulary = func() *ruleexpr.Vocabulary {
	v, err := ruleexpr.NewVocabulary(StartFacts)
	if err != nil {
		panic(err)
	}
	return v
}()

// startSlots are the places of the facts in startVocabulary, in the order of StartFacts.
var startSlots = func() (slots [7]ruleexpr.Slot) {
	for i, fact := range StartFacts {
		slots[i] = startVocabulary.Slot(fact.Name)
	}
	return slots
}()

// startCondition is a compiled `when`. The facts it fills are pooled, because a simulation asks every quarter.
type startCondition struct{ rule *ruleexpr.Rule }

var startFactsPool = sync.Pool{New: func() any { return startVocabulary.NewFacts() }}

// Ready evaluates the condition; what cannot be computed (a division by zero) is an error and counts as not true.
func (c startCondition) Ready(state cashflow.UnitState) (bool, error) {
	facts := startFactsPool.Get().(*ruleexpr.Facts)
	defer startFactsPool.Put(facts)
	facts.SetCount(startSlots[0], state.Quarters)
	facts.SetAmount(startSlots[1], state.Invested)
	facts.SetDecimal(startSlots[2], state.InvestedShare)
	facts.SetAmount(startSlots[3], state.CumulativeInflow)
	facts.SetAmount(startSlots[4], state.CumulativeNet)
	facts.SetDecimal(startSlots[5], decimal.New(state.Occupancy, -money.RatioDecimals))
	facts.SetFlag(startSlots[6], state.Started)
	switch c.rule.Holds(facts) {
	case ruleexpr.True:
		return true, nil
	case ruleexpr.False:
		return false, nil
	}
	return false, undecidedStart{c.rule.Explain(facts)}
}

// undecidedStart is the error of a `when` that cannot be computed.
type undecidedStart struct{ explanation ruleexpr.Explanation }

func (u undecidedStart) Error() string { return u.Message(money.English) }

// Message says in one language what cannot be computed.
func (u undecidedStart) Message(language money.Language) string {
	doubt := u.explanation.Doubt
	switch {
	case doubt == nil && language == money.Chinese:
		return "无法判断"
	case doubt == nil:
		return "undecided"
	case language == money.Chinese:
		return doubt.ZH
	}
	return doubt.EN
}

// ReadRequirement reads a requirement file and compiles what its units wait for. The error is document.Problems.
func ReadRequirement(file string, data []byte) (*funding.Requirement, map[string]cashflow.StartCondition, error) {
	requirement, err := funding.ReadRequirement(file, data, func(expression string) error {
		_, err := startVocabulary.CompileRule(expression)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	conditions := map[string]cashflow.StartCondition{}
	for _, unit := range requirement.Units {
		if unit.Start.After == "" {
			continue
		}
		rule, err := startVocabulary.CompileRule(unit.Start.When)
		if err != nil {
			return nil, nil, err
		}
		conditions[unit.Code] = startCondition{rule}
	}
	return requirement, conditions, nil
}
