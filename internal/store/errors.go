package store

import (
	"fmt"
	"time"
)

// Code names a kind of refusal; the service maps it to an answer in one table.
type Code string

const (
	CodeNotFound  Code = "not_found"
	CodeExists    Code = "exists"
	CodeConflict  Code = "conflict"
	CodeDuplicate Code = "duplicate"
	CodeImmutable Code = "immutable"
	CodeInvalid   Code = "invalid"
	CodeTooLarge  Code = "too_large"
	CodeCursor    Code = "cursor"
	CodeHeld      Code = "held"
	CodeOverflow  Code = "overflow"
	CodeBroken    Code = "broken"
)

// Error is a refusal by the store, told to a person in both languages. Whatever is not an *Error is a failure of the
// database, of the network or of the caller's context, and says so in its own words.
type Error struct {
	Code Code
	// Kind and ID name the record, where one is meant.
	Kind, ID string
	// Field is the index field of a duplicate or of an invalid query.
	Field string
	// Version is the record's present version for a conflict, and the version of the broken entry for a break; 0
	// where the break is not in one entry.
	Version int64
	// Until is the moment at which a lease that is held ends.
	Until  time.Time
	ZH, EN string
}

func (e *Error) Error() string {
	if e.Kind == "" {
		return e.EN
	}
	return fmt.Sprintf("%s %q: %s", e.Kind, e.ID, e.EN)
}

// Is lets errors.Is(err, ErrConflict) ask for the code alone.
func (e *Error) Is(target error) bool {
	other, ok := target.(*Error)
	return ok && other.Code == e.Code
}

// One value for each code, for errors.Is.
var (
	ErrNotFound  = &Error{Code: CodeNotFound, ZH: "没有这条记录", EN: "no such record"}
	ErrExists    = &Error{Code: CodeExists, ZH: "记录已存在", EN: "the record exists already"}
	ErrConflict  = &Error{Code: CodeConflict, ZH: "记录已被他人修改", EN: "the record was changed by somebody else"}
	ErrDuplicate = &Error{Code: CodeDuplicate, ZH: "该值已被使用", EN: "the value is in use"}
	ErrImmutable = &Error{Code: CodeImmutable, ZH: "此类记录写入后不可修改", EN: "records of this kind never change"}
	ErrInvalid   = &Error{Code: CodeInvalid, ZH: "内容无效", EN: "not valid"}
	ErrTooLarge  = &Error{Code: CodeTooLarge, ZH: "内容过大", EN: "too large"}
	ErrCursor    = &Error{Code: CodeCursor, ZH: "翻页标记与查询不符", EN: "the cursor does not belong to this query"}
	ErrHeld      = &Error{Code: CodeHeld, ZH: "租约由他人持有", EN: "somebody else holds the lease"}
	ErrOverflow  = &Error{Code: CodeOverflow, ZH: "合计超出范围", EN: "the sum leaves the range of whole numbers"}
	ErrBroken    = &Error{Code: CodeBroken, ZH: "记录与其审计链不符", EN: "the record disagrees with its audit trail"}
)

// NotFound, Exists and the like name the record that a refusal is about.
func NotFound(kind, id string) error {
	return &Error{Code: CodeNotFound, Kind: kind, ID: id, ZH: ErrNotFound.ZH, EN: ErrNotFound.EN}
}

// Exists refuses a second record of one id.
func Exists(kind, id string) error {
	return &Error{Code: CodeExists, Kind: kind, ID: id, ZH: ErrExists.ZH, EN: ErrExists.EN}
}

// Conflict refuses a write that was made against another version; current is the version that stands.
func Conflict(kind, id string, current int64) error {
	return &Error{Code: CodeConflict, Kind: kind, ID: id, Version: current,
		ZH: fmt.Sprintf("记录已被他人修改，现为第 %d 版；请重新读取后再改", current),
		EN: fmt.Sprintf("changed by somebody else, now version %d; read it again and repeat the change", current)}
}

// Duplicate refuses a value of a unique field that another record of the kind carries.
func Duplicate(kind, id, field string) error {
	return &Error{Code: CodeDuplicate, Kind: kind, ID: id, Field: field,
		ZH: fmt.Sprintf("%s 的值已被另一条记录使用，请换一个", field),
		EN: fmt.Sprintf("another record carries the same %s; choose another", field)}
}

// Overflow refuses a sum outside the int64.
func Overflow(kind, field string) error {
	return &Error{Code: CodeOverflow, Kind: kind, Field: field,
		ZH: fmt.Sprintf("%s 的合计超出范围，请缩小查询范围", field), EN: fmt.Sprintf("the sum of %s leaves the range of an int64; narrow the query", field)}
}

// Broken reports that what the database holds is not what was written.
func Broken(kind, id string, version int64, zh, en string) error {
	return &Error{Code: CodeBroken, Kind: kind, ID: id, Version: version, ZH: zh, EN: en}
}

func invalid(kind, id, zh, en string, args ...any) error {
	return &Error{Code: CodeInvalid, Kind: kind, ID: id, ZH: fmt.Sprintf(zh, args...), EN: fmt.Sprintf(en, args...)}
}
