package rulepack

import (
	"errors"
	"testing"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/rules"
)

func TestAGoodStressPackIsReadAndCompiled(t *testing.T) {
	packs := testLibrary(t).StressPacks
	if len(packs) != 1 || packs[0].ID != "small" || len(packs[0].Scenarios) != 3 || packs[0].Digest == "" || packs[0].File != "stress/pack.yaml" {
		t.Fatalf("%+v", packs)
	}
	land, late, half := packs[0].Scenarios[0], packs[0].Scenarios[1], packs[0].Scenarios[2]
	if land.Fall[0].Number == nil || land.Fall[1].Number != nil || land.Labels[0] != "HOUSE" {
		t.Errorf("land: %+v", land)
	}
	if late.DelayStart.Number == nil || late.Combine != nil || half.Combine == nil || len(half.Combine.Of) != 2 || half.Combine.Share.Number == nil {
		t.Errorf("late %+v, half %+v", late, half)
	}
	if chance := packs[0].MonteCarlo; len(chance.Factors) != 2 || chance.Factors[1].High.Number == nil || chance.Correlations[0].Between != [2]string{"land", "invest"} {
		t.Errorf("chance: %+v", chance)
	}
}

func TestTheShippedStressPackHasTheWholeList(t *testing.T) {
	packs := shipped(t).StressPacks
	if len(packs) != 1 || packs[0].ID != "china-project" || !packs[0].Enabled || packs[0].MonteCarlo == nil {
		t.Fatalf("%d packs", len(packs))
	}
	combined := 0
	for _, scenario := range packs[0].Scenarios {
		if len(scenario.Labels) == 0 || scenario.Name.EN == "" {
			t.Errorf("%s does not say who asks for it", scenario.ID)
		}
		if scenario.Combine != nil {
			combined++
		}
	}
	// Land 4, income 4, overrun and cost 3, rate 3, delay 6, refinancing, depreciation, contingent 2, border 4, combined 2.
	if len(packs[0].Scenarios) != 30 || combined != 2 {
		t.Errorf("%d scenarios, %d combined", len(packs[0].Scenarios), combined)
	}
	if len(packs[0].MonteCarlo.Factors) != len(StressFactors) {
		t.Errorf("%d of %d factors spread", len(packs[0].MonteCarlo.Factors), len(StressFactors))
	}
}

func TestTheIncomeFactorsAreTheSourcesInTheirOrder(t *testing.T) {
	for i, source := range funding.IncomeSources {
		if StressFactors[i] != string(source) {
			t.Errorf("factor %d is %s, not %s", i, StressFactors[i], source)
		}
	}
}

func FuzzStressPack(f *testing.F) {
	library, err := Load(rules.FS)
	if err != nil {
		f.Fatal(err)
	}
	data, err := rules.FS.ReadFile("stress/china-project.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte("schema: zutuan/stress/v1\nscenarios: [{combine: {of: [a, a]}}]\nmonte_carlo: {correlations: [{between: [land]}]}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		pack, err := library.StressPack("pack.yaml", data)
		var problems document.Problems
		if (err == nil) != (pack != nil) || err != nil && !errors.As(err, &problems) {
			t.Errorf("%v, %v", pack, err)
		}
	})
}
