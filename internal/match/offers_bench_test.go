package match_test

import (
	"fmt"
	"testing"

	"zutuan/internal/match"
	"zutuan/internal/rulepack"
)

// manyProducts repeats the shipped products until there are count of them.
func (d *desk) manyProducts(count int) []*rulepack.Product {
	products := make([]*rulepack.Product, count)
	for i := range products {
		copied := *d.library.Products[i%len(d.library.Products)]
		copied.ID = fmt.Sprintf("%s-%03d", copied.ID, i)
		products[i] = &copied
	}
	return products
}

// BenchmarkMatchOffers is one requirement against 300 products with everything: sizes, schedules, coverage, changes and
// remedies, rank. Of the three samples the first is offered most and the last least.
func BenchmarkMatchOffers(b *testing.B) {
	d := shippedDesk(b)
	catalogue := match.NewCatalogue(d.library.Vocabulary, d.manyProducts(300))
	for _, sample := range []string{"lincang", "pingxiang", "manzhouli"} {
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/workers=%d", sample, workers), func(b *testing.B) {
				need := d.need(b, sample, "2026-03-01")
				b.ReportAllocs()
				b.ResetTimer()
				for range b.N {
					catalogue.Match(need, match.Options{Workers: workers})
				}
			})
		}
	}
}

// BenchmarkExplainOutcome is what a shown product costs on top; BenchmarkAnswer explains all 300.
func BenchmarkExplainOutcome(b *testing.B) {
	d := shippedDesk(b)
	m := d.catalogue().Match(d.need(b, "pingxiang", "2026-03-01"), match.Options{})
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		m.Explain(&m.Outcomes[i%len(m.Outcomes)])
	}
}

func BenchmarkAnswer(b *testing.B) {
	d := shippedDesk(b)
	m := match.NewCatalogue(d.library.Vocabulary, d.manyProducts(300)).Match(d.need(b, "pingxiang", "2026-03-01"), match.Options{})
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		m.Answer()
	}
}

// BenchmarkNewNeed is what a requirement costs before the first product: facts, draws, the life of the need.
func BenchmarkNewNeed(b *testing.B) {
	d := shippedDesk(b)
	records, reference := d.sample(b, "pingxiang", sampleDate), d.reference(sampleDate)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		match.NewNeed(d.assembler, reference, sampleDate, records)
	}
}

// BenchmarkNewCatalogue is what it costs to lay out the shipped products, once a library.
func BenchmarkNewCatalogue(b *testing.B) {
	d := shippedDesk(b)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		d.catalogue()
	}
}
