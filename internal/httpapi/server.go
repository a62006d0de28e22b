// Package httpapi answers the API that api/openapi.yaml describes. It owns everything between the socket and a use case:
// who sends a request, whether it has the described form, limits, repeats, versions, and how a refusal is written. It
// decides nothing of the trade; README.md says how an operation is added.
package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"

	"zutuan/api"
	"zutuan/internal/casework"
	"zutuan/internal/jobs"
	"zutuan/internal/lp"
	"zutuan/internal/office"
	"zutuan/internal/people"
	"zutuan/internal/store"
)

// Solver is a solver that says when it is warm.
type Solver interface {
	lp.Solver
	Ready() bool
}

// Config is what a server works with. Store, People, Jobs and Rules are needed; zero values of the rest are ready for use.
type Config struct {
	Store  store.Store
	People *people.People
	Jobs   *jobs.Runner
	// Office is the use cases over records; operations on records need it.
	Office *office.Office
	// Rules gives the rules that are in force now.
	Rules func(ctx context.Context) (*casework.Desk, error)
	// OpenID signs people in through a provider; nil where none is configured.
	OpenID OpenID
	// Solver solves plans; without one, building a plan is refused as not ready.
	Solver Solver
	Logger *slog.Logger
	// Clock tells the time; time.Now where nil. Today is the business day at midnight UTC; the clock's day in China
	// where nil.
	Clock func() time.Time
	Today func() time.Time
	// Metrics is shared with whatever else counts; New makes one where nil.
	Metrics *Metrics

	// TrustedProxies are the addresses or networks whose X-Forwarded-For and X-Forwarded-Proto are believed.
	TrustedProxies []string
	// TimeLimit bounds a request whose operation names no limit of its own; 15 s where 0.
	TimeLimit time.Duration
	// Drain is how long readyz says no before the listener closes, so that a load balancer notices; 0: not at all.
	Drain time.Duration
	// PerCaller and PerAddress bound requests; DefaultPerCaller and DefaultPerAddress where zero.
	PerCaller, PerAddress Rate
	// ComputeSlots is how many computations run at once; one for each processor where 0.
	ComputeSlots int
	// Heartbeat is the longest silence of an event stream; 15 s where 0.
	Heartbeat time.Duration
}

const (
	// bodyLimitBytes holds the largest body of any operation: a case with a ledger of funding.MaxLedgerBytes. Operations
	// that take no documents allow less (smallBodyBytes).
	bodyLimitBytes = 16 << 20
	// readTimeout and idleTimeout bound a slow sender and a silent connection; writeTimeout a slow reader.
	readTimeout  = 60 * time.Second
	idleTimeout  = 120 * time.Second
	writeTimeout = 120 * time.Second
	// maxConnections bounds open connections.
	maxConnections = 10_000
	// maxHeaderBytes bounds the request line with all headers.
	maxHeaderBytes = 16 << 10
)

func (c Config) filled() Config {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Today == nil {
		china := time.FixedZone("Asia/Shanghai", 8*60*60)
		clock := c.Clock
		c.Today = func() time.Time {
			year, month, day := clock().In(china).Date()
			return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
		}
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics()
	}
	if c.TimeLimit == 0 {
		c.TimeLimit = 15 * time.Second
	}
	if c.PerCaller == (Rate{}) {
		c.PerCaller = DefaultPerCaller
	}
	if c.PerAddress == (Rate{}) {
		c.PerAddress = DefaultPerAddress
	}
	if c.ComputeSlots == 0 {
		c.ComputeSlots = runtime.GOMAXPROCS(0)
	}
	if c.Heartbeat == 0 {
		c.Heartbeat = 15 * time.Second
	}
	return c
}

// Server answers requests until it is shut down.
type Server struct {
	config     Config
	app        *fiber.App
	operations []*operation
	metrics    *Metrics
	callers    *limiter
	addresses  *limiter
	bench      chan struct{}
	streams    atomic.Int64
	handbook   page

	// base is the parent of every request's context; stop ends what is left when a shutdown runs out of time. stopping is
	// closed when a shutdown begins: readyz says no and event streams end.
	base     context.Context
	stop     context.CancelFunc
	stopping chan struct{}
	stopOnce sync.Once
}

// New makes a server that does not listen yet.
func New(config Config) (*Server, error) {
	config = config.filled()
	document, err := api.Document()
	if err != nil {
		return nil, err
	}
	s := &Server{config: config, metrics: config.Metrics, callers: newLimiter(config.PerCaller, config.Clock), addresses: newLimiter(config.PerAddress, config.Clock),
		bench: make(chan struct{}, config.ComputeSlots), stopping: make(chan struct{})}
	if s.operations, err = readOperations(document, config.TimeLimit); err != nil {
		return nil, err
	}
	if s.handbook, err = renderHandbook(document); err != nil {
		return nil, err
	}
	s.base, s.stop = context.WithCancel(context.Background())
	s.app = s.newApp()
	s.app.Use(s.withRequestID, s.withAccessLog, s.withRecovery, s.withSecurityHeaders, s.withAddressLimit)
	routes := &routes{Router: s.app, server: s}
	// Whoever opens the address in a browser finds the way.
	s.app.Get("/", func(c *fiber.Ctx) error { return c.Redirect("/api", fiber.StatusSeeOther) })
	api.RegisterHandlers(routes, api.NewStrictHandler(handlers{s}, nil))
	if routes.err != nil {
		return nil, routes.err
	}
	if config.Jobs != nil {
		config.Jobs.Every("idempotency.sweep", time.Hour, s.SweepAnswers)
	}
	return s, nil
}

// newApp writes every option out, so that none is left to what the library thinks best.
func (s *Server) newApp() *fiber.App {
	return fiber.New(fiber.Config{
		// Immutable: what a handler keeps of a request stays as it was when the request's buffers serve the next one.
		Immutable:     true,
		CaseSensitive: true, StrictRouting: true, UnescapePath: false,
		BodyLimit: bodyLimitBytes, ReadBufferSize: maxHeaderBytes, Concurrency: maxConnections,
		ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		DisableStartupMessage: true, Prefork: false, ServerHeader: "", AppName: "",
		ErrorHandler: s.writeProblem,
		JSONEncoder:  encodeJSON,
		// Behind a proxy that is named, the client's address and protocol are what the proxy says; else the connection's.
		EnableTrustedProxyCheck: true, TrustedProxies: s.config.TrustedProxies, ProxyHeader: proxyHeader(s.config.TrustedProxies), EnableIPValidation: true,
	})
}

func proxyHeader(trusted []string) string {
	if len(trusted) == 0 {
		return ""
	}
	return fiber.HeaderXForwardedFor
}

// App is the application itself, for tests and for pages that are served beside the API.
func (s *Server) App() *fiber.App { return s.app }

// Serve answers on a listener until Shutdown.
func (s *Server) Serve(listener net.Listener) error {
	s.config.Logger.Info("listening", "address", listener.Addr().String())
	return s.app.Listener(listener)
}

// Listen answers on an address until Shutdown.
func (s *Server) Listen(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", address, err)
	}
	return s.Serve(listener)
}

// Shutdown says not ready, waits for the drain time, stops accepting, and returns when every accepted request has been
// answered. Where ctx ends first, what is left is cancelled.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stopOnce.Do(func() { close(s.stopping) })
	defer s.stop()
	if s.config.Drain > 0 {
		select {
		case <-time.After(s.config.Drain):
		case <-ctx.Done():
		}
	}
	err := s.app.ShutdownWithContext(ctx)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return fmt.Errorf("some requests were cut short: %w", err)
	}
	return err
}

// handlers implements the generated interface; its methods stand in files named after their nouns.
type handlers struct{ *Server }

var _ api.StrictServerInterface = handlers{}
