package httpapi

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"zutuan/internal/people"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
	"zutuan/internal/store/sqlite"
)

// repeater is one operation behind withRepeats, whose handler the test chooses.
type repeater struct {
	t       *testing.T
	server  *Server
	app     *fiber.App
	handler func(*fiber.Ctx) error
	runs    atomic.Int64
	now     atomic.Int64
}

func newRepeater(t *testing.T) *repeater {
	t.Helper()
	r := &repeater{t: t}
	r.now.Store(time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC).UnixMilli())
	clock := func() time.Time { return time.UnixMilli(r.now.Load()).UTC() }
	kept, err := sqlite.Open(context.Background(), sqlite.Config{Path: filepath.Join(t.TempDir(), "store.db"), Kinds: store.Kinds(), Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = kept.Close() })
	r.server = &Server{config: Config{Store: kept, Clock: clock, Logger: slog.New(slog.DiscardHandler)}.filled()}
	r.app = fiber.New(fiber.Config{Immutable: true, ErrorHandler: r.server.writeProblem})
	o := &operation{id: "make", method: http.MethodPost, repeatable: true, timeLimit: 15 * time.Second}
	chain := r.server.withRepeats(o, func(c *fiber.Ctx) error { r.runs.Add(1); return r.handler(c) })
	r.app.Post("/make", func(c *fiber.Ctx) error {
		request := &request{id: "r", identity: people.Identity{Actor: permit.Actor{User: c.Get("X-User", "usr_1")}}}
		c.SetUserContext(context.WithValue(context.Background(), requestKey{}, request))
		return chain(c)
	})
	r.handler = func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderLocation, "/made/1")
		c.Set(fiber.HeaderETag, `"1"`)
		return c.Status(http.StatusCreated).JSON(map[string]string{"made": "凭祥"})
	}
	return r
}

func (r *repeater) post(key, body, user string) (status int, text string, header http.Header) {
	r.t.Helper()
	request := httptest.NewRequest(http.MethodPost, "/make", strings.NewReader(body))
	request.Header.Set(headerIdempotencyKey, key)
	request.Header.Set("X-User", user)
	response, err := r.app.Test(request, -1)
	if err != nil {
		r.t.Fatal(err)
	}
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return response.StatusCode, string(raw), response.Header
}

func (r *repeater) expect(what string, gotStatus int, gotText string, status int, text string, runs int64) {
	r.t.Helper()
	if gotStatus != status || !strings.Contains(gotText, text) || r.runs.Load() != runs {
		r.t.Errorf("%s: %d %s after %d runs, want %d with %q after %d", what, gotStatus, gotText, r.runs.Load(), status, text, runs)
	}
}

func TestARepeatedRequestGetsTheFirstAnswer(t *testing.T) {
	r := newRepeater(t)
	status, text, _ := r.post("key-00000001", "{}", "usr_1")
	r.expect("first", status, text, 201, "凭祥", 1)
	status, text, header := r.post("key-00000001", "{}", "usr_1")
	r.expect("again", status, text, 201, "凭祥", 1)
	if header.Get("Location") != "/made/1" || header.Get("ETag") != `"1"` || header.Get(headerReplayed) != "true" || header.Get("Content-Type") != "application/json" {
		t.Errorf("headers of the repeat: %v", header)
	}
	status, text, _ = r.post("key-00000001", `{"other":1}`, "usr_1")
	r.expect("another body", status, text, 422, "idempotency_key_used", 1)
	status, text, _ = r.post("key-00000001", "{}", "usr_2")
	r.expect("another person's key", status, text, 201, "凭祥", 2)
	status, text, _ = r.post("key-00000002", "{}", "usr_1")
	r.expect("another key", status, text, 201, "凭祥", 3)
	r.now.Add(answersKept.Milliseconds())
	status, text, _ = r.post("key-00000001", `{"other":1}`, "usr_1")
	r.expect("after a day", status, text, 201, "凭祥", 4)
}

func TestARefusalFreesItsKey(t *testing.T) {
	r := newRepeater(t)
	good := r.handler
	r.handler = func(*fiber.Ctx) error { return refuse.New(refuse.KindConflict, "not_now", "现在不行", "not now") }
	status, text, _ := r.post("key-00000001", "{}", "usr_1")
	r.expect("refused", status, text, 409, "not_now", 1)
	r.handler = good
	status, text, _ = r.post("key-00000001", `{"mended":1}`, "usr_1")
	r.expect("mended", status, text, 201, "凭祥", 2)
}

func TestAnUnknownOutcomeIsNeverRepeated(t *testing.T) {
	for name, fault := range map[string]error{"a fault": errors.New("disk"), "a time limit": context.DeadlineExceeded, "a client that went": context.Canceled} {
		t.Run(name, func(t *testing.T) {
			r := newRepeater(t)
			r.handler = func(*fiber.Ctx) error { return fault }
			r.post("key-00000001", "{}", "usr_1")
			status, text, header := r.post("key-00000001", "{}", "usr_1")
			r.expect("while it may still be running", status, text, 409, "idempotency_in_progress", 1)
			if header.Get("Retry-After") != "26" {
				t.Errorf("Retry-After %q, want the 15 s of the operation, 10 s to settle and one for what is left of the second", header.Get("Retry-After"))
			}
			r.now.Add((15*time.Second + settleTime).Milliseconds())
			status, text, _ = r.post("key-00000001", "{}", "usr_1")
			r.expect("after its time", status, text, 409, "idempotency_unknown", 1)
		})
	}
}

func TestOfTwoRequestsAtOnceOneRuns(t *testing.T) {
	r := newRepeater(t)
	entered, leave := make(chan struct{}), make(chan struct{})
	good := r.handler
	r.handler = func(c *fiber.Ctx) error { close(entered); <-leave; return good(c) }
	first := make(chan int)
	go func() {
		status, _, _ := r.post("key-00000001", "{}", "usr_1")
		first <- status
	}()
	<-entered
	status, text, _ := r.post("key-00000001", "{}", "usr_1")
	r.expect("the second", status, text, 409, "idempotency_in_progress", 1)
	close(leave)
	if got := <-first; got != 201 {
		t.Errorf("the first: %d", got)
	}
}

func TestWhatIsPastItsTimeIsSweptAnswersFirst(t *testing.T) {
	r := newRepeater(t)
	for _, key := range []string{"key-00000001", "key-00000002"} {
		r.post(key, "{}", "usr_1")
	}
	count := func() int64 {
		n, err := r.server.config.Store.Count(context.Background(), store.KindIdempotency, nil)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, step := range []struct {
		after time.Duration
		left  int64
	}{{0, 4}, {answersKept - 30*time.Second, 2}, {time.Minute, 0}} {
		r.now.Add(step.after.Milliseconds())
		if err := r.server.SweepAnswers(context.Background()); err != nil {
			t.Fatal(err)
		}
		if got := count(); got != step.left {
			t.Errorf("after %s more %d records are left, want %d", step.after, got, step.left)
		}
	}
}
