package impact

import (
	"slices"
	"strings"

	"zutuan/internal/funding"
	"zutuan/internal/risk"
	"zutuan/internal/rulecheck"
	"zutuan/internal/rulepack"
)

// CausePack: the pack itself comes, goes, or counts otherwise.
const CausePack Cause = "pack"

// PackChange is a risk or stress pack on both sides; its differences in words are worked out once.
type PackChange struct {
	pack        string
	differences []rulecheck.Change
	// comes and goes say that only one side has the pack.
	comes, goes bool
	// parts are the scenarios that a combination is made of, on either side.
	parts map[string][]string
}

// RiskPackChange is a risk pack before and after; nil is a pack that is not in force.
func RiskPackChange(before, after *rulepack.RiskPack) *PackChange {
	change := &PackChange{comes: before == nil, goes: after == nil}
	switch {
	case before != nil && after != nil:
		change.pack, change.differences = after.ID, rulecheck.DiffRiskPacks(before, after)
	case before != nil:
		change.pack = before.ID
	case after != nil:
		change.pack = after.ID
	}
	return change
}

// StressPackChange is a stress pack before and after; nil is a pack that is not in force.
func StressPackChange(before, after *rulepack.StressPack) *PackChange {
	change := &PackChange{comes: before == nil, goes: after == nil, parts: map[string][]string{}}
	for _, pack := range []*rulepack.StressPack{before, after} {
		if pack == nil {
			continue
		}
		change.pack = pack.ID
		for i := range pack.Scenarios {
			if combine := pack.Scenarios[i].Combine; combine != nil {
				change.parts[pack.Scenarios[i].ID] = append(change.parts[pack.Scenarios[i].ID], combine.Of...)
			}
		}
	}
	if before != nil && after != nil {
		change.differences = rulecheck.DiffStressPacks(before, after)
	}
	return change
}

// wordsAlone are fields of a rule or scenario that no level or verdict goes by.
var wordsAlone = []string{"name", "message", "basis", "mitigation", "status", "confidence", "note", "numerator", "denominator"}

// under returns the differences at a place and below it that decide something.
func (c *PackChange) under(place string) []rulecheck.Change {
	var out []rulecheck.Change
	for _, difference := range c.differences {
		rest, below := strings.CutPrefix(difference.Place, place)
		if below && (rest == "" || rest[0] == '.' && !slices.Contains(wordsAlone, rest[1:])) {
			out = append(out, difference)
		}
	}
	return out
}

// ofRule says what of a rule made its flag differ: the rule's text with the values of its thresholds, or the pack.
func (c *PackChange) ofRule(key flagKey, before, after seenFlag) []Reason {
	was, is := string(before.standing.Level), string(after.standing.Level)
	if key.pack != c.pack || c.comes || c.goes {
		return []Reason{c.itself(was, is)}
	}
	if c.switched() {
		return c.whole(was, is)
	}
	thresholds, facts := thresholdText(before.flag, after.flag), parametersMoved(before.flag, after.flag)
	var out []Reason
	for _, difference := range c.under("rules." + key.rule) {
		text := funding.Text{ZH: "规则 " + key.rule + " 改写（" + difference.Text.ZH + "）", EN: "rule " + key.rule + " was rewritten (" + difference.Text.EN + ")"}
		cause := CauseRuleChanged
		switch {
		case difference.Place == "rules."+key.rule && before.flag == nil:
			cause, text = CauseRuleAdded, difference.Text
		case difference.Place == "rules."+key.rule && after.flag == nil:
			cause, text = CauseRuleRemoved, difference.Text
		}
		if len(out) == 0 {
			text.ZH, text.EN = text.ZH+thresholds.ZH, text.EN+thresholds.EN
		} else {
			facts = nil
		}
		if out = append(out, Reason{Cause: cause, Place: difference.Place, Was: was, Is: is, Facts: facts, Text: text}); len(out) == maxReasons {
			return out
		}
	}
	if len(out) == 0 {
		out = c.whole(was, is)
	}
	return out
}

// switched reports whether the pack is on by itself on one side alone; what changed in its rules is then not the reason.
func (c *PackChange) switched() bool { return len(c.under("pack.enabled")) > 0 }

// whole are the differences of the pack itself.
func (c *PackChange) whole(was, is string) []Reason {
	var out []Reason
	for _, place := range []string{"pack.enabled", "pack.labels", "pack.from", "pack.to"} {
		for _, difference := range c.under(place) {
			out = append(out, Reason{Cause: CausePack, Place: place, Was: was, Is: is, Text: difference.Text})
		}
	}
	if len(out) == 0 {
		out = []Reason{c.itself(was, is)}
	}
	return out
}

func (c *PackChange) itself(was, is string) Reason {
	text := funding.Text{ZH: "规则包 " + c.pack + " 换为新版", EN: "the pack " + c.pack + " gets a new version"}
	switch {
	case c.comes:
		text = funding.Text{ZH: "规则包 " + c.pack + " 开始适用", EN: "the pack " + c.pack + " comes into force"}
	case c.goes:
		text = funding.Text{ZH: "规则包 " + c.pack + " 不再适用", EN: "the pack " + c.pack + " is no longer in force"}
	}
	return Reason{Cause: CausePack, Place: "pack", Was: was, Is: is, Text: text}
}

var levelNames = map[funding.Level]funding.Text{funding.LevelYellow: {ZH: "黄色", EN: "yellow"}, funding.LevelOrange: {ZH: "橙色", EN: "orange"},
	funding.LevelRed: {ZH: "红色", EN: "red"}, funding.LevelStop: {ZH: "禁止", EN: "stop"}}

// thresholdText names the thresholds whose values differ: "，红色阈值 3.000000 → 2.500000".
func thresholdText(before, after *risk.Flag) funding.Text {
	if before == nil || after == nil {
		return funding.Text{}
	}
	value := func(flag *risk.Flag, level funding.Level) string {
		for _, threshold := range flag.Thresholds {
			if threshold.Level == level && threshold.Value != nil {
				return *threshold.Value
			}
		}
		return ""
	}
	var text funding.Text
	for _, level := range funding.RiskLevels {
		if from, to := value(before, level), value(after, level); from != to {
			text.ZH += "，" + levelNames[level].ZH + "阈值 " + or(from) + " → " + or(to)
			text.EN += ", threshold of " + levelNames[level].EN + " " + or(from) + " → " + or(to)
		}
	}
	return text
}

// parametersMoved are the parameters that a rule's thresholds go by on one side alone, with their values.
func parametersMoved(before, after *risk.Flag) []FactChange {
	if before == nil || after == nil {
		return nil
	}
	was, is := parametersOf(before), parametersOf(after)
	var moved []FactChange
	for _, p := range was {
		if !slices.Contains(is, p) {
			moved = append(moved, FactChange{Fact: p.Fact, From: p.From})
		}
	}
	for _, p := range is {
		if !slices.Contains(was, p) {
			moved = append(moved, FactChange{Fact: p.Fact, To: p.From})
		}
	}
	return moved
}

func parametersOf(flag *risk.Flag) []FactChange {
	var out []FactChange
	for _, threshold := range flag.Thresholds {
		for _, parameter := range threshold.Parameters {
			entry := FactChange{Fact: rulepack.ParameterPrefix + parameter.ID, From: parameter.Value}
			if !slices.Contains(out, entry) {
				out = append(out, entry)
			}
		}
	}
	return out
}

// ofScenario says what made a scenario's verdict differ: the pass rule, the scenario, those that it combines, or the pack.
func (c *PackChange) ofScenario(before, after *seenLine) []Reason {
	was, is := string(before.verdict), string(after.verdict)
	id, combined := after.id, after.combined
	if id == "" {
		id, combined = before.id, before.combined
	}
	if c.comes || c.goes {
		return []Reason{c.itself(was, is)}
	}
	if c.switched() {
		return c.whole(was, is)
	}
	places := []string{"pass.single", "scenarios." + id}
	switch {
	case id == BaseScenario:
		places = []string{"pass.base"}
	case combined:
		places[0] = "pass.combined"
	}
	for _, part := range c.parts[id] {
		if place := "scenarios." + part; !slices.Contains(places, place) {
			places = append(places, place)
		}
	}
	var out []Reason
	for _, place := range places {
		for _, difference := range c.under(place) {
			cause := CauseRuleChanged
			if difference.Place == "scenarios."+id {
				cause = map[rulecheck.ChangeKind]Cause{rulecheck.ChangeAdded: CauseRuleAdded, rulecheck.ChangeRemoved: CauseRuleRemoved}[difference.Kind]
			}
			if len(out) < maxReasons {
				out = append(out, Reason{Cause: cause, Place: difference.Place, Was: was, Is: is, Text: difference.Text})
			}
		}
	}
	if len(out) == 0 {
		out = c.whole(was, is)
	}
	return out
}
