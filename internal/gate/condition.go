package gate

import (
	"fmt"
	"strings"

	"zutuan/internal/funding"
	"zutuan/internal/refuse"
)

// Code names a condition; it is stable.
type Code string

// The conditions of steps. The first four belong to every life, the others to plans.
const (
	// CodeStatus: the record is in a status from which the step leads on.
	CodeStatus Code = "status"
	// CodeAutomatic: the step is one that only the service itself takes.
	CodeAutomatic Code = "automatic"
	// CodeReason: a reason is given.
	CodeReason Code = "reason"
	// CodeFourEyes: whoever acts is a person who has not written, requested or submitted what is decided on.
	CodeFourEyes Code = "four_eyes"

	// CodeRequirement: the requirement that the plan finances was not withdrawn or closed.
	CodeRequirement Code = "requirement_open"
	// CodeApproval: a person who did not write or submit the plan approved it.
	CodeApproval Code = "approval"
	// CodeAssessment: there is an assessment of the plan.
	CodeAssessment Code = "assessment"
	// CodeCurrent: the assessment read exactly the inputs as they are now.
	CodeCurrent Code = "assessment_current"
	// CodeUnchanged: no input is another than the plan was submitted with.
	CodeUnchanged Code = "inputs_unchanged"
	// CodeAge: the assessment is neither of a later day nor older than MaxAssessmentAgeDays.
	CodeAge Code = "assessment_age"
	// CodeShortfall: nothing stays unfunded and no limit is broken.
	CodeShortfall Code = "no_shortfall"
	// CodeFlags: every blocking flag is resolved or waived.
	CodeFlags Code = "flags_resolved"
	// CodeDecided: no rule that could block is undecided.
	CodeDecided Code = "flags_decided"
	// CodeAcknowledged: the flags that do not block were acknowledged as they stand.
	CodeAcknowledged Code = "flags_acknowledged"
	// CodeStudies: the five studies are complete; CodeConsistent: they agree with the requirement.
	CodeStudies    Code = "studies_complete"
	CodeConsistent Code = "studies_consistent"

	// CodeWaiverReason, CodeWaiverEvidence, CodeWaiverExpiry and CodeWaiverCover are what a waiver must state.
	CodeWaiverReason   Code = "waiver_reason"
	CodeWaiverEvidence Code = "waiver_evidence"
	CodeWaiverExpiry   Code = "waiver_expiry"
	CodeWaiverCover    Code = "waiver_cover"
)

// Condition is one condition as it stands. ZH and EN say how it stands with the actual values; Remedy says what would
// satisfy it and is empty where it is satisfied.
type Condition struct {
	Code      Code          `json:"code"`
	Name      funding.Text  `json:"name"`
	Satisfied bool          `json:"satisfied"`
	ZH        string        `json:"zh"`
	EN        string        `json:"en"`
	Remedy    *funding.Text `json:"remedy,omitempty"`
	// Items are the single things that stand against it (or were looked at), each complete in itself.
	Items []Item `json:"items"`
}

// Item is one thing that stands against a condition: a flag, a broken limit, a changed input, a study. Value, Limit and
// Distance are given where it has figures.
type Item struct {
	// Subject names it: "pack/rule", the id of a limit, the kind and id of an input, a study.
	Subject  string `json:"subject"`
	ZH       string `json:"zh"`
	EN       string `json:"en"`
	Value    string `json:"value,omitempty"`
	Limit    string `json:"limit,omitempty"`
	Distance string `json:"distance,omitempty"`
}

// namedAtMost bounds how many items a sentence names; forty quarters of broken limits are read in a table, which the
// condition's Items are.
const namedAtMost = 12

// met and unmet make conditions; unmet takes what would satisfy it.
func met(code Code, zh, en string) Condition {
	return Condition{Code: code, Name: conditionNames[code], Satisfied: true, ZH: zh, EN: en, Items: []Item{}}
}

func unmet(code Code, zh, en string, remedy funding.Text, items ...Item) Condition {
	if items == nil {
		items = []Item{}
	}
	return Condition{Code: code, Name: conditionNames[code], ZH: zh, EN: en, Remedy: &remedy, Items: items}
}

// itemized is unmet with a sentence that leads its items.
func itemized(code Code, zh, en string, remedy funding.Text, items []Item) Condition {
	var listZH, listEN []string
	for _, item := range items[:min(len(items), namedAtMost)] {
		listZH, listEN = append(listZH, item.ZH), append(listEN, item.EN)
	}
	if more := len(items) - namedAtMost; more > 0 {
		listZH, listEN = append(listZH, fmt.Sprintf("另有 %d 项，见条件清单", more)), append(listEN, fmt.Sprintf("and %d more, see the list of conditions", more))
	}
	return unmet(code, zh+strings.Join(listZH, "；"), en+strings.Join(listEN, "; "), remedy, items...)
}

// missing keeps the conditions that are not satisfied.
func missing(all []Condition) []Condition {
	var list []Condition
	for _, condition := range all {
		if !condition.Satisfied {
			list = append(list, condition)
		}
	}
	return list
}

// point is a missing condition as a refusal tells it.
func (c Condition) point() refuse.Point {
	point := refuse.Point{Code: string(c.Code), ZH: c.ZH, EN: c.EN}
	if c.Remedy != nil {
		point.ZH, point.EN = point.ZH+"。"+c.Remedy.ZH, point.EN+". "+c.Remedy.EN
	}
	return point
}

// Refusal is the refusal of a step for the conditions that are missing, one point each; nil where none is.
func Refusal(noun Noun, step Step, conditions []Condition) *refuse.Error {
	conditions = missing(conditions)
	if len(conditions) == 0 {
		return nil
	}
	what, name := nounNames[noun], stepNames[step]
	e := refuse.New(refuse.KindConflict, "gate",
		fmt.Sprintf("现在不能对%s进行“%s”：还有 %d 项条件未满足", what.ZH, name.ZH, len(conditions)),
		fmt.Sprintf("cannot %s the %s now; conditions missing: %d", name.EN, what.EN, len(conditions)))
	for _, condition := range conditions {
		e.With(condition.point())
	}
	return e
}
