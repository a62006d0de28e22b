package rulecheck

import (
	"slices"
	"strings"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// The kinds of what rests on a document.
const (
	DependentProductRule = "product_rule"
	DependentRiskRule    = "risk_rule"
	DependentParameter   = "parameter"
	DependentMembership  = "membership"
)

// Dependent is a rule or a parameter that cites a document, or that goes by a parameter that does.
type Dependent struct {
	Kind string `json:"kind"`
	// Pack is the product or risk pack of a rule, empty for a parameter; ID is the rule's or the parameter's.
	Pack string       `json:"pack,omitempty"`
	ID   string       `json:"id"`
	Name funding.Text `json:"name"`
	// Basis is the citation as written, with its clause; empty where Via says through which parameter the document counts.
	Basis string `json:"basis,omitempty"`
	Via   string `json:"via,omitempty"`
	// Value is a parameter's value that rests on the document, with the days of its validity.
	Value string `json:"value,omitempty"`
	From  string `json:"from,omitempty"`
	To    string `json:"to,omitempty"`
	File  string `json:"file,omitempty"`
	Line  int    `json:"line,omitempty"`
}

// DocumentUse is a document of the register with everything that rests on it.
type DocumentUse struct {
	Document   funding.Document `json:"document"`
	Dependents []Dependent      `json:"dependents"`
}

// UsesOf returns what rests on one document: parameters, then rules of products and risk packs, each where it cites the
// document itself, then those that go by one of the parameters. false where the register has no such document; nearest
// then names those that may have been meant.
func UsesOf(library *rulepack.Library, id string) (use DocumentUse, nearest []string, found bool) {
	entry, found := library.Documents.Find(id)
	if !found {
		var ids []string
		for _, known := range library.Documents.All() {
			ids = append(ids, known.ID)
		}
		return DocumentUse{}, document.Nearest(rulepack.BasisDocument(id), ids), false
	}
	return usesOf(library, entry, false), nil, true
}

func usesOf(library *rulepack.Library, entry funding.Document, present bool) DocumentUse {
	u := &uses{library: library, document: entry.ID, present: present}
	u.parameters()
	u.products()
	u.riskPacks()
	u.memberships()
	return DocumentUse{entry, append(u.direct, u.through...)}
}

// RepealedUses returns every repealed document on which something still rests. A parameter's value that has ended rests on
// what was in force in its time, and is no matter.
func RepealedUses(library *rulepack.Library) []DocumentUse {
	var out []DocumentUse
	for _, entry := range library.Documents.All() {
		if entry.Status != "repealed" {
			continue
		}
		if use := usesOf(library, entry, true); len(use.Dependents) > 0 {
			out = append(out, use)
		}
	}
	return out
}

// uses collects what rests on one document.
type uses struct {
	library  *rulepack.Library
	document string
	// present leaves out what has ended.
	present bool
	// resting are the names of the parameters that rest on the document.
	resting         []string
	direct, through []Dependent
}

func (u *uses) cites(basis []string) (string, bool) {
	for _, whole := range basis {
		for _, part := range rulepack.SplitBasis(whole) {
			if rulepack.BasisDocument(part) == u.document {
				return part, true
			}
		}
	}
	return "", false
}

func (u *uses) parameters() {
	for _, parameter := range u.library.Parameters.All() {
		for _, value := range parameter.Values {
			basis, cites := u.cites(value.Basis)
			if !cites || u.present && !value.To.IsZero() {
				continue
			}
			u.direct = append(u.direct, Dependent{Kind: DependentParameter, ID: parameter.ID, Name: parameter.Name, Basis: basis, Value: value.Value, From: dateText(value.From), To: dateText(value.To)})
			if name := rulepack.ParameterPrefix + parameter.ID; !slices.Contains(u.resting, name) {
				u.resting = append(u.resting, name)
			}
		}
	}
}

// add keeps a rule that cites the document, or that uses a parameter resting on it.
func (u *uses) add(dependent Dependent, basis []string, names []string) {
	if text, cites := u.cites(basis); cites {
		dependent.Basis = text
		u.direct = append(u.direct, dependent)
		return
	}
	var via []string
	for _, name := range names {
		if slices.Contains(u.resting, name) && !slices.Contains(via, name) {
			via = append(via, name)
		}
	}
	if len(via) > 0 {
		dependent.Via = strings.Join(via, ", ")
		u.through = append(u.through, dependent)
	}
}

func (u *uses) products() {
	for _, product := range u.library.Products {
		for i := range product.Rules {
			rule := &product.Rules[i]
			u.add(Dependent{Kind: DependentProductRule, Pack: product.ID, ID: rule.ID, Name: rule.Message, File: product.File, Line: rule.When.Line}, []string{rule.Basis}, rule.Rule.Facts())
		}
		for _, term := range termsOf(product) {
			if term.formula != nil {
				u.add(Dependent{Kind: DependentProductRule, Pack: product.ID, ID: term.name, Name: Aloud(term.formula.Tree()), File: product.File}, nil, term.formula.Facts())
			}
		}
	}
}

func (u *uses) riskPacks() {
	for _, pack := range u.library.RiskPacks {
		for i := range pack.Rules {
			rule := &pack.Rules[i]
			var names []string
			add := func(condition *ruleexpr.Rule) {
				if condition != nil {
					names = append(names, condition.Facts()...)
				}
			}
			add(rule.AppliesWhen)
			for k := range rule.Levels {
				add(rule.Levels[k].Rule)
			}
			u.add(Dependent{Kind: DependentRiskRule, Pack: pack.ID, ID: rule.ID, Name: rule.Name, File: pack.File, Line: rule.RiskRule.Levels[0].Condition.Line}, rule.Basis, names)
		}
	}
}

func (u *uses) memberships() {
	for _, member := range u.library.Memberships {
		if basis, cites := u.cites([]string{member.Basis}); cites && !(u.present && !member.To.IsZero()) {
			u.direct = append(u.direct, Dependent{Kind: DependentMembership, Pack: member.List, ID: member.Member, Name: plain(member.Name), Basis: basis, From: dateText(member.From), To: dateText(member.To)})
		}
	}
}
