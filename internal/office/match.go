package office

import (
	"context"
	"time"

	"zutuan/internal/casework"
	"zutuan/internal/funding"
	"zutuan/internal/gate"
	"zutuan/internal/loan"
	"zutuan/internal/match"
	"zutuan/internal/money"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

// Basis is everything that a result was computed from, so that it can be computed again: the rules, the day, the papers.
type Basis struct {
	// Engine is the version of the program's own computing and wording; see EngineVersion.
	Engine  string  `json:"engine"`
	Edition string  `json:"edition"`
	Date    string  `json:"date"`
	Papers  []Paper `json:"papers"`
	// Products are those that were asked; empty: all in force.
	Products []string `json:"products,omitempty"`
	// Overrides are the parameters that were replaced in the region.
	Overrides []OverrideUsed `json:"overrides,omitempty"`
}

// MatchBody is one match of a requirement: what every product said, and by what. It never changes.
type MatchBody struct {
	Requirement string `json:"requirement"`
	Basis       Basis  `json:"basis"`
	// InputHash is the SHA-256 of the basis; two matches of one basis are one record.
	InputHash string                  `json:"input_hash"`
	Counts    map[funding.Verdict]int `json:"counts"`
	Products  []MatchLine             `json:"products"`
	// AnswerHash is the SHA-256 of the whole answer, which GET …/answer computes again and compares.
	AnswerHash string `json:"answer_hash"`
	Author     string `json:"author"`
}

// MatchLine is what one product said, in short.
type MatchLine struct {
	Product     string          `json:"product"`
	Version     int             `json:"version"`
	Institution string          `json:"institution"`
	Name        funding.Text    `json:"name"`
	Verdict     funding.Verdict `json:"verdict"`
	Rank        int             `json:"rank,omitempty"`
	DominatedBy string          `json:"dominated_by,omitempty"`
	// Failed and Undecided are the musts and shoulds that did not pass, by id.
	Failed    []string      `json:"failed,omitempty"`
	Undecided []string      `json:"undecided,omitempty"`
	Size      *money.Amount `json:"size,omitempty"`
	AllInCost loan.Measure  `json:"all_in_cost"`
	Score     string        `json:"score,omitempty"`
}

// Match is a match as people see it.
type Match struct {
	Meta
	MatchBody
}

var matches = noun[MatchBody]{store.KindMatch, func(b *MatchBody) store.Fields {
	return store.Fields{"requirement": store.Text(b.Requirement), "input_hash": store.Text(b.InputHash), "offers": store.Count(int64(b.Counts[funding.VerdictEligible] + b.Counts[funding.VerdictConditional]))}
}}

// MatchRequirement asks every product in force on a day, or the named ones, and keeps what they said. The zero day is
// today. Asking the same again gives the same record.
func (o *Office) MatchRequirement(ctx context.Context, actor permit.Actor, id string, date time.Time, products []string) (Match, error) {
	record, body, err := o.requirement(ctx, actor, permit.OperationMatchCreate, id)
	if err != nil {
		return Match{}, err
	}
	return o.matchNow(ctx, record, &body, date, products, who(actor))
}

// matchNow finds the match of the same input, or carries it out. Matches do not change and follow from their input alone.
func (o *Office) matchNow(ctx context.Context, record store.Record, body *RequirementBody, date time.Time, products []string, author string) (Match, error) {
	worked, err := o.prepareWork(ctx, record, body, date, products)
	if err != nil {
		return Match{}, err
	}
	// The id follows from the input, so the same question twice is one record; the author of the second is not kept.
	inputHash := worked.basis.hash()
	matchID := "m_" + hashOf([]byte(record.ID + inputHash))[:40]
	made, kept, err := matches.get(ctx, o, matchID)
	if err == nil || !isCode(err, "not_found") {
		return Match{metaOf(made), kept}, err
	}
	if worked.matching, err = o.rework(worked.edition, worked.papers, worked.basis); err != nil {
		return Match{}, err
	}
	kept = MatchBody{Requirement: record.ID, Basis: worked.basis, InputHash: inputHash, AnswerHash: hashOf(worked.matching.Match.AppendAnswer(nil)), Author: author}
	kept.Products, kept.Counts = matchLines(worked.matching.Match)
	if err := o.keepPapers(ctx, worked.papers); err != nil {
		return Match{}, err
	}
	made, err = matches.create(ctx, o, matchID, record.Region, &kept, store.Change{Who: author, Action: "match"})
	if unlessExists(err) != nil {
		return Match{}, err
	}
	if err != nil {
		if made, kept, err = matches.get(ctx, o, matchID); err != nil {
			return Match{}, err
		}
	}
	return Match{metaOf(made), kept}, nil
}

// worked is a requirement with everything that belongs to it, matched.
type worked struct {
	edition  *Edition
	papers   *papers
	matching *casework.Matching
	basis    Basis
}

// work gathers the papers of a requirement and matches it under the current rules.
func (o *Office) work(ctx context.Context, record store.Record, body *RequirementBody, date time.Time, products []string) (*worked, error) {
	worked, err := o.prepareWork(ctx, record, body, date, products)
	if err != nil {
		return nil, err
	}
	worked.matching, err = o.rework(worked.edition, worked.papers, worked.basis)
	return worked, err
}

// prepareWork is work without the match.
func (o *Office) prepareWork(ctx context.Context, record store.Record, body *RequirementBody, date time.Time, products []string) (*worked, error) {
	if date.IsZero() {
		date = o.Today()
	}
	edition, err := o.Edition(ctx)
	if err != nil {
		return nil, err
	}
	if err := knownProducts(edition, products); err != nil {
		return nil, err
	}
	p, err := o.gather(ctx, record, body, date)
	if err != nil {
		return nil, err
	}
	overrides, err := o.overridesOf(ctx, record.Region, date)
	if err != nil {
		return nil, err
	}
	basis := Basis{Engine: EngineVersion, Edition: edition.ID, Date: day(date), Papers: p.list(), Products: products, Overrides: overrides}
	return &worked{edition: edition, papers: p, basis: basis}, nil
}

// rework matches papers as a basis says, now or years later.
func (o *Office) rework(edition *Edition, p *papers, basis Basis) (*casework.Matching, error) {
	kase, err := p.read()
	if err != nil {
		return nil, err
	}
	matching, err := edition.Desk.Match(kase, casework.Asked{Date: parseDay(basis.Date), Products: basis.Products, Overrides: overridesUsed(basis.Overrides, kase.Region())})
	if err != nil {
		return nil, problems(err, "")
	}
	return matching, nil
}

// hash names a basis by its content.
func (b Basis) hash() string {
	text, err := store.Canonical(b)
	if err != nil {
		// A Basis holds texts and numbers only, which always encode.
		panic(err)
	}
	return hashOf(text)
}

func knownProducts(edition *Edition, wanted []string) error {
	known := map[string]bool{}
	for _, product := range edition.Desk.Library.Products {
		known[product.ID] = true
	}
	refused := refuse.New(refuse.KindInvalid, "product", "没有所指的产品", "there is no such product")
	for _, id := range wanted {
		if !known[id] {
			refused.With(refuse.Point{Code: "product", Pointer: "/products", ZH: "没有产品 " + id, EN: "there is no product " + id})
		}
	}
	if len(refused.Points) > 0 {
		return refused
	}
	return nil
}

// matchLines says in short what every product said, in the order of the answer, and counts the verdicts.
func matchLines(m *match.Match) ([]MatchLine, map[funding.Verdict]int) {
	lines, counts := make([]MatchLine, 0, len(m.Outcomes)), map[funding.Verdict]int{}
	for _, i := range m.InOrder() {
		outcome := &m.Outcomes[i]
		p := outcome.Product
		line := MatchLine{Product: p.ID, Version: p.Version, Institution: p.Institution, Name: p.Name, Verdict: outcome.Verdict, Rank: outcome.Rank, DominatedBy: outcome.DominatedBy}
		for k, result := range outcome.Results {
			switch result {
			case match.ResultFailed:
				line.Failed = append(line.Failed, p.Rules[k].ID)
			case match.ResultUndecided:
				line.Undecided = append(line.Undecided, p.Rules[k].ID)
			}
		}
		if offer := outcome.Offer; offer != nil {
			if line.AllInCost = offer.AllInCost; offer.Size > 0 {
				line.Size = &offer.Size
			}
		}
		if outcome.Rank > 0 {
			line.Score = outcome.Score.Total.StringFixed(money.RatioDecimals)
		}
		lines = append(lines, line)
		counts[outcome.Verdict]++
	}
	return lines, counts
}

// GetMatch reads a match.
func (o *Office) GetMatch(ctx context.Context, actor permit.Actor, id string) (Match, error) {
	record, body, err := o.matchRecord(ctx, actor, id)
	return Match{metaOf(record), body}, err
}

func (o *Office) matchRecord(ctx context.Context, actor permit.Actor, id string) (store.Record, MatchBody, error) {
	return readResult(ctx, o, actor, matches, permit.OperationMatchRead, id)
}

// ListMatches lists the matches of a requirement, newest first.
func (o *Office) ListMatches(ctx context.Context, actor permit.Actor, requirement string, paging Paging) (Page[Match], error) {
	if _, _, err := o.requirement(ctx, actor, permit.OperationMatchRead, requirement); err != nil {
		return Page[Match]{}, err
	}
	page, err := o.store.List(ctx, store.Query{Kind: store.KindMatch, Where: []store.Filter{store.Equal("requirement", store.Text(requirement))}, Sort: store.FieldCreated, Descending: true, Limit: paging.Limit, After: paging.After})
	return pageOf(page, err, func(r store.Record) (Match, error) {
		body, err := bodyOf[MatchBody](r)
		return Match{metaOf(r), body}, err
	})
}

// ReplayMatch computes a match again from its rules, its day and its papers as they were.
func (o *Office) ReplayMatch(ctx context.Context, actor permit.Actor, id string) (Replay, error) {
	record, body, err := o.matchRecord(ctx, actor, id)
	if err != nil {
		return Replay{}, err
	}
	return o.replay(ctx, record.Region, body.Basis, body.AnswerHash, func(edition *Edition, p *papers) ([]byte, error) {
		matching, err := o.rework(edition, p, body.Basis)
		if err != nil {
			return nil, err
		}
		return matching.Match.AppendAnswer(nil), nil
	})
}

// SimulateRequirement is the cash flow of a stored requirement with its papers, before financing.
func (o *Office) SimulateRequirement(ctx context.Context, actor permit.Actor, id string) (*casework.Case, error) {
	record, body, err := o.requirement(ctx, actor, permit.OperationRequirementRead, id)
	if err != nil {
		return nil, err
	}
	if permit.ScopeOf(actor.Role, permit.OperationRequirementRead) == permit.ScopeMatched {
		return nil, forbidden(permit.OperationRequirementRead)
	}
	p, err := o.gather(ctx, record, &body, o.Today())
	if err != nil {
		return nil, err
	}
	return p.read()
}

// open reports whether a requirement takes part in matching in the background.
func (b *RequirementBody) open() bool { return b.Status == gate.StatusSubmitted }
