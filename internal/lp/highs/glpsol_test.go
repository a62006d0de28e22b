//go:build glpsol

package highs

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"zutuan/internal/lp"
	"zutuan/internal/lp/sample"
)

var write = flag.Bool("write", false, "write testdata/optimum.txt from what glpsol finds")

const optimumHeader = `# Programs of the plan's shape (internal/lp/sample) and their optimum as found by glpsol, GLPK %s, from the exported MPS.
# form seed products draws quarters decisions fee capital columns  rows  terms integer status     optimum
`

// shapes are the programs of testdata/optimum.txt.
func shapes() (all []sample.Shape) {
	for _, form := range []sample.Form{sample.Fixed, sample.Sculpt} {
		for seed := range uint64(6) {
			size := int(seed)
			all = append(all,
				sample.Shape{Form: form, Seed: 100 + seed, Products: 3 + size, DrawQuarters: 4 + 2*size, Quarters: 16 + 4*size, FeeTimes: 1, Capital: 0.2},
				sample.Shape{Form: form, Seed: 200 + seed, Products: 4 + size, DrawQuarters: 6 + size, Quarters: 20 + 4*size, FeeTimes: 1, Capital: 0.25, Decisions: true},
				sample.Shape{Form: form, Seed: 300 + seed, Products: 6 + size, DrawQuarters: 8, Quarters: 40, FeeTimes: 6, Capital: 0.2, Decisions: true})
		}
		// The largest size, and a capital ratio that nothing can satisfy: 100.01 % of what is raised.
		all = append(all,
			sample.Shape{Form: form, Seed: 1, Products: 20, DrawQuarters: 20, Quarters: 40, FeeTimes: 1, Capital: 0.2, Decisions: true},
			sample.Shape{Form: form, Seed: 400, Products: 5, DrawQuarters: 8, Quarters: 24, FeeTimes: 1, Capital: 1.0001, Decisions: true},
			sample.Shape{Form: form, Seed: 401, Products: 5, DrawQuarters: 8, Quarters: 24, FeeTimes: 1, Capital: 1.0001})
	}
	return all
}

func TestGlpsolAgrees(t *testing.T) {
	if !haveGlpsol() {
		t.Fatal("glpsol is not installed: install GLPK (Debian: apt-get install glpk-utils)")
	}
	if *write {
		writePlans(t)
	}
	var ratios []float64
	for _, p := range readPlans(t) {
		t.Run(p.shape.Name(), func(t *testing.T) {
			model := p.shape.Model()
			status, optimum, glpsolTime := glpsol(t, model, "--freemps")
			live := p
			live.status, live.optimum = status, optimum
			if live.String() != p.String() {
				t.Errorf("glpsol now finds\n%s\nnot\n%s", live, p)
			}
			started := time.Now()
			got := solve(t, model, lp.Options{})
			highsTime := time.Since(started)
			live.agrees(t, model, got)
			ratios = append(ratios, float64(highsTime)/float64(glpsolTime))
			t.Logf("%s %.12g  HiGHS %6.1f ms  glpsol process %6.1f ms  ratio %.2f", status, optimum,
				float64(highsTime)/1e6, float64(glpsolTime)/1e6, ratios[len(ratios)-1])
		})
	}
	slices.Sort(ratios)
	t.Logf("time of HiGHS over that of the glpsol process: median %.2f, least %.2f, greatest %.2f", ratios[len(ratios)/2], ratios[0], ratios[len(ratios)-1])
}

func writePlans(t *testing.T) {
	var text strings.Builder
	fmt.Fprintf(&text, optimumHeader, glpsolVersion(t))
	for _, shape := range shapes() {
		model := shape.Model()
		p := plan{shape: shape, columns: model.NumColumns(), rows: model.NumRows(), terms: model.NumTerms(), integer: model.NumIntegers()}
		p.status, p.optimum, _ = glpsol(t, model, "--freemps")
		fmt.Fprintln(&text, p)
	}
	if err := os.WriteFile(optimumFile, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Both export formats must mean the same program to another reader, including everything that plans do not use:
// ranges, free columns, an offset, rows without terms.
func TestGlpsolReadsBothExportsAlike(t *testing.T) {
	models := []*lp.Model{everyKind(), sample.Shape{Form: sample.Fixed, Seed: 9, Products: 4, DrawQuarters: 6, Quarters: 16, Decisions: true}.Model()}
	for _, model := range models {
		want := solve(t, model, lp.Options{})
		for _, format := range []string{"--freemps", "--lp"} {
			status, optimum, _ := glpsol(t, model, format)
			if status != want.Status || !near(optimum, want.Objective) {
				t.Errorf("%s %s: %s %.12g, HiGHS %s %.12g", model.Name, format, status, optimum, want.Status, want.Objective)
			}
		}
	}
}

// everyKind has one of each kind of bound and row, and columns beyond their defaults.
func everyKind() *lp.Model {
	m := lp.NewModel("every kind 各种")
	m.Offset = 2.5
	a, b := m.AddColumn("提款 a", 0, lp.Inf(), 0.1), m.AddColumn("free", -lp.Inf(), lp.Inf(), 0)
	c, use, n := m.AddColumn("below", -lp.Inf(), -5, -1), m.AddBinary("use", 10), m.AddInteger("n", 2, lp.Inf(), 0.5)
	m.AddColumn("alone", 1, 3, -1)
	many := m.AddInteger("many", -4, 4, 1.5)
	m.AddEqual("e", lp.Of(term(a, 1), term(b, -1.0/3)), 7)
	m.AddAtMost("l", lp.Of(term(a, 1), term(use, -80)), 0)
	m.AddAtLeast("g", lp.Sum(c, n, many), -6)
	m.AddRow("range", -20, lp.Sum(b, c), 6)
	m.AddRow("unbounded", -lp.Inf(), lp.Sum(a), lp.Inf())
	m.AddAtMost("empty", lp.Expression{}, 3)
	return m
}

func glpsolVersion(t *testing.T) string {
	output, err := glpsolCommand("--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := bytes.Cut(output, []byte("\n"))
	words := bytes.Fields(first)
	return string(words[len(words)-1])
}
