package httpapi_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"zutuan/internal/casework"
	"zutuan/internal/httpapi"
	"zutuan/internal/httpapi/apitest"
	"zutuan/internal/jobs"
	"zutuan/internal/lp"
	"zutuan/internal/people"
	"zutuan/internal/permit"
	"zutuan/internal/rulepack"
	"zutuan/internal/store"
	"zutuan/internal/store/sqlite"
	"zutuan/rules"
)

// fixture is a server with a store of its own and one account of each role.
type fixture struct {
	t      testing.TB
	store  store.Store
	people *people.People
	jobs   *jobs.Runner
	server *httpapi.Server
	client *apitest.Client
	log    *strings.Builder
	clock  *clock
}

// clock stands still until a test moves it.
type clock struct {
	mutex sync.Mutex
	now   time.Time
}

func (c *clock) Now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.now
}

func (c *clock) Move(by time.Duration) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.now = c.now.Add(by)
}

// testDesk is loaded once; it does not change.
var testDesk = sync.OnceValues(func() (*casework.Desk, error) {
	library, err := rulepack.Load(rules.FS)
	if err != nil {
		return nil, err
	}
	return casework.NewDesk(library)
})

// password is that of every account.
const password = "correct-horse-9"

// cheap makes hashing quick.
var cheap = people.Cost{MemoryKiB: 64, Passes: 1, Lanes: 1}

type lockedWriter struct {
	mutex sync.Mutex
	to    *strings.Builder
}

func (w *lockedWriter) Write(text []byte) (int, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.to.Write(text)
}

func newFixture(t testing.TB, change ...func(*httpapi.Config)) *fixture {
	t.Helper()
	f := &fixture{t: t, log: &strings.Builder{}, clock: &clock{now: time.Date(2026, 6, 30, 2, 0, 0, 0, time.UTC)}}
	kept, err := sqlite.Open(context.Background(), sqlite.Config{Path: filepath.Join(t.TempDir(), "store.db"), Kinds: store.Kinds(), Clock: f.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = kept.Close() })
	f.store = kept
	tree := permit.NewTree(map[string]string{"CN": "", "GX": "CN", "GX-PX": "GX"})
	f.people = people.New(kept, people.Options{Clock: f.clock.Now, Tree: func() *permit.Tree { return tree }, HashCost: cheap})
	f.jobs = jobs.New(kept, f.clock.Now, jobs.Options{})
	config := httpapi.Config{Store: kept, People: f.people, Jobs: f.jobs, Rules: func(context.Context) (*casework.Desk, error) { return testDesk() },
		Clock: f.clock.Now, Logger: slog.New(slog.NewJSONHandler(&lockedWriter{to: f.log}, nil)), Heartbeat: 50 * time.Millisecond}
	for _, mend := range change {
		mend(&config)
	}
	if f.server, err = httpapi.New(config); err != nil {
		t.Fatal(err)
	}
	f.client = apitest.New(t, f.server.App())
	return f
}

// as returns a client signed in with a role, after the change of the password that a new account begins with.
func (f *fixture) as(role permit.Role) *apitest.Client {
	f.t.Helper()
	input := people.NewUser{Name: string(role) + "-1", DisplayName: string(role), Role: role, Reason: "test"}
	switch role {
	case permit.RoleLiaison:
		input.Institution = "cdb"
	case permit.RoleAdmin:
	default:
		input.Region = "GX-PX"
	}
	made, err := f.people.CreateUser(context.Background(), permit.SystemActor("test"), input)
	if err != nil {
		f.t.Fatal(err)
	}
	client := f.client.SignIn(input.Name, made.Password)
	client.Put("/api/v1/me/password", map[string]string{"old": made.Password, "new": password}, "").Expect(204)
	return client
}

// slow is a solver that never ends by itself; it says when it began and when it was ended.
type slow struct {
	lp.Solver
	begun, stopped chan<- struct{}
}

func (slow) Ready() bool { return false }

func (s slow) Solve(ctx context.Context, _ *lp.Model, _ lp.Options) (*lp.Solution, error) {
	s.begun <- struct{}{}
	<-ctx.Done()
	s.stopped <- struct{}{}
	return nil, ctx.Err()
}

// sampleCase is a shipped sample as the body of a request: YAML files as the JSON that they stand for.
func sampleCase(t testing.TB, name string) map[string]any {
	t.Helper()
	papers, err := casework.SamplePapers(rules.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	body := map[string]any{"requirement": jsonOf(t, papers.Requirement.Data), "date": "2026-06-30"}
	if papers.Ledger.Name != "" {
		body["ledger"] = map[string]any{"csv": string(papers.Ledger.Data)}
	}
	if papers.Fiscal.Name != "" {
		body["fiscal"] = jsonOf(t, papers.Fiscal.Data)
	}
	return body
}

// jsonOf writes YAML as JSON; every scalar that is not a truth is a text, as the strict readers take it.
func jsonOf(t testing.TB, text []byte) json.RawMessage {
	t.Helper()
	var node yaml.Node
	if err := yaml.Unmarshal(text, &node); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(plain(&node))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func plain(node *yaml.Node) any {
	switch node.Kind {
	case yaml.DocumentNode:
		return plain(node.Content[0])
	case yaml.MappingNode:
		object := map[string]any{}
		for i := 0; i < len(node.Content); i += 2 {
			object[node.Content[i].Value] = plain(node.Content[i+1])
		}
		return object
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range node.Content {
			list = append(list, plain(item))
		}
		return list
	}
	if node.Tag == "!!null" {
		return nil
	}
	return node.Value
}

func samples(t testing.TB) []string {
	t.Helper()
	entries, err := fs.ReadDir(rules.FS, "samples")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}
