package rulecheck_test

// Risk and stress packs get what products get: differences in words, diagnostics while they are being typed, completions.

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"zutuan/internal/rulecheck"
	"zutuan/internal/rulepack"
	"zutuan/rules"
)

func packText(t testing.TB, file string) string {
	t.Helper()
	data, err := fs.ReadFile(rules.FS, file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

const riskFile, stressFile = "risk/cn-local-government.yaml", "stress/china-project.yaml"

// replacedOnce replaces a text that must be there.
func replacedOnce(t testing.TB, text, old, with string) string {
	t.Helper()
	if !strings.Contains(text, old) {
		t.Fatalf("no %q", old)
	}
	return strings.Replace(text, old, with, 1)
}

func TestDifferencesOfPacksAreSaidInWords(t *testing.T) {
	library := shipped(t)
	for _, test := range []struct {
		name, file, old, with string
		place, kind, zh, en   string
		count                 int
	}{
		{"another threshold", riskFile, "yellow: '> p.debt_limit_use_yellow'", "yellow: '> p.debt_limit_use_orange'", "rules.R01.yellow", "changed", "黄色：", "yellow: ", 1},
		{"a level dropped", riskFile, "orange: '> p.debt_limit_use_orange', ", "", "rules.R01.orange", "removed", "取消橙色", "orange removed", 1},
		{"another metric is told once", riskFile, "metric: '(fiscal.debt_balance + plan.government_debt) / fiscal.debt_limit'", "metric: 'fiscal.debt_balance / fiscal.debt_limit'", "rules.R01.metric", "changed", "指标：", "metric: ", 1},
		{"another horizon", riskFile, "horizon: each_year", "horizon: now", "rules.R01.horizon", "changed", "时点：each_year → now", "horizon: each_year → now", 1},
		{"another size", stressFile, "fall: {land: p.stress_land_mild}", "fall: {land: p.stress_land_severe}", "scenarios.land-10.fall.land", "changed", "土地收入下降：", "fall of income, land: ", 1},
		{"a scenario renamed is one gone and one new", stressFile, "id: rate-100", "id: rate-101", "scenarios.rate-101", "added", "增加情景 rate-101", "scenario rate-101 added", 2},
		{"another floor", stressFile, "base: p.stress_base_dscr_min", "base: p.stress_single_dscr_min", "pass.base", "changed", "基准情景最低偿债备付率：", "smallest DSCR unstressed: ", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := packText(t, test.file)
			changed := replacedOnce(t, text, test.old, test.with)
			if test.name == "a scenario renamed is one gone and one new" {
				changed = strings.ReplaceAll(changed, "rate-100,", "rate-101,")
				changed = strings.ReplaceAll(changed, "rate-100]", "rate-101]")
			}
			changes := diffTexts(t, library, test.file, text, changed)
			changes = slices.DeleteFunc(changes, func(c rulecheck.Change) bool {
				return strings.HasPrefix(c.Place, "parameters.") || strings.HasSuffix(c.Place, ".combine.of")
			})
			at := slices.IndexFunc(changes, func(c rulecheck.Change) bool { return c.Place == test.place })
			if at < 0 || len(changes) != test.count {
				t.Fatalf("want %d with %s, got %+v", test.count, test.place, changes)
			}
			if c := changes[at]; string(c.Kind) != test.kind || !strings.HasPrefix(c.Text.ZH, test.zh) || !strings.HasPrefix(c.Text.EN, test.en) {
				t.Errorf("got %+v", c)
			}
			if same := diffTexts(t, library, test.file, text, text); len(same) != 0 {
				t.Errorf("a pack differs from itself: %+v", same)
			}
			back := diffTexts(t, library, test.file, changed, text)
			if forth := diffTexts(t, library, test.file, text, changed); len(back) != len(forth) {
				t.Errorf("%d differences there, %d back", len(forth), len(back))
			}
		})
	}
}

func diffTexts(t *testing.T, library *rulepack.Library, file, before, after string) []rulecheck.Change {
	t.Helper()
	if file == riskFile {
		a, err := library.RiskPack(file, []byte(before))
		if err != nil {
			t.Fatal(err)
		}
		b, err := library.RiskPack(file, []byte(after))
		if err != nil {
			t.Fatal(err)
		}
		return rulecheck.DiffRiskPacks(a, b)
	}
	a, err := library.StressPack(file, []byte(before))
	if err != nil {
		t.Fatal(err)
	}
	b, err := library.StressPack(file, []byte(after))
	if err != nil {
		t.Fatal(err)
	}
	return rulecheck.DiffStressPacks(a, b)
}

func TestDiagnosticsOfPacksThatAreBeingTyped(t *testing.T) {
	library := shipped(t)
	for _, test := range []struct{ name, file, old, with, code, suggestion string }{
		{"a mistyped fact in a metric", riskFile, "metric: '(fiscal.debt_balance +", "metric: '(fiscal.debt_balanc +", "expression.unknown_fact", "fiscal.debt_balance"},
		{"a mistyped key", riskFile, "    horizon: each_year", "    horizn: each_year", "unknown_key", "horizon"},
		{"a threshold written out", riskFile, "yellow: '> p.debt_limit_use_yellow'", "yellow: '> 0.9'", "literal", ""},
		{"a level that is never raised", riskFile, "yellow: '> p.debt_limit_use_yellow'", "yellow: '< 0'", "always_false", ""},
		{"a mistyped parameter", stressFile, "p.stress_land_mild", "p.stress_land_mld", "expression.unknown_fact", "p.stress_land_mild"},
		{"a fact where only parameters stand", stressFile, "p.stress_land_mild", "need.land_share", "foreign_fact", ""},
		{"a scenario that does not exist", stressFile, "id: land-30\n", "id: land-31\n", "unknown_scenario", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := replacedOnce(t, packText(t, test.file), test.old, test.with)
			found := rulecheck.Diagnose(library, "draft.yaml", []byte(text))
			at := slices.IndexFunc(found, func(d rulecheck.Diagnostic) bool { return d.Code == test.code })
			if at < 0 {
				t.Fatalf("no %s among %+v", test.code, found)
			}
			if d := found[at]; d.ZH == "" || d.EN == "" || test.suggestion != "" && d.Suggestion != test.suggestion || d.Line == 0 {
				t.Errorf("got %+v", d)
			}
		})
	}
	for _, file := range []string{riskFile, stressFile} {
		if found := rulecheck.Check(library, file, []byte(packText(t, file))); len(found) > 0 {
			t.Errorf("%s has %+v", file, found)
		}
	}
}

func TestCompletionsFitThePlaceInAPack(t *testing.T) {
	library := shipped(t)
	for _, test := range []struct {
		name, text string // the cursor is at |
		want       string
		not        string
	}{
		{"facts of a metric", "schema: zutuan/risk/v1\nrules:\n  - id: a\n    metric: 'plan.gover|", "plan.government_debt", "offer.min_dscr"},
		{"no offer in a risk rule", "schema: zutuan/risk/v1\nrules:\n  - id: a\n    metric: 'offer.min|", "", "offer.min_dscr"},
		{"parameters of a level", "schema: zutuan/risk/v1\nrules:\n  - id: a\n    levels: {yellow: '> p.debt_limit_use_y|", "p.debt_limit_use_yellow", ""},
		{"levels", "schema: zutuan/risk/v1\nrules:\n  - id: a\n    blocks_finalization: or|", "orange", "must"},
		{"keys of a risk rule", "schema: zutuan/risk/v1\nrules:\n  - id: a\n    mit|", "mitigation", "group"},
		{"scopes", "schema: zutuan/risk/v1\nrules:\n  - id: a\n    scope: |", "government", "must"},
		{"parameters of a size", "schema: zutuan/stress/v1\nscenarios:\n  - id: a\n    fall: {land: p.stress_land_m|", "p.stress_land_mild", "need.land_share"},
		{"nothing but parameters in a size", "schema: zutuan/stress/v1\nscenarios:\n  - id: a\n    fall: {land: need.land|", "", "need.land_share"},
		{"keys of a scenario", "schema: zutuan/stress/v1\nscenarios:\n  - id: a\n    exch|", "exchange", "metric"},
		{"distributions", "schema: zutuan/stress/v1\nmonte_carlo:\n  factors:\n    - {factor: land, distribution: logn|", "lognormal", "land"},
		{"scenarios of this file", "schema: zutuan/stress/v1\nscenarios:\n  - id: land-10\n  - id: both\n    combine: {of: [land|", "land-10", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			before, after, _ := strings.Cut(test.text, "|")
			line := 1 + strings.Count(before, "\n")
			column := 1 + len([]rune(before[strings.LastIndex(before, "\n")+1:]))
			var texts []string
			for _, completion := range rulecheck.Complete(library, []byte(before+after), line, column) {
				texts = append(texts, completion.Text)
			}
			if test.want != "" && !slices.Contains(texts, test.want) {
				t.Errorf("%q is not offered: %q", test.want, texts)
			}
			if test.not != "" && slices.Contains(texts, test.not) {
				t.Errorf("%q is offered: %q", test.not, texts)
			}
		})
	}
}

// BenchmarkDiagnoseShipped diagnoses every shipped text, analysis included, and names the slowest; an editor waits at most
// 50 ms. check is what can be had at every key, without analysis.
func BenchmarkDiagnoseShipped(b *testing.B) {
	library := shipped(b)
	var files []string
	for _, product := range library.Products {
		files = append(files, product.File)
	}
	for _, pack := range library.RiskPacks {
		files = append(files, pack.File)
	}
	for _, pack := range library.StressPacks {
		files = append(files, pack.File)
	}
	for _, file := range files {
		data := []byte(packText(b, file))
		b.Run("analysed/"+file, func(b *testing.B) {
			for b.Loop() {
				rulecheck.Diagnose(library, file, data)
			}
		})
		b.Run("check/"+file, func(b *testing.B) {
			for b.Loop() {
				rulecheck.Check(library, file, data)
			}
		})
	}
}
