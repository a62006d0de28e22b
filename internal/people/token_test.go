package people

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

// token makes one that lives for thirty days.
func (w *world) token(in SignedIn, readOnly bool) (Token, string) {
	w.t.Helper()
	token, secret, err := w.CreateToken(w.ctx, in.Identity, NewToken{Name: "报表", ExpiresAt: w.clock.now().Add(30 * 24 * time.Hour), ReadOnly: readOnly}, home)
	if err != nil {
		w.t.Fatal(err)
	}
	return token, secret
}

func (w *world) deadToken(secret string) {
	w.t.Helper()
	_, err := w.Identify(w.ctx, FromBearer(secret))
	refusal(w.t, err, refuse.KindUnauthenticated, "token")
}

func TestATokenStandsForItsOwner(t *testing.T) {
	w := newWorld(t)
	user := w.user("li", permit.RoleLiaison)
	in := w.signIn("li", good)
	token, secret := w.token(in, true)
	identity, err := w.Identify(w.ctx, FromBearer(secret))
	if err != nil || identity.Actor.User != user.ID || identity.Actor.Institution != "bank-a" || identity.Token != token.ID || identity.Session != "" || identity.CSRF != "" || !identity.ReadOnly {
		t.Fatalf("%+v, %v", identity, err)
	}
	if !strings.HasPrefix(secret, "ztn_") || len(secret) != 4+idChars+secretChars {
		t.Errorf("a secret of form %q", secret)
	}
	if _, err := w.Identify(w.ctx, FromCookie(secret)); err == nil {
		t.Error("a token is taken as a session")
	}
	w.deadToken(secret[:len(secret)-1] + "!")
	w.deadToken(secret[:len(secret)-4] + "0000")
	record, err := w.store.Get(w.ctx, store.KindToken, token.ID)
	if err != nil || strings.Contains(string(record.Body), secret[4+idChars:]) {
		t.Fatalf("the record holds the secret: %s, %v", record.Body, err)
	}
}

func TestATokenCannotDoWhatThePersonMustDo(t *testing.T) {
	w := newWorld(t)
	w.user("li", permit.RoleBureau)
	in := w.signIn("li", good)
	token, secret := w.token(in, false)
	identity, err := w.Identify(w.ctx, FromBearer(secret))
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = w.CreateToken(w.ctx, identity, NewToken{Name: "x", ExpiresAt: w.clock.now().Add(time.Hour)}, home)
	refusal(t, err, refuse.KindForbidden, "forbidden")
	refusal(t, w.RevokeToken(w.ctx, identity, token.ID, home), refuse.KindForbidden, "forbidden")
	refusal(t, w.ChangePassword(w.ctx, identity, PasswordChange{good, "another password"}, home), refuse.KindForbidden, "forbidden")
	refusal(t, w.SignOut(w.ctx, identity, home), refuse.KindForbidden, "forbidden")
	refusal(t, w.SignOutEverywhere(w.ctx, identity), refuse.KindForbidden, "forbidden")
}

func TestATokenEnds(t *testing.T) {
	status := func(to Status) func(w *world, user User, _ SignedIn, _ Token) {
		return func(w *world, user User, _ SignedIn, _ Token) {
			for _, s := range []Status{StatusDisabled, to} {
				changed, err := w.UpdateUser(w.ctx, w.admin, user.ID, user.Version, UserChange{Status: &s})
				if err != nil {
					w.t.Fatal(err)
				}
				user = changed
			}
		}
	}
	for _, c := range []struct {
		name string
		end  func(w *world, user User, in SignedIn, token Token)
		dead bool
	}{
		{"a millisecond before its last moment it lives", func(w *world, _ User, _ SignedIn, _ Token) { w.clock.advance(30*24*time.Hour - time.Millisecond) }, false},
		{"at its last moment", func(w *world, _ User, _ SignedIn, _ Token) { w.clock.advance(30 * 24 * time.Hour) }, true},
		{"when it is revoked", func(w *world, _ User, in SignedIn, token Token) {
			if err := w.RevokeToken(w.ctx, in.Identity, token.ID, home); err != nil {
				w.t.Fatal(err)
			}
		}, true},
		{"when the account is disabled", status(StatusDisabled), true},
		{"for ever, though the account is enabled again", status(StatusActive), true},
		{"when the password is reset", func(w *world, user User, _ SignedIn, _ Token) {
			if _, err := w.ResetPassword(w.ctx, w.admin, user.ID, user.Version); err != nil {
				w.t.Fatal(err)
			}
		}, true},
		{"not when its owner signs out everywhere", func(w *world, _ User, in SignedIn, _ Token) {
			if err := w.SignOutEverywhere(w.ctx, in.Identity); err != nil {
				w.t.Fatal(err)
			}
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.t = t
			user := w.user("li", permit.RoleBureau)
			in := w.signIn("li", good)
			token, secret := w.token(in, false)
			c.end(w, user, in, token)
			if c.dead {
				w.deadToken(secret)
			} else if _, err := w.Identify(w.ctx, FromBearer(secret)); err != nil {
				t.Fatal(err)
			}
			tokens, err := w.Tokens(w.ctx, in.Identity)
			if err != nil || len(tokens) != 1 || tokens[0].Ended != c.dead {
				t.Fatalf("%+v, %v", tokens, err)
			}
		})
	}
}

func TestTheUseOfATokenIsNotedOnceADay(t *testing.T) {
	w := newWorld(t)
	w.user("li", permit.RoleBureau)
	token, secret := w.token(w.signIn("li", good), false)
	for _, step := range []struct {
		after   time.Duration
		version int64
		day     string
	}{{0, 2, "2026-06-30"}, {time.Hour, 2, "2026-06-30"}, {22 * time.Hour, 3, "2026-07-01"}} {
		w.clock.advance(step.after)
		identity, err := w.Identify(w.ctx, FromBearer(secret))
		if err != nil {
			t.Fatal(err)
		}
		tokens, err := w.Tokens(w.ctx, identity)
		if err != nil || tokens[0].Version != step.version || tokens[0].LastUsedOn != step.day || tokens[0].ID != token.ID {
			t.Fatalf("%+v, %v, want version %d, used on %s", tokens, err, step.version, step.day)
		}
	}
}

func TestATokenIsRefusedWithEveryPoint(t *testing.T) {
	w := newWorld(t)
	w.user("li", permit.RoleBureau)
	in := w.signIn("li", good)
	now := w.clock.now()
	for _, c := range []struct {
		name   string
		input  NewToken
		points int
	}{
		{"nothing given", NewToken{}, 2},
		{"a name of blanks, beyond a year", NewToken{Name: "  ", ExpiresAt: now.Add(maxTokenLife + time.Second)}, 2},
		{"ended already", NewToken{Name: "x", ExpiresAt: now}, 1},
		{"a name of two lines", NewToken{Name: "x\ny", ExpiresAt: now.Add(time.Hour)}, 1},
		{"a long name", NewToken{Name: strings.Repeat("名", 101), ExpiresAt: now.Add(time.Hour)}, 1},
	} {
		_, _, err := w.CreateToken(w.ctx, in.Identity, c.input, home)
		if told := refusal(t, err, refuse.KindInvalid, "token"); len(told.Points) != c.points {
			t.Errorf("%s: %+v", c.name, told.Points)
		}
	}
	if _, _, err := w.CreateToken(w.ctx, in.Identity, NewToken{Name: strings.Repeat("名", 100), ExpiresAt: now.Add(maxTokenLife)}, home); err != nil {
		t.Fatal(err)
	}
}

func TestNobodyHasMoreThanFiftyTokens(t *testing.T) {
	w := newWorld(t)
	w.user("li", permit.RoleBureau)
	in := w.signIn("li", good)
	var last Token
	for range maxTokens {
		last, _ = w.token(in, false)
	}
	_, _, err := w.CreateToken(w.ctx, in.Identity, NewToken{Name: "x", ExpiresAt: w.clock.now().Add(time.Hour)}, home)
	refusal(t, err, refuse.KindConflict, "too_many_tokens")
	if err := w.RevokeToken(w.ctx, in.Identity, last.ID, home); err != nil {
		t.Fatal(err)
	}
	w.token(in, false)
}

func TestTokensOfOthersAreUnknown(t *testing.T) {
	w := newWorld(t)
	w.user("li", permit.RoleBureau)
	w.user("wang", permit.RoleBureau)
	li, wang := w.signIn("li", good), w.signIn("wang", good)
	token, secret := w.token(li, false)
	refusal(t, w.RevokeToken(w.ctx, wang.Identity, token.ID, home), refuse.KindUnknown, "not_found")
	refusal(t, w.RevokeToken(w.ctx, wang.Identity, "tok_nobody", home), refuse.KindUnknown, "not_found")
	if tokens, err := w.Tokens(w.ctx, wang.Identity); err != nil || len(tokens) != 0 {
		t.Fatalf("%+v, %v", tokens, err)
	}
	if _, err := w.Identify(w.ctx, FromBearer(secret)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := w.RevokeToken(w.ctx, li.Identity, token.ID, home); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.events(EventQuery{Subject: token.ID}); fmt.Sprint(got) != "[token.create done  token.revoke done ]" {
		t.Errorf("%q", got)
	}
}

func TestWhatHasEndedIsSwept(t *testing.T) {
	w := newWorld(t)
	w.user("li", permit.RoleBureau)
	in := w.signIn("li", good)
	token, _ := w.token(in, false)
	w.fail("nobody", 1)
	if n, err := w.Sweep(w.ctx); n != 0 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	w.clock.advance(sessionIdle + time.Millisecond)
	// Two sessions, the one of user() and this one, and the count of "nobody".
	if n, err := w.Sweep(w.ctx); n != 3 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if _, err := w.store.Get(w.ctx, store.KindSession, in.Identity.Session); !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	w.clock.advance(30*24*time.Hour + tokenKept)
	if n, err := w.Sweep(w.ctx); n != 1 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if _, err := w.store.Get(w.ctx, store.KindToken, token.ID); !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
}
