package office

import (
	"context"
	"fmt"
	"strings"
	"time"

	"zutuan/internal/funding"
	"zutuan/internal/gate"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

// PackType says what a version is a version of.
type PackType string

const (
	PackProduct PackType = "product"
	PackRisk    PackType = "risk"
	PackStress  PackType = "stress"
)

// VersionBody is a published version of a product or pack. Its text never changes; status and the last day do.
type VersionBody struct {
	Type PackType `json:"type"`
	// Pack is the id of the product or pack, Number the version: the record's id is "pack@number".
	Pack        string       `json:"pack"`
	Number      int          `json:"number"`
	Institution string       `json:"institution,omitempty"`
	Name        funding.Text `json:"name"`
	// Text is the file as it was published, Digest its SHA-256.
	Text   string      `json:"text"`
	Digest string      `json:"digest"`
	Status gate.Status `json:"status"`
	// EffectiveFrom and EffectiveTo are days; an empty EffectiveTo is open. Of several versions in force on a day the newest
	// counts, so the one before needs no end.
	EffectiveFrom string `json:"effective_from"`
	EffectiveTo   string `json:"effective_to,omitempty"`
	Author        string `json:"author"`
	Reviewer      string `json:"reviewer,omitempty"`
	// Draft is the draft it was published from, Impact the impact that the reviewer saw, by its snapshot.
	Draft  string `json:"draft,omitempty"`
	Impact string `json:"impact,omitempty"`
	// Reason is why it was published, or why it was retired.
	Reason string `json:"reason,omitempty"`
}

// Version is a published version as people see it.
type Version struct {
	Meta
	VersionBody
}

// versionID is the id of a version's record.
func versionID(pack string, number int) string { return fmt.Sprintf("%s@%d", pack, number) }

// kindOfVersion says which kind of record keeps the versions of a type.
func kindOfVersion(t PackType) string {
	if t == PackProduct {
		return store.KindProductVersion
	}
	return store.KindPackVersion
}

func versionFields(b *VersionBody) store.Fields {
	fields := store.Fields{"status": store.Text(string(b.Status)), "author": store.Text(b.Author), "effective_from": store.Time(parseDay(b.EffectiveFrom))}
	if to := parseDay(b.EffectiveTo); !to.IsZero() {
		fields["effective_to"] = store.Time(to)
	}
	if b.Type == PackProduct {
		fields["product"], fields["institution"] = store.Text(b.Pack), store.Text(b.Institution)
	} else {
		fields["pack"], fields["type"] = store.Text(b.Pack), store.Text(string(b.Type))
	}
	return fields
}

var (
	productVersions = noun[VersionBody]{store.KindProductVersion, versionFields}
	packVersions    = noun[VersionBody]{store.KindPackVersion, versionFields}
)

func versionsOf(t PackType) noun[VersionBody] {
	if t == PackProduct {
		return productVersions
	}
	return packVersions
}

func versionView(r store.Record) (Version, error) {
	body, err := bodyOf[VersionBody](r)
	return Version{metaOf(r), body}, err
}

// VersionFilter narrows a list of versions.
type VersionFilter struct {
	// Type is product, or risk and stress together where it is not.
	Type PackType
	// Pack is one product or pack; empty for all. Institution and Status likewise.
	Pack, Institution string
	Status            gate.Status
}

// ListVersions lists published versions, newest first. Published terms are no secret.
func (o *Office) ListVersions(ctx context.Context, actor permit.Actor, filter VersionFilter, paging Paging) (Page[Version], error) {
	operation, kind := permit.OperationPackRead, kindOfVersion(filter.Type)
	if filter.Type == PackProduct {
		operation = permit.OperationProductRead
	}
	if err := allowed(actor, operation); err != nil {
		return Page[Version]{}, err
	}
	query := store.Query{Kind: kind, Sort: store.FieldUpdated, Descending: true, Limit: paging.Limit, After: paging.After}
	name := "pack"
	if filter.Type == PackProduct {
		name = "product"
	} else if filter.Type != "" {
		query.Where = append(query.Where, store.Equal("type", store.Text(string(filter.Type))))
	}
	if filter.Pack != "" {
		query.Where = append(query.Where, store.Equal(name, store.Text(filter.Pack)))
	}
	if filter.Institution != "" && filter.Type == PackProduct {
		query.Where = append(query.Where, store.Equal("institution", store.Text(filter.Institution)))
	}
	if filter.Status != "" {
		query.Where = append(query.Where, store.Equal("status", store.Text(string(filter.Status))))
	}
	page, err := o.store.List(ctx, query)
	return pageOf(page, err, versionView)
}

// GetVersion reads one published version, "cdb-park-infrastructure@2".
func (o *Office) GetVersion(ctx context.Context, actor permit.Actor, t PackType, id string) (Version, error) {
	operation := permit.OperationPackRead
	if t == PackProduct {
		operation = permit.OperationProductRead
	}
	if err := allowed(actor, operation); err != nil {
		return Version{}, err
	}
	if !strings.Contains(id, "@") {
		return Version{}, refuse.Unknown(kindOfVersion(t), id)
	}
	record, body, err := versionsOf(t).get(ctx, o, id)
	return Version{metaOf(record), body}, err
}

// inForce reports whether a version holds on a day.
func (b *VersionBody) inForce(date time.Time) bool {
	return funding.InForce(parseDay(b.EffectiveFrom), parseDay(b.EffectiveTo), date)
}
