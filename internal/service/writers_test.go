package service_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"zutuan/internal/casework"
	"zutuan/internal/funding"
	"zutuan/rules"
)

// updatesOfOne is how often a requirement is changed before the next is created.
const updatesOfOne = 6

// names makes every document one that nobody else wrote.
var names atomic.Int64

// writeRequirements creates requirements and changes each of them, until the server is gone.
func (s *siege) writeRequirements(ctx context.Context, c *client) error {
	document := shallow(s.samples[c.region].requirement)
	for {
		key := fmt.Sprintf("需求 %s %d", c.name, names.Add(1))
		document["name"] = key
		path := ""
		for range 1 + updatesOfOne {
			// The name is what a requirement is found by; the cash at its opening is what changes.
			document["opening_cash"] = fmt.Sprintf("%d.00", names.Add(1))
			w, err := s.write(ctx, c, key, path, document)
			if err != nil || w.ID == "" {
				return err
			}
			path = requirementPath(w.ID)
		}
	}
}

// writeLedger replaces the ledger of the region, until the server is gone.
func (s *siege) writeLedger(ctx context.Context, c *client) error {
	ledger := shallow(s.samples[c.region].ledger)
	for {
		instruments := ledger["instruments"].([]any)
		first := shallow(instruments[0].(map[string]any))
		first["note"] = fmt.Sprintf("第 %d 次修改", names.Add(1))
		ledger["instruments"] = append([]any{first}, instruments[1:]...)
		w, err := s.write(ctx, c, "ledger "+c.region, ledgerPath(c.region), ledger)
		if err != nil || w.ID == "" {
			return err
		}
	}
}

// write sends one document and notes what becomes of it. The result is empty where the server is gone.
func (s *siege) write(ctx context.Context, c *client, key, path string, document map[string]any) (w written, err error) {
	text, hash, err := hashOfDocument(document)
	if err != nil {
		return w, err
	}
	s.book.sent(key, c.person, path, hash)
	method, target, headers := http.MethodPut, path, []string{}
	if path == "" {
		method, target = http.MethodPost, "/api/v1/requirements"
	}
	if etag := s.book.etag(key); etag != "" {
		headers = append(headers, "If-Match", etag)
	}
	// The request itself is not cancelled: it is the server that breaks it off.
	got, err := c.send(context.WithoutCancel(ctx), method, target, text, headers...)
	for err == nil && got.status == http.StatusTooManyRequests {
		time.Sleep(50 * time.Millisecond)
		got, err = c.send(context.WithoutCancel(ctx), method, target, text, headers...)
	}
	if err != nil {
		return written{}, nil
	}
	if got.status != http.StatusOK && got.status != http.StatusCreated {
		return w, fmt.Errorf("%s %s: %d %.500s", method, target, got.status, got.body)
	}
	if err := got.into(&w); err != nil {
		return w, err
	}
	if path == "" {
		path = requirementPath(w.ID)
	}
	return w, s.book.told(key, path, w)
}

// writeTokens makes access tokens and revokes them, until the server is gone.
func (s *siege) writeTokens(ctx context.Context, c *client) error {
	c.bySession = true
	for {
		body, err := json.Marshal(map[string]any{"name": fmt.Sprint("t", names.Add(1)), "expires_at": time.Now().Add(time.Hour)})
		if err != nil {
			return err
		}
		got, err := c.send(context.WithoutCancel(ctx), http.MethodPost, "/api/v1/me/tokens", body)
		if err != nil {
			return nil
		}
		var made struct {
			Secret string
			Token  struct{ ID string }
		}
		if got.status != http.StatusCreated {
			return fmt.Errorf("create a token: %d %.300s", got.status, got.body)
		}
		if err := got.into(&made); err != nil {
			return err
		}
		s.book.tokenMade(made.Token.ID, &secret{owner: c.person, text: made.Secret})
		got, err = c.send(context.WithoutCancel(ctx), http.MethodDelete, "/api/v1/me/tokens/"+made.Token.ID, nil)
		if err != nil {
			return nil
		}
		if got.status != http.StatusNoContent {
			return fmt.Errorf("revoke a token: %d %.300s", got.status, got.body)
		}
		s.book.tokenRevoked(made.Token.ID)
	}
}

// shallow copies the first level of a tree, so that a writer may exchange single values.
func shallow(tree map[string]any) map[string]any {
	copied := make(map[string]any, len(tree))
	for key, value := range tree {
		copied[key] = value
	}
	return copied
}

// sampleLedger is the ledger of a sample as JSON.
func sampleLedger(t testing.TB, name string) map[string]any {
	t.Helper()
	papers, err := casework.SamplePapers(rules.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	text, err := funding.LedgerJSON("ledger.csv", papers.Ledger.Data, time.Date(2025, time.December, 31, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := json.Unmarshal(text, &tree); err != nil {
		t.Fatal(err)
	}
	return tree
}
