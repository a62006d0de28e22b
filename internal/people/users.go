package people

import (
	"context"
	"errors"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

// NewUser asks for an account.
type NewUser struct {
	Name, DisplayName string
	Role              permit.Role
	Region            string
	Institution       string
	// OIDCName is the e-mail address or user name at the OpenID provider that may claim the account.
	OIDCName string
	// WithoutPassword makes an account that signs in through the OpenID provider only.
	WithoutPassword bool
	Reason          string
}

// UserChange changes an account; a nil field stays as it is.
type UserChange struct {
	DisplayName *string
	Role        *permit.Role
	Region      *string
	Institution *string
	Status      *Status
	OIDCName    *string
	// Unlock ends a lock-out, Unlink the tie to an account of the OpenID provider.
	Unlock, Unlink bool
	Reason         string
}

// WithPassword is an account and the password that was generated for it, which is shown once and kept nowhere.
// Password is empty for an account without one.
type WithPassword struct {
	User     User   `json:"user"`
	Password string `json:"password,omitempty"`
}

// UserQuery asks for accounts in the order of their names. Region stands for itself and everything below it.
type UserQuery struct {
	Region string
	Role   permit.Role
	Status Status
	After  string
	Limit  int
}

// UserPage is one page; Next is empty on the last one.
type UserPage struct {
	Users []User `json:"items"`
	Next  string `json:"next,omitempty"`
}

// subject is what a permission over an account is asked about.
func (a account) subject() permit.Subject {
	return permit.Subject{Owner: a.id(), Region: a.region(), Institution: a.Institution}
}

// visible reads an account that the actor may see, and refuses with KindUnknown what is not there or not for them, and
// with KindForbidden what they may see but not do.
func (p *People) visible(ctx context.Context, actor permit.Actor, id string, operation permit.Operation) (account, error) {
	a, err := p.load(ctx, id)
	if err != nil {
		return account{}, refused(err, store.KindUser, id)
	}
	tree := p.tree()
	if !permit.May(tree, actor, permit.OperationUserRead, a.subject()) {
		return account{}, refuse.Unknown(store.KindUser, id)
	}
	if !permit.May(tree, actor, operation, a.subject()) {
		return account{}, onlyAdmins()
	}
	return a, nil
}

func onlyAdmins() *refuse.Error {
	return forbidden("只有系统管理员可以管理用户", "only admins manage accounts")
}

// show makes the view of an account with what is counted for its name.
func (p *People) show(ctx context.Context, a account) (User, error) {
	state, err := p.standing(ctx, fold(a.Name))
	return a.view(state, p.now()), err
}

// User reads an account. KindUnknown.
func (p *People) User(ctx context.Context, actor permit.Actor, id string) (User, error) {
	a, err := p.visible(ctx, actor, id, permit.OperationUserRead)
	if err != nil {
		return User{}, err
	}
	return p.show(ctx, a)
}

// UserByName finds an account by the name that people sign in with. KindUnknown.
func (p *People) UserByName(ctx context.Context, actor permit.Actor, name string) (User, error) {
	a, ok, err := p.find(ctx, "name", searchable(fold(name)))
	if err != nil {
		return User{}, err
	}
	if !ok || !permit.May(p.tree(), actor, permit.OperationUserRead, a.subject()) {
		return User{}, refuse.Unknown(store.KindUser, name)
	}
	return p.show(ctx, a)
}

// UserTrail reads the audit trail of an account. KindUnknown.
func (p *People) UserTrail(ctx context.Context, actor permit.Actor, id string) ([]store.Entry, error) {
	if _, err := p.visible(ctx, actor, id, permit.OperationUserRead); err != nil {
		return nil, err
	}
	return p.store.Trail(ctx, store.KindUser, id)
}

// Users lists accounts. KindForbidden for whoever may not, KindMalformed for a foreign cursor.
func (p *People) Users(ctx context.Context, actor permit.Actor, query UserQuery) (UserPage, error) {
	tree := p.tree()
	if !permit.May(tree, actor, permit.OperationUserRead, permit.Subject{}) {
		return UserPage{}, onlyAdmins()
	}
	q := store.Query{Kind: store.KindUser, Sort: "name", After: query.After, Limit: query.Limit}
	if query.Region != "" {
		q.Where = append(q.Where, store.Regions(append([]string{query.Region}, tree.Subtree(query.Region)...)))
	}
	if query.Role != "" {
		q.Where = append(q.Where, store.Equal("role", store.Text(string(query.Role))))
	}
	if query.Status != "" {
		q.Where = append(q.Where, store.Equal("status", store.Text(string(query.Status))))
	}
	page, err := p.store.List(ctx, q)
	if err != nil {
		return UserPage{}, refused(err, store.KindUser, "")
	}
	users, err := p.showAll(ctx, page.Records)
	return UserPage{Users: users, Next: page.Next}, err
}

// showAll makes the views of a page; what is counted for their names comes with one query.
func (p *People) showAll(ctx context.Context, records []store.Record) ([]User, error) {
	accounts, ids := make([]account, len(records)), make([]store.Value, len(records))
	for i, record := range records {
		a, err := accountOf(record)
		if err != nil {
			return nil, err
		}
		accounts[i], ids[i] = a, store.Text(attemptsID(fold(a.Name)))
	}
	states := map[string]attempts{}
	err := p.each(ctx, store.Query{Kind: store.KindSignIn, Where: []store.Filter{store.OneOf(store.FieldID, ids)}}, func(record store.Record) error {
		state, err := attemptsOf(record)
		states[record.ID] = state
		return err
	})
	if err != nil {
		return nil, err
	}
	users, now := make([]User, len(accounts)), p.now()
	for i, a := range accounts {
		users[i] = a.view(states[ids[i].Text()], now)
	}
	return users, nil
}

// CreateUser makes an account with a generated password that has to be changed at the first sign-in. Refusals:
// KindForbidden, KindInvalid with every point.
func (p *People) CreateUser(ctx context.Context, actor permit.Actor, input NewUser) (WithPassword, error) {
	if !permit.May(p.tree(), actor, permit.OperationUserWrite, permit.Subject{Region: input.Region, Institution: input.Institution}) {
		return WithPassword{}, onlyAdmins()
	}
	body := userBody{Name: norm.NFKC.String(strings.TrimSpace(input.Name)), DisplayName: strings.TrimSpace(input.DisplayName), Role: input.Role, Institution: input.Institution,
		Status: StatusActive, OIDCName: strings.TrimSpace(input.OIDCName), HasPassword: !input.WithoutPassword, MustChangePassword: !input.WithoutPassword}
	points, err := p.checkUser(ctx, "", body, input.Region)
	if err != nil {
		return WithPassword{}, err
	}
	if points = append(points, checkReason(input.Reason)...); len(points) > 0 {
		return WithPassword{}, invalidUser(points...)
	}
	password := ""
	if body.HasPassword {
		if password, err = p.generatePassword(); err != nil {
			return WithPassword{}, err
		}
	}
	a, err := p.insert(ctx, body, input.Region, password, store.Change{Who: actor.User, Action: "user.create", Why: input.Reason})
	if err != nil {
		return WithPassword{}, refused(err, store.KindUser, body.Name)
	}
	// Nothing is read after the write: a fault there would lose the password.
	return WithPassword{User: a.view(attempts{}, p.now()), Password: password}, nil
}

func checkReason(reason string) []refuse.Point {
	if goodLine(strings.ReplaceAll(reason, "\n", " "), maxReasonChars) {
		return nil
	}
	return []refuse.Point{{Code: "reason", Pointer: "/reason", ZH: "理由至多 500 个字符，不含控制字符", EN: "a reason has at most 500 characters and no control characters"}}
}

// UpdateUser changes an account of the expected version. A change of role, region or institution ends its sessions;
// disabling ends its tokens for ever, too. Refusals: KindUnconditional, KindStale, KindUnknown, KindForbidden,
// KindInvalid with every point, KindConflict for an admin's own role and for the last active admin.
func (p *People) UpdateUser(ctx context.Context, actor permit.Actor, id string, expected int64, input UserChange) (User, error) {
	old, err := p.writable(ctx, actor, id, expected)
	if err != nil {
		return User{}, err
	}
	next, region := old.userBody, old.region()
	input.apply(&next, &region)
	points, err := p.checkUser(ctx, id, next, region)
	if err != nil {
		return User{}, err
	}
	if points = append(points, checkReason(input.Reason)...); len(points) > 0 {
		return User{}, invalidUser(points...)
	}
	if next.Role != old.Role && actor.User == id {
		return User{}, refuse.New(refuse.KindConflict, "own_role", "不能更改自己的角色，请由另一位系统管理员操作", "nobody changes their own role; another admin has to")
	}
	moved := next.Role != old.Role || region != old.region() || next.Institution != old.Institution
	stopped := next.Status != StatusActive && old.Status == StatusActive
	if moved || stopped || next.Subject != old.Subject {
		next.SessionEpoch++
	}
	if stopped {
		next.TokenEpoch++
	}
	write := func(ctx context.Context) (account, error) {
		return p.change(ctx, id, expected, store.Change{Who: actor.User, Action: input.action(), Why: input.Reason}, func(body *userBody, place *string) error {
			*body, *place = next, region
			return nil
		})
	}
	if old.Role == permit.RoleAdmin && old.Status == StatusActive && (stopped || next.Role != permit.RoleAdmin) {
		write = p.sparingLastAdmin(id, write)
	}
	changed, err := write(ctx)
	if err != nil {
		return User{}, refused(err, store.KindUser, id)
	}
	return p.settle(ctx, changed, old, input.Unlock)
}

// settle does what follows a change of an account; each step may be missing after a crash without harm.
func (p *People) settle(ctx context.Context, a, old account, unlock bool) (User, error) {
	if unlock {
		if err := p.forgive(ctx, fold(a.Name)); err != nil {
			return User{}, err
		}
	}
	if a.SessionEpoch != old.SessionEpoch {
		if err := p.clearSessions(ctx, a.id(), ""); err != nil {
			return User{}, err
		}
	}
	return p.show(ctx, a)
}

// writable reads an account that the actor may change, at the version that they saw.
func (p *People) writable(ctx context.Context, actor permit.Actor, id string, expected int64) (account, error) {
	a, err := p.visible(ctx, actor, id, permit.OperationUserWrite)
	if err != nil {
		return account{}, err
	}
	if expected <= 0 {
		return account{}, refuse.New(refuse.KindUnconditional, "unconditional", "修改须注明所见的版本", "a change names the version that was seen")
	}
	if a.record.Version != expected {
		return account{}, refused(store.Conflict(store.KindUser, id, a.record.Version), store.KindUser, id)
	}
	return a, nil
}

func (c UserChange) apply(b *userBody, region *string) {
	set := func(to *string, from *string) {
		if from != nil {
			*to = strings.TrimSpace(*from)
		}
	}
	set(&b.DisplayName, c.DisplayName)
	set(&b.Institution, c.Institution)
	set(&b.OIDCName, c.OIDCName)
	set(region, c.Region)
	if c.Role != nil {
		b.Role = *c.Role
	}
	if c.Status != nil {
		b.Status = *c.Status
	}
	if c.Unlink {
		b.Subject = ""
	}
}

// action is the word for the change in the trail.
func (c UserChange) action() string {
	switch {
	case c.Status != nil && *c.Status == StatusDisabled:
		return "user.disable"
	case c.Unlock && c.Status == nil && c.Role == nil && c.Region == nil && c.Institution == nil:
		return "user.unlock"
	}
	return "user.update"
}

const (
	// adminsLease is held by whoever takes an admin away, so that two such steps see each other.
	adminsLease = "people.admins"
	// adminsLeaseLife is longer than adminsStep, which bounds what is done under the lease.
	adminsLeaseLife = 30 * time.Second
	adminsStep      = 10 * time.Second
)

// sparingLastAdmin makes a write that takes an admin away if another active admin stays. Of two such writes at once,
// in one process or several, the second is refused and may be tried again.
func (p *People) sparingLastAdmin(id string, write func(context.Context) (account, error)) func(context.Context) (account, error) {
	return func(ctx context.Context) (account, error) {
		owner, err := p.newID("step_")
		if err != nil {
			return account{}, err
		}
		lease, err := p.store.Acquire(ctx, adminsLease, owner, adminsLeaseLife)
		if errors.Is(err, store.ErrHeld) {
			busy := refuse.New(refuse.KindUnready, "busy", "另一位管理员正在变更管理员账号，请稍候再试", "another change of an admin is under way; try again in a moment")
			busy.RetryAfterSeconds = 1
			return account{}, busy
		}
		if err != nil {
			return account{}, err
		}
		a, err := p.underLease(ctx, id, write)
		// The lease runs out by itself, so a failed release delays the next such step only.
		if lost := p.store.Release(context.WithoutCancel(ctx), lease); err == nil && lost != nil {
			return a, lost
		}
		return a, err
	}
}

func (p *People) underLease(ctx context.Context, id string, write func(context.Context) (account, error)) (account, error) {
	ctx, cancel := context.WithTimeout(ctx, adminsStep)
	defer cancel()
	others := 0
	query := store.Query{Kind: store.KindUser, WithoutBody: true, Where: []store.Filter{store.Equal("role", store.Text(string(permit.RoleAdmin))), store.Equal("status", store.Text(string(StatusActive)))}}
	err := p.each(ctx, query, func(record store.Record) error {
		if record.ID != id {
			others++
		}
		return nil
	})
	if err != nil {
		return account{}, err
	}
	if others == 0 {
		return account{}, refuse.New(refuse.KindConflict, "last_admin", "至少须保留一位有效的系统管理员", "the last active admin cannot be taken away; make another first")
	}
	return write(ctx)
}

// ResetPassword gives an account of the expected version a generated password that has to be changed, ends its sessions
// and tokens, and ends a lock-out. Refusals as of UpdateUser.
func (p *People) ResetPassword(ctx context.Context, actor permit.Actor, id string, expected int64) (WithPassword, error) {
	old, err := p.writable(ctx, actor, id, expected)
	if err != nil {
		return WithPassword{}, err
	}
	password, err := p.generatePassword()
	if err != nil {
		return WithPassword{}, err
	}
	change := store.Change{Who: actor.User, Action: "user.reset_password"}
	changed, err := p.change(ctx, id, expected, change, func(body *userBody, _ *string) error {
		body.HasPassword, body.MustChangePassword = true, true
		body.SessionEpoch++
		body.TokenEpoch++
		return nil
	})
	if err != nil {
		return WithPassword{}, refused(err, store.KindUser, id)
	}
	// After a crash here the old password still works, for nothing but its own change; the reset is repeated.
	if _, err := p.setPassword(ctx, id, password, "", change); err != nil {
		return WithPassword{}, err
	}
	user, err := p.settle(ctx, changed, old, true)
	return WithPassword{User: user, Password: password}, err
}
