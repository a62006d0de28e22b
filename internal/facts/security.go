package facts

import (
	"fmt"
	"strings"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
)

// securityFigures adds up what is offered as security, by class; the class "" is everything.
type securityFigures struct {
	value   map[string]money.Amount
	unknown map[string]string // class → reason, where an item of the class has no value
	types   []string
	peakGap money.Amount
}

// SetSecurity sets security.*. A file that offers no security offers security worth zero; an item without a value makes
// the sums that it belongs to unknown.
func (a *Assembler) SetSecurity(f *ruleexpr.Facts, offered []funding.Security, peakGap money.Amount) {
	apply(f, a.security, newSecurityFigures(offered, peakGap))
}

const (
	securityMortgage    = "mortgage"
	securityReceivables = "receivables"
	securityGuarantee   = "guarantee"
)

func newSecurityFigures(offered []funding.Security, peakGap money.Amount) *securityFigures {
	s := &securityFigures{value: map[string]money.Amount{}, unknown: map[string]string{}, types: []string{}, peakGap: peakGap}
	seen := map[string]bool{}
	for i, item := range offered {
		if !seen[item.Type] {
			seen[item.Type] = true
			s.types = append(s.types, item.Type)
		}
		for _, class := range []string{"", classOf(item.Type)} {
			if item.Value == nil {
				s.unknown[class] = inRequirement(fmt.Sprintf("security[%d].value", i))
			} else if class != "" || item.Value != nil {
				s.value[class] += *item.Value
			}
		}
	}
	return s
}

// classOf groups the kinds of security as the vocabulary does; kinds without a fact of their own share the class other.
func classOf(kind string) string {
	switch {
	case strings.HasSuffix(kind, "_mortgage"):
		return securityMortgage
	case kind == "receivables_pledge":
		return securityReceivables
	case kind == "guarantee":
		return securityGuarantee
	}
	return "other"
}

func (s *securityFigures) set(t target, class string) {
	if reason := s.unknown[class]; reason != "" {
		t.missing(reason)
		return
	}
	t.amount(s.value[class])
}

var securityFacts = []entry[*securityFigures]{
	{"security.value", func(t target, s *securityFigures) { s.set(t, "") }},
	{"security.cover", func(t target, s *securityFigures) {
		if reason := s.unknown[""]; reason != "" {
			t.missing(reason)
			return
		}
		t.ratio(s.value[""], s.peakGap, noGap)
	}},
	{"security.mortgage_value", func(t target, s *securityFigures) { s.set(t, securityMortgage) }},
	{"security.receivables_value", func(t target, s *securityFigures) { s.set(t, securityReceivables) }},
	{"security.guarantee_value", func(t target, s *securityFigures) { s.set(t, securityGuarantee) }},
	{"security.types", func(t target, s *securityFigures) { t.texts(s.types) }},
}
