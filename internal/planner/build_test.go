package planner_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/plan"
	"zutuan/internal/planner"
)

// generatedCases is how many requirements the property below looks at; ZUTUAN_CASES asks for another number.
const generatedCases = 500

// keptCases are seeds of generated requirements that once broke a limit: capital that came after the debt (7, 57), shares of
// nothing at the end of a custom profile (196, 239), a token draw (316), no whole steps within a limit (64, 70).
var keptCases = []int{7, 57, 64, 70, 196, 239, 316}

// TestABuiltPlanKeepsEveryLimitToTheFen builds a plan for each generated requirement and judges it here, by what
// finance.md says and without the planner's own list of constraints: no amount may be off by more than a fen, no ratio by
// more than a millionth. Cases that once failed are keptCases below.
func TestABuiltPlanKeepsEveryLimitToTheFen(t *testing.T) {
	t.Parallel()
	cases := generatedCases
	if asked, err := strconv.Atoi(os.Getenv("ZUTUAN_CASES")); err == nil {
		cases = asked
	}
	if testing.Short() {
		cases = 60
	}
	feasible, repaired := 0, 0
	seeds := append([]int(nil), keptCases...)
	for seed := range cases {
		seeds = append(seeds, seed)
	}
	for _, seed := range seeds {
		in := generated(uint64(seed))
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		built, err := planner.Build(ctx, in)
		cancel()
		if err != nil {
			t.Errorf("case %d: %v", seed, err)
			continue
		}
		if !built.Feasible {
			continue
		}
		feasible++
		if built.Repairs > 0 {
			repaired++
		}
		for _, problem := range brokenLimits(&in, built) {
			t.Errorf("case %d: %s", seed, problem)
		}
		if built.Proven && built.Cost.Total < built.Bound-100*money.Yuan {
			t.Errorf("case %d: the plan costs %s, less than the bound %s", seed, built.Cost.Total, built.Bound)
		}
	}
	t.Logf("%d of %d cases have a plan; %d needed wider margins", feasible, cases, repaired)
	if feasible < cases/4 {
		t.Errorf("only %d of %d cases have a plan: the generator has become useless", feasible, cases)
	}
}

// brokenLimits judges a plan by hand: cash quarter by quarter from the statement and the schedules, cover from sums.
func brokenLimits(in *planner.Input, built *planner.Built) []string {
	j := &judge{in: in, lines: built.Lines}
	j.cash()
	j.sizes()
	j.cover()
	j.capital()
	j.lenders()
	return j.problems
}

type judge struct {
	in       *planner.Input
	lines    []plan.Line
	problems []string
}

func (j *judge) fail(parts ...string) { j.problems = append(j.problems, strings.Join(parts, " ")) }

// quarters adds up a figure of all schedules by quarter.
func (j *judge) quarters(schedules []*loan.Schedule, figure func(*loan.Row) money.Amount) []money.Amount {
	sums := make([]money.Amount, 200)
	for _, schedule := range schedules {
		for i := range schedule.Rows {
			if q := schedule.Rows[i].Quarter.Since(j.in.Requirement.Start); q >= 0 {
				sums[q] += figure(&schedule.Rows[i])
			}
		}
	}
	return sums
}

func (j *judge) cash() {
	statement, err := j.in.Simulate(160)
	if err != nil {
		j.fail(err.Error())
		return
	}
	financing := plan.Schedules(j.lines)
	all := append(append([]*loan.Schedule(nil), financing...), j.in.Existing...)
	out := j.quarters(all, func(row *loan.Row) money.Amount { return row.Interest - row.Capitalized + row.Principal + row.Fees })
	in := j.quarters(financing, func(row *loan.Row) money.Amount { return row.Draw })
	for i := range j.lines {
		for _, draw := range j.lines[i].Draws {
			in[draw.Quarter.Since(j.in.Requirement.Start)] += draw.Amount
		}
	}
	last := j.in.Requirement.Horizon - 1
	for q, amount := range out {
		if amount != 0 {
			last = max(last, q)
		}
	}
	balance := j.in.Requirement.OpeningCash
	for q := 0; q <= last; q++ {
		balance += statement.Net[q] + statement.Capital[q] + statement.Grants[q] + in[q] - out[q]
		if balance < j.in.Requirement.MinimumCash-money.Fen {
			j.fail("cash", balance.String(), "in quarter", strconv.Itoa(q))
		}
	}
}

func (j *judge) sizes() {
	for i := range j.lines {
		line := &j.lines[i]
		for k := range j.in.Sources {
			source := &j.in.Sources[k]
			if source.Line.ID != line.ID {
				continue
			}
			if line.Commitment < source.Smallest || line.Commitment > source.Largest || line.Commitment%source.Step != 0 || line.Drawn() > line.Commitment || line.Drawn() <= 0 {
				j.fail("size of", line.ID, line.Commitment.String(), "drawn", line.Drawn().String())
			}
		}
	}
}

func (j *judge) cover() {
	financing := plan.Schedules(j.lines)
	principal := j.quarters(financing, func(row *loan.Row) money.Amount { return row.Principal })
	all := append(append([]*loan.Schedule(nil), financing...), j.in.Existing...)
	service := j.quarters(all, func(row *loan.Row) money.Amount {
		return row.Interest - row.Capitalized + row.Principal + row.Fees - row.Upfront
	})
	first, last, end := -1, -1, -1
	for q := range principal {
		if principal[q] > 0 && first < 0 {
			first = q
		}
		if principal[q] > 0 {
			last = q
		}
		if service[q] > 0 {
			end = q
		}
	}
	if first < 0 {
		return
	}
	statement, _ := j.in.Simulate(160)
	if minimum := j.in.Limits.MinDSCR; minimum != nil {
		for from := first; from <= last; from += 4 {
			cfads, due := money.Amount(0), money.Amount(0)
			for q := from; q < from+4 && q < 160; q++ {
				cfads, due = cfads+statement.CFADS[q], due+service[q]
			}
			if dscr, ok := money.Ratio(cfads, due); ok && dscr.LessThan(minimum.Sub(money.MustRate("0.000001"))) {
				j.fail("DSCR", dscr.String(), "below", minimum.String(), "from quarter", strconv.Itoa(from))
			}
		}
	}
	if j.in.Limits.TenorMatch {
		j.lives(statement.CFADS, principal, first, last, end)
	}
}

func (j *judge) lives(cfads, principal []money.Amount, first, last, end int) {
	life := func(series []money.Amount, to int) (money.Decimal, bool) {
		weighted, sum := money.Zero, money.Zero
		for q := first; q <= to && q < len(series); q++ {
			weighted = weighted.Add(series[q].Decimal().Mul(money.Amount(q * 100).Decimal()))
			sum = sum.Add(series[q].Decimal())
		}
		if !sum.IsPositive() {
			return money.Zero, false
		}
		return weighted.DivRound(sum, 9), true
	}
	available, known := life(cfads, end)
	debt, _ := life(principal, last)
	if known && debt.GreaterThan(available.Add(money.MustRate("0.000004"))) {
		j.fail("life of debt", debt.String(), "above that of CFADS", available.String())
	}
}

func (j *judge) capital() {
	statement, _ := j.in.Simulate(0)
	capital, quasi := statement.Summary.CapitalTotal, j.in.Limits.QuasiEquityInCapital
	for i := range j.lines {
		if line := &j.lines[i]; line.IsCapital() {
			capital += line.Drawn()
			if line.CountsAs == plan.CountsAsQuasiEquity {
				quasi += line.Drawn()
			}
		}
	}
	if minimum := j.in.Limits.CapitalRatioMin; minimum != nil {
		if ratio, ok := money.Ratio(capital, statement.Summary.TotalInvestment); ok && ratio.LessThan(minimum.Sub(money.MustRate("0.000001"))) {
			j.fail("capital ratio", ratio.String())
		}
	}
	if most := j.in.Limits.QuasiEquityShareMax; most != nil && quasi.Decimal().GreaterThan(capital.Decimal().Mul(*most).Add(money.MustRate("0.01"))) {
		j.fail("equity-type instruments", quasi.String(), "of", capital.String())
	}
}

func (j *judge) lenders() {
	byBank, lent, total, special := map[string]money.Amount{}, map[string]bool{}, money.Amount(0), money.Amount(0)
	loans := map[string]money.Amount{}
	for i := range j.lines {
		line := &j.lines[i]
		if line.IsDebt() {
			byBank[line.Institution] += line.Commitment
			total += line.Commitment
		}
		if line.IsLoan() {
			loans[line.Institution] += line.Commitment
		}
		if line.Schedule != nil {
			lent[line.Institution] = true
		}
		if line.GovernmentDebt == plan.GovernmentSpecial {
			special += line.Commitment
		}
	}
	for bank, amount := range byBank {
		if most := j.in.Limits.InstitutionShareMax; most != nil && amount.Decimal().GreaterThan(total.Decimal().Mul(*most).Add(total.Decimal().Mul(money.MustRate("0.000001")))) {
			j.fail("share of", bank)
		}
	}
	for bank, amount := range loans {
		if room, known := j.in.Limits.LenderRoom[bank]; known && amount > room {
			j.fail("limit of", bank)
		}
	}
	if most := j.in.Limits.MaxLenders; most != nil && len(lent) > *most {
		j.fail("lenders", strconv.Itoa(len(lent)))
	}
	if most := j.in.Limits.SpecialHeadroom; most != nil && special > *most {
		j.fail("special debt", special.String())
	}
}

func TestBadInputIsRefusedAllAtOnce(t *testing.T) {
	in := generated(1)
	negative, much, none := money.MustRate("-0.1"), -money.Wan, -1
	in.Limits.MinDSCR, in.Limits.SpecialHeadroom, in.Limits.MaxLenders = &negative, &much, &none
	in.Sources[1].Line.ID = in.Sources[0].Line.ID
	in.Sources[2].Largest = -money.Yuan
	in.Objective = "cheapest"
	_, err := planner.Build(context.Background(), in)
	if err == nil {
		t.Fatal("bad input was accepted")
	}
	for _, part := range []string{"limits.min_dscr", "limits.special_headroom", "limits.max_lenders", "used twice", "must not be negative", `"cheapest"`} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not say %q:\n%v", part, err)
		}
	}
}

func TestACancelledBuildStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := planner.Build(ctx, generated(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestTheOrderOfTheSourcesLeavesNoTrace: the same offers in another order make the same plan, and so does asking twice.
func TestTheOrderOfTheSourcesLeavesNoTrace(t *testing.T) {
	say := func(in planner.Input) string {
		answer, err := json.Marshal(mustBuild(t, in).Answer())
		if err != nil {
			t.Fatal(err)
		}
		return string(answer)
	}
	for seed := uint64(0); seed < 12; seed++ {
		in := generated(seed)
		first, turned := say(in), in
		turned.Sources = append([]planner.Source(nil), in.Sources...)
		slices.Reverse(turned.Sources)
		if again := say(in); again != first {
			t.Errorf("case %d: asking twice gives two answers", seed)
		}
		if other := say(turned); other != first {
			t.Errorf("case %d: the order of the sources matters", seed)
		}
	}
}

// TestOffersOfTheSameTermsAreTakenByID: of two equal offers the one whose id comes first is used.
func TestOffersOfTheSameTermsAreTakenByID(t *testing.T) {
	in := twentyProducts()
	in.Sources = append([]planner.Source(nil), in.Sources[:4]...)
	for i := range in.Sources {
		id := in.Sources[i].Line.ID
		in.Sources[i] = in.Sources[0]
		in.Sources[i].Line.ID, in.Sources[i].Line.Product, in.Sources[i].Largest = id, id, 100_000*money.Wan
		in.Sources[i].Terms.Tenor, in.Sources[i].Terms.Grace = 88, 16
	}
	in.Limits = planner.Limits{}
	built := mustBuild(t, in)
	if !built.Feasible || len(built.Lines) != 1 || built.Lines[0].ID != "P00" {
		t.Errorf("feasible %t, lines %+v", built.Feasible, built.Lines)
	}
}
