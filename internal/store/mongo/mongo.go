// Package mongo keeps records in MongoDB, so that several processes of the service can share them. A kind is a
// collection; a record, its index fields and the newest part of its trail are one document, which MongoDB writes
// atomically, and no transaction is needed. Older parts of trails lie in a collection of their own: a part is copied
// there first and cut from the record afterwards, so that it is always in at least one of the two places.
//
// The package uses nothing that a single server, a replica set and the test server do not share: unique and compound
// indexes, find with sort and limit, updates of one document, and sums by group. Collections are not to be sharded;
// in a sharded cluster they live on one shard.
package mongo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"zutuan/internal/store"
)

const (
	// callTimeout ends a call whose caller set no limit; the server is told the same limit and stops working on it.
	callTimeout = 30 * time.Second
	// selectTimeout is how long a call waits for a server that can take writes, long enough for an election.
	selectTimeout = 15 * time.Second
)

// Config says where the database is and what is kept in it.
type Config struct {
	// URI is a MongoDB connection string; Database is the name of the database.
	URI, Database string
	// Kinds are the declared kinds of records.
	Kinds []store.Kind
	// Clock gives the time of each write; time.Now in the service.
	Clock func() time.Time
	// Fault ends writes between two steps; nil outside tests.
	Fault store.Fault
}

// engine is the store.Engine over one database.
type engine struct {
	client *driver.Client
	db     *driver.Database
	fault  store.Fault
	lanes  map[string]*lane
}

// Open connects, brings fields and indexes up to date and returns the store. It fails where no server answers.
func Open(ctx context.Context, config Config) (store.Store, error) {
	if err := store.CheckKinds(config.Kinds); err != nil {
		return nil, fmt.Errorf("mongo: %w", err)
	}
	journaled := true
	client, err := driver.Connect(options.Client().ApplyURI(config.URI).
		SetAppName("zutuan").
		// Acknowledged means: on the disks of the majority. It survives the loss of the server that took it.
		SetWriteConcern(&writeconcern.WriteConcern{W: "majority", Journal: &journaled}).
		// What is read can not be taken back by an election either, so that the change feed shows no place twice.
		SetReadConcern(readconcern.Majority()).
		// Only the primary knows the newest version of a record.
		SetReadPreference(readpref.Primary()).
		SetServerSelectionTimeout(selectTimeout).
		SetTimeout(callTimeout))
	if err != nil {
		return nil, fmt.Errorf("mongo: %w", err)
	}
	e := &engine{client: client, db: client.Database(config.Database), fault: config.Fault, lanes: map[string]*lane{}}
	for _, kind := range config.Kinds {
		e.lanes[kind.Name] = &lane{turn: make(chan struct{}, 1)}
	}
	if err := e.prepare(ctx, config.Kinds); err != nil {
		return nil, errors.Join(fmt.Errorf("mongo: prepare: %w", err), client.Disconnect(context.Background()))
	}
	return store.Over(e, config.Kinds, config.Clock), nil
}

// Names of collections beside those of the kinds.
const (
	archiveCollection = "trail_archive"
	leaseCollection   = "lease"
)

func (e *engine) records(kind store.Kind) *driver.Collection {
	return e.db.Collection("record_" + kind.Name)
}

func (e *engine) archive() *driver.Collection { return e.db.Collection(archiveCollection) }

func (e *engine) leases() *driver.Collection { return e.db.Collection(leaseCollection) }

// Snapshot: without transactions a reader follows what is written; Export settles that.
func (e *engine) Snapshot(context.Context) (store.Reader, bool, func(), error) {
	return e, false, func() {}, nil
}

// Backup has no way of its own: the export is the backup.
func (e *engine) Backup(context.Context, string) (bool, error) { return false, nil }

func (e *engine) Ping(ctx context.Context) error { return e.client.Ping(ctx, readpref.Primary()) }

func (e *engine) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	return e.client.Disconnect(ctx)
}

// isDuplicate reports whether a write was refused by a unique index. The test server answers so to an insert, but to
// an update with the words of the database behind it.
func isDuplicate(err error) bool {
	return driver.IsDuplicateKeyError(err) || (err != nil && strings.Contains(err.Error(), "UNIQUE constraint failed"))
}

// wrap says what was being done; refusals keep their own words.
func wrap(doing string, kind store.Kind, err error) error {
	var refusal *store.Error
	if err == nil || errors.As(err, &refusal) {
		return err
	}
	return fmt.Errorf("mongo: %s %s: %w", doing, kind.Name, err)
}

// prepare gives documents of earlier releases the fields that were declared since, and makes the indexes.
func (e *engine) prepare(ctx context.Context, kinds []store.Kind) error {
	for _, kind := range kinds {
		if err := e.fill(ctx, kind); err != nil {
			return fmt.Errorf("%s: %w", kind.Name, err)
		}
		if err := ensure(ctx, e.records(kind), indexes(kind)); err != nil {
			return fmt.Errorf("indexes of %s: %w", kind.Name, err)
		}
	}
	return ensure(ctx, e.archive(), []index{{name: "by_record", keys: bson.D{{Key: "k", Value: 1}, {Key: "i", Value: 1}, {Key: "a", Value: 1}}}})
}

// index is one index; its name is made of what it indexes.
type index struct {
	name   string
	keys   bson.D
	unique bool
}

// ensure makes the indexes that are not there yet.
func ensure(ctx context.Context, collection *driver.Collection, wanted []index) error {
	present, err := collection.Indexes().ListSpecifications(ctx)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, one := range present {
		known[one.Name] = true
	}
	for _, one := range wanted {
		if known[one.name] {
			continue
		}
		if _, err := collection.Indexes().CreateOne(ctx, driver.IndexModel{Keys: one.keys, Options: options.Index().SetUnique(one.unique).SetName(one.name)}); err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
	}
	return nil
}

// indexes are those of the kind's lists, the unique fields and the change feed.
func indexes(kind store.Kind) []index {
	var all []index
	if !kind.Perishable {
		all = append(all, index{"feed", bson.D{{Key: "s", Value: 1}}, true})
	}
	for _, field := range kind.Uniques() {
		all = append(all, index{"unique_" + field.Name, bson.D{{Key: claim(field), Value: 1}}, true})
	}
	for _, list := range kind.Lists {
		var keys bson.D
		for _, name := range list {
			keys = append(keys, bson.E{Key: path(kind, name), Value: 1})
		}
		if keys[len(keys)-1].Key != "_id" {
			keys = append(keys, bson.E{Key: "_id", Value: 1})
		}
		all = append(all, index{"by_" + strings.Join(list, "_and_"), keys, false})
	}
	return all
}

// fill gives a field that is new in this release its zero in documents that do not have it.
func (e *engine) fill(ctx context.Context, kind store.Kind) error {
	for _, field := range kind.Fields {
		name := path(kind, field.Name)
		missing := bson.D{{Key: name, Value: bson.D{{Key: "$exists", Value: false}}}}
		if _, err := e.records(kind).UpdateMany(ctx, missing, bson.D{{Key: "$set", Value: bson.D{{Key: name, Value: plain(store.Stored(field.Type, "", 0))}}}}); err != nil {
			return err
		}
	}
	for _, field := range kind.Uniques() {
		missing := bson.D{{Key: claim(field), Value: bson.D{{Key: "$exists", Value: false}}}}
		cursor, err := e.records(kind).Find(ctx, missing, options.Find().SetProjection(bson.D{{Key: "_id", Value: 1}}))
		if err != nil {
			return err
		}
		var found []struct {
			ID string `bson:"_id"`
		}
		if err := cursor.All(ctx, &found); err != nil {
			return err
		}
		for _, document := range found {
			change := bson.D{{Key: "$set", Value: bson.D{{Key: claim(field), Value: claimed(document.ID, store.Value{})}}}}
			if _, err := e.records(kind).UpdateOne(ctx, bson.D{{Key: "_id", Value: document.ID}}, change); err != nil {
				return err
			}
		}
	}
	return nil
}
