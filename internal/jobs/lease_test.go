package jobs_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zutuan/internal/jobs"
	"zutuan/internal/refuse"
	"zutuan/internal/store/sqlite"
	"zutuan/internal/storetest"
)

// Goal: a job is run in one place at a time, to one end, whatever becomes of processes and of the database.

func TestTwoProcessesRunEachJobOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, open database) {
		const many = 40
		clock := storetest.NewClock()
		var mutex sync.Mutex
		runs, where := map[string]int{}, map[int]int{}
		processes := []process{join(t, open, clock, nil), join(t, open, clock, nil)}
		for i, p := range processes {
			p.Register("a", func(_ context.Context, task *jobs.Task) (any, error) {
				mutex.Lock()
				runs[task.Job.ID]++
				where[i]++
				mutex.Unlock()
				time.Sleep(time.Millisecond)
				return nil, nil
			})
		}
		var all []string
		for range many {
			all = append(all, submit(t, processes[0], person, "a", nil, jobs.SubmitOptions{}).ID)
		}
		for _, p := range processes {
			p.Start()
		}
		for _, id := range all {
			if job := untilStatus(t, processes[1], id, jobs.StatusDone); job.Attempts != 1 {
				t.Errorf("%s took %d attempts", id, job.Attempts)
			}
		}
		mutex.Lock()
		defer mutex.Unlock()
		for _, id := range all {
			if runs[id] != 1 {
				t.Errorf("%s ran %d times", id, runs[id])
			}
		}
		t.Logf("shared as %v", where)
	})
}

// Ensure a process that is cut off loses its job to another, which goes on at the checkpoint, and that nothing of what
// the first still does counts: neither its progress nor its result.
func TestDeadProcessIsReplaced(t *testing.T) {
	onBoth(t, func(t *testing.T, open database) {
		clock := storetest.NewClock()
		dead, heir := join(t, open, clock, nil), join(t, open, clock, nil)
		told, cause, release := make(chan struct{}), make(chan error, 1), make(chan struct{})
		dead.Register("a", func(ctx context.Context, task *jobs.Task) (any, error) {
			if err := task.Checkpoint(map[string]int{"step": 7}); err != nil {
				return nil, err
			}
			task.Progress(7, 10, "七", "seven")
			close(told)
			<-ctx.Done()
			cause <- context.Cause(ctx)
			<-release
			return "of the dead", nil
		})
		finish := make(chan struct{})
		heir.Register("a", func(_ context.Context, task *jobs.Task) (any, error) {
			var state struct{ Step int }
			found, err := task.Restore(&state)
			<-finish
			return fmt.Sprint("of the heir, from ", state.Step, found, task.Job.Progress.Done), err
		})
		job := submit(t, dead, person, "a", nil, jobs.SubmitOptions{})
		dead.Start()
		received(t, "the checkpoint", told)
		until(t, heir, job.ID, "seven steps far in the store", func(job jobs.Job) bool { return job.Progress.Done == 7 })
		heir.Start()
		time.Sleep(5 * beat)
		if job := get(t, heir, job.ID); job.Attempts != 1 {
			t.Fatalf("a living process lost its job: %+v", job)
		}
		dead.cable.cut.Store(true)
		clock.Add(lease)
		if err := received(t, "the handler to end", cause); !errors.Is(err, jobs.ErrLost) {
			t.Errorf("the handler ends because %v, want the lost lease", err)
		}
		until(t, heir, job.ID, "begun again", func(job jobs.Job) bool { return job.Attempts == 2 })
		dead.cable.cut.Store(false) // The dead one comes back, while the heir still runs.
		close(release)
		eventually(t, "the refusal", func() bool { return strings.Contains(dead.log.String(), "the result of a job was refused") })
		if job := get(t, heir, job.ID); job.Status != jobs.StatusRunning || job.Attempts != 2 {
			t.Fatalf("the dead one wrote: %+v", job)
		}
		close(finish)
		if job := untilStatus(t, heir, job.ID, jobs.StatusDone); string(job.Result) != `"of the heir, from 7 true 7"` {
			t.Errorf("result %s", job.Result)
		}
	})
}

// Ensure a process that cannot tell that it lost its job is refused by the record alone: the handler returns at once
// after the lease went, before any beat.
func TestLateResultIsRefused(t *testing.T) {
	clock := storetest.NewClock()
	open := sqliteDatabase(t)
	slow := join(t, open, clock, func(o *jobs.Options) { o.PollEvery = time.Hour; o.LeaseTTL = 6 * time.Hour })
	quick := join(t, open, clock, nil)
	release, ended := make(chan struct{}), make(chan struct{})
	slow.Register("a", func(context.Context, *jobs.Task) (any, error) { <-release; return "late", nil })
	quick.Register("a", func(context.Context, *jobs.Task) (any, error) { <-ended; return "right", nil })
	slow.Start()
	job := submit(t, slow, person, "a", nil, jobs.SubmitOptions{})
	untilStatus(t, slow, job.ID, jobs.StatusRunning)
	clock.Add(7 * time.Hour)
	quick.Start()
	until(t, quick, job.ID, "begun again", func(job jobs.Job) bool { return job.Attempts == 2 })
	close(release)
	eventually(t, "the refusal", func() bool { return strings.Contains(slow.log.String(), "the result of a job was refused") })
	close(ended)
	if job := untilStatus(t, quick, job.ID, jobs.StatusDone); string(job.Result) != `"right"` {
		t.Errorf("result %s", job.Result)
	}
}

// Ensure a job that brings every process down is given up, and one that was to be cancelled is cancelled.
func TestAttemptsEnd(t *testing.T) {
	open, clock := sqliteDatabase(t), storetest.NewClock()
	stuck := func(ctx context.Context, _ *jobs.Task) (any, error) { <-ctx.Done(); return nil, ctx.Err() }
	var fatal, unwanted jobs.Job
	for attempt := 1; attempt <= 4; attempt++ {
		p := join(t, open, clock, nil)
		p.Register("a", stuck)
		if attempt == 1 {
			fatal, unwanted = submit(t, p, person, "a", nil, jobs.SubmitOptions{Key: "x"}), submit(t, p, person, "a", nil, jobs.SubmitOptions{})
		}
		p.Start()
		if attempt == 4 {
			failed := untilStatus(t, p, fatal.ID, jobs.StatusFailed)
			checkFailure(t, failed, &jobs.Failure{Code: jobs.FaultLost})
			if failed.Attempts != 3 {
				t.Errorf("%d attempts, want 3", failed.Attempts)
			}
			if next := submit(t, p, person, "a", nil, jobs.SubmitOptions{Key: "x"}); next.ID == fatal.ID {
				t.Error("the key is still taken")
			}
			return
		}
		until(t, p, fatal.ID, "begun", func(job jobs.Job) bool { return job.Attempts == attempt })
		if attempt == 1 {
			until(t, p, unwanted.ID, "begun", func(job jobs.Job) bool { return job.Attempts == 1 })
			p.cable.cut.Store(true)
			other := join(t, open, clock, nil) // Cancels while nobody is alive to hear it.
			if job, err := other.Cancel(context.Background(), person, unwanted.ID); err != nil || !job.CancelRequested || job.Status != jobs.StatusRunning {
				t.Fatalf("%+v, %v", job, err)
			}
		}
		if attempt == 2 {
			if job := untilStatus(t, p, unwanted.ID, jobs.StatusCancelled); job.Attempts != 1 {
				t.Errorf("%+v", job)
			}
		}
		p.cable.cut.Store(true)
		stopNow(p)
		clock.Add(lease)
	}
}

// Ensure a database that is away for a while costs no job, neither while it runs nor when its result is written.
func TestDatabaseComesBack(t *testing.T) {
	clock := storetest.NewClock()
	p := join(t, sqliteDatabase(t), clock, nil)
	begun, release := make(chan struct{}), make(chan struct{})
	p.Register("a", func(ctx context.Context, task *jobs.Task) (any, error) {
		close(begun)
		task.Progress(1, 2, "", "")
		<-release
		return ctx.Err() == nil, nil
	})
	p.Start()
	job := submit(t, p, person, "a", nil, jobs.SubmitOptions{})
	received(t, "the start", begun)
	p.cable.cut.Store(true)
	eventually(t, "a beat that fails", func() bool { return strings.Contains(p.log.String(), "could not be looked after") })
	close(release)
	eventually(t, "an end that cannot be written", func() bool { return strings.Contains(p.log.String(), "the end of a job could not be written") })
	p.cable.cut.Store(false)
	if job := untilStatus(t, p, job.ID, jobs.StatusDone); string(job.Result) != "true" || job.Attempts != 1 {
		t.Errorf("%+v", job)
	}
}

func TestCancel(t *testing.T) {
	onBoth(t, func(t *testing.T, open database) {
		ctx, clock := context.Background(), storetest.NewClock()
		worker, other := join(t, open, clock, nil), join(t, open, clock, func(o *jobs.Options) { o.Workers = -1 })
		begun, causes := make(chan string), make(chan error, 1)
		until := func(ctx context.Context, task *jobs.Task) (any, error) {
			begun <- task.Job.ID
			<-ctx.Done()
			causes <- context.Cause(ctx)
			return nil, fmt.Errorf("solving was interrupted: %w", ctx.Err())
		}
		deaf := make(chan struct{})
		for _, p := range []process{worker, other} {
			p.Register("patient", until)
			p.Register("deaf", func(_ context.Context, task *jobs.Task) (any, error) {
				begun <- task.Job.ID
				<-deaf
				return "complete", nil
			})
			p.Start()
		}
		for name, from := range map[string]process{"in the same process": worker, "from another process": other} {
			job := submit(t, other, person, "patient", nil, jobs.SubmitOptions{})
			received(t, "the start", begun)
			asked, err := from.Cancel(ctx, person, job.ID)
			if err != nil || asked.Status != jobs.StatusRunning || !asked.CancelRequested {
				t.Fatalf("%s: %+v, %v", name, asked, err)
			}
			if cause := received(t, "the handler to end", causes); !errors.Is(cause, jobs.ErrCancelled) {
				t.Errorf("%s: the cause is %v", name, cause)
			}
			ended := untilStatus(t, from, job.ID, jobs.StatusCancelled)
			if ended.Error != nil || ended.Result != nil || ended.FinishedAt.IsZero() {
				t.Errorf("%s: %+v", name, ended)
			}
			if _, err := from.Cancel(ctx, person, job.ID); !errors.Is(err, &refuse.Error{Code: "job_finished"}) || !errors.Is(err, &refuse.Error{Kind: refuse.KindConflict}) {
				t.Errorf("%s: cancelling what has ended: %v", name, err)
			}
		}
		complete := submit(t, other, person, "deaf", nil, jobs.SubmitOptions{})
		received(t, "the start", begun)
		for range 2 { // The second time is without effect.
			if job, err := other.Cancel(ctx, person, complete.ID); err != nil || !job.CancelRequested {
				t.Fatalf("%+v, %v", job, err)
			}
		}
		close(deaf)
		if job := untilStatus(t, other, complete.ID, jobs.StatusDone); string(job.Result) != `"complete"` || !job.CancelRequested {
			t.Errorf("what was complete is done: %+v", job)
		}
		waits := submit(t, other, person, "patient", nil, jobs.SubmitOptions{DueAt: clock.Now().Add(time.Hour)})
		if job, err := other.Cancel(ctx, person, waits.ID); err != nil || job.Status != jobs.StatusCancelled || job.Attempts != 0 || job.FinishedAt.IsZero() {
			t.Errorf("a queued job ends at once: %+v, %v", job, err)
		}
	})
}

// Ensure a stop waits for what can finish, puts the rest back with its checkpoint, and leaves behind what does not hear.
func TestStop(t *testing.T) {
	onBoth(t, func(t *testing.T, open database) {
		clock := storetest.NewClock()
		old, heir := join(t, open, clock, func(o *jobs.Options) { o.Workers = 3 }), join(t, open, clock, nil)
		begun, release := make(chan struct{}, 3), make(chan struct{})
		old.Register("quick", func(context.Context, *jobs.Task) (any, error) {
			begun <- struct{}{}
			time.Sleep(10 * beat)
			return "in time", nil
		})
		old.Register("long", func(ctx context.Context, task *jobs.Task) (any, error) {
			begun <- struct{}{}
			<-ctx.Done()
			if !errors.Is(context.Cause(ctx), jobs.ErrStopping) {
				t.Errorf("the cause is %v", context.Cause(ctx))
			}
			return nil, errors.Join(task.Checkpoint(42), ctx.Err())
		})
		old.Register("deaf", func(_ context.Context, task *jobs.Task) (any, error) {
			task.Progress(1, 2, "", "")
			begun <- struct{}{}
			<-release
			return "of a zombie", nil
		})
		old.Start()
		quick, long, deaf := submit(t, old, person, "quick", nil, jobs.SubmitOptions{}), submit(t, old, person, "long", nil, jobs.SubmitOptions{}), submit(t, old, person, "deaf", nil, jobs.SubmitOptions{Key: "k"})
		for range 3 {
			received(t, "the starts", begun)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 60*beat)
		defer cancel()
		err := old.Stop(ctx)
		if err == nil || !strings.Contains(err.Error(), deaf.ID) || strings.Contains(err.Error(), long.ID) {
			t.Errorf("Stop told %v, want the one that does not end", err)
		}
		if job := get(t, heir, quick.ID); job.Status != jobs.StatusDone {
			t.Errorf("what could finish is %+v", job)
		}
		for _, id := range []string{long.ID, deaf.ID} {
			if job := get(t, heir, id); job.Status != jobs.StatusQueued || job.Attempts != 0 || job.Error != nil {
				t.Errorf("put back as %+v", job)
			}
		}
		close(release)
		after := submit(t, old, person, "quick", nil, jobs.SubmitOptions{}) // What is handed in during a stop is for others.
		restored := func(_ context.Context, task *jobs.Task) (any, error) {
			var state int
			_, err := task.Restore(&state)
			return state, err
		}
		for _, kind := range []string{"quick", "long", "deaf"} {
			heir.Register(kind, restored)
		}
		heir.Start()
		for id, result := range map[string]string{long.ID: "42", deaf.ID: "0", after.ID: "0"} {
			if job := untilStatus(t, heir, id, jobs.StatusDone); string(job.Result) != result || job.Attempts != 1 {
				t.Errorf("%s (%s): %s after %d attempts, want %s after one", id, job.Type, job.Result, job.Attempts, result)
			}
		}
	})
}

// Ensure stopping what never started, and stopping twice, end at once.
func TestStopIdle(t *testing.T) {
	p := join(t, sqliteDatabase(t), storetest.NewClock(), nil)
	for range 2 {
		if err := p.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}
	p.Start()
	p.Register("a", returning(nil, nil))
	job := submit(t, p, person, "a", nil, jobs.SubmitOptions{})
	time.Sleep(3 * beat)
	if job := get(t, p, job.ID); job.Status != jobs.StatusQueued {
		t.Errorf("a stopped runner ran a job: %+v", job)
	}
}

// Environment of the process that TestAKilledProcess kills.
const killedDatabase = "ZUTUAN_KILLED_JOBS"

// Ensure a process that is killed with SIGKILL in the middle of a job is replaced by the next one, which goes on where
// the first had come to. Here the clocks are real.
func TestAKilledProcess(t *testing.T) {
	path := os.Getenv(killedDatabase)
	killed := path != ""
	if !killed {
		path = filepath.Join(t.TempDir(), "jobs.db")
	}
	s, err := sqlite.Open(context.Background(), sqlite.Config{Path: path, Kinds: kinds(), Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := jobs.New(s, time.Now, jobs.Options{PollEvery: 10 * time.Millisecond, LeaseTTL: 2 * time.Second, MaxAttempts: 10})
	r.Register("count", func(ctx context.Context, task *jobs.Task) (any, error) { return count(ctx, task, killed) })
	if killed {
		if _, _, err := r.Submit(context.Background(), person, "count", nil, jobs.SubmitOptions{Key: "one"}); err != nil {
			t.Fatal(err)
		}
		r.Start()
		time.Sleep(time.Minute) // Whoever started this process kills it long before.
		return
	}
	killChild(t, path)
	page, err := r.List(context.Background(), person, jobs.ListQuery{})
	if err != nil || len(page.Jobs) != 1 || page.Jobs[0].Status != jobs.StatusRunning || page.Jobs[0].Progress.Done < 5 {
		t.Fatalf("after the kill: %+v, %v", page.Jobs, err)
	}
	r.Start()
	defer func() { _ = r.Stop(context.Background()) }()
	job := untilStatus(t, process{Runner: r}, page.Jobs[0].ID, jobs.StatusDone)
	var from int
	if _, err := fmt.Sscan(string(job.Result), &from); err != nil || from < 5 || job.Attempts < 2 {
		t.Errorf("went on from %s, want 5 or later; %d attempts", job.Result, job.Attempts)
	}
}

// count counts on from the checkpoint: for ever in the process that is killed, telling what the store has, and once in
// the next. It returns where it began.
func count(ctx context.Context, task *jobs.Task, killed bool) (int, error) {
	var from int
	if _, err := task.Restore(&from); err != nil || !killed {
		return from, err
	}
	for step := from + 1; ctx.Err() == nil; step++ {
		if err := task.Checkpoint(step); err != nil {
			return 0, err
		}
		task.Progress(int64(step), 0, "", "")
		fmt.Println("step", step)
		time.Sleep(20 * time.Millisecond)
	}
	return 0, ctx.Err()
}

func killChild(t *testing.T, path string) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	child.Env = append(os.Environ(), killedDatabase+"="+path)
	output, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(output)
	for steps := 0; steps < 12 && lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "step") {
			steps++
		}
	}
	// A beat is half a step, so that the store is at most a step or two behind what was told.
	_ = child.Process.Kill()
	if err := child.Wait(); err == nil {
		t.Fatal("the process ended by itself")
	}
}

// Ensure a duty is done once an interval by one of two processes, survives its own panics and errors, and moves on when
// the process that does it is cut off.
func TestEvery(t *testing.T) {
	onBoth(t, func(t *testing.T, open database) {
		clock := storetest.NewClock()
		var running, overlaps, times atomic.Int64
		moments := make(chan time.Time, 100)
		duty := func(context.Context) error {
			if running.Add(1) != 1 {
				overlaps.Add(1)
			}
			defer running.Add(-1)
			moments <- clock.Now()
			switch times.Add(1) {
			case 1:
				panic("the first time")
			case 2:
				return errors.New("the second time")
			}
			return nil
		}
		processes := []process{join(t, open, clock, nil), join(t, open, clock, nil)}
		for _, p := range processes {
			p.Every("watch", 20*time.Millisecond, duty)
			p.Start()
		}
		var expected, found []time.Time
		for range 4 {
			found = append(found, received(t, "the next time", moments))
			expected = append(expected, clock.Now())
			time.Sleep(100 * time.Millisecond) // The interval is over by this clock, and not by the leases'.
			clock.Add(20 * time.Millisecond)
		}
		if !reflect.DeepEqual(found, expected) || overlaps.Load() != 0 {
			t.Errorf("done at %v, want once at each of %v; %d overlaps", found, expected, overlaps.Load())
		}
		if both := processes[0].log.String() + processes[1].log.String(); !strings.Contains(both, "the first time") || !strings.Contains(both, "the second time") {
			t.Errorf("the log misses what went wrong:\n%s", both)
		}
	})
}

func TestDutyOfADeadProcess(t *testing.T) {
	open, clock := sqliteDatabase(t), storetest.NewClock()
	dead := join(t, open, clock, func(o *jobs.Options) { o.LeaseTTL = 60 * time.Millisecond })
	heir := join(t, open, clock, func(o *jobs.Options) { o.LeaseTTL = 60 * time.Millisecond })
	begun, cause, done := make(chan struct{}, 1), make(chan error, 1), make(chan struct{}, 100)
	dead.Every("watch", 10*time.Millisecond, func(ctx context.Context) error {
		select {
		case begun <- struct{}{}:
		default:
		}
		<-ctx.Done()
		cause <- context.Cause(ctx)
		return nil
	})
	dead.Start()
	received(t, "the start", begun)
	heir.Every("watch", 10*time.Millisecond, func(context.Context) error { done <- struct{}{}; return nil })
	heir.Start()
	select {
	case <-done:
		t.Fatal("two processes do one duty")
	case <-time.After(150 * time.Millisecond): // Longer than a lease: it was prolonged, though the clock stands.
	}
	dead.cable.cut.Store(true)
	clock.Add(time.Second)
	if err := received(t, "the duty to end", cause); !errors.Is(err, jobs.ErrLost) {
		t.Errorf("the cause is %v", err)
	}
	received(t, "the heir", done)
}
