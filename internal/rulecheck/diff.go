package rulecheck

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// ChangeKind says what happened to a part of a product between two versions.
type ChangeKind string

// The kinds of changes.
const (
	ChangeAdded   ChangeKind = "added"
	ChangeRemoved ChangeKind = "removed"
	ChangeChanged ChangeKind = "changed"
)

// Change is one difference between two versions of a product, in words.
type Change struct {
	Kind ChangeKind `json:"kind"`
	// Place is product.<field>, terms.<path>, rules.<id>, rules.<id>.<field>, or parameters.<id>.
	Place string       `json:"place"`
	Text  funding.Text `json:"text"`
	// From and To are the value before and after, read aloud where it is an expression; empty where there is none.
	From funding.Text `json:"from,omitzero"`
	To   funding.Text `json:"to,omitzero"`
}

// differ collects changes.
type differ struct{ changes []Change }

// Diff says what differs between two versions of a product: the product itself, its terms, its rules in the words of the
// dictionary, and the parameters that it goes by. Tests and the order of rules are not compared.
func Diff(before, after *rulepack.Product) []Change {
	d := &differ{}
	d.fields(before, after)
	d.terms(before, after)
	d.rules(before, after)
	d.parameters(before, after)
	return d.changes
}

func plain(text string) funding.Text { return funding.Text{ZH: text, EN: text} }

// value reports a named value that changed; an empty text is one that is not given.
func (d *differ) value(place string, name, from, to funding.Text) {
	if from == to {
		return
	}
	change := Change{Kind: ChangeChanged, Place: place, From: from, To: to,
		Text: funding.Text{ZH: name.ZH + "：" + from.ZH + " → " + to.ZH, EN: name.EN + ": " + from.EN + " → " + to.EN}}
	switch {
	case from == (funding.Text{}):
		change.Kind = ChangeAdded
		change.Text = funding.Text{ZH: "增加" + name.ZH + "：" + to.ZH, EN: name.EN + " added: " + to.EN}
	case to == (funding.Text{}):
		change.Kind = ChangeRemoved
		change.Text = funding.Text{ZH: "取消" + name.ZH + "（原为 " + from.ZH + "）", EN: name.EN + " removed (was " + from.EN + ")"}
	}
	d.changes = append(d.changes, change)
}

func (d *differ) fields(a, b *rulepack.Product) {
	for _, field := range []struct {
		place, zh, en string
		from, to      funding.Text
	}{
		{"product.id", "标识", "id", plain(a.ID), plain(b.ID)},
		{"product.institution", "机构", "institution", plain(a.Institution), plain(b.Institution)},
		{"product.name", "名称", "name", a.Name, b.Name},
		{"product.kind", "类别", "kind", plain(a.Kind), plain(b.Kind)},
		{"product.from", "生效日", "effective from", plain(dateText(a.From)), plain(dateText(b.From))},
		{"product.to", "失效日", "effective to", plain(dateText(a.To)), plain(dateText(b.To))},
		{"product.currency", "币种", "currency", plain(a.Currency), plain(b.Currency)},
		{"product.counts_as", "计入", "counts as", plain(a.CountsAs), plain(b.CountsAs)},
		{"product.government_debt", "占用政府债务限额", "statutory limit taken from", plain(a.GovernmentDebt), plain(b.GovernmentDebt)},
		{"score.cost", "得分权重（成本）", "weight of cost", rateText(a.Score.Cost), rateText(b.Score.Cost)},
		{"score.tenor", "得分权重（期限）", "weight of tenor", rateText(a.Score.Tenor), rateText(b.Score.Tenor)},
		{"score.structure", "得分权重（结构）", "weight of structure", rateText(a.Score.Structure), rateText(b.Score.Structure)},
	} {
		d.value(field.place, funding.Text{ZH: field.zh, EN: field.en}, field.from, field.to)
	}
}

func rateText(value money.Decimal) funding.Text { return plain(value.String()) }

func quarters(count int) funding.Text {
	if count == 0 {
		return funding.Text{}
	}
	return funding.Text{ZH: fmt.Sprintf("%d 季", count), EN: fmt.Sprintf("%d quarters", count)}
}

func amountText(amount money.Amount) funding.Text {
	return funding.Text{ZH: amount.String() + " 元", EN: "CNY " + amount.String()}
}

func numberAloud(formula *ruleexpr.Number) funding.Text {
	if formula == nil {
		return funding.Text{}
	}
	return Aloud(formula.Tree())
}

func yesNo(value bool) funding.Text {
	if value {
		return funding.Text{ZH: "是", EN: "yes"}
	}
	return funding.Text{ZH: "否", EN: "no"}
}

func sharesText(shares []money.Decimal) funding.Text {
	var words []string
	for _, share := range shares {
		words = append(words, share.String())
	}
	return plain(strings.Join(words, ", "))
}

func (d *differ) terms(before, after *rulepack.Product) {
	a, b := &before.Terms, &after.Terms
	for _, term := range []struct {
		place, zh, en string
		from, to      funding.Text
	}{
		{"terms.tenor.min_quarters", "最短期限", "shortest tenor", quarters(a.TenorMinQuarters), quarters(b.TenorMinQuarters)},
		{"terms.tenor.max_quarters", "最长期限", "longest tenor", quarters(a.TenorMaxQuarters), quarters(b.TenorMaxQuarters)},
		{"terms.tenor.rule", "期限公式", "tenor formula", numberAloud(before.Tenor), numberAloud(after.Tenor)},
		{"terms.grace.max_quarters", "最长宽限期", "longest grace", quarters(a.GraceMaxQuarters), quarters(b.GraceMaxQuarters)},
		{"terms.grace.rule", "宽限期公式", "grace formula", numberAloud(before.Grace), numberAloud(after.Grace)},
		{"terms.availability_quarters", "提款期", "availability", quarters(a.AvailabilityQuarters), quarters(b.AvailabilityQuarters)},
		{"terms.repayment.profile", "还款方式", "repayment profile", plain(a.Profile), plain(b.Profile)},
		{"terms.repayment.interval", "还款间隔", "repayment interval", quarters(a.Interval), quarters(b.Interval)},
		{"terms.repayment.shares", "各期还本占比", "shares of the instalments", sharesText(a.Custom), sharesText(b.Custom)},
		{"terms.size.min", "最小额度", "smallest size", amountText(a.SizeMin), amountText(b.SizeMin)},
		{"terms.size.max", "最大额度", "largest size", numberAloud(before.Size), numberAloud(after.Size)},
		{"terms.size.step", "额度步长", "step of the size", amountText(a.SizeStep), amountText(b.SizeStep)},
		{"terms.rate", "利率", "rate", numberAloud(before.Rate), numberAloud(after.Rate)},
		{"terms.floating.reference", "浮动基准", "floating reference", plain(a.FloatingReference), plain(b.FloatingReference)},
		{"terms.floating.spread_fixed", "加点固定", "fixed spread", yesNo(a.FloatingSpreadFixed), yesNo(b.FloatingSpreadFixed)},
		{"terms.floating.reset_quarters", "重定价周期", "reset period", quarters(a.FloatingResetQuarters), quarters(b.FloatingResetQuarters)},
		{"terms.fees.upfront", "前端费", "upfront fee", rateText(a.Fees.Upfront), rateText(b.Fees.Upfront)},
		{"terms.fees.commitment", "承诺费", "commitment fee", rateText(a.Fees.Commitment), rateText(b.Fees.Commitment)},
		{"terms.fees.agency", "代理费（年）", "agency fee a year", amountText(a.Fees.Agency), amountText(b.Fees.Agency)},
		{"terms.fees.guarantee", "担保费", "guarantee fee", rateText(a.Fees.Guarantee), rateText(b.Fees.Guarantee)},
		{"terms.capitalize_during_grace", "宽限期利息资本化", "interest capitalised during grace", yesNo(a.CapitalizeDuringGrace), yesNo(b.CapitalizeDuringGrace)},
		{"terms.draw_timing", "提款时点", "timing of draws", plain(a.DrawTiming), plain(b.DrawTiming)},
	} {
		d.value(term.place, funding.Text{ZH: term.zh, EN: term.en}, term.from, term.to)
	}
}

func ruleByID(p *rulepack.Product, id string) *rulepack.CompiledRule {
	at := slices.IndexFunc(p.Rules, func(rule rulepack.CompiledRule) bool { return rule.ID == id })
	if at < 0 {
		return nil
	}
	return &p.Rules[at]
}

func (d *differ) rules(before, after *rulepack.Product) {
	for i := range before.Rules {
		rule := &before.Rules[i]
		if now := ruleByID(after, rule.ID); now != nil {
			d.rule(rule, now)
			continue
		}
		words := Aloud(rule.Rule.Tree())
		d.changes = append(d.changes, Change{Kind: ChangeRemoved, Place: "rules." + rule.ID, From: words,
			Text: funding.Text{ZH: "取消" + levelText(rule.Level).ZH + "：" + words.ZH, EN: levelText(rule.Level).EN + " removed: " + words.EN}})
	}
	for i := range after.Rules {
		rule := &after.Rules[i]
		if ruleByID(before, rule.ID) != nil {
			continue
		}
		words := Aloud(rule.Rule.Tree())
		d.changes = append(d.changes, Change{Kind: ChangeAdded, Place: "rules." + rule.ID, To: words,
			Text: funding.Text{ZH: "增加" + levelText(rule.Level).ZH + "：" + words.ZH, EN: levelText(rule.Level).EN + " added: " + words.EN}})
	}
}

func levelText(level string) funding.Text {
	if level == "must" {
		return funding.Text{ZH: "必须规则", EN: "must"}
	}
	return funding.Text{ZH: "建议规则", EN: "should"}
}

func (d *differ) rule(a, b *rulepack.CompiledRule) {
	place := "rules." + a.ID
	if canonical(a.Rule.Tree()) != canonical(b.Rule.Tree()) {
		from, to := Aloud(a.Rule.Tree()), Aloud(b.Rule.Tree())
		change := Change{Kind: ChangeChanged, Place: place, From: from, To: to}
		if zh, ok := leafChanges(a.Rule.Tree(), b.Rule.Tree(), money.Chinese); ok {
			en, _ := leafChanges(a.Rule.Tree(), b.Rule.Tree(), money.English)
			change.Text = funding.Text{ZH: strings.Join(zh, "；"), EN: strings.Join(en, "; ")}
		} else {
			change.Text = funding.Text{ZH: "原：" + from.ZH + "；现：" + to.ZH, EN: "was: " + from.EN + "; now: " + to.EN}
		}
		d.changes = append(d.changes, change)
	}
	d.value(place+".level", funding.Text{ZH: "级别", EN: "level"}, levelText(a.Level), levelText(b.Level))
	d.value(place+".group", funding.Text{ZH: "分组", EN: "group"}, plain(a.Group), plain(b.Group))
	d.value(place+".message", funding.Text{ZH: "说明", EN: "message"}, a.Message, b.Message)
	d.value(place+".basis", funding.Text{ZH: "依据", EN: "basis"}, plain(a.Basis), plain(b.Basis))
}

// leafChanges describes two conditions of the same shape by the comparisons and lists in which they differ; false where the
// shapes differ, and then only the whole conditions say it.
func leafChanges(a, b ruleexpr.Part, language money.Language) ([]string, bool) {
	if canonical(a) == canonical(b) {
		return nil, true
	}
	if a.Kind() != b.Kind() {
		return nil, false
	}
	left, right := a.Parts(), b.Parts()
	switch a.Kind() {
	case ruleexpr.PartCompare:
		if canonical(left[0]) == canonical(right[0]) {
			return []string{aloud(left[0], language) + " " + signs[a.Operator()] + " " + aloud(left[1], language) + " → " + signs[b.Operator()] + " " + aloud(right[1], language)}, true
		}
		return nil, false
	case ruleexpr.PartIn:
		if canonical(left[0]) == canonical(right[0]) && left[1].Kind() == ruleexpr.PartList && right[1].Kind() == ruleexpr.PartList {
			return []string{listChange(left[0], left[1], right[1], language)}, true
		}
		return nil, false
	case ruleexpr.PartAnd, ruleexpr.PartOr, ruleexpr.PartNot, ruleexpr.PartAny, ruleexpr.PartAll, ruleexpr.PartNone:
		var lines []string
		for i := range left {
			more, ok := leafChanges(left[i], right[i], language)
			if !ok {
				return nil, false
			}
			lines = append(lines, more...)
		}
		return lines, true
	}
	return nil, false
}

func listChange(subject, before, after ruleexpr.Part, language money.Language) string {
	missing := func(from, in ruleexpr.Part) []ruleexpr.Part {
		var out []ruleexpr.Part
		for _, item := range from.Parts() {
			if !slices.ContainsFunc(in.Parts(), func(other ruleexpr.Part) bool { return canonical(other) == canonical(item) }) {
				out = append(out, item)
			}
		}
		return out
	}
	var parts []string
	if added := missing(after, before); len(added) > 0 {
		parts = append(parts, pick(language, "增加 ", "adds ")+listAloud(added, language))
	}
	if removed := missing(before, after); len(removed) > 0 {
		parts = append(parts, pick(language, "去掉 ", "drops ")+listAloud(removed, language))
	}
	if len(parts) == 0 {
		parts = []string{pick(language, "次序改变", "changes its order")}
	}
	return aloud(subject, language) + pick(language, "的范围", ": the list ") + strings.Join(parts, pick(language, "，", ", "))
}

// parameters reports the parameters that only one of the versions goes by.
func (d *differ) parameters(before, after *rulepack.Product) {
	d.names(parametersOf(before), parametersOf(after))
}

// names reports the parameters that only one of two lists has.
func (d *differ) names(was, now []string) {
	for _, name := range was {
		if !slices.Contains(now, name) {
			d.changes = append(d.changes, Change{Kind: ChangeRemoved, Place: "parameters." + name, Text: funding.Text{ZH: "不再使用参数 " + name, EN: "no longer goes by the parameter " + name}})
		}
	}
	for _, name := range now {
		if !slices.Contains(was, name) {
			d.changes = append(d.changes, Change{Kind: ChangeAdded, Place: "parameters." + name, Text: funding.Text{ZH: "开始使用参数 " + name, EN: "goes by the parameter " + name}})
		}
	}
}

// parametersOf returns the ids of the parameters in a product's rules and formulas, sorted.
func parametersOf(p *rulepack.Product) []string {
	var out []string
	add := func(names []string) {
		for _, name := range names {
			if id, is := strings.CutPrefix(name, rulepack.ParameterPrefix); is && !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	for i := range p.Rules {
		add(p.Rules[i].Rule.Facts())
	}
	for _, term := range termsOf(p) {
		if term.formula != nil {
			add(term.formula.Facts())
		}
	}
	slices.Sort(out)
	return out
}

func dateText(date time.Time) string {
	if date.IsZero() {
		return ""
	}
	return date.Format(time.DateOnly)
}
