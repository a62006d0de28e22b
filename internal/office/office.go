// Package office holds the use cases of the service, a file for each noun: who may do what, which state follows which,
// what is kept, and what everybody is told. It calls casework for numbers, gate for steps, permit for permissions, and
// store for records; beside people and jobs it is the only caller of the store. README.md says what keeps it right.
package office

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"time"

	"zutuan/internal/lp"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

// Config is what an office works with. Store and Rules are needed.
type Config struct {
	Store store.Store
	// Rules is the rules directory that the program ships or an operator keeps; what people publish lives in the store.
	Rules fs.FS
	// Clock tells the time; time.Now where nil. The business day is the clock's day in Location.
	Clock    func() time.Time
	Location *time.Location
	// Random makes ids; crypto/rand where nil.
	Random io.Reader
	// Solver solves the programs of plans; without one, plans can be judged but not built.
	Solver lp.Solver
	Logger *slog.Logger
}

// Office is the use cases over one store. It is safe for concurrent use, and several processes may have one each on the
// same database.
type Office struct {
	store    store.Store
	base     fs.FS
	clock    func() time.Time
	location *time.Location
	random   io.Reader
	solver   lp.Solver
	logger   *slog.Logger

	regions    regionCache
	shelf      shelf
	background background
	// watch wakes the watcher of changes after a write of this process.
	watch chan struct{}
}

// China has no summer time; a business day there is a day of UTC+8, whatever the server's zone.
var defaultLocation = time.FixedZone("Asia/Shanghai", 8*60*60)

// Open makes an office ready: on an empty store the shipped rules, regions and institutions are installed first.
func Open(ctx context.Context, config Config) (*Office, error) {
	o := &Office{store: config.Store, base: config.Rules, clock: config.Clock, location: config.Location, random: config.Random, solver: config.Solver,
		logger: config.Logger, watch: make(chan struct{}, 1)}
	if o.clock == nil {
		o.clock = time.Now
	}
	if o.location == nil {
		o.location = defaultLocation
	}
	if o.random == nil {
		o.random = rand.Reader
	}
	if o.logger == nil {
		o.logger = slog.New(slog.DiscardHandler)
	}
	if err := o.install(ctx); err != nil {
		return nil, err
	}
	return o, nil
}

// Today is the business day, at midnight UTC as dates are kept.
func (o *Office) Today() time.Time {
	year, month, day := o.clock().In(o.location).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// check refuses what the actor may not do to a subject. A record that the actor may not even look at is unknown to them;
// one that they see but may not change is forbidden.
func (o *Office) check(ctx context.Context, actor permit.Actor, operation, look permit.Operation, kind, id string, subject permit.Subject) error {
	tree, err := o.Tree(ctx)
	if err != nil {
		return err
	}
	if permit.May(tree, actor, operation, subject) {
		return nil
	}
	if permit.May(tree, actor, look, subject) {
		return forbidden(operation)
	}
	return refuse.Unknown(kind, id)
}

// allowed refuses an operation that the actor's role never has, before anything is read.
func allowed(actor permit.Actor, operation permit.Operation) error {
	if actor.System || permit.ScopeOf(actor.Role, operation) != permit.ScopeNone {
		return nil
	}
	return forbidden(operation)
}

func forbidden(operation permit.Operation) error {
	return refuse.Newf(refuse.KindForbidden, "forbidden", "您的角色无权进行此操作（%s）；如有需要请联系管理员", "your role may not do this (%s); ask an administrator if you need it", string(operation))
}

// refusal turns what the store refuses into what a person is told; faults pass through.
func refusal(err error) error {
	var refused *store.Error
	if !errors.As(err, &refused) {
		return err
	}
	switch refused.Code {
	case store.CodeNotFound:
		return refuse.Unknown(refused.Kind, refused.ID)
	case store.CodeConflict:
		e := refuse.New(refuse.KindStale, "stale", refused.ZH, refused.EN)
		e.Version = refused.Version
		return e
	case store.CodeExists, store.CodeDuplicate, store.CodeHeld, store.CodeImmutable:
		return refuse.New(refuse.KindConflict, string(refused.Code), refused.ZH, refused.EN)
	case store.CodeTooLarge:
		return refuse.New(refuse.KindTooLarge, "too_large", refused.ZH, refused.EN)
	case store.CodeInvalid, store.CodeCursor, store.CodeOverflow:
		return refuse.New(refuse.KindInvalid, string(refused.Code), refused.ZH, refused.EN)
	}
	return err
}

// who names an actor in a trail.
func who(actor permit.Actor) string {
	if actor.User == "" {
		return "unknown"
	}
	return actor.User
}
