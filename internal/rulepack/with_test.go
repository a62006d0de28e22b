package rulepack

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"zutuan/internal/funding"
	"zutuan/internal/money"
)

func TestWithReplacesWhatIsNamedAndLeavesTheRest(t *testing.T) {
	library := testLibrary(t)
	first := library.Products[0]
	second, third := first.Published(3, day("2027-01-04"), time.Time{}), first.Published(2, day("2026-01-01"), day("2027-01-03"))
	handedIn := []*Product{second, third}
	changed := library.With(Changes{Products: handedIn, RiskPacks: []*RiskPack{}})

	if len(changed.Products) != 2 || changed.Products[0] != third || changed.Products[1] != second {
		t.Errorf("products %v, want versions 2 and 3 in order", changed.Products)
	}
	if handedIn[0] != second {
		t.Error("the list that was handed in was sorted in place")
	}
	if len(changed.RiskPacks) != 0 {
		t.Errorf("an empty list leaves no packs, got %d", len(changed.RiskPacks))
	}
	if len(changed.StressPacks) != len(library.StressPacks) || changed.Market != library.Market || changed.Documents != library.Documents {
		t.Error("what was not named changed")
	}
	if len(library.Products) == 2 || len(library.RiskPacks) == 0 || library.Products[0] != first {
		t.Error("the library itself changed")
	}
	zone := library.Zones[0].Code
	if _, ok := changed.Zone(zone); !ok {
		t.Errorf("the copy does not find the zone %s", zone)
	}
}

func TestLibrariesCanBeCopiedAtOnce(t *testing.T) {
	library := testLibrary(t)
	var group sync.WaitGroup
	for version := range 8 {
		group.Add(1)
		go func() {
			defer group.Done()
			out := library.With(Changes{Products: []*Product{library.Products[0].Published(version+1, day("2026-01-01"), time.Time{})}})
			if out.Products[0].Version != version+1 {
				t.Errorf("version %d, want %d", out.Products[0].Version, version+1)
			}
		}()
	}
	group.Wait()
}

func TestPublishedTakesNumberAndDaysFromTheRecord(t *testing.T) {
	library := testLibrary(t)
	from, to := day("2026-09-07"), day("2026-12-31")
	for _, test := range []struct {
		name              string
		version, original int
		effective         func(time.Time) bool
		digests           [2]string
	}{
		{"a product", library.Products[0].Published(7, from, to).Version, library.Products[0].Version, library.Products[0].Published(7, from, to).EffectiveOn,
			[2]string{library.Products[0].Digest, library.Products[0].Published(7, from, to).Digest}},
		{"a risk pack", library.RiskPacks[0].Published(7, from, to).Version, library.RiskPacks[0].Version, library.RiskPacks[0].Published(7, from, to).EffectiveOn,
			[2]string{library.RiskPacks[0].Digest, library.RiskPacks[0].Published(7, from, to).Digest}},
		{"a stress pack", library.StressPacks[0].Published(7, from, to).Version, library.StressPacks[0].Version, library.StressPacks[0].Published(7, from, to).EffectiveOn,
			[2]string{library.StressPacks[0].Digest, library.StressPacks[0].Published(7, from, to).Digest}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.version != 7 || test.original == 7 {
				t.Errorf("version %d from %d, want 7 and an original that stays", test.version, test.original)
			}
			if test.effective(day("2026-09-06")) || !test.effective(from) || !test.effective(to) || test.effective(day("2027-01-01")) {
				t.Error("both days of the record belong to the validity, and no other")
			}
			if test.digests[0] != test.digests[1] {
				t.Error("publishing changed the digest of the text")
			}
		})
	}
	if open := library.Products[0].Published(1, from, time.Time{}); !open.EffectiveOn(day("2199-12-31")) {
		t.Error("without a last day a version has not ended")
	}
}

func series(id string, pairs ...string) funding.MarketSeries {
	out := funding.MarketSeries{ID: id, Unit: "rate", Basis: "sourced"}
	for i := 0; i < len(pairs); i += 2 {
		out.Dates, out.Value = append(out.Dates, day(pairs[i])), append(out.Value, money.MustRate(pairs[i+1]))
	}
	return out
}

func TestMergeMarketAddsAndReplacesDatedValues(t *testing.T) {
	base := NewMarket([]funding.MarketSeries{series("lpr_5y", "2025-05-20", "0.035", "2026-03-20", "0.034")})
	later := NewMarket([]funding.MarketSeries{series("lpr_5y", "2025-11-20", "0.0345", "2026-03-20", "0.0335", "2026-06-20", "0.033"), series("sofr", "2026-06-30", "0.04")})
	merged := MergeMarket(base, later)
	for _, test := range []struct{ id, date, want, from string }{
		{"lpr_5y", "2025-11-19", "0.035", "2025-05-20"},
		{"lpr_5y", "2025-11-20", "0.0345", "2025-11-20"},
		{"lpr_5y", "2026-03-20", "0.0335", "2026-03-20"},
		{"lpr_5y", "2026-12-31", "0.033", "2026-06-20"},
		{"sofr", "2026-06-30", "0.04", "2026-06-30"},
	} {
		value, from, ok := merged.At(test.id, day(test.date))
		if !ok || value.String() != test.want || !from.Equal(day(test.from)) {
			t.Errorf("%s on %s is %s from %s, want %s from %s", test.id, test.date, value, from.Format(time.DateOnly), test.want, test.from)
		}
	}
	if value, _, _ := base.At("lpr_5y", day("2026-03-20")); value.String() != "0.034" {
		t.Error("the base changed")
	}
	if list, _ := merged.Series("lpr_5y"); len(list.ValueBasis) != 4 || len(list.ValueNote) != 4 || list.ValueBasis[0] != "sourced" {
		t.Errorf("each of the 4 values has a basis and a note, got %v %v", list.ValueBasis, list.ValueNote)
	}
}

// TestMergeMarketKeepsDaysInOrder: whatever is merged in whatever pieces, each day has one value, the last one said, and the days
// ascend.
func TestMergeMarketKeepsDaysInOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		said := map[int]string{}
		base := NewMarket([]funding.MarketSeries{series("x")})
		for range rapid.IntRange(0, 5).Draw(r, "pieces") {
			piece := funding.MarketSeries{ID: "x", Unit: "rate", Basis: "sourced"}
			days := rapid.SliceOfNDistinct(rapid.IntRange(0, 12), 0, 6, rapid.ID[int]).Draw(r, "days")
			slices.Sort(days)
			for _, d := range days {
				text := rapid.SampledFrom([]string{"0.01", "0.02", "0.03"}).Draw(r, "value")
				said[d] = text
				piece.Dates, piece.Value = append(piece.Dates, day("2026-01-01").AddDate(0, 0, d)), append(piece.Value, money.MustRate(text))
			}
			base = MergeMarket(base, NewMarket([]funding.MarketSeries{piece}))
		}
		merged, _ := base.Series("x")
		if len(merged.Dates) != len(said) || !slices.IsSortedFunc(merged.Dates, time.Time.Compare) {
			t.Fatalf("days %v, want %d in order", merged.Dates, len(said))
		}
		for i, date := range merged.Dates {
			if d := int(date.Sub(day("2026-01-01")).Hours() / 24); said[d] != merged.Value[i].String() {
				t.Fatalf("day %d is %s, want %s", d, merged.Value[i], said[d])
			}
		}
	})
}

func TestCheckMarketRefusesWhatTheVocabularyLacks(t *testing.T) {
	library := testLibrary(t)
	known := library.Market.All()[0].ID
	wrong := series(known)
	wrong.Unit = "fx"
	err := library.CheckMarket("m.yaml", NewMarket([]funding.MarketSeries{series(known + "x"), wrong}))
	if err == nil || !strings.Contains(err.Error(), "there is no market."+known+"x; did you mean "+known) || !strings.Contains(err.Error(), "is in rate, not in fx") {
		t.Errorf("got %v", err)
	}
	if err := library.CheckMarket("m.yaml", library.Market); err != nil {
		t.Errorf("the library's own market data is refused: %v", err)
	}
}

func TestWithStatusMarksDocumentsInACopy(t *testing.T) {
	register := testLibrary(t).Documents
	before := slices.Clone(register.All())
	id := before[0].ID
	marked, err := register.WithStatus(Repeal{Document: id, Day: day("2026-07-01"), ReplacedBy: "国发〔2026〕1号", Note: "由新文件代替"})
	if err != nil {
		t.Fatal(err)
	}
	got, _ := marked.Find(id + " §1")
	want := before[0]
	want.Status, want.RepealedOn, want.ReplacedBy = "repealed", day("2026-07-01"), "国发〔2026〕1号"
	want.Note = strings.TrimPrefix(want.Note+"；由新文件代替", "；")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(before, register.All()); diff != "" {
		t.Error("the register itself changed:", diff)
	}
	if _, err := register.WithStatus(Repeal{Document: id + "x"}); err == nil || !strings.Contains(err.Error(), "the register has no document "+id+"x; did you mean "+id) {
		t.Errorf("an unknown document: got %v", err)
	}
}
