// Package money owns the two kinds of number that decide anything in Zutuan: amounts, which are whole fen, and
// rates and ratios, which are exact decimals. Nothing else in the project makes one from text, and nothing here
// passes through a binary float.
//
// An Amount is an int64 count of fen (1/100 of the currency's major unit). That is an exact decimal of two places
// with a fixed scale: it adds without allocation and prints without surprises, and because every formula of the
// statement and of a loan ends "to the fen", nothing is lost by it. Everything that must be multiplied first and
// rounded afterwards goes through MulDiv, whose intermediate product is 128 bits wide.
package money

import (
	"errors"
	"math/bits"
	"strings"

	"github.com/shopspring/decimal"
)

// Amount is an exact amount of money in fen. The zero value is 0.00.
type Amount int64

// MaxAmount bounds the magnitude of one amount in a file: ten trillion yuan (10 万亿元), above any provincial
// budget. The bound leaves room for nine thousand such amounts in one sum before an int64 is full; the file
// readers bound the sum of a whole file too (see MaxFileTotal).
const MaxAmount Amount = 1_000_000_000_000_000

// MaxFileTotal bounds the sum of the magnitudes of all amounts that one file can bring into a statement. With it
// no sum in a statement or a schedule can leave an int64.
const MaxFileTotal Amount = 400 * MaxAmount

const (
	// Fen is the smallest amount.
	Fen Amount = 1
	// Yuan is one yuan.
	Yuan Amount = 100
	// Wan is 万元, ten thousand yuan.
	Wan Amount = 10_000 * Yuan
	// Yi is 亿元, a hundred million yuan.
	Yi Amount = 10_000 * Wan
)

// Reasons for refusing the text of an amount; the readers turn them into messages that name the place.
var (
	ErrNotANumber      = errors.New("not a plain decimal number such as 12345678.90")
	ErrTooManyDecimals = errors.New("more than 2 decimals")
	ErrOutOfRange      = errors.New("magnitude above 10,000,000,000,000.00")
)

// ParseAmount reads plain decimal text ("12345678.90", "-3", "0.5"). Exponents, separators, blanks, a plus sign,
// NaN and infinities are refused: an amount is what a person would write on a contract.
func ParseAmount(text string) (Amount, error) {
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, hasPoint := strings.Cut(digits, ".")
	if whole == "" || (hasPoint && fraction == "") || !allDigits(whole) || !allDigits(fraction) {
		return 0, ErrNotANumber
	}
	if len(fraction) > 2 {
		return 0, ErrTooManyDecimals
	}
	whole = strings.TrimLeft(whole, "0")
	if len(whole) > 14 {
		return 0, ErrOutOfRange
	}
	var fen int64
	for _, digit := range whole + (fraction + "00")[:2] {
		fen = fen*10 + int64(digit-'0')
	}
	if Amount(fen) > MaxAmount {
		return 0, ErrOutOfRange
	}
	if negative {
		fen = -fen
	}
	return Amount(fen), nil
}

// MustAmount is ParseAmount for constants and tests; it panics on text that ParseAmount refuses.
func MustAmount(text string) Amount {
	amount, err := ParseAmount(text)
	if err != nil {
		panic("money.MustAmount(" + text + "): " + err.Error())
	}
	return amount
}

func allDigits(text string) bool {
	for i := 0; i < len(text); i++ {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}

// String prints the amount with exactly two decimals: "12345678.90".
func (a Amount) String() string {
	var buffer [24]byte
	magnitude, negative := uint64(a), a < 0
	if negative {
		magnitude = -magnitude
	}
	at := len(buffer)
	for place := 0; place < 3 || magnitude > 0; place++ {
		if place == 2 {
			at--
			buffer[at] = '.'
		}
		at--
		buffer[at] = byte('0' + magnitude%10)
		magnitude /= 10
	}
	if negative {
		at--
		buffer[at] = '-'
	}
	return string(buffer[at:])
}

// MarshalText writes the amount as String does, so that JSON carries it as a string and never as a number.
func (a Amount) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what ParseAmount reads.
func (a *Amount) UnmarshalText(text []byte) error {
	parsed, err := ParseAmount(string(text))
	if err == nil {
		*a = parsed
	}
	return err
}

// UnmarshalJSON reads a string or a bare number; the number is read from its text.
func (a *Amount) UnmarshalJSON(text []byte) error {
	if len(text) >= 2 && text[0] == '"' && text[len(text)-1] == '"' {
		text = text[1 : len(text)-1]
	}
	return a.UnmarshalText(text)
}

// Decimal returns the amount in yuan as an exact decimal.
func (a Amount) Decimal() decimal.Decimal { return decimal.New(int64(a), -2) }

// FromDecimal rounds yuan half-up to the fen. It fails where the result cannot be an Amount.
func FromDecimal(yuan decimal.Decimal) (Amount, error) {
	fen := yuan.Round(2).Shift(2)
	if fen.Abs().GreaterThan(decimal.New(int64(MaxFileTotal), 0)) {
		return 0, ErrOutOfRange
	}
	return Amount(fen.IntPart()), nil
}

// Abs returns the magnitude.
func (a Amount) Abs() Amount {
	if a < 0 {
		return -a
	}
	return a
}

// MulDiv returns a × numerator / denominator rounded half-up (a tie goes away from zero, as a spreadsheet's ROUND
// does). The product is 128 bits wide, so it never overflows on the way. The denominator must be positive, and the
// result must fit an int64; both are the caller's invariants and a breach panics.
func MulDiv(a Amount, numerator, denominator int64) Amount {
	if denominator <= 0 {
		panic("money.MulDiv: denominator must be positive")
	}
	negative := (a < 0) != (numerator < 0)
	high, low := bits.Mul64(magnitude(int64(a)), magnitude(numerator))
	// With an odd denominator a tie cannot happen, and half of it rounded down decides the same as the true half.
	low, carry := bits.Add64(low, uint64(denominator)/2, 0)
	high += carry
	if high >= uint64(denominator) {
		panic("money.MulDiv: result does not fit")
	}
	quotient, _ := bits.Div64(high, low, uint64(denominator))
	if quotient > 1<<63-1 {
		panic("money.MulDiv: result does not fit")
	}
	if negative {
		return Amount(-int64(quotient))
	}
	return Amount(int64(quotient))
}

func magnitude(value int64) uint64 {
	if value < 0 {
		return -uint64(value)
	}
	return uint64(value)
}
