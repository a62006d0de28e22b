package office

import (
	"context"
	"slices"
	"strings"
	"time"

	"zutuan/internal/permit"
	"zutuan/internal/store"
)

// defaultPage is how many items a page has where nobody says.
const defaultPage = 50

// VersionsInForce lists the version of each product, or of each pack, that counts on a day, by id and without the texts.
// The zero day is today. institution narrows products to those of one institution.
func (o *Office) VersionsInForce(ctx context.Context, actor permit.Actor, filter VersionFilter, date time.Time, paging Paging) (Page[Version], error) {
	page := Page[Version]{Items: []Version{}}
	operation := permit.OperationPackRead
	if filter.Type == PackProduct {
		operation = permit.OperationProductRead
	}
	if err := allowed(actor, operation); err != nil {
		return page, err
	}
	if date.IsZero() {
		date = o.Today()
	}
	edition, err := o.Edition(ctx)
	if err != nil {
		return page, err
	}
	limit := paging.Limit
	if limit <= 0 {
		limit = defaultPage
	}
	for _, version := range edition.inForce(filter.Type, date) {
		if pack, _ := splitVersion(version.ID); pack <= paging.After {
			continue
		}
		record, body, err := versionsOf(version.Type).get(ctx, o, version.ID)
		if err != nil {
			return page, err
		}
		if filter.Institution != "" && body.Institution != filter.Institution {
			continue
		}
		if len(page.Items) == limit {
			page.Next = page.Items[limit-1].Pack
			break
		}
		body.Text = ""
		page.Items = append(page.Items, Version{metaOf(record), body})
	}
	return page, nil
}

// inForce picks the newest version in force on a day of each product, or of each pack, sorted by id. Versions that cannot
// be used are left out, as they are where cases are matched.
func (e *Edition) inForce(t PackType, date time.Time) []ManifestVersion {
	list := e.Manifest.Packs
	if t == PackProduct {
		list = e.Manifest.Products
	}
	newest := map[string]ManifestVersion{}
	for _, version := range list {
		body := VersionBody{EffectiveFrom: version.From, EffectiveTo: version.To}
		broken := slices.ContainsFunc(e.Broken, func(b BrokenVersion) bool { return b.ID == version.ID })
		if broken || !body.inForce(date) || t != PackProduct && t != "" && t != version.Type {
			continue
		}
		pack, number := splitVersion(version.ID)
		if _, before := splitVersion(newest[pack].ID); number > before {
			newest[pack] = version
		}
	}
	var out []ManifestVersion
	for _, version := range newest {
		out = append(out, version)
	}
	slices.SortFunc(out, func(a, b ManifestVersion) int {
		packA, _ := splitVersion(a.ID)
		packB, _ := splitVersion(b.ID)
		return strings.Compare(packA, packB)
	})
	return out
}

// VersionTrail is the audit trail of a published version.
func (o *Office) VersionTrail(ctx context.Context, actor permit.Actor, t PackType, id string) ([]TrailEntry, error) {
	if _, err := o.GetVersion(ctx, actor, t, id); err != nil {
		return nil, err
	}
	kind := store.KindPackVersion
	if t == PackProduct {
		kind = store.KindProductVersion
	}
	return o.trail(ctx, kind, id)
}
