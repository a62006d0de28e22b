package facts

import (
	"time"

	"github.com/shopspring/decimal"

	"zutuan/internal/funding"
	"zutuan/internal/quarter"
	"zutuan/internal/ruleexpr"
)

// borrowerRecord is the borrower on a date.
type borrowerRecord struct {
	*funding.Borrower
	date time.Time
}

// SetBorrower sets borrower.*; the date gives its age.
func (a *Assembler) SetBorrower(f *ruleexpr.Facts, borrower *funding.Borrower, date time.Time) {
	apply(f, a.borrower, borrowerRecord{borrower, date})
}

var borrowerFacts = []entry[borrowerRecord]{
	{"borrower.type", func(t target, b borrowerRecord) { t.word(b.Type, inRequirement("borrower.type")) }},
	{"borrower.class", func(t target, b borrowerRecord) { t.word(b.Class, inRequirement("borrower.class")) }},
	{"borrower.rating", func(t target, b borrowerRecord) { t.word(b.Rating, inRequirement("borrower.rating")) }},
	{"borrower.net_assets", func(t target, b borrowerRecord) {
		given(t, b.NetAssets, target.amount, inRequirement("borrower.net_assets"))
	}},
	{"borrower.asset_liability_ratio", func(t target, b borrowerRecord) {
		given(t, b.AssetLiabilityRatio, target.decimal, inRequirement("borrower.asset_liability_ratio"))
	}},
	{"borrower.implicit_debt", func(t target, b borrowerRecord) {
		given(t, b.ImplicitDebt, target.flag, inRequirement("borrower.implicit_debt"))
	}},
	{"borrower.age_years", setAge},
	{"borrower.cash", func(t target, b borrowerRecord) { given(t, b.Cash, target.amount, inRequirement("borrower.cash")) }},
}

// setAge counts whole quarters from the quarter of establishment to that of the date, in years of four.
func setAge(t target, b borrowerRecord) {
	if b.Established == 0 {
		t.missing(inRequirement("borrower.established"))
		return
	}
	quarters := quarter.Of(b.date).Since(b.Established)
	if quarters < 0 {
		t.missing("borrower.established 晚于评估日 / borrower.established lies after the date of the assessment")
		return
	}
	t.decimal(decimal.New(int64(quarters)*25, -2))
}
