package rulepack

import (
	"time"

	"zutuan/internal/funding"
	"zutuan/internal/ruleexpr"
)

// SchemaStress is the schema line of a stress pack.
const SchemaStress = "zutuan/stress/v1"

// StressPack is one version of a stress pack: named scenarios, what a plan has to keep under them, and the spread of the
// factors for a simulation by chance. Sizes are formulas over parameters (p.*) alone; At the date of a run they are
// worked out. It does not change after it was read.
type StressPack struct {
	ID      string
	Version int
	Name    funding.Text
	From    time.Time // zero: always
	To      time.Time // zero: open
	Enabled bool
	Note    string
	Pass    StressPass
	// Scenarios are in file order, singles before the combinations that name them.
	Scenarios []StressScenario
	// MonteCarlo is nil where the file has none.
	MonteCarlo *StressMonteCarlo
	File       string
	Digest     string
}

// EffectiveOn reports whether the version is in force on a day.
func (p *StressPack) EffectiveOn(date time.Time) bool { return funding.InForce(p.From, p.To, date) }

// StressSize is a formula over parameters with its compiled form; Number is nil where the file does not give it.
type StressSize struct {
	funding.Formula
	Number *ruleexpr.Number
}

// StressPass is the smallest DSCR that the plan has to keep: unstressed, under one stress, and under a combination.
type StressPass struct {
	Base, Single, Combined StressSize
	Labels                 []string
	Basis                  []string
}

// StressScenario is one scenario. What a file leaves out is not stressed.
type StressScenario struct {
	ID     string
	Name   funding.Text
	Labels []string
	Basis  []string
	Note   string
	// Fall is the share by which the income from each source falls, in the order of funding.IncomeSources.
	Fall [len(funding.IncomeSources)]StressSize
	// Cost and Invest are the shares by which they rise; Rate is added to annual rates.
	Cost, Invest, Rate StressSize
	// DelayStart puts off the start of every unit, DelayRamp its income and occupancy alone; both in quarters.
	DelayStart, DelayRamp StressSize
	Shut                  StressWindow
	Exchange              StressExchange
	Closure               StressClosure
	Contingent            StressContingent
	// Combine makes the scenario a combination; nil for a single one.
	Combine *StressCombination
}

// StressWindow is a stretch of quarters; From counts from the requirement's start, 0 is its first quarter.
type StressWindow struct {
	Quarters, From StressSize
}

// StressExchange is a one-off fall of the home currency from a quarter on.
type StressExchange struct {
	Depreciation, From StressSize
}

// StressClosure lets the income from some sources fall to a share of itself in a stretch of quarters.
type StressClosure struct {
	StressWindow
	Keep    StressSize
	Sources []funding.IncomeSource
}

// StressContingent turns contingent liabilities into government debt: Own the implicit and guaranteed debt of the
// region's own records, the others shares of GDP and of the PPP commitments still to come.
type StressContingent struct {
	Own                       bool
	FinancialGDP, SOEGDP, PPP StressSize
}

// StressCombination applies a share of each of the scenarios that it names.
type StressCombination struct {
	Share StressSize
	Of    []string
}

// StressMonteCarlo says how the factors of a simulation by chance spread around one and move together.
type StressMonteCarlo struct {
	Labels       []string
	Basis        []string
	Factors      []StressFactor
	Correlations []StressCorrelation
}

// StressFactor is one factor's distribution, of mean one. Sigma is for lognormal (the deviation of the logarithm) and
// normal; Low and High are the ends of a triangular one, whose mode follows from the mean.
type StressFactor struct {
	Factor           string
	Distribution     string
	Sigma, Low, High StressSize
}

// StressCorrelation is the correlation of two factors; those that are not named are independent.
type StressCorrelation struct {
	Between [2]string
	Value   StressSize
}

// The words of a stress pack.
var (
	StressFactors       = []string{"land", "energy", "industry", "commercial", "service", "cost", "invest", "rate"}
	StressDistributions = []string{"lognormal", "normal", "triangular"}
)
