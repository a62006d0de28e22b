package cashflow

import (
	"os"
	"testing"

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
