package rulepack

import (
	"strings"

	"zutuan/internal/document"
	"zutuan/internal/funding"
)

// Words of the register of documents.
var (
	documentPublic = []string{"yes", "no", "leaked"}
	documentStatus = []string{"in_force", "repealed", "unclear"}
	documentSeen   = []string{"full", "part", "opening", "press", "none"}
)

// Documents is the register of documents that a basis may cite (依据).
type Documents struct {
	list []funding.Document
	byID map[string]int
}

// ReadDocuments reads the register (zutuan/documents/v1). The error is a document.Problems.
func ReadDocuments(file string, data []byte) (*Documents, error) {
	register := &Documents{byID: map[string]int{}}
	err := readFile(file, data, funding.SchemaDocuments, func(root *document.Object) {
		objects(root.Required("documents"), maxValues, func(in *document.Object) {
			value := in.Required("id")
			entry := funding.Document{
				ID: value.Name(), Title: in.Required("title").Name(), Date: in.Required("date").Name(),
				Public: in.Required("public").Enum(documentPublic...), Status: in.Required("status").Enum(documentStatus...),
				Seen: in.Required("seen").Enum(documentSeen...), Note: in.Optional("note").String(),
			}
			if strings.ContainsAny(entry.ID, " \t\n；;") {
				value.Problem("id", "标识里不能有空格和分号：依据在第一个空格处断开", "an id has no blanks or semicolons: a basis is cut at its first blank")
			}
			if _, exists := register.byID[entry.ID]; exists {
				value.Problem("duplicate_id", "标识 "+entry.ID+" 重复", "the id "+entry.ID+" appears twice")
			}
			register.byID[entry.ID] = len(register.list)
			register.list = append(register.list, entry)
		})
	})
	if err != nil {
		return nil, err
	}
	return register, nil
}

// All returns the register in file order.
func (d *Documents) All() []funding.Document { return d.list }

// Find returns the document that a basis cites: "国办函〔2016〕88号 §4.2.4" cites 国办函〔2016〕88号.
func (d *Documents) Find(basis string) (funding.Document, bool) {
	at, ok := d.byID[BasisDocument(basis)]
	if !ok {
		return funding.Document{}, false
	}
	return d.list[at], true
}

// BasisDocument returns the id of the document a basis cites: what stands before the first blank, without the title
// marks 《》 that people put around it.
func BasisDocument(basis string) string {
	if inside, _, closed := strings.Cut(strings.TrimPrefix(basis, "《"), "》"); closed && strings.HasPrefix(basis, "《") {
		return inside
	}
	id, _, _ := strings.Cut(strings.TrimSpace(basis), " ")
	return id
}

// SplitBasis cuts a basis that cites several documents, which people separate by semicolons.
func SplitBasis(basis string) []string {
	var parts []string
	for _, part := range strings.FieldsFunc(basis, func(r rune) bool { return r == '；' || r == ';' }) {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// check reports a basis that cites a document the register does not have. A nil register checks nothing, so that one
// broken file does not make every other one look wrong.
func (d *Documents) check(value document.Value, basis string) {
	if d == nil {
		return
	}
	for _, part := range SplitBasis(basis) {
		if _, ok := d.Find(part); ok {
			continue
		}
		id := BasisDocument(part)
		zh, en := suggest(id, d.ids())
		value.Problem("unknown_basis", "文件登记表 documents.yaml 里没有 "+id+zh, "documents.yaml has no document "+id+en)
	}
}

func (d *Documents) ids() []string {
	ids := make([]string, len(d.list))
	for i, entry := range d.list {
		ids[i] = entry.ID
	}
	return ids
}

// readBasis reads one basis or a list of them and checks each against the register.
func readBasis(value document.Value, documents *Documents) []string {
	var basis []string
	read := func(item document.Value) {
		text := item.Name()
		if text == "" && !item.Present() {
			item.Problem("missing", "缺少依据", "a basis is missing")
			return
		}
		documents.check(item, text)
		basis = append(basis, SplitBasis(text)...)
	}
	if value.Kind() == document.KindList {
		value.List(func(_ int, item document.Value) { read(item) })
		if value.Len() == 0 {
			value.Problem("missing", "缺少依据", "a basis is missing")
		}
		return basis
	}
	if value.Present() {
		read(value)
	}
	return basis
}
