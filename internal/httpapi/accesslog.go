package httpapi

import (
	"log/slog"
	"time"

	"github.com/gofiber/fiber/v2"
)

// withAccessLog answers what went wrong further in, and writes one line for each request. Query strings and bodies are
// left out: they may hold what belongs to a person.
func (s *Server) withAccessLog(c *fiber.Ctx) error {
	began := time.Now()
	s.metrics.begin()
	if err := c.Next(); err != nil {
		if err := s.writeProblem(c, err); err != nil {
			return err
		}
	}
	r, status, took := requestOf(c.UserContext()), c.Response().StatusCode(), time.Since(began)
	name := "none"
	if r.operation != nil {
		name = r.operation.id
	}
	s.metrics.end(name, c.Method(), status, took)
	level := slog.LevelInfo
	if status >= 500 {
		level = slog.LevelError
	}
	s.config.Logger.LogAttrs(c.UserContext(), level, "request", slog.String("request_id", r.id), slog.String("method", c.Method()), slog.String("path", c.Path()),
		slog.String("operation", name), slog.Int("status", status), slog.String("code", r.code), slog.Int64("took_us", took.Microseconds()),
		slog.String("user", r.identity.Actor.User), slog.String("address", r.origin.Address))
	return nil
}
