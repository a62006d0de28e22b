package impact

import (
	"cmp"
	"slices"
	"strings"

	"zutuan/internal/funding"
	"zutuan/internal/match"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// Asked is one requirement with what every product said to it. The match may leave remedies out (match.Options.RanksOnly).
type Asked struct {
	ID     string
	Region string
	// Quarter is the one in which the requirement was handed in, as it is shown: 2026Q2.
	Quarter   string
	Requested money.Amount
	Match     *match.Match
}

// Demand adds up unmet demand: the money that one rule alone keeps from a product. A rule alone excludes a requirement where
// no must of the product fails without it, which is found by asking the product again without the rule. Requirements are
// added one at a time, so that no more than one match is in memory. It is not safe for concurrent use.
type Demand struct {
	vocabulary *ruleexpr.Vocabulary
	without    map[withoutKey]*match.Catalogue
	sums       map[demandKey]*DemandSum
	asked      int
	unserved   int
	unservedBy money.Amount
	total      money.Amount
}

type withoutKey struct {
	product *rulepack.Product
	rule    int
}

type demandKey struct {
	product, rule   string
	builtIn         bool
	region, quarter string
}

// NewDemand starts a sum. All matches must be of one vocabulary.
func NewDemand(vocabulary *ruleexpr.Vocabulary) *Demand {
	return &Demand{vocabulary: vocabulary, without: map[withoutKey]*match.Catalogue{}, sums: map[demandKey]*DemandSum{}}
}

// DemandSum is what one rule of one product alone keeps out, in one region and quarter.
type DemandSum struct {
	Product string `json:"product"`
	Rule    string `json:"rule"`
	// BuiltIn: the must is not the product's own but that there is an offer at all (tenor, size, schedule).
	BuiltIn bool         `json:"built_in,omitempty"`
	Message funding.Text `json:"message"`
	Region  string       `json:"region"`
	Quarter string       `json:"quarter"`
	// Requirements are those that the rule alone excludes, Requested the money that they ask for.
	Requirements int          `json:"requirements"`
	Requested    money.Amount `json:"requested"`
	// Unserved are those of them that no product at all serves, with their money.
	Unserved          int          `json:"unserved"`
	UnservedRequested money.Amount `json:"unserved_requested"`
}

// Add counts one requirement.
func (d *Demand) Add(asked Asked) {
	served := len(asked.Match.Ranked) > 0
	d.asked++
	d.total += asked.Requested
	if !served {
		d.unserved++
		d.unservedBy += asked.Requested
	}
	for i := range asked.Match.Outcomes {
		key, message, alone := d.soleRule(asked.Match.Need, &asked.Match.Outcomes[i])
		if !alone {
			continue
		}
		key.region, key.quarter = asked.Region, asked.Quarter
		sum := d.sums[key]
		if sum == nil {
			sum = &DemandSum{Product: key.product, Rule: key.rule, BuiltIn: key.builtIn, Message: message, Region: key.region, Quarter: key.quarter}
			d.sums[key] = sum
		}
		sum.Requirements++
		sum.Requested += asked.Requested
		if !served {
			sum.Unserved++
			sum.UnservedRequested += asked.Requested
		}
	}
}

// soleRule returns the must that alone excludes a requirement from a product; false where none does. A must that is built in
// stands alone where the product's own musts were all passed that were asked.
func (d *Demand) soleRule(need *match.Need, outcome *match.Outcome) (demandKey, funding.Text, bool) {
	failed := -1
	for k, result := range outcome.Results {
		if result != match.ResultFailed || outcome.Product.Rules[k].Level != "must" {
			continue
		}
		if failed >= 0 {
			return demandKey{}, funding.Text{}, false
		}
		failed = k
	}
	switch {
	case failed < 0 && outcome.BuiltIn != nil:
		return demandKey{product: outcome.Product.ID, rule: outcome.BuiltIn.ID, builtIn: true}, builtInName(outcome.BuiltIn.ID), true
	case failed < 0 || outcome.BuiltIn != nil || !d.passesWithout(need, outcome.Product, failed):
		return demandKey{}, funding.Text{}, false
	}
	rule := &outcome.Product.Rules[failed]
	return demandKey{product: outcome.Product.ID, rule: rule.ID}, rule.Message, true
}

// builtInName names a must that is built in, whatever the figures of one case.
func builtInName(id string) funding.Text {
	return map[string]funding.Text{match.BuiltInTenor: {ZH: "可用期限短于产品最短期限", EN: "the tenor possible is below the product's shortest"},
		match.BuiltInSize:     {ZH: "可提供额度小于产品最小额度", EN: "the size possible is below the product's smallest"},
		match.BuiltInSchedule: {ZH: "排不出还款计划", EN: "no schedule exists"}}[id]
}

// passesWithout asks a product again without one of its rules. A must on the offer was asked together with all others, and
// only one before the offer can have hidden another.
func (d *Demand) passesWithout(need *match.Need, product *rulepack.Product, rule int) bool {
	if product.Rules[rule].OnOffer {
		return true
	}
	key := withoutKey{product, rule}
	catalogue := d.without[key]
	if catalogue == nil {
		rest := *product
		rest.Rules = slices.Delete(slices.Clone(product.Rules), rule, rule+1)
		catalogue = match.NewCatalogue(d.vocabulary, []*rulepack.Product{&rest})
		d.without[key] = catalogue
	}
	verdict := catalogue.Match(need, match.Options{Workers: 1, RanksOnly: true}).Outcomes[0].Verdict
	return verdict != funding.VerdictIneligible
}

// Unmet is the sum of a Demand.
type Unmet struct {
	Asked             int          `json:"asked"`
	Requested         money.Amount `json:"requested"`
	Unserved          int          `json:"unserved"`
	UnservedRequested money.Amount `json:"unserved_requested"`
	// Rules are the sums by rule over all regions and quarters, most money first; a requirement counts once for each product
	// that one rule keeps from it.
	Rules []DemandSum `json:"rules"`
	// Detail are the sums by rule, region and quarter, ordered by region, quarter and then as Rules.
	Detail []DemandSum `json:"detail"`
}

// Unmet returns the sums. Region and quarter of an entry of Rules are empty.
func (d *Demand) Unmet() Unmet {
	out := Unmet{Asked: d.asked, Requested: d.total, Unserved: d.unserved, UnservedRequested: d.unservedBy, Rules: []DemandSum{}, Detail: []DemandSum{}}
	byRule := map[demandKey]*DemandSum{}
	for key, sum := range d.sums {
		out.Detail = append(out.Detail, *sum)
		key.region, key.quarter = "", ""
		total := byRule[key]
		if total == nil {
			total = &DemandSum{Product: sum.Product, Rule: sum.Rule, BuiltIn: sum.BuiltIn, Message: sum.Message}
			byRule[key] = total
		}
		total.Requirements += sum.Requirements
		total.Requested += sum.Requested
		total.Unserved += sum.Unserved
		total.UnservedRequested += sum.UnservedRequested
	}
	for _, total := range byRule {
		out.Rules = append(out.Rules, *total)
	}
	slices.SortFunc(out.Rules, byMoney)
	slices.SortFunc(out.Detail, func(a, b DemandSum) int {
		return cmp.Or(strings.Compare(a.Region, b.Region), strings.Compare(a.Quarter, b.Quarter), byMoney(a, b))
	})
	return out
}

// byMoney orders sums by the money that nobody else serves, then by all of it, then by name.
func byMoney(a, b DemandSum) int {
	return cmp.Or(-cmp.Compare(a.UnservedRequested, b.UnservedRequested), -cmp.Compare(a.Requested, b.Requested),
		strings.Compare(a.Product, b.Product), strings.Compare(a.Rule, b.Rule), -cmp.Compare(b2i(a.BuiltIn), b2i(b.BuiltIn)))
}

func b2i(value bool) int {
	if value {
		return 1
	}
	return 0
}
