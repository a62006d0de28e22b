package gate

import (
	"fmt"
	"slices"
	"strings"

	"zutuan/internal/funding"
	"zutuan/internal/permit"
)

// Noun is what has a life.
type Noun string

// Status is where a record stands in its life, Step what leads from one status to another.
type (
	Status string
	Step   string
)

// Transition is one row of a life: a step from any of some statuses to another.
type Transition struct {
	Step Step     `json:"step"`
	From []Status `json:"from"`
	To   Status   `json:"to"`
	// Operation is the permission it needs; empty where it is Automatic: taken by the service alone.
	Operation permit.Operation `json:"operation,omitempty"`
	Automatic bool             `json:"automatic,omitempty"`
	// Reason says that a reason is asked; FourEyes that the authors of what is decided on may not take it.
	Reason   bool `json:"reason,omitempty"`
	FourEyes bool `json:"four_eyes,omitempty"`
	// Conditions are what it needs besides.
	Conditions []Code `json:"conditions,omitempty"`
}

// Life is the whole of one noun's transitions. The first status is the one it begins in.
type Life struct {
	Noun        Noun
	Statuses    []Status
	Transitions []Transition
}

// Moment is who wants to take a step, and on what.
type Moment struct {
	Status Status
	Actor  permit.Actor
	// Authors are the accounts that wrote, requested or submitted what is decided on.
	Authors []string
	Reason  string
}

// Find returns the row of a step from a status.
func (l *Life) Find(step Step, from Status) (Transition, bool) {
	for _, row := range l.Transitions {
		if row.Step == step && slices.Contains(row.From, from) {
			return row, true
		}
	}
	return Transition{}, false
}

// rule is the row that says what a step asks: the one from the present status, else the step's first, so that a refusal
// for the status still names everything else.
func (l *Life) rule(step Step, from Status) (Transition, bool) {
	if row, ok := l.Find(step, from); ok {
		return row, true
	}
	for _, row := range l.Transitions {
		if row.Step == step {
			return row, true
		}
	}
	return Transition{}, false
}

// Check evaluates what every life asks of a step (status, automatic, reason, four eyes) and returns all of it, satisfied
// or not. The conditions of the noun itself are evaluated beside it: CheckPlan, CheckWaiver.
func (l *Life) Check(step Step, m Moment) []Condition {
	row, known := l.rule(step, m.Status)
	conditions := []Condition{l.status(step, m.Status)}
	if !known {
		return conditions
	}
	if row.Automatic {
		conditions = append(conditions, automatic(step, m.Actor))
	}
	if row.Reason {
		conditions = append(conditions, reason(step, m.Reason))
	}
	if row.FourEyes {
		conditions = append(conditions, fourEyes(step, m))
	}
	return conditions
}

// Take returns the status to which a step leads, or the refusal with everything that is missing. It serves the lives
// whose steps have no further conditions: requirements and versions.
func (l *Life) Take(step Step, m Moment) (Status, error) {
	return l.take(step, m.Status, l.Check(step, m))
}

func (l *Life) take(step Step, from Status, conditions []Condition) (Status, error) {
	if refusal := Refusal(l.Noun, step, conditions); refusal != nil {
		return from, refusal
	}
	row, _ := l.Find(step, from)
	return row.To, nil
}

func (l *Life) status(step Step, at Status) Condition {
	name, now := textOf(stepNames, step), textOf(statusNames, at)
	if _, ok := l.Find(step, at); ok {
		return met(CodeStatus, fmt.Sprintf("现为“%s”，可以“%s”", now.ZH, name.ZH), fmt.Sprintf("it is %s and can take the step %s", now.EN, name.EN))
	}
	var from []Status
	for _, row := range l.Transitions {
		if row.Step == step {
			from = append(from, row.From...)
		}
	}
	zh, en := fmt.Sprintf("现为“%s”，“%s”只能在%s时进行", now.ZH, name.ZH, listedZH(from)), fmt.Sprintf("it is %s; %s is possible only when it is %s", now.EN, name.EN, listedEN(from))
	if len(from) == 0 {
		zh, en = fmt.Sprintf("%s没有“%s”这一步", nounNames[l.Noun].ZH, name.ZH), fmt.Sprintf("a %s has no step %s", nounNames[l.Noun].EN, name.EN)
	}
	return unmet(CodeStatus, zh, en, l.way(at, from))
}

// way says by which steps one comes from a status to one of some others.
func (l *Life) way(at Status, to []Status) funding.Text {
	type path struct {
		at    Status
		steps []Step
	}
	seen, queue := map[Status]bool{at: true}, []path{{at: at}}
	for next := 0; next < len(queue); next++ {
		here := queue[next]
		for _, row := range l.Transitions {
			if row.Automatic || seen[row.To] || !slices.Contains(row.From, here.at) {
				continue
			}
			steps := append(slices.Clone(here.steps), row.Step)
			if slices.Contains(to, row.To) {
				return wayText(steps)
			}
			seen[row.To] = true
			queue = append(queue, path{row.To, steps})
		}
	}
	return funding.Text{ZH: "从当前状态不能再到达该状态；请新建一份记录", EN: "That status cannot be reached any more; make a new record"}
}

func wayText(steps []Step) funding.Text {
	var zh, en []string
	for _, step := range steps {
		zh, en = append(zh, stepNames[step].ZH), append(en, stepNames[step].EN)
	}
	return funding.Text{ZH: "请先完成：" + strings.Join(zh, " → "), EN: "First take: " + strings.Join(en, " → ")}
}

func automatic(step Step, actor permit.Actor) Condition {
	if actor.System {
		return met(CodeAutomatic, "由系统自动进行", "taken by the service itself")
	}
	name := stepNames[step]
	return unmet(CodeAutomatic, fmt.Sprintf("“%s”只由系统自动进行", name.ZH), fmt.Sprintf("%s is taken by the service itself only", name.EN),
		funding.Text{ZH: "无需人工操作", EN: "Nobody needs to do it"})
}

func reason(step Step, text string) Condition {
	if strings.TrimSpace(text) != "" {
		return met(CodeReason, "已写明理由", "a reason is given")
	}
	name := stepNames[step]
	return unmet(CodeReason, fmt.Sprintf("“%s”没有写明理由", name.ZH), fmt.Sprintf("no reason is given for the step %s", name.EN),
		funding.Text{ZH: "请写明理由后重试", EN: "Give a reason and try again"})
}

// fourEyes refuses the authors, the service itself (which is nobody's second pair of eyes), and everybody where no author
// is on record, because nothing shows then that the person is another one.
func fourEyes(step Step, m Moment) Condition {
	name := stepNames[step]
	second := funding.Text{ZH: "请由另一位有权限的人员办理", EN: "Have another person who may do it take the step"}
	switch {
	case m.Actor.System || m.Actor.User == "":
		return unmet(CodeFourEyes, fmt.Sprintf("“%s”须由人办理，系统不能代替", name.ZH), fmt.Sprintf("%s has to be taken by a person, the service cannot", name.EN), second)
	case len(m.Authors) == 0 || slices.Contains(m.Authors, ""):
		return unmet(CodeFourEyes, "没有记录编制人，无法确认是另一人办理", "no author is on record, so nothing shows that another person acts",
			funding.Text{ZH: "请先补记编制人", EN: "Record the author first"})
	case slices.Contains(m.Authors, m.Actor.User):
		who := m.Actor.Name
		if who == "" {
			who = m.Actor.User
		}
		return unmet(CodeFourEyes, fmt.Sprintf("%s 编制、申请或提交了它，不能由同一人“%s”", who, name.ZH), fmt.Sprintf("%s wrote, requested or submitted it and cannot %s it too", who, name.EN), second)
	}
	return met(CodeFourEyes, "由另一人办理", "taken by another person")
}

// textOf names a status or step, by its own word where it has no name.
func textOf[K ~string](names map[K]funding.Text, key K) funding.Text {
	if text, ok := names[key]; ok {
		return text
	}
	return funding.Text{ZH: string(key), EN: string(key)}
}

func listedZH(list []Status) string {
	var names []string
	for _, status := range list {
		names = append(names, "“"+textOf(statusNames, status).ZH+"”")
	}
	return strings.Join(names, "或")
}

func listedEN(list []Status) string {
	var names []string
	for _, status := range list {
		names = append(names, textOf(statusNames, status).EN)
	}
	return strings.Join(names, " or ")
}
