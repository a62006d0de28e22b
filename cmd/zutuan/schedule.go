package main

import (
	"errors"

	"zutuan/internal/document"
	"zutuan/internal/loan"
	"zutuan/internal/textview"
)

// scheduleCommand prints the schedule of a small file with draws and terms.
func scheduleCommand(env *environment, args []string) error {
	files, err := env.parse("schedule", args, nil)
	if err != nil {
		return err
	}
	path, err := oneFile(files, "")
	if err != nil {
		return err
	}
	data, err := readFile(path)
	if err != nil {
		return err
	}
	terms, cfads, err := loan.ReadTerms(path, data)
	if err != nil {
		return err
	}
	schedule, err := loan.Build(terms, cfads)
	if err != nil {
		return inFile(path, err)
	}
	if env.json {
		return env.answer(schedule.Answer())
	}
	showSchedule(env, schedule)
	return nil
}

// inFile names the file in problems that were found after it was read.
func inFile(path string, err error) error {
	var problems document.Problems
	if !errors.As(err, &problems) {
		return err
	}
	for i := range problems {
		if problems[i].File == "" {
			problems[i].File = path
		}
	}
	return problems
}

func showSchedule(env *environment, schedule *loan.Schedule) {
	answer := schedule.Answer()
	table := textview.Table{Header: []string{env.say("季度", "Quarter"), env.say("期初余额", "opening"), env.say("提款", "draw"), env.say("利息", "interest"), env.say("其中资本化", "capitalized"),
		env.say("还本", "principal"), env.say("费用", "fees"), env.say("期末余额", "closing")}}
	table.Align = []textview.Align{textview.Left, textview.Right, textview.Right, textview.Right, textview.Right, textview.Right, textview.Right, textview.Right}
	for _, row := range answer.Quarters {
		table.Add(row.Quarter.String(), row.Opening.String(), row.Draw.String(), row.Interest.String(), row.Capitalized.String(), row.Principal.String(), row.Fees.String(), row.Closing.String())
	}
	env.title(env.say("还本付息计划（元）", "Schedule (yuan)"))
	env.print(table.Render(env.style))
	env.line()
	env.print(textview.Pairs(env.style, "  ",
		[2]string{env.say("综合融资成本（年化）", "All-in cost (annual)"), measurePercent(answer.AllInCost)},
		[2]string{env.say("加权平均期限（年）", "Average life (years)"), answer.AverageLifeYears.String()},
		[2]string{env.say("利息合计", "Total interest"), answer.TotalInterest.Show(env.language)},
		[2]string{env.say("费用合计", "Total fees"), answer.TotalFees.Show(env.language)},
	))
}

func measurePercent(measure loan.Measure) string {
	if !measure.Known {
		return "—"
	}
	text := measure.Value.String()
	return percentText(&text)
}
