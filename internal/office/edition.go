package office

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"zutuan/internal/casework"
	"zutuan/internal/funding"
	"zutuan/internal/rulepack"
	"zutuan/internal/store"
)

// Edition is the rules as they stood together at one time: the shipped base, every published version of products and
// packs, market data, and what was marked repealed. It has a name, the hash of its manifest, by which a result is
// computed again years later.
type Edition struct {
	// ID is the SHA-256 of the manifest.
	ID       string
	Manifest Manifest
	Desk     *casework.Desk
	// Files are the shipped files besides products and packs; tests of products find their samples there.
	Files fs.FS
	// Broken are versions that no longer compile against the base, with the reason. They are left out and take part in
	// nothing; an operator is told.
	Broken []BrokenVersion
}

// Manifest names everything in an edition.
type Manifest struct {
	// Base is the snapshot of the shipped files besides products and packs.
	Base     string            `json:"base"`
	Products []ManifestVersion `json:"products"`
	Packs    []ManifestVersion `json:"packs"`
	// Market are the ids of market records, in the order in which they were added.
	Market  []string       `json:"market"`
	Repeals []ManifestMark `json:"repeals"`
	// Institutions are who offers products, with their capital.
	Institutions []ManifestInstitution `json:"institutions"`
}

// ManifestInstitution is an institution as its record said it.
type ManifestInstitution struct {
	ID string `json:"id"`
	InstitutionBody
}

// ManifestVersion names one version, by its record, with what of the record may change.
type ManifestVersion struct {
	ID     string   `json:"id"`
	Type   PackType `json:"type"`
	Digest string   `json:"digest"`
	From   string   `json:"from"`
	To     string   `json:"to,omitempty"`
}

// ManifestMark is a legal document that was marked repealed.
type ManifestMark struct {
	Document   string `json:"document"`
	Day        string `json:"day,omitempty"`
	ReplacedBy string `json:"replaced_by,omitempty"`
	Note       string `json:"note,omitempty"`
}

// BrokenVersion is a version that cannot be used.
type BrokenVersion struct {
	ID     string
	Reason string
}

// shelf keeps the current edition and a few old ones that were asked for again.
type shelf struct {
	mutex   sync.Mutex
	current *Edition
	seqs    map[string]int64
	checked time.Time
	old     []*Edition
	bases   map[string]loadedBase
	// base is the snapshot of the shipped files, once it was kept.
	base     string
	compiled map[string]compiled
}

// compiled is a version made ready, or why it cannot be. The key is what it was compiled with, and its digest.
type compiled struct {
	product *rulepack.Product
	risk    *rulepack.RiskPack
	stress  *rulepack.StressPack
	err     error
}

const (
	// keptEditions bounds the old editions in memory; replays come in bunches of few editions.
	keptEditions = 4
	// keptCompiled bounds the compiled versions, far above the products that exist.
	keptCompiled = 5_000
)

// editionKinds are the kinds of records that an edition is made of.
var editionKinds = []string{store.KindProductVersion, store.KindPackVersion, store.KindMarket, store.KindMark, store.KindInstitution}

// Edition is the current one. A write of another process is seen after at most a second.
func (o *Office) Edition(ctx context.Context) (*Edition, error) {
	s := &o.shelf
	s.mutex.Lock()
	defer s.mutex.Unlock()
	now := o.clock()
	if s.current != nil && now.Sub(s.checked) < cacheAge && !now.Before(s.checked) {
		return s.current, nil
	}
	seqs, moved, err := o.moved(ctx, s.seqs)
	if err != nil {
		return nil, err
	}
	if s.current == nil || moved {
		edition, err := o.compile(ctx)
		if err != nil {
			return nil, err
		}
		s.current = edition
	}
	s.seqs, s.checked = seqs, now
	return s.current, nil
}

// refresh makes the next look at the current edition see what this process has written.
func (o *Office) refresh() {
	o.shelf.mutex.Lock()
	defer o.shelf.mutex.Unlock()
	o.shelf.checked = time.Time{}
}

// moved goes through the change feeds from where it last stood. Places are read before records are, so a write that falls
// between is found again next time.
func (o *Office) moved(ctx context.Context, from map[string]int64) (map[string]int64, bool, error) {
	seqs, moved := map[string]int64{}, false
	for _, kind := range editionKinds {
		last, any, err := o.newest(ctx, kind, from[kind])
		if err != nil {
			return nil, false, err
		}
		seqs[kind], moved = last, moved || any
	}
	return seqs, moved, nil
}

// newest goes to the end of a kind's change feed and says whether there was anything after a place.
func (o *Office) newest(ctx context.Context, kind string, after int64) (last int64, any bool, err error) {
	for last = after; ; {
		stamps, err := o.store.Changes(ctx, kind, last, store.MaxLimit)
		if err != nil {
			return last, any, err
		}
		if len(stamps) > 0 {
			last, any = stamps[len(stamps)-1].Seq, true
		}
		if len(stamps) < store.MaxLimit {
			return last, any, nil
		}
	}
}

// compile reads what is published now and makes an edition of it.
func (o *Office) compile(ctx context.Context) (*Edition, error) {
	manifest, texts, err := o.published(ctx)
	if err != nil {
		return nil, err
	}
	text, err := store.Canonical(manifest)
	if err != nil {
		return nil, err
	}
	id := hashOf(text)
	if o.shelf.current != nil && o.shelf.current.ID == id {
		return o.shelf.current, nil
	}
	edition, err := o.assemble(ctx, id, manifest, func(version ManifestVersion) (string, error) { return texts[version.ID], nil })
	if err != nil {
		return nil, err
	}
	_, err = o.store.Create(ctx, store.Draft{Kind: store.KindEdition, ID: id, Body: text}, store.Change{Who: "system:edition", Action: "keep"})
	if err != nil && !already(err) {
		return nil, err
	}
	for _, broken := range edition.Broken {
		o.logger.Error("a published version cannot be used", "version", broken.ID, "reason", broken.Reason)
	}
	return edition, nil
}

// published lists everything that an edition is made of, with the texts of the versions.
func (o *Office) published(ctx context.Context) (Manifest, map[string]string, error) {
	manifest := Manifest{Products: []ManifestVersion{}, Packs: []ManifestVersion{}, Market: []string{}, Repeals: []ManifestMark{}, Institutions: []ManifestInstitution{}}
	base, err := o.keepBase(ctx)
	if err != nil {
		return manifest, nil, err
	}
	manifest.Base = base
	texts := map[string]string{}
	versions := func(kind string, into *[]ManifestVersion) error {
		return o.each(ctx, store.Query{Kind: kind}, func(r store.Record) error {
			body, err := bodyOf[VersionBody](r)
			texts[r.ID] = body.Text
			*into = append(*into, ManifestVersion{ID: r.ID, Type: body.Type, Digest: body.Digest, From: body.EffectiveFrom, To: body.EffectiveTo})
			return err
		})
	}
	if err := errors.Join(versions(store.KindProductVersion, &manifest.Products), versions(store.KindPackVersion, &manifest.Packs)); err != nil {
		return manifest, nil, err
	}
	err = o.each(ctx, store.Query{Kind: store.KindMarket, Sort: store.FieldCreated}, func(r store.Record) error {
		manifest.Market = append(manifest.Market, r.ID)
		return nil
	})
	if err != nil {
		return manifest, nil, err
	}
	err = o.each(ctx, store.Query{Kind: store.KindMark}, func(r store.Record) error {
		body, err := bodyOf[MarkBody](r)
		if body.Status == MarkRepealed {
			manifest.Repeals = append(manifest.Repeals, ManifestMark{Document: body.Document, Day: body.Day, ReplacedBy: body.ReplacedBy, Note: body.Note})
		}
		return err
	})
	if err != nil {
		return manifest, nil, err
	}
	err = o.each(ctx, store.Query{Kind: store.KindInstitution}, func(r store.Record) error {
		body, err := bodyOf[InstitutionBody](r)
		manifest.Institutions = append(manifest.Institutions, ManifestInstitution{r.ID, body})
		return err
	})
	return manifest, texts, err
}

// each walks every record of a query.
func (o *Office) each(ctx context.Context, query store.Query, visit func(store.Record) error) error {
	query.Limit = store.MaxLimit
	for {
		page, err := o.store.List(ctx, query)
		if err != nil {
			return err
		}
		for _, record := range page.Records {
			if err := visit(record); err != nil {
				return err
			}
		}
		if query.After = page.Next; query.After == "" {
			return nil
		}
	}
}

// EditionOf returns an edition by its id, the current one or an old one that is made again from what it names.
func (o *Office) EditionOf(ctx context.Context, id string) (*Edition, error) {
	current, err := o.Edition(ctx)
	if err != nil || current.ID == id {
		return current, err
	}
	s := &o.shelf
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, edition := range s.old {
		if edition.ID == id {
			return edition, nil
		}
	}
	record, err := o.store.Get(ctx, store.KindEdition, id)
	if err != nil {
		return nil, refusal(err)
	}
	manifest, err := bodyOf[Manifest](record)
	if err != nil {
		return nil, err
	}
	edition, err := o.assemble(ctx, id, manifest, func(version ManifestVersion) (string, error) {
		record, err := o.store.Get(ctx, kindOfVersion(version.Type), version.ID)
		if err != nil {
			return "", err
		}
		body, err := bodyOf[VersionBody](record)
		return body.Text, err
	})
	if err != nil {
		return nil, err
	}
	s.old = append(s.old, edition)
	if len(s.old) > keptEditions {
		s.old = slices.Delete(s.old, 0, 1)
	}
	return edition, nil
}

// assemble makes the library of a manifest. Versions are compiled once for each base.
func (o *Office) assemble(ctx context.Context, id string, manifest Manifest, textOf func(ManifestVersion) (string, error)) (*Edition, error) {
	edition := &Edition{ID: id, Manifest: manifest}
	base, files, err := o.library(ctx, manifest.Base)
	if err != nil {
		return nil, err
	}
	edition.Files = files
	// Versions are compiled with the institutions that there are now, because a product of an unknown one is refused.
	var present []funding.Institution
	compiledWith := manifest.Base
	for _, institution := range manifest.Institutions {
		present = append(present, institution.record(institution.ID))
		compiledWith += " " + institution.ID
	}
	base = base.With(rulepack.Changes{Institutions: present})
	changes := rulepack.Changes{Products: []*rulepack.Product{}, RiskPacks: []*rulepack.RiskPack{}, StressPacks: []*rulepack.StressPack{}}
	for _, version := range slices.Concat(manifest.Products, manifest.Packs) {
		text, err := textOf(version)
		if err != nil {
			return nil, fmt.Errorf("version %s: %w", version.ID, err)
		}
		if err := o.shelf.take(base, compiledWith, version, text, &changes); err != nil {
			edition.Broken = append(edition.Broken, BrokenVersion{version.ID, err.Error()})
		}
	}
	if changes.Market, err = o.marketOf(ctx, base, manifest.Market); err != nil {
		return nil, err
	}
	if changes.Documents, err = repealed(base, manifest.Repeals); err != nil {
		return nil, err
	}
	edition.Desk, err = casework.NewDesk(base.With(changes))
	return edition, err
}

// take compiles one version, or finds it compiled, and adds it with the days of its record.
func (s *shelf) take(base *rulepack.Library, baseID string, version ManifestVersion, text string, into *rulepack.Changes) error {
	key := baseID + string(version.Type) + version.Digest
	made, known := s.compiled[key]
	if !known {
		made = compileVersion(base, version.Type, version.ID+".yaml", []byte(text))
		if s.compiled == nil || len(s.compiled) > keptCompiled {
			s.compiled = map[string]compiled{}
		}
		s.compiled[key] = made
	}
	if made.err != nil {
		return made.err
	}
	_, number := splitVersion(version.ID)
	from, to := parseDay(version.From), parseDay(version.To)
	switch version.Type {
	case PackProduct:
		into.Products = append(into.Products, made.product.Published(number, from, to))
	case PackRisk:
		into.RiskPacks = append(into.RiskPacks, made.risk.Published(number, from, to))
	case PackStress:
		into.StressPacks = append(into.StressPacks, made.stress.Published(number, from, to))
	}
	return nil
}

// compileVersion reads and checks a text against a library.
func compileVersion(base *rulepack.Library, t PackType, file string, text []byte) (made compiled) {
	switch t {
	case PackProduct:
		made.product, made.err = base.Product(file, text)
	case PackRisk:
		made.risk, made.err = base.RiskPack(file, text)
	case PackStress:
		made.stress, made.err = base.StressPack(file, text)
	default:
		made.err = fmt.Errorf("unknown type %q", t)
	}
	return made
}

// splitVersion takes "pack@3" apart.
func splitVersion(id string) (pack string, number int) {
	at := strings.LastIndexByte(id, '@')
	if at < 0 {
		return id, 0
	}
	if _, err := fmt.Sscanf(id[at+1:], "%d", &number); err != nil {
		return id, 0
	}
	return id[:at], number
}

// baseFolders are the folders whose files people publish as versions; they are no part of the base.
var baseFolders = []string{"products", "risk", "stress"}

// baseFiles reads the shipped files besides products and packs.
func (o *Office) baseFiles() (map[string]string, error) {
	files := map[string]string{}
	err := fs.WalkDir(o.base, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if slices.Contains(baseFolders, name) {
				return fs.SkipDir
			}
			return nil
		}
		if extension := path.Ext(name); extension != ".yaml" && extension != ".csv" && extension != ".json" {
			return nil
		}
		data, err := fs.ReadFile(o.base, name)
		files[name] = string(data)
		return err
	})
	return files, err
}

// keepBase keeps the shipped files as a snapshot. They do not change while the program runs, so it is done once.
func (o *Office) keepBase(ctx context.Context) (string, error) {
	if o.shelf.base != "" {
		return o.shelf.base, nil
	}
	files, err := o.baseFiles()
	if err != nil {
		return "", fmt.Errorf("read the rules directory: %w", err)
	}
	text, err := store.Canonical(files)
	if err != nil {
		return "", err
	}
	o.shelf.base, err = o.keep(ctx, "", text)
	return o.shelf.base, err
}

// loadedBase is the library of a base, without products and packs, and the files it was read from.
type loadedBase struct {
	library *rulepack.Library
	files   fs.FS
}

// library returns a base by its snapshot.
func (o *Office) library(ctx context.Context, id string) (*rulepack.Library, fs.FS, error) {
	if base, known := o.shelf.bases[id]; known {
		return base.library, base.files, nil
	}
	text, err := o.recall(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	var texts map[string]string
	if err := json.Unmarshal(text, &texts); err != nil {
		return nil, nil, err
	}
	files, err := filesOf(texts)
	if err != nil {
		return nil, nil, err
	}
	library, err := rulepack.Load(files)
	if err != nil {
		return nil, nil, err
	}
	if o.shelf.bases == nil {
		o.shelf.bases = map[string]loadedBase{}
	}
	o.shelf.bases[id] = loadedBase{library, files}
	return library, files, nil
}

// filesOf makes a file system of texts: an archive in memory, which the standard library can read as one.
func filesOf(texts map[string]string) (fs.FS, error) {
	var buffer bytes.Buffer
	archive := zip.NewWriter(&buffer)
	for name, text := range texts {
		file, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err == nil {
			_, err = io.WriteString(file, text)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	return zip.NewReader(bytes.NewReader(buffer.Bytes()), int64(buffer.Len()))
}

// repealed applies the marks to the register; nil where there are none.
func repealed(base *rulepack.Library, marks []ManifestMark) (*rulepack.Documents, error) {
	if len(marks) == 0 {
		return nil, nil
	}
	var repeals []rulepack.Repeal
	for _, mark := range marks {
		repeals = append(repeals, rulepack.Repeal{Document: mark.Document, Day: parseDay(mark.Day), ReplacedBy: mark.ReplacedBy, Note: mark.Note})
	}
	return base.Documents.WithStatus(repeals...)
}
