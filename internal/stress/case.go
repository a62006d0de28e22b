package stress

import (
	"fmt"

	"github.com/shopspring/decimal"

	"zutuan/internal/cashflow"
	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/plan"
	"zutuan/internal/risk"
)

// Case is a plan with everything that a stress reaches.
type Case struct {
	Requirement *funding.Requirement
	// Conditions are the compiled starts of waiting units, as cashflow.Input has them.
	Conditions map[string]cashflow.StartCondition
	// Sources are the lines of the plan, in the order in which they are drawn.
	Sources []Source
	// Ledger holds the instruments that Requirement.DebtService names; nil where it names none.
	Ledger *funding.Ledger
	// Fiscal may be nil: contingent liabilities then cannot be tried.
	Fiscal *funding.FiscalProfile
	// Assess judges the fiscal and debt risk of a stressed case; nil leaves flags out.
	Assess func(Chain) (*risk.Assessment, error)

	// planned keeps the unstressed cash by length of statement; a case is not for concurrent use because of it.
	planned map[int][]money.Amount
	// remembered keeps runs by their factors; nil keeps none.
	remembered map[string]*Chain
}

// Remember makes a case keep what its scenarios come to, for whoever holds several packs against one plan: a stress that two
// scenarios share is run once.
func (c *Case) Remember() { c.remembered = map[string]*Chain{} }

// recall is Run, or what a run of the same factors came to.
func (c *Case) recall(factors Factors) (*Chain, error) {
	if c.remembered == nil {
		return c.Run(factors)
	}
	key := fmt.Sprint(factors)
	if known := c.remembered[key]; known != nil {
		return known, nil
	}
	chain, err := c.Run(factors)
	if err == nil {
		c.remembered[key] = chain
	}
	return chain, err
}

// Chain is one run of the whole chain under a stress: what it changed, and what came of it.
type Chain struct {
	Factors     Factors
	Requirement *funding.Requirement
	// Statement is as long as the plan needs; Horizon is the same simulation over the horizon alone, nil where nobody
	// assesses risk.
	Statement  *cashflow.Result
	Horizon    *cashflow.Result
	Lines      []plan.Line
	Existing   []*loan.Schedule
	Fiscal     *funding.FiscalProfile
	Evaluation *plan.Evaluation
	Assessment *risk.Assessment
}

// Check returns what keeps a case from being stressed: document.Problems, or nil.
func (c *Case) Check() error {
	var problems document.Problems
	seen := map[string]bool{}
	for i := range c.Sources {
		source := &c.Sources[i]
		path := fmt.Sprintf("lines[%d]", i)
		if seen[source.Line.ID] {
			problems = append(problems, document.Problem{Path: path + ".id", Code: "duplicate_id", ZH: "方案来源标识 " + source.Line.ID + " 重复", EN: "the line " + source.Line.ID + " appears twice"})
		}
		seen[source.Line.ID] = true
		if schedule := source.Line.Schedule; schedule != nil && schedule.Start < c.Requirement.Start {
			problems = append(problems, document.Problem{Path: path + ".start", Code: "early", ZH: "方案来源 " + source.Line.ID + " 早于需求起始季度 " + c.Requirement.Start.String() + " 签约，应记入存量债务台账",
				EN: "the line " + source.Line.ID + " is signed before the requirement starts in " + c.Requirement.Start.String() + "; it belongs into the ledger of existing debt"})
		}
		if source.Line.Schedule != nil && source.Terms.Tenor <= 0 {
			problems = append(problems, document.Problem{Path: path + ".terms", Code: "missing", ZH: "方案来源 " + source.Line.ID + " 没有借款条件，无法重新排定提款与还本", EN: "the line " + source.Line.ID + " has no terms, so that it cannot be drawn and repaid anew"})
		} else if source.Line.Schedule != nil && len(source.Line.Schedule.Rows) != source.Terms.Tenor {
			problems = append(problems, document.Problem{Path: path + ".terms.tenor", Code: "tenor", ZH: fmt.Sprintf("方案来源 %s 的期限 %d 季与其还款计划的 %d 季不符", source.Line.ID, source.Terms.Tenor, len(source.Line.Schedule.Rows)),
				EN: fmt.Sprintf("the tenor of %s is %d quarters, its schedule has %d", source.Line.ID, source.Terms.Tenor, len(source.Line.Schedule.Rows))})
		}
	}
	return problems.Err()
}

// Run runs the chain under a stress. The error is that of a simulation (amounts that leave the exact range), of a
// schedule, or of the assessment.
func (c *Case) Run(factors Factors) (*Chain, error) {
	chain, err := c.runPlan(factors)
	if err != nil {
		return nil, err
	}
	return chain, c.assess(chain)
}

// runPlan is Run without the assessment.
func (c *Case) runPlan(factors Factors) (*Chain, error) {
	if problem := factors.check(); problem.ZH != "" {
		return nil, document.Problems{{Path: "factors", Code: "size", ZH: problem.ZH, EN: problem.EN}}
	}
	if factors.Exchange.AfterDraws {
		factors.Exchange.From = c.afterForeignDraws()
	}
	existing := c.Existing(factors)
	length := plan.Quarters(c.Requirement, Lines(c.Sources), existing)
	for {
		chain, err := c.runOver(factors, existing, length)
		if err != nil {
			return nil, err
		}
		need := plan.Quarters(chain.Requirement, chain.Lines, existing)
		if need <= length {
			return chain, nil
		}
		// A loan that is signed earlier moves the loan years, the last of which may now end later.
		length = need
	}
}

func (c *Case) runOver(factors Factors, existing []*loan.Schedule, length int) (*Chain, error) {
	requirement, statement, err := c.simulate(&factors, serviceOf(existing, c.Requirement, length), length)
	if err != nil {
		return nil, err
	}
	closing, err := c.PlannedCash(length)
	if err != nil {
		return nil, err
	}
	lines, err := newDrawing(&factors, requirement, statement, c.Sources, closing).find(c.Sources)
	if err != nil {
		return nil, err
	}
	chain := &Chain{Factors: factors, Requirement: requirement, Statement: statement, Lines: lines, Existing: existing, Fiscal: c.fiscal(&factors)}
	chain.Evaluation = evaluate(chain)
	return chain, nil
}

// PlannedCash returns the closing cash of the plan as it was made, without any stress, over a number of quarters. Nobody
// may alter it.
func (c *Case) PlannedCash(length int) ([]money.Amount, error) {
	if closing, known := c.planned[length]; known {
		return closing, nil
	}
	existing := c.Existing(Factors{})
	statement, err := c.run(c.Requirement, serviceOf(existing, c.Requirement, length), length)
	if err != nil {
		return nil, err
	}
	asMade := Chain{Requirement: c.Requirement, Statement: statement, Lines: Lines(c.Sources), Existing: existing}
	if c.planned == nil {
		c.planned = map[int][]money.Amount{}
	}
	c.planned[length] = evaluate(&asMade).Coverage.Cash[:length]
	return c.planned[length], nil
}

func evaluate(chain *Chain) *plan.Evaluation {
	return plan.Evaluate(plan.Input{Requirement: chain.Requirement, Statement: chain.Statement, Lines: chain.Lines, Existing: chain.Existing})
}

func (c *Case) assess(chain *Chain) error {
	if c.Assess == nil {
		return nil
	}
	chain.Horizon = chain.Statement
	if chain.Statement.Quarters > chain.Requirement.Horizon {
		horizon, err := c.run(chain.Requirement, serviceOf(chain.Existing, c.Requirement, chain.Requirement.Horizon), 0)
		if err != nil {
			return err
		}
		chain.Horizon = horizon
	}
	var err error
	chain.Assessment, err = c.Assess(*chain)
	return err
}

// Existing returns the schedules of the debt that the cluster pays besides: floating rates rise, what is owed in another
// currency is revalued.
func (c *Case) Existing(f Factors) []*loan.Schedule {
	if c.Ledger == nil {
		return nil
	}
	var schedules []*loan.Schedule
	for _, instrument := range c.Ledger.Instruments {
		if !paid(c.Requirement, instrument.ID) {
			continue
		}
		if instrument.RateType == "floating" {
			instrument.Rate = raised(instrument.Rate, f.Rate)
		}
		schedule := loan.InstrumentSchedule(instrument, c.Ledger.AsOf)
		if c.foreign(instrument.Currency) {
			schedule = revalue(schedule, &f, c.Requirement.Start)
		}
		schedules = append(schedules, schedule)
	}
	return schedules
}

func paid(requirement *funding.Requirement, id string) bool {
	for _, named := range requirement.DebtService {
		if named == id {
			return true
		}
	}
	return false
}

func (c *Case) foreign(currency string) bool {
	return currency != "" && currency != c.Requirement.Currency
}

func serviceOf(schedules []*loan.Schedule, requirement *funding.Requirement, quarters int) []money.Amount {
	service := make([]money.Amount, quarters)
	for _, schedule := range schedules {
		for i := range schedule.Rows {
			if q := schedule.Rows[i].Quarter.Since(requirement.Start); q >= 0 && q < quarters {
				service[q] += schedule.Rows[i].Service()
			}
		}
	}
	return service
}

// afterForeignDraws returns the quarter after the last planned draw of a foreign line, the first one without any.
func (c *Case) afterForeignDraws() int {
	after := 0
	for i := range c.Sources {
		if schedule := c.Sources[i].Line.Schedule; schedule != nil && c.Sources[i].Currency != "" {
			for t := range schedule.Rows {
				if row := &schedule.Rows[t]; row.Draw > 0 {
					after = max(after, row.Quarter.Since(c.Requirement.Start)+1)
				}
			}
		}
	}
	return after
}

// hasForeign reports whether anything is owed in another currency.
func (c *Case) hasForeign() bool {
	for i := range c.Sources {
		if c.Sources[i].Currency != "" {
			return true
		}
	}
	if c.Ledger != nil {
		for _, instrument := range c.Ledger.Instruments {
			if paid(c.Requirement, instrument.ID) && c.foreign(instrument.Currency) {
				return true
			}
		}
	}
	return false
}

// fiscal returns the profile under the stress: a fall of land takes its share of land sales from fund revenue and from
// fund spending, which follow it; contingent liabilities become general debt that costs the general debt's average
// interest. Unknown figures stay unknown.
func (c *Case) fiscal(f *Factors) *funding.FiscalProfile {
	if c.Fiscal == nil {
		return nil
	}
	out := *c.Fiscal
	if fall := f.Fall[sourceIndex(funding.SourceLand)]; !fall.IsZero() && out.LandSaleRevenue != nil {
		lost := money.Share(*out.LandSaleRevenue, fall)
		out.LandSaleRevenue = less(out.LandSaleRevenue, lost)
		out.FundRevenue, out.FundExpenditure = less(out.FundRevenue, lost), less(out.FundExpenditure, lost)
	}
	if f.Contingent.any() {
		c.contingent(&out, &f.Contingent)
	}
	return &out
}

func less(amount *money.Amount, by money.Amount) *money.Amount {
	if amount == nil {
		return nil
	}
	rest := max(*amount-by, 0)
	return &rest
}

func (c *Case) contingent(out *funding.FiscalProfile, shock *Contingent) {
	added := money.Amount(0)
	if out.ImplicitDebtBalance != nil {
		implicit := money.Share(*out.ImplicitDebtBalance, shock.Own)
		out.ImplicitDebtBalance = less(out.ImplicitDebtBalance, implicit)
		added += implicit
	}
	if c.Ledger != nil {
		for _, instrument := range c.Ledger.Instruments {
			if instrument.Kind == "guarantee" && !c.foreign(instrument.Currency) {
				added += money.Share(instrument.Outstanding, shock.Own)
			}
		}
	}
	if out.GDP != nil {
		added += money.Share(*out.GDP, shock.FinancialGDP.Add(shock.SOEGDP))
	}
	for _, commitment := range out.PPPCommitments {
		added += money.Share(commitment, shock.PPP)
	}
	if balance := out.GeneralDebtBalance; balance != nil {
		total := *balance + added
		if interest := out.GeneralDebtInterest; interest != nil && *balance > 0 {
			out.GeneralDebtInterest = nil
			if more, err := money.FromDecimal(interest.Decimal().Mul(total.Decimal()).DivRound(balance.Decimal(), 4)); err == nil {
				out.GeneralDebtInterest = &more
			}
		}
		out.GeneralDebtBalance = &total
	}
}

// notApplicable says why a scenario does not concern the case, empty where it does.
func (c *Case) notApplicable(f *Factors) funding.Text {
	fiscalOnly := *f
	fiscalOnly.Contingent = Contingent{}
	exchangeOnly := *f
	exchangeOnly.Exchange.Depreciation = decimal.Zero
	switch {
	case f.Contingent.any() && fiscalOnly.idle() && (c.Fiscal == nil || c.Assess == nil):
		return funding.Text{ZH: "没有财政概况或未评估风险，或有负债情景无从计算", EN: "without a fiscal profile and a risk assessment contingent liabilities cannot be tried"}
	case !f.Exchange.Depreciation.IsZero() && exchangeOnly.idle() && !c.hasForeign():
		return funding.Text{ZH: "方案和存量债务都没有外币债务", EN: "neither the plan nor existing debt is in a foreign currency"}
	}
	return funding.Text{}
}

// idle reports whether the factors change nothing.
func (f *Factors) idle() bool {
	for i := range f.Fall {
		if !f.Fall[i].IsZero() {
			return false
		}
	}
	return f.Cost.IsZero() && f.Invest.IsZero() && f.Rate.IsZero() && f.DelayStart == 0 && f.DelayRamp == 0 && f.Shut.Quarters == 0 &&
		f.Exchange.Depreciation.IsZero() && f.Closure.Quarters == 0 && !f.Contingent.any()
}
