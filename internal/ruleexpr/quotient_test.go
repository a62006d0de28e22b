package ruleexpr

import "testing"

func TestAQuotientShowsItsTwoSides(t *testing.T) {
	v := testVocabulary(t)
	facts := factsFrom(t, v, "need.investment=400.00", "need.debt=90.00", "need.a=0.5")
	cases := []struct{ name, source, numerator, denominator, top, bottom string }{
		{"facts", "need.debt / need.investment", "need.debt", "need.investment", "90", "400"},
		{"sums lose their outer brackets", "(need.debt + need.investment) / (need.investment - need.a * need.debt)", "need.debt + need.investment",
			"need.investment - need.a * need.debt", "490", "355"}, // 400 − 0.5 × 90
		{"the last division is the outermost", "need.debt / need.investment / need.a", "need.debt / need.investment", "need.a", "0.225", "0.5"}, // 90 / 400
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			number, err := v.CompileNumber(test.source)
			if err != nil {
				t.Fatal(err)
			}
			numerator, denominator, ok := number.Quotient()
			if !ok || numerator.Source() != test.numerator || denominator.Source() != test.denominator {
				t.Fatalf("got %v, %v, %v", numerator, denominator, ok)
			}
			for _, side := range []struct {
				number *Number
				want   string
			}{{numerator, test.top}, {denominator, test.bottom}} {
				if got, doubt := side.number.Decimal(facts, 6); doubt != nil || got.String() != side.want {
					t.Errorf("%s: got %s (%v), want %s", side.number.Source(), got, doubt, side.want)
				}
			}
		})
	}
	for _, source := range []string{"need.debt", "need.debt / need.investment + need.a", "min(need.debt, need.investment)"} {
		number, err := v.CompileNumber(source)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, ok := number.Quotient(); ok {
			t.Errorf("%s is no quotient at its outermost", source)
		}
	}
}
