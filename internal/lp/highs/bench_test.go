package highs

import (
	"bytes"
	"context"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"zutuan/internal/lp"
	"zutuan/internal/lp/sample"
)

func newRandom(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, seed)) }

func haveGlpsol() bool {
	_, err := exec.LookPath("glpsol")
	return err == nil
}

func glpsolCommand(arguments ...string) *exec.Cmd { return exec.Command("glpsol", arguments...) }

// glpsol exports the model, solves it in a process of its own and reads the summary line of the solution file:
// "s bas rows columns primal-status dual-status objective" or "s mip rows columns status objective". The time is that
// of the whole process.
func glpsol(t testing.TB, model *lp.Model, format string) (lp.Status, float64, time.Duration) {
	t.Helper()
	folder := t.TempDir()
	in, out := filepath.Join(folder, "model"), filepath.Join(folder, "solution")
	file, err := os.Create(in)
	if err != nil {
		t.Fatal(err)
	}
	write := model.WriteMPS
	if format == "--lp" {
		write = model.WriteLP
	}
	if err := write(file); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	log, err := glpsolCommand(format, in, "--write", out).CombinedOutput()
	elapsed := time.Since(started)
	if err != nil {
		t.Fatalf("glpsol: %v\n%s", err, log)
	}
	return readGlpsol(t, out, log), objectiveOf(t, out), elapsed
}

func summary(t testing.TB, solutionFile string) [][]byte {
	t.Helper()
	text, err := os.ReadFile(solutionFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range bytes.Split(text, []byte("\n")) {
		if words := bytes.Fields(line); len(words) >= 6 && string(words[0]) == "s" {
			return words
		}
	}
	t.Fatalf("no summary line in %s", text)
	return nil
}

func readGlpsol(t testing.TB, solutionFile string, log []byte) lp.Status {
	t.Helper()
	words := summary(t, solutionFile)
	switch status := string(bytes.Join(words[4:len(words)-1], nil)); {
	case status == "ff" || status == "o":
		return lp.StatusOptimal
	case bytes.Contains(log, []byte("NO PRIMAL FEASIBLE SOLUTION")), bytes.Contains(log, []byte("NO PRIMAL FEASIBLE")), status == "n":
		return lp.StatusInfeasible
	default:
		t.Fatalf("glpsol ended with status %q\n%s", status, log)
		return ""
	}
}

func objectiveOf(t testing.TB, solutionFile string) float64 {
	t.Helper()
	words := summary(t, solutionFile)
	objective, err := strconv.ParseFloat(string(words[len(words)-1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return objective
}

func BenchmarkSolveDensePlan(b *testing.B)  { benchmarkPlan(b, sample.FMIP()) }
func BenchmarkSolveSparsePlan(b *testing.B) { benchmarkPlan(b, sample.GMIP()) }

// benchmarkPlan times the program with its decisions, the LP without them, and the glpsol process on the former.
func benchmarkPlan(b *testing.B, shape sample.Shape) {
	model := shape.Model()
	relaxed := model.Relaxed()
	optimum := solve(b, model, lp.Options{}).Objective
	b.Run("decisions", func(b *testing.B) {
		for b.Loop() {
			if got := solve(b, model, lp.Options{}); math.Abs(got.Objective-optimum) > 1e-6*optimum {
				b.Fatalf("objective %g", got.Objective)
			}
		}
		b.ReportMetric(float64(model.NumColumns()), "columns")
		b.ReportMetric(float64(model.NumTerms()), "terms")
	})
	b.Run("relaxed", func(b *testing.B) {
		for b.Loop() {
			solve(b, relaxed, lp.Options{})
		}
	})
	b.Run("baseline glpsol process", func(b *testing.B) {
		if !haveGlpsol() {
			b.Skip("glpsol is not installed")
		}
		var processes time.Duration
		for b.Loop() {
			_, objective, elapsed := glpsol(b, model, "--freemps")
			if math.Abs(objective-optimum) > 1e-6*optimum {
				b.Fatalf("glpsol found %.12g, HiGHS %.12g", objective, optimum)
			}
			processes += elapsed
		}
		b.ReportMetric(float64(processes)/float64(b.N)/1e6, "ms/process")
	})
}

// BenchmarkExplainConflict is the time to say why there is no plan.
func BenchmarkExplainConflict(b *testing.B) {
	shape := sample.GMIP()
	shape.Capital = 1.0001
	model := shape.Model()
	solver(b)
	for b.Loop() {
		if rows, _, err := shared.IIS(context.Background(), model); err != nil || len(rows) == 0 {
			b.Fatal(rows, err)
		}
	}
}

// BenchmarkStart is the time until the first solve can begin, with the machine code in the cache and without.
func BenchmarkStart(b *testing.B) {
	start := func(b *testing.B, config Config) {
		s := New(config)
		if err := s.Warm(context.Background()); err != nil {
			b.Fatal(err)
		}
		if err := s.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("cached", func(b *testing.B) {
		config := Config{CacheDir: b.TempDir()}
		start(b, config) // fills the cache
		for b.Loop() {
			start(b, config)
		}
	})
	b.Run("compiled anew", func(b *testing.B) {
		for b.Loop() {
			start(b, Config{NoCache: true})
		}
	})
}
