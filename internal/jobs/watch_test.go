package jobs_test

import (
	"context"
	"fmt"
	"reflect"
	"testing"

	"zutuan/internal/jobs"
	"zutuan/internal/storetest"
)

// Goal: who watches learns the present state first, every change that lasts, the end, and nothing after it.

func TestWatch(t *testing.T) {
	onBoth(t, func(t *testing.T, open database) {
		ctx, clock := context.Background(), storetest.NewClock()
		worker, other := join(t, open, clock, nil), join(t, open, clock, func(o *jobs.Options) { o.Workers = -1 })
		next := make(chan struct{})
		handler := func(_ context.Context, task *jobs.Task) (any, error) {
			for step := range int64(3) {
				task.Progress(step+1, 3, "步", "step")
				<-next
			}
			return "end", nil
		}
		worker.Register("a", handler)
		other.Register("a", handler)
		job := submit(t, other, person, "a", nil, jobs.SubmitOptions{})
		here, err := worker.Watch(ctx, person, job.ID)
		there, err2 := other.Watch(ctx, person, job.ID)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		for where, watch := range map[string]<-chan jobs.Job{"in its process": here, "in another": there} {
			if first := received(t, "the present state", watch); !reflect.DeepEqual(first, job) {
				t.Errorf("%s: the first is %+v, want %+v", where, first, job)
			}
		}
		worker.Start()
		other.Start()
		for step := int64(1); step <= 3; step++ {
			for where, watch := range map[string]<-chan jobs.Job{"in its process": here, "in another": there} {
				seen := received(t, "a step", watch)
				for seen.Progress.Done < step { // Begun, and not a step far yet.
					if seen.Status != jobs.StatusRunning || seen.Progress.Done != step-1 {
						t.Errorf("%s: %+v before step %d", where, seen, step)
					}
					seen = received(t, "a step", watch)
				}
				if seen.Status != jobs.StatusRunning || seen.Progress.Done != step {
					t.Errorf("%s: %+v at step %d", where, seen, step)
				}
			}
			next <- struct{}{}
		}
		for where, watch := range map[string]<-chan jobs.Job{"in its process": here, "in another": there} {
			last := received(t, "the end", watch)
			if last.Status != jobs.StatusDone || string(last.Result) != `"end"` {
				t.Errorf("%s: the last is %+v", where, last)
			}
			if more, ok := <-watch; ok {
				t.Errorf("%s: after the end %+v", where, more)
			}
		}
		late, err := other.Watch(ctx, person, job.ID)
		if err != nil {
			t.Fatal(err)
		}
		if first := received(t, "the end", late); first.Status != jobs.StatusDone {
			t.Errorf("%+v", first)
		}
		if _, ok := <-late; ok {
			t.Error("a watch of an ended job goes on")
		}
	})
}

// Ensure progress reaches a watcher in the process at once, not with the next beat, and a slow reader gets the newest.
func TestWatchIsInstant(t *testing.T) {
	p := join(t, sqliteDatabase(t), storetest.NewClock(), func(o *jobs.Options) { o.PollEvery = patience * 10; o.LeaseTTL = patience * 100 })
	told, release := make(chan struct{}), make(chan struct{})
	p.Register("a", func(_ context.Context, task *jobs.Task) (any, error) {
		for i := range int64(1000) {
			task.Progress(i+1, 1000, "", fmt.Sprint(i))
		}
		close(told)
		<-release
		return nil, nil
	})
	p.Start()
	job := submit(t, p, person, "a", nil, jobs.SubmitOptions{})
	received(t, "the steps", told)
	watch, err := p.Watch(context.Background(), person, job.ID)
	if err != nil {
		t.Fatal(err)
	}
	if seen := received(t, "progress", watch); seen.Progress.Done != 1000 {
		t.Errorf("%+v", seen)
	}
	close(release)
	if seen := received(t, "the end", watch); seen.Status != jobs.StatusDone {
		t.Errorf("%+v", seen)
	}
}

// Ensure a watch ends with its context, and with the runner after it told what became of the job.
func TestWatchEnds(t *testing.T) {
	p := join(t, sqliteDatabase(t), storetest.NewClock(), nil)
	p.Register("a", func(ctx context.Context, _ *jobs.Task) (any, error) { <-ctx.Done(); return nil, ctx.Err() })
	job := submit(t, p, person, "a", nil, jobs.SubmitOptions{})
	ctx, cancel := context.WithCancel(context.Background())
	short, err := p.Watch(ctx, person, job.ID)
	long, err2 := p.Watch(context.Background(), person, job.ID)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	received(t, "the present state", short)
	received(t, "the present state", long)
	cancel()
	if more, ok := <-short; ok {
		t.Errorf("after its context ended: %+v", more)
	}
	p.Start()
	if seen := received(t, "the start", long); seen.Status != jobs.StatusRunning {
		t.Errorf("%+v", seen)
	}
	stopNow(p)
	last := jobs.Job{}
	for seen := range long {
		last = seen
	}
	if last.Status != jobs.StatusQueued || last.Attempts != 0 {
		t.Errorf("the last before the stop is %+v, want what was put back", last)
	}
}
