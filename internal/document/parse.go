package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Limits on what is read at all, each with its reason.
const (
	// MaxBytes is far above the largest honest requirement (about 200 kB) and small enough that reading one cannot
	// exhaust a server.
	MaxBytes = 4 << 20
	// MaxNodes bounds the values in one file; forty quarters of five hundred lines are twenty thousand.
	MaxNodes = 200_000
	// MaxDepth bounds nesting; the deepest format has eight levels.
	MaxDepth = 32
	// MaxProblems bounds what is reported of one file; nobody mends more at once, and a hostile file must not buy an
	// endless report.
	MaxProblems = 500
	// maxShown bounds, in characters, how much of a file's own text is repeated in a path or a message.
	maxShown = 60
)

// Kind is the shape of a node.
type Kind uint8

// The shapes of nodes.
const (
	KindNull Kind = iota
	KindScalar
	KindList
	KindObject
)

// node is one value of a parsed file, whichever of the two syntaxes it came from.
type node struct {
	kind Kind
	// text is a scalar's text exactly as written (a number is never converted); quoted tells a string from a bare word.
	text   string
	quoted bool
	line   int
	column int
	// textColumn is where the text itself begins on its line, after an opening quote; 0 where it is not on one line as
	// written (a YAML block) or not known (JSON).
	textColumn int
	items      []*node
	keys       []key
}

type key struct {
	name  string
	line  int
	value *node
}

// Parse reads a YAML or JSON file (JSON where the first character is a bracket). All syntax errors, duplicate keys,
// and the YAML features that are not accepted (aliases, anchors, tags, several documents) are reported.
func Parse(file string, data []byte) (*Reader, error) {
	reader := &Reader{file: file}
	root, err := parseTree(reader, data)
	if err != nil {
		return nil, err
	}
	if err := reader.problems.Err(); err != nil {
		return nil, err
	}
	reader.root = root
	return reader, nil
}

func parseTree(reader *Reader, data []byte) (*node, error) {
	if len(data) > MaxBytes {
		return nil, reader.fail("too_large", 0, 0,
			fmt.Sprintf("文件有 %d 字节，超过上限 %d 字节；请拆分或删去无关内容", len(data), MaxBytes),
			fmt.Sprintf("the file has %d bytes, above the limit of %d; split it or remove what is not needed", len(data), MaxBytes))
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(data) {
		return nil, reader.fail("encoding", 0, 0, "文件不是 UTF-8 编码；请另存为 UTF-8", "the file is not UTF-8; save it as UTF-8")
	}
	trimmed := bytes.TrimSpace(data)
	if len(trimmed) == 0 {
		return nil, reader.empty()
	}
	if trimmed[0] != '{' && trimmed[0] != '[' {
		return parseYAML(reader, data)
	}
	if json.Valid(data) {
		return parseJSON(reader, data)
	}
	// A text in brackets that is not JSON may be YAML's flow style, unless its name says that it is JSON. Where it is
	// neither, the JSON message tells more.
	flow := &Reader{file: reader.file}
	root, err := parseYAML(flow, data)
	if strings.HasSuffix(strings.ToLower(reader.file), ".json") || err != nil && flow.problems[0].Code == "syntax" {
		return nil, jsonSyntaxError(reader, data)
	}
	reader.problems = flow.problems
	return root, err
}

func jsonSyntaxError(reader *Reader, data []byte) error {
	line, column, zh, en := JSONMistake(data)
	return reader.fail("syntax", line, column, zh, en)
}

// JSONMistake says in which line and column a text stops being JSON, both 1-based, and why, in our own words.
func JSONMistake(data []byte) (line, column int, zh, en string) {
	var probe any
	err := json.Unmarshal(data, &probe)
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return 0, 0, "JSON 语法错误：内容无法读取", "JSON syntax error: the text cannot be read"
	}
	if strings.HasPrefix(err.Error(), "unexpected end") {
		line, column = position(data, len(data))
		return line, column, "JSON 语法错误：内容没有写完，缺少括号或引号", "JSON syntax error: the text ends before it is complete; a bracket or quotation mark is missing"
	}
	// Offset counts the bytes read, the offending one included.
	offset := min(max(int(syntax.Offset)-1, 0), len(data))
	line, column = position(data, offset)
	if strings.Contains(err.Error(), "max depth") {
		return line, column, "JSON 语法错误：嵌套过深", "JSON syntax error: it is nested too deeply"
	}
	offending, _ := utf8.DecodeRune(data[offset:])
	return line, column, fmt.Sprintf("JSON 语法错误：此处不应有 %q", offending), fmt.Sprintf("JSON syntax error: %q does not belong here", offending)
}

func position(data []byte, offset int) (line, column int) {
	offset = min(max(offset, 0), len(data))
	before := data[:offset]
	line = bytes.Count(before, []byte("\n")) + 1
	column = utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return line, column
}

// jsonBuilder turns the token stream of a valid JSON text into nodes; lines are counted forward from the last token,
// so that a large file is scanned once.
type jsonBuilder struct {
	reader  *Reader
	data    []byte
	decoder *json.Decoder
	scanned int
	line    int
	column  int
	count   int
}

func parseJSON(reader *Reader, data []byte) (*node, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	builder := &jsonBuilder{reader: reader, data: data, decoder: decoder, line: 1, column: 1}
	root, err := builder.value(0)
	if err != nil {
		return nil, err
	}
	return root, nil
}

// here returns where the token just read begins. The decoder tells only where it ends, so blanks and separators after
// the token before are skipped first.
func (b *jsonBuilder) here() (line, column int) {
	end := int(b.decoder.InputOffset())
	for b.scanned < end && strings.IndexByte(" \t\r\n,:", b.data[b.scanned]) >= 0 {
		b.advance(b.scanned + 1)
	}
	line, column = b.line, b.column
	b.advance(end)
	return line, column
}

// advance counts lines and columns forward to a byte offset.
func (b *jsonBuilder) advance(offset int) {
	for b.scanned < offset {
		r, size := utf8.DecodeRune(b.data[b.scanned:])
		b.scanned += size
		b.column++
		if r == '\n' {
			b.line++
			b.column = 1
		}
	}
}

func (b *jsonBuilder) value(depth int) (*node, error) {
	token, err := b.decoder.Token()
	if err != nil {
		line, column := b.here()
		return nil, b.reader.fail("syntax", line, column, "JSON 语法错误：内容无法读取", "JSON syntax error: the text cannot be read")
	}
	line, column := b.here()
	if err := b.reader.bound(&b.count, depth, line); err != nil {
		return nil, err
	}
	switch typed := token.(type) {
	case json.Delim:
		if typed == '{' {
			return b.object(depth, line, column)
		}
		return b.list(depth, line, column)
	case string:
		return &node{kind: KindScalar, text: typed, quoted: true, line: line, column: column}, nil
	case json.Number:
		return &node{kind: KindScalar, text: typed.String(), line: line, column: column}, nil
	case bool:
		return &node{kind: KindScalar, text: fmt.Sprint(typed), line: line, column: column}, nil
	default:
		return &node{kind: KindNull, line: line, column: column}, nil
	}
}

func (b *jsonBuilder) object(depth, line, column int) (*node, error) {
	object := &node{kind: KindObject, line: line, column: column}
	seen := map[string]bool{}
	for b.decoder.More() {
		token, err := b.decoder.Token()
		if err != nil {
			return nil, err
		}
		name, _ := token.(string)
		keyLine, keyColumn := b.here()
		if seen[name] {
			b.reader.duplicate(name, keyLine, keyColumn)
		}
		seen[name] = true
		value, err := b.value(depth + 1)
		if err != nil {
			return nil, err
		}
		object.keys = append(object.keys, key{name: name, line: keyLine, value: value})
	}
	_, err := b.decoder.Token()
	return object, err
}

func (b *jsonBuilder) list(depth, line, column int) (*node, error) {
	list := &node{kind: KindList, line: line, column: column}
	for b.decoder.More() {
		item, err := b.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list.items = append(list.items, item)
	}
	_, err := b.decoder.Token()
	return list, err
}

func parseYAML(reader *Reader, data []byte) (*node, error) {
	// The YAML parser builds its whole tree before it can be counted; every value ends at a comma or a line end, so
	// counting those first keeps a file of nothing but commas from filling the memory.
	if bytes.Count(data, []byte(","))+bytes.Count(data, []byte("\n")) > 2*MaxNodes {
		return nil, reader.tooMany(0)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return nil, reader.empty()
	} else if err != nil {
		return nil, yamlSyntaxError(reader, err)
	}
	var second yaml.Node
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		if err != nil {
			return nil, yamlSyntaxError(reader, err)
		}
		return nil, reader.fail("documents", second.Line, 0, "一个文件只能有一个 YAML 文档；请删去 --- 之后的部分", "one file holds one YAML document; remove what follows ---")
	}
	if document.Kind != yaml.DocumentNode || len(document.Content) == 0 {
		return nil, reader.empty()
	}
	count := 0
	return convertYAML(reader, document.Content[0], 0, &count)
}

func yamlSyntaxError(reader *Reader, err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 0
	if _, scanErr := fmt.Sscanf(text, "line %d:", &line); scanErr == nil {
		text = strings.TrimSpace(text[strings.Index(text, ":")+1:])
	}
	return reader.fail("syntax", line, 0, "YAML 语法错误："+text, "YAML syntax error: "+text)
}

func convertYAML(reader *Reader, source *yaml.Node, depth int, count *int) (*node, error) {
	if err := reader.bound(count, depth, source.Line); err != nil {
		return nil, err
	}
	if source.Kind == yaml.AliasNode || source.Anchor != "" {
		return nil, reader.fail("alias", source.Line, source.Column, "不接受 YAML 锚点和别名（& 和 *）；请把内容写出来", "YAML anchors and aliases (& and *) are not accepted; write the content out")
	}
	if source.Style&yaml.TaggedStyle != 0 {
		return nil, reader.fail("tag", source.Line, source.Column, "不接受 YAML 标签 "+clip(source.Tag), "the YAML tag "+clip(source.Tag)+" is not accepted")
	}
	out := &node{line: source.Line, column: source.Column}
	switch source.Kind {
	case yaml.MappingNode:
		out.kind = KindObject
		return out, convertYAMLKeys(reader, source, out, depth, count)
	case yaml.SequenceNode:
		out.kind = KindList
		for _, item := range source.Content {
			converted, err := convertYAML(reader, item, depth+1, count)
			if err != nil {
				return nil, err
			}
			out.items = append(out.items, converted)
		}
	default:
		out.kind, out.text = KindScalar, source.Value
		out.quoted = source.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
		switch {
		case source.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		case out.quoted:
			out.textColumn = source.Column + 1
		default:
			out.textColumn = source.Column
		}
		if !out.quoted && source.ShortTag() == "!!null" {
			out.kind = KindNull
		}
	}
	return out, nil
}

func convertYAMLKeys(reader *Reader, source *yaml.Node, out *node, depth int, count *int) error {
	seen := map[string]bool{}
	for i := 0; i+1 < len(source.Content); i += 2 {
		name, value := source.Content[i], source.Content[i+1]
		if name.Kind != yaml.ScalarNode || name.Anchor != "" || name.Style&yaml.TaggedStyle != 0 || name.Value == "<<" && name.Style == 0 {
			return reader.fail("key", name.Line, name.Column, "键必须是普通文字", "a key must be a plain word")
		}
		if seen[name.Value] {
			reader.duplicate(name.Value, name.Line, name.Column)
		}
		seen[name.Value] = true
		converted, err := convertYAML(reader, value, depth+1, count)
		if err != nil {
			return err
		}
		out.keys = append(out.keys, key{name: name.Value, line: name.Line, value: converted})
	}
	return nil
}
