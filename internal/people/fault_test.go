package people

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
	"zutuan/internal/store/mongo"
	"zutuan/internal/storetest"
)

var errDisk = errors.New("the disk is gone")

// faulty is a store whose n-th call from now fails, counting reads and writes; never where n is 0.
type faulty struct {
	store.Store
	left atomic.Int64
}

func (f *faulty) fails() bool { return f.left.Add(-1) == 0 }

func (f *faulty) Get(ctx context.Context, kind, id string) (store.Record, error) {
	if f.fails() {
		return store.Record{}, errDisk
	}
	return f.Store.Get(ctx, kind, id)
}

func (f *faulty) List(ctx context.Context, q store.Query) (store.Page, error) {
	if f.fails() {
		return store.Page{}, errDisk
	}
	return f.Store.List(ctx, q)
}

func (f *faulty) Count(ctx context.Context, kind string, where []store.Filter) (int64, error) {
	if f.fails() {
		return 0, errDisk
	}
	return f.Store.Count(ctx, kind, where)
}

func (f *faulty) Create(ctx context.Context, draft store.Draft, change store.Change) (store.Record, error) {
	if f.fails() {
		return store.Record{}, errDisk
	}
	return f.Store.Create(ctx, draft, change)
}

func (f *faulty) Update(ctx context.Context, kind, id string, expected int64, change store.Change, next func(store.Record) (store.Draft, error)) (store.Record, error) {
	if f.fails() {
		return store.Record{}, errDisk
	}
	return f.Store.Update(ctx, kind, id, expected, change, next)
}

func (f *faulty) Delete(ctx context.Context, kind, id string, expected int64) error {
	if f.fails() {
		return errDisk
	}
	return f.Store.Delete(ctx, kind, id, expected)
}

func (f *faulty) Acquire(ctx context.Context, name, owner string, ttl time.Duration) (store.Lease, error) {
	if f.fails() {
		return store.Lease{}, errDisk
	}
	return f.Store.Acquire(ctx, name, owner, ttl)
}

// Whatever step of a use case the database fails at, that is a fault and no refusal, no session comes of it, and the
// same use case succeeds afterwards.
func TestADatabaseThatFailsIsAFaultAtEveryStep(t *testing.T) {
	for _, c := range []struct {
		name string
		// prepare makes what the use case needs and returns it, to be run again and again until it succeeds.
		prepare func(w *world) func() error
		steps   int64 // at least so many calls of the store
	}{
		{"sign in", func(w *world) func() error {
			w.user("li", permit.RoleBureau)
			return func() error {
				in, err := w.SignIn(w.ctx, SignInInput{"li", good}, home)
				if err != nil && (in.Secret != "" || in.Identity.Session != "") {
					w.t.Error("a session came of a fault")
				}
				return err
			}
		}, 7},
		{"identify a session", func(w *world) func() error {
			w.user("li", permit.RoleBureau)
			in := w.signIn("li", good)
			w.clock.advance(seenGrain)
			return func() error { _, err := w.Identify(w.ctx, FromCookie(in.Secret)); return err }
		}, 3},
		{"identify a token", func(w *world) func() error {
			w.user("li", permit.RoleBureau)
			_, secret := w.token(w.signIn("li", good), false)
			return func() error { _, err := w.Identify(w.ctx, FromBearer(secret)); return err }
		}, 3},
		{"create a token", func(w *world) func() error {
			w.user("li", permit.RoleBureau)
			in := w.signIn("li", good)
			return func() error {
				_, _, err := w.CreateToken(w.ctx, in.Identity, NewToken{Name: "x", ExpiresAt: w.clock.now().Add(time.Hour)}, home)
				return err
			}
		}, 4},
		{"create an account", func(w *world) func() error {
			return func() error {
				_, err := w.CreateUser(w.ctx, w.admin, NewUser{Name: "li", Role: permit.RoleAdmin})
				return err
			}
		}, 4},
		{"disable an admin", func(w *world) func() error {
			second := w.user("second", permit.RoleAdmin)
			return func() error {
				present, err := w.load(context.Background(), second.ID)
				if err != nil {
					return err
				}
				_, err = w.UpdateUser(w.ctx, w.admin, second.ID, present.record.Version, UserChange{Status: ptr(StatusDisabled)})
				return err
			}
		}, 6},
		{"sign in through OpenID", func(w *world) func() error {
			if _, err := w.CreateUser(w.ctx, w.admin, NewUser{Name: "sso", Role: permit.RoleAdmin, OIDCName: "sso", WithoutPassword: true}); err != nil {
				w.t.Fatal(err)
			}
			return func() error {
				_, err := w.SignInExternal(w.ctx, External{Issuer: "https://id.example.cn", Subject: "1", Names: []string{"sso"}}, home)
				return err
			}
		}, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			clock := newClock()
			f := &faulty{Store: openSQLite(t, filepath.Join(t.TempDir(), "zutuan.db"), clock)}
			w := worldOver(t, f, clock)
			run := c.prepare(w)
			step := int64(1)
			for ; ; step++ {
				f.left.Store(step)
				err := run()
				if f.left.Load() > 0 {
					if err != nil {
						t.Fatalf("step %d, without a fault: %v", step, err)
					}
					break
				}
				var told *refuse.Error
				if !errors.Is(err, errDisk) || errors.As(err, &told) {
					t.Fatalf("the database fails at step %d: %v", step, err)
				}
			}
			if step <= c.steps {
				t.Errorf("only %d steps", step-1)
			}
		})
	}
}

// An attempt that got no verdict, because the database failed, does not count as a failure.
func TestFaultsDoNotLockAnybodyOut(t *testing.T) {
	clock := newClock()
	f := &faulty{Store: openSQLite(t, filepath.Join(t.TempDir(), "zutuan.db"), clock)}
	w := worldOver(t, f, clock)
	w.user("li", permit.RoleBureau)
	for range 2 * maxFailures {
		// The account is read, the attempt counted (twice where there was no record), and then the hash read.
		f.left.Store(0)
		steps := int64(4)
		if _, err := w.store.Get(w.ctx, store.KindSignIn, attemptsID("li")); err == nil {
			steps = 3
		}
		f.left.Store(steps)
		if err := w.try("li", good); !errors.Is(err, errDisk) {
			t.Fatal(err)
		}
	}
	f.left.Store(0)
	w.signIn("li", good)
}

func TestWithoutChanceNothingIsMade(t *testing.T) {
	w := newWorld(t)
	w.random = iotest.ErrReader(errDisk)
	if in, err := w.SignIn(w.ctx, SignInInput{"admin", w.adminPassword}, home); !errors.Is(err, errDisk) || in.Secret != "" {
		t.Fatalf("%+v, %v", in, err)
	}
	if _, err := w.CreateUser(w.ctx, w.admin, NewUser{Name: "li", Role: permit.RoleAdmin}); !errors.Is(err, errDisk) {
		t.Fatal(err)
	}
}

func TestIDsOfOneMillisecondAreInOrder(t *testing.T) {
	w := newWorld(t)
	last := ""
	for i := range 1000 {
		if i == 500 {
			w.clock.advance(-time.Hour)
		}
		id, err := w.newID("usr_")
		if err != nil || id <= last || len(id) != 4+idChars {
			t.Fatalf("%s after %s, %v", id, last, err)
		}
		last = id
	}
}

// The whole of a person's way on the other database: both keep the same promises, so this is short.
func TestOnMongoDB(t *testing.T) {
	clock := newClock()
	s, err := mongo.Open(context.Background(), mongo.Config{URI: storetest.MongoURI(t), Database: fmt.Sprintf("zutuan_people_%d", os.Getpid()),
		Kinds: store.Kinds(), Clock: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	w := worldOver(t, s, clock)
	user := w.user("li", permit.RoleBureau)
	in := w.signIn("Li", good)
	token, secret := w.token(in, false)
	clock.advance(seenGrain)
	w.identify(in.Secret)
	if identity, err := w.Identify(w.ctx, FromBearer(secret)); err != nil || identity.Token != token.ID {
		t.Fatalf("%+v, %v", identity, err)
	}
	w.fail("li", 5)
	refusal(t, w.try("li", good), refuse.KindLocked, "locked")
	page, err := w.Users(w.ctx, w.admin, UserQuery{Region: "450000"})
	if err != nil || len(page.Users) != 1 || page.Users[0].LockedUntil == nil {
		t.Fatalf("%+v, %v", page, err)
	}
	_, err = w.CreateUser(w.ctx, w.admin, NewUser{Name: "LI", Role: permit.RoleAdmin})
	refusal(t, err, refuse.KindInvalid, "user")
	if _, err := w.UpdateUser(w.ctx, w.admin, user.ID, user.Version, UserChange{Status: ptr(StatusDisabled)}); err != nil {
		t.Fatal(err)
	}
	w.signedOut(in.Secret)
	w.deadToken(secret)
	clock.advance(sessionLife)
	if n, err := w.Sweep(w.ctx); err != nil || n == 0 {
		t.Fatalf("%d, %v", n, err)
	}
	if _, err := s.Verify(w.ctx); err != nil {
		t.Fatal(err)
	}
}
