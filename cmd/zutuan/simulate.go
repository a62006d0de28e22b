package main

import (
	"flag"
	"fmt"

	"zutuan/internal/cashflow"
	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/textview"
)

// simulateCommand prints the statement of a requirement, quarter by quarter.
func simulateCommand(env *environment, args []string) error {
	var papers paperFlags
	var quarters int
	files, err := env.parse("simulate", args, func(flags *flag.FlagSet) {
		papers.register(flags)
		flags.IntVar(&quarters, "quarters", 0, "")
	})
	if err != nil {
		return err
	}
	kase, err := env.readCase(files, papers)
	if err != nil {
		return err
	}
	if quarters != 0 && (quarters < kase.Requirement.Horizon || quarters > funding.MaxQuarters) {
		return usageError{fmt.Sprintf("--quarters 应为 %d（需求的测算期）到 %d", kase.Requirement.Horizon, funding.MaxQuarters), fmt.Sprintf("--quarters is from %d (the requirement's horizon) to %d", kase.Requirement.Horizon, funding.MaxQuarters)}
	}
	result, err := kase.Simulate(quarters)
	if err != nil {
		return err
	}
	if env.json {
		return env.answer(result.Answer())
	}
	showSimulation(env, kase.Requirement, result)
	showQuarters(env, result)
	return nil
}

// showSimulation prints the head of a requirement: what is invested, what is missing, what comes back.
func showSimulation(env *environment, requirement *funding.Requirement, result *cashflow.Result) {
	answer := result.Answer()
	summary := answer.Summary
	env.title(env.say("资金需求 ", "Requirement ") + requirement.Name)
	peak := summary.PeakGap.Show(env.language)
	if summary.PeakQuarter != nil {
		peak += env.say("（"+summary.PeakQuarter.String()+"）", " ("+summary.PeakQuarter.String()+")")
	}
	env.print(textview.Pairs(env.style, "  ",
		[2]string{env.say("总投资", "Total investment"), summary.TotalInvestment.Show(env.language)},
		[2]string{env.say("资本金", "Capital"), summary.CapitalTotal.Show(env.language) + env.percentOf(summary.CapitalRatio)},
		[2]string{env.say("专项资金", "Grants"), summary.GrantsTotal.Show(env.language)},
		[2]string{env.say("峰值资金缺口", "Peak funding gap"), peak},
		[2]string{env.say("一次性开发的峰值缺口", "Peak gap all at once"), summary.AllAtOncePeakGap.Show(env.language)},
		[2]string{env.say("滚动开发节省", "Saved by rolling"), summary.RollingSaving.Show(env.language)},
		[2]string{env.say("财务内部收益率 FIRR", "FIRR"), percentText(summary.FIRR)},
		[2]string{env.say("财务净现值 FNPV", "FNPV"), summary.FNPV.Show(env.language)},
		[2]string{env.say("投资回收期（年）", "Payback (years)"), or(summary.PaybackYears)},
	))
	if len(answer.Units) > 1 {
		showUnits(env, answer.Units)
	}
	for _, note := range answer.Notes {
		env.line("  ", env.style.Paint(textview.Warn, "! "+note.Quarter.String()+" "+note.Unit+" "+note.Text.In(env.language)))
	}
}

func showUnits(env *environment, units []cashflow.UnitAnswer) {
	table := textview.Table{Header: []string{env.say("单元", "Unit"), env.say("开工", "Start"), env.say("投资结束", "Investment ends"), env.say("投资（万元）", "Invested (10k yuan)")},
		Align: []textview.Align{textview.Left, textview.Left, textview.Left, textview.Right}}
	for _, unit := range units {
		start, end := env.say("未开工", "not started"), "—"
		if unit.Start != nil {
			start = unit.Start.String()
		}
		if unit.EndOfInvestment != nil {
			end = unit.EndOfInvestment.String()
		}
		table.Add(unit.Code, start, end, unit.Invested.InWan())
	}
	env.line()
	env.print(table.Render(env.style))
}

// showQuarters prints the statement in 万元.
func showQuarters(env *environment, result *cashflow.Result) {
	env.title(env.say("现金流量表（万元）", "Cash flow (10,000 yuan)"))
	table := statementTable(env, env.say("季度", "Quarter"))
	for _, q := range result.Answer().Quarters {
		table.Rows = append(table.Rows, statementRow(q.Quarter.String(), q))
	}
	env.print(table.Render(env.style))
}

// showYears prints the statement by calendar year, for where forty lines are too many.
func showYears(env *environment, result *cashflow.Result) {
	env.title(env.say("现金流量（分年，万元）", "Cash flow by year (10,000 yuan)"))
	table := statementTable(env, env.say("年度", "Year"))
	quarters := result.Answer().Quarters
	for i := 0; i < len(quarters); {
		year, sum := quarters[i].Quarter.Year(), quarters[i]
		for i++; i < len(quarters) && quarters[i].Quarter.Year() == year; i++ {
			sum = addQuarter(sum, quarters[i])
		}
		table.Rows = append(table.Rows, statementRow(sum.Quarter.String()[:4], sum))
	}
	env.print(table.Render(env.style))
}

// addQuarter sums flows and keeps the later of the balances.
func addQuarter(a, b cashflow.QuarterAnswer) cashflow.QuarterAnswer {
	for _, pair := range [][2]*money.Amount{{&a.Inflow.Land, &b.Inflow.Land}, {&a.Inflow.Energy, &b.Inflow.Energy}, {&a.Inflow.Industry, &b.Inflow.Industry},
		{&a.Inflow.Commercial, &b.Inflow.Commercial}, {&a.Inflow.Service, &b.Inflow.Service}, {&a.Inflow.Total, &b.Inflow.Total}, {&a.Cost, &b.Cost}, {&a.Surtax, &b.Surtax},
		{&a.IncomeTax, &b.IncomeTax}, {&a.CFADS, &b.CFADS}, {&a.Invest, &b.Invest}, {&a.Net, &b.Net}, {&a.Capital, &b.Capital}, {&a.Grants, &b.Grants},
		{&a.ExistingDebtService, &b.ExistingDebtService}, {&a.Draw, &b.Draw}} {
		*pair[0] += *pair[1]
	}
	a.Cumulative, a.Gap = b.Cumulative, b.Gap
	return a
}

func statementTable(env *environment, first string) textview.Table {
	table := textview.Table{Header: []string{first, env.say("土地", "land"), env.say("能源", "energy"), env.say("产业", "industry"), env.say("商业", "commerce"), env.say("服务", "service"),
		env.say("收入合计", "inflow"), env.say("成本", "cost"), env.say("税金", "taxes"), "CFADS", env.say("投资", "invest"), env.say("净流量", "net"), env.say("累计", "cumulative"),
		env.say("资本金及专项", "capital+grants"), env.say("存量偿债", "existing debt"), env.say("缺口", "gap"), env.say("用款", "draw")}}
	table.Align = make([]textview.Align, len(table.Header))
	for i := 1; i < len(table.Align); i++ {
		table.Align[i] = textview.Right
	}
	return table
}

func statementRow(first string, q cashflow.QuarterAnswer) []textview.Cell {
	row := []textview.Cell{{Text: first}}
	for _, amount := range []money.Amount{q.Inflow.Land, q.Inflow.Energy, q.Inflow.Industry, q.Inflow.Commercial, q.Inflow.Service, q.Inflow.Total, q.Cost, q.Surtax + q.IncomeTax, q.CFADS,
		q.Invest, q.Net, q.Cumulative, q.Capital + q.Grants, q.ExistingDebtService, q.Gap, q.Draw} {
		cell := textview.Cell{Text: amount.InWan()}
		switch {
		case amount == 0:
			cell.Text = "·"
		case amount < 0:
			cell.Tone = textview.Bad
		}
		row = append(row, cell)
	}
	return row
}

// percentText shows a ratio that came as text as a percentage, a dash where it is absent.
func percentText(ratio *string) string {
	if ratio == nil {
		return "—"
	}
	return money.Percent(money.MustRate(*ratio))
}

func (e *environment) percentOf(ratio *string) string {
	if ratio == nil {
		return ""
	}
	return e.say("（", " (") + percentText(ratio) + e.say("）", ")")
}
