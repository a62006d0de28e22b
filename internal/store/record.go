package store

import (
	"time"
)

const (
	// MaxBodyBytes bounds a body. MongoDB keeps at most 16 MiB in one document, and the body shares it with the newest
	// part of the trail.
	MaxBodyBytes = 8 << 20
	// MaxIDBytes and MaxTextBytes bound ids and index texts so that every database can index them.
	MaxIDBytes   = 200
	MaxTextBytes = 800
	// MaxReasonBytes bounds who, action and why of one change.
	MaxReasonBytes = 8 << 10
)

// Record is one record as it stands.
type Record struct {
	Kind string
	// ID is unique within the kind: 1 to MaxIDBytes bytes of UTF-8 without control characters, chosen by the caller.
	ID string
	// Version is 1 after Create and grows by one with each write.
	Version int64
	// Region is the region that the record belongs to; empty for records of no region.
	Region string
	// Created and Updated are UTC, to the millisecond, from the store's clock. Updated never runs backwards.
	Created, Updated time.Time
	// Fields is the index part; fields that are zero are left out.
	Fields Fields
	// Body is canonical JSON (see Canonical), byte for byte as it was written. Empty in a list without bodies.
	Body []byte
	// Head is the hash of the newest entry of the trail.
	Head string
	// Seq is the record's place in the change feed of its kind: later writes have larger ones. 0 for perishable kinds.
	Seq int64
}

// Draft is what a caller wants a record to be; the store adds version, times and trail.
type Draft struct {
	// Kind and ID say which record; Update leaves them as they are and refuses others.
	Kind, ID string
	Region   string
	Fields   Fields
	Body     []byte
}

// Draft is the record as a draft to be changed. Fields are a copy; the body is shared and must not be written into.
func (r Record) Draft() Draft {
	fields := make(Fields, len(r.Fields))
	for name, value := range r.Fields {
		fields[name] = value
	}
	return Draft{Kind: r.Kind, ID: r.ID, Region: r.Region, Fields: fields, Body: r.Body}
}

// Change says who changes a record and why; it goes into the trail with the write.
type Change struct {
	// Who is the acting person or process, never empty.
	Who string
	// Action is the domain's word for the step, "submit"; never empty.
	Action string
	// Why is the reason that was given, where one was asked.
	Why string
}

// Stamp is one line of the change feed.
type Stamp struct {
	ID      string
	Version int64
	Seq     int64
}

// stampOf cuts a moment to what the store keeps.
func stampOf(moment time.Time) time.Time { return time.UnixMilli(moment.UnixMilli()).UTC() }

// checkDraft refuses what some database could not keep, or could not give back unchanged.
func checkDraft(kind Kind, draft Draft) error {
	id := draft.ID
	if id == "" || len(id) > MaxIDBytes || !cleanText(id) {
		return invalid(kind.Name, id, "编号应为 1 至 %d 字节的文字，不含控制字符", "an id is 1 to %d bytes of text without control characters", MaxIDBytes)
	}
	if len(draft.Region) > MaxTextBytes || !cleanText(draft.Region) {
		return invalid(kind.Name, id, "地区编号过长或含控制字符", "the region is too long or holds control characters")
	}
	for _, name := range draft.Fields.Names() {
		value := draft.Fields[name]
		declared, ok := kind.Field(name)
		if !ok || declared.Type != value.Type() {
			return invalid(kind.Name, id, "索引字段 %s 未声明或类型不符(%s)", "index field %s is not declared as %s", name, value.Type())
		}
		if len(value.Text()) > MaxTextBytes || !cleanText(value.Text()) {
			return invalid(kind.Name, id, "索引字段 %s 过长（至多 %d 字节）或含控制字符", "index field %s is longer than %d bytes or holds control characters", name, MaxTextBytes)
		}
	}
	if len(draft.Body) > MaxBodyBytes {
		return &Error{Code: CodeTooLarge, Kind: kind.Name, ID: id,
			ZH: "内容过大：至多 8 MiB，请拆分附件", EN: "the body is larger than 8 MiB; keep attachments apart"}
	}
	return nil
}

func checkChange(kind Kind, id string, change Change) error {
	if change.Who == "" || change.Action == "" {
		return invalid(kind.Name, id, "修改须写明何人、何事", "a change needs who and action")
	}
	if len(change.Who)+len(change.Action)+len(change.Why) > MaxReasonBytes || !cleanText(change.Who) || !cleanText(change.Action) || !validText(change.Why) {
		return invalid(kind.Name, id, "修改说明过长或含无效字符", "who, action and why are too long together or hold invalid characters")
	}
	return nil
}
