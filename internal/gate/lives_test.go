package gate

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"zutuan/internal/permit"
	"zutuan/internal/refuse"
)

// The lives as the specification tells them (service.md, "Plan life cycle"), written down a second time: status, step,
// where it leads. Every pair of status and step that is not here has to be refused.
var told = map[*Life]string{
	PlanLife: `
		draft      submit      submitted
		submitted  take_review in_review
		in_review  return      returned
		in_review  approve     approved
		approved   finalize    finalized
		returned   revise      draft
		submitted  revise      draft
		in_review  revise      draft
		approved   revise      draft
		submitted  reopen      draft
		in_review  reopen      draft
		approved   reopen      draft
		finalized  reopen      draft
		finalized  supersede   superseded`,
	RequirementLife: `
		draft     submit   submitted
		submitted withdraw withdrawn
		submitted close    closed
		withdrawn revise   draft`,
	WaiverLife: `
		requested grant  granted
		requested reject rejected
		granted   revoke revoked`,
	OverrideLife: `
		requested grant  granted
		requested reject rejected
		granted   revoke revoked`,
	ProductLife: versionTold,
	PackLife:    versionTold,
}

const versionTold = `
		draft     submit    in_review
		in_review return    draft
		in_review publish   published
		published supersede superseded
		published retire    retired`

func tell(t *testing.T, text string) map[string]Status {
	t.Helper()
	rows := map[string]Status{}
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		words := strings.Fields(line)
		if len(words) != 3 {
			t.Fatalf("line %q", line)
		}
		rows[words[0]+" "+words[1]] = Status(words[2])
	}
	return rows
}

// every status and step that is named anywhere.
func everything() (statuses []Status, steps []Step) {
	for status := range statusNames {
		statuses = append(statuses, status)
	}
	for step := range stepNames {
		steps = append(steps, step)
	}
	slices.Sort(statuses)
	slices.Sort(steps)
	return statuses, steps
}

func TestEveryStepFromEveryStatus(t *testing.T) {
	statuses, steps := everything()
	for life, text := range told {
		rows := tell(t, text)
		found := 0
		for _, status := range statuses {
			for _, step := range steps {
				name := fmt.Sprintf("%s %s %s", life.Noun, status, step)
				to, allowed := rows[string(status)+" "+string(step)]
				row, ok := life.Find(step, status)
				if ok != allowed || ok && row.To != to {
					t.Errorf("%s: leads to %q (%v), told %q (%v)", name, row.To, ok, to, allowed)
				}
				if ok {
					found++
				}
				condition := life.Check(step, Moment{Status: status})[0]
				if condition.Code != CodeStatus || condition.Satisfied != allowed {
					t.Errorf("%s: status condition %+v", name, condition)
				}
				if !condition.Satisfied && (condition.Remedy == nil || condition.Remedy.ZH == "" || condition.Remedy.EN == "") {
					t.Errorf("%s: says nothing of what to do", name)
				}
			}
		}
		if found != len(rows) {
			t.Errorf("%s: %d transitions, told %d", life.Noun, found, len(rows))
		}
	}
}

func TestTablesAreWellMade(t *testing.T) {
	for life := range told {
		seen := map[string]bool{}
		for _, row := range life.Transitions {
			name := fmt.Sprintf("%s %s", life.Noun, row.Step)
			if !slices.Contains(life.Statuses, row.To) {
				t.Errorf("%s leads to %s, which the life does not list", name, row.To)
			}
			for _, from := range row.From {
				if key := string(from) + string(row.Step); seen[key] || !slices.Contains(life.Statuses, from) {
					t.Errorf("%s from %s: twice, or not a status of the life", name, from)
				} else {
					seen[key] = true
				}
			}
			if _, known := permit.Table[row.Operation]; known == row.Automatic {
				t.Errorf("%s: operation %q, automatic %v: either the table of permissions or the service alone decides who takes it", name, row.Operation, row.Automatic)
			}
			if row.FourEyes && row.Automatic {
				t.Errorf("%s: the service is nobody's second pair of eyes", name)
			}
			if _, named := stepNames[row.Step]; !named {
				t.Errorf("%s has no name", name)
			}
		}
		for _, status := range life.Statuses {
			if _, named := statusNames[status]; !named {
				t.Errorf("%s has no name", status)
			}
		}
	}
}

func TestWhoDecidesOnWhatSomebodyElseWrote(t *testing.T) {
	want := map[string]bool{"plan take_review": true, "plan return": true, "plan approve": true, "waiver grant": true, "waiver reject": true, "override grant": true, "override reject": true,
		"product return": true, "product publish": true, "pack return": true, "pack publish": true}
	for life := range told {
		for _, row := range life.Transitions {
			if name := fmt.Sprintf("%s %s", life.Noun, row.Step); row.FourEyes != want[name] {
				t.Errorf("%s: four eyes %v", name, row.FourEyes)
			}
		}
	}
}

func person(user string) permit.Actor { return permit.Actor{User: user, Name: "姓名" + user} }

func TestSimpleLives(t *testing.T) {
	cases := []struct {
		name string
		life *Life
		step Step
		m    Moment
		want Status
		// missing are the codes of the refusal, empty where the step is taken.
		missing string
	}{
		{"a draft requirement is submitted", RequirementLife, StepSubmit, Moment{Status: StatusDraft, Actor: person("a"), Authors: []string{"a"}}, StatusSubmitted, ""},
		{"a requirement is withdrawn with a reason", RequirementLife, StepWithdraw, Moment{Status: StatusSubmitted, Actor: person("a"), Reason: "资金已落实"}, StatusWithdrawn, ""},
		{"a requirement is not withdrawn without a reason", RequirementLife, StepWithdraw, Moment{Status: StatusSubmitted, Actor: person("a"), Reason: " \n"}, StatusSubmitted, "reason"},
		{"a closed requirement stays closed", RequirementLife, StepRevise, Moment{Status: StatusClosed, Actor: person("a")}, StatusClosed, "status"},
		{"a draft is not withdrawn, and the reason is missed too", RequirementLife, StepWithdraw, Moment{Status: StatusDraft, Actor: person("a")}, StatusDraft, "status reason"},
		{"another liaison publishes", ProductLife, StepPublish, Moment{Status: StatusInReview, Actor: person("b"), Authors: []string{"a"}}, StatusPublished, ""},
		{"the author does not publish", ProductLife, StepPublish, Moment{Status: StatusInReview, Actor: person("a"), Authors: []string{"c", "a"}}, StatusInReview, "four_eyes"},
		{"nobody publishes what has no author", PackLife, StepPublish, Moment{Status: StatusInReview, Actor: person("b")}, StatusInReview, "four_eyes"},
		{"the service does not publish", PackLife, StepPublish, Moment{Status: StatusInReview, Actor: permit.SystemActor("x"), Authors: []string{"a"}}, StatusInReview, "four_eyes"},
		{"a return needs a reason and another person", PackLife, StepReturn, Moment{Status: StatusInReview, Actor: person("a"), Authors: []string{"a"}}, StatusInReview, "reason four_eyes"},
		{"a person does not supersede", ProductLife, StepSupersede, Moment{Status: StatusPublished, Actor: person("b"), Reason: "x@3"}, StatusPublished, "automatic"},
		{"the service supersedes", ProductLife, StepSupersede, Moment{Status: StatusPublished, Actor: permit.SystemActor("publish"), Reason: "x@3"}, StatusSuperseded, ""},
		{"a superseded version is not retired", ProductLife, StepRetire, Moment{Status: StatusSuperseded, Actor: person("b"), Reason: "停售"}, StatusSuperseded, "status"},
		{"a requirement knows no approval", RequirementLife, StepApprove, Moment{Status: StatusDraft, Actor: person("b")}, StatusDraft, "status"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.life.Take(test.step, test.m)
			if got != test.want || codes(t, err) != test.missing {
				t.Errorf("status %s, refusal %v; want %s missing %q", got, err, test.want, test.missing)
			}
		})
	}
}

// codes are the codes of a refusal's points; it also asks what every refusal of the gate has to be.
func codes(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var refusal *refuse.Error
	if !errors.As(err, &refusal) || refusal.Kind != refuse.KindConflict || refusal.Code != "gate" || len(refusal.Points) == 0 || refusal.ZH == "" || refusal.EN == "" {
		t.Fatalf("not a refusal of the gate: %#v", err)
	}
	var list []string
	for _, point := range refusal.Points {
		if point.ZH == "" || point.EN == "" {
			t.Errorf("point without a text: %+v", point)
		}
		list = append(list, point.Code)
	}
	return strings.Join(list, " ")
}

func TestARefusalNamesTheWayThere(t *testing.T) {
	_, err := PlanLife.Take(StepFinalize, Moment{Status: StatusReturned})
	for _, want := range []string{"已退回", "“已批准”", "修改 → 提交 → 受理审查 → 批准"} {
		if got := err.(*refuse.Error).In("zh"); !strings.Contains(got, want) {
			t.Errorf("%q does not say %q", got, want)
		}
	}
	_, err = PlanLife.Take(StepSubmit, Moment{Status: StatusSuperseded})
	if got := err.Error(); !strings.Contains(got, "it is superseded") || !strings.Contains(got, "make a new record") {
		t.Errorf("got %q", got)
	}
}
