package people

import (
	"context"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

// Cost is what one hash costs. It stands in every hash, so it can be raised at any time: a password hashed at another
// cost is hashed again when its owner signs in.
type Cost struct {
	MemoryKiB uint32
	Passes    uint32
	Lanes     uint8
}

// CostDefault is OWASP's first recommendation for argon2id of 19 MiB.
var CostDefault = Cost{MemoryKiB: 19 * 1024, Passes: 2, Lanes: 1}

const (
	saltBytes = 16
	hashBytes = 32
	// costLimitKiB and costLimitPasses bound what a hash that is read may ask for.
	costLimitKiB    = 1 << 20
	costLimitPasses = 64
	// maxHashWaiting bounds the sign-ins that wait for a place; beyond it people are asked to come back.
	maxHashWaiting = 64

	// minPasswordChars and maxPasswordChars bound a password, in characters. The upper bound keeps hashing cheap.
	minPasswordChars = 10
	maxPasswordChars = 128
	// minDistinctChars keeps out "aaaaaaaaaa" and "ababababab".
	minDistinctChars = 4
)

// hasher hashes a few passwords at a time.
type hasher struct {
	cost    Cost
	places  chan struct{}
	waiting atomic.Int64
}

func newHasher(cost Cost, parallel int) *hasher {
	if cost == (Cost{}) {
		cost = CostDefault
	}
	if parallel <= 0 {
		parallel = 2
	}
	return &hasher{cost: cost, places: make(chan struct{}, parallel)}
}

// hash makes the PHC string of a password: "$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>".
func (h *hasher) hash(ctx context.Context, password string, salt []byte) (string, error) {
	sum, err := h.compute(ctx, password, salt, h.cost)
	if err != nil {
		return "", err
	}
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.cost.MemoryKiB, h.cost.Passes, h.cost.Lanes, encode(salt), encode(sum)), nil
}

// matches compares a password with a PHC string in constant time. An empty PHC string, of an account without a
// password or of a name that nobody has, costs as much as a real one and never matches.
func (h *hasher) matches(ctx context.Context, password, phc string) (ok, outdated bool, err error) {
	cost, salt, want := h.cost, make([]byte, saltBytes), make([]byte, hashBytes)
	if phc != "" {
		if cost, salt, want, err = parsePHC(phc); err != nil {
			return false, false, err
		}
	}
	sum, err := h.compute(ctx, password, salt, cost)
	if err != nil {
		return false, false, err
	}
	same := subtle.ConstantTimeCompare(sum, want) == 1
	return same && phc != "", cost != h.cost, nil
}

func (h *hasher) compute(ctx context.Context, password string, salt []byte, cost Cost) ([]byte, error) {
	if h.waiting.Add(1) > maxHashWaiting {
		h.waiting.Add(-1)
		busy := refuse.New(refuse.KindUnready, "busy", "登录请求过多，请稍候几秒再试", "too many people are signing in; try again in a few seconds")
		busy.RetryAfterSeconds = 5
		return nil, busy
	}
	defer h.waiting.Add(-1)
	select {
	case h.places <- struct{}{}:
		defer func() { <-h.places }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return argon2.IDKey([]byte(password), salt, cost.Passes, cost.MemoryKiB, cost.Lanes, hashBytes), nil
}

var errDamagedHash = errors.New("people: a stored password hash cannot be read")

func parsePHC(phc string) (cost Cost, salt, sum []byte, err error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return cost, nil, nil, errDamagedHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &cost.MemoryKiB, &cost.Passes, &cost.Lanes); err != nil {
		return cost, nil, nil, errDamagedHash
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	sum, sumErr := base64.RawStdEncoding.DecodeString(parts[5])
	sane := cost.MemoryKiB <= costLimitKiB && cost.Passes >= 1 && cost.Passes <= costLimitPasses && cost.Lanes >= 1
	if saltErr != nil || sumErr != nil || len(salt) == 0 || len(sum) != hashBytes || !sane {
		return cost, nil, nil, errDamagedHash
	}
	return cost, salt, sum, nil
}

//go:embed worst.txt
var worstText string

// worst are the passwords that are tried first: the worst of the published lists that have ten characters or more, and
// those that people of this trade would come upon.
var worst = func() map[string]bool {
	listed := map[string]bool{}
	for _, line := range strings.Fields(worstText) {
		listed[line] = true
	}
	return listed
}()

// tidyPassword makes one text of what keyboards write in different ways, without losing a difference that is seen.
func tidyPassword(password string) string { return norm.NFC.String(password) }

// checkPassword lists everything that speaks against a password. pointer is its place in the request.
func checkPassword(password, pointer string, names ...string) []refuse.Point {
	var points []refuse.Point
	add := func(code, zh, en string) {
		points = append(points, refuse.Point{Code: code, Pointer: pointer, ZH: zh, EN: en})
	}
	folded := fold(password)
	distinct := map[rune]bool{}
	for _, r := range folded {
		distinct[r] = true
	}
	chars := utf8.RuneCountInString(password)
	if chars < minPasswordChars {
		add("password_short", fmt.Sprintf("密码至少 %d 个字符", minPasswordChars), fmt.Sprintf("a password has at least %d characters", minPasswordChars))
	}
	if chars > maxPasswordChars {
		add("password_long", fmt.Sprintf("密码至多 %d 个字符", maxPasswordChars), fmt.Sprintf("a password has at most %d characters", maxPasswordChars))
	}
	if !utf8.ValidString(password) || strings.ContainsFunc(password, unicode.IsControl) {
		add("password_characters", "密码不能含有控制字符", "a password holds no control characters")
	}
	for _, name := range names {
		if name != "" && folded == fold(name) {
			add("password_is_name", "密码不能与用户名或姓名相同", "a password is not the name of the account or of the person")
			break
		}
	}
	if worst[folded] || len(distinct) < minDistinctChars {
		add("password_common", "密码过于常见，极易被猜中，请另选一个", "the password is among the first that are guessed; choose another")
	}
	return points
}

// generatePassword makes a password of 100 bits that can be read aloud.
func (p *People) generatePassword() (string, error) {
	chance, err := p.draw(13)
	if err != nil {
		return "", err
	}
	text := readable.EncodeToString(chance)
	return text[0:5] + "-" + text[5:10] + "-" + text[10:15] + "-" + text[15:20], nil
}

// passwordBody is what a record of kind password holds; its id is the account's.
type passwordBody struct {
	Hash string `json:"hash"`
}

// setPassword writes the hash of a password and returns it. Where proved is given, only the password with that hash is
// replaced; KindConflict where somebody else has set another meanwhile.
func (p *People) setPassword(ctx context.Context, user, password, proved string, change store.Change) (string, error) {
	salt, err := p.draw(saltBytes)
	if err != nil {
		return "", err
	}
	hash, err := p.hasher.hash(ctx, tidyPassword(password), salt)
	if err != nil {
		return "", err
	}
	body, err := store.Canonical(passwordBody{hash})
	if err != nil {
		return "", err
	}
	draft := store.Draft{Kind: store.KindPassword, ID: user, Body: body}
	return hash, p.put(ctx, draft, change, func(old store.Record) (store.Draft, error) {
		var standing passwordBody
		if err := readBody(old, &standing); err != nil {
			return store.Draft{}, err
		}
		if proved != "" && standing.Hash != proved {
			return store.Draft{}, errReset()
		}
		return draft, nil
	})
}

// errReset refuses to replace a password that was replaced by somebody else.
func errReset() *refuse.Error {
	return refuse.New(refuse.KindConflict, "password_reset", "密码刚刚被他人重置，请重新登录", "the password was reset by somebody else just now; sign in again")
}

// put writes a record that may or may not exist: draft where it does not, what next makes of it where it does.
func (p *People) put(ctx context.Context, draft store.Draft, change store.Change, next func(store.Record) (store.Draft, error)) error {
	for {
		_, err := p.store.Update(ctx, draft.Kind, draft.ID, 0, change, next)
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if _, err = p.store.Create(ctx, draft, change); !errors.Is(err, store.ErrExists) {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// passwordHash reads the hash of an account's password, empty where it has none.
func (p *People) passwordHash(ctx context.Context, user string) (string, error) {
	record, err := p.store.Get(ctx, store.KindPassword, user)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var body passwordBody
	err = readBody(record, &body)
	return body.Hash, err
}
