package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"sort"
	"strconv"
	"strings"
)

const (
	// maxChanges and maxChangesBytes bound one entry of a trail, so that a trail's newest part fits beside the body.
	maxChanges      = 1000
	maxChangesBytes = 96 << 10
	// maxChangeValueBytes bounds one old or new value; a longer one is kept as its length and SHA-256.
	maxChangeValueBytes = 2 << 10
)

// FieldChange is one difference between two versions of a record.
type FieldChange struct {
	// Path is the JSON pointer (RFC 6901) of the field within the body; "@region" and "@index/<field>" stand for what
	// lies beside the body.
	Path string `json:"path"`
	// Old and New are the canonical JSON of both sides; absent where the field was not there.
	Old json.RawMessage `json:"old,omitempty"`
	New json.RawMessage `json:"new,omitempty"`
}

// difference lists what changed, in order of the bodies' fields; more counts changes beyond the bounds.
type difference struct {
	changes []FieldChange
	size    int
	more    int
}

func (d *difference) add(path string, old, new any) {
	change := FieldChange{Path: path, Old: short(old), New: short(new)}
	size := len(path) + len(change.Old) + len(change.New)
	if len(d.changes) == maxChanges || d.size+size > maxChangesBytes {
		d.more++
		return
	}
	d.size += size
	d.changes = append(d.changes, change)
}

// absent marks the side on which a field does not exist; JSON's null is a value.
type absent struct{}

func short(value any) json.RawMessage {
	if _, none := value.(absent); none {
		return nil
	}
	text := encode(value)
	if len(text) <= maxChangeValueBytes {
		return text
	}
	sum := sha256.Sum256(text)
	return encode(fmt.Sprintf("sha256:%s (%d bytes)", hex.EncodeToString(sum[:]), len(text)))
}

// compare walks two bodies side by side. Arrays are compared place by place.
func (d *difference) compare(path string, old, new any) {
	switch o := old.(type) {
	case map[string]any:
		if n, ok := new.(map[string]any); ok {
			d.compareObjects(path, o, n)
			return
		}
	case []any:
		if n, ok := new.([]any); ok {
			d.compareArrays(path, o, n)
			return
		}
	}
	if !reflect.DeepEqual(old, new) {
		d.add(path, old, new)
	}
}

func (d *difference) compareObjects(path string, old, new map[string]any) {
	keys := make([]string, 0, len(old)+len(new))
	for key := range old {
		keys = append(keys, key)
	}
	for key := range new {
		if _, both := old[key]; !both {
			keys = append(keys, key)
		}
	}
	sort.Strings(keys)
	for _, key := range keys {
		place := path + "/" + pointerEscapes.Replace(key)
		o, before := old[key]
		n, after := new[key]
		switch {
		case !before:
			d.add(place, absent{}, n)
		case !after:
			d.add(place, o, absent{})
		default:
			d.compare(place, o, n)
		}
	}
}

func (d *difference) compareArrays(path string, old, new []any) {
	for i := 0; i < len(old) || i < len(new); i++ {
		place := path + "/" + strconv.Itoa(i)
		switch {
		case i >= len(old):
			d.add(place, absent{}, new[i])
		case i >= len(new):
			d.add(place, old[i], absent{})
		default:
			d.compare(place, old[i], new[i])
		}
	}
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// differences compares a record with what it becomes.
func differences(old Record, oldTree any, next Draft, newTree any) difference {
	var d difference
	if !bytes.Equal(old.Body, next.Body) {
		d.compare("", oldTree, newTree)
	}
	if old.Region != next.Region {
		d.add("@region", old.Region, next.Region)
	}
	names := map[string]bool{}
	for _, name := range append(old.Fields.Names(), next.Fields.Names()...) {
		names[name] = true
	}
	ordered := make([]string, 0, len(names))
	for name := range names {
		ordered = append(ordered, name)
	}
	sort.Strings(ordered)
	for _, name := range ordered {
		if o, n := old.Fields[name], next.Fields[name]; o.IsZero() != n.IsZero() || (!o.IsZero() && o != n) {
			d.add("@index/"+name, side(o), side(n))
		}
	}
	return d
}

func side(value Value) any {
	if value.IsZero() {
		return absent{}
	}
	return value.plain()
}
