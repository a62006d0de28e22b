// Package facts fills in the vocabulary: it takes the records of one case – requirement, simulation, zone, fiscal
// profile, ledger, market data, parameters, a date – and sets every fact that follows from them by the formula that
// the vocabulary states in `from`. A fact that cannot be had is missing with the reason that names the record to
// supply; nothing is ever zero because it is unknown. It decides nothing and does no I/O.
//
// Each file holds one group of facts as a table: the name of a fact beside its formula. offer.* is set by match, plan.*
// and lender.* by risk.
package facts

import (
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"zutuan/internal/cashflow"
	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// Assembler knows where in a vocabulary each fact of this package stands. It is immutable and safe for concurrent use.
type Assembler struct {
	vocabulary *ruleexpr.Vocabulary
	need       []bound[*needFigures]
	cluster    []bound[*funding.Requirement]
	zone       []bound[zoneRecord]
	borrower   []bound[borrowerRecord]
	security   []bound[*securityFigures]
	project    []bound[projectRecord]
	fiscal     []bound[*funding.FiscalProfile]
	debt       []bound[*debtFigures]
	market     []named
	parameters []named
	today      ruleexpr.Slot
}

// entry is one fact of the group whose facts are made from an S.
type entry[S any] struct {
	name string
	set  func(target, S)
}

// bound is an entry whose name has been looked up.
type bound[S any] struct {
	slot ruleexpr.Slot
	set  func(target, S)
}

// named is a fact whose value is found by the part of its name after the group: a series of market data, a parameter.
type named struct {
	slot ruleexpr.Slot
	id   string
}

// NewAssembler looks up every fact of this package. The error names all facts that the vocabulary lacks, and all facts
// of the package's groups that the vocabulary has and no formula here sets.
func NewAssembler(vocabulary *ruleexpr.Vocabulary) (*Assembler, error) {
	b := &binder{vocabulary: vocabulary, known: map[string]bool{}}
	a := &Assembler{
		vocabulary: vocabulary,
		need:       bind(b, needFacts),
		cluster:    bind(b, clusterFacts),
		zone:       bind(b, zoneFacts),
		borrower:   bind(b, borrowerFacts),
		security:   bind(b, securityFacts),
		project:    bind(b, projectFacts),
		fiscal:     bind(b, fiscalFacts),
		debt:       bind(b, debtFacts),
		market:     b.group("market"),
		parameters: b.group("p"),
		today:      b.slot("today"),
	}
	if err := b.err(); err != nil {
		return nil, err
	}
	return a, nil
}

// binder collects what does not fit between the tables and a vocabulary.
type binder struct {
	vocabulary *ruleexpr.Vocabulary
	known      map[string]bool
	absent     []string
}

func (b *binder) slot(name string) ruleexpr.Slot {
	slot, ok := b.vocabulary.Lookup(name)
	if !ok {
		b.absent = append(b.absent, name)
	}
	b.known[name] = true
	return slot
}

func bind[S any](b *binder, entries []entry[S]) []bound[S] {
	out := make([]bound[S], len(entries))
	for i, e := range entries {
		out[i] = bound[S]{slot: b.slot(e.name), set: e.set}
	}
	return out
}

// group returns the facts of a group whose formula is a look-up by name.
func (b *binder) group(group string) []named {
	var found []named
	for i, fact := range b.vocabulary.Facts() {
		if id, ok := strings.CutPrefix(fact.Name, group+"."); ok {
			found = append(found, named{slot: ruleexpr.Slot(i), id: id})
			b.known[fact.Name] = true
		}
	}
	return found
}

// elsewhere are the groups that other packages set.
var elsewhere = map[string]bool{"offer": true, "plan": true, "lender": true}

func (b *binder) err() error {
	var orphans []string
	for _, fact := range b.vocabulary.Facts() {
		group, _, _ := strings.Cut(fact.Name, ".")
		if !b.known[fact.Name] && !elsewhere[group] {
			orphans = append(orphans, fact.Name)
		}
	}
	if len(b.absent) == 0 && len(orphans) == 0 {
		return nil
	}
	return fmt.Errorf("the vocabulary and the program do not fit: missing in the vocabulary [%s]; without a formula [%s]",
		strings.Join(b.absent, ", "), strings.Join(orphans, ", "))
}

func apply[S any](f *ruleexpr.Facts, entries []bound[S], source S) {
	for i := range entries {
		entries[i].set(target{facts: f, slot: entries[i].slot}, source)
	}
}

// Vocabulary returns the vocabulary that the assembler was made for.
func (a *Assembler) Vocabulary() *ruleexpr.Vocabulary { return a.vocabulary }

// Reference is what holds for every case on one day: the day itself, market data and parameters.
type Reference struct {
	Date       time.Time
	Market     *rulepack.Market
	Parameters *rulepack.ParameterSet
}

// Case is one requirement with the records that belong to it. Only Requirement and Simulation are needed; a record
// that is nil makes its facts missing, with that reason.
type Case struct {
	Requirement *funding.Requirement
	// Simulation is the requirement's simulation over its horizon, not an extension of it.
	Simulation *cashflow.Result
	// Ledger is the region's existing debt, worked out once by NewDebt.
	Ledger *Debt
	Fiscal *funding.FiscalProfile
	Zone   *funding.Zone
	// Memberships are the dated lists; without any, membership is unknown.
	Memberships []funding.Membership
}

// NewReference returns facts in which everything that does not depend on a case is set. It is made once a day and
// region and cloned for each case.
func (a *Assembler) NewReference(reference Reference) *ruleexpr.Facts {
	f := a.vocabulary.NewFacts()
	a.SetToday(f, reference.Date)
	a.SetMarket(f, reference.Market, reference.Date)
	a.SetParameters(f, reference.Parameters)
	return f
}

// Assemble returns the facts of a case on top of a reference, which is not altered. The date is the reference's.
func (a *Assembler) Assemble(reference *ruleexpr.Facts, date time.Time, c Case) *ruleexpr.Facts {
	f := reference.Clone()
	a.SetNeed(f, c.Requirement, c.Simulation)
	a.SetCluster(f, c.Requirement)
	a.SetZone(f, c.Zone, c.Memberships, date)
	a.SetBorrower(f, &c.Requirement.Borrower, date)
	a.SetSecurity(f, c.Requirement.Security, c.Simulation.Summary.PeakGap)
	a.SetProject(f, c.Requirement, c.Simulation)
	a.SetFiscal(f, c.Fiscal)
	a.SetDebt(f, c.Ledger, c.Requirement, c.Simulation)
	return f
}

// target is one fact of one evaluation.
type target struct {
	facts *ruleexpr.Facts
	slot  ruleexpr.Slot
}

func (t target) missing(reason string)         { t.facts.SetMissing(t.slot, reason) }
func (t target) amount(amount money.Amount)    { t.facts.SetAmount(t.slot, amount) }
func (t target) decimal(value money.Decimal)   { t.facts.SetDecimal(t.slot, value) }
func (t target) count(count int)               { t.facts.SetCount(t.slot, count) }
func (t target) flag(value bool)               { t.facts.SetFlag(t.slot, value) }
func (t target) texts(texts []string)          { t.facts.SetTexts(t.slot, texts) }
func (t target) amounts(values []money.Amount) { t.facts.SetAmounts(t.slot, values) }

// word sets a text that a file leaves empty where it does not know it.
func (t target) word(word, reason string) {
	if word == "" {
		t.missing(reason)
		return
	}
	t.facts.SetText(t.slot, word)
}

// ratio sets numerator / denominator, missing where the denominator is not positive; no denominator here can be negative.
func (t target) ratio(numerator, denominator money.Amount, reason string) {
	if denominator <= 0 {
		t.missing(reason)
		return
	}
	if numerator.Abs()/denominator < 1<<40 { // the result in millionths then fits an int64
		t.decimal(decimal.New(int64(money.MulDiv(numerator, 1_000_000, int64(denominator))), -money.RatioDecimals))
		return
	}
	value, _ := money.Ratio(numerator, denominator)
	t.decimal(value)
}

// given sets what a pointer holds, missing where the file does not say.
func given[T any](t target, value *T, set func(target, T), reason string) {
	if value == nil {
		t.missing(reason)
		return
	}
	set(t, *value)
}

// inRequirement is the reason for a fact that the requirement file leaves out.
func inRequirement(path string) string {
	return "需求文件未填写 " + path + " / the requirement file does not give " + path
}
