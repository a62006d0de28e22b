package office

import (
	"context"
	"errors"

	"zutuan/internal/permit"
	"zutuan/internal/store"
)

// noteImpact ties an impact report to its draft. One that was computed of another text than the draft now has, or under
// rules that have changed since, is not noted: it would only keep the reviewer from seeing that there is none.
func (o *Office) noteImpact(ctx context.Context, id string, impact DraftImpact) (Draft, error) {
	edition, err := o.Edition(ctx)
	if err != nil {
		return Draft{}, err
	}
	record, body, err := drafts.update(ctx, o, id, 0, store.Change{Who: "system:impact", Action: "impact"}, func(_ store.Record, kept *DraftBody) error {
		if kept.Digest != impact.Digest || edition.ID != impact.Edition {
			return errUnchanged
		}
		kept.Impact = &impact
		return nil
	})
	if errors.Is(err, errUnchanged) {
		record, body, err = drafts.get(ctx, o, id)
	}
	return Draft{metaOf(record), body}, err
}

// CheckImpactRequest says whether the actor may have the impact of a draft computed: whoever may write on it or review it.
func (o *Office) CheckImpactRequest(ctx context.Context, actor permit.Actor, id string) (Draft, error) {
	record, body, err := o.draft(ctx, actor, id, toWrite)
	return Draft{metaOf(record), body}, err
}
