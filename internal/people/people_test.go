package people

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
	"zutuan/internal/store/sqlite"
)

// cheap makes hashing quick; what it costs is not what these tests are about.
var cheap = Cost{MemoryKiB: 8, Passes: 1, Lanes: 1}

var home = Origin{Address: "10.0.0.7", UserAgent: "test"}

// clock is a time that tests set.
type clock struct {
	turn sync.Mutex
	at   time.Time
}

func (c *clock) now() time.Time {
	c.turn.Lock()
	defer c.turn.Unlock()
	return c.at
}

func (c *clock) advance(by time.Duration) {
	c.turn.Lock()
	defer c.turn.Unlock()
	c.at = c.at.Add(by)
}

func newClock() *clock { return &clock{at: time.Date(2026, 6, 30, 1, 0, 0, 0, time.UTC)} }

// regions is 广西 with 凭祥 below it, and 云南 beside it.
func regions() *permit.Tree {
	return permit.NewTree(map[string]string{"450000": "", "451481": "450000", "530000": ""})
}

// world is a service over one database with its admin.
type world struct {
	t     testing.TB
	ctx   context.Context
	clock *clock
	store store.Store
	*People
	admin         permit.Actor
	adminPassword string
}

// kinds are those that this package keeps; a database of few tables is made quickly.
func kinds() []store.Kind {
	var ours []store.Kind
	for _, kind := range store.Kinds() {
		switch kind.Name {
		case store.KindUser, store.KindPassword, store.KindSignIn, store.KindToken, store.KindSession, store.KindAudit:
			ours = append(ours, kind)
		}
	}
	return ours
}

func openSQLite(t testing.TB, path string, c *clock) store.Store {
	t.Helper()
	s, err := sqlite.Open(context.Background(), sqlite.Config{Path: path, Kinds: kinds(), Clock: c.now})
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

func newWorld(t testing.TB) *world {
	t.Helper()
	c := newClock()
	return worldOver(t, openSQLite(t, filepath.Join(t.TempDir(), "zutuan.db"), c), c)
}

func options(c *clock) Options {
	return Options{Clock: c.now, Tree: regions, HashCost: cheap, HasInstitution: func(_ context.Context, id string) (bool, error) { return id == "bank-a" || id == "bank-b", nil }}
}

func worldOver(t testing.TB, s store.Store, c *clock) *world {
	t.Helper()
	w := &world{t: t, ctx: context.Background(), clock: c, store: s, People: New(s, options(c))}
	name, password, ok, err := w.Bootstrap(w.ctx)
	if err != nil || !ok {
		t.Fatalf("bootstrap: %v, %v", ok, err)
	}
	user, err := w.UserByName(w.ctx, permit.SystemActor("test"), name)
	if err != nil {
		t.Fatal(err)
	}
	w.admin = permit.Actor{User: user.ID, Name: user.Name, Role: permit.RoleAdmin}
	w.adminPassword = password
	return w
}

// user makes an account whose password was already changed to good.
const good = "correct horse battery"

func (w *world) user(name string, role permit.Role) User {
	w.t.Helper()
	input := NewUser{Name: name, Role: role}
	switch {
	case needsRegion(role):
		input.Region = "451481"
	case needsInstitution(role):
		input.Institution = "bank-a"
	}
	made, err := w.CreateUser(w.ctx, w.admin, input)
	if err != nil {
		w.t.Fatal(err)
	}
	in := w.signIn(name, made.Password)
	if err := w.ChangePassword(w.ctx, in.Identity, PasswordChange{Old: made.Password, New: good}, home); err != nil {
		w.t.Fatal(err)
	}
	user, err := w.User(w.ctx, w.admin, made.User.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return user
}

func (w *world) signIn(name, password string) SignedIn {
	w.t.Helper()
	in, err := w.SignIn(w.ctx, SignInInput{name, password}, home)
	if err != nil {
		w.t.Fatal(err)
	}
	return in
}

// refusal wants a refusal of one code.
func refusal(t testing.TB, err error, kind refuse.Kind, code string) *refuse.Error {
	t.Helper()
	var told *refuse.Error
	if !errors.As(err, &told) || told.Kind != kind || told.Code != code {
		t.Fatalf("got %v, want a refusal %s %s", err, kind, code)
	}
	return told
}

// signedOut wants a credential to be of no use.
func (w *world) signedOut(secret string) {
	w.t.Helper()
	_, err := w.Identify(w.ctx, FromCookie(secret))
	if !errors.Is(err, &refuse.Error{Kind: refuse.KindUnauthenticated}) {
		w.t.Fatalf("the session is still of use: %v", err)
	}
}

func (w *world) identify(secret string) Identity {
	w.t.Helper()
	identity, err := w.Identify(w.ctx, FromCookie(secret))
	if err != nil {
		w.t.Fatal(err)
	}
	return identity
}

// events lists actions and outcomes, oldest first.
func (w *world) events(query EventQuery) []string {
	w.t.Helper()
	query.Limit = store.MaxLimit
	page, err := w.Events(w.ctx, w.admin, query)
	if err != nil {
		w.t.Fatal(err)
	}
	told := make([]string, len(page.Events))
	for i, event := range page.Events {
		told[len(told)-1-i] = event.Action + " " + string(event.Outcome) + " " + event.Reason
	}
	return told
}
