package office

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"zutuan/internal/funding"
	"zutuan/internal/gate"
	"zutuan/internal/rulepack"
	"zutuan/internal/store"
)

// planInputs are what an assessment of a plan would read today.
type planInputs struct {
	inputs gate.Inputs
	papers *papers
	// requirement is where the requirement stands.
	requirement gate.Status
}

// inputsNow finds what an assessment of a plan would read under today's rules. It reads records and looks values up; it
// computes nothing, so that every step and every sweep can afford it.
func (o *Office) inputsNow(ctx context.Context, id string, body *PlanBody) (*planInputs, error) {
	requirement, kept, err := requirements.get(ctx, o, body.Requirement)
	if err != nil {
		return nil, err
	}
	date := o.Today()
	p, err := o.gather(ctx, requirement, &kept, date)
	if err != nil {
		return nil, err
	}
	edition, err := o.Edition(ctx)
	if err != nil {
		return nil, err
	}
	overrides, err := o.overridesOf(ctx, requirement.Region, date)
	if err != nil {
		return nil, err
	}
	inputs, err := readInputs(edition, date, p, kept.Zone, overrides, gate.Input{ID: id, Digest: body.DocumentHash}, body.Document)
	return &planInputs{inputs, p, kept.Status}, err
}

// readInputs lists everything that the assessment of a plan's document reads on a day. Records go by their content and not
// by their version: a step in a requirement's life, or the same ledger handed in again, changes no figure.
func readInputs(edition *Edition, date time.Time, p *papers, zone string, overrides []OverrideUsed, self gate.Input, document json.RawMessage) (gate.Inputs, error) {
	in := gate.Inputs{Plan: self, Requirement: paperInput(p.requirement), Ledger: paperInput(p.ledger), Fiscal: paperInput(p.fiscal)}
	library := edition.Desk.Library
	named := namesIn(document)
	institutions := slices.Clone(named.institutions)
	for _, product := range edition.Desk.InForce(date) {
		if slices.Contains(named.products, product.ID) {
			in.Products = append(in.Products, gate.Input{ID: product.ID, Version: int64(product.Version), Digest: product.Digest})
			institutions = append(institutions, product.Institution)
		}
	}
	for _, pack := range library.RiskPacks {
		if pack.Enabled && pack.EffectiveOn(date) {
			in.Packs = append(in.Packs, gate.Input{ID: pack.ID, Version: int64(pack.Version), Digest: pack.Digest})
		}
	}
	in.Parameters, in.Market, in.Overrides = settingsOn(library, date, overrides)
	record, known := library.Zone(zone)
	if known {
		in.Memberships = membershipsOf(library, record.Province, date)
	}
	var err error
	in.References, err = referencesOf(library, record, institutions)
	return in.Canonical(), err
}

// paperInput is a paper by its content; the day of a ledger's balances belongs to it.
func paperInput(paper Paper) gate.Input {
	switch {
	case paper.ID == "":
		return gate.Input{}
	case paper.AsOf != "":
		return gate.Input{ID: paper.ID, Digest: hashOf([]byte(paper.Hash + " " + paper.AsOf))}
	}
	return gate.Input{ID: paper.ID, Digest: paper.Hash}
}

// settingsOn are the values in force on a day. All of them belong to the inputs, also those that no rule of this plan
// reads: which ones a rule reads may itself depend on the figures.
func settingsOn(library *rulepack.Library, date time.Time, overrides []OverrideUsed) (parameters, market, replaced []gate.Setting) {
	const here = "here"
	for _, value := range library.Parameters.At(date, here, overridesUsed(overrides, here)).Values {
		if value.Present() {
			parameters = append(parameters, gate.Setting{ID: value.ID, Value: value.Value})
		}
	}
	for _, series := range library.Market.All() {
		if value, _, known := series.At(date); known {
			market = append(market, gate.Setting{ID: series.ID, Value: value.String()})
		}
	}
	for _, used := range overrides {
		// Who replaced it, why and until when are part of every assessment, so a changed reason is a change too.
		text := fmt.Sprintf("%s（%s，%s，%s）", used.Value, used.Until, used.Who, used.Why)
		replaced = append(replaced, gate.Setting{ID: used.Parameter + "@" + used.Region, Value: text})
	}
	return parameters, market, replaced
}

// membershipsOf says where a province stands in each dated list on a day.
func membershipsOf(library *rulepack.Library, province string, date time.Time) (settings []gate.Setting) {
	var lists []string
	for _, entry := range library.Memberships {
		if !slices.Contains(lists, entry.List) {
			lists = append(lists, entry.List)
		}
	}
	for _, list := range lists {
		value := "否 / no"
		if entry, member := rulepack.MemberOn(library.Memberships, list, province, date); member {
			value = "是 / yes（" + day(entry.From) + "）"
		}
		settings = append(settings, gate.Setting{ID: list + ":" + province, Value: value})
	}
	return settings
}

// referencesOf are the records of the rules' base that a plan's figures rest on: its zone, and the institutions of its
// lines with their capital.
func referencesOf(library *rulepack.Library, zone funding.Zone, institutions []string) ([]gate.Input, error) {
	references := []gate.Input{{ID: "vocabulary", Version: int64(library.VocabularyVersion), Digest: hashOf(fmt.Appendf(nil, "vocabulary %d", library.VocabularyVersion))}}
	add := func(id string, value any) error {
		text, err := store.Canonical(value)
		references = append(references, gate.Input{ID: id, Digest: hashOf(text)})
		return err
	}
	if zone.Code != "" {
		if err := add("zone "+zone.Code, zone); err != nil {
			return nil, err
		}
	}
	for _, institution := range library.Institutions {
		if slices.Contains(institutions, institution.ID) {
			if err := add("institution "+institution.ID, institution); err != nil {
				return nil, err
			}
		}
	}
	return references, nil
}

// planNames are the products and institutions that a plan's document names.
type planNames struct{ products, institutions []string }

// namesIn finds them without judging the document, which was read strictly before it was kept.
func namesIn(document json.RawMessage) planNames {
	var read struct {
		Lines []struct {
			Product struct {
				ID any `json:"id"`
			} `json:"product"`
			Institution any `json:"institution"`
		} `json:"lines"`
	}
	// A document of another form names nothing here; the strict reader says what is wrong with it.
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	_ = decoder.Decode(&read)
	var names planNames
	add := func(list *[]string, value any) {
		if name := fmt.Sprint(value); value != nil && name != "" && !slices.Contains(*list, name) {
			*list = append(*list, name)
		}
	}
	for _, line := range read.Lines {
		add(&names.products, line.Product.ID)
		add(&names.institutions, line.Institution)
	}
	slices.Sort(names.products)
	slices.Sort(names.institutions)
	return names
}

// productsNamed are the products to ask for a plan: those that its lines name, and all where none does, because a match
// cannot ask none.
func productsNamed(document json.RawMessage) []string { return namesIn(document).products }
