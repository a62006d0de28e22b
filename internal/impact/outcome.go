package impact

import (
	"zutuan/internal/funding"
	"zutuan/internal/match"
)

// StandingOf is what an outcome says, for whoever keeps it to compare with a later one.
func StandingOf(outcome *match.Outcome) Standing {
	f := figuresOf(outcome)
	return f.standing()
}

// Exclusion is a product that one rule alone keeps from a requirement.
type Exclusion struct {
	Product, Institution, Rule string
	// BuiltIn says that the must is one that every product has without writing it.
	BuiltIn bool
	Message funding.Text
}

// Exclusions lists what Add would count of a match, in the order of its outcomes, and counts nothing.
func (d *Demand) Exclusions(m *match.Match) []Exclusion {
	var out []Exclusion
	for i := range m.Outcomes {
		if key, message, alone := d.soleRule(m.Need, &m.Outcomes[i]); alone {
			out = append(out, Exclusion{key.product, m.Outcomes[i].Product.Institution, key.rule, key.builtIn, message})
		}
	}
	return out
}

// BuiltInName names a must that is built in, whatever the figures of one case.
func BuiltInName(id string) funding.Text { return builtInName(id) }

// Narrowed is the report as somebody sees it who may see some products only: differences of others are left out, with
// whatever speaks of them, and every sum is made anew of what is left. place says under which region a requirement counts.
// Who is served by some product at all is not told, because it would speak of the others.
func (r *Report) Narrowed(see func(product string) bool, place func(region string) string) *Report {
	diffs := make([]*RequirementDiff, 0, len(r.Requirements))
	for i := range r.Requirements {
		from := &r.Requirements[i]
		diff := &RequirementDiff{Requirement: from.Requirement, Region: place(from.Region), Requested: from.Requested, place: from.place,
			servedBefore: true, servedAfter: true}
		for _, product := range from.Products {
			if see(product.Product) {
				diff.add(product.narrowed(see))
			}
		}
		if len(diff.Products) > 0 {
			diffs = append(diffs, diff)
		}
	}
	return report(Input{Count: r.Totals.Asked}, diffs)
}

func (p ProductDiff) narrowed(see func(product string) bool) ProductDiff {
	reasons := p.Reasons
	p.Reasons = make([]Reason, 0, len(reasons))
	for _, reason := range reasons {
		if reason.Cause == CauseOther && !see(reason.Place) {
			reason = Reason{Cause: CauseOther, Place: "other", Text: funding.Text{ZH: "其他机构产品的报价变了，名次随之变动", EN: "offers of other institutions changed, and ranks with them"}}
			if len(p.Reasons) > 0 && p.Reasons[len(p.Reasons)-1].Place == "other" {
				continue
			}
		}
		p.Reasons = append(p.Reasons, reason)
	}
	for _, standing := range []*Standing{&p.Before, &p.After} {
		if standing.DominatedBy != "" && !see(standing.DominatedBy) {
			standing.DominatedBy = "other"
		}
	}
	return p
}

// Listed keeps the first requirements of a report; its totals still count everything.
func (r *Report) Listed(keep int) { r.list(keep) }
