package rulepack

import (
	"bytes"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/rules"
)

// These tests are about the data that ships: each figure here was typed again from the regulation it comes from (the
// register names it), not copied from the files, so that a slip in a file shows.

// loaded reads the shipped rules once for all tests; a library does not change.
var loaded = sync.OnceValues(func() (*Library, error) { return Load(rules.FS) })

func shipped(t testing.TB) *Library {
	t.Helper()
	library, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return library
}

func day(text string) time.Time {
	date, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return date
}

func TestTheShippedRulesLoad(t *testing.T) {
	library := shipped(t)
	if len(library.Parameters.All()) < 200 || len(library.Documents.All()) < 80 || library.VocabularyVersion < 1 {
		t.Errorf("%d parameters, %d documents, vocabulary %d", len(library.Parameters.All()), len(library.Documents.All()), library.VocabularyVersion)
	}
}

// The thresholds as the texts state them. status is what a person is shown beside the number.
func TestThresholdsAreWhatTheTextsSay(t *testing.T) {
	library := shipped(t)
	cases := []struct{ id, date, value, status string }{
		{"debt_limit_use_stop", "2026-01-01", "1", "in_force"},
		{"debt_limit_use_orange", "2026-01-01", "0.98", "house"},
		{"debt_limit_use_yellow", "2026-01-01", "0.95", "house"},
		{"debt_ratio_yellow", "2026-01-01", "1.2", "unpublished"},
		{"debt_ratio_orange", "2026-01-01", "2", "unpublished"},
		{"debt_ratio_red", "2026-01-01", "3", "unpublished"},
		{"general_interest_red", "2026-01-01", "0.1", "in_force"},
		{"special_interest_red", "2026-01-01", "0.1", "in_force"},
		{"risk_event_default_level1", "2026-01-01", "0.1", "in_force"},
		{"risk_event_default_level3", "2026-01-01", "0.01", "in_force"},
		{"special_cover_yellow", "2026-01-01", "1.2", "house"},
		{"general_service_red", "2026-01-01", "0.2", "house"},
		{"land_dependency_red", "2026-01-01", "0.6", "house"},
		{"land_revenue_cagr_warn", "2026-01-01", "-0.15", "house"},
		{"reserve_fund_min", "2026-01-01", "0.01", "in_force"},
		{"reserve_fund_max", "2026-01-01", "0.03", "in_force"},
		{"ppp_commitment_red", "2023-11-15", "0.1", "in_force"},
		{"ppp_commitment_red", "2023-11-16", "0.1", "repealed"},
		{"ppp_commitment_orange", "2026-01-01", "0.07", "repealed"},
		{"ppp_commitment_yellow", "2026-01-01", "0.05", "repealed"},
		{"asset_liability_warn", "2026-01-01", "0.7", "practice"},
		{"asset_liability_stop", "2026-01-01", "0.75", "practice"},
		{"cash_short_debt_red", "2026-01-01", "0.25", "house"},
		{"non_standard_red", "2026-01-01", "0.4", "house"},
		{"high_cost_spread", "2026-01-01", "0.03", "house"},
		{"capital_min_port_waterway", "2019-11-19", "0.25", "in_force"},
		{"capital_min_port_waterway", "2019-11-20", "0.2", "in_force"},
		{"capital_min_airport", "2026-01-01", "0.25", "in_force"},
		{"capital_min_steel_aluminium", "2026-01-01", "0.4", "in_force"},
		{"capital_min_cement", "2026-01-01", "0.35", "in_force"},
		{"capital_min_coal_chemical", "2026-01-01", "0.3", "in_force"},
		{"capital_min_other_real_estate", "2026-01-01", "0.25", "in_force"},
		{"capital_reduction_max", "2026-01-01", "0.05", "in_force"},
		{"quasi_equity_share_max", "2026-01-01", "0.5", "in_force"},
		{"bond_cover_orange", "2026-01-01", "1.1", "practice"},
		{"bond_capital_share_max", "2024-12-24", "0.25", "in_force"},
		{"bond_capital_share_max", "2024-12-25", "0.3", "in_force"},
		{"tenor_head_office_quarters", "2024-07-01", "40", "in_force"},
		{"entrusted_payment_min", "2024-06-30", "5000000", "repealed"},
		{"entrusted_payment_min", "2024-07-01", "10000000", "in_force"},
		{"plan_total_over_feasibility", "2026-01-01", "1.1", "in_force"},
		{"dscr_yellow", "2026-01-01", "1.3", "practice"},
		{"dscr_orange", "2026-01-01", "1.1", "house"},
		{"icr_yellow", "2026-01-01", "2", "practice"},
		{"llcr_orange", "2026-01-01", "1.15", "house"},
		{"single_borrower_loan_max", "2026-01-01", "0.1", "in_force"},
		{"exposure_max", "2026-01-01", "0.15", "in_force"},
		{"group_max", "2026-01-01", "0.2", "in_force"},
		{"interbank_exposure_max", "2026-01-01", "0.25", "in_force"},
		{"joint_credit_min", "2026-01-01", "5000000000", "in_force"},
		{"lic_external_debt_exports_medium", "2026-01-01", "1.8", "practice"},
		{"lic_external_service_revenue_strong", "2026-01-01", "0.23", "practice"},
		{"lic_public_debt_gdp_weak", "2026-01-01", "0.35", "practice"},
	}
	for _, test := range cases {
		value, known := library.Parameters.At(day(test.date), "", nil).Lookup(test.id)
		number, isNumber := value.Number()
		if !known || !isNumber || !number.Equal(decimal.RequireFromString(test.value)) || value.Source.Status != test.status {
			t.Errorf("%s on %s: got %s (%s), want %s (%s)", test.id, test.date, value.Value, value.Source.Status, test.value, test.status)
		}
	}
}

func TestEverySectorOfTheCapitalTableHasItsMinimum(t *testing.T) {
	set := shipped(t).Parameters.At(day("2026-01-01"), "", nil)
	for _, sector := range funding.Sectors {
		if value, known := set.Lookup("capital_min_" + sector); !known || !value.Present() {
			t.Errorf("no minimum capital for %s", sector)
		}
	}
	general, _ := set.Lookup("capital_ratio_min")
	other, _ := set.Lookup("capital_min_other_infrastructure")
	if general.Value != other.Value {
		t.Errorf("capital_ratio_min is %s, but it is another name of capital_min_other_infrastructure, %s", general.Value, other.Value)
	}
}

func TestWhatIsNotLawSaysSo(t *testing.T) {
	for _, parameter := range shipped(t).Parameters.All() {
		for _, value := range parameter.Values {
			switch {
			case value.Status == "house" && !strings.HasPrefix(value.Note, "HOUSE"):
				t.Errorf("%s: a house value must be labelled HOUSE, got %q", parameter.ID, value.Note)
			case value.Status == "unpublished" && !strings.Contains(value.Note, "口径未公开"):
				t.Errorf("%s: an unpublished value must say 口径未公开, got %q", parameter.ID, value.Note)
			case value.Status == "house" && value.LastVerified.IsZero():
				t.Errorf("%s: there is nothing to read behind a house value, so it was verified when it was set", parameter.ID)
			case value.LastVerified.IsZero() && value.Note == "":
				t.Errorf("%s: a value whose text nobody has read must say so", parameter.ID)
			}
		}
	}
}

func TestParametersThatAreTooUncertainHaveNoValue(t *testing.T) {
	set := shipped(t).Parameters.At(day("2026-06-30"), "GX-PX", nil)
	for _, id := range []string{"treasury_cover_min", "treasury_cover_max"} {
		value, known := set.Lookup(id)
		if _, isNumber := value.Number(); !known || value.Present() || isNumber {
			t.Errorf("%s must exist without a value, got %+v", id, value)
		}
	}
}

func TestTheReadmeListsExactlyTheParameters(t *testing.T) {
	text, err := fs.ReadFile(rules.FS, "README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(text), "## Parameters (names for p.*)")
	_, list, _ = strings.Cut(list, "\n### ")
	var listed, have []string
	for _, match := range regexp.MustCompile("`([a-z0-9_]+)`").FindAllStringSubmatch(list, -1) {
		listed = append(listed, match[1])
	}
	slices.Sort(listed)
	for _, parameter := range shipped(t).Parameters.All() {
		have = append(have, parameter.ID)
	}
	if !slices.Equal(listed, have) {
		t.Errorf("the README lists %d names, the files have %d; listed only: %v, in the files only: %v", len(listed), len(have), without(listed, have), without(have, listed))
	}
}

func without(list, other []string) []string {
	var rest []string
	for _, entry := range list {
		if !slices.Contains(other, entry) {
			rest = append(rest, entry)
		}
	}
	return rest
}

func TestKeyProvincesFollowTheDate(t *testing.T) {
	memberships := shipped(t).Memberships
	cases := []struct {
		name, member, date string
		want               bool
	}{
		{"no list before September 2023", "GX", "2023-08-31", false},
		{"Guangxi from September 2023", "GX", "2023-09-01", true},
		{"Guangxi still", "GX", "2026-09-01", true},
		{"Inner Mongolia until the end of the year in which it left", "NM", "2025-12-31", true},
		{"Inner Mongolia is out from 2026", "NM", "2026-01-01", false},
		{"Jilin until its exit was announced", "JL", "2026-01-31", true},
		{"Jilin is out after the announcement", "JL", "2026-02-01", false},
		{"Ningxia has applied only", "NX", "2026-09-01", true},
		{"Xinjiang never was", "XJ", "2024-01-01", false},
	}
	for _, test := range cases {
		if _, got := MemberOn(memberships, KeyProvinces, test.member, day(test.date)); got != test.want {
			t.Errorf("%s: got %v", test.name, got)
		}
	}
	members := 0
	for _, entry := range memberships {
		if entry.List == KeyProvinces && funding.InForce(entry.From, entry.To, day("2023-09-01")) {
			members++
		}
	}
	if members != 12 {
		t.Errorf("the list of September 2023 has twelve members, got %d", members)
	}
}

func TestTheEighteenZones(t *testing.T) {
	library := shipped(t)
	// Counted in the zone table: Liaoning 1, Jilin 2, Heilongjiang 2, Inner Mongolia 2, Guangxi 2, Yunnan 4, Xinjiang 4, Tibet 1.
	want := map[string]int{"LN": 1, "JL": 2, "HL": 2, "NM": 2, "GX": 2, "YN": 4, "XJ": 4, "XZ": 1}
	got := map[string]int{}
	for _, zone := range library.Zones {
		got[zone.Province]++
		if !zone.National || len(zone.Neighbour) == 0 {
			t.Errorf("%s: %+v", zone.Code, zone)
		}
	}
	for province, count := range want {
		if got[province] != count {
			t.Errorf("%s has %d zones, got %d", province, count, got[province])
		}
	}
	if len(library.Zones) != 18 {
		t.Errorf("there are 18 zones, got %d", len(library.Zones))
	}
	for name, code := range map[string]string{"pingxiang": "GX-PX", "lincang": "YN-LC", "manzhouli": "NM-MZL", "凭祥": "GX-PX", "LN-DD": "LN-DD"} {
		if zone, ok := library.Zone(name); !ok || zone.Code != code {
			t.Errorf("%s should be %s, got %s", name, code, zone.Code)
		}
	}
	if _, ok := library.Zone("tengchong"); ok {
		t.Error("腾冲 is a provincial zone and not in the register")
	}
}

func TestMarketRatesHoldFromTheirDay(t *testing.T) {
	market := shipped(t).Market
	cases := []struct{ id, date, value string }{
		{"lpr_5y", "2019-08-19", ""},
		{"lpr_5y", "2019-08-20", "0.0485"},
		{"lpr_5y", "2024-02-19", "0.0420"},
		{"lpr_5y", "2024-02-20", "0.0395"},
		{"lpr_5y", "2026-01-01", "0.0350"},
		{"lpr_1y", "2025-05-19", "0.0310"},
		{"lpr_1y", "2025-05-20", "0.0300"},
		{"psl", "2025-05-06", "0.0225"},
		{"psl", "2025-05-07", "0.0200"},
		{"special_bond", "2026-01-01", "0.0202"},
		{"general_bond", "2026-01-01", "0.0182"},
		{"treasury_10y", "2026-01-01", "0.0183"},
		{"treasury_30y", "2026-01-01", "0.0215"},
		{"usd_cny", "2020-08-25", "6.9196"},
	}
	for _, test := range cases {
		got, _, found := market.At(test.id, day(test.date))
		if found != (test.value != "") || found && !got.Equal(money.MustRate(test.value)) {
			t.Errorf("%s on %s: got %s (%v), want %q", test.id, test.date, got, found, test.value)
		}
	}
	for _, id := range []string{"sofr", "euribor_6m"} {
		if series, _ := market.Series(id); series.Basis != "illustrative" {
			t.Errorf("%s has no source and must say so, got %s", id, series.Basis)
		}
	}
}

// TestSamplesReconcile adds up each sample's ledger and compares it with what its fiscal profile reports.
func TestSamplesReconcile(t *testing.T) {
	for _, sample := range []string{"pingxiang", "lincang", "manzhouli", "pingxiang-rolling"} {
		t.Run(sample, func(t *testing.T) {
			profile, ledger := sampleFiles(t, sample)
			var general, special, implicit money.Amount
			ownDebt := false
			for _, row := range ledger.Instruments {
				switch {
				case row.DebtorType == "government" && row.Kind == "general_bond":
					general += row.Outstanding
				case row.DebtorType == "government" && row.Kind == "special_bond":
					special += row.Outstanding
				case row.DebtorType == "government":
					t.Errorf("%s: a government row that belongs to neither balance", row.ID)
				}
				if row.Implicit {
					implicit += row.Outstanding
				}
				ownDebt = ownDebt || row.DebtorType == "cluster"
			}
			if general != *profile.GeneralDebtBalance || special != *profile.SpecialDebtBalance || implicit != *profile.ImplicitDebtBalance {
				t.Errorf("ledger: general %s, special %s, implicit %s; profile: %s, %s, %s", general, special, implicit, profile.GeneralDebtBalance, profile.SpecialDebtBalance, profile.ImplicitDebtBalance)
			}
			if !ownDebt || !profile.Illustrative || len(ledger.Instruments) < 8 || len(ledger.Instruments) > 15 {
				t.Errorf("own debt %v, illustrative %v, %d instruments", ownDebt, profile.Illustrative, len(ledger.Instruments))
			}
		})
	}
}

func sampleFiles(t *testing.T, sample string) (*funding.FiscalProfile, *funding.Ledger) {
	t.Helper()
	read := func(name string) []byte {
		data, err := fs.ReadFile(rules.FS, "samples/"+sample+"/"+name)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	profile, err := funding.ReadFiscalProfile("fiscal.yaml", read("fiscal.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := funding.ReadLedger("ledger.csv", read("ledger.csv"), day("2025-12-31"))
	if err != nil {
		t.Fatal(err)
	}
	return profile, ledger
}

// The three regions differ in what they can bear. Comprehensive resources = general revenue + transfers − upward
// remittance + fund revenue + SOE revenue, in 亿元: pingxiang 7.2+27.8−0.9+6.4+0.15 = 40.65, lincang
// 52+225−2+24+0.6 = 299.6, manzhouli 10.6+34−1.2+3.1+0.2 = 46.7.
func TestSamplesStandWhereTheyShould(t *testing.T) {
	cases := []struct {
		sample                       string
		resources, debt, implicit    string
		statutoryAbove, statutoryTo  string
		withImplicitAbove, headroom  string
		officialGrade, overdueRowsID string
	}{
		{"pingxiang", "4065000000", "4640000000", "300000000", "1", "1.2", "1.2", "1210000000", "", ""},
		{"lincang", "29960000000", "64000000000", "27000000000", "2", "3", "3", "4000000000", "", ""},
		{"manzhouli", "4670000000", "14250000000", "3800000000", "3", "99", "3", "0", "red", "MZL-D10"},
	}
	for _, test := range cases {
		profile, ledger := sampleFiles(t, test.sample)
		resources := *profile.GeneralRevenue + *profile.Transfers - *profile.UpwardRemittance + *profile.FundRevenue + *profile.SOECapitalRevenue
		debt := *profile.GeneralDebtBalance + *profile.SpecialDebtBalance
		if resources != money.MustAmount(test.resources) || debt != money.MustAmount(test.debt) || *profile.ImplicitDebtBalance != money.MustAmount(test.implicit) {
			t.Errorf("%s: resources %s, debt %s, implicit %s", test.sample, resources, debt, profile.ImplicitDebtBalance)
		}
		ratio, _ := money.Ratio(debt, resources)
		wide, _ := money.Ratio(debt+*profile.ImplicitDebtBalance, resources)
		if ratio.LessThan(money.MustRate(test.statutoryAbove)) || !ratio.LessThan(money.MustRate(test.statutoryTo)) || wide.LessThan(money.MustRate(test.withImplicitAbove)) {
			t.Errorf("%s: statutory debt ratio %s, with implicit debt %s", test.sample, ratio, wide)
		}
		if headroom := *profile.GeneralDebtLimit + *profile.SpecialDebtLimit + *profile.NewQuota - debt; headroom != money.MustAmount(test.headroom) {
			t.Errorf("%s: headroom %s", test.sample, headroom)
		}
		overdue := ""
		for _, row := range ledger.Instruments {
			if row.Outstanding > 0 && row.Maturity.Before(ledger.AsOf) {
				overdue += row.ID
			}
		}
		if profile.OfficialGrade != test.officialGrade || overdue != test.overdueRowsID {
			t.Errorf("%s: official grade %q, overdue %q", test.sample, profile.OfficialGrade, overdue)
		}
	}
}

func TestTheRollingSampleIsTheSameRegion(t *testing.T) {
	for _, name := range []string{"fiscal.yaml", "ledger.csv"} {
		one, err := fs.ReadFile(rules.FS, "samples/pingxiang/"+name)
		if err != nil {
			t.Fatal(err)
		}
		other, err := fs.ReadFile(rules.FS, "samples/pingxiang-rolling/"+name)
		if err != nil || !bytes.Equal(one, other) {
			t.Errorf("%s differs between the two samples of one region (%v)", name, err)
		}
	}
}

// BenchmarkLoad is the start of every command: reading, checking and compiling all shipped rules.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := Load(rules.FS); err != nil {
			b.Fatal(err)
		}
	}
}
