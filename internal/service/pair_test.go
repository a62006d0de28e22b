package service_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"zutuan/internal/jobs"
	"zutuan/internal/office"
	"zutuan/internal/people"
	"zutuan/internal/permit"
	"zutuan/internal/store"
)

const (
	// counters write at the same time, half of them through each server; each adds countEach to the same document.
	counters  = 16
	countEach = 5
	// opened is how many requirements are submitted while two servers share the work in the background.
	opened = 6
	// settledWithin is what the background may take: a follower takes over from one that died after fifteen seconds.
	settledWithin = 60 * time.Second
)

// Ensure two servers on one database lose no update: sixteen people read a document, add one to a number in it and write it
// under If-Match, again where somebody was quicker. The number is then how many were told that they wrote.
func TestTwoServersLoseNoUpdate(t *testing.T) {
	t.Parallel()
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			name := database.make(t)
			bureau := setUp(t, name, bureaus[:1])[0]
			httpClient := newHTTPClient()
			defer httpClient.CloseIdleConnections()
			var servers [2]*child
			for i := range servers {
				servers[i] = start(t, name, fmt.Sprint("server", i))
			}
			at := func(i int) *client {
				return &client{person: bureau, http: httpClient, address: servers[i%len(servers)].address}
			}
			path := createCounter(t, at(0))
			var mutex sync.Mutex
			written, overtaken := 0, 0
			var all sync.WaitGroup
			for i := range counters {
				all.Go(func() {
					for range countEach {
						lost, err := countUp(at(i), path)
						mutex.Lock()
						overtaken += lost
						if err != nil {
							t.Error(err)
						} else {
							written++
						}
						mutex.Unlock()
					}
				})
			}
			all.Wait()
			for i := range servers {
				count, etag, err := readCounter(at(i), path)
				if err != nil || count != written || etag != fmt.Sprintf(`"%d"`, written+1) {
					t.Errorf("server %d: counted %d, version %s, %v; written %d", i, count, etag, err, written)
				}
			}
			for _, server := range servers {
				if err := server.terminate(); err != nil {
					t.Error(err)
				}
			}
			if overtaken == 0 {
				t.Error("nobody was ever overtaken; nothing was tested")
			}
			t.Logf("%d updates by %d writers through 2 servers, %d times somebody was quicker", written, counters, overtaken)
		})
	}
}

// createCounter creates a requirement whose opening cash counts, in yuan.
func createCounter(t *testing.T, c *client) (path string) {
	t.Helper()
	document := sampleDocument(t, "pingxiang")
	document["opening_cash"] = "0.00"
	text, _, err := hashOfDocument(document)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.send(context.Background(), http.MethodPost, "/api/v1/requirements", text)
	var w written
	if err != nil || got.status != http.StatusCreated || got.into(&w) != nil {
		t.Fatalf("%d %.300s %v", got.status, got.body, err)
	}
	return requirementPath(w.ID)
}

func readCounter(c *client, path string) (count int, etag string, err error) {
	_, count, etag, err = readDocument(c, path)
	return count, etag, err
}

func readDocument(c *client, path string) (document map[string]any, count int, etag string, err error) {
	got, err := c.send(context.Background(), http.MethodGet, path, nil)
	if err != nil {
		return nil, 0, "", err
	}
	var w written
	if got.status != http.StatusOK {
		return nil, 0, "", fmt.Errorf("%d %.300s", got.status, got.body)
	}
	if err := got.into(&w); err != nil {
		return nil, 0, "", err
	}
	if err := json.Unmarshal(w.Text, &document); err != nil {
		return nil, 0, "", err
	}
	count, err = strconv.Atoi(strings.TrimSuffix(document["opening_cash"].(string), ".00"))
	return document, count, got.etag, err
}

// countUp adds one, and counts how often somebody was quicker.
func countUp(c *client, path string) (overtaken int, err error) {
	for {
		document, count, etag, err := readDocument(c, path)
		if err != nil {
			return overtaken, err
		}
		document["opening_cash"] = fmt.Sprintf("%d.00", count+1)
		text, err := json.Marshal(document)
		if err != nil {
			return overtaken, err
		}
		got, err := c.send(context.Background(), http.MethodPut, path, text, "If-Match", etag)
		switch {
		case err != nil:
			return overtaken, err
		case got.status == http.StatusOK:
			return overtaken, nil
		case got.status != http.StatusPreconditionFailed:
			return overtaken, fmt.Errorf("%d %.300s", got.status, got.body)
		}
		overtaken++
	}
}

// Ensure work in the background that is under way when its server is killed is finished by another one, and that two
// servers do nothing twice: each submitted requirement has its offers once, and each liaison is told of each once.
func TestBackgroundWorkOutlivesItsServer(t *testing.T) {
	t.Parallel()
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			name := database.make(t)
			accounts := append([]people.NewUser{{Name: "liaison", DisplayName: "国开行", Role: permit.RoleLiaison, Institution: "cdb"}}, bureaus...)
			persons := setUp(t, name, accounts)
			httpClient := newHTTPClient()
			defer httpClient.CloseIdleConnections()
			first := start(t, name, "first")
			for i := range opened {
				c := &client{person: persons[1+i%len(bureaus)], http: httpClient, address: first.address}
				if i < len(bureaus) {
					handInLedger(t, c)
				}
				submit(t, c)
			}
			// Nobody waits for what follows from the submissions; the server dies while it is under way.
			first.kill()
			for _, owner := range []string{"second", "third"} {
				start(t, name, owner)
			}
			records, err := openDatabase(name)
			if err != nil {
				t.Fatal(err)
			}
			defer records.Close()
			waitSettled(t, records)
			checkOnce(t, records)
		})
	}
}

// handInLedger gives the region of a bureau the ledger that its requirement refers to.
func handInLedger(t *testing.T, c *client) {
	t.Helper()
	text, _, err := hashOfDocument(sampleLedger(t, c.name))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.send(context.Background(), http.MethodPut, ledgerPath(c.region), text); err != nil || got.status != http.StatusOK {
		t.Fatalf("%d %.300s %v", got.status, got.body, err)
	}
}

// submit hands in the requirement of a bureau and opens it to matching.
func submit(t *testing.T, c *client) {
	t.Helper()
	text, _, err := hashOfDocument(sampleDocument(t, c.name))
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.send(context.Background(), http.MethodPost, "/api/v1/requirements", text)
	var w written
	if err != nil || got.status != http.StatusCreated || got.into(&w) != nil {
		t.Fatalf("%d %.300s %v", got.status, got.body, err)
	}
	got, err = c.send(context.Background(), http.MethodPost, requirementPath(w.ID)+"/submit", []byte(`{}`), "If-Match", got.etag)
	if err != nil || got.status != http.StatusOK {
		t.Fatalf("submit: %d %.300s %v", got.status, got.body, err)
	}
}

// waitSettled waits until every submitted requirement was matched in the background and no job is left.
func waitSettled(t *testing.T, records store.Store) {
	t.Helper()
	ctx := context.Background()
	for deadline := time.Now().Add(settledWithin); ; time.Sleep(100 * time.Millisecond) {
		standings, err := records.Count(ctx, store.KindStanding, []store.Filter{store.Equal("status", store.Text(string(office.StandingOpen)))})
		if err != nil {
			t.Fatal(err)
		}
		busy, err := records.Count(ctx, store.KindJob, []store.Filter{{Field: "status", In: []store.Value{store.Text(string(jobs.StatusQueued)), store.Text(string(jobs.StatusRunning))}}})
		if err != nil {
			t.Fatal(err)
		}
		if standings == opened && busy == 0 {
			return
		}
		if time.Now().After(deadline) {
			each(t, records, store.KindJob, func(r store.Record) { t.Logf("%s %s", r.Fields["type"].Text(), r.Body) })
			t.Fatalf("%d of %d requirements were matched, %d jobs are left", standings, opened, busy)
		}
	}
}

// checkOnce holds what is kept to having been done once.
func checkOnce(t *testing.T, records store.Store) {
	t.Helper()
	told, offers, done := map[string]int{}, map[string]int{}, 0
	each(t, records, store.KindNotification, func(r store.Record) {
		told[r.Fields["user"].Text()+" "+r.Fields["type"].Text()+" "+string(r.Body)]++
	})
	each(t, records, store.KindOffer, func(r store.Record) {
		offers[r.Fields["requirement"].Text()+" "+r.Fields["institution"].Text()]++
		if r.Version != 1 {
			t.Errorf("offer %s was written %d times", r.ID, r.Version)
		}
	})
	each(t, records, store.KindJob, func(r store.Record) {
		if status := r.Fields["status"].Text(); status != string(jobs.StatusDone) {
			t.Errorf("job %s %s ended as %s: %.300s", r.ID, r.Fields["type"].Text(), status, r.Body)
		}
		done++
	})
	for key, count := range told {
		if count != 1 {
			t.Errorf("told %d times: %s", count, key)
		}
	}
	for key, count := range offers {
		if count != 1 {
			t.Errorf("%d offers: %s", count, key)
		}
	}
	if len(told) == 0 || len(offers) == 0 || done == 0 {
		t.Errorf("%d notifications, %d offers, %d jobs; nothing was tested", len(told), len(offers), done)
	}
	if _, err := records.Verify(context.Background()); err != nil {
		t.Error(err)
	}
	t.Logf("%d jobs, %d offers, %d notifications", done, len(offers), len(told))
}

func each(t *testing.T, records store.Store, kind string, visit func(store.Record)) {
	t.Helper()
	for query := (store.Query{Kind: kind, Limit: store.MaxLimit}); ; {
		list, err := records.List(context.Background(), query)
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range list.Records {
			visit(record)
		}
		if query.After = list.Next; query.After == "" {
			return
		}
	}
}
