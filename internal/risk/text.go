package risk

import (
	"strings"

	"github.com/shopspring/decimal"

	"zutuan/internal/funding"
	"zutuan/internal/money"
)

// LevelName returns a level as people call it.
func LevelName(level funding.Level, language money.Language) string {
	if language == money.English {
		return strings.ReplaceAll(string(level), "_", " ")
	}
	return levelNames[level]
}

var levelNames = map[funding.Level]string{
	funding.LevelStop: "禁止", funding.LevelRed: "红", funding.LevelOrange: "橙", funding.LevelYellow: "黄", funding.LevelGreen: "绿",
	funding.LevelUndecided: "无法判断", funding.LevelNotApplicable: "不适用",
}

// ValueText writes a value of a flag for people: amounts in 万元 or 亿元, ratios with four decimals, rates in per cent.
func ValueText(value *string, unit string, language money.Language) string {
	if value == nil {
		return "—"
	}
	number, err := decimal.NewFromString(*value)
	if err != nil {
		return *value
	}
	quarters, years := " 季", " 年"
	if language == money.English {
		quarters, years = " quarters", " years"
	}
	switch unit {
	case "yuan":
		amount, err := money.FromDecimal(number)
		if err != nil {
			return *value
		}
		return amount.Show(language)
	case "rate":
		return money.Percent(number)
	case "quarters":
		return number.String() + quarters
	case "years":
		return number.StringFixed(2) + years
	}
	return number.StringFixed(4)
}

// Reached returns the threshold that the flag's level stands for, or where that level is a whole condition the one of the
// next milder level that is a plain comparison; false for green flags and for gates.
func (f *Flag) Reached() (Threshold, bool) {
	for i := len(f.Thresholds) - 1; i >= 0; i-- {
		threshold := f.Thresholds[i]
		if threshold.Value != nil && severity[threshold.Level] <= severity[f.Level] && severity[f.Level] >= severity[funding.LevelYellow] {
			return threshold, true
		}
	}
	return Threshold{}, false
}

// Line writes the flag on one line: level, rule, name, value against threshold, when, what it was before the plan, labels.
func (f *Flag) Line(language money.Language) string {
	var b strings.Builder
	before, unless, comma := "方案前 ", "缺 ", "，"
	if language == money.English {
		before, unless, comma = "before the plan ", "missing ", ", "
	}
	b.WriteString(LevelName(f.Level, language) + " " + f.Rule + " " + f.Name.In(language))
	if f.Value != nil {
		b.WriteString(" " + ValueText(f.Value, f.Unit, language))
	}
	if threshold, ok := f.Reached(); ok && f.Value != nil {
		b.WriteString(" " + threshold.Operator + " " + ValueText(threshold.Value, f.Unit, language))
	}
	var notes []string
	if f.When != "now" && f.When != "" {
		notes = append(notes, f.When)
	}
	if f.ValueBefore != nil && f.PlanEffect != nil && strings.Trim(*f.PlanEffect, "-0.") != "" {
		notes = append(notes, before+ValueText(f.ValueBefore, f.Unit, language))
	}
	for _, missing := range f.Missing {
		notes = append(notes, unless+missing.Name.In(language))
	}
	notes = append(notes, f.Labels...)
	if len(notes) > 0 {
		b.WriteString(" (" + strings.Join(notes, comma) + ")")
	}
	return b.String()
}
