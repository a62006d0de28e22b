package jobs

import (
	"context"
	"errors"

	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

// Get reads one job. A job of somebody else is unknown, as is one that does not exist.
func (r *Runner) Get(ctx context.Context, by permit.Actor, id string) (Job, error) {
	record, b, err := r.read(ctx, id)
	if errors.Is(err, store.ErrNotFound) || (err == nil && !may(by, permit.OperationJobRead, record, b)) {
		return Job{}, refuse.Unknown(store.KindJob, id)
	}
	if err != nil {
		return Job{}, err
	}
	return r.overlaid(record, b), nil
}

func may(by permit.Actor, operation permit.Operation, record store.Record, b body) bool {
	return permit.May(nil, by, operation, permit.Subject{Owner: b.Owner, Region: record.Region})
}

func (r *Runner) read(ctx context.Context, id string) (store.Record, body, error) {
	record, err := r.store.Get(ctx, store.KindJob, id)
	if err != nil {
		return store.Record{}, body{}, err
	}
	b, err := readBody(record)
	return record, b, err
}

// overlaid is a job with the progress to the moment, where it runs here.
func (r *Runner) overlaid(record store.Record, b body) Job {
	job := b.view(record)
	if live, ok := r.live(record.ID); ok && b.Status == StatusRunning && live.StartedAt.Equal(job.StartedAt) && live.Attempts == job.Attempts {
		job.Progress = live.Progress
	}
	return job
}

// live is a job that runs in this process, without asking the store.
func (r *Runner) live(id string) (Job, bool) {
	r.mutex.Lock()
	run, here := r.runs[id]
	r.mutex.Unlock()
	if !here {
		return Job{}, false
	}
	return run.view()
}

// ListQuery asks for a page of jobs, newest first.
type ListQuery struct {
	// Statuses narrows to some; all where empty. Type narrows to one; all where empty.
	Statuses []Status
	Type     string
	// Limit is at most store.MaxLimit; store.DefaultLimit where 0. After is the Next of the page before.
	Limit int
	After string
}

// Page is one page of jobs; Next is empty on the last one.
type Page struct {
	Jobs []Job  `json:"items"`
	Next string `json:"next,omitempty"`
}

// List reads a page of the jobs that the actor may see: a person's own ones, and all of them for the service itself. A
// limit or a cursor that does not fit the query is invalid.
func (r *Runner) List(ctx context.Context, by permit.Actor, asked ListQuery) (Page, error) {
	query := store.Query{Kind: store.KindJob, Sort: store.FieldCreated, Descending: true, Limit: asked.Limit, After: asked.After}
	if !by.System && permit.ScopeOf(by.Role, permit.OperationJobRead) != permit.ScopeAll {
		if !may(by, permit.OperationJobRead, store.Record{}, body{Owner: by.User}) {
			return Page{}, refuse.New(refuse.KindForbidden, "job_read", "您无权查看任务", "you may not see jobs")
		}
		query.Where = append(query.Where, store.Equal("owner", store.Text(by.User)))
	}
	if len(asked.Statuses) > 0 {
		var values []store.Value
		for _, status := range asked.Statuses {
			values = append(values, store.Text(string(status)))
		}
		query.Where = append(query.Where, store.OneOf("status", values))
	}
	if asked.Type != "" {
		query.Where = append(query.Where, store.Equal("type", store.Text(asked.Type)))
	}
	found, err := r.store.List(ctx, query)
	var told *store.Error
	if errors.As(err, &told) && (told.Code == store.CodeCursor || told.Code == store.CodeInvalid) {
		return Page{}, refuse.New(refuse.KindInvalid, string(told.Code), told.ZH, told.EN)
	}
	if err != nil {
		return Page{}, err
	}
	page := Page{Jobs: make([]Job, 0, len(found.Records)), Next: found.Next}
	for _, record := range found.Records {
		b, err := readBody(record)
		if err != nil {
			return Page{}, err
		}
		page.Jobs = append(page.Jobs, r.overlaid(record, b))
	}
	return page, nil
}

// Cancel ends a queued job at once and asks a running one to end: its handler's context ends now where it runs in this
// process, and within a beat in another. It refuses a job that has ended (conflict, code job_finished); cancelling
// again is without effect.
func (r *Runner) Cancel(ctx context.Context, by permit.Actor, id string) (Job, error) {
	record, b, err := r.read(ctx, id)
	if errors.Is(err, store.ErrNotFound) || (err == nil && !may(by, permit.OperationJobRead, record, b)) {
		return Job{}, refuse.Unknown(store.KindJob, id)
	}
	if err != nil {
		return Job{}, err
	}
	if !may(by, permit.OperationJobCancel, record, b) {
		return Job{}, refuse.New(refuse.KindForbidden, "job_cancel", "您无权取消该任务", "you may not cancel this job")
	}
	record, b, err = r.update(ctx, id, 0, store.Change{Who: by.User, Action: "cancel"}, func(b *body) error { return r.cancelled(id, b) })
	switch {
	case errors.Is(err, errUnchanged):
		return r.Get(ctx, by, id)
	case errors.Is(err, store.ErrNotFound):
		return Job{}, refuse.Unknown(store.KindJob, id)
	case err != nil:
		return Job{}, err
	}
	r.mutex.Lock()
	run, here := r.runs[id]
	r.mutex.Unlock()
	if here && run.held(&b) == nil {
		r.learn(run, record, b)
	}
	r.notify(id)
	r.wakeUp() // A follow-up may have waited for this one.
	return r.overlaid(record, b), nil
}

func (r *Runner) cancelled(id string, b *body) error {
	switch {
	case b.Status == StatusQueued:
		b.CancelRequested = true
		b.end(StatusCancelled, r.clock(), r.options.Retention)
	case b.Status == StatusRunning && b.CancelRequested:
		return errUnchanged
	case b.Status == StatusRunning:
		b.CancelRequested = true
	default:
		return refuse.Newf(refuse.KindConflict, "job_finished", "任务 %s 已结束，无法取消", "job %s has ended and cannot be cancelled", id)
	}
	return nil
}
