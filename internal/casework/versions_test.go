package casework_test

import (
	"slices"
	"testing"
	"time"

	"zutuan/internal/casework"
	"zutuan/internal/rulepack"
)

func day(text string) time.Time {
	date, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return date
}

// Versions of one product or pack overlap: a new one begins on its day and the one before has no end. On every day only
// the newest that has begun counts.
func TestOfSeveralVersionsInForceTheNewestCounts(t *testing.T) {
	library := shipped(t)
	product, pack, stress := *library.Products[0], *library.RiskPacks[0], *library.StressPacks[0]
	id := product.ID
	version := func(number int, from, to string) *rulepack.Product {
		out := product
		out.Version, out.From, out.To = number, day(from), time.Time{}
		if to != "" {
			out.To = day(to)
		}
		return &out
	}
	library.Products = append([]*rulepack.Product{version(1, "2024-01-01", ""), version(2, "2026-01-01", "2026-12-31"), version(3, "2028-01-01", "")}, library.Products[1:]...)
	pack.From, stress.From = day("2020-01-01"), day("2020-01-01")
	later, laterStress := pack, stress
	later.Version, later.From = pack.Version+1, day("2027-01-01")
	laterStress.Version, laterStress.From = stress.Version+1, day("2027-01-01")
	library.RiskPacks = []*rulepack.RiskPack{&pack, &later}
	library.StressPacks = []*rulepack.StressPack{&stress, &laterStress}
	desk, err := casework.NewDesk(library)
	noError(t, err)
	kase := sampleCase(t, "pingxiang")
	for _, c := range []struct {
		name, date                string
		product, pack, stressPack int
	}{
		{"before any version has begun the product is not asked", "2023-12-31", 0, pack.Version, stress.Version},
		{"the first version is asked once it has begun", "2024-01-01", 1, pack.Version, stress.Version},
		{"the second takes over on its first day", "2026-01-01", 2, pack.Version, stress.Version},
		{"where the second has ended the first, which has no end, is asked again", "2027-01-01", 1, pack.Version + 1, stress.Version + 1},
		{"the third waits for its day", "2028-01-01", 3, pack.Version + 1, stress.Version + 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := desk.Assess(kase, casework.Asked{Date: day(c.date)})
			noError(t, err)
			var asked []int
			for _, outcome := range a.Match.Outcomes {
				if outcome.Product.ID == id {
					asked = append(asked, outcome.Product.Version)
				}
			}
			want := []int{c.product}
			if c.product == 0 {
				want = nil
			}
			if !slices.Equal(asked, want) {
				t.Errorf("versions %v are asked, want %v", asked, want)
			}
			if len(a.Risk.Packs) != 1 || a.Risk.Packs[0].Version != c.pack {
				t.Errorf("risk packs %+v, want version %d alone", a.Risk.Packs, c.pack)
			}
			if used, _ := desk.StressPack(a); used == nil || used.Version != c.stressPack {
				t.Errorf("stress pack %+v, want version %d", used, c.stressPack)
			}
		})
	}
}

// A name that is asked for brings its newest version, and no other.
func TestANamedProductIsAskedInItsNewestVersion(t *testing.T) {
	library := shipped(t)
	next := *library.Products[0]
	next.Version++
	library.Products = slices.Insert(library.Products, 1, &next)
	desk, err := casework.NewDesk(library)
	noError(t, err)
	m, err := desk.Match(sampleCase(t, "lincang"), casework.Asked{Date: casework.SampleDate, Products: []string{next.ID}})
	noError(t, err)
	if len(m.Match.Outcomes) != 1 || m.Match.Outcomes[0].Product.Version != next.Version {
		t.Errorf("%d products are asked", len(m.Match.Outcomes))
	}
}
