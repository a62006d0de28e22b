package office

import (
	"context"
	"errors"
	"io/fs"
	"slices"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

// InstitutionBody is one that offers products. Its capital comes from an annual report; until somebody enters it, the limits
// on loans to one borrower are undecided for it, and no plan that borrows from it can become final.
type InstitutionBody struct {
	Name funding.Text `json:"name"`
	Type string       `json:"type"`
	// NetCapital (资本净额) and Tier1 (一级资本净额) are in yuan, as of the day AsOf; absent where they are not known.
	NetCapital *money.Amount `json:"net_capital,omitempty"`
	Tier1      *money.Amount `json:"tier1,omitempty"`
	AsOf       string        `json:"as_of,omitempty"`
	Note       string        `json:"note,omitempty"`
}

// record is the institution as the rules see it.
func (b *InstitutionBody) record(id string) funding.Institution {
	return funding.Institution{ID: id, Name: b.Name, Type: b.Type, NetCapital: b.NetCapital, Tier1: b.Tier1, AsOf: parseDay(b.AsOf), Note: b.Note}
}

// Institution is an institution as people see it.
type Institution struct {
	Meta
	InstitutionBody
}

var institutions = noun[InstitutionBody]{store.KindInstitution, func(b *InstitutionBody) store.Fields {
	return store.Fields{"name": store.Text(b.Name.ZH), "type": store.Text(b.Type)}
}}

// ListInstitutions lists all, by name.
func (o *Office) ListInstitutions(ctx context.Context, actor permit.Actor, paging Paging) (Page[Institution], error) {
	if err := allowed(actor, permit.OperationInstitutionRead); err != nil {
		return Page[Institution]{}, err
	}
	page, err := o.store.List(ctx, store.Query{Kind: store.KindInstitution, Sort: "name", Limit: paging.Limit, After: paging.After})
	return pageOf(page, err, func(r store.Record) (Institution, error) {
		body, err := bodyOf[InstitutionBody](r)
		return Institution{metaOf(r), body}, err
	})
}

// GetInstitution reads one.
func (o *Office) GetInstitution(ctx context.Context, actor permit.Actor, id string) (Institution, error) {
	if err := allowed(actor, permit.OperationInstitutionRead); err != nil {
		return Institution{}, err
	}
	record, body, err := institutions.get(ctx, o, id)
	return Institution{metaOf(record), body}, err
}

// InstitutionTrail is the audit trail of an institution: who entered which capital decides what the gate lets pass.
func (o *Office) InstitutionTrail(ctx context.Context, actor permit.Actor, id string) ([]TrailEntry, error) {
	if err := allowed(actor, permit.OperationInstitutionRead); err != nil {
		return nil, err
	}
	return o.trail(ctx, store.KindInstitution, id)
}

// CreateInstitution adds one.
func (o *Office) CreateInstitution(ctx context.Context, actor permit.Actor, id string, body InstitutionBody) (Institution, error) {
	if err := allowed(actor, permit.OperationInstitutionWrite); err != nil {
		return Institution{}, err
	}
	if err := checkInstitution(&body); err != nil {
		return Institution{}, err
	}
	record, err := institutions.create(ctx, o, id, "", &body, store.Change{Who: who(actor), Action: "create"})
	o.rulesChanged()
	return Institution{metaOf(record), body}, err
}

// UpdateInstitution changes one.
func (o *Office) UpdateInstitution(ctx context.Context, actor permit.Actor, id string, expected int64, body InstitutionBody) (Institution, error) {
	if err := errors.Join(allowed(actor, permit.OperationInstitutionWrite), conditional(expected)); err != nil {
		return Institution{}, err
	}
	if err := checkInstitution(&body); err != nil {
		return Institution{}, err
	}
	record, _, err := institutions.update(ctx, o, id, expected, store.Change{Who: who(actor), Action: "update"}, func(_ store.Record, kept *InstitutionBody) error {
		*kept = body
		return nil
	})
	o.rulesChanged()
	return Institution{metaOf(record), body}, err
}

func checkInstitution(body *InstitutionBody) error {
	refused := refuse.New(refuse.KindInvalid, "institution", "机构信息有误", "the institution has mistakes")
	if body.Name.ZH == "" {
		refused.With(refuse.Point{Code: "missing", Pointer: "/name/zh", ZH: "请填写机构的中文名称", EN: "give the institution's Chinese name"})
	}
	if !slices.Contains(funding.InstitutionTypes, body.Type) {
		refused.With(refuse.Point{Code: "enum", Pointer: "/type", ZH: "机构类型不在允许的范围内", EN: "the type is not one of those allowed"})
	}
	if (body.NetCapital != nil || body.Tier1 != nil) && parseDay(body.AsOf).IsZero() {
		refused.With(refuse.Point{Code: "missing", Pointer: "/as_of", ZH: "请写明资本数据的截止日，如 2025-12-31", EN: "say of which day the capital is, such as 2025-12-31"})
	}
	for _, capital := range []struct {
		pointer string
		amount  *money.Amount
	}{{"/net_capital", body.NetCapital}, {"/tier1", body.Tier1}} {
		if capital.amount != nil && *capital.amount <= 0 {
			refused.With(refuse.Point{Code: "amount", Pointer: capital.pointer, ZH: "资本应大于零；不清楚时请不要填写", EN: "capital is above zero; leave it out where it is not known"})
		}
	}
	if body.NetCapital != nil && body.Tier1 != nil && *body.Tier1 > *body.NetCapital {
		refused.With(refuse.Point{Code: "order", Pointer: "/tier1", ZH: "一级资本净额不会超过资本净额", EN: "tier-1 capital is never above net capital"})
	}
	if len(refused.Points) > 0 {
		return refused
	}
	return nil
}

// isCode reports whether an error is a refusal of a code.
func isCode(err error, code string) bool {
	var refused *refuse.Error
	return errors.As(err, &refused) && refused.Code == code
}

func readText(files fs.FS, name string) (string, error) {
	data, err := fs.ReadFile(files, name)
	return string(data), err
}
