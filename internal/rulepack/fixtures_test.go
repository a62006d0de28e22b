package rulepack

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zutuan/internal/document"
	"zutuan/internal/money"
)

// The fixtures are the complaints. Each testdata/<kind>-<what is wrong>.bad.yaml is a good file with one thing wrong
// (one fixture has several), and the .want beside it is what the author of such a file is told, in English and in
// Chinese: the wording is reviewed there. Run with -update after a wording was changed on purpose, and read the diff.
var update = flag.Bool("update", false, "rewrite the .want files")

// testLibrary is a small directory of good rule files, so that the fixtures do not depend on the shipped rules.
func testLibrary(t testing.TB) *Library {
	t.Helper()
	library, err := Load(os.DirFS("testdata/library"))
	if err != nil {
		t.Fatalf("the good files must load: %v", err)
	}
	return library
}

// readKind hands a file to the reader of its kind, the first word of its name.
func readKind(library *Library, kind, file string, data []byte) (err error) {
	switch kind {
	case "product":
		_, err = library.Product(file, data)
	case "risk":
		_, err = library.RiskPack(file, data)
	case "stress":
		_, err = library.StressPack(file, data)
	case "parameters":
		_, err = ReadParameters(file, data, library.Documents)
	case "facts":
		_, err = ReadFacts(file, data)
	case "documents":
		_, err = ReadDocuments(file, data)
	case "market":
		_, err = ReadMarket(file, data)
	case "zones":
		_, err = ReadZones(file, data)
	case "institutions":
		_, err = ReadInstitutions(file, data)
	case "lists":
		_, err = ReadMemberships(file, data, library.Documents)
	case "overrides":
		_, err = ReadOverrides(file, data, library.Parameters)
	default:
		err = errors.New("no reader for files of the kind " + kind)
	}
	return err
}

func TestEachBadFileIsRefusedWithItsComplaint(t *testing.T) {
	library := testLibrary(t)
	files, err := filepath.Glob("testdata/*.bad.yaml")
	if err != nil || len(files) < 100 {
		t.Fatalf("the fixtures are gone: %d, %v", len(files), err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(strings.TrimSuffix(name, ".bad.yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			kind, _, _ := strings.Cut(name, "-")
			err = readKind(library, kind, name, data)
			var problems document.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("the file should be refused with problems, got %v", err)
			}
			got := problems.In(money.English) + "\n\n" + problems.In(money.Chinese) + "\n"
			wantFile := strings.TrimSuffix(file, ".bad.yaml") + ".want"
			if *update {
				if err := os.WriteFile(wantFile, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(wantFile)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestEveryComplaintBelongsToABadFile(t *testing.T) {
	wants, _ := filepath.Glob("testdata/*.want")
	for _, want := range wants {
		if _, err := os.Stat(strings.TrimSuffix(want, ".want") + ".bad.yaml"); err != nil {
			t.Errorf("%s stands alone: %v", want, err)
		}
	}
}
