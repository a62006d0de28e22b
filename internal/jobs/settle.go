package jobs

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"zutuan/internal/store"
)

// settleWait is the pause before a final write that failed is made again.
const settleWait = 200 * time.Millisecond

// settle writes what became of a run, if the job is still its own. It tries for as long as the lease can be relied on;
// where the store stays away longer, the job is begun again by whoever finds the lease run out.
func (r *Runner) settle(run *run, out outcome) {
	run.mutex.Lock()
	lost := run.lost
	run.mutex.Unlock()
	if lost && out.failure != nil { // What a handler says after it was told to end by a loss means nothing.
		r.log.Warn("a job whose lease was lost ended here", "job", run.id, "type", run.kind, "error", out.raw)
		return
	}
	for {
		ctx, cancel := context.WithTimeout(context.Background(), max(r.room(run), settleWait))
		_, b, err := r.update(ctx, run.id, 0, r.change("end"), func(b *body) error {
			if err := run.held(b); err != nil {
				return err
			}
			r.conclude(run, b, out)
			return nil
		})
		cancel()
		switch {
		case err == nil:
			r.tell(run, b, out)
			return
		case errors.Is(err, ErrLost), errors.Is(err, store.ErrNotFound):
			r.log.Warn("the result of a job was refused: the lease was lost", "job", run.id, "type", run.kind)
			return
		case (errors.Is(err, store.ErrTooLarge) || errors.Is(err, store.ErrInvalid)) && !out.least:
			out = out.smaller(run.id, err)
			continue
		}
		r.log.Warn("the end of a job could not be written", "job", run.id, "error", err)
		if lost || r.room(run) <= settleWait {
			return
		}
		time.Sleep(settleWait)
	}
}

// smaller is the outcome that can be kept in place of one that the store refused: of a failure its text without the
// points, and of a result that there is none.
func (out outcome) smaller(id string, refused error) outcome {
	switch {
	case out.failure == nil && errors.Is(refused, store.ErrTooLarge):
		return outcome{failure: tooLargeFailure(), raw: refused}
	case out.failure != nil && out.failure.Points != nil:
		short := *out.failure
		short.Points = nil
		return outcome{failure: &short, raw: out.raw, crashed: out.crashed, stack: out.stack}
	}
	return outcome{failure: failureOf(id, refused), raw: refused, crashed: true, least: true}
}

// conclude gives the job the status that the outcome means.
func (r *Runner) conclude(run *run, b *body, out outcome) {
	now, retention := r.clock(), r.options.Retention
	r.keepNewest(run, b)
	stopping := errors.Is(context.Cause(run.ctx), ErrStopping)
	switch {
	case out.failure == nil:
		// The result takes the room of the input, so that it may be as large as a body.
		b.Result, b.Input = out.result, nil
		b.end(StatusDone, now, retention)
	case b.CancelRequested && !out.crashed:
		b.end(StatusCancelled, now, retention)
	case stopping && !out.crashed:
		b.requeue(now)
	default:
		b.Error = out.failure
		b.end(StatusFailed, now, retention)
	}
}

// keepNewest takes over what the handler told last.
func (r *Runner) keepNewest(run *run, b *body) {
	run.mutex.Lock()
	defer run.mutex.Unlock()
	b.Progress, b.Checkpoint = run.body.Progress, run.body.Checkpoint
}

// handBack puts the job of a handler that does not end back into the queue.
func (r *Runner) handBack(run *run) {
	ctx, cancel := context.WithTimeout(context.Background(), r.options.StopGrace)
	defer cancel()
	_, _, err := r.update(ctx, run.id, 0, r.change("hand back"), func(b *body) error {
		if err := run.held(b); err != nil {
			return err
		}
		if b.CancelRequested {
			b.end(StatusCancelled, r.clock(), r.options.Retention)
			return nil
		}
		r.keepNewest(run, b)
		b.requeue(r.clock())
		return nil
	})
	if err != nil && !errors.Is(err, ErrLost) {
		r.log.Warn("a job could not be put back; it is taken up when its lease has run out", "job", run.id, "error", err)
	}
	run.mutex.Lock()
	run.lost = true
	run.mutex.Unlock()
	r.notify(run.id)
}

// tell writes the log line of an ended run; the text of a fault stands nowhere else.
func (r *Runner) tell(run *run, b body, out outcome) {
	level := slog.LevelInfo
	attributes := []any{"job", run.id, "type", run.kind, "status", string(b.Status), "owner", b.Owner, "attempts", b.Attempts}
	if b.Status == StatusFailed {
		if b.Error.Code == FaultInternal {
			level = slog.LevelError
		}
		attributes = append(attributes, "error", out.raw)
		if out.stack != "" {
			attributes = append(attributes, "stack", out.stack)
		}
	}
	r.log.Log(context.Background(), level, "a job ended", attributes...)
}
