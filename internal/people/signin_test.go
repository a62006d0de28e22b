package people

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

func (w *world) try(name, password string) error {
	_, err := w.SignIn(w.ctx, SignInInput{name, password}, home)
	return err
}

// fail signs in wrongly so many times.
func (w *world) fail(name string, times int) {
	w.t.Helper()
	for range times {
		refusal(w.t, w.try(name, "not the password"), refuse.KindUnauthenticated, "sign_in")
	}
}

func TestFiveFailuresLockANameForFifteenMinutesWhetherItExistsOrNot(t *testing.T) {
	for _, name := range []string{"li", "nobody", "禁用"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.user("li", permit.RoleBureau)
			disabled := w.user("禁用", permit.RoleBureau)
			status := StatusDisabled
			if _, err := w.UpdateUser(w.ctx, w.admin, disabled.ID, disabled.Version, UserChange{Status: &status}); err != nil {
				t.Fatal(err)
			}
			w.fail(name, 5)
			told := refusal(t, w.try(name, good), refuse.KindLocked, "locked")
			if told.RetryAfterSeconds != 900 || !strings.Contains(told.ZH, "15 分钟") || !strings.Contains(told.EN, "15 minutes") {
				t.Fatalf("%+v", told)
			}
			w.clock.advance(15*time.Minute - time.Second)
			if told := refusal(t, w.try(name, good), refuse.KindLocked, "locked"); told.RetryAfterSeconds != 1 {
				t.Fatalf("%+v", told)
			}
			w.clock.advance(time.Second)
			err := w.try(name, good)
			if name == "li" && err != nil {
				t.Fatal(err)
			}
			if name != "li" {
				refusal(t, err, refuse.KindUnauthenticated, "sign_in")
			}
		})
	}
}

func TestFailuresThatAreFarApartDoNotLock(t *testing.T) {
	w := newWorld(t)
	w.user("li", permit.RoleBureau)
	w.fail("li", 4)
	w.clock.advance(15 * time.Minute)
	w.fail("li", 4)
	w.signIn("li", good)
}

func TestASuccessForgetsFailures(t *testing.T) {
	w := newWorld(t)
	w.user("li", permit.RoleBureau)
	w.fail("li", 4)
	w.signIn("li", good)
	w.fail("li", 4)
	w.signIn("li", good)
}

func TestOneNameLockedLeavesOthersAndSessionsAlone(t *testing.T) {
	w := newWorld(t)
	w.user("li", permit.RoleBureau)
	w.user("wang", permit.RoleBureau)
	in := w.signIn("li", good)
	w.fail("LI", 5) // The same name in another case.
	refusal(t, w.try("li", good), refuse.KindLocked, "locked")
	w.identify(in.Secret)
	w.signIn("wang", good)
}

// Thirty guesses at once, half of them by another process: no more than five are compared with the password.
func TestGuessesAtOnceAreCountedBeforeTheyAreMade(t *testing.T) {
	w := newWorld(t)
	w.user("li", permit.RoleBureau)
	other := New(w.store, options(w.clock))
	var turn sync.Mutex
	verdicts := map[refuse.Kind]int{}
	var group sync.WaitGroup
	for i := range 30 {
		service := w.People
		if i%2 == 1 {
			service = other
		}
		group.Go(func() {
			_, err := service.SignIn(w.ctx, SignInInput{"li", fmt.Sprintf("guess number %d", i)}, Origin{Address: fmt.Sprintf("10.0.1.%d", i)})
			var told *refuse.Error
			if !errors.As(err, &told) {
				t.Errorf("%v", err)
				return
			}
			turn.Lock()
			defer turn.Unlock()
			verdicts[told.Kind]++
		})
	}
	group.Wait()
	if verdicts[refuse.KindUnauthenticated] != 5 || verdicts[refuse.KindLocked] != 25 {
		t.Fatalf("%v, want 5 guesses and 25 refusals", verdicts)
	}
}

func TestManyHonestSignInsAtOnceAllSucceed(t *testing.T) {
	w := newWorld(t)
	w.user("li", permit.RoleBureau)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if err := w.try("li", good); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

func TestAnAddressThatFailsWithManyNamesHasToWait(t *testing.T) {
	w := newWorld(t)
	w.user("li", permit.RoleBureau)
	for i := range maxAddressFailures {
		refusal(t, w.try(fmt.Sprintf("name%d", i), "not the password"), refuse.KindUnauthenticated, "sign_in")
	}
	for range 3 {
		if told := refusal(t, w.try("li", good), refuse.KindTooMany, "too_many_failures"); told.RetryAfterSeconds != 900 {
			t.Fatalf("%+v", told)
		}
	}
	if _, err := w.SignIn(w.ctx, SignInInput{"li", good}, Origin{Address: "10.0.0.8"}); err != nil {
		t.Fatalf("another address: %v", err)
	}
	if got := len(w.events(EventQuery{Action: ActionThrottle})); got != 1 {
		t.Errorf("%d events of the throttle, want one for the window", got)
	}
	w.clock.advance(failureWindow)
	w.signIn("li", good)
}

func TestTheThrottleForgetsTheOldestWhenItIsFull(t *testing.T) {
	throttle, now := newThrottle(), newClock().at
	for i := range maxAddresses + 50 {
		throttle.fail(fmt.Sprintf("10.%d.%d.%d", i/65536, i/256%256, i%256), now.Add(time.Duration(i)*time.Millisecond))
	}
	if len(throttle.sources) != maxAddresses {
		t.Fatalf("%d sources are kept, want %d", len(throttle.sources), maxAddresses)
	}
	if throttle.sources["10.0.0.0"] != nil || throttle.sources["10.0.0.50"] == nil {
		t.Error("not the oldest were forgotten")
	}
}

func TestAnIPv6NetworkIsOneSource(t *testing.T) {
	for address, want := range map[string]string{
		"2001:db8:1:2:aaaa::1": "2001:db8:1:2::/64", "2001:db8:1:2::9": "2001:db8:1:2::/64", "::ffff:10.0.0.7": "10.0.0.7", "10.0.0.7": "10.0.0.7", "?": "?",
	} {
		if got := sourceOf(address); got != want {
			t.Errorf("%s is %s, want %s", address, got, want)
		}
	}
}

func TestAFormThatIsNotFilledInIsNotCounted(t *testing.T) {
	w := newWorld(t)
	w.user("li", permit.RoleBureau)
	for range 6 {
		told := refusal(t, w.try(" ", ""), refuse.KindInvalid, "sign_in_form")
		if len(told.Points) != 2 || told.Points[0].Pointer != "/name" || told.Points[1].Pointer != "/password" {
			t.Fatalf("%+v", told)
		}
		refusal(t, w.try("li", strings.Repeat("x", maxSignInBytes+1)), refuse.KindInvalid, "sign_in_form")
	}
	refusal(t, w.try("li\x00", good), refuse.KindUnauthenticated, "sign_in")
	w.signIn("li", good)
}

// An unknown name takes the steps of a known one: the same reads, and a hash of the same cost.
func TestAnUnknownNameTakesTheSameSteps(t *testing.T) {
	c := newClock()
	counted := &counting{Store: openSQLite(t, filepath.Join(t.TempDir(), "zutuan.db"), c)}
	w := worldOver(t, counted, c)
	w.user("li", permit.RoleBureau)
	steps := func(name string) []string {
		counted.steps = nil
		w.fail(name, 1)
		return counted.steps
	}
	known, unknown := steps("li"), steps("nobody")
	if !slices.Equal(known, unknown) || len(known) < 5 {
		t.Fatalf("known:   %v\nunknown: %v", known, unknown)
	}
}

// counting notes the steps of a store.
type counting struct {
	store.Store
	steps []string
}

func (c *counting) Get(ctx context.Context, kind, id string) (store.Record, error) {
	c.steps = append(c.steps, "get "+kind)
	return c.Store.Get(ctx, kind, id)
}

func (c *counting) List(ctx context.Context, q store.Query) (store.Page, error) {
	c.steps = append(c.steps, "list "+q.Kind)
	return c.Store.List(ctx, q)
}

func (c *counting) Create(ctx context.Context, draft store.Draft, change store.Change) (store.Record, error) {
	c.steps = append(c.steps, "create "+draft.Kind)
	return c.Store.Create(ctx, draft, change)
}

func (c *counting) Update(ctx context.Context, kind, id string, expected int64, change store.Change, next func(store.Record) (store.Draft, error)) (store.Record, error) {
	c.steps = append(c.steps, "update "+kind)
	return c.Store.Update(ctx, kind, id, expected, change, next)
}

func TestEverySignInAndRefusalIsKept(t *testing.T) {
	w := newWorld(t)
	user := w.user("li", permit.RoleBureau)
	w.clock.advance(time.Hour)
	w.fail("li", 5)
	refusal(t, w.try("li", good), refuse.KindLocked, "locked")
	w.clock.advance(lockDuration)
	in := w.signIn("li", good)
	if err := w.SignOut(w.ctx, in.Identity, home); err != nil {
		t.Fatal(err)
	}
	want := append([]string{"session.sign_in done password"}, // user() signs in once to change the password.
		append(slices.Repeat([]string{"session.sign_in refused sign_in"}, 5), "account.lock done 5 failures", "session.sign_in refused locked", "session.sign_in done password", "session.sign_out done ")...)
	if got := w.events(EventQuery{Who: user.ID}); !slices.Equal(got, want) {
		t.Fatalf("got  %v\nwant %v", got, want)
	}
	w.fail("wode mima 123", 1)
	page, err := w.Events(w.ctx, w.admin, EventQuery{Limit: 1})
	if err != nil || page.Next == "" {
		t.Fatalf("%+v, %v", page, err)
	}
	if e := page.Events[0]; e.Who != "" || e.WhoName != "wo…" || e.Address != home.Address || e.UserAgent != home.UserAgent {
		t.Errorf("%+v: of a name that nobody has only the beginning is kept", e)
	}
	_, err = w.Events(w.ctx, permit.Actor{User: user.ID, Role: permit.RoleBureau, Region: "451481"}, EventQuery{})
	refusal(t, err, refuse.KindForbidden, "forbidden")
	_, err = w.Events(w.ctx, w.admin, EventQuery{After: "nonsense"})
	refusal(t, err, refuse.KindMalformed, "cursor")
}

func TestWhatClientsSayIsCut(t *testing.T) {
	w := newWorld(t)
	origin := Origin{Address: "10.0.0.7\n" + strings.Repeat("7", 100), UserAgent: "界\x00\u0085" + strings.Repeat("界", 300) + "\xff"}
	if _, err := w.SignIn(w.ctx, SignInInput{"admin", w.adminPassword}, origin); err != nil {
		t.Fatal(err)
	}
	page, err := w.Events(w.ctx, w.admin, EventQuery{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if e := page.Events[0]; e.UserAgent != strings.Repeat("界", maxAgentChars) || len(e.Address) != maxAddressChars || strings.Contains(e.Address, "\n") {
		t.Errorf("%+v", e)
	}
}

func TestANewPasswordEndsTheOtherSessions(t *testing.T) {
	w := newWorld(t)
	w.user("li", permit.RoleBureau)
	here, there := w.signIn("li", good), w.signIn("li", good)
	if err := w.ChangePassword(w.ctx, here.Identity, PasswordChange{good, "another password"}, home); err != nil {
		t.Fatal(err)
	}
	w.identify(here.Secret)
	w.signedOut(there.Secret)
	refusal(t, w.try("li", good), refuse.KindUnauthenticated, "sign_in")
	w.signIn("li", "another password")
}

func TestANewPasswordIsRefusedWithEveryPoint(t *testing.T) {
	w := newWorld(t)
	w.user("administrator", permit.RoleBureau)
	in := w.signIn("administrator", good)
	for _, c := range []struct {
		name, old, new string
		codes          []string
	}{
		{"nine characters", good, "abcdefghi", []string{"password_short"}},
		{"nine characters of three bytes", good, "我们的密码有九个字", []string{"password_short"}},
		{"the name, which is also common", good, "ADMINistrator", []string{"password_is_name", "password_common"}},
		{"short, common, without the old one", "", "aaaa", []string{"password_short", "password_common", "password_old"}},
		{"the old one", good, good, []string{"password_same"}},
		{"two characters in turn", good, "abababababab", []string{"password_common"}},
		{"one of the worst, in full-width digits", good, "１２３４５６７８９０", []string{"password_common"}},
		{"too long", good, strings.Repeat("long word ", 13), []string{"password_long"}},
		{"control characters", good, "correct\x07horse battery", []string{"password_characters"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			told := refusal(t, w.ChangePassword(w.ctx, in.Identity, PasswordChange{c.old, c.new}, home), refuse.KindInvalid, "password")
			var codes []string
			for _, point := range told.Points {
				codes = append(codes, point.Code)
				if point.ZH == "" || point.EN == "" || point.Pointer == "" {
					t.Errorf("%+v", point)
				}
			}
			if !slices.Equal(codes, c.codes) {
				t.Errorf("got %v, want %v", codes, c.codes)
			}
		})
	}
	w.identify(in.Secret)
}

func TestTheOldPasswordIsCountedLikeASignIn(t *testing.T) {
	w := newWorld(t)
	w.user("li", permit.RoleBureau)
	in := w.signIn("li", good)
	for range 5 {
		told := refusal(t, w.ChangePassword(w.ctx, in.Identity, PasswordChange{"not the password", "another password"}, home), refuse.KindInvalid, "password")
		if told.Points[0].Pointer != "/old" {
			t.Fatalf("%+v", told)
		}
	}
	refusal(t, w.ChangePassword(w.ctx, in.Identity, PasswordChange{good, "another password"}, home), refuse.KindLocked, "locked")
}

func TestAPasswordIsHashedAnewWhenItsCostWasRaised(t *testing.T) {
	w := newWorld(t)
	user := w.user("li", permit.RoleBureau)
	hash := func() string {
		hash, err := w.passwordHash(w.ctx, user.ID)
		if err != nil {
			t.Fatal(err)
		}
		return hash
	}
	before := hash()
	w.signIn("li", good)
	if hash() != before || !strings.HasPrefix(before, "$argon2id$v=19$m=8,t=1,p=1$") {
		t.Fatalf("%s became %s", before, hash())
	}
	w.hasher = newHasher(Cost{MemoryKiB: 16, Passes: 2, Lanes: 1}, 1)
	w.signIn("li", good)
	if after := hash(); !strings.HasPrefix(after, "$argon2id$v=19$m=16,t=2,p=1$") {
		t.Fatalf("still %s", after)
	}
	w.signIn("li", good)
	// A hash that was reset meanwhile is not overwritten with the password that was proved before.
	_, err := w.setPassword(w.ctx, user.ID, good, before, store.Change{Who: "test", Action: "test"})
	refusal(t, err, refuse.KindConflict, "password_reset")
}

// argonVector is of the reference implementation, phc-winner-argon2, src/test.c: argon2id, version 19, password
// "password", salt "somesalt", t=2, m=65536, p=1.
const argonVector = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"

func TestAHashOfTheReferenceImplementationIsUnderstood(t *testing.T) {
	h := newHasher(CostDefault, 1)
	ok, outdated, err := h.matches(context.Background(), "password", argonVector)
	if !ok || !outdated || err != nil {
		t.Fatalf("%v, %v, %v", ok, outdated, err)
	}
	h.cost.MemoryKiB = 65536
	again, err := h.hash(context.Background(), "password", []byte("somesalt"))
	if err != nil || again != argonVector {
		t.Fatalf("%s, %v", again, err)
	}
	if ok, _, err := h.matches(context.Background(), "password ", argonVector); ok || err != nil {
		t.Fatalf("another password: %v, %v", ok, err)
	}
}

func TestADamagedHashIsAFaultNotARefusal(t *testing.T) {
	h := newHasher(cheap, 1)
	for _, phc := range []string{"x", "$argon2i$v=19$m=8,t=1,p=1$YWJj$YWJj", "$argon2id$v=18$m=8,t=1,p=1$YWJj$YWJj", strings.Replace(argonVector, "m=65536", "m=4294967295", 1),
		strings.Replace(argonVector, "t=2", "t=0", 1), strings.Replace(argonVector, "p=1", "p=0", 1), argonVector[:len(argonVector)-4]} {
		if _, _, err := h.matches(context.Background(), good, phc); !errors.Is(err, errDamagedHash) {
			t.Errorf("%s: %v", phc, err)
		}
	}
}

func TestTooManyHashesAtOnceAreAskedToComeBack(t *testing.T) {
	h := newHasher(cheap, 1)
	h.places <- struct{}{}
	h.waiting.Store(maxHashWaiting)
	_, err := h.hash(context.Background(), good, []byte("0123456789abcdef"))
	if told := refusal(t, err, refuse.KindUnready, "busy"); told.RetryAfterSeconds == 0 {
		t.Errorf("%+v", told)
	}
	h.waiting.Store(0)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := h.hash(ctx, good, []byte("0123456789abcdef")); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestTheListOfWorstPasswordsHoldsWhatThePolicyWouldTake(t *testing.T) {
	if len(worst) < 200 {
		t.Fatalf("%d entries", len(worst))
	}
	for password := range worst {
		if len(password) < minPasswordChars || fold(password) != password {
			t.Errorf("%q is refused for its length, or is not folded", password)
		}
	}
}
