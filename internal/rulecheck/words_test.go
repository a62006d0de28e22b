package rulecheck_test

// The goal: what a liaison reads of a rule, a version, a document or a table is what the rule says; and a text that is still
// being typed gets its mistakes told, in time for the next keystroke.

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/rulecheck"
	"zutuan/internal/rulepack"
	"zutuan/rules"
)

func TestExpressionsAreReadAloud(t *testing.T) {
	library := shipped(t)
	for _, test := range []struct{ source, zh, en string }{
		{`need.capital_ratio >= 0.20`, "资本金比例 ≥ 0.20", "capital ratio ≥ 0.20"},
		{`not project.exempt`, "不满足（属豁免类别）", "not (in an exempt class)"},
		{`borrower.type in ["soe", "spv"]`, "借款人类型 属于 “soe”、“spv”", `borrower type is one of "soe", "spv"`},
		{`(project.exempt or project.central_approval) and project.land_approved`, "（属豁免类别 或 已获国家层面批准） 且 用地已批复", "(in an exempt class or centrally approved) and land approved"},
		{`any(cluster.industries, # contains "物流")`, "主导产业中有一项满足（该项 包含 “物流”）", `some item of leading industries has (the item contains "物流")`},
		{`count(offer.dscr_by_year, # < 1.20) <= 1`, "各贷款年偿债备付率中满足（该项 < 1.20）的项数 ≤ 1", "the number of items of DSCR by loan year with (the item < 1.20) ≤ 1"},
		{`need.capital_ratio >= 0.2 - (project.exempt ? 0.05 : 0)`, "资本金比例 ≥ 0.2 − （若 属豁免类别 则 0.05，否则 0）", "capital ratio ≥ 0.2 − (if in an exempt class then 0.05, else 0)"},
		{`sum(need.cfads[36:40]) > -1`, "各季度可偿债现金流[36:40]之和 > −1", "the sum of CFADS by quarter[36:40] > −1"},
		{`need.grants - (need.capital - need.grants) > 0`, "专项资金及补助 − （项目资本金 − 专项资金及补助） > 0", "grants − (project capital − grants) > 0"},
	} {
		t.Run(test.source, func(t *testing.T) {
			rule, err := library.Vocabulary.CompileRule(test.source)
			if err != nil {
				t.Fatal(err)
			}
			if got := rulecheck.Aloud(rule.Tree()); got.ZH != test.zh || got.EN != test.en {
				t.Errorf("got\n%s\n%s\nwant\n%s\n%s", got.ZH, got.EN, test.zh, test.en)
			}
		})
	}
}

// version reads the shipped park loan, without its tests, with some of its text replaced.
func version(t testing.TB, library *rulepack.Library, replacements ...string) *rulepack.Product {
	t.Helper()
	text, _, _ := strings.Cut(parkLoan(t), "tests:\n")
	product, err := library.Product("products/cdb/park-infrastructure.yaml", []byte(strings.NewReplacer(replacements...).Replace(text)))
	if err != nil {
		t.Fatal(err)
	}
	return product
}

func parkLoan(t testing.TB) string {
	t.Helper()
	data, err := rules.FS.ReadFile("products/cdb/park-infrastructure.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestDiffSaysWhatChangedInWords(t *testing.T) {
	library := shipped(t)
	before := version(t, library)
	for _, test := range []struct {
		name         string
		replacements []string
		want         []string
	}{
		{"nothing", nil, nil},
		{"a threshold", []string{"offer.min_dscr >= 1.15", "offer.min_dscr >= 1.20"}, []string{"changed rules.dscr 最低偿债备付率 ≥ 1.15 → ≥ 1.20"}},
		{"an operator", []string{"'offer.cover >= 0.50'", "'offer.cover > 0.50'"}, []string{"changed rules.cover 对缺口的覆盖率 ≥ 0.50 → > 0.50"}},
		{"a list", []string{`borrower.rating in ["AAA", "AA+", "AA"]`, `borrower.rating in ["AAA", "AA+", "A+"]`}, []string{"changed rules.rating 主体评级的范围增加 “A+”，去掉 “AA”"}},
		{"brackets and blanks", []string{"'project.feasibility_approved'", "'(project.feasibility_approved)'"}, nil},
		{"another shape", []string{"'project.eia_approved'", "'project.eia_approved or project.exempt'"}, []string{"changed rules.eia 原：环评已批复；现：环评已批复 或 属豁免类别"}},
		{"terms", []string{"max_quarters: 80}", "max_quarters: 72}", `upfront: "0",`, `upfront: "0.001",`},
			[]string{"changed terms.tenor.max_quarters 最长期限：80 季 → 72 季", "changed terms.fees.upfront 前端费：0 → 0.001"}},
		{"the rate", []string{"market.lpr_5y - 0.0020 +", "market.lpr_5y - 0.0010 +"},
			[]string{"changed terms.rate 利率：五年期以上LPR − 0.0020 + （若 主体评级 属于 “AAA”、“AA+” 则 0 否则 0.0015） → …"}},
		{"a rule gone and one come", []string{"id: entrusted-payment", "id: paid-by-lender", "project.largest_payment <= p.entrusted_payment_min or project.entrusted_payment", "project.entrusted_payment"},
			[]string{"removed rules.entrusted-payment 取消建议规则：单笔最大支付 ≤ ", "added rules.paid-by-lender 增加建议规则：已安排受托支付", "removed parameters.entrusted_payment_min 不再使用参数 entrusted_payment_min"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			changes := rulecheck.Diff(before, version(t, library, test.replacements...))
			if len(changes) != len(test.want) {
				t.Fatalf("changes %+v, want %q", changes, test.want)
			}
			for i, change := range changes {
				got := fmt.Sprintf("%s %s %s", change.Kind, change.Place, change.Text.ZH)
				want, _, _ := strings.Cut(test.want[i], "（若")
				if !strings.HasPrefix(got, want) || change.Text.EN == "" {
					t.Errorf("got %q (%q), want %q", got, change.Text.EN, test.want[i])
				}
			}
		})
	}
}

func TestDiffBackwardsSaysTheSameTurnedRound(t *testing.T) {
	library := shipped(t)
	for i, a := range library.Products {
		b := library.Products[(i+1)%len(library.Products)]
		forth, back := rulecheck.Diff(a, b), rulecheck.Diff(b, a)
		if len(forth) != len(back) || len(forth) == 0 {
			t.Errorf("%s against %s: %d changes forth, %d back", a.ID, b.ID, len(forth), len(back))
		}
		if same := rulecheck.Diff(a, a); len(same) > 0 {
			t.Errorf("%s differs from itself: %v", a.ID, same)
		}
	}
}

func TestTablesComeBackAsTheyWent(t *testing.T) {
	library := shipped(t)
	for _, product := range library.Products {
		imported, err := rulecheck.ImportTable(library, "t.csv", rulecheck.ExportTable(product))
		if err != nil {
			t.Errorf("%s: %v", product.ID, err)
			continue
		}
		for i := range product.Rules {
			want, got := product.Rules[i].ProductRule, imported[i]
			want.When, got.When = funding.Formula{Source: want.When.Source}, funding.Formula{Source: got.When.Source}
			if want != got {
				t.Errorf("%s: got %+v\nwant %+v", product.ID, got, want)
			}
		}
		// The YAML that an import prints, read again in a product file, gives the same rules.
		text := parkLoan(t)
		from, to := strings.Index(text, "rules:\n"), strings.Index(text, "\nscore:")
		head := strings.NewReplacer("    rules.dscr:", "    #", "    rules.security:", "    #").Replace(text[:from])
		again, err := library.Product("t.yaml", []byte(head+rulecheck.RulesYAML(imported)+strings.TrimPrefix(text[to:strings.Index(text, "\ntests:")], "\n")+"\n"))
		if err != nil {
			t.Errorf("%s: %v", product.ID, err)
			continue
		}
		for i := range product.Rules {
			if want, got := product.Rules[i].When.Source, again.Rules[i].When.Source; want != got {
				t.Errorf("%s: %q came back as %q", product.ID, want, got)
			}
		}
	}
}

func TestTablesUseColumns(t *testing.T) {
	library := shipped(t)
	product := draft(t, library, `need.capital_ratio >= 0.20 and not project.exempt and borrower.type in ["soe", "spv"]`, "market.lpr_5y")
	got := string(rulecheck.ExportTable(product))
	want := "\ufeffid,group,level,message.zh,message.en,basis,need.capital_ratio >=,project.exempt,borrower.type in,offer.all_in_cost <=,when\n" +
		"it,eligibility,must,说明,,产品条款,0.20,false,\"[\"\"soe\"\", \"\"spv\"\"]\",,\n" +
		"cost,cost,must,说明,,产品条款,,,,need.max_cost,\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTableMistakesNameTheirCell(t *testing.T) {
	library := shipped(t)
	const header = "id,group,level,message.zh,message.en,basis,need.capital_ratio >=,when\n"
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"a word outside the list", header + "a,eligible,must,说明,,产品条款,0.2,\n", []string{`B2: "eligible" is wrong`}},
		{"a number with letters", header + "a,structure,must,说明,,产品条款,0.2x,\n", []string{"G2: "}},
		{"a fact that does not exist", header + "a,structure,must,说明,,产品条款,,need.capitl > 1\n", []string{"H2: there is no fact named need.capitl; did you mean need.capital"}},
		{"both cells are checked", header + "a,structure,must,说明,,产品条款,\"\"\"x\"\"\",need.nothing > 1\n", []string{"H2: there is no fact"}},
		{"the same id twice", header + "a,structure,must,说明,,产品条款,0.2,\na,structure,must,说明,,产品条款,0.3,\n", []string{"A3: the rule id a appears twice"}},
		{"no condition", header + "a,structure,must,说明,,产品条款,,\n", []string{"G2: the rule has no condition"}},
		{"no message", header + "a,structure,must,,,产品条款,0.2,\n", []string{"D2: message.zh must not be empty"}},
		{"a document that is not registered", header + "a,structure,must,说明,,某发〔2099〕1号,0.2,\n", []string{"F2: documents.yaml has no document"}},
		{"a column missing", "id,group,level,message.zh,basis,when\n", []string{"G1: the header has no column message.en"}},
		{"a column twice", header[:len(header)-1] + ",when\n", []string{"I1: the column when appears twice"}},
		{"a row too long", header + "a,structure,must,说明,,产品条款,0.2,,x\n", []string{"I2: the row has more cells"}},
		{"a quote left open", header + "a,\"structure\n", []string{"not well-formed CSV"}},
		{"nothing at all", "", []string{"a table has a header"}},
		{"all at once", header + "a,x,must,说明,,产品条款,0.2,\nb,structure,y,说明,,产品条款,0.2,\n", []string{"B2: ", "C3: "}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := rulecheck.ImportTable(library, "t.csv", []byte(test.text))
			var problems document.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("error %v", err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v does not say %q", err, want)
				}
			}
		})
	}
}

func TestDocumentsListWhatRestsOnThem(t *testing.T) {
	library := shipped(t)
	use, _, found := rulecheck.UsesOf(library, "国发〔2019〕26号")
	if !found {
		t.Fatal("the document is not found")
	}
	has := func(kind, pack, id, via string) bool {
		return slices.ContainsFunc(use.Dependents, func(d rulecheck.Dependent) bool {
			return d.Kind == kind && d.Pack == pack && d.ID == id && d.Via == via
		})
	}
	for _, want := range [][4]string{
		{rulecheck.DependentParameter, "", "capital_reduction_max", ""}, {rulecheck.DependentProductRule, "cdb-park-infrastructure", "capital", ""},
		{rulecheck.DependentProductRule, "cdb-park-infrastructure", "quasi-equity", ""}, {rulecheck.DependentRiskRule, "cn-local-government", "R10", ""},
	} {
		if !has(want[0], want[1], want[2], want[3]) {
			t.Errorf("%v is not listed", want)
		}
	}
	if has(rulecheck.DependentProductRule, "cdb-park-infrastructure", "dscr", "") {
		t.Error("a rule is listed that does not cite the document")
	}
	if _, nearest, found := rulecheck.UsesOf(library, "国发〔2019〕27号"); found || !slices.Contains(nearest, "国发〔2019〕26号") {
		t.Errorf("a mistyped number is found or has no near one: %v", nearest)
	}
}

func TestRepealedDocumentsCountForWhatStillHolds(t *testing.T) {
	library := shipped(t)
	for _, use := range rulecheck.RepealedUses(library) {
		if use.Document.Status != "repealed" || len(use.Dependents) == 0 {
			t.Errorf("%s is %s with %d dependents", use.Document.ID, use.Document.Status, len(use.Dependents))
		}
		for _, dependent := range use.Dependents {
			if dependent.To != "" {
				t.Errorf("%s: %s ended on %s", use.Document.ID, dependent.ID, dependent.To)
			}
		}
	}
}

func TestDiagnosticsOfATextThatIsBeingTyped(t *testing.T) {
	library := shipped(t)
	whole := parkLoan(t)
	for _, test := range []struct {
		name, text, code, suggestion string
		line                         int
	}{
		{"a mistyped fact", strings.Replace(whole, "need.capital_ratio >=", "need.capital_rato >=", 1), "expression.unknown_fact", "need.capital_ratio", lineOf(whole, "need.capital_ratio >=")},
		{"a mistyped key", strings.Replace(whole, "currency: CNY", "curency: CNY", 1), "unknown_key", "currency", lineOf(whole, "currency: CNY")},
		{"an expression that is not finished", strings.Replace(whole, "'project.eia_approved'", "'project.eia_approved and '", 1), "expression.syntax", "", lineOf(whole, "'project.eia_approved'")},
		{"a mistyped fact in a text that is cut off in the middle of a quote", whole[:strings.Index(whole, "  - id: real-capital")] + "  - id: x\n    when: 'borrower.ratng == \"AA\"'\n    basis: \"产品", "expression.unknown_fact", "borrower.rating", 0},
		{"a rule that is always true", strings.Replace(whole, "'offer.cover >= 0.50'", "'offer.cover >= 0'", 1), "always_true", "", lineOf(whole, "'offer.cover >= 0.50'")},
		{"nothing", "", "empty", "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			found := rulecheck.Diagnose(library, "draft.yaml", []byte(test.text))
			at := slices.IndexFunc(found, func(d rulecheck.Diagnostic) bool { return d.Code == test.code })
			if at < 0 {
				t.Fatalf("no %s among %+v", test.code, found)
			}
			if d := found[at]; d.Suggestion != test.suggestion || test.line > 0 && d.Line != test.line || d.ZH == "" || d.EN == "" {
				t.Errorf("got %+v, want line %d and %q", d, test.line, test.suggestion)
			}
		})
	}
	if found := rulecheck.Diagnose(library, "draft.yaml", []byte(whole)); len(found) > 0 {
		t.Errorf("a shipped product has %+v", found)
	}
}

func lineOf(text, part string) int {
	return 1 + strings.Count(text[:strings.Index(text, part)], "\n")
}

func TestCompletionsFitThePlace(t *testing.T) {
	library := shipped(t)
	for _, test := range []struct {
		name, text string // the cursor is at |
		want       []string
		not        string
	}{
		{"facts of a group in a rule", "rules:\n  - id: a\n    when: 'need.cap|", []string{"need.capital", "need.capital_ratio"}, "need.grants"},
		{"parameters", "rules:\n  - id: a\n    when: 'need.capital_ratio >= p.capital_m|'", []string{"p.capital_min_other_infrastructure"}, "need.capital"},
		{"after a conditional's colon", "terms:\n  rate: 'project.exempt ? 0 : market.l|'", []string{"market.lpr_5y"}, "p.capital_ratio_min"},
		{"functions", "rules:\n  - id: a\n    when: 'cou|", []string{"count"}, "sum"},
		{"by the Chinese name", "rules:\n  - id: a\n    when: '偿债备付率|", []string{"offer.min_dscr"}, "need.capital"},
		{"a mistyped group", "rules:\n  - id: a\n    when: 'borower.rating|", []string{"borrower.rating"}, ""},
		{"facts that a test sets, and no parameters", "tests:\n  - name: a\n    given: {requirement: pingxiang, set: {offer.min|", []string{"offer.min_dscr"}, "p.dscr_red"},
		{"samples", "tests:\n  - name: a\n    given: {requirement: ping|", []string{"pingxiang"}, "lincang"},
		{"verdicts", "tests:\n  - name: a\n    expect: {verdict: |", []string{"eligible", "near_miss"}, "must"},
		{"rules of this very file", "rules:\n  - id: my-rule\n    when: 'zone.national'\ntests:\n  - expect: {verdict: ineligible, failed: [my|", []string{"my-rule"}, "eligible"},
		{"levels", "rules:\n  - id: a\n    level: m|", []string{"must"}, "should"},
		{"documents", "rules:\n  - id: a\n    basis: 国发〔2019〕2|", []string{"国发〔2019〕26号"}, ""},
		{"keys of a rule", "rules:\n  - id: a\n    m|", []string{"message"}, "when"},
		{"keys of a product", "id: a\nscor|", []string{"score"}, "when"},
		{"an expression over several lines", "rules:\n  - id: a\n    when: >-\n      need.capital_r|", []string{"need.capital_ratio"}, "level"},
	} {
		t.Run(test.name, func(t *testing.T) {
			before, after, _ := strings.Cut(test.text, "|")
			line := 1 + strings.Count(before, "\n")
			column := 1 + len([]rune(before[strings.LastIndex(before, "\n")+1:]))
			var texts []string
			for _, completion := range rulecheck.Complete(library, []byte(before+after), line, column) {
				texts = append(texts, completion.Text)
			}
			for _, want := range test.want {
				if !slices.Contains(texts, want) {
					t.Errorf("%q is not offered: %q", want, texts)
				}
			}
			if test.not != "" && slices.Contains(texts, test.not) {
				t.Errorf("%q is offered: %q", test.not, texts)
			}
		})
	}
	if got := rulecheck.Complete(library, []byte("id: a"), 99, 99); len(got) > 40 {
		t.Errorf("%d completions outside of the text", len(got))
	}
}

func TestHoverSaysWhatAWordMeans(t *testing.T) {
	library := shipped(t)
	text := []byte("    when: 'need.capital_ratio >= p.capital_min_other_infrastructure and count(need.cfads, # < 0) <= 8'")
	for _, test := range []struct {
		word string
		want []string
	}{
		{"need.capital_ratio", []string{"资本金比例", "[0, 10]", "ratio"}},
		{"p.capital_min_other_infrastructure", []string{"其他基础设施项目资本金最低比例", "0.20", "国发〔2019〕26号"}},
		{"count", []string{"满足条件的项数"}},
	} {
		at := strings.Index(string(text), test.word)
		for _, column := range []int{at + 1, at + 3, at + 1 + len(test.word)} {
			got, found := rulecheck.Hover(library, text, 1, column)
			for _, want := range test.want {
				if !found || !strings.Contains(got.ZH, want) {
					t.Errorf("%s at column %d: %q does not say %q", test.word, column, got.ZH, want)
				}
			}
		}
	}
	if _, found := rulecheck.Hover(library, text, 1, 6); found {
		t.Error("the key has a meaning in the dictionary")
	}
}

// FuzzDiagnose types anything: diagnostics, completions and hovers of any text end without a panic.
func FuzzDiagnose(f *testing.F) {
	files, err := filepath.Glob("testdata/sound/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files[:5] {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		_, text, _ := strings.Cut(string(data), "-- a.yaml --\n")
		f.Add(text, 17, 30)
		f.Add(text[:len(text)/2], 5, 1)
	}
	library := shipped(f)
	f.Fuzz(func(t *testing.T, text string, line, column int) {
		for _, d := range rulecheck.Diagnose(library, "draft.yaml", []byte(text)) {
			if d.ZH == "" || d.EN == "" || d.Code == "" {
				t.Errorf("a diagnostic without words: %+v", d)
			}
		}
		if found := rulecheck.Complete(library, []byte(text), line, column); len(found) > 40 {
			t.Errorf("%d completions", len(found))
		}
		rulecheck.Hover(library, []byte(text), line, column)
	})
}

// BenchmarkDiagnose types in the largest kind of product, with everything that is then looked at. An editor waits at most
// 50 ms for it.
func BenchmarkDiagnose(b *testing.B) {
	library := shipped(b)
	whole := []byte(parkLoan(b))
	broken := []byte(strings.Replace(string(whole), "need.capital_ratio >=", "need.capital_rato >=", 1))
	b.Run("sound", func(b *testing.B) {
		for b.Loop() {
			rulecheck.Diagnose(library, "draft.yaml", whole)
		}
	})
	b.Run("mistyped", func(b *testing.B) {
		for b.Loop() {
			rulecheck.Diagnose(library, "draft.yaml", broken)
		}
	})
	b.Run("complete", func(b *testing.B) {
		for b.Loop() {
			rulecheck.Complete(library, whole, 60, 20)
		}
	})
}
