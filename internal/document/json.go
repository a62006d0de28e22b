package document

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// JSON rewrites a YAML or JSON file as JSON with the same content: keys in file order, texts as texts, whole numbers and
// truth values bare where the file has them bare. Other numbers become texts, exactly as written, which every reader of
// this package takes for the same. The error is a Problems.
func JSON(file string, data []byte) ([]byte, error) {
	reader, err := Parse(file, data)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	writeJSON(&out, reader.root)
	return out.Bytes(), nil
}

func writeJSON(out *bytes.Buffer, n *node) {
	switch n.kind {
	case KindObject:
		out.WriteByte('{')
		for i, entry := range n.keys {
			if i > 0 {
				out.WriteByte(',')
			}
			writeText(out, entry.name)
			out.WriteByte(':')
			writeJSON(out, entry.value)
		}
		out.WriteByte('}')
	case KindList:
		out.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				out.WriteByte(',')
			}
			writeJSON(out, item)
		}
		out.WriteByte(']')
	case KindScalar:
		if !n.quoted && bare(n.text) {
			out.WriteString(n.text)
			return
		}
		writeText(out, n.text)
	default:
		out.WriteString("null")
	}
}

// bare reports whether a bare word of YAML is the same bare word in JSON.
func bare(text string) bool {
	if text == "true" || text == "false" {
		return true
	}
	number, err := strconv.ParseInt(text, 10, 64)
	return err == nil && strconv.FormatInt(number, 10) == text
}

func writeText(out *bytes.Buffer, text string) {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	// A string always encodes; the line break that Encode adds is taken away again.
	_ = encoder.Encode(text)
	out.Truncate(out.Len() - 1)
}
