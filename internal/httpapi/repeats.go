package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gofiber/fiber/v2"

	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

const (
	headerIdempotencyKey = "Idempotency-Key"
	// headerReplayed marks an answer that was given before.
	headerReplayed = "Idempotency-Replayed"
	// answersKept is how long a key is known.
	answersKept = 24 * time.Hour
	// settleTime is how long after its time limit a request may still be writing its answer down.
	settleTime = 10 * time.Second
	// answerSuffix leads from the record of a request to that of its answer.
	answerSuffix = ".answer"
)

// A request under a key is kept as two records that never change: that it began, and what was answered. The first is
// written before the handler runs, so that of two requests at once only one runs; the second after it. Where the second is
// missing although the request's time is over, a process ended in between: nobody knows how much was written, and the key
// is refused rather than answered wrongly or carried out twice.
type (
	begunBody struct {
		Fingerprint string    `json:"fingerprint"`
		Operation   string    `json:"operation"`
		Until       time.Time `json:"until"`
	}
	answerBody struct {
		Fingerprint string            `json:"fingerprint"`
		Status      int               `json:"status"`
		Headers     map[string]string `json:"headers"`
		Body        string            `json:"body"`
	}
)

// repeatedHeaders are those of an answer that belong to what was answered.
var repeatedHeaders = []string{fiber.HeaderContentType, fiber.HeaderETag, fiber.HeaderLocation}

// withRepeats gives a request that is repeated under its Idempotency-Key the first answer again.
func (s *Server) withRepeats(o *operation, next fiber.Handler) fiber.Handler {
	if !o.repeatable {
		return next
	}
	return func(c *fiber.Ctx) error {
		key := c.Get(headerIdempotencyKey)
		if key == "" {
			return next(c)
		}
		r := requestOf(c.UserContext())
		k := &repeat{server: s, owner: r.identity.Actor.User, id: hashed(r.identity.Actor.User, key), fingerprint: hashed(c.Method(), c.OriginalURL(), string(c.Request().Body()))}
		answer, err := k.begin(c.UserContext(), o)
		if err != nil {
			return err
		}
		if answer != nil {
			return replay(c, answer)
		}
		err = next(c)
		// What comes now must happen even when the client has gone or the time is over.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c.UserContext()), settleTime/2)
		defer cancel()
		k.end(ctx, c, err, r.id)
		return err
	}
}

func hashed(parts ...string) string {
	sum := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(sum, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// repeat is one request under a key.
type repeat struct {
	server                 *Server
	owner, id, fingerprint string
	expires                time.Time
}

func (k *repeat) change(action string) store.Change {
	return store.Change{Who: k.owner, Action: "idempotency." + action}
}

func (k *repeat) keep(ctx context.Context, id, action string, body any) error {
	text, err := store.Canonical(body)
	if err != nil {
		return err
	}
	fields := store.Fields{"owner": store.Text(k.owner), "expires_at": store.Time(k.expires)}
	_, err = k.server.config.Store.Create(ctx, store.Draft{Kind: store.KindIdempotency, ID: id, Fields: fields, Body: text}, k.change(action))
	return err
}

// begin notes that the request began, or finds what became of the one before.
func (k *repeat) begin(ctx context.Context, o *operation) (*answerBody, error) {
	now := k.server.config.Clock()
	k.expires = now.Add(answersKept)
	body := begunBody{Fingerprint: k.fingerprint, Operation: o.id, Until: now.Add(o.timeLimit + settleTime).UTC()}
	for try := 0; ; try++ {
		err := k.keep(ctx, k.id, "begin", body)
		if !errors.Is(err, store.ErrExists) {
			return nil, err
		}
		answer, gone, err := k.before(ctx)
		if err != nil || !gone {
			return answer, err
		}
		if try > 2 {
			return nil, k.busy(1)
		}
	}
}

// before reads the earlier request of the key. gone says that its time is over and it was removed.
func (k *repeat) before(ctx context.Context) (answer *answerBody, gone bool, err error) {
	record, err := k.server.config.Store.Get(ctx, store.KindIdempotency, k.id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, err
	}
	now := k.server.config.Clock()
	if now.Sub(record.Created) >= answersKept {
		return nil, true, k.forget(ctx)
	}
	var begun begunBody
	if err := json.Unmarshal(record.Body, &begun); err != nil {
		return nil, false, fmt.Errorf("read idempotency %s: %w", k.id, err)
	}
	if begun.Fingerprint != k.fingerprint {
		return nil, false, refuse.New(refuse.KindInvalid, "idempotency_key_used", "此 Idempotency-Key 已用于另一个请求；请换一个", "this Idempotency-Key was used for another request; choose a new one")
	}
	answered, err := k.server.config.Store.Get(ctx, store.KindIdempotency, k.id+answerSuffix)
	switch {
	case err == nil:
		answer = &answerBody{}
		return answer, false, json.Unmarshal(answered.Body, answer)
	case !errors.Is(err, store.ErrNotFound):
		return nil, false, err
	case now.Before(begun.Until):
		return nil, false, k.busy(int(begun.Until.Sub(now)/time.Second) + 1)
	}
	return nil, false, refuse.New(refuse.KindConflict, "idempotency_unknown", "用此 Idempotency-Key 的请求没有完成，是否已生效无法判断；请先查询结果，再换一个键提交",
		"the request with this Idempotency-Key did not finish and may or may not have taken effect; look at the result first, then send it under a new key")
}

func (k *repeat) busy(seconds int) error {
	told := refuse.New(refuse.KindConflict, "idempotency_in_progress", "同一 Idempotency-Key 的请求正在处理，请稍后再试", "a request with this Idempotency-Key is being worked on; try again later")
	told.RetryAfterSeconds = seconds
	return told
}

// end keeps a success for repeats. A refusal changed nothing: its key is free again, so that the person can mend what was
// wrong. Whatever else went wrong leaves the key as it is, its outcome unknown.
func (k *repeat) end(ctx context.Context, c *fiber.Ctx, failed error, requestID string) {
	var err error
	switch {
	case failed == nil:
		answer := answerBody{Fingerprint: k.fingerprint, Status: c.Response().StatusCode(), Headers: map[string]string{}, Body: string(c.Response().Body())}
		for _, name := range repeatedHeaders {
			if value := c.GetRespHeader(name); value != "" {
				answer.Headers[name] = value
			}
		}
		// Earlier than the other record, so that no answer outlives the request that it belongs to.
		k.expires = k.expires.Add(-time.Minute)
		err = k.keep(ctx, k.id+answerSuffix, "answer", answer)
	case isRefusal(failed):
		err = k.forget(ctx)
	}
	if err != nil {
		k.server.config.Logger.Error("an answer could not be kept for repeats", "request_id", requestID, "error", err.Error())
	}
}

// forget removes the answer first: a begun request without one is never carried out again by mistake.
func (k *repeat) forget(ctx context.Context) error {
	for _, id := range []string{k.id + answerSuffix, k.id} {
		if err := k.server.config.Store.Delete(ctx, store.KindIdempotency, id, 0); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return nil
}

func replay(c *fiber.Ctx, answer *answerBody) error {
	for name, value := range answer.Headers {
		c.Set(name, value)
	}
	c.Set(headerReplayed, "true")
	return c.Status(answer.Status).SendString(answer.Body)
}

// SweepAnswers removes what was kept for repeats and is past its time.
func (s *Server) SweepAnswers(ctx context.Context) error {
	for {
		page, err := s.config.Store.List(ctx, store.Query{Kind: store.KindIdempotency, Sort: "expires_at", WithoutBody: true, Limit: store.MaxLimit,
			Where: []store.Filter{store.Less("expires_at", store.Time(s.config.Clock()))}})
		if err != nil || len(page.Records) == 0 {
			return err
		}
		for _, record := range page.Records {
			if err := s.config.Store.Delete(ctx, store.KindIdempotency, record.ID, 0); err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
	}
}
