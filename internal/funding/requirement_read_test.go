package funding

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zutuan/internal/document"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

// These tests hold finance.md, section "The requirement file": what a full file means, what each mistake is told as,
// and that all mistakes of a file are told at once.

// full is a requirement that uses every key.
const full = `schema: zutuan/requirement/v1
name: 示例
zone: GX-PX
cluster: {code: PX-01, name: 组团, industries: [农副产品加工, 冷链物流]}
borrower: {name: 某公司, type: platform, rating: AA, net_assets: "-1.50", asset_liability_ratio: "0.55", implicit_debt: false, established: 2015Q1, class: ordinary_soe, cash: "7", group_exposures: [ {institution: cdb, amount: "5.50"}, {institution: adbc, amount: 0} ]}
currency: CNY
start: 2026Q1
horizon: 20
discount_rate: "0.06"
tax: {surtax: "0.006", income: "0.25"}
opening_cash: "1.00"
minimum_cash: "2.00"
capital: [ {source: zone_equity, name: 出资, total: "10", over: 4, shape: s_curve, offset: 2} ]
grants: [ {source: foreign_trade_fund, name: 专项资金, values: [1, "2.50"]} ]
units:
  - code: U1
    name: 一期
    plots: [ {code: U1-01, area_ha: "3.2", use: M1, far: "1.5", investor: 某厂, signed: true} ]
    start: {at: 2026Q1}
    invest:
      - {category: buildings, name: 厂房, depreciate_years: 20, residual: "0.05", total: "100", over: 4}
      - {category: working_capital, name: 流动资金, per_quarter: "1", quarters: 2}
    revenue:
      - {source: land, name: 土地, route: company, set_aside: "0.20", lag: 2, pledged: true, values: [1]}
      - {source: industry, name: 租金, per_quarter: "5", ramp: 4, growth: "0.02", offset: 3}
    cost:
      - {name: 人员, per_quarter: "1"}
      - {name: 物业, share_of: all, share: "0.30"}
    occupancy: {values: [0.3, "0.654321"], offset: 1}
  - code: U2
    start: {after: U1, when: "occupancy >= 0.6", earliest: 2026Q3, latest: 2027Q4, at_latest: start}
debt_service: [ {ledger: D1}, {ledger: D2} ]
after_horizon: {years: 15, net_per_year: "-3.00", growth: "0.02", residual: "4.00"}
limits: {max_cost: "0.045", min_dscr: "1.20", tenor_years: 20, grace_quarters: 12}
security: [ {type: land_mortgage, value: "9", provider: 某公司, note: 备注}, {type: guarantee} ]
studies: {industry: 已完成, finance: {status: 编制中, reference: 文号}}
project: {sector: other_infrastructure, government_investment: true, central_approval: false, exempt_class: 基本民生, capital_reduction: true,
  feasibility_total: "100", feasibility_approved: true, estimate_approved: false, land_approved: true, eia_approved: true, budget_document: 文号,
  negative_list: false, gate_items: {commitment_letter: false, agency_guarantee: true}, capital_is_debt: false, quasi_equity: "1",
  largest_payment: "2", entrusted_payment: true, new_ppp_fiscal_support: false, sme_arrears: true, asset_life_years: 40, refinancing_only: false}
`

func given[T any](value T) *T { return &value }

func TestEveryKeyIsRead(t *testing.T) {
	var compiled []string
	got, err := ReadRequirement("full.yaml", []byte(full), func(expression string) error {
		compiled = append(compiled, expression)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"occupancy >= 0.6"}, compiled); diff != "" {
		t.Errorf("compiled conditions (-want +got):\n%s", diff)
	}
	q, a, d := quarter.Must, money.MustAmount, money.MustRate
	want := &Requirement{
		Name: "示例", Zone: "GX-PX", Cluster: Cluster{Code: "PX-01", Name: "组团", Industries: []string{"农副产品加工", "冷链物流"}},
		Borrower: Borrower{Name: "某公司", Type: "platform", Rating: "AA", NetAssets: given(a("-1.50")), AssetLiabilityRatio: given(d("0.55")), ImplicitDebt: given(false),
			Established: q("2015Q1"), Class: "ordinary_soe", Cash: given(a("7")), GroupExposures: map[string]money.Amount{"cdb": a("5.50"), "adbc": 0}},
		Currency: "CNY", Start: q("2026Q1"), Horizon: 20, DiscountRate: d("0.06"), Tax: Tax{Surtax: d("0.006"), Income: d("0.25")}, OpeningCash: a("1"), MinimumCash: a("2"),
		Capital: []FundingLine{{Source: "zone_equity", Name: "出资", Series: Series{Form: SeriesSpread, Offset: 2, Total: 1000, Over: 4, Shape: ShapeSCurve}}},
		Grants:  []FundingLine{{Source: "foreign_trade_fund", Name: "专项资金", Series: Series{Form: SeriesExplicit, Values: []int64{100, 250}}}},
		Units: []Unit{{
			Code: "U1", Name: "一期", Path: "units[0]", Plots: []Plot{{Code: "U1-01", AreaHa: d("3.2"), Use: "M1", FAR: d("1.5"), Investor: "某厂", Signed: true}},
			Start: UnitStart{At: q("2026Q1")},
			Invest: []InvestLine{
				{Category: InvestBuildings, Name: "厂房", DepreciateYears: 20, Residual: d("0.05"), Series: Series{Form: SeriesSpread, Total: 10000, Over: 4, Shape: ShapeEven}},
				{Category: InvestWorkingCapital, Name: "流动资金", Series: Series{Form: SeriesRecurring, PerQuarter: 100, Ramp: 1, Quarters: 2}},
			},
			Revenue: []RevenueLine{
				{Source: SourceLand, Name: "土地", Route: RouteCompany, SetAside: d("0.2"), Lag: 2, Pledged: true, Series: Series{Form: SeriesExplicit, Values: []int64{100}}},
				{Source: SourceIndustry, Name: "租金", Series: Series{Form: SeriesRecurring, Offset: 3, PerQuarter: 500, Ramp: 4, Growth: d("0.02")}},
			},
			Cost:      []CostLine{{Name: "人员", Series: Series{Form: SeriesRecurring, PerQuarter: 100, Ramp: 1}}, {Name: "物业", ShareOf: ShareOfAll, Share: d("0.3")}},
			Occupancy: Series{Form: SeriesExplicit, Offset: 1, Values: []int64{300000, 654321}},
		}, {Code: "U2", Path: "units[1]", Start: UnitStart{After: "U1", When: "occupancy >= 0.6", Earliest: q("2026Q3"), Latest: q("2027Q4"), StartAtLatest: true}}},
		DebtService:  []string{"D1", "D2"},
		AfterHorizon: &AfterHorizon{Years: 15, NetPerYear: a("-3"), Growth: d("0.02"), Residual: a("4")},
		Limits:       Limits{MaxCost: given(d("0.045")), MinDSCR: given(d("1.2")), TenorQuarters: given(80), GraceQuarters: given(12)},
		Security:     []Security{{Type: "land_mortgage", Value: given(a("9")), Provider: "某公司", Note: "备注"}, {Type: "guarantee"}},
		Studies:      Studies{Industry: "已完成", Finance: "编制中; 文号"},
		Project: Project{Sector: "other_infrastructure", GovernmentInvestment: given(true), CentralApproval: given(false), ExemptClass: "基本民生", CapitalReduction: given(true),
			FeasibilityTotal: given(a("100")), FeasibilityApproved: given(true), EstimateApproved: given(false), LandApproved: given(true), EIAApproved: given(true), BudgetDocument: "文号",
			NegativeList: given(false), GateItems: map[string]bool{"commitment_letter": false, "agency_guarantee": true}, CapitalIsDebt: given(false), QuasiEquity: given(a("1")),
			LargestPayment: given(a("2")), EntrustedPayment: given(true), NewPPPFiscalSupport: given(false), SMEArrears: given(true), AssetLifeYears: given(40), RefinancingOnly: given(false)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// least is the shortest file that is a requirement.
const least = `{"schema": "zutuan/requirement/v1", "name": "n", "zone": "z", "cluster": {"code": "c", "name": "n"}, "borrower": {"name": "b", "type": "spv"},
 "currency": "CNY", "start": "2026Q1", "discount_rate": "0.06", "tax": {"surtax": "0", "income": "0"}, "units": [{"code": "U1", "start": {"at": "2026Q1"}}]}`

func TestDefaultsOfTheShortestFile(t *testing.T) {
	got, err := ReadRequirement("least.json", []byte(least), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := &Requirement{Name: "n", Zone: "z", Cluster: Cluster{Code: "c", Name: "n"}, Borrower: Borrower{Name: "b", Type: "spv"}, Currency: "CNY", Start: quarter.Must("2026Q1"),
		Horizon: 40, DiscountRate: money.MustRate("0.06"), Units: []Unit{{Code: "U1", Path: "units[0]", Start: UnitStart{At: quarter.Must("2026Q1")}}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The three files are the published samples, byte for byte; they must load as they are.
func TestOriginalRequirementsLoadUnchanged(t *testing.T) {
	files, _ := filepath.Glob("../../testdata/requirements/original/*.json")
	if len(files) != 3 {
		t.Fatalf("found %d original files, want 3", len(files))
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		requirement, err := ReadRequirement(filepath.Base(file), data, nil)
		if err != nil {
			t.Errorf("%s is refused:\n%v", file, err)
			continue
		}
		unit := requirement.Units[0]
		if len(requirement.Units) != 1 || len(unit.Invest) != 11 || len(unit.Revenue) != 5 || len(unit.Cost) != 5 || requirement.Horizon != 40 || *requirement.Limits.TenorQuarters != 80 {
			t.Errorf("%s: read %d units, %d, %d and %d lines", file, len(requirement.Units), len(unit.Invest), len(unit.Revenue), len(unit.Cost))
		}
		for _, line := range unit.Revenue {
			if len(line.Series.Values) != 40 {
				t.Errorf("%s: %s has %d quarters", file, line.Name, len(line.Series.Values))
			}
		}
	}
}

// codes prints problems as "path: code", in order of place.
func codes(err error) string {
	var problems document.Problems
	if !errors.As(err, &problems) {
		return fmt.Sprint(err)
	}
	lines := make([]string, len(problems))
	for i, p := range problems {
		lines[i] = p.Path + ": " + p.Code
		if p.ZH == "" || p.EN == "" || p.Line == 0 || p.File == "" {
			lines[i] += fmt.Sprintf(" without its line or a language: %+v", p)
		}
	}
	return strings.Join(lines, "\n")
}

// Each case changes one thing in the full file.
func TestMistakesAreToldWithTheirPlace(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"a schema of another kind":              {"zutuan/requirement/v1", "zutuan/product/v1", "schema: schema"},
		"a missing schema":                      {"schema: zutuan/requirement/v1\n", "", "schema: missing"},
		"an unknown key at the top":             {"zone: GX-PX", "zone: GX-PX\nzones: 1", "zones: unknown_key"},
		"an unknown key in a line":              {"{name: 人员,", "{name: 人员, ramped: 2,", "units[0].cost[0].ramped: unknown_key"},
		"a missing name":                        {"name: 示例\n", "", "name: missing"},
		"a blank zone":                          {"zone: GX-PX", "zone: ' '", "zone: blank"},
		"a missing cluster code":                {"{code: PX-01, name: 组团,", "{name: 组团,", "cluster.code: missing"},
		"an empty industry":                     {"[农副产品加工, 冷链物流]", "[农副产品加工, null]", "cluster.industries[1]: missing"},
		"an unknown borrower type":              {"type: platform", "type: bank", "borrower.type: enum"},
		"an unknown class":                      {"class: ordinary_soe", "class: soe", "borrower.class: enum"},
		"negative cash":                         {`cash: "7"`, `cash: "-7"`, "borrower.cash: negative"},
		"a negative exposure":                   {`amount: "5.50"`, `amount: "-5.50"`, "borrower.group_exposures[0].amount: negative"},
		"an exposure of one lender twice":       {"institution: adbc", "institution: cdb", "borrower.group_exposures[1].institution: duplicate"},
		"an exposure without its lender":        {"{institution: adbc, ", "{", "borrower.group_exposures[1].institution: missing"},
		"a currency in words":                   {"currency: CNY", "currency: 人民币", "currency: currency"},
		"a start that is a date":                {"start: 2026Q1\nhorizon", "start: 2026-01-01\nhorizon", "start: quarter"},
		"a horizon of three quarters":           {"horizon: 20", "horizon: 3", "horizon: integer"},
		"a horizon above the longest":           {"horizon: 20", "horizon: 81", "horizon: integer"},
		"a discount rate in percent":            {`discount_rate: "0.06"`, `discount_rate: 6%`, "discount_rate: rate"},
		"a missing discount rate":               {`discount_rate: "0.06"` + "\n", "", "discount_rate: missing"},
		"a tax above one":                       {`income: "0.25"`, `income: "25"`, "tax.income: rate"},
		"a missing tax":                         {`tax: {surtax: "0.006", income: "0.25"}` + "\n", "", "tax: missing"},
		"a negative opening cash":               {`opening_cash: "1.00"`, `opening_cash: "-1.00"`, "opening_cash: negative"},
		"a negative total":                      {`total: "10", over`, `total: "-10", over`, "capital[0].total: negative"},
		"a negative value in a list":            {`[1, "2.50"]`, `[1, "-2.50"]`, "grants[0].values[1]: negative"},
		"an empty value in a list":              {`[1, "2.50"]`, `[1, null]`, "grants[0].values[1]: missing"},
		"an empty list of values":               {`[1, "2.50"]`, `[]`, "grants[0].values: missing"},
		"too many decimals":                     {`total: "100", over`, `total: "100.001", over`, "units[0].invest[0].total: amount"},
		"an exponent":                           {`total: "100", over`, `total: 1e2, over`, "units[0].invest[0].total: amount"},
		"a spread without its length":           {`total: "100", over: 4`, `total: "100"`, "units[0].invest[0].over: missing"},
		"a spread over no quarter":              {`total: "100", over: 4`, `total: "100", over: 0`, "units[0].invest[0].over: integer"},
		"a spread over 161 quarters":            {`total: "100", over: 4`, `total: "100", over: 161`, "units[0].invest[0].over: integer"},
		"an unknown shape":                      {"shape: s_curve", "shape: s-curve", "capital[0].shape: enum"},
		"a negative offset":                     {"offset: 2}", "offset: -1}", "capital[0].offset: integer"},
		"an offset of 161":                      {"offset: 2}", "offset: 161}", "capital[0].offset: integer"},
		"a ramp of nothing":                     {"ramp: 4", "ramp: 0", "units[0].revenue[1].ramp: integer"},
		"a recurring amount for no quarter":     {`per_quarter: "1", quarters: 2`, `per_quarter: "1", quarters: 0`, "units[0].invest[1].quarters: integer"},
		"growth below minus one":                {`growth: "0.02", offset`, `growth: "-1.01", offset`, "units[0].revenue[1].growth: rate"},
		"two forms of series":                   {`total: "100", over: 4`, `total: "100", over: 4, values: [1]`, "units[0].invest[0].total: series\nunits[0].invest[0].over: series"},
		"no form of series":                     {`name: 人员, per_quarter: "1"`, `name: 人员`, "units[0].cost[0]: series"},
		"a key of another form":                 {`per_quarter: "5", ramp: 4`, `per_quarter: "5", over: 4`, "units[0].revenue[1].over: series"},
		"a share with a series":                 {`share: "0.30"`, `share: "0.30", per_quarter: "1"`, "units[0].cost[1].per_quarter: series"},
		"a share of nothing known":              {"share_of: all", "share_of: wind", "units[0].cost[1].share_of: enum"},
		"a share without its base":              {"share_of: all, ", "", "units[0].cost[1].share_of: missing"},
		"a share above one":                     {`share: "0.30"`, `share: "1.01"`, "units[0].cost[1].share: rate"},
		"a cost without a name":                 {"{name: 人员, per", "{per", "units[0].cost[0].name: missing"},
		"investment without an end":             {`per_quarter: "1", quarters: 2`, `per_quarter: "1"`, "units[0].invest[1]: endless"},
		"an unknown category":                   {"category: buildings", "category: building", "units[0].invest[0].category: enum"},
		"a life of no years":                    {"depreciate_years: 20", "depreciate_years: 0", "units[0].invest[0].depreciate_years: integer"},
		"a residual above one":                  {`residual: "0.05"`, `residual: "1.05"`, "units[0].invest[0].residual: rate"},
		"an unknown source":                     {"source: industry", "source: industries", "units[0].revenue[1].source: enum"},
		"land keys on another source":           {"name: 租金,", "name: 租金, lag: 1, pledged: false,", "units[0].revenue[1].lag: land_only\nunits[0].revenue[1].pledged: land_only"},
		"an unknown route":                      {"route: company", "route: budget", "units[0].revenue[0].route: enum"},
		"pledged as a word":                     {"pledged: true", "pledged: partly", "units[0].revenue[0].pledged: bool"},
		"an occupancy above one":                {`[0.3, "0.654321"]`, `[0.3, 1.1]`, "units[0].occupancy.values[1]: rate"},
		"an occupancy with seven decimals":      {`[0.3, "0.654321"]`, `["0.1234567"]`, "units[0].occupancy.values[0]: rate"},
		"an occupancy that grows":               {`{values: [0.3, "0.654321"], offset: 1}`, `{per_quarter: "0.9", growth: "0.1"}`, "units[0].occupancy.growth: occupancy"},
		"a plot without its area":               {`area_ha: "3.2", `, "", "units[0].plots[0].area_ha: missing"},
		"plots of the same code":                {"signed: true} ]", `signed: true}, {code: U1-01, area_ha: "1"} ]`, "units[0].plots[1].code: duplicate"},
		"no units":                              {full[strings.Index(full, "units:\n"):strings.Index(full, "debt_service")], "units: []\n", "units: missing"},
		"units of the same code":                {"code: U2", "code: U1", "units[1].code: duplicate"},
		"a unit without a code":                 {"  - code: U2\n    start", "  - start", "units[1].code: missing"},
		"a unit without a start":                {"    start: {at: 2026Q1}\n", "", "units[0].start: missing"},
		"a start that says nothing":             {"start: {at: 2026Q1}", "start: {}", "units[0].start: start"},
		"a start that says too much":            {"start: {at: 2026Q1}", "start: {at: 2026Q1, after: U2}", "units[0].start.after: start"},
		"a fixed start with a condition":        {"start: {at: 2026Q1}", "start: {at: 2026Q1, when: x, latest: 2027Q1}", "units[0].start.when: start\nunits[0].start.latest: start"},
		"a fixed start before the requirement":  {"start: {at: 2026Q1}", "start: {at: 2025Q4}", "units[0].start.at: start"},
		"a fixed start after the horizon":       {"start: {at: 2026Q1}", "start: {at: 2031Q1}", "units[0].start.at: start"},
		"an earliest after the horizon":         {"earliest: 2026Q3, latest: 2027Q4", "earliest: 2031Q1, latest: 2031Q2", "units[1].start.earliest: start"},
		"a latest before the earliest":          {"latest: 2027Q4", "latest: 2026Q2", "units[1].start.latest: start"},
		"a latest before the requirement":       {"earliest: 2026Q3, latest: 2027Q4", "latest: 2025Q4", "units[1].start.latest: start"},
		"an unknown at_latest":                  {"at_latest: start", "at_latest: now", "units[1].start.at_latest: enum"},
		"a wait without a condition":            {`when: "occupancy >= 0.6", `, "", "units[1].start.when: missing"},
		"a condition that does not compile":     {`when: "occupancy >= 0.6"`, `when: bad`, "units[1].start.when: when"},
		"a wait for an unknown unit":            {"after: U1", "after: U3", "units[1].start.after: unknown_unit"},
		"a wait for itself":                     {"after: U1", "after: U2", "units[1].start.after: ring"},
		"an instrument twice":                   {"{ledger: D2}", "{ledger: D1}", "debt_service[1].ledger: duplicate"},
		"an instrument without its id":          {"{ledger: D2}", "{id: D2}", "debt_service[1].id: unknown_key\ndebt_service[1].ledger: missing"},
		"no years after the horizon":            {"years: 15, ", "", "after_horizon.years: missing"},
		"a negative residual after the horizon": {`residual: "4.00"`, `residual: "-4.00"`, "after_horizon.residual: negative"},
		"a highest cost in percent":             {`max_cost: "0.045"`, `max_cost: "4.5"`, "limits.max_cost: rate"},
		"a tenor in words":                      {"tenor_years: 20", "tenor_years: 20年", "limits.tenor_years: integer"},
		"a grace above twenty years":            {"grace_quarters: 12", "grace_quarters: 81", "limits.grace_quarters: integer"},
		"an unknown security":                   {"type: land_mortgage", "type: mortgage", "security[0].type: enum"},
		"a negative security":                   {`value: "9"`, `value: "-9"`, "security[0].value: negative"},
		"an unknown study":                      {"studies: {industry:", "studies: {industrial:", "studies.industrial: unknown_key"},
		"an unknown key of a study":             {"reference: 文号}", "file: 文号}", "studies.finance.file: unknown_key"},
		"an unknown sector":                     {"sector: other_infrastructure", "sector: park", "project.sector: enum"},
		"an unknown gate item":                  {"commitment_letter: false", "commitment: false", "project.gate_items.commitment: unknown_key"},
		"an unknown project key":                {"sme_arrears: true", "arrears: true", "project.arrears: unknown_key"},
		"a list where an object belongs":        {"tax: {surtax: \"0.006\", income: \"0.25\"}", "tax: [1]", "tax: object"},
		"an object where a list belongs":        {"debt_service: [ {ledger: D1}, {ledger: D2} ]", "debt_service: {ledger: D1}", "debt_service: list"},
		"amounts whose sum leaves the range":    {`per_quarter: "5", ramp: 4, growth: "0.02"`, `per_quarter: "10000000000000", ramp: 4, growth: "1"`, ": total"},
		"a share of amounts that leaves it": {`per_quarter: "5", ramp: 4, growth: "0.02", offset: 3}`, `per_quarter: "10000000000000"}
      - {source: energy, per_quarter: "10000000000000"}`, ": total"},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.Count(full, c.old) != 1 {
				t.Fatalf("%q stands %d times in the full file", c.old, strings.Count(full, c.old))
			}
			_, err := ReadRequirement("r.yaml", []byte(strings.Replace(full, c.old, c.new, 1)), func(expression string) error {
				if expression == "bad" {
					return errors.New("unknown name bad")
				}
				return nil
			})
			if got := codes(err); got != c.want {
				t.Errorf("told as %q, want %q", got, c.want)
			}
		})
	}
}

func TestTooManyOfAnything(t *testing.T) {
	many := func(count int, item string) string {
		return strings.TrimSuffix(strings.Repeat(item+", ", count), ", ")
	}
	for name, c := range map[string]struct{ old, new, want string }{
		"161 values":             {`[1, "2.50"]`, "[" + many(161, "1") + "]", "grants[0].values: too_many"},
		"201 costs":              {`{name: 人员, per_quarter: "1"}`, many(199, "x") + `{name: 人员, per_quarter: "1"}`, "units[0].cost: too_many"},
		"201 sources of capital": {`capital: [ {`, `capital: [ ` + many(200, `{source: a, values: [1]}`) + `, {`, "capital: too_many"},
		"201 plots":              {`plots: [ {`, `plots: [ ` + numberedPlots(200) + `{`, "units[0].plots: too_many"},
		"201 items of security":  {`security: [ {`, `security: [ ` + many(199, "{type: other}") + `, {`, "security: too_many"},
		"201 existing debts":     {"debt_service: [ {ledger: D1},", "debt_service: [ " + numberedDebts(199) + "{ledger: D1},", "debt_service: too_many"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(full, c.old, c.new, 1)
			text = strings.Replace(text, "      - "+many(199, "x"), strings.Repeat("      - {name: x, values: [1]}\n", 199)+"      - ", 1)
			if _, err := ReadRequirement("r.yaml", []byte(text), nil); codes(err) != c.want {
				t.Errorf("told as %q, want %q", codes(err), c.want)
			}
		})
	}
	units := strings.Replace(full, "debt_service", strings.Join(numberedUnits(99), "")+"debt_service", 1)
	if _, err := ReadRequirement("r.yaml", []byte(units), nil); codes(err) != "units: too_many" {
		t.Errorf("101 units are told as %q", codes(err))
	}
	units = strings.Replace(full, "debt_service", strings.Join(numberedUnits(98), "")+"debt_service", 1)
	if _, err := ReadRequirement("r.yaml", []byte(units), nil); err != nil {
		t.Errorf("100 units are told as %q", codes(err))
	}
}

func numberedPlots(count int) (text string) {
	for i := range count {
		text += fmt.Sprintf(`{code: P%d, area_ha: "1"}, `, i)
	}
	return text
}

func numberedDebts(count int) (text string) {
	for i := range count {
		text += fmt.Sprintf("{ledger: X%d}, ", i)
	}
	return text
}

func numberedUnits(count int) (units []string) {
	for i := range count {
		units = append(units, fmt.Sprintf("  - {code: V%d, start: {at: 2026Q1}}\n", i))
	}
	return units
}

func TestAllMistakesAreToldAtOnce(t *testing.T) {
	text := full
	for _, change := range [][2]string{{"zone: GX-PX", "zoen: GX-PX"}, {`income: "0.25"`, `income: "25%"`}, {"after: U1", "after: U9"}, {"type: guarantee", "type: letter"}} {
		text = strings.Replace(text, change[0], change[1], 1)
	}
	_, err := ReadRequirement("r.yaml", []byte(text), nil)
	want := "zone: missing\nzoen: unknown_key\ntax.income: rate\nunits[1].start.after: unknown_unit\nsecurity[1].type: enum"
	if diff := cmp.Diff(want, codes(err)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMessagesNameWhatIsMeant(t *testing.T) {
	for name, c := range map[string]struct{ old, new, zh, en string }{
		"the nearest unit":      {"after: U1", "after: u1", "r.yaml:31:20: units[1].start.after: 没有单元 \"u1\"；可用的有 U1, U2", `there is no unit "u1"; available: U1, U2`},
		"what does not compile": {`"occupancy >= 0.6"`, "bad", "r.yaml:31:30: units[1].start.when: 启动条件不能使用：不认识 bad", "the start condition cannot be used: unknown bad"},
		"the horizon":           {"start: {at: 2026Q1}", "start: {at: 2031Q1}", "2031Q1 不在计算期内，应为 2026Q1 至 2030Q4", "2031Q1 is outside the horizon, which runs from 2026Q1 to 2030Q4"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadRequirement("r.yaml", []byte(strings.Replace(full, c.old, c.new, 1)), func(expression string) error {
				if expression == "bad" {
					return bilingual{}
				}
				return nil
			})
			var problems document.Problems
			if !errors.As(err, &problems) || !strings.Contains(problems.In(money.Chinese), c.zh) || !strings.Contains(problems.In(money.English), c.en) {
				t.Errorf("told as:\n%v", err)
			}
		})
	}
}

// bilingual is an error as the expression package makes them.
type bilingual struct{}

func (bilingual) Error() string { return "unknown bad" }

func (bilingual) Message(language money.Language) string {
	if language == money.Chinese {
		return "不认识 bad"
	}
	return "unknown bad"
}

func TestErrorsInBothLanguagesAreFound(t *testing.T) {
	list := document.Problems{{ZH: "甲", EN: "one"}, {ZH: "乙", EN: "two"}}
	for want, err := range map[Text]error{
		{ZH: "甲\n乙", EN: "one\ntwo"}:       fmt.Errorf("x: %w", list),
		{ZH: "不认识 bad", EN: "unknown bad"}: bilingual{},
		{ZH: "plain", EN: "plain"}:         errors.New("plain"),
	} {
		if got := TextOf(err); got != want {
			t.Errorf("%v reads %+v", err, got)
		}
	}
}

// Units that wait for each other are told once a ring, by the codes along it; units that only wait for one of a ring
// are not part of it.
func TestRingsAreNamedOnce(t *testing.T) {
	unit := func(code, after string) string {
		if after == "" {
			return fmt.Sprintf("  - {code: %s, start: {at: 2026Q1}}\n", code)
		}
		return fmt.Sprintf("  - {code: %s, start: {after: %s, when: x}}\n", code, after)
	}
	for name, c := range map[string]struct{ units, want string }{
		"a ring of three":                {unit("A", "C") + unit("B", "A") + unit("C", "B"), "A → C → B → A"},
		"a ring of two and a tail":       {unit("T", "A") + unit("A", "B") + unit("B", "A"), "A → B → A"},
		"two rings":                      {unit("A", "B") + unit("B", "A") + unit("C", "C"), "A → B → A|C → C"},
		"a long chain is no ring":        {unit("A", "") + unit("B", "A") + unit("C", "B") + unit("D", "C"), ""},
		"two that wait for the same one": {unit("A", "") + unit("B", "A") + unit("C", "A"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			start, end := strings.Index(full, "units:\n")+len("units:\n"), strings.Index(full, "debt_service")
			_, err := ReadRequirement("r.yaml", []byte(full[:start]+c.units+full[end:]), nil)
			var rings []string
			var problems document.Problems
			if errors.As(err, &problems) {
				for _, p := range problems {
					if p.Code != "ring" {
						t.Errorf("also told: %+v", p)
					}
					rings = append(rings, p.EN[strings.LastIndex(p.EN, ": ")+2:])
				}
			}
			if got := strings.Join(rings, "|"); got != c.want {
				t.Errorf("rings %q, want %q", got, c.want)
			}
		})
	}
}

// FuzzReadRequirement: no file panics, and whatever is accepted has its values inside the bounds that other packages
// rely on.
func FuzzReadRequirement(f *testing.F) {
	f.Add([]byte(full))
	f.Add([]byte(least))
	f.Add([]byte(strings.Replace(full, "after: U1", "after: U2", 1)))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ReadRequirement("fuzz.yaml", data, func(string) error { return nil })
		if err != nil {
			var problems document.Problems
			if !errors.As(err, &problems) || len(problems) == 0 {
				t.Fatalf("an error without problems: %v", err)
			}
			return
		}
		if r.Horizon < 4 || r.Horizon > MaxHorizon || len(r.Units) == 0 || len(r.Units) > MaxUnits || r.Start == 0 {
			t.Fatalf("accepted with horizon %d and %d units", r.Horizon, len(r.Units))
		}
		for _, unit := range r.Units {
			if unit.Code == "" || (unit.Start.At == 0) == (unit.Start.After == "") {
				t.Fatalf("accepted unit %q with start %+v", unit.Code, unit.Start)
			}
			for _, line := range unit.Invest {
				checkSeries(t, line.Series)
			}
			for _, line := range unit.Revenue {
				checkSeries(t, line.Series)
			}
		}
	})
}

func checkSeries(t *testing.T, s Series) {
	bad := s.Offset < 0 || s.Offset > MaxQuarters || len(s.Values) > MaxQuarters || s.Total < 0 || s.PerQuarter < 0
	switch s.Form {
	case SeriesExplicit:
		bad = bad || len(s.Values) == 0
	case SeriesSpread:
		bad = bad || s.Over < 1 || s.Over > MaxQuarters || s.Shape == ""
	case SeriesRecurring:
		bad = bad || s.Ramp < 1 || s.Ramp > MaxQuarters || s.Quarters < 0 || s.Quarters > MaxQuarters
	default:
		bad = true
	}
	if bad {
		t.Fatalf("accepted series %+v", s)
	}
}
