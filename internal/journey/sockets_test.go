package journey

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"zutuan/internal/httpapi"
	"zutuan/internal/people"
	"zutuan/internal/permit"
	"zutuan/internal/service"
	"zutuan/internal/store"
)

// These tests write to sockets what no client of ours would send, and look at exactly what comes back.

// bureau is the access token of somebody of the bureau of 凭祥.
func (s *stage) bureau() string {
	s.t.Helper()
	_, secret, _ := s.somebody(permit.RoleBureau, people.NewUser{Region: "GX-PX"})
	return secret
}

// answered is what came back over a socket.
type answered struct {
	status int
	header http.Header
	body   string
}

// raw sends bytes over a new connection, closes the sending half where half is set, and reads one answer. closed reports
// that the server said nothing and hung up.
func (s *stage) raw(method, text string, half bool) (got answered, closed bool) {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.service.Address())
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, text); err != nil {
		return got, true
	}
	if half {
		_ = conn.(*net.TCPConn).CloseWrite()
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
			s.t.Errorf("%.200q: no answer and no end of the connection within ten seconds", text)
		}
		return got, true
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return answered{response.StatusCode, response.Header, string(body)}, false
}

func (a answered) problem(t testing.TB) (code string) {
	t.Helper()
	var told struct {
		Code string `json:"code"`
		ZH   string `json:"message_zh"`
		EN   string `json:"message_en"`
	}
	if err := json.Unmarshal([]byte(a.body), &told); err != nil || told.ZH == "" || told.EN == "" || a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %s is no refusal: %.300s", a.status, a.header.Get("Content-Type"), a.body)
	}
	return told.Code
}

func TestWhatNoClientSendsIsRefusedAndNothingBreaks(t *testing.T) {
	s := open(t, embeddedIn(t))
	secret := s.bureau()
	auth := "Authorization: Bearer " + secret + "\r\n"
	get := func(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: x\r\n" + auth + "\r\n" }
	post := func(head, body string) string {
		return "POST /api/v1/simulate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + auth + head + "\r\n" + body
	}
	for name, c := range map[string]struct {
		text string
		half bool
		// status 0: the server may hang up without a word, or refuse in any way.
		status int
		code   string
	}{
		"a path that nobody has":               {get("/api/v1/nothing"), false, 404, "no_such_path"},
		"a path in other letters":              {get("/API/v1/session"), false, 404, "no_such_path"},
		"a slash at the end":                   {get("/api/v1/session/"), false, 404, "no_such_path"},
		"two slashes":                          {get("//api/v1/session"), false, 404, "no_such_path"},
		"a way around":                         {get("/api/v1/jobs/../session"), false, 0, ""},
		"an escaped way around":                {get("/api/v1/jobs/%2e%2e%2fsession"), false, 404, "not_found"},
		"an escaped zero byte in an id":        {get("/api/v1/jobs/a%00b"), false, 0, ""},
		"a broken escape in an id":             {get("/api/v1/jobs/%zz"), false, 0, ""},
		"an id that is no text":                {get("/api/v1/jobs/%ff%fe"), false, 0, ""},
		"an id beyond the longest":             {get("/api/v1/jobs/" + strings.Repeat("a", 201)), false, 400, "malformed"},
		"a method that nobody knows":           {"BREW /api/v1/session HTTP/1.1\r\nHost: x\r\n\r\n", false, 0, ""},
		"a method that the path does not take": {"PATCH /api/v1/session HTTP/1.1\r\nHost: x\r\n" + auth + "\r\n", false, 405, "method_not_allowed"},
		"headers beyond the bound":             {"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + strings.Repeat("a", 32<<10) + "\r\n\r\n", false, 0, ""},
		"no request at all":                    {"\x16\x03\x01\x02\x00\x01\x00", true, 0, ""},
		"a header without a colon":             {"GET /healthz HTTP/1.1\r\nHost x\r\n\r\n", true, 0, ""},
		"a body that is cut off":               {post("Content-Length: 1000\r\n", `{"requirement":`), true, 0, ""},
		"a length that is no number":           {post("Content-Length: ten\r\n", `{}`), false, 0, ""},
		"a negative length":                    {post("Content-Length: -1\r\n", `{}`), true, 0, ""},
		"a length that nobody could hold":      {post("Content-Length: 99999999999999999999\r\n", `{}`), true, 0, ""},
		"a length beyond the bound":            {post("Content-Length: 2000000000\r\n", `{}`), true, 0, ""},
		"a chunk that is cut off":              {post("Transfer-Encoding: chunked\r\n", "ff\r\n{"), true, 0, ""},
		"a chunk of no length":                 {post("Transfer-Encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n"), true, 0, ""},
		"a length that goes against chunks":    {post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"), true, 0, ""},
		"an expectation that nobody meets":     {post("Content-Length: 2\r\nExpect: the-unexpected\r\n", `{}`), true, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			method, _, _ := strings.Cut(c.text, " ")
			got, closed := s.raw(method, c.text, c.half)
			switch {
			case closed && c.status != 0:
				t.Fatal("the server hung up without an answer")
			case closed:
			case c.status == 0:
				if got.status < 400 || got.status >= 500 {
					t.Errorf("answered %d: %.300s", got.status, got.body)
				}
			default:
				if got.status != c.status {
					t.Fatalf("answered %d, want %d: %.300s", got.status, c.status, got.body)
				}
				if code := got.problem(t); code != c.code {
					t.Errorf("refused as %s, want %s", code, c.code)
				}
			}
			for _, told := range leaks {
				if !closed && strings.Contains(got.body, told) {
					t.Errorf("the answer tells %q: %.300s", told, got.body)
				}
			}
		})
	}
	if got, closed := s.raw("GET", get("/api/v1/session"), false); closed || got.status != 200 {
		t.Errorf("afterwards the service answers %d (hung up: %v)", got.status, closed)
	}
	if strings.Contains(s.log.String(), "fault") {
		t.Errorf("faults were logged:\n%s", s.log)
	}
}

func TestABodyThatComesSlowlyIsReadToItsEnd(t *testing.T) {
	s := open(t, embeddedIn(t))
	body := fmt.Sprintf(`{"name":"admin","password":%q}`, s.admin)
	conn, err := net.Dial("tcp", s.service.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", len(body))
	for i := range len(body) {
		if _, err := conn.Write([]byte{body[i]}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
		if i == len(body)/2 {
			// Ensure the one who sends slowly keeps nobody else waiting.
			if got, closed := s.raw("GET", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", false); closed || got.status != 200 {
				t.Errorf("meanwhile others are answered %d", got.status)
			}
		}
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || response.StatusCode != 201 {
		t.Fatalf("answered %v, %v", response, err)
	}
}

func TestCookiesAndTheirToken(t *testing.T) {
	s := open(t, embeddedIn(t), func(c *service.Config) { c.HTTP.TrustedProxies = []string{"127.0.0.1"} })
	signIn := func(head string) answered {
		t.Helper()
		body := fmt.Sprintf(`{"name":"admin","password":%q}`, s.admin)
		got, closed := s.raw("POST", fmt.Sprintf("POST /api/v1/session HTTP/1.1\r\nHost: x\r\n%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", head, len(body), body), false)
		if closed || got.status != 201 {
			t.Fatalf("answered %d: %s", got.status, got.body)
		}
		return got
	}
	flags := func(got answered) (name string, flags map[string]bool) {
		t.Helper()
		list := got.header.Values("Set-Cookie")
		if len(list) != 1 {
			t.Fatalf("%d cookies", len(list))
		}
		parts := strings.Split(list[0], ";")
		name, _, _ = strings.Cut(parts[0], "=")
		flags = map[string]bool{}
		for _, part := range parts[1:] {
			flags[strings.ToLower(strings.TrimSpace(part))] = true
		}
		return name, flags
	}
	name, set := flags(signIn(""))
	if name != "sid" || !set["httponly"] || !set["samesite=lax"] || !set["path=/"] || set["secure"] {
		t.Errorf("over http the cookie is %s %v", name, set)
	}
	behind := signIn("X-Forwarded-Proto: https\r\nX-Forwarded-For: 203.0.113.9\r\n")
	name, set = flags(behind)
	if name != "__Host-sid" || !set["httponly"] || !set["samesite=lax"] || !set["path=/"] || !set["secure"] {
		t.Errorf("behind a proxy that speaks https the cookie is %s %v", name, set)
	}
	for flag := range set {
		if strings.HasPrefix(flag, "domain") {
			t.Error("the cookie names a domain, with which no browser takes a __Host- cookie")
		}
	}

	var session struct {
		CSRF string `json:"csrf_token"`
	}
	plain := signIn("")
	if err := json.Unmarshal([]byte(plain.body), &session); err != nil {
		t.Fatal(err)
	}
	cookie := "Cookie: " + strings.Split(plain.header.Get("Set-Cookie"), ";")[0] + "\r\n"
	change := fmt.Sprintf(`{"old":%q,"new":%q}`, s.admin, password)
	put := func(head string) answered {
		t.Helper()
		got, closed := s.raw("PUT", fmt.Sprintf("PUT /api/v1/me/password HTTP/1.1\r\nHost: x\r\nOrigin: https://elsewhere.example\r\n%s%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", cookie, head, len(change), change), false)
		if closed {
			t.Fatal("no answer")
		}
		return got
	}
	for name, head := range map[string]string{"none": "", "another's": "X-CSRF-Token: zzzz\r\n", "an empty one": "X-CSRF-Token: \r\n"} {
		if got := put(head); got.status != 403 || got.problem(t) != "csrf" {
			t.Errorf("with %s: %d %s", name, got.status, got.body)
		}
	}
	got := put("X-CSRF-Token: " + session.CSRF + "\r\n")
	if got.status != 204 {
		t.Errorf("with the session's own: %d %s", got.status, got.body)
	}
	for header := range got.header {
		if strings.HasPrefix(header, "Access-Control-") {
			t.Errorf("%s lets other sites in", header)
		}
	}
}

func TestOtherSitesAreNotLetIn(t *testing.T) {
	s := open(t, embeddedIn(t))
	for _, request := range []string{
		"OPTIONS /api/v1/session HTTP/1.1\r\nHost: x\r\nOrigin: https://elsewhere.example\r\nAccess-Control-Request-Method: DELETE\r\nAccess-Control-Request-Headers: x-csrf-token\r\n\r\n",
		"GET /api/v1/session HTTP/1.1\r\nHost: x\r\nOrigin: https://elsewhere.example\r\n\r\n",
		"GET /api/openapi.yaml HTTP/1.1\r\nHost: x\r\nOrigin: null\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		method, _, _ := strings.Cut(request, " ")
		got, closed := s.raw(method, request, false)
		if closed {
			t.Fatalf("%s: no answer", request)
		}
		if got.status >= 500 || method == "OPTIONS" && got.status < 400 {
			t.Errorf("%s answered %d", request, got.status)
		}
		for header := range got.header {
			if strings.HasPrefix(header, "Access-Control-") {
				t.Errorf("%s: %s", request, header)
			}
		}
	}
}

func TestVersionsOverTheWire(t *testing.T) {
	s := open(t, embeddedIn(t))
	first, closed := s.raw("GET", "GET /api/openapi.yaml HTTP/1.1\r\nHost: x\r\n\r\n", false)
	etag := first.header.Get("Etag")
	if closed || first.status != 200 || etag == "" {
		t.Fatalf("answered %d, ETag %q", first.status, etag)
	}
	for name, c := range map[string]struct {
		known  string
		status int
	}{"the same": {etag, 304}, "weakly the same": {"W/" + etag, 304}, "one of several": {`"x", ` + etag, 304}, "any": {"*", 304}, "another": {`"x"`, 200}, "none": {"", 200}} {
		got, _ := s.raw("GET", "GET /api/openapi.yaml HTTP/1.1\r\nHost: x\r\nIf-None-Match: "+c.known+"\r\n\r\n", false)
		if got.status != c.status || (c.status == 304) != (got.body == "") {
			t.Errorf("%s: answered %d with %d bytes, want %d", name, got.status, len(got.body), c.status)
		}
	}
	head, _ := s.raw("HEAD", "HEAD /api/openapi.yaml HTTP/1.1\r\nHost: x\r\n\r\n", false)
	if head.status != 200 || head.body != "" || head.header.Get("Etag") != etag || head.header.Get("Content-Length") != fmt.Sprint(len(first.body)) {
		t.Errorf("HEAD answered %d, %d bytes, %v", head.status, len(head.body), head.header)
	}
}

func TestARequestThatIsRepeatedManyTimesAtOnceIsCarriedOutOnce(t *testing.T) {
	everyDatabase(t, func(t *testing.T, db database) {
		s := open(t, db)
		secret, text := s.bureau(), string(firstRequirement(t))
		send := func(key, body string) answered {
			got, closed := s.raw("POST", fmt.Sprintf("POST /api/v1/requirements HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nIdempotency-Key: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", secret, key, len(body), body), false)
			if closed {
				t.Error("no answer")
			}
			return got
		}
		if got := send("key-of-a-refusal", `{"schema":"zutuan/requirement/v1"}`); got.status != 422 {
			t.Errorf("answered %d", got.status)
		}
		if got := send("key-of-a-refusal", text); got.status != 201 {
			t.Errorf("after a refusal its key is not free: %d %.300s", got.status, got.body)
		}
		var mutex sync.Mutex
		bodies, counts := map[string]bool{}, map[int]int{}
		var group sync.WaitGroup
		for range 12 {
			group.Go(func() {
				got := send("key-0123456789", text)
				mutex.Lock()
				defer mutex.Unlock()
				counts[got.status]++
				if got.status == 201 {
					bodies[got.body] = true
				}
			})
		}
		group.Wait()
		if len(bodies) != 1 || counts[201]+counts[409] != 12 {
			t.Errorf("answers by status %v, with %d different records", counts, len(bodies))
		}
		if got := send("key-0123456789", text); got.status != 201 || !bodies[got.body] || got.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("repeated later: %d %v", got.status, got.header)
		}
		if got := send("key-0123456789", text+" "); got.status != 422 || got.problem(t) != "idempotency_key_used" {
			t.Errorf("another body under the key: %d", got.status)
		}
		if count, err := s.store.Count(context.Background(), store.KindRequirement, nil); err != nil || count != 2 {
			t.Errorf("%d records, %v", count, err)
		}
	})
}

// Ensure a list that is paged shows each record once, and that a cursor is good for the list that it came from and no other.
func TestCursors(t *testing.T) {
	everyDatabase(t, func(t *testing.T, db database) {
		s := open(t, db)
		secret := s.bureau()
		ctx, text := context.Background(), firstRequirement(t)
		actor := permit.Actor{User: "usr_x", Role: permit.RoleBureau, Region: "GX-PX"}
		want := map[string]bool{}
		for range 23 {
			made, err := s.service.Office.CreateRequirement(ctx, actor, text)
			s.check(err)
			want[made.ID] = true
		}
		page := func(query string) (items []string, next string, got answered) {
			got, _ = s.raw("GET", "GET /api/v1/requirements?"+query+" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+secret+"\r\n\r\n", false)
			var read struct {
				Items []struct{ ID string }
				Next  string
			}
			if err := json.Unmarshal([]byte(got.body), &read); err != nil {
				t.Fatalf("%d %.300s", got.status, got.body)
			}
			for _, item := range read.Items {
				items = append(items, item.ID)
			}
			return items, read.Next, got
		}
		seen, after := map[string]bool{}, ""
		for pages := 0; ; pages++ {
			items, next, got := page("limit=7&after=" + url.QueryEscape(after))
			if got.status != 200 || pages > 5 {
				t.Fatalf("page %d: %d %.300s", pages, got.status, got.body)
			}
			for _, id := range items {
				if seen[id] || !want[id] {
					t.Errorf("%s is listed twice or is foreign", id)
				}
				seen[id] = true
			}
			if after = next; next == "" {
				break
			}
		}
		if len(seen) != len(want) {
			t.Errorf("%d of %d were listed", len(seen), len(want))
		}
		_, cursor, _ := page("limit=7")
		for name, query := range map[string]string{
			"of another order":  "by_requested=true&after=" + url.QueryEscape(cursor),
			"with a letter off": "after=" + url.QueryEscape(cursor[:len(cursor)-2]),
			"of nobody":         "after=x",
			"that is an order":  "after=" + url.QueryEscape("' OR 1=1 --"),
			"that is an object": "after=" + url.QueryEscape(`{"$ne":null}`),
		} {
			if _, _, got := page(query); got.status != 422 || got.problem(t) != "cursor" {
				t.Errorf("a cursor %s: %d %.300s", name, got.status, got.body)
			}
		}
	})
}

func TestCallersAreSlowedDownEachByThemselves(t *testing.T) {
	s := open(t, embeddedIn(t), func(c *service.Config) { c.HTTP.PerCaller = httpapi.Rate{PerSecond: 1, Burst: 4} })
	one := s.bureau()
	two := s.bureau()
	ask := func(secret string) answered {
		got, _ := s.raw("GET", "GET /api/v1/session HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+secret+"\r\n\r\n", false)
		return got
	}
	refused := answered{}
	for range 8 {
		if got := ask(one); got.status == 429 {
			refused = got
		}
	}
	if refused.status != 429 || refused.problem(t) != "too_many" || refused.header.Get("Retry-After") == "" {
		t.Errorf("eight at once were answered %+v", refused)
	}
	if got := ask(two); got.status != 200 {
		t.Errorf("somebody else was answered %d", got.status)
	}
}
