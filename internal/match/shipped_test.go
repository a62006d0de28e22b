package match_test

import (
	"io/fs"
	"path"
	"testing"
	"time"

	"zutuan/internal/casework"
	"zutuan/internal/cashflow"
	"zutuan/internal/facts"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/match"
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
	requirement, conditions, err := casework.ReadRequirement("requirement.yaml", read("requirement.yaml"))
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
	for _, product := range d.library.Products {
		for _, result := range match.RunTests(samples, product) {
			if !result.Passed {
				t.Errorf("%s: %s (%s:%d)\n%s", product.ID, result.Name, product.File, result.Line, result.Problem.ZH)
			}
		}
	}
}
