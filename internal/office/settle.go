package office

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"zutuan/internal/funding"
	"zutuan/internal/impact"
	"zutuan/internal/money"
	"zutuan/internal/store"
)

// OfferChange is how one product's offer to a requirement differs from what was known before.
type OfferChange struct {
	Product     string       `json:"product"`
	Institution string       `json:"institution"`
	Name        funding.Text `json:"name"`
	// Kinds say in what it differs; gained and lost stand alone.
	Kinds  []impact.Kind   `json:"kinds"`
	Before impact.Standing `json:"before"`
	After  impact.Standing `json:"after"`
	// Reasons are the rules and terms that made the difference; empty for the first match of a requirement, and where the
	// old side could not be computed again.
	Reasons []impact.Reason `json:"reasons,omitempty"`
	Text    funding.Text    `json:"text"`
}

// settle writes what follows from a new answer, in the order that rematch.go gives.
func (o *Office) settle(ctx context.Context, v *viewpoint, m *moved) error {
	digest := m.fresh.digest()
	version := m.kept.version
	if m.kept.version == 0 || m.kept.body.digest() != digest {
		if err := o.tell(ctx, m, digest); err != nil {
			return err
		}
		if err := o.keepBasis(ctx, v, m); err != nil {
			return err
		}
		var err error
		if version, err = o.writeStanding(ctx, m, version, true); err != nil {
			return err
		}
	}
	if err := o.bringOffersInLine(ctx, m, version); err != nil {
		return err
	}
	_, err := o.writeStanding(ctx, m, version, false)
	if hook := o.background.settled; hook != nil && err == nil {
		hook(m.id)
	}
	return err
}

// writeStanding writes the standing against the version that was read, 0 for none, and returns the new one.
func (o *Office) writeStanding(ctx context.Context, m *moved, expected int64, unsettled bool) (int64, error) {
	body := m.fresh
	body.Unsettled = unsettled
	change := store.Change{Who: backgroundActor.User, Action: "rematch"}
	var record store.Record
	draft, err := standings.draft(m.id, m.region(), &body)
	if err != nil {
		return 0, err
	}
	if expected == 0 {
		record, err = o.store.Create(ctx, draft, change)
	} else {
		record, err = o.store.Update(ctx, store.KindStanding, m.id, expected, change, func(store.Record) (store.Draft, error) { return draft, nil })
	}
	if errors.Is(err, store.ErrExists) || errors.Is(err, store.ErrConflict) {
		return 0, errOvertaken
	}
	return record.Version, err
}

func (m *moved) region() string {
	if m.ready != nil {
		return m.ready.region
	}
	return m.kept.region
}

// keepBasis keeps the papers as snapshots, so that the next difference can be explained. A document that was replaced
// meanwhile is not there to be kept; its requirement is looked at anew.
func (o *Office) keepBasis(ctx context.Context, v *viewpoint, m *moved) error {
	if m.ready == nil {
		return nil
	}
	record, body, err := requirements.get(ctx, o, m.id)
	if err != nil {
		return err
	}
	if body.DocumentHash != m.ready.hash {
		return errOvertaken
	}
	if _, err := o.keep(ctx, record.Region, body.Document); err != nil {
		return err
	}
	return v.keepRegion(ctx, m.ready)
}

// keepRegion keeps the papers of a requirement's region once for each viewpoint.
func (v *viewpoint) keepRegion(ctx context.Context, r *ready) error {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	if r.papers.kept {
		return nil
	}
	for _, text := range []json.RawMessage{r.papers.ledgerText, r.papers.fiscalText} {
		if text == nil {
			continue
		}
		if _, err := v.office.keep(ctx, r.region, text); err != nil {
			return err
		}
	}
	r.papers.kept = true
	return nil
}

// bringOffersInLine makes an institution's offer open or lost as the standing says.
func (o *Office) bringOffersInLine(ctx context.Context, m *moved, standing int64) error {
	order, lines := m.fresh.institutions()
	there := map[string]bool{}
	var stale []string
	err := o.each(ctx, store.Query{Kind: store.KindOffer, Where: []store.Filter{store.Equal("requirement", store.Text(m.id))}, Sort: "institution", WithoutBody: true}, func(r store.Record) error {
		institution := r.Fields["institution"].Text()
		if there[institution] = true; lines[institution] == nil && r.Fields["status"].Text() == string(OfferOpen) {
			stale = append(stale, institution)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, institution := range order {
		if err := o.putOffer(ctx, m, institution, lines[institution], standing, there[institution]); err != nil {
			return err
		}
	}
	for _, institution := range stale {
		if err := o.putOffer(ctx, m, institution, []OfferLine{}, standing, true); err != nil {
			return err
		}
	}
	return nil
}

// putOffer writes one institution's offer, unless it says the same already or follows a later standing.
func (o *Office) putOffer(ctx context.Context, m *moved, institution string, lines []OfferLine, standing int64, there bool) error {
	wanted := OfferBody{Requirement: m.id, Zone: m.region(), Institution: institution, Status: OfferOpen, Lines: lines, Standing: standing, Date: m.fresh.Basis.Date}
	if len(lines) == 0 {
		wanted.Status = OfferLost
	}
	for _, line := range lines {
		if line.Size != nil {
			wanted.Size = max(wanted.Size, *line.Size)
		}
	}
	if m.ready != nil {
		wanted.RequirementName = m.ready.name
	}
	change := store.Change{Who: backgroundActor.User, Action: string(wanted.Status)}
	if !there {
		_, err := offers.create(ctx, o, offerID(m.id, institution), m.region(), &wanted, change)
		if !isCode(err, string(store.CodeExists)) {
			return err
		}
	}
	_, _, err := offers.update(ctx, o, offerID(m.id, institution), 0, change, func(_ store.Record, kept *OfferBody) error {
		if kept.Standing > standing {
			return errUnchanged
		}
		next := wanted
		next.Note = kept.Note
		if m.ready == nil {
			next.RequirementName = kept.RequirementName
		}
		if kept.says(&next) {
			return errUnchanged
		}
		*kept = next
		return nil
	})
	return unlessUnchanged(err)
}

// says reports whether two offers are the same to whoever reads them.
func (b *OfferBody) says(other *OfferBody) bool {
	return b.Status == other.Status && b.RequirementName == other.RequirementName && b.Size == other.Size && textOf(b.Lines) == textOf(other.Lines)
}

func textOf(lines []OfferLine) string {
	text, err := store.Canonical(lines)
	if err != nil {
		// Lines hold texts and numbers only, which always encode.
		panic(err)
	}
	return string(text)
}

// tell writes the owner's notifications.
func (o *Office) tell(ctx context.Context, m *moved, digest string) error {
	if m.ready == nil || m.ready.owner == "" {
		return nil
	}
	byType := map[NotificationType][]OfferChange{}
	for _, change := range m.changes() {
		t := typeOf(change.Kinds)
		byType[t] = append(byType[t], change)
	}
	for _, t := range []NotificationType{NotificationOfferGained, NotificationOfferLost, NotificationOfferChanged} {
		if len(byType[t]) == 0 {
			continue
		}
		id := "ntf_" + hashOf(fmt.Appendf(nil, "%s %s %d %s", m.id, t, m.kept.version, digest))[:40]
		body := NotificationBody{User: m.ready.owner, Type: t, Text: m.headline(t, byType[t]), SubjectKind: store.KindRequirement, Subject: m.id, Details: byType[t]}
		if err := o.notify(ctx, id, m.ready.region, &body); err != nil {
			return err
		}
	}
	return nil
}

func typeOf(kinds []impact.Kind) NotificationType {
	switch kinds[0] {
	case impact.KindGained:
		return NotificationOfferGained
	case impact.KindLost:
		return NotificationOfferLost
	}
	return NotificationOfferChanged
}

// changes lists the products whose offers differ, by id, with the reasons where they are known.
func (m *moved) changes() []OfferChange {
	before, after := linesOf(&m.kept.body), linesOf(&m.fresh)
	var ids []string
	for id := range before {
		ids = append(ids, id)
	}
	for id := range after {
		if _, both := before[id]; !both {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	why := map[string]*impact.ProductDiff{}
	if m.diff != nil {
		for i := range m.diff.Products {
			why[m.diff.Products[i].Product] = &m.diff.Products[i]
		}
	}
	var out []OfferChange
	for _, id := range ids {
		if change, differs := offerChange(before[id], after[id], why[id]); differs {
			out = append(out, change)
		}
	}
	return out
}

func linesOf(body *StandingBody) map[string]*StandingLine {
	lines := map[string]*StandingLine{}
	for i := range body.Lines {
		lines[body.Lines[i].Product] = &body.Lines[i]
	}
	return lines
}

// offerChange compares two lines of one product, either of which may be nil. What moves in score alone is not told: nobody
// decides by it.
func offerChange(before, after *StandingLine, why *impact.ProductDiff) (OfferChange, bool) {
	var change OfferChange
	switch {
	case before == nil:
		change = OfferChange{Product: after.Product, Institution: after.Institution, Name: after.Name, Kinds: []impact.Kind{impact.KindGained}, After: after.Standing}
	case after == nil:
		change = OfferChange{Product: before.Product, Institution: before.Institution, Name: before.Name, Kinds: []impact.Kind{impact.KindLost}, Before: before.Standing}
	default:
		change = OfferChange{Product: after.Product, Institution: after.Institution, Name: after.Name, Kinds: differences(&before.Standing, &after.Standing), Before: before.Standing, After: after.Standing}
	}
	if len(change.Kinds) == 0 {
		return change, false
	}
	if why != nil {
		change.Reasons = why.Reasons
		// The side without an offer has a verdict all the same.
		if before == nil {
			change.Before = why.Before
		}
		if after == nil {
			change.After = why.After
		}
	}
	change.Text = change.words()
	return change, true
}

func differences(before, after *impact.Standing) []impact.Kind {
	var kinds []impact.Kind
	add := func(kind impact.Kind, differs bool) {
		if differs {
			kinds = append(kinds, kind)
		}
	}
	add(impact.KindVerdict, before.Verdict != after.Verdict)
	add(impact.KindCost, costText(before) != costText(after))
	add(impact.KindSize, sizeText(before) != sizeText(after))
	add(impact.KindTerms, before.TenorQuarters != after.TenorQuarters || before.GraceQuarters != after.GraceQuarters)
	add(impact.KindRank, before.Rank != after.Rank)
	return kinds
}

func costText(s *impact.Standing) string {
	if s.AllInCost == nil {
		return "—"
	}
	return *s.AllInCost
}

func sizeText(s *impact.Standing) string {
	if s.Size == nil {
		return "—"
	}
	return s.Size.String()
}

// sizeShown and costShown are the size and the cost of an offer as people read them; which of them differ is decided by
// sizeText and costText, which round nothing.
func sizeShown(s *impact.Standing) funding.Text {
	if s.Size == nil {
		return funding.Text{ZH: "—", EN: "—"}
	}
	return funding.Text{ZH: s.Size.Show(money.Chinese), EN: s.Size.Show(money.English)}
}

func costShown(s *impact.Standing) string {
	cost, err := money.ParseRate(costText(s))
	if err != nil {
		return costText(s)
	}
	return cost.Shift(2).String() + "%"
}

// verdictNames are the verdicts as a bureau reads them.
var verdictNames = map[funding.Verdict]funding.Text{
	funding.VerdictEligible: {ZH: "可行", EN: "eligible"}, funding.VerdictConditional: {ZH: "有条件可行", EN: "conditional"},
	funding.VerdictUndecided: {ZH: "资料不足", EN: "undecided"}, funding.VerdictNearMiss: {ZH: "差一点", EN: "near miss"},
	funding.VerdictIneligible: {ZH: "不可行", EN: "ineligible"},
}

// words say in a sentence what became of one offer, and why.
func (c *OfferChange) words() funding.Text {
	var zh, en []string
	say := func(kind impact.Kind, z, e string) {
		if slices.Contains(c.Kinds, kind) {
			zh, en = append(zh, z), append(en, e)
		}
	}
	before, after, costBefore, costAfter := sizeShown(&c.Before), sizeShown(&c.After), costShown(&c.Before), costShown(&c.After)
	say(impact.KindGained, fmt.Sprintf("获得“%s”：额度 %s，综合成本 %s", c.Name.ZH, after.ZH, costAfter), fmt.Sprintf("%s gained: size %s, all-in cost %s", c.Name.EN, after.EN, costAfter))
	say(impact.KindLost, fmt.Sprintf("失去“%s”（原额度 %s）", c.Name.ZH, before.ZH), fmt.Sprintf("%s lost (size before %s)", c.Name.EN, before.EN))
	if len(zh) == 0 {
		zh, en = append(zh, fmt.Sprintf("“%s”变化", c.Name.ZH)), append(en, c.Name.EN+" changed")
	}
	was, is := verdictNames[c.Before.Verdict], verdictNames[c.After.Verdict]
	say(impact.KindVerdict, fmt.Sprintf("结论 %s → %s", was.ZH, is.ZH), fmt.Sprintf("verdict %s → %s", was.EN, is.EN))
	say(impact.KindCost, fmt.Sprintf("综合成本 %s → %s", costBefore, costAfter), fmt.Sprintf("all-in cost %s → %s", costBefore, costAfter))
	say(impact.KindSize, fmt.Sprintf("额度 %s → %s", before.ZH, after.ZH), fmt.Sprintf("size %s → %s", before.EN, after.EN))
	say(impact.KindTerms, fmt.Sprintf("期限/宽限 %d/%d → %d/%d 季", c.Before.TenorQuarters, c.Before.GraceQuarters, c.After.TenorQuarters, c.After.GraceQuarters),
		fmt.Sprintf("tenor/grace %d/%d → %d/%d quarters", c.Before.TenorQuarters, c.Before.GraceQuarters, c.After.TenorQuarters, c.After.GraceQuarters))
	say(impact.KindRank, fmt.Sprintf("排名 %d → %d", c.Before.Rank, c.After.Rank), fmt.Sprintf("rank %d → %d", c.Before.Rank, c.After.Rank))
	text := funding.Text{ZH: strings.Join(zh, "，"), EN: strings.Join(en, ", ")}
	for i, reason := range c.Reasons {
		if i == 0 {
			text.ZH, text.EN = text.ZH+"，因为"+reason.Text.ZH, text.EN+", because "+reason.Text.EN
			continue
		}
		text.ZH, text.EN = text.ZH+"；"+reason.Text.ZH, text.EN+"; "+reason.Text.EN
	}
	return text
}

// headline says what became of a requirement's offers in one line.
func (m *moved) headline(t NotificationType, changes []OfferChange) funding.Text {
	words := map[NotificationType]funding.Text{NotificationOfferGained: {ZH: "获得", EN: "gained"}, NotificationOfferLost: {ZH: "失去", EN: "lost"}, NotificationOfferChanged: {ZH: "有变化的", EN: "changed"}}[t]
	var largest money.Amount
	for i := range changes {
		if size := changes[i].After.Size; size != nil && t != NotificationOfferLost {
			largest = max(largest, *size)
		}
		if size := changes[i].Before.Size; size != nil && t == NotificationOfferLost {
			largest = max(largest, *size)
		}
	}
	text := funding.Text{ZH: fmt.Sprintf("需求“%s”%s产品 %d 个，单个额度最高 %s", m.ready.name, words.ZH, len(changes), largest.Show(money.Chinese)),
		EN: fmt.Sprintf("%d offers %s for the requirement %s, the largest %s", len(changes), words.EN, m.ready.name, largest.Show(money.English))}
	switch first := changes[0].Reasons; {
	case m.kept.version == 0:
		text.ZH, text.EN = text.ZH+"，因为需求已提交", text.EN+", because it was submitted"
	case len(first) > 0:
		text.ZH, text.EN = text.ZH+"，因为"+first[0].Text.ZH, text.EN+", because "+first[0].Text.EN
	}
	return text
}
