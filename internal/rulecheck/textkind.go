package rulecheck

import (
	"regexp"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// TextKind is what a text of rules is: the three kinds that have versions.
type TextKind string

// The kinds of texts.
const (
	TextProduct TextKind = "product"
	TextRisk    TextKind = "risk"
	TextStress  TextKind = "stress"
)

var schemaLine = regexp.MustCompile(`(?m)^\s*"?schema"?:\s*["']?(zutuan/[a-z]+/v1)`)

// KindOf says what a text is by its schema line, finished or not; a text without one is taken for a product.
func KindOf(data []byte) TextKind {
	if match := schemaLine.FindSubmatch(data); match != nil {
		switch string(match[1]) {
		case funding.SchemaRisk:
			return TextRisk
		case rulepack.SchemaStress:
			return TextStress
		}
	}
	return TextProduct
}

// Check says what keeps a text from being a product, risk pack or stress pack, and nothing more; Diagnose also analyses a text
// without errors.
func Check(library *rulepack.Library, file string, data []byte) []Diagnostic {
	found, _ := check(KindOf(data), library, file, data)
	return found
}

// checked is a text that compiles.
type checked struct {
	product *rulepack.Product
	risk    *rulepack.RiskPack
}

func check(kind TextKind, library *rulepack.Library, file string, data []byte) ([]Diagnostic, checked) {
	var out checked
	var err error
	switch kind {
	case TextRisk:
		out.risk, err = library.RiskPack(file, data)
	case TextStress:
		_, err = library.StressPack(file, data)
	default:
		out.product, err = library.Product(file, data)
	}
	if err == nil {
		return nil, out
	}
	found := fromError(err)
	if _, unreadable := document.Parse(file, data); unreadable != nil {
		found = append(found, looseExpressions(library, data)...)
	}
	return found, checked{}
}

// newestParameters are facts in which every parameter has its last value.
func newestParameters(library *rulepack.Library) *ruleexpr.Facts {
	facts := library.Vocabulary.NewFacts()
	for _, parameter := range library.Parameters.All() {
		if last := len(parameter.Values) - 1; last >= 0 {
			// What cannot be read stays unknown; loading has refused it.
			_ = facts.SetFromText(library.Vocabulary.Slot(rulepack.ParameterPrefix+parameter.ID), parameter.Values[last].Value)
		}
	}
	return facts
}
