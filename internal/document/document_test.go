package document

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

// These tests hold the promises of the package: both syntaxes read the same, every complaint names its place, all
// complaints come together, and no file can make the reader work without end.

// brief prints problems as "line:column path code", one a line.
func brief(err error) string {
	problems, ok := err.(Problems)
	if !ok {
		return fmt.Sprint(err)
	}
	lines := make([]string, len(problems))
	for i, p := range problems {
		lines[i] = strings.TrimRight(fmt.Sprintf("%d:%d %s %s", p.Line, p.Column, p.Code, p.Path), " ")
	}
	return strings.Join(lines, "\n")
}

// dump writes a parsed file back as one line, so that trees can be compared.
func dump(n *node) string {
	switch n.kind {
	case KindNull:
		return "null"
	case KindScalar:
		return fmt.Sprintf("%q", n.text)
	case KindList:
		parts := make([]string, len(n.items))
		for i, item := range n.items {
			parts[i] = dump(item)
		}
		return "[" + strings.Join(parts, " ") + "]"
	default:
		parts := make([]string, len(n.keys))
		for i, entry := range n.keys {
			parts[i] = entry.name + "=" + dump(entry.value)
		}
		return "{" + strings.Join(parts, " ") + "}"
	}
}

func TestBothSyntaxesReadTheSame(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"numbers keep their text":             {`{"a": 1.10, "b": 1e5, "c": -0.00}`, `{a="1.10" b="1e5" c="-0.00"}`},
		"yaml numbers keep their text":        {"a: 1.10\nb: 0x1F\nc: 1_000", `{a="1.10" b="0x1F" c="1_000"}`},
		"null in json":                        {`{"a": null}`, `{a=null}`},
		"nulls in yaml":                       {"a: null\nb: ~\nc:\nd: Null\ne: 'null'\nf: ''", `{a=null b=null c=null d=null e="null" f=""}`},
		"yaml flow that json would refuse":    {"{a: [1, 2], b: x}", `{a=["1" "2"] b="x"}`},
		"a byte order mark is skipped":        {"\xef\xbb\xbfa: 1", `{a="1"}`},
		"words stay words":                    {"a: yes\nb: true\nc: 2026Q1\nd: 2026-01-31", `{a="yes" b="true" c="2026Q1" d="2026-01-31"}`},
		"folded text":                         {"a: >\n  one\n  two\n", `{a="one two\n"}`},
		"escapes in json":                     {`{"a\u0062": "\u51ed\n"}`, `{ab="凭\n"}`},
		"comments and a document start":       {"# note\n---\na: 1 # more\n", `{a="1"}`},
		"an object in a list in an object":    {"a:\n  - {b: 1}\n  - [2]\n", `{a=[{b="1"} ["2"]]}`},
		"windows line ends":                   {"a: 1\r\nb: 2\r\n", `{a="1" b="2"}`},
		"an empty object and an empty list":   {`{"a": {}, "b": []}`, `{a={} b=[]}`},
		"a merge key in quotes is just a key": {"'<<': 1", `{<<="1"}`},
	} {
		t.Run(name, func(t *testing.T) {
			reader, err := Parse("f", []byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if got := dump(reader.root); got != c.want {
				t.Errorf("read %s, want %s", got, c.want)
			}
		})
	}
}

func TestWhatIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"nothing":                              {"", "0:0 empty"},
		"blanks":                               {" \n\t\n", "0:0 empty"},
		"only a comment":                       {"# a\n", "0:0 empty"}, // the YAML parser sees no document
		"bad utf-8":                            {"a: \xff", "0:0 encoding"},
		"broken json, at the offending letter": {"{\n \"a\" 1: {}}", "2:6 syntax"},
		"json that ends early":                 {"{\"a\": [1,", "1:10 syntax"},
		"text after json":                      {"{\"a\": 1}\n}", "2:1 syntax"},
		"broken yaml":                          {"a: 1\n b: 2\n", "2:0 syntax"},
		"tabs as indentation":                  {"a:\n\tb: 1\n", "2:0 syntax"},
		"two documents":                        {"a: 1\n---\nb: 2\n", "2:0 documents"},
		"a key twice in json":                  {"{\"a\": 1,\n \"b\": 1, \"a\": 2}", "2:10 duplicate_key"},
		"keys twice in yaml, all of them":      {"a: 1\nb: {c: 1, c: 2}\na: 3\n", "2:11 duplicate_key\n3:1 duplicate_key"},
		"an alias":                             {"a: &x 1\nb: *x\n", "1:4 alias"},
		"an anchor on a key":                   {"&x a: 1\n", "1:1 key"},
		"a merge key":                          {"a: 1\n<<: {b: 2}\n", "2:1 key"},
		"a list as a key":                      {"? [a]\n: 1\n", "1:3 key"},
		"a tag of one's own":                   {"a: !money 1\n", "1:4 tag"},
		"a tag on an object":                   {"a: !x {b: 1}\n", "1:4 tag"},
		"a standard tag":                       {"a: !!binary aGk=\n", "1:4 tag"},
		"nesting beyond the limit":             {strings.Repeat("[", MaxDepth+1) + "1" + strings.Repeat("]", MaxDepth+1), "1:0 too_deep"},
		"nesting beyond the limit in yaml":     {strings.Repeat("- ", MaxDepth+2) + "1", "1:0 too_deep"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("f.yaml", []byte(c.text))
			if err == nil {
				t.Fatal("accepted")
			}
			if got := brief(err); got != c.want {
				t.Errorf("refused as %q, want %q", got, c.want)
			}
		})
	}
}

func TestNestingAtTheLimitIsRead(t *testing.T) {
	for _, text := range []string{strings.Repeat("[", MaxDepth) + "1" + strings.Repeat("]", MaxDepth), "a:\n" + strings.Repeat("- ", MaxDepth-1) + "1"} {
		if _, err := Parse("f", []byte(text)); err != nil {
			t.Errorf("%.20q…: %v", text, err)
		}
	}
}

// Ensure that hostile files are refused in little memory, and at all: the one file that grew quadratically took minutes
// and gigabytes, and would not end within the time of a test run.
func TestHostileFilesAreCheap(t *testing.T) {
	const size = MaxBytes - 1000
	for name, text := range map[string]string{
		"ten megabytes":                        strings.Repeat("a: 1234567\n", 1<<20),
		"commas":                               "a: [" + strings.Repeat("0,", size/2) + "0]",
		"commas in json":                       "[" + strings.Repeat("0,", size/2) + "0]",
		"dashes on lines":                      strings.Repeat("-\n", size/2),
		"dashes on one line":                   strings.Repeat("- ", size/2),
		"brackets":                             strings.Repeat("[", size),
		"braces":                               strings.Repeat("{a: ", size/4),
		"a key again and again":                strings.Repeat("a:\n ", 199_000),
		"unknown keys":                         numbered("k%d: 1\n", 190_000),
		"an unknown key of a megabyte in json": `{"` + strings.Repeat("k", size) + `": 1}`,
		"an alias bomb":                        aliasBomb(),
		"complex keys":                         strings.Repeat("? ", size/2),
		"a very long text":                     `{"name": "` + strings.Repeat("名", size/3) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			reader, err := Parse("f", []byte(text))
			if err == nil {
				root := reader.Root().Object()
				_ = root.Optional("name").String()
				_ = root.Optional("sector").String()
				root.Done()
				err = reader.Err()
			}
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Fatal("accepted")
			}
			if allocated := (after.TotalAlloc - before.TotalAlloc) >> 20; allocated > 400 {
				t.Errorf("allocated %d MB", allocated)
			}
			if length := len(err.Error()); length > 1<<20 {
				t.Errorf("the message has %d bytes", length)
			}
		})
	}
}

func numbered(format string, count int) string {
	var text strings.Builder
	for i := range count {
		fmt.Fprintf(&text, format, i)
	}
	return text.String()
}

func aliasBomb() string {
	text := "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 12; i++ {
		text += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), ", "))
	}
	return text
}

func TestFilesAboveTheSizeLimitAreNotParsed(t *testing.T) {
	_, err := Parse("big.yaml", []byte(strings.Repeat(" ", MaxBytes)+"a"))
	if brief(err) != "0:0 too_large" {
		t.Errorf("refused as %v", err)
	}
	if reader, err := Parse("f", []byte("a: "+strings.Repeat("x", MaxBytes-3))); err != nil || reader == nil {
		t.Errorf("a file of exactly the limit is refused: %v", err)
	}
}

// Everything below is one file with one mistake of each kind.
func TestAllProblemsComeTogetherWithTheirPlaces(t *testing.T) {
	text := `name: ""
amount: 1.234
signed: -1
rate: 5%
kind: lon
flag: yes
count: 11
start: 2026Q5
date: 2026-02-30
list: {a: 1}
group: [1]
text: [1]
nots: 1
items:
  - amount: "12"
    amuont: "13"
  - amount: -5
`
	reader, err := Parse("f.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	root := reader.Root().Object()
	root.Required("name").Name()
	root.Required("amount").Amount()
	root.Required("signed").Amount()
	root.Required("rate").Rate("0", "1")
	root.Required("kind").Enum("loan", "bond")
	root.Required("flag").Bool()
	root.Required("count").Int(0, 10, 0)
	root.Required("start").Quarter()
	root.Required("date").Date()
	root.Required("list").List(func(int, Value) { t.Error("an object was read as a list") })
	group := root.Required("group").Object()
	group.Required("inner") // no second complaint about what a wrong kind cannot hold
	group.Done()
	_ = root.Required("text").String()
	_ = root.Optional("notes").String()
	_ = root.Required("missing").String()
	root.Required("items").List(func(_ int, item Value) {
		in := item.Object()
		in.Required("amount").Amount()
		in.Done()
	})
	root.Done()
	want := `1:1 missing missing
1:7 blank name
2:9 amount amount
3:9 negative signed
4:7 rate rate
5:7 enum kind
6:7 bool flag
7:8 integer count
8:8 quarter start
9:7 date date
10:7 list list
11:8 object group
12:7 scalar text
13:0 unknown_key nots
16:0 unknown_key items[0].amuont
17:13 negative items[1].amount`
	if diff := cmp.Diff(want, brief(reader.Err())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, p := range reader.Problems() {
		if p.ZH == "" || p.EN == "" || p.File != "f.yaml" {
			t.Errorf("%s lacks a language or its file: %+v", p.Path, p)
		}
	}
}

func TestMessagesLeadWithThePlaceAndNameWhatIsAllowed(t *testing.T) {
	reader, err := Parse("a.json", []byte("{\"units\": [\n {\"naem\": 1, \"kind\": \"x\"}]}"))
	if err != nil {
		t.Fatal(err)
	}
	root := reader.Root().Object()
	root.Required("units").List(func(_ int, item Value) {
		in := item.Object()
		in.Optional("name")
		in.Optional("note")
		in.Optional("kind").Enum("loan", "bond")
		in.Done()
	})
	root.Done()
	problems := reader.Err().(Problems)
	want := "a.json:2: units[0].naem: unknown key; allowed: name\na.json:2:22: units[0].kind: \"x\" is not one of: loan, bond"
	if got := problems.In(money.English); got != want {
		t.Errorf("in English:\n%s\nwant:\n%s", got, want)
	}
	if got := problems.In(money.Chinese); !strings.Contains(got, "不认识的键；允许的有 name") || !strings.Contains(got, "不在允许的取值之内：loan, bond") {
		t.Errorf("in Chinese:\n%s", got)
	}
}

func TestUnknownKeyFarFromAllListsAllInOrder(t *testing.T) {
	reader, _ := Parse("f", []byte("zzzzzzzz: 1"))
	root := reader.Root().Object()
	for _, name := range []string{"name", "currency", "start"} {
		root.Optional(name)
	}
	root.Done()
	if got := reader.Err().Error(); !strings.Contains(got, "allowed: currency, name, start") {
		t.Error(got)
	}
}

func TestValuesThatAreRead(t *testing.T) {
	reader, err := Parse("f", []byte(`{"a": "12.5", "b": 12.50, "c": "-3", "r": "0.0365", "q": "2026Q4", "d": "2024-02-29", "t": true, "i": "7", "s": " 凭祥 ", "n": null, "l": [1, 2]}`))
	if err != nil {
		t.Fatal(err)
	}
	o := reader.Root().Object()
	for name, ok := range map[string]bool{
		"an amount in quotes":         o.Required("a").Amount() == money.MustAmount("12.50"),
		"a bare amount":               o.Required("b").Amount() == money.MustAmount("12.50"),
		"a negative amount":           o.Required("c").SignedAmount() == money.MustAmount("-3"),
		"a rate":                      o.Required("r").Rate("0", "1").Equal(money.MustRate("0.0365")),
		"a quarter":                   o.Required("q").Quarter() == quarter.Must("2026Q4"),
		"a leap day":                  o.Required("d").Date().Equal(time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)),
		"a flag":                      o.Required("t").Bool(),
		"a whole number":              o.Required("i").Int(0, 7, 1) == 7,
		"a name without its blanks":   o.Required("s").Name() == "凭祥",
		"a text with its blanks":      o.Required("s").String() == " 凭祥 ",
		"null is absent":              !o.Optional("n").Present() && !o.Has("n"),
		"absent reads as zero":        o.Optional("x").Amount() == 0 && o.Optional("x").String() == "" && o.Optional("x").Quarter() == 0 && o.Optional("x").Date().IsZero() && o.Optional("x").Rate("0", "1").IsZero() && !o.Optional("x").Bool(),
		"an absent number's fallback": o.Optional("x").Int(0, 9, 4) == 4,
		"the length of a list":        o.Required("l").Len() == 2 && o.Optional("x").Len() == 0,
		"keys in file order":          strings.Join(o.Keys(), "") == "abcrqdtisnl",
		"a path and a line":           o.Required("l").Path() == "l" && o.Required("l").Line() == 1 && o.Optional("x").Line() == 0,
		"a kind":                      o.Required("l").Kind() == KindList && o.Optional("x").Kind() == KindNull,
	} {
		if !ok {
			t.Errorf("%s is read wrongly", name)
		}
	}
	o.Done()
	if err := reader.Err(); err != nil {
		t.Error(err)
	}
	Value{}.Problem("x", "", "") // an absent value has nowhere to complain; it must not panic
	absent := Value{}.Object()
	absent.Done()
	if absent.Required("x").Present() || absent.Keys() != nil {
		t.Error("an absent object holds something")
	}
}

func TestTextsThatHideSomethingAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"a bell":                       `{"a": "x\u0007"}`,
		"delete":                       `{"a": "x\u007f"}`,
		"a right-to-left override":     `{"a": "x\u202ey"}`,
		"an isolate":                   `{"a": "x\u2066y"}`,
		"more characters than allowed": `{"a": "` + strings.Repeat("名", MaxText+1) + `"}`,
	} {
		reader, err := Parse("f", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := reader.Root().Object().Required("a").String(); got != "" || brief(reader.Err()) != "1:7 text a" {
			t.Errorf("%s: read %.10q, %v", name, got, brief(reader.Err()))
		}
	}
	for _, text := range []string{`{"a": "line\n\ttab"}`, `{"a": "` + strings.Repeat("名", MaxText) + `"}`} {
		reader, _ := Parse("f", []byte(text))
		if got := reader.Root().Object().Required("a").String(); got == "" || reader.Err() != nil {
			t.Errorf("%.20q is refused: %v", text, reader.Err())
		}
	}
}

func TestBoundsAreInclusive(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		read func(Value)
		want string
	}{
		"the lowest whole number":       {"a: 3", func(v Value) { v.Int(3, 5, 0) }, "<nil>"},
		"below it":                      {"a: 2", func(v Value) { v.Int(3, 5, 0) }, "1:4 integer a"},
		"the highest":                   {"a: 5", func(v Value) { v.Int(3, 5, 0) }, "<nil>"},
		"above it":                      {"a: 6", func(v Value) { v.Int(3, 5, 0) }, "1:4 integer a"},
		"a number with a point":         {"a: 4.0", func(v Value) { v.Int(3, 5, 0) }, "1:4 integer a"},
		"a rate at its bound":           {"a: 1", func(v Value) { v.Rate("0", "1") }, "<nil>"},
		"a rate just above it":          {"a: 1.000000000001", func(v Value) { v.Rate("0", "1") }, "1:4 rate a"},
		"a rate with too many decimals": {"a: 0.1234567890123", func(v Value) { v.Rate("0", "1") }, "1:4 rate a"},
		"the largest amount":            {"a: 10000000000000.00", func(v Value) { v.Amount() }, "<nil>"},
		"a fen more":                    {"a: 10000000000000.01", func(v Value) { v.Amount() }, "1:4 amount a"},
		"the last quarter":              {"a: 2199Q4", func(v Value) { v.Quarter() }, "<nil>"},
		"a quarter too late":            {"a: 2200Q1", func(v Value) { v.Quarter() }, "1:4 quarter a"},
		"the first day":                 {"a: 1950-01-01", func(v Value) { v.Date() }, "<nil>"},
		"a day too early":               {"a: 1949-12-31", func(v Value) { v.Date() }, "1:4 date a"},
		"a day with a time":             {"a: 2026-01-01T00:00:00Z", func(v Value) { v.Date() }, "1:4 date a"},
		"True is not true":              {"a: True", func(v Value) { v.Bool() }, "1:4 bool a"},
	} {
		reader, err := Parse("f", []byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		c.read(reader.Root().Object().Required("a"))
		if got := brief(reader.Err()); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestNearest(t *testing.T) {
	words := []string{"revenue", "residual", "rate", "rating", "name", "names"}
	for word, want := range map[string]string{
		"revenu": "revenue", "rat": "rate", "nmae": "name", "Rating": "rating", "ratng": "rating,rate", "投资": "", "": "", strings.Repeat("x", 1000): "",
	} {
		if got := strings.Join(Nearest(word, words), ","); got != want {
			t.Errorf("nearest to %q: %s, want %s", word, got, want)
		}
	}
	if got := Nearest("ab", []string{"ac", "ad", "ae", "af"}); len(got) != 3 || got[0] != "ac" {
		t.Errorf("of four equally near, %v", got)
	}
}

func TestProblemsAreCappedAndSaySo(t *testing.T) {
	reader, err := Parse("f", []byte(numbered("k%d: 1\n", MaxProblems+50)))
	if err != nil {
		t.Fatal(err)
	}
	reader.Root().Object().Done()
	problems := reader.Err().(Problems)
	if len(problems) != MaxProblems+1 || problems[0].Code != "more" || problems[1].Line != 1 {
		t.Errorf("%d problems, beginning with %+v", len(problems), problems[0])
	}
}

func TestProblemsOfSeveralFilesSortByPlace(t *testing.T) {
	problems := Problems{{File: "b", Line: 1}, {File: "a", Line: 9}, {File: "a", Line: 2, Column: 7}, {File: "a", Line: 2, Column: 3}}
	if problems.Err(); problems[0].Column != 3 || problems[1].Column != 7 || problems[2].Line != 9 || problems[3].File != "b" {
		t.Errorf("sorted as %v", problems)
	}
	if Problems(nil).Err() != nil {
		t.Error("no problems are an error")
	}
	if got := (Problem{Path: "row 12, column rate", EN: "x"}).Message(money.English); got != "row 12, column rate: x" {
		t.Error(got)
	}
}

// A JSON file and the same file as YAML must give the same tree, whatever it holds: JSON is read by its own parser.
func TestJSONReadsAsYAMLWould(t *testing.T) {
	var value func(t *rapid.T, depth int) string
	value = func(t *rapid.T, depth int) string {
		switch rapid.IntRange(0, 5-min(depth, 3)/3*2).Draw(t, "kind") {
		case 0:
			return fmt.Sprint(rapid.Int64().Draw(t, "number"))
		case 1:
			return rapid.SampledFrom([]string{"true", "false", "null", "1.50", "-0.0", `""`, `"凭祥"`, `"a: b"`, `"# x"`, `"null"`}).Draw(t, "scalar")
		case 2, 3:
			return `"` + rapid.StringMatching(`[a-z0-9 .:#,-]{0,12}`).Draw(t, "text") + `"`
		case 4:
			items := make([]string, rapid.IntRange(0, 4).Draw(t, "items"))
			for i := range items {
				items[i] = value(t, depth+1)
			}
			return "[" + strings.Join(items, ", ") + "]"
		default:
			items := make([]string, rapid.IntRange(0, 4).Draw(t, "keys"))
			for i := range items {
				items[i] = fmt.Sprintf(`"k%d": %s`, i, value(t, depth+1))
			}
			return "{" + strings.Join(items, ", ") + "}"
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := `{"root": ` + value(t, 0) + "}"
		json, err := Parse("a.json", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		yaml, err := Parse("a.yaml", []byte("root: "+text[len(`{"root": `):len(text)-1]))
		if err != nil {
			t.Fatal(err)
		}
		if dump(json.root) != dump(yaml.root) {
			t.Fatalf("json %s\nyaml %s", dump(json.root), dump(yaml.root))
		}
	})
}

// FuzzParse: no input panics, and whatever is accepted has lines inside the file and values inside the limits.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"a: 1", `{"a": [1, {"b": null}]}`, "a: &x [*x]", "? a\n: b", "a: !!int 1", "{a: [", "\xef\xbb\xbf{}", "a: |\n  x\n", "- - - 1", "---\n...\n---\n", "%YAML 1.1\n---\na: 1", "\"\\u0000\": 1", "a:\n b:\n  c: 'd\n", "{\"a\":1e999}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		reader, err := Parse("fuzz", data)
		if err != nil {
			if problems, ok := err.(Problems); !ok || len(problems) == 0 || problems.Error() == "" {
				t.Fatalf("an error without a message: %#v", err)
			}
			return
		}
		lines := strings.Count(string(data), "\n") + strings.Count(string(data), "\r") + 1
		var walk func(v Value, depth int)
		walk = func(v Value, depth int) {
			if v.Present() && (v.Line() < 1 || v.Line() > lines || depth > MaxDepth) {
				t.Fatalf("%s on line %d of %d, depth %d", v.Path(), v.Line(), lines, depth)
			}
			switch v.Kind() {
			case KindList:
				v.List(func(_ int, item Value) { walk(item, depth+1) })
			case KindObject:
				o := v.Object()
				for _, key := range o.Keys() {
					walk(o.Optional(key), depth+1)
				}
				o.Done()
			case KindScalar:
				v.SignedAmount()
				v.Rate("0", "1")
				_ = v.String()
			}
		}
		walk(reader.Root(), 0)
	})
}

func TestAFileNamedJSONMustBeJSON(t *testing.T) {
	text := []byte("{\n \"a\": x1}")
	if _, err := Parse("f.json", text); err == nil || brief(err) != "2:7 syntax" || !strings.Contains(err.Error(), "JSON") {
		t.Errorf("f.json: %v", err)
	}
	if _, err := Parse("f.yaml", text); err != nil {
		t.Errorf("f.yaml: %v", err)
	}
}
