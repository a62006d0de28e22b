package jobs

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"zutuan/internal/store"
)

// Options of a runner; the zero value is the one of the service.
type Options struct {
	// Workers is how many jobs run at once in this process; 0 for as many as there are processors. A negative number runs
	// none: the process submits, cancels and watches only.
	Workers int
	// Owner names the process in records and leases; the runner makes it unique. "zutuan" where empty.
	Owner string
	// PollEvery is one beat: how often the queue is looked at, and a running job's progress written and its cancellation
	// noticed. A second where 0.
	PollEvery time.Duration
	// LeaseTTL is after how long a process that is not heard of loses its jobs; several beats, and more than the clocks of
	// the processes differ by. 30 seconds where 0.
	LeaseTTL time.Duration
	// MaxAttempts is how often a job is begun whose processes die; 3 where 0.
	MaxAttempts int
	// Retention is how long finished jobs are kept; 30 days where 0.
	Retention time.Duration
	// StopGrace is how long Stop waits for handlers that it has cancelled; 5 seconds where 0.
	StopGrace time.Duration
	// Logger gets faults; slog.Default() where nil.
	Logger *slog.Logger
	// NewID makes the ids of jobs, "job_…"; in order of time and of chance where nil.
	NewID func() string
}

func (o Options) filled() Options {
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Owner == "" {
		o.Owner = "zutuan"
	}
	if o.MaxAttempts == 0 {
		o.MaxAttempts = 3
	}
	for _, given := range []struct {
		field   *time.Duration
		usually time.Duration
	}{{&o.PollEvery, time.Second}, {&o.LeaseTTL, 30 * time.Second}, {&o.Retention, 30 * 24 * time.Hour}, {&o.StopGrace, 5 * time.Second}} {
		if *given.field == 0 {
			*given.field = given.usually
		}
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// Runner is one process's part of the queue.
type Runner struct {
	store   store.Store
	clock   func() time.Time
	options Options
	newID   func() string
	owner   string
	log     *slog.Logger
	// wake tells the poll loop that there may be something to do.
	wake chan struct{}
	// stopping is closed when no job is taken any more, stopped when everything has ended; duties end with dutyCtx.
	stopping, stopped chan struct{}
	stopOnce          sync.Once
	dutyCtx           context.Context
	endDuties         context.CancelFunc
	// runCtx is above the contexts of all handlers.
	runCtx  context.Context
	endRuns context.CancelCauseFunc
	// work counts runs, duties and the poll loop.
	work sync.WaitGroup

	mutex    sync.Mutex
	started  bool
	handlers map[string]Handler
	// runs are the jobs whose handlers have not returned yet, also those whose lease was lost.
	runs     map[string]*run
	duties   map[string]*duty
	watchers map[string]map[chan struct{}]bool
}

// New makes a runner that runs nothing until Start. clock must be the store's.
func New(records store.Store, clock func() time.Time, options Options) *Runner {
	options = options.filled()
	r := &Runner{store: records, clock: clock, options: options, newID: options.NewID, owner: options.Owner + "/" + chance(4), log: options.Logger,
		wake: make(chan struct{}, 1), stopping: make(chan struct{}), stopped: make(chan struct{}),
		handlers: map[string]Handler{}, runs: map[string]*run{}, duties: map[string]*duty{}, watchers: map[string]map[chan struct{}]bool{}}
	r.dutyCtx, r.endDuties = context.WithCancel(context.Background())
	r.runCtx, r.endRuns = context.WithCancelCause(context.Background())
	if r.newID == nil {
		r.newID = func() string { return fmt.Sprintf("job_%012x%s", clock().UnixMilli(), chance(7)) }
	}
	r.Every("jobs.purge", purgeEvery, r.purge)
	return r
}

// chance is a random text of n bytes in hexadecimal.
func chance(n int) string {
	bytes := make([]byte, n)
	_, _ = rand.Read(bytes) // It never fails; it ends the program instead.
	return hex.EncodeToString(bytes)
}

// Register names who does the jobs of a type. Every process that may be asked for a type registers it, before Start. A
// second handler of a type, or a type that is not a word, is a mistake in the program.
func (r *Runner) Register(kind string, handler Handler) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if _, twice := r.handlers[kind]; twice || !validType(kind) || handler == nil {
		panic(fmt.Sprintf("jobs: type %q has a handler already, or is not a lower-case word", kind))
	}
	r.handlers[kind] = handler
}

func (r *Runner) handler(kind string) (Handler, bool) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	handler, ok := r.handlers[kind]
	return handler, ok
}

// Start begins to take jobs and to do duties. Starting again is without effect.
func (r *Runner) Start() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.started || r.ended() {
		return
	}
	r.started = true
	for _, d := range r.duties {
		r.work.Go(func() { r.repeat(d) })
	}
	r.work.Go(r.poll)
}

// ended reports whether Stop was called.
func (r *Runner) ended() bool {
	select {
	case <-r.stopping:
		return true
	default:
		return false
	}
}

// Causes for which a handler's context ends.
var (
	// ErrCancelled: somebody cancelled the job.
	ErrCancelled = errors.New("the job was cancelled")
	// ErrStopping: the process stops; another one goes on at the checkpoint.
	ErrStopping = errors.New("the process stops")
	// ErrLost: the lease could not be prolonged; another process may be running the job.
	ErrLost = errors.New("the lease of the job was lost")
)

// Stop takes no further jobs, lets those under way finish until ctx ends, then cancels their handlers and puts the jobs
// back into the queue with their newest checkpoint. A handler that does not return within Options.StopGrace is left
// behind: its job is put back, its result will be refused, and the error says so. Watches end when Stop returns.
func (r *Runner) Stop(ctx context.Context) error {
	r.mutex.Lock()
	r.stopOnce.Do(func() { close(r.stopping) })
	r.mutex.Unlock()
	ended := make(chan struct{})
	go func() { r.work.Wait(); close(ended) }()
	err := r.wait(ctx, ended)
	r.endDuties()
	r.mutex.Lock()
	defer r.mutex.Unlock()
	select {
	case <-r.stopped:
	default:
		close(r.stopped)
	}
	return err
}

func (r *Runner) wait(ctx context.Context, ended <-chan struct{}) error {
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
	}
	r.endDuties()
	r.endRuns(ErrStopping)
	select {
	case <-ended:
		return nil
	case <-time.After(r.options.StopGrace):
	}
	var left []error
	for _, run := range r.underWay() {
		left = append(left, fmt.Errorf("jobs: the handler of %s (%s) does not end; the job was put back", run.id, run.kind))
		r.handBack(run)
	}
	return errors.Join(left...)
}

// underWay lists the runs whose handlers have not returned.
func (r *Runner) underWay() []*run {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	runs := make([]*run, 0, len(r.runs))
	for _, run := range r.runs {
		runs = append(runs, run)
	}
	return runs
}

// wakeUp lets the poll loop look now.
func (r *Runner) wakeUp() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}
