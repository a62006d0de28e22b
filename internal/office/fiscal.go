package office

import (
	"context"
	"encoding/json"
	"fmt"

	"zutuan/internal/funding"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

// FiscalBody is the fiscal profile of one region and year.
type FiscalBody struct {
	// Document is a zutuan/fiscal/v1 as canonical JSON.
	Document     json.RawMessage `json:"document"`
	DocumentHash string          `json:"document_hash"`
	Year         int             `json:"year"`
}

// Fiscal is a profile as people see it; its id is "region:year".
type Fiscal struct {
	Meta
	FiscalBody
}

var fiscals = noun[FiscalBody]{store.KindFiscalProfile, func(b *FiscalBody) store.Fields { return store.Fields{"year": store.Count(int64(b.Year))} }}

func fiscalID(region string, year int) string { return fmt.Sprintf("%s:%d", region, year) }

// ListFiscal lists the profiles of a region, the latest year first.
func (o *Office) ListFiscal(ctx context.Context, actor permit.Actor, region string, paging Paging) (Page[Fiscal], error) {
	if err := o.inRegion(ctx, actor, permit.OperationFiscalRead, permit.OperationFiscalRead, store.KindFiscalProfile, region); err != nil {
		return Page[Fiscal]{}, err
	}
	page, err := o.store.List(ctx, store.Query{Kind: store.KindFiscalProfile, Where: []store.Filter{store.Regions([]string{region})}, Sort: "year", Descending: true, Limit: paging.Limit, After: paging.After})
	return pageOf(page, err, func(r store.Record) (Fiscal, error) {
		body, err := bodyOf[FiscalBody](r)
		return Fiscal{metaOf(r), body}, err
	})
}

// GetFiscal reads one profile.
func (o *Office) GetFiscal(ctx context.Context, actor permit.Actor, region string, year int) (Fiscal, error) {
	if err := o.inRegion(ctx, actor, permit.OperationFiscalRead, permit.OperationFiscalRead, store.KindFiscalProfile, region); err != nil {
		return Fiscal{}, err
	}
	record, body, err := fiscals.get(ctx, o, fiscalID(region, year))
	return Fiscal{metaOf(record), body}, err
}

// FiscalTrail is the audit trail of a profile.
func (o *Office) FiscalTrail(ctx context.Context, actor permit.Actor, region string, year int) ([]TrailEntry, error) {
	if err := o.inRegion(ctx, actor, permit.OperationFiscalRead, permit.OperationFiscalRead, store.KindFiscalProfile, region); err != nil {
		return nil, err
	}
	return o.trail(ctx, store.KindFiscalProfile, fiscalID(region, year))
}

// PutFiscal replaces the profile of a region and year; expected is 0 for the first. Plans that were assessed with the
// old one go back to draft.
func (o *Office) PutFiscal(ctx context.Context, actor permit.Actor, region string, year int, expected int64, text []byte) (Fiscal, error) {
	if err := o.inRegion(ctx, actor, permit.OperationFiscalWrite, permit.OperationFiscalRead, store.KindFiscalProfile, region); err != nil {
		return Fiscal{}, err
	}
	profile, err := funding.ReadFiscalProfile("fiscal.json", text)
	if err != nil {
		return Fiscal{}, problems(err, "")
	}
	refused := refuse.New(refuse.KindInvalid, "fiscal", "财政概况与所放的位置不符", "the fiscal profile does not belong where it was put")
	if profile.Year != year {
		refused.With(refuse.Point{Code: "year", Pointer: "/year", ZH: fmt.Sprintf("内容是 %d 年的，应为 %d 年", profile.Year, year), EN: fmt.Sprintf("the content is of %d, not of %d", profile.Year, year)})
	}
	if profile.Region != region {
		refused.With(refuse.Point{Code: "region", Pointer: "/region", ZH: fmt.Sprintf("内容是 %s 的，应为 %s", profile.Region, region), EN: fmt.Sprintf("the content is of %s, not of %s", profile.Region, region)})
	}
	if len(refused.Points) > 0 {
		return Fiscal{}, refused
	}
	document, err := store.Canonical(json.RawMessage(text))
	if err != nil {
		return Fiscal{}, err
	}
	body := FiscalBody{Document: document, DocumentHash: hashOf(document), Year: year}
	record, err := put(ctx, o, fiscals, fiscalID(region, year), region, expected, who(actor), &body)
	if err != nil {
		return Fiscal{}, err
	}
	return Fiscal{metaOf(record), body}, o.inputsChanged(ctx, region)
}

// fiscalYear is the year that a profile says it is of.
func fiscalYear(text []byte) (int, error) {
	profile, err := funding.ReadFiscalProfile("fiscal.json", text)
	if err != nil {
		return 0, problems(err, "")
	}
	return profile.Year, nil
}
