package yield

// Goal: an answered yield is the root nearest zero, and its decimals are right.
//
// Expected values come from polynomials that are multiplied together from chosen roots, so that every root is known
// without solving anything; from flows whose yield is plain arithmetic; and from the definition of rounding itself: the
// exact sum has opposite signs half a unit of the last decimal below and above the answer.

import (
	"math/big"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"zutuan/internal/money"
)

func amounts(values ...int64) []money.Amount {
	out := make([]money.Amount, len(values))
	for i, value := range values {
		out[i] = money.Amount(value)
	}
	return out
}

func TestYieldsThatArePlainArithmetic(t *testing.T) {
	for _, c := range []struct {
		name              string
		flows             []money.Amount
		quarterly, annual string // 6 decimals
	}{
		{"one quarter at 5 %: (1.05)^4 − 1 = 0.21550625", amounts(-10000, 10500), "0.05", "0.215506"},
		{"the same loan from the borrower's side", amounts(10000, -10500), "0.05", "0.215506"},
		{"leading quarters without flows change nothing", amounts(0, 0, -10000, 10500), "0.05", "0.215506"},
		{"trailing quarters without flows change nothing", amounts(-10000, 10500, 0, 0), "0.05", "0.215506"},
		{"a loss of a tenth: 0.9^4 − 1 = −0.3439", amounts(-10000, 9000), "-0.1", "-0.3439"},
		{"four quarters at 0.21550625 together", amounts(-10_000_000_000, 0, 0, 0, 12_155_062_500), "0.05", "0.215506"},
		{"what comes back is what went out: zero is a yield", amounts(-10000, 4000, 6000), "0", "0"},
		{"half a millionth above: 1.0000005 is a tie and rounds up", amounts(-20_000_000, 20_000_010), "0.000001", "0.000002"},
		{"half a millionth below: the tie rounds away from zero", amounts(-20_000_000, 19_999_990), "-0.000001", "-0.000002"},
		{"an annual tie: (1+y)^4 = 1.0500005 exactly", amounts(-100_000_000, 0, 0, 0, 105_000_050), "0.012272", "0.050001"},
		{"the largest amounts there are", amounts(-1_000_000_000_000_000, 1_100_000_000_000_000), "0.1", "0.4641"},
		{"two fen", amounts(-1, 2), "1", "15"},
		{"eleven times back in a quarter: 12^4 − 1", amounts(-1000, 12000), "11", "20735"},
	} {
		t.Run(c.name, func(t *testing.T) {
			root, ok := Periodic(c.flows)
			if !ok || !root.Quarterly().Equal(money.MustRate(c.quarterly)) || !root.Annual().Equal(money.MustRate(c.annual)) {
				t.Fatalf("quarterly %s annual %s (found: %v), want %s and %s", root.Quarterly(), root.Annual(), ok, c.quarterly, c.annual)
			}
		})
	}
}

func TestFlowsWithoutAYieldHaveNone(t *testing.T) {
	for name, flows := range map[string][]money.Amount{
		"nothing at all":          nil,
		"zeros":                   amounts(0, 0, 0),
		"only investment":         amounts(-5, -6, -7),
		"only income":             amounts(5, 6, 7),
		"one flow":                amounts(-100),
		"touching zero at 10 %":   amounts(-12100, 22000, -10000), // −(110x − 100)²/… : a double root changes no sign
		"touching zero at zero":   amounts(-1, 2, -1),
		"a sum that never turns":  amounts(-100, 150, -100),
		"beyond 3000 % a quarter": amounts(-1, 1000),
		"a loss above 99 %":       amounts(-100000, 1),
	} {
		t.Run(name, func(t *testing.T) {
			if root, ok := Periodic(flows); ok {
				t.Fatalf("has a yield of %s", root.QuarterlyLong())
			}
		})
	}
}

func TestTimedFlowsAtHalfQuarters(t *testing.T) {
	// 100 at the middle of a quarter, 110.25 one whole quarter later: still 10.25 % a quarter.
	root, ok := Timed([]Flow{{1, -10000}, {3, 11025}})
	if !ok || root.Quarterly().String() != "0.1025" {
		t.Fatalf("whole quarter apart: %s (found: %v), want 0.1025", root.Quarterly(), ok)
	}
	// Half a quarter apart it is 10.25 % a half, 1.1025² − 1 = 0.21550625 a quarter, 1.1025^8 − 1 = 1.182874… a year:
	// 1.1025² = 1.21550625; squared 1.477455443789…; squared again 2.182874588…
	root, ok = Timed([]Flow{{4, 11025}, {3, -10000}})
	if !ok || root.QuarterlyLong().String() != "0.21550625" || root.Annual().String() != "1.182875" {
		t.Fatalf("half a quarter apart: %s and %s (found: %v)", root.QuarterlyLong(), root.Annual(), ok)
	}
	// Flows at one time are one flow, wherever time zero is.
	split, ok := Timed([]Flow{{-7, -4000}, {-5, 11025}, {-7, -6000}})
	whole, _ := Timed([]Flow{{1, -10000}, {3, 11025}})
	if !ok || split != whole {
		t.Fatalf("split flows yield %v, want %v", split, whole)
	}
	if _, ok := Timed([]Flow{{0, -1}, {MaxHalfQuarters + 1, 2}}); ok {
		t.Fatal("a span above the limit is answered")
	}
	if _, ok := Timed(nil); ok {
		t.Fatal("no flows are answered")
	}
}

// Quarterly flows at even half quarters are the same series.
func TestTimedAgreesWithPeriodic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		flows := rapid.SliceOfN(rapid.Int64Range(-1e9, 1e9), 2, 30).Draw(t, "flows")
		var timed []Flow
		for k, flow := range flows {
			timed = append(timed, Flow{2 * k, money.Amount(flow)})
		}
		one, found := Periodic(amounts(flows...))
		other, foundToo := Timed(timed)
		if found != foundToo || one != other {
			t.Fatalf("Periodic %v %v, Timed %v %v", one, found, other, foundToo)
		}
	})
}

// multiplied returns the coefficients of Π (numerator_i·x − denominator)^multiplicity_i × extra, whose roots in x are
// denominator/numerator_i, that is yields of numerator_i/denominator − 1.
func multiplied(roots map[int64]int, denominator int64, extra []int64) []*big.Int {
	out := toBigs(extra)
	times := func(low, high int64) {
		next := toBigs(make([]int64, len(out)+1))
		for i, c := range out {
			next[i].Add(next[i], new(big.Int).Mul(c, big.NewInt(low)))
			next[i+1].Add(next[i+1], new(big.Int).Mul(c, big.NewInt(high)))
		}
		out = next
	}
	for numerator, multiplicity := range roots {
		for range multiplicity {
			times(-denominator, numerator)
		}
	}
	return out
}

func TestTheNearestOfChosenRootsIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const denominator = 1000
		numerators := rapid.SliceOfNDistinct(rapid.Int64Range(200, 4000), 1, 5, rapid.ID).Draw(t, "numerators")
		roots := map[int64]int{}
		var crossing []int64
		for _, numerator := range numerators {
			roots[numerator] = rapid.SampledFrom([]int{1, 1, 1, 2, 3}).Draw(t, "multiplicity")
			if roots[numerator]%2 == 1 {
				crossing = append(crossing, numerator)
			}
		}
		// A factor with positive coefficients alone has no positive root.
		extra := rapid.SliceOfN(rapid.Int64Range(1, 9), 1, 6).Draw(t, "factor")
		coefficients := multiplied(roots, denominator, extra)
		flows := make([]decimal.Decimal, len(coefficients))
		for i, c := range coefficients {
			flows[i] = decimal.NewFromBigInt(c, 0)
		}
		found := Roots(flows)
		if len(found) != len(crossing) {
			t.Fatalf("found %d roots, chosen were %v", len(found), roots)
		}
		wanted := map[string]bool{}
		nearest := int64(1 << 40)
		for _, numerator := range crossing {
			wanted[decimal.New(numerator-denominator, -3).StringFixed(12)] = true
			nearest = min(nearest, max(numerator-denominator, denominator-numerator))
		}
		for _, root := range found {
			if !wanted[root.QuarterlyLong().StringFixed(12)] {
				t.Fatalf("found %s, chosen were %v", root.QuarterlyLong(), roots)
			}
		}
		one, ok := Decimals(flows)
		if ok != (len(crossing) > 0) || ok && !one.QuarterlyLong().Abs().Equal(decimal.New(nearest, -3)) {
			t.Fatalf("nearest is %s (found: %v), want ±%d/1000", one.QuarterlyLong(), ok, nearest)
		}
	})
}

// Roots at 5.00 % and 5.01 % and another at 40 %: a coarse scan would step over the pair.
func TestAClosePairIsNotSteppedOver(t *testing.T) {
	flows := multiplied(map[int64]int{10500: 1, 10501: 1, 14000: 1}, 10000, []int64{1})
	found := fromBigs(flows, 1, true)
	if len(found) != 3 || found[0].Quarterly().String() != "0.05" || found[1].Quarterly().String() != "0.0501" || found[2].Quarterly().String() != "0.4" {
		t.Fatalf("found %v", found)
	}
	root, ok := Periodic(amounts(flows[0].Int64(), flows[1].Int64(), flows[2].Int64(), flows[3].Int64()))
	if !ok || root.Quarterly().String() != "0.05" {
		t.Fatalf("nearest is %s", root.Quarterly())
	}
}

// worth returns the exact Σ flows[k] / growth^k.
func worth(flows []int64, growth *big.Rat) *big.Rat {
	sum := new(big.Rat)
	for k := len(flows) - 1; k >= 0; k-- {
		sum.Quo(sum, growth)
		sum.Add(sum, new(big.Rat).SetInt64(flows[k]))
	}
	return sum
}

// annualWorth returns the sum at (1+annual)^(1/4) with 400 bits, far more than any difference between answers.
func annualWorth(flows []int64, annual *big.Rat) int {
	growth := new(big.Float).SetPrec(400).SetRat(new(big.Rat).Add(annual, big.NewRat(1, 1)))
	growth.Sqrt(growth)
	growth.Sqrt(growth)
	sum := new(big.Float).SetPrec(400)
	for k := len(flows) - 1; k >= 0; k-- {
		sum.Quo(sum, growth)
		sum.Add(sum, new(big.Float).SetPrec(400).SetInt64(flows[k]))
	}
	return sum.Sign()
}

// checkRounding asserts the definition: between half a unit below and half a unit above the answer the sum changes sign,
// unless another root rounds to the same answer and changes it back.
func checkRounding(t *rapid.T, flows []int64, root Root) {
	others := fromInts(append([]int64(nil), flows...), 1, true)
	for _, c := range []struct {
		name   string
		of     func(Root) int64
		unit   int64
		annual bool
	}{
		{"quarterly, 6 decimals", func(r Root) int64 { return r.quarterly.millionths }, million, false},
		{"quarterly, 12 decimals", func(r Root) int64 { return r.quarterly.trillionths }, trillion, false},
		{"annual, 6 decimals", func(r Root) int64 { return r.annual.millionths }, million, true},
		{"annual, 12 decimals", func(r Root) int64 { return r.annual.trillionths }, trillion, true},
	} {
		value, alike := c.of(root), 0
		if c.annual && value < -c.unit+c.unit/10_000 {
			continue // near −100 % a year roots outside the quarterly range round to the same answer
		}
		for _, other := range others {
			if c.of(other) == value {
				alike++
			}
		}
		below, above := big.NewRat(2*value-1, 2*c.unit), big.NewRat(2*value+1, 2*c.unit)
		var low, high int
		if c.annual {
			low, high = annualWorth(flows, below), annualWorth(flows, above)
		} else {
			one := big.NewRat(1, 1)
			low, high = worth(flows, below.Add(below, one)).Sign(), worth(flows, above.Add(above, one)).Sign()
		}
		if low*high > 0 && alike%2 == 1 {
			t.Fatalf("%s: no change of sign around %d/%d for %v", c.name, value, c.unit, flows)
		}
	}
}

func TestEveryAnswerIsRoundedFromTheExactRoot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.SampledFrom([]int64{10, 10_000, 1e9, 1e13}).Draw(t, "size")
		flows := rapid.SliceOfN(rapid.Int64Range(-size, size), 2, 60).Draw(t, "flows")
		if root, ok := Periodic(amounts(flows...)); ok {
			checkRounding(t, flows, root)
		}
	})
}

// An investment that pays back has one yield, whatever its size, and it is the same for all flows multiplied alike.
func TestScalingFlowsKeepsTheYield(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		flows := rapid.SliceOfN(rapid.Int64Range(-1e9, 1e9), 2, 50).Draw(t, "flows")
		factor := rapid.Int64Range(2, 1e6).Draw(t, "factor")
		scaled := make([]decimal.Decimal, len(flows))
		for k, flow := range flows {
			scaled[k] = decimal.New(flow, 30).Mul(decimal.NewFromInt(factor))
		}
		one, found := Periodic(amounts(flows...))
		other, foundToo := Decimals(scaled)
		if found != foundToo || one != other {
			t.Fatalf("yield %v (%v), scaled %v (%v)", one, found, other, foundToo)
		}
	})
}

// The slow proof and the fast one must agree wherever both answer.
func TestHalvingAgreesWithTheFastProof(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		flows := rapid.SliceOfN(rapid.Int64Range(-1e6, 1e6), 2, 30).Draw(t, "flows")
		fast := fromInts(append([]int64(nil), flows...), 1, true)
		slow := fromBigs(toBigs(flows), 1, true)
		if len(fast) != len(slow) {
			t.Fatalf("fast %v, slow %v", fast, slow)
		}
		for i := range fast {
			if fast[i] != slow[i] {
				t.Fatalf("fast %v, slow %v", fast, slow)
			}
		}
	})
}

// TestHornerErrorBound: the exact value lies in [result, result + n·2^-64).
func TestHornerStaysWithinItsBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		coefficients := rapid.SliceOfN(rapid.Int64Range(-1<<55, 1<<55), 1, 100).Draw(t, "coefficients")
		m := rapid.Uint64Range(1, 1<<64-1).Draw(t, "m")
		got := horner(coefficients, m)
		unit := new(big.Int).Lsh(big.NewInt(1), 64)
		x := new(big.Rat).SetFrac(new(big.Int).SetUint64(m), unit)
		exact := worth(coefficients, new(big.Rat).Inv(x))
		number := new(big.Int).Lsh(big.NewInt(got.high), 64)
		number.Add(number, new(big.Int).SetUint64(got.low))
		low := new(big.Rat).SetFrac(number, unit)
		high := new(big.Rat).SetFrac(new(big.Int).Add(number, big.NewInt(int64(len(coefficients)))), unit)
		if exact.Cmp(low) < 0 || exact.Cmp(high) >= 0 {
			t.Fatalf("exact %s outside [%s, %s)", exact.FloatString(25), low.FloatString(25), high.FloatString(25))
		}
		if sign, known := got.sign(len(coefficients)); known && sign != exact.Sign() {
			t.Fatalf("sign %d, want %d", sign, exact.Sign())
		}
	})
}

func TestWorthOverIsRoundedFromTheExactValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		flows := rapid.SliceOfN(rapid.Int64Range(-1e12, 1e12), 0, 80).Draw(t, "flows")
		over := rapid.Int64Range(1, 1e12).Draw(t, "over")
		rate := big.NewRat(rapid.Int64Range(0, 2_000_000_000_000).Draw(t, "rate"), 4*trillion)
		got, ok := WorthOver(amounts(flows...), rate, money.Amount(over))
		if !ok {
			t.Fatal("no answer")
		}
		growth := new(big.Rat).Add(rate, big.NewRat(1, 1))
		exact := worth(append([]int64{0}, flows...), growth)
		exact.Quo(exact, big.NewRat(over, 1))
		distance := exact.Sub(exact, got.Rat())
		if distance.Abs(distance).Cmp(big.NewRat(1, 2*million)) > 0 {
			t.Fatalf("%s is %s away from the exact value", got, distance.FloatString(20))
		}
	})
}

func TestWorthOverRefusesAndRoundsTies(t *testing.T) {
	if _, ok := WorthOver(amounts(100), big.NewRat(1, 100), 0); ok {
		t.Error("answered over nothing")
	}
	if _, ok := WorthOver(amounts(100), big.NewRat(-1, 1), 100); ok {
		t.Error("answered at a rate of −100 %")
	}
	// 1.0000005 × 2000000/1 a quarter away at 0 %: exactly half a millionth, up; and away from zero below.
	for flow, want := range map[int64]string{2_000_001: "1.000001", -2_000_001: "-1.000001"} {
		if got, _ := WorthOver(amounts(flow), new(big.Rat), 2_000_000); got.String() != want {
			t.Errorf("%d / 2000000 is %s, want %s", flow, got, want)
		}
	}
	// Far too large for the fast way: exact fractions decide.
	if got, _ := WorthOver(amounts(1<<61, 1<<61), big.NewRat(1, 10), 1<<61); got.String() != "1.735537" { // 1/1.1 + 1/1.21
		t.Errorf("large flows: %s, want 1.735537", got)
	}
}

func FuzzPeriodic(f *testing.F) {
	f.Add([]byte{0x80, 1, 2, 3, 4})
	f.Add([]byte{1, 0xff, 1, 0xff, 7, 0x81})
	f.Fuzz(func(t *testing.T, data []byte) {
		flows := make([]int64, min(len(data), 200))
		for i := range flows {
			flows[i] = int64(int8(data[i])) << (i % 40)
		}
		for _, root := range fromInts(append([]int64(nil), flows...), 1, true) {
			if root.quarterly.millionths <= -million || root.quarterly.millionths > 10*million {
				t.Fatalf("yield %v outside the range", root)
			}
		}
	})
}
