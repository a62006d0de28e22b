package match

import (
	"sync"

	"zutuan/internal/funding"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// Half of an answer is what a product and its rules say of themselves, the same in every match. This file writes an answer
// without making it first, with those parts written once for each catalogue.

// productText is what every answer says of a product.
type productText struct {
	head  string
	rules []ruleText
}

// ruleText is what every answer says of a rule: in the list of results, and in the report up to its result and from there to
// its explanation.
type ruleText struct{ result, report, reason string }

// written is what every answer says of the products of a catalogue.
type written struct {
	once  sync.Once
	texts []productText
}

// texts writes what stays the same, when first asked for: a search over many needs never asks.
func (c *Catalogue) texts() []productText {
	c.written.once.Do(func() {
		c.written.texts = make([]productText, len(c.products))
		for i, product := range c.products {
			c.written.texts[i] = textOf(product, c.prepared[product].bases)
		}
	})
	return c.written.texts
}

func textOf(product *rulepack.Product, bases []TermBasis) productText {
	written := func(write func(*writer)) string {
		var w writer
		write(&w)
		return string(w.out)
	}
	var answer ProductAnswer
	answer.describe(product, bases)
	text := productText{head: written(func(w *writer) { w.productHead(&answer) }), rules: make([]ruleText, len(product.Rules))}
	for k := range product.Rules {
		result, report := ruleAnswer(&product.Rules[k], 0), ruleReport(product, &product.Rules[k])
		text.rules[k] = ruleText{
			result: written(func(w *writer) { w.ruleHead(&result) }),
			report: written(func(w *writer) { w.ruleReportHead(&report) }),
			reason: written(func(w *writer) { w.ruleReason(&report) }),
		}
	}
	return text
}

// AppendAnswer appends what AppendJSON appends of Answer, in a fraction of the time.
func (m *Match) AppendAnswer(to []byte) []byte {
	out, w, texts := writer{to}, m.worker(), m.catalogue.texts()
	out.open("date")
	out.text(m.Need.Date.Format("2006-01-02"))
	out.key("products")
	out.raw("[")
	counts := map[funding.Verdict]int{}
	for place, i := range m.InOrder() {
		out.comma(place)
		w.appendAnswer(&out, &m.Outcomes[i], &texts[i])
		counts[m.Outcomes[i].Verdict]++
	}
	out.raw("]")
	out.counts(counts)
	out.raw("}")
	return out.out
}

func (w *worker) appendAnswer(out *writer, outcome *Outcome, text *productText) {
	answer := w.answerAlone(outcome)
	out.raw(text.head)
	out.verdict(&answer)
	out.key("rules")
	out.raw("[")
	for k, result := range outcome.Results {
		out.comma(k)
		out.raw(text.rules[k].result)
		out.quoted(result.String())
		out.raw("}")
	}
	out.raw("]")
	out.key("report")
	w.appendReport(out, outcome, text)
	out.productEnd(&answer)
}

// appendReport writes the rules that did not pass, which a report has in the order of the product, then the built-in must.
func (w *worker) appendReport(out *writer, outcome *Outcome, text *productText) {
	report, next := w.explain(outcome), 0
	out.open("rules")
	out.raw("[")
	for k, result := range outcome.Results {
		if result != ResultFailed && result != ResultUndecided {
			continue
		}
		out.comma(next)
		out.raw(text.rules[k].report)
		out.quoted(result.String())
		out.raw(text.rules[k].reason)
		w.appendExplanation(out, &outcome.Product.Rules[k], outcome.row+k, &report.Rules[next].Explanation)
		out.ruleReportEnd(&report.Rules[next])
		next++
	}
	if next < len(report.Rules) {
		out.comma(next)
		out.ruleReport(&report.Rules[next])
	}
	out.raw("]")
	out.reportEnd(&report)
}

// appendExplanation writes the explanation of a rule, by its place in the catalogue's row; one that many products share is
// written once.
func (w *worker) appendExplanation(out *writer, rule *rulepack.CompiledRule, row int, explanation *ruleexpr.Explanation) {
	if rule.OnOffer {
		out.explanation(explanation)
		return
	}
	known := &w.shared[w.catalogue.condition[row]].written
	if text := known.Load(); text != nil {
		out.raw(*text)
		return
	}
	from := len(out.out)
	out.explanation(explanation)
	text := string(out.out[from:])
	known.Store(&text)
}
