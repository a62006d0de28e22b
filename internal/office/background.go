package office

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"zutuan/internal/jobs"
	"zutuan/internal/store"
)

// The types of jobs that the office does. Those that people ask for carry their actor, whose permissions are checked again
// when the job runs.
const (
	JobRematchRequirement = "rematch.requirement"
	JobRematchAll         = "rematch.all"
	JobRematchPart        = "rematch.part"
	JobReviewPlans        = "plans.review"
	JobImpact             = "impact"
)

// background is what the office keeps for work that nobody waits for.
type background struct {
	prepared preparedCache
	demand   demandTable
	// followers counts the goroutines of Start.
	followers sync.WaitGroup
	// partSize is rematchPartSize, but in tests.
	partSize int
	// settled is told each requirement that was brought in line; tests end a process there.
	settled func(id string)
}

// Start registers the office's jobs and follows the changes of the store until ctx ends. It is called once, before
// runner.Start. Every process calls it: one of them follows the changes at a time, the jobs are shared by all.
func (o *Office) Start(ctx context.Context, runner *jobs.Runner) {
	o.register(runner)
	f := &follower{office: o, submit: func(ctx context.Context, kind string, input any, options jobs.SubmitOptions) error {
		_, _, err := runner.Submit(ctx, backgroundActor, kind, input, options)
		return err
	}}
	o.background.followers.Go(func() { f.run(ctx) })
}

// Wait returns when what Start began has ended, which is soon after its context ended.
func (o *Office) Wait() { o.background.followers.Wait() }

// register names who does which job.
func (o *Office) register(runner *jobs.Runner) {
	runner.Register(JobRematchRequirement, func(ctx context.Context, task *jobs.Task) (any, error) {
		var input rematchRequirementInput
		if err := task.Decode(&input); err != nil {
			return nil, err
		}
		return o.rematchRequirement(ctx, input.Requirement)
	})
	runner.Register(JobRematchAll, func(ctx context.Context, task *jobs.Task) (any, error) {
		return o.rematchAll(ctx, task, func(input rematchPartInput, key string) error {
			_, _, err := runner.Submit(ctx, backgroundActor, JobRematchPart, input, jobs.SubmitOptions{Key: key, Again: true})
			return err
		})
	})
	runner.Register(JobRematchPart, func(ctx context.Context, task *jobs.Task) (any, error) {
		var input rematchPartInput
		if err := task.Decode(&input); err != nil {
			return nil, err
		}
		return o.rematchPart(ctx, task, input)
	})
	runner.Register(JobReviewPlans, func(ctx context.Context, _ *jobs.Task) (any, error) {
		reopened, err := o.ReviewOpenPlans(ctx, "")
		return reviewResult{reopened}, err
	})
	runner.Register(JobImpact, o.impactJob)
	o.registerPlans(runner)
}

// reviewResult counts the plans that were taken back to draft.
type reviewResult struct {
	Reopened int `json:"reopened"`
}

type rematchRequirementInput struct {
	Requirement string `json:"requirement"`
}

// rematchPartInput is a range of requirement ids, the end not included; empty: to the end.
type rematchPartInput struct {
	From  string `json:"from"`
	Below string `json:"below"`
}

// rematchPartSize is how many requirements one process takes at once; one that dies loses the computing of so many.
const rematchPartSize = 500

// rematchAll brings every open requirement in line: by itself where there are few, else in parts that all processes share.
func (o *Office) rematchAll(ctx context.Context, task *jobs.Task, submit func(rematchPartInput, string) error) (RematchResult, error) {
	var ids []string
	for kind, open := range map[string]store.Filter{store.KindRequirement: openRequirements, store.KindStanding: store.Equal("status", store.Text(string(StandingOpen)))} {
		err := o.each(ctx, store.Query{Kind: kind, Where: []store.Filter{open}, WithoutBody: true}, func(r store.Record) error {
			ids = append(ids, r.ID)
			return nil
		})
		if err != nil {
			return RematchResult{}, err
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	size := cmp.Or(o.background.partSize, rematchPartSize)
	if len(ids) <= size {
		return o.rematchPart(ctx, task, rematchPartInput{})
	}
	parts := 0
	for first := 0; first < len(ids); first += size {
		input := rematchPartInput{From: ids[first]}
		if first == 0 {
			input.From = ""
		}
		if next := first + size; next < len(ids) {
			input.Below = ids[next]
		}
		if err := submit(input, fmt.Sprintf("%s..%s", input.From, input.Below)); err != nil {
			return RematchResult{}, err
		}
		parts++
		task.Progress(int64(min(first+size, len(ids))), int64(len(ids)), "正在分派重新匹配", "handing out the re-match")
	}
	return RematchResult{Parts: parts}, nil
}

// rematchPlace is the checkpoint of a part: what lies up to After was brought in line.
type rematchPlace struct {
	After string `json:"after"`
}

func (o *Office) rematchPart(ctx context.Context, task *jobs.Task, input rematchPartInput) (RematchResult, error) {
	var place rematchPlace
	if _, err := task.Restore(&place); err != nil {
		return RematchResult{}, err
	}
	// The last one that is done is looked at once more; it has nothing to be written.
	from := max(input.From, place.After)
	return o.rematchRange(ctx, from, input.Below, func(done, total int) {
		task.Progress(int64(done), int64(total), "正在重新匹配存量需求", "matching open requirements again")
	}, func(id string) error { return task.Checkpoint(rematchPlace{After: id}) })
}

// follower turns changes of the store into jobs. How far it has come is kept in the store, after the jobs were submitted:
// whatever ends it, nothing is missed, and what is submitted twice joins the job that is there.
type follower struct {
	office *Office
	submit func(ctx context.Context, kind string, input any, options jobs.SubmitOptions) error
	lease  store.Lease
}

// cursorBody is how far the changes were followed: the place in each feed, and the rules and the day that everything was
// matched under.
type cursorBody struct {
	Seqs    map[string]int64 `json:"seqs"`
	Day     string           `json:"day"`
	Rules   string           `json:"rules"`
	Edition string           `json:"edition"`
}

var cursors = noun[cursorBody]{kind: store.KindCursor}

const (
	// followerName is the follower's lease and the id of its cursor.
	followerName = "office.follow"
	// followEvery is how soon a change of another process is noticed; those of this process wake the follower.
	followEvery = time.Second
	// followLease is after how long another process follows on where one died. It is renewed when a third of it is over.
	followLease = 15 * time.Second
	// followRest bounds the pause after a failure.
	followRest = time.Minute
	// followSingly is how many requirements are matched again one by one; more are a re-match of all.
	followSingly = 200
)

// followed are the kinds whose changes matter to requirements or plans.
var followed = []string{store.KindRegion, store.KindRequirement, store.KindLedger, store.KindFiscalProfile, store.KindOverride, store.KindProductVersion, store.KindPackVersion, store.KindMarket, store.KindMark}

// run follows until ctx ends.
func (f *follower) run(ctx context.Context) {
	owner, err := f.office.NewID("follower")
	if err != nil {
		f.office.logger.Error("changes are not followed", "error", err)
		return
	}
	defer f.release()
	for failures := 0; ; {
		err := f.turn(ctx, owner)
		pause := followEvery
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			failures++
			pause = min(followEvery<<min(failures, 10), followRest)
			f.office.logger.Error("changes could not be followed; trying again", "error", err, "pause", pause)
		default:
			failures = 0
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-f.office.watch:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// release lets another process follow at once.
func (f *follower) release() {
	if f.lease.Owner == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), followLease)
	defer cancel()
	if err := f.office.store.Release(ctx, f.lease); err != nil {
		f.office.logger.Warn("the follower's lease could not be released", "error", err)
	}
}

// turn follows once, where no other process does.
func (f *follower) turn(ctx context.Context, owner string) error {
	if left := f.lease.Expires.Sub(f.office.clock()); left < followLease*2/3 || left > followLease {
		lease, err := f.office.store.Acquire(ctx, followerName, owner, followLease)
		if errors.Is(err, store.ErrHeld) {
			f.lease = store.Lease{}
			return nil
		}
		if err != nil {
			return err
		}
		f.lease = lease
	}
	return f.follow(ctx)
}

// news is what changed since the cursor.
type news struct {
	requirements, regions []string
	// everything says that all requirements are concerned, and any that plans may be.
	everything, any bool
}

// follow submits what follows from the changes since the cursor, and then moves it.
func (f *follower) follow(ctx context.Context) error {
	o := f.office
	record, cursor, err := cursors.get(ctx, o, followerName)
	if err != nil && !isCode(err, "not_found") {
		return err
	}
	next := cursorBody{Seqs: map[string]int64{}}
	found, err := f.gather(ctx, &cursor, &next)
	if err != nil {
		return err
	}
	edition, err := o.Edition(ctx)
	if err != nil {
		return err
	}
	next.Day, next.Rules, next.Edition = day(o.Today()), edition.rulesKey(), edition.ID
	found.everything = found.everything || next.Day != cursor.Day || next.Rules != cursor.Rules
	found.any = found.any || found.everything || next.Edition != cursor.Edition
	if !found.any {
		return nil
	}
	if err := f.hand(ctx, found); err != nil {
		return err
	}
	change := store.Change{Who: backgroundActor.User, Action: "follow"}
	if record.Version == 0 {
		_, err = cursors.create(ctx, o, followerName, "", &next, change)
	} else {
		_, _, err = cursors.update(ctx, o, followerName, record.Version, change, func(_ store.Record, kept *cursorBody) error {
			*kept = next
			return nil
		})
	}
	return err
}

// gather reads the feeds.
func (f *follower) gather(ctx context.Context, from, to *cursorBody) (news, error) {
	var found news
	rules := false
	for _, kind := range followed {
		last := from.Seqs[kind]
		for {
			stamps, err := f.office.store.Changes(ctx, kind, last, store.MaxLimit)
			if err != nil {
				return found, err
			}
			for _, stamp := range stamps {
				last, found.any = stamp.Seq, true
				rules = rules || slices.Contains(editionKinds, kind)
				found.add(kind, stamp.ID)
			}
			if len(stamps) < store.MaxLimit {
				break
			}
		}
		to.Seqs[kind] = last
	}
	if rules {
		f.office.refresh()
	}
	return found, nil
}

func (n *news) add(kind, id string) {
	switch kind {
	case store.KindRegion:
		n.everything = true
	case store.KindRequirement:
		n.requirements = append(n.requirements, id)
	case store.KindLedger, store.KindFiscalProfile, store.KindOverride:
		n.regions = append(n.regions, kind+" "+id)
	}
	n.everything = n.everything || len(n.requirements) > followSingly
}

// hand submits the jobs.
func (f *follower) hand(ctx context.Context, found news) error {
	if !found.everything {
		if err := f.addRegions(ctx, &found); err != nil {
			return err
		}
	}
	if found.everything {
		if err := f.submit(ctx, JobRematchAll, struct{}{}, jobs.SubmitOptions{Key: "all", Again: true}); err != nil {
			return err
		}
	} else {
		slices.Sort(found.requirements)
		for _, id := range slices.Compact(found.requirements) {
			concerned, err := f.concerned(ctx, id)
			if err == nil && concerned {
				err = f.submit(ctx, JobRematchRequirement, rematchRequirementInput{id}, jobs.SubmitOptions{Key: id, Again: true})
			}
			if err != nil {
				return err
			}
		}
	}
	return f.submit(ctx, JobReviewPlans, struct{}{}, jobs.SubmitOptions{Key: "all", Again: true})
}

// concerned reports whether a requirement takes part in matching, or did: drafts are written to often and match nothing.
func (f *follower) concerned(ctx context.Context, id string) (bool, error) {
	record, err := f.office.store.Get(ctx, store.KindRequirement, id)
	if err != nil {
		return false, err
	}
	body, err := bodyOf[RequirementBody](record)
	if err != nil || body.open() {
		return true, err
	}
	record, err = f.office.store.Get(ctx, store.KindStanding, id)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	kept, err := keptOf(record)
	return kept.open() || kept.body.Unsettled, err
}

// addRegions adds the open requirements of regions whose ledger, fiscal profile or parameters changed. What belongs to a
// region counts in every region below it.
func (f *follower) addRegions(ctx context.Context, found *news) error {
	o := f.office
	tree, err := o.Tree(ctx)
	if err != nil {
		return err
	}
	places := map[string]bool{}
	for _, name := range found.regions {
		kind, id, _ := strings.Cut(name, " ")
		record, err := o.store.Get(ctx, kind, id)
		if err != nil {
			return err
		}
		for _, place := range tree.Subtree(record.Region) {
			places[place] = true
		}
	}
	if len(places) == 0 {
		return nil
	}
	var list []string
	for place := range places {
		list = append(list, place)
	}
	if slices.Sort(list); len(list) > store.MaxIn {
		found.everything = true
		return nil
	}
	err = o.each(ctx, store.Query{Kind: store.KindRequirement, Where: []store.Filter{store.Regions(list), openRequirements}, WithoutBody: true}, func(r store.Record) error {
		found.requirements = append(found.requirements, r.ID)
		return nil
	})
	found.everything = found.everything || len(found.requirements) > followSingly
	return err
}

// rulesKey names those parts of an edition that a match of products goes by; risk packs, stress packs, capital of
// institutions and repealed documents are none of them.
func (e *Edition) rulesKey() string {
	products := make([]string, 0, len(e.Desk.Library.Products))
	for _, product := range e.Desk.Library.Products {
		products = append(products, fmt.Sprintf("%s@%d %s %s %s", product.ID, product.Version, product.Digest, day(product.From), day(product.To)))
	}
	text, err := store.Canonical([]any{e.Manifest.Base, products, e.Manifest.Market})
	if err != nil {
		// All of it is texts, which always encode.
		panic(err)
	}
	return hashOf(text)
}
