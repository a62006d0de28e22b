package service_test

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"zutuan/internal/people"
	"zutuan/internal/service"
	"zutuan/internal/store"
	"zutuan/rules"
)

// begin starts a service in this process with the samples, and returns what it announced.
func begin(t *testing.T, records store.Store, listen string, empty bool) (*service.Service, string, error) {
	t.Helper()
	var announced bytes.Buffer
	running, err := service.Start(context.Background(), service.Config{Store: records, Rules: rules.FS, Listen: listen, Empty: empty, Announce: &announced,
		SolverCache: solverCache(t), People: people.Options{HashCost: cheap}})
	return running, announced.String(), err
}

func sqliteStore(t *testing.T) store.Store {
	t.Helper()
	records, err := openDatabase(databases[0].make(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := records.Close(); err != nil {
			t.Error(err)
		}
	})
	return records
}

func stop(t *testing.T, running *service.Service) {
	t.Helper()
	if err := running.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

// announcedAccount is a line of the announcement: name and password.
var announcedAccount = regexp.MustCompile(`(?m)^  (\w+) +([0-9a-z]{5}(?:-[0-9a-z]{5}){3})  `)

// Ensure the first start tells a password for each account that it makes, each of which signs in, hands in every sample,
// and that no later start does either again.
func TestFirstStartMakesAccountsAndSamplesOnce(t *testing.T) {
	ctx, records := context.Background(), sqliteStore(t)
	running, text, err := begin(t, records, "127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	accounts := announcedAccount.FindAllStringSubmatch(text, -1)
	for _, account := range accounts {
		begun, err := running.People.SignIn(ctx, people.SignInInput{Name: account[1], Password: account[2]}, people.Origin{Address: "127.0.0.1"})
		if err != nil || !begun.Identity.MustChangePassword {
			t.Errorf("%s: %v, has to change the password: %v", account[1], err, begun.Identity.MustChangePassword)
		}
	}
	users, err := records.Count(ctx, store.KindUser, nil)
	if err != nil || int(users) != len(accounts) || users < 2 {
		t.Errorf("%d accounts, %v; announced were %d\n%s", users, err, len(accounts), text)
	}
	stop(t, running)
	samples, err := fs.ReadDir(rules.FS, "samples")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		count, err := records.Count(ctx, store.KindRequirement, nil)
		if err != nil || int(count) != len(samples) {
			t.Errorf("%d requirements, %v; there are %d samples", count, err, len(samples))
		}
		again, text, err := begin(t, records, "127.0.0.1:0", false)
		if err != nil || text != "" {
			t.Fatalf("announced %q, %v", text, err)
		}
		stop(t, again)
	}
}

func TestAnEmptyStartMakesTheAdministratorAlone(t *testing.T) {
	ctx, records := context.Background(), sqliteStore(t)
	running, text, err := begin(t, records, "127.0.0.1:0", true)
	if err != nil {
		t.Fatal(err)
	}
	defer stop(t, running)
	if accounts := announcedAccount.FindAllStringSubmatch(text, -1); len(accounts) != 1 || accounts[0][1] != "admin" {
		t.Errorf("announced:\n%s", text)
	}
	for kind, want := range map[string]int64{store.KindUser: 1, store.KindRequirement: 0, store.KindLedger: 0} {
		if count, err := records.Count(ctx, kind, nil); err != nil || count != want {
			t.Errorf("%d records of %s, %v; want %d", count, kind, err, want)
		}
	}
}

// Ensure whoever watches the service sees what it asks of the database.
func TestStoreCallsAreCounted(t *testing.T) {
	running, _, err := begin(t, sqliteStore(t), "127.0.0.1:0", true)
	if err != nil {
		t.Fatal(err)
	}
	defer stop(t, running)
	response, err := http.Get("http://" + running.Address() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if want := `zutuan_store_call_seconds_count{kind="user",method="count",outcome="done"} 1`; err != nil || !strings.Contains(string(text), want) {
		t.Errorf("%v, want %s", err, want)
	}
}

// Ensure a start that fails takes down what it began: the store can be started on again at once.
func TestAStartThatFailsLeavesNothingBehind(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	records := sqliteStore(t)
	if _, _, err := begin(t, records, taken.Addr().String(), true); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Fatalf("started on a port that is taken: %v", err)
	}
	running, _, err := begin(t, records, "127.0.0.1:0", true)
	if err != nil {
		t.Fatal(err)
	}
	waitReady(t, running.Address())
	stop(t, running)
	if _, err := records.Verify(context.Background()); err != nil {
		t.Error(err)
	}
}
