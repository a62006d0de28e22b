// Package people knows who is there: accounts, passwords, sign-in and lock-out, sessions, personal access tokens, and
// accounts of an OpenID provider that are linked to ours. Identify turns what a request carries into a permit.Actor;
// what that actor may do is permit's business. README.md lists the invariants and the threats that they answer.
package people

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

// Options are what the package takes from outside. The zero value is ready for the service.
type Options struct {
	// Clock gives the present; time.Now where nil.
	Clock func() time.Time
	// Random gives secrets, salts and the chance part of ids; crypto/rand where nil. Reads are made one at a time.
	Random io.Reader
	// Tree gives the present tree of regions. Accounts get only regions that it has; where nil or giving nil, none.
	Tree func() *permit.Tree
	// HasInstitution reports whether an institution is known; where nil, any id is taken.
	HasInstitution func(ctx context.Context, id string) (bool, error)
	// HashParallel is how many passwords are hashed at once, 19 MiB each; 2 where 0.
	HashParallel int
	// HashCost replaces the cost of hashing in tests; CostDefault where zero.
	HashCost Cost
}

// People is the use cases. Its methods may be called from many goroutines, and several processes may share a store.
type People struct {
	store          store.Store
	clock          func() time.Time
	tree           func() *permit.Tree
	hasInstitution func(ctx context.Context, id string) (bool, error)
	hasher         *hasher
	throttle       *throttle
	turns          turns

	// randomTurn guards the chance and the last id.
	randomTurn sync.Mutex
	random     io.Reader
	lastID     [idBytes]byte
}

// New makes the use cases over a store that keeps store.Kinds.
func New(keeper store.Store, options Options) *People {
	p := &People{store: keeper, clock: options.Clock, tree: options.Tree, hasInstitution: options.HasInstitution, random: options.Random}
	if p.clock == nil {
		p.clock = time.Now
	}
	if p.random == nil {
		p.random = rand.Reader
	}
	if p.tree == nil {
		p.tree = func() *permit.Tree { return nil }
	}
	p.hasher = newHasher(options.HashCost, options.HashParallel)
	p.throttle = newThrottle()
	p.turns = newTurns()
	return p
}

// now is UTC, cut to what the store keeps, so that what is answered equals what is read back.
func (p *People) now() time.Time { return time.UnixMilli(p.clock().UnixMilli()).UTC() }

// draw reads chance.
func (p *People) draw(count int) ([]byte, error) {
	p.randomTurn.Lock()
	defer p.randomTurn.Unlock()
	drawn := make([]byte, count)
	if _, err := io.ReadFull(p.random, drawn); err != nil {
		return nil, fmt.Errorf("people: no chance to draw from: %w", err)
	}
	return drawn, nil
}

// readable is Crockford's alphabet in lower case: without i, l, o and u, in ascending order, so that texts of equal
// length sort like the bytes they stand for.
var readable = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// idChars is the length of an id after its prefix, secretChars that of a 256-bit secret.
const (
	idChars     = 26
	secretChars = 52
	secretBytes = 32
)

// idBytes are 48 bits of milliseconds and 80 bits of chance.
const idBytes = 16

// newID makes an id of the prefix, the time and chance. Later ids sort later; those that this process makes in one
// millisecond, or while the clock was set back, count up from the one before.
func (p *People) newID(prefix string) (string, error) {
	var id [idBytes]byte
	chance, err := p.draw(idBytes - 6)
	if err != nil {
		return "", err
	}
	var stamp [8]byte
	binary.BigEndian.PutUint64(stamp[:], uint64(p.clock().UnixMilli()))
	copy(id[:6], stamp[2:])
	copy(id[6:], chance)
	p.randomTurn.Lock()
	defer p.randomTurn.Unlock()
	if bytes.Compare(id[:6], p.lastID[:6]) <= 0 {
		id = p.lastID
		for i := idBytes - 1; i >= 0; i-- {
			if id[i]++; id[i] != 0 {
				break
			}
		}
	}
	p.lastID = id
	return prefix + readable.EncodeToString(id[:]), nil
}

// newSecret makes 256 bits of chance as text.
func (p *People) newSecret() (string, error) {
	chance, err := p.draw(secretBytes)
	if err != nil {
		return "", err
	}
	return readable.EncodeToString(chance), nil
}

// hashOf is how secrets and names are kept. A secret of 256 bits needs no slow hash.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// readBody reads what this package wrote; anything else is damage, not a refusal.
func readBody(record store.Record, into any) error {
	if err := json.Unmarshal(record.Body, into); err != nil {
		return fmt.Errorf("people: %s %s cannot be read: %w", record.Kind, record.ID, err)
	}
	return nil
}

// refused turns what the store refuses into what a person is told. Everything else stays a fault.
func refused(err error, kind, id string) error {
	var told *store.Error
	if !errors.As(err, &told) {
		return err
	}
	switch told.Code {
	case store.CodeNotFound:
		return refuse.Unknown(kind, id)
	case store.CodeConflict:
		stale := refuse.New(refuse.KindStale, "stale", told.ZH, told.EN)
		stale.Version = told.Version
		return stale
	case store.CodeCursor:
		return refuse.New(refuse.KindMalformed, "cursor", told.ZH, told.EN)
	case store.CodeDuplicate:
		return duplicate(told.Field)
	}
	return err
}

// forbidden refuses a step to whoever may know that it exists.
func forbidden(zh, en string) *refuse.Error {
	return refuse.New(refuse.KindForbidden, "forbidden", zh, en)
}

// turns lets the sign-ins of one name in one process follow each other, so that an honest burst is not counted as a row
// of failures. Other processes are held off by the count in the store.
type turns [64]chan struct{}

func newTurns() (t turns) {
	for i := range t {
		t[i] = make(chan struct{}, 1)
	}
	return t
}

// take waits for the turn of a hash in hexadecimal.
func (t *turns) take(ctx context.Context, hash string) (done func(), err error) {
	var sum byte
	for i := range len(hash) {
		sum = sum*31 + hash[i]
	}
	turn := t[int(sum)%len(t)]
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
