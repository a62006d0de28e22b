package mongo

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"zutuan/internal/store"
	"zutuan/internal/store/sqlite"
	"zutuan/internal/storetest"
)

func TestContract(t *testing.T) {
	storetest.Run(t, func(t testing.TB) storetest.Database { return fresh(t) })
}

var databases atomic.Int64

// fresh is a database of a new name, removed with the test.
func fresh(t testing.TB) database {
	t.Helper()
	client, err := driver.Connect(options.Client().ApplyURI(storetest.MongoURI(t)))
	if err != nil {
		t.Fatal(err)
	}
	d := database{uri: storetest.MongoURI(t), db: client.Database(fmt.Sprintf("zutuan_test_%d_%d", os.Getpid(), databases.Add(1)))}
	t.Cleanup(func() {
		if err := d.db.Drop(context.Background()); err != nil {
			t.Error(err)
		}
		if err := client.Disconnect(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return d
}

type database struct {
	uri string
	db  *driver.Database
}

func (d database) Open(t testing.TB, kinds []store.Kind, clock func() time.Time, fault store.Fault) store.Store {
	t.Helper()
	s, err := Open(context.Background(), Config{URI: d.uri, Database: d.db.Name(), Kinds: kinds, Clock: clock, Fault: fault})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (d database) BackDoor(t testing.TB) storetest.BackDoor { return door{t, d.db} }

// door writes into the database as any program could.
type door struct {
	t  testing.TB
	db *driver.Database
}

func (d door) set(collection, id, field string, value any) {
	d.t.Helper()
	result, err := d.db.Collection(collection).UpdateOne(context.Background(), byID(id), bson.D{{Key: "$set", Value: bson.D{{Key: field, Value: value}}}})
	if err != nil || result.MatchedCount != 1 {
		d.t.Fatalf("%s %s: %+v, %v", collection, id, result, err)
	}
}

func (d door) Body(kind, id string, change func(string) string) {
	var found document
	if err := d.db.Collection("record_"+kind).FindOne(context.Background(), byID(id)).Decode(&found); err != nil {
		d.t.Fatal(err)
	}
	d.set("record_"+kind, id, "b", change(found.Body))
}

func (d door) Region(kind, id, region string) { d.set("record_"+kind, id, "r", region) }

func (d door) Number(kind, id, field string, value int64) {
	d.set("record_"+kind, id, "f_"+field, value)
}

func (d door) Head(kind, id, head string) { d.set("record_"+kind, id, "h", head) }

func (d door) Record(kind, id string) {
	if _, err := d.db.Collection("record_"+kind).DeleteOne(context.Background(), byID(id)); err != nil {
		d.t.Fatal(err)
	}
}

// Entry looks in the record first and in the archive then.
func (d door) Entry(kind, id string, version int64, change func(string) string) {
	d.t.Helper()
	ctx := context.Background()
	var found document
	if err := d.db.Collection("record_"+kind).FindOne(ctx, byID(id)).Decode(&found); err != nil {
		d.t.Fatal(err)
	}
	if version >= found.First {
		d.set("record_"+kind, id, "t", changed(found.Trail, int(version-found.First), change))
		return
	}
	cursor, err := d.db.Collection(archiveCollection).Find(ctx, bson.D{{Key: "k", Value: kind}, {Key: "i", Value: id}})
	if err != nil {
		d.t.Fatal(err)
	}
	var parts []struct {
		ID    string   `bson:"_id"`
		First int64    `bson:"a"`
		Trail []string `bson:"t"`
	}
	if err := cursor.All(ctx, &parts); err != nil {
		d.t.Fatal(err)
	}
	for _, part := range parts {
		if place := version - part.First; place >= 0 && place < int64(len(part.Trail)) {
			d.set(archiveCollection, part.ID, "t", changed(part.Trail, int(place), change))
			return
		}
	}
	d.t.Fatalf("entry %d of %s %s is nowhere", version, kind, id)
}

func changed(trail []string, place int, change func(string) string) []string {
	var next []string
	for i, entry := range trail {
		if i == place {
			entry = change(entry)
		}
		if entry != "" {
			next = append(next, entry)
		}
	}
	return next
}

// Ensure an export moves everything from one database to the other and back without changing a byte.
func TestExportBetweenDatabases(t *testing.T) {
	ctx, clock := context.Background(), storetest.NewClock()
	embedded := func() store.Store {
		s, err := sqlite.Open(ctx, sqlite.Config{Path: filepath.Join(t.TempDir(), "test.db"), Kinds: storetest.Kinds(), Clock: clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	served := func() store.Store { return fresh(t).Open(t, storetest.Kinds(), clock.Now, nil) }
	for _, test := range []struct {
		name      string
		from, via func() store.Store
	}{{"from SQLite", embedded, served}, {"from MongoDB", served, embedded}} {
		t.Run(test.name, func(t *testing.T) {
			from, via := test.from(), test.via()
			storetest.Fill(t, from, clock)
			text := storetest.Export(t, from)
			if err := via.Import(ctx, bytes.NewReader(text)); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(text, storetest.Export(t, via)) {
				t.Error("the other database exports differently")
			}
			before, err := from.Verify(ctx)
			after, err2 := via.Verify(ctx)
			if err != nil || err2 != nil || before != after {
				t.Errorf("%+v, %v; %+v, %v", before, err, after, err2)
			}
			// Ensure records can be written on where they came to, in both databases alike.
			for _, s := range []store.Store{from, via} {
				record, err := s.Update(ctx, "note", "n0003", 0, store.Change{Who: "a", Action: "b"}, func(r store.Record) (store.Draft, error) { return r.Draft(), nil })
				if err != nil || record.Version != 55 {
					t.Fatalf("%+v, %v", record, err)
				}
			}
			if !bytes.Equal(storetest.Export(t, from), storetest.Export(t, via)) {
				t.Error("the databases part after the import")
			}
		})
	}
}

// Ensure an export that is written while records change is the state of one moment: its lines for a record that
// changed follow once more and stand.
func TestExportWhileWriting(t *testing.T) {
	ctx, clock := context.Background(), storetest.NewClock()
	s := fresh(t).Open(t, storetest.Kinds(), clock.Now, nil)
	storetest.Fill(t, s, clock)
	// The export writes blocks of 64 KiB; this record fills the first one after n0001 has gone into it.
	large := store.Draft{Kind: "note", ID: "z", Body: []byte(`"` + strings.Repeat("x", 200_000) + `"`)}
	if _, err := s.Create(ctx, large, store.Change{Who: "a", Action: "b"}); err != nil {
		t.Fatal(err)
	}
	writer := &interrupting{change: func() {
		if _, err := s.Update(ctx, "note", "n0001", 0, store.Change{Who: "a", Action: "b"}, func(r store.Record) (store.Draft, error) { return r.Draft(), nil }); err != nil {
			t.Error(err)
		}
	}}
	if err := s.Export(ctx, writer); err != nil {
		t.Fatal(err)
	}
	text := writer.text.Bytes()
	if !writer.done || bytes.Count(text, []byte(`"id":"n0001"`)) != 2 {
		t.Fatalf("the record that changed stands %d times", bytes.Count(text, []byte(`"id":"n0001"`)))
	}
	other := fresh(t).Open(t, storetest.Kinds(), clock.Now, nil)
	if err := other.Import(ctx, bytes.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(storetest.Export(t, other), storetest.Export(t, s)) {
		t.Error("what was imported is not the state at the end of the export")
	}
}

// interrupting changes the store when the export has written its first block.
type interrupting struct {
	text   bytes.Buffer
	change func()
	done   bool
}

func (i *interrupting) Write(block []byte) (int, error) {
	if !i.done {
		i.done = true
		i.change()
	}
	return i.text.Write(block)
}

// Ensure the kinds of the service can be declared on a server.
func TestServiceKinds(t *testing.T) {
	db := fresh(t)
	for range 2 {
		s := db.Open(t, store.Kinds(), storetest.NewClock().Now, nil)
		if report, err := s.Verify(context.Background()); err != nil || report.Records != 0 {
			t.Errorf("%+v, %v", report, err)
		}
	}
}

// Ensure a killed process loses no acknowledged write and leaves no half of one.
func TestKilledWriterLosesNothing(t *testing.T) {
	storetest.RunKilled(t, 2, func(t testing.TB) string { return fresh(t).db.Name() }, func(name string) (store.Store, error) {
		return Open(context.Background(), Config{URI: os.Getenv("MONGODB_URI"), Database: name, Kinds: storetest.Kinds(), Clock: time.Now})
	}, "MONGODB_URI="+uriOrNone(t))
}

// uriOrNone is the server for the process that will be killed; that process itself gets it from its environment.
func uriOrNone(t testing.TB) string {
	uri := storetest.MongoURI(t)
	t.Setenv("MONGODB_URI", uri)
	return uri
}

func TestOpenRefusals(t *testing.T) {
	for _, test := range []struct{ name, uri, says string }{
		{"no server", "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200", "server selection"},
		{"no connection string", "postgres://127.0.0.1", "scheme"},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			_, err := Open(ctx, Config{URI: test.uri, Database: "x", Kinds: storetest.Kinds(), Clock: time.Now})
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want %q", err, test.says)
			}
		})
	}
}
