package loan

import (
	"strings"

	"math/big"

	"github.com/shopspring/decimal"

	"zutuan/internal/money"
)

// Measure is a ratio, a rate or a number of years, rounded half-up to 6 decimals from its exact value; or it is absent
// (Known false), which is never the same as zero.
type Measure struct {
	Value money.Decimal
	Known bool
}

// MarshalJSON writes a string of 6 decimals, or null.
func (m Measure) MarshalJSON() ([]byte, error) {
	if !m.Known {
		return []byte("null"), nil
	}
	return []byte(`"` + m.Value.StringFixed(money.RatioDecimals) + `"`), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (m *Measure) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*m = Measure{}
		return nil
	}
	value, err := money.ParseRate(strings.Trim(string(text), `"`))
	*m = Measure{Value: value, Known: err == nil}
	return err
}

// String prints the 6 decimals, or a dash.
func (m Measure) String() string {
	if !m.Known {
		return "—"
	}
	return m.Value.StringFixed(money.RatioDecimals)
}

const million = 1_000_000

// millionths makes a known measure.
func millionths(value int64) Measure {
	return Measure{decimal.New(value, -money.RatioDecimals), true}
}

// ratio returns numerator / denominator, absent where the denominator is not positive.
func ratio(numerator, denominator money.Amount) Measure {
	if denominator <= 0 {
		return Measure{}
	}
	if value, fits := (fraction{numerator, denominator}).millionths(); fits {
		return millionths(value)
	}
	return measureOf(big.NewInt(int64(numerator)), big.NewInt(int64(denominator)))
}

// measureOf rounds an exact fraction with a positive denominator, a tie away from zero.
func measureOf(numerator, denominator *big.Int) Measure {
	top := new(big.Int).Mul(numerator, big.NewInt(2*million))
	if numerator.Sign() < 0 {
		top.Sub(top, denominator)
	} else {
		top.Add(top, denominator)
	}
	return Measure{decimal.NewFromBigInt(top.Quo(top, new(big.Int).Lsh(denominator, 1)), -money.RatioDecimals), true}
}
