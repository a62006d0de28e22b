package gate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"zutuan/internal/funding"
	"zutuan/internal/money"
)

// areaTolerance is the largest difference of areas that counts as none, in hectares. Money is compared to the fen.
var areaTolerance = decimal.New(1, -6)

// CheckStudies compares the studies with the requirement, every figure of service.md. A figure that is not given makes
// its comparison incomplete, never consistent. weights are the configured ones, for a study that gives none.
func CheckStudies(s *Studies, f *Figures, weights *Weights) []StudyCheck {
	c := &comparison{studies: s, figures: f, checks: []StudyCheck{}}
	if s == nil {
		c.studies = &Studies{}
	}
	if f == nil && s == nil {
		c.add(StudyCheck{Code: StudyCheckRequirement, Study: "feasibility", Status: CheckIncomplete, ZH: "五项研究的关键指标还没有填写", EN: "the key figures of the five studies were not entered"})
		return c.checks
	}
	if f == nil {
		c.add(StudyCheck{Code: StudyCheckRequirement, Study: "feasibility", Status: CheckIncomplete, ZH: "资金需求不能测算，无法比对", EN: "the requirement cannot be simulated, so nothing can be compared"})
		return c.checks
	}
	c.industry(weights)
	c.spatial()
	c.feasibility()
	c.promotion()
	return c.checks
}

// comparison collects checks.
type comparison struct {
	studies *Studies
	figures *Figures
	checks  []StudyCheck
}

func (c *comparison) add(check StudyCheck) { c.checks = append(c.checks, check) }

// compared fills a check whose two figures are given: what they are, by how much they differ, and what that means.
func compared(check StudyCheck, what funding.Text, figure, other, difference string, same bool, against funding.Text) StudyCheck {
	each := shown(check.Unit, figure, other, difference)
	mine, its, apart := each[0], each[1], each[2]
	check.Figure, check.Other, check.Difference = &figure, &other, &difference
	check.Status = CheckConsistent
	zh, en := "一致", "agree"
	if !same {
		check.Status = CheckDifferent
		zh, en = "相差 "+apart.ZH, "differ by "+apart.EN
	}
	check.ZH = fmt.Sprintf("%s：研究为 %s，%s为 %s，%s", what.ZH, mine.ZH, against.ZH, its.ZH, zh)
	check.EN = fmt.Sprintf("%s: study %s, %s %s; they %s", what.EN, mine.EN, against.EN, its.EN, en)
	return check
}

// ungiven fills a check for which a figure is missing.
func ungiven(check StudyCheck, what funding.Text, missing funding.Text) StudyCheck {
	check.Status = CheckIncomplete
	check.ZH, check.EN = what.ZH+"："+missing.ZH, what.EN+": "+missing.EN
	return check
}

var (
	theRequirement = funding.Text{ZH: "资金需求", EN: "requirement"}
	notInStudy     = funding.Text{ZH: "研究没有给出", EN: "the study does not give it"}
)

// notGiven says beside what is missing which figure it will be compared with.
func notGiven(against, other funding.Text) funding.Text {
	return funding.Text{ZH: notInStudy.ZH + "（" + against.ZH + "为 " + other.ZH + "）", EN: notInStudy.EN + " (" + against.EN + ": " + other.EN + ")"}
}

func (c *comparison) amounts(check StudyCheck, what funding.Text, figure *money.Amount, other money.Amount) {
	check.Unit = "yuan"
	if figure == nil {
		text := other.String()
		check.Other = &text
		c.add(ungiven(check, what, notGiven(theRequirement, shown(check.Unit, text)[0])))
		return
	}
	c.add(compared(check, what, figure.String(), other.String(), (*figure - other).String(), *figure == other, theRequirement))
}

func (c *comparison) areas(check StudyCheck, what funding.Text, figure *money.Decimal, other money.Decimal, against funding.Text) {
	check.Unit = "ha"
	if figure == nil {
		text := other.String()
		check.Other = &text
		c.add(ungiven(check, what, notGiven(against, shown(check.Unit, text)[0])))
		return
	}
	difference := figure.Sub(other)
	c.add(compared(check, what, figure.String(), other.String(), difference.String(), !difference.Abs().GreaterThan(areaTolerance), against))
}

// spatial compares the plots of each unit with the unit's planned area, all plots with the plan's area, and the plan's
// units with the plan's own area.
func (c *comparison) spatial() {
	study, total, plotted := &c.studies.Spatial, money.Zero, len(c.figures.Units) > 0
	for i := range c.figures.Units {
		unit := &c.figures.Units[i]
		check := StudyCheck{Code: StudyCheckUnitArea, Study: "spatial", Subject: unit.Code}
		what := funding.Text{ZH: "单元 " + unit.Code + " 面积与地块合计", EN: "area of unit " + unit.Code + " and its plots"}
		total = total.Add(unit.area())
		if len(unit.Plots) == 0 {
			plotted = false
			c.add(ungiven(check, what, funding.Text{ZH: "资金需求没有列出该单元的地块", EN: "the requirement lists no plots of the unit"}))
			continue
		}
		at := slices.IndexFunc(study.Units, func(planned UnitArea) bool { return planned.Code == unit.Code })
		var area *money.Decimal
		if at >= 0 {
			area = &study.Units[at].AreaHa
		}
		c.areas(check, what, area, unit.area(), funding.Text{ZH: "地块合计", EN: "plots together"})
	}
	c.spatialUnits()
	check := StudyCheck{Code: StudyCheckArea, Study: "spatial"}
	what := funding.Text{ZH: "规划总面积与全部地块合计", EN: "total planned area and all plots"}
	if !plotted {
		c.add(ungiven(check, what, funding.Text{ZH: "资金需求没有列出全部单元的地块", EN: "the requirement does not list the plots of every unit"}))
		return
	}
	c.areas(check, what, study.AreaHa, total, funding.Text{ZH: "地块合计", EN: "plots together"})
}

// spatialUnits looks at the spatial plan by itself: units that the requirement does not have, and the sum of its units.
func (c *comparison) spatialUnits() {
	study, sum := &c.studies.Spatial, money.Zero
	for _, planned := range study.Units {
		sum = sum.Add(planned.AreaHa)
		if !slices.ContainsFunc(c.figures.Units, func(unit UnitFigures) bool { return unit.Code == planned.Code }) {
			area := planned.AreaHa
			c.areas(StudyCheck{Code: StudyCheckUnitArea, Study: "spatial", Subject: planned.Code},
				funding.Text{ZH: "单元 " + planned.Code + " 不在资金需求内", EN: "unit " + planned.Code + " is not in the requirement"}, &area, money.Zero, theRequirement)
		}
	}
	if len(study.Units) > 0 && study.AreaHa != nil {
		c.areas(StudyCheck{Code: StudyCheckUnitsArea, Study: "spatial"}, funding.Text{ZH: "规划总面积与各单元合计", EN: "total planned area and the plan's units"},
			study.AreaHa, sum, funding.Text{ZH: "各单元合计", EN: "units together"})
	}
}

var sourceNames = map[funding.IncomeSource]funding.Text{
	funding.SourceLand: {ZH: "土地收益", EN: "land"}, funding.SourceEnergy: {ZH: "能源收益", EN: "energy"}, funding.SourceIndustry: {ZH: "产业收益", EN: "industry"},
	funding.SourceCommercial: {ZH: "商业收益", EN: "commercial"}, funding.SourceService: {ZH: "服务收益", EN: "service"},
}

func (c *comparison) feasibility() {
	study := &c.studies.Feasibility
	c.amounts(StudyCheck{Code: StudyCheckInvestment, Study: "feasibility"}, funding.Text{ZH: "可研总投资", EN: "investment of the feasibility study"}, study.Investment, c.figures.Investment)
	for i, figure := range study.Revenue.each() {
		source := funding.IncomeSources[i]
		name := sourceNames[source]
		c.amounts(StudyCheck{Code: StudyCheckRevenue, Study: "feasibility", Subject: string(source)},
			funding.Text{ZH: "可研收入（" + name.ZH + "）", EN: "revenue of the feasibility study (" + name.EN + ")"}, *figure, c.figures.Revenue[i])
	}
	c.amounts(StudyCheck{Code: StudyCheckFinance, Study: "finance"}, funding.Text{ZH: "投融资计划总投资", EN: "investment of the financing plan"}, c.studies.Finance.Investment, c.figures.Investment)
}

// industry asks that the requirement's leading industries are those that score best: none of them below the industry at
// the last of their places.
func (c *comparison) industry(configured *Weights) {
	study := &c.studies.Industry
	weights := study.Weights
	if weights == nil {
		weights = configured
	}
	check := StudyCheck{Code: StudyCheckWeights, Study: "industry"}
	what := funding.Text{ZH: "六维评分权重之和", EN: "sum of the six weights"}
	if weights == nil {
		c.add(ungiven(check, what, funding.Text{ZH: "研究和系统都没有给出权重", EN: "neither the study nor the configuration gives weights"}))
		return
	}
	sum := weights.Sum()
	c.add(compared(check, what, sum.String(), "1", sum.Sub(money.One).String(), sum.Equal(money.One), funding.Text{ZH: "应", EN: "should be"}))
	c.leading(weights)
}

func (c *comparison) leading(weights *Weights) {
	scores, order := map[string]money.Decimal{}, []money.Decimal{}
	for _, scored := range c.studies.Industry.Scores {
		if _, twice := scores[scored.Industry]; !twice {
			scores[scored.Industry] = scored.weighted(weights)
			order = append(order, scores[scored.Industry])
		}
	}
	slices.SortFunc(order, func(a, b money.Decimal) int { return b.Cmp(a) })
	leading := set(c.figures.Industries, strings.Compare)
	if len(leading) == 0 {
		c.add(ungiven(StudyCheck{Code: StudyCheckIndustry, Study: "industry"}, funding.Text{ZH: "主导产业", EN: "leading industries"},
			funding.Text{ZH: "资金需求没有列出主导产业", EN: "the requirement names no leading industries"}))
	}
	for _, name := range leading {
		check := StudyCheck{Code: StudyCheckIndustry, Study: "industry", Subject: name}
		what := funding.Text{ZH: "主导产业“" + name + "”", EN: fmt.Sprintf("leading industry %q", name)}
		score, scored := scores[name]
		if !scored || len(order) < len(leading) {
			c.add(ungiven(check, what, funding.Text{ZH: "产业规划没有给全部主导产业评分", EN: "the industry plan does not score every leading industry"}))
			continue
		}
		last := order[len(leading)-1]
		c.add(compared(check, what, score.String(), last.String(), score.Sub(last).String(), !score.LessThan(last),
			funding.Text{ZH: fmt.Sprintf("评分第 %d 位", len(leading)), EN: fmt.Sprintf("the score in place %d", len(leading))}))
	}
}

// weighted is Σ weight × score, exact.
func (s IndustryScore) weighted(weights *Weights) money.Decimal {
	sum := money.Zero
	each := (*Dimensions)(weights).each()
	for i, score := range s.Dimensions.each() {
		sum = sum.Add(score.Mul(*each[i]))
	}
	return sum
}

// promotion compares, plot by plot, whether an investor has signed, and for each unit the area with signed investors with
// the area that has been developed: area × share of the investment made (招商与开发同步).
func (c *comparison) promotion() {
	signed, known := map[string]bool{}, map[string]bool{}
	for _, plot := range c.studies.Promotion.Plots {
		known[plot.Code], signed[plot.Code] = true, plot.Signed
	}
	for i := range c.figures.Units {
		unit := &c.figures.Units[i]
		for _, plot := range unit.Plots {
			c.signedPlot(plot, known[plot.Code], signed[plot.Code])
		}
		c.pace(unit, known, signed)
	}
	for _, plot := range c.studies.Promotion.Plots {
		if !slices.ContainsFunc(c.figures.Units, func(unit UnitFigures) bool {
			return slices.ContainsFunc(unit.Plots, func(p PlotFigures) bool { return p.Code == plot.Code })
		}) {
			figure := signedText(plot.Signed)
			c.add(StudyCheck{Code: StudyCheckSigned, Study: "promotion", Subject: plot.Code, Status: CheckDifferent, Figure: &figure, Unit: "count",
				ZH: "地块 " + plot.Code + " 签约投资人：研究为 " + figure + "，资金需求没有该地块", EN: "signed investors of plot " + plot.Code + ": study " + figure + ", the requirement has no such plot"})
		}
	}
}

// signedText is 1 for a plot with a signed investor, 0 for one without: the number of investors that the pace counts.
func signedText(signed bool) string {
	if signed {
		return "1"
	}
	return "0"
}

func (c *comparison) signedPlot(plot PlotFigures, known, signed bool) {
	check := StudyCheck{Code: StudyCheckSigned, Study: "promotion", Subject: plot.Code, Unit: "count"}
	what := funding.Text{ZH: "地块 " + plot.Code + " 签约投资人", EN: "signed investors of plot " + plot.Code}
	other := signedText(plot.Signed)
	if !known {
		check.Other = &other
		c.add(ungiven(check, what, notInStudy))
		return
	}
	difference := "0"
	if signed != plot.Signed {
		difference = map[bool]string{true: "1", false: "-1"}[signed]
	}
	c.add(compared(check, what, signedText(signed), other, difference, signed == plot.Signed, theRequirement))
}

func (c *comparison) pace(unit *UnitFigures, known, signed map[string]bool) {
	check := StudyCheck{Code: StudyCheckPace, Study: "promotion", Subject: unit.Code, Unit: "ha"}
	what := funding.Text{ZH: "单元 " + unit.Code + " 签约面积与已开发面积", EN: "signed and developed area of unit " + unit.Code}
	area, covered := money.Zero, len(unit.Plots) > 0
	for _, plot := range unit.Plots {
		covered = covered && known[plot.Code]
		if signed[plot.Code] {
			area = area.Add(plot.AreaHa)
		}
	}
	developed := unit.area().Mul(unit.Invested).Round(money.RatioDecimals)
	switch {
	case len(unit.Plots) == 0:
		c.add(ungiven(check, what, funding.Text{ZH: "资金需求没有列出该单元的地块", EN: "the requirement lists no plots of the unit"}))
	case !covered:
		c.add(ungiven(check, what, notInStudy))
	default:
		ahead := compared(check, what, area.String(), developed.String(), area.Sub(developed).String(), !developed.Sub(area).GreaterThan(areaTolerance), funding.Text{ZH: "已开发", EN: "developed"})
		if ahead.Status == CheckConsistent {
			ahead.ZH, ahead.EN = strings.TrimSuffix(ahead.ZH, "一致")+"招商不落后于开发", strings.TrimSuffix(ahead.EN, "they agree")+"promotion keeps up"
		}
		c.add(ahead)
	}
}

// studiesComplete asks that each study is complete, names its document, and is not of a later day.
func (s *Situation) studiesComplete() Condition {
	studies := s.Studies
	if studies == nil {
		studies = &Studies{}
	}
	var items []Item
	for i, study := range studies.each() {
		name := studyNames[i].name
		zh, en := "", ""
		switch {
		case study.Status == StudyInProgress:
			zh, en = "编制中", "in progress"
		case study.Status != StudyComplete:
			zh, en = "缺少", "missing"
		case strings.TrimSpace(study.Reference) == "":
			zh, en = "没有写明文号或文件", "names no document"
		case !study.AsOf.Valid():
			zh, en = "没有写明日期", "names no day"
		case study.AsOf > s.Today:
			zh, en = fmt.Sprintf("日期 %s 晚于今天 %s", study.AsOf, s.Today), fmt.Sprintf("is of %s, after today %s", study.AsOf, s.Today)
		default:
			continue
		}
		items = append(items, Item{Subject: studyNames[i].key, ZH: "《" + name.ZH + "》" + zh, EN: name.EN + ": " + en, Value: string(study.Status)})
	}
	if len(items) > 0 {
		return itemized(CodeStudies, fmt.Sprintf("五项研究有 %d 项未齐备：", len(items)), fmt.Sprintf("of the five studies %d are not complete: ", len(items)),
			funding.Text{ZH: "请完成并登记文号、日期和关键指标", EN: "Complete them and enter document, day and key figures"}, items)
	}
	return met(CodeStudies, "五项研究齐备", "all five studies are complete")
}

func (s *Situation) studiesConsistent() Condition {
	checks := CheckStudies(s.Studies, s.Figures, s.Weights)
	var items []Item
	for _, check := range checks {
		if check.Status != CheckConsistent {
			items = append(items, check.item())
		}
	}
	if len(items) > 0 {
		return itemized(CodeConsistent, fmt.Sprintf("五项研究与资金需求有 %d 处不一致或缺指标：", len(items)), fmt.Sprintf("figures of the studies that differ or are not given, in number %d: ", len(items)),
			funding.Text{ZH: "请统一口径：修改研究或资金需求，并补齐缺少的指标", EN: "Bring them together: change the study or the requirement, and supply what is not given"}, items)
	}
	return met(CodeConsistent, fmt.Sprintf("五项研究与资金需求一致（核对 %d 处）", len(checks)), fmt.Sprintf("the studies agree with the requirement (%d figures compared)", len(checks)))
}

func (c StudyCheck) item() Item {
	text := func(figure *string) string {
		if figure == nil {
			return ""
		}
		return *figure
	}
	return Item{Subject: strings.TrimSpace(c.Code + " " + c.Subject), ZH: c.ZH, EN: c.EN, Value: text(c.Figure), Limit: text(c.Other), Distance: text(c.Difference)}
}

// ViewStudies shows the five studies of a plan with everything that was compared.
func ViewStudies(s Situation) StudiesView {
	v := StudiesView{Studies: Studies{Schema: SchemaStudies}, Complete: s.studiesComplete(), Consistent: s.studiesConsistent(), Checks: CheckStudies(s.Studies, s.Figures, s.Weights)}
	if s.Studies != nil {
		v.Studies = *s.Studies
	}
	for _, study := range v.each() {
		if study.Status == "" {
			study.Status = StudyMissing
		}
	}
	return v
}
