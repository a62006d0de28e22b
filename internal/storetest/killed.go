package storetest

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"zutuan/internal/store"
)

// Environment of the process that writes until it is killed.
const (
	killedDatabase = "ZUTUAN_KILLED_DATABASE"
	killedRound    = "ZUTUAN_KILLED_ROUND"
)

// killedRounds is how many processes write into one database before a new one is made: verifying grows with it.
const killedRounds = 10

// RunKilled starts this test program again as a process that writes and tells each write that was acknowledged, kills
// it with SIGKILL in the middle, and looks whether everything it told is there and whole. rounds is how often, unless
// CRASH_LOOPS says otherwise. fresh names a new database, open opens one by its name; environment is added to that of
// the process.
func RunKilled(t *testing.T, rounds int, fresh func(testing.TB) string, open func(name string) (store.Store, error), environment ...string) {
	if name := os.Getenv(killedDatabase); name != "" {
		writeUntilKilled(name, open)
		return
	}
	if text := os.Getenv("CRASH_LOOPS"); text != "" {
		var err error
		if rounds, err = strconv.Atoi(text); err != nil {
			t.Fatalf("CRASH_LOOPS: %v", err)
		}
	}
	seed := uint64(time.Now().UnixNano())
	chance := rand.New(rand.NewPCG(seed, 1))
	var name string
	told, total := map[string]int64{}, 0
	for round := range rounds {
		if round%killedRounds == 0 {
			name, told = fresh(t), map[string]int64{}
		}
		acknowledged := killOne(t, name, round, time.Duration(chance.IntN(40_000))*time.Microsecond, environment)
		total += len(acknowledged)
		for _, line := range acknowledged {
			id, version, _ := strings.Cut(line, " ")
			told[id], _ = strconv.ParseInt(version, 10, 64)
		}
		checkKilled(t, name, open, told)
		if t.Failed() {
			t.Fatalf("in round %d, seed %d", round, seed)
		}
	}
	if total == 0 {
		t.Error("no write was acknowledged before the kill; nothing was tested")
	}
	t.Logf("%d processes killed, %d acknowledged writes, all there", rounds, total)
}

// killOne runs one process, lets it write for a while after its first write, kills it, and returns what it told.
func killOne(t *testing.T, name string, round int, after time.Duration, environment []string) []string {
	t.Helper()
	process := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	process.Env = append(append(os.Environ(), killedDatabase+"="+name, fmt.Sprintf("%s=%d", killedRound, round)), environment...)
	var stderr strings.Builder
	process.Stderr = &stderr
	output, err := process.StdoutPipe()
	if err == nil {
		err = process.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(output)
	var lines []string
	var kill *time.Timer
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			break // A line that was cut is not an acknowledgement.
		}
		lines = append(lines, strings.TrimSuffix(line, "\n"))
		if kill == nil {
			kill = time.AfterFunc(after, func() { _ = process.Process.Kill() })
		}
	}
	if err := process.Wait(); err == nil || kill == nil {
		t.Fatalf("the process ended by itself: %v\n%s\n%s", err, strings.Join(lines, "\n"), stderr.String())
	}
	return lines
}

// writeUntilKilled creates records and changes them, in four goroutines, telling each write after it is acknowledged.
func writeUntilKilled(name string, open func(string) (store.Store, error)) {
	s, err := open(name)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	var one sync.Mutex
	for writer := range 4 {
		go func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("r%s-w%d-%d", os.Getenv(killedRound), writer, i)
				for version := int64(1); version <= 20; version++ {
					if err := killedWrite(s, id, version); err != nil {
						fmt.Fprintln(os.Stderr, err)
						os.Exit(3)
					}
					one.Lock()
					fmt.Printf("%s %d\n", id, version)
					one.Unlock()
				}
			}
		}()
	}
	time.Sleep(time.Minute) // Whoever started this process kills it long before.
}

// killedWrite writes a version whose body, field and trail all tell its number.
func killedWrite(s store.Store, id string, version int64) error {
	draft := store.Draft{Kind: "note", ID: id, Body: []byte(fmt.Sprintf(`{"n":%d}`, version)), Fields: store.Fields{"count": store.Count(version)}}
	if version == 1 {
		_, err := s.Create(context.Background(), draft, by)
		return err
	}
	_, err := s.Update(context.Background(), "note", id, version-1, by, func(store.Record) (store.Draft, error) { return draft, nil })
	return err
}

// checkKilled opens the database as the next start of the service does.
func checkKilled(t *testing.T, name string, open func(string) (store.Store, error), told map[string]int64) {
	t.Helper()
	s, err := open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	verify(t, s)
	for id, version := range told {
		record, err := s.Get(context.Background(), "note", id)
		if err != nil || record.Version < version {
			t.Errorf("%s was acknowledged as version %d; version %d stands, %v", id, version, record.Version, err)
			continue
		}
		if count := record.Fields["count"].Number(); count != record.Version || string(record.Body) != fmt.Sprintf(`{"n":%d}`, record.Version) {
			t.Errorf("%s is half written: version %d, count %d, body %s", id, record.Version, count, record.Body)
		}
	}
}
