package jobs

import (
	"context"
	"errors"
	"time"

	"zutuan/internal/store"
)

const (
	// purgeEvery and purgeMost bound the work of one time: a hundred thousand jobs a day go, a hundred writes a minute.
	purgeEvery = time.Minute
	purgeMost  = 100
)

// purge removes finished jobs whose retention is over, the oldest first.
func (r *Runner) purge(ctx context.Context) error {
	left := purgeMost
	for _, status := range Statuses {
		if !status.Final() || left == 0 {
			continue
		}
		page, err := r.store.List(ctx, store.Query{Kind: store.KindJob, Sort: "due_at", Limit: left, WithoutBody: true, Where: []store.Filter{
			store.Equal("status", store.Text(string(status))), store.Less("due_at", store.Time(r.clock()))}})
		if err != nil {
			return err
		}
		left -= len(page.Records)
		for _, record := range page.Records {
			err := r.store.Delete(ctx, store.KindJob, record.ID, record.Version)
			if err != nil && !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrConflict) {
				return err
			}
		}
	}
	return nil
}
