package office

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"zutuan/internal/casework"
	"zutuan/internal/funding"
	"zutuan/internal/impact"
	"zutuan/internal/jobs"
	"zutuan/internal/match"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/rulepack"
	"zutuan/internal/store"
)

// cheaper is market data with another five-year rate from yesterday on.
func cheaper(rate string) json.RawMessage {
	return json.RawMessage(`{"schema":"zutuan/market/v1","series":[{"id":"lpr_5y","name":{"zh":"五年期以上贷款市场报价利率","en":"5-year loan prime rate"},"unit":"rate","basis":"sourced","values":[{"from":"2026-06-29","value":"` + rate + `"}]}]}`)
}

// matched asks every product of a desk about a stored requirement, reading everything anew.
func matched(t testing.TB, o *Office, desk *casework.Desk, id string, products []*rulepack.Product) *match.Match {
	t.Helper()
	record, body, err := requirements.get(t.Context(), o, id)
	if err != nil {
		t.Fatal(err)
	}
	p, err := o.gather(t.Context(), record, &body, o.Today())
	if err != nil {
		t.Fatal(err)
	}
	kase, err := p.read()
	if err != nil {
		t.Fatal(err)
	}
	prepared, err := desk.Preparer(o.Today()).Prepare(kase, nil)
	if err != nil {
		t.Fatal(err)
	}
	return match.NewCatalogue(desk.Library.Vocabulary, products).Match(prepared.Need, match.Options{})
}

// usableOnly tells near misses as ineligible, as an impact does.
func usableOnly(s impact.Standing) impact.Standing {
	if s.Verdict == funding.VerdictNearMiss {
		s.Verdict = funding.VerdictIneligible
	}
	return s
}

// said is what a product says in a match, as far as an impact tells it.
func said(m *match.Match, product string) impact.Standing {
	for i := range m.Outcomes {
		if m.Outcomes[i].Product.ID == product {
			return usableOnly(impact.StandingOf(&m.Outcomes[i]))
		}
	}
	return impact.Standing{}
}

func same(a, b impact.Standing) bool {
	a.Version, b.Version = 0, 0
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

func TestAnImpactIsWhatAFullReMatchWouldSay(t *testing.T) {
	o, _ := newOffice(t)
	handIn(t, o)
	ids := submitMany(t, o, 5, 10)
	edition, err := o.Edition(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	present := edition.Desk.InForce(o.Today())
	original := textOfProduct(t, o, "exim-border-zone")
	system := permit.SystemActor("test")
	for _, test := range []struct {
		name    string
		request ImpactRequest
	}{
		{"a product that asks for more", ImpactRequest{Type: PackProduct, Text: closing(original)}},
		{"a product that is cheaper", ImpactRequest{Type: PackProduct, Text: strings.Replace(original, "market.lpr_5y", "0.002 + market.lpr_5y", 1)}},
		{"a product that does not change", ImpactRequest{Type: PackProduct, Text: original}},
		{"a new product", ImpactRequest{Type: PackProduct, Text: strings.Replace(original, "id: exim-border-zone", "id: exim-border-zone-two", 1)}},
		{"a market rate", ImpactRequest{Market: cheaper("0.0250")}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var steps []int
			report, err := o.Impact(t.Context(), system, test.request, func(done, _ int) { steps = append(steps, done) })
			if err != nil {
				t.Fatal(err)
			}
			change, err := o.impactChange(t.Context(), system, o.viewpointOf(edition, o.Today()), test.request)
			if err != nil {
				t.Fatal(err)
			}
			desk := edition.Desk
			if change.desk != nil {
				desk = change.desk
			}
			differences := 0
			for _, id := range ids {
				before, after := matched(t, o, edition.Desk, id, present), matched(t, o, desk, id, change.products)
				for _, product := range change.products {
					was, is := said(before, product.ID), said(after, product.ID)
					at := slices.IndexFunc(report.Requirements, func(d impact.RequirementDiff) bool { return d.Requirement == id })
					var told impact.ProductDiff
					if at >= 0 {
						if k := slices.IndexFunc(report.Requirements[at].Products, func(p impact.ProductDiff) bool { return p.Product == product.ID }); k >= 0 {
							told = report.Requirements[at].Products[k]
						}
					}
					switch {
					case same(was, is) || was.Version == 0 && !is.Usable():
						if told.Product != "" {
							t.Errorf("%s of %s is told to differ: %+v", product.ID, id, told)
						}
					default:
						differences++
						if !same(told.Before, was) || !same(told.After, is) || len(told.Reasons) == 0 {
							t.Errorf("%s of %s is told as %+v; a full match says %+v and then %+v", product.ID, id, told, was, is)
						}
					}
				}
			}
			if (differences == 0) != strings.Contains(test.name, "does not change") || len(steps) == 0 || steps[len(steps)-1] != 2*len(ids) || report.Totals.Asked != len(ids) {
				t.Errorf("%d differences of %d requirements, progress %v", differences, report.Totals.Asked, steps)
			}
		})
	}
}

func TestAnImpactIsKeptAndGrowsOld(t *testing.T) {
	o, _ := newOffice(t)
	handIn(t, o)
	submitMany(t, o, 6, 2)
	text := closing(textOfProduct(t, o, "cdb-park-infrastructure"))
	report, err := o.Impact(t.Context(), liaison, ImpactRequest{Type: PackProduct, Text: text}, nil)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := o.RecallImpact(t.Context(), report.Snapshot)
	if err != nil || kept.Digest != hashOf([]byte(text)) || kept.Totals.Asked != 2 || len(kept.Requirements) != len(report.Requirements) || kept.Institution != "cdb" {
		t.Fatalf("kept is %+v, %v", kept, err)
	}
	stale := func(digest string) int {
		points, err := o.ImpactStale(t.Context(), kept, digest)
		if err != nil {
			t.Fatal(err)
		}
		return len(points)
	}
	if stale(report.Digest) != 0 || stale("another") != 1 {
		t.Errorf("fresh: %d points, with another text: %d", stale(report.Digest), stale("another"))
	}
	for i := range impactStaleAfter + 1 {
		body := RequirementBody{Document: []byte("{}"), Status: "draft", Name: fmt.Sprint(i)}
		if _, err := requirements.create(t.Context(), o, fmt.Sprintf("req_%03d", i), "GX-PX", &body, store.Change{Who: "test", Action: "create"}); err != nil {
			t.Fatal(err)
		}
		if i == impactStaleAfter-1 && stale(report.Digest) != 0 {
			t.Error("a hundred changed requirements make it old already")
		}
	}
	if stale(report.Digest) != 1 {
		t.Error("a hundred and one changed requirements leave it fresh")
	}
	if _, err := o.AddMarketData(t.Context(), admin, MarketBody{Source: "测试", Document: cheaper("0.0300")}); err != nil {
		t.Fatal(err)
	}
	if stale(report.Digest) != 2 {
		t.Error("other market data leave it fresh")
	}
}

func TestABankLearnsNothingOfOthersFromAnImpact(t *testing.T) {
	o, _ := newOffice(t)
	handIn(t, o)
	submitMany(t, o, 7, 8)
	text := closing(textOfProduct(t, o, "cdb-park-infrastructure"))
	full, err := o.Impact(t.Context(), permit.SystemActor("test"), ImpactRequest{Type: PackProduct, Text: text}, nil)
	if err != nil {
		t.Fatal(err)
	}
	report, err := o.Impact(t.Context(), liaison, ImpactRequest{Type: PackProduct, Text: text}, nil)
	if err != nil {
		t.Fatal(err)
	}
	edition, _ := o.Edition(t.Context())
	foreign := map[string]bool{}
	for _, product := range edition.Desk.Library.Products {
		foreign[product.ID] = product.Institution != "cdb"
	}
	others, own := 0, 0
	for _, requirement := range full.Requirements {
		for _, product := range requirement.Products {
			if foreign[product.Product] {
				others++
			}
		}
	}
	for _, requirement := range report.Requirements {
		if requirement.Region != "GX" || report.Names[requirement.Requirement] == "" {
			t.Errorf("the bank is told of %+v", requirement)
		}
		usable := false
		for _, product := range requirement.Products {
			own++
			usable = usable || product.Before.Usable() || product.After.Usable()
		}
		if !usable {
			t.Errorf("%s is named although no product of the bank matches or matched it", requirement.Requirement)
		}
	}
	if others == 0 || own == 0 {
		t.Fatalf("the change moves %d offers of others and %d of the bank; the test says nothing", others, own)
	}
	written, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	for id, is := range foreign {
		if is && strings.Contains(string(written), `"`+id+`"`) {
			t.Errorf("the report names %s", id)
		}
	}
	_, err = o.Impact(t.Context(), liaison, ImpactRequest{Type: PackProduct, Text: textOfProduct(t, o, "exim-border-zone")}, nil)
	wantRefusal(t, err, refuse.KindForbidden)
	_, err = o.Impact(t.Context(), liaison, ImpactRequest{Market: cheaper("0.0300")}, nil)
	wantRefusal(t, err, refuse.KindForbidden)
	_, err = o.Impact(t.Context(), liaison, ImpactRequest{Type: PackProduct, Text: "schema: zutuan/product/v1\n"}, nil)
	wantRefusal(t, err, refuse.KindInvalid)
}

func TestAnImpactIsAJobOfWhoeverAsked(t *testing.T) {
	o, _ := newOffice(t)
	handIn(t, o)
	submitMany(t, o, 8, 2)
	ran := make(chan error, 1)
	runner := jobs.New(o.store, time.Now, jobs.Options{Workers: 1, PollEvery: 10 * time.Millisecond, Logger: slog.New(slog.DiscardHandler)})
	o.register(runner)
	runner.Start()
	t.Cleanup(func() { ran <- runner.Stop(t.Context()) })
	wait := func(actor permit.Actor, request ImpactRequest) jobs.Job {
		job, _, err := runner.Submit(t.Context(), actor, JobImpact, request, jobs.SubmitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		updates, err := runner.Watch(t.Context(), actor, job.ID)
		if err != nil {
			t.Fatal(err)
		}
		for update := range updates {
			job = update
		}
		return job
	}
	text := closing(textOfProduct(t, o, "cdb-park-infrastructure"))
	done := wait(liaison, ImpactRequest{Type: PackProduct, Text: text})
	var report ImpactReport
	if err := json.Unmarshal(done.Result, &report); err != nil || done.Status != jobs.StatusDone || report.Institution != "cdb" || report.Totals.Asked != 2 {
		t.Errorf("the job is %+v, %v", done, err)
	}
	if refused := wait(bureauPX, ImpactRequest{Type: PackProduct, Text: text}); refused.Status != jobs.StatusFailed || refused.Error.Kind != refuse.KindForbidden {
		t.Errorf("a bureau's job is %+v", refused)
	}
}
