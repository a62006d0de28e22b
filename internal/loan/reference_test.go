package loan

// Goal: a schedule equals, to the fen, what finance.md says when it is written down plainly in decimals.
//
// plainSchedule below is that second writing: no 128-bit products, no scaled rates, no shortcuts, only decimals of
// shopspring with every division carried to more digits than any fen can depend on. It shares nothing with the package
// but the types of its input, and it is also the baseline of the benchmark.

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

type plainRow struct {
	opening, draw, interest, capitalized, principal, fees, closing decimal.Decimal
}

func yuan(amount money.Amount) decimal.Decimal { return amount.Decimal() }

func fen(value decimal.Decimal) decimal.Decimal { return value.Round(2) } // half away from zero

func plainSchedule(terms Terms, cfads []money.Amount) []plainRow {
	zero, one := decimal.Zero, decimal.NewFromInt(1)
	start, interval := terms.start(), max(terms.Interval, 1)
	weight := map[Timing]decimal.Decimal{TimingStart: one, TimingMid: decimal.RequireFromString("0.5"), "": decimal.RequireFromString("0.5"), TimingEnd: zero}[terms.Timing]
	available := terms.Availability
	if available == 0 {
		available = max(terms.Grace, 1)
	}
	rate := func(t int) decimal.Decimal { // a quarter's
		annual := terms.Rate
		for _, change := range terms.Changes {
			if change.From <= start.Add(t) {
				annual = change.Rate
			}
		}
		return annual.Div(decimal.NewFromInt(4))
	}
	drawOf := func(t int) decimal.Decimal {
		sum := zero
		for _, draw := range terms.Draws {
			if draw.Quarter == start.Add(t) {
				sum = sum.Add(yuan(draw.Amount))
			}
		}
		return sum
	}
	commitment := yuan(terms.Commitment)
	if terms.Commitment == 0 {
		for _, draw := range terms.Draws {
			commitment = commitment.Add(yuan(draw.Amount))
		}
	}
	n := (terms.Tenor - terms.Grace) / interval
	var rows []plainRow
	balance, drawn, base, payment, paymentRate := zero, zero, zero, zero, zero
	accrued, accruedFull, paidInterest := zero, zero, zero // of the running interval
	upfront := fen(commitment.Mul(terms.Fees.Upfront))
	var dscrInverse decimal.Decimal
	for t := 0; t < terms.Tenor; t++ {
		row := plainRow{opening: balance, draw: drawOf(t)}
		exact := rate(t).Mul(balance.Add(weight.Mul(row.draw)))
		repaying, last := t >= terms.Grace, t == terms.Tenor-1
		due := repaying && (t-terms.Grace+1)%interval == 0
		k := (t - terms.Grace + 1) / interval
		row.interest = fen(exact)
		if repaying {
			accrued, accruedFull = accrued.Add(exact), accruedFull.Add(rate(t))
			if terms.Profile == ProfileAnnuity && interval > 1 {
				row.interest = zero
				if due {
					row.interest = fen(accrued)
				}
			}
			paidInterest = paidInterest.Add(row.interest)
		}
		if t < available {
			row.fees = row.fees.Add(fen(commitment.Sub(drawn).Sub(weight.Mul(row.draw)).Mul(terms.Fees.Commitment).Div(decimal.NewFromInt(4))))
		}
		row.fees = row.fees.Add(fen(balance.Mul(terms.Fees.Guarantee).Div(decimal.NewFromInt(4))))
		if t%4 == 0 {
			row.fees = row.fees.Add(yuan(terms.Fees.Agency))
		}
		if row.draw.IsPositive() {
			row.fees, upfront = row.fees.Add(upfront), zero
		}
		drawn, balance = drawn.Add(row.draw), balance.Add(row.draw)
		if terms.CapitalizeDuringGrace && t < terms.Grace {
			row.capitalized = row.interest
			balance = balance.Add(row.interest)
		}
		if due {
			if k == 1 {
				base = balance
				if terms.Profile == ProfileSculpted {
					dscrInverse = plainSculpt(terms, base, weight, rate, cfads)
				}
			}
			wanted := zero
			switch terms.Profile {
			case ProfileEqualPrincipal:
				wanted = base.DivRound(decimal.NewFromInt(int64(n)), 2)
			case ProfileCustom:
				wanted = fen(base.Mul(terms.Custom[k-1]))
			case ProfileAnnuity:
				if k == 1 || !accruedFull.Equal(paymentRate) {
					payment, paymentRate = plainPayment(balance, accruedFull, n-k+1), accruedFull
				}
				wanted = payment.Sub(row.interest)
			case ProfileSculpted:
				flow := zero
				for q := t - interval + 1; q <= t; q++ {
					flow = flow.Add(yuan(cfads[q]))
				}
				// Eighty digits leave an exact half fen a hair short; forty put it back before the fen is rounded.
				wanted = fen(flow.Mul(dscrInverse).Round(40)).Sub(paidInterest)
			}
			if last {
				wanted = balance
			}
			row.principal = decimal.Min(decimal.Max(wanted, zero), balance)
			accrued, accruedFull, paidInterest = zero, zero, zero
		}
		balance = balance.Sub(row.principal)
		row.closing = balance
		rows = append(rows, row)
	}
	return rows
}

// plainPayment is A = B·j / (1 − (1+j)^−n), multiplied through by (1+j)^n.
func plainPayment(balance, j decimal.Decimal, n int) decimal.Decimal {
	if j.IsZero() {
		return balance.DivRound(decimal.NewFromInt(int64(n)), 2)
	}
	grown := decimal.NewFromInt(1)
	for range n {
		grown = grown.Mul(decimal.NewFromInt(1).Add(j))
	}
	return balance.Mul(j).Mul(grown).DivRound(grown.Sub(decimal.NewFromInt(1)), 2)
}

// plainSculpt is the share of CFADS that pays the debt off: balance at the start of repayment / present value of the
// intervals' CFADS, discounted by 1 + the interest that one yuan bears over each interval.
func plainSculpt(terms Terms, balance, weight decimal.Decimal, rate func(int) decimal.Decimal, cfads []money.Amount) decimal.Decimal {
	const digits = 80
	interval := max(terms.Interval, 1)
	worth, growth := decimal.Zero, decimal.NewFromInt(1)
	for from := terms.Grace; from < terms.Tenor; from += interval {
		flow, interest := decimal.Zero, decimal.Zero
		for q := from; q < from+interval; q++ {
			flow = flow.Add(yuan(cfads[q]))
			part := decimal.NewFromInt(1)
			if terms.Grace == 0 && q == 0 {
				part = weight
			}
			interest = interest.Add(rate(q).Mul(part))
		}
		growth = growth.Mul(decimal.NewFromInt(1).Add(interest))
		worth = worth.Add(flow.DivRound(growth, digits))
	}
	return balance.DivRound(worth, digits)
}

// drawTerms makes terms that Check accepts.
func drawTerms(t *rapid.T, profiles ...Profile) Terms {
	start := quarter.Must("2026Q1").Add(rapid.IntRange(0, 7).Draw(t, "start"))
	interval := rapid.SampledFrom([]int{1, 2, 4}).Draw(t, "interval")
	grace := rapid.IntRange(0, 12).Draw(t, "grace")
	n := rapid.IntRange(1, 24).Draw(t, "instalments")
	rate := func(name string) money.Decimal {
		return decimal.New(rapid.Int64Range(0, 150_000).Draw(t, name), -6)
	}
	terms := Terms{
		Start: start, Rate: rate("rate"), Tenor: grace + n*interval, Grace: grace, Interval: interval,
		Profile:               rapid.SampledFrom(profiles).Draw(t, "profile"),
		Timing:                rapid.SampledFrom([]Timing{"", TimingStart, TimingMid, TimingEnd}).Draw(t, "timing"),
		CapitalizeDuringGrace: rapid.Bool().Draw(t, "capitalize"),
		Fees: funding.ProductFees{Upfront: rate("upfront"), Commitment: rate("commitment fee"), Guarantee: rate("guarantee"),
			Agency: money.Amount(rapid.Int64Range(0, 1e8).Draw(t, "agency"))},
	}
	size := rapid.SampledFrom([]int64{100, 1e7, 1e12}).Draw(t, "size")
	total := money.Amount(0)
	for range rapid.IntRange(1, 6).Draw(t, "draws") {
		draw := Draw{start.Add(rapid.IntRange(0, max(grace, 1)-1).Draw(t, "draw quarter")), money.Amount(rapid.Int64Range(1, size).Draw(t, "draw"))}
		terms.Draws = append(terms.Draws, draw)
		total += draw.Amount
	}
	if rapid.Bool().Draw(t, "committed") {
		terms.Commitment = total + money.Amount(rapid.Int64Range(0, size).Draw(t, "undrawn"))
	}
	for change, from := 0, start; change < rapid.IntRange(0, 4).Draw(t, "changes"); change++ {
		from = from.Add(rapid.IntRange(1, 6).Draw(t, "change after"))
		terms.Changes = append(terms.Changes, RateChange{from, rate("changed rate")})
	}
	if terms.Profile == ProfileCustom {
		left := int64(1_000_000)
		for k := range n {
			share := left
			if k < n-1 {
				share = rapid.Int64Range(0, left).Draw(t, "share")
			}
			left -= share
			terms.Custom = append(terms.Custom, decimal.New(share, -6))
		}
	}
	return terms
}

func sameAsPlain(t *rapid.T, schedule *Schedule, plain []plainRow) {
	if len(plain) != len(schedule.Rows) {
		t.Fatalf("%d rows, want %d", len(schedule.Rows), len(plain))
	}
	for i, row := range schedule.Rows {
		want := plain[i]
		for _, c := range []struct {
			name string
			got  money.Amount
			want decimal.Decimal
		}{
			{"opening", row.Opening, want.opening}, {"draw", row.Draw, want.draw}, {"interest", row.Interest, want.interest}, {"capitalized", row.Capitalized, want.capitalized},
			{"principal", row.Principal, want.principal}, {"fees", row.Fees, want.fees}, {"closing", row.Closing, want.closing},
		} {
			if !c.got.Decimal().Equal(c.want) {
				t.Fatalf("quarter %d (%s): %s is %s, want %s", i, row.Quarter, c.name, c.got, c.want)
			}
		}
	}
}

func TestEveryScheduleEqualsThePlainOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		terms := drawTerms(t, ProfileEqualPrincipal, ProfileAnnuity, ProfileBullet, ProfileCustom)
		schedule, err := Build(terms, nil)
		if err != nil {
			t.Fatal(err)
		}
		sameAsPlain(t, schedule, plainSchedule(terms, nil))
		checkInvariants(t, terms, nil, schedule)
	})
}

func TestEverySculptedScheduleEqualsThePlainOne(t *testing.T) {
	refused, built := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		terms := drawTerms(t, ProfileSculpted)
		level := rapid.Int64Range(1, 1e12).Draw(t, "level")
		cfads := make([]money.Amount, terms.Tenor)
		for q := range cfads {
			cfads[q] = money.Amount(level/2 + rapid.Int64Range(0, level).Draw(t, "cfads"))
		}
		schedule, err := Build(terms, cfads)
		if err != nil {
			refused++ // an interval that does not pay its interest; TestSculptedRefusals holds the rule
			return
		}
		built++
		sameAsPlain(t, schedule, plainSchedule(terms, cfads))
		checkInvariants(t, terms, cfads, schedule)
	})
	if built == 0 {
		t.Fatalf("no schedule was built, %d were refused", refused)
	}
}

// checkInvariants holds what must be true of any schedule.
func checkInvariants(t *rapid.T, terms Terms, cfads []money.Amount, schedule *Schedule) {
	var drawn, capitalized, principal, interest, fees money.Amount
	previous := money.Amount(0)
	for _, row := range schedule.Rows {
		if row.Opening != previous || row.Closing != row.Opening+row.Draw+row.Capitalized-row.Principal {
			t.Fatalf("%s: the balance does not close: %+v", row.Quarter, row)
		}
		if row.Principal < 0 || row.Closing < 0 || row.Interest < 0 || row.Fees < 0 || row.Capitalized > row.Interest {
			t.Fatalf("%s: a negative amount, or more capitalized than accrued: %+v", row.Quarter, row)
		}
		previous = row.Closing
		drawn, capitalized, principal = drawn+row.Draw, capitalized+row.Capitalized, principal+row.Principal
		interest, fees = interest+row.Interest, fees+row.Fees
	}
	if principal != drawn+capitalized || previous != 0 {
		t.Fatalf("principal %s, drawn %s, capitalized %s, left %s", principal, drawn, capitalized, previous)
	}
	if schedule.TotalPrincipal != principal || schedule.TotalInterest != interest || schedule.TotalFees != fees {
		t.Fatalf("totals %s %s %s, want %s %s %s", schedule.TotalPrincipal, schedule.TotalInterest, schedule.TotalFees, principal, interest, fees)
	}
	first, _ := json.Marshal(schedule.Answer())
	again, err := Build(terms, cfads)
	if err != nil {
		t.Fatal(err)
	}
	second, _ := json.Marshal(again.Answer())
	if !bytes.Equal(first, second) {
		t.Fatal("the same terms give other bytes")
	}
}

// BenchmarkBaselineDecimalAnnuity80 is the plain writing of the schedule that BenchmarkBuildAnnuity80 builds.
func BenchmarkBaselineDecimalAnnuity80(b *testing.B) {
	terms := twentyYears(ProfileAnnuity)
	b.ReportAllocs()
	for b.Loop() {
		plainSchedule(terms, nil)
	}
}

func BenchmarkBaselineDecimalEqualPrincipal80(b *testing.B) {
	terms := twentyYears(ProfileEqualPrincipal)
	b.ReportAllocs()
	for b.Loop() {
		plainSchedule(terms, nil)
	}
}
