package service

import (
	"bufio"
	"bytes"
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

const (
	// collectPercent lets the heap grow to five times what is in use before it is collected. A match leaves some megabytes of
	// garbage behind, and the products that are in use all the time are marked anew at each collection: at the usual 100 %
	// collecting takes a fifth of all computing.
	collectPercent = 400
	// memoryShare is the part of the machine's memory from which on the collector works as hard as it has to.
	memoryShare = 2
)

// TuneCollector trades memory for computing, for a process that serves. GOGC and GOMEMLIMIT, where somebody set them, stand.
func TuneCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		if memory := machineMemory(); memory > 0 {
			debug.SetMemoryLimit(memory / memoryShare)
		}
	}
}

// machineMemory is how many bytes the machine, or the container, lets the process have; 0 where that cannot be told.
func machineMemory() int64 {
	least := int64(math.MaxInt64)
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		least = min(least, totalIn(text))
	}
	for _, file := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		// Without a limit the file says "max", or a number that no machine has.
		if limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && limit > 0 {
			least = min(least, limit)
		}
	}
	if least == math.MaxInt64 {
		return 0
	}
	return least
}

// totalIn reads the line "MemTotal:  16301220 kB".
func totalIn(meminfo []byte) int64 {
	lines := bufio.NewScanner(bytes.NewReader(meminfo))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) == 3 && fields[0] == "MemTotal:" && fields[2] == "kB" {
			if kibibytes, err := strconv.ParseInt(fields[1], 10, 64); err == nil && kibibytes > 0 {
				return kibibytes << 10
			}
		}
	}
	return math.MaxInt64
}
