package yield

import (
	"math"
	"testing"

	"zutuan/internal/money"
)

// fortyOne is an investment over eight quarters that comes back over thirty-three, in fen.
func fortyOne() []money.Amount {
	flows := make([]money.Amount, 41)
	for k := range flows {
		if k < 8 {
			flows[k] = -money.Amount(1_900_000_000 + 37_123_457*int64(k))
		} else {
			flows[k] = money.Amount(600_000_000 + 11_234_567*int64(k-8))
		}
	}
	return flows
}

// newton is the plain way, in floats: no bracket, no proof, no several roots. It is the baseline of the benchmark.
func newton(flows []float64) float64 {
	y := 0.01
	for range 50 {
		x := 1 / (1 + y)
		value, slope := 0.0, 0.0
		for k := len(flows) - 1; k >= 0; k-- {
			slope = slope*x + value
			value = value*x + flows[k]
		}
		step := value / (-slope * x * x)
		y -= step
		if math.Abs(step) < 1e-12 {
			break
		}
	}
	return y
}

func BenchmarkPeriodic41(b *testing.B) {
	flows := fortyOne()
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := Periodic(flows); !ok {
			b.Fatal("no yield")
		}
	}
}

func BenchmarkPeriodic41SeveralSignChanges(b *testing.B) {
	flows := fortyOne()
	flows[20], flows[21], flows[40] = -2_500_000_000, -2_000_000_000, -100_000_000
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := Periodic(flows); !ok {
			b.Fatal("no yield")
		}
	}
}

func BenchmarkBaselineFloatNewton41(b *testing.B) {
	amounts := fortyOne()
	b.ReportAllocs()
	for b.Loop() {
		flows := make([]float64, len(amounts))
		for k, amount := range amounts {
			flows[k] = float64(amount)
		}
		if y := newton(flows); !(y > 0) {
			b.Fatal("no yield")
		}
	}
}
