package rulecheck_test

// The goal: every planted defect is found, with a case that shows it and that the evaluator confirms when it is asked
// again; and products without a defect give no finding. Each file under testdata says what it is about in its first line.

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"zutuan/internal/casework"
	"zutuan/internal/rulecheck"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
	"zutuan/rules"
)

func shipped(t testing.TB) *rulepack.Library {
	t.Helper()
	library, err := rulepack.Load(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	return library
}

// referenceFacts are the facts that do not depend on a case: parameters, and two market rates.
func referenceFacts(t testing.TB, library *rulepack.Library) *ruleexpr.Facts {
	t.Helper()
	facts := library.Vocabulary.NewFacts()
	library.Parameters.At(time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC), "", nil).SetFacts(facts)
	for _, name := range []string{"market.lpr_1y", "market.lpr_5y"} {
		if err := facts.SetFromText(library.Vocabulary.Slot(name), "0.035"); err != nil {
			t.Fatal(err)
		}
	}
	return facts
}

// findingsOf analyses the products of a case as a library of their own.
func findingsOf(t *testing.T, library *rulepack.Library, archive *txtar.Archive) []rulecheck.Finding {
	t.Helper()
	own := *library
	own.Products, own.RiskPacks = nil, nil
	for _, file := range archive.Files {
		if !strings.HasSuffix(file.Name, ".yaml") {
			continue
		}
		product, err := library.Product(file.Name, file.Data)
		if err != nil {
			t.Fatal(err)
		}
		own.Products = append(own.Products, product)
	}
	return rulecheck.Analyse(&own, referenceFacts(t, library))
}

func archives(t *testing.T, folder string) map[string]*txtar.Archive {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*txtar.Archive{}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(file), ".txtar")] = archive
	}
	return out
}

// short is a finding in one line: kind, rule, other; a dominated product by its id.
func short(f rulecheck.Finding) string {
	words := []string{string(f.Kind), f.Rule, f.Other}
	if f.Kind == rulecheck.FindingDominated {
		words = []string{string(f.Kind), f.Pack, f.Rule, f.Other}
	}
	return strings.TrimSpace(strings.Join(words, " "))
}

func TestEveryPlantedDefectIsFoundWithACaseThatShowsIt(t *testing.T) {
	library := shipped(t)
	cases := archives(t, "planted")
	if len(cases) < 25 {
		t.Fatalf("only %d planted defects", len(cases))
	}
	for name, archive := range cases {
		t.Run(name, func(t *testing.T) {
			findings := findingsOf(t, library, archive)
			at := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want" })
			want := strings.TrimSpace(string(archive.Files[at].Data))
			var got []string
			for _, finding := range findings {
				got = append(got, short(finding))
				confirm(t, library, finding)
			}
			if len(got) != 1 || got[0] != want {
				t.Errorf("findings %q, want only %q", got, want)
			}
		})
	}
}

// confirm evaluates the parts that a finding shows on nothing but its witness.
func confirm(t *testing.T, library *rulepack.Library, f rulecheck.Finding) {
	t.Helper()
	if f.Sampled || f.Proof == "" && f.Kind != rulecheck.FindingAlwaysTrue && f.Kind != rulecheck.FindingAlwaysFalse {
		if f.Sampled {
			t.Errorf("%s rests on a search alone", short(f))
		}
	}
	if len(f.Witness) == 0 || f.Shows == "" {
		t.Errorf("%s has no witness", short(f))
		return
	}
	facts := library.Vocabulary.NewFacts()
	for _, setting := range f.Witness {
		if err := facts.SetFromText(library.Vocabulary.Slot(setting.Fact), setting.Value); err != nil {
			t.Errorf("%s: %v", short(f), err)
		}
	}
	first, _, _ := strings.Cut(f.Shows, " | ")
	for _, line := range strings.Split(first, "; ") {
		expression, said, ok := strings.Cut(line, " → ")
		if !ok {
			t.Errorf("%s shows %q", short(f), line)
			continue
		}
		rule, err := library.Vocabulary.CompileRule(expression)
		if err != nil {
			t.Errorf("%s: %v", short(f), err)
			continue
		}
		if truth := rule.Holds(facts); truth.String() != said {
			t.Errorf("%s: %s is %s on %v, not %s", short(f), expression, truth, f.Witness, said)
		}
	}
}

func TestSoundProductsGiveNoFinding(t *testing.T) {
	library := shipped(t)
	cases := archives(t, "sound")
	if len(cases) < 25 {
		t.Fatalf("only %d sound products", len(cases))
	}
	for name, archive := range cases {
		t.Run(name, func(t *testing.T) {
			for _, finding := range findingsOf(t, library, archive) {
				t.Errorf("%s: %s (%s)", short(finding), finding.Message.EN, finding.Shows)
			}
		})
	}
}

func TestShippedRulesHaveNoFindingThatNobodyAnsweredFor(t *testing.T) {
	library := shipped(t)
	desk, err := casework.NewDesk(library)
	if err != nil {
		t.Fatal(err)
	}
	need, err := desk.Samples(rules.FS)("pingxiang", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	data, err := rules.FS.ReadFile(rulecheck.AcceptedPath)
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := rulecheck.ReadAccepted(rulecheck.AcceptedPath, data, library)
	if err != nil {
		t.Fatal(err)
	}
	judged := rulecheck.Judge(rulecheck.Analyse(library, need.Facts), accepted)
	for _, finding := range judged.Open {
		t.Errorf("%s %s: %s", finding.Pack, short(finding), finding.Message.ZH)
	}
	for _, entry := range judged.Stale {
		t.Errorf("analysis.yaml:%d: %s %s is accepted and not found", entry.Line, entry.Pack, entry.Rule)
	}
}

func TestAcceptedFindingsAreReadStrictly(t *testing.T) {
	library := shipped(t)
	for _, test := range []struct{ name, text, want string }{
		{"an unknown product", "accepted:\n  - {pack: nobody, kind: gap, rule: a, reason: {zh: 因为, en: because}}", "there is no product or risk pack nobody"},
		{"an unknown kind", "accepted:\n  - {pack: adb-ocr, kind: gaps, rule: a, reason: {zh: 因为, en: because}}", "gap"},
		{"no reason", "accepted:\n  - {pack: adb-ocr, kind: gap, rule: a}", "reason"},
		{"an unknown key", "accepted:\n  - {pack: adb-ocr, kind: gap, rule: a, why: x, reason: {zh: 因为, en: because}}", "why"},
		{"another schema", "accepted: []", "zutuan/analysis/v1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			schema := rulecheck.SchemaAnalysis
			if test.name == "another schema" {
				schema = "zutuan/analysis/v9"
			}
			_, err := rulecheck.ReadAccepted("analysis.yaml", []byte(fmt.Sprintf("schema: %s\n%s\n", schema, test.text)), library)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v does not say %q", err, test.want)
			}
		})
	}
}
