package gate

import (
	"time"

	"zutuan/internal/document"
)

// Day is a calendar day as records write it, "2026-06-30". Days of this form order as text does. The empty Day is none.
type Day string

// DayOf is the calendar day of a moment, in the moment's own zone.
func DayOf(moment time.Time) Day { return Day(moment.Format(time.DateOnly)) }

// Valid reports whether the day exists and is written as records write it.
func (d Day) Valid() bool {
	_, err := document.ParseDate(string(d))
	return err == nil
}

// Since counts the days from another day to this one; negative where the other is later. Both must be valid.
func (d Day) Since(other Day) int {
	to, _ := document.ParseDate(string(d))
	from, _ := document.ParseDate(string(other))
	return int(to.Sub(from) / (24 * time.Hour))
}

// Add is the day a number of days later.
func (d Day) Add(days int) Day {
	from, _ := document.ParseDate(string(d))
	return DayOf(from.AddDate(0, 0, days))
}
