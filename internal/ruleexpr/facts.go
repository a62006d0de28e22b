package ruleexpr

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"zutuan/internal/document"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

// Facts holds the values of one evaluation. A fact that was never set is missing: a rule that needs it is undecided.
// Facts is not safe for concurrent writing.
type Facts struct {
	vocabulary *Vocabulary
	present    []bool
	numbers    []int64 // scaled by the unit's decimals; flags are 0 or 1
	texts      []string
	lists      [][]string
	series     [][]int64
	// reasons says why a fact is missing, where that is known.
	reasons []string
}

// NewFacts returns facts with nothing set.
func (v *Vocabulary) NewFacts() *Facts {
	count := len(v.facts)
	return &Facts{vocabulary: v, present: make([]bool, count), numbers: make([]int64, count), texts: make([]string, v.textCount),
		lists: make([][]string, v.listCount), series: make([][]int64, v.seriesCount), reasons: make([]string, count)}
}

// Clone returns an independent copy; lists are shared, because they are replaced and never changed in place.
func (f *Facts) Clone() *Facts {
	clone := *f
	clone.present = append([]bool(nil), f.present...)
	clone.numbers = append([]int64(nil), f.numbers...)
	clone.texts = append([]string(nil), f.texts...)
	clone.lists = append([][]string(nil), f.lists...)
	clone.series = append([][]int64(nil), f.series...)
	clone.reasons = append([]string(nil), f.reasons...)
	return &clone
}

// CopyFrom makes the facts those of another of the same vocabulary: a Clone into memory that exists already.
func (f *Facts) CopyFrom(other *Facts) {
	if f.vocabulary != other.vocabulary {
		panic("ruleexpr: facts of two vocabularies")
	}
	copy(f.present, other.present)
	copy(f.numbers, other.numbers)
	copy(f.texts, other.texts)
	copy(f.lists, other.lists)
	copy(f.series, other.series)
	copy(f.reasons, other.reasons)
}

// copySlot makes one fact that of another set of facts.
func (f *Facts) copySlot(other *Facts, slot Slot) {
	f.present[slot], f.numbers[slot], f.reasons[slot] = other.present[slot], other.numbers[slot], other.reasons[slot]
	place := f.vocabulary.place[slot]
	switch f.vocabulary.facts[slot].Type {
	case TypeText:
		f.texts[place] = other.texts[place]
	case TypeTexts:
		f.lists[place] = other.lists[place]
	case TypeNumbers:
		f.series[place] = other.series[place]
	}
}

// Vocabulary returns the dictionary of these facts.
func (f *Facts) Vocabulary() *Vocabulary { return f.vocabulary }

// Has reports whether a fact is set.
func (f *Facts) Has(slot Slot) bool { return f.present[slot] }

// SetMissing unsets a fact and says why it is missing.
func (f *Facts) SetMissing(slot Slot, reason string) {
	f.present[slot], f.reasons[slot] = false, reason
}

// Copy sets a fact to its value in other facts of the same vocabulary, or unsets it with the reason that it has there.
func (f *Facts) Copy(slot Slot, from *Facts) { f.copySlot(from, slot) }

// Reason returns why a fact is missing, empty where it is set or nothing was said.
func (f *Facts) Reason(slot Slot) string {
	if f.present[slot] {
		return ""
	}
	return f.reasons[slot]
}

func (f *Facts) expect(slot Slot, types ...Type) {
	got := f.vocabulary.facts[slot].Type
	for _, allowed := range types {
		if got == allowed {
			return
		}
	}
	panic(fmt.Sprintf("ruleexpr: fact %s is a %s", f.vocabulary.facts[slot].Name, got))
}

// SetAmount sets a fact in yuan.
func (f *Facts) SetAmount(slot Slot, amount money.Amount) {
	f.expect(slot, TypeNumber)
	if f.vocabulary.facts[slot].Unit != UnitYuan {
		panic("ruleexpr: fact " + f.vocabulary.facts[slot].Name + " is not an amount")
	}
	f.numbers[slot], f.present[slot] = int64(amount), true
}

// SetCount sets a fact that is a whole number: quarters, years, a count.
func (f *Facts) SetCount(slot Slot, count int) {
	if f.vocabulary.facts[slot].Unit.Decimals() == 0 {
		f.expect(slot, TypeNumber)
		f.numbers[slot], f.present[slot] = int64(count), true
		return
	}
	f.SetDecimal(slot, decimal.NewFromInt(int64(count)))
}

// SetDecimal sets a number fact, rounded half-up to the decimals of its unit. A value too large to be held makes the
// fact missing, with that reason: no rule may go by a cut-off number.
func (f *Facts) SetDecimal(slot Slot, value money.Decimal) {
	f.expect(slot, TypeNumber)
	scaled, ok := scaleDecimal(value, f.vocabulary.facts[slot].Unit.Decimals())
	if !ok {
		f.SetMissing(slot, "数值超出可表示范围 / out of range: "+value.String())
		return
	}
	f.numbers[slot], f.present[slot] = scaled, true
}

func scaleDecimal(value money.Decimal, decimals int) (int64, bool) {
	// Most values have no more decimals than their unit and stay far inside an int64: no big number is needed for them.
	if power := decimals + int(value.Exponent()); power >= 0 && value.NumDigits()+power <= maxScale {
		return value.CoefficientInt64() * powersOfTen[power], true
	}
	scaled := value.Round(int32(decimals)).Shift(int32(decimals))
	integer := scaled.BigInt()
	return integer.Int64(), integer.IsInt64()
}

// SetFlag sets a true-or-false fact.
func (f *Facts) SetFlag(slot Slot, value bool) {
	f.expect(slot, TypeFlag)
	f.numbers[slot], f.present[slot] = 0, true
	if value {
		f.numbers[slot] = 1
	}
}

// SetText sets a text fact; the empty text is a value, not a missing one.
func (f *Facts) SetText(slot Slot, text string) {
	f.expect(slot, TypeText)
	f.texts[f.vocabulary.place[slot]], f.present[slot] = text, true
}

// SetTexts sets a list of texts. The list must not be changed afterwards.
func (f *Facts) SetTexts(slot Slot, texts []string) {
	f.expect(slot, TypeTexts)
	f.lists[f.vocabulary.place[slot]], f.present[slot] = texts, true
}

// SetAmounts sets a list of amounts.
func (f *Facts) SetAmounts(slot Slot, amounts []money.Amount) {
	f.expect(slot, TypeNumbers)
	scaled := make([]int64, len(amounts))
	for i, amount := range amounts {
		scaled[i] = int64(amount)
	}
	f.series[f.vocabulary.place[slot]], f.present[slot] = scaled, true
}

// SetDecimals sets a list of numbers, each rounded to the decimals of the unit.
func (f *Facts) SetDecimals(slot Slot, values []money.Decimal) {
	f.expect(slot, TypeNumbers)
	scaled := make([]int64, len(values))
	for i, value := range values {
		var ok bool
		if scaled[i], ok = scaleDecimal(value, f.vocabulary.facts[slot].Unit.Decimals()); !ok {
			f.SetMissing(slot, "数值超出可表示范围 / out of range: "+value.String())
			return
		}
	}
	f.series[f.vocabulary.place[slot]], f.present[slot] = scaled, true
}

// Number returns a number fact as a decimal, and false where it is missing.
func (f *Facts) Number(slot Slot) (money.Decimal, bool) {
	return decimal.New(f.numbers[slot], -int32(f.vocabulary.facts[slot].Unit.Decimals())), f.present[slot]
}

// Amount returns a fact in yuan, and false where it is missing.
func (f *Facts) Amount(slot Slot) (money.Amount, bool) {
	return money.Amount(f.numbers[slot]), f.present[slot]
}

// Flag returns a true-or-false fact, and false where it is missing.
func (f *Facts) Flag(slot Slot) (value, present bool) { return f.numbers[slot] != 0, f.present[slot] }

// Text returns a text fact, and false where it is missing.
func (f *Facts) Text(slot Slot) (string, bool) {
	f.expect(slot, TypeText)
	return f.texts[f.vocabulary.place[slot]], f.present[slot]
}

// Texts returns a list of texts, and false where it is missing.
func (f *Facts) Texts(slot Slot) ([]string, bool) {
	f.expect(slot, TypeTexts)
	return f.lists[f.vocabulary.place[slot]], f.present[slot]
}

// ErrFactText refuses the text of a fact's value.
var ErrFactText = errors.New("not a value of the fact's type")

// SetFromText sets a fact from text, as tests and what-if changes write it: a plain decimal, true or false, a text,
// a quarter, a date; lists separate their items with commas.
func (f *Facts) SetFromText(slot Slot, text string) error {
	fact := f.vocabulary.facts[slot]
	switch fact.Type {
	case TypeText:
		f.SetText(slot, text)
	case TypeTexts:
		f.SetTexts(slot, splitList(text))
	case TypeFlag:
		if text != "true" && text != "false" {
			return fmt.Errorf("%w: %s is true or false", ErrFactText, fact.Name)
		}
		f.SetFlag(slot, text == "true")
	case TypeNumbers:
		return f.setNumbersFromText(slot, fact, text)
	default:
		scaled, err := parseNumber(fact, text)
		if err != nil {
			return err
		}
		f.numbers[slot], f.present[slot] = scaled, true
	}
	return nil
}

func (f *Facts) setNumbersFromText(slot Slot, fact Fact, text string) error {
	var scaled []int64
	for _, item := range splitList(text) {
		number, err := parseNumber(fact, item)
		if err != nil {
			return err
		}
		scaled = append(scaled, number)
	}
	f.series[f.vocabulary.place[slot]], f.present[slot] = scaled, true
	return nil
}

func splitList(text string) []string {
	if strings.TrimSpace(text) == "" {
		return []string{}
	}
	items := strings.Split(text, ",")
	for i := range items {
		items[i] = strings.TrimSpace(items[i])
	}
	return items
}

// parseNumber reads the text of one number of the fact's unit, scaled. More decimals than the unit holds are refused,
// so that a what-if never silently rounds.
func parseNumber(fact Fact, text string) (int64, error) {
	switch fact.Unit {
	case UnitQuarter:
		if parsed, err := quarter.Parse(text); err == nil {
			return int64(parsed), nil
		}
	case UnitDate:
		if parsed, err := document.ParseDate(text); err == nil {
			return daysOf(parsed), nil
		}
	default:
		value, err := decimal.NewFromString(text)
		if err != nil || strings.ContainsAny(text, "eE") || !value.Round(int32(fact.Unit.Decimals())).Equal(value) {
			break
		}
		if scaled, ok := scaleDecimal(value, fact.Unit.Decimals()); ok {
			return scaled, nil
		}
	}
	return 0, fmt.Errorf("%w: %s is a number in %s with at most %d decimals, got %q", ErrFactText, fact.Name, fact.Unit, fact.Unit.Decimals(), text)
}

func daysOf(date time.Time) int64 { return date.Unix() / 86_400 }

// dateOf is the inverse of daysOf.
func dateOf(days int64) time.Time { return time.Unix(days*86_400, 0).UTC() }

// SetDate sets a date fact.
func (f *Facts) SetDate(slot Slot, date time.Time) {
	f.expect(slot, TypeNumber)
	f.numbers[slot], f.present[slot] = daysOf(date), true
}

// SetQuarter sets a calendar-quarter fact.
func (f *Facts) SetQuarter(slot Slot, q quarter.Quarter) {
	f.expect(slot, TypeNumber)
	f.numbers[slot], f.present[slot] = int64(q), true
}
