package service_test

// What writers remember of their writes, and how a server that came back is held to it.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"zutuan/internal/store"
)

// page is what is known of one record: the last version that was acknowledged, and what was sent after it and not
// acknowledged, which may have been written or not.
type page struct {
	owner   *person
	path    string // empty while its creation was not acknowledged
	version int64
	hash    string
	pending string
}

// book holds what all writers were told. Each record has one writer, who waits for each answer.
type book struct {
	mutex        sync.Mutex
	pages        map[string]*page
	secrets      map[string]*secret
	acknowledged int
	failed       []string
}

// secret is an access token: what is known of whether it may be used.
type secret struct {
	owner          *person
	text           string
	revoked, maybe bool
}

func newBook() *book { return &book{pages: map[string]*page{}, secrets: map[string]*secret{}} }

// sent notes what is about to be sent for a record.
func (b *book) sent(key string, owner *person, path, hash string) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.pages[key] == nil {
		b.pages[key] = &page{owner: owner, path: path}
	}
	b.pages[key].pending = hash
}

// written is what every answer to a write of a document tells.
type written struct {
	ID      string          `json:"id"`
	Version int64           `json:"version"`
	Hash    string          `json:"document_hash"`
	Text    json.RawMessage `json:"document"`
}

// told notes an answer. It must be the one that follows from what was sent.
func (b *book) told(key, path string, w written) error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	p := b.pages[key]
	if w.Version != p.version+1 || w.Hash != p.pending {
		return fmt.Errorf("%s: answered version %d of %s, want %d of %s", key, w.Version, w.Hash, p.version+1, p.pending)
	}
	p.path, p.version, p.hash, p.pending = path, w.Version, w.Hash, ""
	b.acknowledged++
	return nil
}

// etag is the version that a record was last told to have.
func (b *book) etag(key string) string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if p := b.pages[key]; p != nil && p.version > 0 {
		return fmt.Sprintf(`"%d"`, p.version)
	}
	return ""
}

// tokenMade notes a token whose end is asked for next: until that is acknowledged, it may work or not.
func (b *book) tokenMade(id string, made *secret) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	made.maybe = true
	b.secrets[id] = made
	b.acknowledged++
}

func (b *book) tokenRevoked(id string) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.secrets[id].revoked = true
	b.acknowledged++
}

// waitForWrites returns when so many more writes were acknowledged, or a writer failed.
func (b *book) waitForWrites(t *testing.T, count int) {
	t.Helper()
	state := func() (acknowledged int, failed bool) {
		b.mutex.Lock()
		defer b.mutex.Unlock()
		return b.acknowledged, len(b.failed) > 0
	}
	before, _ := state()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if now, failed := state(); now >= before+count || failed {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not even %d writes were acknowledged within a minute", count)
		}
	}
}

func (b *book) fail(format string, values ...any) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.failed = append(b.failed, fmt.Sprintf(format, values...))
}

// hashOfDocument is the hash that the service is to show for a document.
func hashOfDocument(document any) (text []byte, hash string, err error) {
	text, err = store.Canonical(document)
	return text, sha(text), err
}

// check reads everything back from a server that has started after others were killed. What was written and not
// acknowledged is known from then on.
func (b *book) check(t *testing.T, httpClient *http.Client, address string) {
	t.Helper()
	as := func(p *person) *client { return &client{person: p, http: httpClient, address: address} }
	listed := map[*person]map[string]string{}
	for key, p := range b.pages {
		if p.path == "" {
			if listed[p.owner] == nil {
				listed[p.owner] = listRequirements(t, as(p.owner))
			}
			id, found := listed[p.owner][key]
			if !found {
				delete(b.pages, key)
				continue
			}
			p.path = requirementPath(id)
		}
		if err := p.check(as(p.owner)); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
	for id, s := range b.secrets {
		if err := s.check(as(s.owner)); err != nil {
			t.Errorf("token %s: %v", id, err)
		}
		if s.revoked {
			delete(b.secrets, id)
		}
	}
}

// check compares one record with what is known of it: nothing acknowledged is missing, nothing that nobody sent is there,
// and the record is whole: its document has its hash, and its trail has an entry for each version.
func (p *page) check(c *client) error {
	got, err := c.send(context.Background(), "GET", p.path, nil)
	if err != nil {
		return err
	}
	if got.status == http.StatusNotFound && p.version == 0 {
		p.pending = ""
		return nil
	}
	if got.status != http.StatusOK {
		return fmt.Errorf("answered %d: %.300s", got.status, got.body)
	}
	var w written
	if err := got.into(&w); err != nil {
		return err
	}
	switch {
	case w.Version == p.version && w.Hash == p.hash:
	case p.pending != "" && w.Version == p.version+1 && w.Hash == p.pending:
	default:
		return fmt.Errorf("version %d of %s stands; acknowledged was %d of %s, after it %q was sent", w.Version, w.Hash, p.version, p.hash, p.pending)
	}
	p.version, p.hash, p.pending = w.Version, w.Hash, ""
	if _, hash, err := hashOfDocument(w.Text); err != nil || hash != w.Hash {
		return fmt.Errorf("the document has the hash %s, not %s: %w", hash, w.Hash, errors.Join(err))
	}
	return p.checkTrail(c)
}

func (p *page) checkTrail(c *client) error {
	got, err := c.send(context.Background(), "GET", p.path+"/trail", nil)
	if err != nil {
		return err
	}
	var trail struct {
		Items []struct {
			Version int64 `json:"version"`
		} `json:"items"`
	}
	if err := got.into(&trail); err != nil {
		return err
	}
	if int64(len(trail.Items)) != p.version {
		return fmt.Errorf("version %d has a trail of %d entries", p.version, len(trail.Items))
	}
	for i, entry := range trail.Items {
		if entry.Version != int64(i+1) {
			return fmt.Errorf("entry %d of the trail is of version %d", i+1, entry.Version)
		}
	}
	return nil
}

// check uses a token: one that was acknowledged works, one whose end was acknowledged does not.
func (s *secret) check(c *client) error {
	with := *c.person
	with.token = s.text
	c.person = &with
	got, err := c.send(context.Background(), "GET", "/api/v1/session", nil)
	if err != nil {
		return err
	}
	switch {
	case got.status == http.StatusUnauthorized && (s.revoked || s.maybe):
		s.revoked = true
	case got.status == http.StatusOK && !s.revoked:
		s.maybe = false
	default:
		return fmt.Errorf("answered %d; its end was acknowledged: %v, asked for: %v", got.status, s.revoked, s.maybe)
	}
	return nil
}

func requirementPath(id string) string { return "/api/v1/requirements/" + id }
func ledgerPath(region string) string  { return "/api/v1/regions/" + region + "/ledger" }

// listRequirements lists every requirement that a person sees: id by name.
func listRequirements(t *testing.T, c *client) map[string]string {
	t.Helper()
	ids := map[string]string{}
	for after := ""; ; {
		got, err := c.send(context.Background(), "GET", "/api/v1/requirements?limit=200&after="+url.QueryEscape(after), nil)
		if err != nil || got.status != http.StatusOK {
			t.Fatalf("list requirements: %d %.300s %v", got.status, got.body, err)
		}
		var list struct {
			Items []struct {
				ID   string `json:"id"`
				Name string `json:"name"`
			} `json:"items"`
			Next string `json:"next"`
		}
		if err := got.into(&list); err != nil {
			t.Fatal(err)
		}
		for _, item := range list.Items {
			ids[item.Name] = item.ID
		}
		if after = list.Next; after == "" {
			return ids
		}
	}
}
