package ruleexpr

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"zutuan/internal/money"
)

// Error is one thing wrong with an expression. Line and Column are 1-based and count characters; From and To are
// 0-based character offsets, for an editor to underline.
type Error struct {
	Code        string   `json:"code"`
	Line        int      `json:"line"`
	Column      int      `json:"column"`
	From        int      `json:"from"`
	To          int      `json:"to"`
	ZH          string   `json:"zh"`
	EN          string   `json:"en"`
	Snippet     string   `json:"snippet"`
	Suggestions []string `json:"suggestions,omitempty"`
}

// Message returns the text in one language, without the snippet.
func (e *Error) Message(language money.Language) string {
	text, hint := e.ZH, "，是否想写 "
	if language == money.English {
		text, hint = e.EN, "; did you mean "
	}
	if len(e.Suggestions) > 0 {
		text += hint + strings.Join(e.Suggestions, " / ") + "?"
	}
	return text
}

func (e *Error) Error() string { return Errors{e}.In(money.English) }

// Errors is everything wrong with one expression.
type Errors []*Error

func (es Errors) Error() string { return es.In(money.English) }

// In prints every error with its place and snippet.
func (es Errors) In(language money.Language) string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = fmt.Sprintf("%d:%d: %s\n%s", e.Line, e.Column, e.Message(language), e.Snippet)
	}
	return strings.Join(lines, "\n")
}

// newError places a message at the characters [from, to) of a source text.
func newError(source []rune, from, to int, code, zh, en string, suggestions ...string) *Error {
	from = min(max(from, 0), len(source))
	to = min(max(to, from), len(source))
	line, column, lineStart := 1, 1, 0
	for i := 0; i < from; i++ {
		column++
		if source[i] == '\n' {
			line, column, lineStart = line+1, 1, i+1
		}
	}
	lineEnd := lineStart
	for lineEnd < len(source) && source[lineEnd] != '\n' {
		lineEnd++
	}
	shown := string(source[lineStart:lineEnd])
	pad := displayWidth(string(source[lineStart:from]))
	carets := max(1, displayWidth(string(source[from:min(to, lineEnd)])))
	snippet := "    " + strings.ReplaceAll(shown, "\t", " ") + "\n    " + strings.Repeat(" ", pad) + strings.Repeat("^", carets)
	return &Error{Code: code, Line: line, Column: column, From: from, To: to, ZH: zh, EN: en, Snippet: snippet, Suggestions: suggestions}
}

// displayWidth counts terminal columns, two for a Chinese character, so that the caret stands under what it means.
func displayWidth(text string) int {
	width := 0
	for _, r := range text {
		width++
		if r >= 0x1100 && utf8.RuneLen(r) >= 3 {
			width++
		}
	}
	return width
}
