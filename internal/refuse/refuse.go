// Package refuse holds the one form in which the service says no: what kind of no it is, a stable code, a sentence in
// both languages that tells a person what to do, and every single point at once. Whatever is not an *Error is a fault
// of the service, not of the person.
package refuse

import (
	"fmt"
	"strings"

	"zutuan/internal/document"
	"zutuan/internal/money"
)

// Kind says what sort of refusal it is; the API maps each to one status.
type Kind string

const (
	// KindUnknown is what does not exist, or must not be known to exist.
	KindUnknown Kind = "unknown"
	// KindUnauthenticated asks the person to sign in.
	KindUnauthenticated Kind = "unauthenticated"
	// KindForbidden is a step that the person may see but not take.
	KindForbidden Kind = "forbidden"
	// KindMalformed is an input that does not have the form of the API description.
	KindMalformed Kind = "malformed"
	// KindInvalid is an input of the right form whose content cannot be accepted.
	KindInvalid Kind = "invalid"
	// KindConflict is a step that the present state does not allow.
	KindConflict Kind = "conflict"
	// KindStale is a write made against an older version; KindUnconditional one that names no version.
	KindStale         Kind = "stale"
	KindUnconditional Kind = "unconditional"
	// KindLocked is a sign-in refused after too many failures; KindTooMany a limit on requests.
	KindLocked  Kind = "locked"
	KindTooMany Kind = "too_many"
	// KindTooLarge is an input beyond the bounds.
	KindTooLarge Kind = "too_large"
	// KindUnready is a part of the service that is not there now; trying again later helps.
	KindUnready Kind = "unready"
)

// Point is one thing that is wrong, or one condition that is missing.
type Point struct {
	// Code is stable and machine-readable.
	Code string `json:"code"`
	// Pointer is the JSON pointer into the request body ("/requirement/units/0/code"), or the name of a parameter.
	Pointer string `json:"pointer,omitempty"`
	// File, Path, Line and Column place it in an uploaded text; line and column are 1-based.
	File   string `json:"file,omitempty"`
	Path   string `json:"path,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	ZH     string `json:"zh"`
	EN     string `json:"en"`
}

// Error is a refusal.
type Error struct {
	Kind Kind
	// Code is stable and machine-readable: "gate", "not_found", "waiver_own".
	Code   string
	ZH, EN string
	Points []Point
	// Version is the record's present version for KindStale; RetryAfterSeconds is set for KindLocked, KindTooMany and
	// KindUnready.
	Version           int64
	RetryAfterSeconds int
}

// Error prints the English text with every point on a line of its own.
func (e *Error) Error() string { return e.In(money.English) }

// In prints the refusal in one language, every point on a line of its own.
func (e *Error) In(language money.Language) string {
	pick := func(zh, en string) string {
		if language == money.English {
			return en
		}
		return zh
	}
	lines := []string{pick(e.ZH, e.EN)}
	for _, point := range e.Points {
		lines = append(lines, "  "+pick(point.ZH, point.EN))
	}
	return strings.Join(lines, "\n")
}

// Is lets errors.Is compare codes, or kinds where the target has no code.
func (e *Error) Is(target error) bool {
	other, ok := target.(*Error)
	return ok && (other.Code == e.Code && other.Code != "" || other.Code == "" && other.Kind == e.Kind)
}

// New makes a refusal.
func New(kind Kind, code, zh, en string) *Error {
	return &Error{Kind: kind, Code: code, ZH: zh, EN: en}
}

// Newf makes a refusal whose two texts take the same arguments in the same order.
func Newf(kind Kind, code, zh, en string, args ...any) *Error {
	return New(kind, code, fmt.Sprintf(zh, args...), fmt.Sprintf(en, args...))
}

// With adds a point.
func (e *Error) With(points ...Point) *Error {
	e.Points = append(e.Points, points...)
	return e
}

// nouns are the kinds of records as people call them in Chinese; whatever is not here is a 记录.
var nouns = map[string]string{
	"region": "地区", "institution": "机构", "zone": "边合区", "fiscal_profile": "财政概况", "ledger": "存量债务台账", "market": "市场数据",
	"requirement": "资金需求", "product": "产品", "product_version": "产品版本", "pack": "规则包", "pack_version": "规则包版本", "draft": "草稿", "impact": "影响测算",
	"plan": "方案", "waiver": "豁免", "offer": "报价", "override": "地方参数", "match": "匹配结果", "assessment": "评估", "job": "任务",
	"notification": "通知", "user": "账号", "token": "访问令牌", "document": "文件",
}

// Unknown is the answer for what is not there and for what a person may not see; both read the same.
func Unknown(kind, id string) *Error {
	noun, known := nouns[kind]
	if !known {
		noun = "记录"
	}
	return New(KindUnknown, "not_found", fmt.Sprintf("没有编号为 %s 的%s，或您无权查看", id, noun), fmt.Sprintf("there is no %s %q, or you may not see it", strings.ReplaceAll(kind, "_", " "), id))
}

// Problems turns what is wrong with an uploaded document into a refusal. prefix is the JSON pointer of the document in
// the request body, empty where the body is the document.
func Problems(problems document.Problems, prefix string) *Error {
	e := New(KindInvalid, "document", "提交的内容有误，请逐条更正后重新提交", "the document has mistakes; mend each and send it again")
	for _, p := range problems {
		point := Point{Code: p.Code, File: p.File, Path: p.Path, Line: p.Line, Column: p.Column, ZH: p.ZH, EN: p.EN}
		if prefix != "" || p.Path != "" {
			point.Pointer = prefix + pointer(p.Path)
		}
		e.Points = append(e.Points, point)
	}
	return e
}

// pointer writes a document path, units[1].start.when, as a JSON pointer.
func pointer(path string) string {
	if path == "" {
		return ""
	}
	path = strings.NewReplacer("~", "~0", "/", "~1", "[", ".", "]", "").Replace(path)
	return "/" + strings.ReplaceAll(path, ".", "/")
}
