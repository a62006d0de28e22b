package impact

import (
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/match"
	"zutuan/internal/money"
)

// Standing is what one product version says to one requirement, as far as a difference goes by it.
type Standing struct {
	// Version is 0 where the product is not offered at all; everything else is then empty.
	Version int             `json:"version"`
	Verdict funding.Verdict `json:"verdict,omitempty"`
	// The rest is known of usable offers alone: eligible and conditional ones.
	Rank          int           `json:"rank,omitempty"`
	Size          *money.Amount `json:"size,omitempty"`
	AllInCost     *string       `json:"all_in_cost,omitempty"`
	TenorQuarters int           `json:"tenor_quarters,omitempty"`
	GraceQuarters int           `json:"grace_quarters,omitempty"`
	Score         string        `json:"score,omitempty"`
	DominatedBy   string        `json:"dominated_by,omitempty"`
}

// Usable reports whether the requirement could apply.
func (s Standing) Usable() bool {
	return s.Verdict == funding.VerdictEligible || s.Verdict == funding.VerdictConditional
}

// figures is a standing in the form in which it is compared.
type figures struct {
	version      int
	verdict      funding.Verdict
	usable       bool
	size         money.Amount
	tenor, grace int
	contender    match.Contender
}

// figuresOf takes from an outcome what is compared. nil: the product is not offered.
func figuresOf(outcome *match.Outcome) figures {
	if outcome == nil {
		return figures{}
	}
	f := figures{version: outcome.Product.Version, verdict: outcome.Verdict}
	if f.contender, f.usable = outcome.Contender(); f.usable {
		f.size, f.tenor, f.grace = outcome.Offer.Size, outcome.Offer.TenorQuarters, outcome.Offer.GraceQuarters
	}
	return f
}

func (f *figures) standing() Standing {
	s := Standing{Version: f.version, Verdict: f.verdict}
	if !f.usable {
		return s
	}
	size := f.size
	s.Size, s.TenorQuarters, s.GraceQuarters = &size, f.tenor, f.grace
	s.Rank, s.DominatedBy, s.Score = f.contender.Rank, f.contender.DominatedBy, f.contender.Score.StringFixed(money.RatioDecimals)
	if f.contender.AllInCost.Known {
		cost := f.contender.AllInCost.String()
		s.AllInCost = &cost
	}
	return s
}

// competesAs reports whether two standings of a product are the same to every other offer: then no rank and no dominance
// can shift.
func (f *figures) competesAs(other *figures) bool {
	if f.usable != other.usable {
		return false
	}
	a, b := &f.contender, &other.contender
	return !f.usable || a.Money == b.Money && a.Score.Equal(b.Score) && sameMeasure(a.AllInCost, b.AllInCost) && a.TenorFit.Equal(b.TenorFit) && sameMeasure(a.Cover, b.Cover)
}

func sameMeasure(a, b loan.Measure) bool {
	return a.Known == b.Known && (!a.Known || a.Value.Equal(b.Value))
}

// Kind is one way in which a product's answer to a requirement differs.
type Kind string

// The kinds, in the order in which they are listed. A pair that is gained or lost has no other kind, because one of its
// sides has no offer to compare.
const (
	// KindGained: usable (eligible or conditional) now and not before. KindLost: the other way round.
	KindGained Kind = "gained"
	KindLost   Kind = "lost"
	// KindVerdict: another verdict, usable on both sides or on neither.
	KindVerdict Kind = "verdict"
	// KindCost, KindSize, KindTerms (tenor or grace) and KindScore: the offer differs so.
	KindCost  Kind = "cost"
	KindSize  Kind = "size"
	KindTerms Kind = "terms"
	KindScore Kind = "score"
	// KindRank and KindDominance: its place among the other offers differs.
	KindRank      Kind = "rank"
	KindDominance Kind = "dominance"
)

// Kinds are all kinds in order.
var Kinds = [...]Kind{KindGained, KindLost, KindVerdict, KindCost, KindSize, KindTerms, KindScore, KindRank, KindDominance}

// kindsBetween lists how two standings of one product differ.
func kindsBetween(before, after *figures) []Kind {
	switch {
	case before.usable != after.usable && after.usable:
		return []Kind{KindGained}
	case before.usable != after.usable:
		return []Kind{KindLost}
	case !before.usable && (before.version == 0 || after.version == 0):
		// A product that comes or goes without anybody being able to use it changes nothing for them.
		return nil
	}
	var kinds []Kind
	add := func(kind Kind, differs bool) {
		if differs {
			kinds = append(kinds, kind)
		}
	}
	a, b := &before.contender, &after.contender
	add(KindVerdict, before.verdict != after.verdict)
	if before.usable {
		add(KindCost, !sameMeasure(a.AllInCost, b.AllInCost))
		add(KindSize, before.size != after.size)
		add(KindTerms, before.tenor != after.tenor || before.grace != after.grace)
		add(KindScore, !a.Score.Equal(b.Score))
		add(KindRank, a.Rank != b.Rank)
		add(KindDominance, a.DominatedBy != b.DominatedBy)
	}
	return kinds
}
