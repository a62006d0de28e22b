package office

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"zutuan/internal/funding"
	"zutuan/internal/gate"
	"zutuan/internal/store"
)

// standingStatuses are those in which somebody relies on what a plan's assessment read.
var standingStatuses = []gate.Status{gate.StatusSubmitted, gate.StatusInReview, gate.StatusApproved, gate.StatusFinalized}

// inputsChanged takes plans whose inputs lie in a region and changed back to draft. It is called after the write of the
// input, which stands whatever happens here: what is not finished now is finished by the watcher, and no step of a plan
// goes by what was not looked at again. See StepPlan for the order that makes one of the two see the other.
func (o *Office) inputsChanged(ctx context.Context, region string) error {
	if _, err := o.ReviewOpenPlans(context.WithoutCancel(ctx), region); err != nil {
		o.logger.Error("plans could not all be looked at after a change of their inputs; the watcher repeats it", "region", region, "error", err)
	}
	o.wake()
	return nil
}

// ReviewOpenPlans looks at every plan that was submitted, of a region and below it (empty: everywhere), and takes back
// to draft those that an input changed for; the reason lists what changed. It counts those it took back. It is asked for
// after rules or market data changed and when a day has begun; it may be repeated and run beside itself, because each plan
// is decided on by the version that was looked at.
func (o *Office) ReviewOpenPlans(ctx context.Context, region string) (reopened int, err error) {
	var where []store.Filter
	if region != "" {
		tree, err := o.Tree(ctx)
		if err != nil {
			return 0, err
		}
		where = append(where, store.Regions(tree.Subtree(region)))
	}
	var failed []error
	for _, status := range standingStatuses {
		filters := append([]store.Filter{store.Equal("status", store.Text(string(status)))}, where...)
		// The ids are read first: what a look changes would move under the page that is being read.
		var ids []string
		if err := o.each(ctx, store.Query{Kind: store.KindPlan, Where: filters, WithoutBody: true}, func(r store.Record) error { ids = append(ids, r.ID); return nil }); err != nil {
			return reopened, err
		}
		for _, id := range ids {
			if err := ctx.Err(); err != nil {
				return reopened, err
			}
			taken, err := o.reviewPlan(ctx, id)
			if taken {
				reopened++
			}
			// One plan that cannot be looked at must not keep the others standing.
			failed = append(failed, err)
		}
	}
	return reopened, errors.Join(failed...)
}

// reviewAttempts bounds how often a plan is looked at again because somebody changed it meanwhile; each time somebody's
// write succeeded, and whoever wrote looks again as well.
const reviewAttempts = 20

// reviewPlan takes one plan back to draft where an input changed, and says whether it did; a final plan that a later one
// replaced is superseded. The write names the version that was looked at, so a step that was taken meanwhile is looked
// at anew.
func (o *Office) reviewPlan(ctx context.Context, id string) (reopened bool, err error) {
	for range reviewAttempts {
		reopened, err = o.reviewOnce(ctx, id)
		if !isCode(err, "stale") {
			return reopened, err
		}
	}
	return false, err
}

func (o *Office) reviewOnce(ctx context.Context, id string) (bool, error) {
	record, body, err := plans.get(ctx, o, id)
	if err != nil {
		return false, err
	}
	if body.Status == gate.StatusFinalized {
		if later, err := o.laterFinal(ctx, id, &body); err != nil || later != "" {
			if err == nil {
				err = o.supersede(ctx, id, later)
			}
			return false, err
		}
	}
	situation, err := o.situation(ctx, record, &body)
	if err != nil {
		return false, err
	}
	why := gate.Reopening(situation)
	if len(why) == 0 {
		return false, nil
	}
	situation.Actor, situation.Reason = gateActor, reasonOf(why)
	if _, err := gate.TakePlan(gate.StepReopen, situation); err != nil {
		return false, err
	}
	change := store.Change{Who: gateActor.User, Action: string(gate.StepReopen), Why: situation.Reason}
	people := append(body.authored(), body.Reviewer)
	record, body, err = plans.update(ctx, o, id, record.Version, change, func(_ store.Record, kept *PlanBody) error {
		kept.toDraft()
		kept.Reopened = why
		return nil
	})
	if err != nil {
		return false, err
	}
	o.tellReopened(ctx, record, &body, people)
	return true, nil
}

// tellReopened tells those who worked on a plan. That it is a draft again, and why, stands in the plan; a notification that
// is lost in a crash loses nothing else.
func (o *Office) tellReopened(ctx context.Context, record store.Record, body *PlanBody, people []string) {
	text := funding.Text{ZH: "方案“" + body.Name + "”已退回草稿：", EN: "The plan “" + body.Name + "” is a draft again: "}
	for i, why := range body.Reopened {
		if i > 0 {
			text.ZH, text.EN = text.ZH+"；", text.EN+"; "
		}
		text.ZH, text.EN = text.ZH+why.ZH, text.EN+why.EN
	}
	for _, user := range people {
		note := NotificationBody{User: user, Type: NotificationPlanReopened, Text: text, SubjectKind: store.KindPlan, Subject: record.ID, Details: []OfferChange{}}
		if err := o.notify(ctx, "ntf_"+hashOf(fmt.Appendf(nil, "%s %d %s", record.ID, record.Version, user))[:40], record.Region, &note); err != nil {
			o.logger.Error("nobody was told that a plan was reopened", "plan", record.ID, "user", user, "error", err)
		}
	}
}

// reasonOf joins texts to the reason of a change, within what a trail keeps of one.
func reasonOf(texts []funding.Text) string {
	var zh, en []string
	for _, text := range texts {
		zh, en = append(zh, text.ZH), append(en, text.EN)
	}
	const half = store.MaxReasonBytes/2 - 16
	return cut(strings.Join(zh, "；"), half) + " / " + cut(strings.Join(en, "; "), half)
}

// cut shortens a text to a number of bytes, at a character.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	end := 0
	for i := range text {
		if i > most-len("…") {
			break
		}
		end = i
	}
	return text[:end] + "…"
}

// errUnchanged ends an update that finds nothing to do.
var errUnchanged = errors.New("nothing to change")

func unlessUnchanged(err error) error {
	if errors.Is(err, errUnchanged) {
		return nil
	}
	return err
}
