package gate

import (
	"slices"
	"time"

	"zutuan/internal/funding"
)

// Situation is a plan with everything that its steps are decided on.
type Situation struct {
	Moment
	// Today is the day of the step.
	Today Day
	// Requirement is where the requirement stands that the plan finances.
	Requirement Status
	// ApprovedBy is the account that approved the plan, empty before.
	ApprovedBy string
	// SubmittedAt and SubmittedWith are the moment of the last submission and the inputs of the assessment it rested on;
	// zero and nil in a draft that never was.
	SubmittedAt   time.Time
	SubmittedWith *Inputs
	// Assessment is the newest one of the plan, nil where there is none; Inputs are what it would read now.
	Assessment *Assessed
	Inputs     Inputs
	// Waivers and Acknowledgements are those of this plan, whatever their status.
	Waivers          []Waiver
	Acknowledgements []Acknowledgement
	// Studies is nil where none were handed in; Figures the requirement's side, nil where it could not be simulated.
	Studies *Studies
	Figures *Figures
	// Weights are the configured ones of the industry scoring; nil: the study has to give its own.
	Weights *Weights
}

// CheckPlan evaluates everything that a step asks of a plan, satisfied or not.
func CheckPlan(step Step, s Situation) []Condition {
	conditions := PlanLife.Check(step, s.Moment)
	row, _ := PlanLife.rule(step, s.Status)
	for _, code := range row.Conditions {
		conditions = append(conditions, s.condition(code))
	}
	return conditions
}

// Missing returns the conditions of a step that are not satisfied, all at once.
func Missing(step Step, s Situation) []Condition { return missing(CheckPlan(step, s)) }

// TakePlan returns the status to which a step leads, or the refusal with everything that is missing.
func TakePlan(step Step, s Situation) (Status, error) {
	return PlanLife.take(step, s.Status, CheckPlan(step, s))
}

// View is what GET /plans/{id}/gate answers: where a plan stands and what is missing until it can be finalized.
type View struct {
	Status Status `json:"status"`
	// Ready says that nothing is missing for finalizing.
	Ready      bool        `json:"ready"`
	InputHash  string      `json:"input_hash"`
	Assessment string      `json:"assessment,omitempty"`
	Changes    []Change    `json:"changes"`
	Conditions []Condition `json:"conditions"`
	Steps      []StepView  `json:"steps"`
}

// StepView is a step that leads on from the present status. Missing leaves out the reason, which is given with the step.
type StepView struct {
	Transition
	Name     funding.Text `json:"name"`
	Possible bool         `json:"possible"`
	Missing  []Code       `json:"missing"`
}

// ViewPlan shows a plan at its gate.
func ViewPlan(s Situation) View {
	v := View{Status: s.Status, InputHash: s.Inputs.Hash(), Changes: []Change{}, Steps: []StepView{}, Conditions: CheckPlan(StepFinalize, s)}
	v.Ready = len(missing(v.Conditions)) == 0
	if s.Assessment != nil {
		v.Assessment = s.Assessment.ID
		v.Changes = append(v.Changes, Differences(s.Assessment.Inputs, s.Inputs)...)
	}
	for _, row := range PlanLife.Transitions {
		if row.Automatic || !slices.Contains(row.From, s.Status) {
			continue
		}
		step := StepView{Transition: row, Name: stepNames[row.Step], Missing: []Code{}}
		for _, condition := range Missing(row.Step, s) {
			if condition.Code != CodeReason {
				step.Missing = append(step.Missing, condition.Code)
			}
		}
		step.Possible = len(step.Missing) == 0
		v.Steps = append(v.Steps, step)
	}
	return v
}
