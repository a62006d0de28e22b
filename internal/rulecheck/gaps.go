package rulecheck

import (
	"fmt"
	"math/big"

	"zutuan/internal/funding"
	"zutuan/internal/ruleexpr"
)

func ratOf(whole int) *big.Rat { return big.NewRat(int64(whole), 1) }

// edge is a value that a product's terms promise, as a condition on the offer that reaches it.
type edge struct {
	term string
	// condition holds where the offer is at the edge.
	condition string
	zh, en    string
}

// edges returns what the terms of a product promise: its shortest and longest tenor, its longest grace, its smallest size.
func (a *analysis) edges() []edge {
	t := &a.product.Terms
	var out []edge
	if t.TenorMaxQuarters > 0 {
		out = append(out,
			edge{"terms.tenor.min_quarters", fmt.Sprintf("offer.tenor_quarters == %[1]d and need.tenor_quarters == %[1]d", t.TenorMinQuarters),
				fmt.Sprintf("最短期限 %d 季", t.TenorMinQuarters), fmt.Sprintf("the shortest tenor of %d quarters", t.TenorMinQuarters)},
			edge{"terms.tenor.max_quarters", fmt.Sprintf("offer.tenor_quarters == %[1]d and need.tenor_quarters >= %[1]d", t.TenorMaxQuarters),
				fmt.Sprintf("最长期限 %d 季", t.TenorMaxQuarters), fmt.Sprintf("the longest tenor of %d quarters", t.TenorMaxQuarters)})
	}
	if t.GraceMaxQuarters > 0 {
		out = append(out, edge{"terms.grace.max_quarters", fmt.Sprintf("offer.grace_quarters == %d", t.GraceMaxQuarters),
			fmt.Sprintf("最长宽限期 %d 季", t.GraceMaxQuarters), fmt.Sprintf("the longest grace of %d quarters", t.GraceMaxQuarters)})
	}
	if t.SizeMin > 0 {
		out = append(out, edge{"terms.size.min", "offer.size == " + t.SizeMin.String(),
			"最小额度 " + t.SizeMin.String() + " 元", "the smallest size of " + t.SizeMin.String() + " yuan"})
	}
	return out
}

// gaps looks for terms that leave no room: a formula that never reaches the smallest value, a must that no offer of the
// product can pass, and a promised value that a must refuses whatever else is so.
func (a *analysis) gaps() {
	a.formulaGap("terms.size", a.product.Terms.SizeMax, "("+a.product.Size.Source()+") >= "+max(a.product.Terms.SizeMin, a.product.Terms.SizeStep).String())
	if a.product.Tenor != nil {
		a.formulaGap("terms.tenor", a.product.Terms.Tenor, fmt.Sprintf("(%s) >= %d", a.product.Tenor.Source(), a.product.Terms.TenorMinQuarters))
	}
	refused := map[int]bool{}
	for _, must := range a.musts() {
		if a.inTerms.impossible(wanted{a.tree(must), true}) {
			refused[must] = true
			finding := Finding{Kind: FindingGap, Proof: a.inTerms.ranges(a.tree(must)), Message: funding.Text{
				ZH: fmt.Sprintf("必须规则 %s（%s）与产品条款冲突：条款允许的报价都不会通过", a.product.Rules[must].ID, a.product.Rules[must].When.Source),
				EN: fmt.Sprintf("the must %s (%s) is at odds with the terms: no offer that they allow can pass it", a.product.Rules[must].ID, a.product.Rules[must].When.Source)}}
			finding.Witness, finding.Shows, _ = a.witnessInTerms(must)
			finding.at(wanted{a.tree(must), false})
			a.report(must, finding)
		}
	}
	for _, edge := range a.edges() {
		at, err := a.vocabulary().CompileRule(edge.condition)
		if err != nil {
			continue
		}
		for _, must := range a.musts() {
			if refused[must] || !shareFact(at, a.product.Rules[must].Rule) || !a.inTerms.impossible(wanted{at.Tree(), true}, wanted{a.tree(must), true}) {
				continue
			}
			finding := Finding{Kind: FindingGap, Other: edge.term, Proof: a.inTerms.ranges(at.Tree(), a.tree(must)), Message: funding.Text{
				ZH: fmt.Sprintf("条款写的%s总会被必须规则 %s（%s）拒绝：请使两者一致", edge.zh, a.product.Rules[must].ID, a.product.Rules[must].When.Source),
				EN: fmt.Sprintf("%s in the terms is always refused by the must %s (%s): make the two agree", edge.en, a.product.Rules[must].ID, a.product.Rules[must].When.Source)}}
			finding.Witness, finding.Shows, _ = witness(a.reference, wanted{at.Tree(), true}, wanted{a.tree(must), false})
			finding.at(wanted{at.Tree(), true}, wanted{a.tree(must), false})
			a.report(must, finding)
		}
	}
}

// witnessInTerms looks for a case within the terms in which a must fails.
func (a *analysis) witnessInTerms(must int) ([]Setting, string, bool) {
	for _, edge := range a.edges() {
		at, err := a.vocabulary().CompileRule(edge.condition)
		if err != nil || !shareFact(at, a.product.Rules[must].Rule) {
			continue
		}
		if settings, shows, found := witness(a.reference, wanted{at.Tree(), true}, wanted{a.tree(must), false}); found {
			return settings, shows, true
		}
	}
	return witness(a.reference, wanted{a.tree(must), false})
}

// formulaGap reports a formula that never reaches what the terms ask of it, by itself or where the musts have passed.
func (a *analysis) formulaGap(term string, formula funding.Formula, condition string) {
	enough, err := a.vocabulary().CompileRule(condition)
	if err != nil {
		return
	}
	conditions := []wanted{{enough.Tree(), true}}
	found, because := a.plain.impossible(conditions...), ""
	if !found {
		for _, must := range a.musts() {
			if !shareFact(enough, a.product.Rules[must].Rule) || a.plain.impossible(wanted{a.tree(must), true}) {
				continue
			}
			if a.plain.impossible(conditions[0], wanted{a.tree(must), true}) {
				found, because = true, a.product.Rules[must].ID
				conditions = append(conditions, wanted{a.tree(must), true})
				break
			}
		}
	}
	if !found {
		return
	}
	parts := []ruleexpr.Part{}
	for i := range conditions {
		parts = append(parts, conditions[i].part)
	}
	conditions[0].want = false
	finding := Finding{Kind: FindingGap, Pack: a.product.ID, Rule: term, Other: because, File: a.product.File, Path: formula.Path, Line: formula.Line, Proof: a.plain.ranges(parts...)}
	zh, en := "", ""
	if because != "" {
		zh, en = "在必须规则 "+because+" 通过时", " once the must "+because+" has passed"
	}
	finding.Message = funding.Text{ZH: fmt.Sprintf("%s永远达不到条款的最小值：%s 不可能成立", zh+termZH[term], condition), EN: fmt.Sprintf("%s never reaches the smallest value of the terms%s: %s cannot hold", term, en, condition)}
	finding.Witness, finding.Shows, _ = witness(a.reference, conditions...)
	finding.at(conditions...)
	a.findings = append(a.findings, finding)
}
