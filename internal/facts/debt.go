package facts

import (
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"zutuan/internal/cashflow"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// homeCurrency is the currency of every amount that a rule sees.
const homeCurrency = "CNY"

// dueQuarters is how many quarters "within 12 months" are.
const dueQuarters = 4

// Debt is a ledger worked out for rules: sums in CNY and the rest of every schedule. It is made once for a ledger and
// shared by all cases of the region; it does not change.
type Debt struct {
	ledger    *funding.Ledger
	schedules []*loan.Schedule // in the ledger's order
	exchanges []money.Decimal  // CNY for one unit of each instrument's currency, in the ledger's order
	byID      map[string]*loan.Schedule
	sums      debtSums
	// unknown says why no sum can be made, empty where all can.
	unknown string
}

// debtSums are the figures of debt.*, in fen unless the name says otherwise.
type debtSums struct {
	total, government, platform, borrower, implicit, guarantees, nonStandard money.Amount
	due12m, wall, refinancingDue, overdue                                    money.Amount
	weightedRate, averageLifeYears, highestRate                              loan.Measure
}

// NewDebt works out a ledger. Foreign balances are converted at the day's exchange rate (market.<currency>_cny); where
// there is none, the sums are unknown and say so. market may be nil.
func NewDebt(ledger *funding.Ledger, market *rulepack.Market, date time.Time) *Debt {
	d := &Debt{ledger: ledger, schedules: make([]*loan.Schedule, len(ledger.Instruments)), byID: make(map[string]*loan.Schedule, len(ledger.Instruments))}
	rates := make([]money.Decimal, len(ledger.Instruments))
	for i := range ledger.Instruments {
		instrument := &ledger.Instruments[i]
		d.schedules[i] = loan.InstrumentSchedule(*instrument, ledger.AsOf)
		d.byID[instrument.ID] = d.schedules[i]
		var ok bool
		if rates[i], ok = exchange(instrument.Currency, market, date); !ok && d.unknown == "" {
			d.unknown = fmt.Sprintf("台账第 %d 行的币种是 %s，市场数据没有 %s / row %d of the ledger is in %s and market data has no %s", instrument.Row, instrument.Currency,
				exchangeSeries(instrument.Currency), instrument.Row, instrument.Currency, exchangeSeries(instrument.Currency))
		}
	}
	d.exchanges = rates
	if d.unknown == "" {
		d.sums = sumDebt(ledger, d.schedules, rates)
	}
	return d
}

func exchangeSeries(currency string) string { return strings.ToLower(currency) + "_cny" }

// exchange returns CNY for one unit of a currency.
func exchange(currency string, market *rulepack.Market, date time.Time) (money.Decimal, bool) {
	if currency == homeCurrency || currency == "" {
		return money.One, true
	}
	if market == nil {
		return money.Zero, false
	}
	rate, _, ok := market.At(exchangeSeries(currency), date)
	return rate, ok
}

// Schedule returns the rest of an instrument's schedule, nil where the ledger has no instrument of that id.
func (d *Debt) Schedule(id string) *loan.Schedule { return d.byID[id] }

// Schedules returns the rest of every instrument's schedule, in the ledger's order.
func (d *Debt) Schedules() []*loan.Schedule { return d.schedules }

// Ledger returns what the sums were made from.
func (d *Debt) Ledger() *funding.Ledger { return d.ledger }

func sumDebt(ledger *funding.Ledger, schedules []*loan.Schedule, exchanges []money.Decimal) debtSums {
	var s debtSums
	first := loan.FirstQuarter(ledger.AsOf)
	due := map[quarter.Quarter]money.Amount{}
	cost, life, lifeOf := money.Zero, money.Zero, money.Amount(0)
	for i := range ledger.Instruments {
		instrument := &ledger.Instruments[i]
		outstanding := money.Share(instrument.Outstanding, exchanges[i])
		s.add(instrument, outstanding, ledger.AsOf)
		cost = cost.Add(instrument.Rate.Mul(outstanding.Decimal()))
		if instrument.Kind == "guarantee" {
			continue // contingent: nothing of it falls due until it is called
		}
		for k := range schedules[i].Rows {
			row := &schedules[i].Rows[k]
			principal := money.Share(row.Principal, exchanges[i])
			due[row.Quarter] += principal
			life = life.Add(principal.Decimal().Mul(decimal.NewFromInt(int64(row.Quarter.Since(first) + 1))))
			lifeOf += principal
			if row.Quarter.Since(first) < dueQuarters && instrument.DebtorType != "government" {
				s.due12m += principal
				if instrument.RepaySource == "refinancing" {
					s.refinancingDue += principal
				}
			}
		}
	}
	for _, amount := range due {
		s.wall = max(s.wall, amount)
	}
	if s.total > 0 {
		s.weightedRate = loan.Measure{Value: cost.DivRound(s.total.Decimal(), money.RatioDecimals), Known: true}
	}
	if lifeOf > 0 {
		s.averageLifeYears = loan.Measure{Value: life.DivRound(lifeOf.Decimal().Mul(decimal.NewFromInt(4)), money.RatioDecimals), Known: true}
	}
	return s
}

// add adds the balance of one instrument to every sum that it belongs to.
func (s *debtSums) add(instrument *funding.Instrument, outstanding money.Amount, asOf time.Time) {
	s.total += outstanding
	switch instrument.DebtorType {
	case "government":
		s.government += outstanding
	case "platform", "cluster":
		s.platform += outstanding
		s.borrower += outstanding
	case "soe":
		s.borrower += outstanding
	}
	switch instrument.Kind {
	case "guarantee":
		s.guarantees += outstanding
	case "lease", "trust", "other":
		if instrument.DebtorType != "government" {
			s.nonStandard += outstanding
		}
	}
	if instrument.Implicit {
		s.implicit += outstanding
	}
	if instrument.Maturity.Before(asOf) {
		s.overdue += outstanding
	}
	if !s.highestRate.Known || instrument.Rate.GreaterThan(s.highestRate.Value) {
		s.highestRate = loan.Measure{Value: instrument.Rate, Known: true}
	}
}

// debtFigures is a region's debt and what this cluster pays of it; debt is nil without a ledger.
type debtFigures struct {
	debt        *Debt
	requirement *funding.Requirement
	simulation  *cashflow.Result
}

// SetDebt sets debt.* from a ledger; nil makes it missing, except what the cluster pays where it says that it pays
// nothing.
func (a *Assembler) SetDebt(f *ruleexpr.Facts, debt *Debt, requirement *funding.Requirement, simulation *cashflow.Result) {
	apply(f, a.debt, &debtFigures{debt, requirement, simulation})
}

const (
	noLedger = "没有提供存量债务台账 / no ledger of existing debt was given"
	noDebt   = "台账没有余额 / the ledger has no outstanding balance"
)

func debtSum(name string, value func(*debtSums) money.Amount) entry[*debtFigures] {
	return entry[*debtFigures]{name, func(t target, d *debtFigures) {
		if reason := d.missing(); reason != "" {
			t.missing(reason)
			return
		}
		t.amount(value(&d.debt.sums))
	}}
}

func debtMeasure(name string, value func(*debtSums) loan.Measure) entry[*debtFigures] {
	return entry[*debtFigures]{name, func(t target, d *debtFigures) {
		reason := d.missing()
		if reason == "" {
			if measure := value(&d.debt.sums); measure.Known {
				t.decimal(measure.Value)
				return
			}
			reason = noDebt
		}
		t.missing(reason)
	}}
}

func (d *debtFigures) missing() string {
	if d.debt == nil {
		return noLedger
	}
	return d.debt.unknown
}

var debtFacts = []entry[*debtFigures]{
	debtSum("debt.total", func(s *debtSums) money.Amount { return s.total }),
	debtSum("debt.government", func(s *debtSums) money.Amount { return s.government }),
	debtSum("debt.platform", func(s *debtSums) money.Amount { return s.platform }),
	debtSum("debt.borrower", func(s *debtSums) money.Amount { return s.borrower }),
	debtSum("debt.implicit", func(s *debtSums) money.Amount { return s.implicit }),
	debtSum("debt.guarantees", func(s *debtSums) money.Amount { return s.guarantees }),
	debtSum("debt.non_standard", func(s *debtSums) money.Amount { return s.nonStandard }),
	debtSum("debt.due_12m", func(s *debtSums) money.Amount { return s.due12m }),
	debtSum("debt.wall", func(s *debtSums) money.Amount { return s.wall }),
	debtSum("debt.refinancing_due", func(s *debtSums) money.Amount { return s.refinancingDue }),
	debtSum("debt.overdue", func(s *debtSums) money.Amount { return s.overdue }),
	debtMeasure("debt.weighted_rate", func(s *debtSums) loan.Measure { return s.weightedRate }),
	debtMeasure("debt.average_life", func(s *debtSums) loan.Measure { return s.averageLifeYears }),
	debtMeasure("debt.highest_rate", func(s *debtSums) loan.Measure { return s.highestRate }),
	{"debt.own", setOwnDebt},
	{"debt.own_due_12m", setOwnDue},
	{"debt.own_guarantees", setOwnGuarantees},
	{"debt.service_of_cluster", setClusterService},
}

// setClusterService adds what the cluster pays on existing instruments over the horizon, as the simulation counted it.
func setClusterService(t target, d *debtFigures) {
	if len(d.requirement.DebtService) > 0 && d.debt == nil {
		t.missing(noLedger)
		return
	}
	var total money.Amount
	for _, amount := range d.simulation.ExistingDebtService[:d.simulation.Horizon] {
		total += amount
	}
	t.amount(total)
}
