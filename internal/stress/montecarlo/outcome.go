package montecarlo

import (
	"math"
	"slices"
	"strconv"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

// percentiles are answered of every distribution, in this order.
var percentiles = []float64{0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95}

// Outcome is what the paths come to. Percentiles are nearest ranks. Amounts are strings with two decimals, ratios and
// probabilities strings with six.
type Outcome struct {
	Paths int    `json:"paths"`
	Seed  string `json:"seed"`
	// Base is the path in which nothing is moved.
	Base BaseOutcome `json:"base"`
	// MinDSCR is over the paths in which debt falls due; null where there is none.
	MinDSCR *RatioSpread `json:"min_dscr"`
	// WithoutDebt counts the paths in which none does.
	WithoutDebt int          `json:"without_debt"`
	PeakGap     AmountSpread `json:"peak_gap"`
	// Shortfall is the largest amount by which cash falls below the minimum in any quarter, 0 where it never does.
	Shortfall AmountSpread `json:"shortfall"`
	// ShortfallProbability is that of any quarter below the minimum cash.
	ShortfallProbability string         `json:"shortfall_probability"`
	Below                []Below        `json:"below"`
	Quarters             []Fan          `json:"quarters"`
	Factors              []FactorSpread `json:"factors"`
	Notes                []funding.Text `json:"notes"`
}

// BaseOutcome is the unstressed plan; its lowest DSCR is null where no debt falls due.
type BaseOutcome struct {
	MinDSCR   *string      `json:"min_dscr"`
	PeakGap   money.Amount `json:"peak_gap"`
	Shortfall money.Amount `json:"shortfall"`
}

// Below is the probability that the lowest DSCR is below a threshold, of the paths that have one; none where no path
// does.
type Below struct {
	DSCR        string `json:"dscr"`
	Probability string `json:"probability"`
}

// RatioSpread is a distribution of ratios.
type RatioSpread struct {
	Mean string `json:"mean"`
	Std  string `json:"std"`
	P5   string `json:"p5"`
	P10  string `json:"p10"`
	P25  string `json:"p25"`
	P50  string `json:"p50"`
	P75  string `json:"p75"`
	P90  string `json:"p90"`
	P95  string `json:"p95"`
	Min  string `json:"min"`
	Max  string `json:"max"`
}

// AmountSpread is a distribution of amounts.
type AmountSpread struct {
	Mean money.Amount `json:"mean"`
	P5   money.Amount `json:"p5"`
	P10  money.Amount `json:"p10"`
	P25  money.Amount `json:"p25"`
	P50  money.Amount `json:"p50"`
	P75  money.Amount `json:"p75"`
	P90  money.Amount `json:"p90"`
	P95  money.Amount `json:"p95"`
	Min  money.Amount `json:"min"`
	Max  money.Amount `json:"max"`
}

// Fan is one quarter: how likely cash is below the minimum, and how closing cash and the cumulative sum before financing
// spread.
type Fan struct {
	Quarter              quarter.Quarter `json:"quarter"`
	ShortfallProbability string          `json:"shortfall_probability"`
	Closing              AmountSpread    `json:"closing"`
	Cumulative           AmountSpread    `json:"cumulative"`
}

// FactorSpread says how a factor was drawn.
type FactorSpread struct {
	Factor       string `json:"factor"`
	Distribution string `json:"distribution"`
	Sigma        string `json:"sigma,omitempty"`
	Low          string `json:"low,omitempty"`
	High         string `json:"high,omitempty"`
}

var notes = []funding.Text{
	{ZH: "蒙特卡洛路径用浮点数计算，只用于看分布，不作为准入或上会的依据；因子均为 1 时与精确结果一致", EN: "paths are computed with binary floats and show a distribution only; with all factors at one they equal the exact result"},
	{ZH: "每条路径内各因子贯穿全部年份；分布与相关系数见 factors 和压力包参数", EN: "a path's factors hold through all its years; distributions and correlations are those of the stress pack"},
}

func (r *run) outcome() *Outcome {
	out := &Outcome{Paths: r.in.Paths, Seed: strconv.FormatUint(r.in.Seed, 10), Notes: notes, Below: []Below{}, Quarters: make([]Fan, r.model.length), Factors: []FactorSpread{}}
	ratios, gaps, missing := make([]float64, 0, r.in.Paths), make([]float64, r.in.Paths), make([]float64, r.in.Paths)
	short := 0
	for i, result := range r.results {
		gaps[i], missing[i] = result.peakGap, result.shortfall
		if result.shortfall > 0 {
			short++
		}
		if !math.IsNaN(result.minDSCR) {
			ratios = append(ratios, result.minDSCR)
		}
	}
	base := newScratch(r.model).run(ones())
	out.Base = BaseOutcome{PeakGap: fen(base.peakGap), Shortfall: fen(base.shortfall)}
	if !math.IsNaN(base.minDSCR) {
		text := six(base.minDSCR)
		out.Base.MinDSCR = &text
	}
	out.WithoutDebt = r.in.Paths - len(ratios)
	out.ShortfallProbability = probability(short, r.in.Paths)
	for _, list := range [][]float64{ratios, gaps, missing} {
		slices.Sort(list)
	}
	out.MinDSCR, out.PeakGap, out.Shortfall = ratioSpread(ratios), amountSpread(gaps), amountSpread(missing)
	for _, threshold := range r.in.Thresholds {
		if len(ratios) == 0 {
			break // without debt there is no DSCR that could be below anything
		}
		at, _ := slices.BinarySearch(ratios, threshold)
		out.Below = append(out.Below, Below{six(threshold), probability(at, len(ratios))})
	}
	for q := range out.Quarters {
		count := 0
		for _, worker := range r.short {
			count += worker[q]
		}
		out.Quarters[q] = Fan{r.model.start.Add(q), probability(count, r.in.Paths), amountSpread(r.closing[q]), amountSpread(r.cumulative[q])}
	}
	for _, d := range r.in.Spread.Distributions {
		factor := FactorSpread{Factor: d.Factor, Distribution: d.Kind}
		if d.Kind == "triangular" {
			factor.Low, factor.High = six(d.Low), six(d.High)
		} else {
			factor.Sigma = six(d.Sigma)
		}
		out.Factors = append(out.Factors, factor)
	}
	return out
}

func probability(count, of int) string { return six(float64(count) / float64(of)) }

func six(value float64) string { return strconv.FormatFloat(value, 'f', money.RatioDecimals, 64) }

// mean adds sorted values, whose order does not depend on the cores that computed them.
func mean(sorted []float64) float64 {
	sum := 0.0
	for _, value := range sorted {
		sum += value
	}
	return sum / float64(len(sorted))
}

func ratioSpread(sorted []float64) *RatioSpread {
	if len(sorted) == 0 {
		return nil
	}
	average, squares := mean(sorted), 0.0
	for _, value := range sorted {
		squares += (value - average) * (value - average)
	}
	out := &RatioSpread{Mean: six(average), Std: six(math.Sqrt(squares / float64(len(sorted)))), Min: six(sorted[0]), Max: six(sorted[len(sorted)-1])}
	for i, place := range []*string{&out.P5, &out.P10, &out.P25, &out.P50, &out.P75, &out.P90, &out.P95} {
		*place = six(percentile(sorted, percentiles[i]))
	}
	return out
}

func amountSpread(sorted []float64) AmountSpread {
	out := AmountSpread{Mean: fen(mean(sorted)), Min: fen(sorted[0]), Max: fen(sorted[len(sorted)-1])}
	for i, place := range []*money.Amount{&out.P5, &out.P10, &out.P25, &out.P50, &out.P75, &out.P90, &out.P95} {
		*place = fen(percentile(sorted, percentiles[i]))
	}
	return out
}

func fen(amount float64) money.Amount { return money.Amount(math.Round(amount)) }
