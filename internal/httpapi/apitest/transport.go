package apitest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// Transport sends the requests of any HTTP client and holds each of them, and each answer, to the description. It counts
// which operations were answered, by status.
type Transport struct {
	client *Client
	base   http.RoundTripper

	mutex sync.Mutex
	seen  map[string]map[int]int
	// Watch, where set, is shown every answer.
	Watch func(request *http.Request, response *http.Response, body []byte)
}

// NewTransport returns one that sends over base.
func NewTransport(t testing.TB, base http.RoundTripper) *Transport {
	t.Helper()
	return &Transport{client: Over(t, nil), base: base, seen: map[string]map[int]int{}}
}

type wrongKey struct{}

// Wrong marks the requests of a context as meant to be refused: they are not held to the description, their answers are.
func Wrong(ctx context.Context) context.Context { return context.WithValue(ctx, wrongKey{}, true) }

// RoundTrip sends one request. An answer that is a stream of events is handed on unread.
func (w *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	t := w.client.t
	t.Helper()
	var body []byte
	if request.Body != nil {
		var err error
		if body, err = io.ReadAll(request.Body); err != nil {
			return nil, err
		}
		request.Body = io.NopCloser(bytes.NewReader(body))
	}
	operation, path := w.client.operation(request)
	wrong, _ := request.Context().Value(wrongKey{}).(bool)
	switch {
	case operation == nil && !wrong:
		t.Errorf("%s %s is not described", request.Method, request.URL)
	case !wrong:
		w.client.checkRequest(operation, request, body)
	}
	response, err := w.base.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	answer := &Answer{t: t, request: Request{Method: request.Method, Path: request.URL.Path}, response: response}
	if !strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
		if answer.Body, err = io.ReadAll(response.Body); err != nil {
			return nil, err
		}
		response.Body.Close()
		response.Body = io.NopCloser(bytes.NewReader(answer.Body))
	}
	if operation != nil {
		answer.check(operation, path)
		w.note(operation.OperationID, response.StatusCode)
	}
	if w.Watch != nil {
		w.Watch(request, response, answer.Body)
	}
	return response, nil
}

func (w *Transport) note(operation string, status int) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.seen[operation] == nil {
		w.seen[operation] = map[int]int{}
	}
	w.seen[operation][status]++
}

// Seen is how often each operation was answered with each status.
func (w *Transport) Seen() map[string]map[int]int {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.seen
}

// For makes failures those of another test: a fuzz target has one for each input.
func (w *Transport) For(t testing.TB) { w.client.t = t }
