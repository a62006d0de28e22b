package impact_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"zutuan/internal/casework"
	"zutuan/internal/funding"
	"zutuan/internal/impact"
	"zutuan/internal/match"
	"zutuan/internal/money"
	"zutuan/internal/rulecheck"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
	"zutuan/rules"
)

// The one thing that matters about an impact is that it says what two full matches would say. The naive comparison below does
// nothing but that, and random edits of products and market data are held against it.

// naive is what a reader of two full answers would write down of one product.
type naive struct {
	Before, After string
}

// naively compares two full matches. A product that nobody could use on either side is left out where it is missing on one.
func naively(before, after *match.Match) map[string]naive {
	was, is := lines(before), lines(after)
	out := map[string]naive{}
	for _, id := range append(keys(was), keys(is)...) {
		a, inBefore := was[id]
		b, inAfter := is[id]
		if a == b || inBefore != inAfter && !strings.Contains(a+b, "rank") {
			continue
		}
		out[id] = naive{a, b}
	}
	return out
}

func keys(m map[string]string) (out []string) {
	for key := range m {
		out = append(out, key)
	}
	return out
}

func lines(m *match.Match) map[string]string {
	out := map[string]string{}
	for i := range m.Outcomes {
		o := &m.Outcomes[i]
		line := string(o.Verdict)
		if o.Rank > 0 {
			line += fmt.Sprintf(" rank %d size %s cost %s tenor %d grace %d score %s dominated %q", o.Rank, o.Offer.Size, o.Offer.AllInCost, o.Offer.TenorQuarters, o.Offer.GraceQuarters,
				o.Score.Total.StringFixed(6), o.DominatedBy)
		}
		out[o.Product.ID] = line
	}
	return out
}

// told is the same from the report's own figures.
func told(diff *impact.RequirementDiff) map[string]naive {
	out := map[string]naive{}
	for _, product := range diff.Products {
		out[product.Product] = naive{toldLine(product.Before), toldLine(product.After)}
	}
	return out
}

func toldLine(s impact.Standing) string {
	line := string(s.Verdict)
	if s.Rank > 0 {
		cost := "—"
		if s.AllInCost != nil {
			cost = *s.AllInCost
		}
		line += fmt.Sprintf(" rank %d size %s cost %s tenor %d grace %d score %s dominated %q", s.Rank, s.Size, cost, s.TenorQuarters, s.GraceQuarters, s.Score, s.DominatedBy)
	}
	return line
}

// edit changes one thing in a copy of a product; nil: the product goes.
func edit(t require, b *bench, p *rulepack.Product, random *rand.Rand) (*rulepack.Product, string) {
	out := *p
	out.Version++
	out.Rules = slices.Clone(p.Rules)
	number := func(source string) *ruleexpr.Number {
		compiled, err := b.library.Vocabulary.CompileNumber(source)
		if err != nil {
			t.Fatalf("%s: %v", source, err)
		}
		return compiled
	}
	k := random.Intn(len(out.Rules))
	switch random.Intn(11) {
	case 0:
		out.Rules = slices.Delete(out.Rules, k, k+1)
		return &out, "a rule dropped"
	case 1:
		out.Rules[k].Level = map[string]string{"must": "should", "should": "must"}[out.Rules[k].Level]
		return &out, "a level turned"
	case 2, 3:
		mutants := rulecheck.Mutants(b.library, p)
		mutant := mutants[random.Intn(len(mutants))]
		id, isRule := strings.CutPrefix(mutant.Place, "rules.")
		at := slices.IndexFunc(out.Rules, func(rule rulepack.CompiledRule) bool { return rule.ID == id })
		if !isRule || at < 0 {
			return &out, "nothing"
		}
		compiled, err := b.library.Vocabulary.CompileRule(mutant.Source)
		if err != nil {
			t.Fatalf("%s: %v", mutant.Source, err)
		}
		out.Rules[at].Rule, out.Rules[at].When.Source = compiled, mutant.Source
		return &out, "a rule rewritten"
	case 4:
		if out.Rate != nil {
			out.Rate = number("(" + out.Rate.Source() + ") + " + []string{"0.0015", "(0 - 0.002)"}[random.Intn(2)])
		}
		return &out, "another rate"
	case 5:
		out.Size = number("(" + out.Size.Source() + ") * " + []string{"0.5", "1.5"}[random.Intn(2)])
		return &out, "another size"
	case 6:
		out.Terms.TenorMaxQuarters = max(out.Terms.TenorMaxQuarters-8, out.Terms.TenorMinQuarters)
		return &out, "a shorter tenor"
	case 7:
		out.Terms.Fees.Upfront = out.Terms.Fees.Upfront.Add(money.MustRate("0.01"))
		return &out, "a dearer fee"
	case 8:
		out.Score = funding.ScoreWeights{Cost: out.Score.Tenor, Tenor: out.Score.Structure, Structure: out.Score.Cost}
		return &out, "other weights"
	case 9:
		out.Terms.SizeMin = out.Terms.SizeStep * 20_000
		return &out, "a larger smallest size"
	}
	return nil, "the product goes"
}

type require interface {
	Fatalf(format string, args ...any)
}

// edited replaces a product in a list.
func edited(products []*rulepack.Product, place int, with *rulepack.Product) []*rulepack.Product {
	out := slices.Clone(products)
	if with == nil {
		return slices.Delete(out, place, place+1)
	}
	out[place] = with
	return out
}

// inForce are the products of the library on the day of the tests.
func (b *bench) inForce() []*rulepack.Product {
	var out []*rulepack.Product
	for _, product := range b.library.Products {
		if product.EffectiveOn(today) {
			out = append(out, product)
		}
	}
	return out
}

func TestDiffSaysWhatTwoFullMatchesSay(t *testing.T) {
	b := newBench(t)
	needs := b.needs(t, b.library, 7, 60)
	products := b.inForce()
	before := match.NewCatalogue(b.library.Vocabulary, products)
	matches := make([]*match.Match, len(needs))
	for i, need := range needs {
		matches[i] = before.Match(need, match.Options{})
	}
	differences := 0
	rapid.Check(t, func(r *rapid.T) {
		random := rand.New(rand.NewSource(rapid.Int64().Draw(r, "seed")))
		place := random.Intn(len(products))
		with, what := edit(r, b, products[place], random)
		after := edited(products, place, with)
		if random.Intn(4) == 0 {
			added := *products[random.Intn(len(products))]
			added.ID += "-twin"
			after = append(after, &added)
		}
		chosen := []int{random.Intn(len(needs)), random.Intn(len(needs)), random.Intn(len(needs))}
		report, err := impact.Diff(context.Background(), impact.Input{Before: products, After: after, Vocabulary: b.library.Vocabulary, Count: len(chosen), Workers: 1 + random.Intn(2),
			Subject: func(i int) (impact.Subject, error) {
				return impact.Subject{ID: fmt.Sprint(i), Before: needs[chosen[i]]}, nil
			}})
		if err != nil {
			r.Fatal(err)
		}
		catalogue := match.NewCatalogue(b.library.Vocabulary, after)
		for i, at := range chosen {
			want := naively(matches[at], catalogue.Match(needs[at], match.Options{}))
			got := map[string]naive{}
			for k := range report.Requirements {
				if report.Requirements[k].Requirement == fmt.Sprint(i) {
					got = told(&report.Requirements[k])
					everyDifferenceHasAReason(r, &report.Requirements[k])
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				r.Fatalf("%s of %s:\n%s", what, products[place].ID, diff)
			}
			differences += len(want)
		}
	})
	if differences == 0 {
		t.Error("no edit made any difference, so nothing was compared")
	}
}

func everyDifferenceHasAReason(t require, diff *impact.RequirementDiff) {
	for _, product := range diff.Products {
		if len(product.Kinds) == 0 || len(product.Reasons) == 0 {
			t.Fatalf("%s: no kind or no reason: %+v", product.Product, product)
		}
		for _, reason := range product.Reasons {
			if reason.Text.ZH == "" || reason.Text.EN == "" || reason.Place == "" {
				t.Fatalf("%s: a reason without words or place: %+v", product.Product, reason)
			}
		}
	}
}

// prepared makes the shipped samples ready at a desk.
func (b *bench) prepared(t *testing.T, desk *casework.Desk) []*casework.Prepared {
	preparer := desk.Preparer(today)
	var out []*casework.Prepared
	for _, kase := range b.cases {
		ready, err := preparer.Prepare(kase, nil)
		must(t, err)
		out = append(out, ready)
	}
	return out
}

// TestDiffOfMarketDataSaysWhatTwoDesksSay: the same through casework, for other market data.
func TestDiffOfMarketDataSaysWhatTwoDesksSay(t *testing.T) {
	b := newBench(t)
	desk, err := casework.NewDesk(b.library)
	must(t, err)
	prepared := b.prepared(t, desk)
	var before []*casework.Matching
	for _, kase := range b.cases {
		matching, err := desk.Match(kase, casework.Asked{Date: today})
		must(t, err)
		before = append(before, matching)
	}
	for _, test := range []struct{ name, series, value string }{
		{"a lower five-year LPR", "lpr_5y", "0.0290"}, {"a higher five-year LPR", "lpr_5y", "0.0480"}, {"a dearer dollar", "usd_cny", "9.1"},
		{"a higher SOFR", "sofr", "0.0700"}, {"a rate that no product asks for", "gold", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			later := b.library
			if series, known := b.library.Market.Series(test.series); known {
				series.Dates, series.Value = []time.Time{today}, []money.Decimal{money.MustRate(test.value)}
				series.ValueBasis, series.ValueNote = nil, nil
				later = b.library.With(rulepack.Changes{Market: rulepack.MergeMarket(b.library.Market, rulepack.NewMarket([]funding.MarketSeries{series}))})
			} else if test.value != "" {
				t.Fatalf("no series %s", test.series)
			}
			other, err := casework.NewDesk(later)
			must(t, err)
			preparer := other.Preparer(today)
			report, err := impact.Diff(context.Background(), impact.Input{Before: desk.InForce(today), After: other.InForce(today), Vocabulary: b.library.Vocabulary, Count: len(prepared),
				Subject: func(i int) (impact.Subject, error) {
					return impact.Subject{ID: b.cases[i].Requirement.Name, Before: prepared[i].Need, After: preparer.Again(prepared[i]).Need}, nil
				}})
			must(t, err)
			for i, kase := range b.cases {
				after, err := other.Match(kase, casework.Asked{Date: today})
				must(t, err)
				got := map[string]naive{}
				for k := range report.Requirements {
					if report.Requirements[k].Requirement == kase.Requirement.Name {
						got = told(&report.Requirements[k])
						everyDifferenceHasAReason(t, &report.Requirements[k])
					}
				}
				if diff := cmp.Diff(naively(before[i].Match, after.Match), got); diff != "" {
					t.Errorf("%s:\n%s", kase.Requirement.Name, diff)
				}
			}
			if test.value != "" && test.series != "usd_cny" && report.Totals.Affected == 0 {
				t.Error("nothing changed at all")
			}
			if test.value == "" && report.Totals.Affected != 0 {
				t.Error("something changed although nothing did")
			}
		})
	}
}

// TestDiffNamesTheRuleThatMadeTheDifference changes one thing in one product, sees the sample that turns and the words about it.
func TestDiffNamesTheRuleThatMadeTheDifference(t *testing.T) {
	b := newBench(t)
	desk, err := casework.NewDesk(b.library)
	must(t, err)
	prepared := b.prepared(t, desk)
	source := func(id string) (string, []byte) {
		for _, product := range b.library.Products {
			if product.ID == id {
				data, err := fs.ReadFile(rules.FS, product.File)
				must(t, err)
				return product.File, data
			}
		}
		t.Fatalf("no product %s", id)
		return "", nil
	}
	for _, test := range []struct {
		name, product, old, new string
		kind                    impact.Kind
		cause                   impact.Cause
		place, text             string
	}{
		{"a stricter threshold loses the case", "park-special-bond-15y", "'fiscal.debt_headroom >= 10000000'", "'fiscal.debt_headroom >= 100000000000'", impact.KindLost, impact.CauseRuleChanged, "rules.headroom", "≥ 10000000 → ≥ 100000000000"},
		{"a dearer rate costs more", "park-special-bond-15y", "'market.special_bond + 0.0020'", "'market.special_bond + 0.0120'", impact.KindCost, impact.CauseTerms, "terms.rate", "0.0120"},
		{"a smaller size", "park-special-bond-15y", "need.investment * 0.80", "need.investment * 0.40", impact.KindSize, impact.CauseTerms, "terms.size.max", "0.40"},
	} {
		t.Run(test.name, func(t *testing.T) {
			file, data := source(test.product)
			if !strings.Contains(string(data), test.old) {
				t.Fatalf("%s has no %q", file, test.old)
			}
			draft, err := b.library.Product(file, []byte(strings.Replace(string(data), test.old, test.new, 1)))
			must(t, err)
			products := b.inForce()
			at := slices.IndexFunc(products, func(p *rulepack.Product) bool { return p.ID == test.product })
			report, err := impact.Diff(context.Background(), impact.Input{Before: products, After: edited(products, at, draft), Vocabulary: b.library.Vocabulary, Count: len(prepared),
				Subject: func(i int) (impact.Subject, error) {
					return impact.Subject{ID: b.cases[i].Requirement.Name, Region: b.cases[i].Requirement.Zone, Before: prepared[i].Need}, nil
				}})
			must(t, err)
			found := false
			for _, requirement := range report.Requirements {
				for _, product := range requirement.Products {
					if product.Product != test.product || !slices.Contains(product.Kinds, test.kind) {
						continue
					}
					found = true
					if !slices.ContainsFunc(product.Reasons, func(reason impact.Reason) bool {
						return reason.Cause == test.cause && strings.HasPrefix(reason.Place, test.place) && strings.Contains(reason.Text.ZH, test.text)
					}) {
						t.Errorf("%s: got %+v, want %s at %s with %q", requirement.Requirement, product.Reasons, test.cause, test.place, test.text)
					}
				}
			}
			if !found {
				t.Errorf("no %s among %+v", test.kind, report.Totals.Kinds)
			}
		})
	}
}

// TestTotalsAddUp: sums by kind, by region and the list agree, and one worker says what two say.
func TestTotalsAddUp(t *testing.T) {
	b := newBench(t)
	needs := b.needs(t, b.library, 3, 120)
	products := b.inForce()
	stricter := *products[slices.IndexFunc(products, func(p *rulepack.Product) bool { return p.ID == "cdb-park-infrastructure" })]
	stricter.Rate, _ = b.library.Vocabulary.CompileNumber("market.lpr_5y + 0.02")
	after := edited(products, slices.IndexFunc(products, func(p *rulepack.Product) bool { return p.ID == stricter.ID }), &stricter)
	input := impact.Input{Before: products, After: after, Vocabulary: b.library.Vocabulary, Count: len(needs), Workers: 1,
		Subject: func(i int) (impact.Subject, error) {
			return impact.Subject{ID: fmt.Sprint(i), Region: []string{"GX-PX", "YN-LC", "NM-MZL"}[i%3], Before: needs[i]}, nil
		}}
	one, err := impact.Diff(context.Background(), input)
	must(t, err)
	input.Workers = 2
	two, err := impact.Diff(context.Background(), input)
	must(t, err)
	first, second := asJSON(t, one), asJSON(t, two)
	if first != second {
		t.Error("two workers say something else than one")
	}
	if one.Totals.Affected != len(one.Requirements) || one.Totals.Affected == 0 || one.Totals.Asked != len(needs) {
		t.Errorf("affected %d, listed %d, asked %d", one.Totals.Affected, len(one.Requirements), one.Totals.Asked)
	}
	pairs, regional := map[impact.Kind]int{}, map[impact.Kind]int{}
	change := map[impact.Kind]money.Amount{}
	for _, requirement := range one.Requirements {
		for _, product := range requirement.Products {
			for _, kind := range product.Kinds {
				pairs[kind]++
				change[kind] += product.Change
			}
		}
	}
	for _, region := range one.Totals.Regions {
		for _, kind := range region.Kinds {
			regional[kind.Kind] += kind.Pairs
		}
	}
	for _, kind := range one.Totals.Kinds {
		if kind.Pairs != pairs[kind.Kind] || kind.Pairs != regional[kind.Kind] || kind.OffersAfter-kind.OffersBefore != change[kind.Kind] {
			t.Errorf("%s: %d pairs in total, %d listed, %d in regions; money %s, listed %s", kind.Kind, kind.Pairs, pairs[kind.Kind], regional[kind.Kind], kind.OffersAfter-kind.OffersBefore, change[kind.Kind])
		}
	}
	input.Keep = 2
	short, err := impact.Diff(context.Background(), input)
	must(t, err)
	if len(short.Requirements) != 2 || short.Unlisted != one.Totals.Affected-2 || asJSON(t, short.Totals) != asJSON(t, one.Totals) {
		t.Errorf("kept %d, unlisted %d; totals must not depend on it", len(short.Requirements), short.Unlisted)
	}
}

func asJSON(t *testing.T, value any) string {
	t.Helper()
	data, err := json.Marshal(value)
	must(t, err)
	return string(data)
}

func TestDiffTellsProgressAndStops(t *testing.T) {
	b := newBench(t)
	needs := b.needs(t, b.library, 5, 20)
	products := b.inForce()
	input := impact.Input{Before: products, After: products[1:], Vocabulary: b.library.Vocabulary, Count: 400, Workers: 2,
		Subject: func(i int) (impact.Subject, error) {
			return impact.Subject{ID: fmt.Sprint(i), Before: needs[i%20]}, nil
		}}
	var told []int
	input.Progress = func(done, total int) {
		if total != 400 {
			t.Errorf("total %d", total)
		}
		told = append(told, done)
	}
	_, err := impact.Diff(context.Background(), input)
	must(t, err)
	if !slices.IsSorted(told) || told[len(told)-1] != 400 || len(told) > 100 {
		t.Errorf("told %v", told)
	}
	ctx, cancel := context.WithCancel(context.Background())
	input.Progress = func(int, int) { cancel() }
	if report, err := impact.Diff(ctx, input); !errors.Is(err, context.Canceled) || report != nil {
		t.Errorf("a cancelled comparison says %v, %v", report, err)
	}
	broken := errors.New("a document that cannot be read")
	input.Progress = nil
	input.Subject = func(i int) (impact.Subject, error) {
		if i == 37 {
			return impact.Subject{}, broken
		}
		return impact.Subject{ID: fmt.Sprint(i), Before: needs[i%20]}, nil
	}
	if _, err := impact.Diff(context.Background(), input); !errors.Is(err, broken) {
		t.Errorf("an error of a subject is lost: %v", err)
	}
	input.Before = append(slices.Clone(products), products[0].Published(9, today, time.Time{}))
	if _, err := impact.Diff(context.Background(), input); !errors.Is(err, impact.ErrTwice) {
		t.Errorf("a product in two versions: %v", err)
	}
}
