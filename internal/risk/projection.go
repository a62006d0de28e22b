package risk

import (
	"zutuan/internal/facts"
	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

// maxYears bounds a projection: no debt of a plan outlives forty years.
const maxYears = 40

// Assumptions of the base projection, shown with every assessment.
var baseAssumptions = []funding.Text{
	{ZH: "基准情形不含增长：收入、支出、综合财力、债务限额和土地出让收入各年与财政概况所在年度相同；年度利率不变",
		EN: "base case without growth: revenue, expenditure, resources, debt limits and land revenue stay as in the year of the fiscal profile; rates do not change"},
	{ZH: "台账内的政府债务按各自的还本付息安排推算；台账未列出的余额（报告数减台账数）保持不变，其付息还本按报告数的同一比例延续",
		EN: "government debt in the ledger runs down by its own schedules; the reported balance that is not in the ledger stays, with its share of the reported interest and principal"},
	{ZH: "到期政府债券先由预算偿还，偿还额不超过财政概况所报当年还本额；其余由再融资债券接续，余额不减、利率不变；标明以再融资偿还的全部接续",
		EN: "bonds that mature are repaid by the budget up to the principal that the profile reports for its year; the rest is refinanced by bonds of the same rate and stays in the balance; what is marked for refinancing is refinanced wholly"},
	{ZH: "隐性债务按台账安排减少，标明以再融资偿还的不减；存量PPP支出责任按概况所列年度，列表之后视为没有",
		EN: "implicit debt runs down by the ledger, except what is marked for refinancing; PPP commitments are those listed by year and none after the list"},
	{ZH: "“现状”一栏把方案全部承诺额加在现有余额之上（最不利）；各年按方案提款和还本后的年末余额",
		EN: "the present state carries the plan's whole commitment on top of today's balance (the worst case); each year carries the balance at its end"},
}

// debtClass is which reported balance an instrument belongs to.
type debtClass int

const (
	classNone debtClass = iota
	classGeneral
	classSpecial
	classImplicit
)

// classOf sorts the instruments: what the government owes is special where it is a special bond and general otherwise;
// implicit debt is counted as such whoever owes it; guarantees are nobody's balance.
func classOf(instrument *funding.Instrument) debtClass {
	switch {
	case instrument.Kind == "guarantee":
		return classNone
	case instrument.Implicit:
		return classImplicit
	case instrument.DebtorType != "government":
		return classNone
	case instrument.Kind == "special_bond":
		return classSpecial
	}
	return classGeneral
}

// isBond reports whether an instrument can be refinanced by a bond when it matures.
func isBond(instrument *funding.Instrument) bool {
	return instrument.Kind == "general_bond" || instrument.Kind == "special_bond"
}

// classYear is one class of the ledger in one year.
type classYear struct {
	// balance at the end of the year, refinancing bonds included; interest of the year; due is the principal that falls
	// due; repaid the part of it that the budget pays; refinanced the rest.
	balance, interest, due, repaid, refinanced money.Amount
}

// course carries one class of the ledger through the years.
type course struct {
	items []courseItem
	// outstanding is the ledger's balance of the class.
	outstanding money.Amount
	// repayable is what the budget can repay of maturing bonds in a year.
	repayable money.Amount
}

// courseItem is one instrument with what has been refinanced of it so far.
type courseItem struct {
	instrument *funding.Instrument
	debt       *facts.Debt
	place      int
	rolled     money.Amount
}

// reported is what the profile says of a class; nil is unknown.
type reported struct {
	balance, interest, principal *money.Amount
}

func newCourse(debt *facts.Debt, class debtClass, record reported) *course {
	c := &course{}
	if debt == nil {
		return c
	}
	for i := range debt.Ledger().Instruments {
		instrument := &debt.Ledger().Instruments[i]
		if classOf(instrument) != class {
			continue
		}
		amount, _ := debt.InCNY(i, instrument.Outstanding)
		c.outstanding += amount
		c.items = append(c.items, courseItem{instrument: instrument, debt: debt, place: i})
	}
	if record.principal != nil && record.balance != nil {
		c.repayable = *record.principal - c.uncoveredShare(*record.principal, *record.balance)
	}
	return c
}

// uncoveredShare returns the part of a reported amount that belongs to the balance which is not in the ledger.
func (c *course) uncoveredShare(amount, balance money.Amount) money.Amount {
	if balance <= c.outstanding || balance <= 0 {
		return 0
	}
	return money.MulDiv(amount, int64(balance-c.outstanding), int64(balance))
}

// year carries the class through one more year; years must be asked in order.
func (c *course) year(year int) classYear {
	var out classYear
	repayable := c.repayable
	for i := range c.items {
		c.items[i].year(year, &repayable, &out)
	}
	return out
}

// year adds one year of the instrument, quarter by quarter: a maturing bond is repaid as far as the budget still can, the
// rest is refinanced and bears the same interest from the next quarter on.
func (it *courseItem) year(year int, repayable *money.Amount, out *classYear) {
	schedule := it.debt.Schedules()[it.place]
	out.interest += money.Share(it.rolled, it.instrument.Rate)
	closing := money.Amount(0)
	if before := it.quartersBefore(year); before > 0 {
		// The ledger's day lies after the beginning of the year: its balance stood for these quarters too.
		closing = it.inCNY(it.instrument.Outstanding)
		out.interest += money.MulDiv(money.Share(closing, it.instrument.Rate), int64(before), 4)
	}
	for i := range schedule.Rows {
		row := &schedule.Rows[i]
		if row.Quarter.Year() > year {
			break
		}
		closing = it.inCNY(row.Closing)
		if row.Quarter.Year() < year {
			continue
		}
		due := it.inCNY(row.Principal)
		repaid := it.repaid(due, repayable)
		refinanced := due - repaid
		out.interest += it.inCNY(row.Interest) + money.MulDiv(money.Share(refinanced, it.instrument.Rate), int64(4-row.Quarter.Number()), 4)
		out.due += due
		out.repaid += repaid
		out.refinanced += refinanced
		it.rolled += refinanced
	}
	out.balance += closing + it.rolled
}

// quartersBefore returns how many quarters of a year lie before the rest of the schedule begins.
func (it *courseItem) quartersBefore(year int) int {
	start := it.debt.Schedules()[it.place].Start
	return min(max(start.Since(quarter.New(year, 1)), 0), 4)
}

// repaid returns what of a due principal is paid without new debt, and takes it from what the budget can repay.
func (it *courseItem) repaid(due money.Amount, repayable *money.Amount) money.Amount {
	switch {
	case it.instrument.RepaySource == "refinancing":
		return 0
	case isBond(it.instrument):
		paid := min(due, max(*repayable, 0))
		*repayable -= paid
		return paid
	}
	return due
}

func (it *courseItem) inCNY(amount money.Amount) money.Amount {
	converted, _ := it.debt.InCNY(it.place, amount)
	return converted
}

// yearState is one projected year.
type yearState struct {
	year     int
	profile  *funding.FiscalProfile
	general  classYear
	special  classYear
	implicit classYear
}

// project carries the profile and the ledger from the year after the profile's to last. Without a profile there is
// nothing to carry.
func project(profile *funding.FiscalProfile, debt *facts.Debt, last int) []yearState {
	if profile == nil {
		return nil
	}
	generalRecord := reported{profile.GeneralDebtBalance, profile.GeneralDebtInterest, profile.GeneralDebtPrincipal}
	specialRecord := reported{profile.SpecialDebtBalance, profile.SpecialDebtInterest, profile.SpecialDebtPrincipal}
	implicitRecord := reported{balance: profile.ImplicitDebtBalance}
	general, special := newCourse(debt, classGeneral, generalRecord), newCourse(debt, classSpecial, specialRecord)
	implicit := newCourse(debt, classImplicit, implicitRecord)
	var states []yearState
	for year := profile.Year + 1; year <= last && year <= profile.Year+maxYears; year++ {
		state := yearState{year: year, general: general.year(year), special: special.year(year), implicit: implicit.year(year)}
		next := *profile
		next.Year = year
		next.GeneralDebtBalance, next.GeneralDebtInterest, next.GeneralDebtPrincipal = general.carry(generalRecord, state.general)
		next.SpecialDebtBalance, next.SpecialDebtInterest, next.SpecialDebtPrincipal = special.carry(specialRecord, state.special)
		next.ImplicitDebtBalance, _, _ = implicit.carry(implicitRecord, state.implicit)
		next.PPPCommitments = commitmentsFrom(profile.PPPCommitments, year-profile.Year)
		state.profile = &next
		states = append(states, state)
	}
	return states
}

// carry joins the ledger's year with the part of the reported figures that is not in the ledger. What was not reported
// stays unknown.
func (c *course) carry(record reported, state classYear) (balance, interest, principal *money.Amount) {
	if record.balance == nil {
		return nil, nil, nil
	}
	total := state.balance + max(0, *record.balance-c.outstanding)
	balance = &total
	if record.interest != nil {
		sum := state.interest + c.uncoveredShare(*record.interest, *record.balance)
		interest = &sum
	}
	if record.principal != nil {
		sum := state.repaid + c.uncoveredShare(*record.principal, *record.balance)
		principal = &sum
	}
	return balance, interest, principal
}

// commitmentsFrom drops the years that have passed; after the list there are no commitments.
func commitmentsFrom(commitments []money.Amount, years int) []money.Amount {
	if len(commitments) == 0 {
		return nil
	}
	if years >= len(commitments) {
		return []money.Amount{0}
	}
	return commitments[years:]
}
