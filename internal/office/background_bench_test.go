package office

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"zutuan/internal/casework"
	"zutuan/internal/gate"
	"zutuan/internal/match"
	"zutuan/internal/permit"
	"zutuan/internal/rulepack"
	"zutuan/internal/store"
	"zutuan/rules"
)

// filled is an office with many submitted requirements, every one of another document, written as CreateRequirement and
// StepRequirement leave them.
func filled(b *testing.B, count int) *Office {
	b.Helper()
	o, err := Open(b.Context(), Config{Store: openStore(b, filepath.Join(b.TempDir(), "zutuan.db")), Rules: rules.FS, Clock: (&testClock{noon}).Now})
	if err != nil {
		b.Fatal(err)
	}
	handIn(b, o)
	random := rand.New(rand.NewSource(1))
	for i := range count {
		text, err := store.Canonical(json.RawMessage(varied(b, random, i)))
		if err != nil {
			b.Fatal(err)
		}
		now := noon
		body := RequirementBody{Document: text, DocumentHash: hashOf(text), Status: gate.StatusSubmitted, Zone: "GX-PX", Name: fmt.Sprintf("组团 %d", i), Owner: bureauPX.User, SubmittedAt: &now}
		if _, err := requirements.create(b.Context(), o, fmt.Sprintf("req_%06d", i), "GX-PX", &body, store.Change{Who: "bench", Action: "create"}); err != nil {
			b.Fatal(err)
		}
	}
	return o
}

// heap is what is in use after a collection, in bytes.
func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// processor measures what a benchmark takes of the processor, which on a busy machine is far less than the time that
// passes; half of it is what two idle cores need.
func processor(b *testing.B, run func()) {
	used := func() time.Duration {
		var usage syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
			b.Fatal(err)
		}
		return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	start := used()
	for b.Loop() {
		run()
	}
	b.ReportMetric((used()-start).Seconds()/float64(b.N), "cpu-s/op")
}

// fullMatch is the baseline of an impact: every requirement matched with every product on both sides.
func fullMatch(b *testing.B, o *Office, v *viewpoint, before, after []*rulepack.Product, other *casework.Preparer, records []store.Record) {
	was, is := match.NewCatalogue(v.edition.Desk.Library.Vocabulary, before), match.NewCatalogue(v.edition.Desk.Library.Vocabulary, after)
	err := spread(b.Context(), len(records), func(int, int) {}, func() func(int) error {
		return func(i int) error {
			r, err := v.prepare(b.Context(), records[i])
			if err != nil {
				return err
			}
			need := r.prepared.Need
			was.Match(need, match.Options{Workers: 1})
			if other != nil {
				need = other.Again(r.prepared).Need
			}
			is.Match(need, match.Options{Workers: 1})
			return nil
		}
	})
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkImpactOfOneProduct is one changed product over 10,000 stored requirements, with the time of reading and
// preparing them all (cold) and a full re-match of both sides beside it.
func BenchmarkImpactOfOneProduct(b *testing.B) {
	const count = 10_000
	o := filled(b, count)
	request := ImpactRequest{Type: PackProduct, Text: closing(textOfProduct(b, o, "cdb-park-infrastructure"))}
	system := permit.SystemActor("bench")
	v, err := o.viewpoint(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	before := heap()
	var records []store.Record
	b.Run("cold: read and prepare", func(b *testing.B) {
		processor(b, func() {
			o.background.prepared.entries = nil
			if records, _, err = o.prepareAll(b.Context(), v, func(int, int) {}); err != nil {
				b.Fatal(err)
			}
		})
		b.ReportMetric(float64(heap()-before)/count, "B/requirement")
	})
	// What the present products offer is kept as well, as the re-match in the background leaves it.
	if _, err := o.Impact(b.Context(), system, request, nil); err != nil {
		b.Fatal(err)
	}
	b.Run("warm: whole report", func(b *testing.B) {
		processor(b, func() {
			if _, err := o.Impact(b.Context(), system, request, nil); err != nil {
				b.Fatal(err)
			}
		})
	})
	change, err := o.impactChange(b.Context(), system, v, request)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("warm: comparison", func(b *testing.B) {
		processor(b, func() {
			if _, err := o.compareAll(b.Context(), v, change, records, nil); err != nil {
				b.Fatal(err)
			}
		})
	})
	b.Run("baseline: full re-match of both sides", func(b *testing.B) {
		processor(b, func() {
			fullMatch(b, o, v, v.edition.Desk.InForce(v.date), change.products, nil, records)
		})
	})
	b.Run("background: look at all, nothing written", func(b *testing.B) {
		processor(b, func() {
			var result RematchResult
			open, kept := map[string]bool{}, map[string]keptStanding{}
			for _, record := range records {
				open[record.ID] = true
			}
			if _, err := o.lookAtAll(b.Context(), v, records, kept, open, &result, func(int, int) {}); err != nil {
				b.Fatal(err)
			}
		})
	})
}

// BenchmarkImpactOfAMarketRate is another five-year rate over 2,000 stored requirements and 100 products.
func BenchmarkImpactOfAMarketRate(b *testing.B) {
	o := filled(b, 2_000)
	present, err := o.Edition(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	library := present.Desk.Library
	var products []*rulepack.Product
	for i := range 100 {
		product := *library.Products[i%len(library.Products)]
		product.ID = fmt.Sprintf("%s-%d", product.ID, i/len(library.Products))
		products = append(products, &product)
	}
	desk, err := casework.NewDesk(library.With(rulepack.Changes{Products: products}))
	if err != nil {
		b.Fatal(err)
	}
	edition := &Edition{ID: "bench", Manifest: present.Manifest, Desk: desk}
	v := o.viewpointOf(edition, o.Today())
	records, _, err := o.prepareAll(b.Context(), v, func(int, int) {})
	if err != nil {
		b.Fatal(err)
	}
	change, err := o.impactChange(b.Context(), permit.SystemActor("bench"), v, ImpactRequest{Market: cheaper("0.0300")})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("warm: comparison", func(b *testing.B) {
		processor(b, func() {
			if _, err := o.compareAll(b.Context(), v, change, records, nil); err != nil {
				b.Fatal(err)
			}
		})
	})
	b.Run("baseline: full re-match of both sides", func(b *testing.B) {
		processor(b, func() {
			fullMatch(b, o, v, v.edition.Desk.InForce(v.date), change.products, change.desk.Preparer(v.date), records)
		})
	})
}

// BenchmarkRematch is a whole re-match in the background of 1,000 requirements with everything it writes: the first one,
// after another market rate (old sides explained, offers and notifications written), and one that finds nothing new.
func BenchmarkRematch(b *testing.B) {
	o := filled(b, 1_000)
	rematch := func(b *testing.B) {
		if _, err := o.rematchRange(context.Background(), "", "", func(int, int) {}, func(string) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	start := time.Now()
	rematch(b)
	first := time.Since(start)
	if _, err := o.AddMarketData(b.Context(), admin, MarketBody{Source: "bench", Document: cheaper("0.0300")}); err != nil {
		b.Fatal(err)
	}
	start = time.Now()
	rematch(b)
	second := time.Since(start)
	b.Run("nothing new", func(b *testing.B) {
		processor(b, func() {
			rematch(b)
		})
		b.ReportMetric(first.Seconds(), "s/first")
		b.ReportMetric(second.Seconds(), "s/market")
	})
}
