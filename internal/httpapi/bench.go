package httpapi

import (
	"context"
)

// compute runs work that knows no context: the deciders are pure and end by themselves. It waits for a place as long as the
// request may take, and returns when the request ends; the work then finishes unheard and keeps its place until it has, so
// that there are never more at once than there are places.
func compute[T any](ctx context.Context, s *Server, work func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	var none T
	select {
	case s.bench <- struct{}{}:
	case <-ctx.Done():
		return none, retryLater("busy", "计算任务过多，请稍后再试", "too much is being computed; try again later", 10)
	}
	done := make(chan outcome, 1)
	s.metrics.bench.Inc()
	go func() {
		var out outcome
		defer func() {
			if cause := recover(); cause != nil {
				out.err = panicError(cause)
			}
			s.metrics.bench.Dec()
			<-s.bench
			done <- out
		}()
		out.value, out.err = work()
	}()
	select {
	case out := <-done:
		return out.value, out.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}
