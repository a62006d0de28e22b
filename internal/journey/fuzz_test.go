package journey

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"zutuan/internal/httpapi/apitest"
	"zutuan/internal/permit"
	"zutuan/internal/store"
)

// Attacks are requests of every operation as every role, with paths, queries, headers and bodies made by chance and out of
// hostile texts. Whatever comes: no 5xx, nothing that is not described, nothing of the inside of the program, nothing of a
// foreign region, and every record's trail whole afterwards.

// attack sends one request by chance and judges the answer.
func (w *world) attack(t testing.TB, d described, role permit.Role, c chance) {
	t.Helper()
	side := w.sideOf("", role, !c.of(4))
	if d.OperationID == "updateRegion" || d.OperationID == "createRegion" {
		// A region that an administrator moves under another is that one's from then on, and its records no secret there.
		side = w.sideOf("", role, true)
	}
	request, body := w.hostileRequest(t, d, role, side, c)
	status, answer := w.send(request)
	what := fmt.Sprintf("%s by %s: %s %s %v %.2000q", d.OperationID, role, request.Method, request.URL, request.Header, body)
	if status >= 500 {
		t.Errorf("%d %.500s\n%s", status, answer, what)
	}
	for _, mark := range marksFor(role) {
		if strings.Contains(answer, mark) {
			t.Errorf("a foreign record is told: %.500s\n%s", answer, what)
		}
	}
	for _, told := range leaks {
		if status >= 400 && strings.Contains(answer, told) {
			t.Errorf("the inside is told, %q: %.500s\n%s", told, answer, what)
		}
	}
	if status == http.StatusUnauthorized {
		w.renew(role)
	}
}

func (w *world) hostileRequest(t testing.TB, d described, role permit.Role, side ids, c chance) (*http.Request, []byte) {
	t.Helper()
	how := recipes[d.OperationID]
	id := side[how.kind]
	if how.kind == "" || c.of(4) {
		id = pick(c, hostile)
	}
	path := strings.ReplaceAll(d.path, "{id}", escaped(c, id))
	path = strings.ReplaceAll(path, "{year}", pick(c, []string{"2025", "2025", "2024", "0", "-1", "99999999999999999999", "2025%00", "x"}))
	body, media := w.hostileBody(d, side, c)
	request, err := http.NewRequest(d.method, w.base, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	query := hostileQuery(d, c)
	parsed, err := url.Parse(w.base + path + query)
	if err != nil {
		// What no URL can be is sent by the tests of sockets.
		parsed, _ = url.Parse(w.base + strings.ReplaceAll(d.path, "{id}", "x") + query)
	}
	if parsed == nil {
		parsed, _ = url.Parse(w.base + d.path)
	}
	request.URL = parsed
	request = request.WithContext(apitest.Wrong(context.Background()))
	if media != "" {
		request.Header.Set("Content-Type", media)
	}
	request.Header.Set("Authorization", "Bearer "+w.secrets[role])
	if d.takes("If-Match") && !c.of(10) {
		request.Header.Set("If-Match", pick(c, []string{w.version(strings.TrimSuffix(how.kind, "'s"), side[how.kind]), w.version(strings.TrimSuffix(how.kind, "'s"), side[how.kind]), `"1"`, `W/"1"`, "*", `"999999999999999999"`, "x"}))
	}
	for _, name := range []string{"Idempotency-Key", "If-None-Match", "Accept-Language", "X-Request-Id", "Content-Encoding", "X-Forwarded-For", "X-CSRF-Token"} {
		if c.of(20) {
			request.Header.Set(name, headerText(pick(c, hostile)))
		}
	}
	return request, body
}

// escaped writes an id into a path, now and then as it is.
func escaped(c chance, id string) string {
	if c.of(8) && !strings.ContainsAny(id, "\x00\r\n\t\x1b /?#%") {
		return id
	}
	return url.PathEscape(id)
}

// headerText leaves out what Go does not send in a header.
func headerText(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0xfffd {
			return -1
		}
		return r
	}, text)
}

func hostileQuery(d described, c chance) string {
	values := url.Values{}
	for _, reference := range d.Parameters {
		p := reference.Value
		if p.In != openapi3.ParameterInQuery || c.of(2) {
			continue
		}
		text := pick(c, hostile)
		if c.of(2) {
			text = fmt.Sprint(c.value(p.Schema.Value, 10))
		}
		values.Add(p.Name, text)
	}
	if c.of(20) {
		values.Add(pick(c, hostile), pick(c, hostile))
	}
	if len(values) == 0 {
		return ""
	}
	query := "?" + values.Encode()
	if c.of(25) {
		query += "&%zz=%"
	}
	return query
}

// hostileBody is a body by the schema, the right one changed, or none that anybody would send.
func (w *world) hostileBody(d described, side ids, c chance) (body []byte, media string) {
	how := recipes[d.OperationID]
	media = how.media
	if d.RequestBody != nil && media == "" {
		media = "application/json"
	}
	if d.RequestBody == nil {
		if c.of(20) {
			return []byte(pick(c, oddValues)), "application/json"
		}
		return nil, ""
	}
	if c.of(25) {
		media = pick(c, []string{"", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", "multipart/form-data; boundary=x", "text/csv", "application/yaml", "text/yaml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"})
	}
	right := w.rightBody(how, side)
	switch c.IntN(10) {
	case 0, 1, 2:
		if content := d.RequestBody.Value.Content["application/json"]; content != nil {
			text, err := json.Marshal(c.value(content.Schema.Value, 0))
			if err != nil {
				text = []byte(pick(c, oddValues))
			}
			return text, media
		}
		return c.mutated(right), media
	case 3, 4, 5, 6:
		return c.mutated(right), media
	case 7:
		return replacedValue(c, right), media
	case 8:
		return right, media
	}
	return []byte(pick(c, append(oddValues, "", strings.Repeat(`{"a":`, 20_000), strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000), `{"a":"`+strings.Repeat("x", 2<<20)+`"}`, "\xff\xfe{\x00}\x00", "PK\x03\x04"))), media
}

func (w *world) rightBody(how recipe, side ids) []byte {
	if how.body == nil {
		return []byte("{}")
	}
	switch made := how.body(w, side).(type) {
	case []byte:
		return made
	default:
		text, err := json.Marshal(made)
		w.check(err)
		return text
	}
}

// attacks is how many requests an operation gets from each role; a role that may not do it at all sends one.
var (
	attacks    = flag.Int("attacks", 3, "hostile requests of each operation and role")
	attackSeed = flag.Uint64("attack-seed", 20260630, "where the hostile requests come from")
)

func TestAttacks(t *testing.T) {
	w := newWorld(t, embeddedIn(t))
	c, sent := seeded(*attackSeed), 0
	for _, d := range operations(t) {
		for _, role := range permit.Roles {
			times := *attacks
			if d.scope(role) == permit.ScopeNone {
				times = 1
			}
			for range times {
				w.attack(t, d, role, c)
				sent++
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d, %d requests", *attackSeed, sent)
		}
	}
	t.Logf("%d requests", sent)
	w.stop()
	if text := w.log.String(); strings.Contains(text, "fault") {
		t.Errorf("faults were logged:\n%.3000s", text)
	}
	if _, err := w.store.Verify(context.Background()); err != nil {
		t.Errorf("afterwards the store is broken: %v", err)
	}
}

// FuzzAttacks lets the fuzzer choose the operation, the role, the seed of everything else, and a body.
func FuzzAttacks(f *testing.F) {
	for seed := range uint64(5) {
		f.Add(uint16(seed*31), uint8(seed), seed, []byte(`{"name":"{{7*7}}"}`))
	}
	list := operations(f)
	w := newWorld(f, embeddedIn(f))
	f.Fuzz(func(t *testing.T, operation uint16, who uint8, seed uint64, body []byte) {
		w.t = t
		w.transport.For(t)
		defer func() { w.t = f; w.transport.For(f) }()
		d, role := list[int(operation)%len(list)], permit.Roles[int(who)%len(permit.Roles)]
		w.attack(t, d, role, seeded(seed))
		if d.RequestBody == nil {
			return
		}
		request := w.request(d, role, w.sideOf("", role, true)).WithContext(apitest.Wrong(context.Background()))
		again, err := http.NewRequestWithContext(request.Context(), request.Method, request.URL.String(), bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		again.Header = request.Header
		if status, answer := w.send(again); status >= 500 {
			t.Errorf("%s by %s: %d %s", d.OperationID, role, status, answer)
		}
	})
}

// Ensure that what looks like an expression, a statement or an operator is a text like any other: refused, or kept and
// given back exactly.
func TestTextIsKeptAsText(t *testing.T) {
	everyDatabase(t, func(t *testing.T, db database) {
		w := newWorld(t, db)
		kept := 0
		for _, text := range hostile {
			// A document database gives a meaning to these, and takes its time for the others.
			if _, remote := db.(served); !remote || strings.ContainsAny(text, "$.\x00'") {
				kept += w.keeps(t, text)
			}
		}
		if kept < 50 {
			t.Errorf("only %d texts were taken", kept)
		}
		if report, err := w.store.Verify(context.Background()); err != nil || report.Records == 0 {
			t.Errorf("%+v, %v", report, err)
		}
	})
}

// keeps writes a text into fields of several records, and counts those that took it.
func (w *world) keeps(t *testing.T, text string) (kept int) {
	t.Helper()
	// What is no UTF-8 becomes what JSON makes of it before it is sent.
	written, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	var sent string
	if err := json.Unmarshal(written, &sent); err != nil {
		t.Fatal(err)
	}
	for _, field := range []struct {
		role         permit.Role
		method, path string
		kind, id     string
		body         object
		key          []string
	}{
		{permit.RoleBureau, "PUT", "/api/v1/zones/" + w.own[store.KindZone], store.KindZone, w.own[store.KindZone], object{"name": object{"zh": "区", "en": "zone"}, "code": "GX-PX", "note": text}, []string{"note"}},
		{permit.RoleAdmin, "PATCH", "/api/v1/users/" + w.own[store.KindUser], store.KindUser, w.own[store.KindUser], object{"display_name": text, "reason": text}, []string{"display_name"}},
		{permit.RoleBureau, "PUT", "/api/v1/plans/" + w.own[store.KindPlan], store.KindPlan, w.own[store.KindPlan], object{"document": planNamed(text)}, []string{"name"}},
		{permit.RoleLiaison, "PUT", "/api/v1/offers/" + w.own[store.KindOffer] + "/note", store.KindOffer, w.own[store.KindOffer], object{"interested": true, "terms": text}, []string{"note", "terms"}},
		{permit.RoleLiaison, "PUT", "/api/v1/drafts/" + w.own[store.KindDraft], store.KindDraft, w.own[store.KindDraft], object{"text": text}, []string{"text"}},
	} {
		body, err := json.Marshal(field.body)
		if err != nil {
			t.Fatal(err)
		}
		request, err := http.NewRequestWithContext(apitest.Wrong(context.Background()), field.method, w.base+field.path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", "Bearer "+w.secrets[field.role])
		request.Header.Set("If-Match", w.version(field.kind, field.id))
		status, answer := w.send(request)
		switch {
		case status == 200:
			kept++
			var tree any
			if err := json.Unmarshal([]byte(answer), &tree); err != nil {
				t.Fatal(err)
			}
			for _, key := range field.key {
				tree, _ = tree.(object)[key]
			}
			got, _ := tree.(string)
			if got != sent && got != strings.TrimSpace(sent) {
				t.Errorf("%s: %q was kept as %q", field.path, sent, got)
			}
		case status < 400 || status >= 500:
			t.Errorf("%s: %q: %d %.300s", field.path, sent, status, answer)
		}
	}
	return kept
}

func planNamed(name string) json.RawMessage {
	var document object
	if err := json.Unmarshal(loan("凭祥边境经济合作区 跨境果蔬坚果加工与冷链组团", ""), &document); err != nil {
		panic(err)
	}
	document["name"] = name
	text, err := json.Marshal(document)
	if err != nil {
		panic(err)
	}
	return text
}
