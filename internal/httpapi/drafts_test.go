package httpapi_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zutuan/internal/casework"
	"zutuan/internal/funding"
	"zutuan/internal/httpapi"
	"zutuan/internal/httpapi/apitest"
	"zutuan/internal/office"
	"zutuan/internal/people"
	"zutuan/internal/permit"
	"zutuan/internal/store"
	"zutuan/rules"
)

// desk is a server with an office behind it: 2026-06-30, a Tuesday, with the shipped rules in force.
type desk struct {
	*fixture
	office *office.Office
}

// parkLoan is the product that the tests publish anew.
const (
	parkLoan = "cdb-park-infrastructure"
	circular = "国发〔2019〕26号"
)

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{}
	d.fixture = newFixture(t, func(c *httpapi.Config) {
		var err error
		if d.office, err = office.Open(context.Background(), office.Config{Store: c.Store, Rules: rules.FS, Clock: c.Clock}); err != nil {
			t.Fatal(err)
		}
		c.Office = d.office
		c.Rules = func(ctx context.Context) (*casework.Desk, error) {
			edition, err := d.office.Edition(ctx)
			if err != nil {
				return nil, err
			}
			return edition.Desk, nil
		}
		c.PerCaller, c.PerAddress = httpapi.Rate{PerSecond: 1e6, Burst: 1e6}, httpapi.Rate{PerSecond: 1e6, Burst: 1e6}
	})
	return d
}

// working starts what works in the background.
func (d *desk) working(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	d.office.Start(ctx, d.jobs)
	d.jobs.Start()
	t.Cleanup(func() {
		stop()
		d.office.Wait()
		if err := d.jobs.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// person is somebody with an account, whose session can be begun again after it has run out.
type person struct {
	*apitest.Client
	actor permit.Actor
}

func (d *desk) person(t testing.TB, name string, role permit.Role, place string) person {
	t.Helper()
	input := people.NewUser{Name: name, DisplayName: name, Role: role, Reason: "test"}
	if role == permit.RoleLiaison {
		input.Institution = place
	} else {
		input.Region = place
	}
	made, err := d.people.CreateUser(context.Background(), permit.SystemActor("test"), input)
	if err != nil {
		t.Fatal(err)
	}
	client := d.client.SignIn(name, made.Password)
	client.Put("/api/v1/me/password", map[string]string{"old": made.Password, "new": password}, "").Expect(204)
	return person{client, permit.Actor{User: made.User.ID, Name: name, Role: role, Region: input.Region, Institution: input.Institution}}
}

// again signs a person in anew.
func (d *desk) again(p person) person {
	return person{d.client.SignIn(p.actor.Name, password), p.actor}
}

// draft is what the tests read of a draft.
type draft struct {
	ID, Text, Status string
	Version          int64
	PublishedAs      string `json:"published_as"`
}

func (d draft) path(more string) string { return "/api/v1/drafts/" + d.ID + more }

func (d draft) etag() string { return fmt.Sprintf(`"%d"`, d.Version) }

func begin(p person, from string) draft {
	var begun draft
	p.Post("/api/v1/drafts", map[string]string{"type": "product", "from": from}).Expect(201).Into(&begun)
	return begun
}

// write replaces the text of a draft.
func write(p person, of draft, text string) draft {
	var written draft
	p.Put(of.path(""), map[string]string{"text": text}, of.etag()).Expect(200).Into(&written)
	return written
}

// read shows a draft as it stands.
func read(p person, of draft) draft {
	var now draft
	p.Get(of.path("")).Expect(200).Into(&now)
	return now
}

// submit hands a draft in.
func submit(p person, of draft, from string) draft {
	var now draft
	post(p, of.path("/submit"), of.etag(), map[string]string{"effective_from": from}).Expect(200).Into(&now)
	return now
}

func post(p person, path, etag string, body any) *apitest.Answer {
	return p.Do(apitest.Request{Method: "POST", Path: path, Body: body, Header: map[string]string{"If-Match": etag}})
}

func publish(p person, of draft) *apitest.Answer {
	return post(p, of.path("/publish"), of.etag(), map[string]string{"reason": "修订"})
}

// impact has the impact of a draft computed and waits for it.
func impact(t *testing.T, p person, of draft) draft {
	t.Helper()
	var job struct{ ID, Status string }
	answer := p.Post(of.path("/impact"), nil).Expect(202).Into(&job)
	place := answer.Header("Location")
	for end := time.Now().Add(20 * time.Second); job.Status == "queued" || job.Status == "running"; p.Get(place).Expect(200).Into(&job) {
		if time.Now().After(end) {
			t.Fatal("the impact takes too long")
		}
		time.Sleep(20 * time.Millisecond)
	}
	if job.Status != "done" {
		t.Fatalf("the job is %s: %s", job.Status, p.Get(place).Body)
	}
	return read(p, of)
}

// kept is everything that is published or drafted, by kind, id and version.
func (d *desk) kept(t *testing.T) []string {
	t.Helper()
	var list []string
	for _, kind := range []string{store.KindProductVersion, store.KindPackVersion, store.KindDraft, store.KindMark, store.KindMarket} {
		query := store.Query{Kind: kind, Limit: store.MaxLimit, WithoutBody: true}
		for {
			page, err := d.store.List(context.Background(), query)
			if err != nil {
				t.Fatal(err)
			}
			for _, record := range page.Records {
				list = append(list, fmt.Sprintf("%s %s %d", kind, record.ID, record.Version))
			}
			if query.After = page.Next; query.After == "" {
				break
			}
		}
	}
	slices.Sort(list)
	if _, err := d.store.Verify(context.Background()); err != nil {
		t.Fatal(err)
	}
	return list
}

// unchanged runs a refusal and fails where it changed anything.
func (d *desk) unchanged(t *testing.T, refused func()) {
	t.Helper()
	before := d.kept(t)
	refused()
	if diff := cmp.Diff(before, d.kept(t)); diff != "" {
		t.Errorf("a refusal changed something (-before +after):\n%s", diff)
	}
}

// open hands in and submits the 凭祥 sample, with the ledger and the fiscal profile of its region, and returns its id.
func open(t *testing.T, bureau person) string {
	t.Helper()
	body := sampleCase(t, "pingxiang")
	ledger := body["ledger"].(map[string]any)["csv"].(string)
	bureau.Do(apitest.Request{Method: "PUT", Path: "/api/v1/regions/GX-PX/ledger?as_of=2025-12-31", Body: ledger, Header: map[string]string{"Content-Type": "text/csv"}}).Expect(200)
	bureau.Put("/api/v1/regions/GX-PX/fiscal-profiles/2025", body["fiscal"], "").Expect(200)
	var made struct{ ID string }
	answer := bureau.Post("/api/v1/requirements", body["requirement"]).Expect(201).Into(&made)
	post(bureau, "/api/v1/requirements/"+made.ID+"/submit", answer.ETag(), map[string]any{}).Expect(200)
	return made.ID
}

// notice is what somebody is told about one product.
type notice struct {
	Product string
	Reasons []struct{ Place string }
	Text    funding.Text
}

// told waits until somebody has a notification of a type about a product, and returns what it says.
func told(t *testing.T, p person, of, product string) notice {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		var page struct {
			Items []struct {
				Type    string
				Details []notice
			}
		}
		p.Get("/api/v1/notifications?limit=100").Expect(200).Into(&page)
		for _, item := range page.Items {
			for _, detail := range item.Details {
				if item.Type == of && detail.Product == product {
					return detail
				}
			}
		}
	}
	t.Fatalf("%s was not told %s of %s", p.actor.Name, of, product)
	return notice{}
}

// diagnostic is what the tests read of one.
type diagnostic struct {
	Severity, Path, Code, ZH, EN, Suggestion string
	Line                                     int
}

func check(p person, text string) []diagnostic {
	var found struct{ Items []diagnostic }
	p.Post("/api/v1/drafts/check", map[string]string{"type": "product", "text": text}).Expect(200).Into(&found)
	return found.Items
}

// lineOf is the line, from 1, on which something stands first.
func lineOf(t *testing.T, text, part string) int {
	t.Helper()
	before, _, found := strings.Cut(text, part)
	if !found {
		t.Fatalf("the text has no %q", part)
	}
	return strings.Count(before, "\n") + 1
}

// tests is what the tests read of a report of tests.
type tests struct {
	Complete bool
	Tests    []struct{ Passed bool }
	Mutation struct {
		Mutants, Killed int
		Score           string `json:"score_percent"`
	}
	Suggested []struct{ For, YAML string }
}

// The whole way of a product through the hands of its bank's people, as they go it over the API.
func TestALiaisonTakesAProductFromDraftToPublication(t *testing.T) {
	d := newDesk(t)
	d.working(t)
	bureau := d.person(t, "bureau", permit.RoleBureau, "GX-PX")
	liaison, second := d.person(t, "liaison", permit.RoleLiaison, "cdb"), d.person(t, "second", permit.RoleLiaison, "cdb")
	requirement := open(t, bureau)
	var before struct{ ID string }
	bureau.Post("/api/v1/requirements/"+requirement+"/matches", map[string]any{}).Expect(201).Into(&before)

	begun := begin(liaison, parkLoan+"@1")
	theyBreakIt(t, liaison, begun.Text)
	// From next Monday the bank takes a DSCR of 1.05, which the sample has (1.09), where it asked for 1.15.
	text := strings.Replace(begun.Text, "offer.min_dscr >= 1.15", "offer.min_dscr >= 1.05", 1)
	changed := theyTestIt(t, liaison, begun, text)
	changed = impact(t, liaison, changed)
	theySeeTheImpact(t, liaison, changed, requirement)

	inReview := submit(liaison, changed, "2026-07-06")
	d.unchanged(t, func() { publish(liaison, inReview).Refused(409, "publish") })
	var version struct {
		ID            string
		EffectiveFrom string `json:"effective_from"`
		Reviewer      string
	}
	published := publish(second, inReview).Expect(201).Into(&version)
	if version.ID != parkLoan+"@2" || version.EffectiveFrom != "2026-07-06" || version.Reviewer != second.actor.User || published.Header("Location") != "/api/v1/product-versions/"+parkLoan+"@2" {
		t.Errorf("published %+v at %s", version, published.Header("Location"))
	}
	for date, want := range map[string]int{"2026-06-30": 1, "2026-07-05": 1, "2026-07-06": 2} {
		if got := versionOn(t, bureau, date); got != want {
			t.Errorf("on %s the match uses version %d, want %d", date, got, want)
		}
	}

	d.clock.Move(6 * 24 * time.Hour) // Monday
	bureau = d.again(bureau)
	gained := told(t, bureau, "offer_gained", parkLoan)
	if len(gained.Reasons) != 1 || gained.Reasons[0].Place != "rules.dscr" || !strings.Contains(gained.Text.ZH, "产业园区基础设施中长期贷款") || gained.Text.EN == "" {
		t.Errorf("the bureau is told %+v", gained)
	}
	var replay struct {
		Identical bool
		Recorded  string `json:"recorded_hash"`
		Computed  string `json:"computed_hash"`
	}
	bureau.Post("/api/v1/matches/"+before.ID+"/replay", nil).Expect(200).Into(&replay)
	if !replay.Identical || replay.Recorded == "" || replay.Recorded != replay.Computed {
		t.Errorf("the match from before the publication comes out as %+v", replay)
	}
}

// versionOn is the version of the park loan that a match on a day uses.
func versionOn(t *testing.T, p person, date string) int {
	t.Helper()
	body := sampleCase(t, "pingxiang")
	body["date"], body["products"] = date, []string{parkLoan}
	var answer struct{ Products []struct{ Version int } }
	p.Post("/api/v1/match", body).Expect(200).Into(&answer)
	if len(answer.Products) != 1 {
		t.Fatalf("%d products on %s", len(answer.Products), date)
	}
	return answer.Products[0].Version
}

// theyBreakIt types mistakes into a product's text; each is told at the line where it stands.
func theyBreakIt(t *testing.T, liaison person, text string) {
	t.Helper()
	if found := check(liaison, text); len(found) != 0 {
		t.Fatalf("the product as it is published has %+v", found)
	}
	for name, c := range map[string]struct {
		old, new       string
		severity, code string
		suggestion     string
		on             string
	}{
		"a mistyped name":                 {"need.capital_ratio >= p.capital_min_other_infrastructure", "need.capital_ratoi >= p.capital_min_other_infrastructure", "error", "expression.unknown_fact", "need.capital_ratio", ""},
		"a text where a number belongs":   {"security.cover >= 1.00", `security.cover >= "1.00"`, "error", "expression.type", "", ""},
		"two musts that cannot both pass": {"when: 'project.eia_approved'", "when: 'project.eia_approved and not project.feasibility_approved'", "warning", "contradiction", "", "when: 'project.feasibility_approved'"},
		"a rule that can never fail":      {"when: 'security.cover >= 1.00'", "when: 'security.cover >= 0 or security.cover < 1'", "warning", "always_true", "", ""},
		"a rule that can never pass":      {"when: 'offer.cover >= 0.50'", "when: 'offer.cover < 0'", "warning", "always_false", "", ""},
	} {
		broken := strings.Replace(text, c.old, c.new, 1)
		line := lineOf(t, broken, c.new)
		if c.on != "" {
			line = lineOf(t, broken, c.on)
		}
		found := check(liaison, broken)
		at := slices.IndexFunc(found, func(item diagnostic) bool {
			return item.Line == line && item.Severity == c.severity && item.Code == c.code
		})
		if at < 0 {
			t.Errorf("%s on line %d is told as %+v", name, line, found)
			continue
		}
		if item := found[at]; item.Suggestion != c.suggestion || item.ZH == "" || item.EN == "" {
			t.Errorf("%s is told as %+v", name, item)
		}
	}
}

// theySeeTheImpact holds that the impact names the requirement that gains, the rule and the money, and that the difference
// is told in the words of the rule.
func theySeeTheImpact(t *testing.T, liaison person, of draft, requirement string) {
	t.Helper()
	var report struct {
		Totals struct {
			Asked, Affected int
			Rules           []struct {
				Product, Place string
				Gained         int
				Money          string
			}
		}
		Requirements []struct{ Requirement, Requested string }
		Names        map[string]string
	}
	liaison.Get(of.path("/impact")).Expect(200).Into(&report)
	rules := report.Totals.Rules
	if report.Totals.Affected != 1 || len(rules) != 1 || rules[0].Place != "rules.dscr" || rules[0].Gained != 1 || rules[0].Money == "0.00" {
		t.Errorf("the impact is %+v", report)
	}
	if len(report.Requirements) != 1 || report.Requirements[0].Requirement != requirement || report.Names[requirement] == "" {
		t.Errorf("the impact lists %+v, %v", report.Requirements, report.Names)
	}
	var diff struct {
		From    string
		Changes []struct{ Place string }
	}
	liaison.Get(of.path("/diff")).Expect(200).Into(&diff)
	if diff.From != parkLoan+"@1" || len(diff.Changes) != 1 || diff.Changes[0].Place != "rules.dscr" {
		t.Errorf("the draft differs in %+v", diff)
	}
}

// theyTestIt takes the tests out of a text and puts those back that are suggested.
func theyTestIt(t *testing.T, liaison person, begun draft, text string) draft {
	t.Helper()
	bare, _, _ := strings.Cut(text, "\ntests:\n")
	empty := write(liaison, begun, bare+"\n")
	liaison.Do(apitest.Request{Method: "POST", Path: empty.path("/submit"), Body: map[string]string{"effective_from": "2026-07-06"}, Header: map[string]string{"If-Match": empty.etag()}}).Refused(409, "draft_unfinished")
	return withSuggested(t, liaison, empty)
}

// withSuggested adds every suggested test to a draft, and holds that the tests are then complete and notice nine changes of ten.
func withSuggested(t *testing.T, liaison person, of draft) draft {
	t.Helper()
	var report tests
	liaison.Get(of.path("/tests")).Expect(200).Into(&report)
	var added strings.Builder
	if !strings.Contains(of.Text, "\ntests:\n") {
		added.WriteString("tests:\n")
	}
	for _, suggested := range report.Suggested {
		added.WriteString(suggested.YAML)
	}
	before := report
	mended := write(liaison, of, of.Text+added.String())
	liaison.Get(mended.path("/tests")).Expect(200).Into(&report)
	t.Logf("%d suggestions: from %d of %d mutants to %d of %d", len(before.Suggested), before.Mutation.Killed, before.Mutation.Mutants, report.Mutation.Killed, report.Mutation.Mutants)
	if !report.Complete || report.Mutation.Killed*10 < report.Mutation.Mutants*9 || report.Mutation.Mutants == 0 {
		t.Errorf("with the suggested tests the coverage is %v and %d of %d changes are noticed", report.Complete, report.Mutation.Killed, report.Mutation.Mutants)
	}
	for _, test := range report.Tests {
		if !test.Passed {
			t.Error("a suggested test fails")
		}
	}
	return mended
}

// What stands against publishing is refused with the reason, and nothing has changed.

func TestNobodyPublishesTheirOwnDraftOrOneWithoutAnImpactThatHolds(t *testing.T) {
	d := newDesk(t)
	d.working(t)
	liaison, second := d.person(t, "liaison", permit.RoleLiaison, "cdb"), d.person(t, "second", permit.RoleLiaison, "cdb")
	other, risk := d.person(t, "other", permit.RoleLiaison, "adbc"), d.person(t, "risk", permit.RoleRisk, "GX")
	of := submit(liaison, begin(liaison, parkLoan+"@1"), "2026-06-30")

	d.unchanged(t, func() {
		if points := publish(second, of).Refused(409, "publish").Points(); !slices.Equal(points, []string{"impact_missing"}) {
			t.Errorf("without an impact it is refused for %q", points)
		}
	})
	of = impact(t, liaison, of)
	d.unchanged(t, func() {
		if points := publish(liaison, of).Refused(409, "publish").Points(); !slices.Equal(points, []string{"four_eyes"}) {
			t.Errorf("one's own is refused for %q", points)
		}
		publish(other, of).Refused(404, "not_found")
		publish(risk, of).Refused(404, "not_found")
		post(second, of.path("/publish"), `"99"`, map[string]string{}).Refused(412, "stale")
		second.Do(apitest.Request{Method: "POST", Path: of.path("/publish"), Body: map[string]string{}, Wrong: true}).Refused(428, "if_match")
	})
	// Somebody else's rules change: the impact was of the rules before.
	post(risk, "/api/v1/documents/"+url.PathEscape(circular)+"/repeal", `"0"`, map[string]string{"status": "repealed", "day": "2026-06-01"}).Expect(200)
	d.unchanged(t, func() {
		if points := publish(second, of).Refused(409, "publish").Points(); !slices.Equal(points, []string{"impact_stale"}) {
			t.Errorf("with a stale impact it is refused for %q", points)
		}
	})
	of = impact(t, second, of)
	publish(second, of).Expect(201)

	// What is published is not changed any more, and what is done cannot be done again in another way.
	of = read(liaison, of)
	if of.PublishedAs != parkLoan+"@2" {
		t.Errorf("the draft became %q", of.PublishedAs)
	}
	d.unchanged(t, func() {
		liaison.Put(of.path(""), map[string]string{"text": of.Text + "# 改"}, of.etag()).Refused(409, "published")
		post(liaison, of.path("/submit"), of.etag(), map[string]string{"effective_from": "2026-07-01"}).Expect(409)
		post(second, of.path("/return"), of.etag(), map[string]string{"reason": "退回"}).Expect(409)
		publish(second, of).Expect(201)
	})
}

func TestOfTwoPeopleWhoPublishAtOnceOneIsRefused(t *testing.T) {
	for name, same := range map[string]bool{"two drafts of one product": false, "one draft twice": true} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.working(t)
			liaison := d.person(t, "liaison", permit.RoleLiaison, "cdb")
			reviewers := []person{d.person(t, "second", permit.RoleLiaison, "cdb"), d.person(t, "third", permit.RoleLiaison, "cdb")}
			drafts := []draft{begin(liaison, parkLoan+"@1"), begin(liaison, parkLoan+"@1")}
			for i := range drafts {
				drafts[i] = impact(t, liaison, submit(liaison, drafts[i], "2026-07-06"))
			}
			if same {
				drafts[1] = drafts[0]
			}
			var both sync.WaitGroup
			answers := make([]*apitest.Answer, 2)
			for i := range drafts {
				both.Go(func() { answers[i] = publish(reviewers[i], drafts[i]) })
			}
			both.Wait()
			var published []string
			for i, answer := range answers {
				var version struct{ ID string }
				switch answer.Status() {
				case 201:
					answer.Into(&version)
					published = append(published, version.ID)
				case 409:
					if same {
						continue
					}
					if left := read(liaison, drafts[i]); left.Status != "in_review" || left.PublishedAs != "" || left.Version != drafts[i].Version {
						t.Errorf("the draft that was refused is %+v", left)
					}
				case 412:
				default:
					t.Errorf("%d: %.300s", answer.Status(), answer.Body)
				}
			}
			if slices.Sort(published); len(slices.Compact(published)) != 1 || published[0] != parkLoan+"@2" || !same && len(published) != 1 {
				t.Errorf("published were %q", published)
			}
			var versions struct{ Items []struct{ ID, Status string } }
			liaison.Get("/api/v1/products/" + parkLoan + "/versions").Expect(200).Into(&versions)
			if len(versions.Items) != 2 {
				t.Errorf("there are %+v", versions.Items)
			}
		})
	}
}

func TestADraftIsItsInstitutionsOwn(t *testing.T) {
	d := newDesk(t)
	liaison, other := d.person(t, "liaison", permit.RoleLiaison, "cdb"), d.person(t, "other", permit.RoleLiaison, "adbc")
	bureau, risk := d.person(t, "bureau", permit.RoleBureau, "GX-PX"), d.person(t, "risk", permit.RoleRisk, "GX")
	of := begin(liaison, parkLoan+"@1")
	d.unchanged(t, func() {
		other.Post("/api/v1/drafts", map[string]string{"type": "product", "from": parkLoan + "@1"}).Refused(403, "forbidden")
		risk.Post("/api/v1/drafts", map[string]string{"type": "product", "from": parkLoan + "@1"}).Refused(403, "forbidden")
		liaison.Post("/api/v1/drafts", map[string]string{"type": "risk", "from": "cn-local-government@1"}).Refused(403, "forbidden")
		bureau.Post("/api/v1/drafts", map[string]string{"type": "product", "from": parkLoan + "@1"}).Refused(403, "forbidden")
		liaison.Post("/api/v1/drafts", map[string]string{"type": "product", "from": parkLoan + "@9"}).Refused(422, "from")
		liaison.Post("/api/v1/drafts", map[string]string{"type": "product", "text": of.Text}).Refused(409, "pack_exists")
		liaison.Post("/api/v1/drafts", map[string]string{"type": "product", "text": "name: x"}).Refused(422, "document")
		for _, path := range []string{"", "/trail", "/tests", "/analysis", "/diff", "/impact", "/table"} {
			other.Get(of.path(path)).Refused(404, "not_found")
			bureau.Get(of.path(path)).Refused(403, "forbidden")
		}
		other.Put(of.path(""), map[string]string{"text": "x"}, of.etag()).Refused(404, "not_found")
		other.Post(of.path("/impact"), nil).Refused(404, "not_found")
		liaison.Get(of.path("/impact")).Refused(404, "not_found")
		liaison.Put(of.path(""), map[string]string{"text": "x"}, `"9"`).Refused(412, "stale")
	})
	var page struct{ Items []draft }
	other.Get("/api/v1/drafts").Expect(200).Into(&page)
	if len(page.Items) != 0 {
		t.Errorf("another institution sees %+v", page.Items)
	}
	liaison.Get("/api/v1/drafts?status=draft").Expect(200).Into(&page)
	if len(page.Items) != 1 || page.Items[0].ID != of.ID || page.Items[0].Text != "" {
		t.Errorf("the institution sees %+v", page.Items)
	}
	// The file itself may be sent instead of JSON; the trail names who did what.
	var now draft
	liaison.Do(apitest.Request{Method: "PUT", Path: of.path(""), Body: of.Text + "# 完\n", Header: map[string]string{"If-Match": of.etag(), "Content-Type": "text/yaml"}}).Expect(200).Into(&now)
	if now.Text != of.Text+"# 完\n" {
		t.Error("the file was not taken as it is")
	}
	var trail struct {
		Items []struct{ Who, Action string }
	}
	liaison.Get(of.path("/trail")).Expect(200).Into(&trail)
	if len(trail.Items) != 2 || trail.Items[0].Action != "create" || trail.Items[1].Who != liaison.actor.User {
		t.Errorf("the trail is %+v", trail.Items)
	}
	post(liaison, of.path("/return"), now.etag(), map[string]string{"reason": "未提交"}).Expect(409)
	inReview := submit(liaison, now, "2026-07-01")
	liaison.Put(of.path(""), map[string]string{"text": "x"}, inReview.etag()).Refused(409, "in_review")
	post(liaison, of.path("/return"), inReview.etag(), map[string]string{"reason": "再改"}).Expect(409)
}

func TestATextIsHelpedWithWhileItIsTyped(t *testing.T) {
	d := newDesk(t)
	liaison := d.person(t, "liaison", permit.RoleLiaison, "cdb")
	of := begin(liaison, parkLoan+"@1")
	line := lineOf(t, of.Text, "need.capital_ratio >=")
	column := len([]rune(strings.Split(strings.Split(of.Text, "\n")[line-1], "capital_ratio")[0])) + 1
	var completions struct {
		Items []struct {
			Text, Kind string
			Replaces   int
		}
	}
	typed := map[string]any{"type": "product", "text": of.Text, "line": line, "column": column}
	liaison.Post("/api/v1/drafts/complete", typed).Expect(200).Into(&completions)
	if !slices.ContainsFunc(completions.Items, func(c struct {
		Text, Kind string
		Replaces   int
	}) bool {
		return c.Text == "need.capital_ratio" && c.Kind == "fact"
	}) {
		t.Errorf("after need. %+v could be typed", completions.Items)
	}
	var text funding.Text
	liaison.Post("/api/v1/drafts/hover", typed).Expect(200).Into(&text)
	if !strings.Contains(text.ZH, "资本金") || text.EN == "" {
		t.Errorf("the fact means %+v", text)
	}
	var verdicts struct {
		Items []struct {
			Requirement string
			Answer      *struct{ Verdict string }
			Problem     *funding.Text
		}
	}
	liaison.Post("/api/v1/drafts/verdict", map[string]any{"text": of.Text, "samples": []string{"pingxiang", "nowhere"}, "requirements": []string{"req_none"}}).Expect(200).Into(&verdicts)
	if got := verdicts.Items; len(got) != 3 || got[0].Problem == nil || got[1].Answer == nil || got[1].Answer.Verdict != "near_miss" || got[2].Problem == nil {
		t.Errorf("the verdicts are %+v", got)
	}
	easier := strings.Replace(of.Text, "offer.min_dscr >= 1.15", "offer.min_dscr >= 1.05", 1)
	liaison.Post("/api/v1/drafts/verdict", map[string]any{"text": easier, "samples": []string{"pingxiang"}}).Expect(200).Into(&verdicts)
	if got := verdicts.Items; got[0].Answer.Verdict == "near_miss" {
		t.Errorf("with the easier rule the verdict is %+v", got[0].Answer)
	}
	liaison.Post("/api/v1/drafts/verdict", map[string]any{"text": "id: x", "samples": []string{"pingxiang"}}).Refused(422, "document")
	broken := strings.Replace(of.Text, "group: tenor", "group: tenoor", 1)
	written := write(liaison, of, broken)
	points := liaison.Get(of.path("/analysis")).Refused(422, "document").Points()
	if !slices.ContainsFunc(points, func(point string) bool { return strings.HasPrefix(point, "/text/rules/") }) {
		t.Errorf("the analysis of a broken text tells %q", points)
	}
	var found struct {
		Items []struct {
			Kind, Rule, Shows string
			Witness           []struct{ Fact, Value string }
		}
	}
	dead := write(liaison, written, strings.Replace(of.Text, "when: 'offer.cover >= 0.50'", "when: 'offer.cover < 0'", 1))
	liaison.Get(dead.path("/analysis")).Expect(200).Into(&found)
	if len(found.Items) == 0 || found.Items[0].Kind != "always_false" || found.Items[0].Rule != "cover" || len(found.Items[0].Witness) == 0 {
		t.Errorf("the analysis finds %+v", found.Items)
	}
}

func TestRulesGoOutAsATableAndComeBack(t *testing.T) {
	d := newDesk(t)
	liaison := d.person(t, "liaison", permit.RoleLiaison, "cdb")
	of := begin(liaison, parkLoan+"@1")
	put := func(media string, table []byte) *apitest.Answer {
		return liaison.Do(apitest.Request{Method: "PUT", Path: of.path("/table"), Body: table, Header: map[string]string{"If-Match": of.etag(), "Content-Type": media}})
	}
	for format, media := range map[string]string{"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"} {
		table := liaison.Get(of.path("/table?format=" + format)).Expect(200).Body
		if published := liaison.Get("/api/v1/product-versions/" + parkLoan + "@1/table?format=" + format).Expect(200).Body; format == "csv" && string(published) != string(table) {
			t.Error("the table of the draft is not that of the version it was begun from")
		}
		var back draft
		put(media, table).Expect(200).Into(&back)
		if back.Text != of.Text {
			t.Errorf("%s: the text has changed", format)
		}
		of = back
	}
	table := string(liaison.Get(of.path("/table")).Expect(200).Body)
	var changed draft
	put("text/csv", []byte(strings.Replace(table, "主导产业不在园区贷款支持方向", "主导产业不在支持方向", 1))).Expect(200).Into(&changed)
	if want := strings.Count(of.Text, "\n"); strings.Count(changed.Text, "\n") != want || !strings.Contains(changed.Text, "主导产业不在支持方向") {
		t.Errorf("the changed text has %d lines, want %d", strings.Count(changed.Text, "\n"), want)
	}
	var diff struct{ Changes []struct{ Place string } }
	liaison.Get(of.path("/diff?with=" + parkLoan + "@1")).Expect(200).Into(&diff)
	if len(diff.Changes) != 1 || !strings.HasPrefix(diff.Changes[0].Place, "rules.industry") {
		t.Errorf("the difference is %+v", diff.Changes)
	}
	of = changed
	d.unchanged(t, func() {
		var problem struct {
			Points []struct{ Path, Code, Pointer string }
		}
		put("text/csv", []byte(strings.Replace(table, "eligibility,must", "eligibilty,must", 1))).Refused(422, "document").Into(&problem)
		if len(problem.Points) != 1 || problem.Points[0].Path != "B2" || problem.Points[0].Code != "enum" || problem.Points[0].Pointer != "" {
			t.Errorf("the wrong cell is told as %+v", problem.Points)
		}
		put("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", []byte("PK\x03\x04 no archive")).Refused(422, "document")
		put("text/csv", nil).Expect(400)
	})
}
