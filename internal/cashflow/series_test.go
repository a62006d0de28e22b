package cashflow

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zutuan/internal/funding"
	"zutuan/internal/money"
)

func TestExpandByHand(t *testing.T) {
	delayed := spread("90", 3, funding.ShapeEven)
	delayed.Offset = 2
	short := recurring("100", 1, "0", 0)
	short.Quarters = 2
	for name, c := range map[string]struct {
		series funding.Series
		length int
		want   []money.Amount
	}{
		"explicit values are followed by nothing":      {explicit("1", "2.50"), 4, amounts("1", "2.50", "0", "0")},
		"the last quarter takes what thirds leave":     {spread("100", 3, funding.ShapeEven), 3, amounts("33.33", "33.33", "33.34")},
		"a remainder can be negative: 4 × 0.005 is up": {spread("0.02", 4, funding.ShapeEven), 4, amounts("0.01", "0.01", "0.01", "-0.01")},
		// F(1/4) = 3/16 − 2/64 = 0.15625, F(1/2) = 0.5, F(3/4) = 27/16 − 54/64 = 0.84375; 34.375 rounds up twice.
		"an s-curve is slow, fast, slow":          {spread("100", 4, funding.ShapeSCurve), 4, amounts("15.63", "34.38", "34.38", "15.61")},
		"front-loaded is 1 − (1−x)²":              {spread("100", 4, funding.ShapeFront), 4, amounts("43.75", "31.25", "18.75", "6.25")},
		"back-loaded is x²":                       {spread("100", 4, funding.ShapeBack), 4, amounts("6.25", "18.75", "31.25", "43.75")},
		"one quarter takes all, whatever shape":   {spread("7", 1, funding.ShapeSCurve), 2, amounts("7", "0")},
		"the offset delays a spread":              {delayed, 6, amounts("0", "0", "30", "30", "30", "0")},
		"a spread is cut where the columns end":   {spread("100", 4, funding.ShapeBack), 2, amounts("6.25", "18.75")},
		"a ramp of 3 reaches full in its third":   {recurring("100", 3, "0", 0), 4, amounts("33.33", "66.67", "100", "100")},
		"growth steps once a year from the fifth": {recurring("100", 1, "0.1", 0), 9, amounts("100", "100", "100", "100", "110", "110", "110", "110", "121")},
		// k=4: 100 × 5/6 × 1.1 = 91.666…; k=5: 100 × 1 × 1.1.
		"ramp and growth multiply before rounding": {recurring("100", 6, "0.1", 0), 7, amounts("16.67", "33.33", "50", "66.67", "91.67", "110", "110")},
		"growth counts from the offset":            {recurring("100", 1, "0.1", 2), 7, amounts("0", "0", "100", "100", "100", "100", "110")},
		"growth may be negative":                   {recurring("100", 1, "-0.5", 0), 9, amounts("100", "100", "100", "100", "50", "50", "50", "50", "25")},
		"growth of −1 leaves nothing":              {recurring("100", 1, "-1", 0), 5, amounts("100", "100", "100", "100", "0")},
		"quarters ends a recurring amount":         {short, 4, amounts("100", "100", "0", "0")},
		"an offset beyond the columns is empty":    {recurring("100", 1, "0", 9), 3, amounts("0", "0", "0")},
		"no series is nothing":                     {funding.Series{}, 2, amounts("0", "0")},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Expand(c.series, c.length)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(ints(c.want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func ints(amounts []money.Amount) []int64 {
	out := make([]int64, len(amounts))
	for i, amount := range amounts {
		out[i] = int64(amount)
	}
	return out
}

// Expected values: Python fractions, per × (1+growth)**39 rounded half-up.
func TestGrowthStaysExactForFortyYears(t *testing.T) {
	for _, c := range []struct{ perQuarter, growth, want string }{
		{"12345678.90", "0.035", "47226810.82"},
		{"10000000.00", "0.03", "31670269.83"},
		{"1000.00", "0.123456789012", "93691.15"},
	} {
		values, err := Expand(recurring(c.perQuarter, 1, c.growth, 0), 160)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range []int{156, 159} {
			if got := money.Amount(values[q]); got.String() != c.want {
				t.Errorf("%s growing by %s is %s in quarter %d, want %s", c.perQuarter, c.growth, got, q, c.want)
			}
		}
	}
}

func TestTotals(t *testing.T) {
	short := recurring("100", 1, "0.1", 3)
	short.Quarters = 5
	for name, c := range map[string]struct {
		series funding.Series
		want   string
	}{
		"of a spread":           {spread("100", 7, funding.ShapeBack), "100.00"},
		"of values":             {explicit("1", "2.5"), "3.50"},
		"of an ended recurring": {short, "510.00"}, // 4 × 100 + 110
	} {
		if got, err := Total(c.series); err != nil || money.Amount(got).String() != c.want {
			t.Errorf("total %s is %s (%v), want %s", name, money.Amount(got), err, c.want)
		}
	}
	if _, err := Total(recurring("1", 1, "0", 0)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("an endless series has a total: %v", err)
	}
}

func TestExpandRefusesWhatDoesNotFit(t *testing.T) {
	huge := funding.Series{Form: funding.SeriesRecurring, PerQuarter: int64(money.MaxFileTotal), Ramp: 1, Growth: money.MustRate("1")}
	if _, err := Expand(huge, 160); !errors.Is(err, ErrTooLarge) {
		t.Errorf("doubling for forty years gives %v, want ErrTooLarge", err)
	}
}
