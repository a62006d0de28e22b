package office

import (
	"context"

	"zutuan/internal/store"
)

// noteImpact ties an impact report to its draft.
func (o *Office) noteImpact(ctx context.Context, id string, impact DraftImpact) (Draft, error) {
	record, body, err := drafts.update(ctx, o, id, 0, store.Change{Who: "system:impact", Action: "impact"}, func(_ store.Record, kept *DraftBody) error {
		kept.Impact = &impact
		return nil
	})
	return Draft{metaOf(record), body}, err
}
