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

// Contender is what ranking and dominance go by of one offer, so that offers that are known from elsewhere can be ranked
// without being made again.
type Contender struct {
	Product string
	// Money is what offers must have in common to be compared: see KindOfMoney.
	Money     string
	Score     money.Decimal
	AllInCost loan.Measure
	TenorFit  money.Decimal
	Cover     loan.Measure
	// Rank is 1-based; DominatedBy names an offer that is at least as good on cost, tenor fit and cover and better on one.
	Rank        int
	DominatedBy string
}

// KindOfMoney names what an offer of a product counts as, in which currency, guarantees apart: a grant is no reason to pass
// over a loan, nor a loan over equity.
func KindOfMoney(product *rulepack.Product) string {
	kind := product.CountsAs + " " + product.Currency
	if product.Kind == "guarantee" {
		kind += " guarantee"
	}
	return kind
}

// Contender returns what ranking goes by of an eligible or conditional outcome; false for any other.
func (o *Outcome) Contender() (Contender, bool) {
	if o.Score == nil {
		return Contender{}, false
	}
	return Contender{Product: o.Product.ID, Money: KindOfMoney(o.Product), Score: o.Score.Total, AllInCost: o.Offer.AllInCost, TenorFit: o.Score.Tenor.Value, Cover: o.Offer.Cover,
		Rank: o.Rank, DominatedBy: o.DominatedBy}, true
}

// rank scores the eligible and conditional offers, orders them and marks the dominated ones.
func (m *Match) rank() {
	var contenders []Contender
	var places []int
	for i := range m.Outcomes {
		outcome := &m.Outcomes[i]
		if outcome.Verdict == funding.VerdictEligible || outcome.Verdict == funding.VerdictConditional {
			outcome.Score = m.score(outcome)
			contender, _ := outcome.Contender()
			contenders, places = append(contenders, contender), append(places, i)
		}
	}
	for _, at := range Rank(contenders) {
		outcome := &m.Outcomes[places[at]]
		outcome.Rank, outcome.DominatedBy = contenders[at].Rank, contenders[at].DominatedBy
		m.Ranked = append(m.Ranked, places[at])
	}
}

// Rank orders offers – higher score, then lower all-in cost, then the order in which they are given, which is by id and
// version – and marks the dominated ones. It sets Rank and DominatedBy and returns the places, best first.
func Rank(contenders []Contender) []int {
	order := make([]int, len(contenders))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, j int) bool {
		a, b := &contenders[order[i]], &contenders[order[j]]
		if order := a.Score.Cmp(b.Score); order != 0 {
			return order > 0
		}
		return compareMeasures(a.AllInCost, b.AllInCost) < 0
	})
	for place, i := range order {
		contenders[i].Rank, contenders[i].DominatedBy = place+1, ""
	}
	markDominated(contenders, order)
	return order
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

// markDominated compares offers of one kind of money whose three measures are all known. An offer is compared only with
// those that nothing dominates: what dominates a dominated offer dominates all that it does.
func markDominated(contenders []Contender, ranked []int) {
	order := make([]*Contender, 0, len(ranked))
	for _, i := range ranked {
		if contenders[i].AllInCost.Known && contenders[i].Cover.Known {
			order = append(order, &contenders[i])
		}
	}
	sort.SliceStable(order, func(i, j int) bool { return better(order[i], order[j]) })
	var frontier []*Contender
	for _, contender := range order {
		for _, other := range frontier {
			if dominates(other, contender) {
				contender.DominatedBy = other.Product
				break
			}
		}
		if contender.DominatedBy == "" {
			frontier = append(frontier, contender)
		}
	}
}

// better orders offers so that each comes after all that could dominate it.
func better(a, b *Contender) bool {
	if order := a.AllInCost.Value.Cmp(b.AllInCost.Value); order != 0 {
		return order < 0
	}
	if order := a.TenorFit.Cmp(b.TenorFit); order != 0 {
		return order > 0
	}
	return a.Cover.Value.GreaterThan(b.Cover.Value)
}

// dominates reports whether a is at least as good as b on cost, tenor fit and cover, and better on one of them.
func dominates(a, b *Contender) bool {
	if a.Money != b.Money {
		return false
	}
	cost := b.AllInCost.Value.Cmp(a.AllInCost.Value)
	tenor := a.TenorFit.Cmp(b.TenorFit)
	cover := a.Cover.Value.Cmp(b.Cover.Value)
	return cost >= 0 && tenor >= 0 && cover >= 0 && cost+tenor+cover > 0
}
