package jobs

import (
	"encoding/json"
	"fmt"
	"time"

	"zutuan/internal/permit"
	"zutuan/internal/store"
)

// body is a job as the store keeps it. The lease is part of it, so that taking a job, prolonging the lease and writing
// the result each are one write of one record that the store does completely or not at all.
type body struct {
	Type   string `json:"type"`
	Status Status `json:"status"`
	Owner  string `json:"owner,omitempty"`
	// Slot is what the job's key claims (see slots.go).
	Slot string `json:"slot,omitempty"`
	// DueAt is when somebody has to look at the job: a queued one may start then, the lease of a running one ends then,
	// a finished one is removed then.
	DueAt      time.Time       `json:"due_at"`
	Actor      actor           `json:"actor"`
	Input      json.RawMessage `json:"input,omitempty"`
	Progress   Progress        `json:"progress"`
	Checkpoint json.RawMessage `json:"checkpoint,omitempty"`
	StartedAt  time.Time       `json:"started_at,omitzero"`
	FinishedAt time.Time       `json:"finished_at,omitzero"`
	Attempts   int             `json:"attempts"`
	// Token grows with every start. A write of a run that names another one than the record is refused, so a process that
	// was taken for dead cannot overwrite what its successor did.
	Token int64 `json:"token"`
	// Runner is the process that holds the lease, or held it last.
	Runner          string          `json:"runner,omitempty"`
	CancelRequested bool            `json:"cancel_requested,omitempty"`
	Result          json.RawMessage `json:"result,omitempty"`
	Error           *Failure        `json:"error,omitempty"`
}

// actor is on whose behalf a job runs, as of its submission.
type actor struct {
	User        string      `json:"user"`
	Name        string      `json:"name,omitempty"`
	Role        permit.Role `json:"role,omitempty"`
	Region      string      `json:"region,omitempty"`
	Institution string      `json:"institution,omitempty"`
	System      bool        `json:"system,omitempty"`
}

// stamp is a moment as bodies keep it: UTC, to the millisecond.
func stamp(moment time.Time) time.Time { return moment.UTC().Truncate(time.Millisecond) }

func readBody(record store.Record) (body, error) {
	var b body
	if err := json.Unmarshal(record.Body, &b); err != nil {
		return b, fmt.Errorf("job %s cannot be read: %w", record.ID, err)
	}
	return b, nil
}

// draft is the body with the index part that belongs to it.
func (b body) draft(id, region string) (store.Draft, error) {
	text, err := store.Canonical(b)
	if err != nil {
		return store.Draft{}, err
	}
	fields := store.Fields{"slot": store.Text(b.Slot), "status": store.Text(string(b.Status)), "type": store.Text(b.Type), "owner": store.Text(b.Owner), "due_at": store.Time(b.DueAt)}
	return store.Draft{Kind: store.KindJob, ID: id, Region: region, Fields: fields, Body: text}, nil
}

// view is the job as people see it; meta gives what the store adds.
func (b body) view(meta store.Record) Job {
	return Job{ID: meta.ID, Type: b.Type, Status: b.Status, Progress: b.Progress, CreatedAt: meta.Created, StartedAt: b.StartedAt, FinishedAt: b.FinishedAt, Owner: b.Owner,
		Region: meta.Region, Result: b.Result, Error: b.Error, Attempts: b.Attempts, CancelRequested: b.CancelRequested, Version: meta.Version}
}

// start gives the job to a process until the lease ends.
func (b *body) start(runner string, now time.Time, lease time.Duration) {
	b.Status, b.Runner, b.StartedAt, b.DueAt = StatusRunning, runner, stamp(now), stamp(now.Add(lease))
	b.Slot = liveSlot(b.Slot)
	b.Attempts++
	b.Token++
}

// requeue puts a job that was interrupted back, for anybody to go on with at its checkpoint. It did not die, so the
// attempt does not count.
func (b *body) requeue(now time.Time) {
	b.Status, b.DueAt = StatusQueued, stamp(now)
	b.Attempts--
}

// end gives the job a final status and its slot back; the record is removed after the retention.
func (b *body) end(status Status, now time.Time, retention time.Duration) {
	b.Status, b.FinishedAt, b.DueAt = status, stamp(now), stamp(now.Add(retention))
	b.Slot, b.Checkpoint = "", nil
}
