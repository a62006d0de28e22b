package people

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

// Status is whether an account may be used.
type Status string

const (
	StatusActive   Status = "active"
	StatusDisabled Status = "disabled"
)

const (
	// minNameChars and maxNameChars bound the name that people sign in with.
	minNameChars = 2
	maxNameChars = 64
	// maxDisplayNameChars bounds what a person is called, maxOIDCNameChars an e-mail address or user name elsewhere.
	maxDisplayNameChars = 100
	maxOIDCNameChars    = 200
	// maxReasonChars bounds the reason of a change.
	maxReasonChars = 500
)

// userBody is what a record of kind user holds; the region is the record's own.
type userBody struct {
	// Name is what the person signs in with, as it was written; its folded form is unique.
	Name               string      `json:"name"`
	DisplayName        string      `json:"display_name,omitempty"`
	Role               permit.Role `json:"role"`
	Institution        string      `json:"institution,omitempty"`
	Status             Status      `json:"status"`
	HasPassword        bool        `json:"has_password,omitempty"`
	MustChangePassword bool        `json:"must_change_password,omitempty"`
	// OIDCName is the e-mail address or user name at the OpenID provider that may claim this account once; Subject is
	// "issuer|subject" after it was claimed.
	OIDCName string `json:"oidc_name,omitempty"`
	Subject  string `json:"subject,omitempty"`
	// SessionEpoch and TokenEpoch are part of every session and token of the account; growing them ends all of them
	// in the same atomic step that changes the account.
	SessionEpoch int64 `json:"session_epoch"`
	TokenEpoch   int64 `json:"token_epoch"`
}

// account is a user record that was read.
type account struct {
	userBody
	record store.Record
}

// id and region are the record's.
func (a account) id() string     { return a.record.ID }
func (a account) region() string { return a.record.Region }

// called is what the person is called in trails and on screens.
func (a account) called() string {
	if a.DisplayName != "" {
		return a.DisplayName
	}
	return a.Name
}

func (a account) actor() permit.Actor {
	return permit.Actor{User: a.id(), Name: a.called(), Role: a.Role, Region: a.region(), Institution: a.Institution}
}

func accountOf(record store.Record) (account, error) {
	a := account{record: record}
	return a, readBody(record, &a.userBody)
}

// draft makes the record of a user body.
func (b userBody) draft(id, region string) (store.Draft, error) {
	body, err := store.Canonical(b)
	return store.Draft{Kind: store.KindUser, ID: id, Region: region, Body: body, Fields: store.Fields{
		"name": store.Text(fold(b.Name)), "subject": store.Text(b.Subject), "oidc_name": store.Text(fold(b.OIDCName)),
		"role": store.Text(string(b.Role)), "institution": store.Text(b.Institution), "status": store.Text(string(b.Status)),
	}}, err
}

// fold is the form in which names are compared: compatibility forms made one, case folded. "Ａdmin", "ADMIN" and
// "admin" are one name.
func fold(name string) string {
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(strings.TrimSpace(name))))
}

// User is an account as admins see it. It never holds a hash.
type User struct {
	ID        string    `json:"id"`
	Version   int64     `json:"version"`
	Region    string    `json:"region,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`

	Name               string      `json:"name"`
	DisplayName        string      `json:"display_name,omitempty"`
	Role               permit.Role `json:"role"`
	Institution        string      `json:"institution,omitempty"`
	Status             Status      `json:"status"`
	HasPassword        bool        `json:"has_password"`
	MustChangePassword bool        `json:"must_change_password"`
	OIDCName           string      `json:"oidc_name,omitempty"`
	OIDCLinked         bool        `json:"oidc_linked"`
	// Failures counts the failed sign-ins of the present window; LockedUntil is given while the account is locked.
	Failures    int        `json:"failures"`
	LockedUntil *time.Time `json:"locked_until,omitempty"`
}

func (a account) view(state attempts, now time.Time) User {
	user := User{ID: a.id(), Version: a.record.Version, Region: a.region(), CreatedAt: a.record.Created, UpdatedAt: a.record.Updated,
		Name: a.Name, DisplayName: a.DisplayName, Role: a.Role, Institution: a.Institution, Status: a.Status,
		HasPassword: a.HasPassword, MustChangePassword: a.MustChangePassword, OIDCName: a.OIDCName, OIDCLinked: a.Subject != ""}
	if !state.over(now) {
		user.Failures = state.Failures
		if until := state.LockedUntil; until.After(now) {
			user.LockedUntil = &until
		}
	}
	return user
}

// load reads an account. ErrNotFound of the store comes back as it is.
func (p *People) load(ctx context.Context, id string) (account, error) {
	record, err := p.store.Get(ctx, store.KindUser, id)
	if err != nil {
		return account{}, err
	}
	return accountOf(record)
}

// find looks an account up by a unique field; ok is false where nobody carries the value.
func (p *People) find(ctx context.Context, field, value string) (found account, ok bool, err error) {
	if value == "" {
		return account{}, false, nil
	}
	page, err := p.store.List(ctx, store.Query{Kind: store.KindUser, Where: []store.Filter{store.Equal(field, store.Text(value))}, Limit: 1})
	if err != nil || len(page.Records) == 0 {
		return account{}, false, err
	}
	found, err = accountOf(page.Records[0])
	return found, err == nil, err
}

// change writes an account anew; with expected 0 an overtaken write is made again. next may change the region too.
func (p *People) change(ctx context.Context, id string, expected int64, change store.Change, next func(body *userBody, region *string) error) (account, error) {
	record, err := p.store.Update(ctx, store.KindUser, id, expected, change, func(old store.Record) (store.Draft, error) {
		a, err := accountOf(old)
		if err != nil {
			return store.Draft{}, err
		}
		region := old.Region
		if err := next(&a.userBody, &region); err != nil {
			return store.Draft{}, err
		}
		return a.userBody.draft(id, region)
	})
	if err != nil {
		return account{}, err
	}
	return accountOf(record)
}

// needsRegion and needsInstitution say which roles belong somewhere.
func needsRegion(role permit.Role) bool {
	return role == permit.RoleBureau || role == permit.RoleRisk || role == permit.RoleObserver
}

func needsInstitution(role permit.Role) bool { return role == permit.RoleLiaison }

// checkUser lists everything that is wrong with an account as it would stand.
func (p *People) checkUser(ctx context.Context, id string, b userBody, region string) ([]refuse.Point, error) {
	var points []refuse.Point
	add := func(pointer, code, zh, en string) {
		points = append(points, refuse.Point{Code: code, Pointer: pointer, ZH: zh, EN: en})
	}
	if !goodName(b.Name) {
		add("/name", "name", fmt.Sprintf("用户名为 %d 至 %d 个字母、数字或汉字，可含 . _ - @，不含空格", minNameChars, maxNameChars),
			fmt.Sprintf("a name has %d to %d letters or digits; . _ - @ are allowed, blanks are not", minNameChars, maxNameChars))
	}
	if !goodLine(b.DisplayName, maxDisplayNameChars) {
		add("/display_name", "display_name", fmt.Sprintf("姓名至多 %d 个字符，不含控制字符", maxDisplayNameChars), fmt.Sprintf("a display name has at most %d characters and no control characters", maxDisplayNameChars))
	}
	if !goodLine(b.OIDCName, maxOIDCNameChars) {
		add("/oidc_name", "oidc_name", fmt.Sprintf("统一认证账号至多 %d 个字符，不含控制字符", maxOIDCNameChars), fmt.Sprintf("an OpenID name has at most %d characters and no control characters", maxOIDCNameChars))
	}
	if !slices.Contains(permit.Roles, b.Role) {
		add("/role", "role", "角色须为 bureau、liaison、risk、observer、admin 之一", "a role is one of bureau, liaison, risk, observer, admin")
	}
	if b.Status != StatusActive && b.Status != StatusDisabled {
		add("/status", "status", "状态须为 active 或 disabled", "a status is active or disabled")
	}
	place, err := p.checkPlace(ctx, b, region)
	if err != nil {
		return nil, err
	}
	taken, err := p.checkTaken(ctx, id, b)
	return append(append(points, place...), taken...), err
}

// checkPlace lists what is wrong with where an account belongs.
func (p *People) checkPlace(ctx context.Context, b userBody, region string) (points []refuse.Point, err error) {
	add := func(pointer, code, zh, en string) {
		points = append(points, refuse.Point{Code: code, Pointer: pointer, ZH: zh, EN: en})
	}
	tree := p.tree()
	switch {
	case needsRegion(b.Role) && region == "":
		add("/region", "region_missing", "此角色须指定所属地区", "this role belongs to a region; name it")
	case !needsRegion(b.Role) && region != "":
		add("/region", "region_unwanted", "此角色不属于任何地区，请留空", "this role belongs to no region; leave it empty")
	case region != "" && (tree == nil || !tree.Has(region)):
		add("/region", "region_unknown", fmt.Sprintf("没有编号为 %q 的地区", region), fmt.Sprintf("there is no region %q", region))
	}
	switch {
	case needsInstitution(b.Role) && b.Institution == "":
		add("/institution", "institution_missing", "银行联络员须指定所属机构", "a liaison belongs to an institution; name it")
	case !needsInstitution(b.Role) && b.Institution != "":
		add("/institution", "institution_unwanted", "此角色不属于任何机构，请留空", "this role belongs to no institution; leave it empty")
	case b.Institution != "" && !goodLine(b.Institution, maxNameChars):
		add("/institution", "institution_unknown", "机构编号无效", "this is not the id of an institution")
	case b.Institution != "" && p.hasInstitution != nil:
		known, err := p.hasInstitution(ctx, b.Institution)
		if err != nil {
			return nil, err
		}
		if !known {
			add("/institution", "institution_unknown", fmt.Sprintf("没有编号为 %q 的机构", b.Institution), fmt.Sprintf("there is no institution %q", b.Institution))
		}
	}
	return points, nil
}

// checkTaken lists the names that another account has already. The store refuses them too, where two are made at once.
func (p *People) checkTaken(ctx context.Context, id string, b userBody) (points []refuse.Point, err error) {
	for _, unique := range []struct{ field, value string }{{"name", fold(b.Name)}, {"oidc_name", fold(b.OIDCName)}} {
		if !goodLine(unique.value, maxOIDCNameChars) {
			continue
		}
		other, ok, err := p.find(ctx, unique.field, unique.value)
		if err != nil {
			return nil, err
		}
		if ok && other.id() != id {
			points = append(points, duplicate(unique.field).Points...)
		}
	}
	return points, nil
}

// duplicate refuses a name that another account has.
func duplicate(field string) *refuse.Error {
	point := refuse.Point{Code: field + "_taken", Pointer: "/" + field, ZH: "此用户名已被使用，请换一个", EN: "another account has this name; choose another"}
	if field != "name" {
		point.ZH, point.EN = "此统一认证账号已关联到另一用户", "this OpenID account belongs to another user"
	}
	return invalidUser(point)
}

// invalidUser refuses an account with every point at once.
func invalidUser(points ...refuse.Point) *refuse.Error {
	return refuse.New(refuse.KindInvalid, "user", "用户信息有误，请逐条更正", "the account has mistakes; mend each").With(points...)
}

func goodName(name string) bool {
	chars := utf8.RuneCountInString(fold(name))
	return utf8.ValidString(name) && chars >= minNameChars && chars <= maxNameChars && !strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !strings.ContainsRune("._-@", r)
	})
}

// goodLine reports whether a text is one line of at most so many characters.
func goodLine(text string, chars int) bool {
	return utf8.ValidString(text) && utf8.RuneCountInString(text) <= chars && !strings.ContainsFunc(text, unicode.IsControl)
}

// cut keeps at most so many characters of a foreign text, without control characters.
func cut(text string, chars int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > chars {
		return string(runes[:chars])
	}
	return text
}

// Bootstrap makes an admin with a generated password where there is no account at all, and returns the password, which
// is kept nowhere. Of two processes that start at once one makes the account; the other answers ok = false.
func (p *People) Bootstrap(ctx context.Context) (name, password string, ok bool, err error) {
	count, err := p.store.Count(ctx, store.KindUser, nil)
	if err != nil || count > 0 {
		return "", "", false, err
	}
	body := userBody{Name: "admin", DisplayName: "系统管理员", Role: permit.RoleAdmin, Status: StatusActive, HasPassword: true, MustChangePassword: true}
	change := store.Change{Who: permit.SystemActor("bootstrap").User, Action: "user.create", Why: "first start"}
	if password, err = p.generatePassword(); err != nil {
		return "", "", false, err
	}
	_, err = p.insert(ctx, body, "", password, change)
	if errors.Is(err, store.ErrDuplicate) {
		return "", "", false, nil
	}
	return body.Name, password, err == nil, err
}

// insert writes a new account: its password first, so that an account which is seen can be used.
func (p *People) insert(ctx context.Context, body userBody, region, password string, change store.Change) (account, error) {
	id, err := p.newID("usr_")
	if err != nil {
		return account{}, err
	}
	draft, err := body.draft(id, region)
	if err != nil {
		return account{}, err
	}
	if password != "" {
		if _, err := p.setPassword(ctx, id, password, "", change); err != nil {
			return account{}, err
		}
	}
	record, err := p.store.Create(ctx, draft, change)
	if err != nil {
		if password != "" {
			err = errors.Join(err, unlessGone(p.store.Delete(ctx, store.KindPassword, id, 0)))
		}
		return account{}, err
	}
	return accountOf(record)
}

// unlessGone forgives that a record is not there any more.
func unlessGone(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
