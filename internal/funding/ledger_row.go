package funding

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"zutuan/internal/document"
	"zutuan/internal/money"
)

// ledgerRow is one row, whatever kind of file it came from: the text under a key, empty where there is none, and a
// place to report what is wrong with it. The key "" stands for the whole row.
type ledgerRow interface {
	text(key string) string
	problem(key, code, zh, en string)
}

// add reads one row; a row with errors adds nothing but its errors.
func (t *ledgerTable) add(row ledgerRow, number int) {
	cells := &ledgerCells{row: row}
	instrument := cells.instrument()
	instrument.Row = number
	cells.rules(&instrument)
	t.day(cells)
	if first, taken := t.ids[instrument.ID]; taken && instrument.ID != "" {
		cells.fail("id", "duplicate_id", fmt.Sprintf("编号 %q 与第 %d 行重复", clipText(instrument.ID), first), fmt.Sprintf("the id %q is already that of row %d", clipText(instrument.ID), first))
	} else {
		t.ids[instrument.ID] = number
	}
	if t.total += max(instrument.Principal, 0); t.total > money.MaxFileTotal {
		cells.fail("principal", "amount", "台账本金合计超出可计算的范围", "the principals of the ledger add to more than can be computed")
		t.total = 0
	}
	if !cells.failed {
		t.ledger.Instruments = append(t.ledger.Instruments, instrument)
	}
}

// day takes the row's as_of; all rows of a file have the same.
func (t *ledgerTable) day(cells *ledgerCells) {
	day := cells.date("as_of", false)
	if day.IsZero() {
		return
	}
	if t.dated.IsZero() {
		t.dated = day
	} else if !day.Equal(t.dated) {
		cells.fail("as_of", "as_of", fmt.Sprintf("截止日 %s 与前面的 %s 不同；一份台账只有一个截止日", day.Format(time.DateOnly), t.dated.Format(time.DateOnly)),
			fmt.Sprintf("the day %s differs from %s above; a ledger has one day", day.Format(time.DateOnly), t.dated.Format(time.DateOnly)))
	}
}

// ledgerCells reads the cells of a row by what they hold.
type ledgerCells struct {
	row    ledgerRow
	failed bool
}

func (c *ledgerCells) fail(key, code, zh, en string) {
	c.failed = true
	c.row.problem(key, code, zh, en)
}

// instrument reads every cell of the row.
func (c *ledgerCells) instrument() Instrument {
	return Instrument{
		ID: c.name("id"), Debtor: c.name("debtor"), Creditor: c.name("creditor"),
		DebtorType:  c.word("debtor_type", DebtorTypes, "", true),
		Kind:        c.word("kind", InstrumentKinds, "", true),
		Currency:    c.currency(),
		Principal:   c.amount("principal"),
		Outstanding: c.amount("outstanding"),
		Rate:        c.rate(),
		RateType:    c.word("rate_type", RateTypes, "fixed", false),
		Reference:   c.row.text("reference"),
		Spread:      c.spread(),
		Start:       c.date("start", true),
		Maturity:    c.date("maturity", true),
		Repayment:   c.word("repayment", Repayments, "", true),
		Custom:      c.shares(),
		Interval:    c.interval(),
		GraceUntil:  c.date("grace_until", false),
		RepaySource: c.word("repay_source", RepaySources, "none", false),
		Implicit:    c.flag("implicit"),
		Registered:  c.flag("registered"),
		Collateral:  c.note("collateral"),
		Guarantor:   c.note("guarantor"),
		Note:        c.note("note"),
	}
}

// rules checks what the cells say of one another.
func (c *ledgerCells) rules(i *Instrument) {
	if c.failed {
		return // a date that could not be read is not also in the wrong order
	}
	if i.Outstanding > i.Principal {
		c.fail("outstanding", "outstanding", fmt.Sprintf("余额 %s 大于本金 %s", i.Outstanding, i.Principal), fmt.Sprintf("the outstanding %s is greater than the principal %s", i.Outstanding, i.Principal))
	}
	if i.Maturity.Before(i.Start) {
		c.fail("maturity", "dates", fmt.Sprintf("到期日 %s 早于起始日 %s", i.Maturity.Format(time.DateOnly), i.Start.Format(time.DateOnly)),
			fmt.Sprintf("the maturity %s is before the start %s", i.Maturity.Format(time.DateOnly), i.Start.Format(time.DateOnly)))
	}
	if !i.GraceUntil.IsZero() && !i.GraceUntil.Before(i.Maturity) {
		c.fail("grace_until", "dates", fmt.Sprintf("宽限期至 %s 不早于到期日 %s", i.GraceUntil.Format(time.DateOnly), i.Maturity.Format(time.DateOnly)),
			fmt.Sprintf("the grace until %s does not end before the maturity %s", i.GraceUntil.Format(time.DateOnly), i.Maturity.Format(time.DateOnly)))
	}
	if (i.Repayment == "custom") != (len(i.Custom) > 0) {
		c.fail("custom", "custom", "还本方式为 custom（自定义）时须给出 custom（各期比例），如 0.3;0.3;0.4，其他方式不给", "custom repayment, and no other, gives its shares in custom, such as 0.3;0.3;0.4")
	}
}

// MaxLedgerText bounds one cell of text.
const MaxLedgerText = 1_000

// note reads free text without control characters.
func (c *ledgerCells) note(key string) string {
	text := c.row.text(key)
	if len([]rune(text)) > MaxLedgerText {
		c.fail(key, "text", fmt.Sprintf("文字超过 %d 个字符", MaxLedgerText), fmt.Sprintf("the text is longer than %d characters", MaxLedgerText))
		return ""
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == 0x7f }) {
		c.fail(key, "text", "文字里有控制字符", "the text contains a control character")
		return ""
	}
	return text
}

// name is note, and refuses an empty cell.
func (c *ledgerCells) name(key string) string {
	text := c.note(key)
	if c.row.text(key) == "" {
		c.missing(key)
	}
	return text
}

func (c *ledgerCells) missing(key string) {
	c.fail(key, "missing", "缺少必填项", "a required value is missing")
}

// word reads one of the allowed words or a Chinese name of it.
func (c *ledgerCells) word(key string, allowed []string, fallback string, required bool) string {
	text := c.row.text(key)
	if text == "" {
		if required {
			c.missing(key)
		}
		return fallback
	}
	if word := strings.ToLower(text); slices.Contains(allowed, word) { // spreadsheets write TRUE
		return word
	}
	if word, known := ledgerWords[key][text]; known {
		return word
	}
	list := strings.Join(allowed, ", ")
	c.fail(key, "enum", fmt.Sprintf("%q 不在允许的取值之内：%s（或 %s）", clipText(text), list, strings.Join(sortedWords(ledgerWords[key]), "、")),
		fmt.Sprintf("%q is not one of: %s", clipText(text), list))
	return fallback
}

func sortedWords(words map[string]string) []string {
	list := make([]string, 0, len(words))
	for word := range words {
		list = append(list, word)
	}
	slices.Sort(list)
	return list
}

func (c *ledgerCells) currency() string {
	text := c.row.text("currency")
	switch text {
	case "", "人民币", "元":
		return "CNY"
	}
	if len(text) != 3 || strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		c.fail("currency", "currency", fmt.Sprintf("币种 %q 应为三个大写字母，如 CNY、USD", clipText(text)), fmt.Sprintf("the currency %q should be three capital letters, such as CNY or USD", clipText(text)))
		return ""
	}
	return text
}

func (c *ledgerCells) amount(key string) Amount {
	text := c.row.text(key)
	if text == "" {
		c.missing(key)
		return 0
	}
	amount, err := money.ParseAmount(text)
	if err != nil {
		c.fail(key, "amount", fmt.Sprintf("%q 不是金额：应写成 12345678.90，单位元，不写千分位，最多两位小数，不超过 10 万亿", clipText(text)),
			fmt.Sprintf("%q is not an amount: write 12345678.90 in yuan, without separators, at most 2 decimals and below ten trillion", clipText(text)))
		return 0
	}
	if amount < 0 {
		c.fail(key, "negative", fmt.Sprintf("金额 %s 不能为负数", amount), fmt.Sprintf("the amount %s must not be negative", amount))
		return 0
	}
	return amount
}

// rate reads the annual rate. One above 1 is a percentage for certain and is asked about; it is never converted.
func (c *ledgerCells) rate() Decimal {
	text := c.row.text("rate")
	if text == "" {
		c.missing("rate")
		return money.Zero
	}
	rate, err := money.ParseRate(text)
	if err != nil || rate.IsNegative() {
		c.fail("rate", "rate", fmt.Sprintf("%q 不是利率：应写成小数 0.0441，不写 4.41%%，最多 12 位小数", clipText(text)), fmt.Sprintf("%q is not a rate: write the fraction 0.0441, never 4.41%%, at most 12 decimals", clipText(text)))
		return money.Zero
	}
	if rate.GreaterThan(money.One) {
		c.fail("rate", "percent_rate", fmt.Sprintf("利率 %s 大于 1：是否应为 %s？利率写成小数，不写百分数", rate, rate.Shift(-2)), fmt.Sprintf("the rate %s is above 1: did you mean %s? rates are fractions, not percentages", rate, rate.Shift(-2)))
		return money.Zero
	}
	return rate
}

// spread reads the floating spread, which may be negative.
func (c *ledgerCells) spread() Decimal {
	text := c.row.text("spread")
	if text == "" {
		return money.Zero
	}
	spread, err := money.ParseRate(text)
	if err != nil || spread.Abs().GreaterThanOrEqual(money.One) {
		c.fail("spread", "rate", fmt.Sprintf("加点 %q 应写成 -1 到 1 之间的小数，如 0.0035 表示 35 个基点", clipText(text)), fmt.Sprintf("the spread %q should be a fraction between -1 and 1, 0.0035 for 35 basis points", clipText(text)))
		return money.Zero
	}
	return spread
}

// date reads 2026-01-31 or, as spreadsheets write it, 2026/1/31. Only days that exist.
func (c *ledgerCells) date(key string, required bool) time.Time {
	text := c.row.text(key)
	if text == "" {
		if required {
			c.missing(key)
		}
		return time.Time{}
	}
	written := text
	if parsed, err := time.Parse("2006/1/2", text); err == nil {
		written = parsed.Format(time.DateOnly)
	}
	date, err := document.ParseDate(written)
	if err != nil {
		c.fail(key, "date", fmt.Sprintf("%q 不是日期：应写成 2026-01-31（1950 至 2199 年，且确有其日）", clipText(text)), fmt.Sprintf("%q is not a date: write 2026-01-31 (years 1950 to 2199, a day that exists)", clipText(text)))
		return time.Time{}
	}
	return date
}

func (c *ledgerCells) interval() int {
	switch c.word("interval", []string{"1", "2", "4"}, "1", false) {
	case "2":
		return 2
	case "4":
		return 4
	}
	return 1
}

func (c *ledgerCells) flag(key string) bool {
	return c.word(key, []string{"true", "false", "1", "0"}, "false", false) == "true" || c.row.text(key) == "1"
}

// shares reads the shares of a custom repayment, "0.3;0.3;0.4".
func (c *ledgerCells) shares() []Decimal {
	text := c.row.text("custom")
	if text == "" {
		return nil
	}
	var shares []Decimal
	sum := money.Zero
	for _, part := range strings.Split(text, ";") {
		share, err := money.ParseRate(strings.TrimSpace(part))
		if err != nil || share.IsNegative() || len(shares) >= MaxQuarters {
			c.fail("custom", "custom", fmt.Sprintf("各期比例 %q 应写成以分号分隔的小数，如 0.3;0.3;0.4，最多 %d 期", clipText(text), MaxQuarters), fmt.Sprintf("the shares %q should be fractions separated by semicolons, 0.3;0.3;0.4, at most %d", clipText(text), MaxQuarters))
			return nil
		}
		shares, sum = append(shares, share), sum.Add(share)
	}
	if !sum.Equal(money.One) {
		c.fail("custom", "custom", fmt.Sprintf("各期比例之和为 %s，应正好等于 1", sum), fmt.Sprintf("the shares add to %s; they must add to exactly 1", sum))
	}
	return shares
}
