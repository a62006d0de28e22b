package office

import (
	"context"

	"zutuan/internal/match"
	"zutuan/internal/permit"
	"zutuan/internal/rulecheck"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
	"zutuan/internal/store"
)

// DraftFinding is what analysis found in a draft, with the stored requirements that fall there.
type DraftFinding struct {
	rulecheck.Finding
	// Stored are up to five open requirements that fall where the finding is and that whoever asks may see, in the order in
	// which they were handed in; StoredCount counts all that fall there.
	Stored      []StoredCase `json:"stored"`
	StoredCount int          `json:"stored_count"`
}

// StoredCase is a stored requirement.
type StoredCase struct {
	Requirement string `json:"requirement"`
	Name        string `json:"name"`
	Region      string `json:"region"`
}

// storedShown is how many requirements are named with a finding.
const storedShown = 5

// AnalyseDraft looks for rules that can never fail or pass, contradict one another, or leave gaps, each with a witness and
// with the open requirements that fall there today.
func (o *Office) AnalyseDraft(ctx context.Context, actor permit.Actor, id string) ([]DraftFinding, error) {
	_, body, err := o.draft(ctx, actor, id, toRead)
	if err != nil {
		return nil, err
	}
	v, err := o.viewpoint(ctx)
	if err != nil {
		return nil, err
	}
	library := v.edition.Desk.Library
	made := compileVersion(library, body.Type, draftFile, []byte(body.Text))
	if made.err != nil {
		return nil, problems(made.err, "/text")
	}
	reference := v.edition.reference(o.Today())
	var found []rulecheck.Finding
	switch body.Type {
	case PackProduct:
		// Whether it makes another product needless is asked of those in force; what it takes the place of is left out.
		found = append(rulecheck.AnalyseProduct(library, made.product, reference), rulecheck.Dominated(library, v.edition.Desk.InForce(v.date), made.product, reference)...)
	case PackRisk:
		found = rulecheck.AnalyseRiskPack(library, made.risk, reference)
	}
	out := make([]DraftFinding, len(found))
	for i := range found {
		out[i] = DraftFinding{Finding: found[i], Stored: []StoredCase{}}
	}
	if len(out) == 0 {
		return out, nil
	}
	return out, o.fallingThere(ctx, actor, v, made.product, out)
}

// fallingThere finds the open requirements that fall where each finding is. draft is the product that is analysed, nil for a
// pack, whose rules are asked with the facts of a requirement without a plan.
func (o *Office) fallingThere(ctx context.Context, actor permit.Actor, v *viewpoint, draft *rulepack.Product, findings []DraftFinding) error {
	see, err := o.seenRequirements(ctx, actor)
	if err != nil {
		return err
	}
	records, _, err := o.prepareAll(ctx, v, func(int, int) {})
	if err != nil {
		return err
	}
	falls := make([][]bool, len(records))
	names := make([]string, len(records))
	offers := offersAsked(v, draft, findings)
	err = spread(ctx, len(records), func(int, int) {}, func() func(int) error {
		return func(place int) error {
			r, err := v.prepare(ctx, records[place])
			if err != nil {
				return err
			}
			names[place], falls[place] = r.name, make([]bool, len(findings))
			offered := offers(r.prepared.Need)
			for i := range findings {
				facts := r.prepared.Need.Facts
				if finding := &findings[i].Finding; finding.OnOffer() {
					facts = offered(finding.Pack)
				}
				falls[place][i] = facts != nil && findings[i].Falls(facts)
			}
			return nil
		}
	})
	if err != nil {
		return err
	}
	for place, record := range records {
		for i := range findings {
			if !falls[place][i] {
				continue
			}
			findings[i].StoredCount++
			if len(findings[i].Stored) < storedShown && see(record) {
				findings[i].Stored = append(findings[i].Stored, StoredCase{Requirement: record.ID, Name: names[place], Region: record.Region})
			}
		}
	}
	return nil
}

// offersAsked returns what gives, for a need, the facts with the offer of a product that findings are about: the draft, or
// one that the draft dominates. nil facts: there is no such product.
func offersAsked(v *viewpoint, draft *rulepack.Product, findings []DraftFinding) func(*match.Need) func(pack string) *ruleexpr.Facts {
	catalogues := map[string]*match.Catalogue{}
	products := v.edition.Desk.InForce(v.date)
	if draft != nil {
		// The draft comes last and takes the place of the version in force.
		products = append(products, draft)
	}
	for _, product := range products {
		for i := range findings {
			if findings[i].Pack == product.ID && findings[i].OnOffer() {
				catalogues[product.ID] = match.NewCatalogue(v.edition.Desk.Library.Vocabulary, []*rulepack.Product{product})
			}
		}
	}
	return func(need *match.Need) func(string) *ruleexpr.Facts {
		known := map[string]*ruleexpr.Facts{}
		return func(pack string) *ruleexpr.Facts {
			if catalogues[pack] == nil {
				return nil
			}
			if known[pack] == nil {
				known[pack] = catalogues[pack].Match(need, match.Options{Workers: 1, RanksOnly: true}).Offered(0)
			}
			return known[pack]
		}
	}
}

// seenRequirements returns what says whether the actor may see an open requirement: those of the region, or those that a
// product of the institution matches.
func (o *Office) seenRequirements(ctx context.Context, actor permit.Actor) (func(store.Record) bool, error) {
	tree, err := o.Tree(ctx)
	if err != nil {
		return nil, err
	}
	matched := map[string]bool{}
	if permit.ScopeOf(actor.Role, permit.OperationRequirementRead) == permit.ScopeMatched {
		where := []store.Filter{store.Equal("institution", store.Text(actor.Institution)), store.Equal("status", store.Text(string(OfferOpen)))}
		err = o.each(ctx, store.Query{Kind: store.KindOffer, Where: where, WithoutBody: true}, func(r store.Record) error {
			matched[r.Fields["requirement"].Text()] = true
			return nil
		})
	}
	return func(record store.Record) bool {
		return permit.May(tree, actor, permit.OperationRequirementRead, permit.Subject{Region: record.Region, Matched: matched[record.ID]})
	}, err
}
