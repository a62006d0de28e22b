package office

import (
	"context"
	"errors"

	"zutuan/internal/funding"
	"zutuan/internal/gate"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

// OfferStatus says whether an institution still has an offer for a requirement.
type OfferStatus string

const (
	OfferOpen OfferStatus = "open"
	OfferLost OfferStatus = "lost"
)

// OfferBody is what one institution's products say to one submitted requirement, kept up to date in the background. It
// is what makes the requirement visible to the institution's liaisons.
type OfferBody struct {
	Requirement     string       `json:"requirement"`
	RequirementName string       `json:"requirement_name"`
	Zone            string       `json:"zone"`
	Institution     string       `json:"institution"`
	Status          OfferStatus  `json:"status"`
	Lines           []OfferLine  `json:"lines"`
	Size            money.Amount `json:"size"`
	// Date is the day of the match that gave it, and Standing the version of the requirement's standing that it follows.
	Date     string     `json:"date"`
	Standing int64      `json:"standing"`
	Note     *OfferNote `json:"note,omitempty"`
}

// OfferLine is one product's offer.
type OfferLine struct {
	Product   string          `json:"product"`
	Version   int             `json:"version"`
	Name      funding.Text    `json:"name"`
	Verdict   funding.Verdict `json:"verdict"`
	Size      *money.Amount   `json:"size,omitempty"`
	AllInCost loan.Measure    `json:"all_in_cost"`
}

// OfferNote is what a liaison says to an offer.
type OfferNote struct {
	Interested bool   `json:"interested"`
	Terms      string `json:"terms,omitempty"`
	Author     string `json:"author,omitempty"`
}

// Offer is an offer as people see it; its id is "requirement:institution".
type Offer struct {
	Meta
	OfferBody
}

var offers = noun[OfferBody]{store.KindOffer, func(b *OfferBody) store.Fields {
	return store.Fields{"requirement": store.Text(b.Requirement), "institution": store.Text(b.Institution), "status": store.Text(string(b.Status)),
		"interest": store.Bool(b.Note != nil && b.Note.Interested), "size": store.Amount(b.Size)}
}}

func offerID(requirement, institution string) string { return requirement + ":" + institution }

// matchedBy reports whether a liaison may see a requirement: it is submitted and a product of the institution matches.
func (o *Office) matchedBy(ctx context.Context, actor permit.Actor, requirement string, status gate.Status) (bool, error) {
	if actor.Institution == "" || status != gate.StatusSubmitted {
		return false, nil
	}
	record, err := o.store.Get(ctx, store.KindOffer, offerID(requirement, actor.Institution))
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil && record.Fields["status"].Text() == string(OfferOpen), err
}

// matchedRequirements lists what a liaison may see, the latest offers first.
func (o *Office) matchedRequirements(ctx context.Context, actor permit.Actor, paging Paging) (Page[Requirement], error) {
	where := []store.Filter{store.Equal("institution", store.Text(actor.Institution)), store.Equal("status", store.Text(string(OfferOpen)))}
	page, err := o.store.List(ctx, store.Query{Kind: store.KindOffer, Where: where, Sort: store.FieldUpdated, Descending: true, Limit: paging.Limit, After: paging.After, WithoutBody: true})
	out := Page[Requirement]{Items: []Requirement{}, Next: page.Next}
	if err != nil {
		return out, refusal(err)
	}
	for _, record := range page.Records {
		found, body, err := requirements.get(ctx, o, record.Fields["requirement"].Text())
		if err != nil {
			return out, err
		}
		if body.open() {
			body.Document = nil
			out.Items = append(out.Items, Requirement{metaOf(found), body})
		}
	}
	return out, nil
}

// ListOffers lists offers: a liaison those of the institution, others those for requirements in their region.
func (o *Office) ListOffers(ctx context.Context, actor permit.Actor, requirement string, status OfferStatus, paging Paging) (Page[Offer], error) {
	if err := allowed(actor, permit.OperationOfferRead); err != nil {
		return Page[Offer]{}, err
	}
	var where []store.Filter
	if permit.ScopeOf(actor.Role, permit.OperationOfferRead) == permit.ScopeInstitution {
		where = append(where, store.Equal("institution", store.Text(actor.Institution)))
	} else {
		visible, err := o.visible(ctx, actor, permit.OperationOfferRead, "")
		if err != nil {
			return Page[Offer]{}, err
		}
		where = visible
	}
	if requirement != "" {
		where = append(where, store.Equal("requirement", store.Text(requirement)))
	}
	if status != "" {
		where = append(where, store.Equal("status", store.Text(string(status))))
	}
	page, err := o.store.List(ctx, store.Query{Kind: store.KindOffer, Where: where, Sort: store.FieldUpdated, Descending: true, Limit: paging.Limit, After: paging.After})
	return pageOf(page, err, func(r store.Record) (Offer, error) {
		body, err := bodyOf[OfferBody](r)
		return Offer{metaOf(r), body}, err
	})
}

// GetOffer reads one offer.
func (o *Office) GetOffer(ctx context.Context, actor permit.Actor, id string) (Offer, error) {
	record, body, err := o.offer(ctx, actor, permit.OperationOfferRead, id)
	return Offer{metaOf(record), body}, err
}

func (o *Office) offer(ctx context.Context, actor permit.Actor, operation permit.Operation, id string) (store.Record, OfferBody, error) {
	if err := allowed(actor, operation); err != nil {
		return store.Record{}, OfferBody{}, err
	}
	record, body, err := offers.get(ctx, o, id)
	if err != nil {
		return record, body, err
	}
	if err := o.check(ctx, actor, operation, permit.OperationOfferRead, store.KindOffer, id, permit.Subject{Region: record.Region, Institution: body.Institution}); err != nil {
		return store.Record{}, OfferBody{}, err
	}
	return record, body, nil
}

// NoteOffer lets a liaison say whether the institution is interested, and on what indicative terms.
func (o *Office) NoteOffer(ctx context.Context, actor permit.Actor, id string, expected int64, note OfferNote) (Offer, error) {
	if _, _, err := o.offer(ctx, actor, permit.OperationOfferNote, id); err != nil {
		return Offer{}, err
	}
	if err := conditional(expected); err != nil {
		return Offer{}, err
	}
	note.Author = who(actor)
	record, body, err := offers.update(ctx, o, id, expected, store.Change{Who: who(actor), Action: "note"}, func(_ store.Record, kept *OfferBody) error {
		if kept.Status != OfferOpen {
			return refuse.New(refuse.KindConflict, "offer_lost", "该需求已不再符合本机构产品的条件，不能登记意向", "no product of the institution matches any more, so no interest can be noted")
		}
		kept.Note = &note
		return nil
	})
	return Offer{metaOf(record), body}, err
}
