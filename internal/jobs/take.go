package jobs

import (
	"context"
	"errors"
	"time"

	"zutuan/internal/store"
)

// pageSize is how many due jobs are looked at in one query; few are passed over, so a page is more than enough.
const pageSize = 40

// change is what the runner signs its writes with.
func (r *Runner) change(action string) store.Change {
	return store.Change{Who: "system:jobs", Action: action, Why: r.owner}
}

// poll takes jobs until the runner stops. Nothing to do costs one query a beat.
func (r *Runner) poll() {
	beat := time.NewTicker(r.options.PollEvery)
	defer beat.Stop()
	failing := false
	for {
		err := r.fill()
		if err != nil && !failing {
			r.log.Error("the queue cannot be read; trying again", "error", err)
		}
		if err == nil && failing {
			r.log.Info("the queue can be read again")
		}
		failing = err != nil
		select {
		case <-r.stopping:
			return
		case <-r.wake:
		case <-beat.C:
		}
	}
}

// free is how many more jobs may run here.
func (r *Runner) free() int {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.options.Workers - len(r.runs)
}

// fill takes due jobs, those first that are due longest, until every worker has one: queued ones, and running ones
// whose lease has run out.
func (r *Runner) fill() error {
	query := store.Query{Kind: store.KindJob, Sort: "due_at", Limit: pageSize, WithoutBody: true, Where: []store.Filter{
		store.OneOf("status", []store.Value{store.Text(string(StatusQueued)), store.Text(string(StatusRunning))}),
		store.Less("due_at", store.Time(r.clock().Add(time.Millisecond))),
		store.OneOf("type", r.types())}}
	for r.free() > 0 {
		ctx, cancel := context.WithTimeout(context.Background(), r.options.LeaseTTL)
		page, err := r.store.List(ctx, query)
		cancel()
		if err != nil {
			return err
		}
		for _, record := range page.Records {
			if r.free() <= 0 || r.ended() {
				return nil
			}
			if err := r.take(record); err != nil {
				return err
			}
		}
		if query.After = page.Next; query.After == "" {
			return nil
		}
	}
	return nil
}

func (r *Runner) types() []store.Value {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	types := make([]store.Value, 0, len(r.handlers))
	for kind := range r.handlers {
		types = append(types, store.Text(kind))
	}
	return types
}

// take starts one job, unless somebody else is quicker or has to end first. The write that takes it is made against
// the version that was listed, so of all processes that try one succeeds.
func (r *Runner) take(listed store.Record) error {
	r.mutex.Lock()
	_, here := r.runs[listed.ID]
	r.mutex.Unlock()
	if here { // The lease was lost, and the handler that lost it has not returned yet.
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), r.options.LeaseTTL)
	defer cancel()
	if wait, err := r.blocked(ctx, listed); err != nil || wait {
		return err
	}
	now := r.clock()
	record, b, err := r.update(ctx, listed.ID, listed.Version, r.change("start"), func(b *body) error {
		r.begin(b, now)
		return nil
	})
	switch {
	case errors.Is(err, store.ErrConflict), errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrDuplicate):
		return nil
	case err != nil:
		return err
	case b.Status == StatusRunning:
		r.launch(record, b, now)
	default:
		r.log.Warn("a job whose process died was ended", "job", record.ID, "type", b.Type, "status", string(b.Status), "attempts", b.Attempts)
	}
	r.notify(record.ID)
	return nil
}

// begin starts the next attempt, or ends a job whose process died and that is not to be tried again.
func (r *Runner) begin(b *body, now time.Time) {
	switch {
	case b.Status == StatusRunning && b.CancelRequested:
		b.end(StatusCancelled, now, r.options.Retention)
	case b.Status == StatusRunning && b.Attempts >= r.options.MaxAttempts:
		b.Error = lostFailure(b.Attempts)
		b.end(StatusFailed, now, r.options.Retention)
	default:
		b.start(r.owner, now, r.options.LeaseTTL)
	}
}
