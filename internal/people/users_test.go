package people

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

func ptr[T any](value T) *T { return &value }

func codes(e *refuse.Error) []string {
	var found []string
	for _, point := range e.Points {
		found = append(found, point.Code+" "+point.Pointer)
	}
	return found
}

func TestAnAccountIsRefusedWithEveryPoint(t *testing.T) {
	w := newWorld(t)
	w.user("Li.Ming", permit.RoleBureau)
	if _, err := w.CreateUser(w.ctx, w.admin, NewUser{Name: "claimed", Role: permit.RoleAdmin, OIDCName: "li@gov.example.cn"}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		input NewUser
		want  []string
	}{
		{"nothing given", NewUser{}, []string{"name /name", "role /role"}},
		{"a bureau without region, of an institution", NewUser{Name: "wang", Role: permit.RoleBureau, Institution: "bank-a"}, []string{"region_missing /region", "institution_unwanted /institution"}},
		{"an observer of a region that is not there", NewUser{Name: "wang", Role: permit.RoleObserver, Region: "999999"}, []string{"region_unknown /region"}},
		{"a risk officer without region", NewUser{Name: "wang", Role: permit.RoleRisk}, []string{"region_missing /region"}},
		{"a liaison without institution, of a region", NewUser{Name: "wang", Role: permit.RoleLiaison, Region: "451481"}, []string{"region_unwanted /region", "institution_missing /institution"}},
		{"a liaison of a bank that is not there", NewUser{Name: "wang", Role: permit.RoleLiaison, Institution: "bank-z"}, []string{"institution_unknown /institution"}},
		{"an admin of a region and an institution", NewUser{Name: "wang", Role: permit.RoleAdmin, Region: "451481", Institution: "bank-a"}, []string{"region_unwanted /region", "institution_unwanted /institution"}},
		{"names that others have, written otherwise", NewUser{Name: "ＬＩ.ming", Role: permit.RoleAdmin, OIDCName: "LI@GOV.example.cn"}, []string{"name_taken /name", "oidc_name_taken /oidc_name"}},
		{"a name with a blank, long texts", NewUser{Name: "li ming", DisplayName: strings.Repeat("长", 101), OIDCName: strings.Repeat("x", 201), Role: permit.RoleAdmin, Reason: strings.Repeat("因", 501)},
			[]string{"name /name", "display_name /display_name", "oidc_name /oidc_name", "reason /reason"}},
		{"a name of one character", NewUser{Name: "李", Role: permit.RoleAdmin}, []string{"name /name"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := w.CreateUser(w.ctx, w.admin, c.input)
			if got := codes(refusal(t, err, refuse.KindInvalid, "user")); !slices.Equal(got, c.want) {
				t.Errorf("got  %v\nwant %v", got, c.want)
			}
		})
	}
}

func TestOnlyAdminsSeeAndManageAccounts(t *testing.T) {
	w := newWorld(t)
	user := w.user("li", permit.RoleBureau)
	for _, role := range permit.Roles {
		actor := permit.Actor{User: "usr_other", Role: role, Region: "450000", Institution: "bank-a"}
		if role == permit.RoleAdmin {
			continue
		}
		_, err := w.User(w.ctx, actor, user.ID)
		refusal(t, err, refuse.KindUnknown, "not_found")
		_, err = w.UserByName(w.ctx, actor, "li")
		refusal(t, err, refuse.KindUnknown, "not_found")
		_, err = w.UserTrail(w.ctx, actor, user.ID)
		refusal(t, err, refuse.KindUnknown, "not_found")
		_, err = w.Users(w.ctx, actor, UserQuery{})
		refusal(t, err, refuse.KindForbidden, "forbidden")
		_, err = w.CreateUser(w.ctx, actor, NewUser{Name: "mine", Role: permit.RoleAdmin})
		refusal(t, err, refuse.KindForbidden, "forbidden")
		_, err = w.UpdateUser(w.ctx, actor, user.ID, user.Version, UserChange{Role: ptr(permit.RoleAdmin)})
		refusal(t, err, refuse.KindUnknown, "not_found")
		_, err = w.ResetPassword(w.ctx, actor, user.ID, user.Version)
		refusal(t, err, refuse.KindUnknown, "not_found")
	}
	_, err := w.User(w.ctx, w.admin, "usr_nobody")
	refusal(t, err, refuse.KindUnknown, "not_found")
	in := w.signIn("li", good)
	me, err := w.Me(w.ctx, in.Identity)
	if err != nil || me.ID != user.ID {
		t.Fatalf("%+v, %v", me, err)
	}
}

func TestAccountsAreListedByNameRegionAndRole(t *testing.T) {
	w := newWorld(t)
	w.user("li", permit.RoleBureau)
	w.user("Zhao", permit.RoleRisk)
	w.user("bank", permit.RoleLiaison)
	if _, err := w.CreateUser(w.ctx, w.admin, NewUser{Name: "sheng", Role: permit.RoleObserver, Region: "450000"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.CreateUser(w.ctx, w.admin, NewUser{Name: "yun", Role: permit.RoleObserver, Region: "530000"}); err != nil {
		t.Fatal(err)
	}
	w.fail("Zhao", 5)
	w.fail("sheng", 2)
	for _, c := range []struct {
		name  string
		query UserQuery
		want  string
	}{
		{"all", UserQuery{}, "admin bank li sheng(2) yun Zhao(5 locked)"},
		{"a region and what is below it", UserQuery{Region: "450000"}, "li sheng(2) Zhao(5 locked)"},
		{"a region without any below", UserQuery{Region: "451481"}, "li Zhao(5 locked)"},
		{"a region that is not there", UserQuery{Region: "999999"}, ""},
		{"a role", UserQuery{Role: permit.RoleObserver}, "sheng(2) yun"},
		{"both", UserQuery{Role: permit.RoleObserver, Region: "450000"}, "sheng(2)"},
		{"disabled", UserQuery{Status: StatusDisabled}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var names []string
			for query, first := c.query, true; first || query.After != ""; first = false {
				query.Limit = 2
				page, err := w.Users(w.ctx, w.admin, query)
				if err != nil {
					t.Fatal(err)
				}
				for _, user := range page.Users {
					name := user.Name
					switch {
					case user.LockedUntil != nil:
						name += fmt.Sprintf("(%d locked)", user.Failures)
					case user.Failures > 0:
						name += fmt.Sprintf("(%d)", user.Failures)
					}
					names = append(names, name)
				}
				query.After = page.Next
			}
			if got := strings.Join(names, " "); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	w.clock.advance(lockDuration)
	page, err := w.Users(w.ctx, w.admin, UserQuery{Role: permit.RoleRisk})
	if err != nil || page.Users[0].LockedUntil != nil || page.Users[0].Failures != 0 {
		t.Errorf("after the lock: %+v, %v", page, err)
	}
	_, err = w.Users(w.ctx, w.admin, UserQuery{After: "nonsense"})
	refusal(t, err, refuse.KindMalformed, "cursor")
}

func TestMovingSomebodyEndsTheirSessions(t *testing.T) {
	for _, c := range []struct {
		name   string
		change UserChange
		ends   bool
	}{
		{"another role", UserChange{Role: ptr(permit.RoleRisk)}, true},
		{"another region", UserChange{Region: ptr("450000")}, true},
		{"another institution and role", UserChange{Role: ptr(permit.RoleLiaison), Region: ptr(""), Institution: ptr("bank-b")}, true},
		{"disabled", UserChange{Status: ptr(StatusDisabled)}, true},
		{"another display name", UserChange{DisplayName: ptr("李明")}, false},
		{"the same role again", UserChange{Role: ptr(permit.RoleBureau)}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			user := w.user("li", permit.RoleBureau)
			in := w.signIn("li", good)
			if _, err := w.UpdateUser(w.ctx, w.admin, user.ID, user.Version, c.change); err != nil {
				t.Fatal(err)
			}
			if c.ends {
				w.signedOut(in.Secret)
			} else {
				w.identify(in.Secret)
			}
		})
	}
}

func TestAChangeNamesTheVersionThatWasSeen(t *testing.T) {
	w := newWorld(t)
	user := w.user("li", permit.RoleBureau)
	_, err := w.UpdateUser(w.ctx, w.admin, user.ID, 0, UserChange{DisplayName: ptr("李")})
	refusal(t, err, refuse.KindUnconditional, "unconditional")
	_, err = w.ResetPassword(w.ctx, w.admin, user.ID, 0)
	refusal(t, err, refuse.KindUnconditional, "unconditional")
	changed, err := w.UpdateUser(w.ctx, w.admin, user.ID, user.Version, UserChange{DisplayName: ptr("李"), Reason: "改名"})
	if err != nil || changed.DisplayName != "李" || changed.Version != user.Version+1 {
		t.Fatalf("%+v, %v", changed, err)
	}
	_, err = w.UpdateUser(w.ctx, w.admin, user.ID, user.Version, UserChange{DisplayName: ptr("明")})
	if told := refusal(t, err, refuse.KindStale, "stale"); told.Version != changed.Version {
		t.Errorf("the present version is told as %d, want %d", told.Version, changed.Version)
	}
	_, err = w.ResetPassword(w.ctx, w.admin, user.ID, user.Version)
	refusal(t, err, refuse.KindStale, "stale")
	_, err = w.UpdateUser(w.ctx, w.admin, user.ID, changed.Version, UserChange{Role: ptr(permit.Role("king")), Status: ptr(Status("gone"))})
	if got := codes(refusal(t, err, refuse.KindInvalid, "user")); !slices.Contains(got, "role /role") || !slices.Contains(got, "status /status") {
		t.Errorf("%v", got)
	}
	trail, err := w.UserTrail(w.ctx, w.admin, user.ID)
	if last := trail[len(trail)-1]; err != nil || last.Who != w.admin.User || last.Action != "user.update" || last.Why != "改名" || last.Changes[0].Path != "/display_name" {
		t.Errorf("%+v, %v", last, err)
	}
}

func TestNoTrailAndNoViewHoldsAHash(t *testing.T) {
	w := newWorld(t)
	user := w.user("li", permit.RoleBureau)
	if _, err := w.ResetPassword(w.ctx, w.admin, user.ID, user.Version); err != nil {
		t.Fatal(err)
	}
	record, err := w.store.Get(w.ctx, store.KindUser, user.ID)
	if err != nil {
		t.Fatal(err)
	}
	trail, err := w.UserTrail(w.ctx, w.admin, user.ID)
	if err != nil {
		t.Fatal(err)
	}
	seen, err := w.User(w.ctx, w.admin, user.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, what := range []any{json.RawMessage(record.Body), trail, seen} {
		text, err := json.Marshal(what)
		if err != nil || strings.Contains(string(text), "argon2") {
			t.Errorf("%s, %v", text, err)
		}
	}
}

func TestAResetGivesAPasswordForNothingButItsChange(t *testing.T) {
	w := newWorld(t)
	user := w.user("li", permit.RoleBureau)
	in := w.signIn("li", good)
	w.fail("li", 5)
	reset, err := w.ResetPassword(w.ctx, w.admin, user.ID, user.Version)
	if err != nil || len(reset.Password) != 23 || !reset.User.MustChangePassword || reset.User.LockedUntil != nil {
		t.Fatalf("%+v, %v", reset, err)
	}
	w.signedOut(in.Secret)
	refusal(t, w.try("li", good), refuse.KindUnauthenticated, "sign_in")
	if got := w.signIn("li", reset.Password).Identity; !got.MustChangePassword {
		t.Fatalf("%+v", got)
	}
}

func TestAnUnlockEndsALock(t *testing.T) {
	w := newWorld(t)
	user := w.user("li", permit.RoleBureau)
	w.fail("li", 5)
	unlocked, err := w.UpdateUser(w.ctx, w.admin, user.ID, user.Version, UserChange{Unlock: true, Reason: "本人来电"})
	if err != nil || unlocked.LockedUntil != nil || unlocked.Failures != 0 {
		t.Fatalf("%+v, %v", unlocked, err)
	}
	w.signIn("li", good)
	trail, err := w.UserTrail(w.ctx, w.admin, user.ID)
	if last := trail[len(trail)-1]; err != nil || last.Action != "user.unlock" || last.Why != "本人来电" {
		t.Errorf("%+v, %v", last, err)
	}
}

func TestTheLastActiveAdminStays(t *testing.T) {
	w := newWorld(t)
	admin, err := w.User(w.ctx, w.admin, w.admin.User)
	if err != nil {
		t.Fatal(err)
	}
	second := w.user("second", permit.RoleAdmin)
	_, err = w.UpdateUser(w.ctx, w.admin, admin.ID, admin.Version, UserChange{Role: ptr(permit.RoleObserver), Region: ptr("451481")})
	refusal(t, err, refuse.KindConflict, "own_role")

	second, err = w.UpdateUser(w.ctx, w.admin, second.ID, second.Version, UserChange{Status: ptr(StatusDisabled)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.UpdateUser(w.ctx, w.admin, admin.ID, admin.Version, UserChange{Status: ptr(StatusDisabled)})
	refusal(t, err, refuse.KindConflict, "last_admin")
	operator := permit.SystemActor("operator")
	_, err = w.UpdateUser(w.ctx, operator, admin.ID, admin.Version, UserChange{Role: ptr(permit.RoleObserver), Region: ptr("451481")})
	refusal(t, err, refuse.KindConflict, "last_admin")
	if _, err = w.UpdateUser(w.ctx, w.admin, second.ID, second.Version, UserChange{Status: ptr(StatusActive)}); err != nil {
		t.Fatal(err)
	}
	if _, err = w.UpdateUser(w.ctx, operator, admin.ID, admin.Version, UserChange{Role: ptr(permit.RoleObserver), Region: ptr("451481")}); err != nil {
		t.Fatal(err)
	}
}

// Two admins disable each other at the same moment, each through a process of their own: one of them stays.
func TestTwoAdminsCannotTakeEachOtherAway(t *testing.T) {
	for range 5 {
		w := newWorld(t)
		other := New(w.store, options(w.clock))
		first, err := w.User(w.ctx, w.admin, w.admin.User)
		if err != nil {
			t.Fatal(err)
		}
		second := w.user("second", permit.RoleAdmin)
		var group sync.WaitGroup
		for service, victim := range map[*People]User{w.People: first, other: second} {
			group.Go(func() {
				_, err := service.UpdateUser(w.ctx, permit.SystemActor("test"), victim.ID, victim.Version, UserChange{Status: ptr(StatusDisabled)})
				var told *refuse.Error
				if err != nil && (!errors.As(err, &told) || told.Code != "busy" && told.Code != "last_admin") {
					t.Error(err)
				}
			})
		}
		group.Wait()
		page, err := w.Users(w.ctx, w.admin, UserQuery{Role: permit.RoleAdmin, Status: StatusActive})
		if err != nil || len(page.Users) != 1 {
			t.Fatalf("%d active admins, %v, want one", len(page.Users), err)
		}
	}
}

func TestAnAccountWithoutPasswordHasNone(t *testing.T) {
	w := newWorld(t)
	made, err := w.CreateUser(w.ctx, w.admin, NewUser{Name: "sso", Role: permit.RoleAdmin, OIDCName: "sso@gov.example.cn", WithoutPassword: true})
	if err != nil || made.Password != "" || made.User.HasPassword || made.User.MustChangePassword {
		t.Fatalf("%+v, %v", made, err)
	}
	refusal(t, w.try("sso", good), refuse.KindUnauthenticated, "sign_in")
	in, err := w.SignInExternal(w.ctx, External{Issuer: "https://id.example.cn", Subject: "1", Names: []string{"SSO@gov.example.cn"}}, home)
	if err != nil {
		t.Fatal(err)
	}
	refusal(t, w.ChangePassword(w.ctx, in.Identity, PasswordChange{good, "another password"}, home), refuse.KindConflict, "no_password")
	user, err := w.User(w.ctx, w.admin, made.User.ID)
	if err != nil || !user.OIDCLinked {
		t.Fatalf("%+v, %v", user, err)
	}
	if _, err := w.UpdateUser(w.ctx, w.admin, user.ID, user.Version, UserChange{Unlink: true, OIDCName: ptr("")}); err != nil {
		t.Fatal(err)
	}
	w.signedOut(in.Secret)
	_, err = w.SignInExternal(w.ctx, External{Issuer: "https://id.example.cn", Subject: "1", Names: []string{"SSO@gov.example.cn"}}, home)
	refusal(t, err, refuse.KindUnauthenticated, "no_account")
}

func TestTwoProcessesThatStartAtOnceMakeOneAdmin(t *testing.T) {
	c := newClock()
	s := openSQLite(t, t.TempDir()+"/zutuan.db", c)
	var turn sync.Mutex
	var passwords []string
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			_, password, ok, err := New(s, options(c)).Bootstrap(t.Context())
			if err != nil {
				t.Error(err)
			}
			turn.Lock()
			defer turn.Unlock()
			if ok {
				passwords = append(passwords, password)
			}
		})
	}
	group.Wait()
	if len(passwords) != 1 {
		t.Fatalf("%d admins were made", len(passwords))
	}
	if _, err := New(s, options(c)).SignIn(t.Context(), SignInInput{"admin", passwords[0]}, home); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Count(t.Context(), store.KindPassword, nil); err != nil || n != 1 {
		t.Errorf("%d passwords are kept, %v", n, err)
	}
}
