package ruleexpr_test

import (
	"slices"
	"testing"

	"zutuan/internal/ruleexpr"
)

// TestPartsReadAsTheyAreWritten walks a condition and compares the text of every part. Brackets around a part are not its
// own, those inside of it are.
func TestPartsReadAsTheyAreWritten(t *testing.T) {
	v, err := ruleexpr.NewVocabulary([]ruleexpr.Fact{
		{Name: "a.x", Type: ruleexpr.TypeNumber, Unit: ruleexpr.UnitRatio}, {Name: "a.f", Type: ruleexpr.TypeFlag}, {Name: "a.g", Type: ruleexpr.TypeFlag},
		{Name: "a.ws", Type: ruleexpr.TypeTexts},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		source string
		want   []string
	}{
		{"(a.f or a.g) and not a.f", []string{"(a.f or a.g) and not a.f", "a.f or a.g", "a.f", "a.g", "not a.f", "a.f"}},
		{"a.x >= 0.1 - (a.f ? 0.05 : a.g ? 0.02 : 0)", []string{"a.x >= 0.1 - (a.f ? 0.05 : a.g ? 0.02 : 0)", "a.x", "0.1 - (a.f ? 0.05 : a.g ? 0.02 : 0)", "0.1",
			"a.f ? 0.05 : a.g ? 0.02 : 0", "a.f", "0.05", "a.g ? 0.02 : 0", "a.g", "0.02", "0"}},
		{`any(a.ws, # contains "甲")`, []string{`any(a.ws, # contains "甲")`, "a.ws", `# contains "甲"`, "#", `"甲"`}},
		{"((a.f or a.g) ? 1 : 2) > 1", []string{"((a.f or a.g) ? 1 : 2) > 1", "(a.f or a.g) ? 1 : 2", "a.f or a.g", "a.f", "a.g", "1", "2", "1"}},
	} {
		rule, err := v.CompileRule(test.source)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		rule.Tree().Walk(func(p ruleexpr.Part) { got = append(got, p.Source()) })
		if !slices.Equal(got, test.want) {
			t.Errorf("%s\ngot  %q\nwant %q", test.source, got, test.want)
		}
	}
}
