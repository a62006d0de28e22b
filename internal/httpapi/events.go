package httpapi

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/gofiber/fiber/v2"
)

const (
	// maxStreams bounds event streams: each holds a connection and a goroutine.
	maxStreams = 1000
	// streamLife is after how long a stream ends, so that whoever lost the right to it is asked again; clients reconnect
	// by themselves.
	streamLife = 30 * time.Minute
)

// events is an answer that goes on: an event for each value that comes, a comment where nothing came for a while. It ends
// when the values end, when the client has gone, after streamLife, and when the server stops.
type events[T any] struct {
	server *Server
	name   string
	values <-chan T
	// end frees what the values need.
	end context.CancelFunc
}

// watch opens a stream: from starts the values, and its refusal is the answer instead.
func watch[T any](s *Server, name string, from func(ctx context.Context) (<-chan T, error)) (*events[T], error) {
	if s.isStopping() || s.streams.Load() >= maxStreams {
		return nil, retryLater("no_stream", "事件流过多或服务即将停止，请稍后再试，或改用轮询", "there are too many event streams, or the service is stopping; try later, or poll", 10)
	}
	ctx, cancel := context.WithTimeout(s.base, streamLife)
	values, err := from(ctx)
	if err != nil {
		cancel()
		return nil, err
	}
	return &events[T]{server: s, name: name, values: values, end: cancel}, nil
}

func (e *events[T]) send(c *fiber.Ctx) error {
	c.Status(http.StatusOK)
	c.Set(fiber.HeaderContentType, "text/event-stream")
	c.Set("X-Accel-Buffering", "no") // a proxy must not collect events
	conn := c.Context().Conn()
	e.server.streams.Add(1)
	e.server.metrics.streams.Inc()
	c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
		defer func() {
			e.end()
			e.server.streams.Add(-1)
			e.server.metrics.streams.Dec()
		}()
		e.run(w, func() { _ = conn.SetWriteDeadline(time.Now().Add(e.server.config.Heartbeat + writeTimeout)) })
	})
	return nil
}

// run writes until something ends the stream; prolong gives the connection time for the next write.
func (e *events[T]) run(w *bufio.Writer, prolong func()) {
	beat := time.NewTicker(e.server.config.Heartbeat)
	defer beat.Stop()
	for {
		text := ": alive\n\n"
		select {
		case value, more := <-e.values:
			if !more {
				return
			}
			data, err := encodeJSON(value)
			if err != nil {
				e.server.config.Logger.Error("an event cannot be written", "error", err.Error())
				return
			}
			text = fmt.Sprintf("event: %s\ndata: %s\n\n", e.name, data)
			beat.Reset(e.server.config.Heartbeat)
		case <-beat.C:
		case <-e.server.stopping:
			return
		}
		prolong()
		if _, err := w.WriteString(text); err != nil || w.Flush() != nil {
			return
		}
	}
}
