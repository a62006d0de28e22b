package risk

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"zutuan/internal/funding"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// Every rule of the packs is tried below, at and above each of its thresholds, on facts that are set by hand; the parameters
// are those of 2026-01-31. The values are chosen so that the ratio can be read off: 1000.00 below the line.

// try is one case: what differs from the rule's base, and the level that has to follow.
type try struct {
	set  string
	want funding.Level
}

type ruleCase struct {
	rule string
	// base holds "name=value" words that all tries share; a value "?" leaves the fact missing.
	base  string
	tries []try
}

const (
	green, yellow, orange, red, stop = funding.LevelGreen, funding.LevelYellow, funding.LevelOrange, funding.LevelRed, funding.LevelStop
	undecided, notApplicable         = funding.LevelUndecided, funding.LevelNotApplicable
)

var localGovernmentCases = []ruleCase{
	{"R01", "fiscal.debt_balance=900.00 fiscal.debt_limit=1000.00", []try{
		{"plan.government_debt=50.00", green}, {"plan.government_debt=50.01", yellow}, {"plan.government_debt=80.00", yellow}, {"plan.government_debt=80.01", orange},
		{"plan.government_debt=100.00", orange}, {"plan.government_debt=100.01", stop}, {"plan.government_debt=50.00 fiscal.debt_limit=?", undecided},
		{"plan.government_debt=50.00 fiscal.debt_limit=0.00", undecided}, // a limit of zero: nothing can be divided by it, so nobody may call it green
	}},
	{"R01G", "fiscal.general_debt_balance=900.00 fiscal.general_debt_limit=1000.00 fiscal.special_debt_limit=500.00 fiscal.debt_limit=1600.00", []try{ // of it 100.00 new quota
		{"plan.general_debt=50.00", green}, {"plan.general_debt=50.01", yellow}, {"plan.general_debt=80.01", orange}, {"plan.general_debt=200.00", orange},
		{"plan.general_debt=200.01", stop}, {"plan.general_debt=0.00 fiscal.general_debt_balance=?", undecided},
	}},
	{"R01S", "fiscal.special_debt_balance=900.00 fiscal.special_debt_limit=1000.00 fiscal.general_debt_limit=500.00 fiscal.debt_limit=1600.00", []try{
		{"plan.special_debt=50.00", green}, {"plan.special_debt=50.01", yellow}, {"plan.special_debt=80.01", orange}, {"plan.special_debt=200.00", orange},
		{"plan.special_debt=200.01", stop}, {"plan.special_debt=0.00 fiscal.special_debt_limit=?", undecided},
	}},
	{"R02", "fiscal.comprehensive_resources=1000.00 plan.government_debt=100.00 fiscal.official_grade=", []try{
		{"fiscal.debt_balance=1099.99", green}, {"fiscal.debt_balance=1100.00", yellow}, {"fiscal.debt_balance=1899.99", yellow}, {"fiscal.debt_balance=1900.00", orange},
		{"fiscal.debt_balance=2899.99", orange}, {"fiscal.debt_balance=2900.00", red}, {"fiscal.debt_balance=?", undecided},
	}},
	{"R02I", "fiscal.comprehensive_resources=1000.00 plan.government_debt=100.00 fiscal.implicit_debt=400.00", []try{
		{"fiscal.debt_balance=699.99", green}, {"fiscal.debt_balance=700.00", yellow}, {"fiscal.debt_balance=1500.00", orange}, {"fiscal.debt_balance=2500.00", red},
		{"fiscal.debt_balance=100.00 fiscal.implicit_debt=?", undecided},
	}},
	{"R03", "fiscal.level=county fiscal.general_expenditure=1000.00 plan.general_interest=10.00", []try{
		{"fiscal.general_interest=40.00", green}, {"fiscal.general_interest=40.01", yellow}, {"fiscal.general_interest=70.00", yellow}, {"fiscal.general_interest=70.01", orange},
		{"fiscal.general_interest=90.00", orange}, {"fiscal.general_interest=90.01", red}, {"fiscal.general_interest=?", undecided}, {"fiscal.level=province fiscal.general_interest=200.00", notApplicable},
		{"fiscal.level=? fiscal.general_interest=200.00", undecided},
	}},
	// 1000.00 less 30 % of 500.00 is 850.00: 5 % are 42.50, 8 % are 68.00, 10 % are 85.00.
	{"R03L", "fiscal.level=city fiscal.general_expenditure=1000.00 fiscal.land_sale_revenue=500.00 plan.general_interest=0.00", []try{
		{"fiscal.general_interest=42.50", green}, {"fiscal.general_interest=42.51", yellow}, {"fiscal.general_interest=68.01", orange}, {"fiscal.general_interest=85.00", orange},
		{"fiscal.general_interest=85.01", red}, {"fiscal.general_interest=1.00 fiscal.land_sale_revenue=?", undecided},
		{"fiscal.level=province fiscal.general_interest=100.00", notApplicable},
		{"fiscal.general_interest=1.00 fiscal.land_sale_revenue=4000.00", undecided}, // the loss of 1200.00 leaves no expenditure at all
	}},
	{"R04", "fiscal.level=prefecture fiscal.fund_expenditure=1000.00 plan.special_interest=10.00", []try{
		{"fiscal.special_interest=40.00", green}, {"fiscal.special_interest=40.01", yellow}, {"fiscal.special_interest=70.01", orange}, {"fiscal.special_interest=90.00", orange},
		{"fiscal.special_interest=90.01", red}, {"fiscal.special_interest=?", undecided}, {"fiscal.level=province fiscal.special_interest=1.00", notApplicable},
	}},
	{"R04L", "fiscal.level=county fiscal.fund_expenditure=1000.00 fiscal.land_sale_revenue=500.00 plan.special_interest=0.00", []try{
		{"fiscal.special_interest=42.50", green}, {"fiscal.special_interest=42.51", yellow}, {"fiscal.special_interest=68.01", orange}, {"fiscal.special_interest=85.01", red},
		{"fiscal.special_interest=1.00 fiscal.fund_expenditure=?", undecided}, {"fiscal.special_interest=1.00 fiscal.land_sale_revenue=3333.34", undecided},
		{"fiscal.level=province fiscal.special_interest=100.00", notApplicable},
	}},
	// Income 1200.00 against service: 1.2 at 1000.00, 1.0 at 1200.00.
	{"R05", "fiscal.fund_revenue=1000.00 fiscal.special_project_income=200.00 fiscal.special_service=900.00 fiscal.subsidy_plan=false", []try{
		{"plan.special_service=100.00", green}, {"plan.special_service=100.01", yellow}, {"plan.special_service=300.00", yellow}, {"plan.special_service=300.01", stop},
		{"plan.special_service=300.01 fiscal.subsidy_plan=true", orange},  // an approved subsidy plan (国办发〔2024〕52号) lifts the stop, not the flag
		{"plan.special_service=300.01 fiscal.subsidy_plan=?", orange},     // at least orange; that it may be worse is said beside it
		{"plan.special_service=100.00 fiscal.subsidy_plan=?", green},      // nothing hangs on the plan where the cover suffices
		{"plan.special_service=0.00 fiscal.special_service=?", undecided}, //
		{"plan.special_service=0.00 fiscal.special_service=0.00", notApplicable},
	}},
	{"general-debt-service", "fiscal.general_revenue=400.00 fiscal.transfers=600.00 plan.general_service=10.00", []try{
		{"fiscal.general_service=90.00", green}, {"fiscal.general_service=90.01", yellow}, {"fiscal.general_service=140.01", orange}, {"fiscal.general_service=190.01", red},
		{"fiscal.general_service=90.00 fiscal.transfers=?", undecided},
	}},
	{"debt-event", "fiscal.due_principal=1000.00", []try{
		{"fiscal.defaulted_principal=0.00", green}, {"fiscal.defaulted_principal=0.01", yellow}, {"fiscal.defaulted_principal=9.99", yellow}, {"fiscal.defaulted_principal=10.00", orange},
		{"fiscal.defaulted_principal=49.99", orange}, {"fiscal.defaulted_principal=50.00", red}, {"fiscal.defaulted_principal=?", undecided},
		{"fiscal.due_principal=0.00 fiscal.defaulted_principal=0.00", notApplicable},
	}},
	{"land-dependency", "fiscal.general_revenue=400.00 fiscal.fund_revenue=600.00", []try{
		{"fiscal.land_sale_revenue=300.00", green}, {"fiscal.land_sale_revenue=300.01", yellow}, {"fiscal.land_sale_revenue=450.01", orange}, {"fiscal.land_sale_revenue=600.01", red},
		{"fiscal.land_sale_revenue=?", undecided},
	}},
	{"land-trend", "", []try{{"fiscal.land_revenue_growth=-0.15", green}, {"fiscal.land_revenue_growth=-0.150001", yellow}, {"fiscal.land_revenue_growth=?", undecided}}},
	{"self-sufficiency", "fiscal.general_expenditure=1000.00", []try{
		{"fiscal.general_revenue=300.00", green}, {"fiscal.general_revenue=299.99", yellow}, {"fiscal.general_revenue=150.00", yellow}, {"fiscal.general_revenue=149.99", orange},
		{"fiscal.general_revenue=?", undecided},
	}},
	{"basic-spending", "", []try{{"fiscal.basic_spending_gap=0.00", green}, {"fiscal.basic_spending_gap=0.01", orange}, {"fiscal.basic_spending_gap=?", undecided}}},
	{"reserve-fund", "fiscal.general_expenditure=1000.00", []try{
		{"fiscal.reserve_fund=9.99", yellow}, {"fiscal.reserve_fund=10.00", green}, {"fiscal.reserve_fund=30.00", green}, {"fiscal.reserve_fund=30.01", yellow}, {"fiscal.reserve_fund=?", undecided},
	}},
	{"R14", "fiscal.province_special_bonds=1000.00 fiscal.province_bond_capital=250.00", []try{
		{"plan.special_bond_capital=50.00", green}, {"plan.special_bond_capital=50.01", stop}, {"plan.special_bond_capital=0.00", notApplicable},
		{"plan.special_bond_capital=1.00 fiscal.province_bond_capital=?", undecided},
	}},
	{"R23", "fiscal.general_expenditure=1000.00", []try{
		{"fiscal.ppp_commitments=50.00", green}, {"fiscal.ppp_commitments=50.01", yellow}, {"fiscal.ppp_commitments=70.01", orange}, {"fiscal.ppp_commitments=100.00", orange},
		{"fiscal.ppp_commitments=100.01", red}, {"fiscal.ppp_commitments=?", undecided},
	}},
	{"R23N", "", []try{{"project.new_ppp_fiscal_support=false", green}, {"project.new_ppp_fiscal_support=true", stop}, {"project.new_ppp_fiscal_support=?", undecided}}},
	{"budget-evidence", "plan.government_debt=0.00 need.grants=0.00 project.budget_document=false", []try{
		{"", green}, {"plan.government_debt=0.01", red}, {"need.grants=0.01", red}, {"plan.government_debt=1.00 project.budget_document=true", green}, {"need.grants=?", undecided},
	}},
	{"R06", "", []try{
		{"project.gate_items=", green}, {"project.gate_items=commitment_letter", stop}, {"project.gate_items=land_reserve_loan,agency_guarantee", stop}, {"project.gate_items=?", undecided},
	}},
	{"R07", "borrower.implicit_debt=false borrower.class=ordinary_soe plan.working_capital_loan=false plan.commercial_matching=false", []try{
		{"", green}, {"plan.working_capital_loan=true", green}, {"borrower.implicit_debt=true", green}, {"borrower.implicit_debt=true plan.working_capital_loan=true", stop},
		{"borrower.implicit_debt=true plan.commercial_matching=true", stop}, {"borrower.class=listed_platform plan.commercial_matching=true", stop},
		{"borrower.class=? plan.working_capital_loan=true", undecided}, {"borrower.class=?", green},
	}},
	{"R08", "plan.debt=100.00 plan.government_debt=0.00 borrower.type=platform borrower.class=listed_platform project.refinancing_only=false", []try{
		{"", stop}, {"borrower.class=managed_as_platform", stop}, {"borrower.class=implicit_debt_bearer", green}, {"project.refinancing_only=true", green}, {"borrower.type=private", green},
		{"project.refinancing_only=?", undecided}, {"borrower.class=?", undecided}, {"plan.government_debt=100.00", notApplicable},
	}},
	{"R09", "zone.key_province=true project.government_investment=true project.central_approval=false project.exempt=false", []try{
		{"", stop}, {"zone.key_province=false", green}, {"project.government_investment=false", green}, {"project.central_approval=true", green}, {"project.exempt=true", green},
		{"project.central_approval=?", undecided}, {"zone.key_province=?", undecided},
	}},
	{"R09P", "plan.debt=100.00 plan.government_debt=0.00 zone.key_province=true borrower.type=soe borrower.class=implicit_debt_bearer project.refinancing_only=false", []try{
		{"", stop}, {"zone.key_province=false", green}, {"borrower.class=ordinary_soe", green}, {"project.refinancing_only=true", green}, {"borrower.class=?", undecided},
		{"plan.debt=0.00", notApplicable},
	}},
	{"R25", "borrower.type=soe", []try{
		{"borrower.asset_liability_ratio=0.70", green}, {"borrower.asset_liability_ratio=0.700001", yellow}, {"borrower.asset_liability_ratio=0.75", yellow},
		{"borrower.asset_liability_ratio=0.750001", stop}, {"borrower.asset_liability_ratio=?", undecided}, {"borrower.type=spv borrower.asset_liability_ratio=0.9", notApplicable},
	}},
	{"cash-short-debt", "debt.own_due_12m=1000.00", []try{
		{"borrower.cash=500.00", green}, {"borrower.cash=499.99", orange}, {"borrower.cash=250.00", orange}, {"borrower.cash=249.99", red}, {"borrower.cash=?", undecided},
		{"debt.own_due_12m=0.00 borrower.cash=0.00", notApplicable},
	}},
	{"short-debt-share", "debt.borrower=1000.00", []try{
		{"debt.due_12m=400.00", green}, {"debt.due_12m=400.01", orange}, {"debt.due_12m=?", undecided}, {"debt.borrower=0.00 debt.due_12m=0.00", notApplicable},
	}},
	{"maturity-wall", "debt.total=1000.00", []try{
		{"debt.wall=200.00", green}, {"debt.wall=200.01", yellow}, {"debt.wall=300.01", orange}, {"debt.wall=?", undecided}, {"debt.total=0.00 debt.wall=0.00", notApplicable},
	}},
	{"non-standard-share", "debt.borrower=1000.00", []try{
		{"debt.non_standard=200.00", green}, {"debt.non_standard=200.01", yellow}, {"debt.non_standard=300.01", orange}, {"debt.non_standard=400.01", red}, {"debt.non_standard=?", undecided},
		{"debt.borrower=0.00 debt.non_standard=0.00", notApplicable},
	}},
	{"high-cost-debt", "market.lpr_5y=0.035", []try{{"debt.highest_rate=0.065", green}, {"debt.highest_rate=0.065001", yellow}, {"debt.highest_rate=?", undecided}}},
	{"refinancing-dependence", "debt.due_12m=1000.00", []try{
		{"debt.refinancing_due=300.00", green}, {"debt.refinancing_due=300.01", yellow}, {"debt.refinancing_due=500.01", orange}, {"debt.refinancing_due=700.01", red},
		{"debt.refinancing_due=?", undecided}, {"debt.due_12m=0.00 debt.refinancing_due=0.00", notApplicable},
	}},
	{"overdue", "debt.total=1000.00", []try{
		{"debt.overdue=0.00", green}, {"debt.overdue=0.01", orange}, {"debt.overdue=10.00", orange}, {"debt.overdue=10.01", red}, {"debt.overdue=?", undecided},
		{"debt.total=0.00 debt.overdue=0.00", notApplicable},
	}},
	{"guarantees", "borrower.net_assets=1000.00", []try{
		{"debt.own_guarantees=300.00", green}, {"debt.own_guarantees=300.01", yellow}, {"debt.own_guarantees=500.01", orange}, {"debt.own_guarantees=1000.01", red},
		{"debt.own_guarantees=?", undecided}, {"debt.own_guarantees=0.00 borrower.net_assets=?", undecided},
	}},
	{"sme-arrears", "", []try{{"project.sme_arrears=false", green}, {"project.sme_arrears=true", orange}, {"project.sme_arrears=?", undecided}}},
	{"R10", "need.investment=1000.00 project.sector=other_infrastructure project.capital_reduction=false", []try{
		{"plan.capital=200.00", green}, {"plan.capital=199.99", stop}, {"plan.capital=199.99 project.capital_reduction=true", notApplicable}, // R10R looks at the reduced minimum
		{"plan.capital=199.99 project.capital_reduction=?", undecided}, {"plan.capital=200.00 project.capital_reduction=?", green},
		{"plan.capital=249.99 project.sector=airport", stop}, {"plan.capital=250.00 project.sector=airport", green}, {"plan.capital=249.99 project.sector=airport project.capital_reduction=true", stop},
		{"plan.capital=399.99 project.sector=steel_aluminium", stop}, {"plan.capital=349.99 project.sector=cement", stop}, {"plan.capital=299.99 project.sector=coal_chemical", stop},
		{"plan.capital=249.99 project.sector=fertilizer", stop}, {"plan.capital=249.99 project.sector=other_real_estate", stop}, {"plan.capital=200.00 project.sector=affordable_housing", green},
		{"plan.capital=199.99 project.sector=urban_rail", stop}, {"plan.capital=199.99 project.sector=port_waterway", stop}, {"plan.capital=199.99 project.sector=corn_processing", stop},
		{"plan.capital=199.99 project.sector=power_other_industry", stop}, {"plan.capital=199.99 project.sector=railway_road", stop}, {"plan.capital=500.00 project.sector=?", undecided},
	}},
	{"R10R", "need.investment=1000.00 project.sector=railway_road project.capital_reduction=true", []try{
		{"plan.capital=200.00", green}, {"plan.capital=199.99", yellow}, {"plan.capital=150.00", yellow}, {"plan.capital=149.99", stop},
		{"plan.capital=149.99 project.sector=other_infrastructure", stop}, {"plan.capital=149.99 project.sector=cement", notApplicable},
		{"plan.capital=100.00 project.capital_reduction=false", notApplicable}, {"plan.capital=?", undecided},
	}},
	{"R11", "plan.capital=1000.00", []try{{"plan.quasi_equity=500.00", green}, {"plan.quasi_equity=500.01", stop}, {"plan.quasi_equity=?", undecided}}},
	{"R12", "", []try{{"project.capital_is_debt=false", green}, {"project.capital_is_debt=true", stop}, {"project.capital_is_debt=?", undecided}}},
	{"R15", "plan.special_bonds=100.00 project.negative_list=false project.no_income=false", []try{
		{"", green}, {"project.negative_list=true", stop}, {"project.no_income=true", stop}, {"project.negative_list=?", undecided}, {"plan.special_bonds=0.00 project.no_income=true", notApplicable},
	}},
	{"R16", "need.land_route_company=false need.land_pledged=false", []try{
		{"", green}, {"need.land_route_company=true", stop}, {"need.land_pledged=true", stop}, {"need.land_pledged=?", undecided},
	}},
	{"R18", "project.entrusted_payment=false", []try{
		{"project.largest_payment=10000000.00", green}, {"project.largest_payment=10000000.01", yellow}, {"project.largest_payment=10000000.01 project.entrusted_payment=true", green},
		{"project.largest_payment=?", undecided}, {"project.largest_payment=10000000.01 project.entrusted_payment=?", undecided},
	}},
	{"R24", "project.feasibility_total=1000.00", []try{{"plan.total=1100.00", green}, {"plan.total=1100.01", orange}, {"plan.total=1.00 project.feasibility_total=?", undecided}}},
	{"approvals", "project.feasibility_approved=true project.land_approved=true project.eia_approved=true project.government_investment=true", []try{
		{"", green}, {"project.eia_approved=false", orange}, {"project.land_approved=false", orange}, {"project.feasibility_approved=false", red},
		{"project.feasibility_approved=false project.government_investment=false", orange}, {"project.eia_approved=?", undecided},
	}},
	{"promotion", "", []try{
		{"cluster.signed_area_share=0.5", green}, {"cluster.signed_area_share=0.499999", yellow}, {"cluster.signed_area_share=0.3", yellow}, {"cluster.signed_area_share=0.299999", orange},
		{"cluster.signed_area_share=?", undecided},
	}},
	// The index counts from 0: with a last payment at the end of quarter 151 (index 151) of a life of 160, eight quarters follow.
	{"asset-life", "plan.debt=100.00 project.asset_life_quarters=160", []try{
		{"plan.last_quarter=151", green}, {"plan.last_quarter=152", yellow}, {"plan.last_quarter=159", yellow}, {"plan.last_quarter=160", red}, {"plan.last_quarter=100 project.asset_life_quarters=?", undecided},
		{"plan.debt=0.00 plan.last_quarter=100", notApplicable},
	}},
	{"R13", "plan.special_bonds=100.00 plan.special_bond_service=1000.00", []try{
		{"plan.net_income=1200.00", green}, {"plan.net_income=1199.99", yellow}, {"plan.net_income=1100.00", yellow}, {"plan.net_income=1099.99", orange}, {"plan.net_income=1000.00", orange},
		{"plan.net_income=999.99", red}, {"plan.net_income=?", undecided}, {"plan.special_bonds=0.00 plan.net_income=0.00", notApplicable},
	}},
	{"R13T", "plan.special_bonds=100.00 plan.debt=300.00 plan.government_debt=100.00 plan.debt_service=1000.00", []try{
		{"plan.net_income=1200.00", green}, {"plan.net_income=1199.99", orange}, {"plan.net_income=?", undecided}, {"plan.government_debt=300.00 plan.net_income=1.00", notApplicable},
	}},
	{"R17", "", []try{{"plan.longest_loan_quarters=40", green}, {"plan.longest_loan_quarters=41", yellow}, {"plan.longest_loan_quarters=?", undecided}}},
	{"R19", "plan.debt=100.00 plan.worst_service=1000.00", []try{
		{"plan.worst_cfads=1300.00", green}, {"plan.worst_cfads=1299.99", yellow}, {"plan.worst_cfads=1100.00", yellow}, {"plan.worst_cfads=1099.99", orange}, {"plan.worst_cfads=1000.00", orange},
		{"plan.worst_cfads=999.99", red}, {"plan.worst_cfads=-1.00", red}, {"plan.worst_cfads=?", undecided}, {"plan.debt=0.00 plan.worst_cfads=?", notApplicable},
	}},
	{"R20", "plan.debt=100.00 plan.worst_interest=1000.00", []try{
		{"plan.worst_profit=2000.00", green}, {"plan.worst_profit=1999.99", yellow}, {"plan.worst_profit=1499.99", orange}, {"plan.worst_profit=1000.00", orange}, {"plan.worst_profit=999.99", red},
		{"plan.worst_profit=?", undecided}, {"plan.debt=0.00 plan.worst_profit=?", notApplicable},
	}},
	{"llcr", "plan.debt=100.00", []try{
		{"plan.llcr=1.3", green}, {"plan.llcr=1.299999", yellow}, {"plan.llcr=1.149999", orange}, {"plan.llcr=0.999999", red}, {"plan.llcr=?", undecided}, {"plan.debt=0.00 plan.llcr=?", notApplicable},
	}},
	{"R21", "", []try{{"plan.unfunded_gap=0.00", green}, {"plan.unfunded_gap=0.01", stop}, {"plan.unfunded_gap=?", undecided}}},
	{"R22", "lender.net_capital=1000.00", []try{{"lender.exposure=100.00", green}, {"lender.exposure=100.01", stop}, {"lender.exposure=1.00 lender.net_capital=?", undecided}}},
	{"R22E", "lender.tier1=1000.00", []try{{"lender.exposure=150.00", green}, {"lender.exposure=150.01", stop}, {"lender.exposure=1.00 lender.tier1=?", undecided}}},
	{"R22G", "lender.tier1=1000.00", []try{{"lender.group_exposure=200.00", green}, {"lender.group_exposure=200.01", stop}, {"lender.group_exposure=?", undecided}}},
	{"lender-concentration", "plan.debt=100.00", []try{
		{"plan.largest_lender_share=0.7", green}, {"plan.largest_lender_share=0.700001", yellow}, {"plan.largest_lender_share=0.900001", orange}, {"plan.largest_lender_share=?", undecided},
		{"plan.debt=0.00 plan.largest_lender_share=?", notApplicable},
	}},
	{"maturity-match", "plan.debt=100.00", []try{
		{"plan.life_gap_years=1", green}, {"plan.life_gap_years=1.000001", yellow}, {"plan.life_gap_years=2.000001", orange}, {"plan.life_gap_years=4.000001", red}, {"plan.life_gap_years=-3", green},
		{"plan.life_gap_years=?", undecided}, {"plan.debt=0.00 plan.life_gap_years=?", notApplicable},
	}},
	{"instalment-match", "plan.debt=100.00", []try{
		{"plan.grace_slack_quarters=0", green}, {"plan.grace_slack_quarters=-1", yellow}, {"plan.grace_slack_quarters=?", undecided}, {"plan.debt=0.00 plan.grace_slack_quarters=?", notApplicable},
	}},
}

var lowIncomeCases = []ruleCase{
	{"public-debt-gdp", "fiscal.gdp=1000.00 fiscal.implicit_debt=100.00 plan.government_debt=50.00", []try{
		{"fiscal.debt_balance=200.00", green}, {"fiscal.debt_balance=200.01", yellow}, {"fiscal.debt_balance=400.01", orange}, {"fiscal.debt_balance=550.01", red}, {"fiscal.debt_balance=?", undecided},
	}},
	{"service-revenue", "fiscal.general_revenue=600.00 fiscal.fund_revenue=400.00 fiscal.special_service=40.00 plan.general_service=0.00 plan.special_service=10.00", []try{
		{"fiscal.general_service=90.00", green}, {"fiscal.general_service=90.01", yellow}, {"fiscal.general_service=130.01", orange}, {"fiscal.general_service=180.01", red}, {"fiscal.general_service=?", undecided},
	}},
	// Revenue of 1000.00 less 30 % of 500.00 is 850.00: 14 % are 119.00, 18 % are 153.00, 23 % are 195.50.
	{"service-revenue-stress", "fiscal.general_revenue=600.00 fiscal.fund_revenue=400.00 fiscal.land_sale_revenue=500.00 fiscal.special_service=0.00 plan.general_service=0.00 plan.special_service=0.00", []try{
		{"fiscal.general_service=119.00", green}, {"fiscal.general_service=119.01", yellow}, {"fiscal.general_service=153.01", orange}, {"fiscal.general_service=195.51", red}, {"fiscal.general_service=?", undecided},
	}},
}

var subnationalCases = []ruleCase{
	{"mexico-debt", "fiscal.comprehensive_resources=1000.00 fiscal.implicit_debt=0.00 plan.government_debt=0.00", []try{
		{"fiscal.debt_balance=1000.00", green}, {"fiscal.debt_balance=1000.01", yellow}, {"fiscal.debt_balance=2000.01", red}, {"fiscal.debt_balance=?", undecided},
	}},
	{"mexico-service", "fiscal.comprehensive_resources=1000.00 fiscal.special_service=0.00 plan.general_service=0.00 plan.special_service=0.00", []try{
		{"fiscal.general_service=75.00", green}, {"fiscal.general_service=75.01", yellow}, {"fiscal.general_service=150.01", red}, {"fiscal.general_service=?", undecided},
	}},
	{"brazil-debt", "fiscal.level=county fiscal.comprehensive_resources=1000.00 fiscal.implicit_debt=0.00 plan.government_debt=0.00", []try{
		{"fiscal.debt_balance=1080.00", green}, {"fiscal.debt_balance=1080.01", yellow}, {"fiscal.debt_balance=1200.01", red}, {"fiscal.debt_balance=?", undecided},
		{"fiscal.level=province fiscal.debt_balance=1500.00", notApplicable},
	}},
	// 90 % of 11.5 % are 10.35 %.
	{"brazil-service", "fiscal.comprehensive_resources=1000.00 fiscal.special_service=0.00 plan.general_service=0.00 plan.special_service=0.00", []try{
		{"fiscal.general_service=103.50", green}, {"fiscal.general_service=103.51", yellow}, {"fiscal.general_service=115.01", red}, {"fiscal.general_service=?", undecided},
	}},
	{"brazil-guarantees", "fiscal.comprehensive_resources=1000.00", []try{
		{"debt.guarantees=198.00", green}, {"debt.guarantees=198.01", yellow}, {"debt.guarantees=220.01", red}, {"debt.guarantees=?", undecided},
	}},
}

func casesOf(pack string) []ruleCase {
	switch pack {
	case "lic-dsf-analogue":
		return lowIncomeCases
	case "subnational-analogue":
		return subnationalCases
	}
	return localGovernmentCases
}

// parameterFacts returns facts that hold the parameters of the samples' day and nothing else.
func parameterFacts(t testing.TB) *ruleexpr.Facts {
	t.Helper()
	s := openSample(t, "pingxiang")
	facts := s.lib.Vocabulary.NewFacts()
	s.lib.Parameters.At(s.date, "", nil).SetFacts(facts)
	return facts
}

func setWords(t testing.TB, facts *ruleexpr.Facts, words string) {
	t.Helper()
	for _, word := range strings.Fields(words) {
		name, value, _ := strings.Cut(word, "=")
		slot := facts.Vocabulary().Slot(name)
		if value == "?" {
			facts.SetMissing(slot, "test")
		} else if err := facts.SetFromText(slot, value); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEveryRuleAtEachOfItsThresholds(t *testing.T) {
	lib, parameters := loadLibrary(t), parameterFacts(t)
	for _, pack := range lib.RiskPacks {
		rules := map[string]*rulepack.CompiledRiskRule{}
		for i := range pack.Rules {
			rules[pack.Rules[i].ID] = &pack.Rules[i]
		}
		for _, c := range casesOf(pack.ID) {
			rule := rules[c.rule]
			if rule == nil {
				t.Errorf("%s has no rule %s", pack.ID, c.rule)
				continue
			}
			delete(rules, c.rule)
			seen := map[funding.Level]bool{}
			for _, try := range c.tries {
				facts := parameters.Clone()
				setWords(t, facts, c.base)
				setWords(t, facts, try.set)
				got := evaluate(rule, facts)
				seen[try.want] = true
				if got.level != try.want {
					t.Errorf("%s %s with %s: got %s, want %s", pack.ID, c.rule, try.set, got.level, try.want)
				}
				if got.level == undecided && len(got.doubt.missing) == 0 && got.doubt.text == nil {
					t.Errorf("%s %s with %s: undecided without a reason", pack.ID, c.rule, try.set)
				}
			}
			for _, level := range append([]funding.Level{green, undecided}, levelsOf(rule)...) {
				if !seen[level] {
					t.Errorf("%s %s: no case shows %s", pack.ID, c.rule, level)
				}
			}
			if rule.AppliesWhen != nil && !seen[notApplicable] {
				t.Errorf("%s %s: no case shows that it does not apply", pack.ID, c.rule)
			}
		}
		for id := range rules {
			t.Errorf("%s %s has no case", pack.ID, id)
		}
	}
}

func levelsOf(rule *rulepack.CompiledRiskRule) []funding.Level {
	var levels []funding.Level
	for _, level := range rule.Levels {
		levels = append(levels, level.Level)
	}
	return levels
}

// A rule must never be green because a record is missing: whatever fact is taken away from facts on which a rule is not
// green, it does not become green.
func TestTakingARecordAwayNeverTurnsARuleGreen(t *testing.T) {
	lib, parameters := loadLibrary(t), parameterFacts(t)
	for _, pack := range lib.RiskPacks {
		for i := range pack.Rules {
			rule := &pack.Rules[i]
			at := slices.IndexFunc(casesOf(pack.ID), func(c ruleCase) bool { return c.rule == rule.ID })
			c := casesOf(pack.ID)[at]
			for _, try := range c.tries {
				facts := parameters.Clone()
				setWords(t, facts, c.base)
				setWords(t, facts, try.set)
				if level := evaluate(rule, facts).level; level == green || level == notApplicable {
					continue
				}
				for _, record := range records(rule, facts) {
					taken := facts.Clone()
					taken.SetMissing(facts.Vocabulary().Slot(record.Fact), "test")
					if got := evaluate(rule, taken); got.level == green {
						t.Errorf("%s with %s is green once %s is missing", rule.ID, try.set, record.Fact)
					}
				}
			}
		}
	}
}

// Where a stop's condition holds the rule says stop, whatever milder conditions say and whatever else is missing.
func TestAStopIsNeverSoftened(t *testing.T) {
	lib, parameters := loadLibrary(t), parameterFacts(t)
	rapid.Check(t, func(t *rapid.T) {
		for _, pack := range lib.RiskPacks {
			for i := range pack.Rules {
				rule := &pack.Rules[i]
				last := rule.Levels[len(rule.Levels)-1]
				if last.Level != stop {
					continue
				}
				facts := parameters.Clone()
				for _, record := range records(rule, facts) {
					drawFact(t, facts, record.Fact)
				}
				if rule.AppliesWhen != nil {
					for _, name := range rule.AppliesWhen.Facts() {
						drawFact(t, facts, name)
					}
				}
				applies := rule.AppliesWhen == nil || rule.AppliesWhen.Holds(facts) == ruleexpr.True
				if holds := last.Rule.Holds(facts) == ruleexpr.True; applies && holds != (evaluate(rule, facts).level == stop) {
					t.Fatalf("%s: the stop holds is %v, but the level is %s", rule.ID, holds, evaluate(rule, facts).level)
				}
			}
		}
	})
}

// drawFact sets a fact to some value of its type, or leaves it missing.
func drawFact(t *rapid.T, facts *ruleexpr.Facts, name string) {
	slot := facts.Vocabulary().Slot(name)
	fact := facts.Vocabulary().Fact(slot)
	if strings.HasPrefix(name, rulepack.ParameterPrefix) || rapid.IntRange(0, 9).Draw(t, "missing") == 0 {
		return
	}
	texts := map[string][]string{
		"project.sector": funding.Sectors, "borrower.type": funding.BorrowerTypes, "borrower.class": funding.SubjectClasses,
		"project.gate_items": {"", "commitment_letter", "other"}, "fiscal.level": funding.FiscalLevels,
	}
	var value string
	switch fact.Type {
	case ruleexpr.TypeFlag:
		value = rapid.SampledFrom([]string{"true", "false"}).Draw(t, name)
	case ruleexpr.TypeNumber:
		value = rapid.SampledFrom([]string{"0", "1", "2", "3", "10", "40", "41", "100", "1000"}).Draw(t, name)
	default:
		value = rapid.SampledFrom(texts[name]).Draw(t, name)
	}
	if err := facts.SetFromText(slot, value); err != nil {
		t.Fatal(err)
	}
}
