package funding

import (
	"fmt"

	"zutuan/internal/document"

	"github.com/shopspring/decimal"
)

// seriesKeys are the keys that can belong to a series; seriesForms names the form of each key that decides it.
var (
	seriesKeys  = []string{"offset", "values", "total", "over", "shape", "per_quarter", "ramp", "growth", "quarters"}
	seriesForms = []struct {
		key  string
		form SeriesForm
		keys []string
	}{
		{"values", SeriesExplicit, nil},
		{"total", SeriesSpread, []string{"over", "shape"}},
		{"per_quarter", SeriesRecurring, []string{"ramp", "growth", "quarters"}},
	}
)

// moneySeries reads the series of a line whose other keys its caller reads, and adds it to the bound of the file.
func (r *requirementReader) moneySeries(in *document.Object) Series {
	series := readSeries(in, func(v document.Value) int64 { return int64(requiredItem(v).Amount()) })
	switch series.Form {
	case SeriesExplicit:
		for _, value := range series.Values {
			r.bound = r.bound.Add(fenDecimal(value))
		}
	case SeriesSpread:
		r.bound = r.bound.Add(fenDecimal(series.Total))
	case SeriesRecurring:
		length := MaxQuarters
		if series.Quarters > 0 {
			length = series.Quarters
		}
		r.bound = r.bound.Add(grown(series.PerQuarter, series.Growth, length))
	}
	return series
}

// occupancy reads a series of shares of 0 to 1 in millionths. A growing one must not leave that range.
func (r *requirementReader) occupancy(in *document.Object) Series {
	series := readSeries(in, func(v document.Value) int64 {
		rate := requiredItem(v).Rate("0", "1")
		millionths := rate.Shift(6)
		if !millionths.IsInteger() {
			v.Problem("rate", "出租率最多 6 位小数", "an occupancy has at most 6 decimals")
		}
		return millionths.IntPart()
	})
	in.Done()
	if series.Form == SeriesRecurring && series.Growth.IsPositive() {
		in.Optional("growth").Problem("occupancy", "出租率不能按年增长；请用 ramp 表示爬坡", "an occupancy takes no growth; use ramp for the run-up")
	}
	return series
}

// readSeries reads offset and exactly one of the three forms of finance.md, section "Series".
func readSeries(in *document.Object, scalar func(document.Value) int64) Series {
	series := Series{Offset: in.Optional("offset").Int(0, MaxQuarters, 0)}
	for _, candidate := range seriesForms {
		if !in.Has(candidate.key) {
			continue
		}
		if series.Form != SeriesNone {
			in.Optional(candidate.key).Problem("series", "values、total、per_quarter 只能写一个", "write exactly one of values, total and per_quarter")
			continue
		}
		series.Form = candidate.form
	}
	refuseForeignKeys(in, series.Form)
	switch series.Form {
	case SeriesExplicit:
		series.Values = readSeriesValues(in.Required("values"), scalar)
	case SeriesSpread:
		series.Total = scalar(in.Required("total"))
		series.Over = in.Required("over").Int(1, MaxQuarters, 1)
		series.Shape = ShapeEven
		if shape := in.Optional("shape"); shape.Present() {
			series.Shape = SpreadShape(shape.Enum(string(ShapeEven), string(ShapeSCurve), string(ShapeFront), string(ShapeBack)))
		}
	case SeriesRecurring:
		series.PerQuarter = scalar(in.Required("per_quarter"))
		series.Ramp = in.Optional("ramp").Int(1, MaxQuarters, 1)
		series.Growth = in.Optional("growth").Rate("-1", "1")
		series.Quarters = in.Optional("quarters").Int(1, MaxQuarters, 0)
	default:
		if in.Present() {
			in.Problem("series", "缺少数列：写 values，或 total 与 over，或 per_quarter", "the amounts are missing: write values, or total and over, or per_quarter")
		}
	}
	return series
}

// refuseForeignKeys reports keys of a form that the series does not have, such as over beside per_quarter.
func refuseForeignKeys(in *document.Object, form SeriesForm) {
	for _, candidate := range seriesForms {
		for _, key := range candidate.keys {
			if value := in.Optional(key); value.Present() && candidate.form != form {
				value.Problem("series", fmt.Sprintf("%s 只能与 %s 同用", key, candidate.key), fmt.Sprintf("%s goes with %s only", key, candidate.key))
			}
		}
	}
}

func readSeriesValues(value document.Value, scalar func(document.Value) int64) []int64 {
	if value.Kind() == document.KindList && value.Len() == 0 {
		value.Problem("missing", "values 至少要有一个值", "values needs at least one value")
	}
	atMost(value, MaxQuarters)
	values := make([]int64, 0, min(value.Len(), MaxQuarters))
	value.List(func(_ int, item document.Value) { values = append(values, scalar(item)) })
	return values
}

// grown bounds Σ value × (1+growth)^⌊k/4⌋ over length quarters from above, in the unit of value. The powers are
// rounded up to twelve places, so that the bound stays cheap and errs on the safe side.
func grown(value int64, growth Decimal, length int) Decimal {
	if !growth.IsPositive() {
		return fenDecimal(value).Mul(decimal.NewFromInt(int64(length)))
	}
	factor := growth.Add(decimal.NewFromInt(1))
	power, sum := decimal.NewFromInt(1), decimal.Zero
	for k := 0; k < length; k += 4 {
		sum = sum.Add(power.Mul(decimal.NewFromInt(int64(min(4, length-k)))))
		power = power.Mul(factor).RoundCeil(12)
	}
	return sum.Mul(fenDecimal(value))
}

func fenDecimal(fen int64) Decimal { return decimal.NewFromInt(fen) }
