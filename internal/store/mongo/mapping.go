package mongo

import (
	"fmt"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"zutuan/internal/store"
)

// A record's document:
//
//	_id  the id                          r    region
//	v    version, int64                  c, u created and updated, milliseconds since 1970, int64
//	s    place in the change feed        h    hash of the newest entry of the trail
//	b    body, canonical JSON text       f_…  an index field: text or int64, never missing
//	q_…  the claim of a unique field     t    newest entries of the trail, JSON texts, oldest first
//	e    version of the first entry in t
//
// An archive document: _id kind/id/first version, k kind, i id, a first version, t entries.

// path is where a field lies in the document.
func path(kind store.Kind, name string) string {
	switch name {
	case store.FieldID:
		return "_id"
	case store.FieldRegion, store.FieldVersion, store.FieldCreated, store.FieldUpdated:
		return name[:1]
	}
	return "f_" + name
}

// claim is the field on which a unique index stands. A unique index counts a missing value as a value, and partial
// indexes are not to be had everywhere, so a record that claims nothing carries its own id there.
func claim(field store.Field) string { return "q_" + field.Name }

func claimed(id string, value store.Value) string {
	if value.IsZero() {
		return "-" + id
	}
	return "=" + value.Text()
}

func plain(value store.Value) any {
	if value.IsText() {
		return value.Text()
	}
	return value.Number()
}

// content is everything of a record but its id and trail, as fields to be set. A field whose name would have to be
// removed cannot occur: every declared field is always set.
func content(kind store.Kind, r store.Record) bson.D {
	set := bson.D{{Key: "v", Value: r.Version}, {Key: "r", Value: r.Region}, {Key: "c", Value: r.Created.UnixMilli()}, {Key: "u", Value: r.Updated.UnixMilli()},
		{Key: "s", Value: r.Seq}, {Key: "h", Value: r.Head}, {Key: "b", Value: string(r.Body)}}
	for _, field := range kind.Fields {
		value, ok := r.Fields[field.Name]
		if !ok {
			value = store.Stored(field.Type, "", 0)
		}
		set = append(set, bson.E{Key: path(kind, field.Name), Value: plain(value)})
		if field.Unique {
			set = append(set, bson.E{Key: claim(field), Value: claimed(r.ID, value)})
		}
	}
	return set
}

// texts turns entries into what t holds.
func texts(entries [][]byte) bson.A {
	list := make(bson.A, len(entries))
	for i, entry := range entries {
		list[i] = string(entry)
	}
	return list
}

// document is the fixed part of a record's document.
type document struct {
	ID      string   `bson:"_id"`
	Version int64    `bson:"v"`
	Region  string   `bson:"r"`
	Created int64    `bson:"c"`
	Updated int64    `bson:"u"`
	Seq     int64    `bson:"s"`
	Head    string   `bson:"h"`
	Body    string   `bson:"b"`
	Trail   []string `bson:"t"`
	First   int64    `bson:"e"`
}

// fromDocument reads a record and the part of its trail that lies with it. What cannot be read was not written by the
// store.
func fromDocument(kind store.Kind, raw bson.Raw) (store.Record, document, error) {
	var d document
	if err := bson.Unmarshal(raw, &d); err != nil {
		return store.Record{}, d, store.Broken(kind.Name, fmt.Sprint(raw.Lookup("_id")), 0, "记录无法辨认:"+err.Error(), "the document cannot be read: "+err.Error())
	}
	r := store.Record{Kind: kind.Name, ID: d.ID, Version: d.Version, Region: d.Region, Created: time.UnixMilli(d.Created).UTC(), Updated: time.UnixMilli(d.Updated).UTC(),
		Seq: d.Seq, Head: d.Head, Fields: store.Fields{}}
	if d.Body != "" {
		r.Body = []byte(d.Body)
	}
	elements, err := raw.Elements()
	if err != nil {
		return store.Record{}, d, err
	}
	for _, element := range elements {
		name, isField := strings.CutPrefix(element.Key(), "f_")
		if !isField {
			continue
		}
		declared, known := kind.Field(name)
		text, isText := element.Value().StringValueOK()
		number, isNumber := element.Value().Int64OK()
		if !known || isText != (declared.Type == store.FieldText) || isText == isNumber {
			return store.Record{}, d, store.Broken(kind.Name, d.ID, d.Version, "索引字段 "+name+" 无法辨认", "index field "+name+" is not one that this release writes")
		}
		if value := store.Stored(declared.Type, text, number); !value.IsZero() {
			r.Fields[name] = value
		}
	}
	return r, d, nil
}
