package sheet_test

// The goal: a workbook is another form of the same table – nothing is lost on the way out and back –, what somebody gets wrong
// in it is told by sheet and cell, and a file that is no honest workbook is refused before anything is made of it.

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/rulecheck"
	"zutuan/internal/rulepack"
	"zutuan/internal/sheet"
	"zutuan/rules"
)

func shipped(t testing.TB) *rulepack.Library {
	t.Helper()
	library, err := rulepack.Load(rules.FS)
	must(t, err)
	return library
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wherever leaves out where an expression was read.
var wherever = cmp.Options{cmpopts.IgnoreFields(funding.Formula{}, "Path", "Line", "Column"), cmpopts.EquateEmpty()}

func TestEveryShippedProductComesBackFromAWorkbook(t *testing.T) {
	library := shipped(t)
	for _, product := range library.Products {
		data, err := sheet.Product(product)
		must(t, err)
		got, err := sheet.ReadProduct(library, "t.xlsx", data)
		if err != nil {
			t.Errorf("%s: %v", product.ID, err)
			continue
		}
		if diff := cmp.Diff(product.Product.Rules, got, wherever); diff != "" {
			t.Errorf("%s:\n%s", product.ID, diff)
		}
		fromCSV, err := rulecheck.ImportTable(library, "t.csv", rulecheck.ExportTable(product))
		must(t, err)
		if diff := cmp.Diff(fromCSV, got, wherever); diff != "" {
			t.Errorf("%s: workbook and CSV differ:\n%s", product.ID, diff)
		}
		again, err := sheet.Product(product)
		must(t, err)
		if !bytes.Equal(data, again) {
			t.Errorf("%s: two workbooks of one product differ", product.ID)
		}
	}
}

func TestEveryShippedRiskPackComesBackFromATable(t *testing.T) {
	library := shipped(t)
	for _, pack := range library.RiskPacks {
		data, err := sheet.RiskPack(pack)
		must(t, err)
		got, err := sheet.ReadRiskPack(library, "t.xlsx", data)
		must(t, err)
		if diff := cmp.Diff(pack.RiskPack.Rules, got, wherever); diff != "" {
			t.Errorf("%s, workbook:\n%s", pack.ID, diff)
		}
		table := rulecheck.RiskTable(pack)
		got, err = rulecheck.ImportRiskTable(library, "t.csv", table.CSV())
		must(t, err)
		if diff := cmp.Diff(pack.RiskPack.Rules, got, wherever); diff != "" {
			t.Errorf("%s, CSV:\n%s", pack.ID, diff)
		}
	}
}

// TestAnyRulesComeBack makes rules of conditions of every kind, with texts that workbooks, CSV and XML treat specially.
func TestAnyRulesComeBack(t *testing.T) {
	library := shipped(t)
	condition := rapid.Custom(func(r *rapid.T) string {
		single := rapid.SampledFrom([]string{"need.capital_ratio >= 0.20", "need.capital_ratio >= p.capital_min_other_infrastructure", `borrower.rating in ["AAA", "AA+"]`, `borrower.type == "platform"`,
			"project.land_approved", "not project.land_approved", "need.tenor_quarters <= 60", "offer.min_dscr >= 1.15", `any(cluster.industries, # contains "物流")`,
			"(need.capital_ratio >= 0.3 or zone.national)", "zone.national or zone.key_province", "count(offer.dscr_by_year, # < 1.20) <= 1", `borrower.name == "=1+1"`, `borrower.name == "<a & 'b'>"`})
		return strings.Join(rapid.SliceOfN(single, 1, 4).Draw(r, "conditions"), " and ")
	})
	words := rapid.OneOf(rapid.SampledFrom([]string{"=SUM(A1:A9)", "+1", "-1", "@x", "0012", "1e5", "2026-01-01", "TRUE", "_x000A_", "_x005F_x0041_", "_xZZZZ_", "_x0041_ &amp; <b>", `"quoted", with commas`, "两\n行", "＝公式", "'文字", "a  b", "…"}),
		rapid.StringMatching(`[a-zA-Z0-9一-龥 ,;"'=+_<>&-]{1,30}`))
	rapid.Check(t, func(r *rapid.T) {
		product := &rulepack.Product{Product: funding.Product{ID: "draft", Version: 1}}
		for i := range rapid.IntRange(1, 6).Draw(r, "rules") {
			rule := funding.ProductRule{ID: fmt.Sprintf("r%d", i), Group: rapid.SampledFrom(funding.RuleGroups).Draw(r, "group"), Level: rapid.SampledFrom(funding.RuleLevels).Draw(r, "level"),
				When:    funding.Formula{Source: condition.Draw(r, "when")},
				Message: funding.Text{ZH: "说明" + words.Draw(r, "zh"), EN: words.Draw(r, "en")}, Basis: "产品条款"}
			compiled, err := library.Vocabulary.CompileRule(rule.When.Source)
			if err != nil {
				r.Skip("not a rule: " + rule.When.Source)
			}
			product.Product.Rules = append(product.Product.Rules, rule)
			product.Rules = append(product.Rules, rulepack.CompiledRule{ProductRule: rule, Rule: compiled})
		}
		data, err := sheet.Product(product)
		if err != nil {
			r.Fatal(err)
		}
		got, err := sheet.ReadProduct(library, "t.xlsx", data)
		if err != nil {
			r.Fatal(err)
		}
		if diff := cmp.Diff(product.Product.Rules, got, wherever); diff != "" {
			r.Fatalf("workbook:\n%s", diff)
		}
		got, err = rulecheck.ImportTable(library, "t.csv", rulecheck.ExportTable(product))
		if err != nil {
			r.Fatal(err)
		}
		if diff := cmp.Diff(product.Product.Rules, got, wherever); diff != "" {
			r.Fatalf("CSV:\n%s", diff)
		}
	})
}

// workbook makes a workbook of a shipped product, changed by hand.
func workbook(t *testing.T, library *rulepack.Library, change func(book *excelize.File)) []byte {
	t.Helper()
	data, err := sheet.Product(product(t, library, "cdb-park-infrastructure"))
	must(t, err)
	book, err := excelize.OpenReader(bytes.NewReader(data))
	must(t, err)
	defer book.Close()
	change(book)
	buffer, err := book.WriteToBuffer()
	must(t, err)
	return buffer.Bytes()
}

func product(t *testing.T, library *rulepack.Library, id string) *rulepack.Product {
	t.Helper()
	for _, candidate := range library.Products {
		if candidate.ID == id {
			return candidate
		}
	}
	t.Fatalf("no product %s", id)
	return nil
}

// columnOf returns the letter of a key's column.
func columnOf(t *testing.T, book *excelize.File, key string) string {
	t.Helper()
	rows, err := book.GetRows("规则")
	must(t, err)
	for i, cell := range rows[1] {
		if cell == key {
			name, err := excelize.ColumnNumberToName(i + 1)
			must(t, err)
			return name
		}
	}
	t.Fatalf("no column %s in %q", key, rows[1])
	return ""
}

func TestWhatIsWrongInAWorkbookIsToldByItsCell(t *testing.T) {
	library := shipped(t)
	for _, test := range []struct {
		name   string
		change func(book *excelize.File) (cell string)
		code   string
	}{
		{"a mistyped fact", func(book *excelize.File) string {
			cell := columnOf(t, book, "when") + "5"
			must(t, book.SetCellStr("规则", cell, "need.capital_rato >= 0.2"))
			return cell
		}, "expression.unknown_fact"},
		{"a level that does not exist", func(book *excelize.File) string {
			must(t, book.SetCellStr("规则", "C4", "vielleicht"))
			return "C4"
		}, "enum"},
		{"a document that is not registered", func(book *excelize.File) string {
			must(t, book.SetCellStr("规则", "F3", "国发〔1900〕1号"))
			return "F3"
		}, "unknown_basis"},
		{"a formula", func(book *excelize.File) string {
			must(t, book.SetCellFormula("规则", "D4", "1+1"))
			return "D4"
		}, "formula"},
		{"a rule below empty rows", func(book *excelize.File) string {
			must(t, book.SetCellStr("规则", "A60", "last"))
			return "B60"
		}, "enum"},
		{"a key that somebody changed", func(book *excelize.File) string {
			must(t, book.SetCellStr("规则", "F2", "依据"))
			return ""
		}, "missing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var cell string
			data := workbook(t, library, func(book *excelize.File) { cell = test.change(book) })
			_, err := sheet.ReadProduct(library, "t.xlsx", data)
			var problems document.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("got %v", err)
			}
			for _, problem := range problems {
				if problem.Code == test.code && (cell == "" || problem.Path == "规则!"+cell) && problem.File == "t.xlsx" && problem.ZH != "" && problem.EN != "" {
					return
				}
			}
			t.Errorf("no %s at 规则!%s: %v", test.code, cell, problems)
		})
	}
	data := workbook(t, library, func(book *excelize.File) { must(t, book.SetCellStr("规则", "A1", "改了的标题")) })
	if _, err := sheet.ReadProduct(library, "t.xlsx", data); err != nil {
		t.Errorf("headings may be changed: %v", err)
	}
	flag := workbook(t, library, func(book *excelize.File) {
		must(t, book.SetCellBool("规则", columnOf(t, book, "project.eia_approved")+"11", true))
	})
	if _, err := sheet.ReadProduct(library, "t.xlsx", flag); err != nil {
		t.Errorf("TRUE is true: %v", err)
	}
}

func TestRiskTableMistakesNameTheirCell(t *testing.T) {
	library := shipped(t)
	data, err := sheet.RiskPack(library.RiskPacks[0])
	must(t, err)
	book, err := excelize.OpenReader(bytes.NewReader(data))
	must(t, err)
	metric := columnOf(t, book, "metric") + "3"
	red := columnOf(t, book, "red") + "4"
	must(t, book.SetCellStr("规则", metric, "fiscal.debt_balanc / fiscal.debt_limit"))
	must(t, book.SetCellStr("规则", red, ">= 0.3"))
	buffer, err := book.WriteToBuffer()
	must(t, err)
	_, err = sheet.ReadRiskPack(library, "t.xlsx", buffer.Bytes())
	if err == nil || !strings.Contains(err.Error(), "规则!"+metric) || !strings.Contains(err.Error(), "规则!"+red) {
		t.Errorf("want problems at %s and %s, got %v", metric, red, err)
	}
}

// archived makes a zip of parts.
func archived(t *testing.T, parts map[string]io.Reader) []byte {
	t.Helper()
	var out bytes.Buffer
	writer := zip.NewWriter(&out)
	writer.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	for name, content := range parts {
		part, err := writer.Create(name)
		must(t, err)
		_, err = io.Copy(part, content)
		must(t, err)
	}
	must(t, writer.Close())
	return out.Bytes()
}

func zeros(count int64) io.Reader { return io.LimitReader(endless{}, count) }

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestHostileWorkbooksAreRefused(t *testing.T) {
	library := shipped(t)
	good, err := sheet.Product(product(t, library, "cdb-park-infrastructure"))
	must(t, err)
	many := map[string]io.Reader{}
	for i := range 600 {
		many[fmt.Sprintf("xl/media/%d", i)] = strings.NewReader("x")
	}
	for _, test := range []struct {
		name string
		data []byte
		code string
	}{
		{"nothing", nil, "xlsx"},
		{"a text file", []byte("id,group,level\n"), "xlsx"},
		{"half a workbook", good[:len(good)/2], "xlsx"},
		{"a file of five megabytes", make([]byte, 5<<20), "too_large"},
		{"a part that unpacks to 64 megabytes", archived(t, map[string]io.Reader{"xl/worksheets/sheet1.xml": zeros(64 << 20)}), "too_large"},
		{"many parts that unpack to much together", archived(t, map[string]io.Reader{"a": zeros(12 << 20), "b": zeros(12 << 20), "c": zeros(12 << 20)}), "too_large"},
		{"too many parts", archived(t, many), "too_large"},
		{"a macro", archived(t, map[string]io.Reader{"xl/vbaProject.bin": strings.NewReader("x")}), "foreign_part"},
		{"a link to another file", archived(t, map[string]io.Reader{"xl/externalLinks/externalLink1.xml": strings.NewReader("<x/>")}), "foreign_part"},
		{"an embedded object", archived(t, map[string]io.Reader{"xl/embeddings/oleObject1.bin": strings.NewReader("x")}), "foreign_part"},
		{"a zip that is no workbook", archived(t, map[string]io.Reader{"hello.txt": strings.NewReader("x")}), ""},
		{"a workbook without the keys", workbook(t, library, func(book *excelize.File) { must(t, book.SetSheetRow("规则", "A2", &[]string{"x", "y", "z"})) }), "header"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := sheet.ReadProduct(library, "t.xlsx", test.data)
			var problems document.Problems
			if !errors.As(err, &problems) || test.code != "" && problems[0].Code != test.code {
				t.Errorf("want %s, got %v", test.code, err)
			}
		})
	}
	far := workbook(t, library, func(book *excelize.File) { must(t, book.SetCellStr("规则", "A1048576", "far")) })
	if _, err := sheet.ReadProduct(library, "t.xlsx", far); err != nil {
		t.Errorf("a cell in the last row of the sheet lies beyond what is read: %v", err)
	}
}

func TestATextThatNoCellHoldsIsRefused(t *testing.T) {
	library := shipped(t)
	long := *product(t, library, "cdb-park-infrastructure")
	long.Rules = append([]rulepack.CompiledRule(nil), long.Rules...)
	long.Rules[0].Message.ZH = strings.Repeat("长", 32_768)
	if _, err := sheet.Product(&long); err == nil || !strings.Contains(err.Error(), "规则!D3") {
		t.Errorf("got %v", err)
	}
}

// FuzzRead hands in anything: reading ends in rules or in problems, never in a panic.
func FuzzRead(f *testing.F) {
	library := shipped(f)
	data, err := sheet.Product(library.Products[0])
	must(f, err)
	f.Add(data)
	f.Add(data[:100])
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := sheet.ReadProduct(library, "t.xlsx", data); err != nil {
			var problems document.Problems
			if !errors.As(err, &problems) {
				t.Errorf("an error without problems: %v", err)
			}
		}
	})
}
