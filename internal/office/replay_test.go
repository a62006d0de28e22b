package office

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zutuan/internal/casework"
	"zutuan/internal/permit"
	"zutuan/internal/store"
	"zutuan/rules"
)

// The answers of the samples belong to an engine version: where they come out in other bytes and the version is the same,
// every stored result would be told to have changed. UPDATE_GOLDEN=1 writes them down for the present version.
func TestAnswersBelongToTheirEngine(t *testing.T) {
	o, _ := newOffice(t)
	edition, err := o.Edition(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{"engine " + EngineVersion}
	for _, sample := range []string{"lincang", "manzhouli", "pingxiang", "pingxiang-rolling"} {
		papers, err := casework.SamplePapers(rules.FS, sample)
		if err != nil {
			t.Fatal(err)
		}
		kase, err := casework.ReadCase(papers)
		if err != nil {
			t.Fatal(err)
		}
		assessed, err := edition.Desk.Assess(kase, casework.Asked{Date: o.Today()})
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf("%s %s %s", sample, hashOf(assessed.Match.AppendAnswer(nil)), hashOf(canonical(t, assessed.Risk))))
	}
	path, got := filepath.Join("testdata", "engine.txt"), strings.Join(lines, "\n")+"\n"
	want, err := os.ReadFile(path)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		err = os.WriteFile(path, []byte(got), 0o644)
		want = []byte(got)
	}
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("the samples are answered in other bytes:\n%swas\n%sIf that is meant, raise EngineVersion and write %s anew with UPDATE_GOLDEN=1.", got, want, path)
	}
}

// A result of another engine is told as one.
func TestAReplayNamesTheEngine(t *testing.T) {
	o, _ := newOffice(t)
	requirement := handIn(t, o)
	record, body, err := requirements.get(t.Context(), o, requirement.ID)
	if err != nil {
		t.Fatal(err)
	}
	basis := Basis{Engine: "0", Edition: edition(t, o).ID, Date: day(o.Today())}
	p, err := o.gather(t.Context(), record, &body, o.Today())
	if err != nil {
		t.Fatal(err)
	}
	if err := o.keepPapers(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	basis.Papers = p.list()
	replay, err := o.replay(t.Context(), record.Region, basis, "another hash", func(*Edition, *papers) ([]byte, error) { return []byte("{}"), nil })
	if err != nil || replay.Identical || replay.Basis.Engine != "0" || replay.Engine != EngineVersion {
		t.Errorf("%+v, %v", replay, err)
	}
	made, err := o.MatchRequirement(t.Context(), permit.SystemActor("test"), requirement.ID, o.Today(), nil)
	if err != nil || made.Basis.Engine != EngineVersion {
		t.Errorf("a match of now names the engine %q, %v", made.Basis.Engine, err)
	}
}

func edition(t *testing.T, o *Office) *Edition {
	t.Helper()
	found, err := o.Edition(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func canonical(t *testing.T, value any) []byte {
	t.Helper()
	text, err := store.Canonical(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
