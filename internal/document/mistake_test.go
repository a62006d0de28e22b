package document

import (
	"strings"
	"testing"
)

func TestAMistakeInJSONIsToldInOurOwnWords(t *testing.T) {
	for name, c := range map[string]struct {
		text         string
		line, column int
		en           string
	}{
		"a bracket for a value":    {"{\n \"键\": }", 2, 7, "JSON syntax error: '}' does not belong here"},
		"text after the end":       {`{"a":1} x`, 1, 9, "JSON syntax error: 'x' does not belong here"},
		"a text that is cut off":   {`{"a":"b`, 1, 8, "JSON syntax error: the text ends before it is complete; a bracket or quotation mark is missing"},
		"a control character":      {"{\"a\":\"\n\"}", 1, 7, `JSON syntax error: '\n' does not belong here`},
		"ten thousand and one [[[": {strings.Repeat("[", 10_001), 1, 10_001, "JSON syntax error: it is nested too deeply"},
	} {
		t.Run(name, func(t *testing.T) {
			line, column, zh, en := JSONMistake([]byte(c.text))
			if line != c.line || column != c.column || en != c.en || !strings.HasPrefix(zh, "JSON 语法错误：") {
				t.Errorf("%d:%d %s / %s, want %d:%d %s", line, column, zh, en, c.line, c.column, c.en)
			}
		})
	}
}
