package service_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	// stopWithin is what `zutuan serve` takes at most to stop.
	stopWithin = 30 * time.Second
	// stopDrain is how long readyz says no before the listener closes.
	stopDrain = 500 * time.Millisecond
	// stopLoad is how long the load lasts before the program is told to stop.
	stopLoad = time.Second
)

// Ensure the program, told to stop while people write and compute, first says that it is not ready, then takes no new
// connections, answers every request that it began, keeps everything that it acknowledged, and ends with 0 in time.
func TestStopUnderLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "zutuan.db")
	s := &siege{database: "sqlite " + path, chance: rand.New(rand.NewPCG(1, 1)), samples: map[string]sample{}, book: newBook()}
	s.people = setUp(t, s.database, bureaus)
	for i, p := range s.people {
		s.samples[p.region] = sample{sampleDocument(t, bureaus[i].Name), sampleLedger(t, bureaus[i].Name)}
	}
	p := runProgram(t, path, "--empty", "--drain", stopDrain.String())
	waitReady(t, p.address)
	seen, noted := &trace{statuses: map[string]int{}}, make(chan []int, 1)
	var load sync.WaitGroup
	for _, person := range s.people {
		for _, write := range []func(context.Context, *client) error{s.writeRequirements, s.writeLedger, computeUntilGone(t, person.name)} {
			load.Go(func() {
				c := &client{person: person, http: newHTTPClient(), address: p.address, trace: seen}
				if err := write(context.Background(), c); err != nil {
					s.book.fail("%s: %v", person.name, err)
				}
			})
		}
	}
	go func() { noted <- watchReadiness(p.address, p.exited) }()
	time.Sleep(stopLoad)
	took := p.terminate(t)
	load.Wait()
	if took > stopWithin || p.code != 0 {
		t.Errorf("ended after %v with %d\n%s", took, p.code, p.log.String())
	}
	for _, failure := range s.book.failed {
		t.Error(failure)
	}
	checkReadiness(t, <-noted)
	answered, refused := checkTrace(t, seen, p.log.String())
	s.end(t)
	t.Logf("stopped in %v under load: %d requests answered, %d found the service closed; %d acknowledged writes, all there", took.Round(time.Millisecond), answered, refused, s.book.acknowledged)
}

// computeUntilGone asks for what takes the service a while: a plan, built by the solver.
func computeUntilGone(t *testing.T, name string) func(context.Context, *client) error {
	t.Helper()
	body, _ := matchBody(t, name)
	return func(ctx context.Context, c *client) error {
		for {
			got, err := c.send(ctx, http.MethodPost, "/api/v1/plan", body)
			switch {
			case err != nil:
				return nil
			case got.status == http.StatusTooManyRequests || got.status == http.StatusServiceUnavailable:
				time.Sleep(50 * time.Millisecond)
			case got.status != http.StatusOK:
				return fmt.Errorf("plan: %d %.300s", got.status, got.body)
			}
		}
	}
}

// watchReadiness asks readyz over new connections until the program has ended: the statuses in their order, 0 where nobody
// takes the connection.
func watchReadiness(address string, exited <-chan struct{}) (statuses []int) {
	asker := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		status := 0
		if response, err := asker.Get("http://" + address + "/readyz"); err == nil {
			_, _ = io.Copy(io.Discard, response.Body)
			response.Body.Close()
			status = response.StatusCode
		}
		if len(statuses) == 0 || statuses[len(statuses)-1] != status {
			statuses = append(statuses, status)
		}
		select {
		case <-exited:
			return statuses
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func checkReadiness(t *testing.T, statuses []int) {
	t.Helper()
	if got := strings.Trim(strings.Join(strings.Fields(fmt.Sprint(statuses)), " "), "[]"); got != "200 503 0" {
		t.Errorf("readyz said %s; want 200, then 503, then nobody there", got)
	}
}

var loggedRequest = regexp.MustCompile(`request_id=(test-\d+) .* status=(\d+) `)

// checkTrace compares what clients got with the log of the program: whatever it worked on was answered, as logged. A
// request that came too late is in no log; the client knows that nothing was done.
func checkTrace(t *testing.T, seen *trace, log string) (answered, refused int) {
	t.Helper()
	logged := map[string]int{}
	for _, line := range loggedRequest.FindAllStringSubmatch(log, -1) {
		logged[line[1]], _ = strconv.Atoi(line[2])
	}
	for id, status := range seen.statuses {
		switch {
		case status == 0 && logged[id] != 0:
			t.Errorf("request %s was worked on (%d), and its answer never came", id, logged[id])
		case status != 0 && logged[id] != status:
			t.Errorf("request %s was answered %d and logged as %d", id, status, logged[id])
		case status == 0:
			refused++
		default:
			answered++
		}
	}
	if answered == 0 || len(logged) == 0 {
		t.Error("nothing was answered; nothing was tested")
	}
	return answered, refused
}
