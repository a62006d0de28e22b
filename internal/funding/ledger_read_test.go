package funding

// Goal: a ledger is read strictly from what bureaus really send, every error is told with its row and column, nothing
// is converted silently, and what is odd but possible is kept as a finding.

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"zutuan/internal/document"
	"zutuan/internal/money"
)

func ledgerDay(text string) time.Time {
	date, err := document.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return date
}

const ledgerHeader = "id,debtor,debtor_type,kind,creditor,currency,principal,outstanding,rate,rate_type,reference,spread,start,maturity,repayment,interval,grace_until,repay_source,implicit,registered,collateral,guarantor,note\n"

const ledgerRowText = "D1,甲公司,platform,policy_loan,国家开发银行,CNY,600000000.00,420000000,0.0380,floating,lpr_5y,-0.0030,2018-12-31,2033-12-31,equal_principal,2,2021-12-31,project,true,true,收费权,乙公司,\"注，含\"\"引号\"\"\"\n"

func TestEveryColumnIsRead(t *testing.T) {
	want := Instrument{
		Row: 2, ID: "D1", Debtor: "甲公司", DebtorType: "platform", Kind: "policy_loan", Creditor: "国家开发银行", Currency: "CNY",
		Principal: 600_000_000 * money.Yuan, Outstanding: 420_000_000 * money.Yuan, Rate: money.MustRate("0.0380"), RateType: "floating", Reference: "lpr_5y",
		Spread: money.MustRate("-0.0030"), Start: ledgerDay("2018-12-31"), Maturity: ledgerDay("2033-12-31"), Repayment: "equal_principal", Interval: 2,
		GraceUntil: ledgerDay("2021-12-31"), RepaySource: "project", Implicit: true, Registered: true, Collateral: "收费权", Guarantor: "乙公司", Note: `注，含"引号"`,
	}
	json := `{"as_of": "2025-12-31", "instruments": [{"id": "D1", "debtor": "甲公司", "debtor_type": "platform", "kind": "policy_loan", "creditor": "国家开发银行", "currency": "CNY",
		"principal": "600000000.00", "outstanding": 420000000, "rate": 0.0380, "rate_type": "floating", "reference": "lpr_5y", "spread": "-0.0030", "start": "2018-12-31", "maturity": "2033-12-31",
		"repayment": "equal_principal", "interval": 2, "grace_until": "2021-12-31", "repay_source": "project", "implicit": true, "registered": true, "collateral": "收费权", "guarantor": "乙公司", "note": "注，含\"引号\""}]}`
	chinese := "编号,债务人,债务人类型,类别,债权人,币种,本金,余额,利率,利率类型,参考利率,加点,起始日,到期日,还本方式,付息间隔,宽限期至,偿债来源,隐性,已登记,抵质押,担保人,备注,截止日\n" +
		"D1,甲公司,平台公司,政策性贷款,国家开发银行,人民币,600000000.00,420000000,0.0380,浮动,lpr_5y,-0.0030,2018/12/31,2033-12-31,等额本金,半年,2021/12/31,项目收益,是,是,收费权,乙公司,\"注，含\"\"引号\"\"\",2025-12-31\n"
	for name, c := range map[string]struct {
		file string
		row  int
	}{
		"csv":                               {ledgerHeader + ledgerRowText, 2},
		"csv with a byte order mark":        {"\xef\xbb\xbf" + ledgerHeader + ledgerRowText, 2},
		"csv with Windows line ends":        {strings.ReplaceAll(ledgerHeader+ledgerRowText, "\n", "\r\n"), 2},
		"csv with blank rows and columns":   {strings.Replace(ledgerHeader, "\n", ",,\n", 1) + ",,,\n" + ledgerRowText, 3},
		"Chinese headings and words":        {chinese, 2},
		"spreadsheet capitals":              {strings.ReplaceAll(ledgerHeader+ledgerRowText, "true", "TRUE"), 2},
		"json with its day":                 {json, 1},
		"json as a list alone":              {json[strings.Index(json, "[") : len(json)-1], 1},
		"cells with blanks around the text": {strings.Replace(ledgerHeader+ledgerRowText, "D1,甲公司,platform", " D1 , 甲公司 , platform ", 1), 2},
	} {
		t.Run(name, func(t *testing.T) {
			ledger, err := ReadLedger("ledger", []byte(c.file), ledgerDay("2025-12-31"))
			if err != nil {
				t.Fatal(err)
			}
			want.Row = c.row
			if len(ledger.Instruments) != 1 || !sameInstrument(ledger.Instruments[0], want) {
				t.Fatalf("got  %+v\nwant %+v", ledger.Instruments, want)
			}
			if !ledger.AsOf.Equal(ledgerDay("2025-12-31")) || len(ledger.Findings) != 0 {
				t.Errorf("as of %s, findings %v", ledger.AsOf, ledger.Findings)
			}
		})
	}
}

func sameInstrument(a, b Instrument) bool {
	if !a.Rate.Equal(b.Rate) || !a.Spread.Equal(b.Spread) {
		return false
	}
	a.Rate, a.Spread = b.Rate, b.Spread
	return reflect.DeepEqual(a, b)
}

func TestOptionalColumnsHaveTheirDefaults(t *testing.T) {
	ledger, err := ReadLedger("l.csv", []byte("id,debtor,debtor_type,kind,creditor,principal,outstanding,rate,start,maturity,repayment\nD1,甲,soe,lease,乙,100,50,0,2024-02-29,2026-06-30,annuity\n"), ledgerDay("2025-12-31"))
	if err != nil {
		t.Fatal(err)
	}
	got := ledger.Instruments[0]
	if got.Currency != "CNY" || got.RateType != "fixed" || got.Interval != 1 || got.RepaySource != "none" || got.Implicit || got.Registered || !got.GraceUntil.IsZero() || !got.Start.Equal(ledgerDay("2024-02-29")) {
		t.Errorf("instrument %+v", got)
	}
}

func TestALedgerWithoutRowsIsEmptyAndFine(t *testing.T) {
	for _, file := range []string{ledgerHeader, "[]", `{"as_of": "2025-12-31", "instruments": []}`} {
		ledger, err := ReadLedger("l", []byte(file), ledgerDay("2025-12-31"))
		if err != nil || len(ledger.Instruments) != 0 {
			t.Errorf("%q: %v %v", file, ledger, err)
		}
	}
}

func TestTheDayOfTheFileGoesBeforeTheCallers(t *testing.T) {
	file := strings.Replace(ledgerHeader, "note", "note,as_of", 1) + strings.Replace(ledgerRowText, "\n", ",2025-06-30\n", 1)
	ledger, err := ReadLedger("l.csv", []byte(file), ledgerDay("2025-12-31"))
	if err != nil || !ledger.AsOf.Equal(ledgerDay("2025-06-30")) {
		t.Fatalf("as of %v (%v)", ledger, err)
	}
}

func TestACustomRepaymentGivesItsShares(t *testing.T) {
	file := strings.Replace(ledgerHeader, "note", "note,custom", 1) + strings.Replace(strings.Replace(ledgerRowText, "equal_principal", "custom", 1), "\n", ",0.2; 0.3;0.5\n", 1)
	json := `[{"id": "D1", "debtor": "甲", "debtor_type": "soe", "kind": "lease", "creditor": "乙", "principal": 1, "outstanding": 1, "rate": 0, "start": "2024-01-01", "maturity": "2030-01-01", "repayment": "custom", "custom": ["0.2", 0.3, 0.5]}]`
	for _, text := range []string{file, json} {
		ledger, err := ReadLedger("l", []byte(text), ledgerDay("2025-12-31"))
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(ledger.Instruments[0].Custom); got != "[0.2 0.3 0.5]" {
			t.Errorf("shares %s", got)
		}
	}
}

// changed returns a one-row ledger with one cell replaced.
func changed(column, text string) string {
	columns := strings.Split(strings.TrimSpace(ledgerHeader), ",")
	cells := []string{"D1", "甲公司", "platform", "policy_loan", "国家开发银行", "CNY", "600.00", "420.00", "0.0380", "fixed", "", "", "2018-12-31", "2033-12-31", "equal_principal", "2", "", "project", "false", "true", "", "", ""}
	columns, cells = append(columns, "as_of", "custom"), append(cells, "2025-12-31", "")
	for i, name := range columns {
		if name == column {
			cells[i] = text
		}
	}
	return strings.Join(columns, ",") + "\n" + strings.Join(cells, ",") + "\n"
}

func TestEveryBadCellIsToldWithItsRowAndColumn(t *testing.T) {
	for _, c := range []struct{ column, text, code, says string }{
		{"id", "", "missing", "required"},
		{"id", "a\x01b", "text", "control"},
		{"debtor", "", "missing", "required"},
		{"debtor", strings.Repeat("长", 1001), "text", "1000"},
		{"creditor", "", "missing", "required"},
		{"note", strings.Repeat("x", 1001), "text", "1000"},
		{"debtor_type", "bank", "enum", "cluster"},
		{"debtor_type", "", "missing", "required"},
		{"kind", "专项债", "enum", "special_bond"},
		{"currency", "rmb", "currency", "CNY"},
		{"currency", "CNYX", "currency", "CNY"},
		{"principal", "", "missing", "required"},
		{"principal", "NaN", "amount", "12345678.90"},
		{"principal", "1e400", "amount", "12345678.90"},
		{"principal", "600.001", "amount", "2 decimals"},
		{"principal", "10000000000000.01", "amount", "ten trillion"},
		{"principal", "Infinity", "amount", "12345678.90"},
		{"principal", "-1", "negative", "negative"},
		{"outstanding", "-0.01", "negative", "negative"},
		{"outstanding", "600.01", "outstanding", "greater than the principal 600.00"},
		{"rate", "", "missing", "required"},
		{"rate", "4.41", "percent_rate", "did you mean 0.0441?"},
		{"rate", "4.41%", "rate", "0.0441, never 4.41%"},
		{"rate", "-0.01", "rate", "fraction"},
		{"rate", "0.0000000000001", "rate", "12 decimals"},
		{"rate_type", "swap", "enum", "floating"},
		{"spread", "35", "rate", "basis points"},
		{"start", "2019-02-29", "date", "a day that exists"},
		{"start", "2019/2/30", "date", "a day that exists"},
		{"start", "30.06.2019", "date", "2026-01-31"},
		{"start", "43830", "date", "2026-01-31"},
		{"start", "1949-12-31", "date", "1950"},
		{"start", "", "missing", "required"},
		{"maturity", "2018-12-30", "dates", "before the start"},
		{"maturity", "", "missing", "required"},
		{"repayment", "sculpted", "enum", "annuity"},
		{"interval", "3", "enum", "1, 2, 4"},
		{"grace_until", "2033-12-31", "dates", "before the maturity"},
		{"repay_source", "luck", "enum", "fund_budget"},
		{"implicit", "maybe", "enum", "true"},
		{"registered", "2", "enum", "true"},
		{"custom", "0.5;0.5", "custom", "no other"},
		{"custom", "0.5;x", "custom", "semicolons"},
		{"custom", "0.5;0.4", "custom", "exactly 1"},
		{"as_of", "today", "date", "2026-01-31"},
	} {
		t.Run(c.column+" "+clipText(c.text), func(t *testing.T) {
			ledger, err := ReadLedger("台账.csv", []byte(changed(c.column, c.text)), ledgerDay("2025-12-31"))
			var problems document.Problems
			if !errors.As(err, &problems) || ledger != nil {
				t.Fatalf("ledger %v, error %v", ledger, err)
			}
			if len(problems) != 1 {
				t.Fatalf("%d problems: %v", len(problems), problems)
			}
			problem := problems[0]
			if problem.Path != "row 2, column "+c.column || problem.Code != c.code || problem.Line != 2 || problem.File != "台账.csv" || !strings.Contains(problem.EN, c.says) || problem.ZH == "" {
				t.Errorf("problem %+v", problem)
			}
		})
	}
}

func TestErrorsOfTheWholeFile(t *testing.T) {
	gbk := "id,\xd5\xae\xce\xf1\xc8\xcb\n"
	for _, c := range []struct{ name, file, code, says string }{
		{"empty", "", "empty", "name the columns"},
		{"GBK", gbk, "encoding", "CSV UTF-8"},
		{"an open quote", ledgerHeader + `"D1,x`, "syntax", "quotes"},
		{"a lone quote", ledgerHeader + `D"1,x`, "syntax", "quotes"},
		{"semicolons", strings.ReplaceAll(ledgerHeader, ",", ";"), "separator", "commas"},
		{"an unknown column", strings.Replace(ledgerHeader, "kind", "kindd", 1), "unknown_column", "kind"},
		{"a missing column", strings.Replace(ledgerHeader, "kind,", "", 1), "missing_column", "kind (类别)"},
		{"a column twice, in two languages", strings.Replace(ledgerHeader, "note", "类别", 1), "duplicate_column", "twice"},
		{"too large", strings.Repeat("x", MaxLedgerBytes+1), "too_large", "split"},
		{"ten megabytes of rows", ledgerHeader + strings.Repeat(ledgerRowText, 10<<20/len(ledgerRowText)), "too_large", "split"},
		{"too many rows", "id\n" + strings.Repeat("x\n", MaxLedgerRows+2), "too_many", "20000 rows"},
		{"one huge cell", ledgerHeader + strings.Repeat("9", 5<<20) + strings.TrimPrefix(ledgerRowText, "D1"), "text", "1000"},
		{"more cells than columns", ledgerHeader + strings.Replace(ledgerRowText, "\n", ",x\n", 1), "cells", "24 cells"},
		{"custom repayment without its shares", ledgerHeader + strings.Replace(ledgerRowText, "equal_principal", "custom", 1), "custom", "0.3;0.3;0.4"},
		{"an id twice", ledgerHeader + ledgerRowText + ledgerRowText, "duplicate_id", "row 2"},
		{"no day", ledgerHeader + ledgerRowText, "missing", "as_of"},
		{"two days", changed("as_of", "2025-12-31") + strings.Replace(strings.SplitN(changed("as_of", "2025-06-30"), "\n", 2)[1], "D1", "D2", 1), "as_of", "one day"},
		{"principals that overflow together", ledgerHeader + manyRows(450, "10000000000000.00"), "amount", "more than can be computed"},
		{"json that is not json", `{"instruments": [}`, "syntax", "JSON"},
		{"json with an unknown key", `{"instruments": [], "x": 1}`, "unknown_key", "instruments"},
		{"json without instruments", `{"as_of": "2025-12-31"}`, "missing", "required"},
		{"json whose instruments are no list", `{"instruments": {}}`, "list", "list"},
		{"json with a bad day", `{"as_of": "2025-02-30", "instruments": []}`, "date", "2025-02-30"},
		{"json with a row that is a number", `[1]`, "object", "group"},
		{"json with an unknown key in a row", `[{"di": "D1"}]`, "unknown_key", "id"},
	} {
		t.Run(c.name, func(t *testing.T) {
			asOf := ledgerDay("2025-12-31")
			if c.name == "no day" {
				asOf = time.Time{}
			}
			ledger, err := ReadLedger("l", []byte(c.file), asOf)
			var problems document.Problems
			if !errors.As(err, &problems) || ledger != nil {
				t.Fatalf("ledger %v, error %v", ledger, err)
			}
			for _, problem := range problems {
				if problem.Code == c.code && strings.Contains(problem.EN, c.says) && problem.ZH != "" {
					return
				}
			}
			t.Errorf("no problem of code %s that says %q among\n%.2000s", c.code, c.says, problems.In(money.English))
		})
	}
}

func manyRows(count int, principal string) string {
	var text strings.Builder
	for i := range count {
		fmt.Fprintf(&text, "D%d,甲公司,platform,policy_loan,某银行%d,CNY,%s,0,0.0380,fixed,,,2018-12-31,2033-12-31,bullet,1,,project,false,true,,,\n", i, i, principal)
	}
	return text.String()
}

func TestAllErrorsAreToldTogetherUpToALimit(t *testing.T) {
	bad := ledgerHeader + strings.ReplaceAll(changedRow("rate", "4.41"), "600.00", "x") + "\n" + changedRow("kind", "?")
	_, err := ReadLedger("l.csv", []byte(bad), ledgerDay("2025-12-31"))
	var problems document.Problems
	if !errors.As(err, &problems) || len(problems) != 4 { // principal and rate of row 2; kind and the id again of row 3
		t.Fatalf("problems %v", err)
	}
	_, err = ReadLedger("l.csv", []byte(ledgerHeader+strings.Repeat("a,b\n", 5000)), ledgerDay("2025-12-31"))
	if !errors.As(err, &problems) || len(problems) != maxLedgerProblems+1 || problems[maxLedgerProblems].Code != "more" {
		t.Fatalf("%d problems", len(problems))
	}
	_, err = ReadLedger("l.json", []byte("["+strings.TrimSuffix(strings.Repeat("{},", 5000), ",")+"]"), ledgerDay("2025-12-31"))
	if !errors.As(err, &problems) || len(problems) != maxLedgerProblems+1 {
		t.Fatalf("%d problems", len(problems))
	}
}

// changedRow is the row of changed without the columns that the short header lacks.
func changedRow(column, text string) string {
	row := strings.SplitN(changed(column, text), "\n", 3)[1]
	return strings.TrimSuffix(row, ",2025-12-31,")
}

func TestFindingsKeepTheRowAndTellAPerson(t *testing.T) {
	file := ledgerHeader +
		"A,甲,soe,trust,丙,CNY,100,100,0.25,fixed,,,2024-01-01,2030-01-01,bullet,1,,project,false,true,,,\n" +
		"B,甲,soe,trust,丙,CNY,100,40,0.04,fixed,,,2024-01-01,2025-12-30,bullet,1,,project,false,true,,,\n" +
		"C,甲,soe,trust,丙,CNY,200,200,1,fixed,,,2026-01-01,2030-01-01,bullet,1,,project,false,true,,,\n" +
		"E,甲,soe,trust,丙,CNY,300,0,0.1999,fixed,,,2020-01-01,2025-01-01,bullet,1,,project,false,true,,,\n" +
		"F,甲,soe,trust,丙,CNY,400,9,0.04,fixed,,,2020-01-01,2025-12-31,bullet,1,,project,false,true,,,\n"
	ledger, err := ReadLedger("l.csv", []byte(file), ledgerDay("2025-12-31"))
	if err != nil || len(ledger.Instruments) != 5 {
		t.Fatalf("%v %v", ledger, err)
	}
	var got []string
	for _, finding := range ledger.Findings {
		got = append(got, fmt.Sprintf("%d %s %s", finding.Row, finding.ID, finding.Code))
		if finding.Text.ZH == "" || finding.Text.EN == "" {
			t.Errorf("finding %+v", finding)
		}
	}
	// E is repaid and below 20 %; F falls due on the day itself, which is not overdue.
	want := "2 A percent_rate; 3 B overdue; 3 B duplicate; 4 C percent_rate; 4 C future_start"
	if joined := strings.Join(got, "; "); joined != want {
		t.Errorf("findings %q, want %q", joined, want)
	}
	if !strings.Contains(ledger.Findings[0].Text.EN, "25.00% a year") {
		t.Errorf("text %q", ledger.Findings[0].Text.EN)
	}
}

func TestRowsOfASheet(t *testing.T) {
	rows := [][]string{{"编号", "债务人", "债务人类型", "类别", "债权人", "本金", "余额", "利率", "起始日", "到期日", "还本方式"}, nil, {"D1", "甲", "国企", "融资租赁", "乙", "100", "100", "0.05", "2024-01-01", "2030-01-01", "等额本息"}}
	ledger, err := ReadLedgerRows("台账.xlsx", rows, ledgerDay("2025-12-31"))
	if err != nil || len(ledger.Instruments) != 1 || ledger.Instruments[0].Row != 3 || ledger.Instruments[0].Repayment != "annuity" {
		t.Fatalf("%+v %v", ledger, err)
	}
	rows[2][7] = "5"
	_, err = ReadLedgerRows("台账.xlsx", rows, ledgerDay("2025-12-31"))
	if err == nil || !strings.Contains(err.Error(), "row 3, column rate") {
		t.Fatalf("error %v", err)
	}
	if _, err := ReadLedgerRows("台账.xlsx", make([][]string, MaxLedgerRows+2), ledgerDay("2025-12-31")); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Fatalf("error %v", err)
	}
	if keys := LedgerKeys(); strings.Join(keys, ",")+"\n" != ledgerHeader {
		t.Errorf("keys %v", keys)
	}
}

// Whatever the bytes, the reader answers a ledger whose rows obey the rules, or problems in both languages.
func FuzzReadLedger(f *testing.F) {
	f.Add([]byte(ledgerHeader + ledgerRowText))
	f.Add([]byte(changed("rate", "4.41")))
	f.Add([]byte(changed("custom", "0.5;0.5")))
	f.Add([]byte(`{"as_of": "2025-12-31", "instruments": [{"id": "D1", "debtor": "甲", "debtor_type": "soe", "kind": "lease", "creditor": "乙", "principal": 1, "outstanding": 1, "rate": 1e400, "start": "2024-01-01", "maturity": "2030-01-01", "repayment": "custom", "custom": [1]}]}`))
	f.Add([]byte("编号,债务人\n\"1\n2\",x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		ledger, err := ReadLedger("l", data, ledgerDay("2025-12-31"))
		if err != nil {
			var problems document.Problems
			if ledger != nil || !errors.As(err, &problems) || len(problems) == 0 {
				t.Fatalf("ledger %v with error %v", ledger, err)
			}
			for _, problem := range problems {
				if problem.ZH == "" || problem.EN == "" || problem.Code == "" {
					t.Fatalf("problem %+v", problem)
				}
			}
			return
		}
		ids := map[string]bool{}
		for _, item := range ledger.Instruments {
			if ids[item.ID] || item.ID == "" || item.Outstanding > item.Principal || item.Outstanding < 0 || item.Maturity.Before(item.Start) || item.Rate.IsNegative() || item.Rate.GreaterThan(money.One) {
				t.Fatalf("instrument %+v", item)
			}
			ids[item.ID] = true
		}
	})
}
