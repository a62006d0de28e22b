package funding

import (
	"os"
	"path/filepath"
	"testing"
)

// The three files are the published samples, byte for byte; they must load as they are.
func TestOriginalRequirementsLoadUnchanged(t *testing.T) {
	files, _ := filepath.Glob("../../testdata/requirements/original/*.json")
	if len(files) != 3 {
		t.Fatalf("found %d original files, want 3", len(files))
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		requirement, err := ReadRequirement(filepath.Base(file), data, nil)
		if err != nil {
			t.Errorf("%s is refused:\n%v", file, err)
			continue
		}
		if len(requirement.Units) != 1 || len(requirement.Units[0].Invest) != 11 || len(requirement.Units[0].Revenue) != 5 {
			t.Errorf("%s: read %d units", file, len(requirement.Units))
		}
	}
}
