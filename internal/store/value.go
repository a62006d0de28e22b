package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"zutuan/internal/money"
)

// FieldType is the type of an index field.
type FieldType string

const (
	// FieldText is text, ordered by code point.
	FieldText FieldType = "text"
	// FieldCount is a whole number.
	FieldCount FieldType = "count"
	// FieldAmount is an amount in fen.
	FieldAmount FieldType = "amount"
	// FieldRatio is a rate or a ratio in millionths: 1.25 is kept as 1,250,000.
	FieldRatio FieldType = "ratio"
	// FieldTime is a moment in UTC, to the millisecond.
	FieldTime FieldType = "time"
	// FieldBool is true or false; false is ordered first.
	FieldBool FieldType = "bool"
)

// Value is one value of an index field. Databases see text or an int64, nothing else, so that all of them order and
// add it alike. The zero of a type ("" , 0, false, the zero time) means the same as a field that is not given.
type Value struct {
	kind   FieldType
	text   string
	number int64
}

// Text makes a text value.
func Text(text string) Value { return Value{kind: FieldText, text: text} }

// Count makes a whole number.
func Count(number int64) Value { return Value{kind: FieldCount, number: number} }

// Amount makes an amount.
func Amount(amount money.Amount) Value { return Value{kind: FieldAmount, number: int64(amount)} }

// Bool makes a truth value.
func Bool(truth bool) Value {
	if truth {
		return Value{kind: FieldBool, number: 1}
	}
	return Value{kind: FieldBool}
}

// Time makes a moment; fractions of a millisecond are cut. The millisecond 1970-01-01T00:00:00.000Z stands for "no
// moment", as the zero time.Time does.
func Time(moment time.Time) Value {
	if moment.IsZero() {
		return Value{kind: FieldTime}
	}
	return Value{kind: FieldTime, number: moment.UnixMilli()}
}

// millionths is the scale of FieldRatio.
const millionths = 6

// Ratio makes a ratio, rounded half away from zero to a millionth: the exact figure stays in the body, this one only
// sorts and filters. A ratio whose millionths leave an int64 is refused.
func Ratio(ratio decimal.Decimal) (Value, error) {
	scaled := ratio.Shift(millionths).Round(0)
	if !scaled.BigInt().IsInt64() {
		return Value{}, invalid("", "", "比率 %s 过大，无法索引", "ratio %s is too large for an index field", ratio)
	}
	return Value{kind: FieldRatio, number: scaled.IntPart()}, nil
}

// Stored makes the value that a database keeps as text or as a number; adapters use it when they read.
func Stored(kind FieldType, text string, number int64) Value {
	if kind == FieldText {
		return Value{kind: kind, text: text}
	}
	return Value{kind: kind, number: number}
}

// Type is the value's type.
func (v Value) Type() FieldType { return v.kind }

// IsText reports whether databases keep the value as text; otherwise as an int64.
func (v Value) IsText() bool { return v.kind == FieldText }

// Text is the text of a text value.
func (v Value) Text() string { return v.text }

// Number is what databases keep of any other value: the count, fen, millionths, milliseconds since 1970, or 0 and 1.
func (v Value) Number() int64 { return v.number }

// Amount is the amount of an amount value.
func (v Value) Amount() money.Amount { return money.Amount(v.number) }

// Bool is the truth of a truth value.
func (v Value) Bool() bool { return v.number != 0 }

// Time is the moment of a time value, in UTC.
func (v Value) Time() time.Time {
	if v.number == 0 {
		return time.Time{}
	}
	return time.UnixMilli(v.number).UTC()
}

// IsZero reports whether the value is the same as not given.
func (v Value) IsZero() bool { return v.text == "" && v.number == 0 }

// Compare orders two values of one type as every database here orders them.
func (v Value) Compare(other Value) int {
	if v.IsText() {
		return strings.Compare(v.text, other.text)
	}
	switch {
	case v.number < other.number:
		return -1
	case v.number > other.number:
		return 1
	}
	return 0
}

// plain is the value as JSON: a string or a whole number.
func (v Value) plain() any {
	if v.IsText() {
		return v.text
	}
	return v.number
}

// Fields is a record's index part: the values of declared fields by name. A field that is not given has the zero of
// its type.
type Fields map[string]Value

// Names lists the fields that are not zero, in order of their names.
func (f Fields) Names() []string {
	names := make([]string, 0, len(f))
	for name, value := range f {
		if !value.IsZero() {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}

// MarshalJSON writes the fields that are not zero as one object, ordered by name, texts as strings and everything
// else as whole numbers. These are the bytes that hashes cover.
func (f Fields) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, name := range f.Names() {
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(encode(name))
		out.WriteByte(':')
		out.Write(encode(f[name].plain()))
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// ParseFields reads what Fields.MarshalJSON wrote for a record of the kind.
func ParseFields(kind Kind, text []byte) (Fields, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, fmt.Errorf("index part of a %s: %w", kind.Name, err)
	}
	fields := make(Fields, len(raw))
	for name, value := range raw {
		declared, ok := kind.Field(name)
		if !ok {
			return nil, fmt.Errorf("index part of a %s: field %q is not declared; it was written by another release", kind.Name, name)
		}
		var err error
		var parsed Value
		if declared.Type == FieldText {
			parsed.kind = FieldText
			err = json.Unmarshal(value, &parsed.text)
		} else {
			parsed.kind = declared.Type
			parsed.number, err = strconv.ParseInt(string(value), 10, 64)
		}
		if err != nil {
			return nil, fmt.Errorf("index part of a %s, field %s: %w", kind.Name, name, err)
		}
		fields[name] = parsed
	}
	return fields, nil
}

// cleanText reports whether every database keeps the text unchanged: valid UTF-8 without control characters (SQLite's
// JSON functions end a text at NUL).
func cleanText(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}
