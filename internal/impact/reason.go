package impact

import (
	"fmt"
	"slices"
	"strings"

	"zutuan/internal/funding"
	"zutuan/internal/match"
	"zutuan/internal/money"
	"zutuan/internal/rulecheck"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// Cause says why a rule or a term speaks otherwise than before.
type Cause string

// The causes.
const (
	CauseRuleAdded   Cause = "rule_added"
	CauseRuleRemoved Cause = "rule_removed"
	CauseRuleChanged Cause = "rule_changed"
	// CauseTerms: the product's terms were changed. CauseProduct: the product comes, goes, or counts as something else.
	CauseTerms   Cause = "terms_changed"
	CauseProduct Cause = "product"
	// CauseMarket, CauseParameter and CauseFact: the text is the same, a value that it looks at is not. CauseFact is a fact of
	// the case that follows from one of the others.
	CauseMarket    Cause = "market"
	CauseParameter Cause = "parameter"
	CauseFact      Cause = "fact"
	// CauseRemedy: the same musts fail as before; what differs is whether a small change mends them.
	CauseRemedy Cause = "remedy"
	// CauseOther: only the offers of other products moved.
	CauseOther Cause = "other_offer"
)

// Reason is one rule or term that made a difference, and why.
type Reason struct {
	Cause Cause `json:"cause"`
	// Place is rules.<id>, terms.<path>, score.<piece>, market.<id> or product; of CauseOther the id of the other product.
	Place string `json:"place"`
	// Was and Is are the results of a rule on both sides; empty where it does not exist or the place is no rule.
	Was string `json:"was,omitempty"`
	Is  string `json:"is,omitempty"`
	// Facts are the values that moved.
	Facts []FactChange `json:"facts,omitempty"`
	Text  funding.Text `json:"text"`
}

// FactChange is one value on both sides; empty: unknown.
type FactChange struct {
	Fact string `json:"fact"`
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// maxReasons bounds what is said of one pair: the first ones decide.
const maxReasons = 6

// change is one product on both sides; either may be nil. Its differences in words are worked out once.
type change struct {
	id            string
	before, after *rulepack.Product
	differences   []rulecheck.Change
	// rules holds the difference of each rule by its id, words of what only one side has included.
	rules map[string]funding.Text
}

func newChange(id string, before, after *rulepack.Product) *change {
	c := &change{id: id, before: before, after: after, rules: map[string]funding.Text{}}
	if before == nil || after == nil || before == after {
		return c
	}
	c.differences = rulecheck.Diff(before, after)
	for _, difference := range c.differences {
		if id, isRule := strings.CutPrefix(difference.Place, "rules."); isRule {
			c.rules[id] = difference.Text
		}
	}
	return c
}

// reasonKey tells apart the reasons of one worker that read the same.
type reasonKey struct {
	change *change
	text   string
}

// explainer finds the reasons of one requirement's differences.
type explainer struct {
	worker  *worker
	subject *Subject
	// moved are the products whose offers compete otherwise than before.
	moved []string
}

// reasons says why a pair differs. Rules whose result differs come first, then terms, then what follows from others.
func (e *explainer) reasons(p *pair, kinds []Kind) []Reason {
	own := kinds[0] != KindRank && kinds[0] != KindDominance
	if !own {
		return e.others(p)
	}
	var out []Reason
	switch {
	case p.change.before == nil || p.change.after == nil:
		return []Reason{comesOrGoes(p.change)}
	case kinds[0] == KindGained || kinds[0] == KindLost || kinds[0] == KindVerdict:
		out = e.rules(p)
		if needsTerms(p) || len(out) == 0 {
			out = append(out, e.terms(p, "terms.")...)
		}
		if len(out) == 0 {
			out = e.remedy(p)
		}
	default:
		out = e.terms(p, placesOf(kinds)...)
		if slices.Contains(kinds, KindScore) {
			out = append(out, e.rules(p)...)
			if len(out) == 0 {
				out = e.reference(p)
			}
		}
	}
	if len(out) == 0 {
		out = e.anything(p)
	}
	return out[:min(len(out), maxReasons)]
}

// placesOf are the places whose changes can move the figures that differ.
func placesOf(kinds []Kind) []string {
	if slices.Contains(kinds, KindCost) || slices.Contains(kinds, KindScore) {
		return []string{"terms.", "score.", "product."}
	}
	return []string{"terms.size", "terms.tenor", "terms.grace", "terms.availability", "terms.repayment"}
}

func comesOrGoes(c *change) Reason {
	reason := Reason{Cause: CauseProduct, Place: "product", Text: funding.Text{ZH: "产品 " + c.id + " 开始提供", EN: "the product " + c.id + " is now offered"}}
	if c.after == nil {
		reason.Text = funding.Text{ZH: "产品 " + c.id + " 不再提供", EN: "the product " + c.id + " is no longer offered"}
	}
	return reason
}

// others names the products whose offers moved past this one.
func (e *explainer) others(p *pair) []Reason {
	var out []Reason
	for _, id := range e.moved {
		if id != p.change.id && len(out) < maxReasons {
			out = append(out, Reason{Cause: CauseOther, Place: id, Text: funding.Text{ZH: "产品 " + id + " 的报价变了，名次随之变动", EN: "the offer of " + id + " changed, and ranks with it"}})
		}
	}
	return out
}

// sight is one rule's result on one side.
type sight struct {
	rule   *rulepack.CompiledRule
	result match.Result
}

func sights(outcome *match.Outcome) map[string]sight {
	out := map[string]sight{}
	for k, result := range outcome.Results {
		rule := &outcome.Product.Rules[k]
		out[rule.ID] = sight{rule, result}
	}
	return out
}

// speaks reports whether a result says something against an offer.
func speaks(result match.Result) bool {
	return result == match.ResultFailed || result == match.ResultUndecided
}

// rules returns the rules whose result or level differs, in the order of the new version, dropped ones last. A rule that was
// reached on one side alone follows from another difference and is left out.
func (e *explainer) rules(p *pair) []Reason {
	var out []Reason
	was, is := sights(p.beforeOutcome), sights(p.afterOutcome)
	for k := range p.afterOutcome.Results {
		id := p.afterOutcome.Product.Rules[k].ID
		now := is[id]
		old, existed := was[id]
		switch {
		case !existed && speaks(now.result):
			words := rulecheck.Aloud(now.rule.Rule.Tree())
			out = append(out, Reason{Cause: CauseRuleAdded, Place: "rules." + id, Is: now.result.String(), Text: funding.Text{
				ZH: "新增规则 " + id + "（" + words.ZH + "）：" + resultText(now.result).ZH, EN: "rule " + id + " was added (" + words.EN + "): " + resultText(now.result).EN}})
		case existed && (old.result != now.result || old.rule.Level != now.rule.Level && speaks(now.result)) && old.result != match.ResultNotReached && now.result != match.ResultNotReached:
			out = append(out, e.turned(p, id, old, now)...)
		}
	}
	for k := range p.beforeOutcome.Results {
		id := p.beforeOutcome.Product.Rules[k].ID
		if old := was[id]; speaks(old.result) {
			if _, stays := is[id]; !stays {
				words := rulecheck.Aloud(old.rule.Rule.Tree())
				out = append(out, Reason{Cause: CauseRuleRemoved, Place: "rules." + id, Was: old.result.String(), Text: funding.Text{
					ZH: "取消规则 " + id + "（" + words.ZH + "），原来" + resultText(old.result).ZH, EN: "rule " + id + " was removed (" + words.EN + "), it was " + resultText(old.result).EN}})
			}
		}
	}
	return append(out, builtIn(p)...)
}

func resultText(result match.Result) funding.Text {
	return map[match.Result]funding.Text{match.ResultPassed: {ZH: "通过", EN: "passed"}, match.ResultFailed: {ZH: "不通过", EN: "failed"},
		match.ResultUndecided: {ZH: "无法判断", EN: "undecided"}, match.ResultNotReached: {ZH: "未到此步", EN: "not reached"}}[result]
}

// turned says why one rule came out otherwise: its text, or a value that it looks at.
func (e *explainer) turned(p *pair, id string, old, now sight) []Reason {
	place, was, is := "rules."+id, resultText(old.result), resultText(now.result)
	verb := funding.Text{ZH: "由" + was.ZH + "变为" + is.ZH, EN: was.EN + " → " + is.EN}
	words, rewritten := p.change.rules[id]
	moved := e.movedFacts(now.rule.Rule.Facts())
	if rewritten && len(moved) > 0 && !now.rule.OnOffer && old.rule.Rule.Holds(e.after().Facts) == ruleexpr.Truth(now.result) {
		// The old text would have turned too, so it is the value that made the difference.
		rewritten = false
	}
	if rewritten || old.rule.Level != now.rule.Level {
		if words.ZH == "" {
			words = funding.Text{ZH: old.rule.Level + " → " + now.rule.Level, EN: old.rule.Level + " → " + now.rule.Level}
		}
		return []Reason{{Cause: CauseRuleChanged, Place: place, Was: old.result.String(), Is: now.result.String(), Facts: moved,
			Text: funding.Text{ZH: "规则 " + id + " 改写（" + words.ZH + "），" + verb.ZH, EN: "rule " + id + " was rewritten (" + words.EN + "): " + verb.EN}}}
	}
	if len(moved) == 0 {
		// Nothing but the offer that it looks at: the terms say why.
		return nil
	}
	values := e.factsText(moved)
	return []Reason{{Cause: causeOf(moved), Place: place, Was: old.result.String(), Is: now.result.String(), Facts: moved,
		Text: funding.Text{ZH: values.ZH + "，规则 " + id + " " + verb.ZH, EN: values.EN + ": rule " + id + " " + verb.EN}}}
}

// builtIn reports a must that every product has without writing it, where only one side fails it.
func builtIn(p *pair) []Reason {
	was, is := p.beforeOutcome.BuiltIn, p.afterOutcome.BuiltIn
	switch {
	case was != nil && (is == nil || is.ID != was.ID) && p.afterOutcome.Offer != nil:
		return []Reason{{Cause: CauseTerms, Place: "terms." + was.ID, Was: match.ResultFailed.String(), Is: match.ResultPassed.String(),
			Text: funding.Text{ZH: "原来：" + was.Message.ZH, EN: "before: " + was.Message.EN}}}
	case is != nil && (was == nil || was.ID != is.ID) && p.beforeOutcome.Offer != nil:
		return []Reason{{Cause: CauseTerms, Place: "terms." + is.ID, Was: match.ResultPassed.String(), Is: match.ResultFailed.String(), Text: is.Message}}
	}
	return nil
}

// needsTerms reports whether a rule on the offer, or a must built in, or a term, came out otherwise, so that terms and the
// values that they look at are part of the reason.
func needsTerms(p *pair) bool {
	if (p.beforeOutcome.BuiltIn == nil) != (p.afterOutcome.BuiltIn == nil) || len(p.beforeOutcome.Doubts) != len(p.afterOutcome.Doubts) {
		return true
	}
	was := sights(p.beforeOutcome)
	for k, result := range p.afterOutcome.Results {
		rule := &p.afterOutcome.Product.Rules[k]
		if old, existed := was[rule.ID]; existed && rule.OnOffer && old.result != result && old.result != match.ResultNotReached && result != match.ResultNotReached {
			return true
		}
	}
	return false
}

func (e *explainer) after() *match.Need {
	if e.subject.After != nil {
		return e.subject.After
	}
	return e.subject.Before
}

// movedFacts returns the facts of a list whose values differ between both sides.
func (e *explainer) movedFacts(names []string) []FactChange {
	if e.subject.After == nil {
		return nil
	}
	before, after := e.subject.Before.Facts, e.subject.After.Facts
	var moved []FactChange
	for _, name := range names {
		slot := before.Vocabulary().Slot(name)
		from, _ := before.ValueText(slot)
		to, _ := after.ValueText(slot)
		if from != to {
			moved = append(moved, FactChange{name, from, to})
		}
	}
	return moved
}

func causeOf(moved []FactChange) Cause {
	cause := CauseFact
	for _, fact := range moved {
		switch {
		case strings.HasPrefix(fact.Fact, rulepack.MarketPrefix):
			return CauseMarket
		case strings.HasPrefix(fact.Fact, rulepack.ParameterPrefix):
			cause = CauseParameter
		}
	}
	return cause
}

// factsText says in words which values moved: the name of each fact and its value on both sides.
func (e *explainer) factsText(moved []FactChange) funding.Text {
	vocabulary := e.subject.Before.Facts.Vocabulary()
	var zh, en []string
	for _, change := range moved {
		fact := vocabulary.Fact(vocabulary.Slot(change.Fact))
		name := funding.Text{ZH: change.Fact, EN: change.Fact}
		if fact.ZH != "" && fact.EN != "" {
			name = funding.Text{ZH: fact.ZH, EN: fact.EN}
		}
		from, to := valueText(change.From, fact.Unit), valueText(change.To, fact.Unit)
		zh, en = append(zh, fmt.Sprintf("%s %s → %s", name.ZH, from.ZH, to.ZH)), append(en, fmt.Sprintf("%s %s → %s", name.EN, from.EN, to.EN))
	}
	return funding.Text{ZH: strings.Join(zh, "、"), EN: strings.Join(en, ", ")}
}

// valueText is a value of a fact as people read it: a rate in per cent, an amount in 万元, everything else as it is.
func valueText(text string, unit ruleexpr.Unit) funding.Text {
	switch unit {
	case ruleexpr.UnitRate:
		if rate, err := money.ParseRate(text); err == nil {
			percent := rate.Shift(2).String() + "%"
			return funding.Text{ZH: percent, EN: percent}
		}
	case ruleexpr.UnitYuan:
		if amount, err := money.ParseAmount(text); err == nil {
			return funding.Text{ZH: amount.Show(money.Chinese), EN: amount.Show(money.English)}
		}
	}
	return funding.Text{ZH: or(text), EN: or(text)}
}

func or(text string) string {
	if text == "" {
		return "—"
	}
	return text
}

// terms returns the changes of the product's terms under some places, and the values that its formulas look at where those
// moved.
func (e *explainer) terms(p *pair, places ...string) []Reason {
	key := reasonKey{p.change, strings.Join(places, " ")}
	if known, ok := e.worker.reasons[key]; ok && e.subject.After == nil {
		return known
	}
	var out []Reason
	for _, difference := range p.change.differences {
		if slices.ContainsFunc(places, func(place string) bool { return strings.HasPrefix(difference.Place, place) }) && !formalFields[difference.Place] {
			out = append(out, Reason{Cause: CauseTerms, Place: difference.Place, Text: difference.Text})
		}
	}
	for _, formula := range formulasOf(p.change.after) {
		if moved := e.movedFacts(formula.facts); len(moved) > 0 {
			values := e.factsText(moved)
			out = append(out, Reason{Cause: causeOf(moved), Place: formula.place, Facts: moved,
				Text: funding.Text{ZH: values.ZH + "，" + formula.zh + "随之变动", EN: values.EN + ": the " + formula.en + " follows"}})
		}
	}
	if e.subject.After == nil {
		e.worker.reasons[key] = out
	}
	return out
}

// formalFields are differences of a product that no offer goes by.
var formalFields = map[string]bool{"product.name": true, "product.from": true, "product.to": true, "product.institution": true, "product.id": true}

type formula struct {
	place, zh, en string
	facts         []string
}

func formulasOf(p *rulepack.Product) []formula {
	var out []formula
	for _, term := range []struct {
		place, zh, en string
		number        *ruleexpr.Number
	}{{"terms.rate", "利率", "rate", p.Rate}, {"terms.size", "额度", "size", p.Size}, {"terms.tenor", "期限", "tenor", p.Tenor}, {"terms.grace", "宽限期", "grace", p.Grace}} {
		if term.number != nil {
			out = append(out, formula{term.place, term.zh, term.en, term.number.Facts()})
		}
	}
	return out
}

// remedy is the reason of a near miss that becomes one, or no longer is, although the same musts fail.
func (e *explainer) remedy(p *pair) []Reason {
	var failed []string
	for k, result := range p.afterOutcome.Results {
		if rule := &p.afterOutcome.Product.Rules[k]; result == match.ResultFailed && rule.Level == "must" {
			failed = append(failed, rule.ID)
		}
	}
	text := funding.Text{ZH: "未通过的规则不变（" + strings.Join(failed, "、") + "），但现在有办法同时补齐", EN: "the same rules fail (" + strings.Join(failed, ", ") + "), but now a small change mends them"}
	if p.before.verdict == funding.VerdictNearMiss {
		text = funding.Text{ZH: "未通过的规则不变（" + strings.Join(failed, "、") + "），但不再有办法同时补齐", EN: "the same rules fail (" + strings.Join(failed, ", ") + "), but no small change mends them any more"}
	}
	place := "product"
	if len(failed) > 0 {
		place = "rules." + failed[0]
	}
	return []Reason{{Cause: CauseRemedy, Place: place, Text: text}}
}

// scaleFacts are what the cost of an offer is measured against.
var scaleFacts = []string{"market.lpr_5y", "market.sofr", "market.euribor_6m", "need.max_cost", "p.high_cost_spread"}

// reference is the reason of a score that moved although the offer did not: what its cost is measured against.
func (e *explainer) reference(_ *pair) []Reason {
	var known []string
	for _, name := range scaleFacts {
		if _, ok := e.subject.Before.Facts.Vocabulary().Lookup(name); ok {
			known = append(known, name)
		}
	}
	moved := e.movedFacts(known)
	if len(moved) == 0 {
		return nil
	}
	values := e.factsText(moved)
	return []Reason{{Cause: causeOf(moved), Place: "score.cost", Facts: moved, Text: funding.Text{
		ZH: values.ZH + "，成本得分的参照随之变动", EN: values.EN + ": what the cost is measured against follows"}}}
}

// anything is the last resort: whatever differs between the two versions, or the values that moved.
func (e *explainer) anything(p *pair) []Reason {
	var out []Reason
	for _, difference := range p.change.differences {
		if !formalFields[difference.Place] {
			out = append(out, Reason{Cause: CauseTerms, Place: difference.Place, Text: difference.Text})
		}
	}
	if len(out) > 0 {
		return out
	}
	var names []string
	for _, rule := range p.change.after.Rules {
		names = append(names, rule.Rule.Facts()...)
	}
	slices.Sort(names)
	if moved := e.movedFacts(slices.Compact(names)); len(moved) > 0 {
		values := e.factsText(moved)
		return []Reason{{Cause: causeOf(moved), Place: "product", Facts: moved, Text: funding.Text{ZH: values.ZH + "，评估结果随之变动", EN: values.EN + ": the answer follows"}}}
	}
	return []Reason{{Cause: CauseFact, Place: "product", Text: funding.Text{ZH: "项目事实变动", EN: "facts of the case changed"}}}
}
