package loan

// Goal: finance.md, "Coverage", and plan.md, "Tenor match", held by one small case worked out by hand (fractions in
// Python where the comment says so), by the edges where something is absent, and by a plain second computation in exact
// fractions over random debts.

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

func yuans(values ...int64) []money.Amount {
	out := make([]money.Amount, len(values))
	for i, value := range values {
		out[i] = money.Amount(value) * money.Yuan
	}
	return out
}

// eight is 1000 at 2 % a quarter drawn at the start of 2026Q1, repaid in eight instalments of 125 from the third quarter.
func eight(t *testing.T) *Schedule {
	return mustBuild(t, Terms{Draws: draws("1000"), Rate: money.MustRate("0.08"), Tenor: 10, Grace: 2, Profile: ProfileEqualPrincipal, Timing: TimingStart})
}

func eightInput(t *testing.T) CoverageInput {
	return CoverageInput{
		Start:       quarter.Must("2026Q1"),
		CFADS:       yuans(0, 0, 300, 300, 300, 300, 200, 200, 200, 200, 50, 50),
		Operating:   yuans(0, 0, 250, 250, 250, 250, 130, 130, 130, 130, 10, 10),
		Net:         yuans(-900, -200, 300, 300, 300, 300, 200, 200, 200, 200, 50, 50),
		Capital:     yuans(100, 50),
		Grants:      yuans(0, 20),
		OpeningCash: 10 * money.Yuan,
		MinimumCash: 100 * money.Yuan,
		Financing:   []*Schedule{eight(t)},
	}
}

func TestCoverageByHand(t *testing.T) {
	result := Coverage(eightInput(t))
	// Interest 20, 17.5, 15, 12.5 in the first loan year and 10, 7.5, 5, 2.5 in the second: services 565 and 525.
	// DSCR 1200/565 and 800/525; ICR 1000/65 and 520/25.
	// LLCR: (300/1.02 + … + 200/1.02^8) / 1000 = 1.8458692; PLCR adds 50/1.02^9 + 50/1.02^10: 1.9287243 (Python fractions).
	for name, c := range map[string]struct {
		got  Measure
		want string
	}{
		"DSCR of year 1": {result.Years[0].DSCR, "2.123894"}, "DSCR of year 2": {result.Years[1].DSCR, "1.523810"},
		"min DSCR": {result.MinDSCR, "1.523810"}, "average DSCR": {result.AvgDSCR, "1.823852"},
		"ICR of year 1": {result.Years[0].ICR, "15.384615"}, "min ICR": {result.MinICR, "15.384615"}, "average ICR": {result.AvgICR, "18.092308"},
		"LLCR": {result.LLCR, "1.845869"}, "PLCR": {result.PLCR, "1.928724"},
		// Lives from t0 (Python fractions): CFADS Σ c·(t+1)/4 / 2000 = 1.525, principal 1.625.
		"life of CFADS": {result.Tenor.LifeCFADSYears, "1.525000"}, "life of the debt": {result.Tenor.LifeDebtYears, "1.625000"}, "gap of lives": {result.Tenor.LifeGapYears, "-0.100000"},
	} {
		if c.got.String() != c.want {
			t.Errorf("%s is %s, want %s", name, c.got, c.want)
		}
	}
	if len(result.Years) != 2 || result.Years[1].First != quarter.Must("2027Q3") || result.Years[1].Service != 525*money.Yuan {
		t.Errorf("loan years %+v", result.Years)
	}
	// Cash: 10 − 900 + 100 + 1000 − 20 = 190; 190 − 200 + 50 + 20 − 20 = 40; then +300 − 145 = 195, …
	want := []string{"190.00", "40.00", "195.00", "352.50", "512.50", "675.00", "740.00", "807.50", "877.50", "950.00", "1000.00", "1050.00"}
	for q, cash := range result.Cash {
		if cash.String() != want[q] {
			t.Errorf("quarter %d closes with %s, want %s", q, cash, want[q])
		}
	}
	if len(result.Shortfalls) != 1 || result.Shortfalls[0] != (Shortfall{quarter.Must("2026Q2"), 60 * money.Yuan}) {
		t.Errorf("shortfalls %v, want 60.00 in 2026Q2", result.Shortfalls)
	}
	// The first instalment is 125 + 20 = 145 in the third quarter, and the third quarter is the first to earn it.
	if match := result.Tenor; match.FirstNegative != 0 || match.Minimum != 40*money.Yuan || match.MinimumQuarter != quarter.Must("2026Q2") || !match.GraceKnown || match.GraceSlackQuarters != 0 {
		t.Errorf("tenor match %+v", match)
	}
}

// An existing loan of 400 at 1 % a quarter, due in 2027Q2, takes its 4 a quarter and 400 from the same money. Service of
// year 1: 565 + 16 + 400 = 981, so DSCR 1.223242; interest 65 + 16, so ICR 12.345679. The debt at the start of the
// first principal quarter is 1400 at (1000·2 % + 400·1 %)/1400: LLCR 1.3333807 (Python fractions).
func TestExistingDebtIsServedFromTheSameMoney(t *testing.T) {
	input := eightInput(t)
	existing := InstrumentSchedule(instrument("400", "0.04", "2027-05-15", "bullet", 1), day("2025-12-31"))
	input.Existing = []*Schedule{existing}
	result := Coverage(input)
	for name, c := range map[string]struct {
		got  Measure
		want string
	}{
		"DSCR of year 1": {result.Years[0].DSCR, "1.223242"}, "ICR of year 1": {result.Years[0].ICR, "12.345679"},
		"LLCR": {result.LLCR, "1.333381"}, "life of the debt": {result.Tenor.LifeDebtYears, "1.625000"},
	} {
		if c.got.String() != c.want {
			t.Errorf("%s is %s, want %s", name, c.got, c.want)
		}
	}
	// Cash of 2027Q2 is 675 less six quarters' 4 and the 400.
	if got := result.Cash[5]; got != 251*money.Yuan {
		t.Errorf("2027Q2 closes with %s, want 251.00", got)
	}
}

func TestWhatIsAbsentIsAbsent(t *testing.T) {
	result := Coverage(CoverageInput{Start: quarter.Must("2026Q1"), CFADS: yuans(1, 2), Net: yuans(1, -5)})
	for name, measure := range map[string]Measure{"min DSCR": result.MinDSCR, "average DSCR": result.AvgDSCR, "min ICR": result.MinICR, "LLCR": result.LLCR, "PLCR": result.PLCR, "gap of lives": result.Tenor.LifeGapYears} {
		if measure.Known {
			t.Errorf("%s without debt is %s", name, measure)
		}
	}
	if len(result.Years) != 0 || result.Tenor.GraceKnown || result.Tenor.FirstNegative != quarter.Must("2026Q2") || result.Tenor.Minimum != -4*money.Yuan {
		t.Errorf("result %+v", result)
	}
	// Without interest there is DSCR and no ICR; without any money the grace slack is unknown.
	free := mustBuild(t, Terms{Draws: draws("100"), Tenor: 4, Profile: ProfileEqualPrincipal})
	result = Coverage(CoverageInput{Start: quarter.Must("2026Q1"), CFADS: yuans(0, 0, 0, 0), Financing: []*Schedule{free}})
	if !result.MinDSCR.Known || !result.MinDSCR.Value.IsZero() || result.MinICR.Known || result.AvgICR.Known || result.Tenor.GraceKnown || result.Tenor.LifeGapYears.Known {
		t.Errorf("result %+v", result)
	}
}

// Instalments at 2026Q3 and, after a custom rest of two years, at 2028Q3: the loan year between has no service.
func TestAYearWithoutServiceIsLeftOut(t *testing.T) {
	shares := make([]money.Decimal, 9)
	shares[0], shares[8] = money.MustRate("0.5"), money.MustRate("0.5")
	for k := 1; k < 8; k++ {
		shares[k] = money.Zero
	}
	loan := mustBuild(t, Terms{Draws: draws("100"), Tenor: 11, Grace: 2, Profile: ProfileCustom, Custom: shares})
	result := Coverage(CoverageInput{Start: quarter.Must("2026Q1"), CFADS: yuans(0, 0, 50, 50, 50, 50, 0, 0, 0, 0, 100), Financing: []*Schedule{loan}})
	if len(result.Years) != 3 || result.Years[1].DSCR.Known || result.MinDSCR.String() != "2.000000" || result.AvgDSCR.String() != "3.000000" {
		t.Errorf("years %+v, min %s, average %s; want 200/50 and 100/50", result.Years, result.MinDSCR, result.AvgDSCR)
	}
}

// Annual instalments: each loan year has one and its four quarters of CFADS, the last year too.
func TestLoanYearsOfAnnualInstalmentsAreWhole(t *testing.T) {
	loan := mustBuild(t, Terms{Draws: draws("200"), Tenor: 8, Interval: 4, Profile: ProfileEqualPrincipal})
	if last, ok := LastLoanQuarter([]*Schedule{loan}); !ok || last != quarter.Must("2028Q3") {
		t.Fatalf("the last loan year ends in %s, want 2028Q3", last)
	}
	result := Coverage(CoverageInput{Start: quarter.Must("2026Q1"), CFADS: yuans(50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50), Financing: []*Schedule{loan}})
	for _, year := range result.Years {
		if year.DSCR.String() != "2.000000" {
			t.Errorf("year %d: DSCR %s, want 2.000000", year.Year, year.DSCR)
		}
	}
	// A full instalment of 100 takes CFADS of two quarters, and the interval of four has it at the second quarter, two
	// quarters before the first instalment.
	if !result.Tenor.GraceKnown || result.Tenor.GraceSlackQuarters != -2 {
		t.Errorf("grace slack %d", result.Tenor.GraceSlackQuarters)
	}
	if _, ok := LastLoanQuarter(nil); ok {
		t.Error("no loans have a last loan year")
	}
}

func TestGraceSlackIsPositiveWhereTheInstalmentComesFirst(t *testing.T) {
	input := eightInput(t)
	input.CFADS = yuans(0, 0, 100, 144, 145, 300)
	if got := Coverage(input).Tenor; !got.GraceKnown || got.GraceSlackQuarters != 2 {
		t.Errorf("grace slack %d (known: %v), want 2: 145 is first earned two quarters late", got.GraceSlackQuarters, got.GraceKnown)
	}
}

// A year whose service is a few fen has a huge cover, which must still be exact: 50 万亿 over 1 fen.
func TestHugeCoverIsExact(t *testing.T) {
	if got := ratio(5_000_000_000_000_000, 1).String(); got != "5000000000000000.000000" {
		t.Errorf("ratio %s", got)
	}
	if got := averageOf([]fraction{{5_000_000_000_000_000, 1}, {1, 2}}).String(); got != "2500000000000000.250000" {
		t.Errorf("average %s", got)
	}
	if got := averageOf([]fraction{{1, 2_000_000}, {1, 2_000_000}}).String(); got != "0.000001" { // a tie on the spot
		t.Errorf("average %s, want the tie rounded up", got)
	}
	if got := averageOf([]fraction{{-1, 2_000_000}, {-1, 2_000_000}}).String(); got != "-0.000001" {
		t.Errorf("average %s, want the tie rounded away from zero", got)
	}
}

// plainCoverage computes the measures in exact fractions, straight from the text.
type plainCoverage struct{ minDSCR, avgDSCR, llcr, plcr *big.Rat }

func plainCover(input CoverageInput) plainCoverage {
	debt := append(append([]*Schedule{}, input.Financing...), input.Existing...)
	first, last, lastService := 1<<30, -1, -1
	service := map[int]*big.Rat{}
	for i, schedule := range debt {
		for _, row := range schedule.Rows {
			q := row.Quarter.Since(input.Start)
			if service[q] == nil {
				service[q] = new(big.Rat)
			}
			paid := row.Interest - row.Capitalized + row.Principal + row.Fees - row.Upfront
			service[q].Add(service[q], new(big.Rat).SetInt64(int64(paid)))
			if paid != 0 {
				lastService = max(lastService, q)
			}
			if i < len(input.Financing) && row.Principal > 0 {
				first, last = min(first, q), max(last, q)
			}
		}
	}
	out, years := plainCoverage{avgDSCR: new(big.Rat)}, int64(0)
	for from := first; from <= last; from += 4 {
		money, due := new(big.Rat), new(big.Rat)
		for q := from; q < from+4; q++ {
			if q < len(input.CFADS) {
				money.Add(money, new(big.Rat).SetInt64(int64(input.CFADS[q])))
			}
			if service[q] != nil {
				due.Add(due, service[q])
			}
		}
		if due.Sign() == 0 {
			continue
		}
		cover := money.Quo(money, due)
		if out.minDSCR == nil || cover.Cmp(out.minDSCR) < 0 {
			out.minDSCR = cover
		}
		out.avgDSCR.Add(out.avgDSCR, cover)
		years++
	}
	out.avgDSCR.Quo(out.avgDSCR, big.NewRat(years, 1))
	balance, weighted := new(big.Rat), new(big.Rat)
	for _, schedule := range debt {
		for _, row := range schedule.Rows {
			if row.Quarter.Since(input.Start) != first {
				continue
			}
			owed := row.Opening
			if owed == 0 && row.Principal > 0 {
				owed = row.Draw
			}
			balance.Add(balance, new(big.Rat).SetInt64(int64(owed)))
			weighted.Add(weighted, new(big.Rat).Mul(new(big.Rat).SetInt64(int64(owed)), big.NewRat(row.rate, quarterUnits)))
		}
	}
	if balance.Sign() == 0 {
		return out
	}
	growth := weighted.Quo(weighted, balance)
	growth.Add(growth, big.NewRat(1, 1))
	value := func(to int) *big.Rat {
		sum := new(big.Rat)
		for q := min(to, len(input.CFADS)) - 1; q >= first; q-- {
			sum.Add(sum, new(big.Rat).SetInt64(int64(input.CFADS[q])))
			sum.Quo(sum, growth)
		}
		return sum.Quo(sum, balance)
	}
	out.llcr, out.plcr = value(lastService+1), value(len(input.CFADS))
	return out
}

func TestCoverageEqualsThePlainOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		input := CoverageInput{Start: quarter.Must("2026Q1")}
		for range rapid.IntRange(1, 3).Draw(t, "loans") {
			schedule, err := Build(drawTerms(t, ProfileEqualPrincipal, ProfileAnnuity, ProfileBullet), nil)
			if err != nil {
				t.Fatal(err)
			}
			input.Financing = append(input.Financing, schedule)
		}
		if rapid.Bool().Draw(t, "existing") {
			input.Existing = append(input.Existing, InstrumentSchedule(funding.Instrument{
				Outstanding: money.Amount(rapid.Int64Range(1, 1e11).Draw(t, "outstanding")), Rate: money.MustRate("0.0435"),
				Maturity: day("2031-06-30"), Repayment: "equal_principal", Interval: 2,
			}, day("2025-12-31")))
		}
		for range rapid.IntRange(1, 90).Draw(t, "quarters") {
			input.CFADS = append(input.CFADS, money.Amount(rapid.Int64Range(-1e9, 1e11).Draw(t, "cfads")))
		}
		got, want := Coverage(input), plainCover(input)
		for _, c := range []struct {
			name string
			got  Measure
			want *big.Rat
		}{{"min DSCR", got.MinDSCR, want.minDSCR}, {"average DSCR", got.AvgDSCR, want.avgDSCR}, {"LLCR", got.LLCR, want.llcr}, {"PLCR", got.PLCR, want.plcr}} {
			if c.got.Known != (c.want != nil) {
				t.Fatalf("%s known: %v, want %v", c.name, c.got.Known, c.want != nil)
			}
			if !c.got.Known {
				continue
			}
			distance := new(big.Rat).Sub(c.got.Value.Rat(), c.want)
			if distance.Abs(distance).Cmp(big.NewRat(1, 2*million)) > 0 {
				t.Fatalf("%s is %s, want %s", c.name, c.got, c.want.FloatString(9))
			}
		}
	})
}
