package risk

import (
	"io/fs"
	"sync"
	"testing"
	"time"

	"zutuan/internal/cashflow"
	"zutuan/internal/facts"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/match"
	"zutuan/internal/money"
	"zutuan/internal/plan"
	"zutuan/internal/quarter"
	"zutuan/internal/rulepack"
	"zutuan/rules"
)

// The tests of this package run the shipped packs over the shipped samples, with single facts or records changed.

var library = sync.OnceValues(func() (*rulepack.Library, error) { return rulepack.Load(rules.FS) })

func loadLibrary(t testing.TB) *rulepack.Library {
	t.Helper()
	lib, err := library()
	if err != nil {
		t.Fatal(err)
	}
	return lib
}

// sample is one case under rules/samples, ready to be changed and assessed.
type sample struct {
	lib         *rulepack.Library
	date        time.Time
	requirement *funding.Requirement
	ledger      *funding.Ledger
	fiscal      *funding.FiscalProfile
	overrides   []funding.ParameterOverride
	lines       []plan.Line
	lenders     []Lender
	// set changes facts after they were assembled, as text; unset makes facts missing.
	set   map[string]string
	unset []string
	packs []string
}

func openSample(t testing.TB, name string) *sample {
	t.Helper()
	s := &sample{lib: loadLibrary(t), date: time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC), packs: []string{"cn-local-government"}}
	read := func(file string) []byte {
		data, err := fs.ReadFile(rules.FS, "samples/"+name+"/"+file)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	var err error
	if s.requirement, err = funding.ReadRequirement("requirement.yaml", read("requirement.yaml"), func(string) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if s.fiscal, err = funding.ReadFiscalProfile("fiscal.yaml", read("fiscal.yaml")); err != nil {
		t.Fatal(err)
	}
	if s.ledger, err = funding.ReadLedger("ledger.csv", read("ledger.csv"), time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *sample) simulate(t testing.TB, quarters int) *cashflow.Result {
	t.Helper()
	result, err := cashflow.Simulate(cashflow.Input{Requirement: s.requirement, ExistingDebtService: s.service(), Quarters: quarters})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func (s *sample) existing() []*loan.Schedule {
	if s.ledger == nil {
		return nil
	}
	return loan.LedgerSchedules(s.ledger, s.requirement.DebtService)
}

func (s *sample) service() []money.Amount {
	if s.ledger == nil {
		return nil
	}
	return loan.LedgerService(s.ledger, s.requirement.DebtService, s.requirement.Start, funding.MaxQuarters)
}

func (s *sample) input(t testing.TB) Input {
	t.Helper()
	assembler, err := facts.NewAssembler(s.lib.Vocabulary)
	if err != nil {
		t.Fatal(err)
	}
	parameters := s.lib.Parameters.At(s.date, s.requirement.Zone, s.overrides)
	var zone *funding.Zone
	if found, ok := s.lib.Zone(s.requirement.Zone); ok {
		zone = &found
	}
	var debt *facts.Debt
	if s.ledger != nil {
		debt = facts.NewDebt(s.ledger, s.lib.Market, s.date)
	}
	reference := assembler.NewReference(facts.Reference{Date: s.date, Market: s.lib.Market, Parameters: parameters})
	base := assembler.Assemble(reference, s.date, facts.Case{Requirement: s.requirement, Simulation: s.simulate(t, 0), Ledger: debt, Fiscal: s.fiscal, Zone: zone, Memberships: s.lib.Memberships})
	for name, value := range s.set {
		if err := base.SetFromText(s.lib.Vocabulary.Slot(name), value); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range s.unset {
		base.SetMissing(s.lib.Vocabulary.Slot(name), "test")
	}
	in := Input{
		Date: s.date, Assembler: assembler, Base: base, Requirement: s.requirement, Lines: s.lines, Existing: s.existing(), Fiscal: s.fiscal, Debt: debt,
		Parameters: parameters, Zone: zone, Memberships: s.lib.Memberships, Lenders: s.lenders,
		Statement: s.simulate(t, plan.Quarters(s.requirement, s.lines, s.existing())),
	}
	for _, pack := range s.lib.RiskPacks {
		for _, id := range s.packs {
			if pack.ID == id {
				in.Packs = append(in.Packs, pack)
			}
		}
	}
	return in
}

func (s *sample) assess(t testing.TB) *Assessment {
	t.Helper()
	out, err := Assess(s.input(t))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (s *sample) flag(t testing.TB, rule string) Flag {
	t.Helper()
	for _, flag := range s.assess(t).Flags {
		if flag.Rule == rule {
			return flag
		}
	}
	t.Fatalf("no rule %s", rule)
	return Flag{}
}

// loanLine is a loan of one draw; terms are quarters.
func loanLine(t testing.TB, id, institution, amount, rate string, start quarter.Quarter, tenor, grace int) plan.Line {
	t.Helper()
	line := plan.Line{
		ID: id, Product: id, Name: funding.Text{ZH: id}, Institution: institution, InstitutionName: funding.Text{ZH: institution}, InstitutionType: "policy_bank",
		Kind: "policy_loan", CountsAs: plan.CountsAsDebt, Commitment: money.MustAmount(amount), TenorQuarters: tenor, GraceQuarters: grace, Rate: money.MustRate(rate),
	}
	schedule, err := loan.Build(loan.Terms{Start: start, Draws: []loan.Draw{{Quarter: start, Amount: line.Commitment}}, Rate: line.Rate, Tenor: tenor, Grace: grace, Profile: loan.ProfileEqualPrincipal}, nil)
	if err != nil {
		t.Fatal(err)
	}
	line.Schedule = schedule
	return line
}

// bondLine is a special bond of one draw, repaid in equal parts each year after a grace of three years.
func bondLine(t testing.TB, id, amount, rate string, start quarter.Quarter, tenor int) plan.Line {
	t.Helper()
	line := loanLine(t, id, "local-government", amount, rate, start, tenor, 12)
	line.InstitutionType, line.Kind, line.GovernmentDebt = "government", plan.KindSpecialBond, plan.GovernmentSpecial
	schedule, err := loan.Build(loan.Terms{
		Start: start, Draws: []loan.Draw{{Quarter: start, Amount: line.Commitment}}, Rate: line.Rate, Tenor: tenor, Grace: 12, Interval: 4, Profile: loan.ProfileEqualPrincipal,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	line.Schedule = schedule
	return line
}

// indicative builds the indicative plan of the sample from its match and takes its lines.
func (s *sample) indicative(t testing.TB) *plan.Indicative {
	t.Helper()
	in := s.input(t)
	assembler := in.Assembler
	reference := assembler.NewReference(facts.Reference{Date: s.date, Market: s.lib.Market, Parameters: in.Parameters})
	need := match.NewNeed(assembler, reference, s.date, match.Records{
		Requirement: s.requirement, Simulation: s.simulate(t, 0), Extended: s.simulate(t, funding.MaxQuarters), Debt: in.Debt, Fiscal: s.fiscal, Zone: in.Zone, Memberships: s.lib.Memberships,
	})
	matched := match.NewCatalogue(s.lib.Vocabulary, s.lib.Products).Match(need, match.Options{Workers: 1})
	out, err := LinesFromOffers(OffersInput{
		Match: matched, Requirement: s.requirement, Existing: s.existing(), Institutions: s.lib.Institutions, Fiscal: s.fiscal, Parameters: in.Parameters,
		Simulate: func(quarters int) (*cashflow.Result, error) {
			return cashflow.Simulate(cashflow.Input{Requirement: s.requirement, ExistingDebtService: s.service(), Quarters: quarters})
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.lines = out.Lines
	return out
}
