package money

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

// The invariants of this package: text and amount are two writings of the same number, rounding is half-up (away from
// zero) everywhere and checked against big.Rat, and no text that is not plain decimal becomes money.

func TestParseAmount(t *testing.T) {
	for text, want := range map[string]Amount{
		"0": 0, "-0": 0, "0.00": 0, "0.5": 50, "0.05": 5, "12345678.90": 1_234_567_890, "12345678.9": 1_234_567_890, "12345678": 1_234_567_800,
		"-3": -300, "-0.01": -1, "007": 700, "00000000000000000000001.10": 110,
		"10000000000000.00": MaxAmount, "-10000000000000": -MaxAmount, "9999999999999.99": MaxAmount - 1,
	} {
		if got, err := ParseAmount(text); err != nil || got != want {
			t.Errorf("%s reads as %d (%v), want %d", text, got, err, want)
		}
	}
}

func TestParseAmountRefuses(t *testing.T) {
	for want, texts := range map[error][]string{
		ErrNotANumber:      {"", "-", ".", "1.", ".5", "-.5", "--1", "+1", "1e5", "1E5", " 1", "1 ", "1,000", "1_000", "0x10", "NaN", "Inf", "1.2.3", "１２", "¥1", "1-", "null", "1.-5"},
		ErrTooManyDecimals: {"1.234", "0.000", "1.100"},
		ErrOutOfRange:      {"10000000000000.01", "-10000000000000.01", "99999999999999", "100000000000000", strings.Repeat("9", 400)},
	} {
		for _, text := range texts {
			if got, err := ParseAmount(text); !errors.Is(err, want) {
				t.Errorf("%q reads as %d with %v, want %v", text, got, err, want)
			}
		}
	}
}

func TestAmountPrintsWithTwoDecimals(t *testing.T) {
	for amount, want := range map[Amount]string{0: "0.00", 1: "0.01", -1: "-0.01", 10: "0.10", 100: "1.00", -12345: "-123.45", MaxAmount: "10000000000000.00",
		math.MaxInt64: "92233720368547758.07", math.MinInt64: "-92233720368547758.08"} {
		if got := amount.String(); got != want {
			t.Errorf("%d prints as %s, want %s", int64(amount), got, want)
		}
	}
}

func TestAmountRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := Amount(rapid.Int64Range(-int64(MaxAmount), int64(MaxAmount)).Draw(t, "amount"))
		if got, err := ParseAmount(amount.String()); err != nil || got != amount {
			t.Fatalf("%s reads back as %s (%v)", amount, got, err)
		}
		if got, err := FromDecimal(amount.Decimal()); err != nil || got != amount {
			t.Fatalf("%s through a decimal is %s (%v)", amount, got, err)
		}
		text, err := json.Marshal(map[string]Amount{"a": amount})
		if err != nil || string(text) != `{"a":"`+amount.String()+`"}` {
			t.Fatalf("%s in JSON is %s (%v)", amount, text, err)
		}
		var back map[string]Amount
		if err := json.Unmarshal(text, &back); err != nil || back["a"] != amount {
			t.Fatalf("%s reads back from JSON as %s (%v)", amount, back["a"], err)
		}
	})
}

func TestAmountReadsBareJSONNumbersByTheirText(t *testing.T) {
	var amount Amount
	if err := json.Unmarshal([]byte("0.29"), &amount); err != nil || amount != 29 { // 0.29 × 100 is 28.999… in binary
		t.Errorf("0.29 reads as %s (%v)", amount, err)
	}
	for _, text := range []string{"1e2", "0.001", "true", `"x"`, "null"} {
		if err := json.Unmarshal([]byte(text), &amount); err == nil {
			t.Errorf("%s reads as %s", text, amount)
		}
	}
	if amount != 29 {
		t.Errorf("a refused text left %s", amount)
	}
}

func TestMulDivByHand(t *testing.T) {
	for _, c := range []struct {
		a           Amount
		by, over    int64
		want        Amount
		whatItShows string
	}{
		{1, 1, 2, 1, "half a fen goes up"},
		{-1, 1, 2, -1, "half a fen owed goes up too"},
		{1, -1, 2, -1, "the sign may come from the factor"},
		{-1, -1, 2, 1, "two signs cancel"},
		{3, 1, 2, 2, "1.5 is 2"},
		{1, 1, 3, 0, "a third is nothing"},
		{2, 1, 3, 1, "two thirds are one"},
		{7, 0, 5, 0, "nothing of it"},
		{math.MaxInt64, 3, 3, math.MaxInt64, "the product may leave 64 bits"},
		{math.MinInt64 + 1, 1, 1, math.MinInt64 + 1, "the lowest value that has a counterpart"},
		{MaxFileTotal, 1_000_000_000_000, 1_000_000_000_000, MaxFileTotal, "the largest sum times a rate of one"},
	} {
		if got := MulDiv(c.a, c.by, c.over); got != c.want {
			t.Errorf("%s: %d × %d / %d = %d, want %d", c.whatItShows, c.a, c.by, c.over, got, c.want)
		}
	}
}

// halfUp rounds an exact fraction half away from zero.
func halfUp(value *big.Rat) *big.Int {
	numerator, denominator := new(big.Int).Abs(value.Num()), value.Denom()
	numerator.Mul(numerator, big.NewInt(2)).Add(numerator, denominator)
	numerator.Quo(numerator, new(big.Int).Mul(denominator, big.NewInt(2)))
	if value.Sign() < 0 {
		numerator.Neg(numerator)
	}
	return numerator
}

func TestMulDivAgreesWithFractions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, by, over := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "by"), rapid.Int64Range(1, math.MaxInt64).Draw(t, "over")
		want := halfUp(new(big.Rat).SetFrac(new(big.Int).Mul(big.NewInt(a), big.NewInt(by)), big.NewInt(over)))
		fits := want.IsInt64() && want.Int64() != math.MinInt64
		defer func() {
			if problem := recover(); (problem == nil) != fits {
				t.Fatalf("%d × %d / %d should be %s; panic: %v", a, by, over, want, problem)
			}
		}()
		if got := MulDiv(Amount(a), by, over); int64(got) != want.Int64() {
			t.Fatalf("%d × %d / %d = %d, want %s", a, by, over, got, want)
		}
	})
}

func TestMulDivRefusesABadDenominator(t *testing.T) {
	for _, over := range []int64{0, -1, math.MinInt64} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("divided by %d", over)
				}
			}()
			MulDiv(1, 1, over)
		}()
	}
}

func TestParseRate(t *testing.T) {
	for text, want := range map[string]string{"0": "0", "0.0365": "0.0365", "-0.05": "-0.05", "1.000000000000": "1", "0.123456789012": "0.123456789012", "0.1234567890120000": "0.123456789012", "999999.999999999999": "999999.999999999999", "000001": "1"} {
		if got, err := ParseRate(text); err != nil || !got.Equal(decimal.RequireFromString(want)) {
			t.Errorf("%s reads as %s (%v), want %s", text, got, err, want)
		}
	}
	for want, texts := range map[error][]string{
		ErrNotANumber:          {"", "-", "3.65%", ".5", "5.", "1e-2", "+1", "0,5", "NaN", "--1", " 1"},
		ErrTooManyRateDecimals: {"0.1234567890123", "-1.0000000000001"},
		ErrRateOutOfRange:      {"1000000", "-1000000", strings.Repeat("9", 500)},
	} {
		for _, text := range texts {
			if got, err := ParseRate(text); !errors.Is(err, want) {
				t.Errorf("%q reads as %s with %v, want %v", text, got, err, want)
			}
		}
	}
}

func TestPerTrillion(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "0.0365": 36_500_000_000, "-1": -1_000_000_000_000, "0.000000000001": 1, "1000000": 1_000_000_000_000_000_000, "-1000000": -1_000_000_000_000_000_000,
		"0.0100000000000000": 10_000_000_000, "999999.999999999999": 999_999_999_999_999_999} {
		if got, ok := PerTrillion(decimal.RequireFromString(text)); !ok || got != want {
			t.Errorf("%s is %d per trillion (%v), want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{"0.0000000000001", "1000000.000000000001", "1000001", "-1000001", "1e30", "123456789012345678901234567890", "1e-40"} {
		if got, ok := PerTrillion(decimal.RequireFromString(text)); ok {
			t.Errorf("%s is %d per trillion", text, got)
		}
	}
}

// The quick way for short rates must not differ from the plain definition.
func TestPerTrillionAgreesWithItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := decimal.New(rapid.Int64().Draw(t, "coefficient"), rapid.Int32Range(-20, 8).Draw(t, "exponent"))
		scaled := rate.Shift(12)
		fits := scaled.IsInteger() && scaled.Abs().LessThanOrEqual(decimal.New(1, 18))
		got, ok := PerTrillion(rate)
		if ok != fits || ok && !decimal.NewFromInt(got).Equal(scaled) {
			t.Fatalf("%s is %d per trillion (%v)", rate, got, ok)
		}
	})
}

func TestShareRoundsOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := Amount(rapid.Int64Range(-int64(MaxFileTotal), int64(MaxFileTotal)).Draw(t, "amount"))
		share := decimal.New(rapid.Int64Range(-1_000_000_000_000_000, 1_000_000_000_000_000).Draw(t, "share"), -15)
		want := halfUp(new(big.Rat).Mul(share.Rat(), new(big.Rat).SetInt64(int64(amount))))
		if got := Share(amount, share); int64(got) != want.Int64() {
			t.Fatalf("%s of %s is %s, want %s fen", share, amount, got, want)
		}
	})
}

func TestRatio(t *testing.T) {
	if got, ok := Ratio(5, 0); ok || !got.IsZero() {
		t.Errorf("a ratio over nothing is %s", got)
	}
	for _, c := range []struct {
		numerator, denominator Amount
		want                   string
	}{{1, 3, "0.333333"}, {2, 3, "0.666667"}, {-2, 3, "-0.666667"}, {1, 2_000_000, "0.000001"}, {1, 2_000_001, "0"}, {160_000_000_00, 839_000_000_00, "0.190703"}} {
		if got, ok := Ratio(c.numerator, c.denominator); !ok || got.String() != c.want {
			t.Errorf("%s / %s is %s, want %s", c.numerator, c.denominator, got, c.want)
		}
	}
}

func TestFromDecimalRoundsHalfUpAndRefusesWhatDoesNotFit(t *testing.T) {
	for text, want := range map[string]string{"1.005": "1.01", "-1.005": "-1.01", "1.0049": "1.00", "4000000000000000": "4000000000000000.00"} {
		if got, err := FromDecimal(decimal.RequireFromString(text)); err != nil || got.String() != want {
			t.Errorf("%s is %s (%v), want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"4000000000000000.01", "-4000000000000000.01", "1e100"} {
		if got, err := FromDecimal(decimal.RequireFromString(text)); !errors.Is(err, ErrOutOfRange) {
			t.Errorf("%s is %s (%v)", text, got, err)
		}
	}
}

func TestPeopleReadAmounts(t *testing.T) {
	for _, c := range []struct{ amount, wan, zh, en string }{
		{"0", "0.00", "0.00 万元", "CNY 0.00"},
		{"12345", "1.23", "1.23 万元", "CNY 12,345.00"},
		{"50", "0.01", "0.01 万元", "CNY 50.00"}, // 0.005 万 goes up
		{"-50", "-0.01", "-0.01 万元", "CNY -50.00"},
		{"12345000", "1,234.50", "1,234.50 万元", "CNY 12,345,000.00"},
		{"99999999.99", "10,000.00", "10,000.00 万元", "CNY 99,999,999.99"},
		{"100000000", "10,000.00", "1.0000 亿元", "CNY 100,000,000.00"},
		{"839000000", "83,900.00", "8.3900 亿元", "CNY 839,000,000.00"},
		{"-362626292.35", "-36,262.63", "-3.6263 亿元", "CNY -362,626,292.35"},
		{"10000000000000", "1,000,000,000.00", "100,000.0000 亿元", "CNY 10,000,000,000,000.00"},
	} {
		amount := MustAmount(c.amount)
		if wan, zh, en := amount.InWan(), amount.Show(Chinese), amount.Show(English); wan != c.wan || zh != c.zh || en != c.en {
			t.Errorf("%s shows as %s, %s, %s", c.amount, wan, zh, en)
		}
	}
	for ratio, want := range map[string]string{"0.0365": "3.65%", "0.036549": "3.65%", "0.03655": "3.66%", "-0.055744": "-5.57%", "12.5": "1,250.00%"} {
		if got := Percent(MustRate(ratio)); got != want {
			t.Errorf("%s is %s, want %s", ratio, got, want)
		}
	}
}

func TestComparedAmountsAreShownAlikeAndHideNothing(t *testing.T) {
	for _, c := range []struct {
		amounts []string
		zh      string
	}{
		{[]string{"839000000", "1230100", "0"}, "8.3900 亿元, 123.01 万元, 0.00 万元"},
		{[]string{"839000000.01", "839000000"}, "839,000,000.01 元, 839,000,000.00 元"},
		{[]string{"839001000", "839010000"}, "839,001,000.00 元, 839,010,000.00 元"},
		{[]string{"1230150"}, "1,230,150.00 元"},
		{[]string{"-0.01", "10000"}, "-0.01 元, 10,000.00 元"},
	} {
		amounts := make([]Amount, len(c.amounts))
		for i, text := range c.amounts {
			amounts[i] = MustAmount(text)
		}
		if got := strings.Join(ShowAlike(Chinese, amounts...), ", "); got != c.zh {
			t.Errorf("%v: %s, want %s", c.amounts, got, c.zh)
		}
	}
	if got := ShowAlike(English, MustAmount("839000000.01"))[0]; got != "CNY 839,000,000.01" {
		t.Errorf("in English it is %s", got)
	}
}

func TestMustPanicsOnWhatParseRefuses(t *testing.T) {
	for name, call := range map[string]func(){"MustAmount": func() { MustAmount("x") }, "MustRate": func() { MustRate("x") }} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s accepts x", name)
				}
			}()
			call()
		}()
	}
}

func FuzzParseAmount(f *testing.F) {
	for _, seed := range []string{"12345678.90", "-0.01", "1e5", "00", "10000000000000.00", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		amount, err := ParseAmount(text)
		if err != nil {
			return
		}
		// What was accepted is the number that a general decimal parser reads.
		if general, err := decimal.NewFromString(text); err != nil || !general.Equal(amount.Decimal()) {
			t.Fatalf("%q reads as %s, a decimal parser says %s (%v)", text, amount, general, err)
		}
	})
}
