package impact

import (
	"cmp"
	"slices"
	"strings"

	"zutuan/internal/funding"
	"zutuan/internal/money"
)

// Totals adds up every difference, whatever is listed.
type Totals struct {
	// Asked is how many requirements were compared, Affected how many of them differ.
	Asked    int `json:"asked"`
	Affected int `json:"affected"`
	// NewlyServed counts requirements that had no usable offer and have one now, Unserved the other way round, each with the
	// money that those requirements ask for.
	NewlyServed          int          `json:"newly_served"`
	NewlyServedRequested money.Amount `json:"newly_served_requested"`
	Unserved             int          `json:"unserved"`
	UnservedRequested    money.Amount `json:"unserved_requested"`
	// Kinds, Regions and Rules leave out what is zero. Regions are by name, rules by product and place.
	Kinds   []KindTotal   `json:"kinds"`
	Regions []RegionTotal `json:"regions"`
	Rules   []RuleTotal   `json:"rules"`
}

// KindTotal adds up the differences of one kind. A pair counts under each of its kinds.
type KindTotal struct {
	Kind         Kind `json:"kind"`
	Pairs        int  `json:"pairs"`
	Requirements int  `json:"requirements"`
	// Requested is the money that those requirements ask for, each once.
	Requested money.Amount `json:"requested"`
	// OffersBefore and OffersAfter are the sizes of the usable offers on both sides.
	OffersBefore money.Amount `json:"offers_before"`
	OffersAfter  money.Amount `json:"offers_after"`
}

// RegionTotal is what changes in one region.
type RegionTotal struct {
	Region   string      `json:"region"`
	Affected int         `json:"affected"`
	Kinds    []KindTotal `json:"kinds"`
}

// RuleTotal is what one rule or term is a reason of.
type RuleTotal struct {
	Product string `json:"product"`
	Place   string `json:"place"`
	Cause   Cause  `json:"cause"`
	Gained  int    `json:"gained"`
	Lost    int    `json:"lost"`
	Other   int    `json:"other"`
	// Money is the size of the offers gained less that of the offers lost.
	Money money.Amount `json:"money"`
	// Text is that of the first pair.
	Text funding.Text `json:"text"`
}

// kindSums collects KindTotals.
type kindSums map[Kind]*KindTotal

func (s kindSums) add(diff *RequirementDiff) {
	var counted []Kind
	for i := range diff.Products {
		product := &diff.Products[i]
		for _, kind := range product.Kinds {
			total := s[kind]
			if total == nil {
				total = &KindTotal{Kind: kind}
				s[kind] = total
			}
			total.Pairs++
			if product.Before.Size != nil {
				total.OffersBefore += *product.Before.Size
			}
			if product.After.Size != nil {
				total.OffersAfter += *product.After.Size
			}
			if !slices.Contains(counted, kind) {
				counted = append(counted, kind)
				total.Requirements++
				total.Requested += diff.Requested
			}
		}
	}
}

func (s kindSums) list() []KindTotal {
	out := []KindTotal{}
	for _, kind := range Kinds {
		if total := s[kind]; total != nil {
			out = append(out, *total)
		}
	}
	return out
}

type ruleKey struct {
	product, place string
	cause          Cause
}

// report puts the differences together.
func report(in Input, diffs []*RequirementDiff) *Report {
	out := &Report{Totals: Totals{Asked: in.Count, Regions: []RegionTotal{}, Rules: []RuleTotal{}}, Requirements: []RequirementDiff{}}
	kinds, regions, affected, rules := kindSums{}, map[string]kindSums{}, map[string]int{}, map[ruleKey]*RuleTotal{}
	for _, diff := range diffs {
		if diff == nil {
			continue
		}
		out.Totals.count(diff)
		kinds.add(diff)
		if regions[diff.Region] == nil {
			regions[diff.Region] = kindSums{}
		}
		regions[diff.Region].add(diff)
		affected[diff.Region]++
		addRules(rules, diff)
		out.Requirements = append(out.Requirements, *diff)
	}
	out.Totals.Kinds = kinds.list()
	for region, sums := range regions {
		out.Totals.Regions = append(out.Totals.Regions, RegionTotal{Region: region, Affected: affected[region], Kinds: sums.list()})
	}
	slices.SortFunc(out.Totals.Regions, func(a, b RegionTotal) int { return strings.Compare(a.Region, b.Region) })
	for _, total := range rules {
		out.Totals.Rules = append(out.Totals.Rules, *total)
	}
	slices.SortFunc(out.Totals.Rules, func(a, b RuleTotal) int {
		return cmp.Or(strings.Compare(a.Product, b.Product), strings.Compare(a.Place, b.Place), strings.Compare(string(a.Cause), string(b.Cause)))
	})
	out.list(in.Keep)
	return out
}

func (t *Totals) count(diff *RequirementDiff) {
	t.Affected++
	switch {
	case diff.gained > 0 && !diff.servedBefore:
		t.NewlyServed++
		t.NewlyServedRequested += diff.Requested
	case diff.lost > 0 && !diff.servedAfter:
		t.Unserved++
		t.UnservedRequested += diff.Requested
	}
}

// addRules counts a difference under each of its reasons; what only follows from other offers has none of its own.
func addRules(rules map[ruleKey]*RuleTotal, diff *RequirementDiff) {
	for i := range diff.Products {
		product := &diff.Products[i]
		for _, reason := range product.Reasons {
			if reason.Cause == CauseOther {
				continue
			}
			key := ruleKey{product.Product, reason.Place, reason.Cause}
			total := rules[key]
			if total == nil {
				total = &RuleTotal{Product: product.Product, Place: reason.Place, Cause: reason.Cause, Text: reason.Text}
				rules[key] = total
			}
			switch product.Kinds[0] {
			case KindGained:
				total.Gained++
				total.Money += product.Change
			case KindLost:
				total.Lost++
				total.Money += product.Change
			default:
				total.Other++
			}
		}
	}
}

// list orders the requirements and keeps as many as are wanted: those that gain or lose an offer first, then by the money
// that moves.
func (r *Report) list(keep int) {
	slices.SortStableFunc(r.Requirements, func(a, b RequirementDiff) int {
		return cmp.Or(-cmp.Compare(decisive(&a), decisive(&b)), -cmp.Compare(a.offersMoneyMoved, b.offersMoneyMoved), cmp.Compare(a.place, b.place))
	})
	if keep > 0 && len(r.Requirements) > keep {
		r.Unlisted = len(r.Requirements) - keep
		r.Requirements = r.Requirements[:keep:keep]
	}
}

// decisive is 1 for a requirement that gains or loses an offer.
func decisive(diff *RequirementDiff) int { return min(diff.gained+diff.lost, 1) }
