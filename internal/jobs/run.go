package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

// run is one attempt in this process.
type run struct {
	id, kind string
	token    int64
	ctx      context.Context
	cancel   context.CancelCauseFunc
	// changed tells watchers that progress was made.
	changed func()

	mutex sync.Mutex
	// meta and body are the record as this process knows it, with a progress and a checkpoint that may be newer.
	meta store.Record
	body body
	// changes counts progress and checkpoints; stored is the count that the store has.
	changes, stored int64
	// renewed is when the lease was prolonged last.
	renewed time.Time
	// lost is set once the job may be somebody else's.
	lost bool
}

// outcome is how a handler ended.
type outcome struct {
	result json.RawMessage
	// failure is nil for success. crashed tells a panic, which is a failure even while the process stops.
	failure *Failure
	crashed bool
	// least says that nothing smaller can be written in its place.
	least bool
	// raw is for the log.
	raw   error
	stack string
}

// launch runs the handler of a job that was just taken.
func (r *Runner) launch(record store.Record, b body, now time.Time) {
	ctx, cancel := context.WithCancelCause(r.runCtx)
	id := record.ID
	run := &run{id: id, kind: b.Type, token: b.Token, ctx: ctx, cancel: cancel, changed: func() { r.notify(id) }, meta: record, body: b, renewed: now}
	handler, _ := r.handler(b.Type)
	task := &Task{Job: b.view(record), Input: b.Input, Actor: permit.Actor(b.Actor), run: run}
	r.mutex.Lock()
	r.runs[id] = run
	r.mutex.Unlock()
	ended := make(chan outcome, 1)
	go call(ctx, handler, task, ended)
	r.work.Go(func() { r.accompany(run, ended) })
}

// call runs a handler and tells how it ended, whatever way it takes.
func call(ctx context.Context, handler Handler, task *Task, ended chan<- outcome) {
	out := outcome{raw: errors.New("the handler ended its goroutine"), crashed: true}
	defer func() {
		if thrown := recover(); thrown != nil {
			out = outcome{raw: fmt.Errorf("panic: %v", thrown), stack: string(debug.Stack()), crashed: true}
		}
		if out.raw != nil {
			out.failure = failureOf(task.Job.ID, out.raw)
		}
		ended <- out
	}()
	result, err := handler(ctx, task)
	out = outcome{raw: err}
	if err != nil {
		return
	}
	if out.result, out.raw = store.Canonical(result); len(out.result) > store.MaxBodyBytes {
		out = outcome{raw: tooLarge()}
	}
}

// tooLarge is the refusal of a result that the store cannot keep.
func tooLarge() error {
	f := tooLargeFailure()
	return refuse.New(f.Kind, f.Code, f.ZH, f.EN)
}

// accompany keeps the lease of a run until its handler returns, and writes what came of it.
func (r *Runner) accompany(run *run, ended <-chan outcome) {
	beat := time.NewTicker(min(r.options.PollEvery, r.options.LeaseTTL/3))
	defer beat.Stop()
	for {
		select {
		case out := <-ended:
			r.settle(run, out)
			run.cancel(nil)
			r.drop(run)
			return
		case <-beat.C:
			r.tend(run)
		}
	}
}

// drop forgets a run whose handler has returned.
func (r *Runner) drop(run *run) {
	r.mutex.Lock()
	delete(r.runs, run.id)
	r.mutex.Unlock()
	r.notify(run.id)
	r.wakeUp()
}

// room is how long the lease may still be relied on: a sixth of it is kept back for clocks that differ and for a
// handler that takes a while to notice.
func (r *Runner) room(run *run) time.Duration {
	run.mutex.Lock()
	defer run.mutex.Unlock()
	return r.options.LeaseTTL - r.options.LeaseTTL/6 - r.clock().Sub(run.renewed)
}

// tend prolongs a lease where a third of it is over or there is something to write, and else looks only, so that a
// cancellation or a loss is noticed within a beat.
func (r *Runner) tend(run *run) {
	run.mutex.Lock()
	lost, write := run.lost, run.changes > run.stored || r.clock().Sub(run.renewed) >= r.options.LeaseTTL/3
	run.mutex.Unlock()
	if lost {
		return
	}
	room := r.room(run)
	if room <= 0 {
		r.lose(run, errors.New("it could not be prolonged in time"))
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), room)
	defer cancel()
	var err error
	if write {
		err = r.renew(ctx, run)
	} else {
		err = r.look(ctx, run)
	}
	if errors.Is(err, ErrLost) || errors.Is(err, store.ErrNotFound) {
		r.lose(run, err)
	} else if err != nil {
		r.log.Warn("the lease of a job could not be looked after; trying again", "job", run.id, "error", err)
	}
}

// held refuses to touch a record that is not this run's any more.
func (run *run) held(b *body) error {
	if b.Status != StatusRunning || b.Token != run.token {
		return ErrLost
	}
	return nil
}

// renew prolongs the lease and writes progress and checkpoint with it.
func (r *Runner) renew(ctx context.Context, run *run) error {
	now := r.clock()
	run.mutex.Lock()
	progress, checkpoint, changes := run.body.Progress, run.body.Checkpoint, run.changes
	run.mutex.Unlock()
	record, b, err := r.update(ctx, run.id, 0, r.change("beat"), func(b *body) error {
		b.Progress, b.Checkpoint, b.DueAt = progress, checkpoint, stamp(now.Add(r.options.LeaseTTL))
		return run.held(b)
	})
	if err != nil {
		return err
	}
	run.mutex.Lock()
	run.renewed, run.stored = now, changes
	run.mutex.Unlock()
	r.learn(run, record, b)
	return nil
}

func (r *Runner) look(ctx context.Context, run *run) error {
	record, err := r.store.Get(ctx, store.KindJob, run.id)
	if err != nil {
		return err
	}
	b, err := readBody(record)
	if err == nil {
		err = run.held(&b)
	}
	if err != nil {
		return err
	}
	r.learn(run, record, b)
	return nil
}

// learn takes over what the record says, but for what the handler has told since, and passes a cancellation on.
func (r *Runner) learn(run *run, record store.Record, b body) {
	run.mutex.Lock()
	newer := record.Version > run.meta.Version
	news := newer && b.CancelRequested != run.body.CancelRequested
	if newer {
		b.Progress, b.Checkpoint = run.body.Progress, run.body.Checkpoint
		run.meta, run.body = record, b
	}
	run.mutex.Unlock()
	if b.CancelRequested {
		run.cancel(ErrCancelled)
	}
	if news {
		run.changed()
	}
}

// lose ends a run whose job may be somebody else's from now on.
func (r *Runner) lose(run *run, why error) {
	run.mutex.Lock()
	run.lost = true
	run.mutex.Unlock()
	run.cancel(ErrLost)
	r.log.Warn("the lease of a job was lost; its handler is told to end", "job", run.id, "type", run.kind, "error", why)
	run.changed()
}

// view is the job as its run knows it; ok is false where another process may know better.
func (run *run) view() (job Job, ok bool) {
	run.mutex.Lock()
	defer run.mutex.Unlock()
	return run.body.view(run.meta), !run.lost
}
