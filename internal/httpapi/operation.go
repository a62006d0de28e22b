package httpapi

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gofiber/fiber/v2"

	"zutuan/internal/permit"
)

const (
	// smallBodyBytes is the bound of a body where the description names none.
	smallBodyBytes = 1 << 20
	// permissionNone marks an operation that nobody signs in for.
	permissionNone = "none"
	// permissionCompute marks what keeps nothing: repeating it is harmless, so that no answers are kept for repeats.
	permissionCompute = "compute"
)

// operation is what the description says of one operation, made ready for requests.
type operation struct {
	id, method, path string
	permission       permit.Operation
	// packs is what the operation asks of those who look after rule packs, where one operation serves drafts of products
	// and of packs; whose draft it is, the use case decides.
	packs  permit.Operation
	public bool
	// passwordDue lets people in who have to change their password first.
	passwordDue bool
	// repeatable operations keep their answer under the caller's Idempotency-Key.
	repeatable bool
	// unlimited operations are asked by machines all the time.
	unlimited bool
	timeLimit time.Duration
	bodyLimit int
	check     *checker
}

// allows reports whether a role may do this at all.
func (o *operation) allows(role permit.Role) bool {
	return permit.ScopeOf(role, o.permission) != permit.ScopeNone || o.packs != "" && permit.ScopeOf(role, o.packs) != permit.ScopeNone
}

// unsafe reports whether the operation may change something.
func (o *operation) unsafe() bool { return o.method != http.MethodGet }

func readOperations(document *openapi3.T, timeLimit time.Duration) ([]*operation, error) {
	var list []*operation
	for path, item := range document.Paths.Map() {
		for method, described := range item.Operations() {
			o, err := readOperation(method, path, described, timeLimit)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", method, path, err)
			}
			list = append(list, o)
		}
	}
	return list, nil
}

func readOperation(method, path string, described *openapi3.Operation, timeLimit time.Duration) (*operation, error) {
	permission, _ := described.Extensions["x-permission"].(string)
	o := &operation{id: described.OperationID, method: method, path: path, permission: permit.Operation(permission), public: permission == permissionNone,
		passwordDue: described.Extensions["x-password-due"] == "allowed", unlimited: !strings.HasPrefix(path, "/api/"), timeLimit: timeLimit, bodyLimit: smallBodyBytes}
	if _, known := permit.Table[o.permission]; !known && !o.public {
		return nil, fmt.Errorf("x-permission %q is not in the permission table", permission)
	}
	if packs, given := described.Extensions["x-permission-packs"].(string); given {
		if o.packs = permit.Operation(packs); permit.Table[o.packs] == nil {
			return nil, fmt.Errorf("x-permission-packs %q is not in the permission table", packs)
		}
	}
	for _, reference := range described.Parameters {
		o.repeatable = o.repeatable || reference.Value.Name == headerIdempotencyKey
	}
	if seconds, ok := number(described.Extensions["x-time-limit-seconds"]); ok {
		o.timeLimit = time.Duration(seconds) * time.Second
	}
	if mebibytes, ok := number(described.Extensions["x-body-limit-mib"]); ok {
		o.bodyLimit = min(int(mebibytes)<<20, bodyLimitBytes)
	}
	var err error
	o.check, err = newChecker(described)
	return o, err
}

// number reads a whole number of an extension, in whatever type the document's reader left it.
func number(value any) (int64, bool) {
	var n int64
	_, err := fmt.Sscan(fmt.Sprint(value), &n)
	return n, err == nil && value != nil
}

// routes registers the generated handlers, each behind the steps that its operation needs.
type routes struct {
	fiber.Router
	server *Server
	err    error
}

func (r *routes) add(method, path string, handlers []fiber.Handler) fiber.Router {
	for _, o := range r.server.operations {
		if o.method == method && fiberPath(o.path) == path {
			r.Router.Add(method, path, r.server.chain(o, handlers[len(handlers)-1]))
			if method == http.MethodGet {
				r.Router.Add(http.MethodHead, path, r.server.chain(o, handlers[len(handlers)-1]))
			}
			return r
		}
	}
	r.err = fmt.Errorf("%s %s is routed and not described; run make generate", method, path)
	return r
}

func (r *routes) Get(path string, handlers ...fiber.Handler) fiber.Router {
	return r.add(http.MethodGet, path, handlers)
}

func (r *routes) Post(path string, handlers ...fiber.Handler) fiber.Router {
	return r.add(http.MethodPost, path, handlers)
}

func (r *routes) Put(path string, handlers ...fiber.Handler) fiber.Router {
	return r.add(http.MethodPut, path, handlers)
}

func (r *routes) Patch(path string, handlers ...fiber.Handler) fiber.Router {
	return r.add(http.MethodPatch, path, handlers)
}

func (r *routes) Delete(path string, handlers ...fiber.Handler) fiber.Router {
	return r.add(http.MethodDelete, path, handlers)
}

// fiberPath turns /jobs/{id} into /jobs/:id.
func fiberPath(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}

// step wraps a handler with one concern; one that does not concern the operation returns the handler itself.
type step func(o *operation, next fiber.Handler) fiber.Handler

// chain puts the steps before a handler, the outermost first.
func (s *Server) chain(o *operation, handler fiber.Handler) fiber.Handler {
	steps := []step{s.withDeadline, s.withIdentity, s.withCallerLimit, s.withPermission, s.withCSRF, s.withDescribedForm, s.withRepeats, s.withETag}
	for i := len(steps) - 1; i >= 0; i-- {
		handler = steps[i](o, handler)
	}
	return handler
}
