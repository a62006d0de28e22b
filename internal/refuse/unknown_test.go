package refuse

import "testing"

func TestWhatIsUnknownIsNamedInBothLanguages(t *testing.T) {
	for kind, want := range map[string][2]string{
		"plan":           {"没有编号为 x 的方案，或您无权查看", `there is no plan "x", or you may not see it`},
		"fiscal_profile": {"没有编号为 x 的财政概况，或您无权查看", `there is no fiscal profile "x", or you may not see it`},
		"edition":        {"没有编号为 x 的记录，或您无权查看", `there is no edition "x", or you may not see it`},
	} {
		if got := Unknown(kind, "x"); got.ZH != want[0] || got.EN != want[1] {
			t.Errorf("%s: %s | %s", kind, got.ZH, got.EN)
		}
	}
}
