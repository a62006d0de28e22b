package rulepack

import (
	"testing"

	"zutuan/rules"
)

func TestTheShippedRulesLoad(t *testing.T) {
	library, err := Load(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(len(library.Vocabulary.Facts()), len(library.Products), len(library.RiskPacks), library.Samples)
}
