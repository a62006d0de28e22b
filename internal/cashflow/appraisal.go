package cashflow

import (
	"math/big"

	"zutuan/internal/money"
	"zutuan/internal/yield"

	"github.com/shopspring/decimal"
)

// summarize works out the figures of the horizon. Where the statement is longer than the horizon, the working capital
// comes back in the horizon's last quarter for this purpose, so that the summary does not depend on how long a loan runs.
func (r *Result) summarize(in statementInput, starts []int) {
	s := &r.Summary
	horizon := r.Horizon
	net, gaps := r.Net[:horizon], r.Gap[:horizon]
	if r.Quarters > horizon {
		returned := workingCapital(in.profiles, starts, horizon)
		net, gaps = withReturn(net, returned), withReturn(gaps, -returned)
	}
	s.TotalInvestment, s.CapitalTotal, s.GrantsTotal = sum(r.Invest[:horizon]), sum(r.Capital[:horizon]), sum(r.Grants[:horizon])
	if ratio, ok := money.Ratio(s.CapitalTotal, s.TotalInvestment); ok {
		s.CapitalRatio = &ratio
	}
	s.PeakGap, s.PeakIndex = peak(gaps)
	s.FIRR = firr(net)
	s.FNPV = presentValue(net, in.requirement.DiscountRate)
	s.PaybackYears = payback(net)
}

// withReturn returns a copy of a column with the amount added in its last quarter.
func withReturn(column []money.Amount, amount money.Amount) []money.Amount {
	copied := append([]money.Amount(nil), column...)
	copied[len(copied)-1] += amount
	return copied
}

func sum(column []money.Amount) money.Amount {
	var total money.Amount
	for _, amount := range column {
		total += amount
	}
	return total
}

// compareAllAtOnce simulates the requirement once more with every waiting unit started at its earliest. Where no unit
// waits, or the starts come out the same, there is nothing to simulate.
func (r *Result) compareAllAtOnce(b *builder, in statementInput, starts []int) error {
	s := &r.Summary
	s.AllAtOncePeakGap = s.PeakGap
	together, waiting := allAtOnce(in.requirement, in.profiles, starts)
	if !waiting || equalStarts(together, starts) {
		return nil
	}
	statement, err := b.statement(in, together, r.Horizon)
	if err != nil {
		return err
	}
	s.AllAtOncePeakGap, _ = peak(statement.Gap)
	s.RollingSaving = s.AllAtOncePeakGap - s.PeakGap
	return nil
}

func equalStarts(a, b []int) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// firr returns the annual effective rate of the quarterly internal rate of return, nil where there is none.
func firr(net []money.Amount) *money.Decimal {
	root, ok := yield.Periodic(net)
	if !ok {
		return nil
	}
	annual := root.Annual()
	return &annual
}

// discountBits is the precision of the discount factors: 2^-128 leaves an error far below 2^-50 fen on the largest
// statement, and snapBits is where a sum is taken to lie exactly on half a fen.
const (
	discountBits = 128
	snapBits     = 40
)

// presentValue returns Σ net_q / (1+rate)^((q+1)/4) to the fen. The quarterly factor is an integer fourth root with
// 128 binary places, so no floating point is involved; sums within 2^-40 fen of a half count as that half.
func presentValue(net []money.Amount, rate money.Decimal) money.Amount {
	if rate.IsZero() {
		return sum(net)
	}
	factor := quarterlyFactor(rate)
	var value, flow big.Int
	for q := len(net) - 1; q >= 0; q-- {
		flow.SetInt64(int64(net[q]))
		value.Add(&value, flow.Lsh(&flow, discountBits))
		value.Mul(&value, factor).Rsh(&value, discountBits)
	}
	// Snap to 2^-40 fen first, so that a true half is not lost to the last binary place; then round half-up.
	half := big.NewInt(1)
	value.Add(&value, half.Lsh(half, discountBits-snapBits-1)).Rsh(&value, discountBits-snapBits)
	one := big.NewInt(1)
	amount, _ := roundQuotient(&value, one.Lsh(one, snapBits))
	return money.Amount(amount)
}

// quarterlyFactor returns (1+rate)^(−1/4) × 2^128, from the fourth root of 1+rate with 512 binary places.
func quarterlyFactor(rate money.Decimal) *big.Int {
	growth := money.One.Add(rate)
	scaled, over := new(big.Int).Lsh(growth.Coefficient(), 4*discountBits), big.NewInt(1)
	scale(growth.Exponent(), scaled, over)
	root := scaled.Sqrt(scaled.Quo(scaled, over))
	root.Sqrt(root)
	factor := new(big.Int).Lsh(big.NewInt(1), 2*discountBits)
	return factor.Quo(factor, root)
}

// payback returns the years from the start until Σ net turns non-negative for good, linear inside that quarter; nil
// where it never does. A requirement that is never below zero has paid back at once, after 0 years.
func payback(net []money.Amount) *money.Decimal {
	var total money.Amount
	before, turn := money.Amount(0), 0
	for q, amount := range net {
		if total+amount < 0 {
			turn = q + 1
			before = total + amount
		}
		total += amount
	}
	if turn == len(net) && before < 0 {
		return nil
	}
	years := money.Zero
	if before < 0 {
		// The sum is `before` at the end of quarter turn−1 and gains net[turn] in the quarter that turns it.
		gained := decimal.NewFromInt(int64(net[turn]))
		quarters := decimal.NewFromInt(int64(turn)).Mul(gained).Sub(decimal.NewFromInt(int64(before)))
		years = quarters.DivRound(gained.Mul(decimal.NewFromInt(4)), money.RatioDecimals)
	}
	return &years
}

// PresentValue returns Σ flows[q] / (1+rate)^((q+1)/4) to the fen: flows fall at the end of their quarter, q = 0 being
// the first (finance.md, FNPV). rate is annual and above −1.
func PresentValue(flows []money.Amount, rate money.Decimal) money.Amount {
	return presentValue(flows, rate)
}
