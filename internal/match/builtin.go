package match

import (
	"errors"
	"fmt"
	"strconv"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
)

// builtInBasis is the basis of the built-in musts: they are not a regulation but the product's own terms.
const builtInBasis = "产品条款"

// tenorInTrial and sizeInTrial are failed musts of offers that nobody keeps: of a trial only which must failed is asked, and
// a search makes thousands.
var tenorInTrial, sizeInTrial = &BuiltIn{ID: BuiltInTenor}, &BuiltIn{ID: BuiltInSize}

// tenorTooShort is the failed must that the longest possible tenor reaches the product's shortest.
func tenorTooShort(longest, shortest int) *BuiltIn {
	return &BuiltIn{ID: BuiltInTenor, Group: "tenor",
		Message: funding.Text{
			ZH: fmt.Sprintf("可用的最长期限 %d 季短于产品的最短期限 %d 季", longest, shortest),
			EN: fmt.Sprintf("the longest tenor possible, %d quarters, is below the product's shortest of %d", longest, shortest)},
		Explanation: ruleexpr.Explanation{Expression: "min(terms.tenor.max_quarters, need.tenor_quarters) >= terms.tenor.min_quarters", Result: ruleexpr.False, Kind: "comparison", Operator: ">=",
			Left:     &ruleexpr.Operand{Expression: "min(terms.tenor.max_quarters, need.tenor_quarters)", Value: strconv.Itoa(longest), Unit: ruleexpr.UnitQuarters},
			Right:    &ruleexpr.Operand{Expression: "terms.tenor.min_quarters", Value: strconv.Itoa(shortest), Unit: ruleexpr.UnitQuarters},
			Distance: &ruleexpr.Operand{Value: strconv.Itoa(shortest - longest), Unit: ruleexpr.UnitQuarters}},
	}
}

// sizeTooSmall is the failed must that the size reaches the product's smallest. The parts say which of the two, the
// product's limit or the need, is too small.
func sizeTooSmall(offer *Offer, levers levers, smallest money.Amount) *BuiltIn {
	compared := func(name string, value money.Amount) ruleexpr.Explanation {
		result := ruleexpr.False
		if value >= smallest {
			result = ruleexpr.True
		}
		return ruleexpr.Explanation{Expression: name + " >= terms.size.min", Result: result, Kind: "comparison", Operator: ">=",
			Left:     &ruleexpr.Operand{Expression: name, Value: value.String(), Unit: ruleexpr.UnitYuan},
			Right:    &ruleexpr.Operand{Expression: "terms.size.min", Value: smallest.String(), Unit: ruleexpr.UnitYuan},
			Distance: &ruleexpr.Operand{Value: (smallest - value).String(), Unit: ruleexpr.UnitYuan}}
	}
	parts := []ruleexpr.Explanation{compared("terms.size.max", offer.Limit), compared("usable draws", offer.Usable)}
	if levers.hasSize {
		parts = append(parts, compared("asked size", levers.size))
	}
	figures := []money.Amount{offer.Size, smallest, offer.Limit, offer.Usable}
	zh, en := money.ShowAlike(money.Chinese, figures...), money.ShowAlike(money.English, figures...)
	return &BuiltIn{ID: BuiltInSize, Group: "structure",
		Message: funding.Text{
			ZH: fmt.Sprintf("可提供额度 %s小于产品的最小额度 %s（产品上限 %s，提款期内可用 %s）", zh[0], zh[1], zh[2], zh[3]),
			EN: fmt.Sprintf("the size of %s is below the product's smallest of %s (its limit %s, usable while available %s)", en[0], en[1], en[2], en[3])},
		Explanation: ruleexpr.Explanation{Expression: "min(terms.size.max, usable draws) >= terms.size.min", Result: ruleexpr.False, Kind: "and", Parts: parts},
	}
}

// noSchedule is the failed must that the terms make a schedule for this need.
func noSchedule(err error) *BuiltIn {
	message := funding.Text{ZH: "无法排出还款计划：" + err.Error(), EN: "no schedule exists: " + err.Error()}
	var problems document.Problems
	if errors.As(err, &problems) {
		message = funding.Text{ZH: "无法排出还款计划：" + problems.In(money.Chinese), EN: "no schedule exists: " + problems.In(money.English)}
	}
	return &BuiltIn{ID: BuiltInSchedule, Group: "structure", Message: message,
		Explanation: ruleexpr.Explanation{Expression: "schedule exists", Result: ruleexpr.False, Kind: "flag", Left: &ruleexpr.Operand{Expression: "schedule exists", Value: "false"}}}
}
