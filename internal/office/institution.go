package office

import (
	"context"
	"errors"
	"io/fs"
	"slices"

	"zutuan/internal/funding"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

// InstitutionBody is one that offers products. Its capital, which limits on one borrower go by, stands in the rules'
// base with its source; here is who it is.
type InstitutionBody struct {
	Name funding.Text `json:"name"`
	Type string       `json:"type"`
	Note string       `json:"note,omitempty"`
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

// CreateInstitution adds one.
func (o *Office) CreateInstitution(ctx context.Context, actor permit.Actor, id string, body InstitutionBody) (Institution, error) {
	if err := allowed(actor, permit.OperationInstitutionWrite); err != nil {
		return Institution{}, err
	}
	if err := checkInstitution(&body); err != nil {
		return Institution{}, err
	}
	record, err := institutions.create(ctx, o, id, "", &body, store.Change{Who: who(actor), Action: "create"})
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
