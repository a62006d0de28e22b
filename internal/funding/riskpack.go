package funding

import "time"

// RiskLevels are the levels a risk rule can raise, mildest first; stop is a legal prohibition.
var RiskLevels = []Level{LevelYellow, LevelOrange, LevelRed, LevelStop}

// RiskScopes and RiskHorizons are the words a risk pack may use.
var (
	RiskScopes = []string{"government", "borrower", "project", "plan"}
	// RiskHorizons: now is the year of the assessment; each_year is every projected year, the worst of which counts.
	RiskHorizons = []string{"now", "each_year"}
)

// RiskPack is one set of risk rules as its file writes it; expressions are still text. rulepack compiles it.
type RiskPack struct {
	ID      string
	Version int // 1 for a file; published versions count up
	Name    Text
	From    time.Time // zero: always
	To      time.Time // zero: open
	// Labels are shown with every flag of the pack, "analogue" above all.
	Labels []string
	// Enabled says whether an assessment uses the pack without being asked to.
	Enabled bool
	Note    string
	Rules   []RiskRule
}

// RiskRule is one rule. Either Metric and the comparisons of Levels, or only conditions (a gate): then Levels hold
// whole conditions.
type RiskRule struct {
	ID   string
	Name Text
	// Metric is the number that is measured. Numerator and Denominator, where given, are its two parts, for showing.
	Metric      Formula
	Numerator   Formula
	Denominator Formula
	Unit        string
	// Levels are the given levels, mildest first.
	Levels []RiskLevel
	// AppliesWhen, where given and false, makes the rule not applicable.
	AppliesWhen Formula
	Scope       string
	Horizon     string
	Message     Text
	Basis       []string
	Mitigation  []Text
	// BlocksFinalization is the mildest level from which a plan cannot be finalized without a waiver; stop always does.
	BlocksFinalization Level
	// OfficialGrade names a text fact that holds an officially notified grade (green, yellow, orange, red). Where the
	// fact is known the notified grade replaces the computed level of the present state; empty for most rules.
	OfficialGrade string
	// Status and Confidence say how firm the ground of a rule is that has no parameter to say it (a gate); empty
	// otherwise. Where parameters are used too, the weaker of the two counts.
	Status     string
	Confidence string
	Labels     []string
	Note       string
}

// RiskLevel is one level of a rule. Condition is as written: a comparison that the metric completes (">= p.x"), or a
// whole condition.
type RiskLevel struct {
	Level     Level
	Condition Formula
}
