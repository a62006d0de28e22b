package match

import (
	"math/big"

	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// Most rules on an offer are a limit: one fact of the offer against a number that the offer does not move. Where it is known
// how that fact moves, a search for what would help need not feel its way: it starts where the limit should be reached, or
// is not made because nothing could help. What it finds is confirmed on both sides all the same.

// limit is such a rule.
type limit struct {
	subject ruleexpr.Slot
	// atLeast says that the subject has to reach the bound; else it must not exceed it.
	atLeast bool
	bound   ruleexpr.Part
	// boundFact is the fact that the bound is, where it is nothing else.
	boundFact ruleexpr.Slot
	bare      bool
}

// limitOf returns the limit that a rule is, nil where it is something else.
func limitOf(rule *ruleexpr.Rule, slots *offerSlots) *limit {
	tree := rule.Tree()
	if tree.Kind() != ruleexpr.PartCompare {
		return nil
	}
	sides, operator := tree.Parts(), tree.Operator()
	if operator != ">=" && operator != "<=" {
		return nil
	}
	left, right, atLeast := sides[0], sides[1], operator == ">="
	if !slots.isOffer(left) {
		left, right, atLeast = right, left, !atLeast
	}
	if !slots.isOffer(left) || slots.looksAtOffer(right) {
		return nil
	}
	out := &limit{subject: left.Slot(), atLeast: atLeast, bound: right}
	if right.Kind() == ruleexpr.PartFact {
		out.boundFact, out.bare = right.Slot(), true
	}
	return out
}

// isOffer reports whether a part is a single number of the offer.
func (s *offerSlots) isOffer(part ruleexpr.Part) bool {
	return part.Kind() == ruleexpr.PartFact && part.Type() == ruleexpr.TypeNumber && s.has(part.Slot())
}

func (s *offerSlots) looksAtOffer(part ruleexpr.Part) bool {
	found := false
	part.Walk(func(below ruleexpr.Part) {
		found = found || below.Kind() == ruleexpr.PartFact && s.has(below.Slot())
	})
	return found
}

// inMillionths evaluates the bound, rounded down; false where it is not known or leaves an int64.
func (l *limit) inMillionths(facts *ruleexpr.Facts) (int64, bool) {
	value, known := l.bound.Value(facts)
	if !known {
		return 0, false
	}
	scaled := new(big.Int).Mul(value.Num(), big.NewInt(1_000_000))
	scaled.Div(scaled, value.Denom())
	return scaled.Int64(), scaled.IsInt64()
}

// noTermHelps reports whether an offer of the product costs more than a limit on its cost whatever its size, tenor and
// grace. What a loan costs a year is at least its rate, compounded as often as interest falls due: a draw within a quarter
// bears simple interest for its part of it, which is more than the compounded interest, interest is paid or added every
// quarter – with an annuity every interval –, and fees come on top. Rounding to the fen is covered many times by a
// hundredth of a percent.
func (l *limit) noTermHelps(s *offerSlots, product *rulepack.Product, attempt *Offer, facts *ruleexpr.Facts) bool {
	const tolerance = 100 // millionths
	if l == nil || l.subject != s.allInCost || l.atLeast || !attempt.Scheduled || !attempt.Rate.Known || max(product.Terms.SizeMin, product.Terms.SizeStep) < money.Wan {
		return false
	}
	bound, known := l.inMillionths(facts)
	rate, short := money.PerTrillion(attempt.Rate.Value)
	if !known || !short {
		return false
	}
	interval := int64(1)
	if product.Terms.Profile == string(loan.ProfileAnnuity) {
		interval = int64(max(product.Terms.Interval, 1))
	}
	// (1 + rate·interval/4)^(4/interval) − 1 in trillionths, rounded down.
	const trillion = 1_000_000_000_000
	growth := trillion + money.Amount(rate*interval/4)
	least := money.Amount(trillion)
	for range 4 / interval {
		least = money.MulDiv(least, int64(growth), trillion) - 1
	}
	return int64(least-trillion)/1_000_000-tolerance > bound
}

// sizeGuess returns how many steps of a smaller size should bring the DSCR of the worst year up to a limit; false where
// that cannot be told. Debt service of a year is nearly a size times a constant, plus what existing debt takes, so one
// over the DSCR is a straight line over the size, and two of its points give the third. tried makes the offer with so many
// steps less and returns its DSCR.
func (l *limit) sizeGuess(s *offerSlots, lever lever, attempt *Offer, step money.Amount, facts *ruleexpr.Facts, tried func(int64) loan.Measure) (int64, bool) {
	if l == nil || l.subject != s.minDSCR || !l.atLeast || !attempt.MinDSCR.Known || lever.limit < 1 {
		return 0, false
	}
	wanted, known := l.inMillionths(facts)
	first := inMillionths(attempt.MinDSCR)
	const most = 1_000_000_000 // no ratio of a thousand is looked for, and products stay within an int64
	if !known || first <= 0 || wanted <= first || wanted > most {
		return 0, false
	}
	steps := int64((attempt.Size - money.MulDiv(attempt.Size, first, wanted) + step - 1) / step)
	steps = min(max(steps, 1), lever.limit)
	measured := tried(steps)
	if !measured.Known {
		return 0, false
	}
	second := inMillionths(measured)
	if second <= first || second > most {
		return steps, second > most
	}
	line := money.MulDiv(money.Amount(second), wanted-first, second-first)
	if int64(line)/1_000 > wanted || lever.limit > most {
		return steps, true
	}
	return int64(money.MulDiv(money.Amount(steps), int64(line), wanted)) + 1, true
}

// boundGuess returns how many steps should move a bare bound to what the subject is; the guess may be off by one.
func (l *limit) boundGuess(facts, asIs *ruleexpr.Facts) (int64, bool) {
	wanted, known := facts.Number(l.subject)
	present, given := asIs.Number(l.boundFact)
	step := facts.Vocabulary().Fact(l.boundFact).Step
	if !known || !given || !step.IsPositive() {
		return 0, false
	}
	return wanted.Sub(present).Abs().DivRound(step, 0).IntPart() + 1, true
}

func inMillionths(measure loan.Measure) int64 {
	return measure.Value.Shift(money.RatioDecimals).IntPart()
}
