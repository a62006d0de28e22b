package match

import (
	"encoding/json"
	"testing"
)

func TestAResultIsReadBack(t *testing.T) {
	for _, want := range []Result{ResultFailed, ResultPassed, ResultUndecided, ResultNotReached} {
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got Result
		if err := json.Unmarshal(text, &got); err != nil || got != want {
			t.Errorf("%s came back as %s, %v", text, got, err)
		}
	}
	var got Result
	for _, text := range []string{`"maybe"`, `""`, `1`} {
		if json.Unmarshal([]byte(text), &got) == nil {
			t.Errorf("%s was taken", text)
		}
	}
}
