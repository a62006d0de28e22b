package rulecheck

import (
	"zutuan/internal/funding"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// RiskSurvivor is a mutant of a risk rule that the rule's own boundaries do not show.
type RiskSurvivor struct {
	Mutant
	// Facts show the mutant all the same, empty where none were found: with them the rule says Was, the mutant Now.
	Facts       []Setting
	LevelBefore funding.Level
	LevelAfter  funding.Level
}

// RiskScore is how many mutants of a risk pack come to light at the boundaries of its rules. Packs carry no tests of their
// own, so the cases are made: facts one step below, at and one step above where each comparison of the rule turns.
type RiskScore struct {
	Pack       string
	Version    int
	Mutants    int
	Killed     int
	Equivalent []Mutant
	Survivors  []RiskSurvivor
}

// Score is the share of mutants that came to light, as ProductScore.Score.
func (r RiskScore) Score() string { return percent(r.Killed, r.Mutants) }

// ScoreRiskPack changes one thing after another in a pack's rules and evaluates each change at the boundaries of its rule.
// reference holds what does not depend on a case: the parameters of a day.
func ScoreRiskPack(library *rulepack.Library, pack *rulepack.RiskPack, reference *ruleexpr.Facts) RiskScore {
	score := RiskScore{Pack: pack.ID, Version: pack.Version}
	solver := newSolver(library)
	for i := range pack.Rules {
		rule := &pack.Rules[i]
		for _, changed := range riskMutants(library, solver, rule) {
			if changed.Equivalent {
				score.Equivalent = append(score.Equivalent, changed.Mutant)
				continue
			}
			score.Mutants++
			if _, _, _, found := tellApart(rule, changed.risk, reference, conditionsOf(rule)); found {
				score.Killed++
				continue
			}
			survivor := RiskSurvivor{Mutant: changed.Mutant}
			all := append(conditionsOf(rule), conditionsOf(changed.risk)...)
			survivor.Facts, survivor.LevelBefore, survivor.LevelAfter, _ = tellApart(rule, changed.risk, reference, all)
			score.Survivors = append(score.Survivors, survivor)
		}
	}
	return score
}

// riskMutant is a mutant with the whole rule in which it stands.
type riskMutant struct {
	Mutant
	risk *rulepack.CompiledRiskRule
}

func riskMutants(library *rulepack.Library, solver *solver, rule *rulepack.CompiledRiskRule) []riskMutant {
	var out []riskMutant
	if rule.AppliesWhen != nil {
		for _, mutant := range mutantsOf(library.Vocabulary, solver, rule.AppliesWhen, 0) {
			changed := *rule
			mutant.Place, changed.AppliesWhen = "rules."+rule.ID+".applies_when", mutant.rule
			out = append(out, riskMutant{mutant, &changed})
		}
	}
	for i := range rule.Levels {
		lead := 0
		if completed(rule, i) {
			lead = len([]rune(leadOf(rule.Metric.Source())))
		}
		for _, mutant := range mutantsOf(library.Vocabulary, solver, rule.Levels[i].Rule, lead) {
			changed := *rule
			changed.Levels = append([]rulepack.CompiledRiskLevel(nil), rule.Levels...)
			mutant.Place, changed.Levels[i].Rule = "rules."+rule.ID+"."+string(rule.Levels[i].Level), mutant.rule
			out = append(out, riskMutant{mutant, &changed})
		}
	}
	return append(out, metricMutants(library, solver, rule)...)
}

// completed reports whether a level is a comparison that the rule's metric stands before.
func completed(rule *rulepack.CompiledRiskRule, level int) bool {
	return rule.Metric != nil && rule.Levels[level].Rule.Source() != rule.Levels[level].Written
}

// leadOf is how a metric stands before a comparison.
func leadOf(metric string) string { return "(" + metric + ") " }

// metricMutants changes the metric of a rule in all of its levels at once, as it is written once.
func metricMutants(library *rulepack.Library, solver *solver, rule *rulepack.CompiledRiskRule) []riskMutant {
	if rule.Metric == nil {
		return nil
	}
	e := &editor{source: []rune(rule.Metric.Source())}
	e.number(rule.Metric.Tree(), true)
	var out []riskMutant
	for _, edit := range e.edits {
		source := edit.apply(e.source)
		changed := *rule
		changed.Levels = append([]rulepack.CompiledRiskLevel(nil), rule.Levels...)
		mutant := Mutant{Place: "rules." + rule.ID + ".metric", Kind: edit.kind, Was: edit.was, Now: edit.now, Source: source, Equivalent: true}
		for i := range changed.Levels {
			if !completed(rule, i) {
				continue
			}
			level, err := library.Vocabulary.CompileRule(leadOf(source) + rule.Levels[i].Written)
			if err != nil {
				mutant.Source = ""
				break
			}
			changed.Levels[i].Rule = level
			mutant.Equivalent = mutant.Equivalent && solver.equivalent(rule.Levels[i].Rule.Tree(), level.Tree())
		}
		if mutant.Source == "" {
			continue
		}
		if mutant.Equivalent {
			mutant.Proof = solver.ranges(rule.Metric.Tree())
		}
		out = append(out, riskMutant{mutant, &changed})
	}
	return out
}

func conditionsOf(rule *rulepack.CompiledRiskRule) []ruleexpr.Part {
	var parts []ruleexpr.Part
	if rule.AppliesWhen != nil {
		parts = append(parts, rule.AppliesWhen.Tree())
	}
	for i := range rule.Levels {
		parts = append(parts, rule.Levels[i].Rule.Tree())
	}
	return parts
}

// tellApart looks for facts at which two forms of a risk rule raise different levels.
func tellApart(a, b *rulepack.CompiledRiskRule, reference *ruleexpr.Facts, conditions []ruleexpr.Part) (facts []Setting, before, after funding.Level, found bool) {
	found = explore(conditions, reference, func(at *ruleexpr.Facts, settings func() []Setting) bool {
		if before, after = levelOf(a, at), levelOf(b, at); before != after {
			facts = settings()
			return true
		}
		return false
	})
	if !found {
		return nil, "", "", false
	}
	return facts, before, after, true
}

// levelOf returns the level that a rule raises on facts, an official grade left aside: the worst whose condition holds.
func levelOf(rule *rulepack.CompiledRiskRule, facts *ruleexpr.Facts) funding.Level {
	applies := ruleexpr.True
	if rule.AppliesWhen != nil {
		applies = rule.AppliesWhen.Holds(facts)
	}
	if applies == ruleexpr.False {
		return funding.LevelNotApplicable
	}
	level := funding.LevelGreen
	for i := len(rule.Levels) - 1; i >= 0; i-- {
		holds := rule.Levels[i].Rule.Holds(facts)
		if holds == ruleexpr.True {
			level = rule.Levels[i].Level
			break
		}
		if holds == ruleexpr.Undecided {
			level = funding.LevelUndecided
		}
	}
	if applies == ruleexpr.Undecided && level != funding.LevelGreen {
		return funding.LevelUndecided
	}
	return level
}
