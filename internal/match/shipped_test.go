package match_test

import (
	"io/fs"
	"path"
	"testing"
	"time"

	"zutuan/internal/cashflow"
	"zutuan/internal/facts"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/match"
	"zutuan/internal/office"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
	"zutuan/rules"
)

// desk is the shipped library with what every match needs.
type desk struct {
	library   *rulepack.Library
	assembler *facts.Assembler
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func day(text string) time.Time {
	date, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return date
}

func shippedDesk(t testing.TB) *desk {
	t.Helper()
	library, err := rulepack.Load(rules.FS)
	must(t, err)
	assembler, err := facts.NewAssembler(library.Vocabulary)
	must(t, err)
	return &desk{library, assembler}
}

func (d *desk) reference(date time.Time) *ruleexpr.Facts {
	return d.assembler.NewReference(facts.Reference{Date: date, Market: d.library.Market, Parameters: d.library.Parameters.At(date, "", nil)})
}

// sample reads one of the shipped cases.
func (d *desk) sample(t testing.TB, name string, date time.Time) match.Records {
	t.Helper()
	read := func(file string) []byte {
		data, err := fs.ReadFile(rules.FS, path.Join("samples", name, file))
		must(t, err)
		return data
	}
	requirement, conditions, err := office.ReadRequirement("requirement.yaml", read("requirement.yaml"))
	must(t, err)
	ledger, err := funding.ReadLedgerCSV("ledger.csv", read("ledger.csv"), day("2025-12-31"))
	must(t, err)
	profile, err := funding.ReadFiscalProfile("fiscal.yaml", read("fiscal.yaml"))
	must(t, err)
	return d.records(t, requirement, conditions, ledger, profile, date)
}

func (d *desk) records(t testing.TB, requirement *funding.Requirement, conditions map[string]cashflow.StartCondition, ledger *funding.Ledger, profile *funding.FiscalProfile, date time.Time) match.Records {
	t.Helper()
	records := match.Records{Requirement: requirement, Fiscal: profile, Memberships: d.library.Memberships}
	input := cashflow.Input{Requirement: requirement, Conditions: conditions}
	if ledger != nil {
		input.ExistingDebtService = loan.LedgerService(ledger, requirement.DebtService, requirement.Start, funding.MaxQuarters)
		records.Debt = facts.NewDebt(ledger, d.library.Market, date)
	}
	var err error
	records.Simulation, err = cashflow.Simulate(input)
	must(t, err)
	input.Quarters = funding.MaxQuarters
	records.Extended, err = cashflow.Simulate(input)
	must(t, err)
	if zone, ok := d.library.Zone(requirement.Zone); ok {
		records.Zone = &zone
	}
	return records
}

func (d *desk) need(t testing.TB, name, date string) *match.Need {
	on := day(date)
	return match.NewNeed(d.assembler, d.reference(on), on, d.sample(t, name, on))
}

func (d *desk) catalogue() *match.Catalogue {
	return match.NewCatalogue(d.library.Vocabulary, d.library.Products)
}

func TestExplore(t *testing.T) {
	d := shippedDesk(t)
	for _, name := range d.library.Samples {
		start := time.Now()
		need := d.need(t, name, "2026-03-01")
		t.Log(name, time.Since(start))
		start = time.Now()
		m := d.catalogue().Match(need, match.Options{})
		t.Log("match", time.Since(start))
		for _, p := range m.Answer().Products {
			size := "-"
			if p.Offer != nil && p.Offer.Size != nil {
				size = p.Offer.Size.String()
			}
			score := "-"
			if p.Score != nil {
				score = p.Score.Total
			}
			t.Logf("%-34s %-11s rank %d score %s size %s", p.ID, p.Verdict, p.Rank, score, size)
			if p.Offer != nil {
				t.Logf("    rate %s cost %s T%v G%v dscr %s cover %s dom %s", p.Offer.Rate, p.Offer.AllInCost, deref(p.Offer.TenorQuarters), deref(p.Offer.GraceQuarters), p.Offer.MinDSCR, p.Offer.Cover, p.DominatedBy)
			}
			for _, r := range p.Report.Rules {
				t.Logf("    %s %s %s %s changes %v", r.Rule, r.Level, r.Result, r.Explanation.Expression, r.Changes)
			}
			if p.Remedy != nil {
				t.Logf("    REMEDY %v surfaced %v -> %s", p.Remedy.Changes, p.Remedy.Surfaced, p.Remedy.LeadsTo)
			}
			for _, m := range p.Report.Missing {
				t.Logf("    missing %s %s", m.Fact, m.Why)
			}
		}
	}
}

func deref(p *int) int {
	if p == nil {
		return -1
	}
	return *p
}

// samples makes the needs of the shipped samples, each once a day.
func (d *desk) samples(t testing.TB) match.Samples {
	made := map[string]*match.Need{}
	return func(name string, date time.Time) (*match.Need, error) {
		if date.IsZero() {
			date = sampleDate
		}
		key := name + date.Format(time.DateOnly)
		if made[key] == nil {
			made[key] = match.NewNeed(d.assembler, d.reference(date), date, d.sample(t, name, date))
		}
		return made[key], nil
	}
}

var sampleDate = day("2026-03-01")

func TestShippedProductTestsPass(t *testing.T) {
	d := shippedDesk(t)
	samples := d.samples(t)
	start := time.Now()
	total, failed := 0, 0
	for _, product := range d.library.Products {
		for _, result := range match.RunTests(samples, product) {
			total++
			if !result.Passed {
				failed++
				t.Errorf("%s: %s (%s:%d)\n%s", product.ID, result.Name, product.File, result.Line, result.Problem.ZH)
			}
		}
	}
	t.Log(total, failed, time.Since(start))
}
