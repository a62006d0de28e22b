package planner

import (
	"context"
	"fmt"
	"sort"

	"zutuan/internal/funding"
	"zutuan/internal/lp"
	"zutuan/internal/money"
)

// Price is a limit that binds and what moving it a little would save, lenders, tenors and quarters of signing staying as
// they are (a shadow price).
type Price struct {
	Kind string
	// Subject is the id of the source, institution or class of debt; empty where the limit is about the whole plan.
	Subject string
	// Saving is by how much the present value of cost falls, in yuan, for Step of the limit's Unit.
	Saving money.Amount
	Step   money.Decimal
	Unit   string
	Text   funding.Text
}

// priceStep is the step in which amounts are moved: 1,000 万元.
const priceStep = 1000

// leastSaving hides prices below one yuan for a step: they are what the margins for rounding cost.
const leastSaving = money.Yuan

// moves are what one step of each kind of limit is.
var (
	amountStep = whole(priceStep * 10_000)
	pointStep  = decimalOf(0.01, 2)
	yearStep   = whole(1)
)

// prices reads the shadow prices of the program with its decisions held, adds up those of the same limit, and says them.
func (s *search) prices(ctx context.Context, a *answered) ([]Price, error) {
	shadow, err := lp.Shadow(ctx, s.in.Solver, a.model, a.solution, lp.Options{})
	if err != nil {
		return nil, err
	}
	savings := map[Price]float64{}
	for i := range a.program.marks {
		m := &a.program.marks[i]
		if m.kind == markSize && !a.solution.IsOne(m.use) {
			continue // what an offer that is not taken could still lend has no price
		}
		key, saving := a.program.price(m, shadow)
		if saving != 0 {
			savings[key] += saving
		}
	}
	var list []Price
	for key, saving := range savings {
		if key.Saving = fen(saving); key.Saving >= leastSaving {
			key.Step = stepOf(key.Unit)
			key.Text = s.priceText(&key)
			list = append(list, key)
		}
	}
	sort.Slice(list, func(i, j int) bool {
		x, y := &list[i], &list[j]
		if x.Saving != y.Saving {
			return x.Saving > y.Saving
		}
		return x.Kind+x.Subject < y.Kind+y.Subject
	})
	return list, nil
}

func stepOf(unit string) money.Decimal {
	switch unit {
	case unitYuan:
		return amountStep
	case unitYears:
		return yearStep
	}
	return pointStep
}

// price returns the limit a mark belongs to and what one step of it saves according to the mark's shadow price: the
// objective rises by the price for each unit by which the binding bound of the row rises.
func (p *program) price(m *mark, shadow *lp.Solution) (Price, float64) {
	key := Price{Kind: string(m.kind), Subject: m.id, Unit: unitYuan}
	if m.kind == markCash {
		return key, shadow.ReducedCosts[m.column] * priceStep
	}
	dual, step := shadow.RowDuals[m.row], 0.01
	switch m.kind {
	case markSize, markHeadroom, markLender:
		return key, -dual * priceStep
	case markProRata:
		capital := wan(p.statement.Summary.CapitalTotal)
		if capital == 0 {
			return key, 0
		}
		return key, -dual * p.countedDebt(shadow) / capital * priceStep
	}
	key.Unit = unitRatio
	switch m.kind {
	case markCapital:
		return key, dual * step * wan(p.statement.Summary.TotalInvestment)
	case markQuasi:
		capital, _ := p.capitalDraws()
		return key, -dual * step * (capital.Value(shadow.Values) + wan(p.statement.Summary.CapitalTotal))
	case markDSCR:
		return key, dual * step * p.yearService(m.quarter, shadow)
	case markShare:
		return key, -dual * step * p.committedDebt(shadow)
	}
	key.Unit = unitYears
	_, principal := p.principalLife()
	return key, -dual * 4 * principal.Value(shadow.Values)
}

// yearService is all service of the loan year that begins in a quarter.
func (p *program) yearService(from int, solution *lp.Solution) float64 {
	sum := 0.0
	for q := from; q < min(from+4, p.quarters); q++ {
		sum += solution.Value(p.serviceColumns[q]) + p.existing[q]
	}
	return sum
}

func (p *program) countedDebt(solution *lp.Solution) float64 {
	sum := 0.0
	for _, o := range p.options {
		if o.source.Line.IsDebt() {
			sum += o.drawn(solution)
		}
	}
	return sum
}

func (p *program) committedDebt(solution *lp.Solution) float64 {
	sum := 0.0
	for _, o := range p.options {
		if o.source.Line.IsDebt() {
			sum += solution.Value(o.columns.commitment)
		}
	}
	return sum
}

// priceText says a price: "每多 1,000 万元…，融资成本现值下降 … 元".
func (s *search) priceText(price *Price) funding.Text {
	name := s.nameOf(price.Subject)
	zh, en := "", ""
	switch markKind(price.Kind) {
	case markSize:
		zh, en = "每多 1,000 万元"+name.ZH+"额度", "each further CNY 10 million of "+name.EN
	case markHeadroom:
		zh, en = "每多 1,000 万元"+classNames[price.Subject].ZH+"限额空间", "each further CNY 10 million of headroom for "+classNames[price.Subject].EN
	case markLender:
		zh, en = "机构 "+price.Subject+" 对同一借款人的限额每多 1,000 万元", "each further CNY 10 million that "+price.Subject+" may lend to one borrower"
	case markCash:
		zh, en = "最低现金每降低 1,000 万元", "each CNY 10 million less of minimum cash"
	case markProRata:
		zh, en = "资本金每提前到位 1,000 万元", "each CNY 10 million of capital paid in earlier"
	case markCapital:
		zh, en = "最低资本金比例每降低 1 个百分点", "each percentage point less of minimum capital"
	case markQuasi:
		zh, en = "权益型工具占资本金上限每提高 1 个百分点", "each further percentage point of equity-type instruments in capital"
	case markDSCR:
		zh, en = "最低偿债备付率每降低 0.01", "each 0.01 less of minimum DSCR"
	case markShare:
		zh, en = "单一机构占比上限每提高 1 个百分点", "each further percentage point of the share of one institution"
	case markLife:
		zh, en = "期限匹配每放宽 1 年", "each year by which the tenor match is relaxed"
	}
	return funding.Text{ZH: fmt.Sprintf("%s，融资成本现值下降 %s（机构、期限与签约季度不变时）", zh, price.Saving.Show(money.Chinese)),
		EN: fmt.Sprintf("%s lowers the present value of cost by CNY %s (lenders, tenors and signing as they are)", en, price.Saving)}
}

var classNames = map[string]funding.Text{
	"general": {ZH: "一般债务", EN: "general debt"},
	"special": {ZH: "专项债务", EN: "special debt"},
}

// nameOf is the name of a source, its id where it has none.
func (s *search) nameOf(id string) funding.Text {
	for i := range s.in.Sources {
		if line := &s.in.Sources[i].Line; line.ID == id && line.Name.ZH != "" {
			return funding.Text{ZH: line.Name.ZH, EN: line.Name.In(money.English)}
		}
	}
	return funding.Text{ZH: id, EN: id}
}
