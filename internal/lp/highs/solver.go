package highs

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// Config says where compiled code is kept and how many solves run at once. The zero value is right for a server.
type Config struct {
	// CacheDir holds, in a folder "highs-wasm-…" of its own, the module's machine code (20 MB), which turns 2.5 s of
	// compiling into some 0.1 s at the next start. What lies there is executed: it must be writable by nobody
	// else. "" means <user cache>/zutuan, and where that cannot be made, no cache. NoCache switches it off.
	CacheDir string
	NoCache  bool
	// Instances is how many solves may run at the same time, each with 20 to 35 MiB of its own; others wait. 0 means
	// one for each processor.
	Instances int
}

const (
	// memoryLimitPages gives one instance at most 1 GiB. The largest plans use 40 MiB; a model that needs more than
	// this fails with ErrAborted and harms nobody else.
	memoryLimitPages = 16384
	// keepBytes is the size above which an instance is closed after use rather than kept: memory never shrinks.
	keepBytes = 256 << 20
)

// ErrClosed is returned after Close.
var ErrClosed = errors.New("the solver is closed")

// Solver runs HiGHS. It is safe for concurrent use. The module is compiled once, at the first solve or by Warm.
type Solver struct {
	config Config
	load   func() ([]byte, error)
	slots  chan struct{}

	compile  sync.Once
	compiled chan struct{} // closed when the next five fields are final
	failure  error
	cache    wazero.CompilationCache // nil where there is none
	runtime  wazero.Runtime
	module   wazero.CompiledModule

	cacheFolder string

	mutex  sync.Mutex
	idle   []*instance
	closed bool
}

// New returns a solver. It costs nothing until the first solve; call Warm to have the module ready before that.
func New(config Config) *Solver {
	if config.Instances <= 0 {
		config.Instances = runtime.GOMAXPROCS(0)
	}
	return &Solver{
		config: config, load: embeddedModule,
		slots: make(chan struct{}, config.Instances), compiled: make(chan struct{}),
	}
}

// Warm compiles the module and returns when that is done or ctx has ended; compiling goes on in the background in
// the latter case. Errors: ErrModule with a sentence for people, or the cache directory cannot be used.
func (s *Solver) Warm(ctx context.Context) error {
	s.compile.Do(func() {
		go func() {
			defer close(s.compiled)
			s.failure = s.prepare(context.WithoutCancel(ctx))
		}()
	})
	select {
	case <-s.compiled:
		return s.failure
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Ready reports whether a solve would start without compiling first. It never waits.
func (s *Solver) Ready() bool {
	select {
	case <-s.compiled:
		return s.failure == nil
	default:
		return false
	}
}

func (s *Solver) prepare(ctx context.Context) error {
	binary, err := s.load()
	if err != nil {
		return err
	}
	if s.cache, err = s.openCache(); err != nil {
		return err
	}
	if err = s.build(ctx, binary); err != nil && s.cache != nil {
		// The module itself is good; perhaps the disk is full. Do without the cache.
		_ = s.runtime.Close(ctx)
		_ = s.cache.Close(ctx)
		s.cache = nil
		err = s.build(ctx, binary)
	}
	if err == nil && s.cache != nil {
		seal(s.cacheFolder)
	}
	return err
}

func (s *Solver) build(ctx context.Context, binary []byte) (err error) {
	config := wazero.NewRuntimeConfig().
		WithCoreFeatures(api.CoreFeaturesV2).
		WithMemoryLimitPages(memoryLimitPages).
		WithDebugInfoEnabled(false).
		WithCloseOnContextDone(false) // see errStopped
	if s.cache != nil {
		config = config.WithCompilationCache(s.cache)
	}
	s.runtime = wazero.NewRuntimeWithConfig(ctx, config)
	if s.module, err = s.runtime.CompileModule(ctx, binary); err != nil {
		return fmt.Errorf("compile highs.wasm: %w", err)
	}
	return linkHost(ctx, s.runtime, s.module)
}

// Close frees everything. Solves in progress end first; later ones get ErrClosed.
func (s *Solver) Close(ctx context.Context) error {
	for range cap(s.slots) {
		select {
		case s.slots <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.mutex.Lock()
	s.closed, s.idle = true, nil
	s.mutex.Unlock()
	for range cap(s.slots) {
		<-s.slots
	}
	s.compile.Do(func() { s.failure = ErrClosed; close(s.compiled) })
	<-s.compiled
	if s.runtime == nil {
		return nil
	}
	err := s.runtime.Close(ctx)
	if s.cache != nil {
		err = errors.Join(err, s.cache.Close(ctx))
	}
	return err
}

// use runs work with an instance of its own that holds a fresh Highs object. An instance in which anything failed is
// thrown away, since nobody knows in what state the C++ code left it.
func (s *Solver) use(ctx context.Context, work func(*instance) error) error {
	if err := s.Warm(ctx); err != nil {
		return err
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	in, err := s.take(ctx)
	if err != nil {
		return err
	}
	err = in.begin(ctx)
	if err == nil {
		err = work(in)
	}
	if err == nil {
		err = in.end(ctx)
	}
	if err != nil || in.module.Memory().Size() > keepBytes {
		_ = in.module.Close(context.WithoutCancel(ctx))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	}
	s.mutex.Lock()
	s.idle = append(s.idle, in)
	s.mutex.Unlock()
	return ctx.Err()
}

func (s *Solver) take(ctx context.Context) (*instance, error) {
	s.mutex.Lock()
	if s.closed {
		s.mutex.Unlock()
		return nil, ErrClosed
	}
	if last := len(s.idle) - 1; last >= 0 {
		in := s.idle[last]
		s.idle = s.idle[:last]
		s.mutex.Unlock()
		return in, nil
	}
	s.mutex.Unlock()
	module, err := s.runtime.InstantiateModule(ctx, s.module, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		return nil, fmt.Errorf("instantiate highs.wasm: %w", err)
	}
	in, err := newInstance(ctx, module)
	if err != nil {
		_ = module.Close(ctx)
		return nil, err
	}
	return in, nil
}
