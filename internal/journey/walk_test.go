package journey

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"zutuan/api"
	"zutuan/internal/people"
	"zutuan/internal/permit"
	"zutuan/internal/store"
)

// The walk sends every operation of the API description as every role, once to a record of the role's own region or bank
// and once to a foreign one, and holds the answers to the permission table: 403 where the role never may, 404 for what is
// not theirs, and in no answer a word of a foreign region's records.

// recipe is how a right request of an operation is made.
type recipe struct {
	// kind is what the id in the path is of; empty where there is none.
	kind string
	// query is added as it is; body is sent as JSON, or as it is with the media type.
	query string
	body  func(w *world, side ids) any
	media string
	// states are refusals for a reason that lies in the state of the record and not in who asks.
	states []int
	// never is a role that may look at the record and not at this of it.
	never permit.Role
	// foreign is how a body that names a foreign place or record is refused.
	foreign []int
}

func fixed(value any) func(*world, ids) any { return func(*world, ids) any { return value } }

type object = map[string]any

var conflict = []int{409}

// recipes has every operation of the description that somebody signs in for; TestEveryOperationHasARecipe sees to it.
var recipes = map[string]recipe{
	"currentSession": {}, "listTokens": {}, "listJobs": {}, "listNotifications": {}, "listFacts": {query: "group=need"}, "listParameters": {}, "listDocuments": {},
	"revokeToken": {kind: store.KindToken},
	"signOut":     {}, "changePassword": {body: fixed(object{"old": "not-mine-0000", "new": "correct-horse-8"}), states: []int{422}},
	"createToken": {body: fixed(object{"name": "t", "expires_at": "2026-07-30T00:00:00Z"})},

	"simulate": {body: func(w *world, _ ids) any {
		return object{"requirement": firstRequirement(w.t), "ledger": object{"csv": string(sampleFile(w.t, "samples/pingxiang/ledger.csv"))}}
	}},
	"matchProducts": {body: theCase()}, "assess": {body: theCase()},
	"buildPlan":    {body: theCase("products", []string{"cdb-park-infrastructure"})},
	"evaluatePlan": {body: theCase("plan", json.RawMessage(loan("凭祥边境经济合作区 跨境果蔬坚果加工与冷链组团", "")))},
	"stress":       {body: theCase("mode", "scenarios")},

	"getJob": {kind: store.KindJob}, "jobEvents": {kind: store.KindJob}, "cancelJob": {kind: store.KindJob, states: conflict},
	"readNotification": {kind: store.KindNotification},

	"listRegions": {}, "getRegion": {kind: store.KindRegion}, "regionTrail": {kind: store.KindRegion},
	"createRegion":     {body: fixed(object{"id": "GX-NEW", "content": object{"name": object{"zh": "新", "en": "new"}, "level": "county", "parent": "GX"}}), states: conflict},
	"updateRegion":     {kind: store.KindRegion, body: fixed(object{"name": object{"zh": "新", "en": "new"}, "level": "county", "parent": "GX"}), states: []int{422}},
	"listInstitutions": {}, "getInstitution": {kind: store.KindInstitution}, "institutionTrail": {kind: store.KindInstitution},
	"createInstitution": {body: fixed(object{"id": "new-bank", "content": object{"name": object{"zh": "新行", "en": "new"}, "type": "policy_bank"}}), states: conflict},
	"updateInstitution": {kind: store.KindInstitution, body: fixed(object{"name": object{"zh": "新行", "en": "new"}, "type": "policy_bank"})},
	"listUsers":         {}, "getUser": {kind: store.KindUser}, "userTrail": {kind: store.KindUser}, "listAuditEvents": {},
	"createUser": {body: func(w *world, _ ids) any {
		w.named++
		return object{"name": fmt.Sprintf("walker-%d", w.named), "display_name": "w", "role": "observer", "region": "GX", "reason": "t"}
	}},
	"updateUser":    {kind: store.KindUser, body: fixed(object{"display_name": "另名", "reason": "t"})},
	"resetPassword": {kind: store.KindUser},

	"getLedger": {kind: store.KindLedger}, "ledgerTrail": {kind: store.KindLedger},
	"putLedger":          {kind: store.KindLedger, query: "as_of=2025-12-31", media: csv, body: func(w *world, _ ids) any { return sampleFile(w.t, "samples/pingxiang/ledger.csv") }},
	"listFiscalProfiles": {kind: store.KindRegion + "'s"}, "getFiscalProfile": {kind: store.KindFiscalProfile}, "fiscalTrail": {kind: store.KindFiscalProfile},
	"putFiscalProfile": {kind: store.KindFiscalProfile, body: func(w *world, _ ids) any { return fiscalProfile(w.t) }},

	"listRequirements": {}, "getRequirement": {kind: store.KindRequirement}, "requirementTrail": {kind: store.KindRequirement, never: permit.RoleLiaison}, "simulateRequirement": {kind: store.KindRequirement, never: permit.RoleLiaison},
	"createRequirement": {body: func(w *world, side ids) any {
		return asJSON(w.t, "requirement.yaml", string(sampleFile(w.t, "samples/"+side["sample"]+"/requirement.yaml")))
	}, foreign: []int{422}},
	"updateRequirement": {kind: store.KindRequirement, body: func(w *world, _ ids) any { return firstRequirement(w.t) }},
	"submitRequirement": {kind: store.KindRequirement, body: fixed(object{}), states: conflict}, "withdrawRequirement": {kind: store.KindRequirement, body: fixed(object{"reason": "r"}), states: conflict},
	"closeRequirement": {kind: store.KindRequirement, body: fixed(object{"reason": "r"}), states: conflict}, "reviseRequirement": {kind: store.KindRequirement, body: fixed(object{"reason": "r"}), states: conflict},

	"listMatches": {kind: store.KindRequirement}, "matchRequirement": {kind: store.KindRequirement, body: fixed(object{"products": []string{"cdb-park-infrastructure"}})},
	"getMatch": {kind: store.KindMatch}, "matchAnswer": {kind: store.KindMatch}, "replayMatch": {kind: store.KindMatch},
	"listOffers": {}, "getOffer": {kind: store.KindOffer}, "noteOffer": {kind: store.KindOffer, body: fixed(object{"interested": true}), states: conflict},
	"unmetDemand": {},

	"listZones": {}, "getZone": {kind: store.KindZone}, "zoneTrail": {kind: store.KindZone},
	"createZone": {body: func(_ *world, side ids) any {
		return object{"region": side[store.KindRegion], "content": object{"name": object{"zh": "区", "en": "zone"}, "code": side[store.KindRegion]}}
	}, states: conflict, foreign: []int{404}},
	"updateZone": {kind: store.KindZone, body: func(_ *world, side ids) any {
		return object{"name": object{"zh": "区", "en": "zone"}, "code": side[store.KindRegion]}
	}},

	"listPlans": {}, "getPlan": {kind: store.KindPlan}, "planTrail": {kind: store.KindPlan}, "getStudies": {kind: store.KindPlan}, "planGate": {kind: store.KindPlan},
	"listAssessments": {kind: store.KindPlan}, "listPlanWaivers": {kind: store.KindPlan},
	"createPlan": {body: func(_ *world, side ids) any {
		return object{"requirement": side[store.KindRequirement], "document": json.RawMessage(loan("凭祥边境经济合作区 跨境果蔬坚果加工与冷链组团", ""))}
	}, foreign: []int{404}},
	"updatePlan": {kind: store.KindPlan, body: fixed(object{"document": json.RawMessage(loan("凭祥边境经济合作区 跨境果蔬坚果加工与冷链组团", ""))}), states: conflict},
	"putStudies": {kind: store.KindPlan, body: fixed(object{"schema": "zutuan/studies/v1"})}, "acknowledgePlan": {kind: store.KindPlan, body: fixed(object{"note": "n"})},
	"assessPlan": {kind: store.KindPlan, body: fixed(object{})}, "stressPlan": {kind: store.KindPlan, body: fixed(object{"kind": "scenarios"})},
	"submitPlan": {kind: store.KindPlan, body: fixed(object{}), states: conflict}, "reviewPlan": {kind: store.KindPlan, body: fixed(object{}), states: conflict},
	"returnPlan": {kind: store.KindPlan, body: fixed(object{"reason": "r"}), states: conflict}, "approvePlan": {kind: store.KindPlan, body: fixed(object{}), states: conflict},
	"finalizePlan": {kind: store.KindPlan, body: fixed(object{}), states: conflict}, "revisePlan": {kind: store.KindPlan, body: fixed(object{"reason": "r"}), states: conflict},
	"getAssessment": {kind: store.KindAssessment}, "replayAssessment": {kind: store.KindAssessment},

	"listWaivers": {}, "getWaiver": {kind: store.KindWaiver}, "waiverTrail": {kind: store.KindWaiver},
	"requestWaiver": {kind: store.KindPlan, body: fixed(object{"pack": pack, "rule": blocking, "reason": "r", "evidence": "e", "expires_on": "2026-12-31"}), states: conflict},
	"grantWaiver":   {kind: store.KindWaiver, body: fixed(object{"reason": "r"}), states: conflict}, "rejectWaiver": {kind: store.KindWaiver, body: fixed(object{"reason": "r"}), states: conflict},
	"revokeWaiver":  {kind: store.KindWaiver, body: fixed(object{"reason": "r"}), states: conflict},
	"listOverrides": {}, "getOverride": {kind: store.KindOverride}, "overrideTrail": {kind: store.KindOverride},
	"requestOverride": {body: func(_ *world, side ids) any {
		return object{"region": side[store.KindRegion], "parameter": "dscr_orange", "value": "1.20", "why": "w", "until": "2026-12-31"}
	}, states: conflict, foreign: []int{404}},
	"grantOverride":  {kind: store.KindOverride, body: fixed(object{"reason": "r"}), states: conflict},
	"rejectOverride": {kind: store.KindOverride, body: fixed(object{"reason": "r"}), states: conflict},
	"revokeOverride": {kind: store.KindOverride, body: fixed(object{"reason": "r"}), states: conflict},

	"listProducts": {}, "listProductVersions": {kind: "product"}, "getProductVersion": {kind: store.KindProductVersion}, "productVersionTrail": {kind: store.KindProductVersion},
	"diffProductVersion": {kind: store.KindProductVersion, query: "with=cdb-park-infrastructure@1", states: []int{422}}, "getProductVersionTable": {kind: store.KindProductVersion, query: "format=csv"},
	"retireProductVersion": {kind: store.KindProductVersion, body: fixed(object{"reason": "r"}), states: conflict},
	"listPacks":            {}, "listPackVersions": {kind: "pack"}, "getPackVersion": {kind: store.KindPackVersion}, "packVersionTrail": {kind: store.KindPackVersion},
	"diffPackVersion": {kind: store.KindPackVersion, states: []int{422}}, "getPackVersionTable": {kind: store.KindPackVersion, query: "format=csv"},
	"retirePackVersion": {kind: store.KindPackVersion, body: fixed(object{"reason": "r"}), states: conflict},

	"checkDraft": {body: typed()}, "completeDraft": {body: typed("line", 1, "column", 1)}, "hoverDraft": {body: typed("line", 1, "column", 1)},
	"tryDraft":   {body: fixed(object{"text": "schema: zutuan/product/v1\n", "samples": []string{"pingxiang"}}), states: []int{422}},
	"listDrafts": {}, "getDraft": {kind: store.KindDraft}, "draftTrail": {kind: store.KindDraft}, "testDraft": {kind: store.KindDraft}, "analyseDraft": {kind: store.KindDraft}, "diffDraft": {kind: store.KindDraft},
	"getDraftTable": {kind: store.KindDraft, query: "format=csv"}, "getDraftImpact": {kind: store.KindDraft, states: []int{404, 409}},
	"createDraft": {body: func(_ *world, side ids) any {
		return object{"type": side["draft type"], "from": side["draft from"]}
	}, foreign: []int{403, 404}},
	"updateDraft":        {kind: store.KindDraft, body: fixed(object{"text": "schema: x\n"}), states: conflict},
	"putDraftTable":      {kind: store.KindDraft, media: csv, body: fixed([]byte("a,b\n1,2\n")), states: []int{409, 422}},
	"computeDraftImpact": {kind: store.KindDraft, states: []int{409, 422}},
	"submitDraft":        {kind: store.KindDraft, body: fixed(object{"effective_from": "2026-08-01"}), states: []int{409, 422}},
	"returnDraft":        {kind: store.KindDraft, body: fixed(object{"reason": "r"}), states: conflict},
	"publishDraft":       {kind: store.KindDraft, body: fixed(object{"reason": "r"}), states: conflict},

	"documentUses": {kind: "document"}, "repealDocument": {kind: "document", body: fixed(object{"status": "repealed", "day": "2026-06-30"})},
	"listMarketData": {}, "addMarketData": {body: func(w *world, _ ids) any {
		return object{"document": asJSON(w.t, "market.yaml", string(sampleFile(w.t, "market.yaml"))), "source": "s"}
	}},
}

// theCase is the sample of 凭祥 as a request that keeps nothing.
func theCase(more ...any) func(*world, ids) any {
	return func(w *world, _ ids) any {
		body := object{"requirement": firstRequirement(w.t), "ledger": object{"csv": string(sampleFile(w.t, "samples/pingxiang/ledger.csv"))}, "date": "2026-06-30"}
		for i := 0; i < len(more); i += 2 {
			body[more[i].(string)] = more[i+1]
		}
		body["fiscal"] = fiscalProfile(w.t)
		return body
	}
}

func typed(more ...any) func(*world, ids) any {
	return func(_ *world, side ids) any {
		kind := side["draft type"]
		if kind == "" {
			kind = "product"
		}
		body := object{"type": kind, "text": "schema: x\n"}
		for i := 0; i < len(more); i += 2 {
			body[more[i].(string)] = more[i+1]
		}
		return body
	}
}

// described is an operation of the description.
type described struct {
	*openapi3.Operation
	method, path string
}

// operations lists what somebody signs in for: what looks first, then what changes.
func operations(t testing.TB) []described {
	t.Helper()
	document, err := api.Document()
	if err != nil {
		t.Fatal(err)
	}
	var list []described
	for path, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			if operation.Extensions["x-permission"] != "none" {
				list = append(list, described{operation, method, path})
			}
		}
	}
	sort.Slice(list, func(i, j int) bool {
		if (list[i].method == "GET") != (list[j].method == "GET") {
			return list[i].method == "GET"
		}
		return list[i].OperationID < list[j].OperationID
	})
	return list
}

// scope is the widest that the table gives a role for an operation; drafts of products and of packs have a row each.
func (d described) scope(role permit.Role) permit.Scope {
	widest := permit.ScopeNone
	for _, row := range []string{"x-permission", "x-permission-packs"} {
		if operation, ok := d.Extensions[row].(string); ok {
			widest = max(widest, permit.ScopeOf(role, permit.Operation(operation)))
		}
	}
	return widest
}

func (d described) takes(header string) bool {
	return slices.ContainsFunc(d.Parameters, func(p *openapi3.ParameterRef) bool { return p.Value.In == "header" && p.Value.Name == header })
}

// sideOf is the own or the foreign side as a role sees it that does something.
func (w *world) sideOf(what string, role permit.Role, own bool) ids {
	side := ids{}
	from := w.foreign
	if own {
		from = w.own
	}
	for kind, id := range from {
		side[kind] = id
	}
	side[store.KindLedger], side[store.KindRegion+"'s"], side[store.KindFiscalProfile] = side[store.KindRegion], side[store.KindRegion], side[store.KindRegion]
	side["product"], side["pack"], side["document"], side[store.KindPackVersion] = "cdb-park-infrastructure", pack, "预算法", pack+"@1"
	side[store.KindProductVersion] = map[bool]string{true: "cdb-logistics-warehouse@1", false: "adbc-county-logistics@1"}[own]
	side["sample"] = map[bool]string{true: "pingxiang", false: "lincang"}[own]
	side["draft type"], side["draft from"] = "product", map[bool]string{true: "cdb-park-infrastructure@1", false: "adbc-rural-park@1"}[own]
	if own {
		side[store.KindJob], side[store.KindNotification] = w.job(w.actors[role], ""), w.note(w.actors[role].User, "GX-PX", "")
		if what == "revokeToken" {
			side[store.KindToken] = w.spareToken(role)
		}
	}
	switch {
	case role == permit.RoleRisk:
		side[store.KindDraft], side["draft type"], side["draft from"] = side[kindPackDraft], "risk", pack+"@1"
	case role == permit.RoleLiaison && !own:
		side[store.KindRequirement], side[store.KindOffer] = w.foreign[kindDraftRequirement], w.own["other bank's offer"]
	}
	return side
}

// spareToken is the id of a token that a role's person can do without.
func (w *world) spareToken(role permit.Role) string {
	w.t.Helper()
	kept, _, err := w.service.People.CreateToken(context.Background(), w.session(role).Identity, people.NewToken{Name: "spare", ExpiresAt: opening.AddDate(0, 1, 0)}, people.Origin{})
	w.check(err)
	return kept.ID
}

// session is a new session of a role's person.
func (w *world) session(role permit.Role) people.SignedIn {
	w.t.Helper()
	session, err := w.service.People.SignIn(context.Background(), people.SignInInput{Name: w.actors[role].Name, Password: password}, people.Origin{})
	w.check(err)
	return session
}

// version is the version of the record that a request is about, as its If-Match.
func (w *world) version(kind, id string) string {
	w.t.Helper()
	switch kind {
	case store.KindFiscalProfile:
		id += ":2025"
	case "document":
		// One that nobody has marked has version 0; the only mark is the walk's own.
		count, err := w.store.Count(context.Background(), store.KindMark, nil)
		w.check(err)
		return etag(count)
	}
	record, err := w.store.Get(context.Background(), kind, id)
	if errors.Is(err, store.ErrNotFound) {
		return etag(0)
	}
	w.check(err)
	return etag(record.Version)
}

// request makes the right request of an operation about a side's record.
func (w *world) request(d described, role permit.Role, side ids) *http.Request {
	w.t.Helper()
	how := recipes[d.OperationID]
	path := strings.ReplaceAll(d.path, "{year}", "2025")
	if how.kind != "" {
		if side[how.kind] == "" {
			w.t.Fatalf("%s: no %s", d.OperationID, how.kind)
		}
		path = strings.ReplaceAll(path, "{id}", side[how.kind])
	}
	if how.query != "" {
		path += "?" + how.query
	}
	var body []byte
	media := how.media
	if how.body != nil {
		switch made := how.body(w, side).(type) {
		case []byte:
			body = made
		default:
			text, err := json.Marshal(made)
			w.check(err)
			body, media = text, "application/json"
		}
	}
	request, err := http.NewRequest(d.method, w.base+path, bytes.NewReader(body))
	w.check(err)
	if media != "" {
		request.Header.Set("Content-Type", media)
	}
	if d.Extensions["x-permission"] == string(permit.OperationAccountSelf) {
		w.withSession(request, role)
	} else {
		request.Header.Set("Authorization", "Bearer "+w.secrets[role])
	}
	if d.takes("If-Match") {
		request.Header.Set("If-Match", w.version(strings.TrimSuffix(how.kind, "'s"), side[how.kind]))
	}
	return request
}

// withSession signs a request with a session of its own: a token cannot do what is about the account itself.
func (w *world) withSession(request *http.Request, role permit.Role) {
	w.t.Helper()
	session := w.session(role)
	request.Header.Set("Cookie", "sid="+session.Secret)
	request.Header.Set("X-CSRF-Token", session.Identity.CSRF)
}

// send sends a request and returns status and body; of a stream of events only the beginning.
func (w *world) send(request *http.Request) (int, string) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(request.Context())
	defer cancel()
	response, err := w.transport.RoundTrip(request.WithContext(ctx))
	if err != nil {
		w.t.Fatalf("%s %s: %v", request.Method, request.URL, err)
	}
	defer response.Body.Close()
	if strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
		line, _ := bufio.NewReader(response.Body).ReadString('\n')
		return response.StatusCode, line
	}
	body, err := io.ReadAll(response.Body)
	w.check(err)
	return response.StatusCode, string(body)
}

func TestEveryOperationHasARecipe(t *testing.T) {
	known := map[string]bool{}
	for _, d := range operations(t) {
		known[d.OperationID] = true
		if _, ok := recipes[d.OperationID]; !ok {
			t.Errorf("%s %s (%s) is not walked; give it a recipe", d.method, d.path, d.OperationID)
		}
	}
	for id := range recipes {
		if !known[id] {
			t.Errorf("there is no operation %s any more", id)
		}
	}
}

func TestEveryRoleAtEveryOperation(t *testing.T) {
	w := newWorld(t, embeddedIn(t))
	asked := 0
	for _, d := range operations(t) {
		for _, role := range permit.Roles {
			for _, own := range []bool{false, true} {
				side := w.sideOf(d.OperationID, role, own)
				status, body := w.send(w.request(d, role, side))
				asked++
				what := d.OperationID + " by " + string(role) + map[bool]string{true: ", own", false: ", foreign"}[own]
				w.judge(t, what, d, role, own, status, body)
			}
		}
	}
	t.Logf("%d requests", asked)
	if text := w.log.String(); strings.Contains(text, "fault") {
		t.Errorf("faults were logged:\n%.3000s", text)
	}
}

// judge holds one answer to the table.
func (w *world) judge(t *testing.T, what string, d described, role permit.Role, own bool, status int, body string) {
	t.Helper()
	how, scope := recipes[d.OperationID], d.scope(role)
	for _, mark := range marksFor(role) {
		if strings.Contains(body, mark) {
			t.Errorf("%s: the answer tells what is not theirs: %.300s", what, body)
		}
	}
	for _, told := range leaks {
		if strings.Contains(body, told) && status >= 400 {
			t.Errorf("%s: the answer tells %q: %.300s", what, told, body)
		}
	}
	about := how.kind != "" && how.kind != "product" && how.kind != "pack" && how.kind != "document" && how.kind != store.KindPackVersion
	switch {
	case scope == permit.ScopeNone:
		if status != http.StatusForbidden || !strings.Contains(body, `"forbidden"`) {
			t.Errorf("%s: %d, want 403: %.300s", what, status, body)
		}
	case !own && d.OperationID == "retireProductVersion":
		// Everybody sees what is published, so that it is no secret that it is not theirs.
		if status != http.StatusForbidden {
			t.Errorf("%s: %d, want 403: %.300s", what, status, body)
		}
	case !own && about && scope != permit.ScopeAll:
		if status != http.StatusNotFound {
			t.Errorf("%s: %d, want 404: %.300s", what, status, body)
		}
	case !own && how.foreign != nil && scope != permit.ScopeAll:
		if !slices.Contains(how.foreign, status) {
			t.Errorf("%s: %d, want %v: %.300s", what, status, how.foreign, body)
		}
	case own && role == how.never:
		if status != http.StatusForbidden {
			t.Errorf("%s: %d, want 403: %.300s", what, status, body)
		}
	case !own:
		// A list leaves out what is foreign; that it does is seen by the marks.
		if status >= 500 {
			t.Errorf("%s: %d: %.300s", what, status, body)
		}
	case status >= 300 && !slices.Contains(how.states, status):
		t.Errorf("%s: %d: %.500s", what, status, body)
	}
}
