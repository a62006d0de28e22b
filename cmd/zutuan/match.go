package main

import (
	"flag"
	"fmt"
	"strings"

	"zutuan/internal/casework"
	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/match"
	"zutuan/internal/money"
	"zutuan/internal/rulepack"
	"zutuan/internal/textview"
)

// matchCommand asks every product, or the named ones, what they say to a requirement.
func matchCommand(env *environment, args []string) error {
	var papers paperFlags
	var products productList
	files, err := env.parse("match", args, func(flags *flag.FlagSet) {
		papers.register(flags)
		flags.Var(&products, "product", "")
	})
	if err != nil {
		return err
	}
	desk, matching, err := env.match(files, papers, products)
	if err != nil {
		return err
	}
	answer := matching.Match.Answer()
	if env.json {
		return env.answer(answer)
	}
	showSimulation(env, matching.Case.Requirement, matching.Simulation)
	env.warn(desk.Warnings(matching))
	showMatch(env, newReader(env, desk.Library.Vocabulary), desk.Library, answer)
	return nil
}

// productList is a flag that may be given several times.
type productList []string

func (p *productList) String() string { return strings.Join(*p, ",") }

func (p *productList) Set(value string) error {
	*p = append(*p, strings.Split(value, ",")...)
	return nil
}

// checkProducts refuses an unknown product with the nearest that exist.
func checkProducts(library *rulepack.Library, wanted []string) error {
	var ids []string
	known := map[string]bool{}
	for _, product := range library.Products {
		ids, known[product.ID] = append(ids, product.ID), true
	}
	for _, id := range wanted {
		if known[id] {
			continue
		}
		near := document.Nearest(id, ids)
		if len(near) == 0 {
			near = ids
		}
		list := strings.Join(near, ", ")
		return usageError{fmt.Sprintf("没有产品 %q；有 %s", id, list), fmt.Sprintf("there is no product %q; there are %s", id, list)}
	}
	return nil
}

// open reads the rules and the case that the command line names.
func (e *environment) open(files []string, papers paperFlags) (*casework.Desk, *casework.Case, casework.Asked, error) {
	asked := casework.Asked{Date: e.date}
	library, err := e.library()
	if err != nil {
		return nil, nil, asked, err
	}
	kase, err := e.readCase(files, papers)
	if err != nil {
		return nil, nil, asked, err
	}
	asked.Overrides, err = e.readOverrides(papers.overrides, func(file string, data []byte) ([]funding.ParameterOverride, error) {
		return rulepack.ReadOverrides(file, data, library.Parameters)
	})
	if err != nil {
		return nil, nil, asked, err
	}
	desk, err := casework.NewDesk(library)
	if err != nil {
		return nil, nil, asked, err
	}
	return desk, kase, asked, e.testRules(desk)
}

// match reads the case that the command line names and asks the products, all or the named ones.
func (e *environment) match(files []string, papers paperFlags, products []string) (*casework.Desk, *casework.Matching, error) {
	desk, kase, asked, err := e.open(files, papers)
	if err != nil {
		return nil, nil, err
	}
	if err := checkProducts(desk.Library, products); err != nil {
		return nil, nil, err
	}
	asked.Products = products
	matching, err := desk.Match(kase, asked)
	return desk, matching, err
}

// testRules runs the tests that products carry when the rules come from a directory that somebody edits; those that ship
// were tested when the program was built.
func (e *environment) testRules(desk *casework.Desk) error {
	if e.rulesDir == "" {
		return nil
	}
	var problems document.Problems
	for _, result := range desk.TestProducts(e.rulesFS(), nil) {
		if !result.Passed {
			problems = append(problems, document.Problem{File: result.Path, Line: result.Line, Path: result.Product, Code: "test_failed", ZH: "测试“" + result.Name + "”未通过：" + result.Problem.ZH, EN: "the test \"" + result.Name + "\" fails: " + result.Problem.EN})
		}
	}
	return problems.Err()
}

// verdictWords are the verdicts as a clerk reads them, with the tone in which they are shown.
var verdictWords = map[funding.Verdict]struct {
	zh, en string
	tone   textview.Tone
}{
	funding.VerdictEligible:    {"可行", "eligible", textview.Good},
	funding.VerdictConditional: {"有条件可行", "conditional", textview.Good},
	funding.VerdictUndecided:   {"资料不足", "undecided", textview.Warn},
	funding.VerdictNearMiss:    {"差一点", "near miss", textview.Warn},
	funding.VerdictIneligible:  {"不可行", "ineligible", textview.Bad},
}

func (e *environment) verdict(v funding.Verdict) textview.Cell {
	word := verdictWords[v]
	return textview.Cell{Text: e.say(word.zh, word.en), Tone: word.tone}
}

// showMatch prints the table of verdicts and, below it, the reasons product by product.
func showMatch(env *environment, read *reader, library *rulepack.Library, answer match.Answer) {
	env.title(env.say("融资产品匹配（", "Products (") + answer.Date + env.say("）", ")"))
	table := textview.Table{
		Header: []string{"#", env.say("产品", "Product"), env.say("机构", "Institution"), env.say("结论", "Verdict"), env.say("额度（万元）", "Size (10k)"), env.say("利率", "Rate"), env.say("综合成本", "All-in"),
			env.say("期限/宽限（季）", "Tenor/grace"), env.say("最低DSCR", "Min DSCR"), env.say("覆盖缺口", "Cover"), env.say("得分", "Score"), env.say("备注", "Note")},
		Align: []textview.Align{textview.Right, textview.Left, textview.Left, textview.Left, textview.Right, textview.Right, textview.Right, textview.Right, textview.Right, textview.Right, textview.Right, textview.Left},
	}
	for i := range answer.Products {
		table.Rows = append(table.Rows, env.matchRow(library, &answer.Products[i]))
	}
	env.print(table.Render(env.style))
	env.line("  ", env.style.Paint(textview.Faint, env.say("示例：条款为示意，须由机构确认。", "example: terms are illustrative and to be confirmed by the institution.")))
	for i := range answer.Products {
		showReasons(env, read, &answer.Products[i])
	}
}

func (e *environment) matchRow(library *rulepack.Library, p *match.ProductAnswer) []textview.Cell {
	rank, size, rate, allIn, tenor, dscr, cover, score := "", "", "", "", "", "", "", ""
	if p.Rank > 0 {
		rank = fmt.Sprint(p.Rank)
	}
	if o := p.Offer; o != nil {
		if o.Size != nil {
			size = o.Size.InWan()
		}
		if o.TenorQuarters != nil && o.GraceQuarters != nil {
			tenor = fmt.Sprintf("%d/%d", *o.TenorQuarters, *o.GraceQuarters)
		}
		rate, allIn, cover = measurePercent(o.Rate), measurePercent(o.AllInCost), measurePercent(o.Cover)
		if o.MinDSCR.Known {
			dscr = o.MinDSCR.Value.StringFixed(2)
		}
	}
	if p.Score != nil {
		score = money.MustRate(p.Score.Total).StringFixed(3)
	}
	var notes []string
	if p.Illustrative {
		notes = append(notes, e.say("示例", "example"))
	}
	if p.DominatedBy != "" {
		notes = append(notes, e.say("被 ", "dominated by ")+p.DominatedBy+e.say(" 全面占优", ""))
	}
	institution := p.Institution
	if record, ok := library.Institution(p.Institution); ok {
		institution = record.Name.In(e.language)
	}
	return []textview.Cell{{Text: rank}, {Text: p.Name.In(e.language), Tone: textview.Strong}, {Text: institution}, e.verdict(p.Verdict), {Text: size}, {Text: rate}, {Text: allIn}, {Text: tenor}, {Text: dscr},
		{Text: cover}, {Text: score}, {Text: strings.Join(notes, e.say("；", "; ")), Tone: textview.Faint}}
}

// showReasons prints why a product is not an unreserved yes, and what would change it.
func showReasons(env *environment, read *reader, p *match.ProductAnswer) {
	if len(p.Report.Rules) == 0 && len(p.Report.Terms) == 0 && len(p.Notes) == 0 {
		return
	}
	word := env.verdict(p.Verdict)
	env.line()
	env.line(env.style.Paint(textview.Strong, p.Name.In(env.language)), "  ", env.style.Paint(word.Tone, word.Text), env.style.Paint(textview.Faint, fmt.Sprintf("  %s v%d", p.ID, p.Version)))
	for i := range p.Report.Rules {
		showRule(env, read, &p.Report.Rules[i])
	}
	for _, term := range p.Report.Terms {
		env.line("  ", env.style.Paint(textview.Warn, "? "), env.say("无法计算 ", "cannot be computed: "), term.Term, read.missing(&term.Doubt))
	}
	if p.Remedy != nil {
		var changes []string
		for _, change := range p.Remedy.Changes {
			changes = append(changes, read.change(change))
		}
		leads := env.verdict(p.Remedy.LeadsTo)
		env.line("  ", env.style.Paint(textview.Good, "→ "), env.say("合并调整（已重算，结论变为", "together (recomputed, verdict becomes "), leads.Text, env.say("）：", "): "), strings.Join(changes, env.say("；", "; ")))
	}
	for _, note := range p.Notes {
		env.line("  ", env.style.Paint(textview.Faint, "· "+note.In(env.language)))
	}
}

func showRule(env *environment, read *reader, rule *match.RuleReport) {
	mark, tone := "✗ ", textview.Bad
	switch {
	case rule.Result == match.ResultUndecided:
		mark, tone = "? ", textview.Warn
	case rule.Level == "should":
		mark, tone = "△ ", textview.Warn
	}
	env.line("  ", env.style.Paint(tone, mark), rule.Message.In(env.language), env.style.Paint(textview.Faint, "  ["+rule.Rule+" · "+env.ruleKind(rule)+"]"))
	for _, line := range read.explain(rule.Explanation, "      ") {
		env.line(line)
	}
	if len(rule.Changes) > 0 && rule.Level == "must" {
		var changes []string
		for _, change := range rule.Changes {
			changes = append(changes, read.change(change))
		}
		env.line("      ", env.style.Paint(textview.Good, "→ "), env.say("最小调整（任选其一，已重算）：", "smallest change (any one, recomputed): "), strings.Join(changes, env.say("；或 ", "; or ")))
	}
	if rule.Basis != "" {
		env.line("      ", env.style.Paint(textview.Faint, env.say("依据：", "basis: ")+rule.Basis))
	}
}

func (e *environment) ruleKind(rule *match.RuleReport) string {
	group := map[string]string{"eligibility": "准入", "tenor": "期限", "cost": "成本", "structure": "结构", "risk": "风险"}[rule.Group]
	level := map[string]string{"must": "必须", "should": "建议"}[rule.Level]
	return e.say(group+" · "+level, rule.Group+" · "+rule.Level)
}
