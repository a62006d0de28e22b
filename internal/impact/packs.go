package impact

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/risk"
	"zutuan/internal/stress"
)

// PlanSubject is one plan judged under both sets of packs: with flags where a risk pack changes, with scenarios where a stress
// pack does. A nil side has no pack in force.
type PlanSubject struct {
	// Plan is empty where the requirement has no plan of its own and its indicative one is judged.
	Plan, Requirement, Region string
	// Financed is what the plan's lines draw.
	Financed                  money.Amount
	Before, After             *risk.Assessment
	StressBefore, StressAfter *stress.Answer
}

// PlanKind says what became of a plan.
type PlanKind string

// The kinds, the gravest first. A plan may be of several.
const (
	// PlanNewlyBlocked: nothing stood against finalizing it and something does now; PlanUnblocked: the other way round.
	PlanNewlyBlocked PlanKind = "newly_blocked"
	PlanUnblocked    PlanKind = "unblocked"
	// PlanFailing: a scenario fails that did not; PlanPassing: one no longer fails.
	PlanFailing PlanKind = "newly_failing"
	PlanPassing PlanKind = "no_longer_failing"
	// PlanNotWaivable: a prohibition that nobody may waive stands against it and none did; PlanWaivable: none does any more, but
	// something else still blocks it.
	PlanNotWaivable PlanKind = "not_waivable"
	PlanWaivable    PlanKind = "newly_waivable"
	// PlanUndecided: rules that could block it, or scenarios, cannot be decided, and none was undecided before; PlanDecided: the
	// other way round.
	PlanUndecided PlanKind = "newly_undecided"
	PlanDecided   PlanKind = "newly_decided"
	// PlanWorse and PlanBetter: some flag or scenario is worse, or better.
	PlanWorse  PlanKind = "worse"
	PlanBetter PlanKind = "better"
)

// PlanKinds lists the kinds in their order.
var PlanKinds = []PlanKind{PlanNewlyBlocked, PlanFailing, PlanNotWaivable, PlanUndecided, PlanUnblocked, PlanPassing, PlanWaivable, PlanDecided, PlanWorse, PlanBetter}

// PlanDiff is what a pack's change does to one plan.
type PlanDiff struct {
	// Plan is empty where the requirement has none and its indicative plan was judged.
	Plan        string       `json:"plan,omitempty"`
	Requirement string       `json:"requirement"`
	Region      string       `json:"region"`
	Financed    money.Amount `json:"financed"`
	// Kinds say what became of the plan, the gravest first.
	Kinds  []PlanKind   `json:"kinds"`
	Before PlanStanding `json:"before"`
	After  PlanStanding `json:"after"`
	// Flags are those whose level, or whether they stand against finalizing, differs; worst first, then by pack and rule.
	Flags []FlagDiff `json:"flags"`
	// Scenarios are those whose verdict differs, in the order of the pack; "pass.base" is the plan without stress.
	Scenarios []ScenarioDiff `json:"scenarios"`

	place int
}

// PlanStanding is where a plan stands with all of its flags, or scenarios.
type PlanStanding struct {
	// Worst is the worst flag's level; left out where scenarios are compared.
	Worst funding.Level `json:"worst,omitempty"`
	// Blocking counts flags that stand against finalizing, CanBeWaived is false where one of them is a prohibition. Undecided
	// counts the rules that could block, or the scenarios, that cannot be decided. Failed counts scenarios. Of scenarios only
	// those are counted that the change touches.
	Blocking    int  `json:"blocking"`
	CanBeWaived bool `json:"can_be_waived"`
	Undecided   int  `json:"undecided"`
	Failed      int  `json:"failed"`
}

// FlagDiff is how one rule's flag differs.
type FlagDiff struct {
	Pack   string       `json:"pack"`
	Rule   string       `json:"rule"`
	Name   funding.Text `json:"name"`
	Before FlagStanding `json:"before"`
	After  FlagStanding `json:"after"`
	// Reasons say what of the rule changed.
	Reasons []Reason `json:"reasons"`
}

// FlagStanding is what a rule says of a plan.
type FlagStanding struct {
	// Level is left out where the pack has no such rule.
	Level funding.Level `json:"level,omitempty"`
	Value *string       `json:"value"`
	Unit  string        `json:"unit,omitempty"`
	// When is "now" or the year in which the rule is worst.
	When   string `json:"when,omitempty"`
	Blocks bool   `json:"blocks_finalization"`
	// Open says that the rule is undecided and could block.
	Open bool `json:"could_block,omitempty"`
}

// ScenarioDiff is how one scenario's verdict differs.
type ScenarioDiff struct {
	Pack     string           `json:"pack"`
	Scenario string           `json:"scenario"`
	Name     funding.Text     `json:"name"`
	Before   ScenarioStanding `json:"before"`
	After    ScenarioStanding `json:"after"`
	Reasons  []Reason         `json:"reasons"`
}

// ScenarioStanding is what a scenario says of a plan.
type ScenarioStanding struct {
	// Verdict is left out where the pack has no such scenario.
	Verdict stress.Verdict `json:"verdict,omitempty"`
	MinDSCR loan.Measure   `json:"min_dscr"`
	// Threshold is the DSCR that has to be kept.
	Threshold        loan.Measure  `json:"threshold"`
	LargestShortfall *money.Amount `json:"largest_shortfall"`
}

// ComparePlan says what a pack's change does to a plan, nil where nothing.
func ComparePlan(change *PackChange, s *PlanSubject) *PlanDiff {
	diff := &PlanDiff{Plan: s.Plan, Requirement: s.Requirement, Region: s.Region, Financed: s.Financed, Kinds: []PlanKind{}, Flags: []FlagDiff{}, Scenarios: []ScenarioDiff{}}
	var worse, better bool
	if s.Before != nil || s.After != nil {
		diff.Before, diff.After = standingOfFlags(s.Before), standingOfFlags(s.After)
		worse, better = diff.flags(change, s.Before, s.After)
	} else {
		diff.Before, diff.After = standingOfScenarios(s.StressBefore), standingOfScenarios(s.StressAfter)
		worse, better = diff.scenarios(change, s.StressBefore, s.StressAfter)
	}
	diff.kinds(worse, better)
	if len(diff.Flags) == 0 && len(diff.Scenarios) == 0 && len(diff.Kinds) == 0 {
		return nil
	}
	return diff
}

func standingOfFlags(a *risk.Assessment) PlanStanding {
	if a == nil {
		return PlanStanding{CanBeWaived: true}
	}
	return PlanStanding{Worst: a.Summary.Worst, Blocking: len(a.Summary.Blocking), CanBeWaived: a.Summary.CanBeWaived, Undecided: len(a.Summary.Unresolved)}
}

func standingOfScenarios(a *stress.Answer) PlanStanding {
	out := PlanStanding{CanBeWaived: true}
	for _, line := range linesOf(a) {
		switch line.verdict {
		case stress.VerdictFail:
			out.Failed++
		case stress.VerdictUndecided:
			out.Undecided++
		}
	}
	return out
}

func (d *PlanDiff) kinds(worse, better bool) {
	b, a := &d.Before, &d.After
	failing, passing := false, false
	for i := range d.Scenarios {
		was, is := d.Scenarios[i].Before.Verdict == stress.VerdictFail, d.Scenarios[i].After.Verdict == stress.VerdictFail
		failing, passing = failing || is && !was, passing || was && !is
	}
	holds := map[PlanKind]bool{
		PlanNewlyBlocked: b.Blocking == 0 && a.Blocking > 0, PlanUnblocked: b.Blocking > 0 && a.Blocking == 0,
		PlanFailing: failing, PlanPassing: passing,
		PlanNotWaivable: b.CanBeWaived && !a.CanBeWaived, PlanWaivable: !b.CanBeWaived && a.CanBeWaived && a.Blocking > 0,
		PlanUndecided: b.Undecided == 0 && a.Undecided > 0, PlanDecided: b.Undecided > 0 && a.Undecided == 0,
		PlanWorse: worse, PlanBetter: better,
	}
	for _, kind := range PlanKinds {
		if holds[kind] {
			d.Kinds = append(d.Kinds, kind)
		}
	}
}

// flagKey names a rule of a pack.
type flagKey struct{ pack, rule string }

// flags compares the flags of both sides and says whether some is worse and some better. A rule that only one side has is
// told where it says more than green.
func (d *PlanDiff) flags(change *PackChange, before, after *risk.Assessment) (worse, better bool) {
	was, is := flagsOf(before), flagsOf(after)
	var keys []flagKey
	for key := range was {
		keys = append(keys, key)
	}
	for key := range is {
		if _, both := was[key]; !both {
			keys = append(keys, key)
		}
	}
	for _, key := range keys {
		b, a := was[key], is[key]
		if !differs(b.standing, a.standing) {
			continue
		}
		name := a.name
		if a.flag == nil {
			name = b.name
		}
		d.Flags = append(d.Flags, FlagDiff{Pack: key.pack, Rule: key.rule, Name: name, Before: b.standing, After: a.standing, Reasons: change.ofRule(key, b, a)})
		direction := directionOf(b.standing, a.standing)
		worse, better = worse || direction > 0, better || direction < 0
	}
	slices.SortFunc(d.Flags, func(a, b FlagDiff) int {
		switch x, y := worstOf(&a), worstOf(&b); {
		case risk.Worse(x, y):
			return -1
		case risk.Worse(y, x):
			return 1
		}
		return cmp.Or(strings.Compare(a.Pack, b.Pack), strings.Compare(a.Rule, b.Rule))
	})
	return worse, better
}

// seenFlag is one flag of an assessment; flag is nil where there is none.
type seenFlag struct {
	flag     *risk.Flag
	name     funding.Text
	standing FlagStanding
}

func flagsOf(a *risk.Assessment) map[flagKey]seenFlag {
	out := map[flagKey]seenFlag{}
	if a == nil {
		return out
	}
	open := map[flagKey]bool{}
	for _, reference := range a.Summary.Unresolved {
		open[flagKey{reference.Pack, reference.Rule}] = true
	}
	for i := range a.Flags {
		flag := &a.Flags[i]
		key := flagKey{flag.Pack, flag.Rule}
		out[key] = seenFlag{flag, flag.Name, FlagStanding{Level: flag.Level, Value: flag.Value, Unit: flag.Unit, When: flag.When, Blocks: flag.Blocks, Open: open[key]}}
	}
	return out
}

func differs(before, after FlagStanding) bool {
	if before.Level == "" || after.Level == "" {
		return risk.Worse(before.Level, funding.LevelGreen) || risk.Worse(after.Level, funding.LevelGreen)
	}
	return before.Level != after.Level || before.Blocks != after.Blocks || before.Open != after.Open
}

// directionOf is 1 where a flag is worse than before: by its level, and where that is the same by what it stands against.
func directionOf(before, after FlagStanding) int {
	switch {
	case risk.Worse(after.Level, before.Level):
		return 1
	case risk.Worse(before.Level, after.Level):
		return -1
	}
	return cmp.Compare(against(after), against(before))
}

func against(s FlagStanding) int {
	switch {
	case s.Blocks:
		return 2
	case s.Open:
		return 1
	}
	return 0
}

func worstOf(d *FlagDiff) funding.Level {
	if risk.Worse(d.Before.Level, d.After.Level) {
		return d.Before.Level
	}
	return d.After.Level
}

// BaseScenario is the name under which the plan without stress stands among the scenarios; no scenario can be called so.
const BaseScenario = "pass.base"

// seenLine is what one scenario says.
type seenLine struct {
	id       string
	name     funding.Text
	verdict  stress.Verdict
	combined bool
	standing ScenarioStanding
}

func linesOf(a *stress.Answer) []seenLine {
	if a == nil {
		return nil
	}
	shortfall := a.Base.LargestShortfall
	lines := []seenLine{{BaseScenario, funding.Text{ZH: "无压力（基准）", EN: "without stress"}, a.Base.Verdict, false,
		ScenarioStanding{a.Base.Verdict, a.Base.MinDSCR, a.Pass.Base.MinDSCR, &shortfall}}}
	for i := range a.Results {
		result := &a.Results[i]
		standing := ScenarioStanding{Verdict: result.Verdict, Threshold: result.Threshold.MinDSCR}
		if result.After != nil {
			standing.MinDSCR, standing.LargestShortfall = result.After.MinDSCR, &result.After.LargestShortfall
		}
		lines = append(lines, seenLine{result.ID, result.Name, result.Verdict, result.Combined, standing})
	}
	return lines
}

// verdictOrder orders verdicts, worst highest; a scenario that is not there says nothing.
var verdictOrder = map[stress.Verdict]int{"": 0, stress.VerdictNotApplicable: 0, stress.VerdictPass: 1, stress.VerdictUndecided: 2, stress.VerdictFail: 3}

// scenarios compares the verdicts of both sides. A scenario that only one side has is told where it does not pass.
func (d *PlanDiff) scenarios(change *PackChange, before, after *stress.Answer) (worse, better bool) {
	was, is := linesOf(before), linesOf(after)
	find := func(lines []seenLine, id string) *seenLine {
		if at := slices.IndexFunc(lines, func(l seenLine) bool { return l.id == id }); at >= 0 {
			return &lines[at]
		}
		return &seenLine{}
	}
	tell := func(b, a *seenLine) {
		order := cmp.Compare(verdictOrder[a.verdict], verdictOrder[b.verdict])
		if b.verdict == a.verdict || (b.verdict == "" || a.verdict == "") && max(verdictOrder[a.verdict], verdictOrder[b.verdict]) <= verdictOrder[stress.VerdictPass] {
			return
		}
		known := a
		if a.id == "" {
			known = b
		}
		d.Scenarios = append(d.Scenarios, ScenarioDiff{Pack: change.pack, Scenario: known.id, Name: known.name, Before: b.standing, After: a.standing, Reasons: change.ofScenario(b, a)})
		worse, better = worse || order > 0, better || order < 0
	}
	for i := range is {
		tell(find(was, is[i].id), &is[i])
	}
	for i := range was {
		if find(is, was[i].id).id == "" {
			tell(&was[i], &seenLine{})
		}
	}
	return worse, better
}

// TouchedScenarios leaves of two stress packs, either of which may be nil, the scenarios whose factors or pass rule differ:
// of the others no verdict can.
func TouchedScenarios(before, after *stress.Pack) (*stress.Pack, *stress.Pack) {
	if before == nil || after == nil {
		return before, after
	}
	known := map[string]*stress.Scenario{}
	for i := range before.Scenarios {
		known[before.Scenarios[i].ID] = &before.Scenarios[i]
	}
	same := map[string]bool{}
	for i := range after.Scenarios {
		scenario := &after.Scenarios[i]
		if was := known[scenario.ID]; was != nil {
			same[scenario.ID] = was.Combined == scenario.Combined && was.Unknown == scenario.Unknown && fmt.Sprint(was.Factors) == fmt.Sprint(scenario.Factors) &&
				sameThreshold(passOf(before, scenario.Combined), passOf(after, scenario.Combined))
		}
	}
	return without(before, same), without(after, same)
}

func passOf(pack *stress.Pack, combined bool) stress.Threshold {
	if combined {
		return pack.Pass.Combined
	}
	return pack.Pass.Single
}

func sameThreshold(a, b stress.Threshold) bool { return a.Known == b.Known && a.Value.Equal(b.Value) }

func without(pack *stress.Pack, left map[string]bool) *stress.Pack {
	out := *pack
	out.Scenarios = slices.DeleteFunc(slices.Clone(pack.Scenarios), func(s stress.Scenario) bool { return left[s.ID] })
	return &out
}
