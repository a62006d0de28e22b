package journey

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"zutuan/api/client"
	"zutuan/internal/httpapi"
	"zutuan/internal/httpapi/apitest"
	"zutuan/internal/jobs"
	"zutuan/internal/people"
	"zutuan/internal/permit"
	"zutuan/internal/service"
	"zutuan/internal/store"
	"zutuan/internal/store/mongo"
	"zutuan/internal/store/sqlite"
	"zutuan/internal/storetest"
	"zutuan/rules"
)

// password is what everybody changes theirs to.
const password = "correct-horse-9"

// many is a rate that no test reaches; cheap makes hashing of passwords quick.
var (
	many  = httpapi.Rate{PerSecond: 1_000_000, Burst: 1_000_000}
	cheap = people.Cost{MemoryKiB: 64, Passes: 1, Lanes: 1}
)

// opening is the moment at which every stage opens; from then on its time runs as everybody's.
var opening = time.Date(2026, 6, 30, 2, 0, 0, 0, time.UTC)

// stage is a running service with an empty database, and the password of its administrator.
type stage struct {
	t         testing.TB
	service   *service.Service
	store     store.Store
	database  database
	base      string
	admin     string
	transport *apitest.Transport
	log       *logged
	offset    atomic.Int64
	named     int
	ended     sync.Once
}

// logged keeps the log of the service: a fault that a person is not told stands there.
type logged struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (l *logged) Write(text []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.Write(text)
}

func (l *logged) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.String()
}

var announced = regexp.MustCompile(`(?m)^\s+(\S+)\s+(\S+)\s+系统管理员`)

// open starts a service on a database of its own.
func open(t testing.TB, db database, change ...func(*service.Config)) *stage {
	t.Helper()
	s := &stage{t: t, database: db, log: &logged{}}
	began := time.Now()
	clock := func() time.Time { return opening.Add(time.Since(began) + time.Duration(s.offset.Load())) }
	s.store = db.open(t, clock)
	var told strings.Builder
	config := service.Config{Store: s.store, Rules: rules.FS, Listen: "127.0.0.1:0", Empty: true, Announce: &told, Clock: clock,
		Logger: slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelWarn})),
		HTTP:   httpapi.Config{PerCaller: many, PerAddress: many, Heartbeat: 100 * time.Millisecond}, People: people.Options{HashCost: cheap},
		Jobs: jobs.Options{PollEvery: 50 * time.Millisecond}}
	for _, mend := range change {
		mend(&config)
	}
	var err error
	if s.service, err = service.Start(context.Background(), config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.stop()
		if t.Failed() {
			t.Logf("log of the service:\n%.5000s", s.log)
		}
	})
	found := announced.FindStringSubmatch(told.String())
	if found == nil {
		t.Fatalf("no administrator was announced: %s", told.String())
	}
	s.base, s.admin = "http://"+s.service.Address(), found[2]
	s.transport = apitest.NewTransport(t, http.DefaultTransport.(*http.Transport).Clone())
	return s
}

// person is somebody with a client of their own. Answers come from the generated client, so that every field of theirs
// is read by its types.
type person struct {
	*client.ClientWithResponses
	t    testing.TB
	name string
	id   string
	csrf string
	// plain sends requests that the generated client cannot make.
	plain *http.Client
	base  string
}

// nobody is a person who has not signed in.
func (s *stage) nobody(name string) *person {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	p := &person{t: s.t, name: name, plain: &http.Client{Transport: s.transport, Jar: jar}, base: s.base}
	p.ClientWithResponses, err = client.NewClientWithResponses(s.base, client.WithHTTPClient(p.plain), client.WithRequestEditorFn(func(_ context.Context, request *http.Request) error {
		if p.csrf != "" && request.Method != http.MethodGet {
			request.Header.Set("X-CSRF-Token", p.csrf)
		}
		return nil
	}))
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// signIn signs in with the password that was given, and changes it, as everybody has to at first.
func (s *stage) signIn(name, given string) *person {
	s.t.Helper()
	ctx := context.Background()
	p := s.nobody(name)
	session := must(p.SignInWithResponse(ctx, client.SignInInput{Name: name, Password: given}))(s.t, 201).JSON201
	p.id = session.User
	if session.CsrfToken != nil {
		p.csrf = *session.CsrfToken
	}
	if session.MustChangePassword {
		must(p.ChangePasswordWithResponse(ctx, client.PasswordInput{Old: given, New: password}))(s.t, 204)
	}
	return p
}

// check ends the test at an error where something could not be set up.
func (s *stage) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// stop ends the service; its database stays.
func (s *stage) stop() {
	s.ended.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.service.Stop(ctx); err != nil {
			s.t.Errorf("stop: %v", err)
		}
	})
}

// somebody makes somebody and returns them as use cases know them, with an access token and its id.
func (s *stage) somebody(role permit.Role, place people.NewUser) (actor permit.Actor, secret, token string) {
	s.t.Helper()
	ctx := context.Background()
	s.named++
	place.Name = fmt.Sprintf("%s-%d", role, s.named)
	place.DisplayName, place.Role, place.Reason = place.Name, role, "test"
	made, err := s.service.People.CreateUser(ctx, permit.SystemActor("test"), place)
	s.check(err)
	session, err := s.service.People.SignIn(ctx, people.SignInInput{Name: place.Name, Password: made.Password}, people.Origin{})
	s.check(err)
	s.check(s.service.People.ChangePassword(ctx, session.Identity, people.PasswordChange{Old: made.Password, New: password}, people.Origin{}))
	if session, err = s.service.People.SignIn(ctx, people.SignInInput{Name: place.Name, Password: password}, people.Origin{}); err != nil {
		s.t.Fatal(err)
	}
	kept, secret, err := s.service.People.CreateToken(ctx, session.Identity, people.NewToken{Name: "t", ExpiresAt: opening.Add(80 * 24 * time.Hour)}, people.Origin{})
	s.check(err)
	return session.Identity.Actor, secret, kept.ID
}

// embeddedIn is an SQLite file of the test's own.
func embeddedIn(t testing.TB) database { return embedded(filepath.Join(t.TempDir(), "zutuan.db")) }

// leaks are words that no answer has: they would be of the inside of the program.
var leaks = []string{"goroutine ", ".go:", "panic", "runtime error", "nil pointer", "SQLITE_", "sqlite", "sql:", "bson", "E11000", "strconv.", "reflect.", "interface {}", "json: ", "invalid character '", "unexpected end of JSON", "context deadline", "context canceled", "/root/", "/work/", "zutuan/internal"}

// response is what every answer of the generated client has.
type response interface {
	StatusCode() int
	GetBody() []byte
}

// must takes an answer of the generated client and returns it, failing the test unless it has the status.
func must[R response](answer R, err error) func(t testing.TB, status int) R {
	return func(t testing.TB, status int) R {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode() != status {
			t.Fatalf("answered %d, want %d: %.3000s", answer.StatusCode(), status, answer.GetBody())
		}
		return answer
	}
}

// database is where a stage keeps its records, and how a byte of it is changed behind the service.
type database interface {
	open(t testing.TB, clock func() time.Time) store.Store
	// flip changes one byte of the body of a record.
	flip(t testing.TB, kind, id string)
	// arguments are those with which the command finds the database.
	arguments() []string
}

// everyDatabase runs a test on each adapter.
func everyDatabase(t *testing.T, run func(t *testing.T, db database)) {
	t.Run("SQLite", func(t *testing.T) { run(t, embedded(filepath.Join(t.TempDir(), "zutuan.db"))) })
	t.Run("MongoDB", func(t *testing.T) {
		run(t, served{storetest.MongoURI(t), fmt.Sprintf("zutuan_journey_%d_%d", os.Getpid(), databaseCount.Add(1))})
	})
}

var databaseCount atomic.Int64

// embedded is an SQLite file.
type embedded string

func (e embedded) open(t testing.TB, clock func() time.Time) store.Store {
	t.Helper()
	kept, err := sqlite.Open(context.Background(), sqlite.Config{Path: string(e), Kinds: store.Kinds(), Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = kept.Close() })
	return kept
}

func (e embedded) flip(t testing.TB, kind, id string) {
	t.Helper()
	db, err := sql.Open("sqlite", string(e))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var body string
	if err := db.QueryRow(`SELECT body FROM record_`+kind+` WHERE id = ?`, id).Scan(&body); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`UPDATE record_`+kind+` SET body = ? WHERE id = ?`, otherByte(t, body), id); err != nil {
		t.Fatal(err)
	}
}

func (e embedded) arguments() []string { return []string{"--data", string(e)} }

// served is a database of a MongoDB.
type served struct{ uri, name string }

func (s served) open(t testing.TB, clock func() time.Time) store.Store {
	t.Helper()
	kept, err := mongo.Open(context.Background(), mongo.Config{URI: s.uri, Database: s.name, Kinds: store.Kinds(), Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.with(t, func(db *driver.Database) error { return db.Drop(context.Background()) })
		_ = kept.Close()
	})
	return kept
}

func (s served) with(t testing.TB, work func(*driver.Database) error) {
	t.Helper()
	connected, err := driver.Connect(options.Client().ApplyURI(s.uri))
	if err != nil {
		t.Fatal(err)
	}
	if err := work(connected.Database(s.name)); err != nil {
		t.Error(err)
	}
	if err := connected.Disconnect(context.Background()); err != nil {
		t.Error(err)
	}
}

func (s served) flip(t testing.TB, kind, id string) {
	t.Helper()
	s.with(t, func(db *driver.Database) error {
		var found struct {
			Body string `bson:"b"`
		}
		records := db.Collection("record_" + kind)
		if err := records.FindOne(context.Background(), bson.D{{Key: "_id", Value: id}}).Decode(&found); err != nil {
			return err
		}
		result, err := records.UpdateOne(context.Background(), bson.D{{Key: "_id", Value: id}}, bson.D{{Key: "$set", Value: bson.D{{Key: "b", Value: otherByte(t, found.Body)}}}})
		if err == nil && result.ModifiedCount != 1 {
			err = fmt.Errorf("%d records changed", result.ModifiedCount)
		}
		return err
	})
}

func (s served) arguments() []string { return []string{"--mongo", s.uri, "--database", s.name} }

// otherByte changes the last digit of a text, so that it stays JSON of the same form.
func otherByte(t testing.TB, text string) string {
	t.Helper()
	at := strings.LastIndexAny(text, "0123456789")
	if at < 0 {
		t.Fatalf("no digit in %.200s", text)
	}
	return text[:at] + string(text[at]^1) + text[at+1:]
}
