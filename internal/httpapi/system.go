package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/gofiber/fiber/v2"

	"zutuan/api"
)

// Health says that the process answers.
func (h handlers) Health(context.Context, api.HealthRequestObject) (api.HealthResponseObject, error) {
	return api.Health200JSONResponse{Status: api.HealthStatusOk}, nil
}

// readyTime bounds what readyz waits for the store.
const readyTime = 2 * time.Second

// Ready says whether requests can be taken, and by which part not.
func (h handlers) Ready(ctx context.Context, _ api.ReadyRequestObject) (api.ReadyResponseObject, error) {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	_, rulesErr := h.config.Rules(ctx)
	parts := []api.ReadyPart{
		{Name: "server", Needed: true, Ready: !h.isStopping()},
		{Name: "store", Needed: true, Ready: h.config.Store.Ping(ctx) == nil},
		{Name: "rules", Needed: true, Ready: rulesErr == nil},
	}
	if h.config.Solver != nil {
		// Without a solver everything but the building of plans works, which then waits or says so.
		parts = append(parts, api.ReadyPart{Name: "solver", Ready: h.config.Solver.Ready()})
	}
	answer := api.Readiness{Ready: true, Parts: parts}
	for _, part := range parts {
		answer.Ready = answer.Ready && (part.Ready || !part.Needed)
	}
	if !answer.Ready {
		return api.Ready503JSONResponse(answer), nil
	}
	return api.Ready200JSONResponse(answer), nil
}

func (s *Server) isStopping() bool {
	select {
	case <-s.stopping:
		return true
	default:
		return false
	}
}

// page is a text that is served as it is, with the hash of its content as ETag.
type page struct {
	media, policy, etag string
	text                []byte
}

func newPage(media, policy string, text []byte) page {
	sum := sha256.Sum256(text)
	return page{media: media, policy: policy, etag: `"` + hex.EncodeToString(sum[:12]) + `"`, text: text}
}

func (p page) send(c *fiber.Ctx) error {
	c.Set(fiber.HeaderETag, p.etag)
	c.Set(fiber.HeaderCacheControl, "no-cache")
	c.Set(fiber.HeaderContentType, p.media)
	if p.policy != "" {
		c.Set(fiber.HeaderContentSecurityPolicy, p.policy)
	}
	return c.Send(p.text)
}

func (p page) VisitDescriptionResponse(c *fiber.Ctx) error { return p.send(c) }
func (p page) VisitHandbookResponse(c *fiber.Ctx) error    { return p.send(c) }

var description = newPage("application/yaml; charset=utf-8", "", api.OpenAPI)

// Description serves the document that every request is checked against.
func (h handlers) Description(context.Context, api.DescriptionRequestObject) (api.DescriptionResponseObject, error) {
	return description, nil
}

// Handbook serves the document as a page.
func (h handlers) Handbook(context.Context, api.HandbookRequestObject) (api.HandbookResponseObject, error) {
	return h.handbook, nil
}
