package httpapi

import (
	"context"
	"io"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"zutuan/api"
	"zutuan/internal/store"
)

// Metrics counts what the service does. It is made before the store is used, so that the store's calls are counted too.
type Metrics struct {
	registry *prometheus.Registry
	inFlight prometheus.Gauge
	requests *prometheus.HistogramVec
	streams  prometheus.Gauge
	bench    prometheus.Gauge
	calls    *prometheus.HistogramVec
}

// NewMetrics makes the counters with a registry of their own.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "zutuan_http_in_flight", Help: "Requests that are being answered."}),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "zutuan_http_request_seconds", Help: "Time of requests by operation, method and status.",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 9)}, []string{"operation", "method", "status"}),
		streams: prometheus.NewGauge(prometheus.GaugeOpts{Name: "zutuan_http_streams", Help: "Event streams that are open."}),
		bench:   prometheus.NewGauge(prometheus.GaugeOpts{Name: "zutuan_computing", Help: "Computations that are under way."}),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "zutuan_store_call_seconds", Help: "Time of calls to the store by method, kind and outcome.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 4, 9)}, []string{"method", "kind", "outcome"}),
	}
	m.registry.MustRegister(m.inFlight, m.requests, m.streams, m.bench, m.calls, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Registry takes further counters, such as those of jobs.
func (m *Metrics) Registry() *prometheus.Registry { return m.registry }

func (m *Metrics) begin() { m.inFlight.Inc() }

func (m *Metrics) end(operation, method string, status int, took time.Duration) {
	m.inFlight.Dec()
	m.requests.WithLabelValues(operation, method, strconv.Itoa(status)).Observe(took.Seconds())
}

// Metrics answers in the text format of Prometheus.
func (h handlers) Metrics(context.Context, api.MetricsRequestObject) (api.MetricsResponseObject, error) {
	return metricsResponse{h.metrics.registry}, nil
}

type metricsResponse struct{ registry *prometheus.Registry }

func (m metricsResponse) VisitMetricsResponse(c *fiber.Ctx) error {
	return adaptor.HTTPHandler(promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{DisableCompression: true}))(c)
}

// CountStore counts the calls of a store.
func (m *Metrics) CountStore(counted store.Store) store.Store { return countedStore{counted, m} }

// countedStore is a store whose calls are counted and timed. What runs in the background or rarely passes through.
type countedStore struct {
	store.Store
	metrics *Metrics
}

func (s countedStore) note(method, kind string, began time.Time, err *error) {
	outcome := "done"
	if *err != nil {
		outcome = "error"
		if _, refused := (*err).(*store.Error); refused {
			outcome = "refused"
		}
	}
	s.metrics.calls.WithLabelValues(method, kind, outcome).Observe(time.Since(began).Seconds())
}

func (s countedStore) Create(ctx context.Context, draft store.Draft, change store.Change) (r store.Record, err error) {
	defer s.note("create", draft.Kind, time.Now(), &err)
	return s.Store.Create(ctx, draft, change)
}

func (s countedStore) Get(ctx context.Context, kind, id string) (r store.Record, err error) {
	defer s.note("get", kind, time.Now(), &err)
	return s.Store.Get(ctx, kind, id)
}

func (s countedStore) Update(ctx context.Context, kind, id string, expected int64, change store.Change, next func(store.Record) (store.Draft, error)) (r store.Record, err error) {
	defer s.note("update", kind, time.Now(), &err)
	return s.Store.Update(ctx, kind, id, expected, change, next)
}

func (s countedStore) Delete(ctx context.Context, kind, id string, expected int64) (err error) {
	defer s.note("delete", kind, time.Now(), &err)
	return s.Store.Delete(ctx, kind, id, expected)
}

func (s countedStore) List(ctx context.Context, query store.Query) (p store.Page, err error) {
	defer s.note("list", query.Kind, time.Now(), &err)
	return s.Store.List(ctx, query)
}

func (s countedStore) Count(ctx context.Context, kind string, where []store.Filter) (n int64, err error) {
	defer s.note("count", kind, time.Now(), &err)
	return s.Store.Count(ctx, kind, where)
}

func (s countedStore) Sum(ctx context.Context, query store.SumQuery) (g []store.Group, err error) {
	defer s.note("sum", query.Kind, time.Now(), &err)
	return s.Store.Sum(ctx, query)
}

func (s countedStore) Changes(ctx context.Context, kind string, after int64, limit int) (list []store.Stamp, err error) {
	defer s.note("changes", kind, time.Now(), &err)
	return s.Store.Changes(ctx, kind, after, limit)
}

func (s countedStore) Trail(ctx context.Context, kind, id string) (list []store.Entry, err error) {
	defer s.note("trail", kind, time.Now(), &err)
	return s.Store.Trail(ctx, kind, id)
}

func (s countedStore) Export(ctx context.Context, w io.Writer) (err error) {
	defer s.note("export", "", time.Now(), &err)
	return s.Store.Export(ctx, w)
}
