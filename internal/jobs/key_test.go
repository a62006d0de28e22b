package jobs_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zutuan/internal/jobs"
	"zutuan/internal/permit"
	"zutuan/internal/storetest"
)

// Goal: one job of a key at a time, and after each submission with Again one that starts later.

func TestKeys(t *testing.T) {
	onBoth(t, func(t *testing.T, open database) {
		ctx := context.Background()
		p := join(t, open, storetest.NewClock(), nil)
		begun, hold := make(chan string), make(chan struct{})
		p.Register("rematch", func(_ context.Context, task *jobs.Task) (any, error) { begun <- task.Job.ID; <-hold; return nil, nil })
		p.Register("other", returning(nil, nil))
		ask := func(by permit.Actor, kind string, options jobs.SubmitOptions) (string, bool) {
			t.Helper()
			job, joined, err := p.Submit(ctx, by, kind, nil, options)
			if err != nil {
				t.Fatal(err)
			}
			return job.ID, joined
		}
		wants := func(what string, by permit.Actor, kind string, options jobs.SubmitOptions, expected string) string {
			t.Helper()
			id, joined := ask(by, kind, options)
			if joined != (expected != "") || (joined && id != expected) {
				t.Errorf("%s: job %s, joined %v, want %q", what, id, joined, expected)
			}
			return id
		}
		key, again := jobs.SubmitOptions{Key: "all"}, jobs.SubmitOptions{Key: "all", Again: true}
		first := wants("the first is new", service, "rematch", key, "")
		wants("a queued one is joined", service, "rematch", key, first)
		wants("a queued one is enough for what changed", service, "rematch", again, first)
		wants("another part of the service shares it", permit.SystemActor("office"), "rematch", key, first)
		wants("a person's key is the person's own", person, "other", key, "")
		wants("another person's too", stranger, "other", key, "")
		wants("another type has keys of its own", service, "other", key, "")
		wants("no key joins nothing", service, "other", jobs.SubmitOptions{}, "")
		p.Start()
		if id := received(t, "the first start", begun); id != first {
			t.Fatalf("%s began, want %s", id, first)
		}
		wants("a running one is joined", service, "rematch", key, first)
		follow := wants("a running one is not enough for what changed", service, "rematch", again, "")
		wants("the follow-up is joined", service, "rematch", again, follow)
		wants("the follow-up is joined by whoever does not insist as well", service, "rematch", key, follow)
		select {
		case id := <-begun:
			t.Fatalf("%s began beside %s", id, first)
		case <-time.After(10 * beat):
		}
		hold <- struct{}{}
		if id := received(t, "the follow-up", begun); id != follow {
			t.Fatalf("%s began, want %s", id, follow)
		}
		if job := get(t, p, first); job.Status != jobs.StatusDone {
			t.Errorf("the follow-up began before its turn: %+v", job)
		}
		third := wants("a running follow-up is not enough either", service, "rematch", again, "")
		if _, err := p.Cancel(ctx, service, third); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Cancel(ctx, service, follow); err != nil {
			t.Fatal(err)
		}
		fourth := wants("one that is being cancelled is not joined", service, "rematch", key, "")
		hold <- struct{}{}
		if id := received(t, "the fourth", begun); id != fourth {
			t.Fatalf("%s began, want %s", id, fourth)
		}
		hold <- struct{}{}
		untilStatus(t, p, fourth, jobs.StatusDone)
		p.Register("last", returning(nil, nil))
		wants("an ended one is not joined", service, "last", key, "")
	})
}

// Ensure joining a queued job that is due later brings it forward, and never puts it off.
func TestKeyHastens(t *testing.T) {
	clock := storetest.NewClock()
	p := join(t, sqliteDatabase(t), clock, nil)
	p.Register("a", returning(nil, nil))
	nightly := submit(t, p, service, "a", nil, jobs.SubmitOptions{Key: "k", DueAt: clock.Now().Add(time.Hour)})
	submit(t, p, service, "a", nil, jobs.SubmitOptions{Key: "k", DueAt: clock.Now().Add(2 * time.Hour)})
	p.Start()
	time.Sleep(5 * beat)
	if job := get(t, p, nightly.ID); job.Status != jobs.StatusQueued {
		t.Fatalf("%+v", job)
	}
	if job := submit(t, p, service, "a", nil, jobs.SubmitOptions{Key: "k"}); job.ID != nightly.ID {
		t.Fatalf("%s, want %s", job.ID, nightly.ID)
	}
	untilStatus(t, p, nightly.ID, jobs.StatusDone)
}

// Ensure no change is missed and no two jobs of a key run at once, whatever the order in which eight writers in two
// processes change and submit: the newest start saw the newest change.
func TestKeysUnderLoad(t *testing.T) {
	onBoth(t, func(t *testing.T, open database) {
		const writers, each = 8, 12
		clock := storetest.NewClock()
		var changes, running, starts atomic.Int64
		var mutex sync.Mutex
		var seen int64
		handler := func(context.Context, *jobs.Task) (any, error) {
			starts.Add(1)
			now := changes.Load()
			if running.Add(1) != 1 {
				t.Error("two jobs of a key run at once")
			}
			time.Sleep(time.Millisecond)
			mutex.Lock()
			seen = max(seen, now)
			mutex.Unlock()
			running.Add(-1)
			return nil, nil
		}
		processes := []process{join(t, open, clock, nil), join(t, open, clock, nil)}
		for _, p := range processes {
			p.Register("rematch", handler)
			p.Start()
		}
		errs := make(chan error, writers)
		for i := range writers {
			go func() {
				for range each {
					changes.Add(1)
					if _, _, err := processes[i%2].Submit(context.Background(), service, "rematch", nil, jobs.SubmitOptions{Key: "all", Again: true}); err != nil {
						errs <- fmt.Errorf("writer %d: %w", i, err)
						return
					}
				}
				errs <- nil
			}()
		}
		for range writers {
			if err := <-errs; err != nil {
				t.Fatal(err)
			}
		}
		eventually(t, "every job to end", func() bool {
			page, err := processes[0].List(context.Background(), service, jobs.ListQuery{Statuses: []jobs.Status{jobs.StatusQueued, jobs.StatusRunning}})
			return err == nil && len(page.Jobs) == 0
		})
		mutex.Lock()
		defer mutex.Unlock()
		if seen != writers*each {
			t.Errorf("the newest start saw %d changes of %d", seen, writers*each)
		}
		t.Logf("%d submissions, %d starts", writers*each, starts.Load())
	})
}
