package journey

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"zutuan/api/client"
	"zutuan/internal/gate"
	"zutuan/internal/httpapi/apitest"
	"zutuan/internal/jobs"
	"zutuan/internal/money"
	"zutuan/internal/office"
	"zutuan/internal/permit"
	"zutuan/internal/store"
)

// The whole way of a case, as its people go it: papers, matches, plan, assessment, review, return, waiver, approval, final
// plan; then a change of the ledger that takes it back, and a changed byte that the audit chains tell. At every step what
// must be refused is tried too. All of it goes over HTTP through the generated client, and every request and answer is held
// to the API description (apitest.Transport).

func TestTheWayOfACase(t *testing.T) {
	everyDatabase(t, func(t *testing.T, db database) {
		j := &journey{stage: open(t, db), ctx: context.Background()}
		for _, chapter := range []struct {
			name string
			play func(*testing.T)
		}{
			{"the administrator makes accounts", j.people},
			{"the administrator enters the capital of lenders", j.lenders},
			{"the bureau hands papers in", j.papers},
			{"products are matched", j.matches},
			{"the bank's liaison sees what is theirs", j.liaisons},
			{"a job builds the plan", j.build},
			{"the plan is assessed and submitted", j.submission},
			{"risk returns it", j.returned},
			{"the bureau mends it", j.mended},
			{"a flag is waived by two", j.waived},
			{"it is approved and made final", j.final},
			{"a change of the ledger takes it back", j.reopened},
			{"the trail tells who did what", j.trail},
			{"a changed byte is found", j.damage},
		} {
			if !t.Run(chapter.name, func(t *testing.T) { j.t = t; chapter.play(t) }) {
				t.Fatalf("log of the service:\n%.3000s", j.log)
			}
		}
	})
}

// journey is what one chapter leaves to the next.
type journey struct {
	*stage
	t   *testing.T
	ctx context.Context

	boss, bureau, neighbour, riskA, riskB, observer, liaison *person
	requirement, plan                                        string
	match                                                    string
}

// wrong is the context of requests that are meant to be refused by their form.
func (j *journey) wrong() context.Context { return apitest.Wrong(j.ctx) }

// etag is how a version is named in a request.
func etag(version int64) string { return fmt.Sprintf(`"%d"`, version) }

// refused fails unless an answer is a refusal of a status and a code, in both languages. It returns the codes of the points.
func refused[R response](answer R, err error) func(t testing.TB, status int, code string) []string {
	return func(t testing.TB, status int, code string) []string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		var told client.Problem
		if err := json.Unmarshal(answer.GetBody(), &told); err != nil || answer.StatusCode() != status || told.Code != code {
			t.Fatalf("answered %d, want %d %s: %.2000s", answer.StatusCode(), status, code, answer.GetBody())
		}
		if told.MessageZh == "" || told.MessageEn == "" || told.MessageZh == told.MessageEn || told.Status != status {
			t.Errorf("the refusal lacks a language: %s", answer.GetBody())
		}
		var codes []string
		if told.Points != nil {
			for _, point := range *told.Points {
				codes = append(codes, point.Code)
				if point.ZH == "" || point.EN == "" {
					t.Errorf("a point lacks a language: %+v", point)
				}
			}
		}
		return codes
	}
}

func (j *journey) people(t *testing.T) {
	fresh := j.nobody("admin")
	refused(fresh.ListUsersWithResponse(j.ctx, nil))(t, 401, "unauthenticated")
	refused(fresh.SignInWithResponse(j.ctx, client.SignInInput{Name: "admin", Password: "not-this-one-77"}))(t, 401, "sign_in")
	session := must(fresh.SignInWithResponse(j.ctx, client.SignInInput{Name: "admin", Password: j.admin}))(t, 201).JSON201
	fresh.csrf = *session.CsrfToken
	if !session.MustChangePassword {
		t.Error("a password that was printed may be kept")
	}
	refused(fresh.ListUsersWithResponse(j.ctx, nil))(t, 403, "must_change_password")
	refused(fresh.ChangePasswordWithResponse(j.ctx, client.PasswordInput{Old: j.admin, New: "123"}))(t, 422, "password")
	must(fresh.ChangePasswordWithResponse(j.ctx, client.PasswordInput{Old: j.admin, New: password}))(t, 204)
	j.boss = fresh

	j.bureau = j.account("px", permit.RoleBureau, "GX-PX", "")
	j.neighbour = j.account("lc", permit.RoleBureau, "YN-LC", "")
	j.riskA = j.account("risk-a", permit.RoleRisk, "GX", "")
	j.riskB = j.account("risk-b", permit.RoleRisk, "GX", "")
	j.observer = j.account("observer", permit.RoleObserver, "GX", "")
	j.liaison = j.account("liaison", permit.RoleLiaison, "", "cdb")

	another := client.UserInput{Name: "another", Role: permit.RoleAdmin}
	for _, p := range []*person{j.bureau, j.riskA, j.observer, j.liaison} {
		refused(p.CreateUserWithResponse(j.ctx, another))(t, 403, "forbidden")
	}
	missing(t, refused(j.boss.CreateUserWithResponse(j.ctx, client.UserInput{Name: "px", Role: permit.RoleBureau, Region: given("GX-PX")}))(t, 422, "user"), "name_taken")
	refused(j.boss.CreateUserWithResponse(j.ctx, client.UserInput{Name: "nowhere", Role: permit.RoleBureau, Region: given("XX-YY")}))(t, 422, "user")
	refused(j.boss.ListRequirementsWithResponse(j.ctx, nil))(t, 403, "forbidden")
}

// account has the administrator make an account, whose owner signs in.
func (j *journey) account(name string, role permit.Role, region, institution string) *person {
	j.t.Helper()
	input := client.UserInput{Name: name, DisplayName: given("人员 " + name), Role: role, Reason: given("开户")}
	if region != "" {
		input.Region = &region
	}
	if institution != "" {
		input.Institution = &institution
	}
	made := must(j.boss.CreateUserWithResponse(j.ctx, input))(j.t, 201).JSON201
	return j.signIn(name, made.Password)
}

// lenders enters what limits on one borrower are measured by: the shipped records leave it open, and while nobody knows it
// no plan that borrows from the bank can become final.
func (j *journey) lenders(t *testing.T) {
	entered := 0
	for _, bank := range must(j.boss.ListInstitutionsWithResponse(j.ctx, &client.ListInstitutionsParams{Limit: given(500)}))(t, 200).JSON200.Items {
		if bank.Type != "policy_bank" && bank.Type != "commercial_bank" {
			continue
		}
		content := bank.InstitutionBody
		content.NetCapital, content.Tier1, content.AsOf = given(money.MustAmount("800000000000.00")), given(money.MustAmount("700000000000.00")), asOf
		put := func(p *person, version int64) (*client.UpdateInstitutionResponse, error) {
			return p.UpdateInstitutionWithResponse(j.ctx, bank.ID, &client.UpdateInstitutionParams{IfMatch: etag(version)}, content)
		}
		refused(put(j.bureau, bank.Version))(t, 403, "forbidden")
		must(put(j.boss, bank.Version))(t, 200)
		refused(put(j.boss, bank.Version))(t, 412, "stale")
		entered++
	}
	if entered < 4 {
		t.Errorf("%d banks", entered)
	}
}

const csv, asOf = "text/csv", "2025-12-31"

func (j *journey) putLedger(p *person, ctx context.Context, text []byte, version string) (*client.PutLedgerResponse, error) {
	params := &client.PutLedgerParams{AsOf: given(asOf)}
	if version != "" {
		params.IfMatch = &version
	}
	return p.PutLedgerWithBodyWithResponse(ctx, "GX-PX", params, csv, bytes.NewReader(text))
}

func (j *journey) papers(t *testing.T) {
	ledger := sampleFile(t, "samples/pingxiang/ledger.csv")
	refused(j.putLedger(j.neighbour, j.ctx, ledger, ""))(t, 404, "not_found")
	refused(j.putLedger(j.liaison, j.ctx, ledger, ""))(t, 403, "forbidden")
	refused(j.putLedger(j.observer, j.ctx, ledger, ""))(t, 403, "forbidden")
	broken := edited(t, string(ledger), "equal_principal", "now_and_then", "2031-06-30", "2031-02-30")
	if points := refused(j.putLedger(j.bureau, j.ctx, []byte(broken), ""))(t, 422, "document"); len(points) < 4 {
		t.Errorf("of the mistakes of a ledger only %q are told", points)
	}
	first := must(j.putLedger(j.bureau, j.ctx, ledger, ""))(t, 200).JSON200
	if first.Instruments != 14 || first.AsOf != asOf || first.Version != 1 {
		t.Errorf("the ledger is %+v", first.LedgerBody)
	}
	refused(j.putLedger(j.bureau, j.ctx, ledger, ""))(t, 428, "if_match")
	refused(j.putLedger(j.bureau, j.ctx, ledger, etag(7)))(t, 412, "stale")

	fiscal := fiscalProfile(t)
	refused(j.neighbour.PutFiscalProfileWithResponse(j.ctx, "GX-PX", 2025, nil, fiscal))(t, 404, "not_found")
	if points := refused(j.bureau.PutFiscalProfileWithResponse(j.ctx, "GX-PX", 2024, nil, fiscal))(t, 422, "fiscal"); !slices.Equal(points, []string{"year"}) {
		t.Errorf("points %q", points)
	}
	must(j.bureau.PutFiscalProfileWithResponse(j.ctx, "GX-PX", 2025, nil, fiscal))(t, 200)

	document := firstRequirement(t)
	refused(j.observer.CreateRequirementWithResponse(j.ctx, nil, document))(t, 403, "forbidden")
	refused(j.neighbour.CreateRequirementWithResponse(j.ctx, nil, document))(t, 422, "zone")
	if points := refused(j.bureau.CreateRequirementWithResponse(j.ctx, nil, json.RawMessage(`{"schema":"zutuan/requirement/v1","zone":"GX-PX","unitz":[]}`)))(t, 422, "document"); len(points) < 5 {
		t.Errorf("of the mistakes of a requirement only %q are told", points)
	}
	made := must(j.bureau.CreateRequirementWithResponse(j.ctx, nil, document))(t, 201).JSON201
	j.requirement = made.ID
	if made.Status != gate.StatusDraft || made.Region != "GX-PX" || made.Owner != j.bureau.id {
		t.Errorf("the requirement is %s in %s of %s", made.Status, made.Region, made.Owner)
	}
	j.submitRequirement(t, made.Version)
}

func (j *journey) submitRequirement(t *testing.T, version int64) {
	step := func(p *person, ctx context.Context, version string) (*client.SubmitRequirementResponse, error) {
		return p.SubmitRequirementWithResponse(ctx, j.requirement, &client.SubmitRequirementParams{IfMatch: version}, client.ReasonInput{})
	}
	refused(step(j.bureau, j.wrong(), ""))(t, 428, "if_match")
	refused(step(j.bureau, j.ctx, etag(version+5)))(t, 412, "stale")
	refused(step(j.neighbour, j.ctx, etag(version)))(t, 404, "not_found")
	refused(step(j.riskA, j.ctx, etag(version)))(t, 403, "forbidden")
	must(step(j.bureau, j.ctx, etag(version)))(t, 200)
	refused(j.liaison.RequirementTrailWithResponse(j.ctx, j.requirement))(t, 404, "not_found")
}

func (j *journey) matches(t *testing.T) {
	refused(j.neighbour.MatchRequirementWithResponse(j.ctx, j.requirement, nil, client.StoredMatchInput{}))(t, 404, "not_found")
	refused(j.observer.MatchRequirementWithResponse(j.ctx, j.requirement, nil, client.StoredMatchInput{}))(t, 403, "forbidden")
	made := must(j.bureau.MatchRequirementWithResponse(j.ctx, j.requirement, nil, client.StoredMatchInput{Date: given("2026-06-30")}))(t, 201).JSON201
	j.match = made.ID
	if len(made.Products) < 30 || len(made.Basis.Papers) != 3 {
		t.Errorf("the match asks %d products by %d papers", len(made.Products), len(made.Basis.Papers))
	}
	again := must(j.riskA.MatchRequirementWithResponse(j.ctx, j.requirement, nil, client.StoredMatchInput{Date: given("2026-06-30")}))(t, 201).JSON201
	if again.ID != made.ID {
		t.Errorf("the same question is another record, %s and %s", made.ID, again.ID)
	}
	answer := must(j.bureau.MatchAnswerWithResponse(j.ctx, j.match))(t, 200)
	if !bytes.Contains(answer.Body, []byte(`"verdict"`)) {
		t.Errorf("the whole answer is %.300s", answer.Body)
	}
	if replay := must(j.observer.ReplayMatchWithResponse(j.ctx, j.match))(t, 200).JSON200; !replay.Identical {
		t.Errorf("computed again it is %s, recorded is %s", replay.Computed, replay.Recorded)
	}
	refused(j.neighbour.GetMatchWithResponse(j.ctx, j.match))(t, 404, "not_found")
	refused(j.liaison.GetMatchWithResponse(j.ctx, j.match))(t, 403, "forbidden")
}

// liaisons waits for the background, which matches what was submitted and tells its owner.
func (j *journey) liaisons(t *testing.T) {
	var told []office.Notification
	j.eventually(t, "the owner to be told of offers", func() bool {
		told = must(j.bureau.ListNotificationsWithResponse(j.ctx, nil))(t, 200).JSON200.Items
		return len(told) > 0
	})
	if note := told[0]; note.Type != office.NotificationOfferGained || note.Subject != j.requirement || note.Text.ZH == "" || note.Text.EN == "" || len(note.Details) == 0 {
		t.Errorf("told was %+v", note)
	}
	refused(j.riskA.ReadNotificationWithResponse(j.ctx, told[0].ID, nil))(t, 404, "not_found")
	if read := must(j.bureau.ReadNotificationWithResponse(j.ctx, told[0].ID, nil))(t, 200).JSON200; !read.Read {
		t.Error("read is not read")
	}

	var offers []office.Offer
	j.eventually(t, "the bank's offer", func() bool {
		offers = must(j.liaison.ListOffersWithResponse(j.ctx, nil))(t, 200).JSON200.Items
		return len(offers) > 0
	})
	for _, offer := range offers {
		if offer.Institution != "cdb" {
			t.Errorf("the liaison of cdb sees an offer of %s", offer.Institution)
		}
	}
	seen := must(j.liaison.GetRequirementWithResponse(j.ctx, j.requirement, nil))(t, 200).JSON200
	if seen.ID != j.requirement {
		t.Error("another requirement")
	}
	var foreign string
	for _, offer := range must(j.bureau.ListOffersWithResponse(j.ctx, nil))(t, 200).JSON200.Items {
		if offer.Institution != "cdb" {
			foreign = offer.ID
		}
	}
	note := client.OfferNoteInput{Interested: true, Terms: given("十五年，宽限三年，按现金流还本")}
	refused(j.liaison.NoteOfferWithResponse(j.ctx, foreign, &client.NoteOfferParams{IfMatch: etag(1)}, note))(t, 404, "not_found")
	refused(j.bureau.NoteOfferWithResponse(j.ctx, offers[0].ID, &client.NoteOfferParams{IfMatch: etag(offers[0].Version)}, note))(t, 403, "forbidden")
	refused(j.liaison.NoteOfferWithResponse(j.wrong(), offers[0].ID, &client.NoteOfferParams{}, note))(t, 428, "if_match")
	must(j.liaison.NoteOfferWithResponse(j.ctx, offers[0].ID, &client.NoteOfferParams{IfMatch: etag(offers[0].Version)}, note))(t, 200)
	refused(j.liaison.ListPlansWithResponse(j.ctx, nil))(t, 403, "forbidden")
}

// eventually asks until something is so.
func (j *journey) eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !so(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// build follows the same job by its events and by asking for it.
func (j *journey) build(t *testing.T) {
	wish := client.NewPlanInput{Requirement: j.requirement, Build: &client.PlanWish{Name: given("凭祥冷链组团方案")}}
	refused(j.neighbour.CreatePlanWithResponse(j.ctx, nil, wish))(t, 404, "not_found")
	refused(j.observer.CreatePlanWithResponse(j.ctx, nil, wish))(t, 403, "forbidden")
	refused(j.bureau.CreatePlanWithResponse(j.ctx, nil, client.NewPlanInput{Requirement: j.requirement}))(t, 422, "plan")
	refused(j.bureau.CreatePlanWithBodyWithResponse(j.wrong(), nil, "application/json", strings.NewReader(`{"requirement":"x","build":{"max_lenders":0,"objectiv":"least_cost"}}`)))(t, 400, "malformed")

	key := "build-pingxiang-1"
	accepted := must(j.bureau.CreatePlanWithResponse(j.ctx, &client.CreatePlanParams{IdempotencyKey: &key}, wish))(t, 202)
	repeated := must(j.bureau.CreatePlanWithResponse(j.ctx, &client.CreatePlanParams{IdempotencyKey: &key}, wish))(t, 202)
	if accepted.JSON202.ID != repeated.JSON202.ID || repeated.HTTPResponse.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("repeated under its key the request made the jobs %s and %s", accepted.JSON202.ID, repeated.JSON202.ID)
	}
	job := accepted.JSON202.ID
	if location := accepted.HTTPResponse.Header.Get("Location"); location != "/api/v1/jobs/"+job {
		t.Errorf("Location %q", location)
	}
	refused(j.neighbour.GetJobWithResponse(j.ctx, job))(t, 404, "not_found")

	var group sync.WaitGroup
	var events []jobs.Job
	var failed error
	group.Go(func() { events, failed = j.follow(job) })
	var asked jobs.Job
	j.eventually(t, "the plan to be built", func() bool {
		asked = *must(j.bureau.GetJobWithResponse(j.ctx, job))(t, 200).JSON200
		return asked.Status == jobs.StatusDone || asked.Status == jobs.StatusFailed
	})
	group.Wait()
	if failed != nil || len(events) == 0 {
		t.Fatalf("%d events, %v", len(events), failed)
	}
	last := events[len(events)-1]
	if asked.Status != jobs.StatusDone || last.Status != jobs.StatusDone || !bytes.Equal(last.Result, asked.Result) {
		t.Fatalf("asked: %+v; last event: %+v", asked, last)
	}
	var made office.Plan
	if err := json.Unmarshal(asked.Result, &made); err != nil {
		t.Fatal(err)
	}
	j.plan = made.ID
	kept := j.thePlan(t)
	if kept.Status != gate.StatusDraft || kept.Origin != office.PlanBuilt || kept.Build == nil || kept.Build.Proof == nil || kept.Financed == 0 {
		t.Errorf("the plan is %+v", kept.PlanBody)
	}
	refused(j.neighbour.GetPlanWithResponse(j.ctx, j.plan, nil))(t, 404, "not_found")
	unchanged := must(j.bureau.GetPlanWithResponse(j.ctx, j.plan, &client.GetPlanParams{IfNoneMatch: given(etag(kept.Version))}))(t, 304)
	if len(unchanged.Body) > 0 {
		t.Error("304 with a body")
	}
}

// follow reads the events of a job until the stream ends.
func (j *journey) follow(job string) ([]jobs.Job, error) {
	response, err := j.bureau.JobEvents(j.ctx, job)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if media := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || media != "text/event-stream" {
		return nil, fmt.Errorf("answered %d as %s", response.StatusCode, media)
	}
	var events []jobs.Job
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		if data, found := strings.CutPrefix(lines.Text(), "data: "); found {
			var event jobs.Job
			if err := json.Unmarshal([]byte(data), &event); err != nil {
				return events, err
			}
			events = append(events, event)
		}
	}
	return events, lines.Err()
}

func (j *journey) thePlan(t *testing.T) *office.Plan {
	t.Helper()
	return must(j.bureau.GetPlanWithResponse(j.ctx, j.plan, nil))(t, 200).JSON200
}

func (j *journey) version(t *testing.T) string {
	t.Helper()
	return etag(j.thePlan(t).Version)
}

// The steps of a plan, each by somebody.

func (j *journey) submit(p *person, ctx context.Context, version string) (*client.SubmitPlanResponse, error) {
	return p.SubmitPlanWithResponse(ctx, j.plan, &client.SubmitPlanParams{IfMatch: version}, client.ReasonInput{})
}

func (j *journey) take(p *person, version string) (*client.ReviewPlanResponse, error) {
	return p.ReviewPlanWithResponse(j.ctx, j.plan, &client.ReviewPlanParams{IfMatch: version}, client.ReasonInput{})
}

func (j *journey) giveBack(p *person, version, reason string) (*client.ReturnPlanResponse, error) {
	return p.ReturnPlanWithResponse(j.ctx, j.plan, &client.ReturnPlanParams{IfMatch: version}, client.ReasonInput{Reason: &reason})
}

func (j *journey) approve(p *person, version string) (*client.ApprovePlanResponse, error) {
	return p.ApprovePlanWithResponse(j.ctx, j.plan, &client.ApprovePlanParams{IfMatch: version}, client.ReasonInput{})
}

func (j *journey) finalize(p *person, ctx context.Context, version string) (*client.FinalizePlanResponse, error) {
	return p.FinalizePlanWithResponse(ctx, j.plan, &client.FinalizePlanParams{IfMatch: version}, client.ReasonInput{})
}

func (j *journey) assess(p *person) (*client.AssessPlanResponse, error) {
	return p.AssessPlanWithResponse(j.ctx, j.plan, nil, client.DateInput{})
}

func (j *journey) putStudies(p *person, version string, text []byte) (*client.PutStudiesResponse, error) {
	return p.PutStudiesWithResponse(j.ctx, j.plan, &client.PutStudiesParams{IfMatch: version}, text)
}

// missing compares the conditions that a refused step names with those that it has to name, all at once.
func missing(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("missing is %q, want %q", got, want)
	}
}

func (j *journey) submission(t *testing.T) {
	missing(t, refused(j.submit(j.bureau, j.ctx, j.version(t)))(t, 409, "gate"), "assessment", "assessment_current", "assessment_age")
	missing(t, refused(j.finalize(j.bureau, j.ctx, j.version(t)))(t, 409, "gate"), "status", "approval", "assessment", "assessment_current", "inputs_unchanged", "assessment_age",
		"no_shortfall", "flags_resolved", "flags_decided", "flags_acknowledged", "studies_complete", "studies_consistent")

	refused(j.assess(j.neighbour))(t, 404, "not_found")
	refused(j.assess(j.observer))(t, 403, "forbidden")
	assessed := must(j.assess(j.bureau))(t, 201).JSON201
	if assessed.Blocking != 1 || assessed.Undecided != 1 || !assessed.CanBeWaived || assessed.Plan != j.plan {
		t.Errorf("assessed: %d block, %d undecided, can be waived %v", assessed.Blocking, assessed.Undecided, assessed.CanBeWaived)
	}
	if again := must(j.assess(j.riskA))(t, 201).JSON201; again.ID != assessed.ID {
		t.Errorf("the same plan is assessed as %s and %s", assessed.ID, again.ID)
	}
	if replay := must(j.observer.ReplayAssessmentWithResponse(j.ctx, assessed.ID))(t, 200).JSON200; !replay.Identical {
		t.Errorf("computed again it is %s, recorded is %s", replay.Computed, replay.Recorded)
	}

	// Ensure whoever has yet to write the studies sees the figures that they have to agree with: Σ invest of the sample.
	before := must(j.bureau.GetStudiesWithResponse(j.ctx, j.plan))(t, 200).JSON200
	if !slices.ContainsFunc(before.Checks, func(check gate.StudyCheck) bool {
		return check.Code == gate.StudyCheckInvestment && check.Status == gate.CheckIncomplete && check.Other != nil && *check.Other == "839000000.00"
	}) {
		t.Errorf("before the studies are handed in the checks are %+v", before.Checks)
	}
	refused(j.putStudies(j.neighbour, j.version(t), []byte(`{"schema":"zutuan/studies/v1"}`)))(t, 404, "not_found")
	refused(j.putStudies(j.riskA, j.version(t), []byte(`{"schema":"zutuan/studies/v1"}`)))(t, 403, "forbidden")
	refused(j.putStudies(j.bureau, j.version(t), []byte(`{"schema":"zutuan/studies/v2","industri":{}}`)))(t, 422, "document")
	must(j.putStudies(j.bureau, j.version(t), []byte(`{"schema":"zutuan/studies/v1","finance":{"status":"in_progress"}}`)))(t, 200)

	refused(j.submit(j.bureau, j.wrong(), ""))(t, 428, "if_match")
	refused(j.submit(j.bureau, j.ctx, etag(1)))(t, 412, "stale")
	refused(j.submit(j.riskA, j.ctx, j.version(t)))(t, 403, "forbidden")
	refused(j.submit(j.neighbour, j.ctx, j.version(t)))(t, 404, "not_found")
	sent := must(j.submit(j.bureau, j.ctx, j.version(t)))(t, 200).JSON200
	if sent.Status != gate.StatusSubmitted || sent.SubmittedBy != j.bureau.id || sent.SubmittedAssessment != assessed.ID {
		t.Errorf("submitted is %+v", sent.PlanBody)
	}
}

// reason is why risk returns the plan.
const reason = "请补充地块面积与签约情况，并报送各贷款人对关联客户组的敞口"

func (j *journey) returned(t *testing.T) {
	refused(j.take(j.bureau, j.version(t)))(t, 403, "forbidden")
	missing(t, refused(j.giveBack(j.riskA, j.version(t), reason))(t, 409, "gate"), "status")
	taken := must(j.take(j.riskA, j.version(t)))(t, 200).JSON200
	if taken.Status != gate.StatusInReview || taken.Reviewer != j.riskA.id {
		t.Errorf("in review is %s by %s", taken.Status, taken.Reviewer)
	}
	missing(t, refused(j.giveBack(j.riskA, j.version(t), " "))(t, 409, "gate"), "reason")
	refused(j.giveBack(j.bureau, j.version(t), reason))(t, 403, "forbidden")
	back := must(j.giveBack(j.riskA, j.version(t), reason))(t, 200).JSON200
	if back.Status != gate.StatusReturned || back.Reason != reason {
		t.Errorf("returned is %s because %q", back.Status, back.Reason)
	}
	missing(t, refused(j.approve(j.riskB, j.version(t)))(t, 409, "gate"), "status")
}

func (j *journey) mended(t *testing.T) {
	before := must(j.bureau.GetRequirementWithResponse(j.ctx, j.requirement, nil))(t, 200).JSON200
	put := func(p *person, version string, text json.RawMessage) (*client.UpdateRequirementResponse, error) {
		return p.UpdateRequirementWithResponse(j.ctx, j.requirement, &client.UpdateRequirementParams{IfMatch: version}, text)
	}
	refused(put(j.neighbour, etag(before.Version), mendedRequirement(t)))(t, 404, "not_found")
	refused(put(j.riskA, etag(before.Version), mendedRequirement(t)))(t, 403, "forbidden")
	refused(put(j.bureau, etag(before.Version-1), mendedRequirement(t)))(t, 412, "stale")
	after := must(put(j.bureau, etag(before.Version), mendedRequirement(t)))(t, 200).JSON200
	if after.DocumentHash == before.DocumentHash || after.Status != before.Status {
		t.Errorf("mended is %s, was %s", after.Status, before.Status)
	}
	revised := must(j.bureau.RevisePlanWithResponse(j.ctx, j.plan, &client.RevisePlanParams{IfMatch: j.version(t)}, client.ReasonInput{}))(t, 200).JSON200
	if revised.Status != gate.StatusDraft {
		t.Errorf("revised is %s", revised.Status)
	}
	missing(t, refused(j.submit(j.bureau, j.ctx, j.version(t)))(t, 409, "gate"), "assessment_current")
	view := must(j.bureau.PlanGateWithResponse(j.ctx, j.plan))(t, 200).JSON200
	if len(view.Changes) != 1 || !strings.Contains(view.Changes[0].ZH+view.Changes[0].EN, "requirement") {
		t.Errorf("the gate says that %+v changed", view.Changes)
	}
	assessed := must(j.assess(j.bureau))(t, 201).JSON201
	if assessed.Blocking != 1 || assessed.Undecided != 0 {
		t.Errorf("assessed: %d block, %d undecided", assessed.Blocking, assessed.Undecided)
	}
	studies, err := os.ReadFile(filepath.Join("testdata", "studies.json"))
	if err != nil {
		t.Fatal(err)
	}
	must(j.putStudies(j.bureau, j.version(t), studies))(t, 200)
	compared := must(j.observer.GetStudiesWithResponse(j.ctx, j.plan))(t, 200).JSON200
	for _, check := range compared.Checks {
		if check.Status != gate.CheckConsistent {
			t.Errorf("%s %s is %s: %s", check.Code, check.Subject, check.Status, check.EN)
		}
	}
	acknowledge := func(p *person) (*client.AcknowledgePlanResponse, error) {
		return p.AcknowledgePlanWithResponse(j.ctx, j.plan, &client.AcknowledgePlanParams{IfMatch: j.version(t)}, client.NoteInput{Note: given("已知悉")})
	}
	refused(acknowledge(j.observer))(t, 403, "forbidden")
	must(acknowledge(j.bureau))(t, 200)
	must(j.submit(j.bureau, j.ctx, j.version(t)))(t, 200)
	must(j.take(j.riskA, j.version(t)))(t, 200)
}

const pack, blocking = "cn-local-government", "R23"

func (j *journey) waived(t *testing.T) {
	ask := func(p *person, input client.WaiverInput) (*client.RequestWaiverResponse, error) {
		return p.RequestWaiverWithResponse(j.ctx, j.plan, nil, input)
	}
	input := client.WaiverInput{Pack: pack, Rule: blocking, Reason: "存量PPP合同正在重新谈判，支付安排已报省厅", Evidence: "桂财金（示例）〔2026〕8号", ExpiresOn: "2027-06-30"}
	refused(ask(j.bureau, input))(t, 403, "forbidden")
	refused(ask(j.observer, input))(t, 403, "forbidden")
	empty := client.WaiverInput{Pack: pack, Rule: "R02", Reason: " ", Evidence: " ", ExpiresOn: "2028-06-30"}
	missing(t, refused(ask(j.riskA, empty))(t, 409, "gate"), "waiver_reason", "waiver_evidence", "waiver_expiry", "waiver_cover")
	asked := must(ask(j.riskA, input))(t, 201).JSON201
	if asked.Status != gate.StatusRequested || asked.RequestedBy != j.riskA.id || asked.Cover.Rule != blocking {
		t.Errorf("asked is %+v", asked.WaiverBody)
	}
	grant := func(p *person, version int64) (*client.GrantWaiverResponse, error) {
		return p.GrantWaiverWithResponse(j.ctx, asked.ID, &client.GrantWaiverParams{IfMatch: etag(version)}, client.ReasonInput{Reason: given("同意")})
	}
	missing(t, refused(grant(j.riskA, asked.Version))(t, 409, "gate"), "four_eyes")
	refused(grant(j.bureau, asked.Version))(t, 403, "forbidden")
	refused(grant(j.neighbour, asked.Version))(t, 403, "forbidden")
	refused(grant(j.riskB, asked.Version+1))(t, 412, "stale")
	granted := must(grant(j.riskB, asked.Version))(t, 200).JSON200
	if granted.Status != gate.StatusGranted || granted.GrantedBy != j.riskB.id {
		t.Errorf("granted is %+v", granted.WaiverBody)
	}
	missing(t, refused(grant(j.riskB, granted.Version))(t, 409, "gate"), "status")
	refused(j.neighbour.GetWaiverWithResponse(j.ctx, asked.ID, nil))(t, 404, "not_found")
}

func (j *journey) final(t *testing.T) {
	missing(t, refused(j.finalize(j.bureau, j.ctx, j.version(t)))(t, 409, "gate"), "status", "approval")
	refused(j.approve(j.bureau, j.version(t)))(t, 403, "forbidden")
	approved := must(j.approve(j.riskA, j.version(t)))(t, 200).JSON200
	if approved.Status != gate.StatusApproved || approved.ApprovedBy != j.riskA.id {
		t.Errorf("approved is %s by %s", approved.Status, approved.ApprovedBy)
	}
	view := must(j.bureau.PlanGateWithResponse(j.ctx, j.plan))(t, 200).JSON200
	if !view.Ready {
		t.Errorf("the gate is shut: %+v", view.Conditions)
	}
	refused(j.finalize(j.riskB, j.ctx, j.version(t)))(t, 403, "forbidden")
	refused(j.finalize(j.neighbour, j.ctx, j.version(t)))(t, 404, "not_found")
	refused(j.finalize(j.bureau, j.wrong(), ""))(t, 428, "if_match")
	refused(j.finalize(j.bureau, j.ctx, etag(approved.Version-1)))(t, 412, "stale")
	final := must(j.finalize(j.bureau, j.ctx, j.version(t)))(t, 200).JSON200
	if final.Status != gate.StatusFinalized || final.FinalizedAt == nil {
		t.Errorf("final is %+v", final.PlanBody)
	}
	refused(j.bureau.UpdatePlanWithResponse(j.ctx, j.plan, &client.UpdatePlanParams{IfMatch: j.version(t)}, client.PlanDocumentInput{Document: final.Document}))(t, 409, "status")
}

func (j *journey) reopened(t *testing.T) {
	ledger := must(j.bureau.GetLedgerWithResponse(j.ctx, "GX-PX", nil))(t, 200).JSON200
	same := sampleFile(t, "samples/pingxiang/ledger.csv")
	replaced := must(j.putLedger(j.bureau, j.ctx, same, etag(ledger.Version)))(t, 200).JSON200
	if plan := j.thePlan(t); plan.Status != gate.StatusFinalized {
		t.Fatalf("the same ledger handed in again made the plan %s", plan.Status)
	}
	changed := edited(t, string(same), "CNY,35000000.00,35000000.00,0,fixed,,,2025-06-30", "CNY,35000000.00,36000000.00,0,fixed,,,2025-06-30")
	changed = edited(t, changed, "CNY,35000000.00,36000000.00", "CNY,36000000.00,36000000.00")
	must(j.putLedger(j.bureau, j.ctx, []byte(changed), etag(replaced.Version)))(t, 200)
	plan := j.thePlan(t)
	if plan.Status != gate.StatusDraft || len(plan.Reopened) != 1 || !strings.Contains(plan.Reopened[0].ZH, "台账") || !strings.Contains(plan.Reopened[0].EN, "ledger") {
		t.Fatalf("the plan is %s because %+v", plan.Status, plan.Reopened)
	}
	missing(t, refused(j.submit(j.bureau, j.ctx, j.version(t)))(t, 409, "gate"), "assessment_current")
	missing(t, refused(j.finalize(j.bureau, j.ctx, j.version(t)))(t, 409, "gate"), "status", "approval", "assessment_current", "inputs_unchanged")
	j.eventually(t, "the bureau to be told that its plan was reopened", func() bool {
		told := must(j.bureau.ListNotificationsWithResponse(j.ctx, &client.ListNotificationsParams{Unread: given(true)}))(t, 200).JSON200.Items
		return slices.ContainsFunc(told, func(note office.Notification) bool {
			return note.Type == office.NotificationPlanReopened && note.Subject == j.plan && note.Text.ZH != "" && note.Text.EN != ""
		})
	})
}

func (j *journey) trail(t *testing.T) {
	refused(j.neighbour.PlanTrailWithResponse(j.ctx, j.plan))(t, 404, "not_found")
	refused(j.liaison.PlanTrailWithResponse(j.ctx, j.plan))(t, 403, "forbidden")
	trail := must(j.observer.PlanTrailWithResponse(j.ctx, j.plan))(t, 200).JSON200.Items
	var steps []string
	for i, entry := range trail {
		if entry.Version != int64(i+1) {
			t.Errorf("entry %d is of version %d", i+1, entry.Version)
		}
		if i > 0 && entry.Action != "assess" && entry.Action != "studies" && entry.Action != "acknowledge" {
			steps = append(steps, entry.Action+" "+entry.Who)
		}
	}
	want := []string{"submit " + j.bureau.id, "take_review " + j.riskA.id, "return " + j.riskA.id, "revise " + j.bureau.id, "submit " + j.bureau.id, "take_review " + j.riskA.id,
		"approve " + j.riskA.id, "finalize " + j.bureau.id}
	if len(steps) != len(want)+1 || !slices.Equal(steps[:len(want)], want) || !strings.HasPrefix(steps[len(want)], "reopen ") {
		t.Errorf("the steps were %q", steps)
	}
	if !slices.ContainsFunc(trail, func(entry office.TrailEntry) bool { return entry.Action == "return" && entry.Why == reason }) {
		t.Error("the trail does not say why it was returned")
	}
	must(j.bureau.LedgerTrailWithResponse(j.ctx, "GX-PX"))(t, 200)
	must(j.bureau.RequirementTrailWithResponse(j.ctx, j.requirement))(t, 200)
	refused(j.bureau.ListAuditEventsWithResponse(j.ctx, nil))(t, 403, "forbidden")
	events := must(j.boss.ListAuditEventsWithResponse(j.ctx, nil))(t, 200).JSON200.Events
	if len(events) < 8 {
		t.Errorf("only %d events", len(events))
	}
}

func (j *journey) damage(t *testing.T) {
	j.stop()
	report, err := j.store.Verify(j.ctx)
	if err != nil || report.Entries < report.Records {
		t.Fatalf("%+v, %v", report, err)
	}
	command := filepath.Join(t.TempDir(), "zutuan")
	if output, err := exec.Command("go", "build", "-o", command, "../../cmd/zutuan").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	verify := func(language string) (string, error) {
		output, err := exec.Command(command, append([]string{"verify", "--lang", language}, j.database.arguments()...)...).CombinedOutput()
		return string(output), err
	}
	if output, err := verify("zh"); err != nil || !strings.Contains(output, report.Root) {
		t.Fatalf("before: %v: %s", err, output)
	}
	j.database.flip(t, store.KindPlan, j.plan)
	var told *store.Error
	if _, err := j.store.Verify(j.ctx); !errors.As(err, &told) || told.Code != store.CodeBroken || told.Kind != store.KindPlan || told.ID != j.plan {
		t.Errorf("verify says %v", err)
	}
	for _, language := range []string{"zh", "en"} {
		output, err := verify(language)
		var exit *exec.ExitError
		if !errors.As(err, &exit) || !strings.Contains(output, j.plan) {
			t.Errorf("%v: %s", err, output)
		}
	}
}
