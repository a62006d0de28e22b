package gate

import (
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/risk"
)

// MaxAssessmentAgeDays is how old an assessment may be when a step rests on it, although none of its inputs changed: half
// a year, because the figures that nobody touches (the fiscal profile of last year) age too.
const MaxAssessmentAgeDays = 180

// Assessed is what the gate needs of an assessment of a plan; it is kept with the assessment's record.
type Assessed struct {
	ID string `json:"id"`
	// Date is the day that the assessment is about. It is beside Inputs, not in them.
	Date   Day    `json:"date"`
	Inputs Inputs `json:"inputs"`

	UnfundedGap  money.Amount `json:"unfunded_gap"`
	UnfundedFrom string       `json:"unfunded_from,omitempty"`
	// Checked counts the limits that were judged; Broken are those that are not kept, the worst first.
	Checked int          `json:"checked"`
	Broken  []Constraint `json:"broken"`
	// Flags are those that are not green, worst first, without analogues.
	Flags []Flag `json:"flags"`
}

// Constraint is a limit with where the plan stands; it has the fields of planner.ConstraintAnswer in their order, so that
// one converts to the other.
type Constraint struct {
	ID        string       `json:"id"`
	Name      funding.Text `json:"name"`
	Subject   string       `json:"subject,omitempty"`
	Quarter   string       `json:"quarter,omitempty"`
	Unit      string       `json:"unit"`
	Value     string       `json:"value"`
	Limit     string       `json:"limit"`
	Distance  string       `json:"distance"`
	Satisfied bool         `json:"satisfied"`
}

// Flag is what the gate needs of one flag.
type Flag struct {
	Pack        string        `json:"pack"`
	PackVersion int           `json:"pack_version"`
	Rule        string        `json:"rule"`
	Name        funding.Text  `json:"name"`
	Lender      string        `json:"lender,omitempty"`
	Level       funding.Level `json:"level"`
	Value       *string       `json:"value,omitempty"`
	Unit        string        `json:"unit,omitempty"`
	// Limit is the threshold of the present level with its operator, "< 1.100000"; empty for a gate.
	Limit string `json:"limit,omitempty"`
	// Worse says which way the value gets worse: higher, lower, or empty where the rule does not compare it.
	Worse string `json:"worse,omitempty"`
	// Blocks says that the flag stands against finalizing. MayBe is the level that it might have, and block at, if the
	// facts under Missing were known; empty where nothing is in doubt.
	Blocks     bool           `json:"blocks"`
	MayBe      funding.Level  `json:"may_be,omitempty"`
	Missing    []funding.Text `json:"missing,omitempty"`
	Mitigation []funding.Text `json:"mitigation,omitempty"`
}

var levelNames = map[funding.Level]funding.Text{
	funding.LevelGreen: {ZH: "绿色", EN: "green"}, funding.LevelYellow: {ZH: "黄色", EN: "yellow"}, funding.LevelOrange: {ZH: "橙色", EN: "orange"},
	funding.LevelRed: {ZH: "红色", EN: "red"}, funding.LevelStop: {ZH: "禁止", EN: "stop"}, funding.LevelUndecided: {ZH: "未决", EN: "undecided"},
}

// NewAssessed takes what the gate needs out of an assessment and the judged limits of its plan (all of them, kept and
// broken).
func NewAssessed(id string, inputs Inputs, a *risk.Assessment, constraints []Constraint) *Assessed {
	out := &Assessed{ID: id, Date: Day(a.Date), Inputs: inputs.Canonical(), UnfundedGap: a.Plan.UnfundedGap, Checked: len(constraints), Broken: []Constraint{}, Flags: []Flag{}}
	if a.Plan.UnfundedFrom != nil {
		out.UnfundedFrom = a.Plan.UnfundedFrom.String()
	}
	for _, constraint := range constraints {
		if !constraint.Satisfied {
			out.Broken = append(out.Broken, constraint)
		}
	}
	slices.SortStableFunc(out.Broken, func(a, b Constraint) int { return b.severity().Cmp(a.severity()) })
	for i := range a.Flags {
		flag := &a.Flags[i]
		if flag.Level != funding.LevelGreen && flag.Level != funding.LevelNotApplicable && !slices.Contains(flag.Labels, risk.LabelAnalogue) {
			out.Flags = append(out.Flags, newFlag(flag))
		}
	}
	// What the summary holds undecided without a rule (no pack is in force) has no flag.
	for _, reference := range a.Summary.Unresolved {
		if reference.Rule == "" {
			out.Flags = append(out.Flags, Flag{Name: reference.Name, Level: funding.LevelUndecided, MayBe: funding.LevelStop})
		}
	}
	return out
}

// severity is by how much of its limit a constraint is broken; zero where the texts are not numbers.
func (c *Constraint) severity() money.Decimal {
	distance, errDistance := plain(c.Distance)
	limit, errLimit := plain(c.Limit)
	switch {
	case errDistance != nil:
		return money.Zero
	case errLimit != nil || limit.IsZero():
		return distance.Neg()
	}
	return distance.Neg().DivRound(limit.Abs(), 12)
}

// plain reads a decimal as this program writes them, of any size.
func plain(text string) (money.Decimal, error) {
	if len(text) > 64 || strings.ContainsAny(text, "eE") {
		return money.Zero, money.ErrNotANumber
	}
	return decimal.NewFromString(text)
}

func newFlag(flag *risk.Flag) Flag {
	out := Flag{Pack: flag.Pack, PackVersion: flag.PackVersion, Rule: flag.Rule, Name: flag.Name, Lender: flag.Lender, Level: flag.Level, Value: flag.Value, Unit: flag.Unit,
		Blocks: flag.Blocks, Mitigation: flag.Mitigation}
	directions := map[string]bool{}
	for _, threshold := range flag.Thresholds {
		switch {
		case strings.HasPrefix(threshold.Operator, ">"):
			directions[WorseHigher] = true
		case strings.HasPrefix(threshold.Operator, "<"):
			directions[WorseLower] = true
		}
		if threshold.Level == flag.Level && threshold.Operator != "" && threshold.Value != nil {
			out.Limit = threshold.Operator + " " + *threshold.Value
		}
	}
	if len(directions) == 1 {
		for _, direction := range []string{WorseHigher, WorseLower} {
			if directions[direction] {
				out.Worse = direction
			}
		}
	}
	out.doubt(flag)
	return out
}

// doubt notes the worst level that an undecided rule might have. A decided one may be in doubt too: a worse level than
// its own could not be decided. An officially notified grade leaves none.
func (f *Flag) doubt(flag *risk.Flag) {
	undecided := flag.Level == funding.LevelUndecided
	if !undecided && (flag.OfficialGrade != "" || len(flag.Missing) == 0) {
		return
	}
	for _, threshold := range flag.Thresholds {
		if (undecided || risk.Worse(threshold.Level, flag.Level)) && blocks(threshold.Level, flag.BlocksFrom) && (f.MayBe == "" || risk.Worse(threshold.Level, f.MayBe)) {
			f.MayBe = threshold.Level
		}
	}
	if f.MayBe == "" {
		return
	}
	for _, fact := range flag.Missing {
		f.Missing = append(f.Missing, asked(fact))
	}
}

// papers are where the facts of a group are entered; the other groups are computed from these.
var papers = map[string]funding.Text{
	"fiscal": {ZH: "财政概况", EN: "the fiscal profile"}, "debt": {ZH: "存量债务台账", EN: "the ledger"}, "zone": {ZH: "边合区资料", EN: "the zone's record"},
	"borrower": {ZH: "资金需求的 borrower（借款人）", EN: "borrower of the requirement"}, "security": {ZH: "资金需求的 security（增信）", EN: "security of the requirement"},
	"project": {ZH: "资金需求的 project（项目）", EN: "project of the requirement"}, "cluster": {ZH: "资金需求的 cluster（组团）", EN: "cluster of the requirement"},
	"need": {ZH: "资金需求", EN: "the requirement"}, "market": {ZH: "市场数据（系统管理员录入）", EN: "the market data, entered by an administrator"},
}

// asked names a missing fact with who enters it where.
func asked(fact risk.MissingFact) funding.Text {
	group, _, _ := strings.Cut(fact.Fact, ".")
	where, known := papers[group]
	switch {
	case fact.Fact == "lender.group_exposure":
		where, known = funding.Text{ZH: "资金需求的 borrower.group_exposures，机构 " + fact.Lender, EN: "borrower.group_exposures of the requirement, institution " + fact.Lender}, true
	case group == "lender":
		where, known = funding.Text{ZH: "由系统管理员登记在机构 " + fact.Lender + " 的资料中", EN: "entered by an administrator in the record of the institution " + fact.Lender}, true
	}
	if !known {
		return fact.Name
	}
	return funding.Text{ZH: fact.Name.ZH + "（" + where.ZH + "）", EN: fact.Name.In(money.English) + " (" + where.EN + ")"}
}

// blocks is the rule of the risk packs: from a rule's own level on, and a stop always.
func blocks(level, from funding.Level) bool {
	return level == funding.LevelStop || from != "" && level != funding.LevelGreen && !risk.Worse(from, level)
}

// needsAcknowledgement is a decided flag that does not stand against finalizing and is not green.
func (f Flag) needsAcknowledgement() bool {
	switch f.Level {
	case funding.LevelYellow, funding.LevelOrange, funding.LevelRed:
		return !f.Blocks
	}
	return false
}

func (f Flag) subject() string { return f.Pack + "/" + f.Rule }
