package rulepack

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/ruleexpr"
)

// Library is a whole rules directory, read, checked and compiled. It does not change after it was made and is safe for
// concurrent use.
type Library struct {
	// VocabularyVersion is the version of facts.yaml; Vocabulary holds its facts and the parameters, p.<id>.
	VocabularyVersion int
	Vocabulary        *ruleexpr.Vocabulary
	Documents         *Documents
	Parameters        *Parameters
	Market            *Market
	Zones             []funding.Zone
	Institutions      []funding.Institution
	Memberships       []funding.Membership
	// Products are sorted by id and version, RiskPacks and StressPacks too.
	Products    []*Product
	RiskPacks   []*RiskPack
	StressPacks []*StressPack
	// Samples are the names of the folders under samples, sorted.
	Samples []string

	zonesByName map[string]int
}

// The files of the root, and the folders that other packages read.
const (
	factsPath        = "facts.yaml"
	documentsPath    = "documents.yaml"
	marketPath       = "market.yaml"
	zonesPath        = "zones.yaml"
	institutionsPath = "institutions.yaml"
	listsPath        = "lists.yaml"
	// analysisPath holds the findings of static analysis that somebody looked at and let stand; rulecheck reads it.
	analysisPath = "analysis.yaml"
)

var rootFiles = []string{analysisPath, documentsPath, factsPath, institutionsPath, listsPath, marketPath, zonesPath}

// Load reads a whole rules directory, embedded (rules.FS) or on disk (os.DirFS). Everything that is wrong in any file
// is reported together, sorted by file and line; the error is then a document.Problems.
func Load(files fs.FS) (*Library, error) {
	l := &loader{files: files, library: &Library{}, origin: map[string]string{}}
	l.unknownFiles()
	l.reference()
	l.parameters()
	l.vocabulary()
	named := len(l.problems) == 0
	l.crossCheck()
	l.samples()
	l.products()
	l.riskPacks()
	l.stressPacks()
	if !named {
		l.dropUnknownNames()
	}
	if err := l.problems.Err(); err != nil {
		return nil, err
	}
	return l.library, nil
}

// dropUnknownNames keeps one mistake in a parameter or the vocabulary from being told again by every rule that uses a name
// of the file that could not be read; what is really mistyped is told once that file is mended.
func (l *loader) dropUnknownNames() {
	l.problems = slices.DeleteFunc(l.problems, func(problem document.Problem) bool { return problem.Code == "expression.unknown_fact" })
}

// loader fills a library; a part that could not be read stays nil, and what depends on it is checked as far as it goes.
type loader struct {
	files    fs.FS
	library  *Library
	problems document.Problems
	// origin maps the id of a product, pack or parameter to the file that has it.
	origin map[string]string
}

func (l *loader) problem(file, code, zh, en string) {
	l.problems = append(l.problems, document.Problem{File: file, Code: code, ZH: zh, EN: en})
}

// unknownFiles reports rule files at the root that nothing reads: a mistyped name would otherwise drop its content.
func (l *loader) unknownFiles() {
	entries, err := fs.ReadDir(l.files, ".")
	if err != nil {
		merge(&l.problems, ".", err)
		return
	}
	for _, entry := range entries {
		name := entry.Name()
		known := false
		for _, file := range rootFiles {
			known = known || file == name
		}
		if !entry.IsDir() && !known && isRuleFile(name) {
			zh, en := suggest(name, rootFiles)
			l.problem(name, "unknown_file", "不认识的规则文件"+zh, "nothing reads this rule file"+en)
		}
	}
}

func isRuleFile(name string) bool {
	extension := path.Ext(name)
	return extension == ".yaml" || extension == ".yml" || extension == ".json"
}

// read hands one file's bytes to a reader and keeps what it reports.
func (l *loader) read(file string, reader func(data []byte) error) {
	data, err := fs.ReadFile(l.files, file)
	if err == nil {
		err = reader(data)
	}
	merge(&l.problems, file, err)
}

// folder hands every rule file below a folder to a reader, in the order of their names.
func (l *loader) folder(folder string, reader func(file string, data []byte) error) {
	if _, err := fs.Stat(l.files, folder); err != nil {
		return
	}
	err := fs.WalkDir(l.files, folder, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !isRuleFile(file) {
			return err
		}
		l.read(file, func(data []byte) error { return reader(file, data) })
		return nil
	})
	merge(&l.problems, folder, err)
}

func (l *loader) reference() {
	out := l.library
	l.read(documentsPath, func(data []byte) (err error) { out.Documents, err = ReadDocuments(documentsPath, data); return err })
	l.read(marketPath, func(data []byte) (err error) { out.Market, err = ReadMarket(marketPath, data); return err })
	l.read(zonesPath, func(data []byte) (err error) { out.Zones, err = ReadZones(zonesPath, data); return err })
	l.read(institutionsPath, func(data []byte) (err error) {
		out.Institutions, err = ReadInstitutions(institutionsPath, data)
		return err
	})
	l.read(listsPath, func(data []byte) (err error) {
		out.Memberships, err = ReadMemberships(listsPath, data, out.Documents)
		return err
	})
	out.zonesByName = map[string]int{}
	for i, zone := range out.Zones {
		for _, name := range append([]string{zone.Code}, zone.Aliases...) {
			out.zonesByName[name] = i
		}
	}
}

// claim records which file has an id and reports one that another file already has.
func (l *loader) claim(kind, id, file string) bool {
	key := kind + " " + id
	if other, taken := l.origin[key]; taken {
		l.problem(file, "duplicate_id", "标识 "+id+" 已在 "+other+" 里", "the id "+id+" is already in "+other)
		return false
	}
	l.origin[key] = file
	return true
}

func (l *loader) parameters() {
	var all []funding.Parameter
	l.folder("parameters", func(file string, data []byte) error {
		list, err := ReadParameters(file, data, l.library.Documents)
		for _, parameter := range list {
			if l.claim("parameter", parameter.ID, file) {
				all = append(all, parameter)
			}
		}
		return err
	})
	l.library.Parameters = NewParameters(all)
}

func (l *loader) vocabulary() {
	l.read(factsPath, func(data []byte) error {
		facts, err := ReadFacts(factsPath, data)
		if err != nil {
			return err
		}
		l.library.VocabularyVersion = facts.Version
		l.library.Vocabulary, err = ruleexpr.NewVocabulary(append(facts.Facts, l.library.Parameters.Facts()...))
		return err
	})
}

// crossCheck makes sure that every market fact has its series and every series its fact, in the same unit.
func (l *loader) crossCheck() {
	out := l.library
	if out.Vocabulary == nil || out.Market == nil {
		return
	}
	for _, series := range out.Market.All() {
		slot, known := out.Vocabulary.Lookup(MarketPrefix + series.ID)
		if !known || string(out.Vocabulary.Fact(slot).Unit) != series.Unit {
			l.problem(marketPath, "market_fact", "facts.yaml 里没有单位为 "+series.Unit+" 的 market."+series.ID, "facts.yaml has no market."+series.ID+" in "+series.Unit)
		}
	}
	for _, fact := range out.Vocabulary.Facts() {
		if id, isMarket := strings.CutPrefix(fact.Name, MarketPrefix); isMarket {
			if _, known := out.Market.Series(id); !known {
				l.problem(factsPath, "market_fact", "market.yaml 里没有 "+id, "market.yaml has no "+id)
			}
		}
	}
}

func (l *loader) samples() {
	entries, err := fs.ReadDir(l.files, "samples")
	if err != nil {
		return
	}
	for _, entry := range entries {
		if entry.IsDir() {
			l.library.Samples = append(l.library.Samples, entry.Name())
		}
	}
}

func (l *loader) products() {
	l.folder("products", func(file string, data []byte) error {
		product, err := l.library.Product(file, data)
		if product == nil {
			return err
		}
		if folder := path.Base(path.Dir(file)); folder != product.Institution {
			l.problem(file, "folder", fmt.Sprintf("文件在 products/%s，机构却是 %s", folder, product.Institution), fmt.Sprintf("the file is in products/%s, but the institution is %s", folder, product.Institution))
		}
		if l.claim("product", fmt.Sprintf("%s v%d", product.ID, product.Version), file) {
			l.library.Products = append(l.library.Products, product)
		}
		return err
	})
	slices.SortStableFunc(l.library.Products, func(a, b *Product) int { return compareVersions(a.ID, a.Version, b.ID, b.Version) })
}

func (l *loader) riskPacks() {
	l.folder("risk", func(file string, data []byte) error {
		pack, err := l.library.RiskPack(file, data)
		if pack != nil && l.claim("pack", fmt.Sprintf("%s v%d", pack.ID, pack.Version), file) {
			l.library.RiskPacks = append(l.library.RiskPacks, pack)
		}
		return err
	})
	slices.SortStableFunc(l.library.RiskPacks, func(a, b *RiskPack) int { return compareVersions(a.ID, a.Version, b.ID, b.Version) })
}

func (l *loader) stressPacks() {
	l.folder("stress", func(file string, data []byte) error {
		pack, err := l.library.StressPack(file, data)
		if pack != nil && l.claim("stress pack", fmt.Sprintf("%s v%d", pack.ID, pack.Version), file) {
			l.library.StressPacks = append(l.library.StressPacks, pack)
		}
		return err
	})
	slices.SortStableFunc(l.library.StressPacks, func(a, b *StressPack) int { return compareVersions(a.ID, a.Version, b.ID, b.Version) })
}

// Product reads, compiles and checks one product file against the library: what loading does for each file, and what
// saving a draft does. The error is a document.Problems with everything that is wrong.
func (l *Library) Product(file string, data []byte) (*Product, error) {
	var problems document.Problems
	read, err := readProduct(file, data, l)
	merge(&problems, file, err)
	var compiled *Product
	if l.Vocabulary != nil {
		compiled, err = compileProduct(file, read, l.Vocabulary)
		merge(&problems, file, err)
	}
	if err := problems.Err(); err != nil || compiled == nil {
		return nil, err
	}
	compiled.Digest = digest(data)
	return compiled, nil
}

// RiskPack reads and compiles one risk pack against the library. The error is a document.Problems.
func (l *Library) RiskPack(file string, data []byte) (*RiskPack, error) {
	var problems document.Problems
	read, err := readRiskPack(file, data, l.Documents)
	merge(&problems, file, err)
	var compiled *RiskPack
	if l.Vocabulary != nil {
		compiled, err = compileRiskPack(file, read, l.Vocabulary)
		merge(&problems, file, err)
	}
	if err := problems.Err(); err != nil || compiled == nil {
		return nil, err
	}
	compiled.Digest = digest(data)
	return compiled, nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Zone returns a zone by its code or an alias ("GX-PX", "pingxiang", "凭祥").
func (l *Library) Zone(name string) (funding.Zone, bool) {
	at, ok := l.zonesByName[name]
	if !ok {
		return funding.Zone{}, false
	}
	return l.Zones[at], true
}

// Institution returns an institution by id.
func (l *Library) Institution(id string) (funding.Institution, bool) {
	for _, entry := range l.Institutions {
		if entry.ID == id {
			return entry, true
		}
	}
	return funding.Institution{}, false
}

func (l *Library) institutionIDs() []string {
	ids := make([]string, len(l.Institutions))
	for i, entry := range l.Institutions {
		ids[i] = entry.ID
	}
	return ids
}

func (l *Library) marketIDs() []string {
	ids := make([]string, len(l.Market.list))
	for i, series := range l.Market.list {
		ids[i] = series.ID
	}
	return ids
}
