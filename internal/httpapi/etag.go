package httpapi

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// etagOf is how a record's version is told.
func etagOf(version int64) *string {
	text := fmt.Sprintf(`"%d"`, version)
	return &text
}

// versionOf reads an If-Match header, whose form was checked before; 0 is no version that a record could have.
func versionOf(ifMatch string) int64 {
	version, err := strconv.ParseInt(strings.Trim(ifMatch, `"`), 10, 64)
	if err != nil {
		return 0
	}
	return version
}

// withETag answers 304 where the client has what would be sent.
func (s *Server) withETag(o *operation, next fiber.Handler) fiber.Handler {
	if o.method != http.MethodGet {
		return next
	}
	return func(c *fiber.Ctx) error {
		if err := next(c); err != nil {
			return err
		}
		etag, known := c.GetRespHeader(fiber.HeaderETag), c.Get(fiber.HeaderIfNoneMatch)
		if etag == "" || known == "" || c.Response().StatusCode() != http.StatusOK || !matchesETag(known, etag) {
			return nil
		}
		c.Response().ResetBody()
		c.Response().Header.Del(fiber.HeaderContentType)
		c.Status(http.StatusNotModified)
		return nil
	}
}

// matchesETag compares weakly, as If-None-Match does.
func matchesETag(known, etag string) bool {
	for _, candidate := range strings.Split(known, ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == strings.TrimPrefix(etag, "W/") {
			return true
		}
	}
	return false
}
