package httpapi

import (
	"fmt"
	"runtime/debug"

	"github.com/gofiber/fiber/v2"
)

// withRecovery turns a panic into a fault of this one request; the stack goes to the log alone.
func (s *Server) withRecovery(c *fiber.Ctx) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = panicError(cause)
		}
	}()
	return c.Next()
}

func panicError(cause any) error { return fmt.Errorf("panic: %v\n%s", cause, debug.Stack()) }
