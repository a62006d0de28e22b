package match

import (
	"strings"

	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/ruleexpr"
)

// fixed is an offer fact that a test sets or unsets, whatever the offer says.
type fixed struct {
	slot  ruleexpr.Slot
	text  string
	unset bool
}

const (
	notScheduled = "没有还本付息计划的资金没有这一指标 / money that is not paid back on a schedule has no such measure"
	notDue       = "没有到期的本息，指标不存在 / nothing falls due, so the measure does not exist"
	noPeakGap    = "没有资金缺口 / there is no funding gap"
	noInvestment = "计算期内没有投资 / there is no investment within the horizon"
	noYield      = "现金流没有内部收益率 / the flows have no yield"
	noCost       = "产品没有写明成本 / the product states no cost"
	neverEnough  = "可偿债现金流始终不够一期还款 / CFADS never suffices for a full instalment"
)

// clear unsets offer.*, so that nothing of the product before is left.
func (s *offerSlots) clear(f *ruleexpr.Facts) {
	for _, slot := range s.all {
		f.SetMissing(slot, "")
	}
}

// set writes an offer into the facts as far as it was worked out. What is unknown is missing, with the reason.
func (s *offerSlots) set(f *ruleexpr.Facts, offer *Offer, doubts []TermDoubt) {
	s.clear(f)
	if len(doubts) > 0 {
		reason := doubtReason(doubts)
		for _, slot := range s.all {
			f.SetMissing(slot, reason)
		}
	}
	if offer.Scheduled && offer.TenorQuarters > 0 {
		f.SetCount(s.tenor, offer.TenorQuarters)
		f.SetCount(s.grace, offer.GraceQuarters)
	}
	if offer.Size > 0 {
		f.SetAmount(s.size, offer.Size)
		setMeasure(f, s.cover, offer.Cover, noPeakGap)
		setMeasure(f, s.share, offer.ShareOfInvestment, noInvestment)
	}
	if offer.Rate.Known {
		f.SetDecimal(s.rate, offer.Rate.Value)
	}
	switch {
	case len(doubts) > 0:
	case offer.Scheduled:
		s.setSchedule(f, offer)
	default:
		s.setUnscheduled(f, offer)
	}
}

func setMeasure(f *ruleexpr.Facts, slot ruleexpr.Slot, measure loan.Measure, reason string) {
	if !measure.Known {
		f.SetMissing(slot, reason)
		return
	}
	f.SetDecimal(slot, measure.Value)
}

func (s *offerSlots) setSchedule(f *ruleexpr.Facts, offer *Offer) {
	if !offer.measured {
		return
	}
	setMeasure(f, s.allInCost, offer.AllInCost, noYield)
	setMeasure(f, s.averageLife, offer.AverageLifeYears, notDue)
	f.SetAmount(s.totalInterest, offer.TotalInterest)
	f.SetCount(s.firstInstalment, offer.FirstInstalment)
	f.SetCount(s.lastQuarter, offer.LastQuarter)
	unknown := notDue
	if offer.serviceCoverUnknown != "" {
		unknown = offer.serviceCoverUnknown
	}
	setMeasure(f, s.minDSCR, offer.MinDSCR, unknown)
	setMeasure(f, s.avgDSCR, offer.AvgDSCR, unknown)
	setMeasure(f, s.minICR, offer.MinICR, unknown)
	setMeasure(f, s.llcr, offer.LLCR, unknown)
	setMeasure(f, s.plcr, offer.PLCR, unknown)
	f.SetMissing(s.dscrByYear, unknown)
	if len(offer.DSCRByYear) > 0 {
		f.SetDecimals(s.dscrByYear, values(offer.DSCRByYear))
	}
	if offer.GraceSlackKnown {
		f.SetCount(s.graceSlack, offer.GraceSlackQuarters)
	} else if offer.serviceCoverUnknown != "" {
		f.SetMissing(s.graceSlack, unknown)
	} else {
		f.SetMissing(s.graceSlack, neverEnough)
	}
}

func values(measures []loan.Measure) []funding.Decimal {
	out := make([]funding.Decimal, len(measures))
	for i, measure := range measures {
		out[i] = measure.Value
	}
	return out
}

// setUnscheduled sets what is known without a schedule: the cost, and that no interest is paid.
func (s *offerSlots) setUnscheduled(f *ruleexpr.Facts, offer *Offer) {
	for _, slot := range s.all {
		if !f.Has(slot) {
			f.SetMissing(slot, notScheduled)
		}
	}
	if !offer.Rate.Known {
		f.SetMissing(s.rate, noCost)
	}
	setMeasure(f, s.allInCost, offer.AllInCost, noCost)
	f.SetAmount(s.totalInterest, 0)
}

// doubtReason says which term of the product cannot be computed, and for want of what.
func doubtReason(doubts []TermDoubt) string {
	zh, en := make([]string, len(doubts)), make([]string, len(doubts))
	for i, d := range doubts {
		names := strings.Join(d.Doubt.Missing, ", ")
		zh[i] = termNames[d.Term].ZH + "无法计算"
		en[i] = "the " + termNames[d.Term].EN + " cannot be computed"
		switch {
		case names != "":
			zh[i] += "，缺少 " + names
			en[i] += " without " + names
		case d.Doubt.ZH != "":
			zh[i] += "：" + d.Doubt.ZH
			en[i] += ": " + d.Doubt.EN
		}
	}
	return "产品的" + strings.Join(zh, "；") + " / " + strings.Join(en, "; ")
}

var termNames = map[string]funding.Text{
	"tenor": {ZH: "期限公式", EN: "tenor formula"}, "grace": {ZH: "宽限期公式", EN: "grace formula"},
	"size": {ZH: "额度上限公式", EN: "size limit"}, "rate": {ZH: "利率公式", EN: "rate formula"},
}
