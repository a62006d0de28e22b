package match

import (
	"sort"

	"github.com/shopspring/decimal"

	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// Score is how well an offer suits the need, from 0 to 1, and what it is made of.
type Score struct {
	Total     money.Decimal
	Cost      CostScore
	Tenor     TenorScore
	Structure StructureScore
}

// CostScore is the position of the all-in cost between the market reference (1) and the highest cost accepted (0).
type CostScore struct {
	Value, Weight money.Decimal
	AllInCost     loan.Measure
	Reference     loan.Measure
	ReferenceFact string
	Highest       loan.Measure
	// HighestFrom names where the upper end comes from.
	HighestFrom string
	// Neutral says that one of the three is not known, so that the cost counts one half.
	Neutral bool
}

// TenorScore is the overlap of the offer's life with the need's: quarters that both have over quarters that either has.
type TenorScore struct {
	Value, Weight                               money.Decimal
	NeedQuarters, OfferQuarters, SharedQuarters int
}

// StructureScore is the share of shoulds that passed, 1 where there is none.
type StructureScore struct {
	Value, Weight money.Decimal
	Passed, Of    int
}

// half is what a piece of a score counts that cannot be told.
var half = decimal.New(5, -1)

// costScale holds what all-in costs of a currency are measured against.
type costScale struct {
	references  map[string]reference
	highest     loan.Measure
	highestFrom string
	// spread is added to the reference where the bureau has set no limit.
	spread loan.Measure
}

type reference struct {
	fact string
	rate loan.Measure
}

// referenceFacts names the market reference of each currency; a currency without one is measured neutrally.
var referenceFacts = map[string]string{"CNY": "market.lpr_5y", "USD": "market.sofr", "EUR": "market.euribor_6m"}

const (
	maxCostFact = "need.max_cost"
	// spreadFact is the line above the reference from which existing debt counts as dear; without a limit of the bureau's
	// own it is where the cost counts nothing.
	spreadFact = "p.high_cost_spread"
)

func newCostScale(f *ruleexpr.Facts) costScale {
	scale := costScale{references: map[string]reference{}}
	for currency, fact := range referenceFacts {
		scale.references[currency] = reference{fact, numberOf(f, fact)}
	}
	scale.highest, scale.highestFrom = numberOf(f, maxCostFact), maxCostFact
	scale.spread = numberOf(f, spreadFact)
	return scale
}

// numberOf returns a number fact by name; unknown where the vocabulary does not have it.
func numberOf(f *ruleexpr.Facts, name string) loan.Measure {
	slot, ok := f.Vocabulary().Lookup(name)
	if !ok {
		return loan.Measure{}
	}
	value, known := f.Number(slot)
	return loan.Measure{Value: value, Known: known}
}

func (c costScale) score(product *rulepack.Product, offer *Offer) CostScore {
	ref := c.references[product.Currency]
	piece := CostScore{Weight: product.Score.Cost, AllInCost: offer.AllInCost, Reference: ref.rate, ReferenceFact: ref.fact, Highest: c.highest, HighestFrom: c.highestFrom}
	if !piece.Highest.Known && ref.rate.Known && c.spread.Known {
		piece.Highest = loan.Measure{Value: ref.rate.Value.Add(c.spread.Value), Known: true}
		piece.HighestFrom = ref.fact + " + " + spreadFact
	}
	if !piece.AllInCost.Known || !piece.Reference.Known || !piece.Highest.Known {
		piece.Value, piece.Neutral = half, true
		return piece
	}
	width := piece.Highest.Value.Sub(piece.Reference.Value)
	room := piece.Highest.Value.Sub(piece.AllInCost.Value)
	switch {
	case room.IsNegative():
		piece.Value = money.Zero
	case room.GreaterThanOrEqual(width):
		piece.Value = money.One
	default:
		piece.Value = room.DivRound(width, money.RatioDecimals)
	}
	return piece
}

func tenorScore(need *Need, product *rulepack.Product, offer *Offer) TenorScore {
	piece := TenorScore{Weight: product.Score.Tenor, NeedQuarters: need.life.length()}
	life := need.life
	if offer.Scheduled {
		life = span{need.firstDraw, need.firstDraw + offer.TenorQuarters}
	}
	piece.OfferQuarters, piece.SharedQuarters = life.length(), life.overlap(need.life)
	if either := piece.NeedQuarters + piece.OfferQuarters - piece.SharedQuarters; either > 0 {
		piece.Value = decimal.NewFromInt(int64(piece.SharedQuarters)).DivRound(decimal.NewFromInt(int64(either)), money.RatioDecimals)
	}
	return piece
}

func structureScore(outcome *Outcome) StructureScore {
	piece := StructureScore{Weight: outcome.Product.Score.Structure, Value: money.One}
	for k := range outcome.Product.Rules {
		if outcome.Product.Rules[k].Level == "should" {
			piece.Of++
			if outcome.Results[k] == ResultPassed {
				piece.Passed++
			}
		}
	}
	if piece.Of > 0 {
		piece.Value = decimal.NewFromInt(int64(piece.Passed)).DivRound(decimal.NewFromInt(int64(piece.Of)), money.RatioDecimals)
	}
	return piece
}

func (m *Match) score(outcome *Outcome) *Score {
	s := &Score{Cost: m.Need.cost.score(outcome.Product, outcome.Offer), Tenor: tenorScore(m.Need, outcome.Product, outcome.Offer), Structure: structureScore(outcome)}
	s.Total = s.Cost.Value.Mul(s.Cost.Weight).Add(s.Tenor.Value.Mul(s.Tenor.Weight)).Add(s.Structure.Value.Mul(s.Structure.Weight)).Round(money.RatioDecimals)
	return s
}

// rank scores the eligible and conditional offers, orders them – higher score, then lower all-in cost, then id and
// version – and marks the dominated ones.
func (m *Match) rank() {
	for i := range m.Outcomes {
		outcome := &m.Outcomes[i]
		if outcome.Verdict == funding.VerdictEligible || outcome.Verdict == funding.VerdictConditional {
			outcome.Score = m.score(outcome)
			m.Ranked = append(m.Ranked, i)
		}
	}
	sort.SliceStable(m.Ranked, func(i, j int) bool {
		a, b := &m.Outcomes[m.Ranked[i]], &m.Outcomes[m.Ranked[j]]
		if order := a.Score.Total.Cmp(b.Score.Total); order != 0 {
			return order > 0
		}
		return compareMeasures(a.Offer.AllInCost, b.Offer.AllInCost) < 0
	})
	for place, i := range m.Ranked {
		m.Outcomes[i].Rank = place + 1
	}
	m.markDominated()
}

// compareMeasures orders measures upwards; an unknown one comes last.
func compareMeasures(a, b loan.Measure) int {
	switch {
	case a.Known && b.Known:
		return a.Value.Cmp(b.Value)
	case a.Known:
		return -1
	case b.Known:
		return 1
	}
	return 0
}

// markDominated compares offers of one kind of money – a grant is no reason to pass over a loan, nor a loan over
// equity – whose three measures are all known. An offer is compared only with those that nothing dominates: what
// dominates a dominated offer dominates all that it does.
func (m *Match) markDominated() {
	order := make([]*Outcome, 0, len(m.Ranked))
	for _, i := range m.Ranked {
		if offer := m.Outcomes[i].Offer; offer.AllInCost.Known && offer.Cover.Known {
			order = append(order, &m.Outcomes[i])
		}
	}
	sort.SliceStable(order, func(i, j int) bool { return better(order[i], order[j]) })
	var frontier []*Outcome
	for _, outcome := range order {
		for _, other := range frontier {
			if dominates(other, outcome) {
				outcome.DominatedBy = other.Product.ID
				break
			}
		}
		if outcome.DominatedBy == "" {
			frontier = append(frontier, outcome)
		}
	}
}

// better orders offers so that each comes after all that could dominate it.
func better(a, b *Outcome) bool {
	if order := a.Offer.AllInCost.Value.Cmp(b.Offer.AllInCost.Value); order != 0 {
		return order < 0
	}
	if order := a.Score.Tenor.Value.Cmp(b.Score.Tenor.Value); order != 0 {
		return order > 0
	}
	return a.Offer.Cover.Value.GreaterThan(b.Offer.Cover.Value)
}

// dominates reports whether a is at least as good as b on cost, tenor fit and cover, and better on one of them.
func dominates(a, b *Outcome) bool {
	if a.Product.CountsAs != b.Product.CountsAs || a.Product.Currency != b.Product.Currency || (a.Product.Kind == "guarantee") != (b.Product.Kind == "guarantee") {
		return false
	}
	cost := b.Offer.AllInCost.Value.Cmp(a.Offer.AllInCost.Value)
	tenor := a.Score.Tenor.Value.Cmp(b.Score.Tenor.Value)
	cover := a.Offer.Cover.Value.Cmp(b.Offer.Cover.Value)
	return cost >= 0 && tenor >= 0 && cover >= 0 && cost+tenor+cover > 0
}
