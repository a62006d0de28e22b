package loan

// Goal: each line of finance.md, "A loan's schedule", held by an example small enough to work out by hand. Amounts in
// comments are yuan.

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

func mustBuild(t *testing.T, terms Terms, cfads ...money.Amount) *Schedule {
	t.Helper()
	schedule, err := Build(terms, cfads)
	if err != nil {
		t.Fatal(err)
	}
	return schedule
}

// table prints the columns of a schedule that a case looks at.
func table(schedule *Schedule, columns ...func(Row) money.Amount) string {
	var lines []string
	for _, row := range schedule.Rows {
		var cells []string
		for _, column := range columns {
			cells = append(cells, column(row).String())
		}
		lines = append(lines, strings.Join(cells, " "))
	}
	return strings.Join(lines, "\n")
}

func opening(r Row) money.Amount     { return r.Opening }
func interest(r Row) money.Amount    { return r.Interest }
func capitalized(r Row) money.Amount { return r.Capitalized }
func principal(r Row) money.Amount   { return r.Principal }
func fees(r Row) money.Amount        { return r.Fees }
func closing(r Row) money.Amount     { return r.Closing }

func expect(t *testing.T, got string, want ...string) {
	t.Helper()
	if joined := strings.Join(want, "\n"); got != joined {
		t.Errorf("got\n%s\nwant\n%s", got, joined)
	}
}

func draws(amounts ...string) []Draw {
	var list []Draw
	for k, amount := range amounts {
		list = append(list, Draw{quarter.Must("2026Q1").Add(k), money.MustAmount(amount)})
	}
	return list
}

// The textbook example of EMP-3's interest during construction: loans of 300, 600 and 400 万元 in three years at 12 %,
// each drawn in the middle of its year. 0.5·300·12 % = 18; (318 + 0.5·600)·12 % = 74.16;
// (318 + 600 + 74.16 + 0.5·400)·12 % = 143.0592; together 235.2192 万元. Years are quarters here, the rate four times.
func TestInterestDuringConstruction(t *testing.T) {
	schedule := mustBuild(t, Terms{
		Draws: draws("3000000", "6000000", "4000000"), Rate: money.MustRate("0.48"), Tenor: 4, Grace: 3,
		Profile: ProfileBullet, CapitalizeDuringGrace: true,
	})
	// The fourth year bears 12 % on 1300 + 235.2192 = 1535.2192: 184.226304.
	expect(t, table(schedule, interest, capitalized, closing),
		"180000.00 180000.00 3180000.00",
		"741600.00 741600.00 9921600.00",
		"1430592.00 1430592.00 15352192.00",
		"1842263.04 0.00 0.00")
}

func TestDrawTimingDecidesTheFirstInterest(t *testing.T) {
	// 1000.00 at 8 %, 2 % a quarter: all, half, nothing of 20.00.
	for timing, want := range map[Timing]string{TimingStart: "20.00", TimingMid: "10.00", "": "10.00", TimingEnd: "0.00"} {
		schedule := mustBuild(t, Terms{Draws: draws("1000"), Rate: money.MustRate("0.08"), Tenor: 2, Grace: 1, Profile: ProfileBullet, Timing: timing})
		if got := schedule.Rows[0].Interest.String(); got != want {
			t.Errorf("timing %q: interest %s, want %s", timing, got, want)
		}
	}
	// Half of one fen drawn is half a fen that bears interest: 0.01 × 0.5 × 25 % = 0.00125, which is nothing; at
	// 4.01 × 0.5 × 25 % = 0.50125 the half fen counts.
	schedule := mustBuild(t, Terms{Draws: draws("4.01"), Rate: money.MustRate("1"), Tenor: 2, Grace: 1, Profile: ProfileBullet})
	if got := schedule.Rows[0].Interest.String(); got != "0.50" {
		t.Errorf("interest %s, want 0.50", got)
	}
}

func TestProfilesByHand(t *testing.T) {
	base := Terms{Draws: draws("1000"), Rate: money.MustRate("0.08"), Timing: TimingStart}
	for _, c := range []struct {
		name  string
		terms func(Terms) Terms
		want  []string // interest, principal, closing
	}{
		{"equal principal: 1000/3 = 333.33, the last takes 333.34", func(l Terms) Terms {
			l.Profile, l.Tenor, l.Grace = ProfileEqualPrincipal, 4, 1
			return l // 2 % of 1000, 1000, 666.67 (13.3334), 333.34 (6.6668)
		}, []string{"20.00 0.00 1000.00", "20.00 333.33 666.67", "13.33 333.33 333.34", "6.67 333.34 0.00"}},
		{"equal principal every second quarter: interest is still paid each quarter", func(l Terms) Terms {
			l.Profile, l.Tenor, l.Grace, l.Interval = ProfileEqualPrincipal, 4, 0, 2
			return l
		}, []string{"20.00 0.00 1000.00", "20.00 500.00 500.00", "10.00 0.00 500.00", "10.00 500.00 0.00"}},
		{"annuity: 1000 × 0.02 / (1 − 1.02^−2) = 515.0495", func(l Terms) Terms {
			l.Profile, l.Tenor, l.Grace = ProfileAnnuity, 3, 1
			return l // 515.05 − 20 = 495.05; 2 % of 504.95 = 10.099
		}, []string{"20.00 0.00 1000.00", "20.00 495.05 504.95", "10.10 504.95 0.00"}},
		{"annuity every second quarter: interest with the instalment, j = 4 %", func(l Terms) Terms {
			l.Profile, l.Tenor, l.Grace, l.Interval = ProfileAnnuity, 5, 1, 2
			return l // 1000 × 0.04/(1 − 1.04^−2) = 530.196: 530.20 − 40 = 490.20; 4 % of 509.80 = 20.392
		}, []string{"20.00 0.00 1000.00", "0.00 0.00 1000.00", "40.00 490.20 509.80", "0.00 0.00 509.80", "20.39 509.80 0.00"}},
		{"annuity without interest is 1000/3", func(l Terms) Terms {
			l.Profile, l.Tenor, l.Rate = ProfileAnnuity, 3, money.Zero
			return l
		}, []string{"0.00 333.33 666.67", "0.00 333.33 333.34", "0.00 333.34 0.00"}},
		{"bullet: everything at the end", func(l Terms) Terms {
			l.Profile, l.Tenor, l.Grace = ProfileBullet, 3, 1
			return l
		}, []string{"20.00 0.00 1000.00", "20.00 0.00 1000.00", "20.00 1000.00 0.00"}},
		{"custom: shares of the balance at the end of grace", func(l Terms) Terms {
			l.Profile, l.Tenor, l.Grace = ProfileCustom, 4, 1
			l.Custom = []money.Decimal{money.MustRate("0.5"), money.Zero, money.MustRate("0.5")}
			return l
		}, []string{"20.00 0.00 1000.00", "20.00 500.00 500.00", "10.00 0.00 500.00", "10.00 500.00 0.00"}},
		{"with no grace the first quarter's draw is repaid from the first quarter", func(l Terms) Terms {
			l.Profile, l.Tenor = ProfileEqualPrincipal, 2
			return l
		}, []string{"20.00 500.00 500.00", "10.00 500.00 0.00"}},
		{"a balance of a few fen: no instalment exceeds what is left", func(l Terms) Terms {
			l.Profile, l.Tenor, l.Draws, l.Rate = ProfileEqualPrincipal, 5, draws("0.03"), money.Zero
			return l // 3 fen / 5 = 0.6, rounded to 1
		}, []string{"0.00 0.01 0.02", "0.00 0.01 0.01", "0.00 0.01 0.00", "0.00 0.00 0.00", "0.00 0.00 0.00"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			expect(t, table(mustBuild(t, c.terms(base)), interest, principal, closing), c.want...)
		})
	}
}

// A floating rate: the payment is computed anew for what is left at each change. 1000 over three quarters, 2 % then 3 %:
// 1000 × 0.02/(1 − 1.02^−3) = 346.7547; 346.75 − 20 = 326.75 leaves 673.25;
// 673.25 × 0.03/(1 − 1.03^−2) = 351.8485: interest 20.1975, principal 351.85 − 20.20 = 331.65 leaves 341.60.
func TestFloatingAnnuityIsComputedAnewAtEachChange(t *testing.T) {
	terms := Terms{Draws: draws("1000"), Rate: money.MustRate("0.08"), Tenor: 3, Profile: ProfileAnnuity, Timing: TimingStart,
		Changes: []RateChange{{quarter.Must("2026Q2"), money.MustRate("0.12")}}}
	expect(t, table(mustBuild(t, terms), interest, principal, closing), "20.00 326.75 673.25", "20.20 331.65 341.60", "10.25 341.60 0.00")
}

// Sculpted: 1000 at 2 % a quarter against CFADS of 400, 600, 800: worth 400/1.02 + 600/1.02² + 800/1.02³ =
// 392.1569 + 576.7013 + 753.8578 = 1722.7160, so DSCR 1.722716; services 232.1915, 348.2873, 464.3830.
func TestSculptedByHand(t *testing.T) {
	terms := Terms{Draws: draws("1000"), Rate: money.MustRate("0.08"), Tenor: 3, Profile: ProfileSculpted, Timing: TimingStart}
	schedule := mustBuild(t, terms, 40000, 60000, 80000)
	// 232.19 − 20.00 = 212.19; 2 % of 787.81 = 15.7562, 348.29 − 15.76 = 332.53; 455.28 is left, and 9.11 of interest.
	expect(t, table(schedule, interest, principal, closing), "20.00 212.19 787.81", "15.76 332.53 455.28", "9.11 455.28 0.00")
	if schedule.DSCR.String() != "1.722716" {
		t.Errorf("DSCR %s, want 1.722716", schedule.DSCR)
	}
}

func TestSculptedRefusals(t *testing.T) {
	terms := Terms{Draws: draws("1000"), Rate: money.MustRate("0.08"), Tenor: 3, Profile: ProfileSculpted, Timing: TimingStart}
	for name, c := range map[string]struct {
		cfads []money.Amount
		want  string
	}{
		"too few quarters of CFADS":                  {[]money.Amount{100, 200}, "2 are given"},
		"CFADS that is worth nothing":                {[]money.Amount{-100, 50, 0}, "no constant DSCR"},
		"a first quarter that cannot pay interest":   {[]money.Amount{1, 100000, 100000}, "ends in 2026Q1"},
		"a quarter that loses money among good ones": {[]money.Amount{100000, 100000, -1}, "ends in 2026Q3"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Build(terms, c.cfads)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want one that says %q", err, c.want)
			}
		})
	}
}

// Fees: commitment 2000 of which 1000 is drawn in the middle of the first quarter. Upfront 1 % of 2000 = 20, with the
// draw. Commitment 0.4 % a year: 0.1 % of 2000 − 500 = 1.50, then of 1000 = 1.00, in the two quarters of availability.
// Guarantee 0.8 % a year of the opening balance: 0.2 % of 0, 1000, 1000, 1000, 1000, 500. Agency 7 in the first and fifth quarter.
func TestFeesByHand(t *testing.T) {
	terms := Terms{
		Draws: draws("1000"), Commitment: money.MustAmount("2000"), Rate: money.MustRate("0.08"), Tenor: 6, Grace: 2, Interval: 2,
		Profile: ProfileEqualPrincipal,
		Fees:    funding.ProductFees{Upfront: money.MustRate("0.01"), Commitment: money.MustRate("0.004"), Guarantee: money.MustRate("0.008"), Agency: money.MustAmount("7")},
	}
	schedule := mustBuild(t, terms)
	expect(t, table(schedule, opening, fees), "0.00 28.50", "1000.00 3.00", "1000.00 2.00", "1000.00 2.00", "500.00 8.00", "500.00 1.00")
	if schedule.Rows[0].Upfront != money.MustAmount("20") || schedule.Rows[0].Service() != money.MustAmount("18.50") {
		t.Errorf("upfront %s, service %s, want 20.00 and 10.00 + 8.50", schedule.Rows[0].Upfront, schedule.Rows[0].Service())
	}
}

func TestSigningBeforeTheFirstDraw(t *testing.T) {
	terms := Terms{Start: quarter.Must("2025Q4"), Draws: draws("1000"), Commitment: money.MustAmount("1000"), Rate: money.MustRate("0.08"), Tenor: 4, Grace: 2,
		Profile: ProfileEqualPrincipal, Fees: funding.ProductFees{Upfront: money.MustRate("0.01"), Commitment: money.MustRate("0.004")}}
	// 0.1 % of 1000 while nothing is drawn, of 500 in the quarter of the draw; the upfront fee comes with the draw.
	schedule := mustBuild(t, terms)
	expect(t, table(schedule, interest, principal, fees), "0.00 0.00 1.00", "10.00 0.00 10.50", "20.00 500.00 0.00", "10.00 500.00 0.00")
	if schedule.Start != quarter.Must("2025Q4") || schedule.LastQuarter() != quarter.Must("2026Q3") {
		t.Errorf("from %s to %s", schedule.Start, schedule.LastQuarter())
	}
	// Average life counts from the signing: (500 × 3 + 500 × 4) / 4 / 1000 = 0.875.
	if got := schedule.AverageLifeYears().String(); got != "0.875000" {
		t.Errorf("average life %s, want 0.875000", got)
	}
}

// All-in cost without fees is the rate itself: 1000 at the start of a quarter, 1020 at its end is 2 % a quarter and
// 1.02^4 − 1 = 8.243216 %. With 1 % upfront the lender gives 990 for 1020: (1020/990)^4 = 34^4/33^4 =
// 1336336/1185921 = 1.1268339.
func TestAllInCost(t *testing.T) {
	terms := Terms{Draws: draws("1000"), Rate: money.MustRate("0.08"), Tenor: 1, Profile: ProfileBullet, Timing: TimingStart}
	for upfront, want := range map[string]string{"0": "0.082432", "0.01": "0.126834"} {
		terms.Fees.Upfront = money.MustRate(upfront)
		if got := mustBuild(t, terms).AllInCost().String(); got != want {
			t.Errorf("upfront %s: all-in cost %s, want %s", upfront, got, want)
		}
	}
	// Drawn in the middle it is out for half a quarter only and bears half the interest: (1010/1000)² = 1.0201 a quarter,
	// 1.0201^4 − 1 = 8.285671 %.
	terms.Fees.Upfront, terms.Timing = money.Zero, TimingMid
	if got := mustBuild(t, terms).AllInCost().String(); got != "0.082857" {
		t.Errorf("drawn in the middle: all-in cost %s, want 0.082857", got)
	}
	// Drawn at the end and repaid with the same stroke, no time passes: there is no yield.
	terms.Timing = TimingEnd
	if got := mustBuild(t, terms).AllInCost(); got.Known {
		t.Errorf("drawn at the end: all-in cost %s, want none", got)
	}
}

func TestAnswerIsExactlyWhatFinanceSays(t *testing.T) {
	schedule := mustBuild(t, Terms{Draws: draws("1000"), Rate: money.MustRate("0.08"), Tenor: 1, Profile: ProfileBullet, Timing: TimingStart})
	got, err := json.Marshal(schedule.Answer())
	if err != nil {
		t.Fatal(err)
	}
	expect(t, string(got), `{"quarters":[{"quarter":"2026Q1","opening":"0.00","draw":"1000.00","interest":"20.00","capitalized":"0.00","principal":"1000.00","fees":"0.00","closing":"0.00"}],`+
		`"all_in_cost":"0.082432","average_life_years":"0.250000","total_interest":"20.00","total_fees":"0.00"}`)
	// What is absent is null, never zero.
	terms := Terms{Draws: draws("1000"), Rate: money.Zero, Tenor: 1, Profile: ProfileBullet, Timing: TimingEnd}
	got, _ = json.Marshal(mustBuild(t, terms).Answer())
	if !strings.Contains(string(got), `"all_in_cost":null`) {
		t.Errorf("answer %s, want an all-in cost of null", got)
	}
}

func TestEveryProblemOfTheTermsIsTold(t *testing.T) {
	good := Terms{Draws: draws("1000", "1000"), Rate: money.MustRate("0.08"), Tenor: 10, Grace: 2, Interval: 2, Profile: ProfileEqualPrincipal}
	if problems := good.Check(); len(problems) > 0 {
		t.Fatalf("the good terms have problems: %v", problems)
	}
	rate := money.MustRate
	for _, c := range []struct {
		name   string
		change func(*Terms)
		want   string // path and code of every problem
	}{
		{"tenor of nothing", func(l *Terms) { l.Tenor = 0 }, "tenor tenor; grace grace"},
		{"tenor of 161 quarters", func(l *Terms) { l.Tenor = 161; l.Interval = 1 }, "tenor tenor"},
		{"grace as long as the tenor", func(l *Terms) { l.Grace = 10 }, "grace grace"},
		{"negative grace", func(l *Terms) { l.Grace = -2 }, "grace grace; draws[1].quarter draw_after_availability"},
		{"interval of three quarters", func(l *Terms) { l.Interval = 3 }, "interval interval"},
		{"tenor less grace not a multiple of the interval", func(l *Terms) { l.Tenor = 11 }, "tenor interval"},
		{"availability longer than the grace", func(l *Terms) { l.Availability = 3 }, "availability availability"},
		{"a draw after the availability", func(l *Terms) { l.Availability = 1 }, "draws[1].quarter draw_after_availability"},
		{"a draw after the grace", func(l *Terms) { l.Grace = 0 }, "draws[1].quarter draw_after_availability"},
		{"a draw before the signing", func(l *Terms) { l.Start = quarter.Must("2026Q2") }, "draws[0].quarter draw_before_start"},
		{"a negative draw", func(l *Terms) { l.Draws[1].Amount = -1 }, "draws[1].amount amount"},
		{"nothing drawn", func(l *Terms) { l.Draws = draws("0") }, "draws missing"},
		{"no draws at all", func(l *Terms) { l.Draws = nil }, "draws missing"},
		{"draws above ten trillion", func(l *Terms) { l.Draws = draws("9000000000000", "9000000000000") }, "draws[1].amount amount"},
		{"a commitment below the draws", func(l *Terms) { l.Commitment = money.MustAmount("1999.99") }, "commitment commitment"},
		{"a negative rate", func(l *Terms) { l.Rate = rate("-0.01") }, "rate rate"},
		{"a rate in percent", func(l *Terms) { l.Rate = rate("3.65") }, "rate rate"},
		{"a rate of 13 decimals", func(l *Terms) { l.Rate = money.MustRate("0.04").Add(decimal.New(1, -13)) }, "rate rate"},
		{"a later rate in percent", func(l *Terms) { l.Changes = []RateChange{{quarter.Must("2027Q1"), rate("4")}} }, "rates[0].rate rate"},
		{"rates out of order", func(l *Terms) {
			l.Changes = []RateChange{{quarter.Must("2027Q1"), rate("0.04")}, {quarter.Must("2027Q1"), rate("0.05")}}
		}, "rates[1].from order"},
		{"an unknown profile", func(l *Terms) { l.Profile = "balloon" }, "profile enum"},
		{"an unknown timing", func(l *Terms) { l.Timing = "noon" }, "timing enum"},
		{"shares for another profile", func(l *Terms) { l.Custom = []money.Decimal{money.One} }, "custom custom"},
		{"too few shares", func(l *Terms) { l.Profile = ProfileCustom; l.Custom = []money.Decimal{money.One} }, "custom custom"},
		{"shares that add to less than one", func(l *Terms) {
			l.Profile, l.Custom = ProfileCustom, []money.Decimal{rate("0.25"), rate("0.25"), rate("0.25"), rate("0.249999999999")}
		}, "custom custom"},
		{"a negative share", func(l *Terms) {
			l.Profile, l.Custom = ProfileCustom, []money.Decimal{rate("0.5"), rate("0.5"), rate("0.5"), rate("-0.5")}
		}, "custom[3] custom"},
		{"a fee above the whole", func(l *Terms) { l.Fees.Upfront = rate("1.01") }, "fees.upfront rate"},
		{"a negative guarantee fee", func(l *Terms) { l.Fees.Guarantee = rate("-0.01") }, "fees.guarantee rate"},
		{"a negative agency fee", func(l *Terms) { l.Fees.Agency = -1 }, "fees.agency amount"},
		{"several at once", func(l *Terms) { l.Rate, l.Tenor, l.Fees.Commitment = rate("4"), 11, rate("2") }, "tenor interval; rate rate; fees.commitment rate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			terms := good
			terms.Draws = append([]Draw(nil), good.Draws...)
			c.change(&terms)
			var got []string
			for _, problem := range terms.Check() {
				got = append(got, problem.Path+" "+problem.Code)
				if problem.ZH == "" || problem.EN == "" {
					t.Errorf("a problem without both languages: %+v", problem)
				}
			}
			if joined := strings.Join(got, "; "); joined != c.want {
				t.Fatalf("problems %q, want %q", joined, c.want)
			}
			if _, err := Build(terms, nil); !errors.As(err, &document.Problems{}) {
				t.Fatalf("Build answers %v", err)
			}
		})
	}
}

// A balance that grows out of all amounts is an error, not an overflow: 10 万亿 at 100 % capitalized for 80 quarters.
func TestABalanceBeyondAllAmountsIsAnError(t *testing.T) {
	terms := Terms{Draws: draws("10000000000000"), Rate: money.One, Tenor: 160, Grace: 100, Profile: ProfileBullet, CapitalizeDuringGrace: true}
	if _, err := Build(terms, nil); err == nil || !strings.Contains(err.Error(), "leaves the range") {
		t.Fatalf("error %v", err)
	}
}

func ExampleBuild() {
	schedule, _ := Build(Terms{
		Draws: []Draw{{quarter.Must("2026Q1"), money.MustAmount("1000000")}},
		Rate:  money.MustRate("0.0385"), Tenor: 4, Grace: 2, Profile: ProfileEqualPrincipal,
	}, nil)
	for _, row := range schedule.Rows {
		fmt.Println(row.Quarter, row.Opening, row.Draw, row.Interest, row.Principal, row.Closing)
	}
	fmt.Println("all-in cost", schedule.AllInCost(), "average life", schedule.AverageLifeYears())
	// Output:
	// 2026Q1 0.00 1000000.00 4812.50 0.00 1000000.00
	// 2026Q2 1000000.00 0.00 9625.00 0.00 1000000.00
	// 2026Q3 1000000.00 0.00 9625.00 500000.00 500000.00
	// 2026Q4 500000.00 0.00 4812.50 500000.00 0.00
	// all-in cost 0.039075 average life 0.875000
}
