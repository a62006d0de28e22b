package office

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"zutuan/internal/funding"
	"zutuan/internal/gate"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/rulecheck"
	"zutuan/internal/store"
)

// PublishDraft makes a reviewed draft the next version of its product or pack. Whoever reviews is another person than
// those who wrote it, and has seen an impact that is of this very text under the rules as they stand now.
//
// Order of the writes: the version comes first and makes everything visible; then the draft is marked, then the version
// before gets its last day. A crash between them is mended by publishing again, which finds the version by its draft. The
// version's number follows from the rules that the impact was held against; of two people who publish at once, in one
// process or in two, one therefore finds the number taken, and nothing of theirs is written.
func (o *Office) PublishDraft(ctx context.Context, actor permit.Actor, id string, expected int64, reason string) (Version, error) {
	record, body, err := o.draft(ctx, actor, id, toReview)
	if err != nil {
		return Version{}, err
	}
	if err := conditional(expected); err != nil {
		return Version{}, err
	}
	made, done, err := o.publishedFrom(ctx, &body, id)
	if err != nil {
		return Version{}, err
	}
	if !done {
		if record.Version != expected {
			return Version{}, refusal(store.Conflict(store.KindDraft, id, record.Version))
		}
		// What another process has just written is looked for too.
		o.refresh()
		edition, err := o.Edition(ctx)
		if err != nil {
			return Version{}, err
		}
		if err := o.publishable(ctx, actor, &body); err != nil {
			return Version{}, err
		}
		if made, err = o.publishVersion(ctx, actor, id, &body, edition.nextNumber(body.Type, body.Pack), reason); err != nil {
			return Version{}, err
		}
	}
	return made, o.finishPublishing(ctx, actor, id, made)
}

// publishedFrom finds the version that a draft became, where a publication was cut short.
func (o *Office) publishedFrom(ctx context.Context, body *DraftBody, draft string) (Version, bool, error) {
	if body.Status == gate.StatusDraft {
		return Version{}, false, nil
	}
	versions, err := o.versionsOfPack(ctx, body.Type, body.Pack)
	for _, version := range versions {
		if version.Draft == draft {
			return version, true, err
		}
	}
	return Version{}, false, err
}

// versionsOfPack are all versions of one product or pack, the oldest first.
func (o *Office) versionsOfPack(ctx context.Context, t PackType, pack string) ([]Version, error) {
	field := "pack"
	if t == PackProduct {
		field = "product"
	}
	var versions []Version
	err := o.each(ctx, store.Query{Kind: kindOfVersion(t), Where: []store.Filter{store.Equal(field, store.Text(pack))}, Sort: store.FieldUpdated}, func(r store.Record) error {
		version, err := versionView(r)
		versions = append(versions, version)
		return err
	})
	slices.SortFunc(versions, func(a, b Version) int { return a.Number - b.Number })
	return versions, err
}

// publishable refuses, all at once, whatever stands against publishing now.
func (o *Office) publishable(ctx context.Context, actor permit.Actor, body *DraftBody) error {
	refused := refuse.New(refuse.KindConflict, "publish", "还不能发布，请先处理以下各项", "it cannot be published yet; settle each of these first")
	_, err := lifeOf(body.Type).Take(gate.StepPublish, gate.Moment{Status: body.Status, Actor: actor, Authors: body.Authors})
	var step *refuse.Error
	if errors.As(err, &step) {
		refused.With(step.Points...)
	} else if err != nil {
		return err
	}
	points, err := o.impactPoints(ctx, body)
	if err != nil {
		return err
	}
	refused.With(points...)
	if from := parseDay(body.EffectiveFrom); body.Status == gate.StatusInReview && from.Before(o.Today()) {
		refused.With(refuse.Point{Code: "past", Pointer: "/effective_from", ZH: "生效日 " + body.EffectiveFrom + " 已过；请退回后重新提交", EN: "the day " + body.EffectiveFrom + " from which it was to hold has passed; return it and hand it in again"})
	}
	if points, err = o.unready(ctx, body); err != nil {
		return err
	}
	if refused.With(points...); len(refused.Points) > 0 {
		return refused
	}
	return nil
}

// impactPoints says what is missing of an impact: there is none, or it is of another text, of other rules, or of other
// requirements.
func (o *Office) impactPoints(ctx context.Context, body *DraftBody) ([]refuse.Point, error) {
	if body.Impact == nil {
		return []refuse.Point{{Code: "impact_missing", ZH: "尚未测算对存量需求的影响；请先测算", EN: "the impact on stored requirements was not computed; compute it first"}}, nil
	}
	report, err := o.RecallImpact(ctx, body.Impact.Snapshot)
	if err != nil {
		return nil, err
	}
	return o.ImpactStale(ctx, report, body.Digest)
}

// nextNumber is the number of the version that a product or pack gets next, as an edition knows it.
func (e *Edition) nextNumber(t PackType, pack string) int {
	list := e.Manifest.Packs
	if t == PackProduct {
		list = e.Manifest.Products
	}
	last := 0
	for _, version := range list {
		if of, number := splitVersion(version.ID); of == pack {
			last = max(last, number)
		}
	}
	return last + 1
}

// publishVersion writes the version under a number that must be free.
func (o *Office) publishVersion(ctx context.Context, actor permit.Actor, draft string, body *DraftBody, number int, reason string) (Version, error) {
	kept := VersionBody{Type: body.Type, Pack: body.Pack, Number: number, Institution: body.Institution, Name: body.Name, Text: body.Text, Digest: body.Digest,
		Status: gate.StatusPublished, EffectiveFrom: body.EffectiveFrom, EffectiveTo: body.EffectiveTo, Author: body.Authors[0], Reviewer: who(actor), Draft: draft, Impact: body.Impact.Snapshot, Reason: reason}
	record, err := versionsOf(body.Type).create(ctx, o, versionID(body.Pack, number), "", &kept, store.Change{Who: who(actor), Action: "publish", Why: reason})
	if isCode(err, string(store.CodeExists)) {
		return Version{}, refuse.Newf(refuse.KindConflict, "published_meanwhile", "另一人刚刚发布了 %s 的第 %d 版；请重新测算影响后再发布", "somebody else has just published version %[2]d of %[1]s; compute the impact again before publishing", body.Pack, number)
	}
	if err != nil {
		return Version{}, err
	}
	o.rulesChanged()
	return Version{metaOf(record), kept}, nil
}

// finishPublishing marks the draft, and gives the version before its last day. Both may be repeated.
func (o *Office) finishPublishing(ctx context.Context, actor permit.Actor, draft string, made Version) error {
	change := store.Change{Who: who(actor), Action: string(gate.StepPublish), Why: made.Reason}
	_, _, err := drafts.update(ctx, o, draft, 0, change, func(_ store.Record, kept *DraftBody) error {
		if kept.Status == gate.StatusPublished {
			return errUnchanged
		}
		kept.Status, kept.PublishedAs = gate.StatusPublished, made.ID
		return nil
	})
	if err := unlessUnchanged(err); err != nil {
		return err
	}
	versions, err := o.versionsOfPack(ctx, made.Type, made.Pack)
	if err != nil {
		return err
	}
	lastDay := day(parseDay(made.EffectiveFrom).AddDate(0, 0, -1))
	for _, version := range versions {
		if version.Number >= made.Number || version.Status != gate.StatusPublished {
			continue
		}
		why := fmt.Sprintf("被 %s 取代 / superseded by %s", made.ID, made.ID)
		_, _, err := versionsOf(made.Type).update(ctx, o, version.ID, 0, store.Change{Who: who(actor), Action: string(gate.StepSupersede), Why: why}, func(_ store.Record, kept *VersionBody) error {
			if kept.Status != gate.StatusPublished {
				return errUnchanged
			}
			kept.Status = gate.StatusSuperseded
			if kept.EffectiveTo == "" || kept.EffectiveTo > lastDay {
				kept.EffectiveTo = lastDay
			}
			return nil
		})
		if err := unlessUnchanged(err); err != nil {
			return err
		}
	}
	o.rulesChanged()
	return nil
}

// RetireVersion ends a version for good from a day on. One that plans under way stand on is not retired under them.
func (o *Office) RetireVersion(ctx context.Context, actor permit.Actor, t PackType, id string, expected int64, lastDay time.Time, reason string) (Version, error) {
	version, err := o.GetVersion(ctx, actor, t, id)
	if err != nil {
		return Version{}, err
	}
	ops := operationsOf(t)
	if err := allowed(actor, ops.retire); err != nil {
		return Version{}, err
	}
	tree, err := o.Tree(ctx)
	if err != nil {
		return Version{}, err
	}
	if !permit.May(tree, actor, ops.retire, permit.Subject{Institution: version.Institution}) {
		return Version{}, forbidden(ops.retire)
	}
	if err := conditional(expected); err != nil {
		return Version{}, err
	}
	if lastDay.IsZero() {
		lastDay = o.Today()
	}
	refused := refuse.New(refuse.KindConflict, "retire", "还不能停用，请先处理以下各项", "it cannot be retired yet; settle each of these first")
	if lastDay.Before(o.Today()) {
		refused.With(refuse.Point{Code: "past", Pointer: "/last_day", ZH: "停用日不能早于今天", EN: "the last day cannot be before today"})
	}
	users, err := o.plansOn(ctx, t, id)
	if err != nil {
		return Version{}, err
	}
	for _, plan := range users {
		refused.With(refuse.Point{Code: "in_use", ZH: "正在办理的方案 " + plan + " 使用这个版本；请等其定稿或退回", EN: "the plan " + plan + ", which is under way, stands on this version; wait until it is final or returned"})
	}
	if len(refused.Points) > 0 {
		return Version{}, refused
	}
	record, body, err := versionsOf(t).update(ctx, o, id, expected, store.Change{Who: who(actor), Action: string(gate.StepRetire), Why: reason}, func(_ store.Record, kept *VersionBody) error {
		next, err := lifeOf(t).Take(gate.StepRetire, gate.Moment{Status: kept.Status, Actor: actor, Reason: reason})
		if err != nil {
			return err
		}
		kept.Status, kept.EffectiveTo, kept.Reason = next, day(lastDay), reason
		return nil
	})
	if err != nil {
		return Version{}, err
	}
	o.rulesChanged()
	return Version{metaOf(record), body}, nil
}

// VersionDiff says in words what differs between two versions.
type VersionDiff struct {
	From    string             `json:"from"`
	To      string             `json:"to"`
	Changes []rulecheck.Change `json:"changes"`
}

// DiffVersions compares two versions of a product or pack, or a version with a draft, in the words of the dictionary. An empty from
// is the version before, or the one that a draft was begun from.
func (o *Office) DiffVersions(ctx context.Context, actor permit.Actor, t PackType, from, to string) (VersionDiff, error) {
	edition, err := o.Edition(ctx)
	if err != nil {
		return VersionDiff{}, err
	}
	if from == "" {
		if from, err = o.comesFrom(ctx, actor, to); err != nil {
			return VersionDiff{}, err
		}
	}
	before, err := o.textOf(ctx, actor, t, from)
	if err != nil {
		return VersionDiff{}, err
	}
	after, err := o.textOf(ctx, actor, t, to)
	if err != nil {
		return VersionDiff{}, err
	}
	library := edition.Desk.Library
	a, b := compileVersion(library, t, from, []byte(before)), compileVersion(library, t, to, []byte(after))
	if err := errors.Join(a.err, b.err); err != nil {
		return VersionDiff{}, problems(err, "")
	}
	out := VersionDiff{From: from, To: to, Changes: diffCompiled(t, a, b)}
	if out.Changes == nil {
		out.Changes = []rulecheck.Change{}
	}
	return out, nil
}

// comesFrom is what a version or a draft is compared with where nobody says.
func (o *Office) comesFrom(ctx context.Context, actor permit.Actor, id string) (string, error) {
	pack, number := splitVersion(id)
	if number > 1 {
		return versionID(pack, number-1), nil
	}
	if number == 0 {
		draft, err := o.GetDraft(ctx, actor, id)
		if err != nil || draft.BasedOn != "" {
			return draft.BasedOn, err
		}
	}
	return "", refuse.New(refuse.KindInvalid, "with", "没有更早的版本；请写明与哪一版或哪份草稿比较", "there is no version before; say which version or draft to compare with").
		With(refuse.Point{Code: "required", Pointer: "with", ZH: "请写明与哪一版或哪份草稿比较", EN: "say which version or draft to compare with"})
}

// textOf is the text of a version or of a draft that the actor may see.
func (o *Office) textOf(ctx context.Context, actor permit.Actor, t PackType, id string) (string, error) {
	if _, number := splitVersion(id); number > 0 {
		version, err := o.GetVersion(ctx, actor, t, id)
		return version.Text, err
	}
	draft, err := o.GetDraft(ctx, actor, id)
	return draft.Text, err
}

func diffCompiled(t PackType, a, b compiled) []rulecheck.Change {
	switch t {
	case PackProduct:
		return rulecheck.Diff(a.product, b.product)
	case PackRisk:
		return rulecheck.DiffRiskPacks(a.risk, b.risk)
	}
	return rulecheck.DiffStressPacks(a.stress, b.stress)
}

// Document is a legal document with what rests on it.
type Document struct {
	rulecheck.DocumentUse
	Mark *Mark `json:"mark,omitempty"`
}

// ListDocuments lists the register of documents as it stands, marks included.
func (o *Office) ListDocuments(ctx context.Context, actor permit.Actor) ([]funding.Document, error) {
	if err := allowed(actor, permit.OperationPackRead); err != nil {
		return nil, err
	}
	edition, err := o.Edition(ctx)
	if err != nil {
		return nil, err
	}
	return edition.Desk.Library.Documents.All(), nil
}

// DocumentUses lists every rule and parameter that rests on a document.
func (o *Office) DocumentUses(ctx context.Context, actor permit.Actor, id string) (Document, error) {
	if err := allowed(actor, permit.OperationPackRead); err != nil {
		return Document{}, err
	}
	edition, err := o.Edition(ctx)
	if err != nil {
		return Document{}, err
	}
	use, nearest, found := rulecheck.UsesOf(edition.Desk.Library, id)
	if !found {
		refused := refuse.Unknown("document", id)
		for _, near := range nearest {
			refused.With(refuse.Point{Code: "nearest", ZH: "相近的有 " + near, EN: "near is " + near})
		}
		return Document{}, refused
	}
	if use.Dependents == nil {
		use.Dependents = []rulecheck.Dependent{}
	}
	out := Document{DocumentUse: use}
	record, body, err := marks.get(ctx, o, markID(id))
	if err == nil {
		out.Mark = &Mark{metaOf(record), body}
	} else if !isCode(err, "not_found") {
		return Document{}, err
	}
	return out, nil
}

func markID(document string) string { return hashOf([]byte(document))[:40] }

// RepealDocument marks a document repealed, or takes a mark back, and answers with everything that depends on it. It
// changes no rule: whoever owns a rule decides what takes its place.
func (o *Office) RepealDocument(ctx context.Context, actor permit.Actor, expected int64, mark MarkBody) (Document, error) {
	if err := allowed(actor, permit.OperationDocumentWrite); err != nil {
		return Document{}, err
	}
	use, err := o.DocumentUses(ctx, actor, mark.Document)
	if err != nil {
		return Document{}, err
	}
	if use.Mark != nil && use.Mark.Version != expected {
		return Document{}, refusal(store.Conflict(store.KindMark, use.Mark.ID, use.Mark.Version))
	}
	refused := refuse.New(refuse.KindInvalid, "mark", "标记有误", "the mark has mistakes")
	if mark.Status != MarkRepealed && mark.Status != MarkWithdrawn {
		refused.With(refuse.Point{Code: "enum", Pointer: "/status", ZH: "状态应为 repealed 或 withdrawn", EN: "the status is repealed or withdrawn"})
	}
	if mark.Status == MarkRepealed && parseDay(mark.Day).IsZero() {
		refused.With(refuse.Point{Code: "date", Pointer: "/day", ZH: "请写明废止日，如 2026-06-30", EN: "give the day of the repeal, such as 2026-06-30"})
	}
	if len(refused.Points) > 0 {
		return Document{}, refused
	}
	mark.Author = who(actor)
	if _, err := put(ctx, o, marks, markID(mark.Document), "", expected, who(actor), &mark); err != nil {
		return Document{}, err
	}
	o.rulesChanged()
	return o.DocumentUses(ctx, actor, mark.Document)
}
