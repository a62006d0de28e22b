package money

import "strings"

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

// Show prints the amount as a person reads it: 亿元 from one 亿 up, 万元 below, with the unit; in English the same
// scales as "CNY 123.45 m" (millions) and "CNY 12.3 k" would mislead a Chinese bureau, so yuan with separators is used.
func (a Amount) Show(language Language) string {
	if language == English {
		return "CNY " + group(a.String())
	}
	if a.Abs() >= Yi {
		return group(MulDiv(a, 1, 100_000_000/100).inHundredths(4)) + " 亿元"
	}
	return a.InWan() + " 万元"
}

// inHundredths prints an integer that counts 10^-decimals units.
func (a Amount) inHundredths(decimals int) string {
	text := Amount(a.Abs()).digits(decimals)
	if a < 0 {
		return "-" + text
	}
	return text
}

func (a Amount) digits(decimals int) string {
	text := strings.TrimLeft(strings.Replace(a.String(), ".", "", 1), "0")
	for len(text) <= decimals {
		text = "0" + text
	}
	return text[:len(text)-decimals] + "." + text[len(text)-decimals:]
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
