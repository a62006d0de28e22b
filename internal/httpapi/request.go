package httpapi

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"regexp"

	"github.com/gofiber/fiber/v2"

	"zutuan/internal/money"
	"zutuan/internal/people"
	"zutuan/internal/permit"
)

// request is what the steps before a handler have found out. It belongs to one request and its goroutine.
type request struct {
	id        string
	operation *operation
	language  money.Language
	origin    people.Origin
	identity  people.Identity
	signedIn  bool
	// code is that of the refusal that was written, for the log.
	code string
}

type requestKey struct{}

// requestOf returns the request that a context belongs to. Handlers run inside one; elsewhere it is empty.
func requestOf(ctx context.Context) *request {
	if found, ok := ctx.Value(requestKey{}).(*request); ok {
		return found
	}
	return &request{}
}

// actorOf is who sends the request.
func actorOf(ctx context.Context) permit.Actor { return requestOf(ctx).identity.Actor }

// cleanID is what a caller may give as the id of a request: enough for any tracing system, and nothing that could break
// a log line.
var cleanID = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

// withRequestID takes the caller's id of the request or makes one, and answers with it.
func (s *Server) withRequestID(c *fiber.Ctx) error {
	id := c.Get(fiber.HeaderXRequestID)
	if !cleanID.MatchString(id) {
		var raw [12]byte
		_, _ = rand.Read(raw[:]) // never fails
		id = hex.EncodeToString(raw[:])
	}
	c.Set(fiber.HeaderXRequestID, id)
	agent := c.Get(fiber.HeaderUserAgent)
	r := &request{id: id, language: languageOf(c.Get(fiber.HeaderAcceptLanguage)), origin: people.Origin{Address: c.IP(), UserAgent: agent}}
	c.SetUserContext(context.WithValue(s.base, requestKey{}, r))
	return c.Next()
}
