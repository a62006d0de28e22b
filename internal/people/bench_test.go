package people

import (
	"path/filepath"
	"testing"

	"zutuan/internal/permit"
	"zutuan/internal/store"
)

// BenchmarkIdentify is what every request pays; the baseline beside it is the same two reads without anything else.
func BenchmarkIdentify(b *testing.B) {
	w := newWorld(b)
	user := w.user("li", permit.RoleBureau)
	in := w.signIn("li", good)
	_, secret := w.token(in, false)
	if _, err := w.Identify(w.ctx, FromBearer(secret)); err != nil {
		b.Fatal(err)
	}
	b.Run("session", func(b *testing.B) {
		for b.Loop() {
			if _, err := w.Identify(w.ctx, FromCookie(in.Secret)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("token", func(b *testing.B) {
		for b.Loop() {
			if _, err := w.Identify(w.ctx, FromBearer(secret)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("baseline two reads", func(b *testing.B) {
		for b.Loop() {
			for kind, id := range map[string]string{store.KindSession: in.Identity.Session, store.KindUser: user.ID} {
				if _, err := w.store.Get(w.ctx, kind, id); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("nonsense", func(b *testing.B) {
		for b.Loop() {
			if _, err := w.Identify(w.ctx, FromCookie("nonsense")); err == nil {
				b.Fatal("taken")
			}
		}
	})
}

// BenchmarkSignIn is at the cost of the service; the baseline beside it is the hash alone.
func BenchmarkSignIn(b *testing.B) {
	c := newClock()
	o := options(c)
	o.HashCost = CostDefault
	s := openSQLite(b, filepath.Join(b.TempDir(), "zutuan.db"), c)
	p := New(s, o)
	name, password, _, err := p.Bootstrap(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Run("password", func(b *testing.B) {
		for b.Loop() {
			if _, err := p.SignIn(b.Context(), SignInInput{name, password}, home); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("baseline hash", func(b *testing.B) {
		salt := make([]byte, saltBytes)
		for b.Loop() {
			if _, err := p.hasher.hash(b.Context(), password, salt); err != nil {
				b.Fatal(err)
			}
		}
	})
}
