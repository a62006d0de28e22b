package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// Canonical writes a value as the JSON that bodies are kept in: object keys in order of their bytes, no blanks, no
// needless escapes, numbers as they were written. One value has one canonical text, so equal bodies have equal hashes
// and differences between bodies are differences of content.
func Canonical(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	tree, err := parseTree(text.Bytes())
	if err != nil {
		return nil, err
	}
	return encode(tree), nil
}

// parseTree reads one JSON text with its numbers kept as text.
func parseTree(text []byte) (any, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("not UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, errors.New("text after the end of the JSON value")
	}
	return tree, nil
}

// canonicalTree reads a body and refuses one that is not in canonical form; duplicate keys, blanks and the like
// cannot survive that comparison.
func canonicalTree(kind Kind, id string, body []byte) (any, error) {
	tree, err := parseTree(body)
	if err != nil {
		return nil, invalid(kind.Name, id, "内容不是 JSON:%s", "the body is not JSON: %s", err)
	}
	if !bytes.Equal(encode(tree), body) {
		return nil, invalid(kind.Name, id, "内容不是规范 JSON,请用 store.Canonical 生成", "the body is not canonical JSON; make it with store.Canonical")
	}
	return tree, nil
}

// encode writes JSON without blanks and without HTML escapes. Only values that JSON has reach it, so it cannot fail.
func encode(value any) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic("store: a value that JSON cannot hold: " + err.Error())
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n"))
}

// validText allows line breaks, which reasons may have.
func validText(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsRune(text, 0)
}
