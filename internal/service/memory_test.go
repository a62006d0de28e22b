package service_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const (
	// memorySamples is how often the memory of a long load is looked at.
	memorySamples = 20
	// memoryFlat is how much more the last quarter of the samples may use than the second one, in percent. The first fills
	// caches.
	memoryFlat = 15
)

// BenchmarkMemory keeps a load up for BENCH_HTTP_SECONDS and samples the memory of the server, which is a process of its
// own: what the kernel counts and what is live on the heap. make bench-http says how to make it ten minutes.
func BenchmarkMemory(b *testing.B) {
	seconds := fromEnvironment(b, "BENCH_HTTP_SECONDS", 20)
	name := "sqlite " + quickDirectory(b) + "/zutuan.db"
	persons := setUp(b, name, bureaus[:1])
	records, err := openDatabase(name)
	if err != nil {
		b.Fatal(err)
	}
	seed(b, records, 0, benchSmall, "withdrawn")
	if err := records.Close(); err != nil {
		b.Fatal(err)
	}
	server := start(b, name, "")
	load := (&bench{bureau: persons[0]}).mixedLoad(b)
	// What is written grows the database and nothing else; without writes the load is the same throughout.
	load = append(load[:2:2], load[3])
	var stop atomic.Bool
	var sent atomic.Int64
	done := make(chan error, mixedConnections)
	for range mixedConnections {
		w := dial(b, server.address)
		go func() {
			for !stop.Load() {
				number := int(sent.Add(1))
				if err := pick(load, number).turn(w, number); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	var resident, heap []int64
	for range memorySamples {
		time.Sleep(time.Duration(seconds) * time.Second / memorySamples)
		r, h, err := memoryOf(server)
		if err != nil {
			b.Fatal(err)
		}
		resident, heap = append(resident, r), append(heap, h)
	}
	stop.Store(true)
	for range mixedConnections {
		err = errors.Join(err, <-done)
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d requests in %d s", sent.Load(), seconds)
	b.Logf("resident MiB: %v", resident)
	b.Logf("heap in use MiB: %v", heap)
	b.ReportMetric(growth(resident), "%-resident-growth")
	b.ReportMetric(growth(heap), "%-heap-growth")
	if growth(resident) > memoryFlat {
		b.Errorf("the memory grows by %.1f %%", growth(resident))
	}
}

// growth compares the largest of the last quarter with the largest of the second, in percent.
func growth(samples []int64) float64 {
	largest := func(part []int64) (most int64) {
		for _, sample := range part {
			most = max(most, sample)
		}
		return most
	}
	quarter := len(samples) / 4
	return float64(largest(samples[3*quarter:]))/float64(largest(samples[quarter:2*quarter]))*100 - 100
}

// memoryOf is the resident memory and the heap in use of a server, in MiB.
func memoryOf(server *child) (resident, heap int64, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", server.process.Process.Pid))
	if err != nil {
		return 0, 0, fmt.Errorf("this is measured on Linux only, not on %s: %w", runtime.GOOS, err)
	}
	for line := range strings.Lines(string(status)) {
		if text, found := strings.CutPrefix(line, "VmRSS:"); found {
			if resident, err = strconv.ParseInt(strings.Fields(text)[0], 10, 64); err != nil {
				return 0, 0, err
			}
		}
	}
	response, err := http.Get("http://" + server.address + "/metrics")
	if err != nil {
		return 0, 0, err
	}
	defer response.Body.Close()
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if text, found := bytes.CutPrefix(lines.Bytes(), []byte("go_memstats_heap_inuse_bytes ")); found {
			bytesInUse, err := strconv.ParseFloat(string(text), 64)
			if err != nil {
				return 0, 0, err
			}
			heap = int64(bytesInUse)
		}
	}
	return resident >> 10, heap >> 20, nil
}
