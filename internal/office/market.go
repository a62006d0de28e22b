package office

import (
	"context"
	"encoding/json"
	"errors"

	"zutuan/internal/document"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/rulepack"
	"zutuan/internal/store"
)

// MarketBody is one addition to the dated market data: a document zutuan/market/v1 whose values add to those before.
type MarketBody struct {
	Document json.RawMessage `json:"document"`
	// Source says where the figures were read.
	Source string `json:"source"`
	Author string `json:"author"`
}

// MarketData is one addition as people see it. It never changes; a mistake is mended by a later one.
type MarketData struct {
	Meta
	MarketBody
}

var markets = noun[MarketBody]{kind: store.KindMarket}

// AddMarketData adds dated values; open requirements are matched again.
func (o *Office) AddMarketData(ctx context.Context, actor permit.Actor, body MarketBody) (MarketData, error) {
	if err := allowed(actor, permit.OperationMarketWrite); err != nil {
		return MarketData{}, err
	}
	edition, err := o.Edition(ctx)
	if err != nil {
		return MarketData{}, err
	}
	if body.Source == "" {
		return MarketData{}, refuse.New(refuse.KindInvalid, "source", "请写明数据来源", "say where the figures were read").With(refuse.Point{Code: "missing", Pointer: "/source", ZH: "来源必填", EN: "the source is needed"})
	}
	market, err := rulepack.ReadMarket("market.json", body.Document)
	if err == nil {
		err = edition.Desk.Library.CheckMarket("market.json", market)
	}
	if err != nil {
		return MarketData{}, problems(err, "/document")
	}
	id, err := o.NewID("mkt")
	if err != nil {
		return MarketData{}, err
	}
	body.Author = who(actor)
	record, err := markets.create(ctx, o, id, "", &body, store.Change{Who: who(actor), Action: "add"})
	if err != nil {
		return MarketData{}, err
	}
	o.rulesChanged()
	return MarketData{metaOf(record), body}, nil
}

// ListMarketData lists additions, newest first.
func (o *Office) ListMarketData(ctx context.Context, actor permit.Actor, paging Paging) (Page[MarketData], error) {
	if err := allowed(actor, permit.OperationMarketRead); err != nil {
		return Page[MarketData]{}, err
	}
	page, err := o.store.List(ctx, store.Query{Kind: store.KindMarket, Sort: store.FieldCreated, Descending: true, Limit: paging.Limit, After: paging.After})
	return pageOf(page, err, func(r store.Record) (MarketData, error) {
		body, err := bodyOf[MarketBody](r)
		return MarketData{metaOf(r), body}, err
	})
}

// marketOf joins the base's market data with additions; nil where there are none.
func (o *Office) marketOf(ctx context.Context, base *rulepack.Library, ids []string) (*rulepack.Market, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var later []*rulepack.Market
	for _, id := range ids {
		_, body, err := markets.get(ctx, o, id)
		if err != nil {
			return nil, err
		}
		market, err := rulepack.ReadMarket(id, body.Document)
		if err != nil {
			return nil, err
		}
		later = append(later, market)
	}
	return rulepack.MergeMarket(base.Market, later...), nil
}

// problems turns what a strict reader reports into a refusal; prefix is where the document stands in the request.
func problems(err error, prefix string) error {
	var found document.Problems
	if errors.As(err, &found) {
		return refuse.Problems(found, prefix)
	}
	return err
}

// rulesChanged makes the new rules seen, and wakes whoever works through their consequences.
func (o *Office) rulesChanged() {
	o.refresh()
	o.wake()
}

// wake tells the watcher of changes that something was written.
func (o *Office) wake() {
	select {
	case o.watch <- struct{}{}:
	default:
	}
}
