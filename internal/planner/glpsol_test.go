//go:build glpsol

package planner_test

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"zutuan/internal/planner"
)

// glpsol writes a program's MPS and solves it outside; false where it has no solution.
func glpsol(t *testing.T, in planner.Input) (value float64, took time.Duration, ok bool) {
	t.Helper()
	model, err := planner.Program(in)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	file, err := os.Create(filepath.Join(folder, "program.mps"))
	if err != nil {
		t.Fatal(err)
	}
	if err := model.WriteMPS(file); err != nil {
		t.Fatal(err)
	}
	file.Close()
	began := time.Now()
	output, err := exec.Command("glpsol", "--freemps", file.Name(), "--cuts", "--tmlim", "120", "-w", filepath.Join(folder, "solution")).CombinedOutput()
	took = time.Since(began)
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	solution, err := os.ReadFile(filepath.Join(folder, "solution"))
	if err != nil {
		return 0, took, false
	}
	// "s mip ROWS COLUMNS STATUS VALUE", status o for optimal.
	for _, line := range strings.Split(string(solution), "\n") {
		words := strings.Fields(line)
		if len(words) >= 6 && words[0] == "s" && words[1] == "mip" {
			value, err = strconv.ParseFloat(words[5], 64)
			return value, took, err == nil && words[4] == "o"
		}
	}
	return 0, took, false
}

// TestGlpsolFindsEveryKeptOptimumAgain solves every kept program outside. With UPDATE_OPTIMUM=1 it writes the file anew.
func TestGlpsolFindsEveryKeptOptimumAgain(t *testing.T) {
	if os.Getenv("UPDATE_OPTIMUM") != "" {
		updateOptimum(t)
	}
	for _, entry := range kept(t) {
		value, took, ok := glpsol(t, program(t, entry.name))
		if !ok || math.Abs(value-entry.value) > 1e-6*math.Max(1, math.Abs(value)) {
			t.Errorf("%s: glpsol found %.9g (%t), kept is %.9g", entry.name, value, ok, entry.value)
		}
		t.Logf("%-40s %14.6f in %s", entry.name, value, took.Round(time.Millisecond))
	}
}

// sayOptimum is the line of a program in the file.
func sayOptimum(name string, value float64) string { return fmt.Sprintf("%s = %.9g", name, value) }

func updateOptimum(t *testing.T) {
	lines := []string{"# Programs of plans with the optimum that glpsol finds (GLPK 5.0, MPS from planner.Program), in 万元.",
		"# UPDATE_OPTIMUM=1 make check-optimum writes this file anew; every figure in it is glpsol's."}
	for _, name := range []string{"pingxiang first 1", "pingxiang first 3", "pingxiang every 3", "pingxiang-rolling first 1", "pingxiang-rolling first 3", "lincang first 1", "lincang first 3", "lincang every 1"} {
		value, _, ok := glpsol(t, program(t, "sample "+name))
		if !ok {
			t.Fatalf("%s has no plan", name)
		}
		lines = append(lines, sayOptimum("sample "+name, value))
	}
	for seed, found := 0, 0; found < 40; seed++ {
		in := generated(uint64(seed))
		if in.Limits.CapitalProRata {
			continue // where further capital comes late the whole program is only a bound
		}
		if value, _, ok := glpsol(t, in); ok && value > 0 {
			lines = append(lines, sayOptimum(fmt.Sprintf("case %d", seed), value))
			found++
		}
	}
	if err := os.WriteFile(optimumFile, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestGlpsolTakesAsLong compares the time of a whole build with glpsol's on the same question, for the reader: nothing
// fails here, because the two share a machine with whatever else runs.
func TestGlpsolTakesAsLong(t *testing.T) {
	in := twentyProducts()
	mustBuild(t, in)
	_, theirs, ok := glpsol(t, in)
	began := time.Now()
	built := mustBuild(t, in)
	ours := time.Since(began)
	t.Logf("twenty products: glpsol %s (%t), build %s with rounding, judgement and prices; program %+v", theirs.Round(time.Millisecond), ok, ours.Round(time.Millisecond), built.Program)
}
