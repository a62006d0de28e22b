package impact_test

// The speed of an impact beside that of matching everything again. Requirements are made from the shipped samples, every one
// different in size, income, capital and more; making them is not counted, as a service keeps them prepared.
//
//	impact    Diff, with both sides of every pair that can differ
//	rematch   every product asked again on both sides and compared, on fewer requirements
//
// ms/requirement is what to compare, and cpu_s what to read on a machine that others use too: the seconds of processor time
// of one operation; on two idle cores it takes half as long.

import (
	"context"
	"fmt"
	"math/rand"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"zutuan/internal/funding"
	"zutuan/internal/impact"
	"zutuan/internal/match"
	"zutuan/internal/money"
	"zutuan/internal/rulepack"
)

// changedProduct is a rate and a threshold moved in a product that many requirements can use.
func (b *bench) changedProduct(t testing.TB, id string) (before, after []*rulepack.Product) {
	before = b.inForce()
	at := slices.IndexFunc(before, func(p *rulepack.Product) bool { return p.ID == id })
	changed := *before[at]
	var err error
	changed.Rate, err = b.library.Vocabulary.CompileNumber("(" + changed.Rate.Source() + ") + 0.0010")
	must(t, err)
	changed.Rules = slices.Clone(changed.Rules)
	for k := range changed.Rules {
		if changed.Rules[k].ID == "bond-cover" || changed.Rules[k].ID == "tenor" {
			changed.Rules = slices.Delete(changed.Rules, k, k+1)
			break
		}
	}
	return before, edited(before, at, &changed)
}

func BenchmarkImpactOneProduct10000(b *testing.B) {
	const count = 10_000
	bench := newBench(b)
	needs := bench.needs(b, bench.library, 42, count)
	for _, id := range []string{"cdb-park-infrastructure", "park-special-bond-15y", "new-policy-tool-2025"} {
		before, after := bench.changedProduct(b, id)
		run := func(b *testing.B, count int) *impact.Report {
			report, err := impact.Diff(context.Background(), impact.Input{Before: before, After: after, Vocabulary: bench.library.Vocabulary, Count: count, Keep: 1000,
				Subject: func(i int) (impact.Subject, error) {
					return impact.Subject{ID: fmt.Sprint(i), Region: "GX-PX", Before: needs[i]}, nil
				}})
			must(b, err)
			return report
		}
		b.Run("impact/"+id, func(b *testing.B) {
			var report *impact.Report
			began := processorTime(b)
			for range b.N {
				report = run(b, count)
			}
			b.ReportMetric((processorTime(b)-began).Seconds()/float64(b.N), "cpu_s")
			perRequirement(b, count)
			b.ReportMetric(float64(report.Totals.Affected), "affected")
		})
		b.Run("rematch/"+id, func(b *testing.B) { rematch(b, bench, needs[:200], needs[:200], before, after) })
	}
}

// rematch is the plain way: two full matches of everything.
func rematch(b *testing.B, bench *bench, before, after []*match.Need, productsBefore, productsAfter []*rulepack.Product) {
	was, is := match.NewCatalogue(bench.library.Vocabulary, productsBefore), match.NewCatalogue(bench.library.Vocabulary, productsAfter)
	for range b.N {
		for i := range before {
			naively(was.Match(before[i], match.Options{}), is.Match(after[i], match.Options{}))
		}
	}
	perRequirement(b, len(before))
}

// processorTime is what this process has used so far.
func processorTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func perRequirement(b *testing.B, count int) {
	b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N)/float64(count), "ms/requirement")
}

func BenchmarkImpactMarket2000x100(b *testing.B) {
	const count, productCount = 2_000, 100
	bench := newBench(b)
	random := rand.New(rand.NewSource(42))
	series, _ := bench.library.Market.Series("lpr_5y")
	series.Dates, series.Value, series.ValueBasis, series.ValueNote = append(series.Dates[:0:0], today), []money.Decimal{money.MustRate("0.0330")}, nil, nil
	later := bench.library.With(rulepack.Changes{Market: rulepack.MergeMarket(bench.library.Market, rulepack.NewMarket([]funding.MarketSeries{series}))})
	reference := bench.referenceOf(later)
	var before, after []*match.Need
	for range count {
		generated := bench.generate(random)
		records := bench.records(b, bench.library, generated)
		need := match.NewNeed(bench.assembler, bench.referenceOf(bench.library), today, records)
		before, after = append(before, need), append(after, need.Under(bench.assembler, reference, records.Debt))
	}
	var products []*rulepack.Product
	for i := range productCount {
		product := *bench.library.Products[i%len(bench.library.Products)]
		product.ID = fmt.Sprintf("%s-%03d", product.ID, i)
		products = append(products, &product)
	}
	b.Run("impact", func(b *testing.B) {
		var report *impact.Report
		var err error
		began := processorTime(b)
		for range b.N {
			report, err = impact.Diff(context.Background(), impact.Input{Before: products, After: products, Vocabulary: bench.library.Vocabulary, Count: count, Keep: 200,
				Subject: func(i int) (impact.Subject, error) {
					return impact.Subject{ID: fmt.Sprint(i), Region: "GX-PX", Before: before[i], After: after[i]}, nil
				}})
			must(b, err)
		}
		b.ReportMetric((processorTime(b)-began).Seconds()/float64(b.N), "cpu_s")
		perRequirement(b, count)
		b.ReportMetric(float64(report.Totals.Affected), "affected")
	})
	b.Run("rematch", func(b *testing.B) { rematch(b, bench, before[:50], after[:50], products, products) })
}

// BenchmarkPreparedNeed says what a prepared need costs to make, without reading its document, and to keep.
func BenchmarkPreparedNeed(b *testing.B) {
	bench := newBench(b)
	random := rand.New(rand.NewSource(1))
	var all []generated
	for range 500 {
		all = append(all, bench.generate(random))
	}
	reference := bench.referenceOf(bench.library)
	var kept []*match.Need
	var empty, full runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&empty)
	b.ResetTimer()
	for i := range b.N {
		need := match.NewNeed(bench.assembler, reference, today, bench.records(b, bench.library, all[i%len(all)]))
		if len(kept) < 2000 {
			kept = append(kept, need)
		}
	}
	b.StopTimer()
	runtime.GC()
	runtime.ReadMemStats(&full)
	b.ReportMetric(float64(full.HeapAlloc-empty.HeapAlloc)/float64(len(kept)), "bytes/need")
	runtime.KeepAlive(kept)
}
