// Package service wires the parts of the service together: database, people, jobs, use cases, solver and HTTP server,
// started in the order in which they need one another and stopped in the opposite one. It decides nothing.
package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"time"

	"zutuan/internal/casework"
	"zutuan/internal/httpapi"
	"zutuan/internal/jobs"
	"zutuan/internal/lp/highs"
	"zutuan/internal/office"
	"zutuan/internal/people"
	"zutuan/internal/people/oidc"
	"zutuan/internal/permit"
	"zutuan/internal/store"
)

// Config says how the service runs. Store, Rules and Listen are needed.
type Config struct {
	Store store.Store
	Rules fs.FS
	// Listen is the address, "127.0.0.1:8080"; port 0 takes a free one.
	Listen string
	// Empty leaves out the samples and their users.
	Empty bool
	// Announce is told, once and on the first start only, the passwords that were made.
	Announce io.Writer
	Clock    func() time.Time
	Logger   *slog.Logger
	HTTP     httpapi.Config
	Jobs     jobs.Options
	People   people.Options
	// OpenID, where its issuer is given, lets people sign in through a provider.
	OpenID oidc.Config
	// SolverCache is where the solver's compiled code is kept; see highs.Config.
	SolverCache string
}

// sweepEvery is how often what has run out is cleared away: sessions, sign-in counters.
const sweepEvery = 10 * time.Minute

// Service is a running service.
type Service struct {
	config   Config
	Office   *office.Office
	People   *people.People
	Jobs     *jobs.Runner
	HTTP     *httpapi.Server
	solver   *highs.Solver
	listener net.Listener
	stop     context.CancelFunc
	served   chan error
}

// Start brings everything up and listens. What was begun before an error is taken down again.
func Start(ctx context.Context, config Config) (*Service, error) {
	s := &Service{config: config, served: make(chan error, 1)}
	if s.config.Logger == nil {
		s.config.Logger = slog.New(slog.DiscardHandler)
	}
	if s.config.Clock == nil {
		s.config.Clock = time.Now
	}
	if s.config.HTTP.Metrics == nil {
		s.config.HTTP.Metrics = httpapi.NewMetrics()
	}
	// Everybody below works with the store that counts its calls.
	s.config.Store = s.config.HTTP.Metrics.CountStore(s.config.Store)
	s.solver = highs.New(highs.Config{CacheDir: config.SolverCache})
	var background context.Context
	background, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := s.open(ctx, background); err != nil {
		s.stop()
		if s.Office != nil {
			s.Office.Wait()
		}
		return nil, errors.Join(err, s.solver.Close(ctx))
	}
	go func() { s.served <- s.HTTP.Serve(s.listener) }()
	return s, nil
}

func (s *Service) open(ctx, background context.Context) error {
	var err error
	s.Office, err = office.Open(ctx, office.Config{Store: s.config.Store, Rules: s.config.Rules, Clock: s.config.Clock, Solver: s.solver, Logger: s.config.Logger})
	if err != nil {
		return fmt.Errorf("open the office: %w", err)
	}
	s.People = people.New(s.config.Store, s.peopleOptions())
	s.Jobs = jobs.New(s.config.Store, s.config.Clock, s.jobOptions())
	if err := s.firstStart(ctx); err != nil {
		return fmt.Errorf("first start: %w", err)
	}
	s.Jobs.Every("people.sweep", sweepEvery, func(ctx context.Context) error {
		_, err := s.People.Sweep(ctx)
		return err
	})
	s.Office.Start(background, s.Jobs)
	config := s.config.HTTP
	config.Store, config.People, config.Jobs, config.Office, config.Solver = s.config.Store, s.People, s.Jobs, s.Office, s.solver
	config.Clock, config.Logger, config.Today, config.Rules = s.config.Clock, s.config.Logger, s.Office.Today, s.rules
	if s.config.OpenID.Issuer != "" {
		provider, err := oidc.New(s.People, s.config.Store, s.config.OpenID)
		if err != nil {
			return fmt.Errorf("openid: %w", err)
		}
		config.OpenID = provider
	}
	if s.HTTP, err = httpapi.New(config); err != nil {
		return fmt.Errorf("http: %w", err)
	}
	if s.listener, err = net.Listen("tcp", s.config.Listen); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	s.Jobs.Start()
	// Compiling the solver takes seconds the first time; readiness does not wait for it, building a plan does.
	go func() {
		if err := s.solver.Warm(background); err != nil && background.Err() == nil {
			s.config.Logger.Error("the solver cannot be used", "error", err)
		}
	}()
	return nil
}

func (s *Service) rules(ctx context.Context) (*casework.Desk, error) {
	edition, err := s.Office.Edition(ctx)
	if err != nil {
		return nil, err
	}
	return edition.Desk, nil
}

func (s *Service) peopleOptions() people.Options {
	options := s.config.People
	options.Clock = s.config.Clock
	options.Tree = func() *permit.Tree {
		tree, err := s.Office.Tree(context.Background())
		if err != nil {
			s.config.Logger.Error("the tree of regions cannot be read", "error", err)
			return nil
		}
		return tree
	}
	options.HasInstitution = func(ctx context.Context, id string) (bool, error) {
		_, err := s.config.Store.Get(ctx, store.KindInstitution, id)
		if errors.Is(err, store.ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	}
	return options
}

func (s *Service) jobOptions() jobs.Options {
	options := s.config.Jobs
	options.Logger = s.config.Logger
	return options
}

// Address is where the service listens.
func (s *Service) Address() string { return s.listener.Addr().String() }

// Wait returns when the HTTP server ended by itself.
func (s *Service) Wait() <-chan error { return s.served }

// Stop answers what was accepted, lets running jobs finish or puts them back, and takes everything down. What is not done
// when ctx ends is cut short.
func (s *Service) Stop(ctx context.Context) error {
	err := s.HTTP.Shutdown(ctx)
	s.stop()
	s.Office.Wait()
	return errors.Join(err, s.Jobs.Stop(ctx), s.solver.Close(ctx))
}
