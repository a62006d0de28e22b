package match

import (
	"strings"

	"zutuan/internal/funding"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// RuleReport explains one rule that did not pass.
type RuleReport struct {
	Rule    string `json:"rule"`
	Group   string `json:"group"`
	Level   string `json:"level"`
	BuiltIn bool   `json:"built_in,omitempty"`
	Result  Result `json:"result"`
	// Message is what the product says to whom it concerns; Basis why the rule is there.
	Message funding.Text `json:"message"`
	Basis   string       `json:"basis"`
	Product string       `json:"product"`
	Version int          `json:"version"`
	// Explanation holds every comparison of the rule with the values of both sides and the distance.
	Explanation ruleexpr.Explanation `json:"explanation"`
	// Changes are the single changes that make a failed must pass, the fewest steps first.
	Changes []ruleexpr.Change `json:"changes,omitempty"`
}

// MissingFact is something that a person has to supply before a rule can be decided.
type MissingFact struct {
	Fact string       `json:"fact"`
	Name funding.Text `json:"name"`
	// Why says which record lacks it.
	Why string `json:"why,omitempty"`
}

// TermReport explains a term of the product that cannot be computed.
type TermReport struct {
	Term  string         `json:"term"`
	Doubt ruleexpr.Doubt `json:"doubt"`
}

// Report explains an outcome.
type Report struct {
	Rules []RuleReport `json:"rules"`
	Terms []TermReport `json:"terms,omitempty"`
	// Missing lists what to supply, in the order in which the rules and terms ask for it, each once.
	Missing []MissingFact `json:"missing,omitempty"`
}

// Explain says why an outcome is not an unreserved yes: every rule that was decided and did not pass, and every term
// that cannot be computed. It does the work that Match leaves out, so it is made for what is shown.
func (m *Match) Explain(outcome *Outcome) Report {
	return m.worker().explain(outcome)
}

func (w *worker) explain(outcome *Outcome) Report {
	failures := outcome.Failures
	if failures == nil && outcome.tally.failedMusts > 0 {
		failures = w.failures(outcome, w.asIs())
	}
	w.slots.clear(w.facts)
	if outcome.Offer != nil {
		w.set(w.facts, outcome.Offer, outcome.Doubts)
	}
	var report Report
	missing := missingFacts{facts: w.facts}
	for k, result := range outcome.Results {
		if result != ResultFailed && result != ResultUndecided {
			continue
		}
		rule := &outcome.Product.Rules[k]
		entry := ruleReport(outcome.Product, rule)
		entry.Result, entry.Explanation, entry.Changes = result, w.explanation(rule, outcome.row+k), changesFor(failures, rule.ID, false)
		if entry.Explanation.Doubt != nil {
			missing.add(*entry.Explanation.Doubt)
		}
		report.Rules = append(report.Rules, entry)
	}
	if b := outcome.BuiltIn; b != nil {
		report.Rules = append(report.Rules, RuleReport{Rule: b.ID, Group: b.Group, Level: "must", BuiltIn: true, Result: ResultFailed, Message: b.Message, Basis: builtInBasis,
			Product: outcome.Product.ID, Version: outcome.Product.Version, Explanation: b.Explanation, Changes: changesFor(failures, b.ID, true)})
	}
	for _, doubt := range outcome.Doubts {
		report.Terms = append(report.Terms, TermReport{doubt.Term, *doubt.Doubt})
		missing.add(*doubt.Doubt)
	}
	report.Missing = missing.list
	return report
}

// ruleReport is what every match says of a rule that did not pass.
func ruleReport(product *rulepack.Product, rule *rulepack.CompiledRule) RuleReport {
	return RuleReport{Rule: rule.ID, Group: rule.Group, Level: rule.Level, Message: rule.Message, Basis: rule.Basis, Product: product.ID, Version: product.Version}
}

// explanation explains a rule, by its place in the catalogue's row. Rules that need no offer say the same of every product.
func (w *worker) explanation(rule *rulepack.CompiledRule, row int) ruleexpr.Explanation {
	if rule.OnOffer {
		return rule.Rule.Explain(w.facts)
	}
	known := &w.shared[w.catalogue.condition[row]].explanation
	if explanation := known.Load(); explanation != nil {
		return *explanation
	}
	explanation := rule.Rule.Explain(w.facts)
	known.Store(&explanation)
	return explanation
}

func changesFor(failures []Failure, rule string, builtIn bool) []ruleexpr.Change {
	for _, failure := range failures {
		if failure.Rule == rule && failure.BuiltIn == builtIn {
			return failure.Changes
		}
	}
	return nil
}

// missingFacts collects what to supply, each fact once.
type missingFacts struct {
	facts *ruleexpr.Facts
	list  []MissingFact
}

// add takes the missing facts of a doubt. A fact of the offer is nothing that a person supplies: the reason why it is
// missing is a term or another fact, which is listed by itself.
func (l *missingFacts) add(doubt ruleexpr.Doubt) {
	for _, name := range doubt.Missing {
		if strings.HasPrefix(name, "offer.") || l.has(name) {
			continue
		}
		fact := l.facts.Vocabulary().Fact(l.facts.Vocabulary().Slot(name))
		l.list = append(l.list, MissingFact{Fact: name, Name: funding.Text{ZH: fact.ZH, EN: fact.EN}, Why: doubt.Why[name]})
	}
}

func (l *missingFacts) has(name string) bool {
	for _, known := range l.list {
		if known.Fact == name {
			return true
		}
	}
	return false
}
