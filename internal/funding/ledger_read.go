package funding

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"zutuan/internal/document"
	"zutuan/internal/money"
)

// Limits of a ledger file, each with its reason.
const (
	// MaxLedgerBytes holds forty thousand rows as bureaus write them; JSON ledgers have document.MaxBytes.
	MaxLedgerBytes = 8 << 20
	// MaxLedgerRows is far above the debts of any region.
	MaxLedgerRows = 20_000
	// maxLedgerProblems ends the list of a file that is wrong throughout, such as one of another kind.
	maxLedgerProblems = 200
)

// RateTypes and Repayments are the words of a ledger for how interest is fixed and principal repaid.
var (
	RateTypes  = []string{"fixed", "floating"}
	Repayments = []string{"equal_principal", "annuity", "bullet", "custom"}
)

// ReadLedger reads a ledger (存量债务台账): JSON where the file begins with a bracket, CSV otherwise. A file with errors
// gives none of its instruments; the error is a document.Problems that names each row and column. What is strange but
// possible is kept and told in Findings.
//
// The day of the balances is the file's own as_of (a JSON key, or a CSV column whose rows are all equal), else asOf.
// Text is UTF-8; a file in GBK, which spreadsheets on Chinese systems write by default, is refused with that advice.
func ReadLedger(file string, data []byte, asOf time.Time) (*Ledger, error) {
	trimmed := bytes.TrimSpace(bytes.TrimPrefix(data, []byte(utf8BOM)))
	if len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[') {
		return ReadLedgerJSON(file, data, asOf)
	}
	return ReadLedgerCSV(file, data, asOf)
}

// utf8BOM is the mark that spreadsheets put in front of "CSV UTF-8".
const utf8BOM = "\xef\xbb\xbf"

// ledgerColumn is one column: its key and the Chinese names that bureaus give it.
type ledgerColumn struct {
	key      string
	names    []string
	required bool
}

// ledgerColumns lists the columns of finance.md, Existing-debt ledger, in its order; as_of and custom may be added.
var ledgerColumns = []ledgerColumn{
	{"id", []string{"编号"}, true},
	{"debtor", []string{"债务人"}, true},
	{"debtor_type", []string{"债务人类型"}, true},
	{"kind", []string{"类别"}, true},
	{"creditor", []string{"债权人"}, true},
	{"currency", []string{"币种"}, false},
	{"principal", []string{"本金"}, true},
	{"outstanding", []string{"余额"}, true},
	{"rate", []string{"利率"}, true},
	{"rate_type", []string{"利率类型"}, false},
	{"reference", []string{"参考利率"}, false},
	{"spread", []string{"加点"}, false},
	{"start", []string{"起始日"}, true},
	{"maturity", []string{"到期日"}, true},
	{"repayment", []string{"还本方式"}, true},
	{"interval", []string{"付息间隔"}, false},
	{"grace_until", []string{"宽限期至"}, false},
	{"repay_source", []string{"偿债来源"}, false},
	{"implicit", []string{"隐性"}, false},
	{"registered", []string{"已登记"}, false},
	{"collateral", []string{"抵质押"}, false},
	{"guarantor", []string{"担保人"}, false},
	{"note", []string{"备注"}, false},
	{"custom", []string{"各期比例"}, false},
	{"as_of", []string{"截止日", "余额日期"}, false},
}

// LedgerKeys returns the columns of a ledger in order, for writers and forms.
func LedgerKeys() []string {
	keys := make([]string, 0, len(ledgerColumns)-2)
	for _, column := range ledgerColumns {
		if column.key != "custom" && column.key != "as_of" {
			keys = append(keys, column.key)
		}
	}
	return keys
}

// ledgerColumnOf finds the column of a heading, in either language.
func ledgerColumnOf(heading string) (ledgerColumn, bool) {
	key := strings.ToLower(heading)
	for _, column := range ledgerColumns {
		if column.key == key || slices.Contains(column.names, heading) {
			return column, true
		}
	}
	return ledgerColumn{}, false
}

// ledgerWords gives the Chinese words that a cell may hold instead of the key.
var ledgerWords = map[string]map[string]string{
	"debtor_type": {"政府": "government", "平台": "platform", "平台公司": "platform", "融资平台": "platform", "国企": "soe", "国有企业": "soe", "组团": "cluster"},
	"kind": {
		"一般债券": "general_bond", "专项债券": "special_bond", "银行贷款": "bank_loan", "政策性贷款": "policy_loan", "政策性银行贷款": "policy_loan",
		"公司债券": "corporate_bond", "企业债券": "corporate_bond", "租赁": "lease", "融资租赁": "lease", "信托": "trust", "应付款": "payable", "应付账款": "payable",
		"担保": "guarantee", "对外担保": "guarantee", "其他": "other",
	},
	"rate_type":    {"固定": "fixed", "固定利率": "fixed", "浮动": "floating", "浮动利率": "floating"},
	"repayment":    {"等额本金": "equal_principal", "等额本息": "annuity", "到期一次还本": "bullet", "一次还本": "bullet", "自定义": "custom"},
	"interval":     {"季": "1", "按季": "1", "半年": "2", "按半年": "2", "年": "4", "按年": "4"},
	"repay_source": {"一般公共预算": "general_budget", "政府性基金": "fund_budget", "政府性基金预算": "fund_budget", "项目": "project", "项目收益": "project", "借新还旧": "refinancing", "再融资": "refinancing", "无": "none"},
	"implicit":     {"是": "true", "否": "false"},
	"registered":   {"是": "true", "否": "false"},
}

// ledgerTable collects the instruments of a file and what is wrong with it.
type ledgerTable struct {
	file     string
	ledger   *Ledger
	problems document.Problems
	total    Amount
	ids      map[string]int // id → row
	dated    time.Time      // the file's own day, zero so far
}

func newLedgerTable(file string, asOf time.Time) *ledgerTable {
	return &ledgerTable{file: file, ledger: &Ledger{AsOf: asOf, Instruments: []Instrument{}}, ids: map[string]int{}}
}

func (t *ledgerTable) problem(path string, line, column int, code, zh, en string) {
	t.problems = append(t.problems, document.Problem{File: t.file, Path: path, Line: line, Column: column, Code: code, ZH: zh, EN: en})
}

// finish makes the rules that need the whole file, and gives the ledger or everything that is wrong.
func (t *ledgerTable) finish() (*Ledger, error) {
	if !t.dated.IsZero() {
		t.ledger.AsOf = t.dated
	}
	if t.ledger.AsOf.IsZero() {
		t.problem("as_of", 0, 0, "missing", "缺少余额的截止日：请加一列 as_of（截止日），或在命令中给出日期", "the day of the balances is missing: add a column as_of, or give a date")
	}
	if len(t.problems) > maxLedgerProblems {
		last := t.problems[maxLedgerProblems]
		t.problems = append(t.problems[:maxLedgerProblems:maxLedgerProblems], document.Problem{File: t.file, Line: last.Line, Code: "more",
			ZH: fmt.Sprintf("错误超过 %d 处，从这里起未再检查", maxLedgerProblems), EN: fmt.Sprintf("there are more than %d errors; nothing was checked from here on", maxLedgerProblems)})
	}
	if err := t.problems.Err(); err != nil {
		return nil, err
	}
	t.ledger.note()
	return t.ledger, nil
}

// note adds the findings: what a person must look at although every row is possible.
func (l *Ledger) note() {
	type likeness struct {
		debtor, creditor string
		principal        Amount
		start            time.Time
	}
	seen := map[likeness]*Instrument{}
	for i := range l.Instruments {
		item := &l.Instruments[i]
		find := func(code, zh, en string) {
			l.Findings = append(l.Findings, LedgerFinding{Row: item.Row, ID: item.ID, Code: code, Text: Text{ZH: zh, EN: en}})
		}
		if item.Outstanding > 0 && item.Maturity.Before(l.AsOf) {
			find("overdue", fmt.Sprintf("第 %d 行 %s 已于 %s 到期，余额 %s尚未归还：按逾期处理", item.Row, item.ID, item.Maturity.Format(time.DateOnly), money.ShowAlike(money.Chinese, item.Outstanding)[0]),
				fmt.Sprintf("row %d: %s matured on %s with %s still outstanding: treated as overdue", item.Row, item.ID, item.Maturity.Format(time.DateOnly), item.Outstanding.Show(money.English)))
		}
		if item.Rate.GreaterThanOrEqual(suspectRate) {
			find("percent_rate", fmt.Sprintf("第 %d 行 %s 的利率为 %s，即每年 %s：是否把百分数当成了小数？请核对", item.Row, item.ID, item.Rate, money.Percent(item.Rate)),
				fmt.Sprintf("row %d: the rate of %s is %s, that is %s a year: is it a percentage written as a fraction? please check", item.Row, item.ID, item.Rate, money.Percent(item.Rate)))
		}
		if item.Start.After(l.AsOf) {
			find("future_start", fmt.Sprintf("第 %d 行 %s 的起始日 %s 晚于台账截止日 %s：请核对", item.Row, item.ID, item.Start.Format(time.DateOnly), l.AsOf.Format(time.DateOnly)),
				fmt.Sprintf("row %d: %s starts on %s, after the ledger's day %s: please check", item.Row, item.ID, item.Start.Format(time.DateOnly), l.AsOf.Format(time.DateOnly)))
		}
		like := likeness{item.Debtor, item.Creditor, item.Principal, item.Start}
		if twin := seen[like]; twin != nil {
			find("duplicate", fmt.Sprintf("第 %d 行 %s 与第 %d 行 %s 的债务人、债权人、本金和起始日相同：可能重复", item.Row, item.ID, twin.Row, twin.ID),
				fmt.Sprintf("row %d: %s has the same debtor, creditor, principal and start as %s in row %d: possibly the same debt", item.Row, item.ID, twin.ID, twin.Row))
		} else {
			seen[like] = item
		}
	}
}

// suspectRate is the annual rate from which a person is asked: no honest public debt bears 20 %.
var suspectRate = money.MustRate("0.2")

// checkLedgerEncoding refuses what is too large or not UTF-8.
func checkLedgerEncoding(file string, data []byte, most int) document.Problems {
	if len(data) > most {
		return document.Problems{{File: file, Code: "too_large", ZH: fmt.Sprintf("文件有 %d 字节，超过上限 %d 字节；请按债务人拆分", len(data), most),
			EN: fmt.Sprintf("the file has %d bytes, above the limit of %d; split it by debtor", len(data), most)}}
	}
	if !utf8.Valid(data) {
		return document.Problems{{File: file, Code: "encoding", ZH: "文件不是 UTF-8 编码（可能是 GBK）；请在 Excel 或 WPS 中另存为“CSV UTF-8（逗号分隔）”",
			EN: "the file is not UTF-8 (perhaps GBK); save it as \"CSV UTF-8 (comma delimited)\""}}
	}
	return nil
}
