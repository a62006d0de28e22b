package casework

import (
	"context"
	"time"

	"zutuan/internal/document"
	"zutuan/internal/facts"
	"zutuan/internal/plan"
	"zutuan/internal/rulepack"
	"zutuan/internal/stress"
	"zutuan/internal/stress/montecarlo"
)

// StressCase makes an assessed case ready to be stressed: its plan's lines with the terms of their offers, judged under
// stress as they were without.
func (d *Desk) StressCase(a *Assessment) *stress.Case {
	existing := existingSchedules(a.Matching)
	reference := d.assembler.NewReference(facts.Reference{Date: a.Asked.Date, Market: d.Library.Market, Parameters: a.Parameters})
	return &stress.Case{Requirement: a.Case.Requirement, Conditions: a.Case.Conditions, Ledger: a.Case.Ledger, Fiscal: a.Case.Fiscal,
		Sources: stress.FromOffers(a.Plan.Lines, a.Match, a.Case.Requirement.Currency),
		Assess:  stress.Assessor(d.riskInput(a, existing), reference)}
}

// StressedPlan makes a plan of a matched case ready to be stressed in place of the indicative one.
func StressedPlan(m *Matching, lines []plan.Line) *Assessment {
	return &Assessment{Matching: m, Plan: &plan.Indicative{Lines: lines}}
}

// StressPack returns the stress pack in force on the day of an assessment, with its sizes worked out; nil where the
// library has none. Of several versions the newest counts.
func (d *Desk) StressPack(a *Assessment) (*rulepack.StressPack, *stress.Pack) {
	pack := d.StressPackOn(a.Asked.Date)
	if pack == nil {
		return nil, nil
	}
	return pack, stress.Prepare(pack, a.Match.Need.Facts)
}

// StressPackOn returns the stress pack in force on a day, nil where there is none.
func (d *Desk) StressPackOn(date time.Time) *rulepack.StressPack {
	for _, pack := range newest(d.Library.StressPacks, date, func(pack *rulepack.StressPack) string { return pack.ID }) {
		if pack.Enabled && pack.EffectiveOn(date) {
			return pack
		}
	}
	return nil
}

// RiskPackOn returns the version of a risk pack in force on a day, whether it is on by itself or not; nil where there is none.
func (d *Desk) RiskPackOn(id string, date time.Time) *rulepack.RiskPack {
	for _, pack := range newest(d.Library.RiskPacks, date, func(pack *rulepack.RiskPack) string { return pack.ID }) {
		if pack.ID == id && pack.EffectiveOn(date) {
			return pack
		}
	}
	return nil
}

// MonteCarlo scatters the factors of the pack over many seeded paths.
func (d *Desk) MonteCarlo(ctx context.Context, a *Assessment, paths int, seed uint64, progress func(done, total int)) (*montecarlo.Outcome, error) {
	pack, _ := d.StressPack(a)
	if pack == nil || pack.MonteCarlo == nil {
		return nil, document.Problems{{Path: "rules/stress", Code: "no_spread", ZH: "规则目录没有给出随机模拟的分布", EN: "the rules directory gives no spread for a simulation by chance"}}
	}
	spread, err := montecarlo.FromPack(pack.MonteCarlo, a.Match.Need.Facts)
	if err != nil {
		return nil, err
	}
	model, err := montecarlo.NewModel(d.StressCase(a))
	if err != nil {
		return nil, err
	}
	return model.Run(ctx, montecarlo.Input{Paths: paths, Seed: seed, Spread: spread, Progress: progress, Thresholds: montecarlo.HandbookThresholds})
}
