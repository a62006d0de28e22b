package store

import (
	"encoding/base64"
	"encoding/json"
	"slices"
)

const (
	// MaxLimit bounds one page.
	MaxLimit = 500
	// DefaultLimit is a page where none is asked for.
	DefaultLimit = 50
	// MaxIn bounds the values of one list filter: a province with all its counties and zones has fewer regions.
	MaxIn = 1000
)

// Filter narrows a query by one field. In, From and Below all hold where given.
type Filter struct {
	// Field is a declared field, or one that every record has (FieldID, FieldRegion, …).
	Field string
	// In lists the values that are wanted. An empty list that is not nil wants nothing: whoever may see no region sees
	// no record.
	In []Value
	// From is the least value that is wanted, Below the least that is not.
	From, Below *Value
}

// Equal wants one value.
func Equal(field string, value Value) Filter { return Filter{Field: field, In: []Value{value}} }

// OneOf wants any of the values; none where there are none.
func OneOf(field string, values []Value) Filter {
	if values == nil {
		values = []Value{}
	}
	return Filter{Field: field, In: values}
}

// Regions wants records of the regions, for example of a region and everything below it.
func Regions(regions []string) Filter {
	values := make([]Value, len(regions))
	for i, region := range regions {
		values[i] = Text(region)
	}
	return Filter{Field: FieldRegion, In: values}
}

// Between wants from ≤ value < below.
func Between(field string, from, below Value) Filter {
	return Filter{Field: field, From: &from, Below: &below}
}

// AtLeast wants from ≤ value.
func AtLeast(field string, from Value) Filter { return Filter{Field: field, From: &from} }

// Less wants value < below.
func Less(field string, below Value) Filter { return Filter{Field: field, Below: &below} }

// Query asks for one page of records.
type Query struct {
	Kind  string
	Where []Filter
	// Sort is the field to order by; FieldID where empty. Records that are equal in it follow each other by id, in the
	// same direction.
	Sort       string
	Descending bool
	// Limit is at most MaxLimit; DefaultLimit where 0.
	Limit int
	// After is the Next of the page before; empty for the first page.
	After string
	// WithoutBody leaves the bodies out: a table on a screen needs the index part only.
	WithoutBody bool
}

// Page is one page. Next is empty on the last one.
type Page struct {
	Records []Record
	Next    string
}

// Group is the sum of one field over the records that share the value By of another.
type Group struct {
	By    Value
	Count int64
	Sum   int64
}

// SumQuery asks for the sum of a numeric field.
type SumQuery struct {
	Kind  string
	Where []Filter
	// Field is the field to add up: a count, an amount or a ratio.
	Field string
	// By groups the sum by the values of a declared field or of FieldRegion; empty for one group over everything.
	By string
}

// Search is a checked query, as engines get it.
type Search struct {
	Where       []Filter
	Sort        Field
	Descending  bool
	Limit       int
	WithoutBody bool
	// After is where the page before ended; nil for the first page.
	After *Place
}

// Place is a record's place in an order.
type Place struct {
	Value Value
	ID    string
}

// cursor is what Page.Next holds. It carries nothing but the place of a record that the caller has seen, and enough of
// the query to refuse another one.
type cursor struct {
	Kind       string `json:"k"`
	Sort       string `json:"s"`
	Descending bool   `json:"d,omitempty"`
	Text       string `json:"t,omitempty"`
	Number     int64  `json:"n,omitempty"`
	ID         string `json:"i"`
}

func encodeCursor(kind string, search Search, last Record) string {
	value := last.Value(search.Sort)
	return base64.RawURLEncoding.EncodeToString(encode(cursor{Kind: kind, Sort: search.Sort.Name, Descending: search.Descending, Text: value.text, Number: value.number, ID: last.ID}))
}

func decodeCursor(kind string, search Search, text string) (*Place, error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	var c cursor
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	if err != nil || c.Kind != kind || c.Sort != search.Sort.Name || c.Descending != search.Descending || !cleanText(c.Text) || !cleanText(c.ID) {
		return nil, &Error{Code: CodeCursor, ZH: "翻页标记与查询不符，请从第一页重新开始", EN: "the cursor does not belong to this query; begin at the first page"}
	}
	return &Place{Value: Stored(search.Sort.Type, c.Text, c.Number), ID: c.ID}, nil
}

// Value is the record's value of a field that every record has, or of a declared one.
func (r Record) Value(field Field) Value {
	switch field.Name {
	case FieldID:
		return Text(r.ID)
	case FieldRegion:
		return Text(r.Region)
	case FieldVersion:
		return Count(r.Version)
	case FieldCreated:
		return Time(r.Created)
	case FieldUpdated:
		return Time(r.Updated)
	}
	if value, ok := r.Fields[field.Name]; ok {
		return value
	}
	return Stored(field.Type, "", 0)
}

// checkWhere refuses fields that are not declared and values of another type, and says whether anything can match.
// Lists come back sorted and without duplicates.
func checkWhere(kind Kind, where []Filter) (checked []Filter, possible bool, err error) {
	possible = true
	for _, filter := range where {
		field, _, ok := kind.Column(filter.Field)
		if !ok {
			return nil, false, invalid(kind.Name, "", "不能按 %q 筛选", "field %q cannot be filtered by", filter.Field)
		}
		values := slices.Clone(filter.In)
		if filter.From != nil {
			values = append(values, *filter.From)
		}
		if filter.Below != nil {
			values = append(values, *filter.Below)
		}
		for _, value := range values {
			if value.Type() != field.Type || !cleanText(value.Text()) {
				return nil, false, invalid(kind.Name, "", "筛选 %s 的值类型不符，应为 %s", "a filter by %s wants values of type %s", filter.Field, field.Type)
			}
		}
		if len(filter.In) > MaxIn {
			return nil, false, invalid(kind.Name, "", "筛选 %s 的值超过 %d 个", "a filter by %s lists more than %d values", filter.Field, MaxIn)
		}
		if filter.In != nil {
			in := slices.Clone(filter.In)
			slices.SortFunc(in, Value.Compare)
			filter.In = slices.Compact(in)
			possible = possible && len(filter.In) > 0
		}
		checked = append(checked, filter)
	}
	return checked, possible, nil
}

func checkQuery(kind Kind, q Query) (search Search, possible bool, err error) {
	search = Search{Descending: q.Descending, Limit: q.Limit, WithoutBody: q.WithoutBody}
	if search.Where, possible, err = checkWhere(kind, q.Where); err != nil {
		return search, false, err
	}
	sort := q.Sort
	if sort == "" {
		sort = FieldID
	}
	var ok bool
	if search.Sort, _, ok = kind.Column(sort); !ok {
		return search, false, invalid(kind.Name, "", "不能按 %q 排序", "field %q cannot be sorted by", sort)
	}
	if search.Limit == 0 {
		search.Limit = DefaultLimit
	}
	if search.Limit < 0 || search.Limit > MaxLimit {
		return search, false, invalid(kind.Name, "", "每页 1 至 %d 条", "a page holds 1 to %d records", MaxLimit)
	}
	if q.After != "" {
		search.After, err = decodeCursor(kind.Name, search, q.After)
	}
	return search, possible, err
}
