package funding

import "zutuan/internal/document"

// project reads the regulatory facts of the project. Everything is optional: what is left out stays unknown, and the
// rules that need it say so.
func (r *requirementReader) project(in *document.Object) {
	flag := func(key string) *bool { return optional(in.Optional(key), document.Value.Bool) }
	amount := func(key string) *Amount { return optional(in.Optional(key), document.Value.Amount) }
	r.out.Project = Project{
		Sector:               in.Optional("sector").Enum(Sectors...),
		GovernmentInvestment: flag("government_investment"),
		CentralApproval:      flag("central_approval"),
		ExemptClass:          in.Optional("exempt_class").String(),
		CapitalReduction:     flag("capital_reduction"),
		FeasibilityTotal:     amount("feasibility_total"),
		FeasibilityApproved:  flag("feasibility_approved"),
		EstimateApproved:     flag("estimate_approved"),
		LandApproved:         flag("land_approved"),
		EIAApproved:          flag("eia_approved"),
		BudgetDocument:       in.Optional("budget_document").String(),
		NegativeList:         flag("negative_list"),
		GateItems:            readGateItems(in.Optional("gate_items")),
		CapitalIsDebt:        flag("capital_is_debt"),
		QuasiEquity:          amount("quasi_equity"),
		LargestPayment:       amount("largest_payment"),
		EntrustedPayment:     flag("entrusted_payment"),
		NewPPPFiscalSupport:  flag("new_ppp_fiscal_support"),
		SMEArrears:           flag("sme_arrears"),
		AssetLifeYears: optional(in.Optional("asset_life_years"), func(v document.Value) int {
			return v.Int(1, maxAssetLifeYears, 1)
		}),
		RefinancingOnly: flag("refinancing_only"),
	}
	in.Done()
}

// readGateItems keeps which items of the implicit-debt gate a file declares present or absent; an item that is not
// named is not declared.
func readGateItems(value document.Value) map[string]bool {
	if !value.Present() {
		return nil
	}
	in := value.Object()
	declared := map[string]bool{}
	for _, item := range GateItems {
		if entry := in.Optional(item); entry.Present() {
			declared[item] = entry.Bool()
		}
	}
	in.Done()
	return declared
}
