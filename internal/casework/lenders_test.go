package casework

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"zutuan/internal/funding"
	"zutuan/internal/rulepack"
	"zutuan/rules"
)

// replaced is the rules directory with one file replaced.
type replaced struct {
	fs.FS
	name, text string
}

func (r replaced) Open(name string) (fs.File, error) {
	if name == r.name {
		return fstest.MapFS{name: {Data: []byte(r.text)}}.Open(name)
	}
	return r.FS.Open(name)
}

// What a lender has at risk with the borrower's group stands in the requirement, its capital in the institution's record.
// The limit is 20 % of tier-1 capital: of 50,000,000,000.00 it is 10,000,000,000.00.
func TestTheLimitOnConnectedClientsIsDecidedByWhatTheRequirementSays(t *testing.T) {
	institutions, err := fs.ReadFile(rules.FS, "institutions.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(institutions), "net_capital: null, tier1: null, as_of: null", `net_capital: "60000000000.00", tier1: "50000000000.00", as_of: 2025-12-31`)
	library, err := rulepack.Load(replaced{rules.FS, "institutions.yaml", text})
	if err != nil {
		t.Fatal(err)
	}
	desk, err := NewDesk(library)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		exposure string
		want     funding.Level
	}{
		"nothing is said":             {"", funding.LevelUndecided},
		"nothing is at risk":          {"0.00", funding.LevelGreen},
		"all of the limit is used up": {"10000000000.00", funding.LevelStop},
	} {
		t.Run(name, func(t *testing.T) {
			papers, err := SamplePapers(rules.FS, "pingxiang")
			if err != nil {
				t.Fatal(err)
			}
			if c.exposure != "" {
				var listed []string
				for _, institution := range library.Institutions {
					listed = append(listed, `{institution: `+institution.ID+`, amount: "`+c.exposure+`"}`)
				}
				with := "  cash: \"86000000.00\"\n  group_exposures: [" + strings.Join(listed, ", ") + "]\n"
				papers.Requirement.Data = []byte(strings.Replace(string(papers.Requirement.Data), "  cash: \"86000000.00\"\n", with, 1))
			}
			kase, err := ReadCase(papers)
			if err != nil {
				t.Fatal(err)
			}
			assessed, err := desk.Assess(kase, Asked{Date: time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC)})
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, flag := range assessed.Risk.Flags {
				if flag.Rule == "R22G" {
					found = true
					if flag.Level != c.want {
						t.Errorf("R22G is %s, want %s", flag.Level, c.want)
					}
				}
			}
			if !found {
				t.Error("there is no R22G")
			}
		})
	}
}
