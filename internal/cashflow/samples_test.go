package cashflow

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zutuan/internal/funding"
	"zutuan/internal/money"
)

// The expected figures of the three published requirements come from a computation that shares no code with this
// project: Python, fractions.Fraction for every amount and for depreciation (total × (1 − residual) / 80 a quarter),
// half-up as floor(100·|x| + 1/2); FIRR by bisection and FNPV by powers in mpmath with 60 digits, e.g. for GX-PX-01
// y = root of Σ net_q/(1+y)^q nearest zero (one change of sign), (1+y)^4 − 1 = −0.0557435283…, and
// Σ net_q/1.06^((q+1)/4) = −284670674.8205….
type published struct {
	file                                      string
	total, ratio, peak, cfads, tax, firr, npv string
	peakIndex                                 int
	// quarters: inflow, cost, surtax, depreciation, income tax, CFADS, net, gap
	quarters map[int][8]string
	// first and last are the CFADS of quarters 40 and 99, fifteen years after the horizon: net_per_year/4 × (1+g)^14.
	first, last string
}

var publishedFigures = []published{
	{"GX-PX-01.json", "839000000.00", "0.190703", "549677385.00", "652509442.50", "158721897.50", "-0.055744", "-284670674.82", 16, map[int][8]string{
		7:  {"8810000.00", "2320000.00", "52860.00", "0.00", "1193805.00", "5243335.00", "-55866665.00", "164826335.00"},
		17: {"24330000.00", "7440000.00", "145980.00", "0.00", "4186005.00", "12558015.00", "3188015.00", "546489370.00"},
		18: {"28430000.00", "8420000.00", "170580.00", "8015625.00", "2955948.75", "16883471.25", "16883471.25", "529605898.75"},
		30: {"45080000.00", "12420000.00", "270480.00", "8015625.00", "6093473.75", "26296046.25", "26296046.25", "256540168.75"},
		39: {"43970000.00", "12150000.00", "263820.00", "8015625.00", "5885138.75", "25671041.25", "25671041.25", "26490557.50"},
	}, "33000000.00", "133542799.18"},
	{"NM-MZL-01.json", "1214000000.00", "0.074135", "1033710560.00", "531078845.00", "79667115.00", "-0.167020", "-688189690.87", 17, map[int][8]string{
		7:  {"1460000.00", "3740000.00", "8760.00", "0.00", "0.00", "-2288760.00", "-83028760.00", "365079120.00"},
		17: {"24400000.00", "10310000.00", "146400.00", "0.00", "3485900.00", "10457700.00", "-5092300.00", "1033710560.00"},
		18: {"24970000.00", "10490000.00", "149820.00", "13276250.00", "263482.50", "14066697.50", "14066697.50", "1019643862.50"},
		39: {"42540000.00", "15760000.00", "255240.00", "13276250.00", "3312127.50", "23212632.50", "23212632.50", "592921155.00"},
	}, "24500000.00", "130178015.40"},
	{"YN-LC-01.json", "1288000000.00", "0.139752", "933383065.00", "676621760.00", "138061420.00", "-0.143485", "-636385497.89", 18, map[int][8]string{
		7:  {"8450000.00", "400000.00", "50700.00", "0.00", "1999825.00", "5999475.00", "-90840525.00", "218810730.00"},
		18: {"32100000.00", "10750000.00", "192600.00", "0.00", "5289350.00", "15868050.00", "-12261950.00", "933383065.00"},
		20: {"39500000.00", "12660000.00", "237000.00", "13121875.00", "3370281.25", "23232718.75", "23232718.75", "901699796.25"},
		39: {"46580000.00", "14510000.00", "279480.00", "13121875.00", "4667161.25", "27123358.75", "27123358.75", "431378240.00"},
	}, "31500000.00", "181563581.04"},
}

func readSample(t testing.TB, path string) *funding.Requirement {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	requirement, err := funding.ReadRequirement(path, data, nil)
	if err != nil {
		t.Fatal(err)
	}
	return requirement
}

func TestPublishedRequirements(t *testing.T) {
	for _, want := range publishedFigures {
		t.Run(want.file, func(t *testing.T) {
			requirement := readSample(t, "../../testdata/requirements/original/"+want.file)
			result := simulate(t, Input{Requirement: requirement})
			s := result.Summary
			for name, pair := range map[string][2]string{
				"total investment": {s.TotalInvestment.String(), want.total}, "capital ratio": {s.CapitalRatio.StringFixed(6), want.ratio},
				"peak gap": {s.PeakGap.String(), want.peak}, "all at once": {s.AllAtOncePeakGap.String(), want.peak}, "CFADS": {sum(result.CFADS).String(), want.cfads},
				"income tax": {sum(result.IncomeTax).String(), want.tax}, "FIRR": {s.FIRR.StringFixed(6), want.firr}, "FNPV": {s.FNPV.String(), want.npv},
			} {
				if pair[0] != pair[1] {
					t.Errorf("%s is %s, want %s", name, pair[0], pair[1])
				}
			}
			if s.PeakIndex != want.peakIndex || s.PaybackYears != nil {
				t.Errorf("peak in quarter %d, want %d; payback %v, want none", s.PeakIndex, want.peakIndex, s.PaybackYears)
			}
			for q, figures := range want.quarters {
				for i, column := range [][]money.Amount{result.Inflow, result.Cost, result.Surtax, result.Depreciation, result.IncomeTax, result.CFADS, result.Net, result.Gap} {
					if got := column[q].String(); got != figures[i] {
						t.Errorf("quarter %d, column %d is %s, want %s", q, i, got, figures[i])
					}
				}
			}
			long := simulate(t, Input{Requirement: requirement, Quarters: 104})
			if got := long.CFADS[40].String(); got != want.first {
				t.Errorf("CFADS of quarter 40 is %s, want %s", got, want.first)
			}
			if got := long.CFADS[99].String(); got != want.last || long.CFADS[100] != 0 {
				t.Errorf("CFADS of quarter 99 is %s, want %s, then %s, want 0", got, want.last, long.CFADS[100])
			}
		})
	}
}

// The samples that ship with the program are the published requirements moved to 2026; only the calendar differs.
func TestSamplesAreThePublishedRequirementsInAnotherYear(t *testing.T) {
	for sample, original := range map[string]string{"pingxiang": "GX-PX-01", "lincang": "YN-LC-01", "manzhouli": "NM-MZL-01"} {
		t.Run(sample, func(t *testing.T) {
			got := readSample(t, "../../rules/samples/"+sample+"/requirement.yaml")
			want := readSample(t, "../../testdata/requirements/original/"+original+".json")
			if got.Start.String() != "2026Q1" || got.Zone != want.Zone || got.Cluster.Code != want.Cluster.Code {
				t.Errorf("start %s, zone %s, cluster %s", got.Start, got.Zone, got.Cluster.Code)
			}
			a, b := simulate(t, Input{Requirement: got, Quarters: 100}), simulate(t, Input{Requirement: want, Quarters: 100})
			for _, columns := range [][2][]money.Amount{{a.Gap, b.Gap}, {a.CFADS, b.CFADS}, {a.Invest, b.Invest}, {a.Cost, b.Cost}, {a.InflowBySource[0], b.InflowBySource[0]}, {a.Depreciation, b.Depreciation}} {
				if diff := cmp.Diff(columns[1], columns[0]); diff != "" {
					t.Errorf("(-published +sample):\n%s", diff)
				}
			}
			if len(got.DebtService) != 1 || len(got.Security) < 3 || got.Project.Sector == "" || len(got.Project.GateItems) != len(funding.GateItems) {
				t.Errorf("the blocks beside the cash flows are not filled: %+v", got.Project)
			}
		})
	}
}

// rollingSample is the three-unit sample with its two conditions written out, because this package compiles none.
func rollingSample(t testing.TB) Input {
	requirement := readSample(t, "../../rules/samples/pingxiang-rolling/requirement.yaml")
	const first, second = "occupancy >= 0.6 && invested_share >= 0.95", "occupancy >= 0.6 && cumulative_net >= -330000000"
	if requirement.Units[1].Start.When != first || requirement.Units[2].Start.When != second {
		t.Fatal("the conditions of the sample have changed; change them here too")
	}
	return Input{Requirement: requirement, Conditions: map[string]StartCondition{
		"U2": conditionFunc(func(s UnitState) (bool, error) {
			return s.Occupancy >= 600_000 && s.InvestedShare.GreaterThanOrEqual(money.MustRate("0.95")), nil
		}),
		"U3": conditionFunc(func(s UnitState) (bool, error) {
			return s.Occupancy >= 600_000 && s.CumulativeNet >= -money.MustAmount("330000000"), nil
		}),
	}}
}

// Expected figures: the same Python computation, with the rolling starts found quarter by quarter and all three shapes
// of series from Fractions; all at once with U2 in 2027Q1 and U3 in 2028Q1.
func TestRollingSample(t *testing.T) {
	result := simulate(t, rollingSample(t))
	var starts []string
	for _, unit := range result.Units {
		starts = append(starts, unit.Start.String()+" to "+unit.EndOfInvestment.String()+": "+unit.Invested.String())
	}
	if diff := cmp.Diff([]string{"2026Q1 to 2027Q4: 303000000.00", "2028Q2 to 2030Q2: 330000000.00", "2030Q4 to 2032Q3: 206000000.00"}, starts); diff != "" {
		t.Errorf("units (-want +got):\n%s", diff)
	}
	column(t, "income by source", []money.Amount{sum(result.InflowBySource[0]), sum(result.InflowBySource[1]), sum(result.InflowBySource[2]), sum(result.InflowBySource[3]), sum(result.InflowBySource[4])},
		"109100000.00", "132498856.62", "418905595.99", "125868765.64", "332506998.27")
	column(t, "totals", []money.Amount{sum(result.Invest), sum(result.Cost), sum(result.IncomeTax), sum(result.CFADS)}, "839000000.00", "294629454.95", "157389057.62", "660148422.65")
	s := result.Summary
	column(t, "summary", []money.Amount{s.PeakGap, s.AllAtOncePeakGap, s.RollingSaving, s.FNPV}, "362626292.35", "524674132.81", "162047840.46", "-254978589.41")
	if s.PeakIndex != 24 || s.FIRR.StringFixed(6) != "-0.062650" {
		t.Errorf("peak in quarter %d, FIRR %s", s.PeakIndex, s.FIRR)
	}
	for q, want := range map[int][]string{
		9:  {"18616250.00", "5072279.76", "111697.50", "2980625.00", "2612911.94", "10819360.80", "40468750.00", "132279460.09"},
		19: {"25639390.68", "7053492.03", "153836.34", "5996875.00", "3108796.83", "15323265.48", "25190476.19", "321858997.67"},
		24: {"34661308.56", "9227639.43", "207967.85", "5996875.00", "4807206.57", "20418494.71", "34726985.45", "362626292.35"},
		39: {"47241374.51", "11952481.70", "283448.25", "8015625.00", "6747454.89", "28257989.67", "0.00", "-8148422.65"},
	} {
		var row []money.Amount
		for _, figures := range [][]money.Amount{result.Inflow, result.Cost, result.Surtax, result.Depreciation, result.IncomeTax, result.CFADS, result.Invest, result.Gap} {
			row = append(row, figures[q])
		}
		column(t, "quarter", row, want...)
	}
}
