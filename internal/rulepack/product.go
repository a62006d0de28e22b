package rulepack

import (
	"strings"
	"time"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/ruleexpr"
)

// Product is one product version with its expressions compiled. It does not change after it was made.
type Product struct {
	funding.Product
	// File is the name of the file it was read from.
	File string
	// Digest is the sha256 of the file's bytes, in hex: what a match names to be replayed.
	Digest string
	// Rules shadows the rules of the file with their compiled form, in file order.
	Rules []CompiledRule
	// Size is the largest size in yuan, Rate the annual rate; Grace and Tenor are nil where the file has no formula.
	// Rate is nil for a grant or equity without one.
	Size  *ruleexpr.Number
	Rate  *ruleexpr.Number
	Grace *ruleexpr.Number
	Tenor *ruleexpr.Number
}

// CompiledRule is one rule of a product.
type CompiledRule struct {
	funding.ProductRule
	Rule *ruleexpr.Rule
	// OnOffer says that the rule looks at the sized and scheduled offer, so it is decided after sizing.
	OnOffer bool
}

// noOffer is why the terms of a product cannot look at the offer they make.
var noOffer = funding.Text{ZH: "额度、利率、期限和宽限期先于报价确定", EN: "size, rate, tenor and grace are fixed before there is an offer"}

// noPlan is why a product's rules cannot look at a plan.
var noPlan = funding.Text{ZH: "产品逐个匹配，方案事实只在风险规则包里有", EN: "products are matched one by one; facts of a plan exist in risk packs only"}

// compileProduct compiles a product against a vocabulary. The error is a document.Problems.
func compileProduct(file string, product *funding.Product, vocabulary *ruleexpr.Vocabulary) (*Product, error) {
	terms := &compiler{file: file, vocabulary: vocabulary, foreign: map[string]funding.Text{"offer": noOffer, "plan": noPlan}}
	out := &Product{Product: *product, File: file}
	t := product.Terms
	out.Size = terms.number(t.SizeMax, ruleexpr.UnitYuan)
	out.Rate = terms.number(t.Rate, ruleexpr.UnitRate)
	out.Grace = terms.number(t.Grace, ruleexpr.UnitQuarters)
	out.Tenor = terms.number(t.Tenor, ruleexpr.UnitQuarters)
	rules := &compiler{file: file, vocabulary: vocabulary, foreign: map[string]funding.Text{"plan": noPlan}}
	for _, rule := range product.Rules {
		compiled := CompiledRule{ProductRule: rule, Rule: rules.condition(rule.When)}
		if compiled.Rule != nil {
			compiled.OnOffer = compiled.Rule.Uses("offer")
		}
		out.Rules = append(out.Rules, compiled)
	}
	if err := append(terms.problems, rules.problems...).Err(); err != nil {
		return nil, err
	}
	return out, nil
}

// suggest returns the ends of two sentences that name what a mistyped word may have meant, empty where nothing is near.
func suggest(word string, known []string) (zh, en string) { return hint(document.Nearest(word, known)) }

// hint returns the same for candidates that have been found already.
func hint(near []string) (zh, en string) {
	if len(near) == 0 {
		return "", ""
	}
	return "，是否想写 " + strings.Join(near, "、") + "？", "; did you mean " + strings.Join(near, ", ") + "?"
}

// EffectiveOn reports whether the version can be offered on a day.
func (p *Product) EffectiveOn(date time.Time) bool { return funding.InForce(p.From, p.To, date) }
