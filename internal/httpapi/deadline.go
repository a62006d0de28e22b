package httpapi

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"
)

const (
	// goneAfter is how long a request runs before anybody looks whether its client is still there, goneEvery how often
	// from then on.
	goneAfter = 250 * time.Millisecond
	goneEvery = 250 * time.Millisecond
)

// withDeadline bounds the time of a request and ends it when its client has gone.
func (s *Server) withDeadline(o *operation, next fiber.Handler) fiber.Handler {
	return func(c *fiber.Ctx) error {
		requestOf(c.UserContext()).operation = o
		ctx, cancel := context.WithTimeout(c.UserContext(), o.timeLimit)
		defer cancel()
		stop := watchPeer(ctx, c.Context().Conn(), cancel)
		defer stop()
		c.SetUserContext(ctx)
		return next(c)
	}
}
