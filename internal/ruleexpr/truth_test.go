package ruleexpr

import (
	"encoding/json"
	"testing"
)

func TestATruthIsReadBack(t *testing.T) {
	for _, want := range []Truth{False, True, Undecided} {
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got Truth
		if err := json.Unmarshal(text, &got); err != nil || got != want {
			t.Errorf("%s came back as %s, %v", text, got, err)
		}
	}
	var got Truth
	for _, text := range []string{`"maybe"`, `""`, `true`} {
		if json.Unmarshal([]byte(text), &got) == nil {
			t.Errorf("%s was taken", text)
		}
	}
}
