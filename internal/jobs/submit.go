package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

const (
	// MaxInputBytes and MaxCheckpointBytes leave room for each other in a record's body.
	MaxInputBytes      = 4 << 20
	MaxCheckpointBytes = 3 << 20
	// MaxKeyBytes bounds a key, so that the slot made of it can be indexed.
	MaxKeyBytes = 300
	// submitTries is how often a submission looks again after somebody else was quicker.
	submitTries = 20
)

// SubmitOptions say more about a job; all of it may be left out.
type SubmitOptions struct {
	// Key names what the job does: while one job of a type and key is queued or running, Submit returns it. Keys belong
	// to the person who submits; all system actors share theirs. The input of the job that is there stands, so whatever
	// tells inputs apart belongs into the key.
	Key string
	// Again says that a running job of the key is not enough, because it may have read what changed since: a follow-up is
	// queued that starts when it has ended. A queued one is enough. So is, always, a follow-up that waits already.
	Again bool
	// DueAt is when the job may start; at once where it is zero. Joining a queued job that is due later brings it forward.
	DueAt time.Time
	// Owner is who caused a job that a system actor submits, and may see and cancel it; nobody where empty. Jobs of people
	// are their own.
	Owner string
	// Region is where the job belongs; the actor's where empty.
	Region string
}

// Submit writes a job down to be run. joined is true where a job of the same key stands for it. Whether the actor may
// want the job is the caller's question.
//
// It refuses an actor without an account (forbidden), an input beyond MaxInputBytes (too_large), and gives up where
// others are quicker again and again (unready). A type without a handler is a fault.
func (r *Runner) Submit(ctx context.Context, by permit.Actor, kind string, input any, options SubmitOptions) (job Job, joined bool, err error) {
	b, err := r.newBody(by, kind, input, options)
	if err != nil {
		return Job{}, false, err
	}
	region := options.Region
	if region == "" {
		region = by.Region
	}
	if options.Key == "" {
		job, err = r.create(ctx, by, b, region)
		return job, false, err
	}
	name := slotName(by, kind, options.Key)
	for range submitTries {
		job, joined, again, err := r.submitOnce(ctx, by, b, region, name, options.Again)
		if err != nil || !again {
			return job, joined, err
		}
	}
	return Job{}, false, &refuse.Error{Kind: refuse.KindUnready, Code: "job_contended", RetryAfterSeconds: 1,
		ZH: "同一任务正被频繁提交，请稍后重试", EN: "the same job is being submitted by many at once; try again in a moment"}
}

func (r *Runner) newBody(by permit.Actor, kind string, input any, options SubmitOptions) (body, error) {
	if by.User == "" {
		return body{}, refuse.New(refuse.KindForbidden, "job_actor", "提交任务须有账户", "a job is submitted by an account")
	}
	if _, known := r.handler(kind); !known {
		return body{}, fmt.Errorf("jobs: type %q has no handler; register it before the first submission", kind)
	}
	if len(options.Key) > MaxKeyBytes {
		return body{}, fmt.Errorf("jobs: the key of %d bytes is longer than %d; use a hash", len(options.Key), MaxKeyBytes)
	}
	text, err := store.Canonical(input)
	if err != nil {
		return body{}, fmt.Errorf("jobs: input of %s: %w", kind, err)
	}
	if len(text) > MaxInputBytes {
		return body{}, refuse.Newf(refuse.KindTooLarge, "job_input_too_large", "任务输入过大：至多 %d MiB", "the input of the job is too large: at most %d MiB", MaxInputBytes>>20)
	}
	due := options.DueAt
	if now := r.clock(); due.Before(now) {
		due = now
	}
	b := body{Type: kind, Status: StatusQueued, Owner: by.User, DueAt: stamp(due), Actor: actor(by), Input: text}
	if by.System {
		b.Owner = options.Owner
	}
	return b, nil
}

// submitOnce joins a job of the key or claims a slot; again means that a job ended or came in between.
func (r *Runner) submitOnce(ctx context.Context, by permit.Actor, b body, region, name string, follow bool) (job Job, joined, again bool, err error) {
	if next, waits, err := r.holder(ctx, nextPrefix+name); err != nil || waits {
		return r.join(ctx, by, b, next, err)
	}
	b.Slot = livePrefix + name
	if job, err = r.create(ctx, by, b, region); !errors.Is(err, store.ErrDuplicate) {
		return job, false, false, err
	}
	live, lives, err := r.holder(ctx, b.Slot)
	if err != nil || !lives {
		return Job{}, false, err == nil, err
	}
	there, err := readBody(live)
	if err != nil {
		return Job{}, false, false, err
	}
	// What was read as queued starts after this moment, and so sees everything that the caller did before it.
	if there.Status == StatusQueued || (!follow && !there.CancelRequested) {
		return r.join(ctx, by, b, live, nil)
	}
	b.Slot = nextPrefix + name
	job, err = r.create(ctx, by, b, region)
	if errors.Is(err, store.ErrDuplicate) {
		return Job{}, false, true, nil
	}
	return job, false, false, err
}

// errUnchanged ends an update that has nothing to write.
var errUnchanged = errors.New("nothing to change")

// join returns a job that is there, after bringing it forward where the new submission is due earlier.
func (r *Runner) join(ctx context.Context, by permit.Actor, b body, found store.Record, err error) (job Job, joined, again bool, _ error) {
	if err != nil {
		return Job{}, false, false, err
	}
	there, err := readBody(found)
	if err != nil {
		return Job{}, false, false, err
	}
	if there.Status == StatusQueued && b.DueAt.Before(there.DueAt) {
		found, there, err = r.update(ctx, found.ID, 0, store.Change{Who: by.User, Action: "hasten"}, func(kept *body) error {
			if kept.Status != StatusQueued || !b.DueAt.Before(kept.DueAt) {
				return errUnchanged
			}
			kept.DueAt = b.DueAt
			return nil
		})
		// One that started meanwhile started after the caller's changes; one that is gone ended. Both are looked at anew.
		if errors.Is(err, errUnchanged) || errors.Is(err, store.ErrNotFound) {
			return Job{}, false, true, nil
		}
		if err != nil {
			return Job{}, false, false, err
		}
		r.wakeUp()
		r.notify(found.ID)
	}
	return r.overlaid(found, there), true, false, nil
}

func (r *Runner) create(ctx context.Context, by permit.Actor, b body, region string) (Job, error) {
	draft, err := b.draft(r.newID(), region)
	if err != nil {
		return Job{}, err
	}
	record, err := r.store.Create(ctx, draft, store.Change{Who: by.User, Action: "submit"})
	if err != nil {
		return Job{}, err
	}
	r.wakeUp()
	return b.view(record), nil
}

// update changes a job's body; change may run several times.
func (r *Runner) update(ctx context.Context, id string, expected int64, why store.Change, change func(*body) error) (store.Record, body, error) {
	var b body
	record, err := r.store.Update(ctx, store.KindJob, id, expected, why, func(old store.Record) (store.Draft, error) {
		var err error
		if b, err = readBody(old); err != nil {
			return store.Draft{}, err
		}
		if err = change(&b); err != nil {
			return store.Draft{}, err
		}
		return b.draft(id, old.Region)
	})
	return record, b, err
}

// validType is what a type of job may be called: it is part of slots.
func validType(kind string) bool {
	return kind != "" && len(kind) <= 60 && strings.Trim(kind, "abcdefghijklmnopqrstuvwxyz0123456789_-.") == ""
}

// readInput decodes an input or a checkpoint.
func readInput(text json.RawMessage, into any) error {
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("jobs: what was kept does not fit %T: %w", into, err)
	}
	return nil
}
