// Package loan turns the terms of a debt into its schedule, quarter by quarter and to the fen, and says what the
// schedule costs and how the money that comes back covers it (finance.md, "A loan's schedule" and "Coverage"). The
// rest of an existing instrument's life goes through the same code. It is pure: no clock, no files, no binary floats;
// the same terms give the same fen everywhere. See README.md for how the open points of finance.md are read.
package loan

import (
	"fmt"
	"strings"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

// Draw is money paid out to the borrower in a quarter.
type Draw struct {
	Quarter quarter.Quarter
	Amount  money.Amount
}

// Profile is how the principal is repaid.
type Profile string

// The profiles of finance.md.
const (
	ProfileEqualPrincipal Profile = "equal_principal" // 等额本金
	ProfileAnnuity        Profile = "annuity"         // 等额本息
	ProfileBullet         Profile = "bullet"          // 到期一次还本
	ProfileCustom         Profile = "custom"          // a list of shares
	ProfileSculpted       Profile = "sculpted"        // a constant DSCR
)

// Timing is when in its quarter a draw is paid out; it decides the part w of a quarter's interest that the draw bears.
type Timing string

// The timings of finance.md; mid is the default, as EMP-3's interest during construction.
const (
	TimingStart Timing = "start" // w = 1
	TimingMid   Timing = "mid"   // w = 1/2
	TimingEnd   Timing = "end"   // w = 0
)

// halves returns 2·w, so that half a draw is never half a fen.
func (t Timing) halves() int64 {
	switch t {
	case TimingStart:
		return 2
	case TimingEnd:
		return 0
	}
	return 1
}

// RateChange is a new annual nominal rate from a quarter on.
type RateChange struct {
	From quarter.Quarter
	Rate money.Decimal
}

// Terms is everything that a schedule follows from.
type Terms struct {
	// Start is t0, the quarter of signing; 0: the quarter of the first draw.
	Start quarter.Quarter
	// Draws may come in any order, and several in one quarter.
	Draws []Draw
	// Commitment is the amount the lender holds ready; 0: the sum of the draws.
	Commitment money.Amount
	// Rate is the annual nominal rate; Changes replace it from their quarters on, in ascending order (a floating rate).
	Rate    money.Decimal
	Changes []RateChange
	// Tenor, Grace and Availability are quarters counted from Start. Availability 0: max(Grace, 1).
	Tenor        int
	Grace        int
	Availability int
	// Interval is the number of quarters between instalments: 1, 2 or 4. 0: 1.
	Interval int
	Profile  Profile
	// Custom holds one share for each instalment of a custom profile; they add to exactly 1.
	Custom []money.Decimal
	// Timing is empty for mid.
	Timing                Timing
	CapitalizeDuringGrace bool
	// Fees are annual shares, except Upfront (a share once) and Agency (yuan a year).
	Fees funding.ProductFees
}

// start returns t0.
func (t Terms) start() quarter.Quarter {
	if t.Start != 0 || len(t.Draws) == 0 {
		return t.Start
	}
	first := t.Draws[0].Quarter
	for _, draw := range t.Draws {
		first = min(first, draw.Quarter)
	}
	return first
}

func (t Terms) interval() int { return max(t.Interval, 1) }

// Instalments returns n = (T − G) / f, the number of instalments.
func (t Terms) Instalments() int { return (t.Tenor - t.Grace) / t.interval() }

// availability returns A, the quarters from t0 in which draws are possible.
func (t Terms) availability() int {
	if t.Availability > 0 {
		return t.Availability
	}
	return max(t.Grace, 1)
}

// maxRate bounds an annual rate: 100 %. What lies above is a percentage written as a number.
const maxRate = 1

// report receives one problem with the path of its field.
type report func(path, code, zh, en string)

// Check returns everything that is wrong with the terms, each with the path of its field; nothing where Build accepts
// them. It does not know the cash flow, so whether a sculpted profile exists is for Build to say.
func (t Terms) Check() document.Problems {
	var problems document.Problems
	t.check(func(path, code, zh, en string) {
		problems = append(problems, document.Problem{Path: path, Code: code, ZH: zh, EN: en})
	})
	return problems
}

func (t Terms) check(report report) {
	t.checkTime(report)
	t.checkRates(report)
	t.checkDraws(report)
	t.checkProfile(report)
	checkFees(t.Fees, report)
}

func (t Terms) checkTime(report report) {
	if t.Tenor < 1 || t.Tenor > funding.MaxQuarters {
		report("tenor", "tenor", fmt.Sprintf("期限 %d 季应在 1 到 %d 季之间", t.Tenor, funding.MaxQuarters),
			fmt.Sprintf("the tenor of %d quarters should be from 1 to %d", t.Tenor, funding.MaxQuarters))
	}
	if t.Grace < 0 || t.Grace >= max(t.Tenor, 1) {
		report("grace", "grace", fmt.Sprintf("宽限期 %d 季应不小于 0 且短于期限 %d 季", t.Grace, t.Tenor),
			fmt.Sprintf("the grace of %d quarters should be at least 0 and shorter than the tenor of %d", t.Grace, t.Tenor))
	}
	switch interval := t.interval(); {
	case interval != 1 && interval != 2 && interval != 4:
		report("interval", "interval", fmt.Sprintf("还款间隔 %d 应为 1、2 或 4 季", t.Interval),
			fmt.Sprintf("the payment interval of %d should be 1, 2 or 4 quarters", t.Interval))
	case (t.Tenor-t.Grace)%interval != 0:
		report("tenor", "interval", fmt.Sprintf("期限减宽限期（%d 季）应是还款间隔 %d 季的整数倍", t.Tenor-t.Grace, interval),
			fmt.Sprintf("tenor less grace (%d quarters) should be a multiple of the payment interval of %d", t.Tenor-t.Grace, interval))
	}
	if most := max(t.Grace, 1); t.Availability < 0 || t.Availability > most {
		report("availability", "availability", fmt.Sprintf("提款期 %d 季应在 1 到 %d 季之间（不长于宽限期）", t.Availability, most),
			fmt.Sprintf("the availability of %d quarters should be from 1 to %d (never longer than the grace)", t.Availability, most))
	}
	switch t.Timing {
	case "", TimingStart, TimingMid, TimingEnd:
	default:
		report("timing", "enum", fmt.Sprintf("提款时点 %q 应为 start、mid 或 end", t.Timing), fmt.Sprintf("the draw timing %q should be start, mid or end", t.Timing))
	}
}

func (t Terms) checkRates(report report) {
	checkRate("rate", t.Rate, report)
	for i, change := range t.Changes {
		checkRate(fmt.Sprintf("rates[%d].rate", i), change.Rate, report)
		if i > 0 && change.From <= t.Changes[i-1].From {
			report(fmt.Sprintf("rates[%d].from", i), "order", fmt.Sprintf("利率变动应按季度先后排列，%s 不在 %s 之后", change.From, t.Changes[i-1].From),
				fmt.Sprintf("rate changes should be in order: %s is not after %s", change.From, t.Changes[i-1].From))
		}
	}
}

func checkRate(path string, rate money.Decimal, report report) {
	units, ok := money.PerTrillion(rate)
	if !ok || units < 0 || units > maxRate*trillion {
		report(path, "rate", fmt.Sprintf("年利率 %s 应为 0 到 %d 的小数（如 0.0365，不写 3.65%%），最多 12 位小数", rate, maxRate),
			fmt.Sprintf("the annual rate %s should be a decimal fraction from 0 to %d (0.0365, never 3.65%%), at most 12 decimals", rate, maxRate))
	}
}

func (t Terms) checkDraws(report report) {
	start, total := t.start(), money.Amount(0)
	last := start.Add(t.availability() - 1)
	for i, draw := range t.Draws {
		if draw.Amount < 0 || draw.Amount > money.MaxAmount {
			report(drawPath(i)+".amount", "amount", fmt.Sprintf("提款 %s 不能为负，也不能超过 10 万亿元", draw.Amount), fmt.Sprintf("the draw of %s must not be negative or above ten trillion", draw.Amount))
			continue
		}
		total += draw.Amount
		if draw.Quarter < start {
			report(drawPath(i)+".quarter", "draw_before_start", fmt.Sprintf("提款季度 %s 早于签约季度 %s", draw.Quarter, start),
				fmt.Sprintf("the draw in %s is before the signing in %s", draw.Quarter, start))
		}
		if draw.Quarter > last {
			report(drawPath(i)+".quarter", "draw_after_availability", fmt.Sprintf("提款季度 %s 晚于提款期末 %s；请提前提款，或延长宽限期与提款期", draw.Quarter, last),
				fmt.Sprintf("the draw in %s is after the last quarter of availability, %s; draw earlier, or lengthen grace and availability", draw.Quarter, last))
		}
		if total > money.MaxAmount {
			report(drawPath(i)+".amount", "amount", "提款合计超过 10 万亿元", "the draws add to more than ten trillion")
			return
		}
	}
	if total == 0 {
		report("draws", "missing", "至少要有一笔大于零的提款", "at least one draw above zero is needed")
	}
	if t.Commitment < 0 || t.Commitment > money.MaxAmount || t.Commitment != 0 && t.Commitment < total {
		report("commitment", "commitment", fmt.Sprintf("承诺额 %s 应不小于提款合计 %s，且不超过 10 万亿元", t.Commitment, total),
			fmt.Sprintf("the commitment of %s should be at least the draws' %s and at most ten trillion", t.Commitment, total))
	}
}

func drawPath(index int) string { return fmt.Sprintf("draws[%d]", index) }

func (t Terms) checkProfile(report report) {
	switch t.Profile {
	case ProfileEqualPrincipal, ProfileAnnuity, ProfileBullet, ProfileCustom, ProfileSculpted:
	default:
		list := strings.Join(funding.Profiles, ", ")
		report("profile", "enum", fmt.Sprintf("还本方式 %q 不在允许的取值之内：%s", t.Profile, list), fmt.Sprintf("the profile %q is not one of: %s", t.Profile, list))
		return
	}
	if t.Profile != ProfileCustom {
		if len(t.Custom) > 0 {
			report("custom", "custom", "只有还本方式为 custom 时才给出各期比例", "shares are given for the profile custom only")
		}
		return
	}
	if n := t.Instalments(); len(t.Custom) != n {
		report("custom", "custom", fmt.Sprintf("给出了 %d 个比例，应为 %d 个（每期一个）", len(t.Custom), n),
			fmt.Sprintf("%d shares are given; there are %d instalments", len(t.Custom), n))
	}
	sum := money.Zero
	for i, share := range t.Custom {
		if units, ok := money.PerTrillion(share); !ok || units < 0 || units > trillion {
			report(fmt.Sprintf("custom[%d]", i), "custom", fmt.Sprintf("比例 %s 应在 0 到 1 之间，最多 12 位小数", share), fmt.Sprintf("the share %s should be from 0 to 1, at most 12 decimals", share))
		}
		sum = sum.Add(share)
	}
	if !sum.Equal(money.One) {
		report("custom", "custom", fmt.Sprintf("各期比例之和为 %s，应正好等于 1", sum), fmt.Sprintf("the shares add to %s; they must add to exactly 1", sum))
	}
}

func checkFees(fees funding.ProductFees, report report) {
	for _, fee := range []struct {
		path  string
		share money.Decimal
	}{{"fees.upfront", fees.Upfront}, {"fees.commitment", fees.Commitment}, {"fees.guarantee", fees.Guarantee}} {
		if units, ok := money.PerTrillion(fee.share); !ok || units < 0 || units > trillion {
			report(fee.path, "rate", fmt.Sprintf("费率 %s 应为 0 到 1 的小数，最多 12 位小数", fee.share), fmt.Sprintf("the fee %s should be a decimal fraction from 0 to 1, at most 12 decimals", fee.share))
		}
	}
	if fees.Agency < 0 || fees.Agency > money.MaxAmount {
		report("fees.agency", "amount", fmt.Sprintf("年代理费 %s 不能为负，也不能超过 10 万亿元", fees.Agency), fmt.Sprintf("the agency fee of %s a year must not be negative or above ten trillion", fees.Agency))
	}
}
