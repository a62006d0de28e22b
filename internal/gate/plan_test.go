package gate

import (
	"maps"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/permit"
	"zutuan/internal/planner"
)

// The constraints of a judged plan become those of the gate by conversion; this line fails to compile when they part.
var _ = Constraint(planner.ConstraintAnswer{})

const today Day = "2026-06-30"

func ptr[T any](value T) *T { return &value }

// finalizable is an approved plan for which nothing is missing: one red flag that is waived, one yellow one that is
// acknowledged, studies that agree. Each call makes a new one.
func finalizable() Situation {
	inputs := someInputs()
	red := Flag{Pack: "cn", PackVersion: 1, Rule: "min-dscr", Name: funding.Text{ZH: "偿债备付率", EN: "DSCR"}, Level: funding.LevelRed, Value: ptr("0.950000"), Unit: "ratio", Limit: "< 1.000000", Worse: WorseLower,
		Blocks: true, Mitigation: []funding.Text{{ZH: "延长期限", EN: "longer tenor"}}}
	yellow := Flag{Pack: "cn", PackVersion: 1, Rule: "tenor", Name: funding.Text{ZH: "贷款期限", EN: "tenor"}, Level: funding.LevelYellow, Value: ptr("60"), Unit: "quarters", Limit: "> 40", Worse: WorseHigher}
	return Situation{
		Moment: Moment{Status: StatusApproved, Actor: person("bureau"), Authors: []string{"bureau", "bureau2"}},
		Today:  today, Requirement: StatusSubmitted, ApprovedBy: "risk1", SubmittedAt: time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC), SubmittedWith: &inputs,
		Assessment: &Assessed{ID: "a_1", Date: "2026-06-01", Inputs: someInputs(), Checked: 40, Flags: []Flag{red, yellow}},
		Inputs:     someInputs(),
		Waivers: []Waiver{{ID: "waiv_1", Status: StatusGranted, Cover: CoverOf(red), Reason: "已落实补贴", Evidence: "财函〔2026〕1号", RequestedBy: "risk1", RequestedOn: "2026-05-01",
			GrantedBy: "risk2", GrantedOn: "2026-05-02", ExpiresOn: "2026-12-31"}},
		Acknowledgements: []Acknowledgement{{Cover: CoverOf(yellow), By: "bureau", On: "2026-06-01"}},
		Studies:          someStudies(), Figures: someFigures(),
	}
}

// defect is one thing that stands against finalizing, with the condition that has to say so.
type defect struct {
	name  string
	spoil func(*Situation)
	code  Code
	// zh are words that the refusal has to say.
	zh []string
}

var defects = []defect{
	{"the requirement was withdrawn", func(s *Situation) { s.Requirement = StatusWithdrawn }, CodeRequirement, []string{"资金需求已撤回", "重新提交资金需求"}},
	{"the requirement was closed", func(s *Situation) { s.Requirement = StatusClosed }, CodeRequirement, []string{"已关闭，不再融资"}},
	{"nobody approved it", func(s *Situation) { s.ApprovedBy = "" }, CodeApproval, []string{"还没有人批准"}},
	{"its author approved it", func(s *Situation) { s.ApprovedBy = "bureau2" }, CodeApproval, []string{"批准人 bureau2 也是编制人"}},
	{"the requirement changed since the assessment", func(s *Situation) { s.Assessment.Inputs.Requirement = Input{ID: "req_1", Version: 2, Digest: "a2"} }, CodeCurrent,
		[]string{"评估 a_1 之后", "资金需求 req_1：v2 → v3", "重新评估"}},
	{"a parameter changed since it was submitted, although it was assessed again", func(s *Situation) { s.SubmittedWith.Parameters = []Setting{{"dscr", "1.2"}} }, CodeUnchanged, []string{"提交之后", "参数 dscr：1.2 → 1.3"}},
	{"what it was submitted with is not known", func(s *Situation) { s.SubmittedWith = nil }, CodeUnchanged, []string{"没有提交过"}},
	{"the assessment is 181 days old", func(s *Situation) { s.Assessment.Date = "2025-12-31" }, CodeAge, []string{"2025-12-31 距今 181 天，超过 180 天"}},
	{"the assessment is of tomorrow", func(s *Situation) { s.Assessment.Date = "2026-07-01" }, CodeAge, []string{"2026-07-01 晚于今天 2026-06-30"}},
	{"the assessment has no day", func(s *Situation) { s.Assessment.Date = "" }, CodeAge, []string{"不是日期"}},
	{"money is missing", func(s *Situation) {
		s.Assessment.UnfundedGap, s.Assessment.UnfundedFrom = money.MustAmount("12345678.90"), "2027Q2"
	}, CodeShortfall, []string{"资金缺口 1,234.57 万元（自 2027Q2）"}},
	{"a limit is broken", func(s *Situation) {
		s.Assessment.Broken = append(s.Assessment.Broken, Constraint{ID: "min_dscr", Name: funding.Text{ZH: "年度偿债备付率不低于要求", EN: "DSCR"}, Subject: "2030", Quarter: "2030Q1", Unit: "ratio", Value: "1.190000", Limit: "1.300000", Distance: "-0.110000"})
	}, CodeShortfall, []string{"年度偿债备付率不低于要求 [2030 2030Q1]：现为 1.190000，限值 1.300000，相差 -0.110000"}},
	{"no limit was looked at", func(s *Situation) { s.Assessment.Checked = 0 }, CodeShortfall, []string{"没有检查方案的约束"}},
	{"the waiver's flag got worse", func(s *Situation) { s.Assessment.Flags[0].Value = ptr("0.949999") }, CodeFlags,
		[]string{"红色“偿债备付率”（cn/min-dscr）现为 0.949999，界限 < 1.000000", "可延长期限", "豁免 waiv_1 无效：只覆盖到 0.950000，现为 0.949999"}},
	{"the waiver's flag is a stop now", func(s *Situation) { s.Assessment.Flags[0].Level = funding.LevelStop }, CodeFlags, []string{"禁止“偿债备付率”", "不可豁免"}},
	{"a stop that a pack forgot to let block", func(s *Situation) {
		s.Assessment.Flags = append(s.Assessment.Flags, Flag{Pack: "cn", Rule: "land", Name: funding.Text{ZH: "土地收入"}, Level: funding.LevelStop})
	}, CodeFlags, []string{"禁止“土地收入”"}},
	{"the waiver expired yesterday", func(s *Situation) { s.Waivers[0].ExpiresOn = "2026-06-29" }, CodeFlags, []string{"豁免 waiv_1 无效：已于 2026-06-29 到期"}},
	{"the waiver is only asked for", func(s *Situation) { s.Waivers[0].Status = StatusRequested }, CodeFlags, []string{"状态为“已申请”"}},
	{"the waiver was revoked", func(s *Situation) { s.Waivers[0].Status = StatusRevoked }, CodeFlags, []string{"状态为“已撤销”"}},
	{"who asked for the waiver granted it", func(s *Situation) { s.Waivers[0].GrantedBy = "risk1" }, CodeFlags, []string{"不是由申请人以外的人准予的"}},
	{"nobody is on record as having granted the waiver", func(s *Situation) { s.Waivers[0].GrantedBy = "" }, CodeFlags, nil},
	{"the waiver has no reason", func(s *Situation) { s.Waivers[0].Reason = " " }, CodeFlags, []string{"没有写明理由或依据"}},
	{"the waiver has no evidence", func(s *Situation) { s.Waivers[0].Evidence = "" }, CodeFlags, []string{"没有写明理由或依据"}},
	{"the waiver is for longer than a waiver may be", func(s *Situation) { s.Waivers[0].ExpiresOn = "2027-05-04" }, CodeFlags, []string{"最长 366 天"}},
	{"the waiver begins tomorrow", func(s *Situation) { s.Waivers[0].GrantedOn = "2026-07-01" }, CodeFlags, nil},
	{"the waiver is for the rule of another pack", func(s *Situation) { s.Waivers[0].Cover.Pack = "house" }, CodeFlags, nil},
	{"there is no waiver", func(s *Situation) { s.Waivers = nil }, CodeFlags, []string{"可由另一名风险审查员准予豁免"}},
	{"a rule that may be a stop is undecided", func(s *Situation) {
		s.Assessment.Flags = append(s.Assessment.Flags, Flag{Pack: "cn", Rule: "debt-limit", Name: funding.Text{ZH: "法定限额"}, Level: funding.LevelUndecided, MayBe: funding.LevelStop, Missing: []funding.Text{{ZH: "专项债务限额"}}})
	}, CodeDecided, []string{"“法定限额”可能为“禁止”，缺 专项债务限额"}},
	{"the waived flag may be a stop", func(s *Situation) { s.Assessment.Flags[0].MayBe = funding.LevelStop }, CodeDecided, []string{"“偿债备付率”可能为“禁止”"}},
	{"the yellow flag is not acknowledged", func(s *Situation) { s.Acknowledgements = nil }, CodeAcknowledged, []string{"黄色“贷款期限”（cn/tenor）现为 60 个季度，界限 > 40"}},
	{"the yellow flag got worse since", func(s *Situation) { s.Assessment.Flags[1].Value = ptr("61") }, CodeAcknowledged, []string{"确认后变差"}},
	{"the yellow flag is orange now", func(s *Situation) { s.Assessment.Flags[1].Level = funding.LevelOrange }, CodeAcknowledged, []string{"橙色“贷款期限”"}},
	{"it was acknowledged by nobody", func(s *Situation) { s.Acknowledgements[0].By = "" }, CodeAcknowledged, nil},
	{"a study is in progress", func(s *Situation) { s.Studies.Promotion.Status = StudyInProgress }, CodeStudies, []string{"《招商与运营计划》编制中"}},
	{"a study names no document", func(s *Situation) { s.Studies.Spatial.Reference = "" }, CodeStudies, []string{"《国土空间专项规划》没有写明文号或文件"}},
	{"a study has no day", func(s *Situation) { s.Studies.Spatial.AsOf = "" }, CodeStudies, []string{"《国土空间专项规划》没有写明日期"}},
	{"a study is of tomorrow", func(s *Situation) { s.Studies.Finance.AsOf = "2026-07-01" }, CodeStudies, []string{"《项目投融资计划》日期 2026-07-01 晚于今天"}},
	{"the feasibility study invests one fen more", func(s *Situation) { s.Studies.Feasibility.Investment = ptr(money.MustAmount("1000000.01")) }, CodeConsistent,
		[]string{"可研总投资：研究为 1,000,000.01 元，资金需求为 1,000,000.00 元，相差 0.01 元"}},
	{"a figure is not given", func(s *Situation) { s.Studies.Feasibility.Revenue.Energy = nil }, CodeConsistent, []string{"可研收入（能源收益）：研究没有给出"}},
	{"money of a limit is missing", func(s *Situation) {
		s.Assessment.Broken = append(s.Assessment.Broken, Constraint{ID: "cash", Name: funding.Text{ZH: "最低现金", EN: "cash"}, Unit: "yuan", Value: "-549677385.00", Limit: "0.00", Distance: "-549677385.00"})
	}, CodeShortfall, []string{"最低现金：现为 -549,677,385.00 元，限值 0.00 元"}},
	{"debt is above its limit", func(s *Situation) {
		s.Assessment.Flags = append(s.Assessment.Flags, Flag{Pack: "cn", Rule: "debt-limit", Name: funding.Text{ZH: "法定限额"}, Level: funding.LevelStop, Blocks: true, Unit: "yuan", Value: ptr("549680000.00"), Limit: "> 540000000.00"})
	}, CodeFlags, []string{"现为 5.4968 亿元，界限 > 5.4000 亿元"}},
	{"the requirement cannot be simulated", func(s *Situation) { s.Figures = nil }, CodeConsistent, []string{"不能测算"}},
}

func TestNothingIsMissing(t *testing.T) {
	to, err := TakePlan(StepFinalize, finalizable())
	if err != nil || to != StatusFinalized {
		t.Fatalf("%s %v", to, err)
	}
	view := ViewPlan(finalizable())
	if !view.Ready || view.InputHash != someHash || len(view.Conditions) != 13 || len(view.Changes) != 0 {
		t.Errorf("view %+v", view)
	}
	for _, condition := range view.Conditions {
		if !condition.Satisfied || condition.ZH == "" || condition.EN == "" || condition.Name.ZH == "" || condition.Name.EN == "" || condition.Remedy != nil || condition.Items == nil {
			t.Errorf("%+v", condition)
		}
	}
}

func TestStudiesThatNobodyEnteredAreNotCalledUncomputable(t *testing.T) {
	s := finalizable()
	s.Studies, s.Figures = nil, nil
	if text := s.studiesConsistent().ZH; !strings.Contains(text, "还没有填写") || strings.Contains(text, "不能测算") {
		t.Errorf("the gate says %q", text)
	}
}

func TestEachDefectIsNamedAlone(t *testing.T) {
	for _, d := range defects {
		t.Run(d.name, func(t *testing.T) {
			s := finalizable()
			d.spoil(&s)
			to, err := TakePlan(StepFinalize, s)
			if got := codes(t, err); got != string(d.code) || to != StatusApproved {
				t.Fatalf("missing %q, status %s", got, to)
			}
			text := Refusal(NounPlan, StepFinalize, Missing(StepFinalize, s)).In(money.Chinese)
			for _, want := range d.zh {
				if !strings.Contains(text, want) {
					t.Errorf("%q does not say %q", text, want)
				}
			}
			if view := ViewPlan(s); view.Ready || view.Steps[0].Possible && view.Steps[0].Step == StepFinalize {
				t.Errorf("the view calls it ready")
			}
		})
	}
}

func TestWithoutAnAssessmentNothingIsKnown(t *testing.T) {
	s := finalizable()
	s.Assessment = nil
	_, err := TakePlan(StepFinalize, s)
	if got := codes(t, err); got != "assessment assessment_current assessment_age no_shortfall flags_resolved flags_decided flags_acknowledged" {
		t.Errorf("missing %q", got)
	}
}

// Whatever is wrong together, every condition is named, none besides, and finalizing passes only where nothing is. At most
// one defect of each condition is chosen, so that none undoes another.
func TestAllThatIsMissingIsNamedAtOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, want := finalizable(), map[Code]bool{}
		for _, d := range rapid.SliceOfN(rapid.SampledFrom(defects), 0, 8).Draw(t, "defects") {
			if !want[d.code] {
				d.spoil(&s)
				want[d.code] = true
			}
		}
		s.Status = rapid.SampledFrom(PlanLife.Statuses).Draw(t, "status")
		if s.Status != StatusApproved {
			want[CodeStatus] = true
			if s.Status != StatusFinalized {
				want[CodeApproval] = true
			}
		}
		got := map[Code]bool{}
		for _, condition := range Missing(StepFinalize, s) {
			got[condition.Code] = true
		}
		if !maps.Equal(got, want) {
			t.Fatalf("missing %v, want %v", got, want)
		}
		to, err := TakePlan(StepFinalize, s)
		if (err == nil) != (len(want) == 0) || (to == StatusFinalized) != (len(want) == 0 || s.Status == StatusFinalized) {
			t.Fatalf("%v leads to %s with %v missing", s.Status, to, want)
		}
	})
}

func TestStepsOfAPlan(t *testing.T) {
	at := func(status Status, actor permit.Actor, change func(*Situation)) Situation {
		s := finalizable()
		s.Status, s.Actor = status, actor
		if change != nil {
			change(&s)
		}
		return s
	}
	stale := func(s *Situation) { s.Inputs.Plan = Input{ID: "plan_1", Version: 3, Digest: "b3"} }
	cases := []struct {
		name    string
		step    Step
		s       Situation
		want    Status
		missing string
	}{
		{"a draft with a current assessment is submitted, whatever its flags", StepSubmit, at(StatusDraft, person("bureau"), func(s *Situation) { s.Waivers, s.Studies, s.SubmittedWith = nil, nil, nil }), StatusSubmitted, ""},
		{"a draft that was changed after its assessment is not", StepSubmit, at(StatusDraft, person("bureau"), stale), StatusDraft, "assessment_current"},
		{"a draft that was never assessed is not", StepSubmit, at(StatusDraft, person("bureau"), func(s *Situation) { s.Assessment = nil }), StatusDraft, "assessment assessment_current assessment_age"},
		{"an old assessment does not do", StepSubmit, at(StatusDraft, person("bureau"), func(s *Situation) { s.Today = "2027-01-01" }), StatusDraft, "assessment_age"},
		{"an assessment of 180 days does", StepSubmit, at(StatusDraft, person("bureau"), func(s *Situation) { s.Assessment.Date = "2026-01-01" }), StatusSubmitted, ""},
		{"inputs that name nothing are current with nothing", StepSubmit, at(StatusDraft, person("bureau"), func(s *Situation) { s.Inputs, s.Assessment.Inputs = Inputs{}, Inputs{} }), StatusDraft, "assessment_current"},
		{"another person takes it into review", StepTakeReview, at(StatusSubmitted, person("risk1"), nil), StatusInReview, ""},
		{"who drafted it does not review it, in whatever role", StepTakeReview, at(StatusSubmitted, person("bureau2"), nil), StatusSubmitted, "four_eyes"},
		{"it is returned with a reason", StepReturn, at(StatusInReview, person("risk1"), func(s *Situation) { s.Reason = "收入偏乐观" }), StatusReturned, ""},
		{"it is not returned without one", StepReturn, at(StatusInReview, person("risk1"), nil), StatusInReview, "reason"},
		{"it is approved with flags that stand open", StepApprove, at(StatusInReview, person("risk1"), func(s *Situation) { s.Waivers = nil }), StatusApproved, ""},
		{"who submitted it does not approve it", StepApprove, at(StatusInReview, person("bureau"), nil), StatusInReview, "four_eyes"},
		{"a plan whose inputs changed is not approved", StepApprove, at(StatusInReview, person("risk1"), stale), StatusInReview, "assessment_current inputs_unchanged"},
		{"a new assessment does not heal the review", StepApprove, at(StatusInReview, person("risk1"), func(s *Situation) { stale(s); s.Assessment.Inputs = s.Inputs }), StatusInReview, "inputs_unchanged"},
		{"the service does not approve", StepApprove, at(StatusInReview, permit.SystemActor("x"), nil), StatusInReview, "four_eyes"},
		{"a plan that was not reviewed is not finalized", StepFinalize, at(StatusSubmitted, person("bureau"), nil), StatusSubmitted, "status approval"},
		{"an approved plan is revised with a reason only", StepRevise, at(StatusApproved, person("bureau"), nil), StatusApproved, "reason"},
		{"a returned one without", StepRevise, at(StatusReturned, person("bureau"), nil), StatusDraft, ""},
		{"a final one is not revised", StepRevise, at(StatusFinalized, person("bureau"), nil), StatusFinalized, "status"},
		{"the service reopens a final one", StepReopen, at(StatusFinalized, permit.SystemActor("sweep"), func(s *Situation) { s.Reason = "参数变化" }), StatusDraft, ""},
		{"a person does not reopen", StepReopen, at(StatusFinalized, person("risk1"), func(s *Situation) { s.Reason = "参数变化" }), StatusFinalized, "automatic"},
		{"a draft has nothing to reopen", StepReopen, at(StatusDraft, permit.SystemActor("sweep"), func(s *Situation) { s.Reason = "参数变化" }), StatusDraft, "status"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			got, err := TakePlan(test.step, test.s)
			if missing := codes(t, err); got != test.want || missing != test.missing {
				t.Errorf("status %s missing %q; want %s missing %q", got, missing, test.want, test.missing)
			}
		})
	}
}

func TestWhatTakesAPlanBackToDraft(t *testing.T) {
	expired := func(s *Situation) { s.Waivers[0].ExpiresOn = "2026-06-29" }
	revoked := func(at time.Time) func(*Situation) {
		return func(s *Situation) { s.Waivers[0].Status, s.Waivers[0].RevokedAt = StatusRevoked, at }
	}
	changed := func(s *Situation) { s.Inputs.Market = []Setting{{"lpr_5y", "0.034"}} }
	june := func(day, hour int) time.Time { return time.Date(2026, 6, day, hour, 0, 0, 0, time.UTC) }
	cases := []struct {
		name   string
		status Status
		change func(*Situation)
		want   string // words of the reason, empty where it stays
	}{
		{"an approved plan stays while nothing changes", StatusApproved, func(*Situation) {}, ""},
		{"a final plan stays although its assessment grows old", StatusFinalized, func(s *Situation) { s.Assessment.Date = "2020-01-01" }, ""},
		{"a submitted plan goes back when a market series changes", StatusSubmitted, changed, "lpr_5y：0.035 → 0.034"},
		{"a final one too", StatusFinalized, changed, "lpr_5y：0.035 → 0.034"},
		{"a draft has nowhere to go back to", StatusDraft, changed, ""},
		{"a returned one is with its author already", StatusReturned, changed, ""},
		{"a superseded one is history", StatusSuperseded, changed, ""},
		{"a waiver that expires takes an approved plan back", StatusApproved, expired, "豁免失效：红色“偿债备付率”"},
		{"and a final one", StatusFinalized, expired, "已于 2026-06-29 到期"},
		{"a waiver that had expired before it was submitted does not", StatusApproved, func(s *Situation) { expired(s); s.SubmittedAt = june(30, 9) }, ""},
		{"a waiver that is revoked takes it back", StatusInReview, revoked(june(1, 10)), "豁免失效"},
		{"one that was revoked before does not", StatusInReview, revoked(june(1, 8)), ""},
		{"a lapsed waiver beside one that holds takes nothing back", StatusApproved, func(s *Situation) {
			other := s.Waivers[0]
			other.ID = "waiv_2"
			expired(s)
			s.Waivers = append(s.Waivers, other)
		}, ""},
		{"a study that is changed takes a final plan back", StatusFinalized, func(s *Situation) { s.Studies.Finance.Investment = nil }, "投融资计划总投资"},
		{"an approved plan may still have its studies completed", StatusApproved, func(s *Situation) { s.Studies.Finance.Investment = nil }, ""},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			s := finalizable()
			s.Status = test.status
			test.change(&s)
			why := Reopening(s)
			if test.want == "" && len(why) > 0 || test.want != "" && (len(why) != 1 || !strings.Contains(why[0].ZH, test.want) || why[0].EN == "") {
				t.Errorf("got %v, want %q", why, test.want)
			}
		})
	}
}

func TestAViewShowsTheStepsOfTheStatus(t *testing.T) {
	s := finalizable()
	s.Status, s.Actor = StatusInReview, person("bureau")
	view := ViewPlan(s)
	var got []string
	for _, step := range view.Steps {
		got = append(got, string(step.Step))
		for _, code := range step.Missing {
			got = append(got, "-"+string(code))
		}
	}
	// The reason of returning and revising is given with the step, so it is not missing before.
	if want := "return -four_eyes approve -four_eyes revise"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", strings.Join(got, " "), want)
	}
}

func TestALongListIsShortenedInTheSentenceOnly(t *testing.T) {
	s := finalizable()
	for range 30 {
		s.Assessment.Broken = append(s.Assessment.Broken, Constraint{ID: "cash", Name: funding.Text{ZH: "现金"}, Unit: "yuan", Value: "-1.00", Limit: "0.00", Distance: "-1.00"})
	}
	condition := Missing(StepFinalize, s)[0]
	if len(condition.Items) != 30 || strings.Count(condition.ZH, "现金") != namedAtMost || !strings.Contains(condition.ZH, "另有 18 项") || !strings.Contains(condition.EN, "and 18 more") {
		t.Errorf("%d items: %s", len(condition.Items), condition.ZH)
	}
}
