package ruleexpr

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"zutuan/internal/money"
)

// longText is numberText by decimals alone, for numbers that are no calendar values.
func longText(value *big.Rat, unit Unit) string {
	if exact := toDecimal(value, 12); exact.Rat().Cmp(value) == 0 && exact.Round(int32(unit.Decimals())).Equal(exact) {
		return exact.StringFixed(int32(unit.Decimals()))
	}
	return toDecimal(value, max(unit.Decimals(), money.RatioDecimals)).String()
}

func TestNumbersAreWrittenAsTheirDecimalsAre(t *testing.T) {
	units := []Unit{"", UnitYuan, UnitRatio, UnitRate, UnitQuarters, UnitFX}
	rapid.Check(t, func(t *rapid.T) {
		value := new(big.Rat).SetFrac(big.NewInt(rapid.Int64().Draw(t, "numerator")), big.NewInt(rapid.OneOf(
			rapid.SampledFrom([]int64{1, 2, 4, 5, 10, 100, 1_000_000, 10_000_000, 1_000_000_000_000}), rapid.Int64Range(1, 1<<62)).Draw(t, "denominator")))
		if rapid.Bool().Draw(t, "large") {
			value.Mul(value, value)
		}
		unit := rapid.SampledFrom(units).Draw(t, "unit")
		if got, want := numberText(value, unit), longText(value, unit); got != want {
			t.Fatalf("%s %q: %s, want %s", value, unit, got, want)
		}
	})
	for _, written := range []struct {
		value *big.Rat
		unit  Unit
		want  string
	}{
		{big.NewRat(0, 1), UnitYuan, "0.00"}, {big.NewRat(-1, 100), UnitYuan, "-0.01"}, {big.NewRat(5, 2), UnitYuan, "2.50"}, {big.NewRat(-7, 1), UnitQuarters, "-7"},
		{big.NewRat(1, 3), UnitRatio, "0.333333"}, {big.NewRat(-9223372036854775808, 1), UnitYuan, "-9223372036854775808.00"},
	} {
		if got := numberText(written.value, written.unit); got != written.want {
			t.Errorf("%s %q: %s, want %s", written.value, written.unit, got, written.want)
		}
	}
}
