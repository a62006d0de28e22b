package rulecheck_test

// Which cases fall where a finding is. Expected results are worked out by hand from the products under testdata/planted,
// whose rules stand beside each table entry.

import (
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"zutuan/internal/rulecheck"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// factsOf are facts with nothing but some settings, "name=value" parted by blanks.
func factsOf(t *testing.T, library *rulepack.Library, settings string) *ruleexpr.Facts {
	t.Helper()
	facts := library.Vocabulary.NewFacts()
	for _, setting := range strings.Fields(settings) {
		name, value, _ := strings.Cut(setting, "=")
		slot, known := library.Vocabulary.Lookup(name)
		if !known {
			t.Fatalf("there is no fact %s", name)
		}
		if err := facts.SetFromText(slot, value); err != nil {
			t.Fatal(err)
		}
	}
	return facts
}

func plantedFinding(t *testing.T, library *rulepack.Library, name string) rulecheck.Finding {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/planted/" + name + ".txtar")
	if err != nil {
		t.Fatal(err)
	}
	found := findingsOf(t, library, archive)
	if len(found) != 1 {
		t.Fatalf("%d findings", len(found))
	}
	return found[0]
}

func TestCasesFallWhereTheFindingIsOrElsewhere(t *testing.T) {
	library := shipped(t)
	for _, test := range []struct {
		planted string
		onOffer bool
		falls   []string
		not     []string
	}{
		// low: need.capital_ratio >= 0.30, high: need.capital_ratio <= 0.20; between them neither passes.
		{"capital-both-ways", false, []string{"need.capital_ratio=0.30", "need.capital_ratio=0.20", "need.capital_ratio=0.05"}, []string{"need.capital_ratio=0.25", ""}},
		// offer.tenor_quarters <= 48 against a longest tenor of 60: where the whole 60 are offered.
		{"must-refuses-the-longest-tenor", true, []string{"offer.tenor_quarters=60 need.tenor_quarters=60", "offer.tenor_quarters=60 need.tenor_quarters=80"},
			[]string{"offer.tenor_quarters=48 need.tenor_quarters=48", "offer.tenor_quarters=59 need.tenor_quarters=80", "need.tenor_quarters=80"}},
		// A smallest size of 20 million, and the formula never gives it.
		{"size-never-reaches-its-minimum", false, []string{"need.investment=30000000.00"}, []string{""}},
		// offer.size > 1 500 000 000, which the formula cuts at: wherever the offer's size is known.
		{"must-above-every-size", true, []string{"offer.size=1500000000.00"}, []string{"need.investment=30000000.00"}},
		// A share from 0 to 1 that must be at least 0, or at least 30: wherever it is known.
		{"threshold-at-the-floor", false, []string{"need.infrastructure_share=0", "need.infrastructure_share=1"}, []string{"need.investment=30000000.00"}},
		{"percent-for-fraction", false, []string{"need.infrastructure_share=0", "need.infrastructure_share=1"}, []string{"need.investment=30000000.00"}},
		// must: offer.min_dscr >= 1.20; advice: offer.min_dscr >= 1.10, or < 1.20. Where the must fails the advice is not at issue.
		{"should-weaker-than-its-must", true, []string{"offer.min_dscr=1.20"}, []string{"offer.min_dscr=1.15", "offer.min_dscr=1.00"}},
		{"should-against-its-must", true, []string{"offer.min_dscr=1.20"}, []string{"offer.min_dscr=1.15"}},
		// a-free asks 0.20 and gives 0.80 of the investment, b-strict 0.25 and 0.70; both cut at 1.5 billion.
		{"shorter-and-stricter", false, []string{"borrower.type=soe need.capital_ratio=0.25 need.investment=100000000.00 market.lpr_5y=0.035"},
			[]string{"borrower.type=soe need.capital_ratio=0.24 need.investment=100000000.00 market.lpr_5y=0.035", "borrower.type=private need.capital_ratio=0.25 need.investment=100000000.00 market.lpr_5y=0.035",
				"need.capital_ratio=0.25 need.investment=100000000.00 market.lpr_5y=0.035"}},
	} {
		t.Run(test.planted, func(t *testing.T) {
			finding := plantedFinding(t, library, test.planted)
			if finding.OnOffer() != test.onOffer {
				t.Errorf("looks at the offer: %v", finding.OnOffer())
			}
			for _, settings := range test.falls {
				if !finding.Falls(factsOf(t, library, settings)) {
					t.Errorf("%q does not fall there (%s)", settings, finding.Shows)
				}
			}
			for _, settings := range test.not {
				if finding.Falls(factsOf(t, library, settings)) {
					t.Errorf("%q falls there (%s)", settings, finding.Shows)
				}
			}
		})
	}
}

// The witness itself falls where the finding is, whatever its kind; of a dominated product its musts have to pass besides,
// of which the witness says nothing.
func TestEveryWitnessFallsWhereItsFindingIs(t *testing.T) {
	library := shipped(t)
	seen := map[rulecheck.FindingKind]int{}
	for name := range archives(t, "planted") {
		finding := plantedFinding(t, library, name)
		if finding.Kind == rulecheck.FindingDominated {
			continue
		}
		seen[finding.Kind]++
		facts := library.Vocabulary.NewFacts()
		for _, setting := range finding.Witness {
			if err := facts.SetFromText(library.Vocabulary.Slot(setting.Fact), setting.Value); err != nil {
				t.Fatal(err)
			}
		}
		if !finding.Falls(facts) {
			t.Errorf("%s: the witness %v does not fall there (%s)", name, finding.Witness, finding.Shows)
		}
	}
	if len(seen) != len(rulecheck.FindingKinds)-1 {
		t.Errorf("kinds seen: %v", seen)
	}
	if (&rulecheck.Finding{}).Falls(library.Vocabulary.NewFacts()) {
		t.Error("something falls where a finding without conditions is")
	}
}

func TestADraftIsComparedWithTheProductsOfItsInstitution(t *testing.T) {
	library := shipped(t)
	archive, err := txtar.ParseFile("testdata/planted/shorter-and-stricter.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var products []*rulepack.Product
	for _, file := range archive.Files {
		if strings.HasSuffix(file.Name, ".yaml") {
			product, err := library.Product(file.Name, file.Data)
			if err != nil {
				t.Fatal(err)
			}
			products = append(products, product)
		}
	}
	reference := referenceFacts(t, library)
	free, strict := products[0], products[1]
	foreign := *free
	foreign.Institution = "adbc"
	for _, test := range []struct {
		name   string
		among  []*rulepack.Product
		draft  *rulepack.Product
		wanted []string
	}{
		{"the draft is the weaker one", []*rulepack.Product{free}, strict, []string{"dominated b-strict terms a-free"}},
		{"the draft is the stronger one", []*rulepack.Product{strict}, free, []string{"dominated b-strict terms a-free"}},
		{"the version that it replaces does not count", []*rulepack.Product{strict}, strict, nil},
		{"another institution's does not count", []*rulepack.Product{&foreign}, strict, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, finding := range rulecheck.Dominated(library, test.among, test.draft, reference) {
				got = append(got, short(finding))
			}
			if !slices.Equal(got, test.wanted) {
				t.Errorf("got %q", got)
			}
		})
	}
}
