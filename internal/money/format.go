package money

import (
	"strconv"
	"strings"
)

// Language selects the words in which amounts, messages and tables are shown to a person.
type Language string

// The languages Zutuan speaks; Chinese is the default everywhere.
const (
	Chinese Language = "zh"
	English Language = "en"
)

// InWan prints the amount in 万元 with thousands separators and two decimals, without the unit: "1,234.50".
// Presentation only: the exact amount stays in String.
func (a Amount) InWan() string { return group(MulDiv(a, 1, 10_000).String()) }

// Show prints the amount as a person reads it: in Chinese 亿元 with four decimals from one 亿 up and 万元 with two below;
// in English the exact yuan, because 万 and 亿 have no English words and thousands or millions would be misread by the
// very people who think in 万. Presentation only: what is rounded here stays exact in String.
func (a Amount) Show(language Language) string {
	if language == English {
		return "CNY " + group(a.String())
	}
	if a.Abs() >= Yi {
		// 亿元 × 10,000 as a whole number, which then takes its four decimals back.
		return group(withDecimals(int64(MulDiv(a, 1, int64(Yi)/10_000)), 4)) + " 亿元"
	}
	return a.InWan() + " 万元"
}

// ShowAlike shows figures that are compared with each other: all as Show does where that loses nothing of any of them, and
// otherwise all in yuan to the fen, so that two of them never look equal because both were rounded.
func ShowAlike(language Language, amounts ...Amount) []string {
	shown, exact := make([]string, len(amounts)), true
	for i, amount := range amounts {
		last := Amount(10_000) // the second decimal of 万元, in fen
		if amount.Abs() >= Yi {
			last = Yi / 10_000
		}
		shown[i], exact = amount.Show(language), exact && amount%last == 0
	}
	if language != English && !exact {
		for i, amount := range amounts {
			shown[i] = group(amount.String()) + " 元"
		}
	}
	return shown
}

// withDecimals prints a whole number that counts 10^-decimals units: 12345 with four decimals is "1.2345".
func withDecimals(count int64, decimals int) string {
	sign := ""
	if count < 0 {
		sign, count = "-", -count
	}
	text := strconv.FormatInt(count, 10)
	if len(text) <= decimals {
		text = strings.Repeat("0", decimals+1-len(text)) + text
	}
	return sign + text[:len(text)-decimals] + "." + text[len(text)-decimals:]
}

// group puts a comma between each three digits before the point.
func group(text string) string {
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "-", text[1:]
	}
	whole, fraction, hasPoint := strings.Cut(text, ".")
	var out strings.Builder
	out.WriteString(sign)
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			out.WriteByte(',')
		}
		out.WriteRune(digit)
	}
	if hasPoint {
		out.WriteString("." + fraction)
	}
	return out.String()
}

// Percent prints a ratio as a percentage with two decimals for people: 0.0365 → "3.65%".
func Percent(ratio Decimal) string { return group(ratio.Shift(2).StringFixed(2)) + "%" }
