package office

import (
	"context"
	"encoding/json"
	"time"

	"zutuan/internal/casework"
	"zutuan/internal/funding"
	"zutuan/internal/gate"
	"zutuan/internal/money"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

// RequirementBody is a funding requirement: the document as the bureau handed it in, and where it stands.
type RequirementBody struct {
	// Document is a zutuan/requirement/v1 as canonical JSON.
	Document json.RawMessage `json:"document"`
	// DocumentHash is its SHA-256; a plan that was made on another one is out of date.
	DocumentHash string      `json:"document_hash"`
	Status       gate.Status `json:"status"`
	// Zone, Cluster and Name repeat the document's, for lists.
	Zone    string `json:"zone"`
	Cluster string `json:"cluster"`
	Name    string `json:"name"`
	// Requested is the peak gap before financing: what is asked for.
	Requested money.Amount `json:"requested"`
	Owner     string       `json:"owner"`
	// SubmittedAt is the moment of the last submission, nil while it is a draft.
	SubmittedAt *time.Time `json:"submitted_at,omitempty"`
}

// Requirement is a requirement as people see it.
type Requirement struct {
	Meta
	RequirementBody
}

var requirements = noun[RequirementBody]{store.KindRequirement, func(b *RequirementBody) store.Fields {
	fields := store.Fields{"status": store.Text(string(b.Status)), "zone": store.Text(b.Zone), "cluster": store.Text(b.Cluster), "name": store.Text(clip(b.Name)),
		"owner": store.Text(b.Owner), "requested": store.Amount(b.Requested)}
	if b.SubmittedAt != nil {
		fields["submitted_at"] = store.Time(*b.SubmittedAt)
	}
	return fields
}}

// clip cuts a text to what an index keeps, at a character.
func clip(text string) string {
	for i := range text {
		if i > store.MaxTextBytes-4 {
			return text[:i]
		}
	}
	return text
}

// RequirementFilter narrows a list of requirements.
type RequirementFilter struct {
	Region string
	Status gate.Status
	Zone   string
	// ByRequested orders by amount, else by last change; both descending.
	ByRequested bool
}

// ListRequirements lists what the actor may see, without documents. A liaison sees the submitted requirements that a
// product of the institution matches.
func (o *Office) ListRequirements(ctx context.Context, actor permit.Actor, filter RequirementFilter, paging Paging) (Page[Requirement], error) {
	if permit.ScopeOf(actor.Role, permit.OperationRequirementRead) == permit.ScopeMatched {
		return o.matchedRequirements(ctx, actor, paging)
	}
	where, err := o.visible(ctx, actor, permit.OperationRequirementRead, filter.Region)
	if err != nil {
		return Page[Requirement]{}, err
	}
	if filter.Status != "" {
		where = append(where, store.Equal("status", store.Text(string(filter.Status))))
	}
	if filter.Zone != "" {
		where = append(where, store.Equal("zone", store.Text(filter.Zone)))
	}
	sort := store.FieldUpdated
	if filter.ByRequested {
		sort = "requested"
	}
	page, err := o.store.List(ctx, store.Query{Kind: store.KindRequirement, Where: where, Sort: sort, Descending: true, Limit: paging.Limit, After: paging.After})
	return pageOf(page, err, func(r store.Record) (Requirement, error) {
		body, err := bodyWithoutDocument[RequirementBody](r)
		return Requirement{metaOf(r), body}, err
	})
}

// GetRequirement reads one requirement.
func (o *Office) GetRequirement(ctx context.Context, actor permit.Actor, id string) (Requirement, error) {
	record, body, err := o.requirement(ctx, actor, permit.OperationRequirementRead, id)
	return Requirement{metaOf(record), body}, err
}

// requirement reads a record and checks what the actor may do with it.
func (o *Office) requirement(ctx context.Context, actor permit.Actor, operation permit.Operation, id string) (store.Record, RequirementBody, error) {
	if err := allowed(actor, operation); err != nil {
		return store.Record{}, RequirementBody{}, err
	}
	record, body, err := requirements.get(ctx, o, id)
	if err != nil {
		return record, body, err
	}
	matched, err := o.matchedBy(ctx, actor, record.ID, body.Status)
	if err != nil {
		return record, RequirementBody{}, err
	}
	subject := permit.Subject{Owner: body.Owner, Region: record.Region, Matched: matched}
	if err := o.check(ctx, actor, operation, permit.OperationRequirementRead, store.KindRequirement, id, subject); err != nil {
		return store.Record{}, RequirementBody{}, err
	}
	return record, body, nil
}

// CreateRequirement keeps a new requirement as a draft. The document must read without mistakes; whether it can be
// financed is asked later.
func (o *Office) CreateRequirement(ctx context.Context, actor permit.Actor, text []byte) (Requirement, error) {
	if err := allowed(actor, permit.OperationRequirementWrite); err != nil {
		return Requirement{}, err
	}
	body, region, err := o.readRequirement(ctx, actor, text)
	if err != nil {
		return Requirement{}, err
	}
	id, err := o.NewID("req")
	if err != nil {
		return Requirement{}, err
	}
	body.Status, body.Owner = gate.StatusDraft, who(actor)
	record, err := requirements.create(ctx, o, id, region, &body, store.Change{Who: who(actor), Action: "create"})
	return Requirement{metaOf(record), body}, err
}

// UpdateRequirement replaces the document. Plans that were made on the old one go back to draft.
func (o *Office) UpdateRequirement(ctx context.Context, actor permit.Actor, id string, expected int64, text []byte) (Requirement, error) {
	if _, _, err := o.requirement(ctx, actor, permit.OperationRequirementWrite, id); err != nil {
		return Requirement{}, err
	}
	if err := conditional(expected); err != nil {
		return Requirement{}, err
	}
	read, region, err := o.readRequirement(ctx, actor, text)
	if err != nil {
		return Requirement{}, err
	}
	record, body, err := requirements.update(ctx, o, id, expected, store.Change{Who: who(actor), Action: "update"}, func(r store.Record, kept *RequirementBody) error {
		if region != r.Region {
			return refuse.New(refuse.KindInvalid, "region", "需求不能改到另一个边合区；请新建一份", "a requirement cannot move to another zone; create a new one").
				With(refuse.Point{Code: "region", Pointer: "/zone", ZH: "边合区与原需求不同", EN: "the zone differs from the one before"})
		}
		read.Status, read.Owner, read.SubmittedAt = kept.Status, kept.Owner, kept.SubmittedAt
		*kept = read
		return nil
	})
	if err != nil {
		return Requirement{}, err
	}
	return Requirement{metaOf(record), body}, o.inputsChanged(ctx, record.Region)
}

// readRequirement reads a document, says where it belongs, and what it asks for.
func (o *Office) readRequirement(ctx context.Context, actor permit.Actor, text []byte) (RequirementBody, string, error) {
	kase, err := casework.ReadRequirementAlone("requirement.json", text)
	if err != nil {
		return RequirementBody{}, "", problems(err, "")
	}
	edition, err := o.Edition(ctx)
	if err != nil {
		return RequirementBody{}, "", err
	}
	document, err := store.Canonical(json.RawMessage(text))
	if err != nil {
		return RequirementBody{}, "", err
	}
	requirement := kase.Requirement
	region, err := o.regionOfZone(ctx, edition, requirement)
	if err != nil {
		return RequirementBody{}, "", err
	}
	if err := o.check(ctx, actor, permit.OperationRequirementWrite, permit.OperationRequirementWrite, store.KindRegion, region, permit.Subject{Region: region}); err != nil {
		return RequirementBody{}, "", foreignZone(requirement.Zone)
	}
	body := RequirementBody{Document: document, DocumentHash: hashOf(document), Zone: region, Cluster: requirement.Cluster.Code, Name: requirement.Name}
	if simulation, err := kase.Simulate(0); err == nil {
		body.Requested = simulation.Answer().Summary.PeakGap
	}
	return body, region, nil
}

// regionOfZone is the region of the zone that a requirement names, by code or alias.
func (o *Office) regionOfZone(ctx context.Context, edition *Edition, requirement *funding.Requirement) (string, error) {
	tree, err := o.Tree(ctx)
	if err != nil {
		return "", err
	}
	if zone, known := edition.Desk.Library.Zone(requirement.Zone); known && tree.Has(zone.Code) {
		return zone.Code, nil
	}
	if tree.Has(requirement.Zone) {
		return requirement.Zone, nil
	}
	return "", foreignZone(requirement.Zone)
}

// foreignZone reads the same for a zone that does not exist and for one that is not the actor's.
func foreignZone(zone string) error {
	return refuse.New(refuse.KindInvalid, "zone", "需求所属的边合区不存在或不在您的辖区内", "the requirement's zone does not exist or is not yours").
		With(refuse.Point{Code: "zone", Pointer: "/zone", ZH: "请填写您辖区内的边合区代码或名称，现在是 " + zone, EN: "give the code or name of a zone of yours, not " + zone})
}

// StepRequirement takes a requirement one step on: submit, withdraw, close, revise. Submitted ones are matched in the
// background from then on.
func (o *Office) StepRequirement(ctx context.Context, actor permit.Actor, id string, expected int64, step gate.Step, reason string) (Requirement, error) {
	if _, _, err := o.requirement(ctx, actor, permit.OperationRequirementSubmit, id); err != nil {
		return Requirement{}, err
	}
	if err := conditional(expected); err != nil {
		return Requirement{}, err
	}
	change := store.Change{Who: who(actor), Action: string(step), Why: reason}
	record, body, err := requirements.update(ctx, o, id, expected, change, func(_ store.Record, kept *RequirementBody) error {
		next, err := gate.RequirementLife.Take(step, gate.Moment{Status: kept.Status, Actor: actor, Authors: []string{kept.Owner}, Reason: reason})
		if err != nil {
			return err
		}
		kept.Status = next
		if next == gate.StatusSubmitted {
			now := o.clock().UTC().Truncate(time.Millisecond)
			kept.SubmittedAt = &now
		}
		return nil
	})
	if err != nil {
		return Requirement{}, err
	}
	o.wake()
	return Requirement{metaOf(record), body}, nil
}

// RequirementTrail is the audit trail of a requirement; a liaison does not see it.
func (o *Office) RequirementTrail(ctx context.Context, actor permit.Actor, id string) ([]TrailEntry, error) {
	if _, _, err := o.requirement(ctx, actor, permit.OperationRequirementRead, id); err != nil {
		return nil, err
	}
	if permit.ScopeOf(actor.Role, permit.OperationRequirementRead) == permit.ScopeMatched {
		return nil, forbidden(permit.OperationRequirementRead)
	}
	return o.trail(ctx, store.KindRequirement, id)
}
