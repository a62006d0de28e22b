package rulecheck_test

import (
	"io/fs"
	"strings"
	"testing"
	"time"

	"zutuan/internal/match"
	"zutuan/internal/rulecheck"
	"zutuan/internal/rulepack"
	"zutuan/rules"
)

// withTests is the text of a shipped product with as many of its first tests as wanted.
func withTests(t testing.TB, product *rulepack.Product, keep int) string {
	t.Helper()
	data, err := fs.ReadFile(rules.FS, product.File)
	if err != nil {
		t.Fatal(err)
	}
	head, tests, found := strings.Cut(string(data), "\ntests:\n")
	if !found {
		t.Fatalf("%s has no tests", product.File)
	}
	out := head + "\ntests:\n"
	for i, test := range strings.SplitAfter(strings.ReplaceAll("\n"+tests, "\n  - name:", "\x00\n  - name:"), "\x00")[1:] {
		if i < keep {
			out += strings.TrimPrefix(strings.TrimSuffix(test, "\x00"), "\n")
		}
	}
	return strings.TrimRight(out, "\n") + "\n"
}

// TestSuggestionsBringADraftToFullCoverage takes the tests of shipped products away, all of them or all but the first, pastes
// what is suggested into the text, and reads it as anybody's draft.
func TestSuggestionsBringADraftToFullCoverage(t *testing.T) {
	library, samples := desk(t)
	for _, test := range []struct {
		product string
		keep    int
	}{{"cdb-park-infrastructure", 0}, {"park-special-bond-15y", 1}, {"park-reit", 0}, {"sme-guaranteed-loan", 1}, {"adb-ocr", 0}, {"land-reserve-special-bond", 0}} {
		t.Run(test.product, func(t *testing.T) {
			checkSuggestions(t, library, samples, productOf(t, library, test.product), test.keep)
		})
	}
}

func productOf(t testing.TB, library *rulepack.Library, id string) *rulepack.Product {
	t.Helper()
	for _, product := range library.Products {
		if product.ID == id {
			return product
		}
	}
	t.Fatalf("no product %s", id)
	return nil
}

func checkSuggestions(t *testing.T, library *rulepack.Library, samples match.Samples, product *rulepack.Product, keep int) {
	t.Helper()
	text := withTests(t, product, keep)
	bare := strings.TrimSuffix(text, "tests:\n")
	draft, err := library.Product(product.File, []byte(map[bool]string{true: bare, false: text}[keep == 0]))
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	suggestions := rulecheck.Suggestions(samples, library, draft)
	took := time.Since(began)
	pasted, err := library.Product(product.File, []byte(text+rulecheck.SuggestionsYAML(suggestions)))
	if err != nil {
		t.Fatalf("the suggestions cannot be pasted: %v", err)
	}
	if len(pasted.Tests) != keep+len(suggestions) {
		t.Errorf("%d tests, want %d and %d", len(pasted.Tests), keep, len(suggestions))
	}
	for _, result := range match.RunTests(samples, pasted) {
		if !result.Passed {
			t.Errorf("a suggested test does not pass: %s: %s", result.Name, result.Problem.EN)
		}
	}
	coverage := rulecheck.CoverProduct(samples, library, pasted)
	if !coverage.Complete() {
		for _, rule := range coverage.Rules {
			if rule.Level == "must" && !(rule.Passed && rule.Failed) {
				t.Errorf("%s: passed %v, failed %v", rule.Rule, rule.Passed, rule.Failed)
			}
		}
		for _, branch := range coverage.Branches {
			if !branch.Taken {
				t.Errorf("%s: nobody takes %s of %s", branch.Place, branch.Branch, branch.Condition)
			}
		}
	}
	score := rulecheck.ScoreProduct(samples, library, pasted)
	if score.Killed*10 < score.Mutants*9 {
		t.Errorf("mutation score %s", score.Score())
		for _, survivor := range score.Survivors {
			t.Logf("%s: %s → %s", survivor.Place, survivor.Was, survivor.Now)
		}
	}
	t.Logf("%d suggestions in %s, score %s", len(suggestions), took.Round(time.Millisecond), score.Score())
}
