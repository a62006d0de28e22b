package httpapi

import (
	"strings"

	"zutuan/internal/money"
)

// languageOf picks Chinese or English from an Accept-Language header: the one with the larger weight, the earlier where
// both weigh the same, Chinese where neither is named.
func languageOf(header string) money.Language {
	best, weight := money.Chinese, -1
	for _, part := range strings.Split(header, ",") {
		tag, parameters, _ := strings.Cut(strings.TrimSpace(part), ";")
		base, _, _ := strings.Cut(strings.ToLower(tag), "-")
		language := money.Chinese
		switch base {
		case "zh":
		case "en":
			language = money.English
		default:
			continue
		}
		if w := thousandths(parameters); w > weight && w > 0 {
			best, weight = language, w
		}
	}
	return best
}

// thousandths reads a weight, "q=0.8", in thousandths; 1000 where there is none, 0 where it cannot be read.
func thousandths(parameters string) int {
	text, weighted := strings.CutPrefix(strings.TrimSpace(parameters), "q=")
	if !weighted {
		return 1000
	}
	whole, fraction, _ := strings.Cut(text, ".")
	if whole == "1" {
		return 1000
	}
	value := 0
	for _, digit := range (fraction + "000")[:3] {
		if digit < '0' || digit > '9' {
			return 0
		}
		value = value*10 + int(digit-'0')
	}
	return value
}
