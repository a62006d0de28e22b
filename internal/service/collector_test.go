package service

import (
	"math"
	"os"
	"runtime/debug"
	"testing"
)

func TestTheCollectorIsTunedUnlessSomebodyDid(t *testing.T) {
	percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(-1)
	defer func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}()
	t.Setenv("GOGC", "70")
	t.Setenv("GOMEMLIMIT", "off")
	TuneCollector()
	if got := debug.SetGCPercent(100); got != 100 {
		t.Errorf("GOGC was set, and is now %d", got)
	}
	if got := debug.SetMemoryLimit(-1); got != limit {
		t.Errorf("GOMEMLIMIT was set, and is now %d", got)
	}
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	TuneCollector()
	if got := debug.SetGCPercent(100); got != collectPercent {
		t.Errorf("%d %%, want %d", got, collectPercent)
	}
	if _, err := os.Stat("/proc/meminfo"); err == nil && debug.SetMemoryLimit(-1) == limit {
		t.Error("no limit was set")
	}
}

func TestMemoryIsReadFromWhatTheSystemSays(t *testing.T) {
	for text, want := range map[string]int64{
		"MemTotal:       16301220 kB\nMemFree: 1 kB\n": 16301220 << 10,
		"MemTotal: many kB\n":                          math.MaxInt64,
		"":                                             math.MaxInt64,
	} {
		if got := totalIn([]byte(text)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
