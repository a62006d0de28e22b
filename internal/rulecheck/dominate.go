package rulecheck

import (
	"fmt"
	"slices"
	"strings"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// dominated looks for products that another one of the same institution makes needless: it books the same way, repays the
// same way, is in force throughout, asks nothing that the other does not ask, gives no less tenor, grace and size and costs
// no more in any case, and is better in something. Two that are equal in everything are reported once.
func dominated(library *rulepack.Library, products []*rulepack.Product, reference *ruleexpr.Facts) []Finding {
	s := newSolver(library)
	var findings []Finding
	for _, weak := range products {
		for _, strong := range products {
			if weak == strong || weak.ID == strong.ID || weak.Institution != strong.Institution || !sameShape(weak, strong) {
				continue
			}
			d := &duel{solver: s, vocabulary: library.Vocabulary, weak: weak, strong: strong}
			if !d.noWorse() || !d.better && strong.ID > weak.ID {
				continue
			}
			findings = append(findings, d.finding(reference))
			break
		}
	}
	return findings
}

// sameShape reports whether two products can be compared at all.
func sameShape(a, b *rulepack.Product) bool {
	s, t := &a.Terms, &b.Terms
	return a.CountsAs == b.CountsAs && a.Currency == b.Currency && a.GovernmentDebt == b.GovernmentDebt && a.Kind == b.Kind &&
		s.Profile == t.Profile && s.Interval == t.Interval && s.DrawTiming == t.DrawTiming && s.CapitalizeDuringGrace == t.CapitalizeDuringGrace &&
		s.FloatingReference == t.FloatingReference && slices.EqualFunc(s.Custom, t.Custom, func(x, y money.Decimal) bool { return x.Equal(y) })
}

// duel compares two products; better is set by what the strong one does better.
type duel struct {
	solver       *solver
	vocabulary   *ruleexpr.Vocabulary
	weak, strong *rulepack.Product
	better       bool
	// formulas are the comparisons of the two products' formulas that were proven.
	formulas []ruleexpr.Part
}

// atLeast compares a figure of which more is better.
func (d *duel) atLeast(strong, weak int64) bool {
	d.better = d.better || strong > weak
	return strong >= weak
}

func (d *duel) noWorse() bool {
	s, w := &d.strong.Terms, &d.weak.Terms
	return d.inForce() && d.atLeast(int64(-s.TenorMinQuarters), int64(-w.TenorMinQuarters)) && d.atLeast(int64(s.TenorMaxQuarters), int64(w.TenorMaxQuarters)) &&
		d.atLeast(int64(s.GraceMaxQuarters), int64(w.GraceMaxQuarters)) && d.atLeast(-int64(s.SizeMin), -int64(w.SizeMin)) && s.AvailabilityQuarters == w.AvailabilityQuarters &&
		s.SizeStep > 0 && w.SizeStep%s.SizeStep == 0 &&
		d.fee(s.Fees.Upfront, w.Fees.Upfront) && d.fee(s.Fees.Commitment, w.Fees.Commitment) && d.fee(s.Fees.Guarantee, w.Fees.Guarantee) && d.atLeast(-int64(s.Fees.Agency), -int64(w.Fees.Agency)) &&
		d.formula(d.strong.Tenor, d.weak.Tenor, ">=") && d.formula(d.strong.Grace, d.weak.Grace, ">=") && d.formula(d.strong.Size, d.weak.Size, ">=") && d.formula(d.strong.Rate, d.weak.Rate, "<=") &&
		d.asksNoMore()
}

func (d *duel) inForce() bool {
	return !d.strong.From.After(d.weak.From) && (d.strong.To.IsZero() || !d.weak.To.IsZero() && !d.strong.To.Before(d.weak.To))
}

func (d *duel) fee(strong, weak money.Decimal) bool {
	d.better = d.better || strong.LessThan(weak)
	return strong.LessThanOrEqual(weak)
}

// formula proves that the strong product's formula is nowhere worse. Without a formula of its own the longest term counts.
func (d *duel) formula(strong, weak *ruleexpr.Number, operator string) bool {
	if strong == nil || weak == nil {
		return strong == nil && weak == nil
	}
	compare := func(operator string) (ruleexpr.Part, bool) {
		rule, err := d.vocabulary.CompileRule("(" + strong.Source() + ") " + operator + " (" + weak.Source() + ")")
		if err != nil {
			return ruleexpr.Part{}, false
		}
		return rule.Tree(), true
	}
	never, ok := compare(operator)
	if !ok || !d.solver.impossible(wanted{never, false}) {
		return false
	}
	d.formulas = append(d.formulas, never)
	if equal, ok := compare("=="); ok && !d.solver.impossible(wanted{equal, false}) {
		d.better = true
	}
	return true
}

// asksNoMore proves that whoever passes the weak product's musts passes the strong one's, and that its shoulds are not
// stricter.
func (d *duel) asksNoMore() bool {
	for i := range d.strong.Rules {
		if !d.implied(&d.strong.Rules[i]) {
			return false
		}
	}
	d.better = d.better || len(d.strong.Rules) < len(d.weak.Rules)
	return true
}

func (d *duel) implied(rule *rulepack.CompiledRule) bool {
	for i := range d.weak.Rules {
		other := &d.weak.Rules[i]
		if other.Level != "must" && rule.Level == "must" {
			continue
		}
		if canonical(other.Rule.Tree()) == canonical(rule.Rule.Tree()) {
			return true
		}
		if shareFact(other.Rule, rule.Rule) && d.solver.impossible(wanted{other.Rule.Tree(), true}, wanted{rule.Rule.Tree(), false}) {
			return true
		}
	}
	return false
}

func (d *duel) finding(reference *ruleexpr.Facts) Finding {
	var wants []wanted
	for _, part := range d.formulas {
		wants = append(wants, wanted{part, true})
	}
	finding := Finding{Kind: FindingDominated, Pack: d.weak.ID, Rule: "terms", Other: d.strong.ID, File: d.weak.File, Path: "terms", Proof: d.solver.ranges(d.formulas...)}
	finding.Witness, finding.Shows, _ = witness(reference, wants...)
	for i := range d.weak.Rules {
		if rule := &d.weak.Rules[i]; rule.Level == "must" {
			wants = append(wants, wanted{rule.Rule.Tree(), true})
		}
	}
	finding.at(wants...)
	zh, en := "条件不高、期限和额度不少、价格不贵，且至少一项更好", "asks no more, gives no less, costs no more, and is better in something"
	if !d.better {
		zh, en = "与它完全相同", "is equal to it in everything"
	}
	finding.Message = funding.Text{ZH: fmt.Sprintf("同一机构的 %s %s：没有人会选 %s", d.strong.ID, zh, d.weak.ID), EN: fmt.Sprintf("%s of the same institution %s: nobody would choose %s", d.strong.ID, en, d.weak.ID)}
	finding.Shows = strings.TrimSpace(finding.Shows)
	return finding
}
