package impact

import (
	"testing"

	"zutuan/internal/ruleexpr"
)

// Why an offer changed is read by clerks: rates in per cent, amounts in 万元, and nothing made up of what is no number.
func TestValuesThatMovedReadAsPeopleWriteThem(t *testing.T) {
	for _, c := range []struct {
		text   string
		unit   ruleexpr.Unit
		zh, en string
	}{
		{"0.035000", ruleexpr.UnitRate, "3.5%", "3.5%"},
		{"-0.00125", ruleexpr.UnitRate, "-0.125%", "-0.125%"},
		{"20525000.00", ruleexpr.UnitYuan, "2,052.50 万元", "CNY 20,525,000.00"},
		{"0.190703", ruleexpr.UnitRatio, "0.190703", "0.190703"},
		{"AA+", "", "AA+", "AA+"},
		{"", ruleexpr.UnitRate, "—", "—"},
	} {
		if got := valueText(c.text, c.unit); got.ZH != c.zh || got.EN != c.en {
			t.Errorf("%q in %q reads %s | %s", c.text, c.unit, got.ZH, got.EN)
		}
	}
}
