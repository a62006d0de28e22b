package people

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

const (
	// maxFailures in failureWindow lock a name for lockDuration.
	maxFailures   = 5
	failureWindow = 15 * time.Minute
	lockDuration  = 15 * time.Minute

	// maxAddressFailures is for all names tried from one address in failureWindow; an office shares one address.
	maxAddressFailures = 50
	// maxAddresses bounds the memory of the throttle.
	maxAddresses = 10_000
)

// attempts is what a sign_in record knows of a name, whether anybody has it or not. The name is its key as a hash.
type attempts struct {
	// Failures counts the attempts since Since that have not succeeded, including one that is under way.
	Failures int       `json:"failures"`
	Since    time.Time `json:"since"`
	// LockedUntil is set with the last attempt that is allowed.
	LockedUntil time.Time `json:"locked_until,omitzero"`
}

// over reports whether what was counted does not count any more.
func (a attempts) over(now time.Time) bool {
	if !a.LockedUntil.IsZero() {
		return !now.Before(a.LockedUntil)
	}
	return now.Sub(a.Since) >= failureWindow
}

func (a attempts) draft(id string) (store.Draft, error) {
	body, err := store.Canonical(a)
	expires := a.Since.Add(failureWindow)
	if expires.Before(a.LockedUntil) {
		expires = a.LockedUntil
	}
	return store.Draft{Kind: store.KindSignIn, ID: id, Body: body, Fields: store.Fields{"expires_at": store.Time(expires)}}, err
}

// attemptsID is the record that counts for a folded name.
func attemptsID(key string) string { return "name_" + hashOf(key) }

// attemptChange is who counts.
var attemptChange = store.Change{Who: "system:sign_in", Action: "sign_in.count"}

// locked refuses a name until a moment; it reads the same for names that nobody has.
func locked(until, now time.Time) *refuse.Error {
	seconds := max(1, int((until.Sub(now)+time.Second-1)/time.Second))
	minutes := (seconds + 59) / 60
	e := refuse.Newf(refuse.KindLocked, "locked", "登录失败次数过多，已锁定，请在 %d 分钟后再试，或联系系统管理员解锁",
		"too many failed sign-ins; locked, try again in %d minutes or ask an admin to unlock it", minutes)
	e.RetryAfterSeconds = seconds
	return e
}

// count counts an attempt before it is made, so that no number of processes can try more often than allowed. It
// refuses with KindLocked, else returns how many attempts stand, this one included.
func (p *People) count(ctx context.Context, key string) (int, error) {
	now, id := p.now(), attemptsID(key)
	standing := 0
	next := func(state attempts) (store.Draft, error) {
		if state.over(now) {
			state = attempts{Since: now}
		}
		if state.LockedUntil.After(now) {
			return store.Draft{}, locked(state.LockedUntil, now)
		}
		state.Failures++
		if state.Failures >= maxFailures {
			state.LockedUntil = now.Add(lockDuration)
		}
		standing = state.Failures
		return state.draft(id)
	}
	first, err := attempts{Failures: 1, Since: now}.draft(id)
	if err != nil {
		return 0, err
	}
	standing = 1
	err = p.put(ctx, first, attemptChange, func(record store.Record) (store.Draft, error) {
		state, err := attemptsOf(record)
		if err != nil {
			return store.Draft{}, err
		}
		return next(state)
	})
	return standing, err
}

func attemptsOf(record store.Record) (state attempts, err error) {
	err = readBody(record, &state)
	return state, err
}

// uncount takes back an attempt that got no verdict, because the store failed or the service was busy. The request may
// be over by then, so its end does not end this.
func (p *People) uncount(ctx context.Context, key string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	id := attemptsID(key)
	_, err := p.store.Update(ctx, store.KindSignIn, id, 0, attemptChange, func(record store.Record) (store.Draft, error) {
		state, err := attemptsOf(record)
		if err != nil {
			return store.Draft{}, err
		}
		state.Failures = max(0, state.Failures-1)
		if state.Failures < maxFailures {
			state.LockedUntil = time.Time{}
		}
		return state.draft(id)
	})
	return unlessGone(err)
}

// forgive forgets what was counted for a name.
func (p *People) forgive(ctx context.Context, key string) error {
	return unlessGone(p.store.Delete(ctx, store.KindSignIn, attemptsID(key), 0))
}

// standing reads what is counted for a name.
func (p *People) standing(ctx context.Context, key string) (attempts, error) {
	record, err := p.store.Get(ctx, store.KindSignIn, attemptsID(key))
	if err != nil {
		return attempts{}, unlessGone(err)
	}
	return attemptsOf(record)
}

// errWrong refuses a sign-in. It says the same of a wrong password, an unknown name and an account that may not be used.
func errWrong() *refuse.Error {
	return refuse.New(refuse.KindUnauthenticated, "sign_in", "用户名或密码不正确，或账号已停用；如需帮助请联系系统管理员",
		"the name or the password is wrong, or the account is disabled; ask an admin for help")
}

// prove checks a password for a folded name and keeps the count. known is false for a name that nobody has, which takes
// the same steps and the same time. It returns the hash that stands after it, by which a later write knows that the
// password is still the one that was proved. A refusal is KindLocked, KindTooMany, KindUnready or KindUnauthenticated.
func (p *People) prove(ctx context.Context, key, name string, a account, known bool, password, action string, origin Origin) (proved string, err error) {
	event := eventOf(a, action, OutcomeRefused, "")
	if !known {
		event = Event{WhoName: masked(name), Action: action, Outcome: OutcomeRefused}
	}
	if err := p.admit(ctx, event, origin); err != nil {
		return "", err
	}
	done, err := p.turns.take(ctx, hashOf(key))
	if err != nil {
		return "", err
	}
	defer done()
	standing, err := p.count(ctx, key)
	var refusal *refuse.Error
	if errors.As(err, &refusal) {
		p.throttle.fail(origin.Address, p.now())
		event.Reason = refusal.Code
		if err := p.Audit(ctx, event, origin); err != nil {
			return "", err
		}
		return "", refusal
	}
	if err != nil {
		return "", err
	}
	hash, ok, outdated, err := p.verdict(ctx, a, known, password)
	if err != nil {
		if lost := p.uncount(ctx, key); lost != nil {
			return "", lost
		}
		return "", err
	}
	if !ok {
		p.throttle.fail(origin.Address, p.now())
		return "", p.failed(ctx, event, standing, origin)
	}
	if err := p.forgive(ctx, key); err != nil {
		return "", err
	}
	if outdated {
		return p.rehash(ctx, a, password, hash)
	}
	return hash, nil
}

// admit refuses an address that has failed too often. That is written down once for each window, not each time.
func (p *People) admit(ctx context.Context, event Event, origin Origin) error {
	wait, first := p.throttle.check(origin.Address, p.now())
	if wait <= 0 {
		return nil
	}
	if first {
		event.Action, event.Reason = ActionThrottle, "too_many_failures"
		if err := p.Audit(ctx, event, origin); err != nil {
			return err
		}
	}
	return tooMany(wait)
}

// verdict compares the password. An unknown name and a disabled account cost a hash like any other.
func (p *People) verdict(ctx context.Context, a account, known bool, password string) (hash string, ok, outdated bool, err error) {
	id := "usr_nobody"
	if known {
		id = a.id()
	}
	if hash, err = p.passwordHash(ctx, id); err != nil {
		return "", false, false, err
	}
	if !known || a.Status != StatusActive || !a.HasPassword {
		hash = ""
	}
	ok, outdated, err = p.hasher.matches(ctx, tidyPassword(password), hash)
	return hash, ok, outdated, err
}

// failed writes down a failure, and the lock where it was the last that is allowed.
func (p *People) failed(ctx context.Context, event Event, standing int, origin Origin) error {
	event.Reason = errWrong().Code
	if err := p.Audit(ctx, event, origin); err != nil {
		return err
	}
	if standing >= maxFailures {
		event.Action, event.Outcome, event.Reason = ActionLock, OutcomeDone, fmt.Sprintf("%d failures", standing)
		if err := p.Audit(ctx, event, origin); err != nil {
			return err
		}
	}
	return errWrong()
}

// rehash brings a password that was just proved to the present cost.
func (p *People) rehash(ctx context.Context, a account, password, proved string) (string, error) {
	hash, err := p.setPassword(ctx, a.id(), password, proved, store.Change{Who: "system:sign_in", Action: "password.rehash"})
	var told *refuse.Error
	if errors.As(err, &told) {
		return proved, nil // The service is busy; the next sign-in does it. Or the password is another by now.
	}
	return hash, err
}

// tooMany refuses an address for a while.
func tooMany(wait time.Duration) *refuse.Error {
	seconds := max(1, int((wait+time.Second-1)/time.Second))
	e := refuse.Newf(refuse.KindTooMany, "too_many_failures", "此网络地址登录失败次数过多，请在 %d 分钟后再试", "too many failed sign-ins from this address; try again in %d minutes", (seconds+59)/60)
	e.RetryAfterSeconds = seconds
	return e
}

// throttle counts failures by source address, in this process, in bounded memory.
type throttle struct {
	turn    sync.Mutex
	sources map[string]*source
}

type source struct {
	since    time.Time
	failures int
	// told says that the refusal was written down once.
	told bool
}

func newThrottle() *throttle { return &throttle{sources: map[string]*source{}} }

// sourceOf makes one source of an address; an IPv6 network of a customer has 64 bits of addresses.
func sourceOf(address string) string {
	parsed, err := netip.ParseAddr(address)
	if err != nil {
		return cut(address, maxAddressChars)
	}
	parsed = parsed.Unmap().WithZone("")
	if parsed.Is6() {
		network, _ := parsed.Prefix(64)
		return network.String()
	}
	return parsed.String()
}

// check returns how long a source has to wait, 0 for not at all, and whether it is told so for the first time.
func (t *throttle) check(address string, now time.Time) (wait time.Duration, first bool) {
	t.turn.Lock()
	defer t.turn.Unlock()
	s := t.sources[sourceOf(address)]
	if s == nil || s.failures < maxAddressFailures || now.Sub(s.since) >= failureWindow {
		return 0, false
	}
	first, s.told = !s.told, true
	return s.since.Add(failureWindow).Sub(now), first
}

// fail counts a failure.
func (t *throttle) fail(address string, now time.Time) {
	t.turn.Lock()
	defer t.turn.Unlock()
	key := sourceOf(address)
	s := t.sources[key]
	if s == nil || now.Sub(s.since) >= failureWindow {
		if s == nil && len(t.sources) >= maxAddresses {
			t.makeRoom(now)
		}
		s = &source{since: now}
		t.sources[key] = s
	}
	s.failures++
}

// makeRoom drops windows that have ended, and where none has, the oldest.
func (t *throttle) makeRoom(now time.Time) {
	oldest, since := "", now
	for key, s := range t.sources {
		if now.Sub(s.since) >= failureWindow {
			delete(t.sources, key)
		} else if oldest == "" || s.since.Before(since) {
			oldest, since = key, s.since
		}
	}
	if len(t.sources) >= maxAddresses {
		delete(t.sources, oldest)
	}
}
