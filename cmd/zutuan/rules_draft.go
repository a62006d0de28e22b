package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"zutuan/internal/casework"
	"zutuan/internal/funding"
	"zutuan/internal/match"
	"zutuan/internal/rulecheck"
	"zutuan/internal/rulepack"
	"zutuan/internal/textview"
)

// draftAnswer is what a draft is told, as JSON.
type draftAnswer struct {
	Kind        rulecheck.TextKind     `json:"kind"`
	Diagnostics []rulecheck.Diagnostic `json:"diagnostics"`
	// Verdicts are those of a product without errors, on the samples or the requirement that the command line names.
	Verdicts []liveVerdict `json:"verdicts,omitempty"`
}

// liveVerdict is what a product says to one requirement.
type liveVerdict struct {
	Requirement string              `json:"requirement"`
	Answer      match.ProductAnswer `json:"answer"`
}

// errDraft makes a draft with errors a bad input.
var errDraft = usageError{"草稿有错误", "the draft has errors"}

// draftRules looks at a draft as an editor does: everything that is wrong with it, what analysis finds, and, for a product
// without errors, its verdict on the samples or on a requirement of one's own.
func draftRules(env *environment, words []string, papers paperFlags) error {
	if len(words) != 2 || words[0] != "check" {
		return usageError{"应写成 zutuan rules draft check 草稿.yaml [--sample 样例 | --requirement 需求.yaml --ledger 台账.csv --fiscal 财政.yaml]",
			"write zutuan rules draft check DRAFT.yaml [--sample NAME | --requirement FILE --ledger FILE --fiscal FILE]"}
	}
	library, err := env.library()
	if err != nil {
		return err
	}
	data, err := readFile(words[1])
	if err != nil {
		return err
	}
	file := filepath.ToSlash(words[1])
	answer := draftAnswer{Kind: rulecheck.KindOf(data), Diagnostics: append([]rulecheck.Diagnostic{}, rulecheck.Diagnose(library, file, data)...)}
	broken := slices.ContainsFunc(answer.Diagnostics, func(d rulecheck.Diagnostic) bool { return d.Severity == rulecheck.SeverityError })
	if answer.Kind == rulecheck.TextProduct && !broken {
		product, err := library.Product(file, data)
		if err != nil {
			return err
		}
		if answer.Verdicts, err = env.liveVerdicts(library, product, papers); err != nil {
			return err
		}
	}
	if env.json {
		err = env.answer(answer)
	} else {
		showDraft(env, file, &answer)
	}
	if err == nil && broken {
		err = errDraft
	}
	return err
}

// liveVerdicts asks a product alone, on the requirement that was named, else on every sample.
func (e *environment) liveVerdicts(library *rulepack.Library, product *rulepack.Product, papers paperFlags) ([]liveVerdict, error) {
	desk, err := casework.NewDesk(library.With(rulepack.Changes{Products: []*rulepack.Product{product.Published(product.Version, e.date, e.date)}}))
	if err != nil {
		return nil, err
	}
	names := []string{papers.sample}
	if papers.requirement == "" && papers.sample == "" {
		names = library.Samples
	}
	var out []liveVerdict
	for _, name := range names {
		papers.sample = name
		kase, err := e.readCase(nil, papers)
		if err != nil {
			return nil, err
		}
		matching, err := desk.Match(kase, casework.Asked{Date: e.date})
		if err != nil {
			return nil, err
		}
		if name == "" {
			name = kase.Requirement.Name
		}
		out = append(out, liveVerdict{name, matching.Match.Answer().Products[0]})
	}
	return out, nil
}

func showDraft(env *environment, file string, answer *draftAnswer) {
	errors := 0
	for _, d := range answer.Diagnostics {
		mark := env.style.Paint(textview.Warn, "△ ")
		if d.Severity == rulecheck.SeverityError {
			mark = env.style.Paint(textview.Bad, "✗ ")
			errors++
		}
		place := file
		if d.Line > 0 {
			place += fmt.Sprintf(":%d", d.Line)
			if d.Column > 0 {
				place += fmt.Sprintf(":%d", d.Column)
			}
		}
		suggestion := ""
		if d.Suggestion != "" {
			suggestion = env.say("（建议 ", " (suggestion: ") + d.Suggestion + env.say("）", ")")
		}
		text := strings.ReplaceAll(funding.Text{ZH: d.ZH, EN: d.EN}.In(env.language), "\n", "\n    ")
		env.line(mark, place, " ", env.style.Paint(textview.Faint, d.Path), "  ", text, suggestion)
	}
	env.line(fmt.Sprintf(env.say("错误 %d 处，提醒 %d 处", "%d errors, %d warnings"), errors, len(answer.Diagnostics)-errors))
	for i := range answer.Verdicts {
		showVerdict(env, &answer.Verdicts[i])
	}
}

// showVerdict is one line of a verdict, with the offer where there is one, and a line for each rule that did not pass.
func showVerdict(env *environment, verdict *liveVerdict) {
	answer := &verdict.Answer
	cell := env.verdict(answer.Verdict)
	line := env.style.Paint(cell.Tone, cell.Text) + "  " + verdict.Requirement
	if offer := answer.Offer; offer != nil && offer.Size != nil {
		line += fmt.Sprintf(env.say("  额度 %s 万元，利率 %s，综合成本 %s", "  size %s (10k), rate %s, all-in cost %s"), offer.Size.InWan(), measurePercent(offer.Rate), measurePercent(offer.AllInCost))
	}
	env.line(line)
	for _, rule := range answer.Report.Rules {
		env.line("    ", rule.Rule, " ", rule.Result.String(), env.say("：", ": "), rule.Message.In(env.language))
	}
}
