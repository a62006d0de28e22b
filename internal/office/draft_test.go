package office

import (
	"errors"
	"strings"
	"testing"
	"time"

	"zutuan/internal/funding"
	"zutuan/internal/gate"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
)

var (
	liaison2  = permit.Actor{User: "usr_liaison2", Name: "国开行联络员乙", Role: permit.RoleLiaison, Institution: "cdb"}
	liaisonAD = permit.Actor{User: "usr_liaison_adbc", Name: "农发行联络员", Role: permit.RoleLiaison, Institution: "adbc"}
)

// parkLoan is the product that the tests publish anew.
const parkLoan = "cdb-park-infrastructure"

// beginDraft begins a draft of the park loan in which a text is replaced.
func beginDraft(t *testing.T, o *Office, old, new string) Draft {
	t.Helper()
	draft, err := o.CreateDraft(t.Context(), liaison, NewDraft{Type: PackProduct, From: parkLoan + "@1"})
	if err != nil {
		t.Fatal(err)
	}
	if old == "" {
		return draft
	}
	if !strings.Contains(draft.Text, old) {
		t.Fatalf("the product has no %q", old)
	}
	draft, err = o.UpdateDraft(t.Context(), liaison, draft.ID, draft.Version, strings.ReplaceAll(draft.Text, old, new))
	if err != nil {
		t.Fatal(err)
	}
	return draft
}

// submitDraft hands a draft in for a day, with its impact.
func submitDraft(t *testing.T, o *Office, draft Draft, from time.Time) Draft {
	t.Helper()
	draft = noteImpactOf(t, o, liaison, draft)
	draft, err := o.StepDraft(t.Context(), liaison, draft.ID, draft.Version, DraftStep{Step: gate.StepSubmit, EffectiveFrom: from})
	if err != nil {
		t.Fatal(err)
	}
	return draft
}

// noteImpactOf computes the impact of a draft.
func noteImpactOf(t *testing.T, o *Office, actor permit.Actor, draft Draft) Draft {
	t.Helper()
	report, err := o.Impact(t.Context(), actor, ImpactRequest{Type: draft.Type, Text: draft.Text}, nil)
	if err != nil {
		t.Fatal(err)
	}
	noted, err := o.noteImpact(t.Context(), draft.ID, DraftImpact{Snapshot: report.Snapshot, Edition: report.Edition, Digest: report.Digest, At: noon})
	if err != nil {
		t.Fatal(err)
	}
	return noted
}

func pointCodes(err error) []string {
	var refused *refuse.Error
	var codes []string
	if errors.As(err, &refused) {
		for _, point := range refused.Points {
			codes = append(codes, point.Code)
		}
	}
	return codes
}

func TestADraftIsPublishedByASecondPersonForNextMonday(t *testing.T) {
	o, _ := newOffice(t)
	requirement := handIn(t, o)
	monday := time.Date(2026, 7, 6, 0, 0, 0, 0, time.UTC)
	before, err := o.MatchRequirement(t.Context(), bureauPX, requirement.ID, time.Time{}, []string{parkLoan})
	if err != nil {
		t.Fatal(err)
	}
	draft := submitDraft(t, o, beginDraft(t, o, "产业园区基础设施中长期贷款", "产业园区基础设施中长期贷款（修订）"), monday)

	_, err = o.PublishDraft(t.Context(), liaison, draft.ID, draft.Version, "自己发布")
	wantRefusal(t, err, refuse.KindConflict)
	_, err = o.PublishDraft(t.Context(), liaisonAD, draft.ID, draft.Version, "他行")
	wantRefusal(t, err, refuse.KindUnknown)
	version, err := o.PublishDraft(t.Context(), liaison2, draft.ID, draft.Version, "文字更正")
	if err != nil {
		t.Fatal(err)
	}
	if version.ID != parkLoan+"@2" || version.EffectiveFrom != "2026-07-06" || version.Author != liaison.User || version.Reviewer != liaison2.User {
		t.Errorf("published %+v", version.VersionBody)
	}
	old, err := o.GetVersion(t.Context(), bureauPX, PackProduct, parkLoan+"@1")
	if err != nil || old.Status != gate.StatusSuperseded || old.EffectiveTo != "2026-07-05" {
		t.Errorf("the version before is %s until %s, %v", old.Status, old.EffectiveTo, err)
	}
	for _, look := range []struct {
		date    time.Time
		version int
	}{{time.Time{}, 1}, {monday.AddDate(0, 0, -1), 1}, {monday, 2}} {
		match, err := o.MatchRequirement(t.Context(), bureauPX, requirement.ID, look.date, []string{parkLoan})
		if err != nil || len(match.Products) != 1 || match.Products[0].Version != look.version {
			t.Errorf("on %s the match is %+v, %v; want version %d", look.date, match.Products, err, look.version)
		}
	}
	replay, err := o.ReplayMatch(t.Context(), bureauPX, before.ID)
	if err != nil || !replay.Identical {
		t.Errorf("the match from before the publication is computed again as %v, %v", replay.Identical, err)
	}
	_, err = o.UpdateDraft(t.Context(), liaison, draft.ID, draft.Version+1, draft.Text)
	wantRefusal(t, err, refuse.KindConflict)
}

func TestAnUnfinishedDraftIsKeptButNotSubmitted(t *testing.T) {
	o, _ := newOffice(t)
	draft := beginDraft(t, o, "need.capital_ratio", "need.capital_ratoi")
	found, err := o.CheckDraft(t.Context(), liaison, DraftText{Type: PackProduct, Text: draft.Text})
	if err != nil || len(found) == 0 || found[0].Line == 0 || found[0].Suggestion == "" {
		t.Errorf("the mistyped name is told as %+v, %v", found, err)
	}
	_, err = o.StepDraft(t.Context(), liaison, draft.ID, draft.Version, DraftStep{Step: gate.StepSubmit, EffectiveFrom: noon.AddDate(0, 0, -2)})
	wantRefusal(t, err, refuse.KindConflict)
	if codes := pointCodes(err); len(codes) < 2 || codes[0] != "past" {
		t.Errorf("refused for %v; want the day and every mistake", codes)
	}
}

func TestPublishingWithoutOrWithAStaleImpactIsRefused(t *testing.T) {
	o, _ := newOffice(t)
	draft := beginDraft(t, o, "", "")
	draft, err := o.StepDraft(t.Context(), liaison, draft.ID, draft.Version, DraftStep{Step: gate.StepSubmit, EffectiveFrom: o.Today()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = o.PublishDraft(t.Context(), liaison2, draft.ID, draft.Version, "")
	if codes := pointCodes(err); len(codes) != 1 || codes[0] != "impact_missing" {
		t.Errorf("refused for %v, %v", codes, err)
	}
	draft = noteImpactOf(t, o, liaison, draft)
	if _, err := o.RepealDocument(t.Context(), riskGX, 0, MarkBody{Document: "国发〔2019〕26号", Status: MarkRepealed, Day: "2026-06-01"}); err != nil {
		t.Fatal(err)
	}
	_, err = o.PublishDraft(t.Context(), liaison2, draft.ID, draft.Version, "")
	if codes := pointCodes(err); len(codes) != 1 || codes[0] != "impact_stale" {
		t.Errorf("refused for %v, %v", codes, err)
	}
	// An impact that was computed before the rules changed is not noted afterwards.
	late, err := o.noteImpact(t.Context(), draft.ID, DraftImpact{Snapshot: "late", Edition: draft.Impact.Edition, Digest: draft.Digest})
	if err != nil || late.Impact.Snapshot == "late" || late.Version != draft.Version {
		t.Errorf("a late impact was noted: %+v, %v", late.Impact, err)
	}
	if versions, err := o.versionsOfPack(t.Context(), PackProduct, parkLoan); err != nil || len(versions) != 1 {
		t.Errorf("the refusals left %d versions, %v", len(versions), err)
	}
}

func TestOfTwoPublicationsOfOneProductTheSecondIsRefused(t *testing.T) {
	o, _ := newOffice(t)
	first := submitDraft(t, o, beginDraft(t, o, "", ""), o.Today())
	second := submitDraft(t, o, beginDraft(t, o, "", ""), o.Today())
	if _, err := o.PublishDraft(t.Context(), liaison2, first.ID, first.Version, ""); err != nil {
		t.Fatal(err)
	}
	_, err := o.PublishDraft(t.Context(), liaison2, second.ID, second.Version, "")
	if codes := pointCodes(err); len(codes) != 1 || codes[0] != "impact_stale" {
		t.Errorf("refused for %v, %v", codes, err)
	}
	// Where both looked before either wrote, the number of the version decides.
	_, err = o.publishVersion(t.Context(), liaison2, second.ID, &DraftBody{Type: PackProduct, Pack: parkLoan, Authors: []string{"x"}, Impact: &DraftImpact{}}, 2, "")
	wantRefusal(t, err, refuse.KindConflict)
	if versions, err := o.versionsOfPack(t.Context(), PackProduct, parkLoan); err != nil || len(versions) != 2 {
		t.Errorf("there are %d versions, %v", len(versions), err)
	}
	again, err := o.PublishDraft(t.Context(), liaison2, first.ID, first.Version+1, "")
	if err != nil || again.ID != parkLoan+"@2" {
		t.Errorf("publishing again what was published gave %s, %v; want the same version", again.ID, err)
	}
}

func TestAVersionIsRetiredWithItsReason(t *testing.T) {
	o, _ := newOffice(t)
	requirement := handIn(t, o)
	version, err := o.GetVersion(t.Context(), liaison, PackProduct, parkLoan+"@1")
	if err != nil {
		t.Fatal(err)
	}
	_, err = o.RetireVersion(t.Context(), liaison, PackProduct, version.ID, version.Version, time.Time{}, "")
	wantRefusal(t, err, refuse.KindConflict)
	_, err = o.RetireVersion(t.Context(), liaisonAD, PackProduct, version.ID, version.Version, time.Time{}, "停办")
	wantRefusal(t, err, refuse.KindForbidden)
	if _, err = o.RetireVersion(t.Context(), liaison, PackProduct, version.ID, version.Version, time.Time{}, "停办"); err != nil {
		t.Fatal(err)
	}
	match, err := o.MatchRequirement(t.Context(), bureauPX, requirement.ID, o.Today().AddDate(0, 0, 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range match.Products {
		if line.Product == parkLoan {
			t.Error("a retired product was asked the day after")
		}
	}
}

func TestARepealedDocumentListsWhatRestsOnIt(t *testing.T) {
	o, _ := newOffice(t)
	const circular = "国发〔2019〕26号"
	use, err := o.DocumentUses(t.Context(), liaison, circular)
	if err != nil || len(use.Dependents) == 0 {
		t.Fatalf("%+v, %v", use, err)
	}
	_, err = o.RepealDocument(t.Context(), liaison, 0, MarkBody{Document: circular, Status: MarkRepealed, Day: "2026-06-01"})
	wantRefusal(t, err, refuse.KindForbidden)
	marked, err := o.RepealDocument(t.Context(), riskGX, 0, MarkBody{Document: circular, Status: MarkRepealed, Day: "2026-06-01"})
	if err != nil || marked.Document.Status != "repealed" || len(marked.Dependents) != len(use.Dependents) || marked.Mark == nil {
		t.Errorf("marked %+v, %v", marked.Document, err)
	}
	if _, err := o.RepealDocument(t.Context(), riskGX, marked.Mark.Version, MarkBody{Document: circular, Status: MarkWithdrawn}); err != nil {
		t.Error(err)
	}
	if use, err = o.DocumentUses(t.Context(), liaison, circular); err != nil || use.Document.Status == "repealed" {
		t.Errorf("after the mark was taken back it is %s, %v", use.Document.Status, err)
	}
}

func TestADraftIsTriedWhileTyping(t *testing.T) {
	o, _ := newOffice(t)
	draft := beginDraft(t, o, "", "")
	verdicts, err := o.DraftVerdicts(t.Context(), liaison, DraftText{Type: PackProduct, Text: draft.Text}, []string{"req_unknown"}, []string{"pingxiang", "nowhere"}, noon)
	if err != nil || len(verdicts) != 3 {
		t.Fatalf("%v, %v", verdicts, err)
	}
	if verdicts[0].Problem == nil || verdicts[2].Problem == nil || verdicts[1].Answer == nil || verdicts[1].Answer.Verdict == funding.VerdictUndecided {
		t.Errorf("the verdicts are %+v", verdicts)
	}
	report, err := o.TestDraft(t.Context(), liaison, draft.ID)
	if err != nil || !report.Complete || report.Mutation.Killed != report.Mutation.Mutants {
		t.Errorf("the tests are %v, %+v, %v", report.Complete, report.Mutation, err)
	}
	if _, err := o.AnalyseDraft(t.Context(), liaison, draft.ID); err != nil {
		t.Error(err)
	}
}

func TestAPackIsDraftedComparedAndPublishedByRiskOfficers(t *testing.T) {
	o, _ := newOffice(t)
	page, err := o.ListVersions(t.Context(), riskGX, VersionFilter{Type: PackRisk}, Paging{})
	if err != nil || len(page.Items) == 0 {
		t.Fatalf("%v, %v", page, err)
	}
	from := page.Items[len(page.Items)-1]
	_, err = o.CreateDraft(t.Context(), liaison, NewDraft{Type: PackRisk, From: from.ID})
	wantRefusal(t, err, refuse.KindForbidden)
	draft, err := o.CreateDraft(t.Context(), riskGX, NewDraft{Type: PackRisk, From: from.ID})
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(draft.Text, from.Name.ZH, from.Name.ZH+"（修订）", 1)
	if changed == draft.Text {
		t.Fatalf("the pack does not say its name %s", from.Name.ZH)
	}
	if draft, err = o.UpdateDraft(t.Context(), riskGX, draft.ID, draft.Version, changed); err != nil {
		t.Fatal(err)
	}
	if found, err := o.CheckDraft(t.Context(), riskGX, DraftText{Type: PackRisk, Text: draft.Text + "\nnonsense: 1\n"}); err != nil || len(found) == 0 || found[0].Line == 0 {
		t.Errorf("an unknown key is told as %v, %v", found, err)
	}
	diff, err := o.DiffVersions(t.Context(), riskGX, PackRisk, from.ID, draft.ID)
	if err != nil || len(diff.Changes) != 1 {
		t.Errorf("the difference is %+v, %v", diff.Changes, err)
	}
	edition, err := o.Edition(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	draft = noteImpactOf(t, o, riskGX, draft)
	draft, err = o.StepDraft(t.Context(), riskGX, draft.ID, draft.Version, DraftStep{Step: gate.StepSubmit, EffectiveFrom: o.Today()})
	if err != nil {
		t.Fatal(err)
	}
	version, err := o.PublishDraft(t.Context(), riskGX2, draft.ID, draft.Version, "名称")
	if err != nil || version.Number != from.Number+1 {
		t.Fatalf("%+v, %v", version, err)
	}
	if after, err := o.Edition(t.Context()); err != nil || after.ID == edition.ID || len(after.Desk.Library.RiskPacks) != len(edition.Desk.Library.RiskPacks)+1 {
		t.Errorf("the rules did not take the pack, %v", err)
	}
}
