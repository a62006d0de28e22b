package document

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode"

	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

// Reader is one parsed file and the problems found in it so far.
type Reader struct {
	file     string
	root     *node
	problems Problems
}

// Root returns the file's outermost value.
func (r *Reader) Root() Value { return Value{reader: r, node: r.root} }

// Err returns all problems found so far as one error, or nil.
func (r *Reader) Err() error { return r.problems.Err() }

// Problems returns what was found so far.
func (r *Reader) Problems() Problems { return r.problems }

// add records a problem. After MaxProblems one last remark, which sorts first, says that there are more.
func (r *Reader) add(problem Problem) {
	switch {
	case len(r.problems) < MaxProblems:
		r.problems = append(r.problems, problem)
	case len(r.problems) == MaxProblems:
		r.problems = append(r.problems, Problem{File: r.file, Code: "more",
			ZH: fmt.Sprintf("问题超过 %d 个，其余未列出", MaxProblems), EN: fmt.Sprintf("there are more than %d problems; the rest are not listed", MaxProblems)})
	}
}

// fail records a problem after which reading cannot go on.
func (r *Reader) fail(code string, line, column int, zh, en string) error {
	r.add(Problem{File: r.file, Code: code, Line: line, Column: column, ZH: zh, EN: en})
	return r.problems.Err()
}

func (r *Reader) duplicate(name string, line, column int) {
	name = clip(name)
	r.add(Problem{File: r.file, Code: "duplicate_key", Line: line, Column: column, ZH: fmt.Sprintf("键 %q 重复", name), EN: fmt.Sprintf("the key %q appears twice", name)})
}

func (r *Reader) empty() error {
	return r.fail("empty", 0, 0, "文件是空的", "the file is empty")
}

func (r *Reader) tooMany(line int) error {
	return r.fail("too_many", line, 0, fmt.Sprintf("文件超过 %d 个值", MaxNodes), fmt.Sprintf("the file has more than %d values", MaxNodes))
}

func (r *Reader) bound(count *int, depth, line int) error {
	*count++
	if *count > MaxNodes {
		return r.tooMany(line)
	}
	if depth > MaxDepth {
		return r.fail("too_deep", line, 0, fmt.Sprintf("嵌套超过 %d 层", MaxDepth), fmt.Sprintf("nesting is deeper than %d levels", MaxDepth))
	}
	return nil
}

// Value is one value of the file with its path. The zero Value is an absent one: reading it returns zero values and
// adds no problem, so optional parts can be read without asking first.
type Value struct {
	reader *Reader
	node   *node
	path   string
}

// Present reports whether the file holds this value (null counts as absent).
func (v Value) Present() bool { return v.node != nil && v.node.kind != KindNull }

// Path, Line and Kind locate and describe the value.
func (v Value) Path() string { return v.path }

// Line is 1-based, 0 for an absent value.
func (v Value) Line() int {
	if v.node == nil {
		return 0
	}
	return v.node.line
}

// TextColumn returns where a scalar's text begins on its line, 1-based and after an opening quote, so that a mistake
// inside the text can be placed; 0 where that is not known (JSON, a YAML block).
func (v Value) TextColumn() int {
	if v.node == nil {
		return 0
	}
	return v.node.textColumn
}

// Kind returns the value's shape.
func (v Value) Kind() Kind {
	if v.node == nil {
		return KindNull
	}
	return v.node.kind
}

// Problem reports something wrong with this value, found by whoever knows what it means.
func (v Value) Problem(code, zh, en string) {
	if v.reader == nil {
		return
	}
	problem := Problem{File: v.reader.file, Path: v.path, Code: code, ZH: zh, EN: en}
	if v.node != nil {
		problem.Line, problem.Column = v.node.line, v.node.column
	}
	v.reader.add(problem)
}

// Object is a value whose keys are being read; Done reports the keys nobody asked for.
type Object struct {
	Value
	asked map[string]bool
}

// Object reads the value as an object. A value of another kind is a problem and reads as an empty object.
func (v Value) Object() *Object {
	object := &Object{Value: v, asked: map[string]bool{}}
	if v.Present() && v.node.kind != KindObject {
		v.Problem("object", "这里应是一组 键: 值", "a group of key: value is expected here")
		object.node = nil
	}
	return object
}

// Optional returns the value under a key, absent where the file has none.
func (o *Object) Optional(name string) Value {
	o.asked[name] = true
	value := Value{reader: o.reader, path: joinPath(o.path, name)}
	if o.node == nil {
		return value
	}
	for _, entry := range o.node.keys {
		if entry.name == name {
			value.node = entry.value
			return value
		}
	}
	return value
}

// Required is Optional, and reports a missing value.
func (o *Object) Required(name string) Value {
	value := o.Optional(name)
	if o.node != nil && !value.Present() {
		missing := value
		missing.node = &node{line: o.node.line, column: o.node.column}
		missing.Problem("missing", "缺少必填项", "a required value is missing")
	}
	return value
}

// Has reports whether the key is present, and marks it as known.
func (o *Object) Has(name string) bool { return o.Optional(name).Present() }

// Keys returns the keys in file order.
func (o *Object) Keys() []string {
	if o.node == nil {
		return nil
	}
	names := make([]string, len(o.node.keys))
	for i, entry := range o.node.keys {
		names[i] = entry.name
	}
	return names
}

// Done reports every key that was not asked for, with the nearest known ones.
func (o *Object) Done() {
	if o.node == nil {
		return
	}
	known := make([]string, 0, len(o.asked))
	for name := range o.asked {
		known = append(known, name)
	}
	for _, entry := range o.node.keys {
		if o.asked[entry.name] {
			continue
		}
		unknown := Value{reader: o.reader, path: joinPath(o.path, clip(entry.name)), node: &node{line: entry.line}}
		near := Nearest(entry.name, known)
		if len(near) == 0 {
			near = sorted(known)
		}
		list := strings.Join(near, ", ")
		unknown.Problem("unknown_key", "不认识的键；允许的有 "+list, "unknown key; allowed: "+list)
	}
}

// List calls read for each item of a list. A value of another kind is a problem.
func (v Value) List(read func(index int, item Value)) {
	if !v.Present() {
		return
	}
	if v.node.kind != KindList {
		v.Problem("list", "这里应是一个列表", "a list is expected here")
		return
	}
	for i, item := range v.node.items {
		read(i, Value{reader: v.reader, node: item, path: fmt.Sprintf("%s[%d]", v.path, i)})
	}
}

// Len returns the number of items of a list, 0 for anything else.
func (v Value) Len() int {
	if v.Kind() != KindList {
		return 0
	}
	return len(v.node.items)
}

// scalar returns the text of a scalar, or reports that something else stands there.
func (v Value) scalar(zh, en string) (string, bool) {
	if !v.Present() {
		return "", false
	}
	if v.node.kind != KindScalar {
		v.Problem("scalar", "这里应是"+zh, en+" is expected here")
		return "", false
	}
	return v.node.text, true
}

// MaxText bounds one text; names and notes are shorter, and an expression has its own, smaller limit.
const MaxText = 10_000

// String reads any scalar as text, without control characters and at most MaxText characters.
func (v Value) String() string {
	text, ok := v.scalar("文字", "a text")
	if !ok {
		return ""
	}
	if len([]rune(text)) > MaxText {
		v.Problem("text", fmt.Sprintf("文字超过 %d 个字符", MaxText), fmt.Sprintf("the text is longer than %d characters", MaxText))
		return ""
	}
	for _, r := range text {
		if invisible(r) {
			v.Problem("text", "文字里有控制字符", "the text contains a control character")
			return ""
		}
	}
	return text
}

// invisible reports characters that a reader cannot see and that can make a name look like another one: controls, and
// the marks that turn the direction of writing.
func invisible(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// Name is String, and refuses a blank text.
func (v Value) Name() string {
	text := strings.TrimSpace(v.String())
	if v.Present() && v.node.kind == KindScalar && text == "" {
		v.Problem("blank", "不能为空", "must not be blank")
	}
	return text
}

// Enum reads one of the allowed words.
func (v Value) Enum(allowed ...string) string {
	text, ok := v.scalar("一个词", "a word")
	if !ok {
		return ""
	}
	for _, word := range allowed {
		if text == word {
			return text
		}
	}
	list := strings.Join(allowed, ", ")
	v.Problem("enum", fmt.Sprintf("%q 不在允许的取值之内：%s", clip(text), list), fmt.Sprintf("%q is not one of: %s", clip(text), list))
	return ""
}

// Bool reads true or false.
func (v Value) Bool() bool {
	text, ok := v.scalar(" true 或 false", "true or false")
	if !ok {
		return false
	}
	if text != "true" && text != "false" {
		v.Problem("bool", fmt.Sprintf("%q 应为 true 或 false", clip(text)), fmt.Sprintf("%q should be true or false", clip(text)))
	}
	return text == "true"
}

// Int reads a whole number within bounds; an absent value reads as fallback.
func (v Value) Int(low, high, fallback int) int {
	text, ok := v.scalar("整数", "a whole number")
	if !ok {
		return fallback
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < low || number > high {
		v.Problem("integer", fmt.Sprintf("%q 应为 %d 到 %d 的整数", clip(text), low, high), fmt.Sprintf("%q should be a whole number from %d to %d", clip(text), low, high))
		return fallback
	}
	return number
}

// Amount reads an amount that must not be negative.
func (v Value) Amount() money.Amount {
	amount := v.SignedAmount()
	if amount < 0 {
		v.Problem("negative", fmt.Sprintf("金额 %s 不能为负数", amount), fmt.Sprintf("the amount %s must not be negative", amount))
		return 0
	}
	return amount
}

// SignedAmount reads an amount of either sign.
func (v Value) SignedAmount() money.Amount {
	text, ok := v.scalar("金额", "an amount")
	if !ok {
		return 0
	}
	amount, err := money.ParseAmount(text)
	if err != nil {
		v.Problem("amount", fmt.Sprintf("%q 不是金额：应写成 \"12345678.90\"，单位元，最多两位小数，绝对值不超过 10 万亿", clip(text)),
			fmt.Sprintf("%q is not an amount: write \"12345678.90\" in yuan, at most 2 decimals and below ten trillion", clip(text)))
		return 0
	}
	return amount
}

// Number reads a plain decimal within bounds, for what is neither money nor a rate: an area, a plot ratio. An absent
// value reads as zero.
func (v Value) Number(low, high string) money.Decimal {
	text, ok := v.scalar("数字", "a number")
	if !ok {
		return money.Zero
	}
	number, err := money.ParseRate(text)
	if err != nil || number.LessThan(money.MustRate(low)) || number.GreaterThan(money.MustRate(high)) {
		v.Problem("number", fmt.Sprintf("%q 应为 %s 到 %s 的数字", clip(text), low, high), fmt.Sprintf("%q should be a number from %s to %s", clip(text), low, high))
		return money.Zero
	}
	return number
}

// Rate reads a decimal fraction within bounds ("0.0365", never "3.65%"); an absent value reads as zero.
func (v Value) Rate(low, high string) money.Decimal {
	text, ok := v.scalar("小数", "a decimal fraction")
	if !ok {
		return money.Zero
	}
	rate, err := money.ParseRate(text)
	if err != nil || rate.LessThan(money.MustRate(low)) || rate.GreaterThan(money.MustRate(high)) {
		v.Problem("rate", fmt.Sprintf("%q 应为 %s 到 %s 的小数（如 0.0365，不写 3.65%%），最多 12 位小数", clip(text), low, high),
			fmt.Sprintf("%q should be a decimal fraction from %s to %s (0.0365, never 3.65%%), at most 12 decimals", clip(text), low, high))
		return money.Zero
	}
	return rate
}

// Quarter reads "2026Q1".
func (v Value) Quarter() quarter.Quarter {
	text, ok := v.scalar("季度", "a quarter")
	if !ok {
		return 0
	}
	parsed, err := quarter.Parse(text)
	if err != nil {
		v.Problem("quarter", fmt.Sprintf("%q 不是季度：应写成 2026Q1（1950 至 2199 年）", clip(text)), fmt.Sprintf("%q is not a quarter: write 2026Q1 (years 1950 to 2199)", clip(text)))
	}
	return parsed
}

// Date reads "2026-01-31".
func (v Value) Date() time.Time {
	text, ok := v.scalar("日期", "a date")
	if !ok {
		return time.Time{}
	}
	date, err := ParseDate(text)
	if err != nil {
		v.Problem("date", fmt.Sprintf("%q 不是日期：应写成 2026-01-31（1950 至 2199 年）", clip(text)), fmt.Sprintf("%q is not a date: write 2026-01-31 (years 1950 to 2199)", clip(text)))
	}
	return date
}

// ParseDate reads an existing calendar day, "2024-02-29", in UTC.
func ParseDate(text string) (time.Time, error) {
	date, err := time.Parse("2006-01-02", text)
	if err != nil {
		return time.Time{}, err
	}
	if date.Year() < 1950 || date.Year() > 2199 {
		return time.Time{}, fmt.Errorf("year %d is outside 1950 to 2199", date.Year())
	}
	return date, nil
}

// clip shortens what a file wrote before it is repeated in a message.
func clip(text string) string {
	if len(text) <= maxShown {
		return text
	}
	if runes := []rune(text[:min(len(text), 4*maxShown+4)]); len(runes) > maxShown {
		return string(runes[:maxShown]) + "…"
	}
	return text
}

func joinPath(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func sorted(names []string) []string {
	out := append([]string(nil), names...)
	sort.Strings(out)
	return out
}
