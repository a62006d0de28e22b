package mongo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"zutuan/internal/store"
)

const (
	// archiveEvery is after how many versions the older entries of a trail are moved to the archive, and keepEntries how
	// many stay. An entry has at most about 140 KiB, so that a body of 8 MiB and its entries stay below the 16 MiB of a
	// document even if two moves in a row were interrupted.
	archiveEvery = 16
	keepEntries  = 4
)

// lane lets the writes of one kind in this process follow each other. Places in the change feed are dense: a write
// takes the place after the largest one it has seen, and the unique index on places lets only one write have it.
// So a place never becomes visible in front of one that a reader has already seen, without a clock and without a
// counter that a crashed writer leaves a hole in. Other processes that were quicker make a write try again.
type lane struct {
	turn chan struct{}
	// last is the largest place seen; known is false before the first look and after another process was quicker.
	last  int64
	known bool
}

func (l *lane) enter(ctx context.Context) error {
	select {
	case l.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// inLane runs a write with the next place of the feed, again for as long as the place turns out to be taken. write
// returns a duplicate key error as it came; refused says what else than the place it may mean.
func (e *engine) inLane(ctx context.Context, kind store.Kind, write func(seq int64) error, refused func() error) (int64, error) {
	if kind.Perishable {
		return 0, e.outsideFeed(ctx, write, refused)
	}
	l := e.lanes[kind.Name]
	if err := l.enter(ctx); err != nil {
		return 0, err
	}
	defer func() { <-l.turn }()
	for {
		if !l.known {
			last, err := e.FeedEnd(ctx, kind)
			if err != nil {
				return 0, err
			}
			l.last, l.known = last, true
		}
		err := write(l.last + 1)
		if err == nil {
			l.last++
			return l.last, nil
		}
		if refusal := (*store.Error)(nil); errors.As(err, &refusal) {
			return 0, err
		}
		// After any failure it is not known which place is the last: the write may stand although its answer was lost.
		l.known = false
		if !isDuplicate(err) {
			return 0, err
		}
		if err := refused(); err != nil {
			return 0, err
		}
		if err := ctx.Err(); err != nil {
			return 0, err
		}
	}
}

// claimTries bounds how often a write is repeated whose collision was gone when it was looked for.
const claimTries = 5

// outsideFeed writes a record that has no place in a feed. A record that carried the same unique value may be changed or removed between the
// collision and the look for it; the value is free then, and the write is made again.
func (e *engine) outsideFeed(ctx context.Context, write func(seq int64) error, refused func() error) error {
	var err error
	for range claimTries {
		if err = write(0); !isDuplicate(err) {
			return err
		}
		if cause := refused(); cause != nil {
			return cause
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return err
}

func (e *engine) Insert(ctx context.Context, kind store.Kind, record store.Record, entry []byte) (int64, error) {
	if err := e.fault.At(store.StepBegun); err != nil {
		return 0, err
	}
	write := func(seq int64) error {
		record.Seq = seq
		_, err := e.records(kind).InsertOne(ctx, newDocument(kind, store.Whole{Record: record, Trail: [][]byte{entry}}))
		return err
	}
	refused := func() error {
		if _, err := e.Load(ctx, kind, record.ID); !errors.Is(err, store.ErrNotFound) {
			return firstOf(err, store.Exists(kind.Name, record.ID))
		}
		return e.claimedBy(ctx, kind, record)
	}
	seq, err := e.inLane(ctx, kind, write, refused)
	if err != nil {
		return 0, wrap("create", kind, err)
	}
	return seq, e.fault.At(store.StepWritten)
}

// newDocument is a record with the newest entries of its trail.
func newDocument(kind store.Kind, whole store.Whole) bson.D {
	d := bson.D{{Key: "_id", Value: whole.Record.ID}}
	d = append(d, content(kind, whole.Record)...)
	first := whole.Record.Version - int64(len(whole.Trail)) + 1
	return append(d, bson.E{Key: "t", Value: texts(whole.Trail)}, bson.E{Key: "e", Value: first})
}

func firstOf(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// claimedBy finds the unique field whose value another record carries; nil where there is none.
func (e *engine) claimedBy(ctx context.Context, kind store.Kind, record store.Record) error {
	for _, field := range kind.Uniques() {
		value := record.Fields[field.Name]
		if value.IsZero() {
			continue
		}
		filter := bson.D{{Key: claim(field), Value: claimed(record.ID, value)}, {Key: "_id", Value: bson.D{{Key: "$ne", Value: record.ID}}}}
		count, err := e.records(kind).CountDocuments(ctx, filter)
		if err != nil {
			return err
		}
		if count > 0 {
			return store.Duplicate(kind.Name, record.ID, field.Name)
		}
	}
	return nil
}

func (e *engine) Replace(ctx context.Context, kind store.Kind, record store.Record, entry []byte, expected int64) (int64, error) {
	if err := e.fault.At(store.StepBegun); err != nil {
		return 0, err
	}
	if expected%archiveEvery == 0 && !kind.Brief {
		if err := e.moveOlder(ctx, kind, record.ID, expected); err != nil {
			return 0, wrap("archive", kind, err)
		}
	}
	write := func(seq int64) error {
		record.Seq = seq
		set := content(kind, record)
		var update bson.D
		if kind.Brief {
			set = append(set, bson.E{Key: "t", Value: texts([][]byte{entry})}, bson.E{Key: "e", Value: record.Version})
		} else {
			update = bson.D{{Key: "$push", Value: bson.D{{Key: "t", Value: string(entry)}}}}
		}
		update = append(update, bson.E{Key: "$set", Value: set})
		result, err := e.records(kind).UpdateOne(ctx, bson.D{{Key: "_id", Value: record.ID}, {Key: "v", Value: expected}}, update)
		if err == nil && result.MatchedCount == 0 {
			return e.overtaken(ctx, kind, record.ID)
		}
		return err
	}
	seq, err := e.inLane(ctx, kind, write, func() error { return e.claimedBy(ctx, kind, record) })
	if err != nil {
		return 0, wrap("update", kind, err)
	}
	return seq, e.fault.At(store.StepWritten)
}

// overtaken tells a changed record from one that is gone.
func (e *engine) overtaken(ctx context.Context, kind store.Kind, id string) error {
	current, err := e.Load(ctx, kind, id)
	if err != nil {
		return err
	}
	return store.Conflict(kind.Name, id, current.Version)
}

// moveOlder copies all but the newest entries to the archive and then cuts them from the record. What is copied is
// decided by the record's version alone: whoever repeats it, after a crash or at the same time, writes the same. A
// record that was changed meanwhile is left to the next move.
func (e *engine) moveOlder(ctx context.Context, kind store.Kind, id string, version int64) error {
	var d document
	atVersion := bson.D{{Key: "_id", Value: id}, {Key: "v", Value: version}}
	err := e.records(kind).FindOne(ctx, atVersion, options.FindOne().SetProjection(without("b"))).Decode(&d)
	if errors.Is(err, driver.ErrNoDocuments) || (err == nil && len(d.Trail) <= keepEntries) {
		return nil
	}
	if err != nil {
		return err
	}
	cut := len(d.Trail) - keepEntries
	if err := e.putArchive(ctx, kind, id, d.First, d.Trail[:cut]); err != nil {
		return err
	}
	if err := e.fault.At(store.StepArchived); err != nil {
		return err
	}
	_, err = e.records(kind).UpdateOne(ctx, atVersion, bson.D{{Key: "$set", Value: bson.D{{Key: "t", Value: d.Trail[cut:]}, {Key: "e", Value: d.First + int64(cut)}}}})
	return err
}

// putArchive writes one part of a trail; writing it again is without effect.
func (e *engine) putArchive(ctx context.Context, kind store.Kind, id string, first int64, entries []string) error {
	key := fmt.Sprintf("%s/%s/%d", kind.Name, id, first)
	part := bson.D{{Key: "_id", Value: key}, {Key: "k", Value: kind.Name}, {Key: "i", Value: id}, {Key: "a", Value: first}, {Key: "t", Value: entries}}
	_, err := e.archive().ReplaceOne(ctx, byID(key), part, options.Replace().SetUpsert(true))
	if isDuplicate(err) { // Somebody inserted the same part at the same time; now it is there to be replaced.
		_, err = e.archive().ReplaceOne(ctx, byID(key), part, options.Replace().SetUpsert(true))
	}
	return err
}

// Remove deletes the record first; what an interrupted deletion leaves in the archive is removed by the next one.
// Perishable kinds that are not brief are few and seldom changed, so that there is rarely anything.
func (e *engine) Remove(ctx context.Context, kind store.Kind, id string, expected int64) error {
	if err := e.fault.At(store.StepBegun); err != nil {
		return err
	}
	result, err := e.records(kind).DeleteOne(ctx, bson.D{{Key: "_id", Value: id}, {Key: "v", Value: expected}})
	if err != nil {
		return wrap("delete", kind, err)
	}
	if result.DeletedCount == 0 {
		return wrap("delete", kind, e.overtaken(ctx, kind, id))
	}
	if err := e.fault.At(store.StepRecord); err != nil {
		return err
	}
	if _, err := e.archive().DeleteMany(ctx, bson.D{{Key: "k", Value: kind.Name}, {Key: "i", Value: id}}); err != nil {
		return wrap("delete", kind, err)
	}
	return e.fault.At(store.StepWritten)
}

func (e *engine) Restore(ctx context.Context, kind store.Kind, wholes []store.Whole) error {
	for _, whole := range wholes {
		if err := e.restore(ctx, kind, whole); err != nil {
			return wrap("import", kind, err)
		}
		if err := e.fault.At(store.StepRecord); err != nil {
			return err
		}
	}
	return nil
}

// restore writes the archive first, as a move does.
func (e *engine) restore(ctx context.Context, kind store.Kind, whole store.Whole) error {
	id := whole.Record.ID
	old, err := e.Whole(ctx, kind, id)
	exists := err == nil
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if exists {
		same, follows := old.Follows(whole)
		if same {
			return nil
		}
		if !follows {
			return store.Exists(kind.Name, id)
		}
	}
	kept := whole
	if cut := len(whole.Trail) - keepEntries; cut > 0 {
		if err := e.archiveAll(ctx, kind, id, whole.Trail[:cut]); err != nil {
			return err
		}
		kept.Trail = whole.Trail[cut:]
	}
	if exists {
		_, err = e.records(kind).ReplaceOne(ctx, bson.D{{Key: "_id", Value: id}, {Key: "v", Value: old.Record.Version}}, newDocument(kind, kept))
	} else {
		_, err = e.records(kind).InsertOne(ctx, newDocument(kind, kept))
	}
	if isDuplicate(err) {
		return store.Exists(kind.Name, id)
	}
	return err
}

// archiveAll splits a long trail into parts that fit into documents.
func (e *engine) archiveAll(ctx context.Context, kind store.Kind, id string, entries [][]byte) error {
	for from := 0; from < len(entries); from += archiveEvery {
		var part []string
		for _, entry := range entries[from:min(from+archiveEvery, len(entries))] {
			part = append(part, string(entry))
		}
		if err := e.putArchive(ctx, kind, id, int64(from+1), part); err != nil {
			return err
		}
	}
	return nil
}

// leases is the name under which errors about leases are told.
var leases = store.Kind{Name: "lease"}

type leaseDocument struct {
	Name       string `bson:"_id"`
	Owner      string `bson:"owner"`
	Token      int64  `bson:"token"`
	Expires    int64  `bson:"expires"` // milliseconds since 1970, UTC
	Generation int64  `bson:"generation"`
}

func (e *engine) Lease(ctx context.Context, name string) (store.Lease, bool, error) {
	var d leaseDocument
	err := e.leases().FindOne(ctx, byID(name)).Decode(&d)
	if errors.Is(err, driver.ErrNoDocuments) {
		return store.Lease{}, false, nil
	}
	if err != nil {
		return store.Lease{}, false, wrap("read", leases, err)
	}
	return store.Lease{Name: d.Name, Owner: d.Owner, Token: d.Token, Expires: time.UnixMilli(d.Expires).UTC(), Generation: d.Generation}, true, nil
}

func (e *engine) SwapLease(ctx context.Context, lease store.Lease, expected int64) (bool, error) {
	d := leaseDocument{Name: lease.Name, Owner: lease.Owner, Token: lease.Token, Expires: lease.Expires.UnixMilli(), Generation: lease.Generation}
	if expected == 0 {
		_, err := e.leases().InsertOne(ctx, d)
		if isDuplicate(err) {
			return false, nil
		}
		return err == nil, wrap("write", leases, err)
	}
	result, err := e.leases().ReplaceOne(ctx, bson.D{{Key: "_id", Value: lease.Name}, {Key: "generation", Value: expected}}, d)
	if err != nil {
		return false, wrap("write", leases, err)
	}
	return result.MatchedCount == 1, nil
}
