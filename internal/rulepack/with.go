package rulepack

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"zutuan/internal/document"
	"zutuan/internal/funding"
)

// Changes are parts of a library that replace its own. What is nil stays as it is; an empty list that is not nil leaves
// none.
type Changes struct {
	Products    []*Product
	RiskPacks   []*RiskPack
	StressPacks []*StressPack
	Market      *Market
	Documents   *Documents
	// Institutions replaces those of the files.
	Institutions []funding.Institution
}

// With returns a copy of a library with other parts, sorted as Load sorts them. The vocabulary, the parameters and whatever
// else the changes do not name are shared, which is safe because neither library ever changes. The parts must have been
// made against this library's vocabulary.
func (l *Library) With(changes Changes) *Library {
	out := *l
	if changes.Products != nil {
		out.Products = slices.Clone(changes.Products)
		slices.SortStableFunc(out.Products, func(a, b *Product) int { return compareVersions(a.ID, a.Version, b.ID, b.Version) })
	}
	if changes.RiskPacks != nil {
		out.RiskPacks = slices.Clone(changes.RiskPacks)
		slices.SortStableFunc(out.RiskPacks, func(a, b *RiskPack) int { return compareVersions(a.ID, a.Version, b.ID, b.Version) })
	}
	if changes.StressPacks != nil {
		out.StressPacks = slices.Clone(changes.StressPacks)
		slices.SortStableFunc(out.StressPacks, func(a, b *StressPack) int { return compareVersions(a.ID, a.Version, b.ID, b.Version) })
	}
	if changes.Market != nil {
		out.Market = changes.Market
	}
	if changes.Documents != nil {
		out.Documents = changes.Documents
	}
	if changes.Institutions != nil {
		out.Institutions = slices.Clone(changes.Institutions)
	}
	return &out
}

// compareVersions orders products and packs by id and version.
func compareVersions(idA string, versionA int, idB string, versionB int) int {
	return cmp.Or(strings.Compare(idA, idB), cmp.Compare(versionA, versionB))
}

// Published returns a copy of the product as a published version: its number and its days come from the record of
// publishing and not from the file, whose text and digest stay what they were. A zero to has not ended.
func (p *Product) Published(version int, from, to time.Time) *Product {
	out := *p
	out.Version, out.From, out.To = version, from, to
	return &out
}

// Published is Product.Published for a risk pack.
func (p *RiskPack) Published(version int, from, to time.Time) *RiskPack {
	out := *p
	out.Version, out.From, out.To = version, from, to
	return &out
}

// Published is Product.Published for a stress pack.
func (p *StressPack) Published(version int, from, to time.Time) *StressPack {
	out := *p
	out.Version, out.From, out.To = version, from, to
	return &out
}

// CheckMarket reports series of market data that the library's vocabulary has no fact for, or has one in another unit. It
// is asked before the data is merged. The error is a document.Problems.
func (l *Library) CheckMarket(file string, market *Market) error {
	var problems document.Problems
	for _, series := range market.All() {
		slot, known := l.Vocabulary.Lookup(MarketPrefix + series.ID)
		switch {
		case !known:
			zh, en := suggest(series.ID, l.marketIDs())
			problems = append(problems, document.Problem{File: file, Path: "series." + series.ID, Code: "market_fact",
				ZH: "没有市场数据 market." + series.ID + zh, EN: "there is no market." + series.ID + en})
		case string(l.Vocabulary.Fact(slot).Unit) != series.Unit:
			unit := string(l.Vocabulary.Fact(slot).Unit)
			problems = append(problems, document.Problem{File: file, Path: "series." + series.ID + ".unit", Code: "unit",
				ZH: "market." + series.ID + " 的单位应为 " + unit + "，现在是 " + series.Unit, EN: "market." + series.ID + " is in " + unit + ", not in " + series.Unit})
		}
	}
	return problems.Err()
}

// MergeMarket returns market data with dated values added: a value of a day that the series has already replaces it, any
// other is put in its place. A series that the base lacks is appended. Name, unit and note of a series stay those of the
// data that had it first; Library.CheckMarket says whether later data fits. Neither input changes.
func MergeMarket(base *Market, later ...*Market) *Market {
	out := &Market{list: slices.Clone(base.list), byID: map[string]int{}}
	for i, series := range out.list {
		out.byID[series.ID] = i
	}
	for _, market := range later {
		for _, series := range market.list {
			at, known := out.byID[series.ID]
			if !known {
				out.byID[series.ID] = len(out.list)
				out.list = append(out.list, series)
				continue
			}
			out.list[at] = mergeSeries(out.list[at], series)
		}
	}
	return out
}

// mergeSeries puts the values of later data into a series, ordered by day.
func mergeSeries(base, later funding.MarketSeries) funding.MarketSeries {
	out := base
	out.Dates, out.Value = slices.Clone(base.Dates), slices.Clone(base.Value)
	out.ValueBasis, out.ValueNote = padded(base.ValueBasis, len(base.Dates), base.Basis), padded(base.ValueNote, len(base.Dates), "")
	basis, notes := padded(later.ValueBasis, len(later.Dates), later.Basis), padded(later.ValueNote, len(later.Dates), "")
	for i, date := range later.Dates {
		at, replaces := slices.BinarySearchFunc(out.Dates, date, time.Time.Compare)
		if replaces {
			out.Value[at], out.ValueBasis[at], out.ValueNote[at] = later.Value[i], basis[i], notes[i]
			continue
		}
		out.Dates, out.Value = slices.Insert(out.Dates, at, date), slices.Insert(out.Value, at, later.Value[i])
		out.ValueBasis, out.ValueNote = slices.Insert(out.ValueBasis, at, basis[i]), slices.Insert(out.ValueNote, at, notes[i])
	}
	return out
}

// padded returns a copy of a column that has a text for every value; series that were not read from a file may lack some.
func padded(column []string, length int, fallback string) []string {
	out := slices.Clone(column[:min(len(column), length)])
	for len(out) < length {
		out = append(out, fallback)
	}
	return out
}

// Repeal says that a document no longer holds.
type Repeal struct {
	// Document is its id in the register.
	Document string
	// Day is the first day on which it no longer holds; zero where that is not known.
	Day time.Time
	// ReplacedBy is the id or number of what took its place, empty where nothing did.
	ReplacedBy string
	Note       string
}

// WithStatus returns a copy of the register in which documents are marked repealed. A note is added to the entry's own. Days
// are recorded and not compared with anything: whoever marks a document decides from when it counts. The error is a
// document.Problems naming the documents that the register does not have.
func (d *Documents) WithStatus(repeals ...Repeal) (*Documents, error) {
	out := &Documents{list: slices.Clone(d.list), byID: d.byID}
	var problems document.Problems
	for _, repeal := range repeals {
		at, known := d.byID[repeal.Document]
		if !known {
			zh, en := suggest(repeal.Document, d.ids())
			problems = append(problems, document.Problem{Path: repeal.Document, Code: "unknown_basis",
				ZH: "文件登记表里没有 " + repeal.Document + zh, EN: "the register has no document " + repeal.Document + en})
			continue
		}
		entry := &out.list[at]
		entry.Status, entry.RepealedOn, entry.ReplacedBy = "repealed", repeal.Day, repeal.ReplacedBy
		switch {
		case entry.Note == "":
			entry.Note = repeal.Note
		case repeal.Note != "":
			entry.Note += "；" + repeal.Note
		}
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return out, nil
}
