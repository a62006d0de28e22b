package loan

import (
	"fmt"
	"math/big"
	"math/bits"

	"zutuan/internal/money"
)

// repayment knows, while the walk goes on, what falls due at the end of each quarter.
type repayment struct {
	course *course
	made   int          // instalments so far
	base   money.Amount // the balance when repayment begins
	level  money.Amount // the even instalment, or the annuity's payment
	// rate and weight are the rates of the running interval added up in half trillionths a year: rate as if the whole
	// balance bore interest throughout, weight as it does (a draw bears it for the part w of its quarter).
	rate, weight int64
	// levelRate is the rate that level was computed for; a floating rate makes them differ at its reset.
	levelRate int64
	// interest of the running interval, and the services of a sculpted profile.
	interest money.Amount
	services []money.Amount
	dscr     Measure
}

// interestDue returns I = i × (opening + w·draw), to the fen. It falls due each quarter; for an annuity with longer
// intervals it falls due with the instalment, on the balance of the interval, and is rounded once there (j = i·f).
func (r *repayment) interestDue(t int, opening, draw money.Amount) money.Amount {
	c := r.course
	if t < c.grace {
		return c.quarterInterest(t, opening, draw)
	}
	if t == c.grace {
		r.startInterval(t, c.interval-1-(c.firstDue-c.grace))
	}
	halves := int64(2)
	if opening == 0 {
		halves = c.drawHalves // only with G = 0, in the first quarter
	}
	r.rate += 2 * c.rates[t]
	r.weight += halves * c.rates[t]
	if c.profile != ProfileAnnuity || c.interval == 1 {
		interest := c.quarterInterest(t, opening, draw)
		r.interest += interest
		return interest
	}
	if !c.due(t) {
		return 0
	}
	r.interest = money.MulDiv(opening+draw, r.weight, halfUnits)
	return r.interest
}

// startInterval begins to count an interval of which some quarters had passed before the first row; their interest is
// unpaid too.
func (r *repayment) startInterval(t, passed int) {
	r.rate = 2 * int64(passed) * r.course.rates[t]
	r.weight, r.interest = r.rate, 0
}

func (c *course) quarterInterest(t int, opening, draw money.Amount) money.Amount {
	return money.MulDiv(2*opening+money.Amount(c.drawHalves)*draw, c.rates[t], halfUnits)
}

// due reports whether an instalment falls at the end of quarter t.
func (c *course) due(t int) bool { return t >= c.firstDue && (t-c.firstDue)%c.interval == 0 }

// principalDue returns the instalment at the end of quarter t: nothing between instalments, and all that is left with
// the last one. No instalment is negative, and none is more than the balance: where rounding to the fen would take more
// (an even instalment of a balance of few fen), the last ones get less.
func (r *repayment) principalDue(t int, balance, interest money.Amount) (money.Amount, error) {
	c := r.course
	if !c.due(t) {
		return 0, nil
	}
	if r.made == 0 {
		r.base = balance
		if err := r.prepare(t); err != nil {
			return 0, err
		}
	}
	r.made++
	principal := balance
	if r.made < c.instalments {
		wanted, err := r.instalment(t, balance)
		if err != nil {
			return 0, err
		}
		principal = min(max(wanted, 0), balance)
	}
	if t+1 < c.count {
		r.startInterval(t+1, 0)
	}
	return principal, nil
}

// prepare fixes what is fixed when repayment begins.
func (r *repayment) prepare(t int) error {
	switch r.course.profile {
	case ProfileEqualPrincipal:
		r.level = money.MulDiv(r.base, 1, int64(r.course.instalments))
	case ProfileSculpted:
		return r.sculpt()
	}
	return nil
}

func (r *repayment) instalment(t int, balance money.Amount) (money.Amount, error) {
	c := r.course
	switch c.profile {
	case ProfileEqualPrincipal:
		return r.level, nil
	case ProfileCustom:
		return money.MulDiv(r.base, c.custom[r.made-1], trillion), nil
	case ProfileAnnuity:
		if r.made == 1 || r.rate != r.levelRate {
			r.level, r.levelRate = levelPayment(balance, r.rate, halfUnits, c.instalments-r.made+1), r.rate
		}
		return r.level - r.interest, nil
	case ProfileSculpted:
		principal := r.services[r.made-1] - r.interest
		if principal < 0 {
			return 0, r.tooLittle(t)
		}
		return principal, nil
	}
	return 0, nil // bullet: nothing before the last
}

// levelPayment returns B·j / (1 − (1+j)^−n) for j = numerator/denominator, to the fen, from exact integers:
// B·N·(D+N)^n / (D·((D+N)^n − D^n)). Without interest it is B/n.
func levelPayment(balance money.Amount, numerator, denominator int64, n int) money.Amount {
	if numerator == 0 {
		return money.MulDiv(balance, 1, int64(n))
	}
	d, grown := big.NewInt(denominator), big.NewInt(denominator+numerator)
	power := big.NewInt(int64(n))
	base := new(big.Int).Exp(d, power, nil)
	grown.Exp(grown, power, nil)
	over := base.Sub(grown, base)
	over.Mul(over, d)
	top := grown.Mul(grown, big.NewInt(int64(balance)))
	top.Mul(top, big.NewInt(numerator))
	return divideHalfUp(top, over)
}

// divideHalfUp returns top / over to the nearest whole number, a tie upwards; neither is negative.
func divideHalfUp(top, over *big.Int) money.Amount {
	top.Lsh(top, 1).Add(top, over)
	return money.Amount(top.Quo(top, new(big.Int).Lsh(over, 1)).Int64())
}

// sculpt finds the constant DSCR. Without rounding, the balance after interval k is B_k = B_(k−1)·(1+j_k) − C_k·x with
// C_k the interval's CFADS and x = 1/DSCR, so B_n = 0 gives x = B_0·Π(1+j) / Σ_k C_k·Π_{m>k}(1+j_m). With
// j_k = N_k/D both sums are whole numbers over D^n. Each service C_k·x is rounded to the fen; the last instalment takes
// what that leaves.
func (r *repayment) sculpt() error {
	c := r.course
	flows, weights := c.intervals()
	d := big.NewInt(halfUnits)
	covered, growth, scale := new(big.Int), big.NewInt(1), big.NewInt(1)
	factor, term := new(big.Int), new(big.Int)
	for k, flow := range flows {
		factor.SetInt64(halfUnits + weights[k])
		growth.Mul(growth, factor)
		scale.Mul(scale, d)
		covered.Mul(covered, factor)
		covered.Add(covered, term.Mul(scale, term.SetInt64(int64(flow))))
	}
	if covered.Sign() <= 0 {
		return refusal("cfads", "sculpted", "还款期内 CFADS 的现值不为正，不存在常数的偿债备付率", "CFADS over the repayment period is worth nothing, so no constant DSCR exists")
	}
	owed := growth.Mul(growth, big.NewInt(int64(r.base)))
	r.dscr = measureOf(covered, owed)
	r.services = make([]money.Amount, len(flows))
	part := newShare(owed, covered)
	for k, flow := range flows {
		if flow < 0 {
			return r.tooLittle(c.firstDue + k*c.interval)
		}
		r.services[k] = part.of(flow)
	}
	return nil
}

// share multiplies amounts by the same long fraction. It keeps the fraction's first 64 bits, and divides the long
// numbers only where those do not decide the fen.
type share struct {
	top, over *big.Int
	leading   uint64 // floor(top/over × 2^shift), at least 2^63
	shift     int
}

func newShare(top, over *big.Int) share {
	s := share{top: top, over: over, shift: 63 + over.BitLen() - top.BitLen()}
	if s.shift < 1 || s.shift > 127 {
		return s
	}
	quotient := new(big.Int).Lsh(top, uint(s.shift))
	quotient.Quo(quotient, over)
	if quotient.BitLen() < 64 {
		s.shift++
		quotient.Quo(new(big.Int).Lsh(top, uint(s.shift)), over)
	}
	if quotient.IsUint64() {
		s.leading = quotient.Uint64()
	}
	return s
}

// of returns amount × top / over to the fen; the amount must not be negative.
func (s share) of(amount money.Amount) money.Amount {
	if s.leading != 0 && s.shift > 0 && s.shift <= 127 {
		least, ok := shifted(amount, s.leading, s.shift)
		most, okToo := shifted(amount, s.leading+1, s.shift)
		if ok && okToo && least == most {
			return least
		}
	}
	return divideHalfUp(new(big.Int).Mul(s.top, big.NewInt(int64(amount))), s.over)
}

// shifted returns amount × factor / 2^shift to the nearest whole number, a tie upwards, and false where it is too large.
func shifted(amount money.Amount, factor uint64, shift int) (money.Amount, bool) {
	high, low := bits.Mul64(uint64(amount), factor)
	var halfHigh, halfLow uint64
	if shift > 64 {
		halfHigh = 1 << (shift - 65)
	} else {
		halfLow = 1 << (shift - 1)
	}
	low, carry := bits.Add64(low, halfLow, 0)
	high, over := bits.Add64(high, halfHigh, carry)
	if shift >= 64 {
		return money.Amount(high >> (shift - 64)), over == 0
	}
	return money.Amount(high<<(64-shift) | low>>shift), over == 0 && high>>(shift-1) == 0
}

// intervals returns CFADS and the added-up rates (in half trillionths a year) of each interval of the repayment period.
func (c *course) intervals() (flows []money.Amount, weights []int64) {
	flows, weights = make([]money.Amount, c.instalments), make([]int64, c.instalments)
	for t := c.grace; t < c.count; t++ {
		k := (t - c.grace) / c.interval
		flows[k] += c.cfads[t]
		weights[k] += 2 * c.rates[t]
	}
	if c.grace == 0 {
		weights[0] -= (2 - c.drawHalves) * c.rates[0] // the only draw bears interest for the part w of its quarter
	}
	return flows, weights
}

func (r *repayment) tooLittle(t int) error {
	last := r.course.start.Add(t)
	return refusal("cfads", "sculpted",
		fmt.Sprintf("按现金流定制还本排不出来：到 %s 为止的付息间隔内，CFADS 按 %s 倍折算后不够付息，还本会成为负数；请延长宽限期、减少借款，或换一种还本方式", last, r.dscr),
		fmt.Sprintf("no schedule can be sculpted: in the interval that ends in %s CFADS divided by %s does not pay the interest, so that principal would be negative; lengthen the grace, borrow less, or choose another profile", last, r.dscr))
}
