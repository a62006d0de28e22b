package planner_test

import (
	"bufio"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"zutuan/internal/casework"
	"zutuan/internal/planner"
)

// optimumFile lists programs with the optimum that glpsol found for them (GLPK 5.0, glpsol --freemps program.mps):
// name and optimum in 万元. `make check-optimum` finds every one of them again.
const optimumFile = "../../testdata/programs/optimum.txt"

// program makes the input of a kept program from its name: "case 17", or "sample pingxiang first 1" with the signing
// (first quarter only, or every) and the number of tenors.
func program(t testing.TB, name string) planner.Input {
	t.Helper()
	words := strings.Fields(name)
	if words[0] == "case" {
		seed, err := strconv.ParseUint(words[1], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return generated(seed)
	}
	in := sample(t, words[1], casework.PlanRequest{})
	if words[2] == "first" {
		in.SigningEvery = -1
	}
	in.TenorChoices, _ = strconv.Atoi(words[3])
	return in
}

type optimum struct {
	name  string
	value float64
}

func kept(t testing.TB) []optimum {
	t.Helper()
	file, err := os.Open(optimumFile)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var list []optimum
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		line := scanner.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, text, _ := strings.Cut(line, " = ")
		value, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		list = append(list, optimum{strings.TrimSpace(name), value})
	}
	return list
}

// TestTheOptimumIsThatOfAnIndependentSolver builds the plan of each kept program part by part and compares what it found
// with what glpsol found for the whole program.
func TestTheOptimumIsThatOfAnIndependentSolver(t *testing.T) {
	t.Parallel()
	list := kept(t)
	generatedCount, samples := 0, 0
	for _, entry := range list {
		in := program(t, entry.name)
		built := mustBuild(t, in)
		if strings.HasPrefix(entry.name, "case") {
			generatedCount++
		} else {
			samples++
		}
		if !built.Feasible {
			t.Errorf("%s: no plan; glpsol found %f", entry.name, entry.value)
			continue
		}
		found := built.Optimum.Decimal().InexactFloat64() / 10_000
		if math.Abs(found-entry.value) > 1e-6*math.Max(1, math.Abs(entry.value)) {
			t.Errorf("%s: found %.6f, glpsol %.6f", entry.name, found, entry.value)
		}
	}
	if generatedCount < 30 || samples < 3 {
		t.Errorf("%d generated programs and %d of samples are kept", generatedCount, samples)
	}
}
