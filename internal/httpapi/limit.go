package httpapi

import (
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"zutuan/internal/refuse"
)

// Rate is a token bucket: PerSecond tokens come in, at most Burst are kept, each request takes one.
type Rate struct{ PerSecond, Burst int }

// The rates of one session or token, and of one address with all who sit behind it.
var (
	DefaultPerCaller  = Rate{PerSecond: 30, Burst: 120}
	DefaultPerAddress = Rate{PerSecond: 100, Burst: 400}
)

// maxBuckets bounds the memory of a limiter to some ten megabytes. When it is full, those who have been quiet longest are
// forgotten, which costs nobody else anything: a bucket that is full again is as good as none.
const maxBuckets = 100_000

// limiter counts requests by a key. It works in whole nanoseconds: level is the time for which the bucket would still
// give, at most burst × interval.
type limiter struct {
	interval time.Duration
	full     time.Duration
	clock    func() time.Time

	mutex   sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	level time.Duration
	at    time.Time
}

func newLimiter(rate Rate, clock func() time.Time) *limiter {
	interval := time.Second / time.Duration(max(rate.PerSecond, 1))
	return &limiter{interval: interval, full: interval * time.Duration(max(rate.Burst, 1)), clock: clock, buckets: map[string]*bucket{}}
}

// take takes one token, or says after how many seconds there will be one.
func (l *limiter) take(key string) (retryAfterSeconds int, ok bool) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	now := l.clock()
	b := l.buckets[key]
	if b == nil {
		if len(l.buckets) >= maxBuckets {
			l.forget(now)
		}
		b = &bucket{level: l.full, at: now}
		l.buckets[key] = b
	}
	if passed := now.Sub(b.at); passed > 0 {
		b.level = min(b.level+passed, l.full)
	}
	b.at = now
	if b.level < l.interval {
		return int((l.interval - b.level + time.Second - 1) / time.Second), false
	}
	b.level -= l.interval
	return 0, true
}

// forget drops every bucket that is full by now; where all are in use, a part of them.
func (l *limiter) forget(now time.Time) {
	for key, b := range l.buckets {
		if b.level+now.Sub(b.at) >= l.full {
			delete(l.buckets, key)
		}
	}
	for key := range l.buckets {
		if len(l.buckets) < maxBuckets*9/10 {
			return
		}
		delete(l.buckets, key)
	}
}

func tooMany(seconds int) error {
	told := refuse.Newf(refuse.KindTooMany, "too_many", "请求过于频繁，请在 %d 秒后再试", "too many requests; try again in %d seconds", max(seconds, 1))
	told.RetryAfterSeconds = max(seconds, 1)
	return told
}

// withAddressLimit bounds what one address may ask, before anything is spent on it. Probes are let through.
func (s *Server) withAddressLimit(c *fiber.Ctx) error {
	switch c.Path() {
	case "/healthz", "/readyz", "/metrics":
		return c.Next()
	}
	if seconds, ok := s.addresses.take(requestOf(c.UserContext()).origin.Address); !ok {
		return tooMany(seconds)
	}
	return c.Next()
}

// withCallerLimit bounds what one session or token may ask.
func (s *Server) withCallerLimit(o *operation, next fiber.Handler) fiber.Handler {
	if o.public {
		return next
	}
	return func(c *fiber.Ctx) error {
		identity := requestOf(c.UserContext()).identity
		if seconds, ok := s.callers.take(identity.Session + identity.Token); !ok {
			return tooMany(seconds)
		}
		return next(c)
	}
}
