package service_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"zutuan/internal/casework"
	"zutuan/internal/document"
	"zutuan/internal/people"
	"zutuan/internal/permit"
	"zutuan/rules"
)

// password is that of every account.
const password = "correct-horse-9"

// person is an account with a session and an access token, both of which outlive the server that gave them.
type person struct {
	name, region  string
	session, csrf string
	token         string
}

// bureaus are those whose sample papers the rules ship.
var bureaus = []people.NewUser{
	{Name: "pingxiang", DisplayName: "凭祥", Role: permit.RoleBureau, Region: "GX-PX"},
	{Name: "lincang", DisplayName: "临沧", Role: permit.RoleBureau, Region: "YN-LC"},
	{Name: "manzhouli", DisplayName: "满洲里", Role: permit.RoleBureau, Region: "NM-MZL"},
}

// setUp installs an empty database and makes accounts in it.
func setUp(t testing.TB, database string, accounts []people.NewUser) []*person {
	t.Helper()
	ctx := context.Background()
	running, records, err := serve(ctx, database, solverCache(t), "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := running.Stop(ctx); err != nil {
			t.Fatal(err)
		}
		if err := records.Close(); err != nil {
			t.Fatal(err)
		}
	}()
	var list []*person
	for _, account := range accounts {
		list = append(list, newPerson(t, running.People, account))
	}
	return list
}

func newPerson(t testing.TB, accounts *people.People, account people.NewUser) *person {
	t.Helper()
	ctx, origin := context.Background(), people.Origin{Address: "127.0.0.1"}
	fail := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	account.Reason = "test"
	made, err := accounts.CreateUser(ctx, permit.SystemActor("test"), account)
	fail(err)
	begun, err := accounts.SignIn(ctx, people.SignInInput{Name: account.Name, Password: made.Password}, origin)
	fail(err)
	fail(accounts.ChangePassword(ctx, begun.Identity, people.PasswordChange{Old: made.Password, New: password}, origin))
	begun, err = accounts.SignIn(ctx, people.SignInInput{Name: account.Name, Password: password}, origin)
	fail(err)
	_, secret, err := accounts.CreateToken(ctx, begun.Identity, people.NewToken{Name: "t", ExpiresAt: time.Now().Add(24 * time.Hour)}, origin)
	fail(err)
	return &person{name: account.Name, region: account.Region, session: begun.Secret, csrf: begun.Identity.CSRF, token: secret}
}

// client sends requests of one person to one server.
type client struct {
	*person
	http    *http.Client
	address string
	// bySession sends the session's cookie instead of the access token.
	bySession bool
	// trace notes what became of each request, where it is not nil.
	trace *trace
}

// trace is what became of requests, by their ids: the status of the answer, 0 where none came.
type trace struct {
	mutex    sync.Mutex
	statuses map[string]int
}

func (l *trace) note(id string, status int) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.statuses[id] = status
}

// answer is what came back.
type answer struct {
	status int
	etag   string
	body   []byte
}

// into reads the answer's JSON.
func (a answer) into(value any) error {
	if err := json.Unmarshal(a.body, value); err != nil {
		return fmt.Errorf("%w in %.300s", err, a.body)
	}
	return nil
}

// send sends one request. An error means that no whole answer came back: what was asked may have been done or not.
func (c *client) send(ctx context.Context, method, path string, body []byte, headers ...string) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+c.address+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if len(body) > 0 {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.bySession {
		request.Header.Set("Cookie", "sid="+c.session)
		request.Header.Set("X-CSRF-Token", c.csrf)
	} else {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	id := fmt.Sprintf("test-%d", names.Add(1)+1_000_000)
	request.Header.Set("X-Request-Id", id)
	got, err := c.receive(request)
	if c.trace != nil {
		status := got.status
		if err != nil {
			status = 0
		}
		c.trace.note(id, status)
	}
	return got, err
}

func (c *client) receive(request *http.Request) (answer, error) {
	response, err := c.http.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header.Get("ETag"), text}, err
}

// sampleDocument is the requirement of a sample as JSON, sampleFiscal its fiscal profile.
func sampleDocument(t testing.TB, name string) map[string]any {
	t.Helper()
	papers, err := casework.SamplePapers(rules.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	return treeOf(t, papers.Requirement)
}

func sampleFiscal(t testing.TB, name string) map[string]any {
	t.Helper()
	papers, err := casework.SamplePapers(rules.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	return treeOf(t, papers.Fiscal)
}

func treeOf(t testing.TB, file casework.File) map[string]any {
	t.Helper()
	text, err := document.JSON(file.Name, file.Data)
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	return tree
}
