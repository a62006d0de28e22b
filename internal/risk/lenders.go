package risk

import (
	"sort"
	"strings"

	"zutuan/internal/facts"
	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
)

// bankTypes are the institutions that the limits on loans and exposures bind.
var bankTypes = map[string]bool{"policy_bank": true, "commercial_bank": true}

// lenderCase is one bank of the plan with what it lends.
type lenderCase struct {
	id   string
	name funding.Text
	// set writes lender.* with the plan or without it.
	set func(f *ruleexpr.Facts, withPlan bool)
}

// lenderCases returns one case for each bank that lends in the plan, in the order of their ids.
func lenderCases(in *Input) []lenderCase {
	lent := map[string]money.Amount{}
	names := map[string]funding.Text{}
	records := map[string]*Lender{}
	for i := range in.Lenders {
		records[in.Lenders[i].Institution.ID] = &in.Lenders[i]
	}
	for i := range in.Lines {
		line := &in.Lines[i]
		kind := line.InstitutionType
		if record := records[line.Institution]; record != nil {
			kind = record.Institution.Type
		}
		if line.IsLoan() && bankTypes[kind] {
			lent[line.Institution] += line.Commitment
			names[line.Institution] = line.InstitutionName
		}
	}
	ids := make([]string, 0, len(lent))
	for id := range lent {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	cases := make([]lenderCase, len(ids))
	for i, id := range ids {
		cases[i] = newLenderCase(in, id, names[id], records[id], lent[id])
	}
	return cases
}

func newLenderCase(in *Input, id string, name funding.Text, record *Lender, lent money.Amount) lenderCase {
	if record != nil {
		name = record.Institution.Name
	}
	owed := owedTo(in.Requirement, in.Debt, name)
	return lenderCase{id: id, name: name, set: func(f *ruleexpr.Facts, withPlan bool) {
		s := setter{f, f.Vocabulary()}
		added := lent
		if !withPlan {
			added = 0
		}
		s.amount("lender.exposure", owed+added)
		s.optional("lender.net_capital", capitalOf(record, func(r *Lender) *money.Amount { return r.Institution.NetCapital }), 0, unknownCapital(id, "net_capital"))
		s.optional("lender.tier1", capitalOf(record, func(r *Lender) *money.Amount { return r.Institution.Tier1 }), 0, unknownCapital(id, "tier1"))
		s.optional("lender.group_exposure", capitalOf(record, func(r *Lender) *money.Amount { return r.GroupExposure }), added, unknownCapital(id, "group_exposure"))
	}}
}

func capitalOf(record *Lender, field func(*Lender) *money.Amount) *money.Amount {
	if record == nil {
		return nil
	}
	return field(record)
}

func unknownCapital(id, key string) string {
	return "机构 " + id + " 未登记 " + key + " / the record of the institution " + id + " does not give " + key
}

func (s setter) optional(name string, value *money.Amount, added money.Amount, reason string) {
	if value == nil {
		s.missing(name, reason)
		return
	}
	s.amount(name, *value+added)
}

// owedTo adds up what the borrower itself owes a creditor that the ledger calls by the institution's name. The ledger may
// call it otherwise (a branch, "某国有商业银行"); such a debt cannot be counted here.
func owedTo(requirement *funding.Requirement, debt *facts.Debt, name funding.Text) money.Amount {
	if debt == nil {
		return 0
	}
	var total money.Amount
	for i := range debt.Ledger().Instruments {
		instrument := &debt.Ledger().Instruments[i]
		if (instrument.Creditor == name.ZH || name.EN != "" && instrument.Creditor == name.EN) && facts.Owes(&requirement.Borrower, instrument) {
			amount, _ := debt.InCNY(i, instrument.Outstanding)
			total += amount
		}
	}
	return total
}

// setNoLender leaves lender.* missing, for a plan without a bank loan.
func setNoLender(f *ruleexpr.Facts) {
	s := setter{f, f.Vocabulary()}
	for _, name := range ownFacts {
		if strings.HasPrefix(name, "lender.") {
			s.missing(name, noBankLoan)
		}
	}
}
