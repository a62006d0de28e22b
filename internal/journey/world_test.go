package journey

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"zutuan/internal/funding"
	"zutuan/internal/gate"
	"zutuan/internal/jobs"
	"zutuan/internal/office"
	"zutuan/internal/people"
	"zutuan/internal/permit"
	"zutuan/internal/service"
	"zutuan/internal/store"
)

// A world has two regions with the same sorts of records, and people of each role who belong to the first. Whatever the
// second region's people wrote carries a mark that must never be seen in an answer to the people of the first; whatever
// another bank's liaison wrote carries one that no liaison may see.
const (
	regionMark = "边疆乙地机密"
	bankMark   = "他行条件机密"
)

type world struct {
	*stage
	// own and foreign are ids by kind of record: of the people's region and bank, and of others.
	own, foreign ids
	// secrets are the access tokens of one person of each role, who belong to the own side, actors who they are.
	secrets map[permit.Role]string
	actors  map[permit.Role]permit.Actor
}

type ids map[string]string

// Where the people of the two sides are.
var (
	ownPlaces     = map[permit.Role]people.NewUser{permit.RoleBureau: {Region: "GX-PX"}, permit.RoleRisk: {Region: "GX"}, permit.RoleObserver: {Region: "GX"}, permit.RoleLiaison: {Institution: "cdb"}, permit.RoleAdmin: {}}
	foreignPlaces = map[permit.Role]people.NewUser{permit.RoleBureau: {Region: "YN-LC"}, permit.RoleRisk: {Region: "YN"}, permit.RoleLiaison: {Institution: "adbc"}}
)

// kindDraftRequirement is a requirement that nobody has submitted, kindPackDraft a draft of a risk pack; the store knows
// both as drafts and requirements.
const (
	kindDraftRequirement = "draft requirement"
	kindPackDraft        = "pack draft"
)

func newWorld(t testing.TB, db database, change ...func(*service.Config)) *world {
	t.Helper()
	w := &world{stage: open(t, db, change...), secrets: map[permit.Role]string{}, actors: map[permit.Role]permit.Actor{}}
	w.service.Jobs.Register("test.done", func(_ context.Context, task *jobs.Task) (any, error) { return task.Input, nil })
	w.own = w.fill("pingxiang", "GX-PX", ownPlaces, "", "")
	w.foreign = w.fill("lincang", "YN-LC", foreignPlaces, regionMark, bankMark)
	for _, role := range permit.Roles {
		w.renew(role)
	}
	w.offers()
	return w
}

// renew gives a role a new person: an attack may well have ended the account of the one before.
func (w *world) renew(role permit.Role) {
	w.t.Helper()
	w.actors[role], w.secrets[role], _ = w.somebody(role, ownPlaces[role])
}

// fill makes one record of each sort for a region and a bank.
func (w *world) fill(sample, region string, places map[permit.Role]people.NewUser, mark, bank string) ids {
	w.t.Helper()
	ctx, o := context.Background(), w.service.Office
	bureau, _, token := w.somebody(permit.RoleBureau, places[permit.RoleBureau])
	risk, _, _ := w.somebody(permit.RoleRisk, places[permit.RoleRisk])
	liaison, _, _ := w.somebody(permit.RoleLiaison, places[permit.RoleLiaison])
	made := ids{store.KindRegion: region, store.KindInstitution: liaison.Institution, store.KindUser: bureau.User, store.KindToken: token}

	_, err := o.CreateZone(ctx, bureau, region, office.ZoneBody{Name: funding.Text{ZH: "边合区" + mark, EN: "zone"}, Code: region, Note: mark})
	w.check(err)
	made[store.KindZone] = region
	w.hand(sample, region, bureau, mark)
	text := w.requirementText(sample, mark)
	requirement, err := o.CreateRequirement(ctx, bureau, text)
	w.check(err)
	waiting, err := o.CreateRequirement(ctx, bureau, text)
	w.check(err)
	made[store.KindRequirement], made[kindDraftRequirement] = requirement.ID, waiting.ID
	match, err := o.MatchRequirement(ctx, bureau, requirement.ID, time.Time{}, nil)
	w.check(err)
	plan, err := o.CreatePlan(ctx, bureau, requirement.ID, loan(requirement.Name, mark))
	w.check(err)
	assessment, err := o.AssessPlan(ctx, bureau, plan.ID, time.Time{})
	w.check(err)
	waiver, err := o.RequestWaiver(ctx, risk, plan.ID, office.WaiverInput{Pack: pack, Rule: blocking, Reason: "理由" + mark, Evidence: "依据" + mark, ExpiresOn: "2026-12-31"})
	w.check(err)
	override, err := o.RequestOverride(ctx, risk, office.OverrideInput{Region: region, Parameter: "dscr_orange", Value: "1.15", Why: "理由" + mark, Until: "2026-12-31"})
	w.check(err)
	draft, err := o.CreateDraft(ctx, liaison, office.NewDraft{Type: office.PackProduct, From: map[string]string{"cdb": "cdb-park-infrastructure@1", "adbc": "adbc-rural-park@1"}[liaison.Institution]})
	w.check(err)
	if bank != "" {
		draft, err = o.UpdateDraft(ctx, liaison, draft.ID, draft.Version, draft.Text+"\n# "+bank+"\n")
		w.check(err)
	}
	pack, err := o.CreateDraft(ctx, risk, office.NewDraft{Type: office.PackRisk, From: pack + "@1"})
	w.check(err)
	made[store.KindMatch], made[store.KindPlan], made[store.KindAssessment], made[store.KindWaiver] = match.ID, plan.ID, assessment.ID, waiver.ID
	made[store.KindOverride], made[store.KindDraft], made[kindPackDraft] = override.ID, draft.ID, pack.ID
	made[store.KindJob] = w.job(bureau, mark)
	made[store.KindNotification] = w.note(bureau.User, region, mark)
	_, err = o.StepRequirement(ctx, bureau, requirement.ID, requirement.Version, gate.StepSubmit, "")
	w.check(err)
	return made
}

// hand puts a sample's ledger and fiscal profile in, the latter with payments under PPP contracts that a rule blocks at.
func (w *world) hand(sample, region string, bureau permit.Actor, mark string) {
	w.t.Helper()
	ctx, o := context.Background(), w.service.Office
	ledger := strings.ReplaceAll(string(sampleFile(w.t, "samples/"+sample+"/ledger.csv")), "示例", "示例"+mark)
	_, err := o.PutLedger(ctx, bureau, region, 0, office.LedgerText{CSV: true, Text: []byte(ledger), AsOf: time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC)})
	w.check(err)
	var lines []string
	for _, line := range strings.Split(string(sampleFile(w.t, "samples/"+sample+"/fiscal.yaml")), "\n") {
		if strings.HasPrefix(line, "ppp_commitments:") {
			line = `ppp_commitments: ["9000000000.00"]`
		}
		if strings.HasPrefix(line, "source:") {
			line += mark
		}
		lines = append(lines, line)
	}
	_, err = o.PutFiscal(ctx, bureau, region, 2025, 0, asJSON(w.t, "fiscal.yaml", strings.Join(lines, "\n")))
	w.check(err)
}

func (w *world) requirementText(sample, mark string) json.RawMessage {
	text := string(sampleFile(w.t, "samples/"+sample+"/requirement.yaml"))
	return asJSON(w.t, "requirement.yaml", edited(w.t, text, "组团\n", "组团"+mark+"\n", "虚构", "虚构"+mark))
}

// loan is a plan of one line that a region typed in.
func loan(requirement, mark string) []byte {
	return fmt.Appendf(nil, `{"schema":"zutuan/plan/v1","name":%q,"requirement":%q,"lines":[{"name":%q,"institution":"shareholder","kind":"commercial_loan","counts_as":"debt",
		"commitment":"600000.00","draws":[{"quarter":"2026Q1","amount":"600000.00"}],"rates":[{"from":"2026Q1","rate":"0.05"}],"tenor":8,"grace":2,"interval":2,"profile":"equal_principal"}]}`, "方案"+mark, requirement, "股东借款"+mark)
}

// job is one whose input and result carry a mark.
func (w *world) job(owner permit.Actor, mark string) string {
	w.t.Helper()
	job, _, err := w.service.Jobs.Submit(context.Background(), owner, "test.done", map[string]string{"text": mark}, jobs.SubmitOptions{})
	w.check(err)
	return job.ID
}

func (w *world) note(user, region, mark string) string {
	w.t.Helper()
	w.named++
	id := fmt.Sprintf("ntf_%d", w.named)
	body, err := store.Canonical(office.NotificationBody{User: user, Type: office.NotificationOfferGained, Text: funding.Text{ZH: "通知" + mark, EN: "note " + mark}, SubjectKind: store.KindRequirement, Subject: "x", Details: []office.OfferChange{}})
	w.check(err)
	_, err = w.store.Create(context.Background(), store.Draft{Kind: store.KindNotification, ID: id, Region: region, Body: body,
		Fields: store.Fields{"user": store.Text(user), "read": store.Bool(false), "type": store.Text(string(office.NotificationOfferGained))}}, store.Change{Who: "test", Action: "notify"})
	w.check(err)
	return id
}

// offers waits until the background has matched both regions' requirements, and has the other bank's liaison note terms on
// the own region's.
func (w *world) offers() {
	w.t.Helper()
	ctx, o := context.Background(), w.service.Office
	other, _, _ := w.somebody(permit.RoleLiaison, foreignPlaces[permit.RoleLiaison])
	find := func(requirement, institution string) office.Offer {
		w.t.Helper()
		observer := permit.Actor{User: "usr_x", Role: permit.RoleObserver, Region: "CN"}
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			page, err := o.ListOffers(ctx, observer, requirement, "", office.Paging{Limit: 100})
			w.check(err)
			for _, offer := range page.Items {
				if institution == "" || offer.Institution == institution {
					return offer
				}
			}
			if time.Now().After(deadline) {
				w.t.Fatalf("no offer of %s for %s came; there are %+v", institution, requirement, page.Items)
			}
		}
	}
	w.own[store.KindOffer] = find(w.own[store.KindRequirement], "cdb").ID
	w.foreign[store.KindOffer] = find(w.foreign[store.KindRequirement], "").ID
	offer := find(w.own[store.KindRequirement], "adbc")
	_, err := o.NoteOffer(ctx, other, offer.ID, offer.Version, office.OfferNote{Interested: true, Terms: bankMark})
	w.check(err)
	w.own["other bank's offer"] = offer.ID
}

// marksFor are what must not be seen by a role. A liaison sees the facts of every submitted requirement that the bank's
// products match, wherever it is.
func marksFor(role permit.Role) []string {
	switch role {
	case permit.RoleLiaison:
		return []string{bankMark}
	case permit.RoleAdmin:
		return []string{regionMark, bankMark}
	}
	return []string{regionMark}
}
