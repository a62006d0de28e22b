package casework

import (
	"fmt"
	"time"

	"zutuan/internal/document"
	"zutuan/internal/funding"
)

// Ages from which data is called old: a fiscal year and a ledger are due every year, market data every month.
const (
	oldFiscalYears  = 2
	oldLedgerDays   = 400
	oldMarketMonths = 24
)

// checkRegion refuses a fiscal profile of another place: every ratio in it would be somebody else's.
func (d *Desk) checkRegion(kase *Case) error {
	zone, known := d.Library.Zone(kase.Requirement.Zone)
	if !known || kase.Fiscal == nil {
		return nil
	}
	var problems document.Problems
	if province := kase.Fiscal.Province; province != "" && province != zone.Province {
		problems = append(problems, document.Problem{Path: "fiscal.province", Code: "other_place",
			ZH: fmt.Sprintf("财政概况的省级代码是 %s，需求所在的%s属 %s；请换成本地区的财政概况", province, zone.Name.ZH, zone.Province),
			EN: fmt.Sprintf("the fiscal profile is of province %s, but the requirement's zone %s lies in %s; hand in the profile of its own region", province, zone.Code, zone.Province)})
	}
	if other, isZone := d.Library.Zone(kase.Fiscal.Region); isZone && other.Code != zone.Code {
		problems = append(problems, document.Problem{Path: "fiscal.region", Code: "other_place",
			ZH: fmt.Sprintf("财政概况的地区是%s，需求在%s；请换成本地区的财政概况", other.Name.ZH, zone.Name.ZH),
			EN: fmt.Sprintf("the fiscal profile is of %s, but the requirement is of %s; hand in the profile of its own region", other.Code, zone.Code)})
	}
	return problems.Err()
}

// Warnings says what a reader should know before trusting the figures: data that is old or of another time, overrides
// that do nothing.
func (d *Desk) Warnings(m *Matching) []funding.Text {
	var warnings []funding.Text
	warn := func(zh, en string) { warnings = append(warnings, funding.Text{ZH: zh, EN: en}) }
	date, day := m.Asked.Date, m.Asked.Date.Format(time.DateOnly)
	if start := m.Case.Requirement.Start; date.After(start.Add(4).LastDay()) {
		warn(fmt.Sprintf("评估日 %s 晚于起始季度 %s 一年以上：已过去的季度仍按计划数测算，请更新需求文件", day, start), fmt.Sprintf("the date %s is more than a year after the start %s: past quarters are still as planned, update the requirement", day, start))
	}
	if fiscal := m.Case.Fiscal; fiscal != nil && (date.Year()-fiscal.Year > oldFiscalYears || fiscal.Year > date.Year()) {
		warn(fmt.Sprintf("财政概况是 %d 年的，评估日是 %s：请换成最近年度", fiscal.Year, day), fmt.Sprintf("the fiscal profile is of %d, the date is %s: use the latest year", fiscal.Year, day))
	}
	if ledger := m.Case.Ledger; ledger != nil && (date.Sub(ledger.AsOf) > oldLedgerDays*24*time.Hour || ledger.AsOf.After(date)) {
		warn(fmt.Sprintf("存量债务台账截至 %s，评估日是 %s：请更新台账", ledger.AsOf.Format(time.DateOnly), day), fmt.Sprintf("the ledger is as of %s, the date is %s: update it", ledger.AsOf.Format(time.DateOnly), day))
	}
	if _, from, known := d.Library.Market.At("lpr_5y", date); known && from.AddDate(0, oldMarketMonths, 0).Before(date) {
		warn(fmt.Sprintf("五年期 LPR 用的是 %s 起的报价，距评估日已超过 %d 个月：请更新市场数据", from.Format(time.DateOnly), oldMarketMonths), fmt.Sprintf("the 5-year LPR dates from %s, more than %d months before the date: update market data", from.Format(time.DateOnly), oldMarketMonths))
	}
	for _, override := range m.Asked.Overrides {
		at, known := m.Parameters.Lookup(override.Parameter)
		if !known || at.Override == nil || *at.Override != override {
			warn(fmt.Sprintf("参数覆盖 %s（%s，地区 %s，至 %s）在本次评估中没有生效", override.Parameter, override.Value, override.Region, override.Until.Format(time.DateOnly)),
				fmt.Sprintf("the override of %s (%s, region %s, until %s) does nothing here", override.Parameter, override.Value, override.Region, override.Until.Format(time.DateOnly)))
		}
	}
	return warnings
}
