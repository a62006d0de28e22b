package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"zutuan/internal/casework"
	"zutuan/internal/rulecheck"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
	"zutuan/internal/textview"
)

// errOpenFindings makes findings a bad input: the rules directory is what was handed in.
var errOpenFindings = usageError{"静态检查有未处理的发现：请修改规则，或在 analysis.yaml 写明为什么保留", "analysis has open findings: change the rules, or say in analysis.yaml why they stand"}

// analyseRules looks for rules that can never pass or fail, that contradict one another or the terms, and for products that
// others make needless. Findings that analysis.yaml accepts are counted and not shown.
func analyseRules(env *environment, library *rulepack.Library) error {
	reference, err := analysisReference(env, library)
	if err != nil {
		return err
	}
	var accepted []rulecheck.Accepted
	data, err := fs.ReadFile(env.rulesFS(), rulecheck.AcceptedPath)
	if err == nil {
		accepted, err = rulecheck.ReadAccepted(rulecheck.AcceptedPath, data, library)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	judged := rulecheck.Judge(rulecheck.Analyse(library, reference), accepted)
	if env.json {
		err = env.answer(struct {
			Open     []rulecheck.Finding         `json:"open"`
			Accepted []rulecheck.AcceptedFinding `json:"accepted"`
			Stale    []rulecheck.Accepted        `json:"stale"`
		}{judged.Open, judged.Accepted, judged.Stale})
	} else {
		err = nil
		showFindings(env, &judged)
	}
	if err == nil && len(judged.Open)+len(judged.Stale) > 0 {
		err = errOpenFindings
	}
	return err
}

// analysisReference returns facts from which witnesses are made: those of the first sample where there is one, else
// parameters alone.
func analysisReference(env *environment, library *rulepack.Library) (*ruleexpr.Facts, error) {
	desk, err := casework.NewDesk(library)
	if err != nil {
		return nil, err
	}
	if len(library.Samples) > 0 {
		need, err := desk.Samples(env.rulesFS())(library.Samples[0], time.Time{})
		if err != nil {
			return nil, err
		}
		return need.Facts, nil
	}
	facts := library.Vocabulary.NewFacts()
	library.Parameters.At(casework.SampleDate, "", nil).SetFacts(facts)
	return facts, nil
}

func showFindings(env *environment, judged *rulecheck.Judged) {
	for i := range judged.Open {
		finding := &judged.Open[i]
		place := finding.File
		if finding.Line > 0 {
			place += fmt.Sprintf(":%d", finding.Line)
		}
		env.line(env.style.Paint(textview.Warn, "△ "), place, " ", finding.Pack, " · ", finding.Rule)
		env.line("    ", finding.Message.In(env.language))
		if finding.Proof != "" {
			env.line("    ", env.say("依据：", "because: "), finding.Proof)
		}
		if len(finding.Witness) > 0 {
			env.line("    ", env.say("例：", "case: "), settingsText(finding.Witness))
			env.line("    ", env.say("求值：", "evaluated: "), finding.Shows)
		}
	}
	for _, entry := range judged.Stale {
		env.line(env.style.Paint(textview.Warn, "△ "), fmt.Sprintf("%s:%d ", rulecheck.AcceptedPath, entry.Line),
			fmt.Sprintf(env.say("%s · %s 的 %s 已不存在，请删去这一条", "%s · %s: there is no %s any more; take the entry out"), entry.Pack, entry.Rule, entry.Kind))
	}
	env.line(fmt.Sprintf(env.say("静态检查：%d 处待处理，%d 处已说明理由保留", "analysis: %d open, %d accepted with a reason"), len(judged.Open)+len(judged.Stale), len(judged.Accepted)))
}

func settingsText(settings []rulecheck.Setting) string {
	parts := make([]string, len(settings))
	for i, setting := range settings {
		parts[i] = setting.Fact + "=" + setting.Value
	}
	return strings.Join(parts, ", ")
}
