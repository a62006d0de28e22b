package risk

import (
	"slices"
	"strings"
	"time"

	"zutuan/internal/funding"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// Labels that are shown wherever a threshold is: how firm its ground is.
const (
	LabelHouse       = "HOUSE"
	LabelUnpublished = "口径未公开"
	LabelPractice    = "惯例"
	LabelRepealed    = "原文件已废止"
	LabelOverride    = "地区覆盖"
)

var statusLabels = map[string]string{"house": LabelHouse, "unpublished": LabelUnpublished, "practice": LabelPractice, "repealed": LabelRepealed}

// firmness orders statuses and confidences from the firmest to the weakest.
var (
	statusFirmness     = []string{"in_force", "unpublished", "repealed", "practice", "house"}
	confidenceFirmness = []string{"high", "medium", "low"}
)

// weaker returns the weaker of two words of an order; an empty word is no word.
func weaker(order []string, a, b string) string {
	if slices.Index(order, a) < slices.Index(order, b) {
		return b
	}
	return a
}

func day(date time.Time) string {
	if date.IsZero() {
		return ""
	}
	return date.Format(time.DateOnly)
}

// provenance tells where thresholds come from.
type provenance struct{ set *rulepack.ParameterSet }

// parameters returns the parameters that a condition uses, in the order of their names.
func (p provenance) parameters(names []string) []ParameterValue {
	var values []ParameterValue
	for _, name := range names {
		if id, isParameter := strings.CutPrefix(name, rulepack.ParameterPrefix); isParameter {
			values = append(values, p.parameter(id))
		}
	}
	return values
}

func (p provenance) parameter(id string) ParameterValue {
	at, ok := rulepack.ParameterAt{}, false
	if p.set != nil {
		at, ok = p.set.Lookup(id)
	}
	if !ok {
		return ParameterValue{ID: id, Missing: "没有此参数 / no such parameter"}
	}
	value := ParameterValue{
		ID: id, Name: at.Name, Value: at.Value, Unit: at.Unit, Basis: at.Source.Basis, Status: at.Source.Status, Confidence: at.Source.Confidence,
		Label: statusLabels[at.Source.Status], ValidFrom: day(at.Source.From), ValidTo: day(at.Source.To), LastVerified: day(at.Source.LastVerified), Note: at.Source.Note,
	}
	if !at.Present() {
		value.Missing = at.Missing.ZH + " / " + at.Missing.EN
	}
	if at.Override != nil {
		value.Override = overrideOf(at)
	}
	return value
}

func overrideOf(at rulepack.ParameterAt) *Override {
	return &Override{Parameter: at.ID, Value: at.Override.Value, Replaced: at.Source.Value, Who: at.Override.Who, Why: at.Override.Why, Until: day(at.Override.Until)}
}

// thresholds lists the levels of a rule, mildest first, with the values of their right sides on facts.
func (p provenance) thresholds(rule *rulepack.CompiledRiskRule, facts *ruleexpr.Facts) []Threshold {
	list := make([]Threshold, len(rule.Levels))
	for i := range rule.Levels {
		level := &rule.Levels[i]
		list[i] = Threshold{Level: level.Level, Condition: level.Written, Parameters: p.parameters(level.Rule.Facts())}
		if level.Threshold != nil {
			list[i].Operator = strings.TrimSpace(level.Written[:strings.IndexFunc(level.Written, func(r rune) bool { return !strings.ContainsRune("<>=!", r) })])
			if value, unknown := level.Threshold.Decimal(facts, ruleexpr.Unit(rule.Unit).Decimals()); unknown == nil {
				list[i].Value = text(&value, rule.Unit)
			}
		}
	}
	return list
}

// standing says how firm the ground of a flag is: the weakest of the parameters of the level that decided – of the worst
// level where none did – and of what the rule says of itself.
func (p provenance) standing(rule *rulepack.CompiledRiskRule, decided *rulepack.CompiledRiskLevel) (status, confidence string, labels []string) {
	if decided == nil && len(rule.Levels) > 0 {
		decided = &rule.Levels[len(rule.Levels)-1]
	}
	status, confidence = rule.Status, rule.Confidence
	overridden := false
	if decided != nil {
		for _, parameter := range p.parameters(decided.Rule.Facts()) {
			status = weaker(statusFirmness, status, parameter.Status)
			confidence = weaker(confidenceFirmness, confidence, parameter.Confidence)
			overridden = overridden || parameter.Override != nil
		}
	}
	labels = append([]string{}, rule.Labels...)
	add := func(label string) {
		if label != "" && !slices.Contains(labels, label) {
			labels = append(labels, label)
		}
	}
	add(statusLabels[status])
	if overridden {
		add(LabelOverride)
	}
	return status, confidence, labels
}

// usedOverrides lists the overrides that any threshold of the flags used, each once, by parameter.
func usedOverrides(flags []Flag) []Override {
	byParameter := map[string]Override{}
	var names []string
	for i := range flags {
		for _, threshold := range flags[i].Thresholds {
			for _, parameter := range threshold.Parameters {
				if parameter.Override == nil {
					continue
				}
				if _, known := byParameter[parameter.ID]; !known {
					names = append(names, parameter.ID)
				}
				byParameter[parameter.ID] = *parameter.Override
			}
		}
	}
	slices.Sort(names)
	list := make([]Override, len(names))
	for i, name := range names {
		list[i] = byParameter[name]
	}
	return list
}

// membership says where the zone's province stands among the key provinces on the day.
func membership(in *Input) *Membership {
	if in.Zone == nil || in.Zone.Province == "" {
		return nil
	}
	out := &Membership{Province: in.Zone.Province}
	entry, member := rulepack.MemberOn(in.Memberships, rulepack.KeyProvinces, in.Zone.Province, in.Date)
	out.Member = member
	if !member {
		found := false
		for _, past := range in.Memberships {
			if past.List == rulepack.KeyProvinces && past.Member == in.Zone.Province && past.From.Before(in.Date) && (!found || past.From.After(entry.From)) {
				entry, found = past, true
			}
		}
	}
	out.take(entry)
	return out
}

func (m *Membership) take(entry funding.Membership) {
	m.From, m.To, m.Basis, m.Status, m.Confidence, m.Note = day(entry.From), day(entry.To), entry.Basis, entry.Status, entry.Confidence, entry.Note
}
