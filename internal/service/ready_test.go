package service_test

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"zutuan/internal/gate"
)

const (
	readyRequirements = 10_000
	readyWithin       = time.Second
)

// Ensure a service that holds ten thousand requirements answers within a second of its start: nothing at the start reads
// them. The quickest of a few starts counts, because other work on the machine is not what is measured.
func TestStartWithTenThousandRequirements(t *testing.T) {
	path := filepath.Join(quickDirectory(t), "zutuan.db")
	began := time.Now()
	records, err := openDatabase("sqlite " + path)
	if err != nil {
		t.Fatal(err)
	}
	seed(t, records, 0, readyRequirements, gate.StatusSubmitted)
	if err := records.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d requirements written in %v", readyRequirements, time.Since(began).Round(time.Millisecond))
	runProgram(t, path, "--empty").terminate(t) // installs the rules and compiles the solver
	var times []time.Duration
	for range 5 {
		began := time.Now()
		p := runProgram(t, path, "--empty")
		waitReady(t, p.address)
		times = append(times, time.Since(began))
		if p.terminate(t); p.code != 0 {
			t.Fatalf("ended with %d\n%s", p.code, p.log.String())
		}
	}
	slices.Sort(times)
	t.Logf("from start to ready: %v", times)
	if times[0] > readyWithin {
		t.Errorf("ready after %v, which is more than %v", times[0], readyWithin)
	}
}
