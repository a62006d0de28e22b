package impact

import (
	"cmp"
	"slices"
	"strings"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/risk"
)

// PlanReport is what a pack's change does to a set of plans.
type PlanReport struct {
	Totals PlanTotals `json:"totals"`
	// Plans are those with a difference: newly blocked, failing or undecided first, then by the money that they draw.
	Plans []PlanDiff `json:"plans"`
	// Unlisted counts plans with a difference beyond those listed, and Elsewhere those in regions that the reader does not
	// see, which are counted and not named.
	Unlisted  int `json:"unlisted,omitempty"`
	Elsewhere int `json:"elsewhere,omitempty"`
}

// PlanTotals adds up every difference, whatever is listed.
type PlanTotals struct {
	// Asked is how many plans were judged on both sides, Indicative how many of them are indicative ones of requirements
	// without a plan, Affected how many differ and Financed what those draw.
	Asked      int          `json:"asked"`
	Indicative int          `json:"indicative"`
	Affected   int          `json:"affected"`
	Financed   money.Amount `json:"financed"`
	// Kinds, rules, levels and regions leave out what is zero. Rules are by pack and rule, levels by where they go from and
	// to, regions by name.
	Kinds   []PlanKindTotal   `json:"kinds"`
	Rules   []PlanRuleTotal   `json:"rules"`
	Levels  []LevelTotal      `json:"levels"`
	Regions []PlanRegionTotal `json:"regions"`
}

// PlanKindTotal counts the plans of one kind and what they draw. A plan counts under each of its kinds.
type PlanKindTotal struct {
	Kind     PlanKind     `json:"kind"`
	Plans    int          `json:"plans"`
	Financed money.Amount `json:"financed"`
}

// PlanRuleTotal counts the plans that one rule or scenario says something else of.
type PlanRuleTotal struct {
	Pack     string       `json:"pack"`
	Rule     string       `json:"rule"`
	Name     funding.Text `json:"name"`
	Worse    int          `json:"worse"`
	Better   int          `json:"better"`
	Financed money.Amount `json:"financed"`
	// Reason is the first plan's.
	Reason funding.Text `json:"reason"`
}

// LevelTotal counts flags that go from one level to another, or scenarios from one verdict to another; empty: there is no
// such rule on that side.
type LevelTotal struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Flags int    `json:"flags"`
	Plans int    `json:"plans"`
	// Financed counts each plan once.
	Financed money.Amount `json:"financed"`
}

// PlanRegionTotal is what changes in one region.
type PlanRegionTotal struct {
	Region   string          `json:"region"`
	Affected int             `json:"affected"`
	Financed money.Amount    `json:"financed"`
	Kinds    []PlanKindTotal `json:"kinds"`
}

// ReportPlans puts the differences of plans together, in the order in which they were asked; nil is a plan without any. keep
// is how many are listed, 0: all.
func ReportPlans(diffs []*PlanDiff, indicative, keep int) *PlanReport {
	out := &PlanReport{Totals: PlanTotals{Asked: len(diffs), Indicative: indicative}, Plans: []PlanDiff{}}
	sums := newPlanSums()
	for place, diff := range diffs {
		if diff == nil {
			continue
		}
		diff.place = place
		sums.add(diff)
		out.Totals.Affected++
		out.Totals.Financed += diff.Financed
		out.Plans = append(out.Plans, *diff)
	}
	sums.into(&out.Totals)
	slices.SortStableFunc(out.Plans, func(a, b PlanDiff) int {
		return cmp.Or(cmp.Compare(gravity(&a), gravity(&b)), -cmp.Compare(a.Financed, b.Financed), cmp.Compare(a.place, b.place))
	})
	out.list(keep)
	return out
}

// gravity is the place of a plan's gravest kind; those that only get better or worse come after all that are decided
// otherwise.
func gravity(diff *PlanDiff) int {
	if len(diff.Kinds) == 0 {
		return len(PlanKinds)
	}
	if at := slices.Index(PlanKinds, diff.Kinds[0]); at >= slices.Index(PlanKinds, PlanUnblocked) {
		return at
	}
	return 0
}

func (r *PlanReport) list(keep int) {
	if keep > 0 && len(r.Plans) > keep {
		r.Unlisted += len(r.Plans) - keep
		r.Plans = r.Plans[:keep:keep]
	}
}

// Narrowed is the report as somebody sees it who may name the plans of some regions only: the others are counted, under the
// region that place gives for theirs. keep is how many plans are listed, 0: all that there are.
func (r *PlanReport) Narrowed(see func(region string) bool, place func(region string) string, keep int) *PlanReport {
	out := &PlanReport{Totals: r.Totals, Plans: []PlanDiff{}}
	regions, seen := map[string]*regionSum{}, 0
	for _, total := range r.Totals.Regions {
		region := total.Region
		if see(region) {
			seen += total.Affected
		} else {
			region = place(region)
			out.Elsewhere += total.Affected
		}
		if regions[region] == nil {
			regions[region] = &regionSum{kinds: map[PlanKind]*PlanKindTotal{}}
		}
		regions[region].merge(&total)
	}
	out.Totals.Regions = listRegions(regions)
	for _, diff := range r.Plans {
		if see(diff.Region) {
			out.Plans = append(out.Plans, diff)
		}
	}
	out.Unlisted = seen - len(out.Plans)
	out.list(keep)
	return out
}

// regionSum adds up one region.
type regionSum struct {
	affected int
	financed money.Amount
	kinds    map[PlanKind]*PlanKindTotal
}

func (s *regionSum) merge(total *PlanRegionTotal) {
	s.affected += total.Affected
	s.financed += total.Financed
	for _, kind := range total.Kinds {
		addKind(s.kinds, kind.Kind, kind.Plans, kind.Financed)
	}
}

func addKind(kinds map[PlanKind]*PlanKindTotal, kind PlanKind, plans int, financed money.Amount) {
	if kinds[kind] == nil {
		kinds[kind] = &PlanKindTotal{Kind: kind}
	}
	kinds[kind].Plans += plans
	kinds[kind].Financed += financed
}

func listKinds(kinds map[PlanKind]*PlanKindTotal) []PlanKindTotal {
	out := []PlanKindTotal{}
	for _, kind := range PlanKinds {
		if total := kinds[kind]; total != nil {
			out = append(out, *total)
		}
	}
	return out
}

func listRegions(regions map[string]*regionSum) []PlanRegionTotal {
	out := []PlanRegionTotal{}
	for region, sum := range regions {
		out = append(out, PlanRegionTotal{Region: region, Affected: sum.affected, Financed: sum.financed, Kinds: listKinds(sum.kinds)})
	}
	slices.SortFunc(out, func(a, b PlanRegionTotal) int { return strings.Compare(a.Region, b.Region) })
	return out
}

// planSums collects the totals of plans.
type planSums struct {
	kinds   map[PlanKind]*PlanKindTotal
	rules   map[flagKey]*PlanRuleTotal
	levels  map[[2]string]*LevelTotal
	regions map[string]*regionSum
}

func newPlanSums() *planSums {
	return &planSums{map[PlanKind]*PlanKindTotal{}, map[flagKey]*PlanRuleTotal{}, map[[2]string]*LevelTotal{}, map[string]*regionSum{}}
}

func (s *planSums) add(diff *PlanDiff) {
	region := s.regions[diff.Region]
	if region == nil {
		region = &regionSum{kinds: map[PlanKind]*PlanKindTotal{}}
		s.regions[diff.Region] = region
	}
	region.affected++
	region.financed += diff.Financed
	for _, kind := range diff.Kinds {
		addKind(s.kinds, kind, 1, diff.Financed)
		addKind(region.kinds, kind, 1, diff.Financed)
	}
	counted := map[[2]string]bool{}
	for i := range diff.Flags {
		flag := &diff.Flags[i]
		s.rule(diff, flagKey{flag.Pack, flag.Rule}, flag.Name, directionOf(flag.Before, flag.After), flag.Reasons)
		s.level(diff, string(flag.Before.Level), string(flag.After.Level), counted)
	}
	for i := range diff.Scenarios {
		scenario := &diff.Scenarios[i]
		order := cmp.Compare(verdictOrder[scenario.After.Verdict], verdictOrder[scenario.Before.Verdict])
		s.rule(diff, flagKey{scenario.Pack, scenario.Scenario}, scenario.Name, order, scenario.Reasons)
		s.level(diff, string(scenario.Before.Verdict), string(scenario.After.Verdict), counted)
	}
}

func (s *planSums) rule(diff *PlanDiff, key flagKey, name funding.Text, direction int, reasons []Reason) {
	total := s.rules[key]
	if total == nil {
		total = &PlanRuleTotal{Pack: key.pack, Rule: key.rule, Name: name, Reason: reasons[0].Text}
		s.rules[key] = total
	}
	if direction > 0 {
		total.Worse++
	} else {
		total.Better++
	}
	total.Financed += diff.Financed
}

func (s *planSums) level(diff *PlanDiff, from, to string, counted map[[2]string]bool) {
	key := [2]string{from, to}
	total := s.levels[key]
	if total == nil {
		total = &LevelTotal{From: from, To: to}
		s.levels[key] = total
	}
	total.Flags++
	if !counted[key] {
		counted[key] = true
		total.Plans++
		total.Financed += diff.Financed
	}
}

func (s *planSums) into(totals *PlanTotals) {
	totals.Kinds, totals.Regions = listKinds(s.kinds), listRegions(s.regions)
	totals.Rules, totals.Levels = []PlanRuleTotal{}, []LevelTotal{}
	for _, total := range s.rules {
		totals.Rules = append(totals.Rules, *total)
	}
	slices.SortFunc(totals.Rules, func(a, b PlanRuleTotal) int {
		return cmp.Or(strings.Compare(a.Pack, b.Pack), strings.Compare(a.Rule, b.Rule))
	})
	for _, total := range s.levels {
		totals.Levels = append(totals.Levels, *total)
	}
	slices.SortFunc(totals.Levels, func(a, b LevelTotal) int {
		return cmp.Or(levelOrder(b.To)-levelOrder(a.To), strings.Compare(a.From, b.From), strings.Compare(a.To, b.To))
	})
}

// levelOrder orders levels and verdicts, the worst highest.
func levelOrder(word string) int {
	order := 0
	for _, level := range []funding.Level{funding.LevelGreen, funding.LevelUndecided, funding.LevelYellow, funding.LevelOrange, funding.LevelRed, funding.LevelStop} {
		if risk.Worse(funding.Level(word), level) || funding.Level(word) == level {
			order++
		}
	}
	return order
}
