package httpapi_test

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"

	"zutuan/internal/gate"
	"zutuan/internal/httpapi/apitest"
	"zutuan/internal/permit"
	"zutuan/internal/store"
)

// versions is what the tests read of a list of versions.
type versions struct {
	Items []struct{ ID, Type, Institution, Text, Status string }
	Next  string
}

func (v versions) ids() []string {
	var ids []string
	for _, item := range v.Items {
		ids = append(ids, item.ID)
	}
	return ids
}

func TestProductsInForceAreListedForTheDay(t *testing.T) {
	d := newDesk(t)
	observer := d.person(t, "observer", permit.RoleObserver, "GX")
	var all versions
	observer.Get("/api/v1/products?limit=500").Expect(200).Into(&all)
	if ids := all.ids(); len(ids) < 30 || !slices.IsSorted(ids) || !slices.Contains(ids, parkLoan+"@1") || all.Next != "" || all.Items[0].Text != "" {
		t.Errorf("in force are %d products, next %q", len(ids), all.Next)
	}
	var paged []string
	for after := ""; ; {
		var page versions
		observer.Get("/api/v1/products?limit=7" + after).Expect(200).Into(&page)
		if paged = append(paged, page.ids()...); page.Next == "" {
			break
		}
		after = "&after=" + url.QueryEscape(page.Next)
	}
	if !slices.Equal(paged, all.ids()) {
		t.Errorf("paged they are %q", paged)
	}
	var own versions
	observer.Get("/api/v1/products?institution=cdb").Expect(200).Into(&own)
	if len(own.Items) == 0 || slices.ContainsFunc(own.Items, func(v struct{ ID, Type, Institution, Text, Status string }) bool { return v.Institution != "cdb" }) {
		t.Errorf("of one institution they are %+v", own.Items)
	}
	var early versions
	observer.Get("/api/v1/products?date=1999-01-01").Expect(200).Into(&early)
	if slices.Contains(early.ids(), parkLoan+"@1") {
		t.Error("the park loan is in force before it was made")
	}
	observer.Get("/api/v1/products?date=2026-02-30").Refused(422, "date")

	read := observer.Get("/api/v1/product-versions/" + parkLoan + "@1").Expect(200)
	observer.Do(apitest.Request{Method: "GET", Path: "/api/v1/product-versions/" + parkLoan + "@1", Header: map[string]string{"If-None-Match": read.ETag()}}).Expect(304)
	observer.Get("/api/v1/product-versions/"+parkLoan+"@9").Refused(404, "not_found")
	observer.Get("/api/v1/product-versions/"+parkLoan).Refused(404, "not_found")
	observer.Get("/api/v1/products/nothing/versions").Refused(404, "not_found")
	observer.Get("/api/v1/product-versions/"+parkLoan+"@1/diff").Refused(422, "with")
	var trail struct {
		Items []struct{ Who, Action string }
	}
	observer.Get("/api/v1/product-versions/" + parkLoan + "@1/trail").Expect(200).Into(&trail)
	if len(trail.Items) != 1 || trail.Items[0].Who == "" {
		t.Errorf("the trail is %+v", trail.Items)
	}
	var diff struct{ Changes []struct{ Place string } }
	observer.Get("/api/v1/product-versions/" + parkLoan + "@1/diff?with=adbc-rural-park@1").Expect(200).Into(&diff)
	if len(diff.Changes) == 0 {
		t.Error("two products do not differ")
	}
}

func TestAVersionIsRetiredByItsInstitutionUnlessAPlanStandsOnIt(t *testing.T) {
	d := newDesk(t)
	liaison, other := d.person(t, "liaison", permit.RoleLiaison, "cdb"), d.person(t, "other", permit.RoleLiaison, "adbc")
	place := "/api/v1/product-versions/" + parkLoan + "@1"
	etag := liaison.Get(place).Expect(200).ETag()
	reason := map[string]string{"reason": "停办"}
	d.unchanged(t, func() {
		post(other, place+"/retire", etag, reason).Refused(403, "forbidden")
		post(liaison, place+"/retire", `"9"`, reason).Refused(412, "stale")
		liaison.Do(apitest.Request{Method: "POST", Path: place + "/retire", Body: reason, Wrong: true}).Refused(428, "if_match")
		if points := post(liaison, place+"/retire", etag, map[string]string{"reason": "停办", "last_day": "2026-06-29"}).Refused(409, "retire").Points(); !slices.Equal(points, []string{"/last_day past"}) {
			t.Errorf("refused for %q", points)
		}
	})
	plan := d.standOn(t, parkLoan+"@1")
	d.unchanged(t, func() {
		answer := post(liaison, place+"/retire", etag, reason).Refused(409, "retire")
		if points := answer.Points(); !slices.Equal(points, []string{"in_use"}) || !strings.Contains(string(answer.Body), plan) {
			t.Errorf("refused for %q", points)
		}
	})
	d.finish(t, plan)
	var version struct {
		Status      string
		EffectiveTo string `json:"effective_to"`
	}
	retired := post(liaison, place+"/retire", etag, map[string]string{"reason": "停办", "last_day": "2026-07-31"}).Expect(200).Into(&version)
	if version.Status != "retired" || version.EffectiveTo != "2026-07-31" {
		t.Errorf("retired is %+v", version)
	}
	post(liaison, place+"/retire", retired.ETag(), reason).Expect(409)
	for date, want := range map[string]bool{"2026-07-31": true, "2026-08-01": false} {
		var all versions
		liaison.Get("/api/v1/products?limit=500&date=" + date).Expect(200).Into(&all)
		if slices.Contains(all.ids(), parkLoan+"@1") != want {
			t.Errorf("on %s it is in force: %v, want %v", date, !want, want)
		}
	}
}

// standOn keeps a plan under way whose assessment read a version of a product.
func (d *desk) standOn(t *testing.T, version string) (plan string) {
	t.Helper()
	d.keep(t, store.KindAssessment, "a_standing", nil, map[string]any{"inputs": gate.Inputs{Products: []gate.Input{{ID: version}}}})
	d.keep(t, store.KindPlan, "plan_standing", store.Fields{"status": store.Text("submitted")}, map[string]any{"assessment": "a_standing", "status": "submitted"})
	return "plan_standing"
}

func (d *desk) keep(t *testing.T, kind, id string, fields store.Fields, body any) {
	t.Helper()
	text, err := store.Canonical(body)
	if err == nil {
		_, err = d.store.Create(context.Background(), store.Draft{Kind: kind, ID: id, Region: "GX-PX", Fields: fields, Body: text}, store.Change{Who: "test", Action: "keep"})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// finish ends the plan.
func (d *desk) finish(t *testing.T, plan string) {
	t.Helper()
	_, err := d.store.Update(context.Background(), store.KindPlan, plan, 0, store.Change{Who: "test", Action: "finalize"}, func(r store.Record) (store.Draft, error) {
		return store.Draft{Kind: r.Kind, ID: r.ID, Region: r.Region, Fields: store.Fields{"status": store.Text("finalized")}, Body: r.Body}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A risk pack goes the same way as a product, in the hands of risk officers.
func TestARiskPackIsDraftedReviewedAndPublished(t *testing.T) {
	d := newDesk(t)
	d.working(t)
	first, second := d.person(t, "first", permit.RoleRisk, "GX"), d.person(t, "second", permit.RoleRisk, "CN")
	const pack = "cn-local-government"
	var packs versions
	first.Get("/api/v1/packs?type=stress").Expect(200).Into(&packs)
	if ids := packs.ids(); !slices.Equal(ids, []string{"china-project@1"}) {
		t.Errorf("stress packs are %q", ids)
	}
	first.Get("/api/v1/packs").Expect(200).Into(&packs)
	if !slices.Contains(packs.ids(), pack+"@1") || len(packs.Items) < 4 {
		t.Errorf("packs are %q", packs.ids())
	}
	var of draft
	first.Post("/api/v1/drafts", map[string]string{"type": "risk", "from": pack + "@1"}).Expect(201).Into(&of)
	var found struct{ Items []diagnostic }
	broken := strings.Replace(of.Text, "p.debt_limit_use_yellow", "p.debt_limit_use_yelow", 1)
	first.Post("/api/v1/drafts/check", map[string]string{"type": "risk", "text": broken}).Expect(200).Into(&found)
	line := lineOf(t, broken, "yelow")
	if !slices.ContainsFunc(found.Items, func(item diagnostic) bool { return item.Line == line && item.Severity == "error" }) {
		t.Errorf("the mistyped parameter on line %d is told as %+v", line, found.Items)
	}
	first.Post("/api/v1/drafts/verdict", map[string]any{"text": of.Text, "samples": []string{"pingxiang"}}).Expect(403)
	var report tests
	first.Get(of.path("/tests")).Expect(200).Into(&report)
	if report.Mutation.Mutants == 0 || report.Mutation.Killed*10 < report.Mutation.Mutants*9 {
		t.Errorf("of %d changes the boundaries show %d", report.Mutation.Mutants, report.Mutation.Killed)
	}
	first.Get(of.path("/analysis")).Expect(200)

	for format, media := range map[string]string{"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"} {
		table := first.Get("/api/v1/pack-versions/" + pack + "@1/table?format=" + format).Expect(200).Body
		first.Get(of.path("/table?format=" + format)).Expect(200)
		var back draft
		first.Do(apitest.Request{Method: "PUT", Path: of.path("/table"), Body: table, Header: map[string]string{"If-Match": of.etag(), "Content-Type": media}}).Expect(200).Into(&back)
		if back.Text != of.Text {
			t.Errorf("%s: the text of the pack has changed", format)
		}
		of = back
	}
	first.Get("/api/v1/pack-versions/china-project@1/table").Refused(422, "type")

	of = write(first, of, strings.Replace(of.Text, "政府债务余额加本方案新增政府债务接近或超过法定限额，超过即违法", "政府债务余额加本方案新增政府债务接近或超过法定限额", 1))
	var diff struct{ Changes []struct{ Place string } }
	first.Get(of.path("/diff")).Expect(200).Into(&diff)
	if len(diff.Changes) != 1 || !strings.HasPrefix(diff.Changes[0].Place, "rules.R01") {
		t.Errorf("the draft differs in %+v", diff.Changes)
	}
	of = impact(t, first, submit(first, of, "2026-07-01"))
	d.unchanged(t, func() { publish(first, of).Refused(409, "publish") })
	if place := publish(second, of).Expect(201).Header("Location"); place != "/api/v1/pack-versions/"+pack+"@2" {
		t.Errorf("it is at %s", place)
	}
	second.Get("/api/v1/pack-versions/" + pack + "@2/diff").Expect(200).Into(&diff)
	if len(diff.Changes) != 1 {
		t.Errorf("the versions differ in %+v", diff.Changes)
	}
	var list versions
	second.Get("/api/v1/packs/" + pack + "/versions").Expect(200).Into(&list)
	if !slices.Equal(list.ids(), []string{pack + "@1", pack + "@2"}) && !slices.Equal(list.ids(), []string{pack + "@2", pack + "@1"}) {
		t.Errorf("its versions are %q", list.ids())
	}
	second.Get("/api/v1/pack-versions/" + pack + "@2/trail").Expect(200)
	etag := second.Get("/api/v1/pack-versions/" + pack + "@2").Expect(200).ETag()
	liaison := d.person(t, "liaison", permit.RoleLiaison, "cdb")
	post(liaison, "/api/v1/pack-versions/"+pack+"@2/retire", etag, map[string]string{"reason": "停用"}).Refused(403, "forbidden")
	post(second, "/api/v1/pack-versions/"+pack+"@2/retire", etag, map[string]string{"reason": "停用"}).Expect(200)
}

func TestARepealedDocumentListsWhatRestsOnIt(t *testing.T) {
	d := newDesk(t)
	risk, bureau := d.person(t, "risk", permit.RoleRisk, "GX"), d.person(t, "bureau", permit.RoleBureau, "GX-PX")
	place := "/api/v1/documents/" + url.PathEscape(circular)
	type uses struct {
		Document   struct{ ID, Status string }
		Dependents []struct{ Kind, ID string }
		Mark       *struct{ Version int64 }
	}
	var before, after uses
	bureau.Get(place + "/uses").Expect(200).Into(&before)
	if before.Document.ID != circular || before.Document.Status != "in_force" || len(before.Dependents) == 0 || before.Mark != nil {
		t.Errorf("uses are %+v", before)
	}
	bureau.Get("/api/v1/documents/"+url.PathEscape("国发〔2019〕27号")+"/uses").Refused(404, "not_found")
	repeal := map[string]string{"status": "repealed", "day": "2026-06-01", "replaced_by": "国发〔2026〕1号"}
	d.unchanged(t, func() {
		post(bureau, place+"/repeal", `"0"`, repeal).Refused(403, "forbidden")
		post(risk, place+"/repeal", `"0"`, map[string]string{"status": "repealed"}).Refused(422, "mark")
		post(risk, place+"/repeal", `"0"`, map[string]string{"status": "repealed", "day": "2026-02-30"}).Refused(422, "date")
		post(risk, "/api/v1/documents/nothing/repeal", `"0"`, repeal).Refused(404, "not_found")
	})
	post(risk, place+"/repeal", `"0"`, repeal).Expect(200).Into(&after)
	if after.Document.Status != "repealed" || len(after.Dependents) != len(before.Dependents) || after.Mark == nil {
		t.Errorf("after the repeal uses are %+v", after)
	}
	post(risk, place+"/repeal", `"0"`, repeal).Refused(412, "stale")
	var register struct {
		Items []struct{ ID, Status string }
	}
	bureau.Get("/api/v1/documents").Expect(200).Into(&register)
	if !slices.Contains(register.Items, struct{ ID, Status string }{circular, "repealed"}) {
		t.Error("the register does not show the repeal")
	}
	post(risk, place+"/repeal", `"1"`, map[string]string{"status": "withdrawn"}).Expect(200).Into(&after)
	if after.Document.Status != "in_force" {
		t.Errorf("after the mark was taken back it is %s", after.Document.Status)
	}
}

func TestMarketDataAreAddedAndCount(t *testing.T) {
	d := newDesk(t)
	admin, bureau := d.as(permit.RoleAdmin), d.person(t, "bureau", permit.RoleBureau, "GX-PX")
	added := map[string]any{"source": "全国银行间同业拆借中心 2026-06-22", "document": map[string]any{"schema": "zutuan/market/v1", "series": []any{map[string]any{
		"id": "lpr_5y", "name": map[string]string{"zh": "五年期以上贷款市场报价利率", "en": "5-year loan prime rate"}, "unit": "rate", "basis": "sourced",
		"values": []any{map[string]string{"from": "2026-06-22", "value": "0.0340"}}}}}}
	var before, after struct {
		Products []struct {
			Offer *struct {
				Rate string `json:"rate"`
			}
		}
	}
	body := sampleCase(t, "pingxiang")
	body["products"] = []string{"exim-border-zone"}
	bureau.Post("/api/v1/match", body).Expect(200).Into(&before)
	d.unchanged(t, func() {
		bureau.Post("/api/v1/market", added).Refused(403, "forbidden")
		admin.Post("/api/v1/market", map[string]any{"source": "x", "document": map[string]any{"schema": "zutuan/market/v1"}}).Refused(422, "document")
		admin.Post("/api/v1/market", map[string]any{"source": "x", "document": map[string]any{"schema": "zutuan/market/v1", "series": []any{map[string]any{"id": "nothing"}}}}).Refused(422, "document")
	})
	var made struct{ ID, Author string }
	admin.Post("/api/v1/market", added).Expect(201).Into(&made)
	var page struct{ Items []struct{ ID, Source string } }
	bureau.Get("/api/v1/market").Expect(200).Into(&page)
	if len(page.Items) != 1 || page.Items[0].ID != made.ID {
		t.Errorf("the market data are %+v", page.Items)
	}
	bureau.Post("/api/v1/match", body).Expect(200).Into(&after)
	if before.Products[0].Offer == nil || after.Products[0].Offer == nil || before.Products[0].Offer.Rate == after.Products[0].Offer.Rate {
		t.Errorf("a lower rate leaves the offer at %+v", after.Products[0].Offer)
	}
}
