package plan

import (
	"errors"
	"os"
	"strings"
	"testing"

	"zutuan/internal/cashflow"
	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

// fileContext knows one product in two versions, at 4 %, 12 quarters with 2 of grace.
func fileContext() FileContext {
	return FileContext{
		Requirement: requirement(),
		Versions:    map[string][]int{"park-loan": {1, 2}},
		Offer: func(id string, version int) *Candidate {
			return &Candidate{
				Line:  Line{ID: id, Product: id, ProductVersion: 2, Name: funding.Text{ZH: "园区贷款"}, Institution: "cdb", Kind: "policy_loan", CountsAs: CountsAsDebt},
				Terms: loan.Terms{Rate: money.MustRate("0.04"), Tenor: 12, Grace: 2, Interval: 2, Profile: loan.ProfileEqualPrincipal, Fees: funding.ProductFees{Upfront: money.MustRate("0.002")}},
			}
		},
	}
}

func TestALineTakesFromItsOfferWhatItDoesNotSay(t *testing.T) {
	data, err := os.ReadFile("../../testdata/plans/two-lines.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file, err := ReadFile("two-lines.yaml", data, fileContext())
	if err != nil {
		t.Fatal(err)
	}
	if len(file.Lines) != 2 || file.Name != "两条资金来源的方案" {
		t.Fatalf("read %+v", file)
	}
	product, own := &file.Lines[0], &file.Lines[1]
	// The product's rate, grace, interval and fee; the line's own tenor: four instalments of 225,000, the upfront fee of
	// 0.2 % on the commitment.
	if product.Name.ZH != "园区贷款" || product.TenorQuarters != 10 || product.GraceQuarters != 2 || product.ProductVersion != 2 || product.Rate.String() != "0.04" {
		t.Errorf("the line of the product is %+v", product)
	}
	if rows := product.Schedule.Rows; rows[3].Principal != 225_000*money.Yuan || rows[0].Upfront != 2_000*money.Yuan {
		t.Errorf("first instalment %s, upfront fee %s", rows[3].Principal, rows[0].Upfront)
	}
	// 600,000 at 5 %, drawn at the end of 2026Q1: 7,500 in 2026Q2; two of eight quarters are grace and 200,000 falls due in
	// 2026Q4. From 2027Q1 on 4.5 % of 400,000: 4,500.
	if rows := own.Schedule.Rows; rows[1].Interest != 7_500*money.Yuan || rows[3].Principal != 200_000*money.Yuan || rows[4].Interest != 4_500*money.Yuan {
		t.Errorf("the line with terms of its own pays %s, %s, %s", rows[1].Interest, rows[3].Principal, rows[4].Interest)
	}
	if own.ID != "股东借款" || own.Schedule.Rows[0].Upfront != 6_000*money.Yuan {
		t.Errorf("the line with terms of its own is %s", own.ID)
	}
	if limits := file.Limits; limits.MinDSCR.String() != "1.1" || *limits.TenorQuarters != 20 || *limits.MaxLenders != 2 || limits.GeneralHeadroom != nil {
		t.Errorf("limits %+v", limits)
	}
}

// head and line make a plan file of one line out of its parts.
const (
	head = "schema: zutuan/plan/v1\nname: 方案\nrequirement: plan\nlines:\n"
	line = "  - name: 贷款\n    kind: policy_loan\n    counts_as: debt\n    commitment: \"100.00\"\n    draws: [{quarter: 2026Q1, amount: \"100.00\"}]\n    rate: \"0.04\"\n    tenor: 8\n    grace: 2\n    profile: equal_principal\n"
)

func TestEachMistakeInAPlanFileIsOneClearError(t *testing.T) {
	for _, test := range []struct {
		name, text string
		path, code string
		says       string
	}{
		{"another schema", strings.Replace(head, "zutuan/plan/v1", "zutuan/requirement/v1", 1) + line, "schema", "schema", "zutuan/plan/v1"},
		{"another requirement", strings.Replace(head, "requirement: plan", "requirement: 别的", 1) + line, "requirement", "requirement", "plan"},
		{"an unknown key", head + line + "    lender: cdb\n", "lines[0].lender", "unknown_key", "institution"},
		{"a negative commitment", head + strings.Replace(line, `commitment: "100.00"`, `commitment: "-1.00"`, 1), "lines[0].commitment", "negative", "-1.00"},
		{"a commitment below the draws", head + strings.Replace(line, `commitment: "100.00"`, `commitment: "99.99"`, 1), "lines[0].commitment", "commitment", "99.99"},
		{"a draw outside availability", head + strings.Replace(line, "draws: [{quarter: 2026Q1", "start: 2025Q1\n    draws: [{quarter: 2026Q1", 1), "lines[0].draws[0].quarter", "draw_after_availability", "2025Q2"},
		{"a draw before the signing", head + line + "    start: 2026Q2\n", "lines[0].draws[0].quarter", "draw_before_start", "2026Q2"},
		{"a product that does not exist", head + "  - {product: {id: park-lone}, commitment: \"1.00\", draws: [{quarter: 2026Q1, amount: \"1.00\"}], name: x, kind: policy_loan, counts_as: debt}\n", "lines[0].product.id", "unknown_product", "park-loan"},
		{"a version that does not exist", head + "  - {product: {id: park-loan, version: 7}, commitment: \"1.00\", draws: [{quarter: 2026Q1, amount: \"1.00\"}], name: x, kind: policy_loan, counts_as: debt}\n", "lines[0].product.version", "unknown_version", "1, 2"},
		{"rate and rates", head + line + "    rates: [{from: 2026Q1, rate: \"0.05\"}]\n", "lines[0].rates", "rate", "rates"},
		{"a debt without tenor", head + strings.Replace(line, "    tenor: 8\n", "", 1), "", "tenor", "期限"},
		{"a grace as long as the tenor", head + strings.Replace(line, "grace: 2", "grace: 8", 1), "lines[0].grace", "grace", "8"},
		{"a line without a kind", head + strings.Replace(line, "    kind: policy_loan\n", "", 1), "lines[0].kind", "missing", "必填"},
		{"two lines of one name", head + line + line, "lines[1]", "duplicate_line", "贷款"},
		{"a negative headroom", head + line + "limits: {special_headroom: \"-5.00\"}\n", "limits.special_headroom", "negative", "-5.00"},
		{"two tenor limits", head + line + "limits: {tenor_years: 10, tenor_quarters: 30}\n", "limits.tenor_quarters", "contradiction", "40"},
		{"two lenders with at most 40 % each", head + line + "limits: {institution_share_max: \"0.40\", max_lenders: 2}\n", "limits.max_lenders", "contradiction", "0.4"},
		{"a sculpted profile without cash flow", head + strings.Replace(line, "equal_principal", "sculpted", 1), "lines[0]", "missing", "CFADS"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := ReadFile("plan.yaml", []byte(test.text), fileContext())
			var problems document.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("got %v", err)
			}
			if len(problems) != 1 {
				t.Errorf("%d problems:\n%v", len(problems), problems)
			}
			first := problems[0]
			if test.path != "" && first.Path != test.path || first.Code != test.code || !strings.Contains(first.ZH, test.says) || first.EN == "" {
				t.Errorf("got %+v", first)
			}
		})
	}
}

func TestAllMistakesAreReportedTogether(t *testing.T) {
	text := head + strings.Replace(line, `commitment: "100.00"`, `commitment: "1.00"`, 1) + strings.Replace(strings.Replace(line, "贷款", "另一笔", 1), "tenor: 8", "tenor: 900", 1) + "limits: {min_dscr: \"-1\"}\n"
	_, err := ReadFile("plan.yaml", []byte(text), fileContext())
	var problems document.Problems
	if !errors.As(err, &problems) || len(problems) != 3 {
		t.Fatalf("got %v", err)
	}
}

func TestASculptedLineTakesTheCashFlow(t *testing.T) {
	context := fileContext()
	context.CFADS = func(from quarter.Quarter, quarters int) []money.Amount {
		flows := make([]money.Amount, quarters)
		for q := range flows {
			flows[q] = 30 * money.Yuan
		}
		return flows
	}
	file, err := ReadFile("plan.yaml", []byte(head+strings.Replace(line, "equal_principal", "sculpted", 1)), context)
	if err != nil {
		t.Fatal(err)
	}
	// A level cash flow makes level services.
	rows := file.Lines[0].Schedule.Rows
	if got, want := rows[3].Service(), rows[4].Service(); got != want || got <= 0 {
		t.Errorf("services %s and %s", got, want)
	}
}

func FuzzReadFile(f *testing.F) {
	f.Add([]byte(head + line))
	f.Add([]byte(head + line + "limits: {tenor_years: 10}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := ReadFile("plan.yaml", data, fileContext())
		if err == nil {
			Evaluate(Input{Requirement: requirement(), Statement: mustSimulate(t, Quarters(requirement(), file.Lines, nil)), Lines: file.Lines})
		}
	})
}

func mustSimulate(t testing.TB, quarters int) *cashflow.Result {
	t.Helper()
	statement, err := simulator(t, requirement())(quarters)
	if err != nil {
		t.Fatal(err)
	}
	return statement
}
