package jobs

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"zutuan/internal/store"
)

// duty is something that is done again and again, by one process at a time.
type duty struct {
	name     string
	interval time.Duration
	do       func(context.Context) error
	// times is how often this process asked for it: each time under another name, so that the lease which stands until
	// the next time is due holds off the process that took it as well.
	times int
}

// Every does something once in an interval, in one of all the processes: whoever takes the lease of the name does it, and
// the lease stands until the next time is due. It begins with Start, the first time at once. A process that dies in the
// middle is replaced when its lease has run out. An error or a panic is logged, and the next time comes as usual. The
// context ends when the lease is lost and when Stop has waited long enough. A name is given once.
func (r *Runner) Every(name string, interval time.Duration, do func(context.Context) error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if _, twice := r.duties[name]; twice || name == "" || interval < time.Millisecond || do == nil {
		panic(fmt.Sprintf("jobs: duty %q is there already, or has no name or interval", name))
	}
	d := &duty{name: name, interval: interval, do: do}
	r.duties[name] = d
	if r.started && !r.ended() {
		r.work.Go(func() { r.repeat(d) })
	}
}

// repeat does a duty until the runner stops.
func (r *Runner) repeat(d *duty) {
	for !r.ended() {
		pause := time.NewTimer(r.once(d))
		select {
		case <-r.stopping:
		case <-pause.C:
		}
		pause.Stop()
	}
}

// once does the duty if nobody else does, and returns how long to wait before looking again.
func (r *Runner) once(d *duty) (wait time.Duration) {
	begun := r.clock()
	d.times++
	lease, err := r.store.Acquire(r.dutyCtx, "every/"+d.name, fmt.Sprintf("%s/%d", r.owner, d.times), r.options.LeaseTTL)
	var held *store.Error
	if errors.As(err, &held) && held.Code == store.CodeHeld {
		return min(max(held.Until.Sub(begun), time.Millisecond), d.interval)
	}
	if err != nil {
		if r.dutyCtx.Err() == nil {
			r.log.Warn("a duty could not be taken; trying again", "duty", d.name, "error", err)
		}
		return min(d.interval, r.options.LeaseTTL)
	}
	ctx, cancel := context.WithCancelCause(r.dutyCtx)
	defer cancel(nil)
	ended := make(chan error, 1)
	go func() { ended <- r.perform(ctx, d) }()
	lease = r.keep(lease, ended, cancel)
	return r.rest(d, lease, begun)
}

// perform does the duty once and logs what goes wrong.
func (r *Runner) perform(ctx context.Context, d *duty) (err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			err = fmt.Errorf("panic: %v", thrown)
			r.log.Error("a duty panicked", "duty", d.name, "error", err, "stack", string(debug.Stack()))
		}
	}()
	if err = d.do(ctx); err != nil && ctx.Err() == nil {
		r.log.Error("a duty failed", "duty", d.name, "error", err)
	}
	return err
}

// keep prolongs the lease until the duty is done; a lease that is lost ends the duty.
func (r *Runner) keep(lease store.Lease, ended <-chan error, cancel context.CancelCauseFunc) store.Lease {
	beat := time.NewTicker(r.options.LeaseTTL / 3)
	defer beat.Stop()
	for {
		select {
		case <-ended:
			return lease
		case <-beat.C:
		}
		ctx, done := context.WithTimeout(context.Background(), r.options.LeaseTTL/3)
		renewed, err := r.store.Renew(ctx, lease, r.options.LeaseTTL)
		done()
		if err == nil {
			lease = renewed
		} else if errors.Is(err, store.ErrHeld) || !r.clock().Add(r.options.LeaseTTL/3).Before(lease.Expires) {
			r.log.Warn("the lease of a duty was lost", "lease", lease.Name, "error", err)
			cancel(ErrLost)
		}
	}
}

// rest lets the lease stand until the duty is due again, so that no other process does it before; a duty that was cut
// short by a stop is free for others at once.
func (r *Runner) rest(d *duty, lease store.Lease, begun time.Time) time.Duration {
	ctx, cancel := context.WithTimeout(context.Background(), r.options.LeaseTTL)
	defer cancel()
	left := d.interval - r.clock().Sub(begun)
	var err error
	if left < time.Millisecond || r.dutyCtx.Err() != nil {
		left = time.Millisecond
		err = r.store.Release(ctx, lease)
	} else {
		_, err = r.store.Renew(ctx, lease, left)
	}
	if err != nil {
		r.log.Warn("the lease of a duty could not be set down", "duty", d.name, "error", err)
	}
	return left
}
