package store

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The promises of Store are tested on the databases (package storetest). Here are the leaves: the hash format, which
// must never change, canonical JSON, differences and cursors.

// Ensure the format of the hashes stays: the expected ones are printed by testdata/hashes.py, which shares no code.
func TestHashesAreThoseOfTheFormat(t *testing.T) {
	r := Record{Kind: "note", ID: "GX-1", Version: 2, Region: "451481", Created: time.UnixMilli(1782864000123), Updated: time.UnixMilli(1782864001000),
		Fields: Fields{"name": Text("凭祥"), "amount": Amount(-5), "done": Bool(false)}, Body: []byte(`{"n":2}`)}
	d := difference{changes: []FieldChange{{Path: "/n", Old: []byte(`1`), New: []byte(`2`)}}}
	e := sealed(r, Change{Who: "张三", Action: "edit", Why: "测试"}, d, strings.Repeat("0", 64))
	got := []string{e.State, e.Body, e.Hash}
	expected := []string{
		"099260ebe4c9238c12b875161cfcfcc24b86b223a7fce642b47cfb318f8c31b9",
		"363379742f80b51bdb9206579af7754911543079b9399cb3fc315fb199f476e8",
		"3149ed0ec494fcaaa70869f52d219b4aa056bc73525f1cc90baef450cbc8bcd1",
	}
	if difference := cmp.Diff(expected, got); difference != "" {
		t.Errorf("state, body, entry (-want +got):\n%s", difference)
	}
	back, ok := parseEntry(encode(e))
	if difference := cmp.Diff(e, back); !ok || difference != "" {
		t.Errorf("an entry does not survive being kept: %v\n%s", ok, difference)
	}
}

func TestCanonical(t *testing.T) {
	for _, test := range []struct {
		name  string
		value any
		text  string
	}{
		{"keys in order of bytes", map[string]any{"b": 1, "a": 2, "中": 3, "B": 4}, `{"B":4,"a":2,"b":1,"中":3}`},
		{"fields of a struct too", struct{ B, A int }{1, 2}, `{"A":2,"B":1}`},
		{"no needless escapes", "<&>'中\u00e9", `"<&>'中é"`},
		{"null, lists and truth", []any{nil, true, []int{}}, `[null,true,[]]`},
		{"a whole number above 2^53", int64(9007199254740993), `9007199254740993`},
	} {
		t.Run(test.name, func(t *testing.T) {
			text, err := Canonical(test.value)
			if err != nil || string(text) != test.text {
				t.Errorf("got %s, %v; want %s", text, err, test.text)
			}
		})
	}
	if _, err := Canonical(func() {}); err == nil {
		t.Error("a function was written as JSON")
	}
}

func TestDifferences(t *testing.T) {
	for _, test := range []struct {
		name, old, new string
		paths          []string
	}{
		{"nothing", `{"a":1}`, `{"a":1}`, nil},
		{"a nested value", `{"a":{"b":[1,2]}}`, `{"a":{"b":[1,3]}}`, []string{"/a/b/1"}},
		{"a key with slash and tilde", `{"a/b":1,"c~d":1}`, `{"a/b":2,"c~d":2}`, []string{"/a~1b", "/c~0d"}},
		{"a list that grew and one that shrank", `{"a":[1],"b":[1,2]}`, `{"a":[1,2],"b":[1]}`, []string{"/a/1", "/b/1"}},
		{"another type", `{"a":{"b":1}}`, `{"a":[1]}`, []string{"/a"}},
		{"null is not absent", `{"a":null}`, `{}`, []string{"/a"}},
		{"1.0 is written differently from 1", `{"a":1.0}`, `{"a":1}`, []string{"/a"}},
		{"the whole body", `1`, `2`, []string{""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			before, _ := parseTree([]byte(test.old))
			after, _ := parseTree([]byte(test.new))
			d := differences(Record{Body: []byte(test.old)}, before, Draft{Body: []byte(test.new)}, after)
			var paths []string
			for _, change := range d.changes {
				paths = append(paths, change.Path)
			}
			if difference := cmp.Diff(test.paths, paths); difference != "" {
				t.Errorf("(-want +got):\n%s", difference)
			}
		})
	}
}

// Ensure an entry stays small whatever changes: 1,200 changes leave 200 uncounted by name, long values are told by
// their hash.
func TestDifferencesAreBounded(t *testing.T) {
	before, after := map[string]any{}, map[string]any{}
	for i := range 1200 {
		before[fmt.Sprintf("k%04d", i)], after[fmt.Sprintf("k%04d", i)] = "a", "b"
	}
	var d difference
	d.compare("", before, after)
	if len(d.changes) != 1000 || d.more != 200 || d.changes[999].Path != "/k0999" {
		t.Errorf("%d changes, %d more, the last is %s", len(d.changes), d.more, d.changes[len(d.changes)-1].Path)
	}
	var long difference
	long.compare("", strings.Repeat("x", 1<<20), strings.Repeat("y", 1<<20))
	// (printf '"'; head -c 1048576 /dev/zero | tr '\0' x; printf '"') | sha256sum
	expected := `"sha256:358693a0511d9f58f23d2e3c6835be4bcfe3d5d95382503a96c28aa08adf8678 (1048578 bytes)"`
	if len(long.changes) != 1 || string(long.changes[0].Old) != expected {
		t.Errorf("a long value is told as %.120s", long.changes[0].Old)
	}
	var many difference
	for i := range 100 {
		many.add(fmt.Sprint("/", i), strings.Repeat("x", 2000), "y")
	}
	if many.size > maxChangesBytes || many.more == 0 || len(many.changes)+many.more != 100 {
		t.Errorf("%d bytes in %d changes, %d more", many.size, len(many.changes), many.more)
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	err := fmt.Errorf("save: %w", Conflict("plan", "P-1", 7))
	if !errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound) {
		t.Error("the code is lost in a chain of errors")
	}
	if text := err.Error(); text != `save: plan "P-1": changed by somebody else, now version 7; read it again and repeat the change` {
		t.Error(text)
	}
	if text := ErrImmutable.Error(); text != "records of this kind never change" {
		t.Error(text)
	}
}

func TestServiceKindsAreKept(t *testing.T) {
	if err := CheckKinds(Kinds()); err != nil {
		t.Error(err)
	}
	for _, kind := range Kinds() {
		if kept := kind.Name == KindAssessment || kind.Name == KindProductVersion || kind.Name == KindAudit; kept && (kind.Perishable || kind.Brief) {
			t.Errorf("%s may be deleted or loses its trail", kind.Name)
		}
	}
}

// FuzzCanonical: whatever JSON is read, its canonical form is canonical and stays so.
func FuzzCanonical(f *testing.F) {
	for _, text := range []string{`{"a":[1,2.50,1e9,-0],"b":"\u2028<"}`, `null`, `{"a":1,"a":2}`, "\"\xff\"", `"\ud800"`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		tree, err := parseTree(text)
		if err != nil {
			return
		}
		once := encode(tree)
		again, err := canonicalTree(Kind{}, "x", once)
		if err != nil || !bytes.Equal(encode(again), once) {
			t.Errorf("%q becomes %q, which is not canonical: %v", text, once, err)
		}
	})
}

// FuzzCursor: a cursor is text from outside; it is refused or read, and what List wrote is read as it was.
func FuzzCursor(f *testing.F) {
	kind := Kind{Name: "note", Fields: []Field{{Name: "amount", Type: FieldAmount}}}
	search := Search{Sort: kind.Fields[0]}
	f.Add(encodeCursor("note", search, Record{ID: "a", Fields: Fields{"amount": Amount(5)}}), "b", int64(-1))
	f.Fuzz(func(t *testing.T, text, id string, amount int64) {
		if _, err := decodeCursor(kind.Name, search, text); err != nil && !errors.Is(err, ErrCursor) {
			t.Errorf("%q: %v", text, err)
		}
		if !cleanText(id) {
			return
		}
		place, err := decodeCursor(kind.Name, search, encodeCursor("note", search, Record{ID: id, Fields: Fields{"amount": Stored(FieldAmount, "", amount)}}))
		if err != nil || place.ID != id || place.Value.Number() != amount {
			t.Errorf("%q, %d came back as %+v, %v", id, amount, place, err)
		}
	})
}
