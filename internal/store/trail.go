package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash"
	"strconv"
	"time"
)

// Entry is one step of a record's audit trail: the write that made one version. Entry n of a trail describes version n,
// so a missing entry shows. Each entry holds the hash of the one before; its own hash covers everything in it and the
// state of the record after the write.
type Entry struct {
	// Version is the record's version after the write.
	Version int64 `json:"version"`
	// AtMs is the moment of the write in milliseconds since 1970, UTC; the record's Updated.
	AtMs   int64  `json:"at_ms"`
	Who    string `json:"who"`
	Action string `json:"action"`
	Why    string `json:"why,omitempty"`
	// Changes are the field-level differences from the version before; empty for the first version, whose content is
	// the body itself.
	Changes []FieldChange `json:"changes,omitempty"`
	// MoreChanges counts differences beyond the bounds of one entry.
	MoreChanges int `json:"more_changes,omitempty"`
	// Body is the SHA-256 of the body at this version, in hexadecimal.
	Body string `json:"body"`
	// State is the SHA-256 of everything else of the record at this version: region, times and index part.
	State string `json:"state"`
	// Previous is the hash of the entry before; empty at the first.
	Previous string `json:"previous,omitempty"`
	// Hash is the SHA-256 of this entry.
	Hash string `json:"hash"`
}

// At is the moment of the write.
func (e Entry) At() time.Time { return time.UnixMilli(e.AtMs).UTC() }

// ordered hashes named parts, each led by its name and length, so that no two lists of parts have the same bytes.
type ordered struct{ hash hash.Hash }

func newOrdered(format string) ordered {
	o := ordered{sha256.New()}
	o.hash.Write([]byte(format + "\n"))
	return o
}

func (o ordered) part(name string, value string) {
	o.hash.Write([]byte(name + ":" + strconv.Itoa(len(value)) + ":"))
	o.hash.Write([]byte(value))
	o.hash.Write([]byte{'\n'})
}

func (o ordered) number(name string, value int64) { o.part(name, strconv.FormatInt(value, 10)) }

func (o ordered) sum() string { return hex.EncodeToString(o.hash.Sum(nil)) }

// entryHash covers the record's name too, so that an entry cannot be moved to another record. The order of the parts
// is the format; a new part needs a new format name.
func entryHash(kind, id string, e Entry) string {
	o := newOrdered("zutuan entry 1")
	o.part("kind", kind)
	o.part("id", id)
	o.number("version", e.Version)
	o.number("at_ms", e.AtMs)
	o.part("who", e.Who)
	o.part("action", e.Action)
	o.part("why", e.Why)
	for _, change := range e.Changes {
		o.part("path", change.Path)
		o.part("old", string(change.Old))
		o.part("new", string(change.New))
	}
	o.number("more_changes", int64(e.MoreChanges))
	o.part("body", e.Body)
	o.part("state", e.State)
	o.part("previous", e.Previous)
	return o.sum()
}

func bodyHash(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

func stateHash(r Record) string {
	o := newOrdered("zutuan state 1")
	o.part("kind", r.Kind)
	o.part("id", r.ID)
	o.number("version", r.Version)
	o.part("region", r.Region)
	o.number("created_ms", r.Created.UnixMilli())
	o.number("updated_ms", r.Updated.UnixMilli())
	o.part("fields", string(encode(r.Fields)))
	return o.sum()
}

// sealed makes the entry of a write: the record as it will stand, what changed, and the head of the trail before.
func sealed(r Record, change Change, d difference, previous string) Entry {
	e := Entry{Version: r.Version, AtMs: r.Updated.UnixMilli(), Who: change.Who, Action: change.Action, Why: change.Why,
		Changes: d.changes, MoreChanges: d.more, Body: bodyHash(r.Body), State: stateHash(r), Previous: previous}
	e.Hash = entryHash(r.Kind, r.ID, e)
	return e
}

// parseEntry reads an entry as it is kept; it must be, byte for byte, what would be written again.
func parseEntry(text []byte) (Entry, bool) {
	var e Entry
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&e); err != nil {
		return e, false
	}
	return e, bytes.Equal(encode(e), text)
}

// checkWhole recomputes a record's trail and compares its newest entry with the record.
func checkWhole(kind Kind, whole Whole) error {
	r := whole.Record
	broken := func(version int64, zh, en string) error { return Broken(kind.Name, r.ID, version, zh, en) }
	if len(whole.Trail) == 0 {
		return broken(r.Version, "审计链缺失", "the audit trail is missing")
	}
	expected, previous := int64(1), ""
	var last Entry
	for i, text := range whole.Trail {
		entry, ok := parseEntry(text)
		if kind.Brief && i == 0 {
			expected, previous = r.Version, entry.Previous
		}
		switch {
		case !ok:
			return broken(expected, "审计条目无法辨认或被改动", "the entry cannot be read, or bytes of it were changed")
		case entry.Version != expected:
			return broken(expected, "审计条目缺失或次序错误", "the entry is missing or out of order")
		case entry.Previous != previous:
			return broken(expected, "审计条目与前一条的哈希不符", "the entry does not continue the one before")
		case entry.Hash != entryHash(kind.Name, r.ID, entry):
			return broken(expected, "审计条目的哈希不符，内容被改动", "the entry's hash differs; its content was changed")
		}
		last, previous, expected = entry, entry.Hash, expected+1
	}
	switch {
	case last.Version != r.Version:
		return broken(last.Version+1, "审计链被截断", "the audit trail ends before the record's version")
	case r.Head != last.Hash:
		return broken(r.Version, "记录所存链头与审计链不符", "the record's head is not the hash of the newest entry")
	case last.Body != bodyHash(r.Body):
		return broken(r.Version, "记录内容与审计链所存哈希不符", "the body is not the one that was written")
	case last.State != stateHash(r):
		return broken(r.Version, "记录的地区、时间或索引部分被改动", "region, times or index part are not those that were written")
	}
	return nil
}
