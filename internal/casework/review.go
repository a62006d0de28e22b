package casework

import (
	"zutuan/internal/money"
	"zutuan/internal/plan"
	"zutuan/internal/planner"
	"zutuan/internal/quarter"
	"zutuan/internal/risk"
)

// Review is a plan with what it does to the fisc and what could be done about the debt that exists.
type Review struct {
	Built *planner.Built
	Risk  *risk.Assessment
	// Treatments are for the instruments that the cluster pays; Replacements for the whole ledger, savings only.
	Treatments   []planner.Treated
	Replacements []planner.Treated
}

// ReadPlan reads a typed-in plan for a matched case: a line that names a product takes what it leaves out from the
// product's offer.
func (d *Desk) ReadPlan(m *Matching, file File) (*plan.File, error) {
	versions := map[string][]int{}
	for _, product := range d.Library.Products {
		versions[product.ID] = append(versions[product.ID], product.Version)
	}
	return plan.ReadFile(file.Name, file.Data, plan.FileContext{
		Requirement: m.Case.Requirement, Versions: versions,
		Offer: func(id string, version int) *plan.Candidate {
			for i := range m.Match.Outcomes {
				outcome := &m.Match.Outcomes[i]
				if outcome.Offer != nil && outcome.Product.ID == id && (version == 0 || outcome.Product.Version == version) {
					candidate := risk.CandidateOf(outcome.Product, outcome.Offer, d.Library.Institutions)
					return &candidate
				}
			}
			return nil
		},
		CFADS: func(from quarter.Quarter, quarters int) []money.Amount {
			first := from.Since(m.Extended.Start)
			if first < 0 || first+quarters > len(m.Extended.CFADS) {
				return nil
			}
			return m.Extended.CFADS[first : first+quarters]
		},
	})
}

// JudgePlan evaluates a typed-in plan exactly, against every limit, with its flags before and after.
func (d *Desk) JudgePlan(m *Matching, typed *plan.File, request PlanRequest) (*Review, error) {
	built, err := planner.Judge(d.planCase(m, request), typed.Lines, typed.Limits)
	if err != nil {
		return nil, err
	}
	return d.Review(m, built)
}

// Review raises the flags of a plan and looks at the existing debt beside it. A case without a plan is flagged as it is.
func (d *Desk) Review(m *Matching, built *planner.Built) (*Review, error) {
	review := &Review{Built: built}
	var err error
	if review.Risk, err = d.Flags(m, &plan.Indicative{Lines: built.Lines}); err != nil || m.Case.Ledger == nil {
		return review, err
	}
	in := planner.TreatmentInput{Case: d.planCase(m, PlanRequest{}), Ledger: m.Case.Ledger, Lines: built.Lines}
	review.Replacements = planner.Replacements(in)
	review.Treatments, err = planner.Treatments(in)
	return review, err
}
