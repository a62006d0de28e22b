package service_test

// The program as an operator runs it: built once for a test run, started with `zutuan serve`.

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// buildProgram builds the program into the directory that the test run removes at its end.
var buildProgram = sync.OnceValues(func() (string, error) {
	path := filepath.Join(*solverDirectory.Load(), "zutuan")
	if output, err := exec.Command("go", "build", "-o", path, "zutuan/cmd/zutuan").CombinedOutput(); err != nil {
		return "", errors.New(err.Error() + "\n" + string(output))
	}
	return path, nil
})

// program is `zutuan serve`, running.
type program struct {
	process *exec.Cmd
	address string
	// log is what it wrote to its error output; read it after exited.
	log    strings.Builder
	exited chan struct{}
	code   int
}

var servedAt = regexp.MustCompile(`http://([0-9.:]+)/api`)

// runProgram starts the program on a database file and returns when it has told its address.
func runProgram(t testing.TB, path string, arguments ...string) *program {
	t.Helper()
	cache := solverCache(t)
	binary, err := buildProgram()
	if err != nil {
		t.Fatal(err)
	}
	p := &program{process: exec.Command(binary, append([]string{"serve", "--data", path, "--listen", "127.0.0.1:0"}, arguments...)...), exited: make(chan struct{})}
	// The solver's code is looked for below the user's cache; this run has its own.
	p.process.Env = append(os.Environ(), "XDG_CACHE_HOME="+filepath.Join(cache, "home"))
	p.process.Stderr = &p.log
	output, err := p.process.StdoutPipe()
	if err == nil {
		err = p.process.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(output); lines.Scan(); {
			if found := servedAt.FindStringSubmatch(lines.Text()); found != nil {
				told <- found[1]
			}
		}
		_ = p.process.Wait()
		p.code = p.process.ProcessState.ExitCode()
		close(p.exited)
	}()
	t.Cleanup(func() {
		_ = p.process.Process.Kill()
		<-p.exited
	})
	select {
	case p.address = <-told:
	case <-p.exited:
		t.Fatalf("the program ended with %d\n%s", p.code, p.log.String())
	case <-time.After(60 * time.Second):
		t.Fatal("the program does not serve")
	}
	return p
}

// terminate asks the program to stop, as a service manager does, and returns how long it took.
func (p *program) terminate(t testing.TB) time.Duration {
	t.Helper()
	began := time.Now()
	if err := p.process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-p.exited
	return time.Since(began)
}

// waitReady asks readyz until it says yes.
func waitReady(t testing.TB, address string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		response, err := http.Get("http://" + address + "/readyz")
		if err == nil {
			_, _ = io.Copy(io.Discard, response.Body)
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("not ready: %v", err)
		}
	}
}
