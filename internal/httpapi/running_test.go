package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"zutuan/internal/casework"
	"zutuan/internal/httpapi"
	"zutuan/internal/httpapi/apitest"
	"zutuan/internal/jobs"
	"zutuan/internal/permit"
)

// These tests listen on a port, because streams, closed connections and a graceful stop exist only there.

// listening serves a fixture on a free port and returns the address.
func listening(t *testing.T, f *fixture) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = f.server.Serve(listener) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = f.server.Shutdown(ctx)
	})
	f.client = apitest.Over(t, func(request *http.Request) (*http.Response, error) {
		request.URL.Scheme, request.URL.Host = "http", listener.Addr().String()
		return http.DefaultClient.Do(request)
	})
	return listener.Addr().String()
}

// bearer makes an access token of a role.
func bearer(t testing.TB, f *fixture, role permit.Role) string {
	t.Helper()
	var made struct{ Secret string }
	f.as(role).Post("/api/v1/me/tokens", map[string]any{"name": "t", "expires_at": f.clock.Now().Add(24 * time.Hour)}).Expect(201).Into(&made)
	return made.Secret
}

func TestAJobIsFollowedUntilItEnds(t *testing.T) {
	f := newFixture(t)
	address := listening(t, f)
	token := bearer(t, f, permit.RoleBureau)
	var who struct{ User string }
	client := f.client.With(token)
	client.Get("/api/v1/session").Expect(200).Into(&who)
	goOn := make(chan struct{})
	f.jobs.Register("count", func(ctx context.Context, task *jobs.Task) (any, error) {
		task.Progress(1, 2, "一半", "half")
		<-goOn
		return map[string]int{"counted": 2}, nil
	})
	f.jobs.Start()
	t.Cleanup(func() { _ = f.jobs.Stop(context.Background()) })
	job, _, err := f.jobs.Submit(context.Background(), permit.Actor{User: who.User, Role: permit.RoleBureau, Region: "GX-PX"}, "count", nil, jobs.SubmitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	request, _ := http.NewRequest("GET", "http://"+address+"/api/v1/jobs/"+job.ID+"/events", nil)
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %v", response.StatusCode, response.Header)
	}
	var last jobs.Job
	alive, opened := false, false
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		line := lines.Text()
		if line == ": alive" && !opened {
			// The fixture's heartbeat comes every 50 ms while nothing happens.
			alive, opened = true, true
			close(goOn)
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			if err := json.Unmarshal([]byte(data), &last); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !alive || last.Status != jobs.StatusDone || string(last.Result) != `{"counted":2}` {
		t.Errorf("alive %v, last event %+v", alive, last)
	}
	client.Get("/api/v1/jobs/" + job.ID).Expect(200)
	client.Get("/api/v1/jobs?status=done&limit=1").Expect(200)
	client.Post("/api/v1/jobs/"+job.ID+"/cancel", nil).Refused(409, "job_finished")
	client.Get("/api/v1/jobs/job_of_nobody").Refused(404, "not_found")
	client.Get("/api/v1/jobs/job_of_nobody/events").Refused(404, "not_found")
}

func TestAStopFinishesWhatWasAccepted(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	var first atomic.Bool
	f := newFixture(t, func(c *httpapi.Config) {
		c.Drain = 300 * time.Millisecond
		c.Rules = func(context.Context) (*casework.Desk, error) {
			if first.CompareAndSwap(false, true) { // the probes read the rules too
				close(entered)
				<-leave
			}
			return testDesk()
		}
	})
	address := listening(t, f)
	client := f.as(permit.RoleBureau)
	answered := make(chan int, 1)
	go func() { answered <- client.Get("/api/v1/parameters").Status() }()
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- f.server.Shutdown(context.Background()) }()
	waitFor(t, "readyz to say no", func() bool {
		response, err := http.Get("http://" + address + "/readyz")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		return response.StatusCode == http.StatusServiceUnavailable
	})
	waitFor(t, "the listener to close", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	select {
	case err := <-stopped:
		t.Fatalf("stopped (%v) before the accepted request was answered", err)
	default:
	}
	close(leave)
	if status := <-answered; status != 200 {
		t.Errorf("the accepted request was answered %d", status)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestAClientThatGoesEndsItsRequest(t *testing.T) {
	ended := make(chan error, 1)
	f := newFixture(t, func(c *httpapi.Config) {
		c.TimeLimit = time.Minute
		c.Rules = func(ctx context.Context) (*casework.Desk, error) {
			<-ctx.Done()
			select {
			case ended <- ctx.Err():
			default:
			}
			return nil, ctx.Err()
		}
	})
	address := listening(t, f)
	token := bearer(t, f, permit.RoleBureau)
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "GET /api/v1/parameters HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", token)
	time.Sleep(50 * time.Millisecond)
	conn.Close()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("ended by %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("nobody noticed")
	}
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
