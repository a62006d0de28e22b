package match

import (
	"cmp"
	"slices"
	"sort"

	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// Answer is the answer of a match. Amounts are strings with two decimals, ratios and rates strings with six; what is not
// known is null.
type Answer struct {
	Date     string          `json:"date"`
	Products []ProductAnswer `json:"products"`
	// Counts says how many products gave each verdict.
	Counts map[funding.Verdict]int `json:"counts"`
}

// ProductAnswer is what one product version says.
type ProductAnswer struct {
	ID           string          `json:"id"`
	Version      int             `json:"version"`
	Digest       string          `json:"digest,omitempty"`
	Institution  string          `json:"institution"`
	Name         funding.Text    `json:"name"`
	Kind         string          `json:"kind"`
	CountsAs     string          `json:"counts_as"`
	Currency     string          `json:"currency"`
	Illustrative bool            `json:"illustrative"`
	TermBases    []TermBasis     `json:"term_bases,omitempty"`
	Verdict      funding.Verdict `json:"verdict"`
	Rank         int             `json:"rank,omitempty"`
	DominatedBy  string          `json:"dominated_by,omitempty"`
	Score        *ScoreAnswer    `json:"score,omitempty"`
	Offer        *OfferAnswer    `json:"offer,omitempty"`
	Rules        []RuleAnswer    `json:"rules"`
	Report       Report          `json:"report"`
	Remedy       *RemedyAnswer   `json:"remedy,omitempty"`
	// Notes are what a reader of the offer should know.
	Notes []funding.Text `json:"notes,omitempty"`
}

// TermBasis says how one term of a product is known.
type TermBasis struct {
	Term       string `json:"term"`
	Basis      string `json:"basis"`
	Confidence string `json:"confidence"`
	Note       string `json:"note,omitempty"`
}

// RuleAnswer is the result of one rule.
type RuleAnswer struct {
	ID     string `json:"id"`
	Group  string `json:"group"`
	Level  string `json:"level"`
	Result Result `json:"result"`
}

// OfferAnswer is the offer's figures. Quarter indices count from the requirement's start.
type OfferAnswer struct {
	Size                   *money.Amount    `json:"size"`
	Limit                  money.Amount     `json:"limit"`
	Usable                 money.Amount     `json:"usable"`
	Currency               string           `json:"currency"`
	Rate                   loan.Measure     `json:"rate"`
	FloatingReference      string           `json:"floating_reference,omitempty"`
	TenorQuarters          *int             `json:"tenor_quarters"`
	GraceQuarters          *int             `json:"grace_quarters"`
	AvailabilityQuarters   *int             `json:"availability_quarters"`
	Start                  *quarter.Quarter `json:"start"`
	AllInCost              loan.Measure     `json:"all_in_cost"`
	AverageLifeYears       loan.Measure     `json:"average_life"`
	MinDSCR                loan.Measure     `json:"min_dscr"`
	AvgDSCR                loan.Measure     `json:"avg_dscr"`
	MinICR                 loan.Measure     `json:"min_icr"`
	LLCR                   loan.Measure     `json:"llcr"`
	PLCR                   loan.Measure     `json:"plcr"`
	DSCRByYear             []loan.Measure   `json:"dscr_by_year"`
	Cover                  loan.Measure     `json:"cover"`
	ShareOfInvestment      loan.Measure     `json:"share_of_investment"`
	TotalInterest          *money.Amount    `json:"total_interest"`
	TotalFees              *money.Amount    `json:"total_fees"`
	FirstInstalmentQuarter *int             `json:"first_instalment_quarter"`
	LastQuarter            *int             `json:"last_quarter"`
	GraceSlackQuarters     *int             `json:"grace_slack_quarters"`
	Draws                  []DrawAnswer     `json:"draws"`
}

// DrawAnswer is one draw.
type DrawAnswer struct {
	Quarter quarter.Quarter `json:"quarter"`
	Amount  money.Amount    `json:"amount"`
}

// ScoreAnswer is the score with its pieces, each with its value and weight.
type ScoreAnswer struct {
	Total     string               `json:"total"`
	Cost      CostScoreAnswer      `json:"cost"`
	Tenor     TenorScoreAnswer     `json:"tenor"`
	Structure StructureScoreAnswer `json:"structure"`
}

// CostScoreAnswer is the cost piece.
type CostScoreAnswer struct {
	Value         string       `json:"value"`
	Weight        string       `json:"weight"`
	AllInCost     loan.Measure `json:"all_in_cost"`
	Reference     loan.Measure `json:"reference"`
	ReferenceFact string       `json:"reference_fact,omitempty"`
	Highest       loan.Measure `json:"highest"`
	HighestFrom   string       `json:"highest_from,omitempty"`
	Neutral       bool         `json:"neutral,omitempty"`
}

// TenorScoreAnswer is the tenor piece, in quarters.
type TenorScoreAnswer struct {
	Value          string `json:"value"`
	Weight         string `json:"weight"`
	NeedQuarters   int    `json:"need_quarters"`
	OfferQuarters  int    `json:"offer_quarters"`
	SharedQuarters int    `json:"shared_quarters"`
}

// StructureScoreAnswer is the structure piece.
type StructureScoreAnswer struct {
	Value  string `json:"value"`
	Weight string `json:"weight"`
	Passed int    `json:"passed"`
	Of     int    `json:"of"`
}

// RemedyAnswer is the combined change of a near miss and what it leads to.
type RemedyAnswer struct {
	Changes  []ruleexpr.Change `json:"changes"`
	Surfaced []string          `json:"surfaced,omitempty"`
	LeadsTo  funding.Verdict   `json:"leads_to"`
	Offer    *OfferAnswer      `json:"offer,omitempty"`
}

// verdictOrder is the order of an answer: what can be used first.
var verdictOrder = map[funding.Verdict]int{funding.VerdictEligible: 0, funding.VerdictConditional: 0, funding.VerdictUndecided: 1, funding.VerdictNearMiss: 2, funding.VerdictIneligible: 3}

// Answer returns the match as it is answered: ranked offers first, then undecided products, near misses and the rest,
// each by id and version.
func (m *Match) Answer() Answer {
	answer := Answer{Date: m.Need.Date.Format("2006-01-02"), Products: make([]ProductAnswer, len(m.Outcomes)), Counts: map[funding.Verdict]int{}}
	w := m.worker()
	for place, i := range m.InOrder() {
		answer.Products[place] = w.answer(&m.Outcomes[i])
		answer.Counts[m.Outcomes[i].Verdict]++
	}
	return answer
}

// InOrder returns the places of the outcomes in the order of an answer.
func (m *Match) InOrder() []int {
	order := make([]int, len(m.Outcomes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		a, b := &m.Outcomes[i], &m.Outcomes[j]
		return cmp.Or(verdictOrder[a.Verdict]-verdictOrder[b.Verdict], a.Rank-b.Rank)
	})
	return order
}

func (w *worker) answer(outcome *Outcome) ProductAnswer {
	p := outcome.Product
	answer := w.answerAlone(outcome)
	answer.describe(p, w.catalogue.prepared[p].bases)
	answer.Rules, answer.Report = make([]RuleAnswer, len(p.Rules)), w.explain(outcome)
	if answer.Report.Rules == nil {
		answer.Report.Rules = []RuleReport{}
	}
	for k := range p.Rules {
		answer.Rules[k] = ruleAnswer(&p.Rules[k], outcome.Results[k])
	}
	return answer
}

func ruleAnswer(rule *rulepack.CompiledRule, result Result) RuleAnswer {
	return RuleAnswer{rule.ID, rule.Group, rule.Level, result}
}

// describe fills in what every match says of a product.
func (a *ProductAnswer) describe(p *rulepack.Product, bases []TermBasis) {
	a.ID, a.Version, a.Digest, a.Institution, a.Name, a.Kind = p.ID, p.Version, p.Digest, p.Institution, p.Name, p.Kind
	a.CountsAs, a.Currency, a.Illustrative, a.TermBases = p.CountsAs, p.Currency, p.Source.Illustrative, bases
}

// answerAlone is the answer without the product's description, rules and report.
func (w *worker) answerAlone(outcome *Outcome) ProductAnswer {
	answer := ProductAnswer{Verdict: outcome.Verdict, Rank: outcome.Rank, DominatedBy: outcome.DominatedBy, Offer: w.offerAnswer(outcome, outcome.Offer), Notes: w.notes(outcome)}
	if outcome.Rank > 0 {
		answer.Score = scoreAnswer(outcome.Score)
	}
	if r := outcome.Remedy; r != nil {
		answer.Remedy = &RemedyAnswer{Changes: r.Changes, Surfaced: r.Surfaced, LeadsTo: r.Verdict, Offer: w.offerAnswer(outcome, r.Offer)}
	}
	return answer
}

func termBases(product *rulepack.Product) []TermBasis {
	terms := product.Source.Terms
	bases := make([]TermBasis, 0, len(terms))
	for term, basis := range terms {
		bases = append(bases, TermBasis{term, basis.Basis, basis.Confidence, basis.Note})
	}
	sort.Slice(bases, func(i, j int) bool { return bases[i].Term < bases[j].Term })
	return bases
}

func (w *worker) offerAnswer(outcome *Outcome, offer *Offer) *OfferAnswer {
	if offer == nil {
		return nil
	}
	answer := &OfferAnswer{Limit: offer.Limit, Usable: offer.Usable, Currency: w.need.requirement.Currency, Rate: offer.Rate, FloatingReference: outcome.Product.Terms.FloatingReference,
		AllInCost: offer.AllInCost, AverageLifeYears: offer.AverageLifeYears, MinDSCR: offer.MinDSCR, AvgDSCR: offer.AvgDSCR, MinICR: offer.MinICR, LLCR: offer.LLCR, PLCR: offer.PLCR,
		DSCRByYear: append([]loan.Measure{}, offer.DSCRByYear...), Cover: offer.Cover, ShareOfInvestment: offer.ShareOfInvestment, Draws: make([]DrawAnswer, len(offer.Draws))}
	for i, draw := range offer.Draws {
		answer.Draws[i] = DrawAnswer(draw)
	}
	if offer.Size > 0 {
		answer.Size = &offer.Size
	}
	if offer.Scheduled {
		answer.TenorQuarters, answer.GraceQuarters, answer.AvailabilityQuarters = &offer.TenorQuarters, &offer.GraceQuarters, &offer.AvailableQuarters
	}
	if offer.measured {
		answer.Start, answer.TotalInterest, answer.TotalFees = &offer.Start, &offer.TotalInterest, &offer.TotalFees
		answer.FirstInstalmentQuarter, answer.LastQuarter = &offer.FirstInstalment, &offer.LastQuarter
	}
	if offer.GraceSlackKnown {
		answer.GraceSlackQuarters = &offer.GraceSlackQuarters
	}
	return answer
}

func scoreAnswer(s *Score) *ScoreAnswer {
	six := func(value money.Decimal) string { return value.StringFixed(money.RatioDecimals) }
	return &ScoreAnswer{Total: six(s.Total),
		Cost:      CostScoreAnswer{six(s.Cost.Value), six(s.Cost.Weight), s.Cost.AllInCost, s.Cost.Reference, s.Cost.ReferenceFact, s.Cost.Highest, s.Cost.HighestFrom, s.Cost.Neutral},
		Tenor:     TenorScoreAnswer{six(s.Tenor.Value), six(s.Tenor.Weight), s.Tenor.NeedQuarters, s.Tenor.OfferQuarters, s.Tenor.SharedQuarters},
		Structure: StructureScoreAnswer{six(s.Structure.Value), six(s.Structure.Weight), s.Structure.Passed, s.Structure.Of}}
}

// notes says what an offer takes for granted.
func (w *worker) notes(outcome *Outcome) []funding.Text {
	if outcome.Offer == nil {
		return nil
	}
	var notes []funding.Text
	if reference := outcome.Product.Terms.FloatingReference; reference != "" {
		notes = append(notes, funding.Text{ZH: "利率随 " + reference + " 浮动；测算按评估日的水平不变", EN: "the rate floats with " + reference + "; the figures keep it at its level on the day"})
	}
	if home := w.need.requirement.Currency; outcome.Product.Currency != home {
		notes = append(notes, funding.Text{ZH: "债务币种为 " + outcome.Product.Currency + "，金额按 " + home + " 测算，未计汇率变动", EN: "the debt is in " + outcome.Product.Currency + "; amounts are in " + home + " and leave exchange-rate moves out"})
	}
	return notes
}
