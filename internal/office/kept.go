package office

import (
	"bytes"
	"context"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

// Meta is what every record shows beside its own content.
type Meta struct {
	ID string `json:"id"`
	// Version is the ETag of the record.
	Version   int64     `json:"version"`
	Region    string    `json:"region,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

func metaOf(r store.Record) Meta {
	return Meta{ID: r.ID, Version: r.Version, Region: r.Region, CreatedAt: r.Created, UpdatedAt: r.Updated}
}

// Page is one page of a list; Next is the cursor of the following one, empty on the last.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

// Paging is how a page is asked for.
type Paging struct {
	Limit int
	After string
}

// NewID makes an id that sorts by time: a prefix, 48 bits of milliseconds and 80 of chance.
func (o *Office) NewID(prefix string) (string, error) {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], uint64(o.clock().UnixMilli())<<16)
	if _, err := io.ReadFull(o.random, raw[6:]); err != nil {
		return "", fmt.Errorf("make an id: %w", err)
	}
	return prefix + "_" + strings.ToLower(idEncoding.EncodeToString(raw[:])), nil
}

// idEncoding keeps the order of what it encodes.
var idEncoding = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// bodyOf reads a record's body into a noun's struct. A body that does not fit was not written by this program.
func bodyOf[T any](r store.Record) (T, error) {
	var body T
	text := r.Body
	// A document is most of the body that holds it. It is taken out as it stands, instead of being read twice by the
	// decoder on its way.
	if holder, ok := any(&body).(documented); ok {
		var document []byte
		if text, document = cutMember(text, documentMember); document != nil {
			*holder.documentPlace() = document
		}
	}
	if err := json.Unmarshal(text, &body); err != nil {
		return body, fmt.Errorf("read %s %s: %w", r.Kind, r.ID, err)
	}
	return body, nil
}

// documented is a body that holds a document as it was handed in, under documentMember.
type documented interface{ documentPlace() *json.RawMessage }

const documentMember = "document"

func (b *RequirementBody) documentPlace() *json.RawMessage { return &b.Document }
func (b *PlanBody) documentPlace() *json.RawMessage        { return &b.Document }
func (b *LedgerBody) documentPlace() *json.RawMessage      { return &b.Document }

// bodyWithoutDocument reads a record's body for lists, which do not show documents.
func bodyWithoutDocument[T any](r store.Record) (T, error) {
	r.Body, _ = cutMember(r.Body, documentMember)
	return bodyOf[T](r)
}

// cutMember takes a member out of an object in canonical JSON, which has no blanks; value is nil where it is not there.
func cutMember(object []byte, member string) (rest, value []byte) {
	for at := 1; at < len(object)-1; {
		colon := min(at+valueLength(object[at:]), len(object)-1)
		end := colon + 1 + valueLength(object[colon+1:])
		if string(object[at:colon]) != `"`+member+`"` {
			at = end + 1
			continue
		}
		value = object[colon+1 : end : end]
		// One comma goes with it: the one behind, or the one before where it is the last.
		if end < len(object)-1 {
			end++
		} else if at > 1 {
			at--
		}
		return append(bytes.Clone(object[:at]), object[end:]...), value
	}
	return object, nil
}

// valueLength is how long the value is that a text begins with: up to a comma, a colon or a bracket that is not its own.
func valueLength(text []byte) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return i
			}
		case ',', ':':
			if depth == 0 {
				return i
			}
		}
	}
	return len(text)
}

// draftOf makes what the store keeps of a noun.
func draftOf(kind, id, region string, fields store.Fields, body any) (store.Draft, error) {
	text, err := store.Canonical(body)
	if err != nil {
		return store.Draft{}, fmt.Errorf("write %s %s: %w", kind, id, err)
	}
	return store.Draft{Kind: kind, ID: id, Region: region, Fields: fields, Body: text}, nil
}

// noun ties a kind of record to its body: which index fields follow from it. Every write of the kind goes through it, so
// index and body cannot disagree.
type noun[T any] struct {
	kind string
	// fields returns the index part; nil where the kind has none.
	fields func(body *T) store.Fields
}

func (n noun[T]) draft(id, region string, body *T) (store.Draft, error) {
	var fields store.Fields
	if n.fields != nil {
		fields = n.fields(body)
	}
	return draftOf(n.kind, id, region, fields, body)
}

func (n noun[T]) create(ctx context.Context, o *Office, id, region string, body *T, change store.Change) (store.Record, error) {
	draft, err := n.draft(id, region, body)
	if err != nil {
		return store.Record{}, err
	}
	record, err := o.store.Create(ctx, draft, change)
	return record, refusal(err)
}

func (n noun[T]) get(ctx context.Context, o *Office, id string) (store.Record, T, error) {
	var body T
	record, err := o.store.Get(ctx, n.kind, id)
	if err != nil {
		return record, body, refusal(err)
	}
	body, err = bodyOf[T](record)
	return record, body, err
}

// update changes a record through mend, which sees the record as it stands and may refuse; mend may run several times.
// expected is the version that the person saw; 0 repeats mend on whatever stands.
func (n noun[T]) update(ctx context.Context, o *Office, id string, expected int64, change store.Change, mend func(store.Record, *T) error) (store.Record, T, error) {
	var body T
	record, err := o.store.Update(ctx, n.kind, id, expected, change, func(r store.Record) (store.Draft, error) {
		var err error
		if body, err = bodyOf[T](r); err != nil {
			return store.Draft{}, err
		}
		if err := mend(r, &body); err != nil {
			return store.Draft{}, err
		}
		return n.draft(r.ID, r.Region, &body)
	})
	return record, body, refusal(err)
}

// conditional refuses a write of a person who names no version.
func conditional(expected int64) error {
	if expected > 0 {
		return nil
	}
	return refuse.New(refuse.KindUnconditional, "if_match", "请带上所依据的版本号（If-Match）；先读取记录，再按其版本修改", "name the version that you saw (If-Match): read the record, then change that version")
}

// visible narrows a list to what the actor may see of it by region. ok is false where the actor sees nothing.
func (o *Office) visible(ctx context.Context, actor permit.Actor, operation permit.Operation, wanted string) (filters []store.Filter, err error) {
	tree, err := o.Tree(ctx)
	if err != nil {
		return nil, err
	}
	if wanted != "" && !tree.Has(wanted) {
		return nil, refuse.Newf(refuse.KindInvalid, "region", "没有地区 %q", "there is no region %q", wanted)
	}
	scope := permit.ScopeOf(actor.Role, operation)
	switch {
	case actor.System || scope == permit.ScopeAll:
		if wanted == "" {
			return nil, nil
		}
		return []store.Filter{store.Regions(tree.Subtree(wanted))}, nil
	case scope == permit.ScopeRegion:
		top := actor.Region
		if wanted != "" {
			if !tree.Within(wanted, top) {
				return []store.Filter{store.Regions(nil)}, nil
			}
			top = wanted
		}
		return []store.Filter{store.Regions(tree.Subtree(top))}, nil
	}
	return nil, forbidden(operation)
}

// pageOf reads a page of records into views.
func pageOf[T any](page store.Page, err error, view func(store.Record) (T, error)) (Page[T], error) {
	out := Page[T]{Items: []T{}}
	if err != nil {
		return out, refusal(err)
	}
	for _, record := range page.Records {
		item, err := view(record)
		if err != nil {
			return out, err
		}
		out.Items = append(out.Items, item)
	}
	out.Next = page.Next
	return out, nil
}

// TrailEntry is one step of a record's audit trail as people see it.
type TrailEntry struct {
	Version int64     `json:"version"`
	At      time.Time `json:"at"`
	Who     string    `json:"who"`
	// WhoName is what the account is called now; empty for the service itself and for accounts that are gone.
	WhoName string              `json:"who_name,omitempty"`
	Action  string              `json:"action"`
	Why     string              `json:"why,omitempty"`
	Changes []store.FieldChange `json:"changes"`
	More    int                 `json:"more_changes,omitempty"`
	Hash    string              `json:"hash"`
}

// trail reads a record's trail; the caller has made sure that the actor may see the record.
func (o *Office) trail(ctx context.Context, kind, id string) ([]TrailEntry, error) {
	entries, err := o.store.Trail(ctx, kind, id)
	if err != nil {
		return nil, refusal(err)
	}
	return o.NamedTrail(ctx, entries), nil
}

// NamedTrail writes a trail as people see it, with the names of whoever acted.
func (o *Office) NamedTrail(ctx context.Context, entries []store.Entry) []TrailEntry {
	out, names := trailOf(entries), map[string]string{}
	for i := range out {
		name, known := names[out[i].Who]
		if !known {
			name = o.nameOf(ctx, out[i].Who)
			names[out[i].Who] = name
		}
		out[i].WhoName = name
	}
	return out
}

// nameOf is what an account is called, empty where it is none. A trail is shown without names rather than not at all.
func (o *Office) nameOf(ctx context.Context, account string) string {
	record, err := o.store.Get(ctx, store.KindUser, account)
	if err != nil {
		return ""
	}
	body, err := bodyOf[struct {
		Name        string `json:"name"`
		DisplayName string `json:"display_name"`
	}](record)
	if err != nil || body.DisplayName == "" {
		return body.Name
	}
	return body.DisplayName
}

func trailOf(entries []store.Entry) []TrailEntry {
	out := make([]TrailEntry, len(entries))
	for i, e := range entries {
		out[i] = TrailEntry{Version: e.Version, At: e.At(), Who: e.Who, Action: e.Action, Why: e.Why, Changes: e.Changes, More: e.MoreChanges, Hash: e.Hash}
		if out[i].Changes == nil {
			out[i].Changes = []store.FieldChange{}
		}
	}
	return out
}

// already reports whether an error says that a record is there; writing an immutable record of the same content twice
// is no matter.
func already(err error) bool { return errors.Is(err, store.ErrExists) }

// day writes a business day, empty for none.
func day(date time.Time) string {
	if date.IsZero() {
		return ""
	}
	return date.Format(time.DateOnly)
}

// parseDay reads a business day, none for an empty text. Days that were kept are well formed.
func parseDay(text string) time.Time {
	date, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}
	}
	return date
}
