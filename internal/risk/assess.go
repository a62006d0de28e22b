package risk

import (
	"slices"
	"sort"
	"strings"

	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/plan"
	"zutuan/internal/quarter"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// Assess evaluates every rule of the packs in force. The error is ErrStatementTooShort, or a vocabulary that lacks facts
// of a plan.
func Assess(in Input) (*Assessment, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	a := newAssessor(&in)
	out := &Assessment{
		Schema: Schema, Date: day(in.Date), KeyProvince: membership(&in), Packs: []PackUsed{}, Flags: []Flag{}, Assumptions: a.assumptions(),
		Plan: planSummary(&in, a.with), Years: a.projectedYears(), LimitUse: a.limitUse(), Fiscal: fiscalReference(in.Fiscal),
	}
	if in.Zone != nil {
		out.Zone = in.Zone.Code
	}
	if in.Parameters != nil {
		out.Region = in.Parameters.Region
	}
	if in.Debt != nil {
		out.Ledger = reviewLedger(in.Debt, in.Fiscal)
	}
	for _, pack := range in.Packs {
		used := PackUsed{ID: pack.ID, Version: pack.Version, Name: pack.Name, Digest: pack.Digest, Labels: pack.Labels, InForce: pack.EffectiveOn(in.Date)}
		out.Packs = append(out.Packs, used)
		if used.InForce {
			for i := range pack.Rules {
				out.Flags = append(out.Flags, a.flag(pack, &pack.Rules[i]))
			}
		}
	}
	sortFlags(out.Flags)
	out.Overrides = usedOverrides(out.Flags)
	out.Summary = summarize(out.Flags)
	return out, nil
}

// LabelAnalogue marks packs of other frameworks: they are shown beside the flags and never decide.
const LabelAnalogue = "analogue"

// assessor holds what all rules of one assessment share.
type assessor struct {
	in           *Input
	with, before *plan.Evaluation
	provenance   provenance
	lenders      []lenderCase
	years        []yearState
	// moments are the present state and every projected year; the first is the present.
	moments []moment
	// unconverted says that the ledger holds a currency without an exchange rate, so that it could not be carried through
	// the years.
	unconverted bool
}

func newAssessor(in *Input) *assessor {
	a := &assessor{in: in, provenance: provenance{in.Parameters}, lenders: lenderCases(in)}
	a.with = plan.Evaluate(plan.Input{Requirement: in.Requirement, Statement: in.Statement, Lines: in.Lines, Existing: in.Existing})
	a.before = plan.Evaluate(plan.Input{Requirement: in.Requirement, Statement: in.Statement, Existing: in.Existing})
	debt := in.Debt
	if debt != nil && len(debt.Ledger().Instruments) > 0 {
		if _, ok := debt.InCNY(0, 0); !ok {
			debt, a.unconverted = nil, true
		}
	}
	a.years = project(in.Fiscal, debt, a.lastYear())
	a.present()
	for i := range a.years {
		a.year(&a.years[i])
	}
	return a
}

// lastYear returns the last year in which the plan draws or pays; without a plan that of the requirement's horizon.
func (a *assessor) lastYear() int {
	last := a.in.Requirement.Start.Add(a.in.Requirement.Horizon - 1).Year()
	if _, planned := plan.Years(a.in.Lines); planned != 0 {
		last = planned
	}
	return last
}

func (a *assessor) present() {
	m := moment{with: a.in.Base.Clone(), before: a.in.Base.Clone()}
	setPlan(m.with, a.in.Requirement, a.with)
	setPlan(m.before, a.in.Requirement, a.before)
	year := 0
	if a.in.Fiscal != nil {
		year = a.in.Fiscal.Year
	}
	setPresentPlan(m.with, a.in.Lines, a.with, year)
	setPresentPlan(m.before, nil, a.before, year)
	setNoLender(m.with)
	setNoLender(m.before)
	a.moments = append(a.moments, m)
}

// year adds the moment of a projected year: the present's facts with the year's profile and the year's plan.
func (a *assessor) year(state *yearState) {
	m := moment{year: state.year, with: a.moments[0].with.Clone(), before: a.moments[0].before.Clone()}
	a.in.Assembler.SetFiscal(m.with, state.profile)
	a.in.Assembler.SetFiscal(m.before, state.profile)
	setYearPlan(m.with, a.in.Lines, state.year)
	setYearPlan(m.before, nil, state.year)
	a.moments = append(a.moments, m)
}

// flag evaluates one rule wherever its horizon looks and reports the worst.
func (a *assessor) flag(pack *rulepack.RiskPack, rule *rulepack.CompiledRiskRule) Flag {
	if uses(rule, "lender") {
		return a.lenderFlag(pack, rule)
	}
	moments := a.moments[:1]
	if rule.Horizon == "each_year" {
		moments = a.moments
	}
	return a.report(pack, rule, moments)
}

// lenderFlag evaluates a lender-side rule for each bank of the plan and reports the worst, with everything that is missing
// of any bank: a bank whose limit is not known is in doubt also where another's loan is decided.
func (a *assessor) lenderFlag(pack *rulepack.RiskPack, rule *rulepack.CompiledRiskRule) Flag {
	if len(a.lenders) == 0 {
		flag := a.report(pack, rule, a.moments[:1])
		flag.Level, flag.LevelBefore, flag.ComputedLevel = funding.LevelNotApplicable, funding.LevelNotApplicable, ""
		flag.Missing, flag.Doubt, flag.Blocks = nil, nil, false
		flag.NotApplicable = &funding.Text{ZH: "方案没有银行贷款", EN: "the plan has no loan of a bank"}
		return flag
	}
	var found *Flag
	var missing []MissingFact
	for _, lender := range a.lenders {
		m := moment{with: a.moments[0].with.Clone(), before: a.moments[0].before.Clone()}
		lender.set(m.with, true)
		lender.set(m.before, false)
		flag := a.report(pack, rule, []moment{m})
		flag.Lender = lender.id
		for _, fact := range flag.Missing {
			fact.Lender = lender.id
			missing = append(missing, fact)
		}
		if found == nil || Worse(flag.Level, found.Level) {
			found = &flag
		}
	}
	found.Missing = missing
	return *found
}

func (a *assessor) report(pack *rulepack.RiskPack, rule *rulepack.CompiledRiskRule, moments []moment) Flag {
	outcomes, before := make([]outcome, len(moments)), make([]outcome, len(moments))
	for i := range moments {
		outcomes[i], before[i] = evaluate(rule, moments[i].with), evaluate(rule, moments[i].before)
	}
	present := before[0]
	for i := range moments {
		outcomes[i].grade(rule, moments[i].with, present)
		before[i].grade(rule, moments[i].before, present)
	}
	at := worst(rule, outcomes)
	return a.write(pack, rule, moments, outcomes, before, at)
}

func (a *assessor) write(pack *rulepack.RiskPack, rule *rulepack.CompiledRiskRule, moments []moment, outcomes, before []outcome, at int) Flag {
	o, b, facts := outcomes[at], before[at], moments[at].with
	flag := Flag{
		Pack: pack.ID, PackVersion: pack.Version, Rule: rule.ID, Name: rule.Name, Scope: rule.Scope, Horizon: rule.Horizon, Level: o.level,
		When: moments[at].when(), Value: text(o.value, rule.Unit), Unit: rule.Unit, ValueBefore: text(b.value, rule.Unit), LevelBefore: b.level,
		PlanEffect: difference(o.value, b.value, rule.Unit), Records: records(rule, facts), Thresholds: a.provenance.thresholds(rule, facts),
		Message: rule.Message, Basis: rule.Basis, Mitigation: append([]funding.Text{}, rule.Mitigation...), BlocksFrom: rule.BlocksFinalization,
	}
	if flag.Name.ZH == "" {
		flag.Name = rule.Message
	}
	flag.Status, flag.Confidence, flag.Labels = a.provenance.standing(rule, o.decided)
	for _, label := range pack.Labels {
		if !slices.Contains(flag.Labels, label) {
			flag.Labels = append(flag.Labels, label)
		}
	}
	if o.official != "" {
		flag.OfficialGrade, flag.ComputedLevel = o.official, o.computed
	}
	flag.Blocks = blocks(o.level, rule.BlocksFinalization) && !slices.Contains(pack.Labels, LabelAnalogue)
	flag.Numerator, flag.Denominator = sides(rule, facts)
	flag.explain(rule, o, facts)
	flag.Period = a.period(rule)
	if len(moments) > 1 {
		flag.trajectory(rule, moments, outcomes, before)
	}
	return flag
}

// blocks reports whether a level stands against finalizing: at or above the rule's own level, and a stop always.
func blocks(level, from funding.Level) bool {
	switch level {
	case funding.LevelStop:
		return true
	case funding.LevelYellow, funding.LevelOrange, funding.LevelRed:
		return from != "" && severity[level] >= severity[from]
	}
	return false
}

func (f *Flag) explain(rule *rulepack.CompiledRiskRule, o outcome, facts *ruleexpr.Facts) {
	f.Missing = missingFacts(o.doubt, facts.Vocabulary())
	f.Doubt = o.doubt.text
	if o.level == funding.LevelNotApplicable {
		explanation := rule.AppliesWhen.Explain(facts)
		f.Explanation, f.Missing = &explanation, nil
		f.NotApplicable = &funding.Text{ZH: "不适用：条件不成立 " + rule.AppliesWhen.Source(), EN: "not applicable: the condition does not hold: " + rule.AppliesWhen.Source()}
		return
	}
	deciding := o.decided
	if deciding == nil {
		deciding = &rule.Levels[len(rule.Levels)-1]
	}
	if deciding.Threshold == nil {
		explanation := deciding.Rule.Explain(facts)
		f.Explanation = &explanation
	}
}

func (f *Flag) trajectory(rule *rulepack.CompiledRiskRule, moments []moment, outcomes, before []outcome) {
	f.Trajectory = make([]YearValue, len(moments))
	for i := range moments {
		f.Trajectory[i] = YearValue{When: moments[i].when(), Value: text(outcomes[i].value, rule.Unit), Before: text(before[i].value, rule.Unit), Level: outcomes[i].level}
	}
}

// period returns the quarter in which the loan year begins that decides a coverage rule.
func (a *assessor) period(rule *rulepack.CompiledRiskRule) *quarter.Quarter {
	if rule.Metric == nil {
		return nil
	}
	names := rule.Metric.Facts()
	switch {
	case slices.Contains(names, "plan.worst_cfads") && a.with.Worst != nil:
		return &a.with.Worst.First
	case slices.Contains(names, "plan.worst_profit") && a.with.WorstInterest != nil:
		return &a.with.WorstInterest.First
	case slices.Contains(names, "plan.unfunded_gap") && a.with.UnfundedQuarter != 0:
		return &a.with.UnfundedQuarter
	}
	return nil
}

func missingFacts(d doubt, vocabulary *ruleexpr.Vocabulary) []MissingFact {
	var list []MissingFact
	for _, name := range d.missing {
		fact := vocabulary.Fact(vocabulary.Slot(name))
		list = append(list, MissingFact{Fact: name, Name: funding.Text{ZH: fact.ZH, EN: fact.EN}, Why: d.why[name]})
	}
	return list
}

// uses reports whether any part of a rule reads a group of facts.
func uses(rule *rulepack.CompiledRiskRule, group string) bool {
	if rule.Metric != nil && rule.Metric.Uses(group) {
		return true
	}
	return slices.ContainsFunc(rule.Levels, func(level rulepack.CompiledRiskLevel) bool { return level.Rule.Uses(group) })
}

// records lists the facts that a rule reads, parameters apart, in the order of their names.
func records(rule *rulepack.CompiledRiskRule, facts *ruleexpr.Facts) []Record {
	names := map[string]bool{}
	take := func(list []string) {
		for _, name := range list {
			if !strings.HasPrefix(name, rulepack.ParameterPrefix) {
				names[name] = true
			}
		}
	}
	if rule.Metric != nil {
		take(rule.Metric.Facts())
	}
	for i := range rule.Levels {
		take(rule.Levels[i].Rule.Facts())
	}
	if rule.OfficialGrade != "" {
		names[rule.OfficialGrade] = true
	}
	sorted := make([]string, 0, len(names))
	for name := range names {
		sorted = append(sorted, name)
	}
	sort.Strings(sorted)
	list := make([]Record, len(sorted))
	for i, name := range sorted {
		list[i] = record(name, facts)
	}
	return list
}

func record(name string, facts *ruleexpr.Facts) Record {
	slot := facts.Vocabulary().Slot(name)
	fact := facts.Vocabulary().Fact(slot)
	out := Record{Fact: name, Name: funding.Text{ZH: fact.ZH, EN: fact.EN}, Unit: string(fact.Unit), From: fact.From}
	if value, ok := facts.ValueText(slot); ok {
		out.Value = &value
	} else {
		out.Why = facts.Reason(slot)
	}
	return out
}

// sides returns numerator and denominator: those the rule names, or the two sides of a metric that is a quotient.
func sides(rule *rulepack.CompiledRiskRule, facts *ruleexpr.Facts) (numerator, denominator *Side) {
	top, bottom := rule.Numerator, rule.Denominator
	if top == nil && rule.Metric != nil {
		var ok bool
		if top, bottom, ok = rule.Metric.Quotient(); !ok {
			return nil, nil
		}
	}
	if top == nil {
		return nil, nil
	}
	return side(top, facts), side(bottom, facts)
}

func side(number *ruleexpr.Number, facts *ruleexpr.Facts) *Side {
	unit := number.Unit()
	out := &Side{Expression: number.Source(), Unit: string(unit), Facts: number.Facts()}
	if value, unknown := number.Decimal(facts, unit.Decimals()); unknown == nil {
		out.Value = text(&value, string(unit))
	}
	return out
}

// sortFlags puts the worst first, then packs and rules in the order of their names.
func sortFlags(flags []Flag) {
	sort.SliceStable(flags, func(i, j int) bool {
		a, b := &flags[i], &flags[j]
		switch {
		case a.Level != b.Level:
			return Worse(a.Level, b.Level)
		case a.Pack != b.Pack:
			return a.Pack < b.Pack
		}
		return a.Rule < b.Rule
	})
}

// summarize adds the flags up; those of analogues are left out.
func summarize(flags []Flag) Summary {
	s := Summary{Worst: funding.LevelNotApplicable, Blocking: []FlagReference{}, CanBeWaived: true, Unresolved: []FlagReference{}, Missing: []MissingFact{}}
	counts := map[funding.Level]*int{
		funding.LevelStop: &s.Counts.Stop, funding.LevelRed: &s.Counts.Red, funding.LevelOrange: &s.Counts.Orange, funding.LevelYellow: &s.Counts.Yellow,
		funding.LevelGreen: &s.Counts.Green, funding.LevelUndecided: &s.Counts.Undecided, funding.LevelNotApplicable: &s.Counts.NotApplicable,
	}
	ran := 0
	for i := range flags {
		flag := &flags[i]
		if slices.Contains(flag.Labels, LabelAnalogue) {
			continue
		}
		*counts[flag.Level]++
		if Worse(flag.Level, s.Worst) {
			s.Worst = flag.Level
		}
		reference := FlagReference{Pack: flag.Pack, Rule: flag.Rule, Name: flag.Name, Level: flag.Level}
		if flag.Blocks {
			s.Blocking = append(s.Blocking, reference)
			s.CanBeWaived = s.CanBeWaived && flag.Level != funding.LevelStop
		}
		ran++
		if flag.Level == funding.LevelUndecided {
			if couldBlock(flag) {
				s.Unresolved = append(s.Unresolved, reference)
			}
			s.addMissing(flag.Missing)
		}
	}
	if ran == 0 {
		// Nothing was looked at, so nothing may be called safe.
		s.Worst = funding.LevelUndecided
		s.Unresolved = append(s.Unresolved, FlagReference{Level: funding.LevelUndecided, Name: funding.Text{ZH: "没有在该日有效的风险规则包，无法判断", EN: "no risk pack is in force on the date, nothing can be said"}})
	}
	return s
}

// couldBlock reports whether some level of an undecided rule would block.
func couldBlock(flag *Flag) bool {
	return slices.ContainsFunc(flag.Thresholds, func(threshold Threshold) bool { return blocks(threshold.Level, flag.BlocksFrom) })
}

func (s *Summary) addMissing(facts []MissingFact) {
	for _, fact := range facts {
		if !slices.ContainsFunc(s.Missing, func(known MissingFact) bool { return known.Fact == fact.Fact }) {
			s.Missing = append(s.Missing, fact)
		}
	}
}

func fiscalReference(profile *funding.FiscalProfile) *FiscalReference {
	if profile == nil {
		return nil
	}
	return &FiscalReference{Region: profile.Region, Name: profile.Name, Year: profile.Year, Source: profile.Source, Illustrative: profile.Illustrative, OfficialGrade: profile.OfficialGrade}
}

func (a *assessor) assumptions() []funding.Text {
	list := slices.Clone(baseAssumptions)
	if a.unconverted {
		list = append(list, funding.Text{ZH: "台账中有没有汇率的外币债务，未能按台账推算：政府债务各年保持不变",
			EN: "the ledger holds foreign currency without an exchange rate and was not carried through the years: government debt stays as reported"})
	}
	return list
}

func planSummary(in *Input, e *plan.Evaluation) PlanSummary {
	summary := PlanSummary{
		Label: in.PlanLabel, Lines: []LineSummary{}, Debt: e.Debt, GovernmentDebt: e.GovernmentDebt, Capital: e.Capital, CapitalRatio: e.CapitalRatio, Total: e.Total,
		MinDSCR: e.Coverage.MinDSCR, AvgDSCR: e.Coverage.AvgDSCR, MinICR: e.Coverage.MinICR, LLCR: e.Coverage.LLCR, LifeGapYears: e.Coverage.Tenor.LifeGapYears,
		UnfundedGap: e.UnfundedGap,
	}
	if e.UnfundedQuarter != 0 {
		summary.UnfundedFrom = &e.UnfundedQuarter
	}
	for i := range in.Lines {
		line := &in.Lines[i]
		entry := LineSummary{
			ID: line.ID, Product: line.Product, ProductVersion: line.ProductVersion, Name: line.Name, Institution: line.Institution, Kind: line.Kind, CountsAs: line.CountsAs,
			GovernmentDebt: line.GovernmentDebt, Commitment: line.Commitment, Drawn: line.Drawn(), TenorQuarters: line.TenorQuarters, GraceQuarters: line.GraceQuarters,
			Illustrative: line.Illustrative,
		}
		if line.Schedule != nil {
			entry.Rate, entry.AllInCost = line.Rate.String(), line.Schedule.AllInCost()
		}
		summary.Lines = append(summary.Lines, entry)
	}
	return summary
}

func (a *assessor) projectedYears() []ProjectedYear {
	years := make([]ProjectedYear, len(a.years))
	for i, state := range a.years {
		flow := plan.GovernmentYear(a.in.Lines, "", state.year)
		years[i] = ProjectedYear{
			Year: state.year, GeneralBalance: state.profile.GeneralDebtBalance, SpecialBalance: state.profile.SpecialDebtBalance, ImplicitBalance: state.profile.ImplicitDebtBalance,
			GeneralInterest: state.profile.GeneralDebtInterest, SpecialInterest: state.profile.SpecialDebtInterest,
			PrincipalDue: state.general.due + state.special.due, Refinanced: state.general.refinanced + state.special.refinanced,
			PlanBalance: flow.Closing, PlanInterest: flow.Interest, PlanService: flow.Service(),
		}
	}
	return years
}

// limitUse follows the statutory limits through the planned draws: today's balance, which only falls without the plan,
// with what has been drawn so far, against limit and new quota.
func (a *assessor) limitUse() []LimitUse {
	list := []LimitUse{}
	profile := a.in.Fiscal
	if profile == nil || profile.GeneralDebtBalance == nil || profile.SpecialDebtBalance == nil || profile.GeneralDebtLimit == nil || profile.SpecialDebtLimit == nil || profile.NewQuota == nil {
		return list
	}
	limit := *profile.GeneralDebtLimit + *profile.SpecialDebtLimit + *profile.NewQuota
	balance := *profile.GeneralDebtBalance + *profile.SpecialDebtBalance
	type draw struct {
		at     quarter.Quarter
		class  string
		amount money.Amount
	}
	var draws []draw
	for i := range a.in.Lines {
		line := &a.in.Lines[i]
		if line.GovernmentDebt == "" || line.Schedule == nil {
			continue
		}
		for _, row := range line.Schedule.Rows {
			if row.Draw > 0 {
				draws = append(draws, draw{row.Quarter, line.GovernmentDebt, row.Draw})
			}
		}
	}
	sort.SliceStable(draws, func(i, j int) bool {
		return draws[i].at < draws[j].at || draws[i].at == draws[j].at && draws[i].class < draws[j].class
	})
	for _, d := range draws {
		before, after := useOf(balance, limit), useOf(balance+d.amount, limit)
		balance += d.amount
		list = append(list, LimitUse{Quarter: d.at, Class: d.class, Draw: d.amount, Limit: limit, Before: before, After: after})
	}
	return list
}

func useOf(balance, limit money.Amount) loan.Measure {
	value, ok := money.Ratio(balance, limit)
	return loan.Measure{Value: value, Known: ok}
}
