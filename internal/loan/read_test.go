package loan

// Goal: the file of the schedule command is read strictly, everything wrong is told at once with its line, and the
// schedules of testdata/schedules equal those that schedule.py beside them works out in Python.

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zutuan/internal/document"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

func TestSchedulesEqualThoseWorkedOutInPython(t *testing.T) {
	paths, err := filepath.Glob("../../testdata/schedules/*.json")
	if err != nil || len(paths) < 5 {
		t.Fatalf("found %d schedules (%v)", len(paths), err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			golden, err := os.ReadFile(strings.TrimSuffix(path, ".json") + ".golden")
			if err != nil {
				t.Fatal(err)
			}
			terms, cfads, err := ReadTerms(path, data)
			if err != nil {
				t.Fatal(err)
			}
			schedule, err := Build(terms, cfads)
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSpace(string(golden)), "\n")
			answer := schedule.Answer()
			if len(lines) != len(answer.Quarters)+2 {
				t.Fatalf("%d quarters, want %d", len(answer.Quarters), len(lines)-2)
			}
			for i, row := range answer.Quarters {
				got := strings.Join([]string{row.Quarter.String(), row.Opening.String(), row.Draw.String(), row.Interest.String(), row.Capitalized.String(), row.Principal.String(), row.Fees.String(), row.Closing.String()}, " ")
				if want := strings.Join(strings.Fields(lines[i+1]), " "); got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
			}
			got := fmt.Sprintf("all-in cost %s  average life %s  interest %s  fees %s", answer.AllInCost, answer.AverageLifeYears, answer.TotalInterest, answer.TotalFees)
			if want := lines[len(lines)-1]; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

const everyKey = `
start: 2025Q4
draws:
  - {quarter: 2026Q1, amount: "1000000.00"}
  - {quarter: 2026Q2, amount: 500000}
rate: 0.0385
rates: [{from: 2027Q1, rate: "0.0375"}]
tenor: 12
grace: 4
interval: 4
availability: 3
commitment: 2000000
profile: custom
custom: [0.4, "0.6"]
timing: end
capitalize_during_grace: true
fees: {upfront: 0.01, commitment: 0.002, agency: "5000", guarantee: 0.005}
cfads: [-1, "2.50"]
`

func TestEveryKeyIsRead(t *testing.T) {
	terms, cfads, err := ReadTerms("terms.yaml", []byte(everyKey))
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%+v %v", terms, cfads)
	want := `{Start:2025Q4 Draws:[{Quarter:2026Q1 Amount:1000000.00} {Quarter:2026Q2 Amount:500000.00}] Commitment:2000000.00 Rate:0.0385 Changes:[{From:2027Q1 Rate:0.0375}] ` +
		`Tenor:12 Grace:4 Availability:3 Interval:4 Profile:custom Custom:[0.4 0.6] Timing:end CapitalizeDuringGrace:true Fees:{Upfront:0.01 Commitment:0.002 Agency:5000.00 Guarantee:0.005}} [-1.00 2.50]`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestDefaultsOfATermsFile(t *testing.T) {
	terms, cfads, err := ReadTerms("terms.yaml", []byte(`{draws: [{quarter: 2026Q1, amount: "1.00"}], rate: 0, tenor: 1, profile: bullet}`))
	if err != nil {
		t.Fatal(err)
	}
	if terms.start() != quarter.Must("2026Q1") || terms.availability() != 1 || terms.interval() != 1 || terms.Timing.halves() != 1 || cfads != nil {
		t.Errorf("terms %+v, cfads %v", terms, cfads)
	}
}

func TestEverythingWrongWithATermsFileIsToldAtOnce(t *testing.T) {
	for _, c := range []struct {
		name, file string
		want       []string // line, path and code
	}{
		{"missing and unknown keys", "draws: []\nprofil: bullet\n", []string{"1 rate missing", "1 tenor missing", "1 profile missing", "2 profil unknown_key", "1 draws missing"}},
		{"values that cannot be read and rules that do not need them", "draws:\n  - {quarter: 2026Q5, amount: NaN}\nrate: 3.65\ntenor: 1e3\nprofile: bullet\ntiming: noon\nfees: {upfront: 1.5}\nrates:\n  - {from: 2027Q1, rate: 0.04}\n  - {from: 2026Q1, rate: 0.04}\n",
			[]string{"2 draws[0].quarter quarter", "2 draws[0].amount amount", "3 rate rate", "4 tenor integer", "6 timing enum", "7 fees.upfront rate"}},
		{"rules with their lines", "draws:\n  - {quarter: 2026Q1, amount: 1}\n  - {quarter: 2027Q1, amount: 1}\nrate: 0.04\ntenor: 11\ngrace: 2\ninterval: 4\nprofile: custom\ncustom: [0.5, 0.4]\ncommitment: 1\nrates:\n  - {from: 2027Q1, rate: 0.04}\n  - {from: 2026Q1, rate: 0.04}\n",
			[]string{"3 draws[1].quarter draw_after_availability", "5 tenor interval", "9 custom custom", "10 commitment commitment", "13 rates[1].from order"}},
		{"negative amounts", "draws: [{quarter: 2026Q1, amount: -1}]\nrate: -0.01\ntenor: 4\ngrace: -1\nprofile: bullet\nfees: {agency: -1}\n",
			[]string{"1 draws[0].amount negative", "2 rate rate", "4 grace integer", "6 fees.agency negative"}},
		{"not a file of keys", "[1, 2]", []string{"1  object"}},
		{"too long a list", "rate: 0\ntenor: 1\nprofile: bullet\ndraws: [" + strings.Repeat("{quarter: 2026Q1, amount: 1}, ", 641) + "]\n", []string{"4 draws too_many"}},
		{"empty", "", []string{"0  empty"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := ReadTerms("terms.yaml", []byte(c.file))
			var problems document.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("error %v", err)
			}
			got := map[string]bool{}
			for _, problem := range problems {
				got[fmt.Sprintf("%d %s %s", problem.Line, problem.Path, problem.Code)] = true
				if problem.ZH == "" || problem.EN == "" || problem.File != "terms.yaml" {
					t.Errorf("problem %+v", problem)
				}
			}
			for _, want := range c.want {
				if !got[want] {
					t.Errorf("%q is not told; told were\n%s", want, problems.In(money.English))
				}
				delete(got, want)
			}
			for extra := range got {
				t.Errorf("told besides: %s", extra)
			}
		})
	}
}

// A file that reads must build, or say why; nothing may panic.
func FuzzReadTerms(f *testing.F) {
	f.Add([]byte(everyKey))
	for _, name := range []string{"sculpted-on-rising-money", "floating-annuity-half-yearly", "custom-uneven"} {
		data, err := os.ReadFile("../../testdata/schedules/" + name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		terms, cfads, err := ReadTerms("terms", data)
		if err != nil {
			return
		}
		schedule, err := Build(terms, cfads)
		if err != nil {
			if terms.Profile != ProfileSculpted && !strings.Contains(err.Error(), "leaves the range") {
				t.Fatalf("terms that read do not build: %v", err)
			}
			return
		}
		if schedule.Rows[len(schedule.Rows)-1].Closing != 0 {
			t.Fatalf("a balance is left: %+v", schedule.Rows)
		}
		schedule.Answer()
	})
}
