package office

import (
	"context"
	"slices"
	"time"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/gate"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

// DraftBody is a version of a product or pack that people still work on. Its text may be unfinished and wrong; what is
// wrong keeps it from being handed in for review, not from being kept.
type DraftBody struct {
	Type PackType `json:"type"`
	// Pack is the id of the product or pack that it becomes a version of, Institution whose product it is. Both stay.
	Pack        string       `json:"pack"`
	Institution string       `json:"institution,omitempty"`
	Name        funding.Text `json:"name"`
	Text        string       `json:"text"`
	Digest      string       `json:"digest"`
	Status      gate.Status  `json:"status"`
	// BasedOn is the published version that it was begun from, empty for a new product.
	BasedOn string `json:"based_on,omitempty"`
	// Authors are all who wrote on it; none of them reviews it.
	Authors []string `json:"authors"`
	// EffectiveFrom and EffectiveTo are the days asked for at submission.
	EffectiveFrom string `json:"effective_from,omitempty"`
	EffectiveTo   string `json:"effective_to,omitempty"`
	// Impact is the newest impact that was computed of it.
	Impact *DraftImpact `json:"impact,omitempty"`
	// ReturnedBecause is why the reviewer gave it back last.
	ReturnedBecause string `json:"returned_because,omitempty"`
	// PublishedAs is the version that it became.
	PublishedAs string `json:"published_as,omitempty"`
}

// DraftImpact names an impact report and what it was computed of.
type DraftImpact struct {
	// Snapshot holds the report.
	Snapshot string    `json:"snapshot"`
	Edition  string    `json:"edition"`
	Digest   string    `json:"digest"`
	At       time.Time `json:"at"`
}

// Draft is a draft as people see it.
type Draft struct {
	Meta
	DraftBody
}

var drafts = noun[DraftBody]{store.KindDraft, func(b *DraftBody) store.Fields {
	return store.Fields{"type": store.Text(string(b.Type)), "pack": store.Text(b.Pack), "institution": store.Text(b.Institution), "status": store.Text(string(b.Status)), "author": store.Text(b.Authors[0])}
}}

// draftOperations are what a draft of a product, and one of a pack, ask of whoever works on it.
type draftOperations struct{ read, write, review, retire permit.Operation }

func operationsOf(t PackType) draftOperations {
	if t == PackProduct {
		return draftOperations{permit.OperationDraftRead, permit.OperationDraftWrite, permit.OperationDraftReview, permit.OperationProductRetire}
	}
	return draftOperations{permit.OperationPackDraftRead, permit.OperationPackDraftWrite, permit.OperationPackReview, permit.OperationPackRetire}
}

func lifeOf(t PackType) *gate.Life {
	if t == PackProduct {
		return gate.ProductLife
	}
	return gate.PackLife
}

// NewDraft is how a draft is begun: from a published version, or from a text of one's own.
type NewDraft struct {
	Type PackType
	// From is the version to begin from, "cdb-park-infrastructure@1"; empty for a new product or pack.
	From string
	// Text is the text to begin with; empty takes that of From.
	Text string
}

// CreateDraft begins a draft.
func (o *Office) CreateDraft(ctx context.Context, actor permit.Actor, wanted NewDraft) (Draft, error) {
	if err := knownType(wanted.Type); err != nil {
		return Draft{}, err
	}
	if err := allowed(actor, operationsOf(wanted.Type).write); err != nil {
		return Draft{}, err
	}
	body := DraftBody{Type: wanted.Type, Text: wanted.Text, Status: gate.StatusDraft, BasedOn: wanted.From, Authors: []string{who(actor)}}
	if wanted.From != "" {
		from, err := o.GetVersion(ctx, actor, wanted.Type, wanted.From)
		if isCode(err, "not_found") {
			return Draft{}, refuse.Newf(refuse.KindInvalid, "from", "没有已发布的版本 %s", "there is no published version %s", wanted.From).
				With(refuse.Point{Code: "unknown_version", Pointer: "/from", ZH: "没有已发布的版本 " + wanted.From, EN: "there is no published version " + wanted.From})
		}
		if err != nil {
			return Draft{}, err
		}
		body.Pack, body.Institution, body.Name = from.Pack, from.Institution, from.Name
		if body.Text == "" {
			body.Text = from.Text
		}
	} else if err := o.newPack(ctx, &body); err != nil {
		return Draft{}, err
	}
	// Everybody knows what is published, so that this is no secret: it is another institution's.
	tree, err := o.Tree(ctx)
	if err != nil {
		return Draft{}, err
	}
	if write := operationsOf(body.Type).write; !permit.May(tree, actor, write, permit.Subject{Institution: body.Institution}) {
		return Draft{}, forbidden(write)
	}
	if err := boundText(body.Text); err != nil {
		return Draft{}, err
	}
	body.Digest = hashOf([]byte(body.Text))
	id, err := o.NewID("draft")
	if err != nil {
		return Draft{}, err
	}
	record, err := drafts.create(ctx, o, id, "", &body, store.Change{Who: who(actor), Action: "create"})
	return Draft{metaOf(record), body}, err
}

// newPack takes id, institution and name of a new product or pack from its text, which must be whole enough to say them.
func (o *Office) newPack(ctx context.Context, body *DraftBody) error {
	edition, err := o.Edition(ctx)
	if err != nil {
		return err
	}
	id, institution, name, problems := headOf(body.Text)
	if len(problems) > 0 {
		return refuse.Problems(problems, "/text")
	}
	for _, version := range slices.Concat(edition.Manifest.Products, edition.Manifest.Packs) {
		if pack, _ := splitVersion(version.ID); pack == id {
			return refuse.Newf(refuse.KindConflict, "pack_exists", "编号 %s 已有已发布的版本；请以该版本为基础新建草稿", "there are published versions of %s; begin the draft from one of them", id)
		}
	}
	body.Pack, body.Institution, body.Name = id, institution, name
	return nil
}

// headOf reads the few keys of a text that say what it is, whatever else is still missing.
func headOf(text string) (id, institution string, name funding.Text, problems document.Problems) {
	reader, err := document.Parse("draft.yaml", []byte(text))
	if err != nil {
		return "", "", name, asProblems(err)
	}
	root := reader.Root().Object()
	id = root.Required("id").String()
	institution = root.Optional("institution").String()
	names := root.Required("name").Object()
	name.ZH, name.EN = names.Optional("zh").String(), names.Optional("en").String()
	return id, institution, name, reader.Problems()
}

// boundText refuses a text that no reader would take.
func boundText(text string) error {
	if len(text) <= document.MaxBytes {
		return nil
	}
	return refuse.Newf(refuse.KindTooLarge, "too_large", "文本超过 %d 字节", "the text is larger than %d bytes", document.MaxBytes)
}

func knownType(t PackType) error {
	if t == PackProduct || t == PackRisk || t == PackStress {
		return nil
	}
	return refuse.New(refuse.KindInvalid, "type", "类型应为 product、risk 或 stress", "the type is product, risk or stress").
		With(refuse.Point{Code: "enum", Pointer: "/type", ZH: "类型应为 product、risk 或 stress", EN: "the type is product, risk or stress"})
}

// checkDraftOwner checks what an actor may do with a draft; another institution's draft is unknown.
func (o *Office) checkDraftOwner(ctx context.Context, actor permit.Actor, operation permit.Operation, id string, body *DraftBody) error {
	return o.check(ctx, actor, operation, operationsOf(body.Type).read, store.KindDraft, id, permit.Subject{Institution: body.Institution})
}

// draft reads a record and checks what the actor may do with it. pick chooses the operation, which depends on the type.
func (o *Office) draft(ctx context.Context, actor permit.Actor, id string, pick func(draftOperations) permit.Operation) (store.Record, DraftBody, error) {
	record, body, err := drafts.get(ctx, o, id)
	if err != nil {
		return record, body, err
	}
	if err := o.checkDraftOwner(ctx, actor, pick(operationsOf(body.Type)), id, &body); err != nil {
		return store.Record{}, DraftBody{}, err
	}
	return record, body, nil
}

// The operations that drafts are read under.
func toRead(ops draftOperations) permit.Operation   { return ops.read }
func toWrite(ops draftOperations) permit.Operation  { return ops.write }
func toReview(ops draftOperations) permit.Operation { return ops.review }

// GetDraft reads one draft.
func (o *Office) GetDraft(ctx context.Context, actor permit.Actor, id string) (Draft, error) {
	record, body, err := o.draft(ctx, actor, id, toRead)
	return Draft{metaOf(record), body}, err
}

// DraftTrail is the audit trail of a draft.
func (o *Office) DraftTrail(ctx context.Context, actor permit.Actor, id string) ([]TrailEntry, error) {
	if _, _, err := o.draft(ctx, actor, id, toRead); err != nil {
		return nil, err
	}
	return o.trail(ctx, store.KindDraft, id)
}

// ListDrafts lists drafts without their texts: a liaison those of the institution, a risk officer those of packs.
func (o *Office) ListDrafts(ctx context.Context, actor permit.Actor, status gate.Status, paging Paging) (Page[Draft], error) {
	var where []store.Filter
	switch {
	case permit.ScopeOf(actor.Role, permit.OperationDraftRead) == permit.ScopeInstitution:
		where = append(where, store.Equal("institution", store.Text(actor.Institution)))
	case permit.ScopeOf(actor.Role, permit.OperationPackDraftRead) == permit.ScopeAll:
		where = append(where, store.OneOf("type", []store.Value{store.Text(string(PackRisk)), store.Text(string(PackStress))}))
	default:
		return Page[Draft]{}, forbidden(permit.OperationDraftRead)
	}
	if status != "" {
		where = append(where, store.Equal("status", store.Text(string(status))))
	}
	page, err := o.store.List(ctx, store.Query{Kind: store.KindDraft, Where: where, Sort: store.FieldUpdated, Descending: true, Limit: paging.Limit, After: paging.After})
	return pageOf(page, err, func(r store.Record) (Draft, error) {
		body, err := bodyOf[DraftBody](r)
		body.Text = ""
		return Draft{metaOf(r), body}, err
	})
}

// UpdateDraft replaces the text of a draft, finished or not.
func (o *Office) UpdateDraft(ctx context.Context, actor permit.Actor, id string, expected int64, text string) (Draft, error) {
	if _, _, err := o.draft(ctx, actor, id, toWrite); err != nil {
		return Draft{}, err
	}
	if err := conditional(expected); err != nil {
		return Draft{}, err
	}
	if err := boundText(text); err != nil {
		return Draft{}, err
	}
	record, body, err := drafts.update(ctx, o, id, expected, store.Change{Who: who(actor), Action: "update"}, func(_ store.Record, kept *DraftBody) error {
		if err := editable(kept); err != nil {
			return err
		}
		kept.Text, kept.Digest = text, hashOf([]byte(text))
		if !slices.Contains(kept.Authors, who(actor)) {
			kept.Authors = append(kept.Authors, who(actor))
		}
		if _, _, name, problems := headOf(text); len(problems) == 0 {
			kept.Name = name
		}
		return nil
	})
	return Draft{metaOf(record), body}, err
}

// editable refuses a change of what is being reviewed or was published.
func editable(body *DraftBody) error {
	switch body.Status {
	case gate.StatusDraft:
		return nil
	case gate.StatusInReview:
		return refuse.New(refuse.KindConflict, "in_review", "草稿正在复核，不能修改；请复核人先退回", "the draft is under review and cannot be changed; ask the reviewer to return it")
	}
	return refuse.Newf(refuse.KindConflict, "published", "已发布为 %s，发布的版本不能修改；请以它为基础新建草稿", "it was published as %s, and a published version never changes; begin a new draft from it", body.PublishedAs)
}

// StepDraft hands a draft in for review or returns it. Publishing has its own use case.
func (o *Office) StepDraft(ctx context.Context, actor permit.Actor, id string, expected int64, step DraftStep) (Draft, error) {
	pick := toWrite
	if step.Step == gate.StepReturn {
		pick = toReview
	}
	_, read, err := o.draft(ctx, actor, id, pick)
	if err != nil {
		return Draft{}, err
	}
	if err := conditional(expected); err != nil {
		return Draft{}, err
	}
	if step.Step == gate.StepSubmit {
		if err := o.checkSubmission(ctx, &read, step); err != nil {
			return Draft{}, err
		}
	}
	record, body, err := drafts.update(ctx, o, id, expected, store.Change{Who: who(actor), Action: string(step.Step), Why: step.Reason}, func(_ store.Record, kept *DraftBody) error {
		next, err := lifeOf(kept.Type).Take(step.Step, gate.Moment{Status: kept.Status, Actor: actor, Authors: kept.Authors, Reason: step.Reason})
		if err != nil {
			return err
		}
		kept.Status = next
		if step.Step == gate.StepSubmit {
			kept.EffectiveFrom, kept.EffectiveTo, kept.ReturnedBecause = day(step.EffectiveFrom), day(step.EffectiveTo), ""
		} else {
			kept.ReturnedBecause = step.Reason
		}
		return nil
	})
	return Draft{metaOf(record), body}, err
}

// DraftStep is a step of a draft: submit with the days from and until which it is to hold, or return with a reason.
type DraftStep struct {
	Step                       gate.Step
	Reason                     string
	EffectiveFrom, EffectiveTo time.Time
}

// checkSubmission refuses, all at once, whatever keeps a draft from being reviewed: mistakes, failing tests, musts that no
// test sees both ways, days that cannot be.
func (o *Office) checkSubmission(ctx context.Context, body *DraftBody, step DraftStep) error {
	refused := refuse.New(refuse.KindConflict, "draft_unfinished", "草稿还不能提交复核，请先处理以下各项", "the draft cannot be reviewed yet; settle each of these first")
	switch {
	case step.EffectiveFrom.IsZero():
		refused.With(refuse.Point{Code: "missing", Pointer: "/effective_from", ZH: "请写明从哪一天起生效", EN: "say from which day it is to hold"})
	case step.EffectiveFrom.Before(o.Today()):
		refused.With(refuse.Point{Code: "past", Pointer: "/effective_from", ZH: "生效日不能早于今天（" + day(o.Today()) + "）：已作出的结论不因后来的规则改变", EN: "it cannot hold from before today (" + day(o.Today()) + "): what was decided stays decided"})
	}
	if !step.EffectiveTo.IsZero() && step.EffectiveTo.Before(step.EffectiveFrom) {
		refused.With(refuse.Point{Code: "order", Pointer: "/effective_to", ZH: "失效日早于生效日", EN: "the last day is before the first"})
	}
	points, err := o.unready(ctx, body)
	if err != nil {
		return err
	}
	if refused.With(points...); len(refused.Points) > 0 {
		return refused
	}
	return nil
}

// unready lists what is wrong with a draft as a version: mistakes, another id, failing tests, gaps in coverage.
func (o *Office) unready(ctx context.Context, body *DraftBody) ([]refuse.Point, error) {
	edition, err := o.Edition(ctx)
	if err != nil {
		return nil, err
	}
	library := edition.Desk.Library
	made := compileVersion(library, body.Type, draftFile, []byte(body.Text))
	if made.err != nil {
		if found := asProblems(made.err); found != nil {
			return refuse.Problems(found, "/text").Points, nil
		}
		return nil, made.err
	}
	points := sameHead(body, made)
	if body.Type != PackProduct {
		return points, nil
	}
	report := o.testDraft(edition, made.product)
	for _, result := range report.Results {
		if !result.Passed {
			points = append(points, refuse.Point{Code: "test_failed", Path: result.Path, Line: result.Line, ZH: "测试“" + result.Name + "”未通过：" + result.Problem.ZH, EN: "the test \"" + result.Name + "\" fails: " + result.Problem.EN})
		}
	}
	for _, rule := range report.Rules {
		if rule.Level == "must" && (!rule.Passed || !rule.Failed) {
			points = append(points, refuse.Point{Code: "not_covered", Path: "rules." + rule.Rule, ZH: "没有测试同时看到规则 " + rule.Rule + " 通过和不通过", EN: "no tests see the rule " + rule.Rule + " both pass and fail"})
		}
	}
	for _, branch := range report.Branches {
		if !branch.Taken {
			points = append(points, refuse.Point{Code: "not_covered", Path: branch.Place, ZH: "没有测试走到 " + branch.Place + " 的分支 " + branch.Branch, EN: "no test takes the branch " + branch.Branch + " of " + branch.Place})
		}
	}
	return points, nil
}

// sameHead refuses a text that calls itself something else than the draft was begun as.
func sameHead(body *DraftBody, made compiled) []refuse.Point {
	id, institution := "", ""
	switch body.Type {
	case PackProduct:
		id, institution = made.product.ID, made.product.Institution
	case PackRisk:
		id = made.risk.ID
	case PackStress:
		id = made.stress.ID
	}
	var points []refuse.Point
	if id != body.Pack {
		points = append(points, refuse.Point{Code: "id", Path: "id", ZH: "编号应为 " + body.Pack + "，现在是 " + id, EN: "the id is " + body.Pack + ", not " + id})
	}
	if body.Type == PackProduct && institution != body.Institution {
		points = append(points, refuse.Point{Code: "institution", Path: "institution", ZH: "机构应为 " + body.Institution + "，现在是 " + institution, EN: "the institution is " + body.Institution + ", not " + institution})
	}
	return points
}

// draftFile is the name under which a draft's text is read.
const draftFile = "draft.yaml"
