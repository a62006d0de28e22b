// Package funding holds the nouns of the domain as plain data: requirement, unit, series, ledger instrument, fiscal
// profile, zone, market data, product, offer, flag. It reads them from files (strictly, all errors at once) and
// computes nothing from them; the deciders do that. It does no I/O: readers take bytes.
package funding

import (
	"errors"

	"zutuan/internal/money"
)

// Text is what a person reads, in both languages. The English text may be empty; In falls back to Chinese then.
type Text struct {
	ZH string `json:"zh"`
	EN string `json:"en,omitempty"`
}

// In returns the text in one language.
func (t Text) In(language money.Language) string {
	if language == money.English && t.EN != "" {
		return t.EN
	}
	return t.ZH
}

// TextOf returns what an error says in both languages. An error speaks both where it has Message(language), as those
// of expressions do, or In(language), as document.Problems do; any other says the same in both.
func TextOf(err error) Text {
	var message interface{ Message(money.Language) string }
	var list interface{ In(money.Language) string }
	switch {
	case errors.As(err, &message):
		return Text{ZH: message.Message(money.Chinese), EN: message.Message(money.English)}
	case errors.As(err, &list):
		return Text{ZH: list.In(money.Chinese), EN: list.In(money.English)}
	default:
		return Text{ZH: err.Error(), EN: err.Error()}
	}
}

// Money-of-record names, so that the other files of this package read as prose.
type (
	// Amount is exact money, in fen.
	Amount = money.Amount
	// Decimal is an exact rate, ratio or number of years.
	Decimal = money.Decimal
)
