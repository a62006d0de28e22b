package rulecheck

import (
	"slices"
	"strings"

	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// Falls reports whether a case falls where the finding is: whether what the finding names comes out at these facts as it
// does at the witness. Of a rule that is always or never true that is its result; of a contradiction one of the two musts
// passes and the other does not, either way round; of a should its result and that the musts behind it pass; of a gap that
// the term leaves no room; of a dominated product that its musts pass, so that the better one's do too, and that every
// formula of the better one compares as was proven. What cannot be decided at these facts does not fall there. A finding
// that OnOffer says so of is asked with the facts of what its product offers to the case (match.Match.Offered).
//
// A finding that was read from a file has lost its conditions, and nothing falls there.
func (f *Finding) Falls(facts *ruleexpr.Facts) bool {
	return slices.ContainsFunc(f.where, func(conditions []wanted) bool {
		return !slices.ContainsFunc(conditions, func(c wanted) bool {
			truth := c.part.Truth(facts)
			return truth == ruleexpr.Undecided || (truth == ruleexpr.True) != c.want
		})
	})
}

// OnOffer reports whether a finding looks at facts of the product's offer.
func (f *Finding) OnOffer() bool {
	found := false
	for _, conditions := range f.where {
		for _, condition := range conditions {
			condition.part.Walk(func(p ruleexpr.Part) {
				found = found || p.Kind() == ruleexpr.PartFact && strings.HasPrefix(p.Fact().Name, "offer.")
			})
		}
	}
	return found
}

// at keeps where a finding is: at facts at which all of these are so.
func (f *Finding) at(conditions ...wanted) {
	if len(conditions) > 0 {
		f.where = append(f.where, slices.Clone(conditions))
	}
}

// Dominated looks for products among some, each in one version, that make a product needless or that it makes needless. The
// product may be a draft that is not among them; what it would take the place of must not be either.
func Dominated(library *rulepack.Library, products []*rulepack.Product, product *rulepack.Product, reference *ruleexpr.Facts) []Finding {
	var own []*rulepack.Product
	for _, other := range products {
		if other.Institution == product.Institution && other.ID != product.ID {
			own = append(own, other)
		}
	}
	found := dominated(library, append(own, product), reference)
	return slices.DeleteFunc(found, func(f Finding) bool { return f.Pack != product.ID && f.Other != product.ID })
}
