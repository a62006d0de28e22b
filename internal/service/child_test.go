package service_test

// A server as a process of its own: this test program, started again, serves a database until it is killed or told to
// stop. Its parent talks to it over HTTP alone.

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"zutuan/internal/httpapi"
	"zutuan/internal/jobs"
	"zutuan/internal/lp/highs"
	"zutuan/internal/people"
	"zutuan/internal/service"
	"zutuan/internal/store"
	"zutuan/internal/store/mongo"
	"zutuan/internal/store/sqlite"
	"zutuan/internal/storetest"
	"zutuan/rules"
)

// Environment of a server process.
const (
	childDatabase = "ZUTUAN_SERVED_DATABASE"
	childSolver   = "ZUTUAN_SERVED_SOLVER"
	childOwner    = "ZUTUAN_SERVED_OWNER"
)

func TestMain(m *testing.M) {
	if name := os.Getenv(childDatabase); name != "" {
		os.Exit(serveUntilEnded(name))
	}
	code := m.Run()
	if directory := solverDirectory.Load(); directory != nil {
		_ = os.RemoveAll(*directory)
	}
	os.Exit(code)
}

// serveUntilEnded serves until its input is closed, because its parent has gone, or it is told to stop.
func serveUntilEnded(name string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	running, records, err := serve(ctx, name, os.Getenv(childSolver), os.Getenv(childOwner))
	if err != nil {
		if ctx.Err() != nil {
			return 0
		}
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(running.Address())
	<-ctx.Done()
	ending, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := errors.Join(running.Stop(ending), records.Close()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// many is a limit that no test reaches: rates are held to account elsewhere.
var many = httpapi.Rate{PerSecond: 1_000_000, Burst: 1_000_000}

// cheap makes hashing of passwords quick.
var cheap = people.Cost{MemoryKiB: 64, Passes: 1, Lanes: 1}

// serve starts a service without samples on a database. Beats and leases of jobs are short, so that a job whose process was
// killed is soon taken up.
func serve(ctx context.Context, name, solver, owner string) (*service.Service, store.Store, error) {
	records, err := openDatabase(name)
	if err != nil {
		return nil, nil, err
	}
	running, err := service.Start(ctx, service.Config{Store: records, Rules: rules.FS, Listen: "127.0.0.1:0", Empty: true, SolverCache: solver,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		HTTP:   httpapi.Config{PerCaller: many, PerAddress: many}, People: people.Options{HashCost: cheap},
		Jobs: jobs.Options{Owner: owner, PollEvery: 100 * time.Millisecond, LeaseTTL: 2 * time.Second}})
	if err != nil {
		return nil, nil, errors.Join(err, records.Close())
	}
	return running, records, nil
}

// openDatabase opens a database by its name: "sqlite PATH" or "mongo URI NAME".
func openDatabase(name string) (store.Store, error) {
	parts := strings.Fields(name)
	if parts[0] == "mongo" {
		return mongo.Open(context.Background(), mongo.Config{URI: parts[1], Database: parts[2], Kinds: store.Kinds(), Clock: time.Now})
	}
	return sqlite.Open(context.Background(), sqlite.Config{Path: parts[1], Kinds: store.Kinds(), Clock: time.Now})
}

// databases are what every test here runs on. A new name is a new database.
var databases = []struct {
	name string
	make func(testing.TB) string
}{
	{"SQLite", func(t testing.TB) string { return "sqlite " + filepath.Join(t.TempDir(), "zutuan.db") }},
	{"MongoDB", func(t testing.TB) string {
		return fmt.Sprintf("mongo %s zutuan_service_%d_%d", storetest.MongoURI(t), os.Getpid(), databaseCount.Add(1))
	}},
}

var databaseCount atomic.Int64

var (
	solverOnce      sync.Once
	solverDirectory atomic.Pointer[string]
)

// solverCache is where the servers of this run find the solver compiled: compiling it in each would be all they do.
func solverCache(t testing.TB) string {
	t.Helper()
	solverOnce.Do(func() {
		directory, err := os.MkdirTemp("", "zutuan-solver-")
		if err != nil {
			t.Fatal(err)
		}
		solverDirectory.Store(&directory)
		solver := highs.New(highs.Config{CacheDir: directory})
		if err := errors.Join(solver.Warm(context.Background()), solver.Close(context.Background())); err != nil {
			t.Fatal(err)
		}
	})
	return *solverDirectory.Load()
}

// child is a server process.
type child struct {
	process *exec.Cmd
	address string
	stderr  strings.Builder
	// exited is closed when the process has ended, with ended set.
	exited chan struct{}
	ended  error
	input  io.Closer
}

// launch starts a server process and does not wait for it to listen; listening is closed when it does.
func launch(t testing.TB, database, owner string) (c *child, listening <-chan struct{}) {
	t.Helper()
	c = &child{process: exec.Command(os.Args[0]), exited: make(chan struct{})}
	c.process.Env = append(os.Environ(), childDatabase+"="+database, childSolver+"="+solverCache(t), childOwner+"="+owner)
	c.process.Stderr = &c.stderr
	input, err := c.process.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.input = input
	output, err := c.process.StdoutPipe()
	if err == nil {
		err = c.process.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan struct{})
	go func() {
		if line, err := bufio.NewReader(output).ReadString('\n'); err == nil {
			c.address = strings.TrimSpace(line)
			close(told)
		}
		c.ended = c.process.Wait()
		close(c.exited)
	}()
	t.Cleanup(c.kill)
	return c, told
}

// start starts a server process and waits until it listens.
func start(t testing.TB, database, owner string) *child {
	t.Helper()
	c, listening := launch(t, database, owner)
	select {
	case <-listening:
		return c
	case <-c.exited:
		t.Fatalf("the server ended before it listened: %v\n%s", c.ended, c.stderr.String())
	case <-time.After(60 * time.Second):
		c.kill()
		t.Fatalf("the server does not listen\n%s", c.stderr.String())
	}
	return nil
}

// kill ends the process as a power failure of the machine's service would: without a word.
func (c *child) kill() {
	_ = c.process.Process.Kill()
	<-c.exited
	_ = c.input.Close()
}

// terminate tells the process to stop and waits until it has; the error says how it ended if not well.
func (c *child) terminate() error {
	if err := c.process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	<-c.exited
	return c.ended
}

// newHTTPClient keeps its connections to itself, so that one server's end is not felt by tests of another.
func newHTTPClient() *http.Client {
	return &http.Client{Timeout: 60 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64, DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext}}
}
