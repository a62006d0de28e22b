package rulecheck_test

// The goal: a change to a rule that no test notices is found and comes with a test that notices it; what is called
// equivalent is; and the shipped rules keep tests that notice nearly every change.

import (
	"slices"
	"strings"
	"testing"
	"time"

	"zutuan/internal/casework"
	"zutuan/internal/match"
	"zutuan/internal/rulecheck"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
	"zutuan/rules"
)

// desk returns the shipped library with the samples that tests run on.
func desk(t testing.TB) (*rulepack.Library, match.Samples) {
	t.Helper()
	library := shipped(t)
	desk, err := casework.NewDesk(library)
	if err != nil {
		t.Fatal(err)
	}
	return library, desk.Samples(rules.FS)
}

// draft compiles a small product with one rule and some tests, all on the sample pingxiang with enough of everything.
func draft(t testing.TB, library *rulepack.Library, when, rate string, tests ...string) *rulepack.Product {
	t.Helper()
	text := `schema: zutuan/product/v1
id: draft
institution: cdb
name: {zh: 草稿}
kind: development_loan
effective: {from: 2024-07-01, to: null}
source: {note: 样例, links: [], as_of: 2025-09-30, illustrative: true}
currency: CNY
counts_as: debt
terms:
  tenor: {min_quarters: 20, max_quarters: 60}
  grace: {max_quarters: 12}
  repayment: {profile: equal_principal, interval: 2}
  size: {min: "20000000.00", max: '1500000000', step: "10000.00"}
  rate: '` + rate + `'
rules:
  - {id: it, group: eligibility, level: must, when: '` + when + `', message: {zh: 说明}, basis: 产品条款}
  - {id: cost, group: cost, level: must, when: 'offer.all_in_cost <= need.max_cost', message: {zh: 说明}, basis: 产品条款}
score: {cost: "0.5", tenor: "0.3", structure: "0.2"}
tests:
` + strings.Join(tests, "")
	product, err := library.Product("products/cdb/draft.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return product
}

func one(name, set, expect string) string {
	return "  - name: " + name + "\n    given: {requirement: pingxiang, set: {" + set + "}}\n    expect: {" + expect + "}\n"
}

// mutantsOf lists what is done to a rule, one change a line.
func mutantsOf(library *rulepack.Library, product *rulepack.Product, place string) (live, equivalent []string) {
	for _, mutant := range rulecheck.Mutants(library, product) {
		if mutant.Place != place {
			continue
		}
		if mutant.Equivalent {
			equivalent = append(equivalent, mutant.Source)
		} else {
			live = append(live, mutant.Source)
		}
	}
	return live, equivalent
}

func TestMutantsChangeOneThingAtATime(t *testing.T) {
	library := shipped(t)
	for _, test := range []struct {
		name, when       string
		live, equivalent []string
	}{
		{"a threshold moves by its last written digit, an operator loosens and turns", `need.capital_ratio >= 0.20`,
			[]string{`need.capital_ratio > 0.20`, `need.capital_ratio <= 0.20`, `need.capital_ratio >= (0.21)`, `need.capital_ratio >= (0.19)`}, nil},
		{"a parameter moves by the smallest step of its unit", `need.capital_ratio > p.capital_min_other_infrastructure`,
			[]string{`need.capital_ratio >= p.capital_min_other_infrastructure`, `need.capital_ratio < p.capital_min_other_infrastructure`,
				`need.capital_ratio > (p.capital_min_other_infrastructure + 0.000001)`, `need.capital_ratio > (p.capital_min_other_infrastructure - 0.000001)`}, nil},
		{"each item of a list is left out", `borrower.type in ["soe", "spv"]`, []string{`borrower.type in ["spv"]`, `borrower.type in ["soe"]`}, nil},
		{"a list of one item becomes empty", `borrower.type in ["soe"]`, []string{`(false)`}, nil},
		{"each side of a junction is left out and brackets keep the rest together", `(project.exempt or project.central_approval) and project.land_approved`,
			[]string{`(project.land_approved)`, `(project.exempt or project.central_approval)`, `((project.central_approval)) and project.land_approved`, `((project.exempt)) and project.land_approved`,
				`((not project.exempt) or project.central_approval) and project.land_approved`, `(project.exempt or (not project.central_approval)) and project.land_approved`,
				`(project.exempt or project.central_approval) and (not project.land_approved)`}, nil},
		{"a negation is dropped", `not project.exempt`, []string{`(project.exempt)`}, nil},
		{"a negation in the middle is dropped", `borrower.type not in ["soe", "spv"]`,
			[]string{`borrower.type  in ["soe", "spv"]`, `borrower.type not in ["spv"]`, `borrower.type not in ["soe"]`}, nil},
		{"branches are exchanged", `need.capital_ratio >= (project.exempt ? 0.1 : 0.2)`, []string{
			`need.capital_ratio > (project.exempt ? 0.1 : 0.2)`, `need.capital_ratio <= (project.exempt ? 0.1 : 0.2)`, `need.capital_ratio >= (((project.exempt) ? (0.2) : (0.1)))`,
			`need.capital_ratio >= ((not project.exempt) ? 0.1 : 0.2)`, `need.capital_ratio >= (project.exempt ? (0.2) : 0.2)`, `need.capital_ratio >= (project.exempt ? (0.0) : 0.2)`,
			`need.capital_ratio >= (project.exempt ? 0.1 : (0.3))`, `need.capital_ratio >= (project.exempt ? 0.1 : (0.1))`}, nil},
		{"no list is shorter than empty: == and <= say the same", `len(project.gate_items) == 0`,
			[]string{`len(project.gate_items) != 0`, `len(project.gate_items) >= 0`, `len(project.gate_items) == (1)`, `len(project.gate_items) == (-1)`}, []string{`len(project.gate_items) <= 0`}},
		{"who trades (贸易) also has trade (贸)", `any(cluster.industries, # contains "贸" or # contains "贸易")`,
			[]string{`all(cluster.industries, # contains "贸" or # contains "贸易")`, `any(cluster.industries, (# contains "贸易"))`}, []string{`any(cluster.industries, (# contains "贸"))`}},
		{"above 8 quarters is at least 9", `need.construction_quarters >= 9 or need.construction_quarters > 8`,
			nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			live, equivalent := mutantsOf(library, draft(t, library, test.when, "market.lpr_5y"), "rules.it")
			if test.live == nil {
				if !slices.Contains(equivalent, `(need.construction_quarters >= 9)`) || !slices.Contains(equivalent, `(need.construction_quarters > 8)`) {
					t.Errorf("equivalent %q does not hold both halves", equivalent)
				}
				return
			}
			slices.Sort(live)
			want := slices.Sorted(slices.Values(test.live))
			if !slices.Equal(live, want) {
				t.Errorf("mutants\n%s\nwant\n%s", strings.Join(live, "\n"), strings.Join(want, "\n"))
			}
			if !slices.Equal(equivalent, test.equivalent) {
				t.Errorf("equivalent %q, want %q", equivalent, test.equivalent)
			}
		})
	}
}

func TestSurvivorsComeWithATestThatKillsThem(t *testing.T) {
	library, samples := desk(t)
	eligible := one("足够", `need.capital_ratio: "0.5", need.max_cost: "0.2"`, "verdict: eligible")
	refused := one("不足", `need.capital_ratio: "0.1", need.max_cost: "0.2"`, "verdict: near_miss, failed: [it]")
	product := draft(t, library, `need.capital_ratio >= 0.20`, "market.lpr_5y - (borrower.rating == \"AAA\" ? 0.01 : 0.00)", eligible, refused)
	score := rulecheck.ScoreProduct(samples, library, product)
	// By hand: of the rule's four mutants the two tests, at 0.5 and 0.1, notice only <=. Of cost, all_in_cost <= need.max_cost,
	// they notice >= (0.2 is far above any cost) and not <. Of the rate, none of the exchanged branches and ==.
	if score.Mutants != 8 || score.Killed != 2 {
		t.Errorf("%d of %d mutants noticed, want 2 of 8", score.Killed, score.Mutants)
	}
	if score.Score() != "25.0" {
		t.Errorf("score %s, want 25.0", score.Score())
	}
	for _, survivor := range score.Survivors {
		if survivor.Test == nil {
			t.Errorf("no test for %s %s → %s", survivor.Place, survivor.Was, survivor.Now)
		}
	}
	var texts []string
	for _, test := range score.Suggestions {
		texts = append(texts, rulecheck.TestYAML(test))
	}
	better := draft(t, library, `need.capital_ratio >= 0.20`, "market.lpr_5y - (borrower.rating == \"AAA\" ? 0.01 : 0.00)", append([]string{eligible, refused}, texts...)...)
	again := rulecheck.ScoreProduct(samples, library, better)
	if len(again.Broken) > 0 || again.Killed != again.Mutants {
		t.Errorf("with the suggested tests %d of %d are noticed, broken %q\n%s", again.Killed, again.Mutants, again.Broken, strings.Join(texts, ""))
	}
}

func TestTestsThatDoNotPassNoticeNothing(t *testing.T) {
	library, samples := desk(t)
	wrong := one("写错的测试", `need.capital_ratio: "0.5"`, "verdict: ineligible, failed: [it]")
	score := rulecheck.ScoreProduct(samples, library, draft(t, library, `need.capital_ratio >= 0.20`, "market.lpr_5y", wrong))
	if !slices.Equal(score.Broken, []string{"写错的测试"}) || score.Killed != 0 {
		t.Errorf("broken %q, %d noticed", score.Broken, score.Killed)
	}
}

// leastScore is what the tests of every shipped product must notice, in percent.
const leastScore = 90

func TestShippedProductsNoticeNearlyEveryChange(t *testing.T) {
	if testing.Short() {
		t.Skip("runs every test of every product against every mutant")
	}
	library, samples := desk(t)
	mutants, killed := 0, 0
	for _, product := range library.Products {
		score := rulecheck.ScoreProduct(samples, library, product)
		mutants, killed = mutants+score.Mutants, killed+score.Killed
		if 100*score.Killed < leastScore*score.Mutants || len(score.Broken) > 0 {
			t.Errorf("%s: %s%%, broken %q", product.ID, score.Score(), score.Broken)
		}
	}
	t.Logf("%d of %d mutants noticed", killed, mutants)
}

func TestShippedRiskPacksShowNearlyEveryChangeAtTheirBoundaries(t *testing.T) {
	library, samples := desk(t)
	need, err := samples("pingxiang", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for _, pack := range library.RiskPacks {
		score := rulecheck.ScoreRiskPack(library, pack, need.Facts)
		if 100*score.Killed < leastScore*score.Mutants {
			t.Errorf("%s: %s%%", pack.ID, score.Score())
		}
		for _, survivor := range score.Survivors {
			t.Logf("%s %s: %s → %s %v", pack.ID, survivor.Place, survivor.Was, survivor.Now, survivor.Facts)
		}
	}
}

func TestCoverageSaysWhatNoTestSeesAndSuggestsIt(t *testing.T) {
	library, samples := desk(t)
	eligible := one("足够", `need.capital_ratio: "0.5", need.max_cost: "0.2"`, "verdict: eligible")
	product := draft(t, library, `need.capital_ratio >= 0.20`, "market.lpr_5y - (borrower.rating == \"AAA\" ? 0.01 : 0.00)", eligible)
	coverage := rulecheck.CoverProduct(samples, library, product)
	if coverage.Complete() {
		t.Error("one test covers everything")
	}
	if rule := coverage.Rules[0]; !rule.Passed || rule.Failed {
		t.Errorf("rule seen %+v, want passed and never failed", rule)
	}
	var taken []string
	for _, branch := range coverage.Branches {
		if branch.Taken {
			taken = append(taken, branch.Branch)
		} else if branch.Suggestion == nil {
			t.Errorf("no test suggested for %s", branch.Branch)
		}
	}
	// The sample's borrower is rated AA+ or lower, so the second branch is taken.
	if !slices.Equal(taken, []string{"0.00"}) {
		t.Errorf("branches taken %q", taken)
	}
	boundary := coverage.Boundaries[0]
	if boundary.Below || boundary.At || !boundary.Above || len(boundary.Suggestions) != 2 {
		t.Fatalf("boundary %+v, want only above, and two tests", boundary)
	}
	texts := []string{eligible}
	for _, test := range boundary.Suggestions {
		texts = append(texts, rulecheck.TestYAML(test))
	}
	again := rulecheck.CoverProduct(samples, library, draft(t, library, `need.capital_ratio >= 0.20`, "market.lpr_5y", texts...))
	if b := again.Boundaries[0]; !b.Below || !b.At || !b.Above || !again.Rules[0].Failed {
		t.Errorf("with the suggested tests: %+v", b)
	}
}

func TestShippedProductsAreCovered(t *testing.T) {
	library, samples := desk(t)
	for _, product := range library.Products {
		if coverage := rulecheck.CoverProduct(samples, library, product); !coverage.Complete() {
			t.Errorf("%s is not covered", product.ID)
		}
	}
}

// TestEquivalentMutantsAgreeEverywhere asks the evaluator about every mutant that was proven equivalent.
func TestEquivalentMutantsAgreeEverywhere(t *testing.T) {
	library, samples := desk(t)
	need, err := samples("pingxiang", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, product := range library.Products {
		for _, mutant := range rulecheck.Mutants(library, product) {
			if !mutant.Equivalent {
				continue
			}
			count++
			original := ruleOf(t, product, mutant.Place)
			changed, err := library.Vocabulary.CompileRule(mutant.Source)
			if err != nil {
				t.Fatal(err)
			}
			if found := rulecheck.Distinguish(original, changed, need.Facts, 1); len(found) > 0 {
				t.Errorf("%s %s and %s differ on %v", product.ID, original.Source(), mutant.Source, found[0])
			}
		}
	}
	if count == 0 {
		t.Error("no mutant was proven equivalent")
	}
}

func ruleOf(t *testing.T, product *rulepack.Product, place string) *ruleexpr.Rule {
	t.Helper()
	for i := range product.Rules {
		if "rules."+product.Rules[i].ID == place {
			return product.Rules[i].Rule
		}
	}
	t.Fatalf("%s has no %s", product.ID, place)
	return nil
}
