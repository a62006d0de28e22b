package storetest

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// The MongoDB-speaking server is started once for a test program and ends with it, because its input does.
var (
	mongoOnce sync.Once
	mongoURI  string
	mongoErr  error
)

// MongoURI returns the connection string of a MongoDB for tests: the one that MONGODB_URI names, or the test server
// that `make deps` builds. Without either the test fails.
func MongoURI(t testing.TB) string {
	t.Helper()
	if uri := os.Getenv("MONGODB_URI"); uri != "" {
		return uri
	}
	mongoOnce.Do(startMongo)
	if mongoErr != nil {
		t.Fatal(mongoErr)
	}
	return mongoURI
}

// mongoMissing is what a person has to do.
type mongoMissing struct{ cause error }

func (m mongoMissing) Error() string {
	return "the MongoDB test server is not there: run `make deps` (or set MONGODB_URI to a server that may be written to): " + m.cause.Error()
}

func startMongo() {
	binary, err := findUpwards("bin/mongo-testserver")
	if err != nil {
		mongoErr = mongoMissing{err}
		return
	}
	directory, err := os.MkdirTemp("", "zutuan-mongo-")
	if err != nil {
		mongoErr = err
		return
	}
	server := exec.Command("/bin/sh", "-c", `"$0" "$1"; rm -rf "$1"`, binary, directory)
	input, err := server.StdinPipe()
	if err != nil {
		mongoErr = err
		return
	}
	output, err := server.StdoutPipe()
	if err == nil {
		err = server.Start()
	}
	if err != nil {
		mongoErr = mongoMissing{err}
		return
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		mongoErr = mongoMissing{err}
		return
	}
	mongoURI = strings.TrimSpace(line)
	go func() {
		_ = server.Wait()
		runtime.KeepAlive(input) // An input that is collected is closed, and the server would end.
	}()
}

// findUpwards looks for a file in this directory and those above it: tests run in their package's directory.
func findUpwards(name string) (string, error) {
	directory, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		path := filepath.Join(directory, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
		parent := filepath.Dir(directory)
		if parent == directory {
			return "", &os.PathError{Op: "find", Path: name, Err: os.ErrNotExist}
		}
		directory = parent
	}
}
