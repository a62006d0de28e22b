package gate

import (
	"fmt"
	"strings"
	"time"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/risk"
)

// MaxWaiverDays bounds how long a waiver holds, from the day it is granted: a year and a day, so that the yearly round of
// reviews meets every waiver.
const MaxWaiverDays = 366

// The ways in which the value of a rule gets worse.
const (
	WorseHigher = "higher"
	WorseLower  = "lower"
)

// Cover is what a waiver or an acknowledgement reaches: one rule, no worse than a level and a value.
type Cover struct {
	Pack string `json:"pack"`
	Rule string `json:"rule"`
	// Lender is the institution that a lender-side rule is about.
	Lender string `json:"lender,omitempty"`
	// Level is the worst level covered.
	Level funding.Level `json:"level"`
	// WorstValue is the worst value covered, in Unit; nil for a rule without a value (a gate).
	WorstValue *string `json:"worst_value,omitempty"`
	Unit       string  `json:"unit,omitempty"`
}

// CoverOf is the cover of a flag exactly as it stands.
func CoverOf(flag Flag) Cover {
	return Cover{Pack: flag.Pack, Rule: flag.Rule, Lender: flag.Lender, Level: flag.Level, WorstValue: flag.Value, Unit: flag.Unit}
}

// About reports whether the cover is about the flag's rule, whatever the flag's level.
func (c Cover) About(flag Flag) bool { return c.Pack == flag.Pack && c.Rule == flag.Rule }

// Reaches reports whether the cover reaches the flag as it stands, and where it does not, why.
func (c Cover) Reaches(flag Flag) (bool, funding.Text) {
	switch {
	case !c.About(flag):
		return false, funding.Text{ZH: "针对的是另一条规则", EN: "it is about another rule"}
	case c.Lender != flag.Lender:
		return false, funding.Text{ZH: fmt.Sprintf("针对机构 %q，现在是 %q", c.Lender, flag.Lender), EN: fmt.Sprintf("it is about the lender %q, the flag is about %q", c.Lender, flag.Lender)}
	case risk.Worse(flag.Level, c.Level):
		return false, funding.Text{ZH: fmt.Sprintf("只覆盖到“%s”，现为“%s”", levelNames[c.Level].ZH, levelNames[flag.Level].ZH), EN: fmt.Sprintf("it reaches up to %s, the flag is %s", levelNames[c.Level].EN, levelNames[flag.Level].EN)}
	case c.WorstValue == nil && flag.Value == nil:
		return true, funding.Text{}
	case c.WorstValue == nil || flag.Value == nil || c.Unit != flag.Unit:
		return false, funding.Text{ZH: "所载数值与现在的标记不可比", EN: "the value it states cannot be compared with the flag's"}
	}
	return c.reachesValue(flag)
}

func (c Cover) reachesValue(flag Flag) (bool, funding.Text) {
	limit, errLimit := money.ParseRate(*c.WorstValue)
	value, errValue := money.ParseRate(*flag.Value)
	if errLimit != nil || errValue != nil {
		// Beyond what a rate can be (an amount in yuan, for one): equal text is equal, anything else cannot be compared.
		limit, errLimit = plain(*c.WorstValue)
		value, errValue = plain(*flag.Value)
	}
	if errLimit != nil || errValue != nil {
		return false, funding.Text{ZH: "所载数值与现在的标记不可比", EN: "the value it states cannot be compared with the flag's"}
	}
	beyond := !value.Equal(limit)
	switch flag.Worse {
	case WorseHigher:
		beyond = value.GreaterThan(limit)
	case WorseLower:
		beyond = value.LessThan(limit)
	}
	if beyond {
		return false, funding.Text{ZH: fmt.Sprintf("只覆盖到 %s，现为 %s", *c.WorstValue, *flag.Value), EN: fmt.Sprintf("it reaches up to %s, the value is %s", *c.WorstValue, *flag.Value)}
	}
	return true, funding.Text{}
}

// Waiver lets a plan be finalized although a rule is broken: for one rule, up to a level and value, for a time, by a
// second person. A stop is never waived.
type Waiver struct {
	ID     string `json:"id"`
	Status Status `json:"status"`
	Cover  Cover  `json:"cover"`
	Reason string `json:"reason"`
	// Evidence refers to the paper that the waiver rests on.
	Evidence    string `json:"evidence"`
	RequestedBy string `json:"requested_by"`
	RequestedOn Day    `json:"requested_on"`
	// GrantedBy and GrantedOn are empty before it is granted.
	GrantedBy string `json:"granted_by,omitempty"`
	GrantedOn Day    `json:"granted_on,omitempty"`
	// ExpiresOn is the last day on which it holds.
	ExpiresOn Day `json:"expires_on"`
	// RevokedAt is the moment of revoking, zero where it was not.
	RevokedAt time.Time `json:"revoked_at,omitzero"`
}

// StatusOn is the status as it is shown on a day: a granted waiver is expired after its last day.
func (w Waiver) StatusOn(today Day) Status {
	if w.Status == StatusGranted && today > w.ExpiresOn {
		return StatusExpired
	}
	return w.Status
}

// Holds reports whether a waiver covers a flag on a day, and where it does not, why. It takes nothing on trust from the
// step that granted it: every condition is asked again.
func (w Waiver) Holds(flag Flag, today Day) (bool, funding.Text) {
	if ok, why := w.Cover.Reaches(flag); !ok {
		return false, why
	}
	status := w.StatusOn(today)
	switch {
	case flag.Level == funding.LevelStop:
		return false, funding.Text{ZH: "法律禁止事项不可豁免", EN: "a legal prohibition cannot be waived"}
	case status == StatusExpired:
		return false, funding.Text{ZH: fmt.Sprintf("已于 %s 到期", w.ExpiresOn), EN: fmt.Sprintf("it expired on %s", w.ExpiresOn)}
	case status != StatusGranted:
		name := textOf(statusNames, status)
		return false, funding.Text{ZH: "状态为“" + name.ZH + "”", EN: "it is " + name.EN}
	case w.GrantedBy == "" || w.RequestedBy == "" || w.GrantedBy == w.RequestedBy:
		return false, funding.Text{ZH: "不是由申请人以外的人准予的", EN: "it was not granted by another person than asked for it"}
	case strings.TrimSpace(w.Reason) == "" || strings.TrimSpace(w.Evidence) == "":
		return false, funding.Text{ZH: "没有写明理由或依据", EN: "it states no reason or no evidence"}
	case !today.Valid() || !w.GrantedOn.Valid() || !w.ExpiresOn.Valid() || w.GrantedOn > today || w.ExpiresOn.Since(w.GrantedOn) > MaxWaiverDays:
		return false, funding.Text{ZH: fmt.Sprintf("期限 %s 至 %s 不合要求（最长 %d 天）", w.GrantedOn, w.ExpiresOn, MaxWaiverDays), EN: fmt.Sprintf("its term %s to %s is not a lawful one (at most %d days)", w.GrantedOn, w.ExpiresOn, MaxWaiverDays)}
	}
	return true, funding.Text{}
}

// Acknowledgement says that a person has taken note of a flag that does not block, as it stood.
type Acknowledgement struct {
	Cover Cover  `json:"cover"`
	By    string `json:"by"`
	On    Day    `json:"on"`
	Note  string `json:"note,omitempty"`
}

// Acknowledge makes the acknowledgements of all flags of an assessment that need one.
func Acknowledge(a *Assessed, by string, on Day, note string) []Acknowledgement {
	list := []Acknowledgement{}
	for _, flag := range a.Flags {
		if flag.needsAcknowledgement() {
			list = append(list, Acknowledgement{Cover: CoverOf(flag), By: by, On: on, Note: note})
		}
	}
	return list
}

// WaiverTerms evaluates what a waiver must state, when it is asked for and again when it is granted: a reason, evidence,
// a last day after today and within MaxWaiverDays, and a cover that reaches the flag as the newest assessment raises it.
func WaiverTerms(w Waiver, a *Assessed, today Day) []Condition {
	return []Condition{w.reason(), w.evidence(), w.expiry(today), w.cover(a)}
}

// RequestWaiver is the refusal of a waiver whose terms do not do, nil where they do.
func RequestWaiver(w Waiver, a *Assessed, today Day) error {
	if refusal := Refusal(NounWaiver, stepRequest, WaiverTerms(w, a, today)); refusal != nil {
		return refusal
	}
	return nil
}

// stepRequest is how a waiver begins; it leads from nowhere, so it is in no table.
const stepRequest Step = "request"

// WaiverSituation is a waiver with what its steps are decided on.
type WaiverSituation struct {
	Moment
	Waiver Waiver
	// Assessment is the newest one of the plan.
	Assessment *Assessed
	Today      Day
}

// CheckWaiver evaluates everything that a step asks of a waiver. Status and author are the waiver's own; Authors may name
// further people who may not decide on it.
func CheckWaiver(step Step, s WaiverSituation) []Condition {
	s.Status, s.Authors = s.Waiver.StatusOn(s.Today), append([]string{s.Waiver.RequestedBy}, s.Authors...)
	conditions := WaiverLife.Check(step, s.Moment)
	if row, _ := WaiverLife.rule(step, s.Status); len(row.Conditions) > 0 {
		conditions = append(conditions, WaiverTerms(s.Waiver, s.Assessment, s.Today)...)
	}
	return conditions
}

// TakeWaiver returns the status to which a step leads, or the refusal with everything that is missing.
func TakeWaiver(step Step, s WaiverSituation) (Status, error) {
	return WaiverLife.take(step, s.Waiver.StatusOn(s.Today), CheckWaiver(step, s))
}

func (w Waiver) reason() Condition {
	if strings.TrimSpace(w.Reason) == "" {
		return unmet(CodeWaiverReason, "豁免没有写明理由", "the waiver states no reason", funding.Text{ZH: "请写明为什么可以豁免", EN: "Say why it may be waived"})
	}
	return met(CodeWaiverReason, "已写明理由", "a reason is given")
}

func (w Waiver) evidence() Condition {
	if strings.TrimSpace(w.Evidence) == "" {
		return unmet(CodeWaiverEvidence, "豁免没有写明依据", "the waiver refers to no evidence", funding.Text{ZH: "请写明依据的文件或文号", EN: "Name the paper that it rests on"})
	}
	return met(CodeWaiverEvidence, "依据："+w.Evidence, "evidence: "+w.Evidence)
}

func (w Waiver) expiry(today Day) Condition {
	if !today.Valid() || !w.ExpiresOn.Valid() || w.ExpiresOn <= today || w.ExpiresOn.Since(today) > MaxWaiverDays {
		latest := today
		if today.Valid() {
			latest = today.Add(MaxWaiverDays)
		}
		return unmet(CodeWaiverExpiry, fmt.Sprintf("到期日 %q 不合要求，今天是 %s", w.ExpiresOn, today), fmt.Sprintf("the last day %q does not do; today is %s", w.ExpiresOn, today),
			funding.Text{ZH: fmt.Sprintf("到期日应晚于 %s，不晚于 %s（最长 %d 天）", today, latest, MaxWaiverDays), EN: fmt.Sprintf("It has to be after %s and no later than %s (at most %d days)", today, latest, MaxWaiverDays)})
	}
	return met(CodeWaiverExpiry, fmt.Sprintf("有效至 %s", w.ExpiresOn), fmt.Sprintf("it holds until %s", w.ExpiresOn))
}

func (w Waiver) cover(a *Assessed) Condition {
	if a == nil {
		return unassessed(CodeWaiverCover)
	}
	remedy := funding.Text{ZH: "请按最新评估中的标记填写规则、级别和最差数值", EN: "State rule, level and worst value as the newest assessment raises the flag"}
	for _, flag := range a.Flags {
		if !w.Cover.About(flag) {
			continue
		}
		item := flag.item()
		reaches, why := w.Cover.Reaches(flag)
		switch {
		case flag.Level == funding.LevelStop || w.Cover.Level == funding.LevelStop:
			return unmet(CodeWaiverCover, item.ZH+"：法律禁止，不可豁免", item.EN+": a legal prohibition, it cannot be waived", funding.Text{ZH: "请调整方案", EN: "Change the plan"}, item)
		case !flag.Blocks:
			return unmet(CodeWaiverCover, item.ZH+"：不阻断定稿，无需豁免", item.EN+": it does not block, no waiver is needed", funding.Text{ZH: "确认知悉即可", EN: "An acknowledgement is enough"}, item)
		case !reaches:
			return unmet(CodeWaiverCover, item.ZH+"："+why.ZH, item.EN+": "+why.EN, remedy, item)
		}
		return met(CodeWaiverCover, "覆盖 "+item.ZH, "it covers "+item.EN)
	}
	return unmet(CodeWaiverCover, fmt.Sprintf("最新评估中没有标记 %s/%s", w.Cover.Pack, w.Cover.Rule), fmt.Sprintf("the newest assessment raises no flag %s/%s", w.Cover.Pack, w.Cover.Rule), remedy)
}
