package httpapi

import (
	"context"
	"fmt"

	"github.com/gofiber/fiber/v2"

	"zutuan/api"
	"zutuan/internal/casework"
	"zutuan/internal/cashflow"
	"zutuan/internal/funding"
	"zutuan/internal/match"
	"zutuan/internal/money"
	"zutuan/internal/planner"
	"zutuan/internal/refuse"
	"zutuan/internal/stress"
)

// Simulate draws up the statement of a requirement.
func (h handlers) Simulate(ctx context.Context, request api.SimulateRequestObject) (api.SimulateResponseObject, error) {
	body := request.Body
	answer, err := compute(ctx, h.Server, func() (cashflow.Answer, error) {
		_, kase, _, err := h.open(ctx, caseInput{requirement: body.Requirement, ledger: body.Ledger})
		if err != nil {
			return cashflow.Answer{}, err
		}
		quarters := 0
		if body.Quarters != nil {
			quarters = *body.Quarters
		}
		if horizon := kase.Requirement.Horizon; quarters != 0 && quarters < horizon {
			return cashflow.Answer{}, refuse.Newf(refuse.KindInvalid, "quarters", "quarters 应为 %d（需求的测算期）到 %d", "quarters is from %d (the requirement's horizon) to %d", horizon, funding.MaxQuarters).
				With(pointAt("/quarters", "minimum", fmt.Sprintf("不小于 %d", horizon), fmt.Sprintf("not below %d", horizon)))
		}
		result, err := kase.Simulate(quarters)
		if err != nil {
			return cashflow.Answer{}, paperRefusal(err)
		}
		return result.Answer(), nil
	})
	return api.Simulate200JSONResponse(answer), err
}

// match asks the products about the case of a body.
func (h handlers) match(ctx context.Context, in caseInput) (*casework.Desk, *casework.Matching, error) {
	desk, kase, asked, err := h.open(ctx, in)
	if err != nil {
		return nil, nil, err
	}
	matching, err := desk.Match(kase, asked)
	return desk, matching, paperRefusal(err)
}

// MatchProducts says what each product says to a requirement, and why.
func (h handlers) MatchProducts(ctx context.Context, request api.MatchProductsRequestObject) (api.MatchProductsResponseObject, error) {
	body := request.Body
	in := caseInput{requirement: body.Requirement, ledger: body.Ledger, fiscal: body.Fiscal, date: body.Date, overrides: body.Overrides, products: body.Products}
	if body.Detail != nil && *body.Detail == api.MatchDetailVerdicts {
		in.detail = match.DetailVerdicts
	}
	return compute(ctx, h.Server, func() (writtenAnswer, error) {
		_, matching, err := h.match(ctx, in)
		if err != nil {
			return nil, err
		}
		products := len(matching.Match.Outcomes)
		if in.detail == match.DetailVerdicts {
			summary := matching.Match.Summary()
			return summary.AppendJSON(make([]byte, 0, summaryBytes*products)), nil
		}
		return matching.Match.AppendAnswer(make([]byte, 0, answerBytes*products)), nil
	})
}

// writtenAnswer is an answer that is JSON already: writing one of some hundred products by reflection takes as long as
// working it out. answerBytes is about what each product takes in it, summaryBytes in a summary.
type writtenAnswer []byte

const (
	answerBytes  = 6 << 10
	summaryBytes = 1 << 10
)

func (a writtenAnswer) VisitMatchProductsResponse(c *fiber.Ctx) error {
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	return c.Send(a)
}

// BuildPlan builds the best plan for a requirement.
func (h handlers) BuildPlan(ctx context.Context, request api.BuildPlanRequestObject) (api.BuildPlanResponseObject, error) {
	if h.config.Solver == nil {
		return nil, retryLater("no_solver", "服务没有配置求解器，不能编制方案", "the service has no solver and cannot build plans", 0)
	}
	body := request.Body
	answer, err := compute(ctx, h.Server, func() (casework.PlanAnswer, error) {
		desk, matching, err := h.match(ctx, caseInput{requirement: body.Requirement, ledger: body.Ledger, fiscal: body.Fiscal, date: body.Date, overrides: body.Overrides, products: body.Products})
		if err != nil {
			return casework.PlanAnswer{}, err
		}
		wishes, err := planWishes(body)
		if err != nil {
			return casework.PlanAnswer{}, err
		}
		built, err := planner.Build(ctx, desk.PlanInput(matching, wishes, h.config.Solver))
		if err != nil {
			return casework.PlanAnswer{}, paperRefusal(err)
		}
		review, err := desk.Review(matching, built)
		if err != nil {
			return casework.PlanAnswer{}, paperRefusal(err)
		}
		return review.Answer(), nil
	})
	return api.BuildPlan200JSONResponse(answer), err
}

func planWishes(body *api.PlanInput) (casework.PlanRequest, error) {
	wishes := casework.PlanRequest{MaxLenders: body.MaxLenders, Frontier: body.Frontier != nil && *body.Frontier, Relax: body.Relax != nil && *body.Relax}
	if body.Objective != nil {
		wishes.Objective = *body.Objective
	}
	if body.InstitutionShareMax != nil {
		share, err := money.ParseRate(*body.InstitutionShareMax)
		if err != nil || !share.IsPositive() || share.GreaterThan(money.One) {
			return wishes, refuse.New(refuse.KindInvalid, "institution_share_max", "机构占比上限应为 0 到 1 的小数", "the largest share is a fraction from 0 to 1").
				With(pointAt("/institution_share_max", "rate", "应大于 0、不大于 1，如 0.6", "above 0 and not above 1, such as 0.6"))
		}
		wishes.InstitutionShareMax = &share
	}
	return wishes, nil
}

// EvaluatePlan judges a plan that was typed in.
func (h handlers) EvaluatePlan(ctx context.Context, request api.EvaluatePlanRequestObject) (api.EvaluatePlanResponseObject, error) {
	body := request.Body
	answer, err := compute(ctx, h.Server, func() (casework.PlanAnswer, error) {
		desk, matching, err := h.match(ctx, caseInput{requirement: body.Requirement, ledger: body.Ledger, fiscal: body.Fiscal, date: body.Date, overrides: body.Overrides})
		if err != nil {
			return casework.PlanAnswer{}, err
		}
		typed, err := desk.ReadPlan(matching, casework.File{Name: paperPlan, Data: body.Plan})
		if err != nil {
			return casework.PlanAnswer{}, paperRefusal(err)
		}
		review, err := desk.JudgePlan(matching, typed, casework.PlanRequest{})
		if err != nil {
			return casework.PlanAnswer{}, paperRefusal(err)
		}
		return review.Answer(), nil
	})
	return api.EvaluatePlan200JSONResponse(answer), err
}

// assessment assesses the case of a body.
func (h handlers) assessment(ctx context.Context, in caseInput) (*casework.Desk, *casework.Assessment, error) {
	desk, kase, asked, err := h.open(ctx, in)
	if err != nil {
		return nil, nil, err
	}
	assessed, err := desk.Assess(kase, asked)
	return desk, assessed, paperRefusal(err)
}

// Assess says everything there is to say about a case.
func (h handlers) Assess(ctx context.Context, request api.AssessRequestObject) (api.AssessResponseObject, error) {
	body := request.Body
	answer, err := compute(ctx, h.Server, func() (casework.AssessmentAnswer, error) {
		desk, assessed, err := h.assessment(ctx, caseInput{requirement: body.Requirement, ledger: body.Ledger, fiscal: body.Fiscal, date: body.Date, overrides: body.Overrides, packs: body.Packs})
		if err != nil {
			return casework.AssessmentAnswer{}, err
		}
		return desk.AssessmentAnswer(assessed), nil
	})
	return api.Assess200JSONResponse(answer), err
}

// defaultPaths is how many paths a simulation by chance takes where nobody says.
const defaultPaths = 1000

// Stress asks what a case stands.
func (h handlers) Stress(ctx context.Context, request api.StressRequestObject) (api.StressResponseObject, error) {
	body := request.Body
	answer, err := compute(ctx, h.Server, func() (api.StressAnswer, error) {
		answer := api.StressAnswer{Mode: api.StressModeScenarios}
		if body.Mode != nil {
			answer.Mode = *body.Mode
		}
		desk, assessed, err := h.assessment(ctx, caseInput{requirement: body.Requirement, ledger: body.Ledger, fiscal: body.Fiscal, date: body.Date, overrides: body.Overrides})
		if err != nil {
			return answer, err
		}
		switch answer.Mode {
		case api.StressModeMonteCarlo:
			paths, seed := defaultPaths, uint64(1)
			if body.Paths != nil {
				paths = *body.Paths
			}
			if body.Seed != nil {
				seed = uint64(*body.Seed)
			}
			answer.MonteCarlo, err = desk.MonteCarlo(ctx, assessed, paths, seed, nil)
		case api.StressModeReverse:
			answer.Reverse, err = desk.StressCase(assessed).ReverseContext(ctx, stress.DefaultGrid())
		default:
			_, pack := desk.StressPack(assessed)
			if pack == nil {
				return answer, refuse.New(refuse.KindConflict, "no_stress_pack", "当日没有启用的压力情景包", "no stress pack is in force on that day")
			}
			answer.Scenarios, err = desk.StressCase(assessed).Scenarios(pack)
		}
		return answer, paperRefusal(err)
	})
	return api.Stress200JSONResponse(answer), err
}
