package jobs

import (
	"context"
	"encoding/json"
	"fmt"

	"zutuan/internal/permit"
	"zutuan/internal/store"
)

// Handler does the jobs of one type. What it returns becomes the job's result; a *refuse.Error tells the person what is
// wrong, any other error is a fault of the service and is told in the log only.
//
// A job runs in one place at a time and is finished once, but it may be begun several times: after a process died, from
// the newest checkpoint. What a handler does to records must therefore be repeatable.
//
// The context ends when the job is to end; context.Cause then is ErrCancelled, ErrStopping or ErrLost. A handler returns
// soon after; what it did is kept for the next attempt where it called Checkpoint.
type Handler func(ctx context.Context, task *Task) (result any, err error)

// Task is one attempt at a job, as its handler sees it.
type Task struct {
	// Job is the job as it was when the attempt began.
	Job Job
	// Input is what was submitted, as canonical JSON.
	Input json.RawMessage
	// Actor is on whose behalf the job runs, as of its submission: role and region may have changed since.
	Actor permit.Actor

	run *run
}

// Decode reads the input.
func (t *Task) Decode(into any) error { return readInput(t.Input, into) }

// Progress says how far the job is. It is cheap: watchers in this process see it at once, the store with the next beat
// (Options.PollEvery), and what comes faster than anybody looks is skipped.
func (t *Task) Progress(done, total int64, zh, en string) {
	t.run.mutex.Lock()
	t.run.body.Progress = Progress{Done: done, Total: total, Note: Note{ZH: zh, EN: en}}
	t.run.changes++
	t.run.mutex.Unlock()
	t.run.changed()
}

// Checkpoint keeps a state from which another attempt can go on. It is written with the next beat and when the process
// stops gracefully, so a process that dies loses at most the work of one beat. States beyond MaxCheckpointBytes and those
// that JSON cannot hold are refused, and the checkpoint before stays.
func (t *Task) Checkpoint(state any) error {
	text, err := store.Canonical(state)
	if err != nil {
		return fmt.Errorf("jobs: checkpoint of %s: %w", t.Job.ID, err)
	}
	if len(text) > MaxCheckpointBytes {
		return fmt.Errorf("jobs: checkpoint of %s has %d bytes; at most %d", t.Job.ID, len(text), MaxCheckpointBytes)
	}
	t.run.mutex.Lock()
	defer t.run.mutex.Unlock()
	t.run.body.Checkpoint = text
	t.run.changes++
	return nil
}

// Restore reads the newest checkpoint of this and earlier attempts; false where there is none.
func (t *Task) Restore(into any) (bool, error) {
	t.run.mutex.Lock()
	text := t.run.body.Checkpoint
	t.run.mutex.Unlock()
	if text == nil {
		return false, nil
	}
	return true, readInput(text, into)
}
