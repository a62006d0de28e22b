package service_test

// What the service costs over real sockets with connections that are kept open, beside what it is made of: a plain handler
// of the same framework with an answer of the same size, and the bare calls of store, JSON and match. Client and server
// share the machine's processors.

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"zutuan/internal/casework"
	"zutuan/internal/gate"
	"zutuan/internal/httpapi"
	"zutuan/internal/jobs"
	"zutuan/internal/office"
	"zutuan/internal/people"
	"zutuan/internal/permit"
	"zutuan/internal/service"
	"zutuan/internal/store"
	"zutuan/rules"
)

const (
	benchProducts = 300
	benchSmall    = 1_000
	pageItems     = 50
)

// benchLarge is how many requirements the larger of the two stores holds.
func benchLarge(b *testing.B) int { return fromEnvironment(b, "BENCH_HTTP_REQUIREMENTS", 10_000) }

func fromEnvironment(t testing.TB, name string, usual int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	number, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return number
}

var benchDate = time.Date(2026, time.June, 30, 0, 0, 0, 0, time.UTC)

// bench is a running service with requirements in it.
type bench struct {
	records store.Store
	running *service.Service
	bureau  *person
	risk    *person
	last    string
}

// startBench starts a service as `zutuan serve` does, its log formatted and thrown away, limits on requests raised.
func startBench(b *testing.B, requirements int) *bench {
	b.Helper()
	path := "sqlite " + filepath.Join(quickDirectory(b), "zutuan.db")
	records, err := openDatabase(path)
	if err != nil {
		b.Fatal(err)
	}
	s := &bench{records: records, last: seed(b, records, 0, requirements, gate.StatusWithdrawn)}
	if s.running, err = service.Start(context.Background(), service.Config{Store: records, Rules: rules.FS, Listen: "127.0.0.1:0", Empty: true, SolverCache: solverCache(b),
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), HTTP: httpapi.Config{PerCaller: many, PerAddress: many}, People: people.Options{HashCost: cheap}, Jobs: jobs.Options{PollEvery: time.Second}}); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := errors.Join(s.running.Stop(context.Background()), records.Close()); err != nil {
			b.Error(err)
		}
	})
	s.bureau = newPerson(b, s.running.People, bureaus[0])
	calm(b)
	s.risk = newPerson(b, s.running.People, people.NewUser{Name: "risk", DisplayName: "风险", Role: permit.RoleRisk, Region: "CN"})
	return s
}

// processorTime is what this process has computed so far, collecting included. Unlike the time on the wall it does not tell
// what else the machine does.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// calm waits until this process has nothing left to do of its own, such as what follows a start.
func calm(b *testing.B) {
	b.Helper()
	const window = 200 * time.Millisecond
	for range 50 {
		before := processorTime(b)
		time.Sleep(window)
		if processorTime(b)-before < window/20 {
			return
		}
	}
}

// reportProcessor reports what a turn computed since a moment.
func reportProcessor(b *testing.B, since time.Duration) (each float64) {
	b.Helper()
	each = float64(processorTime(b)-since) / float64(b.N)
	b.ReportMetric(each/1000, "cpu-µs/op")
	return each
}

// measured are the times of one turn of each benchmark, on the wall and computed, in nanoseconds.
type measured struct{ wall, computed map[string]float64 }

func newMeasured() *measured {
	return &measured{wall: map[string]float64{}, computed: map[string]float64{}}
}

func (m *measured) note(b *testing.B, name string, computed float64) {
	m.wall[name], m.computed[name] = float64(b.Elapsed().Nanoseconds())/float64(b.N), computed
}

// ratio reports how many times as long as another one took, and how many times as much it computed.
func (m *measured) ratio(b *testing.B, name, of, unit string) {
	if base := m.wall[of]; base > 0 {
		b.ReportMetric(m.wall[name]/base, "x-"+unit)
		b.ReportMetric(m.computed[name]/m.computed[of], "x-"+unit+"-cpu")
	}
}

// BenchmarkRead is reading one requirement, with and without the socket, beside plain answers and bare calls.
func BenchmarkRead(b *testing.B) {
	s, m := startBench(b, benchSmall), newMeasured()
	id := fmt.Sprintf("req_%026d", 500)
	get := request("GET", requirementPath(id), s.bureau.token, nil)
	size := len(dial(b, s.running.Address()).must(b, 200, get))
	b.Logf("an answer of %d bytes", size)
	run := func(name string, turn func() error, compare ...string) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			began := processorTime(b)
			for b.Loop() {
				if err := turn(); err != nil {
					b.Fatal(err)
				}
			}
			m.note(b, name, reportProcessor(b, began))
			for i := 0; i < len(compare); i += 2 {
				m.ratio(b, name, compare[i], compare[i+1])
			}
		})
	}
	over := func(address string, text []byte) func() error {
		w := dial(b, address)
		return func() error {
			status, _, err := w.ask(text)
			if err == nil && status != 200 {
				err = fmt.Errorf("answered %d", status)
			}
			return err
		}
	}
	plain := serveFiber(b, func(c *fiber.Ctx) error { return c.Send(bytes.Repeat([]byte("x"), size)) })
	raw := serveFiber(b, func(c *fiber.Ctx) error {
		text, err := s.rawRead(id)
		if err != nil {
			return err
		}
		return c.Send(text)
	})
	run("store and JSON", func() error { _, err := s.rawRead(id); return err })
	run("request without socket", s.inProcess(get), "store and JSON", "raw")
	run("socket: plain handler", over(plain, request("GET", "/", "", nil)))
	run("socket: store and JSON", over(raw, request("GET", "/", "", nil)))
	run("socket: request", over(s.running.Address(), get), "socket: store and JSON", "raw", "socket: plain handler", "plain")
}

// rawRead is what cannot be left out of reading a requirement: the store's call, and JSON in and out.
func (s *bench) rawRead(id string) ([]byte, error) {
	record, err := s.records.Get(context.Background(), store.KindRequirement, id)
	if err != nil {
		return nil, err
	}
	view := office.Requirement{Meta: office.Meta{ID: record.ID, Version: record.Version, Region: record.Region, CreatedAt: record.Created, UpdatedAt: record.Updated}}
	if err := json.Unmarshal(record.Body, &view.RequirementBody); err != nil {
		return nil, err
	}
	return json.Marshal(view)
}

// inProcess sends a request through the whole application without a socket.
func (s *bench) inProcess(text []byte) func() error {
	handler := s.running.HTTP.App().Handler()
	var parsed fasthttp.Request
	return func() error {
		parsed.Reset()
		if err := parsed.Read(bufio.NewReader(bytes.NewReader(text))); err != nil {
			return err
		}
		var c fasthttp.RequestCtx
		c.Init(&parsed, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, nil)
		handler(&c)
		if status := c.Response.StatusCode(); status != 200 {
			return fmt.Errorf("answered %d: %.200s", status, c.Response.Body())
		}
		return nil
	}
}

// serveFiber serves one handler on a port of its own.
func serveFiber(b *testing.B, handler fiber.Handler) (address string) {
	b.Helper()
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Get("/", handler)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go func() { _ = app.Listener(listener) }()
	b.Cleanup(func() { _ = app.ShutdownWithTimeout(time.Second) })
	return listener.Addr().String()
}

// BenchmarkMatch is asking three hundred products about one requirement: with all its papers in the question and every
// reason in the answer, and about a stored requirement, beside the bare match.
func BenchmarkMatch(b *testing.B) {
	s := startBench(b, benchSmall)
	installProducts(b, s.records, benchProducts, benchDate)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		edition, err := s.running.Office.Edition(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		if len(edition.Desk.Library.Products) >= benchProducts && len(edition.Broken) == 0 {
			break
		}
		if time.Now().After(deadline) {
			b.Fatalf("%d products, broken: %v", len(edition.Desk.Library.Products), edition.Broken)
		}
	}
	body, papers := matchBody(b, "pingxiang")
	ask := request("POST", "/api/v1/match", s.bureau.token, body)
	askVerdicts := request("POST", "/api/v1/match", s.bureau.token, append([]byte(`{"detail":"verdicts",`), body[1:]...))
	answer := dial(b, s.running.Address()).must(b, 200, ask)
	var answered struct{ Products []json.RawMessage }
	if err := json.Unmarshal(answer, &answered); err != nil || len(answered.Products) != benchProducts {
		b.Fatalf("%d products answered, want %d, %v", len(answered.Products), benchProducts, err)
	}
	b.Logf("a question of %d bytes, an answer of %d", len(body), len(answer))
	b.Run("bare: read, match, encode", func(b *testing.B) {
		edition, err := s.running.Office.Edition(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		began := processorTime(b)
		for b.Loop() {
			kase, err := casework.ReadCase(papers)
			if err != nil {
				b.Fatal(err)
			}
			matching, err := edition.Desk.Match(kase, casework.Asked{Date: benchDate})
			if err != nil {
				b.Fatal(err)
			}
			if _, err := json.Marshal(matching.Match.Answer()); err != nil {
				b.Fatal(err)
			}
		}
		reportProcessor(b, began)
		perSecond(b, "matches/s")
	})
	b.Run("bare: match", func(b *testing.B) {
		edition, err := s.running.Office.Edition(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		kase, err := casework.ReadCase(papers)
		if err != nil {
			b.Fatal(err)
		}
		began := processorTime(b)
		for b.Loop() {
			if _, err := edition.Desk.Match(kase, casework.Asked{Date: benchDate}); err != nil {
				b.Fatal(err)
			}
		}
		reportProcessor(b, began)
		perSecond(b, "matches/s")
	})
	s.handInLedgers(b)
	for _, connections := range []int{1, 4} {
		for _, question := range []struct {
			name   string
			status int
			text   func() []byte
		}{
			{"stateless, full answer", 200, func() []byte { return ask }},
			{"stateless, verdicts", 200, func() []byte { return askVerdicts }},
			{"stored, new each time", 201, s.storedMatches(false)},
			{"stored, asked before", 201, s.storedMatches(true)},
		} {
			b.Run(fmt.Sprintf("socket: %s, %d connections", question.name, connections), func(b *testing.B) {
				together(b, connections, func() func() error {
					w := dial(b, s.running.Address())
					return func() error { return w.want(question.status, question.text()) }
				})
				perSecond(b, "matches/s")
			})
		}
	}
}

// handInLedgers gives each region the ledger that its requirements refer to.
func (s *bench) handInLedgers(b *testing.B) {
	b.Helper()
	for i, bureau := range bureaus {
		token := s.bureau.token
		if i > 0 {
			token = newPerson(b, s.running.People, bureau).token
		}
		text, err := json.Marshal(sampleLedger(b, bureau.Name))
		if err != nil {
			b.Fatal(err)
		}
		dial(b, s.running.Address()).must(b, 200, request("PUT", ledgerPath(bureau.Region), token, text))
	}
}

// storedMatches asks for matches of stored requirements of the bureau: of another requirement or day each time, which is
// a new match, or of one again and again.
func (s *bench) storedMatches(same bool) func() []byte {
	var number atomic.Int64
	return func() []byte {
		n := int(number.Add(1))
		if same {
			n = 0
		}
		of := n % (benchSmall / len(seedRegions)) * len(seedRegions)
		date := benchDate.AddDate(0, 0, n/(benchSmall/len(seedRegions)))
		return request("POST", requirementPath(fmt.Sprintf("req_%026d", of))+"/matches", s.bureau.token, []byte(`{"date":"`+date.Format(time.DateOnly)+`"}`))
	}
}

func perSecond(b *testing.B, unit string) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), unit)
}

// together spreads the turns of a benchmark over a number of workers.
func together(b *testing.B, workers int, worker func() func() error) {
	b.Helper()
	turns := make(chan struct{}, workers)
	var all sync.WaitGroup
	for range workers {
		turn := worker()
		all.Go(func() {
			for range turns {
				if err := turn(); err != nil {
					b.Error(err)
				}
			}
		})
	}
	b.ResetTimer()
	began := processorTime(b)
	for range b.N {
		turns <- struct{}{}
	}
	close(turns)
	all.Wait()
	reportProcessor(b, began)
}

// matchBody is the body of a stateless match of a sample with all its papers, and the papers themselves.
func matchBody(t testing.TB, name string) ([]byte, casework.Papers) {
	t.Helper()
	papers, err := casework.SamplePapers(rules.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	body := map[string]any{"requirement": sampleDocument(t, name), "ledger": map[string]any{"csv": string(papers.Ledger.Data)}, "fiscal": sampleFiscal(t, name), "date": benchDate.Format(time.DateOnly)}
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return text, papers
}

// BenchmarkList is a page of fifty requirements, the first and a deep one, of everything that a person may see and of one
// region, with few and with many requirements in the store.
func BenchmarkList(b *testing.B) {
	m := newMeasured()
	sizes := []int{benchSmall, benchLarge(b)}
	for _, size := range sizes {
		s := startBench(b, size)
		w := dial(b, s.running.Address())
		for _, list := range []struct{ name, query string }{
			{"all", "?"}, {"one region", "?region=GX-PX&"}, {"one province by amount", "?region=GX&by_requested=true&"}, {"one region and status", "?region=YN-LC&status=draft&"},
		} {
			for _, deep := range []bool{false, true} {
				path, place := "/api/v1/requirements"+list.query+"limit="+strconv.Itoa(pageItems), "first page"
				if deep {
					path, place = path+"&after="+deepCursor(b, w, path, s.risk.token, size/len(seedRegions)/2), "deep page"
				}
				name := fmt.Sprintf("%s, %s", list.name, place)
				text := request("GET", path, s.risk.token, nil)
				b.Run(fmt.Sprintf("%s, of %d", name, size), func(b *testing.B) {
					began := processorTime(b)
					for b.Loop() {
						w.must(b, 200, text)
					}
					m.note(b, fmt.Sprintf("%s of %d", name, size), reportProcessor(b, began))
					m.ratio(b, fmt.Sprintf("%s of %d", name, size), fmt.Sprintf("%s of %d", name, sizes[0]), "small")
				})
			}
		}
	}
}

// deepCursor pages to a depth, two hundred at a time, and returns the cursor of the following page.
func deepCursor(b *testing.B, w *wire, path, token string, depth int) (cursor string) {
	b.Helper()
	path = strings.Replace(path, "limit="+strconv.Itoa(pageItems), "limit=200", 1)
	for gone := 0; gone < depth; gone += 200 {
		var list struct{ Next string }
		target := path
		if cursor != "" {
			target += "&after=" + cursor
		}
		if err := json.Unmarshal(w.must(b, 200, request("GET", target, token, nil)), &list); err != nil {
			b.Fatal(err)
		}
		if list.Next == "" {
			break
		}
		cursor = list.Next
	}
	return cursor
}

// share is how often one kind of request comes in the mixed load, of a hundred, and how it is made.
type share struct {
	name  string
	of100 int
	turn  func(w *wire, number int) error
}

// mixedLoad is what an office day looks like: reads above all, lists, some writes, some matches.
func (s *bench) mixedLoad(t testing.TB) []share {
	t.Helper()
	body, _ := matchBody(t, "pingxiang")
	document := sampleDocument(t, "pingxiang")
	read := func(number int) []byte {
		return request("GET", requirementPath(fmt.Sprintf("req_%026d", number%benchSmall/len(seedRegions)*len(seedRegions))), s.bureau.token, nil)
	}
	matching := request("POST", "/api/v1/match", s.bureau.token, body)
	list := request("GET", "/api/v1/requirements?limit=50", s.bureau.token, nil)
	var one sync.Mutex
	return []share{
		{"read a requirement", 60, func(w *wire, number int) error { return w.want(200, read(number)) }},
		{"list requirements", 20, func(w *wire, _ int) error { return w.want(200, list) }},
		{"write a requirement", 10, func(w *wire, number int) error {
			one.Lock()
			document["opening_cash"] = fmt.Sprintf("%d.00", number)
			text, err := json.Marshal(document)
			one.Unlock()
			if err != nil {
				return err
			}
			return w.want(201, request("POST", "/api/v1/requirements", s.bureau.token, text))
		}},
		{"match products", 10, func(w *wire, _ int) error { return w.want(200, matching) }},
	}
}

func (w *wire) want(status int, text []byte) error {
	got, body, err := w.ask(text)
	if err == nil && got != status {
		err = fmt.Errorf("%.60s: %d: %.300s", text, got, body)
	}
	return err
}

const (
	// mixedConnections is how many people send at the same time in the mixed load.
	mixedConnections = 8
	// mixedEnough is from how many requests on the slowest of a hundred say something.
	mixedEnough = 1_000
)

// BenchmarkMixed is reads, lists, writes and matches at the same time over eight connections, with the times that most
// requests stay under.
func BenchmarkMixed(b *testing.B) {
	s := startBench(b, benchSmall)
	load := s.mixedLoad(b)
	times := map[string][]time.Duration{}
	var mutex sync.Mutex
	number := 0
	together(b, mixedConnections, func() func() error {
		w := dial(b, s.running.Address())
		return func() error {
			mutex.Lock()
			number++
			mine := number
			mutex.Unlock()
			part := pick(load, mine)
			began := time.Now()
			err := part.turn(w, mine)
			took := time.Since(began)
			mutex.Lock()
			times[part.name] = append(times[part.name], took)
			mutex.Unlock()
			return err
		}
	})
	perSecond(b, "requests/s")
	var all []time.Duration
	var table strings.Builder
	for _, part := range load {
		table.WriteString("\n" + quantiles(part.name, times[part.name]))
		all = append(all, times[part.name]...)
	}
	if len(all) >= mixedEnough {
		b.Log(table.String() + "\n" + quantiles("everything", all))
	}
	for _, percent := range []int{50, 95, 99} {
		b.ReportMetric(quantile(all, percent).Seconds()*1000, fmt.Sprintf("p%d-ms", percent))
	}
}

// pick deals the shares out evenly.
func pick(load []share, number int) share {
	place := number * 37 % 100
	for _, part := range load {
		if place -= part.of100; place < 0 {
			return part
		}
	}
	return load[0]
}

func quantile(times []time.Duration, percent int) time.Duration {
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[min(len(times)*percent/100, len(times)-1)]
}

func quantiles(name string, times []time.Duration) string {
	return fmt.Sprintf("%-20s %6d requests  p50 %8v  p95 %8v  p99 %8v", name, len(times), quantile(times, 50).Round(10*time.Microsecond), quantile(times, 95).Round(10*time.Microsecond),
		quantile(times, 99).Round(10*time.Microsecond))
}
