package journey

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// hostile are texts that somebody sends who wants more than to fill a form: expressions of templates and of the rules'
// own language, SQL, operators of MongoDB, paths, terminal and log control, what breaks parsers.
var hostile = []string{
	"{{7*7}}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "1); now()", "need.x", "need.gap > 0", "p.tenor_head_office_quarters", "let x = 1; x", "1 in [1]", "map(1..1000000, #)",
	"'", "\"", "' OR '1'='1", "'; DROP TABLE record_plan; --", "\") UNION SELECT body FROM record_user --", "%' ESCAPE '!", "json_extract(body,'$.x')",
	`{"$ne":null}`, `{"$where":"sleep(100)"}`, "$gt", "$where", "a.$b", "__proto__", "constructor",
	"../../etc/passwd", "..%2f..%2fetc%2fpasswd", "/etc/passwd", `C:\Windows`, "file:///etc/passwd", "http://169.254.169.254/", "|id", "$(id)", "`id`",
	"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "javascript:alert(1)", "=cmd|'/c calc'!A1", "\r\nSet-Cookie: a=b", "%0d%0aX-Injected: 1", "\x1b[31m", "a\x00b", "\u202egnp.exe", "\ufeff",
	"GX-PX\x00YN-LC", "YN-LC", "CN", "admin", "null", "undefined", "NaN", "Infinity", "-0", "1e400", "99999999999999999999999999.99", "0x10", "１２３", "٣",
	"2026-02-30", "0000-00-00", "9999-12-31", "2026Q5", "-2026Q1", "%", "%zz", "*", ".", "..", " ", "\t", "\n", "", "ÿ", "龘", "🏗️", strings.Repeat("长", 400), strings.Repeat("a", 5000),
	"time: invalid \xff\xfe utf8",
}

// oddValues are JSON values that are not what a field asks for.
var oddValues = []string{
	"null", "true", "0", "-1", "1e400", "-1e-400", "123456789012345678901234567890", "1.5", `""`, "[]", "{}", `[[[[[[]]]]]]`, `{"$ne":null}`, `{"$gt":""}`, `[null]`, `{"":""}`,
	`"\u0000"`, `"\ud800"`, `"{{7*7}}"`, `"1); now()"`, "9223372036854775808", "-9223372036854775809",
}

// chance makes requests out of numbers by chance, or out of the bytes of a fuzzer.
type chance struct{ *rand.Rand }

func seeded(seed uint64) chance { return chance{rand.New(rand.NewPCG(seed, 0x7a7574))} }

// of reports true once in n times.
func (c chance) of(n int) bool { return c.IntN(n) == 0 }

func pick[T any](c chance, list []T) T { return list[c.IntN(len(list))] }

// value makes a value for a schema: mostly one that fits, with hostile texts wherever a text is asked for.
func (c chance) value(schema *openapi3.Schema, depth int) any {
	if depth > 12 || c.of(40) {
		return json.RawMessage(pick(c, oddValues))
	}
	if len(schema.AllOf) > 0 {
		return c.value(schema.AllOf[0].Value, depth)
	}
	for _, alternatives := range []openapi3.SchemaRefs{schema.OneOf, schema.AnyOf} {
		if len(alternatives) > 0 {
			return c.value(pick(c, alternatives).Value, depth+1)
		}
	}
	if len(schema.Enum) > 0 && !c.of(12) {
		return pick(c, schema.Enum)
	}
	switch {
	case schema.Type.Is("object"):
		return c.object(schema, depth)
	case schema.Type.Is("array"):
		list := []any{}
		for range c.IntN(3) {
			list = append(list, c.value(schema.Items.Value, depth+1))
		}
		return list
	case schema.Type.Is("integer"), schema.Type.Is("number"):
		return pick(c, []any{0, 1, 2, 7, -1, 100, json.RawMessage("1e3"), json.RawMessage("99999999999999999999")})
	case schema.Type.Is("boolean"):
		return c.of(2)
	case schema.Type.Is("string"):
		return c.text(schema)
	}
	return json.RawMessage(pick(c, oddValues))
}

func (c chance) object(schema *openapi3.Schema, depth int) any {
	object := map[string]any{}
	names := make([]string, 0, len(schema.Properties))
	for name := range schema.Properties {
		names = append(names, name)
	}
	sort.Strings(names)
	required := map[string]bool{}
	for _, name := range schema.Required {
		required[name] = true
	}
	for _, name := range names {
		if (required[name] && !c.of(30)) || (!required[name] && c.of(2)) {
			object[name] = c.value(schema.Properties[name].Value, depth+1)
		}
	}
	if len(names) == 0 || c.of(25) {
		object[pick(c, hostile)] = c.value(&openapi3.Schema{}, depth+1)
	}
	return object
}

// text is hostile half of the time; else something of the form that is asked for.
func (c chance) text(schema *openapi3.Schema) string {
	if c.of(2) {
		return pick(c, hostile)
	}
	switch {
	case schema.Format == "date":
		return pick(c, []string{"2026-06-30", "2026-12-31", "1900-01-01"})
	case schema.Format == "date-time":
		return pick(c, []string{"2026-07-30T00:00:00Z", "2126-07-30T00:00:00Z"})
	case schema.Example != nil:
		return fmt.Sprint(schema.Example)
	}
	return pick(c, []string{"甲", "abc", "GX-PX", "1.00", "0.05", "cdb"})
}

// mutated changes a text as a careless or a malicious program would: cut, doubled, a byte changed, a value put in the
// place of another.
func (c chance) mutated(text []byte) []byte {
	out := append([]byte(nil), text...)
	for range 1 + c.IntN(3) {
		if len(out) == 0 {
			return []byte(pick(c, oddValues))
		}
		at := c.IntN(len(out))
		switch c.IntN(6) {
		case 0:
			out = out[:at]
		case 1:
			out[at] ^= byte(1 << c.IntN(8))
		case 2:
			out = append(out[:at:at], append([]byte(pick(c, oddValues)), out[at:]...)...)
		case 3:
			end := at + c.IntN(len(out)-at)
			out = append(out[:at:at], out[end:]...)
		case 4:
			end := min(len(out), at+64)
			out = append(out[:end:end], out[at:]...)
		case 5:
			out = replacedValue(c, out)
		}
	}
	return out
}

// replacedValue puts an odd value or a hostile text where a JSON string stands.
func replacedValue(c chance, text []byte) []byte {
	var starts []int
	for i := range text {
		if text[i] == '"' {
			starts = append(starts, i)
		}
	}
	if len(starts) < 2 {
		return text
	}
	at := c.IntN(len(starts) - 1)
	value := pick(c, oddValues)
	if c.of(2) {
		written, _ := json.Marshal(pick(c, hostile))
		value = string(written)
	}
	return append(text[:starts[at]:starts[at]], append([]byte(value), text[starts[at+1]+1:]...)...)
}
