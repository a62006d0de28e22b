package facts

import (
	"math/big"
	"strings"

	"github.com/shopspring/decimal"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
)

// SetFiscal sets fiscal.* from a profile; nil makes all of it missing. Risk calls it again with a projected profile for
// each year of a plan.
func (a *Assembler) SetFiscal(f *ruleexpr.Facts, profile *funding.FiscalProfile) {
	if profile == nil {
		missing(f, a.fiscal, "没有提供财政概况 / no fiscal profile was given")
		return
	}
	apply(f, a.fiscal, profile)
}

func inProfile(keys ...string) string {
	joined := strings.Join(keys, ", ")
	return "财政概况缺少 " + joined + " / the fiscal profile lacks " + joined
}

// fiscalPart is one amount of a profile under the key of the file.
type fiscalPart struct {
	key   string
	value func(*funding.FiscalProfile) *money.Amount
	minus bool
}

// total is a fact that is the sum of parts of the profile: unknown as soon as one part is, and the reason names them all.
func total(name string, parts ...fiscalPart) entry[*funding.FiscalProfile] {
	reasons := map[string]string{}
	for _, part := range parts {
		reasons[part.key] = inProfile(part.key)
	}
	return entry[*funding.FiscalProfile]{name, func(t target, p *funding.FiscalProfile) {
		var sum money.Amount
		var lacking []string
		for _, part := range parts {
			switch value := part.value(p); {
			case value == nil:
				lacking = append(lacking, part.key)
			case part.minus:
				sum -= *value
			default:
				sum += *value
			}
		}
		switch len(lacking) {
		case 0:
			t.amount(sum)
		case 1:
			t.missing(reasons[lacking[0]])
		default:
			t.missing(inProfile(lacking...))
		}
	}}
}

func minus(part fiscalPart) fiscalPart {
	part.minus = true
	return part
}

var (
	generalRevenue       = fiscalPart{"general_revenue", func(p *funding.FiscalProfile) *money.Amount { return p.GeneralRevenue }, false}
	generalExpenditure   = fiscalPart{"general_expenditure", func(p *funding.FiscalProfile) *money.Amount { return p.GeneralExpenditure }, false}
	transfers            = fiscalPart{"transfers", func(p *funding.FiscalProfile) *money.Amount { return p.Transfers }, false}
	upwardRemittance     = fiscalPart{"upward_remittance", func(p *funding.FiscalProfile) *money.Amount { return p.UpwardRemittance }, false}
	fundRevenue          = fiscalPart{"fund_revenue", func(p *funding.FiscalProfile) *money.Amount { return p.FundRevenue }, false}
	fundExpenditure      = fiscalPart{"fund_expenditure", func(p *funding.FiscalProfile) *money.Amount { return p.FundExpenditure }, false}
	landSaleRevenue      = fiscalPart{"land_sale_revenue", func(p *funding.FiscalProfile) *money.Amount { return p.LandSaleRevenue }, false}
	soeCapitalRevenue    = fiscalPart{"soe_capital_revenue", func(p *funding.FiscalProfile) *money.Amount { return p.SOECapitalRevenue }, false}
	generalDebtLimit     = fiscalPart{"general_debt_limit", func(p *funding.FiscalProfile) *money.Amount { return p.GeneralDebtLimit }, false}
	specialDebtLimit     = fiscalPart{"special_debt_limit", func(p *funding.FiscalProfile) *money.Amount { return p.SpecialDebtLimit }, false}
	newQuota             = fiscalPart{"new_quota", func(p *funding.FiscalProfile) *money.Amount { return p.NewQuota }, false}
	generalDebtBalance   = fiscalPart{"general_debt_balance", func(p *funding.FiscalProfile) *money.Amount { return p.GeneralDebtBalance }, false}
	specialDebtBalance   = fiscalPart{"special_debt_balance", func(p *funding.FiscalProfile) *money.Amount { return p.SpecialDebtBalance }, false}
	implicitDebtBalance  = fiscalPart{"implicit_debt_balance", func(p *funding.FiscalProfile) *money.Amount { return p.ImplicitDebtBalance }, false}
	generalDebtInterest  = fiscalPart{"general_debt_interest", func(p *funding.FiscalProfile) *money.Amount { return p.GeneralDebtInterest }, false}
	specialDebtInterest  = fiscalPart{"special_debt_interest", func(p *funding.FiscalProfile) *money.Amount { return p.SpecialDebtInterest }, false}
	generalDebtPrincipal = fiscalPart{"general_debt_principal", func(p *funding.FiscalProfile) *money.Amount { return p.GeneralDebtPrincipal }, false}
	specialDebtPrincipal = fiscalPart{"special_debt_principal", func(p *funding.FiscalProfile) *money.Amount { return p.SpecialDebtPrincipal }, false}
	specialProjectIncome = fiscalPart{"special_project_income", func(p *funding.FiscalProfile) *money.Amount { return p.SpecialProjectIncome }, false}
	grossProduct         = fiscalPart{"gdp", func(p *funding.FiscalProfile) *money.Amount { return p.GDP }, false}
	defaultedPrincipal   = fiscalPart{"defaulted_principal", func(p *funding.FiscalProfile) *money.Amount { return p.DefaultedPrincipal }, false}
	duePrincipal         = fiscalPart{"due_principal", func(p *funding.FiscalProfile) *money.Amount { return p.DuePrincipal }, false}
	basicSpendingGap     = fiscalPart{"basic_spending_gap", func(p *funding.FiscalProfile) *money.Amount { return p.BasicSpendingGap }, false}
	treasuryBalance      = fiscalPart{"treasury_balance", func(p *funding.FiscalProfile) *money.Amount { return p.TreasuryBalance }, false}
	reserveFund          = fiscalPart{"reserve_fund", func(p *funding.FiscalProfile) *money.Amount { return p.ReserveFund }, false}
	provinceSpecialBonds = fiscalPart{"province_special_bonds", func(p *funding.FiscalProfile) *money.Amount { return p.ProvinceSpecialBonds }, false}
	provinceBondCapital  = fiscalPart{"province_bond_capital", func(p *funding.FiscalProfile) *money.Amount { return p.ProvinceBondCapital }, false}
)

var fiscalFacts = []entry[*funding.FiscalProfile]{
	{"fiscal.year", func(t target, p *funding.FiscalProfile) { t.count(p.Year) }},
	{"fiscal.level", func(t target, p *funding.FiscalProfile) { t.word(p.Level, inProfile("level")) }},
	total("fiscal.gdp", grossProduct),
	total("fiscal.general_revenue", generalRevenue),
	total("fiscal.general_expenditure", generalExpenditure),
	total("fiscal.transfers", transfers),
	total("fiscal.fund_revenue", fundRevenue),
	total("fiscal.fund_expenditure", fundExpenditure),
	total("fiscal.land_sale_revenue", landSaleRevenue),
	total("fiscal.comprehensive_resources", generalRevenue, transfers, minus(upwardRemittance), fundRevenue, soeCapitalRevenue),
	total("fiscal.debt_limit", generalDebtLimit, specialDebtLimit, newQuota),
	total("fiscal.general_debt_limit", generalDebtLimit),
	total("fiscal.special_debt_limit", specialDebtLimit),
	total("fiscal.debt_balance", generalDebtBalance, specialDebtBalance),
	total("fiscal.general_debt_balance", generalDebtBalance),
	total("fiscal.special_debt_balance", specialDebtBalance),
	total("fiscal.debt_headroom", generalDebtLimit, specialDebtLimit, newQuota, minus(generalDebtBalance), minus(specialDebtBalance)),
	total("fiscal.implicit_debt", implicitDebtBalance),
	total("fiscal.general_interest", generalDebtInterest),
	total("fiscal.special_interest", specialDebtInterest),
	total("fiscal.general_service", generalDebtPrincipal, generalDebtInterest),
	total("fiscal.special_service", specialDebtPrincipal, specialDebtInterest),
	total("fiscal.special_project_income", specialProjectIncome),
	// A grade that was not notified is the empty text: the profile says so, it does not leave it open.
	{"fiscal.official_grade", func(t target, p *funding.FiscalProfile) { t.facts.SetText(t.slot, p.OfficialGrade) }},
	total("fiscal.defaulted_principal", defaultedPrincipal),
	total("fiscal.due_principal", duePrincipal),
	total("fiscal.basic_spending_gap", basicSpendingGap),
	total("fiscal.treasury_balance", treasuryBalance),
	total("fiscal.reserve_fund", reserveFund),
	{"fiscal.ppp_commitments", func(t target, p *funding.FiscalProfile) {
		if len(p.PPPCommitments) == 0 {
			t.missing(inProfile("ppp_commitments"))
			return
		}
		t.amount(p.PPPCommitments[0])
	}},
	{"fiscal.land_revenue_growth", setLandRevenueGrowth},
	total("fiscal.province_special_bonds", provinceSpecialBonds),
	total("fiscal.province_bond_capital", provinceBondCapital),
	{"fiscal.subsidy_plan", func(t target, p *funding.FiscalProfile) {
		given(t, p.SubsidyPlan, target.flag, inProfile("subsidy_plan"))
	}},
}

// growthYears is the span of the trend in land-sale revenue.
const growthYears = 3

// setLandRevenueGrowth sets (this year / three years ago)^(1/3) − 1, rounded half-up to six decimals.
func setLandRevenueGrowth(t target, p *funding.FiscalProfile) {
	if p.LandSaleRevenue == nil {
		t.missing(inProfile("land_sale_revenue"))
		return
	}
	if len(p.LandSaleRevenueHistory) < growthYears {
		t.missing(inProfile("land_sale_revenue_history") + "（前三年 / the three years before）")
		return
	}
	before := p.LandSaleRevenueHistory[len(p.LandSaleRevenueHistory)-growthYears]
	if before <= 0 {
		t.missing("三年前的土地出让收入为零，无法计算增长率 / land-sale revenue three years ago is zero, so no growth rate exists")
		return
	}
	millionths := cubeRoot(*p.LandSaleRevenue, before)
	t.decimal(decimal.New(millionths-1_000_000, -money.RatioDecimals))
}

// cubeRoot returns (numerator/denominator)^(1/3) in millionths, rounded half-up, without leaving the integers: the
// largest k for which (2k−1)³·denominator ≤ 8·10^18·numerator.
func cubeRoot(numerator, denominator money.Amount) int64 {
	right := new(big.Int).SetInt64(8_000_000_000_000_000_000)
	right.Mul(right, big.NewInt(int64(numerator)))
	right.Quo(right, big.NewInt(int64(denominator)))
	low, high := int64(0), int64(1)
	var cube, side big.Int
	atMost := func(k int64) bool {
		side.SetInt64(2*k - 1)
		return cube.Mul(&side, &side).Mul(&cube, &side).Cmp(right) <= 0
	}
	for atMost(high) {
		low, high = high, high*2
	}
	for high-low > 1 {
		middle := low + (high-low)/2
		if atMost(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}
