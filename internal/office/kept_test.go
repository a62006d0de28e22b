package office

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"zutuan/internal/store"
)

func TestAMemberIsCutOutOfABody(t *testing.T) {
	for _, test := range []struct{ name, object, want string }{
		{"the first", `{"document":{"a":[1,"}"]},"name":"x"}`, `{"name":"x"}`},
		{"one in the middle", `{"a":"\"document\":1","document":"{\\","z":[]}`, `{"a":"\"document\":1","z":[]}`},
		{"the last", `{"a":{"document":1},"document":null}`, `{"a":{"document":1}}`},
		{"the only one", `{"document":[{"document":2}]}`, `{}`},
		{"one that is not there", `{"a":{"document":1}}`, `{"a":{"document":1}}`},
		{"a member of the same ending", `{"my document":1}`, `{"my document":1}`},
		{"nothing at all", `{}`, `{}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := without([]byte(test.object), "document"); string(got) != test.want {
				t.Errorf("got %s, want %s", got, test.want)
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
		delete(kept, "document")
		want, err := store.Canonical(kept)
		if err != nil {
			t.Fatal(err)
		}
		if got := without(text, "document"); string(got) != string(want) {
			t.Fatalf("from %s\ngot  %s\nwant %s", text, got, want)
		}
	})
}

// Ensure a text that is damaged is refused by its reader, and not by a panic before it.
func FuzzWithout(f *testing.F) {
	f.Add([]byte(`{"document":{"a":"`))
	f.Add([]byte(`{"document"`))
	f.Add([]byte(`{"document":`))
	f.Fuzz(func(t *testing.T, text []byte) { without(text, "document") })
}
