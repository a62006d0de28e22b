package casework

import (
	"fmt"
	"io/fs"
	"path"
	"time"

	"zutuan/internal/match"
)

// SampleDate is the day on which the samples are looked at where nobody names another.
var SampleDate = time.Date(2026, time.June, 30, 0, 0, 0, 0, time.UTC)

// SamplePapers reads a case under samples of a rules directory. Ledger and fiscal profile may be missing there.
func SamplePapers(rules fs.FS, name string) (Papers, error) {
	if !fs.ValidPath(name) || path.Base(name) != name {
		return Papers{}, fs.ErrNotExist
	}
	folder := path.Join("samples", name)
	read := func(file string) File {
		data, err := fs.ReadFile(rules, path.Join(folder, file))
		if err != nil {
			return File{}
		}
		return File{Name: path.Join("rules", folder, file), Data: data}
	}
	papers := Papers{Requirement: read("requirement.yaml"), Ledger: read("ledger.csv"), Fiscal: read("fiscal.yaml")}
	if !papers.Requirement.given() {
		return papers, fs.ErrNotExist
	}
	return papers, nil
}

// Samples returns how tests of products get the need of a sample of the rules directory on a day. Each is made once; the
// function is not safe for concurrent use.
func (d *Desk) Samples(rules fs.FS) match.Samples {
	needs := map[string]*match.Need{}
	return func(name string, date time.Time) (*match.Need, error) {
		if date.IsZero() {
			date = SampleDate
		}
		key := name + date.Format(time.DateOnly)
		if need := needs[key]; need != nil {
			return need, nil
		}
		papers, err := SamplePapers(rules, name)
		if err != nil {
			return nil, fmt.Errorf("sample %s: %w", name, err)
		}
		kase, err := ReadCase(papers)
		if err != nil {
			return nil, err
		}
		need, err := d.need(&Matching{Case: kase, Asked: Asked{Date: date}})
		needs[key] = need
		return need, err
	}
}

// TestProducts runs the tests that the library's products carry, or those of the named ones, on the samples of the
// rules directory.
func (d *Desk) TestProducts(rules fs.FS, products []string) []match.TestResult {
	samples := d.Samples(rules)
	var results []match.TestResult
	for _, product := range d.Library.Products {
		if wantedProduct(product.ID, products) {
			results = append(results, match.RunTests(samples, product)...)
		}
	}
	return results
}

func wantedProduct(id string, wanted []string) bool {
	for _, candidate := range wanted {
		if candidate == id {
			return true
		}
	}
	return len(wanted) == 0
}

// Unseen is a must that the tests of its product never saw pass, or never saw fail.
type Unseen struct {
	Product string `json:"product"`
	Rule    string `json:"rule"`
	// Never is passed or failed.
	Never match.Result `json:"never"`
}

// UnseenMusts returns the musts that the tests of their products did not see both ways; a rule that no test can see fail
// is not known to do anything.
func (d *Desk) UnseenMusts(results []match.TestResult, products []string) []Unseen {
	type sight struct{ passed, failed bool }
	seen := map[string]map[string]sight{}
	for i := range results {
		outcome := &results[i].Outcome
		rules := seen[results[i].Product]
		if rules == nil {
			rules = map[string]sight{}
			seen[results[i].Product] = rules
		}
		for k, result := range outcome.Results {
			id := outcome.Product.Rules[k].ID
			s := rules[id]
			s.passed = s.passed || result == match.ResultPassed
			s.failed = s.failed || result == match.ResultFailed
			rules[id] = s
		}
	}
	var unseen []Unseen
	for _, product := range d.Library.Products {
		if !wantedProduct(product.ID, products) {
			continue
		}
		for _, rule := range product.Rules {
			if rule.Level != "must" {
				continue
			}
			s := seen[product.ID][rule.ID]
			if !s.passed {
				unseen = append(unseen, Unseen{product.ID, rule.ID, match.ResultPassed})
			}
			if !s.failed {
				unseen = append(unseen, Unseen{product.ID, rule.ID, match.ResultFailed})
			}
		}
	}
	return unseen
}
