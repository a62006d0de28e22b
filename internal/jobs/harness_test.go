package jobs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"zutuan/internal/jobs"
	"zutuan/internal/permit"
	"zutuan/internal/store"
	"zutuan/internal/store/mongo"
	"zutuan/internal/store/sqlite"
	"zutuan/internal/storetest"
)

// The tests' clock stands still, so that no lease runs out unless a test moves it; beats go by the machine's clock and
// are short. A process that dies is one whose cable to the database is cut: it writes nothing any more and does not
// know why. TestAKilledProcess kills a real one.
const (
	beat  = 5 * time.Millisecond
	lease = time.Minute
	// patience bounds every wait for something that must happen.
	patience = 30 * time.Second
)

// database opens handles, each of which stands for a process.
type database func(t testing.TB, clock func() time.Time) store.Store

// kinds are those of the service that jobs need.
func kinds() []store.Kind {
	for _, kind := range store.Kinds() {
		if kind.Name == store.KindJob {
			return []store.Kind{kind}
		}
	}
	panic("no kind for jobs")
}

func sqliteDatabase(t testing.TB) database {
	path := filepath.Join(t.TempDir(), "jobs.db")
	return func(t testing.TB, clock func() time.Time) store.Store {
		s, err := sqlite.Open(context.Background(), sqlite.Config{Path: path, Kinds: kinds(), Clock: clock})
		return closedAfter(t, s, err)
	}
}

var databases atomic.Int64

func mongoDatabase(t testing.TB) database {
	uri := storetest.MongoURI(t)
	name := fmt.Sprintf("zutuan_jobs_%d_%d", os.Getpid(), databases.Add(1))
	client, err := driver.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(client.Database(name).Drop(context.Background()), client.Disconnect(context.Background())); err != nil {
			t.Error(err)
		}
	})
	return func(t testing.TB, clock func() time.Time) store.Store {
		s, err := mongo.Open(context.Background(), mongo.Config{URI: uri, Database: name, Kinds: kinds(), Clock: clock})
		return closedAfter(t, s, err)
	}
}

func closedAfter(t testing.TB, s store.Store, err error) store.Store {
	t.Helper()
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

// onBoth runs a test on both databases.
func onBoth(t *testing.T, test func(t *testing.T, open database)) {
	t.Run("sqlite", func(t *testing.T) { test(t, sqliteDatabase(t)) })
	t.Run("mongo", func(t *testing.T) { test(t, mongoDatabase(t)) })
}

// cable is a process's connection; a test cuts it, and counts what goes through it.
type cable struct {
	store.Store
	cut            atomic.Bool
	reads, updates atomic.Int64
}

var errCut = errors.New("the cable is cut")

func (c *cable) ok() error {
	if c.cut.Load() {
		return errCut
	}
	return nil
}

func (c *cable) Create(ctx context.Context, draft store.Draft, change store.Change) (store.Record, error) {
	if err := c.ok(); err != nil {
		return store.Record{}, err
	}
	return c.Store.Create(ctx, draft, change)
}

func (c *cable) Get(ctx context.Context, kind, id string) (store.Record, error) {
	c.reads.Add(1)
	if err := c.ok(); err != nil {
		return store.Record{}, err
	}
	return c.Store.Get(ctx, kind, id)
}

func (c *cable) List(ctx context.Context, query store.Query) (store.Page, error) {
	c.reads.Add(1)
	if err := c.ok(); err != nil {
		return store.Page{}, err
	}
	return c.Store.List(ctx, query)
}

func (c *cable) Update(ctx context.Context, kind, id string, expected int64, change store.Change, next func(store.Record) (store.Draft, error)) (store.Record, error) {
	c.updates.Add(1)
	if err := c.ok(); err != nil {
		return store.Record{}, err
	}
	return c.Store.Update(ctx, kind, id, expected, change, next)
}

func (c *cable) Acquire(ctx context.Context, name, owner string, ttl time.Duration) (store.Lease, error) {
	if err := c.ok(); err != nil {
		return store.Lease{}, err
	}
	return c.Store.Acquire(ctx, name, owner, ttl)
}

func (c *cable) Renew(ctx context.Context, lease store.Lease, ttl time.Duration) (store.Lease, error) {
	if err := c.ok(); err != nil {
		return store.Lease{}, err
	}
	return c.Store.Renew(ctx, lease, ttl)
}

// log is a log that tests read.
type log struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (l *log) Write(line []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.Write(line)
}

func (l *log) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.String()
}

// process is a runner with its cable.
type process struct {
	*jobs.Runner
	cable *cable
	log   *log
}

// join makes a process that has not started; it is stopped with the test.
func join(t testing.TB, open database, clock *storetest.Clock, change func(*jobs.Options)) process {
	t.Helper()
	p := process{cable: &cable{Store: open(t, clock.Now)}, log: &log{}}
	given := jobs.Options{Workers: 2, Owner: "test", PollEvery: beat, LeaseTTL: lease, StopGrace: time.Second, Logger: slog.New(slog.NewTextHandler(p.log, nil))}
	if change != nil {
		change(&given)
	}
	p.Runner = jobs.New(p.cable, clock.Now, given)
	t.Cleanup(func() { stopNow(p) })
	return p
}

// stopNow stops without waiting for handlers.
func stopNow(p process) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = p.Stop(ctx)
}

var (
	person   = permit.Actor{User: "usr_a", Name: "张三", Role: permit.RoleBureau, Region: "451481"}
	stranger = permit.Actor{User: "usr_b", Name: "李四", Role: permit.RoleBureau, Region: "451481"}
	service  = permit.SystemActor("test")
)

func submit(t testing.TB, p process, by permit.Actor, kind string, input any, options jobs.SubmitOptions) jobs.Job {
	t.Helper()
	job, _, err := p.Submit(context.Background(), by, kind, input, options)
	if err != nil {
		t.Fatalf("submit %s: %v", kind, err)
	}
	return job
}

func get(t testing.TB, p process, id string) jobs.Job {
	t.Helper()
	job, err := p.Get(context.Background(), service, id)
	if err != nil {
		t.Fatalf("get %s: %v", id, err)
	}
	return job
}

// until waits for a job to be as wanted.
func until(t testing.TB, p process, id, wanted string, is func(jobs.Job) bool) jobs.Job {
	t.Helper()
	var job jobs.Job
	eventually(t, fmt.Sprintf("%s to be %s", id, wanted), func() bool { job = get(t, p, id); return is(job) })
	return job
}

func untilStatus(t testing.TB, p process, id string, status jobs.Status) jobs.Job {
	t.Helper()
	job := until(t, p, id, string(status), func(job jobs.Job) bool { return job.Status == status || job.Status.Final() })
	if job.Status != status {
		t.Fatalf("%s is %s, want %s: %+v", id, job.Status, status, job.Error)
	}
	return job
}

func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %s for %s", patience, what)
		}
	}
}

// received waits for a signal.
func received[T any](t testing.TB, what string, from <-chan T) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(patience):
		t.Fatalf("waited %s for %s", patience, what)
		panic("unreachable")
	}
}
