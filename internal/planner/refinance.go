package planner

import (
	"fmt"
	"sort"

	"zutuan/internal/cashflow"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/plan"
	"zutuan/internal/quarter"
)

// Treatment is what can be done with an existing instrument (存量债务处置).
type Treatment string

// The treatments of risk.md.
const (
	// TreatRepay: the balance is paid off from cash.
	TreatRepay Treatment = "repay"
	// TreatExtend: the same creditor, rate and profile, four more years.
	TreatExtend Treatment = "extend"
	// TreatReplace: a new loan pays the balance off.
	TreatReplace Treatment = "replace"
	// TreatDispose: the sale of an asset pays the balance off.
	TreatDispose Treatment = "dispose"
)

// extensionYears is by how much an extension is looked at.
const extensionYears = 4

// TreatmentInput is a plan whose existing debt is looked at.
type TreatmentInput struct {
	Case
	Ledger *funding.Ledger
	// Lines are the plan as it is.
	Lines []plan.Line
	// Quarter is when the treatment takes place; the zero value is the requirement's start.
	Quarter quarter.Quarter
}

// Treated is one treatment of one instrument with what it does. Savings are positive where the treatment is cheaper.
type Treated struct {
	Instrument  string
	Creditor    string
	Outstanding money.Amount
	Treatment   Treatment
	// Line is the new loan of a replacement, nil otherwise.
	Line *plan.Line
	// Saving is the present value, at the requirement's discount_rate, of the interest and fees that fall away, less that of
	// new interest and fees. CashSaving is the same of everything paid and received, principal included.
	Saving     money.Amount
	CashSaving money.Amount
	// Before and After are the plan's measures without and with the treatment.
	Before, After TreatedMeasures
	Text          funding.Text
}

// TreatedMeasures are the measures of a plan that a treatment moves.
type TreatedMeasures struct {
	MinDSCR      loan.Measure
	UnfundedGap  money.Amount
	LiquidityMin money.Amount
	LifeGapYears loan.Measure
	WeightedRate loan.Measure
}

// Treatments looks at every instrument that the cluster pays and, for each, at every treatment: repayment, extension,
// replacement by each offer that may be used so, and sale of an asset. Everything is computed anew from the schedules.
// Replacements come first, the largest saving first, for each instrument.
func Treatments(in TreatmentInput) ([]Treated, error) {
	if in.Quarter == 0 {
		in.Quarter = in.Requirement.Start
	}
	var list []Treated
	if in.Ledger == nil {
		return nil, nil
	}
	paid := map[string]bool{}
	for _, id := range in.Requirement.DebtService {
		paid[id] = true
	}
	for i := range in.Ledger.Instruments {
		instrument := &in.Ledger.Instruments[i]
		if !paid[instrument.ID] || instrument.Outstanding <= 0 {
			continue
		}
		treated, err := in.treat(instrument)
		if err != nil {
			return nil, err
		}
		list = append(list, treated...)
	}
	return list, nil
}

// Replacements looks at every instrument of the ledger that is not a government bond, a guarantee or in another currency,
// and at every offer that could replace it, whoever pays it: the refinancing view of a whole ledger. Only savings above
// zero are answered, the largest first.
func Replacements(in TreatmentInput) []Treated {
	if in.Quarter == 0 {
		in.Quarter = in.Requirement.Start
	}
	var list []Treated
	if in.Ledger == nil {
		return nil
	}
	for i := range in.Ledger.Instruments {
		instrument := &in.Ledger.Instruments[i]
		if !replaceable(instrument) {
			continue
		}
		for k := range in.Sources {
			if treated, ok := in.replacement(instrument, &in.Sources[k]); ok && treated.Saving > 0 {
				list = append(list, treated)
			}
		}
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].Saving > list[j].Saving })
	return list
}

func replaceable(instrument *funding.Instrument) bool {
	switch instrument.Kind {
	case "general_bond", "special_bond", "guarantee", "payable":
		return false
	}
	return instrument.Outstanding > 0 && (instrument.Currency == "" || instrument.Currency == "CNY")
}

// rest is the part of an instrument's schedule after the treatment: from its quarter on, with the balance then.
func (in *TreatmentInput) rest(instrument *funding.Instrument) (schedule *loan.Schedule, balance money.Amount, from int) {
	schedule = loan.InstrumentSchedule(*instrument, in.Ledger.AsOf)
	for i := range schedule.Rows {
		if schedule.Rows[i].Quarter >= in.Quarter {
			return schedule, schedule.Rows[i].Opening, i
		}
	}
	return schedule, 0, len(schedule.Rows)
}

// worth is the present value of what a schedule pays from a row on: interest and fees alone, and everything.
func (in *TreatmentInput) worth(schedule *loan.Schedule, from int) (cost, all money.Amount) {
	charges, flows := make([]money.Amount, 2*funding.MaxQuarters), make([]money.Amount, 2*funding.MaxQuarters)
	for i := from; i < len(schedule.Rows); i++ {
		row := &schedule.Rows[i]
		if q := row.Quarter.Since(in.Quarter); q >= 0 && q < len(flows) {
			charges[q] += row.Interest + row.Fees
			flows[q] += row.Service() + row.Upfront - row.Draw
		}
	}
	return cashflow.PresentValue(charges, in.Requirement.DiscountRate), cashflow.PresentValue(flows, in.Requirement.DiscountRate)
}

// treat looks at all treatments of one instrument.
func (in *TreatmentInput) treat(instrument *funding.Instrument) ([]Treated, error) {
	before, err := in.measures(in.Lines, in.Existing)
	if err != nil {
		return nil, err
	}
	var list []Treated
	for k := range in.Sources {
		if treated, ok := in.replacement(instrument, &in.Sources[k]); ok {
			list = append(list, treated)
		}
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].Saving > list[j].Saving })
	list = append(list, in.payOff(instrument, TreatRepay), in.extension(instrument), in.payOff(instrument, TreatDispose))
	for i := range list {
		list[i].Before = before
		if list[i].After, err = in.after(instrument, &list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// replacement schedules a loan that pays the balance off in the quarter of the treatment; false where the offer is no
// debt, is too small, or takes from a statutory limit that replacing does not have.
func (in *TreatmentInput) replacement(instrument *funding.Instrument, source *Source) (Treated, bool) {
	old, balance, from := in.rest(instrument)
	if !source.Line.IsDebt() || !source.repaid() || source.Line.GovernmentDebt != "" || source.Terms.Profile == loan.ProfileSculpted || balance <= 0 {
		return Treated{}, false
	}
	step := max(source.Step, money.Fen)
	commitment := max((balance+step-1)/step*step, source.Smallest)
	if commitment > source.Largest || source.Smallest > balance {
		return Treated{}, false
	}
	terms := source.Terms
	// The balance is paid off when the quarter begins, so the new loan bears the whole quarter as the old one would have.
	terms.Timing = loan.TimingStart
	terms.Start, terms.Commitment, terms.Draws = in.Quarter, commitment, []loan.Draw{{Quarter: in.Quarter, Amount: balance}}
	schedule, err := loan.Build(terms, nil)
	if err != nil {
		return Treated{}, false
	}
	line := source.Line
	line.ID, line.Commitment, line.Schedule, line.Rate = source.Line.ID+"/"+instrument.ID, commitment, schedule, terms.Rate
	line.TenorQuarters, line.GraceQuarters = terms.Tenor, terms.Grace
	oldCost, oldAll := in.worth(old, from)
	newCost, newAll := in.worth(schedule, 0)
	paidOff := cashflow.PresentValue([]money.Amount{balance}, in.Requirement.DiscountRate)
	treated := Treated{Instrument: instrument.ID, Creditor: instrument.Creditor, Outstanding: balance, Treatment: TreatReplace, Line: &line,
		Saving: oldCost - newCost, CashSaving: oldAll - newAll - paidOff}
	change := funding.Text{ZH: "减少", EN: "fall"}
	if treated.Saving < 0 {
		change = funding.Text{ZH: "增加", EN: "rise"}
	}
	treated.Text = funding.Text{ZH: fmt.Sprintf("以%s置换 %s 的余额 %s，利息与费用现值%s %s", source.Line.Name.ZH, instrument.ID, balance.Show(money.Chinese), change.ZH, treated.Saving.Abs().Show(money.Chinese)),
		EN: fmt.Sprintf("replace the CNY %s of %s by %s: interest and fees %s by a present value of CNY %s", balance, instrument.ID, source.Line.Name.In(money.English), change.EN, treated.Saving.Abs())}
	return treated, true
}

// payOff ends an instrument with cash: the project's own, or that of an asset.
func (in *TreatmentInput) payOff(instrument *funding.Instrument, treatment Treatment) Treated {
	old, balance, from := in.rest(instrument)
	cost, all := in.worth(old, from)
	treated := Treated{Instrument: instrument.ID, Creditor: instrument.Creditor, Outstanding: balance, Treatment: treatment, Saving: cost,
		CashSaving: all - cashflow.PresentValue([]money.Amount{balance}, in.Requirement.DiscountRate)}
	treated.Text = funding.Text{ZH: fmt.Sprintf("在 %s 以自有资金偿还 %s 的余额 %s，利息现值减少 %s", in.Quarter, instrument.ID, balance.Show(money.Chinese), cost.Show(money.Chinese)),
		EN: fmt.Sprintf("pay the CNY %s of %s off from cash in %s: interest falls by a present value of CNY %s", balance, instrument.ID, in.Quarter, cost)}
	if treatment == TreatDispose {
		treated.CashSaving = all
		treated.Text = funding.Text{ZH: fmt.Sprintf("处置资产 %s，在 %s 偿还 %s，利息现值减少 %s", balance.Show(money.Chinese), in.Quarter, instrument.ID, cost.Show(money.Chinese)),
			EN: fmt.Sprintf("sell assets of CNY %s to pay %s off in %s: interest falls by a present value of CNY %s", balance, instrument.ID, in.Quarter, cost)}
	}
	return treated
}

// extension keeps the instrument four years longer.
func (in *TreatmentInput) extension(instrument *funding.Instrument) Treated {
	old, balance, from := in.rest(instrument)
	longer := in.extended(instrument)
	_, _, again := in.rest(longer)
	oldCost, oldAll := in.worth(old, from)
	newCost, newAll := in.worth(loan.InstrumentSchedule(*longer, in.Ledger.AsOf), again)
	treated := Treated{Instrument: instrument.ID, Creditor: instrument.Creditor, Outstanding: balance, Treatment: TreatExtend, Saving: oldCost - newCost, CashSaving: oldAll - newAll}
	treated.Text = funding.Text{ZH: fmt.Sprintf("%s 展期 %d 年，利息现值增加 %s", instrument.ID, extensionYears, (newCost - oldCost).Show(money.Chinese)),
		EN: fmt.Sprintf("extend %s by %d years: interest changes by a present value of CNY %s", instrument.ID, extensionYears, newCost-oldCost)}
	return treated
}

func (in *TreatmentInput) extended(instrument *funding.Instrument) *funding.Instrument {
	longer := *instrument
	longer.Maturity = instrument.Maturity.AddDate(extensionYears, 0, 0)
	return &longer
}

// after evaluates the plan with a treatment.
func (in *TreatmentInput) after(instrument *funding.Instrument, treated *Treated) (TreatedMeasures, error) {
	own := loan.InstrumentSchedule(*instrument, in.Ledger.AsOf)
	var existing []*loan.Schedule
	for _, schedule := range in.Existing {
		if !same(schedule, own) {
			existing = append(existing, schedule)
		}
	}
	lines := append([]plan.Line(nil), in.Lines...)
	paidOff := treated.Outstanding
	switch treated.Treatment {
	case TreatReplace:
		lines = append(lines, *treated.Line)
	case TreatExtend:
		return in.measures(lines, append(existing, loan.InstrumentSchedule(*in.extended(instrument), in.Ledger.AsOf)))
	case TreatDispose:
		// What the asset brings counts as a grant of the same quarter: money that is not paid back.
		lines = append(lines, plan.Line{ID: "disposal/" + instrument.ID, CountsAs: plan.CountsAsGrant, Commitment: paidOff, Draws: []loan.Draw{{Quarter: in.Quarter, Amount: paidOff}}})
	}
	return in.measures(lines, append(existing, in.ended(own)))
}

func same(a, b *loan.Schedule) bool {
	if a.Start != b.Start || len(a.Rows) != len(b.Rows) || a.TotalPrincipal != b.TotalPrincipal || a.TotalInterest != b.TotalInterest {
		return false
	}
	for i := range a.Rows {
		if a.Rows[i] != b.Rows[i] {
			return false
		}
	}
	return true
}

// ended is the schedule that pays its whole balance in the quarter of the treatment.
func (in *TreatmentInput) ended(schedule *loan.Schedule) *loan.Schedule {
	short := *schedule
	short.Rows = nil
	for i := range schedule.Rows {
		row := schedule.Rows[i]
		if row.Quarter > in.Quarter {
			break
		}
		if row.Quarter == in.Quarter {
			row.Principal, row.Interest, row.Closing = row.Opening, 0, 0
		}
		short.Rows = append(short.Rows, row)
	}
	return &short
}

// measures evaluates lines with existing debt. The statement's own view of existing debt service plays no part: the
// evaluation takes the schedules.
func (in *TreatmentInput) measures(lines []plan.Line, existing []*loan.Schedule) (TreatedMeasures, error) {
	statement, err := in.Simulate(plan.Quarters(in.Requirement, lines, existing))
	if err != nil {
		return TreatedMeasures{}, err
	}
	e := plan.Evaluate(plan.Input{Requirement: in.Requirement, Statement: statement, Lines: lines, Existing: existing})
	return TreatedMeasures{MinDSCR: e.Coverage.MinDSCR, UnfundedGap: e.UnfundedGap, LiquidityMin: e.Coverage.Tenor.Minimum, LifeGapYears: e.Coverage.Tenor.LifeGapYears,
		WeightedRate: CostOf(in.Requirement, lines).WeightedRate}, nil
}
