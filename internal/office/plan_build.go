package office

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"zutuan/internal/casework"
	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/permit"
	"zutuan/internal/plan"
	"zutuan/internal/planner"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

// BuildInput says which plan is wanted. The zero values ask for the cheapest of all products in force today.
type BuildInput struct {
	Requirement string            `json:"requirement"`
	Name        string            `json:"name,omitempty"`
	Objective   planner.Objective `json:"objective,omitempty"`
	// InstitutionShareMax and MaxLenders are the bureau's own limits; they become limits of the plan.
	InstitutionShareMax *money.Decimal `json:"institution_share_max,omitempty"`
	MaxLenders          *int           `json:"max_lenders,omitempty"`
	// Products are those that may be used; empty: all.
	Products []string `json:"products,omitempty"`
	// Frontier asks for the frontier of cost against tenor, which takes several times as long.
	Frontier bool `json:"frontier,omitempty"`
}

// BuildSummary is how a plan was built and what proves it: what the planner answered, without the lines, which are the
// document's.
type BuildSummary struct {
	Objective planner.Objective `json:"objective"`
	// Basis is what it was built from; a plan that is built on other papers may be another one.
	Basis    Basis                    `json:"basis"`
	Cost     *planner.CostAnswer      `json:"cost"`
	Measures *planner.MeasuresAnswer  `json:"measures"`
	Proof    *planner.ProofAnswer     `json:"proof"`
	Prices   []planner.PriceAnswer    `json:"prices"`
	Frontier []planner.FrontierAnswer `json:"frontier,omitempty"`
}

// BuildPlan builds the best plan for a requirement and keeps it as a draft. Where no plan keeps every limit nothing is
// kept, and the refusal names the smallest relaxations that would make one. It takes seconds to minutes: it is the work
// of a job. progress, which may be nil, is told how far it has come.
func (o *Office) BuildPlan(ctx context.Context, actor permit.Actor, input BuildInput, progress func(done, total int64, zh, en string)) (Plan, error) {
	if err := allowed(actor, permit.OperationPlanWrite); err != nil {
		return Plan{}, err
	}
	record, kept, err := o.planned(ctx, actor, input.Requirement)
	if err != nil {
		return Plan{}, err
	}
	if err := o.checkBuild(&input); err != nil {
		return Plan{}, err
	}
	if progress == nil {
		progress = func(int64, int64, string, string) {}
	}
	const steps = 3
	progress(0, steps, "正在匹配产品", "asking the products")
	work, err := o.work(ctx, record, &kept, time.Time{}, input.Products)
	if err != nil {
		return Plan{}, err
	}
	progress(1, steps, "正在求解最优方案", "looking for the best plan")
	request := casework.PlanRequest{Objective: input.Objective, InstitutionShareMax: input.InstitutionShareMax, MaxLenders: input.MaxLenders, Frontier: input.Frontier, Relax: true}
	built, err := planner.Build(ctx, work.edition.Desk.PlanInput(work.matching, request, o.solver))
	if err != nil {
		return Plan{}, unsolved(err)
	}
	if built.Evaluation == nil || !built.Feasible {
		return Plan{}, infeasible(built)
	}
	progress(2, steps, "正在复核并保存", "checking and keeping it")
	made, err := o.keepBuilt(ctx, actor, record, &kept, input, work, built)
	if err == nil {
		progress(steps, steps, "方案已生成", "the plan is made")
	}
	return made, err
}

// checkBuild refuses a wish that is none, with everything that is wrong.
func (o *Office) checkBuild(input *BuildInput) error {
	if o.solver == nil {
		return refuse.New(refuse.KindUnready, "solver", "本服务没有安装求解器，不能自动编制方案；可以手工录入方案", "no solver is installed, so plans cannot be built; type one in")
	}
	if input.Objective == "" {
		input.Objective = planner.ObjectiveLeastCost
	}
	refused := refuse.New(refuse.KindInvalid, "build", "编制方案的要求有误", "the wishes for the plan have mistakes")
	add := func(pointer, zh, en string) {
		refused.With(refuse.Point{Code: "build", Pointer: pointer, ZH: zh, EN: en})
	}
	if !slices.Contains(planner.Objectives, input.Objective) {
		add("/build/objective", fmt.Sprintf("目标应为 %v 之一，现在是 %q", planner.Objectives, input.Objective), fmt.Sprintf("the objective is one of %v, not %q", planner.Objectives, input.Objective))
	}
	if share := input.InstitutionShareMax; share != nil && (!share.IsPositive() || share.GreaterThan(money.One)) {
		add("/build/institution_share_max", "单一机构占比上限应大于 0、不超过 1", "the largest share of one institution is above 0 and at most 1")
	}
	if lenders := input.MaxLenders; lenders != nil && (*lenders < 1 || *lenders > plan.MaxFileLines) {
		add("/build/max_lenders", fmt.Sprintf("机构数上限应在 1 到 %d 之间", plan.MaxFileLines), fmt.Sprintf("the number of lenders is from 1 to %d", plan.MaxFileLines))
	}
	if len(refused.Points) > 0 {
		return refused
	}
	return nil
}

// keepBuilt writes the lines as a document, and makes sure that it reads back to the same plan before it is kept.
func (o *Office) keepBuilt(ctx context.Context, actor permit.Actor, record store.Record, kept *RequirementBody, input BuildInput, work *worked, built *planner.Built) (Plan, error) {
	file := plan.File{Name: input.Name, Requirement: work.matching.Case.Requirement.Name, Lines: built.Lines,
		Limits: plan.FileLimits{InstitutionShareMax: input.InstitutionShareMax, MaxLenders: input.MaxLenders}}
	if file.Name == "" {
		file.Name = kept.Name
	}
	text, err := file.JSON()
	if err != nil {
		return Plan{}, err
	}
	// What was built is kept for the papers as they were when it was asked for. If they changed meanwhile the reading may
	// differ, and the assessment will tell; that the document cannot be read is a defect, or a product that went.
	body, err := o.readPlan(ctx, record, kept, text)
	if err != nil {
		return Plan{}, err
	}
	answer := built.Answer()
	body.Origin = PlanBuilt
	body.Build = &BuildSummary{Objective: built.Objective, Basis: work.basis, Cost: answer.Cost, Measures: answer.Measures, Proof: answer.Proof, Prices: answer.Prices, Frontier: answer.Frontier}
	return o.createPlan(ctx, actor, record, body)
}

// unsolved tells a person what to do where the search came to no end.
func unsolved(err error) error {
	if errors.Is(err, planner.ErrUnsolved) {
		return refuse.New(refuse.KindConflict, "unsolved", "在搜索上限内没有找到方案；请减少可用产品（products）后重试", "the search ended without a plan; name fewer products and try again")
	}
	return problems(err, "/build")
}

// infeasible is the refusal where no plan keeps every limit. Its points are the relaxations that were tried, those that
// help first, and the limits that exclude one another; there is always at least one.
func infeasible(built *planner.Built) error {
	refused := refuse.New(refuse.KindConflict, "infeasible", "没有满足全部限制的方案；以下任一项调整即可形成方案（均已重新求解验证）", "no plan keeps every limit; any one of these changes makes one (each was solved again)")
	helps := false
	for _, wanted := range []bool{true, false} {
		for i := range built.Relaxations {
			if relaxation := &built.Relaxations[i]; relaxation.Helps == wanted {
				helps = helps || wanted
				code := "relaxation"
				if !wanted {
					code = "no_help"
				}
				refused.With(refuse.Point{Code: code, ZH: relaxation.Text.ZH, EN: relaxation.Text.In(money.English)})
			}
		}
	}
	for _, conflict := range built.Answer().Conflict {
		refused.With(refuse.Point{Code: "conflict", ZH: "互相矛盾的限制：" + conflict.ZH, EN: "limits that exclude one another: " + conflict.In(money.English)})
	}
	if !helps {
		refused.ZH, refused.EN = "没有满足全部限制的方案，单独放宽任何一项限制也不够；请同时调整多项，或修改资金需求", "no plan keeps every limit, and relaxing any single one is not enough; change several, or the requirement"
	}
	if len(refused.Points) == 0 {
		text := funding.Text{ZH: "没有可用的资金来源：请先匹配产品，查看各产品为何不可行", EN: "there is no source of money: match the requirement and see why each product says no"}
		refused.With(refuse.Point{Code: "sources", ZH: text.ZH, EN: text.EN})
	}
	return refused
}
