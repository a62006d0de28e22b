package casework

import (
	"strings"
	"time"

	"zutuan/internal/cashflow"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/match"
	"zutuan/internal/money"
	"zutuan/internal/planner"
	"zutuan/internal/risk"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// AssessmentAnswer is everything there is to say about a case: the answer of assess.
type AssessmentAnswer struct {
	// Warnings are what to know before trusting the figures: old data, overrides without effect.
	Warnings   []funding.Text   `json:"warnings,omitempty"`
	Simulation cashflow.Answer  `json:"simulation"`
	Match      match.Answer     `json:"match"`
	PlanNotes  []funding.Text   `json:"plan_notes,omitempty"`
	Risk       *risk.Assessment `json:"risk"`
}

// AssessmentAnswer returns an assessment in the form that is answered.
func (d *Desk) AssessmentAnswer(a *Assessment) AssessmentAnswer {
	return AssessmentAnswer{d.Warnings(a.Matching), a.Simulation.Answer(), a.Match.Answer(), a.Plan.Notes, a.Risk}
}

// PlanAnswer is a plan with its flags and what could be done about the debt that exists: the answer of plan.
type PlanAnswer struct {
	Plan         planner.Answer    `json:"plan"`
	Risk         *risk.Assessment  `json:"risk"`
	Treatments   []TreatmentAnswer `json:"treatments"`
	Replacements []TreatmentAnswer `json:"replacements"`
}

// TreatmentAnswer is one thing that can be done with one existing instrument, and what it moves.
type TreatmentAnswer struct {
	Instrument  string            `json:"instrument"`
	Creditor    string            `json:"creditor"`
	Outstanding money.Amount      `json:"outstanding"`
	Treatment   planner.Treatment `json:"treatment"`
	Product     string            `json:"product,omitempty"`
	Saving      money.Amount      `json:"saving"`
	CashSaving  money.Amount      `json:"cash_saving"`
	Before      TreatmentMeasures `json:"before"`
	After       TreatmentMeasures `json:"after"`
	Text        funding.Text      `json:"text"`
}

// TreatmentMeasures are the figures that a treatment moves.
type TreatmentMeasures struct {
	MinDSCR      loan.Measure `json:"min_dscr"`
	UnfundedGap  money.Amount `json:"unfunded_gap"`
	LiquidityMin money.Amount `json:"liquidity_min"`
	LifeGapYears loan.Measure `json:"life_gap_years"`
	WeightedRate loan.Measure `json:"weighted_rate"`
}

// Answer returns the review in the form that is answered.
func (r *Review) Answer() PlanAnswer {
	return PlanAnswer{r.Built.Answer(), r.Risk, treatmentAnswers(r.Treatments), treatmentAnswers(r.Replacements)}
}

func treatmentAnswers(list []planner.Treated) []TreatmentAnswer {
	answers := make([]TreatmentAnswer, len(list))
	for i, t := range list {
		answers[i] = TreatmentAnswer{Instrument: t.Instrument, Creditor: t.Creditor, Outstanding: t.Outstanding, Treatment: t.Treatment, Saving: t.Saving, CashSaving: t.CashSaving,
			Before: TreatmentMeasures(t.Before), After: TreatmentMeasures(t.After), Text: t.Text}
		if t.Line != nil {
			answers[i].Product = t.Line.Product
		}
	}
	return answers
}

// FactAnswer is one fact of the dictionary.
type FactAnswer struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Unit string `json:"unit,omitempty"`
	ZH   string `json:"zh"`
	EN   string `json:"en"`
	// From names the record or formula the value comes from.
	From string `json:"from"`
	Low  string `json:"low,omitempty"`
	High string `json:"high,omitempty"`
	// Adjustable says in which direction a bureau could change the fact; Step by how much at least.
	Adjustable string `json:"adjustable,omitempty"`
	Step       string `json:"step,omitempty"`
	// Order lists the words of an ordered text, worst first.
	Order []string `json:"order,omitempty"`
	// Value is a parameter's value on the date asked for.
	Value string `json:"value,omitempty"`
}

// FactsAnswer is the dictionary of facts that rules may use, and of those that a unit's start.when may use.
type FactsAnswer struct {
	Version    int          `json:"version"`
	Functions  []string     `json:"functions"`
	Facts      []FactAnswer `json:"facts"`
	StartFacts []FactAnswer `json:"start_facts"`
}

// Facts returns the dictionary on a day: all of it, or the groups and names given. A group that does not exist adds
// nothing.
func Facts(library *rulepack.Library, groups []string, date time.Time) FactsAnswer {
	answer := FactsAnswer{Version: library.VocabularyVersion, Functions: ruleexpr.FunctionNames(), Facts: []FactAnswer{}, StartFacts: []FactAnswer{}}
	parameters := library.Parameters.At(date, "", nil)
	for _, fact := range library.Vocabulary.Facts() {
		if !inGroups(fact.Name, groups) {
			continue
		}
		entry := factAnswer(fact)
		if id, isParameter := strings.CutPrefix(fact.Name, rulepack.ParameterPrefix); isParameter {
			if value, ok := parameters.Lookup(id); ok {
				entry.Value = value.Value
			}
		}
		answer.Facts = append(answer.Facts, entry)
	}
	if len(groups) == 0 {
		for _, fact := range StartFacts {
			answer.StartFacts = append(answer.StartFacts, factAnswer(fact))
		}
	}
	return answer
}

func inGroups(name string, groups []string) bool {
	for _, group := range groups {
		if name == group || strings.HasPrefix(name, group+".") {
			return true
		}
	}
	return len(groups) == 0
}

func factAnswer(fact ruleexpr.Fact) FactAnswer {
	entry := FactAnswer{Name: fact.Name, Type: string(fact.Type), Unit: string(fact.Unit), ZH: fact.ZH, EN: fact.EN, From: fact.From, Adjustable: string(fact.Direction), Order: fact.Order}
	if fact.Low != nil {
		entry.Low = fact.Low.String()
	}
	if fact.High != nil {
		entry.High = fact.High.String()
	}
	if fact.Adjustable() {
		entry.Step = fact.Step.String()
	}
	return entry
}
