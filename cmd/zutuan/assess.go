package main

import (
	"flag"
	"fmt"
	"slices"
	"strings"

	"zutuan/internal/casework"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/risk"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
	"zutuan/internal/textview"
)

// assessCommand prints everything there is to say about a case: cash flow, products, indicative plan, flags.
func assessCommand(env *environment, args []string) error {
	var papers paperFlags
	var packs productList
	files, err := env.parse("assess", args, func(flags *flag.FlagSet) {
		papers.register(flags)
		flags.Var(&packs, "pack", "")
	})
	if err != nil {
		return err
	}
	desk, kase, asked, err := env.open(files, papers)
	if err != nil {
		return err
	}
	if err := checkPacks(desk.Library, packs); err != nil {
		return err
	}
	asked.Packs = packs
	assessment, err := desk.Assess(kase, asked)
	if err != nil {
		return err
	}
	if env.json {
		return env.answer(desk.AssessmentAnswer(assessment))
	}
	showAssessment(env, desk, assessment)
	return nil
}

// checkPacks refuses an unknown risk pack with those that exist.
func checkPacks(library *rulepack.Library, wanted []string) error {
	var ids []string
	for _, pack := range library.RiskPacks {
		ids = append(ids, pack.ID)
	}
	for _, id := range wanted {
		if !slices.Contains(ids, id) {
			list := strings.Join(ids, ", ")
			return usageError{fmt.Sprintf("没有风险规则包 %q；有 %s", id, list), fmt.Sprintf("there is no risk pack %q; there are %s", id, list)}
		}
	}
	return nil
}

func showAssessment(env *environment, desk *casework.Desk, a *casework.Assessment) {
	read := newReader(env, desk.Library.Vocabulary)
	showSimulation(env, a.Case.Requirement, a.Simulation)
	env.warn(desk.Warnings(a.Matching))
	showYears(env, a.Simulation)
	showMatch(env, read, desk.Library, a.Match.Answer())
	showPlan(env, a)
	showFlags(env, read, a.Risk)
	showLedger(env, a.Risk.Ledger)
}

// showPlan prints the indicative plan that the flags were raised on.
func showPlan(env *environment, a *casework.Assessment) {
	summary := a.Risk.Plan
	env.title(summary.Label.In(env.language))
	if len(summary.Lines) == 0 {
		env.line("  ", env.say("没有可用的融资产品，未形成方案", "no product can be used; there is no plan"))
	} else {
		table := textview.Table{Header: []string{env.say("资金来源", "Source"), env.say("承诺额（万元）", "Commitment (10k)"), env.say("提款（万元）", "Drawn (10k)"), env.say("利率", "Rate"), env.say("综合成本", "All-in"), env.say("期限/宽限（季）", "Tenor/grace"), env.say("计入", "Booked as")},
			Align: []textview.Align{textview.Left, textview.Right, textview.Right, textview.Right, textview.Right, textview.Right, textview.Left}}
		for _, line := range summary.Lines {
			rate, tenor := "—", "—"
			if line.Rate != "" {
				rate = percentText(&line.Rate)
			}
			if line.TenorQuarters > 0 {
				tenor = fmt.Sprintf("%d/%d", line.TenorQuarters, line.GraceQuarters)
			}
			table.Add(line.Name.In(env.language), line.Commitment.InWan(), line.Drawn.InWan(), rate, measurePercent(line.AllInCost), tenor, env.booked(line.CountsAs, line.GovernmentDebt))
		}
		env.print(table.Render(env.style))
	}
	unfunded := summary.UnfundedGap.Show(env.language)
	if summary.UnfundedFrom != nil {
		unfunded = env.style.Paint(textview.Bad, unfunded+"（"+summary.UnfundedFrom.String()+env.say(" 起）", ")"))
	}
	env.line()
	env.print(textview.Pairs(env.style, "  ",
		[2]string{env.say("新增债务", "New debt"), summary.Debt.Show(env.language)},
		[2]string{env.say("其中政府债务", "of it government debt"), summary.GovernmentDebt.Show(env.language)},
		[2]string{env.say("最低/平均偿债备付率", "Min/avg DSCR"), two(summary.MinDSCR) + " / " + two(summary.AvgDSCR)},
		[2]string{env.say("最低利息备付率", "Min ICR"), two(summary.MinICR)},
		[2]string{env.say("贷款期覆盖率 LLCR", "LLCR"), two(summary.LLCR)},
		[2]string{env.say("期限缺口（年）", "Gap of lives (years)"), two(summary.LifeGapYears)},
		[2]string{env.say("未落实的峰值缺口", "Unfunded gap"), unfunded},
	))
	for _, note := range a.Plan.Notes {
		env.line("  ", env.style.Paint(textview.Faint, "· "+note.In(env.language)))
	}
}

func (e *environment) booked(countsAs, government string) string {
	word := map[string]string{"debt": "债务", "equity": "股权", "quasi_equity": "权益型工具", "grant": "拨款"}[countsAs]
	word = e.say(word, countsAs)
	switch government {
	case "general":
		word += e.say("（政府一般债务）", " (general government debt)")
	case "special":
		word += e.say("（政府专项债务）", " (special government debt)")
	}
	return word
}

// two shows a measure with two decimals.
func two(measure loan.Measure) string {
	if !measure.Known {
		return "—"
	}
	return measure.Value.StringFixed(2)
}

// levelWords are the levels as a risk officer reads them.
var levelWords = map[funding.Level]struct {
	zh, en string
	tone   textview.Tone
}{
	funding.LevelStop: {"禁止", "STOP", textview.Stop}, funding.LevelRed: {"红", "red", textview.Bad}, funding.LevelOrange: {"橙", "orange", textview.Warn},
	funding.LevelYellow: {"黄", "yellow", textview.Warn}, funding.LevelUndecided: {"无法判断", "undecided", textview.Warn}, funding.LevelGreen: {"绿", "green", textview.Good},
}

func (e *environment) level(level funding.Level) textview.Cell {
	word, known := levelWords[level]
	if !known {
		return textview.Cell{Text: e.say("不适用", "not applicable"), Tone: textview.Faint}
	}
	return textview.Cell{Text: e.say(word.zh, word.en), Tone: word.tone}
}

// showFlags prints the risk flags: in full where a person must act, in one line where the rule is green or does not apply.
func showFlags(env *environment, read *reader, a *risk.Assessment) {
	env.title(env.say("财政与债务风险提示（", "Fiscal and debt risk (") + a.Date + env.say("）", ")"))
	worst, c := env.level(a.Summary.Worst), a.Summary.Counts
	env.line("  ", env.say("最严重：", "worst: "), env.style.Paint(worst.Tone, worst.Text), fmt.Sprintf(env.say("；禁止 %d，红 %d，橙 %d，黄 %d，无法判断 %d，绿 %d，不适用 %d", "; stop %d, red %d, orange %d, yellow %d, undecided %d, green %d, not applicable %d"),
		c.Stop, c.Red, c.Orange, c.Yellow, c.Undecided, c.Green, c.NotApplicable))
	for _, unresolved := range a.Summary.Unresolved {
		if unresolved.Rule == "" {
			env.line("  ", env.style.Paint(textview.Bad, "! "+unresolved.Name.In(env.language)))
		}
	}
	if a.Fiscal != nil {
		env.line("  ", env.style.Paint(textview.Faint, fmt.Sprintf(env.say("财政数据：%s %d 年，%s", "fiscal data: %s %d, %s"), a.Fiscal.Name, a.Fiscal.Year, a.Fiscal.Source)))
	}
	for _, override := range a.Overrides {
		env.line("  ", env.style.Paint(textview.Warn, "! "), fmt.Sprintf(env.say("本地区覆盖参数 %s：%s（原 %s），%s，%s，至 %s", "overridden here: %s is %s (was %s), by %s, %s, until %s"), override.Parameter, override.Value, override.Replaced, override.Who, override.Why, override.Until))
	}
	var green, absent []string
	for i := range a.Flags {
		flag := &a.Flags[i]
		switch {
		case flag.NotApplicable != nil:
			absent = append(absent, flag.Rule+" "+flag.Name.In(env.language))
		case flag.Level == funding.LevelGreen:
			green = append(green, flag.Rule+" "+flag.Name.In(env.language)+valueText(read, flag))
		default:
			showFlag(env, read, flag)
		}
	}
	env.line()
	env.line("  ", env.style.Paint(textview.Good, env.say("绿：", "green: ")), strings.Join(green, env.say("；", "; ")))
	env.line("  ", env.style.Paint(textview.Faint, env.say("不适用：", "not applicable: ")+strings.Join(absent, env.say("；", "; "))))
	for _, assumption := range a.Assumptions {
		env.line("  ", env.style.Paint(textview.Faint, "· "+assumption.In(env.language)))
	}
}

func valueText(read *reader, flag *risk.Flag) string {
	if flag.Value == nil {
		return ""
	}
	return " " + read.value(*flag.Value, ruleexpr.Unit(flag.Unit))
}

func showFlag(env *environment, read *reader, flag *risk.Flag) {
	level := env.level(flag.Level)
	when := flag.When
	if when == "now" {
		when = env.say("当前", "now")
	}
	env.line()
	env.line("  ", env.style.Paint(level.Tone, "["+level.Text+"] "), env.style.Paint(textview.Strong, flag.Rule+" "+flag.Name.In(env.language)), env.style.Paint(textview.Faint, "  "+when))
	env.line("      ", flag.Message.In(env.language))
	if flag.Value != nil {
		line := env.say("指标值 ", "value ") + read.value(*flag.Value, ruleexpr.Unit(flag.Unit))
		if flag.ValueBefore != nil && *flag.ValueBefore != *flag.Value {
			line += env.say("（方案前 ", " (before the plan ") + read.value(*flag.ValueBefore, ruleexpr.Unit(flag.Unit)) + env.say("）", ")")
		}
		env.line("      ", line)
	}
	if flag.OfficialGrade != "" {
		env.line("      ", env.style.Paint(textview.Strong, env.say("以官方通知等级为准：", "the notified grade decides: ")+env.level(funding.Level(flag.OfficialGrade)).Text+env.say("；系统测算：", "; computed: ")+env.level(flag.ComputedLevel).Text))
	}
	showSides(env, read, flag)
	showThresholds(env, read, flag)
	if flag.Explanation != nil {
		for _, line := range read.explain(*flag.Explanation, "      ") {
			env.line(line)
		}
	}
	for _, missing := range flag.Missing {
		env.line("      ", env.style.Paint(textview.Warn, "? "), env.say("请补充：", "to supply: "), missing.Name.In(env.language), env.style.Paint(textview.Faint, "  "+read.either(missing.Why)))
	}
	if flag.Doubt != nil {
		env.line("      ", env.style.Paint(textview.Warn, "? "), flag.Doubt.In(env.language))
	}
	labels := ""
	if len(flag.Labels) > 0 {
		labels = env.say("；", "; ") + strings.Join(env.labels(flag.Labels), env.say("、", ", "))
	}
	env.line("      ", env.style.Paint(textview.Faint, env.say("依据：", "basis: ")+strings.Join(flag.Basis, env.say("；", "; "))+labels+env.say("；可信度", "; confidence ")+env.word(flag.Confidence)))
	for _, mitigation := range flag.Mitigation {
		env.line("      ", env.style.Paint(textview.Good, "→ "), mitigation.In(env.language))
	}
	if flag.Blocks {
		env.line("      ", env.style.Paint(textview.Bad, env.say("■ 未处理前不得定稿", "■ stands against finalizing")))
	}
}

func showSides(env *environment, read *reader, flag *risk.Flag) {
	for _, side := range []struct {
		name string
		side *risk.Side
	}{{env.say("分子 ", "numerator "), flag.Numerator}, {env.say("分母 ", "denominator "), flag.Denominator}} {
		if side.side == nil || side.side.Value == nil {
			continue
		}
		env.line("      ", env.style.Paint(textview.Faint, side.name+read.aloud(side.side.Expression)+" = "+read.value(*side.side.Value, ruleexpr.Unit(side.side.Unit))))
	}
}

func showThresholds(env *environment, read *reader, flag *risk.Flag) {
	var parts []string
	for _, threshold := range flag.Thresholds {
		part := env.level(threshold.Level).Text + " " + read.aloud(threshold.Condition)
		if threshold.Value != nil {
			part = env.level(threshold.Level).Text + " " + read.words.Replace(strings.Fields(threshold.Condition + " ")[0]) + " " + read.value(*threshold.Value, ruleexpr.Unit(flag.Unit))
		}
		for _, parameter := range threshold.Parameters {
			if label := env.word(parameter.Label); label != "" && !strings.Contains(part, label) {
				part += env.say("（", " (") + label + env.say("）", ")")
			}
			if parameter.Override != nil {
				part += fmt.Sprintf(env.say("（本地区覆盖：%s，%s，至 %s）", " (override by %s: %s, until %s)"), parameter.Override.Who, parameter.Override.Why, parameter.Override.Until)
			}
		}
		parts = append(parts, part)
	}
	if len(parts) > 0 {
		env.line("      ", env.style.Paint(textview.Faint, env.say("阈值：", "thresholds: ")+strings.Join(parts, env.say("；", "; "))))
	}
}

// words are the marks of risk rules and scenarios as a Chinese reader says them.
var words = map[string]string{"HOUSE": "内部口径", "house": "内部口径", "practice": "惯例", "analogue": "类比", "in_force": "现行", "unpublished": "口径未公开", "repealed": "原文件已废止",
	"high": "高", "medium": "中", "low": "低"}

func (e *environment) word(mark string) string {
	if word, ok := words[mark]; ok {
		return e.say(word, mark)
	}
	return mark
}

func (e *environment) labels(marks []string) []string {
	out := make([]string, len(marks))
	for i, mark := range marks {
		out[i] = e.word(mark)
	}
	return out
}

func (e *environment) warn(warnings []funding.Text) {
	for _, warning := range warnings {
		e.line("  ", e.style.Paint(textview.Warn, "! "+warning.In(e.language)))
	}
}
