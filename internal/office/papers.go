package office

import (
	"context"
	"encoding/json"
	"time"

	"zutuan/internal/casework"
	"zutuan/internal/store"
)

// Paper is one document that a result read, by the record and version it stood in.
type Paper struct {
	Kind    string `json:"kind"`
	ID      string `json:"id"`
	Version int64  `json:"version"`
	// Hash is the SHA-256 of the document, and the id of the snapshot that keeps it.
	Hash string `json:"hash"`
	// AsOf is the day of a ledger's balances.
	AsOf string `json:"as_of,omitempty"`
}

// papers are the documents of one case as they stand now.
type papers struct {
	region                      string
	requirement, ledger, fiscal Paper
	texts                       map[string]json.RawMessage // by kind
}

// gather finds what belongs to a requirement: the ledger and the latest fiscal profile of its region, or of the nearest
// region above that has one; a province's figures say nothing of a county, so the search ends below it.
func (o *Office) gather(ctx context.Context, record store.Record, body *RequirementBody, date time.Time) (*papers, error) {
	p := &papers{region: record.Region, texts: map[string]json.RawMessage{store.KindRequirement: body.Document}}
	p.requirement = Paper{Kind: store.KindRequirement, ID: record.ID, Version: record.Version, Hash: body.DocumentHash}
	above, err := o.above(ctx, record.Region)
	if err != nil {
		return nil, err
	}
	for _, region := range above {
		if p.ledger.ID == "" {
			if err := o.gatherLedger(ctx, p, region); err != nil {
				return nil, err
			}
		}
		if p.fiscal.ID == "" {
			if err := o.gatherFiscal(ctx, p, region, date); err != nil {
				return nil, err
			}
		}
	}
	return p, nil
}

// above lists a region and those above it, up to but without the province.
func (o *Office) above(ctx context.Context, region string) ([]string, error) {
	tree, levels, err := o.places(ctx)
	if err != nil {
		return nil, err
	}
	list := []string{region}
	for next := tree.Parent(region); next != "" && rankOf(levels[next]) > rankOf("province") && len(list) < len(RegionLevels); next = tree.Parent(next) {
		list = append(list, next)
	}
	return list, nil
}

func (o *Office) gatherLedger(ctx context.Context, p *papers, region string) error {
	record, body, err := ledgers.get(ctx, o, region)
	if isCode(err, "not_found") {
		return nil
	}
	if err != nil {
		return err
	}
	p.ledger = Paper{Kind: store.KindLedger, ID: record.ID, Version: record.Version, Hash: body.DocumentHash, AsOf: body.AsOf}
	p.texts[store.KindLedger] = body.Document
	return nil
}

// gatherFiscal takes the latest profile that is not of a year after the date.
func (o *Office) gatherFiscal(ctx context.Context, p *papers, region string, date time.Time) error {
	page, err := o.store.List(ctx, store.Query{Kind: store.KindFiscalProfile, Sort: "year", Descending: true, Limit: 1,
		Where: []store.Filter{store.Regions([]string{region}), store.Less("year", store.Count(int64(date.Year()+1)))}})
	if err != nil || len(page.Records) == 0 {
		return err
	}
	record := page.Records[0]
	body, err := bodyOf[FiscalBody](record)
	if err != nil {
		return err
	}
	p.fiscal = Paper{Kind: store.KindFiscalProfile, ID: record.ID, Version: record.Version, Hash: body.DocumentHash}
	p.texts[store.KindFiscalProfile] = body.Document
	return nil
}

// list names the papers that there are.
func (p *papers) list() []Paper {
	var list []Paper
	for _, paper := range []Paper{p.requirement, p.ledger, p.fiscal} {
		if paper.ID != "" {
			list = append(list, paper)
		}
	}
	return list
}

// read joins the papers to a case.
func (p *papers) read() (*casework.Case, error) {
	file := func(kind, name string) casework.File {
		text, ok := p.texts[kind]
		if !ok {
			return casework.File{}
		}
		return casework.File{Name: name, Data: text}
	}
	kase, err := casework.ReadCase(casework.Papers{Requirement: file(store.KindRequirement, "requirement.json"), Ledger: file(store.KindLedger, "ledger.json"),
		Fiscal: file(store.KindFiscalProfile, "fiscal.json"), LedgerAsOf: parseDay(p.ledger.AsOf)})
	if err != nil {
		return nil, problems(err, "")
	}
	return kase, nil
}

// keepPapers keeps every paper as a snapshot, so that a result that names them can be computed again.
func (o *Office) keepPapers(ctx context.Context, p *papers) error {
	for _, paper := range p.list() {
		if _, err := o.keep(ctx, p.region, p.texts[paper.Kind]); err != nil {
			return err
		}
	}
	return nil
}

// recallPapers reads the papers of an old result.
func (o *Office) recallPapers(ctx context.Context, region string, list []Paper) (*papers, error) {
	p := &papers{region: region, texts: map[string]json.RawMessage{}}
	for _, paper := range list {
		text, err := o.recall(ctx, paper.Hash)
		if err != nil {
			return nil, err
		}
		p.texts[paper.Kind] = text
		switch paper.Kind {
		case store.KindRequirement:
			p.requirement = paper
		case store.KindLedger:
			p.ledger = paper
		case store.KindFiscalProfile:
			p.fiscal = paper
		}
	}
	return p, nil
}
