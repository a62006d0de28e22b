package match

import (
	"slices"
	"strings"
	"time"

	"zutuan/internal/cashflow"
	"zutuan/internal/facts"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// Records is what a requirement is matched with. Requirement, Simulation and Extended are needed; a record that is nil
// leaves the facts that follow from it unknown.
type Records struct {
	Requirement *funding.Requirement
	// Simulation is the requirement over its horizon.
	Simulation *cashflow.Result
	// Extended is the same requirement over funding.MaxQuarters, so that every loan's last service lies within it.
	Extended    *cashflow.Result
	Debt        *facts.Debt
	Fiscal      *funding.FiscalProfile
	Zone        *funding.Zone
	Memberships []funding.Membership
}

// Need is a requirement made ready to be matched with any number of products. It does not change afterwards and is safe
// for concurrent use.
type Need struct {
	// Facts is everything that rules may ask before there is an offer; nobody may alter it.
	Facts *ruleexpr.Facts
	// Date is the day of the match, which decides parameters, market data and which product versions are offered.
	Date time.Time

	// requirement holds only what slimmed keeps, and of the long statement only cfads, by quarter over funding.MaxQuarters: a
	// search holds thousands of needs at once, and statements are many times as large as all the rest.
	requirement *funding.Requirement
	start       quarter.Quarter
	cfads       []money.Amount
	// service is what the cluster pays on existing debt, by quarter over the horizon.
	service []money.Amount
	// existing is the rest of the instruments that the cluster pays. serviceUnknown says why that is not known.
	existing       []*loan.Schedule
	serviceUnknown string
	// draws is the need for draws over the horizon; firstDraw its first quarter, −1 where nothing is to be drawn.
	draws     []money.Amount
	firstDraw int
	// operating is inflow − cost − surtax − depreciation, by quarter.
	operating []money.Amount
	// projectEnd is how many quarters CFADS counts for PLCR: the horizon, and after_horizon where the file gives it.
	projectEnd int
	// life is the span of quarters in which money is missing without new financing, see lifeOf.
	life span
	// cost is what all-in costs are measured against.
	cost costScale
}

// NewNeed assembles the facts of a requirement on a day and works out once what every product needs to be sized.
// reference is what facts.Assembler.NewReference made for that day.
func NewNeed(assembler *facts.Assembler, reference *ruleexpr.Facts, date time.Time, records Records) *Need {
	n := &Need{
		Facts: assembler.Assemble(reference, date, facts.Case{
			Requirement: records.Requirement, Simulation: records.Simulation, Ledger: records.Debt, Fiscal: records.Fiscal,
			Zone: records.Zone, Memberships: records.Memberships,
		}),
		Date: date, service: slices.Clone(records.Simulation.ExistingDebtService[:records.Simulation.Horizon]),
		draws: slices.Clone(records.Simulation.Draw[:records.Simulation.Horizon]), firstDraw: -1,
	}
	n.requirement, n.start, n.cfads = slimmed(records.Requirement), records.Requirement.Start, slices.Clone(records.Extended.CFADS)
	for q, draw := range n.draws {
		if draw > 0 {
			n.firstDraw = q
			break
		}
	}
	n.findExisting(records.Debt)
	n.operating = operatingResult(records.Extended)
	n.projectEnd = cashflow.ProjectQuarters(records.Requirement)
	n.life = lifeOf(records.Extended.Gap)
	n.cost = newCostScale(n.Facts)
	return n
}

// slimmed returns of a requirement what offers and facts about existing debt go by.
func slimmed(from *funding.Requirement) *funding.Requirement {
	return &funding.Requirement{Start: from.Start, Currency: from.Currency, Borrower: funding.Borrower{Name: from.Borrower.Name}, DebtService: from.DebtService}
}

// operatingResult returns inflow − cost − surtax − depreciation by quarter. Depreciation is the difference of exact
// running sums, so that a loan year's sum is never off by the rounding of its quarters.
func operatingResult(statement *cashflow.Result) []money.Amount {
	column, before := make([]money.Amount, len(statement.Inflow)), money.Amount(0)
	for q := range column {
		upTo := statement.DepreciationBetween(0, q+1)
		column[q] = statement.Inflow[q] - statement.Cost[q] - statement.Surtax[q] - (upTo - before)
		before = upTo
	}
	return column
}

// findExisting collects the schedules of the instruments that the cluster pays. Where one is not known, cover of debt
// would come out too good, so it is unknown as a whole.
func (n *Need) findExisting(debt *facts.Debt) {
	for _, id := range n.requirement.DebtService {
		var schedule *loan.Schedule
		if debt != nil {
			schedule = debt.Schedule(id)
		}
		if schedule == nil {
			n.serviceUnknown = "台账中没有本组团承担的债务 " + id + " / the ledger does not have the debt " + id + " that this cluster pays"
			n.existing = nil
			return
		}
		n.existing = append(n.existing, schedule)
	}
}

// Under returns the need under another reference: other market data or parameters on the same day. debt is the ledger worked
// out with that market data, nil where the need has none. It is what NewNeed would make of the same records, without
// simulating again, because neither market data nor parameters reach into a simulation.
func (n *Need) Under(assembler *facts.Assembler, reference *ruleexpr.Facts, debt *facts.Debt) *Need {
	out := *n
	out.Facts = n.Facts.Clone()
	for i, fact := range out.Facts.Vocabulary().Facts() {
		if strings.HasPrefix(fact.Name, rulepack.MarketPrefix) || strings.HasPrefix(fact.Name, rulepack.ParameterPrefix) {
			out.Facts.Copy(ruleexpr.Slot(i), reference)
		}
	}
	service := &cashflow.Result{Horizon: len(n.service), Statement: cashflow.Statement{ExistingDebtService: n.service}}
	assembler.SetDebt(out.Facts, debt, n.requirement, service)
	out.cost = newCostScale(out.Facts)
	return &out
}

// Requested is the money that the requirement asks for: its peak gap before debt, zero where there is none.
func (n *Need) Requested() money.Amount {
	amount, _ := n.Facts.Amount(n.Facts.Vocabulary().Slot("need.peak_gap"))
	return amount
}

// span is a stretch of quarter indices, the end not included.
type span struct{ from, to int }

func (s span) length() int { return max(s.to-s.from, 0) }

// overlap returns how many quarters two spans share.
func (s span) overlap(other span) int {
	return span{max(s.from, other.from), min(s.to, other.to)}.length()
}

// lifeOf returns the life of a need: from the first to the last quarter in which cash without new financing is below
// the minimum. Before it nothing has to be borrowed; after it the money that came back would have repaid everything.
func lifeOf(gaps []money.Amount) span {
	life := span{}
	for q, gap := range gaps {
		if gap <= 0 {
			continue
		}
		if life.to == 0 {
			life.from = q
		}
		life.to = q + 1
	}
	return life
}
