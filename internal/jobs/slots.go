package jobs

import (
	"context"
	"net/url"
	"strings"

	"zutuan/internal/permit"
	"zutuan/internal/store"
)

// A key is kept unique by the store: a job claims a slot, a unique index field, and no two records carry the same.
//
//	live:<type>:<who>/<key>  the one job of the key that waits or runs
//	next:<type>:<who>/<key>  the one that waits until that one has ended
//
// A job in the slot "next" moves to "live" in the very write that starts it, which the store refuses for as long as
// another one is there. Whoever submits looks at "next" first, so what is asked for while a follow-up waits joins it.
// Between the look and the claim somebody else may be quicker; in that narrow gap two jobs of a key may wait. Then both
// run, one after the other: a submission is followed by one start too many, never by none.
const (
	livePrefix = "live:"
	nextPrefix = "next:"
)

// slotName is a key without its prefix. Keys of people are their own, so that nobody joins a job that he may not see;
// those of the service are one room.
func slotName(by permit.Actor, kind, key string) string {
	who := ""
	if !by.System {
		who = url.PathEscape(by.User)
	}
	return kind + ":" + who + "/" + key
}

// liveSlot is the slot in which a job runs; a job without a key has none.
func liveSlot(slot string) string {
	if name, waits := strings.CutPrefix(slot, nextPrefix); waits {
		return livePrefix + name
	}
	return slot
}

// holder finds the job in a slot.
func (r *Runner) holder(ctx context.Context, slot string) (record store.Record, ok bool, err error) {
	page, err := r.store.List(ctx, store.Query{Kind: store.KindJob, Where: []store.Filter{store.Equal("slot", store.Text(slot))}, Limit: 1})
	if err != nil || len(page.Records) == 0 {
		return store.Record{}, false, err
	}
	return page.Records[0], true, nil
}

// blocked reports whether a follow-up has to wait still.
func (r *Runner) blocked(ctx context.Context, record store.Record) (bool, error) {
	slot := record.Fields["slot"].Text()
	if !strings.HasPrefix(slot, nextPrefix) {
		return false, nil
	}
	_, held, err := r.holder(ctx, liveSlot(slot))
	return held, err
}
