package office

import (
	"context"

	"zutuan/internal/casework"
	"zutuan/internal/jobs"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/stress"
	"zutuan/internal/stress/montecarlo"
)

// The jobs that people ask for on plans.
const (
	JobPlanBuild  = "plan.build"
	JobPlanStress = "plan.stress"
)

// registerPlans names the jobs on plans. A job acts as the person who asked, so that what they may do is asked again when
// it runs.
func (o *Office) registerPlans(runner *jobs.Runner) {
	runner.Register(JobPlanBuild, func(ctx context.Context, task *jobs.Task) (any, error) {
		var input BuildInput
		if err := task.Decode(&input); err != nil {
			return nil, err
		}
		return o.BuildPlan(ctx, task.Actor, input, task.Progress)
	})
	runner.Register(JobPlanStress, func(ctx context.Context, task *jobs.Task) (any, error) {
		var input StressInput
		if err := task.Decode(&input); err != nil {
			return nil, err
		}
		return o.StressPlan(ctx, task.Actor, input, task.Progress)
	})
}

// CheckBuild refuses what BuildPlan would refuse at once, so that no job is begun for it.
func (o *Office) CheckBuild(ctx context.Context, actor permit.Actor, input BuildInput) error {
	if _, _, err := o.requirement(ctx, actor, permit.OperationPlanWrite, input.Requirement); err != nil {
		return err
	}
	return o.checkBuild(&input)
}

// StressKind says how a plan is stressed.
type StressKind string

const (
	StressMonteCarlo StressKind = "monte_carlo"
	StressReverse    StressKind = "reverse"
	StressScenarios  StressKind = "scenarios"
)

// StressInput asks for the stress of a stored plan.
type StressInput struct {
	Plan string     `json:"plan"`
	Kind StressKind `json:"kind"`
	// Paths and Seed are those of a Monte-Carlo simulation; DefaultStressPaths and 1 where 0.
	Paths int    `json:"paths,omitempty"`
	Seed  uint64 `json:"seed,omitempty"`
}

// DefaultStressPaths is enough for a fan whose edges stand still to the second digit.
const DefaultStressPaths = 10_000

// StressResult is what stress says of a plan; the one that was asked for is there.
type StressResult struct {
	Plan  string `json:"plan"`
	Basis Basis  `json:"basis"`
	// MonteCarlo, Reverse and Scenarios are the answers of the kinds.
	MonteCarlo *montecarlo.Outcome   `json:"monte_carlo,omitempty"`
	Reverse    *stress.ReverseAnswer `json:"reverse,omitempty"`
	Scenarios  *stress.Answer        `json:"scenarios,omitempty"`
}

// CheckStress refuses what StressPlan would refuse at once.
func (o *Office) CheckStress(ctx context.Context, actor permit.Actor, input StressInput) error {
	_, _, err := o.plan(ctx, actor, permit.OperationAssessmentCreate, input.Plan)
	return err
}

// StressPlan stresses the lines of a stored plan under today's rules; nothing is kept but the job's result.
func (o *Office) StressPlan(ctx context.Context, actor permit.Actor, input StressInput, progress func(done, total int64, zh, en string)) (StressResult, error) {
	_, body, err := o.plan(ctx, actor, permit.OperationAssessmentCreate, input.Plan)
	if err != nil {
		return StressResult{}, err
	}
	record, kept, err := requirements.get(ctx, o, body.Requirement)
	if err != nil {
		return StressResult{}, err
	}
	work, err := o.workPlan(ctx, record, &kept, body.Document, o.Today())
	if err != nil {
		return StressResult{}, err
	}
	desk, assessed := work.edition.Desk, casework.StressedPlan(work.matching, work.typed.Lines)
	result := StressResult{Plan: input.Plan, Basis: work.basis}
	switch input.Kind {
	case StressMonteCarlo:
		paths, seed := input.Paths, input.Seed
		if paths == 0 {
			paths = DefaultStressPaths
		}
		if seed == 0 {
			seed = 1
		}
		result.MonteCarlo, err = desk.MonteCarlo(ctx, assessed, paths, seed, func(done, total int) {
			progress(int64(done), int64(total), "正在模拟", "simulating")
		})
	case StressReverse:
		progress(0, 1, "正在反向搜索", "searching what breaks it")
		result.Reverse, err = desk.StressCase(assessed).ReverseContext(ctx, stress.DefaultGrid())
	default:
		_, pack := desk.StressPack(assessed)
		if pack == nil {
			return result, refuse.New(refuse.KindConflict, "no_stress_pack", "当日没有启用的压力情景包", "no stress pack is in force on that day")
		}
		result.Scenarios, err = desk.StressCase(assessed).Scenarios(pack)
	}
	return result, problems(err, "")
}
