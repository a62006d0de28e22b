package gate

import (
	"fmt"
	"slices"
	"strings"

	"zutuan/internal/funding"
	"zutuan/internal/money"
)

// condition evaluates one condition of a plan. A code without a rule is missing for ever, so that a mistake in the table
// shuts the gate and does not open it.
func (s *Situation) condition(code Code) Condition {
	switch code {
	case CodeRequirement:
		return s.requirementOpen()
	case CodeApproval:
		return s.approval()
	case CodeAssessment:
		return s.assessed()
	case CodeCurrent:
		return s.current()
	case CodeUnchanged:
		return s.unchanged()
	case CodeAge:
		return s.age()
	case CodeShortfall:
		return s.shortfall()
	case CodeFlags:
		return s.flags()
	case CodeDecided:
		return s.decided()
	case CodeAcknowledged:
		return s.acknowledged()
	case CodeStudies:
		return s.studiesComplete()
	case CodeConsistent:
		return s.studiesConsistent()
	}
	return unmet(code, "条件无法判断", "the condition cannot be evaluated", funding.Text{ZH: "请联系系统管理员", EN: "Ask the administrator"})
}

var assessFirst = funding.Text{ZH: "请先评估本方案", EN: "Assess the plan first"}

// unassessed is how every condition stands that only an assessment can tell.
func unassessed(code Code) Condition {
	return unmet(code, "没有评估，无法判断", "without an assessment nobody can tell", assessFirst)
}

// requirementOpen: a requirement that was never submitted may be planned for; one that was taken back may not.
func (s *Situation) requirementOpen() Condition {
	switch now := textOf(statusNames, s.Requirement); s.Requirement {
	case StatusDraft, StatusSubmitted:
		return met(CodeRequirement, fmt.Sprintf("资金需求%s", now.ZH), fmt.Sprintf("the requirement is %s", now.EN))
	case StatusWithdrawn:
		return unmet(CodeRequirement, "资金需求已撤回", "the requirement was withdrawn", funding.Text{ZH: "请先修改并重新提交资金需求", EN: "Revise the requirement and submit it again first"})
	default:
		return unmet(CodeRequirement, fmt.Sprintf("资金需求%s，不再融资", now.ZH), fmt.Sprintf("the requirement is %s and is financed no more", now.EN), funding.Text{ZH: "如仍需融资，请新建资金需求", EN: "Hand in a new requirement if it is to be financed after all"})
	}
}

func (s *Situation) approval() Condition {
	another := funding.Text{ZH: "请由未参与编制的风险审查员批准", EN: "Have a risk officer approve it who did not work on it"}
	switch {
	case s.Status != StatusApproved && s.Status != StatusFinalized || s.ApprovedBy == "":
		return unmet(CodeApproval, "还没有人批准本方案", "nobody has approved the plan", another)
	case len(s.Authors) == 0 || slices.Contains(s.Authors, ""):
		return unmet(CodeApproval, "没有记录编制人，无法确认是另一人批准的", "no author is on record, so nothing shows that another person approved it", funding.Text{ZH: "请先补记编制人", EN: "Record the author first"})
	case slices.Contains(s.Authors, s.ApprovedBy):
		return unmet(CodeApproval, fmt.Sprintf("批准人 %s 也是编制人", s.ApprovedBy), fmt.Sprintf("%s, who approved it, also worked on it", s.ApprovedBy), another)
	}
	return met(CodeApproval, fmt.Sprintf("已由 %s 批准", s.ApprovedBy), fmt.Sprintf("approved by %s", s.ApprovedBy))
}

func (s *Situation) assessed() Condition {
	if s.Assessment == nil {
		return unmet(CodeAssessment, "本方案没有评估", "the plan has no assessment", assessFirst)
	}
	return met(CodeAssessment, fmt.Sprintf("评估 %s，日期 %s", s.Assessment.ID, s.Assessment.Date), fmt.Sprintf("assessment %s of %s", s.Assessment.ID, s.Assessment.Date))
}

func (s *Situation) current() Condition {
	again := funding.Text{ZH: "请按现有输入重新评估", EN: "Assess the plan again on the inputs as they are now"}
	switch {
	case s.Assessment == nil:
		return unassessed(CodeCurrent)
	case !s.Inputs.Complete() || !s.Assessment.Inputs.Complete():
		return unmet(CodeCurrent, "评估或现有输入没有指明资金需求和方案", "the assessment or the present inputs do not name a requirement and a plan", again)
	}
	changes := Differences(s.Assessment.Inputs, s.Inputs)
	if len(changes) == 0 {
		return met(CodeCurrent, "评估所用输入与现在完全一致", "the assessment read exactly the inputs as they are now")
	}
	return itemized(CodeCurrent, fmt.Sprintf("评估 %s 之后输入有 %d 处变化：", s.Assessment.ID, len(changes)),
		fmt.Sprintf("inputs changed after assessment %s, in number %d: ", s.Assessment.ID, len(changes)), again, changeItems(changes))
}

// unchanged compares with what the plan was submitted with, so that a new assessment does not make up for a review that
// looked at something else.
func (s *Situation) unchanged() Condition {
	again := funding.Text{ZH: "请修改后重新评估、提交和审查", EN: "Revise the plan, then assess, submit and review it again"}
	if s.SubmittedWith == nil || !s.SubmittedWith.Complete() {
		return unmet(CodeUnchanged, "本方案没有提交过，或没有记录提交时的输入", "the plan was not submitted, or the inputs it was submitted with are not on record",
			funding.Text{ZH: "请评估后提交", EN: "Assess and submit it"})
	}
	changes := Differences(*s.SubmittedWith, s.Inputs)
	if len(changes) == 0 {
		return met(CodeUnchanged, "提交之后输入没有变化", "no input changed since the plan was submitted")
	}
	return itemized(CodeUnchanged, fmt.Sprintf("提交之后输入有 %d 处变化：", len(changes)), fmt.Sprintf("inputs changed since the plan was submitted, in number %d: ", len(changes)), again, changeItems(changes))
}

func changeItems(changes []Change) []Item {
	items := make([]Item, len(changes))
	for i, change := range changes {
		items[i] = Item{Subject: strings.TrimSpace(change.Kind + " " + change.ID), ZH: change.ZH, EN: change.EN, Value: change.After, Limit: change.Before}
	}
	return items
}

func (s *Situation) age() Condition {
	again := funding.Text{ZH: "请按当前日期重新评估", EN: "Assess the plan again as of today"}
	if s.Assessment == nil {
		return unassessed(CodeAge)
	}
	date := s.Assessment.Date
	if !date.Valid() || !s.Today.Valid() {
		return unmet(CodeAge, fmt.Sprintf("评估日期 %q 或今天 %q 不是日期", date, s.Today), fmt.Sprintf("the day of the assessment %q or today %q is no day", date, s.Today), again)
	}
	days := s.Today.Since(date)
	switch {
	case days < 0:
		return unmet(CodeAge, fmt.Sprintf("评估日期 %s 晚于今天 %s", date, s.Today), fmt.Sprintf("the assessment is of %s, after today %s", date, s.Today), again)
	case days > MaxAssessmentAgeDays:
		return unmet(CodeAge, fmt.Sprintf("评估日期 %s 距今 %d 天，超过 %d 天", date, days, MaxAssessmentAgeDays),
			fmt.Sprintf("the assessment of %s is %d days old, more than %d", date, days, MaxAssessmentAgeDays), again)
	}
	return met(CodeAge, fmt.Sprintf("评估日期 %s，距今 %d 天（上限 %d 天）", date, days, MaxAssessmentAgeDays), fmt.Sprintf("the assessment of %s is %d days old (at most %d)", date, days, MaxAssessmentAgeDays))
}

func (s *Situation) shortfall() Condition {
	if s.Assessment == nil {
		return unassessed(CodeShortfall)
	}
	a, items := s.Assessment, []Item{}
	if gap := a.UnfundedGap; gap != 0 {
		items = append(items, Item{Subject: "unfunded_gap", ZH: fmt.Sprintf("资金缺口 %s（自 %s）", gap.Show(money.Chinese), orDash(a.UnfundedFrom)),
			EN: fmt.Sprintf("unfunded gap %s (from %s)", gap.Show(money.English), orDash(a.UnfundedFrom)), Value: gap.String(), Limit: "0.00", Distance: (-gap).String()})
	}
	for _, broken := range a.Broken {
		items = append(items, broken.item())
	}
	switch {
	case len(items) > 0:
		return itemized(CodeShortfall, fmt.Sprintf("有 %d 项缺口或约束未满足：", len(items)), fmt.Sprintf("shortfalls and broken limits, in number %d: ", len(items)),
			funding.Text{ZH: "请增加资金来源、推迟投资或调整方案，再重新评估", EN: "Add sources, move investment later or change the plan, then assess it again"}, items)
	case a.Checked == 0:
		return unmet(CodeShortfall, "评估没有检查方案的约束", "the assessment judged no limits of the plan", assessFirst)
	}
	return met(CodeShortfall, fmt.Sprintf("没有资金缺口，%d 项约束全部满足", a.Checked), fmt.Sprintf("nothing is unfunded and all %d limits are kept", a.Checked))
}

func orDash(text string) string {
	if text == "" {
		return "—"
	}
	return text
}

func (c *Constraint) item() Item {
	place := strings.TrimSpace(c.Subject + " " + c.Quarter)
	if place != "" {
		place = " [" + place + "]"
	}
	each := shown(c.Unit, c.Value, c.Limit, c.Distance)
	value, limit, distance := each[0], each[1], each[2]
	return Item{Subject: c.ID,
		ZH:    fmt.Sprintf("%s%s：现为 %s，限值 %s，相差 %s", c.Name.ZH, place, value.ZH, limit.ZH, distance.ZH),
		EN:    fmt.Sprintf("%s%s: value %s, limit %s, distance %s", c.Name.In(money.English), place, value.EN, limit.EN, distance.EN),
		Value: c.Value, Limit: c.Limit, Distance: c.Distance}
}

// unitNames are the units of limits and flags as they stand after a figure; a ratio has none.
var unitNames = map[string]funding.Text{
	"quarters": {ZH: " 个季度", EN: " quarters"}, "years": {ZH: " 年", EN: " years"}, "ha": {ZH: " 公顷", EN: " ha"},
	"count": {},
}

// shown are figures of one unit as people read them; amounts are in 万元 or 亿元 where that hides nothing of any.
func shown(unit string, figures ...string) []funding.Text {
	texts, amounts := make([]funding.Text, len(figures)), make([]money.Amount, len(figures))
	for i, figure := range figures {
		amount, err := money.ParseAmount(figure)
		if unit == "yuan" && err != nil {
			unit = ""
		}
		amounts[i], texts[i] = amount, funding.Text{ZH: figure + unitNames[unit].ZH, EN: figure + unitNames[unit].EN}
	}
	if unit == "yuan" {
		zh, en := money.ShowAlike(money.Chinese, amounts...), money.ShowAlike(money.English, amounts...)
		for i := range texts {
			texts[i] = funding.Text{ZH: zh[i], EN: en[i]}
		}
	}
	return texts
}

func (s *Situation) flags() Condition {
	if s.Assessment == nil {
		return unassessed(CodeFlags)
	}
	blocking, waived, open := 0, []Item{}, []Item{}
	for _, flag := range s.Assessment.Flags {
		if !flag.Blocks && flag.Level != funding.LevelStop {
			continue
		}
		blocking++
		if item, covered := s.waived(flag); covered {
			waived = append(waived, item)
		} else {
			open = append(open, item)
		}
	}
	if len(open) > 0 {
		return itemized(CodeFlags, fmt.Sprintf("有 %d 个阻断标记未解决：", len(open)), fmt.Sprintf("blocking flags that stand open, in number %d: ", len(open)),
			funding.Text{ZH: "请调整方案使规则不再阻断；红、橙、黄标记也可由另一名风险审查员准予豁免，“禁止”不可豁免", EN: "Change the plan until the rules no longer block; a red, orange or yellow flag can also be waived by a second risk officer, a stop never"}, open)
	}
	condition := met(CodeFlags, fmt.Sprintf("阻断标记 %d 个，均已豁免", blocking), fmt.Sprintf("blocking flags: %d, all waived", blocking))
	if blocking == 0 {
		condition.ZH, condition.EN = "没有阻断标记", "no flag blocks"
	}
	condition.Items = append(condition.Items, waived...)
	return condition
}

// waived looks for a waiver that covers a flag. Where none does, the item says of every waiver of the rule why not.
func (s *Situation) waived(flag Flag) (Item, bool) {
	item := flag.item()
	if flag.Level == funding.LevelStop {
		item.ZH, item.EN = item.ZH+"（法律禁止，不可豁免）", item.EN+" (a legal prohibition; it cannot be waived)"
		return item, false
	}
	var whyZH, whyEN []string
	for _, waiver := range s.Waivers {
		ok, why := waiver.Holds(flag, s.Today)
		if ok {
			item.ZH += fmt.Sprintf("（由豁免 %s 覆盖，至 %s）", waiver.ID, waiver.ExpiresOn)
			item.EN += fmt.Sprintf(" (waived by %s until %s)", waiver.ID, waiver.ExpiresOn)
			return item, true
		}
		if waiver.Cover.About(flag) {
			whyZH, whyEN = append(whyZH, fmt.Sprintf("豁免 %s 无效：%s", waiver.ID, why.ZH)), append(whyEN, fmt.Sprintf("waiver %s does not hold: %s", waiver.ID, why.EN))
		}
	}
	if len(whyZH) > 0 {
		item.ZH, item.EN = item.ZH+"（"+strings.Join(whyZH, "，")+"）", item.EN+" ("+strings.Join(whyEN, ", ")+")"
	}
	return item, false
}

// item names a flag with its value, threshold and the first thing that would lower it.
func (f Flag) item() Item {
	level, name := levelNames[f.Level], f.Name.In(money.English)
	item := Item{Subject: f.subject(), Limit: f.Limit, ZH: fmt.Sprintf("%s“%s”（%s）", level.ZH, f.Name.ZH, f.subject()), EN: fmt.Sprintf("%s %q (%s)", level.EN, name, f.subject())}
	if f.Value != nil {
		// The threshold has its operator before it, "> 40".
		operator, limit, bounded := strings.Cut(f.Limit, " ")
		figures := []string{*f.Value}
		if bounded {
			figures = append(figures, limit)
		}
		each := shown(f.Unit, figures...)
		item.Value = *f.Value
		item.ZH, item.EN = item.ZH+"现为 "+each[0].ZH, item.EN+" is "+each[0].EN
		if bounded {
			item.ZH, item.EN = item.ZH+"，界限 "+operator+" "+each[1].ZH, item.EN+", threshold "+operator+" "+each[1].EN
		}
	}
	if f.Lender != "" {
		item.ZH, item.EN = item.ZH+"，机构 "+f.Lender, item.EN+", lender "+f.Lender
	}
	if len(f.Mitigation) > 0 {
		item.ZH, item.EN = item.ZH+"，可"+f.Mitigation[0].ZH, item.EN+"; what lowers it: "+f.Mitigation[0].In(money.English)
	}
	return item
}

func (s *Situation) decided() Condition {
	if s.Assessment == nil {
		return unassessed(CodeDecided)
	}
	var items []Item
	for _, flag := range s.Assessment.Flags {
		if flag.MayBe == "" {
			continue
		}
		var zh, en []string
		for _, fact := range flag.Missing {
			zh, en = append(zh, fact.ZH), append(en, fact.In(money.English))
		}
		item := Item{Subject: flag.subject(), ZH: fmt.Sprintf("“%s”可能为“%s”", flag.Name.ZH, levelNames[flag.MayBe].ZH), EN: fmt.Sprintf("%q may be %s", flag.Name.In(money.English), levelNames[flag.MayBe].EN)}
		if len(zh) > 0 {
			item.ZH, item.EN = item.ZH+"，缺 "+strings.Join(zh, "、"), item.EN+", missing "+strings.Join(en, ", ")
		}
		items = append(items, item)
	}
	if len(items) > 0 {
		return itemized(CodeDecided, fmt.Sprintf("有 %d 条可能阻断的规则因缺少资料无法判断：", len(items)), fmt.Sprintf("rules that could block and cannot be decided, in number %d: ", len(items)),
			funding.Text{ZH: "请在所写的位置补充所缺资料后重新评估", EN: "Supply what is missing where it says, then assess the plan again"}, items)
	}
	return met(CodeDecided, "可能阻断的规则都已有结论", "every rule that could block is decided")
}

func (s *Situation) acknowledged() Condition {
	if s.Assessment == nil {
		return unassessed(CodeAcknowledged)
	}
	var items []Item
	for _, flag := range s.Assessment.Flags {
		if flag.needsAcknowledgement() && !s.known(flag) {
			items = append(items, flag.item())
		}
	}
	if len(items) > 0 {
		return itemized(CodeAcknowledged, fmt.Sprintf("有 %d 个不阻断的标记未确认知悉（或确认后变差）：", len(items)), fmt.Sprintf("flags that do not block and were not acknowledged as they stand, in number %d: ", len(items)),
			funding.Text{ZH: "请由编制方逐项核对后对方案进行“确认知悉”（acknowledge）", EN: "Have the bureau look at each of them and acknowledge them (the step acknowledge of the plan)"}, items)
	}
	return met(CodeAcknowledged, "不阻断的标记都已确认知悉", "every flag that does not block is acknowledged")
}

// known reports whether somebody acknowledged a flag as it stands or worse, by today.
func (s *Situation) known(flag Flag) bool {
	return slices.ContainsFunc(s.Acknowledgements, func(a Acknowledgement) bool {
		ok, _ := a.Cover.Reaches(flag)
		return ok && a.By != "" && a.On.Valid() && a.On <= s.Today
	})
}

// Reopening says why a plan that was submitted cannot stay where it is: an input is another than it was submitted with, a
// waiver lapsed that it had when it was submitted, or, once it is final, a study was changed so that the five no longer
// agree. Empty: it stays. The texts are the reason of StepReopen. That an assessment grows old is no reason.
func Reopening(s Situation) []funding.Text {
	if _, ok := PlanLife.Find(StepReopen, s.Status); !ok {
		return nil
	}
	asked := []Code{CodeUnchanged}
	if s.Status == StatusFinalized {
		asked = []Code{CodeUnchanged, CodeFlags, CodeStudies, CodeConsistent}
	}
	var why []funding.Text
	for _, code := range asked {
		if condition := s.condition(code); !condition.Satisfied {
			why = append(why, funding.Text{ZH: condition.ZH, EN: condition.EN})
		}
	}
	if s.Status != StatusFinalized {
		why = append(why, s.lapsed()...)
	}
	return why
}

// lapsed names the flags left open by a waiver that held when the plan was submitted and holds no longer. One that lapsed
// before is no reason: the plan was submitted with the flag open.
func (s *Situation) lapsed() []funding.Text {
	if s.Assessment == nil || s.SubmittedAt.IsZero() {
		return nil
	}
	since := func(waiver Waiver) bool {
		switch waiver.StatusOn(s.Today) {
		case StatusExpired:
			return waiver.ExpiresOn >= DayOf(s.SubmittedAt)
		case StatusRevoked:
			return waiver.RevokedAt.After(s.SubmittedAt)
		}
		return false
	}
	var why []funding.Text
	for _, flag := range s.Assessment.Flags {
		about := slices.ContainsFunc(s.Waivers, func(waiver Waiver) bool { return waiver.Cover.About(flag) && since(waiver) })
		if item, covered := s.waived(flag); about && flag.Blocks && !covered {
			why = append(why, funding.Text{ZH: "豁免失效：" + item.ZH, EN: "a waiver lapsed: " + item.EN})
		}
	}
	return why
}
