package office

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"zutuan/internal/funding"
	"zutuan/internal/impact"
	"zutuan/internal/money"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/rulepack"
	"zutuan/internal/store"
)

// Unmet demand is a sum over standings, which hold for each open requirement the products that one rule alone keeps away.
// A sum in the database would need a record for each such pair, a hundred thousand of them to be rewritten when a market
// rate moves; one record a requirement is written only where its answer differs, and all of them fit in memory. The table
// follows the change feed, so after a restart, and in every process, it says the same.

// demandTable is what standings say about excluded money, as far as the change feed was read.
type demandTable struct {
	mutex   sync.Mutex
	entries map[string]demandEntry
	seq     int64
	loaded  bool
}

// demandEntry is one open requirement.
type demandEntry struct {
	region, quarter string
	requested       money.Amount
	served          bool
	excluded        []Exclusion
}

// demandStep is how many changed standings are read singly; beyond it all of them are listed.
const demandStep = 500

// catchUp reads what was written since the last look.
func (t *demandTable) catchUp(ctx context.Context, o *Office) error {
	if t.loaded {
		stamps, err := o.store.Changes(ctx, store.KindStanding, t.seq, demandStep)
		if err != nil {
			return err
		}
		if len(stamps) < demandStep {
			for _, stamp := range stamps {
				record, err := o.store.Get(ctx, store.KindStanding, stamp.ID)
				if err == nil {
					err = t.take(record)
				}
				if err != nil {
					return err
				}
				t.seq = stamp.Seq
			}
			return nil
		}
	}
	// The end of the feed is found before the records are read: what is written between is read again.
	last, _, err := o.newest(ctx, store.KindStanding, t.seq)
	if err != nil {
		return err
	}
	t.entries = map[string]demandEntry{}
	if err := o.each(ctx, store.Query{Kind: store.KindStanding, Where: []store.Filter{store.Equal("status", store.Text(string(StandingOpen)))}}, t.take); err != nil {
		return err
	}
	t.seq, t.loaded = last, true
	return nil
}

func (t *demandTable) take(record store.Record) error {
	kept, err := keptOf(record)
	if err != nil {
		return err
	}
	if !kept.open() {
		delete(t.entries, record.ID)
		return nil
	}
	t.entries[record.ID] = demandEntry{record.Region, kept.body.Quarter, kept.body.Requested, len(kept.body.Lines) > 0, kept.body.Excluded}
	return nil
}

// DemandFilter narrows unmet demand; empty fields do not.
type DemandFilter struct {
	Institution, Product string
	// Region is a region with everything below it.
	Region string
	// ByProvince adds regions up to their provinces, as liaisons always see them.
	ByProvince bool
}

// DemandRow is what one rule of one product alone keeps out, in one region and quarter.
type DemandRow struct {
	Institution string       `json:"institution"`
	Product     string       `json:"product"`
	Name        funding.Text `json:"name"`
	Rule        string       `json:"rule"`
	// BuiltIn: the must is not the product's own but that there is an offer at all (tenor, size, schedule).
	BuiltIn bool         `json:"built_in,omitempty"`
	Message funding.Text `json:"message"`
	Region  string       `json:"region"`
	// Quarter is the one in which the requirements start.
	Quarter string `json:"quarter"`
	// Requirements are those that the rule alone excludes, Requested the money that they ask for.
	Requirements int          `json:"requirements"`
	Requested    money.Amount `json:"requested"`
	// UnservedRequested is the money of those among them that no product at all serves; liaisons are not told, because it
	// would speak of other banks.
	UnservedRequested *money.Amount `json:"unserved_requested,omitempty"`
}

// DemandReport is unmet demand by rule, region and quarter. A requirement counts once for each product that one rule keeps
// from it, so rows of different products must not be added up.
type DemandReport struct {
	Rows []DemandRow `json:"rows"`
	// Requirements are the open ones that were looked at, Requested what they ask for; liaisons are not told.
	Requirements *int          `json:"requirements,omitempty"`
	Requested    *money.Amount `json:"requested,omitempty"`
}

type demandKey struct {
	product, rule   string
	builtIn         bool
	region, quarter string
}

// UnmetDemand says how much requested money is excluded by one rule alone. A liaison sees the institution's own products by
// province, others their region. It is as new as the matching in the background.
func (o *Office) UnmetDemand(ctx context.Context, actor permit.Actor, filter DemandFilter) (DemandReport, error) {
	narrow, err := o.demandScope(ctx, actor, &filter)
	if err != nil {
		return DemandReport{}, err
	}
	edition, err := o.Edition(ctx)
	if err != nil {
		return DemandReport{}, err
	}
	t := &o.background.demand
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if err := t.catchUp(ctx, o); err != nil {
		return DemandReport{}, err
	}
	rows, asked, requested := map[demandKey]*DemandRow{}, 0, money.Amount(0)
	for _, entry := range t.entries {
		region, within := narrow(entry.region)
		if !within {
			continue
		}
		asked, requested = asked+1, requested+entry.requested
		for _, e := range entry.excluded {
			if filter.Institution != "" && e.Institution != filter.Institution || filter.Product != "" && e.Product != filter.Product {
				continue
			}
			key := demandKey{e.Product, e.Rule, e.BuiltIn, region, entry.quarter}
			row := rows[key]
			if row == nil {
				row = &DemandRow{Institution: e.Institution, Product: e.Product, Rule: e.Rule, BuiltIn: e.BuiltIn, Region: region, Quarter: entry.quarter, UnservedRequested: new(money.Amount)}
				rows[key] = row
			}
			row.Requirements++
			row.Requested += entry.requested
			if !entry.served {
				*row.UnservedRequested += entry.requested
			}
		}
	}
	report := DemandReport{Rows: demandRows(edition.Desk.InForce(o.Today()), rows), Requirements: &asked, Requested: &requested}
	if permit.ScopeOf(actor.Role, permit.OperationDemandRead) == permit.ScopeInstitution {
		report.Requirements, report.Requested = nil, nil
		for i := range report.Rows {
			report.Rows[i].UnservedRequested = nil
		}
	}
	return report, nil
}

// demandScope checks the actor and returns where a requirement counts: under which region, and whether at all.
func (o *Office) demandScope(ctx context.Context, actor permit.Actor, filter *DemandFilter) (func(region string) (string, bool), error) {
	if err := allowed(actor, permit.OperationDemandRead); err != nil {
		return nil, err
	}
	tree, levels, err := o.places(ctx)
	if err != nil {
		return nil, err
	}
	if filter.Region != "" && !tree.Has(filter.Region) {
		return nil, refuse.Newf(refuse.KindInvalid, "region", "没有地区 %q", "there is no region %q", filter.Region)
	}
	top := actor.Region
	switch scope := permit.ScopeOf(actor.Role, permit.OperationDemandRead); {
	case actor.System:
		top = ""
	case scope == permit.ScopeInstitution:
		if filter.Institution != "" && filter.Institution != actor.Institution {
			return nil, forbidden(permit.OperationDemandRead)
		}
		top, filter.Institution, filter.ByProvince = "", actor.Institution, true
		if filter.Region != "" && rankOf(levels[filter.Region]) > rankOf("province") {
			return nil, refuse.New(refuse.KindInvalid, "region", "联络员只能按省级查看未满足需求", "a liaison sees unmet demand by province").
				With(refuse.Point{Code: "region", Pointer: "/region", ZH: "请填写省级地区", EN: "give a province"})
		}
	}
	byProvince, wanted := filter.ByProvince, filter.Region
	return func(region string) (string, bool) {
		within := (top == "" || tree.Within(region, top)) && (wanted == "" || tree.Within(region, wanted))
		if !byProvince {
			return region, within
		}
		for place := region; place != ""; place = tree.Parent(place) {
			if levels[place] == "province" {
				return place, within
			}
		}
		return region, within
	}, nil
}

// demandRows puts sums in order and says in words what they are of.
func demandRows(products []*rulepack.Product, sums map[demandKey]*DemandRow) []DemandRow {
	names, messages := map[string]funding.Text{}, map[[2]string]funding.Text{}
	for _, product := range products {
		names[product.ID] = product.Name
		for i := range product.Rules {
			messages[[2]string{product.ID, product.Rules[i].ID}] = product.Rules[i].Message
		}
	}
	rows := make([]DemandRow, 0, len(sums))
	for _, row := range sums {
		row.Name, row.Message = names[row.Product], messages[[2]string{row.Product, row.Rule}]
		if row.BuiltIn {
			row.Message = impact.BuiltInName(row.Rule)
		}
		rows = append(rows, *row)
	}
	slices.SortFunc(rows, func(a, b DemandRow) int {
		return cmp.Or(strings.Compare(a.Region, b.Region), strings.Compare(a.Quarter, b.Quarter), -cmp.Compare(a.Requested, b.Requested),
			strings.Compare(a.Product, b.Product), strings.Compare(a.Rule, b.Rule), strings.Compare(a.Message.ZH, b.Message.ZH))
	})
	return rows
}
