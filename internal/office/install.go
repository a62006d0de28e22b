package office

import (
	"context"
	"fmt"

	"zutuan/internal/funding"
	"zutuan/internal/gate"
	"zutuan/internal/rulepack"
	"zutuan/internal/store"
)

// installer is who writes what the program ships.
const installer = "system:install"

// provinceNames are the provinces that have border economic cooperation zones.
var provinceNames = map[string]funding.Text{
	"LN": {ZH: "辽宁省", EN: "Liaoning"}, "JL": {ZH: "吉林省", EN: "Jilin"}, "HL": {ZH: "黑龙江省", EN: "Heilongjiang"}, "NM": {ZH: "内蒙古自治区", EN: "Inner Mongolia"},
	"GX": {ZH: "广西壮族自治区", EN: "Guangxi"}, "YN": {ZH: "云南省", EN: "Yunnan"}, "XJ": {ZH: "新疆维吾尔自治区", EN: "Xinjiang"}, "XZ": {ZH: "西藏自治区", EN: "Xizang"}, "GS": {ZH: "甘肃省", EN: "Gansu"},
}

// country is the root of the tree of regions.
const country = "CN"

// install writes what the program ships into a store that lacks it: regions, institutions, and every product and pack
// that was never published there. Each write may be repeated, so an interrupted installation is finished by the next
// start, and two processes may start at once. What people have published since is left alone; a shipped version that
// nobody but the program ever published is followed by the newer one that the program now ships.
func (o *Office) install(ctx context.Context) error {
	shipped, err := rulepack.Load(o.base)
	if err != nil {
		return fmt.Errorf("the rules directory: %w", err)
	}
	if err := o.installPlaces(ctx, shipped); err != nil {
		return err
	}
	return o.installVersions(ctx, shipped)
}

func (o *Office) installPlaces(ctx context.Context, shipped *rulepack.Library) error {
	tree, err := o.Tree(ctx)
	if err != nil {
		return err
	}
	add := func(id string, body RegionBody) error {
		if tree.Has(id) {
			return nil
		}
		_, err := regions.create(ctx, o, id, id, &body, store.Change{Who: installer, Action: "install"})
		return unlessExists(err)
	}
	if err := add(country, RegionBody{Name: funding.Text{ZH: "全国", EN: "China"}, Level: "country"}); err != nil {
		return err
	}
	for _, zone := range shipped.Zones {
		name, known := provinceNames[zone.Province]
		if !known {
			name = funding.Text{ZH: zone.Province, EN: zone.Province}
		}
		if err := add(zone.Province, RegionBody{Name: name, Parent: country, Level: "province"}); err != nil {
			return err
		}
		if err := add(zone.Code, RegionBody{Name: zone.Name, Parent: zone.Province, Level: "zone"}); err != nil {
			return err
		}
	}
	o.regions.forget()
	known := map[string]bool{}
	if err := o.each(ctx, store.Query{Kind: store.KindInstitution, WithoutBody: true}, func(r store.Record) error { known[r.ID] = true; return nil }); err != nil {
		return err
	}
	for _, institution := range shipped.Institutions {
		if known[institution.ID] {
			continue
		}
		body := InstitutionBody{Name: institution.Name, Type: institution.Type, NetCapital: institution.NetCapital, Tier1: institution.Tier1, AsOf: day(institution.AsOf), Note: institution.Note}
		if _, err := institutions.create(ctx, o, institution.ID, "", &body, store.Change{Who: installer, Action: "install"}); unlessExists(err) != nil {
			return err
		}
	}
	return nil
}

// unlessExists lets pass that somebody else has written the record already.
func unlessExists(err error) error {
	if already(err) || isCode(err, string(store.CodeExists)) {
		return nil
	}
	return err
}

// installed is the newest version of a product or pack in the store.
type installed struct {
	number int
	digest string
	author string
}

func (o *Office) installVersions(ctx context.Context, shipped *rulepack.Library) error {
	newest := map[string]installed{}
	for _, kind := range []string{store.KindProductVersion, store.KindPackVersion} {
		err := o.each(ctx, store.Query{Kind: kind}, func(r store.Record) error {
			body, err := bodyOf[VersionBody](r)
			key := string(body.Type) + "/" + body.Pack
			if body.Number > newest[key].number {
				newest[key] = installed{body.Number, body.Digest, body.Author}
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	for _, body := range o.shippedVersions(shipped) {
		last, known := newest[string(body.Type)+"/"+body.Pack]
		if known && (last.author != installer || last.digest == body.Digest) {
			continue
		}
		if known {
			// The newer text holds from the day of the upgrade on; what was answered before stays as it was.
			body.Number, body.EffectiveFrom = last.number+1, day(o.Today())
		}
		_, err := versionsOf(body.Type).create(ctx, o, versionID(body.Pack, body.Number), "", &body, store.Change{Who: installer, Action: "install"})
		if unlessExists(err) != nil {
			return err
		}
	}
	return nil
}

// shippedVersions are the products and packs of the rules directory as versions.
func (o *Office) shippedVersions(shipped *rulepack.Library) []VersionBody {
	var bodies []VersionBody
	add := func(body VersionBody, file string) {
		text, err := readText(o.base, file)
		if err != nil {
			// Load has read the same file a moment ago.
			o.logger.Error("a shipped rule file cannot be read again", "file", file, "error", err)
			return
		}
		body.Text, body.Status, body.Author, body.Reason = text, gate.StatusPublished, installer, "随程序发布 / shipped with the program"
		bodies = append(bodies, body)
	}
	for _, p := range shipped.Products {
		add(VersionBody{Type: PackProduct, Pack: p.ID, Number: p.Version, Institution: p.Institution, Name: p.Name, Digest: p.Digest, EffectiveFrom: day(p.From), EffectiveTo: day(p.To)}, p.File)
	}
	for _, p := range shipped.RiskPacks {
		add(VersionBody{Type: PackRisk, Pack: p.ID, Number: p.Version, Name: p.Name, Digest: p.Digest, EffectiveFrom: day(p.From), EffectiveTo: day(p.To)}, p.File)
	}
	for _, p := range shipped.StressPacks {
		add(VersionBody{Type: PackStress, Pack: p.ID, Number: p.Version, Name: p.Name, Digest: p.Digest, EffectiveFrom: day(p.From), EffectiveTo: day(p.To)}, p.File)
	}
	return bodies
}
