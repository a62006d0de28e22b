package people

import (
	"strings"
	"testing"
	"time"

	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

func TestFirstStartMakesOneAdminWhoseFirstStepIsANewPassword(t *testing.T) {
	w := newWorld(t)
	in := w.signIn("ADMIN", w.adminPassword)
	identity := w.identify(in.Secret)
	if !identity.MustChangePassword || identity.Actor.Role != permit.RoleAdmin {
		t.Fatalf("%+v", identity)
	}
	refusal(t, identity.Ready(), refuse.KindForbidden, "must_change_password")
	_, _, err := w.CreateToken(w.ctx, identity, NewToken{Name: "x", ExpiresAt: w.clock.now().Add(time.Hour)}, home)
	refusal(t, err, refuse.KindForbidden, "must_change_password")

	if err := w.ChangePassword(w.ctx, identity, PasswordChange{Old: w.adminPassword, New: good}, home); err != nil {
		t.Fatal(err)
	}
	if identity = w.identify(in.Secret); identity.MustChangePassword || identity.Ready() != nil {
		t.Fatalf("%+v", identity)
	}
	if _, _, ok, err := w.Bootstrap(w.ctx); ok || err != nil {
		t.Fatalf("a second start: %v, %v", ok, err)
	}
}

func TestSessionsEndInTheirTime(t *testing.T) {
	w := newWorld(t)
	w.user("li", permit.RoleBureau)
	for _, c := range []struct {
		name  string
		steps []time.Duration
		alive bool
	}{
		{"used within two hours", []time.Duration{2*time.Hour - time.Millisecond}, true},
		{"idle for two hours", []time.Duration{2 * time.Hour}, false},
		{"used every 100 minutes for less than twelve hours", repeat(100*time.Minute, 7), true},
		{"used every 100 minutes beyond twelve hours", repeat(100*time.Minute, 8), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := w.signIn("li", good)
			for _, step := range c.steps[:len(c.steps)-1] {
				w.clock.advance(step)
				w.identify(in.Secret)
			}
			w.clock.advance(c.steps[len(c.steps)-1])
			if c.alive {
				w.identify(in.Secret)
			} else {
				w.signedOut(in.Secret)
			}
		})
	}
}

func repeat(step time.Duration, times int) []time.Duration {
	steps := make([]time.Duration, times)
	for i := range steps {
		steps[i] = step
	}
	return steps
}

func TestASessionIsWrittenAtMostOnceInFiveMinutes(t *testing.T) {
	w := newWorld(t)
	w.user("li", permit.RoleBureau)
	in := w.signIn("li", good)
	version := func() int64 {
		record, err := w.store.Get(w.ctx, store.KindSession, in.Identity.Session)
		if err != nil {
			t.Fatal(err)
		}
		return record.Version
	}
	// Ten requests, one a minute: the sixth (5 minutes) and the eleventh (10 minutes) would be written.
	for range 10 {
		w.clock.advance(time.Minute)
		w.identify(in.Secret)
	}
	if got := version(); got != 3 {
		t.Fatalf("version %d after ten minutes, want 3: two writes", got)
	}
}

func TestOnlyTheRightSecretIsASession(t *testing.T) {
	w := newWorld(t)
	w.user("li", permit.RoleBureau)
	in, other := w.signIn("li", good), w.signIn("li", good)
	flip := func(text string, at int) string {
		replacement := "0"
		if text[at] == '0' {
			replacement = "1"
		}
		return text[:at] + replacement + text[at+1:]
	}
	for name, secret := range map[string]string{
		"nothing":                          "",
		"another secret of the same id":    flip(in.Secret, len(in.Secret)-1),
		"the secret of another session":    in.Secret[:len(sessionPrefix)+idChars] + other.Secret[len(sessionPrefix)+idChars:],
		"an id that nobody has":            flip(in.Secret, len(sessionPrefix)+3),
		"upper case":                       strings.ToUpper(in.Secret),
		"a character too many":             in.Secret + "0",
		"the prefix of a token":            tokenPrefix + in.Secret[len(sessionPrefix):],
		"what is kept in place of the key": hashOf(in.Secret),
	} {
		if _, err := w.Identify(w.ctx, FromCookie(secret)); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if _, err := w.Identify(w.ctx, FromBearer(in.Secret)); err == nil {
		t.Error("a session is taken as a token")
	}
	if _, err := w.Identify(w.ctx, Credential{}); err == nil {
		t.Error("the zero credential is taken")
	}
	record, err := w.store.Get(w.ctx, store.KindSession, in.Identity.Session)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(record.Body), in.Secret[len(sessionPrefix)+idChars:]) || strings.Contains(string(record.Body), in.Identity.CSRF) {
		t.Errorf("the record holds a secret: %s", record.Body)
	}
}

func TestTheCSRFTokenBelongsToOneSession(t *testing.T) {
	w := newWorld(t)
	w.user("li", permit.RoleBureau)
	one, two := w.signIn("li", good), w.signIn("li", good)
	if got := w.identify(one.Secret).CSRF; got != one.Identity.CSRF || len(got) != 43 {
		t.Fatalf("CSRF token %q at sign-in, %q later", one.Identity.CSRF, got)
	}
	if !one.Identity.CSRFMatches(one.Identity.CSRF) || one.Identity.CSRFMatches(two.Identity.CSRF) || one.Identity.CSRFMatches("") || (Identity{}).CSRFMatches("") {
		t.Fatal("the CSRF token of one session does for another, or none does")
	}
}

func TestSigningOutEndsOneSessionOrAll(t *testing.T) {
	w := newWorld(t)
	w.user("li", permit.RoleBureau)
	w.user("wang", permit.RoleBureau)
	one, two, three, foreign := w.signIn("li", good), w.signIn("li", good), w.signIn("li", good), w.signIn("wang", good)
	if err := w.SignOut(w.ctx, one.Identity, home); err != nil {
		t.Fatal(err)
	}
	w.signedOut(one.Secret)
	w.identify(two.Secret)
	if err := w.SignOut(w.ctx, one.Identity, home); err != nil {
		t.Fatalf("signing out twice: %v", err)
	}
	if err := w.SignOutEverywhere(w.ctx, two.Identity); err != nil {
		t.Fatal(err)
	}
	w.signedOut(two.Secret)
	w.signedOut(three.Secret)
	w.identify(foreign.Secret)
}

// A crash between the write of the account and the deletion of its sessions leaves the records; they are of no use.
func TestSessionsOfAnOlderEpochAreOfNoUse(t *testing.T) {
	w := newWorld(t)
	w.user("li", permit.RoleBureau)
	in := w.signIn("li", good)
	if _, err := w.change(w.ctx, in.Identity.Actor.User, 0, store.Change{Who: "test", Action: "test"}, func(b *userBody, _ *string) error { b.SessionEpoch++; return nil }); err != nil {
		t.Fatal(err)
	}
	w.signedOut(in.Secret)
}
