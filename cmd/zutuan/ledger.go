package main

import (
	"zutuan/internal/risk"
	"zutuan/internal/textview"
)

// showLedger prints the review of the existing debt: does it reconcile, what was found, when does it fall due.
func showLedger(env *environment, review *risk.LedgerReview) {
	if review == nil {
		return
	}
	env.title(env.say("存量债务（", "Existing debt (") + review.AsOf + env.say("，万元）", ", 10,000 yuan)"))
	table := textview.Table{Header: []string{env.say("类别", "Kind"), env.say("台账", "Ledger"), env.say("报表", "Reported"), env.say("差额", "Difference")},
		Align: []textview.Align{textview.Left, textview.Right, textview.Right, textview.Right}}
	for _, kind := range review.Reconciliation {
		reported, difference := "—", textview.Cell{Text: "—"}
		if kind.Reported != nil {
			reported = kind.Reported.InWan()
		}
		if kind.Difference != nil {
			difference.Text = kind.Difference.InWan()
			if !kind.Agrees {
				difference.Tone = textview.Bad
			}
		}
		table.Rows = append(table.Rows, []textview.Cell{{Text: kind.Name.In(env.language)}, {Text: kind.Ledger.InWan()}, {Text: reported}, difference})
	}
	env.print(table.Render(env.style))
	for _, finding := range review.Findings {
		env.line("  ", env.style.Paint(textview.Warn, "! "), finding.ID, " ", finding.Text.In(env.language))
	}
}
