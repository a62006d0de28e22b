package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"

	"zutuan/internal/casework"
	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/stress"
	"zutuan/internal/stress/montecarlo"
	"zutuan/internal/textview"
)

// Bounds of a simulation by chance at the command line.
const maxPaths = 100_000

// stressCommand runs the scenarios of the stress pack on a case, or scatters its factors, or searches what breaks it.
func stressCommand(env *environment, args []string) error {
	var papers paperFlags
	var paths int
	var seed uint64
	var reverse bool
	files, err := env.parse("stress", args, func(flags *flag.FlagSet) {
		papers.register(flags)
		flags.IntVar(&paths, "monte-carlo", 0, "")
		flags.Uint64Var(&seed, "seed", 1, "")
		flags.BoolVar(&reverse, "reverse", false, "")
	})
	if err != nil {
		return err
	}
	if paths < 0 || paths > maxPaths || paths > 0 && reverse {
		return usageError{fmt.Sprintf("--monte-carlo 为 1 到 %d 条路径，不能与 --reverse 同用", maxPaths), fmt.Sprintf("--monte-carlo takes 1 to %d paths, and not together with --reverse", maxPaths)}
	}
	desk, kase, asked, err := env.open(files, papers)
	if err != nil {
		return err
	}
	assessment, err := desk.Assess(kase, asked)
	if err != nil {
		return err
	}
	switch {
	case paths > 0:
		return env.scatter(desk, assessment, paths, seed)
	case reverse:
		return env.reverse(desk, assessment)
	}
	return env.scenarios(desk, assessment)
}

func (e *environment) scenarios(desk *casework.Desk, a *casework.Assessment) error {
	_, pack := desk.StressPack(a)
	if pack == nil {
		return usageError{"规则目录里没有启用的压力情景包", "the rules directory has no stress pack in force"}
	}
	answer, err := desk.StressCase(a).Scenarios(pack)
	if err != nil {
		return err
	}
	if e.json {
		return e.answer(answer)
	}
	e.title(e.say("压力情景：", "Stress scenarios: ") + a.Case.Requirement.Name)
	table := textview.Table{Header: []string{e.say("情景", "Scenario"), e.say("谁要求", "Asked for by"), e.say("偿债与现金", "Debt and cash"), e.say("最低DSCR", "Min DSCR"), e.say("要求", "Required"), e.say("峰值缺口（万元）", "Peak gap (10k)"), e.say("最大短缺（万元）", "Shortfall (10k)"), e.say("恶化的风险提示", "Flags made worse")},
		Align: []textview.Align{textview.Left, textview.Left, textview.Left, textview.Right, textview.Right, textview.Right, textview.Right, textview.Left}}
	base := answer.Base
	table.Rows = append(table.Rows, []textview.Cell{{Text: e.say("基准", "base"), Tone: textview.Strong}, {}, e.stressVerdict(base.Verdict), {Text: two(base.MinDSCR)}, {}, {Text: base.PeakGap.InWan()}, {Text: base.LargestShortfall.InWan()}, {}})
	for i := range answer.Results {
		table.Rows = append(table.Rows, e.scenarioRow(&answer.Results[i]))
	}
	e.print(table.Render(e.style))
	e.line(fmt.Sprintf(e.say("  守住 %d，击穿 %d，无法判断 %d，不适用 %d；财政红线见“恶化的风险提示”", "  passed %d, failed %d, undecided %d, not applicable %d; for fiscal lines see the flags made worse"), answer.Summary.Passed, answer.Summary.Failed, answer.Summary.Undecided, answer.Summary.NotApplicable))
	e.notes(answer.Notes)
	return nil
}

func (e *environment) scenarioRow(r *stress.ResultLine) []textview.Cell {
	dscr, gap, short := "—", "—", "—"
	if r.After != nil {
		dscr, gap, short = two(r.After.MinDSCR), r.After.PeakGap.InWan(), r.After.LargestShortfall.InWan()
	}
	var worse []string
	for _, flag := range r.Worse {
		worse = append(worse, fmt.Sprintf("%s %s→%s", flag.Rule, e.level(flag.From).Text, e.level(flag.To).Text))
	}
	required := ""
	if r.Threshold.MinDSCR.Known {
		required = two(r.Threshold.MinDSCR)
	}
	return []textview.Cell{{Text: r.Name.In(e.language)}, {Text: strings.Join(e.labels(r.Labels), e.say("、", ", ")), Tone: textview.Faint}, e.stressVerdict(r.Verdict), {Text: dscr}, {Text: required}, {Text: gap}, {Text: short}, {Text: strings.Join(worse, "；"), Tone: textview.Faint}}
}

func (e *environment) stressVerdict(v stress.Verdict) textview.Cell {
	words := map[stress.Verdict]textview.Cell{
		stress.VerdictPass: {Text: e.say("守住", "pass"), Tone: textview.Good}, stress.VerdictFail: {Text: e.say("击穿", "fail"), Tone: textview.Bad},
		stress.VerdictUndecided: {Text: e.say("无法判断", "undecided"), Tone: textview.Warn},
	}
	if word, ok := words[v]; ok {
		return word
	}
	return textview.Cell{Text: e.say("不适用", "not applicable"), Tone: textview.Faint}
}

func (e *environment) notes(notes []funding.Text) {
	for _, note := range notes {
		e.line("  ", e.style.Paint(textview.Faint, "· "+note.In(e.language)))
	}
}

func (e *environment) reverse(desk *casework.Desk, a *casework.Assessment) error {
	var answer *stress.ReverseAnswer
	var err error
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	e.patiently(func() { answer, err = desk.StressCase(a).ReverseContext(ctx, stress.DefaultGrid()) })
	if err != nil {
		return err
	}
	if e.json {
		return e.answer(answer)
	}
	e.title(e.say("反向压力：多大的冲击会击穿方案（最低偿债备付率以 ", "Reverse stress: how much breaks the plan (minimum DSCR of ") + two(answer.MinDSCR) + e.say(" 为限）", ")"))
	table := textview.Table{Header: []string{e.say("冲击", "Push"), e.say("击穿", "Breaks"), e.say("击穿点", "At"), e.say("仍守住", "Still holds at"), e.say("击穿时最低DSCR", "Min DSCR there")}}
	for i := range answer.Singles {
		table.Rows = append(table.Rows, e.singleRow(&answer.Singles[i]))
	}
	e.print(table.Render(e.style))
	for _, frontier := range answer.Frontiers {
		var points []string
		for _, point := range frontier.Points {
			points = append(points, "("+e.size(frontier.X, point.X)+", "+e.size(frontier.Y, point.Y)+")")
		}
		e.line("  ", e.axis(frontier.X), " × ", e.axis(frontier.Y), " → ", e.criterion(frontier.Criterion), e.say("：", ": "), strings.Join(points, " "))
	}
	e.notes(answer.Notes)
	return nil
}

func (e *environment) axis(axis stress.Axis) string {
	return map[stress.Axis]string{stress.AxisLand: e.say("土地收入下降", "fall of land revenue"), stress.AxisDelay: e.say("延迟（季）", "delay (quarters)"), stress.AxisRate: e.say("利率上升", "rise of rates")}[axis]
}

// size shows a push in its own unit: a delay in quarters, land and rates in percent.
func (e *environment) size(axis stress.Axis, text string) string {
	if axis == stress.AxisDelay {
		return text
	}
	return percentText(&text)
}

func (e *environment) criterion(criterion stress.Criterion) string {
	return map[stress.Criterion]string{stress.BreaksDSCR: e.say("最低偿债备付率", "minimum DSCR"), stress.BreaksCash: e.say("现金", "cash"), stress.BreaksFiscal: e.say("财政红线", "a red fiscal line")}[criterion]
}

func (e *environment) singleRow(single *stress.SingleAnswer) []textview.Cell {
	size := func(point *stress.PointAnswer) string {
		if point == nil {
			return "—"
		}
		return e.size(single.Axis, map[stress.Axis]string{stress.AxisLand: point.LandFall, stress.AxisDelay: fmt.Sprint(point.DelayQuarters), stress.AxisRate: point.RateRise}[single.Axis])
	}
	at, dscr := size(single.Breaks), ""
	if single.Breaks != nil {
		dscr = single.Breaks.MinDSCR.String()
	} else {
		at = map[string]string{"holds": e.say("网格内都守住", "holds on the whole grid"), "already_broken": e.say("无冲击时已击穿", "broken without any stress"), "not_tried": e.say("未试算", "not tried")}[single.Status]
	}
	return []textview.Cell{{Text: e.axis(single.Axis)}, {Text: e.criterion(single.Criterion)}, {Text: at, Tone: textview.Strong}, {Text: size(single.Holds)}, {Text: dscr}}
}

// scatter runs the simulation by chance; an interrupt cancels it, and work of more than a second tells its progress on
// stderr.
func (e *environment) scatter(desk *casework.Desk, a *casework.Assessment, paths int, seed uint64) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	began := e.now()
	outcome, err := desk.MonteCarlo(ctx, a, paths, seed, func(done, total int) {
		if e.now().Sub(began) > time.Second {
			fmt.Fprintf(e.stderr, "%d / %d\n", done, total)
			began = e.now()
		}
	})
	if err != nil {
		return err
	}
	if e.json {
		return e.answer(outcome)
	}
	e.showScatter(outcome)
	return nil
}

func (e *environment) showScatter(outcome *montecarlo.Outcome) {
	e.title(fmt.Sprintf(e.say("随机模拟：%d 条路径，种子 %s", "Simulation by chance: %d paths, seed %s"), outcome.Paths, outcome.Seed))
	table := textview.Table{Header: []string{"", "P5", "P25", "P50", "P75", "P95", e.say("均值", "mean")}, Align: []textview.Align{textview.Left, textview.Right, textview.Right, textview.Right, textview.Right, textview.Right, textview.Right}}
	if d := outcome.MinDSCR; d != nil {
		table.Add(e.say("最低偿债备付率", "minimum DSCR"), twoOf(d.P5), twoOf(d.P25), twoOf(d.P50), twoOf(d.P75), twoOf(d.P95), twoOf(d.Mean))
	}
	for _, row := range []struct {
		name   string
		spread montecarlo.AmountSpread
	}{{e.say("峰值缺口（万元）", "peak gap (10k yuan)"), outcome.PeakGap}, {e.say("最大短缺（万元）", "largest shortfall (10k yuan)"), outcome.Shortfall}} {
		s := row.spread
		table.Add(row.name, s.P5.InWan(), s.P25.InWan(), s.P50.InWan(), s.P75.InWan(), s.P95.InWan(), s.Mean.InWan())
	}
	e.print(table.Render(e.style))
	e.line("  ", e.say("出现资金短缺的概率 ", "probability of a shortfall "), percentText(&outcome.ShortfallProbability))
	for _, below := range outcome.Below {
		e.line("  ", e.say("最低偿债备付率低于 ", "probability of a minimum DSCR below "), twoOf(below.DSCR), e.say(" 的概率 ", " "), percentText(&below.Probability))
	}
	fan := textview.Table{Header: []string{e.say("季度", "Quarter"), e.say("短缺概率", "P(short)"), e.say("期末现金 P5", "closing P5"), "P50", "P95"}, Align: []textview.Align{textview.Left, textview.Right, textview.Right, textview.Right, textview.Right}}
	for i, quarter := range outcome.Quarters {
		if i%4 == 3 {
			fan.Add(quarter.Quarter.String(), percentText(&quarter.ShortfallProbability), quarter.Closing.P5.InWan(), quarter.Closing.P50.InWan(), quarter.Closing.P95.InWan())
		}
	}
	e.line()
	e.print(fan.Render(e.style))
	e.notes(outcome.Notes)
}

// twoOf shows a ratio that came as text with two decimals.
func twoOf(ratio string) string { return money.MustRate(ratio).StringFixed(2) }
