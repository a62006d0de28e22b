package match

import (
	"maps"
	"slices"

	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
)

// Summary is a match without its reasons: what a list of products shows before somebody opens one. It says of verdicts,
// ranks and figures exactly what Answer says.
type Summary struct {
	Date     string           `json:"date"`
	Products []ProductSummary `json:"products"`
	// Counts says how many products gave each verdict.
	Counts map[funding.Verdict]int `json:"counts"`
}

// ProductSummary is what one product version says.
type ProductSummary struct {
	ID          string          `json:"id"`
	Version     int             `json:"version"`
	Institution string          `json:"institution"`
	Name        funding.Text    `json:"name"`
	Kind        string          `json:"kind"`
	Verdict     funding.Verdict `json:"verdict"`
	Rank        int             `json:"rank,omitempty"`
	DominatedBy string          `json:"dominated_by,omitempty"`
	// Score is the total, six decimals.
	Score string `json:"score,omitempty"`
	// Failed and Undecided are the ids of rules, in the product's order, the built-in must last. Terms are the terms that
	// cannot be computed.
	Failed    []string `json:"failed,omitempty"`
	Undecided []string `json:"undecided,omitempty"`
	Terms     []string `json:"terms,omitempty"`
	// LeadsTo is the verdict of a near miss with its remedy made.
	LeadsTo funding.Verdict `json:"leads_to,omitempty"`
	Offer   *OfferSummary   `json:"offer,omitempty"`
}

// OfferSummary is the offer's key figures, as Answer gives them.
type OfferSummary struct {
	Size          *money.Amount `json:"size"`
	Rate          loan.Measure  `json:"rate"`
	TenorQuarters *int          `json:"tenor_quarters"`
	GraceQuarters *int          `json:"grace_quarters"`
	AllInCost     loan.Measure  `json:"all_in_cost"`
	MinDSCR       loan.Measure  `json:"min_dscr"`
	Cover         loan.Measure  `json:"cover"`
}

// Summary returns the match without its reasons, in the order of Answer.
func (m *Match) Summary() Summary {
	summary := Summary{Date: m.Need.Date.Format("2006-01-02"), Products: make([]ProductSummary, len(m.Outcomes)), Counts: map[funding.Verdict]int{}}
	for place, i := range m.InOrder() {
		summary.Products[place] = summaryOf(&m.Outcomes[i])
		summary.Counts[m.Outcomes[i].Verdict]++
	}
	return summary
}

func summaryOf(outcome *Outcome) ProductSummary {
	p := outcome.Product
	summary := ProductSummary{ID: p.ID, Version: p.Version, Institution: p.Institution, Name: p.Name, Kind: p.Kind, Verdict: outcome.Verdict, Rank: outcome.Rank, DominatedBy: outcome.DominatedBy}
	if outcome.Score != nil {
		summary.Score = outcome.Score.Total.StringFixed(money.RatioDecimals)
	}
	for k, result := range outcome.Results {
		switch result {
		case ResultFailed:
			summary.Failed = append(summary.Failed, p.Rules[k].ID)
		case ResultUndecided:
			summary.Undecided = append(summary.Undecided, p.Rules[k].ID)
		}
	}
	if outcome.BuiltIn != nil {
		summary.Failed = append(summary.Failed, outcome.BuiltIn.ID)
	}
	for _, doubt := range outcome.Doubts {
		summary.Terms = append(summary.Terms, doubt.Term)
	}
	if outcome.Remedy != nil {
		summary.LeadsTo = outcome.Remedy.Verdict
	}
	if offer := outcome.Offer; offer != nil {
		summary.Offer = &OfferSummary{Rate: offer.Rate, AllInCost: offer.AllInCost, MinDSCR: offer.MinDSCR, Cover: offer.Cover}
		if offer.Size > 0 {
			summary.Offer.Size = &offer.Size
		}
		if offer.Scheduled {
			summary.Offer.TenorQuarters, summary.Offer.GraceQuarters = &offer.TenorQuarters, &offer.GraceQuarters
		}
	}
	return summary
}

// AppendJSON appends the summary as JSON, as Answer's does.
func (s *Summary) AppendJSON(to []byte) []byte {
	w := writer{to}
	w.open("date")
	w.text(s.Date)
	w.key("products")
	list(&w, s.Products, w.productSummary)
	w.counts(s.Counts)
	w.raw("}")
	return w.out
}

func (w *writer) counts(counts map[funding.Verdict]int) {
	w.key("counts")
	if counts == nil {
		w.raw("null")
		return
	}
	w.raw("{")
	for i, verdict := range slices.Sorted(maps.Keys(counts)) {
		w.comma(i)
		w.text(string(verdict))
		w.raw(":")
		w.count(counts[verdict])
	}
	w.raw("}")
}

func (w *writer) productSummary(p *ProductSummary) {
	w.open("id")
	w.text(p.ID)
	w.key("version")
	w.count(p.Version)
	w.key("institution")
	w.text(p.Institution)
	w.key("name")
	w.bilingual(&p.Name)
	w.key("kind")
	w.text(p.Kind)
	w.key("verdict")
	w.text(string(p.Verdict))
	if p.Rank != 0 {
		w.key("rank")
		w.count(p.Rank)
	}
	w.optional("dominated_by", p.DominatedBy)
	w.optional("score", p.Score)
	w.words("failed", p.Failed)
	w.words("undecided", p.Undecided)
	w.words("terms", p.Terms)
	w.optional("leads_to", string(p.LeadsTo))
	if o := p.Offer; o != nil {
		w.key("offer")
		w.open("size")
		pointer(w, o.Size, w.amount)
		w.key("rate")
		w.measure(o.Rate)
		w.key("tenor_quarters")
		pointer(w, o.TenorQuarters, w.count)
		w.key("grace_quarters")
		pointer(w, o.GraceQuarters, w.count)
		w.key("all_in_cost")
		w.measure(o.AllInCost)
		w.key("min_dscr")
		w.measure(o.MinDSCR)
		w.key("cover")
		w.measure(o.Cover)
		w.raw("}")
	}
	w.raw("}")
}

// words writes a list of texts unless it is empty.
func (w *writer) words(key string, words []string) {
	if len(words) > 0 {
		w.key(key)
		list(w, words, func(word *string) { w.text(*word) })
	}
}
