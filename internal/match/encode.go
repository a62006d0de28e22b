package match

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
)

// The answer of some hundred products is more than a megabyte, and writing it by reflection takes as long as matching. This
// file writes the same bytes field by field; a test compares every byte with what encoding/json writes of the same types.

// AppendJSON appends the answer as JSON: what an encoding/json encoder that does not escape HTML writes, without the
// newline.
func (a *Answer) AppendJSON(to []byte) []byte {
	w := writer{to}
	w.open("date")
	w.text(a.Date)
	w.key("products")
	list(&w, a.Products, w.product)
	w.counts(a.Counts)
	w.raw("}")
	return w.out
}

// writer appends JSON.
type writer struct{ out []byte }

func (w *writer) raw(text string) { w.out = append(w.out, text...) }

func (w *writer) comma(place int) {
	if place > 0 {
		w.raw(",")
	}
}

// open begins an object with its first key; key begins the next.
func (w *writer) open(key string) {
	w.raw(`{"`)
	w.raw(key)
	w.raw(`":`)
}

func (w *writer) key(key string) {
	w.raw(`,"`)
	w.raw(key)
	w.raw(`":`)
}

// text writes a string. What has to be escaped is rare and goes through encoding/json.
func (w *writer) text(text string) {
	ascii := true
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c < 0x20 || c == '"' || c == '\\' {
			w.out = append(w.out, escaped(text)...)
			return
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	if !ascii && (!utf8.ValidString(text) || strings.Contains(text, "\u2028") || strings.Contains(text, "\u2029")) {
		w.out = append(w.out, escaped(text)...)
		return
	}
	w.quoted(text)
}

func escaped(text string) []byte {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		panic("match: a string that cannot be written: " + err.Error())
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte{'\n'})
}

// optional writes a string field unless it is empty.
func (w *writer) optional(key, text string) {
	if text != "" {
		w.key(key)
		w.text(text)
	}
}

func (w *writer) flag(value bool) { w.out = strconv.AppendBool(w.out, value) }

func (w *writer) count(value int) { w.out = strconv.AppendInt(w.out, int64(value), 10) }

func (w *writer) quoted(plain string) {
	w.raw(`"`)
	w.raw(plain)
	w.raw(`"`)
}

func (w *writer) amount(amount money.Amount) { w.quoted(amount.String()) }

// mostMillionths and leastMillionths bound the measures that are written as a whole number of millionths.
var (
	mostMillionths  = decimal.New(999_999_999_999_999_999, -money.RatioDecimals)
	leastMillionths = mostMillionths.Neg()
)

func (w *writer) measure(measure loan.Measure) {
	if !measure.Known {
		w.raw("null")
		return
	}
	value := measure.Value
	if value.Exponent() != -money.RatioDecimals || value.Cmp(mostMillionths) > 0 || value.Cmp(leastMillionths) < 0 {
		w.quoted(value.StringFixed(money.RatioDecimals))
		return
	}
	// Nearly every measure is a whole number of millionths.
	millionths := value.CoefficientInt64()
	w.raw(`"`)
	if millionths < 0 {
		w.raw("-")
		millionths = -millionths
	}
	w.out = strconv.AppendInt(w.out, millionths/1_000_000, 10)
	w.raw(".")
	for place := int64(100_000); place > 0; place /= 10 {
		w.out = append(w.out, byte('0'+millionths/place%10))
	}
	w.raw(`"`)
}

// list writes a list; one that is nil is null.
func list[T any](w *writer, items []T, one func(*T)) {
	if items == nil {
		w.raw("null")
		return
	}
	w.raw("[")
	for i := range items {
		w.comma(i)
		one(&items[i])
	}
	w.raw("]")
}

// pointer writes what a pointer points to, or null.
func pointer[T any](w *writer, value *T, one func(T)) {
	if value == nil {
		w.raw("null")
		return
	}
	one(*value)
}

func (w *writer) bilingual(text *funding.Text) {
	w.open("zh")
	w.text(text.ZH)
	w.optional("en", text.EN)
	w.raw("}")
}

func (w *writer) product(p *ProductAnswer) {
	w.productHead(p)
	w.verdict(p)
	w.key("rules")
	list(w, p.Rules, w.rule)
	w.key("report")
	w.report(&p.Report)
	w.productEnd(p)
}

// productHead writes what every match says of a product, up to the key of its verdict.
func (w *writer) productHead(p *ProductAnswer) {
	w.open("id")
	w.text(p.ID)
	w.key("version")
	w.count(p.Version)
	w.optional("digest", p.Digest)
	w.key("institution")
	w.text(p.Institution)
	w.key("name")
	w.bilingual(&p.Name)
	w.key("kind")
	w.text(p.Kind)
	w.key("counts_as")
	w.text(p.CountsAs)
	w.key("currency")
	w.text(p.Currency)
	w.key("illustrative")
	w.flag(p.Illustrative)
	if len(p.TermBases) > 0 {
		w.key("term_bases")
		list(w, p.TermBases, w.termBasis)
	}
	w.key("verdict")
}

func (w *writer) verdict(p *ProductAnswer) {
	w.text(string(p.Verdict))
	if p.Rank != 0 {
		w.key("rank")
		w.count(p.Rank)
	}
	w.optional("dominated_by", p.DominatedBy)
	if p.Score != nil {
		w.key("score")
		w.score(p.Score)
	}
	if p.Offer != nil {
		w.key("offer")
		w.offer(p.Offer)
	}
}

func (w *writer) productEnd(p *ProductAnswer) {
	if p.Remedy != nil {
		w.key("remedy")
		w.remedy(p.Remedy)
	}
	if len(p.Notes) > 0 {
		w.key("notes")
		list(w, p.Notes, w.bilingual)
	}
	w.raw("}")
}

func (w *writer) termBasis(basis *TermBasis) {
	w.open("term")
	w.text(basis.Term)
	w.key("basis")
	w.text(basis.Basis)
	w.key("confidence")
	w.text(basis.Confidence)
	w.optional("note", basis.Note)
	w.raw("}")
}

func (w *writer) rule(rule *RuleAnswer) {
	w.ruleHead(rule)
	w.quoted(rule.Result.String())
	w.raw("}")
}

// ruleHead writes what every match says of a rule, up to the key of its result.
func (w *writer) ruleHead(rule *RuleAnswer) {
	w.open("id")
	w.text(rule.ID)
	w.key("group")
	w.text(rule.Group)
	w.key("level")
	w.text(rule.Level)
	w.key("result")
}

func (w *writer) offer(o *OfferAnswer) {
	w.open("size")
	pointer(w, o.Size, w.amount)
	w.key("limit")
	w.amount(o.Limit)
	w.key("usable")
	w.amount(o.Usable)
	w.key("currency")
	w.text(o.Currency)
	w.key("rate")
	w.measure(o.Rate)
	w.optional("floating_reference", o.FloatingReference)
	w.key("tenor_quarters")
	pointer(w, o.TenorQuarters, w.count)
	w.key("grace_quarters")
	pointer(w, o.GraceQuarters, w.count)
	w.key("availability_quarters")
	pointer(w, o.AvailabilityQuarters, w.count)
	w.key("start")
	if o.Start == nil {
		w.raw("null")
	} else {
		w.quoted(o.Start.String())
	}
	for _, field := range [...]struct {
		key     string
		measure loan.Measure
	}{{"all_in_cost", o.AllInCost}, {"average_life", o.AverageLifeYears}, {"min_dscr", o.MinDSCR}, {"avg_dscr", o.AvgDSCR}, {"min_icr", o.MinICR}, {"llcr", o.LLCR}, {"plcr", o.PLCR}} {
		w.key(field.key)
		w.measure(field.measure)
	}
	w.key("dscr_by_year")
	list(w, o.DSCRByYear, func(measure *loan.Measure) { w.measure(*measure) })
	w.key("cover")
	w.measure(o.Cover)
	w.key("share_of_investment")
	w.measure(o.ShareOfInvestment)
	w.key("total_interest")
	pointer(w, o.TotalInterest, w.amount)
	w.key("total_fees")
	pointer(w, o.TotalFees, w.amount)
	w.key("first_instalment_quarter")
	pointer(w, o.FirstInstalmentQuarter, w.count)
	w.key("last_quarter")
	pointer(w, o.LastQuarter, w.count)
	w.key("grace_slack_quarters")
	pointer(w, o.GraceSlackQuarters, w.count)
	w.key("draws")
	list(w, o.Draws, w.draw)
	w.raw("}")
}

func (w *writer) draw(draw *DrawAnswer) {
	w.open("quarter")
	w.quoted(draw.Quarter.String())
	w.key("amount")
	w.amount(draw.Amount)
	w.raw("}")
}

func (w *writer) score(s *ScoreAnswer) {
	w.open("total")
	w.text(s.Total)
	w.key("cost")
	w.open("value")
	w.text(s.Cost.Value)
	w.key("weight")
	w.text(s.Cost.Weight)
	w.key("all_in_cost")
	w.measure(s.Cost.AllInCost)
	w.key("reference")
	w.measure(s.Cost.Reference)
	w.optional("reference_fact", s.Cost.ReferenceFact)
	w.key("highest")
	w.measure(s.Cost.Highest)
	w.optional("highest_from", s.Cost.HighestFrom)
	if s.Cost.Neutral {
		w.key("neutral")
		w.flag(true)
	}
	w.raw("}")
	w.key("tenor")
	w.open("value")
	w.text(s.Tenor.Value)
	w.key("weight")
	w.text(s.Tenor.Weight)
	w.key("need_quarters")
	w.count(s.Tenor.NeedQuarters)
	w.key("offer_quarters")
	w.count(s.Tenor.OfferQuarters)
	w.key("shared_quarters")
	w.count(s.Tenor.SharedQuarters)
	w.raw("}")
	w.key("structure")
	w.open("value")
	w.text(s.Structure.Value)
	w.key("weight")
	w.text(s.Structure.Weight)
	w.key("passed")
	w.count(s.Structure.Passed)
	w.key("of")
	w.count(s.Structure.Of)
	w.raw("}}")
}

func (w *writer) remedy(r *RemedyAnswer) {
	w.open("changes")
	list(w, r.Changes, w.change)
	if len(r.Surfaced) > 0 {
		w.key("surfaced")
		list(w, r.Surfaced, func(rule *string) { w.text(*rule) })
	}
	w.key("leads_to")
	w.text(string(r.LeadsTo))
	if r.Offer != nil {
		w.key("offer")
		w.offer(r.Offer)
	}
	w.raw("}")
}

func (w *writer) change(change *ruleexpr.Change) {
	w.open("fact")
	w.text(change.Fact)
	w.key("from")
	w.text(change.From)
	w.key("to")
	w.text(change.To)
	w.optional("unit", string(change.Unit))
	w.key("steps")
	w.out = strconv.AppendInt(w.out, change.Steps, 10)
	w.raw("}")
}

func (w *writer) report(report *Report) {
	w.open("rules")
	list(w, report.Rules, w.ruleReport)
	w.reportEnd(report)
}

// reportEnd writes what follows the rules.
func (w *writer) reportEnd(report *Report) {
	if len(report.Terms) > 0 {
		w.key("terms")
		list(w, report.Terms, func(term *TermReport) {
			w.open("term")
			w.text(term.Term)
			w.key("doubt")
			w.doubt(&term.Doubt)
			w.raw("}")
		})
	}
	if len(report.Missing) > 0 {
		w.key("missing")
		list(w, report.Missing, func(missing *MissingFact) {
			w.open("fact")
			w.text(missing.Fact)
			w.key("name")
			w.bilingual(&missing.Name)
			w.optional("why", missing.Why)
			w.raw("}")
		})
	}
	w.raw("}")
}

func (w *writer) ruleReport(r *RuleReport) {
	w.ruleReportHead(r)
	w.quoted(r.Result.String())
	w.ruleReason(r)
	w.explanation(&r.Explanation)
	w.ruleReportEnd(r)
}

// ruleReportHead and ruleReason write what every match says of a rule that did not pass: up to the key of its result, and
// from there to the key of its explanation.
func (w *writer) ruleReportHead(r *RuleReport) {
	w.open("rule")
	w.text(r.Rule)
	w.key("group")
	w.text(r.Group)
	w.key("level")
	w.text(r.Level)
	if r.BuiltIn {
		w.key("built_in")
		w.flag(true)
	}
	w.key("result")
}

func (w *writer) ruleReason(r *RuleReport) {
	w.key("message")
	w.bilingual(&r.Message)
	w.key("basis")
	w.text(r.Basis)
	w.key("product")
	w.text(r.Product)
	w.key("version")
	w.count(r.Version)
	w.key("explanation")
}

func (w *writer) ruleReportEnd(r *RuleReport) {
	if len(r.Changes) > 0 {
		w.key("changes")
		list(w, r.Changes, w.change)
	}
	w.raw("}")
}

func (w *writer) explanation(e *ruleexpr.Explanation) {
	w.open("expression")
	w.text(e.Expression)
	w.key("result")
	w.quoted(e.Result.String())
	w.key("kind")
	w.text(e.Kind)
	w.operand("left", e.Left)
	w.optional("operator", e.Operator)
	w.operand("right", e.Right)
	w.operand("distance", e.Distance)
	w.operand("item", e.Item)
	if len(e.Parts) > 0 {
		w.key("parts")
		list(w, e.Parts, w.explanation)
	}
	if e.Doubt != nil {
		w.key("doubt")
		w.doubt(e.Doubt)
	}
	w.raw("}")
}

// operand writes a field unless it is nil. All fields of an operand may be absent.
func (w *writer) operand(key string, o *ruleexpr.Operand) {
	if o == nil {
		return
	}
	w.key(key)
	w.fields(func() {
		w.optional("expression", o.Expression)
		w.optional("value", o.Value)
		w.optional("unit", string(o.Unit))
		if len(o.Values) > 0 {
			w.key("values")
			list(w, o.Values, func(value *string) { w.text(*value) })
		}
	})
}

func (w *writer) doubt(d *ruleexpr.Doubt) {
	w.fields(func() {
		if len(d.Missing) > 0 {
			w.key("missing")
			list(w, d.Missing, func(name *string) { w.text(*name) })
		}
		if len(d.Why) > 0 {
			w.key("why")
			w.raw("{")
			for i, name := range slices.Sorted(maps.Keys(d.Why)) {
				w.comma(i)
				w.text(name)
				w.raw(":")
				w.text(d.Why[name])
			}
			w.raw("}")
		}
		w.optional("zh", d.ZH)
		w.optional("en", d.EN)
	})
}

// fields writes an object of which any field may be absent: the comma before the first becomes the brace.
func (w *writer) fields(write func()) {
	start := len(w.out)
	if write(); len(w.out) == start {
		w.raw("{}")
		return
	}
	w.out[start] = '{'
	w.raw("}")
}
