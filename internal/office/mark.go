package office

import (
	"zutuan/internal/store"
)

// MarkStatus is what is said of a legal document.
type MarkStatus string

const (
	MarkRepealed  MarkStatus = "repealed"
	MarkWithdrawn MarkStatus = "withdrawn" // the mark was a mistake
)

// MarkBody says of a legal document that it was repealed; its record's id is the hash of the document's id, because a
// document is called by characters that an id may not have.
type MarkBody struct {
	Document   string     `json:"document"`
	Status     MarkStatus `json:"status"`
	Day        string     `json:"day,omitempty"`
	ReplacedBy string     `json:"replaced_by,omitempty"`
	Note       string     `json:"note,omitempty"`
	Author     string     `json:"author"`
}

// Mark is a mark as people see it.
type Mark struct {
	Meta
	MarkBody
}

var marks = noun[MarkBody]{store.KindMark, func(b *MarkBody) store.Fields { return store.Fields{"status": store.Text(string(b.Status))} }}
