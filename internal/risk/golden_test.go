package risk

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/plan"
	"zutuan/internal/quarter"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares a text with its file; -update writes it, and the difference is then read as a change of what people see.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; got:\n%s", path, got)
	}
}

// typedPlan is one special bond and one loan, typed in, so that the golden texts do not depend on products.
func typedPlan(t *testing.T, bond, lent string) []plan.Line {
	t.Helper()
	var lines []plan.Line
	if bond != "" {
		lines = append(lines, bondLine(t, "park-bond", bond, "0.0222", quarter.Must("2026Q1"), 60))
	}
	return append(lines, loanLine(t, "cdb-loan", "cdb", lent, "0.0330", quarter.Must("2026Q1"), 80, 20))
}

func TestTheSamplesReadSensibly(t *testing.T) {
	for _, test := range []struct{ name, bond, loan string }{
		{"pingxiang", "250000000.00", "420000000.00"},
		{"lincang", "500000000.00", "620000000.00"},
		{"manzhouli", "", "800000000.00"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := openSample(t, test.name)
			s.lines = typedPlan(t, test.bond, test.loan)
			golden(t, test.name+".txt", readable(s.assess(t)))
		})
	}
}

func readable(a *Assessment) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s 重点省份 %v\n", a.Date, a.Zone, a.KeyProvince.Member)
	fmt.Fprintf(&b, "最差 %s；阻止定稿 %d，待补 %d\n", LevelName(a.Summary.Worst, money.Chinese), len(a.Summary.Blocking), len(a.Summary.Unresolved))
	for i := range a.Flags {
		mark := "  "
		if a.Flags[i].Blocks {
			mark = "! "
		}
		b.WriteString(mark + a.Flags[i].Line(money.Chinese) + "\n")
	}
	for _, finding := range a.Ledger.Findings {
		b.WriteString("台账 " + finding.Code + " " + finding.Text.ZH + "\n")
	}
	return b.String()
}

// The indicative plans of the samples follow from products that change; what they must show does not.
func TestTheIndicativePlansShowWhatTheSamplesAreMadeFor(t *testing.T) {
	levelOf := func(a *Assessment, rule string) funding.Level {
		for _, flag := range a.Flags {
			if flag.Rule == rule {
				return flag.Level
			}
		}
		return ""
	}
	t.Run("凭祥 can be financed and nothing blocks", func(t *testing.T) {
		s := openSample(t, "pingxiang")
		made := s.indicative(t)
		a := s.assess(t)
		if len(a.Summary.Blocking) != 0 || a.Summary.Counts.Stop != 0 || a.Summary.Counts.Red != 0 || made.Evaluation.UnfundedGap != 0 {
			t.Errorf("got %+v, unfunded %s", a.Summary.Blocking, made.Evaluation.UnfundedGap)
		}
	})
	t.Run("临沧 is orange by the statutory ratio and red with implicit debt", func(t *testing.T) {
		s := openSample(t, "lincang")
		s.indicative(t)
		a := s.assess(t)
		if statutory, implicit := levelOf(a, "R02"), levelOf(a, "R02I"); statutory != funding.LevelOrange || implicit != funding.LevelRed || a.Summary.Counts.Stop != 0 {
			t.Errorf("got %s, %s, %+v", statutory, implicit, a.Summary)
		}
	})
	t.Run("满洲里 is red and stopped, without room under the limit", func(t *testing.T) {
		s := openSample(t, "manzhouli")
		made := s.indicative(t)
		a := s.assess(t)
		if levelOf(a, "R02") != funding.LevelRed || a.Summary.Counts.Stop == 0 || a.Summary.CanBeWaived || made.Evaluation.GovernmentDebt != 0 {
			t.Errorf("got %+v", a.Summary)
		}
	})
}
