package stress_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"sync"
	"testing"
	"time"

	"zutuan/internal/facts"
	"zutuan/internal/office"
	"zutuan/internal/risk"
	"zutuan/internal/rulepack"
	"zutuan/internal/stress"
	"zutuan/rules"
)

var sampleDate = time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC)

var desk = sync.OnceValue(func() *office.Desk {
	library, err := rulepack.Load(rules.FS)
	if err != nil {
		panic(err)
	}
	desk, err := office.NewDesk(library)
	if err != nil {
		panic(err)
	}
	return desk
})

// readSample reads a shipped sample.
func readSample(t testing.TB, name string) *office.Case {
	t.Helper()
	read := func(file string) office.File {
		data, err := fs.ReadFile(rules.FS, "samples/"+name+"/"+file)
		if err != nil {
			t.Fatal(err)
		}
		return office.File{Name: file, Data: data}
	}
	kase, err := office.ReadCase(office.Papers{Requirement: read("requirement.yaml"), Ledger: read("ledger.csv"), Fiscal: read("fiscal.yaml")})
	if err != nil {
		t.Fatal(err)
	}
	return kase
}

// sample joins what the office knows of a sample into a case under stress, with the indicative plan of the shipped
// products.
func sample(t testing.TB, name string) (*stress.Case, *stress.Pack) {
	t.Helper()
	kase := readSample(t, name)
	assessment, err := desk().Assess(kase, office.Asked{Date: sampleDate})
	if err != nil {
		t.Fatal(err)
	}
	library := desk().Library
	assembler, err := facts.NewAssembler(library.Vocabulary)
	if err != nil {
		t.Fatal(err)
	}
	reference := assembler.NewReference(facts.Reference{Date: sampleDate, Market: library.Market, Parameters: assessment.Parameters})
	template := risk.Input{Date: sampleDate, Packs: library.RiskPacks[:1], Assembler: assembler, Parameters: assessment.Parameters,
		Debt: assessment.Debt, Zone: assessment.Zone, Memberships: library.Memberships}
	return &stress.Case{
		Requirement: kase.Requirement, Conditions: kase.Conditions, Ledger: kase.Ledger, Fiscal: kase.Fiscal,
		Sources: stress.FromOffers(assessment.Plan.Lines, assessment.Match, kase.Requirement.Currency),
		Assess:  stress.Assessor(template, reference),
	}, stress.Prepare(library.StressPacks[0], reference)
}

func TestTheShippedScenariosRunOnTheSamples(t *testing.T) {
	for _, name := range []string{"pingxiang", "pingxiang-rolling", "manzhouli", "lincang"} {
		kase, pack := sample(t, name)
		begin := time.Now()
		answer, err := kase.Scenarios(pack)
		if err != nil {
			t.Fatal(name, err)
		}
		t.Log(name, time.Since(begin), answer.Planned.MinDSCR, answer.Base.MinDSCR, answer.Planned.LargestShortfall, answer.Base.LargestShortfall)
		if os.Getenv("SHOW") == "1" {
			for _, r := range answer.Results {
				if r.After == nil {
					t.Log(r.ID, r.Verdict, r.Reasons)
					continue
				}
				worse := ""
				for _, f := range r.Worse {
					worse += f.Rule + ":" + string(f.From) + ">" + string(f.To) + " "
				}
				t.Log(r.ID, r.Verdict, r.After.PeakGap, r.After.MinDSCR, r.After.LLCR, r.After.LargestShortfall, len(r.After.Shortfalls), worse)
			}
			text, _ := json.MarshalIndent(answer.Results[2], "", " ")
			t.Log(string(text))
		}
	}
}
