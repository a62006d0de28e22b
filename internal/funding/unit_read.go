package funding

import (
	"fmt"
	"strings"

	"zutuan/internal/document"
	"zutuan/internal/quarter"
)

func (r *requirementReader) units(value document.Value) {
	if value.Kind() == document.KindList && value.Len() == 0 {
		value.Problem("missing", "至少要有一个单元", "at least one unit is needed")
	}
	atMost(value, MaxUnits)
	first := map[string]int{}
	r.plots = map[string]bool{}
	value.List(func(i int, item document.Value) {
		in := item.Object()
		code := in.Required("code")
		unit := r.unit(in, item.Path())
		unit.Code = code.Name()
		if at, known := first[unit.Code]; known && unit.Code != "" {
			code.Problem("duplicate", fmt.Sprintf("单元代码 %s 与第 %d 个单元重复", unit.Code, at+1), fmt.Sprintf("the unit code %s is already that of unit %d", unit.Code, at+1))
		} else {
			first[unit.Code] = i
		}
		in.Done()
		r.out.Units = append(r.out.Units, unit)
	})
	r.checkWaits(first)
}

func (r *requirementReader) unit(in *document.Object, path string) Unit {
	unit := Unit{Name: in.Optional("name").String(), Path: path}
	plots := in.Optional("plots")
	atMost(plots, MaxLines)
	plots.List(func(_ int, item document.Value) { unit.Plots = append(unit.Plots, r.plot(item.Object())) })
	unit.Start = r.start(in.Required("start").Object())
	lines(in.Optional("invest"), func(line *document.Object) { unit.Invest = append(unit.Invest, r.investLine(line)) })
	before := r.bound
	lines(in.Optional("revenue"), func(line *document.Object) { unit.Revenue = append(unit.Revenue, r.revenueLine(line)) })
	income := r.bound.Sub(before)
	lines(in.Optional("cost"), func(line *document.Object) { unit.Cost = append(unit.Cost, r.costLine(line, income)) })
	if occupancy := in.Optional("occupancy"); occupancy.Present() {
		unit.Occupancy = r.occupancy(occupancy.Object())
	}
	return unit
}

// lines reads a list of lines, each an object with known keys.
func lines(value document.Value, read func(*document.Object)) {
	atMost(value, MaxLines)
	value.List(func(_ int, item document.Value) {
		line := item.Object()
		read(line)
		line.Done()
	})
}

func (r *requirementReader) plot(in *document.Object) Plot {
	code := in.Required("code")
	plot := Plot{Code: code.Name(), AreaHa: in.Required("area_ha").Number("0", "100000")}
	plot.Use = in.Optional("use").String()
	plot.FAR = in.Optional("far").Number("0", "100")
	plot.Investor = in.Optional("investor").String()
	plot.Signed = in.Optional("signed").Bool()
	if plot.Code != "" && r.plots[plot.Code] {
		code.Problem("duplicate", fmt.Sprintf("地块代码 %s 重复", plot.Code), fmt.Sprintf("the plot code %s appears twice", plot.Code))
	}
	r.plots[plot.Code] = true
	in.Done()
	return plot
}

// investCategories lists the categories in the order in which messages name them.
var investCategories = []string{string(InvestLand), string(InvestInfrastructure), string(InvestBuildings), string(InvestEquipment),
	string(InvestPreliminary), string(InvestContingency), string(InvestWorkingCapital)}

func (r *requirementReader) investLine(in *document.Object) InvestLine {
	line := InvestLine{Category: InvestCategory(in.Required("category").Enum(investCategories...)), Name: in.Optional("name").String()}
	line.DepreciateYears = in.Optional("depreciate_years").Int(1, maxDepreciationYears, 0)
	line.Residual = in.Optional("residual").Rate("0", "1")
	line.Series = r.moneySeries(in)
	if line.Series.Form == SeriesRecurring && !in.Has("quarters") {
		in.Problem("endless", "投资必须有尽头：请写 quarters（共几个季度），或改用 total 与 over", "investment must come to an end: give quarters (how many), or write total and over")
	}
	return line
}

func incomeSourceWords(more ...string) []string {
	words := make([]string, 0, len(IncomeSources)+len(more))
	for _, source := range IncomeSources {
		words = append(words, string(source))
	}
	return append(words, more...)
}

func (r *requirementReader) revenueLine(in *document.Object) RevenueLine {
	line := RevenueLine{Source: IncomeSource(in.Required("source").Enum(incomeSourceWords()...)), Name: in.Optional("name").String()}
	route := in.Optional("route")
	line.SetAside = in.Optional("set_aside").Rate("0", "1")
	line.Lag = in.Optional("lag").Int(0, MaxQuarters, 0)
	line.Pledged = in.Optional("pledged").Bool()
	if line.Source == SourceLand {
		line.Route = RouteFundBudget
	}
	if route.Present() {
		line.Route = route.Enum(RouteFundBudget, RouteCompany)
	}
	if line.Source != "" && line.Source != SourceLand {
		for _, key := range []string{"route", "set_aside", "lag", "pledged"} {
			if value := in.Optional(key); value.Present() {
				value.Problem("land_only", "只有 source: land 的收入可以写 "+key, key+" belongs to income of source: land only")
			}
		}
	}
	line.Series = r.moneySeries(in)
	return line
}

// costLine reads a series, or a share of the unit's income; income bounds what a share can come to, in fen.
func (r *requirementReader) costLine(in *document.Object, income Decimal) CostLine {
	line := CostLine{Name: in.Required("name").Name()}
	shareOf, share := in.Optional("share_of"), in.Optional("share")
	if !shareOf.Present() && !share.Present() {
		line.Series = r.moneySeries(in)
		return line
	}
	line.ShareOf = IncomeSource(in.Required("share_of").Enum(incomeSourceWords(string(ShareOfAll))...))
	line.Share = in.Required("share").Rate("0", "1")
	for _, key := range seriesKeys {
		if value := in.Optional(key); value.Present() {
			value.Problem("series", "按收入比例计的成本（share_of）不能再写 "+key, "a cost that is a share of income (share_of) has no "+key)
		}
	}
	r.bound = r.bound.Add(income.Mul(line.Share))
	return line
}

func (r *requirementReader) start(in *document.Object) UnitStart {
	var start UnitStart
	at, after := in.Optional("at"), in.Optional("after")
	when, earliest, latest, atLatest := in.Optional("when"), in.Optional("earliest"), in.Optional("latest"), in.Optional("at_latest")
	in.Done()
	r.waits = append(r.waits, after)
	switch {
	case at.Present() && after.Present():
		after.Problem("start", "at 与 after 只能写一个", "write either at or after, not both")
	case at.Present():
		start.At = at.Quarter()
		r.within(at, start.At, true)
		for _, value := range []document.Value{when, earliest, latest, atLatest} {
			if value.Present() {
				value.Problem("start", "固定开工（at）的单元不写 when、earliest、latest、at_latest", "a unit with a fixed start (at) takes no when, earliest, latest or at_latest")
			}
		}
	case after.Present():
		start.After = after.Name()
		start.When = r.when(in, when)
		start.Earliest, start.Latest = earliest.Quarter(), latest.Quarter()
		r.within(earliest, start.Earliest, true)
		r.within(latest, start.Latest, false)
		if start.Earliest != 0 && start.Latest != 0 && start.Earliest > start.Latest {
			latest.Problem("start", fmt.Sprintf("latest（%s）早于 earliest（%s）", start.Latest, start.Earliest), fmt.Sprintf("latest (%s) is before earliest (%s)", start.Latest, start.Earliest))
		}
		start.StartAtLatest = atLatest.Enum("start", "never") == "start"
	case in.Present():
		in.Problem("start", "写 at（固定季度），或 after 与 when（等待另一单元）", "write at (a fixed quarter), or after and when (waiting for another unit)")
	}
	return start
}

// within reports a start outside the statement: a unit that cannot start would be left out without a word.
func (r *requirementReader) within(value document.Value, at quarter.Quarter, beforeEnd bool) {
	if at == 0 || r.out.Start == 0 {
		return
	}
	last := r.out.Start.Add(r.out.Horizon - 1)
	if at < r.out.Start || beforeEnd && at > last {
		value.Problem("start", fmt.Sprintf("%s 不在计算期内，应为 %s 至 %s", at, r.out.Start, last), fmt.Sprintf("%s is outside the horizon, which runs from %s to %s", at, r.out.Start, last))
	}
}

// when reads the start condition and has it compiled.
func (r *requirementReader) when(in *document.Object, value document.Value) string {
	text := in.Required("when").Name()
	if text == "" || r.checkWhen == nil {
		return text
	}
	if err := r.checkWhen(text); err != nil {
		why := TextOf(err)
		value.Problem("when", "启动条件不能使用："+why.ZH, "the start condition cannot be used: "+why.EN)
	}
	return text
}

// checkWaits reports a unit that waits for an unknown one and names each ring of units that wait for each other.
func (r *requirementReader) checkWaits(index map[string]int) {
	codes := make([]string, len(r.out.Units))
	for i, unit := range r.out.Units {
		codes[i] = unit.Code
	}
	for i, unit := range r.out.Units {
		if _, known := index[unit.Start.After]; unit.Start.After == "" || known {
			continue
		}
		near := document.Nearest(unit.Start.After, codes)
		if len(near) == 0 {
			near = codes
		}
		list := strings.Join(near, ", ")
		r.waits[i].Problem("unknown_unit", fmt.Sprintf("没有单元 %q；可用的有 %s", unit.Start.After, list), fmt.Sprintf("there is no unit %q; available: %s", unit.Start.After, list))
	}
	done := make([]bool, len(r.out.Units))
	for i := range r.out.Units {
		if ring := r.ring(i, index, done); ring != nil {
			text := strings.Join(ring, " → ")
			r.waits[i].Problem("ring", "单元相互等待，谁也不能先启动："+text, "units wait for each other, so none can start: "+text)
		}
	}
}

// ring follows the waits from one unit and returns the codes of a ring that leads back to it, or nil. Units that were
// part of a ring, or lead nowhere, are marked done so that each ring is named once.
func (r *requirementReader) ring(from int, index map[string]int, done []bool) []string {
	codes := []string{r.out.Units[from].Code}
	at, known := from, true
	for steps := 0; steps <= len(r.out.Units) && !done[at]; steps++ {
		if at, known = index[r.out.Units[at].Start.After]; !known || r.out.Units[at].Code == "" {
			return nil
		}
		codes = append(codes, r.out.Units[at].Code)
		if at == from {
			for _, code := range codes {
				done[index[code]] = true
			}
			return codes
		}
	}
	return nil
}
