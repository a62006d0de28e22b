package office

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"zutuan/internal/casework"
	"zutuan/internal/funding"
	"zutuan/internal/impact"
	"zutuan/internal/match"
	"zutuan/internal/permit"
	"zutuan/internal/store"
)

// preparedBound is how many requirements are held ready to be matched. One takes about 21 KB, so all of them a quarter of
// a gigabyte. What is beyond the bound is prepared each time it is asked for.
const preparedBound = 12_000

// preparedCache holds requirements ready to be matched: documents read, simulated, facts assembled. An entry is good for
// as long as the version of the requirement, the papers of its region, the day and the base of the rules are the same;
// other market data are worked in without reading anything. Nothing in it is more than a saving: an empty cache gives the
// same answers.
type preparedCache struct {
	mutex   sync.Mutex
	entries map[string]*preparedEntry
	// preparers are those of the latest editions and days, the newest last.
	preparers []keyedPreparer
	// ledgers and fiscals are the papers of regions as they were read last, by the hash of the document.
	ledgers map[string]*funding.Ledger
	fiscals map[string]*funding.FiscalProfile
}

// preparedEntry is one requirement that is ready.
type preparedEntry struct {
	prepared *casework.Prepared
	// version is the requirement's record version, papers names the day, the base and the papers it was made with, and market
	// the market data.
	version        int64
	papers, market string
	// field is what the products of some rules offer, and rules names those; nil until somebody asks. Both follow from the
	// rest and change under the cache's lock.
	field *impact.Field
	rules string
	// facts of the record that a re-match needs besides.
	owner, name, hash string
}

type keyedPreparer struct {
	edition, day string
	preparer     *casework.Preparer
}

// keptPreparers bounds the preparers: the present one, and old ones whose side of a difference is worked out.
const keptPreparers = 4

// preparer returns what prepares cases under an edition on a day; it is shared, so that what a region's cases have in
// common is worked out once.
func (c *preparedCache) preparer(edition *Edition, date time.Time) *casework.Preparer {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, kept := range c.preparers {
		if kept.edition == edition.ID && kept.day == day(date) {
			return kept.preparer
		}
	}
	made := keyedPreparer{edition.ID, day(date), edition.Desk.Preparer(date)}
	if c.preparers = append(c.preparers, made); len(c.preparers) > keptPreparers {
		c.preparers = append([]keyedPreparer{}, c.preparers[1:]...)
	}
	return made.preparer
}

func (c *preparedCache) entry(id string) *preparedEntry {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.entries[id]
}

// put keeps an entry. Beyond the bound a new one is not taken: whoever walks through all of them gains more from those that
// stay than from a cache that forgets each one just before it is asked for again.
func (c *preparedCache) put(id string, entry *preparedEntry) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.entries == nil {
		c.entries = map[string]*preparedEntry{}
	}
	if _, known := c.entries[id]; known || len(c.entries) < preparedBound {
		c.entries[id] = entry
	}
}

// setField keeps what the products of some rules offer to an entry's requirement.
func (c *preparedCache) setField(entry *preparedEntry, field *impact.Field, rules string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	entry.field, entry.rules = field, rules
}

func (c *preparedCache) fieldOf(entry *preparedEntry, rules string) *impact.Field {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if entry.rules != rules {
		return nil
	}
	return entry.field
}

// drop forgets a requirement that takes no part any more.
func (c *preparedCache) drop(id string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	delete(c.entries, id)
}

// keptPapers bounds the papers of regions: there are few dozens of zones.
const keptPapers = 500

func (c *preparedCache) ledger(paper Paper, text []byte) (*funding.Ledger, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	key := paper.Hash + paper.AsOf
	if known := c.ledgers[key]; known != nil {
		return known, nil
	}
	read, err := funding.ReadLedgerJSON("ledger.json", text, parseDay(paper.AsOf))
	if err != nil {
		return nil, err
	}
	if c.ledgers == nil || len(c.ledgers) >= keptPapers {
		c.ledgers = map[string]*funding.Ledger{}
	}
	c.ledgers[key] = read
	return read, nil
}

func (c *preparedCache) fiscal(paper Paper, text []byte) (*funding.FiscalProfile, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if known := c.fiscals[paper.Hash]; known != nil {
		return known, nil
	}
	read, err := funding.ReadFiscalProfile("fiscal.json", text)
	if err != nil {
		return nil, err
	}
	if c.fiscals == nil || len(c.fiscals) >= keptPapers {
		c.fiscals = map[string]*funding.FiscalProfile{}
	}
	c.fiscals[paper.Hash] = read
	return read, nil
}

// viewpoint is the rules and the day from which requirements are looked at, with the papers of regions as they stood when
// they were first asked for. It serves one run and is not kept.
type viewpoint struct {
	office   *Office
	edition  *Edition
	date     time.Time
	preparer *casework.Preparer
	market   string
	// rules names the rules and the day.
	rules     string
	catalogue *match.Catalogue

	mutex   sync.Mutex
	regions map[string]*regionPapers
}

// regionPapers are what all requirements of a region share.
type regionPapers struct {
	ledger, fiscal         Paper
	ledgerRead             *funding.Ledger
	fiscalRead             *funding.FiscalProfile
	ledgerText, fiscalText json.RawMessage
	overrides              []OverrideUsed
	// key names all of it, with the day and the base; kept says that the texts are in the store as snapshots.
	key  string
	kept bool
}

// viewpoint looks from the present edition on the business day.
func (o *Office) viewpoint(ctx context.Context) (*viewpoint, error) {
	o.refresh()
	edition, err := o.Edition(ctx)
	if err != nil {
		return nil, err
	}
	return o.viewpointOf(edition, o.Today()), nil
}

func (o *Office) viewpointOf(edition *Edition, date time.Time) *viewpoint {
	return &viewpoint{office: o, edition: edition, date: date, preparer: o.background.prepared.preparer(edition, date), market: marketKey(edition), rules: edition.rulesKey() + day(date),
		catalogue: match.NewCatalogue(edition.Desk.Library.Vocabulary, edition.Desk.InForce(date)), regions: map[string]*regionPapers{}}
}

// marketKey names the market data of an edition.
func marketKey(edition *Edition) string {
	return edition.Manifest.Base + fmt.Sprint(edition.Manifest.Market)
}

// region finds the papers of a region, once for each viewpoint.
func (v *viewpoint) region(ctx context.Context, region string) (*regionPapers, error) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	if known := v.regions[region]; known != nil {
		return known, nil
	}
	p, err := v.office.gather(ctx, store.Record{Region: region}, &RequirementBody{}, v.date)
	if err != nil {
		return nil, err
	}
	found := &regionPapers{ledger: p.ledger, fiscal: p.fiscal, ledgerText: p.texts[store.KindLedger], fiscalText: p.texts[store.KindFiscalProfile]}
	cache := &v.office.background.prepared
	if p.ledger.ID != "" {
		if found.ledgerRead, err = cache.ledger(p.ledger, p.texts[store.KindLedger]); err != nil {
			return nil, err
		}
	}
	if p.fiscal.ID != "" {
		if found.fiscalRead, err = cache.fiscal(p.fiscal, p.texts[store.KindFiscalProfile]); err != nil {
			return nil, err
		}
	}
	if found.overrides, err = v.office.overridesOf(ctx, region, v.date); err != nil {
		return nil, err
	}
	key, err := store.Canonical([]any{v.edition.Manifest.Base, day(v.date), p.ledger.Hash, p.ledger.AsOf, p.fiscal.Hash, found.overrides})
	found.key = hashOf(key)
	v.regions[region] = found
	return found, err
}

// ready is a requirement ready to be matched from a viewpoint.
type ready struct {
	id, region        string
	owner, name, hash string
	version           int64
	papers            *regionPapers
	prepared          *casework.Prepared
	entry             *preparedEntry
}

// prepare makes a requirement ready, from the cache where it is there. listed may be without its body.
func (v *viewpoint) prepare(ctx context.Context, listed store.Record) (*ready, error) {
	papers, err := v.region(ctx, listed.Region)
	if err != nil {
		return nil, err
	}
	cache := &v.office.background.prepared
	entry := cache.entry(listed.ID)
	if entry == nil || entry.version != listed.Version || entry.papers != papers.key {
		if entry, err = v.makeEntry(ctx, listed, papers); err != nil {
			return nil, err
		}
		cache.put(listed.ID, entry)
	} else if entry.market != v.market {
		entry = &preparedEntry{prepared: v.preparer.Again(entry.prepared), version: entry.version, papers: entry.papers, market: v.market, owner: entry.owner, name: entry.name, hash: entry.hash}
		cache.put(listed.ID, entry)
	}
	return &ready{id: listed.ID, region: listed.Region, owner: entry.owner, name: entry.name, hash: entry.hash, version: entry.version, papers: papers, prepared: entry.prepared, entry: entry}, nil
}

// field is what the products offer to a requirement, from the cache where it is there.
func (v *viewpoint) field(r *ready) *impact.Field {
	cache := &v.office.background.prepared
	field := cache.fieldOf(r.entry, v.rules)
	if field == nil {
		field = impact.FieldOf(v.catalogue.Match(r.prepared.Need, match.Options{Workers: 1, RanksOnly: true}))
		cache.setField(r.entry, field, v.rules)
	}
	return field
}

// makeEntry reads the requirement's document and prepares it. The record is read anew where only its index part was listed.
func (v *viewpoint) makeEntry(ctx context.Context, listed store.Record, papers *regionPapers) (*preparedEntry, error) {
	record := listed
	if len(record.Body) == 0 {
		var err error
		if record, err = v.office.store.Get(ctx, store.KindRequirement, listed.ID); err != nil {
			return nil, err
		}
	}
	body, err := bodyOf[RequirementBody](record)
	if err != nil {
		return nil, err
	}
	kase, err := casework.JoinCase(casework.File{Name: "requirement.json", Data: body.Document}, papers.ledgerRead, papers.fiscalRead)
	if err != nil {
		return nil, problems(err, "")
	}
	prepared, err := v.preparer.Prepare(kase, overridesUsed(papers.overrides, kase.Region()))
	if err != nil {
		return nil, problems(err, "")
	}
	return &preparedEntry{prepared: prepared, version: record.Version, papers: papers.key, market: v.market, owner: body.Owner, name: body.Name, hash: body.DocumentHash}, nil
}

// basis is everything that a match of a requirement from this viewpoint reads.
func (v *viewpoint) basis(r *ready) Basis {
	basis := Basis{Engine: EngineVersion, Edition: v.edition.ID, Date: day(v.date), Overrides: r.papers.overrides,
		Papers: []Paper{{Kind: store.KindRequirement, ID: r.id, Version: r.version, Hash: r.hash}}}
	for _, paper := range []Paper{r.papers.ledger, r.papers.fiscal} {
		if paper.ID != "" {
			basis.Papers = append(basis.Papers, paper)
		}
	}
	return basis
}

// backgroundActor is the service at its own work.
var backgroundActor = permit.SystemActor("rematch")
