// Package sample makes programs of the financing plan's shape from a seed: draws over quarters, balances, cash, debt
// service cover, product limits, a capital ratio, and yes/no decisions about lenders. Tests and benchmarks of the
// solver use them; nothing else does. Amounts are 万元, and the same Shape always gives the same model.
package sample

import (
	"fmt"
	"math"
	"math/rand/v2"

	"zutuan/internal/lp"
)

// Form is one of the two ways to write a plan as a program.
type Form string

const (
	// Fixed substitutes each product's repayment profile into the debt service: few columns, dense rows.
	Fixed Form = "fixed"
	// Sculpt has balance and repayment of each product and quarter as columns: more columns, sparse rows.
	Sculpt Form = "sculpt"
)

// Shape determines a model.
type Shape struct {
	Form Form
	Seed uint64
	// Products, DrawQuarters (in which money is drawn) and Quarters (of the whole plan) give the size.
	Products, DrawQuarters, Quarters int
	// Decisions adds a yes/no decision, a fixed fee and a minimum for each product, one for each pair of products that
	// come from the same lender, and a limit on the number of products.
	Decisions bool
	// FeeTimes multiplies the fixed fees; the larger, the harder the choice. 0 means 1.
	FeeTimes float64
	// Capital is the capital ratio asked for; 0 means 20 %. Above 1 nothing satisfies it.
	Capital float64
}

// Name tells shapes apart in test output.
func (s Shape) Name() string {
	kind := "lp"
	if s.Decisions {
		kind = "mip"
	}
	return fmt.Sprintf("%s-%s-%dx%dx%d-seed%d-fee%g-capital%g", s.Form, kind, s.Products, s.DrawQuarters, s.Quarters, s.Seed, s.FeeTimes, s.Capital)
}

// The shapes of the largest plans, for benchmarks.
func FMIP() Shape {
	return Shape{Form: Fixed, Seed: 1, Products: 20, DrawQuarters: 20, Quarters: 120, Decisions: true}
}

// GMIP is the sparse counterpart of FMIP over 40 quarters.
func GMIP() Shape {
	return Shape{Form: Sculpt, Seed: 1, Products: 20, DrawQuarters: 20, Quarters: 40, Decisions: true}
}

// product is one offer.
type product struct {
	limit, minimum, quarterlyRate, feeShare, fixedFee float64
	graceQuarters, tenorQuarters                      int
	policyBank                                        bool
}

// plan collects the parts of a model while it is being built.
type plan struct {
	Shape
	random   *rand.Rand
	model    *lp.Model
	products []product
	need     []float64 // investment of each quarter
	cfads    []float64 // cash available for debt service in each quarter
	discount []float64
	draw     [][]lp.ColumnID // [product][quarter]
	equity   []lp.ColumnID
	service  []lp.Expression // interest and principal of each quarter
}

// Model builds the model.
func (s Shape) Model() *lp.Model {
	if s.FeeTimes == 0 {
		s.FeeTimes = 1
	}
	if s.Capital == 0 {
		s.Capital = 0.2
	}
	p := &plan{Shape: s, random: rand.New(rand.NewPCG(s.Seed, 0x7a7574)), model: lp.NewModel(s.Name())}
	p.drawNumbers()
	p.addDraws()
	if s.Form == Sculpt {
		p.addBalances()
	} else {
		p.addProfiles()
	}
	p.addCash()
	p.addCover()
	p.addShares()
	if s.Decisions {
		p.addDecisions()
	} else {
		p.addLimits()
	}
	return p.model
}

// between draws a number with two decimals, as rates and amounts in files have.
func (p *plan) between(low, high float64) float64 {
	return math.Round((low+(high-low)*p.random.Float64())*100) / 100
}

func (p *plan) drawNumbers() {
	total := 0.0
	for q := range p.Quarters {
		need := 0.0
		if q < p.DrawQuarters {
			need = p.between(2000, 9000)
		}
		p.need = append(p.need, need)
		total += need
		p.discount = append(p.discount, math.Pow(1.045, -float64(q)/4))
	}
	operating := float64(p.Quarters - p.DrawQuarters)
	for q := range p.Quarters {
		income := p.between(0, 0.1) * total / operating
		if q >= p.DrawQuarters {
			ramp := min(1, 0.3+float64(q-p.DrawQuarters)/8)
			income = ramp * p.between(1.9, 2.4) * total / operating
		}
		p.cfads = append(p.cfads, math.Round(income*100)/100)
	}
	for range p.Products {
		limit := p.between(0.08, 0.3) * total
		p.products = append(p.products, product{
			limit: math.Round(limit), minimum: math.Round(limit * p.between(0.15, 0.4)),
			quarterlyRate: p.between(2.4, 5.8) / 400, feeShare: p.between(0, 0.6) / 100,
			fixedFee:      math.Round(total*p.between(0.05, 0.3)/100) * p.FeeTimes,
			graceQuarters: p.DrawQuarters - p.random.IntN(p.DrawQuarters/4+1),
			tenorQuarters: p.Quarters - p.random.IntN(3*(p.Quarters-p.DrawQuarters)/4),
			policyBank:    p.random.IntN(2) == 0,
		})
	}
}

func (p *plan) addDraws() {
	for k, offer := range p.products {
		var draws []lp.ColumnID
		for q := range p.DrawQuarters {
			fee := offer.feeShare * p.discount[q]
			draws = append(draws, p.model.AddColumn(fmt.Sprintf("draw[%d,%d]", k, q), 0, offer.limit, fee))
		}
		p.draw = append(p.draw, draws)
	}
	for q := range p.DrawQuarters {
		// Capital is dearer than any loan, so that the plan borrows as much as it may.
		cost := 0.5 * p.discount[q]
		p.equity = append(p.equity, p.model.AddColumn(fmt.Sprintf("equity[%d]", q), 0, lp.Inf(), cost))
	}
	p.service = make([]lp.Expression, p.Quarters)
}

// addBalances lets each product repay whatever is best between its grace and its tenor.
func (p *plan) addBalances() {
	for k, offer := range p.products {
		var before lp.Expression
		for q := range p.Quarters {
			most, repayMost := lp.Inf(), lp.Inf()
			if q < offer.graceQuarters {
				repayMost = 0
			}
			if q >= offer.tenorQuarters-1 {
				most = 0
			}
			balance := p.model.AddColumn(fmt.Sprintf("balance[%d,%d]", k, q), 0, most, 0)
			repay := p.model.AddColumn(fmt.Sprintf("repay[%d,%d]", k, q), 0, repayMost, 0)
			interest := scaled(before, offer.quarterlyRate)
			change := lp.Of(lp.Term{Column: balance, Coefficient: 1}, lp.Term{Column: repay, Coefficient: 1})
			change.AddScaled(before, -1)
			if q < p.DrawQuarters {
				change.Add(p.draw[k][q], -1)
				interest.Add(p.draw[k][q], offer.quarterlyRate/2)
			}
			p.model.AddEqual(fmt.Sprintf("balance[%d,%d]", k, q), change, 0)
			p.model.AddCost(interest, p.discount[q])
			p.service[q].AddScaled(interest, 1)
			p.service[q].Add(repay, 1)
			before = lp.Sum(balance)
		}
	}
}

// addProfiles repays every draw in equal parts from grace to tenor, with interest on what is left.
func (p *plan) addProfiles() {
	sums := make([]lp.Expression, p.Quarters)
	for k, offer := range p.products {
		parts := float64(offer.tenorQuarters - offer.graceQuarters)
		for drawn := range p.DrawQuarters {
			column, left := p.draw[k][drawn], 1.0
			for q := drawn; q < offer.tenorQuarters; q++ {
				interest := left * offer.quarterlyRate
				if q == drawn {
					interest /= 2
				}
				due := interest
				if q >= offer.graceQuarters {
					due += 1 / parts
					left -= 1 / parts
				}
				sums[q].Add(column, due)
				p.model.AddCost(lp.Of(lp.Term{Column: column, Coefficient: interest}), p.discount[q])
			}
		}
	}
	for q := range p.Quarters {
		service := p.model.AddColumn(fmt.Sprintf("service[%d]", q), 0, lp.Inf(), 0)
		sums[q].Add(service, -1)
		p.model.AddEqual(fmt.Sprintf("service[%d]", q), sums[q], 0)
		p.service[q].Add(service, 1)
	}
}

func (p *plan) addCash() {
	var before lp.Expression
	const minimumCash = 300
	for q := range p.Quarters {
		cash := p.model.AddColumn(fmt.Sprintf("cash[%d]", q), minimumCash, lp.Inf(), 0)
		flow := lp.Sum(cash)
		flow.AddScaled(before, -1)
		flow.AddScaled(p.service[q], 1)
		if q < p.DrawQuarters {
			flow.Add(p.equity[q], -1)
			for k := range p.products {
				flow.Add(p.draw[k][q], -1)
			}
		}
		p.model.AddEqual(fmt.Sprintf("cash[%d]", q), flow, math.Round((p.cfads[q]-p.need[q])*100)/100)
		before = lp.Sum(cash)
	}
}

// addCover asks for a debt service cover of 1.2 in every quarter of operation.
func (p *plan) addCover() {
	for q := p.DrawQuarters; q < p.Quarters; q++ {
		p.model.AddAtMost(fmt.Sprintf("dscr[%d]", q), scaled(p.service[q], 1.2), p.cfads[q])
	}
}

// addShares asks for the capital ratio, at the end and after every year on the way, and for two fifths of the debt from
// policy banks.
func (p *plan) addShares() {
	var ahead, policy lp.Expression
	for q := range p.DrawQuarters {
		ahead.Add(p.equity[q], 1-p.Capital)
		for k, offer := range p.products {
			ahead.Add(p.draw[k][q], -p.Capital)
			share := -0.4
			if offer.policyBank {
				share = 0.6
			}
			policy.Add(p.draw[k][q], share)
		}
		if q%4 == 3 || q == p.DrawQuarters-1 {
			p.model.AddAtLeast(fmt.Sprintf("capital[%d]", q), ahead, 0)
		}
	}
	p.model.AddAtLeast("policy", policy, 0)
}

func (p *plan) addLimits() {
	for k, offer := range p.products {
		p.model.AddAtMost(fmt.Sprintf("limit[%d]", k), lp.Sum(p.draw[k]...), offer.limit)
	}
}

func (p *plan) addDecisions() {
	var used lp.Expression
	var lender lp.ColumnID
	for k, offer := range p.products {
		if k%2 == 0 {
			lender = p.model.AddBinary(fmt.Sprintf("lender[%d]", k/2), offer.fixedFee/2)
		}
		use := p.model.AddBinary(fmt.Sprintf("use[%d]", k), offer.fixedFee)
		p.model.AddSwitched(fmt.Sprintf("limit[%d]", k), lp.Sum(p.draw[k]...), use, offer.minimum, offer.limit)
		p.model.AddAtMost(fmt.Sprintf("lender[%d]", k), lp.Of(
			lp.Term{Column: use, Coefficient: 1}, lp.Term{Column: lender, Coefficient: -1}), 0)
		used.Add(use, 1)
	}
	p.model.AddAtMost("products", used, math.Ceil(float64(p.Products)*0.6))
}

func scaled(expression lp.Expression, factor float64) lp.Expression {
	var result lp.Expression
	result.AddScaled(expression, factor)
	return result
}
