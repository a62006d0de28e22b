// Package stresstest makes the cases that the tests of stress and of its simulation by chance share: the shipped samples
// with plans of lines that differ in every term. It is for tests alone.
package stresstest

import (
	"io/fs"
	"sync"
	"testing"
	"time"

	"zutuan/internal/cashflow"
	"zutuan/internal/facts"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/plan"
	"zutuan/internal/quarter"
	"zutuan/internal/risk"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
	"zutuan/internal/stress"
	"zutuan/rules"
)

// Date is the day on which the samples are looked at.
var Date = time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC)

// Names are the shipped samples: one unit, three rolling units, one that earns little, one with more investment.
var Names = []string{"pingxiang", "pingxiang-rolling", "manzhouli", "lincang"}

var library = sync.OnceValues(func() (*rulepack.Library, error) { return rulepack.Load(rules.FS) })

// Library returns the shipped rules.
func Library(t testing.TB) *rulepack.Library {
	t.Helper()
	loaded, err := library()
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// When is a start condition written in Go; it stands in the place of a compiled one.
type When func(cashflow.UnitState) bool

// Ready asks the condition.
func (w When) Ready(state cashflow.UnitState) (bool, error) { return w(state), nil }

// conditions are those of the rolling sample: occupancy ≥ 0.6 and 95 % invested; occupancy ≥ 0.6 and cumulative net of
// at least −330 million.
var conditions = map[string]cashflow.StartCondition{
	"U2": When(func(s cashflow.UnitState) bool {
		return s.Occupancy >= 600_000 && s.InvestedShare.GreaterThanOrEqual(money.MustRate("0.95"))
	}),
	"U3": When(func(s cashflow.UnitState) bool {
		return s.Occupancy >= 600_000 && s.CumulativeNet >= money.MustAmount("-330000000")
	}),
}

// Sample returns a shipped sample with a plan, and facts in which the parameters of the day stand.
func Sample(t testing.TB, name string) (*stress.Case, *ruleexpr.Facts) {
	t.Helper()
	read := func(file string) []byte {
		data, err := fs.ReadFile(rules.FS, "samples/"+name+"/"+file)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	requirement, err := funding.ReadRequirement("requirement.yaml", read("requirement.yaml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := funding.ReadLedger("ledger.csv", read("ledger.csv"), requirement.Start.FirstDay().AddDate(0, 0, -1))
	if err != nil {
		t.Fatal(err)
	}
	fiscal, err := funding.ReadFiscalProfile("fiscal.yaml", read("fiscal.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	c := &stress.Case{Requirement: requirement, Conditions: conditions, Ledger: ledger, Fiscal: fiscal}
	c.Sources = Plan(t, c, Lines())
	parameters, assess := assessor(t, ledger, fiscal)
	c.Assess = assess
	return c, parameters
}

func assessor(t testing.TB, ledger *funding.Ledger, fiscal *funding.FiscalProfile) (*ruleexpr.Facts, func(stress.Chain) (*risk.Assessment, error)) {
	loaded := Library(t)
	assembler, err := facts.NewAssembler(loaded.Vocabulary)
	if err != nil {
		t.Fatal(err)
	}
	parameters := loaded.Parameters.At(Date, fiscal.Region, nil)
	reference := assembler.NewReference(facts.Reference{Date: Date, Market: loaded.Market, Parameters: parameters})
	template := risk.Input{Date: Date, Packs: loaded.RiskPacks[:1], Assembler: assembler, Parameters: parameters,
		Debt: facts.NewDebt(ledger, loaded.Market, Date), Memberships: loaded.Memberships}
	return reference, stress.Assessor(template, reference)
}

// Open is a line before anybody has drawn it.
type Open struct {
	ID         string
	Kind       string
	Commitment money.Amount
	// Opens is the quarter of its signing, counted from the requirement's start.
	Opens int
	Terms loan.Terms
}

// Plan draws the lines as the need of a case asks, in their order, and returns those that are drawn: a plan that the
// exact drawing itself has made, from lines in which a fen was drawn on the day of signing.
func Plan(t testing.TB, c *stress.Case, open []Open) []stress.Source {
	t.Helper()
	trial := *c
	trial.Assess, trial.Sources = nil, nil
	for _, line := range open {
		terms := line.Terms
		terms.Commitment, terms.Draws = line.Commitment, []loan.Draw{{Quarter: c.Requirement.Start.Add(line.Opens), Amount: 1}}
		schedule, err := loan.Build(terms, nil)
		if err != nil {
			t.Fatal(err)
		}
		trial.Sources = append(trial.Sources, stress.Source{Terms: line.Terms, Line: plan.Line{
			ID: line.ID, Product: line.ID, Name: funding.Text{ZH: line.ID, EN: line.ID}, Institution: line.ID, InstitutionType: "commercial_bank", Kind: line.Kind,
			CountsAs: plan.CountsAsDebt, Commitment: line.Commitment, Schedule: schedule, TenorQuarters: line.Terms.Tenor, GraceQuarters: line.Terms.Grace}})
	}
	chain, err := trial.Run(stress.Factors{})
	if err != nil {
		t.Fatal(err)
	}
	var sources []stress.Source
	for _, source := range trial.Sources {
		for _, line := range chain.Lines {
			if line.ID == source.Line.ID {
				// A line that was opened before its time has become a longer one.
				earlier := source.Line.Schedule.Start.Since(line.Schedule.Start)
				source.Terms.Tenor, source.Terms.Grace, source.Terms.Availability = source.Terms.Tenor+earlier, source.Terms.Grace+earlier, source.Terms.Availability+earlier
				sources = append(sources, stress.Source{Line: line, Terms: source.Terms})
			}
		}
	}
	return sources
}

// Lines are three lines that between them have every profile but the bullet, every timing but the end, fees, longer
// intervals, capitalized interest and a floating rate. The last one is larger than what is left of the need, so that
// stressed cases find something to draw.
func Lines() []Open {
	yuan := money.MustAmount
	return []Open{
		{ID: "bond", Kind: "special_bond", Commitment: yuan("150000000"),
			Terms: loan.Terms{Rate: rate("0.0265"), Tenor: 60, Grace: 12, Availability: 12, Interval: 2, Profile: loan.ProfileEqualPrincipal, Timing: loan.TimingStart}},
		{ID: "annuity", Kind: "policy_loan", Commitment: yuan("180000000"), Opens: 3,
			Terms: loan.Terms{Rate: rate("0.0345"), Changes: []loan.RateChange{{From: quarter.Must("2031Q1"), Rate: rate("0.0355")}}, Tenor: 72, Grace: 12, Availability: 10, Interval: 1,
				Profile: loan.ProfileAnnuity, Fees: funding.ProductFees{Upfront: rate("0.002"), Commitment: rate("0.001"), Guarantee: rate("0.003"), Agency: yuan("50000")}}},
		{ID: "standby", Kind: "development_loan", Commitment: yuan("900000000"), Opens: 5,
			Terms: loan.Terms{Rate: rate("0.0385"), Tenor: 80, Grace: 20, Availability: 20, Interval: 4, Profile: loan.ProfileCustom, CapitalizeDuringGrace: true,
				Custom: []money.Decimal{rate("0.02"), rate("0.03"), rate("0.04"), rate("0.05"), rate("0.06"), rate("0.06"), rate("0.07"), rate("0.07"), rate("0.08"), rate("0.08"), rate("0.09"), rate("0.10"), rate("0.10"), rate("0.08"), rate("0.07")}}},
	}
}

func rate(text string) money.Decimal { return money.MustRate(text) }
