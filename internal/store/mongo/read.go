package mongo

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"zutuan/internal/store"
)

// without leaves parts out of what the server sends.
func without(names ...string) bson.D {
	var projection bson.D
	for _, name := range names {
		projection = append(projection, bson.E{Key: name, Value: 0})
	}
	return projection
}

func byID(id string) bson.D { return bson.D{{Key: "_id", Value: id}} }

func (e *engine) Load(ctx context.Context, kind store.Kind, id string) (store.Record, error) {
	raw, err := e.records(kind).FindOne(ctx, byID(id), options.FindOne().SetProjection(without("t"))).Raw()
	if errors.Is(err, driver.ErrNoDocuments) {
		return store.Record{}, store.NotFound(kind.Name, id)
	}
	if err != nil {
		return store.Record{}, wrap("read", kind, err)
	}
	record, _, err := fromDocument(kind, raw)
	return record, err
}

// Whole reads the record first: whatever was cut from it before is in the archive by then.
func (e *engine) Whole(ctx context.Context, kind store.Kind, id string) (store.Whole, error) {
	raw, err := e.records(kind).FindOne(ctx, byID(id)).Raw()
	if errors.Is(err, driver.ErrNoDocuments) {
		return store.Whole{}, store.NotFound(kind.Name, id)
	}
	if err != nil {
		return store.Whole{}, wrap("read", kind, err)
	}
	record, d, err := fromDocument(kind, raw)
	if err != nil {
		return store.Whole{}, err
	}
	whole := store.Whole{Record: record}
	if d.First > 1 && !kind.Brief {
		if whole.Trail, err = e.archived(ctx, kind, id, d.First); err != nil {
			return store.Whole{}, wrap("read trail", kind, err)
		}
	}
	for _, entry := range d.Trail {
		whole.Trail = append(whole.Trail, []byte(entry))
	}
	return whole, nil
}

// archived reads the entries before a version. A part that was copied but not yet cut overlaps what lies with the
// record, and parts of an import may overlap those of an earlier state; each entry is taken once.
func (e *engine) archived(ctx context.Context, kind store.Kind, id string, before int64) ([][]byte, error) {
	cursor, err := e.archive().Find(ctx, bson.D{{Key: "k", Value: kind.Name}, {Key: "i", Value: id}}, options.Find().SetSort(bson.D{{Key: "a", Value: 1}}))
	if err != nil {
		return nil, err
	}
	var parts []struct {
		First int64    `bson:"a"`
		Trail []string `bson:"t"`
	}
	if err := cursor.All(ctx, &parts); err != nil {
		return nil, err
	}
	var entries [][]byte
	next := int64(1)
	for _, part := range parts {
		for i, entry := range part.Trail {
			if version := part.First + int64(i); version >= next && version < before {
				entries = append(entries, []byte(entry))
				next = version + 1
			}
		}
	}
	return entries, nil
}

func (e *engine) Find(ctx context.Context, kind store.Kind, search store.Search) ([]store.Record, error) {
	direction := 1
	if search.Descending {
		direction = -1
	}
	order := bson.D{{Key: path(kind, search.Sort.Name), Value: direction}}
	if search.Sort.Name != store.FieldID {
		order = append(order, bson.E{Key: "_id", Value: direction})
	}
	projection := without("t")
	if search.WithoutBody {
		projection = without("t", "b")
	}
	cursor, err := e.records(kind).Find(ctx, condition(kind, search.Where, search), options.Find().SetSort(order).SetLimit(int64(search.Limit)).SetProjection(projection))
	if err != nil {
		return nil, wrap("list", kind, err)
	}
	defer cursor.Close(ctx)
	var records []store.Record
	for cursor.Next(ctx) {
		record, _, err := fromDocument(kind, cursor.Current)
		if err != nil {
			return nil, err
		}
		records = append(records, record)
	}
	return records, wrap("list", kind, cursor.Err())
}

// condition is the filter document of filters and of the place after which a page begins.
func condition(kind store.Kind, where []store.Filter, search store.Search) bson.D {
	all := bson.A{}
	for _, filter := range where {
		name := path(kind, filter.Field)
		var tests bson.D
		switch {
		case len(filter.In) == 1:
			tests = append(tests, bson.E{Key: "$eq", Value: plain(filter.In[0])})
		case len(filter.In) > 1:
			values := make(bson.A, len(filter.In))
			for i, value := range filter.In {
				values[i] = plain(value)
			}
			tests = append(tests, bson.E{Key: "$in", Value: values})
		}
		if filter.From != nil {
			tests = append(tests, bson.E{Key: "$gte", Value: plain(*filter.From)})
		}
		if filter.Below != nil {
			tests = append(tests, bson.E{Key: "$lt", Value: plain(*filter.Below)})
		}
		if len(tests) > 0 {
			all = append(all, bson.D{{Key: name, Value: tests}})
		}
	}
	if search.After != nil {
		all = append(all, beyond(path(kind, search.Sort.Name), search)...)
	}
	if len(all) == 0 {
		return bson.D{}
	}
	return bson.D{{Key: "$and", Value: all}}
}

// beyond wants what comes after a place. The first test bounds the scan of the index; the second leaves out the equal
// ones that were on the page before.
func beyond(name string, search store.Search) bson.A {
	further, orEqual := "$gt", "$gte"
	if search.Descending {
		further, orEqual = "$lt", "$lte"
	}
	if name == "_id" {
		return bson.A{bson.D{{Key: "_id", Value: bson.D{{Key: further, Value: search.After.ID}}}}}
	}
	value := plain(search.After.Value)
	return bson.A{
		bson.D{{Key: name, Value: bson.D{{Key: orEqual, Value: value}}}},
		bson.D{{Key: "$or", Value: bson.A{
			bson.D{{Key: name, Value: bson.D{{Key: further, Value: value}}}},
			bson.D{{Key: name, Value: value}, {Key: "_id", Value: bson.D{{Key: further, Value: search.After.ID}}}},
		}}},
	}
}

func (e *engine) Count(ctx context.Context, kind store.Kind, where []store.Filter) (int64, error) {
	count, err := e.records(kind).CountDocuments(ctx, condition(kind, where, store.Search{}))
	return count, wrap("count", kind, err)
}

// Sum asks twice, for the counts and for the sums: the test server gives one result for a group at a time.
func (e *engine) Sum(ctx context.Context, kind store.Kind, where []store.Filter, field store.Field, by *store.Field) ([]store.Group, error) {
	var group any
	groupType := store.FieldText
	if by != nil {
		group, groupType = "$"+path(kind, by.Name), by.Type
	}
	counts := map[store.Value]int64{}
	err := e.grouped(ctx, kind, where, group, groupType, bson.D{{Key: "$count", Value: bson.D{}}}, func(by store.Value, result bson.RawValue) error {
		counts[by], _ = result.AsInt64OK()
		return nil
	})
	if err != nil {
		return nil, wrap("count", kind, err)
	}
	var groups []store.Group
	err = e.grouped(ctx, kind, where, group, groupType, bson.D{{Key: "$sum", Value: "$" + path(kind, field.Name)}}, func(by store.Value, result bson.RawValue) error {
		// A sum that leaves the int64 comes back as a binary float, which nobody may see.
		sum, ok := result.AsInt64OK()
		if result.Type == bson.TypeDouble || !ok {
			return store.Overflow(kind.Name, field.Name)
		}
		groups = append(groups, store.Group{By: by, Count: counts[by], Sum: sum})
		return nil
	})
	return groups, wrap("sum", kind, err)
}

// grouped calls visit with the result of one accumulator for each group.
func (e *engine) grouped(ctx context.Context, kind store.Kind, where []store.Filter, group any, groupType store.FieldType, accumulator bson.D, visit func(store.Value, bson.RawValue) error) error {
	cursor, err := e.records(kind).Aggregate(ctx, bson.A{
		bson.D{{Key: "$match", Value: condition(kind, where, store.Search{})}},
		bson.D{{Key: "$group", Value: bson.D{{Key: "_id", Value: group}, {Key: "result", Value: accumulator}}}},
	})
	if err != nil {
		return err
	}
	defer cursor.Close(ctx)
	for cursor.Next(ctx) {
		text, _ := cursor.Current.Lookup("_id").StringValueOK()
		number, _ := cursor.Current.Lookup("_id").Int64OK()
		if err := visit(store.Stored(groupType, text, number), cursor.Current.Lookup("result")); err != nil {
			return err
		}
	}
	return cursor.Err()
}

func (e *engine) Changes(ctx context.Context, kind store.Kind, after int64, limit int) ([]store.Stamp, error) {
	cursor, err := e.records(kind).Find(ctx, bson.D{{Key: "s", Value: bson.D{{Key: "$gt", Value: after}}}},
		options.Find().SetSort(bson.D{{Key: "s", Value: 1}}).SetLimit(int64(limit)).SetProjection(without("t", "b")))
	if err != nil {
		return nil, wrap("read changes", kind, err)
	}
	var found []document
	if err := cursor.All(ctx, &found); err != nil {
		return nil, wrap("read changes", kind, err)
	}
	stamps := make([]store.Stamp, len(found))
	for i, d := range found {
		stamps[i] = store.Stamp{ID: d.ID, Version: d.Version, Seq: d.Seq}
	}
	return stamps, nil
}

func (e *engine) FeedEnd(ctx context.Context, kind store.Kind) (int64, error) {
	var last document
	err := e.records(kind).FindOne(ctx, bson.D{}, options.FindOne().SetSort(bson.D{{Key: "s", Value: -1}}).SetProjection(without("t", "b"))).Decode(&last)
	if errors.Is(err, driver.ErrNoDocuments) {
		return 0, nil
	}
	return last.Seq, wrap("read changes", kind, err)
}

// Stray looks for archived parts whose record is missing.
func (e *engine) Stray(ctx context.Context, kind store.Kind) (string, error) {
	cursor, err := e.archive().Find(ctx, bson.D{{Key: "k", Value: kind.Name}}, options.Find().SetSort(bson.D{{Key: "i", Value: 1}}).SetProjection(without("t")))
	if err != nil {
		return "", wrap("read trails", kind, err)
	}
	defer cursor.Close(ctx)
	last := ""
	for cursor.Next(ctx) {
		id := cursor.Current.Lookup("i").StringValue()
		if id == last {
			continue
		}
		last = id
		if _, err := e.Load(ctx, kind, id); errors.Is(err, store.ErrNotFound) {
			return id, nil
		} else if err != nil {
			return "", err
		}
	}
	return "", wrap("read trails", kind, cursor.Err())
}
