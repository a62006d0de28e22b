package office

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/gate"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
	"zutuan/internal/store/sqlite"
	"zutuan/rules"
)

// noon is the day on which the samples are looked at.
var noon = time.Date(2026, 6, 30, 4, 0, 0, 0, time.UTC)

// testClock stands still until it is moved.
type testClock struct{ now time.Time }

func (c *testClock) Now() time.Time          { return c.now }
func (c *testClock) advance(d time.Duration) { c.now = c.now.Add(d) }

// openStore opens a store in a file of its own.
func openStore(t testing.TB, path string) store.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Config{Path: path, Kinds: store.Kinds(), Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// installedDatabase is a database with what the program ships, made once: each test gets a copy.
var installedDatabase = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "office")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "zutuan.db")
	s, err := sqlite.Open(context.Background(), sqlite.Config{Path: path, Kinds: store.Kinds(), Clock: time.Now})
	if err != nil {
		return nil, err
	}
	_, err = Open(context.Background(), Config{Store: s, Rules: rules.FS, Clock: (&testClock{noon}).Now})
	// The last to close the database brings everything into its one file.
	if err = errors.Join(err, s.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// installedPath is a copy of that database for one test.
func installedPath(t testing.TB) string {
	t.Helper()
	database, err := installedDatabase()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "zutuan.db")
	if err := os.WriteFile(path, database, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// newOffice is an office over a store with the shipped rules and nothing else.
func newOffice(t testing.TB) (*Office, *testClock) {
	t.Helper()
	clock := &testClock{noon}
	o, err := Open(t.Context(), Config{Store: openStore(t, installedPath(t)), Rules: rules.FS, Clock: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	return o, clock
}

// People of the tests.
var (
	bureauPX  = permit.Actor{User: "usr_bureau_px", Name: "凭祥财政局", Role: permit.RoleBureau, Region: "GX-PX"}
	bureauMZL = permit.Actor{User: "usr_bureau_mzl", Name: "满洲里财政局", Role: permit.RoleBureau, Region: "NM-MZL"}
	riskGX    = permit.Actor{User: "usr_risk_gx", Name: "广西风险审查员", Role: permit.RoleRisk, Region: "GX"}
	riskGX2   = permit.Actor{User: "usr_risk_gx2", Name: "广西风险审查员乙", Role: permit.RoleRisk, Region: "GX"}
	observer  = permit.Actor{User: "usr_observer", Name: "省商务厅", Role: permit.RoleObserver, Region: "GX"}
	liaison   = permit.Actor{User: "usr_liaison", Name: "国开行联络员", Role: permit.RoleLiaison, Institution: "cdb"}
	admin     = permit.Actor{User: "usr_admin", Name: "管理员", Role: permit.RoleAdmin}
)

// sampleText reads a file of a sample as JSON.
func sampleText(t testing.TB, sample, file string) []byte {
	t.Helper()
	data, err := fs.ReadFile(rules.FS, "samples/"+sample+"/"+file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := document.JSON(file, data)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// handIn puts the three papers of the 凭祥 sample into the store.
func handIn(t testing.TB, o *Office) Requirement {
	t.Helper()
	ledger, err := fs.ReadFile(rules.FS, "samples/pingxiang/ledger.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.PutLedger(t.Context(), bureauPX, "GX-PX", 0, LedgerText{CSV: true, Text: ledger, AsOf: time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC)}); err != nil {
		t.Fatal(err)
	}
	if _, err := o.PutFiscal(t.Context(), bureauPX, "GX-PX", 2025, 0, sampleText(t, "pingxiang", "fiscal.yaml")); err != nil {
		t.Fatal(err)
	}
	requirement, err := o.CreateRequirement(t.Context(), bureauPX, sampleText(t, "pingxiang", "requirement.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return requirement
}

// wantRefusal fails unless an error is a refusal of the kind.
func wantRefusal(t testing.TB, err error, kind refuse.Kind) {
	t.Helper()
	var refused *refuse.Error
	if !errors.As(err, &refused) || refused.Kind != kind {
		t.Errorf("got %v, want a refusal of kind %s", err, kind)
	}
}

func TestARequirementIsHandedInAndMatched(t *testing.T) {
	o, _ := newOffice(t)
	requirement := handIn(t, o)
	if requirement.Region != "GX-PX" || requirement.Status != gate.StatusDraft || requirement.Requested <= 0 {
		t.Fatalf("the requirement is %+v", requirement)
	}
	match, err := o.MatchRequirement(t.Context(), bureauPX, requirement.ID, time.Time{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(match.Products) < 30 || match.Counts[funding.VerdictEligible]+match.Counts[funding.VerdictConditional] == 0 || len(match.Basis.Papers) != 3 {
		t.Errorf("the match is %d products, %v, papers %v", len(match.Products), match.Counts, match.Basis.Papers)
	}
	again, err := o.MatchRequirement(t.Context(), riskGX, requirement.ID, time.Time{}, nil)
	if err != nil || again.ID != match.ID || again.Author != bureauPX.User {
		t.Errorf("the same question gave %s by %s, %v; want the record %s", again.ID, again.Author, err, match.ID)
	}
	replay, err := o.ReplayMatch(t.Context(), observer, match.ID)
	if err != nil || !replay.Identical || len(replay.Answer) == 0 {
		t.Errorf("the replay is %v, %v", replay.Identical, err)
	}
	if _, err := o.store.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestNobodySeesAnotherRegion(t *testing.T) {
	o, _ := newOffice(t)
	requirement := handIn(t, o)
	for name, look := range map[string]func() error{
		"requirement": func() error { _, err := o.GetRequirement(t.Context(), bureauMZL, requirement.ID); return err },
		"trail":       func() error { _, err := o.RequirementTrail(t.Context(), bureauMZL, requirement.ID); return err },
		"ledger":      func() error { _, err := o.GetLedger(t.Context(), bureauMZL, "GX-PX"); return err },
		"fiscal":      func() error { _, err := o.GetFiscal(t.Context(), bureauMZL, "GX-PX", 2025); return err },
		"match": func() error {
			_, err := o.MatchRequirement(t.Context(), bureauMZL, requirement.ID, time.Time{}, nil)
			return err
		},
		"write": func() error {
			_, err := o.UpdateRequirement(t.Context(), bureauMZL, requirement.ID, 1, sampleText(t, "pingxiang", "requirement.yaml"))
			return err
		},
		"a liaison whom no product of the bank matches": func() error { _, err := o.GetRequirement(t.Context(), liaison, requirement.ID); return err },
	} {
		t.Run(name, func(t *testing.T) { wantRefusal(t, look(), refuse.KindUnknown) })
	}
	page, err := o.ListRequirements(t.Context(), bureauMZL, RequirementFilter{}, Paging{})
	if err != nil || len(page.Items) != 0 {
		t.Errorf("another bureau lists %v, %v", page.Items, err)
	}
	page, err = o.ListRequirements(t.Context(), observer, RequirementFilter{}, Paging{})
	if err != nil || len(page.Items) != 1 || page.Items[0].Document != nil {
		t.Errorf("the province lists %v, %v; want the requirement without its document", page.Items, err)
	}
	_, err = o.UpdateRequirement(t.Context(), observer, requirement.ID, 1, nil)
	wantRefusal(t, err, refuse.KindForbidden)
}

func TestARequirementGoesItsWay(t *testing.T) {
	o, _ := newOffice(t)
	requirement := handIn(t, o)
	_, err := o.StepRequirement(t.Context(), bureauPX, requirement.ID, 0, gate.StepSubmit, "")
	wantRefusal(t, err, refuse.KindUnconditional)
	submitted, err := o.StepRequirement(t.Context(), bureauPX, requirement.ID, requirement.Version, gate.StepSubmit, "")
	if err != nil || submitted.Status != gate.StatusSubmitted || submitted.SubmittedAt == nil {
		t.Fatalf("submitted: %+v, %v", submitted, err)
	}
	_, err = o.StepRequirement(t.Context(), bureauPX, requirement.ID, requirement.Version, gate.StepWithdraw, "改期")
	wantRefusal(t, err, refuse.KindStale)
	_, err = o.StepRequirement(t.Context(), bureauPX, requirement.ID, submitted.Version, gate.StepWithdraw, "")
	wantRefusal(t, err, refuse.KindConflict)
	withdrawn, err := o.StepRequirement(t.Context(), bureauPX, requirement.ID, submitted.Version, gate.StepWithdraw, "改期")
	if err != nil || withdrawn.Status != gate.StatusWithdrawn {
		t.Fatalf("withdrawn: %+v, %v", withdrawn, err)
	}
	trail, err := o.RequirementTrail(t.Context(), bureauPX, requirement.ID)
	if err != nil || len(trail) != 3 || trail[2].Why != "改期" || trail[2].Action != "withdraw" {
		t.Errorf("the trail is %+v, %v", trail, err)
	}
}

func TestARefusedDocumentSaysEverythingThatIsWrong(t *testing.T) {
	o, _ := newOffice(t)
	_, err := o.CreateRequirement(t.Context(), bureauPX, []byte(`{"schema":"zutuan/requirement/v1","name":"","zone":"GX-PX","units":[]}`))
	var refused *refuse.Error
	if !errors.As(err, &refused) || len(refused.Points) < 3 || refused.Points[0].Pointer == "" || refused.Points[0].ZH == "" {
		t.Fatalf("got %v", err)
	}
	_, err = o.CreateRequirement(t.Context(), bureauMZL, sampleText(t, "pingxiang", "requirement.yaml"))
	wantRefusal(t, err, refuse.KindInvalid)
	_, err = o.PutFiscal(t.Context(), bureauPX, "GX-PX", 2024, 0, sampleText(t, "pingxiang", "fiscal.yaml"))
	wantRefusal(t, err, refuse.KindInvalid)
}

func TestASecondStartInstallsNothingTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "zutuan.db")
	clock := &testClock{noon}
	first, err := Open(t.Context(), Config{Store: openStore(t, path), Rules: rules.FS, Clock: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	edition, err := first.Edition(t.Context())
	if err != nil || len(edition.Broken) > 0 || len(edition.Desk.Library.Products) != 38 {
		t.Fatalf("the edition: %v, %v", edition, err)
	}
	count, _ := first.store.Count(t.Context(), store.KindProductVersion, nil)
	second, err := Open(context.Background(), Config{Store: openStore(t, path), Rules: rules.FS, Clock: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	again, err := second.Edition(t.Context())
	if err != nil || again.ID != edition.ID {
		t.Errorf("the edition became %v, %v", again, err)
	}
	if now, _ := second.store.Count(t.Context(), store.KindProductVersion, nil); now != count || now != 38 {
		t.Errorf("%d versions became %d", count, now)
	}
}
