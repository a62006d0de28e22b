package facts

// Every fact of the vocabulary in the groups of this package is set by its formula, or missing with a reason that names
// what to supply. The full sample has a value for each fact, worked out by hand; the bare one shows what is missing.

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zutuan/internal/cashflow"
	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
	"zutuan/rules"
)

// reference is the shipped vocabulary with its market data and parameters.
type reference struct {
	assembler  *Assembler
	market     *rulepack.Market
	parameters *rulepack.Parameters
}

func shipped(t testing.TB) reference {
	t.Helper()
	vocabulary, err := rulepack.ReadFacts("facts.yaml", read(t, "facts.yaml"))
	must(t, err)
	market, err := rulepack.ReadMarket("market.yaml", read(t, "market.yaml"))
	must(t, err)
	var all []funding.Parameter
	files, err := fs.Glob(rules.FS, "parameters/*.yaml")
	must(t, err)
	for _, file := range files {
		list, err := rulepack.ReadParameters(file, read(t, file), nil)
		must(t, err)
		all = append(all, list...)
	}
	parameters := rulepack.NewParameters(all)
	v, err := ruleexpr.NewVocabulary(append(vocabulary.Facts, parameters.Facts()...))
	must(t, err)
	assembler, err := NewAssembler(v)
	must(t, err)
	return reference{assembler, market, parameters}
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	data, err := fs.ReadFile(rules.FS, file)
	must(t, err)
	return data
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func day(text string) time.Time {
	date, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return date
}

// waits starts a unit once the one before it has run for three quarters, as the sample's `when` says.
type waits struct{}

func (waits) Ready(state cashflow.UnitState) (bool, error) { return state.Quarters >= 3, nil }

func sampleCase(t testing.TB, file string, existing []money.Amount) Case {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", file))
	must(t, err)
	requirement, err := funding.ReadRequirement(file, data, nil)
	must(t, err)
	simulation, err := cashflow.Simulate(cashflow.Input{Requirement: requirement, Conditions: map[string]cashflow.StartCondition{"U2": waits{}}, ExistingDebtService: existing})
	must(t, err)
	return Case{Requirement: requirement, Simulation: simulation}
}

func profile(t testing.TB, file string) *funding.FiscalProfile {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", file))
	must(t, err)
	read, err := funding.ReadFiscalProfile(file, data)
	must(t, err)
	return read
}

func instrument(id, debtor, kind, outstanding, rate, maturity, repayment, source string) funding.Instrument {
	return funding.Instrument{ID: id, DebtorType: debtor, Kind: kind, Currency: "CNY", Principal: money.MustAmount(outstanding), Outstanding: money.MustAmount(outstanding),
		Rate: money.MustRate(rate), RateType: "fixed", Start: day("2020-12-31"), Maturity: day(maturity), Repayment: repayment, Interval: 1, RepaySource: source}
}

// sampleLedger is six instruments at the end of 2025; L6 is overdue and L4 implicit.
func sampleLedger() *funding.Ledger {
	l4 := instrument("L4", "soe", "trust", "400000.00", "0.07", "2028-12-31", "bullet", "project")
	l4.Implicit = true
	return &funding.Ledger{AsOf: day("2025-12-31"), Instruments: []funding.Instrument{
		instrument("L1", "cluster", "bank_loan", "800000.00", "0.04", "2027-12-31", "equal_principal", "project"),
		instrument("L2", "government", "special_bond", "5000000.00", "0.03", "2030-12-31", "bullet", "fund_budget"),
		instrument("L3", "platform", "corporate_bond", "600000.00", "0.05", "2026-09-30", "bullet", "refinancing"),
		l4,
		instrument("L5", "platform", "guarantee", "300000.00", "0", "2029-12-31", "bullet", "none"),
		instrument("L6", "soe", "lease", "200000.00", "0.06", "2025-06-30", "bullet", "refinancing"),
	}}
}

// servicePaid is what L1 costs: 100,000 of principal a quarter and 1 % a quarter on 800,000, 700,000 … 100,000.
func servicePaid() []money.Amount {
	paid := make([]money.Amount, 8)
	for q := range paid {
		paid[q] = money.MustAmount("108000.00") - money.Amount(q)*money.MustAmount("1000.00")
	}
	return paid
}

func fullCase(t testing.TB, ref reference) Case {
	c := sampleCase(t, "full.yaml", servicePaid())
	c.Ledger = NewDebt(sampleLedger(), ref.market, day("2026-03-01"))
	c.Fiscal = profile(t, "fiscal.yaml")
	c.Zone = &funding.Zone{Code: "GX-PX", Province: "GX", National: true, Neighbour: []string{"越南"}}
	c.Memberships = []funding.Membership{{List: rulepack.KeyProvinces, Member: "GX", From: day("2023-09-01")}}
	return c
}

func (ref reference) assemble(date string, c Case) *ruleexpr.Facts {
	on := day(date)
	base := ref.assembler.NewReference(Reference{Date: on, Market: ref.market, Parameters: ref.parameters.At(on, "", nil)})
	return ref.assembler.Assemble(base, on, c)
}

// fullValues is every fact of the full sample. The arithmetic, in thousands:
//
//	invest   q0 4,000 (land)  q1 2,000 + 1,500 + 500  q2 200 (working capital)  q3 1,000 (U2, three quarters after U1)
//	inflow   q3 1,000 (land)  q4–q7 100 + 2,000 + 300 + 50 = 2,450 each;  cost 10 %, surtax 1 %, no income tax
//	cfads    q3 890  q4–q7 2,180.5     net  −4,000 −4,000 −200 −110 2,180.5 2,180.5 2,180.5 2,380.5 (200 comes back)
//	gap      50 − (100 + Σ(net + capital 2,000 / 1,000 + grant 500 − existing 108, 107, 106, 105 …))
//	         q0 1,558  q1 4,665  q2 4,971  q3 5,186 (peak)  q4 3,109.5;  draws 1,558 3,107 306 215
//	at once  U2 in q1: q1 5,665  q2 5,971 (peak)  q3 5,186
//	firr     bisection on Σ net/(1+y)^(q+1) in Python: y = 0.01443575, (1+y)^4 − 1 = 0.05900542
//	payback  −8,310 + 3 × 2,180.5 = −1,768.5 before q7; (7 + 1,768.5 / 2,380.5) / 4
//	ledger   Σ rate × balance = 32 + 150 + 30 + 28 + 0 + 12 = 252 of 7,300
//	         Σ principal × quarters = 3,600 + 100,000 + 1,800 + 4,800 + 200 = 110,400 without the guarantee; / 7,000 / 4
//	growth   (72.90 / 100.00)^(1/3) − 1 = 0.9 − 1
var fullValues = map[string]string{
	"need.investment": "9200000.00", "need.land_investment": "4000000.00", "need.infrastructure_investment": "3000000.00",
	"need.buildings_investment": "1500000.00", "need.equipment_investment": "500000.00", "need.working_capital": "200000.00",
	"need.infrastructure_share": "0.326087", "need.capital": "3000000.00", "need.capital_ratio": "0.326087", "need.grants": "500000.00",
	"need.peak_gap": "5186000.00", "need.peak_quarter": "3", "need.all_at_once_peak_gap": "5971000.00", "need.rolling_saving": "785000.00",
	"need.construction_quarters": "4", "need.draw_quarters": "4", "need.first_draw_quarter": "0", "need.first_surplus_quarter": "4", "need.start": "2026Q1",
	"need.tenor_quarters": "60", "need.grace_quarters": "6", "need.max_cost": "0.045000", "need.min_dscr": "1.200000",
	"need.inflow": "10800000.00", "need.land_inflow": "1000000.00", "need.energy_inflow": "400000.00", "need.industry_inflow": "8000000.00",
	"need.commercial_inflow": "1200000.00", "need.service_inflow": "200000.00", "need.land_share": "0.092593", "need.currency": "CNY",
	"need.cfads":              "0.00, 0.00, 0.00, 890000.00, 2180500.00, 2180500.00, 2180500.00, 2180500.00",
	"need.net":                "-4000000.00, -4000000.00, -200000.00, -110000.00, 2180500.00, 2180500.00, 2180500.00, 2380500.00",
	"need.land_route_company": "true", "need.land_pledged": "true",
	"cluster.industries": "冷链物流, 农副产品加工", "cluster.units": "2", "cluster.rolling": "true", "cluster.signed_area_share": "0.600000",
	"zone.code": "GX-PX", "zone.province": "GX", "zone.national": "true", "zone.neighbours": "越南", "zone.key_province": "true",
	"borrower.type": "platform", "borrower.class": "ordinary_soe", "borrower.rating": "AA", "borrower.net_assets": "300000000.00",
	"borrower.asset_liability_ratio": "0.550000", "borrower.implicit_debt": "false", "borrower.age_years": "10.500000", "borrower.cash": "45000000.00",
	"security.value": "7000000.00", "security.cover": "1.349788", "security.mortgage_value": "3500000.00", "security.receivables_value": "2000000.00",
	"security.guarantee_value": "1500000.00", "security.types": "land_mortgage, receivables_pledge, guarantee",
	"project.sector": "other_infrastructure", "project.firr": "0.059005", "project.fnpv": "612000.00", "project.payback_years": "1.935728",
	"project.no_income": "false", "project.government_investment": "true", "project.central_approval": "false", "project.exempt": "true",
	"project.feasibility_approved": "true", "project.estimate_approved": "false", "project.land_approved": "true", "project.eia_approved": "true",
	"project.feasibility_total": "9000000.00", "project.budget_document": "true", "project.negative_list": "false", "project.gate_items": "commitment_letter",
	"project.capital_is_debt": "false", "project.quasi_equity": "700000.00", "project.capital_reduction": "false", "project.largest_payment": "1200000.00",
	"project.entrusted_payment": "true", "project.new_ppp_fiscal_support": "false", "project.sme_arrears": "false", "project.asset_life_quarters": "160",
	"project.refinancing_only": "false",
	"fiscal.year":              "2025", "fiscal.level": "county", "fiscal.gdp": "1000.00", "fiscal.general_revenue": "100.00", "fiscal.general_expenditure": "400.00",
	"fiscal.transfers":    "300.00",
	"fiscal.fund_revenue": "80.00", "fiscal.fund_expenditure": "150.00", "fiscal.land_sale_revenue": "72.90", "fiscal.comprehensive_resources": "465.00",
	"fiscal.debt_limit": "550.00", "fiscal.general_debt_limit": "200.00", "fiscal.special_debt_limit": "310.00", "fiscal.debt_balance": "440.00",
	"fiscal.general_debt_balance": "190.00", "fiscal.special_debt_balance": "250.00", "fiscal.debt_headroom": "110.00", "fiscal.implicit_debt": "33.00",
	"fiscal.general_interest": "6.00", "fiscal.special_interest": "8.00", "fiscal.general_service": "18.00", "fiscal.special_service": "23.00",
	"fiscal.special_project_income": "17.00", "fiscal.official_grade": "yellow", "fiscal.defaulted_principal": "1.00", "fiscal.due_principal": "27.00",
	"fiscal.basic_spending_gap": "2.00", "fiscal.treasury_balance": "13.00", "fiscal.reserve_fund": "5.00", "fiscal.ppp_commitments": "4.00",
	"fiscal.land_revenue_growth": "-0.100000", "fiscal.province_special_bonds": "9000.00", "fiscal.province_bond_capital": "1500.00", "fiscal.subsidy_plan": "true",
	"debt.total": "7300000.00", "debt.government": "5000000.00", "debt.platform": "1700000.00", "debt.borrower": "2300000.00", "debt.implicit": "400000.00",
	"debt.guarantees": "300000.00", "debt.non_standard": "600000.00", "debt.due_12m": "1200000.00", "debt.wall": "5000000.00", "debt.refinancing_due": "800000.00",
	"debt.overdue": "200000.00", "debt.weighted_rate": "0.034521", "debt.average_life": "3.942857", "debt.highest_rate": "0.070000", "debt.service_of_cluster": "836000.00",
	"debt.own": "800000.00", "debt.own_due_12m": "400000.00", "debt.own_guarantees": "0.00",
	"market.lpr_1y": "0.030000", "market.lpr_5y": "0.035000", "market.special_bond": "0.020200", "market.usd_cny": "7.030000", "today": "2026-03-01",
	"p.capital_ratio_min": "0.200000",
}

// bareReasons is, for each fact that the bare requirement leaves open, a part of the reason that names what to supply.
// Facts that are not in it have a value even there.
var bareReasons = map[string]string{
	"need.infrastructure_share": "没有投资", "need.capital_ratio": "没有投资", "need.peak_quarter": "没有资金缺口", "need.first_draw_quarter": "没有资金缺口",
	"need.first_surplus_quarter": "没有可偿债现金流", "need.tenor_quarters": "limits.tenor_years", "need.grace_quarters": "limits.grace_quarters",
	"need.max_cost": "limits.max_cost", "need.min_dscr": "limits.min_dscr", "need.land_share": "没有收入", "cluster.signed_area_share": "area_ha",
	"zone.code": "zones.yaml", "zone.province": "zones.yaml", "zone.national": "zones.yaml", "zone.neighbours": "zones.yaml", "zone.key_province": "zones.yaml",
	"borrower.class": "borrower.class", "borrower.rating": "borrower.rating", "borrower.net_assets": "borrower.net_assets",
	"borrower.asset_liability_ratio": "borrower.asset_liability_ratio", "borrower.implicit_debt": "borrower.implicit_debt", "borrower.age_years": "borrower.established",
	"borrower.cash": "borrower.cash", "security.cover": "没有资金缺口", "project.sector": "project.sector", "project.firr": "内部收益率",
	"project.government_investment": "project.government_investment", "project.central_approval": "project.central_approval",
	"project.feasibility_approved": "project.feasibility_approved", "project.estimate_approved": "project.estimate_approved", "project.land_approved": "project.land_approved",
	"project.eia_approved": "project.eia_approved", "project.feasibility_total": "project.feasibility_total", "project.negative_list": "project.negative_list",
	"project.gate_items": "project.gate_items.commitment_letter", "project.capital_is_debt": "project.capital_is_debt", "project.quasi_equity": "project.quasi_equity",
	"project.capital_reduction": "project.capital_reduction", "project.largest_payment": "project.largest_payment", "project.entrusted_payment": "project.entrusted_payment",
	"project.new_ppp_fiscal_support": "project.new_ppp_fiscal_support", "project.sme_arrears": "project.sme_arrears", "project.asset_life_quarters": "project.asset_life_years",
	"project.refinancing_only": "project.refinancing_only",
}

// ours reports whether a fact belongs to a group of this package.
func ours(name string) bool {
	group, _, _ := strings.Cut(name, ".")
	return !elsewhere[group]
}

func TestEveryFactOfTheFullSampleHasTheValueWorkedOutByHand(t *testing.T) {
	ref := shipped(t)
	facts := ref.assemble("2026-03-01", fullCase(t, ref))
	for i, fact := range facts.Vocabulary().Facts() {
		if !ours(fact.Name) {
			continue
		}
		slot := ruleexpr.Slot(i)
		got, present := facts.ValueText(slot)
		want, expected := fullValues[fact.Name]
		switch {
		case expected && got != want:
			t.Errorf("%s = %q (%s), want %q", fact.Name, got, facts.Reason(slot), want)
		case !expected && !strings.HasPrefix(fact.Name, "p.") && !strings.HasPrefix(fact.Name, "market."):
			t.Errorf("%s = %q has no expected value in this test", fact.Name, got)
		case !present && facts.Reason(slot) == "":
			t.Errorf("%s is neither set nor missing with a reason", fact.Name)
		}
	}
}

func TestWhatABareRequirementLeavesOpenIsMissingWithTheRecordToSupply(t *testing.T) {
	ref := shipped(t)
	facts := ref.assemble("2026-03-01", sampleCase(t, "bare.yaml", nil))
	for i, fact := range facts.Vocabulary().Facts() {
		slot, want := ruleexpr.Slot(i), bareReasons[fact.Name]
		switch {
		case strings.HasPrefix(fact.Name, "fiscal."):
			want = "财政概况"
		case strings.HasPrefix(fact.Name, "debt.") && fact.Name != "debt.service_of_cluster":
			want = "台账"
		case !ours(fact.Name) || strings.HasPrefix(fact.Name, "p."):
			continue
		}
		value, present := facts.ValueText(slot)
		if want == "" && !present {
			t.Errorf("%s is missing (%s), want a value", fact.Name, facts.Reason(slot))
		}
		if want != "" && (present || !strings.Contains(facts.Reason(slot), want) || !strings.Contains(facts.Reason(slot), " / ")) {
			t.Errorf("%s = %q, reason %q; want it missing with a reason in both languages that contains %q", fact.Name, value, facts.Reason(slot), want)
		}
	}
}

// Ensure that each fact follows its records: one that is the same for every case is not assembled but forgotten.
func TestNoFactIsTheSameForEveryCase(t *testing.T) {
	ref := shipped(t)
	full := ref.assemble("2026-03-01", fullCase(t, ref))
	bare := ref.assemble("2019-09-01", sampleCase(t, "bare.yaml", nil))
	unknown := fullCase(t, ref)
	unknown.Fiscal = profile(t, "unknown_fiscal.yaml")
	partly := ref.assemble("2020-09-01", unknown)
	for i, fact := range full.Vocabulary().Facts() {
		slot := ruleexpr.Slot(i)
		if !ours(fact.Name) || strings.HasPrefix(fact.Name, "p.") {
			continue
		}
		a, _ := full.ValueText(slot)
		b, _ := bare.ValueText(slot)
		c, _ := partly.ValueText(slot)
		if a == b && b == c {
			t.Errorf("%s is %q for every case", fact.Name, a)
		}
	}
}

func TestAFiscalProfileNamesTheAmountsItLacks(t *testing.T) {
	ref := shipped(t)
	facts := ref.assembler.Vocabulary().NewFacts()
	ref.assembler.SetFiscal(facts, profile(t, "unknown_fiscal.yaml"))
	for name, want := range map[string]string{
		"fiscal.fund_expenditure":        "财政概况缺少 fund_expenditure / the fiscal profile lacks fund_expenditure",
		"fiscal.general_service":         "财政概况缺少 general_debt_principal, general_debt_interest / the fiscal profile lacks general_debt_principal, general_debt_interest",
		"fiscal.comprehensive_resources": "财政概况缺少 general_revenue, transfers, upward_remittance, fund_revenue, soe_capital_revenue / the fiscal profile lacks general_revenue, transfers, upward_remittance, fund_revenue, soe_capital_revenue",
	} {
		slot := ref.assembler.Vocabulary().Slot(name)
		if facts.Has(slot) || facts.Reason(slot) != want {
			t.Errorf("%s: reason %q, want %q", name, facts.Reason(slot), want)
		}
	}
	if grade, known := facts.Text(ref.assembler.Vocabulary().Slot("fiscal.official_grade")); !known || grade != "" {
		t.Errorf("a grade that was not notified is %q, %v; want the empty text", grade, known)
	}
}

func TestMembershipGoesByTheDate(t *testing.T) {
	ref := shipped(t)
	slot := ref.assembler.Vocabulary().Slot("zone.key_province")
	zone := &funding.Zone{Code: "NM-MZL", Province: "NM"}
	list := []funding.Membership{{List: rulepack.KeyProvinces, Member: "NM", From: day("2023-09-01"), To: day("2025-12-31")}, {List: "another", Member: "NM", From: day("2000-01-01")}}
	for _, test := range []struct {
		name, date    string
		list          []funding.Membership
		value, reason string
	}{
		{"the day before the first is outside", "2023-08-31", list, "false", ""},
		{"the first day is inside", "2023-09-01", list, "true", ""},
		{"the last day is inside", "2025-12-31", list, "true", ""},
		{"the day after the last is outside", "2026-01-01", list, "false", ""},
		{"without the list nothing is known", "2024-01-01", list[1:], "", "key_provinces"},
	} {
		facts := ref.assembler.Vocabulary().NewFacts()
		ref.assembler.SetZone(facts, zone, test.list, day(test.date))
		if value, _ := facts.ValueText(slot); value != test.value || !strings.Contains(facts.Reason(slot), test.reason) {
			t.Errorf("%s: %q (%s), want %q", test.name, value, facts.Reason(slot), test.value)
		}
	}
}

func TestSecurityWithoutAValueMakesItsSumsUnknown(t *testing.T) {
	ref := shipped(t)
	v := ref.assembler.Vocabulary()
	value := money.MustAmount("100.00")
	facts := v.NewFacts()
	ref.assembler.SetSecurity(facts, []funding.Security{{Type: "building_mortgage", Value: &value}, {Type: "guarantee"}}, money.MustAmount("50.00"))
	if got, _ := facts.ValueText(v.Slot("security.mortgage_value")); got != "100.00" {
		t.Errorf("mortgages are worth %q, want 100.00: the guarantee without a value does not concern them", got)
	}
	for _, name := range []string{"security.value", "security.guarantee_value", "security.cover"} {
		if slot := v.Slot(name); facts.Has(slot) || !strings.Contains(facts.Reason(slot), "security[1].value") {
			t.Errorf("%s: has %v, reason %q; want it missing for security[1].value", name, facts.Has(slot), facts.Reason(slot))
		}
	}
}

func TestAGateIsOpenOnlyWhenEveryItemIsDeclared(t *testing.T) {
	ref := shipped(t)
	slot := ref.assembler.Vocabulary().Slot("project.gate_items")
	c := sampleCase(t, "bare.yaml", nil)
	c.Requirement.Project.GateItems = map[string]bool{}
	for _, item := range funding.GateItems {
		c.Requirement.Project.GateItems[item] = false
	}
	facts := ref.assembler.Vocabulary().NewFacts()
	ref.assembler.SetProject(facts, c.Requirement, c.Simulation)
	if items, known := facts.Texts(slot); !known || len(items) != 0 {
		t.Errorf("all items declared absent: %v, %v; want the empty list", items, known)
	}
	delete(c.Requirement.Project.GateItems, "agency_guarantee")
	ref.assembler.SetProject(facts, c.Requirement, c.Simulation)
	if facts.Has(slot) || !strings.Contains(facts.Reason(slot), "agency_guarantee") {
		t.Errorf("one item undeclared: has %v, reason %q", facts.Has(slot), facts.Reason(slot))
	}
}

func TestForeignDebtIsConvertedOrUnknown(t *testing.T) {
	ref := shipped(t)
	slot := ref.assembler.Vocabulary().Slot("debt.total")
	c := sampleCase(t, "bare.yaml", nil)
	for currency, want := range map[string]string{
		"USD": "703.00", // 100.00 at 7.03, the series' value from 2025-12-31
		"JPY": "",
	} {
		ledger := &funding.Ledger{AsOf: day("2025-12-31"), Instruments: []funding.Instrument{instrument("L1", "platform", "bank_loan", "100.00", "0.04", "2027-12-31", "bullet", "project")}}
		ledger.Instruments[0].Currency = currency
		facts := ref.assembler.Vocabulary().NewFacts()
		ref.assembler.SetDebt(facts, NewDebt(ledger, ref.market, day("2026-03-01")), c.Requirement, c.Simulation)
		if got, present := facts.ValueText(slot); got != want || !present && !strings.Contains(facts.Reason(slot), "jpy_cny") {
			t.Errorf("%s: debt.total %q (%s), want %q", currency, got, facts.Reason(slot), want)
		}
	}
}

func TestDebtServiceWithoutALedgerIsUnknown(t *testing.T) {
	ref := shipped(t)
	slot := ref.assembler.Vocabulary().Slot("debt.service_of_cluster")
	c := sampleCase(t, "bare.yaml", nil)
	facts := ref.assembler.Vocabulary().NewFacts()
	ref.assembler.SetDebt(facts, nil, c.Requirement, c.Simulation)
	if got, _ := facts.ValueText(slot); got != "0.00" {
		t.Errorf("a cluster that pays nothing: %q, want 0.00", got)
	}
	c.Requirement.DebtService = []string{"L1"}
	ref.assembler.SetDebt(facts, nil, c.Requirement, c.Simulation)
	if facts.Has(slot) {
		t.Error("a cluster that pays on an instrument of no ledger has a debt service, want it missing")
	}
}

// Expected roots from Python: decimal.Decimal(n)/d ** (1/3) at 40 digits, rounded half-up to millionths.
func TestCubeRootRoundsHalfUp(t *testing.T) {
	for _, test := range []struct {
		numerator, denominator money.Amount
		want                   int64
	}{{0, 1, 0}, {1, 1, 1_000_000}, {8, 1, 2_000_000}, {729, 1000, 900_000}, {2, 1, 1_259_921}, {1, 3, 693_361}, {123_456_789, 987, 50_011_046}} {
		if got := cubeRoot(test.numerator, test.denominator); got != test.want {
			t.Errorf("cube root of %d/%d = %d, want %d", int64(test.numerator), int64(test.denominator), got, test.want)
		}
	}
}

func TestAVocabularyThatDoesNotFitIsRefusedByName(t *testing.T) {
	v, err := ruleexpr.NewVocabulary([]ruleexpr.Fact{{Name: "need.investment", Type: ruleexpr.TypeNumber, Unit: ruleexpr.UnitYuan}, {Name: "need.new_one", Type: ruleexpr.TypeFlag}, {Name: "plan.debt", Type: ruleexpr.TypeNumber, Unit: ruleexpr.UnitYuan}})
	must(t, err)
	_, err = NewAssembler(v)
	if err == nil || !strings.Contains(err.Error(), "need.capital") || !strings.Contains(err.Error(), "need.new_one") || strings.Contains(err.Error(), "plan.debt") {
		t.Errorf("error %v; want it to name need.capital as absent and need.new_one as without a formula", err)
	}
}

func TestAssembleLeavesTheReferenceAlone(t *testing.T) {
	ref := shipped(t)
	base := ref.assembler.NewReference(Reference{Date: day("2026-03-01"), Market: ref.market, Parameters: ref.parameters.At(day("2026-03-01"), "", nil)})
	ref.assembler.Assemble(base, day("2026-03-01"), fullCase(t, ref))
	if base.Has(ref.assembler.Vocabulary().Slot("need.investment")) {
		t.Error("the reference holds a fact of a case")
	}
}

// Assembling one case, without working out its ledger; the target is 20 µs.
func BenchmarkAssemble(b *testing.B) {
	ref := shipped(b)
	on := day("2026-03-01")
	base := ref.assembler.NewReference(Reference{Date: on, Market: ref.market, Parameters: ref.parameters.At(on, "", nil)})
	c := fullCase(b, ref)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		ref.assembler.Assemble(base, on, c)
	}
}

func BenchmarkNewDebt(b *testing.B) {
	ref, ledger := shipped(b), sampleLedger()
	b.ReportAllocs()
	for range b.N {
		NewDebt(ledger, ref.market, day("2026-03-01"))
	}
}
