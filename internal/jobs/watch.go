package jobs

import (
	"context"
	"errors"
	"reflect"
	"time"

	"zutuan/internal/permit"
	"zutuan/internal/store"
)

// Watch tells a job's state and then each change of it. The channel is closed after the final state, when the job is
// gone, when ctx ends, and when the runner has stopped. A job that runs in this process is told as it moves, one in
// another process once a beat; a reader who is slower than the changes gets the newest state and misses those between,
// never the last one. Get's refusals.
func (r *Runner) Watch(ctx context.Context, by permit.Actor, id string) (<-chan Job, error) {
	woken := r.subscribe(id) // Before the first look, so that nothing falls between.
	job, err := r.Get(ctx, by, id)
	if err != nil {
		r.unsubscribe(id, woken)
		return nil, err
	}
	out := make(chan Job)
	go func() {
		defer close(out)
		defer r.unsubscribe(id, woken)
		r.follow(ctx, job, woken, out)
	}()
	return out, nil
}

// lastWord is how long a reader may take for the last state when the runner stops.
const lastWord = time.Second

func (r *Runner) follow(ctx context.Context, newest Job, woken <-chan struct{}, out chan<- Job) {
	beat := time.NewTicker(r.options.PollEvery)
	defer beat.Stop()
	for pending := true; ; {
		send := out
		if !pending {
			send = nil
		}
		select {
		case send <- newest:
			pending = false
			if newest.Status.Final() {
				return
			}
			continue
		case <-ctx.Done():
			return
		case <-woken:
		case <-beat.C:
		case <-r.stopped:
			r.lastLook(ctx, newest, pending, out)
			return
		}
		job, gone := r.observe(ctx, newest)
		if gone {
			return
		}
		pending = pending || differs(newest, job)
		newest = job
	}
}

// lastLook tells what Stop made of the job.
func (r *Runner) lastLook(ctx context.Context, newest Job, pending bool, out chan<- Job) {
	job, gone := r.observe(ctx, newest)
	if gone || (!pending && !differs(newest, job)) {
		return
	}
	select {
	case out <- job:
	case <-ctx.Done():
	case <-time.After(lastWord):
	}
}

// observe reads a job anew, from memory where it runs here; where the store does not answer, what was known stands.
func (r *Runner) observe(ctx context.Context, known Job) (job Job, gone bool) {
	if live, ok := r.live(known.ID); ok {
		return later(known, live), false
	}
	record, b, err := r.read(ctx, known.ID)
	if errors.Is(err, store.ErrNotFound) {
		return known, true
	}
	if err != nil {
		return known, false
	}
	return later(known, r.overlaid(record, b)), false
}

// later keeps what was told from running backwards.
func later(known, job Job) Job {
	if job.Version < known.Version {
		return known
	}
	return job
}

// differs compares all but the version, which also grows with each beat.
func differs(a, b Job) bool {
	a.Version, b.Version = 0, 0
	return !reflect.DeepEqual(a, b)
}

func (r *Runner) subscribe(id string) chan struct{} {
	woken := make(chan struct{}, 1)
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.watchers[id] == nil {
		r.watchers[id] = map[chan struct{}]bool{}
	}
	r.watchers[id][woken] = true
	return woken
}

func (r *Runner) unsubscribe(id string, woken chan struct{}) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	delete(r.watchers[id], woken)
	if len(r.watchers[id]) == 0 {
		delete(r.watchers, id)
	}
}

// notify lets the watchers of a job look.
func (r *Runner) notify(id string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for woken := range r.watchers[id] {
		select {
		case woken <- struct{}{}:
		default:
		}
	}
}
