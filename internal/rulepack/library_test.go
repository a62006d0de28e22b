package rulepack

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
)

// goodFiles is testdata/library in memory, for tests that change one file of a directory.
func goodFiles(t testing.TB) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	err := filepath.WalkDir("testdata/library", func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel("testdata/library", path)
		files[filepath.ToSlash(name)] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// replaced returns the file with one text replaced by another, which must be there.
func replaced(t *testing.T, files fstest.MapFS, name, old, with string) *fstest.MapFile {
	t.Helper()
	text := string(files[name].Data)
	if !strings.Contains(text, old) {
		t.Fatalf("%s has no %q", name, old)
	}
	return &fstest.MapFile{Data: []byte(strings.Replace(text, old, with, 1))}
}

func TestWhatOnlyTheWholeDirectoryShows(t *testing.T) {
	cases := []struct {
		name   string
		change func(files fstest.MapFS)
		want   string
	}{
		{"a product in another institution's folder", func(f fstest.MapFS) {
			f["products/exim/park.yaml"] = f["products/cdb/park.yaml"]
			delete(f, "products/cdb/park.yaml")
		}, "products/exim/park.yaml: the file is in products/exim, but the institution is cdb"},
		{"a product id in two files", func(f fstest.MapFS) { f["products/cdb/second.yaml"] = f["products/cdb/park.yaml"] },
			"products/cdb/second.yaml: the id cdb-park v1 is already in products/cdb/park.yaml"},
		{"a pack id in two files", func(f fstest.MapFS) { f["risk/second.yaml"] = f["risk/pack.yaml"] },
			"risk/second.yaml: the id small-pack v1 is already in risk/pack.yaml"},
		{"a parameter in two files", func(f fstest.MapFS) { f["parameters/more.yaml"] = f["parameters/all.yaml"] },
			"parameters/more.yaml: the id capital_ratio_min is already in parameters/all.yaml"},
		{"a rule file that nothing reads", func(f fstest.MapFS) { f["zone.yaml"] = f["zones.yaml"] }, "zone.yaml: nothing reads this rule file; did you mean zones.yaml?"},
		{"a market fact without its series", func(f fstest.MapFS) {
			f["market.yaml"] = replaced(t, f, "market.yaml", "id: lpr_5y", "id: lpr_6y")
		}, "facts.yaml: market.yaml has no lpr_5y"},
		{"a series without its fact", func(f fstest.MapFS) {
			f["market.yaml"] = replaced(t, f, "market.yaml", "id: lpr_5y", "id: lpr_6y")
		}, "market.yaml: facts.yaml has no market.lpr_6y in rate"},
		{"a file that is not there", func(f fstest.MapFS) { delete(f, "zones.yaml") }, "zones.yaml: cannot read the file"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			files := goodFiles(t)
			test.change(files)
			library, err := Load(files)
			if library != nil || err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want a problem with %q", err, test.want)
			}
		})
	}
}

func TestEverythingWrongInAllFilesIsReportedTogetherAndInOrder(t *testing.T) {
	files := goodFiles(t)
	files["facts.yaml"] = replaced(t, files, "facts.yaml", "version: 3", "version: none")
	files["documents.yaml"] = replaced(t, files, "documents.yaml", "seen: part", "seen: half")
	files["parameters/all.yaml"] = replaced(t, files, "parameters/all.yaml", `"0.25"`, `"25%"`)
	files["products/cdb/park.yaml"] = replaced(t, files, "products/cdb/park.yaml", "interval: 2", "interval: 3")
	files["risk/pack.yaml"] = replaced(t, files, "risk/pack.yaml", "scope: project", "scope: zone")
	_, err := Load(files)
	problems, ok := err.(document.Problems)
	if !ok {
		t.Fatalf("got %v", err)
	}
	var places []string
	for _, problem := range problems {
		places = append(places, problem.File)
	}
	want := []string{"documents.yaml", "facts.yaml", "parameters/all.yaml", "products/cdb/park.yaml", "risk/pack.yaml"}
	if !slices.Equal(places, want) {
		t.Errorf("one problem a file, sorted, and none that only follows from another:\n%v", err)
	}
	for range 5 {
		if _, again := Load(files); again.Error() != err.Error() {
			t.Fatal("the same files give the same text")
		}
	}
}

func TestAGoodProductIsReadWhole(t *testing.T) {
	library := testLibrary(t)
	product := library.Products[0]
	terms := product.Terms
	if product.ID != "cdb-park" || product.Version != 1 || product.From != day("2026-01-01") || !product.To.IsZero() || product.GovernmentDebt != "" || product.Product.Currency != "CNY" {
		t.Errorf("head: %+v", product.Product)
	}
	if terms.TenorMinQuarters != 20 || terms.TenorMaxQuarters != 80 || terms.GraceMaxQuarters != 12 || terms.AvailabilityQuarters != 12 || terms.Interval != 2 ||
		terms.Profile != "equal_principal" || terms.SizeMin != money.MustAmount("20000000") || terms.SizeStep != money.MustAmount("10000") || terms.DrawTiming != "mid" ||
		terms.FloatingReference != "lpr_5y" || !terms.FloatingSpreadFixed || terms.FloatingResetQuarters != 4 || !terms.Fees.Upfront.Equal(money.MustRate("0.001")) {
		t.Errorf("terms: %+v", terms)
	}
	if product.Size == nil || product.Rate == nil || product.Grace == nil || product.Tenor != nil || len(product.Digest) != 64 {
		t.Error("size, rate and grace are compiled; there is no tenor formula")
	}
	var onOffer []string
	for _, rule := range product.Rules {
		if rule.OnOffer {
			onOffer = append(onOffer, rule.ID)
		}
	}
	if !slices.Equal(onOffer, []string{"dscr"}) {
		t.Errorf("rules decided after sizing: %v", onOffer)
	}
	if basis := product.Source.Terms["rate"]; basis.Basis != "typical" || basis.Confidence != "low" {
		t.Errorf("basis of the rate: %+v", basis)
	}
	test := product.Tests[0]
	if test.Set["cluster.industries"] != "冷链物流" || test.Date != day("2026-03-31") || test.Verdict != "eligible" || product.Tests[1].Unset[0] != "borrower.rating" {
		t.Errorf("tests: %+v", product.Tests)
	}
	if product.EffectiveOn(day("2025-12-31")) || !product.EffectiveOn(day("2026-01-01")) {
		t.Error("effective from its first day on")
	}
}

// The rate is market.lpr_5y − 0.0020 + 0.0035 for a rating of A: 0.0350 − 0.0020 + 0.0035 = 0.0365; the size is
// min(80 % of 1,000,000,000, 1,500,000,000) = 800,000,000.
func TestAProductsFormulasCompute(t *testing.T) {
	library := testLibrary(t)
	product := library.Products[0]
	facts := library.Vocabulary.NewFacts()
	library.Market.SetFacts(facts, day("2026-01-01"))
	facts.SetText(library.Vocabulary.Slot("borrower.rating"), "A")
	facts.SetAmount(library.Vocabulary.Slot("need.investment"), money.MustAmount("1000000000"))
	if rate, doubt := product.Rate.Decimal(facts, 6); doubt != nil || !rate.Equal(money.MustRate("0.0365")) {
		t.Errorf("rate %s, %v", rate, doubt)
	}
	if size, doubt := product.Size.Decimal(facts, 2); doubt != nil || !size.Equal(money.MustAmount("800000000").Decimal()) {
		t.Errorf("size %s, %v", size, doubt)
	}
	if _, doubt := product.Grace.Decimal(facts, 0); doubt == nil {
		t.Error("the grace needs the construction period, which is missing")
	}
}

func TestAGoodRiskPackIsReadWhole(t *testing.T) {
	library := testLibrary(t)
	pack := library.RiskPacks[0]
	limit, land := pack.Rules[0], pack.Rules[1]
	if !pack.Enabled || pack.Labels[0] != "analogue" || limit.Horizon != "each_year" || land.Horizon != "now" {
		t.Errorf("pack: %+v", pack.RiskPack)
	}
	if limit.BlocksFinalization != funding.LevelStop || land.BlocksFinalization != funding.LevelRed {
		t.Errorf("a rule blocks from red on unless it says otherwise: %s, %s", limit.BlocksFinalization, land.BlocksFinalization)
	}
	var levels []funding.Level
	for _, level := range limit.Levels {
		levels = append(levels, level.Level)
	}
	if !slices.Equal(levels, []funding.Level{funding.LevelRed, funding.LevelStop}) {
		t.Errorf("levels come mildest first whatever the file's order: %v", levels)
	}
	if limit.Levels[1].Threshold == nil || limit.Levels[1].Threshold.Source() != "p.debt_limit_use_stop" || limit.Levels[0].Threshold != nil {
		t.Error("a plain comparison shows its threshold, a longer condition does not")
	}
	if limit.Metric == nil || limit.Numerator == nil || limit.Denominator == nil || land.Metric != nil || land.AppliesWhen == nil || land.Levels[0].Level != funding.LevelOrange {
		t.Error("parts are compiled where the file gives them")
	}
	if pack.EffectiveOn(day("2025-12-31")) || !pack.EffectiveOn(day("2026-01-01")) {
		t.Error("in force from its first day on")
	}
}

// The stop is "above" the limit: 100.00 of 100.00 is not stopped, one fen more is.
func TestALevelIsTheMetricAndItsComparison(t *testing.T) {
	library := testLibrary(t)
	stop := library.RiskPacks[0].Rules[0].Levels[1].Rule
	for balance, want := range map[string]ruleexpr.Truth{"99.99": ruleexpr.False, "100.00": ruleexpr.False, "100.01": ruleexpr.True} {
		facts := library.Vocabulary.NewFacts()
		library.Parameters.At(day("2026-01-01"), "", nil).SetFacts(facts)
		facts.SetAmount(library.Vocabulary.Slot("fiscal.debt_balance"), money.MustAmount(balance))
		facts.SetAmount(library.Vocabulary.Slot("plan.government_debt"), 0)
		facts.SetAmount(library.Vocabulary.Slot("fiscal.debt_limit"), money.MustAmount("100.00"))
		if got := stop.Holds(facts); got != want {
			t.Errorf("%s of 100.00: got %s, want %s", balance, got, want)
		}
	}
}

func TestADraftIsCheckedAsLoadingChecksIt(t *testing.T) {
	library := testLibrary(t)
	good, err := os.ReadFile("testdata/library/products/cdb/park.yaml")
	if err != nil {
		t.Fatal(err)
	}
	draft, err := library.Product("draft", good)
	if err != nil || draft.Digest != library.Products[0].Digest {
		t.Errorf("the same bytes are the same version: %v", err)
	}
	if _, err := library.Product("draft", []byte(strings.Replace(string(good), "offer.min_dscr", "offer.mindscr", 1))); err == nil || !strings.Contains(err.Error(), "offer.min_dscr?") {
		t.Errorf("a draft with a mistyped fact is refused with the nearest name, got %v", err)
	}
}

func TestABasisCitesTheDocumentBeforeItsFirstBlank(t *testing.T) {
	cases := []struct{ basis, want string }{
		{"国办函〔2016〕88号 §4.2.4", "国办函〔2016〕88号"},
		{"预算法", "预算法"},
		{"《预算法》第三十五条", "预算法"},
		{"《预算法》 第35条", "预算法"},
		{"《没有合上 第一条", "《没有合上"},
	}
	for _, test := range cases {
		if got := BasisDocument(test.basis); got != test.want {
			t.Errorf("%s cites %s, got %s", test.basis, test.want, got)
		}
	}
	if got := SplitBasis("国发〔2019〕26号；国发〔2015〕51号 一; 预算法 第35条；"); !slices.Equal(got, []string{"国发〔2019〕26号", "国发〔2015〕51号 一", "预算法 第35条"}) {
		t.Errorf("got %q", got)
	}
}

func TestNumbersWrittenIntoARiskRuleAreFound(t *testing.T) {
	cases := []struct {
		source string
		want   []string
	}{
		{"> p.debt_ratio_2", nil},
		{"a.b1 > 0 and c.d == 1.0", nil},
		{"need.cfads[1] > 0", nil},
		{`today >= date("2026-01-31")`, nil},
		{`x.y in ["12", 'it\'s 5']`, nil},
		{"x > 0.95", []string{"0.95"}},
		{"x*2 >= 1_000 and y < 1", []string{"2", "1000"}},
		{"需求3 > 4", []string{"4"}},
		{`"unclosed 7`, nil},
	}
	for _, test := range cases {
		if got := literalNumbers(test.source); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", test.source, got, test.want)
		}
	}
}

// FuzzProduct: no file may crash the reader, and a product that is accepted keeps the promises of its format.
func FuzzProduct(f *testing.F) {
	library := testLibrary(f)
	for _, pattern := range []string{"testdata/product-*.bad.yaml", "testdata/library/products/cdb/*.yaml"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		product, err := library.Product("fuzz.yaml", data)
		if err != nil {
			if _, ok := err.(document.Problems); !ok || product != nil {
				t.Fatalf("a refused file gives problems and no product: %v", err)
			}
			return
		}
		terms := product.Terms
		if sum := product.Score.Cost.Add(product.Score.Tenor).Add(product.Score.Structure); !sum.Equal(money.One) {
			t.Fatalf("weights add to %s", sum)
		}
		if terms.TenorMinQuarters > terms.TenorMaxQuarters || terms.TenorMaxQuarters > 0 && terms.GraceMaxQuarters >= terms.TenorMaxQuarters {
			t.Fatalf("tenor %d to %d, grace %d", terms.TenorMinQuarters, terms.TenorMaxQuarters, terms.GraceMaxQuarters)
		}
		if terms.SizeStep <= 0 || terms.SizeMin < 0 || terms.SizeMin%terms.SizeStep != 0 {
			t.Fatalf("size from %s in steps of %s", terms.SizeMin, terms.SizeStep)
		}
		if len(product.Rules) == 0 || product.Size == nil {
			t.Fatal("a product has rules and a size")
		}
		for _, rule := range product.Rules {
			if rule.Rule == nil || rule.Message.ZH == "" || rule.Basis == "" {
				t.Fatalf("rule %q is not complete", rule.ID)
			}
		}
	})
}

func TestAProductReadAloneIsTheOneInTheLibrary(t *testing.T) {
	data, err := os.ReadFile("testdata/library/products/cdb/park.yaml")
	if err != nil {
		t.Fatal(err)
	}
	alone, err := ReadProduct("products/cdb/park.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(testLibrary(t).Products[0].Product, *alone); diff != "" {
		t.Error(diff)
	}
	if _, err := ReadProduct("x.yaml", []byte("schema: zutuan/product/v1\n")); err == nil {
		t.Error("an empty product is refused alone too")
	}
}

func TestInstitutionsKeepUnknownCapitalUnknown(t *testing.T) {
	library := testLibrary(t)
	cdb, _ := library.Institution("cdb")
	if cdb.NetCapital == nil || *cdb.NetCapital != money.MustAmount("1000000000000.00") || cdb.Tier1 != nil || cdb.AsOf != day("2024-12-31") {
		t.Errorf("got %+v", cdb)
	}
	if _, known := library.Institution("icbc"); known {
		t.Error("an institution that is not in the file is not known")
	}
}
