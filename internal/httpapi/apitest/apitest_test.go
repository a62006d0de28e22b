package apitest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// spy counts failures instead of failing.
type spy struct {
	testing.TB
	failures []string
}

func (s *spy) Helper() {}
func (s *spy) Errorf(format string, args ...any) {
	s.failures = append(s.failures, fmt.Sprintf(format, args...))
}

func (s *spy) Fatalf(format string, args ...any) {
	s.Errorf(format, args...)
	panic(stop{})
}

type stop struct{}

// TestWhatIsNotDescribedFails: a client that accepts everything would make every test that uses it worthless.
func TestWhatIsNotDescribedFails(t *testing.T) {
	health := `{"status":"ok"}`
	for name, c := range map[string]struct {
		request           Request
		status            int
		media, body, fail string
	}{
		"what is described":              {Request{Method: "GET", Path: "/healthz"}, 200, "application/json", health, ""},
		"a status of its own":            {Request{Method: "GET", Path: "/healthz"}, 418, "application/json", health, "not described"},
		"another media type":             {Request{Method: "GET", Path: "/healthz"}, 200, "text/plain", health, "not described"},
		"a field too many":               {Request{Method: "GET", Path: "/healthz"}, 200, "application/json", `{"status":"ok","more":1}`, "unsupported"},
		"a field too few":                {Request{Method: "GET", Path: "/healthz"}, 200, "application/json", `{}`, "missing"},
		"another word":                   {Request{Method: "GET", Path: "/healthz"}, 200, "application/json", `{"status":"fine"}`, "allowed values"},
		"no JSON":                        {Request{Method: "GET", Path: "/healthz"}, 200, "application/json", `ok`, "no JSON"},
		"a body where none is":           {Request{Method: "DELETE", Path: "/api/v1/session"}, 204, "text/plain", "x", "not described"},
		"an answer without its ETag":     {Request{Method: "GET", Path: "/api/openapi.yaml"}, 200, "application/yaml", "a: 1", "without its ETag"},
		"a path that is not described":   {Request{Method: "GET", Path: "/api/v1/nothing"}, 200, "application/json", health, "not described"},
		"a query that is not described":  {Request{Method: "GET", Path: "/healthz?x=1"}, 200, "application/json", health, "no query parameter x"},
		"a request of another form":      {Request{Method: "POST", Path: "/api/v1/session", Body: `{"name":1}`}, 200, "application/json", health, "sends what is not described"},
		"a body that is not asked for":   {Request{Method: "GET", Path: "/healthz", Body: `{}`}, 200, "application/json", health, "takes no body"},
		"a header that is asked for":     {Request{Method: "PUT", Path: "/api/v1/zones/GX-PX", Body: `{}`}, 200, "application/json", health, "needs the header If-Match"},
		"a problem without its messages": {Request{Method: "GET", Path: "/api/v1/session"}, 401, "application/problem+json", `{"code":"x"}`, "missing"},
	} {
		t.Run(name, func(t *testing.T) {
			watched := &spy{TB: t}
			client := Over(watched, func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: c.status, Header: http.Header{"Content-Type": {c.media}}, Body: io.NopCloser(bytes.NewBufferString(c.body))}, nil
			})
			func() {
				defer func() {
					if cause := recover(); cause != nil && cause != (stop{}) {
						panic(cause)
					}
				}()
				client.Do(c.request)
			}()
			told := strings.Join(watched.failures, "\n")
			if c.fail == "" && told != "" || c.fail != "" && !strings.Contains(told, c.fail) {
				t.Errorf("told %q, want something with %q", told, c.fail)
			}
		})
	}
}
