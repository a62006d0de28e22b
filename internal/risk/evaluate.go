package risk

import (
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// severity orders levels for comparison, worst highest. Undecided stands above green: nobody may call it green.
var severity = map[funding.Level]int{
	funding.LevelNotApplicable: 0, funding.LevelGreen: 1, funding.LevelUndecided: 2, funding.LevelYellow: 3, funding.LevelOrange: 4,
	funding.LevelRed: 5, funding.LevelStop: 6,
}

// Worse reports whether a is worse than b, as flags are ordered: stop, red, orange, yellow, undecided, green, not
// applicable.
func Worse(a, b funding.Level) bool { return severity[a] > severity[b] }

// moment is one point at which rules are evaluated: the present state (year 0) or the end of a projected year.
type moment struct {
	year   int
	with   *ruleexpr.Facts
	before *ruleexpr.Facts
}

func (m *moment) when() string {
	if m.year == 0 {
		return "now"
	}
	return strconv.Itoa(m.year)
}

// outcome is what a rule says at one moment.
type outcome struct {
	level funding.Level
	// computed is the level before an official grade replaced it.
	computed funding.Level
	official string
	// decided is the level whose condition held; nil for green, undecided and not applicable.
	decided *rulepack.CompiledRiskLevel
	value   *money.Decimal
	doubt   doubt
}

// doubt joins what several undecided parts of a rule miss.
type doubt struct {
	missing []string
	why     map[string]string
	text    *funding.Text
}

func (d *doubt) add(other *ruleexpr.Doubt) {
	if other == nil {
		return
	}
	for _, name := range other.Missing {
		if _, known := d.why[name]; known {
			continue
		}
		if d.why == nil {
			d.why = map[string]string{}
		}
		d.missing = append(d.missing, name)
		d.why[name] = other.Why[name]
	}
	if other.ZH != "" && d.text == nil {
		d.text = &funding.Text{ZH: other.ZH, EN: other.EN}
	}
}

// evaluate says what a rule says on facts.
func evaluate(rule *rulepack.CompiledRiskRule, facts *ruleexpr.Facts) outcome {
	applies := ruleexpr.True
	if rule.AppliesWhen != nil {
		applies = rule.AppliesWhen.Holds(facts)
	}
	if applies == ruleexpr.False {
		return outcome{level: funding.LevelNotApplicable, computed: funding.LevelNotApplicable}
	}
	out := outcome{level: funding.LevelGreen}
	if rule.Metric != nil {
		value, unknown := rule.Metric.Decimal(facts, ruleexpr.Unit(rule.Unit).Decimals())
		if unknown == nil {
			out.value = &value
		}
		out.doubt.add(unknown)
	}
	out.levels(rule, facts)
	if applies == ruleexpr.Undecided && out.level != funding.LevelGreen {
		// Whether the rule concerns the case is not known, and it would not be green: nobody may call it either.
		out.level, out.decided = funding.LevelUndecided, nil
		out.doubt.add(rule.AppliesWhen.Explain(facts).Doubt)
	}
	if out.level == funding.LevelGreen {
		out.doubt = doubt{}
	}
	out.computed = out.level
	return out
}

// levels finds the worst level whose condition holds. A worse one that cannot be decided keeps its doubt beside it; where
// none holds and one cannot be decided, the rule is undecided.
func (o *outcome) levels(rule *rulepack.CompiledRiskRule, facts *ruleexpr.Facts) {
	undecided := false
	for i := len(rule.Levels) - 1; i >= 0; i-- {
		level := &rule.Levels[i]
		switch level.Rule.Holds(facts) {
		case ruleexpr.True:
			o.level, o.decided = level.Level, level
			return
		case ruleexpr.Undecided:
			undecided = true
			o.doubt.add(level.Rule.Explain(facts).Doubt)
		}
	}
	if undecided {
		o.level = funding.LevelUndecided
	}
}

// grade puts an officially notified grade in the place of a computed level. The grade was given for the state without
// the plan: where the plan or the years make the computed level worse than it is at present, the worse of the two
// counts.
func (o *outcome) grade(rule *rulepack.CompiledRiskRule, facts *ruleexpr.Facts, present outcome) {
	if rule.OfficialGrade == "" || o.level == funding.LevelNotApplicable {
		return
	}
	slot, ok := facts.Vocabulary().Lookup(rule.OfficialGrade)
	if !ok {
		return
	}
	text, known := facts.Text(slot)
	level := funding.Level(text)
	if _, isLevel := severity[level]; !known || !isLevel {
		return
	}
	o.official = text
	if Worse(o.computed, present.computed) && Worse(o.computed, level) {
		return
	}
	o.level = level
	o.decided = nil
	for i := range rule.Levels {
		if rule.Levels[i].Level == level {
			o.decided = &rule.Levels[i]
		}
	}
}

// higherIsWorse tells from the comparisons of a rule which way its metric gets worse; known is false for a gate.
func higherIsWorse(rule *rulepack.CompiledRiskRule) (higher, known bool) {
	for i := range rule.Levels {
		switch written := rule.Levels[i].Written; {
		case strings.HasPrefix(written, ">"):
			return true, true
		case strings.HasPrefix(written, "<"):
			return false, true
		}
	}
	return false, false
}

// worst returns which of the moments a rule reports: the worst level, among equals the worst value, then the earliest.
func worst(rule *rulepack.CompiledRiskRule, outcomes []outcome) int {
	higher, ordered := higherIsWorse(rule)
	best := 0
	for i := 1; i < len(outcomes); i++ {
		a, b := &outcomes[i], &outcomes[best]
		switch {
		case Worse(a.level, b.level):
			best = i
		case Worse(b.level, a.level) || !ordered || a.value == nil || b.value == nil:
		case higher && a.value.GreaterThan(*b.value), !higher && a.value.LessThan(*b.value):
			best = i
		}
	}
	return best
}

// text writes a value with the decimals of its unit.
func text(value *money.Decimal, unit string) *string {
	if value == nil {
		return nil
	}
	written := value.StringFixed(int32(ruleexpr.Unit(unit).Decimals()))
	return &written
}

func difference(value, before *money.Decimal, unit string) *string {
	if value == nil || before == nil {
		return nil
	}
	var change decimal.Decimal = value.Sub(*before)
	return text(&change, unit)
}
