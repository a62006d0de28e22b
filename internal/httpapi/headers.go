package httpapi

import "github.com/gofiber/fiber/v2"

// contentPolicy lets an answer of the API load and run nothing, wherever a browser shows it. Pages set their own.
const contentPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// withSecurityHeaders sets what every answer carries. While the server stops, each answer also ends its connection: the next
// request on it would find nobody.
func (s *Server) withSecurityHeaders(c *fiber.Ctx) error {
	if s.isStopping() {
		c.Context().SetConnectionClose()
	}
	c.Set(fiber.HeaderContentSecurityPolicy, contentPolicy)
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderXFrameOptions, "DENY")
	c.Set(fiber.HeaderReferrerPolicy, "no-referrer")
	c.Set("Cross-Origin-Opener-Policy", "same-origin")
	c.Set("Cross-Origin-Resource-Policy", "same-origin")
	c.Set(fiber.HeaderCacheControl, "no-store")
	if c.Secure() {
		c.Set(fiber.HeaderStrictTransportSecurity, "max-age=31536000")
	}
	return c.Next()
}
