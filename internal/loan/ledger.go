package loan

import (
	"slices"
	"sort"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

// homeCurrency is the currency of the views; an instrument in another one is left out and named.
const homeCurrency = "CNY"

// LedgerService returns the debt service of the instruments with the given ids by quarter, quarters of them from start
// on: interest and principal as they fall due after the day of the ledger. What lies before start or after the last
// quarter is not counted, nor is an id that the ledger does not have (Ledger readers check ids first). The instruments
// must be in one currency.
func LedgerService(ledger *funding.Ledger, ids []string, start quarter.Quarter, quarters int) []money.Amount {
	service := make([]money.Amount, quarters)
	for _, schedule := range LedgerSchedules(ledger, ids) {
		for i := range schedule.Rows {
			row := &schedule.Rows[i]
			if at := row.Quarter.Since(start); at >= 0 && at < quarters {
				service[at] += row.Service()
			}
		}
	}
	return service
}

// LedgerSchedules returns the rest of the schedules of the instruments with the given ids, each once, in the ledger's order.
func LedgerSchedules(ledger *funding.Ledger, ids []string) []*Schedule {
	var schedules []*Schedule
	for _, instrument := range ledger.Instruments {
		if slices.Contains(ids, instrument.ID) {
			schedules = append(schedules, InstrumentSchedule(instrument, ledger.AsOf))
		}
	}
	return schedules
}

// Wall is the maturity wall (到期分布): what falls due when, and to whom. Guarantees given are contingent and not in
// it; LeftOut names the instruments in foreign currency.
type Wall struct {
	Quarters  []WallQuarter  `json:"quarters"`
	Creditors []WallCreditor `json:"creditors"`
	LeftOut   []string       `json:"left_out,omitempty"`
}

// WallQuarter is what falls due in one quarter; Overdue is the part of Principal that was due before the ledger's day.
type WallQuarter struct {
	Quarter   quarter.Quarter `json:"quarter"`
	Principal money.Amount    `json:"principal"`
	Interest  money.Amount    `json:"interest"`
	Overdue   money.Amount    `json:"overdue"`
}

// WallCreditor is what is owed to one creditor: Principal by quarter, as long as Wall.Quarters.
type WallCreditor struct {
	Creditor    string         `json:"creditor"`
	Outstanding money.Amount   `json:"outstanding"`
	Principal   []money.Amount `json:"principal"`
}

// MaturityWall adds up the schedules of a ledger from the quarter after its day to the last principal. Creditors come
// largest balance first, then by name.
func MaturityWall(ledger *funding.Ledger) Wall {
	wall := Wall{Quarters: []WallQuarter{}, Creditors: []WallCreditor{}}
	owed, leftOut := owedInstruments(ledger)
	wall.LeftOut = leftOut
	first, last := FirstQuarter(ledger.AsOf), 0
	schedules := make([]*Schedule, len(owed))
	for i, instrument := range owed {
		schedules[i] = InstrumentSchedule(instrument, ledger.AsOf)
		last = max(last, len(schedules[i].Rows))
	}
	for q := range last {
		wall.Quarters = append(wall.Quarters, WallQuarter{Quarter: first.Add(q)})
	}
	places := map[string]int{}
	for i, instrument := range owed {
		place, known := places[instrument.Creditor]
		if !known {
			place = len(wall.Creditors)
			places[instrument.Creditor] = place
			wall.Creditors = append(wall.Creditors, WallCreditor{Creditor: instrument.Creditor, Principal: make([]money.Amount, last)})
		}
		wall.Creditors[place].Outstanding += instrument.Outstanding
		for q := range schedules[i].Rows {
			wall.Quarters[q].add(&schedules[i].Rows[q], schedules[i].Overdue)
			wall.Creditors[place].Principal[q] += schedules[i].Rows[q].Principal
		}
	}
	sort.SliceStable(wall.Creditors, func(i, j int) bool {
		a, b := &wall.Creditors[i], &wall.Creditors[j]
		return a.Outstanding > b.Outstanding || a.Outstanding == b.Outstanding && a.Creditor < b.Creditor
	})
	return wall
}

func (w *WallQuarter) add(row *Row, overdue bool) {
	w.Principal += row.Principal
	w.Interest += row.InterestPaid()
	if overdue {
		w.Overdue += row.Principal
	}
}

// owedInstruments returns the instruments that are debts of the debtor in the home currency, and the ids of those in
// another one.
func owedInstruments(ledger *funding.Ledger) (owed []funding.Instrument, leftOut []string) {
	for _, instrument := range ledger.Instruments {
		switch {
		case instrument.Kind == "guarantee":
		case instrument.Currency != "" && instrument.Currency != homeCurrency:
			leftOut = append(leftOut, instrument.ID)
		default:
			owed = append(owed, instrument)
		}
	}
	return owed, leftOut
}

// LedgerSummary is the ledger in a few figures. Guarantees given are in Guarantees and ByKind alone.
type LedgerSummary struct {
	Outstanding  money.Amount `json:"outstanding"`
	Guarantees   money.Amount `json:"guarantees"`
	Overdue      money.Amount `json:"overdue"`
	WeightedRate Measure      `json:"weighted_rate"`
	// AverageLifeYears is Σ principal × years until it falls due / Σ principal, in quarters' ends from the ledger's day.
	AverageLifeYears Measure       `json:"average_life_years"`
	ByKind           []LedgerShare `json:"by_kind"`
	ByRepaySource    []LedgerShare `json:"by_repay_source"`
	LeftOut          []string      `json:"left_out,omitempty"`
}

// LedgerShare is a part of the ledger's balances; Share is of all balances in its list.
type LedgerShare struct {
	Name        string       `json:"name"`
	Outstanding money.Amount `json:"outstanding"`
	Share       Measure      `json:"share"`
}

// SummarizeLedger adds a ledger up. The lists keep the order of the vocabulary and leave out what has no instrument.
func SummarizeLedger(ledger *funding.Ledger) LedgerSummary {
	owed, leftOut := owedInstruments(ledger)
	summary := LedgerSummary{LeftOut: leftOut}
	kinds, sources := map[string]money.Amount{}, map[string]money.Amount{}
	var cost, life wide
	for _, instrument := range owed {
		summary.Outstanding += instrument.Outstanding
		kinds[instrument.Kind] += instrument.Outstanding
		sources[instrument.RepaySource] += instrument.Outstanding
		cost.addProduct(instrument.Outstanding, units(instrument.Rate))
		schedule := InstrumentSchedule(instrument, ledger.AsOf)
		for t := range schedule.Rows {
			life.addProduct(schedule.Rows[t].Principal, int64(t+1))
		}
		if schedule.Overdue {
			summary.Overdue += instrument.Outstanding
		}
	}
	for _, instrument := range ledger.Instruments {
		if instrument.Kind == "guarantee" && (instrument.Currency == homeCurrency || instrument.Currency == "") {
			summary.Guarantees += instrument.Outstanding
			kinds[instrument.Kind] += instrument.Outstanding
		}
	}
	summary.WeightedRate = cost.over(summary.Outstanding, trillion)
	summary.AverageLifeYears = life.over(summary.Outstanding, 4)
	summary.ByKind = shares(funding.InstrumentKinds, kinds)
	summary.ByRepaySource = shares(append(slices.Clone(funding.RepaySources), ""), sources)
	return summary
}

func shares(order []string, amounts map[string]money.Amount) []LedgerShare {
	list, total := []LedgerShare{}, money.Amount(0)
	for _, name := range order {
		total += amounts[name]
	}
	for _, name := range order {
		if amounts[name] != 0 {
			list = append(list, LedgerShare{name, amounts[name], ratio(amounts[name], total)})
		}
	}
	return list
}
