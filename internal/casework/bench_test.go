package casework_test

// What one answer costs from the case in memory to the last byte: two simulations, the facts, 300 products with sizes,
// schedules, cover, changes and remedies, the rank, the explanations and the JSON. The parts stand beside the whole.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"zutuan/internal/casework"
	"zutuan/internal/match"
	"zutuan/internal/rulepack"
	"zutuan/rules"
)

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func shipped(t testing.TB) *rulepack.Library {
	t.Helper()
	library, err := rulepack.Load(rules.FS)
	noError(t, err)
	return library
}

func sampleCase(t testing.TB, name string) *casework.Case {
	t.Helper()
	papers, err := casework.SamplePapers(rules.FS, name)
	noError(t, err)
	kase, err := casework.ReadCase(papers)
	noError(t, err)
	return kase
}

// threshold is a written decimal or a whole number of quarters at the end of a comparison, which variations move.
var threshold = regexp.MustCompile(`(>=|<=|<) (\d+\.\d\d|\d+)'`)

// manyProducts varies the texts of the shipped products until there are count of them: each variation has an id, rate,
// upfront fee and thresholds of its own, so that no two products of the list answer alike.
func manyProducts(t testing.TB, library *rulepack.Library, count int) []*rulepack.Product {
	t.Helper()
	var texts []string
	noError(t, fs.WalkDir(rules.FS, "products", func(file string, entry fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(file) == ".yaml" {
			data, readErr := fs.ReadFile(rules.FS, file)
			texts, err = append(texts, string(data)), readErr
		}
		return err
	}))
	products := make([]*rulepack.Product, count)
	for i := range products {
		var err error
		products[i], err = library.Product("varied.yaml", []byte(varied(texts[i%len(texts)], i/len(texts))))
		noError(t, err)
	}
	return products
}

var (
	idLine   = regexp.MustCompile(`(?m)^id: ([\w-]+)`)
	rateLine = regexp.MustCompile(`(?m)^  rate: '([^'\n]+)'`)
)

// varied returns a product's text with everything moved a little, the further the higher the round.
func varied(text string, round int) string {
	if round == 0 {
		return text
	}
	text, _, _ = strings.Cut(text, "\ntests:")
	text = idLine.ReplaceAllString(text, fmt.Sprintf("id: ${1}-%d", round))
	text = rateLine.ReplaceAllString(text, fmt.Sprintf(`  rate: '${1} + 0.000%d'`, round))
	return threshold.ReplaceAllStringFunc(text, func(found string) string {
		parts := threshold.FindStringSubmatch(found)
		moved := decimal.RequireFromString(parts[2])
		switch {
		case strings.Contains(parts[2], "."):
			moved = moved.Add(decimal.New(int64(round), -2))
		case len(parts[2]) < 4 && len(parts[2]) > 1: // quarters
			moved = moved.Add(decimal.NewFromInt(int64(round)))
		case len(parts[2]) > 4: // yuan
			moved = moved.Mul(decimal.New(int64(100+round), -2))
		}
		return parts[1] + " " + moved.String() + "'"
	})
}

// largeDesk is the shipped library with 300 products.
func largeDesk(t testing.TB) *casework.Desk {
	t.Helper()
	library := shipped(t)
	library.Products = manyProducts(t, library, 300)
	desk, err := casework.NewDesk(library)
	noError(t, err)
	return desk
}

func encode(t testing.TB, buffer *bytes.Buffer, value any) {
	buffer.Reset()
	encoder := json.NewEncoder(buffer)
	encoder.SetEscapeHTML(false)
	noError(t, encoder.Encode(value))
}

// BenchmarkWholeMatch300 is one requirement against 300 products with everything, the answer's encoding included.
func BenchmarkWholeMatch300(b *testing.B) {
	for _, sample := range []string{"pingxiang", "lincang", "manzhouli"} {
		b.Run(sample, func(b *testing.B) { benchWhole(b, sample) })
	}
}

func benchWhole(b *testing.B, sample string) {
	desk, kase, asked := largeDesk(b), sampleCase(b, sample), casework.Asked{Date: casework.SampleDate}
	whole := func(b *testing.B) *casework.Matching {
		m, err := desk.Match(kase, asked)
		noError(b, err)
		return m
	}
	m := whole(b)
	answer := m.Match.Answer()
	var buffer bytes.Buffer
	b.Run("whole", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			encode(b, &buffer, whole(b).Match.Answer())
		}
	})
	b.Run("whole_appended", func(b *testing.B) {
		b.ReportAllocs()
		var out []byte
		for b.Loop() {
			answer := whole(b).Match.Answer()
			out = answer.AppendJSON(out[:0])
		}
	})
	b.Run("whole_at_once", func(b *testing.B) {
		b.ReportAllocs()
		var out []byte
		for b.Loop() {
			out = whole(b).Match.AppendAnswer(out[:0])
		}
	})
	b.Run("verdicts_appended", func(b *testing.B) {
		b.ReportAllocs()
		asked := asked
		asked.Detail = match.DetailVerdicts
		var out []byte
		for b.Loop() {
			m, err := desk.Match(kase, asked)
			noError(b, err)
			summary := m.Match.Summary()
			out = summary.AppendJSON(out[:0])
		}
	})
	b.Run("match", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			whole(b)
		}
	})
	b.Run("simulate_twice", func(b *testing.B) {
		for b.Loop() {
			_, err := kase.Simulate(0)
			noError(b, err)
			_, err = kase.Simulate(160)
			noError(b, err)
		}
	})
	b.Run("answer", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m.Match.Answer()
		}
	})
	b.Run("append", func(b *testing.B) {
		b.ReportAllocs()
		var out []byte
		for b.Loop() {
			out = answer.AppendJSON(out[:0])
		}
	})
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			encode(b, &buffer, answer)
		}
		b.ReportMetric(float64(buffer.Len()), "B/answer")
	})
}
