package httpapi

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"zutuan/api"
	"zutuan/internal/jobs"
)

// ListJobs lists the caller's jobs.
func (h handlers) ListJobs(ctx context.Context, request api.ListJobsRequestObject) (api.ListJobsResponseObject, error) {
	params := request.Params
	query := jobs.ListQuery{Limit: or(params.Limit), After: or(params.After), Type: or(params.Type), Statuses: or(params.Status)}
	found, err := h.config.Jobs.List(ctx, actorOf(ctx), query)
	return api.ListJobs200JSONResponse(found), err
}

// or is the zero value where nothing was given.
func or[T any](value *T) T {
	if value == nil {
		var none T
		return none
	}
	return *value
}

// GetJob shows a job.
func (h handlers) GetJob(ctx context.Context, request api.GetJobRequestObject) (api.GetJobResponseObject, error) {
	found, err := h.config.Jobs.Get(ctx, actorOf(ctx), request.Id)
	return api.GetJob200JSONResponse(found), err
}

// CancelJob asks a job to end.
func (h handlers) CancelJob(ctx context.Context, request api.CancelJobRequestObject) (api.CancelJobResponseObject, error) {
	found, err := h.config.Jobs.Cancel(ctx, actorOf(ctx), request.Id)
	return api.CancelJob200JSONResponse(found), err
}

// JobEvents follows a job.
func (h handlers) JobEvents(ctx context.Context, request api.JobEventsRequestObject) (api.JobEventsResponseObject, error) {
	actor := actorOf(ctx)
	stream, err := watch(h.Server, "job", func(ctx context.Context) (<-chan jobs.Job, error) { return h.config.Jobs.Watch(ctx, actor, request.Id) })
	if err != nil {
		return nil, err
	}
	return jobEvents{stream}, nil
}

type jobEvents struct{ *events[jobs.Job] }

func (e jobEvents) VisitJobEventsResponse(c *fiber.Ctx) error { return e.send(c) }
