package match_test

// One requirement and one product, small enough that every figure of the offer and every verdict is worked out by hand.
//
// The need: 10,000,000 is spent in quarter 0 and again in quarter 1, 4,000,000 of capital comes in quarter 0, and from
// quarter 2 on 2,000,000 comes back in each quarter. So 6,000,000 and 10,000,000 are to be drawn, the peak gap is
// 16,000,000, and money is missing until 16/2 = 8 quarters of income are in, in quarters 0 to 8.
//
// The offer: 75 % of 20,000,000 is 15,000,000, below the 16,000,000 that can be used: 6,000,000 drawn in quarter 0 and
// 9,000,000 in quarter 1, at the end of each. At 1 % a quarter, quarter 1 bears 60,000. Grace is 2 quarters and the tenor
// 12, so ten instalments of 1,500,000 fall due in quarters 2 to 11, with 150,000, 135,000 … 15,000 of interest: 825,000,
// with the 60,000 before them 885,000.
//
//	loan years  2–5   service 6,000,000 + 510,000   8,000,000 / 6,510,000 = 1.22887865
//	            6–9   service 6,000,000 + 270,000   8,000,000 / 6,270,000 = 1.27591707
//	            10–13 service 3,000,000 +  45,000   8,000,000 / 3,045,000 = 2.62725780   average 1.71068451
//	average life  (3 + 4 + … + 12) × 1,500,000 / 15,000,000 / 4 = 7.5 / 4 = 1.875 years
//	all-in cost   interest of 1 % on what is outstanding: 1.01^4 − 1 = 0.04060401
//	LLCR, PLCR    2,000,000 × (1 − 1.01^−10) / 0.01 = 18,942,609; / 15,000,000 = 1.26284060 (the horizon ends with the loan)

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zutuan/internal/casework"
	"zutuan/internal/funding"
	"zutuan/internal/match"
	"zutuan/internal/money"
	"zutuan/internal/rulepack"
)

// hand is the library with the small need and the product text that tests vary.
type hand struct {
	*desk
	need *match.Need
	text string
}

func newHand(t testing.TB) *hand {
	t.Helper()
	d := shippedDesk(t)
	requirement, conditions, err := casework.ReadRequirement("hand.yaml", readTestdata(t, "hand.yaml"))
	must(t, err)
	records := d.records(t, requirement, conditions, nil, nil, sampleDate)
	return &hand{d, match.NewNeed(d.assembler, d.reference(sampleDate), sampleDate, records), string(readTestdata(t, "product.yaml"))}
}

func readTestdata(t testing.TB, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", file))
	must(t, err)
	return data
}

// product compiles the product with lines changed: pairs of the text that stands in the file and the text to put there.
func (h *hand) product(t testing.TB, changes ...string) *rulepack.Product {
	t.Helper()
	text := h.text
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(text, changes[i]) {
			t.Fatalf("the product has no %q", changes[i])
		}
		text = strings.Replace(text, changes[i], changes[i+1], 1)
	}
	product, err := h.library.Product("products/cdb/hand.yaml", []byte(text))
	must(t, err)
	return product
}

// withRules is a change of the product that adds rules, each "id level: condition".
func withRules(lines ...string) []string {
	var text strings.Builder
	for _, line := range lines {
		head, when, _ := strings.Cut(line, ": ")
		id, level, _ := strings.Cut(head, " ")
		text.WriteString("  - {id: " + id + ", group: structure, level: " + level + ", when: '" + when + "', message: {zh: " + id + "不满足, en: " + id + " fails}, basis: 产品条款 二}\n")
	}
	return []string{"score:", text.String() + "score:"}
}

func (h *hand) match(t testing.TB, products ...*rulepack.Product) *match.Match {
	t.Helper()
	return match.NewCatalogue(h.library.Vocabulary, products).Match(h.need, match.Options{})
}

func (h *hand) outcome(t testing.TB, changes ...string) *match.Outcome {
	t.Helper()
	return &h.match(t, h.product(t, changes...)).Outcomes[0]
}

func TestTheOfferIsTheOneWorkedOutByHand(t *testing.T) {
	h := newHand(t)
	outcome := h.outcome(t)
	if outcome.Verdict != funding.VerdictEligible {
		t.Fatalf("verdict %s", outcome.Verdict)
	}
	offer := outcome.Offer
	for _, figure := range []struct {
		name      string
		got, want any
	}{
		{"size", offer.Size, money.MustAmount("15000000.00")}, {"limit", offer.Limit, money.MustAmount("15000000.00")}, {"usable", offer.Usable, money.MustAmount("16000000.00")},
		{"tenor", offer.TenorQuarters, 12}, {"grace", offer.GraceQuarters, 2}, {"availability", offer.AvailableQuarters, 2},
		{"first instalment", offer.FirstInstalment, 2}, {"last quarter", offer.LastQuarter, 11},
		{"total interest", offer.TotalInterest, money.MustAmount("885000.00")},
		{"rate", offer.Rate.String(), "0.040000"}, {"all-in cost", offer.AllInCost.String(), "0.040604"}, {"average life", offer.AverageLifeYears.String(), "1.875000"},
		{"minimum DSCR", offer.MinDSCR.String(), "1.228879"}, {"average DSCR", offer.AvgDSCR.String(), "1.710685"},
		{"LLCR", offer.LLCR.String(), "1.262841"}, {"PLCR", offer.PLCR.String(), "1.262841"},
		{"cover of the gap", offer.Cover.String(), "0.937500"}, {"share of investment", offer.ShareOfInvestment.String(), "0.750000"},
		// 1,650,000 is due in quarter 2, and quarter 2 is the first with 2,000,000.
		{"grace slack", offer.GraceSlackQuarters, 0}, {"grace slack known", offer.GraceSlackKnown, true},
	} {
		if figure.got != figure.want {
			t.Errorf("%s = %v, want %v", figure.name, figure.got, figure.want)
		}
	}
	var draws []string
	for _, draw := range offer.Draws {
		draws = append(draws, draw.Quarter.String()+" "+draw.Amount.String())
	}
	if diff := cmp.Diff([]string{"2026Q1 6000000.00", "2026Q2 9000000.00"}, draws); diff != "" {
		t.Errorf("draws (-want +got):\n%s", diff)
	}
	var years []string
	for _, measure := range offer.DSCRByYear {
		years = append(years, measure.String())
	}
	if diff := cmp.Diff([]string{"1.228879", "1.275917", "2.627258"}, years); diff != "" {
		t.Errorf("DSCR by year (-want +got):\n%s", diff)
	}
}

// Cost: (0.045 − 0.040604) / (0.045 − 0.035) with the five-year LPR of 2026-03-01. Tenor: the need lasts 9 quarters, the
// offer 12, and they share 9. Structure: one of two shoulds passes.
func TestTheScoreIsTheOneWorkedOutByHand(t *testing.T) {
	h := newHand(t)
	outcome := h.outcome(t, withRules("small should: offer.size <= 15000000", "cheap should: offer.all_in_cost <= 0.04")...)
	score := outcome.Score
	for _, piece := range []struct{ name, got, want string }{
		{"cost", score.Cost.Value.String(), "0.4396"}, {"reference", score.Cost.Reference.String(), "0.035000"}, {"highest", score.Cost.Highest.String(), "0.045000"},
		{"tenor", score.Tenor.Value.String(), "0.75"}, {"structure", score.Structure.Value.String(), "0.5"},
		{"total", score.Total.String(), "0.5448"}, // 0.5 × 0.4396 + 0.3 × 0.75 + 0.2 × 0.5
		{"verdict", string(outcome.Verdict), "conditional"},
	} {
		if piece.got != piece.want {
			t.Errorf("%s = %s, want %s", piece.name, piece.got, piece.want)
		}
	}
	if score.Tenor.NeedQuarters != 9 || score.Tenor.OfferQuarters != 12 || score.Tenor.SharedQuarters != 9 || outcome.Rank != 1 {
		t.Errorf("tenor %+v, rank %d", score.Tenor, outcome.Rank)
	}
}

func TestACostIsMeasuredByTheBureausLimitOrTheHouseSpread(t *testing.T) {
	h := newHand(t)
	for _, test := range []struct {
		name   string
		change []string
		whatIf match.WhatIf
		want   string
		from   string
	}{
		{"the limit counts nothing", []string{"rate: '0.04'", "rate: '0.044284'"}, match.WhatIf{Set: map[string]string{"need.max_cost": "0.045025"}}, "0", "need.max_cost"}, // 1.011071^4 − 1 = 0.0450253
		{"below the reference is as good as it gets", []string{"rate: '0.04'", "rate: '0.03'"}, match.WhatIf{}, "1", "need.max_cost"},
		{"above the limit is not below nothing", []string{"rate: '0.04'", "rate: '0.09'"}, match.WhatIf{}, "0", "need.max_cost"},
		// Without a limit: 0.035 + 0.03 = 0.065, (0.065 − 0.040604) / 0.03 = 0.8132.
		{"without a limit the house spread is the end", nil, match.WhatIf{Unset: []string{"need.max_cost"}}, "0.8132", "market.lpr_5y + p.high_cost_spread"},
		{"without a reference nothing can be told", nil, match.WhatIf{Unset: []string{"market.lpr_5y"}}, "0.5", "need.max_cost"},
		{"a limit at the reference is met", []string{"rate: '0.04'", "rate: '0.03'"}, match.WhatIf{Set: map[string]string{"need.max_cost": "0.035"}}, "1", "need.max_cost"},
	} {
		m, err := match.NewCatalogue(h.library.Vocabulary, []*rulepack.Product{h.product(t, test.change...)}).Consider(h.need, test.whatIf, match.Options{})
		must(t, err)
		cost := m.Outcomes[0].Score.Cost
		if cost.Value.String() != test.want || cost.HighestFrom != test.from {
			t.Errorf("%s: %s from %s, want %s from %s", test.name, cost.Value, cost.HighestFrom, test.want, test.from)
		}
	}
}

// requirementOf reads the hand-worked requirement anew.
func requirementOf(t testing.TB, _ *hand) *funding.Requirement {
	t.Helper()
	requirement, _, err := casework.ReadRequirement("hand.yaml", readTestdata(t, "hand.yaml"))
	must(t, err)
	return requirement
}

// samplesOf answers every sample with one need.
func (h *hand) samplesOf(need *match.Need) match.Samples {
	return func(string, time.Time) (*match.Need, error) { return need, nil }
}
