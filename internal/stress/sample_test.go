package stress_test

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"zutuan/internal/stress"
	"zutuan/internal/stress/stresstest"
)

func sample(t testing.TB, name string) (*stress.Case, *stress.Pack) {
	t.Helper()
	kase, parameters := stresstest.Sample(t, name)
	return kase, stress.Prepare(stresstest.Library(t).StressPacks[0], parameters)
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

func TestReverseOnTheSamples(t *testing.T) {
	for _, name := range []string{"pingxiang", "pingxiang-rolling"} {
		kase, _ := sample(t, name)
		begin := time.Now()
		answer, err := kase.Reverse(stress.DefaultGrid())
		if err != nil {
			t.Fatal(err)
		}
		t.Log(name, time.Since(begin), answer.Runs)
		text, _ := json.Marshal(answer)
		t.Log(string(text))
	}
}
