package funding

// Level is how serious a risk flag is.
type Level string

// Levels from best to worst. LevelUndecided and LevelNotApplicable are not on the scale: of the first data is missing, so
// nobody may call it green; the second does not concern the case.
const (
	LevelGreen     Level = "green"
	LevelYellow    Level = "yellow"
	LevelOrange    Level = "orange"
	LevelRed       Level = "red"
	LevelStop      Level = "stop"
	LevelUndecided Level = "undecided"

	LevelNotApplicable Level = "not_applicable"
)

// Verdict is what a product version says to a requirement.
type Verdict string

// The verdicts, best first.
const (
	VerdictEligible    Verdict = "eligible"
	VerdictConditional Verdict = "conditional"
	VerdictUndecided   Verdict = "undecided"
	VerdictNearMiss    Verdict = "near_miss"
	VerdictIneligible  Verdict = "ineligible"
)
