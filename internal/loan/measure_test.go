package loan

import (
	"encoding/json"
	"testing"
)

func TestAMeasureComesBackFromJSON(t *testing.T) {
	for _, text := range []string{`"1.250000"`, `"-0.000001"`, `null`} {
		var measure Measure
		if err := json.Unmarshal([]byte(text), &measure); err != nil {
			t.Fatal(err)
		}
		if again, err := json.Marshal(measure); err != nil || string(again) != text {
			t.Errorf("%s came back as %s, %v", text, again, err)
		}
	}
	var measure Measure
	if json.Unmarshal([]byte(`"x"`), &measure) == nil || measure.Known {
		t.Error("a word was read as a measure")
	}
}
