package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"zutuan/internal/casework"
	"zutuan/internal/lp/highs"
	"zutuan/internal/money"
	"zutuan/internal/plan"
	"zutuan/internal/planner"
	"zutuan/internal/textview"
)

// planCommand builds the best plan, or judges one that was typed in.
func planCommand(env *environment, args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "build":
			return planBuild(env, args[1:])
		case "evaluate":
			return planEvaluate(env, args[1:])
		}
	}
	return usageError{"应写成 zutuan plan build 需求文件 或 zutuan plan evaluate 方案文件 --requirement 需求文件", "write zutuan plan build REQUIREMENT or zutuan plan evaluate PLAN --requirement REQUIREMENT"}
}

// planWishes are the flags that say which plan is wanted.
type planWishes struct {
	objective, institutionShare string
	maxLenders                  int
	frontier                    bool
}

func (w *planWishes) register(flags *flag.FlagSet) {
	flags.StringVar(&w.objective, "objective", string(planner.ObjectiveLeastCost), "")
	flags.StringVar(&w.institutionShare, "institution-share", "", "")
	flags.IntVar(&w.maxLenders, "max-lenders", 0, "")
	flags.BoolVar(&w.frontier, "frontier", false, "")
}

func (w *planWishes) request() (casework.PlanRequest, error) {
	request := casework.PlanRequest{Objective: planner.Objective(w.objective), Frontier: w.frontier, Relax: true}
	known := false
	var names []string
	for _, objective := range planner.Objectives {
		known = known || objective == request.Objective
		names = append(names, string(objective))
	}
	if !known {
		list := strings.Join(names, ", ")
		return request, usageError{fmt.Sprintf("--objective 应为 %s，现在是 %q", list, w.objective), fmt.Sprintf("--objective is one of %s, not %q", list, w.objective)}
	}
	if w.institutionShare != "" {
		share, err := money.ParseRate(w.institutionShare)
		if err != nil || !share.IsPositive() || share.GreaterThan(money.One) {
			return request, usageError{"--institution-share 应为 0 到 1 的小数，如 0.6", "--institution-share is a fraction from 0 to 1 such as 0.6"}
		}
		request.InstitutionShareMax = &share
	}
	if w.maxLenders < 0 {
		return request, usageError{"--max-lenders 不能为负数", "--max-lenders must not be negative"}
	}
	if w.maxLenders > 0 {
		request.MaxLenders = &w.maxLenders
	}
	return request, nil
}

func planBuild(env *environment, args []string) error {
	var papers paperFlags
	var wishes planWishes
	var products productList
	files, err := env.parse("plan build", args, func(flags *flag.FlagSet) {
		papers.register(flags)
		wishes.register(flags)
		flags.Var(&products, "products", "")
	})
	if err != nil {
		return err
	}
	request, err := wishes.request()
	if err != nil {
		return err
	}
	desk, matching, err := env.match(files, papers, products)
	if err != nil {
		return err
	}
	built, err := env.buildPlan(desk, matching, request)
	if err != nil {
		return err
	}
	review, err := desk.Review(matching, built)
	if err != nil {
		return err
	}
	return env.showReview(desk, matching, review)
}

// planEvaluate judges a plan that somebody typed in.
func planEvaluate(env *environment, args []string) error {
	var papers paperFlags
	files, err := env.parse("plan evaluate", args, papers.register)
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
	if papers.requirement == "" && papers.sample == "" {
		return usageError{"请用 --requirement 给出方案所属的需求文件", "name the requirement of the plan with --requirement"}
	}
	desk, matching, err := env.match(nil, papers, nil)
	if err != nil {
		return err
	}
	typed, err := desk.ReadPlan(matching, casework.File{Name: path, Data: data})
	if err != nil {
		return err
	}
	review, err := desk.JudgePlan(matching, typed, casework.PlanRequest{})
	if err != nil {
		return err
	}
	return env.showReview(desk, matching, review)
}

func (e *environment) showReview(desk *casework.Desk, matching *casework.Matching, review *casework.Review) error {
	if e.json {
		return e.answer(review.Answer())
	}
	e.warn(desk.Warnings(matching))
	showBuilt(e, matching.Case.Requirement.Name, review.Built)
	if len(review.Treatments)+len(review.Replacements) > 0 {
		e.title(e.say("存量债务处置（现值节省）", "Existing debt: what can be done, and what it saves"))
		for _, treated := range append(review.Treatments, review.Replacements...) {
			e.line("  · ", treated.Text.In(e.language), e.drawback(treated))
		}
	}
	showFlags(e, newReader(e, desk.Library.Vocabulary), review.Risk)
	return nil
}

// buildPlan runs the optimizer; an interrupt cancels it, and it tells on stderr that it is still going on.
func (e *environment) buildPlan(desk *casework.Desk, matching *casework.Matching, request casework.PlanRequest) (*planner.Built, error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	solver := highs.New(highs.Config{})
	defer solver.Close(context.Background())
	var built *planner.Built
	var err error
	e.patiently(func() { built, err = planner.Build(ctx, desk.PlanInput(matching, request, solver)) })
	return built, err
}

// drawback says where a treatment leaves cash short that was not short before: a saving that nobody can pay for.
func (e *environment) drawback(treated planner.Treated) string {
	more := treated.After.UnfundedGap - treated.Before.UnfundedGap
	if more <= 0 {
		return ""
	}
	return e.style.Paint(textview.Bad, e.say("；但资金将短缺 ", "; but cash falls short by ")+treated.After.UnfundedGap.Show(e.language)+e.say("，须另筹资金", ", which has to be found elsewhere"))
}

func showBuilt(env *environment, name string, built *planner.Built) {
	env.title(env.say("项目投融资计划 ", "Financing plan ") + name)
	if !built.Feasible && built.Evaluation == nil {
		env.line("  ", env.style.Paint(textview.Bad, env.say("没有满足全部限制的方案。", "No plan keeps every limit.")), env.say("以下调整任做一项即可（已重新求解验证，再小一步则不行）：", " Any one of these makes one (solved again; one step less does not):"))
		for _, relaxation := range built.Relaxations {
			tone, mark := textview.Good, "→ "
			if !relaxation.Helps {
				tone, mark = textview.Faint, "· "
			}
			env.line("  ", env.style.Paint(tone, mark), relaxation.Text.In(env.language))
		}
		if len(built.Conflict) > 0 {
			env.line("  ", env.style.Paint(textview.Faint, env.say("互相矛盾的限制：", "limits that exclude one another: ")+strings.Join(built.Conflict, ", ")))
		}
		return
	}
	showLines(env, built)
	if built.Program.Columns > 0 {
		showProof(env, built)
	}
	showConstraints(env, built.Constraints)
}

func showLines(env *environment, built *planner.Built) {
	table := textview.Table{Header: []string{env.say("资金来源", "Source"), env.say("承诺额（万元）", "Commitment (10k)"), env.say("提款（万元）", "Drawn (10k)"), env.say("签约", "Signed"), env.say("首次提款", "First draw"), env.say("利率", "Rate"), env.say("期限/宽限（季）", "Tenor/grace"), env.say("计入", "Booked as")},
		Align: []textview.Align{textview.Left, textview.Right, textview.Right, textview.Left, textview.Left, textview.Right, textview.Right, textview.Left}}
	for i := range built.Lines {
		line := &built.Lines[i]
		signed, first, tenor := "—", firstDraw(line), "—"
		if line.Schedule != nil {
			signed, tenor = line.Schedule.Start.String(), fmt.Sprintf("%d/%d", line.TenorQuarters, line.GraceQuarters)
		}
		table.Add(line.Name.In(env.language), line.Commitment.InWan(), line.Drawn().InWan(), signed, first, money.Percent(line.Rate), tenor, env.booked(line.CountsAs, line.GovernmentDebt))
	}
	env.print(table.Render(env.style))
	e := built.Evaluation
	env.line()
	env.print(textview.Pairs(env.style, "  ",
		[2]string{env.say("融资成本现值", "Present value of cost"), built.Cost.Total.Show(env.language)},
		[2]string{env.say("加权利率", "Weighted rate"), measurePercent(built.Cost.WeightedRate)},
		[2]string{env.say("综合融资成本", "All-in cost"), measurePercent(built.Cost.AllInCost)},
		[2]string{env.say("债务平均期限（年）", "Average life (years)"), two(built.Cost.AverageLifeYears)},
		[2]string{env.say("最低/平均偿债备付率", "Min/avg DSCR"), two(e.Coverage.MinDSCR) + " / " + two(e.Coverage.AvgDSCR)},
		[2]string{env.say("贷款期覆盖率 LLCR", "LLCR"), two(e.Coverage.LLCR)},
		[2]string{env.say("未落实的峰值缺口", "Unfunded gap"), e.UnfundedGap.Show(env.language)},
	))
}

// firstDraw is the quarter in which a line first pays out, which may be long after it was signed.
func firstDraw(line *plan.Line) string {
	if line.Schedule == nil {
		if len(line.Draws) > 0 {
			return line.Draws[0].Quarter.String()
		}
		return "—"
	}
	for _, row := range line.Schedule.Rows {
		if row.Draw > 0 {
			return row.Quarter.String()
		}
	}
	return "—"
}

// showProof prints how good the plan is known to be, what binds, and what a longer tenor would cost.
func showProof(env *environment, built *planner.Built) {
	proof := env.say("已证明最优", "proven optimal")
	if !built.Proven {
		proof = env.say("搜索提前结束，差距 ", "search cut short, gap ") + money.Percent(built.Gap)
	}
	env.line("  ", env.style.Paint(textview.Strong, env.say("证明：", "Proof: ")), fmt.Sprintf(env.say("在所试的签约季度与期限组合内，成本现值不可能低于 %s（%s）；取整到产品步长和分增加 %s", "among the signing quarters and tenors tried no plan costs less than %s (%s); whole steps and fen add %s"),
		built.Bound.Show(env.language), proof, built.Rounding.Show(env.language)))
	for _, price := range built.Prices {
		env.line("  ", env.style.Paint(textview.Good, "· "), price.Text.In(env.language))
	}
	if len(built.Frontier) == 0 {
		return
	}
	env.title(env.say("成本与期限的前沿", "Cost against tenor"))
	table := textview.Table{Header: []string{env.say("最长期限（季）", "Longest tenor"), env.say("成本现值（万元）", "PV of cost (10k)"), env.say("加权利率", "Weighted rate"), env.say("平均期限（年）", "Average life"), env.say("最低DSCR", "Min DSCR")},
		Align: []textview.Align{textview.Right, textview.Right, textview.Right, textview.Right, textview.Right}}
	for _, point := range built.Frontier {
		if !point.Feasible {
			table.Add(fmt.Sprint(point.TenorQuarters), env.say("无方案", "no plan"), "", "", "")
			continue
		}
		table.Add(fmt.Sprint(point.TenorQuarters), point.Cost.InWan(), measurePercent(point.WeightedRate), two(point.AverageLife), two(point.MinDSCR))
	}
	env.print(table.Render(env.style))
}

// showConstraints prints each kind of limit once, where it is tightest or broken worst.
func showConstraints(env *environment, constraints []planner.Constraint) {
	env.title(env.say("限制（精确复核）", "Limits (judged exactly)"))
	tightest := map[string]planner.Constraint{}
	var order []string
	for _, constraint := range constraints {
		kept, seen := tightest[constraint.ID]
		if !seen {
			order = append(order, constraint.ID)
		}
		if !seen || constraint.Distance.LessThan(kept.Distance) {
			tightest[constraint.ID] = constraint
		}
	}
	table := textview.Table{Header: []string{"", env.say("限制", "Limit"), env.say("对象", "Subject"), env.say("季度", "Quarter"), env.say("值", "Value"), env.say("限额", "Bound"), env.say("余量", "Distance")},
		Align: []textview.Align{textview.Left, textview.Left, textview.Left, textview.Left, textview.Right, textview.Right, textview.Right}}
	for _, id := range order {
		c := tightest[id]
		mark := textview.Cell{Text: "✓", Tone: textview.Good}
		if !c.Satisfied {
			mark = textview.Cell{Text: "✗", Tone: textview.Bad}
		}
		table.Rows = append(table.Rows, []textview.Cell{mark, {Text: c.Name.In(env.language)}, {Text: c.Subject}, {Text: c.Quarter.String()}, {Text: env.inUnit(c.Value, c.Unit)}, {Text: env.inUnit(c.Limit, c.Unit)}, {Text: env.inUnit(c.Distance, c.Unit)}})
	}
	env.print(table.Render(env.style))
}

func (e *environment) inUnit(value money.Decimal, unit string) string {
	if unit == "yuan" {
		if amount, err := money.FromDecimal(value); err == nil {
			return amount.Show(e.language)
		}
	}
	return value.Round(4).String()
}
