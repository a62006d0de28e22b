package service_test

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"
)

const (
	// roundsOfOneDatabase is how many servers are killed on one database before a new one is made: reading everything back
	// grows with it.
	roundsOfOneDatabase = 10
	// A server is killed after fewer than writesAtMost acknowledged writes and at most writeAtMost more; one that is killed
	// at its start gets startAtMost.
	writesAtMost = 40
	writeAtMost  = 20 * time.Millisecond
	startAtMost  = 400 * time.Millisecond
)

// loops is how many servers are killed where the environment does not say: SERVER_CRASH_LOOPS for both databases, or
// SERVER_CRASH_LOOPS_SQLITE and SERVER_CRASH_LOOPS_MONGODB for one of them.
func loops(t *testing.T, database string, usual int) int {
	t.Helper()
	for _, name := range []string{"SERVER_CRASH_LOOPS_" + database, "SERVER_CRASH_LOOPS"} {
		if text := os.Getenv(name); text != "" {
			number, err := strconv.Atoi(text)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return number
		}
	}
	return usual
}

// Ensure a server that is killed with SIGKILL in the middle of writes, at its start, or while it installs the rules loses
// nothing that it acknowledged and leaves nothing half written.
func TestKilledServerLosesNothing(t *testing.T) {
	t.Parallel()
	for i, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			total := loops(t, []string{"SQLITE", "MONGODB"}[i], []int{15, 5}[i])
			seed := uint64(time.Now().UnixNano())
			chance := rand.New(rand.NewPCG(seed, 2))
			acknowledged, atStart := 0, 0
			for done := 0; done < total; done += roundsOfOneDatabase {
				s := newSiege(t, database.make(t), chance)
				for range min(total-done, roundsOfOneDatabase) {
					s.round(t)
					if t.Failed() {
						t.Fatalf("after %d servers, seed %d", done, seed)
					}
				}
				s.end(t)
				acknowledged, atStart = acknowledged+s.book.acknowledged, atStart+s.atStart
			}
			if acknowledged == 0 {
				t.Error("no write was acknowledged before a kill; nothing was tested")
			}
			t.Logf("%d servers killed, %d of them at their start; %d acknowledged writes, all there", total, atStart, acknowledged)
		})
	}
}

// siege kills servers on one database.
type siege struct {
	database string
	chance   *rand.Rand
	people   []*person
	samples  map[string]sample
	book     *book
	rounds   int
	atStart  int
}

// sample is what the writers of a region vary.
type sample struct{ requirement, ledger map[string]any }

func newSiege(t *testing.T, database string, chance *rand.Rand) *siege {
	t.Helper()
	s := &siege{database: database, chance: chance, samples: map[string]sample{}, book: newBook()}
	// The first server dies while it installs; what it leaves is finished by the next.
	s.killAtStart(t)
	s.people = setUp(t, database, bureaus)
	for i, p := range s.people {
		s.samples[p.region] = sample{sampleDocument(t, bureaus[i].Name), sampleLedger(t, bureaus[i].Name)}
	}
	return s
}

// killAtStart kills a server while it starts.
func (s *siege) killAtStart(t *testing.T) {
	t.Helper()
	c, _ := launch(t, s.database, "")
	time.Sleep(time.Duration(s.chance.Int64N(int64(startAtMost))))
	c.kill()
	s.atStart++
}

// round starts a server, holds it to what those before it acknowledged, has everybody write, and kills it.
func (s *siege) round(t *testing.T) {
	t.Helper()
	s.rounds++
	if s.rounds%5 == 0 {
		s.killAtStart(t)
		s.verify(t)
		return
	}
	c, httpClient := start(t, s.database, ""), newHTTPClient()
	defer httpClient.CloseIdleConnections()
	s.book.check(t, httpClient, c.address)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var writers sync.WaitGroup
	for _, p := range s.people {
		for _, write := range []func(context.Context, *client) error{s.writeRequirements, s.writeLedger, s.writeTokens} {
			writers.Go(func() {
				err := write(ctx, &client{person: p, http: httpClient, address: c.address})
				if err != nil && ctx.Err() == nil {
					s.book.fail("%s: %v", p.name, err)
				}
			})
		}
	}
	// Most servers are killed after some writes were acknowledged, some before the first.
	s.book.waitForWrites(t, s.chance.IntN(writesAtMost))
	time.Sleep(time.Duration(s.chance.Int64N(int64(writeAtMost))))
	// What cannot be sent from here on is no failure of the writers.
	cancel()
	c.kill()
	writers.Wait()
	for _, failure := range s.book.failed {
		t.Error(failure)
	}
	s.verify(t)
}

// verify reads the whole database as `zutuan verify` does.
func (s *siege) verify(t *testing.T) {
	t.Helper()
	records, err := openDatabase(s.database)
	if err != nil {
		t.Fatal(err)
	}
	defer records.Close()
	if _, err := records.Verify(context.Background()); err != nil {
		t.Error(err)
	}
}

// end holds a last server to everything, and stops it in order.
func (s *siege) end(t *testing.T) {
	t.Helper()
	c, httpClient := start(t, s.database, ""), newHTTPClient()
	defer httpClient.CloseIdleConnections()
	s.book.check(t, httpClient, c.address)
	if err := c.terminate(); err != nil {
		t.Errorf("%v\n%s", err, c.stderr.String())
	}
	s.verify(t)
}
