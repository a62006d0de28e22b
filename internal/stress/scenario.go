package stress

import (
	"fmt"

	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
	"zutuan/internal/risk"
)

// Verdict is what a scenario says of a plan.
type Verdict string

// The verdicts. A plan passes that keeps the DSCR of the pass rule and never runs short of cash.
const (
	VerdictPass          Verdict = "pass"
	VerdictFail          Verdict = "fail"
	VerdictUndecided     Verdict = "undecided"
	VerdictNotApplicable Verdict = "not_applicable"
)

// Answer is what the scenarios of a pack say of a plan. Amounts are strings with two decimals, ratios strings with six;
// what is absent is null or left out.
type Answer struct {
	Pack    PackAnswer   `json:"pack"`
	Pass    PassAnswer   `json:"pass_rule"`
	Planned Figures      `json:"planned"`
	Base    BaseAnswer   `json:"base"`
	Results []ResultLine `json:"scenarios"`
	// Passed, Failed and so on count the scenarios.
	Summary SummaryAnswer  `json:"summary"`
	Notes   []funding.Text `json:"notes"`
}

// PackAnswer names the pack.
type PackAnswer struct {
	ID      string       `json:"id"`
	Version int          `json:"version"`
	Name    funding.Text `json:"name"`
	Digest  string       `json:"digest,omitempty"`
}

// PassAnswer is the pass rule with where it comes from.
type PassAnswer struct {
	Base     ThresholdAnswer `json:"base"`
	Single   ThresholdAnswer `json:"single"`
	Combined ThresholdAnswer `json:"combined"`
	Labels   []string        `json:"labels,omitempty"`
	Basis    []string        `json:"basis"`
}

// ThresholdAnswer is the smallest DSCR of a kind of scenario.
type ThresholdAnswer struct {
	MinDSCR   loan.Measure `json:"min_dscr"`
	Parameter string       `json:"parameter"`
}

// Figures are what a run comes to.
type Figures struct {
	// PeakGap is the largest need before debt, PeakQuarter when; null where nothing is missing.
	PeakGap     money.Amount     `json:"peak_gap"`
	PeakQuarter *quarter.Quarter `json:"peak_quarter"`
	MinDSCR     loan.Measure     `json:"min_dscr"`
	AvgDSCR     loan.Measure     `json:"avg_dscr"`
	LLCR        loan.Measure     `json:"llcr"`
	Drawn       money.Amount     `json:"drawn"`
	// LowestCash is the smallest closing cash of any quarter.
	LowestCash money.Amount `json:"lowest_cash"`
	// Shortfalls are the quarters below the minimum cash, LargestShortfall the worst of them.
	Shortfalls       []loan.Shortfall `json:"shortfalls"`
	LargestShortfall money.Amount     `json:"largest_shortfall"`
	Starts           []UnitStart      `json:"starts"`
}

// UnitStart is when a unit starts, null where it never does.
type UnitStart struct {
	Code  string           `json:"code"`
	Start *quarter.Quarter `json:"start"`
}

// BaseAnswer is the plan without any stress, drawn as its own need asks.
type BaseAnswer struct {
	Figures
	Verdict Verdict        `json:"verdict"`
	Keeps   Keeps          `json:"keeps"`
	Reasons []funding.Text `json:"reasons,omitempty"`
}

// Keeps is a verdict taken apart: whether the plan keeps the DSCR of the pass rule (null where there is none to
// compare), and whether cash never falls below the minimum.
type Keeps struct {
	DSCR *bool `json:"dscr"`
	Cash bool  `json:"cash"`
}

// ResultLine is one scenario.
type ResultLine struct {
	ID       string       `json:"id"`
	Name     funding.Text `json:"name"`
	Labels   []string     `json:"labels"`
	Basis    []string     `json:"basis"`
	Note     string       `json:"note,omitempty"`
	Combined bool         `json:"combined"`
	Sizes    []Size       `json:"sizes"`
	Verdict  Verdict      `json:"verdict"`
	// Threshold is the DSCR that the pass rule asks of this scenario.
	Threshold ThresholdAnswer `json:"threshold"`
	Keeps     *Keeps          `json:"keeps"`
	Reasons   []funding.Text  `json:"reasons,omitempty"`
	// After is null where the scenario could not be run; Change is after less base.
	After  *Figures `json:"after"`
	Change *Change  `json:"change"`
	// Worse are the flags that are worse than in the base, worst first.
	Worse []WorseFlag `json:"worse_flags"`
}

// Change is what a scenario moves, after less base; a ratio is null where either side is.
type Change struct {
	PeakGap          money.Amount `json:"peak_gap"`
	MinDSCR          loan.Measure `json:"min_dscr"`
	LLCR             loan.Measure `json:"llcr"`
	LargestShortfall money.Amount `json:"largest_shortfall"`
	LowestCash       money.Amount `json:"lowest_cash"`
}

// WorseFlag is a risk flag that a scenario makes worse.
type WorseFlag struct {
	Pack   string        `json:"pack"`
	Rule   string        `json:"rule"`
	Name   funding.Text  `json:"name"`
	From   funding.Level `json:"from"`
	To     funding.Level `json:"to"`
	Before *string       `json:"before"`
	After  *string       `json:"after"`
	When   string        `json:"when"`
}

// SummaryAnswer counts the verdicts of the scenarios and names the one with the lowest DSCR, empty where none has one.
type SummaryAnswer struct {
	Passed        int          `json:"passed"`
	Failed        int          `json:"failed"`
	Undecided     int          `json:"undecided"`
	NotApplicable int          `json:"not_applicable"`
	Worst         string       `json:"worst"`
	WorstDSCR     loan.Measure `json:"worst_dscr"`
}

// drawnAnew is said of every answer.
var drawnAnew = funding.Text{
	ZH: "各情景（含基准）按新的资金需求重新排定提款：各来源按方案顺序、不超过承诺额和提款期，尽量晚提；未提用的来源视为不签约",
	EN: "in every scenario, the base included, the lines are drawn as the new need asks: in the plan's order, within commitment and availability, as late as possible; a line that is not drawn counts as not signed",
}

// Scenarios runs every scenario of a pack. The error is that of Check or of a run: a simulation outside the exact range,
// a schedule, or the assessment.
func (c *Case) Scenarios(pack *Pack) (*Answer, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	base, err := c.recall(Factors{})
	if err != nil {
		return nil, err
	}
	out := &Answer{
		Pack: PackAnswer{pack.ID, pack.Version, pack.Name, pack.Digest}, Notes: []funding.Text{drawnAnew}, Results: make([]ResultLine, len(pack.Scenarios)),
		Pass: PassAnswer{pack.Pass.Base.answer(), pack.Pass.Single.answer(), pack.Pass.Combined.answer(), pack.Pass.Labels, pack.Pass.Basis},
	}
	out.Planned = figures(c.asMade(base))
	out.Base.Figures = figures(base)
	out.Base.Verdict, out.Base.Keeps, out.Base.Reasons = judge(&out.Base.Figures, pack.Pass.Base)
	for i := range pack.Scenarios {
		result, err := c.scenario(&pack.Scenarios[i], pack.Pass, base)
		if err != nil {
			return nil, fmt.Errorf("scenario %s: %w", pack.Scenarios[i].ID, err)
		}
		out.Results[i] = *result
		out.Summary.count(result)
	}
	return out, nil
}

// asMade evaluates the plan with the draws that it was made with.
func (c *Case) asMade(base *Chain) *Chain {
	chain := *base
	chain.Lines = Lines(c.Sources)
	chain.Evaluation = evaluate(&chain)
	return &chain
}

func (c *Case) scenario(scenario *Scenario, pass Pass, base *Chain) (*ResultLine, error) {
	rule := pass.Single
	if scenario.Combined {
		rule = pass.Combined
	}
	result := &ResultLine{ID: scenario.ID, Name: scenario.Name, Labels: append([]string{}, scenario.Labels...), Basis: scenario.Basis, Note: scenario.Note,
		Combined: scenario.Combined, Sizes: append([]Size{}, scenario.Sizes...), Threshold: rule.answer(), Worse: []WorseFlag{}}
	if scenario.Unknown.ZH != "" {
		result.Verdict, result.Reasons = VerdictUndecided, []funding.Text{scenario.Unknown}
		return result, nil
	}
	if why := c.notApplicable(&scenario.Factors); why.ZH != "" {
		result.Verdict, result.Reasons = VerdictNotApplicable, []funding.Text{why}
		return result, nil
	}
	chain, err := c.recall(scenario.Factors)
	if err != nil {
		return nil, err
	}
	before, after := figures(base), figures(chain)
	result.After, result.Change = &after, change(&before, &after)
	var keeps Keeps
	result.Verdict, keeps, result.Reasons = judge(&after, rule)
	result.Keeps = &keeps
	result.Reasons = append(result.Reasons, neverStarted(&before, &after)...)
	result.Worse = worseFlags(base.Assessment, chain.Assessment)
	return result, nil
}

func (t Threshold) answer() ThresholdAnswer {
	return ThresholdAnswer{MinDSCR: loan.Measure{Value: t.Value, Known: t.Known}, Parameter: t.Parameter}
}

// figures reads a run. A plan without debt has no DSCR.
func figures(chain *Chain) Figures {
	e, summary := chain.Evaluation, &chain.Statement.Summary
	out := Figures{PeakGap: summary.PeakGap, MinDSCR: e.Coverage.MinDSCR, AvgDSCR: e.Coverage.AvgDSCR, LLCR: e.Coverage.LLCR,
		Shortfalls: append([]loan.Shortfall{}, e.Coverage.Shortfalls...), LargestShortfall: e.UnfundedGap, Starts: []UnitStart{}}
	if summary.PeakIndex >= 0 {
		at := chain.Statement.Start.Add(summary.PeakIndex)
		out.PeakQuarter = &at
	}
	for i := range chain.Lines {
		out.Drawn += chain.Lines[i].Drawn()
	}
	for q, cash := range e.Coverage.Cash {
		if q == 0 || cash < out.LowestCash {
			out.LowestCash = cash
		}
	}
	for _, unit := range chain.Statement.Units {
		start := UnitStart{Code: unit.Code}
		if unit.Started {
			at := unit.Start
			start.Start = &at
		}
		out.Starts = append(out.Starts, start)
	}
	return out
}

// judge applies the pass rule.
func judge(f *Figures, rule Threshold) (Verdict, Keeps, []funding.Text) {
	keeps := Keeps{Cash: len(f.Shortfalls) == 0}
	var reasons []funding.Text
	if len(f.Shortfalls) > 0 {
		reasons = append(reasons, funding.Text{
			ZH: fmt.Sprintf("有 %d 个季度现金低于下限，最多缺 %s，首次在 %s", len(f.Shortfalls), f.LargestShortfall.Show(money.Chinese), f.Shortfalls[0].Quarter),
			EN: fmt.Sprintf("cash is below the minimum in %d quarters, by up to %s, first in %s", len(f.Shortfalls), f.LargestShortfall.Show(money.English), f.Shortfalls[0].Quarter)})
	}
	if !rule.Known {
		return VerdictUndecided, keeps, append(reasons, funding.Text{ZH: "偿债备付率的下限 " + rule.Parameter + " 没有取值", EN: "the lowest DSCR, " + rule.Parameter + ", has no value"})
	}
	if f.MinDSCR.Known {
		holds := !f.MinDSCR.Value.LessThan(rule.Value)
		keeps.DSCR = &holds
	}
	if keeps.DSCR != nil && !*keeps.DSCR {
		reasons = append(reasons, funding.Text{
			ZH: "最低偿债备付率 " + f.MinDSCR.Value.StringFixed(2) + " 低于 " + rule.Value.StringFixed(2),
			EN: "the lowest DSCR of " + f.MinDSCR.Value.StringFixed(2) + " is below " + rule.Value.StringFixed(2)})
	}
	if len(reasons) > 0 {
		return VerdictFail, keeps, reasons
	}
	return VerdictPass, keeps, nil
}

// neverStarted names units that the stress keeps from starting: a plan that looks better because it builds less.
func neverStarted(before, after *Figures) []funding.Text {
	var texts []funding.Text
	for i := range after.Starts {
		if after.Starts[i].Start == nil && before.Starts[i].Start != nil {
			code := after.Starts[i].Code
			texts = append(texts, funding.Text{ZH: "单元 " + code + " 在计算期内不再启动，其投资和收入都不计入", EN: "unit " + code + " no longer starts within the horizon; neither its investment nor its income counts"})
		}
	}
	return texts
}

func change(before, after *Figures) *Change {
	return &Change{PeakGap: after.PeakGap - before.PeakGap, MinDSCR: difference(after.MinDSCR, before.MinDSCR), LLCR: difference(after.LLCR, before.LLCR),
		LargestShortfall: after.LargestShortfall - before.LargestShortfall, LowestCash: after.LowestCash - before.LowestCash}
}

func difference(after, before loan.Measure) loan.Measure {
	if !after.Known || !before.Known {
		return loan.Measure{}
	}
	return loan.Measure{Value: after.Value.Sub(before.Value), Known: true}
}

// worseFlags compares two assessments of one set of packs, rule by rule, and keeps the order of the stressed one, which
// is worst first.
func worseFlags(before, after *risk.Assessment) []WorseFlag {
	worse := []WorseFlag{}
	if before == nil || after == nil {
		return worse
	}
	earlier := map[[2]string]*risk.Flag{}
	for i := range before.Flags {
		earlier[[2]string{before.Flags[i].Pack, before.Flags[i].Rule}] = &before.Flags[i]
	}
	for i := range after.Flags {
		flag := &after.Flags[i]
		was := earlier[[2]string{flag.Pack, flag.Rule}]
		if was == nil || !risk.Worse(flag.Level, was.Level) {
			continue
		}
		worse = append(worse, WorseFlag{Pack: flag.Pack, Rule: flag.Rule, Name: flag.Name, From: was.Level, To: flag.Level, Before: was.Value, After: flag.Value, When: flag.When})
	}
	return worse
}

func (s *SummaryAnswer) count(result *ResultLine) {
	switch result.Verdict {
	case VerdictPass:
		s.Passed++
	case VerdictFail:
		s.Failed++
	case VerdictUndecided:
		s.Undecided++
	case VerdictNotApplicable:
		s.NotApplicable++
	}
	if result.After == nil || !result.After.MinDSCR.Known {
		return
	}
	if !s.WorstDSCR.Known || result.After.MinDSCR.Value.LessThan(s.WorstDSCR.Value) {
		s.Worst, s.WorstDSCR = result.ID, result.After.MinDSCR
	}
}
