package impact_test

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"
	"time"

	"zutuan/internal/casework"
	"zutuan/internal/cashflow"
	"zutuan/internal/facts"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/match"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
	"zutuan/rules"
)

// This file makes many different requirements out of the shipped samples: sizes from a tenth to threefold, other incomes,
// capital, industries, borrowers, security and limits. The same seed makes the same requirements.

var today = time.Date(2026, time.June, 30, 0, 0, 0, 0, time.UTC)

// bench is the shipped library with what every need requires.
type bench struct {
	library   *rulepack.Library
	assembler *facts.Assembler
	cases     []*casework.Case
	reference map[*rulepack.Library]*ruleexpr.Facts
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newBench(t testing.TB) *bench {
	t.Helper()
	library, err := rulepack.Load(rules.FS)
	must(t, err)
	assembler, err := facts.NewAssembler(library.Vocabulary)
	must(t, err)
	b := &bench{library: library, assembler: assembler, reference: map[*rulepack.Library]*ruleexpr.Facts{}}
	for _, name := range library.Samples {
		papers, err := casework.SamplePapers(rules.FS, name)
		must(t, err)
		kase, err := casework.ReadCase(papers)
		must(t, err)
		b.cases = append(b.cases, kase)
	}
	return b
}

// generated is one requirement with the case that it was made from.
type generated struct {
	requirement *funding.Requirement
	kase        *casework.Case
}

func (b *bench) generate(random *rand.Rand) generated {
	kase := b.cases[random.Intn(len(b.cases))]
	r := *kase.Requirement
	pick := func(words ...string) string { return words[random.Intn(len(words))] }
	percent := func(low, high int) int64 { return int64(low + random.Intn(high-low+1)) }
	sometimes := func() bool { return random.Intn(4) == 0 }
	size := percent(40, 250)
	income, capital := size*percent(80, 180)/100, size*percent(60, 250)/100
	if sometimes() {
		r.Cluster.Industries = nil
		for range 1 + random.Intn(3) {
			r.Cluster.Industries = append(r.Cluster.Industries, pick("边贸加工", "冷链物流", "进出口加工", "农副产品加工", "跨境电商", "仓储物流", "装备制造", "文化旅游", "木材加工"))
		}
	}
	if sometimes() {
		r.Borrower.Type = pick(funding.BorrowerTypes...)
	}
	if sometimes() {
		r.Borrower.Class = pick(funding.SubjectClasses...)
	}
	if sometimes() {
		r.Borrower.Rating = pick("AAA", "AA+", "AA", "AA-", "A", "")
	}
	assets, liabilities, implicit := money.Amount(percent(2, 40))*10_000_000_000, money.MustRate(fmt.Sprintf("0.%02d", percent(30, 75))), random.Intn(20) == 0
	r.Borrower.NetAssets, r.Borrower.AssetLiabilityRatio, r.Borrower.ImplicitDebt = &assets, &liabilities, &implicit
	r.Capital, r.Grants = scaledFunding(r.Capital, capital), scaledFunding(r.Grants, size)
	units := make([]funding.Unit, len(r.Units))
	for i, unit := range r.Units {
		unit.Invest, unit.Revenue, unit.Cost = slices.Clone(unit.Invest), slices.Clone(unit.Revenue), slices.Clone(unit.Cost)
		for k := range unit.Invest {
			unit.Invest[k].Series = scaled(unit.Invest[k].Series, size)
		}
		for k := range unit.Revenue {
			unit.Revenue[k].Series = scaled(unit.Revenue[k].Series, income)
		}
		for k := range unit.Cost {
			unit.Cost[k].Series = scaled(unit.Cost[k].Series, size)
		}
		units[i] = unit
	}
	r.Units = units
	if random.Intn(3) == 0 {
		tenor := int(percent(20, 120))
		r.Limits.TenorQuarters = &tenor
	}
	if random.Intn(3) == 0 {
		cost := money.MustRate(fmt.Sprintf("0.0%d", percent(35, 80)))
		r.Limits.MaxCost = &cost
	}
	security := slices.Clone(r.Security)
	for i := range security {
		if security[i].Value != nil {
			value := money.MulDiv(*security[i].Value, size*percent(50, 150), 10_000)
			security[i].Value = &value
		}
	}
	r.Security = security
	r.Start = quarter.Quarter(int(r.Start) + random.Intn(4))
	return generated{&r, kase}
}

func scaled(s funding.Series, percent int64) funding.Series {
	by := func(value int64) int64 { return value * percent / 100 }
	s.Values = slices.Clone(s.Values)
	for i := range s.Values {
		s.Values[i] = by(s.Values[i])
	}
	s.Total, s.PerQuarter = by(s.Total), by(s.PerQuarter)
	return s
}

func scaledFunding(lines []funding.FundingLine, percent int64) []funding.FundingLine {
	lines = slices.Clone(lines)
	for i := range lines {
		lines[i].Series = scaled(lines[i].Series, percent)
	}
	return lines
}

// need makes the need of a requirement under a library, as a case does.
func (b *bench) need(t testing.TB, library *rulepack.Library, g generated) *match.Need {
	t.Helper()
	reference := b.reference[library]
	if reference == nil {
		reference = b.referenceOf(library)
		b.reference[library] = reference
	}
	return match.NewNeed(b.assembler, reference, today, b.records(t, library, g))
}

func (b *bench) referenceOf(library *rulepack.Library) *ruleexpr.Facts {
	return b.assembler.NewReference(facts.Reference{Date: today, Market: library.Market, Parameters: library.Parameters.At(today, "", nil)})
}

func (b *bench) records(t testing.TB, library *rulepack.Library, g generated) match.Records {
	t.Helper()
	records := match.Records{Requirement: g.requirement, Fiscal: g.kase.Fiscal, Memberships: library.Memberships}
	input := cashflow.Input{Requirement: g.requirement, Conditions: g.kase.Conditions}
	if g.kase.Ledger != nil {
		input.ExistingDebtService = loan.LedgerService(g.kase.Ledger, g.requirement.DebtService, g.requirement.Start, funding.MaxQuarters)
		records.Debt = facts.NewDebt(g.kase.Ledger, library.Market, today)
	}
	var err error
	records.Simulation, err = cashflow.Simulate(input)
	must(t, err)
	input.Quarters = funding.MaxQuarters
	records.Extended, err = cashflow.Simulate(input)
	must(t, err)
	if zone, ok := library.Zone(g.requirement.Zone); ok {
		records.Zone = &zone
	}
	return records
}

// needs makes many needs at once.
func (b *bench) needs(t testing.TB, library *rulepack.Library, seed int64, count int) []*match.Need {
	t.Helper()
	random := rand.New(rand.NewSource(seed))
	out := make([]*match.Need, count)
	for i := range out {
		out[i] = b.need(t, library, b.generate(random))
	}
	return out
}
