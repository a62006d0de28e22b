package rulepack

import (
	"strings"

	"zutuan/internal/money"
)

// literalNumbers returns the numbers written out in an expression other than 0 and 1, outside of quoted texts.
func literalNumbers(source string) []string {
	var found []string
	runes := []rune(source)
	for i := 0; i < len(runes); i++ {
		switch r := runes[i]; {
		case r == '"' || r == '\'' || r == '`':
			i = skipQuoted(runes, i)
		case isWordRune(r) && !isDigit(r):
			for i+1 < len(runes) && (isWordRune(runes[i+1])) {
				i++
			}
		case isDigit(r):
			start := i
			for i+1 < len(runes) && (isDigit(runes[i+1]) || runes[i+1] == '.' || runes[i+1] == '_') {
				i++
			}
			text := strings.ReplaceAll(string(runes[start:i+1]), "_", "")
			if value, err := money.ParseRate(text); err != nil || !value.IsZero() && !value.Equal(money.One) {
				found = append(found, text)
			}
		}
	}
	return found
}

// skipQuoted returns the place of the closing quote, or the last place where there is none.
func skipQuoted(runes []rune, open int) int {
	for i := open + 1; i < len(runes); i++ {
		if runes[i] == '\\' {
			i++
			continue
		}
		if runes[i] == runes[open] {
			return i
		}
	}
	return len(runes) - 1
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// isWordRune reports whether a rune belongs to a name; a dot joins a group and its fact.
func isWordRune(r rune) bool {
	return isDigit(r) || r == '_' || r == '.' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 127
}
