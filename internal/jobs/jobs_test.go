package jobs_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"zutuan/internal/jobs"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
	"zutuan/internal/storetest"
)

// Goal: what a handler does becomes what a person sees, and nothing that a handler does harms anything else.

func TestOutcomes(t *testing.T) {
	refusal := refuse.New(refuse.KindInvalid, "plan_gap", "方案有缺口", "the plan has a gap").With(refuse.Point{Code: "gap", Pointer: "/lines/0", ZH: "第 1 笔", EN: "line 1"})
	many := refuse.New(refuse.KindInvalid, "many", "很多", "many")
	for range 100_000 {
		many.Points = append(many.Points, refuse.Point{Code: "point", ZH: strings.Repeat("错", 30), EN: "wrong"})
	}
	tests := []struct {
		name    string
		handler jobs.Handler
		status  jobs.Status
		result  string
		failure *jobs.Failure // texts of internal faults are compared by code only
		logged  string
	}{
		{name: "a result is kept as canonical JSON", handler: returning(map[string]any{"b": "1.20", "a": []int{1}}, nil), status: jobs.StatusDone, result: `{"a":[1],"b":"1.20"}`},
		{name: "no result is null", handler: returning(nil, nil), status: jobs.StatusDone, result: `null`},
		{name: "a refusal keeps its points", handler: returning("ignored", refusal), status: jobs.StatusFailed,
			failure: &jobs.Failure{Kind: refuse.KindInvalid, Code: "plan_gap", ZH: "方案有缺口", EN: "the plan has a gap", Points: refusal.Points}},
		{name: "a refusal with more points than a record holds keeps its text", handler: returning(nil, many), status: jobs.StatusFailed,
			failure: &jobs.Failure{Kind: refuse.KindInvalid, Code: "many", ZH: "很多", EN: "many"}},
		{name: "another error goes to the log only", handler: returning(nil, errors.New("password=secret")), status: jobs.StatusFailed, failure: &jobs.Failure{Code: jobs.FaultInternal}, logged: "password=secret"},
		{name: "a panic fails the job", handler: func(context.Context, *jobs.Task) (any, error) { panic("no such row") }, status: jobs.StatusFailed, failure: &jobs.Failure{Code: jobs.FaultInternal}, logged: "no such row"},
		{name: "a handler that ends its goroutine fails the job", handler: func(context.Context, *jobs.Task) (any, error) { runtime.Goexit(); return nil, nil }, status: jobs.StatusFailed,
			failure: &jobs.Failure{Code: jobs.FaultInternal}, logged: "ended its goroutine"},
		{name: "a result that JSON cannot hold is a fault", handler: returning(math.NaN(), nil), status: jobs.StatusFailed, failure: &jobs.Failure{Code: jobs.FaultInternal}, logged: "unsupported value"},
		{name: "a result of seven MiB is kept", handler: returning(strings.Repeat("x", 7<<20), nil), status: jobs.StatusDone, result: `"` + strings.Repeat("x", 7<<20) + `"`},
		{name: "a result beyond eight MiB is refused", handler: returning(strings.Repeat("x", 8<<20), nil), status: jobs.StatusFailed, failure: &jobs.Failure{Kind: refuse.KindTooLarge, Code: jobs.FaultResult}},
		{name: "a result that fits alone but not with the rest of the record is refused", handler: returning(strings.Repeat("x", 8<<20-3), nil), status: jobs.StatusFailed,
			failure: &jobs.Failure{Kind: refuse.KindTooLarge, Code: jobs.FaultResult}},
	}
	p := join(t, sqliteDatabase(t), storetest.NewClock(), nil)
	p.Register("neighbour", returning("well", nil))
	for _, test := range tests {
		p.Register(kindOf(test.name), test.handler)
	}
	p.Start()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			job := untilStatus(t, p, submit(t, p, person, kindOf(test.name), nil, jobs.SubmitOptions{}).ID, test.status)
			if string(job.Result) != test.result {
				t.Errorf("result %.80s, want %.80s", job.Result, test.result)
			}
			checkFailure(t, job, test.failure)
			if text, _ := json.Marshal(job); test.logged != "" && strings.Contains(string(text), test.logged) {
				t.Errorf("%q is told to people: %s", test.logged, text)
			}
			// The log is written after the record.
			eventually(t, "the log to tell "+test.logged, func() bool { return loggedBeside(p.log.String(), job.ID, test.logged) })
			untilStatus(t, p, submit(t, p, person, "neighbour", nil, jobs.SubmitOptions{}).ID, jobs.StatusDone)
		})
	}
}

func returning(result any, err error) jobs.Handler {
	return func(context.Context, *jobs.Task) (any, error) { return result, err }
}

// loggedBeside reports whether a line of the log names a job and tells a text.
func loggedBeside(log, id, text string) bool {
	for line := range strings.Lines(log) {
		if strings.Contains(line, id) && strings.Contains(line, text) {
			return true
		}
	}
	return false
}

// kindOf makes the type of a job out of a sentence.
func kindOf(name string) string {
	kind := strings.ReplaceAll(name, " ", "_")
	return strings.ToLower(kind[:min(len(kind), 60)])
}

func checkFailure(t *testing.T, job jobs.Job, expected *jobs.Failure) {
	t.Helper()
	if expected == nil || job.Error == nil {
		if expected != nil || job.Error != nil {
			t.Errorf("failure %+v, want %+v", job.Error, expected)
		}
		return
	}
	if job.Error.Kind != expected.Kind || job.Error.Code != expected.Code || job.Error.ZH == "" || job.Error.EN == "" {
		t.Errorf("failure %s %s, want %s %s in two languages", job.Error.Kind, job.Error.Code, expected.Kind, expected.Code)
	}
	if expected.ZH != "" && !reflect.DeepEqual(job.Error, expected) {
		t.Errorf("failure %+v, want %+v", job.Error, expected)
	}
	if expected.Code == jobs.FaultInternal && (!strings.Contains(job.Error.ZH, job.ID) || !strings.Contains(job.Error.EN, job.ID)) {
		t.Errorf("the fault does not name the job: %+v", job.Error)
	}
}

// Ensure a job tells its whole life, with the moments of the clock.
func TestLife(t *testing.T) {
	onBoth(t, func(t *testing.T, open database) {
		clock := storetest.NewClock()
		p := join(t, open, clock, nil)
		hold, begun := make(chan struct{}), make(chan *jobs.Task, 1)
		p.Register("stress", func(ctx context.Context, task *jobs.Task) (any, error) {
			begun <- task
			var input struct{ Paths int }
			if err := task.Decode(&input); err != nil {
				return nil, err
			}
			task.Progress(5, 10, "第 5 条路径", "path 5")
			<-hold
			return map[string]int{"paths": input.Paths}, nil
		})
		job := submit(t, p, person, "stress", map[string]int{"paths": 10}, jobs.SubmitOptions{})
		// The clock stands at midnight UTC, 123 milliseconds.
		morning := time.Date(2026, 7, 1, 0, 0, 0, 123_000_000, time.UTC)
		expected := jobs.Job{ID: job.ID, Type: "stress", Status: jobs.StatusQueued, CreatedAt: morning, Owner: "usr_a", Region: "451481", Version: 1}
		if !reflect.DeepEqual(get(t, p, job.ID), expected) || !strings.HasPrefix(job.ID, "job_") {
			t.Errorf("queued as %+v, want %+v", get(t, p, job.ID), expected)
		}
		clock.Add(time.Second)
		p.Start()
		if task := received(t, "the start", begun); task.Actor != person || string(task.Input) != `{"paths":10}` || task.Job.Status != jobs.StatusRunning || task.Job.Attempts != 1 {
			t.Errorf("the handler was given %+v", task)
		}
		running := until(t, p, job.ID, "half way", func(job jobs.Job) bool { return job.Progress.Done == 5 })
		expected.Status, expected.StartedAt, expected.Attempts, expected.Version = jobs.StatusRunning, morning.Add(time.Second), 1, running.Version
		expected.Progress = jobs.Progress{Done: 5, Total: 10, Note: jobs.Note{ZH: "第 5 条路径", EN: "path 5"}}
		if !reflect.DeepEqual(running, expected) {
			t.Errorf("running as %+v, want %+v", running, expected)
		}
		clock.Add(time.Second)
		close(hold)
		done := untilStatus(t, p, job.ID, jobs.StatusDone)
		expected.Status, expected.FinishedAt, expected.Version, expected.Result = jobs.StatusDone, morning.Add(2*time.Second), done.Version, []byte(`{"paths":10}`)
		if !reflect.DeepEqual(done, expected) {
			t.Errorf("done as %+v, want %+v", done, expected)
		}
	})
}

// Ensure the JSON of a job has the names that clients read, and none for what is not there yet.
func TestViewNames(t *testing.T) {
	p := join(t, sqliteDatabase(t), storetest.NewClock(), func(o *jobs.Options) { o.NewID = func() string { return "job_1" } })
	p.Register("a", returning(nil, nil))
	text, err := json.Marshal(submit(t, p, service, "a", nil, jobs.SubmitOptions{}))
	expected := `{"id":"job_1","type":"a","status":"queued","progress":{"done":0,"total":0,"note":{"zh":"","en":""}},"created_at":"2026-07-01T00:00:00.123Z","attempts":0,"cancel_requested":false,"version":1}`
	if err != nil || string(text) != expected {
		t.Errorf("%s, %v, want %s", text, err, expected)
	}
}

func TestSubmitRefusals(t *testing.T) {
	p := join(t, sqliteDatabase(t), storetest.NewClock(), nil)
	p.Register("a", returning(nil, nil))
	ctx := context.Background()
	nobody := person
	nobody.User = ""
	if _, _, err := p.Submit(ctx, nobody, "a", nil, jobs.SubmitOptions{}); !errors.Is(err, &refuse.Error{Kind: refuse.KindForbidden}) {
		t.Errorf("nobody submits: %v", err)
	}
	if _, _, err := p.Submit(ctx, person, "a", strings.Repeat("x", jobs.MaxInputBytes), jobs.SubmitOptions{}); !errors.Is(err, &refuse.Error{Kind: refuse.KindTooLarge}) {
		t.Errorf("a large input: %v", err)
	}
	for name, call := range map[string]func() (jobs.Job, bool, error){
		"an unknown type": func() (jobs.Job, bool, error) { return p.Submit(ctx, person, "b", nil, jobs.SubmitOptions{}) },
		"a long key": func() (jobs.Job, bool, error) {
			return p.Submit(ctx, person, "a", nil, jobs.SubmitOptions{Key: strings.Repeat("k", jobs.MaxKeyBytes+1)})
		},
		"an input that JSON cannot hold": func() (jobs.Job, bool, error) { return p.Submit(ctx, person, "a", math.Inf(1), jobs.SubmitOptions{}) },
	} {
		var refused *refuse.Error
		if _, _, err := call(); err == nil || errors.As(err, &refused) {
			t.Errorf("%s is a fault of the program, got %v", name, err)
		}
	}
	for name, register := range map[string]func(){
		"a second handler": func() { p.Register("a", returning(nil, nil)) },
		"a bad type":       func() { p.Register("A/b", returning(nil, nil)) },
		"a second duty":    func() { p.Every("jobs.purge", time.Second, func(context.Context) error { return nil }) },
	} {
		if !panics(register) {
			t.Errorf("%s is taken", name)
		}
	}
}

func panics(do func()) (did bool) {
	defer func() { did = recover() != nil }()
	do()
	return false
}

// Ensure people see their own jobs, page through them, and learn nothing of others.
func TestWhoSeesWhat(t *testing.T) {
	onBoth(t, func(t *testing.T, open database) {
		ctx, clock := context.Background(), storetest.NewClock()
		p := join(t, open, clock, nil)
		p.Register("a", returning(nil, nil))
		p.Register("b", returning(nil, nil))
		var own []string
		for _, kind := range []string{"a", "b", "a"} {
			own = append([]string{submit(t, p, person, kind, nil, jobs.SubmitOptions{}).ID}, own...)
			clock.Add(time.Second)
		}
		nobodys := submit(t, p, service, "a", nil, jobs.SubmitOptions{})
		caused := submit(t, p, service, "a", nil, jobs.SubmitOptions{Owner: stranger.User, Region: "45"})
		for id, sees := range map[string][3]bool{own[0]: {true, false, true}, nobodys.ID: {false, false, true}, caused.ID: {false, true, true}, "job_none": {false, false, false}} {
			for i, by := range []struct {
				name string
				get  func() error
			}{{"person", func() error { _, err := p.Get(ctx, person, id); return err }}, {"stranger", func() error { _, err := p.Get(ctx, stranger, id); return err }}, {"service", func() error { _, err := p.Get(ctx, service, id); return err }}} {
				if err := by.get(); (err == nil) != sees[i] || (err != nil && !errors.Is(err, refuse.Unknown("job", id))) {
					t.Errorf("%s gets %s: %v", by.name, id, err)
				}
			}
		}
		if _, err := p.Cancel(ctx, stranger, own[0]); !errors.Is(err, refuse.Unknown("job", own[0])) {
			t.Errorf("a stranger cancels: %v", err)
		}
		if _, err := p.Watch(ctx, stranger, own[0]); !errors.Is(err, refuse.Unknown("job", own[0])) {
			t.Errorf("a stranger watches: %v", err)
		}
		first, err := p.List(ctx, person, jobs.ListQuery{Limit: 2})
		second, err2 := p.List(ctx, person, jobs.ListQuery{Limit: 2, After: first.Next})
		if found := append(ids(first), ids(second)...); err != nil || err2 != nil || !reflect.DeepEqual(found, own) || second.Next != "" {
			t.Errorf("own jobs %v, want %v, newest first: %v, %v", found, own, err, err2)
		}
		if _, err := p.Cancel(ctx, person, own[0]); err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			query    jobs.ListQuery
			expected []string
		}{
			{jobs.ListQuery{Type: "a"}, []string{own[0], own[2]}},
			{jobs.ListQuery{Statuses: []jobs.Status{jobs.StatusCancelled}}, []string{own[0]}},
			{jobs.ListQuery{Statuses: []jobs.Status{jobs.StatusQueued, jobs.StatusDone}}, []string{own[1], own[2]}},
			{jobs.ListQuery{Type: "none"}, []string{}},
		} {
			if page, err := p.List(ctx, person, test.query); err != nil || !reflect.DeepEqual(ids(page), test.expected) {
				t.Errorf("%+v: %v, %v, want %v", test.query, ids(page), err, test.expected)
			}
		}
		if all, err := p.List(ctx, service, jobs.ListQuery{}); err != nil || len(all.Jobs) != 5 {
			t.Errorf("the service sees %v, %v", ids(all), err)
		}
		if _, err := p.List(ctx, person, jobs.ListQuery{After: "x"}); !errors.Is(err, &refuse.Error{Kind: refuse.KindInvalid}) {
			t.Errorf("a foreign cursor: %v", err)
		}
	})
}

func ids(page jobs.Page) []string {
	found := []string{}
	for _, job := range page.Jobs {
		found = append(found, job.ID)
	}
	return found
}

// Ensure a job waits for its time, and one that is due first is first.
func TestDue(t *testing.T) {
	clock := storetest.NewClock()
	p := join(t, sqliteDatabase(t), clock, func(o *jobs.Options) { o.Workers = 1 })
	var order []string
	p.Register("a", func(_ context.Context, task *jobs.Task) (any, error) {
		order = append(order, task.Job.ID)
		return nil, nil
	})
	later := submit(t, p, person, "a", nil, jobs.SubmitOptions{DueAt: clock.Now().Add(time.Hour)})
	sooner := submit(t, p, person, "a", nil, jobs.SubmitOptions{DueAt: clock.Now().Add(time.Minute)})
	now := submit(t, p, person, "a", nil, jobs.SubmitOptions{})
	p.Start()
	untilStatus(t, p, now.ID, jobs.StatusDone)
	time.Sleep(5 * beat)
	if job := get(t, p, sooner.ID); job.Status != jobs.StatusQueued {
		t.Errorf("a job ran before its time: %+v", job)
	}
	clock.Add(2 * time.Hour)
	untilStatus(t, p, later.ID, jobs.StatusDone)
	if expected := []string{now.ID, sooner.ID, later.ID}; !reflect.DeepEqual(order, expected) {
		t.Errorf("ran in the order %v, want %v", order, expected)
	}
}

// Ensure finished jobs go after the retention, and nothing else does.
func TestPurge(t *testing.T) {
	onBoth(t, func(t *testing.T, open database) {
		ctx, clock := context.Background(), storetest.NewClock()
		p := join(t, open, clock, nil)
		p.Register("a", returning(nil, nil))
		p.Register("never", returning(nil, nil))
		old := submit(t, p, person, "a", nil, jobs.SubmitOptions{})
		waits := submit(t, p, person, "a", nil, jobs.SubmitOptions{DueAt: clock.Now().Add(365 * 24 * time.Hour)})
		cancelled := submit(t, p, person, "a", nil, jobs.SubmitOptions{DueAt: clock.Now().Add(time.Hour)})
		if _, err := p.Cancel(ctx, person, cancelled.ID); err != nil {
			t.Fatal(err)
		}
		p.Start()
		untilStatus(t, p, old.ID, jobs.StatusDone)
		clock.Add(10 * 24 * time.Hour)
		younger := submit(t, p, person, "a", nil, jobs.SubmitOptions{})
		untilStatus(t, p, younger.ID, jobs.StatusDone)
		stopNow(p)
		clock.Add(21 * 24 * time.Hour) // 31 days after the first two ended, 21 after the third.
		next := join(t, open, clock, nil)
		next.Register("a", returning(nil, nil))
		next.Start()
		eventually(t, "the purge", func() bool {
			_, a := next.Get(ctx, service, old.ID)
			_, b := next.Get(ctx, service, cancelled.ID)
			return a != nil && b != nil
		})
		if a, b := get(t, next, younger.ID), get(t, next, waits.ID); a.Status != jobs.StatusDone || b.Status != jobs.StatusQueued {
			t.Errorf("purged too much: %+v, %+v", a, b)
		}
		if count, err := next.cable.Count(ctx, store.KindJob, nil); err != nil || count != 2 {
			t.Errorf("%d jobs are left, want 2, %v", count, err)
		}
	})
}

// Ensure a process that has nothing to do asks the store once a beat, and progress costs a write a beat at most.
func TestCost(t *testing.T) {
	p := join(t, sqliteDatabase(t), storetest.NewClock(), func(o *jobs.Options) { o.PollEvery = 20 * time.Millisecond })
	p.Register("a", func(_ context.Context, task *jobs.Task) (any, error) {
		for i := range int64(200_000) {
			task.Progress(i, 200_000, "", "")
		}
		return nil, nil
	})
	begun := time.Now()
	p.Start()
	time.Sleep(200 * time.Millisecond)
	asked := p.cable.reads.Load()
	// One look at the start, one a beat, and three lists of the first purge.
	if most := 5 + int64(time.Since(begun)/(20*time.Millisecond)); asked > most || asked < 3 {
		t.Errorf("%d reads while nothing was to do, want at most %d", asked, most)
	}
	begun = time.Now()
	untilStatus(t, p, submit(t, p, person, "a", nil, jobs.SubmitOptions{}).ID, jobs.StatusDone)
	// The start, the end, and one a beat.
	if written, most := p.cable.updates.Load(), 3+int64(time.Since(begun)/(20*time.Millisecond)); written > most {
		t.Errorf("%d writes, want at most %d", written, most)
	}
}
