package rulecheck

import (
	"errors"
	"regexp"
	"strings"
	"unicode/utf8"

	"zutuan/internal/document"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// The severities of a diagnostic: an error keeps a draft from being saved, a warning does not.
const (
	SeverityError   = "error"
	SeverityWarning = "warning"
)

// Diagnostic is one thing to tell somebody who is typing a product.
type Diagnostic struct {
	Severity string `json:"severity"`
	Path     string `json:"path,omitempty"`
	// Line and Column are 1-based; 0 where the place is not known.
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Code   string `json:"code"`
	ZH     string `json:"zh"`
	EN     string `json:"en"`
	// Suggestion is what could stand there instead, empty where nothing is near.
	Suggestion string `json:"suggestion,omitempty"`
}

// Diagnose says what is wrong with the text of a product, risk pack or stress pack as it stands, finished or not. Where the
// text cannot be read as a whole, the expressions that it shows are checked all the same. A text without errors is analysed:
// what is then found are warnings.
func Diagnose(library *rulepack.Library, file string, data []byte) []Diagnostic {
	return DiagnoseAs(KindOf(data), library, file, data)
}

// DiagnoseAs is Diagnose for a text that is to be of one kind, whatever its schema line says.
func DiagnoseAs(kind TextKind, library *rulepack.Library, file string, data []byte) []Diagnostic {
	out, sound := check(kind, library, file, data)
	var findings []Finding
	switch {
	case sound.product != nil:
		findings = AnalyseProduct(library, sound.product, newestParameters(library))
	case sound.risk != nil:
		findings = AnalyseRiskPack(library, sound.risk, newestParameters(library))
	}
	for _, finding := range findings {
		out = append(out, Diagnostic{Severity: SeverityWarning, Path: finding.Path, Line: finding.Line, Code: string(finding.Kind), ZH: finding.Message.ZH, EN: finding.Message.EN})
	}
	return out
}

// fromError returns the diagnostics of an error of reading.
func fromError(err error) []Diagnostic {
	var problems document.Problems
	if !errors.As(err, &problems) {
		return []Diagnostic{{Severity: SeverityError, Code: "file", ZH: err.Error(), EN: err.Error()}}
	}
	return fromProblems(problems)
}

// Where a message names what may have been meant, or the keys that are allowed, the nearest is the suggestion.
var (
	didYouMean   = regexp.MustCompile(`did you mean (.+?)\?`)
	allowedWords = regexp.MustCompile(`^unknown key; allowed: (.+)$`)
)

func fromProblems(problems document.Problems) []Diagnostic {
	out := make([]Diagnostic, len(problems))
	for i, p := range problems {
		out[i] = Diagnostic{Severity: SeverityError, Path: p.Path, Line: p.Line, Column: p.Column, Code: p.Code, ZH: p.ZH, EN: p.EN}
		if match := didYouMean.FindStringSubmatch(p.EN); match != nil {
			first, _, _ := strings.Cut(strings.ReplaceAll(match[1], " / ", ", "), ", ")
			out[i].Suggestion = first
		} else if match := allowedWords.FindStringSubmatch(p.EN); match != nil {
			typed := p.Path[strings.LastIndex(p.Path, ".")+1:]
			if near := document.Nearest(typed, strings.Split(match[1], ", ")); len(near) > 0 {
				out[i].Suggestion = near[0]
			}
		}
	}
	return out
}

// quotedExpression finds the value of a key that holds an expression, in single quotes on one line.
var quotedExpression = regexp.MustCompile(`\b(when|applies_when|rate|max|rule|metric|numerator|denominator):\s*'((?:[^']|'')*)'`)

// looseExpressions checks the expressions of a text that is not well-formed as a whole.
func looseExpressions(library *rulepack.Library, data []byte) []Diagnostic {
	var out []Diagnostic
	for i, line := range strings.Split(string(data), "\n") {
		for _, at := range quotedExpression.FindAllStringSubmatchIndex(line, -1) {
			key, source := line[at[2]:at[3]], strings.ReplaceAll(line[at[4]:at[5]], "''", "'")
			var err error
			if strings.HasSuffix(key, "when") {
				_, err = library.Vocabulary.CompileRule(source)
			} else {
				_, err = library.Vocabulary.CompileNumber(source)
			}
			var list ruleexpr.Errors
			if !errors.As(err, &list) {
				continue
			}
			for _, found := range list {
				d := Diagnostic{Severity: SeverityError, Line: i + 1, Column: utf8.RuneCountInString(line[:at[4]]) + 1 + found.From, Code: "expression." + found.Code,
					ZH: found.Message(money.Chinese), EN: found.Message(money.English)}
				if len(found.Suggestions) > 0 {
					d.Suggestion = found.Suggestions[0]
				}
				out = append(out, d)
			}
		}
	}
	return out
}
