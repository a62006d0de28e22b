package service_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"zutuan/internal/gate"
)

// BenchmarkStart measures from the start of the process to the first time that it says it is ready, with ten thousand
// requirements stored and, beside it, with none: nothing at the start reads them, so both cost the same.
func BenchmarkStart(b *testing.B) {
	for _, stored := range []int{0, 10_000} {
		b.Run(fmt.Sprintf("requirements=%d", stored), func(b *testing.B) {
			path := filepath.Join(quickDirectory(b), "zutuan.db")
			records, err := openDatabase("sqlite " + path)
			if err != nil {
				b.Fatal(err)
			}
			seed(b, records, 0, stored, gate.StatusSubmitted)
			if err := records.Close(); err != nil {
				b.Fatal(err)
			}
			runProgram(b, path, "--empty").terminate(b) // installs the rules and compiles the solver
			b.ResetTimer()
			least := time.Duration(0)
			for range b.N {
				began := time.Now()
				p := runProgram(b, path, "--empty")
				waitReady(b, p.address)
				if took := time.Since(began); least == 0 || took < least {
					least = took
				}
				b.StopTimer()
				if p.terminate(b); p.code != 0 {
					b.Fatalf("ended with %d\n%s", p.code, p.log.String())
				}
				b.StartTimer()
			}
			b.ReportMetric(float64(least.Milliseconds()), "least-ms")
		})
	}
}
