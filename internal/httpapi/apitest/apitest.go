// Package apitest is the client of tests: it sends requests to the service and holds each of them, and each answer, to the
// API description. A status, a body or a header that is not described fails the test, whatever the test itself looks at.
package apitest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gofiber/fiber/v2"

	"zutuan/api"
)

// Client sends requests as one person. The zero person is nobody.
type Client struct {
	t        testing.TB
	send     func(*http.Request) (*http.Response, error)
	document *openapi3.T
	cookie   string
	csrf     string
	token    string
}

// New returns a client of an application that does not listen.
func New(t testing.TB, app *fiber.App) *Client {
	t.Helper()
	return Over(t, func(request *http.Request) (*http.Response, error) { return app.Test(request, -1) })
}

// Over returns a client of whatever sends.
func Over(t testing.TB, send func(*http.Request) (*http.Response, error)) *Client {
	t.Helper()
	document, err := api.Document()
	if err != nil {
		t.Fatal(err)
	}
	return &Client{t: t, send: send, document: document}
}

// With returns a client of the same service that sends an access token.
func (c *Client) With(token string) *Client {
	other := *c
	other.cookie, other.csrf, other.token = "", "", token
	return &other
}

// SignIn returns a client with a session of the person.
func (c *Client) SignIn(name, password string) *Client {
	c.t.Helper()
	answer := c.Post("/api/v1/session", map[string]string{"name": name, "password": password}).Expect(http.StatusCreated)
	var session struct {
		CSRF string `json:"csrf_token"`
	}
	answer.Into(&session)
	other := *c
	other.token, other.csrf = "", session.CSRF
	for _, cookie := range answer.response.Cookies() {
		other.cookie = cookie.Name + "=" + cookie.Value
	}
	return &other
}

// Request is one request on its way.
type Request struct {
	Method, Path string
	// Body is written as JSON; a []byte or a string is sent as it is.
	Body   any
	Header map[string]string
	// Wrong is set by tests of refusals: the request itself is then not held to the description.
	Wrong bool
}

func (c *Client) Get(path string) *Answer {
	c.t.Helper()
	return c.Do(Request{Method: "GET", Path: path})
}
func (c *Client) Delete(path string) *Answer {
	c.t.Helper()
	return c.Do(Request{Method: "DELETE", Path: path})
}

func (c *Client) Post(path string, body any) *Answer {
	c.t.Helper()
	return c.Do(Request{Method: "POST", Path: path, Body: body})
}

// Put changes the version of a record that the answer before showed; etag is empty where the operation takes none.
func (c *Client) Put(path string, body any, etag string) *Answer {
	c.t.Helper()
	request := Request{Method: "PUT", Path: path, Body: body}
	if etag != "" {
		request.Header = map[string]string{"If-Match": etag}
	}
	return c.Do(request)
}

// Do sends a request and checks it and its answer.
func (c *Client) Do(r Request) *Answer {
	c.t.Helper()
	body, media := encode(c.t, r.Body)
	request, err := http.NewRequest(r.Method, r.Path, bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if media != "" {
		request.Header.Set("Content-Type", media)
	}
	c.sign(request)
	for name, value := range r.Header {
		request.Header.Set(name, value)
	}
	operation, path := c.operation(request)
	if operation == nil && !r.Wrong {
		c.t.Fatalf("%s %s is not described", r.Method, r.Path)
	}
	if !r.Wrong {
		c.checkRequest(operation, request, body)
	}
	response, err := c.send(request)
	if err != nil {
		c.t.Fatalf("%s %s: %v", r.Method, r.Path, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", r.Method, r.Path, err)
	}
	answer := &Answer{t: c.t, request: r, response: response, Body: text}
	if operation != nil {
		answer.check(operation, path)
	}
	return answer
}

func encode(t testing.TB, body any) (text []byte, media string) {
	switch given := body.(type) {
	case nil:
		return nil, ""
	case []byte:
		return given, "application/json"
	case string:
		return []byte(given), "application/json"
	}
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return text, "application/json"
}

func (c *Client) sign(request *http.Request) {
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.cookie != "" {
		request.Header.Set("Cookie", c.cookie)
		if request.Method != "GET" && request.Method != "HEAD" {
			request.Header.Set("X-CSRF-Token", c.csrf)
		}
	}
}

// operation finds what a request is described as: the path with the fewest parameters.
func (c *Client) operation(request *http.Request) (found *openapi3.Operation, path string) {
	fewest := 1 << 30
	for template, item := range c.document.Paths.Map() {
		operation := item.GetOperation(request.Method)
		if operation != nil && matches(template, request.URL.EscapedPath()) && strings.Count(template, "{") < fewest {
			found, path, fewest = operation, template, strings.Count(template, "{")
		}
	}
	return found, path
}

func matches(template, path string) bool {
	wanted, given := strings.Split(template, "/"), strings.Split(path, "/")
	if len(wanted) != len(given) {
		return false
	}
	for i := range wanted {
		if wanted[i] != given[i] && !(strings.HasPrefix(wanted[i], "{") && given[i] != "") {
			return false
		}
	}
	return true
}

// checkRequest holds a request that a test means to be right to the description: a test that sends what is not described
// would prove nothing.
func (c *Client) checkRequest(operation *openapi3.Operation, request *http.Request, body []byte) {
	c.t.Helper()
	known := map[string]bool{}
	for _, reference := range operation.Parameters {
		known[reference.Value.In+" "+reference.Value.Name] = true
		if p := reference.Value; p.Required && p.In == "header" && request.Header.Get(p.Name) == "" {
			c.t.Errorf("%s %s needs the header %s", request.Method, request.URL, p.Name)
		}
	}
	for name := range (url.Values)(request.URL.Query()) {
		if !known["query "+name] {
			c.t.Errorf("%s %s has no query parameter %s", request.Method, request.URL, name)
		}
	}
	switch {
	case operation.RequestBody == nil && len(body) > 0:
		c.t.Errorf("%s %s takes no body", request.Method, request.URL)
	case operation.RequestBody != nil && len(body) > 0:
		media := strings.Split(request.Header.Get("Content-Type"), ";")[0]
		content := operation.RequestBody.Value.Content[media]
		if content == nil {
			c.t.Errorf("%s %s does not take %s", request.Method, request.URL, media)
		} else if media == "application/json" {
			visit(c.t, request.Method+" "+request.URL.String()+" sends", content.Schema.Value, body)
		}
	}
}

// visit fails where a JSON text is not what a schema says.
func visit(t testing.TB, what string, schema *openapi3.Schema, text []byte) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		t.Errorf("%s no JSON: %v", what, err)
		return
	}
	err := schema.VisitJSON(tree, openapi3.MultiErrors(), openapi3.EnableFormatValidation())
	var many openapi3.MultiError
	if errors.As(err, &many) && len(many) > 10 {
		err = many[:10]
	}
	if err != nil {
		t.Errorf("%s what is not described: %.3000s", what, err)
	}
}

// Answer is an answer that was held to the description.
type Answer struct {
	t        testing.TB
	request  Request
	response *http.Response
	Body     []byte
}

// Status and Header are those of the answer.
func (a *Answer) Status() int               { return a.response.StatusCode }
func (a *Answer) Header(name string) string { return a.response.Header.Get(name) }

// Headers are all values of one header.
func (a *Answer) Headers(name string) []string { return a.response.Header.Values(name) }

// ETag is the version that the answer shows.
func (a *Answer) ETag() string { return a.Header("ETag") }

func (a *Answer) check(operation *openapi3.Operation, path string) {
	a.t.Helper()
	what := a.request.Method + " " + path + " answers"
	reference := operation.Responses.Status(a.Status())
	if reference == nil {
		a.t.Errorf("%s %d, which is not described: %s", what, a.Status(), a.Body)
		return
	}
	content := reference.Value.Content
	if len(content) == 0 {
		if len(a.Body) > 0 {
			a.t.Errorf("%s %d with a body, which is not described: %.200s", what, a.Status(), a.Body)
		}
		return
	}
	media := strings.TrimSpace(strings.Split(a.Header("Content-Type"), ";")[0])
	described := content[media]
	if described == nil {
		a.t.Errorf("%s %d as %q, which is not described: %.200s", what, a.Status(), media, a.Body)
		return
	}
	if strings.HasSuffix(media, "json") && a.request.Method != "HEAD" {
		visit(a.t, what, described.Schema.Value, a.Body)
	}
	for name := range reference.Value.Headers {
		if name == "ETag" && a.Header(name) == "" {
			a.t.Errorf("%s %d without its %s", what, a.Status(), name)
		}
	}
}

// Expect fails the test unless the answer has the status.
func (a *Answer) Expect(status int) *Answer {
	a.t.Helper()
	if a.Status() != status {
		a.t.Fatalf("%s %s: %d, want %d: %.2000s", a.request.Method, a.request.Path, a.Status(), status, a.Body)
	}
	return a
}

// Refused fails the test unless the answer is a refusal with the status and the code.
func (a *Answer) Refused(status int, code string) *Answer {
	a.t.Helper()
	a.Expect(status)
	var problem struct {
		Code      string `json:"code"`
		ZH        string `json:"message_zh"`
		EN        string `json:"message_en"`
		RequestID string `json:"request_id"`
	}
	a.Into(&problem)
	if problem.Code != code {
		a.t.Fatalf("%s %s: refused as %q, want %q: %s", a.request.Method, a.request.Path, problem.Code, code, a.Body)
	}
	if problem.ZH == "" || problem.EN == "" || problem.RequestID == "" || problem.RequestID != a.Header("X-Request-Id") {
		a.t.Errorf("%s %s: the refusal lacks a language or its request's id: %s", a.request.Method, a.request.Path, a.Body)
	}
	return a
}

// Points are what a refusal lists, as "pointer code".
func (a *Answer) Points() []string {
	a.t.Helper()
	var problem struct {
		Points []struct {
			Pointer string `json:"pointer"`
			Code    string `json:"code"`
		} `json:"points"`
	}
	a.Into(&problem)
	list := make([]string, len(problem.Points))
	for i, point := range problem.Points {
		list[i] = strings.TrimSpace(point.Pointer + " " + point.Code)
	}
	return list
}

// Into reads the answer's JSON.
func (a *Answer) Into(value any) *Answer {
	a.t.Helper()
	if err := json.Unmarshal(a.Body, value); err != nil {
		a.t.Fatalf("%s %s: %v in %.500s", a.request.Method, a.request.Path, err, a.Body)
	}
	return a
}
