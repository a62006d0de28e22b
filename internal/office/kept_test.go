package office

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"zutuan/internal/store"
)

func TestAMemberIsCutOutOfABody(t *testing.T) {
	for _, test := range []struct{ name, object, rest, value string }{
		{"the first", `{"document":{"a":[1,"}"]},"name":"x"}`, `{"name":"x"}`, `{"a":[1,"}"]}`},
		{"one in the middle", `{"a":"\"document\":1","document":"{\\","z":[]}`, `{"a":"\"document\":1","z":[]}`, `"{\\"`},
		{"the last", `{"a":{"document":1},"document":null}`, `{"a":{"document":1}}`, `null`},
		{"the only one", `{"document":[{"document":2}]}`, `{}`, `[{"document":2}]`},
		{"one that is not there", `{"a":{"document":1}}`, `{"a":{"document":1}}`, ``},
		{"a member of the same ending", `{"my document":1}`, `{"my document":1}`, ``},
		{"nothing at all", `{}`, `{}`, ``},
	} {
		t.Run(test.name, func(t *testing.T) {
			if rest, value := cutMember([]byte(test.object), "document"); string(rest) != test.rest || string(value) != test.value {
				t.Errorf("got %s and %s, want %s and %s", rest, value, test.rest, test.value)
			}
		})
	}
}

// Ensure cutting a member out of the text is deleting it from the value, whatever the object holds.
func TestCuttingIsDeleting(t *testing.T) {
	texts := rapid.OneOf(rapid.SampledFrom([]string{"document", `"`, `\`, "{", "},", "中", `","document":`}), rapid.String())
	var value func(depth int) *rapid.Generator[any]
	value = func(depth int) *rapid.Generator[any] {
		plain := rapid.OneOf(texts.AsAny(), rapid.Int().AsAny(), rapid.Bool().AsAny(), rapid.Just[any](nil))
		if depth == 0 {
			return plain
		}
		return rapid.OneOf(plain, rapid.SliceOfN(value(depth-1), 0, 3).AsAny(), rapid.MapOfN(texts, value(depth-1), 0, 4).AsAny())
	}
	rapid.Check(t, func(t *rapid.T) {
		object := rapid.MapOfN(texts, value(2), 0, 5).Draw(t, "object")
		text, err := store.Canonical(object)
		if err != nil {
			t.Skip("no JSON text")
		}
		// Texts that are not UTF-8 are replaced when written; what is kept is what was written.
		var kept map[string]json.RawMessage
		if err := json.Unmarshal(text, &kept); err != nil {
			t.Fatal(err)
		}
		wantValue := kept["document"]
		delete(kept, "document")
		want, err := store.Canonical(kept)
		if err != nil {
			t.Fatal(err)
		}
		if rest, value := cutMember(text, "document"); string(rest) != string(want) || string(value) != string(wantValue) {
			t.Fatalf("from %s\ngot  %s and %s\nwant %s and %s", text, rest, value, want, wantValue)
		}
	})
}

// Ensure a text that is damaged is refused by its reader, and not by a panic before it.
func FuzzCutMember(f *testing.F) {
	f.Add([]byte(`{"document":{"a":"`))
	f.Add([]byte(`{"document"`))
	f.Add([]byte(`{"document":`))
	f.Fuzz(func(t *testing.T, text []byte) { cutMember(text, "document") })
}

// Ensure a body is read the same, its document apart, as the decoder alone reads it.
func TestADocumentIsReadAsItStands(t *testing.T) {
	text, err := store.Canonical(RequirementBody{Document: json.RawMessage(`{"b":"中","a":[1.50]}`), Name: "x", Requested: 100, Owner: "usr_1"})
	if err != nil {
		t.Fatal(err)
	}
	var want RequirementBody
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	record := store.Record{Kind: store.KindRequirement, ID: "req_1", Body: text}
	got, err := bodyOf[RequirementBody](record)
	if diff := cmp.Diff(want, got); diff != "" || err != nil || len(got.Document) == 0 {
		t.Errorf("%v, differs (-decoder +got):\n%s", err, diff)
	}
	listed, err := bodyWithoutDocument[RequirementBody](record)
	want.Document = nil
	if diff := cmp.Diff(want, listed); diff != "" || err != nil {
		t.Errorf("%v, differs (-want +listed):\n%s", err, diff)
	}
}
