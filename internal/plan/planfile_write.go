package plan

import (
	"cmp"
	"encoding/json"
	"fmt"

	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

// JSON writes a plan as a plan file (zutuan/plan/v1) that ReadFile reads back to the same lines: what a line is and every
// term of it are spelled out, so that it means the same whatever its product says later, or when it is gone. A line with a schedule needs its Terms.
func (f *File) JSON() ([]byte, error) {
	out := fileText{Schema: SchemaPlan, Name: f.Name, Requirement: f.Requirement, Lines: []lineText{}, Limits: f.Limits.text()}
	for i := range f.Lines {
		line := &f.Lines[i]
		if line.Schedule != nil && line.Terms == nil {
			return nil, fmt.Errorf("line %s has a schedule without terms", line.ID)
		}
		out.Lines = append(out.Lines, line.text())
	}
	return json.Marshal(out)
}

type fileText struct {
	Schema      string      `json:"schema"`
	Name        string      `json:"name"`
	Requirement string      `json:"requirement"`
	Lines       []lineText  `json:"lines"`
	Limits      *limitsText `json:"limits,omitempty"`
}

type productText struct {
	ID      string `json:"id"`
	Version int    `json:"version,omitempty"`
}

type drawText struct {
	Quarter string       `json:"quarter"`
	Amount  money.Amount `json:"amount"`
}

type rateText struct {
	From string        `json:"from"`
	Rate money.Decimal `json:"rate"`
}

type feesText struct {
	Upfront    money.Decimal `json:"upfront"`
	Commitment money.Decimal `json:"commitment"`
	Agency     money.Amount  `json:"agency"`
	Guarantee  money.Decimal `json:"guarantee"`
}

type lineText struct {
	ID             string       `json:"id"`
	Product        *productText `json:"product,omitempty"`
	Name           string       `json:"name,omitempty"`
	Institution    string       `json:"institution,omitempty"`
	Kind           string       `json:"kind,omitempty"`
	CountsAs       string       `json:"counts_as,omitempty"`
	GovernmentDebt string       `json:"government_debt,omitempty"`
	AsCapital      bool         `json:"as_capital,omitempty"`
	Commitment     money.Amount `json:"commitment"`
	Draws          []drawText   `json:"draws"`
	*termsText
}

type termsText struct {
	Start        string          `json:"start,omitempty"`
	Rate         *money.Decimal  `json:"rate,omitempty"`
	Rates        []rateText      `json:"rates,omitempty"`
	Tenor        int             `json:"tenor"`
	Grace        int             `json:"grace"`
	Interval     int             `json:"interval"`
	Availability int             `json:"availability"`
	Profile      string          `json:"profile"`
	Custom       []money.Decimal `json:"custom,omitempty"`
	Timing       string          `json:"timing"`
	Capitalize   bool            `json:"capitalize_during_grace"`
	Fees         feesText        `json:"fees"`
}

type limitsText struct {
	MinDSCR             *money.Decimal `json:"min_dscr,omitempty"`
	TenorQuarters       *int           `json:"tenor_quarters,omitempty"`
	CapitalRatioMin     *money.Decimal `json:"capital_ratio_min,omitempty"`
	QuasiEquityShareMax *money.Decimal `json:"quasi_equity_share_max,omitempty"`
	InstitutionShareMax *money.Decimal `json:"institution_share_max,omitempty"`
	GeneralHeadroom     *money.Amount  `json:"general_headroom,omitempty"`
	SpecialHeadroom     *money.Amount  `json:"special_headroom,omitempty"`
	MaxLenders          *int           `json:"max_lenders,omitempty"`
}

func (l *FileLimits) text() *limitsText {
	text := limitsText{l.MinDSCR, l.TenorQuarters, l.CapitalRatioMin, l.QuasiEquityShareMax, l.InstitutionShareMax, l.GeneralHeadroom, l.SpecialHeadroom, l.MaxLenders}
	if text == (limitsText{}) {
		return nil
	}
	return &text
}

func (l *Line) text() lineText {
	out := lineText{ID: l.ID, Name: l.Name.ZH, Institution: l.Institution, Kind: l.Kind, CountsAs: l.CountsAs, GovernmentDebt: l.GovernmentDebt, AsCapital: l.AsCapital,
		Commitment: l.Commitment, Draws: []drawText{}}
	if l.Product != "" {
		out.Product = &productText{l.Product, l.ProductVersion}
	}
	draws := l.Draws
	if l.Schedule != nil {
		draws, out.termsText = l.Terms.Draws, termsOf(l.Terms)
		out.Start = l.Schedule.Start.String()
	}
	for _, draw := range draws {
		out.Draws = append(out.Draws, drawText{draw.Quarter.String(), draw.Amount})
	}
	return out
}

func termsOf(t *loan.Terms) *termsText {
	out := &termsText{Tenor: t.Tenor, Grace: t.Grace, Interval: max(t.Interval, 1), Availability: cmp.Or(t.Availability, max(t.Grace, 1)), Profile: string(t.Profile), Custom: t.Custom,
		Timing: string(cmp.Or(t.Timing, loan.TimingMid)), Capitalize: t.CapitalizeDuringGrace, Fees: feesText(t.Fees)}
	if len(t.Changes) == 0 {
		out.Rate = &t.Rate
		return out
	}
	if start := signed(t); t.Changes[0].From > start {
		out.Rates = append(out.Rates, rateText{start.String(), t.Rate})
	}
	for _, change := range t.Changes {
		out.Rates = append(out.Rates, rateText{change.From.String(), change.Rate})
	}
	return out
}

// signed is t0: the quarter of signing, or of the first draw.
func signed(t *loan.Terms) quarter.Quarter {
	start := t.Start
	for _, draw := range t.Draws {
		if t.Start == 0 && (start == 0 || draw.Quarter < start) {
			start = draw.Quarter
		}
	}
	return start
}
