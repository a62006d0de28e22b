package main

// The program as a person runs it: scripts under testdata/scripts start the command line in this process, look at what
// it prints, where, and with which exit code. The golden texts under testdata/golden are whole answers for the four
// sample cases, to be read by a person; UPDATE_GOLDEN=1 rewrites them.

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"zutuan": main})
}

func TestScripts(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "../../testdata/scripts",
		Setup: func(env *testscript.Env) error {
			env.Setenv("ROOT", root)
			return nil
		},
	})
}

// frozen is a clock that stands still; the scripts and goldens name their dates, so that it must not matter.
func frozen() time.Time { return time.Date(2031, 2, 28, 0, 0, 0, 0, time.UTC) }

// zutuan runs the command line in this process.
func zutuan(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(args, &out, &errs, false, frozen)
	return out.String(), errs.String(), code
}

func TestAssessmentsOfTheSamplesReadAsAgreed(t *testing.T) {
	for _, sample := range []string{"pingxiang", "pingxiang-rolling", "lincang", "manzhouli"} {
		t.Run(sample, func(t *testing.T) {
			stdout, stderr, code := zutuan(t, "assess", "--sample", sample, "--date", "2026-06-30")
			if code != exitOK || stderr != "" {
				t.Fatalf("exit %d, stderr %q", code, stderr)
			}
			golden := filepath.Join("../../testdata/golden", "assess-"+sample+".txt")
			if os.Getenv("UPDATE_GOLDEN") != "" {
				if err := os.WriteFile(golden, []byte(stdout), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(stdout, "\n")); diff != "" {
				t.Errorf("%s differs (-want +got):\n%s", golden, diff)
			}
		})
	}
}

func TestTheSameQuestionGetsTheSameBytes(t *testing.T) {
	for _, args := range [][]string{
		{"assess", "--sample", "pingxiang-rolling", "--date", "2026-06-30", "--json"},
		{"match", "--sample", "lincang", "--date", "2026-06-30", "--json"},
		{"facts", "--json"},
	} {
		first, _, code := zutuan(t, args...)
		if code != exitOK || first == "" {
			t.Fatalf("%v: exit %d", args, code)
		}
		for range 3 {
			if again, _, _ := zutuan(t, args...); again != first {
				t.Errorf("%v answers differently the second time", args)
			}
		}
	}
}
