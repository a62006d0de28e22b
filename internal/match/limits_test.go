package match_test

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"zutuan/internal/match"
)

// TestASearchThatBeginsAtTheLimitFindsWhatOneStepByStepFinds compares whole answers over made-up requirements: guesses and
// searches that are left out save time and change nothing.
func TestASearchThatBeginsAtTheLimitFindsWhatOneStepByStepFinds(t *testing.T) {
	m := newMaker(t)
	guided := m.catalogue()
	feeling := guided.Feeling()
	remedies := 0
	rapid.Check(t, func(t *rapid.T) {
		need := m.need(t)
		got, want := guided.Match(need, match.Options{}).Answer(), feeling.Match(need, match.Options{}).Answer()
		if a, b := got.AppendJSON(nil), want.AppendJSON(nil); !bytes.Equal(a, b) {
			for i := range got.Products {
				one, other := match.Answer{Products: got.Products[i : i+1]}, match.Answer{Products: want.Products[i : i+1]}
				if a, b := one.AppendJSON(nil), other.AppendJSON(nil); !bytes.Equal(a, b) {
					t.Fatalf("guided\n%s\nstep by step\n%s", a, b)
				}
			}
			t.Fatal("the answers differ")
		}
		for i := range got.Products {
			if got.Products[i].Remedy != nil {
				remedies++
			}
		}
	})
	if remedies == 0 {
		t.Error("no remedy was compared")
	}
}
