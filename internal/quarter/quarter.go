// Package quarter owns calendar quarters, the unit of time of every statement and schedule. A Quarter is a point in
// the calendar; how far one quarter is from another is a plain int and is called an index or an offset where it is
// 0-based, a count where it is a length.
package quarter

import (
	"errors"
	"fmt"
	"time"
)

// Quarter counts calendar quarters from year 0: year × 4 + (quarter − 1). The zero value means "not given".
type Quarter int32

// ErrFormat refuses text that is not a quarter.
var ErrFormat = errors.New("not a quarter such as 2026Q1 (years 1950 to 2199)")

const (
	firstYear = 1950
	lastYear  = 2199
)

// Parse reads "2026Q1".
func Parse(text string) (Quarter, error) {
	if len(text) != 6 || text[4] != 'Q' || text[5] < '1' || text[5] > '4' {
		return 0, ErrFormat
	}
	year := 0
	for _, digit := range []byte(text[:4]) {
		if digit < '0' || digit > '9' {
			return 0, ErrFormat
		}
		year = year*10 + int(digit-'0')
	}
	if year < firstYear || year > lastYear {
		return 0, ErrFormat
	}
	return New(year, int(text[5]-'0')), nil
}

// Must is Parse for constants and tests.
func Must(text string) Quarter {
	parsed, err := Parse(text)
	if err != nil {
		panic("quarter.Must(" + text + "): " + err.Error())
	}
	return parsed
}

// New returns the quarter number (1 to 4) of a year.
func New(year, number int) Quarter { return Quarter(year*4 + number - 1) }

// Of returns the quarter in which a date falls.
func Of(date time.Time) Quarter { return New(date.Year(), (int(date.Month())+2)/3) }

// Year returns the calendar year.
func (q Quarter) Year() int { return int(q) / 4 }

// Number returns 1 to 4.
func (q Quarter) Number() int { return int(q)%4 + 1 }

// Add returns the quarter that is count quarters later.
func (q Quarter) Add(count int) Quarter { return q + Quarter(count) }

// Since returns how many quarters q is after earlier.
func (q Quarter) Since(earlier Quarter) int { return int(q - earlier) }

// FirstDay and LastDay return the calendar days that bound the quarter, in UTC.
func (q Quarter) FirstDay() time.Time {
	return time.Date(q.Year(), time.Month(q.Number()*3-2), 1, 0, 0, 0, 0, time.UTC)
}

// LastDay returns the last calendar day of the quarter.
func (q Quarter) LastDay() time.Time { return q.Add(1).FirstDay().AddDate(0, 0, -1) }

// String prints "2026Q1", and nothing for a quarter that is not given.
func (q Quarter) String() string {
	if q == 0 {
		return ""
	}
	if year := q.Year(); year >= 1_000 && year <= 9_999 { // every quarter that a file can name
		return string([]byte{byte('0' + year/1_000), byte('0' + year/100%10), byte('0' + year/10%10), byte('0' + year%10), 'Q', byte('0' + q.Number())})
	}
	return fmt.Sprintf("%04dQ%d", q.Year(), q.Number())
}

// MarshalText writes what String prints.
func (q Quarter) MarshalText() ([]byte, error) { return []byte(q.String()), nil }

// UnmarshalText reads what String prints.
func (q *Quarter) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*q = 0
		return nil
	}
	parsed, err := Parse(string(text))
	if err == nil {
		*q = parsed
	}
	return err
}
