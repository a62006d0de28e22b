package service_test

// A client that costs next to nothing, so that measurements over a socket are of the server: the request is made once, and
// of the answer no more is read than where it ends.

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"testing"
	"time"
)

// wire is one connection that is kept open.
type wire struct {
	conn net.Conn
	in   *bufio.Reader
	body []byte
}

func dial(t testing.TB, address string) *wire {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &wire{conn: conn, in: bufio.NewReaderSize(conn, 64<<10)}
}

// request is the text of a request.
func request(method, path, token string, body []byte, headers ...string) []byte {
	var text bytes.Buffer
	fmt.Fprintf(&text, "%s %s HTTP/1.1\r\nHost: x\r\n", method, path)
	if token != "" {
		fmt.Fprintf(&text, "Authorization: Bearer %s\r\n", token)
	}
	for i := 0; i < len(headers); i += 2 {
		fmt.Fprintf(&text, "%s: %s\r\n", headers[i], headers[i+1])
	}
	if body != nil {
		fmt.Fprintf(&text, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	text.WriteString("\r\n")
	text.Write(body)
	return text.Bytes()
}

var contentLength = []byte("Content-Length: ")

// ask sends a request and reads its answer; the body is good until the next one.
func (w *wire) ask(text []byte) (status int, body []byte, err error) {
	if err := w.conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return 0, nil, err
	}
	if _, err := w.conn.Write(text); err != nil {
		return 0, nil, err
	}
	length := 0
	for first := true; ; first = false {
		line, err := w.in.ReadSlice('\n')
		if err != nil {
			return 0, nil, err
		}
		switch {
		case first:
			if status, err = strconv.Atoi(string(line[9:12])); err != nil {
				return 0, nil, err
			}
		case len(line) == 2:
			if cap(w.body) < length {
				w.body = make([]byte, length*2)
			}
			w.body = w.body[:length]
			_, err := io.ReadFull(w.in, w.body)
			return status, w.body, err
		case bytes.HasPrefix(line, contentLength):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(contentLength):]))); err != nil {
				return 0, nil, err
			}
		}
	}
}

// must asks and fails the test unless the answer has the status.
func (w *wire) must(t testing.TB, status int, text []byte) []byte {
	t.Helper()
	got, body, err := w.ask(text)
	if err != nil || got != status {
		t.Fatalf("%.100s: %d, want %d: %.500s %v", text, got, status, body, err)
	}
	return body
}
