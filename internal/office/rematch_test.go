package office

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"zutuan/internal/funding"
	"zutuan/internal/gate"
	"zutuan/internal/impact"
	"zutuan/internal/jobs"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
	"zutuan/internal/store/mongo"
	"zutuan/internal/storetest"
	"zutuan/rules"
)

// catchUp follows the changes once and does at once what that submits.
func catchUp(t testing.TB, o *Office) {
	t.Helper()
	if err := follow(t.Context(), o); err != nil {
		t.Fatal(err)
	}
}

func follow(ctx context.Context, o *Office) error {
	f := &follower{office: o, submit: func(ctx context.Context, kind string, input any, _ jobs.SubmitOptions) (err error) {
		switch kind {
		case JobRematchAll:
			_, err = o.rematchRange(ctx, "", "", func(int, int) {}, func(string) error { return nil })
		case JobRematchRequirement:
			_, err = o.rematchRequirement(ctx, input.(rematchRequirementInput).Requirement)
		case JobReviewPlans:
			_, err = o.ReviewOpenPlans(ctx, "")
		}
		return err
	}}
	return f.follow(ctx)
}

// submitted hands the sample in and submits it.
func submitted(t testing.TB, o *Office) Requirement {
	t.Helper()
	requirement := handIn(t, o)
	requirement, err := o.StepRequirement(t.Context(), bureauPX, requirement.ID, requirement.Version, gate.StepSubmit, "")
	if err != nil {
		t.Fatal(err)
	}
	return requirement
}

// varied makes another requirement of the sample: incomes from four to nine fifths, capital from three to twelve fifths.
func varied(t testing.TB, random *rand.Rand, number int) []byte {
	t.Helper()
	var document map[string]any
	decoder := json.NewDecoder(strings.NewReader(string(sampleText(t, "pingxiang", "requirement.yaml"))))
	decoder.UseNumber()
	if err := decoder.Decode(&document); err != nil {
		t.Fatal(err)
	}
	document["name"] = fmt.Sprintf("组团 %d", number)
	document["borrower"].(map[string]any)["rating"] = []string{"AAA", "AA+", "AA", "AA-"}[random.Intn(4)]
	document["capital"].([]any)[0].(map[string]any)["total"] = fmt.Sprintf("%d.00", 160_000_000*int64(60+random.Intn(180))/100)
	income := int64(80 + random.Intn(100))
	for _, unit := range document["units"].([]any) {
		for _, line := range unit.(map[string]any)["revenue"].([]any) {
			values, _ := line.(map[string]any)["values"].([]any)
			for i := range values {
				number, err := values[i].(json.Number).Int64()
				if err != nil {
					t.Fatal(err)
				}
				values[i] = number * income / 100
			}
		}
	}
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// submitMany hands in and submits varied requirements; the papers of the region are those of the sample.
func submitMany(t testing.TB, o *Office, seed int64, count int) []string {
	t.Helper()
	random := rand.New(rand.NewSource(seed))
	var ids []string
	for i := range count {
		made, err := o.CreateRequirement(t.Context(), bureauPX, varied(t, random, i))
		if err == nil {
			made, err = o.StepRequirement(t.Context(), bureauPX, made.ID, made.Version, gate.StepSubmit, "")
		}
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, made.ID)
	}
	return ids
}

// openOffers are the institutions that have an offer to a requirement.
func openOffers(t testing.TB, o *Office, requirement string) map[string]Offer {
	t.Helper()
	page, err := o.ListOffers(t.Context(), riskGX, requirement, OfferOpen, Paging{Limit: store.MaxLimit})
	if err != nil {
		t.Fatal(err)
	}
	open := map[string]Offer{}
	for _, offer := range page.Items {
		open[offer.Institution] = offer
	}
	return open
}

func noticesOf(t testing.TB, o *Office, actor permit.Actor) []Notification {
	t.Helper()
	var all []Notification
	paging := Paging{Limit: store.MaxLimit}
	for {
		page, err := o.ListNotifications(t.Context(), actor, false, paging)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Items...)
		if paging.After = page.Next; paging.After == "" {
			return all
		}
	}
}

// fresh are the notifications that were not there before, by type.
func fresh(before, after []Notification) map[NotificationType]Notification {
	found := map[NotificationType]Notification{}
	for _, notice := range after {
		if !slices.ContainsFunc(before, func(n Notification) bool { return n.ID == notice.ID }) {
			found[notice.Type] = notice
		}
	}
	return found
}

func detailOf(notice Notification, product string) OfferChange {
	for _, detail := range notice.Details {
		if detail.Product == product {
			return detail
		}
	}
	return OfferChange{}
}

// publishText publishes the next version of a product as its record is written.
func publishText(t testing.TB, o *Office, product, text string, from time.Time) {
	t.Helper()
	versions, err := o.versionsOfPack(t.Context(), PackProduct, product)
	if err != nil || len(versions) == 0 {
		t.Fatalf("versions of %s: %v, %v", product, versions, err)
	}
	next := versions[len(versions)-1].VersionBody
	next.Number, next.Text, next.Digest, next.EffectiveFrom, next.Author = next.Number+1, text, hashOf([]byte(text)), day(from), "usr_liaison"
	if _, err := versionsOf(PackProduct).create(t.Context(), o, versionID(product, next.Number), "", &next, store.Change{Who: "usr_liaison", Action: "publish"}); err != nil {
		t.Fatal(err)
	}
	o.rulesChanged()
	if edition, err := o.Edition(t.Context()); err != nil || len(edition.Broken) > 0 {
		t.Fatalf("the version cannot be used: %+v, %v", edition.Broken, err)
	}
}

func textOfProduct(t testing.TB, o *Office, product string) string {
	t.Helper()
	versions, err := o.versionsOfPack(t.Context(), PackProduct, product)
	if err != nil || len(versions) == 0 {
		t.Fatalf("versions of %s: %v, %v", product, versions, err)
	}
	return versions[len(versions)-1].Text
}

// closing adds a must to a product that no requirement of the tests passes.
func closing(text string) string {
	return strings.Replace(text, "\nrules:\n", "\nrules:\n  - id: tiny-only\n    group: eligibility\n    level: must\n    when: 'need.investment < 1'\n"+
		"    message: {zh: 只支持极小项目, en: Tiny projects only}\n    basis: 国发〔2019〕26号\n", 1)
}

func TestASubmittedRequirementGetsOffersAndItsOwnerIsTold(t *testing.T) {
	o, _ := newOffice(t)
	requirement := submitted(t, o)
	catchUp(t, o)
	matched, err := o.MatchRequirement(t.Context(), bureauPX, requirement.ID, time.Time{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	wanted := map[string]int{}
	for _, line := range matched.Products {
		if line.Verdict == funding.VerdictEligible || line.Verdict == funding.VerdictConditional {
			wanted[line.Institution]++
		}
	}
	open := openOffers(t, o, requirement.ID)
	if len(open) != len(wanted) || len(open) == 0 {
		t.Fatalf("offers of %d institutions, want %v", len(open), wanted)
	}
	for institution, offer := range open {
		if len(offer.Lines) != wanted[institution] || offer.Size <= 0 || offer.RequirementName != requirement.Name || offer.Date != "2026-06-30" {
			t.Errorf("the offer of %s is %+v, want %d lines", institution, offer, wanted[institution])
		}
	}
	notices := noticesOf(t, o, bureauPX)
	if len(notices) != 1 || notices[0].Type != NotificationOfferGained || notices[0].Subject != requirement.ID || !strings.Contains(notices[0].Text.ZH, "需求已提交") {
		t.Fatalf("the owner was told %+v", notices)
	}
	for _, product := range notices[0].Details {
		if product.Kinds[0] != impact.KindGained || product.After.Rank == 0 || product.Text.ZH == "" || product.Text.EN == "" {
			t.Errorf("a detail is %+v", product)
		}
	}
	if page, err := o.ListRequirements(t.Context(), liaison, RequirementFilter{}, Paging{}); err != nil || (len(page.Items) == 1) != (wanted["cdb"] > 0) {
		t.Errorf("the liaison lists %v, %v; want it where the bank has one of %v", page.Items, err, wanted)
	}
	t.Run("following again writes nothing", func(t *testing.T) {
		before, _ := o.store.Get(t.Context(), store.KindStanding, requirement.ID)
		catchUp(t, o)
		if _, err := o.rematchRange(t.Context(), "", "", func(int, int) {}, func(string) error { return nil }); err != nil {
			t.Fatal(err)
		}
		after, _ := o.store.Get(t.Context(), store.KindStanding, requirement.ID)
		if before.Version != after.Version || before.Version != 2 || len(noticesOf(t, o, bureauPX)) != 1 {
			t.Errorf("the standing went from version %d to %d", before.Version, after.Version)
		}
	})
	t.Run("the owner marks it as read and nobody else sees it", func(t *testing.T) {
		_, err := o.ReadNotification(t.Context(), riskGX, notices[0].ID)
		wantRefusal(t, err, refuse.KindUnknown)
		if count, err := o.CountUnread(t.Context(), bureauPX); err != nil || count != 1 {
			t.Errorf("%d unread, %v", count, err)
		}
		read, err := o.ReadNotification(t.Context(), bureauPX, notices[0].ID)
		if err != nil || !read.Read {
			t.Errorf("read: %+v, %v", read, err)
		}
		page, err := o.ListNotifications(t.Context(), bureauPX, true, Paging{})
		if err != nil || len(page.Items) != 0 {
			t.Errorf("still unread: %v, %v", page.Items, err)
		}
	})
}

func TestAWithdrawnRequirementLosesItsOffers(t *testing.T) {
	o, _ := newOffice(t)
	requirement := submitted(t, o)
	catchUp(t, o)
	institutions := openOffers(t, o, requirement.ID)
	told := noticesOf(t, o, bureauPX)
	if _, err := o.StepRequirement(t.Context(), bureauPX, requirement.ID, requirement.Version, gate.StepWithdraw, "改期"); err != nil {
		t.Fatal(err)
	}
	catchUp(t, o)
	if left := openOffers(t, o, requirement.ID); len(left) != 0 {
		t.Errorf("still open: %v", left)
	}
	lost, err := o.ListOffers(t.Context(), riskGX, requirement.ID, OfferLost, Paging{})
	if err != nil || len(lost.Items) != len(institutions) || lost.Items[0].RequirementName != requirement.Name {
		t.Errorf("lost are %v, %v; want %d", lost.Items, err, len(institutions))
	}
	if now := noticesOf(t, o, bureauPX); len(now) != len(told) {
		t.Errorf("whoever withdrew was told of it: %v", now)
	}
	report, err := o.UnmetDemand(t.Context(), riskGX, DemandFilter{})
	if err != nil || *report.Requirements != 0 || len(report.Rows) != 0 {
		t.Errorf("unmet demand still counts it: %+v, %v", report, err)
	}
}

func TestOwnersAreToldWhatANewVersionDoes(t *testing.T) {
	o, clock := newOffice(t)
	requirement := submitted(t, o)
	catchUp(t, o)
	record, err := o.store.Get(t.Context(), store.KindStanding, requirement.ID)
	if err != nil {
		t.Fatal(err)
	}
	kept, _ := keptOf(record)
	first := kept.body.Lines[0]
	original := textOfProduct(t, o, first.Product)
	before := noticesOf(t, o, bureauPX)

	publishText(t, o, first.Product, closing(original), o.Today())
	catchUp(t, o)
	now := noticesOf(t, o, bureauPX)
	lost := detailOf(fresh(before, now)[NotificationOfferLost], first.Product)
	if len(lost.Reasons) == 0 || lost.Reasons[0].Cause != impact.CauseRuleAdded || lost.Reasons[0].Place != "rules.tiny-only" || lost.Before.Version != 1 || lost.After.Version != 2 ||
		!strings.Contains(lost.Text.ZH, "因为新增规则 tiny-only") {
		t.Fatalf("the lost offer is told as %+v", lost)
	}
	if offer := openOffers(t, o, requirement.ID)[first.Institution]; slices.ContainsFunc(offer.Lines, func(l OfferLine) bool { return l.Product == first.Product }) {
		t.Errorf("the offer still has the product: %+v", offer)
	}

	// The version after it lifts the rule, from next Tuesday on: nothing changes before that day begins.
	publishText(t, o, first.Product, original, o.Today().AddDate(0, 0, 7))
	catchUp(t, o)
	if later := noticesOf(t, o, bureauPX); len(later) != len(now) {
		t.Fatalf("told of a version that is not in force yet: %+v", later[0])
	}
	clock.advance(7 * 24 * time.Hour)
	catchUp(t, o)
	gained := detailOf(fresh(now, noticesOf(t, o, bureauPX))[NotificationOfferGained], first.Product)
	if len(gained.Reasons) == 0 || gained.Reasons[0].Cause != impact.CauseRuleRemoved || gained.Reasons[0].Place != "rules.tiny-only" || gained.After.Version != 3 || gained.After.Size == nil {
		t.Errorf("the gained offer is told as %+v", gained)
	}
}

func TestOwnersAreToldWhatMarketDataDo(t *testing.T) {
	o, _ := newOffice(t)
	requirement := submitted(t, o)
	catchUp(t, o)
	before := noticesOf(t, o, bureauPX)
	_, err := o.AddMarketData(t.Context(), admin, MarketBody{Source: "全国银行间同业拆借中心", Document: json.RawMessage(`{"schema":"zutuan/market/v1","series":[
		{"id":"lpr_5y","name":{"zh":"五年期以上贷款市场报价利率","en":"5-year loan prime rate"},"unit":"rate","basis":"sourced","values":[{"from":"2026-06-29","value":"0.0300"}]}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	catchUp(t, o)
	changed := fresh(before, noticesOf(t, o, bureauPX))[NotificationOfferChanged]
	if len(changed.Details) == 0 || changed.Subject != requirement.ID {
		t.Fatalf("told was %+v", fresh(before, noticesOf(t, o, bureauPX)))
	}
	cheaper := 0
	for _, detail := range changed.Details {
		if slices.Contains(detail.Kinds, impact.KindCost) {
			cheaper++
			if *detail.After.AllInCost >= *detail.Before.AllInCost || len(detail.Reasons) == 0 || detail.Reasons[0].Cause != impact.CauseMarket || detail.Reasons[0].Facts[0].Fact != "market.lpr_5y" || detail.Reasons[0].Facts[0].To != "0.030000" {
				t.Errorf("a detail is %+v", detail)
			}
		}
	}
	if cheaper == 0 {
		t.Error("no offer became cheaper with the market rate")
	}
}

func TestOwnersAreToldWhatTheirOwnFiguresDo(t *testing.T) {
	o, _ := newOffice(t)
	requirement := submitted(t, o)
	catchUp(t, o)
	before := noticesOf(t, o, bureauPX)
	record, err := o.store.Get(t.Context(), store.KindRequirement, requirement.ID)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := bodyOf[RequirementBody](record)
	poorer := strings.Replace(string(body.Document), `"total":"160000000.00"`, `"total":"40000000.00"`, 1)
	if _, err := o.StepRequirement(t.Context(), bureauPX, requirement.ID, record.Version, gate.StepWithdraw, "更正"); err != nil {
		t.Fatal(err)
	}
	// A requirement that was withdrawn is revised, changed and submitted again before anybody looks.
	revised, err := o.StepRequirement(t.Context(), bureauPX, requirement.ID, record.Version+1, gate.StepRevise, "更正")
	if err == nil {
		revised, err = o.UpdateRequirement(t.Context(), bureauPX, requirement.ID, revised.Version, []byte(poorer))
	}
	if err == nil {
		_, err = o.StepRequirement(t.Context(), bureauPX, requirement.ID, revised.Version, gate.StepSubmit, "")
	}
	if err != nil {
		t.Fatal(err)
	}
	catchUp(t, o)
	found := fresh(before, noticesOf(t, o, bureauPX))
	reasons := 0
	for _, notice := range found {
		for _, detail := range notice.Details {
			for _, reason := range detail.Reasons {
				if slices.ContainsFunc(reason.Facts, func(f impact.FactChange) bool {
					return strings.HasPrefix(f.Fact, "need.") || strings.HasPrefix(f.Fact, "project.")
				}) {
					reasons++
				}
			}
		}
	}
	if len(found) == 0 || reasons == 0 {
		t.Errorf("told was %+v, and no reason names a figure of the need", found)
	}
}

// faulty is a store whose writes fail from one on, as those of a process that was killed.
type faulty struct {
	store.Store
	left atomic.Int64
}

var errKilled = errors.New("the process was killed")

func (f *faulty) Create(ctx context.Context, draft store.Draft, change store.Change) (store.Record, error) {
	if f.left.Add(-1) < 0 {
		return store.Record{}, errKilled
	}
	return f.Store.Create(ctx, draft, change)
}

func (f *faulty) Update(ctx context.Context, kind, id string, expected int64, change store.Change, next func(store.Record) (store.Draft, error)) (store.Record, error) {
	if f.left.Add(-1) < 0 {
		return store.Record{}, errKilled
	}
	return f.Store.Update(ctx, kind, id, expected, change, next)
}

// outcome is everything that a re-match leaves behind, in a form that can be compared.
func outcome(t testing.TB, o *Office) (offers, notices map[string]string) {
	t.Helper()
	offers, notices = map[string]string{}, map[string]string{}
	collect := func(kind string, into map[string]string, text func(store.Record) string) {
		if err := o.each(t.Context(), store.Query{Kind: kind}, func(r store.Record) error { into[r.ID] = text(r); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	collect(store.KindOffer, offers, func(r store.Record) string {
		body, _ := bodyOf[OfferBody](r)
		return string(body.Status) + body.Size.String() + textOf(body.Lines)
	})
	collect(store.KindStanding, offers, func(r store.Record) string {
		kept, _ := keptOf(r)
		return fmt.Sprint(kept.body.Unsettled, kept.body.digest())
	})
	collect(store.KindNotification, notices, func(r store.Record) string {
		body, _ := bodyOf[NotificationBody](r)
		return body.Subject + string(body.Type)
	})
	return offers, notices
}

func TestAProcessMayDieAtAnyWrite(t *testing.T) {
	prepare := func(t *testing.T) (store.Store, *testClock, []string) {
		clock := &testClock{noon}
		s := openStore(t, filepath.Join(t.TempDir(), "zutuan.db"))
		o, err := Open(t.Context(), Config{Store: s, Rules: rules.FS, Clock: clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		handIn(t, o)
		return s, clock, submitMany(t, o, 1, 3)
	}
	change := func(t *testing.T, o *Office) {
		publishText(t, o, "cdb-park-infrastructure", closing(textOfProduct(t, o, "cdb-park-infrastructure")), o.Today())
		publishText(t, o, "exim-border-zone", closing(textOfProduct(t, o, "exim-border-zone")), o.Today())
	}
	// The same requirements get other ids in each run, so what is compared is how many of each there are.
	shape := func(t *testing.T, o *Office, ids []string) []string {
		offers, notices := outcome(t, o)
		var lines []string
		for id, text := range offers {
			for i, requirement := range ids {
				id = strings.Replace(id, requirement, fmt.Sprint(i), 1)
			}
			lines = append(lines, id+" "+text)
		}
		for _, text := range notices {
			for i, requirement := range ids {
				text = strings.Replace(text, requirement, fmt.Sprint(i), 1)
			}
			lines = append(lines, text)
		}
		slices.Sort(lines)
		return lines
	}
	s, clock, ids := prepare(t)
	o, err := Open(t.Context(), Config{Store: s, Rules: rules.FS, Clock: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	catchUp(t, o)
	change(t, o)
	catchUp(t, o)
	want := shape(t, o, ids)

	s, clock, ids = prepare(t)
	deaths := 0
	// Each life gets one write further than the one before, from the beginning: what it repeats is harmless.
	dying := &faulty{Store: s}
	dying.left.Store(1 << 30)
	o, err = Open(t.Context(), Config{Store: dying, Rules: rules.FS, Clock: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	untilDone := func() {
		for writes := int64(0); ; writes++ {
			dying.left.Store(writes)
			err := follow(t.Context(), o)
			if err == nil {
				break
			}
			if !errors.Is(err, errKilled) || writes > 500 {
				t.Fatalf("after %d writes: %v", writes, err)
			}
			deaths++
		}
		dying.left.Store(1 << 30)
	}
	untilDone()
	change(t, o)
	untilDone()
	got := shape(t, o, ids)
	if !slices.Equal(got, want) || deaths < 20 {
		t.Errorf("after %d deaths there is\n%s\nwant\n%s", deaths, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if _, err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

// background starts an office's own work with a runner of its own, and ends it with the test.
func startBackground(t testing.TB, o *Office, s store.Store) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	runner := jobs.New(s, time.Now, jobs.Options{Workers: 2, PollEvery: 20 * time.Millisecond, LeaseTTL: 2 * time.Second, Logger: slog.New(slog.DiscardHandler)})
	o.Start(ctx, runner)
	runner.Start()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			o.Wait()
			ended, done := context.WithTimeout(context.Background(), 10*time.Second)
			defer done()
			if err := runner.Stop(ended); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

// quiet waits until everything was followed and no job is left.
func quiet(t testing.TB, o *Office, open int) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for time.Now().Before(deadline) {
		live, err := o.store.Count(t.Context(), store.KindJob, []store.Filter{store.OneOf("status", []store.Value{store.Text("queued"), store.Text("running")})})
		if err != nil {
			t.Fatal(err)
		}
		settled, err := o.store.Count(t.Context(), store.KindStanding, []store.Filter{store.Equal("status", store.Text(string(StandingOpen)))})
		if err != nil {
			t.Fatal(err)
		}
		if live == 0 && settled == int64(open) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the background does not come to rest")
}

func TestTwoProcessesShareTheWork(t *testing.T) {
	path := filepath.Join(t.TempDir(), "zutuan.db")
	var offices []*Office
	var stores []store.Store
	var mutex sync.Mutex
	settled := map[string][]int{}
	for i := range 2 {
		s := openStore(t, path)
		o, err := Open(t.Context(), Config{Store: s, Rules: rules.FS})
		if err != nil {
			t.Fatal(err)
		}
		o.background.settled = func(id string) {
			mutex.Lock()
			defer mutex.Unlock()
			settled[id] = append(settled[id], i)
		}
		offices, stores = append(offices, o), append(stores, s)
	}
	handIn(t, offices[0])
	const count = 24
	submitMany(t, offices[0], 2, count)
	offices[0].background.partSize, offices[1].background.partSize = 4, 4
	for i := range offices {
		startBackground(t, offices[i], stores[i])
	}
	quiet(t, offices[0], count)
	by := map[int]int{}
	for id, who := range settled {
		for _, process := range who {
			by[process]++
		}
		if len(who) != 1 {
			t.Errorf("requirement %s was brought in line %d times", id, len(who))
		}
	}
	if by[0]+by[1] != count || by[0] == 0 || by[1] == 0 {
		t.Errorf("the processes brought %v of %d requirements in line", by, count)
	}
	if notices := noticesOf(t, offices[0], bureauPX); len(notices) == 0 || len(notices) > count {
		t.Errorf("%d notifications of %d requirements", len(notices), count)
	}
}

func TestAProcessThatTakesOverMissesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "zutuan.db")
	first, s := openShared(t, path)
	handIn(t, first)
	ids := submitMany(t, first, 3, 6)
	ctx, cancel := context.WithCancel(t.Context())
	var done atomic.Int64
	first.background.settled = func(string) {
		if done.Add(1) == 2 {
			cancel()
		}
	}
	// The first process ends in the middle: the range it works on is left as it is, and its cursor was never written.
	if err := follow(ctx, first); !errors.Is(err, context.Canceled) {
		t.Fatalf("the first process ended with %v", err)
	}
	second, _ := openShared(t, path)
	catchUp(t, second)
	for _, id := range ids {
		record, err := s.Get(t.Context(), store.KindStanding, id)
		if kept, _ := keptOf(record); err != nil || kept.body.Unsettled || record.Version != 2 {
			t.Errorf("the standing of %s is version %d, %v", id, record.Version, err)
		}
	}
	gained := 0
	for _, notice := range noticesOf(t, second, bureauPX) {
		if notice.Type == NotificationOfferGained {
			gained++
		}
	}
	if gained > len(ids) {
		t.Errorf("%d notifications of %d requirements", gained, len(ids))
	}
}

func openShared(t testing.TB, path string) (*Office, store.Store) {
	t.Helper()
	clock := &testClock{noon}
	s := openStore(t, path)
	o, err := Open(t.Context(), Config{Store: s, Rules: rules.FS, Clock: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	return o, s
}

// overtaking lets somebody else write the standing between the look at it and the first write.
type overtaking struct {
	store.Store
	once   sync.Once
	before func()
}

func (s *overtaking) Create(ctx context.Context, draft store.Draft, change store.Change) (store.Record, error) {
	if draft.Kind == store.KindStanding {
		s.once.Do(s.before)
	}
	return s.Store.Create(ctx, draft, change)
}

func TestAnOlderAnswerNeverReplacesANewerOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "zutuan.db")
	other, s := openShared(t, path)
	requirement := submitted(t, other)
	line := ""
	late := &overtaking{Store: s, before: func() {
		// While the slow process has matched under the old rules, the other one matches under new ones.
		if _, err := other.rematchRequirement(t.Context(), requirement.ID); err != nil {
			t.Error(err)
		}
		record, _ := s.Get(t.Context(), store.KindStanding, requirement.ID)
		kept, _ := keptOf(record)
		line = kept.body.Lines[0].Product
		publishText(t, other, line, closing(textOfProduct(t, other, line)), other.Today())
		if _, err := other.rematchRequirement(t.Context(), requirement.ID); err != nil {
			t.Error(err)
		}
	}}
	slow, err := Open(t.Context(), Config{Store: late, Rules: rules.FS, Clock: (&testClock{noon}).Now})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := slow.rematchRequirement(t.Context(), requirement.ID); err != nil {
		t.Fatal(err)
	}
	for institution, offer := range openOffers(t, other, requirement.ID) {
		if slices.ContainsFunc(offer.Lines, func(l OfferLine) bool { return l.Product == line }) {
			t.Errorf("%s offers %s again", institution, line)
		}
	}
}

func TestUnmetDemandIsWhatOneRuleAloneKeepsOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "zutuan.db")
	o, _ := openShared(t, path)
	handIn(t, o)
	ids := submitMany(t, o, 4, 8)
	catchUp(t, o)
	// Each requirement is matched on its own, and added up by the pure sum.
	edition, err := o.Edition(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sum := impact.NewDemand(edition.Desk.Library.Vocabulary)
	for _, id := range ids {
		record, body, err := requirements.get(t.Context(), o, id)
		if err != nil {
			t.Fatal(err)
		}
		worked, err := o.work(t.Context(), record, &body, time.Time{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		sum.Add(impact.Asked{ID: id, Region: record.Region, Quarter: "2026Q1", Requested: worked.matching.Match.Need.Requested(), Match: worked.matching.Match})
	}
	want := sum.Unmet()
	check := func(t *testing.T, o *Office) {
		got, err := o.UnmetDemand(t.Context(), riskGX, DemandFilter{})
		if err != nil || len(got.Rows) != len(want.Detail) || len(got.Rows) == 0 || *got.Requirements != len(ids) || *got.Requested != want.Requested {
			t.Fatalf("got %d rows of %d requirements, %v; want %d of %d", len(got.Rows), *got.Requirements, err, len(want.Detail), len(ids))
		}
		for _, row := range want.Detail {
			at := slices.IndexFunc(got.Rows, func(r DemandRow) bool {
				return r.Product == row.Product && r.Rule == row.Rule && r.BuiltIn == row.BuiltIn
			})
			if at < 0 {
				t.Errorf("%s %s is missing", row.Product, row.Rule)
				continue
			}
			found := got.Rows[at]
			if found.Requested != row.Requested || found.Requirements != row.Requirements || *found.UnservedRequested != row.UnservedRequested || found.Message != row.Message || found.Region != "GX-PX" || found.Quarter != "2026Q1" {
				t.Errorf("%s %s is %+v, want %+v", row.Product, row.Rule, found, row)
			}
		}
	}
	check(t, o)
	t.Run("a process that starts later says the same", func(t *testing.T) {
		later, _ := openShared(t, path)
		check(t, later)
	})
	t.Run("a liaison sees the bank's products by province", func(t *testing.T) {
		got, err := o.UnmetDemand(t.Context(), liaison, DemandFilter{})
		if err != nil || len(got.Rows) == 0 || got.Requirements != nil {
			t.Fatalf("got %+v, %v", got, err)
		}
		for _, row := range got.Rows {
			if row.Institution != "cdb" || row.Region != "GX" || row.UnservedRequested != nil {
				t.Errorf("the liaison sees %+v", row)
			}
		}
		_, err = o.UnmetDemand(t.Context(), liaison, DemandFilter{Institution: "exim"})
		wantRefusal(t, err, refuse.KindForbidden)
		_, err = o.UnmetDemand(t.Context(), liaison, DemandFilter{Region: "GX-PX"})
		wantRefusal(t, err, refuse.KindInvalid)
	})
	t.Run("nobody else sees it", func(t *testing.T) {
		_, err := o.UnmetDemand(t.Context(), bureauPX, DemandFilter{})
		wantRefusal(t, err, refuse.KindForbidden)
		elsewhere, err := o.UnmetDemand(t.Context(), permit.Actor{User: "usr_nm", Role: permit.RoleRisk, Region: "NM"}, DemandFilter{})
		if err != nil || len(elsewhere.Rows) != 0 {
			t.Errorf("another province sees %+v, %v", elsewhere, err)
		}
	})
}

func TestOnMongoDBToo(t *testing.T) {
	o := mongoOffice(t)
	requirement := submitted(t, o)
	stop := startBackground(t, o, o.store)
	quiet(t, o, 1)
	stop()
	if len(openOffers(t, o, requirement.ID)) == 0 || len(noticesOf(t, o, bureauPX)) != 1 {
		t.Errorf("offers %v, told %v", openOffers(t, o, requirement.ID), noticesOf(t, o, bureauPX))
	}
	if _, err := o.StepRequirement(t.Context(), bureauPX, requirement.ID, requirement.Version, gate.StepWithdraw, "改期"); err != nil {
		t.Fatal(err)
	}
	catchUp(t, o)
	if left := openOffers(t, o, requirement.ID); len(left) != 0 {
		t.Errorf("still open: %v", left)
	}
}

// mongoOffice is an office over a database of its own on the MongoDB-speaking server.
func mongoOffice(t testing.TB) *Office {
	t.Helper()
	name := fmt.Sprintf("zutuan_office_%d", os.Getpid())
	s, err := mongo.Open(t.Context(), mongo.Config{URI: storetest.MongoURI(t), Database: name, Kinds: store.Kinds(), Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	client, err := driver.Connect(options.Client().ApplyURI(storetest.MongoURI(t)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(s.Close(), client.Database(name).Drop(context.Background()), client.Disconnect(context.Background())); err != nil {
			t.Error(err)
		}
	})
	o, err := Open(t.Context(), Config{Store: s, Rules: rules.FS})
	if err != nil {
		t.Fatal(err)
	}
	return o
}
