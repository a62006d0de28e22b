package main

import (
	"reflect"
	"slices"

	"zutuan/internal/casework"
	"zutuan/internal/cashflow"
	"zutuan/internal/funding"
	"zutuan/internal/jobs"
	"zutuan/internal/loan"
	"zutuan/internal/match"
	"zutuan/internal/people"
	"zutuan/internal/permit"
	"zutuan/internal/planner"
	"zutuan/internal/refuse"
	"zutuan/internal/risk"
	"zutuan/internal/stress"
	"zutuan/internal/stress/montecarlo"
)

// named gives a Go type its name in the description.
type named struct {
	name string
	kind reflect.Type
}

func kind[T any](name string) named { return named{name, reflect.TypeFor[T]()} }

// types are the Go types that operations answer with, and those whose own name would not do; what they hold comes along
// by itself.
var types = append([]named{
	kind[funding.Text]("Text"),
	kind[funding.Level]("Level"),
	kind[funding.Verdict]("Verdict"),
	kind[refuse.Point]("Point"),
	kind[cashflow.Answer]("SimulationAnswer"),
	kind[match.Answer]("MatchAnswer"),
	kind[match.Summary]("MatchSummary"),
	kind[planner.Answer]("PlannedAnswer"),
	kind[loan.Answer]("ScheduleAnswer"),
	kind[risk.Assessment]("RiskAssessment"),
	kind[stress.Answer]("ScenariosAnswer"),
	kind[stress.ReverseAnswer]("ReverseAnswer"),
	kind[montecarlo.Outcome]("MonteCarloAnswer"),
	kind[casework.PlanAnswer]("PlanAnswer"),
	kind[casework.TreatmentAnswer]("Treatment"),
	kind[casework.TreatmentMeasures]("TreatmentMeasures"),
	kind[casework.AssessmentAnswer]("AssessmentAnswer"),
	kind[casework.FactsAnswer]("FactsAnswer"),
	kind[casework.FactAnswer]("Fact"),
	kind[permit.Role]("Role"),
	kind[jobs.Page]("JobPage"),
	kind[jobs.Job]("Job"),
	kind[jobs.Status]("JobStatus"),
	kind[jobs.Progress]("JobProgress"),
	kind[jobs.Note]("JobNote"),
	kind[jobs.Failure]("JobFailure"),
	kind[people.Token]("Token"),
}, serviceTypes...)

// plainPackages are those whose types keep their bare names: the nouns of the service.
var plainPackages = map[string]bool{"office": true, "people": true, "jobs": true}

// serviceTypes are the types of the service's records.
var serviceTypes = slices.Concat(recordTypes, planTypes, versionTypes)
