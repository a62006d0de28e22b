package office

import (
	"zutuan/internal/funding"
	"zutuan/internal/impact"
	"zutuan/internal/loan"
	"zutuan/internal/match"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
	"zutuan/internal/store"
)

// StandingStatus says whether a requirement takes part in matching in the background.
type StandingStatus string

const (
	StandingOpen   StandingStatus = "open"
	StandingClosed StandingStatus = "closed"
)

// StandingBody is what all products said to one requirement when an answer last differed from the one before; its
// record's id is the requirement's. Offers, notifications and unmet demand follow from it: the difference between it and
// a new match is what people are told, and a new match that says the same is not written.
type StandingBody struct {
	Status StandingStatus `json:"status"`
	// Unsettled says that the offers were not brought in line with it yet. Whoever finds it so does that first.
	Unsettled bool `json:"unsettled,omitempty"`
	// Basis is what the first match with this answer was computed from; later ones that said the same are not kept.
	Basis Basis `json:"basis"`
	// Requested is the money that is asked for, Quarter the one in which the requirement starts.
	Requested money.Amount `json:"requested"`
	Quarter   string       `json:"quarter"`
	// Lines are the offers that can be used, by product.
	Lines []StandingLine `json:"lines"`
	// Excluded are the products that one rule alone keeps away, by product.
	Excluded []Exclusion `json:"excluded"`
}

// StandingLine is one offer that can be used.
type StandingLine struct {
	Product     string       `json:"product"`
	Institution string       `json:"institution"`
	Name        funding.Text `json:"name"`
	impact.Standing
}

// Exclusion is one product that one rule alone keeps away.
type Exclusion struct {
	Product     string `json:"product"`
	Institution string `json:"institution"`
	Rule        string `json:"rule"`
	// BuiltIn says that the rule is one that every product has without writing it.
	BuiltIn bool `json:"built_in,omitempty"`
}

var standings = noun[StandingBody]{store.KindStanding, func(b *StandingBody) store.Fields {
	return store.Fields{"status": store.Text(string(b.Status)), "requested": store.Amount(b.Requested)}
}}

// standingOf keeps of a match what differences go by.
func standingOf(m *match.Match, demand *impact.Demand, start quarter.Quarter, basis Basis) StandingBody {
	body := StandingBody{Status: StandingOpen, Basis: basis, Requested: m.Need.Requested(), Quarter: start.String(), Lines: []StandingLine{}, Excluded: []Exclusion{}}
	for i := range m.Outcomes {
		outcome := &m.Outcomes[i]
		product := outcome.Product
		if standing := impact.StandingOf(outcome); standing.Usable() {
			body.Lines = append(body.Lines, StandingLine{product.ID, product.Institution, product.Name, standing})
		}
	}
	for _, e := range demand.Exclusions(m) {
		body.Excluded = append(body.Excluded, Exclusion{e.Product, e.Institution, e.Rule, e.BuiltIn})
	}
	return body
}

// closedStanding is that of a requirement that takes no part any more.
func closedStanding(before *StandingBody) StandingBody {
	return StandingBody{Status: StandingClosed, Basis: before.Basis, Lines: []StandingLine{}, Excluded: []Exclusion{}}
}

// digest names what a standing says, whatever it was computed from.
func (b StandingBody) digest() string {
	b.Basis, b.Unsettled = Basis{}, false
	text, err := store.Canonical(b)
	if err != nil {
		// A StandingBody holds texts and numbers only, which always encode.
		panic(err)
	}
	return hashOf(text)
}

// institutions lists those that have an offer, each with its lines, in the order of the first line.
func (b *StandingBody) institutions() (order []string, lines map[string][]OfferLine) {
	lines = map[string][]OfferLine{}
	for i := range b.Lines {
		line := &b.Lines[i]
		if lines[line.Institution] == nil {
			order = append(order, line.Institution)
		}
		lines[line.Institution] = append(lines[line.Institution],
			OfferLine{Product: line.Product, Version: line.Version, Name: line.Name, Verdict: line.Verdict, Size: line.Size, AllInCost: measureOf(line.AllInCost)})
	}
	return order, lines
}

// measureOf reads a rate that a standing keeps as text.
func measureOf(text *string) loan.Measure {
	if text == nil {
		return loan.Measure{}
	}
	value, err := money.ParseRate(*text)
	return loan.Measure{Value: value, Known: err == nil}
}
