package funding

import (
	"strings"
	"time"

	"zutuan/internal/document"
)

// ReadLedgerJSON reads a ledger from JSON or YAML: {as_of, instruments: [...]}, or the list alone. The keys of an
// instrument are the column keys; amounts and rates may be strings or numbers, which are read from their text.
func ReadLedgerJSON(file string, data []byte, asOf time.Time) (*Ledger, error) {
	if problems := checkLedgerEncoding(file, data, document.MaxBytes); problems != nil {
		return nil, problems
	}
	parsed, err := document.Parse(file, data)
	if err != nil {
		return nil, err
	}
	table := newLedgerTable(file, asOf)
	list := parsed.Root()
	if list.Kind() == document.KindObject {
		root := list.Object()
		if day := root.Optional("as_of"); day.Present() {
			table.dated = day.Date()
		}
		list = root.Required("instruments")
		root.Done()
	}
	list.List(func(index int, item document.Value) {
		if len(parsed.Problems()) > maxLedgerProblems {
			return
		}
		row := &jsonRow{object: item.Object()}
		row.read()
		table.add(row, index+1)
	})
	table.problems = append(parsed.Problems(), table.problems...)
	return table.finish()
}

// jsonRow is one instrument of a JSON list; its problems go to the reader, which knows the lines.
type jsonRow struct {
	object *document.Object
	texts  map[string]string
	values map[string]document.Value
}

// read takes the text of every known key. A custom profile's shares may be a list.
func (r *jsonRow) read() {
	r.texts, r.values = make(map[string]string, len(ledgerColumns)), make(map[string]document.Value, len(ledgerColumns))
	for _, column := range ledgerColumns {
		value := r.object.Optional(column.key)
		r.values[column.key] = value
		if column.key == "custom" && value.Kind() == document.KindList {
			var shares []string
			value.List(func(_ int, item document.Value) { shares = append(shares, item.String()) })
			r.texts[column.key] = strings.Join(shares, ";")
			continue
		}
		r.texts[column.key] = strings.TrimSpace(value.String())
	}
	r.object.Done()
}

func (r *jsonRow) text(key string) string { return r.texts[key] }

func (r *jsonRow) problem(key, code, zh, en string) {
	value := r.object.Value
	if key != "" && r.values[key].Path() != "" {
		value = r.values[key]
	}
	value.Problem(code, zh, en)
}
